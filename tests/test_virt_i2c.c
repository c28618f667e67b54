/* test_virt_i2c.c: the I2C multiplexer and its driver on a small board, with a controller that does
 * what the test says.
 */
#include "model/capsule_state.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct hw *const hw = &board.hw;
static struct kernel *const k = &board.k;

enum { TWIM = 0x40004000, LINE = 4 };
enum { STARTRX = 0x000, STARTTX = 0x008, STOP = 0x014, SHORTS = 0x200, ERRORSRC = 0x4c4 };
enum { ENABLE = 0x500, FREQUENCY = 0x524, RX = 0x534, RX_COUNT = 0x538, RX_AMOUNT = 0x53c };
enum { TX = 0x544, TX_COUNT = 0x548, TX_AMOUNT = 0x54c, ADDRESS = 0x588 };
enum { STOPPED = 1, ERROR = 9, OVERRUN = 1, ANACK = 2, DNACK = 4 };
enum { THEN_READ = 1 << 7, STOP_BEHIND_WRITE = 1 << 9, STOP_BEHIND_READ = 1 << 12 };
enum { WRITE = 1, READ, WRITE_READ, RATE, GET_RATE };
enum { AT = 0x100, OTHER_AT = 0x200, ROOM = 128 };
enum { TO, OUT, IN, RATE_WORD = VIRT_WORDS, WORDS }; /* what stands in a grant */

/* ---- the device */

static struct {
    uint32_t starts, stops, cuts;
    uint32_t task;     /* by which the last one began */
    uint8_t own[ROOM]; /* the multiplexer's buffer then */
} chip;

static struct page *twim(void)
{
    return board_page_at(TWIM);
}

static struct span own(void)
{
    return virt_buffer(k, VIRT_I2C);
}

static bool writes(struct page *page, uint32_t offset, uint32_t value)
{
    if (offset == ERRORSRC) {
        page_set(page, ERRORSRC, page_read(page, ERRORSRC) & ~value);
        return true;
    }
    chip.cuts += offset == ENABLE && value == 0;
    chip.stops += offset == STOP;
    if (offset != STARTTX && offset != STARTRX)
        return false;
    chip.starts++;
    chip.task = offset;
    memcpy(chip.own, board_ram(own().base), sizeof chip.own);
    return true;
}

/* So many bytes have come, 0x80, 0x81 ..., and gone. */
static void bytes_move(uint32_t out, uint32_t in)
{
    uint32_t to = page_read(twim(), RX);

    for (uint32_t i = 0; i < in; i++)
        board_ram(to)[i] = (uint8_t)(0x80 + i);
    page_set(twim(), TX_AMOUNT, out);
    page_set(twim(), RX_AMOUNT, in);
}

static void stop_is_out(void)
{
    page_event(twim(), STOPPED);
    ck_assert(board_settle(20));
}

static void all_moves(void)
{
    bytes_move(page_read(twim(), TX_COUNT), page_read(twim(), RX_COUNT));
}

static void transfer_ends(void)
{
    all_moves();
    stop_is_out();
}

static void error_comes(uint32_t source)
{
    page_set(twim(), ERRORSRC, source);
    page_event(twim(), ERROR);
}

/* ---- clients */

static enum err i2c(uint32_t p, uint32_t number, uint32_t a, uint32_t b)
{
    struct syscall_return r = board_command(board_process(p), &i2c_driver, number, a, b);

    return r.r[0] < RETURN_SUCCESS ? (enum err)r.r[1] : ERR_NONE;
}

static uint32_t rate(uint32_t p)
{
    return board_command(board_process(p), &i2c_driver, GET_RATE, 0, 0).r[1];
}

/* Process p asks its own address. */
static void asks(uint32_t p, uint32_t out, uint32_t in)
{
    uint32_t address = 0x48 + p;
    enum err err = out == 0  ? i2c(p, READ, address, in)
                   : in == 0 ? i2c(p, WRITE, address, out)
                             : i2c(p, WRITE_READ, address | out << 8, in);

    ck_assert_int_eq(err, ERR_NONE);
}

static void client(uint32_t p)
{
    struct span buffer = board_allow(board_process(p), &i2c_driver, ALLOW_RW, 1, AT, ROOM);

    memset(board_ram(buffer.base), (int)(0x10 * (p + 1)), ROOM);
    board_subscribe(board_process(p), &i2c_driver, 0);
}

