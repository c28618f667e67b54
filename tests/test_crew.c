/* test_crew.c: many tasks in a few processes: each result comes back to its task, and a task that
 * crashes or never ends takes no other along. */
#define _POSIX_C_SOURCE 200809L

#include "tools/crew.h"

#include "model/types.h"
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TASKS = 40, RESULT_MAX = 100000 };

/* What a task does, by its argument. */
enum kind { FINE, LARGE, ABORTS, EXITS, SLEEPS, ABORTS_BEHIND_OTHERS };

static const enum kind kinds[] = {
    [FINE] = FINE,   [LARGE] = LARGE,   [ABORTS] = ABORTS,
    [EXITS] = EXITS, [SLEEPS] = SLEEPS, [ABORTS_BEHIND_OTHERS] = ABORTS_BEHIND_OTHERS,
};

static int done_here; /* in this process */

static size_t work(const void *argument, void *result)
{
    enum kind kind = *(const enum kind *)argument;
    bool first = done_here++ == 0;
    if (kind == ABORTS || (kind == ABORTS_BEHIND_OTHERS && !first))
        raise(SIGKILL);
    if (kind == EXITS)
        _exit(9);
    if (kind == SLEEPS)
        sleep(1000);
    size_t size = kind == LARGE ? RESULT_MAX : 4;
    memset(result, kind == LARGE ? 'L' : first ? '1' : 'n', size);
    return size;
}

static struct crew *crew_of(size_t at_once, uint64_t budget_ms)
{
    struct crew *crew = calloc(1, sizeof *crew);
    ck_assert_ptr_nonnull(crew);
    crew->work = work;
    crew->result_max = RESULT_MAX;
    crew->at_once = at_once;
    crew->budget_ms = budget_ms;
    ck_assert(crew_begin(crew));
    return crew;
}

/* Until the first one kept is over. */
static struct isolated first_end(struct crew *crew)
{
    while (crew_first(crew)->end == ISOLATE_RUNS) {
        crew_go(crew);
        crew_wait(crew);
    }
    return *crew_first(crew);
}

static void crew_done(struct crew *crew)
{
    crew_free(crew);
    free(crew);
}

/* By number of processes. More than a pipe holds, and more tasks than the ring. */
START_TEST(each_result_comes_back_to_its_task)
{
    struct crew *crew = crew_of((size_t)_i, 60000);
    uint64_t added = 0;
    for (uint64_t number = 0; number < UINT64_C(2) * CREW_TASKS_MAX; number++) {
        while (added < number + TASKS)
            crew_add(crew, &kinds[added++ % 7 == 3 ? LARGE : FINE]);
        struct isolated end = first_end(crew);
        ck_assert_int_eq(end.end, ISOLATE_DONE);
        ck_assert_uint_eq(end.size, number % 7 == 3 ? RESULT_MAX : 4);
        ck_assert_int_eq(end.bytes[0] == 'L', number % 7 == 3);
        crew_drop_first(crew);
    }
    crew_done(crew);
}
END_TEST

START_TEST(a_process_does_more_than_one_task)
{
    struct crew *crew = crew_of(1, 60000);
    crew_add(crew, &kinds[FINE]);
    crew_add(crew, &kinds[FINE]);
    ck_assert_int_eq(first_end(crew).bytes[0], '1');
    crew_drop_first(crew);
    ck_assert_int_eq(first_end(crew).bytes[0], 'n');
    crew_done(crew);
}
END_TEST

/* Each row is one way to end badly, among others that do not. */
static const struct {
    enum kind kind;
    uint64_t budget_ms;
    enum isolate_end end;
    int detail;
} bad_ends[] = {
    {ABORTS, 60000, ISOLATE_SIGNALLED, SIGKILL},
    {EXITS, 60000, ISOLATE_EXITED, 9},
    {SLEEPS, 250, ISOLATE_OVERTIME, 0},
    {ABORTS_BEHIND_OTHERS, 60000, ISOLATE_DONE, 0}, /* not its own fault: alone it holds */
};

START_TEST(a_bad_end_takes_no_other_task_along)
{
    for (size_t at_once = 1; at_once <= 3; at_once++) {
        struct crew *crew = crew_of(at_once, bad_ends[_i].budget_ms);
        for (int number = 0; number < TASKS; number++)
            crew_add(crew, &kinds[number % 16 == 5 ? bad_ends[_i].kind : FINE]);
        for (int number = 0; number < TASKS; number++) {
            struct isolated end = first_end(crew);
            bool bad = number % 16 == 5;
            ck_assert_int_eq(end.end, bad ? bad_ends[_i].end : ISOLATE_DONE);
            ck_assert_int_eq(end.detail, bad ? bad_ends[_i].detail : 0);
            crew_drop_first(crew);
        }
        crew_done(crew);
    }
}
END_TEST

START_TEST(a_task_without_work_is_over_as_it_comes)
{
    struct crew *crew = crew_of(2, 60000);
    crew_add(crew, NULL);
    crew_add(crew, &kinds[FINE]);
    ck_assert_uint_eq(crew_waiting(crew), 1);
    ck_assert_int_eq(crew_first(crew)->end, ISOLATE_DONE);
    ck_assert_uint_eq(crew_first(crew)->size, 0);
    crew_drop_first(crew);
    ck_assert_int_eq(first_end(crew).end, ISOLATE_DONE);
    crew_done(crew);
}
END_TEST

START_TEST(nothing_runs_on_when_a_crew_is_given_back)
{
    struct crew *crew = crew_of(1, 60000);
    crew_add(crew, &kinds[SLEEPS]);
    crew_go(crew);
    pid_t pid = crew->members[0].child.pid;
    crew_done(crew);
    ck_assert_int_ne(kill(pid, 0), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("crew");
    TCase *t = tcase_create("crew");
    tcase_add_loop_test(t, each_result_comes_back_to_its_task, 1, 4);
    tcase_add_test(t, a_process_does_more_than_one_task);
    tcase_add_loop_test(t, a_bad_end_takes_no_other_task_along, 0, (int)COUNT_OF(bad_ends));
    tcase_add_test(t, a_task_without_work_is_over_as_it_comes);
    tcase_add_test(t, nothing_runs_on_when_a_crew_is_given_back);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
