/* test_device_timers.c: TIMER and RTC: the exact moment of each event, with drift, and the rules
 * about values that come too late. */
#include "devices/catalogue.h"
#include "tests/support_device_rig.h"

#include <check.h>
#include <stdlib.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define TICK_PS UINT64_C(62500) /* 16 MHz */

static struct rig *r;

static void tear_down(void)
{
    rig_free(r);
    r = NULL;
}

/* Edge n by long hand: phase + n / (hz * (1 + drift)), rounded up to a picosecond. */
static uint64_t edge_ps(struct clock clock, uint64_t n)
{
    unsigned __int128 per = (unsigned __int128)clock.hz * (uint64_t)(1000000000 + clock.drift_ppb);
    unsigned __int128 num = (unsigned __int128)n * PS_PER_S * 1000000000u;
    return clock.phase_ps + (uint64_t)((num + per - 1) / per);
}

/* --- TIMER ----------------------------------------------------------------------------------- */

enum { MHZ16 = 0, BITS16 = 0, BITS8 = 1, BITS24 = 2, BITS32 = 3 };

static void make_timer(uint32_t prescaler, uint32_t bitmode)
{
    r = rig_make(&nrf52_timer.type);
    rig_write(r, "PRESCALER", prescaler);
    rig_write(r, "BITMODE", bitmode);
}

static uint32_t capture(void)
{
    rig_write(r, "TASKS_CAPTURE[3]", 1);
    return rig_read(r, "CC[3]");
}

static const int64_t drifts[] = {0, 50000, -50000, 123457, -99999999};

START_TEST(compare_lands_on_the_exact_edge)
{
    struct clock hf = {.hz = 16000000, .drift_ppb = drifts[_i / 10], .phase_ps = 17001};
    struct clock lf = {.hz = 32768};
    uint32_t prescaler = (uint32_t)_i % 10, ticks = 1000000;
    r = rig_make_with(&nrf52_timer.type, hf, lf);
    rig_write(r, "PRESCALER", prescaler);
    rig_write(r, "BITMODE", BITS32);
    rig_write(r, "CC[1]", ticks);
    rig_run(r, 3000000);
    rig_write(r, "TASKS_START", 1);

    uint64_t first = 0; /* the edge at or after START */
    while (edge_ps(hf, first) < 3000000)
        first++;
    uint64_t want = edge_ps(hf, first + ((uint64_t)ticks << prescaler));
    rig_run(r, want - 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_COMPARE[1]"), 0);
    ck_assert_uint_eq(capture(), ticks - 1);
    rig_run(r, want);
    ck_assert_uint_eq(rig_read(r, "EVENTS_COMPARE[1]"), 1);
    ck_assert_uint_eq(capture(), ticks);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[1]"), want);
}
END_TEST

/* CLEAR by short cut must not lose the fraction of an edge, however often. */
START_TEST(periodic_compare_does_not_drift_away)
{
    struct clock hf = {.hz = 16000000, .drift_ppb = 33333, .phase_ps = 5};
    struct clock lf = {.hz = 32768};
    r = rig_make_with(&nrf52_timer.type, hf, lf);
    rig_write(r, "PRESCALER", 4);
    rig_write(r, "CC[0]", 10);
    rig_write(r, "CC[1]", 0xffff);
    rig_write(r, "CC[2]", 0xffff);
    rig_write(r, "CC[3]", 0xffff);
    rig_write(r, "SHORTS", 1);
    rig_write(r, "TASKS_START", 1);
    for (uint64_t i = 1; i <= 10000; i++) {
        r->count = 0;
        rig_run(r, edge_ps(hf, i * 160));
        ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[0]"), r->now_ps);
        ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 1);
        ck_assert_uint_eq(rig_count(r, REQUEST_TASK, "TASKS_CLEAR"), 1);
    }
}
END_TEST

static const struct {
    uint32_t bitmode;
    uint64_t wraps;
} widths[] = {{BITS16, 0x10000}, {BITS8, 0x100}, {BITS24, 0x1000000}, {BITS32, 0x100000000}};

START_TEST(value_that_is_there_already_matches_after_a_wrap)
{
    make_timer(MHZ16, widths[_i].bitmode);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, 100 * TICK_PS + 1);
    rig_write(r, "CC[0]", 100); /* the counter's value now */
    for (int i = 1; i < 4; i++)
        rig_write(r, i == 1 ? "CC[1]" : i == 2 ? "CC[2]" : "CC[3]", 100);
    rig_run(r, (100 + widths[_i].wraps) * TICK_PS - 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 0);
    rig_run(r, (100 + widths[_i].wraps) * TICK_PS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 4);
}
END_TEST

