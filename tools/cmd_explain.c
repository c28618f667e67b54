/* cmd_explain.c: `postern explain [RULE]` says what a rule demands, and where it comes from. */
#define _POSIX_C_SOURCE 200809L

#include "sim/json_text.h"
#include "sim/verdict.h"
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct usage usage = {
    .command = "explain",
    .arguments = "[RULE...]",
    .about =
        "Says what a rule demands of a run, and where the demand comes from. A rule is named by\n"
        "its id or by an alias: PT3 is the third hole found in TRD 107's draft (tock PR 4168),\n"
        "D1 the first property that model/passthrough.h asks of a device. Without RULE: a list.\n",
    .examples = "  postern explain death-order\n"
                "  postern explain PT10\n"
                "  postern explain\n",
    .argument_max = ARGUMENTS_ANY,
};

enum { LABEL = 12, WIDTH = 100 }; /* of "  demands:  " */

/* The lines of rule_explain, wrapped. */
static void print_rule(unsigned rule)
{
    char *text = NULL;
    size_t size = 0;
    FILE *lines = open_memstream(&text, &size);
    if (!lines)
        abort();
    rule_explain((enum rule)rule, lines);
    fclose(lines);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (*line != ' ' || strlen(line) <= LABEL) {
            puts(line);
            continue;
        }
        printf("%.*s", LABEL, line);
        text_wrap_on(stdout, line + LABEL, LABEL, WIDTH);
    }
    free(text);
}

static void print_list(void)
{
    enum { DEMAND = 36 };
    for (unsigned rule = 0; rule < RULE_NUMBER; rule++) {
        const struct rule_row *row = &rule_rows[rule];
        printf("%-16s %-18s ", row->id, row->aliases);
        text_wrap_on(stdout, row->demand, DEMAND, WIDTH);
    }
}

/* True if `name` stands among the words of `list`. */
static bool has_word(const char *list, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = list; *at; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        if (word == size && strncasecmp(at, name, size) == 0)
            return true;
        at += word;
    }
    return false;
}

static int no_such_rule(const char *name)
{
    char hint[64];
    struct nearest nearest = nearest_to(name);
    for (unsigned rule = 0; rule < RULE_NUMBER; rule++)
        nearest_offer(&nearest, rule_rows[rule].id);
    return options_error(&usage, "no such rule: %s%s", name,
                         nearest_text(&nearest, hint, sizeof hint));
}

/* An alias may belong to several rules: a hole of the draft breaks more than one. */
static int explain(const char *name)
{
    unsigned found = 0;
    for (unsigned rule = 0; rule < RULE_NUMBER; rule++) {
        if (strcasecmp(rule_rows[rule].id, name) != 0 && !has_word(rule_rows[rule].aliases, name))
            continue;
        if (found++)
            printf("\n");
        print_rule(rule);
    }
    return found ? CODE_HOLDS : no_such_rule(name);
}

int cmd_explain(int argc, char **argv)
{
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, NULL, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    int code = CODE_HOLDS;
    for (int i = 0; i < arguments.count && code == CODE_HOLDS; i++) {
        if (i)
            printf("\n");
        code = explain(arguments.at[i]);
    }
    if (!arguments.count)
        print_list();
    return code;
}
