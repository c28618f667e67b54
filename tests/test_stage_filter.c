/* test_stage_filter.c: a board's filter and its apps' headers, as a tape has them
 * (fuzz/stage_filter.h). */
#include "fuzz/decode.h"
#include "fuzz/stage.h"
#include "tools/catalogue.h"

#include <check.h>
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(board)                                                                                \
    "{\"claim\": \"Nothing breaks.\", \"board\": \"" board "\", \"apps\": ["                       \
    "{\"name\": \"one\", \"program\": \"bytes\", \"short_id\": 7,"                                 \
    " \"requests\": [{\"address\": \"0x40009000\", \"size\": \"0x1000\"}]},"                       \
    "{\"name\": \"two\", \"program\": \"bytes\"}],"                                                \
    "\"until_ms\": 2}"

static struct stage stage;
static struct tape tape;

static void set_up(const char *text)
{
    struct problems problems = {0};
    ck_assert_msg(stage_make(&stage, "fuzz/test.json", text, &problems), "%s",
                  problems.text ? problems.text : "?");
    stage.plays_filter = true;
}

static void set_up_teaching(void)
{
    set_up(TEXT("teaching"));
}

static void tear_down(void)
{
    stage_free(&stage);
}

/* Into `tape`. */
static void plan(const struct tape_op *ops, uint32_t count)
{
    tape.count = count;
    memcpy(tape.ops, ops, count * sizeof ops[0]);
    stage_filter_plan(&stage.filter, stage.scenario, &tape);
}

static bool same_row(const struct filter_row *a, const struct filter_row *b)
{
    return a->short_id == b->short_id && span_equal(a->asked, b->asked) &&
           span_equal(a->answer, b->answer) && a->refusal == b->refusal;
}

/* TIMER stands at 0x40008000 and is the one device that the board lends. `which` 0 and below 128:
 * that one. */
#define F STREAM_FILTER
#define EVERYTHING                                                                                 \
    {                                                                                              \
        0, UINT32_MAX                                                                              \
    }
#define TIMER                                                                                      \
    {                                                                                              \
        0x40008000, 0x1000                                                                         \
    }

static const struct {
    const char *why;
    struct tape_op op;
    struct filter_row row;
} said[] = {
    {"as asked, all", {F, FILTER_AS_ASKED, 0, 0, 0, {{0}}}, {0, EVERYTHING, {0, 0}, ERR_NONE}},
    {"a device's", {F, FILTER_AS_ASKED, 0, 2, 0, {{0}}}, {0, TIMER, {0, 0}, ERR_NONE}},
    {"peripherals",
     {F, FILTER_AS_ASKED, 0, 7, 0, {{0}}},
     {0, {0x40000000, 0x20000000}, {0, 0}, ERR_NONE}},
    {"for app one", {F, FILTER_AS_ASKED, 0, 2, 128, {{0}}}, {7, TIMER, {0, 0}, ERR_NONE}},
    {"for an app without a credential",
     {F, FILTER_AS_ASKED, 0, 2, 129, {{0}}},
     {0, TIMER, {0, 0}, ERR_NONE}},
    {"the window itself",
     {F, FILTER_BESIDE, 0, 2, 0, {{0, 9}, {63, 9}}},
     {0, TIMER, TIMER, ERR_NONE}},
    {"a page below, 32 bytes above",
     {F, FILTER_BESIDE, 0, 2, 0, {{192, 1}, {64, 1}}},
     {0, TIMER, {0x40007000, 0x2020}, ERR_NONE}},
    {"smaller, not aligned for its size",
     {F, FILTER_BESIDE, 0, 2, 0, {{64, -1}, {128, -1}}},
     {0, TIMER, {0x40008020, 0xee0}, ERR_NONE}},
    {"kernel's RAM and nothing in it",
     {F, FILTER_ANY, 0, 2, 0, {{1, 0}, {0, 0}}},
     {0, TIMER, {0x20000000, 0}, ERR_NONE}},
    {"SysTick, by a byte beside",
     {F, FILTER_ANY, 0, 2, 0, {{42, 1}, {1, 0}}},
     {0, TIMER, {0xe000e011, 0x20}, ERR_NONE}},
    {"to the very end of memory",
     {F, FILTER_ANY, 0, 2, 0, {{8, 0}, {128, 0}}},
     {0, TIMER, {0x40000000, 0xc0000000}, ERR_NONE}},
    {"past the end of memory",
     {F, FILTER_ANY, 0, 2, 0, {{8, 0}, {128, 1}}},
     {0, TIMER, {0x40000000, 0xc0000020}, ERR_NONE}},
    {"512 KiB",
     {F, FILTER_ANY, 0, 2, 0, {{8, 0}, {160, 0}}},
     {0, TIMER, {0x40000000, 0x80000}, ERR_NONE}},
    {"a code", {F, FILTER_REFUSAL, 0, 2, 0, {{0, 3}}}, {0, TIMER, {0, 0}, ERR_OFF}},
    {"no code of Tock's",
     {F, FILTER_REFUSAL, 0, 2, 0, {{192 + 7, 0}}},
     {0, TIMER, {0, 0}, (enum err)UINT32_MAX}},
};

