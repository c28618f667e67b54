/* edge_counter.h: a counter that counts edges of a clock through a prescaler: what TIMER and RTC
 * share. Its value is computed from edge numbers (sim/clock.h), never added up, so that it is exact
 * whatever the clock's drift.
 *
 *   edges of the clock:  ...  since  since+1 ...  since+period     since + 2 * period
 *   value:              start  start  start        start + 1        start + 2
 *
 * A start, a clear and a preset restart the prescaler at the first edge at or after them; the old
 * ticks end at once.
 */
#ifndef DEVICES_EDGE_COUNTER_H
#define DEVICES_EDGE_COUNTER_H

#include "sim/device.h"

struct edge_counter {
    uint64_t since;  /* number of the edge from which it counts */
    uint64_t period; /* edges per tick; 0 before the first start */
    uint32_t start;  /* value at `since`, and while it is stopped */
    uint32_t mask;   /* its width: 2^bits - 1 */
    bool running;
};

/* Ticks since the start; 0 while stopped. */
uint64_t edge_counter_ticks(const struct edge_counter *c, const struct clock *clock,
                            uint64_t now_ps);
/* The value after so many ticks. */
static inline uint32_t edge_counter_value(const struct edge_counter *c, uint64_t ticks)
{
    return (uint32_t)(c->start + ticks) & c->mask;
}
/* The moment of a tick. */
uint64_t edge_counter_tick_ps(const struct edge_counter *c, const struct clock *clock,
                              uint64_t tick);
/* Goes on from the value that it has. */
void edge_counter_run(struct edge_counter *c, const struct clock *clock, uint64_t now_ps,
                      uint64_t period, uint32_t mask);
void edge_counter_stop(struct edge_counter *c, const struct clock *clock, uint64_t now_ps);
/* Sets the value, running or not. */
void edge_counter_set(struct edge_counter *c, const struct clock *clock, uint64_t now_ps,
                      uint32_t value);
/* Ticks from `value` until the counter becomes `target` by counting: 1 to 2^bits. */
static inline uint64_t edge_counter_distance(const struct edge_counter *c, uint32_t value,
                                             uint32_t target)
{
    uint32_t ticks = (target - value) & c->mask;
    return ticks ? ticks : (uint64_t)c->mask + 1;
}

#endif
