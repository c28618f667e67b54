/* test_services.c: alarm, console and GPIO on a small board, over an RTC and a UARTE that behave as
 * the product specification says where it hurts.
 */
#include "model/capsule_state.h"
#include "model/chip_rtc.h"
#include "model/grant.h"
#include "model/process_block.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct hw *const hw = &board.hw;
static struct kernel *const k = &board.k;

enum { RTC = 0x40011000, RTC_LINE = 17, UARTE = 0x40002000, UARTE_LINE = 2, GPIO = 0x50000000 };

static struct process *process(uint32_t i)
{
    return board_process(i);
}

/* ---- an RTC: CC nearer than two ticks is missed; a slow bus lets time pass at each access */

enum { COUNTER = 0x504, CC0 = 0x540, INTENSET = 0x304 };
enum { OVRFLW = 1, COMPARE0 = 16 };

static struct {
    uint64_t ticks;
    uint64_t first;              /* tick that CC[0] may match */
    uint32_t accesses, per_tick; /* accesses that take one tick; 0: none takes time */
} rtc;

static void rtc_tick(uint64_t to)
{
    struct page *page = board_page_at(RTC);
    uint32_t counter = (uint32_t)to & RTC_MASK;

    rtc.ticks = to;
    if (counter == 0)
        page_event(page, OVRFLW);
    if (counter == page_read(page, CC0) && to >= rtc.first && page->inten >> COMPARE0 & 1)
        page_event(page, COMPARE0);
}

static void rtc_accessed(void)
{
    if (rtc.per_tick && ++rtc.accesses % rtc.per_tick == 0)
        rtc_tick(rtc.ticks + 1);
}

static bool rtc_read(struct page *page, uint32_t offset, uint32_t *value)
{
    rtc_accessed();
    *value = offset == COUNTER ? (uint32_t)rtc.ticks & RTC_MASK : page_read(page, offset);
    return true;
}

static bool rtc_write(struct page *page, uint32_t offset, uint32_t value)
{
    rtc_accessed();
    if (offset == CC0)
        rtc.first = rtc.ticks + 2;
    page_set(page, offset, value);
    return true;
}

/* The next tick at which something can happen. */
static uint64_t rtc_next(void)
{
    uint64_t overflow = (rtc.ticks | RTC_MASK) + 1;
    uint64_t compare = (rtc.ticks & ~(uint64_t)RTC_MASK) | page_read(board_page_at(RTC), CC0);

    while (compare <= rtc.ticks || compare < rtc.first)
        compare += RTC_SPAN;
    return compare < overflow ? compare : overflow;
}

/* Time goes on; interrupts are served as they come. */
static void rtc_go(uint64_t ticks)
{
    uint64_t until = rtc.ticks + ticks;

    while (rtc.ticks < until) {
        uint64_t next = rtc_next();
        rtc_tick(next < until ? next : until);
        ck_assert(board_settle(20));
    }
}

static void alarm_board(uint64_t ticks)
{
    board_start();
    board.config.alarm = (struct driver_place){true, RTC, RTC_LINE};
    board_page(RTC, RTC_LINE);
    memset(&rtc, 0, sizeof rtc);
    board.on_read = rtc_read;
    board.on_write = rtc_write;
    board_run();
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++)
        board_subscribe(process(i), &alarm_driver, 0);
    rtc_go(ticks);
}

enum { FREQUENCY = 1, NOW, STOP, SET_RELATIVE = 5, SET_ABSOLUTE };

static struct syscall_return alarm(uint32_t p, uint32_t number, uint32_t a, uint32_t b)
{
    return board_command(process(p), &alarm_driver, number, a, b);
}

static void set_relative(uint32_t p, uint32_t dt)
{
    struct syscall_return r = alarm(p, SET_RELATIVE, dt, 0);

    ck_assert_uint_eq(r.r[0], RETURN_SUCCESS_U32);
}

static uint32_t fired(uint32_t p)
{
    uint32_t args[3], count = 0;

    while (board_upcall(process(p), &alarm_driver, 0, args))
        count++;
    return count;
}

START_TEST(alarm_answers_its_commands)
{
    alarm_board(1000);

    ck_assert_uint_eq(alarm(0, 0, 0, 0).r[0], RETURN_SUCCESS);
    ck_assert_uint_eq(alarm(0, FREQUENCY, 0, 0).r[1], 32768);
    ck_assert_uint_eq(alarm(0, NOW, 0, 0).r[1], 1000);
    ck_assert_uint_eq(alarm(0, SET_RELATIVE, 50, 0).r[1], 1050);
    ck_assert_uint_eq(alarm(0, SET_ABSOLUTE, 900, 200).r[1], 1100);
    ck_assert_uint_eq(alarm(0, STOP, 0, 0).r[0], RETURN_SUCCESS);
    ck_assert_uint_eq(alarm(0, STOP, 0, 0).r[1], ERR_ALREADY);
    static const uint32_t unknown[] = {4, 7, 0xffffffff};
    for (uint32_t i = 0; i < COUNT_OF(unknown); i++)
        ck_assert_uint_eq(alarm(0, unknown[i], 0, 0).r[1], ERR_NOSUPPORT);
}
END_TEST

/* At which counter value, how far: near both wraps, near the largest dt. */
static const struct {
    uint64_t from;
    uint32_t dt;
} distances[] = {
    {0, 0},          {0, 1},          {0, 2},         {0, 3},           {5, 32768},
    {0xfffffd, 0},   {0xfffffe, 1},   {0xfffffe, 2},  {0xffffff, 3},    {0xfffff0, 0x20},
    {0, 0xffffff},   {0, 0x1000000},  {7, 0x1000001}, {0xfffffff0, 32}, {0xffffff00, 0x2000000},
    {9, 0x7fffffff}, {9, 0xffffffff},
};

