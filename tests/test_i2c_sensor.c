/* test_i2c_sensor.c: the thermometer on I2C by itself: registers, conversions, and each way in
 * which it fails. */
#include "sim/world/catalogue.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum { WRITE = 0x90, READ = 0x91 };
enum { CONVERSION_MS = 26, PERIOD_MS = 250 };
enum { TEMPERATURE, CONFIGURATION, LOW, HIGH };

static struct device *d;
static struct peer_plan plan;
static uint64_t now_ps;
static uint64_t stretch_ps; /* of the last answer */

static uint32_t parameter(const char *name)
{
    for (uint32_t i = 0; i < i2c_sensor_peer.parameter_count; i++)
        if (strcmp(i2c_sensor_peer.parameters[i].name, name) == 0)
            return i;
    ck_abort_msg("no parameter %s", name);
    return 0;
}

static uint64_t fact(const char *name)
{
    for (uint32_t i = 0; i < i2c_sensor_peer.fact_count; i++)
        if (strcmp(i2c_sensor_peer.facts[i].name, name) == 0)
            return i2c_sensor_peer.fact(d, i);
    ck_abort_msg("no fact %s", name);
    return 0;
}

static void act_at(uint32_t event, const char *verb, uint64_t first, uint64_t second)
{
    for (uint32_t i = 0; i < i2c_sensor_peer.verb_count; i++) {
        if (strcmp(i2c_sensor_peer.verbs[i].name, verb) != 0)
            continue;
        plan.actions[plan.action_count++] =
            (struct peer_action){.at_event = event, .verb = i, .arguments = {first, second}};
        return;
    }
    ck_abort_msg("no verb %s", verb);
}

static void set_up(void)
{
    d = calloc(1, device_size(&i2c_sensor_peer.type));
    ck_assert_ptr_nonnull(d);
    d->type = &i2c_sensor_peer.type;
    d->hf.hz = 16000000;
    d->plan = &plan;
    memset(&plan, 0, sizeof plan);
    for (uint32_t i = 0; i < i2c_sensor_peer.parameter_count; i++)
        plan.values[i] = i2c_sensor_peer.parameters[i].reset;
    now_ps = 0;
    device_reset(d);
}

static void tear_down(void)
{
    free(d);
}

/* As the scenario says it; from the start. */
static void begin_with(const char *name, uint64_t value)
{
    plan.values[parameter(name)] = value;
    device_reset(d);
}

static void run_to(uint64_t at_ps)
{
    while (d->wake_ps <= at_ps) {
        now_ps = d->wake_ps;
        device_wake(d, now_ps);
    }
    now_ps = at_ps;
}

static struct wire_answer say(enum wire_act act, uint8_t value)
{
    const struct wire_signal signal = {.act = (uint8_t)act, .value = value, .bit_ps = 2500000};
    struct wire_answer answer = device_answer(d, &signal, now_ps);
    stretch_ps = answer.stretch_ps;
    d->request_count = 0;
    return answer;
}

static bool start(uint8_t address)
{
    return say(WIRE_START, address).ack;
}

static bool out(uint8_t byte)
{
    return say(WIRE_OUT, byte).ack;
}

static void stop(void)
{
    (void)say(WIRE_STOP, 0);
}

static void put(uint8_t pointer, uint16_t value)
{
    ck_assert(start(WRITE));
    ck_assert(out(pointer));
    ck_assert(out((uint8_t)(value >> 8)));
    ck_assert(out((uint8_t)value));
    stop();
}

static uint16_t get(uint8_t pointer)
{
    ck_assert(start(WRITE));
    ck_assert(out(pointer));
    ck_assert(start(READ));
    uint8_t upper = say(WIRE_IN, 0).value;
    (void)say(WIRE_ACK, 0);
    uint8_t lower = say(WIRE_IN, 0).value;
    (void)say(WIRE_NACK, 0);
    stop();
    return (uint16_t)(upper << 8 | lower);
}

/* --- registers -------------------------------------------------------------------------------- */

static const uint16_t power_up[] = {0x0000, 0x60a0, 0x4b00, 0x5000};