START_TEST(next_value_matches_at_the_next_tick)
{
    make_timer(4, BITS16);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, TICK_PS * 1600 + 1);
    rig_write(r, "CC[0]", 101);
    rig_run(r, TICK_PS * 1616);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[0]"), TICK_PS * 1616);
}
END_TEST

/* CC written when the counter is at 1000: how many ticks later the event comes. */
static const struct {
    int32_t ahead;
    uint32_t fires;
} too_late_for_timer[] = {{-1000, 0xfc18}, {-1, 0xffff}, {0, 0x10000}, {1, 1}, {2, 2}};

START_TEST(compare_that_is_written_too_late_waits_for_the_wrap)
{
    const uint64_t tick = 16 * TICK_PS, begin = 1000 * tick;
    const uint64_t want = begin + too_late_for_timer[_i].fires * tick;
    make_timer(4, BITS16);
    rig_write(r, "CC[1]", 0x8000); /* others keep their time meanwhile */
    rig_write(r, "TASKS_START", 1);
    rig_run(r, begin + tick - 1); /* the last picosecond of 1000 */
    rig_write(r, "CC[0]", (uint32_t)(1000 + too_late_for_timer[_i].ahead));
    rig_run(r, want - 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_COMPARE[0]"), 0);
    rig_run(r, want);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[0]"), want);
    rig_run(r, 0x8000 * tick);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[1]"), 0x8000 * tick);
}
END_TEST

/* "Did I miss it": write CC, capture into another, compare: right if it says missed exactly when no
 * event comes soon. */
START_TEST(capture_after_the_write_tells_whether_it_was_too_late)
{
    const uint32_t ahead = (uint32_t)_i; /* 0: too late */
    make_timer(4, BITS16);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, TICK_PS * 16000 + 5);
    rig_write(r, "CC[0]", 1000 + ahead);
    const bool missed = capture() >= 1000 + ahead;
    rig_run(r, TICK_PS * 16160);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_COMPARE[0]"), !missed);
}
END_TEST

static const uint32_t capture_edges[] = {1, 2, 15, 16, 17, 255};

START_TEST(capture_takes_the_value_of_its_cycle)
{
    const uint32_t edge = capture_edges[_i];
    make_timer(MHZ16, BITS16);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, edge * TICK_PS - 1);
    ck_assert_uint_eq(capture(), edge - 1);
    rig_run(r, edge * TICK_PS);
    ck_assert_uint_eq(capture(), edge);
    /* As a task that a router triggers, too. */
    rig_run(r, (edge + 3) * TICK_PS);
    device_task(r->d, rig_offset(r, "TASKS_CAPTURE[2]"), r->now_ps);
    rig_serve(r);
    ck_assert_uint_eq(rig_read(r, "CC[2]"), edge + 3);
}
END_TEST

/* A captured value is a compare value: it is not reached by counting before the wrap. */
START_TEST(capture_gives_no_compare)
{
    make_timer(MHZ16, BITS8);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, 100 * TICK_PS);
    r->count = 0;
    capture();
    rig_run(r, 300 * TICK_PS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_COMPARE[3]"), 0);
    rig_run(r, (100 + 256) * TICK_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[3]"), (100 + 256) * TICK_PS);
}
END_TEST

START_TEST(only_the_bits_of_bitmode_are_compared)
{
    make_timer(MHZ16, BITS8);
    rig_write(r, "CC[0]", 0xabcd0010);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, 16 * TICK_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[0]"), 16 * TICK_PS);
    ck_assert_uint_eq(rig_read(r, "CC[0]"), 0xabcd0010);
}
END_TEST

START_TEST(stop_keeps_the_value_and_start_goes_on)
{
    make_timer(MHZ16, BITS16);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, 50 * TICK_PS + 7);
    rig_write(r, "TASKS_STOP", 1);
    rig_run(r, 1000 * TICK_PS + 7); /* between two edges */
    ck_assert_uint_eq(capture(), 50);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
    rig_write(r, "TASKS_START", 1); /* counts from edge 1001 */
    rig_run(r, 1003 * TICK_PS);
    ck_assert_uint_eq(capture(), 52);
}
END_TEST

