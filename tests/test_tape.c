/* test_tape.c: tapes (fuzz/tape.h), how they are varied (fuzz/tape_mutate.h), what an app makes of
 * one (fuzz/app_bytes.h), and a stage that plays them (fuzz/stage.h). */
#include "fuzz/stage_target.h"
#include "fuzz/tape_mutate.h"
#include "sim/random.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES = 4096 + 100, TAPES = 300 };

static uint8_t bytes[BYTES];
static struct tape tape, other;

static struct random draws(uint32_t seed)
{
    return random_start(seed, 77);
}

/* Any bytes, of any number: also none, and one too many for whole records. */
static size_t draw_bytes(uint32_t seed)
{
    struct random random = draws(seed);
    size_t size = (size_t)random_below(&random, BYTES);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_next(&random);
    return size;
}

/* --- the tape -------------------------------------------------------------------------------- */

START_TEST(any_bytes_are_a_tape_and_come_back_from_it)
{
    uint8_t again[BYTES];
    size_t size = draw_bytes((uint32_t)_i);
    tape_decode(bytes, size, &tape);
    size_t whole = size / TAPE_RECORD * TAPE_RECORD;
    if (whole > (size_t)TAPE_OP_MAX * TAPE_RECORD)
        whole = (size_t)TAPE_OP_MAX * TAPE_RECORD;
    ck_assert_uint_eq(tape_encode(&tape, again, sizeof again), whole);
    ck_assert_mem_eq(again, bytes, whole);
}
END_TEST

START_TEST(any_tape_comes_back_from_its_bytes)
{
    struct random random = draws((uint32_t)_i);
    memset(&tape, 0, sizeof tape);
    tape.count = (uint32_t)random_below(&random, TAPE_OP_MAX + 1);
    for (uint32_t i = 0; i < tape.count; i++)
        tape.ops[i] = (struct tape_op){
            .stream = (uint8_t)random_below(&random, TAPE_STREAMS),
            .kind = (uint8_t)random_below(&random, TAPE_KINDS),
            .which = (uint8_t)random_next(&random),
            .number = (uint8_t)random_next(&random),
            .size = (uint8_t)random_next(&random),
            .value = {{(uint8_t)random_next(&random), (int8_t)random_next(&random)},
                      {(uint8_t)random_next(&random), (int8_t)random_next(&random)}}};
    memset(&other, 0, sizeof other);
    size_t size = tape_encode(&tape, bytes, sizeof bytes);
    tape_decode(bytes, size, &other);
    ck_assert_mem_eq(&other, &tape, sizeof tape);
}
END_TEST

START_TEST(fields_are_where_the_header_says)
{
    static const uint8_t record[TAPE_RECORD] = {0x2f, 1, 2, 3, 4, 0xfb, 6, 7};
    tape_decode(record, sizeof record, &tape);
    const struct tape_op *op = &tape.ops[0];
    ck_assert_uint_eq(tape.count, 1);
    ck_assert_uint_eq(op->stream, STREAM_APP);
    ck_assert_uint_eq(op->kind, BYTES_FAULT);
    ck_assert(op->which == 1 && op->number == 2 && op->size == 3);
    ck_assert(op->value[0].pick == 4 && op->value[0].offset == -5);
    ck_assert(op->value[1].pick == 6 && op->value[1].offset == 7);
}
END_TEST

/* The operations of a stream, one behind the other. */
static uint32_t stream_of(const struct tape *from, uint32_t stream, struct tape_op ops[TAPE_OP_MAX])
{
    uint32_t at = 0, count = 0;
    const struct tape_op *op;
    while ((op = tape_next(from, stream, &at)))
        ops[count++] = *op;
    return count;
}

static bool same_stream(const struct tape *a, const struct tape *b, uint32_t stream)
{
    static struct tape_op of_a[TAPE_OP_MAX], of_b[TAPE_OP_MAX];
    uint32_t count = stream_of(a, stream, of_a);
    return stream_of(b, stream, of_b) == count && memcmp(of_a, of_b, count * sizeof *of_a) == 0;
}

