/* test_spim.c: the SPIM on the bench, with a chip that answers each byte by the one before. */
#include "devices/catalogue.h"
#include "tests/support_device_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define HF_PS UINT64_C(62500)
#define BYTE_PS (HF_PS * 16) /* at 8 MHz */

enum { M8 = 0x80000000, TX = RIG_RAM_BASE + 16, RX = RIG_RAM_BASE + 64, GUARD = 0xee };

static struct rig *r;

static struct echo {
    uint8_t bytes[32];
    struct wire_signal last;
    uint32_t count;
} echo;

/* Answers 0xa0, 0xa1, ... and keeps what it hears. */
static struct wire_answer hear(void *context, const struct wire_signal *signal)
{
    struct echo *e = context;
    ck_assert_uint_eq(signal->act, WIRE_OUT);
    ck_assert_uint_lt(e->count, COUNT(e->bytes));
    e->last = *signal;
    e->bytes[e->count] = signal->value;
    return (struct wire_answer){.value = (uint8_t)(0xa0 + e->count++)};
}

static void set_up(void)
{
    r = rig_make(&nrf52_spim.type);
    memset(&echo, 0, sizeof echo);
    r->peer = hear;
    r->peer_context = &echo;
    memset(r->ram, GUARD, sizeof r->ram);
    memcpy(r->ram + 16, "Postern.", 8);
    rig_write(r, "FREQUENCY", M8);
    rig_write(r, "ENABLE", 7);
}

static void tear_down(void)
{
    rig_free(r);
    r = NULL;
}

static void begin(uint32_t out, uint32_t in)
{
    rig_write(r, "TXD.PTR", TX);
    rig_write(r, "TXD.MAXCNT", out);
    rig_write(r, "RXD.PTR", RX);
    rig_write(r, "RXD.MAXCNT", in);
    rig_write(r, "TASKS_START", 1);
}

static void ck_heard(const char *want)
{
    ck_assert_uint_eq(echo.count, strlen(want));
    ck_assert_mem_eq(echo.bytes, want, strlen(want));
}

/* So many answers are in RAM, and nothing behind them. */
static void ck_got(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        ck_assert_uint_eq(r->ram[64 + i], 0xa0 + i);
    ck_assert_uint_eq(r->ram[64 + count], GUARD);
}

/* --- transactions ---------------------------------------------------------------------------- */

START_TEST(bytes_go_out_and_come_in_at_the_same_moment)
{
    begin(3, 3);
    ck_assert_uint_eq(rig_read(r, "EVENTS_STARTED"), 1);
    rig_run(r, BYTE_PS - 1);
    ck_heard("");
    rig_run(r, BYTE_PS);
    ck_heard("P");
    ck_got(1);
    rig_run(r, 9 * BYTE_PS);
    ck_heard("Pos");
    ck_got(3);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), 3 * BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDTX"), 3 * BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDRX"), 3 * BYTE_PS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_STOPPED"), 0);
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 3);
    ck_assert_uint_eq(rig_read(r, "RXD.AMOUNT"), 3);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
}
END_TEST

START_TEST(longer_answer_is_clocked_by_the_over_read_character)
{
    rig_write(r, "ORC", 'x');
    begin(1, 4);
    rig_run(r, 9 * BYTE_PS);
    ck_heard("Pxxx");
    ck_got(4);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDTX"), BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDRX"), 4 * BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), 4 * BYTE_PS);
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 1);
}
END_TEST

START_TEST(answers_beyond_the_buffer_are_dropped)
{
    begin(4, 2);
    rig_run(r, 9 * BYTE_PS);
    ck_heard("Post");
    ck_got(2);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDRX"), 2 * BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), 4 * BYTE_PS);
}
END_TEST

START_TEST(two_empty_buffers_end_without_a_bit)
{
    begin(0, 0);
    rig_run(r, 9 * BYTE_PS);
    ck_heard("");
    ck_got(0);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), BYTE_PS);
}
END_TEST

