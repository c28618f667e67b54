/* virt_turns: virt-turn and virt-callback, for each multiplexer (model/virt/virt.h), from its
 * notes: a client asks, is answered, its operation begins, is done.
 *
 *   virt-turn      between a client's asking and the beginning of its operation no other client's
 *                  operations begin twice: among n that always ask each is served once in n. A
 *                  break is told as a lasso where there is one: what is served, and who waits, is
 *                  as it was an operation of that client ago, so that the loop can go on for ever.
 *                  Operations that share another's (an ADC sample) take nobody's turn.
 *   virt-callback  each accepted operation begins once and is called back once, before the next one
 *                  begins: none without an operation, none inside the call that asks, the upcall to
 *                  the process that asked, and none of that driver at another time.
 *                  Nobody waits while nothing is under way when the kernel leaves for user mode or
 *                  sleep. An operation of the dead keeps nobody waiting for longer than
 *                  ORPHAN_MAX_PS; ours: twice a page of flash, which is erased and written anew in
 *                  pieces.
 *
 * Cannot see: an operation whose device never answers while its client lives.
 */
#include "model/process.h"
#include "model/virt/turn.h"
#include "sim/machine.h"
#include "sim/monitors.h"
#include "sim/scenario_load.h"

#define ORPHAN_MAX_PS (350 * PS_PER_MS)

enum { LOOP_MAX = 8 }; /* clients of a loop that a verdict can name */

/* What a client is to a multiplexer. OVERSHOT: it has waited for too long, and still does. */
enum { IS_ASKING = 1, WAITS = 2, IS_SERVED = 4, SHARES = 8, OVERSHOT = 16, REPORTED = 32 };

struct client {
    uint8_t is;
    uint32_t asked_at; /* how many operations had begun */
    uint32_t begun_at; /* the number of its last one, from 1; 0: none */
};

struct mux {
    uint32_t begun;         /* operations so far, but for those that share */
    uint32_t waiting_count; /* clients that wait */
    uint8_t served;         /* CLIENT_NONE: nobody */
    bool orphan;            /* ... and it has died since */
    uint8_t called_back;    /* its callback has begun; CLIENT_NONE: nobody's, or it is over */
    uint64_t orphan_since_ps;
    struct virt_result result;
    struct moment {
        uint64_t waiting; /* a hash of who waited then */
        uint8_t client;
    } history[LOOP_MAX]; /* of the operation with number n in place n % LOOP_MAX */
};

/* The state: one row for each multiplexer of the board; behind them, for each, its clients: the
 * apps, then the kernel's. */
struct virt_turns {
    uint32_t count; /* of clients, each multiplexer's */
    uint32_t rows;  /* multiplexers of this board */
    uint32_t driver_count;
    struct {
        uint32_t number, virt;
    } drivers[VIRT_NAMES]; /* those that have a multiplexer's name */
    uint8_t place[VIRTS];  /* 1 + the row; 0: not on this board */
    uint8_t last;          /* the multiplexer that has called back last */
    struct mux of[];
};

/* The kernel's components, and the multiplexer above the UART's. */
enum { OF_KERNEL = CLIENT_MAX - CLIENT_KERNEL };

static uint32_t mux_count(const struct scenario *s)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < VIRTS; i++)
        count += config_virt(&s->config, i)->present;
    return count;
}

static size_t size_for(const struct scenario *s)
{
    uint32_t clients = s->app_count + OF_KERNEL;
    uint32_t count = mux_count(s);
    return count ? sizeof(struct virt_turns) +
                       count * (sizeof(struct mux) + clients * sizeof(struct client))
                 : 0;
}

static struct mux *mux_of(struct virt_turns *t, uint32_t virt)
{
    return virt < VIRTS && t->place[virt] ? &t->of[t->place[virt] - 1] : NULL;
}

static struct client *clients_of(struct virt_turns *t, const struct mux *x)
{
    return (struct client *)&t->of[t->rows] + (size_t)(x - t->of) * t->count;
}

/* A client's place among them, and back. */
static uint32_t slot_of(const struct virt_turns *t, uint32_t client)
{
    return client < CLIENT_KERNEL ? client : t->count - OF_KERNEL + client - CLIENT_KERNEL;
}