START_TEST(streams_are_all_there_in_their_order)
{
    uint32_t total = 0;
    tape_decode(bytes, draw_bytes((uint32_t)_i), &tape);
    for (uint32_t stream = 0; stream < TAPE_STREAMS; stream++) {
        uint32_t at = 0, before = 0;
        for (const struct tape_op *op; (op = tape_next(&tape, stream, &at)); total++) {
            ck_assert_uint_eq(op->stream, stream);
            ck_assert_uint_gt(at, before);
            before = at;
        }
    }
    ck_assert_uint_eq(total, tape.count);
}
END_TEST

START_TEST(what_happens_to_a_record_happens_to_its_stream)
{
    size_t size = (draw_bytes((uint32_t)_i) + 1) / TAPE_RECORD * TAPE_RECORD;
    if (size == 0)
        return;
    tape_decode(bytes, size, &tape);
    size_t at = (size_t)_i % tape.count, byte = at * TAPE_RECORD;
    uint32_t stream = tape.ops[at].stream;
    if (_i % 2) /* taken out of the bytes, as any fuzzer may */
        memmove(bytes + byte, bytes + byte + TAPE_RECORD, size - byte - TAPE_RECORD);
    else
        bytes[byte + 2] ^= 0x55;
    tape_decode(bytes, size - (_i % 2 ? TAPE_RECORD : 0), &other);
    for (uint32_t i = 0; i < TAPE_STREAMS; i++)
        if (i != stream && size < (size_t)TAPE_OP_MAX * TAPE_RECORD)
            ck_assert(same_stream(&tape, &other, i));
    ck_assert(!same_stream(&tape, &other, stream));
}
END_TEST

/* --- mutation and crossing ------------------------------------------------------------------- */

static const struct tape_user user = {.kinds = {[STREAM_SCHEDULE] = 0x7f, [STREAM_APP] = 0xffff}};

START_TEST(mutant_is_whole_records_within_its_room_and_of_played_kinds)
{
    size_t size = 0, max = 8u + (size_t)_i % 200u;
    for (uint32_t seed = 0; seed < 50; seed++) {
        size = tape_mutate(&user, bytes, size, max, seed + 1000u * (uint32_t)_i);
        ck_assert_uint_gt(size, 0);
        ck_assert_uint_le(size, max);
        ck_assert_uint_eq(size % TAPE_RECORD, 0);
        tape_decode(bytes, size, &tape);
        for (uint32_t i = 0; i < tape.count; i++)
            ck_assert(user.kinds[tape.ops[i].stream] >> tape.ops[i].kind & 1);
    }
}
END_TEST

START_TEST(mutant_is_the_same_for_the_same_seed)
{
    uint8_t again[BYTES];
    size_t size = draw_bytes((uint32_t)_i) / 2;
    memcpy(again, bytes, sizeof bytes);
    size_t one = tape_mutate(&user, bytes, size, sizeof bytes, (uint32_t)_i);
    ck_assert_uint_eq(tape_mutate(&user, again, size, sizeof again, (uint32_t)_i), one);
    ck_assert_mem_eq(again, bytes, one);
}
END_TEST

START_TEST(mutation_fits_a_block_of_its_very_size)
{
    for (size_t max = 0; max < 40; max++) {
        uint8_t *block = malloc(max ? max : 1); /* a sanitizer sees its end */
        ck_assert_ptr_nonnull(block);
        memset(block, 0x21, max);
        ck_assert_uint_le(tape_mutate(&user, block, max, max, (uint32_t)_i), max);
        free(block);
    }
}
END_TEST

START_TEST(full_tape_has_room_for_no_more)
{
    memset(bytes, 0x21, sizeof bytes);
    for (uint32_t seed = 0; seed < 100; seed++) {
        size_t size = tape_mutate(&user, bytes, sizeof bytes, sizeof bytes, seed);
        ck_assert_uint_le(size, (size_t)TAPE_OP_MAX * TAPE_RECORD);
        ck_assert_uint_ge(size, (size_t)(TAPE_OP_MAX - 4) * TAPE_RECORD);
    }
}
END_TEST

