/* test_virt.c: the core of the multiplexers (model/virt/virt.h) under a made-up one, in the random
 * number generator's place: its chip begins, refuses, is done at once or stops as the test wants.
 *
 * What is judged is what clients see: upcalls, notes, bytes; and what the chip is told.
 */
#include "model/capsule_state.h"
#include "model/chip_rtc.h"
#include "model/virt/virt.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct hw *const hw = &board.hw;
static struct kernel *const k = &board.k;

enum { CHIP = 0x4000d000, CHIP_LINE = 13, RTC = 0x40011000, RTC_LINE = 17 };
enum { IN = 0, OUT = 0, UPCALL = 0, OWN = 32, TIMEOUT_MS = 10 };
enum { SIZE, TOPIC, MARK, WORDS }; /* words of a request; those of one topic may share */
enum { COUNTER = 0x504, COMPARE0 = 16, DONE = 0 };
enum { KERNEL0 = CLIENT_KERNEL, TIMEOUT_TICKS = (TIMEOUT_MS * RTC_HZ + 999) / 1000 };

/* ---- the made-up multiplexer */

static struct {
    enum err refuses;  /* begin's answer */
    bool done_at_once; /* begin ends it, with `at_once` */
    enum err at_once;
    bool loads;                 /* begin takes the client's bytes, not only room */
    bool shares;                /* those of one topic */
    bool stops_at_once;         /* abort ends it */
    uint32_t begun, aborted;    /* how often */
    uint8_t client[64];         /* of each operation */
    uint32_t words[VIRT_WORDS]; /* as begin had them last */
    uint8_t down[OWN];          /* what the chip had then */
    bool was_zero;              /* the multiplexer's own buffer as begin was called */
} chip;

static bool own_is_zero(void)
{
    struct span own = virt_buffer(k, VIRT_RNG);

    for (uint32_t i = 0; i < own.size; i++)
        if (hw->ram_bytes[own.base - hw->ram.base + i])
            return false;
    return true;
}

static enum err begin(struct kernel *kernel, struct hw *port, uint32_t client,
                      const uint32_t request[VIRT_WORDS])
{
    struct span down = {0, 0};
    enum err err;

    chip.client[chip.begun++ % 64] = (uint8_t)client;
    memcpy(chip.words, request, sizeof chip.words);
    chip.was_zero = own_is_zero();
    if (chip.refuses)
        return chip.refuses;
    if (chip.loads)
        err = virt_load(kernel, port, &virt_rng, client, ALLOW_RO, OUT, 0, request[SIZE], &down);
    else
        err = virt_reserve(kernel, port, &virt_rng, client, request[SIZE], &down);
    if (err)
        return err;
    ck_assert_int_eq(hw_ram_read(port, down, chip.down), ERR_NONE);
    if (chip.done_at_once)
        virt_end(kernel, port, &virt_rng, chip.at_once, 1);
    return ERR_NONE;
}

static void deliver(struct kernel *kernel, struct hw *port, const struct process *p,
                    const uint32_t request[VIRT_WORDS], enum err err, uint32_t result)
{
    uint32_t size = err ? 0 : virt_unload(kernel, port, &virt_rng, p, IN, 0, result);

    virt_upcall(kernel, port, &virt_rng, p, UPCALL, err, size, request[MARK]);
}

static void abort_now(struct kernel *kernel, struct hw *port)
{
    chip.aborted++;
    if (chip.stops_at_once)
        virt_end(kernel, port, &virt_rng, ERR_CANCEL, 0);
}

static bool joins(const uint32_t mine[VIRT_WORDS], const uint32_t theirs[VIRT_WORDS])
{
    return chip.shares && mine[TOPIC] == theirs[TOPIC];
}

static void kernel_request(uint32_t client, uint32_t request[VIRT_WORDS])
{
    request[SIZE] = 4;
    request[TOPIC] = 100 + client;
}

const struct virt_type virt_rng = {
    .id = VIRT_RNG,
    .driver = &rng_driver,
    .buffer_size = OWN,
    .begin = begin,
    .deliver = deliver,
    .abort = abort_now,
    .timeout_ms = TIMEOUT_MS,
    .joins = joins,
    .kernel_request = kernel_request,
};

static struct syscall_return command(struct kernel *kernel, struct hw *port, struct process *p,
                                     uint32_t number, uint32_t a, uint32_t b)
{
    const uint32_t request[VIRT_WORDS] = {[SIZE] = a, [TOPIC] = b, [MARK] = number};

    return return_of(virt_ask_process(kernel, port, &virt_rng, p, request));
}

static bool present(const struct kernel *kernel)
{
    return virt_present(kernel, &virt_rng);
}

static void start(struct kernel *kernel, struct hw *port)
{
    virt_start(kernel, port, &virt_rng);
}

static void on_process_end(struct kernel *kernel, struct hw *port, struct process_id id)
{
    virt_forget(kernel, port, &virt_rng, id);
}

