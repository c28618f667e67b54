/* death: death-order and device-reset.
 *
 * For each endpoint that its last window leaves, by the kernel's notes, in this order:
 *
 *   1 unmapped --> 2 masked --> 3 quiet, or stuck --> (upcalls dropped) --> 4 freed
 *
 * all before user mode runs again, whoever's. Then, before that first instruction, the hardware:
 * the line disabled and not pending, the device's line low, no wake to come, its registers at
 * reset. A life ends at the latest before user mode runs after its exit or fault, and each of its
 * windows is said to be unmapped. Whether it is: reach.c. Whether its upcalls are gone: upcall.c,
 * interrupt.c.
 *
 * When a window is granted, each modelled device that it meets (and that its owner does not use
 * already by another window) has its line low and its registers at reset: device-reset.
 *
 * Not compared: registers whose rows say that they stay (struct reg.stays: results such as
 * RNG.VALUE, TEMP and AMOUNT, which software cannot bring back, and which are no secret of the old
 * owner's), views of another register, one that an injection forces, and what a register gives that
 * has no stored value (COUNTER): compare that with a load in a scenario.
 *
 * An endpoint that the kernel calls stuck, and so withholds, must be so by its hardware: its line
 * is high or was pulsed, a device of it hangs, goes on, reads as an injection forces it to, or is
 * not modelled. Then its line must be masked, and what the board's steps can reset must be reset
 * (not in a device that hangs, nor where the board has no steps); that it be quiet is not asked. A
 * line that a scenario makes stuck or pulses, and a device that it hangs or sends bytes to, may be
 * so from after the reset (a byte of those that goes on into memory is dma.c's).
 */
#include "sim/machine.h"
#include "sim/monitors/ledger.h"

enum step { STEP_NONE, STEP_UNMAPPED, STEP_MASKED, STEP_QUIET, STEP_FREED };

struct death {
    uint32_t pending; /* endpoints whose `step` is not STEP_NONE */
    struct dying {
        uint8_t step; /* enum step */
        bool stuck;
        bool lent_again;
        uint16_t process;
    } of[ENDPOINT_MAX];
    struct {
        uint8_t first, end;
    } devices[ENDPOINT_MAX]; /* of the board: all of an endpoint's stand between these */
};

static uint32_t base_of(const struct machine *m, uint32_t endpoint)
{
    return machine_scenario(m)->config.endpoints[endpoint].windows[0].base;
}

/* ---- the notes' order */

static void on_removed(const struct machine *m, struct death *death, const struct record *r)
{
    const struct ledger *l = ledger_of((struct machine *)m);
    const struct kernel_config *config = &machine_scenario(m)->config;
    struct span window = {r->address, (uint32_t)r->value};

    for (uint32_t i = 0; i < config->endpoint_count; i++) {
        if (!endpoint_meets_span(&config->endpoints[i], window) ||
            ledger_holds_endpoint(m, l, r->process, i))
            continue;
        if (death->of[i].step == STEP_NONE)
            death->pending++;
        death->of[i] = (struct dying){.step = STEP_UNMAPPED, .process = r->process};
    }
}

static void on_step(struct machine *m, struct death *death, uint32_t endpoint, enum step step)
{
    struct dying *d = &death->of[endpoint];

    if (d->step == STEP_NONE || d->step == STEP_FREED)
        return; /* a line masked or a device reset for another reason */
    if (d->step + 1 != (int)step)
        break_add(m, RULE_DEATH_ORDER, d->process, base_of(m, endpoint), DETAIL_DEATH_ORDER, step,
                  d->step + 1u);
    d->step = (uint8_t)step;
}

static void on_owned(struct machine *m, struct death *death, uint32_t endpoint)
{
    struct dying *d = &death->of[endpoint];

    if (d->step != STEP_NONE && d->step != STEP_FREED)
        break_add(m, RULE_DEATH_ORDER, d->process, base_of(m, endpoint), DETAIL_DEATH_UNFINISHED,
                  d->step, 0);
    d->lent_again = true;
}

/* ---- the hardware afterwards */

/* The first register that is not in reset and must be; false: none. */
static bool find_unreset(struct device *d, uint32_t *row)
{
    for (uint32_t i = 0; i < d->type->reg_count; i++) {
        const struct reg *reg = &d->type->regs[i];
        bool forced = d->fault.forced && d->fault.forced_offset == reg->offset;
        if (device_value(d, i) == reg->reset || reg->stays || reg->view != 0 || forced)
            continue;
        *row = i;
        return true;
    }
    return false;
}

/* The board's device `i`, if it is the endpoint's and modelled. */
static struct device *device_of(struct machine *m, uint32_t endpoint, uint32_t i)
{
    const struct board_device *row = &machine_scenario(m)->board.devices[i];

    return row->endpoint == endpoint && row->alias_of == BOARD_NONE ? machine_device(m, i) : NULL;
}

_Static_assert(BOARD_DEVICE_MAX <= UINT8_MAX, "a place fits struct death");

