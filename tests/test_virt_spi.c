/* test_virt_spi.c: the SPI multiplexer and its driver on a small board, with a controller and pins
 * that do what the test says.
 */
#include "model/capsule_state.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct hw *const hw = &board.hw;
static struct kernel *const k = &board.k;

enum { SPIM = 0x40003000, LINE = 3, GPIO = 0x50000000 };
enum { START = 0x010, ENABLE = 0x500, FREQUENCY = 0x524, CONFIG = 0x554 };
enum { RX = 0x534, RX_COUNT = 0x538, AMOUNT = 0x53c, TX = 0x544, TX_COUNT = 0x548, END = 6 };
enum { OUTSET = 0x508, OUTCLR = 0x50c };
enum { TRANSFER = 2, SELECT, GET_SELECT, RATE, GET_RATE, PHASE, GET_PHASE, POLARITY, GET_POLARITY };
enum { OUT_AT = 0x10, IN_AT = 0x100, OTHER_AT = 0x200, ROOM = 128 };
enum { LENGTH, CONFIG_WORD = VIRT_WORDS, WORDS }; /* what stands in a grant */

/* ---- the device */

static struct {
    uint32_t starts, cuts;
    uint32_t selected; /* pins that are low */
    uint32_t selected_at_start;
    uint8_t own[2 * ROOM]; /* the multiplexer's buffer when the last transfer began */
} chip;

static struct page *at(uint32_t base)
{
    return board_page_at(base);
}

static struct span own(void)
{
    return virt_buffer(k, VIRT_SPI);
}

static bool writes(struct page *page, uint32_t offset, uint32_t value)
{
    if (page->base == GPIO && offset == OUTSET)
        chip.selected &= ~value;
    if (page->base == GPIO && offset == OUTCLR)
        chip.selected |= value;
    if (page->base == SPIM && offset == ENABLE && value == 0)
        chip.cuts++;
    if (page->base != SPIM || offset != START)
        return false;
    chip.starts++;
    chip.selected_at_start = chip.selected;
    memcpy(chip.own, board_ram(own().base), sizeof chip.own);
    return true;
}

/* The transfer is over, and as many bytes have come: 0x80, 0x81 ... */
static void transfer_over(uint32_t amount)
{
    uint32_t to = page_read(at(SPIM), RX);

    for (uint32_t i = 0; i < amount; i++)
        board_ram(to)[i] = (uint8_t)(0x80 + i);
    page_set(at(SPIM), AMOUNT, amount);
    page_event(at(SPIM), END);
}

static void transfer_ends(void)
{
    transfer_over(page_read(at(SPIM), RX_COUNT));
    ck_assert(board_settle(20));
}

/* ---- clients */

static enum err spi(uint32_t p, uint32_t number, uint32_t a)
{
    struct syscall_return r = board_command(board_process(p), &spi_driver, number, a, 0);

    return r.r[0] < RETURN_SUCCESS ? (enum err)r.r[1] : ERR_NONE;
}

static uint32_t got(uint32_t p, uint32_t number)
{
    struct syscall_return r = board_command(board_process(p), &spi_driver, number, 0, 0);

    return r.r[0] < RETURN_SUCCESS ? UINT32_MAX : r.r[1];
}

static void board_with_clients(uint8_t kernel_clients, uint32_t operations)
{
    board_start();
    board.config.kernel_ram.size = 0x10000;
    board.config.virts[VIRT_SPI] = (struct driver_place){true, SPIM, LINE};
    board.config.gpio = (struct driver_place){true, GPIO, 0};
    board.config.kernel_clients[VIRT_SPI].count = kernel_clients;
    board.config.kernel_clients[VIRT_SPI].operations = operations;
    board_page(SPIM, LINE);
    board_page(GPIO, -1);
    memset(&chip, 0, sizeof chip);
    board.on_write = writes;
    board_run();
    ck_assert(board_settle(20));
}

/* Process p with buffers, an upcall, and pin p. */
static void client(uint32_t p)
{
    struct span from = board_allow(board_process(p), &spi_driver, ALLOW_RO, 0, OUT_AT, ROOM);

    memset(board_ram(from.base), (int)(0x10 * (p + 1)), ROOM);
    (void)board_allow(board_process(p), &spi_driver, ALLOW_RW, 0, IN_AT, ROOM);
    board_subscribe(board_process(p), &spi_driver, 0);
    ck_assert_int_eq(spi(p, SELECT, p), ERR_NONE);
}

