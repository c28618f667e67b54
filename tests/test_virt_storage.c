/* test_virt_storage.c: the storage multiplexer and its driver on a small board, with a flash that
 * clears bits and erases pages, is busy, fails or hangs as the test says. The alarm is the test's:
 * piece() is one.
 */
#include "model/capsule_state.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static struct hw *const hw = &board.hw;
static struct kernel *const k = &board.k;

enum { NVMC = 0x4001e000, RTC1 = 0x40011000, RTC_LINE = 17 };
enum { READY = 0x400, CONFIG = 0x504, PARTIAL = 0x518, PARTIAL_CFG = 0x51c };
enum { REN, WEN, EEN };
enum { PAGES = 4, REGIONS = PAGES - 1, STORAGE = 0x2c000, PAGE = 4096, STORED = PAGES * PAGE };
enum { EXISTS, SIZE, READ, WRITE };
enum { OUT_AT = 0x10, IN_AT = 0x110, ROOM = 0x100 };
enum { RAM_ASKED = 0x2800, BIG_AT = 0x10, BIG_IN = 0x1010 };
enum { PIECES_MAX = 400 };
static const uint32_t APP_TAG = 0x00707061;

/* ---- the flash */

static struct {
    uint32_t words, erasures, slices; /* done */
    uint32_t piece_words, piece_ms;   /* of the piece under way */
    uint32_t erased_ms, erased_page;
    uint32_t fails_in;  /* the n-th word from now on is not taken as it is; 0: none */
    bool erase_fails;   /* the sum of slices is never full */
    uint32_t busy_asks; /* after each operation READY is 0 when it is asked, so many times */
    uint32_t busy;      /* ... to go */
    bool hung;
} flash;
static bool (*board_writes)(struct hw *h, uint32_t address, uint32_t value);

static uint8_t *flash_at(uint32_t address)
{
    ck_assert(span_holds(hw->flash, address));
    return &hw->flash_bytes[address - hw->flash.base];
}

static uint32_t flash_word_at(uint32_t address)
{
    uint32_t word;

    memcpy(&word, flash_at(address), 4);
    return word;
}

static void flash_set(uint32_t address, uint32_t word)
{
    memcpy(flash_at(address), &word, 4);
}

static uint32_t row_of(uint32_t region)
{
    return STORAGE + 8 * region;
}

static uint32_t region_of(uint32_t region)
{
    return STORAGE + PAGE * (1 + region);
}

static bool storage_is_erased(void)
{
    for (uint32_t at = 0; at < STORED; at += 4)
        if (flash_word_at(STORAGE + at) != UINT32_MAX)
            return false;
    return true;
}

static void word_written(uint32_t address, uint32_t word)
{
    ck_assert_uint_eq(page_read(board_page_at(NVMC), CONFIG), WEN);
    flash.piece_words++;
    flash.words++;
    flash.busy = flash.busy_asks;
    if (flash.hung)
        return;
    if (flash.fails_in > 0 && --flash.fails_in == 0)
        word |= ~word & (word + 1);
    flash_set(address, flash_word_at(address) & word);
}

static void slice_erased(uint32_t address, uint32_t ms)
{
    ck_assert_uint_eq(page_read(board_page_at(NVMC), CONFIG), EEN);
    ck_assert_uint_eq(address % PAGE, 0);
    flash.piece_ms += ms;
    flash.slices++;
    flash.busy = flash.busy_asks;
    if (flash.hung)
        return;
    flash.erased_ms = flash.erased_page == address ? flash.erased_ms + ms : ms;
    flash.erased_page = address;
    if (flash.erased_ms < 85 || flash.erase_fails)
        return;
    flash.erased_ms = 0;
    flash.erasures++;
    memset(flash_at(address), 0xff, PAGE);
}

static bool reads(struct page *from, uint32_t offset, uint32_t *value)
{
    if (from->base != NVMC || offset != READY)
        return false;
    *value = !flash.hung && flash.busy == 0;
    flash.busy -= flash.busy > 0;
    return true;
}

static bool writes(struct page *to, uint32_t offset, uint32_t value)
{
    if (to->base == NVMC && offset == PARTIAL)
        slice_erased(value, page_read(to, PARTIAL_CFG));
    return false;
}

