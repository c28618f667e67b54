/* margins.h: the table of `run --table KEY`: what is left of each claim's bound, a row for each
 * scenario (and each of its other swept values), a column for each value of KEY. It comes by itself
 * when the scenarios that run are of one folder and at least half of them sweep the same key.
 *
 *   margin of the bound, us                        trap-80    m4-300 ibex-5172
 *   armed_ahead_holds_at_every_cost                137.016   132.625    63.328
 *   system_calls_hold_up_to_1094_cycles_a_call      91.419    75.075         -
 *
 * A number is the bound of the file's first latency check less the longest time that was measured;
 * of several seeds the least. "lost": a side lost its connection; "none": there are peers, and none
 * was made; "failed": the member does not hold; "-": there is no such member, or it has no bound.
 */
#ifndef TOOLS_MARGINS_H
#define TOOLS_MARGINS_H

#include "tools/run_one.h"
#include <stdio.h>

enum { MARGIN_ROW_MAX = 64, MARGIN_COLUMN_MAX = 12 };

struct margin_cell {
    uint8_t kind; /* enum margin_kind */
    int64_t margin_ps;
};

struct margins {
    const char *wanted; /* --table; NULL: not given */
    char key[64];       /* wanted, or the first that is swept; "": none yet */
    char folder[SCENARIO_ID_MAX];
    bool folders;         /* more than one */
    uint32_t claim_count; /* scenario files */
    char claim[SCENARIO_ID_MAX];
    uint32_t row_count, column_count;
    uint32_t left_out; /* members for which there was no room */
    char rows[MARGIN_ROW_MAX][SCENARIO_ID_MAX];
    char columns[MARGIN_COLUMN_MAX][32];
    struct margin_cell cells[MARGIN_ROW_MAX][MARGIN_COLUMN_MAX];
};

void margins_add(struct margins *margins, const struct scenario *scenario,
                 const struct result *result);
void margins_print(const struct margins *margins, FILE *out, bool color);

#endif
