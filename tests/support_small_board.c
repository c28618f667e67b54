/* support_small_board.c: see the header. */
#include "tests/support_small_board.h"

#include "model/capsule_state.h"
#include "model/upcall.h"

#include <check.h>

enum {
    ISER = 0xe000e100 - 0xe000e100,
    ICER = 0x80,
    ISPR = 0x100,
    ICPR = 0x180,
    NVIC_SIZE = 0x200,
    EVENTS = 0x100,
    INTENSET = 0x304,
    INTENCLR = 0x308,
};
#define NVIC_BASE 0xe000e100u
#define MPU_TYPE 0xe000ed90u

struct board board;

/* ---- lines */

static bool page_is_high(const struct page *page)
{
    uint32_t standing = 0;

    for (uint32_t n = 0; n < 32; n++)
        if (page->words[(EVENTS + 4 * n) / 4])
            standing |= UINT32_C(1) << n;
    return page->line_stuck || (standing & page->inten);
}

/* A level that is high pends. */
static void lines_refresh(void)
{
    for (uint32_t i = 0; i < board.page_count; i++) {
        const struct page *page = &board.pages[i];
        if (page->line >= 0 && page_is_high(page))
            board.pending[page->line / 32] |= UINT32_C(1) << (page->line % 32);
    }
}

static bool nvic_read(uint32_t offset, uint32_t *value)
{
    uint32_t word = offset % 0x80 / 4;

    *value = offset / 0x80 <= ICER / 0x80 ? board.enabled[word] : board.pending[word];
    return true;
}

static bool nvic_write(uint32_t offset, uint32_t value)
{
    uint32_t word = offset % 0x80 / 4;

    switch (offset - 4 * word) {
    case ISER:
        board.enabled[word] |= value;
        break;
    case ICER:
        board.enabled[word] &= ~value;
        break;
    case ISPR:
        board.pending[word] |= value;
        break;
    default:
        board.pending[word] &= ~value;
        lines_refresh();
    }
    return true;
}

/* ---- pages */

struct page *board_page_at(uint32_t address)
{
    for (uint32_t i = 0; i < board.page_count; i++)
        if (address - board.pages[i].base < 4 * PAGE_WORDS)
            return &board.pages[i];
    return NULL;
}

uint32_t page_read(const struct page *page, uint32_t offset)
{
    bool mask = offset == INTENSET || offset == INTENCLR;

    return mask ? page->inten : page->words[offset / 4];
}

void page_set(struct page *page, uint32_t offset, uint32_t value)
{
    if (offset == INTENSET)
        page->inten |= value;
    else if (offset == INTENCLR)
        page->inten &= ~value;
    else
        page->words[offset / 4] = value;
    lines_refresh();
}

void page_event(struct page *page, uint32_t n)
{
    page_set(page, EVENTS + 4 * n, 1);
}

static bool reads(struct hw *hw, uint32_t address, uint32_t *value)
{
    struct page *page = board_page_at(address);

    (void)hw;
    if (address - NVIC_BASE < NVIC_SIZE)
        return nvic_read(address - NVIC_BASE, value);
    if (!page)
        return false;
    if (!board.on_read || !board.on_read(page, address - page->base, value))
        *value = page_read(page, address - page->base);
    return true;
}

static bool writes(struct hw *hw, uint32_t address, uint32_t value)
{
    struct page *page = board_page_at(address);

    if (hw->write_count <= FAKE_LIST_MAX)
        board.notes_before[hw->write_count - 1] = hw->note_count;
    if (address - NVIC_BASE < NVIC_SIZE)
        return nvic_write(address - NVIC_BASE, value);
    if (!page)
        return false;
    if (!board.on_write || !board.on_write(page, address - page->base, value))
        page_set(page, address - page->base, value);
    return true;
}

/* ---- start */

static void image_start(uint32_t i)
{
    uint32_t base = APP_FLASH + 0x1000 * i;

    board.images[i] = (struct process_image){
        .flash = {base, 0x1000},
        .entry = base + 0x80,
        .short_id = 0x100 + i,
        .min_ram_size = 0x800,
        .initial_app_size = 0x400,
        .fault_policy = FAULT_RESTART,
    };
}

void board_start(void)
{
    memset(&board, 0, sizeof board);
    fake_hw_start(&board.hw, (struct span){KERNEL_RAM, 0x20000},
                  (struct span){APP_FLASH, 0x1000 * BOARD_PROCESSES});
    board.hw.on_read = reads;
    board.hw.on_write = writes;
    fake_hw_set(&board.hw, MPU_TYPE, 8 << 8);
    memset(board.hw.ram_bytes, 0xa5, sizeof board.hw.ram_bytes);
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++)
        image_start(i);
    board.config = (struct kernel_config){
        .cpu_hz = 64000000,
        .process_ram = {PROCESS_RAM, 0x10000},
        .kernel_ram = {KERNEL_RAM, 0x4000},
        .line_count = BOARD_LINES,
        .passthrough_driver = PASSTHROUGH_DRIVER_DEFAULT,
        .image_count = BOARD_PROCESSES,
        .images = board.images,
    };
}

