/* machine.c: boot, the step loop, time, devices' outputs, snapshots, views. */
#include "sim/machine_value.h"
#include <string.h>

/* --- the trace ------------------------------------------------------------------------------- */

void machine_tell(struct machine *m, const struct record *record, uint32_t listeners)
{
    const struct listener *l = &m->setup->listeners[listeners];
    m->heard |= l->monitors;
    do
        l->on_record(m, machine_at(m, l->state), record);
    while ((++l)->on_record);
}

void machine_show(struct hw *hw, const struct record *record)
{
    const struct machine *m = hw->m;
    if (hw->recorder)
        recorder_add(hw->recorder, record);
    if (m->injection_kinds[record->kind / 64] & KIND_BIT(record->kind))
        machine_inject_record(hw, record);
}

/* --- time ------------------------------------------------------------------------------------ */

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When the first device wakes. */
static uint64_t first_wake(const struct machine *m)
{
    return m->waking_count ? m->wakes_ps[m->waking[m->waking_count - 1]] : TIME_NEVER;
}

void machine_find_next(struct machine *m)
{
    uint64_t next = earliest(m->inject_silicon_ps, m->nvic.systick_fires_ps);
    next = earliest(next, m->inject_awaits_ps);
    if (m->inject_hand_ps > m->now_ps) /* else it waits for the end of the step */
        next = earliest(next, m->inject_hand_ps);
    next = earliest(earliest(next, m->air.wake_ps), first_wake(m));
    m->next_ps = next > m->now_ps ? next : m->now_ps + 1; /* no device wakes twice at an instant */
}

/* The first device from `from` on that is due; MACHINE_DEVICE_MAX: none. */
static uint32_t due_device(const struct machine *m, uint32_t from)
{
    uint32_t first = MACHINE_DEVICE_MAX;
    for (uint32_t i = m->waking_count; i > 0; i--) {
        uint32_t device = m->waking[i - 1];
        if (m->wakes_ps[device] > m->now_ps)
            break;
        if (device >= from && device < first)
            first = device;
    }
    return first;
}

/* By index; one that the last ones have woken has its turn, too, if it stands behind them. */
static void wake_devices(struct hw *hw)
{
    struct machine *m = hw->m;
    uint32_t i = due_device(m, 0);
    for (; i < MACHINE_DEVICE_MAX; i = due_device(m, i + 1)) {
        device_wake(machine_modelled(m, i), m->now_ps);
        machine_serve(hw, i);
    }
}

/* Everything that is due at m->now_ps, in fixed order: SysTick, injections, devices by index, the
 * air. */
static void run_due(struct hw *hw)
{
    struct machine *m = hw->m;
    const struct board *board = &m->setup->scenario->board;
    m->polled.address = POLLED_NONE;
    if (m->inject_awaits_ps <= m->now_ps)
        machine_inject_awaits(m);
    if (m->nvic.systick_fires_ps <= m->now_ps)
        nvic_systick_fire(&m->nvic, board->cpu_hz);
    if (m->inject_silicon_ps <= m->now_ps)
        machine_inject_silicon(hw);
    wake_devices(hw);
    if (m->air.wake_ps <= m->now_ps)
        machine_air_run(hw);
    machine_find_next(m);
}

static void advance_to(struct hw *hw, uint64_t target_ps)
{
    struct machine *m = hw->m;
    while (m->next_ps <= target_ps) {
        if (m->next_ps > m->now_ps)
            m->now_ps = m->next_ps;
        run_due(hw);
    }
    m->now_ps = target_ps;
}

/* The time at which `cycles` from now have passed, exactly: the rest below a picosecond is kept. */
static uint64_t after_cycles(struct machine *m, uint64_t cycles)
{
    const struct machine_setup *setup = m->setup;
    if (setup->ps_per_cycle)
        return m->now_ps + cycles * setup->ps_per_cycle;
    uint64_t hz = setup->scenario->board.cpu_hz;
    unsigned __int128 total = (unsigned __int128)cycles * PS_PER_S + m->cycle_rest;
    m->cycle_rest = (uint64_t)(total % hz);
    return m->now_ps + (uint64_t)(total / hz);
}

void machine_spend_exactly(struct hw *hw, uint64_t cycles)
{
    uint64_t target = after_cycles(hw->m, cycles);
    if (target < hw->m->next_ps)
        hw->m->now_ps = target;
    else
        advance_to(hw, target);
}

