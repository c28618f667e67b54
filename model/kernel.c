#include "model/kernel.h"

#include "model/nvic.h"
#include "model/process_block.h"
#include "model/upcall.h"

/* Configurable Fault Status Register and the two fault addresses. Source: ARMv7-M ARM B3.2.15. */
static const uint32_t SCB_CFSR = 0xE000ED28;
static const uint32_t SCB_MMFAR = 0xE000ED34;
static const uint32_t SCB_BFAR = 0xE000ED38;
enum { CFSR_MMARVALID = 1 << 7, CFSR_BFARVALID = 1 << 15 };

/* Bottom halves of one line in a row, without user mode or sleep in between, after which the line
 * counts as stuck (rule PT17). Ours: a device that works needs one or two. */
enum { LINE_SERVICES_MAX = 16 };

struct process *kernel_process(struct kernel *k, struct process_id id)
{
    if (id.index >= k->process_count || id.unique == 0)
        return NULL;
    struct process *p = &k->processes[id.index];
    return p->id.unique == id.unique && process_is_alive(p) ? p : NULL;
}

/* ---- interrupts */

/* The driver that has dealt with the line, or NULL: nobody's. */
static const struct driver *driver_interrupt(struct kernel *k, struct hw *hw, uint32_t line)
{
    for (uint32_t i = 0; i < driver_count; i++) {
        const struct driver *d = drivers[i];
        if (d->on_interrupt && kernel_has_driver(k, i) && d->on_interrupt(k, hw, line))
            return d;
    }
    return NULL;
}

static bool line_is_off(const struct kernel *k, uint32_t line)
{
    return k->line_off[line / 32] >> (line % 32) & 1;
}

static void line_give_up(struct kernel *k, struct hw *hw, uint32_t line, enum note why)
{
    k->line_off[line / 32] |= (uint32_t)1 << (line % 32);
    nvic_mask(hw, line);
    if (why == NOTE_ENDPOINT_STUCK)
        hw_note(hw, why, PROCESS_NONE, 0xffffffff, line);
    else
        hw_note(hw, why, PROCESS_NONE, line, 0);
}

/* What the handler does on silicon: the line is masked and stays pending for the kernel loop. */
static void top_half(struct hw *hw, uint32_t line)
{
    hw_spend(hw, PATH_INTERRUPT_TOP, 1);
    nvic_mask(hw, line);
    nvic_set_pending(hw, line);
}

static void line_serviced(struct kernel *k, struct hw *hw, uint32_t line)
{
    hw_note(hw, NOTE_LINE_SERVICED, PROCESS_NONE, line, 0xffffffff);
    nvic_clear_pending(hw, line); /* a level that is still high pends again */
    if (!line_pace_serviced(&k->line_pace, line, k->scheduler.ran_us))
        nvic_enable(hw, line);
}

/* Opens the lines that have rested; `is_idle`: all, since no process is ready. */
static bool lines_rested(struct kernel *k, struct hw *hw, bool is_idle)
{
    uint32_t lines[IRQ_LINE_MAX / 32];

    if (!line_pace_rested(&k->line_pace, k->scheduler.ran_us, is_idle, lines))
        return false;
    for (uint32_t line = 0; line < k->config->line_count; line++)
        if (lines[line / 32] >> (line % 32) & 1)
            nvic_enable(hw, line);
    return true;
}

/* One line's bottom half; the line is masked now. The passthrough driver notes, holds and opens its
 * lines itself. */
static void bottom_half(struct kernel *k, struct hw *hw, uint32_t line)
{
    hw_spend(hw, PATH_INTERRUPT_BOTTOM, 1);
    const struct driver *d = driver_interrupt(k, hw, line);
    if (!d)
        line_give_up(k, hw, line, NOTE_LINE_UNCLAIMED);
    else if (!line_is_off(k, line) && ++k->line_services[line] > LINE_SERVICES_MAX)
        line_give_up(k, hw, line, NOTE_ENDPOINT_STUCK);
    else if (d != &passthrough_driver)
        line_serviced(k, hw, line);
}

/* The lowest line that pends and is neither off nor held nor rests, else NVIC_NONE. */
static uint32_t line_next(const struct kernel *k, struct hw *hw)
{
    uint32_t unheard[IRQ_LINE_MAX / 32];

    for (uint32_t i = 0; i < COUNT_OF(unheard); i++)
        unheard[i] = k->line_off[i] | k->line_held[i] | k->line_pace.resting[i];
    return nvic_next_pending(hw, k->config->line_count, unheard);
}

static bool interrupt_handled(struct kernel *k, struct hw *hw)
{
    uint32_t line = line_next(k, hw);

    if (line == NVIC_NONE)
        return false;
    if (nvic_is_enabled(hw, line)) /* it came while the kernel ran: its handler runs first */
        top_half(hw, line);
    bottom_half(k, hw, line);
    k->is_any_line_counted |= k->line_services[line] > 0;
    return true;
}