/* What came stands in the chip's part of the buffer: as many bytes as went down, 0x11 each. */
static bool on_interrupt(struct kernel *kernel, struct hw *port, uint32_t line)
{
    struct span down = virt_of(kernel, &virt_rng)->custody.down;

    if (line != CHIP_LINE)
        return false;
    page_set(board_page_at(CHIP), 0x100 + 4 * DONE, 0);
    for (uint32_t i = 0; i < down.size; i++)
        port->ram_bytes[down.base - port->ram.base + i] = 0x11;
    virt_end(kernel, port, &virt_rng, ERR_NONE, down.size);
    return true;
}

const struct driver rng_driver = {
    .number = 0x40001,
    .upcalls = UPCALL + 1,
    .allows = {[ALLOW_RW] = IN + 1, [ALLOW_RO] = OUT + 1},
    .grant_bytes = 4 * WORDS,
    .present = present,
    .start = start,
    .command = command,
    .on_process_end = on_process_end,
    .on_interrupt = on_interrupt,
};

/* ---- the board */

static uint32_t ticks;

static bool reads(struct page *page, uint32_t offset, uint32_t *value)
{
    if (page->base != RTC || offset != COUNTER)
        return false;
    *value = ticks & RTC_MASK;
    return true;
}

static struct process *process(uint32_t i)
{
    return board_process(i);
}

static struct virt *mux(void)
{
    return virt_of(k, &virt_rng);
}

static void clients_ready(void)
{
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++) {
        board_subscribe(process(i), &rng_driver, UPCALL);
        board_allow(process(i), &rng_driver, ALLOW_RW, IN, 0x40, 0x20);
        board_allow(process(i), &rng_driver, ALLOW_RO, OUT, 0x80, 0x20);
    }
    fake_hw_forget(hw);
}

/* With so many components of the kernel, of so many operations each (0: for ever). */
static void virt_board(uint8_t components, uint32_t operations)
{
    board_start();
    memset(&chip, 0, sizeof chip);
    ticks = 1000;
    board.config.kernel_ram.size = 0x10000;
    board.config.alarm = (struct driver_place){true, RTC, RTC_LINE};
    board.config.virts[VIRT_RNG] = (struct driver_place){true, CHIP, CHIP_LINE};
    board.config.kernel_clients[VIRT_RNG] = (struct kernel_client_config){components, operations};
    board_page(CHIP, CHIP_LINE)->inten = 1 << DONE;
    board_page(RTC, RTC_LINE);
    board.on_read = reads;
    board_run();
    clients_ready();
}

static enum err ask(uint32_t p, uint32_t size, uint32_t topic)
{
    struct syscall_return r = board_command(process(p), &rng_driver, p, size, topic);

    return r.r[0] < RETURN_SUCCESS ? (enum err)r.r[1] : ERR_NONE;
}

static void must_ask(uint32_t p, uint32_t size)
{
    ck_assert_int_eq(ask(p, size, p), ERR_NONE);
}

static void settle(void)
{
    ck_assert(board_settle(50));
}

/* The chip is done. */
static void done(void)
{
    page_event(board_page_at(CHIP), DONE);
    settle();
}

/* So long that whatever is under way is given up. */
static void time_out(void)
{
    ticks += TIMEOUT_TICKS;
    page_event(board_page_at(RTC), COMPARE0);
    settle();
}

/* Process p has `count` upcalls, each with this error and length. */
static void heard(uint32_t p, uint32_t count, enum err err, uint32_t size)
{
    uint32_t args[3], found = 0;

    while (board_upcall(process(p), &rng_driver, UPCALL, args)) {
        ck_assert_int_eq((enum err)args[0], err);
        ck_assert_uint_eq(args[1], size);
        found++;
    }
    ck_assert_msg(found == count, "process %u: %u upcalls, wanted %u", p, found, count);
}

static void nobody_heard(void)
{
    for (uint32_t p = 0; p < BOARD_PROCESSES; p++)
        heard(p, 0, ERR_NONE, 0);
}

/* Nothing is left of what was. */
static void idle(void)
{
    ck_assert_uint_eq(mux()->client, CLIENT_NONE);
    ck_assert_uint_eq(clients_from(&mux()->turn.waiting, 0), CLIENT_NONE);
    ck_assert_uint_eq(clients_from(&mux()->joined, 0), CLIENT_NONE);
    ck_assert_uint_eq(mux()->custody.client, CLIENT_NONE);
    ck_assert_uint_eq(mux()->custody.down.size, 0);
    ck_assert(own_is_zero());
    ck_assert(!mux()->orphan && !mux()->over && !mux()->given_up && !mux()->ending);
    ck_assert_uint_eq(k->services.virts_deferred, 0);
}

static uint8_t last_client(void)
{
    return chip.client[(chip.begun - 1) % 64];
}

/* ---- (a) callbacks */

