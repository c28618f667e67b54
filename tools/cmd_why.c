/* cmd_why.c: `postern why SCENARIO --address A`: who decided that an app reaches it, or does
 * not. */
#include "tools/commands.h"
#include "tools/one_member.h"
#include "tools/text.h"
#include "tools/view/why.h"

#include <stdio.h>
#include <string.h>

struct why_options {
    struct option_number seed, at_ps, address;
    const char *app;
};

#define FIELD(field) offsetof(struct why_options, field)

static const struct option_row rows[] = {
    {"--address", "A", "the address, such as 0x50004000", OPTION_COUNT, FIELD(address), 0,
     UINT32_MAX, NULL},
    {"--app", "NAME", "for this app; without it: the one whose regions are loaded", OPTION_TEXT,
     FIELD(app), 0, 0, NULL},
    {"--at", "US", "the moment; without it: behind the first break of a rule, else at the end",
     OPTION_TIME, FIELD(at_ps), 0, 0, NULL},
    {"--seed", "N", "run with this seed, not with the scenario's own", OPTION_COUNT, FIELD(seed), 0,
     0, NULL},
};

static const struct usage usage = {
    .command = "why",
    .arguments = "SCENARIO",
    .about =
        "Says why an app reaches an address at a moment, or why it does not: the deciding\n"
        "region and sub-region of the MPU with its permission bits, whether that is due to the\n"
        "app, the call and the filter's answer that it comes from, and who else reaches it,\n"
        "by DMA too.\n",
    .examples =
        "  postern why passthrough/undeclared_widening_breaks_the_rule --address 0x50004000\n"
        "  postern why x.json --at 1250 --address 0x20010000 --app owner\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_min = 1,
    .argument_max = 1,
};

static void go(struct replay *replay, const struct why_options *options)
{
    const struct replay_mark *mark = replay_next(replay, 0, 1u << MARK_BREAK);
    if (options->at_ps.given)
        replay_go_to_time(replay, shown_time_ps(options->at_ps.value));
    else
        replay_go(replay, mark ? mark->step : replay->step_count);
}

/* In a process of its own. */
struct asked {
    const struct why_options *options;
    const struct scenario *scenario;
    uint32_t app; /* app_count: whose regions are loaded */
};

static void tell(const void *argument, int pipe)
{
    const struct asked *asked = argument;
    struct result result;
    struct replay *replay = replay_make(asked->scenario, &result);
    (void)pipe;
    if (!replay) {
        fprintf(stderr, "%s: error: %s\n", asked->scenario->path, result.trouble);
        isolate_leave(CODE_BAD_INPUT);
    }
    go(replay, asked->options);
    uint32_t app = asked->app < asked->scenario->app_count ? asked->app : replay->watch->holder;
    if (app >= asked->scenario->app_count)
        printf("no app has run yet\n");
    else
        why_tell(replay, app, (uint32_t)asked->options->address.value, stdout);
    fflush(stdout);
    replay_free(replay);
    isolate_leave(CODE_HOLDS);
}

static int why_member(const void *context, const struct scenario *scenario)
{
    struct asked asked = {context, scenario, scenario->app_count};
    const char *wanted = asked.options->app;
    if (wanted && !one_app(&usage, "--app", scenario, wanted, &asked.app))
        return CODE_BAD_INPUT;
    return one_member_isolated(&usage, tell, &asked);
}

int cmd_why(int argc, char **argv)
{
    struct why_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    if (!options.address.given)
        return options_error(&usage, "--address is missing: which address is meant?");
    return one_member(&usage, &arguments, &options.seed, why_member, &options);
}
