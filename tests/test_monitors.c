/* test_monitors.c: each rule bites: the fault is planted in a booted machine, by records that a
 * correct kernel would not make or by registers that it would not leave so, and exactly that rule
 * breaks. And each good sequence stays silent.
 */
#define _POSIX_C_SOURCE 200809L

#include "model/mpu.h"
#include "model/passthrough.h"
#include "sim/gate.h"
#include "sim/machine_value.h"
#include "sim/monitors.h"
#include "sim/monitors/ledger.h"
#include "sim/verdict.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAITER = 0, /* the app that most is planted on */
    OTHER = 1,
    APPS = 3,
    EGU0 = 0x40014000,
    KERNEL_RAM = 0x20000000,
    LINE_TIMER0 = 8,
    LINE_TIMER1 = 9,
    HANDLER = 0x200, /* of an app's flash */
};
static const struct span timer0 = {SUPPORT_TIMER0, 0x1000};
static const struct span timer1 = {SUPPORT_TIMER1, 0x1000};

/* ---- records and registers by hand */

static struct scenario scenario;
static struct hw *hw;
static uint32_t lives[APPS]; /* as the ledger counts them: those that have begun */

static void boot(void)
{
    hw = support_boot(&scenario, NULL);
    machine_run(hw, PS_PER_MS);
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
    for (uint32_t i = 0; i < APPS; i++)
        lives[i] = ledger_of(hw->m)->processes[i].life;
}

static void add(unsigned kind, uint32_t process, uint32_t address, uint64_t value)
{
    support_trace(hw, kind, process, address, value);
}

static void note(enum note kind, uint32_t process, uint32_t address, uint64_t value)
{
    add(EVENT_NOTE_BASE + (unsigned)kind, process, address, value);
}

static struct process *process_of(uint32_t process)
{
    return &hw->m->kernel.processes[process];
}

/* The MPU as the kernel would have it for this process. */
static void configure(uint32_t process)
{
    struct kernel *k = &hw->m->kernel;
    k->mpu.configured_for = 0;
    mpu_configure(&k->mpu, hw, &process_of(process)->mpu, process_of(process)->id.unique);
    mpu_enable(hw);
}

/* How a kernel lets this process go on, by what it did last. */
static enum resume_kind resume_of(uint32_t process)
{
    const struct ledger_process *p = &ledger_of(hw->m)->processes[process];

    if (lives[process] != p->life) {
        lives[process] = p->life;
        return RESUME_START;
    }
    if (ledger_waits(p) && p->args[0] == YIELD_WAIT)
        return RESUME_UPCALL;
    return p->call_open ? RESUME_RETURN : RESUME_CONTINUE;
}

static void enter(uint32_t process)
{
    add(EVENT_RUN, process, resume_of(process), 0);
    for (uint32_t i = 0; i < monitor_count; i++)
        if (monitors[i]->on_user && machine_monitor_state(hw->m, i))
            monitors[i]->on_user(hw->m, machine_monitor_state(hw->m, i), process);
}

static void user(uint32_t process)
{
    configure(process);
    enter(process);
}

static void leave(uint32_t process)
{
    add(EVENT_IRQ_TAKEN, process, LINE_TIMER0, 0);
}

/* An MPU region 7 over [base, base + 2^log2): read and write, never execute. */
static void open_region(uint32_t base, uint32_t log2)
{
    struct mpu_armv7m *mpu = (struct mpu_armv7m *)machine_mpu(hw->m);
    mpu_armv7m_write(mpu, MPU_ARMV7M_RBAR, base | MPU_ARMV7M_RBAR_VALID | 7);
    mpu_armv7m_write(mpu, MPU_ARMV7M_RASR, 1u << 28 | 3u << 24 | (log2 - 1) << 1 | 1);
}

static void call(uint32_t process, uint32_t class, uint32_t r0, uint32_t r1, uint32_t r2,
                 uint32_t r3)
{
    add(EVENT_SYSCALL, process, class, pair(r0, r1));
    add(EVENT_SYSCALL_MORE, process, class, pair(r2, r3));
}

static void returned(uint32_t process, uint32_t r0, uint32_t r1)
{
    add(EVENT_RETURN, process, r0, pair(r1, 0));
}

static void ask(uint32_t process, struct span asked)
{
    call(process, SYSCALL_COMMAND, PASSTHROUGH_DRIVER_DEFAULT, PASSTHROUGH_ALLOCATE, asked.base,
         asked.size);
}

static void filter_says(uint32_t process, struct span asked, struct span granted, enum err err)
{
    note(NOTE_FILTER_ASKED, process, asked.base, asked.size);
    note(NOTE_FILTER_ANSWERED, process, granted.base, pair(granted.size, err));
}

static uint32_t endpoint_at(struct span window)
{
    for (uint32_t i = 0; i < scenario.config.endpoint_count; i++)
        if (span_meets(scenario.config.endpoints[i].windows[0], window))
            return i;
    ck_abort_msg("no endpoint there");
    return 0;
}

static void line_is_on(uint32_t endpoint, bool on)
{
    uint32_t bit = UINT32_C(1) << scenario.config.endpoints[endpoint].line; /* all are below 32 */
    hw->m->nvic.enabled[0] = (hw->m->nvic.enabled[0] & ~bit) | (on ? bit : 0);
}

static void map(uint32_t process, struct span granted)
{
    ck_assert_int_eq(mpu_add_window(&process_of(process)->mpu, granted), ERR_NONE);
    note(NOTE_WINDOW_GRANTED, process, granted.base, granted.size);
    note(NOTE_ENDPOINT_OWNED, process, endpoint_at(granted), process_of(process)->id.unique);
    line_is_on(endpoint_at(granted), true);
}

/* All of a lawful loan. */
static void lend(uint32_t process, struct span window)
{
    ask(process, window);
    filter_says(process, window, window, ERR_NONE);
    map(process, window);
    user(process);
    returned(process, RETURN_SUCCESS, 0);
}

static void release(uint32_t process, struct span window)
{
    call(process, SYSCALL_COMMAND, PASSTHROUGH_DRIVER_DEFAULT, PASSTHROUGH_RELEASE, window.base,
         window.size);
}

static void unmap(uint32_t process, struct span window)
{
    release(process, window);
    ck_assert_int_eq(mpu_remove_window(&process_of(process)->mpu, window), ERR_NONE);
    note(NOTE_WINDOW_REMOVED, process, window.base, window.size);
}

static void give_back(uint32_t process, struct span window)
{
    uint32_t endpoint = endpoint_at(window);
    unmap(process, window);
    line_is_on(endpoint, false);
    note(NOTE_ENDPOINT_MASKED, process, endpoint, 0);
    note(NOTE_ENDPOINT_QUIET, process, endpoint, 0);
    note(NOTE_ENDPOINT_FREED, process, endpoint, 0);
}

static uint32_t handler_of(uint32_t process)
{
    return scenario.images[process].flash.base + HANDLER;
}

static void subscribe(uint32_t process)
{
    call(process, SYSCALL_SUBSCRIBE, PASSTHROUGH_DRIVER_DEFAULT, 0, handler_of(process), 77);
    returned(process, RETURN_SUCCESS_2U32, 0);
}

/* After subscribe(): other values come back. */
static void subscribe_anew(uint32_t process, uint32_t function, uint32_t appdata)
{
    call(process, SYSCALL_SUBSCRIBE, PASSTHROUGH_DRIVER_DEFAULT, 0, function, appdata);
    add(EVENT_RETURN, process, RETURN_SUCCESS_2U32, pair(handler_of(process), 77));
}

/* And its life ends so. */
static void exits(uint32_t process, enum exit_kind kind)
{
    call(process, SYSCALL_EXIT, kind, 0, 0, 0);
    note(NOTE_PROCESS_END, process, ledger_of(hw->m)->processes[process].life - 1,
         kind == EXIT_RESTART ? END_EXIT_RESTART : END_EXIT_TERMINATE);
}

static void queued(uint32_t process, uint32_t waiting)
{
    note(NOTE_UPCALL_QUEUED, process, PASSTHROUGH_DRIVER_DEFAULT, pair(0, waiting));
}

static void delivered(uint32_t process, uint32_t function, uint32_t base, uint32_t line)
{
    note(NOTE_UPCALL_DELIVERED, process, PASSTHROUGH_DRIVER_DEFAULT, pair(0, function));
    add(EVENT_UPCALL, process, function, pair(0x10000, base));
    add(EVENT_UPCALL_MORE, process, function, pair(line, 77));
}

static void wait_for_upcall(uint32_t process)
{
    call(process, SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0);
}

static void pass_us(uint64_t us)
{
    hw->m->now_ps += us * PS_PER_US;
}

/* Not through hw_*: a test that calls these itself is linked with the fake hardware's. */
static void timer0_write(uint32_t offset, uint32_t value)
{
    device_write(machine_device(hw->m, 0), offset, value, machine_now_ps(hw->m));
    machine_serve(hw, 0);
}

/* ---- the faults: one function each */

static void kernel_ram_is_open(void)
{
    configure(WAITER);
    open_region(KERNEL_RAM + 0x4000, 8);
    enter(WAITER);
}

static void own_memory_is_closed(void)
{
    struct mpu_armv7m *mpu = (struct mpu_armv7m *)machine_mpu(hw->m);
    configure(WAITER);
    for (uint32_t i = 0; i < 8; i++) {
        mpu_armv7m_write(mpu, MPU_ARMV7M_RNR, i);
        mpu_armv7m_write(mpu, MPU_ARMV7M_RASR, 0);
    }
    enter(WAITER);
}

static void lent_window_is_not_mapped(void)
{
    lend(WAITER, timer0);
    ck_assert_int_eq(mpu_remove_window(&process_of(WAITER)->mpu, timer0), ERR_NONE);
    user(WAITER);
}

static void device_is_open_without_a_loan(void)
{
    configure(WAITER);
    open_region(SUPPORT_TIMER2, 12);
    enter(WAITER);
}

static void load_from_kernel_ram_went_through(void)
{
    add(EVENT_LOAD, WAITER, KERNEL_RAM, pair(0, 4));
}

static void load_across_the_break_went_through(void)
{
    add(EVENT_LOAD, WAITER, process_of(WAITER)->kernel_break - 2, pair(0, 4));
}

static void grants_are_open(void)
{
    configure(WAITER);
    open_region(process_of(WAITER)->kernel_break & ~31u, 5);
    enter(WAITER);
}

static void unit_is_off(void)
{
    configure(WAITER);
    mpu_disable(hw);
    enter(WAITER);
}

static void other_app_is_open(void)
{
    configure(WAITER);
    open_region(process_of(OTHER)->memory.base, 8);
    enter(WAITER);
}

static void configuration_is_the_other_apps(void)
{
    configure(OTHER);
    enter(WAITER);
}

static void window_taken_back_is_still_mapped(void)
{
    lend(WAITER, timer0);
    leave(WAITER);
    configure(WAITER);
    give_back(WAITER, timer0);
    mpu_enable(hw); /* the registers as they were before */
    enter(WAITER);
}

static void break_rises(void)
{
    struct process *p = process_of(WAITER);
    uint32_t end = p->app_break + 512;
    ck_assert_int_eq(mpu_update_app_memory(&p->mpu, end, p->kernel_break), ERR_NONE);
    note(NOTE_PROCESS_BREAKS, WAITER, end,
         pair(p->kernel_break, p->mpu.accessible.base + p->mpu.accessible.size));
}

static void raise_break(void)
{
    call(WAITER, SYSCALL_MEMOP, MEMOP_BRK, process_of(WAITER)->app_break + 512, 0, 0);
    break_rises();
    returned(WAITER, RETURN_SUCCESS, 0);
}

static void memory_of_the_earlier_life_is_open(void)
{
    const struct process *p = process_of(WAITER);
    uint32_t size = p->memory.size;
    uint32_t begin = p->memory.base + scenario.images[WAITER].initial_app_size;
    raise_break();
    user(WAITER);
    exits(WAITER, EXIT_RESTART);
    note(NOTE_PROCESS_LOADED, WAITER, p->memory.base, pair(size, 99));
    note(NOTE_PROCESS_BREAKS, WAITER, begin, pair(p->kernel_break, begin));
    user(WAITER);
}

