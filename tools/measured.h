/* measured.h: the table of what latency checks measured, for the end of the pretty report: one line
 * for each check of a file, that of the member that took longest; a speed-up has one line for each
 * member, since each may have other costs.
 */
#ifndef TOOLS_MEASURED_H
#define TOOLS_MEASURED_H

#include "tools/run_one.h"
#include <stdio.h>

struct measured_row {
    char from[64], to[64];
    uint64_t bound_ps; /* 0: none */
    struct result_latency worst;
    uint32_t runs;
};

struct measured {
    FILE *file; /* NULL: nothing was measured so far */
    char *text;
    size_t size;
    char base[SCENARIO_ID_MAX]; /* of the file whose members come; "": none */
    uint32_t row_count;
    struct measured_row rows[RESULT_LATENCY_MAX];
    bool speedups; /* the file's name is printed already */
};

void measured_add(struct measured *measured, const struct scenario *scenario,
                  const struct result *result);
/* The whole table; nothing if nothing was measured. Gives back what measured_add took. */
void measured_print(struct measured *measured, FILE *out, bool color);

/* Thousandths of the first side's mean by the second's; 0: not both were seen. */
uint64_t speedup_thousandths(const struct result *result, uint32_t check);

#endif