static bool stores(struct hw *h, uint32_t address, uint32_t value)
{
    if (address - STORAGE < STORED) {
        word_written(address, value);
        return true;
    }
    return board_writes(h, address, value);
}

/* ---- the board */

static void board_make(void)
{
    memset(&flash, 0, sizeof flash);
    board_start();
    hw->flash = (struct span){STORAGE, APP_FLASH + 0x1000 * BOARD_PROCESSES - STORAGE};
    memset(hw->flash_bytes, 0xff, STORED);
    board_page(NVMC, -1);
    board_page(RTC1, RTC_LINE);
    board.on_read = reads;
    board.on_write = writes;
    board_writes = hw->on_write;
    hw->on_write = stores;
    board.config.alarm = (struct driver_place){true, RTC1, RTC_LINE};
    board.config.virts[VIRT_STORAGE] = (struct driver_place){true, NVMC, 0};
    board.config.storage = (struct span){STORAGE, STORED};
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++) {
        board.images[i].min_ram_size = RAM_ASKED;
        board.images[i].initial_app_size = RAM_ASKED;
    }
}

static void app_make(uint32_t i)
{
    struct process *p = board_process(i);

    board_subscribe(p, &storage_driver, 0);
    board_subscribe(p, &storage_driver, 1);
    board_allow(p, &storage_driver, ALLOW_RO, 0, OUT_AT, ROOM);
    board_allow(p, &storage_driver, ALLOW_RW, 0, IN_AT, ROOM);
}

static void set_up(void)
{
    board_make();
    board_run();
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++)
        app_make(i);
}

static uint8_t *app_bytes(uint32_t i, uint32_t offset)
{
    return &hw->ram_bytes[board_process(i)->memory.base + offset - hw->ram.base];
}

static enum err ask(uint32_t i, uint32_t command, uint32_t offset, uint32_t length)
{
    struct syscall_return r =
        board_command(board_process(i), &storage_driver, command, offset, length);

    return r.r[0] == 128 ? ERR_NONE : (enum err)r.r[1];
}

/* What each alarm does; its bounds hold for every piece of every test. */
static void piece(void)
{
    flash.piece_words = flash.piece_ms = 0;
    virt_alarm(k, hw, &virt_storage);
    ck_assert_uint_le(flash.piece_words, 24);
    ck_assert_uint_le(flash.piece_ms, 1);
    ck_assert(flash.piece_words == 0 || flash.piece_ms == 0);
    ck_assert_uint_eq(page_read(board_page_at(NVMC), CONFIG), REN);
}

static bool is_idle(void)
{
    return virt_of(k, &virt_storage)->client == CLIENT_NONE;
}

static void deferred(void)
{
    while (virt_deferred(k, hw))
        ;
}

static uint32_t pieces_until_idle(void)
{
    uint32_t pieces = 0;

    deferred();
    for (; !is_idle() && pieces < PIECES_MAX; pieces++) {
        piece();
        deferred();
    }
    ck_assert(is_idle());
    return pieces;
}

static void buffer_is_wiped(void)
{
    struct span own = virt_buffer(k, VIRT_STORAGE);

    for (uint32_t i = 0; i < own.size; i++)
        ck_assert_uint_eq(hw->ram_bytes[own.base - hw->ram.base + i], 0);
}

static void told(uint32_t i, uint32_t upcall, uint32_t length, enum err err)
{
    uint32_t args[3];

    ck_assert(board_upcall(board_process(i), &storage_driver, upcall, args));
    ck_assert_uint_eq(args[0], length);
    ck_assert_uint_eq(args[1], err);
    ck_assert_uint_eq(args[2], 0);
}

static void told_nothing(uint32_t i)
{
    uint32_t args[3];

    ck_assert(!board_upcall(board_process(i), &storage_driver, 0, args));
    ck_assert(!board_upcall(board_process(i), &storage_driver, 1, args));
}

static void write_now(uint32_t i, uint32_t offset, uint32_t length, uint8_t byte)
{
    memset(app_bytes(i, OUT_AT), byte, length);
    ck_assert_int_eq(ask(i, WRITE, offset, length), ERR_NONE);
    pieces_until_idle();
}