/* Whole cycles until `at_ps`, rounded up. */
static uint64_t cycles_until(const struct machine *m, uint64_t at_ps)
{
    if (at_ps <= m->now_ps)
        return 0;
    const struct machine_setup *setup = m->setup;
    uint64_t ps = at_ps - m->now_ps;
    if (setup->ps_per_cycle)
        return (ps + setup->ps_per_cycle - 1) / setup->ps_per_cycle;
    unsigned __int128 wide = (unsigned __int128)ps * setup->scenario->board.cpu_hz;
    return (uint64_t)((wide + PS_PER_S - 1) / PS_PER_S);
}

uint64_t machine_spend_until_due(struct hw *hw, uint64_t cycles)
{
    struct machine *m = hw->m;
    uint64_t due = earliest(m->next_ps, m->setup->scenario->until_ps);
    uint64_t until_due = cycles_until(m, due);
    if (until_due == 0)
        until_due = 1;
    if (cycles > until_due)
        cycles = until_due;
    machine_spend(hw, cycles);
    return cycles;
}

void machine_idle(struct hw *hw, uint64_t limit_ps)
{
    struct machine *m = hw->m;
    uint64_t due = earliest(m->next_ps, limit_ps);
    advance_to(hw, due > m->now_ps ? due : m->now_ps);
}

void machine_halt_slowly(struct hw *hw)
{
    struct machine *m = hw->m;
    const struct device *d = machine_device(m, m->setup->flash_device);
    uint64_t until_ps = d->type->halts_until_ps(d);
    if (until_ps > m->now_ps)
        advance_to(hw, until_ps);
}

/* --- devices' outputs ------------------------------------------------------------------------ */

static void serve_dma(struct hw *hw, struct device *d, const struct device_request *r)
{
    struct machine *m = hw->m;
    bool read = r->kind == REQUEST_DMA_READ;
    struct span span = {r->address, r->size};
    bool is_ram = span_covers(m->setup->scenario->board.ram, span);
    bool inside = (uint64_t)r->state_offset + r->size <= d->type->state_size;
    d->lost_requests += !inside;
    if (is_ram && inside) {
        uint8_t *state = (uint8_t *)device_state(d) + r->state_offset;
        if (read && machine_has_secrets(m))
            machine_secret_read(m, span);
        if (read)
            (void)machine_peek(m, span, state);
        else
            memcpy(machine_ram_at(m, span), state, r->size);
    }
    unsigned kind = !is_ram ? EVENT_DMA_REFUSED : read ? EVENT_DMA_READ : EVENT_DMA_WRITE;
    machine_trace(hw, kind, PROCESS_NONE, r->address, pair(r->size, d->index));
    if (d->type->on_dma_done)
        d->type->on_dma_done(d, r, is_ram);
}

/* Routers hear of it at once, and take their time over what they do (a cycle of their clock). */
static void serve_event(struct hw *hw, const struct device *d, uint32_t address)
{
    struct machine *m = hw->m;
    machine_trace(hw, EVENT_DEVICE_EVENT, PROCESS_NONE, address, d->index);
    for (uint32_t i = 0; i < m->setup->router_count; i++) {
        struct device *router = machine_modelled(m, m->setup->routers[i]);
        if (!(router->hears & device_event_bit(address)) && router->wake_ps > m->now_ps)
            continue; /* nearly always: it would do nothing now */
        device_bus_event(router, address, m->now_ps);
        machine_serve(hw, router->index);
    }
}

/* A task of a device that is not there, or a register that is no task: the trace has it, and that
 * is all. */
static void serve_trigger(struct hw *hw, const struct device *router, uint32_t address)
{
    struct machine *m = hw->m;
    uint32_t target = machine_device_at(m->setup, address);
    machine_trace(hw, EVENT_ROUTED, PROCESS_NONE, address, router->index);
    if (target == BOARD_NONE)
        return;
    struct device *d = machine_modelled(m, target);
    device_task(d, address - d->base, m->now_ps);
    machine_serve(hw, target);
}

/* Seldom, so that a look at all devices is no matter. */
static void serve_share(struct hw *hw, const struct device *from, bool taken)
{
    struct machine *m = hw->m;
    for (uint32_t i = 0; i < m->setup->scenario->board.device_count; i++) {
        struct device *d = machine_device(m, i);
        if (!d || d == from || !d->type->on_shared)
            continue;
        device_shared(d, taken, m->now_ps);
        machine_serve(hw, i);
    }
}

/* What a device has prepared in its state; NULL: not inside of it, a bug of the device. */
static const void *state_at(struct device *d, uint32_t offset, size_t size)
{
    bool inside = (uint64_t)offset + size <= d->type->state_size;
    return inside ? (const uint8_t *)device_state(d) + offset : NULL;
}

