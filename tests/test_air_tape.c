/* test_air_tape.c: what two streams of a tape make of the air and of a central, on a stage that
 * begins in a connection.
 */
#include "fuzz/excuse.h"
#include "fuzz/stage_target.h"
#include "sim/world/central.h"

#include <check.h>
#include <string.h>

/* Without the app that plays no tape: it is the peripheral that is slow to start. */
enum { STAGES_CONNECTED = 5, STAGE_ENCRYPTED = 3, TAPES = 200, FROM_US = 50000 };

static struct stage_set set;
static struct tape tape;

static void tear_down(void)
{
    stage_set_free(&set);
}

static struct stage *stage_of(const struct tape *of)
{
    struct problems problems = {0};
    struct stage *stage = stage_for(&target_ble, &set, of, &problems);
    ck_assert_msg(stage != NULL, "%s", problems.text ? problems.text : "?");
    return stage;
}

static struct tape_op op_of(uint8_t stream, uint8_t kind, uint8_t which)
{
    return (struct tape_op){.stream = stream, .kind = kind, .which = which};
}

static void play_one(struct tape_op op)
{
    tape = (struct tape){.count = 1, .ops = {op}};
    (void)stage_play(stage_of(&tape), &tape);
}

START_TEST(stage_of_each_design_begins_in_its_connection_or_before)
{
    tape = (struct tape){.count = 1, .ops = {op_of(STREAM_SCHEDULE, SCHEDULE_STAGE, (uint8_t)_i)}};
    struct stage *stage = stage_of(&tape);
    ck_assert_int_eq(stage_play(stage, &tape), STAGE_HOLDS);
    ck_assert_uint_gt(stage->from_ps, target_ble.from_us[_i] * PS_PER_US);
    ck_assert_uint_eq(stage->from_ps, machine_now_ps(stage->snapshot) + SCHEDULE_STEP_PS);
    ck_assert_uint_eq(stage->air.events > 0, _i < STAGES_CONNECTED);
    ck_assert_uint_eq(stage->air.sent[0] > 0, _i < STAGES_CONNECTED);
    ck_assert_ptr_nonnull(stage->air.plan);
}
END_TEST

START_TEST(tape_plays_the_same_whatever_was_played_before)
{
    uint64_t first[20];
    uint8_t bytes[512];
    for (uint32_t i = 0; i < 40; i++) {
        uint32_t seed = i < 20 ? i : 39 - i;
        size_t size = 0;
        for (uint32_t n = 0; n < 30; n++)
            size = tape_mutate(&target_ble.user, bytes, size, sizeof bytes, seed * 100 + n);
        tape_decode(bytes, size, &tape);
        struct stage *stage = stage_of(&tape);
        (void)stage_play(stage, &tape);
        uint64_t hash = machine_trace_hash(stage->hw.m);
        if (i < 20)
            first[seed] = hash;
        ck_assert_uint_eq(hash, first[seed]);
    }
}
END_TEST

START_TEST(fault_of_each_kind_is_counted_from_the_snapshot_on)
{
    play_one((struct tape_op){
        .stream = AIR_STREAM, .kind = (uint8_t)_i, .which = 3, .size = 0, .number = 2});
    const struct stage *stage = &set.made[0];
    const struct air_fault *fault = &stage->scenario->air.faults[0];
    bool behind_radio = _i == AIR_FOLLOW;
    ck_assert_uint_eq(stage->scenario->air.fault_count, 1);
    ck_assert_uint_eq(fault->how, (unsigned)_i);
    ck_assert_uint_eq(fault->first, stage->air.sent[behind_radio] + 4);
    ck_assert_uint_ge(fault->last, fault->first);
    ck_assert_uint_eq(fault->device, behind_radio ? stage->air.radio : stage->air.first);
    ck_assert_uint_ge(fault->by, stage->scenario->board.device_count);
    ck_assert_uint_eq(fault->octet_count > 0,
                      (_i >= AIR_FLIP && _i <= AIR_PAYLOAD) || behind_radio);
}
END_TEST

