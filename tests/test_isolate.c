/* test_isolate.c: work in a process of its own: what it writes comes back, and however it ends, the
 * one who asked for it goes on. */
#define _POSIX_C_SOURCE 200809L

#include "tools/isolate.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_much(const void *argument, int pipe)
{
    size_t size = *(const size_t *)argument;
    static const char digits[] = "0123456789";
    for (size_t i = 0; i < size; i++)
        isolate_write(pipe, &digits[i % 10], 1);
}

static void end_by_abort(const void *argument, int pipe)
{
    (void)argument;
    isolate_write(pipe, "half", 4);
    abort();
}

static void end_by_signal(const void *argument, int pipe)
{
    (void)argument;
    (void)pipe;
    raise(SIGKILL);
}

static void end_by_exit(const void *argument, int pipe)
{
    (void)argument;
    (void)pipe;
    _exit(9);
}

static void never_end(const void *argument, int pipe)
{
    (void)argument;
    (void)pipe;
    for (;;)
        pause();
}

static struct isolated run(isolate_work *work, const void *argument, uint64_t budget_ms)
{
    struct isolated child;
    struct isolated *const children[] = {&child};
    isolate_start(&child, work, argument, budget_ms);
    while (child.end == ISOLATE_RUNS)
        isolate_wait(children, 1);
    return child;
}

/* More than a pipe holds: the parent must read while the child writes. */
START_TEST(all_that_is_written_comes_back)
{
    static const size_t sizes[] = {0, 1, 65536, 300001};
    struct isolated child = run(write_much, &sizes[_i], 60000);

    ck_assert_int_eq(child.end, ISOLATE_DONE);
    ck_assert_uint_eq(child.size, sizes[_i]);
    for (size_t i = 0; i < child.size; i++)
        ck_assert_int_eq(child.bytes[i], '0' + (int)(i % 10));
    isolate_free(&child);
}
END_TEST

/* Each row is one way to end badly. */
static const struct {
    isolate_work *work;
    uint64_t budget_ms;
    enum isolate_end end;
    int detail;
    const char *says;
} ends[] = {
    {end_by_abort, 60000, ISOLATE_SIGNALLED, SIGABRT, "signal 6"},
    {end_by_signal, 60000, ISOLATE_SIGNALLED, SIGKILL, "signal 9"},
    {end_by_exit, 60000, ISOLATE_EXITED, 9, "exit code 9"},
    {never_end, 20, ISOLATE_OVERTIME, 0, "budget"},
};

START_TEST(a_bad_end_is_told_apart)
{
    char text[ISOLATE_TEXT_MAX];
    struct isolated child = run(ends[_i].work, NULL, ends[_i].budget_ms);

    ck_assert_int_eq(child.end, ends[_i].end);
    ck_assert_int_eq(child.detail, ends[_i].detail);
    ck_assert_msg(strstr(isolate_text(&child, text), ends[_i].says), "it says: %s", text);
    isolate_free(&child);
}
END_TEST

START_TEST(a_crash_takes_no_neighbour_along)
{
    static const size_t size = 100000;
    struct isolated writer, crasher, sleeper;
    struct isolated *const children[] = {&writer, &crasher, &sleeper};
    isolate_start(&writer, write_much, &size, 60000);
    isolate_start(&crasher, end_by_abort, NULL, 60000);
    isolate_start(&sleeper, never_end, NULL, 60000);

    while (writer.end == ISOLATE_RUNS || crasher.end == ISOLATE_RUNS)
        isolate_wait(children, 3);

    ck_assert_int_eq(writer.end, ISOLATE_DONE);
    ck_assert_uint_eq(writer.size, size);
    ck_assert_int_eq(crasher.end, ISOLATE_SIGNALLED);
    ck_assert_int_eq(sleeper.end, ISOLATE_RUNS);
    pid_t left = sleeper.pid;
    for (int i = 0; i < 3; i++)
        isolate_free(children[i]);
    ck_assert_msg(kill(left, 0) != 0, "isolate_free leaves no process behind");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("isolate");
    TCase *tests = tcase_create("isolate");
    tcase_add_loop_test(tests, all_that_is_written_comes_back, 0, 4);
    tcase_add_loop_test(tests, a_bad_end_is_told_apart, 0, sizeof ends / sizeof ends[0]);
    tcase_add_test(tests, a_crash_takes_no_neighbour_along);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