static void breaks_are_out_of_order(void)
{
    const struct process *p = process_of(WAITER);
    note(NOTE_PROCESS_BREAKS, WAITER, p->kernel_break + 32,
         pair(p->kernel_break, p->kernel_break + 32));
}

static void rounding_passes_the_kernel_break(void)
{
    const struct process *p = process_of(WAITER);
    note(NOTE_PROCESS_BREAKS, WAITER, p->app_break, pair(p->kernel_break, p->kernel_break + 32));
}

static void blocks_meet(void)
{
    const struct process *p = process_of(OTHER);
    note(NOTE_PROCESS_LOADED, WAITER, p->memory.base + 256, pair(256, 99));
}

static void block_is_kernel_ram(void)
{
    note(NOTE_PROCESS_LOADED, WAITER, KERNEL_RAM, pair(4096, 99));
}

static void break_falls_below_an_allowed_buffer(void)
{
    const struct process *p = process_of(WAITER);
    uint32_t end = p->app_break;
    note(NOTE_ALLOW, WAITER, end - 64, pair(64, 0));
    note(NOTE_PROCESS_BREAKS, WAITER, end - 32, pair(p->kernel_break, end));
}

static void buffer_outside_the_app_is_allowed(void)
{
    note(NOTE_ALLOW, WAITER, process_of(OTHER)->memory.base, pair(16, 0));
}

static void grant_is_laid_over_the_app(void)
{
    note(NOTE_GRANT_ALLOCATED, WAITER, process_of(WAITER)->app_break - 8, pair(1, 16));
}

static void brk_tells_another_break(void)
{
    call(WAITER, SYSCALL_MEMOP, MEMOP_BRK, process_of(WAITER)->app_break + 64, 0, 0);
    returned(WAITER, RETURN_SUCCESS, 0);
}

static void sbrk_tells_another_break(void)
{
    call(WAITER, SYSCALL_MEMOP, MEMOP_SBRK, 512, 0, 0);
    break_rises();
    returned(WAITER, RETURN_SUCCESS_U32, process_of(WAITER)->app_break - 64);
}

static void break_rises_by_itself(void)
{
    break_rises();
    user(WAITER);
}

static void break_rises_though_brk_failed(void)
{
    call(WAITER, SYSCALL_MEMOP, MEMOP_BRK, process_of(WAITER)->app_break + 512, 0, 0);
    break_rises();
    returned(WAITER, RETURN_FAILURE, ERR_NOMEM);
}

static void device_has_two_owners(void)
{
    lend(WAITER, timer0);
    leave(WAITER);
    ask(OTHER, timer0);
    filter_says(OTHER, timer0, timer0, ERR_NONE);
    map(OTHER, timer0);
}

static void kernels_device_is_lent(void)
{
    const struct span timer2 = {SUPPORT_TIMER2, 0x1000};
    ask(WAITER, timer2);
    filter_says(WAITER, timer2, timer2, ERR_NONE);
    note(NOTE_WINDOW_GRANTED, WAITER, timer2.base, timer2.size);
}

static void store_to_a_foreign_device_went_through(void)
{
    lend(WAITER, timer0);
    add(EVENT_STORE, OTHER, SUPPORT_TIMER0, pair(1, 4));
}

static void filter_was_not_asked(void)
{
    ask(WAITER, timer0);
    map(WAITER, timer0);
    returned(WAITER, RETURN_SUCCESS, 0);
}

static void filter_was_asked_about_something_else(void)
{
    ask(WAITER, timer0);
    filter_says(WAITER, timer1, timer1, ERR_NONE);
    map(WAITER, timer0);
    returned(WAITER, RETURN_SUCCESS, 0);
}

static void filter_said_no(void)
{
    static const struct filter_row deny = {.asked = {0x40000000, 0x100000}, .refusal = ERR_RESERVE};
    scenario.config.filter.rows = &deny;
    ask(WAITER, timer0);
    filter_says(WAITER, timer0, timer0, ERR_NONE);
    note(NOTE_WINDOW_GRANTED, WAITER, timer0.base, timer0.size);
}

static void answer_misses_the_request(void)
{
    static const struct filter_row aside = {.asked = {0x40000000, 0x100000},
                                            .answer = {SUPPORT_TIMER1, 0x1000}};
    scenario.config.filter.rows = &aside;
    ask(WAITER, timer0);
    filter_says(WAITER, timer0, timer1, ERR_NONE);
    note(NOTE_WINDOW_GRANTED, WAITER, timer1.base, timer1.size);
}

static void answer_meets_the_private_bus(void)
{
    static const struct span egu0 = {EGU0, 0x1000};
    static const struct filter_row wide = {.asked = {0x40000000, 0x100000},
                                           .answer = {EGU0, 0xa0000000}};
    scenario.config.filter.rows = &wide;
    ask(WAITER, egu0);
    filter_says(WAITER, egu0, wide.answer, ERR_NONE);
    note(NOTE_WINDOW_GRANTED, WAITER, wide.answer.base, wide.answer.size);
}

static void refused_with(struct span asked, bool ask_filter, uint32_t variant, enum err err)
{
    ask(WAITER, asked);
    if (ask_filter)
        filter_says(WAITER, asked, (struct span){0, 0}, ERR_RESERVE);
    returned(WAITER, variant, err);
}

static void filters_code_is_lost(void)
{
    static const struct filter_row deny = {.asked = {0x40000000, 0x100000}, .refusal = ERR_RESERVE};
    scenario.config.filter.rows = &deny;
    refused_with(timer0, true, RETURN_FAILURE, ERR_INVAL);
}

static void refusal_says_nosupport(void)
{
    refused_with(timer0, false, RETURN_FAILURE, ERR_NOSUPPORT);
}

static void empty_request_is_called_busy(void)
{
    refused_with((struct span){SUPPORT_TIMER0, 0}, false, RETURN_FAILURE, ERR_BUSY);
}

static void unaligned_request_is_called_nomem(void)
{
    refused_with((struct span){SUPPORT_TIMER0 + 4, 32}, false, RETURN_FAILURE, ERR_NOMEM);
}

static void release_of_nothing_succeeds(void)
{
    release(WAITER, timer0);
    returned(WAITER, RETURN_SUCCESS, 0);
}

static void query_that_is_not_aligned_succeeds(void)
{
    call(WAITER, SYSCALL_COMMAND, PASSTHROUGH_DRIVER_DEFAULT, PASSTHROUGH_QUERY, timer0.base + 4,
         32);
    returned(WAITER, RETURN_SUCCESS_2U32, timer0.base);
}

static void refusal_has_another_variant(void)
{
    refused_with(timer0, false, RETURN_FAILURE_U32, ERR_BUSY);
}

static void headers_refusal_is_vague(void)
{
    note(NOTE_WINDOW_REFUSED, WAITER, timer0.base, pair(timer0.size, ERR_FAIL));
}

static void refusal_says_busy_of_a_free_device(void)
{
    ask(WAITER, timer0);
    note(NOTE_WINDOW_REFUSED, WAITER, timer0.base, pair(timer0.size, ERR_BUSY));
    returned(WAITER, RETURN_FAILURE, ERR_BUSY);
}

static void refusal_says_already_of_anothers_device(void)
{
    lend(OTHER, timer0);
    ask(WAITER, timer0);
    note(NOTE_WINDOW_REFUSED, WAITER, timer0.base, pair(timer0.size, ERR_ALREADY));
}

static void upcall(uint32_t process, uint32_t base, uint32_t line)
{
    subscribe(process);
    queued(process, 1);
    delivered(process, handler_of(process), base, line);
}

static void interrupt_goes_to_another(void)
{
    lend(WAITER, timer0);
    add(EVENT_IRQ_RAISED, PROCESS_NONE, LINE_TIMER0, 0);
    upcall(OTHER, SUPPORT_TIMER0, LINE_TIMER0);
}

static void line_and_base_are_of_two_devices(void)
{
    lend(WAITER, timer0);
    add(EVENT_IRQ_RAISED, PROCESS_NONE, LINE_TIMER1, 1);
    upcall(WAITER, SUPPORT_TIMER0, LINE_TIMER1);
}

static void upcall_comes_without_an_interrupt(void)
{
    lend(WAITER, timer0);
    upcall(WAITER, SUPPORT_TIMER0, LINE_TIMER0);
}

static void interrupt_outlives_the_loan(void)
{
    lend(WAITER, timer0);
    add(EVENT_IRQ_RAISED, PROCESS_NONE, LINE_TIMER0, 0);
    give_back(WAITER, timer0);
    upcall(WAITER, SUPPORT_TIMER0, LINE_TIMER0);
}

static void wait_for_gets_a_foreign_interrupt(void)
{
    add(EVENT_IRQ_RAISED, PROCESS_NONE, LINE_TIMER0, 0);
    call(WAITER, SYSCALL_YIELD, YIELD_WAIT_FOR, PASSTHROUGH_DRIVER_DEFAULT, 0, 0);
    note(NOTE_UPCALL_DELIVERED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(0, 0));
    add(EVENT_RETURN, WAITER, 0x10000, pair(SUPPORT_TIMER0, LINE_TIMER0));
}

static void line_is_serviced_for_a_stranger(void)
{
    note(NOTE_LINE_SERVICED, OTHER, LINE_TIMER0, pair(endpoint_at(timer0), 0));
}

static void death_is_not_dealt_with(void)
{
    lend(WAITER, timer0);
    note(NOTE_PROCESS_END, WAITER, 0, END_KILL);
    user(OTHER);
}

static void fault_is_ignored(void)
{
    add(EVENT_FAULT, WAITER, 0, pair(CFSR_DACCVIOL, ACCESS_READ));
    user(OTHER);
}

static void exit_is_ignored(void)
{
    call(WAITER, SYSCALL_EXIT, EXIT_TERMINATE, 0, 0, 0);
    user(OTHER);
}

static void device_is_quiet_before_its_line_is_masked(void)
{
    uint32_t endpoint = endpoint_at(timer0);
    lend(WAITER, timer0);
    unmap(WAITER, timer0);
    note(NOTE_ENDPOINT_QUIET, WAITER, endpoint, 0);
    line_is_on(endpoint, false);
    note(NOTE_ENDPOINT_MASKED, WAITER, endpoint, 0);
    note(NOTE_ENDPOINT_FREED, WAITER, endpoint, 0);
}

static void user_mode_runs_in_the_middle_of_a_death(void)
{
    lend(WAITER, timer0);
    unmap(WAITER, timer0);
    note(NOTE_ENDPOINT_MASKED, WAITER, endpoint_at(timer0), 0);
    line_is_on(endpoint_at(timer0), false);
    user(OTHER);
}

static void release_is_kept_quiet(void)
{
    lend(WAITER, timer0);
    release(WAITER, timer0);
    ck_assert_int_eq(mpu_remove_window(&process_of(WAITER)->mpu, timer0), ERR_NONE);
    returned(WAITER, RETURN_SUCCESS, 0);
    user(WAITER);
}

static void kill_is_ignored(void)
{
    scenario.injections[0] = (struct injection){.kind = INJECT_KILL, .process = WAITER};
    add(EVENT_INJECTED, PROCESS_NONE, 0, WAITER);
    user(OTHER);
}

static void line_stays_enabled(void)
{
    lend(WAITER, timer0);
    give_back(WAITER, timer0);
    hw->m->nvic.enabled[0] |= 1u << LINE_TIMER0;
    user(OTHER);
}

static void device_goes_on(void)
{
    lend(WAITER, timer0);
    timer0_write(0x540, 1000000); /* CC[0] */
    timer0_write(0x000, 1);       /* TASKS_START */
    device_values(
        machine_device(hw->m, 0))[device_row_named(machine_device(hw->m, 0)->type, "CC[0]")] = 0;
    give_back(WAITER, timer0);
    user(OTHER);
}

static void register_keeps_the_old_owners_value(void)
{
    lend(WAITER, timer0);
    timer0_write(0x540, 0x1234);
    give_back(WAITER, timer0);
    user(OTHER);
}

