/* loan_facts: see loans.h. */
#include "sim/machine.h"
#include "sim/monitors/loans.h"

enum {
    GRANULE = 32,         /* no ARMv7-M region is finer: DDI 0403E, B3.5 */
    PAGE = 0x1000,        /* of a peripheral: nRF52840 PS, "Peripheral interface" */
    LENT_MAX = 64,        /* loans at once: model/passthrough.h, LOAN_MAX */
    RAM_REGIONS = 2,      /* of an app: model/mpu.h */
    LEVEL_END = 32,       /* one of 2^32 bytes is everything, and no window */
    SUBREGION_LEVELS = 3, /* its eight parts can be left out one by one: B3.5.9, SRD */
};
static const struct span private_bus = {0xe0000000, 0x100000}; /* B3.1 */

/* ---- what the board says */

static bool meets_any(const struct span *spans, uint32_t count, struct span span)
{
    for (uint32_t i = 0; i < count; i++)
        if (span_meets(spans[i], span))
            return true;
    return false;
}

static bool meets_place(const struct driver_place *place, struct span span)
{
    return place->present && span_meets((struct span){place->base, PAGE}, span);
}

/* A device of the kernel's own drivers, claimed or not. */
static bool is_kernels(const struct kernel_config *config, struct span span)
{
    return meets_any(config->claims, config->claim_count, span) ||
           meets_place(&config->alarm, span) || meets_place(&config->console, span) ||
           meets_place(&config->gpio, span);
}

static bool is_memory(const struct scenario *s, struct span span)
{
    const struct kernel_config *config = &s->config;

    return span_meets(s->board.ram, span) || span_meets(s->board.flash, span) ||
           span_meets(config->process_ram, span) || span_meets(config->kernel_ram, span) ||
           span_meets(private_bus, span) ||
           meets_any(config->forbidden, config->forbidden_count, span);
}

/* The window of an endpoint that holds the address, or an empty one. */
static struct span window_at(const struct kernel_config *config, uint32_t address)
{
    for (uint32_t i = 0; i < config->endpoint_count; i++)
        for (uint32_t w = 0; w < config->endpoints[i].window_count; w++)
            if (span_holds(config->endpoints[i].windows[w], address))
                return config->endpoints[i].windows[w];
    return (struct span){0, 0};
}

/* Each byte is a device's that the board lends. */
static bool is_lendable(const struct kernel_config *config, struct span span)
{
    struct span window = window_at(config, span.base);

    while (window.size > 0 && span_last(window) < span_last(span))
        window = window_at(config, span_last(window) + 1);
    return window.size > 0;
}

static bool is_distrusted_dma(const struct kernel_config *config, struct span span)
{
    for (uint32_t i = 0; i < config->endpoint_count; i++) {
        const struct passthrough_endpoint *e = &config->endpoints[i];
        if (e->dma && !e->allow_dma && endpoint_meets_span(e, span))
            return true;
    }
    return false;
}

/* ---- what is lent */

static bool is_anothers(const struct ledger *l, uint32_t process,
                        const struct passthrough_endpoint *e)
{
    for (uint32_t i = 0; i < l->window_end; i++) {
        const struct ledger_window *w = &l->windows[i];
        if (w->state == WINDOW_HELD && w->process != process && endpoint_meets_span(e, w->granted))
            return true;
    }
    return false;
}

static enum err devices_refused(const struct machine *m, const struct ledger *l,
                                const uint32_t *withheld, uint32_t process, struct span span)
{
    const struct kernel_config *config = &machine_scenario(m)->config;
    enum err err = ERR_NONE;

    for (uint32_t i = 0; i < config->endpoint_count; i++) {
        if (!endpoint_meets_span(&config->endpoints[i], span))
            continue;
        if (is_anothers(l, process, &config->endpoints[i]))
            return ERR_BUSY;
        if (withheld[i / 32] >> i % 32 & 1)
            err = ERR_OFF;
    }
    return err;
}