static void board_with_kernel_clients(uint8_t count, uint32_t operations)
{
    board_start();
    board.config.kernel_ram.size = 0x10000;
    board.config.virts[VIRT_I2C] = (struct driver_place){true, TWIM, LINE};
    board.config.kernel_clients[VIRT_I2C].count = count;
    board.config.kernel_clients[VIRT_I2C].operations = operations;
    board_page(TWIM, LINE);
    memset(&chip, 0, sizeof chip);
    board.on_write = writes;
    board_run();
    ck_assert(board_settle(20));
}

static void board_with_i2c(void)
{
    board_with_kernel_clients(0, 0);
    for (uint32_t p = 0; p < BOARD_PROCESSES; p++)
        client(p);
    fake_hw_forget(hw);
}

static uint32_t served(void)
{
    return k->services.virts[VIRT_I2C].client;
}

static void ck_idle(void)
{
    ck_assert_uint_eq(served(), CLIENT_NONE);
    ck_assert(all_are(0, board_ram(own().base), own().size));
}

/* ---- calls */

static const struct {
    const char *why;
    uint32_t number, a, b, room;
    enum err expect;
} refusals[] = {
    {"nothing to write", WRITE, 0x48, 0, ROOM, ERR_SIZE},
    {"nothing to read", READ, 0x48, 0, ROOM, ERR_SIZE},
    {"nothing to write before the read", WRITE_READ, 0x48, 2, ROOM, ERR_SIZE},
    {"nothing to read behind the write", WRITE_READ, 0x248, 0, ROOM, ERR_SIZE},
    {"a write longer than the multiplexer's buffer", WRITE, 0x48, 129, 256, ERR_SIZE},
    {"a read longer than the multiplexer's buffer", READ, 0x48, 129, 256, ERR_SIZE},
    {"both together longer", WRITE_READ, 0x4048, 65, 256, ERR_SIZE},
    {"a write longer than the app's buffer", WRITE, 0x48, 9, 8, ERR_SIZE},
    {"a read longer than the app's buffer", READ, 0x48, 9, 8, ERR_SIZE},
    {"a write before a read longer than the buffer", WRITE_READ, 0x948, 1, 8, ERR_SIZE},
    {"a read behind a write longer than the buffer", WRITE_READ, 0x148, 9, 8, ERR_SIZE},
    {"no buffer", WRITE, 0x48, 1, 0, ERR_SIZE},
    {"both together wrap", WRITE_READ, 0x248, 0xffffffff, ROOM, ERR_SIZE},
    {"a write of 16 MiB", WRITE_READ, 0xffffff48, 1, ROOM, ERR_SIZE},
    {"an address of 8 bits", WRITE, 0x80, 1, ROOM, ERR_INVAL},
    {"an address of 8 bits, both ways", WRITE_READ, 0x1ff, 1, ROOM, ERR_INVAL},
    {"an address that would be cut", READ, 0x148, 1, ROOM, ERR_INVAL},
    {"no rate as slow", RATE, 99999, 0, ROOM, ERR_INVAL},
    {"no command behind", GET_RATE + 1, 0, 0, ROOM, ERR_NOSUPPORT},
};

START_TEST(what_is_refused_changes_nothing)
{
    uint32_t words[WORDS], after[WORDS];

    board_with_i2c();
    (void)board_allow(board_process(0), &i2c_driver, ALLOW_RW, 1, AT, refusals[_i].room);
    ck_assert_int_eq(capsule_state_load(hw, board_process(0), &i2c_driver, words, WORDS), ERR_NONE);
    fake_hw_forget(hw);

    enum err err = i2c(0, refusals[_i].number, refusals[_i].a, refusals[_i].b);

    ck_assert_msg(err == refusals[_i].expect, "%s: got %d", refusals[_i].why, (int)err);
    ck_assert_uint_eq(hw->write_count, 0);
    ck_assert_int_eq(capsule_state_load(hw, board_process(0), &i2c_driver, after, WORDS), ERR_NONE);
    ck_assert_mem_eq(words, after, sizeof words);
    ck_assert(board_settle(20));
    ck_board_not_called_back(0, &i2c_driver);
    ck_idle();
}
END_TEST