START_TEST(memory_is_read_when_its_byte_begins)
{
    begin(3, 0);
    rig_run(r, BYTE_PS); /* the second byte is under way */
    r->ram[17] = 'X';
    r->ram[18] = 'Y';
    rig_run(r, 9 * BYTE_PS);
    ck_heard("PoY");
}
END_TEST

START_TEST(pointers_and_sizes_count_as_at_start)
{
    begin(3, 3);
    rig_write(r, "TXD.PTR", 0);
    rig_write(r, "RXD.PTR", 0);
    rig_write(r, "TXD.MAXCNT", 1);
    rig_write(r, "RXD.MAXCNT", 1);
    rig_run(r, 9 * BYTE_PS);
    ck_heard("Pos");
    ck_got(3);
}
END_TEST

START_TEST(refused_memory_sends_zeros_and_the_transaction_goes_on)
{
    rig_write(r, "ORC", 'x');
    rig_write(r, "TXD.PTR", RIG_RAM_BASE - 1);
    rig_write(r, "TXD.MAXCNT", 2);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, 9 * BYTE_PS);
    ck_assert_uint_eq(echo.count, 2);
    ck_assert_uint_eq(echo.bytes[0], 0);
    ck_assert_uint_eq(echo.bytes[1], GUARD);
    ck_assert_uint_eq(rig_find(r, 0, REQUEST_DMA_READ, NULL)->refused, true);
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 1);
}
END_TEST

START_TEST(short_cut_begins_anew_and_lists_go_on_in_memory)
{
    rig_write(r, "SHORTS", 1 << 17);
    rig_write(r, "TXD.LIST", 1);
    rig_write(r, "RXD.LIST", 1);
    begin(2, 1);
    rig_run(r, 6 * BYTE_PS - 1);
    ck_heard("Poste");
    ck_assert_uint_eq(r->ram[64], 0xa0);
    ck_assert_uint_eq(r->ram[65], 0xa2);
    ck_assert_uint_eq(r->ram[66], 0xa4);
    ck_assert_uint_eq(rig_read(r, "TXD.PTR"), TX + 6);
}
END_TEST

START_TEST(without_enable_nothing_starts)
{
    rig_write(r, "ENABLE", 1);
    begin(2, 2);
    rig_write(r, "TASKS_STOP", 1);
    rig_run(r, 9 * BYTE_PS);
    ck_heard("");
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 0);
}
END_TEST

START_TEST(disabling_cuts_off_silently)
{
    begin(3, 3);
    rig_run(r, BYTE_PS);
    rig_write(r, "ENABLE", 0);
    rig_run(r, 9 * BYTE_PS);
    ck_heard("P");
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 1); /* STARTED */
    rig_write(r, "ENABLE", 7);
    rig_write(r, "TASKS_START", 1);
    rig_run(r, 19 * BYTE_PS);
    ck_assert_uint_eq(echo.count, 4);
}
END_TEST

/* --- stop, suspend --------------------------------------------------------------------------- */

START_TEST(stop_lets_the_byte_pass_and_gives_the_end_events)
{
    begin(4, 1);
    rig_run(r, BYTE_PS + 1);
    rig_write(r, "TASKS_STOP", 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_STOPPED"), 0);
    rig_run(r, 9 * BYTE_PS);
    ck_heard("Po");
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDRX"), BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDTX"), 2 * BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_STOPPED"), 2 * BYTE_PS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_ENDRX"), 1);
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 2);
}
END_TEST

