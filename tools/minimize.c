/* minimize.c: see minimize.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/minimize.h"

#include "tools/commands.h"
#include "tools/reproduce.h"
#include "tools/shrink.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct minimizer {
    const struct minimize_request *request;
    const char *path;
    bool isolated; /* each run in a process of its own */
    uint64_t from_ns;
    uint32_t tried;
    bool ended_early;
    uint32_t operations;               /* before */
    size_t size;                       /* in bytes, before */
    const struct stage_target *target; /* of a tape; NULL: a scenario */
};

/* --- what is left ---------------------------------------------------------------------------- */

static uint64_t seconds_left(const struct minimizer *m)
{
    uint64_t budget = m->request->seconds;
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
    printf("%s: ", m->request->output);
    finding_print(stdout, finding);
    printf("\n%" PRIu32 " operations, %zu bytes before; %" PRIu32
           " operations, %ld bytes now; %" PRIu32 " runs, %.2f s\n",
           m->operations, m->size, scenario_operations(tree), size_of(m->request->output), m->tried,
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
    shrink_start(&shrink, wanted, m->request->same_place, seconds_left(m));
    shrink.isolated = m->isolated;
    shrink_scenario(&shrink, m->path, tree);
    m->tried += shrink.tried;
    m->ended_early |= shrink.ended_early;
    if (m->target)
        reproduce_describe(tree, m->path, m->target, &shrink.last);
    if (!reproduce_write(m->request->usage, m->request->output, tree))
        return CODE_BAD_INPUT;
    reproduce_run(m->request->output, wanted, &finding);
    report(m, tree, &finding);
    if (finding_same(wanted, &finding, m->request->same_place))
        return CODE_HOLDS;
    printf("%s does not go wrong as %s does\n", m->request->output, m->path);
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
    reproduce_run(m->path, NULL, &finding);
    if (finding.end == FINDING_BAD_INPUT) {
        fprintf(stderr, "%s\n", finding.text);
        return CODE_BAD_INPUT;
    }
    if (finding.end == FINDING_NONE)
        return nothing_breaks(m);
    if (cJSON_GetObjectItemCaseSensitive(tree, "sweep") ||
        cJSON_GetObjectItemCaseSensitive(tree, "seeds"))
        return options_error(m->request->usage,
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
    if (!reproduce_write(m->request->usage, m->request->output, tree)) {
        cJSON_Delete(tree);
        return CODE_BAD_INPUT;
    }
    reproduce_run(m->request->output, wanted, &finding);
    if (!finding_same(wanted, &finding, m->request->same_place)) {
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
    shrink_start(&shrink, &wanted, m->request->same_place, seconds_left(m));
    shrink.isolated = m->isolated;
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
    m->target = input->target;
    int code = CODE_BAD_INPUT;
    if (reproduce_play(r, input->target, tape))
        code = minimize_played(m, r, tape);
    reproduce_free(r);
    free(r);
    free(tape);
    return code;
}

/* --- in a child ------------------------------------------------------------------------------ */

static bool is_scenario(const struct minimize_request *request)
{
    size_t size = strlen(request->path);
    return !request->target && size > 5 && strcmp(request->path + size - 5, ".json") == 0;
}

static int minimize_input(struct minimizer *m)
{
    struct input input;
    if (is_scenario(m->request))
        return minimize_scenario(m);
    if (!input_read(m->request->usage, m->path, m->request->target, &input))
        return CODE_BAD_INPUT;
    int code;
    if (input.kind == INPUT_TAPE)
        code = minimize_tape(m, &input);
    else if (input.kind == INPUT_SCENARIO)
        code = minimize_scenario(m);
    else
        code = options_error(m->request->usage,
                             "%s: neither a scenario nor a tape that is played on one", m->path);
    input_free(&input);
    return code;
}

static void work(const void *argument, int pipe)
{
    struct minimizer m = *(const struct minimizer *)argument;
    int code = minimize_input(&m);
    isolate_write(pipe, &code, sizeof code);
}

/* False: the child did not come to its end. */
static bool in_child(const struct minimizer *m, uint64_t budget_ms, int *code)
{
    struct isolated child;
    struct isolated *const children[] = {&child};
    isolate_start(&child, work, m, budget_ms);
    while (child.end == ISOLATE_RUNS)
        isolate_wait(children, 1);
    bool good = child.end == ISOLATE_DONE && child.size == sizeof *code;
    if (good)
        memcpy(code, child.bytes, sizeof *code);
    isolate_free(&child);
    return good;
}

int minimize(const struct minimize_request *request)
{
    int code = CODE_SIMULATOR;
    uint64_t budget_ms = request->seconds * 1000 + UINT64_C(2) * REPRODUCE_BUDGET_MS;
    struct minimizer m = {.request = request, .path = request->path, .from_ns = wall_ns()};
    if (in_child(&m, budget_ms, &code))
        return code;
    /* A candidate has crashed the simulator, or has hung: then each runs by itself. */
    m.isolated = true;
    m.from_ns = wall_ns();
    if (!in_child(&m, budget_ms, &code))
        fprintf(stderr, "postern %s: error: %s: the simulator crashed\n", request->usage->command,
                request->path);
    return code;
}
