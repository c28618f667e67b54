/* test_ppi.c: PPI: channels, forks, groups, and the cycle that each hop takes. */
#include "devices/catalogue.h"
#include "tests/support_device_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum { CYCLE_PS = 62500, EVENT = 0x40014100, TASK = 0x40015000, SECOND = 0x40016004 };

static struct rig *r;

static void set_up(void)
{
    r = rig_make(&nrf52_ppi);
}

static void tear_down(void)
{
    rig_free(r);
}

static void write_row(const char *row, uint32_t n, const char *tail, uint32_t value)
{
    char name[32];
    snprintf(name, sizeof name, "%s[%u]%s", row, n, tail);
    rig_write(r, name, value);
}

static void connect(uint32_t channel, uint32_t event, uint32_t task)
{
    write_row("CH", channel, ".EEP", event);
    write_row("CH", channel, ".TEP", task);
}

static void happen(uint32_t event)
{
    device_bus_event(r->d, event, r->now_ps);
    rig_serve(r);
}

/* How often this task was triggered. */
static uint32_t triggered(uint32_t task)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->count; i++)
        count += r->log[i].kind == REQUEST_TRIGGER && r->log[i].address == task;
    return count;
}

START_TEST(programmable_channel_joins_event_and_task)
{
    connect((uint32_t)_i, EVENT, TASK);
    happen(EVENT);
    rig_pass(r, PS_PER_US);
    ck_assert_uint_eq(triggered(TASK), 0); /* not enabled */
    rig_write(r, "CHENSET", UINT32_C(1) << _i);
    happen(EVENT + 4);
    rig_pass(r, PS_PER_US);
    ck_assert_uint_eq(triggered(TASK), 0); /* another event */
    uint64_t event_ps = r->now_ps;
    happen(EVENT);
    rig_pass(r, PS_PER_US);
    ck_assert_uint_eq(triggered(TASK), 1);
    ck_assert_uint_eq(rig_find(r, 0, REQUEST_TRIGGER, NULL)->at_ps, event_ps + CYCLE_PS);
    rig_write(r, "CHENCLR", UINT32_C(1) << _i);
    happen(EVENT);
    rig_pass(r, PS_PER_US);
    ck_assert_uint_eq(triggered(TASK), 1);
}
END_TEST

/* Product Specification, "PPI", table of pre-programmed channels. */
static const struct {
    uint32_t event, task;
} fixed[] = {
    {0x40008140, 0x40001000}, {0x40008140, 0x40001004}, {0x40008144, 0x40001010},
    {0x40001128, 0x4000f000}, {0x40001100, 0x4000f000}, {0x40001104, 0x4000f004},
    {0x40001104, 0x40008044}, {0x4000110c, 0x40008048}, {0x4000b140, 0x40001000},
    {0x4000b140, 0x40001004}, {0x4000b140, 0x4000800c}, {0x4000b140, 0x40008000},
};

START_TEST(fixed_channel_is_as_specified)
{
    rig_write(r, "CHENSET", UINT32_C(1) << (20 + _i));
    happen(fixed[_i].event);
    rig_pass(r, PS_PER_US);
    ck_assert_uint_eq(triggered(fixed[_i].task), 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_TRIGGER, NULL), 1);
}
END_TEST

START_TEST(fork_is_a_second_task)
{
    if (_i < 20)
        connect((uint32_t)_i, EVENT, TASK);
    write_row("FORK", (uint32_t)_i, ".TEP", SECOND);
    rig_write(r, "CHEN", UINT32_C(1) << _i);
    happen(_i < 20 ? EVENT : fixed[_i - 20].event);
    rig_pass(r, PS_PER_US);
    ck_assert_uint_eq(triggered(SECOND), 1);
    ck_assert_uint_eq(triggered(_i < 20 ? TASK : fixed[_i - 20].task), 1);
    ck_assert_uint_eq(rig_find(r, 0, REQUEST_TRIGGER, NULL)->at_ps, CYCLE_PS);
}
END_TEST

