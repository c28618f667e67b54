/* timer.c: TIMER0..2 (four compare registers) and TIMER3..4 (six).
 * Source: nRF52840 Product Specification v1.7, "TIMER - Timer/counter".
 *
 * Counts at 16 MHz / 2^PRESCALER of the drifting HF clock. An event comes exactly at the edge at
 * which the counter becomes the compare value by counting; writing the value that it has already,
 * clearing it to that value, or starting at it gives none before the counter wraps. Only the bits
 * of BITMODE are compared. MODE, BITMODE and PRESCALER are looked at by START alone: the
 * specification leaves open what a change does meanwhile. In counter mode COUNT counts from START
 * to STOP.
 *
 * Not modelled: HF clock requests and power; the cycle or two from a task to its effect (START
 * counts from the next 16 MHz edge); low-power counter mode differs in nothing from counter mode.
 * SHUTDOWN is STOP and CLEAR.
 */
#include "devices/catalogue.h"
#include "devices/edge_counter.h"
#include "devices/nrf.h"

enum { COMPARE = 16 }; /* number of EVENTS_COMPARE[0] */

struct timer {
    struct edge_counter counter;
    uint64_t due_tick; /* tick at which the next compare event comes */
    bool counting;     /* counter mode, started */
    uint8_t mode_row;  /* row of MODE; the rows after it by the enum below */
    uint8_t cc_count;
};

enum { TASKS_START, TASKS_STOP, TASKS_COUNT, TASKS_CLEAR, TASKS_SHUTDOWN, TASKS_CAPTURE };
enum { MODE, BITMODE, PRESCALER, CC }; /* from mode_row on */

static uint32_t setting(struct device *d, uint32_t which)
{
    const struct timer *t = device_state(d);
    return device_value(d, t->mode_row + which);
}

static uint32_t compare_value(struct device *d, uint32_t i)
{
    const struct timer *t = device_state(d);
    return setting(d, CC + i) & t->counter.mask;
}

/* --- waiting for compare events -------------------------------------------------------------- */

static void plan_wake(struct device *d)
{
    struct timer *t = device_state(d);
    d->wake_ps = TIME_NEVER;
    if (!t->counter.running)
        return;
    uint64_t ticks = edge_counter_ticks(&t->counter, &d->hf, d->now_ps);
    uint32_t value = edge_counter_value(&t->counter, ticks);
    const uint32_t *cc = device_values(d) + t->mode_row + CC;
    uint32_t between = t->counter.mask; /* ticks before the nearest one, the last of all of them */
    for (uint32_t i = 0; i < t->cc_count; i++) {
        uint32_t ticks_before = (cc[i] - value - 1) & t->counter.mask;
        between = ticks_before < between ? ticks_before : between;
    }
    t->due_tick = ticks + between + 1;
    d->wake_ps = edge_counter_tick_ps(&t->counter, &d->hf, t->due_tick);
}

/* The counter has just become `value` by counting. */
static void compare(struct device *d, uint32_t value)
{
    struct timer *t = device_state(d);
    uint32_t events = 0;
    for (uint32_t i = 0; i < t->cc_count; i++)
        if (compare_value(d, i) == value)
            events |= UINT32_C(1) << (COMPARE + i);
    if (events)
        nrf_events(d, events);
}

static void on_wake(struct device *d)
{
    struct timer *t = device_state(d);
    compare(d, edge_counter_value(&t->counter, t->due_tick));
    plan_wake(d);
}

static void compare_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    plan_wake(d);
}

/* --- tasks ----------------------------------------------------------------------------------- */

static uint32_t value_now(struct device *d)
{
    const struct timer *t = device_state(d);
    return edge_counter_value(&t->counter, edge_counter_ticks(&t->counter, &d->hf, d->now_ps));
}

static void start(struct device *d, uint32_t row)
{
    static const uint32_t masks[] = {0xffff, 0xff, 0xffffff, 0xffffffff};
    (void)row;
    struct timer *t = device_state(d);
    if (t->counter.running || t->counting)
        return;
    uint64_t period = UINT64_C(1) << setting(d, PRESCALER);
    edge_counter_run(&t->counter, &d->hf, d->now_ps, period, masks[setting(d, BITMODE)]);
    t->counting = setting(d, MODE) != 0;
    t->counter.running = !t->counting;
    plan_wake(d);
}

static void stop(struct device *d, uint32_t row)
{
    (void)row;
    struct timer *t = device_state(d);
    edge_counter_stop(&t->counter, &d->hf, d->now_ps);
    t->counting = false;
    plan_wake(d);
}

