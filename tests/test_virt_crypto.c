/* test_virt_crypto.c: the crypto multiplexer and its driver on a small board, with an engine that
 * keeps what it is told and is done, fails or hangs as the test says.
 */
#include "model/capsule_state.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct hw *const hw = &board.hw;
static struct kernel *const k = &board.k;

enum { AES = 0x40030000, LINE = 46 };
enum { DMACH0EXTADDR = 0x004, DMACH0LEN = 0x00c, DMASWRESET = 0x01c, DMACH1LEN = 0x02c };
enum { KEYWRITEAREA = 0x400, KEYWRITTENAREA = 0x404, KEYREADAREA = 0x40c, AESIV = 0x540 };
enum { AESCTL = 0x550, ALGSEL = 0x700, SWRESET = 0x740, IRQCLR = 0x788, IRQSTAT = 0x790 };
enum { RESULT = 1, RD_ERR = 0x20000000, WR_ERR = 0x40000000 };
#define BUS_ERR 0x80000000u
enum { EXISTS, RESERVE, LOAD, CRYPT, GIVE_BACK };
enum { CTR = 0, CBC = 1 << 8, ECB = 2 << 8, DECRYPT = 1 << 16 };
enum { KEY_AT = 0x10, VECTOR_AT = 0x20, DATA_AT = 0x40, ROOM = 256 };
enum { TAKEN = CRYPTO_KEYS, SPARE = CRYPTO_KEYS };

/* ---- the device */

static struct {
    bool hung, busy; /* busy: a copy never ends */
    uint32_t areas;  /* that hold a key */
    uint32_t engine; /* 1 + the area that it has a copy of; 0: zeros */
    uint32_t status; /* IRQSTAT */
    uint32_t resets;
} chip;

static struct page *page(void)
{
    return board_page_at(AES);
}

static void status_set(uint32_t status)
{
    chip.status = status;
    page()->line_stuck = status & RESULT;
    page_set(page(), 0, 0); /* the line is looked at */
}

static void reset(void)
{
    chip.areas = 0;
    chip.engine = 0;
    status_set(0);
}

static void copied(uint32_t area)
{
    bool known = chip.areas >> area & 1;

    chip.engine = known ? 1 + area : 0;
    if (!known)
        status_set(chip.status | RD_ERR);
}

static bool reads(struct page *from, uint32_t offset, uint32_t *value)
{
    if (from->base != AES)
        return false;
    if (offset == IRQSTAT)
        *value = chip.status;
    else if (offset == KEYWRITTENAREA)
        *value = chip.areas;
    else if (offset == KEYREADAREA && chip.busy)
        *value = BUS_ERR;
    else
        return false;
    return true;
}

static bool writes(struct page *to, uint32_t offset, uint32_t value)
{
    if (to->base != AES)
        return false;
    chip.resets += offset == SWRESET;
    if (chip.hung)
        return true;
    if (offset == SWRESET || offset == DMASWRESET)
        reset();
    else if (offset == IRQCLR)
        status_set(chip.status & ~value);
    else if (offset == KEYWRITTENAREA)
        chip.areas &= ~value;
    else if (offset == KEYREADAREA)
        copied(value);
    else
        return false;
    return true;
}

/* What was begun is over. */
static void done_with(uint32_t status)
{
    if (page_read(page(), ALGSEL) == 1 && !(status & (WR_ERR | BUS_ERR)))
        chip.areas |= page_read(page(), KEYWRITEAREA);
    status_set(chip.status | RESULT | status);
    ck_assert(board_settle(30));
}

static bool loads(void)
{
    return page_read(page(), ALGSEL) == 1;
}

static bool runs(void)
{
    return page_read(page(), ALGSEL) == 2;
}

/* ---- clients */

static struct syscall_return call(uint32_t p, uint32_t number, uint32_t a, uint32_t b)
{
    return board_command(board_process(p), &crypto_driver, number, a, b);
}

static enum err crypto(uint32_t p, uint32_t number, uint32_t a, uint32_t b)
{
    struct syscall_return r = call(p, number, a, b);