static uint32_t client_in(const struct virt_turns *t, uint32_t slot)
{
    uint32_t apps = t->count - OF_KERNEL;
    return slot < apps ? slot : CLIENT_KERNEL + slot - apps;
}

static uint32_t virt_of_row(const struct virt_turns *t, const struct mux *x)
{
    uint32_t virt = 0;
    while (virt < VIRTS - 1 && t->place[virt] != (uint8_t)(x - t->of + 1))
        virt++;
    return virt;
}

/* A verdict's address: the multiplexer, and the client. */
static uint32_t about(const struct virt_turns *t, const struct mux *x, uint32_t client)
{
    return virt_of_row(t, x) | client << 8;
}

static uint32_t process_of(uint32_t client)
{
    return client < CLIENT_KERNEL ? client : PROCESS_NONE;
}

/* ---- virt-turn */

static uint64_t waiting_hash(struct virt_turns *t, const struct mux *x)
{
    const struct client *clients = clients_of(t, x);
    uint64_t hash = 1;
    for (uint32_t i = 0; i < t->count; i++)
        hash = hash * 31 + (clients[i].is & WAITS);
    return hash;
}

/* The clients served from operation `from` on, a byte each; what is left over is 0xff. */
static uint64_t loop_of(const struct mux *x, uint32_t from)
{
    uint64_t loop = UINT64_MAX;
    for (uint32_t i = 0; i < LOOP_MAX && from + i < x->begun; i++) {
        loop &= ~(UINT64_C(0xff) << 8 * i);
        loop |= (uint64_t)x->history[(from + i) % LOOP_MAX].client << 8 * i;
    }
    return loop;
}

static void report(struct machine *m, struct virt_turns *t, const struct mux *x, uint32_t slot,
                   enum verdict_detail detail, uint64_t got)
{
    struct client *c = &clients_of(t, x)[slot];

    c->is |= REPORTED;
    break_add(m, RULE_VIRT_TURN, process_of(client_in(t, slot)), about(t, x, client_in(t, slot)),
              detail, got, x->begun - c->asked_at);
}

/* The operation with number x->begun begins; that client's last one was number `last`. Whoever has
 * waited since before that has waited for too long. */
static void judge_turn(struct machine *m, struct virt_turns *t, struct mux *x, uint32_t last)
{
    struct client *clients = clients_of(t, x);
    bool lasso = x->begun - last < LOOP_MAX &&
                 x->history[last % LOOP_MAX].waiting == x->history[x->begun % LOOP_MAX].waiting;

    for (uint32_t i = 0; i < t->count && x->waiting_count > 0; i++) {
        if (!(clients[i].is & WAITS))
            continue;
        rule_armed(m, RULE_VIRT_TURN);
        if (last <= clients[i].asked_at || clients[i].is & REPORTED)
            continue;
        clients[i].is |= OVERSHOT;
        if (lasso)
            report(m, t, x, i, DETAIL_VIRT_LASSO, loop_of(x, last));
    }
}

/* It waits no more; if it was not told as a lasso, its wait was too long all the same. */
static void wait_ends(struct machine *m, struct virt_turns *t, struct mux *x, uint32_t slot)
{
    struct client *c = &clients_of(t, x)[slot];

    if (!(c->is & WAITS))
        return;
    if ((c->is & (OVERSHOT | REPORTED)) == OVERSHOT)
        report(m, t, x, slot, DETAIL_VIRT_TURN, t->count);
    x->waiting_count--;
    c->is &= (uint8_t) ~(WAITS | OVERSHOT | REPORTED);
}

static void count_wait(struct virt_turns *t, struct mux *x, uint32_t client)
{
    const struct client *c = &clients_of(t, x)[slot_of(t, client)];
    uint32_t waited = c->is & WAITS ? x->begun - c->asked_at : 0;

    x->result.operations++;
    x->result.clients += c->begun_at == 0;
    if (waited <= x->result.waited)
        return;
    x->result.waited = waited;
    x->result.client = (uint8_t)client;
}

