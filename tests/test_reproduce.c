/* Tests of what makes reproducers: a tape as a scenario, both made smaller, findings compared. */
#define _DEFAULT_SOURCE /* mkstemps() */

#include "tools/reproduce.h"

#include "sim/world/central.h"
#include "tools/catalogue.h"
#include "tools/crash_sort.h"
#include "tools/json_print.h"
#include "tools/shrink.h"
#include <check.h>
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TAPES = 40, BYTES = 1024 };

/* Its second app may panic the kernel by its policy: a rule that a tape of one operation breaks. */
static const struct stage_target target_panics = {
    .name = "panics",
    .stage_count = 1,
    .stages = {{"fuzz/panics.json",
                "{\"claim\": \"Nothing breaks.\", \"board\": \"nrf52840dk\", \"apps\": ["
                "{\"name\": \"one\", \"program\": \"bytes\", \"fault_policy\": \"restart\"},"
                "{\"name\": \"two\", \"program\": \"bytes\", \"fault_policy\": \"panic\"}],"
                "\"until_ms\": 10}"}},
    .user = {.kinds = {[STREAM_SCHEDULE] = 1 << SCHEDULE_INTERRUPT | 1 << SCHEDULE_STORM,
                       [STREAM_APP] = 0xffff,
                       [STREAM_APP + 1] = 0xffff}},
};

static struct reproduction r;
static struct tape tape;
static char path[] = "/tmp/reproduce-XXXXXX.json";