    return r.r[0] < RETURN_SUCCESS ? (enum err)r.r[1] : ERR_NONE;
}

static uint32_t reserved(uint32_t p)
{
    struct syscall_return r = call(p, RESERVE, 0, 0);

    ck_assert_uint_ge(r.r[0], RETURN_SUCCESS);
    return r.r[1];
}

static void board_with_clients(uint8_t kernel_clients)
{
    board_start();
    board.config.kernel_ram.size = 0x10000;
    board.config.virts[VIRT_CRYPTO] = (struct driver_place){true, AES, LINE};
    board.config.kernel_clients[VIRT_CRYPTO].count = kernel_clients;
    board_page(AES, LINE);
    memset(&chip, 0, sizeof chip);
    chip.areas = 0xff; /* an earlier start left keys */
    board.on_read = reads;
    board.on_write = writes;
    board_run();
    ck_assert(board_settle(30));
}

/* Process p with buffers and an upcall. Its key is 0x11 and so on, its data 0xa1 and so on. */
static void client(uint32_t p)
{
    struct process *process = board_process(p);
    struct span key = board_allow(process, &crypto_driver, ALLOW_RO, 0, KEY_AT, 16);
    struct span vector = board_allow(process, &crypto_driver, ALLOW_RO, 1, VECTOR_AT, 16);
    struct span data = board_allow(process, &crypto_driver, ALLOW_RW, 0, DATA_AT, ROOM);

    memset(board_ram(key.base), (int)(0x11 + p), 16);
    for (uint32_t i = 0; i < 16; i++)
        board_ram(vector.base)[i] = (uint8_t)(0x10 * p + i);
    memset(board_ram(data.base), (int)(0xa1 + p), ROOM);
    board_subscribe(process, &crypto_driver, 0);
}

static void board_with_crypto(void)
{
    board_with_clients(0);
    for (uint32_t p = 0; p < BOARD_PROCESSES; p++)
        client(p);
    fake_hw_forget(hw);
}

static void ck_idle(void)
{
    struct span own = virt_buffer(k, VIRT_CRYPTO);

    ck_assert_uint_eq(k->services.virts[VIRT_CRYPTO].client, CLIENT_NONE);
    ck_assert(all_are(0, board_ram(own.base), own.size));
    ck_assert_uint_eq(chip.engine, 0);
    for (uint32_t word = 0; word < 4; word++)
        ck_assert_uint_eq(page_read(page(), AESIV + 4 * word), 0);
    ck_assert_uint_eq(chip.areas >> SPARE, 0);
}

/* Reserves and loads; the register. */
static uint32_t keyed(uint32_t p)
{
    uint32_t slot = reserved(p);

    ck_assert_int_eq(crypto(p, LOAD, slot, 0), ERR_NONE);
    done_with(0);
    ck_board_called_back(p, &crypto_driver, ERR_NONE, 0);
    ck_assert_uint_eq(chip.areas >> slot & 1, 1);
    return slot;
}

/* ---- calls; register 0 is process 0's, 1 is process 1's */

static const struct {
    const char *why;
    uint32_t number, a, b;
    enum err expect;
} refusals[] = {
    {"load of another's", LOAD, 1, 0, ERR_RESERVE},
    {"load of a free one", LOAD, 2, 0, ERR_RESERVE},
    {"load of the empty one", LOAD, SPARE, 0, ERR_RESERVE},
    {"load of none", LOAD, 0xffffffff, 0, ERR_RESERVE},
    {"load of its own, with more bits", LOAD, 0x100, 0, ERR_RESERVE},
    {"message with another's", CRYPT, 1 | ECB, 16, ERR_RESERVE},
    {"message with none", CRYPT, 0xff | ECB, 16, ERR_RESERVE},
    {"no such mode", CRYPT, 3 << 8, 16, ERR_INVAL},
    {"a bit that means nothing", CRYPT, 1 << 17, 16, ERR_INVAL},
    {"no length", CRYPT, CTR, 0, ERR_SIZE},
    {"longer than the multiplexer's buffer", CRYPT, CTR, ROOM + 1, ERR_SIZE},
    {"no whole block, ECB", CRYPT, ECB, 17, ERR_SIZE},
    {"no whole block, CBC", CRYPT, CBC, 15, ERR_SIZE},
    {"a length that wraps", CRYPT, ECB, 0xfffffff0, ERR_SIZE},
    {"another's given back", GIVE_BACK, 1, 0, ERR_RESERVE},
    {"no command", GIVE_BACK + 1, 0, 0, ERR_NOSUPPORT},
};

