/* cmd_fuzz.c: `postern fuzz decode FILE` makes of a fuzzer's input a scenario that people read,
 * `postern fuzz sort FILE...` sorts what was found. */
#define _POSIX_C_SOURCE 200809L

#include "fuzz/mpu_calls.h"
#include "tools/commands.h"
#include "tools/crash_sort.h"
#include "tools/minimize.h"
#include "tools/reproduce.h"
#include "tools/text.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fuzz_options {
    const char *target, *output;
    struct option_number seconds;
};

#define FIELD(field) offsetof(struct fuzz_options, field)

static const struct option_row rows[] = {
    {"--target", "NAME", "whose input it is, where neither its name nor its folder says so",
     OPTION_TEXT, FIELD(target), 0, 0, NULL},
    {"-o", "PATH", "write there: decode a file, sort a folder", OPTION_TEXT, FIELD(output), 0, 0,
     NULL},
    {"--seconds", "N", "of sort: for each bucket's scenario at most (default 20)", OPTION_COUNT,
     FIELD(seconds), 1, 100000, NULL},
};

static const char *const words[] = {"decode", "sort", NULL};

static const struct usage usage = {
    .command = "fuzz",
    .arguments = "decode|sort FILE...",
    .about = "decode: makes of an input that a fuzzer has found (fuzz/README.md) a scenario with "
             "steps,\n"
             "which `postern run`, `show` and `map` take, and `postern minimize` makes small. It "
             "is run,\n"
             "and must go wrong as the input does: exit 1 if it does not.\n"
             "sort: puts inputs, or folders of them, into folders by what is wrong; each gets a "
             "scenario\n"
             "made small, its timeline, and a text that says what broke, how often, and how to see "
             "it.\n",
    .examples = "  postern fuzz decode build-fuzz/fuzz/found-syscall-crash-0a1b -o x.json\n"
                "  postern fuzz decode crash-0a1b --target syscall -o x.json\n"
                "  postern fuzz sort build-fuzz/fuzz/found-* -o found\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_min = 2,
    .argument_max = ARGUMENTS_ANY,
    .words = words,
};

/* --- decode ---------------------------------------------------------------------------------- */

static void say(const char *who, const struct finding *finding)
{
    printf("%-9s ", who);
    finding_print(stdout, finding);
    printf("\n");
}

/* Writes it, runs what was written. False: it cannot be written. */
static bool try_names(const struct reproduction *r, const char *input, const char *output,
                      enum decode_names names, struct finding *finding)
{
    cJSON *tree = reproduce_tree(r, input, names);
    bool written = reproduce_write(&usage, output, tree);
    cJSON_Delete(tree);
    if (written)
        reproduce_run(output, &r->finding, finding);
    return written;
}

/* Names are for people; where they say something else than the tape did, numbers must do. */
static int write_and_verify(const struct reproduction *r, const char *input, const char *output)
{
    struct finding got;
    const struct finding *wanted = &r->finding;
    if (!try_names(r, input, output, DECODE_NAMES, &got))
        return CODE_BAD_INPUT;
    if (got.trace_hash != wanted->trace_hash || !finding_same(wanted, &got, true)) {
        if (!try_names(r, input, output, DECODE_NUMBERS, &got))
            return CODE_BAD_INPUT;
    }
    say("tape", wanted);
    say("scenario", &got);
    if (!finding_same(wanted, &got, true)) {
        printf("%s does not go wrong as the tape does\n", output);
        return CODE_FAILED;
    }
    printf("%s: %u operations; %s\n", output, r->log->apps.count,
           !wanted->trace_hash                    ? "the same crash"
           : wanted->trace_hash == got.trace_hash ? "the same trace"
                                                  : "the same break, by another trace");
    return CODE_HOLDS;
}

static int decode_tape(const struct input *input, const char *output)
{
    struct reproduction *r = calloc(1, sizeof *r);
    struct tape *tape = calloc(1, sizeof *tape);
    if (!r || !tape)
        abort();
    tape_decode(input->bytes, input->size, tape);
    int code = CODE_BAD_INPUT;
    if (reproduce_play(r, input->target, tape))
        code = write_and_verify(r, input->path, output);
    reproduce_free(r);
    free(r);
    free(tape);
    return code;
}