START_TEST(an_operation_is_called_back_once_and_not_in_the_call)
{
    virt_board(0, 0);

    must_ask(0, 8);
    settle();
    nobody_heard();
    done();

    heard(0, 1, ERR_NONE, 8);
    ck_assert_uint_eq(chip.begun, 1);
    idle();
    done(); /* a stray interrupt */
    nobody_heard();
}
END_TEST

/* Done before begin returns, for better or worse. */
START_TEST(what_is_done_at_once_is_called_back_later)
{
    virt_board(0, 0);
    chip.done_at_once = true;
    chip.at_once = _i ? ERR_FAIL : ERR_NONE;

    must_ask(0, 8);
    ck_assert_int_eq(ask(0, 8, 0), ERR_BUSY);
    nobody_heard();
    settle();

    heard(0, 1, chip.at_once, _i ? 0 : 1);
    idle();
    must_ask(0, 8);
    settle();
    heard(0, 1, chip.at_once, _i ? 0 : 1);
}
END_TEST

START_TEST(what_cannot_begin_is_called_back_later)
{
    virt_board(0, 0);
    chip.refuses = ERR_NOMEM;

    must_ask(0, 8);
    must_ask(1, 8);
    nobody_heard();
    ck_assert_uint_eq(chip.begun, 1);
    settle();

    heard(0, 1, ERR_NOMEM, 0);
    heard(1, 1, ERR_NOMEM, 0);
    ck_assert_uint_eq(chip.begun, 2);
    idle();
}
END_TEST

/* An interrupt that comes late ends nothing that has failed, and nobody twice. */
START_TEST(what_is_over_is_not_ended_again)
{
    virt_board(0, 0);
    chip.refuses = ERR_NOMEM;
    must_ask(0, 8);

    virt_end(k, hw, &virt_rng, ERR_NONE, 8);
    nobody_heard();
    time_out();

    heard(0, 1, ERR_NOMEM, 0);
    ck_assert_uint_eq(chip.aborted, 0);
    idle();
}
END_TEST

START_TEST(a_client_has_one_operation_at_a_time)
{
    virt_board(0, 0);
    must_ask(0, 8);
    must_ask(1, 8);

    ck_assert_int_eq(ask(0, 4, 0), ERR_BUSY); /* under way */
    ck_assert_int_eq(ask(1, 4, 0), ERR_BUSY); /* waits */
    done();
    must_ask(0, 4); /* the callback has been */
    done();
    heard(1, 1, ERR_NONE, 8); /* not 4: what was refused has changed nothing */
    heard(0, 1, ERR_NONE, 8);
    done();
    heard(0, 1, ERR_NONE, 4);
    idle();
}
END_TEST

START_TEST(a_null_upcall_keeps_nobody_waiting)
{
    struct upcall none = {0, 0};
    virt_board(0, 0);
    ck_assert_int_eq(grant_set_upcall(hw, process(0), &rng_driver, UPCALL, none), ERR_NONE);

    must_ask(0, 8);
    must_ask(1, 8);
    done();
    done();

    heard(1, 1, ERR_NONE, 8);
    idle();
}
END_TEST

/* ---- (b) buffers */

/* Notes of one operation of a process, in their order. */
START_TEST(each_hand_over_of_the_buffer_is_noted)
{
    static const enum note wanted[] = {NOTE_CLIENT_ASKS, NOTE_CLIENT_BEGUN,    NOTE_BUFFER_TAKEN,
                                       NOTE_BUFFER_LENT, NOTE_CLIENT_ANSWERED, NOTE_BUFFER_BACK,
                                       NOTE_CLIENT_DONE, NOTE_UPCALL_QUEUED,   NOTE_BUFFER_WIPED};
    uint32_t next = 0;
    virt_board(0, 0);

    must_ask(0, 8);
    done();

    for (uint32_t i = 0; i < hw->note_count && next < COUNT_OF(wanted); i++)
        next += hw->notes[i].note == wanted[next];
    ck_assert_uint_eq(next, COUNT_OF(wanted));
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_BUFFER_TAKEN), 1);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_BUFFER_LENT), 1);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_BUFFER_BACK), 1);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_BUFFER_WIPED), 1);
}
END_TEST

/* A callback is over, and the buffer wiped, before the next operation begins. */
START_TEST(the_next_one_finds_no_byte_of_the_one_before)
{
    virt_board(0, 0);
    must_ask(0, 32);
    must_ask(1, 1);
    must_ask(2, 32);

    for (uint32_t i = 0; i < 3; i++) {
        ck_assert(chip.was_zero);
        chip.was_zero = false;
        done();
    }
    idle();
    heard(1, 1, ERR_NONE, 1);
}
END_TEST

static uint8_t *app_byte(uint32_t p, uint32_t offset)
{
    return &hw->ram_bytes[process(p)->memory.base + offset - hw->ram.base];
}