static const struct {
    uint32_t hz, is, frequency;
} settings[] = {
    {100000, 100000, 0x01980000}, {249999, 100000, 0x01980000},     {250000, 250000, 0x04000000},
    {400000, 400000, 0x06400000}, {UINT32_MAX, 400000, 0x06400000},
};

START_TEST(a_rate_is_its_own_clients)
{
    board_with_i2c();
    ck_assert_int_eq(i2c(0, 0, 0, 0), ERR_NONE);
    ck_assert_uint_eq(rate(0), 100000);
    ck_assert_int_eq(i2c(0, RATE, settings[_i].hz, 0), ERR_NONE);
    ck_assert_uint_eq(rate(0), settings[_i].is);
    ck_assert_uint_eq(rate(1), 100000);
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t p = i % 2;
        asks(p, 1, 2);
        ck_assert_uint_eq(page_read(twim(), FREQUENCY), p ? 0x01980000 : settings[_i].frequency);
        ck_assert_uint_eq(page_read(twim(), ADDRESS), 0x48 + p);
        transfer_ends();
    }
}
END_TEST

static const struct {
    uint32_t out, in, task, shorts, result;
} kinds[] = {
    {5, 0, STARTTX, STOP_BEHIND_WRITE, 5},
    {0, 7, STARTRX, STOP_BEHIND_READ, 7},
    {5, 7, STARTTX, THEN_READ | STOP_BEHIND_READ, 7},
    {1, 127, STARTTX, THEN_READ | STOP_BEHIND_READ, 127},
    {128, 0, STARTTX, STOP_BEHIND_WRITE, 128},
};

/* Whatever was before. */
START_TEST(a_transfer_is_a_write_a_read_or_both)
{
    board_with_i2c();
    for (uint32_t before = 0; before < COUNT_OF(kinds); before++) {
        uint8_t wanted[ROOM];
        asks(1, kinds[before].out, kinds[before].in);
        asks(0, kinds[_i].out, kinds[_i].in);
        transfer_ends();
        ck_board_called_back(1, &i2c_driver, ERR_NONE, kinds[before].result);

        ck_assert_uint_eq(chip.task, kinds[_i].task);
        ck_assert_uint_eq(page_read(twim(), SHORTS), kinds[_i].shorts);
        ck_assert_uint_eq(page_read(twim(), TX_COUNT), kinds[_i].out);
        ck_assert_uint_eq(page_read(twim(), RX_COUNT), kinds[_i].in);
        ck_assert(all_are(0x10, chip.own, kinds[_i].out));
        ck_assert(all_are(0, chip.own + kinds[_i].out, ROOM - kinds[_i].out));
        transfer_ends();

        ck_board_called_back(0, &i2c_driver, ERR_NONE, kinds[_i].result);
        for (uint32_t i = 0; i < ROOM; i++)
            wanted[i] = (uint8_t)(i < kinds[_i].in ? 0x80 + i : 0x10);
        ck_assert_mem_eq(board_memory(0, AT), wanted, ROOM);
        ck_idle();
        memset(board_memory(0, AT), 0x10, ROOM);
    }
}
END_TEST

/* ---- turns */

START_TEST(clients_that_always_ask_are_served_in_turn)
{
    board_with_i2c();
    for (uint32_t p = 0; p < 3; p++)
        asks(p, 1 + 60 * p, 1);
    for (uint32_t i = 0; i < 12; i++) {
        uint32_t p = i % 3;
        ck_assert_uint_eq(page_read(twim(), ADDRESS), 0x48 + p);
        ck_assert_int_eq(i2c(p, READ, 0x48, 1), ERR_BUSY);
        transfer_ends();
        ck_board_called_back(p, &i2c_driver, ERR_NONE, 1);
        asks(p, 1 + 60 * p, 1);
    }
}
END_TEST

START_TEST(a_lone_client_is_served_again_and_again)
{
    board_with_i2c();
    for (uint32_t i = 0; i < 10; i++) {
        asks(2, 0, 1);
        ck_assert_uint_eq(chip.starts, i + 1);
        transfer_ends();
        ck_board_called_back(2, &i2c_driver, ERR_NONE, 1);
    }
}
END_TEST

