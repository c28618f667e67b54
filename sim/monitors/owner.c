/* owner: exclusive-owner.
 *
 * Judges each window as it enters the ledger: no other app holds a window that meets it or that
 * meets an endpoint (a device with its shared page) which it meets, and no driver of the kernel
 * claims a byte of it. And each load and store of an app that went through outside RAM and flash:
 * a window of its own must hold the address.
 *
 * Cannot see: one device that works through another (PPI, event routers): containment, not
 * ownership.
 */
#include "sim/machine.h"
#include "sim/monitors/ledger.h"

static void judge_claims(struct machine *m, const struct ledger_window *w)
{
    const struct kernel_config *config = &machine_scenario(m)->config;

    for (uint32_t i = 0; i < config->claim_count; i++)
        if (span_meets(config->claims[i], w->granted))
            break_add(m, RULE_EXCLUSIVE_OWNER, w->process, w->granted.base, DETAIL_OWNER_KERNEL, 0,
                      0);
}

static uint32_t other_holder(const struct machine *m, const struct ledger *l,
                             const struct ledger_window *w)
{
    const struct kernel_config *config = &machine_scenario(m)->config;
    uint32_t other = ledger_holder(l, w->granted, w->process);

    for (uint32_t e = 0; e < config->endpoint_count && other == PROCESS_NONE; e++) {
        const struct passthrough_endpoint *endpoint = &config->endpoints[e];
        if (!endpoint_meets_span(endpoint, w->granted))
            continue;
        for (uint32_t i = 0; i < endpoint->window_count && other == PROCESS_NONE; i++)
            other = ledger_holder(l, endpoint->windows[i], w->process);
    }
    return other;
}

static void judge_window(struct machine *m, const struct ledger *l, const struct ledger_window *w)
{
    uint32_t other = other_holder(m, l, w);

    rule_armed(m, RULE_EXCLUSIVE_OWNER);
    if (other != PROCESS_NONE)
        break_add(m, RULE_EXCLUSIVE_OWNER, w->process, w->granted.base, DETAIL_OWNER_TWO, other, 0);
    judge_claims(m, w);
}

static void judge_access(struct machine *m, const struct ledger *l, const struct record *r)
{
    const struct board *board = &machine_scenario(m)->board;

    if (span_holds(board->ram, r->address) || span_holds(board->flash, r->address))
        return; /* reach.c's */
    rule_armed(m, RULE_EXCLUSIVE_OWNER);
    if (!ledger_window_at(l, r->process, r->address))
        break_add(m, RULE_EXCLUSIVE_OWNER, r->process, r->address, DETAIL_OWNER_ACCESS, 0, 0);
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    const struct ledger *l = ledger_of(m);

    (void)state;
    if (r->process >= PROCESS_MAX)
        return;
    if (r->kind == EVENT_LOAD || r->kind == EVENT_STORE)
        judge_access(m, l, r);
    else if (l->added != LEDGER_NONE)
        judge_window(m, l, &l->windows[l->added]);
}

const struct monitor monitor_owner = {
    .name = "owner",
    .kinds = {KIND_EVENT(EVENT_RETURN) | KIND_EVENT(EVENT_LOAD) | KIND_EVENT(EVENT_STORE),
              KIND_NOTE(NOTE_WINDOW_GRANTED)},
    .rules = KIND_BIT(RULE_EXCLUSIVE_OWNER),
    .always = true,
    .on_record = on_record,
};
