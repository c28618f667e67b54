/* test_saadc.c: the analog to digital converter: what a sample is worth, when it comes, where it
 * goes; and the peer that drives an input. */
#include "devices/catalogue.h"
#include "sim/machine_value.h"
#include "sim/world/catalogue.h"
#include "tests/support_device_rig.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define US PS_PER_US

enum { BUFFER = RIG_RAM_BASE + 16, CONFIG_RESET = 0x00020000, TIMERS = 1 << 12 };

static struct rig *r;

static void set_up(void)
{
    r = rig_make(&nrf52_saadc.type);
    rig_write(r, "ENABLE", 1);
    rig_write(r, "CH[0].PSELP", 2); /* AIN1 */
    rig_write(r, "RESULT.PTR", BUFFER);
    rig_write(r, "RESULT.MAXCNT", 1);
}

static void tear_down(void)
{
    rig_free(r);
    r = NULL;
}

static void input(uint8_t number, uint16_t mv)
{
    const uint8_t bytes[] = {number, (uint8_t)(mv & 0xff), (uint8_t)(mv >> 8)};
    rig_packet(r, bytes, sizeof bytes);
}

static int result(uint32_t n)
{
    return (int16_t)(r->ram[16 + 2 * n] | r->ram[17 + 2 * n] << 8);
}

static void start(void)
{
    rig_write(r, "TASKS_START", 1);
}

static void sample(void)
{
    rig_write(r, "TASKS_SAMPLE", 1);
}

/* --- one sample ------------------------------------------------------------------------------ */

START_TEST(one_sample_goes_to_ram_after_acquisition_and_conversion)
{
    input(1, 1200);
    start();
    ck_assert_uint_eq(rig_read(r, "EVENTS_STARTED"), 1);
    ck_assert_uint_eq(rig_read(r, "STATUS"), 0);
    sample();
    ck_assert_uint_eq(rig_read(r, "STATUS"), 1);
    rig_run(r, 12 * US - 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 0);
    rig_run(r, 12 * US);
    ck_assert_int_eq(result(0), 341); /* 1.2 V / 6 / 0.6 V * 1024 */
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_DONE"), 12 * US);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_RESULTDONE"), 12 * US);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), 12 * US);
    ck_assert_uint_eq(rig_read(r, "RESULT.AMOUNT"), 1);
    ck_assert_uint_eq(rig_read(r, "STATUS"), 0);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
}
END_TEST

START_TEST(end_raises_the_line_until_it_is_cleared)
{
    rig_write(r, "INTENSET", 2);
    start();
    sample();
    rig_pass(r, 12 * US);
    ck_assert(r->d->irq_high);
    rig_write(r, "EVENTS_END", 0);
    ck_assert(!r->d->irq_high);
}
END_TEST

/* Each row: what is on AIN1 and AIN2, the channel's set-up, and the result. */
static const struct {
    const char *why;
    uint16_t mv, other_mv;
    uint32_t select, config, resolution;
    int want;
} worths[] = {
    {"8 bit", 1200, 0, 2, CONFIG_RESET, 0, 85},
    {"12 bit", 1200, 0, 2, CONFIG_RESET, 2, 1365},
    {"14 bit", 1200, 0, 2, CONFIG_RESET, 3, 5461},
    {"a reserved resolution is as 14 bit", 1200, 0, 2, CONFIG_RESET, 7, 5461},
    {"gain 1/5", 1200, 0, 2, CONFIG_RESET | 1 << 8, 1, 409},
    {"gain 1/4", 1200, 0, 2, CONFIG_RESET | 2 << 8, 1, 512},
    {"gain 1/3", 1200, 0, 2, CONFIG_RESET | 3 << 8, 1, 682},
    {"gain 1/2", 300, 0, 2, CONFIG_RESET | 4 << 8, 1, 256},
    {"gain 1", 300, 0, 2, CONFIG_RESET | 5 << 8, 1, 512},
    {"gain 2", 150, 0, 2, CONFIG_RESET | 6 << 8, 1, 512},
    {"gain 4", 60, 0, 2, CONFIG_RESET | 7 << 8, 1, 409},
    {"too much", 1200, 0, 2, CONFIG_RESET | 5 << 8, 1, 1023},
    {"a quarter of VDD as reference", 750, 0, 2, CONFIG_RESET | 1 << 12 | 5 << 8, 1, 1023},
    {"a quarter of VDD, gain 1/4", 750, 0, 2, CONFIG_RESET | 1 << 12 | 2 << 8, 1, 256},
    {"differential, below", 100, 700, 2, CONFIG_RESET | 1 << 20 | 5 << 8, 1, -512},
    {"differential, above", 400, 100, 2, CONFIG_RESET | 1 << 20 | 5 << 8, 1, 256},
    {"differential, far below", 0, 1200, 2, CONFIG_RESET | 1 << 20 | 5 << 8, 1, -512},
    {"differential, far above", 1200, 0, 2, CONFIG_RESET | 1 << 20 | 5 << 8, 1, 511},
    {"single-ended looks at no negative input", 1200, 600, 2, CONFIG_RESET, 1, 341},
    {"VDD", 0, 0, 9, CONFIG_RESET, 1, 853},
    {"VDDH / 5", 0, 0, 13, CONFIG_RESET, 1, 170},
    {"an input that is none", 1200, 0, 17, CONFIG_RESET, 1, 0},
};