START_TEST(bytes_go_down_as_they_are_when_the_turn_comes)
{
    virt_board(0, 0);
    chip.loads = true;
    memset(app_byte(1, 0x80), 0x22, 0x20);
    must_ask(0, 4);
    must_ask(1, 4);
    memset(app_byte(1, 0x80), 0x33, 0x20);

    done();

    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq(chip.down[i], 0x33);
    done();
    ck_assert_uint_eq(*app_byte(1, 0x43), 0x11);
    ck_assert_uint_eq(*app_byte(1, 0x44), 0);
    ck_assert_uint_eq(*app_byte(1, 0x80), 0x33); /* what was handed over is as it was */
}
END_TEST

/* By size, and by what is allowed then: what does not fit fails, with nothing lent. */
static const struct {
    const char *why;
    uint32_t size, out, in;
    bool loads;
    enum err err;
    uint32_t length;
} sizes[] = {
    {"nothing", 0, 0x20, 0x20, false, ERR_SIZE, 0},
    {"nothing to load", 0, 0x20, 0x20, true, ERR_SIZE, 0},
    {"all of the buffer", OWN, 0x20, 0x20, false, ERR_NONE, OWN},
    {"one byte more", OWN + 1, 0x40, 0x40, false, ERR_SIZE, 0},
    {"one byte more to load", OWN + 1, 0x40, 0x40, true, ERR_SIZE, 0},
    {"very many", 0xffffffff, 0x20, 0x20, false, ERR_SIZE, 0},
    {"very many to load", 0xffffffff, 0x20, 0x20, true, ERR_SIZE, 0},
    {"more than is allowed", 9, 8, 0x20, true, ERR_SIZE, 0},
    {"as much as is allowed", 8, 8, 0x20, true, ERR_NONE, 8},
    {"nothing is allowed", 1, 0, 0x20, true, ERR_SIZE, 0},
    {"a short buffer for results", 8, 0x20, 3, false, ERR_NONE, 3},
    {"no buffer for results", 8, 0x20, 0, false, ERR_NONE, 0},
};

START_TEST(sizes_are_looked_at_when_the_turn_comes)
{
    virt_board(0, 0);
    must_ask(1, 4);
    must_ask(0, sizes[_i].size);
    chip.loads = sizes[_i].loads;
    board_allow(process(0), &rng_driver, ALLOW_RO, OUT, 0x80, sizes[_i].out);
    board_allow(process(0), &rng_driver, ALLOW_RW, IN, 0x40, sizes[_i].in);

    done();
    if (sizes[_i].err)
        ck_assert_uint_eq(fake_hw_noted(hw, NOTE_BUFFER_LENT), 1);
    else
        done();

    heard(0, 1, sizes[_i].err, sizes[_i].length);
    ck_assert_uint_eq(*app_byte(0, 0x40 + sizes[_i].in), 0);
    idle();
}
END_TEST

START_TEST(a_components_buffer_is_its_own)
{
    virt_board(1, 1);
    settle();
    struct span buffer = virt_client_buffer(k, VIRT_RNG, KERNEL0);

    ck_assert_uint_eq(last_client(), KERNEL0);
    ck_assert(span_equal(mux()->custody.down, (struct span){buffer.base, 4}));
    ck_assert_uint_eq(mux()->custody.client, CLIENT_NONE);
    done();
    ck_assert_uint_eq(hw->ram_bytes[buffer.base - hw->ram.base + 3], 0x11);
    idle();
}
END_TEST

/* ---- (c) turns */

/* Three processes and all components always ask: each is served once in seven. */
START_TEST(each_is_served_once_in_a_round)
{
    uint32_t n = BOARD_PROCESSES + KERNEL_CLIENT_MAX;
    virt_board(KERNEL_CLIENT_MAX, 0);
    settle();
    for (uint32_t p = 0; p < BOARD_PROCESSES; p++)
        must_ask(p, 4);

    for (uint32_t i = 0; i < 5 * n; i++) {
        uint8_t client = last_client();
        if (i >= n)
            ck_assert_uint_eq(client, chip.client[(i - n) % 64]);
        for (uint32_t before = i < n ? 0 : i - n + 1; before < i; before++)
            ck_assert_uint_ne(client, chip.client[before % 64]);
        done();
        if (client < BOARD_PROCESSES)
            must_ask(client, 4);
    }
}
END_TEST

/* It asks in its callback, before the next one begins: and waits behind it. */
START_TEST(who_asks_in_its_callback_is_behind_the_others)
{
    virt_board(1, 0);
    settle();
    must_ask(0, 4);

    done();
    ck_assert_uint_eq(last_client(), 0);
    done();
    ck_assert_uint_eq(last_client(), KERNEL0);
    done();
    ck_assert_uint_eq(last_client(), KERNEL0); /* alone: again and again */
    heard(0, 1, ERR_NONE, 4);
}
END_TEST

START_TEST(a_component_asks_as_often_as_the_board_wants)
{
    virt_board(2, 3);
    settle();

    for (uint32_t i = 0; i < 10; i++)
        done();

    ck_assert_uint_eq(chip.begun, 6);
    idle();
}
END_TEST

