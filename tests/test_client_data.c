/* test_client_data.c: client-data bites: what no correct kernel would put on a wire, into an app's
 * buffer or into its upcall is traced in a booted machine, and that rule breaks, with that
 * sentence. And each good sequence stays silent.
 */
#include "model/process.h"
#include "model/virt/id.h"
#include "model/virt/turn.h"
#include "sim/machine_value.h"
#include "sim/monitors.h"
#include "sim/net/hdlc.h"
#include "sim/verdict.h"
#include "sim/wire.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum { A, B, APPS };
enum { UARTE, SPIM, TWIM, RNG, DEVICES };
enum { CONSOLE = 0x1, SPI = 0x20001, I2C = 0x20003, FRAMES = 0x30003, RANDOM = 0x40001 };
enum { RO = 1, RW = 0, SUCCESS = 128 };
static const uint32_t bases[DEVICES] = {0x40002000, 0x40003000, 0x40004000, 0x4000d000};
static const char *const types[DEVICES] = {"nrf52-uarte", "nrf52-spim", "nrf52-twim", "nrf52-rng"};

static struct scenario scenario;
static struct hw *hw;
static bool hurries;

/* ---- a machine with these devices, which nobody uses */

/* The board's devices stand by address. */
static void device_add(uint32_t which)
{
    struct board *board = &scenario.board;
    uint32_t at = board->device_count++;

    for (; at > 0 && board->devices[at - 1].window.base > bases[which]; at--)
        board->devices[at] = board->devices[at - 1];
    board->devices[at] = (struct board_device){.type = support_type(types[which]),
                                               .window = {bases[which], 0x1000},
                                               .alias_of = BOARD_NONE,
                                               .line = BOARD_NONE,
                                               .endpoint = BOARD_NONE};
    snprintf(board->devices[at].name, sizeof board->devices[at].name, "%s", types[which]);
}

static void set_up(void)
{
    hurries = false;
    support_scenario(&scenario, APPS, &support_spins, NULL);
    for (uint32_t i = 0; i < DEVICES; i++)
        device_add(i);
    struct kernel_config *config = &scenario.config;
    config->console = (struct driver_place){true, bases[UARTE], 2};
    config->virts[VIRT_SPI] = (struct driver_place){true, bases[SPIM], 3};
    config->virts[VIRT_I2C] = (struct driver_place){true, bases[TWIM], 4};
    config->virts[VIRT_RNG] = (struct driver_place){true, bases[RNG], 13};
    config->frames = true;
    scenario.board.config = *config;
    hw = support_boot(&scenario, NULL);
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
}

static void tear_down(void)
{
    support_free(hw);
}

/* ---- what happens */

static void trace(unsigned kind, uint32_t process, uint32_t address, uint64_t value)
{
    support_trace(hw, kind, process, address, value);
}

static void call(uint32_t app, uint32_t driver, uint32_t number, uint32_t a, uint32_t b)
{
    trace(EVENT_SYSCALL, app, 2, pair(driver, number));
    trace(EVENT_SYSCALL_MORE, app, 2, pair(a, b));
}

static void returns(uint32_t app)
{
    trace(EVENT_RETURN, app, SUCCESS, 0);
}

static void sets(uint32_t app, uint32_t driver, uint32_t number, uint32_t a)
{
    call(app, driver, number, a, 0);
    returns(app);
}

static void note(enum note kind, uint32_t virt, uint32_t app, uint32_t more)
{
    trace(EVENT_OF(kind), app, virt, pair(app, more));
}

static void asks(uint32_t virt, uint32_t app, uint32_t driver, uint32_t number, uint32_t a,
                 uint32_t b)
{
    call(app, driver, number, a, b);
    note(NOTE_CLIENT_ASKS, virt, app, 0);
    note(NOTE_CLIENT_BEGUN, virt, app, 0);
    note(NOTE_CLIENT_ANSWERED, virt, app, 0);
    returns(app);
}