/* ---- what the CPU does now */

static struct kernel_action action(enum action_kind kind)
{
    return (struct kernel_action){.kind = kind, .process = PROCESS_NONE};
}

static struct kernel_action idle(struct kernel *k, struct hw *hw)
{
    if (lines_rested(k, hw, true))
        return action(ACTION_AGAIN);
    memset(k->line_services, 0, sizeof k->line_services);
    k->is_any_line_counted = false;
    k->halted = true;
    for (uint32_t i = 0; i < k->process_count; i++)
        if (process_is_alive(&k->processes[i]))
            k->halted = false;
    return action(k->halted ? ACTION_HALT : ACTION_SLEEP);
}

/* User mode is next, so the lines' counts begin anew. Not if a line is pending again: user mode
 * would end before its first instruction, and a line that comes back at that pace would stop every
 * app. */
static void line_counts_end(struct kernel *k, struct hw *hw)
{
    if (!k->is_any_line_counted || line_next(k, hw) != NVIC_NONE)
        return;
    memset(k->line_services, 0, sizeof k->line_services);
    k->is_any_line_counted = false;
}

/* Protection, slice timer and registers of the process that runs now. */
static struct kernel_action run(struct kernel *k, struct hw *hw, struct schedule turn)
{
    struct process *p = &k->processes[turn.process];

    uint32_t slice_us = line_pace_slice(&k->line_pace, turn.slice_us, k->scheduler.ran_us);
    k->is_slice_cut = slice_us != turn.slice_us;
    k->slice_us = systick_arm(hw, k->config->cpu_hz, slice_us);
    hw_spend(hw, PATH_MPU_SETUP, 1);
    mpu_configure(&k->mpu, hw, &p->mpu, p->id.unique);
    mpu_enable(hw);
    if (k->last != turn.process)
        hw_spend(hw, PATH_CONTEXT_SWITCH, 1);
    hw_spend(hw, PATH_EXCEPTION_RETURN, 1);
    line_counts_end(k, hw);

    k->last = turn.process;
    k->running = turn.process;
    struct kernel_action now = {ACTION_RUN, turn.process, p->resume};
    p->resume = (struct resume){.kind = RESUME_CONTINUE};
    return now;
}

/* Why the process stopped that had `slice_us` of the scheduler's and has `left_us` of it. */
static enum stop_reason stop_reason_of(enum trap_kind kind, uint32_t slice_us, uint32_t left_us)
{
    switch (kind) {
    case TRAP_SYSCALL:
        return STOP_SYSCALL;
    case TRAP_FAULT:
        return STOP_NOT_READY;
    case TRAP_SLICE_END: /* with time left, or without a slice: one of an earlier slice */
        return slice_us && !left_us ? STOP_SLICE_END : STOP_INTERRUPT;
    default:
        return STOP_INTERRUPT;
    }
}

/* The slice timer off, the time accounted for. It runs on while system calls and interrupts are
 * handled: else an app could keep the CPU from the others by what costs the kernel much and the app
 * little. */
static void slice_account(struct kernel *k, struct hw *hw)
{
    uint32_t index = k->stopped;

    if (index == PROCESS_NONE)
        return;
    k->stopped = PROCESS_NONE;
    uint32_t left_us = k->slice_us ? systick_stop(hw, k->config->cpu_hz) : 0;
    uint32_t ran_us = k->slice_us > left_us ? k->slice_us - left_us : 0;
    scheduler_ran(
        k, index, ran_us,
        stop_reason_of((enum trap_kind)k->stopped_by, k->is_slice_cut ? 0 : k->slice_us, left_us));
}

struct kernel_action kernel_next(struct kernel *k, struct hw *hw)
{
    if (interrupt_handled(k, hw) || virt_deferred(k, hw))
        return action(ACTION_AGAIN);
    slice_account(k, hw);
    if (lines_rested(k, hw, false))
        return action(ACTION_AGAIN);
    hw_spend(hw, PATH_SCHEDULER, 1);
    struct schedule turn = scheduler_next(k, hw);
    if (turn.process == PROCESS_NONE)
        return idle(k, hw);

    struct process *p = &k->processes[turn.process];
    if (p->state != PROCESS_RUNNING) {
        if (!process_wake(hw, p))
            return action(ACTION_AGAIN); /* DMA took back what made it ready */
        passthrough_upcalls_taken(k, hw, p);
    }
    return run(k, hw, turn);
}

/* ---- back from user mode */

/* The CPU is the kernel's again. NULL: no process was in user mode. */
static struct process *process_left(struct kernel *k, struct hw *hw, enum trap_kind why)
{
    uint32_t index = k->running;

