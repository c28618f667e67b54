/* test_wires.c: wires between devices of a board and peers, by the machine: who hears what, when,
 * and what the trace says of it. */
#include "devices/catalogue.h"
#include "sim/machine_value.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define BYTE_PS PS_PER_US               /* SPI at 8 MHz */
#define UART_PS (160 * UINT64_C(62500)) /* a byte at 1 Mbaud */

/* --- peers that keep what they hear ---------------------------------------------------------- */

enum { HEARD_MAX = 32 };

struct ear {
    uint32_t count;
    struct wire_signal heard[HEARD_MAX];
    uint64_t at_ps[HEARD_MAX];
    uint8_t answers; /* the first answer; then one more each time */
    bool refuses;    /* I2C: bytes and address are not acknowledged */
    uint64_t stretch_ps;
};

static struct wire_answer ear_signal(struct device *d, const struct wire_signal *signal)
{
    struct ear *ear = device_state(d);
    ck_assert_uint_lt(ear->count, HEARD_MAX);
    ear->at_ps[ear->count] = d->now_ps;
    ear->heard[ear->count++] = *signal;
    bool data = signal->act == WIRE_OUT || signal->act == WIRE_IN;
    uint8_t value = data ? ear->answers++ : ear->answers;
    return (struct wire_answer){
        .value = value, .ack = !ear->refuses, .stretch_ps = ear->stretch_ps};
}

/* Hears a byte, and sends it back with all bits turned round. */
static void ear_packet(struct device *d, const uint8_t *bytes, uint32_t size)
{
    struct ear *ear = device_state(d);
    ck_assert_uint_eq(size, 1);
    ear->at_ps[ear->count] = d->now_ps;
    ear->heard[ear->count++].value = *bytes;
    device_request(d, (struct device_request){.kind = REQUEST_WIRE, .size = *bytes ^ 0xffu});
}

static const struct peer_type spi_ear = {.type = {.name = "spi-ear",
                                                  .state_size = sizeof(struct ear),
                                                  .wire = WIRE_SPI,
                                                  .on_signal = ear_signal},
                                         .spi_modes = 1 << 0};
static const struct peer_type i2c_ear = {.type = {.name = "i2c-ear",
                                                  .state_size = sizeof(struct ear),
                                                  .wire = WIRE_I2C,
                                                  .on_signal = ear_signal}};
static const struct peer_type uart_ear = {.type = {.name = "uart-ear",
                                                   .state_size = sizeof(struct ear),
                                                   .wire = WIRE_UART,
                                                   .on_packet = ear_packet}};

/* --- a controller on I2C that asks what the test tells it ------------------------------------- */

struct asker {
    struct wire_answer answer;
    uint32_t answered;
};

static void asker_answer(struct device *d, const struct wire_signal *signal,
                         const struct wire_answer *answer)
{
    (void)signal;
    struct asker *a = device_state(d);
    a->answer = *answer;
    a->answered++;
}

static const struct device_type asker_type = {.name = "asker",
                                              .window_size = 0x1000,
                                              .state_size = sizeof(struct asker),
                                              .wire = WIRE_I2C,
                                              .on_answer = asker_answer};

/* --- the machine ----------------------------------------------------------------------------- */

enum { TX = 0x20008000, RX = 0x20008100 };
enum { OUTSET = 0x508, OUTCLR = 0x50c, DIRSET = 0x518, DIRCLR = 0x51c, P1 = 0x300 };
enum { FIRST, SECOND, ON_P1, METER, OTHER_METER, TERMINAL, PEERS };

static struct scenario scenario;
static struct recorder recorder;
static struct hw *hw;
static uint32_t spim, gpio, uarte, asker;

static uint32_t add_device(const char *name, const struct device_type *type, uint32_t base)
{
    struct board *board = &scenario.board;
    struct board_device *d = &board->devices[board->device_count];
    *d = (struct board_device){.window = {base, 0x1000},
                               .type = type,
                               .alias_of = BOARD_NONE,
                               .line = BOARD_NONE,
                               .endpoint = BOARD_NONE};
    snprintf(d->name, sizeof d->name, "%s", name);
    return board->device_count++;
}