static void serve_air(struct hw *hw, struct device *d, const struct device_request *r)
{
    bool tune = r->kind == REQUEST_AIR_TUNE;
    const void *what =
        state_at(d, r->state_offset, tune ? sizeof(struct air_tuning) : sizeof(struct air_frame));
    if (!what)
        d->lost_requests++;
    else if (tune)
        machine_air_tune(hw, d->index, what);
    else if (r->kind == REQUEST_AIR_SEND)
        machine_air_send(hw, d->index, what);
    else
        machine_air_more(hw, d->index, what);
}

enum { FLASH_WRITES = 2 }; /* of a word between erases. nRF52840 Product Specification, nWRITE */

static void flash_refused(struct hw *hw, const struct device *d, const struct device_request *r)
{
    machine_trace(hw, EVENT_FLASH_REFUSED, PROCESS_NONE, r->address, pair(r->size, d->index));
}

static void serve_flash_write(struct hw *hw, const struct device *d, const struct device_request *r)
{
    uint32_t now, writes;
    if (!machine_storage_write(hw->m, r->address, r->state_offset, &now, &writes)) {
        flash_refused(hw, d, r);
        return;
    }
    machine_trace(hw, EVENT_FLASH_WRITTEN, PROCESS_NONE, r->address, pair(now, writes));
    if (writes > FLASH_WRITES)
        machine_trace(hw, EVENT_FLASH_WORN, PROCESS_NONE, r->address, pair(now, writes));
}

static void serve_flash_erase(struct hw *hw, const struct device *d, const struct device_request *r)
{
    if (machine_storage_erase(hw->m, (struct span){r->address, r->size}))
        machine_trace(hw, EVENT_FLASH_ERASED, PROCESS_NONE, r->address, pair(r->size, d->index));
    else
        flash_refused(hw, d, r);
}

static void serve_request(struct hw *hw, struct device *d, const struct device_request *r)
{
    switch ((enum device_request_kind)r->kind) {
    case REQUEST_DMA_READ:
    case REQUEST_DMA_WRITE:
        serve_dma(hw, d, r);
        break;
    case REQUEST_EVENT:
        serve_event(hw, d, d->base + r->address);
        break;
    case REQUEST_TASK:
        machine_trace(hw, EVENT_DEVICE_TASK, PROCESS_NONE, d->base + r->address, d->index);
        break;
    case REQUEST_WIRE:
        machine_wire_value(hw, d, r->size);
        break;
    case REQUEST_TRIGGER:
        serve_trigger(hw, d, r->address);
        break;
    case REQUEST_AIR_SEND:
    case REQUEST_AIR_MORE:
    case REQUEST_AIR_TUNE:
        serve_air(hw, d, r);
        break;
    case REQUEST_AIR_STOP:
        machine_air_stop(hw, d->index);
        break;
    case REQUEST_NOTE:
        machine_trace(hw, EVENT_PEER_NOTE, PROCESS_NONE, r->address,
                      pair(r->state_offset, d->index));
        break;
    case REQUEST_SHARE:
        serve_share(hw, d, r->size);
        break;
    case REQUEST_SIGNAL:
        machine_wire_signal(hw, d, r);
        break;
    case REQUEST_PINS:
        machine_wire_pins(hw, d, r);
        break;
    case REQUEST_FLASH_WRITE:
        serve_flash_write(hw, d, r);
        break;
    case REQUEST_FLASH_ERASE:
        serve_flash_erase(hw, d, r);
        break;
    }
}

/* The level of its line is another one. */
static OUT_OF_LINE void serve_line(struct hw *hw, struct device *d)
{
    struct machine *m = hw->m;
    uint32_t line = m->setup->device_line[d->index];
    bool is = device_line(d);
    d->line_told = is;
    if (line == LINE_NONE)
        return;
    nvic_drive(&m->nvic, line, is);
    machine_trace(hw, is ? EVENT_IRQ_RAISED : EVENT_IRQ_LOWERED, PROCESS_NONE, line, d->index);
}

static void take_from_waking(struct machine *m, uint32_t device)
{
    uint32_t at = --m->waking_count;
    uint8_t next = m->waking[at];
    while (next != device) { /* who comes sooner moves up */
        uint8_t sooner = next;
        next = m->waking[--at];
        m->waking[at] = sooner;
    }
}

static void add_to_waking(struct machine *m, uint32_t device, uint64_t wake_ps)
{
    uint32_t at = m->waking_count++;
    for (; at > 0 && m->wakes_ps[m->waking[at - 1]] < wake_ps; at--)
        m->waking[at] = m->waking[at - 1];
    m->waking[at] = (uint8_t)device;
}

static void set_wake(struct machine *m, uint32_t device, uint64_t wake_ps)
{
    if (m->wakes_ps[device] == wake_ps)
        return;
    if (m->wakes_ps[device] != TIME_NEVER)
        take_from_waking(m, device);
    m->wakes_ps[device] = wake_ps;
    if (wake_ps == TIME_NEVER)
        return;
    add_to_waking(m, device, wake_ps);
    m->next_ps = earliest(m->next_ps, wake_ps);
}