START_TEST(group_switches_its_channels)
{
    write_row("CHG", (uint32_t)_i, "", 0x80000005);
    rig_write(r, "CHEN", 0x2);
    write_row("TASKS_CHG", (uint32_t)_i, ".EN", 1);
    ck_assert_uint_eq(rig_read(r, "CHEN"), 0x80000007);
    write_row("TASKS_CHG", (uint32_t)_i, ".DIS", 1);
    ck_assert_uint_eq(rig_read(r, "CHEN"), 0x2);
}
END_TEST

/* Its own task: the first event is the last one. */
START_TEST(group_can_switch_itself_off)
{
    const uint32_t disable = 0x4001f004; /* TASKS_CHG[0].DIS */
    connect(3, EVENT, TASK);
    write_row("FORK", 3, ".TEP", disable);
    rig_write(r, "CHG[0]", 1 << 3);
    rig_write(r, "CHEN", 1 << 3);
    happen(EVENT);
    rig_pass(r, CYCLE_PS);
    ck_assert_uint_eq(triggered(disable), 1);
    device_task(r->d, disable - 0x4001f000, r->now_ps); /* as the machine does */
    happen(EVENT);
    rig_pass(r, PS_PER_US);
    ck_assert_uint_eq(triggered(TASK), 1);
}
END_TEST

START_TEST(one_event_drives_all_its_channels)
{
    for (uint32_t n = 0; n < 20; n++)
        connect(n, EVENT, TASK + 4 * n);
    rig_write(r, "CHEN", 0xfffff);
    happen(EVENT);
    rig_pass(r, PS_PER_US);
    for (uint32_t n = 0; n < 20; n++)
        ck_assert_uint_eq(triggered(TASK + 4 * n), 1);
    ck_assert_uint_eq(r->d->lost_requests, 0);
}
END_TEST

/* Events close to each other keep their distance. */
START_TEST(each_event_takes_its_own_cycle)
{
    connect(0, EVENT, TASK);
    rig_write(r, "CHEN", 1);
    happen(EVENT);
    rig_pass(r, 1000);
    happen(EVENT);
    rig_pass(r, PS_PER_US);
    ck_assert_uint_eq(triggered(TASK), 2);
    const struct rig_entry *first = rig_find(r, 0, REQUEST_TRIGGER, NULL);
    ck_assert_uint_eq(first->at_ps, CYCLE_PS);
    ck_assert_uint_eq(rig_find(r, (uint32_t)(first - r->log) + 1, REQUEST_TRIGGER, NULL)->at_ps,
                      CYCLE_PS + 1000);
}
END_TEST

/* Two EGU events that trigger each other: as many rounds as cycles fit, no more. */
START_TEST(loop_of_events_takes_time)
{
    connect(0, EVENT, TASK);
    rig_write(r, "CHEN", 1);
    happen(EVENT);
    uint32_t seen = 0;
    while (r->now_ps < UINT64_C(100) * CYCLE_PS) {
        rig_pass(r, 1);
        if (triggered(TASK) > seen) {
            seen = triggered(TASK);
            happen(EVENT); /* what the task leads to, in no time */
        }
        if (r->d->wake_ps != TIME_NEVER && r->d->wake_ps > r->now_ps + 1)
            rig_run(r, r->d->wake_ps - 1);
    }
    ck_assert_uint_ge(seen, 98);
    ck_assert_uint_le(seen, 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ppi");
    TCase *c = tcase_create("ppi");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, programmable_channel_joins_event_and_task, 0, 20);
    tcase_add_loop_test(c, fixed_channel_is_as_specified, 0, COUNT(fixed));
    tcase_add_loop_test(c, fork_is_a_second_task, 0, 32);
    tcase_add_loop_test(c, group_switches_its_channels, 0, 6);
    tcase_add_test(c, group_can_switch_itself_off);
    tcase_add_test(c, one_event_drives_all_its_channels);
    tcase_add_test(c, each_event_takes_its_own_cycle);
    tcase_add_test(c, loop_of_events_takes_time);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