static void read_now(uint32_t i, uint32_t offset, uint32_t length)
{
    memset(app_bytes(i, IN_AT), 0, length);
    ck_assert_int_eq(ask(i, READ, offset, length), ERR_NONE);
    pieces_until_idle();
    told(i, 0, length, ERR_NONE);
}

static void finds(uint32_t i, uint32_t offset, uint32_t length, uint8_t byte)
{
    read_now(i, offset, length);
    for (uint32_t at = 0; at < length; at++)
        ck_assert_uint_eq(*app_bytes(i, IN_AT + at), byte);
}

/* ---- what is refused in the call */

static const struct {
    uint32_t command, offset, length;
    enum err err;
} refused[] = {
    {READ, PAGE, 0, ERR_INVAL},
    {READ, PAGE, 4, ERR_INVAL},
    {WRITE, PAGE - 3, 4, ERR_INVAL},
    {WRITE, 0, PAGE + 1, ERR_INVAL},
    {WRITE, 4, 0xfffffffc, ERR_INVAL},
    {WRITE, 0xfffffffc, 8, ERR_INVAL},
    {READ, 0x80000000, 0x80000001, ERR_INVAL},
    {READ, 0, 0, ERR_SIZE},
    {WRITE, 0, 0, ERR_SIZE},
    {READ, 0, ROOM + 1, ERR_SIZE},
    {WRITE, PAGE - ROOM - 1, ROOM + 1, ERR_SIZE},
    {4, 0, 1, ERR_NOSUPPORT},
    {UINT32_MAX, 0, 1, ERR_NOSUPPORT},
};

START_TEST(refused_call_changes_nothing)
{
    enum err err = ask(0, refused[_i].command, refused[_i].offset, refused[_i].length);

    ck_assert_int_eq(err, refused[_i].err);
    ck_assert(is_idle());
    piece();
    told_nothing(0);
    ck_assert(storage_is_erased());
    ck_assert_int_eq(ask(0, READ, 0, 4), ERR_NONE);
}
END_TEST

START_TEST(no_buffer_is_reserve)
{
    board_allow(board_process(0), &storage_driver, ALLOW_RO, 0, OUT_AT, 0);
    board_allow(board_process(0), &storage_driver, ALLOW_RW, 0, IN_AT, 0);
    ck_assert_int_eq(ask(0, READ, 0, 4), ERR_RESERVE);
    ck_assert_int_eq(ask(0, WRITE, 0, 4), ERR_RESERVE);
}
END_TEST

START_TEST(one_operation_of_a_client_at_a_time)
{
    ck_assert_int_eq(ask(0, WRITE, 0, 4), ERR_NONE);
    ck_assert_int_eq(ask(0, READ, 0, 4), ERR_BUSY);
    ck_assert_int_eq(ask(1, WRITE, 0, 4), ERR_NONE);
    ck_assert_int_eq(ask(1, WRITE, 0, 4), ERR_BUSY);
    pieces_until_idle();
    told(0, 1, 4, ERR_NONE);
    told(1, 1, 4, ERR_NONE);
    told_nothing(0);
}
END_TEST

START_TEST(client_without_a_credential_is_refused)
{
    board.k.processes[0].short_id = 0;
    ck_assert_int_eq(ask(0, EXISTS, 0, 0), ERR_NONE);
    ck_assert_int_eq(ask(0, SIZE, 0, 0), ERR_NOSUPPORT);
    ck_assert_int_eq(ask(0, READ, 0, 4), ERR_NOSUPPORT);
    ck_assert_int_eq(ask(0, WRITE, 0, 4), ERR_NOSUPPORT);
    ck_assert(storage_is_erased());
}
END_TEST

START_TEST(size_is_a_page)
{
    struct syscall_return r = board_command(board_process(0), &storage_driver, SIZE, 0, 0);

    ck_assert_uint_eq(r.r[0], 129);
    ck_assert_uint_eq(r.r[1], PAGE);
}
END_TEST

/* ---- what DMA wrote into a waiting request */

