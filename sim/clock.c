/* clock.c: exact rational edges. */
#include "sim/clock.h"

#define PPB UINT64_C(1000000000)

typedef unsigned __int128 wide;

/* The frequency as a fraction over 10^9: hz * (10^9 + drift). */
static uint64_t scaled_hz(const struct clock *clock)
{
    return clock->hz * (uint64_t)((int64_t)PPB + clock->drift_ppb);
}

/* The period in whole picoseconds, or 0 if it is none. */
static uint64_t whole_period_ps(const struct clock *clock)
{
    return clock->drift_ppb == 0 && PS_PER_S % clock->hz == 0 ? PS_PER_S / clock->hz : 0;
}

uint64_t clock_edge_ps(const struct clock *clock, uint64_t n)
{
    uint64_t period = whole_period_ps(clock);
    wide offset;
    if (period) {
        offset = (wide)n * period;
    } else {
        if (n > UINT64_C(1) << 50) /* beyond the end of time for any clock above 62 Hz */
            return TIME_NEVER;
        uint64_t hz = scaled_hz(clock);
        offset = ((wide)n * ((wide)PS_PER_S * PPB) + hz - 1) / hz;
    }
    wide at = offset + clock->phase_ps;
    return at >= TIME_NEVER ? TIME_NEVER : (uint64_t)at;
}

uint64_t clock_edges(const struct clock *clock, uint64_t at_ps)
{
    if (at_ps < clock->phase_ps)
        return 0;
    uint64_t since = at_ps - clock->phase_ps;
    uint64_t period = whole_period_ps(clock);
    if (period)
        return since / period;
    return (uint64_t)((wide)since * scaled_hz(clock) / ((wide)PS_PER_S * PPB));
}