enum { SERVE_ROUNDS = 64 }; /* requests that one touch may lead to, in queues; ours. Beyond: lost */

static void serve_requests(struct hw *hw, struct device *d)
{
    struct device_request queue[DEVICE_REQUEST_MAX];
    for (int round = 0; d->request_count > 0; round++) {
        if (round == SERVE_ROUNDS) {
            d->lost_requests += d->request_count;
            d->request_count = 0;
            break;
        }
        struct device_request *end = queue + d->request_count;
        for (uint32_t i = 0; i < d->request_count; i++) /* memcpy is slow to begin */
            queue[i] = d->requests[i];
        d->request_count = 0;
        for (const struct device_request *r = queue; r < end; r++)
            serve_request(hw, d, r);
    }
}

void machine_serve_all(struct hw *hw, uint32_t device)
{
    struct device *d = machine_modelled(hw->m, device);
    serve_requests(hw, d);
    if (d->line_told != device_line(d))
        serve_line(hw, d);
    set_wake(hw->m, device, d->fault.hung ? TIME_NEVER : d->wake_ps);
}

/* --- boot ------------------------------------------------------------------------------------ */

/* A clock whose phase the board leaves open begins anywhere within its first period. */
static struct clock seeded_clock(struct clock clock, bool given, struct random *random)
{
    if (!given)
        clock.phase_ps = random_below(random, PS_PER_S / clock.hz);
    return clock;
}

/* Each peer has clocks of its own: the board's frequencies, with its drift and its phases. */
static void reset_peers(struct hw *hw, struct random *phases)
{
    struct machine *m = hw->m;
    const struct scenario *s = m->setup->scenario;
    for (uint32_t i = 0; i < s->peer_count; i++) {
        uint32_t index = s->board.device_count + i;
        const struct scenario_peer *peer = &s->peers[i];
        struct device *d = machine_device(m, index);
        struct clock hf = {.hz = s->board.hf.hz, .drift_ppb = peer->plan.drift_ppb};
        struct clock lf = {.hz = s->board.lf.hz, .drift_ppb = peer->plan.drift_ppb};
        *d =
            (struct device){.type = &peer->type->type,
                            .index = index,
                            .hf = seeded_clock(hf, false, phases),
                            .lf = seeded_clock(lf, false, phases),
                            .plan = &peer->plan,
                            .random = random_start(s->seed, RANDOM_DEVICE + 256 * (uint64_t)index)};
        device_reset(d);
    }
}

static void reset_devices(struct hw *hw)
{
    struct machine *m = hw->m;
    const struct scenario *s = m->setup->scenario;
    struct random phases = random_start(s->seed, RANDOM_CLOCK_PHASE);
    struct clock hf = seeded_clock(s->board.hf, s->board.hf_phase_given, &phases);
    struct clock lf = seeded_clock(s->board.lf, s->board.lf_phase_given, &phases);
    for (uint32_t i = 0; i < s->board.device_count; i++) {
        struct device *d = machine_device(m, i);
        if (!d)
            continue;
        const struct board_device *row = &s->board.devices[i];
        *d = (struct device){.type = row->type,
                             .index = i,
                             .base = row->window.base,
                             .size = row->window.size,
                             .hf = hf,
                             .lf = lf,
                             .random = random_start(s->seed, RANDOM_DEVICE + 256 * (uint64_t)i)};
        device_reset(d);
        for (uint32_t p = 0; p < row->parameter_count && d->type->on_parameter; p++)
            d->type->on_parameter(d, p, row->parameters[p]);
        machine_serve(hw, i);
    }
    reset_peers(hw, &phases);
    machine_air_start(m);
    for (uint32_t i = s->board.device_count; i < m->setup->device_count; i++)
        machine_serve(hw, i);
}

static void reset_apps(struct machine *m)
{
    const struct scenario *s = m->setup->scenario;
    for (uint32_t i = 0; i < s->app_count; i++) {
        struct app *app = machine_app_mutable(m, i);
        *app = (struct app){.engine = s->apps[i].engine,
                            .program = s->apps[i].program,
                            .index = i,
                            .flash_base = s->images[i].flash.base,
                            .flash_size = s->images[i].flash.size,
                            .random = random_start(s->seed, RANDOM_APP + 256 * (uint64_t)i)};
        memset(app_state(app), 0, app->engine->state_size);
    }
}

static void start_monitors(struct machine *m)
{
    for (uint32_t i = 0; i < monitor_count; i++) {
        void *state = machine_monitor_state(m, i);
        if (!state)
            continue;
        memset(state, 0, monitor_size(monitors[i], machine_scenario(m)));
        if (monitors[i]->start)
            monitors[i]->start(m, state);
    }
}

