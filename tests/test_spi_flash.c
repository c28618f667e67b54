/* test_spi_flash.c: the flash chip by itself: its select falls, bytes pass, its select rises. */
#include "sim/world/catalogue.h"
#include "tests/support_device_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define BYTE_PS PS_PER_US /* at 8 MHz */
#define PROGRAM_PS (800 * PS_PER_US)
#define ERASE_PS (30 * PS_PER_MS)
#define CHIP_PS (500 * PS_PER_MS)

enum { PROGRAM_TIME, ERASE_TIME, CHIP_TIME, BIT_ERRORS };
enum { STAY_BUSY, SLOW, SILENCE, SPOIL, RECOVER };

static struct rig *r;
static struct peer_plan plan;
static uint8_t answers[600];

static void set_up(void)
{
    plan = (struct peer_plan){.values = {PROGRAM_PS, ERASE_PS, CHIP_PS, 0}};
    r = rig_make(&spi_flash_peer.type);
    r->d->plan = &plan;
}

static void tear_down(void)
{
    rig_free(r);
    r = NULL;
}

static uint8_t signal(enum wire_act act, uint8_t value)
{
    const struct wire_signal s = {.act = (uint8_t)act, .value = value};
    uint8_t answer = device_answer(r->d, &s, r->now_ps).value;
    rig_serve(r);
    return answer;
}

/* One selection; what came back is in `answers`. */
static void transfer(const void *bytes, uint32_t size)
{
    const uint8_t *out = bytes;
    ck_assert_uint_le(size, sizeof answers);
    (void)signal(WIRE_SELECT, 5);
    for (uint32_t i = 0; i < size; i++) {
        rig_pass(r, BYTE_PS);
        answers[i] = signal(WIRE_OUT, out[i]);
    }
    (void)signal(WIRE_DESELECT, 5);
}

#define SEND(...) transfer((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static uint8_t status(void)
{
    SEND(0x05, 0);
    return answers[1];
}

static uint8_t byte_at(uint32_t address)
{
    SEND(0x03, (uint8_t)(address >> 16), (uint8_t)(address >> 8), (uint8_t)address, 0);
    return answers[4];
}

static uint64_t fact(const char *name)
{
    for (uint32_t i = 0; i < spi_flash_peer.fact_count; i++)
        if (strcmp(spi_flash_peer.facts[i].name, name) == 0)
            return spi_flash_peer.fact(r->d, i);
    ck_abort_msg("no fact %s", name);
    return 0;
}

static void wait_until_idle(void)
{
    rig_pass(r, CHIP_PS);
    ck_assert_uint_eq(status(), 0);
}

static void act(uint32_t at, uint32_t verb, uint64_t first, uint64_t second)
{
    plan.actions[plan.action_count++] =
        (struct peer_action){.at_event = at, .verb = verb, .arguments = {first, second}};
}

/* --- what it says ---------------------------------------------------------------------------- */

START_TEST(id_comes_behind_its_command_again_and_again)
{
    SEND(0x9f, 0, 0, 0, 0);
    ck_assert_mem_eq(answers, "\xff\xc2\x28\x17\xc2", 5);
}
END_TEST

START_TEST(unselected_bytes_of_an_empty_chip_are_all_ones)
{
    ck_assert_uint_eq(byte_at(0), 0xff);
    ck_assert_uint_eq(fact("first_word"), 0xffffffff);
    ck_assert_uint_eq(fact("reads"), 1);
}
END_TEST

START_TEST(write_enable_is_seen_in_the_status)
{
    ck_assert_uint_eq(status(), 0);
    SEND(0x06);
    ck_assert_uint_eq(status(), 2);
    SEND(0x04);
    ck_assert_uint_eq(status(), 0);
}
END_TEST

/* --- program, erase -------------------------------------------------------------------------- */

START_TEST(program_takes_its_time_and_ends_the_enable)
{
    SEND(0x06);
    SEND(0x02, 0, 0, 0, 0x11, 0x22, 0x33, 0x44);
    uint64_t begun_ps = r->now_ps;
    ck_assert_uint_eq(status(), 3);
    rig_run(r, begun_ps + PROGRAM_PS - 2 * BYTE_PS - 1);
    ck_assert_uint_eq(status(), 3);
    ck_assert_uint_eq(status(), 0);
    ck_assert_uint_eq(fact("first_word"), 0x44332211);
    SEND(0x0b, 0, 0, 0, 0xee, 0, 0, 0, 0, 0);
    ck_assert_mem_eq(answers + 4, "\xff\x11\x22\x33\x44\xff", 6);
    ck_assert_uint_eq(fact("programs"), 1);
}
END_TEST

