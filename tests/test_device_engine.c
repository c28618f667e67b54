/* test_device_engine.c: register rows, tasks, wakes, planted faults, with a device made for it; and
 * what each type of the catalogue must keep for the engine to work. */
#include "devices/catalogue.h"
#include "tests/support_device_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

/* --- a device for the engine ----------------------------------------------------------------- */

enum row { GO, PLAIN, BARE, CLEARS, SETS, MIXED, HOME, HOME_SET, HOME_CLR, TIMED, NOTED, FAR };

struct toy {
    uint32_t tasks, writes, wakes, errors, packets;
    uint64_t period_ps; /* 0: a wake asks for its own moment again */
};

static void toy_go(struct device *d, uint32_t row)
{
    (void)row;
    struct toy *t = device_state(d);
    t->tasks++;
}

static uint32_t toy_time(struct device *d, uint32_t row, uint32_t stored)
{
    (void)row;
    (void)stored;
    return (uint32_t)d->now_ps;
}

static void toy_noted(struct device *d, uint32_t row, uint32_t written)
{
    struct toy *t = device_state(d);
    t->writes++;
    ck_assert_uint_eq(row, NOTED);
    ck_assert_uint_eq(device_value(d, row), written & 0xff); /* stored before the call */
}

static void toy_wake(struct device *d)
{
    struct toy *t = device_state(d);
    t->wakes++;
    device_values(d)[TIMED] = t->wakes;
    d->wake_ps = d->now_ps + t->period_ps;
}

static void toy_error(struct device *d)
{
    struct toy *t = device_state(d);
    t->errors++;
}

static void toy_packet(struct device *d, const uint8_t *bytes, uint32_t size)
{
    (void)bytes;
    struct toy *t = device_state(d);
    t->packets += size;
}

static const struct reg toy_regs[] = {
    [GO] = {"GO", 0x000, .on_task = toy_go},
    [PLAIN] = {"PLAIN", 0x100, .reset = 0x12345678, .writable = 0xffffffff},
    [BARE] = {"BARE", 0x104, .reset = 7},
    [CLEARS] = {"CLEARS", 0x108, .reset = 0xf0, .write1_clears = 0xff},
    [SETS] = {"SETS", 0x10c, .write1_sets = 0xff},
    [MIXED] = {"MIXED", 0x110, .reset = 0xf0f, .writable = 0xff, .write1_clears = 0xf00},
    [HOME] = {"HOME", 0x200, .writable = 0xff},
    [HOME_SET] = {"HOME_SET", 0x204, .write1_sets = 0xff, .view = 1},
    [HOME_CLR] = {"HOME_CLR", 0x208, .write1_clears = 0xff, .view = 2},
    [TIMED] = {"TIMED", 0x300, .reset = 0},
    [NOTED] = {"NOTED", 0x304, .writable = 0xff, .on_write = toy_noted},
    [FAR] = {"FAR", 0xffc, .on_read = toy_time},
};

static const struct device_type toy = {
    .name = "toy",
    .regs = toy_regs,
    .reg_count = sizeof toy_regs / sizeof toy_regs[0],
    .window_size = 0x1000,
    .state_size = sizeof(struct toy),
    .on_wake = toy_wake,
    .on_error = toy_error,
    .on_packet = toy_packet,
};

static struct rig *r;
static struct toy *state;

static void set_up(void)
{
    r = rig_make(&toy);
    state = device_state(r->d);
}

static void tear_down(void)
{
    rig_free(r);
}

/* --- rows ------------------------------------------------------------------------------------ */

