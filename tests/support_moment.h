/* support_moment.h: a scenario's file, run up to a moment, for tests of what is drawn of it. Each
 * helper fails the test that calls it if there is no such file, member or app.
 */
#ifndef TESTS_SUPPORT_MOMENT_H
#define TESTS_SUPPORT_MOMENT_H

#include "sim/scenario_load.h"
#include "tools/run_one.h"
#include "tools/view/moment.h"

struct stand {
    struct family family;
    const struct scenario *scenario; /* the first member */
    struct recorder recorder;
    struct watch *watch;
    struct run run;
    struct moment *moment;
};

/* The first member of the file, booted. */
void stand_begin(struct stand *stand, const char *path);
/* At most so many steps; false: the run is over. */
bool stand_step(struct stand *stand, uint64_t steps);
/* Steps until the app has the CPU at or after that time; false: it never has. */
bool stand_go(struct stand *stand, const char *app, uint64_t at_ps);
/* The moment now, with the reach of the app that had the CPU last, and of the next one if
 * `pair`. */
const struct moment *stand_moment(struct stand *stand, bool pair);
void stand_end(struct stand *stand);

#endif
