/* climb.h: how near a tape's run has come to what it must not reach, as counters for a fuzzer.
 *
 *   monitors' peaks (sim/peak.h), the ledger, the turns' results --> a number for each quantity
 *       --> its step --> one value of one counter --> libFuzzer keeps an input that reaches a step
 *           for the first time, or with fewer bytes
 *
 * So an input that fills a queue with seven where others had six is kept, though no new line of
 * the kernel runs, and goes on from there. Read when a run is over. How much it helps is in
 * fuzz/README.md.
 */
#ifndef FUZZ_CLIMB_H
#define FUZZ_CLIMB_H

#include "sim/machine.h"

/* The most of each in a run; of CLIMB_GAP the least. */
enum climb_quantity {
    /* Lateness. */
    CLIMB_ALARM,   /* of an alarm, ticks */
    CLIMB_SERVICE, /* bottom halves of one line in a row, while an app was ready */
    /* Waiting. */
    CLIMB_KERNEL,  /* of an app behind the kernel, us */
    CLIMB_CLIENTS, /* of clients of one multiplexer, at once */
    CLIMB_TURNS,   /* of one of them: operations of others that began meanwhile */
    /* Reach. */
    CLIMB_WINDOWS, /* that one app holds at the end */
    /* Fullness. */
    CLIMB_UPCALLS,      /* waiting for one app at once */
    CLIMB_UPCALL_KINDS, /* different ones among them */
    CLIMB_GAP,          /* between one app's breaks at the end, bytes */
    CLIMB_QUANTITIES
};

/* Of one quantity: 32 steps, since libFuzzer tells eight values of a counter apart (its source,
 * TracePC: 1, 2, 3, 4, 8, 16, 32, 128). What is counted has four steps to an octave, and what is
 * measured in bytes, ticks, us has one: each step is an input more in the corpus, and the others
 * are changed the less. What is beyond the last step is as the last. */
enum { CLIMB_BYTES = 4, CLIMB_COUNTERS = CLIMB_QUANTITIES * CLIMB_BYTES };

/* Marks what the run of `m`, which is over, has reached. Counters that were not cleared keep what
 * earlier runs have reached. */
void climb_count(struct machine *m, uint8_t counters[CLIMB_COUNTERS]);

#endif