static void give_back_stuck(uint32_t process, struct span window)
{
    uint32_t endpoint = endpoint_at(window);
    unmap(process, window);
    line_is_on(endpoint, false);
    note(NOTE_ENDPOINT_MASKED, process, endpoint, 0);
    note(NOTE_ENDPOINT_STUCK, process, endpoint, LINE_TIMER0);
    note(NOTE_ENDPOINT_FREED, process, endpoint, 0);
}

static void device_is_called_stuck_and_is_not(void)
{
    lend(WAITER, timer0);
    give_back_stuck(WAITER, timer0);
    user(OTHER);
}

static void stuck_device_keeps_what_its_owner_wrote(void)
{
    lend(WAITER, timer0);
    timer0_write(0x540, 0x1234);
    machine_device(hw->m, 0)->fault.line_stuck = true;
    machine_serve(hw, 0);
    give_back_stuck(WAITER, timer0);
    user(OTHER);
}

static void device_is_lent_with_an_old_value(void)
{
    timer0_write(0x540, 0x1234);
    lend(WAITER, timer0);
}

static void device_is_lent_with_its_line_high(void)
{
    machine_device(hw->m, 0)->irq_high = true;
    lend(WAITER, timer0);
}

static void upcall_was_not_queued(void)
{
    lend(WAITER, timer0);
    subscribe(WAITER);
    add(EVENT_IRQ_RAISED, PROCESS_NONE, LINE_TIMER0, 0);
    delivered(WAITER, handler_of(WAITER), SUPPORT_TIMER0, LINE_TIMER0);
}

/* With a handler subscribed, no event waits that no note has told of. */
static void event_waited_for_was_not_queued(void)
{
    subscribe(WAITER);
    call(WAITER, SYSCALL_YIELD, YIELD_WAIT_FOR, PASSTHROUGH_DRIVER_DEFAULT, 0, 0);
    note(NOTE_UPCALL_DELIVERED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(0, 0));
}

static void upcall_is_delivered_twice(void)
{
    lend(WAITER, timer0);
    subscribe(WAITER);
    queued(WAITER, 1);
    add(EVENT_IRQ_RAISED, PROCESS_NONE, LINE_TIMER0, 0);
    add(EVENT_IRQ_RAISED, PROCESS_NONE, LINE_TIMER0, 0);
    delivered(WAITER, handler_of(WAITER), SUPPORT_TIMER0, LINE_TIMER0);
    delivered(WAITER, handler_of(WAITER), SUPPORT_TIMER0, LINE_TIMER0);
}

static void handler_is_not_the_subscribed_one(void)
{
    subscribe(WAITER);
    queued(WAITER, 1);
    note(NOTE_UPCALL_DELIVERED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(0, 1));
    add(EVENT_UPCALL, WAITER, handler_of(OTHER), 0);
}

static void handler_begins_out_of_the_blue(void)
{
    add(EVENT_UPCALL, WAITER, handler_of(WAITER), 0);
}

static void swap_leaves_old_upcalls(void)
{
    subscribe(WAITER);
    queued(WAITER, 1);
    subscribe_anew(WAITER, handler_of(WAITER), 77);
}

static void cancelled(uint32_t number, uint32_t times)
{
    note(NOTE_UPCALL_CANCELLED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(number, times));
}

static void swap_forgets_those_of_all_numbers(void)
{
    subscribe(WAITER);
    queued(WAITER, 1);
    call(WAITER, SYSCALL_SUBSCRIBE, PASSTHROUGH_DRIVER_DEFAULT, 0, handler_of(WAITER), 77);
    cancelled(0xffffffff, 1);
}

static void swap_forgets_those_of_another_driver(void)
{
    subscribe(WAITER);
    queued(WAITER, 1);
    call(WAITER, SYSCALL_SUBSCRIBE, 0, 0, handler_of(WAITER), 77);
    cancelled(0, 1);
}

static void refused_swap_forgets_the_old_ones(void)
{
    subscribe(WAITER);
    queued(WAITER, 1);
    call(WAITER, SYSCALL_SUBSCRIBE, PASSTHROUGH_DRIVER_DEFAULT, 0, 4, 77);
    cancelled(0, 1);
    machine_app_mutable(hw->m, WAITER)->result.regs.r[3] = 77;
    add(EVENT_RETURN, WAITER, RETURN_FAILURE_2U32, pair(ERR_INVAL, 4));
}

static void release_forgets_those_of_other_devices(void)
{
    subscribe(WAITER);
    queued(WAITER, 1);
    queued(WAITER, 2);
    call(WAITER, SYSCALL_COMMAND, PASSTHROUGH_DRIVER_DEFAULT, PASSTHROUGH_RELEASE, timer0.base,
         timer0.size);
    cancelled(0, 2);
}

static void event_waited_for_is_dropped(void)
{
    call(WAITER, SYSCALL_YIELD, YIELD_WAIT_FOR, PASSTHROUGH_DRIVER_DEFAULT, 0, 0);
    note(NOTE_UPCALL_DROPPED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(0, 1));
}

/* The queue is full of bare events, which no note tells. */
static void event_waited_for_is_forgotten_once_the_next_is_dropped(void)
{
    call(WAITER, SYSCALL_YIELD, YIELD_WAIT_FOR, PASSTHROUGH_DRIVER_DEFAULT, 0, 0);
    queued(WAITER, 11);
    note(NOTE_UPCALL_DROPPED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(0, 1));
    add(EVENT_SLEEP, PROCESS_NONE, 0, 0);
}

static void drop_is_not_counted(void)
{
    note(NOTE_UPCALL_DROPPED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(0, 0));
}

static void queue_holds_too_many(void)
{
    for (uint32_t i = 1; i <= 12; i++)
        queued(WAITER, i <= 11 ? i : 11);
}

static void older_upcall_is_passed_over(void)
{
    subscribe(WAITER);
    call(WAITER, SYSCALL_SUBSCRIBE, 0, 0, handler_of(WAITER), 77);
    returned(WAITER, RETURN_SUCCESS_2U32, 0);
    queued(WAITER, 1);
    note(NOTE_UPCALL_QUEUED, WAITER, 0, pair(0, 2));
    note(NOTE_UPCALL_DELIVERED, WAITER, 0, pair(0, handler_of(WAITER)));
}

static void kernel_panics(void)
{
    add(EVENT_KERNEL_PANIC, PROCESS_NONE, 0, 0);
}

static void upcall_waits_while_the_cpu_sleeps(void)
{
    subscribe(WAITER);
    wait_for_upcall(WAITER);
    queued(WAITER, 1);
    add(EVENT_SLEEP, PROCESS_NONE, 0, 0);
}

static void ready_app_sleeps(void)
{
    returned(WAITER, RETURN_SUCCESS, 0);
    add(EVENT_SLEEP, PROCESS_NONE, 0, 0);
}

static void timer0_line(bool high)
{
    machine_device(hw->m, 0)->irq_high = high;
    machine_serve(hw, 0);
}

static void mask(bool masked)
{
    const uint32_t others = hw->m->nvic.enabled[0] & ~(1u << LINE_TIMER0);
    hw->m->nvic.enabled[0] = others | (masked ? 0 : 1u << LINE_TIMER0);
}

/* The owner of TIMER0 waits for its interrupt; its line is enabled. */
static void wait_for_timer0(uint32_t handler)
{
    call(WAITER, SYSCALL_SUBSCRIBE, PASSTHROUGH_DRIVER_DEFAULT, 0, handler, 77);
    returned(WAITER, RETURN_SUCCESS_2U32, 0);
    wait_for_upcall(WAITER);
    mask(false);
}

static void lend_and_wait(uint32_t handler)
{
    lend(WAITER, timer0);
    wait_for_timer0(handler);
}

static void plan_pulses(void)
{
    scenario.injections[0] = (struct injection){.kind = INJECT_STORM, .line = LINE_TIMER0};
    scenario.injection_count = 1;
}

static void lent_line_is_high_and_masked_in_sleep(void)
{
    lend_and_wait(handler_of(WAITER));
    mask(true);
    timer0_line(true);
    add(EVENT_SLEEP, PROCESS_NONE, 0, 0);
}

static void lent_line_is_high_and_masked_while_others_run(void)
{
    lend_and_wait(handler_of(WAITER));
    mask(true);
    timer0_line(true);
    user(OTHER);
}

/* Serviced, quiet again, and never queued. */
static void interrupt_is_swallowed(void)
{
    lend_and_wait(handler_of(WAITER));
    timer0_line(true);
    mask(true);
    note(NOTE_LINE_SERVICED, WAITER, LINE_TIMER0, pair(endpoint_at(timer0), 0x10000));
    timer0_line(false);
    hw->m->nvic.pending[0] = 0;
    add(EVENT_SLEEP, PROCESS_NONE, 0, 0);
}

/* It does not wait. */
static void lend_with_handler(void)
{
    lend(WAITER, timer0);
    call(WAITER, SYSCALL_SUBSCRIBE, PASSTHROUGH_DRIVER_DEFAULT, 0, handler_of(WAITER), 77);
    returned(WAITER, RETURN_SUCCESS_2U32, 0);
}

static void timer0_interrupts_its_owner(void)
{
    mask(true);
    timer0_line(true);
    note(NOTE_LINE_SERVICED, WAITER, LINE_TIMER0, pair(endpoint_at(timer0), 0x10000));
    timer0_line(false);
    hw->m->nvic.pending[0] = 0;
}

static void interrupt_is_neither_queued_nor_counted(void)
{
    lend_with_handler();
    timer0_interrupts_its_owner();
    call(WAITER, SYSCALL_COMMAND, 0, 0, 0, 0);
}

static void interrupt_is_anothers_upcall(void)
{
    lend_with_handler();
    timer0_interrupts_its_owner();
    queued(OTHER, 1);
}

static void alarm_fires(void)
{
    uint64_t tick = machine_now_ps(hw->m) / (PS_PER_S / 32768);
    note(NOTE_ALARM_SET, WAITER, WAITER, tick - 1);
    note(NOTE_ALARM_FIRED, WAITER, WAITER, tick - 1);
}

static void alarm_is_neither_queued_nor_counted(void)
{
    call(WAITER, SYSCALL_SUBSCRIBE, 0, 0, handler_of(WAITER), 77);
    returned(WAITER, RETURN_SUCCESS_2U32, 0);
    alarm_fires();
    call(WAITER, SYSCALL_COMMAND, 0, 0, 0, 0);
}

/* Without so much as a note. */
static void pulse_is_cleared_and_forgotten(void)
{
    plan_pulses();
    lend_and_wait(handler_of(WAITER));
    add(EVENT_INJECTED, PROCESS_NONE, 0, LINE_TIMER0);
    user(OTHER);
}

static void one_who_waits_for_the_event_misses_it(void)
{
    lend_and_wait(handler_of(WAITER));
    call(WAITER, SYSCALL_YIELD, YIELD_WAIT_FOR, PASSTHROUGH_DRIVER_DEFAULT, 0, 0);
    mask(true);
    timer0_line(true);
    add(EVENT_SLEEP, PROCESS_NONE, 0, 0);
}

/* What pends while the upcall before it waits is heard after that one. */
static void second_interrupt_is_forgotten(void)
{
    lend_and_wait(handler_of(WAITER));
    timer0_line(true);
    mask(true);
    note(NOTE_LINE_SERVICED, WAITER, LINE_TIMER0, pair(endpoint_at(timer0), 0x10000));
    queued(WAITER, 1);
    timer0_line(false);
    timer0_line(true);
    timer0_line(false);
    delivered(WAITER, handler_of(WAITER), SUPPORT_TIMER0, LINE_TIMER0);
    hw->m->nvic.pending[0] = 0;
    mask(false);
    wait_for_upcall(WAITER);
    user(OTHER);
}

static void low_line_is_given_up(void)
{
    lend_and_wait(handler_of(WAITER));
    note(NOTE_ENDPOINT_STUCK, WAITER, endpoint_at(timer0), LINE_TIMER0);
}

