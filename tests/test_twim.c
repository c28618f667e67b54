/* test_twim.c: TWIM on the bench, against a wire that notes what it hears and answers as told. */
#include "devices/catalogue.h"
#include "tests/support_device_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define HF_PS UINT64_C(62500)
#define BIT_PS (HF_PS * 40) /* at 400 kbps */
#define BYTE_PS (9 * BIT_PS)

enum { K100 = 0x01980000, K250 = 0x04000000, K400 = 0x06400000 };
enum { TX = RIG_RAM_BASE + 16, RX = RIG_RAM_BASE + 64, ADDRESS = 0x48 };
enum { ANACK = 2, DNACK = 4, OVERRUN = 1 };
enum { STARTRX_AT_LAST = 1 << 7, SUSPEND_AT_LAST = 1 << 8, STOP_AT_LAST = 1 << 9 };
enum { STARTTX_AT_LASTRX = 1 << 10, SUSPEND_AT_LASTRX = 1 << 11, STOP_AT_LASTRX = 1 << 12 };

/* What the other side does, and in `heard` what it heard: "S90", "o12" a byte out, "i" one in,
 * "a" and "n" for ours, "P"; behind those that it refused "!". */
static struct other_side {
    uint8_t address;
    uint32_t refuse_out; /* byte number from 1; 0: none */
    uint32_t stretch_at; /* signal number from 1; 0: none */
    uint64_t stretch_ps;
    uint8_t next_in; /* counts up */
    uint32_t outs, signals;
    uint32_t bit_ps;
    char heard[200];
} other;

static struct rig *r;

static void note(const char *text)
{
    size_t at = strlen(other.heard);
    (void)snprintf(other.heard + at, sizeof other.heard - at, "%s", text);
}

static void note_byte(const char *text, uint8_t value)
{
    char both[8];
    (void)snprintf(both, sizeof both, "%s%02x", text, value);
    note(both);
}

static struct wire_answer answer(void *context, const struct wire_signal *signal)
{
    (void)context;
    struct wire_answer back = {.value = WIRE_NOBODY};
    other.bit_ps = signal->bit_ps;
    if (++other.signals == other.stretch_at)
        back.stretch_ps = other.stretch_ps;
    switch (signal->act) {
    case WIRE_START:
        back.ack = signal->value >> 1 == other.address;
        note_byte("S", signal->value);
        break;
    case WIRE_OUT:
        back.ack = ++other.outs != other.refuse_out;
        note_byte("o", signal->value);
        break;
    case WIRE_IN:
        back.value = other.next_in++;
        note("i");
        return back;
    case WIRE_ACK:
    case WIRE_NACK:
        note(signal->act == WIRE_ACK ? "a " : "n ");
        return back;
    default:
        note("P");
        return back;
    }
    note(back.ack ? " " : "! ");
    return back;
}

static void set_up(void)
{
    other = (struct other_side){.address = ADDRESS, .next_in = 0x31};
    r = rig_make(&nrf52_twim.type);
    r->peer = answer;
    rig_write(r, "FREQUENCY", K400);
    rig_write(r, "ENABLE", 6);
    rig_write(r, "ADDRESS", ADDRESS);
    rig_write(r, "TXD.PTR", TX);
    rig_write(r, "RXD.PTR", RX);
    memcpy(r->ram + 16, "abcdefgh", 8);
    memset(r->ram + 64, 0xee, 8);
}

static void tear_down(void)
{
    rig_free(r);
    r = NULL;
}

static void begin(const char *task, uint32_t size, uint32_t shorts)
{
    rig_write(r, strcmp(task, "TASKS_STARTTX") == 0 ? "TXD.MAXCNT" : "RXD.MAXCNT", size);
    rig_write(r, "SHORTS", shorts);
    rig_write(r, task, 1);
}

static void write_bytes(uint32_t size, uint32_t shorts)
{
    begin("TASKS_STARTTX", size, shorts);
}

static void read_bytes(uint32_t size, uint32_t shorts)
{
    begin("TASKS_STARTRX", size, shorts);
}

/* Long enough for all that these tests begin. */
static void run_on(void)
{
    rig_pass(r, PS_PER_MS);
}

