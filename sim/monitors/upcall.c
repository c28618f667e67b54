/* upcall: upcall-once.
 *
 * Keeps a queue for each app from the kernel's notes (queued, cancelled, dropped, delivered), and
 * the subscriptions from the app's own successful Subscribe calls. Judges:
 *
 *   - what is delivered was waiting (in a yield-wait-for: if it has a handler), and no older upcall
 *     with a handler was passed over;
 *   - the handler that begins in the app, and its appdata, are what the app subscribed;
 *   - a handler begins only after a delivery, never null;
 *   - a successful Subscribe leaves no old upcall of its (driver, number) waiting, and forgets no
 *     other; one that is refused forgets none; of a device that is given back one at most goes;
 *   - at most 10 wait, and one in the slot of yield-wait-for; the kernel's count of the others is
 *     not below ours;
 *   - the interrupt of a lent device and the alarm of an app that has a handler for it is queued,
 *     or noted as dropped;
 *   - each drop raises the kernel's count by one, and no end of a life lowers it; and what a
 *     yield-wait-for waits for is not dropped.
 *
 * Cannot see: events of null upcalls, which the kernel keeps without a note for a later
 * yield-wait-for; the arguments r0 to r2 (of lent devices: interrupt.c). Two waiting upcalls of
 * one (driver, number) are alike. More than SUBSCRIPTION_MAX subscriptions: those beyond are not
 * judged.
 */
#include "sim/monitors/upcall.h"
#include "sim/machine.h"
#include <string.h>

enum {
    WAITING_MAX = UPCALL_MAX + 1, /* and the slot */
    SUBSCRIPTION_MAX = 256,
    DRIVER_ALARM = 0x0,     /* model/services.h */
    NO_NUMBER = 0xffffffff, /* every number of the driver */
};

struct waiting {
    uint32_t driver;
    uint32_t number;
};

struct subscription {
    uint16_t process;
    bool used;
    struct waiting what;
    uint32_t function, appdata;
};

struct upcalls {
    struct queue {
        uint32_t count;
        struct waiting waiting[WAITING_MAX];
        uint32_t dropped;      /* as the kernel counts */
        uint32_t before_swap;  /* of the (driver, number) that Subscribe is about: still there */
        uint32_t cancelled;    /* by the Subscribe that is open */
        bool unordered;        /* some of several alike are gone: their order is not known */
        bool answered;         /* a yield-wait-for: it has its event, and has not returned yet */
        bool delivered;        /* and not yet begun in the app: */
        struct waiting begins; /* this one */
    } of[PROCESS_MAX];
    uint32_t subscription_end; /* rows from here on were never used */
    bool forgets;              /* there was no row for one */
    uint8_t owed;              /* 1 + the process whose upcall must be noted next; 0: none */
    struct subscription subscriptions[SUBSCRIPTION_MAX];
};

/* ---- subscriptions, as the app made them */

static bool same(struct waiting a, struct waiting b)
{
    return a.driver == b.driver && (a.number == b.number || b.number == NO_NUMBER);
}

static const struct subscription *subscription_of(const struct upcalls *u, uint32_t process,
                                                  struct waiting what)
{
    for (uint32_t i = 0; i < u->subscription_end; i++) {
        const struct subscription *s = &u->subscriptions[i];
        if (s->used && s->process == process && same(s->what, what))
            return s;
    }
    return NULL;
}

static void subscribe(struct upcalls *u, uint32_t process, struct waiting what, uint32_t function,
                      uint32_t appdata)
{
    struct subscription *s = (struct subscription *)subscription_of(u, process, what);

    for (uint32_t i = 0; i < u->subscription_end && !s; i++)
        if (!u->subscriptions[i].used)
            s = &u->subscriptions[i];
    if (!s && u->subscription_end < SUBSCRIPTION_MAX)
        s = &u->subscriptions[u->subscription_end++];
    u->forgets |= !s;
    if (s)
        *s = (struct subscription){(uint16_t)process, true, what, function, appdata};
}

static OUT_OF_LINE void forget_life(struct upcalls *u, uint32_t process)
{
    uint32_t dropped = u->of[process].dropped;

    for (uint32_t i = 0; i < u->subscription_end; i++)
        if (u->subscriptions[i].process == process)
            u->subscriptions[i].used = false;
    u->of[process] = (struct queue){.dropped = dropped};
}

/* ---- the queue */

static uint32_t count_of(const struct queue *q, struct waiting what)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < q->count; i++)
        count += same(q->waiting[i], what);
    return count;
}

/* Place of the oldest, or q->count. */
static uint32_t oldest(const struct queue *q, struct waiting what)
{
    uint32_t i = 0;

    while (i < q->count && !same(q->waiting[i], what))
        i++;
    return i;
}

