/* test_stage_device.c: what a tape makes devices do (fuzz/stage_device.h), what apps usually do
 * with them (fuzz/app_bytes.h), and what is by right (fuzz/excuse.h). */
#include "fuzz/excuse.h"
#include "fuzz/mail.h"
#include "fuzz/stage_device.h"
#include "fuzz/stage_target.h"
#include "model/framing.h"
#include "sim/trace.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { UARTE = STREAM_DEVICE, SPIM, TWIM, SAADC, RNG, RTC, NVMC, AES };
enum { START_PS = 1000000 };

static struct stage_set set;
static struct stage *stage;
static struct tape tape;
enum { PLANNED_MAX = 12 };
static struct injection planned[PLANNED_MAX];

static void set_up(void)
{
    struct problems problems = {0};
    tape = (struct tape){.count = 0};
    stage = stage_for(&target_device, &set, &tape, &problems);
    ck_assert_msg(stage, "%s", problems.text ? problems.text : "?");
}

static void tear_down(void)
{
    stage_set_free(&set);
}

static uint32_t plan(uint32_t count, const struct tape_op *ops)
{
    tape = (struct tape){.count = count};
    memcpy(tape.ops, ops, count * sizeof *ops);
    return device_injections(stage->scenario, &tape, START_PS, planned, PLANNED_MAX);
}

static const char *name_of(const struct injection *i)
{
    return stage->scenario->board.devices[i->device].name;
}

static const struct {
    struct tape_op op;
    enum injection_kind kind;
    const char *device;
} meanings[] = {
    {{UARTE, DEVICE_FORCE, 3, 1, 2, {{0, 7}}}, INJECT_FORCE, "UARTE0"},
    {{SPIM, DEVICE_ANSWER, 3, 1, 2, {{0, 7}}}, INJECT_FORCE, "SPIM0"},
    {{TWIM, DEVICE_RELEASE, 3, 1, 2, {{0, 7}}}, INJECT_RELEASE, "TWIM1"},
    {{SAADC, DEVICE_ERROR, 3, 1, 2, {{0, 7}}}, INJECT_ERROR, "SAADC"},
    {{RNG, DEVICE_HANG, 3, 1, 2, {{0, 7}}}, INJECT_HANG, "RNG"},
    {{RTC, DEVICE_STUCK, 3, 1, 2, {{0, 7}}}, INJECT_STUCK, "RTC1"},
    {{AES, DEVICE_INTERRUPT, 3, 1, 2, {{0, 7}}}, INJECT_INTERRUPT, "AES"},
    {{AES, DEVICE_STORM, 3, 1, 2, {{0, 7}}}, INJECT_STORM, "AES"},
    {{NVMC, DEVICE_DELAY, 3, 1, 2, {{0, 7}}}, INJECT_DELAY, "NVMC"},
    {{NVMC, DEVICE_HASTEN, 3, 1, 2, {{0, 7}}}, INJECT_HASTEN, "NVMC"},
    {{SPIM, DEVICE_TASK, 3, 1, 2, {{0, 7}}}, INJECT_TASK, "SPIM0"},
    {{UARTE, DEVICE_RECEIVE, 3, 1, 2, {{0, 7}}}, INJECT_RECEIVE, "UARTE0"},
    {{UARTE, DEVICE_FRAME, 3, 1, 2, {{0, 7}}}, INJECT_RECEIVE, "UARTE0"},
    {{AES, DEVICE_LATE, 3, 1, 2, {{0, 7}}}, INJECT_DELAY, "AES"},
    {{UARTE, DEVICE_MAIL, 3, 1, 2, {{0, 7}}}, INJECT_RECEIVE, "UARTE0"},
};
_Static_assert(sizeof meanings / sizeof meanings[0] == DEVICE_KINDS, "a row for each kind");

START_TEST(each_kind_is_an_injection_into_its_streams_device)
{
    ck_assert_int_eq(meanings[_i].op.kind, _i);
    ck_assert_uint_eq(plan(1, &meanings[_i].op), 1);
    ck_assert_int_eq(planned[0].kind, meanings[_i].kind);
    ck_assert_str_eq(name_of(&planned[0]), meanings[_i].device);
    ck_assert_uint_eq(planned[0].at_ps, START_PS + DEVICE_STEP_PS);
    ck_assert(!planned[0].at_event);
}
END_TEST

