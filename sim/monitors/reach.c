/* reach: reach, stale-mpu, over-exposure, and what was asked of the last by a check.
 *
 * Judges, before each first instruction in user mode, what unprivileged code can touch, from the
 * decoded MPU: at every address where a verdict may change, by byte, for reading, writing,
 * executing.
 * Wanted is what the ledger says: flash read and execute, [memory start, app break) and the windows
 * lent read and write, nothing else. Past the break the same is allowed to the end of the smallest
 * piece (sub-region or small region) that the break falls into, but never at or past the kernel
 * break.
 *
 *   more than that, and it is another app's, or of an earlier life or loan  --> stale-mpu
 *   more than that, and it is nobody's or the kernel's; or less             --> reach
 *   a window as the filter widened it, beyond what was asked, where no board file says so
 *                                                                           --> over-exposure
 *
 * Also judges each load, store and fetch of an app that went through, in RAM and flash.
 *
 * A sweep is made only when the registers or the ledger's word on this process differ from those
 * judged last for it; and not when they say, word for word, what the last sweep found right: a new
 * life mostly has what the one before it began with. Cannot see: a region that was wrong and right
 * again between two switches to user mode, which no unprivileged code could use; the breaks
 * themselves (layout.c); the private peripheral bus, which the bus refuses to user mode and not the
 * MPU.
 */
#include "sim/machine.h"
#include "sim/monitors/ledger.h"

enum {
    OWN_EDGE_MAX = 8 + 4 * WINDOW_MAX * 2 + 2 * BOARD_EXPOSURE_MAX,
    EDGE_MAX = MPU_ARMV7M_BOUNDARY_MAX + OWN_EDGE_MAX,
};
static const struct span private_bus = {0xe0000000, 0x100000};
#define ADDRESS_END (UINT64_C(1) << 32)

struct reach {
    struct judged {
        uint64_t at; /* hash of the MPU's registers and the ledger's version; 0: never */
        uint64_t
            right; /* of the registers and all that is wanted of them; 0: a sweep found wrong */
    } judged[PROCESS_MAX];
    struct exposure_result exposures[PROCESS_MAX];
    /* The registers' hash as it was last, good as long as these two stand still. */
    uint64_t hash;
    uint64_t region_changes;
    uint8_t ctrl;
};

struct sweep {
    struct machine *m;
    const struct ledger *l;
    const struct mpu_armv7m *mpu;
    uint32_t process;
    uint32_t slack_end;
    size_t edge_count;
    uint64_t edges[EDGE_MAX];
    /* The run of neighbouring bytes with one thing wrong. */
    uint32_t excess, lack;
    uint64_t first, end;
    struct exposure_result exposure;
    uint32_t undeclared, undeclared_first;
};

/* ---- edges: wherever the MPU's verdict or the expectation may change, ascending */

struct edges {
    size_t count;
    uint64_t at[OWN_EDGE_MAX];
};

static void edge_add(struct edges *e, uint64_t at)
{
    size_t i = e->count;

    if (e->count == OWN_EDGE_MAX)
        return; /* cannot be: sized for all that is added */
    for (; i > 0 && e->at[i - 1] > at; i--)
        e->at[i] = e->at[i - 1];
    e->at[i] = at;
    e->count++;
}

static void edge_add_span(struct edges *e, struct span span)
{
    if (!span_valid(span))
        return;
    edge_add(e, span.base);
    edge_add(e, (uint64_t)span.base + span.size);
}

static void edges_of_process(const struct sweep *s, struct edges *e)
{
    const struct ledger_process *p = &s->l->processes[s->process];
    const struct scenario *scenario = machine_scenario(s->m);

    edge_add_span(e, scenario->images[s->process].flash);
    edge_add_span(e, p->block);
    edge_add(e, p->app_break);
    edge_add(e, s->slack_end);
    for (uint32_t i = 0; i < s->l->window_end; i++) {
        const struct ledger_window *w = &s->l->windows[i];
        if (w->state != WINDOW_HELD || w->process != s->process)
            continue;
        edge_add_span(e, w->granted);
        edge_add_span(e, w->asked);
    }
    for (uint32_t i = 0; i < scenario->board.exposure_count; i++)
        edge_add_span(e, scenario->board.exposures[i].span);
}

static void edges_find(struct sweep *s)
{
    uint64_t theirs[MPU_ARMV7M_BOUNDARY_MAX];
    size_t count = mpu_armv7m_boundaries(s->mpu, theirs, MPU_ARMV7M_BOUNDARY_MAX);
    struct edges own = {0};
    size_t a = 0;
    size_t b = 0;

    edges_of_process(s, &own);
    while (a < count || b < own.count) {
        bool take_own = a == count || (b < own.count && own.at[b] < theirs[a]);
        uint64_t at = take_own ? own.at[b++] : theirs[a++];
        if (s->edge_count == 0 || s->edges[s->edge_count - 1] != at)
            s->edges[s->edge_count++] = at;
    }
}

