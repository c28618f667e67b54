/* rtc.c: RTC0..2: 24-bit counter of the 32768 Hz clock.
 * Source: nRF52840 Product Specification v1.7, "RTC - Real-time counter".
 *
 * Counts at 32768 Hz / (PRESCALER + 1) of the drifting LF clock. PRESCALER can be written only
 * while it is stopped. An event happens, and sets its register, if its bit in EVTEN or in INTEN is
 * set; the line looks at INTEN alone.
 *
 * CC equal to COUNTER or COUNTER + 1 at the moment of the write: the specification says that the
 * event may not come. Here it never does before the counter wraps, so that whoever relies on it
 * fails each time. CC written while it is stopped is sure to be seen.
 *
 * Not modelled: the delay of half to one and a half LFCLK cycles from a task to its effect (START
 * counts from the next LFCLK edge, the others act at once); that LFCLK must have been started;
 * RTC0's lack of a fourth compare register.
 */
#include "devices/catalogue.h"
#include "devices/edge_counter.h"

enum { CC_COUNT = 4, MASK = 0xffffff, NEAR_OVERFLOW = 0xfffff0 };
enum { TICK = 0, OVRFLW = 1, COMPARE = 16 }; /* numbers of the events */
enum {
    TASKS_START,
    TASKS_STOP,
    TASKS_CLEAR,
    TASKS_TRIGOVRFLW,
    EVENTS_TICK,
    EVENTS_OVRFLW,
    EVENTS_COMPARE,
    INTENSET = EVENTS_COMPARE + CC_COUNT,
    INTENCLR,
    EVTEN,
    EVTENSET,
    EVTENCLR,
    COUNTER,
    PRESCALER,
    CC,
};

struct rtc {
    struct edge_counter counter;
    uint64_t due_tick;
    uint64_t first_tick[CC_COUNT]; /* the first tick that a compare register may match */
};

static uint32_t enabled_events(struct device *d)
{
    return device_value(d, INTENSET) | device_value(d, EVTEN);
}

static uint64_t ticks_now(struct device *d)
{
    const struct rtc *r = device_state(d);
    return edge_counter_ticks(&r->counter, &d->lf, d->now_ps);
}

/* --- waiting for events ---------------------------------------------------------------------- */

static uint64_t compare_tick(struct device *d, uint32_t i, uint64_t ticks, uint32_t value)
{
    const struct rtc *r = device_state(d);
    uint64_t tick = ticks + edge_counter_distance(&r->counter, value, device_value(d, CC + i));
    return tick < r->first_tick[i] ? tick + MASK + 1 : tick;
}

static void plan_wake(struct device *d)
{
    struct rtc *r = device_state(d);
    uint32_t enabled = enabled_events(d);
    d->wake_ps = TIME_NEVER;
    if (!r->counter.running || !enabled)
        return;
    uint64_t ticks = ticks_now(d);
    uint32_t value = edge_counter_value(&r->counter, ticks);
    uint64_t due = ticks + edge_counter_distance(&r->counter, value, 0); /* OVRFLW */
    for (uint32_t i = 0; i < CC_COUNT; i++) {
        if (!(enabled >> (COMPARE + i) & 1))
            continue;
        uint64_t tick = compare_tick(d, i, ticks, value);
        due = tick < due ? tick : due;
    }
    r->due_tick = (enabled & 1 << TICK) ? ticks + 1 : due;
    d->wake_ps = edge_counter_tick_ps(&r->counter, &d->lf, r->due_tick);
}

static void on_wake(struct device *d)
{
    const struct rtc *r = device_state(d);
    uint32_t value = edge_counter_value(&r->counter, r->due_tick);
    uint32_t events = 1 << TICK;
    if (value == 0)
        events |= 1 << OVRFLW;
    for (uint32_t i = 0; i < CC_COUNT; i++)
        if (device_value(d, CC + i) == value && r->due_tick >= r->first_tick[i])
            events |= UINT32_C(1) << (COMPARE + i);
    nrf_events(d, events & enabled_events(d));
    plan_wake(d);
}

/* --- registers ------------------------------------------------------------------------------- */

static void mask_written(struct device *d, uint32_t row, uint32_t written)
{
    nrf_event_written(d, row, written);
    plan_wake(d);
}

static void compare_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)written;
    struct rtc *r = device_state(d);
    r->first_tick[row - CC] = r->counter.running ? ticks_now(d) + 2 : 0;
    plan_wake(d);
}