static void add_peer(uint32_t place, const struct peer_type *type, uint32_t on, uint32_t seat)
{
    scenario.peers[place] = (struct scenario_peer){.type = type, .on = on, .seat = seat};
}

static struct device *device_of(uint32_t device)
{
    return machine_device(hw->m, device);
}

static struct ear *ear_of(uint32_t peer)
{
    return device_state(device_of(scenario.board.device_count + peer));
}

static void write(uint32_t device, uint32_t offset, uint32_t value)
{
    device_write(device_of(device), offset, value, machine_now_ps(hw->m));
    machine_serve(hw, device);
}

static void pass(uint64_t ps)
{
    uint64_t at_ps = machine_now_ps(hw->m) + ps;
    while (machine_now_ps(hw->m) < at_ps)
        machine_idle(hw, at_ps);
}

static void set_up(void)
{
    support_scenario(&scenario, 1, &support_waits, NULL);
    spim = add_device("SPIM2", &nrf52_spim.type, 0x40023000);
    uarte = add_device("UARTE1", &nrf52_uarte.type, 0x40028000);
    asker = add_device("ASKER", &asker_type, 0x40040000);
    gpio = add_device("P0", &nrf52_gpio, 0x50000000);
    scenario.peer_count = PEERS;
    add_peer(FIRST, &spi_ear, spim, 5);
    add_peer(SECOND, &spi_ear, spim, 6);
    add_peer(ON_P1, &spi_ear, spim, 32 + 5);
    add_peer(METER, &i2c_ear, asker, 0x48);
    add_peer(OTHER_METER, &i2c_ear, asker, 0x49);
    add_peer(TERMINAL, &uart_ear, uarte, 0);
    recorder_start(&recorder, 0);
    hw = support_boot(&scenario, &recorder);
    recorder.count = 0;
    ear_of(FIRST)->answers = 0x11;
    ear_of(SECOND)->answers = 0x81;
    ear_of(ON_P1)->answers = 0x55;
    ear_of(METER)->answers = 0x30;
    write(spim, 0x500, 7);
    write(spim, 0x524, 0x80000000);
}

static void tear_down(void)
{
    support_free(hw);
    recorder_free(&recorder);
}

/* The n-th record of the wire of `device`, counted from 0. */
static const struct record *wire_record(uint32_t device, uint32_t n)
{
    for (uint64_t i = 0; i < recorder.count; i++)
        if (recorder.records[i].kind == EVENT_WIRE && recorder.records[i].address == device &&
            n-- == 0)
            return &recorder.records[i];
    return NULL;
}

struct want {
    enum wire_act act;
    uint8_t value;
};

/* The records of that wire are these. */
static void ck_records(uint32_t device, const struct want *want, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct record *r = wire_record(device, i);
        ck_assert_ptr_nonnull(r);
        ck_assert_uint_eq(pair_high(r->value), want[i].act);
        ck_assert_uint_eq(pair_low(r->value), want[i].value);
    }
    ck_assert_ptr_null(wire_record(device, count));
}

#define RECORDS(device, ...)                                                                       \
    ck_records(device, (const struct want[]){__VA_ARGS__},                                         \
               COUNT(((const struct want[]){__VA_ARGS__})))

static void ck_heard(uint32_t peer, const struct want *want, uint32_t count)
{
    const struct ear *ear = ear_of(peer);
    ck_assert_uint_eq(ear->count, count);
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_uint_eq(ear->heard[i].act, want[i].act);
        ck_assert_uint_eq(ear->heard[i].value, want[i].value);
    }
}

#define HEARD(peer, ...)                                                                           \
    ck_heard(peer, (const struct want[]){__VA_ARGS__}, COUNT(((const struct want[]){__VA_ARGS__})))

/* --- SPI ------------------------------------------------------------------------------------- */