/* With 1 to 4 of them, who are refused every other time; each asks again in its callback. */
START_TEST(kernel_clients_take_turns_with_a_process)
{
    uint32_t count = (uint32_t)_i;

    board_with_kernel_clients((uint8_t)count, 0);
    client(2);
    asks(2, 1, 2);
    for (uint32_t n = 0; n < 4 * (count + 1); n++) {
        uint32_t turn = n % (count + 1);
        bool process = turn == count;
        ck_assert_uint_eq(served(), process ? 2 : CLIENT_KERNEL + turn);
        ck_assert_uint_eq(page_read(twim(), ADDRESS), process ? 0x4a : 0x40 + turn);
        ck_assert(process || all_are(0, board_ram(own().base), own().size));
        if (!process && n / (count + 1) % 2) {
            error_comes(ANACK);
            ck_assert(board_settle(20));
            bytes_move(0, 0);
            stop_is_out();
        } else {
            transfer_ends();
        }
        if (process) {
            ck_board_called_back(2, &i2c_driver, ERR_NONE, 2);
            asks(2, 1, 2);
        }
    }
}
END_TEST

START_TEST(kernel_clients_stop_when_they_are_done)
{
    board_with_kernel_clients(2, 3);
    for (uint32_t i = 0; i < 6; i++)
        transfer_ends();
    ck_assert_uint_eq(chip.starts, 6);
    ck_idle();
}
END_TEST

/* ---- buffers */

START_TEST(what_comes_goes_where_the_buffer_is_now)
{
    board_with_i2c();
    asks(0, 4, 8);
    memset(board_memory(0, AT), 0xee, ROOM);
    (void)board_allow(board_process(0), &i2c_driver, ALLOW_RW, 1, OTHER_AT, 3);
    transfer_ends();
    ck_board_called_back(0, &i2c_driver, ERR_NONE, 3);
    ck_assert(all_are(0x10, chip.own, 4));
    ck_assert(all_are(0xee, board_memory(0, AT), ROOM));
    ck_assert_mem_eq(board_memory(0, OTHER_AT), "\x80\x81\x82\0", 4);
}
END_TEST

START_TEST(a_buffer_that_is_gone_gets_nothing)
{
    board_with_i2c();
    asks(0, 4, 8);
    (void)board_allow(board_process(0), &i2c_driver, ALLOW_RW, 1, AT, 0);
    transfer_ends();
    ck_board_called_back(0, &i2c_driver, ERR_NONE, 0);
    ck_assert(all_are(0x10, board_memory(0, AT), ROOM));
}
END_TEST

START_TEST(a_null_upcall_keeps_nobody_waiting)
{
    board_with_i2c();
    ck_assert_int_eq(grant_set_upcall(hw, board_process(0), &i2c_driver, 0, (struct upcall){0, 0}),
                     ERR_NONE);
    asks(0, 1, 2);
    asks(1, 1, 2);
    transfer_ends();
    asks(0, 1, 2);
    transfer_ends();
    ck_board_called_back(1, &i2c_driver, ERR_NONE, 2);
}
END_TEST

/* ---- what a process says is not believed */

static const struct {
    const char *why;
    uint32_t word, value;
    enum err expect;
} lies[] = {
    {"nothing to read", IN, 0, ERR_SIZE},
    {"a read that is too long", IN, ROOM + 1, ERR_SIZE},
    {"a write that is too long", OUT, 0xffffffff, ERR_SIZE},
    {"both together wrap", OUT, 0xfffffffe, ERR_SIZE},
    {"both together too long", OUT, ROOM - 1, ERR_SIZE},
    {"no such address", TO, 0x80, ERR_INVAL},
    {"no such rate", RATE_WORD, 3, ERR_INVAL},
};

/* Device DMA into the grant while it waits. */
START_TEST(a_grant_that_was_rewritten_ends_in_an_error)
{
    board_with_i2c();
    asks(0, 0, 2);
    asks(1, 0, 2);
    asks(2, 0, 2);
    board_grant_word(1, &i2c_driver, WORDS, lies[_i].word, lies[_i].value);

    transfer_ends();

    ck_board_called_back(1, &i2c_driver, lies[_i].expect, 0);
    ck_assert_uint_eq(chip.starts, 2);
    ck_assert_uint_eq(served(), 2);
    transfer_ends();
    ck_board_called_back(2, &i2c_driver, ERR_NONE, 2);
    ck_idle();
}
END_TEST