static void prescaler_written(struct device *d, uint32_t row, uint32_t written)
{
    const struct rtc *r = device_state(d);
    if (!r->counter.running)
        device_values(d)[row] = written & 0xfff;
}

static uint32_t counter_read(struct device *d, uint32_t row, uint32_t stored)
{
    (void)row;
    (void)stored;
    const struct rtc *r = device_state(d);
    return edge_counter_value(&r->counter, ticks_now(d));
}

/* --- tasks ----------------------------------------------------------------------------------- */

/* Ticks are numbered anew: from here on every compare register may match. */
static void restarted(struct device *d)
{
    struct rtc *r = device_state(d);
    for (uint32_t i = 0; i < CC_COUNT; i++)
        r->first_tick[i] = 0;
    plan_wake(d);
}

static void start(struct device *d, uint32_t row)
{
    (void)row;
    struct rtc *r = device_state(d);
    if (r->counter.running)
        return;
    edge_counter_run(&r->counter, &d->lf, d->now_ps, device_value(d, PRESCALER) + 1, MASK);
    restarted(d);
}

static void stop(struct device *d, uint32_t row)
{
    (void)row;
    struct rtc *r = device_state(d);
    edge_counter_stop(&r->counter, &d->lf, d->now_ps);
    restarted(d);
}

static void clear(struct device *d, uint32_t row)
{
    (void)row;
    struct rtc *r = device_state(d);
    edge_counter_set(&r->counter, &d->lf, d->now_ps, 0);
    restarted(d);
}

static void trigger_overflow(struct device *d, uint32_t row)
{
    (void)row;
    struct rtc *r = device_state(d);
    edge_counter_set(&r->counter, &d->lf, d->now_ps, NEAR_OVERFLOW);
    restarted(d);
}

static void on_reset(struct device *d)
{
    struct rtc *r = device_state(d);
    r->counter.mask = MASK;
}

/* --- rows ------------------------------------------------------------------------------------ */

enum { EVENT_BITS = 0xf0003 };

/* clang-format off */
#define COMPARED(i) [EVENTS_COMPARE + (i)] = NRF_EVENT("EVENTS_COMPARE[" #i "]", COMPARE + (i))
#define COMPARE_VALUE(i)                                                                           \
    [CC + (i)] = {"CC[" #i "]", 0x540 + 4 * (i), .writable = MASK, .on_write = compare_written}

static const struct reg regs[] = {
    [TASKS_START] = NRF_TASK("TASKS_START", 0x000, start),
    [TASKS_STOP] = NRF_TASK("TASKS_STOP", 0x004, stop),
    [TASKS_CLEAR] = NRF_TASK("TASKS_CLEAR", 0x008, clear),
    [TASKS_TRIGOVRFLW] = NRF_TASK("TASKS_TRIGOVRFLW", 0x00c, trigger_overflow),
    [EVENTS_TICK] = NRF_EVENT("EVENTS_TICK", TICK),
    [EVENTS_OVRFLW] = NRF_EVENT("EVENTS_OVRFLW", OVRFLW),
    COMPARED(0), COMPARED(1), COMPARED(2), COMPARED(3),
    [INTENSET] = {"INTENSET", 0x304, .write1_sets = EVENT_BITS, .on_write = mask_written},
    [INTENCLR] = {"INTENCLR", 0x308, .write1_clears = EVENT_BITS, .view = 1,
                  .on_write = mask_written},
    [EVTEN] = {"EVTEN", 0x340, .writable = EVENT_BITS, .on_write = mask_written},
    [EVTENSET] = {"EVTENSET", 0x344, .write1_sets = EVENT_BITS, .view = 1,
                  .on_write = mask_written},
    [EVTENCLR] = {"EVTENCLR", 0x348, .write1_clears = EVENT_BITS, .view = 2,
                  .on_write = mask_written},
    [COUNTER] = {"COUNTER", 0x504, .on_read = counter_read},
    [PRESCALER] = {"PRESCALER", 0x508, .on_write = prescaler_written},
    COMPARE_VALUE(0), COMPARE_VALUE(1), COMPARE_VALUE(2), COMPARE_VALUE(3),
};
/* clang-format on */

const struct nrf_type nrf52_rtc = {
    .type = {.name = "nrf52-rtc",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000,
             .state_size = sizeof(struct rtc),
             .on_reset = on_reset,
             .on_wake = on_wake},
    .inten = INTENSET,
};
