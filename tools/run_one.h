/* run_one.h: the one corridor from a scenario to its result. Every command goes through it.
 *
 *   scenario --machine_setup_make, machine_make--> machine --boot, run to the end, finish--> gate
 *   --> struct result: a value without pointers, so that it goes through a pipe as it is
 */
#ifndef TOOLS_RUN_ONE_H
#define TOOLS_RUN_ONE_H

#include "sim/gate.h"
#include "tools/connections.h"

/* How a member's run ended; each has its exit code. */
enum outcome {
    OUTCOME_HOLDS,     /* the claim holds */
    OUTCOME_FAILED,    /* a rule broke that should not, or held that should break */
    OUTCOME_VACUOUS,   /* nothing broke, but not all that was asked for was looked at */
    OUTCOME_BUDGET,    /* the wall-clock budget ended first */
    OUTCOME_BAD_INPUT, /* the scenario asks for a machine that cannot be */
    OUTCOME_DIFFERED,  /* two runs of one seed differed */
    OUTCOME_SIMULATOR, /* the simulator crashed, or a device's model is at its end */
    OUTCOMES
};

enum { RESULT_TEXT_MAX = 400, RESULT_LATENCY_MAX = 2 * LATENCY_MAX };

/* A kept break, in words. Whether it was expected says gate.expected. */
struct result_verdict {
    struct verdict verdict;
    char text[RESULT_TEXT_MAX]; /* a sentence */
    char address[96];           /* as the sentence names it; "": it names none */
};

/* A latency check, or one of the two sides of a speed-up. */
struct result_latency {
    uint32_t check;
    bool second; /* of a speed-up: from2, to2 */
    uint64_t count, open, min_ps, median_ps, p99_ps, max_ps, sum_ps, max_at_ps;
};

struct result {
    enum outcome outcome;
    enum run_state state;
    uint64_t trace_hash, records, end_ps;
    bool devices_drew, apps_drew; /* some took a draw from its generator: a seed matters to it */
    uint64_t rules_armed;         /* bit r: rule r had something to judge */
    uint64_t verdict_total;       /* all of them; the first verdict_count are kept */
    uint32_t verdict_count;
    uint32_t latency_count;
    uint32_t connection_count; /* of the Bluetooth LE connections, those that are kept */
    struct gate gate;
    struct exposure_result exposure[PROCESS_MAX];
    struct virt_result turns[VIRTS]; /* operations 0: it was not used */
    char panic_text[160];
    char trouble[RESULT_TEXT_MAX]; /* why there is no judgement; "": there is one */
    struct result_latency latencies[RESULT_LATENCY_MAX];
    struct connection connections[BLE_CONNECTION_MAX];
    struct result_verdict verdicts[VERDICT_MAX];
};

/* A machine that is being run; for those who look at it step by step. */
struct run {
    struct machine_setup *setup;
    struct hw hw;
};

/* Makes and boots it. False: `result` says why not. In either case run_end gives back what it
 * took. `recorder` may be NULL. */
bool run_begin(struct run *run, const struct scenario *scenario, struct recorder *recorder,
               struct result *result);
/* Lets the monitors judge the end, and fills in the result. */
void run_judge(struct run *run, struct result *result);
void run_end(struct run *run);

/* All of it at once. */
void run_one(const struct scenario *scenario, struct result *result);

/* Turns `result` into OUTCOME_DIFFERED if a second run of the same scenario came out otherwise. */
void result_compare(struct result *result, const struct result *again);

/* True: the gate has judged this run. */
static inline bool result_judged(const struct result *result)
{
    return result->outcome <= OUTCOME_VACUOUS || result->outcome == OUTCOME_DIFFERED;
}

/* The exit code of an outcome. */
int outcome_code(enum outcome outcome);
const char *outcome_name(enum outcome outcome);

#endif