    if (index == PROCESS_NONE)
        return NULL;
    k->running = PROCESS_NONE;
    k->stopped = index;
    k->stopped_by = (uint8_t)why;
    hw_spend(hw, PATH_EXCEPTION_ENTRY, 1);
    mpu_disable(hw);
    return &k->processes[index];
}

static void fault_handle(struct kernel *k, struct hw *hw, struct process *p)
{
    uint32_t status = hw_read32(hw, SCB_CFSR);

    p->fault_status = status;
    p->fault_address = status & CFSR_MMARVALID   ? hw_read32(hw, SCB_MMFAR)
                       : status & CFSR_BFARVALID ? hw_read32(hw, SCB_BFAR)
                                                 : 0;
    hw_write32(hw, SCB_CFSR, status); /* its bits are cleared by writing them */
    process_end(k, hw, p, END_FAULT, status, k->tokens.manage);
}

void kernel_trap(struct kernel *k, struct hw *hw, const struct trap *trap)
{
    struct process *p = process_left(k, hw, trap->kind);

    if (p && trap->kind == TRAP_SYSCALL) {
        syscall_handle(k, hw, p, &trap->call);
        passthrough_upcalls_taken(k, hw, p);
    }
    if (p && trap->kind == TRAP_FAULT)
        fault_handle(k, hw, p);
    if (trap->kind == TRAP_INTERRUPT && trap->line < k->config->line_count)
        top_half(hw, trap->line);
}

/* ---- the end of a life */

static void drivers_forget(struct kernel *k, struct hw *hw, struct process_id id)
{
    for (uint32_t i = 0; i < driver_count; i++)
        if (kernel_has_driver(k, i) && drivers[i]->on_process_end)
            drivers[i]->on_process_end(k, hw, id);
}

/* Nothing of the process is reachable from user mode any more, by it or by anybody. */
static void memory_close(struct kernel *k, struct process *p)
{
    mpu_config_start(&p->mpu, k->mpu.region_limit);
    p->mpu.dirty = true;
    if (k->mpu.configured_for == p->id.unique)
        k->mpu.configured_for = 0;
}

static void life_end(struct kernel *k, struct hw *hw, struct process *p, enum end_kind how,
                     uint32_t code)
{
    bool exited = how == END_EXIT_TERMINATE || how == END_EXIT_RESTART;

    hw_note(hw, NOTE_PROCESS_END, p->id.index, p->restart_count, how | (uint64_t)code << 32);
    passthrough_process_end(k, hw, p);
    memory_close(k, p);
    if (exited) {
        p->completion_code = code;
        p->has_completion_code = true;
    }
    process_set_state(hw, p, how == END_FAULT ? PROCESS_FAULTED : PROCESS_TERMINATED);
    p->resume = (struct resume){.kind = RESUME_CONTINUE};
    p->grants_entered = 0;
    drivers_forget(k, hw, p->id);
    enum err err = process_block_wipe(hw, p); /* grants and queued upcalls are gone */
    (void)err;                                /* the dead state alone makes them unreachable */
}

static bool policy_restarts(const struct process_image *image, const struct process *p)
{
    return image->fault_policy == FAULT_RESTART || (image->fault_policy == FAULT_RESTART_AT_MOST &&
                                                    p->restart_count < image->restart_limit);
}

void process_end(struct kernel *k, struct hw *hw, struct process *p, enum end_kind how,
                 uint32_t code, const struct process_management_capability *may)
{
    const struct process_image *image = process_image(k, p);

    (void)may;
    hw_spend(hw, PATH_PROCESS_FAULT, 1);
    if (process_is_alive(p))
        life_end(k, hw, p, how, code);
    else if (how != END_EXIT_RESTART)
        return;
    if (how == END_FAULT && image->fault_policy == FAULT_PANIC)
        hw_panic(hw, "a process faulted, and its board asks for a panic");
    if (how != END_EXIT_RESTART && !(how == END_FAULT && policy_restarts(image, p)))
        return;

    p->restart_count++;
    if (process_begin(k, hw, p, p->memory)) /* it began there before: only broken RAM fails */
        process_set_state(hw, p, PROCESS_FAULTED);
}

static bool index_is_used(const struct kernel *k, uint32_t index)
{
    return index < k->process_count && k->processes[index].state != PROCESS_UNUSED;
}

void kernel_end_process(struct kernel *k, struct hw *hw, uint32_t index, enum end_kind how)
{
    if (!index_is_used(k, index))
        return;
    kernel_trap(k, hw, &(struct trap){.kind = TRAP_RESCHEDULE});
    process_end(k, hw, &k->processes[index], how, 0, k->tokens.manage);
}

void kernel_stop_process(struct kernel *k, uint32_t index, bool stop)
{
    if (index_is_used(k, index))
        k->processes[index].stopped = stop;
}