static void board_with_spi(void)
{
    board_with_clients(0, 0);
    for (uint32_t p = 0; p < BOARD_PROCESSES; p++)
        client(p);
    fake_hw_forget(hw);
}

static void ck_idle(void)
{
    ck_assert_uint_eq(k->services.virts[VIRT_SPI].client, CLIENT_NONE);
    ck_assert_uint_eq(chip.selected, 0);
    ck_assert(all_are(0, board_ram(own().base), own().size));
}

/* ---- calls */

static const struct {
    const char *why;
    uint32_t number, value, room;
    enum err expect;
} refusals[] = {
    {"no length", TRANSFER, 0, ROOM, ERR_SIZE},
    {"longer than the multiplexer's buffer", TRANSFER, ROOM + 1, 2 * ROOM, ERR_SIZE},
    {"longer than the app's buffer", TRANSFER, 9, 8, ERR_SIZE},
    {"no buffer", TRANSFER, 1, 0, ERR_SIZE},
    {"twice its length wraps", TRANSFER, 0x80000001, ROOM, ERR_SIZE},
    {"no such pin", SELECT, 32, ROOM, ERR_INVAL},
    {"a pin that would wrap", SELECT, 0x100, ROOM, ERR_INVAL},
    {"no rate as slow", RATE, 124999, ROOM, ERR_INVAL},
    {"no such phase", PHASE, 2, ROOM, ERR_INVAL},
    {"no such polarity", POLARITY, 0xffffffff, ROOM, ERR_INVAL},
    {"no command between", 1, 0, ROOM, ERR_NOSUPPORT},
    {"no command behind", GET_POLARITY + 1, 0, ROOM, ERR_NOSUPPORT},
};

START_TEST(what_is_refused_changes_nothing)
{
    uint32_t words[WORDS], after[WORDS];

    board_with_spi();
    (void)board_allow(board_process(0), &spi_driver, ALLOW_RO, 0, OUT_AT, refusals[_i].room);
    ck_assert_int_eq(capsule_state_load(hw, board_process(0), &spi_driver, words, WORDS), ERR_NONE);
    fake_hw_forget(hw);

    enum err err = spi(0, refusals[_i].number, refusals[_i].value);

    ck_assert_msg(err == refusals[_i].expect, "%s: got %d", refusals[_i].why, (int)err);
    ck_assert_uint_eq(hw->write_count, 0);
    ck_assert_int_eq(capsule_state_load(hw, board_process(0), &spi_driver, after, WORDS), ERR_NONE);
    ck_assert_mem_eq(words, after, sizeof words);
    ck_assert(board_settle(20));
    ck_board_not_called_back(0, &spi_driver);
    ck_idle();
}
END_TEST

START_TEST(without_a_chip_select_nothing_is_sent)
{
    board_with_clients(0, 0);
    (void)board_allow(board_process(0), &spi_driver, ALLOW_RO, 0, OUT_AT, ROOM);
    ck_assert_int_eq(spi(0, 0, 0), ERR_NONE);
    ck_assert_int_eq(spi(0, TRANSFER, 4), ERR_RESERVE);
    ck_assert_uint_eq(chip.starts, 0);
}
END_TEST

static const struct {
    uint32_t number, value, is;
} settings[] = {
    {SELECT, 31, 31},
    {RATE, 125000, 125000},
    {RATE, 249999, 125000},
    {RATE, 1000000, 1000000},
    {RATE, 7999999, 4000000},
    {RATE, 8000000, 8000000},
    {RATE, UINT32_MAX, 8000000},
    {PHASE, 1, 1},
    {POLARITY, 1, 1},
};

START_TEST(what_is_set_can_be_got_and_is_its_own_clients)
{
    uint32_t number = settings[_i].number;

    board_with_spi();
    uint32_t others = got(1, number + 1);
    ck_assert_int_eq(spi(0, number, settings[_i].value), ERR_NONE);

    ck_assert_uint_eq(got(0, number + 1), settings[_i].is);
    ck_assert_uint_eq(got(1, number + 1), others);
}
END_TEST

