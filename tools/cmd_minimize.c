/* cmd_minimize.c: `postern minimize FILE -o FILE` makes a failing scenario, or a tape, small. */
#define _POSIX_C_SOURCE 200809L

#include "tools/commands.h"
#include "tools/reproduce.h"
#include "tools/shrink.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS = 20 };

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

struct minimizer {
    const struct minimize_options *options;
    const char *path; /* as given */
    uint64_t from_ns;
    uint32_t tried;
    bool ended_early;
    uint32_t operations; /* before */
    size_t size;         /* in bytes, before */
};

/* --- what is left ---------------------------------------------------------------------------- */

static uint64_t seconds_left(const struct minimizer *m)
{
    uint64_t budget = m->options->seconds.given ? m->options->seconds.value : SECONDS;
    uint64_t used = (wall_ns() - m->from_ns) / 1000000000u;
    return used < budget ? budget - used : 1;
}

static long size_of(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : 0;
    if (file)
        fclose(file);
    return size;
}

static void report(const struct minimizer *m, const cJSON *tree, const struct finding *finding)
{
    double seconds = (double)(wall_ns() - m->from_ns) / 1e9;
    printf("%s: ", m->options->output);
    finding_print(stdout, finding);
    printf("\n%" PRIu32 " operations, %zu bytes before; %" PRIu32
           " operations, %ld bytes now; %" PRIu32 " runs, %.1f s\n",
           m->operations, m->size, scenario_operations(tree), size_of(m->options->output), m->tried,
           seconds);
    if (m->ended_early)
        printf("the time was over before nothing could be left out any more: --seconds gives it "
               "more\n");
}

/* Shrinks the tree, writes it, and runs what was written. */
static int finish(struct minimizer *m, cJSON *tree, const struct finding *wanted)
{
    struct finding finding;
    struct shrink shrink;
    shrink_start(&shrink, wanted, m->options->same_place, seconds_left(m));
    shrink_scenario(&shrink, m->path, tree);
    m->tried += shrink.tried;
    m->ended_early |= shrink.ended_early;
    if (!reproduce_write(&usage, m->options->output, tree))
        return CODE_BAD_INPUT;
    reproduce_run(m->options->output, &finding);
    report(m, tree, &finding);
    if (finding_same(wanted, &finding, m->options->same_place))
        return CODE_HOLDS;
    printf("%s does not go wrong as %s does\n", m->options->output, m->path);
    return CODE_FAILED;
}

static int nothing_breaks(const struct minimizer *m)
{
    printf("%s: nothing breaks: there is nothing to keep\n", m->path);
    return CODE_FAILED;
}

/* --- a scenario ------------------------------------------------------------------------------ */

static int minimize_tree(struct minimizer *m, cJSON *tree)
{
    struct finding finding;
    reproduce_run(m->path, &finding);
    if (finding.end == FINDING_BAD_INPUT) {
        fprintf(stderr, "%s\n", finding.text);
        return CODE_BAD_INPUT;
    }
    if (finding.end == FINDING_NONE)
        return nothing_breaks(m);
    if (cJSON_GetObjectItemCaseSensitive(tree, "sweep") ||
        cJSON_GetObjectItemCaseSensitive(tree, "seeds"))
        return options_error(&usage,
                             "%s: a family: write the values of the member that fails in "
                             "the place of its \"sweep\" and \"seeds\"",
                             m->path);
    m->operations = scenario_operations(tree);
    return finish(m, tree, &finding);
}

static int minimize_scenario(struct minimizer *m)
{
    struct json_text text;
    struct problems problems = {0};
    int code = CODE_BAD_INPUT;
    if (json_text_read(&text, m->path, &problems)) {
        m->size = text.size;
        cJSON *tree = cJSON_Duplicate(text.root, true);
        if (!tree)
            abort();
        code = minimize_tree(m, tree);
        cJSON_Delete(tree);
    }
    problems_print(&problems);
    json_text_free(&text);
    problems_free(&problems);
    return code;
}

/* --- a tape ---------------------------------------------------------------------------------- */

static int minimize_decoded(struct minimizer *m, struct reproduction *r,
                            const struct finding *wanted)
{
    cJSON *tree = reproduce_tree(r, m->path, DECODE_NAMES);
    struct finding finding;
    if (!reproduce_write(&usage, m->options->output, tree)) {
        cJSON_Delete(tree);
        return CODE_BAD_INPUT;
    }
    reproduce_run(m->options->output, &finding);
    if (!finding_same(wanted, &finding, m->options->same_place)) {
        cJSON_Delete(tree);
        tree = reproduce_tree(r, m->path, DECODE_NUMBERS);
    }
    int code = finish(m, tree, wanted);
    cJSON_Delete(tree);
    return code;
}

static int minimize_played(struct minimizer *m, struct reproduction *r, struct tape *tape)
{
    struct shrink shrink;
    const struct finding wanted = r->finding;
    if (wanted.end == FINDING_NONE)
        return nothing_breaks(m);
    shrink_start(&shrink, &wanted, m->options->same_place, seconds_left(m));
    shrink_tape(&shrink, r->target, &r->stages, tape);
    m->tried += shrink.tried;
    m->ended_early |= shrink.ended_early;
    if (!reproduce_play(r, r->target, tape))
        return CODE_SIMULATOR;
    return minimize_decoded(m, r, &wanted);
}

static int minimize_tape(struct minimizer *m, const struct input *input)
{
    struct reproduction *r = calloc(1, sizeof *r);
    struct tape *tape = calloc(1, sizeof *tape);
    if (!r || !tape)
        abort();
    tape_decode(input->bytes, input->size, tape);
    m->operations = tape->count;
    m->size = input->size;
    int code = CODE_BAD_INPUT;
    if (reproduce_play(r, input->target, tape))
        code = minimize_played(m, r, tape);
    reproduce_free(r);
    free(r);
    free(tape);
    return code;
}

/* --- the command ----------------------------------------------------------------------------- */

static bool is_scenario(const struct minimize_options *options, const char *path)
{
    size_t size = strlen(path);
    return !options->target && size > 5 && strcmp(path + size - 5, ".json") == 0;
}

static int minimize(struct minimizer *m)
{
    struct input input;
    if (is_scenario(m->options, m->path))
        return minimize_scenario(m);
    if (!input_read(&usage, m->path, m->options->target, &input))
        return CODE_BAD_INPUT;
    int code = input.kind == INPUT_TAPE       ? minimize_tape(m, &input)
               : input.kind == INPUT_SCENARIO ? minimize_scenario(m)
                                              : options_error(&usage,
                                                              "%s: neither a scenario nor a tape "
                                                              "that is played on one",
                                                              m->path);
    input_free(&input);
    return code;
}

int cmd_minimize(int argc, char **argv)
{
    struct minimize_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    if (!options.output)
        return options_error(&usage, "want -o FILE: where the small scenario goes");
    struct minimizer m = {.options = &options, .path = arguments.at[0], .from_ns = wall_ns()};
    return minimize(&m);
}