START_TEST(a_failure_is_not_called_back_inside_the_call)
{
    board_with_i2c();
    board_grant_word(0, &i2c_driver, WORDS, RATE_WORD, 3);
    asks(0, 1, 2);
    ck_board_not_called_back(0, &i2c_driver);
    ck_assert_int_eq(i2c(0, READ, 0x48, 1), ERR_BUSY);
    asks(1, 1, 2);
    ck_assert_uint_eq(chip.starts, 0);

    ck_assert(board_settle(20));

    ck_board_called_back(0, &i2c_driver, ERR_INVAL, 0);
    ck_assert_uint_eq(served(), 1);
}
END_TEST

START_TEST(a_buffer_that_shrinks_before_its_turn_is_an_error)
{
    board_with_i2c();
    asks(0, 8, 0);
    asks(1, 8, 0);
    (void)board_allow(board_process(1), &i2c_driver, ALLOW_RW, 1, AT, 7);
    transfer_ends();
    ck_board_called_back(0, &i2c_driver, ERR_NONE, 8);
    ck_board_called_back(1, &i2c_driver, ERR_SIZE, 0);
    ck_idle();
}
END_TEST

/* What stands in the grant at the end chooses among the client's own bytes, or none. */
START_TEST(a_length_that_changes_in_mid_transfer_shows_nothing_of_others)
{
    static const uint32_t lengths[] = {0, 3, ROOM, ROOM - 3, 0xfffffffc};

    board_with_i2c();
    asks(1, ROOM, 0);
    transfer_ends();
    asks(0, 2, 8);
    board_grant_word(0, &i2c_driver, WORDS, OUT, lengths[_i]);
    transfer_ends();
    for (uint32_t i = 0; i < ROOM; i++) {
        uint8_t byte = board_memory(0, AT)[i];
        ck_assert(byte == 0 || byte == 0x10 || (byte >= 0x80 && byte < 0x88 && i < 8));
    }
}
END_TEST

/* ---- errors from below */

static const struct {
    const char *what;
    uint32_t source, out, in;
    enum err expect;
} errors[] = {
    {"address refused", ANACK, 0, 0, ERR_NOACK},
    {"address refused, of the read", ANACK, 4, 0, ERR_NOACK},
    {"first byte refused", DNACK, 1, 0, ERR_NOACK},
    {"last byte refused", DNACK, 4, 0, ERR_NOACK},
    {"a byte lost", OVERRUN, 4, 8, ERR_SIZE},
    {"a byte lost, and another refused", OVERRUN | DNACK, 3, 0, ERR_NOACK},
    {"a byte of the read is missing", 0, 4, 7, ERR_FAIL},
    {"a byte of the write is missing", 0, 3, 8, ERR_FAIL},
    {"more came than there is room for", 0, 4, 9, ERR_FAIL},
};

/* The error's own interrupt comes first, or with that of the STOP that a shortcut has sent. */
static void error_from_below(int i, bool together)
{
    uint32_t stops = chip.stops;

    bytes_move(errors[i].out, errors[i].in);
    if (errors[i].source)
        error_comes(errors[i].source);
    if (errors[i].source && !together) {
        ck_assert(board_settle(20));
        ck_assert_uint_eq(chip.stops, stops + 1);
        ck_board_not_called_back(0, &i2c_driver);
        ck_assert_uint_eq(served(), 0);
    }
    stop_is_out();
    ck_assert_uint_eq(chip.stops, stops + (errors[i].source && !together));
}

START_TEST(an_error_ends_one_transfer_and_the_next_begins)
{
    board_with_i2c();
    for (uint32_t together = 0; together < 2; together++) {
        asks(0, 4, 8);
        asks(1, 4, 8);
        error_from_below(_i, together);

        ck_board_called_back(0, &i2c_driver, errors[_i].expect, 0);
        ck_assert(all_are(0x10, board_memory(0, AT), ROOM));
        ck_assert_uint_eq(served(), 1);
        ck_assert_uint_eq(page_read(twim(), ERRORSRC), 0);
        transfer_ends();
        ck_board_called_back(1, &i2c_driver, ERR_NONE, 8);
        ck_idle();
    }
}
END_TEST

