/* test_virt_adc.c: the multiplexer of the ADC on a small board: a converter that is done when the
 * test wants, and writes its results where it was told to.
 */
#include "model/capsule_state.h"
#include "model/chip_rtc.h"
#include "model/chip_saadc.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct hw *const hw = &board.hw;
static struct kernel *const k = &board.k;

enum { SAADC = 0x40007000, SAADC_LINE = 7, RTC = 0x40011000, RTC_LINE = 17 };
enum { SAMPLE_TASK = 0x004, STOP_TASK = 0x008, EVENT_END = 1, ENABLE = 0x500, PSELP = 0x510 };
enum { RESOLUTION = 0x5f0, SAMPLERATE = 0x5f8, RESULT_PTR = 0x62c, MAXCNT = 0x630 };
enum { EXISTS, SAMPLE, UPCALL = 0, COUNTER = 0x504, COMPARE0 = 16, HZ = 8000 };

static struct {
    uint32_t samples, stops;
} chip;
static uint32_t ticks;

static bool reads(struct page *page, uint32_t offset, uint32_t *value)
{
    if (page->base != RTC || offset != COUNTER)
        return false;
    *value = ticks & RTC_MASK;
    return true;
}

static bool writes(struct page *page, uint32_t offset, uint32_t value)
{
    (void)value;
    if (page->base != SAADC || offset > STOP_TASK)
        return false;
    chip.samples += offset == SAMPLE_TASK;
    chip.stops += offset == STOP_TASK;
    return true;
}

static uint32_t reg(uint32_t offset)
{
    return page_read(board_page_at(SAADC), offset);
}

static struct process *process(uint32_t i)
{
    return board_process(i);
}

static void clients_ready(void)
{
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++)
        board_subscribe(process(i), &adc_driver, UPCALL);
    fake_hw_forget(hw);
}

static void adc_board(uint8_t components, struct adc_sampler_config sampler)
{
    board_start();
    memset(&chip, 0, sizeof chip);
    ticks = 1000;
    board.config.kernel_ram.size = 0x10000;
    board.config.alarm = (struct driver_place){true, RTC, RTC_LINE};
    board.config.virts[VIRT_ADC] = (struct driver_place){true, SAADC, SAADC_LINE};
    board.config.kernel_clients[VIRT_ADC] = (struct kernel_client_config){components, 1};
    board.config.adc_sampler = sampler;
    board_page(SAADC, SAADC_LINE);
    board_page(RTC, RTC_LINE);
    board.on_read = reads;
    board.on_write = writes;
    board_run();
    clients_ready();
}

static void plain_board(void)
{
    adc_board(0, (struct adc_sampler_config){0});
}

static enum err ask(uint32_t p, uint32_t number, uint32_t channel)
{
    struct syscall_return r = board_command(process(p), &adc_driver, number, channel, 0);

    return r.r[0] < RETURN_SUCCESS ? (enum err)r.r[1] : ERR_NONE;
}

static void must_ask(uint32_t p, uint32_t channel)
{
    ck_assert_int_eq(ask(p, SAMPLE, channel), ERR_NONE);
}

static void settle(void)
{
    ck_assert(board_settle(50));
}

/* The buffer is full, of this result. */
static void done(uint16_t result)
{
    for (uint32_t i = 0; i < 2 * reg(MAXCNT); i++)
        hw->ram_bytes[reg(RESULT_PTR) + i - hw->ram.base] = (uint8_t)(result >> i % 2 * 8);
    page_event(board_page_at(SAADC), EVENT_END);
    settle();
}

static void heard(uint32_t p, uint32_t count, enum err err, uint32_t channel, uint32_t result)
{
    uint32_t args[3], found = 0;

    while (board_upcall(process(p), &adc_driver, UPCALL, args)) {
        ck_assert_int_eq((enum err)args[0], err);
        ck_assert_uint_eq(args[1], channel);
        ck_assert_uint_eq(args[2], result);
        found++;
    }
    ck_assert_uint_eq(found, count);
}

