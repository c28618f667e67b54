/* test_radio_driver.c: the kernel's radio driver and its capsule on a small board: a radio, a timer
 * and PPI that do what the driver counts on, and time that passes as the test wants.
 */
#include "model/chip_radio.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct hw *const hw = &board.hw;
static struct kernel *const k = &board.k;

enum { RADIO = 0x40001000, TIMER = 0x40008000, PPI = 0x4001f000, CLOCK = 0x40000000, LINE = 1 };
enum { TXEN = 0x000, RXEN = 0x004, DISABLE = 0x010, STATE = 0x550, HFCLKSTARTED = 0x100 };
enum { DISABLED = 4, CRCOK = 12, CRCERROR = 13, COMPARE0 = 16, COMPARE3 = 19 }; /* events */
enum { CAPTURE2 = 0x048, CC0 = 0x540, CC1 = 0x544, CC2 = 0x548, CC3 = 0x54c };
enum { CHENSET = 0x504, CHENCLR = 0x508, TEP0 = 0x514 };
enum { START = 1, THEN_LISTEN = 2, TIME_OUT = 4, CANCEL = 8, OPENED = 16 };
enum { TAKE = 1, GIVE_BACK, NOW, ADDRESS, TUNE, LISTEN, SEND, SEND_LISTEN, SEND_SOON, STOP };
enum { RECEIVED, CLOSED, SENT };
enum { BUFFER = KERNEL_RAM + 2 * CONSOLE_BUFFER };

/* ---- the devices */

static struct {
    uint32_t now, per_access; /* us */
    uint32_t channels;
    bool came, routed; /* COMPARE[0]; and channel 0 was open then */
} chip;

static struct page *at(uint32_t base)
{
    return board_page_at(base);
}

/* The counter passes CC[0]: PPI is faster than the next access. */
static void accessed(void)
{
    uint32_t before = chip.now;

    chip.now += chip.per_access;
    if (page_read(at(TIMER), CC0) - before - 1 >= chip.per_access)
        return;
    page_event(at(TIMER), COMPARE0);
    chip.came = true;
    chip.routed = chip.channels & START;
    if (chip.routed)
        page_set(at(RADIO), STATE, 9);
}

static bool reads(struct page *page, uint32_t offset, uint32_t *value)
{
    accessed();
    *value = page_read(page, offset);
    return true;
}

static bool writes(struct page *page, uint32_t offset, uint32_t value)
{
    accessed();
    if (page->base == TIMER && offset == CAPTURE2)
        page_set(page, CC2, chip.now);
    else if (page->base == PPI && offset == CHENSET)
        chip.channels |= value;
    else if (page->base == PPI && offset == CHENCLR)
        chip.channels &= ~value;
    else if (page->base == RADIO && offset == DISABLE)
        page_set(page, STATE, 0);
    else
        page_set(page, offset, value);
    return true;
}

static struct process *process(uint32_t i)
{
    return board_process(i);
}

static struct syscall_return radio(uint32_t p, uint32_t number, uint32_t a, uint32_t b)
{
    return board_command(process(p), &radio_driver, number, a, b);
}

static enum err refusal(uint32_t p, uint32_t number, uint32_t a, uint32_t b)
{
    struct syscall_return r = radio(p, number, a, b);

    return r.r[0] < RETURN_SUCCESS ? (enum err)r.r[1] : ERR_NONE;
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
    board.on_read = reads;
    board.on_write = writes;
    board_run();
    page_event(at(CLOCK), 0);
    chip.now = 1000;
}

static void taken_by(uint32_t p)
{
    board_with_radio();
    ck_assert_int_eq(refusal(p, TAKE, 0, 0), ERR_NONE);
    for (uint32_t n = 0; n < 3; n++)
        board_subscribe(process(p), &radio_driver, n);
    fake_hw_forget(hw);
}

static uint8_t *ram_at(uint32_t address)
{
    return &hw->ram_bytes[address - hw->ram.base];
}

/* A PDU with `length` bytes of payload in process p's buffer to send. */
static void pdu_of(uint32_t p, uint8_t length, uint32_t buffer_size)
{
    struct span from = board_allow(process(p), &radio_driver, ALLOW_RO, 0, 0x10, buffer_size);

    ram_at(from.base)[0] = 0x40;
    ram_at(from.base)[1] = length;
    for (uint32_t i = 0; i < length; i++)
        ram_at(from.base)[2 + i] = (uint8_t)(i + 1);
}

