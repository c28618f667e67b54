/* test_virt_rng.c: the multiplexer of the random number generator on a small board: a generator
 * that gives a byte when the test wants.
 */
#include "model/capsule_state.h"
#include "model/chip_rng.h"
#include "model/chip_rtc.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct hw *const hw = &board.hw;
static struct kernel *const k = &board.k;

enum { RNG = 0x4000d000, RNG_LINE = 13, RTC = 0x40011000, RTC_LINE = 17 };
enum { START = 0x000, STOP = 0x004, VALRDY = 0, CONFIG = 0x504, VALUE = 0x508 };
enum { GET = 1, IN = 0, UPCALL = 0, MOST = 256, COUNTER = 0x504, COMPARE0 = 16 };

static struct {
    bool running;
    uint32_t starts, stops;
    uint8_t next; /* the byte that comes next: each another one */
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
    if (page->base != RNG || offset > STOP)
        return false;
    chip.running = offset == START;
    chip.starts += offset == START;
    chip.stops += offset == STOP;
    return true;
}

static struct process *process(uint32_t i)
{
    return board_process(i);
}

static void buffer_is(uint32_t p, uint32_t size)
{
    board_allow(process(p), &rng_driver, ALLOW_RW, IN, 0x100, size);
}

static void clients_ready(void)
{
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++) {
        board_subscribe(process(i), &rng_driver, UPCALL);
        buffer_is(i, 0x100);
    }
    fake_hw_forget(hw);
}

static void rng_board(uint8_t components)
{
    board_start();
    memset(&chip, 0, sizeof chip);
    ticks = 1000;
    board.config.kernel_ram.size = 0x10000;
    board.config.alarm = (struct driver_place){true, RTC, RTC_LINE};
    board.config.virts[VIRT_RNG] = (struct driver_place){true, RNG, RNG_LINE};
    board.config.kernel_clients[VIRT_RNG] = (struct kernel_client_config){components, 1};
    board_page(RNG, RNG_LINE);
    board_page(RTC, RTC_LINE);
    board.on_read = reads;
    board.on_write = writes;
    board_run();
    clients_ready();
}

static enum err ask(uint32_t p, uint32_t number, uint32_t size)
{
    struct syscall_return r = board_command(process(p), &rng_driver, number, size, 0);

    return r.r[0] < RETURN_SUCCESS ? (enum err)r.r[1] : ERR_NONE;
}

static void must_ask(uint32_t p, uint32_t size)
{
    ck_assert_int_eq(ask(p, GET, size), ERR_NONE);
}

static void settle(void)
{
    ck_assert(board_settle(50));
}

static void bytes_come(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        page_set(board_page_at(RNG), VALUE, ++chip.next);
        page_event(board_page_at(RNG), VALRDY);
        settle();
    }
}

static uint8_t byte_of(uint32_t p, uint32_t i)
{
    return hw->ram_bytes[process(p)->memory.base + 0x100 + i - hw->ram.base];
}

static void heard(uint32_t p, uint32_t count, enum err err, uint32_t size)
{
    uint32_t args[3], found = 0;

    while (board_upcall(process(p), &rng_driver, UPCALL, args)) {
        ck_assert_int_eq((enum err)args[0], err);
        ck_assert_uint_eq(args[1], size);
        ck_assert_uint_eq(args[2], 0);
        found++;
    }
    ck_assert_uint_eq(found, count);
}

static void buffer_is_wiped(void)
{
    struct span own = virt_buffer(k, VIRT_RNG);

    for (uint32_t i = 0; i < own.size; i++)
        ck_assert_uint_eq(hw->ram_bytes[own.base + i - hw->ram.base], 0);
}

START_TEST(it_is_set_up_with_bias_correction_and_stands_still)
{
    rng_board(0);

    ck_assert_uint_eq(page_read(board_page_at(RNG), CONFIG), 1);
    ck_assert_uint_eq(board_page_at(RNG)->inten, 1u << VALRDY);
    ck_assert_uint_eq(chip.starts, 0);
    ck_assert_int_eq(ask(0, 0, 0), ERR_NONE);
}
END_TEST