static struct span buffer_of(uint32_t app)
{
    return (struct span){machine_process_facts(hw->m, app).block.base + 0x40, 8};
}

static void holds(uint32_t app, const char *eight)
{
    ck_assert(machine_poke(hw->m, buffer_of(app), eight));
}

/* The first `size` bytes of the app's buffer are handed over. */
static void allows(uint32_t app, uint32_t driver, uint32_t kind, uint32_t number, uint32_t size)
{
    trace(EVENT_OF(NOTE_ALLOW), app, buffer_of(app).base,
          pair(size, driver << 8 | kind << 4 | number));
}

static uint32_t index_of(uint32_t which)
{
    return board_device_at(&scenario.board, bases[which]);
}

static void wire(uint32_t which, enum wire_act act, uint8_t byte)
{
    if (which == TWIM && !hurries)
        hw->m->now_ps += 100 * PS_PER_US; /* its bytes take 90 */
    trace(EVENT_WIRE, PROCESS_NONE, index_of(which), pair(byte, act));
}

static void sends(uint32_t which, const char *text)
{
    for (; *text; text++)
        wire(which, WIRE_OUT, (uint8_t)*text);
}

static void queued(uint32_t app, uint32_t driver, uint32_t number)
{
    trace(EVENT_OF(NOTE_UPCALL_QUEUED), app, driver, pair(number, 1));
}

static void is_told(uint32_t app, uint32_t driver, uint32_t number, uint32_t a, uint32_t b)
{
    trace(EVENT_OF(NOTE_UPCALL_DELIVERED), app, driver, pair(number, 0x100));
    trace(EVENT_UPCALL, app, 0x100, pair(a, b));
    trace(EVENT_UPCALL_MORE, app, 0x100, 0);
}

static void ends(uint32_t virt, uint32_t app, enum err err)
{
    note(NOTE_CLIENT_DONE, virt, app, err);
}

static void dies(uint32_t app)
{
    trace(EVENT_OF(NOTE_PROCESS_END), app, 0, 0);
}

/* ---- I2C */

static void writes_two(void)
{
    holds(A, "abcdefgh");
    allows(A, I2C, RW, 1, 8);
    asks(VIRT_I2C, A, I2C, 1, 0x48, 2);
    wire(TWIM, WIRE_START, 0x90);
    sends(TWIM, "ab");
    wire(TWIM, WIRE_STOP, 0);
    ends(VIRT_I2C, A, ERR_NONE);
    queued(A, I2C, 0);
    is_told(A, I2C, 0, ERR_NONE, 2);
}

/* Two bytes of register 'a'; what it has behind them in the end. */
static void reads_two(const char *in_the_end)
{
    holds(A, "abcdefgh");
    allows(A, I2C, RW, 1, 8);
    asks(VIRT_I2C, A, I2C, 3, 0x48 | 1 << 8, 2);
    wire(TWIM, WIRE_START, 0x90);
    sends(TWIM, "a");
    wire(TWIM, WIRE_START, 0x91);
    wire(TWIM, WIRE_IN, 'X');
    wire(TWIM, WIRE_IN, 'Y');
    wire(TWIM, WIRE_STOP, 0);
    ends(VIRT_I2C, A, ERR_NONE);
    holds(A, in_the_end);
    queued(A, I2C, 0);
}

static void reads_what_came(void)
{
    reads_two("XYcdefgh");
    is_told(A, I2C, 0, ERR_NONE, 2);
}

static void refused_and_told(void)
{
    allows(A, I2C, RW, 1, 8);
    asks(VIRT_I2C, A, I2C, 2, 0x48, 2);
    wire(TWIM, WIRE_START, 0x91);
    wire(TWIM, WIRE_NACK, 0x91);
    wire(TWIM, WIRE_STOP, 0);
    ends(VIRT_I2C, A, ERR_NOACK);
    queued(A, I2C, 0);
    is_told(A, I2C, 0, ERR_NOACK, 0);
}

