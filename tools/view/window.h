/* window.h: what happened in a stretch of time, row by row: what a picture of the time line shows.
 *
 *   replay, from, to --window_gather--> rows | items: slices and points, each with its words
 *
 * A stretch with few records (WINDOW_RECORD_MAX) is replayed, and every record that has something
 * to say is an item. Of a longer one the overview of the run is shown: for each of its stretches
 * how much of it each app and the kernel had the CPU, and how many calls, upcalls, faults there
 * were. Breaks of rules stand in both.
 */
#ifndef TOOLS_VIEW_WINDOW_H
#define TOOLS_VIEW_WINDOW_H

#include "tools/view/replay.h"

enum { WINDOW_RECORD_MAX = 30000, WINDOW_ROW_MAX = 64, ITEM_TEXT_MAX = 160 };

enum row_kind { ROW_KERNEL, ROW_APP, ROW_DEVICE, ROW_AIR };

struct window_row {
    enum row_kind kind;
    uint32_t index; /* of the app or device */
    const char *name;
};

/* Slices last, points do not. Append only. */
enum item_kind {
    ITEM_RUNS,   /* an app in user mode */
    ITEM_CALL,   /* an app's system call, until its results or an upcall come */
    ITEM_KERNEL, /* the CPU in the kernel, and what for */
    ITEM_LINE,   /* a device's interrupt line is high */
    ITEM_LISTEN, /* a radio's receiver is open; `who`: its device */
    ITEM_FRAME,  /* on the air; `who`: the sender's device */
    ITEM_SHARE,  /* of the overview: `share` of 255 of the slice the CPU was there */
    ITEM_POINTS, /* the kinds from here on are points */
    ITEM_INTERRUPT = ITEM_POINTS, /* taken: user mode was left for it */
    ITEM_UPCALL,                  /* delivered */
    ITEM_FAULT,
    ITEM_BREAK, /* of a rule */
    ITEM_INJECTED,
    ITEM_GRANT,   /* a window was granted */
    ITEM_REMOVAL, /* or taken back */
    ITEM_REFUSAL,
    ITEM_TASK,  /* a device's task was triggered */
    ITEM_EVENT, /* a device's event came */
    ITEM_DMA,
    ITEM_DEADLINE, /* the last moment for the first bit of an answer */
    ITEM_ANCHOR,   /* of a connection event, as the central notes it */
    ITEM_END,      /* of a process */
    ITEM_NOTE,     /* whatever else the kernel or an app says */
    ITEM_PANIC,
    ITEM_KINDS
};

struct window_item {
    uint64_t from_ps, to_ps; /* within the window; a point: the same */
    uint8_t row, kind, share;
    uint16_t who;
    bool cut_before, cut_behind; /* a slice that begins before the window, or goes on behind it */
    char text[ITEM_TEXT_MAX];    /* as `postern show` says it; "": nothing to say */
};

struct window {
    uint64_t from_ps, to_ps;
    bool overview;
    uint32_t row_count;
    struct window_row rows[WINDOW_ROW_MAX];
    uint32_t item_count, item_room;
    struct window_item *items;      /* by kind; those of a kind and row in the order of time */
    uint32_t first[ITEM_KINDS + 1]; /* where each kind begins, and where the last one ends */
    struct window_item *unsorted;   /* room to sort in */
};

/* Fills in a window that is zeroed or was filled in before. A stretch of no length is widened to a
 * nanosecond. The replay's moment stays as it is. */
void window_gather(struct replay *replay, uint64_t from_ps, uint64_t to_ps, struct window *window);
void window_free(struct window *window);

/* The row of an app, of a device, or of the air or the kernel (index 0). row_count: there is
 * none. */
uint32_t window_row_of(const struct window *window, enum row_kind kind, uint32_t index);

#endif
