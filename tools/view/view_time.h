/* view_time.h: the time line as a picture: a row for the kernel, each app, each device that does
 * something, and the air.
 *
 *   window (what happened) + strip (where) + view --view_time--> shapes
 *
 *   app runs: a block of its colour | its open call: a low bar | the kernel: grey | an interrupt
 *   line that is high: a low bar | frames, and where a receiver is open, on the air
 *   v an interrupt is taken   ^ an upcall comes   x a fault   ! a rule breaks   | a deadline (one
 *   that was missed: thick, with LATE)   a square: a window is granted, empty: taken back, hatched:
 *   refused   in a box: v something is injected, x the end of a process, or a panic
 *
 * What falls on one column of pixels, and marks that would touch, are drawn once; the tooltip says
 * how many there are. Labels stand where no mark is, or are left out. Rows that have no room are
 * left out, those with the fewest items first, and counted beside the scale.
 */
#ifndef TOOLS_VIEW_VIEW_TIME_H
#define TOOLS_VIEW_VIEW_TIME_H

#include "tools/view/picture.h"
#include "tools/view/window.h"

struct time_view {
    int cell;           /* of the text */
    uint64_t cursor_ps; /* the moment at hand: a line; outside of the window there is none */
};

/* Where times are: from_ps is at x, to_ps at x + w. */
struct time_scale {
    uint64_t from_ps, to_ps;
    int x, w;
};

struct time_scale time_scale_of(const struct window *window, struct place strip, int cell);
int time_to_x(struct time_scale scale, uint64_t at_ps);
uint64_t time_from_x(struct time_scale scale, int x); /* beside the scale: its end */

void view_time(const struct window *window, const struct time_view *view, struct place strip,
               struct picture *picture);

/* The height at which all rows have room. */
int view_time_height(const struct window *window, int cell);

#endif
