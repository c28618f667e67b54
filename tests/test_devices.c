/* test_devices.c: UARTE, RNG, TEMP, GPIO, GPIOTE, EGU, CLOCK and POWER, the hostile device; and
 * that the kernel's quiesce steps bring each of them back to reset. */
#include "devices/catalogue.h"
#include "model/quiesce_nrf52.h"
#include "tests/support_device_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define HF_PS UINT64_C(62500)

static struct rig *r;

static void tear_down(void)
{
    rig_free(r);
    r = NULL;
}

/* --- UARTE ----------------------------------------------------------------------------------- */

enum { BAUD_1M = 0x10000000, BUFFER = RIG_RAM_BASE + 16 };
#define BYTE_PS (HF_PS * 160) /* at 1 Mbaud */

static void set_up_uarte(void)
{
    r = rig_make(&nrf52_uarte.type);
    rig_write(r, "BAUDRATE", BAUD_1M);
    rig_write(r, "ENABLE", 8);
}

static void send(const char *text)
{
    memcpy(r->ram + 16, text, strlen(text));
    rig_write(r, "TXD.PTR", BUFFER);
    rig_write(r, "TXD.MAXCNT", (uint32_t)strlen(text));
    rig_write(r, "TASKS_STARTTX", 1);
}

static void receive(uint32_t size)
{
    rig_write(r, "RXD.PTR", BUFFER);
    rig_write(r, "RXD.MAXCNT", size);
    rig_write(r, "TASKS_STARTRX", 1);
}

static void ck_wire(const char *want)
{
    const struct rig_entry *e = NULL;
    uint32_t from = 0;
    for (; *want; want++) {
        e = rig_find(r, from, REQUEST_WIRE, NULL);
        ck_assert_ptr_nonnull(e);
        ck_assert_int_eq(e->size, *want);
        from = (uint32_t)(e - r->log) + 1;
    }
    ck_assert_ptr_null(rig_find(r, from, REQUEST_WIRE, NULL));
}

START_TEST(uarte_sends_bytes_one_byte_time_apart)
{
    send("Hi!");
    ck_assert_uint_eq(rig_read(r, "EVENTS_TXSTARTED"), 1);
    rig_run(r, 3 * BYTE_PS - 1);
    ck_wire("Hi");
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_TXDRDY"), BYTE_PS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDTX"), 0);
    rig_run(r, 3 * BYTE_PS);
    ck_wire("Hi!");
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDTX"), 1);
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 3);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_READ, NULL), 3);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_TXDRDY"), 3);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
}
END_TEST

START_TEST(uarte_reads_memory_when_the_byte_is_due)
{
    send("ab");
    r->ram[17] = 'X'; /* after STARTTX, before the second byte */
    rig_run(r, 2 * BYTE_PS);
    ck_wire("aX");
}
END_TEST

START_TEST(uarte_latches_pointer_and_length_at_start)
{
    send("abc");
    rig_write(r, "TXD.PTR", 0);
    rig_write(r, "TXD.MAXCNT", 1);
    rig_run(r, 9 * BYTE_PS);
    ck_wire("abc");
}
END_TEST

START_TEST(uarte_refused_memory_reads_as_zero_and_is_seen)
{
    rig_write(r, "TXD.PTR", RIG_RAM_BASE + RIG_RAM_SIZE - 1);
    rig_write(r, "TXD.MAXCNT", 2);
    r->ram[RIG_RAM_SIZE - 1] = 'z';
    rig_write(r, "TASKS_STARTTX", 1);
    rig_run(r, 2 * BYTE_PS);
    const struct rig_entry *second = rig_find(r, 0, REQUEST_WIRE, NULL);
    ck_assert_int_eq(second->size, 'z');
    second = rig_find(r, (uint32_t)(second - r->log) + 1, REQUEST_WIRE, NULL);
    ck_assert_int_eq(second->size, 0);
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 2);
}
END_TEST

/* Actual rates as the product specification lists them: 16 MHz / divider. */
static const struct {
    uint32_t baudrate, config, bits, cycles_per_bit;
} rates[] = {
    {0x0004f000, 0x00, 10, 13273}, /* 1200 */
    {0x00275000, 0x00, 10, 1667},  /* 9600 */
    {0x01d60000, 0x00, 10, 139},   /* 115200 */
    {0x04000000, 0x00, 10, 64},    /* 250000 */
    {0x0f000000, 0x00, 10, 17},    /* 921600 */
    {0x10000000, 0x0e, 11, 16},    /* 1M, parity */
    {0x10000000, 0x10, 11, 16},    /* 1M, two stop bits */
    {0x10000000, 0x1e, 12, 16},    /* 1M, both */
};

START_TEST(uarte_byte_takes_what_the_rate_says)
{
    rig_write(r, "BAUDRATE", rates[_i].baudrate);
    rig_write(r, "CONFIG", rates[_i].config);
    send("a");
    rig_pass(r, PS_PER_S);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDTX"),
                      HF_PS * rates[_i].bits * rates[_i].cycles_per_bit);
}
END_TEST

START_TEST(uarte_baud_rate_zero_never_ends_until_it_is_set)
{
    rig_write(r, "BAUDRATE", 0);
    send("a");
    rig_pass(r, PS_PER_S);
    ck_wire("");
    rig_write(r, "BAUDRATE", BAUD_1M);
    rig_pass(r, BYTE_PS);
    ck_wire("a");
}
END_TEST