START_TEST(sample_is_worth_what_gain_reference_and_resolution_say)
{
    input(1, worths[_i].mv);
    input(2, worths[_i].other_mv);
    rig_write(r, "CH[0].PSELP", worths[_i].select);
    rig_write(r, "CH[0].PSELN", 3);
    rig_write(r, "CH[0].CONFIG", worths[_i].config);
    rig_write(r, "RESOLUTION", worths[_i].resolution);
    start();
    sample();
    rig_pass(r, 12 * US);
    ck_assert_msg(result(0) == worths[_i].want, "%s: got %d, expected %d", worths[_i].why,
                  result(0), worths[_i].want);
}
END_TEST

static const uint8_t acquisition_us[] = {3, 5, 10, 15, 20, 40, 40, 40};

START_TEST(conversion_takes_the_acquisition_time_and_2_us)
{
    rig_write(r, "CH[0].CONFIG", (uint32_t)_i << 16);
    start();
    sample();
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), (acquisition_us[_i] + 2) * US);
}
END_TEST

START_TEST(input_is_held_at_the_end_of_the_acquisition)
{
    input(1, 0);
    start();
    sample();
    rig_run(r, 10 * US - 1);
    input(1, 1200);
    rig_run(r, 10 * US);
    input(1, 0);
    rig_run(r, 12 * US);
    ck_assert_int_eq(result(0), 341);
}
END_TEST

/* --- what makes no sample -------------------------------------------------------------------- */

static void disabled(void)
{
    rig_write(r, "ENABLE", 0);
    start();
    sample();
    rig_write(r, "TASKS_CALIBRATEOFFSET", 1);
    rig_write(r, "TASKS_STOP", 1);
}

static void not_started(void)
{
    sample();
}

static void no_channel(void)
{
    rig_write(r, "CH[0].PSELP", 0);
    start();
    sample();
}

static void stopped(void)
{
    start();
    sample();
    rig_write(r, "TASKS_STOP", 1);
}

static void disabled_midway(void)
{
    start();
    sample();
    rig_write(r, "ENABLE", 0);
}

static void calibrating(void)
{
    start();
    rig_write(r, "TASKS_CALIBRATEOFFSET", 1);
    sample();
}

static void after_the_end(void)
{
    start();
    sample();
    rig_pass(r, 12 * US);
    rig_write(r, "EVENTS_END", 0);
    r->count = 0;
    sample();
}

static void (*const nothing[])(void) = {disabled,        not_started, no_channel,   stopped,
                                        disabled_midway, calibrating, after_the_end};

START_TEST(nothing_is_sampled_where_nothing_may_be)
{
    nothing[_i]();
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 0);
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 0);
    ck_assert_uint_eq(rig_read(r, "STATUS"), 0);
}
END_TEST

START_TEST(disabled_converter_generates_no_event)
{
    disabled();
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 0);
}
END_TEST

START_TEST(sample_during_a_conversion_is_lost)
{
    rig_write(r, "RESULT.MAXCNT", 2);
    start();
    sample();
    rig_pass(r, 6 * US);
    sample();
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 0);
}
END_TEST

/* --- the buffer ------------------------------------------------------------------------------ */