/* ---- what user mode may do, and can */

/* Where what the unit cannot cut ends: the end of the sub-region, or of the region without any,
 * that the break falls into; never past the kernel break. */
static uint32_t slack_end(const struct mpu_armv7m *mpu, const struct ledger_process *p)
{
    struct access access = {.address = p->app_break, .size = 1, .kind = ACCESS_WRITE};
    struct mpu_verdict verdict = mpu_armv7m_check(mpu, access);

    if (!verdict.allowed || verdict.region < 0)
        return p->app_break;
    uint64_t piece = UINT64_C(2) << (mpu->rasr[verdict.region] >> 1 & 31);
    if (verdict.subregion >= 0)
        piece /= 8;
    uint64_t end = (p->app_break + piece - 1) / piece * piece;
    return end < p->kernel_break ? (uint32_t)end : p->kernel_break;
}

static uint32_t rights_wanted(const struct sweep *s, uint32_t address, uint32_t can)
{
    const struct ledger_process *p = &s->l->processes[s->process];

    if (span_holds(private_bus, address))
        return can & (RIGHT_READ | RIGHT_WRITE);
    if (p->live && address >= p->app_break && address < s->slack_end)
        return can == (RIGHT_READ | RIGHT_WRITE) ? can : 0;
    return ledger_rights(s->m, s->l, s->process, address);
}

/* ---- whose the bytes are */

static bool belongs_to_other(const struct sweep *s, struct span run)
{
    const struct scenario *scenario = machine_scenario(s->m);

    for (uint32_t i = 0; i < scenario->app_count; i++)
        if (i != s->process && (span_meets(s->l->processes[i].block, run) ||
                                span_meets(scenario->images[i].flash, run)))
            return true;
    return ledger_holder(s->l, run, s->process) != PROCESS_NONE;
}

static bool belongs_to_past(const struct sweep *s, struct span run)
{
    const struct ledger_process *p = &s->l->processes[s->process];

    if (span_holds(p->block, run.base) && run.base < p->past_end)
        return true;
    for (uint32_t i = 0; i < s->l->window_end; i++)
        if (s->l->windows[i].state == WINDOW_PAST && span_meets(s->l->windows[i].granted, run))
            return true;
    return false;
}

static enum verdict_detail detail_of(uint32_t excess)
{
    if (excess & RIGHT_WRITE)
        return DETAIL_REACH_WRITE;
    return excess & RIGHT_EXECUTE ? DETAIL_REACH_EXECUTE : DETAIL_REACH_READ;
}

static void run_report(struct sweep *s)
{
    uint64_t size = s->end - s->first;
    struct span run = {(uint32_t)s->first, size > UINT32_MAX ? UINT32_MAX : (uint32_t)size};

    if (s->excess && belongs_to_other(s, run))
        break_add(s->m, RULE_STALE_MPU, s->process, run.base, DETAIL_STALE_OTHER, size, 0);
    else if (s->excess && belongs_to_past(s, run))
        break_add(s->m, RULE_STALE_MPU, s->process, run.base, DETAIL_STALE_LIFE, size, 0);
    else if (s->excess)
        break_add(s->m, RULE_REACH, s->process, run.base, detail_of(s->excess), size, 0);
    else if (s->lack)
        break_add(s->m, RULE_REACH, s->process, run.base, DETAIL_REACH_LACKS, size, 0);
    s->excess = s->lack = 0;
}

/* ---- over-exposure */

static bool was_asked(const struct sweep *s, uint32_t address)
{
    for (uint32_t i = 0; i < s->l->window_end; i++) {
        const struct ledger_window *w = &s->l->windows[i];
        if (w->state == WINDOW_HELD && w->process == s->process && span_holds(w->asked, address))
            return true;
    }
    return false;
}

static bool is_declared(const struct sweep *s, uint32_t address)
{
    const struct board *board = &machine_scenario(s->m)->board;

    for (uint32_t i = 0; i < board->exposure_count; i++)
        if (span_holds(board->exposures[i].span, address))
            return true;
    return false;
}

static void expose(struct sweep *s, uint64_t first, uint64_t end)
{
    uint32_t at = (uint32_t)first;
    uint32_t size = (uint32_t)(end - first);

    if (!ledger_window_at(s->l, s->process, at) || was_asked(s, at))
        return;
    struct exposure_result *x = &s->exposure;
    if (x->bytes == 0)
        x->first = (struct span){at, size};
    else if (x->first.base + x->first.size == at)
        x->first.size += size;
    x->bytes += size;
    if (is_declared(s, at))
        return;
    if (s->undeclared == 0)
        s->undeclared_first = at;
    s->undeclared += size;
}