/* 2 more connection events than without it, by a plan of the stage's own and one of the tape. */
START_TEST(action_comes_behind_those_of_the_stage)
{
    tape = (struct tape){.count = 2,
                         .ops = {op_of(STREAM_SCHEDULE, SCHEDULE_STAGE, STAGE_ENCRYPTED),
                                 {.stream = PEER_STREAM, .kind = 8, .which = 2, .size = 1}}};
    struct stage *stage = stage_of(&tape);
    (void)stage_play(stage, &tape);
    const struct peer_plan *plan = stage->air.plan;
    ck_assert_uint_eq(plan->action_count, 2);
    ck_assert_uint_eq(plan->actions[0].verb, CENTRAL_DO_ENCRYPT);
    ck_assert_uint_eq(plan->actions[1].verb, CENTRAL_DO_SILENCE);
    ck_assert_uint_eq(plan->actions[1].arguments[0], 2);
    ck_assert_uint_eq(plan->actions[1].at_event, stage->air.events + 2);
    tape.count = 1;
    (void)stage_play(stage, &tape);
    ck_assert_uint_eq(plan->action_count, 1);
}
END_TEST

static bool is_good(const struct peer_plan *plan, const struct peer_parameter *p, uint64_t value)
{
    const struct peer_octets *octets = peer_octets(plan, value);
    if (p->unit == PEER_HEX)
        return octets && octets->size >= 1 && octets->size <= p->max;
    return (value == p->reset) ||
           (value >= p->min && value <= p->max && (!p->step || value % p->step == 0));
}

/* A leap of the anchors, a map of one channel, one PHY each way, and a peripheral
 * that is killed: it misses events, by right. */
static const struct tape_op by_right[] = {
    {.stream = PEER_STREAM, .kind = 12, .which = 1, .size = 1, .value = {{.pick = 255}}},
    {.stream = PEER_STREAM, .kind = 2, .number = 2, .value = {{.pick = 4}}},
    {.stream = PEER_STREAM, .kind = 3, .number = 2, .size = 2},
    {.stream = STREAM_SCHEDULE, .kind = SCHEDULE_KILL},
};

START_TEST(peripheral_that_misses_events_by_right_is_let_pass)
{
    tape = (struct tape){.count = 1, .ops = {by_right[_i]}};
    struct stage *stage = stage_of(&tape);
    ck_assert_int_eq(stage_play(stage, &tape), STAGE_HOLDS);
    ck_assert_uint_gt(machine_verdict_count(stage->hw.m), 0);
}
END_TEST

/* A map of the channels, for an instant eight events ahead, and silence told by that. */
static const struct {
    uint8_t number;
    uint32_t behind; /* the map's event */
} silences[] = {{2, 3}, {128, 5}, {131, 8}, {135, 12}};

START_TEST(silence_is_told_by_the_instant_of_a_change)
{
    tape = (struct tape){.count = 2,
                         .ops = {{PEER_STREAM, 2, 1, 8, 0, {{0}}},
                                 {PEER_STREAM, 8, 1, silences[_i].number, 200, {{0}}}}};
    struct stage *stage = stage_of(&tape);
    (void)stage_play(stage, &tape);
    const struct peer_action *actions = stage->air.plan->actions;
    ck_assert_uint_eq(actions[0].arguments[1], 8);
    ck_assert_uint_eq(actions[1].verb, CENTRAL_DO_SILENCE);
    ck_assert_uint_eq(actions[1].arguments[0], 1 + 200 % 64);
    ck_assert_uint_eq(actions[1].at_event, actions[0].at_event + silences[_i].behind);
}
END_TEST

/* 13 intervals of 7.5 ms are 97.5 of the 100 ms that the connection bears; or 3 of 30. */
START_TEST(silence_may_last_to_the_edge_of_the_timeout)
{
    tape = (struct tape){.count = 1, .ops = {{PEER_STREAM, 8, 1, 0, 128, {{0}}}}};
    struct stage *stage = stage_of(&tape);
    const struct peer_action *actions = stage->air.plan->actions;
    (void)stage_play(stage, &tape);
    ck_assert_uint_eq(actions[0].arguments[0], 13);
    tape = (struct tape){
        .count = 2,
        .ops = {{PEER_STREAM, 1, 1, 8, 0, {{8, 0}}}, {PEER_STREAM, 8, 1, 131 - 2, 128 + 1, {{0}}}}};
    (void)stage_play(stage, &tape);
    ck_assert_uint_eq(actions[1].at_event, actions[0].at_event + 8 - 2);
    ck_assert_uint_eq(actions[1].arguments[0], 2 + 3 - 1);
}
END_TEST

