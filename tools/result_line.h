/* result_line.h: one result as report_json.c writes it, read again: what TAP, JUnit and `merge`
 * know of a run.
 */
#ifndef TOOLS_RESULT_LINE_H
#define TOOLS_RESULT_LINE_H

#include "tools/run_one.h"
#include <stdio.h>

struct cJSON;

struct result_line {
    struct cJSON *root;
    const char *id, *path, *claim, *repeat, *trace_hash; /* "": there is none */
    enum outcome outcome;
    const char *outcome_name;
    bool unreadable; /* the file could not be read; outcome is OUTCOME_BAD_INPUT */
    bool judged, exposed;
    enum gate_line isolation, containment;
    double time_us; /* virtual */
};

/* False: this is no result. Else result_line_free gives back what it took. */
bool result_line_read(struct result_line *line, const char *json);
void result_line_free(struct result_line *line);

/* One break that the scenario does not expect. */
struct line_break {
    const char *rule, *process, *text; /* process "": of no app */
    double at_us;
};
/* The first from the `*at`-th verdict on; *at moves behind it. False: there is none. */
bool result_line_break(const struct result_line *line, int *at, struct line_break *found);
/* The i-th reason of the gate, or NULL. */
const char *result_line_reason(const struct result_line *line, int i);

/* What is wrong, in one sentence. */
enum { LINE_MESSAGE_MAX = 800 };
const char *result_line_message(const struct result_line *line, char text[LINE_MESSAGE_MAX]);
/* The id of the first broken rule, else the outcome. */
const char *result_line_type(const struct result_line *line);
/* "error": nothing could be judged; "failure": it was, and is wrong; NULL: the claim holds. */
const char *result_line_kind(const struct result_line *line);
/* What ended the run without a judgement; the kernel's panic. "": nothing did; it did not. */
const char *result_line_error(const struct result_line *line);
const char *result_line_panic(const struct result_line *line);

#endif