/* Else it would ask for ever, and user mode would never come. */
START_TEST(a_component_whose_operation_is_over_at_once_asks_no_more)
{
    virt_board(1, 0);
    chip.refuses = _i ? ERR_NONE : ERR_INVAL;
    chip.done_at_once = true;

    settle();

    ck_assert_uint_eq(chip.begun, 1);
    must_ask(0, 4);
    settle();
    heard(0, 1, chip.refuses, _i ? 1 : 0);
    idle();
}
END_TEST

/* ---- (d) errors from below, and silence */

START_TEST(an_error_ends_one_operation_and_the_next_begins)
{
    virt_board(0, 0);
    must_ask(0, 8);
    must_ask(1, 8);

    virt_end(k, hw, &virt_rng, ERR_FAIL, 5);

    heard(0, 1, ERR_FAIL, 0);
    ck_assert_uint_eq(last_client(), 1);
    ck_assert(chip.was_zero);
    done();
    heard(1, 1, ERR_NONE, 8);
    idle();
}
END_TEST

/* A chip that stops at once, and one that hangs even then. */
START_TEST(silence_is_given_up_and_the_next_begins)
{
    virt_board(0, 0);
    chip.stops_at_once = _i;
    must_ask(0, 8);
    must_ask(1, 8);

    ticks += TIMEOUT_TICKS - 1;
    page_event(board_page_at(RTC), COMPARE0);
    settle();
    nobody_heard();
    ticks += 1;
    page_event(board_page_at(RTC), COMPARE0);
    settle();

    heard(0, 1, ERR_FAIL, 0);
    ck_assert_uint_eq(chip.aborted, 1);
    ck_assert_uint_eq(last_client(), 1);
    ck_assert(chip.was_zero);
    time_out();
    heard(1, 1, ERR_FAIL, 0);
    ck_assert_uint_eq(chip.aborted, 2);
    idle();
    time_out();
    nobody_heard();
    ck_assert_uint_eq(chip.aborted, 2);
}
END_TEST

START_TEST(progress_puts_the_giving_up_off)
{
    virt_board(0, 0);
    must_ask(0, 8);

    for (uint32_t i = 0; i < 5; i++) {
        ticks += TIMEOUT_TICKS - 1;
        virt_progress(k, hw, &virt_rng);
        page_event(board_page_at(RTC), COMPARE0);
        settle();
    }
    nobody_heard();
    done();

    heard(0, 1, ERR_NONE, 8);
    time_out();
    ck_assert_uint_eq(chip.aborted, 0);
    idle();
}
END_TEST

START_TEST(without_an_alarm_it_waits)
{
    virt_board(0, 0);
    board.config.alarm.present = false;
    must_ask(0, 8);

    ticks += 1000 * TIMEOUT_MS;
    settle();

    nobody_heard();
    done();
    heard(0, 1, ERR_NONE, 8);
}
END_TEST

/* ---- (e) death */

static void dies(uint32_t p)
{
    kernel_end_process(k, hw, p, END_KILL);
    settle();
}

START_TEST(who_dies_waiting_is_not_served)
{
    virt_board(0, 0);
    must_ask(0, 8);
    must_ask(1, 8);
    must_ask(2, 8);

    dies(1);
    done();

    ck_assert_uint_eq(last_client(), 2);
    done();
    ck_assert_uint_eq(chip.begun, 2);
    ck_assert_uint_eq(chip.aborted, 0);
    heard(0, 1, ERR_NONE, 8);
    heard(2, 1, ERR_NONE, 8);
    idle();
}
END_TEST

START_TEST(what_is_under_way_for_the_dead_is_stopped)
{
    virt_board(0, 0);
    chip.stops_at_once = true;
    must_ask(0, 8);
    must_ask(1, 8);

    dies(0);

    ck_assert_uint_eq(chip.aborted, 1);
    ck_assert_uint_eq(last_client(), 1);
    ck_assert(chip.was_zero);
    nobody_heard();
    done();
    heard(1, 1, ERR_NONE, 8);
    idle();
}
END_TEST

/* The chip takes its time: until then the buffer is nobody else's. Or it never stops. */
START_TEST(a_chip_that_stops_later_keeps_the_buffer_until_then)
{
    virt_board(0, 0);
    must_ask(0, 8);
    must_ask(1, 8);

    dies(0);
    ck_assert_uint_eq(chip.begun, 1);
    ck_assert_uint_eq(mux()->custody.down.size, 8);
    if (_i)
        time_out();
    else
        done();

    ck_assert_uint_eq(last_client(), 1);
    ck_assert(chip.was_zero);
    done();
    heard(1, 1, ERR_NONE, 8);
    idle();
}
END_TEST

START_TEST(a_new_life_waits_for_the_end_of_the_old_ones_operation)
{
    virt_board(0, 0);
    must_ask(0, 8);
    kernel_end_process(k, hw, 0, END_FAULT); /* and lives again */
    clients_ready();

    must_ask(0, 4);
    ck_assert_int_eq(ask(0, 4, 0), ERR_BUSY);
    ck_assert_uint_eq(chip.begun, 1);
    done();

    nobody_heard();
    ck_assert_uint_eq(chip.begun, 2);
    done();
    heard(0, 1, ERR_NONE, 4);
    idle();
}
END_TEST