START_TEST(child_has_each_stream_from_one_parent)
{
    static uint8_t mother[BYTES], child[2 * BYTES];
    struct tape of_child;
    size_t size = draw_bytes((uint32_t)_i) % 1500;
    memcpy(mother, bytes, size);
    size_t father = draw_bytes((uint32_t)_i + TAPES) % 1500;
    tape_decode(mother, size, &tape);
    tape_decode(bytes, father, &other);
    size_t born = tape_cross(mother, size, bytes, father, child, sizeof child, (uint32_t)_i);
    tape_decode(child, born, &of_child);
    for (uint32_t stream = 0; stream < TAPE_STREAMS; stream++)
        ck_assert(same_stream(&of_child, &tape, stream) || same_stream(&of_child, &other, stream));
}
END_TEST

/* --- the stage ------------------------------------------------------------------------------- */

static const char stage_text[] =
    "{\"claim\": \"Nothing breaks.\", \"board\": \"nrf52840dk\", \"apps\": ["
    "{\"name\": \"one\", \"program\": \"bytes\", \"fault_policy\": \"restart\"},"
    "{\"name\": \"two\", \"program\": \"bytes\", \"fault_policy\": \"restart\"}],"
    "\"until_ms\": 10}";

static struct stage stage;

static void set_up_stage(void)
{
    struct problems problems = {0};
    ck_assert_msg(stage_make(&stage, "fuzz/test.json", stage_text, &problems), "%s",
                  problems.text ? problems.text : "?");
}

static void tear_down_stage(void)
{
    stage_free(&stage);
}

static uint64_t hash_of(const struct tape *of)
{
    ck_assert_int_eq(stage_play(&stage, of), STAGE_HOLDS);
    return machine_trace_hash(stage.hw.m);
}

static void mutant(struct tape *into, uint32_t seed)
{
    static const struct tape_user all = {
        .kinds = {[STREAM_SCHEDULE] = 0x7f, [STREAM_APP] = 0xffff, [STREAM_APP + 1] = 0xffff}};
    size_t size = 0;
    for (uint32_t i = 0; i < 60; i++)
        size = tape_mutate(&all, bytes, size, 512, seed * 100 + i);
    tape_decode(bytes, size, into);
}

START_TEST(tape_plays_the_same_whatever_was_played_before)
{
    uint64_t first[20];
    for (uint32_t i = 0; i < 20; i++) {
        mutant(&tape, i);
        first[i] = hash_of(&tape);
    }
    for (uint32_t i = 20; i-- > 0;) {
        mutant(&tape, i);
        ck_assert_uint_eq(hash_of(&tape), first[i]);
    }
    tear_down_stage(); /* nor does it matter which machine plays it */
    set_up_stage();
    mutant(&tape, 19);
    ck_assert_uint_eq(hash_of(&tape), first[19]);
}
END_TEST

static struct tape_op op_of(uint8_t stream, uint8_t kind, uint8_t which)
{
    return (struct tape_op){.stream = stream, .kind = kind, .which = which};
}

START_TEST(apps_play_their_own_streams)
{
    tape = (struct tape){
        .count = 2,
        .ops = {op_of(STREAM_APP + 1, BYTES_FAULT, 0), op_of(STREAM_APP + 1, BYTES_FAULT, 0)}};
    (void)hash_of(&tape);
    ck_assert_uint_eq(machine_process_facts(stage.hw.m, 0).restart_count, 0);
    ck_assert_uint_eq(machine_process_facts(stage.hw.m, 1).restart_count, 2);
}
END_TEST

START_TEST(schedule_kills_whom_it_says)
{
    tape = (struct tape){.count = 1, .ops = {op_of(STREAM_SCHEDULE, SCHEDULE_KILL, 3)}};
    (void)hash_of(&tape);
    ck_assert(machine_injection_fired(stage.hw.m, 0));
    ck_assert_uint_ne(machine_process_facts(stage.hw.m, 1).state,
                      machine_process_facts(stage.hw.m, 0).state);
}
END_TEST

