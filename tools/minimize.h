/* minimize.h: a failing scenario, or a tape, made small, and what that came to said in two lines.
 *
 *   tape --shrink_tape--> tape --decode--> scenario --shrink_scenario--> scenario, written and run
 */
#ifndef TOOLS_MINIMIZE_H
#define TOOLS_MINIMIZE_H

#include "tools/options.h"

enum { MINIMIZE_SECONDS = 20 };

struct minimize_request {
    const struct usage *usage; /* of the command that complaints are from */
    const char *path;          /* a scenario's file, or a tape's */
    const char *target;        /* the tape's; NULL: by its name or folder */
    const char *output;        /* where the scenario goes */
    uint64_t seconds;          /* the search ends then, with what it has */
    bool same_place;           /* keep the app and the address of the break, too */
};

/* The exit code: 0 what was written goes wrong as the input does; 1 it does not, or the input goes
 * wrong in no way; 2 the input cannot be read, the output not written. All of it in a child: a
 * candidate may crash. */
int minimize(const struct minimize_request *request);

#endif
