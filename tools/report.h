/* report.h: what a run of many scenarios says: member by member, and at the end.
 *
 *   cmd_run --report_begin--> --report_member, in the order of the files--> ... --report_end-->
 *
 * A format is a row of three functions. Counting is common to all of them.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include "tools/measured.h"
#include "tools/run_one.h"
#include <stdio.h>

/* One member's run. */
struct member {
    const struct scenario *scenario;
    const struct result *result;
    const char *story; /* the lines before the first break; else "" */
    const char *flags; /* that the command which repeats it needs: "--verify "; else "" */
};

enum { REPORT_FOLDER_MAX = 64 };

struct report_counts {
    unsigned claims, claims_held; /* a scenario file is a claim: it holds if all its members do */
    unsigned runs;
    unsigned by_outcome[OUTCOMES];
    unsigned isolation_held, containment_held;
    unsigned isolation_claimed, containment_claimed; /* broken as the scenario claims */
    unsigned exposed;                                /* runs with declared over-exposure */
    unsigned bad_files;                              /* that could not be read */
};

struct report_folder {
    char name[SCENARIO_NAME_MAX];
    struct report_counts counts;
};

struct report;

struct report_format {
    const char *name;
    void (*member)(struct report *report, const struct member *member);
    void (*end)(struct report *report);
};

extern const struct report_format report_pretty, report_json;

struct report {
    const struct report_format *format;
    FILE *out;
    bool quiet, verbose, color;
    uint64_t started_ns; /* of the monotonic clock */
    struct report_counts all;
    uint32_t folder_count; /* past REPORT_FOLDER_MAX, the last row takes the rest */
    struct report_folder folders[REPORT_FOLDER_MAX];
    char claim_path[SCENARIO_ID_MAX]; /* of the file whose members come */
    unsigned claim_failures;          /* of its members so far */
    struct measured measured;         /* the pretty report's */
};

/* Counts a member and reports it. */
void report_member(struct report *report, const struct member *member);
void report_end(struct report *report);

/* The exit code of all of it: of several, the first in the order 3, 4, 2, 1, 5, 6. */
int report_code(const struct report *report);

/* --- shared by the formats -------------------------------------------------------------------- */

const char *scheduler_name(enum scheduler_kind kind);
/* "held", "broken as claimed", "broken". */
const char *line_text(enum gate_line line);
/* Of the gate's reasons, those whose text is kept. */
uint32_t reason_count(const struct gate *gate);
/* The two patterns of a latency check or of one side of a speed-up. */
void latency_patterns(const struct scenario *s, const struct result_latency *l, const char **from,
                      const char **to);
/* The largest over-exposure among the processes, in bytes. */
uint32_t worst_exposure(const struct scenario *s, const struct result *result);

#endif