static bool interrupt(void)
{
    page_set(at(RADIO), STATE, 0);
    page_event(at(RADIO), DISABLED);
    return board_settle(20);
}

/* A packet of `length` bytes of payload came in, its first bit at `first_us`. */
static void packet(uint8_t length, bool good, uint32_t first_us, uint32_t address_and_chain_us)
{
    ram_at(BUFFER)[0] = 0x80;
    ram_at(BUFFER)[1] = length;
    for (uint32_t i = 0; i < length; i++)
        ram_at(BUFFER)[2 + i] = (uint8_t)(0xff - i);
    page_set(at(TIMER), CC3, first_us + address_and_chain_us);
    page_event(at(RADIO), good ? CRCOK : CRCERROR);
    ck_assert(interrupt());
}

static bool is_wiped(void)
{
    for (uint32_t i = 0; i < RADIO_PDU_MAX; i++)
        if (ram_at(BUFFER)[i])
            return false;
    return true;
}

static uint32_t upcalls(uint32_t p)
{
    uint32_t args[3], count = 0;

    for (uint32_t n = 0; n < 3; n++)
        while (board_upcall(process(p), &radio_driver, n, args))
            count++;
    return count;
}

/* ---- whose it is */

START_TEST(the_radio_is_taken_once_the_crystal_runs)
{
    board_with_radio();
    page_set(at(CLOCK), HFCLKSTARTED, 0);
    ck_assert_int_eq(refusal(0, TAKE, 0, 0), ERR_OFF);

    page_event(at(CLOCK), 0);

    ck_assert_int_eq(refusal(0, TAKE, 0, 0), ERR_NONE);
    ck_assert_int_eq(refusal(0, TAKE, 0, 0), ERR_ALREADY);
    ck_assert_int_eq(refusal(1, TAKE, 0, 0), ERR_BUSY);
    ck_assert_int_eq(refusal(0, GIVE_BACK, 0, 0), ERR_NONE);
    ck_assert_int_eq(refusal(1, TAKE, 0, 0), ERR_NONE);
    ck_assert_int_eq(refusal(0, 0, 0, 0), ERR_NONE);
    ck_assert_int_eq(refusal(0, STOP + 1, 0, 0), ERR_NOSUPPORT);
    ck_assert_int_eq(refusal(0, 0xffffffff, 0, 0), ERR_NOSUPPORT);
}
END_TEST

START_TEST(a_radio_that_is_not_off_yet_is_busy)
{
    board_with_radio();
    page_set(at(RADIO), STATE, 12);
    ck_assert_int_eq(refusal(0, TAKE, 0, 0), ERR_BUSY);
}
END_TEST

/* Commands 2 to 10, of an app that has not taken the radio, while another has it and while nobody
 * has. */
START_TEST(others_commands_are_refused)
{
    board_with_radio();
    pdu_of(1, 4, 64);
    fake_hw_forget(hw);
    ck_assert_int_eq(refusal(1, (uint32_t)_i, 6, 5000), ERR_RESERVE);
    ck_assert_int_eq(refusal(0, TAKE, 0, 0), ERR_NONE);

    ck_assert_int_eq(refusal(1, (uint32_t)_i, 6, 5000), ERR_RESERVE);
    ck_assert_uint_eq(hw->write_count, 0);
}
END_TEST

/* However its life ends, and whatever was under way. */
START_TEST(a_dead_clients_radio_is_off_and_forgets)
{
    taken_by(0);
    pdu_of(0, 20, 64);
    if (_i == 0)
        ck_assert_int_eq(refusal(0, SEND_LISTEN, 22, 5000), ERR_NONE);
    else
        ck_assert_int_eq(refusal(0, LISTEN, 5000, 5000), ERR_NONE);
    if (_i == 2)
        packet(9, true, 5100, 49);
    ck_assert(_i == 1 || !is_wiped());

    kernel_end_process(k, hw, 0, _i == 0 ? END_KILL : END_FAULT);

    ck_assert_uint_eq(chip.channels, 0);
    ck_assert(is_wiped());
    ck_assert_uint_eq(k->services.radio.client.unique, 0);
    ck_assert(interrupt());
    ck_assert_uint_eq(upcalls(0), 0);
    ck_assert_int_eq(refusal(1, TAKE, 0, 0), ERR_NONE);
}
END_TEST