static const struct {
    const char *why;
    uint32_t number, size, buffer;
    enum err err;
} refusals[] = {
    {"nothing", GET, 0, 256, ERR_SIZE},
    {"more than the kernel's", GET, 257, 0x180, ERR_SIZE},
    {"more than its own", GET, 9, 8, ERR_SIZE},
    {"no buffer", GET, 1, 0, ERR_SIZE},
    {"very many", GET, 0xffffffff, 256, ERR_SIZE},
    {"another command", 2, 8, 256, ERR_NOSUPPORT},
    {"a large command", 0xffffffff, 8, 256, ERR_NOSUPPORT},
};

START_TEST(what_is_refused_changes_nothing)
{
    rng_board(0);
    buffer_is(0, refusals[_i].buffer);
    fake_hw_forget(hw);

    enum err err = ask(0, refusals[_i].number, refusals[_i].size);

    ck_assert_msg(err == refusals[_i].err, "%s: got %d", refusals[_i].why, (int)err);
    ck_assert_uint_eq(chip.starts, 0);
    ck_assert_uint_eq(hw->note_count, 0);
    ck_assert_uint_eq(virt_of(k, &virt_rng)->client, CLIENT_NONE);
    must_ask(1, 1);
}
END_TEST

START_TEST(bytes_come_in_their_order_and_then_it_stops)
{
    uint32_t size = _i ? MOST : 3;
    rng_board(0);
    must_ask(0, size);
    ck_assert(chip.running);

    bytes_come(size - 1);
    heard(0, 0, ERR_NONE, 0);
    ck_assert(chip.running);
    bytes_come(1);

    heard(0, 1, ERR_NONE, size);
    ck_assert(!chip.running);
    for (uint32_t i = 0; i < size; i++)
        ck_assert_uint_eq(byte_of(0, i), (uint8_t)(i + 1));
    buffer_is_wiped();
}
END_TEST

START_TEST(each_byte_is_one_clients)
{
    rng_board(0);
    must_ask(0, 2);
    must_ask(1, 3);
    must_ask(2, 1);

    bytes_come(6);

    ck_assert_uint_eq(byte_of(0, 1), 2);
    ck_assert_uint_eq(byte_of(1, 0), 3);
    ck_assert_uint_eq(byte_of(1, 2), 5);
    ck_assert_uint_eq(byte_of(2, 0), 6);
    ck_assert_uint_eq(byte_of(2, 1), 0);
    ck_assert_uint_eq(chip.starts, 3);
    ck_assert_uint_eq(chip.stops, 3);
}
END_TEST

/* It comes after the last one, before the generator has stopped. */
START_TEST(a_byte_too_many_is_nobodys)
{
    rng_board(0);
    must_ask(0, 1);
    bytes_come(1);
    bytes_come(1);
    must_ask(1, 1);
    bytes_come(1);

    ck_assert_uint_eq(byte_of(1, 0), 3);
    heard(0, 1, ERR_NONE, 1);
    heard(1, 1, ERR_NONE, 1);
}
END_TEST

START_TEST(a_stray_interrupt_is_no_byte)
{
    rng_board(0);
    must_ask(0, 1);

    board.pending[0] |= 1u << RNG_LINE;
    settle();

    heard(0, 0, ERR_NONE, 0);
    ck_assert_uint_eq(virt_of(k, &virt_rng)->progress, 0);
    ck_assert(!rng_driver.on_interrupt(k, hw, RNG_LINE + 1));
}
END_TEST

START_TEST(what_does_not_fit_any_more_is_cut)
{
    rng_board(0);
    must_ask(0, 8);
    bytes_come(7);
    buffer_is(0, (uint32_t)_i);
    bytes_come(1);

    heard(0, 1, ERR_NONE, (uint32_t)_i);
    for (uint32_t i = 0; i < 16; i++)
        ck_assert_uint_eq(byte_of(0, i), i < (uint32_t)_i ? i + 1 : 0);
}
END_TEST

