/* test_replay.c: a run that can be looked at from any moment: each moment is the one that a
 * straight run has, in whatever order one goes there; and what a stretch of its time shows.
 */
#include "sim/random.h"
#include "tools/suite.h"
#include "tools/view/window.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct usage usage = {.command = "test"};

static struct family family;
static struct replay *replay;
static struct result result;

static const struct scenario *load(const char *path)
{
    struct suite suite = {0};
    struct problems problems = {0};
    struct suite_choice any = {0};
    char *names[] = {(char *)path};
    const struct arguments arguments = {.count = 1, .at = names};
    ck_assert(suite_collect(&suite, &usage, &arguments, false));
    ck_assert_uint_eq(suite.count, 1);
    ck_assert_msg(suite_load(&suite.files[0], &any, &family, &problems) > 0, "%s", problems.text);
    suite_free(&suite);
    return family.members[0];
}

static void open_run(const char *path)
{
    replay = replay_make(load(path), &result);
    ck_assert_msg(replay != NULL, "%s", result.trouble);
}

static void close_run(void)
{
    replay_free(replay);
    replay = NULL;
    family_free(&family);
}

/* --- the moments ----------------------------------------------------------------------------- */

static const char *const paths[] = {
    "scenarios/passthrough/lent_timer_reaches_its_app.json",
    "scenarios/attacks/dma_overwrites_another_apps_memory.json",
    "scenarios/passthrough/level_interrupt_that_is_never_cleared_does_not_stop_others.json",
};
enum { PATHS = sizeof paths / sizeof paths[0], TRIES = 60 };

/* The hash of the trace as a straight run has it behind each of some steps. */
static void straight_hashes(const uint64_t steps[TRIES], uint64_t hashes[TRIES])
{
    struct run run;
    struct result straight;
    ck_assert(run_begin(&run, replay->scenario, NULL, &straight));
    for (uint64_t step = 0; step <= replay->step_count; step++) {
        for (int i = 0; i < TRIES; i++)
            if (steps[i] == step)
                hashes[i] = machine_trace_hash(run.hw.m);
        machine_step(&run.hw);
    }
    run_end(&run);
}

START_TEST(each_moment_is_that_of_a_straight_run_in_whatever_order_one_goes_there)
{
    uint64_t steps[TRIES], hashes[TRIES];
    struct random random = random_start(1, 0);
    open_run(paths[_i]);
    ck_assert_uint_gt(replay->step_count, 10);
    for (int i = 0; i < TRIES; i++)
        steps[i] = random_below(&random, replay->step_count + 1);
    straight_hashes(steps, hashes);
    for (int i = 0; i < TRIES; i++) {
        const struct machine *m = replay_go(replay, steps[i]);
        ck_assert_uint_eq(replay->step, steps[i]);
        ck_assert_msg(machine_trace_hash(m) == hashes[i], "step %u", (unsigned)steps[i]);
    }
    close_run();
}
END_TEST

START_TEST(a_time_is_the_first_moment_at_it_or_behind)
{
    open_run(paths[0]);
    for (int i = 0; i < 50; i++) {
        uint64_t at_ps = replay->end_ps / 50 * (uint64_t)i;
        const struct machine *m = replay_go_to_time(replay, at_ps);
        uint64_t step = replay->step;
        ck_assert_uint_ge(machine_now_ps(m), at_ps);
        if (step > 0)
            ck_assert_uint_lt(machine_now_ps(replay_go(replay, step - 1)), at_ps);
    }
    replay_go_to_time(replay, UINT64_MAX);
    ck_assert_uint_eq(replay->step, replay->step_count);
    close_run();
}
END_TEST

START_TEST(the_result_is_that_of_a_run)
{
    struct result straight;
    open_run(paths[_i]);
    run_one(replay->scenario, &straight);
    ck_assert_uint_eq(result.trace_hash, straight.trace_hash);
    ck_assert_int_eq(result.outcome, straight.outcome);
    ck_assert_uint_eq(result.verdict_total, straight.verdict_total);
    close_run();
}
END_TEST

/* --- marks ----------------------------------------------------------------------------------- */