START_TEST(clear_restarts_the_prescaler)
{
    make_timer(9, BITS16);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, 700 * TICK_PS);
    ck_assert_uint_eq(capture(), 1);
    rig_write(r, "TASKS_CLEAR", 1);
    rig_run(r, (700 + 511) * TICK_PS);
    ck_assert_uint_eq(capture(), 0);
    rig_run(r, (700 + 512) * TICK_PS);
    ck_assert_uint_eq(capture(), 1);
}
END_TEST

START_TEST(shut_down_stops_and_clears)
{
    make_timer(MHZ16, BITS16);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, 50 * TICK_PS);
    rig_write(r, "TASKS_SHUTDOWN", 1);
    rig_run(r, 100 * TICK_PS);
    ck_assert_uint_eq(capture(), 0);
}
END_TEST

START_TEST(started_timer_keeps_its_prescaler_and_ignores_start)
{
    make_timer(MHZ16, BITS16);
    rig_write(r, "TASKS_START", 1);
    rig_write(r, "PRESCALER", 9);
    rig_run(r, 50 * TICK_PS);
    rig_write(r, "TASKS_START", 1);
    ck_assert_uint_eq(capture(), 50);
}
END_TEST

START_TEST(counter_mode_counts_tasks_not_time)
{
    make_timer(MHZ16, BITS16);
    rig_write(r, "MODE", 1);
    rig_write(r, "CC[0]", 3);
    rig_write(r, "TASKS_COUNT", 1); /* not started */
    rig_write(r, "TASKS_START", 1);
    rig_write(r, "TASKS_COUNT", 1);
    rig_write(r, "TASKS_COUNT", 1);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(capture(), 2);
    ck_assert_uint_eq(rig_read(r, "EVENTS_COMPARE[0]"), 0);
    device_task(r->d, rig_offset(r, "TASKS_COUNT"), r->now_ps);
    rig_serve(r);
    ck_assert_uint_eq(rig_read(r, "EVENTS_COMPARE[0]"), 1);
}
END_TEST

START_TEST(count_does_nothing_in_timer_mode)
{
    make_timer(9, BITS16);
    rig_write(r, "TASKS_START", 1);
    rig_write(r, "TASKS_COUNT", 1);
    ck_assert_uint_eq(capture(), 0);
}
END_TEST

START_TEST(stop_short_stops_at_the_compare)
{
    make_timer(MHZ16, BITS16);
    rig_write(r, "CC[2]", 20);
    rig_write(r, "SHORTS", 1 << 10);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, 500 * TICK_PS);
    ck_assert_uint_eq(capture(), 20);
    ck_assert_uint_eq(rig_count(r, REQUEST_TASK, "TASKS_STOP"), 1);
}
END_TEST

START_TEST(six_compares_at_once_fit_the_queue)
{
    static const char *const cc[] = {"CC[0]", "CC[1]", "CC[2]", "CC[3]", "CC[4]", "CC[5]"};
    r = rig_make(&nrf52_timer6.type);
    for (int i = 0; i < COUNT(cc); i++)
        rig_write(r, cc[i], 5);
    rig_write(r, "SHORTS", 0x3f3f);
    rig_write(r, "INTENSET", 0xffffffff);
    rig_write(r, "TASKS_START", 1);
    r->count = 0;
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 6);
    ck_assert_uint_eq(rig_count(r, REQUEST_TASK, NULL), 2); /* one STOP and one CLEAR */
    ck_assert_uint_eq(r->d->lost_requests, 0);
    ck_assert(device_line(r->d));
}
END_TEST

START_TEST(events_come_without_interrupts_too)
{
    make_timer(MHZ16, BITS16);
    rig_write(r, "CC[0]", 5);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, 5 * TICK_PS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_COMPARE[0]"), 1);
    ck_assert(!device_line(r->d));
    rig_write(r, "INTENSET", 1 << 16);
    ck_assert(device_line(r->d));
}
END_TEST

/* --- RTC ------------------------------------------------------------------------------------- */

static struct clock lf_of(struct rig *rig)
{
    return rig->d->lf;
}

static void make_rtc(void)
{
    r = rig_make(&nrf52_rtc.type);
    rig_write(r, "INTENSET", 0xf0000);
}

/* To just after tick n of an RTC that was started at 0. */
static void run_to_tick(uint64_t n)
{
    rig_run(r, edge_ps(lf_of(r), n) + 1);
}