void machine_power_on(struct hw *hw)
{
    struct machine *m = hw->m;
    const struct machine_setup *setup = m->setup;
    const struct scenario *s = setup->scenario;
    memset(m, 0, sizeof *m);
    m->setup = setup;
    m->hash = TRACE_HASH_START;
    m->running = PROCESS_NONE;
    m->next_ps = TIME_NEVER;
    m->air.wake_ps = TIME_NEVER;
    m->polled.address = POLLED_NONE;
    for (uint32_t i = 0; i < MACHINE_DEVICE_MAX; i++)
        m->wakes_ps[i] = TIME_NEVER;
    machine_ram_reset(m);
    machine_secret_reset(m);
    mpu_armv7m_reset(&m->mpu, (uint8_t)s->board.mpu_regions);
    nvic_reset(&m->nvic, s->config.line_count);
    reset_apps(m);
    start_monitors(m);
    machine_inject_start(m);
    reset_devices(hw);
    machine_find_next(m);
}

enum err machine_start(struct hw *hw, uint32_t *bad_image)
{
    struct machine *m = hw->m;
    *bad_image = 0;
    if (setjmp(hw->unwind)) {
        hw->can_unwind = false;
        return ERR_NONE; /* the panic is in the trace; the run is over before it began */
    }
    hw->can_unwind = true;
    enum err err = kernel_start(&m->kernel, hw, &m->setup->scenario->config, bad_image);
    hw->can_unwind = false;
    if (machine_has_secrets(m))
        machine_secret_kernel_start(m);
    return err;
}

enum err machine_boot(struct hw *hw, uint32_t *bad_image)
{
    machine_power_on(hw);
    return machine_start(hw, bad_image);
}

/* --- steps ----------------------------------------------------------------------------------- */

static void begin_user(struct hw *hw, struct kernel_action *action)
{
    struct machine *m = hw->m;
    struct app *app = machine_app_mutable(m, action->process);
    const struct resume *resume = &action->resume;
    if (hw->on_resume)
        hw->on_resume(hw->resume_context, action->process, &action->resume);
    m->mode = CPU_USER;
    m->running = action->process;
    m->due_changes += m->ran_last != action->process;
    m->ran_last = action->process;
    machine_trace(hw, EVENT_RUN, action->process, resume->kind, resume->function);
    m->heard |= m->setup->user_hearers;
    for (uint32_t i = 0; i < m->setup->user_listener_count; i++) {
        const struct user_listener *l = &m->setup->user_listeners[i];
        l->on_user(m, machine_at(m, l->state), action->process);
    }
    switch ((enum resume_kind)resume->kind) {
    case RESUME_CONTINUE:
        return;
    case RESUME_RETURN:
        memcpy(app->result.regs.r, resume->r, sizeof resume->r);
        machine_trace(hw, EVENT_RETURN, m->running, resume->r[0], pair(resume->r[1], resume->r[2]));
        return;
    case RESUME_UPCALL:
        machine_trace(hw, EVENT_UPCALL, m->running, resume->function,
                      pair(resume->r[0], resume->r[1]));
        machine_trace(hw, EVENT_UPCALL_MORE, m->running, resume->function,
                      pair(resume->r[2], resume->r[3]));
        app->engine->upcall(app, resume->function, resume->r);
        return;
    case RESUME_START:
        app->lives++;
        app->ram_base = resume->r[1];
        app->ram_size = resume->r[2];
        app->expects_fault = false;
        m->compute_left[m->running] = 0;
        if (machine_has_secrets(m))
            machine_secret_start(m, app, resume->r[3]);
        app->engine->start(app, resume->r);
        return;
    }
}

static OUT_OF_LINE void kernel_step(struct hw *hw)
{
    struct machine *m = hw->m;
    struct kernel_action action = kernel_next(&m->kernel, hw);
    switch (action.kind) {
    case ACTION_RUN:
        begin_user(hw, &action);
        break;
    case ACTION_SLEEP:
        machine_trace(hw, EVENT_SLEEP, PROCESS_NONE, 0, 0);
        m->mode = CPU_SLEEP;
        break;
    case ACTION_AGAIN:
        break;
    case ACTION_HALT:
        if (m->injections_waiting > 0) { /* one of them may start a process again */
            m->mode = CPU_SLEEP;
            break;
        }
        machine_trace(hw, EVENT_HALT, PROCESS_NONE, 0, 0);
        m->state = RUN_HALTED;
        break;
    }
}

static bool line_calls(struct nvic *nvic)
{
    return nvic_calls(nvic) && nvic_active_line(nvic) != NVIC_NO_LINE;
}

