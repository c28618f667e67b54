/* test_ble_advertising.c: the kernel advertises for its apps: what is refused, what goes out on
 * which channel and when, whose turn it is, on a small board with a radio whose time the test sets.
 */
#include "model/grant.h"
#include "model/process_block.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct hw *const hw = &board.hw;
static struct kernel *const k = &board.k;

enum { RADIO = 0x40001000, TIMER = 0x40008000, PPI = 0x4001f000, CLOCK = 0x40000000, LINE = 1 };
enum { TXEN = 0x000, DISABLE = 0x010, FREQUENCY = 0x508, BASE0 = 0x51c, PREFIX0 = 0x524 };
enum { STATE = 0x550, CRCINIT = 0x53c, HFCLKSTARTED = 0x100, DISABLED = 4 };
enum { CAPTURE2 = 0x048, CC0 = 0x540, CC2 = 0x548, CHENSET = 0x504, CHENCLR = 0x508, TEP0 = 0x514 };
enum { STOP = 1, START = 3, TO_AIR_US = 41, TX_DISABLE = 12 };
enum { BUFFER = KERNEL_RAM + 2 * CONSOLE_BUFFER, RADIO_TAKE = 1, RADIO_GIVE_BACK = 2 };
enum { IND = 0, NONCONN = 2, SCANNABLE = 6 };

/* ---- the devices */

static struct {
    uint32_t now; /* us */
    uint32_t channels;
} chip;

static struct page *at(uint32_t base)
{
    return board_page_at(base);
}

static bool writes(struct page *page, uint32_t offset, uint32_t value)
{
    if (page->base == TIMER && offset == CAPTURE2)
        page_set(page, CC2, chip.now);
    else if (page->base == PPI && offset == CHENSET)
        chip.channels |= value;
    else if (page->base == PPI && offset == CHENCLR)
        chip.channels &= ~value;
    else if (page->base == RADIO && offset == DISABLE)
        page_set(page, STATE, page_read(page, STATE) ? TX_DISABLE : 0);
    else
        page_set(page, offset, value);
    return true;
}

static enum err refusal(const struct driver *d, uint32_t p, uint32_t number, uint32_t a, uint32_t b)
{
    struct syscall_return r = board_command(board_process(p), d, number, a, b);

    return r.r[0] < RETURN_SUCCESS ? (enum err)r.r[1] : ERR_NONE;
}

static enum err advertising(uint32_t p, uint32_t number, uint32_t a, uint32_t b)
{
    return refusal(&ble_advertising_driver, p, number, a, b);
}

static void board_with_radio(void)
{
    board_start();
    board.config.radio = (struct radio_place){{true, RADIO, LINE}, TIMER, PPI, CLOCK};
    board_page(RADIO, LINE);
    board_page(TIMER, -1);
    board_page(PPI, -1);
    board_page(CLOCK, -1);
    memset(&chip, 0, sizeof chip);
    board.on_write = writes;
    board_run();
    page_event(at(CLOCK), 0);
    chip.now = 1000;
}

static uint8_t *ram_at(uint32_t address)
{
    return &hw->ram_bytes[address - hw->ram.base];
}

static const uint8_t *pdu(void)
{
    return ram_at(BUFFER);
}

static bool is_wiped(void)
{
    for (uint32_t i = 0; i < RADIO_PDU_MAX; i++)
        if (pdu()[i])
            return false;
    return true;
}

/* `size` bytes of `byte` to advertise. */
static void payload_of(uint32_t p, uint32_t size, uint8_t byte)
{
    struct span from =
        board_allow(board_process(p), &ble_advertising_driver, ALLOW_RO, 0, 0x10, size);

    for (uint32_t i = 0; i < size; i++)
        ram_at(from.base)[i] = byte;
}

/* When the packet that is armed begins; it must be. */
static uint32_t armed_us(void)
{
    ck_assert_uint_eq(chip.channels, 1);
    ck_assert_uint_eq(page_read(at(PPI), TEP0), RADIO + TXEN);
    return page_read(at(TIMER), CC0) + TO_AIR_US;
}

