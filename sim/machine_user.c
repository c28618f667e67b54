/* machine_user.c: user mode: one operation of the running app at a time, through MPU and bus.
 *
 * Where an app's access is judged: judge() asks the MPU for every byte, then bus_refuses() the bus.
 *
 * Not modelled: the exception frame on the process's stack, instruction fetches between operations,
 * byte and halfword accesses to peripherals (the bus refuses them).
 */
#include "sim/machine_value.h"
#include <string.h>

enum { PRIVATE_FIRST = 0xe0000000, PRIVATE_LAST = 0xe00fffff };

static const struct costs *costs_of(const struct hw *hw)
{
    return &hw->m->setup->scenario->costs;
}

void machine_leave_user(struct hw *hw, const struct trap *trap)
{
    struct machine *m = hw->m;
    m->mode = CPU_KERNEL;
    m->running = PROCESS_NONE;
    kernel_trap(&m->kernel, hw, trap);
}

void machine_flash_read(const struct machine *m, struct span from, void *to)
{
    uint8_t *bytes = to;
    for (uint32_t i = 0; i < from.size; i++) {
        uint32_t address = from.base + i;
        if (machine_storage_read(m, (struct span){address, 1}, &bytes[i]))
            continue;
        uint32_t word = (address & ~3u) * 0x9e3779b1u ^ 0x706f7374u; /* fixed: code is not run */
        bytes[i] = (uint8_t)(word >> address % 4 * 8);
    }
}

/* --- faults ---------------------------------------------------------------------------------- */

static void fault(struct hw *hw, const struct app_op *op, uint32_t status, uint32_t address,
                  enum access_kind kind)
{
    struct machine *m = hw->m;
    struct app *app = machine_app_mutable(m, m->running);
    m->nvic.cfsr |= status;
    if (status & CFSR_MMARVALID)
        m->nvic.mmfar = address;
    if (status & CFSR_BFARVALID)
        m->nvic.bfar = address;
    if (app->expects_fault) {
        app->expects_fault = false;
        app->expected_faults++;
        app->checks_passed++;
    } else if (op->kind != OP_FAULT && app->unexpected_faults++ == 0) {
        app->unexpected_address = address;
        app->unexpected_at_ps = m->now_ps;
    }
    machine_trace(hw, EVENT_FAULT, m->running, address, pair(status, kind));
    machine_leave_user(hw, &(struct trap){.kind = TRAP_FAULT});
}

/* --- one access: the MPU first, then the bus ------------------------------------------------- */

/* What the bus says to unprivileged code: 0 or the fault status bits. */
static uint32_t bus_refuses(const struct machine *m, const struct access *access)
{
    const struct board *board = &m->setup->scenario->board;
    const struct span span = {access->address, access->size};
    if (access->kind == ACCESS_EXECUTE)
        return span_covers(board->flash, span) || span_covers(board->ram, span) ? 0 : CFSR_IBUSERR;
    if (span_covers(board->ram, span))
        return 0;
    if (span_covers(board->flash, span) && access->kind == ACCESS_READ)
        return 0;
    if (access->address >= PRIVATE_FIRST && access->address <= PRIVATE_LAST)
        return CFSR_PRECISERR | CFSR_BFARVALID;
    if (machine_device_at(m->setup, access->address) == BOARD_NONE)
        return CFSR_PRECISERR | CFSR_BFARVALID;
    if (access->address % access->size != 0)
        return CFSR_UNALIGNED;
    return access->size == 4 ? 0 : CFSR_PRECISERR | CFSR_BFARVALID;
}

/* Where the decision on that access stands, or would stand. */
static struct decision *decision_at(struct machine *m, const struct app_op *op,
                                    enum access_kind kind)
{
    uint32_t mixed = (op->address + (unsigned)kind) * 0x9e3779b1u; /* 2^32 by the golden ratio */
    return &m->decisions[mixed >> (32 - DECISION_BITS)];
}

/* The access has been let through before, and would be again. */
static bool is_decided(const struct machine *m, const struct decision *d, const struct app_op *op,
                       enum access_kind kind)
{
    return d->address == op->address && d->size == op->size && d->kind == kind &&
           d->changes == machine_decided(m) && m->mpu.ctrl & MPU_ARMV7M_CTRL_ENABLE;
}

/* The row behind the steady ones that `row` begins with; nobody's if there is no other. */
static uint16_t unsteady_from(const struct machine_setup *setup, uint16_t row)
{
    while (row && setup->listeners[row].is_steady)
        row++;
    return setup->listeners[row].on_record ? row : 0;
}

/* The device does nothing of its own at an access of that kind, but for what is due. */
static bool is_plain(const struct machine *m, const struct device *d, int row,
                     enum access_kind kind)
{
    if (row < 0 || !m->setup->is_plain)
        return false;
    if (kind == ACCESS_READ)
        return !d->type->regs[row].on_read;
    return device_only_stores(d, row) && d->index != m->setup->flash_device;
}

