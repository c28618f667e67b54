/* clock_power.c: CLOCK and POWER, which share a page and a line. Source: nRF52840 Product
 * Specification v1.7, "CLOCK - Clock control" and "POWER - Power supply". Start-up times: LFXO 250
 * ms, LFRC 600 us (typical); HFXO: a power-up time and HFXODEBOUNCE * 16 us. The power-up time of
 * 104 us is ours: with HFXODEBOUNCE as after reset it makes the 360 us that the nRF52832's
 * specification gives as typical. Parameter 0: another power-up time, in us.
 *
 * HFCLK always runs while a CPU does, from HFINT if not from the crystal: HFCLKSTAT is 0x10000 from
 * reset on (Nordic's nrf52840.svd says 0; who reads it sees 0x10000), 0x10001 with the crystal. A
 * clock that runs already answers START with its event at once. LFCLKSRC is looked at by
 * LFCLKSTART.
 *
 * Not modelled: what a stopped clock does to the other devices (all see their clock run, always);
 * SYSTEMOFF and the power modes (the request shows in the trace as a task, nothing follows); RAM
 * sections off (RAM[n] is stored, RAM keeps its contents: an app that is lent this page could take
 * them away); calibration (CAL, CTSTART, CTSTOP: traced, no event follows); brown-out, USB supply,
 * sleep events; GPREGRET's life beyond a reset.
 */
#include "devices/catalogue.h"

enum { HFCLKSTARTED = 0, LFCLKSTARTED = 1, EVENT_BITS = 0xfff };
enum {
    TASKS_HFCLKSTART,
    TASKS_HFCLKSTOP,
    TASKS_LFCLKSTART,
    TASKS_LFCLKSTOP,
    TASKS_CAL,
    TASKS_CTSTART,
    TASKS_CTSTOP,
    TASKS_CONSTLAT,
    TASKS_LOWPWR,
    EVENTS,
    INTENSET = EVENTS + 12,
    INTENCLR,
    RESETREAS,
    HFCLKRUN,
    HFCLKSTAT,
    LFCLKRUN,
    LFCLKSTAT,
    LFCLKSRCCOPY,
    RAMSTATUS,
    USBREGSTATUS,
    SYSTEMOFF,
    POFCON,
    LFCLKSRC,
    GPREGRET,
    GPREGRET2,
    HFXODEBOUNCE,
};
enum { STAT_RUNNING = 1 << 16, HFCLK_XTAL = 1, LFCLK_XTAL = 1 };
enum { HFXO_POWER_UP_US = 104, DEBOUNCE_US = 16, LFXO_US = 250000, LFRC_US = 600 };

struct clock_power {
    uint64_t hf_due_ps, lf_due_ps; /* when a starting clock runs, or TIME_NEVER */
    uint32_t power_up_us;
};

static void plan_wake(struct device *d)
{
    const struct clock_power *c = device_state(d);
    d->wake_ps = c->hf_due_ps < c->lf_due_ps ? c->hf_due_ps : c->lf_due_ps;
}

static void start_high(struct device *d, uint32_t row)
{
    (void)row;
    struct clock_power *c = device_state(d);
    uint64_t start_us = c->power_up_us + (uint64_t)DEBOUNCE_US * device_value(d, HFXODEBOUNCE);
    device_values(d)[HFCLKRUN] = 1;
    if (device_value(d, HFCLKSTAT) & HFCLK_XTAL)
        nrf_event(d, HFCLKSTARTED);
    else if (c->hf_due_ps == TIME_NEVER)
        c->hf_due_ps = d->now_ps + start_us * PS_PER_US;
    plan_wake(d);
}

static void stop_high(struct device *d, uint32_t row)
{
    (void)row;
    struct clock_power *c = device_state(d);
    device_values(d)[HFCLKRUN] = 0;
    device_values(d)[HFCLKSTAT] = STAT_RUNNING; /* from HFINT */
    c->hf_due_ps = TIME_NEVER;
    plan_wake(d);
}

static void start_low(struct device *d, uint32_t row)
{
    (void)row;
    struct clock_power *c = device_state(d);
    uint32_t source = device_value(d, LFCLKSRC);
    uint64_t start_us = (source & 3) == LFCLK_XTAL ? LFXO_US : LFRC_US;
    device_values(d)[LFCLKRUN] = 1;
    if (device_value(d, LFCLKSTAT)) {
        nrf_event(d, LFCLKSTARTED);
    } else if (c->lf_due_ps == TIME_NEVER) {
        device_values(d)[LFCLKSRCCOPY] = source & 3;
        c->lf_due_ps = d->now_ps + start_us * PS_PER_US;
    }
    plan_wake(d);
}

static void stop_low(struct device *d, uint32_t row)
{
    (void)row;
    struct clock_power *c = device_state(d);
    device_values(d)[LFCLKRUN] = 0;
    device_values(d)[LFCLKSTAT] = 0;
    c->lf_due_ps = TIME_NEVER;
    plan_wake(d);
}

static void on_wake(struct device *d)
{
    struct clock_power *c = device_state(d);
    uint32_t events = 0;
    if (c->hf_due_ps <= d->now_ps) {
        c->hf_due_ps = TIME_NEVER;
        device_values(d)[HFCLKSTAT] = STAT_RUNNING | HFCLK_XTAL;
        events |= 1 << HFCLKSTARTED;
    }
    if (c->lf_due_ps <= d->now_ps) {
        c->lf_due_ps = TIME_NEVER;
        device_values(d)[LFCLKSTAT] = STAT_RUNNING | device_value(d, LFCLKSRCCOPY);
        events |= 1 << LFCLKSTARTED;
    }
    nrf_events(d, events);
    plan_wake(d);
}