START_TEST(program_goes_on_at_the_start_of_its_page)
{
    SEND(0x06);
    SEND(0x02, 0, 1, 0xfe, 1, 2, 3);
    wait_until_idle();
    ck_assert_uint_eq(byte_at(0x1fe), 1);
    ck_assert_uint_eq(byte_at(0x1ff), 2);
    ck_assert_uint_eq(byte_at(0x100), 3);
    ck_assert_uint_eq(fact("not_erased"), 0);
}
END_TEST

START_TEST(of_more_than_a_page_the_last_256_bytes_count)
{
    static uint8_t bytes[4 + 256 + 2] = {0x02};
    for (int i = 0; i < 258; i++)
        bytes[4 + i] = (uint8_t)(i < 256 ? i & 0x7f : 0x80 + i - 256);
    SEND(0x06);
    transfer(bytes, sizeof bytes);
    wait_until_idle();
    ck_assert_uint_eq(byte_at(0), 0x80);
    ck_assert_uint_eq(byte_at(1), 0x81);
    ck_assert_uint_eq(byte_at(2), 2);
}
END_TEST

START_TEST(bits_fall_by_a_program_and_rise_by_an_erase)
{
    SEND(0x06);
    SEND(0x02, 0, 0, 0, 0x0f);
    wait_until_idle();
    SEND(0x06);
    SEND(0x02, 0, 0, 0, 0x3c);
    wait_until_idle();
    ck_assert_uint_eq(byte_at(0), 0x0c);
    ck_assert_uint_eq(fact("not_erased"), 1);
    SEND(0x06);
    SEND(0x20, 0, 0x0f, 0xff);
    rig_pass(r, ERASE_PS - 3 * BYTE_PS);
    ck_assert_uint_eq(status(), 3);
    rig_pass(r, BYTE_PS);
    ck_assert_uint_eq(status(), 0);
    ck_assert_uint_eq(byte_at(0), 0xff);
    ck_assert_uint_eq(fact("erases"), 1);
}
END_TEST

START_TEST(erase_leaves_the_other_sectors)
{
    SEND(0x06);
    SEND(0x02, 0, 0x10, 0, 7);
    wait_until_idle();
    SEND(0x06);
    SEND(0x20, 0, 0, 0);
    wait_until_idle();
    ck_assert_uint_eq(byte_at(0x1000), 7);
    SEND(0x06);
    SEND(0xc7);
    wait_until_idle();
    ck_assert_uint_eq(byte_at(0x1000), 0xff);
}
END_TEST

START_TEST(what_nobody_keeps_is_counted)
{
    SEND(0x06);
    SEND(0x02, 0, 0x02, 0, 1, 0xff, 3);
    wait_until_idle();
    ck_assert_uint_eq(byte_at(0x200), 0xff);
    ck_assert_uint_eq(fact("beyond"), 2);
    SEND(0x06);
    SEND(0x20, 0x7f, 0xf0, 0); /* the last sector: nothing to do, and nothing breaks */
    wait_until_idle();
}
END_TEST

/* --- what it refuses ------------------------------------------------------------------------- */

static const struct {
    uint8_t bytes[6];
    uint32_t size;
    const char *fact; /* that counts it */
} refusals[] = {
    {{0x02, 0, 0, 0, 1}, 5, "not_enabled"},
    {{0x20, 0, 0, 0}, 4, "not_enabled"},
    {{0xc7}, 1, "not_enabled"},
    {{0x02, 0, 0, 0}, 4, "cut"},
    {{0x20, 0, 0}, 3, "cut"},
    {{0x20, 0, 0, 0, 0}, 5, "cut"},
    {{0x06, 0}, 2, "cut"},
    {{0x60, 0}, 2, "cut"},
    {{0xab, 0}, 2, "unknown"},
};

START_TEST(bad_command_changes_nothing_and_is_counted)
{
    transfer(refusals[_i].bytes, refusals[_i].size);
    ck_assert_uint_eq(status(), 0);
    ck_assert_uint_eq(fact(refusals[_i].fact), 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_NOTE, NULL), 1);
    ck_assert_uint_eq(fact("programs") + fact("erases"), 0);
}
END_TEST

START_TEST(busy_chip_knows_the_status_alone)
{
    SEND(0x06);
    SEND(0x02, 0, 0, 0, 1);
    SEND(0x9f, 0);
    ck_assert_uint_eq(answers[1], 0xff);
    SEND(0x04);
    ck_assert_uint_eq(fact("refused"), 2);
    ck_assert_uint_eq(status(), 3);
    ck_assert_uint_eq(fact("state"), 1);
}
END_TEST