START_TEST(row_comes_out_as_said)
{
    plan(&said[_i].op, 1);
    const struct filter_row *row = &stage.scenario->board.rows[0];
    ck_assert_uint_ge(stage.scenario->board.row_count, 1);
    ck_assert_msg(same_row(row, &said[_i].row), "%s: id %u, 0x%x + 0x%x -> 0x%x + 0x%x or %u",
                  said[_i].why, row->short_id, row->asked.base, row->asked.size, row->answer.base,
                  row->answer.size, (unsigned)row->refusal);
}
END_TEST

START_TEST(rows_stand_in_the_tapes_order_and_the_boards_own_behind)
{
    const struct tape_op ops[] = {{F, FILTER_REFUSAL, 0, 2, 0, {{0, 3}}},
                                  {STREAM_APP, FILTER_AS_ASKED, 0, 0, 0, {{0}}},
                                  {F, FILTER_AS_ASKED, 0, 2, 0, {{0}}}};
    const struct filter_row own = stage.filter.rows[0];
    plan(ops, COUNT_OF(ops));
    const struct board *board = &stage.scenario->board;
    ck_assert_uint_eq(stage.filter.row_count, 1);
    ck_assert_uint_eq(board->row_count, 3);
    ck_assert_int_eq(board->rows[0].refusal, ERR_OFF);
    ck_assert_int_eq(board->rows[1].refusal, ERR_NONE);
    ck_assert(same_row(&board->rows[2], &own));
    ck_assert_ptr_eq(stage.scenario->config.filter.rows, board->rows);
    ck_assert_uint_eq(stage.scenario->config.filter.row_count, 3);
    plan(ops, 0);
    ck_assert_uint_eq(board->row_count, 1);
    ck_assert(same_row(&board->rows[0], &own));
}
END_TEST

START_TEST(rows_may_stand_alone)
{
    const struct tape_op ops[] = {{F, FILTER_ALONE, 0, 0, 0, {{0}}},
                                  {F, FILTER_AS_ASKED, 0, 2, 0, {{0}}}};
    plan(ops, 1);
    ck_assert_uint_eq(stage.scenario->config.filter.row_count, 0);
    ck_assert_ptr_nonnull(stage.scenario->config.filter.function);
    plan(ops, 2);
    ck_assert_uint_eq(stage.scenario->config.filter.row_count, 1);
}
END_TEST