static void kernel_keeps_the_cpu_from_a_ready_app(void)
{
    subscribe(WAITER);
    user(OTHER);
    leave(OTHER);
    pass_us(50001);
    user(WAITER);
}

static void kernel_never_comes_back(void)
{
    subscribe(WAITER);
    user(WAITER);
    call(WAITER, SYSCALL_COMMAND, 0, 0, 0, 0);
    pass_us(50001);
    machine_finish(hw);
}

static void run_as(uint32_t process, enum resume_kind kind)
{
    add(EVENT_RUN, process, kind, 0);
}

static void call_has_no_results(void)
{
    call(WAITER, SYSCALL_COMMAND, 0, 0, 0, 0);
    run_as(WAITER, RESUME_CONTINUE);
}

static void results_come_without_a_call(void)
{
    subscribe(WAITER);
    run_as(WAITER, RESUME_RETURN);
}

static void yield_wait_has_results(void)
{
    wait_for_upcall(WAITER);
    run_as(WAITER, RESUME_RETURN);
}

static void upcall_begins_though_the_app_computes(void)
{
    subscribe(WAITER);
    run_as(WAITER, RESUME_UPCALL);
}

static void upcall_begins_in_a_wait_for(void)
{
    call(WAITER, SYSCALL_YIELD, YIELD_WAIT_FOR, 0, 0, 0);
    run_as(WAITER, RESUME_UPCALL);
}

static void life_begins_anew_in_its_middle(void)
{
    subscribe(WAITER);
    run_as(WAITER, RESUME_START);
}

static void new_life_goes_on_where_the_old_one_was(void)
{
    const struct process *p = process_of(WAITER);
    exits(WAITER, EXIT_RESTART);
    note(NOTE_PROCESS_LOADED, WAITER, p->memory.base, pair(p->memory.size, 99));
    run_as(WAITER, RESUME_CONTINUE);
}

static void slice(uint32_t process, uint64_t us)
{
    user(process);
    returned(process, RETURN_SUCCESS, 0); /* it waits no more */
    pass_us(us);
    add(EVENT_SLICE_END, process, 0, 0);
}

static void app_gets_no_turn(void)
{
    slice(WAITER, 1);
    for (int round = 0; round < 3; round++) {
        slice(OTHER, 10000);
        slice(OTHER + 1, 10000);
    }
}

static void app_runs_past_its_slice(void)
{
    slice(WAITER, 1);
    slice(OTHER, 11000);
}

static void line_is_serviced_without_end(void)
{
    returned(WAITER, RETURN_SUCCESS, 0);
    for (int i = 0; i < 65; i++)
        note(NOTE_LINE_SERVICED, PROCESS_NONE, LINE_TIMER0, pair(~0u, 0));
}

/* A line that is serviced each 10 us, between which the app has `user_ns`. */
static void storm(uint32_t user_ns)
{
    returned(WAITER, RETURN_SUCCESS, 0);
    for (int i = 0; i < 200; i++) {
        user(WAITER);
        hw->m->now_ps += user_ns * (PS_PER_US / 1000);
        leave(WAITER);
        pass_us(10);
        note(NOTE_LINE_SERVICED, PROCESS_NONE, LINE_TIMER0, pair(~0u, 0));
    }
}

static void user_mode_ends_before_its_first_instruction(void)
{
    storm(0);
}

static void user_mode_has_next_to_nothing(void)
{
    storm(1000); /* an eleventh */
}

static void interrupts_leave_little(void)
{
    storm(1500); /* more than a tenth */
}

/* Its death and its next life are in the app's time, and the line leaves it enough of that. */
static void app_faults_whenever_it_runs_in_a_storm(void)
{
    const struct process *p = process_of(WAITER);
    returned(WAITER, RETURN_SUCCESS, 0);
    user(WAITER);
    leave(WAITER);
    for (uint32_t i = 0; i < 200; i++) {
        run_as(WAITER, RESUME_CONTINUE);
        add(EVENT_FAULT, WAITER, 0, pair(CFSR_DACCVIOL, ACCESS_READ));
        pass_us(2);
        note(NOTE_PROCESS_END, WAITER, i, END_FAULT);
        note(NOTE_PROCESS_LOADED, WAITER, p->memory.base, pair(p->memory.size, 100 + i));
        run_as(WAITER, RESUME_START);
        leave(WAITER);
        pass_us(10);
        note(NOTE_LINE_SERVICED, PROCESS_NONE, LINE_TIMER0, pair(~0u, 0));
    }
}

static void line_that_is_stuck_is_never_given_up(void)
{
    for (int i = 0; i < 25; i++)
        note(NOTE_LINE_SERVICED, PROCESS_NONE, LINE_TIMER0, pair(~0u, 0));
}

/* As often as the kernel lets it be at most, and again in its next stay. */
static void line_is_serviced_now_and_then(void)
{
    for (int i = 0; i < 34; i++) {
        note(NOTE_LINE_SERVICED, PROCESS_NONE, LINE_TIMER0, pair(~0u, 0));
        if (i == 16)
            user(OTHER);
    }
}

/* Everybody is dead, and something may still come: there is no record of that sleep's beginning. */
static void storm_while_everybody_is_dead(void)
{
    for (int i = 0; i < 200; i++) {
        add(EVENT_WAKE, PROCESS_NONE, 0, 0);
        note(NOTE_LINE_SERVICED, PROCESS_NONE, LINE_TIMER0, pair(~0u, 0));
    }
}

static void storm_while_nobody_is_ready(void)
{
    for (int i = 0; i < 200; i++) {
        add(EVENT_SLEEP, PROCESS_NONE, 0, 0);
        pass_us(10);
        note(NOTE_LINE_SERVICED, PROCESS_NONE, LINE_TIMER0, pair(~0u, 0));
    }
}

static void time_stands_still(void)
{
    hw->m->state = RUN_STUCK;
    machine_finish(hw);
}

static void dma(enum event kind, uint32_t device, uint32_t address, uint32_t size)
{
    add(kind, PROCESS_NONE, address, pair(size, device));
}

static void lent_device_reads_kernel_ram(void)
{
    lend(WAITER, timer0);
    dma(EVENT_DMA_READ, 0, KERNEL_RAM, 64);
}

static void lent_device_writes_its_owners_grants(void)
{
    lend(WAITER, timer0);
    dma(EVENT_DMA_WRITE, 0, process_of(WAITER)->kernel_break, 8);
}

static void kernels_device_writes_an_app(void)
{
    dma(EVENT_DMA_WRITE, 2, process_of(WAITER)->memory.base, 8);
}

static void nobodys_device_reads(void)
{
    dma(EVENT_DMA_READ, 1, process_of(WAITER)->memory.base, 8);
}

static void device_writes_after_the_loan(void)
{
    lend(WAITER, timer0);
    give_back(WAITER, timer0);
    dma(EVENT_DMA_WRITE, 0, process_of(WAITER)->memory.base, 8);
}

static const struct filter_row both_timers = {.asked = {0x40000000, 0x100000},
                                              .answer = {SUPPORT_TIMER0, 0x2000}};

static void lend_both_timers(void)
{
    scenario.config.filter.rows = &both_timers;
    ask(WAITER, timer0);
    filter_says(WAITER, timer0, both_timers.answer, ERR_NONE);
    map(WAITER, both_timers.answer);
    user(WAITER);
    returned(WAITER, RETURN_SUCCESS, 0);
}

static void exposure_is_not_declared(void)
{
    lend_both_timers();
}

static uint8_t *ram_byte(uint32_t address)
{
    return machine_ram_at(hw->m, (struct span){address, 1});
}

static void clear_buffer(void)
{
    memset(machine_ram_at(hw->m, (struct span){KERNEL_RAM, CONSOLE_BUFFER}), 0, CONSOLE_BUFFER);
}

static void new_memory_holds_old_bytes(void)
{
    user(WAITER);
    *ram_byte(process_of(WAITER)->app_break + 300) = 0x5e;
    raise_break();
    user(WAITER);
}

static void new_life_finds_the_old_ones_bytes(void)
{
    const struct process *p = process_of(WAITER);
    uint32_t begin = p->app_break;
    user(WAITER);
    *ram_byte(p->memory.base + 300) = 0x5e;
    exits(WAITER, EXIT_RESTART);
    note(NOTE_PROCESS_LOADED, WAITER, p->memory.base, pair(p->memory.size, 99));
    note(NOTE_PROCESS_BREAKS, WAITER, begin, pair(p->kernel_break, begin));
    user(WAITER);
}

static void buffer_keeps_the_client_before(void)
{
    clear_buffer();
    *ram_byte(KERNEL_RAM + 20) = 'A';
    note(NOTE_CONSOLE_CLIENT, WAITER, KERNEL_RAM, 16);
}

static void more_goes_out_than_was_handed_over(void)
{
    clear_buffer();
    note(NOTE_CONSOLE_CLIENT, WAITER, KERNEL_RAM, 16);
    dma(EVENT_DMA_READ, 2, KERNEL_RAM, 17);
}

/* EGU0 stands for a router here: what a record says, not what the device can do. */
static void lent_router_reaches_further(void)
{
    lend(OTHER, (struct span){EGU0, 0x1000});
    add(EVENT_ROUTED, PROCESS_NONE, EGU0 + 0x040, board_device_at(&scenario.board, EGU0));
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
    add(EVENT_ROUTED, PROCESS_NONE, SUPPORT_TIMER1, board_device_at(&scenario.board, EGU0));
}

static void app_says_that_a_step_failed(void)
{
    app_check(machine_app_mutable(hw->m, WAITER), 3, false, 1, 2);
    machine_finish(hw);
}

/* ---- the faults: the table */

#define FAULT(name, broken)                                                                        \
    {                                                                                              \
#name, name, broken, broken                                                                \
    }
#define FAULT_ALONG(name, broken, along)                                                           \
    {                                                                                              \
#name, name, broken, along                                                                 \
    }