/* The armed packet goes out, on that frequency. */
static void packet_goes(uint32_t mhz)
{
    chip.now = armed_us() + 8u * (1 + 4 + 2 + pdu()[1] + 3);
    ck_assert_uint_eq(page_read(at(RADIO), FREQUENCY), mhz);
    page_event(at(RADIO), DISABLED);
    ck_assert(board_settle(20));
}

/* A whole event; when it began. */
static uint32_t event_goes(void)
{
    uint32_t begun_us = armed_us();

    packet_goes(2);
    packet_goes(26);
    packet_goes(80);
    return begun_us;
}

static void begun_by(uint32_t p, uint32_t interval_ms)
{
    payload_of(p, 3 + p, (uint8_t)(0xa0 + p));
    ck_assert_int_eq(advertising(p, START, NONCONN, interval_ms), ERR_NONE);
}

static uint32_t sender(void)
{
    return k->services.advertising.sender.unique;
}

/* ---- refusals */

static const struct {
    const char *why;
    uint32_t number, a, b;
    enum err expect;
} refusals[] = {
    {"directed advertising", START, 1, 100, ERR_INVAL},
    {"a SCAN_REQ", START, 3, 100, ERR_INVAL},
    {"a type of 4 bits too many", START, 0x102, 100, ERR_INVAL},
    {"type 2^32 - 1", START, 0xffffffff, 100, ERR_INVAL},
    {"too long an interval", START, NONCONN, 10241, ERR_INVAL},
    {"an interval of 2^32 - 1", START, NONCONN, 0xffffffff, ERR_INVAL},
    {"nothing to stop", STOP, 0, 0, ERR_BUSY},
    {"transmit power", 2, 0, 0, ERR_NOSUPPORT},
    {"4", 4, 0, 0, ERR_NOSUPPORT},
    {"scanning", 5, 0, 0, ERR_NOSUPPORT},
    {"2^32 - 1", 0xffffffff, 0, 0, ERR_NOSUPPORT},
};

START_TEST(a_refused_command_arms_nothing)
{
    board_with_radio();
    payload_of(0, 5, 1);
    fake_hw_forget(hw);

    enum err err = advertising(0, refusals[_i].number, refusals[_i].a, refusals[_i].b);

    ck_assert_msg(err == refusals[_i].expect, "%s: got %d", refusals[_i].why, (int)err);
    ck_assert_uint_eq(hw->write_count, 0);
    ck_assert_uint_eq(sender(), 0);
    ck_assert_int_eq(advertising(0, START, NONCONN, 100), ERR_NONE);
}
END_TEST

START_TEST(asking_whether_it_exists_starts_nothing)
{
    board_with_radio();
    ck_assert_int_eq(advertising(0, 0, 0, 0), ERR_NONE);
    ck_assert_uint_eq(sender(), 0);
    ck_assert_uint_eq(chip.channels, 0);
}
END_TEST

START_TEST(without_the_crystal_it_is_off)
{
    board_with_radio();
    page_set(at(CLOCK), HFCLKSTARTED, 0);
    ck_assert_int_eq(advertising(0, START, IND, 100), ERR_OFF);
    ck_assert_uint_eq(chip.channels, 0);
}
END_TEST

START_TEST(without_room_for_a_grant_nothing_begins)
{
    board_with_radio();
    struct process *p = board_process(0);
    while (!grant_allocate(hw, p, &alarm_driver)) /* until there is room no more */
        ck_assert_int_eq(grant_table_store(hw, p, driver_index(&alarm_driver), 0), ERR_NONE);
    ck_assert_int_eq(advertising(0, START, NONCONN, 100), ERR_NOMEM);
    ck_assert_uint_eq(sender(), 0);
}
END_TEST