START_TEST(what_is_refused_changes_nothing)
{
    board_with_crypto();
    ck_assert_uint_eq(reserved(0), 0);
    ck_assert_uint_eq(reserved(1), 1);
    fake_hw_forget(hw);

    enum err err = crypto(0, refusals[_i].number, refusals[_i].a, refusals[_i].b);

    ck_assert_msg(err == refusals[_i].expect, "%s: got %d", refusals[_i].why, (int)err);
    ck_assert_uint_eq(hw->write_count, 0);
    ck_assert(board_settle(20));
    ck_board_not_called_back(0, &crypto_driver);
    ck_idle();
}
END_TEST

/* Key, vector, data. */
START_TEST(a_buffer_that_is_too_small_is_refused)
{
    static const enum allow_kind kinds[] = {ALLOW_RO, ALLOW_RO, ALLOW_RW};
    static const uint32_t numbers[] = {0, 1, 0};

    board_with_crypto();
    uint32_t slot = keyed(0);
    (void)board_allow(board_process(0), &crypto_driver, kinds[_i], numbers[_i], KEY_AT, 15);
    ck_assert_int_eq(crypto(0, LOAD, slot, 0), _i == 0 ? ERR_SIZE : ERR_NONE);
    if (_i > 0)
        done_with(0);
    ck_assert_int_eq(crypto(0, CRYPT, slot | CBC, 16), _i > 0 ? ERR_SIZE : ERR_NONE);
}
END_TEST

START_TEST(registers_go_to_who_comes_first_and_are_never_taken_away)
{
    board_with_crypto();
    for (uint32_t slot = 0; slot < TAKEN; slot++)
        ck_assert_uint_eq(reserved(slot % 2), slot);
    for (uint32_t p = 0; p < 3; p++)
        ck_assert_int_eq(crypto(p, RESERVE, 0, 0), ERR_NOMEM);
    ck_assert_int_eq(crypto(1, GIVE_BACK, 3, 0), ERR_NONE);
    ck_assert_int_eq(crypto(1, GIVE_BACK, 3, 0), ERR_RESERVE);
    ck_assert_uint_eq(reserved(2), 3);
    ck_assert_int_eq(crypto(0, RESERVE, 0, 0), ERR_NOMEM);
}
END_TEST

START_TEST(nothing_is_given_back_while_it_waits_or_is_under_way)
{
    board_with_crypto();
    uint32_t mine = keyed(0), other = keyed(1);
    ck_assert_int_eq(crypto(1, CRYPT, other | ECB, 16), ERR_NONE);
    ck_assert_int_eq(crypto(0, CRYPT, mine | ECB, 16), ERR_NONE);
    ck_assert_int_eq(crypto(0, GIVE_BACK, mine, 0), ERR_BUSY);
    ck_assert_int_eq(crypto(1, GIVE_BACK, other, 0), ERR_BUSY);
    ck_assert_uint_eq(chip.engine, 1 + other);
    done_with(0);
    ck_assert_int_eq(crypto(0, GIVE_BACK, mine, 0), ERR_BUSY);
    done_with(0);
    ck_assert_int_eq(crypto(0, GIVE_BACK, mine, 0), ERR_NONE);
    ck_assert_uint_eq(chip.areas, 1u << other);
    ck_idle();
}
END_TEST

/* ---- operations */