START_TEST(rtc_counts_exact_edges)
{
    struct clock hf = {.hz = 16000000};
    struct clock lf = {.hz = 32768, .drift_ppb = drifts[_i], .phase_ps = 12345};
    r = rig_make_with(&nrf52_rtc.type, hf, lf);
    rig_write(r, "INTENSET", 1 << 16);
    rig_write(r, "PRESCALER", 32);
    rig_write(r, "CC[0]", 100000);
    rig_write(r, "TASKS_START", 1);
    uint64_t want = edge_ps(lf, 3300000);
    rig_run(r, want - 1);
    ck_assert_uint_eq(rig_read(r, "COUNTER"), 99999);
    rig_run(r, want);
    ck_assert_uint_eq(rig_read(r, "COUNTER"), 100000);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[0]"), want);
    ck_assert(device_line(r->d));
}
END_TEST

/* CC at COUNTER + n: when it fires, in ticks from the write; 0: not before the wrap. */
static const struct {
    uint32_t ahead, fires;
} too_late[] = {{0, 0}, {1, 0}, {2, 2}, {3, 3}, {0xffffff, 0xffffff}};

START_TEST(rtc_compare_within_two_ticks_waits_for_the_wrap)
{
    make_rtc();
    rig_write(r, "TASKS_START", 1);
    run_to_tick(1000);
    rig_write(r, "CC[0]", (1000 + too_late[_i].ahead) & 0xffffff);
    uint64_t fires = too_late[_i].fires ? too_late[_i].fires : 0x1000000 + too_late[_i].ahead;
    run_to_tick(1000 + fires - 1);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[0]"), TIME_NEVER);
    run_to_tick(1000 + fires);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[0]"), edge_ps(lf_of(r), 1000 + fires));
}
END_TEST

/* What a program that keeps a distance of two ticks relies on, wherever in a tick it writes. */
START_TEST(rtc_compare_two_ticks_ahead_is_sure_at_every_phase)
{
    make_rtc();
    rig_write(r, "TASKS_START", 1);
    const uint64_t from = edge_ps(lf_of(r), 1000), to = edge_ps(lf_of(r), 1001);
    rig_run(r, from + (to - 1 - from) * (uint64_t)_i / 10);
    rig_write(r, "CC[0]", rig_read(r, "COUNTER") + 2);
    run_to_tick(1002);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[0]"), edge_ps(lf_of(r), 1002));
}
END_TEST

START_TEST(rtc_compare_set_while_stopped_is_seen)
{
    make_rtc();
    rig_write(r, "CC[1]", 1);
    rig_write(r, "TASKS_START", 1);
    run_to_tick(1);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[1]"), edge_ps(lf_of(r), 1));
}
END_TEST

START_TEST(rtc_clear_makes_every_compare_possible_again)
{
    make_rtc();
    rig_write(r, "TASKS_START", 1);
    run_to_tick(1000);
    rig_write(r, "CC[2]", 5);
    rig_write(r, "TASKS_CLEAR", 1); /* counts from edge 1001 */
    run_to_tick(1006);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_COMPARE[2]"), edge_ps(lf_of(r), 1006));
}
END_TEST

START_TEST(rtc_event_needs_its_enable)
{
    r = rig_make(&nrf52_rtc.type);
    rig_write(r, "CC[0]", 5);
    rig_write(r, "CC[1]", 5);
    rig_write(r, "CC[2]", 5);
    rig_write(r, "INTENSET", 1 << 16);
    rig_write(r, "EVTENSET", 1 << 17);
    rig_write(r, "TASKS_START", 1);
    run_to_tick(10);
    ck_assert_uint_eq(rig_read(r, "EVENTS_COMPARE[0]"), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_COMPARE[1]"), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_COMPARE[2]"), 0);
    rig_write(r, "EVENTS_COMPARE[0]", 0);
    ck_assert(!device_line(r->d)); /* EVTEN alone raises no line */
}
END_TEST

START_TEST(rtc_without_enabled_events_never_wakes)
{
    r = rig_make(&nrf52_rtc.type);
    rig_write(r, "TASKS_START", 1);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
    rig_write(r, "EVTEN", 2);
    ck_assert_uint_eq(r->d->wake_ps, edge_ps(lf_of(r), 0x1000000));
    rig_write(r, "EVTENCLR", 2);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
}
END_TEST

START_TEST(rtc_ticks_and_overflows)
{
    r = rig_make(&nrf52_rtc.type);
    rig_write(r, "INTENSET", 3);
    rig_write(r, "TASKS_START", 1);
    rig_write(r, "TASKS_TRIGOVRFLW", 1);
    ck_assert_uint_eq(rig_read(r, "COUNTER"), 0xfffff0);
    run_to_tick(15);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_TICK"), 15);
    ck_assert_uint_eq(rig_read(r, "EVENTS_OVRFLW"), 0);
    run_to_tick(16);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_OVRFLW"), edge_ps(lf_of(r), 16));
    ck_assert_uint_eq(rig_read(r, "COUNTER"), 0);
}
END_TEST

