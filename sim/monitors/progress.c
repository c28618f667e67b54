/* progress: progress.
 *
 * Judges when the CPU goes to sleep, or halts: no live app is ready. An app is ready if it does
 * not wait in a yield, or if an upcall waits that its yield would take (upcall.c): the kernel
 * looks at all of that before it sleeps, so a single sleep is enough to break the rule.
 *
 * Cannot see: an event that never became an upcall (of lent lines: interrupt.c judges them for this
 * rule; what a driver of the kernel owes to its client no record shows). An app that waits while
 * others run is turns.c's.
 */
#include "sim/monitors/upcall.h"

static void on_record(struct machine *m, void *state, const struct record *r)
{
    const struct ledger *l = ledger_of(m);

    (void)state, (void)r;
    rule_armed(m, RULE_PROGRESS);
    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++)
        if (l->processes[i].live && process_would_run(m, l, i))
            break_add(m, RULE_PROGRESS, i, 0,
                      ledger_waits(&l->processes[i]) ? DETAIL_PROGRESS_UPCALL
                                                     : DETAIL_PROGRESS_READY,
                      0, 0);
}

const struct monitor monitor_progress = {
    .name = "progress",
    .kinds = {KIND_EVENT(EVENT_SLEEP) | KIND_EVENT(EVENT_HALT)},
    .rules = KIND_BIT(RULE_PROGRESS),
    .always = true,
    .on_record = on_record,
};