/* A line, a wire, a task that the device does not have. */
START_TEST(what_a_device_has_not_is_no_injection)
{
    const struct tape_op none[] = {{NVMC, DEVICE_STUCK, 0, 0, 0, {{0}}},
                                   {SPIM, DEVICE_RECEIVE, 0, 0, 0, {{0}}},
                                   {SPIM, DEVICE_MAIL, 0, 0, 0, {{0}}},
                                   {NVMC, DEVICE_TASK, 0, 0, 0, {{0}}},
                                   {NVMC, DEVICE_KINDS, 0, 0, 0, {{0}}}};
    ck_assert_uint_eq(plan(5, none), 0);
}
END_TEST

START_TEST(streams_have_times_of_their_own)
{
    const struct tape_op ops[] = {{RNG, DEVICE_HANG, 0, 2, 0, {{0}}},
                                  {AES, DEVICE_HANG, 0, 5, 0, {{0}}},
                                  {RNG, DEVICE_RELEASE, 0, 3, 0, {{0}}}};
    ck_assert_uint_eq(plan(3, ops), 3);
    ck_assert_uint_eq(planned[0].at_ps, START_PS + 2 * DEVICE_STEP_PS);
    ck_assert_uint_eq(planned[1].at_ps, START_PS + 5 * DEVICE_STEP_PS);
    ck_assert_uint_eq(planned[2].at_ps, START_PS + 5 * DEVICE_STEP_PS);
}
END_TEST

static const struct {
    uint8_t pick;
    uint16_t kind;
    const char *text;
} moments[] = {
    {64 + 2, EVENT_IRQ_RAISED, "irq SPIM0"},
    {128 + 2, EVENT_DEVICE_TASK, "task SPIM0"},
    {192 + 2, EVENT_KERNEL_READ, "kernel-read SPIM0"},
    {64 + 16 + 2, EVENT_KERNEL_WRITE, "kernel-write SPIM0"},
    {128 + 16 + 2, EVENT_DMA_READ, "dma-read"},
    {192 + 16 + 2, EVENT_DMA_WRITE, "dma-write"},
    {64 + 32 + 2, EVENT_NOTE_BASE + NOTE_CLIENT_ASKS, "client-asks spi"},
    {128 + 32 + 2, EVENT_NOTE_BASE + NOTE_CLIENT_BEGUN, "client-begun spi"},
    {192 + 32 + 2, EVENT_NOTE_BASE + NOTE_CLIENT_DONE, "client-done spi"},
    {64 + 48 + 2, EVENT_KERNEL_READ, "kernel-read 0x40003010"},
    {128 + 48 + 2, EVENT_KERNEL_WRITE, "kernel-write 0x40003010"},
    {192 + 48 + 2, EVENT_WIRE, "wire SPIM0"},
};
enum { MOMENTS = sizeof moments / sizeof moments[0] };

START_TEST(moment_may_be_a_record)
{
    const struct tape_op op = {SPIM, DEVICE_HANG, 0, 1, 0, {{0, 0}, {moments[_i].pick, 16}}};
    struct pattern said;
    char why[320];
    ck_assert_uint_eq(plan(1, &op), 1);
    ck_assert(planned[0].at_event);
    ck_assert_uint_eq(planned[0].when.kind, moments[_i].kind);
    ck_assert_uint_eq(planned[0].nth, 3);
    ck_assert_uint_eq(planned[0].from_ps, START_PS + DEVICE_STEP_PS);
    ck_assert_uint_eq(planned[0].at_ps, 1000000);
    ck_assert_str_eq(planned[0].when.text, moments[_i].text);
    /* ... and is what a scenario would mean by that text */
    ck_assert(pattern_parse(stage->scenario, moments[_i].text, &said, why, sizeof why));
    ck_assert_uint_eq(said.address_first, planned[0].when.address_first);
    ck_assert_uint_eq(said.address_last, planned[0].when.address_last);
}
END_TEST