/* Another operation begins: all who had the one before have been called back, or are dead. */
static void judge_called_back(struct machine *m, struct virt_turns *t, struct mux *x,
                              uint32_t client)
{
    struct client *clients = clients_of(t, x);

    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t lost = client_in(t, i);
        if (clients[i].is & (IS_SERVED | SHARES))
            break_add(m, RULE_VIRT_CALLBACK, process_of(lost), about(t, x, lost), DETAIL_VIRT_LOST,
                      process_of(client), 0);
        clients[i].is &= (uint8_t) ~(IS_SERVED | SHARES);
    }
}

static void begins(struct machine *m, struct virt_turns *t, struct mux *x, uint32_t client,
                   bool shares)
{
    uint32_t slot = slot_of(t, client);
    struct client *c = &clients_of(t, x)[slot];

    if (!(c->is & (IS_ASKING | WAITS)))
        break_add(m, RULE_VIRT_CALLBACK, process_of(client), about(t, x, client),
                  DETAIL_VIRT_UNWANTED, 0, 0);
    count_wait(t, x, client);
    wait_ends(m, t, x, slot);
    if (shares) {
        c->is |= SHARES;
        return;
    }
    judge_called_back(m, t, x, client);
    x->begun++;
    x->history[x->begun % LOOP_MAX] = (struct moment){waiting_hash(t, x), (uint8_t)client};
    judge_turn(m, t, x, c->begun_at);
    c->begun_at = x->begun;
    c->is |= IS_SERVED;
    x->served = (uint8_t)client;
    x->orphan = false;
}

/* ---- virt-callback */

static void calls_back(struct machine *m, struct virt_turns *t, struct mux *x, uint32_t client)
{
    struct client *c = &clients_of(t, x)[slot_of(t, client)];
    uint32_t virt = about(t, x, client);

    rule_armed(m, RULE_VIRT_CALLBACK);
    if (c->is & IS_ASKING)
        break_add(m, RULE_VIRT_CALLBACK, process_of(client), virt, DETAIL_VIRT_INSIDE, 0, 0);
    else if (!(c->is & (IS_SERVED | SHARES)))
        break_add(m, RULE_VIRT_CALLBACK, process_of(client), virt, DETAIL_VIRT_UNASKED, 0, 0);
    c->is &= (uint8_t) ~(IS_SERVED | SHARES);
    if (x->served == client && !x->orphan)
        x->served = CLIENT_NONE;
    x->called_back = (uint8_t)client;
    t->last = (uint8_t)virt_of_row(t, x);
}

/* The multiplexer whose driver has that number, by its name; VIRT_NAMES: some other driver's. */
static uint32_t virt_of_driver(const struct virt_turns *t, uint32_t number)
{
    for (uint32_t i = 0; i < t->driver_count; i++)
        if (t->drivers[i].number == number)
            return t->drivers[i].virt;
    return VIRT_NAMES;
}

/* An upcall of a multiplexer's own driver while nobody is called back, so perhaps in the call
 * that asks. UDP's receivers have some that are nobody's callback; the UART's driver is the
 * console's. */
static void judge_outside(struct machine *m, struct virt_turns *t, uint32_t virt, uint32_t process)
{
    const struct mux *x = mux_of(t, virt);

    if (!x || virt == VIRT_UDP || x->called_back != CLIENT_NONE ||
        process >= machine_scenario(m)->app_count)
        return;
    bool asks = clients_of(t, x)[process].is & IS_ASKING;
    break_add(m, RULE_VIRT_CALLBACK, process, about(t, x, process),
              asks ? DETAIL_VIRT_INSIDE : DETAIL_VIRT_OUTSIDE, 0, 0);
}

/* An upcall of some driver, in the callback of another client; an alarm that fires in the same stay
 * of the kernel, say, is none. One of a driver without a multiplexer's name (the console's) belongs
 * to the callback that began last: callbacks come one after another. */