static void count(struct device *d, uint32_t row)
{
    (void)row;
    struct timer *t = device_state(d);
    if (!t->counting)
        return;
    uint32_t value = edge_counter_value(&t->counter, 1);
    edge_counter_set(&t->counter, &d->hf, d->now_ps, value);
    compare(d, value);
}

static void clear(struct device *d, uint32_t row)
{
    (void)row;
    struct timer *t = device_state(d);
    edge_counter_set(&t->counter, &d->hf, d->now_ps, 0);
    plan_wake(d);
}

static void shut_down(struct device *d, uint32_t row)
{
    stop(d, row);
    clear(d, row);
}

static void capture(struct device *d, uint32_t row)
{
    const struct timer *t = device_state(d);
    device_values(d)[t->mode_row + CC + (row - TASKS_CAPTURE)] = value_now(d);
    plan_wake(d);
}

/* --- rows ------------------------------------------------------------------------------------ */

static void prescaler_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)written;
    if (device_value(d, row) > 9) /* 10 to 15 are not defined: taken as 9, the slowest */
        device_values(d)[row] = 9;
}

/* clang-format off */
#define CAPTURE(i) NRF_TASK("TASKS_CAPTURE[" #i "]", 0x040 + 4 * (i), capture)
#define EVENT(i) NRF_EVENT("EVENTS_COMPARE[" #i "]", COMPARE + (i))
#define COMPARE_VALUE(i)                                                                           \
    {"CC[" #i "]", 0x540 + 4 * (i), .writable = 0xffffffff, .on_write = compare_written}
#define FOUR(what) what(0), what(1), what(2), what(3)
#define SIX(what) FOUR(what), what(4), what(5)
#define ROWS(all, short_bits, event_bits)                                                          \
    [TASKS_START] = NRF_TASK("TASKS_START", 0x000, start),                                         \
    [TASKS_STOP] = NRF_TASK("TASKS_STOP", 0x004, stop),                                            \
    [TASKS_COUNT] = NRF_TASK("TASKS_COUNT", 0x008, count),                                         \
    [TASKS_CLEAR] = NRF_TASK("TASKS_CLEAR", 0x00c, clear),                                         \
    [TASKS_SHUTDOWN] = NRF_TASK("TASKS_SHUTDOWN", 0x010, shut_down),                               \
    all(CAPTURE), all(EVENT),                                                                      \
    NRF_SHORTS(short_bits), NRF_INTENSET(event_bits, 0), NRF_INTENCLR(event_bits, 0),              \
    {"MODE", 0x504, .writable = 0x3},                                                              \
    {"BITMODE", 0x508, .writable = 0x3},                                                           \
    {"PRESCALER", 0x510, .reset = 4, .writable = 0xf, .on_write = prescaler_written},              \
    all(COMPARE_VALUE)

static const struct reg regs4[] = {ROWS(FOUR, 0x0f0f, 0x0f0000)};
static const struct reg regs6[] = {ROWS(SIX, 0x3f3f, 0x3f0000)};

/* COMPARE[i]_CLEAR and COMPARE[i]_STOP; those past a timer's registers have no SHORTS bit in it. */
#define SHORT_CLEAR(i) {(i), COMPARE + (i), TASKS_CLEAR}
#define SHORT_STOP(i) {8 + (i), COMPARE + (i), TASKS_STOP}
static const struct nrf_short shorts[] = {SIX(SHORT_CLEAR), SIX(SHORT_STOP)};
/* clang-format on */

static void on_reset(struct device *d)
{
    struct timer *t = device_state(d);
    t->mode_row = (uint8_t)device_row(d->type, 0x504);
    t->cc_count = (uint8_t)(d->type->reg_count - t->mode_row - CC);
}

#define TIMER(text, n)                                                                             \
    {                                                                                              \
        .type = {.name = (text),                                                                   \
                 .regs = regs##n,                                                                  \
                 .reg_count = sizeof regs##n / sizeof regs##n[0],                                  \
                 .window_size = 0x1000,                                                            \
                 .state_size = sizeof(struct timer),                                               \
                 .on_reset = on_reset,                                                             \
                 .on_wake = on_wake},                                                              \
        .inten = TASKS_CAPTURE + 2 * (n) + 1, .shorts = TASKS_CAPTURE + 2 * (n),                   \
        .short_count = sizeof shorts / sizeof shorts[0], .short_list = shorts                      \
    }

const struct nrf_type nrf52_timer = TIMER("nrf52-timer", 4);
const struct nrf_type nrf52_timer6 = TIMER("nrf52-timer6", 6);