START_TEST(answers_are_declared_and_no_row_stands_without)
{
    struct tape_op ops[BOARD_EXPOSURE_MAX + 4];
    for (uint32_t i = 0; i < COUNT_OF(ops); i++) /* the first one wraps: it needs no declaration */
        ops[i] = (struct tape_op){F, FILTER_ANY, 0, 2, 0, {{8, 0}, {i ? 160 : 128, 1}}};
    plan(ops, COUNT_OF(ops));
    const struct board *board = &stage.scenario->board;
    ck_assert_uint_eq(board->exposure_count, BOARD_EXPOSURE_MAX);
    ck_assert_uint_eq(board->row_count, 1 + BOARD_EXPOSURE_MAX + stage.filter.row_count);
    for (uint32_t i = 0; i < BOARD_EXPOSURE_MAX; i++)
        ck_assert(span_equal(board->exposures[i].span, board->rows[1 + i].answer));
    plan(ops, 0);
    ck_assert_uint_eq(board->exposure_count, 0);
}
END_TEST

START_TEST(header_asks_for_what_the_tape_says_and_no_longer)
{
    const struct process_image *images = stage.scenario->images;
    struct tape_op ops[REQUEST_MAX + 2];
    for (uint32_t i = 0; i < COUNT_OF(ops); i++)
        ops[i] = (struct tape_op){F, FILTER_REQUEST, 2, 0, 0, {{64, (int8_t)i}, {0, 0}}};
    ops[0].which = 1;
    ops[0].size = 255;
    plan(ops, COUNT_OF(ops));
    ck_assert_uint_eq(images[0].request_count, REQUEST_MAX);
    ck_assert_uint_eq(images[1].request_count, 1);
    ck_assert_uint_eq(images[0].requests[0].base, 0x40009000); /* as its own header has it */
    for (uint32_t i = 1; i < REQUEST_MAX; i++)
        ck_assert(
            span_equal(images[0].requests[i], (struct span){0x40008000 - i * 32, 0x1000 + i * 32}));
    plan(ops, 0);
    ck_assert_uint_eq(images[0].request_count, 1);
    ck_assert_uint_eq(images[1].request_count, 0);
}
END_TEST

/* --- played ---------------------------------------------------------------------------------- */

static uint64_t play(const struct tape_op *ops, uint32_t count)
{
    tape.count = count;
    memcpy(tape.ops, ops, count * sizeof ops[0]);
    ck_assert_int_eq(stage_play(&stage, &tape), STAGE_HOLDS);
    return machine_trace_hash(stage.hw.m);
}

/* The scenario as it is now, on a machine of its own. */
static uint64_t run_anew(void)
{
    const char *why = NULL;
    uint32_t bad_image;
    struct machine_setup *setup = machine_setup_make(stage.scenario, &why);
    ck_assert_msg(setup != NULL, "%s", why ? why : "?");
    struct hw hw = {.m = machine_make(setup)};
    ck_assert_int_eq(machine_boot(&hw, &bad_image), ERR_NONE);
    machine_run(&hw, UINT64_MAX);
    machine_finish(&hw);
    uint64_t hash = machine_trace_hash(hw.m);
    machine_free(hw.m);
    machine_setup_free(setup);
    return hash;
}

static const struct tape_op asks_for_the_timer[] = {
    {F, FILTER_REQUEST, 1, 0, 0, {{0}}},
    {F, FILTER_REFUSAL, 0, 2, 0, {{0, 3}}},
};

START_TEST(headers_are_judged_by_the_tapes_filter_from_the_start)
{
    uint64_t granted = play(asks_for_the_timer, 1);
    ck_assert_uint_eq(run_anew(), granted);
    uint64_t refused = play(asks_for_the_timer, 2);
    ck_assert_uint_ne(refused, granted);
    ck_assert_uint_eq(run_anew(), refused);
    ck_assert_uint_eq(play(asks_for_the_timer, 1), granted);
}
END_TEST