START_TEST(microseconds_are_told_below_zero)
{
    const struct tape_op op = {SPIM, DEVICE_HANG, 0, 1, 0, {{0, 0}, {128, -3}}};
    ck_assert_uint_eq(plan(1, &op), 1);
    ck_assert_uint_eq(planned[0].at_ps, 3 * PS_PER_US);
}
END_TEST

START_TEST(late_device_is_so_at_moments_in_a_row)
{
    const struct tape_op op = {AES, DEVICE_LATE, 0, 1, 5, {{0, 0}, {64 + 16 + 2, 0}}};
    ck_assert_uint_eq(plan(1, &op), 8);
    for (uint32_t i = 0; i < 8; i++) {
        ck_assert_int_eq(planned[i].kind, INJECT_DELAY);
        ck_assert_uint_eq(planned[i].nth, 3 + i);
        ck_assert_uint_eq(planned[i].period_ps, 100 * PS_PER_US);
    }
}
END_TEST

static const struct {
    uint8_t kind, pick, whose;
    const char *text;
    enum injection_kind injected;
} ends[] = {
    {SCHEDULE_KILL_AT, 0, 0, "two client-begun", INJECT_KILL},
    {SCHEDULE_FAULT_AT, 4, 0, "two command", INJECT_FAULT},
    {SCHEDULE_RESTART_AT, 6, 0, "two syscall", INJECT_RESTART},
    {SCHEDULE_PRESSURE_AT, 3, 0, "two client-asks", INJECT_MEMORY_PRESSURE},
    {SCHEDULE_KILL_AT, 7, 1, "task SPIM0", INJECT_KILL},
    {SCHEDULE_KILL_AT, 9, 4, "irq RNG", INJECT_KILL},
    {SCHEDULE_KILL_AT, 12, 7, "client-begun crypto", INJECT_KILL},
};
enum { ENDS = sizeof ends / sizeof ends[0] };

START_TEST(what_befalls_an_app_may_come_at_a_moment)
{
    const struct injection *i = &stage->scenario->injections[0];
    tape = (struct tape){
        .count = 1,
        .ops = {
            {STREAM_SCHEDULE, ends[_i].kind, 1, 2, 3, {{ends[_i].pick, 16}, {ends[_i].whose, 4}}}}};
    stage_plan(stage, &tape);
    ck_assert_uint_eq(stage->scenario->injection_count, 1);
    ck_assert_int_eq(i->kind, ends[_i].injected);
    ck_assert_uint_eq(i->process, 1);
    ck_assert(i->at_event);
    ck_assert_str_eq(i->when.text, ends[_i].text);
    ck_assert_uint_eq(i->nth, 5);
    ck_assert_uint_eq(i->at_ps, PS_PER_US + 36 * PS_PER_US);
    ck_assert_uint_eq(i->from_ps, stage->start_ps + (1 + 2 * 256) * SCHEDULE_STEP_PS);
}
END_TEST

/* The flash controller has no line: there is no such moment, and no injection. */
START_TEST(moment_that_there_is_not_is_no_injection)
{
    tape = (struct tape){.count = 1,
                         .ops = {{STREAM_SCHEDULE, SCHEDULE_KILL_AT, 1, 0, 0, {{9, 0}, {6, 0}}}}};
    stage_plan(stage, &tape);
    ck_assert_uint_eq(stage->scenario->injection_count, 0);
}
END_TEST

static const struct {
    uint8_t address, pick;
    enum framing_event end;
} frames[] = {
    {5, 0xf0, FRAMING_GOOD},    {200, 0xf0, FRAMING_GOOD},    {5, 0x7e, FRAMING_GOOD},
    {5, 0x00, FRAMING_BAD_FCS}, {200, 0x01, FRAMING_BAD_FCS}, {5, 0x10, FRAMING_ABORTED},
};

START_TEST(frame_is_whole_or_damaged_in_one_way)
{
    const struct tape_op op = {UARTE, DEVICE_FRAME,          frames[_i].address, 0,
                               6,     {{frames[_i].pick, 6}}};
    struct framing_reader reader;
    enum framing_event event = FRAMING_NOTHING;
    ck_assert_uint_eq(plan(1, &op), 1);
    framing_start(&reader, 300);
    for (uint32_t n = 0; n < planned[0].size; n++)
        event = framing_take(&reader, planned[0].bytes[n]);
    ck_assert_int_eq(event, frames[_i].end);
}
END_TEST