static void ck_heard(const char *want)
{
    ck_assert_str_eq(other.heard, want);
}

static uint32_t events(const char *name)
{
    return rig_count(r, REQUEST_EVENT, name);
}

/* --- whole transfers -------------------------------------------------------------------------- */

START_TEST(writes_bytes_from_ram)
{
    write_bytes(3, STOP_AT_LAST);
    ck_assert_uint_eq(rig_read(r, "EVENTS_TXSTARTED"), 1);
    run_on();
    ck_heard("S90 o61 o62 o63 P");
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 3);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_LASTTX"), BIT_PS + 3 * BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_STOPPED"), BIT_PS + 4 * BYTE_PS + BIT_PS);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_READ, NULL), 3);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 0);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
}
END_TEST

START_TEST(reads_bytes_into_ram_and_refuses_the_last)
{
    read_bytes(3, STOP_AT_LASTRX);
    ck_assert_uint_eq(rig_read(r, "EVENTS_RXSTARTED"), 1);
    run_on();
    ck_heard("S91 ia ia in P");
    ck_assert_mem_eq(r->ram + 64, "123\xee", 4);
    ck_assert_uint_eq(rig_read(r, "RXD.AMOUNT"), 3);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_LASTRX"), BIT_PS + 3 * BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_STOPPED"), BIT_PS + 4 * BYTE_PS + BIT_PS);
}
END_TEST

START_TEST(one_byte_is_the_last_at_once)
{
    write_bytes(1, STOP_AT_LAST);
    run_on();
    ck_heard("S90 o61 P");
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_LASTTX"), BIT_PS + BYTE_PS);
}
END_TEST

START_TEST(write_then_read_is_one_transaction)
{
    rig_write(r, "RXD.MAXCNT", 2);
    write_bytes(1, STARTRX_AT_LAST | STOP_AT_LASTRX);
    run_on();
    ck_heard("S90 o61 S91 ia in P");
    ck_assert_mem_eq(r->ram + 64, "12", 2);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_RXSTARTED"), BIT_PS + 2 * BYTE_PS);
}
END_TEST

START_TEST(read_then_write_is_one_transaction)
{
    rig_write(r, "TXD.MAXCNT", 2);
    read_bytes(1, STARTTX_AT_LASTRX | STOP_AT_LAST);
    run_on();
    ck_heard("S91 in S90 o61 o62 P");
}
END_TEST

static const struct {
    uint32_t frequency, cycles;
} rates[] = {{K100, 160}, {K250, 64}, {K400, 40}};

START_TEST(bits_take_what_the_rate_says)
{
    rig_write(r, "FREQUENCY", rates[_i].frequency);
    write_bytes(2, STOP_AT_LAST);
    run_on();
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_STOPPED"), HF_PS * rates[_i].cycles * (1 + 27 + 1));
    ck_assert_uint_eq(other.bit_ps, HF_PS * rates[_i].cycles);
}
END_TEST

START_TEST(frequency_zero_never_ends_until_it_is_set)
{
    rig_write(r, "FREQUENCY", 0);
    write_bytes(1, STOP_AT_LAST);
    rig_pass(r, PS_PER_S);
    ck_heard("");
    rig_write(r, "FREQUENCY", K400);
    run_on();
    ck_heard("S90 o61 P");
}
END_TEST

/* --- memory ----------------------------------------------------------------------------------- */

START_TEST(memory_is_read_when_the_byte_begins)
{
    write_bytes(2, STOP_AT_LAST);
    r->ram[17] = 'X'; /* after STARTTX, before the second byte */
    run_on();
    ck_heard("S90 o61 o58 P");
}
END_TEST

START_TEST(pointer_and_length_are_latched_at_the_start)
{
    write_bytes(2, STOP_AT_LAST);
    rig_write(r, "TXD.PTR", 0);
    rig_write(r, "TXD.MAXCNT", 9);
    run_on();
    ck_heard("S90 o61 o62 P");
}
END_TEST

