/* crash_sort.h: a folder of what fuzzers have found, sorted by what is wrong.
 *
 *   FILE, FOLDER ... --played--> a bucket each: what breaks, and the sentence without its numbers
 *   bucket --> DIR/RULE-WORDS/ README.txt, scenario.json (made small), trace.txt, tape
 *
 * Two inputs are in one bucket if the same rule breaks with the same words, or if the simulator
 * crashes at the same line: then they mostly are one bug. Inputs beneath which there is no scenario
 * are put beside them by their target, as they are.
 */
#ifndef TOOLS_CRASH_SORT_H
#define TOOLS_CRASH_SORT_H

#include "tools/finding.h"
#include "tools/options.h"

struct crash_sort {
    const struct usage *usage;
    const char *target; /* of all files; NULL: by their names or folders */
    const char *output; /* the folder; made if it is not there */
    uint64_t seconds;   /* for each bucket's scenario at most */
};

/* The exit code. What a bucket has is said in a line each. */
int crash_sort(const struct crash_sort *sort, const struct arguments *files);

/* "memory-layout-has-allowed-bytes-at": small letters, digits and dashes. */
enum { BUCKET_NAME_MAX = 72 };
void bucket_name(const struct finding *finding, char name[BUCKET_NAME_MAX]);

#endif