static void exchange(const char *bytes, uint8_t *answers)
{
    uint32_t size = (uint32_t)strlen(bytes);
    memcpy(machine_ram_at(hw->m, (struct span){TX, size}), bytes, size);
    write(spim, 0x544, TX);
    write(spim, 0x548, size);
    write(spim, 0x534, RX);
    write(spim, 0x538, size);
    write(spim, 0x010, 1);
    pass(size * BYTE_PS + BYTE_PS / 8);
    ck_assert(machine_peek(hw->m, (struct span){RX, size}, answers));
}

START_TEST(selected_peer_hears_edges_and_answers_bytes)
{
    uint8_t in[2];
    write(gpio, OUTSET, 1 << 5);
    write(gpio, DIRSET, 1 << 5);
    ck_heard(FIRST, NULL, 0);
    write(gpio, OUTCLR, 1 << 5);
    uint64_t begun_ps = machine_now_ps(hw->m);
    exchange("Hi", in);
    write(gpio, OUTSET, 1 << 5);
    HEARD(FIRST, {WIRE_SELECT, 5}, {WIRE_OUT, 'H'}, {WIRE_OUT, 'i'}, {WIRE_DESELECT, 5});
    ck_assert_mem_eq(in, "\x11\x12", 2);
    const struct ear *ear = ear_of(FIRST);
    ck_assert_uint_eq(ear->at_ps[2] - ear->at_ps[1], BYTE_PS);
    ck_assert_uint_le(ear->at_ps[1] - begun_ps, BYTE_PS + BYTE_PS / 16);
    ck_heard(SECOND, NULL, 0);
    RECORDS(spim, {WIRE_SELECT, 5}, {WIRE_OUT, 'H'}, {WIRE_IN, 0x11}, {WIRE_OUT, 'i'},
            {WIRE_IN, 0x12}, {WIRE_DESELECT, 5});
}
END_TEST

START_TEST(output_that_is_low_selects_and_an_input_does_not)
{
    uint8_t in[1];
    write(gpio, OUTCLR, 1 << 5);
    exchange("a", in);
    ck_assert_uint_eq(in[0], 0xff);
    write(gpio, DIRSET, 1 << 5);
    exchange("b", in);
    ck_assert_uint_eq(in[0], 0x11);
    write(gpio, DIRCLR, 1 << 5);
    exchange("c", in);
    ck_assert_uint_eq(in[0], 0xff);
    HEARD(FIRST, {WIRE_SELECT, 5}, {WIRE_OUT, 'b'}, {WIRE_DESELECT, 5});
}
END_TEST

START_TEST(direction_by_pin_cnf_selects_as_well)
{
    write(gpio, 0x700 + 4 * 5, 1);
    HEARD(FIRST, {WIRE_SELECT, 5});
}
END_TEST

START_TEST(pin_of_the_second_port_selects_its_own_peer)
{
    uint8_t in[1];
    write(gpio, DIRSET + P1, 1 << 5);
    exchange("x", in);
    ck_assert_uint_eq(in[0], 0x55);
    ck_heard(FIRST, NULL, 0);
    HEARD(ON_P1, {WIRE_SELECT, 37}, {WIRE_OUT, 'x'});
}
END_TEST

START_TEST(two_selected_at_once_meet_on_the_line)
{
    uint8_t in[1];
    write(gpio, DIRSET, 1 << 5 | 1 << 6);
    exchange("x", in);
    ck_assert_uint_eq(in[0], 0x11 & 0x81);
    HEARD(FIRST, {WIRE_SELECT, 5}, {WIRE_OUT, 'x'});
    HEARD(SECOND, {WIRE_SELECT, 6}, {WIRE_OUT, 'x'});
    RECORDS(spim, {WIRE_SELECT, 5}, {WIRE_SELECT, 6}, {WIRE_OUT, 'x'}, {WIRE_CLASH, 2},
            {WIRE_IN, 0x01});
}
END_TEST

START_TEST(other_pins_are_nothing_to_a_peer)
{
    write(gpio, DIRSET, 1 << 5);
    write(gpio, DIRSET, 1 << 9);
    write(gpio, OUTSET, 1 << 9);
    HEARD(FIRST, {WIRE_SELECT, 5});
    RECORDS(spim, {WIRE_SELECT, 5});
}
END_TEST