START_TEST(uarte_stop_sends_the_byte_under_way)
{
    send("abc");
    rig_run(r, BYTE_PS / 2);
    rig_write(r, "TASKS_STOPTX", 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_TXSTOPPED"), 0);
    rig_run(r, 9 * BYTE_PS);
    ck_wire("a");
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_TXSTOPPED"), BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDTX"), BYTE_PS);
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 1);
}
END_TEST

START_TEST(uarte_idle_transmitter_stops_at_once)
{
    rig_write(r, "TASKS_STOPTX", 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_TXSTOPPED"), 1);
}
END_TEST

START_TEST(uarte_sends_nothing_while_disabled)
{
    rig_write(r, "ENABLE", 4);
    send("a");
    rig_write(r, "TASKS_STOPTX", 1);
    receive(1);
    rig_packet(r, "x", 1);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_READ, NULL), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 0);
}
END_TEST

START_TEST(uarte_empty_transmission_ends_after_a_byte_time)
{
    send("");
    rig_run(r, 9 * BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDTX"), BYTE_PS);
    ck_wire("");
}
END_TEST

START_TEST(uarte_receives_into_ram_at_the_baud_rate)
{
    receive(3);
    ck_assert_uint_eq(rig_read(r, "EVENTS_RXSTARTED"), 1);
    rig_packet(r, "xyz", 3);
    rig_run(r, 2 * BYTE_PS);
    ck_assert_mem_eq(r->ram + 16, "xy\0", 3);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_RXDRDY"), BYTE_PS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDRX"), 0);
    rig_run(r, 3 * BYTE_PS);
    ck_assert_mem_eq(r->ram + 16, "xyz", 3);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDRX"), 3 * BYTE_PS);
    ck_assert_uint_eq(rig_read(r, "RXD.AMOUNT"), 3);
}
END_TEST

START_TEST(uarte_bytes_to_nobody_are_lost_without_error)
{
    rig_packet(r, "xy", 2);
    rig_run(r, BYTE_PS);
    receive(1);
    rig_run(r, 2 * BYTE_PS);
    ck_assert_mem_eq(r->ram + 16, "y", 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 0);
}
END_TEST

START_TEST(uarte_bytes_between_two_buffers_wait_in_the_fifo)
{
    receive(1);
    rig_packet(r, "abc", 3);
    rig_run(r, 3 * BYTE_PS);
    ck_assert_mem_eq(r->ram + 16, "a\0\0", 3);
    receive(2);
    ck_assert_mem_eq(r->ram + 16, "bc", 2);
    ck_assert_uint_eq(rig_read(r, "RXD.AMOUNT"), 2);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_ENDRX"), 2);
}
END_TEST

START_TEST(uarte_overruns_when_the_fifo_is_full)
{
    receive(1);
    rig_packet(r, "abcdefg", 7);
    rig_run(r, 5 * BYTE_PS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 0);
    rig_run(r, 6 * BYTE_PS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 1);
    ck_assert_uint_eq(rig_read(r, "ERRORSRC"), 1);
    rig_write(r, "ERRORSRC", 1);
    ck_assert_uint_eq(rig_read(r, "ERRORSRC"), 0);
}
END_TEST

START_TEST(uarte_short_starts_the_next_buffer)
{
    rig_write(r, "SHORTS", 1 << 5);
    receive(2);
    rig_write(r, "RXD.PTR", BUFFER + 2);
    rig_packet(r, "abcd", 4);
    rig_run(r, 4 * BYTE_PS);
    ck_assert_mem_eq(r->ram + 16, "abcd", 4);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_ENDRX"), 2);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_RXSTARTED"), 3);
    ck_assert_uint_eq(rig_count(r, REQUEST_TASK, "TASKS_STARTRX"), 3);
}
END_TEST

START_TEST(uarte_small_buffers_drain_a_full_fifo_in_order)
{
    receive(1);
    rig_packet(r, "abcd", 4);
    rig_run(r, 4 * BYTE_PS);
    rig_write(r, "SHORTS", 1 << 5);
    rig_write(r, "TASKS_STARTRX", 1); /* one byte buffers: b, c, d, all at once */
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 4);
    ck_assert_mem_eq(r->ram + 16, "d", 1);
    ck_assert_uint_eq(r->d->lost_requests, 0);
}
END_TEST