struct page *board_page(uint32_t base, int line)
{
    ck_assert_uint_lt(board.page_count, BOARD_PAGES);
    struct page *page = &board.pages[board.page_count++];
    page->base = base;
    page->line = line;
    return page;
}

void board_run(void)
{
    uint32_t bad_image;

    ck_assert_int_eq(kernel_start(&board.k, &board.hw, &board.config, &bad_image), ERR_NONE);
    fake_hw_forget(&board.hw);
}

struct process *board_process(uint32_t index)
{
    return &board.k.processes[index];
}

bool board_line_enabled(uint32_t line)
{
    return board.enabled[line / 32] >> (line % 32) & 1;
}

bool board_line_pending(uint32_t line)
{
    return board.pending[line / 32] >> (line % 32) & 1;
}

bool board_line_off(uint32_t line)
{
    return board.k.line_off[line / 32] >> (line % 32) & 1;
}

/* ---- the kernel and its processes */

/* Stopped processes: the scheduler finds nobody, so that only interrupts are handled. */
static void processes_stop(bool stop)
{
    for (uint32_t i = 0; i < board.k.process_count; i++)
        kernel_stop_process(&board.k, i, stop);
}

bool board_settle(uint32_t most)
{
    enum action_kind kind = ACTION_AGAIN;

    processes_stop(true);
    for (uint32_t i = 0; i < most && kind == ACTION_AGAIN; i++)
        kind = kernel_next(&board.k, &board.hw).kind;
    processes_stop(false);
    return kind != ACTION_AGAIN;
}

static void must(enum err err)
{
    if (err)
        ck_abort_msg("refused with %d", (int)err);
}

void board_subscribe(struct process *p, const struct driver *d, uint32_t n)
{
    struct upcall upcall = {p->mpu.flash.base + UPCALL_FUNCTION, 0};

    must(grant_allocate(&board.hw, p, d));
    must(grant_set_upcall(&board.hw, p, d, n, upcall));
}

struct span board_allow(struct process *p, const struct driver *d, enum allow_kind kind, uint32_t n,
                        uint32_t offset, uint32_t size)
{
    struct span buffer = {p->memory.base + offset, size};

    must(grant_allocate(&board.hw, p, d));
    must(grant_set_allow(&board.hw, p, d, kind, n, buffer));
    return buffer;
}

bool board_upcall(struct process *p, const struct driver *d, uint32_t n, uint32_t args[3])
{
    return upcall_take_event(&board.k, &board.hw, p, driver_number(&board.k, d), n, args);
}

void ck_board_not_called_back(uint32_t index, const struct driver *d)
{
    uint32_t args[3];

    ck_assert(!board_upcall(board_process(index), d, 0, args));
}

void ck_board_called_back(uint32_t index, const struct driver *d, enum err err, uint32_t size)
{
    uint32_t args[3];

    ck_assert(board_upcall(board_process(index), d, 0, args));
    ck_assert_uint_eq(args[0], err);
    ck_assert_uint_eq(args[1], size);
    ck_board_not_called_back(index, d);
}

uint8_t *board_ram(uint32_t address)
{
    return &board.hw.ram_bytes[address - board.hw.ram.base];
}

uint8_t *board_memory(uint32_t index, uint32_t offset)
{
    return board_ram(board_process(index)->memory.base + offset);
}

bool all_are(uint8_t is, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        if (bytes[i] != is)
            return false;
    return true;
}

void board_grant_word(uint32_t index, const struct driver *d, uint32_t words, uint32_t word,
                      uint32_t value)
{
    uint32_t kept[VIRT_WORDS * 2];
    struct process *p = board_process(index);

    ck_assert_uint_le(words, sizeof kept / sizeof kept[0]);
    must(capsule_state_load(&board.hw, p, d, kept, words));
    kept[word] = value;
    must(capsule_state_store(&board.hw, p, d, kept, words));
}

struct syscall_return board_command(struct process *p, const struct driver *d, uint32_t number,
                                    uint32_t a, uint32_t b)
{
    return d->command(&board.k, &board.hw, p, number, a, b);
}

uint32_t board_log(struct board_event *log, uint32_t most)
{
    const struct hw *hw = &board.hw;
    uint32_t count = 0;

    ck_assert_uint_le(hw->write_count, FAKE_LIST_MAX);
    ck_assert_uint_le(hw->note_count, FAKE_LIST_MAX);
    for (uint32_t w = 0, n = 0; (w < hw->write_count || n < hw->note_count) && count < most;) {
        bool write = w < hw->write_count && board.notes_before[w] <= n;
        log[count++] = write
                           ? (struct board_event){false, hw->writes[w].address, hw->writes[w].value}
                           : (struct board_event){true, hw->notes[n].note, hw->notes[n].address};
        w += write;
        n += !write;
    }
    return count;
}
