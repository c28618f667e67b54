/* line_pace.h: keeps a line of the kernel's own from taking the apps' time.
 *
 *   each bottom half --> line_pace_serviced --> often enough, at short distances: the line rests,
 *                                               masked; what comes meanwhile pends, as one
 *                                               interrupt
 *   user mode        --> line_pace_slice    --> the slice timer ends with the rest
 *   back from there  --> line_pace_rested   --> which lines are open again
 *
 * A line is given up as stuck if it leaves the apps no instruction (kernel.c). One that leaves them
 * a few each time is no broken device, perhaps: so it only rests, LINE_REST_SHARE of the time that
 * its bottom halves took with all between them. If none of these takes more than 57 us, the apps
 * have a tenth of the time at least, however fast pulses come. Time is that of the scheduler's
 * slices: no timer is asked. Where the scheduler has none, a rest is LINE_REST_MIN_US, which is
 * enough for bottom halves of 28 us.
 *
 * Numbers are ours: a UART's byte at 115,200 baud takes 87 us, so one interrupt a byte never rests.
 */
#ifndef MODEL_LINE_PACE_H
#define MODEL_LINE_PACE_H

#include "model/limits.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    LINE_PACE_SERVICES = 32, /* so many bottom halves of a line ... */
    LINE_PACE_US = 2048,     /* ... within this time let it rest */
    LINE_REST_SHARE = 4,
    LINE_REST_MIN_US = 100,
};

/* All zeros at the start. Times are the scheduler's `ran_us`. */
struct line_pace {
    uint64_t from_us;  /* when `services` began */
    uint64_t until_us; /* the rest's end, for all that rest */
    uint32_t resting[IRQ_LINE_MAX / 32];
    uint8_t services[IRQ_LINE_MAX];
    bool is_any_counted; /* else all of `services` is 0 */
    bool is_any_resting;
};

/* A bottom half of `line` has ended; true: leave it masked. */
bool line_pace_serviced(struct line_pace *pace, uint32_t line, uint64_t ran_us);

/* How long the slice timer may run at most, of `slice_us` (0: for ever). */
uint32_t line_pace_slice(const struct line_pace *pace, uint32_t slice_us, uint64_t ran_us);

/* True: the rest is over, or `is_idle`, since then there is nobody to rest for; `*lines` rest no
 * more: unmask them. */
bool line_pace_rested(struct line_pace *pace, uint64_t ran_us, bool is_idle,
                      uint32_t lines[IRQ_LINE_MAX / 32]);

#endif
