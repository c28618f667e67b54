/* test_report.c: exit codes of many runs, comparing two runs, and text that others read. */
#define _POSIX_C_SOURCE 200809L

#include "tools/report.h"
#include "tools/text.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* The order that the exit codes win in. */
static const struct {
    enum outcome outcome;
    int code;
} order[] = {
    {OUTCOME_SIMULATOR, 3}, {OUTCOME_DIFFERED, 4}, {OUTCOME_BAD_INPUT, 2}, {OUTCOME_FAILED, 1},
    {OUTCOME_VACUOUS, 5},   {OUTCOME_BUDGET, 6},   {OUTCOME_HOLDS, 0},
};

enum { ORDER = sizeof order / sizeof order[0] };

START_TEST(of_several_ends_the_graver_gives_the_exit_code)
{
    struct report report = {.all.bad_files = 0};
    for (int i = _i; i < ORDER; i++)
        report.all.by_outcome[order[i].outcome] = 2;

    ck_assert_int_eq(report_code(&report), order[_i].code);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_counts_as_bad_input)
{
    struct report report = {.all.bad_files = 1};
    report.all.by_outcome[OUTCOME_FAILED] = 1;

    ck_assert_int_eq(report_code(&report), 2);
}
END_TEST

/* Each row is one way for a second run to come out otherwise, but the first. */
static const struct {
    uint64_t hash, records;
    enum outcome outcome, expect;
} seconds[] = {
    {7, 9, OUTCOME_HOLDS, OUTCOME_HOLDS},
    {8, 9, OUTCOME_HOLDS, OUTCOME_DIFFERED},
    {7, 8, OUTCOME_HOLDS, OUTCOME_DIFFERED},
    {7, 9, OUTCOME_FAILED, OUTCOME_DIFFERED},
};

START_TEST(two_runs_of_one_seed_must_be_the_same)
{
    struct result first = {.trace_hash = 7, .records = 9, .outcome = OUTCOME_HOLDS};
    const struct result second = {.trace_hash = seconds[_i].hash,
                                  .records = seconds[_i].records,
                                  .outcome = seconds[_i].outcome};

    result_compare(&first, &second);

    ck_assert_int_eq(first.outcome, seconds[_i].expect);
    ck_assert_int_eq(first.trouble[0] != '\0', seconds[_i].expect == OUTCOME_DIFFERED);
}
END_TEST

static const struct {
    uint64_t ps;
    const char *text;
} times[] = {
    {0, "0.000"},         {499, "0.000"},          {500, "0.001"},
    {99700000, "99.700"}, {999999500, "1000.000"}, {UINT64_MAX, "18446744073709.552"},
};

START_TEST(times_are_microseconds_with_three_decimals)
{
    char text[US_TEXT_MAX];

    ck_assert_str_eq(us_text(times[_i].ps, text), times[_i].text);
}
END_TEST

static char *written(void (*write)(FILE *, const char *), const char *text)
{
    char *out = NULL;
    size_t size;
    FILE *file = open_memstream(&out, &size);
    ck_assert_ptr_nonnull(file);
    write(file, text);
    fclose(file);
    return out;
}

static const struct {
    const char *text, *json;
} strings[] = {
    {"plain", "\"plain\""},
    {"a\"b\\c", "\"a\\\"b\\\\c\""},
    {"\n\t\x7f", "\"\\u000a\\u0009\\u007f\""},
    {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\xaa", "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\xaa\""},
    {"\xff \xc3", "\"\\ufffd \\ufffd\""},          /* no UTF-8 */
    {"\xc0\xaf", "\"\\ufffd\\ufffd\""},            /* longer than need be */
    {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""}, /* half a surrogate pair */
};

START_TEST(any_text_becomes_a_json_string)
{
    char *out = written(json_write_string, strings[_i].text);

    ck_assert_str_eq(out, strings[_i].json);
    free(out);
}
END_TEST

static const struct {
    const char *word, *quoted;
} words[] = {
    {"passthrough/x@1", "passthrough/x@1"},
    {"x#key=a@1", "'x#key=a@1'"},
    {"it's", "'it'\\''s'"},
    {"", "''"},
    {"a b", "'a b'"},
    {"~x", "'~x'"},
};

START_TEST(a_shell_reads_back_what_was_written)
{
    char *out = written(shell_write_word, words[_i].word);

    ck_assert_str_eq(out, words[_i].quoted);
    free(out);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *tests = tcase_create("report");
    tcase_add_loop_test(tests, of_several_ends_the_graver_gives_the_exit_code, 0, ORDER);
    tcase_add_test(tests, a_file_that_cannot_be_read_counts_as_bad_input);
    tcase_add_loop_test(tests, two_runs_of_one_seed_must_be_the_same, 0, COUNT(seconds));
    tcase_add_loop_test(tests, times_are_microseconds_with_three_decimals, 0, COUNT(times));
    tcase_add_loop_test(tests, any_text_becomes_a_json_string, 0, COUNT(strings));
    tcase_add_loop_test(tests, a_shell_reads_back_what_was_written, 0, COUNT(words));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