START_TEST(a_key_goes_down_by_dma_and_nothing_of_it_stays)
{
    board_with_crypto();
    uint32_t slot = reserved(1);
    ck_assert_int_eq(crypto(1, LOAD, slot, 0), ERR_NONE);
    ck_assert(loads());
    ck_assert_uint_eq(page_read(page(), KEYWRITEAREA), 1u << slot);
    ck_assert_uint_eq(page_read(page(), DMACH0LEN), 16);
    ck_assert_uint_eq(board_ram(page_read(page(), DMACH0EXTADDR))[15], 0x12);
    ck_board_not_called_back(1, &crypto_driver);
    done_with(0);
    ck_board_called_back(1, &crypto_driver, ERR_NONE, 0);
    ck_idle();
}
END_TEST

static const struct {
    uint32_t what, size, control;
} messages[] = {
    {ECB, 16, 0x004}, {ECB | DECRYPT, 256, 0x000}, {CBC, 32, 0x024}, {CBC | DECRYPT, 16, 0x020},
    {CTR, 1, 0x1c4},  {CTR + DECRYPT, 255, 0x1c0},
};

START_TEST(a_message_is_worked_with_its_own_key_mode_and_vector)
{
    bool has_vector = !(messages[_i].what & ECB);

    board_with_crypto();
    (void)keyed(0);
    uint32_t slot = keyed(2);
    ck_assert_int_eq(crypto(2, CRYPT, slot | messages[_i].what, messages[_i].size), ERR_NONE);
    ck_assert(runs());
    ck_assert_uint_eq(chip.engine, 1 + slot);
    ck_assert_uint_eq(page_read(page(), AESCTL), messages[_i].control);
    ck_assert_uint_eq(page_read(page(), AESIV), has_vector ? 0x23222120 : 0);
    ck_assert_uint_eq(page_read(page(), DMACH1LEN), messages[_i].size);
    uint8_t *down = board_ram(page_read(page(), DMACH0EXTADDR));
    ck_assert_uint_eq(down[messages[_i].size - 1], 0xa3);
    memset(down, 0x5c, messages[_i].size);
    done_with(0);
    ck_board_called_back(2, &crypto_driver, ERR_NONE, messages[_i].size);
    const uint8_t *data = board_ram(board_process(2)->memory.base + DATA_AT);
    ck_assert_uint_eq(data[messages[_i].size - 1], 0x5c);
    ck_assert(messages[_i].size == ROOM || data[messages[_i].size] == 0xa3);
    ck_idle();
}
END_TEST

START_TEST(a_register_without_a_key_is_told_and_not_used)
{
    board_with_crypto();
    uint32_t slot = reserved(0);
    (void)keyed(1);
    ck_assert_int_eq(crypto(0, CRYPT, slot | ECB, 16), ERR_NONE);
    ck_board_not_called_back(0, &crypto_driver);
    ck_assert(board_settle(30));
    ck_board_called_back(0, &crypto_driver, ERR_OFF, 0);
    ck_idle();
}
END_TEST

/* Words of a request in the grant, which DMA of a lent device can write. */
static const struct {
    uint32_t word, value;
    enum err expect;
} lies[] = {
    {0, 1 | ECB, ERR_RESERVE}, {0, 0xff | ECB, ERR_RESERVE},
    {0, 3 << 8, ERR_INVAL},    {0, 1u << 31 | 1, ERR_RESERVE},
    {1, 0, ERR_SIZE},          {1, 17, ERR_SIZE},
    {1, 0xfffffff0, ERR_SIZE}, {1, 512, ERR_SIZE},
};

START_TEST(a_request_that_was_rewritten_ends_in_an_error)
{
    board_with_crypto();
    uint32_t slot = keyed(0), other = keyed(1);
    ck_assert_int_eq(crypto(1, CRYPT, other | ECB, 16), ERR_NONE);
    ck_assert_int_eq(crypto(0, CRYPT, slot | ECB, 16), ERR_NONE);
    board_grant_word(0, &crypto_driver, VIRT_WORDS, lies[_i].word, lies[_i].value);
    done_with(0);
    ck_board_called_back(1, &crypto_driver, ERR_NONE, 16);
    ck_board_called_back(0, &crypto_driver, lies[_i].expect, 0);
    ck_idle();
}
END_TEST