static const struct {
    const char *why, *written;
    uint32_t value;
    const char *read;
    uint32_t want;
} accesses[] = {
    {"reset value", NULL, 0, "PLAIN", 0x12345678},
    {"plain register", "PLAIN", 0xcafef00d, "PLAIN", 0xcafef00d},
    {"bare row reads its reset value", NULL, 0, "BARE", 7},
    {"bare row ignores writes", "BARE", 0xffffffff, "BARE", 7},
    {"1 clears", "CLEARS", 0x30, "CLEARS", 0xc0},
    {"0 clears nothing", "CLEARS", 0, "CLEARS", 0xf0},
    {"1 does not set what 1 clears", "CLEARS", 0x0f, "CLEARS", 0xf0},
    {"1 sets", "SETS", 0x1f5, "SETS", 0xf5},
    {"parts of a register differ", "MIXED", 0x2a5, "MIXED", 0xda5},
    {"SET shows in its register", "HOME_SET", 0x103, "HOME", 0x03},
    {"SET reads as its register", "HOME", 0x55, "HOME_SET", 0x55},
    {"CLR reads as its register", "HOME", 0x55, "HOME_CLR", 0x55},
    {"CLR clears nothing that is not set", "HOME_CLR", 0xff, "HOME", 0},
    {"task reads 0", "GO", 1, "GO", 0},
};

START_TEST(register_obeys_its_row)
{
    if (accesses[_i].written)
        rig_write(r, accesses[_i].written, accesses[_i].value);
    uint32_t got = rig_read(r, accesses[_i].read);
    ck_assert_msg(got == accesses[_i].want, "%s: got %#x", accesses[_i].why, got);
}
END_TEST

START_TEST(clr_takes_only_its_bits)
{
    rig_write(r, "HOME", 0xff);
    rig_write(r, "HOME_CLR", 0x0f);
    ck_assert_uint_eq(rig_read(r, "HOME"), 0xf0);
}
END_TEST

START_TEST(address_without_row_reads_zero_and_ignores_writes)
{
    struct device before = *r->d;
    for (uint32_t offset = 0; offset < toy.window_size; offset += 4) {
        if (device_row(&toy, offset) >= 0)
            continue;
        device_write(r->d, offset, 0xffffffff, 0);
        ck_assert_uint_eq(device_read(r->d, offset, 0), 0);
    }
    ck_assert_mem_eq(&before, r->d, sizeof before);
    ck_assert_uint_eq(state->tasks + state->writes, 0);
}
END_TEST

START_TEST(on_write_comes_after_the_bits_are_stored)
{
    rig_write(r, "NOTED", 0x1234);
    ck_assert_uint_eq(state->writes, 1);
}
END_TEST

START_TEST(reset_brings_everything_back)
{
    rig_write(r, "PLAIN", 0);
    rig_write(r, "GO", 1);
    r->d->irq_high = true;
    r->d->wake_ps = 5;
    r->d->fault.line_stuck = true;
    device_reset(r->d);
    ck_assert_uint_eq(rig_read(r, "PLAIN"), 0x12345678);
    ck_assert_uint_eq(state->tasks, 0);
    ck_assert(!r->d->irq_high);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
    ck_assert(r->d->fault.line_stuck); /* planted: it stays */
}
END_TEST

/* --- tasks and requests ---------------------------------------------------------------------- */

START_TEST(task_starts_on_a_one_and_is_traced)
{
    rig_write(r, "GO", 0);
    rig_write(r, "GO", 2);
    ck_assert_uint_eq(state->tasks, 0);
    ck_assert_uint_eq(r->count, 0);
    rig_write(r, "GO", 1);
    ck_assert_uint_eq(state->tasks, 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_TASK, "GO"), 1);
}
END_TEST

START_TEST(device_task_triggers_tasks_and_nothing_else)
{
    device_task(r->d, 0x000, 0);
    device_task(r->d, 0x100, 0); /* PLAIN */
    device_task(r->d, 0x00c, 0); /* no row */
    ck_assert_uint_eq(state->tasks, 1);
    ck_assert_uint_eq(r->d->request_count, 1);
    ck_assert_uint_eq(device_read(r->d, 0x100, 0), 0x12345678);
}
END_TEST

START_TEST(full_queue_counts_what_it_loses)
{
    for (int i = 0; i < DEVICE_REQUEST_MAX + 3; i++)
        device_task(r->d, 0x000, 0);
    ck_assert_uint_eq(r->d->request_count, DEVICE_REQUEST_MAX);
    ck_assert_uint_eq(r->d->lost_requests, 3);
    ck_assert_uint_eq(state->tasks, DEVICE_REQUEST_MAX + 3);
}
END_TEST

