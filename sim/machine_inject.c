/* machine_inject.c: faults and events that a scenario plants, at a time or at a record. */
#include "sim/machine_value.h"
#include <string.h>

static const struct injection *planned(const struct machine *m, uint32_t i)
{
    return &m->setup->scenario->injections[i];
}

/* What only the kernel can do to a process; everything else is silicon's. */
static bool needs_hand(enum injection_kind kind)
{
    return kind == INJECT_KILL || kind == INJECT_FAULT || kind == INJECT_RESTART ||
           kind == INJECT_MEMORY_PRESSURE;
}

static void await_register(struct machine *m, const struct pattern *when)
{
    if (when->address_first < m->injection_registers.first)
        m->injection_registers.first = when->address_first;
    if (when->address_last > m->injection_registers.last)
        m->injection_registers.last = when->address_last;
}

void machine_inject_awaits(struct machine *m)
{
    uint32_t i = m->injection_awaits;
    m->injection_kinds[0] = m->injection_kinds[1] = 0;
    m->injection_registers.first = UINT32_MAX;
    m->injection_registers.last = 0;
    for (; i != INJECTION_NONE && machine_injection_read(m, i)->from_ps <= m->now_ps;
         i = machine_injection_read(m, i)->next) {
        const struct pattern *when = &planned(m, i)->when;
        m->injection_kinds[when->kind / 64] |= KIND_BIT(when->kind);
        if (when->kind == EVENT_KERNEL_READ || when->kind == EVENT_KERNEL_WRITE)
            await_register(m, when);
    }
    m->inject_awaits_ps = i == INJECTION_NONE ? TIME_NEVER : machine_injection_read(m, i)->from_ps;
}

/* Into the list of those that wait, before the first that begins later. */
static void await(struct machine *m, uint32_t i)
{
    struct injection_state *state = machine_injection(m, i);
    uint16_t *place = &m->injection_awaits;
    while (*place != INJECTION_NONE && machine_injection(m, *place)->from_ps < state->from_ps)
        place = &machine_injection(m, *place)->next;
    state->next = *place;
    *place = (uint16_t)i;
}

static bool is_over(const struct injection_state *state)
{
    return state->due_ps == TIME_NEVER && !state->waits;
}

/* Reads the states alone: there may be many, and each that comes looks for the next. */
static void find_next(struct machine *m)
{
    const struct injection_state *states = machine_injection_read(m, 0);
    uint32_t count = m->setup->scenario->injection_count;
    uint64_t silicon_ps = TIME_NEVER, second_ps = TIME_NEVER, hand_ps = TIME_NEVER;
    uint32_t first = m->injections_over, waiting = 0;
    while (first < count && is_over(&states[first]))
        first++;
    for (uint32_t i = first; i < count; i++) {
        uint64_t due_ps = states[i].due_ps;
        waiting += !is_over(&states[i]);
        if (states[i].needs_hand) {
            hand_ps = due_ps < hand_ps ? due_ps : hand_ps;
        } else if (due_ps < silicon_ps) {
            second_ps = silicon_ps;
            silicon_ps = due_ps;
        } else if (due_ps < second_ps) {
            second_ps = due_ps;
        }
    }
    m->inject_silicon_ps = silicon_ps;
    m->inject_second_ps = second_ps;
    m->inject_hand_ps = hand_ps;
    m->injections_waiting = waiting;
    m->injections_over = first;
    machine_find_next(m);
}

void machine_inject_start(struct machine *m)
{
    m->injection_awaits = INJECTION_NONE;
    for (uint32_t i = m->setup->scenario->injection_count; i-- > 0;) { /* they come in order */
        const struct injection *plan = planned(m, i);
        *machine_injection(m, i) = (struct injection_state){
            .left = plan->kind == INJECT_STORM ? plan->count : 1,
            .due_ps = plan->at_event ? TIME_NEVER : plan->at_ps,
            .from_ps = plan->from_ps,
            .waits = plan->at_event && plan->nth > 0,
            .needs_hand = needs_hand(plan->kind),
        };
        if (machine_injection(m, i)->waits)
            await(m, i);
    }
    m->injections_over = 0;
    machine_inject_awaits(m);
    find_next(m);
}