static const struct {
    uint32_t operation, offset, length;
    enum err err;
} hostile[] = {
    {WRITE, PAGE - 4, 8, ERR_INVAL}, {WRITE, 0xfffffffc, 8, ERR_INVAL},
    {READ, PAGE, 1, ERR_INVAL},      {READ, 8, 0xfffffff8, ERR_INVAL},
    {EXISTS, 0, 4, ERR_INVAL},       {0xffffffff, 0, 4, ERR_INVAL},
    {WRITE, 0, ROOM + 1, ERR_SIZE},  {WRITE, 0, PAGE, ERR_SIZE},
};

START_TEST(request_is_checked_again_when_its_turn_comes)
{
    const uint32_t request[VIRT_WORDS] = {hostile[_i].operation, hostile[_i].offset,
                                          hostile[_i].length};

    write_now(1, 0, 4, 0x11);
    told(1, 1, 4, ERR_NONE);
    ck_assert_int_eq(ask(1, READ, 0, 4), ERR_NONE);
    ck_assert_int_eq(ask(0, WRITE, 0, 4), ERR_NONE);
    ck_assert_int_eq(capsule_state_store(hw, board_process(0), &storage_driver, request, 6),
                     ERR_NONE);
    pieces_until_idle();
    told(0, hostile[_i].operation == READ ? 0 : 1, 0, hostile[_i].err);
    buffer_is_wiped();
    ck_assert_uint_eq(flash_word_at(region_of(1)), UINT32_MAX);
    write_now(0, 0, 4, 0x22);
    told(0, 1, 4, ERR_NONE);
}
END_TEST

/* ---- regions */

START_TEST(what_is_written_is_read)
{
    write_now(0, 5, 10, 0x5a);
    told(0, 1, 10, ERR_NONE);
    finds(0, 5, 10, 0x5a);
    finds(0, 0, 5, 0xff);
    finds(0, 15, 10, 0xff);
    ck_assert_uint_eq(flash.erasures, 0);
    ck_assert_uint_eq(flash_word_at(row_of(0)), 0x100);
    ck_assert_uint_eq(flash_word_at(row_of(0) + 4), APP_TAG);
    buffer_is_wiped();
}
END_TEST

START_TEST(each_client_has_a_region_of_its_own)
{
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++)
        write_now(i, 0, 8, (uint8_t)(0x10 + i));
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++) {
        told(i, 1, 8, ERR_NONE);
        finds(i, 0, 8, (uint8_t)(0x10 + i));
        ck_assert_uint_eq(*flash_at(region_of(i) + 7), 0x10 + i);
        ck_assert_uint_eq(*flash_at(region_of(i) + 8), 0xff);
    }
}
END_TEST

START_TEST(region_is_found_by_its_owners_id)
{
    write_now(0, 0, 8, 0x33);
    board.k.processes[2].short_id = board.k.processes[0].short_id;
    board.k.processes[0].short_id = 0x999;
    finds(2, 0, 8, 0x33);
    finds(0, 0, 8, 0xff);
}
END_TEST

START_TEST(kernel_started_again_finds_the_regions)
{
    write_now(0, 0, 8, 0x33);
    uint32_t bad_image;
    ck_assert_int_eq(kernel_start(k, hw, &board.config, &bad_image), ERR_NONE);
    app_make(0);
    app_make(1);
    finds(0, 0, 8, 0x33);
    finds(1, 0, 8, 0xff);
}
END_TEST

START_TEST(whole_region_at_once)
{
    board_allow(board_process(0), &storage_driver, ALLOW_RO, 0, BIG_AT, PAGE);
    board_allow(board_process(0), &storage_driver, ALLOW_RW, 0, BIG_IN, PAGE);
    for (uint32_t i = 0; i < PAGE; i++)
        *app_bytes(0, BIG_AT + i) = (uint8_t)(i * 7 + (i >> 8));
    ck_assert_int_eq(ask(0, WRITE, 0, PAGE), ERR_NONE);
    pieces_until_idle();
    ck_assert_int_eq(ask(0, READ, 0, PAGE), ERR_NONE);
    pieces_until_idle();
    told(0, 1, PAGE, ERR_NONE);
    told(0, 0, PAGE, ERR_NONE);
    ck_assert_mem_eq(app_bytes(0, BIG_IN), app_bytes(0, BIG_AT), PAGE);
}
END_TEST

