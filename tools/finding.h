/* finding.h: how a run went wrong, so that two runs can be compared: of a scenario, of a tape on
 * its stage, or of either in a process of its own, where it may crash.
 *
 *   scenario --run_one---> struct result --finding_of_result--> struct finding
 *   tape ----stage_play--> stage ---------finding_of_stage----> the same
 *   a pair --twins_run-----> twins_result --finding_of_twins--> the same: who could tell what
 *   work in a child ------------------------finding_isolated--> the same, or that it crashed, where
 *
 * A value without pointers: it goes through a pipe as it is.
 */
#ifndef TOOLS_FINDING_H
#define TOOLS_FINDING_H

#include "fuzz/stage.h"
#include "tools/isolate.h"
#include "tools/run_one.h"
#include "tools/twins.h"

enum finding_end {
    FINDING_NONE,      /* nothing is wrong */
    FINDING_LEAK,      /* no rule: two runs that differ in a secret differ for somebody else */
    FINDING_BROKEN,    /* a rule is broken, or one holds that the scenario expects to break */
    FINDING_SIMULATOR, /* a device's model is at its end: lost requests */
    FINDING_CRASHED,   /* the simulator crashed, or a sanitizer ended it */
    FINDING_OVERTIME,  /* it used up its wall-clock time */
    FINDING_BAD_INPUT, /* there is no run: the scenario cannot be read, or its machine not made */
};

enum { FINDING_TEXT_MAX = 480, FINDING_PLACE_MAX = 160 };

struct finding_break {
    uint16_t rule;
    bool held; /* it was expected to break, and did not; all below is 0 */
    bool own;  /* of an expectation of the scenario's own: another one of them is another finding */
    uint16_t detail;
    char app[SCENARIO_NAME_MAX]; /* "": no app's */
    uint32_t address;
    uint64_t at_ps, got, wanted;
};

struct finding {
    enum finding_end end;
    bool of_pair;        /* two runs were compared, and no rule judged */
    uint64_t trace_hash; /* 0: the run did not come to its end */
    uint64_t end_ps;
    uint32_t break_count; /* those that the scenario does not expect */
    struct finding_break breaks[VERDICT_MAX];
    struct finding_leak {
        bool of_time; /* no value differed before */
        char secret[SCENARIO_NAME_MAX], observer[SCENARIO_NAME_MAX];
        uint64_t at_ps;
    } leak;                        /* FINDING_LEAK */
    char text[FINDING_TEXT_MAX];   /* of the first, a sentence without its full stop */
    char place[FINDING_PLACE_MAX]; /* the kernel's own words in a panic, a crash's line, a device */
};

void finding_of_result(const struct scenario *scenario, const struct result *result,
                       struct finding *finding);
/* Of a pair with the secrets of `process`. */
void finding_of_twins(const struct scenario *scenario, uint32_t process,
                      const struct twins_result *twins, struct finding *finding);
/* Of the first pair of the scenario that leaks, in the order of `postern noninterference`, or none.
 */
void finding_of_pairs(const struct scenario *scenario, struct finding *finding);
/* After stage_play has answered `end`. */
void finding_of_stage(const struct stage *stage, enum stage_end end, struct finding *finding);

/* `work` runs in a child and writes its struct finding into the pipe; what it says on stderr is
 * kept from the terminal, and searched for a sanitizer's line if it crashes. */
void finding_isolated(isolate_work *work, const void *argument, uint64_t budget_ms,
                      struct finding *finding);

/* True: `other` is wrong in the way that `one` is: it breaks the rule that `one` breaks first, or
 * crashes at the same line; or it leaks values as well, or times, `same_place`: of the same app to
 * the same one. `same_place`: by the same app, at the same address as well. */
bool finding_same(const struct finding *one, const struct finding *other, bool same_place);

/* True: `other` breaks no rule that `one` does not break. */
bool finding_within(const struct finding *one, const struct finding *other);

/* What a finding is called: a rule's id, "value-leak", "time-leak", "crash", "simulator",
 * "overtime", "none", "bad-input". */
const char *finding_name(const struct finding *finding);
/* "broke   memory-layout at 12.5 us, app two: SENTENCE." */
void finding_print(FILE *to, const struct finding *finding);

#endif
