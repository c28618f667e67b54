/* test_stage_syscall.c: what stages of fuzz_syscall and fuzz_filter have: schedulers, an app whose
 * fault ends the kernel, lent devices that break.
 */
#include "fuzz/excuse.h"
#include "fuzz/stage_target.h"

#include <check.h>

static struct stage_set set;
static struct tape tape;

static void tear_down(void)
{
    stage_set_free(&set);
}

static struct stage *stage_at(const struct stage_target *target, uint8_t which)
{
    struct problems problems = {0};
    tape.ops[0] = (struct tape_op){STREAM_SCHEDULE, SCHEDULE_STAGE, which, 0, 0, {{0}}};
    struct stage *stage = stage_for(target, &set, &tape, &problems);
    ck_assert_msg(stage != NULL, "%s", problems.text ? problems.text : "?");
    return stage;
}

START_TEST(each_scheduler_has_a_stage)
{
    uint32_t seen = 0;
    tape.count = 1;
    for (uint32_t i = 0; i < target_syscall.stage_count; i++)
        seen |= 1u << stage_at(&target_syscall, (uint8_t)i)->scenario->config.scheduler;
    ck_assert_uint_eq(seen, (1u << SCHEDULER_KINDS) - 1);
}
END_TEST

enum { TAKES = 3, FEEDBACK = 4, TWO = 1, THREE = 2 }; /* stages and apps of target_syscall */

static const struct {
    uint8_t stage, kind, app;
    bool panics;
} ends[] = {
    {TAKES, SCHEDULE_FAULT, THREE, true},    {FEEDBACK, SCHEDULE_FAULT, THREE, true},
    {TAKES, SCHEDULE_FAULT, TWO, false},     {TAKES, SCHEDULE_KILL, THREE, false},
    {TAKES, SCHEDULE_RESTART, THREE, false}, {0, SCHEDULE_FAULT, THREE, false},
};

START_TEST(panic_is_let_pass_if_an_app_faulted_whose_policy_it_is)
{
    const struct verdict verdict = {.rule = RULE_KERNEL_PANIC}, other = {.rule = RULE_REACH};
    tape = (struct tape){.count = 2,
                         .ops = {{0}, {STREAM_SCHEDULE, ends[_i].kind, ends[_i].app, 1, 0, {{0}}}}};
    struct stage *stage = stage_at(&target_syscall, ends[_i].stage);
    ck_assert_int_eq(stage_play(stage, &tape), STAGE_HOLDS);
    ck_assert_int_eq(machine_state(stage->hw.m) == RUN_PANIC, ends[_i].panics);
    ck_assert_int_eq(verdict_excused(stage->hw.m, &verdict), ends[_i].panics);
    ck_assert(!verdict_excused(stage->hw.m, &other));
}
END_TEST

/* In the last 25 ms of the first five seconds, when somebody wakes. */
START_TEST(feedback_begins_before_all_are_forgiven)
{
    tape = (struct tape){.count = 1};
    const struct stage *stage = stage_at(&target_syscall, FEEDBACK);
    ck_assert_uint_ge(stage->from_ps, 4975 * PS_PER_MS);
    ck_assert_uint_le(stage->from_ps, 4976 * PS_PER_MS);
    ck_assert_uint_gt(stage->scenario->until_ps, 5020 * PS_PER_MS);
}
END_TEST

static const struct {
    uint8_t kind;
    enum injection_kind injected;
} breaks[] = {
    {SCHEDULE_HANG, INJECT_HANG},
    {SCHEDULE_STUCK, INJECT_STUCK},
};

START_TEST(device_that_is_lent_may_break)
{
    for (uint32_t which = 0; which < 256; which += 15) {
        tape = (struct tape){.count = 2,
                             .ops = {{0}, {STREAM_SCHEDULE, breaks[_i].kind, 0, 1, 0, {{0}}}}};
        tape.ops[1].which = (uint8_t)which;
        struct stage *stage = stage_at(&target_filter, (uint8_t)(which % 4));
        const struct scenario *s = stage->scenario;
        stage_plan(stage, &tape);
        ck_assert_uint_eq(s->injection_count, 1);
        ck_assert_int_eq(s->injections[0].kind, breaks[_i].injected);
        uint32_t device = s->injections[0].device;
        ck_assert_uint_lt(device, s->board.device_count);
        ck_assert(s->board.devices[device].type != NULL);
        ck_assert_uint_ne(s->board.devices[device].endpoint, BOARD_NONE);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stages of syscall and filter");
    TCase *c = tcase_create("stages");
    tcase_add_checked_fixture(c, NULL, tear_down);
    tcase_add_test(c, each_scheduler_has_a_stage);
    tcase_add_loop_test(c, panic_is_let_pass_if_an_app_faulted_whose_policy_it_is, 0,
                        sizeof ends / sizeof ends[0]);
    tcase_add_test(c, feedback_begins_before_all_are_forgiven);
    tcase_add_loop_test(c, device_that_is_lent_may_break, 0, sizeof breaks / sizeof breaks[0]);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