/* Of a lawful map: what is lost before it has come for sure, and what is behind that. */
START_TEST(loss_behind_a_change_is_no_excuse)
{
    struct verdict verdict = {.rule = RULE_BLE_LINK};
    tape = (struct tape){
        .count = 2, .ops = {{PEER_STREAM, 2, 1, 8, 0, {{0}}}, {PEER_STREAM, 8, 0, 131, 0, {{0}}}}};
    struct stage *stage = stage_of(&tape);
    (void)stage_play(stage, &tape);
    ck_assert(!verdict_excused(stage->hw.m, &verdict));
    tape.ops[1].number = 1;
    (void)stage_play(stage, &tape);
    ck_assert(verdict_excused(stage->hw.m, &verdict));
}
END_TEST

static uint8_t stage_named(const char *name)
{
    uint8_t which = 0;
    while (strcmp(target_ble.stages[which].name, name) != 0)
        which++;
    return which;
}

/* The router starts a dead app's ECB again: the stage expects that. */
START_TEST(what_a_stage_expects_to_break_is_let_pass)
{
    tape = (struct tape){
        .count = 2,
        .ops = {op_of(STREAM_SCHEDULE, SCHEDULE_STAGE, stage_named("fuzz/ble_cipher.json")),
                op_of(STREAM_SCHEDULE, SCHEDULE_KILL_AT, 1)}};
    tape.ops[1].value[0].pick = 13; /* when any device's DMA reads */
    struct stage *stage = stage_of(&tape);
    ck_assert_int_eq(stage_play(stage, &tape), STAGE_HOLDS);
    ck_assert_uint_gt(machine_verdict_count(stage->hw.m), 0);
    ck_assert(machine_injection_fired(stage->hw.m, 1));
}
END_TEST

START_TEST(calm_stage_leaves_the_air_alone)
{
    tape = (struct tape){
        .count = 3,
        .ops = {op_of(STREAM_SCHEDULE, SCHEDULE_STAGE, stage_named("fuzz/ble_hog.json")),
                op_of(AIR_STREAM, AIR_LOSE, 0), op_of(PEER_STREAM, 8, 0)}};
    struct stage *stage = stage_of(&tape);
    ck_assert_int_eq(stage_play(stage, &tape), STAGE_HOLDS);
    ck_assert_uint_eq(stage->scenario->air.fault_count, 0);
    ck_assert_uint_eq(stage->air.plan->action_count, 0);
}
END_TEST

#define SPINS(program)                                                                             \
    "{\"claim\": \"Nothing breaks.\", \"board\": \"nrf52840dk\", \"kernel\": "                     \
    "{\"scheduler\": \"priority\"}, \"apps\": [{\"name\": \"hog\", \"program\": " program          \
    "}, {\"name\": \"side\", \"program\": \"bytes\"}], \"until_ms\": 20}"

/* Cycles at 64 MHz: one that is at it to the end is found, one that ends within the last 10 ms, or
 * begins there, or has been killed, is not. */
static const struct {
    const char *text;
    enum stage_end end;
    bool kills;
} spinners[] = {
    {SPINS("\"hog\""), STAGE_BROKEN, false},
    {SPINS("\"hog\", \"parameters\": {\"busy_cycles\": 1300000}"), STAGE_BROKEN, false},
    {SPINS("\"hog\", \"parameters\": {\"busy_cycles\": 1200000}"), STAGE_HOLDS, false},
    {SPINS("\"hog\""), STAGE_HOLDS, true},
};