START_TEST(refused_memory_is_sent_as_zero)
{
    r->ram[RIG_RAM_SIZE - 1] = 'z';
    rig_write(r, "TXD.PTR", RIG_RAM_BASE + RIG_RAM_SIZE - 1);
    write_bytes(2, STOP_AT_LAST);
    run_on();
    ck_heard("S90 o7a o00 P");
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 2);
}
END_TEST

START_TEST(refused_memory_is_not_written_and_the_transfer_goes_on)
{
    rig_write(r, "RXD.PTR", RIG_RAM_BASE + RIG_RAM_SIZE - 1);
    read_bytes(2, STOP_AT_LASTRX);
    run_on();
    ck_heard("S91 ia in P");
    ck_assert_uint_eq(r->ram[RIG_RAM_SIZE - 1], '1');
    ck_assert_uint_eq(rig_read(r, "RXD.AMOUNT"), 2);
}
END_TEST

/* --- errors ----------------------------------------------------------------------------------- */

static void ck_failed(uint32_t source)
{
    ck_assert_uint_eq(events("EVENTS_ERROR"), 1);
    ck_assert_uint_eq(rig_read(r, "ERRORSRC"), source);
    ck_assert_uint_eq(events("EVENTS_STOPPED"), 0);
    rig_write(r, "TASKS_STOP", 1);
    run_on();
    ck_assert_uint_eq(events("EVENTS_STOPPED"), 1);
    rig_write(r, "ERRORSRC", source);
    ck_assert_uint_eq(rig_read(r, "ERRORSRC"), 0);
}

static const char *const starts[] = {"TASKS_STARTTX", "TASKS_STARTRX"};

START_TEST(address_that_nobody_takes_is_an_error)
{
    rig_write(r, "ADDRESS", 0x49);
    begin(starts[_i], 2, STOP_AT_LAST | STOP_AT_LASTRX);
    run_on();
    ck_heard(_i ? "S93! " : "S92! ");
    ck_failed(ANACK);
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 0);
    ck_assert_uint_eq(events("EVENTS_LASTTX") + events("EVENTS_LASTRX"), 0);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ERROR"), BIT_PS + BYTE_PS);
}
END_TEST

START_TEST(bus_without_anybody_is_an_error)
{
    write_bytes(2, STOP_AT_LAST);
    run_on();
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 2);
    r->count = 0;
    r->peer = NULL;
    write_bytes(2, STOP_AT_LAST);
    run_on();
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 0);
    ck_failed(ANACK);
}
END_TEST

START_TEST(byte_that_is_refused_is_an_error_and_counts)
{
    other.refuse_out = 2;
    write_bytes(4, STOP_AT_LAST);
    run_on();
    ck_heard("S90 o61 o62! ");
    ck_failed(DNACK);
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 2);
    ck_assert_uint_eq(events("EVENTS_LASTTX"), 0);
}
END_TEST

START_TEST(last_byte_that_is_refused_is_an_error_and_its_stop_follows)
{
    other.refuse_out = 2;
    write_bytes(2, STOP_AT_LAST);
    run_on();
    ck_heard("S90 o61 o62! P");
    ck_assert_uint_eq(rig_read(r, "ERRORSRC"), DNACK);
    ck_assert_uint_lt(rig_event_ps(r, "EVENTS_ERROR"), rig_event_ps(r, "EVENTS_STOPPED"));
}
END_TEST

START_TEST(error_forgets_the_start_that_waits)
{
    other.refuse_out = 1;
    rig_write(r, "RXD.MAXCNT", 2);
    write_bytes(1, STARTRX_AT_LAST);
    run_on();
    ck_heard("S90 o61! ");
    ck_failed(DNACK);
}
END_TEST

START_TEST(after_an_error_a_start_is_repeated)
{
    other.refuse_out = 1;
    write_bytes(2, 0);
    run_on();
    write_bytes(1, STOP_AT_LAST);
    run_on();
    ck_heard("S90 o61! S90 o61 P");
}
END_TEST