START_TEST(board_is_chosen_by_the_schedule)
{
    tape = (struct tape){.count = 1, .ops = {op_of(STREAM_APP, SCHEDULE_STAGE, 1)}};
    ck_assert_uint_eq(stage_chosen(&tape, 2), 0);
    tape.ops[0].stream = STREAM_SCHEDULE;
    ck_assert_uint_eq(stage_chosen(&tape, 2), 1);
    ck_assert_uint_eq(stage_chosen(&tape, 1), 0);
}
END_TEST

/* --- what an app makes of a record ----------------------------------------------------------- */

START_TEST(every_kind_is_an_operation_and_the_end_waits)
{
    static const struct syscall wait = {SYSCALL_YIELD, {YIELD_WAIT, 0, 0, 0}};
    struct bytes_program program = {
        .scenario = stage.scenario, .tape = &tape, .stream = STREAM_APP};
    struct {
        struct app app;
        uint32_t state[4];
    } place = {.app = {.program = &program, .ram_base = 0x20010000, .ram_size = 0x1000}};
    struct app_op op;
    uint32_t seen = 0;
    tape.count = 0;
    for (uint32_t which = 0; which < 16; which++)
        for (uint32_t kind = 0; kind < TAPE_KINDS; kind++)
            tape.ops[tape.count++] = op_of(STREAM_APP, (uint8_t)kind, (uint8_t)(which * 16));
    ck_assert_uint_le(bytes_engine.state_size, sizeof place.state);
    for (uint32_t i = 0; i < tape.count; i++) {
        bytes_engine.next(&place.app, &op);
        seen |= 1u << (op.kind == OP_SYSCALL ? 16 + op.call.class : op.kind);
    }
    ck_assert_uint_eq(seen & 0xff0000u, 0xff0000u); /* all classes */
    ck_assert(seen & 1u << OP_LOAD && seen & 1u << OP_STORE && seen & 1u << OP_EXECUTE);
    ck_assert(seen & 1u << OP_COMPUTE && seen & 1u << OP_FAULT);
    bytes_engine.next(&place.app, &op);
    ck_assert_int_eq(op.kind, OP_SYSCALL);
    ck_assert_mem_eq(&op.call, &wait, sizeof wait);
}
END_TEST

enum { TIMER0 = 0x40008000, EGU0 = 0x40014000, RADIO = 0x40001000 };

static struct stage_log stage_log;

static uint8_t endpoint_at(uint32_t base)
{
    const struct kernel_config *config = &stage.scenario->config;
    uint8_t which = 0;
    while (config->endpoints[which].windows[0].base != base)
        which++;
    return which;
}

/* What app one is given of a tape that is one operation of kind 8: S subscribe, C command, Y yield,
 * s store, w work. */
static const char *given_of(uint8_t number, uint8_t which)
{
    static char given[BYTES_GIVEN_MAX + 1];
    static const char classes[] = {
        [SYSCALL_YIELD] = 'Y', [SYSCALL_SUBSCRIBE] = 'S', [SYSCALL_COMMAND] = 'C'};
    tape = (struct tape){.count = 1, .ops = {op_of(STREAM_APP, BYTES_CALL_ANY, which)}};
    tape.ops[0].number = number;
    stage.log = &stage_log;
    (void)hash_of(&tape);
    for (uint32_t i = 0; i <= stage_log.apps.count; i++) {
        const struct app_op *op = &stage_log.apps.given[i].op;
        given[i] = op->kind == OP_STORE     ? 's'
                   : op->kind == OP_COMPUTE ? 'w'
                                            : classes[op->call.class];
        if (i == stage_log.apps.count)
            given[i] = '\0';
    }
    return given;
}

static const struct {
    uint8_t number;
    uint32_t device;
    const char *given;
} sequences[] = {
    {112, EGU0, "Csss"},  {113, EGU0, "SCsss"},    {114, TIMER0, "Csssw"}, {116, EGU0, "CsssY"},
    {120, EGU0, "CsssC"}, {127, EGU0, "SCssswYC"}, {112, RADIO, "Cw"},     {115, RADIO, "SCw"},
    {120, RADIO, "CC"},   {96, EGU0, "Cw"},        {111, EGU0, "Cw"},
};

START_TEST(owner_asks_enables_and_starts_what_it_was_given)
{
    ck_assert_str_eq(given_of(sequences[_i].number, endpoint_at(sequences[_i].device)),
                     sequences[_i].given);
}
END_TEST