START_TEST(two_deaths_before_the_chip_stops_are_one_stop)
{
    virt_board(0, 0);
    must_ask(0, 8);
    kernel_end_process(k, hw, 0, END_FAULT);
    clients_ready();
    must_ask(0, 4);

    dies(0);
    ck_assert_uint_eq(chip.aborted, 1);
    done();

    ck_assert_uint_eq(chip.begun, 1);
    idle();
}
END_TEST

START_TEST(an_upcall_that_is_queued_dies_with_its_client)
{
    virt_board(0, 0);
    must_ask(0, 8);
    done();
    kernel_end_process(k, hw, 0, END_FAULT);
    clients_ready();

    nobody_heard();
    idle();
}
END_TEST

/* It cannot begin, or is done at once, and dies before the deferred call. */
START_TEST(who_dies_before_the_deferred_call_is_not_called_back)
{
    virt_board(0, 0);
    chip.refuses = _i ? ERR_NONE : ERR_INVAL;
    chip.done_at_once = true;
    must_ask(0, 8);
    must_ask(1, 8);
    kernel_end_process(k, hw, 0, END_FAULT);
    clients_ready();
    settle();

    ck_assert_uint_eq(chip.aborted, 0);
    heard(0, 0, ERR_NONE, 0);
    heard(1, 1, chip.refuses, _i ? 1 : 0);
    idle();
}
END_TEST

/* ---- sharing */

static void three_share(void)
{
    virt_board(0, 0);
    chip.shares = true;
    chip.stops_at_once = true;
    must_ask(0, 8);                            /* under way alone */
    ck_assert_int_eq(ask(1, 4, 77), ERR_NONE); /* leads the next one */
    ck_assert_int_eq(ask(2, 4, 77), ERR_NONE);
    done();
    heard(0, 1, ERR_NONE, 8);
    ck_assert_int_eq(ask(0, 4, 77), ERR_NONE); /* comes late */
}

START_TEST(those_who_wait_share_and_who_comes_late_does_not)
{
    three_share();
    ck_assert_int_eq(ask(2, 4, 77), ERR_BUSY);

    done();
    heard(1, 1, ERR_NONE, 4);
    heard(2, 1, ERR_NONE, 4);
    heard(0, 0, ERR_NONE, 0);
    done();

    heard(0, 1, ERR_NONE, 4);
    nobody_heard();
    ck_assert_uint_eq(chip.begun, 3);
    idle();
}
END_TEST

START_TEST(other_topics_do_not_share)
{
    virt_board(0, 0);
    chip.shares = true;
    must_ask(0, 8);
    must_ask(1, 8);
    must_ask(2, 8);

    for (uint32_t i = 0; i < 3; i++)
        done();

    ck_assert_uint_eq(chip.begun, 3);
    idle();
}
END_TEST

START_TEST(an_error_is_told_to_all_who_share)
{
    three_share();

    time_out();

    heard(1, 1, ERR_FAIL, 0);
    heard(2, 1, ERR_FAIL, 0);
    ck_assert_uint_eq(last_client(), 0);
}
END_TEST

/* The chip goes on for who shares: their operation is not the dead one's. */
START_TEST(death_of_who_led_takes_nothing_from_those_who_share)
{
    three_share();

    dies(1);

    ck_assert_uint_eq(chip.aborted, 0);
    heard(2, 0, ERR_NONE, 0);
    done();
    heard(2, 1, ERR_NONE, 4);
    done();
    heard(0, 1, ERR_NONE, 4);
    idle();
}
END_TEST

START_TEST(the_dead_one_who_shared_is_not_called_back)
{
    three_share();
    kernel_end_process(k, hw, 2, END_FAULT);
    clients_ready();

    done();

    heard(1, 1, ERR_NONE, 4);
    heard(2, 0, ERR_NONE, 0);
    ck_assert_uint_eq(last_client(), 0);
}
END_TEST

START_TEST(when_all_who_share_have_died_it_ends)
{
    three_share();
    dies(2);
    dies(1);

    ck_assert_uint_eq(chip.aborted, 1);
    ck_assert_uint_eq(last_client(), 0);
    done();
    heard(0, 1, ERR_NONE, 4);
    idle();
}
END_TEST

/* Done as it begins: nobody can share what is over. */
START_TEST(nobody_shares_what_was_over_at_once)
{
    virt_board(0, 0);
    chip.shares = true;
    must_ask(0, 8);
    ck_assert_int_eq(ask(1, 4, 77), ERR_NONE);
    ck_assert_int_eq(ask(2, 4, 77), ERR_NONE);
    chip.done_at_once = true;

    done();

    ck_assert_uint_eq(chip.begun, 3);
    heard(1, 1, ERR_NONE, 1);
    heard(2, 1, ERR_NONE, 1);
    idle();
}
END_TEST

