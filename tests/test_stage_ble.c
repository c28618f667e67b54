/* test_stage_ble.c: the hand that ends apps leaves a connection's peripheral time for its answer
 * (fuzz/stage.h). */
#include "fuzz/stage_target.h"

#include <check.h>
#include <stdlib.h>

enum { SIDE = 1, STAGES = 6, RESTARTS = 40 }; /* stages with a connection, or about to have one */

static struct stage_set set;
static struct stage *stage;
static struct tape tape;

static void tear_down(void)
{
    stage_set_free(&set);
}

/* The app beside is ended and begun again, over and over, `late` steps of 62.5 ns behind the
 * snapshot. */
static enum stage_end play(uint8_t which, uint32_t late)
{
    struct problems problems = {0};
    tape = (struct tape){.count = 1 + RESTARTS};
    tape.ops[0] = (struct tape_op){STREAM_SCHEDULE, SCHEDULE_STAGE, which, 0, 0, {{0}}};
    for (uint32_t i = 1; i <= RESTARTS; i++)
        tape.ops[i] = (struct tape_op){STREAM_SCHEDULE, SCHEDULE_RESTART, SIDE, 0, 0, {{0}}};
    tape.ops[1].number = (uint8_t)(late / 256);
    tape.ops[1].size = (uint8_t)late;
    stage = stage_for(&target_ble, &set, &tape, &problems);
    ck_assert_msg(stage, "%s", problems.text ? problems.text : "?");
    return stage_play(stage, &tape);
}

/* They go on for 6 ms, of an interval of 7.5, from sixteen moments on. */
START_TEST(restarts_of_the_app_beside_make_no_answer_late)
{
    for (uint32_t i = 0; i < 16; i++) {
        ck_assert_int_eq(play((uint8_t)_i, i * 4000), STAGE_HOLDS);
        ck_assert_uint_eq(machine_verdict_count(stage->hw.m), 0);
        ck_assert(machine_injection_tried(stage->hw.m, RESTARTS));
    }
}
END_TEST

START_TEST(restarts_come_apart_from_each_other_and_from_the_snapshot)
{
    (void)play((uint8_t)_i, 0);
    const struct scenario *s = stage->scenario;
    ck_assert_uint_eq(s->injection_count, 1 + RESTARTS); /* the snapshot's own */
    for (uint32_t i = 1; i < s->injection_count; i++)
        ck_assert_uint_ge(s->injections[i].at_ps, s->injections[i - 1].at_ps + SCHEDULE_APART_PS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stage_ble");
    TCase *c = tcase_create("apart");
    tcase_add_checked_fixture(c, NULL, tear_down);
    tcase_add_loop_test(c, restarts_of_the_app_beside_make_no_answer_late, 0, STAGES);
    tcase_add_loop_test(c, restarts_come_apart_from_each_other_and_from_the_snapshot, 0, STAGES);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
