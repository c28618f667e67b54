/* test_cost_monitor.c: kernel-cost bites: stays in the kernel are told to a booted machine, record
 * by record, with the time that they must take, and with a cycle less.
 */
#include "model/process.h"
#include "sim/machine_value.h"
#include "sim/monitors.h"
#include "sim/verdict.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum { A, B, APPS, STEPS = 6, WALKS = 12 };

static struct scenario scenario;
static struct hw *hw;

static void set_up(void)
{
    support_scenario(&scenario, APPS, &support_waits, NULL);
    hw = support_boot(&scenario, NULL);
    machine_run(hw, PS_PER_MS);
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
}

static void tear_down(void)
{
    support_free(hw);
}

/* ---- what happens */

/* Something of a stay in the kernel, in which A ran before. */
struct step {
    uint16_t kind; /* 0: no more */
    uint8_t process;
    uint32_t address;
    uint64_t value;
};

#define NOTED(note, process_, address_, value_)                                                    \
    {                                                                                              \
        EVENT_OF(note), (process_), (address_), (value_)                                           \
    }
#define RUNS(process_)                                                                             \
    {                                                                                              \
        EVENT_RUN, (process_), RESUME_CONTINUE, 0                                                  \
    }
#define CALLS(class_)                                                                              \
    {                                                                                              \
        EVENT_SYSCALL, A, (class_), 0                                                              \
    }
#define SLEEPS                                                                                     \
    {                                                                                              \
        EVENT_SLEEP, PROCESS_MAX, 0, 0                                                             \
    }
/* What each switch to user mode takes, to the same process with no slice and no change. */
#define TO_USER PATH_SCHEDULER, PATH_SYSTICK, PATH_MPU_SETUP, PATH_EXCEPTION_RETURN
#define INTO PATH_EXCEPTION_ENTRY

