/* test_policy_monitors.c: fault-policy and sched-order bite: what becomes of an app, and who runs,
 * is told to a booted machine, record by record, and that rule breaks where it is not what its
 * board declares. What is lawful stays silent.
 */
#include "model/kernel.h"
#include "sim/machine_value.h"
#include "sim/monitors.h"
#include "sim/monitors/ledger.h"
#include "sim/verdict.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum { A, B, C, APPS, EVENT_DRIVER = 1 };

static struct scenario scenario;
static struct hw *hw;
static uint32_t next_id; /* of a life */

static void set_up(void)
{
    support_scenario(&scenario, APPS, &support_waits, NULL);
    hw = support_boot(&scenario, NULL);
    machine_run(hw, PS_PER_MS);
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
    next_id = 90;
}

static void tear_down(void)
{
    support_free(hw);
}

/* ---- what happens */

static void note(enum note kind, uint32_t process, uint32_t address, uint64_t value)
{
    support_trace(hw, EVENT_NOTE_BASE + (unsigned)kind, process, address, value);
}

static void exits(enum exit_kind kind)
{
    support_trace(hw, EVENT_SYSCALL, A, SYSCALL_EXIT, pair(kind, 0));
    support_trace(hw, EVENT_SYSCALL_MORE, A, SYSCALL_EXIT, 0);
}

static void injected(enum injection_kind kind, uint32_t process)
{
    scenario.injections[0] = (struct injection){.kind = kind, .process = process};
    support_trace(hw, EVENT_INJECTED, PROCESS_NONE, 0, 0);
}

static void loads_as(uint32_t id)
{
    const struct process *p = &hw->m->kernel.processes[A];

    note(NOTE_PROCESS_LOADED, A, p->memory.base, pair(p->memory.size, id));
    note(NOTE_PROCESS_BREAKS, A, p->app_break, pair(p->kernel_break, p->app_break));
}

/* What befalls A, a letter each, and then the run ends. */
static void play(const char *letters)
{
    for (const char *at = letters; *at; at++) {
        switch (*at) {
        case 'f':
            support_trace(hw, EVENT_FAULT, A, 0x20000000, 0);
            break;
        case 'x':
            exits(EXIT_RESTART);
            break;
        case 't':
            exits(EXIT_TERMINATE);
            break;
        case 'K':
            injected(INJECT_KILL, A);
            break;
        case 'F':
            injected(INJECT_FAULT, A);
            break;
        case 'R':
            injected(INJECT_RESTART, A);
            break;
        case 'O': /* the other's affair */
            injected(INJECT_KILL, B);
            break;
        case 'e':
            note(NOTE_PROCESS_END, A, ledger_of(hw->m)->processes[A].life - 1, 0);
            break;
        case 'l':
            loads_as(next_id++);
            break;
        case 'L': /* with the id that it had */
            loads_as(next_id - 1);
            break;
        case 'B':
            loads_as(hw->m->kernel.processes[B].id.unique);
            break;
        case 'p':
            support_trace(hw, EVENT_KERNEL_PANIC, PROCESS_NONE, 0, 0);
            break;
        case 'u':
            support_trace(hw, EVENT_RUN, B, RESUME_CONTINUE, 0);
            break;
        default:
            ck_abort_msg("letter %c", *at);
        }
    }
    machine_finish(hw);
}

/* ---- what must come out */

