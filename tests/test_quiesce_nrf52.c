/* test_quiesce_nrf52.c: the steps that bring lent devices back to reset, tried on the simulated
 * devices, and, where there is none yet, on a page of registers against the reset values of
 * nrf52840.svd.
 */
#include "devices/catalogue.h"
#include "model/quiesce_nrf52.h"
#include "tests/support_device_rig.h"
#include "tests/support_fake_hw.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { BASE = 0x40008000, ACCESS_PS = 62500, LINE = 8 };

static struct hw hw;
static struct rig *rig;

/* ---- the device on the bench is what the kernel's accesses meet; each takes four CPU cycles */

static bool rig_reads(struct hw *from, uint32_t address, uint32_t *value)
{
    (void)from;
    rig_pass(rig, ACCESS_PS);
    *value = device_read(rig->d, address - BASE, rig->now_ps);
    rig_serve(rig);
    return true;
}

static bool rig_writes(struct hw *to, uint32_t address, uint32_t value)
{
    (void)to;
    rig_pass(rig, ACCESS_PS);
    device_write(rig->d, address - BASE, value, rig->now_ps);
    rig_serve(rig);
    return true;
}

static struct passthrough_endpoint endpoint_of(enum quiesce_nrf52_kind kind, bool has_line)
{
    return (struct passthrough_endpoint){
        .windows = {{BASE, 0x1000}},
        .window_count = 1,
        .has_line = has_line,
        .line = LINE,
        .quiesce = quiesce_nrf52[kind].steps,
        .quiesce_count = quiesce_nrf52[kind].count,
    };
}

static enum err quiesce(enum quiesce_nrf52_kind kind, bool has_line)
{
    const struct passthrough_endpoint e = endpoint_of(kind, has_line);

    return passthrough_device_quiesce(&e, &hw);
}

static void start(const struct device_type *type)
{
    fake_hw_start(&hw, (struct span){0}, (struct span){0});
    hw.on_read = rig_reads;
    hw.on_write = rig_writes;
    rig = rig_make(type);
}

/* What stays, each for a reason that quiesce_nrf52.h gives. */
static const char *const staying[] = {
    "VALUE",    "RXD.AMOUNT", "TXD.AMOUNT",   "TEMP",
    "LFCLKRUN", "LFCLKSTAT",  "LFCLKSRCCOPY", "MICSTATUS",
};

static bool stays(const char *name)
{
    for (uint32_t i = 0; i < COUNT_OF(staying); i++)
        if (strcmp(name, staying[i]) == 0)
            return true;
    return false;
}

static const struct {
    enum quiesce_nrf52_kind kind;
    const struct device_type *type;
    bool has_line;
    bool shows_hang; /* a hung one is found out */
} devices[] = {
    {QUIESCE_NRF52_TIMER, &nrf52_timer.type, true, true},
    {QUIESCE_NRF52_TIMER, &nrf52_timer6.type, true, true},
    {QUIESCE_NRF52_RTC, &nrf52_rtc.type, true, true},
    {QUIESCE_NRF52_UARTE, &nrf52_uarte.type, true, true},
    {QUIESCE_NRF52_RNG, &nrf52_rng.type, true, true},
    {QUIESCE_NRF52_TEMP, &nrf52_temp.type, true, false},
    {QUIESCE_NRF52_EGU, &nrf52_egu.type, true, false},
    {QUIESCE_NRF52_GPIO, &nrf52_gpio, false, false},
    {QUIESCE_NRF52_GPIOTE, &nrf52_gpiote.type, true, false},
    {QUIESCE_NRF52_CLOCK_POWER, &nrf52_clock_power.type, true, true},
    {QUIESCE_NRF52_ECB, &nrf52_ecb.type, true, false},
    {QUIESCE_NRF52_CCM_AAR, &nrf52_ccm.type, true, false},
    {QUIESCE_NRF52_RADIO, &nrf52_radio.type, true, true},
    {QUIESCE_NRF52_PPI, &nrf52_ppi, false, false},
    {QUIESCE_NRF52_TWIM, &nrf52_twim.type, true, true},
    {QUIESCE_NRF52_SPIM, &nrf52_spim.type, true, true},
};

static uint64_t seed;

static uint32_t draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 32);
}

/* As an owner may leave it: every register written, tasks started, time gone by. */
static void misuse(void)
{
    const struct device_type *type = rig->d->type;

    for (uint32_t n = 0; n < 4 * type->reg_count; n++) {
        const struct reg *reg = &type->regs[draw() % type->reg_count];
        uint32_t value = reg->offset < 0x100 ? 1 : draw() % 3 ? draw() : draw() % 16;
        device_write(rig->d, reg->offset, value, rig->now_ps);
        rig_serve(rig);
        rig_pass(rig, draw() % 100000000);
        if (type->on_packet)
            rig_packet(rig, "\x01\x01\x02", 2 + draw() % 2);
        rig->count = 0;
    }
    device_write(rig->d, 0, 1, rig->now_ps); /* the first task is START wherever there is one */
    rig_serve(rig);
}