static void other_address(void)
{
    allows(A, I2C, RW, 1, 8);
    asks(VIRT_I2C, A, I2C, 2, 0x48, 2);
    wire(TWIM, WIRE_START, 0x93);
}

static void reads_in_place_of_writing(void)
{
    allows(A, I2C, RW, 1, 8);
    asks(VIRT_I2C, A, I2C, 1, 0x48, 2);
    wire(TWIM, WIRE_START, 0x91);
}

static void wire_of_nobody(void)
{
    wire(TWIM, WIRE_START, 0x90);
}

static void other_bytes(void)
{
    holds(A, "abcdefgh");
    allows(A, I2C, RW, 1, 8);
    asks(VIRT_I2C, A, I2C, 1, 0x48, 2);
    wire(TWIM, WIRE_START, 0x90);
    sends(TWIM, "ac");
    wire(TWIM, WIRE_STOP, 0);
    ends(VIRT_I2C, A, ERR_NONE);
}

static void one_byte_more(void)
{
    holds(A, "abcdefgh");
    allows(A, I2C, RW, 1, 8);
    asks(VIRT_I2C, A, I2C, 1, 0x48, 2);
    wire(TWIM, WIRE_START, 0x90);
    sends(TWIM, "abc");
}

static void refused_and_not_told(void)
{
    allows(A, I2C, RW, 1, 8);
    asks(VIRT_I2C, A, I2C, 2, 0x48, 2);
    wire(TWIM, WIRE_START, 0x91);
    wire(TWIM, WIRE_NACK, 0x91);
    wire(TWIM, WIRE_STOP, 0);
    ends(VIRT_I2C, A, ERR_NONE);
}

static void failed_for_nothing(void)
{
    holds(A, "abcdefgh");
    allows(A, I2C, RW, 1, 8);
    asks(VIRT_I2C, A, I2C, 1, 0x48, 1);
    wire(TWIM, WIRE_START, 0x90);
    sends(TWIM, "a");
    wire(TWIM, WIRE_STOP, 0);
    ends(VIRT_I2C, A, ERR_NOACK);
}

static void other_bytes_come(void)
{
    reads_two("aXcdefgh");
}

static void more_than_came(void)
{
    reads_two("XY\0defgh");
}

static void other_values(void)
{
    reads_two("XYcdefgh");
    is_told(A, I2C, 0, ERR_NONE, 3);
}

static void asks_twice(void)
{
    allows(A, I2C, RW, 1, 8);
    asks(VIRT_I2C, A, I2C, 2, 0x48, 2);
    asks(VIRT_I2C, A, I2C, 2, 0x49, 2);
}

static void more_than_its_buffer(void)
{
    allows(A, I2C, RW, 1, 8);
    asks(VIRT_I2C, A, I2C, 1, 0x48, 9);
}

static void too_fast(void)
{
    hurries = true;
    writes_two();
}

/* ---- SPI */

static void transfers_two(void)
{
    holds(A, "abcdefgh");
    allows(A, SPI, RO, 0, 8);
    sets(A, SPI, 3, 5);
    asks(VIRT_SPI, A, SPI, 2, 1, 0);
    sends(SPIM, "a");
    wire(SPIM, WIRE_IN, 0xff);
    ends(VIRT_SPI, A, ERR_NONE);
    queued(A, SPI, 0);
    is_told(A, SPI, 0, ERR_NONE, 1);
}

static void select_left_low(void)
{
    wire(SPIM, WIRE_SELECT, 5);
    transfers_two();
}

static void cut_short(void)
{
    holds(A, "abcdefgh");
    allows(A, SPI, RO, 0, 8);
    sets(A, SPI, 3, 5);
    asks(VIRT_SPI, A, SPI, 2, 2, 0);
    sends(SPIM, "a");
    wire(SPIM, WIRE_IN, 0xff);
    ends(VIRT_SPI, A, ERR_NONE);
}