START_TEST(an_alarm_fires_once_and_never_early)
{
    uint32_t dt = distances[_i].dt, args[3];
    alarm_board(distances[_i].from);
    uint64_t due = rtc.ticks + dt;
    set_relative(0, dt);
    if (dt > 0) {
        rtc_go(dt - 1);
        ck_assert(!board_upcall(process(0), &alarm_driver, 0, args));
    }

    rtc_go(3);

    ck_assert(board_upcall(process(0), &alarm_driver, 0, args));
    ck_assert_uint_eq(args[1], (uint32_t)due);
    ck_assert_uint_le(args[0] - args[1], 2);
    rtc_go(2 * (uint64_t)RTC_SPAN);
    ck_assert_uint_eq(fired(0), 0);
    ck_assert(!k->services.alarm.armed);
}
END_TEST

/* A reference that has been, with a dt that is over, or not yet. */
START_TEST(an_absolute_alarm_counts_from_its_reference)
{
    alarm_board(0x1000010); /* beyond the first wrap of the hardware */

    alarm(0, SET_ABSOLUTE, 0x1000000, 0x10); /* due now */
    rtc_go(2);
    ck_assert_uint_eq(fired(0), 1);
    alarm(0, SET_ABSOLUTE, 0x1000000, 0x20);
    rtc_go(13);
    ck_assert_uint_eq(fired(0), 0);
    rtc_go(2);
    ck_assert_uint_eq(fired(0), 1);
    alarm(0, SET_ABSOLUTE, 0xfffff000, 0x10); /* long over, before the 32-bit wrap */
    rtc_go(2);
    ck_assert_uint_eq(fired(0), 1);
}
END_TEST

START_TEST(setting_again_moves_the_alarm)
{
    alarm_board(0);
    set_relative(0, 10);
    set_relative(0, 100);

    rtc_go(50);
    ck_assert_uint_eq(fired(0), 0);
    rtc_go(60);
    ck_assert_uint_eq(fired(0), 1);
}
END_TEST

START_TEST(a_stopped_alarm_does_not_fire)
{
    alarm_board(0);
    set_relative(0, 10);
    set_relative(1, 20);
    alarm(0, STOP, 0, 0);

    rtc_go(100);

    ck_assert_uint_eq(fired(0), 0);
    ck_assert_uint_eq(fired(1), 1);
}
END_TEST

START_TEST(a_dead_process_has_no_alarm)
{
    alarm_board(0);
    set_relative(0, 10);
    set_relative(1, 20);
    kernel_end_process(k, hw, 0, END_EXIT_RESTART);
    board_subscribe(process(0), &alarm_driver, 0);

    rtc_go(100);

    ck_assert_uint_eq(fired(0), 0);
    ck_assert_uint_eq(fired(1), 1);
}
END_TEST

/* All that are due at one moment fire at it. */
START_TEST(alarms_of_one_tick_all_fire)
{
    alarm_board(0);
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++)
        alarm(i, SET_ABSOLUTE, 0, 100);

    rtc_go(101);

    for (uint32_t i = 0; i < BOARD_PROCESSES; i++)
        ck_assert_uint_eq(fired(i), 1);
}
END_TEST

/* Each access takes a tick or a part of one: the counter passes CC while it is written. */
START_TEST(a_slow_bus_loses_no_alarm)
{
    alarm_board(0);
    rtc.per_tick = (uint32_t)_i;

    for (uint32_t dt = 0; dt < 20; dt++) {
        set_relative(0, dt);
        rtc_go(100);
        ck_assert_uint_eq(fired(0), 1);
    }
}
END_TEST

/* Whenever the overflow comes between two accesses, the time read lies between before and after. */
START_TEST(time_goes_on_over_an_overflow)
{
    alarm_board(0);
    rtc_go(RTC_SPAN - 20);
    rtc.per_tick = (uint32_t)_i;

    for (uint32_t n = 0; n < 40; n++) {
        uint64_t before = rtc.ticks;
        uint64_t now = alarm_now(k, hw);
        ck_assert(before <= now && now <= rtc.ticks);
    }
}
END_TEST

START_TEST(a_compare_is_never_too_near)
{
    alarm_board(100);
    chip_rtc_disarm(hw, RTC);

    ck_assert_uint_eq(chip_rtc_arm(hw, RTC, 100, (uint32_t)_i), _i < 2 ? 2 : _i);
    ck_assert_uint_eq(page_read(board_page_at(RTC), CC0), 100 + (_i < 2 ? 2 : (uint32_t)_i));
}
END_TEST

START_TEST(others_alarms_put_off_none)
{
    alarm_board(0);
    set_relative(0, 1);
    for (uint32_t i = 0; i < 4; i++) {
        set_relative(1, i % 2);
        set_relative(2, 1000 + i);
        rtc_go(1);
    }

    ck_assert_uint_eq(fired(0), 1);
}
END_TEST

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

START_TEST(random_alarms_fire_once_in_time)
{
    uint64_t due[BOARD_PROCESSES];
    bool set[BOARD_PROCESSES] = {false};
    uint32_t args[3];
    seed = (uint64_t)_i + 1;
    alarm_board(draw(0x2000000));

    for (uint32_t n = 0; n < 1000; n++) {
        uint32_t p = draw(BOARD_PROCESSES);
        if (!set[p]) {
            uint32_t dt = draw(1u << draw(27));
            due[p] = rtc.ticks + dt;
            set_relative(p, dt);
            set[p] = true;
        }
        rtc_go(draw(1u << draw(26)));
        for (uint32_t i = 0; i < BOARD_PROCESSES; i++)
            while (board_upcall(process(i), &alarm_driver, 0, args)) {
                ck_assert(set[i]);
                set[i] = false;
                ck_assert_uint_eq(args[1], (uint32_t)due[i]);
                ck_assert_uint_le(args[0] - (uint32_t)due[i], 2);
            }
        for (uint32_t i = 0; i < BOARD_PROCESSES; i++)
            ck_assert(!set[i] || rtc.ticks <= due[i] + 2);
    }
}
END_TEST

/* ---- near the counter's turn, at edges, far ahead */