START_TEST(registers_are_as_the_data_sheet_says_after_power_up)
{
    ck_assert_uint_eq(get((uint8_t)_i), power_up[_i]);
}
END_TEST

/* Data sheet, tables of the 12-bit and 13-bit temperature data formats, in the upper bits. */
static const struct {
    uint32_t temperature;
    uint16_t normal, extended;
} temperatures[] = {
    {0x0960, 0x7ff0, 0x4b01}, {0x0800, 0x7ff0, 0x4001}, {0x07ff, 0x7ff0, 0x3ff9},
    {0x0640, 0x6400, 0x3201}, {0x0190, 0x1900, 0x0c81}, {0x0004, 0x0040, 0x0021},
    {0x0000, 0x0000, 0x0001}, {0x1ffc, 0xffc0, 0xffe1}, {0x1e70, 0xe700, 0xf381},
    {0x1c90, 0xc900, 0xe481}, {0x1000, 0x8000, 0x8001},
};

START_TEST(temperature_is_in_the_formats_of_the_data_sheet)
{
    begin_with("temperature", temperatures[_i].temperature);
    run_to(CONVERSION_MS * PS_PER_MS);
    ck_assert_uint_eq(get(TEMPERATURE), temperatures[_i].normal);
    put(CONFIGURATION, 0x60b0);
    ck_assert_uint_eq(get(TEMPERATURE), temperatures[_i].normal);
    run_to(2 * PS_PER_MS * PERIOD_MS);
    ck_assert_uint_eq(get(TEMPERATURE), temperatures[_i].extended);
}
END_TEST

START_TEST(what_may_not_be_written_stays)
{
    run_to(CONVERSION_MS * PS_PER_MS);
    put(TEMPERATURE, 0x1234);
    put(CONFIGURATION, 0x9fef & ~0x0500);
    put(LOW, 0xffff);
    ck_assert_uint_eq(get(TEMPERATURE), 0x1900);
    ck_assert_uint_eq(get(CONFIGURATION), 0x7ae0);
    ck_assert_uint_eq(get(LOW), 0xfff8);
}
END_TEST

START_TEST(upper_byte_can_be_written_alone)
{
    ck_assert(start(WRITE) && out(HIGH) && out(0x12));
    stop();
    ck_assert_uint_eq(get(HIGH), 0x1200);
}
END_TEST

START_TEST(pointer_stays_and_only_two_of_its_bits_count)
{
    ck_assert(start(WRITE) && out(0xfe));
    stop();
    ck_assert_uint_eq(fact("pointer"), LOW);
    ck_assert(start(READ));
    ck_assert_uint_eq(say(WIRE_IN, 0).value, 0x4b);
    stop();
    ck_assert(start(READ));
    ck_assert_uint_eq(say(WIRE_IN, 0).value, 0x4b);
}
END_TEST

START_TEST(bytes_behind_a_register_are_nobodys)
{
    ck_assert(start(WRITE) && out(HIGH) && out(1) && out(8) && out(0x55) && out(0x66));
    stop();
    ck_assert_uint_eq(get(HIGH), 0x0108);
    ck_assert(start(READ));
    (void)say(WIRE_IN, 0);
    (void)say(WIRE_IN, 0);
    ck_assert_uint_eq(say(WIRE_IN, 0).value, 0xff);
    ck_assert_uint_eq(say(WIRE_IN, 0).value, 0xff);
}
END_TEST

/* --- conversions ------------------------------------------------------------------------------ */

START_TEST(first_conversion_ends_after_its_time)
{
    run_to(CONVERSION_MS * PS_PER_MS - 1);
    ck_assert_uint_eq(get(TEMPERATURE), 0);
    run_to(CONVERSION_MS * PS_PER_MS);
    ck_assert_uint_eq(get(TEMPERATURE), 0x1900);
}
END_TEST

static const struct {
    uint16_t configuration;
    uint32_t period_ms;
} rates[] = {{0x6020, 4000}, {0x6060, 1000}, {0x60a0, 250}, {0x60e0, 125}};

