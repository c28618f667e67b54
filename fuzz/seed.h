/* seed.h: scenarios as tapes, to begin a fuzzer's search where people have thought of something.
 *
 *   scenario's apps with steps --seed_tape--> what a tape can say of it, for one stage
 *
 * The inverse of fuzz/app_bytes.c, as near as its numbers come: calls with their driver, number and
 * small values, addresses in the app's own memory by 1 to 4 KiB, a register of a device by which
 * window it is in, what befalls apps by its time. What has no such word (a sum, a loop's rounds, a
 * wait for an event) is left out or becomes the next best: a seed need not do what its scenario
 * does. Steps stand in the order of the file, each once; handlers behind them.
 */
#ifndef FUZZ_SEED_H
#define FUZZ_SEED_H

#include "fuzz/stage_target.h"

enum { SEED_MAX = 64 }; /* operations: what `make fuzz` lets a tape have (tools/fuzz.sh) */

/* An empty tape: no app of the scenario has steps. App i of it plays the i-th stream of an app that
 * the target has; further apps are left out. `stage` is one of the target's, number `which`. */
void seed_tape(const struct scenario *scenario, const struct stage_target *target,
               const struct stage *stage, uint32_t which, struct tape *tape);

#endif