START_TEST(app_that_runs_without_a_call_to_the_end_is_found)
{
    static struct stage stage;
    struct problems problems = {0};
    ck_assert_msg(stage_make(&stage, "fuzz/spins.json", spinners[_i].text, &problems), "%s",
                  problems.text ? problems.text : "?");
    tape = (struct tape){.count = spinners[_i].kills,
                         .ops = {{.stream = STREAM_SCHEDULE, .kind = SCHEDULE_KILL}}};
    ck_assert_int_eq(stage_play(&stage, &tape), spinners[_i].end);
    stage_free(&stage);
}
END_TEST

/* What a tape plans is what a scenario may say. */
START_TEST(whatever_is_planned_is_within_its_limits)
{
    uint8_t bytes[512];
    uint32_t actions = 0, faults = 0;
    for (uint32_t i = 0; i < TAPES; i++) {
        size_t size = 0;
        for (uint32_t n = 0; n < 40; n++)
            size = tape_mutate(&target_ble.user, bytes, size, sizeof bytes, i * 100 + n);
        tape_decode(bytes, size, &tape);
        struct stage *stage = stage_of(&tape);
        air_tape_plan(&stage->air, stage->scenario, &tape);
        const struct peer_plan *plan = stage->air.plan;
        for (uint32_t n = 0; plan && n < plan->action_count; n++) {
            const struct peer_action *action = &plan->actions[n];
            const struct peer_verb *verb = &central_verbs[action->verb];
            ck_assert(n == 0 || action->at_event >= plan->actions[n - 1].at_event);
            for (uint32_t k = 0; k < verb->argument_count; k++)
                ck_assert_msg(is_good(plan, &verb->arguments[k], action->arguments[k]),
                              "%s of %s: %llu", verb->arguments[k].name, verb->name,
                              (unsigned long long)action->arguments[k]);
        }
        for (uint32_t n = 0; n < stage->scenario->air.fault_count; n++) {
            const struct air_fault *fault = &stage->scenario->air.faults[n];
            ck_assert_uint_le(fault->octet_count, AIR_OCTETS_MAX);
            ck_assert(fault->how < AIR_REPEAT || fault->shift_ps >= 0);
            ck_assert(fault->first >= 1 && fault->last >= fault->first);
        }
        actions += plan ? plan->action_count : 0;
        faults += stage->scenario->air.fault_count;
    }
    ck_assert_uint_gt(actions, TAPES);
    ck_assert_uint_gt(faults, TAPES / 2);
}
END_TEST

START_TEST(app_beside_begins_again_at_the_snapshot)
{
    play_one(op_of(STREAM_APP + 1, BYTES_FAULT, 0));
    ck_assert_uint_eq(machine_process_facts(set.made[0].hw.m, 1).restart_count, 2);
    ck_assert_uint_ge(machine_now_ps(set.made[0].hw.m), FROM_US * PS_PER_US);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("air_tape");
    TCase *c = tcase_create("air_tape");
    tcase_add_checked_fixture(c, NULL, tear_down);
    tcase_add_loop_test(c, stage_of_each_design_begins_in_its_connection_or_before, 0, 8);
    tcase_add_test(c, tape_plays_the_same_whatever_was_played_before);
    tcase_add_loop_test(c, fault_of_each_kind_is_counted_from_the_snapshot_on, 0, AIR_HOWS);
    tcase_add_test(c, action_comes_behind_those_of_the_stage);
    tcase_add_loop_test(c, peripheral_that_misses_events_by_right_is_let_pass, 0,
                        COUNT_OF(by_right));
    tcase_add_loop_test(c, app_that_runs_without_a_call_to_the_end_is_found, 0, COUNT_OF(spinners));
    tcase_add_loop_test(c, silence_is_told_by_the_instant_of_a_change, 0, COUNT_OF(silences));
    tcase_add_test(c, silence_may_last_to_the_edge_of_the_timeout);
    tcase_add_test(c, loss_behind_a_change_is_no_excuse);
    tcase_add_test(c, what_a_stage_expects_to_break_is_let_pass);
    tcase_add_test(c, calm_stage_leaves_the_air_alone);
    tcase_add_test(c, whatever_is_planned_is_within_its_limits);
    tcase_add_test(c, app_beside_begins_again_at_the_snapshot);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