/* Due right before, at and behind the tick at which the 24 bits turn over; set early, and late. */
START_TEST(an_alarm_at_the_counters_turn_is_on_time)
{
    uint32_t args[3];
    int64_t offset = _i % 7 - 3;
    uint64_t due = (uint64_t)(RTC_SPAN + offset), from = _i < 7 ? 5 : (uint64_t)(RTC_SPAN - 9);
    alarm_board(from);

    set_relative(0, (uint32_t)(due - from));
    rtc_go(due - rtc.ticks - 1);
    ck_assert_uint_eq(fired(0), 0);
    rtc_go(3);

    ck_assert(board_upcall(process(0), &alarm_driver, 0, args));
    ck_assert_uint_eq(args[1], (uint32_t)due);
    ck_assert_uint_le(args[0] - due, 2);
    rtc_go(RTC_SPAN + 10);
    ck_assert_uint_eq(fired(0), 0);
}
END_TEST

/* What is as far as can be is neither now nor never: 36 hours. */
START_TEST(the_farthest_alarm_comes_when_it_is_due)
{
    static const uint32_t far[] = {0xffffffff, 0xfffffffe, 0x80000000, 0x80000001, 0x7fffffff,
                                   0x01000000, 0x00ffffff, 0x00fffffe, 0x01000001};
    uint64_t due;
    alarm_board(1000);
    due = rtc.ticks + far[_i];
    set_relative(0, far[_i]);

    while (due - rtc.ticks > RTC_SPAN) {
        rtc_go(RTC_SPAN);
        ck_assert_uint_eq(fired(0), 0);
    }
    rtc_go(due - rtc.ticks - 1);
    ck_assert_uint_eq(fired(0), 0);
    rtc_go(4);

    ck_assert_uint_eq(fired(0), 1);
}
END_TEST

/* By a reference that lies so far back, the time is due or not: the edge is exact. */
START_TEST(an_absolute_alarm_is_over_from_its_tick_on)
{
    uint32_t args[3];
    alarm_board(5000);
    alarm(0, SET_ABSOLUTE, 4000, 1000 + (uint32_t)_i);

    rtc_go(1);
    ck_assert_uint_eq(fired(0), 0);
    rtc_go(1 + (uint32_t)_i);

    ck_assert(board_upcall(process(0), &alarm_driver, 0, args));
    ck_assert_uint_ge(args[0], 5000 + (uint32_t)_i);
    ck_assert_uint_eq(args[1], 5000 + (uint32_t)_i);
}
END_TEST

/* ---- components of the kernel */

static void alarm_board_with(uint8_t components, uint32_t operations)
{
    board_start();
    board.config.alarm = (struct driver_place){true, RTC, RTC_LINE};
    board.config.kernel_clients[VIRT_ALARM] = (struct kernel_client_config){components, operations};
    board_page(RTC, RTC_LINE);
    memset(&rtc, 0, sizeof rtc);
    board.on_read = rtc_read;
    board.on_write = rtc_write;
    board_run();
}

/* Each sets its next one in the callback of the last, due at once among them: none is lost, though
 * nobody else sets any. */
START_TEST(components_set_their_next_alarm_in_the_callback)
{
    enum { OPERATIONS = 50 };
    alarm_board_with(KERNEL_CLIENT_MAX, OPERATIONS);
    rtc.per_tick = (uint32_t)_i;

    rtc_go((uint64_t)OPERATIONS * 210);

    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_ALARM_FIRED),
                      (uintmax_t)KERNEL_CLIENT_MAX * OPERATIONS);
    for (uint32_t i = 0; i < KERNEL_CLIENT_MAX; i++)
        ck_assert_uint_eq(k->services.alarm.kernel_due[ALARM_KERNEL_CLIENT + i], ALARM_NEVER);
    ck_assert(!k->services.alarm.firing);
}
END_TEST

START_TEST(a_components_alarm_is_moved_and_taken_back)
{
    alarm_board(100);
    fake_hw_forget(hw);
    alarm_kernel_set(k, hw, ALARM_KERNEL_CLIENT, 150);
    alarm_kernel_set(k, hw, ALARM_KERNEL_CLIENT, 150); /* as it is */
    alarm_kernel_set(k, hw, ALARM_KERNEL_CLIENT, 200);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_ALARM_SET), 2);

    rtc_go(80);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_ALARM_FIRED), 0);
    alarm_kernel_set(k, hw, ALARM_KERNEL_CLIENT, ALARM_NEVER);
    rtc_go(100);

    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_ALARM_FIRED), 0);
}
END_TEST

/* As many processes as there can be, in little memory each. */
static struct process_image many[PROCESS_MAX];

static void full_board(void)
{
    enum { FLASH = 0x400, RAM = 0x300 };

    board_start();
    hw->ram.size = FAKE_RAM_MAX;
    hw->flash.size = FAKE_FLASH_MAX;
    board.config.process_ram.size = FAKE_RAM_MAX - (PROCESS_RAM - KERNEL_RAM);
    for (uint32_t i = 0; i < PROCESS_MAX; i++)
        many[i] = (struct process_image){.flash = {APP_FLASH + FLASH * i, FLASH},
                                         .entry = APP_FLASH + FLASH * i + 0x80,
                                         .min_ram_size = RAM,
                                         .initial_app_size = RAM / 2,
                                         .fault_policy = FAULT_RESTART};
    board.config.images = many;
    board.config.image_count = PROCESS_MAX;
    board.config.alarm = (struct driver_place){true, RTC, RTC_LINE};
    board_page(RTC, RTC_LINE);
    memset(&rtc, 0, sizeof rtc);
    board.on_read = rtc_read;
    board.on_write = rtc_write;
    board_run();
    for (uint32_t i = 0; i < PROCESS_MAX; i++)
        board_subscribe(process(i), &alarm_driver, 0);
}

START_TEST(alarms_of_all_due_at_once_all_fire)
{
    uint32_t args[3];
    full_board();
    for (uint32_t i = 0; i < PROCESS_MAX; i++)
        alarm(i, SET_ABSOLUTE, 0, 100);
    for (uint32_t i = 0; i < KERNEL_CLIENT_MAX; i++)
        alarm_kernel_set(k, hw, ALARM_KERNEL_CLIENT + i, 100);
    fake_hw_forget(hw);

    rtc_go(99);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_ALARM_FIRED), 0);
    rtc_go(1);

    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_ALARM_FIRED), PROCESS_MAX + KERNEL_CLIENT_MAX);
    for (uint32_t i = 0; i < PROCESS_MAX; i++) {
        ck_assert(board_upcall(process(i), &alarm_driver, 0, args));
        ck_assert_uint_eq(args[0], 100);
        ck_assert_uint_eq(fired(i), 0);
    }
}
END_TEST

