/* test_policy_monitors.c: fault-policy bites: what becomes of an app is told to a booted machine,
 * record by record, and that rule breaks where it is not what its board declares. What is lawful
 * stays silent.
 */
#include "model/kernel.h"
#include "sim/machine_value.h"
#include "sim/monitors.h"
#include "sim/monitors/ledger.h"
#include "sim/verdict.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdlib.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum { A, B, APPS };

static struct scenario scenario;
static struct hw *hw;

/* ---- apps that have nothing to do */

static void idler_start(struct app *app, const uint32_t r[4])
{
    (void)app, (void)r;
}

static void idler_next(struct app *app, struct app_op *op)
{
    (void)app;
    *op =
        (struct app_op){.kind = OP_SYSCALL, .call = {.class = SYSCALL_YIELD, .args = {YIELD_WAIT}}};
}

static const struct app_engine idler = {.name = "idler", .start = idler_start, .next = idler_next};

static void set_up(void)
{
    support_scenario(&scenario, APPS, &idler, NULL);
    hw = support_boot(&scenario, NULL);
    machine_run(hw, PS_PER_MS);
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
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

static void loads(void)
{
    const struct process *p = &hw->m->kernel.processes[A];

    note(NOTE_PROCESS_LOADED, A, p->memory.base, pair(p->memory.size, 99));
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
            loads();
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
    {"a panic before the new life", FAULT_RESTART, 0, "fep", DETAIL_NONE},
};

START_TEST(life_goes_on_as_declared)
{
    const struct verdict *kept, *first = NULL;
    char text[VERDICT_TEXT_MAX] = "nothing broke";

    scenario.images[A].fault_policy = lives[_i].policy;
    scenario.images[A].restart_limit = lives[_i].limit;
    play(lives[_i].what);
    uint32_t count = machine_verdicts(hw->m, &kept), broken = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (kept[i].rule != RULE_FAULT_POLICY)
            continue;
        first = first ? first : &kept[i];
        broken++;
    }
    if (first)
        verdict_describe(&scenario, first, text, sizeof text);
    ck_assert_msg((first ? first->detail : DETAIL_NONE) == lives[_i].detail && broken <= 1,
                  "%s: %u broke: %s", lives[_i].why, broken, text);
    ck_assert_msg(!first || first->process == A, "%s: %s", lives[_i].why, text);
    ck_assert_msg(machine_rule_armed(hw->m, RULE_FAULT_POLICY) == (lives[_i].what[1] != '\0'),
                  "%s: armed", lives[_i].why);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy monitors");
    TCase *t = tcase_create("fault-policy");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, life_goes_on_as_declared, 0, COUNT(lives));
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