START_TEST(clients_that_always_ask_are_served_in_turn)
{
    uint32_t slots[3];

    board_with_crypto();
    for (uint32_t p = 0; p < 3; p++)
        slots[p] = keyed(p);
    for (uint32_t p = 0; p < 3; p++)
        ck_assert_int_eq(crypto(p, CRYPT, slots[p] | CBC, 16), ERR_NONE);
    for (uint32_t i = 0; i < 9; i++) {
        uint32_t p = i % 3;
        ck_assert_uint_eq(chip.engine, 1 + slots[p]);
        ck_assert_int_eq(crypto(p, CRYPT, slots[p] | CBC, 16), ERR_BUSY);
        done_with(0);
        ck_board_called_back(p, &crypto_driver, ERR_NONE, 16);
        ck_assert_int_eq(crypto(p, CRYPT, slots[p] | CBC, 16), ERR_NONE);
    }
}
END_TEST

START_TEST(kernel_clients_have_registers_of_their_own_and_load_a_lost_key_again)
{
    board_with_clients(2);
    client(0);
    ck_assert(loads());
    done_with(0); /* the first one asks again; the second loads */
    done_with(0);
    ck_assert_uint_eq(chip.areas, 3);
    ck_assert_uint_eq(reserved(0), 2);
    for (uint32_t i = 0; i < 6; i++) {
        ck_assert(runs());
        ck_assert_uint_eq(chip.engine, 1 + i % 2);
        done_with(0);
    }
    done_with(BUS_ERR);
    ck_assert_uint_eq(chip.resets, 2); /* one at the start */
    ck_assert(loads());
    ck_assert_uint_eq(page_read(page(), KEYWRITEAREA), 2);
    done_with(0);
    done_with(0);
    ck_assert_uint_eq(chip.areas, 3);
    struct span own = virt_client_buffer(k, VIRT_CRYPTO, CLIENT_KERNEL + 1);
    ck_assert(all_are(0, board_ram(own.base), 16)); /* where its key was */
}
END_TEST

/* ---- failures */

START_TEST(a_refused_load_costs_that_one_alone)
{
    board_with_crypto();
    uint32_t other = keyed(1), slot = reserved(0);
    ck_assert_int_eq(crypto(0, LOAD, slot, 0), ERR_NONE);
    done_with(WR_ERR);
    ck_board_called_back(0, &crypto_driver, ERR_FAIL, 0);
    ck_assert_uint_eq(chip.areas, 1u << other);
    ck_assert_uint_eq(chip.resets, 1);
    ck_idle();
    ck_assert_int_eq(crypto(0, LOAD, slot, 0), ERR_NONE);
    done_with(0);
    ck_board_called_back(0, &crypto_driver, ERR_NONE, 0);
}
END_TEST

/* In a load, in a message. */
START_TEST(a_bus_error_costs_all_keys_and_no_register)
{
    board_with_crypto();
    uint32_t slot = keyed(0), other = keyed(1);
    ck_assert_int_eq(crypto(0, _i ? CRYPT : LOAD, _i ? slot | ECB : slot, 16), ERR_NONE);
    done_with(BUS_ERR | (_i ? 0 : WR_ERR));
    ck_board_called_back(0, &crypto_driver, ERR_FAIL, 0);
    ck_assert_uint_eq(chip.areas, 0);
    ck_idle();
    ck_assert_int_eq(crypto(1, CRYPT, other | ECB, 16), ERR_NONE);
    ck_assert(board_settle(30));
    ck_board_called_back(1, &crypto_driver, ERR_OFF, 0);
    ck_assert_int_eq(crypto(1, LOAD, other, 0), ERR_NONE);
    done_with(0);
    ck_board_called_back(1, &crypto_driver, ERR_NONE, 0);
    ck_assert_int_eq(crypto(1, CRYPT, other | ECB, 16), ERR_NONE);
    ck_assert(runs());
}
END_TEST

