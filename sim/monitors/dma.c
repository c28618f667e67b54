/* dma: dma-reach and dma-after-death.
 *
 * Judges each EVENT_DMA_READ and _WRITE by the device that made it:
 *
 *   lent to a live app      its memory only, [memory start, what it reaches)
 *   a kernel driver's       the kernel's RAM only (config.kernel_ram)
 *   lent once, taken back   while the kernel makes it quiet: still its old owner's block; after the
 *                           note that it is quiet, or once user mode has run: none
 *                           (dma-after-death)
 *   nobody's                none
 *
 * These are the containment rules: without an IOPMP no kernel can keep the first row, only the
 * board can, by not lending a DMA master. Cannot see: memory reached by a device that another
 * device triggers in its owner's name; accesses that the bus refused (EVENT_DMA_REFUSED).
 */
#include "sim/machine.h"
#include "sim/monitors/answers.h"

struct dma {
    uint64_t quiet[(ENDPOINT_MAX + 63) / 64]; /* by endpoint, since it was last lent */
};

static bool is_kernel_device(const struct kernel_config *config, struct span window)
{
    const struct driver_place places[] = {config->alarm, config->console, config->gpio};

    for (uint32_t i = 0; i < config->claim_count; i++)
        if (span_meets(config->claims[i], window))
            return true;
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++)
        if (places[i].present && span_holds(window, places[i].base))
            return true;
    return false;
}

/* The last window on that device which was taken back, or NULL. */
static const struct ledger_window *past_window(const struct ledger *l, struct span device)
{
    const struct ledger_window *last = NULL;

    for (uint32_t i = 0; i < LEDGER_WINDOW_MAX; i++) {
        const struct ledger_window *w = &l->windows[i];
        if (w->state == WINDOW_PAST && span_meets(w->granted, device) &&
            (!last || w->users >= last->users))
            last = w;
    }
    return last;
}

static void breach(struct machine *m, enum rule rule, uint32_t process, struct span touched,
                   enum verdict_detail detail)
{
    break_add(m, rule, process, touched.base, detail, touched.size, 0);
    answers_distrust(m, touched);
}

static void judge_owned(struct machine *m, const struct ledger *l, uint32_t owner,
                        struct span touched)
{
    const struct ledger_process *p = &l->processes[owner];
    struct span own = {p->block.base, p->accessible_end - p->block.base};

    if (!span_covers(own, touched))
        breach(m, RULE_DMA_REACH, owner, touched, DETAIL_DMA_OWNER);
}

static void judge_past(struct machine *m, const struct dma *dma, const struct ledger_window *w,
                       uint32_t endpoint, struct span touched)
{
    const struct ledger *l = ledger_of(m);
    bool quiet = endpoint < ENDPOINT_MAX && (dma->quiet[endpoint / 64] >> endpoint % 64 & 1);

    rule_armed(m, RULE_DMA_AFTER_DEATH);
    if (quiet || l->users != w->users || !span_covers(l->processes[w->process].block, touched))
        breach(m, RULE_DMA_AFTER_DEATH, w->process, touched, DETAIL_DMA_DEAD);
}

static void judge(struct machine *m, const struct dma *dma, const struct record *r)
{
    const struct scenario *s = machine_scenario(m);
    const struct ledger *l = ledger_of(m);
    const struct board_device *device = &s->board.devices[pair_high(r->value)];
    struct span touched = {r->address, pair_low(r->value)};
    uint32_t owner = ledger_holder(l, device->window, PROCESS_NONE);

    if (touched.size == 0)
        return;
    rule_armed(m, RULE_DMA_REACH);
    if (owner != PROCESS_NONE) {
        judge_owned(m, l, owner, touched);
    } else if (is_kernel_device(&s->config, device->window)) {
        if (!span_covers(s->config.kernel_ram, touched))
            breach(m, RULE_DMA_REACH, PROCESS_NONE, touched, DETAIL_DMA_KERNEL);
    } else {
        const struct ledger_window *w = past_window(l, device->window);
        if (w)
            judge_past(m, dma, w, device->endpoint, touched);
        else
            breach(m, RULE_DMA_REACH, PROCESS_NONE, touched, DETAIL_DMA_NOBODY);
    }
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct dma *dma = state;
    uint64_t bit = UINT64_C(1) << r->address % 64;

    switch (r->kind) {
    case EVENT_DMA_READ:
    case EVENT_DMA_WRITE:
        judge(m, dma, r);
        break;
    case EVENT_OF(NOTE_ENDPOINT_OWNED):
        if (r->address < ENDPOINT_MAX)
            dma->quiet[r->address / 64] &= ~bit;
        break;
    default: /* quiet, stuck, freed */
        if (r->address < ENDPOINT_MAX)
            dma->quiet[r->address / 64] |= bit;
        break;
    }
}

const struct monitor monitor_dma = {
    .name = "dma",
    .kinds = {KIND_EVENT(EVENT_DMA_READ) | KIND_EVENT(EVENT_DMA_WRITE),
              KIND_NOTE(NOTE_ENDPOINT_OWNED) | KIND_NOTE(NOTE_ENDPOINT_QUIET) |
                  KIND_NOTE(NOTE_ENDPOINT_STUCK) | KIND_NOTE(NOTE_ENDPOINT_FREED)},
    .state_size = sizeof(struct dma),
    .rules = KIND_BIT(RULE_DMA_REACH) | KIND_BIT(RULE_DMA_AFTER_DEATH),
    .always = true,
    .on_record = on_record,
};
