/* rng.c: the random number generator.
 * Source: nRF52840 Product Specification v1.7, "RNG - Random number generator": 128 us from START,
 * then 30 us a byte, or 120 us with bias correction.
 *
 * A byte with bias correction is uniform. One without has ones with a probability of 17/32: the
 * specification promises no more than that it may be biased, and the size of ours is invented.
 *
 * Not modelled: that the time of each byte varies; its own oscillator's drift.
 */
#include "devices/catalogue.h"

enum { VALRDY = 0 };
enum { TASKS_START, TASKS_STOP, EVENTS_VALRDY, SHORTS, INTENSET, INTENCLR, CONFIG, VALUE };
enum { START_US = 128, RAW_US = 30, CORRECTED_US = 120, BIAS_OF_256 = 136 };

struct rng {
    bool running;
};

static uint64_t byte_ps(struct device *d)
{
    return (device_value(d, CONFIG) ? CORRECTED_US : RAW_US) * PS_PER_US;
}

/* Eight bits, each from a byte of `draw`. */
static uint32_t biased_byte(uint64_t draw)
{
    uint32_t value = 0;
    for (uint32_t bit = 0; bit < 8; bit++)
        value |= (uint32_t)((draw >> 8 * bit & 0xff) < BIAS_OF_256) << bit;
    return value;
}

static void start(struct device *d, uint32_t row)
{
    (void)row;
    struct rng *r = device_state(d);
    if (r->running)
        return;
    r->running = true;
    d->wake_ps = d->now_ps + START_US * PS_PER_US + byte_ps(d);
}

static void stop(struct device *d, uint32_t row)
{
    (void)row;
    struct rng *r = device_state(d);
    r->running = false;
    d->wake_ps = TIME_NEVER;
}

static void on_wake(struct device *d)
{
    uint64_t draw = random_next(&d->random);
    device_values(d)[VALUE] = device_value(d, CONFIG) ? draw & 0xff : biased_byte(draw);
    d->wake_ps = d->now_ps + byte_ps(d);
    nrf_event(d, VALRDY); /* last: its short cut may stop us */
}

static const struct reg regs[] = {
    [TASKS_START] = NRF_TASK("TASKS_START", 0x000, start),
    [TASKS_STOP] = NRF_TASK("TASKS_STOP", 0x004, stop),
    [EVENTS_VALRDY] = NRF_EVENT("EVENTS_VALRDY", VALRDY),
    [SHORTS] = NRF_SHORTS(1),
    [INTENSET] = NRF_INTENSET(1, 0),
    [INTENCLR] = NRF_INTENCLR(1, 0),
    [CONFIG] = {"CONFIG", 0x504, .writable = 1},
    [VALUE] = {"VALUE", 0x508, .stays = true},
};
static const struct nrf_short shorts[] = {{0, VALRDY, TASKS_STOP}};

const struct nrf_type nrf52_rng = {
    .type = {.name = "nrf52-rng",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000,
             .state_size = sizeof(struct rng),
             .on_wake = on_wake},
    .inten = INTENSET,
    .shorts = SHORTS,
    .short_count = sizeof shorts / sizeof shorts[0],
    .short_list = shorts,
};