static const struct {
    const char *why;
    enum fault_policy policy;
    uint32_t limit;
    const char *what;
    enum verdict_detail detail;
} lives[] = {
    {"nothing befalls it", FAULT_PANIC, 0, "u", DETAIL_NONE},
    {"restart", FAULT_RESTART, 0, "felu", DETAIL_NONE},
    {"restart, again and again", FAULT_RESTART, 0, "felufelufelu", DETAIL_NONE},
    {"restart, dead while another runs", FAULT_RESTART, 0, "feu", DETAIL_POLICY_DEAD},
    {"restart, too late", FAULT_RESTART, 0, "feul", DETAIL_POLICY_DEAD},
    {"restart, dead at the end", FAULT_RESTART, 0, "fe", DETAIL_POLICY_DEAD},
    {"restart, dead the second time", FAULT_RESTART, 0, "felufeu", DETAIL_POLICY_DEAD},
    {"restart, a fault from outside", FAULT_RESTART, 0, "Felu", DETAIL_NONE},
    {"restart, dead by a fault from outside", FAULT_RESTART, 0, "Feu", DETAIL_POLICY_DEAD},
    {"stop", FAULT_STOP, 0, "feu", DETAIL_NONE},
    {"stop, and started again", FAULT_STOP, 0, "felu", DETAIL_POLICY_AGAIN},
    {"stop, a fault from outside", FAULT_STOP, 0, "Felu", DETAIL_POLICY_AGAIN},
    {"stop, and the hand restarts it", FAULT_STOP, 0, "feuRlu", DETAIL_NONE},
    {"stop, and the hand does not reach it", FAULT_STOP, 0, "feuRu", DETAIL_POLICY_NOT_ANEW},
    {"at most two, one", FAULT_RESTART_AT_MOST, 2, "felu", DETAIL_NONE},
    {"at most two, two", FAULT_RESTART_AT_MOST, 2, "felufelufeu", DETAIL_NONE},
    {"at most two, one", FAULT_RESTART_AT_MOST, 2, "felufeu", DETAIL_POLICY_DEAD},
    {"at most two, three", FAULT_RESTART_AT_MOST, 2, "felufelufelu", DETAIL_POLICY_LIMIT},
    {"at most two, other restarts count", FAULT_RESTART_AT_MOST, 2, "xeluRelufeu", DETAIL_NONE},
    {"at most none", FAULT_RESTART_AT_MOST, 0, "felu", DETAIL_POLICY_LIMIT},
    {"at most none, and it asks for more", FAULT_RESTART_AT_MOST, 0, "xelu", DETAIL_NONE},
    {"panic", FAULT_PANIC, 0, "fep", DETAIL_NONE},
    {"panic, a fault from outside", FAULT_PANIC, 0, "Fep", DETAIL_NONE},
    {"panic, and it stays dead", FAULT_PANIC, 0, "feu", DETAIL_POLICY_NO_PANIC},
    {"panic, and the run is over", FAULT_PANIC, 0, "fe", DETAIL_POLICY_NO_PANIC},
    {"panic, and it lives again", FAULT_PANIC, 0, "felu", DETAIL_POLICY_AGAIN},
    {"panic, but it was killed", FAULT_PANIC, 0, "Keu", DETAIL_NONE},
    {"killed", FAULT_RESTART, 0, "Keu", DETAIL_NONE},
    {"killed, and started again", FAULT_RESTART, 0, "Kelu", DETAIL_POLICY_KILLED},
    {"killed, started again, at most two", FAULT_RESTART_AT_MOST, 2, "Kelu", DETAIL_POLICY_KILLED},
    {"killed, and the hand restarts it", FAULT_STOP, 0, "KeuRlu", DETAIL_NONE},
    {"killed, and the dead are killed", FAULT_STOP, 0, "KeuKFu", DETAIL_NONE},
    {"the other is killed", FAULT_RESTART, 0, "fOelu", DETAIL_NONE},
    {"the hand restarts the living", FAULT_STOP, 0, "Relu", DETAIL_NONE},
    {"the hand ends the living", FAULT_STOP, 0, "Reu", DETAIL_POLICY_NOT_ANEW},
    {"a fault behind the hand's restart", FAULT_STOP, 0, "Relufelu", DETAIL_POLICY_AGAIN},
    {"exits to begin anew", FAULT_STOP, 0, "xelu", DETAIL_NONE},
    {"exits to begin anew, and does not", FAULT_RESTART, 0, "xeu", DETAIL_POLICY_NOT_ANEW},
    {"exits for good: call-answer's", FAULT_RESTART, 0, "telu", DETAIL_NONE},
    {"exits for good", FAULT_RESTART, 0, "teu", DETAIL_NONE},
    {"ends for no reason: call-answer's", FAULT_RESTART, 0, "elu", DETAIL_NONE},
    {"ends for no reason, and stays so", FAULT_RESTART, 0, "eu", DETAIL_NONE},
    {"a new life with the old one's id", FAULT_RESTART, 0, "felufeLu", DETAIL_POLICY_ID},
    {"a new life with another app's id", FAULT_RESTART, 0, "feBu", DETAIL_POLICY_ID},
    {"a panic before the new life", FAULT_RESTART, 0, "fep", DETAIL_NONE},
};