/* The radio is either one app's (0x30001) or this driver's. */
START_TEST(the_radio_is_taken_or_advertises)
{
    board_with_radio();
    ck_assert_int_eq(refusal(&radio_driver, 1, RADIO_TAKE, 0, 0), ERR_NONE);
    ck_assert_int_eq(advertising(0, START, NONCONN, 100), ERR_BUSY);
    ck_assert_int_eq(refusal(&radio_driver, 1, RADIO_GIVE_BACK, 0, 0), ERR_NONE);

    begun_by(0, 100);
    ck_assert_int_eq(refusal(&radio_driver, 1, RADIO_TAKE, 0, 0), ERR_BUSY);
    ck_assert_int_eq(advertising(0, START, NONCONN, 100), ERR_BUSY);

    ck_assert_int_eq(advertising(0, STOP, 0, 0), ERR_NONE);
    ck_assert_int_eq(refusal(&radio_driver, 1, RADIO_TAKE, 0, 0), ERR_NONE);
}
END_TEST

START_TEST(a_board_without_a_radio_has_no_advertising)
{
    board_start();
    board_run();
    ck_assert_ptr_null(driver_find(k, 0x30000));
}
END_TEST

/* ---- what goes out */

static const uint8_t types[] = {IND, NONCONN, SCANNABLE};

START_TEST(the_payload_goes_out_behind_an_address)
{
    board_with_radio();
    payload_of(1, 5, 0x77);

    ck_assert_int_eq(advertising(1, START, types[_i], 100), ERR_NONE);

    uint32_t unique = board_process(1)->id.unique;
    const uint8_t expect[] = {(uint8_t)(types[_i] | 0x40),
                              11,
                              0xf0,
                              (uint8_t)unique,
                              (uint8_t)(unique >> 8),
                              (uint8_t)(unique >> 16),
                              (uint8_t)(unique >> 24),
                              0xf0,
                              0x77,
                              0x77,
                              0x77,
                              0x77,
                              0x77,
                              0};
    ck_assert_int_eq(memcmp(pdu(), expect, sizeof expect), 0);
    ck_assert_uint_eq(page_read(at(RADIO), BASE0), 0x89bed600);
    ck_assert_uint_eq(page_read(at(RADIO), PREFIX0), 0x8e);
    ck_assert_uint_eq(page_read(at(RADIO), CRCINIT), 0x555555);
}
END_TEST

static const uint8_t payloads[][2] = {{0, 6}, {1, 7}, {31, 37}, {32, 37}, {255, 37}};

START_TEST(a_payload_is_cut_at_31_bytes)
{
    board_with_radio();
    payload_of(0, payloads[_i][0], 0x77);
    ck_assert_int_eq(advertising(0, START, NONCONN, 100), ERR_NONE);
    ck_assert_uint_eq(pdu()[1], payloads[_i][1]);
    ck_assert_uint_eq(pdu()[2 + pdu()[1]], 0);
}
END_TEST

START_TEST(what_was_never_allowed_is_no_payload)
{
    board_with_radio();
    ck_assert_int_eq(advertising(0, START, NONCONN, 100), ERR_NONE);
    ck_assert_uint_eq(pdu()[1], 6);
}
END_TEST

START_TEST(a_changed_payload_goes_out_on_the_next_channel)
{
    board_with_radio();
    begun_by(0, 100);
    payload_of(0, 9, 0x55);
    ck_assert_uint_eq(pdu()[1], 6 + 3);
    packet_goes(2);
    ck_assert_uint_eq(pdu()[1], 6 + 9);
    ck_assert_uint_eq(pdu()[8], 0x55);
}
END_TEST

/* ---- when */

static const uint32_t intervals[][2] = {{0, 20}, {19, 20}, {20, 20}, {100, 100}, {10240, 10240}};

START_TEST(events_are_an_interval_and_a_delay_apart)
{
    uint32_t interval_us = intervals[_i][1] * 1000, last_us, low = UINT32_MAX, high = 0;
    board_with_radio();
    last_us = chip.now = 0xfffff000; /* soon it is 0 */

    begun_by(0, intervals[_i][0]);

    for (uint32_t n = 0; n < 100; n++) {
        uint32_t begun_us = event_goes(), delay_us = begun_us - last_us - interval_us;
        ck_assert_uint_le(delay_us, 10000);
        low = delay_us < low ? delay_us : low;
        high = delay_us > high ? delay_us : high;
        last_us = begun_us;
    }
    ck_assert_uint_lt(low, 1000);
    ck_assert_uint_gt(high, 9000);
}
END_TEST