START_TEST(what_is_given_back_is_wiped)
{
    taken_by(0);
    pdu_of(0, 20, 64);
    ck_assert_int_eq(refusal(0, SEND, 22, 5000), ERR_NONE);
    ck_assert(!is_wiped());

    ck_assert_int_eq(refusal(0, GIVE_BACK, 0, 0), ERR_NONE);

    ck_assert(is_wiped());
    ck_assert_uint_eq(chip.channels, 0);
}
END_TEST

START_TEST(anothers_death_changes_nothing)
{
    taken_by(0);
    ck_assert_int_eq(refusal(0, LISTEN, 5000, 100), ERR_NONE);
    kernel_end_process(k, hw, 1, END_KILL);
    ck_assert_uint_eq(chip.channels, START | TIME_OUT | OPENED);
}
END_TEST

/* ---- refusals: now is 1000 */

static const struct {
    const char *why;
    uint32_t number, a, b;
    uint8_t length; /* that the PDU in the buffer of 64 bytes says */
    enum err expect;
} refusals[] = {
    {"a CRC init of 25 bits", ADDRESS, 1, 0x1000000, 4, ERR_INVAL},
    {"channel 40", TUNE, 40, 0, 4, ERR_INVAL},
    {"channel 2^32 - 1", TUNE, 0xffffffff, 0, 4, ERR_INVAL},
    {"a third PHY", TUNE, 0, 2, 4, ERR_INVAL},
    {"too long a window", LISTEN, 5000, RADIO_LISTEN_MAX_US + 1, 4, ERR_INVAL},
    {"a window that has begun", LISTEN, 999, 5000, 4, ERR_CANCEL},
    {"a window that begins within the ramp-up", LISTEN, 1040, 5000, 4, ERR_CANCEL},
    {"a window too far away", LISTEN, 1100 + CHIP_RADIO_AHEAD_MAX_US, 10, 4, ERR_CANCEL},
    {"a PDU of nothing", SEND, 0, 5000, 4, ERR_SIZE},
    {"a PDU without a length", SEND, 1, 5000, 4, ERR_SIZE},
    {"more than the buffer", SEND, 65, 5000, 63, ERR_SIZE},
    {"more than any PDU", SEND, 258, 5000, 255, ERR_SIZE},
    {"2^32 - 1 bytes", SEND, 0xffffffff, 5000, 4, ERR_SIZE},
    {"a length too short", SEND, 7, 5000, 4, ERR_INVAL},
    {"a length too long", SEND_LISTEN, 5, 5000, 4, ERR_INVAL},
    {"a moment that has gone by", SEND, 6, 999, 4, ERR_CANCEL},
    {"a moment within the ramp-up", SEND, 6, 1041, 4, ERR_CANCEL},
    {"a moment within the ramp-up, then listening", SEND_LISTEN, 6, 1041, 4, ERR_CANCEL},
    {"a moment too far away", SEND_LISTEN, 6, 1100 + CHIP_RADIO_AHEAD_MAX_US, 4, ERR_CANCEL},
    {"soon, but with a wrong length", SEND_SOON, 7, 0, 4, ERR_INVAL},
    {"soon, but without a PDU", SEND_SOON, 0, 0, 4, ERR_SIZE},
    {"nothing to stop", STOP, 0, 0, 4, ERR_ALREADY},
};

START_TEST(a_refused_command_leaves_the_radio_off)
{
    taken_by(0);
    pdu_of(0, refusals[_i].length, 64);

    enum err err = refusal(0, refusals[_i].number, refusals[_i].a, refusals[_i].b);

    ck_assert_msg(err == refusals[_i].expect, "%s: got %d, expected %d", refusals[_i].why, (int)err,
                  (int)refusals[_i].expect);
    ck_assert_uint_eq(chip.channels, 0);
    ck_assert_uint_eq(k->services.radio.doing, 0);
    ck_assert_int_eq(refusal(0, LISTEN, 5000, 100), ERR_NONE);
}
END_TEST

START_TEST(without_a_buffer_nothing_is_sent)
{
    taken_by(0);
    ck_assert_int_eq(refusal(0, SEND, 6, 5000), ERR_SIZE);
    pdu_of(0, 4, 64);
    board_allow(process(0), &radio_driver, ALLOW_RO, 0, 0x10, 0);
    ck_assert_int_eq(refusal(0, SEND_SOON, 6, 0), ERR_SIZE);
}
END_TEST