static const struct {
    const char *name;
    void (*plant)(void);
    enum rule rule, along; /* the one breaks, and the other may */
} faults[] = {
    FAULT(kernel_ram_is_open, RULE_REACH),
    FAULT(own_memory_is_closed, RULE_REACH),
    FAULT(lent_window_is_not_mapped, RULE_REACH),
    FAULT(device_is_open_without_a_loan, RULE_REACH),
    FAULT(load_from_kernel_ram_went_through, RULE_REACH),
    FAULT(load_across_the_break_went_through, RULE_REACH),
    FAULT(grants_are_open, RULE_REACH),
    FAULT(unit_is_off, RULE_STALE_MPU),
    FAULT(other_app_is_open, RULE_STALE_MPU),
    FAULT(window_taken_back_is_still_mapped, RULE_STALE_MPU),
    FAULT(memory_of_the_earlier_life_is_open, RULE_STALE_MPU),
    FAULT(breaks_are_out_of_order, RULE_MEMORY_LAYOUT),
    FAULT(rounding_passes_the_kernel_break, RULE_MEMORY_LAYOUT),
    FAULT(blocks_meet, RULE_MEMORY_LAYOUT),
    FAULT(block_is_kernel_ram, RULE_MEMORY_LAYOUT),
    FAULT(break_falls_below_an_allowed_buffer, RULE_MEMORY_LAYOUT),
    FAULT(buffer_outside_the_app_is_allowed, RULE_MEMORY_LAYOUT),
    FAULT(grant_is_laid_over_the_app, RULE_MEMORY_LAYOUT),
    FAULT(brk_tells_another_break, RULE_MEMORY_LAYOUT),
    FAULT(sbrk_tells_another_break, RULE_MEMORY_LAYOUT),
    FAULT(break_rises_by_itself, RULE_MEMORY_LAYOUT),
    FAULT(break_rises_though_brk_failed, RULE_MEMORY_LAYOUT),
    FAULT_ALONG(device_has_two_owners, RULE_EXCLUSIVE_OWNER, RULE_FILTER_ASKED),
    FAULT_ALONG(kernels_device_is_lent, RULE_EXCLUSIVE_OWNER, RULE_FILTER_ASKED),
    FAULT(store_to_a_foreign_device_went_through, RULE_EXCLUSIVE_OWNER),
    FAULT(filter_was_not_asked, RULE_FILTER_ASKED),
    FAULT(filter_was_asked_about_something_else, RULE_FILTER_ASKED),
    FAULT(filter_said_no, RULE_FILTER_ASKED),
    FAULT(answer_misses_the_request, RULE_FILTER_ASKED),
    FAULT(answer_meets_the_private_bus, RULE_FILTER_ASKED),
    FAULT(filters_code_is_lost, RULE_REFUSAL_REASON),
    FAULT(refusal_says_nosupport, RULE_REFUSAL_REASON),
    FAULT(empty_request_is_called_busy, RULE_REFUSAL_REASON),
    FAULT(unaligned_request_is_called_nomem, RULE_REFUSAL_REASON),
    FAULT(release_of_nothing_succeeds, RULE_REFUSAL_REASON),
    FAULT(query_that_is_not_aligned_succeeds, RULE_REFUSAL_REASON),
    FAULT(refusal_has_another_variant, RULE_REFUSAL_REASON),
    FAULT(headers_refusal_is_vague, RULE_REFUSAL_REASON),
    FAULT(refusal_says_busy_of_a_free_device, RULE_REFUSAL_REASON),
    FAULT(refusal_says_already_of_anothers_device, RULE_REFUSAL_REASON),
    FAULT(interrupt_goes_to_another, RULE_INTERRUPT_OWNER),
    FAULT(line_and_base_are_of_two_devices, RULE_INTERRUPT_OWNER),
    FAULT(upcall_comes_without_an_interrupt, RULE_INTERRUPT_OWNER),
    FAULT(interrupt_outlives_the_loan, RULE_INTERRUPT_OWNER),
    FAULT(wait_for_gets_a_foreign_interrupt, RULE_INTERRUPT_OWNER),
    FAULT(line_is_serviced_for_a_stranger, RULE_INTERRUPT_OWNER),
    FAULT(death_is_not_dealt_with, RULE_DEATH_ORDER),
    FAULT(fault_is_ignored, RULE_DEATH_ORDER),
    FAULT(exit_is_ignored, RULE_DEATH_ORDER),
    FAULT(kill_is_ignored, RULE_DEATH_ORDER),
    FAULT(release_is_kept_quiet, RULE_DEATH_ORDER),
    FAULT(device_is_quiet_before_its_line_is_masked, RULE_DEATH_ORDER),
    FAULT(user_mode_runs_in_the_middle_of_a_death, RULE_DEATH_ORDER),
    FAULT_ALONG(line_stays_enabled, RULE_DEATH_ORDER, RULE_INTERRUPT_OWNER),
    FAULT(device_goes_on, RULE_DEATH_ORDER),
    FAULT(register_keeps_the_old_owners_value, RULE_DEATH_ORDER),
    FAULT(device_is_called_stuck_and_is_not, RULE_DEATH_ORDER),
    FAULT(stuck_device_keeps_what_its_owner_wrote, RULE_DEATH_ORDER),
    FAULT(device_is_lent_with_an_old_value, RULE_DEVICE_RESET),
    FAULT(device_is_lent_with_its_line_high, RULE_DEVICE_RESET),
    FAULT(upcall_was_not_queued, RULE_UPCALL_ONCE),
    FAULT(event_waited_for_was_not_queued, RULE_UPCALL_ONCE),
    FAULT(upcall_is_delivered_twice, RULE_UPCALL_ONCE),
    FAULT(handler_is_not_the_subscribed_one, RULE_UPCALL_ONCE),
    FAULT(handler_begins_out_of_the_blue, RULE_UPCALL_ONCE),
    FAULT(swap_leaves_old_upcalls, RULE_UPCALL_ONCE),
    FAULT(event_waited_for_is_dropped, RULE_UPCALL_ONCE),
    FAULT(swap_forgets_those_of_all_numbers, RULE_UPCALL_ONCE),
    FAULT(swap_forgets_those_of_another_driver, RULE_UPCALL_ONCE),
    FAULT(refused_swap_forgets_the_old_ones, RULE_UPCALL_ONCE),
    FAULT(release_forgets_those_of_other_devices, RULE_UPCALL_ONCE),
    FAULT(drop_is_not_counted, RULE_UPCALL_ONCE),
    FAULT(queue_holds_too_many, RULE_UPCALL_ONCE),
    FAULT(older_upcall_is_passed_over, RULE_UPCALL_ONCE),
    FAULT(interrupt_is_neither_queued_nor_counted, RULE_UPCALL_ONCE),
    FAULT(interrupt_is_anothers_upcall, RULE_UPCALL_ONCE),
    FAULT(alarm_is_neither_queued_nor_counted, RULE_UPCALL_ONCE),
    FAULT(kernel_panics, RULE_KERNEL_PANIC),
    FAULT(upcall_waits_while_the_cpu_sleeps, RULE_PROGRESS),
    FAULT(event_waited_for_is_forgotten_once_the_next_is_dropped, RULE_PROGRESS),
    FAULT(ready_app_sleeps, RULE_PROGRESS),
    FAULT(lent_line_is_high_and_masked_in_sleep, RULE_PROGRESS),
    FAULT(lent_line_is_high_and_masked_while_others_run, RULE_PROGRESS),
    FAULT(interrupt_is_swallowed, RULE_PROGRESS),
    FAULT(pulse_is_cleared_and_forgotten, RULE_PROGRESS),
    FAULT(one_who_waits_for_the_event_misses_it, RULE_PROGRESS),
    FAULT(second_interrupt_is_forgotten, RULE_PROGRESS),
    FAULT(low_line_is_given_up, RULE_PROGRESS),
    FAULT(kernel_keeps_the_cpu_from_a_ready_app, RULE_LIVELOCK),
    FAULT(kernel_never_comes_back, RULE_LIVELOCK),
    FAULT(call_has_no_results, RULE_CALL_RETURN),
    FAULT(results_come_without_a_call, RULE_CALL_RETURN),
    FAULT(yield_wait_has_results, RULE_CALL_RETURN),
    FAULT(upcall_begins_though_the_app_computes, RULE_CALL_RETURN),
    FAULT(upcall_begins_in_a_wait_for, RULE_CALL_RETURN),
    FAULT(life_begins_anew_in_its_middle, RULE_CALL_RETURN),
    FAULT(new_life_goes_on_where_the_old_one_was, RULE_CALL_RETURN),
    FAULT(app_gets_no_turn, RULE_STARVATION),
    FAULT(app_runs_past_its_slice, RULE_SLICE),
    FAULT(line_is_serviced_without_end, RULE_LIVELOCK),
    FAULT(line_that_is_stuck_is_never_given_up, RULE_LIVELOCK),
    FAULT(user_mode_ends_before_its_first_instruction, RULE_LIVELOCK),
    FAULT(user_mode_has_next_to_nothing, RULE_LIVELOCK),
    FAULT(time_stands_still, RULE_LIVELOCK),
    FAULT(lent_device_reads_kernel_ram, RULE_DMA_REACH),
    FAULT(lent_device_writes_its_owners_grants, RULE_DMA_REACH),
    FAULT(kernels_device_writes_an_app, RULE_DMA_REACH),
    FAULT(nobodys_device_reads, RULE_DMA_REACH),
    FAULT(device_writes_after_the_loan, RULE_DMA_AFTER_DEATH),
    FAULT(exposure_is_not_declared, RULE_OVER_EXPOSURE),
    FAULT(new_memory_holds_old_bytes, RULE_MEMORY_FRESH),
    FAULT(new_life_finds_the_old_ones_bytes, RULE_MEMORY_FRESH),
    FAULT(buffer_keeps_the_client_before, RULE_BUFFER_CUSTODY),
    FAULT(more_goes_out_than_was_handed_over, RULE_BUFFER_CUSTODY),
    FAULT(lent_router_reaches_further, RULE_PPI_REACH),
    FAULT(app_says_that_a_step_failed, RULE_STEP),
};

static void set_up(void)
{
    support_scenario(&scenario, APPS, &support_waits, NULL);
}

static void tear_down(void)
{
    support_free(hw);
}

START_TEST(planted_fault_breaks_exactly_its_rule)
{
    const struct verdict *kept;
    char text[VERDICT_TEXT_MAX];

    boot();
    faults[_i].plant();
    uint32_t count = machine_verdicts(hw->m, &kept), hits = 0;
    for (uint32_t i = 0; i < count; i++) {
        verdict_describe(&scenario, &kept[i], text, sizeof text);
        ck_assert_msg(kept[i].rule == faults[_i].rule || kept[i].rule == faults[_i].along,
                      "%s: %s broke: %s", faults[_i].name, rule_rows[kept[i].rule].id, text);
        hits += kept[i].rule == faults[_i].rule;
    }
    ck_assert_msg(hits > 0, "%s: nothing broke", faults[_i].name);
}
END_TEST

START_TEST(every_always_on_rule_has_a_planted_fault)
{
    bool covered = false;
    boot();
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        covered |= faults[i].rule == (enum rule)_i;
    ck_assert_msg(covered, "%s has none", rule_rows[_i].id);
}
END_TEST

/* A window that begins before what it clashes with; other rules may break along with it. */
static uint32_t exclusive_owner_says(struct span wide)
{
    const struct verdict *kept;

    lend(OTHER, wide);
    uint32_t count = machine_verdicts(hw->m, &kept);
    for (uint32_t i = 0; i < count; i++)
        if (kept[i].rule == RULE_EXCLUSIVE_OWNER)
            return kept[i].address;
    return 0;
}

START_TEST(clash_is_named_by_the_device_not_by_where_the_window_begins)
{
    boot();
    lend(WAITER, timer1);
    leave(WAITER);
    ck_assert_uint_eq(exclusive_owner_says((struct span){SUPPORT_TIMER0, 0x2000}), SUPPORT_TIMER1);
}
END_TEST

START_TEST(clash_with_the_kernel_is_named_by_its_device)
{
    boot();
    ck_assert_uint_eq(exclusive_owner_says((struct span){SUPPORT_TIMER1, 0x2000}), SUPPORT_TIMER2);
}
END_TEST

/* Other rules may break along with it: all of another's map is foreign, all of one's own is
 * missing. */
START_TEST(another_apps_configuration_is_stale_and_lacks_ones_own)
{
    boot();
    configuration_is_the_other_apps();
    const struct verdict *kept;
    uint32_t count = machine_verdicts(hw->m, &kept);
    bool stale = false;
    bool lacks = false;
    for (uint32_t i = 0; i < count; i++) {
        stale |= kept[i].rule == RULE_STALE_MPU;
        lacks |= kept[i].detail == DETAIL_REACH_LACKS;
    }
    ck_assert(stale && lacks);
}
END_TEST

/* ---- what must stay silent */

static void loan_and_return(void)
{
    lend(WAITER, timer0);
    add(EVENT_STORE, WAITER, SUPPORT_TIMER0, pair(1, 4));
    leave(WAITER);
    user(OTHER);
    leave(OTHER);
    give_back(WAITER, timer0);
    user(WAITER);
    leave(WAITER);
    lend(OTHER, timer0);
}

static void loan_whose_return_comes_late(void)
{
    ask(WAITER, timer0);
    filter_says(WAITER, timer0, timer0, ERR_NONE);
    map(WAITER, timer0);
    user(OTHER);
    leave(OTHER);
    user(WAITER);
    returned(WAITER, RETURN_SUCCESS, 0);
    leave(WAITER);
    user(WAITER);
}

static void interrupt_to_its_owner(void)
{
    lend(WAITER, timer0);
    add(EVENT_IRQ_RAISED, PROCESS_NONE, LINE_TIMER0, 0);
    mask(true);
    note(NOTE_LINE_SERVICED, WAITER, LINE_TIMER0, pair(endpoint_at(timer0), 0x10000));
    upcall(WAITER, SUPPORT_TIMER0, LINE_TIMER0);
}