/* The first break of `rule`, or NULL; `*text` says it. */
static const struct verdict *first_break(enum rule rule, char text[VERDICT_TEXT_MAX])
{
    const struct verdict *kept;
    uint32_t count = machine_verdicts(hw->m, &kept);

    snprintf(text, VERDICT_TEXT_MAX, "nothing broke");
    for (uint32_t i = 0; i < count; i++) {
        if (kept[i].rule != rule)
            continue;
        verdict_describe(&scenario, &kept[i], text, VERDICT_TEXT_MAX);
        return &kept[i];
    }
    return NULL;
}

START_TEST(life_goes_on_as_declared)
{
    char text[VERDICT_TEXT_MAX];

    scenario.images[A].fault_policy = lives[_i].policy;
    scenario.images[A].restart_limit = lives[_i].limit;
    play(lives[_i].what);
    const struct verdict *first = first_break(RULE_FAULT_POLICY, text);
    ck_assert_msg((first ? first->detail : DETAIL_NONE) == lives[_i].detail, "%s: %s",
                  lives[_i].why, text);
    ck_assert_msg(!first || first->process == A, "%s: %s", lives[_i].why, text);
    ck_assert_msg(machine_rule_armed(hw->m, RULE_FAULT_POLICY) == (lives[_i].what[1] != '\0'),
                  "%s: armed", lives[_i].why);
}
END_TEST

/* ---- who runs */

static void pass_us(uint32_t us)
{
    hw->m->now_ps += us * PS_PER_US;
}

/* With the slice timer started for so long; 0: not at all. */
static void runs(uint32_t process, uint32_t slice_us)
{
    struct nvic *nvic = &hw->m->nvic;
    bool returns = ledger_of(hw->m)->processes[process].call_open;

    if (ledger_waits(&ledger_of(hw->m)->processes[process]))
        note(NOTE_UPCALL_DELIVERED, process, EVENT_DRIVER, pair(0, 0));
    nvic->systick_since_ps = hw->m->now_ps;
    nvic->systick_fires_ps = slice_us ? hw->m->now_ps + slice_us * PS_PER_US : TIME_NEVER;
    support_trace(hw, EVENT_RUN, process, returns ? RESUME_RETURN : RESUME_CONTINUE, 0);
    if (returns)
        support_trace(hw, EVENT_RETURN, process, RETURN_SUCCESS, 0);
}

/* The timer is stopped `kernel_us` after that. */
static void stops(uint32_t kernel_us)
{
    pass_us(kernel_us);
    hw->m->nvic.systick_off_ps = hw->m->now_ps;
}

static void calls(uint32_t process, uint32_t class, uint32_t r0, uint32_t r1)
{
    support_trace(hw, EVENT_SYSCALL, process, class, pair(r0, r1));
    support_trace(hw, EVENT_SYSCALL_MORE, process, class, 0);
}

static void waits(uint32_t process)
{
    calls(process, SYSCALL_YIELD, YIELD_WAIT_FOR, EVENT_DRIVER);
}