START_TEST(a_late_kernel_shifts_no_event)
{
    board_with_radio();
    begun_by(0, 100);
    packet_goes(2);
    packet_goes(26);
    uint32_t due_us = chip.now + 100 * 1000; /* about */
    chip.now += 5000;
    packet_goes(80);
    ck_assert_uint_lt(armed_us() - due_us, 10000);
}
END_TEST

/* ---- whose turn it is */

START_TEST(each_has_its_turn)
{
    uint32_t count[BOARD_PROCESSES] = {0};
    board_with_radio();
    begun_by(0, 20);
    begun_by(1, 20);
    begun_by(2, 40);

    while (chip.now < 10 * 1000 * 1000) {
        uint32_t p = pdu()[8] - 0xa0u;
        ck_assert_uint_lt(p, BOARD_PROCESSES);
        ck_assert_uint_eq(pdu()[1], 6 + 3 + p);
        ck_assert_uint_eq(sender(), board_process(p)->id.unique);
        count[p]++;
        event_goes();
    }

    for (uint32_t p = 0; p < 2; p++)
        ck_assert(count[p] >= 10000 / 27 && count[p] <= 10000 / 20);
    ck_assert(count[2] >= 10000 / 47 && count[2] <= 10000 / 40);
}
END_TEST

START_TEST(who_is_due_earlier_goes_first)
{
    board_with_radio();
    begun_by(0, 1000);
    begun_by(1, 20);
    ck_assert_uint_eq(sender(), board_process(1)->id.unique);
    ck_assert_uint_lt(armed_us() - chip.now, 31000);
}
END_TEST

/* While a packet goes out, or is about to, nobody's coming or going disturbs it. */
START_TEST(an_event_under_way_is_left_alone)
{
    board_with_radio();
    begun_by(0, 100);
    chip.now = armed_us() - 90;
    uint32_t begins_us = armed_us();
    if (_i) {
        packet_goes(2);
        begins_us = armed_us();
    }

    begun_by(1, 20);
    ck_assert_int_eq(advertising(0, STOP, 0, 0), ERR_BUSY);

    ck_assert_uint_eq(armed_us(), begins_us);
    ck_assert_uint_eq(pdu()[8], 0xa0);
    if (!_i)
        packet_goes(2);
    packet_goes(26);
    packet_goes(80);
    ck_assert_uint_eq(pdu()[8], 0xa1);
    ck_assert_int_eq(advertising(0, STOP, 0, 0), ERR_NONE);
}
END_TEST

/* ---- ends */

START_TEST(stopped_nothing_is_armed_and_the_buffer_is_wiped)
{
    board_with_radio();
    begun_by(0, 100);
    ck_assert_int_eq(advertising(0, STOP, 0, 0), ERR_NONE);
    ck_assert_uint_eq(chip.channels, 0);
    ck_assert(is_wiped());
    ck_assert_int_eq(advertising(0, STOP, 0, 0), ERR_BUSY);
    begun_by(0, 100);
    event_goes();
}
END_TEST

START_TEST(a_dead_advertisers_packet_is_its_last)
{
    board_with_radio();
    begun_by(0, 100);
    if (_i)
        packet_goes(2);
    page_set(at(RADIO), STATE, 11); /* it sends */

    kernel_end_process(k, hw, 0, END_KILL);

    ck_assert_uint_eq(chip.channels, 0);
    ck_assert_uint_eq(page_read(at(RADIO), STATE), TX_DISABLE);
    ck_assert(is_wiped());
    ck_assert_uint_eq(sender(), 0);
}
END_TEST