static bool buffer_is_wiped(void)
{
    struct span own = virt_buffer(k, VIRT_ADC);

    for (uint32_t i = 0; i < own.size; i++)
        if (hw->ram_bytes[own.base + i - hw->ram.base])
            return false;
    return true;
}

START_TEST(commands_answer_as_they_say)
{
    plain_board();
    struct syscall_return r = board_command(process(0), &adc_driver, EXISTS, 0, 0);

    ck_assert_uint_eq(r.r[0], RETURN_SUCCESS); /* TRD 104, section 4.3.1 */
    ck_assert_uint_eq(r.r[1], 0);
    ck_assert_uint_eq(reg(ENABLE), 1);
    ck_assert_uint_eq(reg(RESOLUTION), 2); /* 12 bits */
    ck_assert_uint_eq(board_page_at(SAADC)->inten, 1u << EVENT_END);
}
END_TEST

static const struct {
    uint32_t number, channel;
    enum err err;
} refusals[] = {
    {SAMPLE, SAADC_INPUTS, ERR_INVAL},
    {SAMPLE, 0xffffffff, ERR_INVAL},
    {2, 1, ERR_NOSUPPORT}, /* sampling on and on, of one channel and of two */
    {3, 1, ERR_NOSUPPORT},
    {4, 1, ERR_NOSUPPORT},
    {0xffffffff, 1, ERR_NOSUPPORT},
};

START_TEST(what_is_refused_changes_nothing)
{
    plain_board();

    ck_assert_int_eq(ask(0, refusals[_i].number, refusals[_i].channel), refusals[_i].err);

    ck_assert_uint_eq(chip.samples, 0);
    ck_assert_uint_eq(hw->note_count, 0);
    ck_assert_uint_eq(virt_of(k, &virt_adc)->client, CLIENT_NONE);
}
END_TEST

START_TEST(a_sample_is_of_its_channel)
{
    plain_board();
    must_ask(0, (uint32_t)_i);

    ck_assert_uint_eq(reg(PSELP), (uint32_t)_i + 1);
    ck_assert_uint_eq(reg(MAXCNT), 1);
    ck_assert_uint_eq(reg(SAMPLERATE), 0);
    ck_assert_uint_eq(reg(RESULT_PTR), virt_buffer(k, VIRT_ADC).base);
    ck_assert_uint_eq(chip.samples, 1);
    done(0xabc);

    heard(0, 1, ERR_NONE, (uint32_t)_i, 0xabc);
    ck_assert(buffer_is_wiped());
}
END_TEST

START_TEST(one_reading_serves_those_who_wait_for_its_channel)
{
    plain_board();
    must_ask(2, 5);
    must_ask(0, 3);
    must_ask(1, 3);

    done(1);
    heard(2, 1, ERR_NONE, 5, 1);
    must_ask(2, 3); /* too late for that one */
    done(2);
    heard(0, 1, ERR_NONE, 3, 2);
    heard(1, 1, ERR_NONE, 3, 2);
    heard(2, 0, ERR_NONE, 0, 0);
    done(3);

    heard(2, 1, ERR_NONE, 3, 3);
    ck_assert_uint_eq(chip.samples, 3);
}
END_TEST

START_TEST(who_waits_for_another_channel_gets_its_own_reading)
{
    plain_board();
    must_ask(2, 5);
    must_ask(0, 3);
    must_ask(1, 4);
    done(1);

    done(2);
    heard(0, 1, ERR_NONE, 3, 2);
    heard(1, 0, ERR_NONE, 0, 0);
    done(3);

    heard(1, 1, ERR_NONE, 4, 3);
    ck_assert_uint_eq(chip.samples, 3);
}
END_TEST

