/* monitors.c: the list of all monitors, and what they have in common. */
#include "sim/monitors.h"
#include "sim/machine.h"

const struct monitor *const monitors[] = {
#define MONITOR_ROW(name) [MONITOR_##name] = &monitor_##name,
    MONITORS(MONITOR_ROW)
#undef MONITOR_ROW
};
const uint32_t monitor_count = sizeof monitors / sizeof monitors[0];

enum rule check_rule(enum check_kind kind)
{
    static const enum rule rules[CHECK_KINDS] = {
        [CHECK_COUNT] = RULE_COUNT,
        [CHECK_ABSENT] = RULE_ABSENT,
        [CHECK_ORDER] = RULE_ORDER,
        [CHECK_LATENCY] = RULE_LATENCY,
        [CHECK_STATE] = RULE_FINAL,
        [CHECK_RESTARTS] = RULE_FINAL,
        [CHECK_COMPLETION] = RULE_FINAL,
        [CHECK_VARIABLE] = RULE_FINAL,
        [CHECK_SPEEDUP] = RULE_LATENCY,
        [CHECK_TURNS] = RULE_VIRT_TURN,
        [CHECK_OVER_EXPOSURE] = RULE_OVER_EXPOSURE,
        [CHECK_PEER_FACT] = RULE_FINAL,
        [CHECK_APP_FACT] = RULE_FINAL,
        [CHECK_BLE_LINK] = RULE_BLE_LINK,
        [CHECK_BLE_IFS] = RULE_BLE_IFS,
        [CHECK_BLE_WINDOW] = RULE_BLE_WINDOW,
        [CHECK_BLE_EVENT_END] = RULE_BLE_EVENT_END,
        [CHECK_BLE_SUPERVISION] = RULE_BLE_SUPERVISION,
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