/* --- time ------------------------------------------------------------------------------------ */

START_TEST(wake_that_is_due_comes_before_the_access)
{
    state->period_ps = 1000;
    r->d->wake_ps = 1000;
    ck_assert_uint_eq(device_read(r->d, 0x300, 999), 0);
    ck_assert_uint_eq(device_read(r->d, 0x300, 1000), 1);
    ck_assert_uint_eq(device_read(r->d, 0x300, 3500), 3); /* two more, each at its own moment */
    ck_assert_uint_eq(r->d->wake_ps, 4000);
}
END_TEST

START_TEST(device_cannot_stop_time)
{
    state->period_ps = 0;
    r->d->wake_ps = 10;
    device_wake(r->d, 10);
    ck_assert_uint_eq(state->wakes, 1);
    ck_assert_uint_eq(r->d->wake_ps, 11);
}
END_TEST

START_TEST(wake_that_is_not_due_changes_nothing)
{
    r->d->wake_ps = 10;
    device_wake(r->d, 9);
    ck_assert_uint_eq(state->wakes, 0);
    ck_assert_uint_eq(r->d->wake_ps, 10);
}
END_TEST

/* --- planted faults -------------------------------------------------------------------------- */

START_TEST(hung_device_stands_still)
{
    uint8_t byte = 1;
    state->period_ps = 1000;
    r->d->wake_ps = 1000;
    (void)device_read(r->d, 0xffc, 500);
    r->d->fault.hung = true;
    device_write(r->d, 0x000, 1, 2000);
    device_task(r->d, 0x000, 2000);
    device_write(r->d, 0x304, 0xab, 2000);
    device_packet(r->d, &byte, 1, 2000);
    device_wake(r->d, 2000);
    ck_assert_uint_eq(state->tasks + state->writes + state->wakes + state->packets, 0);
    ck_assert_uint_eq(r->d->request_count, 0);
    ck_assert_uint_eq(device_read(r->d, 0x304, 2000), 0xab); /* stored, without effect */
    ck_assert_uint_eq(device_read(r->d, 0xffc, 2000), 500);  /* as when it hung */
    r->d->fault.hung = false;
    ck_assert_uint_eq(device_read(r->d, 0x300, 2000), 2); /* it has caught up */
}
END_TEST

START_TEST(forced_register_reads_what_was_planted)
{
    r->d->fault.forced = true;
    r->d->fault.forced_offset = 0x100;
    r->d->fault.forced_value = 0xbad;
    rig_write(r, "PLAIN", 5);
    ck_assert_uint_eq(rig_read(r, "PLAIN"), 0xbad);
    ck_assert_uint_eq(rig_read(r, "BARE"), 7);
    r->d->fault.forced = false;
    ck_assert_uint_eq(rig_read(r, "PLAIN"), 5);
}
END_TEST

START_TEST(stuck_line_is_high_whatever_the_device_says)
{
    ck_assert(!device_line(r->d));
    r->d->fault.line_stuck = true;
    ck_assert(device_line(r->d));
    r->d->fault.line_stuck = false;
    ck_assert(!device_line(r->d));
}
END_TEST

START_TEST(each_injected_error_reaches_the_device_once)
{
    r->d->fault.errors = 2;
    device_wake(r->d, 5);
    device_wake(r->d, 6);
    ck_assert_uint_eq(state->errors, 2);
    r->d->fault.errors = 1;
    r->d->fault.hung = true;
    device_wake(r->d, 7);
    ck_assert_uint_eq(state->errors, 2); /* it waits */
}
END_TEST