static void upcall_queued(struct machine *m, struct virt_turns *t, const struct record *r)
{
    uint32_t about_virt = virt_of_driver(t, r->address);

    if (r->kind == EVENT_OF(NOTE_UPCALL_QUEUED))
        judge_outside(m, t, about_virt, r->process);
    for (uint32_t virt = 0; virt < VIRTS; virt++) {
        const struct mux *x = mux_of(t, virt);
        if (x && (about_virt == virt || (about_virt == VIRT_NAMES && virt == t->last)) &&
            x->called_back != CLIENT_NONE && x->called_back != r->process)
            break_add(m, RULE_VIRT_CALLBACK, r->process, about(t, x, r->process),
                      DETAIL_VIRT_FOREIGN, process_of(x->called_back), 0);
    }
}

/* The first who waits. */
static uint32_t waits_first(struct virt_turns *t, const struct mux *x)
{
    const struct client *clients = clients_of(t, x);
    uint32_t slot = 0;
    while (slot < t->count - 1 && !(clients[slot].is & WAITS))
        slot++;
    return client_in(t, slot);
}

/* An operation of the dead is under way for too long. */
static bool is_stuck(const struct mux *x, uint64_t now_ps)
{
    return x->orphan && now_ps - x->orphan_since_ps > ORPHAN_MAX_PS;
}

static OUT_OF_LINE void idle_broken(struct machine *m, struct virt_turns *t, const struct mux *x,
                                    bool over)
{
    uint32_t waits = waits_first(t, x);
    break_add(m, RULE_VIRT_CALLBACK, process_of(waits), about(t, x, waits),
              over ? DETAIL_VIRT_ORPHAN : DETAIL_VIRT_FORGOTTEN, process_of(x->served), 0);
}

/* The kernel leaves: it has done what it could. */
static void judge_idle(struct machine *m, struct virt_turns *t, struct mux *x, uint64_t now_ps)
{
    x->called_back = CLIENT_NONE;
    bool over = is_stuck(x, now_ps);
    if (x->waiting_count > 0 && (x->served == CLIENT_NONE || over))
        idle_broken(m, t, x, over);
}

static void answered(struct machine *m, struct virt_turns *t, struct mux *x, uint32_t client,
                     uint32_t err)
{
    struct client *c = &clients_of(t, x)[slot_of(t, client)];

    c->is &= (uint8_t)~IS_ASKING;
    if (err || c->is & (IS_SERVED | SHARES | WAITS))
        return;
    c->is |= WAITS;
    c->asked_at = x->begun;
    x->waiting_count++;
    peak_reach(m, PEAK_CLIENTS, x->waiting_count);
}

static void dies(struct machine *m, struct virt_turns *t, struct mux *x, uint32_t client,
                 uint64_t now_ps)
{
    struct client *c = &clients_of(t, x)[slot_of(t, client)];

    wait_ends(m, t, x, slot_of(t, client));
    if (x->served == client && c->is & IS_SERVED) {
        x->orphan = true;
        x->orphan_since_ps = now_ps;
    }
    c->is = 0;
}

/* ---- */

static OUT_OF_LINE void on_virt(struct machine *m, struct virt_turns *t, const struct record *r)
{
    uint32_t client = pair_low(r->value), more = pair_high(r->value);
    struct mux *x = mux_of(t, r->address);

    if (!x || client >= CLIENT_MAX || slot_of(t, client) >= t->count)
        return;
    x->called_back = CLIENT_NONE;
    switch (r->kind) {
    case EVENT_OF(NOTE_CLIENT_ASKS):
        clients_of(t, x)[slot_of(t, client)].is |= IS_ASKING;
        break;
    case EVENT_OF(NOTE_CLIENT_ANSWERED):
        answered(m, t, x, client, more);
        break;
    case EVENT_OF(NOTE_CLIENT_BEGUN):
        begins(m, t, x, client, more);
        break;
    default:
        calls_back(m, t, x, client);
        break;
    }
}

static OUT_OF_LINE void on_end(struct machine *m, struct virt_turns *t, const struct record *r)
{
    for (uint32_t i = 0; i < t->rows && r->process < machine_scenario(m)->app_count; i++)
        dies(m, t, &t->of[i], r->process, r->at_ps);
}