/* Firing takes longer than the ticks between: what comes due meanwhile is found by the next
 * look. */
START_TEST(alarms_that_come_due_while_others_fire_are_not_lost)
{
    full_board();
    for (uint32_t i = 0; i < PROCESS_MAX; i++)
        alarm(i, SET_ABSOLUTE, 0, 100 + i);
    rtc_go(99 - rtc.ticks);
    rtc.per_tick = (uint32_t)_i;

    rtc_go(PROCESS_MAX + 200);

    for (uint32_t i = 0; i < PROCESS_MAX; i++)
        ck_assert_uint_eq(fired(i), 1);
}
END_TEST

START_TEST(the_alarm_counts_beyond_32_bits)
{
    alarm_board(0);
    rtc_go(UINT64_C(0x100000123));

    ck_assert_uint_eq(alarm_now(k, hw), UINT64_C(0x100000123));
    ck_assert_uint_eq(alarm(0, NOW, 0, 0).r[1], 0x123);
}
END_TEST

START_TEST(an_alarm_without_room_for_its_grant_is_refused)
{
    alarm_board(1000);
    struct process *p = process(0);
    kernel_end_process(k, hw, 0, END_EXIT_RESTART); /* a new life: no grant yet */
    p->kernel_break = p->app_break;                 /* grants of others have taken the gap */

    ck_assert_uint_eq(alarm(0, SET_RELATIVE, 50, 0).r[0], RETURN_FAILURE);
    ck_assert_uint_eq(alarm(0, SET_RELATIVE, 50, 0).r[1], ERR_NOMEM);
    ck_assert_uint_eq(p->kernel_break, p->app_break);
    set_relative(1, 50);
    rtc_go(60);
    ck_assert_uint_eq(fired(1), 1);
}
END_TEST

/* Of the kernel's own making; refused all the same. */
START_TEST(a_capsules_state_has_a_largest_size)
{
    uint32_t words[CAPSULE_WORD_MAX + 1] = {7};
    alarm_board(0);
    const struct process *p = process(0);

    ck_assert_int_eq(capsule_state_store(hw, p, &alarm_driver, words, COUNT_OF(words)), ERR_SIZE);
    ck_assert_int_eq(capsule_state_load(hw, p, &alarm_driver, words, COUNT_OF(words)), ERR_SIZE);
    ck_assert_uint_eq(words[0], 7);
    ck_assert_int_eq(capsule_state_load(hw, p, &alarm_driver, words, 1), ERR_NONE);
    ck_assert_uint_eq(words[0], 0);
}
END_TEST

START_TEST(no_alarm_no_time)
{
    board_start();
    board_run();

    ck_assert_uint_eq(alarm_now(k, hw), 0);
    ck_assert_ptr_null(driver_find(k, 0));
    ck_assert_ptr_null(driver_find(k, 1));
    ck_assert_ptr_null(driver_find(k, 4));
    ck_assert_uint_eq(hw->write_count, 0);
}
END_TEST

/* ---- a UARTE: what it is given to send is on the wire at once; the test says when it is done */

enum {
    RXD_PTR = 0x534,
    RXD_MAXCNT = 0x538,
    RXD_AMOUNT = 0x53c,
    TXD_PTR = 0x544,
    TXD_MAXCNT = 0x548
};
enum { STARTRX = 0, STOPRX = 4, STARTTX = 8, ENDRX = 4, ENDTX = 8, RXTO = 17 };

static struct {
    char wire[1024];
    uint32_t sent;
    bool sending, receiving, stopping;
} uarte;

static const uint8_t *ram_at(uint32_t address)
{
    return hw->ram_bytes + (address - hw->ram.base);
}

/* Where the bytes to be sent stand. */
enum { SENDING = KERNEL_RAM + VIRT_RAM_OFFSET };

/* Nothing but the bytes to send is in the buffer's part behind them: no other client's. */
static void send_start(const struct page *page)
{
    uint32_t from = page_read(page, TXD_PTR), size = page_read(page, TXD_MAXCNT);

    ck_assert(!uarte.sending);
    ck_assert_uint_eq(from, SENDING);
    ck_assert_uint_le(size, CONSOLE_BUFFER);
    ck_assert_uint_le(uarte.sent + size, sizeof uarte.wire);
    memcpy(uarte.wire + uarte.sent, ram_at(from), size);
    uarte.sent += size;
    uarte.sending = true;
}

/* The receiver has stopped: ENDRX only if its buffer was not full, then RXTO. */
static void receiver_stopped(void)
{
    struct page *page = board_page_at(UARTE);

    ck_assert(uarte.stopping);
    if (uarte.receiving)
        page_event(page, ENDRX);
    uarte.receiving = uarte.stopping = false;
    page_event(page, RXTO);
    ck_assert(board_settle(20));
}

/* A receiver that is stopping obeys no START. */
static void receive_start(struct page *page)
{
    ck_assert(!uarte.receiving && !uarte.stopping);
    page_set(page, RXD_AMOUNT, 0);
    uarte.receiving = true;
}

static bool uarte_write(struct page *page, uint32_t offset, uint32_t value)
{
    if (page->base != UARTE || offset > STARTTX || value != 1)
        return false;
    if (offset == STARTTX)
        send_start(page);
    else if (offset == STOPRX)
        uarte.stopping = true;
    else if (offset == STARTRX)
        receive_start(page);
    return true;
}

/* The transfer under way has ended. */
static void sent(void)
{
    ck_assert(uarte.sending);
    uarte.sending = false;
    page_event(board_page_at(UARTE), ENDTX);
    ck_assert(board_settle(20));
}

