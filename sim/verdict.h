/* verdict.h: breaks and rules in words.
 *
 *   struct verdict --verdict_describe--> "ble can write RADIO+0x510 and on for 4096 bytes, ..."
 *   enum rule      --rule_explain------> what it demands, from where, how it is judged, an example
 */
#ifndef SIM_VERDICT_H
#define SIM_VERDICT_H

#include "sim/monitor.h"
#include <stdio.h>

enum { VERDICT_TEXT_MAX = 400 }; /* bytes that hold every sentence, its end included */

/* One plain sentence without the rule's id and without a full stop. `s` gives names of apps,
 * devices and patterns; NULL: numbers stand for them. Cut to `size` bytes, always ended. */
void verdict_describe(const struct scenario *s, const struct verdict *verdict, char *text,
                      size_t size);
/* The same, with what a step list says about its own failed step. */
void verdict_describe_run(const struct machine *m, const struct verdict *verdict, char *text,
                          size_t size);

/* Several lines for `postern explain`. */
void rule_explain(enum rule rule, FILE *out);

/* "running", "yielded": a process state as scenarios name it. */
const char *process_state_name(uint64_t state);

#endif