/* Sleeps to the next moment at which something is due, and on, a step each. */
static OUT_OF_LINE void sleep_on(struct hw *hw, uint64_t end_ps)
{
    struct machine *m = hw->m;
    do {
        if (!line_calls(&m->nvic))
            machine_idle(hw, m->setup->scenario->until_ps);
        if (line_calls(&m->nvic)) {
            machine_trace(hw, EVENT_WAKE, PROCESS_NONE, 0, 0);
            m->mode = CPU_KERNEL;
        }
    } while (machine_goes_on(m, CPU_SLEEP, end_ps));
}

/* One step; in user mode and asleep more, as long as they begin before `end_ps`. */
static enum run_state take_steps(struct hw *hw, uint64_t end_ps)
{
    struct machine *m = hw->m;
    uint64_t until_ps = m->setup->scenario->until_ps;
    if (m->state != RUN_GOING)
        return m->state;
    if (m->now_ps >= until_ps)
        return m->state = RUN_DONE;
    if (!machine_step_begins(m))
        return m->state;
    if (m->inject_hand_ps <= m->now_ps)
        machine_inject_hand(hw);
    else if (m->mode == CPU_USER)
        machine_user_run(hw, earliest(end_ps, until_ps));
    else if (m->mode == CPU_SLEEP)
        sleep_on(hw, earliest(end_ps, until_ps));
    else
        kernel_step(hw);
    return m->state;
}

enum run_state machine_run(struct hw *hw, uint64_t at_ps)
{
    struct machine *m = hw->m;
    if (setjmp(hw->unwind)) {
        hw->can_unwind = false;
        return hw->m->state;
    }
    hw->can_unwind = true;
    while (m->now_ps < at_ps && take_steps(hw, at_ps) == RUN_GOING)
        ;
    hw->can_unwind = false;
    return m->state;
}

enum run_state machine_step(struct hw *hw)
{
    if (setjmp(hw->unwind)) {
        hw->can_unwind = false;
        return hw->m->state;
    }
    hw->can_unwind = true;
    enum run_state state = take_steps(hw, 0);
    hw->can_unwind = false;
    return state;
}

void machine_finish(struct hw *hw)
{
    struct machine *m = hw->m;
    m->heard |= m->setup->end_hearers;
    for (uint32_t i = 0; i < monitor_count; i++)
        if (monitors[i]->at_end && m->setup->monitor_offset[i])
            monitors[i]->at_end(m, machine_monitor_state(m, i));
}

/* --- snapshots ------------------------------------------------------------------------------- */

void machine_copy(struct machine *to, const struct machine *from)
{
    memcpy(to, from, from->setup->size);
}

static void copy_written_pages(struct machine *to, struct machine *from, const uint64_t bits[])
{
    const struct machine_setup *setup = from->setup;
    for (uint32_t word = 0; word < setup->dirty_words; word++) {
        for (uint64_t left = bits[word]; left; left &= left - 1) {
            uint32_t at = (word * 64 + (uint32_t)__builtin_ctzll(left)) * RAM_PAGE;
            uint32_t left_over = setup->paged_size - at;
            uint32_t size = left_over < RAM_PAGE ? left_over : RAM_PAGE;
            memcpy(machine_ram(to) + at, machine_ram(from) + at, size);
        }
    }
}

static void copy_part(struct machine *to, const struct machine *from, size_t offset, size_t end)
{
    memcpy((uint8_t *)to + offset, (const uint8_t *)from + offset, end - offset);
}

static uint32_t most_verdicts(const struct machine *a, const struct machine *b)
{
    uint64_t count = a->judged.verdict_count;
    if (count < b->judged.verdict_count)
        count = b->judged.verdict_count;
    return count < VERDICT_MAX ? (uint32_t)count : VERDICT_MAX;
}

/* Not the kernel's rows of processes that the board has not, which nobody writes, nor flights while
 * none is under way, nor places of verdicts that are free, nor what is no part of a snapshot. */
static void copy_struct(struct machine *to, const struct machine *from)
{
    size_t rows = offsetof(struct machine, kernel.processes);
    size_t flights = offsetof(struct machine, air.flights);
    size_t verdicts = offsetof(struct machine, judged.verdicts);
    uint32_t apps = from->setup->scenario->app_count;
    bool flies = to->air.used || from->air.used;
    copy_part(to, from, verdicts + sizeof from->judged.verdicts,
              offsetof(struct machine, decisions));
    copy_part(to, from, flights + (flies ? 0 : sizeof from->air.flights),
              verdicts + most_verdicts(to, from) * sizeof from->judged.verdicts[0]);
    copy_part(to, from, rows + sizeof from->kernel.processes, flights);
    copy_part(to, from, 0, rows + apps * sizeof from->kernel.processes[0]);
}