START_TEST(stop_of_an_idle_controller_is_answered_at_once)
{
    rig_write(r, "TASKS_STOP", 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_STOPPED"), 1);
    begin(1, 1);
    rig_run(r, BYTE_PS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_END"), 1);
}
END_TEST

START_TEST(stop_wins_over_the_short_cut)
{
    rig_write(r, "SHORTS", 1 << 17);
    begin(2, 2);
    rig_write(r, "TASKS_STOP", 1);
    rig_run(r, 9 * BYTE_PS);
    ck_heard("P");
    rig_write(r, "TASKS_START", 1); /* and the next one starts */
    rig_run(r, 10 * BYTE_PS);
    ck_heard("PP");
}
END_TEST

START_TEST(suspended_controller_waits_for_resume)
{
    begin(3, 3);
    rig_write(r, "TASKS_SUSPEND", 1);
    rig_run(r, 9 * BYTE_PS);
    ck_heard("P");
    rig_write(r, "TASKS_RESUME", 1);
    rig_run(r, 11 * BYTE_PS);
    ck_heard("Pos");
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), 11 * BYTE_PS);
}
END_TEST

START_TEST(suspension_that_ends_in_time_costs_nothing)
{
    begin(2, 2);
    rig_write(r, "TASKS_SUSPEND", 1);
    rig_run(r, BYTE_PS - 1);
    rig_write(r, "TASKS_RESUME", 1);
    rig_run(r, 9 * BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), 2 * BYTE_PS);
}
END_TEST

START_TEST(start_while_suspended_sends_nothing_until_resume)
{
    rig_write(r, "TASKS_SUSPEND", 1);
    begin(1, 1);
    rig_run(r, 9 * BYTE_PS);
    ck_heard("");
    rig_write(r, "TASKS_RESUME", 1);
    rig_run(r, 10 * BYTE_PS);
    ck_heard("P");
}
END_TEST

START_TEST(disabling_ends_a_suspension)
{
    rig_write(r, "TASKS_SUSPEND", 1);
    rig_write(r, "ENABLE", 0);
    rig_write(r, "ENABLE", 7);
    begin(1, 1);
    rig_run(r, 9 * BYTE_PS);
    ck_heard("P");
}
END_TEST

START_TEST(stop_of_a_suspended_controller_is_answered_at_once)
{
    begin(3, 3);
    rig_write(r, "TASKS_SUSPEND", 1);
    rig_run(r, 5 * BYTE_PS);
    rig_write(r, "TASKS_STOP", 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_STOPPED"), 1);
    ck_assert_uint_eq(rig_read(r, "TXD.AMOUNT"), 1);
}
END_TEST

/* --- the wire -------------------------------------------------------------------------------- */

static const struct {
    uint32_t frequency, cycles; /* of a bit */
} rates[] = {
    {0x02000000, 128}, {0x04000000, 64}, {0x08000000, 32}, {0x10000000, 16},
    {0x20000000, 8},   {0x40000000, 4},  {0x80000000, 2},
};

START_TEST(each_rate_has_its_bit_time)
{
    rig_write(r, "FREQUENCY", rates[_i].frequency);
    begin(1, 1);
    rig_run(r, HF_PS * 1600);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), HF_PS * 8 * rates[_i].cycles);
    ck_assert_uint_eq(echo.last.bit_ps, HF_PS * rates[_i].cycles);
}
END_TEST