START_TEST(buffer_ends_when_it_is_full)
{
    rig_write(r, "RESULT.MAXCNT", 3);
    start();
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 0);
        input(1, (uint16_t)(600 * (i + 1)));
        sample();
        rig_pass(r, 12 * US);
    }
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 1);
    ck_assert_uint_eq(rig_read(r, "RESULT.AMOUNT"), 3);
    ck_assert_int_eq(result(0), 170);
    ck_assert_int_eq(result(1), 341);
    ck_assert_int_eq(result(2), 512);
}
END_TEST

START_TEST(buffer_is_latched_at_start)
{
    start();
    rig_write(r, "RESULT.PTR", BUFFER + 64);
    rig_write(r, "RESULT.MAXCNT", 5);
    sample();
    rig_pass(r, 12 * US);
    const struct rig_entry *e = rig_find(r, 0, REQUEST_DMA_WRITE, NULL);
    ck_assert_uint_eq(e->address, BUFFER);
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 1);
}
END_TEST

START_TEST(start_takes_a_new_buffer_at_once)
{
    rig_write(r, "RESULT.MAXCNT", 2);
    start();
    sample();
    rig_pass(r, 12 * US);
    rig_write(r, "RESULT.PTR", BUFFER + 64);
    start();
    sample();
    rig_pass(r, 12 * US);
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 0);
    const struct rig_entry *e = rig_find(r, 0, REQUEST_DMA_WRITE, NULL);
    e = rig_find(r, (uint32_t)(e - r->log) + 1, REQUEST_DMA_WRITE, NULL);
    ck_assert_uint_eq(e->address, BUFFER + 64);
}
END_TEST

START_TEST(stop_says_how_far_the_buffer_came)
{
    rig_write(r, "RESULT.MAXCNT", 4);
    start();
    sample();
    rig_pass(r, 12 * US);
    sample();
    rig_pass(r, 6 * US);
    rig_write(r, "TASKS_STOP", 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_STOPPED"), 1);
    ck_assert_uint_eq(rig_read(r, "RESULT.AMOUNT"), 1);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 1);
    rig_write(r, "EVENTS_STOPPED", 0);
    rig_write(r, "TASKS_STOP", 1); /* it has stopped already */
    ck_assert_uint_eq(rig_read(r, "EVENTS_STOPPED"), 1);
    ck_assert_uint_eq(rig_read(r, "RESULT.AMOUNT"), 1);
}
END_TEST

START_TEST(buffer_of_no_results_never_ends)
{
    rig_write(r, "RESULT.MAXCNT", 0);
    start();
    sample();
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 0);
    ck_assert_uint_eq(rig_read(r, "EVENTS_RESULTDONE"), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 0);
}
END_TEST

START_TEST(refused_memory_is_seen_and_counts)
{
    rig_write(r, "RESULT.PTR", RIG_RAM_BASE + RIG_RAM_SIZE - 1);
    start();
    sample();
    rig_pass(r, 12 * US);
    ck_assert(rig_find(r, 0, REQUEST_DMA_WRITE, NULL)->refused);
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 1);
    ck_assert_uint_eq(rig_read(r, "RESULT.AMOUNT"), 1);
}
END_TEST

/* --- several channels, several conversions --------------------------------------------------- */

START_TEST(scan_converts_its_channels_one_after_the_other)
{
    input(1, 600);
    input(2, 1200);
    input(7, 1800);
    rig_write(r, "CH[3].PSELP", 3);
    rig_write(r, "CH[3].CONFIG", 5 << 16);
    rig_write(r, "CH[7].PSELP", 8);
    rig_write(r, "RESULT.MAXCNT", 3);
    start();
    sample();
    rig_run(r, 12 * US);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_DONE"), 1);
    rig_run(r, (12 + 42) * US);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_DONE"), 2);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), (12 + 42 + 12) * US);
    ck_assert_int_eq(result(0), 170);
    ck_assert_int_eq(result(1), 341);
    ck_assert_int_eq(result(2), 512);
}
END_TEST

START_TEST(end_leaves_the_rest_of_a_scan_unconverted)
{
    rig_write(r, "CH[1].PSELP", 3);
    start();
    sample();
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_DONE"), 1);
    ck_assert_uint_eq(rig_read(r, "STATUS"), 0);
}
END_TEST