static void arrive(const char *bytes)
{
    struct page *page = board_page_at(UARTE);
    uint32_t at = page_read(page, RXD_PTR) + page_read(page, RXD_AMOUNT);
    uint32_t size = (uint32_t)strlen(bytes);

    ck_assert(uarte.receiving);
    memcpy(hw->ram_bytes + (at - hw->ram.base), bytes, size);
    page_set(page, RXD_AMOUNT, page_read(page, RXD_AMOUNT) + size);
    if (page_read(page, RXD_AMOUNT) < page_read(page, RXD_MAXCNT))
        return;
    uarte.receiving = false;
    page_event(page, ENDRX);
    ck_assert(board_settle(20));
}

static void console_board(void)
{
    board_start();
    board.config.console = (struct driver_place){true, UARTE, UARTE_LINE};
    board_page(UARTE, UARTE_LINE);
    memset(&uarte, 0, sizeof uarte);
    board.on_write = uarte_write;
    board_run();
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++) {
        board_subscribe(process(i), &console_driver, 1);
        board_subscribe(process(i), &console_driver, 2);
    }
}

enum { WRITE = 1, READ, ABORT };

static enum err console(uint32_t p, uint32_t number, uint32_t length)
{
    struct syscall_return r = board_command(process(p), &console_driver, number, length, 0);

    return r.r[0] == RETURN_SUCCESS ? ERR_NONE : (enum err)r.r[1];
}

/* Process `p` writes `size` bytes of `letter`. */
static enum err write_letters(uint32_t p, char letter, uint32_t size)
{
    struct span buffer = board_allow(process(p), &console_driver, ALLOW_RO, 1, 0x100, size);

    memset(hw->ram_bytes + (buffer.base - hw->ram.base), letter, size);
    return console(p, WRITE, size);
}

/* The upcall of a write; its length, or -1. */
static int written(uint32_t p)
{
    uint32_t args[3];

    return board_upcall(process(p), &console_driver, 1, args) ? (int)args[0] : -1;
}

static bool is_wiped(uint32_t address)
{
    for (uint32_t i = 0; i < CONSOLE_BUFFER; i++)
        if (ram_at(address)[i] != 0)
            return false;
    return true;
}

START_TEST(a_write_goes_out_and_is_told_once)
{
    console_board();
    ck_assert_int_eq(write_letters(0, 'a', 5), ERR_NONE);
    ck_assert_int_eq(written(0), -1);

    sent();

    ck_assert_int_eq(memcmp(uarte.wire, "aaaaa", 5), 0);
    ck_assert_uint_eq(uarte.sent, 5);
    ck_assert_int_eq(written(0), 5);
    ck_assert_int_eq(written(0), -1);
    ck_assert(!uarte.sending);
    ck_assert(is_wiped(SENDING));
}
END_TEST

START_TEST(a_long_write_goes_out_in_pieces)
{
    console_board();
    ck_assert_int_eq(write_letters(0, 'a', 150), ERR_NONE);
    sent();
    ck_assert_int_eq(write_letters(1, 'b', 3), ERR_NONE);
    sent();
    ck_assert_int_eq(written(0), -1);
    sent();
    ck_assert_int_eq(written(0), 150);
    sent();

    ck_assert_uint_eq(uarte.sent, 153);
    ck_assert_int_eq(memcmp(uarte.wire + 149, "abbb", 4), 0);
    ck_assert_int_eq(written(1), 3);
}
END_TEST

/* Who asks again at once is served when the others have been. */
START_TEST(writers_take_turns)
{
    console_board();
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++)
        ck_assert_int_eq(write_letters(i, (char)('a' + i), 70), ERR_NONE);

    for (uint32_t n = 0; n < 12; n++) {
        ck_assert_int_eq(uarte.wire[uarte.sent - 1], 'a' + (int)(n % 3));
        sent();
        sent();
        ck_assert_int_eq(written(n % 3), 70);
        ck_assert_int_eq(write_letters(n % 3, (char)('a' + n % 3), 70), ERR_NONE);
    }
}
END_TEST

/* No byte of one writer stands in the buffer while another's are sent. */
START_TEST(the_buffer_is_wiped_between_clients)
{
    console_board();
    ck_assert_int_eq(write_letters(0, 'a', 64), ERR_NONE);
    ck_assert_int_eq(write_letters(1, 'b', 3), ERR_NONE);

    sent();

    ck_assert_uint_eq(ram_at(SENDING)[2], 'b');
    for (uint32_t i = 3; i < CONSOLE_BUFFER; i++)
        ck_assert_uint_eq(ram_at(SENDING)[i], 0);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_BUFFER_TAKEN), 2);
}
END_TEST

START_TEST(a_second_write_is_refused_while_one_waits)
{
    console_board();
    ck_assert_int_eq(write_letters(0, 'a', 3), ERR_NONE);
    ck_assert_int_eq(write_letters(1, 'b', 3), ERR_NONE);

    ck_assert_int_eq(write_letters(0, 'c', 3), ERR_BUSY);
    ck_assert_int_eq(write_letters(1, 'd', 3), ERR_BUSY);
    sent();
    sent();
    ck_assert_int_eq(written(0), 3);
    ck_assert_int_eq(written(1), 3);
    ck_assert(!uarte.sending);
}
END_TEST

START_TEST(nothing_to_write_is_refused)
{
    console_board();
    ck_assert_int_eq(console(0, WRITE, 5), ERR_SIZE); /* no buffer */
    ck_assert_int_eq(write_letters(0, 'a', 0), ERR_SIZE);
    board_allow(process(0), &console_driver, ALLOW_RO, 1, 0x100, 8);
    ck_assert_int_eq(console(0, WRITE, 0), ERR_SIZE);
    ck_assert_int_eq(console(0, READ, 5), ERR_SIZE);
    ck_assert_int_eq(console(0, 4, 0), ERR_NOSUPPORT);
    ck_assert_int_eq(console(0, 0, 0), ERR_NONE);

    ck_assert_int_eq(console(0, WRITE, 0xffffffff), ERR_NONE); /* cut to the buffer */
    sent();
    ck_assert_int_eq(written(0), 8);
}
END_TEST