START_TEST(mode_that_a_peer_does_not_take_makes_bytes_late_by_a_bit)
{
    uint8_t in[1];
    write(gpio, DIRSET, 1 << 5);
    write(spim, 0x554, 2); /* CONFIG: CPHA */
    exchange("B", in);     /* 0x42 */
    HEARD(FIRST, {WIRE_SELECT, 5}, {WIRE_OUT, 0xa1});
    ck_assert_uint_eq(in[0], 0x80 | 0x11 >> 1);
}
END_TEST

START_TEST(peer_that_hangs_answers_nothing)
{
    uint8_t in[1];
    write(gpio, DIRSET, 1 << 5);
    device_of(scenario.board.device_count + FIRST)->fault.hung = true;
    exchange("x", in);
    ck_assert_uint_eq(in[0], 0xff);
    HEARD(FIRST, {WIRE_SELECT, 5});
}
END_TEST

/* --- I2C ------------------------------------------------------------------------------------- */

static struct wire_answer ask(enum wire_act act, uint8_t value)
{
    struct asker *a = device_state(device_of(asker));
    uint32_t before = a->answered;
    device_signal(device_of(asker), (struct wire_signal){.act = (uint8_t)act, .value = value});
    machine_serve(hw, asker);
    ck_assert_uint_eq(a->answered, before + 1);
    return a->answer;
}

START_TEST(peer_with_the_address_hears_all_up_to_the_stop)
{
    ck_assert(ask(WIRE_START, 0x90).ack);
    ck_assert(ask(WIRE_OUT, 7).ack);
    ck_assert(ask(WIRE_START, 0x91).ack);
    ck_assert_uint_eq(ask(WIRE_IN, 0).value, 0x31);
    (void)ask(WIRE_ACK, 0);
    ck_assert_uint_eq(ask(WIRE_IN, 0).value, 0x32);
    (void)ask(WIRE_NACK, 0);
    (void)ask(WIRE_STOP, 0);
    ck_assert(!ask(WIRE_OUT, 8).ack); /* nobody is addressed any more */
    HEARD(METER, {WIRE_START, 0x90}, {WIRE_OUT, 7}, {WIRE_START, 0x91}, {WIRE_IN, 0}, {WIRE_ACK, 0},
          {WIRE_IN, 0}, {WIRE_NACK, 0}, {WIRE_STOP, 0});
    ck_heard(OTHER_METER, NULL, 0);
    RECORDS(asker, {WIRE_START, 0x90}, {WIRE_OUT, 7}, {WIRE_START, 0x91}, {WIRE_IN, 0x31},
            {WIRE_IN, 0x32}, {WIRE_STOP, 0}, {WIRE_OUT, 8}, {WIRE_NACK, 8});
}
END_TEST

START_TEST(address_of_nobody_is_not_acknowledged)
{
    ck_assert(!ask(WIRE_START, 0x20).ack);
    ck_assert_uint_eq(ask(WIRE_IN, 0).value, 0xff);
    (void)ask(WIRE_STOP, 0);
    ck_heard(METER, NULL, 0);
    RECORDS(asker, {WIRE_START, 0x20}, {WIRE_NACK, 0x20}, {WIRE_IN, 0xff}, {WIRE_STOP, 0});
}
END_TEST

START_TEST(peer_that_refuses_its_address_hears_no_more)
{
    ear_of(METER)->refuses = true;
    ck_assert(!ask(WIRE_START, 0x90).ack);
    ck_assert(!ask(WIRE_OUT, 7).ack);
    HEARD(METER, {WIRE_START, 0x90});
}
END_TEST

START_TEST(start_for_somebody_else_is_a_stop)
{
    (void)ask(WIRE_START, 0x90);
    ck_assert(ask(WIRE_START, 0x92).ack);
    ck_assert(ask(WIRE_OUT, 7).ack);
    HEARD(METER, {WIRE_START, 0x90}, {WIRE_STOP, 0});
    HEARD(OTHER_METER, {WIRE_START, 0x92}, {WIRE_OUT, 7});
}
END_TEST