START_TEST(register_is_forced_for_so_many_reads)
{
    r->d->fault.forced = true;
    r->d->fault.forced_offset = 0x100;
    r->d->fault.forced_value = 0xbad;
    r->d->fault.forced_reads = 2;
    rig_write(r, "PLAIN", 5);
    ck_assert_uint_eq(rig_read(r, "PLAIN"), 0xbad);
    ck_assert_uint_eq(rig_read(r, "BARE"), 7); /* no read of it */
    ck_assert_uint_eq(rig_read(r, "PLAIN"), 0xbad);
    ck_assert_uint_eq(rig_read(r, "PLAIN"), 5);
}
END_TEST

START_TEST(next_wake_is_put_off_or_comes_earlier)
{
    state->period_ps = 1000;
    ck_assert(!device_put_off(r->d, 1, 5)); /* it waits for none */
    ck_assert(!device_hasten(r->d, 1, 5));
    r->d->wake_ps = 1000;
    ck_assert(device_put_off(r->d, 500, 600));
    ck_assert_uint_eq(r->d->wake_ps, 1500);
    ck_assert(device_hasten(r->d, 400, 600));
    ck_assert_uint_eq(r->d->wake_ps, 1100);
    ck_assert_uint_eq(state->wakes, 0);
    ck_assert(device_hasten(r->d, 10000, 600));
    ck_assert_uint_eq(state->wakes, 1);
    ck_assert_uint_eq(r->d->wake_ps, 1600);
    ck_assert(device_put_off(r->d, UINT64_MAX, 600));
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
}
END_TEST

START_TEST(released_device_goes_on_from_now)
{
    ck_assert(!device_release(r->d, 5));
    state->period_ps = 1000;
    r->d->wake_ps = 1000;
    r->d->fault.hung = true;
    ck_assert(!device_put_off(r->d, 1, 5000));
    ck_assert(device_release(r->d, 5500));
    ck_assert_uint_eq(state->wakes, 1); /* not one for each that it has missed */
    ck_assert_uint_eq(r->d->wake_ps, 6500);
    r->d->fault.line_stuck = r->d->fault.forced = true;
    ck_assert(device_release(r->d, 5500));
    ck_assert(!device_line(r->d));
    ck_assert(!r->d->fault.forced);
}
END_TEST

/* --- every type of the catalogue ------------------------------------------------------------- */

static const struct device_type *catalogued(int i)
{
    ck_assert_int_lt(i, (int)device_catalogue_count);
    return device_catalogue[i];
}

START_TEST(rows_are_in_order_and_found)
{
    const struct device_type *type = catalogued(_i);
    struct rig *rig = rig_make(type);
    for (uint32_t row = 0; row < type->reg_count; row++) {
        const struct reg *reg = &type->regs[row];
        ck_assert_msg(reg->name && reg->offset % 4 == 0 && reg->offset < type->window_size,
                      "%s: row %u", type->name, row);
        ck_assert_msg(row == 0 || type->regs[row - 1].offset < reg->offset,
                      "%s: %s is not in order", type->name, reg->name);
        ck_assert_msg(device_row_named(type, reg->name) == (int)row, "%s: two %s", type->name,
                      reg->name);
        ck_assert_msg(reg->view <= row && type->regs[row - reg->view].view == 0,
                      "%s: %s is no view", type->name, reg->name);
    }
    for (uint32_t offset = 0; offset < type->window_size + 64; offset += 4)
        ck_assert_msg(device_row_at(rig->d, offset) == device_row(type, offset), "%s: %#x",
                      type->name, offset);
    rig_free(rig);
}
END_TEST

/* What a write can change can be brought back, and must be. */
START_TEST(only_what_no_write_changes_stays)
{
    const struct device_type *type = device_catalogue[_i];
    for (uint32_t row = 0; row < type->reg_count; row++) {
        const struct reg *reg = &type->regs[row];
        bool changes = reg->writable || reg->write1_sets || reg->write1_clears || reg->on_write;
        ck_assert_msg(!reg->stays || !(changes || reg->on_task || reg->view), "%s %s", type->name,
                      reg->name);
    }
}
END_TEST