START_TEST(each_transfer_has_its_clients_configuration)
{
    board_with_spi();
    ck_assert_int_eq(spi(0, RATE, 8000000), ERR_NONE);
    ck_assert_int_eq(spi(0, POLARITY, 1), ERR_NONE);
    ck_assert_int_eq(spi(1, RATE, 250000), ERR_NONE);
    ck_assert_int_eq(spi(1, PHASE, 1), ERR_NONE);

    for (uint32_t i = 0; i < 6; i++) {
        static const uint32_t frequency[] = {0x80000000, 0x04000000, 0x02000000};
        static const uint32_t config[] = {4, 2, 0};
        uint32_t p = i % 3;
        ck_assert_int_eq(spi(p, TRANSFER, 3 + p), ERR_NONE);
        ck_assert_uint_eq(chip.starts, i + 1);
        ck_assert_uint_eq(chip.selected_at_start, 1u << p);
        ck_assert_uint_eq(page_read(at(SPIM), FREQUENCY), frequency[p]);
        ck_assert_uint_eq(page_read(at(SPIM), CONFIG), config[p]);
        ck_assert_uint_eq(page_read(at(SPIM), TX_COUNT), 3 + p);
        ck_assert_uint_eq(page_read(at(SPIM), RX_COUNT), 3 + p);
        transfer_ends();
        ck_board_called_back(p, &spi_driver, ERR_NONE, 3 + p);
        ck_idle();
    }
}
END_TEST

START_TEST(a_select_that_changes_in_mid_transfer_rises_all_the_same)
{
    board_with_spi();
    ck_assert_int_eq(spi(0, TRANSFER, 4), ERR_NONE);
    ck_assert_int_eq(spi(0, SELECT, 9), ERR_NONE);
    transfer_ends();
    ck_idle();
    ck_assert_int_eq(spi(0, TRANSFER, 4), ERR_NONE);
    ck_assert_uint_eq(chip.selected, 1u << 9);
}
END_TEST

/* ---- turns */

START_TEST(clients_that_always_ask_are_served_in_turn)
{
    board_with_spi();
    for (uint32_t p = 0; p < 3; p++)
        ck_assert_int_eq(spi(p, TRANSFER, 1 + 60 * p), ERR_NONE);
    for (uint32_t i = 0; i < 12; i++) {
        uint32_t p = i % 3;
        ck_assert_uint_eq(chip.selected, 1u << p);
        ck_assert_int_eq(spi(p, TRANSFER, 1), ERR_BUSY);
        transfer_ends();
        ck_board_called_back(p, &spi_driver, ERR_NONE, 1 + 60 * p);
        ck_assert_int_eq(spi(p, TRANSFER, 1 + 60 * p), ERR_NONE);
        ck_assert_int_eq(spi(p, TRANSFER, 1), ERR_BUSY);
    }
}
END_TEST

START_TEST(a_lone_client_is_served_again_and_again)
{
    board_with_spi();
    for (uint32_t i = 0; i < 10; i++) {
        ck_assert_int_eq(spi(2, TRANSFER, 1), ERR_NONE);
        ck_assert_uint_eq(chip.starts, i + 1);
        transfer_ends();
        ck_board_called_back(2, &spi_driver, ERR_NONE, 1);
    }
}
END_TEST

/* With 1 to 4 of them; each has its own pin and buffer, and asks again in its callback. */
START_TEST(kernel_clients_take_turns_with_a_process)
{
    board_with_clients((uint8_t)_i, 0);
    client(2);
    ck_assert_int_eq(spi(2, TRANSFER, 5), ERR_NONE);
    for (uint32_t n = 0; n < 3 * ((uint32_t)_i + 1); n++) {
        uint32_t turn = n % ((uint32_t)_i + 1);
        bool process = turn == (uint32_t)_i; /* the first operation began before it could ask */
        struct span buffer =
            process ? own() : virt_client_buffer(k, VIRT_SPI, CLIENT_KERNEL + turn);
        ck_assert_uint_eq(k->services.virts[VIRT_SPI].client, process ? 2 : CLIENT_KERNEL + turn);
        ck_assert_uint_eq(page_read(at(SPIM), TX), buffer.base);
        ck_assert(process || all_are(0, board_ram(own().base), own().size));
        transfer_ends();
        if (process) {
            ck_board_called_back(2, &spi_driver, ERR_NONE, 5);
            ck_assert_int_eq(spi(2, TRANSFER, 5), ERR_NONE);
        }
    }
}
END_TEST