START_TEST(conversions_come_at_their_rate)
{
    put(CONFIGURATION, rates[_i].configuration);
    run_to((CONVERSION_MS + 8 * rates[_i].period_ms) * PS_PER_MS - 1);
    ck_assert_uint_eq(fact("conversions"), 8);
    run_to((CONVERSION_MS + 8 * rates[_i].period_ms) * PS_PER_MS);
    ck_assert_uint_eq(fact("conversions"), 9);
}
END_TEST

START_TEST(shutdown_ends_the_conversion_and_makes_no_more)
{
    put(CONFIGURATION, 0x61a0);
    ck_assert_uint_eq(get(CONFIGURATION) & 0x8000, 0); /* it still converts */
    run_to(PS_PER_S);
    ck_assert_uint_eq(fact("conversions"), 1);
    ck_assert_uint_eq(get(CONFIGURATION), 0xe1a0);
    ck_assert_uint_eq(d->wake_ps, TIME_NEVER);
}
END_TEST

START_TEST(shutdown_between_conversions_is_at_once)
{
    run_to(100 * PS_PER_MS);
    put(CONFIGURATION, 0x61a0);
    ck_assert_uint_eq(d->wake_ps, TIME_NEVER);
}
END_TEST

START_TEST(one_shot_converts_once_in_shutdown)
{
    put(CONFIGURATION, 0x61a0);
    run_to(PS_PER_S);
    ck_assert(start(WRITE) && out(CONFIGURATION) && out(0xe1));
    stop();
    ck_assert_uint_eq(get(CONFIGURATION) & 0x8000, 0);
    run_to(PS_PER_S + CONVERSION_MS * PS_PER_MS);
    ck_assert_uint_eq(get(CONFIGURATION) & 0x8000, 0x8000);
    ck_assert_uint_eq(fact("conversions"), 2);
    run_to(3 * PS_PER_S);
    ck_assert_uint_eq(fact("conversions"), 2);
}
END_TEST

START_TEST(lower_byte_alone_starts_no_one_shot)
{
    put(CONFIGURATION, 0x61a0);
    run_to(PS_PER_S);
    put(CONFIGURATION, 0x61b0);
    run_to(2 * PS_PER_S);
    ck_assert_uint_eq(fact("conversions"), 1);
}
END_TEST

START_TEST(end_of_shutdown_begins_a_conversion)
{
    put(CONFIGURATION, 0x61a0);
    run_to(PS_PER_S);
    put(CONFIGURATION, 0x60a0);
    run_to(PS_PER_S + CONVERSION_MS * PS_PER_MS);
    ck_assert_uint_eq(fact("conversions"), 2);
}
END_TEST

/* One to six conversions beyond the limit, as F says; AL is 0 then, with POL 1. */
static const struct {
    uint16_t configuration;
    uint32_t faults;
} queues[] = {{0x60a0, 1}, {0x68a0, 2}, {0x70a0, 4}, {0x78a0, 6}, {0x64a0, 1}};

START_TEST(alert_bit_waits_for_its_faults)
{
    uint32_t quiet = queues[_i].configuration & 0x0400 ? 0 : 0x20;
    begin_with("temperature", 0x500); /* 80 degrees: as high as T_HIGH */
    put(CONFIGURATION, queues[_i].configuration);
    ck_assert_uint_eq(get(CONFIGURATION) & 0x20, quiet);
    run_to((CONVERSION_MS + (queues[_i].faults - 1) * PERIOD_MS) * PS_PER_MS - 1);
    ck_assert_uint_eq(get(CONFIGURATION) & 0x20, quiet);
    run_to(now_ps + 1);
    ck_assert_uint_ne(get(CONFIGURATION) & 0x20, quiet);
}
END_TEST

START_TEST(alert_ends_below_the_low_limit)
{
    act_at(2, "temperature", 0x4b0, 0); /* 75 degrees: not below T_LOW */
    act_at(4, "temperature", 0x4af, 0);
    begin_with("temperature", 0x500);
    run_to(PS_PER_S);
    ck_assert_uint_eq(get(CONFIGURATION) & 0x20, 0);
    run_to(2 * PS_PER_S);
    ck_assert_uint_eq(get(CONFIGURATION) & 0x20, 0);
    run_to(3 * PS_PER_S);
    ck_assert_uint_eq(get(CONFIGURATION) & 0x20, 0x20);
}
END_TEST