static void is_as_after_reset(const struct device_type *type)
{
    struct rig *fresh = rig_make(type);

    for (uint32_t i = 0; i < type->reg_count; i++) {
        const struct reg *reg = &type->regs[i];
        uint32_t want = device_read(fresh->d, reg->offset, 0);
        uint32_t is = device_read(rig->d, reg->offset, rig->now_ps);
        /* What the outside drives is not the device's own. */
        bool outside = strcmp(reg->name, "IN") == 0 || strcmp(reg->name, "P1.IN") == 0;
        ck_assert_msg(is == want || outside || stays(reg->name), "%s %s: %x, not %x", type->name,
                      reg->name, is, want);
    }
    rig_free(fresh);
}

START_TEST(a_misused_device_is_as_after_reset)
{
    const struct device_type *type = devices[_i].type;

    for (seed = 1; seed < 40; seed++) {
        uint64_t kept = seed;
        start(type);
        misuse();
        ck_assert_int_eq(quiesce(devices[_i].kind, devices[_i].has_line), ERR_NONE);
        is_as_after_reset(type);
        ck_assert(!device_line(rig->d));
        /* Nothing is under way; bytes that come from outside are the outside's. */
        ck_assert(rig->d->wake_ps == TIME_NEVER || type->on_packet);

        rig->count = 0;
        rig_pass(rig, 40 * PS_PER_MS);
        ck_assert_uint_eq(rig_count(rig, REQUEST_DMA_READ, NULL), 0);
        ck_assert_uint_eq(rig_count(rig, REQUEST_DMA_WRITE, NULL), 0);
        is_as_after_reset(type);
        ck_assert(!device_line(rig->d));
        rig_free(rig);
        seed = kept;
    }
}
END_TEST

/* A device that obeys no task is not taken for quiet, where its registers can tell. */
START_TEST(a_hung_device_is_found_out)
{
    start(devices[_i].type);
    device_write(rig->d, 0, 1, rig->now_ps);
    rig_pass(rig, PS_PER_MS);
    device_wake(rig->d, rig->now_ps); /* it hangs now, not at its last access */
    rig->d->fault.hung = true;

    enum err err = quiesce(devices[_i].kind, devices[_i].has_line);

    ck_assert_int_eq(err, devices[_i].shows_hang ? ERR_FAIL : ERR_NONE);
    rig_free(rig);
}
END_TEST

/* Its counter is 0 whether or not it obeys. */
START_TEST(a_hung_rtc_that_never_ran_is_found_out_by_what_it_keeps)
{
    start(&nrf52_rtc.type);
    rig_write(rig, "PRESCALER", 0x1f);
    rig->d->fault.hung = true;
    ck_assert_int_eq(quiesce(QUIESCE_NRF52_RTC, true), ERR_FAIL);
    rig_free(rig);
}
END_TEST

/* Bytes on their way in both directions, at the slowest rate. */
START_TEST(a_uarte_is_stopped_in_mid_transfer)
{
    start(&nrf52_uarte.type);
    rig_write(rig, "BAUDRATE", 0x0004f000); /* 1200 */
    rig_write(rig, "ENABLE", 8);
    rig_write(rig, "TXD.PTR", RIG_RAM_BASE);
    rig_write(rig, "TXD.MAXCNT", 200);
    rig_write(rig, "RXD.PTR", RIG_RAM_BASE + 512);
    rig_write(rig, "RXD.MAXCNT", 200);
    rig_write(rig, "TASKS_STARTRX", 1);
    rig_write(rig, "TASKS_STARTTX", 1);
    rig_packet(rig, "secret", 6);
    rig_pass(rig, 10 * PS_PER_MS);
    uint64_t begin_ps = rig->now_ps;

    ck_assert_int_eq(quiesce(QUIESCE_NRF52_UARTE, true), ERR_NONE);

    ck_assert_uint_lt(rig->now_ps - begin_ps, PS_PER_MS);
    rig->count = 0;
    rig_pass(rig, 1000 * PS_PER_MS);
    ck_assert_uint_eq(rig->count, 0);
    rig_free(rig);
}
END_TEST

static struct wire_answer hold_the_clock(void *context, const struct wire_signal *signal)
{
    (void)context;
    (void)signal;
    return (struct wire_answer){.ack = true, .stretch_ps = TIME_NEVER};
}