/* Devices that a granted window meets and no request does. */
static uint32_t foreign_devices(const struct sweep *s)
{
    const struct board *board = &machine_scenario(s->m)->board;
    uint32_t count = 0;

    for (uint32_t d = 0; d < board->device_count; d++) {
        bool granted = false;
        bool asked = board->devices[d].alias_of != BOARD_NONE;
        for (uint32_t i = 0; i < LEDGER_WINDOW_MAX && !asked; i++) {
            const struct ledger_window *w = &s->l->windows[i];
            if (w->state != WINDOW_HELD || w->process != s->process)
                continue;
            granted |= span_meets(w->granted, board->devices[d].window);
            asked |= span_meets(w->asked, board->devices[d].window);
        }
        count += granted && !asked;
    }
    return count;
}

static void exposure_keep(struct sweep *s, struct exposure_result *worst)
{
    rule_armed(s->m, RULE_OVER_EXPOSURE);
    if (s->undeclared)
        break_add(s->m, RULE_OVER_EXPOSURE, s->process, s->undeclared_first, DETAIL_EXPOSURE,
                  s->undeclared, 0);
    if (s->exposure.bytes <= worst->bytes)
        return;
    s->exposure.devices = foreign_devices(s);
    *worst = s->exposure;
}

/* ---- the sweep */

static void interval_judge(struct sweep *s, uint64_t first, uint64_t end)
{
    uint32_t can = mpu_armv7m_user_rights(s->mpu, (uint32_t)first);
    uint32_t may = rights_wanted(s, (uint32_t)first, can);
    uint32_t excess = can & ~may;
    uint32_t lack = may & ~can;

    if (excess != s->excess || lack != s->lack || s->end != first) {
        run_report(s);
        s->first = first;
    }
    s->excess = excess;
    s->lack = lack;
    s->end = end;
    expose(s, first, end);
}

/* False: something was exposed beyond what was asked. */
static bool sweep(struct machine *m, const struct ledger *l, uint32_t process,
                  struct exposure_result *worst)
{
    struct sweep s = {.m = m, .l = l, .mpu = machine_mpu(m), .process = process};

