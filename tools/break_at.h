/* break_at.h: `run --break-at`: one member in this very process, stopped for a debugger. */
#ifndef TOOLS_BREAK_AT_H
#define TOOLS_BREAK_AT_H

#include "tools/one_member.h"

/* Runs the member that the argument names, without a process of its own, raises SIGTRAP before the
 * first step at or after `at_ps`, and goes on to the end when the debugger says so. There the
 * machine is `hw.m` of the frame break_here, and a struct machine can be printed whole. Complains,
 * and answers 2, if no debugger is there, or the run ends before.
 *
 *   gdb -q -ex run -ex 'frame function break_here' -ex 'print hw->m->kernel.processes[0].state' \
 *       --args build/postern run passthrough/lent_timer_reaches_its_app --break-at 900 */
int break_at(const struct usage *usage, const struct arguments *arguments,
             const struct option_number *seed, uint64_t at_ps);

#endif