START_TEST(uarte_stop_ends_a_part_filled_buffer_before_rxto)
{
    receive(10);
    rig_packet(r, "ab", 2);
    rig_run(r, 2 * BYTE_PS);
    rig_write(r, "TASKS_STOPRX", 1);
    rig_packet(r, "c", 1); /* still taken */
    rig_run(r, 6 * BYTE_PS - 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_RXTO"), 0);
    rig_run(r, 6 * BYTE_PS);
    const struct rig_entry *end = rig_find(r, 0, REQUEST_EVENT, "EVENTS_ENDRX");
    const struct rig_entry *timeout = rig_find(r, 0, REQUEST_EVENT, "EVENTS_RXTO");
    ck_assert(end && timeout && end < timeout);
    ck_assert_uint_eq(timeout->at_ps, 6 * BYTE_PS);
    ck_assert_uint_eq(rig_read(r, "RXD.AMOUNT"), 3);
    rig_packet(r, "d", 1);
    rig_run(r, 9 * BYTE_PS);
    ck_assert_mem_eq(r->ram + 16, "abc\0", 4);
}
END_TEST

START_TEST(uarte_byte_that_ends_with_the_receiver_is_counted)
{
    receive(10);
    rig_packet(r, "abcd", 4);
    rig_write(r, "TASKS_STOPRX", 1);
    rig_run(r, 4 * BYTE_PS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_RXTO"), 1);
    ck_assert_uint_eq(rig_read(r, "RXD.AMOUNT"), 4);
    ck_assert_mem_eq(r->ram + 16, "abcd\0", 5);
}
END_TEST

START_TEST(uarte_flush_moves_the_fifo_to_ram)
{
    receive(1);
    rig_packet(r, "abc", 3);
    rig_run(r, 3 * BYTE_PS);
    rig_write(r, "TASKS_STOPRX", 1);
    rig_pass(r, 4 * BYTE_PS);
    rig_write(r, "RXD.MAXCNT", 8);
    rig_write(r, "TASKS_FLUSHRX", 1);
    ck_assert_mem_eq(r->ram + 16, "bc", 2);
    ck_assert_uint_eq(rig_read(r, "RXD.AMOUNT"), 2);
    rig_write(r, "TASKS_FLUSHRX", 1);
    ck_assert_uint_eq(rig_read(r, "RXD.AMOUNT"), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_ENDRX"), 3);
}
END_TEST

START_TEST(uarte_disable_stops_dma_silently)
{
    send("abc");
    receive(3);
    rig_packet(r, "xyz", 3);
    rig_run(r, BYTE_PS);
    uint32_t before = r->count;
    rig_write(r, "ENABLE", 0);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(r->count, before);
    rig_write(r, "ENABLE", 8);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(r->count, before);
}
END_TEST

START_TEST(uarte_starts_afresh_after_a_disable)
{
    send("abcdef");
    receive(1);
    rig_packet(r, "xyz", 3);
    rig_run(r, 3 * BYTE_PS); /* y and z are in the FIFO */
    rig_write(r, "ENABLE", 0);
    rig_write(r, "ENABLE", 8);
    r->count = 0;
    receive(2);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 0); /* the FIFO is empty */
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_RXSTARTED"), 1);
    send("d");
    rig_pass(r, BYTE_PS);
    ck_wire("d");
}
END_TEST

START_TEST(uarte_receiver_that_stops_cannot_be_started)
{
    receive(1);
    rig_packet(r, "a", 1);
    rig_run(r, BYTE_PS);
    rig_write(r, "TASKS_STOPRX", 1);
    receive(1);
    rig_pass(r, 9 * BYTE_PS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_RXSTARTED"), 1);
    receive(1); /* it has stopped */
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_RXSTARTED"), 2);
}
END_TEST

START_TEST(uarte_error_injection_is_a_framing_error)
{
    rig_write(r, "INTENSET", 1 << 9);
    r->d->fault.errors++;
    device_wake(r->d, 0);
    rig_serve(r);
    ck_assert_uint_eq(rig_read(r, "ERRORSRC"), 4);
    ck_assert(device_line(r->d));
}
END_TEST

START_TEST(uarte_wire_holds_256_bytes_and_counts_the_rest)
{
    static const uint8_t many[300];
    receive(1);
    rig_packet(r, many, sizeof many);
    ck_assert_uint_eq(r->d->lost_requests, 44);
}
END_TEST

/* --- RNG, TEMP ------------------------------------------------------------------------------- */

START_TEST(rng_makes_bytes_at_the_times_of_the_specification)
{
    uint64_t byte_us = _i ? 120 : 30;
    r = rig_make(&nrf52_rng.type);
    rig_write(r, "CONFIG", (uint32_t)_i);
    rig_write(r, "INTENSET", 1);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, 100 * PS_PER_US);
    rig_write(r, "TASKS_START", 1); /* it runs already */
    rig_run(r, 10 * PS_PER_MS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_VALRDY"), (128 + byte_us) * PS_PER_US);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), (10000 - 128) / byte_us);
    ck_assert(device_line(r->d));
    rig_write(r, "TASKS_STOP", 1);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
}
END_TEST

static uint32_t ones_of(uint32_t corrected, uint32_t bytes)
{
    uint32_t ones = 0;
    rig_write(r, "CONFIG", corrected);
    rig_write(r, "SHORTS", 1);
    for (uint32_t i = 0; i < bytes; i++) {
        rig_write(r, "TASKS_START", 1);
        r->count = 0;
        rig_pass(r, PS_PER_MS);
        ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 1); /* VALRDY_STOP */
        ones += (uint32_t)__builtin_popcount(rig_read(r, "VALUE"));
    }
    return ones;
}

START_TEST(rng_bias_correction_makes_bits_even)
{
    r = rig_make(&nrf52_rng.type);
    uint32_t bytes = 10000, bits = 8 * bytes;
    uint32_t raw = ones_of(0, bytes), corrected = ones_of(1, bytes);
    ck_assert_uint_gt(raw, bits / 32 * 17 - 800);
    ck_assert_uint_lt(raw, bits / 32 * 17 + 800);
    ck_assert_uint_gt(corrected, bits / 2 - 800);
    ck_assert_uint_lt(corrected, bits / 2 + 800);
}
END_TEST

START_TEST(temp_measures_in_36_us)
{
    r = rig_make(&nrf52_temp.type);
    r->d->type->on_parameter(r->d, 0, (uint32_t)-7);
    rig_write(r, "INTENSET", 1);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, 36 * PS_PER_US - 1);
    ck_assert(!device_line(r->d));
    ck_assert_uint_eq(rig_read(r, "TEMP"), 0);
    rig_run(r, 36 * PS_PER_US);
    ck_assert(device_line(r->d));
    ck_assert_int_eq((int32_t)rig_read(r, "TEMP"), -7);
}
END_TEST

START_TEST(temp_stop_gives_no_result)
{
    r = rig_make(&nrf52_temp.type);
    rig_write(r, "TASKS_START", 1);
    rig_write(r, "TASKS_STOP", 1);
    rig_run(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_DATARDY"), 0);
}
END_TEST

/* --- EGU ------------------------------------------------------------------------------------- */

START_TEST(egu_task_generates_its_event)
{
    static const char *const names[][2] = {{"TASKS_TRIGGER[0]", "EVENTS_TRIGGERED[0]"},
                                           {"TASKS_TRIGGER[7]", "EVENTS_TRIGGERED[7]"},
                                           {"TASKS_TRIGGER[15]", "EVENTS_TRIGGERED[15]"}};
    r = rig_make(&nrf52_egu.type);
    rig_write(r, names[_i][0], 1);
    ck_assert_uint_eq(rig_read(r, names[_i][1]), 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 1);
    ck_assert(!device_line(r->d));
    rig_write(r, "INTEN", 0xffff);
    ck_assert(device_line(r->d));
}
END_TEST

/* --- GPIO ------------------------------------------------------------------------------------ */

enum { INPUT = 0, INPUT_OFF = 2, OUTPUT = 1, PULL_DOWN = 4, PULL_UP = 0xc };
enum { SENSE_HIGH = 0x20000, SENSE_LOW = 0x30000 };

static const struct {
    const char *why;
    uint32_t config, out;
    uint8_t outside; /* 0, 1, or 2: not driven */
    uint32_t in;
} levels[] = {
    {"output seen by its own buffer", OUTPUT, 1, 2, 1},
    {"output low", OUTPUT, 0, 1, 0},
    {"output without buffer", OUTPUT | INPUT_OFF, 1, 2, 0},
    {"input follows the outside", INPUT, 0, 1, 1},
    {"OUT says nothing of an input", INPUT, 1, 0, 0},
    {"input without buffer", INPUT_OFF, 0, 1, 0},
    {"pull-up of a free pin", PULL_UP, 0, 2, 1},
    {"pull-up against the outside", PULL_UP, 0, 0, 0},
    {"pull-down of a free pin", PULL_DOWN, 0, 2, 0},
    {"free pin", INPUT, 0, 2, 0},
};

START_TEST(gpio_input_shows_the_level_of_the_pin)
{
    const char *port = _i % 2 ? "P1." : "";
    uint8_t packet[] = {(uint8_t)(_i % 2 ? 32 + 5 : 5), levels[_i / 2].outside};
    char name[32];
    r = rig_make(&nrf52_gpio);
    rig_packet(r, packet, sizeof packet);
    snprintf(name, sizeof name, "%sPIN_CNF[5]", port);
    rig_write(r, name, levels[_i / 2].config);
    snprintf(name, sizeof name, "%sOUT", port);
    rig_write(r, name, levels[_i / 2].out << 5);
    snprintf(name, sizeof name, "%sIN", port);
    uint32_t in = rig_read(r, name);
    ck_assert_msg(in == levels[_i / 2].in << 5, "%s: got %#x", levels[_i / 2].why, in);
    snprintf(name, sizeof name, "%sIN", _i % 2 ? "" : "P1.");
    ck_assert_uint_eq(rig_read(r, name), 0); /* the other port */
}
END_TEST

START_TEST(gpio_direction_is_one_bit_seen_twice)
{
    r = rig_make(&nrf52_gpio);
    rig_write(r, "DIRSET", 1u << 31);
    ck_assert_uint_eq(rig_read(r, "PIN_CNF[31]"), 3);
    rig_write(r, "PIN_CNF[4]", OUTPUT);
    ck_assert_uint_eq(rig_read(r, "DIR"), 1u << 31 | 1u << 4);
    rig_write(r, "PIN_CNF[4]", INPUT);
    ck_assert_uint_eq(rig_read(r, "DIR"), 1u << 31);
    rig_write(r, "PIN_CNF[4]", OUTPUT);
    rig_write(r, "DIRCLR", 0xffffffff);
    ck_assert_uint_eq(rig_read(r, "PIN_CNF[4]"), 0);
}
END_TEST

START_TEST(gpio_set_and_clear_change_their_pins_alone)
{
    r = rig_make(&nrf52_gpio);
    rig_write(r, "OUT", 0xf0);
    rig_write(r, "OUTSET", 0x01);
    rig_write(r, "OUTCLR", 0x10);
    ck_assert_uint_eq(rig_read(r, "OUT"), 0xe1);
    rig_write(r, "P1.OUT", 0xffffffff);
    ck_assert_uint_eq(rig_read(r, "P1.OUT"), 0xffff); /* P1 has 16 pins */
}
END_TEST

START_TEST(gpio_latch_holds_what_sense_saw)
{
    uint8_t high[] = {3, 1}, low[] = {3, 0};
    r = rig_make(&nrf52_gpio);
    rig_write(r, "PIN_CNF[3]", SENSE_HIGH);
    rig_write(r, "PIN_CNF[4]", SENSE_HIGH | INPUT_OFF);
    ck_assert_uint_eq(rig_read(r, "LATCH"), 0);
    rig_packet(r, high, 2);
    ck_assert_uint_eq(rig_read(r, "LATCH"), 8);
    rig_write(r, "LATCH", 8);
    ck_assert_uint_eq(rig_read(r, "LATCH"), 8); /* still high */
    rig_packet(r, low, 2);
    ck_assert_uint_eq(rig_read(r, "LATCH"), 8); /* it was high */
    rig_write(r, "LATCH", 8);
    ck_assert_uint_eq(rig_read(r, "LATCH"), 0);
}
END_TEST

START_TEST(gpio_latch_sees_low_pins_too)
{
    uint8_t high[] = {32, 1}, low[] = {32, 0};
    r = rig_make(&nrf52_gpio);
    rig_packet(r, high, 2);
    rig_write(r, "P1.PIN_CNF[0]", SENSE_LOW);
    ck_assert_uint_eq(rig_read(r, "P1.LATCH"), 0);
    rig_packet(r, low, 2);
    ck_assert_uint_eq(rig_read(r, "P1.LATCH"), 1);
}
END_TEST

START_TEST(gpio_parameters_drive_pins)
{
    r = rig_make(&nrf52_gpio);
    r->d->type->on_parameter(r->d, 0, 0x80000001);
    r->d->type->on_parameter(r->d, 1, 0xffff0002);
    r->d->type->on_parameter(r->d, 2, 0x2);
    rig_write(r, "PIN_CNF[0]", INPUT);
    rig_write(r, "PIN_CNF[1]", PULL_UP);
    rig_write(r, "PIN_CNF[31]", INPUT);
    rig_write(r, "P1.PIN_CNF[1]", INPUT);
    ck_assert_uint_eq(rig_read(r, "IN"), 0x80000001);
    ck_assert_uint_eq(rig_read(r, "P1.IN"), 2);
}
END_TEST

/* --- GPIOTE ---------------------------------------------------------------------------------- */

#define EVENT_MODE(pin, polarity) (1u | (pin) << 8 | (polarity) << 16)
#define TASK_MODE(pin, polarity, init) (3u | (pin) << 8 | (polarity) << 16 | (init) << 20)

static const struct {
    uint32_t polarity, rises, falls; /* events wanted */
} edges[] = {{0, 0, 0}, {1, 1, 0}, {2, 0, 1}, {3, 1, 1}};

START_TEST(gpiote_sees_the_edges_of_its_polarity)
{
    uint8_t high[] = {33, 1}, low[] = {33, 0}, other[] = {32, 1};
    r = rig_make(&nrf52_gpiote.type);
    rig_write(r, "CONFIG[2]", EVENT_MODE(33u, edges[_i].polarity));
    rig_write(r, "CONFIG[3]", TASK_MODE(33u, 3u, 0u)); /* no event, whatever its polarity */
    rig_packet(r, other, 2);
    rig_packet(r, high, 2);
    rig_packet(r, high, 2); /* no edge */
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_IN[2]"), edges[_i].rises);
    rig_packet(r, low, 2);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), edges[_i].rises + edges[_i].falls);
}
END_TEST