START_TEST(kernel_clients_stop_when_they_are_done)
{
    board_with_clients(2, 3);
    for (uint32_t i = 0; i < 6; i++)
        transfer_ends();
    ck_assert_uint_eq(chip.starts, 6);
    ck_idle();
    transfer_ends();
    ck_assert_uint_eq(chip.starts, 6);
}
END_TEST

/* ---- buffers */

START_TEST(what_goes_out_is_the_clients_alone)
{
    board_with_spi();
    ck_assert_int_eq(spi(0, TRANSFER, ROOM), ERR_NONE);
    memset(board_memory(0, OUT_AT), 0xee, ROOM);
    ck_assert_int_eq(spi(1, TRANSFER, 2), ERR_NONE);
    ck_assert_uint_eq(chip.own[0], 0x10);
    ck_assert_uint_eq(chip.own[ROOM - 1], 0x10);
    transfer_ends();

    ck_assert_mem_eq(chip.own, "\x20\x20", 2);
    ck_assert(all_are(0, chip.own + 2, sizeof chip.own - 2));
    transfer_ends();
    ck_assert_mem_eq(board_memory(1, IN_AT), "\x80\x81", 2);
    ck_assert(all_are(0, board_memory(1, IN_AT) + 2, ROOM - 2));
}
END_TEST

START_TEST(what_comes_goes_where_the_buffer_is_now)
{
    board_with_spi();
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_NONE);
    (void)board_allow(board_process(0), &spi_driver, ALLOW_RW, 0, OTHER_AT, 3);
    transfer_ends();
    ck_board_called_back(0, &spi_driver, ERR_NONE, 8);
    ck_assert(all_are(0, board_memory(0, IN_AT), ROOM));
    ck_assert_mem_eq(board_memory(0, OTHER_AT), "\x80\x81\x82\0", 4);
}
END_TEST

START_TEST(the_buffer_for_what_comes_may_be_missing)
{
    board_with_spi();
    (void)board_allow(board_process(0), &spi_driver, ALLOW_RW, 0, IN_AT, 0);
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_NONE);
    transfer_ends();
    ck_board_called_back(0, &spi_driver, ERR_NONE, 8);
    ck_assert(all_are(0, board_memory(0, IN_AT), ROOM));
}
END_TEST

START_TEST(a_null_upcall_keeps_nobody_waiting)
{
    board_with_spi();
    ck_assert_int_eq(grant_set_upcall(hw, board_process(0), &spi_driver, 0, (struct upcall){0, 0}),
                     ERR_NONE);
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_NONE);
    ck_assert_int_eq(spi(1, TRANSFER, 8), ERR_NONE);
    transfer_ends();
    ck_assert_uint_eq(chip.selected, 2);
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_NONE);
    transfer_ends();
    ck_board_called_back(1, &spi_driver, ERR_NONE, 8);
}
END_TEST

/* ---- what a process says is not believed */

enum { HAS_SELECT = 1 << 18 };
static const struct {
    const char *why;
    uint32_t word, value;
    enum err expect;
} lies[] = {
    {"no length", LENGTH, 0, ERR_SIZE},
    {"too long", LENGTH, ROOM + 1, ERR_SIZE},
    {"longer than memory", LENGTH, 0xffffffff, ERR_SIZE},
    {"twice its length wraps", LENGTH, 0x80000002, ERR_SIZE},
    {"no such pin", CONFIG_WORD, HAS_SELECT | 32, ERR_INVAL},
    {"no such rate", CONFIG_WORD, HAS_SELECT | 7 << 8, ERR_INVAL},
    {"no pin any more", CONFIG_WORD, 0, ERR_INVAL},
};

/* Device DMA into the grant while it waits. */
START_TEST(a_grant_that_was_rewritten_ends_in_an_error)
{
    board_with_spi();
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_NONE);
    ck_assert_int_eq(spi(1, TRANSFER, 8), ERR_NONE);
    ck_assert_int_eq(spi(2, TRANSFER, 8), ERR_NONE);
    board_grant_word(1, &spi_driver, WORDS, lies[_i].word, lies[_i].value);

    transfer_ends();

    ck_board_called_back(1, &spi_driver, lies[_i].expect, 0);
    ck_assert_uint_eq(chip.starts, 2);
    ck_assert_uint_eq(chip.selected, 4);
    transfer_ends();
    ck_board_called_back(2, &spi_driver, ERR_NONE, 8);
    ck_idle();
}
END_TEST