/* The next packet waits until the transmitter is off, and that it went off is no end of it. */
START_TEST(a_dead_advertisers_turn_is_the_next_ones)
{
    board_with_radio();
    begun_by(0, 20);
    begun_by(1, 100);
    packet_goes(2);
    page_set(at(RADIO), STATE, 11);
    chip.now += 1000 * 1000; /* long after the other is due */

    kernel_end_process(k, hw, 0, END_KILL);

    ck_assert_uint_eq(pdu()[8], 0xa1);
    ck_assert_uint_ge(armed_us() - chip.now, TO_AIR_US + 20);
    page_set(at(RADIO), STATE, 0);
    page_event(at(RADIO), DISABLED);
    ck_assert(board_settle(20));
    ck_assert_uint_eq(page_read(at(RADIO), FREQUENCY), 2);
    event_goes();
    ck_assert_uint_eq(pdu()[8], 0xa1);
}
END_TEST

START_TEST(the_buffer_is_wiped_before_it_is_anothers)
{
    board_with_radio();
    begun_by(2, 20);
    begun_by(0, 100);
    ck_assert_int_eq(advertising(2, STOP, 0, 0), ERR_NONE);
    ck_assert_uint_eq(pdu()[1], 6 + 3);
    for (uint32_t i = 2 + 6 + 3; i < RADIO_PDU_MAX; i++)
        ck_assert_uint_eq(pdu()[i], 0);
}
END_TEST

START_TEST(a_stray_interrupt_sends_nothing)
{
    board_with_radio();
    begun_by(0, 100);
    uint32_t begins_us = armed_us();
    page_event(at(RADIO), DISABLED);
    ck_assert(board_settle(20));
    ck_assert_uint_eq(armed_us(), begins_us);
    ck_assert_uint_eq(page_read(at(RADIO), FREQUENCY), 2);
}
END_TEST

static TCase *refusal_tests(void)
{
    TCase *t = tcase_create("refusals");

    tcase_add_loop_test(t, a_refused_command_arms_nothing, 0, (int)COUNT_OF(refusals));
    tcase_add_test(t, asking_whether_it_exists_starts_nothing);
    tcase_add_test(t, without_the_crystal_it_is_off);
    tcase_add_test(t, without_room_for_a_grant_nothing_begins);
    tcase_add_test(t, the_radio_is_taken_or_advertises);
    tcase_add_test(t, a_board_without_a_radio_has_no_advertising);
    return t;
}

static TCase *air_tests(void)
{
    TCase *t = tcase_create("air");

    tcase_add_loop_test(t, the_payload_goes_out_behind_an_address, 0, (int)COUNT_OF(types));
    tcase_add_loop_test(t, a_payload_is_cut_at_31_bytes, 0, (int)COUNT_OF(payloads));
    tcase_add_test(t, what_was_never_allowed_is_no_payload);
    tcase_add_test(t, a_changed_payload_goes_out_on_the_next_channel);
    tcase_add_loop_test(t, events_are_an_interval_and_a_delay_apart, 0, (int)COUNT_OF(intervals));
    tcase_add_test(t, a_late_kernel_shifts_no_event);
    return t;
}

static TCase *turn_tests(void)
{
    TCase *t = tcase_create("turns");

    tcase_add_test(t, each_has_its_turn);
    tcase_add_test(t, who_is_due_earlier_goes_first);
    tcase_add_loop_test(t, an_event_under_way_is_left_alone, 0, 2);
    tcase_add_test(t, stopped_nothing_is_armed_and_the_buffer_is_wiped);
    tcase_add_loop_test(t, a_dead_advertisers_packet_is_its_last, 0, 2);
    tcase_add_test(t, a_dead_advertisers_turn_is_the_next_ones);
    tcase_add_test(t, the_buffer_is_wiped_before_it_is_anothers);
    tcase_add_test(t, a_stray_interrupt_sends_nothing);
    return t;
}

int main(void)
{
    Suite *suite = suite_create("ble_advertising");

    suite_add_tcase(suite, refusal_tests());
    suite_add_tcase(suite, air_tests());
    suite_add_tcase(suite, turn_tests());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