/* Commands 4 to 9. */
START_TEST(what_is_under_way_makes_it_busy)
{
    taken_by(0);
    pdu_of(0, 4, 64);
    ck_assert_int_eq(refusal(0, LISTEN, 5000, 100), ERR_NONE);
    fake_hw_forget(hw);

    ck_assert_int_eq(refusal(0, (uint32_t)_i, 6, 1 << 20), ERR_BUSY);

    ck_assert_uint_eq(hw->write_count, 0);
    ck_assert_int_eq(refusal(0, STOP, 0, 0), ERR_NONE);
    page_set(at(RADIO), STATE, 12); /* the transmitter ramps down */
    ck_assert_int_eq(refusal(0, (uint32_t)_i, 6, 1 << 20), ERR_BUSY);
    ck_assert_uint_eq(radio(0, NOW, 0, 0).r[0], RETURN_SUCCESS_U32);
}
END_TEST

/* ---- moments. Ramp-up 41 us (2M, sending: 40), address 40 or 24, chain 9 or 5 */

START_TEST(a_window_is_opened_and_closed_by_hardware)
{
    uint32_t address_and_chain = _i ? 24 + 5 : 40 + 9;
    taken_by(0);
    ck_assert_int_eq(refusal(0, TUNE, 20, (uint32_t)_i), ERR_NONE);

    ck_assert_int_eq(refusal(0, LISTEN, 5000, 1250), ERR_NONE);

    ck_assert_uint_eq(page_read(at(PPI), TEP0), RADIO + RXEN);
    ck_assert_uint_eq(page_read(at(TIMER), CC0), 5000 - 41);
    ck_assert_uint_ge(page_read(at(TIMER), CC3), 6250 + address_and_chain + 1);
    ck_assert_uint_le(page_read(at(TIMER), CC3), 6250 + address_and_chain + 4);
    ck_assert_uint_eq(chip.channels, START | TIME_OUT | OPENED);
}
END_TEST

START_TEST(a_packet_leaves_at_its_moment)
{
    taken_by(0);
    pdu_of(0, 27, 64);
    ck_assert_int_eq(refusal(0, TUNE, 20, (uint32_t)_i), ERR_NONE);

    ck_assert_int_eq(refusal(0, SEND, 29, 5000), ERR_NONE);

    ck_assert_uint_eq(page_read(at(PPI), TEP0), RADIO + TXEN);
    ck_assert_uint_eq(page_read(at(TIMER), CC0), 5000u - (_i ? 40 : 41));
    ck_assert_uint_eq(chip.channels, START);
    ck_assert_uint_eq(ram_at(BUFFER)[1], 27);
    ck_assert_uint_eq(ram_at(BUFFER)[28], 27);
    ck_assert(interrupt());
    uint32_t args[3];
    ck_assert(board_upcall(process(0), &radio_driver, SENT, args));
    ck_assert_uint_eq(args[1], 5000u + (_i ? 152 : 296)); /* air time of 27 octets */
    ck_assert_uint_eq(upcalls(0), 0);
}
END_TEST

/* The receiver listens 2 us before and after T_IFS at least; the transmitter's going off is no end
 * of it. */
START_TEST(behind_a_packet_its_answer_is_listened_for)
{
    uint32_t last_us = 5000u + (_i ? 44 : 80), args[3];
    taken_by(0);
    pdu_of(0, 0, 64);
    ck_assert_int_eq(refusal(0, TUNE, 20, (uint32_t)_i), ERR_NONE);

    ck_assert_int_eq(refusal(0, SEND_LISTEN, 2, 5000), ERR_NONE);

    ck_assert_uint_eq(chip.channels, START | THEN_LISTEN | TIME_OUT | OPENED);
    ck_assert_uint_le(page_read(at(TIMER), CC1) + 41, last_us + 148);
    ck_assert_uint_ge(page_read(at(TIMER), CC3), last_us + 152 + (_i ? 24 + 5 : 40 + 9));
    ck_assert(interrupt());
    ck_assert_uint_eq(upcalls(0), 0);
    ck_assert_int_eq(refusal(0, SEND, 2, 9000), ERR_BUSY);
    page_event(at(TIMER), COMPARE3);
    ck_assert(interrupt());
    ck_assert(board_upcall(process(0), &radio_driver, CLOSED, args));
    ck_assert_uint_eq(args[1], last_us);
    ck_assert_int_eq(refusal(0, SEND, 2, 9000), ERR_NONE);
}
END_TEST

/* While the registers are written the moment comes, at each access in turn: what is refused never
 * leaves, what is accepted does. */