static void take(struct queue *q, uint32_t place)
{
    q->count--;
    q->unordered = q->unordered && q->count > 0;
    memmove(&q->waiting[place], &q->waiting[place + 1], (q->count - place) * sizeof q->waiting[0]);
}

/* One of those that wait is in the slot: the process waits for just that, and has not been let go
 * on. The kernel's queue is without it. */
static bool slot_is_full(struct machine *m, const struct queue *q, uint32_t process)
{
    const struct ledger *l = ledger_of(m);
    const struct ledger_process *p = &l->processes[process];

    return ledger_waits(p) && p->args[0] == YIELD_WAIT_FOR &&
           oldest(q, (struct waiting){p->args[1], p->args[2]}) < q->count;
}

static uint32_t kinds_of(const struct queue *q)
{
    uint32_t kinds = 0;

    for (uint32_t i = 0; i < q->count; i++)
        kinds += oldest(q, q->waiting[i]) == i;
    return kinds;
}

static OUT_OF_LINE void on_queued(struct machine *m, struct queue *q, const struct record *r)
{
    uint32_t says = pair_high(r->value) + slot_is_full(m, q, r->process);

    rule_armed(m, RULE_UPCALL_ONCE);
    if (q->count == WAITING_MAX) {
        break_add(m, RULE_UPCALL_ONCE, r->process, 0, DETAIL_UPCALL_FULL, q->count + 1u,
                  WAITING_MAX);
        return;
    }
    q->waiting[q->count++] = (struct waiting){r->address, pair_low(r->value)};
    peak_reach(m, PEAK_UPCALLS, q->count);
    peak_reach(m, PEAK_UPCALL_KINDS, kinds_of(q));
    if (says < q->count || says > WAITING_MAX)
        break_add(m, RULE_UPCALL_ONCE, r->process, 0, DETAIL_UPCALL_COUNT, q->count, says);
}

/* So many of them; which, the note does not say if others stay (a device given back). */
static OUT_OF_LINE void on_cancelled(struct queue *q, struct waiting what, uint32_t times)
{
    uint32_t place;

    for (; times > 0 && (place = oldest(q, what)) < q->count; times--) {
        take(q, place);
        if (q->before_swap > 0)
            q->before_swap--;
    }
    q->unordered = q->count > 0 && (q->unordered || count_of(q, what) > 0);
}

static void lost(struct machine *m, uint32_t process, uint32_t driver, uint32_t times)
{
    break_add(m, RULE_UPCALL_ONCE, process, 0, DETAIL_UPCALL_LOST, times, driver);
}

/* A Subscribe forgets those of its own number; a device that is given back, the one of that device
 * which may wait. Outside of these calls it is a dead app's affair. */
static OUT_OF_LINE void judge_cancelled(struct machine *m, struct queue *q, const struct record *r)
{
    const struct ledger_process *p = &ledger_of(m)->processes[r->process];
    uint32_t number = pair_low(r->value), times = pair_high(r->value);

    if (p->call_open && p->call_class == SYSCALL_SUBSCRIBE) {
        q->cancelled = times;
        if (r->address != p->args[0] || number != p->args[1])
            lost(m, r->process, r->address, times);
    } else if (p->call_open && is_passthrough_command(m, p, COMMAND_RELEASE) && times > 1) {
        lost(m, r->process, r->address, times);
    }
}

/* For which a place is kept, whatever else waits. */
static bool is_waited_for(const struct ledger_process *p, const struct record *r)
{
    return ledger_waits(p) && p->args[0] == YIELD_WAIT_FOR && p->args[1] == r->address &&
           p->args[2] == pair_low(r->value);
}

/* The new one when the queue is full, of bare events that no note tells, or the process has had
 * what it waits for; else the oldest, which had become rubbish. */
static OUT_OF_LINE void on_dropped(struct machine *m, struct queue *q, const struct record *r)
{
    uint32_t says = pair_high(r->value);
    uint32_t place = oldest(q, (struct waiting){r->address, pair_low(r->value)});

    rule_armed(m, RULE_UPCALL_ONCE);
    if (says != q->dropped + 1)
        break_add(m, RULE_UPCALL_ONCE, r->process, 0, DETAIL_UPCALL_DROPS, says, q->dropped + 1u);
    q->dropped = says;
    bool is_waited = is_waited_for(&ledger_of(m)->processes[r->process], r);
    if (is_waited && place == q->count && !q->answered)
        lost(m, r->process, r->address, 1);
    if (!is_waited && q->count < UPCALL_MAX && place == 0 && q->count > 0)
        take(q, place);
}