START_TEST(an_engine_that_hangs_is_given_up_and_used_again_when_it_answers)
{
    board_with_crypto();
    uint32_t slot = keyed(0), other = keyed(1);
    ck_assert_int_eq(crypto(0, CRYPT, slot | ECB, 16), ERR_NONE);
    ck_assert_int_eq(crypto(1, CRYPT, other | ECB, 16), ERR_NONE);
    chip.hung = true;
    virt_alarm(k, hw, &virt_crypto);
    ck_board_called_back(0, &crypto_driver, ERR_FAIL, 0);
    ck_assert_uint_eq(chip.engine, 1 + slot); /* nothing was begun with it */
    virt_alarm(k, hw, &virt_crypto);
    ck_board_called_back(1, &crypto_driver, ERR_FAIL, 0);
    ck_assert_int_eq(crypto(1, CRYPT, other | ECB, 16), ERR_NONE);
    chip.hung = false;
    virt_alarm(k, hw, &virt_crypto);
    ck_board_called_back(1, &crypto_driver, ERR_FAIL, 0);
    ck_assert_uint_eq(chip.areas, 0);
    ck_idle();
    ck_assert_int_eq(crypto(1, CRYPT, other | ECB, 16), ERR_NONE);
    ck_assert(board_settle(30));
    ck_board_called_back(1, &crypto_driver, ERR_OFF, 0);
    ck_assert_int_eq(crypto(1, LOAD, other, 0), ERR_NONE);
    done_with(0);
    ck_board_called_back(1, &crypto_driver, ERR_NONE, 0);
}
END_TEST

START_TEST(a_copy_that_never_ends_is_not_waited_for)
{
    board_with_crypto();
    uint32_t slot = keyed(0);
    chip.busy = true;
    ck_assert_int_eq(crypto(0, CRYPT, slot | ECB, 16), ERR_NONE);
    ck_assert(board_settle(30));
    ck_board_called_back(0, &crypto_driver, ERR_OFF, 0);
}
END_TEST

START_TEST(a_stray_interrupt_or_timeout_is_ignored)
{
    board_with_crypto();
    uint32_t slot = keyed(0);
    virt_alarm(k, hw, &virt_crypto);
    done_with(0);
    done_with(BUS_ERR);
    ck_assert_uint_eq(chip.areas, 1u << slot);
    ck_idle();
}
END_TEST

/* ---- death */

enum { RESERVED_ONLY, WAITS, LOADS, RUNS, OTHER_RUNS, OVER, FAILED, CALLED_BACK, STAGES };

/* Process 0 has registers 1 and 2, process 1 register 0. */
static void to_stage(int stage)
{
    uint32_t other = keyed(1), slot = keyed(0);

    (void)keyed(0);
    if (stage == WAITS || stage == OTHER_RUNS)
        ck_assert_int_eq(crypto(1, CRYPT, other | ECB, 16), ERR_NONE);
    if (stage == LOADS)
        ck_assert_int_eq(crypto(0, LOAD, slot, 0), ERR_NONE);
    else if (stage != RESERVED_ONLY && stage != OTHER_RUNS)
        ck_assert_int_eq(crypto(0, CRYPT, slot | ECB, 16), ERR_NONE);
    if (stage == OVER)
        status_set(RESULT);
    if (stage == FAILED) {
        done_with(0);
        (void)board_upcall(board_process(0), &crypto_driver, 0, (uint32_t[3]){0});
        chip.areas &= ~(1u << slot);
        ck_assert_int_eq(crypto(0, CRYPT, slot | ECB, 16), ERR_NONE);
    }
    if (stage == CALLED_BACK)
        done_with(0);
}