    s.slack_end = slack_end(s.mpu, &l->processes[process]);
    edges_find(&s);
    for (size_t i = 0; i + 1 < s.edge_count; i++)
        interval_judge(&s, s.edges[i], s.edges[i + 1]);
    run_report(&s);
    exposure_keep(&s, worst);
    return s.exposure.bytes == 0;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static OUT_OF_LINE uint64_t registers_hash(const struct mpu_armv7m *mpu)
{
    uint64_t hash = mix(1, mpu->ctrl);

    for (uint32_t i = 0; i < mpu->region_count; i++)
        hash = mix(hash, pair(mpu->rbar[i], mpu->rasr[i]));
    return hash;
}

static uint64_t registers_now(struct reach *reach, const struct mpu_armv7m *mpu)
{
    if (reach->hash && reach->region_changes == mpu->region_changes && reach->ctrl == mpu->ctrl)
        return reach->hash;
    reach->region_changes = mpu->region_changes;
    reach->ctrl = mpu->ctrl;
    return reach->hash = registers_hash(mpu);
}

static uint64_t mix_span(uint64_t hash, struct span span)
{
    return mix(hash, pair(span.base, span.size));
}

/* All that a sweep of this process goes by, but for the board, which stays. */
static uint64_t wanted_hash(uint64_t registers, const struct ledger *l, uint32_t process)
{
    const struct ledger_process *p = &l->processes[process];
    uint64_t hash = mix_span(mix(registers, p->live), p->block);

    hash = mix(hash, pair(p->app_break, p->kernel_break));
    for (uint32_t i = 0; i < l->window_end; i++) {
        const struct ledger_window *w = &l->windows[i];
        if (w->state == WINDOW_HELD && w->process == process)
            hash = mix_span(mix_span(hash, w->granted), w->asked);
    }
    return hash | 1;
}

/* The sweep, unless another run's has found just this right, and nothing exposed. */
static bool sweep_is_right(struct machine *m, struct reach *reach, uint32_t process,
                           uint64_t wanted)
{
    uint64_t wrong_before = machine_verdict_count(m);
    uint64_t fact = mix_span(mix(wanted, process), machine_scenario(m)->images[process].flash) | 1;

    if (machine_knows(m, fact)) {
        rule_armed(m, RULE_OVER_EXPOSURE);
        return true;
    }
    bool is_close = sweep(m, ledger_of(m), process, &reach->exposures[process]);
    bool is_right = machine_verdict_count(m) == wrong_before;
    if (is_right && is_close)
        machine_learn(m, fact);
    return is_right;
}

static OUT_OF_LINE void judge(struct machine *m, struct reach *reach, uint32_t process,
                              uint64_t registers)
{
    struct judged *judged = &reach->judged[process];
    uint64_t wanted = wanted_hash(registers, ledger_of(m), process);

    if (judged->right == wanted)
        return;
    judged->right = sweep_is_right(m, reach, process, wanted) ? wanted : 0;
}

static void on_user(struct machine *m, void *state, uint32_t process)
{
    struct reach *reach = state;
    const struct mpu_armv7m *mpu = machine_mpu(m);
    uint64_t registers = registers_now(reach, mpu);

    rule_armed(m, RULE_REACH);
    rule_armed(m, RULE_STALE_MPU);
    if (!(mpu->ctrl & MPU_ARMV7M_CTRL_ENABLE)) {
        break_add(m, RULE_STALE_MPU, process, 0, DETAIL_STALE_OFF, 0, 0);
        return;
    }
    uint64_t at = mix(registers, ledger_of(m)->processes[process].version) | 1;
    if (reach->judged[process].at == at)
        return;
    reach->judged[process].at = at;
    judge(m, reach, process, registers);
}

/* ---- accesses that went through */

/* Registers are owner.c's. */
static bool hears_at(const struct scenario *s, unsigned kind, uint32_t place)
{
    (void)s, (void)kind;
    return place == PLACE_MEMORY;
}

static bool access_is_due(const struct machine *m, const struct ledger *l, uint32_t process,
                          uint32_t address, uint32_t right)
{
    const struct ledger_process *p = &l->processes[process];
    bool slack = p->live && address >= p->app_break && address < p->accessible_end &&
                 address < p->kernel_break;

    return (ledger_rights(m, l, process, address) & right) || (slack && right != RIGHT_EXECUTE);
}

static __attribute__((noinline)) void judge_access(struct machine *m, const struct record *r)
{
    const struct ledger *l = ledger_of(m);
    uint32_t right = r->kind == EVENT_LOAD    ? RIGHT_READ
                     : r->kind == EVENT_STORE ? RIGHT_WRITE
                                              : RIGHT_EXECUTE;
    uint32_t last = r->address + pair_high(r->value) - 1;

    if (!access_is_due(m, l, r->process, r->address, right) ||
        !access_is_due(m, l, r->process, last, right))
        break_add(m, RULE_REACH, r->process, r->address, DETAIL_REACH_ACCESS, 0, 0);
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    (void)state;
    if (r->process < PROCESS_MAX)
        judge_access(m, r);
}

/* ---- at the end */

const struct exposure_result *exposure_result(const struct machine *m, uint32_t process)
{
    const struct reach *reach = machine_monitor_state((struct machine *)m, MONITOR_reach);

    return &reach->exposures[process];
}

/* The app that the check names, else the one that reaches most. */
static uint32_t app_of_check(const struct machine *m, const struct reach *reach,
                             const struct check *check)
{
    uint32_t app_count = machine_scenario(m)->app_count;
    uint32_t worst = 0;

    if (check->process < app_count)
        return check->process;
    for (uint32_t i = 1; i < app_count; i++)
        if (reach->exposures[i].bytes > reach->exposures[worst].bytes)
            worst = i;
    return worst;
}

static void at_end(struct machine *m, void *state)
{
    const struct reach *reach = state;
    const struct scenario *s = machine_scenario(m);

    for (uint32_t i = 0; i < s->check_count; i++) {
        const struct check *check = &s->checks[i];
        if (check->kind != CHECK_OVER_EXPOSURE)
            continue;
        uint32_t process = app_of_check(m, reach, check);
        uint32_t bytes = reach->exposures[process].bytes;
        if (reach->judged[process].at != 0) /* it has run */
            check_armed(m, i);
        if (bytes < check->min || bytes > check->max)
            break_of_check(m, i, process, reach->exposures[process].first.base,
                           DETAIL_EXPOSURE_BOUND, bytes,
                           bytes < check->min ? check->min : check->max);
    }
}

const struct monitor monitor_reach = {
    .name = "reach",
    .kinds = {KIND_EVENT(EVENT_LOAD) | KIND_EVENT(EVENT_STORE) | KIND_EVENT(EVENT_EXECUTE)},
    .hears_at = hears_at,
    .is_steady = true,
    .state_size = sizeof(struct reach),
    .rows = {ROWS_OF_APPS(reach, judged), ROWS_OF_APPS(reach, exposures)},
    .rules = KIND_BIT(RULE_REACH) | KIND_BIT(RULE_STALE_MPU) | KIND_BIT(RULE_OVER_EXPOSURE),
    .always = true,
    .on_record = on_record,
    .on_user = on_user,
    .at_end = at_end,
};
