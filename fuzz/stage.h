/* stage.h: a machine that is made once and then plays tape after tape from the same point.
 *
 *   scenario text --stage_make--> machine, in reset --machine_save--> snapshot
 *   tape --stage_play--> the schedule's injections, the filter's rows, the headers' requests (all
 *        in the scenario); machine_restore, the kernel's start (without the filter's stream it is
 *        in the snapshot), a run to the end, every always-on rule
 *        --> holds | broken | the simulator is at its end
 *
 * The scenario's apps have the program "bytes" (fuzz/app_bytes.h): app i plays stream
 * STREAM_APP + i. The stream STREAM_FILTER is in fuzz/stage_filter.h. Between two tapes only what
 * changed is put back: the small state and the pages of RAM that were written.
 *
 * What befalls the apps comes behind the kernel's start, where there are apps.
 *
 * A stage may be run for a while before its snapshot, which then is not in reset: stage_make_from.
 * Its apps "bytes" begin again there.
 *
 * Such a stage's operations of STREAM_SCHEDULE come SCHEDULE_APART_PS later still: what is ended
 * from outside in a row keeps the kernel, 31 us each time, and it serves nobody in between. No app
 * can do that to it, and no peripheral's link layer can answer 150 us behind a packet meanwhile.
 *
 * The stream STREAM_SCHEDULE, by kind. Each operation comes (number * 256 + size) *
 * SCHEDULE_STEP_PS after the one before it, the first one after the start and one step more:
 *   0 chooses the stage: which of the target's ones (stage_chosen)
 *   1 kill, 2 fault, 3 restart app `which`         4 pend line `which` once
 *   5 pend the line of lendable device `which` 1 + value[0].pick % 32 times, from 128 on % 128,
 *     value[0].offset us apart. Not a line of the kernel's own: a device of the kernel's that
 *     interrupts faster than once in 6 us does leave the apps less than a tenth of the time (rule
 *     livelock), since what the kernel counts is services in a row, with no app between
 *   6 takes (value[0].pick + 1) * 16 bytes of app `which`'s gap between its breaks
 *   7 kill, 8 fault, 9 restart app `which`, 10 takes all of its gap: at a moment (fuzz/moment.h)
 *     from the end of the one before on, `number` * 16 us more: value[0].pick chooses which,
 *     value[1].pick whose (below 192 a device that the kernel keeps, from there on any),
 *     value[1].offset the how many-th one, 1 to 16; and behind that value[0].offset * 62.5 ns, if
 *     it is above 0, and `size`^2 * 4 us. On a stage with a snapshot nothing follows one: what it
 *     is apart from nobody knows
 *  11 lendable device `which` hangs, 12 its line sticks: for good, since rules look at it when the
 *     kernel has called it stuck, not before. The kernel's own devices: fuzz/stage_device.h
 *
 * The streams STREAM_DEVICE to STREAM_DEVICE + 7: fuzz/stage_device.h.
 */
#ifndef FUZZ_STAGE_H
#define FUZZ_STAGE_H

#include "fuzz/air_tape.h"
#include "fuzz/app_bytes.h"
#include "fuzz/stage_filter.h"
#include "fuzz/stage_secrets.h"
#include "sim/machine.h"
#include "sim/scenario_load.h"
#include <stdio.h>

enum schedule_kind {
    SCHEDULE_STAGE,
    SCHEDULE_KILL,
    SCHEDULE_FAULT,
    SCHEDULE_RESTART,
    SCHEDULE_INTERRUPT,
    SCHEDULE_STORM,
    SCHEDULE_PRESSURE,
    SCHEDULE_KILL_AT,
    SCHEDULE_FAULT_AT,
    SCHEDULE_RESTART_AT,
    SCHEDULE_PRESSURE_AT,
    SCHEDULE_KINDS,
    SCHEDULE_HANG = SCHEDULE_KINDS, /* with devices that are lent and break */
    SCHEDULE_STUCK,
    SCHEDULE_LENT_KINDS
};
#define SCHEDULE_STEP_PS UINT64_C(62500) /* four cycles of 64 MHz */
#define SCHEDULE_APART_PS UINT64_C(150000000)