/* The app swaps or shrinks its buffer while it is being written. */
START_TEST(a_shrunk_buffer_ends_the_write)
{
    console_board();
    ck_assert_int_eq(write_letters(0, 'a', 200), ERR_NONE);
    board_allow(process(0), &console_driver, ALLOW_RO, 1, 0x100, 70);
    sent();
    sent();

    ck_assert_int_eq(written(0), 70);
    ck_assert_uint_eq(uarte.sent, 70);
    ck_assert_int_eq(write_letters(0, 'b', 200), ERR_NONE);
    board_allow(process(0), &console_driver, ALLOW_RO, 1, 0, 0);
    sent();
    ck_assert_int_eq(written(0), 64);
    ck_assert(!uarte.sending);
}
END_TEST

/* It has not begun yet: another's is under way. */
START_TEST(a_write_whose_buffer_went_before_its_turn_ends_with_nothing)
{
    console_board();
    ck_assert_int_eq(write_letters(0, 'a', 3), ERR_NONE);
    ck_assert_int_eq(write_letters(1, 'b', 3), ERR_NONE);
    ck_assert_int_eq(write_letters(2, 'c', 3), ERR_NONE);
    board_allow(process(1), &console_driver, ALLOW_RO, 1, 0, 0);

    sent();

    ck_assert_int_eq(written(1), 0);
    ck_assert_int_eq(written(1), -1);
    sent();
    ck_assert_uint_eq(uarte.sent, 6);
    ck_assert_int_eq(memcmp(uarte.wire, "aaaccc", 6), 0);
}
END_TEST

/* A device that its app was lent has written over the grant table: the write is nobody's now. */
START_TEST(a_writer_whose_grant_was_broken_gives_way)
{
    console_board();
    ck_assert_int_eq(write_letters(0, 'a', 200), ERR_NONE);
    ck_assert_int_eq(write_letters(1, 'b', 3), ERR_NONE);
    ck_assert_int_eq(grant_table_store(hw, process(0), driver_index(&console_driver), 3), ERR_NONE);

    sent();
    sent();

    ck_assert_int_eq(memcmp(uarte.wire + 63, "abbb", 4), 0);
    ck_assert_uint_eq(uarte.sent, 67);
    ck_assert_int_eq(written(0), -1);
    ck_assert_int_eq(written(1), 3);
    ck_assert(is_wiped(SENDING));
}
END_TEST

START_TEST(a_dead_writer_gives_way)
{
    console_board();
    ck_assert_int_eq(write_letters(0, 'a', 200), ERR_NONE);
    ck_assert_int_eq(write_letters(1, 'b', 3), ERR_NONE);

    kernel_end_process(k, hw, 0, END_FAULT); /* and lives again */
    board_subscribe(process(0), &console_driver, 1);
    ck_assert_int_eq(write_letters(0, 'c', 2), ERR_NONE);
    sent();
    ck_assert_int_eq(memcmp(uarte.wire + 63, "abbb", 4), 0);
    sent();
    sent();

    ck_assert_int_eq(memcmp(uarte.wire + 66, "bcc", 3), 0);
    ck_assert_int_eq(written(0), 2);
    ck_assert_int_eq(written(0), -1);
    ck_assert_int_eq(written(1), 3);
}
END_TEST

START_TEST(a_stray_interrupt_of_the_uarte_is_ignored)
{
    console_board();
    page_event(board_page_at(UARTE), ENDTX);
    page_event(board_page_at(UARTE), ENDRX);
    page_event(board_page_at(UARTE), RXTO);

    ck_assert(board_settle(20));

    ck_assert_int_eq(written(0), -1);
    ck_assert(board_line_enabled(UARTE_LINE));
    ck_assert_int_eq(write_letters(0, 'a', 5), ERR_NONE);
}
END_TEST

/* ---- reading */

static struct span read_buffer(uint32_t p, uint32_t size)
{
    return board_allow(process(p), &console_driver, ALLOW_RW, 1, 0x200, size);
}

static bool was_read(uint32_t p, enum err err, uint32_t length)
{
    uint32_t args[3];

    return board_upcall(process(p), &console_driver, 2, args) && args[0] == (uint32_t)err &&
           args[1] == length;
}

START_TEST(a_read_brings_what_came)
{
    console_board();
    struct span buffer = read_buffer(0, 5);
    ck_assert_int_eq(console(0, READ, 5), ERR_NONE);
    arrive("he");
    arrive("llo");

    ck_assert(was_read(0, ERR_NONE, 5));
    ck_assert_int_eq(memcmp(ram_at(buffer.base), "hello", 5), 0);
    ck_assert(is_wiped(KERNEL_RAM + CONSOLE_BUFFER));
    ck_assert_int_eq(console(0, READ, 100), ERR_NONE); /* cut to the buffer */
    ck_assert_uint_eq(page_read(board_page_at(UARTE), RXD_MAXCNT), 5);
}
END_TEST

START_TEST(a_read_whose_buffer_went_brings_nothing)
{
    console_board();
    struct span buffer = read_buffer(0, 5);
    memset(hw->ram_bytes + (buffer.base - hw->ram.base), '-', 5);
    ck_assert_int_eq(console(0, READ, 5), ERR_NONE);
    read_buffer(0, 0);
    arrive("hello");

    ck_assert(was_read(0, ERR_NONE, 0));
    ck_assert_int_eq(memcmp(ram_at(buffer.base), "-----", 5), 0);
    ck_assert(is_wiped(KERNEL_RAM + CONSOLE_BUFFER));
    read_buffer(1, 4);
    ck_assert_int_eq(console(1, READ, 4), ERR_NONE);
}
END_TEST

/* The part of an app's RAM where the buffers of these tests are. */
static bool buffers_refuse(struct hw *of, struct span at, bool writes)
{
    (void)of;
    (void)writes;
    return at.base - process(0)->memory.base < 0x800;
}