static bool meets_own(const struct ledger *l, uint32_t process, struct span span)
{
    for (uint32_t i = 0; i < l->window_end; i++) {
        const struct ledger_window *w = &l->windows[i];
        if (w->state == WINDOW_HELD && w->process == process && span_meets(w->granted, span))
            return true;
    }
    return false;
}

/* ---- regions of the MPU */

struct regions {
    uint32_t count;
    struct {
        uint32_t base;
        uint8_t level;
    } of[MPU_REGION_MAX];
};

static uint32_t base_at(uint32_t address, uint32_t level)
{
    return level < LEVEL_END ? address >> level << level : 0;
}

/* A block of 2^level bytes needs a region: one that is there and has it as parts, or another one,
 * as large as can have it so: who comes later may be in that, too. */
static void add_block(struct regions *r, uint32_t base, uint32_t level)
{
    uint32_t largest = level + SUBREGION_LEVELS < LEVEL_END ? level + SUBREGION_LEVELS : LEVEL_END;

    for (uint32_t i = 0; i < r->count && i < MPU_REGION_MAX; i++)
        if (level <= r->of[i].level && base_at(base, r->of[i].level) == r->of[i].base)
            return;
    if (r->count < MPU_REGION_MAX) {
        r->of[r->count].base = base_at(base, largest);
        r->of[r->count].level = (uint8_t)largest;
    }
    r->count++;
}

/* The level of the largest block that begins at `base`, aligned to its size, in `left` bytes. */
static uint32_t level_at(uint32_t base, uint32_t left)
{
    uint32_t aligned = base ? (uint32_t)__builtin_ctz(base) : LEVEL_END - 1;
    uint32_t fits = LEVEL_END - 1 - (uint32_t)__builtin_clz(left);

    return aligned < fits ? aligned : fits;
}

/* Its blocks of just that level. */
static void add_blocks(struct regions *r, struct span span, uint32_t level)
{
    for (uint32_t at = span.base, left = span.size; left > 0;) {
        uint32_t is = level_at(at, left);
        if (is == level)
            add_block(r, at, level);
        at += UINT32_C(1) << is;
        left -= UINT32_C(1) << is;
    }
}

/* A bit for each level that one of its blocks has. */
static uint32_t levels_of(struct span span)
{
    uint32_t levels = 0;

    for (uint32_t at = span.base, left = span.size; left > 0;) {
        uint32_t block = UINT32_C(1) << level_at(at, left);
        levels |= block;
        at += block;
        left -= block;
    }
    return levels;
}

uint32_t loan_regions(const struct span *spans, uint32_t count)
{
    struct regions r = {.count = 0};
    uint32_t levels = 0;

    for (uint32_t i = 0; i < count; i++)
        levels |= levels_of(spans[i]);
    for (; levels; levels &= levels - 1)
        for (uint32_t i = 0; i < count; i++)
            add_blocks(&r, spans[i], (uint32_t)__builtin_ctz(levels));
    return r.count;
}

/* Neighbours as one span; their number. All in order. */
static uint32_t join(struct span *spans, uint32_t count)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct span *last = used > 0 ? &spans[used - 1] : NULL;
        if (last && span_last(*last) + 1 == spans[i].base && last->size + spans[i].size != 0)
            last->size += spans[i].size;
        else
            spans[used++] = spans[i];
    }
    return used;
}

/* The process's windows and one more, in order; their number, or 0: more than it may have. */
static uint32_t windows_with(const struct ledger *l, uint32_t process, struct span more,
                             struct span spans[WINDOW_MAX])
{
    uint32_t count = 1;

    spans[0] = more;
    for (uint32_t i = 0; i < l->window_end; i++) {
        const struct ledger_window *w = &l->windows[i];
        if (w->state != WINDOW_HELD || w->process != process)
            continue;
        if (count == WINDOW_MAX)
            return 0;
        uint32_t at = count++;
        for (; at > 0 && spans[at - 1].base > w->granted.base; at--)
            spans[at] = spans[at - 1];
        spans[at] = w->granted;
    }
    return count;
}

/* Regions and rows are there for one window more. Windows must fit one by one, too: whichever goes
 * then, the others find room (model/mpu.h, mpu_add_window). */
