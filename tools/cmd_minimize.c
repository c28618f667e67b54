/* cmd_minimize.c: `postern minimize FILE -o FILE` makes a failing scenario, or a tape, small. */
#include "tools/commands.h"
#include "tools/minimize.h"

struct minimize_options {
    const char *target, *output;
    struct option_number seconds;
    bool same_place;
};

#define FIELD(field) offsetof(struct minimize_options, field)

static const struct option_row rows[] = {
    {"-o", "FILE", "write the small scenario there", OPTION_TEXT, FIELD(output), 0, 0, NULL},
    {"--same-place", NULL, "keep the app and the address of the break, not its rule alone",
     OPTION_FLAG, FIELD(same_place), 0, 0, NULL},
    {"--seconds", "N", "stop then, with what is found so far (default 20)", OPTION_COUNT,
     FIELD(seconds), 1, 100000, NULL},
    {"--target", "NAME",
     "FILE is a tape of this target, where neither its name nor its folder says "
     "so",
     OPTION_TEXT, FIELD(target), 0, 0, NULL},
};

static const struct usage usage = {
    .command = "minimize",
    .arguments = "FILE",
    .about =
        "Leaves out of a failing scenario all that its failure does not need: apps, steps,\n"
        "injections, peers, keys, time; and makes its values simpler. FILE is a scenario, or a\n"
        "tape that a fuzzer has found (fuzz/README.md), which is made smaller first and then\n"
        "decoded. The same rule stays broken, or the simulator crashes at the same line.\n",
    .examples = "  postern minimize x.json -o small.json\n"
                "  postern minimize build-fuzz/fuzz/found-syscall-crash-0a1b -o small.json\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_min = 1,
    .argument_max = 1,
};

int cmd_minimize(int argc, char **argv)
{
    struct minimize_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    if (!options.output)
        return options_error(&usage, "want -o FILE: where the small scenario goes");
    return minimize(&(struct minimize_request){
        .usage = &usage,
        .path = arguments.at[0],
        .target = options.target,
        .output = options.output,
        .seconds = options.seconds.given ? options.seconds.value : MINIMIZE_SECONDS,
        .same_place = options.same_place,
    });
}