START_TEST(rtc_prescaler_is_read_only_while_it_runs)
{
    make_rtc();
    rig_write(r, "PRESCALER", 0x1007);
    ck_assert_uint_eq(rig_read(r, "PRESCALER"), 7);
    rig_write(r, "TASKS_START", 1);
    rig_write(r, "PRESCALER", 1);
    ck_assert_uint_eq(rig_read(r, "PRESCALER"), 7);
    run_to_tick(80);
    ck_assert_uint_eq(rig_read(r, "COUNTER"), 10);
    rig_write(r, "TASKS_STOP", 1);
    rig_write(r, "PRESCALER", 1);
    ck_assert_uint_eq(rig_read(r, "PRESCALER"), 1);
}
END_TEST

START_TEST(rtc_stop_and_clear)
{
    make_rtc();
    rig_write(r, "TASKS_START", 1);
    run_to_tick(30);
    rig_write(r, "TASKS_STOP", 1);
    run_to_tick(40);
    ck_assert_uint_eq(rig_read(r, "COUNTER"), 30);
    rig_write(r, "TASKS_CLEAR", 1);
    ck_assert_uint_eq(rig_read(r, "COUNTER"), 0);
}
END_TEST

static void add_timer_tests(Suite *suite)
{
    TCase *c = tcase_create("timer");
    tcase_add_checked_fixture(c, NULL, tear_down);
    tcase_add_loop_test(c, compare_lands_on_the_exact_edge, 0, 10 * COUNT(drifts));
    tcase_add_test(c, periodic_compare_does_not_drift_away);
    tcase_add_loop_test(c, value_that_is_there_already_matches_after_a_wrap, 0, COUNT(widths));
    tcase_add_test(c, next_value_matches_at_the_next_tick);
    tcase_add_loop_test(c, compare_that_is_written_too_late_waits_for_the_wrap, 0,
                        COUNT(too_late_for_timer));
    tcase_add_loop_test(c, capture_after_the_write_tells_whether_it_was_too_late, 0, 4);
    tcase_add_loop_test(c, capture_takes_the_value_of_its_cycle, 0, COUNT(capture_edges));
    tcase_add_test(c, capture_gives_no_compare);
    tcase_add_test(c, only_the_bits_of_bitmode_are_compared);
    tcase_add_test(c, stop_keeps_the_value_and_start_goes_on);
    tcase_add_test(c, clear_restarts_the_prescaler);
    tcase_add_test(c, shut_down_stops_and_clears);
    tcase_add_test(c, started_timer_keeps_its_prescaler_and_ignores_start);
    tcase_add_test(c, counter_mode_counts_tasks_not_time);
    tcase_add_test(c, count_does_nothing_in_timer_mode);
    tcase_add_test(c, stop_short_stops_at_the_compare);
    tcase_add_test(c, six_compares_at_once_fit_the_queue);
    tcase_add_test(c, events_come_without_interrupts_too);
    suite_add_tcase(suite, c);
}

static void add_rtc_tests(Suite *suite)
{
    TCase *c = tcase_create("rtc");
    tcase_add_checked_fixture(c, NULL, tear_down);
    tcase_add_loop_test(c, rtc_counts_exact_edges, 0, COUNT(drifts));
    tcase_add_loop_test(c, rtc_compare_within_two_ticks_waits_for_the_wrap, 0, COUNT(too_late));
    tcase_add_loop_test(c, rtc_compare_two_ticks_ahead_is_sure_at_every_phase, 0, 11);
    tcase_add_test(c, rtc_compare_set_while_stopped_is_seen);
    tcase_add_test(c, rtc_clear_makes_every_compare_possible_again);
    tcase_add_test(c, rtc_event_needs_its_enable);
    tcase_add_test(c, rtc_without_enabled_events_never_wakes);
    tcase_add_test(c, rtc_ticks_and_overflows);
    tcase_add_test(c, rtc_prescaler_is_read_only_while_it_runs);
    tcase_add_test(c, rtc_stop_and_clear);
    suite_add_tcase(suite, c);
}

int main(void)
{
    Suite *suite = suite_create("device_timers");
    add_timer_tests(suite);
    add_rtc_tests(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
