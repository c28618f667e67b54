/* view_axis.h: a broken axis: addresses laid out in pixels, so that what matters can be read.
 *
 *   edges (where anything begins or ends) + what is used --axis_cut--> stretches between edges
 *   --axis_group--> runs of plain ones become one --axis_place--> rows, and pixels in each
 *
 * A linear scale of 2^32 addresses shows nothing. Here a stretch that nothing uses takes the width
 * of a mark, and one that is used at least what its label wants, and of what is left a share by the
 * square root of its bytes: so larger is wider, and small things stay visible. One that is too long
 * for a row goes on in the next.
 */
#ifndef TOOLS_VIEW_VIEW_AXIS_H
#define TOOLS_VIEW_VIEW_AXIS_H

#include "tools/view/moment.h"

enum { AXIS_EDGE_MAX = 2048, AXIS_GAP_CELLS = 2 };

struct stretch {
    uint64_t first, end; /* addresses [first, end) */
    bool used;
    bool plain;     /* may become part of a group: nothing in it is looked at */
    uint32_t items; /* of a group: how many things are in it; else 0 */
    int cells;      /* wanted width; whoever labels it says so */
    int row, x, w;  /* pixels */
};

struct axis {
    uint32_t edge_count;
    uint64_t edges[AXIS_EDGE_MAX];
    uint32_t count;
    struct stretch at[AXIS_EDGE_MAX];
    int rows;
};

void axis_start(struct axis *axis);
void axis_edge(struct axis *axis, uint64_t address);
static inline void axis_range(struct axis *axis, uint64_t first, uint64_t end)
{
    axis_edge(axis, first);
    axis_edge(axis, end);
}

/* Stretches from the first used address to the last; edges outside are dropped. */
void axis_cut(struct axis *axis, const struct moment_segments *used);

/* Runs of plain stretches, and the gaps between them, become one stretch `cells` wide with the sum
 * of their `items`; but for `keep` of them on each side of what is not plain, as its neighbours. */
void axis_group(struct axis *axis, int cells, uint32_t keep);

/* Rows that it wants at so many cells a row, at least 1. */
int axis_rows(const struct axis *axis, int cells);

/* Gives each stretch its place, in at most `rows` rows of `width` pixels from `x` on. */
void axis_place(struct axis *axis, int x, int width, int cell, int rows);

/* The next run of pixels of [first, end): true as long as there is one. `*at` begins as 0. */
struct axis_run {
    int row, x, w;
    bool begins, ends; /* it holds the range's beginning, its end */
};
bool axis_next(const struct axis *axis, uint32_t *at, uint64_t first, uint64_t end,
               struct axis_run *run);

/* Where the address is; w is 0 or more. False: not on the axis. */
bool axis_find(const struct axis *axis, uint64_t address, struct axis_run *run);

#endif