/* Of each thing that may be wrong: what a reader of frames says, and one of datagrams. */
static const struct {
    uint8_t wrong, size;
    enum framing_event end;
    bool parsed;
} mails[] = {
    {0, 20, FRAMING_GOOD, true},         {15, 255, FRAMING_GOOD, true},
    {16, 20, FRAMING_GOOD, false},       {18, 20, FRAMING_GOOD, false},
    {20, 20, FRAMING_GOOD, false},       {22, 20, FRAMING_GOOD, false},
    {23, 20, FRAMING_GOOD, false},       {24, 20, FRAMING_GOOD, false},
    {25, 20, FRAMING_GOOD, true},        {27, 20, FRAMING_BAD_FCS, false},
    {28, 20, FRAMING_BAD_CONTROL, true}, {29, 20, FRAMING_ABORTED, true},
    {30, 20, FRAMING_OCTET, true},       {31, 20, FRAMING_NOTHING, false},
};
enum { MAILS = sizeof mails / sizeof mails[0] };

static uint8_t body[MAIL_MAX];
static uint32_t body_size;

static enum framing_event last_of_mail(const uint8_t *octets, uint32_t size)
{
    struct framing_reader reader;
    enum framing_event event = FRAMING_NOTHING;
    framing_start(&reader, MAIL_MAX / 2);
    body_size = 0;
    for (uint32_t n = 0; n < size; n++) {
        event = framing_take(&reader, octets[n]);
        if (event == FRAMING_OCTET)
            body[body_size++] = reader.octet;
    }
    return event;
}

START_TEST(mail_is_whole_or_has_one_thing_wrong)
{
    const struct tape_op op = {UARTE, DEVICE_MAIL,    (uint8_t)(128 + 4 * mails[_i].wrong + 2),
                               0,     mails[_i].size, {{0x7e, 90}}};
    uint8_t octets[MAIL_MAX];
    struct datagram datagram;
    ck_assert_int_eq(last_of_mail(octets, mail_write(&op, octets)), mails[_i].end);
    ck_assert_uint_eq(body[0], 0xff);
    const uint32_t packet = body_size - (mails[_i].wrong == 31 ? 0 : FRAMING_BODY_MIN);
    ck_assert(datagram_parse(body + FRAMING_HEADER_SIZE, packet, &datagram) == mails[_i].parsed);
    if (!mails[_i].parsed)
        return;
    ck_assert_uint_eq(datagram.destination_port, 2);
    ck_assert_uint_eq(datagram.destination[15], mails[_i].wrong == 25 ? 3 : 2);
    ck_assert_uint_eq(datagram.size,
                      mails[_i].size < MAIL_LONG ? mails[_i].size % MAIL_SHORT : 64 * MAIL_UNIT);
}
END_TEST

/* 576 octets in the frame and six around them. */
START_TEST(long_mail_comes_in_parts)
{
    const struct tape_op op = {UARTE, DEVICE_MAIL, 3, 1, 255, {{0x55, 1}, {64, 0}}};
    uint8_t octets[MAIL_MAX];
    uint32_t size = 0;
    ck_assert_uint_eq(plan(1, &op), 10);
    for (uint32_t i = 0; i < 10; i++) {
        ck_assert(planned[i].at_event && planned[i].nth == 1);
        ck_assert_uint_eq(planned[i].at_ps, i * MAIL_PART_PS);
        memcpy(octets + size, planned[i].bytes, planned[i].size);
        size += planned[i].size;
    }
    ck_assert_int_eq(last_of_mail(octets, size), FRAMING_GOOD);
    ck_assert_uint_eq(body_size, FRAMING_BODY_MIN + 64 * MAIL_UNIT);
    ck_assert_uint_eq(body[0], 3);
}
END_TEST

START_TEST(mail_that_there_is_no_room_for_is_cut)
{
    struct tape_op ops[PLANNED_MAX];
    for (uint32_t i = 0; i < PLANNED_MAX; i++)
        ops[i] = (struct tape_op){UARTE, DEVICE_MAIL, 3, 1, 200, {{0}}};
    ck_assert_uint_eq(plan(PLANNED_MAX, ops), PLANNED_MAX);
}
END_TEST