/* A decision with the MPU off is good for this access only. */
static void decide(struct machine *m, struct decision *d, const struct app_op *op,
                   enum access_kind kind, uint32_t device)
{
    bool is_memory = device == BOARD_NONE; /* the bus has let it through */
    bool is_load = kind == ACCESS_READ, is_on = m->mpu.ctrl & MPU_ARMV7M_CTRL_ENABLE;
    *d = (struct decision){.changes = machine_decided(m),
                           .address = op->address,
                           .size = is_on ? (uint8_t)op->size : 0,
                           .kind = (uint8_t)kind,
                           .device = (uint16_t)device,
                           .row = -1};
    if (!is_memory) {
        const struct device *touched = machine_device(m, device);
        d->row = (int16_t)device_row_at(touched, op->address - touched->base);
        d->is_plain = is_plain(m, touched, d->row, kind);
    }
    d->listeners = m->setup->access_listener[is_load ? ACCESS_LOAD : ACCESS_STORE]
                                            [is_memory ? PLACE_MEMORY : device];
    d->unsteady = unsteady_from(m->setup, d->listeners);
}

/* False: refused, and the process has faulted. */
static bool judge(struct hw *hw, const struct app_op *op, enum access_kind kind)
{
    const struct access access = {.address = op->address, .size = op->size, .kind = kind};
    struct mpu_verdict verdict = mpu_armv7m_check(&hw->m->mpu, access);
    if (!verdict.allowed) {
        fault(hw, op, verdict.mmfsr, verdict.fault_address, kind);
        return false;
    }
    uint32_t refused = bus_refuses(hw->m, &access);
    if (refused)
        fault(hw, op, refused, op->address, kind);
    return refused == 0;
}

/* An engine's mistake would be the simulator's, not the app's: sizes are kept to what a CPU has. */
static uint32_t access_size(uint32_t size)
{
    return size == 1 || size == 2 ? size : 4;
}

/* The CPU's part of a load or a store: time, and whether it is let through. NULL: it is not. */
static OUT_OF_LINE struct decision *reach_anew(struct hw *hw, struct app_op *op,
                                               enum access_kind kind, uint32_t memory_cycles)
{
    struct machine *m = hw->m;
    op->size = access_size(op->size); /* no decision is of any other */
    struct decision *d = decision_at(m, op, kind);
    uint32_t device = machine_device_at(m->setup, op->address);
    machine_spend(hw, device == BOARD_NONE ? memory_cycles : costs_of(hw)->app_mmio);
    if (!judge(hw, op, kind))
        return NULL;
    decide(m, d, op, kind, device);
    return d;
}

static inline struct decision *reach(struct hw *hw, struct app_op *op, enum access_kind kind,
                                     uint32_t memory_cycles)
{
    struct machine *m = hw->m;
    struct decision *d = decision_at(m, op, kind);
    if (!is_decided(m, d, op, kind))
        return reach_anew(hw, op, kind, memory_cycles);
    machine_spend(hw, d->device == BOARD_NONE ? memory_cycles : costs_of(hw)->app_mmio);
    return d;
}

static inline void trace_access(struct hw *hw, unsigned event, const struct app_op *op,
                                uint32_t value, struct decision *d)
{
    uint32_t listeners = d->listeners;
    d->listeners = d->unsteady;
    machine_trace_to(hw, event, hw->m->running, op->address, pair(value, op->size), listeners);
}

static uint32_t memory_read(struct machine *m, uint32_t address, uint32_t size)
{
    uint32_t value = 0;
    if (!machine_peek(m, (struct span){address, size}, &value))
        machine_flash_read(m, (struct span){address, size}, &value);
    return value;
}

static uint32_t load_from_device(struct hw *hw, const struct app_op *op, const struct decision *at)
{
    struct machine *m = hw->m;
    struct device *d = machine_modelled(m, at->device);
    if (at->is_plain && device_is_calm(d, m->now_ps) && !d->fault.forced)
        return device_load(d, (uint32_t)at->row);
    uint32_t value = device_read_row(d, at->row, op->address - d->base, m->now_ps);
    machine_serve(hw, at->device);
    return value;
}

static void load(struct hw *hw, struct app_op *op)
{
    struct machine *m = hw->m;
    struct decision *at = reach(hw, op, ACCESS_READ, costs_of(hw)->app_load);
    if (!at)
        return;
    uint32_t value;
    if (at->device == BOARD_NONE) {
        value = memory_read(m, op->address, op->size);
        if (machine_has_secrets(m))
            value = machine_secret_loaded(m, op, value);
    } else {
        value = load_from_device(hw, op, at);
    }
    machine_app_mutable(m, m->running)->result.value = value;
    trace_access(hw, EVENT_LOAD, op, value, at);
}

static void store_to_device(struct hw *hw, const struct app_op *op, const struct decision *at)
{
    struct machine *m = hw->m;
    struct device *d = machine_modelled(m, at->device);
    if (at->is_plain && device_is_calm(d, m->now_ps)) {
        machine_touch(m, at->device);
        device_store_bits(d, (uint32_t)at->row, op->value);
        return;
    }
    uint32_t value = machine_has_secrets(m) ? machine_secret_word(m, op) : op->value;
    device_write_row(d, at->row, value, m->now_ps);
    machine_serve(hw, at->device);
    machine_halt(hw, at->device);
}