START_TEST(it_opens_behind_the_first_break)
{
    open_run(paths[1]);
    ck_assert_uint_gt(result.verdict_total, 0);
    uint64_t opening = replay_opening(replay);
    ck_assert_uint_gt(machine_verdict_count(replay_go(replay, opening)), 0);
    ck_assert_uint_eq(machine_verdict_count(replay_go(replay, opening - 1)), 0);
    close_run();
}
END_TEST

START_TEST(without_a_break_it_opens_behind_the_first_grant)
{
    open_run(paths[0]);
    const struct replay_mark *grant = replay_next(replay, 0, 1u << MARK_WINDOW);
    ck_assert_ptr_nonnull(grant);
    ck_assert_uint_eq(replay_opening(replay), grant->step);
    close_run();
}
END_TEST

START_TEST(next_and_previous_marks_go_through_all_of_them_and_back)
{
    uint64_t seen = 0, step = 0, last = 0;
    const struct replay_mark *mark;
    open_run(paths[0]);
    for (; (mark = replay_next(replay, step, UINT32_MAX)); step = mark->step, seen++)
        ck_assert_uint_gt(mark->step, step);
    ck_assert_uint_gt(seen, 4);
    for (last = step + 1; (mark = replay_previous(replay, last, UINT32_MAX)); last = mark->step) {
        ck_assert_uint_lt(mark->step, last);
        if (mark->step > 0)
            seen--;
    }
    ck_assert_uint_eq(seen, 0);
    close_run();
}
END_TEST

/* --- stretches of time ----------------------------------------------------------------------- */

struct heard {
    uint64_t from_ps, count, hash, limit;
    bool started;
};

static void start(void *context, const struct machine *m, const struct timeline *known)
{
    struct heard *heard = context;
    ck_assert_ptr_eq(known->scenario, replay->scenario);
    ck_assert(heard->from_ps == 0 || machine_now_ps(m) < heard->from_ps);
    heard->started = true;
}

static bool hear(void *context, const struct record *r, const struct air_frame *frame)
{
    struct heard *heard = context;
    ck_assert(!frame == (r->kind != EVENT_AIR_BYTES));
    if (r->at_ps < heard->from_ps)
        return true;
    heard->count++;
    heard->hash = trace_hash(heard->hash, r);
    return heard->count != heard->limit;
}

static const struct replay_ear ear = {start, hear};

START_TEST(a_stretch_of_time_has_the_records_of_a_straight_run)
{
    struct recorder recorder;
    struct run run;
    struct result straight;
    open_run(paths[_i]);
    uint64_t from_ps = replay->end_ps / 3, to_ps = replay->end_ps / 2;
    struct heard wanted = {.from_ps = from_ps}, got = wanted, few = {from_ps, .limit = 2};
    recorder_start(&recorder, 0);
    ck_assert(run_begin(&run, replay->scenario, &recorder, &straight));
    machine_run(&run.hw, UINT64_MAX);
    for (uint64_t i = 0; i < recorder.count; i++)
        if (recorder.records[i].at_ps < to_ps)
            hear(&wanted, &recorder.records[i], recorder_frame(&recorder, i));
    replay_go(replay, 3);
    replay_hear(replay, from_ps, to_ps, &ear, &got);
    ck_assert(got.started);
    ck_assert_uint_gt(got.count, 0);
    ck_assert_uint_eq(got.count, wanted.count);
    ck_assert_uint_eq(got.hash, wanted.hash);
    ck_assert_uint_eq(replay->step, 3);
    replay_hear(replay, from_ps, to_ps, &ear, &few);
    ck_assert_uint_eq(few.count, wanted.count < 2 ? wanted.count : 2);
    recorder_free(&recorder);
    run_end(&run);
    close_run();
}
END_TEST

START_TEST(the_overview_has_every_record_and_every_picosecond)
{
    uint64_t records = 0, spent_ps = 0;
    open_run(paths[_i]);
    for (uint32_t i = 0; i < REPLAY_STRETCHES; i++) {
        records += replay->stretches[i].records;
        for (uint32_t c = 0; c < replay->scenario->app_count + 2; c++)
            spent_ps += replay_cpu(replay, i)[c];
    }
    ck_assert_uint_eq(records, replay->record_count);
    ck_assert_uint_eq(spent_ps, replay->end_ps);
    ck_assert_uint_eq(replay_records(replay, 0, UINT64_MAX), replay->record_count);
    close_run();
}
END_TEST