START_TEST(a_stray_interrupt_is_no_sample)
{
    plain_board();
    page_event(board_page_at(SAADC), EVENT_END);
    settle();
    must_ask(0, 1);

    board.pending[0] |= 1u << SAADC_LINE;
    settle();

    heard(0, 0, ERR_NONE, 0, 0);
    ck_assert(!adc_driver.on_interrupt(k, hw, SAADC_LINE + 1));
    done(7);
    heard(0, 1, ERR_NONE, 1, 7);
}
END_TEST

/* A lent device has written over the request while it waited. */
START_TEST(a_channel_in_the_grant_is_not_believed)
{
    static const uint32_t channels[] = {SAADC_INPUTS, 0x100, 0xffffffff};
    uint32_t words[VIRT_WORDS] = {channels[_i]};
    plain_board();
    must_ask(0, 1);
    must_ask(1, 2);
    ck_assert_int_eq(capsule_state_store(hw, process(1), &adc_driver, words, VIRT_WORDS), ERR_NONE);

    done(9);

    heard(0, 1, ERR_NONE, 1, 9);
    heard(1, 1, ERR_INVAL, channels[_i], 0);
    ck_assert_uint_eq(chip.samples, 1);
    must_ask(2, 1);
}
END_TEST

START_TEST(silence_is_told_after_10_ms)
{
    plain_board();
    must_ask(0, 1);
    must_ask(1, 2);

    ticks += RTC_HZ / 100 + 1;
    page_event(board_page_at(RTC), COMPARE0);
    settle();

    heard(0, 1, ERR_FAIL, 1, 0);
    ck_assert_uint_eq(chip.stops, 1);
    ck_assert_uint_eq(chip.samples, 2);
    done(4);
    heard(1, 1, ERR_NONE, 2, 4);
}
END_TEST

START_TEST(the_converter_stops_for_the_dead)
{
    plain_board();
    must_ask(0, 1);
    must_ask(1, 2);

    kernel_end_process(k, hw, 0, END_KILL);

    ck_assert_uint_eq(chip.stops, 1);
    ck_assert_uint_eq(reg(ENABLE), 1);
    ck_assert_uint_eq(reg(PSELP), 3);
    done(5);
    heard(1, 1, ERR_NONE, 2, 5);
}
END_TEST

START_TEST(it_goes_on_for_those_who_share_with_the_dead)
{
    plain_board();
    must_ask(2, 5);
    must_ask(0, 3);
    must_ask(1, 3);
    done(1);

    kernel_end_process(k, hw, 0, END_KILL);

    ck_assert_uint_eq(chip.stops, 0);
    done(6);
    heard(1, 1, ERR_NONE, 3, 6);
    ck_assert(buffer_is_wiped());
}
END_TEST

/* ---- sampling on and on */

static enum err sample_on(uint32_t channel, uint32_t hz)
{
    return adc_sample_on(k, hw, k->tokens.sample, channel, hz);
}

static const struct {
    uint32_t channel, hz;
    enum err err;
} wrong[] = {
    {SAADC_INPUTS, HZ, ERR_INVAL},    {0xffffffff, HZ, ERR_INVAL}, {1, SAADC_HZ_MIN - 1, ERR_INVAL},
    {1, SAADC_HZ_MAX + 1, ERR_INVAL}, {1, 0, ERR_INVAL},
};

START_TEST(a_wrong_rate_or_channel_keeps_nobody_out)
{
    plain_board();

    ck_assert_int_eq(sample_on(wrong[_i].channel, wrong[_i].hz), wrong[_i].err);

    ck_assert_uint_eq(chip.samples, 0);
    must_ask(0, 1);
}
END_TEST