START_TEST(last_bytes_of_a_region_are_not_the_next_ones_first)
{
    write_now(0, PAGE - 3, 3, 0x44);
    write_now(1, 0, 1, 0x55);
    finds(0, PAGE - 3, 3, 0x44);
    finds(1, 0, 1, 0x55);
    ck_assert_uint_eq(flash_word_at(region_of(0) + PAGE - 4), 0x444444ff);
    ck_assert_uint_eq(flash_word_at(region_of(1)), 0xffffff55);
}
END_TEST

static const struct {
    uint32_t id, tag;
    bool is_taken; /* by app 0, whose id is 0x100 */
} rows[] = {
    {UINT32_MAX, UINT32_MAX, true},
    {0x100, UINT32_MAX, true},
    {0x1ff, UINT32_MAX, true},
    {0x0ff, UINT32_MAX, false},
    {0x101, 0x00707061, false},
    {0x100, 0x6e72656b, false},
    {0, 0, false},
    {UINT32_MAX, 0x00707061, false},
};

/* What a power failure between the two words, or a word that failed, leaves behind. */
START_TEST(row_that_is_not_whole_goes_to_who_can_make_it_whole)
{
    flash_set(row_of(0), rows[_i].id);
    flash_set(row_of(0) + 4, rows[_i].tag);
    write_now(0, 0, 4, 0x77);
    told(0, 1, 4, ERR_NONE);
    uint32_t region = rows[_i].is_taken ? 0 : 1;
    ck_assert_uint_eq(flash_word_at(row_of(region)), 0x100);
    ck_assert_uint_eq(flash_word_at(row_of(region) + 4), APP_TAG);
    ck_assert_uint_eq(flash_word_at(region_of(region)), 0x77777777);
    ck_assert_uint_eq(flash_word_at(region_of(1 - region)), UINT32_MAX);
}
END_TEST

START_TEST(no_region_is_free)
{
    for (uint32_t i = 0; i < REGIONS; i++) {
        flash_set(row_of(i), 0x500 + i);
        flash_set(row_of(i) + 4, APP_TAG);
        memset(flash_at(region_of(i)), 0x66, PAGE);
    }
    write_now(0, 0, 4, 0x77);
    told(0, 1, 0, ERR_NOMEM);
    finds(0, 0, 16, 0xff);
    ck_assert_uint_eq(flash.words, 0);
    buffer_is_wiped();
}
END_TEST

/* The page had been something else's before there was a directory. */
START_TEST(new_region_shows_nothing_older)
{
    memset(flash_at(region_of(0)), 0x66, PAGE);
    finds(0, 0, 16, 0xff);
    write_now(0, 100, 4, 0x77);
    told(0, 1, 4, ERR_NONE);
    finds(0, 0, 100, 0xff);
    finds(0, 100, 4, 0x77);
    finds(0, 104, 100, 0xff);
    ck_assert_uint_eq(flash.erasures, 1);
}
END_TEST

/* ---- pieces */

START_TEST(written_words_are_erased_first_and_the_others_kept)
{
    write_now(0, 0, 200, 0x0f);
    uint32_t words = flash.words;
    write_now(0, 6, 3, 0xf0);
    ck_assert_uint_eq(flash.slices, 85);
    ck_assert_uint_eq(flash.erasures, 1);
    ck_assert_uint_eq(flash.words - words, 50);
    finds(0, 0, 6, 0x0f);
    finds(0, 6, 3, 0xf0);
    finds(0, 9, 191, 0x0f);
}
END_TEST

START_TEST(write_of_what_is_there_writes_nothing)
{
    write_now(0, 0, 64, 0x0f);
    uint32_t words = flash.words;
    write_now(0, 0, 64, 0x0f);
    told(0, 1, 64, ERR_NONE);
    ck_assert_uint_eq(flash.words, words);
    ck_assert_uint_eq(flash.slices, 0);
}
END_TEST

/* Nothing is done in the call, and nothing before the alarm. */
START_TEST(each_piece_waits_for_an_alarm)
{
    ck_assert_int_eq(ask(0, WRITE, 0, 4), ERR_NONE);
    deferred();
    ck_assert_uint_eq(flash.words, 0);
    ck_assert_uint_ne(k->services.alarm.kernel_due[VIRT_STORAGE], ALARM_NEVER);
    pieces_until_idle();
    ck_assert_uint_eq(k->services.alarm.kernel_due[VIRT_STORAGE], ALARM_NEVER);
    piece(); /* an alarm too many */
    told(0, 1, 4, ERR_NONE);
}
END_TEST