static bool has_handler(const struct upcalls *u, uint32_t process, struct waiting what)
{
    const struct subscription *s = subscription_of(u, process, what);

    return s && s->function != 0;
}

static OUT_OF_LINE void on_delivered(struct machine *m, const struct upcalls *u, struct queue *q,
                                     const struct record *r)
{
    struct waiting what = {r->address, pair_low(r->value)};
    uint32_t place = oldest(q, what);
    bool to_handler = pair_high(r->value) != 0;

    rule_armed(m, RULE_UPCALL_ONCE);
    q->delivered = to_handler;
    q->answered = !to_handler;
    q->begins = what;
    if (place == q->count) {
        /* Else the event of a null upcall, which is queued without a note: a subscription cancels
         * all of those. */
        if (to_handler || has_handler(u, r->process, what))
            break_add(m, RULE_UPCALL_ONCE, r->process, 0, DETAIL_UPCALL_UNQUEUED, what.driver, 0);
        return;
    }
    for (uint32_t i = 0; i < place && to_handler && !q->unordered; i++)
        if (has_handler(u, r->process, q->waiting[i]))
            break_add(m, RULE_UPCALL_ONCE, r->process, 0, DETAIL_UPCALL_ORDER, what.driver,
                      q->waiting[i].driver);
    take(q, place);
}

/* ---- the app's side */

static OUT_OF_LINE void on_handler(struct machine *m, const struct upcalls *u, struct queue *q,
                                   const struct record *r)
{
    if (!q->delivered) {
        break_add(m, RULE_UPCALL_ONCE, r->process, r->address, DETAIL_UPCALL_SILENT, 0, 0);
        return;
    }
    const struct subscription *s = subscription_of(u, r->process, q->begins);
    if (r->address == 0 || (s && s->function != r->address))
        break_add(m, RULE_UPCALL_ONCE, r->process, r->address, DETAIL_UPCALL_FUNCTION, 0,
                  s ? s->function : 0);
}

static OUT_OF_LINE void on_handler_more(struct machine *m, const struct upcalls *u, struct queue *q,
                                        const struct record *r)
{
    const struct subscription *s = subscription_of(u, r->process, q->begins);

    if (q->delivered && s && s->appdata != pair_high(r->value))
        break_add(m, RULE_UPCALL_ONCE, r->process, r->address, DETAIL_UPCALL_FUNCTION, 0,
                  s->function);
    q->delivered = false;
}

static struct waiting subscribed_by(const struct ledger_process *p)
{
    return (struct waiting){p->args[0], p->args[1]};
}

static OUT_OF_LINE void on_subscribed(struct machine *m, struct upcalls *u, const struct queue *q,
                                      const struct record *r)
{
    const struct ledger_process *p = &ledger_of(m)->processes[r->process];

    if (q->before_swap)
        break_add(m, RULE_UPCALL_ONCE, r->process, 0, DETAIL_UPCALL_SWAP, q->before_swap,
                  p->args[0]);
    subscribe(u, r->process, subscribed_by(p), p->args[2], p->args[3]);
}

static void on_returned(struct machine *m, struct upcalls *u, struct queue *q,
                        const struct record *r)
{
    const struct ledger *l = ledger_of(m);

    q->answered = false;
    if (!l->returning || l->processes[r->process].call_class != SYSCALL_SUBSCRIBE)
        return;
    if (r->address >= RETURN_SUCCESS)
        on_subscribed(m, u, q, r);
    else if (q->cancelled)
        lost(m, r->process, l->processes[r->process].args[0], q->cancelled);
    q->cancelled = 0;
}

static void on_called(const struct ledger_process *p, struct queue *q)
{
    bool is_swap = p->call_class == SYSCALL_SUBSCRIBE && q->count > 0;

    q->before_swap = is_swap ? count_of(q, subscribed_by(p)) : 0;
}

/* ---- what must be queued */

static OUT_OF_LINE void judge_owed(struct machine *m, struct upcalls *u, const struct record *r)
{
    uint32_t process = u->owed - 1u;
    bool is_noted =
        r->kind == EVENT_OF(NOTE_UPCALL_QUEUED) || r->kind == EVENT_OF(NOTE_UPCALL_DROPPED);

    u->owed = 0;
    if ((!is_noted || r->process != process) &&
        !ledger_block_is_broken(m, ledger_of(m)->processes[process].block))
        break_add(m, RULE_UPCALL_ONCE, process, 0, DETAIL_UPCALL_OWED, 0, 0);
}