static void on_reset(struct device *d)
{
    struct clock_power *c = device_state(d);
    c->hf_due_ps = TIME_NEVER;
    c->lf_due_ps = TIME_NEVER;
    c->power_up_us = HFXO_POWER_UP_US;
}

static void on_parameter(struct device *d, uint32_t index, uint32_t value)
{
    struct clock_power *c = device_state(d);
    if (index == 0)
        c->power_up_us = value;
}

static void traced_only(struct device *d, uint32_t row)
{
    (void)d;
    (void)row;
}

/* clang-format off */
#define RAM(i)                                                                                     \
    {"RAM[" #i "].POWER", 0x900 + 16 * (i), .reset = 0xffff, .writable = 0xffffffff},              \
    {"RAM[" #i "].POWERSET", 0x904 + 16 * (i), .write1_sets = 0xffffffff, .view = 1},              \
    {"RAM[" #i "].POWERCLR", 0x908 + 16 * (i), .write1_clears = 0xffffffff, .view = 2}

static const struct reg regs[] = {
    [TASKS_HFCLKSTART] = NRF_TASK("TASKS_HFCLKSTART", 0x000, start_high),
    [TASKS_HFCLKSTOP] = NRF_TASK("TASKS_HFCLKSTOP", 0x004, stop_high),
    [TASKS_LFCLKSTART] = NRF_TASK("TASKS_LFCLKSTART", 0x008, start_low),
    [TASKS_LFCLKSTOP] = NRF_TASK("TASKS_LFCLKSTOP", 0x00c, stop_low),
    [TASKS_CAL] = NRF_TASK("TASKS_CAL", 0x010, traced_only),
    [TASKS_CTSTART] = NRF_TASK("TASKS_CTSTART", 0x014, traced_only),
    [TASKS_CTSTOP] = NRF_TASK("TASKS_CTSTOP", 0x018, traced_only),
    [TASKS_CONSTLAT] = NRF_TASK("TASKS_CONSTLAT", 0x078, traced_only),
    [TASKS_LOWPWR] = NRF_TASK("TASKS_LOWPWR", 0x07c, traced_only),
    [EVENTS] = NRF_EVENT("EVENTS_HFCLKSTARTED", HFCLKSTARTED),
    NRF_EVENT("EVENTS_LFCLKSTARTED", LFCLKSTARTED),
    NRF_EVENT("EVENTS_POFWARN", 2),
    NRF_EVENT("EVENTS_DONE", 3),
    NRF_EVENT("EVENTS_CTTO", 4),
    NRF_EVENT("EVENTS_SLEEPENTER", 5),
    NRF_EVENT("EVENTS_SLEEPEXIT", 6),
    NRF_EVENT("EVENTS_USBDETECTED", 7),
    NRF_EVENT("EVENTS_USBREMOVED", 8),
    NRF_EVENT("EVENTS_USBPWRRDY", 9),
    NRF_EVENT("EVENTS_CTSTARTED", 10),
    NRF_EVENT("EVENTS_CTSTOPPED", 11),
    [INTENSET] = NRF_INTENSET(EVENT_BITS, 0),
    [INTENCLR] = NRF_INTENCLR(EVENT_BITS, 0),
    [RESETREAS] = {"RESETREAS", 0x400, .write1_clears = 0x1f000f},
    [HFCLKRUN] = {"HFCLKRUN", 0x408, .reset = 0},
    [HFCLKSTAT] = {"HFCLKSTAT", 0x40c, .reset = STAT_RUNNING},
    [LFCLKRUN] = {"LFCLKRUN", 0x414, .stays = true},
    [LFCLKSTAT] = {"LFCLKSTAT", 0x418, .stays = true},
    [LFCLKSRCCOPY] = {"LFCLKSRCCOPY", 0x41c, .stays = true},
    [RAMSTATUS] = {"RAMSTATUS", 0x428, .reset = 0},
    [USBREGSTATUS] = {"USBREGSTATUS", 0x438, .reset = 0},
    [SYSTEMOFF] = NRF_TASK("SYSTEMOFF", 0x500, traced_only),
    [POFCON] = {"POFCON", 0x510, .writable = 0xf1f},
    [LFCLKSRC] = {"LFCLKSRC", 0x518, .writable = 0x30003},
    [GPREGRET] = {"GPREGRET", 0x51c, .writable = 0xff},
    [GPREGRET2] = {"GPREGRET2", 0x520, .writable = 0xff},
    [HFXODEBOUNCE] = {"HFXODEBOUNCE", 0x528, .reset = 0x10, .writable = 0xff},
    {"CTIV", 0x538, .writable = 0x7f},
    {"TRACECONFIG", 0x55c, .writable = 0x30003},
    {"DCDCEN", 0x578, .writable = 1},
    {"DCDCEN0", 0x580, .writable = 1},
    {"LFRCMODE", 0x5b4, .writable = 0x10001},
    {"MAINREGSTATUS", 0x640, .reset = 0},
    RAM(0), RAM(1), RAM(2), RAM(3), RAM(4), RAM(5), RAM(6), RAM(7), RAM(8),
};
/* clang-format on */

const struct nrf_type nrf52_clock_power = {
    .type = {.name = "nrf52-clock-power",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000,
             .state_size = sizeof(struct clock_power),
             .on_reset = on_reset,
             .on_wake = on_wake,
             .on_parameter = on_parameter},
    .inten = INTENSET,
};