static void faults(uint32_t process)
{
    const struct process *p = &hw->m->kernel.processes[process];

    support_trace(hw, EVENT_FAULT, process, 0x20000000, 0);
    note(NOTE_PROCESS_END, process, 0, END_FAULT);
    note(NOTE_PROCESS_LOADED, process, p->memory.base, pair(p->memory.size, next_id++));
}

static void befalls(char what, uint32_t process)
{
    switch (what) {
    case 'i':
        support_trace(hw, EVENT_IRQ_TAKEN, process, 8, 0);
        break;
    case 'c':
    case 'f':
        calls(process, SYSCALL_COMMAND, 0, 1);
        break;
    case 'y':
        waits(process);
        break;
    case 'x':
        faults(process);
        break;
    case 'p':
        return;
    default:
        ck_abort_msg("letter %c", what);
    }
    stops(what == 'f' ? 0 : 2);
}

/* "r0 10000": app 0 runs, with a slice of so much; then what befalls who runs, after so long: "i"
 * an interrupt, "c" a call, "f" a call whose work is free, "y" it waits, "x" it faults and lives
 * again. "w1" wakes app 1, "p" passes time. */
static void follow(const char *script)
{
    const char *at = script;
    uint32_t process = 0;

    while (*at) {
        char what = *at++, *end;
        uint32_t number = (uint32_t)strtoul(at, &end, 10); /* us, or of an app */
        if (what == 'r') {
            process = number;
            runs(process, (uint32_t)strtoul(end, &end, 10));
        } else if (what == 'w') {
            note(NOTE_UPCALL_QUEUED, number, EVENT_DRIVER, pair(0, 1));
        } else {
            pass_us(number);
            befalls(what, process);
        }
        at = end + strspn(end, " ");
    }
}