START_TEST(a_moment_that_comes_meanwhile_is_either_kept_or_refused)
{
    taken_by(0);
    pdu_of(0, 0, 64);
    chip.per_access = 1;
    uint32_t txen_us = chip.now + (uint32_t)_i / 2;

    enum err err = refusal(0, _i % 2 ? SEND : SEND_LISTEN, 2, txen_us + 41);

    ck_assert(err == ERR_NONE || err == ERR_CANCEL);
    ck_assert(_i / 2 >= 4 || err == ERR_CANCEL);
    ck_assert(_i / 2 < 28 || err == ERR_NONE);
    ck_assert(err == ERR_NONE ? chip.routed || !chip.came : !chip.routed && chip.channels == 0);
}
END_TEST

START_TEST(soon_is_later_on_a_slow_bus)
{
    taken_by(0);
    pdu_of(0, 0, 64);
    chip.per_access = (uint32_t)_i;

    struct syscall_return r = radio(0, SEND_SOON, 2, 0);

    ck_assert_uint_eq(r.r[0], RETURN_SUCCESS_U32);
    ck_assert_uint_eq(page_read(at(TIMER), CC0), r.r[1] - 41);
    ck_assert(chip.routed || (int32_t)(r.r[1] - 41 - chip.now) > 0);
    ck_assert_uint_le(r.r[1], 1000 + 41 + 16 + 120u * (uint32_t)_i);
    ck_assert_uint_eq(chip.channels, START | THEN_LISTEN | TIME_OUT | OPENED);
}
END_TEST

/* ---- what comes in */

START_TEST(a_packet_is_copied_and_told_once)
{
    uint32_t args[3];
    taken_by(0);
    struct span to = board_allow(process(0), &radio_driver, ALLOW_RW, 0, 0x80, 64);
    ck_assert_int_eq(refusal(0, TUNE, 20, (uint32_t)_i), ERR_NONE);
    ck_assert_int_eq(refusal(0, LISTEN, 5000, 100), ERR_NONE);

    packet(27, true, 5010, _i ? 24 + 5 : 40 + 9);

    ck_assert(board_upcall(process(0), &radio_driver, RECEIVED, args));
    ck_assert_uint_eq(args[0] & 0xffff, ERR_NONE);
    ck_assert_uint_eq(args[0] >> 16, 29);
    ck_assert_uint_eq(args[1], 5010);
    ck_assert_uint_eq(args[2], 5010u + (_i ? 152 : 296));
    ck_assert_int_eq(memcmp(ram_at(to.base), ram_at(BUFFER), 29), 0);
    ck_assert_uint_eq(ram_at(to.base)[29], 0); /* a fresh process's memory */
    ck_assert(interrupt());
    ck_assert_uint_eq(upcalls(0), 0);
}
END_TEST

static const struct {
    const char *why;
    uint8_t length;
    bool good;
    uint32_t buffer_size;
    enum err expect;
    uint32_t octets; /* that were copied */
} receptions[] = {
    {"all fits", 4, true, 6, ERR_NONE, 6},
    {"the longest", 255, true, 300, ERR_NONE, 257},
    {"cut", 4, true, 5, ERR_SIZE, 5},
    {"no buffer", 4, true, 0, ERR_SIZE, 0},
    {"a wrong CRC", 4, false, 6, ERR_FAIL, 6},
    {"a wrong CRC, cut", 4, false, 5, ERR_FAIL, 5},
    {"a wrong CRC over any length", 255, false, 64, ERR_FAIL, 64},
};

START_TEST(what_does_not_fit_or_is_wrong_is_said)
{
    uint32_t args[3];
    taken_by(0);
    struct span to =
        board_allow(process(0), &radio_driver, ALLOW_RW, 0, 0x80, receptions[_i].buffer_size);
    ck_assert_int_eq(refusal(0, LISTEN, 5000, 100), ERR_NONE);

    packet(receptions[_i].length, receptions[_i].good, 5010, 49);

    ck_assert(board_upcall(process(0), &radio_driver, RECEIVED, args));
    uint32_t expect = (uint32_t)receptions[_i].expect | receptions[_i].octets << 16;
    ck_assert_msg(args[0] == expect, "%s: 0x%x", receptions[_i].why, args[0]);
    ck_assert_uint_eq(args[2], 5010u + 80 + 8u * receptions[_i].length);
    ck_assert_uint_eq(ram_at(to.base)[receptions[_i].buffer_size], 0);
}
END_TEST

