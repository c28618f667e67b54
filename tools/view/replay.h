/* replay.h: one run that can be looked at from any moment, back and forth.
 *
 *   scenario --replay_make--> the whole run, once: snapshots | marks | an overview
 *   replay_go(step)  ---> the nearest snapshot before it, then step by step: machine at that moment
 *   replay_hear(a,b) ---> the records of a stretch of time, from a second machine
 *
 * A moment is a number of steps (machine_step) that have been taken: 0 is behind the boot,
 * `step_count` is the end, with the end's verdicts. Since a run is the same each time, nothing but
 * snapshots is kept: some evenly spread ones, each second one dropped when there are too many. What
 * a line of a picture needs of a long run is in the overview: a fixed number of equal stretches of
 * time, with what happened in each.
 *
 * Memory: REPLAY_SNAPSHOT_BYTES of snapshots at most (4 snapshots at least), REPLAY_MARK_MAX marks,
 * REPLAY_STRETCHES stretches; how long the run is does not matter.
 */
#ifndef TOOLS_VIEW_REPLAY_H
#define TOOLS_VIEW_REPLAY_H

#include "tools/run_one.h"
#include "tools/timeline.h"
#include "tools/view/watch.h"

enum {
    REPLAY_SNAPSHOT_BYTES = 64 << 20, /* ours, as the next ones */
    REPLAY_SNAPSHOT_MAX = 256,
    REPLAY_STRETCHES = 2048,
    REPLAY_MARK_MAX = 1 << 20,
};

/* Moments that somebody may want to jump to, in the order of the run. Append only. */
enum replay_mark_kind {
    MARK_SWITCH = 1, /* another process than before goes on in user mode */
    MARK_WINDOW,     /* a window was granted or removed */
    MARK_FAULT,      /* an app's access was refused */
    MARK_END,        /* of a process */
    MARK_INJECTED,
    MARK_ANCHOR, /* the first bit of a frame on the air */
    MARK_BREAK,  /* a rule broke: `number` is that of its verdict */
    MARK_PANIC,
};

struct replay_mark {
    uint64_t at_ps;
    uint64_t step; /* the moment right behind it */
    uint16_t kind; /* enum replay_mark_kind */
    uint16_t process;
    uint32_t number;
};

/* What happened in one stretch of the overview. */
struct replay_stretch {
    uint32_t records, calls, upcalls, faults, interrupts, frames, device_events;
};

struct replay {
    const struct scenario *scenario;
    struct run run;      /* the machine at the moment at hand */
    uint64_t step;       /* that moment */
    struct watch *watch; /* what went before it */
    uint64_t step_count, end_ps;
    uint64_t record_count;
    struct machine *other; /* for replay_hear */

    uint32_t snapshot_count, snapshot_max;
    uint64_t spacing; /* steps between two snapshots */
    struct replay_snapshot {
        uint64_t step, at_ps;
        struct machine *m;
        struct timeline *known; /* the frames on the air and on wires so far */
        struct watch *watch;
    } snapshots[REPLAY_SNAPSHOT_MAX];
    struct replay_snapshot end; /* judged */
    struct recorder recorder;   /* of the step under way; the watch hears it */

    struct replay_mark *marks;
    uint64_t mark_count, marks_dropped; /* further ones that had no room */
    uint64_t mark_room;

    uint64_t stretch_ps;
    struct replay_stretch *stretches; /* REPLAY_STRETCHES */
    bool active[MACHINE_DEVICE_MAX];  /* devices that did something, or were made to */
    bool has_frames;                  /* on the air */
    uint64_t *cpu_ps; /* [REPLAY_STRETCHES][app_count + 2]: each app, the kernel, sleep */
};

/* Runs the scenario to its end. NULL: `result` says why not, as run_begin does. The scenario stays
 * where it is as long as the replay lives. `result` is filled in as by run_one. */
struct replay *replay_make(const struct scenario *scenario, struct result *result);
void replay_free(struct replay *replay);

/* Goes to the moment behind `step` steps (more than there are: the end). The machine is valid until
 * the next call. */
const struct machine *replay_go(struct replay *replay, uint64_t step);
/* The first moment at `at_ps` or later, that of the last step if there is none; goes there. */
const struct machine *replay_go_to_time(struct replay *replay, uint64_t at_ps);

/* The next mark of one of `kinds` (bits by enum replay_mark_kind) behind `step`, or before it.
 * NULL: there is none. */
const struct replay_mark *replay_next(const struct replay *replay, uint64_t step, uint32_t kinds);
const struct replay_mark *replay_previous(const struct replay *replay, uint64_t step,
                                          uint32_t kinds);
/* Where a viewer opens: behind the first break of a rule, else the first grant, else where the
 * first app has the CPU, else the start. */
uint64_t replay_opening(const struct replay *replay);

/* The records with at_ps < to_ps, in order, from some moment before from_ps on, so that what is
 * open at from_ps can be known; `start` is told of that moment first, and of the connections and
 * wires as they were known then. The boot's own are not among them. `frame`: of an air-bytes, else
 * NULL. The moment at hand stays as it is. False from `record`: enough. */
struct replay_ear {
    void (*start)(void *context, const struct machine *m, const struct timeline *known);
    bool (*record)(void *context, const struct record *record, const struct air_frame *frame);
};
void replay_hear(struct replay *replay, uint64_t from_ps, uint64_t to_ps,
                 const struct replay_ear *ear, void *context);

/* About how many records there are from one time to another: of a part of a stretch its share. */
uint64_t replay_records(const struct replay *replay, uint64_t from_ps, uint64_t to_ps);
/* A row of cpu_ps: what the CPU did in that stretch. */
static inline const uint64_t *replay_cpu(const struct replay *replay, uint32_t stretch)
{
    return replay->cpu_ps + (size_t)stretch * (replay->scenario->app_count + 2);
}

#endif
