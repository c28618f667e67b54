/* layout: memory-layout.
 *
 * Judges from the kernel's notes of loads, breaks, allows and grants, and from what memop returned
 * to the app: block inside the processes' RAM and meeting no other live block; memory start <=
 * high-water mark <= app break <= what the MPU gives <= kernel break <= grants <= memory end. The
 * high-water mark is ours: the end of the highest buffer that an allow accepted in this life. So is
 * the place of the app break: where the image says at a load, then where brk and sbrk, as the app
 * called them and as they returned, have moved it.
 *
 * Cannot see: the kernel's control block at the block's end (its size is the kernel's own);
 * whether a noted break is the one that the kernel uses: the reach rule sees that in the MPU.
 */
#include "sim/monitors/layout.h"

struct layout {
    struct {
        uint32_t high_water;
        uint32_t break_due;    /* by the image and the memops that succeeded */
        uint32_t lowest_grant; /* 0: none in this life */
    } of[PROCESS_MAX];
};

static uint64_t block_end(const struct ledger_process *p)
{
    return (uint64_t)p->block.base + p->block.size;
}

static OUT_OF_LINE void judge_block(struct machine *m, const struct ledger *l, uint32_t process)
{
    struct span block = l->processes[process].block;

    if (!span_covers(machine_scenario(m)->config.process_ram, block))
        break_add(m, RULE_MEMORY_LAYOUT, process, block.base, DETAIL_LAYOUT_BLOCK, block.size, 0);
    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++)
        if (i != process && l->processes[i].live && span_meets(l->processes[i].block, block))
            break_add(m, RULE_MEMORY_LAYOUT, process, block.base, DETAIL_LAYOUT_MEETS, i, 0);
}

static OUT_OF_LINE void judge_breaks(struct machine *m, const struct ledger_process *p,
                                     uint32_t process, uint32_t high_water)
{
    const uint64_t chain[] = {p->block.base, p->app_break, p->accessible_end, p->kernel_break,
                              block_end(p)};

    if (p->app_break < high_water)
        break_add(m, RULE_MEMORY_LAYOUT, process, p->app_break, DETAIL_LAYOUT_MARK, high_water, 0);
    for (unsigned i = 1; i < sizeof chain / sizeof chain[0]; i++)
        if (chain[i] < chain[i - 1])
            break_add(m, RULE_MEMORY_LAYOUT, process, p->app_break, DETAIL_LAYOUT_ORDER, chain[i],
                      chain[i - 1]);
}

static OUT_OF_LINE void judge_allow(struct machine *m, struct layout *layout,
                                    const struct ledger_process *p, const struct record *r)
{
    struct span buffer = {r->address, pair_low(r->value)};
    uint32_t allow_kind = pair_high(r->value) >> 4 & 15;
    struct span own = {p->block.base, p->app_break - p->block.base};
    struct span flash = machine_scenario(m)->images[r->process].flash;

    if (buffer.size == 0)
        return;
    if (span_covers(own, buffer)) {
        if (span_last(buffer) >= layout->of[r->process].high_water)
            layout->of[r->process].high_water = span_last(buffer) + 1;
    } else if (allow_kind != 1 || !span_covers(flash, buffer)) { /* 1: read-only, flash will do */
        break_add(m, RULE_MEMORY_LAYOUT, r->process, buffer.base, DETAIL_LAYOUT_ALLOW, buffer.size,
                  0);
    }
}

/* Grants grow downward, each below the last, above all that the app reaches. */
static OUT_OF_LINE void judge_grant(struct machine *m, struct layout *layout,
                                    const struct ledger_process *p, const struct record *r)
{
    struct span grant = {r->address, pair_high(r->value)};
    uint32_t *lowest = &layout->of[r->process].lowest_grant;
    uint64_t end = (uint64_t)grant.base + grant.size;

    if (grant.base < p->accessible_end || grant.base < p->kernel_break || end > block_end(p) ||
        (*lowest != 0 && end > *lowest))
        break_add(m, RULE_MEMORY_LAYOUT, r->process, grant.base, DETAIL_LAYOUT_GRANT, grant.size,
                  0);
    *lowest = grant.base;
}

