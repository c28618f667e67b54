/* Tests of fuzz/stage_secrets.h: tapes played twice, with other secrets the second time. */
#define _DEFAULT_SOURCE /* mkstemps() */

#include "fuzz/stage_device.h"
#include "tools/catalogue.h"
#include "tools/reproduce.h"
#include "tools/shrink.h"
#include <check.h>
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ONE = STREAM_APP, TWO = STREAM_APP + 1, LINE = STREAM_DEVICE, TAPES = 28, BYTES = 512 };
/* Numbers of sequences of kind BYTES_CALL_ANY (fuzz/app_bytes.h). */
enum { RECEIVES_FRAME = 140, SENDS_FRAME = 141, READS = 70 };

/* What a stuffed frame takes longer is not declared: others can tell by it what is in one. */
static const struct stage_target target_told = {
    .name = "told",
    .stage_count = 1,
    .stages = {{"fuzz/told.json",
                "{\"claim\": \"Nobody can tell.\", \"board\": \"services\", \"apps\": ["
                "{\"name\": \"one\", \"program\": \"bytes\","
                " \"secrets\": [{\"at\": \"app.ram\", \"size\": 4096}]},"
                "{\"name\": \"two\", \"program\": \"bytes\", \"secrets\": []}],"
                "\"world\": {\"host\": {\"on\": \"UARTE0\"}}, \"until_ms\": 100}"}},
    .leaks = true,
    .secrets = {{0, false}},
    .user = {.kinds = {[STREAM_SCHEDULE] = 1 << SCHEDULE_KILL,
                       [STREAM_APP] = 0xffff,
                       [STREAM_APP + 1] = 0xffff,
                       [STREAM_DEVICE] = 1 << DEVICE_FRAME}},
};

static struct stage_set set;
static struct reproduction r;
static char path[] = "/tmp/secrets-XXXXXX.json";