START_TEST(a_long_run_keeps_few_snapshots_and_is_the_same_everywhere)
{
    open_run("scenarios/timing/slices_are_shared_evenly_with_a_caller.json");
    ck_assert_uint_gt(replay->record_count, 1000000);
    ck_assert_uint_le(replay->snapshot_count, REPLAY_SNAPSHOT_MAX);
    ck_assert_uint_le((uint64_t)replay->snapshot_count * replay->run.setup->size,
                      REPLAY_SNAPSHOT_BYTES);
    ck_assert_uint_gt(replay->snapshot_count, 16);
    for (uint32_t i = 1; i < replay->snapshot_count; i++)
        ck_assert_uint_eq(replay->snapshots[i].step, i * replay->spacing);
    uint64_t step = replay->step_count / 2;
    uint64_t hash = machine_trace_hash(replay_go(replay, step));
    replay_go(replay, 1);
    while (replay->step < step)
        replay_go(replay, replay->step + 1); /* without a snapshot */
    ck_assert_uint_eq(machine_trace_hash(replay->run.hw.m), hash);
    close_run();
}
END_TEST

/* --- windows --------------------------------------------------------------------------------- */

static uint32_t count_items(const struct window *window, enum item_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < window->item_count; i++)
        count += window->items[i].kind == kind;
    return count;
}

static const struct window_item *find_item(const struct window *window, enum item_kind kind)
{
    for (uint32_t i = 0; i < window->item_count; i++)
        if (window->items[i].kind == kind)
            return &window->items[i];
    return NULL;
}

/* Nothing is outside, and of a row no two slices of the same sort overlap. */
static void check_order(const struct window *window)
{
    uint64_t free_ps[WINDOW_ROW_MAX] = {0}, call_ps[WINDOW_ROW_MAX] = {0};
    for (uint32_t i = 0; i < window->item_count; i++) {
        const struct window_item *item = &window->items[i];
        ck_assert_uint_lt(item->row, window->row_count);
        ck_assert_uint_ge(item->from_ps, window->from_ps);
        ck_assert_uint_le(item->to_ps, window->to_ps);
        ck_assert((item->kind >= ITEM_POINTS) == (item->from_ps == item->to_ps));
        ck_assert_uint_ge(i, window->first[item->kind]);
        ck_assert_uint_lt(i, window->first[item->kind + 1]);
        uint64_t *free = item->kind == ITEM_CALL ? call_ps : free_ps;
        if (item->kind > ITEM_LINE && item->kind != ITEM_SHARE)
            continue;
        ck_assert_uint_ge(item->from_ps, free[item->row]);
        free[item->row] = item->to_ps;
    }
}

START_TEST(a_window_shows_slices_that_do_not_overlap)
{
    struct window window = {0};
    open_run(paths[_i]);
    window_gather(replay, 0, replay->end_ps, &window);
    ck_assert(!window.overview);
    ck_assert_uint_gt(count_items(&window, ITEM_KERNEL), 5);
    ck_assert_uint_gt(count_items(&window, ITEM_RUNS), 3);
    ck_assert_uint_ge(count_items(&window, ITEM_CALL), 3);
    check_order(&window);
    window_gather(replay, replay->end_ps / 3, replay->end_ps / 2, &window);
    check_order(&window);
    window_free(&window);
    close_run();
}
END_TEST

START_TEST(a_call_that_began_before_the_window_is_in_it)
{
    struct window window = {0};
    open_run(paths[0]);
    window_gather(replay, 500 * PS_PER_US, 600 * PS_PER_US, &window);
    const struct window_item *call = find_item(&window, ITEM_CALL);
    ck_assert_ptr_nonnull(call);
    ck_assert_str_eq(call->text, "yield-wait");
    ck_assert(call->cut_before && call->cut_behind);
    ck_assert_uint_eq(call->from_ps, 500 * PS_PER_US);
    ck_assert_uint_eq(call->to_ps, 600 * PS_PER_US);
    window_free(&window);
    close_run();
}
END_TEST