START_TEST(oversampling_averages_over_sample_tasks)
{
    rig_write(r, "OVERSAMPLE", 2);
    start();
    for (uint32_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(rig_read(r, "EVENTS_RESULTDONE"), 0);
        input(1, (uint16_t)(600 * i)); /* 0, 170, 341, 512 */
        sample();
        rig_pass(r, 12 * US);
    }
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_DONE"), 4);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_RESULTDONE"), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 1);
    ck_assert_int_eq(result(0), (0 + 170 + 341 + 512) / 4);
}
END_TEST

START_TEST(burst_takes_all_conversions_of_a_result_at_one_task)
{
    rig_write(r, "OVERSAMPLE", _i == 0 ? 3 : 15); /* above 8: as 8 */
    rig_write(r, "CH[0].CONFIG", CONFIG_RESET | 1 << 24);
    input(1, 1200);
    start();
    sample();
    rig_pass(r, 5 * PS_PER_MS);
    uint32_t conversions = _i == 0 ? 8 : 256;
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), 12 * US * conversions);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_DONE"), conversions);
    ck_assert_int_eq(result(0), 341);
}
END_TEST

START_TEST(end_leaves_the_rest_of_a_burst_unconverted)
{
    rig_write(r, "OVERSAMPLE", 1);
    start();
    sample();
    rig_pass(r, PS_PER_MS);
    rig_write(r, "CH[0].CONFIG", CONFIG_RESET | 1 << 24);
    sample(); /* the first conversion of two makes the result */
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_DONE"), 2);
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 1);
}
END_TEST

START_TEST(timer_samples_until_stop)
{
    rig_write(r, "SAMPLERATE", TIMERS | 1600); /* 100 us */
    rig_write(r, "RESULT.MAXCNT", 3);
    start();
    sample();
    rig_run(r, 12 * US);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 1);
    rig_run(r, 212 * US);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 3);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), 212 * US);
    rig_run(r, 350 * US); /* nowhere to put it */
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 3);
    start();
    rig_run(r, 412 * US); /* it has gone on */
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 4);
    rig_write(r, "TASKS_STOP", 1);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 4);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
}
END_TEST

START_TEST(timer_keeps_to_the_shortest_period_there_is)
{
    rig_write(r, "SAMPLERATE", TIMERS | 1);
    rig_write(r, "CH[0].CONFIG", 0); /* 3 us and 2 us: all of it */
    rig_write(r, "RESULT.MAXCNT", 10);
    start();
    sample();
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), 50 * US);
}
END_TEST

START_TEST(tick_during_a_conversion_is_lost)
{
    rig_write(r, "SAMPLERATE", TIMERS | 80); /* 5 us; a conversion takes 12 */
    rig_write(r, "RESULT.MAXCNT", 3);
    start();
    sample();
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), (15 + 15 + 12) * US);
}
END_TEST

/* --- limits, calibration, errors ------------------------------------------------------------- */

/* 1.2 V is 341. */
static const struct {
    uint32_t limit;
    bool high, low;
} limits[] = {
    {0x7fff8000, false, false},          {341u << 16 | 0x8000, true, false},
    {342u << 16 | 0x8000, false, false}, {0x7fff0000 | 341, false, true},
    {0x7fff0000 | 340, false, false},    {341u << 16 | 341, true, true},
    {0xffff8000, true, false}, /* -1 */
};

START_TEST(result_at_a_limit_or_beyond_is_an_event)
{
    input(1, 1200);
    rig_write(r, "CH[5].PSELP", 2);
    rig_write(r, "CH[0].PSELP", 0);
    rig_write(r, "CH[5].LIMIT", limits[_i].limit);
    start();
    sample();
    rig_pass(r, 12 * US);
    ck_assert_uint_eq(rig_read(r, "EVENTS_CH[5].LIMITH"), limits[_i].high);
    ck_assert_uint_eq(rig_read(r, "EVENTS_CH[5].LIMITL"), limits[_i].low);
    ck_assert_uint_eq(rig_read(r, "EVENTS_CH[0].LIMITL"), 0);
}
END_TEST

