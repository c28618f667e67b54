/* support_moment.c: see support_moment.h. */
#include "tests/support_moment.h"

#include "tools/catalogue.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

void stand_begin(struct stand *stand, const char *path)
{
    const struct catalogue known = catalogue();
    const struct load_options options = {0};
    struct problems problems = {0};
    struct result *result = calloc(1, sizeof *result);
    memset(stand, 0, sizeof *stand);
    ck_assert_msg(scenario_load(path, &known, &options, &stand->family, &problems), "%s: %s", path,
                  problems.text);
    problems_free(&problems);
    stand->scenario = stand->family.members[0];
    stand->watch = calloc(1, sizeof *stand->watch);
    stand->moment = calloc(1, sizeof *stand->moment);
    ck_assert(result && stand->watch && stand->moment);
    recorder_start(&stand->recorder, 0);
    watch_start(stand->watch, &stand->run.hw);
    watch_attach(stand->watch, &stand->recorder);
    ck_assert_msg(run_begin(&stand->run, stand->scenario, &stand->recorder, result), "%s: %s", path,
                  result->trouble);
    free(result);
}

bool stand_step(struct stand *stand, uint64_t steps)
{
    enum run_state state = RUN_GOING;
    for (; steps > 0 && state == RUN_GOING; steps--) {
        state = machine_step(&stand->run.hw);
        stand->recorder.count = 0;
    }
    return state == RUN_GOING;
}

bool stand_go(struct stand *stand, const char *app, uint64_t at_ps)
{
    do {
        uint32_t running = machine_running(stand->run.hw.m);
        if (running < stand->scenario->app_count && machine_now_ps(stand->run.hw.m) >= at_ps &&
            strcmp(stand->scenario->apps[running].name, app) == 0)
            return true;
    } while (stand_step(stand, 1));
    return false;
}

const struct moment *stand_moment(struct stand *stand, bool pair)
{
    uint32_t next = (stand->watch->holder + 1) % stand->scenario->app_count;
    moment_take(stand->moment, stand->watch,
                (struct moment_choice){pair ? 2 : 1, {PROCESS_NONE, next}});
    return stand->moment;
}

void stand_end(struct stand *stand)
{
    run_end(&stand->run);
    recorder_free(&stand->recorder);
    family_free(&stand->family);
    free(stand->watch);
    free(stand->moment);
}