static void death_with_a_loan(void)
{
    uint32_t endpoint = endpoint_at(timer0);
    scenario.images[WAITER].fault_policy = FAULT_STOP;
    lend(WAITER, timer0);
    add(EVENT_FAULT, WAITER, 0, pair(CFSR_DACCVIOL, ACCESS_READ));
    note(NOTE_PROCESS_END, WAITER, 0, END_FAULT);
    note(NOTE_WINDOW_REMOVED, WAITER, timer0.base, timer0.size);
    line_is_on(endpoint, false);
    note(NOTE_ENDPOINT_MASKED, WAITER, endpoint, 0);
    dma(EVENT_DMA_WRITE, 0, process_of(WAITER)->memory.base, 8); /* still being made quiet */
    note(NOTE_ENDPOINT_QUIET, WAITER, endpoint, 0);
    note(NOTE_ENDPOINT_FREED, WAITER, endpoint, 0);
    user(OTHER);
    leave(OTHER);
    lend(OTHER, timer0);
}

static void hung_device_is_called_stuck(void)
{
    lend(WAITER, timer0);
    timer0_write(0x540, 0x1234);
    machine_device(hw->m, 0)->fault.hung = true;
    give_back_stuck(WAITER, timer0);
    user(OTHER);
}

static void device_with_a_high_line_is_called_stuck(void)
{
    lend(WAITER, timer0);
    machine_device(hw->m, 0)->fault.line_stuck = true;
    machine_serve(hw, 0);
    give_back_stuck(WAITER, timer0);
    user(OTHER);
}

static void pulsed_device_is_called_stuck(void)
{
    plan_pulses();
    lend(WAITER, timer0);
    give_back_stuck(WAITER, timer0);
    user(OTHER);
}

/* The kernel forgets what pends before it enables the line. */
static void pulse_comes_before_the_line_is_enabled(void)
{
    plan_pulses();
    ask(WAITER, timer0);
    filter_says(WAITER, timer0, timer0, ERR_NONE);
    map(WAITER, timer0);
    mask(true);
    add(EVENT_INJECTED, PROCESS_NONE, 0, LINE_TIMER0);
    mask(false);
    user(WAITER);
    returned(WAITER, RETURN_SUCCESS, 0);
    wait_for_timer0(handler_of(WAITER));
    user(OTHER);
}

/* ---- an interrupt on its way */

static void interrupt_to_one_who_waits(void)
{
    lend_and_wait(handler_of(WAITER));
    timer0_line(true);
    add(EVENT_SLEEP, PROCESS_NONE, 0, 0); /* it is enabled: the CPU wakes at once */
    mask(true);
    note(NOTE_LINE_SERVICED, WAITER, LINE_TIMER0, pair(endpoint_at(timer0), 0x10000));
    timer0_line(false);
    hw->m->nvic.pending[0] = 0;
    queued(WAITER, 1);
    user(OTHER);
    delivered(WAITER, handler_of(WAITER), SUPPORT_TIMER0, LINE_TIMER0);
    mask(false);
    wait_for_upcall(WAITER);
    user(OTHER);
}

/* It has what it waits for at once, from an event that no note has told of: it runs when its turn
 * comes, and what comes meanwhile is not kept from it. */
static void interrupt_while_the_one_before_is_on_its_way(void)
{
    lend_and_wait(0);
    call(WAITER, SYSCALL_YIELD, YIELD_WAIT_FOR, PASSTHROUGH_DRIVER_DEFAULT, 0, 0);
    note(NOTE_UPCALL_DELIVERED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(0, 0));
    mask(true);
    timer0_line(true);
    user(OTHER);
    add(EVENT_RETURN, WAITER, 0x10000, pair(SUPPORT_TIMER0, LINE_TIMER0));
}

static void interrupt_under_a_null_upcall(void)
{
    lend_and_wait(0);
    timer0_line(true);
    mask(true);
    note(NOTE_LINE_SERVICED, WAITER, LINE_TIMER0, pair(endpoint_at(timer0), 0x10000));
    user(OTHER);
}

/* Which handler it has, the answer to its call will say. */
static void interrupt_while_its_handler_is_swapped(void)
{
    lend_with_handler();
    call(WAITER, SYSCALL_SUBSCRIBE, PASSTHROUGH_DRIVER_DEFAULT, 0, 0, 0);
    mask(true);
    timer0_line(true);
    note(NOTE_LINE_SERVICED, WAITER, LINE_TIMER0, pair(endpoint_at(timer0), 0x10000));
    timer0_line(false);
    hw->m->nvic.pending[0] = 0;
    user(WAITER);
    add(EVENT_RETURN, WAITER, RETURN_SUCCESS_2U32, pair(handler_of(WAITER), 77));
}

static void event_is_dropped_behind_the_one_waited_for(void)
{
    call(WAITER, SYSCALL_YIELD, YIELD_WAIT_FOR, PASSTHROUGH_DRIVER_DEFAULT, 0, 0);
    queued(WAITER, 11);
    note(NOTE_UPCALL_DELIVERED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(0, 0));
    note(NOTE_UPCALL_DROPPED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(0, 1));
}

static void interrupt_that_the_queue_has_no_room_for(void)
{
    lend_and_wait(handler_of(WAITER));
    timer0_line(true);
    mask(true);
    note(NOTE_LINE_SERVICED, WAITER, LINE_TIMER0, pair(endpoint_at(timer0), 0x10000));
    timer0_line(false);
    mask(false);
    hw->m->nvic.pending[0] = 0;
    note(NOTE_UPCALL_DROPPED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(0, 1));
    user(OTHER);
}

static void line_that_is_high_is_given_up(void)
{
    lend_and_wait(handler_of(WAITER));
    timer0_line(true);
    mask(true);
    note(NOTE_ENDPOINT_STUCK, WAITER, endpoint_at(timer0), LINE_TIMER0);
    add(EVENT_SLEEP, PROCESS_NONE, 0, 0);
}

static void interrupt_of_a_device_that_nobody_has(void)
{
    lend(WAITER, timer0);
    subscribe(WAITER);
    give_back(WAITER, timer0);
    wait_for_upcall(WAITER);
    timer0_line(true);
    mask(true);
    hw->m->nvic.level[0] = 0;
    machine_device(hw->m, 0)->irq_high = false;
    hw->m->nvic.pending[0] = 0;
    user(OTHER);
}

static void kernel_works_for_long_while_nobody_is_ready(void)
{
    wait_for_upcall(OTHER);
    wait_for_upcall(OTHER + 1);
    wait_for_upcall(WAITER);
    pass_us(60000);
    subscribe(WAITER);
    pass_us(40000);
    user(WAITER);
}

static void refusals_with_their_reasons(void)
{
    static const struct filter_row deny = {.asked = {0x40000000, 0x100000}, .refusal = ERR_RESERVE};
    refused_with((struct span){SUPPORT_TIMER0, 0}, false, RETURN_FAILURE, ERR_SIZE);
    refused_with((struct span){SUPPORT_TIMER0 + 4, 32}, false, RETURN_FAILURE, ERR_INVAL);
    refused_with((struct span){SUPPORT_TIMER2, 0x1000}, false, RETURN_FAILURE, ERR_BUSY);
    lend(OTHER, timer1);
    ask(WAITER, timer1);
    note(NOTE_WINDOW_REFUSED, WAITER, timer1.base, pair(timer1.size, ERR_BUSY));
    returned(WAITER, RETURN_FAILURE, ERR_BUSY);
    scenario.config.filter.rows = &deny;
    refused_with(timer0, true, RETURN_FAILURE, ERR_RESERVE);
}

static void exposure_that_is_declared(void)
{
    scenario.board.exposures[scenario.board.exposure_count++].span = timer1;
    lend_both_timers();
    const struct exposure_result *x = exposure_result(hw->m, WAITER);
    ck_assert_uint_eq(x->bytes, 0x1000);
    ck_assert_uint_eq(x->devices, 1);
    ck_assert_uint_eq(x->first.base, SUPPORT_TIMER1);
    ck_assert_uint_eq(x->first.size, 0x1000);
}

static void memory_grows_clean(void)
{
    user(WAITER);
    raise_break();
    user(WAITER);
}

static void turns_within_the_promise(void)
{
    slice(WAITER, 10000);
    slice(OTHER, 10000);
    slice(OTHER + 1, 10000);
    slice(WAITER, 10000);
}

/* Two others have a turn each before it, and are gone when it comes. */
static void turns_of_apps_that_end(void)
{
    slice(WAITER, 1);
    slice(OTHER, 8000);
    note(NOTE_PROCESS_END, OTHER, 0, END_KILL);
    slice(OTHER + 1, 8000);
    note(NOTE_PROCESS_END, OTHER + 1, 0, END_KILL);
    user(WAITER);
}

static void slice_begins_anew_with_nobody_else_there(void)
{
    const struct process *p = process_of(WAITER);
    slice(WAITER, 1);
    slice(OTHER, 8000);
    note(NOTE_PROCESS_END, WAITER, 0, END_KILL);
    slice(OTHER, 9000);
    note(NOTE_PROCESS_LOADED, WAITER, p->memory.base, pair(p->memory.size, 99));
    slice(OTHER, 8000);
    run_as(WAITER, RESUME_START);
}

static void swapped_upcalls_are_gone(void)
{
    subscribe(WAITER);
    queued(WAITER, 1);
    call(WAITER, SYSCALL_SUBSCRIBE, PASSTHROUGH_DRIVER_DEFAULT, 0, handler_of(WAITER) + 16, 78);
    note(NOTE_UPCALL_CANCELLED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(0, 1));
    add(EVENT_RETURN, WAITER, RETURN_SUCCESS_2U32, pair(handler_of(WAITER), 77));
    wait_for_upcall(WAITER);
    add(EVENT_SLEEP, PROCESS_NONE, 0, 0);
}

static void some_of_several_upcalls_are_cancelled(void)
{
    subscribe(WAITER);
    call(WAITER, SYSCALL_SUBSCRIBE, 0, 0, handler_of(WAITER), 77);
    returned(WAITER, RETURN_SUCCESS_2U32, 0);
    queued(WAITER, 1);
    note(NOTE_UPCALL_QUEUED, WAITER, 0, pair(0, 2));
    queued(WAITER, 3);
    note(NOTE_UPCALL_CANCELLED, WAITER, PASSTHROUGH_DRIVER_DEFAULT, pair(0, 1)); /* the third */
    lend(WAITER, timer0);
    add(EVENT_IRQ_RAISED, PROCESS_NONE, LINE_TIMER0, 0);
    delivered(WAITER, handler_of(WAITER), SUPPORT_TIMER0, LINE_TIMER0);
    note(NOTE_UPCALL_DELIVERED, WAITER, 0, pair(0, handler_of(WAITER)));
}

static void kernels_dma_stays_in_its_ram(void)
{
    clear_buffer();
    note(NOTE_CONSOLE_CLIENT, WAITER, KERNEL_RAM, 16);
    dma(EVENT_DMA_READ, 2, KERNEL_RAM, 16);
}

#define GOOD(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct {
    const char *name;
    void (*run)(void);
} good[] = {
    GOOD(loan_and_return),
    GOOD(loan_whose_return_comes_late),
    GOOD(interrupt_to_its_owner),
    GOOD(death_with_a_loan),
    GOOD(hung_device_is_called_stuck),
    GOOD(device_with_a_high_line_is_called_stuck),
    GOOD(pulsed_device_is_called_stuck),
    GOOD(pulse_comes_before_the_line_is_enabled),
    GOOD(interrupt_to_one_who_waits),
    GOOD(interrupt_while_the_one_before_is_on_its_way),
    GOOD(interrupt_under_a_null_upcall),
    GOOD(interrupt_while_its_handler_is_swapped),
    GOOD(event_is_dropped_behind_the_one_waited_for),
    GOOD(interrupt_that_the_queue_has_no_room_for),
    GOOD(line_that_is_high_is_given_up),
    GOOD(interrupt_of_a_device_that_nobody_has),
    GOOD(kernel_works_for_long_while_nobody_is_ready),
    GOOD(refusals_with_their_reasons),
    GOOD(exposure_that_is_declared),
    GOOD(memory_grows_clean),
    GOOD(turns_within_the_promise),
    GOOD(turns_of_apps_that_end),
    GOOD(slice_begins_anew_with_nobody_else_there),
    GOOD(interrupts_leave_little),
    GOOD(app_faults_whenever_it_runs_in_a_storm),
    GOOD(storm_while_nobody_is_ready),
    GOOD(storm_while_everybody_is_dead),
    GOOD(line_is_serviced_now_and_then),
    GOOD(swapped_upcalls_are_gone),
    GOOD(kernels_dma_stays_in_its_ram),
    GOOD(some_of_several_upcalls_are_cancelled),
};

