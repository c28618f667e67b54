/* watch.h: hears a run's records, so that whoever stops it at a moment can be told what went
 * before: each app's registers when it last had the CPU, its calls, faults, the last events.
 *
 *   recorder --hear--> watch   (step by step; the caller empties the recorder as it likes)
 *
 *   struct watch *w = calloc(1, sizeof *w);
 *   watch_start(w, &run.hw);
 *   watch_attach(w, &recorder);     before run_begin: the boot's records count
 *   run_begin(&run, scenario, &recorder, &result)
 *
 * A value but for the pointer to the machine that runs: a copy of it goes with a snapshot of the
 * machine. It is large (some 300 KB): for the heap.
 */
#ifndef TOOLS_VIEW_WATCH_H
#define TOOLS_VIEW_WATCH_H

#include "tools/view/reach.h"

enum { WATCH_FAULT_MAX = 64, WATCH_RECENT = 32 };

/* What the trace says about an app. */
struct watch_app {
    uint64_t calls;                   /* system calls in this life */
    uint32_t stack_start, heap_start; /* as it told them by memop 10 and 11; 0: it did not */
    struct reach_app last;            /* when it last was given the CPU */
};

/* A refused access. */
struct watch_fault {
    uint64_t at_ps;
    uint32_t process, address;
    uint32_t kind; /* enum access_kind */
    uint32_t cfsr;
};

struct watch {
    const struct hw *hw;
    uint32_t holder;      /* whose the MPU's regions are: the app that had the CPU last */
    uint64_t fault_count; /* the last WATCH_FAULT_MAX stand at their number modulo that */
    struct watch_fault faults[WATCH_FAULT_MAX];
    uint64_t record_count; /* likewise */
    struct record recent[WATCH_RECENT];
    struct watch_app apps[PROCESS_MAX];
};

void watch_start(struct watch *watch, const struct hw *hw);
void watch_attach(struct watch *watch, struct recorder *recorder);

/* The app's registers and rights: now, if it had the CPU last and lives, else when it last was
 * given the CPU. False: it has never run. */
bool watch_reach(const struct watch *watch, uint32_t process, struct reach_app *into);

/* The last event in words, with the stamp of when it was; "" before the first one. */
enum { WATCH_EVENT_MAX = 400 };
void watch_last_event(const struct watch *watch, char text[WATCH_EVENT_MAX]);

#endif