static void judge_all_idle(struct machine *m, struct virt_turns *t, uint64_t now_ps)
{
    for (uint32_t i = 0; i < t->rows; i++)
        judge_idle(m, t, &t->of[i], now_ps);
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct virt_turns *t = state;

    switch (r->kind) {
    case EVENT_OF(NOTE_PROCESS_END):
        on_end(m, t, r);
        break;
    case EVENT_OF(NOTE_UPCALL_QUEUED):
    case EVENT_OF(NOTE_UPCALL_DROPPED):
        upcall_queued(m, t, r);
        break;
    case EVENT_OF(NOTE_LINE_SERVICED): /* what the kernel does next is no callback's */
        for (uint32_t i = 0; i < t->rows; i++)
            t->of[i].called_back = CLIENT_NONE;
        break;
    case EVENT_RUN:
    case EVENT_SLEEP:
        judge_all_idle(m, t, r->at_ps);
        break;
    default:
        on_virt(m, t, r);
        break;
    }
}

const struct virt_result *virt_result(const struct machine *m, uint32_t virt)
{
    struct virt_turns *t = machine_monitor_state((struct machine *)m, MONITOR_virt_turns);
    const struct mux *x = t ? mux_of(t, virt) : NULL;

    return x && x->result.operations ? &x->result : NULL;
}

static void judge_check(struct machine *m, uint32_t index)
{
    const struct check *check = &machine_scenario(m)->checks[index];
    const struct virt_result *result = virt_result(m, check->number);
    uint32_t waited = result ? result->waited : 0;

    if (result && result->clients > 1)
        check_armed(m, index);
    if (waited < check->min || waited > check->max)
        break_of_check(m, index, PROCESS_NONE,
                       check->number | (result ? result->client : CLIENT_NONE) << 8,
                       DETAIL_VIRT_WAITED, waited, 0);
}

static void at_end(struct machine *m, void *state)
{
    const struct scenario *s = machine_scenario(m);
    struct virt_turns *t = state;

    for (uint32_t i = 0; i < s->check_count; i++)
        if (s->checks[i].kind == CHECK_TURNS)
            judge_check(m, i);

    for (uint32_t i = 0; i < t->rows; i++) {
        if (is_stuck(&t->of[i], machine_now_ps(m)))
            judge_idle(m, t, &t->of[i], machine_now_ps(m));
        for (uint32_t slot = 0; slot < t->count; slot++)
            wait_ends(m, t, &t->of[i], slot);
    }
}

static void find_drivers(const struct kernel_config *config, struct virt_turns *t)
{
    for (uint32_t virt = 0; virt < VIRT_NAMES; virt++) {
        uint32_t number;
        if (!virt_driver_number(config, virt, &number))
            continue;
        t->drivers[t->driver_count].number = number;
        t->drivers[t->driver_count++].virt = virt;
    }
}

static void start(struct machine *m, void *state)
{
    const struct scenario *s = machine_scenario(m);
    struct virt_turns *t = state;
    uint8_t row = 0;

    t->count = s->app_count + OF_KERNEL;
    find_drivers(&s->config, t);
    for (uint32_t i = 0; i < VIRTS; i++) {
        if (!config_virt(&s->config, i)->present)
            continue;
        t->of[row].served = t->of[row].called_back = CLIENT_NONE;
        t->place[i] = ++row;
    }
    t->rows = row;
}

const struct monitor monitor_virt_turns = {
    .name = "virt_turns",
    .kinds = {KIND_EVENT(EVENT_RUN) | KIND_EVENT(EVENT_SLEEP),
              KIND_NOTE(NOTE_CLIENT_ASKS) | KIND_NOTE(NOTE_CLIENT_ANSWERED) |
                  KIND_NOTE(NOTE_CLIENT_BEGUN) | KIND_NOTE(NOTE_CLIENT_DONE) |
                  KIND_NOTE(NOTE_PROCESS_END) | KIND_NOTE(NOTE_UPCALL_QUEUED) |
                  KIND_NOTE(NOTE_UPCALL_DROPPED) | KIND_NOTE(NOTE_LINE_SERVICED)},
    .size_for = size_for,
    .rules = KIND_BIT(RULE_VIRT_TURN) | KIND_BIT(RULE_VIRT_CALLBACK),
    .always = true,
    .start = start,
    .on_record = on_record,
    .at_end = at_end,
};
