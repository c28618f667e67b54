/* cmd_check.c: `postern check [PATH...]` reads scenarios and boards and runs nothing. */
#define _POSIX_C_SOURCE 200809L

#include "tools/catalogue.h"
#include "tools/commands.h"
#include "tools/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check_options {
    bool quiet;
};

static const struct option_row rows[] = {
    {"--quiet", NULL, "print complaints only", OPTION_FLAG, offsetof(struct check_options, quiet),
     0, 0, NULL},
};

static const struct usage usage = {
    .command = "check",
    .arguments = "[PATH...]",
    .about =
        "Reads scenarios and boards, resolves every name, and complains as a compiler would:\n"
        "file:line:col: error: /json/pointer: what is wrong. Runs nothing. Without PATH: all of\n"
        "scenarios/.\n",
    .examples = "  postern check\n"
                "  postern check scenarios/passthrough/lent_timer_reaches_its_app.json\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_max = ARGUMENTS_ANY,
};

struct check_count {
    unsigned scenarios, members, boards, bad;
};

static void check_board(const char *path, struct problems *problems, struct check_count *count)
{
    const struct catalogue known = catalogue();
    struct board *board = board_load(path, &known, problems);
    count->boards++;
    if (board)
        board_free(board);
}

static void check_scenario(const struct suite_file *file, struct problems *problems,
                           struct check_count *count)
{
    const struct suite_choice all = {0};
    struct family family;
    count->scenarios++;
    count->members += suite_load(file, &all, &family, problems);
    family_free(&family);
}

static void check_file(const struct suite_file *file, struct check_count *count)
{
    struct problems problems = {0};
    if (suite_is_board(file->path))
        check_board(file->path, &problems, count);
    else
        check_scenario(file, &problems, count);
    if (problems.count) {
        count->bad++;
        problems_print(&problems);
    }
    problems_free(&problems);
}

static void print_counts(const struct check_count *count)
{
    printf("%u scenario%s", count->scenarios, count->scenarios == 1 ? "" : "s");
    if (count->members > count->scenarios)
        printf(" (%u members)", count->members);
    if (count->boards)
        printf(" and %u board%s", count->boards, count->boards == 1 ? "" : "s");
    if (count->bad)
        printf(" read, %u of them with errors\n", count->bad);
    else
        printf(" read without a complaint\n");
}

int cmd_check(int argc, char **argv)
{
    struct check_options options = {0};
    struct arguments arguments;
    struct suite suite;
    struct check_count count = {0};
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    bool all_there = suite_collect(&suite, &usage, &arguments, true);
    for (size_t i = 0; all_there && i < suite.count; i++)
        check_file(&suite.files[i], &count);
    if (all_there && !options.quiet)
        print_counts(&count);
    suite_free(&suite);
    return all_there && count.bad == 0 ? CODE_HOLDS : CODE_BAD_INPUT;
}