enum { STAGE_INJECTION_MAX = 128 }; /* further ones of a tape do not happen; ours */

/* Who plays no tape and runs at the end, and has for so long without a system call, has lost its
 * way: no rule sees that, since an app may compute for ever. Ours: nothing that an app of a stage
 * computes or polls for takes 2 ms. One that spins for less, since it began later, is not seen. */
#define STAGE_SPIN_PS (10 * PS_PER_MS)

enum stage_end {
    STAGE_HOLDS,
    /* A rule is broken, or an app that plays no tape has faulted by itself, or spins. */
    STAGE_BROKEN,
    STAGE_SIMULATOR, /* a device's model has lost requests: no rule is judged by such a run */
    STAGE_LEAKS,     /* somebody could tell another app's secrets (fuzz/stage_secrets.h) */
};

/* What a run did, besides its breaks: for who writes it down (fuzz/decode.h). A value without
 * pointers. */
struct stage_log {
    struct bytes_log apps;
    bool tried[STAGE_INJECTION_MAX]; /* the moment of injection i came */
    bool ended;                      /* false: the run did not come back; all below is not known */
    struct span ram[TAPE_APPS];      /* of each app at the end */
    bool asks_in_vain;               /* what the stage's text expects is let pass */
    uint32_t excused_count;
    struct {
        uint16_t rule, process;
    } excused[VERDICT_MAX]; /* breaks that are let pass (fuzz/excuse.h), each of them once */
};

/* A moment of the schedule as it was worked out last: that takes long, and tapes name few. */
struct stage_moment {
    uint32_t key; /* what the tape says of it; 0: none yet */
    bool is;      /* there is such a moment */
    struct pattern when;
};
enum { STAGE_MOMENTS = 256 };

struct stage {
    const char *text;      /* the scenario's */
    struct stage_log *log; /* filled by stage_play; NULL: none is wanted */
    struct family family;
    struct scenario *scenario;
    struct machine_setup *setup;
    struct machine *snapshot, *started; /* in reset, and with the kernel started */
    uint64_t start_ps; /* when the kernel has started, with the filter that the text has */
    struct hw hw;
    struct injection injections[STAGE_INJECTION_MAX]; /* of the tape that is played */
    struct tape tape;
    bool plays_filter; /* or STREAM_FILTER is nobody's: false as it is made */
    struct stage_filter filter;
    struct bytes_program programs[TAPE_APPS];
    struct stage_app {
        uint32_t life, calls; /* STAGE_SPIN_PS before the end */
        bool runs;
    } apps[TAPE_APPS];
    uint64_t from_ps; /* of the snapshot, 0: in reset */
    bool is_calm;     /* the air and the central are as the text says, whatever a tape says */
    struct air_tape air;
    struct stage_moment moments[STAGE_MOMENTS];
    struct stage_secrets *secrets; /* tapes are played twice and compared; NULL: once, and judged */
};

/* False: `problems` says why not. `name` stands for a file in complaints, and in the id. `stage`
 * and `text` stay where they are: the machine points into them. */
bool stage_make(struct stage *stage, const char *name, const char *text, struct problems *problems);
/* The same, with a snapshot at `from_us`, if that is not 0. */
bool stage_make_from(struct stage *stage, const char *name, const char *text, uint64_t from_us,
                     struct problems *problems);
/* The same, for tapes that are played twice, with other secrets the second time. */
bool stage_make_secret(struct stage *stage, const char *name, const char *text,
                       const struct secret_kind *of, const struct tape_user *user,
                       struct problems *problems);
void stage_free(struct stage *stage);

/* Which of `count` stages the tape asks for: the first one if it says nothing. */
uint32_t stage_chosen(const struct tape *tape, uint32_t count);
/* Puts into the stage's scenario what the tape says of it: injections, filter, headers. stage_play
 * begins so. */
void stage_plan(struct stage *stage, const struct tape *tape);
/* Plays the tape from the stage's beginning. */
enum stage_end stage_play(struct stage *stage, const struct tape *tape);
/* What is broken, as `postern run` says it, or leaks, as `postern noninterference` does. */
void stage_report(struct stage *stage, FILE *out);

#endif