START_TEST(registers_read_their_reset_values)
{
    const struct device_type *type = catalogued(_i);
    struct rig *rig = rig_make(type);
    for (uint32_t row = 0; row < type->reg_count; row++) {
        const struct reg *reg = &type->regs[row];
        ck_assert_msg(device_read(rig->d, reg->offset, 0) == type->regs[row - reg->view].reset,
                      "%s: %s", type->name, reg->name);
    }
    ck_assert(!device_line(rig->d));
    ck_assert_uint_eq(rig->count, 0);
    rig_free(rig);
}
END_TEST

/* A copy is a snapshot: both go on alike. */
START_TEST(copied_device_goes_on_alike)
{
    const struct device_type *type = catalogued(_i);
    struct rig *one = rig_make(type), *two = rig_make(type);
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t row = (uint32_t)random_below(&one->d->random, type->reg_count);
        uint32_t value = (uint32_t)random_next(&one->d->random);
        device_write(one->d, type->regs[row].offset, i % 2 ? 1 : value, one->now_ps);
        rig_serve(one);
        rig_pass(one, 100000);
        if (one->count > RIG_LOG_MAX / 2)
            one->count = 0;
    }
    memcpy(two->d, one->d, device_size(type));
    two->now_ps = one->now_ps;
    one->count = 0;
    rig_pass(one, PS_PER_MS / 100);
    rig_pass(two, PS_PER_MS / 100);
    ck_assert_uint_eq(one->count, two->count);
    ck_assert_mem_eq(one->log, two->log, one->count * sizeof one->log[0]);
    ck_assert_mem_eq(one->d, two->d, device_size(type));
    rig_free(one);
    rig_free(two);
}
END_TEST

/* --- nRF events, in every type that has some ------------------------------------------------- */

static bool is_event(const struct reg *reg)
{
    return reg->name && !strncmp(reg->name, "EVENTS_", 7);
}

static uint32_t bit_of(const struct reg *reg)
{
    return UINT32_C(1) << (reg->offset - 0x100) / 4;
}

static bool is_nrf(const struct device_type *type)
{
    return !strncmp(type->name, "nrf52-", 6) && device_row_named(type, "INTENSET") >= 0;
}

START_TEST(nrf_type_names_its_own_rows)
{
    const struct device_type *type = catalogued(_i);
    if (!is_nrf(type))
        return;
    const struct nrf_type *nrf = (const struct nrf_type *)(const void *)type;
    const struct reg *inten = &type->regs[nrf->inten];
    int shorts = device_row(type, 0x200);
    ck_assert_uint_eq(inten->offset, device_row(type, 0x300) >= 0 ? 0x300 : 0x304);
    ck_assert_int_eq(nrf->short_count > 0, shorts >= 0);
    uint32_t known = 0;
    for (uint32_t i = 0; i < nrf->short_count; i++) {
        const struct nrf_short *s = &nrf->short_list[i];
        ck_assert(type->regs[s->task].on_task && s->task < 64);
        ck_assert_uint_lt(known, UINT32_C(1) << s->bit); /* they are in order */
        known |= UINT32_C(1) << s->bit;
    }
    if (nrf->short_count) {
        ck_assert_uint_eq(nrf->shorts, (uint32_t)shorts);
        ck_assert_uint_eq(known | type->regs[shorts].writable, known);
    }
}
END_TEST