static void setup(void)
{
    int fd = mkstemps(strcpy(path, "/tmp/secrets-XXXXXX.json"), 5);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void teardown(void)
{
    unlink(path);
    stage_set_free(&set);
    reproduce_free(&r);
}

static struct stage *stage_of(const struct stage_target *target, const struct tape *tape)
{
    struct problems problems = {0};
    struct stage *stage = stage_for(target, &set, tape, &problems);
    ck_assert_msg(stage, "%s", problems.text ? problems.text : "");
    return stage;
}

static struct tape_op on_stage(uint8_t which)
{
    return (struct tape_op){.stream = STREAM_SCHEDULE, .kind = SCHEDULE_STAGE, .which = which};
}

/* An odd `which` waits for the upcall. */
static struct tape_op sequence(uint8_t app, uint8_t number, uint8_t which, uint8_t size)
{
    return (struct tape_op){
        .stream = app, .kind = BYTES_CALL_ANY, .which = which, .number = number, .size = size};
}

static struct tape_op frame_for(uint8_t app, uint8_t pick)
{
    return (struct tape_op){.stream = LINE,
                            .kind = DEVICE_FRAME,
                            .which = app,
                            .number = 60,
                            .size = 7,
                            .value = {{.pick = pick}}};
}

/* --- what is compared ------------------------------------------------------------------------ */

START_TEST(frame_for_one_comes_to_it_alone)
{
    const struct tape tape = {2, {sequence(ONE, RECEIVES_FRAME, 1, 0), frame_for(0, 'x')}};
    struct stage *stage = stage_of(&target_leaks, &tape);
    ck_assert_int_eq(stage_play(stage, &tape), STAGE_HOLDS);
    ck_assert_int_eq(stage->secrets->result.end, TWINS_EQUAL);
    ck_assert_uint_ge(stage->secrets->result.facts.read, 8);
    ck_assert_uint_eq(stage->secrets->host->actions[0].secret_of, 1);
}
END_TEST

START_TEST(frame_for_another_is_no_secret)
{
    const struct tape tape = {2, {sequence(TWO, RECEIVES_FRAME, 1, 0), frame_for(1, 'x')}};
    struct stage *stage = stage_of(&target_leaks, &tape);
    ck_assert_int_eq(stage_play(stage, &tape), STAGE_HOLDS);
    ck_assert_uint_eq(stage->secrets->result.facts.read, 0);
    ck_assert_uint_gt(stage->secrets->result.observed, 8);
}
END_TEST

/* On the stage of `target_told`: in the first octet of one's frame is a flag, which is stuffed; two
 * can tell by when its own goes out. */
static struct tape told(uint8_t size)
{
    const struct tape_op flag = {.stream = ONE,
                                 .kind = BYTES_STORE,
                                 .size = 2, /* a byte, */
                                 .value = {{.pick = 96 + 2}, {.pick = 32, .offset = 0x7e}}};
    return (struct tape){
        3, {flag, sequence(ONE, SENDS_FRAME, 1, size), sequence(TWO, SENDS_FRAME, 1, size)}};
}

START_TEST(what_others_can_tell_is_found)
{
    const struct tape tape = told(3);
    struct stage *stage = stage_of(&target_told, &tape);
    ck_assert_int_eq(stage_play(stage, &tape), STAGE_LEAKS);
    ck_assert(stage->secrets->result.time.found);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    stage_report(stage, out);
    fclose(out);
    ck_assert_msg(strstr(text, "LEAK  fuzz/told@1: secrets of one\n  times that two observes\n"),
                  "%s", text);
    ck_assert_msg(strstr(text, "  path    "), "%s", text);
    free(text);
}
END_TEST

/* Machines are reset before each tape: nothing of an earlier one is left in them. */
START_TEST(each_tape_begins_anew)
{
    const struct tape leaks = told(3), nothing = {0};
    struct stage *stage = stage_of(&target_told, &leaks);
    struct twins_result alone;
    ck_assert_int_eq(stage_play(stage, &nothing), STAGE_HOLDS);
    uint64_t hash = stage->secrets->result.trace_hash;
    ck_assert_int_eq(stage_play(stage, &leaks), STAGE_LEAKS);
    struct twins_result first = stage->secrets->result;
    ck_assert_int_eq(stage_play(stage, &nothing), STAGE_HOLDS);
    ck_assert_uint_eq(stage->secrets->result.trace_hash, hash);
    ck_assert_int_eq(stage_play(stage, &leaks), STAGE_LEAKS);
    ck_assert_mem_eq(&stage->secrets->result, &first, sizeof first);
    twins_run(stage->scenario, 0, &alone);
    ck_assert_mem_eq(&alone, &first, sizeof first);
}
END_TEST

START_TEST(what_the_target_does_not_play_is_left_out)
{
    struct tape tape = {1, {{.stream = LINE, .kind = DEVICE_HANG}}};
    struct stage *stage = stage_of(&target_leaks, &tape);
    ck_assert_int_eq(stage_play(stage, &tape), STAGE_HOLDS);
    ck_assert_uint_eq(stage->scenario->injection_count, 0);
}
END_TEST

/* What two asks for in its first life, it does not get in the next one, nor asks for there. */
START_TEST(raw_text_is_a_secret_when_all_others_have_read)
{
    const struct tape_op text = {
        .stream = LINE, .kind = DEVICE_RECEIVE, .number = 5, .size = 3, .value = {{.pick = 'x'}}};
    const struct tape tape = {5,
                              {on_stage(5), sequence(TWO, READS, 1, 0), sequence(TWO, READS, 1, 0),
                               sequence(ONE, READS, 1, 0), text}};
    struct stage *stage = stage_of(&target_leaks, &tape);
    ck_assert_int_eq(stage_play(stage, &tape), STAGE_HOLDS);
    ck_assert_uint_eq(stage->scenario->injections[0].secret_of, 0);
    ck_assert_uint_gt(stage->scenario->injections[0].at_ps, STAGE_TURN_PS);
    ck_assert_int_eq(stage->scenario->injections[1].kind, INJECT_RESTART);
    ck_assert_uint_eq(stage->scenario->injections[1].process, 1);
    ck_assert_uint_ge(stage->secrets->result.facts.read, 4);
}
END_TEST

/* --- as scenarios ---------------------------------------------------------------------------- */

static void run_decoded(enum decode_names names, struct finding *finding)
{
    static const struct usage usage = {.command = "test"};
    cJSON *tree = reproduce_tree(&r, "found-test", names);
    ck_assert(reproduce_write(&usage, path, tree));
    cJSON_Delete(tree);
    reproduce_run(path, &r.finding, finding);
}

/* Without a leak, too: both runs of the pair are those of the scenario. */
START_TEST(decoded_tape_gives_the_same_trace)
{
    uint8_t bytes[BYTES];
    size_t size = 0;
    struct finding got;
    struct tape tape;
    for (int i = 0; i < 8 + _i % 16; i++)
        size = tape_mutate(&target_leaks.user, bytes, size, sizeof bytes, (uint32_t)(_i * 97 + i));
    tape_decode(bytes, size, &tape);
    memmove(&tape.ops[1], &tape.ops[0], tape.count++ * sizeof tape.ops[0]);
    tape.ops[0] = on_stage((uint8_t)_i);
    ck_assert(reproduce_play(&r, &target_leaks, &tape));
    ck_assert_int_eq(r.finding.end, FINDING_NONE);
    run_decoded(DECODE_NUMBERS, &got);
    ck_assert_msg(got.end == r.finding.end && got.trace_hash == r.finding.trace_hash,
                  "tape %d: end %d, %s", _i, got.end, got.text);
}
END_TEST

START_TEST(decoded_tape_leaks_the_same)
{
    const struct tape tape = told(3);
    struct finding got;
    ck_assert(reproduce_play(&r, &target_told, &tape));
    ck_assert_str_eq(finding_name(&r.finding), "time-leak");
    run_decoded(DECODE_NAMES, &got);
    ck_assert_msg(finding_same(&r.finding, &got, true), "%s", got.text);
    ck_assert_uint_eq(got.trace_hash, r.finding.trace_hash);
    ck_assert_str_eq(got.text, r.finding.text);
}
END_TEST

START_TEST(leaking_tape_is_made_smaller)
{
    struct tape tape = told(7);
    struct shrink shrink;
    tape.ops[tape.count++] = sequence(TWO, RECEIVES_FRAME, 1, 0);
    tape.ops[tape.count++] = frame_for(1, 'x');
    ck_assert(reproduce_play(&r, &target_told, &tape));
    shrink_start(&shrink, &r.finding, true, 60);
    shrink_tape(&shrink, &target_told, &r.stages, &tape);
    ck_assert_uint_le(tape.count, 3);
    ck_assert(finding_same(&r.finding, &shrink.last, true));
}
END_TEST

START_TEST(leaks_are_the_same_by_their_sort_or_by_their_apps)
{
    const struct finding one = {.end = FINDING_LEAK, .leak = {.secret = "a", .observer = "b"}};
    struct finding other = one;
    ck_assert(finding_same(&one, &other, true));
    memcpy(other.leak.observer, "c", 2);
    ck_assert(!finding_same(&one, &other, true));
    ck_assert(finding_same(&one, &other, false));
    other.leak.of_time = true;
    ck_assert_msg(!finding_same(&one, &other, false), "times tell less than values");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stage_secrets");
    TCase *t = tcase_create("pairs");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, frame_for_one_comes_to_it_alone);
    tcase_add_test(t, frame_for_another_is_no_secret);
    tcase_add_test(t, what_others_can_tell_is_found);
    tcase_add_test(t, each_tape_begins_anew);
    tcase_add_test(t, what_the_target_does_not_play_is_left_out);
    tcase_add_test(t, raw_text_is_a_secret_when_all_others_have_read);
    tcase_add_loop_test(t, decoded_tape_gives_the_same_trace, 0, TAPES);
    tcase_add_test(t, decoded_tape_leaks_the_same);
    tcase_add_test(t, leaking_tape_is_made_smaller);
    tcase_add_test(t, leaks_are_the_same_by_their_sort_or_by_their_apps);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
