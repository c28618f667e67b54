/* clock.c: exact rational edges. */
#include "sim/clock.h"

#define PPB UINT64_C(1000000000)

typedef unsigned __int128 wide;

/* The frequency as a fraction over 10^9: hz * (10^9 + drift). */
static uint64_t scaled_hz(const struct clock *clock)
{
    return clock->hz * (uint64_t)((int64_t)PPB + clock->drift_ppb);
}

/* The period in whole picoseconds, or 0 if it is none. The clocks that are asked all the time are
 * said: a division would take most of the time here. */
static inline uint64_t whole_period_ps(const struct clock *clock)
{
    if (clock->drift_ppb != 0)
        return 0;
    switch (clock->hz) {
    case 16000000:
        return 62500;
    case 1000000:
        return 1000000;
    case 1000000000:
        return 1000;
    default:
        return PS_PER_S % clock->hz == 0 ? PS_PER_S / clock->hz : 0;
    }
}

/* 32768 Hz without drift: a period is 244140625 / 8 ps. */
enum { LF_HZ = 32768, LF_EIGHTH_PS = 244140625 };

static bool is_plain_lf(const struct clock *clock)
{
    return clock->hz == LF_HZ && clock->drift_ppb == 0;
}

static uint64_t offset_of_edge(const struct clock *clock, uint64_t n, uint64_t none)
{
    if (is_plain_lf(clock) && n < UINT64_C(1) << 32)
        return (n * LF_EIGHTH_PS + 7) / 8;
    if (n > UINT64_C(1) << 50) /* beyond the end of time for any clock above 62 Hz */
        return none;
    uint64_t hz = scaled_hz(clock);
    wide offset = ((wide)n * ((wide)PS_PER_S * PPB) + hz - 1) / hz;
    return offset >= none ? none : (uint64_t)offset;
}

uint64_t clock_edge_ps(const struct clock *clock, uint64_t n)
{
    uint64_t period = whole_period_ps(clock);
    wide at = period ? (wide)n * period : offset_of_edge(clock, n, TIME_NEVER);
    at += clock->phase_ps;
    return at >= TIME_NEVER ? TIME_NEVER : (uint64_t)at;
}

/* 64 is a factor of 10^21, and of every frequency that we have but odd ones: without it the divisor
 * has 64 bits, which makes one division of what would be a loop. */
static uint64_t edges_within(const struct clock *clock, uint64_t ps)
{
    const uint64_t divisor = UINT64_C(15625000000000000000); /* 10^21 / 64 */
    uint64_t hz = scaled_hz(clock);
    if (is_plain_lf(clock) && ps < UINT64_C(1) << 60)
        return ps * 8 / LF_EIGHTH_PS;
    if (hz % 64 == 0)
        return (uint64_t)((wide)ps * (hz / 64) / divisor);
    return (uint64_t)((wide)ps * hz / ((wide)PS_PER_S * PPB));
}

uint64_t clock_edges(const struct clock *clock, uint64_t at_ps)
{
    if (at_ps < clock->phase_ps)
        return 0;
    uint64_t since = at_ps - clock->phase_ps;
    if (clock->hz == 16000000 && clock->drift_ppb == 0)
        return since / 62500;
    uint64_t period = whole_period_ps(clock);
    return period ? since / period : edges_within(clock, since);
}