START_TEST(lawful_sequence_breaks_nothing)
{
    const struct verdict *kept;
    char text[VERDICT_TEXT_MAX] = "";

    boot();
    good[_i].run();
    if (machine_verdicts(hw->m, &kept) > 0)
        verdict_describe(&scenario, &kept[0], text, sizeof text);
    ck_assert_msg(machine_verdict_count(hw->m) == 0, "%s: %s", good[_i].name, text);
}
END_TEST

/* One fault that shows again and again is kept once: it must not push others out. */
START_TEST(repeated_break_is_kept_once)
{
    boot();
    for (int i = 0; i < 100; i++)
        load_from_kernel_ram_went_through();
    ck_assert_uint_eq(machine_verdict_count(hw->m), 1);
}
END_TEST

/* A result that only the device writes, and no write wipes: unless its row says that it stays, the
 * next owner must not find it. */
START_TEST(result_that_is_not_said_to_stay_is_wiped)
{
    const struct reg rows[] = {{"RESULT", 0x400, .stays = _i == 1}};
    const struct device_type type = {
        .name = "sensor", .regs = rows, .reg_count = 1, .window_size = 0x1000};
    const struct verdict *kept;

    scenario.board.devices[0].type = &type;
    boot();
    device_values(machine_device(hw->m, 0))[0] = 5;
    lend(WAITER, timer0);
    ck_assert_uint_eq(machine_verdicts(hw->m, &kept), _i == 0 ? 1 : 0);
    if (_i == 0) {
        ck_assert_int_eq(kept[0].detail, DETAIL_RESET_REGISTER);
        ck_assert_uint_eq(kept[0].address, SUPPORT_TIMER0 + 0x400);
    }
}
END_TEST

/* ---- requested checks */

static struct pattern mark(uint32_t number)
{
    struct pattern p = {.kind = EVENT_APP_NOTE,
                        .process = PATTERN_ANY,
                        .address_first = number,
                        .address_last = number};
    snprintf(p.text, sizeof p.text, "mark %u", number);
    return p;
}

static void check_add(struct check check)
{
    scenario.checks[scenario.check_count++] = check;
}

/* "a" and "b" are marks 1 and 2, "." is 10 us. */
static void play(const char *tape)
{
    for (; *tape; tape++)
        if (*tape == '.')
            pass_us(10);
        else
            add(EVENT_APP_NOTE, WAITER, (uint32_t)(*tape - 'a' + 1), 0);
}

#define US(n) ((n)*PS_PER_US)
static const struct {
    const char *why;
    enum check_kind kind;
    uint64_t min, max;
    const char *tape;
    bool breaks, armed;
    enum verdict_detail detail;
} requested[] = {
    {"count within", CHECK_COUNT, 1, 2, "bab", false, true, DETAIL_NONE},
    {"count too low", CHECK_COUNT, 2, 3, "ab", true, true, DETAIL_COUNT_LOW},
    {"count too high", CHECK_COUNT, 0, 1, "bbb", true, true, DETAIL_COUNT_HIGH},
    {"absent", CHECK_ABSENT, 0, 0, "ba", false, true, DETAIL_NONE},
    {"absent, never armed", CHECK_ABSENT, 0, 0, "b", false, false, DETAIL_NONE},
    {"present after all", CHECK_ABSENT, 0, 0, "ab", true, true, DETAIL_ABSENT},
    {"in order", CHECK_ORDER, 0, 0, "abab", false, true, DETAIL_NONE},
    {"out of order", CHECK_ORDER, 0, 0, "abb", true, true, DETAIL_ORDER},
    {"order, never armed", CHECK_ORDER, 0, 0, "aa", false, false, DETAIL_NONE},
    {"fast enough", CHECK_LATENCY, 0, US(30), "a...ba..b", false, true, DETAIL_NONE},
    {"too slow", CHECK_LATENCY, 0, US(30), "a....b", true, true, DETAIL_LATENCY_LONG},
    {"too slow, with a later from", CHECK_LATENCY, 0, US(30), "a...a.b", true, true,
     DETAIL_LATENCY_LONG},
    {"too fast", CHECK_LATENCY, US(20), US(30), "a.b", true, true, DETAIL_LATENCY_SHORT},
    {"the last of many too fast", CHECK_LATENCY, US(20), US(300), "a.a.a.a.a.a.a.a.a.a.b", true,
     true, DETAIL_LATENCY_SHORT},
    {"open too long", CHECK_LATENCY, 0, US(30), "a....", true, true, DETAIL_LATENCY_OPEN},
    {"open, but not for long", CHECK_LATENCY, 0, US(30), "a...", false, false, DETAIL_NONE},
    {"latency, never armed", CHECK_LATENCY, 0, US(30), "b...b", false, false, DETAIL_NONE},
};

START_TEST(requested_check_judges_its_tape)
{
    const struct verdict *kept;

    check_add((struct check){.kind = requested[_i].kind,
                             .from = mark(1),
                             .to = mark(2),
                             .min = requested[_i].min,
                             .max = requested[_i].max});
    boot();
    play(requested[_i].tape);
    machine_finish(hw);
    uint32_t count = machine_verdicts(hw->m, &kept);
    ck_assert_msg(machine_check_armed(hw->m, 0) == requested[_i].armed, "%s: armed",
                  requested[_i].why);
    ck_assert_msg(count == requested[_i].breaks, "%s: %u breaks", requested[_i].why, count);
    if (count) {
        ck_assert_msg(kept[0].detail == requested[_i].detail, "%s: detail %u", requested[_i].why,
                      kept[0].detail);
        ck_assert_uint_eq(kept[0].check, 0);
    }
}
END_TEST

START_TEST(latency_counts_nothing_before_its_after)
{
    check_add((struct check){
        .kind = CHECK_LATENCY, .from = mark(1), .to = mark(2), .from2 = mark(3), .max = US(30)});
    boot();
    play("a....ba.ca...b");
    machine_finish(hw);
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
    ck_assert_uint_eq(latency_result(hw->m, 0)->count, 1);
    ck_assert_uint_eq(latency_result(hw->m, 0)->sum_ps, US(30));
}
END_TEST

START_TEST(latency_result_has_exact_ends_and_quantiles_within_a_half_octave)
{
    check_add(
        (struct check){.kind = CHECK_LATENCY, .from = mark(1), .to = mark(2), .max = UINT64_MAX});
    boot();
    for (int i = 0; i < 98; i++)
        play("a.b");
    play("a...b");
    play("a.........b");
    const struct latency_result *l = latency_result(hw->m, 0);
    ck_assert_ptr_nonnull(l);
    ck_assert_uint_eq(l->count, 100);
    ck_assert_uint_eq(l->min_ps, US(10));
    ck_assert_uint_eq(l->max_ps, US(90));
    ck_assert_uint_eq(l->sum_ps, US(980 + 30 + 90));
    ck_assert_uint_ge(latency_quantile_ps(l, 500), US(10));
    ck_assert_uint_le(latency_quantile_ps(l, 500), US(15));
    ck_assert_uint_ge(latency_quantile_ps(l, 990), US(30));
    ck_assert_uint_le(latency_quantile_ps(l, 990), US(45));
    ck_assert_uint_eq(latency_quantile_ps(l, 1000), US(90));
}
END_TEST

START_TEST(speedup_compares_the_means_of_two_pairs)
{
    check_add((struct check){.kind = CHECK_SPEEDUP,
                             .from = mark(1),
                             .to = mark(2),
                             .from2 = mark(3),
                             .to2 = mark(4),
                             .min = _i ? 5001 : 5000});
    boot();
    play("a..........b"
         "c..d");
    machine_finish(hw);
    ck_assert(machine_check_armed(hw->m, 0));
    ck_assert_uint_eq(machine_verdict_count(hw->m), (unsigned)_i);
    ck_assert_uint_eq(latency_result(hw->m, 0)->sum_ps, US(100));
    ck_assert_uint_eq(latency_result_2(hw->m, 0)->sum_ps, US(20));
}
END_TEST

static const struct {
    enum check_kind kind;
    uint64_t min, max;
    bool breaks;
} finals[] = {
    {CHECK_STATE, PROCESS_YIELDED, PROCESS_YIELDED, false},
    {CHECK_STATE, PROCESS_FAULTED, PROCESS_FAULTED, true},
    {CHECK_RESTARTS, 0, 0, false},
    {CHECK_RESTARTS, 1, 2, true},
    {CHECK_COMPLETION, 0, 0, true}, /* it has not exited */
    {CHECK_OVER_EXPOSURE, 0, 0, false},
    {CHECK_OVER_EXPOSURE, 1, 100, true},
};

START_TEST(final_check_looks_at_the_end)
{
    check_add((struct check){
        .kind = finals[_i].kind, .process = WAITER, .min = finals[_i].min, .max = finals[_i].max});
    boot();
    machine_finish(hw);
    ck_assert(machine_check_armed(hw->m, 0));
    ck_assert_uint_eq(machine_verdict_count(hw->m), finals[_i].breaks);
}
END_TEST

START_TEST(exposure_check_looks_at_the_app_it_names)
{
    const uint32_t bytes = _i == 0 ? 0x1000 : 0; /* OTHER has nothing */
    scenario.board.exposures[scenario.board.exposure_count++].span = timer1;
    check_add((struct check){.kind = CHECK_OVER_EXPOSURE,
                             .process = _i == 0 ? WAITER : OTHER,
                             .min = bytes,
                             .max = bytes});
    boot();
    lend_both_timers();
    machine_finish(hw);
    ck_assert(machine_check_armed(hw->m, 0));
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
}
END_TEST

/* ---- the gate */

static void expect_break(enum rule rule, uint16_t process, uint32_t first, uint32_t last)
{
    scenario.breaks[scenario.break_count++] =
        (struct expected_break){(uint16_t)rule, process, first, last, "/expect/breaks/0", ""};
}

static struct gate judged(void)
{
    struct gate gate;
    gate_judge(hw->m, &gate);
    return gate;
}

START_TEST(gate_calls_a_scenario_that_expects_nothing_vacuous)
{
    boot();
    struct gate gate = judged();
    ck_assert_int_eq(gate.end, GATE_VACUOUS);
    ck_assert_uint_eq(gate.reason_count, 1);
    ck_assert_int_eq(gate.reasons[0].kind, REASON_NOTHING);
}
END_TEST

START_TEST(gate_passes_a_claim_that_was_looked_at)
{
    scenario.app_expectations = 1;
    boot();
    ck_assert_int_eq(judged().end, GATE_HOLDS);
}
END_TEST

START_TEST(gate_passes_an_expected_break_and_says_which_line_it_breaks)
{
    expect_break(RULE_DMA_REACH, WAITER, KERNEL_RAM, KERNEL_RAM + 63);
    boot();
    lent_device_reads_kernel_ram();
    struct gate gate = judged();
    ck_assert_int_eq(gate.end, GATE_HOLDS);
    ck_assert(gate.expected[0]);
    ck_assert_int_eq(gate.isolation, LINE_HELD);
    ck_assert_int_eq(gate.containment, LINE_CLAIMED_BROKEN);
}
END_TEST

START_TEST(gate_counts_a_router_that_reaches_too_far_as_a_breach_of_containment)
{
    expect_break(RULE_PPI_REACH, WAITER, 0, UINT32_MAX);
    boot();
    rule_armed(hw->m, RULE_PPI_REACH);
    break_add(hw->m, RULE_PPI_REACH, WAITER, KERNEL_RAM, DETAIL_PPI_REACH, 0, 0);
    struct gate gate = judged();
    ck_assert_int_eq(gate.end, GATE_HOLDS);
    ck_assert_int_eq(gate.isolation, LINE_HELD);
    ck_assert_int_eq(gate.containment, LINE_CLAIMED_BROKEN);
}
END_TEST