/* It cannot begin at once: the callback comes later all the same. */
START_TEST(a_failure_is_not_called_back_inside_the_call)
{
    board_with_spi();
    board_grant_word(0, &spi_driver, WORDS, CONFIG_WORD, HAS_SELECT | 7 << 8);
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_NONE);
    ck_board_not_called_back(0, &spi_driver);
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_BUSY);
    ck_assert_int_eq(spi(1, TRANSFER, 8), ERR_NONE);
    ck_assert_uint_eq(chip.starts, 0);

    ck_assert(board_settle(20));

    ck_board_called_back(0, &spi_driver, ERR_INVAL, 0);
    ck_assert_uint_eq(chip.selected, 2);
}
END_TEST

START_TEST(a_buffer_that_shrinks_before_its_turn_is_an_error)
{
    board_with_spi();
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_NONE);
    ck_assert_int_eq(spi(1, TRANSFER, 8), ERR_NONE);
    (void)board_allow(board_process(1), &spi_driver, ALLOW_RO, 0, OUT_AT, 7);
    transfer_ends();
    ck_board_called_back(0, &spi_driver, ERR_NONE, 8);
    ck_board_called_back(1, &spi_driver, ERR_SIZE, 0);
    ck_idle();
}
END_TEST

/* What stands in the grant at the end chooses among the client's own bytes, or none. */
START_TEST(a_length_that_changes_in_mid_transfer_shows_nothing_of_others)
{
    static const uint32_t lengths[] = {0, 3, 2 * ROOM, 2 * ROOM - 3, 0xfffffffc};

    board_with_spi();
    ck_assert_int_eq(spi(1, TRANSFER, ROOM), ERR_NONE);
    transfer_ends();
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_NONE);
    board_grant_word(0, &spi_driver, WORDS, LENGTH, lengths[_i]);
    transfer_ends();
    ck_board_called_back(0, &spi_driver, ERR_NONE, 8);
    for (uint32_t i = 0; i < ROOM; i++) {
        uint8_t byte = board_memory(0, IN_AT)[i];
        ck_assert(byte == 0 || byte == 0x10 || (byte >= 0x80 && byte < 0x88 && i < 8));
    }
}
END_TEST

/* ---- errors from below */

START_TEST(a_transfer_that_is_cut_short_fails)
{
    board_with_spi();
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_NONE);
    ck_assert_int_eq(spi(1, TRANSFER, 8), ERR_NONE);
    transfer_over(_i == 0 ? 7 : _i == 1 ? 0 : 9);
    ck_assert(board_settle(20));
    ck_board_called_back(0, &spi_driver, ERR_FAIL, 0);
    ck_assert(all_are(0, board_memory(0, IN_AT), ROOM));
    ck_assert_uint_eq(chip.selected, 2);
    transfer_ends();
    ck_board_called_back(1, &spi_driver, ERR_NONE, 8);
}
END_TEST

START_TEST(what_shows_no_progress_is_given_up)
{
    board_with_spi();
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_NONE);
    ck_assert_int_eq(spi(1, TRANSFER, 8), ERR_NONE);
    virt_alarm(k, hw, &virt_spi);
    ck_board_called_back(0, &spi_driver, ERR_FAIL, 0);
    ck_assert_uint_eq(chip.cuts, 1);
    ck_assert_uint_eq(chip.selected, 2);
    transfer_ends();
    ck_board_called_back(1, &spi_driver, ERR_NONE, 8);
    ck_idle();
}
END_TEST

START_TEST(a_stray_interrupt_or_timeout_is_ignored)
{
    board_with_spi();
    page_event(at(SPIM), END);
    ck_assert(board_settle(20));
    virt_alarm(k, hw, &virt_spi);
    ck_assert(!spi_driver.on_interrupt(k, hw, LINE + 1));
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_NONE);
    ck_assert(spi_driver.on_interrupt(k, hw, LINE));
    ck_board_not_called_back(0, &spi_driver);
    ck_assert_uint_eq(chip.selected, 1);
    transfer_ends();
    ck_board_called_back(0, &spi_driver, ERR_NONE, 8);
}
END_TEST

/* ---- death */

enum { WAITS, UNDER_WAY, OVER, FAILED, CALLED_BACK, STAGES };