START_TEST(a_buffer_that_cannot_be_copied_moves_no_byte)
{
    console_board();
    hw->on_ram = buffers_refuse;
    ck_assert_int_eq(write_letters(0, 'a', 5), ERR_NONE);
    ck_assert_int_eq(written(0), -1); /* never inside the call */
    ck_assert(board_settle(20));
    ck_assert_uint_eq(uarte.sent, 0);
    ck_assert_int_eq(written(0), 0);

    read_buffer(0, 5);
    ck_assert_int_eq(console(0, READ, 5), ERR_NONE);
    arrive("hello");
    ck_assert(was_read(0, ERR_NONE, 0));
    ck_assert(is_wiped(SENDING));
    ck_assert(is_wiped(KERNEL_RAM + CONSOLE_BUFFER));
}
END_TEST

START_TEST(one_reads_at_a_time)
{
    console_board();
    read_buffer(0, 4);
    read_buffer(1, 4);
    ck_assert_int_eq(console(0, READ, 4), ERR_NONE);
    ck_assert_int_eq(console(1, READ, 4), ERR_BUSY);
    ck_assert_int_eq(console(0, READ, 4), ERR_BUSY);
    ck_assert_int_eq(console(1, ABORT, 0), ERR_ALREADY);
    arrive("abcd");

    ck_assert(!was_read(1, ERR_NONE, 4));
    ck_assert_int_eq(console(1, READ, 4), ERR_NONE);
}
END_TEST

START_TEST(an_aborted_read_brings_what_came_before)
{
    console_board();
    struct span buffer = read_buffer(0, 8);
    read_buffer(1, 4);
    ck_assert_int_eq(console(0, READ, 8), ERR_NONE);
    arrive("abc");
    ck_assert_int_eq(console(0, ABORT, 0), ERR_NONE);
    ck_assert_int_eq(console(0, ABORT, 0), ERR_ALREADY);
    ck_assert(board_settle(20));
    ck_assert_int_eq(console(1, READ, 4), ERR_BUSY); /* the receiver has not stopped yet */

    receiver_stopped();

    ck_assert(was_read(0, ERR_CANCEL, 3));
    ck_assert_int_eq(memcmp(ram_at(buffer.base), "abc", 3), 0);
    ck_assert_int_eq(console(1, READ, 4), ERR_NONE);
    arrive("wxyz");
    ck_assert(was_read(1, ERR_NONE, 4));
}
END_TEST

START_TEST(a_dead_reader_gives_way)
{
    console_board();
    read_buffer(0, 8);
    read_buffer(1, 4);
    ck_assert_int_eq(console(0, READ, 8), ERR_NONE);
    arrive("abc");
    kernel_end_process(k, hw, 0, END_EXIT_RESTART);
    board_subscribe(process(0), &console_driver, 2);
    ck_assert_int_eq(console(1, READ, 4), ERR_BUSY);
    receiver_stopped();

    ck_assert(is_wiped(KERNEL_RAM + CONSOLE_BUFFER));
    ck_assert(!was_read(0, ERR_CANCEL, 3));
    ck_assert_int_eq(console(1, READ, 4), ERR_NONE);
}
END_TEST

/* The buffer was full, but the kernel has not seen it yet when the reader dies. */
START_TEST(a_reader_dies_with_its_buffer_full)
{
    console_board();
    read_buffer(0, 4);
    read_buffer(1, 4);
    ck_assert_int_eq(console(0, READ, 4), ERR_NONE);
    uarte.receiving = false;
    page_event(board_page_at(UARTE), ENDRX);
    kernel_end_process(k, hw, 0, END_KILL);
    ck_assert(board_settle(20));
    ck_assert_int_eq(console(1, READ, 4), ERR_BUSY);

    receiver_stopped();

    ck_assert_int_eq(console(1, READ, 4), ERR_NONE);
}
END_TEST

/* The count is the device's word, and the buffer may have grown. */
START_TEST(a_count_beyond_the_read_is_cut)
{
    console_board();
    struct span buffer = read_buffer(0, 6);
    ck_assert_int_eq(console(0, READ, 6), ERR_NONE);
    read_buffer(0, 200);
    hw->ram_bytes[buffer.base + 6 - hw->ram.base] = 0x77;
    page_set(board_page_at(UARTE), RXD_AMOUNT, 200);
    page_event(board_page_at(UARTE), ENDRX);

    ck_assert(board_settle(20));

    ck_assert(was_read(0, ERR_NONE, 6));
    ck_assert_uint_eq(*ram_at(buffer.base + 6), 0x77);
}
END_TEST

/* The count is the device's word; the buffer may have shrunk. */
START_TEST(a_count_too_large_is_cut)
{
    console_board();
    struct span buffer = read_buffer(0, 6);
    ck_assert_int_eq(console(0, READ, 6), ERR_NONE);
    read_buffer(0, 4);
    hw->ram_bytes[buffer.base + 4 - hw->ram.base] = 0x77;
    page_set(board_page_at(UARTE), RXD_AMOUNT, 0xffffffff);
    page_event(board_page_at(UARTE), ENDRX);

    ck_assert(board_settle(20));

    ck_assert(was_read(0, ERR_NONE, 4));
    ck_assert_uint_eq(*ram_at(buffer.base + 4), 0x77);
}
END_TEST

START_TEST(too_little_kernel_ram_is_no_console)
{
    board_start();
    board.config.console = (struct driver_place){true, UARTE, UARTE_LINE};
    board.config.kernel_ram.size =
        VIRT_RAM_OFFSET + CONSOLE_BUFFER + KERNEL_CLIENT_MAX * VIRT_CLIENT_BUFFER - 1;
    board_page(UARTE, UARTE_LINE);
    board_run();

    ck_assert_ptr_null(driver_find(k, 1));
}
END_TEST

/* ---- GPIO */

