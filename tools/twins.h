/* twins.h: one scenario run twice, with one app's secrets other ones the second time: whether
 * anybody else could tell.
 *
 *   scenario, app --twins_run--> run 1 | run 2, side by side in one process (sim/secret.h)
 *       each advances until another app is entered; then what the others observed is compared, and
 *       of the memory that the entered app may read, the pages written since
 *   a leak --twins_explain--> both once more, step by step: where the bytes came from
 *
 * What an app observes: each system call's results, each upcall and its arguments, each value it
 * loads, its faults, its (re)starts; the time of each of these and of its own operations; the bytes
 * of RAM that it may read by the ledger, whenever it goes on; the registers of a window when it was
 * lent; and the kernel's DMA buffer that becomes its own, all of it: that must be wiped by then. Of
 * the kernel's own clients: which of their operations are accepted and done, and when, and their
 * buffers. The first difference of values and the first of times are kept apart. Who preempts it
 * and for how long is a matter of time. What leaves on wires and over the air is nobody's but the
 * world's.
 *
 * The kernel's own clients may be those with the secrets, too: SECRETS_OF_KERNEL in the app's
 * place.
 *
 * Where the scenario declassifies when the app is served ("times_of"), differences of times are no
 * leak; the entry is needed if kernel or devices have read any of its secrets. From the first of
 * them on, be it on the wire, memory is compared no longer: what comes may be there in one run and
 * not yet in the other. Where what somebody gets to hear or finds differs then (BUSY, or no more),
 * the runs part, and are compared no further; what is in a buffer of the kernel's that becomes
 * somebody's is a leak all the same.
 *
 * Where the two runs' orders part, after a difference of times, memory is compared no longer.
 *
 * An app that acts on its own secrets makes a pair void: TWINS_VACUOUS, as does a pair in which it
 * ran and nothing of them differed.
 */
#ifndef TOOLS_TWINS_H
#define TOOLS_TWINS_H

#include "sim/machine.h"
#include <stdio.h>

enum twins_end {
    TWINS_EQUAL,
    TWINS_LEAK,
    TWINS_VACUOUS,
    TWINS_IDLE,      /* the app never ran, or no other did: there is nothing to compare */
    TWINS_BAD_INPUT, /* the scenario asks for a machine that cannot be */
    TWINS_BUDGET,    /* of wall-clock time: whoever isolates it says so */
    TWINS_SIMULATOR,
    TWINS_ENDS
};

enum {
    TWINS_TEXT_MAX = 240,
    TWINS_PATH_MAX = 12,
    TWINS_BYTES_MAX = 8, /* of a difference, that are looked for elsewhere */
};

/* The first difference of its sort that an app could observe. */
struct twins_leak {
    bool found;
    uint16_t process;
    uint64_t at_ps[2];            /* in run 1, in run 2 */
    char what[2][TWINS_TEXT_MAX]; /* what it observed */
    uint32_t size;                /* of `bytes` in each run; 0: no bytes differ */
    uint8_t bytes[2][TWINS_BYTES_MAX];
};

struct twins_result {
    enum twins_end end;
    char trouble[TWINS_TEXT_MAX * 2]; /* why there is no verdict; "": there is one */
    bool of_all;               /* the trouble is of all pairs of the scenario, not of this one */
    struct secret_facts facts; /* of run 2 */
    uint64_t observed;         /* records compared */
    uint64_t pages;            /* of memory compared */
    uint32_t declassified;     /* bit i: entry i of the scenario's list was needed */
    uint64_t trace_hash;       /* of run 1 */
    struct twins_leak value, time;
    uint32_t path_count;
    char path[TWINS_PATH_MAX][TWINS_TEXT_MAX];
};

/* Whether components of the kernel use multiplexers: they observe, and have secrets. */
bool twins_have_components(const struct scenario *scenario);
/* The next one from `process` on that may have secrets: an app, unless it says that it has none;
 * behind them all the components of the kernel. PROCESS_NONE: there is none, or nobody else. */
uint32_t twins_next(const struct scenario *scenario, uint32_t process);
/* The app's name; "kernel": its components (SECRETS_OF_KERNEL). */
const char *twins_name(const struct scenario *scenario, uint32_t process);
/* Which key an app's secrets have in run 2. */
struct secrets twins_secrets(const struct scenario *scenario, uint32_t process);
void twins_run(const struct scenario *scenario, uint32_t process, struct twins_result *result);
/* The same for many comparisons of one scenario, whose injections, programs and peers' plans may be
 * others each time: machines are made once, with room for as many injections as there are then.
 * NULL: `result` says why not. */
struct twins *twins_make(const struct scenario *scenario, uint32_t process,
                         struct twins_result *result);
void twins_compare(struct twins *twins, struct twins_result *result);
/* After that, of run 0 or 1. */
struct machine *twins_machine(const struct twins *twins, uint32_t run);
void twins_free(struct twins *twins); /* NULL: nothing to do */
/* Fills in the path of a leak. */
void twins_explain(const struct scenario *scenario, uint32_t process, struct twins_result *result);

/* A leak, and the path if it was explained, in lines for people. */
void twins_print(FILE *out, const struct scenario *scenario, const struct twins_result *result);

/* Who has observed a leak. */
const char *twins_observer(const struct scenario *scenario, const struct twins_leak *leak);
/* One record in words, without its time. */
void twins_describe(const struct scenario *scenario, const struct record *record,
                    char text[TWINS_TEXT_MAX]);

/* The machine of one of the two runs. */
struct twin {
    struct machine_setup *setup;
    struct hw hw;
    struct recorder recorder; /* of the step under way */
    bool over;
    bool again; /* it is begun again and again, with other plans */
    struct twin_plans
        *plans; /* what peers do in run 2, if the app's secrets are in it; else NULL */
};
/* Begun as {.recorder = ...}, whose `hear` may be set. False: `result` says why not. Either way
 * twin_end gives back what it took. */
bool twin_begin(struct twin *twin, const struct scenario *scenario, struct secrets secrets,
                struct twins_result *result);
/* One step; the recorder has its records, and no older ones. */
void twin_step(struct twin *twin);
void twin_end(struct twin *twin);

#endif