START_TEST(breaks_stand_in_both_kinds_of_window)
{
    struct window window = {0};
    open_run(paths[1]);
    window_gather(replay, 0, replay->end_ps + 1, &window);
    const struct window_item *item = find_item(&window, ITEM_BREAK);
    ck_assert_ptr_nonnull(item);
    ck_assert_ptr_nonnull(strstr(item->text, "dma-reach: "));
    for (uint32_t i = 0; i < REPLAY_STRETCHES; i++)
        replay->stretches[i].records = WINDOW_RECORD_MAX; /* as if it were a long run */
    window_gather(replay, 0, replay->end_ps + 1, &window);
    ck_assert(window.overview);
    ck_assert_ptr_nonnull(find_item(&window, ITEM_BREAK));
    check_order(&window);
    window_free(&window);
    close_run();
}
END_TEST

START_TEST(a_connection_event_shows_its_anchor_frames_and_the_answers_deadline)
{
    struct window window = {0};
    open_run("scenarios/ble/designs/armed_ahead_holds_at_every_cost.json");
    const struct replay_mark *mark = replay_next(replay, 0, 1u << MARK_ANCHOR);
    for (int i = 0; i < 8; i++)
        mark = replay_next(replay, mark->step, 1u << MARK_ANCHOR);
    window_gather(replay, mark->at_ps - 8000 * PS_PER_US, mark->at_ps + 8000 * PS_PER_US, &window);
    ck_assert_uint_ge(count_items(&window, ITEM_ANCHOR), 2);
    ck_assert_uint_ge(count_items(&window, ITEM_FRAME), 4);
    ck_assert_uint_ge(count_items(&window, ITEM_LISTEN), 2);
    const struct window_item *deadline = find_item(&window, ITEM_DEADLINE);
    ck_assert_ptr_nonnull(deadline);
    ck_assert_str_eq(deadline->text,
                     "margin 2.000 us: the answer began 150.000 us behind the last bit");
    check_order(&window);
    window_free(&window);
    close_run();
}
END_TEST

START_TEST(a_long_run_is_an_overview_until_one_looks_closely)
{
    struct window window = {0};
    open_run("scenarios/timing/slices_are_shared_evenly_with_a_caller.json");
    window_gather(replay, 0, replay->end_ps, &window);
    ck_assert(window.overview);
    ck_assert_uint_gt(count_items(&window, ITEM_SHARE), REPLAY_STRETCHES);
    check_order(&window);
    window_gather(replay, replay->end_ps / 2, replay->end_ps / 2 + 100 * PS_PER_US, &window);
    ck_assert(!window.overview);
    ck_assert_uint_gt(count_items(&window, ITEM_CALL), 5);
    check_order(&window);
    window_free(&window);
    close_run();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay");
    TCase *t = tcase_create("replay");
    tcase_set_timeout(t, 240);
    tcase_add_loop_test(t, each_moment_is_that_of_a_straight_run_in_whatever_order_one_goes_there,
                        0, PATHS);
    tcase_add_test(t, a_time_is_the_first_moment_at_it_or_behind);
    tcase_add_loop_test(t, the_result_is_that_of_a_run, 0, PATHS);
    tcase_add_test(t, it_opens_behind_the_first_break);
    tcase_add_test(t, without_a_break_it_opens_behind_the_first_grant);
    tcase_add_test(t, next_and_previous_marks_go_through_all_of_them_and_back);
    tcase_add_loop_test(t, a_stretch_of_time_has_the_records_of_a_straight_run, 0, PATHS);
    tcase_add_loop_test(t, the_overview_has_every_record_and_every_picosecond, 0, PATHS);
    tcase_add_test(t, a_long_run_keeps_few_snapshots_and_is_the_same_everywhere);
    tcase_add_loop_test(t, a_window_shows_slices_that_do_not_overlap, 0, 2);
    tcase_add_test(t, a_call_that_began_before_the_window_is_in_it);
    tcase_add_test(t, breaks_stand_in_both_kinds_of_window);
    tcase_add_test(t, a_connection_event_shows_its_anchor_frames_and_the_answers_deadline);
    tcase_add_test(t, a_long_run_is_an_overview_until_one_looks_closely);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
