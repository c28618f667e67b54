/* monitors.c: the list of all monitors, and what they have in common. */
#include "sim/monitors.h"
#include "sim/machine.h"

/* The ledger first: the others ask it about the very record that they hear. upcall before those who
 * ask it whether an app is ready. */
const struct monitor *const monitors[] = {
    &monitor_ledger,    &monitor_reach,        &monitor_layout,   &monitor_owner,  &monitor_filter,
    &monitor_interrupt, &monitor_death,        &monitor_dma,      &monitor_upcall, &monitor_panic,
    &monitor_progress,  &monitor_turns,        &monitor_livelock, &monitor_fresh,  &monitor_custody,
    &monitor_latency,   &monitor_count_checks, &monitor_final,
};
const uint32_t monitor_count = sizeof monitors / sizeof monitors[0];

void *monitor_state(struct machine *m, const struct monitor *monitor)
{
    for (uint32_t i = 0; i < monitor_count; i++)
        if (monitors[i] == monitor)
            return machine_monitor_state(m, i);
    return NULL;
}

enum rule check_rule(enum check_kind kind)
{
    static const enum rule rules[CHECK_KINDS] = {
        [CHECK_COUNT] = RULE_COUNT,      [CHECK_ABSENT] = RULE_ABSENT,
        [CHECK_ORDER] = RULE_ORDER,      [CHECK_LATENCY] = RULE_LATENCY,
        [CHECK_STATE] = RULE_FINAL,      [CHECK_RESTARTS] = RULE_FINAL,
        [CHECK_COMPLETION] = RULE_FINAL, [CHECK_VARIABLE] = RULE_FINAL,
        [CHECK_SPEEDUP] = RULE_LATENCY,  [CHECK_OVER_EXPOSURE] = RULE_OVER_EXPOSURE,
    };

    return rules[kind];
}

static bool is_kept(const struct machine *m, const struct verdict *wanted)
{
    const struct verdict *kept;
    uint32_t count = machine_verdicts(m, &kept);

    for (uint32_t i = 0; i < count; i++)
        if (kept[i].rule == wanted->rule && kept[i].process == wanted->process &&
            kept[i].address == wanted->address && kept[i].detail == wanted->detail &&
            kept[i].check == wanted->check)
            return true;
    return false;
}

static void add(struct machine *m, struct verdict verdict)
{
    verdict.at_ps = machine_now_ps(m);
    rule_armed(m, (enum rule)verdict.rule);
    if (!is_kept(m, &verdict))
        verdict_add(m, verdict);
}

void break_add(struct machine *m, enum rule rule, uint32_t process, uint32_t address,
               enum verdict_detail detail, uint64_t got, uint64_t wanted)
{
    add(m, (struct verdict){.rule = (uint16_t)rule,
                            .process = (uint16_t)process,
                            .address = address,
                            .got = got,
                            .wanted = wanted,
                            .detail = (uint16_t)detail,
                            .check = CHECK_NONE});
}

void break_of_check(struct machine *m, uint32_t check, uint32_t process, uint32_t address,
                    enum verdict_detail detail, uint64_t got, uint64_t wanted)
{
    add(m, (struct verdict){.rule = (uint16_t)check_rule(machine_scenario(m)->checks[check].kind),
                            .process = (uint16_t)process,
                            .address = address,
                            .got = got,
                            .wanted = wanted,
                            .detail = (uint16_t)detail,
                            .check = (uint16_t)check});
}