START_TEST(gpiote_port_event_raises_the_line)
{
    uint8_t detect[] = {255, 1};
    r = rig_make(&nrf52_gpiote.type);
    rig_write(r, "INTENSET", 1u << 31);
    rig_packet(r, detect, 2);
    ck_assert_uint_eq(rig_read(r, "EVENTS_PORT"), 1);
    ck_assert(device_line(r->d));
}
END_TEST

START_TEST(gpiote_tasks_move_the_pin)
{
    static const char *const tasks[] = {"TASKS_OUT[1]", "TASKS_OUT[1]", "TASKS_SET[1]",
                                        "TASKS_CLR[1]"};
    static const uint16_t wire[] = {7, 7 | 0x80, 7, 7 | 0x80, 7}; /* after CONFIG and each task */
    r = rig_make(&nrf52_gpiote.type);
    rig_write(r, "CONFIG[1]", TASK_MODE(7u, 3u, 0u));
    for (int i = 0; i < COUNT(tasks); i++)
        rig_write(r, tasks[i], 1);
    uint32_t from = 0;
    for (int i = 0; i < COUNT(wire); i++) {
        const struct rig_entry *e = rig_find(r, from, REQUEST_WIRE, NULL);
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->size, wire[i]);
        from = (uint32_t)(e - r->log) + 1;
    }
    rig_write(r, "CONFIG[2]", EVENT_MODE(8u, 3u));
    rig_write(r, "TASKS_OUT[2]", 1); /* not in task mode */
    ck_assert_uint_eq(rig_count(r, REQUEST_WIRE, NULL), COUNT(wire));
}
END_TEST

