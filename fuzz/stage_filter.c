/* stage_filter.c: see stage_filter.h. */
#include "fuzz/stage_filter.h"

#include "fuzz/app_bytes.h"
#include "sim/random.h"
#include <string.h>

enum { WINDOWS_FROM_PICK = 64, STRANGE_FROM_PICK = 192 };

void stage_filter_keep(struct stage_filter *own, const struct scenario *scenario)
{
    own->filter = scenario->config.filter;
    own->row_count = scenario->board.row_count;
    memcpy(own->rows, scenario->board.rows, sizeof own->rows);
    own->exposure_count = scenario->board.exposure_count;
    for (uint32_t i = 0; i < TAPE_APPS; i++)
        own->request_counts[i] = scenario->images[i].request_count;
}

/* --- spans worth answering ------------------------------------------------------------------- */

static struct span between(uint32_t first, uint32_t end)
{
    return (struct span){first, end - first};
}

/* From the lower one's first byte to the upper one's end. */
static struct span hull(struct span a, struct span b)
{
    struct span low = a.base < b.base ? a : b, high = a.base < b.base ? b : a;
    return between(low.base, high.base + high.size);
}

static uint32_t step_of(struct tape_value value)
{
    static const uint32_t units[4] = {0, 32, 0x100, 0x1000};
    return (uint32_t)value.offset * units[value.pick / WINDOWS_FROM_PICK];
}

static struct span beside(const struct scenario *s, uint8_t device, const struct tape_value by[2])
{
    struct span window = bytes_window(s, device);
    return between(window.base - step_of(by[0]), window.base + window.size + step_of(by[1]));
}

enum { BORDERS = 16 };

/* Where something begins or ends that must never be lent. */
static uint32_t border_of(const struct scenario *s, uint32_t low)
{
    const struct kernel_config *config = &s->config;
    const uint32_t borders[BORDERS] = {
        0,
        config->kernel_ram.base,
        config->kernel_ram.base + config->kernel_ram.size,
        config->process_ram.base,
        config->process_ram.base + config->process_ram.size,
        s->board.app_flash.base,
        s->board.app_flash.base + s->board.app_flash.size,
        s->images[0].flash.base,
        0x40000000, /* peripherals. ARMv7-M ARM, B3.1 */
        0xe0000000, /* the private peripheral bus */
        0xe000e010, /* SysTick, B3.2 */
        0xe000e100, /* NVIC_ISER0 */
        0xe000ed90, /* MPU_TYPE */
        0xe0100000,
        0x80000000,
        0xfffff000,
    };
    return borders[low % BORDERS];
}

static uint32_t base_of(const struct scenario *s, struct tape_value value)
{
    const struct kernel_config *config = &s->config;
    const uint32_t low = value.pick % 32, offset = (uint32_t)value.offset;
    switch (value.pick / 32) {
    case 0:
        return border_of(s, low) + offset * 32;
    case 1:
        return border_of(s, low) + offset;
    case 2:
        return config->process_ram.base + low * 1024 + offset * 32;
    case 3:
        return config->claims[low % KERNEL_CLAIM_MAX].base + offset * 32;
    case 4:
        return config->forbidden[low % KERNEL_CLAIM_MAX].base + offset * 32;
    case 5:
        return (uint32_t)random_mix((uint64_t)low << 8 | (uint8_t)offset);
    default:
        return bytes_window(s, (uint8_t)offset).base + low % 8 * 32;
    }
}

static uint32_t size_of(uint32_t base, struct tape_value value)
{
    static const uint32_t sizes[8] = {0,          0x20,       0x1000,     0x80000,
                                      0x20000000, 0x80000000, 0xffffffe0, UINT32_MAX};
    const uint32_t low = value.pick % 32, offset = (uint32_t)value.offset;
    switch (value.pick / 32) {
    case 0:
        return sizes[low % 8];
    case 1:
        return (low + 1) * 32;
    case 2:
        return (UINT32_C(1) << low) + offset;
    case 3:
        return (uint8_t)offset;
    case 4: /* to the end of memory, or about there */
        return 0u - base + offset * 32;
    case 5:
        return 0x80000 + offset * 0x1000;
    case 6:
        return (uint32_t)random_mix((uint64_t)low << 8 | (uint8_t)offset);
    default:
        return (low + 1) * 0x1000;
    }
}

static struct span any_span(const struct scenario *s, const struct tape_value values[2])
{
    uint32_t base = base_of(s, values[0]);
    return (struct span){base, size_of(base, values[1])};
}