static bool has_room(const struct machine *m, const struct ledger *l, uint32_t process,
                     struct span more)
{
    struct span spans[WINDOW_MAX];
    uint32_t count = windows_with(l, process, more, spans), lent = 0;
    uint32_t regions = machine_mpu(m)->region_count;
    uint32_t limit = regions < MPU_REGION_MAX ? regions : MPU_REGION_MAX;

    for (uint32_t i = 0; i < l->window_end; i++)
        lent += l->windows[i].state == WINDOW_HELD;
    if (count == 0 || lent >= LENT_MAX)
        return false;
    uint32_t used = RAM_REGIONS + loan_regions(&machine_scenario(m)->images[process].flash, 1);
    return used + loan_regions(spans, count) <= limit &&
           used + loan_regions(spans, join(spans, count)) <= limit;
}

/* ---- outcomes */

static enum err shape_refused(struct span asked)
{
    if (!span_valid(asked))
        return ERR_SIZE;
    return asked.base % GRANULE == 0 && asked.size % GRANULE == 0 ? ERR_NONE : ERR_INVAL;
}

static enum err asked_refused(const struct machine *m, const struct ledger *l,
                              const uint32_t *withheld, uint32_t process, struct span asked)
{
    const struct kernel_config *config = &machine_scenario(m)->config;

    if (!config->filter.function)
        return ERR_NODEVICE;
    enum err err = shape_refused(asked);
    if (err)
        return err;
    if (is_kernels(config, asked))
        return ERR_BUSY;
    if (!is_lendable(config, asked))
        return ERR_INVAL;
    if (meets_own(l, process, asked))
        return ERR_ALREADY;
    err = devices_refused(m, l, withheld, process, asked);
    if (err)
        return err;
    return is_distrusted_dma(config, asked) ? ERR_RESERVE : ERR_NONE;
}

static enum err answer_refused(const struct machine *m, const struct ledger *l,
                               const uint32_t *withheld, uint32_t process,
                               const struct loan_due *due)
{
    const struct scenario *s = machine_scenario(m);
    struct span granted = due->granted;

    if (!span_covers(granted, due->asked) || shape_refused(granted) || is_memory(s, granted))
        return ERR_INVAL;
    if (!span_equal(granted, due->asked)) { /* else it has been asked all of this already */
        if (is_kernels(&s->config, granted) || is_distrusted_dma(&s->config, granted))
            return ERR_INVAL;
        enum err err = devices_refused(m, l, withheld, process, granted);
        if (err)
            return err;
        if (meets_own(l, process, granted))
            return ERR_ALREADY;
    }
    return has_room(m, l, process, granted) ? ERR_NONE : ERR_NOMEM;
}

struct loan_due loan_request(const struct machine *m, const struct ledger *l,
                             const uint32_t withheld[LOAN_WORDS], uint32_t process,
                             struct span asked)
{
    struct loan_due due = {.asked = asked};
    enum err err = asked_refused(m, l, withheld, process, asked);

    due.asks = !err;
    if (!err)
        err = board_answer(m, process, asked, &due.granted);
    if (!err)
        err = answer_refused(m, l, withheld, process, &due);
    due.err = (uint8_t)err;
    return due;
}

struct loan_due loan_query(const struct machine *m, const struct ledger *l,
                           const uint32_t withheld[LOAN_WORDS], uint32_t process, struct span asked)
{
    const struct ledger_window *w = ledger_window_asked(l, process, asked);

    if (w)
        return (struct loan_due){.asked = asked, .granted = w->granted};
    return loan_request(m, l, withheld, process, asked);
}

struct loan_due loan_release(const struct ledger *l, uint32_t process, struct span asked)
{
    const struct ledger_window *w = ledger_window_asked(l, process, asked);
    struct loan_due due = {.asked = asked, .err = (uint8_t)shape_refused(asked)};

    if (w)
        due.granted = w->granted;
    else if (due.err == ERR_NONE)
        due.err = ERR_NODEVICE;
    return due;
}