START_TEST(what_shows_no_progress_is_given_up)
{
    board_with_i2c();
    asks(0, 4, 8);
    asks(1, 4, 8);
    if (_i == 1) { /* STOP cannot go out, since the clock is held */
        error_comes(OVERRUN);
        ck_assert(board_settle(20));
    }
    virt_alarm(k, hw, &virt_i2c);
    ck_board_called_back(0, &i2c_driver, ERR_FAIL, 0);
    ck_assert_uint_eq(chip.cuts, 1);
    ck_assert_uint_eq(served(), 1);
    transfer_ends();
    ck_board_called_back(1, &i2c_driver, ERR_NONE, 8);
    ck_idle();
}
END_TEST

START_TEST(a_stray_interrupt_or_timeout_is_ignored)
{
    board_with_i2c();
    stop_is_out();
    error_comes(OVERRUN);
    ck_assert(board_settle(20));
    stop_is_out();
    virt_alarm(k, hw, &virt_i2c);
    ck_assert(!i2c_driver.on_interrupt(k, hw, LINE + 1));
    asks(0, 4, 8);
    ck_assert(i2c_driver.on_interrupt(k, hw, LINE));
    ck_board_not_called_back(0, &i2c_driver);
    transfer_ends();
    ck_board_called_back(0, &i2c_driver, ERR_NONE, 8);
}
END_TEST

/* ---- death */

enum { WAITS, UNDER_WAY, REFUSED, OVER, FAILED, CALLED_BACK, STAGES };

static void to_stage(int stage)
{
    if (stage == WAITS)
        asks(1, 4, 8);
    if (stage == FAILED)
        board_grant_word(0, &i2c_driver, WORDS, RATE_WORD, 3);
    asks(0, 4, 8);
    if (stage != WAITS)
        asks(1, 4, 8);
    if (stage == REFUSED) {
        error_comes(ANACK);
        ck_assert(board_settle(20));
    } else if (stage == OVER) {
        all_moves();
        page_event(twim(), STOPPED);
    } else if (stage == CALLED_BACK) {
        transfer_ends();
    }
}

static bool is_under_way(int stage)
{
    return stage == UNDER_WAY || stage == REFUSED;
}

/* It is told to stop, and nobody else's begins, nor is its buffer another's, before it has. */
START_TEST(a_dead_client_leaves_nothing_behind)
{
    board_with_i2c();
    to_stage(_i % STAGES);
    uint32_t stops = chip.stops;

    kernel_end_process(k, hw, 0, _i < STAGES ? END_KILL : END_FAULT);

    ck_assert_uint_eq(chip.stops, stops + (is_under_way(_i % STAGES) || _i % STAGES == OVER));
    ck_assert_uint_eq(chip.cuts, 0);
    ck_assert(board_settle(20));
    if (is_under_way(_i % STAGES)) {
        ck_assert(all_are(0x10, board_ram(own().base), 4));
        ck_assert_uint_eq(chip.starts, 1);
        bytes_move(2, 0);
        stop_is_out();
    }
    ck_board_not_called_back(0, &i2c_driver);
    ck_board_not_called_back(1, &i2c_driver);
    ck_assert_uint_eq(served(), 1);
    ck_assert(all_are(0x20, chip.own, 4));
    ck_assert(all_are(0, chip.own + 4, ROOM - 4));
    transfer_ends();
    ck_board_called_back(1, &i2c_driver, ERR_NONE, 8);
    ck_board_not_called_back(0, &i2c_driver);
    ck_idle();
}
END_TEST

START_TEST(a_dead_client_whose_stop_does_not_go_out_is_given_up)
{
    board_with_i2c();
    to_stage(UNDER_WAY);
    kernel_end_process(k, hw, 0, END_KILL);
    ck_assert_uint_eq(chip.cuts, 0);

    virt_alarm(k, hw, &virt_i2c);

    ck_assert_uint_eq(chip.cuts, 1);
    ck_board_not_called_back(0, &i2c_driver);
    ck_assert_uint_eq(served(), 1);
    transfer_ends();
    ck_board_called_back(1, &i2c_driver, ERR_NONE, 8);
}
END_TEST