START_TEST(injected_overrun_loses_a_byte)
{
    read_bytes(3, STOP_AT_LASTRX);
    rig_run(r, BIT_PS + BYTE_PS + BYTE_PS / 2);
    r->d->fault.errors++;
    device_wake(r->d, r->now_ps);
    rig_serve(r);
    ck_assert_uint_eq(rig_read(r, "ERRORSRC"), OVERRUN);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 1);
    run_on();
    ck_heard("S91 ia ia in P");
    ck_assert_mem_eq(r->ram + 64, "\xee\x32\x33", 3);
    ck_assert_uint_eq(rig_read(r, "RXD.AMOUNT"), 3);
}
END_TEST

/* Nothing of that transfer came, so nothing is lost of the next one. */
START_TEST(overrun_ends_with_its_transfer)
{
    read_bytes(3, STOP_AT_LASTRX);
    rig_run(r, BIT_PS + BYTE_PS / 2);
    r->d->fault.errors++;
    device_wake(r->d, r->now_ps);
    rig_serve(r);
    rig_write(r, "TASKS_STOP", 1);
    run_on();
    rig_write(r, "ERRORSRC", OVERRUN);
    read_bytes(2, STOP_AT_LASTRX);
    run_on();
    ck_assert_uint_eq(rig_read(r, "ERRORSRC"), 0);
    ck_assert_mem_eq(r->ram + 64, "\x31\x32", 2);
}
END_TEST

START_TEST(injected_error_of_a_disabled_master_is_none)
{
    rig_write(r, "ENABLE", 0);
    r->d->fault.errors++;
    device_wake(r->d, r->now_ps);
    rig_serve(r);
    ck_assert_uint_eq(rig_read(r, "ERRORSRC"), 0);
    ck_assert_uint_eq(events("EVENTS_ERROR"), 0);
}
END_TEST

/* --- stop, suspend, resume -------------------------------------------------------------------- */

START_TEST(master_does_not_stop_by_itself)
{
    write_bytes(2, 0);
    rig_pass(r, PS_PER_S);
    ck_heard("S90 o61 o62 ");
    ck_assert_uint_eq(events("EVENTS_STOPPED"), 0);
    rig_write(r, "TASKS_STOP", 1);
    run_on();
    ck_heard("S90 o61 o62 P");
}
END_TEST

START_TEST(stop_ends_a_write_behind_the_byte_under_way)
{
    write_bytes(5, STOP_AT_LAST);
    rig_run(r, BIT_PS + BYTE_PS + 1);
    rig_write(r, "TASKS_STOP", 1);
    run_on();
    ck_heard("S90 o61 P");
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 1);
    ck_assert_uint_eq(events("EVENTS_LASTTX"), 0);
}
END_TEST

START_TEST(stop_ends_a_read_and_refuses_the_byte_under_way)
{
    read_bytes(5, STOP_AT_LASTRX);
    rig_run(r, BIT_PS + 2 * BYTE_PS + 1);
    rig_write(r, "TASKS_STOP", 1);
    run_on();
    ck_heard("S91 ia in P");
    ck_assert_uint_eq(rig_read(r, "RXD.AMOUNT"), 2);
}
END_TEST

START_TEST(stop_of_an_idle_master_is_done_at_once)
{
    rig_write(r, "TASKS_STOP", 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_STOPPED"), 1);
    ck_heard("");
}
END_TEST

START_TEST(stop_that_comes_twice_stops_once)
{
    write_bytes(1, STOP_AT_LAST);
    rig_run(r, BIT_PS + 2 * BYTE_PS + 1); /* in the STOP condition */
    rig_write(r, "TASKS_STOP", 1);
    run_on();
    ck_assert_uint_eq(events("EVENTS_STOPPED"), 1);
}
END_TEST

START_TEST(empty_write_is_an_address_that_wants_a_stop)
{
    write_bytes(0, STOP_AT_LAST);
    run_on();
    ck_heard("S90 ");
    ck_assert_uint_eq(events("EVENTS_LASTTX"), 0);
    rig_write(r, "TASKS_STOP", 1);
    run_on();
    ck_heard("S90 P");
}
END_TEST

START_TEST(empty_read_is_an_address_that_wants_a_stop)
{
    read_bytes(0, STOP_AT_LASTRX);
    rig_write(r, "TASKS_STOP", 1);
    run_on();
    ck_heard("S91 P");
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 0);
}
END_TEST