/* --- CLOCK and POWER ------------------------------------------------------------------------- */

static const struct {
    const char *start, *stop, *event, *status;
    uint32_t source, stopped, running;
    uint64_t us;
} clocks[] = {
    /* While the crystal does not run, HFCLK runs from HFINT. */
    {"TASKS_HFCLKSTART", "TASKS_HFCLKSTOP", "EVENTS_HFCLKSTARTED", "HFCLKSTAT", 0, 0x10000, 0x10001,
     360},
    {"TASKS_LFCLKSTART", "TASKS_LFCLKSTOP", "EVENTS_LFCLKSTARTED", "LFCLKSTAT", 0, 0, 0x10000, 600},
    {"TASKS_LFCLKSTART", "TASKS_LFCLKSTOP", "EVENTS_LFCLKSTARTED", "LFCLKSTAT", 1, 0, 0x10001,
     250000},
};

START_TEST(clock_runs_after_its_start_up_time)
{
    r = rig_make(&nrf52_clock_power.type);
    rig_write(r, "LFCLKSRC", clocks[_i].source);
    rig_write(r, clocks[_i].start, 1);
    rig_run(r, clocks[_i].us * PS_PER_US - 1);
    ck_assert_uint_eq(rig_read(r, clocks[_i].status), clocks[_i].stopped);
    rig_run(r, clocks[_i].us * PS_PER_US);
    ck_assert_uint_eq(rig_read(r, clocks[_i].status), clocks[_i].running);
    ck_assert_uint_eq(rig_read(r, clocks[_i].event), 1);
    rig_write(r, clocks[_i].start, 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, clocks[_i].event), 2); /* it runs already */
    rig_write(r, clocks[_i].stop, 1);
    ck_assert_uint_eq(rig_read(r, clocks[_i].status), clocks[_i].stopped);
}
END_TEST

