/* excuse.h: what breaks by right, since a device did what no kernel can answer, or the air and a
 * central what no peripheral can, or an app faulted whose fault is to end the kernel
 * (fuzz/README.md has the list).
 *
 * Nothing else is let pass, and all else of such a run is judged: an excuse is for one rule, and
 * names the device and what befell it before the end of the run, or asks what was planned for a
 * connection.
 */
#ifndef FUZZ_EXCUSE_H
#define FUZZ_EXCUSE_H

#include "sim/machine.h"

/* Which rules are never told for this verdict: see the rows in excuse.c; and what the stage's text
 * expects to break; of that the kernel's panic only behind the fault of an app that asks for it. */
bool verdict_excused(struct machine *m, const struct verdict *verdict);
/* The model of that device has lost what was sent to it: more than its wire has room for, or, of
 * the flash controller, what came while it said that it was ready and was not. */
bool loss_excused(const struct machine *m, uint32_t device);

#endif