START_TEST(suspended_master_holds_the_clock_until_it_is_resumed)
{
    write_bytes(3, STOP_AT_LAST);
    rig_run(r, BIT_PS + BYTE_PS + 1);
    rig_write(r, "TASKS_SUSPEND", 1);
    rig_pass(r, PS_PER_S);
    ck_heard("S90 o61 ");
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_SUSPENDED"), BIT_PS + 2 * BYTE_PS);
    rig_write(r, "TASKS_RESUME", 1);
    run_on();
    ck_heard("S90 o61 o62 o63 P");
}
END_TEST

START_TEST(stop_of_a_suspended_master_has_no_effect)
{
    write_bytes(2, SUSPEND_AT_LAST);
    run_on();
    ck_assert_uint_eq(events("EVENTS_SUSPENDED"), 1);
    rig_write(r, "TASKS_STOP", 1);
    run_on();
    rig_write(r, "TASKS_RESUME", 1);
    run_on();
    ck_assert_uint_eq(events("EVENTS_STOPPED"), 0);
    rig_write(r, "TASKS_STOP", 1);
    run_on();
    ck_assert_uint_eq(events("EVENTS_STOPPED"), 1);
    ck_heard("S90 o61 o62 P");
}
END_TEST

/* Drivers do it in either order. */
START_TEST(write_goes_on_by_a_repeated_start_after_a_suspension)
{
    write_bytes(1, SUSPEND_AT_LAST);
    run_on();
    rig_write(r, "SHORTS", STOP_AT_LAST);
    rig_write(r, _i ? "TASKS_STARTTX" : "TASKS_RESUME", 1);
    run_on();
    rig_write(r, _i ? "TASKS_RESUME" : "TASKS_STARTTX", 1);
    run_on();
    ck_heard("S90 o61 S90 o61 P");
}
END_TEST

START_TEST(read_is_suspended_at_its_last_byte)
{
    read_bytes(2, SUSPEND_AT_LASTRX);
    run_on();
    ck_heard("S91 ia in ");
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_SUSPENDED"), BIT_PS + 3 * BYTE_PS);
}
END_TEST

START_TEST(resume_takes_a_suspend_back)
{
    write_bytes(2, STOP_AT_LAST);
    rig_write(r, "TASKS_SUSPEND", 1);
    rig_write(r, "TASKS_RESUME", 1);
    run_on();
    ck_heard("S90 o61 o62 P");
    ck_assert_uint_eq(events("EVENTS_SUSPENDED"), 0);
}
END_TEST

START_TEST(suspend_of_an_idle_master_does_nothing)
{
    rig_write(r, "TASKS_SUSPEND", 1);
    write_bytes(1, STOP_AT_LAST);
    run_on();
    ck_heard("S90 o61 P");
    ck_assert_uint_eq(events("EVENTS_SUSPENDED"), 0);
}
END_TEST