START_TEST(calibration_ends_with_an_event_of_its_own)
{
    rig_write(r, "TASKS_CALIBRATEOFFSET", 1);
    ck_assert_uint_eq(rig_read(r, "STATUS"), 1);
    rig_pass(r, 64 * US - 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_CALIBRATEDONE"), 0);
    rig_pass(r, 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_CALIBRATEDONE"), 1);
    ck_assert_uint_eq(rig_read(r, "STATUS"), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 1);
}
END_TEST

START_TEST(calibration_during_a_conversion_is_lost_and_ends_with_stop)
{
    start();
    sample();
    rig_write(r, "TASKS_CALIBRATEOFFSET", 1);
    rig_pass(r, PS_PER_MS);
    rig_write(r, "TASKS_CALIBRATEOFFSET", 1);
    rig_write(r, "TASKS_STOP", 1);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_CALIBRATEDONE"), 0);
}
END_TEST

START_TEST(injected_error_loses_one_conversion)
{
    rig_write(r, "CH[1].PSELP", 3);
    rig_write(r, "RESULT.MAXCNT", 2);
    start();
    sample();
    r->d->fault.errors++;
    device_wake(r->d, r->now_ps);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_DONE"), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 0);
    ck_assert_uint_eq(rig_read(r, "STATUS"), 0); /* the driver that waits for END waits for ever */
    sample();
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 1);
}
END_TEST

START_TEST(converter_that_hangs_never_ends)
{
    start();
    sample();
    r->d->fault.hung = true;
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 0);
    ck_assert_uint_eq(rig_read(r, "STATUS"), 1);
}
END_TEST

/* --- the inputs ------------------------------------------------------------------------------ */

static int one_sample(void)
{
    start();
    sample();
    rig_pass(r, 12 * US);
    return result(0);
}

START_TEST(samples_of_different_times_differ)
{
    int before = one_sample();
    for (int i = 0; i < 300; i++) { /* on its way up, at the top, down, at the bottom */
        int now = one_sample();
        ck_assert_msg(now != before || now == 0, "sample %d: %d twice", i, now);
        ck_assert_int_ge(now, 0);
        ck_assert_int_le(now, 853);
        before = now;
    }
}
END_TEST

START_TEST(same_time_and_seed_give_the_same_sample_and_another_seed_another)
{
    int first = one_sample();
    uint64_t at_ps = r->now_ps;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        tear_down();
        set_up();
        r->d->random = random_start(seed, RANDOM_DEVICE);
        ck_assert_int_eq(one_sample() == first, seed == 1);
        ck_assert_uint_eq(r->now_ps, at_ps);
    }
}
END_TEST

START_TEST(input_that_stood_still_may_move_again)
{
    int moving = one_sample();
    tear_down();
    set_up();
    input(1, 0);
    input(1, 0xffff);
    ck_assert_int_eq(one_sample(), moving);
}
END_TEST

static const struct {
    const char *why, *bytes;
    uint32_t size;
} noise[] = {
    {"no such input", "\x08\x00\x00", 3},
    {"far from any input", "\x80\xff\xff", 3},
    {"half a triple", "\x01\x00", 2},
    {"nothing", "", 0},
};

START_TEST(packet_that_is_no_triple_changes_nothing)
{
    input(1, 1200);
    rig_packet(r, noise[_i].bytes, noise[_i].size);
    ck_assert_msg(one_sample() == 341, "%s", noise[_i].why);
    ck_assert_uint_eq(r->d->lost_requests, 0);
}
END_TEST

START_TEST(parameters_set_vdd_and_inputs_that_stand_still)
{
    nrf52_saadc.type.on_parameter(r->d, 0, 0);       /* no voltage to divide by */
    nrf52_saadc.type.on_parameter(r->d, 0, 0x10000); /* too high for 16 bits */
    rig_write(r, "CH[0].PSELP", 9);
    ck_assert_int_eq(one_sample(), 853);
    nrf52_saadc.type.on_parameter(r->d, 0, 1800);
    ck_assert_int_eq(one_sample(), 512);
    nrf52_saadc.type.on_parameter(r->d, 3, 7 << 16 | 1200);
    rig_write(r, "CH[0].PSELP", 8);
    ck_assert_int_eq(one_sample(), 341);
}
END_TEST

/* --- a peer on an input ---------------------------------------------------------------------- */

enum { KNOB, OTHER_KNOB, KNOBS };
enum { STAND, WAVE }; /* verbs of "analog" */
enum { IN_RAM = 0x20008000 };

static struct scenario scenario;
static struct recorder recorder;
static struct hw *hw;
static uint32_t saadc;