/* ---- random bytes */

static void draws_two(const char *in_the_end)
{
    allows(A, RANDOM, RW, 0, 8);
    asks(VIRT_RNG, A, RANDOM, 1, 2, 0);
    trace(EVENT_KERNEL_READ, PROCESS_NONE, bases[RNG] + 0x508, 'X');
    trace(EVENT_KERNEL_READ, PROCESS_NONE, bases[RNG] + 0x508, 'Y');
    holds(A, "abcdefgh");
    ends(VIRT_RNG, A, ERR_NONE);
    holds(A, in_the_end);
    queued(A, RANDOM, 0);
}

static void has_what_it_drew(void)
{
    draws_two("XYcdefgh");
}

static void has_one_byte_twice(void)
{
    draws_two("XXcdefgh");
}

static void draws_one_of_two(void)
{
    allows(A, RANDOM, RW, 0, 8);
    asks(VIRT_RNG, A, RANDOM, 1, 2, 0);
    trace(EVENT_KERNEL_READ, PROCESS_NONE, bases[RNG] + 0x508, 'X');
    ends(VIRT_RNG, A, ERR_NONE);
}

/* ---- the serial line */

static void text_of_two(const char *sent, uint32_t say)
{
    holds(A, "a~cdefgh");
    allows(A, CONSOLE, RO, 1, 8);
    asks(VIRT_UART, A, CONSOLE, 1, 2, 0);
    sends(UARTE, sent);
    ends(VIRT_UART, A, ERR_NONE);
    queued(A, CONSOLE, 1);
    is_told(A, CONSOLE, 1, say, 0);
}

static void text_without_its_flag(void)
{
    text_of_two("a^", 2);
}

static void text_with_its_flag(void)
{
    text_of_two("a~", 2);
}

static void text_cut(void)
{
    text_of_two("a", 1);
}

static void text_said_longer(void)
{
    text_of_two("a^", 3);
}

/* Octets of a frame over the line, out or in by DMA. */
static void octet(bool out, uint8_t byte)
{
    struct span at = {SUPPORT_TIMER0, 1};

    at.base = buffer_of(B).base + 0x20;
    if (out) {
        wire(UARTE, WIRE_OUT, byte);
        return;
    }
    ck_assert(machine_poke(hw->m, at, &byte));
    trace(EVENT_DMA_WRITE, PROCESS_NONE, at.base, pair(1, index_of(UARTE)));
}

static void frame(bool out, uint8_t address, const char *payload, uint8_t spoilt)
{
    uint8_t body[HDLC_BODY_MAX], wire_octets[2];
    uint32_t size = hdlc_body(address, (const uint8_t *)payload, (uint32_t)strlen(payload), body);

    body[size - 1] ^= spoilt;
    octet(out, HDLC_FLAG);
    for (uint32_t i = 0; i < size; i++) {
        uint32_t count = hdlc_stuffed(body[i], false, wire_octets);
        for (uint32_t n = 0; n < count; n++)
            octet(out, wire_octets[n]);
    }
    octet(out, HDLC_FLAG);
}

static void frame_begun(void)
{
    holds(A, "abcdefgh");
    sets(A, FRAMES, 1, 7);
    allows(A, FRAMES, RO, 0, 8);
    asks(VIRT_UART, A, FRAMES, 4, 3, 0);
}

static void frame_sent(uint8_t address, const char *payload)
{
    frame_begun();
    frame(true, address, payload, 0);
    ends(VIRT_UART, A, ERR_NONE);
    queued(A, FRAMES, 1);
    is_told(A, FRAMES, 1, ERR_NONE, 3);
}

static void own_frame(void)
{
    frame_sent(7, "abc");
}

static void frame_of_another(void)
{
    frame_sent(8, "abc");
}

static void frame_cut(void)
{
    frame_sent(7, "ab");
}