/* A usual sequence of calls is an operation that is served: of the generator, and its upcall. */
static uint64_t upcalls_of(const struct tape_op *ops, uint32_t count)
{
    struct stage_log log;
    tape = (struct tape){.count = count};
    memcpy(tape.ops, ops, count * sizeof *ops);
    stage->log = &log;
    ck_assert_int_eq(stage_play(stage, &tape), STAGE_HOLDS);
    stage->log = NULL;
    return log.apps.count;
}

START_TEST(usual_sequence_is_its_calls_and_a_wait_for_its_upcall)
{
    const struct tape_op ops[] = {{STREAM_APP, BYTES_CALL_ANY, 1, 128 + 7, 8, {{0}}},
                                  {STREAM_APP, BYTES_COMPUTE, 0, 0, 0, {{0}}}};
    /* allow, subscribe, command, wait; what comes behind shows that the wait was over */
    ck_assert_uint_eq(upcalls_of(ops, 2), 4 + 1);
}
END_TEST

/* Who has bound the address and waits there is woken by it. */
START_TEST(mail_comes_for_an_address_that_apps_bind)
{
    struct tape_op ops[] = {{STREAM_APP, BYTES_CALL_ANY, 1, 128 + 17, 8, {{3, 0}}},
                            {UARTE, DEVICE_MAIL, 3, 10, 8, {{0}}},
                            {STREAM_APP, BYTES_COMPUTE, 0, 0, 0, {{0}}}};
    /* unbind, bind, allow, subscribe, receive, wait; and what comes behind */
    ck_assert_uint_eq(upcalls_of(ops, 3), 6 + 1);
    ops[1].which = 2;
    ck_assert_uint_eq(upcalls_of(ops, 3), 6);
}
END_TEST

/* An alarm of 250 ticks, and what befalls the counter meanwhile, twice. */
static enum stage_end alarm_with(struct tape_op befalls)
{
    tape = (struct tape){
        .count = 3, .ops = {{STREAM_APP, BYTES_CALL_ANY, 0, 128, 0, {{250, 0}}}, befalls, befalls}};
    return stage_play(stage, &tape);
}

START_TEST(lost_alarm_is_by_right_if_its_counter_failed)
{
    ck_assert_int_eq(alarm_with((struct tape_op){RTC, DEVICE_DELAY, 0, 200, 255, {{0}}}),
                     STAGE_HOLDS);
    ck_assert_uint_gt(machine_verdict_count(stage->hw.m), 0);
    ck_assert_int_eq(alarm_with((struct tape_op){RNG, DEVICE_HANG, 0, 0, 0, {{0}}}), STAGE_HOLDS);
    ck_assert_uint_eq(machine_verdict_count(stage->hw.m), 0);
}
END_TEST

START_TEST(excuse_is_for_its_rule_and_its_device_alone)
{
    struct verdict verdict = {.rule = RULE_ALARM_TIME};
    (void)alarm_with((struct tape_op){RTC, DEVICE_DELAY, 0, 200, 255, {{0}}});
    ck_assert(verdict_excused(stage->hw.m, &verdict));
    verdict.rule = RULE_KERNEL_PANIC;
    ck_assert(!verdict_excused(stage->hw.m, &verdict));
    (void)alarm_with((struct tape_op){RNG, DEVICE_HANG, 0, 0, 0, {{0}}});
    verdict.rule = RULE_ALARM_TIME;
    ck_assert(!verdict_excused(stage->hw.m, &verdict));
    verdict = (struct verdict){
        .rule = RULE_BUFFER_CUSTODY, .detail = DETAIL_CUSTODY_DMA, .wanted = VIRT_RNG};
    ck_assert(verdict_excused(stage->hw.m, &verdict));
    verdict.wanted = VIRT_SPI;
    ck_assert(!verdict_excused(stage->hw.m, &verdict));
}
END_TEST

static bool excused_if(uint8_t device, uint8_t kind, enum rule rule, enum verdict_detail detail)
{
    struct verdict verdict = {.rule = rule, .detail = detail};
    tape = (struct tape){.count = 1, .ops = {{device, kind, 0, 1, 1, {{0}}}}};
    (void)stage_play(stage, &tape);
    return verdict_excused(stage->hw.m, &verdict);
}

