/* varied.h: what seeds have varied, for the end of the pretty report.
 *
 *   varied_add, member by member in the order of the files --> varied_print, once
 *
 * A seed decides what a scenario leaves open: what RAM holds at first, the phase of each clock that
 * the board gives none, the draws of devices and of apps' programs. Whether a member drew, its run
 * tells; whether any of it made a difference, the hashes of its traces.
 */
#ifndef TOOLS_VARIED_H
#define TOOLS_VARIED_H

#include "tools/run_one.h"
#include <stdio.h>

/* A member but for its seed. */
struct varied_course {
    uint64_t name;       /* a hash of its id without "@seed" */
    uint64_t trace_hash; /* of its first run */
    bool seeded, parted; /* ran with another seed, too; and came out otherwise */
};

struct varied {
    char path[SCENARIO_ID_MAX]; /* of the file whose members come; "": none */
    struct varied_course *courses;
    uint32_t count, capacity;
    uint64_t first_seed, last_seed;
    unsigned runs, with_phases, with_devices, with_apps;
    unsigned seeded, parted; /* of the files before this one */
};

void varied_add(struct varied *varied, const struct scenario *scenario,
                const struct result *result);
/* Nothing if no member ran with a second seed. Gives back what varied_add took. */
void varied_print(struct varied *varied, FILE *out);

#endif