static void store(struct hw *hw, struct app_op *op)
{
    struct machine *m = hw->m;
    struct decision *at = reach(hw, op, ACCESS_WRITE, costs_of(hw)->app_store);
    if (!at)
        return;
    trace_access(hw, EVENT_STORE, op, op->value, at);
    if (at->device != BOARD_NONE) {
        store_to_device(hw, op, at);
        return;
    }
    memcpy(machine_ram_at(m, (struct span){op->address, op->size}), &op->value, op->size);
    if (machine_has_secrets(m))
        machine_secret_stored(m, op);
}

static void execute(struct hw *hw, const struct app_op *op)
{
    machine_spend(hw, costs_of(hw)->app_load);
    if (judge(hw, op, ACCESS_EXECUTE))
        machine_trace(hw, EVENT_EXECUTE, hw->m->running, op->address, pair(0, op->size));
}

/* --- operations ------------------------------------------------------------------------------ */

static void system_call(struct hw *hw, const struct app_op *op)
{
    const uint32_t *args = op->call.args;
    uint32_t process = hw->m->running;
    machine_spend(hw, costs_of(hw)->app_svc);
    machine_trace(hw, EVENT_SYSCALL, process, op->call.class, pair(args[0], args[1]));
    machine_trace(hw, EVENT_SYSCALL_MORE, process, op->call.class, pair(args[2], args[3]));
    machine_leave_user(hw, &(struct trap){.kind = TRAP_SYSCALL, .call = op->call});
}

/* Works until it is done or something is due, which user_step then looks at. */
static void compute(struct hw *hw)
{
    struct machine *m = hw->m;
    uint64_t *left = &m->compute_left[m->running];
    uint64_t passed = machine_spend_until_due(hw, *left);
    if (*left != SPINS)
        *left -= passed;
}

/* But for loads and stores. */
static OUT_OF_LINE void perform(struct hw *hw, const struct app_op *op)
{
    struct machine *m = hw->m;
    switch (op->kind) {
    case OP_COMPUTE:
        m->compute_left[m->running] = op->cycles;
        break;
    case OP_SPIN:
        m->compute_left[m->running] = SPINS;
        break;
    case OP_EXECUTE:
        execute(hw, op);
        break;
    case OP_SYSCALL:
        system_call(hw, op);
        break;
    case OP_MARK:
        machine_trace(hw, EVENT_APP_NOTE, m->running, op->address, op->value);
        break;
    case OP_LOCATE:
        machine_app_mutable(m, m->running)->result.value =
            op->address < PROCESS_MAX ? m->kernel.processes[op->address].memory.base : 0;
        break;
    default: /* OP_FAULT */
        fault(hw, op, CFSR_UNDEFINSTR, m->setup->scenario->images[m->running].entry,
              ACCESS_EXECUTE);
        break;
    }
}

/* The app's next operation. */
static inline void operate(struct hw *hw)
{
    struct machine *m = hw->m;
    struct app *app = machine_app_mutable(m, m->running);
    struct app_op op = {.kind = OP_SPIN};
    uint32_t failed = app->checks_failed;
    app->engine->next(app, &op);
    if (failed == 0 && app->checks_failed > 0)
        app->failed_at_ps = m->now_ps;
    if (op.kind == OP_STORE) {
        store(hw, &op);
    } else if (op.kind == OP_LOAD) {
        load(hw, &op);
    } else {
        op.size = access_size(op.size);
        perform(hw, &op);
    }
}

/* For an interrupt, or because the slice is over. */
static OUT_OF_LINE void interrupt(struct hw *hw)
{
    struct machine *m = hw->m;
    uint32_t line = nvic_active_line(&m->nvic);
    if (line != NVIC_NO_LINE) {
        machine_trace(hw, EVENT_IRQ_TAKEN, m->running, line, 0);
        nvic_enter(&m->nvic, line);
        machine_leave_user(hw, &(struct trap){.kind = TRAP_INTERRUPT, .line = line});
        nvic_leave(&m->nvic);
    } else {
        m->nvic.systick_pending = false;
        machine_trace(hw, EVENT_SLICE_END, m->running, 0, 0);
        machine_leave_user(hw, &(struct trap){.kind = TRAP_SLICE_END});
    }
}

void machine_user_run(struct hw *hw, uint64_t end_ps)
{
    struct machine *m = hw->m;
    do {
        if (nvic_calls(&m->nvic))
            interrupt(hw);
        else if (m->compute_left[m->running] > 0)
            compute(hw);
        else
            operate(hw);
    } while (machine_goes_on(m, CPU_USER, end_ps));
}

void app_check(struct app *app, uint32_t number, bool passed, uint64_t got, uint64_t wanted)
{
    if (passed) {
        app->checks_passed++;
        return;
    }
    if (app->checks_failed++ > 0)
        return;
    app->failed_check = number;
    app->failed_got = got;
    app->failed_wanted = wanted;
}
