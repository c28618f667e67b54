/* test_snapshots.c: a snapshot before every single step of ten scenarios of the suite: going on
 * from it equals going straight on, by trace hash and by every byte of memory that an app can see.
 */
#include "sim/monitors.h"
#include "tools/run_one.h"
#include "tools/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { SCENARIOS = 10, STEPS_MAX = 20000, CLOSELY_MAX = 500 };

static const struct usage usage = {.command = "test"};

/* The n-th of SCENARIOS files spread over the whole suite, its first member. */
static void load_spread(int n, struct family *family)
{
    struct suite suite = {0};
    struct problems problems = {0};
    struct suite_choice any = {0};

    ck_assert(suite_collect(&suite, &usage, &(struct arguments){0}, false));
    ck_assert_uint_ge(suite.count, SCENARIOS);
    size_t index = (size_t)n * suite.count / SCENARIOS;
    uint32_t wanted = suite_load(&suite.files[index], &any, family, &problems);
    ck_assert_msg(wanted > 0, "%s does not load", suite.files[index].path);
    suite_free(&suite);
}

/* Snapshots leave out what was not touched, so each device and each monitor is asked. */
static void assert_equal(struct machine *m, struct machine *snapshot)
{
    const struct machine_setup *setup = machine_get_setup(m);
    for (uint32_t i = 0; i < setup->device_count; i++) {
        const struct device *d = machine_device(m, i);
        ck_assert_msg(!d || !memcmp(d, machine_device(snapshot, i), device_size(d->type)),
                      "device %u differs", i);
    }
    for (uint32_t i = 0; i < monitor_count; i++) {
        const void *state = machine_monitor_state(m, i);
        ck_assert_msg(!state || !memcmp(state, machine_monitor_state(snapshot, i),
                                        monitor_size(monitors[i], machine_scenario(m))),
                      "monitor %s differs", monitors[i]->name);
    }
}

START_TEST(going_on_from_a_snapshot_at_any_step_equals_going_straight_on)
{
    struct family family = {0};
    struct result straight, again;
    struct run run;
    load_spread(_i, &family);
    const struct scenario *s = family.members[0];
    run_one(s, &straight);

    ck_assert(run_begin(&run, s, NULL, &again));
    struct machine *snapshot = machine_make(run.setup);
    for (uint32_t steps = 0; machine_state(run.hw.m) == RUN_GOING; steps++) {
        if (steps >= STEPS_MAX) { /* long runs: the rest in one piece */
            machine_run(&run.hw, TIME_NEVER);
            break;
        }
        machine_save(run.hw.m, snapshot);
        machine_step(&run.hw);
        uint64_t once = machine_trace_hash(run.hw.m);
        machine_restore(run.hw.m, snapshot);
        if (steps < CLOSELY_MAX || steps % 16 == 0)
            assert_equal(run.hw.m, snapshot);
        machine_step(&run.hw);
        ck_assert_msg(machine_trace_hash(run.hw.m) == once, "%s: step %u", s->id, steps);
    }
    run_judge(&run, &again);

    ck_assert_msg(again.trace_hash == straight.trace_hash, "%s: the whole run differs", s->id);
    ck_assert_uint_eq(again.records, straight.records);
    ck_assert_int_eq(again.outcome, straight.outcome);
    machine_free(snapshot);
    run_end(&run);
    family_free(&family);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshots");
    TCase *t = tcase_create("snapshots");
    tcase_set_timeout(t, 240);
    tcase_add_loop_test(t, going_on_from_a_snapshot_at_any_step_equals_going_straight_on, 0,
                        SCENARIOS);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
