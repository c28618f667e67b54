/* test_nvic.c: the simulated interrupt controller and SysTick, by their registers. */
#include "sim/clock.h"
#include "sim/nvic.h"

#include <check.h>
#include <stdlib.h>

enum { HZ = 64000000 };
static const uint64_t cycle = 15625;

enum {
    CSR = 0xe000e010,
    RVR = 0xe000e014,
    CVR = 0xe000e018,
    ISER = 0xe000e100,
    ICER = 0xe000e180,
    ISPR = 0xe000e200,
    ICPR = 0xe000e280,
    CFSR = 0xe000ed28,
};

static struct nvic nvic;

static void reset(void)
{
    nvic_reset(&nvic, 48);
}

static void set(uint32_t address, uint32_t value, uint64_t now)
{
    nvic_write(&nvic, address, value, now, HZ);
}

static uint32_t get(uint32_t address, uint64_t now)
{
    return nvic_read(&nvic, address, now, HZ);
}

START_TEST(line_is_taken_only_when_pending_and_enabled)
{
    nvic_pulse(&nvic, 33);
    ck_assert_uint_eq(nvic_active_line(&nvic), NVIC_NO_LINE);
    set(ISER + 4, 1u << 1, 0);
    ck_assert_uint_eq(nvic_active_line(&nvic), 33);
    set(ICER + 4, 1u << 1, 0);
    ck_assert_uint_eq(nvic_active_line(&nvic), NVIC_NO_LINE);
}
END_TEST

START_TEST(lowest_line_is_first)
{
    set(ISER, UINT32_MAX, 0);
    nvic_pulse(&nvic, 9);
    nvic_pulse(&nvic, 8);

    ck_assert_uint_eq(nvic_active_line(&nvic), 8);
}
END_TEST

START_TEST(pulse_is_gone_once_cleared)
{
    nvic_pulse(&nvic, 8);
    set(ICPR, 1u << 8, 0);

    ck_assert_uint_eq(get(ISPR, 0), 0);
}
END_TEST

START_TEST(level_that_is_still_high_pends_again)
{
    nvic_drive(&nvic, 8, true);
    set(ICPR, 1u << 8, 0);
    ck_assert_uint_eq(get(ISPR, 0), 1u << 8);
    nvic_drive(&nvic, 8, false);
    ck_assert_uint_eq(get(ISPR, 0), 1u << 8); /* what was pending stays */
    set(ICPR, 1u << 8, 0);
    ck_assert_uint_eq(get(ISPR, 0), 0);
}
END_TEST

START_TEST(pulse_on_a_line_that_pends_changes_nothing)
{
    ck_assert(nvic_pulse(&nvic, 8));
    ck_assert(!nvic_pulse(&nvic, 8));
    set(ICPR, 1u << 8, 0);
    ck_assert(nvic_pulse(&nvic, 8));
}
END_TEST

/* ARMv7-M ARM B3.4.1: the handler's entry takes the pending state; a level that is high at its end
 * pends again. */
START_TEST(line_pends_no_more_while_its_handler_runs)
{
    nvic_pulse(&nvic, 8);
    nvic_enter(&nvic, 8);
    ck_assert_uint_eq(get(ISPR, 0), 0);
    nvic_leave(&nvic);
    ck_assert_uint_eq(get(ISPR, 0), 0);

    nvic_drive(&nvic, 9, true);
    nvic_enter(&nvic, 9);
    ck_assert_uint_eq(get(ISPR, 0), 0);
    nvic_leave(&nvic);
    ck_assert_uint_eq(get(ISPR, 0), 1u << 9);

    nvic_enter(&nvic, 9);
    nvic_pulse(&nvic, 9); /* meanwhile */
    nvic_drive(&nvic, 9, false);
    nvic_leave(&nvic);
    ck_assert_uint_eq(get(ISPR, 0), 1u << 9);
}
END_TEST

START_TEST(lines_past_the_last_do_not_exist)
{
    set(ISER + 4, UINT32_MAX, 0);
    ck_assert_uint_eq(get(ISER + 4, 0), 0xffff);
    set(ISPR + 8, UINT32_MAX, 0);
    ck_assert_uint_eq(get(ISPR + 8, 0), 0);
    nvic_drive(&nvic, 95, true);
    nvic_pulse(&nvic, 200);
    ck_assert_uint_eq(nvic_active_line(&nvic), NVIC_NO_LINE);
}
END_TEST

START_TEST(systick_fires_after_its_reload_of_cycles)
{
    set(RVR, 640, 0);
    set(CVR, 0, 0);
    set(CSR, 7, 1000);

    ck_assert_uint_eq(nvic.systick_fires_ps, 1000 + 640 * cycle);
    ck_assert_uint_eq(get(CVR, 1000 + 100 * cycle), 540);
    nvic_systick_fire(&nvic, HZ);
    ck_assert(nvic.systick_pending);
    ck_assert_uint_eq(get(CSR, nvic.systick_since_ps), 7 | 1u << 16);
    ck_assert_uint_eq(get(CSR, nvic.systick_since_ps), 7); /* COUNTFLAG: cleared by reading */
}
END_TEST

START_TEST(systick_stopped_keeps_its_value_and_nothing_pends)
{
    set(RVR, 640, 0);
    set(CVR, 0, 0);
    set(CSR, 7, 0);
    set(CSR, 0, 100 * cycle);

    ck_assert_uint_eq(get(CVR, 5000 * cycle), 540);
    ck_assert_uint_eq(nvic.systick_fires_ps, TIME_NEVER);
    ck_assert(!nvic.systick_pending);
}
END_TEST

START_TEST(systick_without_a_reload_never_fires)
{
    set(CVR, 0, 0);
    set(CSR, 7, 0);

    ck_assert_uint_eq(nvic.systick_fires_ps, TIME_NEVER);
}
END_TEST

START_TEST(fault_status_is_cleared_by_writing_ones)
{
    nvic.cfsr = CFSR_DACCVIOL | CFSR_MMARVALID | CFSR_PRECISERR;
    set(CFSR, CFSR_DACCVIOL | CFSR_MMARVALID, 0);

    ck_assert_uint_eq(get(CFSR, 0), CFSR_PRECISERR);
}
END_TEST

START_TEST(unknown_registers_read_zero_and_take_no_write)
{
    set(0xe000e400, UINT32_MAX, 0);

    ck_assert_uint_eq(get(0xe000e400, 0), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nvic");
    TCase *t = tcase_create("nvic");
    tcase_add_checked_fixture(t, reset, NULL);
    tcase_add_test(t, line_is_taken_only_when_pending_and_enabled);
    tcase_add_test(t, lowest_line_is_first);
    tcase_add_test(t, pulse_is_gone_once_cleared);
    tcase_add_test(t, level_that_is_still_high_pends_again);
    tcase_add_test(t, pulse_on_a_line_that_pends_changes_nothing);
    tcase_add_test(t, line_pends_no_more_while_its_handler_runs);
    tcase_add_test(t, lines_past_the_last_do_not_exist);
    tcase_add_test(t, systick_fires_after_its_reload_of_cycles);
    tcase_add_test(t, systick_stopped_keeps_its_value_and_nothing_pends);
    tcase_add_test(t, systick_without_a_reload_never_fires);
    tcase_add_test(t, fault_status_is_cleared_by_writing_ones);
    tcase_add_test(t, unknown_registers_read_zero_and_take_no_write);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