START_TEST(who_samples_on_and_on_keeps_all_others_out)
{
    struct span own;
    plain_board();
    own = virt_buffer(k, VIRT_ADC);

    ck_assert_int_eq(sample_on(4, HZ), ERR_NONE);

    ck_assert_uint_eq(reg(PSELP), 5);
    ck_assert_uint_eq(reg(SAMPLERATE), 1u << 12 | 16000000 / HZ);
    ck_assert_uint_eq(reg(RESULT_PTR), own.base);
    ck_assert_uint_eq(reg(MAXCNT), own.size / 2);
    ck_assert_int_eq(sample_on(4, HZ), ERR_BUSY);
    ck_assert_int_eq(ask(0, SAMPLE, 4), ERR_BUSY);
    done(0x123);
    ck_assert_uint_eq(k->services.adc.buffers, 1);
    ck_assert_int_eq(ask(0, SAMPLE, 4), ERR_BUSY);
    heard(0, 0, ERR_NONE, 0, 0);
}
END_TEST

START_TEST(nobody_is_pushed_out_by_who_samples_on_and_on)
{
    plain_board();
    must_ask(0, 1);

    ck_assert_int_eq(sample_on(4, HZ), ERR_BUSY);
    done(8);

    heard(0, 1, ERR_NONE, 1, 8);
    ck_assert_int_eq(sample_on(4, HZ), ERR_NONE);
}
END_TEST

START_TEST(when_it_stops_its_bytes_are_wiped_and_others_served)
{
    plain_board();
    ck_assert_int_eq(sample_on(4, HZ), ERR_NONE);
    done(0x123);

    adc_sample_stop(k, hw, k->tokens.sample);

    ck_assert_uint_eq(chip.stops, 1);
    ck_assert(buffer_is_wiped());
    adc_sample_stop(k, hw, k->tokens.sample); /* nothing to stop */
    ck_assert_uint_eq(chip.stops, 1);
    must_ask(0, 1);
    done(2);
    heard(0, 1, ERR_NONE, 1, 2);
}
END_TEST

START_TEST(the_boards_sampler_lets_go_after_so_many_buffers)
{
    adc_board(1, (struct adc_sampler_config){.channel = 2, .hz = HZ, .buffers = 3});
    settle();

    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(reg(PSELP), 3);
        done((uint16_t)i);
    }

    ck_assert_uint_eq(reg(PSELP), 1); /* the kernel's other component, which was told BUSY */
    done(1);
    must_ask(0, 6);
    done(7);
    heard(0, 1, ERR_NONE, 6, 7);
}
END_TEST

static TCase *sample_tests(void)
{
    TCase *t = tcase_create("samples");

    tcase_add_test(t, commands_answer_as_they_say);
    tcase_add_loop_test(t, what_is_refused_changes_nothing, 0, COUNT_OF(refusals));
    tcase_add_loop_test(t, a_sample_is_of_its_channel, 0, SAADC_INPUTS);
    tcase_add_test(t, one_reading_serves_those_who_wait_for_its_channel);
    tcase_add_test(t, who_waits_for_another_channel_gets_its_own_reading);
    tcase_add_test(t, a_stray_interrupt_is_no_sample);
    tcase_add_loop_test(t, a_channel_in_the_grant_is_not_believed, 0, 3);
    tcase_add_test(t, silence_is_told_after_10_ms);
    tcase_add_test(t, the_converter_stops_for_the_dead);
    tcase_add_test(t, it_goes_on_for_those_who_share_with_the_dead);
    return t;
}

static TCase *sampler_tests(void)
{
    TCase *t = tcase_create("sampling on and on");

    tcase_add_loop_test(t, a_wrong_rate_or_channel_keeps_nobody_out, 0, COUNT_OF(wrong));
    tcase_add_test(t, who_samples_on_and_on_keeps_all_others_out);
    tcase_add_test(t, nobody_is_pushed_out_by_who_samples_on_and_on);
    tcase_add_test(t, when_it_stops_its_bytes_are_wiped_and_others_served);
    tcase_add_test(t, the_boards_sampler_lets_go_after_so_many_buffers);
    return t;
}

int main(void)
{
    Suite *s = suite_create("virt_adc");

    suite_add_tcase(s, sample_tests());
    suite_add_tcase(s, sampler_tests());
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