void machine_inject_record(struct hw *hw, const struct record *record)
{
    struct machine *m = hw->m;
    uint16_t *place = &m->injection_awaits;
    bool found = false;
    while (*place != INJECTION_NONE) {
        const struct injection *plan = planned(m, *place);
        struct injection_state *state = machine_injection(m, *place);
        if (record->at_ps < state->from_ps)
            break;
        if (!pattern_matches(&plan->when, record) || ++state->matches < plan->nth) {
            place = &state->next;
            continue;
        }
        state->due_ps = record->at_ps + plan->at_ps;
        state->waits = false;
        *place = state->next;
        found = true;
    }
    if (!found)
        return;
    machine_inject_awaits(m);
    find_next(m);
}

/* The process console's hand needs the kernel: user mode is left first, at the price of a trap. */
static bool end_process(struct hw *hw, uint32_t process, enum end_kind how)
{
    struct machine *m = hw->m;
    if (how != END_EXIT_RESTART && !process_is_alive(&m->kernel.processes[process]))
        return false;
    if (m->mode == CPU_USER)
        machine_leave_user(hw, &(struct trap){.kind = TRAP_RESCHEDULE});
    m->mode = CPU_KERNEL;
    kernel_end_process(&m->kernel, hw, process, how);
    return true;
}

/* What a wild bus master would do: no charge, no judgement. False: that stood there already. */
static bool poke(struct hw *hw, const struct injection *plan)
{
    struct machine *m = hw->m;
    struct span word = {plan->address, 4};
    uint32_t now;
    if (!span_covers(m->setup->scenario->board.ram, word))
        return false;
    if (!machine_peek(m, word, &now) || now == plan->value)
        return false;
    memcpy(machine_ram_at(m, word), &plan->value, 4);
    return true;
}

/* As if grants had already taken `bytes` of the gap between the breaks. */
static bool press_memory(struct machine *m, uint32_t process, uint32_t bytes)
{
    struct process *p = &m->kernel.processes[process];
    uint32_t floor = span_last(p->mpu.accessible) + 1;
    if (!process_is_alive(p) || p->kernel_break <= floor)
        return false;
    uint32_t gap = p->kernel_break - floor;
    uint32_t taken = (bytes < gap ? bytes : gap) & ~7u;
    p->kernel_break -= taken;
    return taken > 0;
}

static bool set_once(bool *fault)
{
    bool changes = !*fault;
    *fault = true;
    return changes;
}

static bool is_task(const struct device *d, uint32_t offset)
{
    int row = device_row_at(d, offset);
    return row >= 0 && d->type->regs[row].on_task;
}

/* One register of a device is forced at a time: the injection before this one is over. */
static void force(struct machine *m, struct device *d, const struct injection *plan)
{
    for (uint32_t i = 0; i < m->setup->scenario->injection_count; i++) {
        struct injection_state *state = machine_injection(m, i);
        if (planned(m, i)->kind != INJECT_FORCE || planned(m, i)->device != plan->device)
            continue;
        state->fired |= state->in_force && d->fault.forced_read;
        state->in_force = planned(m, i) == plan;
    }
    d->fault.forced = true;
    d->fault.forced_read = false;
    d->fault.forced_offset = plan->address;
    d->fault.forced_value = plan->value;
    d->fault.forced_reads = plan->count;
}

static void receive(struct machine *m, struct device *d, const struct injection *plan)
{
    uint8_t bytes[sizeof plan->bytes];
    memcpy(bytes, plan->bytes, plan->size);
    if (machine_has_secrets(m))
        machine_secret_bytes(m, plan->secret_of, bytes, plan->size);
    device_packet(d, bytes, plan->size, m->now_ps);
}