/* Whether or not somebody holds the clock of its bus. */
START_TEST(a_twim_is_stopped_in_mid_transfer)
{
    start(&nrf52_twim.type);
    rig->peer = _i ? hold_the_clock : NULL;
    rig_write(rig, "FREQUENCY", 0x1000); /* a bit takes 65 ms */
    if (_i)
        rig_write(rig, "FREQUENCY", 0x06400000);
    rig_write(rig, "ENABLE", 6);
    rig_write(rig, "TXD.PTR", RIG_RAM_BASE);
    rig_write(rig, "TXD.MAXCNT", 200);
    rig_write(rig, "TASKS_STARTTX", 1);
    rig_pass(rig, 200 * PS_PER_MS);
    rig_write(rig, "TASKS_SUSPEND", 1);
    uint64_t begin_ps = rig->now_ps;

    ck_assert_int_eq(quiesce(QUIESCE_NRF52_TWIM, true), ERR_NONE);

    ck_assert_uint_lt(rig->now_ps - begin_ps, PS_PER_MS);
    is_as_after_reset(&nrf52_twim.type);
    rig->count = 0;
    rig_pass(rig, 1000 * PS_PER_MS);
    ck_assert_uint_eq(rig->count, 0);
    rig_free(rig);
}
END_TEST

/* The kernel's alarm counts LFCLK: what runs is not stopped, what was stopped runs again. */
START_TEST(the_low_frequency_clock_runs_on)
{
    start(&nrf52_clock_power.type);
    rig_write(rig, "LFCLKSRC", 1);
    rig_write(rig, "TASKS_LFCLKSTART", 1);
    rig_pass(rig, 300 * PS_PER_MS);
    uint32_t running = rig_read(rig, "LFCLKSTAT");
    rig->count = 0;

    ck_assert_int_eq(quiesce(QUIESCE_NRF52_CLOCK_POWER, true), ERR_NONE);
    ck_assert_uint_eq(rig_read(rig, "LFCLKSTAT"), running);
    ck_assert_uint_eq(rig_count(rig, REQUEST_TASK, "TASKS_LFCLKSTOP"), 0);

    rig_write(rig, "TASKS_LFCLKSTOP", 1);
    ck_assert_int_eq(quiesce(QUIESCE_NRF52_CLOCK_POWER, true), ERR_NONE);
    ck_assert_uint_eq(rig_read(rig, "LFCLKSTAT"), 1 << 16);
    rig_free(rig);
}
END_TEST

START_TEST(the_rngs_last_byte_is_overwritten)
{
    start(&nrf52_rng.type);
    rig_write(rig, "TASKS_START", 1);
    rig_pass(rig, PS_PER_MS);
    rig_write(rig, "TASKS_STOP", 1);
    rig->count = 0;

    ck_assert_int_eq(quiesce(QUIESCE_NRF52_RNG, true), ERR_NONE);

    ck_assert_uint_eq(rig_count(rig, REQUEST_EVENT, "EVENTS_VALRDY"), 1);
    rig_free(rig);
}
END_TEST

/* ---- devices that are not simulated: a page of words */

static uint32_t page[1024];

static bool page_reads(struct hw *from, uint32_t address, uint32_t *value)
{
    (void)from;
    *value = page[(address - BASE) / 4];
    return true;
}

/* RADIO: disabled as soon as it is told. PPI: CHENCLR clears CHEN. */
static bool page_writes(struct hw *to, uint32_t address, uint32_t value)
{
    (void)to;
    uint32_t offset = address - BASE;

    ck_assert_uint_lt(offset, 0x1000);
    page[offset / 4] = value;
    if (offset == 0x010)
        page[0x550 / 4] = 0;
    if (offset == 0x508 && value == 0xffffffff)
        page[0x500 / 4] = 0;
    return true;
}