/* A lent device has written over the request while it waited. */
START_TEST(a_length_in_the_grant_is_not_believed)
{
    static const uint32_t lengths[] = {0, MOST + 1, 0x10000, 0xffffffff};
    uint32_t words[VIRT_WORDS] = {lengths[_i]};
    rng_board(0);
    must_ask(0, 1);
    must_ask(1, 1);
    ck_assert_int_eq(capsule_state_store(hw, process(1), &rng_driver, words, VIRT_WORDS), ERR_NONE);

    bytes_come(1);

    heard(1, 1, ERR_SIZE, 0);
    ck_assert_uint_eq(chip.starts, 1);
    must_ask(2, 1);
    bytes_come(1);
    heard(2, 1, ERR_NONE, 1);
}
END_TEST

START_TEST(silence_is_told_after_100_ms)
{
    rng_board(0);
    must_ask(0, 8);
    must_ask(1, 1);
    bytes_come(3);

    ticks += RTC_HZ / 10 + 1;
    page_event(board_page_at(RTC), COMPARE0);
    settle();

    heard(0, 1, ERR_FAIL, 0);
    ck_assert_uint_eq(chip.stops, 1);
    ck_assert_uint_eq(chip.starts, 2);
    ck_assert_uint_eq(byte_of(0, 0), 0);
    bytes_come(1);
    heard(1, 1, ERR_NONE, 1);
}
END_TEST

START_TEST(the_dead_ones_bytes_are_nobodys)
{
    rng_board(0);
    must_ask(0, 8);
    must_ask(1, 2);
    bytes_come(3);

    kernel_end_process(k, hw, 0, END_KILL);

    ck_assert_uint_eq(chip.stops, 1);
    ck_assert_uint_eq(chip.starts, 2);
    buffer_is_wiped();
    bytes_come(2);
    heard(1, 1, ERR_NONE, 2);
    ck_assert_uint_eq(byte_of(1, 0), 4);
}
END_TEST

START_TEST(with_nobody_left_it_stands_still)
{
    rng_board(0);
    must_ask(0, 8);
    kernel_end_process(k, hw, 0, END_KILL);
    ck_assert(!chip.running);
    bytes_come(1);
    buffer_is_wiped();
}
END_TEST

START_TEST(components_of_the_kernel_get_bytes_of_their_own)
{
    rng_board(KERNEL_CLIENT_MAX);
    settle();

    bytes_come(1 + 2 + 3 + 4);

    for (uint32_t i = 0, byte = 1; i < KERNEL_CLIENT_MAX; i++) {
        struct span own = virt_client_buffer(k, VIRT_RNG, CLIENT_KERNEL + i);
        for (uint32_t n = 0; n < own.size; n++)
            ck_assert_uint_eq(hw->ram_bytes[own.base + n - hw->ram.base], n <= i ? byte++ : 0xa5);
    }
    buffer_is_wiped();
    ck_assert(!chip.running);
}
END_TEST

START_TEST(without_a_generator_there_is_no_driver)
{
    rng_board(0);
    ck_assert(driver_is_present(k, &rng_driver));
    board.config.virts[VIRT_RNG].present = false;
    ck_assert(!driver_is_present(k, &rng_driver));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("virt_rng");
    TCase *t = tcase_create("rng");

    tcase_add_test(t, it_is_set_up_with_bias_correction_and_stands_still);
    tcase_add_loop_test(t, what_is_refused_changes_nothing, 0, COUNT_OF(refusals));
    tcase_add_loop_test(t, bytes_come_in_their_order_and_then_it_stops, 0, 2);
    tcase_add_test(t, each_byte_is_one_clients);
    tcase_add_test(t, a_byte_too_many_is_nobodys);
    tcase_add_test(t, a_stray_interrupt_is_no_byte);
    tcase_add_loop_test(t, what_does_not_fit_any_more_is_cut, 0, 9);
    tcase_add_loop_test(t, a_length_in_the_grant_is_not_believed, 0, 4);
    tcase_add_test(t, silence_is_told_after_100_ms);
    tcase_add_test(t, the_dead_ones_bytes_are_nobodys);
    tcase_add_test(t, with_nobody_left_it_stands_still);
    tcase_add_test(t, components_of_the_kernel_get_bytes_of_their_own);
    tcase_add_test(t, without_a_generator_there_is_no_driver);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