START_TEST(gate_fails_an_expected_break_that_does_not_come)
{
    expect_break(RULE_DMA_REACH, WAITER, 0, UINT32_MAX);
    boot();
    struct gate gate = judged();
    ck_assert_int_eq(gate.end, GATE_BROKEN);
    ck_assert_int_eq(gate.reasons[0].kind, REASON_BREAK_MISSING);
}
END_TEST

/* One break cannot stand for two: the second expectation has none of its own. */
START_TEST(gate_wants_a_break_for_each_that_is_expected)
{
    expect_break(RULE_DMA_REACH, WAITER, 0, UINT32_MAX);
    expect_break(RULE_DMA_REACH, PATTERN_ANY, 0, UINT32_MAX);
    boot();
    lent_device_reads_kernel_ram();
    struct gate gate = judged();
    ck_assert_int_eq(gate.end, GATE_BROKEN);
    ck_assert_uint_eq(gate.reason_count, 1);
    ck_assert_int_eq(gate.reasons[0].kind, REASON_BREAK_MISSING);
    ck_assert_uint_eq(gate.reasons[0].index, 1);
    ck_assert_msg(strstr(gate.reasons[0].text, "no break of dma-reach is left"), "%s",
                  gate.reasons[0].text);
}
END_TEST

/* The first expectation would take the break that alone fits the second: it is moved on. */
START_TEST(gate_finds_a_break_for_each_whatever_their_order)
{
    expect_break(RULE_DMA_REACH, WAITER, 0, UINT32_MAX);
    expect_break(RULE_DMA_REACH, WAITER, KERNEL_RAM, KERNEL_RAM);
    boot();
    lent_device_reads_kernel_ram();
    dma(EVENT_DMA_READ, 0, KERNEL_RAM + 0x1000, 64);
    struct gate gate = judged();
    ck_assert_uint_eq(machine_verdict_count(hw->m), 2);
    ck_assert_int_eq(gate.end, GATE_HOLDS);
}
END_TEST

static const struct {
    const char *why;
    enum rule rule;
    uint16_t process;
    uint32_t first, last;
} near_misses[] = {
    {"another rule", RULE_REACH, WAITER, 0, UINT32_MAX},
    {"another app", RULE_DMA_REACH, OTHER, 0, UINT32_MAX},
    {"another address", RULE_DMA_REACH, WAITER, KERNEL_RAM + 1, UINT32_MAX},
};

START_TEST(gate_matches_breaks_by_rule_app_and_address)
{
    expect_break(near_misses[_i].rule, near_misses[_i].process, near_misses[_i].first,
                 near_misses[_i].last);
    boot();
    lent_device_reads_kernel_ram();
    struct gate gate = judged();
    ck_assert_msg(gate.end == GATE_BROKEN && gate.unexpected == 1, "%s", near_misses[_i].why);
    ck_assert_int_eq(gate.containment, LINE_BROKEN);
    ck_assert_int_eq(gate.reasons[0].kind, REASON_BREAK_MISSING);
}
END_TEST

START_TEST(gate_fails_when_breaks_are_lost)
{
    expect_break(RULE_REACH, WAITER, 0, UINT32_MAX);
    boot();
    for (uint32_t i = 0; i < VERDICT_MAX + 5; i++)
        add(EVENT_LOAD, WAITER, KERNEL_RAM + 4 * i, pair(0, 4));
    struct gate gate = judged();
    ck_assert_int_eq(gate.end, GATE_BROKEN);
    ck_assert_uint_eq(gate.lost, 5);
}
END_TEST

START_TEST(gate_calls_an_injection_without_effect_vacuous)
{
    scenario.app_expectations = 1;
    scenario.injections[0] = (struct injection){.kind = INJECT_KILL, .at_ps = 20 * PS_PER_MS};
    scenario.injection_count = 1;
    boot();
    struct gate gate = judged();
    ck_assert_int_eq(gate.end, GATE_VACUOUS);
    ck_assert_int_eq(gate.reasons[0].kind, REASON_INJECTION);
}
END_TEST

/* 2 of the plan is where the line pends already. */
static const struct {
    const char *why, *says;
    struct injection plan[2];
    uint32_t vacuous;
} ineffective[] = {
    {"a register that nobody reads",
     "nobody read the register",
     {{.kind = INJECT_FORCE, .device = 0, .address = 0x540, .value = 7}},
     0},
    {"a pulse on a line that pends",
     "the line was pending already",
     {{.kind = INJECT_INTERRUPT, .line = LINE_TIMER1},
      {.kind = INJECT_INTERRUPT, .line = LINE_TIMER1}},
     1},
    {"a storm on a line that pends",
     "the line was pending already, each time",
     {{.kind = INJECT_INTERRUPT, .line = LINE_TIMER1},
      {.kind = INJECT_STORM, .line = LINE_TIMER1, .count = 3, .period_ps = PS_PER_US}},
     1},
};

START_TEST(gate_says_why_an_injection_had_no_effect)
{
    scenario.app_expectations = 1;
    scenario.config.endpoint_count = 0; /* nobody clears what pends */
    for (uint32_t i = 0; i <= ineffective[_i].vacuous; i++) {
        scenario.injections[i] = ineffective[_i].plan[i];
        scenario.injections[i].at_ps = (100 + i) * PS_PER_US;
    }
    scenario.injection_count = ineffective[_i].vacuous + 1;
    boot();
    struct gate gate = judged();
    ck_assert_int_eq(gate.end, GATE_VACUOUS);
    ck_assert_uint_eq(gate.reason_count, 1);
    ck_assert_uint_eq(gate.reasons[0].index, ineffective[_i].vacuous);
    ck_assert_msg(strstr(gate.reasons[0].text, ineffective[_i].says), "%s: %s", ineffective[_i].why,
                  gate.reasons[0].text);
}
END_TEST

START_TEST(gate_calls_a_check_that_never_armed_vacuous)
{
    check_add((struct check){.kind = CHECK_ORDER, .from = mark(1), .to = mark(2)});
    boot();
    machine_finish(hw);
    struct gate gate = judged();
    ck_assert_int_eq(gate.end, GATE_VACUOUS);
    ck_assert_int_eq(gate.reasons[0].kind, REASON_CHECK);
}
END_TEST

START_TEST(gate_counts_lent_dma_masters)
{
    scenario.app_expectations = 1;
    scenario.board.devices[0].dma = true;
    boot();
    ck_assert_uint_eq(judged().dma_lent, 0);
    lend(WAITER, timer0);
    ck_assert_uint_eq(judged().dma_lent, 1);
}
END_TEST

/* ---- words */

START_TEST(every_detail_has_a_sentence)
{
    struct verdict v = {.detail = (uint16_t)_i, .check = CHECK_NONE, .process = 1};
    char text[VERDICT_TEXT_MAX];

    boot();
    verdict_describe(NULL, &v, text, sizeof text);
    ck_assert_msg(strlen(text) > 10 && !strchr(text, '%'), "detail %d: \"%s\"", _i, text);
    verdict_describe(&scenario, &v, text, sizeof text);
    ck_assert_msg(!strchr(text, '%'), "detail %d: \"%s\"", _i, text);
}
END_TEST

START_TEST(sentence_names_app_device_and_number)
{
    struct verdict v = {.detail = DETAIL_REACH_WRITE,
                        .process = OTHER,
                        .address = SUPPORT_TIMER0 + 0x540,
                        .got = 96,
                        .check = CHECK_NONE};
    char text[VERDICT_TEXT_MAX];

    boot();
    verdict_describe(&scenario, &v, text, sizeof text);
    ck_assert_msg(strstr(text, "app1 can write TIMER0") && strstr(text, "96 bytes"), "%s", text);
}
END_TEST

START_TEST(sentence_is_cut_to_its_room)
{
    struct verdict v = {.detail = DETAIL_REACH_WRITE, .check = CHECK_NONE};
    char text[8];

    boot();
    memset(text, 'x', sizeof text);
    verdict_describe(NULL, &v, text, sizeof text);
    ck_assert_uint_eq(strlen(text), sizeof text - 1);
}
END_TEST

START_TEST(every_rule_is_explained_and_found)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    boot();
    ck_assert_int_eq((int)rule_find(rule_rows[_i].id), _i);
    rule_explain((enum rule)_i, out);
    fclose(out);
    ck_assert_msg(strstr(text, "judged:") && !strstr(text, "(null)") &&
                      !strstr(text, "a break:  \n"),
                  "%s", text);
    free(text);
}
END_TEST

START_TEST(rule_is_found_by_its_alias_and_nothing_else)
{
    boot();
    ck_assert_int_eq(rule_find("PT8"), RULE_EXCLUSIVE_OWNER);
    ck_assert_int_eq(rule_find("PT1"), RULE_DEATH_ORDER);
    ck_assert_int_eq(rule_find("PT17"), RULE_LIVELOCK);
    ck_assert_int_eq(rule_find("PT"), RULE_NUMBER);
    ck_assert_int_eq(rule_find(""), RULE_NUMBER);
    ck_assert_int_eq(rule_find("PT6 PT7"), RULE_NUMBER);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    Suite *suite = suite_create("monitors");
    TCase *t = tcase_create("monitors");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, planted_fault_breaks_exactly_its_rule, 0, COUNT(faults));
    tcase_add_loop_test(t, every_always_on_rule_has_a_planted_fault, 0, RULE_BLE_ARMED_LATE);
    tcase_add_test(t, clash_is_named_by_the_device_not_by_where_the_window_begins);
    tcase_add_test(t, clash_with_the_kernel_is_named_by_its_device);
    tcase_add_test(t, another_apps_configuration_is_stale_and_lacks_ones_own);
    tcase_add_loop_test(t, lawful_sequence_breaks_nothing, 0, COUNT(good));
    tcase_add_test(t, repeated_break_is_kept_once);
    tcase_add_loop_test(t, result_that_is_not_said_to_stay_is_wiped, 0, 2);
    tcase_add_loop_test(t, requested_check_judges_its_tape, 0, COUNT(requested));
    tcase_add_test(t, latency_counts_nothing_before_its_after);
    tcase_add_test(t, latency_result_has_exact_ends_and_quantiles_within_a_half_octave);
    tcase_add_loop_test(t, speedup_compares_the_means_of_two_pairs, 0, 2);
    tcase_add_loop_test(t, final_check_looks_at_the_end, 0, COUNT(finals));
    tcase_add_loop_test(t, exposure_check_looks_at_the_app_it_names, 0, 2);
    tcase_add_test(t, gate_calls_a_scenario_that_expects_nothing_vacuous);
    tcase_add_test(t, gate_passes_a_claim_that_was_looked_at);
    tcase_add_test(t, gate_passes_an_expected_break_and_says_which_line_it_breaks);
    tcase_add_test(t, gate_counts_a_router_that_reaches_too_far_as_a_breach_of_containment);
    tcase_add_test(t, gate_fails_an_expected_break_that_does_not_come);
    tcase_add_test(t, gate_wants_a_break_for_each_that_is_expected);
    tcase_add_test(t, gate_finds_a_break_for_each_whatever_their_order);
    tcase_add_loop_test(t, gate_matches_breaks_by_rule_app_and_address, 0, COUNT(near_misses));
    tcase_add_test(t, gate_fails_when_breaks_are_lost);
    tcase_add_test(t, gate_calls_an_injection_without_effect_vacuous);
    tcase_add_loop_test(t, gate_says_why_an_injection_had_no_effect, 0, COUNT(ineffective));
    tcase_add_test(t, gate_calls_a_check_that_never_armed_vacuous);
    tcase_add_test(t, gate_counts_lent_dma_masters);
    tcase_add_loop_test(t, every_detail_has_a_sentence, 1, DETAIL_NUMBER);
    tcase_add_test(t, sentence_names_app_device_and_number);
    tcase_add_test(t, sentence_is_cut_to_its_room);
    tcase_add_loop_test(t, every_rule_is_explained_and_found, 0, RULE_NUMBER);
    tcase_add_test(t, rule_is_found_by_its_alias_and_nothing_else);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
