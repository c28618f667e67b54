/* report.h: what a run of many scenarios says: result by result, and at the end.
 *
 *   report_begin --> report_member, report_bad_file, in the order of the files --> report_end
 *   report_begin --> report_line: what an earlier run has said of one ----------> report_end
 *
 * A format is a row of functions. Counting is common to all of them. Pretty tells a member from the
 * run itself; every other format gets the result as its line of JSON (result_line.h) and nothing
 * else, so that it says the same of a run and of its merged shards.
 */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include "tools/margins.h"
#include "tools/measured.h"
#include "tools/run_one.h"
#include "tools/units.h"
#include "tools/varied.h"
#include <stdio.h>

/* One member's run. */
struct member {
    const struct scenario *scenario;
    const struct result *result;
    const char *story; /* the lines before the first break; else "" */
    const char *flags; /* that the command which repeats it needs: "--verify "; else "" */
    uint64_t wall_ns;  /* how long it took */
};

enum { REPORT_FOLDER_MAX = 64 };

struct report_counts {
    unsigned claims, claims_held; /* a scenario file is a claim: it holds if all its members do */
    unsigned runs;
    unsigned by_outcome[OUTCOMES];
    unsigned isolation_held, containment_held;
    unsigned isolation_claimed, containment_claimed; /* broken as the scenario claims */
    unsigned isolation_broken, containment_broken;   /* and it did not claim so */
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
    bool counted;                         /* wants shard.count before the first result */
    void (*begin)(struct report *report); /* or NULL */
    void (*member)(struct report *report, const struct member *member); /* NULL: `line` instead */
    void (*line)(struct report *report, const char *json, uint64_t wall_ns); /* NULL: `member` */
    void (*end)(struct report *report);
};

extern const struct report_format report_pretty, report_json, report_tap, report_junit;

struct report {
    const struct report_format *format;
    FILE *out;
    bool quiet, verbose, color;
    uint64_t started_ns; /* of the monotonic clock */
    struct report_counts all;
    uint32_t folder_count; /* past REPORT_FOLDER_MAX, the last row takes the rest */
    struct report_folder folders[REPORT_FOLDER_MAX];
    char claim_path[SCENARIO_ID_MAX];     /* of the file whose members come */
    unsigned claim_failures;              /* of its members so far */
    struct measured measured;             /* the pretty report's */
    struct connections_table connections; /* the same */
    struct varied varied;                 /* the same */
    struct margins margins;               /* the same */
    struct shard shard;                   /* of 0: a whole run */
    bool reproducible;                    /* JUnit: no time of day, no host's name */
    void *own;                            /* the format's */
};

void report_begin(struct report *report);
/* Counts a member and reports it. */
void report_member(struct report *report, const struct member *member);
/* A file that cannot be read: `complaints` as stderr got them. */
void report_bad_file(struct report *report, const char *path, const char *complaints);
/* A line of an earlier run. False: it is no result. */
bool report_line(struct report *report, const char *json);
void report_end(struct report *report);

/* The exit code of all of it: of several, the first in the order 3, 4, 2, 1, 5, 6. */
int report_code(const struct report *report);

/* Closes --output. The code, or CODE_SIMULATOR: a report that could not be written is no report.
 * main looks after stdout. */
int report_close(FILE *out, const char *path, int code);

/* --- shared by the formats -------------------------------------------------------------------- */

/* "held", "broken as claimed", "broken". */
const char *line_text(enum gate_line line);
/* Of the gate's reasons, those whose text is kept. */
uint32_t reason_count(const struct gate *gate);
/* The two patterns of a latency check or of one side of a speed-up. */
void latency_patterns(const struct scenario *s, const struct result_latency *l, const char **from,
                      const char **to);
/* The largest over-exposure among the processes, in bytes. */
uint32_t worst_exposure(const struct scenario *s, const struct result *result);

/* The line of JSON, ended by a newline. */
void json_write_member(FILE *out, const struct member *member);
void json_write_bad_file(FILE *out, const char *path, const char *complaints);

/* SOURCE_DATE_EPOCH, which takes the place of the time of day: seconds since 1970. True: it may be
 * used, or is not set (*given false). False: it is set, but to no number. */
bool source_date_read(bool *given, int64_t *seconds);

#endif