/* Bytes that a scenario sends come when they come, whoever listens: a wake for them is no work. */
static bool is_sent_to(const struct scenario *s, uint32_t device)
{
    for (uint32_t i = 0; i < s->injection_count; i++)
        if (s->injections[i].kind == INJECT_RECEIVE && s->injections[i].device == device)
            return true;
    return false;
}

static void judge_quiet(struct machine *m, const struct dying *dying, const struct device *d)
{
    bool may_wake = d->fault.hung || is_sent_to(machine_scenario(m), d->index);

    if ((device_line(d) && !d->fault.line_stuck) || (d->wake_ps != TIME_NEVER && !may_wake))
        break_add(m, RULE_DEATH_ORDER, dying->process, d->base, DETAIL_DEATH_BUSY, 0, 0);
}

static void judge_reset(struct machine *m, const struct dying *dying, struct device *d)
{
    uint32_t row;

    if (find_unreset(d, &row))
        break_add(m, RULE_DEATH_ORDER, dying->process, d->base + d->type->regs[row].offset,
                  DETAIL_DEATH_REGISTER, device_value(d, row), d->type->regs[row].reset);
}

/* A line that is high pends again by itself: then the device is judged; masked it must be. */
static bool line_is_on(const struct machine *m, uint32_t line)
{
    const struct nvic *nvic = machine_nvic(m);
    bool may_pend = scenario_pulses(machine_scenario(m), line);
    uint32_t pending = may_pend ? 0 : nvic->pending[line / 32] & ~nvic->level[line / 32];

    return (nvic->enabled[line / 32] | pending) >> (line % 32) & 1;
}

static void judge_hardware(struct machine *m, const struct death *death, uint32_t endpoint)
{
    const struct dying *dying = &death->of[endpoint];
    const struct scenario *s = machine_scenario(m);
    const struct passthrough_endpoint *e = &s->config.endpoints[endpoint];

    if (e->has_line && !dying->lent_again && line_is_on(m, e->line))
        break_add(m, RULE_DEATH_ORDER, dying->process, base_of(m, endpoint), DETAIL_DEATH_LINE, 0,
                  0);
    for (uint32_t i = death->devices[endpoint].first; i < death->devices[endpoint].end; i++) {
        struct device *d = device_of(m, endpoint, i);
        if (d && !dying->stuck)
            judge_quiet(m, dying, d);
        if (d && (!dying->stuck || (!d->fault.hung && e->quiesce_count > 0)))
            judge_reset(m, dying, d);
    }
}

/* ---- what the kernel calls stuck */

static bool line_says_stuck(const struct machine *m, uint32_t line)
{
    return (machine_nvic(m)->level[line / 32] >> (line % 32) & 1) ||
           scenario_pulses(machine_scenario(m), line);
}

static bool endpoint_says_stuck(struct machine *m, const struct death *death, uint32_t endpoint)
{
    const struct scenario *s = machine_scenario(m);
    const struct passthrough_endpoint *e = &s->config.endpoints[endpoint];

    if (e->has_line && line_says_stuck(m, e->line))
        return true;
    for (uint32_t i = death->devices[endpoint].first; i < death->devices[endpoint].end; i++) {
        const struct board_device *row = &s->board.devices[i];
        const struct device *d = device_of(m, endpoint, i);
        if (row->endpoint == endpoint && row->alias_of == BOARD_NONE && !row->type)
            return true; /* a hole: nothing is known of it */
        if (d && (d->fault.hung || d->fault.forced || d->wake_ps != TIME_NEVER))
            return true;
    }
    return false;
}

static void on_stuck(struct machine *m, struct death *death, uint32_t endpoint)
{
    struct dying *d = &death->of[endpoint];

    if (d->step == STEP_NONE)
        return; /* its owner lives: interrupt.c */
    d->stuck = endpoint_says_stuck(m, death, endpoint);
    if (!d->stuck)
        break_add(m, RULE_DEATH_ORDER, d->process, base_of(m, endpoint), DETAIL_DEATH_STUCK, 0, 0);
}

/* ---- before user mode */

static OUT_OF_LINE void judge_doomed(struct machine *m, struct ledger *l)
{
    for (uint32_t i = 0; i < PROCESS_MAX; i++) {
        if (!l->processes[i].doomed)
            continue;
        break_add(m, RULE_DEATH_ORDER, i, 0, DETAIL_DEATH_IGNORED, 0, 0);
        ledger_life_end(m, l, i);
    }
}

static OUT_OF_LINE void judge_unremoved(struct machine *m, struct ledger *l)
{
    for (uint32_t i = 0; i < LEDGER_WINDOW_MAX; i++) {
        struct ledger_window *w = &l->windows[i];
        if (!w->unremoved)
            continue;
        break_add(m, RULE_DEATH_ORDER, w->process, w->granted.base, DETAIL_DEATH_MAPPED, 0, 0);
        w->unremoved = false;
        l->unremoved_count--;
    }
}