/* Source: nrf52840.svd, all registers that are read-write; count registers 4 bytes apart. */
static const struct {
    enum quiesce_nrf52_kind kind;
    uint16_t offset, count;
    uint32_t reset;
} resets[] = {
    {QUIESCE_NRF52_RADIO, 0x100, 8, 0},      {QUIESCE_NRF52_RADIO, 0x128, 1, 0},
    {QUIESCE_NRF52_RADIO, 0x130, 12, 0},     {QUIESCE_NRF52_RADIO, 0x168, 2, 0},
    {QUIESCE_NRF52_RADIO, 0x200, 1, 0},      {QUIESCE_NRF52_RADIO, 0x504, 1, 0},
    {QUIESCE_NRF52_RADIO, 0x508, 1, 2},      {QUIESCE_NRF52_RADIO, 0x50c, 13, 0},
    {QUIESCE_NRF52_RADIO, 0x544, 1, 0},      {QUIESCE_NRF52_RADIO, 0x554, 1, 0x40},
    {QUIESCE_NRF52_RADIO, 0x560, 1, 0},      {QUIESCE_NRF52_RADIO, 0x600, 19, 0},
    {QUIESCE_NRF52_RADIO, 0x650, 1, 0x200},  {QUIESCE_NRF52_RADIO, 0x660, 1, 0xa7},
    {QUIESCE_NRF52_RADIO, 0x664, 2, 0},      {QUIESCE_NRF52_RADIO, 0x66c, 1, 0x052d0000},
    {QUIESCE_NRF52_RADIO, 0xffc, 1, 1},      {QUIESCE_NRF52_ECB, 0x100, 2, 0},
    {QUIESCE_NRF52_ECB, 0x504, 1, 0},        {QUIESCE_NRF52_CCM_AAR, 0x100, 3, 0},
    {QUIESCE_NRF52_CCM_AAR, 0x200, 1, 0},    {QUIESCE_NRF52_CCM_AAR, 0x500, 1, 0},
    {QUIESCE_NRF52_CCM_AAR, 0x504, 1, 1},    {QUIESCE_NRF52_CCM_AAR, 0x508, 4, 0},
    {QUIESCE_NRF52_CCM_AAR, 0x518, 1, 0xfb}, {QUIESCE_NRF52_CCM_AAR, 0x51c, 1, 0},
    {QUIESCE_NRF52_PPI, 0x500, 1, 0},        {QUIESCE_NRF52_PPI, 0x510, 40, 0},
    {QUIESCE_NRF52_PPI, 0x800, 6, 0},        {QUIESCE_NRF52_PPI, 0x910, 32, 0},
};

START_TEST(registers_hold_their_reset_values)
{
    fake_hw_start(&hw, (struct span){0}, (struct span){0});
    hw.on_read = page_reads;
    hw.on_write = page_writes;
    memset(page, 0xa5, sizeof page);

    ck_assert_int_eq(quiesce(resets[_i].kind, false), ERR_NONE);

    for (uint32_t n = 0; n < resets[_i].count; n++)
        ck_assert_msg(page[resets[_i].offset / 4 + n] == resets[_i].reset, "%x",
                      resets[_i].offset + 4 * n);
}
END_TEST

/* A radio that stays on is withheld. */
START_TEST(a_radio_that_stays_on_is_found_out)
{
    fake_hw_start(&hw, (struct span){0}, (struct span){0});
    hw.on_read = page_reads;
    memset(page, 0, sizeof page);
    page[0x550 / 4] = 3;

    ck_assert_int_eq(quiesce(QUIESCE_NRF52_RADIO, true), ERR_FAIL);
}
END_TEST

START_TEST(device_without_a_line_has_no_interrupt_standing)
{
    struct passthrough_endpoint e = endpoint_of(QUIESCE_NRF52_NONE, true);
    fake_hw_start(&hw, (struct span){0}, (struct span){0});
    fake_hw_set(&hw, BASE + 0x304, 0x30000); /* INTENSET */
    fake_hw_set(&hw, BASE + 0x100 + 4 * 17, 1);
    fake_hw_set(&hw, BASE + 0x100 + 4 * 2, 1); /* not enabled */
    ck_assert_uint_eq(passthrough_device_status(&e, &hw), 0x20000);
    fake_hw_forget(&hw);
    e.has_line = false;

    ck_assert_uint_eq(passthrough_device_status(&e, &hw), 0);

    ck_assert_uint_eq(hw.read_count, 0);
}
END_TEST

START_TEST(nothing_to_do_touches_nothing)
{
    fake_hw_start(&hw, (struct span){0}, (struct span){0});

    ck_assert_int_eq(quiesce(QUIESCE_NRF52_NONE, false), ERR_NONE);

    ck_assert_uint_eq(hw.write_count, 0);
    ck_assert_uint_eq(hw.read_count, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("quiesce_nrf52");
    TCase *t = tcase_create("quiesce_nrf52");

    tcase_add_loop_test(t, a_misused_device_is_as_after_reset, 0, COUNT_OF(devices));
    tcase_add_loop_test(t, a_hung_device_is_found_out, 0, COUNT_OF(devices));
    tcase_add_test(t, a_hung_rtc_that_never_ran_is_found_out_by_what_it_keeps);
    tcase_add_test(t, a_uarte_is_stopped_in_mid_transfer);
    tcase_add_loop_test(t, a_twim_is_stopped_in_mid_transfer, 0, 2);
    tcase_add_test(t, the_low_frequency_clock_runs_on);
    tcase_add_test(t, the_rngs_last_byte_is_overwritten);
    tcase_add_loop_test(t, registers_hold_their_reset_values, 0, COUNT_OF(resets));
    tcase_add_test(t, a_radio_that_stays_on_is_found_out);
    tcase_add_test(t, device_without_a_line_has_no_interrupt_standing);
    tcase_add_test(t, nothing_to_do_touches_nothing);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