/* {power-up time by parameter, HFXODEBOUNCE, start-up time} in us; 0xffff: no parameter. */
static const uint32_t crystals[][3] = {
    {0xffff, 0x10, 360}, {0xffff, 0x40, 1128}, {44, 0x10, 300}, {0, 0x01, 16}, {1000, 0xff, 5080}};

START_TEST(crystal_takes_its_power_up_and_debounce_time)
{
    const uint32_t *row = crystals[_i];
    r = rig_make(&nrf52_clock_power.type);
    if (row[0] != 0xffff)
        r->d->type->on_parameter(r->d, 0, row[0]);
    rig_write(r, "HFXODEBOUNCE", row[1]);
    rig_write(r, "TASKS_HFCLKSTART", 1);
    rig_run(r, row[2] * PS_PER_US);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_HFCLKSTARTED"), row[2] * PS_PER_US);
}
END_TEST

START_TEST(clock_stopped_while_it_starts_never_runs)
{
    r = rig_make(&nrf52_clock_power.type);
    rig_write(r, clocks[_i].start, 1);
    rig_write(r, clocks[_i].stop, 1);
    rig_run(r, PS_PER_S);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 0);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
}
END_TEST

START_TEST(both_clocks_start_side_by_side)
{
    r = rig_make(&nrf52_clock_power.type);
    rig_write(r, "TASKS_LFCLKSTART", 1);
    rig_write(r, "TASKS_HFCLKSTART", 1);
    rig_run(r, PS_PER_S);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_HFCLKSTARTED"), 360 * PS_PER_US);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_LFCLKSTARTED"), 600 * PS_PER_US);
}
END_TEST

START_TEST(power_off_shows_in_the_trace)
{
    r = rig_make(&nrf52_clock_power.type);
    rig_write(r, "SYSTEMOFF", 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_TASK, "SYSTEMOFF"), 1);
    ck_assert_uint_eq(rig_read(r, "SYSTEMOFF"), 0);
}
END_TEST

START_TEST(ram_power_has_set_and_clear)
{
    r = rig_make(&nrf52_clock_power.type);
    rig_write(r, "RAM[8].POWERCLR", 0x00ff);
    rig_write(r, "RAM[8].POWERSET", 0x10001);
    ck_assert_uint_eq(rig_read(r, "RAM[8].POWER"), 0x1ff01);
    ck_assert_uint_eq(rig_read(r, "RAM[7].POWER"), 0xffff);
}
END_TEST

/* --- the hostile device ---------------------------------------------------------------------- */

START_TEST(hostile_device_obeys_nobody)
{
    r = rig_make(&hostile);
    rig_write(r, "PTR", BUFFER);
    ck_assert(device_line(r->d)); /* any write */
    rig_write(r, "LENGTH", 8);
    rig_write(r, "TASKS_START", 1);
    ck_assert_uint_eq(r->ram[16], 0xa5);
    ck_assert_uint_eq(r->ram[23], 0xa5);
    ck_assert_uint_eq(r->ram[24], 0);
    rig_write(r, "TASKS_STOP", 1);
    rig_write(r, "PTR", 0);
    rig_write(r, "ENABLE", 0);
    rig_write(r, "EVENTS_DONE", 0);
    rig_write(r, "INTENCLR", 0xffffffff);
    memset(r->ram, 0, sizeof r->ram);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 11);
    ck_assert_uint_eq(r->ram[16], 0xa5);
    ck_assert_uint_eq(rig_read(r, "EVENTS_DONE"), 1);
    ck_assert_uint_eq(rig_read(r, "STATUS"), 1);
    ck_assert(device_line(r->d));
}
END_TEST