static void to_stage(int stage)
{
    if (stage == WAITS)
        ck_assert_int_eq(spi(1, TRANSFER, 8), ERR_NONE);
    if (stage == FAILED)
        board_grant_word(0, &spi_driver, WORDS, CONFIG_WORD, HAS_SELECT | 7 << 8);
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_NONE);
    if (stage != WAITS)
        ck_assert_int_eq(spi(1, TRANSFER, 8), ERR_NONE);
    if (stage == OVER)
        transfer_over(8);
    if (stage == CALLED_BACK)
        transfer_ends();
}

START_TEST(a_dead_client_leaves_nothing_behind)
{
    board_with_spi();
    to_stage(_i % STAGES);

    kernel_end_process(k, hw, 0, _i < STAGES ? END_KILL : END_FAULT);

    ck_assert_uint_eq(chip.cuts, _i % STAGES == UNDER_WAY || _i % STAGES == OVER);
    ck_assert_uint_eq(chip.selected & 1, 0);
    ck_assert(board_settle(20));
    ck_board_not_called_back(0, &spi_driver);
    ck_board_not_called_back(1, &spi_driver);
    ck_assert_uint_eq(chip.selected, 2);
    ck_assert_mem_eq(chip.own, "\x20\x20\x20\x20\x20\x20\x20\x20", 8);
    ck_assert(all_are(0, chip.own + 8, sizeof chip.own - 8));
    transfer_ends();
    ck_board_called_back(1, &spi_driver, ERR_NONE, 8);
    ck_board_not_called_back(0, &spi_driver);
    ck_idle();
}
END_TEST

/* The place is free for the next life at once, which begins without a configuration. */
START_TEST(the_next_life_is_a_new_client)
{
    board_with_spi();
    to_stage(_i);
    kernel_end_process(k, hw, 0, END_FAULT);
    ck_assert(board_settle(20));
    (void)board_allow(board_process(0), &spi_driver, ALLOW_RO, 0, OUT_AT, ROOM);
    ck_assert_int_eq(spi(0, TRANSFER, 8), ERR_RESERVE);
    client(0);
    ck_assert_int_eq(spi(0, TRANSFER, 4), ERR_NONE);
    transfer_ends();
    ck_board_called_back(1, &spi_driver, ERR_NONE, 8);
    transfer_ends();
    ck_board_called_back(0, &spi_driver, ERR_NONE, 4);
    ck_idle();
}
END_TEST

START_TEST(a_board_without_pins_or_buffers_has_no_spi)
{
    board_start();
    board.config.virts[VIRT_SPI] = (struct driver_place){true, SPIM, LINE};
    board.config.gpio = (struct driver_place){_i == 1, GPIO, 0};
    board.config.kernel_ram.size = _i == 0 ? 0x10000 : 0x400;
    board_page(SPIM, LINE);
    board_page(GPIO, -1);
    board_run();
    ck_assert_ptr_null(driver_find(k, spi_driver.number));
}
END_TEST

static TCase *call_tests(void)
{
    TCase *t = tcase_create("calls");

    tcase_add_loop_test(t, what_is_refused_changes_nothing, 0, COUNT_OF(refusals));
    tcase_add_test(t, without_a_chip_select_nothing_is_sent);
    tcase_add_loop_test(t, what_is_set_can_be_got_and_is_its_own_clients, 0, COUNT_OF(settings));
    tcase_add_test(t, each_transfer_has_its_clients_configuration);
    tcase_add_test(t, a_select_that_changes_in_mid_transfer_rises_all_the_same);
    tcase_add_loop_test(t, a_board_without_pins_or_buffers_has_no_spi, 0, 2);
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

    tcase_add_test(t, what_goes_out_is_the_clients_alone);
    tcase_add_test(t, what_comes_goes_where_the_buffer_is_now);
    tcase_add_test(t, the_buffer_for_what_comes_may_be_missing);
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

    tcase_add_loop_test(t, a_transfer_that_is_cut_short_fails, 0, 3);
    tcase_add_test(t, what_shows_no_progress_is_given_up);
    tcase_add_test(t, a_stray_interrupt_or_timeout_is_ignored);
    tcase_add_loop_test(t, a_dead_client_leaves_nothing_behind, 0, 2 * STAGES);
    tcase_add_loop_test(t, the_next_life_is_a_new_client, 0, STAGES);
    return t;
}

int main(void)
{
    Suite *s = suite_create("virt_spi");

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