/* A register of the device is forced; which verdicts are excused then? */
static bool excused_if_it_lies(uint8_t device, enum rule rule, enum verdict_detail detail)
{
    return excused_if(device, DEVICE_FORCE, rule, detail);
}

START_TEST(engine_that_hangs_is_excused_for_the_keys_that_it_has)
{
    ck_assert(excused_if(AES, DEVICE_HANG, RULE_KEY_CUSTODY, DETAIL_KEYS_OTHER));
    ck_assert(!excused_if(AES, DEVICE_HANG, RULE_KEY_CUSTODY, DETAIL_KEYS_DEAD));
    ck_assert(!excused_if(RNG, DEVICE_HANG, RULE_KEY_CUSTODY, DETAIL_KEYS_OTHER));
}
END_TEST

START_TEST(flash_and_the_clock_are_excused_by_their_own_lies_alone)
{
    ck_assert(excused_if_it_lies(NVMC, RULE_STORAGE_REGION, DETAIL_STORAGE_NOBODY));
    ck_assert(!excused_if_it_lies(RTC, RULE_STORAGE_REGION, DETAIL_STORAGE_NOBODY));
    ck_assert(excused_if_it_lies(RTC, RULE_LIVELOCK, DETAIL_LIVELOCK_LINE));
    ck_assert(!excused_if_it_lies(RTC, RULE_LIVELOCK, DETAIL_LIVELOCK_STUCK));
    ck_assert(!excused_if_it_lies(NVMC, RULE_LIVELOCK, DETAIL_LIVELOCK_LINE));
    ck_assert(!excused_if_it_lies(AES, RULE_KEY_CUSTODY, DETAIL_KEYS_OTHER));
    ck_assert(!excused_if_it_lies(AES, RULE_KEY_CUSTODY, DETAIL_KEYS_DEAD));
    ck_assert(excused_if_it_lies(RTC, RULE_KEY_CUSTODY, DETAIL_KEYS_DEAD));
    ck_assert(!excused_if_it_lies(RTC, RULE_KEY_CUSTODY, DETAIL_KEYS_OTHER));
    ck_assert(excused_if(RTC, DEVICE_HANG, RULE_VIRT_CALLBACK, DETAIL_VIRT_ORPHAN));
    ck_assert(!excused_if(RTC, DEVICE_HANG, RULE_VIRT_CALLBACK, DETAIL_VIRT_FORGOTTEN));
    ck_assert(!excused_if(RNG, DEVICE_HANG, RULE_VIRT_CALLBACK, DETAIL_VIRT_ORPHAN));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stage_device");
    TCase *c = tcase_create("device");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, each_kind_is_an_injection_into_its_streams_device, 0, DEVICE_KINDS);
    tcase_add_test(c, what_a_device_has_not_is_no_injection);
    tcase_add_test(c, streams_have_times_of_their_own);
    tcase_add_loop_test(c, moment_may_be_a_record, 0, MOMENTS);
    tcase_add_test(c, microseconds_are_told_below_zero);
    tcase_add_test(c, late_device_is_so_at_moments_in_a_row);
    tcase_add_loop_test(c, what_befalls_an_app_may_come_at_a_moment, 0, ENDS);
    tcase_add_test(c, moment_that_there_is_not_is_no_injection);
    tcase_add_loop_test(c, frame_is_whole_or_damaged_in_one_way, 0, 6);
    tcase_add_loop_test(c, mail_is_whole_or_has_one_thing_wrong, 0, MAILS);
    tcase_add_test(c, long_mail_comes_in_parts);
    tcase_add_test(c, mail_that_there_is_no_room_for_is_cut);
    tcase_add_test(c, mail_comes_for_an_address_that_apps_bind);
    tcase_add_test(c, usual_sequence_is_its_calls_and_a_wait_for_its_upcall);
    tcase_add_test(c, lost_alarm_is_by_right_if_its_counter_failed);
    tcase_add_test(c, excuse_is_for_its_rule_and_its_device_alone);
    tcase_add_test(c, flash_and_the_clock_are_excused_by_their_own_lies_alone);
    tcase_add_test(c, engine_that_hangs_is_excused_for_the_keys_that_it_has);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
