/* cmd_schema.c: `postern schema` prints the JSON schema of scenarios, of boards, or of traces. */
#define _POSIX_C_SOURCE 200809L

#include "tools/commands.h"
#include "tools/options.h"
#include "tools/suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct usage usage = {
    .command = "schema",
    .arguments = "[scenario|board|trace]",
    .about =
        "Prints the JSON schema (draft-07) of scenarios, or of boards. Editors complete and check\n"
        "from it: name it in a file's \"$schema\". Or that of a line of `run --trace jsonl`.\n",
    .examples = "  postern schema >scenario.schema.json\n"
                "  postern schema board\n"
                "  postern schema trace\n",
    .argument_max = 1,
};

/* Where each stands in the folder of scenarios. */
static const struct {
    const char *what;
    const char *places[2];
} schemas[] = {
    {"scenario", {"scenario.schema.json", NULL}},
    {"board", {"boards/board.schema.json", "board.schema.json"}},
    {"trace", {"trace.schema.json", NULL}},
};

enum { SCHEMAS = sizeof schemas / sizeof schemas[0] };

static int print_file(const char *path)
{
    char text[8192];
    size_t size;
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "%s: error: %s\n", path, strerror(errno));
        return CODE_BAD_INPUT;
    }
    while ((size = fread(text, 1, sizeof text, file)) > 0)
        fwrite(text, 1, size, stdout);
    fclose(file);
    return CODE_HOLDS;
}

static int print_schema(size_t which)
{
    char path[SUITE_PATH_MAX];
    for (size_t i = 0; i < 2 && schemas[which].places[i]; i++)
        if (suite_find(schemas[which].places[i], path))
            return print_file(path);
    return options_error(&usage, "%s stands neither in scenarios/ here nor near the program",
                         schemas[which].places[0]);
}

int cmd_schema(int argc, char **argv)
{
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, NULL, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    const char *wanted = arguments.count ? arguments.at[0] : schemas[0].what;
    struct nearest nearest = nearest_to(wanted);
    for (size_t i = 0; i < SCHEMAS; i++) {
        if (strcmp(wanted, schemas[i].what) == 0)
            return print_schema(i);
        nearest_offer(&nearest, schemas[i].what);
    }
    char hint[64];
    return options_error(&usage, "no such schema: %s%s", wanted,
                         nearest_text(&nearest, hint, sizeof hint));
}
