/* test_climb.c: what a tape's run has come near to, as counters (fuzz/climb.h). */
#include "fuzz/climb.h"
#include "fuzz/stage_target.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct stage stage;
static uint8_t counters[CLIMB_COUNTERS];

static void set_up(void)
{
    struct problems problems = {0};
    ck_assert_msg(
        stage_make(&stage, target_syscall.stages[0].name, target_syscall.stages[0].text, &problems),
        "%s", problems.text ? problems.text : "?");
}

static void tear_down(void)
{
    stage_free(&stage);
}

/* The operations, one after the other. */
static void play(const struct tape_op *ops, uint32_t count)
{
    struct tape tape = {.count = count};
    memcpy(tape.ops, ops, count * sizeof ops[0]);
    memset(counters, 0, sizeof counters);
    ck_assert_int_eq(stage_play(&stage, &tape), STAGE_HOLDS);
    climb_count(stage.hw.m, counters);
}

static const uint8_t *bytes_of(enum climb_quantity quantity)
{
    return counters + (size_t)quantity * CLIMB_BYTES;
}

/* As libFuzzer tells values apart; 0: none of the quantity's steps. */
static uint32_t step_of(enum climb_quantity quantity)
{
    static const uint8_t values[8] = {1, 2, 3, 4, 8, 16, 32, 128};
    uint32_t step = 0, marked = 0;
    for (uint32_t i = 0; i < CLIMB_BYTES * 8; i++)
        if (bytes_of(quantity)[i / 8] == values[i % 8]) {
            step = i;
            marked++;
        }
    ck_assert_uint_le(marked, 1);
    return step;
}

/* app_bytes.h: kind 8. */
#define WORKS                                                                                      \
    {                                                                                              \
        STREAM_APP, BYTES_COMPUTE, 0, 0, 0,                                                        \
        {                                                                                          \
            {                                                                                      \
                0                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
#define SUBSCRIBES                                                                                 \
    {                                                                                              \
        STREAM_APP, BYTES_CALL_ANY, 0, 128, 0,                                                     \
        {                                                                                          \
            {                                                                                      \
                0                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
#define ALARM                                                                                      \
    {                                                                                              \
        STREAM_APP, BYTES_CALL_ANY, 0, 101, 0,                                                     \
        {                                                                                          \
            {                                                                                      \
                0                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

START_TEST(app_that_does_nothing_comes_near_to_nothing)
{
    const struct tape_op ops[] = {WORKS};
    play(ops, 1);
    ck_assert_uint_eq(step_of(CLIMB_UPCALLS), 0);
    ck_assert_uint_eq(step_of(CLIMB_CLIENTS), 0);
    ck_assert_uint_eq(step_of(CLIMB_WINDOWS), 1); /* app `two`, by its header */
}
END_TEST

/* What app `one` does to have the device there (app_bytes.h: kind 8). */
static struct tape_op asks_for(uint32_t base)
{
    const struct kernel_config *config = &stage.scenario->config;
    struct tape_op op = {STREAM_APP, BYTES_CALL_ANY, 0, 112, 0, {{0}}};
    while (config->endpoints[op.which].windows[0].base != base)
        ck_assert_uint_lt(++op.which, config->endpoint_count);
    return op;
}

START_TEST(each_window_more_is_a_step_more)
{
    static const uint32_t timers[] = {0x4000a000, 0x4001a000, 0x4001b000};
    struct tape_op ops[] = {asks_for(timers[0]), asks_for(timers[1]), asks_for(timers[2])};
    play(ops, (uint32_t)_i);
    ck_assert_uint_eq(step_of(CLIMB_WINDOWS), _i > 1 ? (uint32_t)_i : 1);
}
END_TEST

/* Up to the ten that fit: four steps to an octave. */
START_TEST(each_upcall_more_that_waits_is_a_step_more)
{
    static const uint32_t steps[] = {1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 9, 9};
    struct tape_op ops[COUNT_OF(steps)] = {SUBSCRIBES};
    for (int i = 1; i <= _i; i++)
        ops[i] = (struct tape_op)ALARM;
    play(ops, 1 + (uint32_t)_i);
    ck_assert_uint_eq(step_of(CLIMB_UPCALLS), steps[_i]);
    ck_assert_uint_eq(step_of(CLIMB_UPCALL_KINDS), 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("climb");
    TCase *t = tcase_create("climb");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, app_that_does_nothing_comes_near_to_nothing);
    tcase_add_loop_test(t, each_window_more_is_a_step_more, 0, 4);
    tcase_add_loop_test(t, each_upcall_more_that_waits_is_a_step_more, 0, 13);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