static void set_up_machine(void)
{
    support_scenario(&scenario, 1, &support_spins, NULL);
    saadc = scenario.board.device_count++;
    scenario.board.devices[saadc] = (struct board_device){.name = "SAADC",
                                                          .type = &nrf52_saadc.type,
                                                          .window = {0x40017000, 0x1000},
                                                          .alias_of = BOARD_NONE,
                                                          .line = BOARD_NONE,
                                                          .endpoint = BOARD_NONE};
    scenario.peer_count = KNOBS;
    scenario.peers[KNOB] = (struct scenario_peer){.type = &analog_peer, .on = saadc, .seat = 1};
    scenario.peers[OTHER_KNOB] =
        (struct scenario_peer){.type = &analog_peer, .on = saadc, .seat = 7};
    scenario.peers[KNOB].plan.values[0] = 1200;
    scenario.peers[OTHER_KNOB].plan.values[0] = 1800;
}

static void boot(void)
{
    recorder_start(&recorder, 0);
    hw = support_boot(&scenario, &recorder);
}

static void tear_down_machine(void)
{
    support_free(hw);
    recorder_free(&recorder);
}

static void act(uint32_t place, struct peer_action action)
{
    struct peer_plan *plan = &scenario.peers[KNOB].plan;
    plan->actions[place] = action;
    plan->action_count = place + 1;
}

static void store(uint32_t offset, uint32_t value)
{
    device_write(machine_device(hw->m, saadc), offset, value, machine_now_ps(hw->m));
    machine_serve(hw, saadc);
}

static void go_to(uint64_t at_ps)
{
    while (machine_now_ps(hw->m) < at_ps)
        machine_idle(hw, at_ps);
}

/* What `input` is worth at that time. */
static int sample_at(uint64_t at_ps, uint32_t which)
{
    uint8_t bytes[2];
    go_to(at_ps);
    store(0x500, 1);
    store(0x510, which + 1);
    store(0x62c, IN_RAM);
    store(0x630, 1);
    store(0x000, 1);
    store(0x004, 1);
    go_to(at_ps + 12 * US);
    ck_assert(machine_peek(hw->m, (struct span){IN_RAM, 2}, bytes));
    return bytes[0] | bytes[1] << 8;
}

START_TEST(each_peer_drives_its_own_input_from_the_start)
{
    boot();
    ck_assert_int_eq(sample_at(PS_PER_MS, 1), 341);
    ck_assert_int_eq(sample_at(2 * PS_PER_MS, 7), 512);
    ck_assert_int_ne(sample_at(3 * PS_PER_MS, 2), sample_at(4 * PS_PER_MS, 2)); /* nobody's */
}
END_TEST

START_TEST(peer_changes_its_voltage_when_the_plan_says)
{
    act(0, (struct peer_action){.at_event = 5, .verb = STAND, .arguments = {600}});
    act(1, (struct peer_action){.at_event = UINT32_MAX,
                                .timed = true,
                                .at_ps = 2 * PS_PER_MS,
                                .verb = STAND,
                                .arguments = {2400}});
    act(2, (struct peer_action){.at_event = 5, .verb = STAND, .arguments = {0}});
    act(3, (struct peer_action){.at_event = 9, .verb = WAVE});
    boot();
    ck_assert_int_eq(sample_at(PS_PER_MS, 1), 341);
    ck_assert_int_eq(sample_at(3 * PS_PER_MS, 1), 682);
    ck_assert_int_eq(sample_at(6 * PS_PER_MS, 1), 0);
    ck_assert_int_ne(sample_at(10 * PS_PER_MS, 1), sample_at(11 * PS_PER_MS, 1));
    ck_assert_uint_eq(machine_peer_fact(hw->m, KNOB, 0), 4);
    ck_assert_uint_eq(machine_peer_fact(hw->m, OTHER_KNOB, 0), 0);
    ck_assert_uint_eq(machine_device(hw->m, saadc)->lost_requests, 0);
}
END_TEST