/* Unless it is just about to swap handlers: which holds, its return says. */
static void owes(struct machine *m, struct upcalls *u, uint32_t process, uint32_t driver)
{
    const struct ledger_process *p = &ledger_of(m)->processes[process];
    bool swaps = p->call_open && p->call_class == SYSCALL_SUBSCRIBE;

    if (p->live && !swaps && has_handler(u, process, (struct waiting){driver, 0}))
        u->owed = (uint8_t)(process + 1);
}

/* A flat switch. */
static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct upcalls *u = state;

    if (u->owed)
        judge_owed(m, u, r);
    if (r->process >= PROCESS_MAX)
        return;
    struct queue *q = &u->of[r->process];
    switch (r->kind) {
    case EVENT_SYSCALL:
        on_called(&ledger_of(m)->processes[r->process], q);
        break;
    case EVENT_RETURN:
        on_returned(m, u, q, r);
        break;
    case EVENT_UPCALL:
        on_handler(m, u, q, r);
        break;
    case EVENT_UPCALL_MORE:
        on_handler_more(m, u, q, r);
        break;
    case EVENT_OF(NOTE_PROCESS_LOADED):
    case EVENT_OF(NOTE_PROCESS_END):
        forget_life(u, r->process);
        break;
    case EVENT_OF(NOTE_UPCALL_QUEUED):
        on_queued(m, q, r);
        break;
    case EVENT_OF(NOTE_UPCALL_DROPPED):
        on_dropped(m, q, r);
        break;
    case EVENT_OF(NOTE_UPCALL_CANCELLED):
        judge_cancelled(m, q, r);
        on_cancelled(q, (struct waiting){r->address, pair_low(r->value)}, pair_high(r->value));
        break;
    case EVENT_OF(NOTE_UPCALL_DELIVERED):
        on_delivered(m, u, q, r);
        break;
    case EVENT_OF(NOTE_LINE_SERVICED):
        owes(m, u, r->process, machine_scenario(m)->config.passthrough_driver);
        break;
    case EVENT_OF(NOTE_ALARM_FIRED):
        owes(m, u, r->process, DRIVER_ALARM);
        break;
    default:
        break;
    }
}

/* ---- for others */

bool process_has_handler(struct machine *m, uint32_t process, uint32_t driver, uint32_t number)
{
    const struct upcalls *u = machine_monitor_state(m, MONITOR_upcall);

    return has_handler(u, process, (struct waiting){driver, number});
}

bool process_subscribed(struct machine *m, uint32_t process, uint32_t driver, uint32_t number,
                        uint32_t *function, uint32_t *appdata)
{
    const struct upcalls *u = machine_monitor_state(m, MONITOR_upcall);
    const struct subscription *s = subscription_of(u, process, (struct waiting){driver, number});

    *function = s ? s->function : 0;
    *appdata = s ? s->appdata : 0;
    return s || !u->forgets;
}

bool process_would_run(struct machine *m, const struct ledger *l, uint32_t process)
{
    const struct upcalls *u = machine_monitor_state(m, MONITOR_upcall);
    const struct ledger_process *p = &l->processes[process];
    const struct queue *q = &u->of[process];

    if (!p->live || p->doomed)
        return false;
    if (!ledger_waits(p))
        return true;
    if (p->args[0] == YIELD_WAIT_FOR)
        return q->answered || oldest(q, (struct waiting){p->args[1], p->args[2]}) < q->count;
    for (uint32_t i = 0; i < q->count; i++)
        if (has_handler(u, process, q->waiting[i]))
            return true;
    return q->delivered;
}

const struct monitor monitor_upcall = {
    .name = "upcall",
    .kinds = {KIND_EVENT(EVENT_SYSCALL) | KIND_EVENT(EVENT_RETURN) | KIND_EVENT(EVENT_UPCALL) |
                  KIND_EVENT(EVENT_UPCALL_MORE),
              KIND_NOTE(NOTE_PROCESS_LOADED) | KIND_NOTE(NOTE_PROCESS_END) |
                  KIND_NOTE(NOTE_UPCALL_QUEUED) | KIND_NOTE(NOTE_UPCALL_DROPPED) |
                  KIND_NOTE(NOTE_UPCALL_CANCELLED) | KIND_NOTE(NOTE_UPCALL_DELIVERED) |
                  KIND_NOTE(NOTE_LINE_SERVICED) | KIND_NOTE(NOTE_ALARM_FIRED)},
    .state_size = sizeof(struct upcalls),
    .rows = {ROWS_OF_APPS(upcalls, of),
             ROWS_FROM_UP_TO(upcalls, subscriptions, 0, subscription_end)},
    .rules = KIND_BIT(RULE_UPCALL_ONCE),
    .always = true,
    .on_record = on_record,
};