START_TEST(suspend_of_a_master_that_waits_is_done_at_once)
{
    write_bytes(1, 0);
    run_on();
    rig_write(r, "TASKS_SUSPEND", 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_SUSPENDED"), 1);
}
END_TEST

START_TEST(start_in_a_transfer_waits_for_its_end)
{
    rig_write(r, "RXD.MAXCNT", 1);
    write_bytes(2, 0);
    rig_write(r, "TASKS_STARTRX", 1);
    run_on();
    ck_heard("S90 o61 o62 S91 in ");
}
END_TEST

START_TEST(start_in_a_stop_begins_behind_it)
{
    write_bytes(1, STOP_AT_LAST);
    rig_run(r, BIT_PS + 2 * BYTE_PS + 1);
    rig_write(r, "TASKS_STARTTX", 1);
    run_on();
    ck_heard("S90 o61 PS90 o61 P");
}
END_TEST

/* --- the clock, held by the other side -------------------------------------------------------- */

/* Signals: address, byte, byte; or address, byte, our word on it, byte, our word. */
static const struct {
    const char *task, *heard;
    uint32_t at;
} stretches[] = {
    {"TASKS_STARTTX", "S90 o61 o62 P", 1}, {"TASKS_STARTTX", "S90 o61 o62 P", 2},
    {"TASKS_STARTTX", "S90 o61 o62 P", 3}, {"TASKS_STARTRX", "S91 ia in P", 1},
    {"TASKS_STARTRX", "S91 ia in P", 2},   {"TASKS_STARTRX", "S91 ia in P", 3},
};

START_TEST(stretched_clock_delays_what_follows)
{
    other.stretch_at = stretches[_i].at;
    other.stretch_ps = 1000 * HF_PS;
    begin(stretches[_i].task, 2, STOP_AT_LAST | STOP_AT_LASTRX);
    run_on();
    ck_heard(stretches[_i].heard);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_STOPPED"), 2 * BIT_PS + 3 * BYTE_PS + 1000 * HF_PS);
}
END_TEST

START_TEST(next_byte_is_read_when_the_clock_is_let_go)
{
    other.stretch_at = 2;
    other.stretch_ps = 1000 * HF_PS;
    write_bytes(2, STOP_AT_LAST);
    rig_run(r, BIT_PS + 2 * BYTE_PS + 999 * HF_PS);
    ck_assert_uint_eq(events("EVENTS_LASTTX"), 0);
    r->ram[17] = 'X';
    run_on();
    ck_heard("S90 o61 o58 P");
}
END_TEST

START_TEST(clock_that_is_never_let_go_ends_nothing)
{
    other.stretch_at = 2;
    other.stretch_ps = TIME_NEVER;
    write_bytes(2, STOP_AT_LAST);
    rig_pass(r, PS_PER_S);
    rig_write(r, "TASKS_STOP", 1);
    rig_pass(r, PS_PER_S);
    ck_heard("S90 o61 ");
    ck_assert_uint_eq(events("EVENTS_STOPPED") + events("EVENTS_ERROR"), 0);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
}
END_TEST

START_TEST(clock_that_is_held_outlives_the_master)
{
    other.stretch_at = 1;
    other.stretch_ps = PS_PER_MS;
    write_bytes(1, STOP_AT_LAST);
    rig_pass(r, 20 * BIT_PS);
    rig_write(r, "ENABLE", 0);
    rig_write(r, "ENABLE", 6);
    rig_write(r, "TASKS_STARTTX", 1);
    rig_pass(r, PS_PER_MS / 2);
    ck_heard("S90 ");
    run_on();
    ck_heard("S90 S90 o61 P");
}
END_TEST

START_TEST(stretch_of_a_refusal_comes_first)
{
    other.refuse_out = 1;
    other.stretch_at = 2;
    other.stretch_ps = 1000 * HF_PS;
    write_bytes(1, STOP_AT_LAST);
    run_on();
    ck_heard("S90 o61! P");
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_STOPPED"), 2 * BIT_PS + 2 * BYTE_PS + 1000 * HF_PS);
}
END_TEST

/* --- enable, interrupts ----------------------------------------------------------------------- */

static const uint32_t others_enables[] = {0, 2, 5, 7, 9};

START_TEST(only_six_enables)
{
    rig_write(r, "ENABLE", others_enables[_i]);
    write_bytes(1, STOP_AT_LAST);
    rig_write(r, "TASKS_STARTRX", 1);
    rig_write(r, "TASKS_STOP", 1);
    run_on();
    ck_heard("");
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 0);
}
END_TEST

START_TEST(disabling_cuts_off_at_once)
{
    write_bytes(5, STOP_AT_LAST);
    rig_pass(r, BIT_PS + BYTE_PS + 1);
    rig_write(r, "ENABLE", 0);
    r->count = 0;
    run_on();
    ck_heard("S90 ");
    ck_assert_uint_eq(r->count, 0);
    rig_write(r, "ENABLE", 6);
    write_bytes(1, STOP_AT_LAST);
    run_on();
    ck_heard("S90 S90 o61 P");
}
END_TEST

START_TEST(each_event_raises_the_line)
{
    static const char *const names[] = {"EVENTS_STOPPED", "EVENTS_TXSTARTED", "EVENTS_LASTTX"};
    static const uint32_t bits[] = {1, 20, 24};
    rig_write(r, "INTENSET", 1u << bits[_i]);
    write_bytes(1, STOP_AT_LAST);
    run_on();
    ck_assert(device_line(r->d));
    rig_write(r, names[_i], 0);
    ck_assert(!device_line(r->d));
}
END_TEST