enum {
    RR = SCHEDULER_ROUND_ROBIN,
    CO = SCHEDULER_COOPERATIVE,
    PR = SCHEDULER_PRIORITY,
    FB = SCHEDULER_MLFQ
};
static const struct {
    const char *why;
    int scheduler;
    const char *script;
    enum verdict_detail detail;
    uint32_t process;
} choices[] = {
    {"alone", RR, "w1 r1 10000 i100 r1 9898 c5 r1 9891 y5", DETAIL_NONE, 0},
    {"by turns", RR, "w0 w1 w2 r0 10000 i9998 r1 10000 i9998 r2 10000 i9998 r0 10000", DETAIL_NONE,
     0},
    {"goes on behind an interrupt", RR, "w0 w1 r0 10000 i1000 r0 8998 i1000 r0 7996", DETAIL_NONE,
     0},
    {"goes on behind a call", RR, "w0 w1 r0 10000 c1000 r0 8998 c1000 r0 7996", DETAIL_NONE, 0},
    {"a call loses the turn", RR, "w0 w1 r0 10000 c1000 r1 10000", DETAIL_SCHED_LOST, 0},
    {"an interrupt loses the turn", RR, "w0 w1 r0 10000 i1000 r1 10000", DETAIL_SCHED_LOST, 0},
    {"a later call loses it", RR, "w0 w1 r0 10000 c10 r0 9988 c10 r1 10000", DETAIL_SCHED_LOST, 0},
    {"a wait ends the turn", RR, "w0 w1 r0 10000 y1000 r1 10000", DETAIL_NONE, 0},
    {"woken at once it may go on", RR, "w0 w1 r0 10000 y1000 w0 r0 8998 c10 r0 8986", DETAIL_NONE,
     0},
    {"woken at once it may not go on", RR, "w0 w1 r0 10000 y1000 w0 r1 10000", DETAIL_NONE, 0},
    {"a fault may end the turn", RR, "w0 w1 r0 10000 x1000 r1 10000", DETAIL_NONE, 0},
    {"600 us are left", RR, "w0 w1 r0 10000 c9398 r0 600", DETAIL_NONE, 0},
    {"600 us are not run", RR, "w0 w1 r0 10000 c9398 r1 10000", DETAIL_SCHED_LOST, 0},
    {"501 us are left", RR, "w0 w1 r0 10000 c9497 r0 501", DETAIL_NONE, 0},
    {"499 us are not run", RR, "w0 w1 r0 10000 c9499 r1 10000", DETAIL_NONE, 0},
    {"400 us are run", RR, "w0 w1 r0 10000 c9598 r0 400", DETAIL_SCHED_KEPT, 1},
    {"a rest of a rest is run", RR, "w0 w1 r0 10000 c9000 r0 998 c700 r0 296", DETAIL_SCHED_KEPT,
     1},
    {"nothing is left, and it goes on", RR, "w0 w1 r0 10000 i10100 r0 10000", DETAIL_SCHED_KEPT, 1},
    {"alone it begins anew", RR, "w0 r0 10000 i10000 r0 10000 i10000 r0 10000", DETAIL_NONE, 0},
    {"the next one is skipped", RR, "w0 w1 w2 r0 10000 i10000 r2 10000", DETAIL_SCHED_SKIPPED, 1},
    {"one that waits is skipped", RR, "w0 w2 r0 10000 i10000 r2 10000", DETAIL_NONE, 0},
    {"the ring closes", RR, "w0 w1 w2 r0 10000 y10 r1 10000 i10000 r2 10000 i10000 r1 10000",
     DETAIL_NONE, 0},
    {"a slice cut short goes on", RR, "w0 w1 r0 300 i300 r0 9700 i9698 r1 10000", DETAIL_NONE, 0},
    {"cut short, it loses the turn", RR, "w0 w1 r0 300 i300 r1 10000", DETAIL_SCHED_LOST, 0},
    {"cut short often, less may be left", RR,
     "w0 w1 r0 1000 i1000 r0 1000 i1000 r0 1000 i1000 r0 1000 i1000 r0 1000 i1000 r0 1000 i1000 "
     "r0 1000 i1000 r0 1000 i1000 r0 1000 i1000 r0 484 i484 r1 10000",
     DETAIL_NONE, 0},
    {"cut short once, as much is left", RR, "w0 w1 r0 9484 i9484 r1 10000", DETAIL_SCHED_LOST, 0},
    {"its slice grows by a call", RR, "w0 w1 r0 10000 c5000 r0 10000", DETAIL_SCHED_MORE, 0},
    {"its slice grows from call to call", RR, "w0 w1 r0 10000 c90 r0 9908 c90 r0 9908",
     DETAIL_SCHED_MORE, 0},
    {"a slice is too long", RR, "w0 w1 r0 20000", DETAIL_SCHED_MORE, 0},
    {"a call's work is free", RR, "w0 w1 r0 10000 f90 r0 9910", DETAIL_SCHED_FREE, 0},

    {"until it waits", CO, "w0 w1 r0 0 i90000 r0 0 c90000 r0 0 y10 r1 0", DETAIL_NONE, 0},
    {"it runs though it waits", CO, "w0 w1 r0 0 y10 r2 0", DETAIL_SCHED_SKIPPED, 1},
    {"cooperative, a call loses the turn", CO, "w0 w1 r0 0 c10 r1 0", DETAIL_SCHED_LOST, 0},
    {"cooperative, a fault may", CO, "w0 w1 r0 0 x10 r1 0", DETAIL_NONE, 0},

    {"the first that is ready", PR, "w1 w2 r1 0 i10 r1 0 w0 i10 r0 0 y1 r1 0 y1 r2 0", DETAIL_NONE,
     0},
    {"the last is preferred", PR, "w1 w2 r2 0", DETAIL_SCHED_PRIORITY, 1},
    {"it goes on before a higher one", PR, "w1 w2 r1 0 w0 i10 r1 0", DETAIL_SCHED_PRIORITY, 0},

    {"it sinks", FB, "w0 w1 r0 10000 i9998 r1 10000 i9998 r0 20000 i19998 r1 20000", DETAIL_NONE,
     0},
    {"to the lowest queue, and no further", FB,
     "w0 r0 10000 i9998 r0 20000 i19998 r0 50000 i49998 r0 50000 w1 i10 r1 10000", DETAIL_NONE, 0},
    {"it does not sink", FB, "w0 w1 r0 10000 i9998 r0 10000", DETAIL_SCHED_LEVEL, 1},
    {"it does not sink though woken late", FB, "w0 r0 10000 i9998 r0 10000 w1 i100 r0 9898",
     DETAIL_SCHED_LEVEL, 1},
    {"a call makes it sink", FB, "w0 w1 r0 10000 c10 r0 20000", DETAIL_SCHED_MORE, 0},
    {"a call makes it wait", FB, "w0 r0 10000 i9998 r0 20000 w1 i10 r1 10000 c10 r0 19988",
     DETAIL_SCHED_LEVEL, 1},
    {"a call keeps its rest", FB, "w0 w1 r0 10000 c4000 r0 5998 y1000 r1 10000 w0 i9998 r0 4996",
     DETAIL_NONE, 0},
    {"a call loses the turn, feedback", FB, "w0 w1 r0 10000 c4000 r1 10000", DETAIL_SCHED_LOST, 0},
    {"a rest of 400 us sinks", FB, "w0 w1 r0 10000 c9598 r1 10000 c10 r1 9988", DETAIL_NONE, 0},
    {"a rest of 400 us is kept", FB, "w0 w1 r0 10000 c9598 r0 400", DETAIL_SCHED_LEVEL, 1},
    {"a rest of 500 us may be either", FB, "w0 w1 r0 10000 c9498 r0 500", DETAIL_NONE, 0},
    {"a rest of 500 us may sink", FB, "w0 w1 r0 10000 c9498 r1 10000 i9998 r0 20000", DETAIL_NONE,
     0},
    {"forgiven", FB,
     "w0 r0 10000 i9998 r0 20000 w1 y10 p5000000 w0 r1 10000 i10 r1 9988 y1 r0 10000", DETAIL_NONE,
     0},
    {"not forgiven", FB,
     "w0 r0 10000 i9998 r0 20000 w1 y10 p4999000 w0 r1 10000 p3000 i10 r1 6988 y1 "
     "r0 20000",
     DETAIL_NONE, 0},
    {"a slice that began before all were forgiven ends behind that", FB,
     "w0 r0 10000 y4000 p4995900 w0 w1 r0 5998 i5996 r1 10000", DETAIL_NONE, 0},
};

START_TEST(choice_is_the_schedulers)
{
    char text[VERDICT_TEXT_MAX];

    support_free(hw);
    support_scenario(&scenario, APPS, &support_waits, NULL);
    scenario.config.scheduler = (enum scheduler_kind)choices[_i].scheduler;
    hw = support_boot(&scenario, NULL); /* nobody has run yet */
    for (uint32_t i = 0; i < APPS; i++)
        waits(i);
    follow(choices[_i].script);
    const struct verdict *first = first_break(RULE_SCHED_ORDER, text);
    ck_assert_msg((first ? first->detail : DETAIL_NONE) == choices[_i].detail, "%s: %s",
                  choices[_i].why, text);
    ck_assert_msg(!first || first->process == choices[_i].process, "%s: %s", choices[_i].why, text);
    ck_assert(machine_rule_armed(hw->m, RULE_SCHED_ORDER));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy monitors");
    TCase *t = tcase_create("fault-policy");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, life_goes_on_as_declared, 0, COUNT(lives));
    suite_add_tcase(suite, t);
    t = tcase_create("sched-order");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, choice_is_the_schedulers, 0, COUNT(choices));
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