START_TEST(stopped_nothing_comes_of_it)
{
    taken_by(0);
    ck_assert_int_eq(refusal(0, LISTEN, 5000, 100), ERR_NONE);

    ck_assert_int_eq(refusal(0, STOP, 0, 0), ERR_NONE);

    ck_assert_uint_eq(chip.channels, 0);
    page_event(at(TIMER), COMPARE3);
    ck_assert(interrupt());
    ck_assert_uint_eq(upcalls(0), 0);
    ck_assert_int_eq(refusal(0, STOP, 0, 0), ERR_ALREADY);
}
END_TEST

/* A line that pends without an event, and events without anything under way. */
START_TEST(a_stray_interrupt_is_ignored)
{
    taken_by(0);
    pdu_of(0, 0, 64);
    ck_assert(interrupt());
    ck_assert_int_eq(refusal(0, SEND, 2, 5000), ERR_NONE);
    board.pending[0] |= 1u << LINE;

    ck_assert(board_settle(20));

    ck_assert_uint_eq(upcalls(0), 0);
    ck_assert_int_eq(refusal(0, STOP, 0, 0), ERR_NONE);
    ck_assert(board_line_enabled(LINE));
}
END_TEST

/* ---- the board */

START_TEST(too_little_kernel_ram_is_no_radio)
{
    board_start();
    board.config.radio = (struct radio_place){{true, RADIO, LINE}, TIMER, PPI, CLOCK};
    board.config.kernel_ram.size = 2 * CONSOLE_BUFFER + RADIO_PDU_MAX - 1;
    board_page(RADIO, LINE);
    board_run();
    ck_assert_ptr_null(driver_find(k, 0x30001));
}
END_TEST

static const struct radio_place wrong_places[] = {
    {{true, RADIO, BOARD_LINES}, TIMER, PPI, CLOCK}, {{true, RADIO + 2, LINE}, TIMER, PPI, CLOCK},
    {{true, RADIO, LINE}, TIMER + 1, PPI, CLOCK},    {{true, RADIO, LINE}, TIMER, PPI + 2, CLOCK},
    {{true, RADIO, LINE}, TIMER, PPI, CLOCK + 3},
};

START_TEST(a_wrong_place_is_refused_at_the_start)
{
    uint32_t bad_image;
    board_start();
    board.config.radio = wrong_places[_i];
    ck_assert_int_eq(kernel_start(k, hw, &board.config, &bad_image), ERR_INVAL);
}
END_TEST

static TCase *client_tests(void)
{
    TCase *t = tcase_create("client");

    tcase_add_test(t, the_radio_is_taken_once_the_crystal_runs);
    tcase_add_test(t, a_radio_that_is_not_off_yet_is_busy);
    tcase_add_loop_test(t, others_commands_are_refused, GIVE_BACK, STOP + 1);
    tcase_add_loop_test(t, a_dead_clients_radio_is_off_and_forgets, 0, 3);
    tcase_add_test(t, what_is_given_back_is_wiped);
    tcase_add_test(t, anothers_death_changes_nothing);
    tcase_add_loop_test(t, a_refused_command_leaves_the_radio_off, 0, COUNT_OF(refusals));
    tcase_add_test(t, without_a_buffer_nothing_is_sent);
    tcase_add_loop_test(t, what_is_under_way_makes_it_busy, ADDRESS, STOP);
    return t;
}

static TCase *air_tests(void)
{
    TCase *t = tcase_create("air");

    tcase_add_loop_test(t, a_window_is_opened_and_closed_by_hardware, 0, 2);
    tcase_add_loop_test(t, a_packet_leaves_at_its_moment, 0, 2);
    tcase_add_loop_test(t, behind_a_packet_its_answer_is_listened_for, 0, 2);
    tcase_add_loop_test(t, a_moment_that_comes_meanwhile_is_either_kept_or_refused, 0, 60);
    tcase_add_loop_test(t, soon_is_later_on_a_slow_bus, 0, 9);
    tcase_add_loop_test(t, a_packet_is_copied_and_told_once, 0, 2);
    tcase_add_loop_test(t, what_does_not_fit_or_is_wrong_is_said, 0, COUNT_OF(receptions));
    tcase_add_test(t, stopped_nothing_comes_of_it);
    tcase_add_test(t, a_stray_interrupt_is_ignored);
    return t;
}

int main(void)
{
    Suite *s = suite_create("radio_driver");
    TCase *place = tcase_create("board");

    tcase_add_test(place, too_little_kernel_ram_is_no_radio);
    tcase_add_loop_test(place, a_wrong_place_is_refused_at_the_start, 0, COUNT_OF(wrong_places));
    suite_add_tcase(s, client_tests());
    suite_add_tcase(s, air_tests());
    suite_add_tcase(s, place);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