START_TEST(rate_written_meanwhile_times_the_byte_anew)
{
    begin(1, 1);
    rig_run(r, BYTE_PS / 2);
    rig_write(r, "FREQUENCY", 0x10000000); /* 1 MHz */
    rig_run(r, 40 * BYTE_PS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_END"), BYTE_PS / 2 + 8 * BYTE_PS);
}
END_TEST

static const struct {
    uint32_t config;
    uint8_t mode, out, in; /* out: 'P' is 0x50; in: 0xa0 */
} configs[] = {
    {0, 0, 0x50, 0xa0}, {2, 1, 0x50, 0xa0}, {4, 2, 0x50, 0xa0},
    {6, 3, 0x50, 0xa0}, {1, 0, 0x0a, 0x05}, {7, 3, 0x0a, 0x05},
};

START_TEST(mode_and_order_of_bits_are_those_of_config)
{
    rig_write(r, "CONFIG", configs[_i].config);
    begin(1, 1);
    rig_run(r, BYTE_PS);
    ck_assert_uint_eq(echo.last.mode, configs[_i].mode);
    ck_assert_uint_eq(echo.last.value, configs[_i].out);
    ck_assert_uint_eq(r->ram[64], configs[_i].in);
}
END_TEST

START_TEST(nobody_on_the_wire_reads_as_ones)
{
    r->peer = NULL;
    begin(1, 1);
    rig_run(r, BYTE_PS);
    ck_assert_uint_eq(r->ram[64], 0xff);
}
END_TEST

START_TEST(injected_error_spoils_one_bit_of_one_byte)
{
    begin(2, 2);
    r->d->fault.errors++;
    device_wake(r->d, r->now_ps);
    rig_run(r, 9 * BYTE_PS);
    ck_assert_uint_eq(r->ram[64], 0xa1);
    ck_assert_uint_eq(r->ram[65], 0xa1);
}
END_TEST

static const char *const enabled_events[] = {"EVENTS_STOPPED", "EVENTS_ENDRX", "EVENTS_END",
                                             "EVENTS_ENDTX", "EVENTS_STARTED"};

START_TEST(each_event_raises_the_line_if_enabled)
{
    const char *name = enabled_events[_i];
    rig_write(r, "INTENSET", 1u << (rig_offset(r, name) - 0x100) / 4);
    begin(1, 1);
    rig_run(r, BYTE_PS);
    rig_write(r, "TASKS_STOP", 1);
    ck_assert(r->d->irq_high);
    rig_write(r, name, 0);
    ck_assert(!r->d->irq_high);
}
END_TEST

static Suite *spim_suite(void)
{
    Suite *s = suite_create("spim");
    TCase *c = tcase_create("spim");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, bytes_go_out_and_come_in_at_the_same_moment);
    tcase_add_test(c, longer_answer_is_clocked_by_the_over_read_character);
    tcase_add_test(c, answers_beyond_the_buffer_are_dropped);
    tcase_add_test(c, two_empty_buffers_end_without_a_bit);
    tcase_add_test(c, memory_is_read_when_its_byte_begins);
    tcase_add_test(c, pointers_and_sizes_count_as_at_start);
    tcase_add_test(c, refused_memory_sends_zeros_and_the_transaction_goes_on);
    tcase_add_test(c, short_cut_begins_anew_and_lists_go_on_in_memory);
    tcase_add_test(c, without_enable_nothing_starts);
    tcase_add_test(c, disabling_cuts_off_silently);
    tcase_add_test(c, stop_lets_the_byte_pass_and_gives_the_end_events);
    tcase_add_test(c, stop_of_an_idle_controller_is_answered_at_once);
    tcase_add_test(c, stop_wins_over_the_short_cut);
    tcase_add_test(c, suspended_controller_waits_for_resume);
    tcase_add_test(c, suspension_that_ends_in_time_costs_nothing);
    tcase_add_test(c, start_while_suspended_sends_nothing_until_resume);
    tcase_add_test(c, disabling_ends_a_suspension);
    tcase_add_test(c, stop_of_a_suspended_controller_is_answered_at_once);
    tcase_add_loop_test(c, each_rate_has_its_bit_time, 0, COUNT(rates));
    tcase_add_test(c, rate_written_meanwhile_times_the_byte_anew);
    tcase_add_loop_test(c, mode_and_order_of_bits_are_those_of_config, 0, COUNT(configs));
    tcase_add_test(c, nobody_on_the_wire_reads_as_ones);
    tcase_add_test(c, injected_error_spoils_one_bit_of_one_byte);
    tcase_add_loop_test(c, each_event_raises_the_line_if_enabled, 0, COUNT(enabled_events));
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(spim_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