static void setup(void)
{
    int fd = mkstemps(strcpy(path, "/tmp/reproduce-XXXXXX.json"), 5);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void teardown(void)
{
    unlink(path);
    reproduce_free(&r);
}

static void draw_tape(const struct stage_target *target, uint32_t seed)
{
    uint8_t bytes[BYTES];
    size_t size = 0;
    for (uint32_t i = 0; i < 4 + seed % 16; i++)
        size = tape_mutate(&target->user, bytes, size, sizeof bytes, seed * 97 + i);
    tape_decode(bytes, size, &tape);
}

/* Writes the tape's scenario and runs what it wrote. */
static void run_decoded(enum decode_names names, struct finding *finding)
{
    static const struct usage usage = {.command = "test"};
    cJSON *tree = reproduce_tree(&r, "found-test", names);
    ck_assert(reproduce_write(&usage, path, tree));
    cJSON_Delete(tree);
    reproduce_run(path, NULL, finding);
}

/* --- decoding -------------------------------------------------------------------------------- */

START_TEST(decoded_tape_gives_the_same_trace)
{
    struct finding got;
    draw_tape(&target_syscall, (uint32_t)_i);
    ck_assert(reproduce_play(&r, &target_syscall, &tape));
    run_decoded(DECODE_NUMBERS, &got);
    ck_assert_msg(got.end == r.finding.end && got.trace_hash == r.finding.trace_hash,
                  "tape %d: end %d, %s", _i, got.end, got.text);
    run_decoded(DECODE_NAMES, &got);
    ck_assert_int_eq(got.end, r.finding.end);
}
END_TEST

/* From reset, though the tape played from a snapshot. */
START_TEST(decoded_tape_of_the_air_gives_the_same_trace)
{
    struct finding got;
    uint32_t stage = (uint32_t)_i % target_ble.stage_count;
    draw_tape(&target_ble, (uint32_t)_i);
    memmove(&tape.ops[1], &tape.ops[0], tape.count++ * sizeof tape.ops[0]);
    tape.ops[0] = (struct tape_op){
        .stream = STREAM_SCHEDULE, .kind = SCHEDULE_STAGE, .which = (uint8_t)stage};
    ck_assert(reproduce_play(&r, &target_ble, &tape));
    run_decoded(DECODE_NUMBERS, &got);
    ck_assert_msg(got.end == r.finding.end && got.trace_hash == r.finding.trace_hash,
                  "tape %d: end %d, %s", _i, got.end, got.text);
}
END_TEST

START_TEST(decoded_tape_breaks_the_same_rule)
{
    struct finding got;
    tape = (struct tape){.count = 1, .ops = {{.stream = STREAM_APP + 1, .kind = BYTES_FAULT}}};
    ck_assert(reproduce_play(&r, &target_panics, &tape));
    ck_assert_str_eq(finding_name(&r.finding), "kernel-panic");
    run_decoded(DECODE_NAMES, &got);
    ck_assert(finding_same(&r.finding, &got, true));
    ck_assert_uint_eq(got.trace_hash, r.finding.trace_hash);
}
END_TEST

/* A pattern keeps its words: fuzz/decode.c writes those. */
static void plan_each_injection(struct scenario *s)
{
    s->injection_count = INJECTION_KINDS + 1;
    uint32_t timer = board_device_named(&s->board, "TIMER1");
    uint32_t uart = board_device_named(&s->board, "UARTE0");
    for (uint32_t k = 0; k < s->injection_count; k++) {
        struct injection *i = &s->injections[k];
        *i = (struct injection){.kind = (enum injection_kind)(k % INJECTION_KINDS),
                                .at_ps = 200062500 + k,
                                .process = 1,
                                .device = k == INJECT_RECEIVE || k == INJECT_ERROR ? uart : timer,
                                .line = 9,
                                .value = 32,
                                .count = 3,
                                .period_ps = 1250000,
                                .size = 2,
                                .bytes = {0x0a, 0xff}};
        if (i->kind == INJECT_POKE)
            i->address = s->config.kernel_ram.base + 16;
        if (i->kind == INJECT_FORCE)
            i->address = 0x540;
    }
    struct injection *last = &s->injections[INJECTION_KINDS];
    ck_assert(pattern_parse(s, "syscall one", &last->when, NULL, 0));
    last->at_event = true;
    last->nth = 2;
    last->from_ps = 5000000;
}

START_TEST(each_injection_is_written_as_it_is)
{
    const struct catalogue known = catalogue();
    const struct load_options options = {.boards = "scenarios/boards"};
    struct problems problems = {0};
    struct family family = {0};
    char *text;
    tape.count = 0;
    ck_assert(reproduce_play(&r, &target_panics, &tape));
    plan_each_injection(r.stage->scenario);
    memset(r.log->tried, true, sizeof r.log->tried);
    cJSON *tree = reproduce_tree(&r, "x", DECODE_NAMES);
    text = cJSON_PrintUnformatted(tree);
    ck_assert_msg(
        scenario_load_text("t.json", text, strlen(text), &known, &options, &family, &problems),
        "%s", problems.text);
    const struct scenario *s = family.members[0], *from = r.stage->scenario;
    ck_assert_uint_eq(s->injection_count, from->injection_count);
    for (uint32_t k = 0; k < s->injection_count; k++) {
        const struct injection *got = &s->injections[k], *wanted = &from->injections[k];
        ck_assert_int_eq(got->kind, wanted->kind);
        ck_assert_uint_eq(got->at_ps, wanted->at_ps);
        ck_assert_int_eq(got->at_event, wanted->at_event);
        if (got->at_event)
            ck_assert(got->nth == 2 && got->from_ps == 5000000);
        if (got->kind == INJECT_STORM)
            ck_assert(got->line == 9 && got->count == 3 && got->period_ps == 1250000);
        if (got->kind == INJECT_FORCE)
            ck_assert(got->address == 0x540 && got->value == 32 && got->count == 3);
        if (got->kind == INJECT_POKE)
            ck_assert(got->address == wanted->address && got->value == 32);
        if (got->kind == INJECT_RECEIVE)
            ck_assert(got->size == 2 && got->bytes[0] == 0x0a && got->bytes[1] == 0xff);
        if (got->kind == INJECT_MEMORY_PRESSURE)
            ck_assert(got->value == 32 && got->process == 1);
        if (got->kind == INJECT_DELAY || got->kind == INJECT_HASTEN)
            ck_assert(got->period_ps == 1250000 && got->device == wanted->device);
    }
    free(text);
    cJSON_Delete(tree);
    family_free(&family);
}
END_TEST

static void load_decoded(struct family *family)
{
    const struct catalogue known = catalogue();
    const struct load_options options = {.boards = "scenarios/boards"};
    struct problems problems = {0};
    cJSON *tree = reproduce_tree(&r, "x", DECODE_NAMES);
    char *text = cJSON_PrintUnformatted(tree);
    ck_assert_msg(
        scenario_load_text("t.json", text, strlen(text), &known, &options, family, &problems), "%s",
        problems.text);
    free(text);
    cJSON_Delete(tree);
}

/* Each kind, on one frame and on some, by the sender and by another. */
static void plan_each_fault(struct scenario *s, const struct air_tape *air)
{
    s->air.fault_count = 2 * AIR_HOWS;
    for (uint32_t k = 0; k < s->air.fault_count; k++) {
        uint8_t how = (uint8_t)(k % AIR_HOWS);
        bool is_odd = k >= AIR_HOWS, has_octets = how != AIR_SHIFT && how > AIR_CORRUPT;
        s->air.faults[k] = (struct air_fault){.how = how,
                                              .device = how == AIR_FOLLOW ? air->radio : air->first,
                                              .first = 10 + k,
                                              .last = 10 + k + is_odd,
                                              .by = is_odd ? air->last : air->first,
                                              .shift_ps = 1062500};
        struct air_fault *fault = &s->air.faults[k];
        if (how == AIR_SHIFT && is_odd)
            fault->shift_ps = -1062500;
        if (has_octets && how != AIR_REPEAT) {
            fault->octet_count = 2;
            memcpy(fault->octets, "\x02\xff", 2);
        }
        if (has_octets && how < AIR_SHIFT)
            fault->at = (uint16_t)(1 + is_odd);
    }
}

START_TEST(each_air_fault_is_written_as_it_is)
{
    struct family family = {0};
    tape.count = 0;
    ck_assert(reproduce_play(&r, &target_ble, &tape));
    plan_each_fault(r.stage->scenario, &r.stage->air);
    load_decoded(&family);
    const struct air_conditions *got = &family.members[0]->air, *wanted = &r.stage->scenario->air;
    ck_assert_uint_eq(got->fault_count, wanted->fault_count);
    for (uint32_t k = 0; k < got->fault_count; k++) {
        const struct air_fault *g = &got->faults[k], *w = &wanted->faults[k];
        ck_assert(g->how == w->how && g->device == w->device && !g->at_time);
        ck_assert(g->first == w->first && g->last == w->last && g->at == w->at);
        if (w->how >= AIR_SHIFT)
            ck_assert_int_eq(g->shift_ps, w->shift_ps);
        if (w->how >= AIR_REPEAT)
            ck_assert_uint_eq(g->by, w->by);
        ck_assert_uint_eq(g->octet_count, w->octet_count);
        ck_assert_mem_eq(g->octets, w->octets, w->octet_count);
    }
    family_free(&family);
}
END_TEST

/* Of each verb with the least and the most that its arguments may be, but the resets'
 * neighbours. */
static void plan_each_action(struct peer_plan *plan)
{
    static const struct peer_octets octets = {.number = 1, .size = 3, .octets = (uint8_t *)"\0ab"};
    plan->octets = &octets;
    plan->action_count = 2 * CENTRAL_VERBS;
    for (uint32_t n = 0; n < plan->action_count; n++) {
        const struct peer_verb *verb = &central_verbs[n / 2];
        struct peer_action *action = &plan->actions[n];
        *action = (struct peer_action){.at_event = 40 + n, .verb = (uint16_t)(n / 2)};
        for (uint32_t i = 0; i < verb->argument_count; i++) {
            const struct peer_parameter *p = &verb->arguments[i];
            action->arguments[i] = p->unit == PEER_HEX ? 1 : n % 2 ? p->max : p->min;
        }
    }
}

START_TEST(each_action_of_the_central_is_written_as_it_is)
{
    struct family family = {0};
    tape.count = 0;
    ck_assert(reproduce_play(&r, &target_ble, &tape));
    plan_each_action(r.stage->air.plan);
    load_decoded(&family);
    const struct peer_plan *wanted = r.stage->air.plan, *got = &family.members[0]->peers[0].plan;
    ck_assert_uint_eq(got->action_count, wanted->action_count);
    for (uint32_t n = 0; n < got->action_count; n++) {
        const struct peer_verb *verb = &central_verbs[wanted->actions[n].verb];
        ck_assert_uint_eq(got->actions[n].verb, wanted->actions[n].verb);
        ck_assert_uint_eq(got->actions[n].at_event, wanted->actions[n].at_event);
        for (uint32_t i = 0; i < verb->argument_count; i++) {
            uint64_t value = got->actions[n].arguments[i];
            if (verb->arguments[i].unit != PEER_HEX)
                ck_assert_uint_eq(value, wanted->actions[n].arguments[i]);
            else
                ck_assert(peer_octets(got, value)->size == 3 &&
                          memcmp(peer_octets(got, value)->octets, "\0ab", 3) == 0);
        }
    }
    family_free(&family);
}
END_TEST

/* --- making small ---------------------------------------------------------------------------- */

/* A list of numbers that must keep a 3 and an 8. */
struct numbers {
    uint32_t count, before_count;
    int at[16], before[16];
};

static uint32_t numbers_count(const void *list)
{
    return ((const struct numbers *)list)->count;
}

static void take_numbers(void *list, uint32_t from, uint32_t count)
{
    struct numbers *n = list;
    n->before_count = n->count;
    memcpy(n->before, n->at, sizeof n->at);
    memmove(&n->at[from], &n->at[from + count], (n->count - from - count) * sizeof n->at[0]);
    n->count -= count;
}

static void put_numbers_back(void *list)
{
    struct numbers *n = list;
    n->count = n->before_count;
    memcpy(n->at, n->before, sizeof n->at);
}

static void look_at_numbers(void *subject, struct finding *finding)
{
    const struct numbers *n = subject;
    int found = 0;
    for (uint32_t i = 0; i < n->count; i++)
        found |= n->at[i] == 3 ? 1 : n->at[i] == 8 ? 2 : 0;
    *finding = (struct finding){.end = found == 3 ? FINDING_SIMULATOR : FINDING_NONE};
}

START_TEST(list_keeps_only_what_the_finding_needs)
{
    struct shrink shrink;
    struct numbers numbers = {.count = 16,
                              .at = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
    const struct shrink_list list = {&numbers, numbers_count, take_numbers, put_numbers_back};
    const struct finding wanted = {.end = FINDING_SIMULATOR};
    shrink_start(&shrink, &wanted, false, 100);
    shrink.run = look_at_numbers;
    shrink.subject = &numbers;

    ck_assert(shrink_list(&shrink, &list));

    ck_assert_uint_eq(numbers.count, 2);
    ck_assert(numbers.at[0] == 3 && numbers.at[1] == 8);
    ck_assert(!shrink.ended_early);
    ck_assert(!shrink_list(&shrink, &list));
}
END_TEST

START_TEST(search_ends_with_its_time)
{
    struct shrink shrink;
    struct numbers numbers = {.count = 4, .at = {3, 8, 1, 2}};
    const struct shrink_list list = {&numbers, numbers_count, take_numbers, put_numbers_back};
    const struct finding wanted = {.end = FINDING_SIMULATOR};
    shrink_start(&shrink, &wanted, false, 0);
    shrink.run = look_at_numbers;
    shrink.subject = &numbers;

    ck_assert(!shrink_list(&shrink, &list));

    ck_assert(shrink.ended_early);
    ck_assert_uint_eq(numbers.count, 4);
}
END_TEST

/* A drawn tape before whose first operation one stands that panics: if it is played at all, since a
 * drawn schedule may end its app first. */
static bool draw_panic(uint32_t seed)
{
    draw_tape(&target_panics, seed);
    memmove(&tape.ops[1], &tape.ops[0], tape.count++ * sizeof tape.ops[0]);
    tape.ops[0] = (struct tape_op){
        .stream = STREAM_APP + 1, .kind = BYTES_FAULT, .which = 9, .value = {{1, 2}, {3, 4}}};
    ck_assert(reproduce_play(&r, &target_panics, &tape));
    return strcmp(finding_name(&r.finding), "kernel-panic") == 0;
}

START_TEST(tape_is_left_with_the_operation_that_panics)
{
    struct shrink shrink;
    uint32_t seed = (uint32_t)_i + 3;
    while (!draw_panic(seed)) {
        seed += 100;
        ck_assert_uint_lt(seed, 1000);
    }
    const struct finding wanted = r.finding;
    shrink_start(&shrink, &wanted, false, 100);

    shrink_tape(&shrink, r.target, &r.stages, &tape);

    ck_assert_uint_eq(tape.count, 1);
    ck_assert_uint_eq(tape.ops[0].which, 0);
    ck_assert_uint_gt(shrink.tried, 0);
    ck_assert(!shrink.ended_early);
}
END_TEST

/* --- findings -------------------------------------------------------------------------------- */

START_TEST(finding_is_the_same_by_its_rule_or_by_its_place)
{
    struct finding one = {.end = FINDING_BROKEN,
                          .break_count = 1,
                          .breaks = {{.rule = RULE_REACH, .app = "one", .address = 4}}};
    struct finding other = one;
    ck_assert(finding_same(&one, &other, true));
    other.breaks[0].address = 8;
    ck_assert(finding_same(&one, &other, false));
    ck_assert(!finding_same(&one, &other, true));
    other.breaks[1] = one.breaks[0];
    other.break_count = 2;
    ck_assert_msg(finding_same(&one, &other, true), "any break of the other will do");
    other.breaks[0].rule = other.breaks[1].rule = RULE_STALE_MPU;
    ck_assert(!finding_same(&one, &other, false));
    other.end = FINDING_CRASHED;
    ck_assert(!finding_same(&one, &other, false));
    one = other;
    strcpy(one.place, "model/a.c:1:2: runtime error");
    ck_assert_msg(!finding_same(&one, &other, false), "another line is another crash");
}
END_TEST

START_TEST(check_that_fails_otherwise_is_another_finding)
{
    const struct finding one = {.end = FINDING_BROKEN,
                                .break_count = 1,
                                .breaks = {{.rule = RULE_COUNT, .own = true, .got = 3}}};
    struct finding other = one;
    ck_assert(finding_same(&one, &other, false));
    other.breaks[0].got = 4;
    ck_assert_msg(!finding_same(&one, &other, false), "a count that is wrong in another way");
}
END_TEST

START_TEST(bucket_has_no_numbers_and_no_names)
{
    char name[BUCKET_NAME_MAX];
    struct finding f = {.end = FINDING_BROKEN,
                        .break_count = 1,
                        .breaks = {{.rule = RULE_MEMORY_LAYOUT, .app = "two"}},
                        .text = "two has allowed 32 bytes at flash+0x0, which are not all its own"};
    bucket_name(&f, name);
    ck_assert_str_eq(name, "memory-layout-has-allowed-bytes-at-which-are-not-all-its-own");
    f.end = FINDING_CRASHED;
    strcpy(f.place, "model/mpu_armv7m.c:331:28: runtime error");
    bucket_name(&f, name);
    ck_assert_str_eq(name, "crash-model-mpu-armv7m-c-331-28-runtime-error");
}
END_TEST

/* --- text ------------------------------------------------------------------------------------ */

START_TEST(tree_is_printed_as_people_write_it)
{
    static const char wanted[] = "{\n"
                                 "  \"at_us\": 0.000001,\n"
                                 "  \"whole\": 4294967295,\n"
                                 "  \"empty\": [],\n"
                                 "  \"args\": [1, \"two\", null],\n"
                                 "  \"steps\": [\n"
                                 "    { \"load\": -1 },\n"
                                 "    { \"crash\": true }\n"
                                 "  ]\n"
                                 "}\n";
    char *text = NULL;
    size_t size = 0;
    cJSON *tree = cJSON_Parse(wanted);
    FILE *memory = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(memory);
    json_print(memory, tree);
    fclose(memory);
    ck_assert_str_eq(text, wanted);
    free(text);
    cJSON_Delete(tree);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reproduce");
    TCase *t = tcase_create("reproduce");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, decoded_tape_gives_the_same_trace, 0, TAPES);
    tcase_add_loop_test(t, decoded_tape_of_the_air_gives_the_same_trace, 0, TAPES);
    tcase_add_test(t, decoded_tape_breaks_the_same_rule);
    tcase_add_test(t, each_injection_is_written_as_it_is);
    tcase_add_test(t, each_air_fault_is_written_as_it_is);
    tcase_add_test(t, each_action_of_the_central_is_written_as_it_is);
    tcase_add_test(t, list_keeps_only_what_the_finding_needs);
    tcase_add_test(t, search_ends_with_its_time);
    tcase_add_loop_test(t, tape_is_left_with_the_operation_that_panics, 0, 8);
    tcase_add_test(t, finding_is_the_same_by_its_rule_or_by_its_place);
    tcase_add_test(t, check_that_fails_otherwise_is_another_finding);
    tcase_add_test(t, bucket_has_no_numbers_and_no_names);
    tcase_add_test(t, tree_is_printed_as_people_write_it);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