START_TEST(end_of_an_alert_waits_for_as_many)
{
    act_at(2, "temperature", 0, 0);
    begin_with("temperature", 0x500);
    put(CONFIGURATION, 0x68a0); /* two faults */
    run_to((CONVERSION_MS + PERIOD_MS) * PS_PER_MS);
    ck_assert_uint_eq(get(CONFIGURATION) & 0x20, 0);
    run_to((CONVERSION_MS + 2 * PERIOD_MS) * PS_PER_MS);
    ck_assert_uint_eq(get(CONFIGURATION) & 0x20, 0);
    run_to((CONVERSION_MS + 3 * PERIOD_MS) * PS_PER_MS);
    ck_assert_uint_eq(get(CONFIGURATION) & 0x20, 0x20);
}
END_TEST

/* --- failures --------------------------------------------------------------------------------- */

START_TEST(address_is_refused_so_many_times)
{
    if (_i)
        act_at(1, "refuse_address", 2, 0);
    else
        begin_with("refuse_address", 2);
    ck_assert(!start(WRITE));
    ck_assert(!start(READ));
    ck_assert_uint_eq(stretch_ps, 0);
    ck_assert(start(WRITE));
    ck_assert_uint_eq(fact("addressed"), 3);
    ck_assert_uint_eq(fact("refused"), 2);
    ck_assert_uint_eq(fact("writes"), 1);
    ck_assert_uint_eq(fact("reads"), 0);
}
END_TEST

START_TEST(bytes_are_refused_and_not_taken)
{
    if (_i)
        act_at(1, "refuse_data", 1, 1);
    else
        begin_with("refuse_data", 1);
    ck_assert(start(WRITE));
    ck_assert(out(LOW) == (_i == 1));
    ck_assert(out(LOW) == (_i == 0));
    ck_assert_uint_eq(fact("refused"), 1);
    ck_assert_uint_eq(fact("bytes_taken"), 1);
    ck_assert_uint_eq(fact("pointer"), LOW);
    ck_assert_uint_eq(get(LOW), 0x4b00);
}
END_TEST

START_TEST(clock_is_stretched_behind_bytes)
{
    act_at(2, "stretch", 7 * PS_PER_US, 2);
    ck_assert(start(WRITE));
    ck_assert_uint_eq(stretch_ps, 0);
    ck_assert(start(READ));
    ck_assert_uint_eq(stretch_ps, 7 * PS_PER_US);
    (void)say(WIRE_IN, 0);
    ck_assert_uint_eq(stretch_ps, 7 * PS_PER_US);
    (void)say(WIRE_ACK, 0);
    ck_assert_uint_eq(stretch_ps, 0);
    (void)say(WIRE_IN, 0);
    ck_assert_uint_eq(stretch_ps, 0);
    ck_assert_uint_eq(fact("stretched"), 2);
}
END_TEST

START_TEST(clock_may_be_stretched_always)
{
    begin_with("stretch_us", 3 * PS_PER_US);
    ck_assert(start(WRITE));
    ck_assert_uint_eq(stretch_ps, 3 * PS_PER_US);
    ck_assert(out(0));
    ck_assert_uint_eq(stretch_ps, 3 * PS_PER_US);
}
END_TEST

START_TEST(clock_is_held_for_ever)
{
    if (_i)
        act_at(1, "hold", 0, 0);
    else
        begin_with("hold_at", 2);
    ck_assert(start(WRITE));
    ck_assert_uint_eq(stretch_ps, _i ? TIME_NEVER : 0);
    ck_assert(out(0));
    ck_assert_uint_eq(stretch_ps, TIME_NEVER);
    ck_assert_uint_ge(fact("stretched"), 1);
}
END_TEST

START_TEST(data_is_sent_wrong)
{
    if (_i)
        act_at(2, "corrupt", 0x11, 1);
    else
        begin_with("corrupt", 0x11);
    ck_assert_uint_eq(get(HIGH), _i ? 0x4100 : 0x4111);
    ck_assert_uint_eq(fact("corrupted"), _i ? 1 : 2);
    ck_assert_uint_eq(fact("bytes_sent"), 2);
}
END_TEST