START_TEST(unfinished_program_is_none)
{
    SEND(0x06);
    (void)signal(WIRE_SELECT, 5);
    (void)signal(WIRE_OUT, 0x02);
    (void)signal(WIRE_OUT, 0);
    (void)signal(WIRE_DESELECT, 5);
    ck_assert_uint_eq(status(), 2);
    ck_assert_uint_eq(fact("cut"), 1);
}
END_TEST

/* --- its plan -------------------------------------------------------------------------------- */

START_TEST(chip_that_stays_busy_never_ends)
{
    act(2, STAY_BUSY, 0, 0);
    act(6, RECOVER, 0, 0);
    SEND(0x06);
    SEND(0x02, 0, 0, 0, 1);
    ck_assert_uint_eq(fact("plan_left"), 1);
    rig_pass(r, 100 * CHIP_PS);
    ck_assert_uint_eq(status(), 3);
    ck_assert_uint_eq(status(), 3);
    ck_assert_uint_eq(status(), 3);
    ck_assert_uint_eq(status(), 0);
}
END_TEST

START_TEST(slow_chip_takes_so_many_times_as_long)
{
    act(1, SLOW, 5, 0);
    SEND(0x06);
    SEND(0x02, 0, 0, 0, 1);
    rig_pass(r, 5 * PROGRAM_PS - 3 * BYTE_PS);
    ck_assert_uint_eq(status(), 3);
    rig_pass(r, BYTE_PS);
    ck_assert_uint_eq(status(), 0);
}
END_TEST

START_TEST(silent_chip_neither_hears_nor_answers)
{
    act(1, SILENCE, 2, 0);
    SEND(0x9f, 0);
    ck_assert_uint_eq(answers[1], 0xff);
    SEND(0x06);
    ck_assert_uint_eq(status(), 0);
    ck_assert_uint_eq(fact("unanswered"), 2);
    ck_assert_uint_eq(fact("bytes"), 2);
}
END_TEST

START_TEST(silence_without_an_end_has_none)
{
    act(0, SILENCE, 0, 0);
    for (int i = 0; i < 20; i++)
        ck_assert_uint_eq(status(), 0xff);
}
END_TEST

START_TEST(spoilt_bytes_have_the_masks_bits_turned_round)
{
    act(1, SPOIL, 2, 0x81);
    SEND(0x9f, 0, 0, 0);
    ck_assert_mem_eq(answers, "\xff\x43\xa9\x17", 4);
    ck_assert_uint_eq(fact("spoilt"), 2);
}
END_TEST

START_TEST(bit_errors_come_by_chance_and_are_counted)
{
    plan.values[BIT_ERRORS] = 1000000;
    SEND(0x9f, 0);
    ck_assert_uint_eq(answers[1], 0xff ^ 0xc2);
    plan.values[BIT_ERRORS] = 100000;
    static uint8_t bytes[401] = {0x05};
    transfer(bytes, sizeof bytes);
    uint64_t spoilt = fact("spoilt"); /* of 400 bytes 1 - 0.9^8 = 57 % */
    ck_assert_uint_gt(spoilt, 180);
    ck_assert_uint_lt(spoilt, 280);
}
END_TEST

static void add_tests(TCase *c)
{
    tcase_add_test(c, id_comes_behind_its_command_again_and_again);
    tcase_add_test(c, unselected_bytes_of_an_empty_chip_are_all_ones);
    tcase_add_test(c, write_enable_is_seen_in_the_status);
    tcase_add_test(c, program_takes_its_time_and_ends_the_enable);
    tcase_add_test(c, program_goes_on_at_the_start_of_its_page);
    tcase_add_test(c, of_more_than_a_page_the_last_256_bytes_count);
    tcase_add_test(c, bits_fall_by_a_program_and_rise_by_an_erase);
    tcase_add_test(c, erase_leaves_the_other_sectors);
    tcase_add_test(c, what_nobody_keeps_is_counted);
    tcase_add_loop_test(c, bad_command_changes_nothing_and_is_counted, 0, COUNT(refusals));
    tcase_add_test(c, busy_chip_knows_the_status_alone);
    tcase_add_test(c, unfinished_program_is_none);
    tcase_add_test(c, chip_that_stays_busy_never_ends);
    tcase_add_test(c, slow_chip_takes_so_many_times_as_long);
    tcase_add_test(c, silent_chip_neither_hears_nor_answers);
    tcase_add_test(c, silence_without_an_end_has_none);
    tcase_add_test(c, spoilt_bytes_have_the_masks_bits_turned_round);
    tcase_add_test(c, bit_errors_come_by_chance_and_are_counted);
}

int main(void)
{
    Suite *s = suite_create("spi flash");
    TCase *c = tcase_create("chip");
    tcase_add_checked_fixture(c, set_up, tear_down);
    add_tests(c);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
