/* story.h: the last events before a break: the member is run again with a recorder, up to there. */
#ifndef TOOLS_STORY_H
#define TOOLS_STORY_H

#include "tools/run_one.h"

/* What is told, and up to where. */
struct story {
    const struct scenario *scenario;
    uint64_t record;   /* of the break: struct verdict.record */
    uint64_t until_ps; /* and no later than that */
    uint32_t process;  /* only what it did and got, or PATTERN_ANY: all */
    bool to_fault;     /* up to its last fault */
};

/* Of the first break that was not expected. A break found at the end of the run says little about
 * when it came about: then the app's own last events before the failed step, or before its last
 * fault, are told. False: there is no such break. */
bool story_of(const struct scenario *scenario, const struct result *result, struct story *story);

/* Lines as timeline.h writes them, into a pipe: the shape of an isolate_work. `argument` is a
 * struct story. */
void story_tell(const void *argument, int pipe);

#endif