START_TEST(line_is_any_enabled_event_that_stands)
{
    const struct device_type *type = catalogued(_i);
    if (!is_nrf(type))
        return;
    struct rig *rig = rig_make(type);
    for (uint32_t row = 0; row < type->reg_count; row++) {
        const struct reg *reg = &type->regs[row];
        if (!is_event(reg))
            continue;
        rig_write(rig, reg->name, 1);
        ck_assert_msg(!device_line(rig->d), "%s: %s not enabled", type->name, reg->name);
        rig_write(rig, "INTENSET", bit_of(reg));
        ck_assert_msg(device_line(rig->d), "%s: %s enabled", type->name, reg->name);
        rig_write(rig, "INTENSET", 0);
        ck_assert_msg(rig_read(rig, "INTENSET") == bit_of(reg), "%s: INTENSET", type->name);
        ck_assert_msg(rig_read(rig, "INTENCLR") == bit_of(reg), "%s: INTENCLR", type->name);
        ck_assert_msg(rig_read(rig, reg->name) == 1, "%s: cleared by reading", reg->name);
        rig_write(rig, "INTENCLR", ~bit_of(reg));
        ck_assert_msg(device_line(rig->d), "%s: %s, others disabled", type->name, reg->name);
        rig_write(rig, "INTENCLR", bit_of(reg));
        ck_assert_msg(!device_line(rig->d), "%s: %s disabled", type->name, reg->name);
        rig_write(rig, "INTENSET", bit_of(reg));
        rig_write(rig, reg->name, 0);
        ck_assert_msg(!device_line(rig->d), "%s: %s cleared", type->name, reg->name);
        rig_write(rig, "INTENCLR", 0xffffffff);
    }
    rig_free(rig);
}
END_TEST

START_TEST(two_events_hold_the_line_until_both_are_cleared)
{
    struct rig *rig = rig_make(&nrf52_egu.type);
    rig_write(rig, "INTEN", 3);
    rig_write(rig, "TASKS_TRIGGER[0]", 1);
    rig_write(rig, "TASKS_TRIGGER[1]", 1);
    rig_write(rig, "EVENTS_TRIGGERED[0]", 0);
    ck_assert(device_line(rig->d));
    rig_write(rig, "EVENTS_TRIGGERED[1]", 0);
    ck_assert(!device_line(rig->d));
    rig_free(rig);
}
END_TEST

/* --- the suite ------------------------------------------------------------------------------- */

static void add_engine_tests(Suite *suite)
{
    TCase *c = tcase_create("engine");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, register_obeys_its_row, 0, COUNT(accesses));
    tcase_add_test(c, clr_takes_only_its_bits);
    tcase_add_test(c, address_without_row_reads_zero_and_ignores_writes);
    tcase_add_test(c, on_write_comes_after_the_bits_are_stored);
    tcase_add_test(c, reset_brings_everything_back);
    tcase_add_test(c, task_starts_on_a_one_and_is_traced);
    tcase_add_test(c, device_task_triggers_tasks_and_nothing_else);
    tcase_add_test(c, full_queue_counts_what_it_loses);
    tcase_add_test(c, wake_that_is_due_comes_before_the_access);
    tcase_add_test(c, device_cannot_stop_time);
    tcase_add_test(c, wake_that_is_not_due_changes_nothing);
    tcase_add_test(c, hung_device_stands_still);
    tcase_add_test(c, forced_register_reads_what_was_planted);
    tcase_add_test(c, register_is_forced_for_so_many_reads);
    tcase_add_test(c, next_wake_is_put_off_or_comes_earlier);
    tcase_add_test(c, released_device_goes_on_from_now);
    tcase_add_test(c, stuck_line_is_high_whatever_the_device_says);
    tcase_add_test(c, each_injected_error_reaches_the_device_once);
    suite_add_tcase(suite, c);
}

static void add_catalogue_tests(Suite *suite)
{
    int types = (int)device_catalogue_count;
    TCase *c = tcase_create("catalogue");
    tcase_add_loop_test(c, rows_are_in_order_and_found, 0, types);
    tcase_add_loop_test(c, only_what_no_write_changes_stays, 0, types);
    tcase_add_loop_test(c, registers_read_their_reset_values, 0, types);
    tcase_add_loop_test(c, copied_device_goes_on_alike, 0, types);
    tcase_add_loop_test(c, nrf_type_names_its_own_rows, 0, types);
    tcase_add_loop_test(c, line_is_any_enabled_event_that_stands, 0, types);
    tcase_add_test(c, two_events_hold_the_line_until_both_are_cleared);
    suite_add_tcase(suite, c);
}

int main(void)
{
    Suite *suite = suite_create("device_engine");
    add_engine_tests(suite);
    add_catalogue_tests(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