START_TEST(stage_that_plays_no_filter_leaves_the_boards_own)
{
    uint64_t without = play(asks_for_the_timer, 0);
    stage.plays_filter = false;
    ck_assert_uint_eq(play(asks_for_the_timer, 2), without);
    stage.plays_filter = true;
    ck_assert_uint_ne(play(asks_for_the_timer, 2), without);
}
END_TEST

START_TEST(filter_in_c_stays_until_there_are_rows)
{
    const struct tape_op op = {F, FILTER_AS_ASKED, 0, 2, 0, {{0}}};
    tear_down();
    set_up(TEXT("draft512k"));
    filter_function *own = stage.filter.filter.function;
    const struct device_filter *filter = &stage.scenario->config.filter;
    plan(&op, 0);
    ck_assert(filter->function == own && own != filter_by_table);
    plan(&op, 1);
    ck_assert(filter->function == filter_by_table);
    ck_assert_uint_eq(filter->row_count, 1);
    plan(&op, 0);
    ck_assert(filter->function == own);
}
END_TEST

/* --- written down ---------------------------------------------------------------------------- */

static void load_decoded(struct family *family, enum decode_names names)
{
    static struct stage_log log;
    const struct catalogue known = catalogue();
    const struct load_options options = {.boards = "scenarios/boards"};
    struct problems problems = {0};
    cJSON *tree = decode(&stage, &log, "Nothing breaks.", names);
    char *text = cJSON_Print(tree);
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(
        scenario_load_text("x.json", text, strlen(text), &known, &options, family, &problems),
        "%s\n%s", problems.text, text);
    cJSON_free(text);
    cJSON_Delete(tree);
}

START_TEST(what_was_planned_can_be_written_down_and_read_again)
{
    struct family family;
    const struct tape_op ops[] = {
        said[_i].op,
        {F, FILTER_REQUEST, 0, 0, 0, {{64, 1}, {0, 0}}},
        {F, FILTER_REQUEST, 1, 0, 255, {{1, 0}, {0, 0}}}, /* no bytes at all */
    };
    plan(ops, COUNT_OF(ops));
    load_decoded(&family, _i % 2 ? DECODE_NAMES : DECODE_NUMBERS);
    const struct scenario *is = family.members[0], *was = stage.scenario;
    ck_assert_uint_eq(is->board.row_count, was->board.row_count);
    for (uint32_t i = 0; i < is->board.row_count; i++)
        ck_assert(same_row(&is->board.rows[i], &was->board.rows[i]));
    ck_assert_uint_eq(is->board.exposure_count, was->board.exposure_count);
    for (uint32_t i = 0; i < is->board.exposure_count; i++)
        ck_assert(span_equal(is->board.exposures[i].span, was->board.exposures[i].span));
    for (uint32_t app = 0; app < was->app_count; app++) {
        const struct process_image *a = &is->images[app], *b = &was->images[app];
        ck_assert_uint_eq(a->request_count, b->request_count);
        ck_assert_mem_eq(a->requests, b->requests, b->request_count * sizeof b->requests[0]);
    }
    family_free(&family);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stage_filter");
    TCase *t = tcase_create("stage_filter");
    tcase_add_checked_fixture(t, set_up_teaching, tear_down);
    tcase_add_loop_test(t, row_comes_out_as_said, 0, (int)COUNT_OF(said));
    tcase_add_test(t, rows_stand_in_the_tapes_order_and_the_boards_own_behind);
    tcase_add_test(t, rows_may_stand_alone);
    tcase_add_test(t, answers_are_declared_and_no_row_stands_without);
    tcase_add_test(t, header_asks_for_what_the_tape_says_and_no_longer);
    tcase_add_test(t, headers_are_judged_by_the_tapes_filter_from_the_start);
    tcase_add_test(t, stage_that_plays_no_filter_leaves_the_boards_own);
    tcase_add_test(t, filter_in_c_stays_until_there_are_rows);
    tcase_add_loop_test(t, what_was_planned_can_be_written_down_and_read_again, 0,
                        (int)COUNT_OF(said));
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