/* False: nothing came of it. A hung device has no errors, hears nothing, does no task. */
static bool touch_device(struct hw *hw, const struct injection *plan)
{
    struct machine *m = hw->m;
    struct device *d = machine_device(m, plan->device);
    if (!d)
        return false;
    bool felt = !d->fault.hung;
    switch (plan->kind) {
    case INJECT_HANG:
        felt = set_once(&d->fault.hung);
        break;
    case INJECT_STUCK:
        felt = set_once(&d->fault.line_stuck);
        break;
    case INJECT_FORCE:
        force(m, d, plan);
        felt = false; /* until somebody reads it: machine_injection_fired */
        break;
    case INJECT_ERROR:
        if (!d->type->on_error)
            return false;
        d->fault.errors++;
        device_wake(d, m->now_ps);
        break;
    case INJECT_RECEIVE:
        if (!d->type->on_packet)
            return false;
        receive(m, d, plan);
        break;
    case INJECT_RELEASE:
        felt = device_release(d, m->now_ps);
        break;
    case INJECT_DELAY:
        felt = device_put_off(d, plan->period_ps, m->now_ps);
        break;
    case INJECT_HASTEN:
        felt = device_hasten(d, plan->period_ps, m->now_ps);
        break;
    default:
        felt = felt && is_task(d, plan->address);
        device_task(d, plan->address, m->now_ps);
        break;
    }
    machine_serve(hw, plan->device);
    return felt;
}

static bool happen(struct hw *hw, const struct injection *plan)
{
    switch (plan->kind) {
    case INJECT_KILL:
        return end_process(hw, plan->process, END_KILL);
    case INJECT_FAULT:
        return end_process(hw, plan->process, END_FAULT);
    case INJECT_RESTART:
        return end_process(hw, plan->process, END_EXIT_RESTART);
    case INJECT_INTERRUPT:
    case INJECT_STORM:
        return nvic_pulse(&hw->m->nvic, plan->line);
    case INJECT_POKE:
        return poke(hw, plan);
    case INJECT_MEMORY_PRESSURE:
        return press_memory(hw->m, plan->process, plan->value);
    default:
        return touch_device(hw, plan);
    }
}

static uint32_t target_of(const struct injection *plan)
{
    switch (plan->kind) {
    case INJECT_KILL:
    case INJECT_FAULT:
    case INJECT_RESTART:
    case INJECT_MEMORY_PRESSURE:
        return plan->process;
    case INJECT_INTERRUPT:
    case INJECT_STORM:
        return plan->line;
    case INJECT_POKE:
        return plan->address;
    default:
        return plan->device;
    }
}

/* The first that is due and is of that sort. */
static uint32_t first_due(const struct machine *m, bool hand)
{
    uint32_t i = m->injections_over;
    while (machine_injection_read(m, i)->due_ps > m->now_ps ||
           machine_injection_read(m, i)->needs_hand != hand)
        i++;
    return i;
}

/* A storm's next pulse: mostly nothing else comes before that. */
static void plan_again(struct machine *m, struct injection_state *state, uint64_t period_ps)
{
    uint64_t due_ps = state->due_ps + (period_ps > 0 ? period_ps : 1); /* time goes on */
    bool stays_first = state->due_ps == m->inject_silicon_ps && due_ps <= m->inject_second_ps;
    state->due_ps = due_ps;
    if (stays_first)
        m->inject_silicon_ps = due_ps;
    else
        find_next(m);
}

static void inject(struct hw *hw, uint32_t i)
{
    struct machine *m = hw->m;
    const struct injection *plan = planned(m, i);
    struct injection_state *state = machine_injection(m, i);
    machine_trace(hw, EVENT_INJECTED, PROCESS_NONE, i, target_of(plan));
    if (--state->left > 0) {
        plan_again(m, state, plan->period_ps);
    } else {
        state->due_ps = TIME_NEVER;
        find_next(m);
    }
    bool fired_before = state->fired;
    state->fired = true; /* said first: a panic of the kernel would not come back here */
    state->fired = happen(hw, plan) || fired_before;
    machine_find_next(m);
}

void machine_inject_silicon(struct hw *hw)
{
    while (hw->m->inject_silicon_ps <= hw->m->now_ps)
        inject(hw, first_due(hw->m, false));
}

/* One; a later step takes the next. */
void machine_inject_hand(struct hw *hw)
{
    inject(hw, first_due(hw->m, true));
}
