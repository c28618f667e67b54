#include "devices/edge_counter.h"

/* The first edge at or after `now_ps`. */
static uint64_t next_edge(const struct clock *clock, uint64_t now_ps)
{
    uint64_t edge = clock_edges(clock, now_ps);
    return clock_edge_ps(clock, edge) < now_ps ? edge + 1 : edge;
}

uint64_t edge_counter_ticks(const struct edge_counter *c, const struct clock *clock,
                            uint64_t now_ps)
{
    if (!c->running)
        return 0;
    uint64_t edge = clock_edges(clock, now_ps);
    return edge <= c->since ? 0 : (edge - c->since) / c->period;
}

uint64_t edge_counter_tick_ps(const struct edge_counter *c, const struct clock *clock,
                              uint64_t tick)
{
    return clock_edge_ps(clock, c->since + tick * c->period);
}

void edge_counter_run(struct edge_counter *c, const struct clock *clock, uint64_t now_ps,
                      uint64_t period, uint32_t mask)
{
    c->period = period;
    c->mask = mask;
    c->since = next_edge(clock, now_ps);
    c->running = true;
}

void edge_counter_stop(struct edge_counter *c, const struct clock *clock, uint64_t now_ps)
{
    c->start = edge_counter_value(c, edge_counter_ticks(c, clock, now_ps));
    c->running = false;
}

void edge_counter_set(struct edge_counter *c, const struct clock *clock, uint64_t now_ps,
                      uint32_t value)
{
    c->start = value & c->mask;
    c->since = next_edge(clock, now_ps);
}