static OUT_OF_LINE void judge_due(struct machine *m, const struct layout *layout, uint32_t process)
{
    const struct ledger_process *p = &ledger_of(m)->processes[process];
    uint32_t due = layout->of[process].break_due;

    if (p->app_break != due)
        break_add(m, RULE_MEMORY_LAYOUT, process, p->app_break, DETAIL_LAYOUT_MEMOP, 0, due);
}

/* What brk and sbrk, when they succeed, tell the app; nothing else moves its break. */
static void on_return(struct machine *m, struct layout *layout, const struct ledger_process *p,
                      const struct record *r)
{
    uint32_t *due = &layout->of[r->process].break_due;
    bool moves = p->call_class == SYSCALL_MEMOP && r->address >= RETURN_SUCCESS;

    if (moves && p->args[0] == MEMOP_BRK) {
        *due = p->args[1];
    } else if (moves && p->args[0] == MEMOP_SBRK) {
        uint32_t told = pair_low(r->value); /* where it was */
        if (told != *due)
            break_add(m, RULE_MEMORY_LAYOUT, r->process, *due, DETAIL_LAYOUT_MEMOP, 0, told);
        *due += p->args[1];
    }
    judge_due(m, layout, r->process);
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct layout *layout = state;
    const struct ledger *l = ledger_of(m);

    if (r->process >= PROCESS_MAX)
        return;
    const struct ledger_process *p = &l->processes[r->process];
    rule_armed(m, RULE_MEMORY_LAYOUT);
    switch (r->kind) {
    case EVENT_OF(NOTE_PROCESS_LOADED):
        layout->of[r->process].high_water = p->block.base;
        layout->of[r->process].lowest_grant = 0;
        layout->of[r->process].break_due =
            p->block.base + machine_scenario(m)->images[r->process].initial_app_size;
        judge_block(m, l, r->process);
        break;
    case EVENT_OF(NOTE_PROCESS_BREAKS):
        judge_breaks(m, p, r->process, layout->of[r->process].high_water);
        break;
    case EVENT_OF(NOTE_ALLOW):
        judge_allow(m, layout, p, r);
        break;
    case EVENT_OF(NOTE_GRANT_ALLOCATED):
        judge_grant(m, layout, p, r);
        break;
    default:
        if (l->returning)
            on_return(m, layout, p, r);
        break;
    }
}

/* The kernel break may not rise above a grant again. What a memop did is judged by its return,
 * which comes after this. */
static void on_user(struct machine *m, void *state, uint32_t process)
{
    const struct layout *layout = state;
    const struct ledger_process *p = &ledger_of(m)->processes[process];
    uint32_t lowest = layout->of[process].lowest_grant;

    if (lowest != 0 && p->live && p->kernel_break > lowest)
        break_add(m, RULE_MEMORY_LAYOUT, process, lowest, DETAIL_LAYOUT_GRANT, 0, 0);
    if (p->live && !(p->call_open && p->call_class == SYSCALL_MEMOP))
        judge_due(m, layout, process);
}

uint32_t process_high_water(struct machine *m, uint32_t process)
{
    const struct layout *layout = machine_monitor_state(m, MONITOR_layout);

    return layout->of[process].high_water;
}

uint32_t process_break(struct machine *m, uint32_t process)
{
    const struct layout *layout = machine_monitor_state(m, MONITOR_layout);

    return layout->of[process].break_due;
}

const struct monitor monitor_layout = {
    .name = "layout",
    .kinds = {KIND_EVENT(EVENT_RETURN), KIND_NOTE(NOTE_PROCESS_LOADED) |
                                            KIND_NOTE(NOTE_PROCESS_BREAKS) | KIND_NOTE(NOTE_ALLOW) |
                                            KIND_NOTE(NOTE_GRANT_ALLOCATED)},
    .state_size = sizeof(struct layout),
    .rows = {ROWS_OF_APPS(layout, of)},
    .rules = KIND_BIT(RULE_MEMORY_LAYOUT),
    .always = true,
    .on_record = on_record,
    .on_user = on_user,
};