/* ---- requests in the grant, which a lent device can write over */

START_TEST(begin_sees_the_words_as_they_are)
{
    static const uint32_t words[WORDS] = {0xffffffff, 0x12345678, 0x9abcdef0};
    virt_board(0, 0);
    must_ask(0, 8);
    must_ask(1, 8);
    ck_assert_int_eq(capsule_state_store(hw, process(1), &rng_driver, words, WORDS), ERR_NONE);

    done();

    ck_assert_mem_eq(chip.words, words, sizeof words);
    ck_assert_uint_eq(chip.words[WORDS], 0); /* what the grant has no room for */
    heard(1, 1, ERR_SIZE, 0);
    idle();
}
END_TEST

/* The table that says where its grant is has been written over. */
static void grants_break(uint32_t p)
{
    struct span block = process(p)->memory;

    memset(&hw->ram_bytes[block.base + block.size / 2 - hw->ram.base], 0xff, block.size / 2);
}

START_TEST(a_broken_grant_loses_its_own_callback_and_nobody_elses)
{
    virt_board(0, 0);
    must_ask(0, 8);
    must_ask(1, 8);
    must_ask(2, 8);

    grants_break(_i ? 0 : 1); /* under way, or it waits */
    for (uint32_t i = 0; i < 3; i++)
        done();

    heard(2, 1, ERR_NONE, 8);
    heard(_i ? 1 : 0, 1, ERR_NONE, 8);
    idle();
}
END_TEST

/* ---- closed */

START_TEST(what_is_closed_tells_all_who_ask_that_it_is_busy)
{
    virt_board(0, 0);
    ck_assert_int_eq(virt_close(k, &virt_rng), ERR_NONE);
    ck_assert_int_eq(virt_close(k, &virt_rng), ERR_BUSY);

    ck_assert_int_eq(ask(0, 8, 0), ERR_BUSY);
    settle();
    ck_assert_uint_eq(chip.begun, 0);
    virt_open(k, &virt_rng);
    must_ask(0, 8);
    ck_assert_int_eq(virt_close(k, &virt_rng), ERR_BUSY);
    done();

    heard(0, 1, ERR_NONE, 8);
    idle();
}
END_TEST

START_TEST(components_come_when_it_is_open_again)
{
    virt_board(2, 1);
    ck_assert_int_eq(virt_close(k, &virt_rng), ERR_NONE);
    settle();
    ck_assert_uint_eq(chip.begun, 0);

    virt_open(k, &virt_rng);
    settle();
    done();
    done();

    ck_assert_uint_eq(chip.begun, 2);
    idle();
}
END_TEST

/* ---- */

START_TEST(too_little_kernel_ram_is_no_multiplexer)
{
    virt_board(0, 0);
    struct span last = virt_client_buffer(k, VIRT_RNG, KERNEL0 + KERNEL_CLIENT_MAX - 1);
    uint32_t needs = last.base + last.size - KERNEL_RAM;

    board.config.kernel_ram.size = needs;
    ck_assert(virt_present(k, &virt_rng));
    board.config.kernel_ram.size = needs - 1;
    ck_assert(!virt_present(k, &virt_rng));
}
END_TEST

/* ---- the rows: what a new one may have left out */

static bool is_in_drivers(const struct driver *driver)
{
    for (uint32_t i = 0; i < driver_count; i++)
        if (drivers[i] == driver)
            return true;
    return false;
}

static const struct {
    const char *name;
    enum virt_home home;
} rows[VIRTS] = {
#define VIRT_ROW(number, name, home) [number] = {#name, (home)},
    VIRT_LIST(VIRT_ROW)
#undef VIRT_ROW
};

/* Who says when an operation is over: an interrupt (the console's, of those that have its device),
 * or the multiplexer itself in steps. */
static bool can_end(const struct virt_type *type)
{
    return type->step || type->driver->on_interrupt || rows[type->id].home == VIRT_OF_CONSOLE;
}

START_TEST(each_row_is_whole)
{
    const struct virt_type *type = virts[_i];
    const char *name = rows[_i].name;

    ck_assert(name && type);
    ck_assert_msg(type->id == (enum virt_id)_i, "%s: .id is another's", name);
    ck_assert_msg(type->begin && type->deliver, "%s: no begin, or no deliver", name);
    ck_assert_msg(type->kernel_request, "%s: no kernel_request", name);
    ck_assert_msg(type->driver, "%s: no driver", name);
    ck_assert_msg(is_in_drivers(type->driver), "%s: its driver is not in drivers.c", name);
    ck_assert_msg(type->driver->present && type->driver->start, "%s: no present, or no start",
                  name);
    ck_assert_msg(type->driver->on_process_end, "%s: the dead are not forgotten", name);
    ck_assert_msg(can_end(type), "%s: neither on_interrupt nor step", name);
    ck_assert_msg(!type->step || (type->step_us > 0 && type->timeout_ms > 0),
                  "%s: step without step_us, or without timeout_ms", name);
    ck_assert_msg(type->driver->grant_bytes % 4 == 0, "%s: grant_bytes are no words", name);
}
END_TEST

