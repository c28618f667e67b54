/* clock.h: time. Virtual time is picoseconds since reset in a uint64_t (213 days).
 *
 * A clock's edge n is at phase + n * 10^12 / (hz * (1 + drift)) computed by exact rational
 * arithmetic from n, never by adding periods: no error accumulates, whatever the drift.
 */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define PS_PER_US UINT64_C(1000000)
#define PS_PER_MS UINT64_C(1000000000)
#define PS_PER_S UINT64_C(1000000000000)
#define TIME_NEVER UINT64_MAX

struct clock {
    uint64_t hz;       /* nominal; not 0 */
    int64_t drift_ppb; /* > 0: runs fast; within +-10^8 */
    uint64_t phase_ps; /* time of edge 0 */
};

/* Time of edge n, rounded up to a picosecond. TIME_NEVER if it is past the end of time. */
uint64_t clock_edge_ps(const struct clock *clock, uint64_t n);

/* How many edges have been at or before `at_ps`, edge 0 not counted: the largest n whose edge is
 * not later; 0 before the phase. */
uint64_t clock_edges(const struct clock *clock, uint64_t at_ps);

#endif