static void frame_aborted_in_time(void)
{
    frame_begun();
    sends(UARTE, "~\x07\x03"
                 "a}~");
    dies(A);
    note(NOTE_CLIENT_BEGUN, VIRT_UART, B, 0);
}

static void frame_left_open(void)
{
    frame_begun();
    sends(UARTE, "~\x07\x03"
                 "a");
    dies(A);
    note(NOTE_CLIENT_BEGUN, VIRT_UART, B, 0);
}

static void address_of_two(void)
{
    sets(A, FRAMES, 1, 7);
    sets(B, FRAMES, 1, 7);
}

static void address_of_the_dead(void)
{
    sets(A, FRAMES, 1, 7);
    dies(A);
    sets(B, FRAMES, 1, 7);
}

static void address_still_going_out(void)
{
    frame_begun();
    sends(UARTE, "~\x07\x03"
                 "a");
    sets(A, FRAMES, 2, 0);
    sets(B, FRAMES, 1, 7);
}

static void frame_came(uint32_t to, uint8_t address, uint8_t spoilt, const char *in_the_end)
{
    sets(to, FRAMES, 1, 7);
    allows(to, FRAMES, RW, 0, 8);
    sets(to, FRAMES, 3, 0);
    frame(false, address, "XYZ", spoilt);
    holds(to, in_the_end);
    queued(to, FRAMES, 0);
}

static void frame_for_it(void)
{
    frame_came(B, 7, 0, "XYZdefgh");
    is_told(B, FRAMES, 0, ERR_NONE, 3);
}

static void empty_frame_for_it(void)
{
    sets(B, FRAMES, 1, 7);
    allows(B, FRAMES, RW, 0, 8);
    sets(B, FRAMES, 3, 0);
    frame(false, 7, "", 0);
    queued(B, FRAMES, 0);
    is_told(B, FRAMES, 0, ERR_NONE, 0);
}

static void frame_for_another(void)
{
    frame_came(B, 8, 0, "XYZdefgh");
}

static void frame_spoilt(void)
{
    frame_came(B, 7, 1, "XYZdefgh");
}

static void frame_with_other_bytes(void)
{
    frame_came(B, 7, 0, "XYYdefgh");
}

static void frame_unasked(void)
{
    sets(B, FRAMES, 1, 7);
    frame(false, 7, "XYZ", 0);
    queued(B, FRAMES, 0);
}

static void frame_given_twice(void)
{
    frame_for_it();
    sets(B, FRAMES, 2, 0);
    sets(B, FRAMES, 1, 7);
    sets(B, FRAMES, 3, 0);
    queued(B, FRAMES, 0);
}

static void (*const good[])(void) = {
    writes_two,          reads_what_came,
    refused_and_told,    transfers_two,
    has_what_it_drew,    own_frame,
    frame_for_it,        frame_aborted_in_time,
    address_of_the_dead, text_without_its_flag,
    empty_frame_for_it,
};

START_TEST(good_sequence_is_silent)
{
    const struct verdict *v;

    good[_i]();
    uint32_t count = machine_verdicts(hw->m, &v);
    for (uint32_t i = 0; i < count; i++)
        ck_assert_msg(v[i].rule != RULE_CLIENT_DATA, "detail %d", v[i].detail);
    ck_assert(machine_rule_armed(hw->m, RULE_CLIENT_DATA));
}
END_TEST