START_TEST(plan_is_followed_by_the_times_it_was_addressed)
{
    act_at(2, "refuse_address", 1, 0);
    act_at(4, "refuse_address", 1, 0);
    static const bool takes[] = {true, false, true, false, true};
    for (int i = 0; i < COUNT(takes); i++)
        ck_assert(start(WRITE) == takes[i]);
}
END_TEST

START_TEST(stops_are_counted)
{
    (void)get(LOW);
    put(LOW, 0);
    ck_assert_uint_eq(fact("stops"), 2);
    ck_assert_uint_eq(fact("reads"), 1);
    ck_assert_uint_eq(fact("writes"), 2);
    ck_assert_uint_eq(fact("bytes_taken"), 4);
    ck_assert_uint_eq(fact("low_limit"), 0);
    ck_assert_uint_eq(fact("high_limit"), 0x5000);
    ck_assert_uint_eq(fact("configuration"), 0x60a0);
}
END_TEST

START_TEST(each_note_has_a_name_and_words)
{
    char text[40];
    for (uint32_t i = 1; i <= 5; i++) {
        const char *name = i2c_sensor_peer.note_name(i);
        ck_assert_ptr_nonnull(name);
        ck_assert_ptr_nonnull(strstr(i2c_sensor_peer.note_text(i, 7, text, sizeof text), name));
    }
    ck_assert_ptr_null(i2c_sensor_peer.note_name(6));
    ck_assert_str_eq(i2c_sensor_peer.note_text(6, 7, text, sizeof text), "?");
}
END_TEST

/* --- Check ------------------------------------------------------------------------------------ */

static void add_registers(Suite *suite)
{
    TCase *c = tcase_create("registers");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, registers_are_as_the_data_sheet_says_after_power_up, 0, COUNT(power_up));
    tcase_add_loop_test(c, temperature_is_in_the_formats_of_the_data_sheet, 0, COUNT(temperatures));
    tcase_add_test(c, what_may_not_be_written_stays);
    tcase_add_test(c, upper_byte_can_be_written_alone);
    tcase_add_test(c, pointer_stays_and_only_two_of_its_bits_count);
    tcase_add_test(c, bytes_behind_a_register_are_nobodys);
    suite_add_tcase(suite, c);
}

static void add_conversions(Suite *suite)
{
    TCase *c = tcase_create("conversions");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, first_conversion_ends_after_its_time);
    tcase_add_loop_test(c, conversions_come_at_their_rate, 0, COUNT(rates));
    tcase_add_test(c, shutdown_ends_the_conversion_and_makes_no_more);
    tcase_add_test(c, shutdown_between_conversions_is_at_once);
    tcase_add_test(c, one_shot_converts_once_in_shutdown);
    tcase_add_test(c, lower_byte_alone_starts_no_one_shot);
    tcase_add_test(c, end_of_shutdown_begins_a_conversion);
    tcase_add_loop_test(c, alert_bit_waits_for_its_faults, 0, COUNT(queues));
    tcase_add_test(c, alert_ends_below_the_low_limit);
    tcase_add_test(c, end_of_an_alert_waits_for_as_many);
    suite_add_tcase(suite, c);
}

static void add_failures(Suite *suite)
{
    TCase *c = tcase_create("failures");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, address_is_refused_so_many_times, 0, 2);
    tcase_add_loop_test(c, bytes_are_refused_and_not_taken, 0, 2);
    tcase_add_test(c, clock_is_stretched_behind_bytes);
    tcase_add_test(c, clock_may_be_stretched_always);
    tcase_add_loop_test(c, clock_is_held_for_ever, 0, 2);
    tcase_add_loop_test(c, data_is_sent_wrong, 0, 2);
    tcase_add_test(c, plan_is_followed_by_the_times_it_was_addressed);
    tcase_add_test(c, stops_are_counted);
    tcase_add_test(c, each_note_has_a_name_and_words);
    suite_add_tcase(suite, c);
}

int main(void)
{
    Suite *suite = suite_create("i2c_sensor");
    add_registers(suite);
    add_conversions(suite);
    add_failures(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