START_TEST(there_is_kernel_ram_for_all_of_them)
{
    virt_board(0, 0);
    struct span end = virt_client_buffer(k, VIRTS - 1, CLIENT_KERNEL + KERNEL_CLIENT_MAX);

    ck_assert_uint_le(end.base - k->config->kernel_ram.base, VIRT_RAM_OFFSET + VIRT_KERNEL_RAM);
}
END_TEST

static TCase *row_tests(void)
{
    TCase *t = tcase_create("rows");

    tcase_add_loop_test(t, each_row_is_whole, 0, VIRTS);
    tcase_add_test(t, there_is_kernel_ram_for_all_of_them);
    return t;
}

static TCase *callback_tests(void)
{
    TCase *t = tcase_create("callbacks");

    tcase_add_test(t, an_operation_is_called_back_once_and_not_in_the_call);
    tcase_add_loop_test(t, what_is_done_at_once_is_called_back_later, 0, 2);
    tcase_add_test(t, what_cannot_begin_is_called_back_later);
    tcase_add_test(t, what_is_over_is_not_ended_again);
    tcase_add_test(t, a_client_has_one_operation_at_a_time);
    tcase_add_test(t, a_null_upcall_keeps_nobody_waiting);
    return t;
}

static TCase *buffer_tests(void)
{
    TCase *t = tcase_create("buffers");

    tcase_add_test(t, each_hand_over_of_the_buffer_is_noted);
    tcase_add_test(t, the_next_one_finds_no_byte_of_the_one_before);
    tcase_add_test(t, bytes_go_down_as_they_are_when_the_turn_comes);
    tcase_add_loop_test(t, sizes_are_looked_at_when_the_turn_comes, 0, COUNT_OF(sizes));
    tcase_add_test(t, a_components_buffer_is_its_own);
    tcase_add_test(t, begin_sees_the_words_as_they_are);
    tcase_add_loop_test(t, a_broken_grant_loses_its_own_callback_and_nobody_elses, 0, 2);
    tcase_add_test(t, too_little_kernel_ram_is_no_multiplexer);
    return t;
}

static TCase *turn_tests(void)
{
    TCase *t = tcase_create("turns");

    tcase_add_test(t, each_is_served_once_in_a_round);
    tcase_add_test(t, who_asks_in_its_callback_is_behind_the_others);
    tcase_add_test(t, a_component_asks_as_often_as_the_board_wants);
    tcase_add_loop_test(t, a_component_whose_operation_is_over_at_once_asks_no_more, 0, 2);
    tcase_add_test(t, what_is_closed_tells_all_who_ask_that_it_is_busy);
    tcase_add_test(t, components_come_when_it_is_open_again);
    return t;
}

static TCase *end_tests(void)
{
    TCase *t = tcase_create("errors and deaths");

    tcase_add_test(t, an_error_ends_one_operation_and_the_next_begins);
    tcase_add_loop_test(t, silence_is_given_up_and_the_next_begins, 0, 2);
    tcase_add_test(t, progress_puts_the_giving_up_off);
    tcase_add_test(t, without_an_alarm_it_waits);
    tcase_add_test(t, who_dies_waiting_is_not_served);
    tcase_add_test(t, what_is_under_way_for_the_dead_is_stopped);
    tcase_add_loop_test(t, a_chip_that_stops_later_keeps_the_buffer_until_then, 0, 2);
    tcase_add_test(t, a_new_life_waits_for_the_end_of_the_old_ones_operation);
    tcase_add_test(t, two_deaths_before_the_chip_stops_are_one_stop);
    tcase_add_test(t, an_upcall_that_is_queued_dies_with_its_client);
    tcase_add_loop_test(t, who_dies_before_the_deferred_call_is_not_called_back, 0, 2);
    return t;
}

static TCase *sharing_tests(void)
{
    TCase *t = tcase_create("sharing");

    tcase_add_test(t, those_who_wait_share_and_who_comes_late_does_not);
    tcase_add_test(t, other_topics_do_not_share);
    tcase_add_test(t, an_error_is_told_to_all_who_share);
    tcase_add_test(t, death_of_who_led_takes_nothing_from_those_who_share);
    tcase_add_test(t, the_dead_one_who_shared_is_not_called_back);
    tcase_add_test(t, when_all_who_share_have_died_it_ends);
    tcase_add_test(t, nobody_shares_what_was_over_at_once);
    return t;
}

int main(void)
{
    Suite *s = suite_create("virt");

    suite_add_tcase(s, row_tests());
    suite_add_tcase(s, callback_tests());
    suite_add_tcase(s, buffer_tests());
    suite_add_tcase(s, turn_tests());
    suite_add_tcase(s, end_tests());
    suite_add_tcase(s, sharing_tests());
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