START_TEST(read_is_not_over_in_the_call)
{
    ck_assert_int_eq(ask(0, READ, 0, 4), ERR_NONE);
    told_nothing(0);
    ck_assert_uint_eq(pieces_until_idle(), 1);
    told(0, 0, 4, ERR_NONE);
}
END_TEST

/* Code that lies in RAM goes on while the flash works. */
START_TEST(controller_that_is_busy_for_a_while_is_asked_again)
{
    flash.busy_asks = 3;
    write_now(0, 0, 8, 0x0f);
    told(0, 1, 8, ERR_NONE);
    write_now(0, 0, 8, 0xf0);
    told(0, 1, 8, ERR_NONE);
    flash.busy_asks = 0;
    finds(0, 0, 8, 0xf0);
}
END_TEST

/* ---- errors from below */

/* Words: the row's id and tag, and those of the region. */
START_TEST(word_that_fails_is_told_and_the_next_write_is_done)
{
    flash.fails_in = (uint32_t)_i;
    write_now(0, 0, 16, 0x5a);
    told(0, 1, 0, ERR_FAIL);
    buffer_is_wiped();
    ck_assert(_i > 1 || flash_word_at(row_of(0) + 4) == UINT32_MAX);
    ck_assert(_i > 2 || flash_word_at(region_of(0)) == UINT32_MAX);
    write_now(0, 0, 16, 0x5a);
    told(0, 1, 16, ERR_NONE);
    finds(0, 0, 16, 0x5a);
    write_now(1, 0, 4, 0x11);
    told(1, 1, 4, ERR_NONE);
}
END_TEST

START_TEST(word_that_fails_costs_no_other_word)
{
    write_now(0, 0, 64, 0x0f);
    told(0, 1, 64, ERR_NONE);
    flash.fails_in = 3;
    write_now(0, 0, 4, 0xf0);
    told(0, 1, 0, ERR_FAIL);
    finds(0, 0, 4, 0xf0);
    finds(0, 4, 4, 0x0f);
    finds(0, 12, 52, 0x0f);
}
END_TEST

START_TEST(erasure_that_fails_writes_nothing)
{
    write_now(0, 0, 8, 0x0f);
    told(0, 1, 8, ERR_NONE);
    uint32_t words = flash.words;
    flash.erase_fails = true;
    write_now(0, 0, 8, 0xf0);
    told(0, 1, 0, ERR_FAIL);
    ck_assert_uint_eq(flash.words, words);
    finds(0, 0, 8, 0x0f);
    flash.erase_fails = false;
    flash.erased_ms = 0;
    write_now(0, 0, 8, 0xf0);
    finds(0, 0, 8, 0xf0);
}
END_TEST

/* At each stage: before, at the row, in the erasure, at the region. */
START_TEST(controller_that_hangs_is_given_up)
{
    write_now(0, 0, 8, 0x0f);
    told(0, 1, 8, ERR_NONE);
    memset(app_bytes(0, OUT_AT), 0xf0, 8);
    ck_assert_int_eq(ask(0, WRITE, 0, 8), ERR_NONE);
    ck_assert_int_eq(ask(1, WRITE, 0, 8), ERR_NONE);
    for (int i = 0; i < _i; i++)
        piece();
    flash.hung = true;
    uint32_t pieces = pieces_until_idle();
    ck_assert_uint_ge(pieces, 40);
    ck_assert_uint_le(pieces, 44);
    told(0, 1, 0, ERR_FAIL);
    told(1, 1, 0, ERR_FAIL);
    buffer_is_wiped();
    flash.hung = false;
    write_now(1, 0, 8, 0x22);
    told(1, 1, 8, ERR_NONE);
    finds(1, 0, 8, 0x22);
}
END_TEST

/* ---- death */

static void kill(uint32_t i)
{
    storage_driver.on_process_end(k, hw, board_process(i)->id);
}