static void copy_core(struct machine *to, const struct machine *from)
{
    const struct machine_setup *setup = from->setup;
    const struct scenario *s = setup->scenario;
    uint64_t before = machine_decided(to);
    copy_struct(to, from);
    for (uint32_t i = 0; i < s->injection_count; i++)
        *machine_injection(to, i) = *machine_injection_read(from, i);
    if (s->app_count > 0)
        copy_part(to, from, setup->app_offset[0], setup->devices_offset);
    copy_part(to, from, setup->drawn_offset, setup->dirty_offset);
    if (machine_decided(to) <= before) /* else old decisions would come to life */
        to->due_changes += before + 1 - machine_decided(to);
}

/* How many of the rows are in use. */
static uint32_t rows_used(const struct monitor_rows *rows, const struct scenario *s,
                          const uint8_t *state)
{
    uint16_t small;
    uint32_t end = s->app_count;
    if (rows->end_size == sizeof small) {
        memcpy(&small, state + rows->end_at, sizeof small);
        end = small;
    } else if (rows->end_size == sizeof end) {
        memcpy(&end, state + rows->end_at, sizeof end);
    }
    return end < rows->count ? end : rows->count;
}

/* But for rows that neither uses. */
static void copy_monitor(struct machine *to, const struct machine *from, uint32_t i)
{
    const struct monitor *monitor = monitors[i];
    const struct scenario *s = from->setup->scenario;
    uint32_t base = from->setup->monitor_offset[i], at = 0;
    const uint8_t *states[2] = {(const uint8_t *)to + base, (const uint8_t *)from + base};
    for (uint32_t r = 0; r < MONITOR_ROWS_MAX && monitor->rows[r].count > 0; r++) {
        const struct monitor_rows *rows = &monitor->rows[r];
        uint32_t here = rows_used(rows, s, states[0]), there = rows_used(rows, s, states[1]);
        uint32_t used = here > there ? here : there;
        copy_part(to, from, base + at, base + rows->offset + used * rows->size);
        at = rows->offset + rows->count * rows->size;
    }
    copy_part(to, from, base + at, base + monitor_size(monitor, s));
}

/* Devices and monitors that have been touched since both were equal. */
static void copy_touched(struct machine *to, const struct machine *from, const struct machine *m)
{
    const struct machine_setup *setup = m->setup;
    uint64_t touched[DEVICE_WORDS], heard = m->heard;
    memcpy(touched, m->touched, sizeof touched);
    copy_core(to, from);
    for (uint32_t word = 0; word < DEVICE_WORDS; word++)
        for (uint64_t left = touched[word]; left; left &= left - 1) {
            uint32_t i = word * 64 + (uint32_t)__builtin_ctzll(left);
            uint32_t at = setup->device_offset[i];
            copy_part(to, from, at, at + device_size(machine_device(to, i)->type));
        }
    for (; heard; heard &= heard - 1)
        copy_monitor(to, from, (uint32_t)__builtin_ctzll(heard));
}

/* Written-page bits say what changed since `m` and its snapshot were equal; they are good only for
 * the pair that was made together last, which the shared number tells. */
static bool are_a_pair(const struct machine *m, const struct machine *snapshot)
{
    return m->pairing != 0 && m->pairing == snapshot->pairing && m->setup == snapshot->setup;
}

/* A number that neither has had before, so that an older copy of either finds itself outdated; and
 * that no other two have, unless they are at the very same point of the same run, and so equal. */
static uint64_t new_pairing(const struct machine *m, const struct machine *snapshot)
{
    const uint64_t words[] = {m->pairing, snapshot->pairing, m->hash,         m->record_count,
                              m->now_ps,  m->instant_ps,     m->instant_steps};
    uint64_t pairing = TRACE_HASH_START;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        pairing = trace_hash_word(pairing, words[i]);
    return pairing ? pairing : 1;
}

static void make_pair(struct machine *m, struct machine *snapshot, uint64_t pairing)
{
    m->pairing = snapshot->pairing = pairing;
    memset(machine_written_pages(m), 0, m->setup->dirty_words * sizeof(uint64_t));
    memset(m->touched, 0, sizeof m->touched);
    m->heard = 0;
    m->polled.address = snapshot->polled.address = POLLED_NONE; /* its device is touched anew */
}

/* `to` becomes `from`, one of which is `m` and the other its snapshot. */
static void copy_pair(struct machine *to, struct machine *from, struct machine *m)
{
    struct machine *snapshot = to == m ? from : to;
    uint64_t pairing = new_pairing(m, snapshot);
    bool pair_before = are_a_pair(to, from);
    if (pair_before) {
        copy_written_pages(to, from, machine_written_pages(m));
        copy_touched(to, from, m);
    } else {
        machine_copy(to, from);
    }
    make_pair(m, snapshot, pairing);
}