/* --- quiesce --------------------------------------------------------------------------------- */

/* Registers that the steps leave as they are, and why that is right: model/quiesce_nrf52.h. */
static const struct {
    const struct device_type *type;
    uint8_t kind;
    const char *stays[6];
} quiet[] = {
    {&nrf52_timer.type, QUIESCE_NRF52_TIMER, {NULL}},
    {&nrf52_timer6.type, QUIESCE_NRF52_TIMER, {NULL}},
    {&nrf52_rtc.type, QUIESCE_NRF52_RTC, {NULL}},
    {&nrf52_uarte.type, QUIESCE_NRF52_UARTE, {"RXD.AMOUNT", "TXD.AMOUNT"}},
    {&nrf52_twim.type, QUIESCE_NRF52_TWIM, {"RXD.AMOUNT", "TXD.AMOUNT"}},
    {&nrf52_spim.type, QUIESCE_NRF52_SPIM, {"RXD.AMOUNT", "TXD.AMOUNT"}},
    {&nrf52_rng.type, QUIESCE_NRF52_RNG, {"VALUE"}},
    {&nrf52_temp.type, QUIESCE_NRF52_TEMP, {"TEMP"}},
    {&nrf52_egu.type, QUIESCE_NRF52_EGU, {NULL}},
    {&nrf52_gpio, QUIESCE_NRF52_GPIO, {NULL}},
    {&nrf52_gpiote.type, QUIESCE_NRF52_GPIOTE, {NULL}},
    {&nrf52_ecb.type, QUIESCE_NRF52_ECB, {NULL}},
    {&nrf52_ccm.type, QUIESCE_NRF52_CCM_AAR, {"MICSTATUS"}},
    {&nrf52_clock_power.type,
     QUIESCE_NRF52_CLOCK_POWER,
     {"LFCLKRUN", "LFCLKSTAT", "LFCLKSRCCOPY", "LFCLKSRC", "RESETREAS"}},
};

static bool take_step(const struct quiesce_step *s)
{
    for (uint32_t i = 0; i < (s->kind == QUIESCE_WRITE ? 1u : s->count); i++) {
        rig_pass(r, HF_PS); /* four CPU cycles an access */
        if (s->kind == QUIESCE_WRITE)
            device_write(r->d, s->offset, s->value, r->now_ps);
        else if (s->kind == QUIESCE_FILL)
            device_write(r->d, s->offset + 4 * i, s->value, r->now_ps);
        else if ((device_read(r->d, s->offset, r->now_ps) & s->mask) == s->value)
            return true;
        rig_serve(r);
    }
    return s->kind != QUIESCE_AWAIT;
}

static void quiesce(uint8_t kind)
{
    device_write(r->d, 0x304 + 4, 0xffffffff, r->now_ps); /* INTENCLR */
    for (uint8_t i = 0; i < quiesce_nrf52[kind].count; i++)
        ck_assert_msg(take_step(&quiesce_nrf52[kind].steps[i]), "%s: step %u of %u never ends",
                      r->d->type->name, i, quiesce_nrf52[kind].count);
}

/* Everything that software can do to it, for a while. */
static void abuse(uint32_t seed)
{
    struct random random = random_start(seed, RANDOM_APP);
    const struct device_type *type = r->d->type;
    for (uint32_t i = 0; i < 300; i++) {
        const struct reg *reg = &type->regs[random_below(&random, type->reg_count)];
        uint64_t draw = random_next(&random);
        uint8_t byte[] = {(uint8_t)draw, (uint8_t)(draw >> 8 & 1)};
        device_write(r->d, reg->offset, draw & 1 ? 1 : (uint32_t)(draw >> 32), r->now_ps);
        rig_serve(r);
        rig_packet(r, byte, sizeof byte);
        rig_pass(r, random_below(&random, 100000));
        r->count = 0;
    }
}

static bool may_stay(int i, const char *name)
{
    for (int k = 0; k < COUNT(quiet[i].stays) && quiet[i].stays[k]; k++)
        if (!strcmp(quiet[i].stays[k], name))
            return true;
    return !strcmp(name, "IN") || !strcmp(name, "P1.IN"); /* the outside's */
}

START_TEST(quiesce_brings_a_device_back_to_reset)
{
    int which = _i / 20;
    const struct device_type *type = quiet[which].type;
    r = rig_make(type);
    abuse((uint32_t)_i + 1);
    quiesce(quiet[which].kind);
    for (uint32_t row = 0; row < type->reg_count; row++) {
        const struct reg *reg = &type->regs[row];
        uint32_t got = device_read(r->d, reg->offset, r->now_ps);
        ck_assert_msg(may_stay(which, reg->name) || got == type->regs[row - reg->view].reset,
                      "%s: %s is %#x", type->name, reg->name, got);
    }
    ck_assert_msg(!device_line(r->d), "%s: the line is high", type->name);
    r->count = 0;
    rig_pass(r, 10 * PS_PER_MS);
    ck_assert_msg(r->count == 0 || !strcmp(type->name, "nrf52-clock-power"), "%s: it goes on",
                  type->name);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_READ, NULL), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 0);
}
END_TEST