static const struct stay {
    const char *why;
    bool is_timed, is_changed; /* the slice timer runs; the protection unit is written */
    struct step steps[STEPS];  /* the last one ends the stay */
    uint8_t paths[WALKS];      /* that must have been walked ... */
    uint32_t path_count;       /* ... so many */
} stays[] = {
    {"a command",
     false,
     false,
     {CALLS(SYSCALL_COMMAND), RUNS(A)},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_COMMAND, TO_USER},
     7},
    {"a yield",
     false,
     false,
     {CALLS(SYSCALL_YIELD), RUNS(A)},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_YIELD, TO_USER},
     7},
    {"a subscribe",
     false,
     false,
     {CALLS(SYSCALL_SUBSCRIBE), RUNS(A)},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_SUBSCRIBE, TO_USER},
     7},
    {"an allow",
     false,
     false,
     {CALLS(SYSCALL_ALLOW_RW), RUNS(A)},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_ALLOW, TO_USER},
     7},
    {"an allow for reading",
     false,
     false,
     {CALLS(SYSCALL_ALLOW_RO), RUNS(A)},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_ALLOW, TO_USER},
     7},
    {"an allow that stays readable",
     false,
     false,
     {CALLS(SYSCALL_ALLOW_READABLE), RUNS(A)},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_ALLOW, TO_USER},
     7},
    {"a memop",
     false,
     false,
     {CALLS(SYSCALL_MEMOP), RUNS(A)},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_MEMOP, TO_USER},
     7},
    {"no class",
     false,
     false,
     {CALLS(SYSCALL_CLASSES), RUNS(A)},
     {INTO, PATH_SYSCALL_DISPATCH, TO_USER},
     6},
    {"a command that is filtered",
     false,
     false,
     {CALLS(SYSCALL_COMMAND), NOTED(NOTE_SYSCALL_FILTERED, A, 1, SYSCALL_COMMAND), RUNS(A)},
     {INTO, PATH_SYSCALL_DISPATCH, TO_USER},
     6},
    {"an exit for good",
     false,
     false,
     {CALLS(SYSCALL_EXIT), NOTED(NOTE_PROCESS_END, A, 0, 0), SLEEPS},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_EXIT, PATH_PROCESS_FAULT, PATH_SCHEDULER},
     5},
    {"a fault, and a new life",
     false,
     true,
     {{EVENT_FAULT, A, 0x20000000, 0},
      NOTED(NOTE_PROCESS_END, A, 0, 0),
      NOTED(NOTE_PROCESS_LOADED, A, 0x20010000, 0),
      RUNS(A)},
     {INTO, PATH_PROCESS_FAULT, PATH_PROCESS_LOAD, PATH_MPU_CONFIGURE, TO_USER},
     8},
    {"a slice ends, and it goes on",
     true,
     false,
     {{EVENT_SLICE_END, A, 0, 0}, RUNS(A)},
     {INTO, PATH_SYSTICK, TO_USER},
     6},
    {"a slice ends, and another one runs",
     true,
     true,
     {{EVENT_SLICE_END, A, 0, 0}, RUNS(B)},
     {INTO, PATH_SYSTICK, PATH_MPU_CONFIGURE, PATH_CONTEXT_SWITCH, TO_USER},
     8},
    {"an interrupt",
     false,
     false,
     {{EVENT_IRQ_TAKEN, A, 17, 0}, NOTED(NOTE_LINE_SERVICED, A, 17, 0xffffffff), RUNS(A)},
     {INTO, PATH_INTERRUPT_TOP, PATH_INTERRUPT_BOTTOM, TO_USER},
     7},
    {"two lines",
     false,
     false,
     {{EVENT_IRQ_TAKEN, A, 17, 0},
      NOTED(NOTE_LINE_SERVICED, A, 17, 0xffffffff),
      NOTED(NOTE_LINE_SERVICED, A, 8, 0),
      RUNS(A)},
     {INTO, PATH_INTERRUPT_TOP, PATH_INTERRUPT_BOTTOM, PATH_INTERRUPT_BOTTOM, TO_USER},
     8},
    {"an interrupt that nobody services",
     false,
     false,
     {{EVENT_IRQ_TAKEN, A, 17, 0}, RUNS(A)},
     {INTO, PATH_INTERRUPT_TOP, TO_USER},
     6},
    {"it sleeps",
     true,
     false,
     {CALLS(SYSCALL_YIELD), SLEEPS},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_YIELD, PATH_SCHEDULER, PATH_SYSTICK},
     5},
    {"it halts",
     false,
     false,
     {CALLS(SYSCALL_YIELD), {EVENT_HALT, PROCESS_MAX, 0, 0}},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_YIELD, PATH_SCHEDULER},
     4},
    {"an upcall",
     false,
     false,
     {CALLS(SYSCALL_YIELD),
      NOTED(NOTE_UPCALL_QUEUED, A, 0, 0),
      NOTED(NOTE_UPCALL_DELIVERED, A, 0, UINT64_C(0x30100) << 32),
      {EVENT_RUN, A, RESUME_UPCALL, 0x30100}},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_YIELD, PATH_UPCALL_QUEUE, PATH_UPCALL_DELIVER, TO_USER},
     9},
    {"an event without a function",
     false,
     false,
     {CALLS(SYSCALL_YIELD), NOTED(NOTE_UPCALL_DELIVERED, A, 0, 0), RUNS(A)},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_YIELD, TO_USER},
     7},
    {"a grant, and the filter asked",
     false,
     false,
     {CALLS(SYSCALL_COMMAND), NOTED(NOTE_GRANT_ALLOCATED, A, 0x20010800, 0),
      NOTED(NOTE_FILTER_ASKED, A, SUPPORT_TIMER0, 0x1000), RUNS(A)},
     {INTO, PATH_SYSCALL_DISPATCH, PATH_COMMAND, PATH_GRANT_ALLOCATE, PATH_PASSTHROUGH_CHECK,
      TO_USER},
     9},
};

/* Not by support_trace, which pays for each record. */
static void tell(const struct step *step)
{
    uint32_t process = step->process == PROCESS_MAX ? PROCESS_NONE : step->process;

    machine_trace(hw, step->kind, process, step->address, step->value);
}

/* A is in user mode, and what led there was paid. */
static void begin(bool is_timed)
{
    hw->m->nvic.systick_fires_ps = is_timed ? hw->m->now_ps + PS_PER_MS : TIME_NEVER;
    hw->m->worked_ps += PS_PER_S;
    tell(&(struct step)RUNS(A));
}

static uint64_t cycles_of(const struct stay *stay)
{
    uint64_t cycles = 0;

    for (uint32_t i = 0; i < stay->path_count; i++)
        cycles += scenario.costs.path[stay->paths[i]];
    return cycles;
}

/* In which the kernel works for so long. */
static void play(const struct stay *stay, uint64_t cycles)
{
    const struct step *step = stay->steps;

    begin(stay->is_timed);
    for (; step[1].kind; step++)
        tell(step);
    hw->m->mpu.region_changes += stay->is_changed;
    hw->m->worked_ps += cycles * hw->m->setup->ps_per_cycle;
    tell(step);
}

/* The first break of kernel-cost, or NULL; `*text` says it. */
static const struct verdict *first_break(char text[VERDICT_TEXT_MAX])
{
    const struct verdict *kept;
    uint32_t count = machine_verdicts(hw->m, &kept);

    snprintf(text, VERDICT_TEXT_MAX, "nothing broke");
    for (uint32_t i = 0; i < count; i++) {
        if (kept[i].rule != RULE_KERNEL_COST)
            continue;
        verdict_describe(&scenario, &kept[i], text, VERDICT_TEXT_MAX);
        return &kept[i];
    }
    return NULL;
}