static const struct {
    uint32_t number, pin, pull;
    uint32_t offset, value; /* what is written; 0: nothing */
    uint32_t variant, answer;
} pins[] = {
    {0, 99, 0, 0, 0, RETURN_SUCCESS, 0},
    {1, 5, 0, 0x714, 1, RETURN_SUCCESS, 0},
    {2, 31, 0, 0x508, 0x80000000, RETURN_SUCCESS, 0},
    {3, 0, 0, 0x50c, 1, RETURN_SUCCESS, 0},
    {4, 4, 0, 0x50c, 0x10, RETURN_SUCCESS, 0},
    {4, 3, 0, 0x508, 0x8, RETURN_SUCCESS, 0},
    {5, 1, 0, 0x704, 0, RETURN_SUCCESS, 0},
    {5, 1, 1, 0x704, 12, RETURN_SUCCESS, 0},
    {5, 1, 2, 0x704, 4, RETURN_SUCCESS, 0},
    {5, 1, 3, 0, 0, RETURN_FAILURE, ERR_INVAL},
    {6, 8, 0, 0, 0, RETURN_SUCCESS_U32, 1},
    {6, 9, 0, 0, 0, RETURN_SUCCESS_U32, 0},
    {1, 32, 0, 0, 0, RETURN_FAILURE, ERR_INVAL},
    {6, 0xffffffff, 0, 0, 0, RETURN_FAILURE, ERR_INVAL},
    {7, 0, 0, 0, 0, RETURN_FAILURE, ERR_NOSUPPORT},
    {0xffffffff, 0, 0, 0, 0, RETURN_FAILURE, ERR_NOSUPPORT},
};

START_TEST(gpio_does_what_its_commands_say)
{
    board_start();
    board.config.gpio = (struct driver_place){true, GPIO, 0};
    board_page(GPIO, -1);
    board_run();
    page_set(board_page_at(GPIO), 0x504, 0x10);  /* OUT */
    page_set(board_page_at(GPIO), 0x510, 0x100); /* IN */
    fake_hw_forget(hw);

    struct syscall_return r =
        board_command(process(0), &gpio_driver, pins[_i].number, pins[_i].pin, pins[_i].pull);

    ck_assert_uint_eq(r.r[0], pins[_i].variant);
    ck_assert_uint_eq(r.r[1], pins[_i].answer);
    ck_assert_uint_eq(hw->write_count, pins[_i].offset != 0);
    if (pins[_i].offset) {
        ck_assert_uint_eq(hw->writes[0].address, GPIO + pins[_i].offset);
        ck_assert_uint_eq(hw->writes[0].value, pins[_i].value);
    }
}
END_TEST

static TCase *alarm_tests(void)
{
    TCase *t = tcase_create("alarm");

    tcase_add_test(t, alarm_answers_its_commands);
    tcase_add_loop_test(t, an_alarm_fires_once_and_never_early, 0, COUNT_OF(distances));
    tcase_add_test(t, an_absolute_alarm_counts_from_its_reference);
    tcase_add_test(t, setting_again_moves_the_alarm);
    tcase_add_test(t, a_stopped_alarm_does_not_fire);
    tcase_add_test(t, a_dead_process_has_no_alarm);
    tcase_add_test(t, alarms_of_one_tick_all_fire);
    tcase_add_loop_test(t, time_goes_on_over_an_overflow, 1, 5);
    tcase_add_loop_test(t, a_compare_is_never_too_near, 0, 4);
    tcase_add_test(t, others_alarms_put_off_none);
    tcase_add_loop_test(t, a_slow_bus_loses_no_alarm, 1, 9);
    tcase_add_loop_test(t, random_alarms_fire_once_in_time, 0, 4);
    tcase_add_test(t, the_alarm_counts_beyond_32_bits);
    tcase_add_loop_test(t, an_alarm_at_the_counters_turn_is_on_time, 0, 14);
    tcase_add_loop_test(t, the_farthest_alarm_comes_when_it_is_due, 0, 9);
    tcase_add_loop_test(t, an_absolute_alarm_is_over_from_its_tick_on, 0, 5);
    tcase_add_loop_test(t, components_set_their_next_alarm_in_the_callback, 0, 6);
    tcase_add_test(t, a_components_alarm_is_moved_and_taken_back);
    tcase_add_test(t, alarms_of_all_due_at_once_all_fire);
    tcase_add_loop_test(t, alarms_that_come_due_while_others_fire_are_not_lost, 0, 6);
    tcase_add_test(t, an_alarm_without_room_for_its_grant_is_refused);
    tcase_add_test(t, a_capsules_state_has_a_largest_size);
    tcase_add_test(t, no_alarm_no_time);
    return t;
}

static TCase *console_tests(void)
{
    TCase *t = tcase_create("console");

    tcase_add_test(t, a_write_goes_out_and_is_told_once);
    tcase_add_test(t, a_long_write_goes_out_in_pieces);
    tcase_add_test(t, writers_take_turns);
    tcase_add_test(t, the_buffer_is_wiped_between_clients);
    tcase_add_test(t, a_second_write_is_refused_while_one_waits);
    tcase_add_test(t, nothing_to_write_is_refused);
    tcase_add_test(t, a_shrunk_buffer_ends_the_write);
    tcase_add_test(t, a_write_whose_buffer_went_before_its_turn_ends_with_nothing);
    tcase_add_test(t, a_writer_whose_grant_was_broken_gives_way);
    tcase_add_test(t, a_dead_writer_gives_way);
    tcase_add_test(t, a_stray_interrupt_of_the_uarte_is_ignored);
    tcase_add_test(t, a_read_brings_what_came);
    tcase_add_test(t, a_read_whose_buffer_went_brings_nothing);
    tcase_add_test(t, a_buffer_that_cannot_be_copied_moves_no_byte);
    tcase_add_test(t, one_reads_at_a_time);
    tcase_add_test(t, an_aborted_read_brings_what_came_before);
    tcase_add_test(t, a_dead_reader_gives_way);
    tcase_add_test(t, a_reader_dies_with_its_buffer_full);
    tcase_add_test(t, a_count_beyond_the_read_is_cut);
    tcase_add_test(t, a_count_too_large_is_cut);
    tcase_add_test(t, too_little_kernel_ram_is_no_console);
    return t;
}

int main(void)
{
    Suite *s = suite_create("services");
    TCase *gpio = tcase_create("gpio");

    tcase_add_loop_test(gpio, gpio_does_what_its_commands_say, 0, COUNT_OF(pins));
    suite_add_tcase(s, alarm_tests());
    suite_add_tcase(s, console_tests());
    suite_add_tcase(s, gpio);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