START_TEST(peer_says_what_it_does)
{
    static const uint32_t said[] = {1200, 600, 0xffff};
    char text[40];
    uint32_t n = 0, index = scenario.board.device_count + KNOB;
    act(0, (struct peer_action){.at_event = 5, .verb = STAND, .arguments = {600}});
    act(1, (struct peer_action){.at_event = 6, .verb = WAVE});
    boot();
    go_to(7 * PS_PER_MS);
    for (uint64_t i = 0; i < recorder.count; i++) {
        const struct record *record = &recorder.records[i];
        if (record->kind != EVENT_PEER_NOTE || pair_high(record->value) != index)
            continue;
        ck_assert_uint_lt(n, COUNT(said));
        ck_assert_uint_eq(pair_low(record->value), said[n++]);
    }
    ck_assert_uint_eq(n, COUNT(said));
    ck_assert_str_eq(analog_peer.note_name(1), "mv");
    ck_assert_ptr_null(analog_peer.note_name(2));
    ck_assert_str_eq(analog_peer.note_text(1, 600, text, sizeof text), "stands at 600 mV");
    ck_assert_str_eq(analog_peer.note_text(1, 0xffff, text, sizeof text), "moves");
}
END_TEST

/* --- suite ----------------------------------------------------------------------------------- */

static void add_buffer_tests(TCase *t)
{
    tcase_add_test(t, buffer_ends_when_it_is_full);
    tcase_add_test(t, buffer_is_latched_at_start);
    tcase_add_test(t, start_takes_a_new_buffer_at_once);
    tcase_add_test(t, stop_says_how_far_the_buffer_came);
    tcase_add_test(t, buffer_of_no_results_never_ends);
    tcase_add_test(t, refused_memory_is_seen_and_counts);
    tcase_add_test(t, scan_converts_its_channels_one_after_the_other);
    tcase_add_test(t, end_leaves_the_rest_of_a_scan_unconverted);
    tcase_add_test(t, oversampling_averages_over_sample_tasks);
    tcase_add_loop_test(t, burst_takes_all_conversions_of_a_result_at_one_task, 0, 2);
    tcase_add_test(t, end_leaves_the_rest_of_a_burst_unconverted);
    tcase_add_test(t, timer_samples_until_stop);
    tcase_add_test(t, timer_keeps_to_the_shortest_period_there_is);
    tcase_add_test(t, tick_during_a_conversion_is_lost);
}

static void add_tests(TCase *t)
{
    tcase_add_test(t, one_sample_goes_to_ram_after_acquisition_and_conversion);
    tcase_add_test(t, end_raises_the_line_until_it_is_cleared);
    tcase_add_loop_test(t, sample_is_worth_what_gain_reference_and_resolution_say, 0,
                        COUNT(worths));
    tcase_add_loop_test(t, conversion_takes_the_acquisition_time_and_2_us, 0,
                        COUNT(acquisition_us));
    tcase_add_test(t, input_is_held_at_the_end_of_the_acquisition);
    tcase_add_loop_test(t, nothing_is_sampled_where_nothing_may_be, 0, COUNT(nothing));
    tcase_add_test(t, disabled_converter_generates_no_event);
    tcase_add_test(t, sample_during_a_conversion_is_lost);
    tcase_add_loop_test(t, result_at_a_limit_or_beyond_is_an_event, 0, COUNT(limits));
    tcase_add_test(t, calibration_ends_with_an_event_of_its_own);
    tcase_add_test(t, calibration_during_a_conversion_is_lost_and_ends_with_stop);
    tcase_add_test(t, injected_error_loses_one_conversion);
    tcase_add_test(t, converter_that_hangs_never_ends);
    tcase_add_test(t, samples_of_different_times_differ);
    tcase_add_test(t, same_time_and_seed_give_the_same_sample_and_another_seed_another);
    tcase_add_test(t, input_that_stood_still_may_move_again);
    tcase_add_loop_test(t, packet_that_is_no_triple_changes_nothing, 0, COUNT(noise));
    tcase_add_test(t, parameters_set_vdd_and_inputs_that_stand_still);
}

int main(void)
{
    Suite *suite = suite_create("saadc");
    TCase *t = tcase_create("saadc");
    tcase_add_checked_fixture(t, set_up, tear_down);
    add_tests(t);
    add_buffer_tests(t);
    suite_add_tcase(suite, t);
    TCase *peer = tcase_create("peer");
    tcase_add_checked_fixture(peer, set_up_machine, tear_down_machine);
    tcase_add_test(peer, each_peer_drives_its_own_input_from_the_start);
    tcase_add_test(peer, peer_changes_its_voltage_when_the_plan_says);
    tcase_add_test(peer, peer_says_what_it_does);
    suite_add_tcase(suite, peer);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
