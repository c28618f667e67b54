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

enum { SEEN_MAX = 64 };

/* Windows that held an address of a page before: looked at first. By page of 4 KiB. */
struct owner {
    uint8_t seen[SEEN_MAX];
};

/* The first byte of `window` that is in `other` as well: what clashes, wherever the window begins.
 * They meet. */
static uint32_t clash(struct span window, struct span other)
{
    return window.base > other.base ? window.base : other.base;
}

static void judge_claims(struct machine *m, const struct ledger_window *w)
{
    const struct kernel_config *config = &machine_scenario(m)->config;

    for (uint32_t i = 0; i < config->claim_count; i++)
        if (span_meets(config->claims[i], w->granted))
            break_add(m, RULE_EXCLUSIVE_OWNER, w->process, clash(w->granted, config->claims[i]),
                      DETAIL_OWNER_KERNEL, 0, 0);
}

/* Another app's window that meets this one. */
static uint32_t window_holder(const struct ledger *l, const struct ledger_window *w, uint32_t *at)
{
    for (uint32_t i = 0; i < l->window_end; i++) {
        const struct ledger_window *other = &l->windows[i];
        if (other->state != WINDOW_HELD || other->process == w->process ||
            !span_meets(other->granted, w->granted))
            continue;
        *at = clash(w->granted, other->granted);
        return other->process;
    }
    return PROCESS_NONE;
}

/* Who else holds a part of this device, which the window meets. */
static uint32_t device_holder(const struct ledger *l, const struct ledger_window *w,
                              const struct passthrough_endpoint *e, uint32_t *at)
{
    uint32_t other = PROCESS_NONE;

    for (uint32_t i = 0; i < e->window_count; i++) {
        if (span_meets(e->windows[i], w->granted))
            *at = clash(w->granted, e->windows[i]);
        if (other == PROCESS_NONE)
            other = ledger_holder(l, e->windows[i], w->process);
    }
    return other;
}

static uint32_t other_holder(const struct machine *m, const struct ledger *l,
                             const struct ledger_window *w, uint32_t *at)
{
    const struct kernel_config *config = &machine_scenario(m)->config;
    uint32_t other = window_holder(l, w, at);

    for (uint32_t e = 0; e < config->endpoint_count && other == PROCESS_NONE; e++)
        if (endpoint_meets_span(&config->endpoints[e], w->granted))
            other = device_holder(l, w, &config->endpoints[e], at);
    return other;
}

static OUT_OF_LINE void judge_window(struct machine *m, const struct ledger *l,
                                     const struct ledger_window *w)
{
    uint32_t at = w->granted.base;
    uint32_t other = other_holder(m, l, w, &at);

    rule_armed(m, RULE_EXCLUSIVE_OWNER);
    if (other != PROCESS_NONE)
        break_add(m, RULE_EXCLUSIVE_OWNER, w->process, at, DETAIL_OWNER_TWO, other, 0);
    judge_claims(m, w);
}

_Static_assert(LEDGER_WINDOW_MAX <= UINT8_MAX, "a place fits struct owner");

static bool is_held(const struct ledger *l, struct owner *owner, const struct record *r)
{
    uint8_t *seen = &owner->seen[(r->address >> 12) % SEEN_MAX];
    const struct ledger_window *w = &l->windows[*seen];

    if (w->state == WINDOW_HELD && w->process == r->process && span_holds(w->granted, r->address))
        return true;
    w = ledger_window_at(l, r->process, r->address);
    if (w)
        *seen = (uint8_t)(w - l->windows);
    return w;
}

static OUT_OF_LINE void judge_access(struct machine *m, const struct ledger *l, struct owner *owner,
                                     const struct record *r)
{
    rule_armed(m, RULE_EXCLUSIVE_OWNER);
    if (!is_held(l, owner, r))
        break_add(m, RULE_EXCLUSIVE_OWNER, r->process, r->address, DETAIL_OWNER_ACCESS, 0, 0);
}

/* Memory is reach.c's. */
static bool hears_at(const struct scenario *s, unsigned kind, uint32_t place)
{
    (void)s, (void)kind;
    return place != PLACE_MEMORY;
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    const struct ledger *l = ledger_of(m);

    if (r->process >= PROCESS_MAX)
        return;
    if (r->kind == EVENT_LOAD || r->kind == EVENT_STORE)
        judge_access(m, l, state, r);
    else if (l->added != LEDGER_NONE)
        judge_window(m, l, &l->windows[l->added]);
}

const struct monitor monitor_owner = {
    .name = "owner",
    .kinds = {KIND_EVENT(EVENT_RETURN) | KIND_EVENT(EVENT_LOAD) | KIND_EVENT(EVENT_STORE),
              KIND_NOTE(NOTE_WINDOW_GRANTED)},
    .hears_at = hears_at,
    .is_steady = true,
    .state_size = sizeof(struct owner),
    .rules = KIND_BIT(RULE_EXCLUSIVE_OWNER),
    .always = true,
    .on_record = on_record,
};