/* --- Check ------------------------------------------------------------------------------------ */

static void add_transfers(Suite *suite)
{
    TCase *c = tcase_create("transfers");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, writes_bytes_from_ram);
    tcase_add_test(c, reads_bytes_into_ram_and_refuses_the_last);
    tcase_add_test(c, one_byte_is_the_last_at_once);
    tcase_add_test(c, write_then_read_is_one_transaction);
    tcase_add_test(c, read_then_write_is_one_transaction);
    tcase_add_loop_test(c, bits_take_what_the_rate_says, 0, COUNT(rates));
    tcase_add_test(c, frequency_zero_never_ends_until_it_is_set);
    tcase_add_test(c, memory_is_read_when_the_byte_begins);
    tcase_add_test(c, pointer_and_length_are_latched_at_the_start);
    tcase_add_test(c, refused_memory_is_sent_as_zero);
    tcase_add_test(c, refused_memory_is_not_written_and_the_transfer_goes_on);
    tcase_add_loop_test(c, only_six_enables, 0, COUNT(others_enables));
    tcase_add_test(c, disabling_cuts_off_at_once);
    tcase_add_loop_test(c, each_event_raises_the_line, 0, 3);
    suite_add_tcase(suite, c);
}

static void add_errors(Suite *suite)
{
    TCase *c = tcase_create("errors");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, address_that_nobody_takes_is_an_error, 0, COUNT(starts));
    tcase_add_test(c, bus_without_anybody_is_an_error);
    tcase_add_test(c, byte_that_is_refused_is_an_error_and_counts);
    tcase_add_test(c, last_byte_that_is_refused_is_an_error_and_its_stop_follows);
    tcase_add_test(c, error_forgets_the_start_that_waits);
    tcase_add_test(c, after_an_error_a_start_is_repeated);
    tcase_add_test(c, injected_overrun_loses_a_byte);
    tcase_add_test(c, overrun_ends_with_its_transfer);
    tcase_add_test(c, injected_error_of_a_disabled_master_is_none);
    tcase_add_loop_test(c, stretched_clock_delays_what_follows, 0, COUNT(stretches));
    tcase_add_test(c, next_byte_is_read_when_the_clock_is_let_go);
    tcase_add_test(c, clock_that_is_never_let_go_ends_nothing);
    tcase_add_test(c, clock_that_is_held_outlives_the_master);
    tcase_add_test(c, stretch_of_a_refusal_comes_first);
    suite_add_tcase(suite, c);
}

static void add_pauses(Suite *suite)
{
    TCase *c = tcase_create("pauses");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, master_does_not_stop_by_itself);
    tcase_add_test(c, stop_ends_a_write_behind_the_byte_under_way);
    tcase_add_test(c, stop_ends_a_read_and_refuses_the_byte_under_way);
    tcase_add_test(c, stop_of_an_idle_master_is_done_at_once);
    tcase_add_test(c, stop_that_comes_twice_stops_once);
    tcase_add_test(c, empty_write_is_an_address_that_wants_a_stop);
    tcase_add_test(c, empty_read_is_an_address_that_wants_a_stop);
    tcase_add_test(c, suspended_master_holds_the_clock_until_it_is_resumed);
    tcase_add_test(c, stop_of_a_suspended_master_has_no_effect);
    tcase_add_loop_test(c, write_goes_on_by_a_repeated_start_after_a_suspension, 0, 2);
    tcase_add_test(c, read_is_suspended_at_its_last_byte);
    tcase_add_test(c, resume_takes_a_suspend_back);
    tcase_add_test(c, suspend_of_an_idle_master_does_nothing);
    tcase_add_test(c, suspend_of_a_master_that_waits_is_done_at_once);
    tcase_add_test(c, start_in_a_transfer_waits_for_its_end);
    tcase_add_test(c, start_in_a_stop_begins_behind_it);
    suite_add_tcase(suite, c);
}

int main(void)
{
    Suite *suite = suite_create("twim");
    add_transfers(suite);
    add_errors(suite);
    add_pauses(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