START_TEST(dead_client_that_waits_gives_up_its_place)
{
    ck_assert_int_eq(ask(0, WRITE, 0, 8), ERR_NONE);
    ck_assert_int_eq(ask(1, WRITE, 0, 8), ERR_NONE);
    kill(1);
    pieces_until_idle();
    told(0, 1, 8, ERR_NONE);
    told_nothing(1);
    ck_assert_uint_eq(flash_word_at(row_of(1)), UINT32_MAX);
}
END_TEST

START_TEST(death_before_the_erasure_begins_ends_the_write)
{
    write_now(0, 0, 8, 0x0f);
    told(0, 1, 8, ERR_NONE);
    memset(app_bytes(0, OUT_AT), 0xf0, 8);
    ck_assert_int_eq(ask(0, WRITE, 0, 8), ERR_NONE);
    ck_assert_int_eq(ask(1, READ, 0, 8), ERR_NONE);
    kill(0);
    ck_assert_uint_eq(pieces_until_idle(), 1);
    told(1, 0, 8, ERR_NONE);
    told_nothing(0);
    ck_assert_uint_eq(flash.slices, 0);
    ck_assert_uint_eq(flash_word_at(region_of(0)), 0x0f0f0f0f);
}
END_TEST

/* After the first slice, in the middle, when it is erased, when half of it is written. */
START_TEST(death_in_the_erasure_keeps_the_other_bytes)
{
    static const int after[] = {1, 40, 84, 85, 86, 87, 88};

    write_now(0, 0, 200, 0x0f);
    told(0, 1, 200, ERR_NONE);
    memset(app_bytes(0, OUT_AT), 0xf0, 8);
    ck_assert_int_eq(ask(0, WRITE, 0, 8), ERR_NONE);
    for (int i = 0; i < after[_i]; i++)
        piece();
    kill(0);
    memset(app_bytes(0, OUT_AT), 0, 8);
    ck_assert_int_eq(ask(1, READ, 0, 8), ERR_NONE);
    pieces_until_idle();
    told_nothing(0);
    told(1, 0, 8, ERR_NONE);
    buffer_is_wiped();
    finds(0, 0, 8, 0xf0);
    finds(0, 8, 192, 0x0f);
}
END_TEST

START_TEST(hang_in_a_dead_clients_erasure_keeps_nobody)
{
    write_now(0, 0, 8, 0x0f);
    memset(app_bytes(0, OUT_AT), 0xf0, 8);
    ck_assert_int_eq(ask(0, WRITE, 4, 8), ERR_NONE);
    ck_assert_int_eq(ask(1, READ, 0, 8), ERR_NONE);
    piece();
    kill(0);
    flash.hung = true;
    for (int i = 0; i < 22; i++)
        piece();
    flash.hung = false;
    ck_assert_uint_eq(virt_of(k, &virt_storage)->client, 1);
    pieces_until_idle();
    told(1, 0, 8, ERR_NONE);
}
END_TEST

/* ---- clients of the kernel */

START_TEST(clients_of_the_kernel_count_in_regions_of_their_own)
{
    board_make();
    board.config.kernel_clients[VIRT_STORAGE] = (struct kernel_client_config){2, 3};
    board_run();
    app_make(0);
    board.k.processes[0].short_id = 1; /* as one of them */
    write_now(0, 0, 8, 0x33);
    pieces_until_idle();
    finds(0, 0, 8, 0x33);
    uint32_t mine = 0;
    for (uint32_t i = 0; i < REGIONS; i++) {
        ck_assert_uint_ne(flash_word_at(row_of(i) + 4), UINT32_MAX);
        mine += flash_word_at(row_of(i) + 4) == APP_TAG;
    }
    ck_assert_uint_eq(mine, 1);
    ck_assert_uint_eq(flash.erasures, 4); /* two for each: its second and its third write */
}
END_TEST

/* ---- the board */

