/* livelock: livelock.
 *
 * Judges two things: one line serviced (or declared nobody's) more than SERVICES_MAX times without
 * a step in user mode or a sleep between, while an app is ready to run; and a run that ended since
 * virtual time stood still. SERVICES_MAX is ours: a device that works needs a few, a kernel that
 * gives a line up does so far earlier.
 *
 * Cannot see: several lines in a circle (each is counted by itself); a kernel path that loops
 * without servicing anything and without time passing ends as a stuck run.
 */
#include "sim/machine.h"
#include "sim/monitors/upcall.h"
#include <string.h>

enum { SERVICES_MAX = 64 };

struct livelock {
    uint8_t services[IRQ_LINE_MAX];
};

static uint32_t ready_process(struct machine *m)
{
    const struct ledger *l = ledger_of(m);

    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++)
        if (process_would_run(m, l, i))
            return i;
    return PROCESS_NONE;
}

static void on_service(struct machine *m, struct livelock *live, uint32_t line)
{
    if (line >= IRQ_LINE_MAX)
        return;
    rule_armed(m, RULE_LIVELOCK);
    if (live->services[line] < UINT8_MAX)
        live->services[line]++;
    if (live->services[line] != SERVICES_MAX + 1)
        return;
    uint32_t process = ready_process(m);
    if (process != PROCESS_NONE)
        break_add(m, RULE_LIVELOCK, process, line, DETAIL_LIVELOCK_LINE, live->services[line], 0);
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct livelock *live = state;

    if (r->kind == EVENT_RUN || r->kind == EVENT_SLEEP)
        memset(live, 0, sizeof *live);
    else
        on_service(m, live, r->address);
}

static void at_end(struct machine *m, void *state)
{
    (void)state;
    if (machine_state(m) == RUN_STUCK)
        break_add(m, RULE_LIVELOCK, machine_running(m), 0, DETAIL_LIVELOCK_STUCK, 0, 0);
}

const struct monitor monitor_livelock = {
    .name = "livelock",
    .kinds = {KIND_EVENT(EVENT_RUN) | KIND_EVENT(EVENT_SLEEP),
              KIND_NOTE(NOTE_LINE_SERVICED) | KIND_NOTE(NOTE_LINE_UNCLAIMED)},
    .state_size = sizeof(struct livelock),
    .rules = KIND_BIT(RULE_LIVELOCK),
    .always = true,
    .on_record = on_record,
    .at_end = at_end,
};