/* --- rows ------------------------------------------------------------------------------------ */

static struct span decided_by(const struct stage_filter *own, const struct scenario *s,
                              const struct tape_op *op)
{
    static const struct span all = {0, UINT32_MAX}, peripherals = {0x40000000, 0x20000000};
    switch (op->number % 8) {
    case 0:
    case 1:
        return all;
    case 5:
        return hull(bytes_window(s, op->which), bytes_window(s, op->number / 8));
    case 6:
        return own->row_count > 0 ? own->rows[op->which % own->row_count].asked : all;
    case 7:
        return peripherals;
    default:
        return bytes_window(s, op->which);
    }
}

static enum err code_of(struct tape_value value)
{
    static const uint32_t strange[8] = {14, 15, 255, 256, 1024, 0x7fffffff, 0x80000000, UINT32_MAX};
    if (value.pick < STRANGE_FROM_PICK)
        return (enum err)(ERR_FAIL + (uint8_t)value.offset % ERR_NOACK);
    return (enum err)strange[value.pick % 8];
}

static struct filter_row row_of(const struct stage_filter *own, const struct scenario *s,
                                const struct tape_op *op)
{
    struct filter_row row = {.asked = decided_by(own, s, op)};
    if (op->size >= 128)
        row.short_id = s->images[op->size % s->app_count].short_id;
    if (op->kind == FILTER_BESIDE)
        row.answer = beside(s, op->which, op->value);
    if (op->kind == FILTER_ANY)
        row.answer = any_span(s, op->value);
    if (op->kind == FILTER_REFUSAL)
        row.refusal = code_of(op->value[0]);
    return row;
}

/* False: the board has no room to say that this is meant. */
static bool declare(struct board *board, struct span answer)
{
    struct board_exposure said = {answer, "the filter answers so"};
    if (!span_valid(answer))
        return true; /* not lent, whatever the kernel is */
    if (board->exposure_count == BOARD_EXPOSURE_MAX)
        return false;
    board->exposures[board->exposure_count++] = said;
    return true;
}

static void add_row(struct board *board, struct filter_row row)
{
    if (board->row_count < BOARD_ROW_MAX && span_valid(row.asked) && declare(board, row.answer))
        board->rows[board->row_count++] = row;
}

/* --- requests -------------------------------------------------------------------------------- */

static void add_request(struct scenario *s, const struct tape_op *op)
{
    uint32_t app = op->which % s->app_count;
    struct process_image *image = &s->images[app];
    if (image->request_count == REQUEST_MAX || app >= TAPE_APPS)
        return;
    image->requests[image->request_count++] =
        op->size >= STRANGE_FROM_PICK ? any_span(s, op->value) : beside(s, op->number, op->value);
}

/* --- all of it ------------------------------------------------------------------------------- */

static void put_back(const struct stage_filter *own, struct scenario *s)
{
    s->board.row_count = 0;
    s->board.exposure_count = own->exposure_count;
    for (uint32_t i = 0; i < s->app_count && i < TAPE_APPS; i++)
        s->images[i].request_count = own->request_counts[i];
}

/* False: the board's own rows are left out. */
static bool play(const struct stage_filter *own, struct scenario *s, const struct tape *tape)
{
    uint32_t at = 0;
    bool with_own = true;
    const struct tape_op *op;
    while ((op = tape_next(tape, STREAM_FILTER, &at))) {
        if (op->kind == FILTER_REQUEST)
            add_request(s, op);
        else if (op->kind == FILTER_ALONE)
            with_own = false;
        else if (op->kind < FILTER_KINDS)
            add_row(&s->board, row_of(own, s, op));
    }
    return with_own;
}

void stage_filter_plan(const struct stage_filter *own, struct scenario *s, const struct tape *tape)
{
    struct board *board = &s->board;
    put_back(own, s);
    bool with_own = play(own, s, tape);
    struct device_filter filter = {filter_by_table, board->rows, 0};
    if (with_own && board->row_count == 0)
        filter = own->filter; /* a C function, mostly, or nothing is lent */
    for (uint32_t i = 0; with_own && i < own->row_count && board->row_count < BOARD_ROW_MAX; i++)
        board->rows[board->row_count++] = own->rows[i];
    if (filter.function == filter_by_table)
        filter = (struct device_filter){filter_by_table, board->rows, board->row_count};
    s->config.filter = board->config.filter = filter;
}