START_TEST(hostile_device_fails_an_await)
{
    static const struct quiesce_step await = {
        .kind = QUIESCE_AWAIT, .offset = 0x400, .count = 100, .mask = 1, .value = 0};
    r = rig_make(&hostile);
    ck_assert(!take_step(&await));
}
END_TEST

static void add_uarte_tests(Suite *suite)
{
    TCase *c = tcase_create("uarte");
    tcase_add_checked_fixture(c, set_up_uarte, tear_down);
    tcase_add_test(c, uarte_sends_bytes_one_byte_time_apart);
    tcase_add_test(c, uarte_reads_memory_when_the_byte_is_due);
    tcase_add_test(c, uarte_latches_pointer_and_length_at_start);
    tcase_add_test(c, uarte_refused_memory_reads_as_zero_and_is_seen);
    tcase_add_loop_test(c, uarte_byte_takes_what_the_rate_says, 0, COUNT(rates));
    tcase_add_test(c, uarte_baud_rate_zero_never_ends_until_it_is_set);
    tcase_add_test(c, uarte_stop_sends_the_byte_under_way);
    tcase_add_test(c, uarte_idle_transmitter_stops_at_once);
    tcase_add_test(c, uarte_sends_nothing_while_disabled);
    tcase_add_test(c, uarte_empty_transmission_ends_after_a_byte_time);
    tcase_add_test(c, uarte_receives_into_ram_at_the_baud_rate);
    tcase_add_test(c, uarte_bytes_to_nobody_are_lost_without_error);
    tcase_add_test(c, uarte_bytes_between_two_buffers_wait_in_the_fifo);
    tcase_add_test(c, uarte_overruns_when_the_fifo_is_full);
    tcase_add_test(c, uarte_short_starts_the_next_buffer);
    tcase_add_test(c, uarte_small_buffers_drain_a_full_fifo_in_order);
    tcase_add_test(c, uarte_stop_ends_a_part_filled_buffer_before_rxto);
    tcase_add_test(c, uarte_byte_that_ends_with_the_receiver_is_counted);
    tcase_add_test(c, uarte_flush_moves_the_fifo_to_ram);
    tcase_add_test(c, uarte_disable_stops_dma_silently);
    tcase_add_test(c, uarte_starts_afresh_after_a_disable);
    tcase_add_test(c, uarte_receiver_that_stops_cannot_be_started);
    tcase_add_test(c, uarte_error_injection_is_a_framing_error);
    tcase_add_test(c, uarte_wire_holds_256_bytes_and_counts_the_rest);
    suite_add_tcase(suite, c);
}

static void add_pin_tests(Suite *suite)
{
    TCase *c = tcase_create("pins");
    tcase_add_checked_fixture(c, NULL, tear_down);
    tcase_add_loop_test(c, gpio_input_shows_the_level_of_the_pin, 0, 2 * COUNT(levels));
    tcase_add_test(c, gpio_direction_is_one_bit_seen_twice);
    tcase_add_test(c, gpio_set_and_clear_change_their_pins_alone);
    tcase_add_test(c, gpio_latch_holds_what_sense_saw);
    tcase_add_test(c, gpio_latch_sees_low_pins_too);
    tcase_add_test(c, gpio_parameters_drive_pins);
    tcase_add_loop_test(c, gpiote_sees_the_edges_of_its_polarity, 0, COUNT(edges));
    tcase_add_test(c, gpiote_port_event_raises_the_line);
    tcase_add_test(c, gpiote_tasks_move_the_pin);
    suite_add_tcase(suite, c);
}

static void add_other_tests(Suite *suite)
{
    TCase *c = tcase_create("others");
    tcase_add_checked_fixture(c, NULL, tear_down);
    tcase_add_loop_test(c, rng_makes_bytes_at_the_times_of_the_specification, 0, 2);
    tcase_add_test(c, rng_bias_correction_makes_bits_even);
    tcase_add_test(c, temp_measures_in_36_us);
    tcase_add_test(c, temp_stop_gives_no_result);
    tcase_add_loop_test(c, egu_task_generates_its_event, 0, 3);
    tcase_add_loop_test(c, clock_runs_after_its_start_up_time, 0, COUNT(clocks));
    tcase_add_loop_test(c, clock_stopped_while_it_starts_never_runs, 0, COUNT(clocks));
    tcase_add_loop_test(c, crystal_takes_its_power_up_and_debounce_time, 0, COUNT(crystals));
    tcase_add_test(c, both_clocks_start_side_by_side);
    tcase_add_test(c, power_off_shows_in_the_trace);
    tcase_add_test(c, ram_power_has_set_and_clear);
    tcase_add_test(c, hostile_device_obeys_nobody);
    suite_add_tcase(suite, c);
}

static void add_quiesce_tests(Suite *suite)
{
    TCase *c = tcase_create("quiesce");
    tcase_add_checked_fixture(c, NULL, tear_down);
    tcase_add_loop_test(c, quiesce_brings_a_device_back_to_reset, 0, 20 * COUNT(quiet));
    tcase_add_test(c, hostile_device_fails_an_await);
    suite_add_tcase(suite, c);
}

int main(void)
{
    Suite *suite = suite_create("devices");
    add_uarte_tests(suite);
    add_pin_tests(suite);
    add_other_tests(suite);
    add_quiesce_tests(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
