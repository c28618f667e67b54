/* decode.h: what a tape did on its stage, as a scenario that people read and `postern run` runs.
 *
 *   stage's text -----------------> tree --each row of parts[]--> tree --json_print--> text
 *   stage's scenario, after stage_plan ------^
 *   stage_log: each operation an app was given, with its numbers ---^
 *
 * Nothing here knows a target or what a kind of a stream means: streams are read by stage_plan,
 * into struct scenario, and by fuzz/app_bytes.c; what they came to is written here. To let a new
 * thing be decoded: have stage_plan put it into a field of struct scenario (never anywhere else),
 * and append a row to parts[] in decode.c: a function that writes this field in the words of
 * scenario.schema.json over what the stage's text has there. `postern fuzz decode` then tells by
 * itself whether it is all: the scenario must give the tape's trace.
 */
#ifndef FUZZ_DECODE_H
#define FUZZ_DECODE_H

#include "fuzz/stage.h"

struct cJSON;

/* How addresses are written. By name is how people read them, and holds where a memory moves; but
 * what lies elsewhere in the run than it lay at its end has no name that is always right. */
enum decode_names { DECODE_NAMES, DECODE_NUMBERS };

/* The tree; the caller deletes it (cJSON_Delete). The stage has planned the tape that `log` is of.
 * `claim` is what it shows, in place of the stage's own. */
struct cJSON *decode(const struct stage *stage, const struct stage_log *log, const char *claim,
                     enum decode_names names);

#endif