START_TEST(a_dead_client_leaves_no_key_behind)
{
    board_with_crypto();
    to_stage(_i % STAGES);

    kernel_end_process(k, hw, 0, _i < STAGES ? END_KILL : END_FAULT);

    bool works = _i % STAGES == LOADS || _i % STAGES == RUNS;
    if (_i % STAGES == OTHER_RUNS || _i % STAGES == WAITS) {
        ck_assert_uint_eq(chip.engine, 1); /* not disturbed */
        ck_assert_uint_eq(chip.areas, 1);
        done_with(0);
        ck_board_called_back(1, &crypto_driver, ERR_NONE, 16);
    } else if (works) {
        ck_assert_uint_eq(reserved(2), 2); /* the one at work is not free yet */
        done_with(0);
    }
    ck_assert(board_settle(30));
    ck_assert_uint_eq(chip.areas, 1);
    ck_board_not_called_back(0, &crypto_driver);
    ck_idle();
    for (uint32_t slot = 1 + works; slot < TAKEN; slot++)
        (void)reserved(2);
    ck_assert_int_eq(crypto(2, RESERVE, 0, 0), ERR_NOMEM);
}
END_TEST

START_TEST(the_next_life_has_no_register)
{
    board_with_crypto();
    to_stage(_i);
    kernel_end_process(k, hw, 0, END_FAULT);
    ck_assert(board_settle(30));
    for (uint32_t slot = 0; slot <= SPARE; slot++)
        ck_assert_int_eq(crypto(0, LOAD, slot, 0), ERR_RESERVE);
}
END_TEST

START_TEST(a_board_without_an_engine_or_buffers_has_no_crypto)
{
    board_start();
    board.config.virts[VIRT_CRYPTO] = (struct driver_place){_i == 1, AES, LINE};
    board.config.kernel_ram.size = _i == 0 ? 0x10000 : 0x400;
    board_page(AES, LINE);
    board_run();
    ck_assert_ptr_null(driver_find(k, crypto_driver.number));
}
END_TEST

static TCase *call_tests(void)
{
    TCase *t = tcase_create("calls");

    tcase_add_loop_test(t, what_is_refused_changes_nothing, 0, COUNT_OF(refusals));
    tcase_add_loop_test(t, a_buffer_that_is_too_small_is_refused, 0, 3);
    tcase_add_test(t, registers_go_to_who_comes_first_and_are_never_taken_away);
    tcase_add_test(t, nothing_is_given_back_while_it_waits_or_is_under_way);
    tcase_add_loop_test(t, a_board_without_an_engine_or_buffers_has_no_crypto, 0, 2);
    return t;
}

static TCase *operation_tests(void)
{
    TCase *t = tcase_create("operations");

    tcase_add_test(t, a_key_goes_down_by_dma_and_nothing_of_it_stays);
    tcase_add_loop_test(t, a_message_is_worked_with_its_own_key_mode_and_vector, 0,
                        COUNT_OF(messages));
    tcase_add_test(t, a_register_without_a_key_is_told_and_not_used);
    tcase_add_loop_test(t, a_request_that_was_rewritten_ends_in_an_error, 0, COUNT_OF(lies));
    tcase_add_test(t, clients_that_always_ask_are_served_in_turn);
    tcase_add_test(t, kernel_clients_have_registers_of_their_own_and_load_a_lost_key_again);
    return t;
}

static TCase *failure_tests(void)
{
    TCase *t = tcase_create("failures");

    tcase_add_test(t, a_refused_load_costs_that_one_alone);
    tcase_add_loop_test(t, a_bus_error_costs_all_keys_and_no_register, 0, 2);
    tcase_add_test(t, an_engine_that_hangs_is_given_up_and_used_again_when_it_answers);
    tcase_add_test(t, a_copy_that_never_ends_is_not_waited_for);
    tcase_add_test(t, a_stray_interrupt_or_timeout_is_ignored);
    tcase_add_loop_test(t, a_dead_client_leaves_no_key_behind, 0, 2 * STAGES);
    tcase_add_loop_test(t, the_next_life_has_no_register, 0, STAGES);
    return t;
}

int main(void)
{
    Suite *s = suite_create("virt_crypto");

    suite_add_tcase(s, call_tests());
    suite_add_tcase(s, operation_tests());
    suite_add_tcase(s, failure_tests());
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