static const struct {
    void (*happens)(void);
    enum verdict_detail detail;
    const char *says;
} bad[] = {
    {other_address, DETAIL_CLIENT_ADDRESS, "i2c calls address 73 for app0, which asked for 72"},
    {reads_in_place_of_writing, DETAIL_CLIENT_WAY, "for app0: 1"},
    {wire_of_nobody, DETAIL_CLIENT_NOBODY, "i2c puts 0x90 on the wire, and serves nobody"},
    {other_bytes, DETAIL_CLIENT_BYTES, "i2c sent other bytes for app0"},
    {too_fast, DETAIL_CLIENT_FAST, "at its rate that takes 90.000 us"},
    {one_byte_more, DETAIL_CLIENT_MORE, "moves byte 3 of an operation of app0, which has 2"},
    {refused_and_not_told, DETAIL_CLIENT_NO_ERROR, "without an error, and it ended with NOACK"},
    {failed_for_nothing, DETAIL_CLIENT_NO_REASON, "by i2c with NOACK, and nothing went wrong"},
    {other_bytes_come, DETAIL_CLIENT_CAME, "app0 has by i2c other bytes in its buffer"},
    {more_than_came, DETAIL_CLIENT_BEYOND, "behind the 2 that came for it"},
    {other_values, DETAIL_CLIENT_TOLD, "app0 is told 0, 3 by i2c"},
    {asks_twice, DETAIL_CLIENT_AGAIN, "app0 asked i2c again"},
    {more_than_its_buffer, DETAIL_CLIENT_ACCEPTED, "i2c accepted of app0 what it must refuse"},
    {select_left_low, DETAIL_CLIENT_SELECT, "spi works for app0 with the pins 0x20 low"},
    {cut_short, DETAIL_CLIENT_NO_ERROR, "by spi without an error, and it ended with FAIL"},
    {has_one_byte_twice, DETAIL_CLIENT_CAME, "app0 has by rng other bytes"},
    {draws_one_of_two, DETAIL_CLIENT_SHORT, "rng told app0 that it is over after 1 of 2 bytes"},
    {text_with_its_flag, DETAIL_CLIENT_FLAG, "uart sent a frame's flag in a text of app0"},
    {text_cut, DETAIL_CLIENT_SHORT, "uart told app0 that it is over after 1 of 2 bytes"},
    {text_said_longer, DETAIL_CLIENT_TOLD, "app0 is told 3, 0 by uart"},
    {frame_of_another, DETAIL_CLIENT_FRAME, "a frame for app0 with address 8, wanted 7"},
    {frame_cut, DETAIL_CLIENT_SHORT, "over after 2 of 3 bytes"},
    {frame_left_open, DETAIL_CLIENT_OPEN, "while the frame of app0 is neither over nor aborted"},
    {address_of_two, DETAIL_CLIENT_TWO, "app1 has bound 7 at uart, which is app0's"},
    {address_still_going_out, DETAIL_CLIENT_TAKEN, "app1 has bound 7 at uart"},
    {frame_for_another, DETAIL_CLIENT_NOTHING_CAME, "app1 is told of what came by uart"},
    {frame_spoilt, DETAIL_CLIENT_NOTHING_CAME, "and nothing has come for it"},
    {frame_with_other_bytes, DETAIL_CLIENT_CAME, "app1 has by uart other bytes"},
    {frame_unasked, DETAIL_CLIENT_UNASKED, "app1 is told of what came by uart, and has not asked"},
    {frame_given_twice, DETAIL_CLIENT_NOTHING_CAME, "and nothing has come for it"},
};

START_TEST(bad_sequence_breaks_client_data)
{
    char text[VERDICT_TEXT_MAX] = "";
    const struct verdict *v;

    bad[_i].happens();
    uint32_t count = machine_verdicts(hw->m, &v), i = 0;
    while (i < count && (v[i].rule != RULE_CLIENT_DATA || v[i].detail != bad[_i].detail))
        i++;
    ck_assert_msg(i < count, "silent: %s", bad[_i].says);
    verdict_describe(&scenario, &v[i], text, sizeof text);
    ck_assert_msg(strstr(text, bad[_i].says) != NULL, "%s", text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client_data");
    TCase *t = tcase_create("client-data");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, good_sequence_is_silent, 0, COUNT(good));
    tcase_add_loop_test(t, bad_sequence_breaks_client_data, 0, COUNT(bad));
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
