/* one_member.h: commands that look at one member's run: which one, and in a process of its own. */
#ifndef TOOLS_ONE_MEMBER_H
#define TOOLS_ONE_MEMBER_H

#include "tools/isolate.h"
#include "tools/suite.h"

/* What a command does with the member; returns the exit code. */
typedef int one_member_work(const void *options, const struct scenario *scenario);

/* Calls `work` with the one member that the argument names. Complains, and answers 2, if it names
 * none or a folder; of several members it prints the ids to choose from. */
int one_member(const struct usage *usage, const struct arguments *arguments,
               const struct option_number *seed, one_member_work *work, const void *options);

/* The index of the app that a flag names. False: there is none, which was complained about with the
 * nearest name. */
bool one_app(const struct usage *usage, const char *flag, const struct scenario *scenario,
             const char *wanted, uint32_t *process);

/* Runs `work`, which prints to stdout, in a process of its own, so that what it had printed before
 * a crash of the simulator stays. The child ends with _exit(CODE_HOLDS or CODE_BAD_INPUT). */
int one_member_isolated(const struct usage *usage, isolate_work *work, const void *argument);

#endif