/* The next life may ask while the last one's transfer still ends. */
START_TEST(the_next_life_is_a_new_client)
{
    board_with_i2c();
    ck_assert_int_eq(i2c(0, RATE, 400000, 0), ERR_NONE);
    to_stage(_i);
    kernel_end_process(k, hw, 0, END_FAULT);
    ck_assert_int_ne(i2c(0, READ, 0x48, 8), ERR_NONE);
    client(0);
    ck_assert_uint_eq(rate(0), 100000);
    asks(0, 2, 6);
    ck_assert(board_settle(20));
    if (is_under_way(_i))
        stop_is_out();
    ck_assert_uint_eq(served(), 1);
    transfer_ends();
    ck_board_called_back(1, &i2c_driver, ERR_NONE, 8);
    ck_board_not_called_back(0, &i2c_driver);
    transfer_ends();
    ck_board_called_back(0, &i2c_driver, ERR_NONE, 6);
    ck_idle();
}
END_TEST

START_TEST(a_board_without_buffers_has_no_i2c)
{
    board_start();
    board.config.virts[VIRT_I2C] = (struct driver_place){true, TWIM, LINE};
    board.config.kernel_ram.size = 0x400;
    board_page(TWIM, LINE);
    board_run();
    ck_assert_ptr_null(driver_find(k, i2c_driver.number));
}
END_TEST

static TCase *call_tests(void)
{
    TCase *t = tcase_create("calls");

    tcase_add_loop_test(t, what_is_refused_changes_nothing, 0, COUNT_OF(refusals));
    tcase_add_loop_test(t, a_rate_is_its_own_clients, 0, COUNT_OF(settings));
    tcase_add_loop_test(t, a_transfer_is_a_write_a_read_or_both, 0, COUNT_OF(kinds));
    tcase_add_test(t, a_board_without_buffers_has_no_i2c);
    return t;
}

static TCase *turn_tests(void)
{
    TCase *t = tcase_create("turns");

    tcase_add_test(t, clients_that_always_ask_are_served_in_turn);
    tcase_add_test(t, a_lone_client_is_served_again_and_again);
    tcase_add_loop_test(t, kernel_clients_take_turns_with_a_process, 1, KERNEL_CLIENT_MAX + 1);
    tcase_add_test(t, kernel_clients_stop_when_they_are_done);
    return t;
}

static TCase *buffer_tests(void)
{
    TCase *t = tcase_create("buffers");

    tcase_add_test(t, what_comes_goes_where_the_buffer_is_now);
    tcase_add_test(t, a_buffer_that_is_gone_gets_nothing);
    tcase_add_test(t, a_null_upcall_keeps_nobody_waiting);
    tcase_add_loop_test(t, a_grant_that_was_rewritten_ends_in_an_error, 0, COUNT_OF(lies));
    tcase_add_test(t, a_failure_is_not_called_back_inside_the_call);
    tcase_add_test(t, a_buffer_that_shrinks_before_its_turn_is_an_error);
    tcase_add_loop_test(t, a_length_that_changes_in_mid_transfer_shows_nothing_of_others, 0, 5);
    return t;
}

static TCase *failure_tests(void)
{
    TCase *t = tcase_create("failures");

    tcase_add_loop_test(t, an_error_ends_one_transfer_and_the_next_begins, 0, COUNT_OF(errors));
    tcase_add_loop_test(t, what_shows_no_progress_is_given_up, 0, 2);
    tcase_add_test(t, a_stray_interrupt_or_timeout_is_ignored);
    tcase_add_loop_test(t, a_dead_client_leaves_nothing_behind, 0, 2 * STAGES);
    tcase_add_test(t, a_dead_client_whose_stop_does_not_go_out_is_given_up);
    tcase_add_loop_test(t, the_next_life_is_a_new_client, 0, STAGES);
    return t;
}

int main(void)
{
    Suite *s = suite_create("virt_i2c");

    suite_add_tcase(s, call_tests());
    suite_add_tcase(s, turn_tests());
    suite_add_tcase(s, buffer_tests());
    suite_add_tcase(s, failure_tests());
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