START_TEST(peers_stretch_reaches_the_controller)
{
    ear_of(METER)->stretch_ps = 5 * PS_PER_MS;
    ck_assert_uint_eq(ask(WIRE_START, 0x90).stretch_ps, 5 * PS_PER_MS);
    ear_of(METER)->stretch_ps = TIME_NEVER;
    ck_assert_uint_eq(ask(WIRE_OUT, 1).stretch_ps, TIME_NEVER);
}
END_TEST

/* --- UART ------------------------------------------------------------------------------------ */

START_TEST(byte_arrives_when_it_has_left_and_an_answer_a_byte_time_later)
{
    uint8_t in = 0;
    write(uarte, 0x524, 0x10000000);
    write(uarte, 0x500, 8);
    write(uarte, 0x534, RX);
    write(uarte, 0x538, 1);
    write(uarte, 0x000, 1);
    *machine_ram_at(hw->m, (struct span){TX, 1}) = 0x5a;
    write(uarte, 0x544, TX);
    write(uarte, 0x548, 1);
    write(uarte, 0x008, 1);
    pass(UART_PS + UART_PS / 2);
    ck_assert_uint_eq(ear_of(TERMINAL)->count, 1);
    ck_assert_uint_eq(ear_of(TERMINAL)->heard[0].value, 0x5a);
    ck_assert_uint_eq(device_read(device_of(uarte), 0x110, machine_now_ps(hw->m)), 0);
    pass(UART_PS);
    ck_assert_uint_eq(device_read(device_of(uarte), 0x110, machine_now_ps(hw->m)), 1); /* ENDRX */
    ck_assert(machine_peek(hw->m, (struct span){RX, 1}, &in));
    ck_assert_uint_eq(in, 0xa5);
    RECORDS(uarte, {WIRE_OUT, 0x5a}, {WIRE_IN, 0xa5});
}
END_TEST

START_TEST(snapshot_keeps_who_is_selected_and_addressed)
{
    uint8_t in[1];
    struct machine *copy = machine_make(machine_get_setup(hw->m));
    write(gpio, DIRSET, 1 << 5);
    (void)ask(WIRE_START, 0x90);
    machine_copy(copy, hw->m);
    write(gpio, DIRCLR, 1 << 5);
    (void)ask(WIRE_STOP, 0);
    machine_copy(hw->m, copy);
    exchange("x", in);
    ck_assert_uint_eq(in[0], 0x11);
    ck_assert(ask(WIRE_OUT, 1).ack);
    machine_free(copy);
}
END_TEST

static void add_spi_tests(Suite *s)
{
    TCase *c = tcase_create("SPI");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, selected_peer_hears_edges_and_answers_bytes);
    tcase_add_test(c, output_that_is_low_selects_and_an_input_does_not);
    tcase_add_test(c, direction_by_pin_cnf_selects_as_well);
    tcase_add_test(c, pin_of_the_second_port_selects_its_own_peer);
    tcase_add_test(c, two_selected_at_once_meet_on_the_line);
    tcase_add_test(c, other_pins_are_nothing_to_a_peer);
    tcase_add_test(c, mode_that_a_peer_does_not_take_makes_bytes_late_by_a_bit);
    tcase_add_test(c, peer_that_hangs_answers_nothing);
    suite_add_tcase(s, c);
}

static void add_other_tests(Suite *s)
{
    TCase *c = tcase_create("I2C and UART");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, peer_with_the_address_hears_all_up_to_the_stop);
    tcase_add_test(c, address_of_nobody_is_not_acknowledged);
    tcase_add_test(c, peer_that_refuses_its_address_hears_no_more);
    tcase_add_test(c, start_for_somebody_else_is_a_stop);
    tcase_add_test(c, peers_stretch_reaches_the_controller);
    tcase_add_test(c, byte_arrives_when_it_has_left_and_an_answer_a_byte_time_later);
    tcase_add_test(c, snapshot_keeps_who_is_selected_and_addressed);
    suite_add_tcase(s, c);
}

int main(void)
{
    Suite *s = suite_create("wires");
    add_spi_tests(s);
    add_other_tests(s);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