static const struct stage_target *const tellers[] = {&target_device, &target_ble, &target_syscall,
                                                     &target_filter};

START_TEST(story_is_of_played_kinds_and_begins_with_its_stage)
{
    const struct tape_user *told = &tellers[_i]->user;
    uint32_t streams = 0;
    for (uint32_t seed = 0; seed < 500; seed++) {
        struct random random = random_start(seed, 0);
        tape.count = 0;
        told->tell(&tape, &random);
        ck_assert_uint_ge(tape.count, 1);
        ck_assert_uint_le(tape.count, STORY_MAX);
        ck_assert_uint_eq(tape.ops[0].stream, STREAM_SCHEDULE);
        ck_assert_uint_eq(tape.ops[0].kind, SCHEDULE_STAGE);
        for (uint32_t i = 0; i < tape.count; i++) {
            ck_assert(told->kinds[tape.ops[i].stream] >> tape.ops[i].kind & 1);
            streams |= 1u << tape.ops[i].stream;
        }
    }
    ck_assert_int_ge(__builtin_popcount(streams), 3);
}
END_TEST

START_TEST(mutation_repeats_operations)
{
    uint32_t longest = 0;
    for (uint32_t seed = 0; seed < 200; seed++) {
        uint32_t in_a_row = 0;
        size_t size = 0;
        size = tape_mutate(&(struct tape_user){.kinds = {[STREAM_APP] = 0xffff}}, bytes, size, 512,
                           seed);
        for (uint32_t i = 0; i < 3; i++)
            size = tape_mutate(&(struct tape_user){.kinds = {[STREAM_APP] = 0xffff}}, bytes, size,
                               512, seed * 100 + i);
        tape_decode(bytes, size, &tape);
        for (uint32_t i = 1; i < tape.count; i++) {
            bool again = memcmp(&tape.ops[i], &tape.ops[i - 1], sizeof tape.ops[0]) == 0;
            in_a_row = again ? in_a_row + 1 : 0;
            longest = in_a_row > longest ? in_a_row : longest;
        }
    }
    ck_assert_uint_ge(longest, 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tape");
    TCase *c = tcase_create("tape");
    tcase_add_loop_test(c, any_bytes_are_a_tape_and_come_back_from_it, 0, 40);
    tcase_add_loop_test(c, any_tape_comes_back_from_its_bytes, 0, 40);
    tcase_add_test(c, fields_are_where_the_header_says);
    tcase_add_loop_test(c, streams_are_all_there_in_their_order, 0, 10);
    tcase_add_loop_test(c, what_happens_to_a_record_happens_to_its_stream, 0, 40);
    tcase_add_loop_test(c, mutant_is_whole_records_within_its_room_and_of_played_kinds, 0, 20);
    tcase_add_loop_test(c, mutant_is_the_same_for_the_same_seed, 0, 20);
    tcase_add_loop_test(c, mutation_fits_a_block_of_its_very_size, 0, 10);
    tcase_add_test(c, full_tape_has_room_for_no_more);
    tcase_add_test(c, mutation_repeats_operations);
    tcase_add_loop_test(c, story_is_of_played_kinds_and_begins_with_its_stage, 0, 4);
    tcase_add_loop_test(c, child_has_each_stream_from_one_parent, 0, 40);
    suite_add_tcase(suite, c);
    TCase *on_stage = tcase_create("stage");
    tcase_add_checked_fixture(on_stage, set_up_stage, tear_down_stage);
    tcase_add_test(on_stage, tape_plays_the_same_whatever_was_played_before);
    tcase_add_test(on_stage, apps_play_their_own_streams);
    tcase_add_test(on_stage, schedule_kills_whom_it_says);
    tcase_add_test(on_stage, board_is_chosen_by_the_schedule);
    tcase_add_test(on_stage, every_kind_is_an_operation_and_the_end_waits);
    tcase_add_loop_test(on_stage, owner_asks_enables_and_starts_what_it_was_given, 0,
                        sizeof sequences / sizeof sequences[0]);
    suite_add_tcase(suite, on_stage);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