/* ---- what must come out */

START_TEST(stay_that_takes_its_time_is_silent)
{
    char text[VERDICT_TEXT_MAX];

    play(&stays[_i], cycles_of(&stays[_i]));
    ck_assert_msg(!first_break(text), "%s: %s", stays[_i].why, text);
    play(&stays[_i], 10 * cycles_of(&stays[_i]));
    ck_assert_msg(!first_break(text), "%s, slower: %s", stays[_i].why, text);
    ck_assert(machine_rule_armed(hw->m, RULE_KERNEL_COST));
}
END_TEST

START_TEST(stay_that_is_a_cycle_too_short_breaks_the_rule)
{
    char text[VERDICT_TEXT_MAX];

    play(&stays[_i], cycles_of(&stays[_i]) - 1);
    const struct verdict *first = first_break(text);
    ck_assert_msg(first != NULL, "%s", stays[_i].why);
    ck_assert_msg(pair_high(first->wanted) == cycles_of(&stays[_i]) * 15625 / 1000, "%s: %s",
                  stays[_i].why, text);
}
END_TEST

/* Whichever it is; others of the same price may be named beside it. */
START_TEST(path_that_is_left_out_is_named)
{
    const struct stay *stay = &stays[_i];
    char text[VERDICT_TEXT_MAX];

    for (uint32_t i = 0; i < stay->path_count; i++) {
        tear_down();
        set_up();
        play(stay, cycles_of(stay) - scenario.costs.path[stay->paths[i]]);
        const struct verdict *first = first_break(text);
        ck_assert_msg(first && first->address >> stay->paths[i] & 1, "%s, %s: %s", stay->why,
                      costs_name(stay->paths[i]), text);
    }
}
END_TEST

START_TEST(time_is_not_saved_up_from_stay_to_stay)
{
    char text[VERDICT_TEXT_MAX];

    play(&stays[0], 100 * cycles_of(&stays[0]));
    play(&stays[0], cycles_of(&stays[0]) - 1);
    ck_assert(first_break(text) != NULL);
}
END_TEST

START_TEST(verdict_says_what_how_long_and_since_when)
{
    char text[VERDICT_TEXT_MAX];
    const struct stay *stay = &stays[12];
    uint32_t without = scenario.costs.path[PATH_CONTEXT_SWITCH];

    ck_assert_uint_ge(cycles_of(stay), without);
    hw->m->now_ps = 2 * PS_PER_MS;
    play(stay, cycles_of(stay) - without);
    ck_assert(first_break(text) != NULL);
    ck_assert_str_eq(text, "from the end of a slice at 2000.000 us until app1 ran the kernel "
                           "worked 4.562 us, and by its board's costs that takes 5.031 us at "
                           "least: left out is context_switch");
}
END_TEST

/* A kernel whose every path is free has nothing to be judged by. */
START_TEST(board_without_costs_is_not_judged)
{
    tear_down();
    support_scenario(&scenario, APPS, &support_waits, NULL);
    scenario.costs = *costs_find("zero");
    hw = support_boot(&scenario, NULL);
    machine_run(hw, PS_PER_MS);
    ck_assert(!machine_rule_armed(hw->m, RULE_KERNEL_COST));
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
}
END_TEST

/* A cycle that is no whole number of picoseconds: each path may be rounded down. */
START_TEST(clock_of_odd_frequency_is_judged)
{
    char text[VERDICT_TEXT_MAX];

    tear_down();
    support_scenario(&scenario, APPS, &support_waits, NULL);
    scenario.board.cpu_hz = scenario.config.cpu_hz = 48000000;
    hw = support_boot(&scenario, NULL);
    machine_run(hw, PS_PER_MS);
    ck_assert(machine_rule_armed(hw->m, RULE_KERNEL_COST));
    ck_assert_msg(!first_break(text), "%s", text);
    begin(false);
    tell(&stays[0].steps[0]);
    hw->m->worked_ps += (cycles_of(&stays[0]) - 1) * PS_PER_S / 48000000;
    tell(&stays[0].steps[1]);
    ck_assert(first_break(text) != NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cost monitor");
    TCase *t = tcase_create("kernel-cost");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, stay_that_takes_its_time_is_silent, 0, COUNT(stays));
    tcase_add_loop_test(t, stay_that_is_a_cycle_too_short_breaks_the_rule, 0, COUNT(stays));
    tcase_add_loop_test(t, path_that_is_left_out_is_named, 0, COUNT(stays));
    tcase_add_test(t, time_is_not_saved_up_from_stay_to_stay);
    tcase_add_test(t, verdict_says_what_how_long_and_since_when);
    tcase_add_test(t, board_without_costs_is_not_judged);
    tcase_add_test(t, clock_of_odd_frequency_is_judged);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