/* --- what is no tape of a stage -------------------------------------------------------------- */

struct calls {
    const struct tape *tape;
    const char *output;
};

static void print_calls(const void *argument, int pipe)
{
    const struct calls *calls = argument;
    const struct finding none = {0};
    FILE *to = fopen(calls->output, "w");
    if (!to)
        return;
    mpu_calls_print(to, calls->tape);
    fclose(to);
    isolate_write(pipe, &none, sizeof none);
}

/* Beneath the kernel there is no scenario: its calls in words. One of them may crash. */
static int decode_calls(const struct input *input, const char *output)
{
    struct finding finding;
    struct tape *tape = calloc(1, sizeof *tape);
    if (!tape)
        abort();
    tape_decode(input->bytes, input->size, tape);
    const struct calls calls = {tape, output};
    finding_isolated(print_calls, &calls, REPRODUCE_BUDGET_MS, &finding);
    free(tape);
    if (finding.end != FINDING_NONE && access(output, F_OK) != 0)
        return options_error(&usage, "%s: cannot be written", output);
    printf("%s: calls of model/mpu.h in words: there is no scenario beneath the kernel; "
           "fuzz_mpu judges them\n",
           output);
    if (finding.end != FINDING_NONE) {
        printf("the last of them crashes: ");
        finding_print(stdout, &finding);
        printf("\n");
    }
    return CODE_HOLDS;
}

/* A text is as readable as it will be. */
static int decode_text(const struct input *input, const char *output)
{
    FILE *to = fopen(output, "wb");
    bool good = to && fwrite(input->bytes, 1, input->size, to) == input->size;
    if (to)
        good &= fclose(to) == 0;
    if (!good)
        return options_error(&usage, "%s: %s", output, strerror(errno));
    printf("%s: the text as it was: `postern check` reads a %s, and runs nothing\n", output,
           input->kind == INPUT_BOARD ? "board in a folder boards/" : "scenario");
    return CODE_HOLDS;
}

/* --- the command ----------------------------------------------------------------------------- */

static int decode_file(const struct fuzz_options *options, const char *path)
{
    struct input input;
    if (!input_read(&usage, path, options->target, &input))
        return CODE_BAD_INPUT;
    int code;
    if (input.kind == INPUT_TAPE)
        code = decode_tape(&input, options->output);
    else if (input.kind == INPUT_CALLS)
        code = decode_calls(&input, options->output);
    else if (input.kind == INPUT_FIELDS)
        code = options_error(&usage,
                             "%s: what it changes in a board's description no scenario can "
                             "say: fuzz_start plays it",
                             path);
    else
        code = decode_text(&input, options->output);
    input_free(&input);
    return code;
}

static int sort_files(const struct fuzz_options *options, struct arguments files)
{
    files.at++;
    files.count--;
    return crash_sort(
        &(struct crash_sort){
            .usage = &usage,
            .target = options->target,
            .output = options->output,
            .seconds = options->seconds.given ? options->seconds.value : MINIMIZE_SECONDS,
        },
        &files);
}

int cmd_fuzz(int argc, char **argv)
{
    struct fuzz_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    const char *what = arguments.at[0];
    bool decodes = strcmp(what, "decode") == 0;
    if (!decodes && strcmp(what, "sort") != 0) {
        char hint[96];
        struct nearest nearest = nearest_to(what);
        nearest_offer(&nearest, "decode");
        nearest_offer(&nearest, "sort");
        return options_error(&usage, "no such thing to do: %s%s", what,
                             nearest_text(&nearest, hint, sizeof hint));
    }
    if (!options.output)
        return options_error(&usage, "want -o %s",
                             decodes ? "FILE: where the scenario goes"
                                     : "FOLDER: where the buckets go");
    if (decodes && arguments.count > 2)
        return options_error(&usage, "decode: want one FILE, not %d", arguments.count - 1);
    if (decodes && options.seconds.given)
        return options_error(&usage, "--seconds does nothing with decode");
    return decodes ? decode_file(&options, arguments.at[1]) : sort_files(&options, arguments);
}
