/* cmd_fuzz.c: `postern fuzz decode FILE` makes of a fuzzer's input a scenario that people read. */
#define _POSIX_C_SOURCE 200809L

#include "tools/commands.h"
#include "tools/reproduce.h"
#include "tools/text.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fuzz_options {
    const char *target, *output;
};

#define FIELD(field) offsetof(struct fuzz_options, field)

static const struct option_row rows[] = {
    {"--target", "NAME", "whose input it is, where neither its name nor its folder says so",
     OPTION_TEXT, FIELD(target), 0, 0, NULL},
    {"-o", "FILE", "write the scenario there", OPTION_TEXT, FIELD(output), 0, 0, NULL},
};

static const char *const words[] = {"decode", NULL};

static const struct usage usage = {
    .command = "fuzz",
    .arguments = "decode FILE",
    .about =
        "Makes of an input that a fuzzer has found (fuzz/README.md) a scenario with steps, which\n"
        "`postern run`, `show` and `map` take, and `postern minimize` makes small. It is run, and\n"
        "must go wrong as the input does: exit 1 if it does not.\n",
    .examples = "  postern fuzz decode build-fuzz/fuzz/found-syscall-crash-0a1b -o x.json\n"
                "  postern fuzz decode crash-0a1b --target syscall -o x.json\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_min = 2,
    .argument_max = 2,
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
        reproduce_run(output, finding);
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

static int decode_file(const struct fuzz_options *options, const char *path)
{
    struct input input;
    if (!options->output)
        return options_error(&usage, "want -o FILE: where the scenario goes");
    if (!input_read(&usage, path, options->target, &input))
        return CODE_BAD_INPUT;
    int code = input.kind == INPUT_TAPE
                   ? decode_tape(&input, options->output)
                   : options_error(&usage, "%s: there is no scenario beneath it", path);
    input_free(&input);
    return code;
}

int cmd_fuzz(int argc, char **argv)
{
    struct fuzz_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    if (strcmp(arguments.at[0], "decode") != 0)
        return options_error(&usage, "no such thing to do: %s: want decode", arguments.at[0]);
    return decode_file(&options, arguments.at[1]);
}