void machine_save(struct machine *m, struct machine *snapshot)
{
    copy_pair(snapshot, m, m);
}

void machine_restore(struct machine *m, struct machine *snapshot)
{
    copy_pair(m, snapshot, m);
}

void machine_dues_changed(struct machine *m)
{
    m->due_changes++;
}

bool machine_knows(const struct machine *m, uint64_t fact)
{
    return m->known[fact / 2 % KNOWN_MAX] == fact;
}

void machine_learn(struct machine *m, uint64_t fact)
{
    m->known[fact / 2 % KNOWN_MAX] = fact;
}

/* --- views ----------------------------------------------------------------------------------- */

struct secret_facts machine_secret_facts(const struct machine *m)
{
    return m->secret_facts;
}

uint64_t machine_trace_hash(const struct machine *m)
{
    return m->hash;
}

uint64_t machine_record_count(const struct machine *m)
{
    return m->record_count;
}

enum run_state machine_state(const struct machine *m)
{
    return m->state;
}

const struct mpu_armv7m *machine_mpu(const struct machine *m)
{
    return &m->mpu;
}

const struct nvic *machine_nvic(const struct machine *m)
{
    return &m->nvic;
}

const struct air *machine_air(const struct machine *m)
{
    return &m->air;
}

uint64_t machine_peer_fact(struct machine *m, uint32_t peer, uint32_t fact)
{
    const struct scenario *s = m->setup->scenario;
    return s->peers[peer].type->fact(machine_device(m, s->board.device_count + peer), fact);
}

const struct app *machine_app(const struct machine *m, uint32_t process)
{
    return (const struct app *)(const void *)((const uint8_t *)m + m->setup->app_offset[process]);
}

uint32_t machine_running(const struct machine *m)
{
    return m->running;
}

uint32_t machine_verdicts(const struct machine *m, const struct verdict **verdicts)
{
    *verdicts = m->judged.verdicts;
    return m->judged.verdict_count < VERDICT_MAX ? (uint32_t)m->judged.verdict_count : VERDICT_MAX;
}

uint64_t machine_verdict_count(const struct machine *m)
{
    return m->judged.verdict_count;
}

void verdict_add(struct machine *m, struct verdict verdict)
{
    verdict.record = m->record_count;
    if (m->judged.verdict_count < VERDICT_MAX)
        m->judged.verdicts[m->judged.verdict_count] = verdict;
    m->judged.verdict_count++;
}

void check_armed(struct machine *m, uint32_t check)
{
    m->judged.checks_armed |= UINT64_C(1) << check;
}

void peak_reach(struct machine *m, enum peak peak, uint64_t value)
{
    if (value > m->judged.peaks[peak])
        m->judged.peaks[peak] = value;
}

const uint64_t *machine_peaks(const struct machine *m)
{
    return m->judged.peaks;
}

bool machine_check_armed(const struct machine *m, uint32_t check)
{
    return m->judged.checks_armed >> check & 1;
}

bool machine_injection_fired(const struct machine *m, uint32_t injection)
{
    const struct injection_state *state = machine_injection_read(m, injection);
    const struct injection *plan = &machine_scenario(m)->injections[injection];
    if (!state->in_force)
        return state->fired;
    return state->fired || machine_device((struct machine *)m, plan->device)->fault.forced_read;
}

bool machine_injection_tried(const struct machine *m, uint32_t injection)
{
    const struct injection *plan = &machine_scenario(m)->injections[injection];
    return machine_injection_read(m, injection)->left <
           (plan->kind == INJECT_STORM ? plan->count : 1);
}

uint32_t machine_injection_matches(const struct machine *m, uint32_t injection)
{
    return machine_injection_read(m, injection)->matches;
}

uint32_t machine_broken_device(struct machine *m)
{
    for (uint32_t i = 0; i < machine_scenario(m)->board.device_count; i++) {
        const struct device *d = machine_device(m, i);
        if (d && d->lost_requests)
            return i;
    }
    return BOARD_NONE;
}

struct process_facts machine_process_facts(const struct machine *m, uint32_t process)
{
    const struct process *p = &m->kernel.processes[process];
    return (struct process_facts){
        .state = p->state,
        .restart_count = p->restart_count,
        .completion_code = p->completion_code,
        .has_completion_code = p->has_completion_code,
        .dropped_upcalls = p->dropped_upcalls,
        .block = p->mpu.block,
        .app_break = p->app_break,
        .kernel_break = p->kernel_break,
    };
}