static OUT_OF_LINE void judge_pending(struct machine *m, struct death *death)
{
    for (uint32_t i = 0; i < ENDPOINT_MAX && death->pending > 0; i++) {
        struct dying *d = &death->of[i];
        if (d->step == STEP_NONE)
            continue;
        death->pending--;
        if (d->step == STEP_FREED)
            judge_hardware(m, death, i);
        else
            break_add(m, RULE_DEATH_ORDER, d->process, base_of(m, i), DETAIL_DEATH_UNFINISHED,
                      d->step, 0);
        *d = (struct dying){0};
    }
    rule_armed(m, RULE_DEATH_ORDER);
}

static void on_user(struct machine *m, void *state, uint32_t process)
{
    struct death *death = state;
    struct ledger *l = ledger_of(m);

    (void)process;
    if (l->doomed_count)
        judge_doomed(m, l);
    if (l->unremoved_count)
        judge_unremoved(m, l);
    if (death->pending)
        judge_pending(m, death);
}

/* ---- device-reset */

static bool used_already(const struct ledger *l, uint32_t process, struct span device,
                         struct span granted)
{
    for (uint32_t i = 0; i < l->window_end; i++) {
        const struct ledger_window *w = &l->windows[i];
        if (w->state == WINDOW_HELD && w->process == process && span_meets(w->granted, device) &&
            !span_equal(w->granted, granted))
            return true;
    }
    return false;
}

static void judge_lent(struct machine *m, const struct record *r, struct device *d)
{
    uint32_t row;

    rule_armed(m, RULE_DEVICE_RESET);
    if (device_line(d) && !d->fault.line_stuck)
        break_add(m, RULE_DEVICE_RESET, r->process, d->base, DETAIL_RESET_LINE, 0, 0);
    if (find_unreset(d, &row))
        break_add(m, RULE_DEVICE_RESET, r->process, d->base + d->type->regs[row].offset,
                  DETAIL_RESET_REGISTER, device_value(d, row), d->type->regs[row].reset);
}

static void on_granted(struct machine *m, const struct record *r)
{
    const struct board *board = &machine_scenario(m)->board;
    struct span granted = {r->address, (uint32_t)r->value};

    for (uint32_t i = 0; i < board->device_count; i++) {
        const struct board_device *row = &board->devices[i];
        if (row->window.base > span_last(granted))
            break; /* they are sorted */
        if (!span_meets(row->window, granted))
            continue;
        struct device *d = row->alias_of == BOARD_NONE ? machine_device(m, i) : NULL;
        if (d && !used_already(ledger_of(m), r->process, row->window, granted))
            judge_lent(m, r, d);
    }
}

/* ---- */

/* A flat switch. */
static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct death *death = state;
    bool about_endpoint =
        r->kind != EVENT_OF(NOTE_WINDOW_REMOVED) && r->kind != EVENT_OF(NOTE_WINDOW_GRANTED);

    if (r->process >= PROCESS_MAX ||
        (about_endpoint && r->address >= machine_scenario(m)->config.endpoint_count))
        return;
    switch (r->kind) {
    case EVENT_OF(NOTE_WINDOW_REMOVED):
        on_removed(m, death, r);
        break;
    case EVENT_OF(NOTE_WINDOW_GRANTED):
        on_granted(m, r);
        break;
    case EVENT_OF(NOTE_ENDPOINT_MASKED):
        on_step(m, death, r->address, STEP_MASKED);
        break;
    case EVENT_OF(NOTE_ENDPOINT_STUCK):
        on_stuck(m, death, r->address);
        on_step(m, death, r->address, STEP_QUIET);
        break;
    case EVENT_OF(NOTE_ENDPOINT_QUIET):
        on_step(m, death, r->address, STEP_QUIET);
        break;
    case EVENT_OF(NOTE_ENDPOINT_FREED):
        on_step(m, death, r->address, STEP_FREED);
        break;
    default:
        on_owned(m, death, r->address);
        break;
    }
}

static void start(struct machine *m, void *state)
{
    const struct board *board = &machine_scenario(m)->board;
    struct death *death = state;

    for (uint32_t i = board->device_count; i-- > 0;) {
        uint32_t endpoint = board->devices[i].endpoint;
        if (endpoint >= ENDPOINT_MAX)
            continue;
        death->devices[endpoint].first = (uint8_t)i;
        if (death->devices[endpoint].end == 0)
            death->devices[endpoint].end = (uint8_t)(i + 1);
    }
}

const struct monitor monitor_death = {
    .name = "death",
    .kinds = {0, KIND_NOTE(NOTE_WINDOW_REMOVED) | KIND_NOTE(NOTE_WINDOW_GRANTED) |
                     KIND_NOTE(NOTE_ENDPOINT_MASKED) | KIND_NOTE(NOTE_ENDPOINT_QUIET) |
                     KIND_NOTE(NOTE_ENDPOINT_STUCK) | KIND_NOTE(NOTE_ENDPOINT_FREED) |
                     KIND_NOTE(NOTE_ENDPOINT_OWNED)},
    .state_size = sizeof(struct death),
    .rules = KIND_BIT(RULE_DEATH_ORDER) | KIND_BIT(RULE_DEVICE_RESET),
    .always = true,
    .start = start,
    .on_record = on_record,
    .on_user = on_user,
};