static const struct {
    const char *why;
    struct span storage;
    bool alarm, nvmc;
    enum err start;
    bool present;
} boards[] = {
    {"all there", {STORAGE, 2 * PAGE}, true, true, ERR_NONE, true},
    {"no alarm", {STORAGE, 2 * PAGE}, false, true, ERR_NONE, false},
    {"no controller", {STORAGE, 2 * PAGE}, true, false, ERR_NONE, false},
    {"no storage", {0, 0}, true, true, ERR_NONE, false},
    {"no page but the directory's", {STORAGE, PAGE}, true, true, ERR_NONE, false},
    {"not at a page", {STORAGE + 4, PAGE}, true, true, ERR_INVAL, false},
    {"not whole pages", {STORAGE, PAGE + 4}, true, true, ERR_INVAL, false},
    {"wraps", {0xfffff000, 2 * PAGE}, true, true, ERR_INVAL, false},
    {"in the apps' RAM", {PROCESS_RAM, PAGE}, true, true, ERR_INVAL, false},
    {"in the kernel's RAM", {KERNEL_RAM, PAGE}, true, true, ERR_INVAL, false},
};

START_TEST(board_has_all_that_storage_needs_or_none_of_it)
{
    uint32_t bad_image;

    board_make();
    board.config.storage = boards[_i].storage;
    board.config.alarm.present = boards[_i].alarm;
    board.config.virts[VIRT_STORAGE].present = boards[_i].nvmc;
    ck_assert_int_eq(kernel_start(k, hw, &board.config, &bad_image), boards[_i].start);
    if (!boards[_i].start)
        ck_assert_msg((driver_find(k, 0x50001) != NULL) == boards[_i].present, "%s",
                      boards[_i].why);
}
END_TEST

/* ---- */

static void add_calls(TCase *t)
{
    tcase_add_loop_test(t, refused_call_changes_nothing, 0, COUNT(refused));
    tcase_add_test(t, no_buffer_is_reserve);
    tcase_add_test(t, one_operation_of_a_client_at_a_time);
    tcase_add_test(t, client_without_a_credential_is_refused);
    tcase_add_test(t, size_is_a_page);
    tcase_add_loop_test(t, request_is_checked_again_when_its_turn_comes, 0, COUNT(hostile));
    tcase_add_loop_test(t, board_has_all_that_storage_needs_or_none_of_it, 0, COUNT(boards));
}

static void add_regions(TCase *t)
{
    tcase_add_test(t, what_is_written_is_read);
    tcase_add_test(t, each_client_has_a_region_of_its_own);
    tcase_add_test(t, region_is_found_by_its_owners_id);
    tcase_add_test(t, kernel_started_again_finds_the_regions);
    tcase_add_test(t, whole_region_at_once);
    tcase_add_test(t, last_bytes_of_a_region_are_not_the_next_ones_first);
    tcase_add_loop_test(t, row_that_is_not_whole_goes_to_who_can_make_it_whole, 0, COUNT(rows));
    tcase_add_test(t, no_region_is_free);
    tcase_add_test(t, new_region_shows_nothing_older);
    tcase_add_test(t, clients_of_the_kernel_count_in_regions_of_their_own);
}

static void add_pieces(TCase *t)
{
    tcase_add_test(t, written_words_are_erased_first_and_the_others_kept);
    tcase_add_test(t, write_of_what_is_there_writes_nothing);
    tcase_add_test(t, each_piece_waits_for_an_alarm);
    tcase_add_test(t, read_is_not_over_in_the_call);
    tcase_add_test(t, controller_that_is_busy_for_a_while_is_asked_again);
    tcase_add_loop_test(t, word_that_fails_is_told_and_the_next_write_is_done, 1, 7);
    tcase_add_test(t, word_that_fails_costs_no_other_word);
    tcase_add_test(t, erasure_that_fails_writes_nothing);
    tcase_add_loop_test(t, controller_that_hangs_is_given_up, 0, 4);
    tcase_add_test(t, dead_client_that_waits_gives_up_its_place);
    tcase_add_test(t, death_before_the_erasure_begins_ends_the_write);
    tcase_add_loop_test(t, death_in_the_erasure_keeps_the_other_bytes, 0, 7);
    tcase_add_test(t, hang_in_a_dead_clients_erasure_keeps_nobody);
}

int main(void)
{
    Suite *suite = suite_create("virt_storage");
    void (*const add[])(TCase *) = {add_calls, add_regions, add_pieces};

    for (int i = 0; i < COUNT(add); i++) {
        static const char *const names[] = {"calls", "regions", "pieces"};
        TCase *t = tcase_create(names[i]);
        tcase_add_checked_fixture(t, set_up, NULL);
        add[i](t);
        suite_add_tcase(suite, t);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
