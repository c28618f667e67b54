/* postern.c: the command line's front door: finds the command and calls it. */
#define _POSIX_C_SOURCE 200809L

#include "sim/json_text.h"
#include "tools/commands.h"
#include "tools/extra.h"

#include <stdio.h>
#include <string.h>

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_usage(FILE *to)
{
    fprintf(to,
            "usage: postern COMMAND [OPTION...] [ARGUMENT...]\n\n"
            "Postern lends simulated devices to simulated apps under the real kernel logic, and\n"
            "judges what happens: isolation, interrupts, latency.\n\n");
    for (size_t i = 0; i < command_count; i++)
        fprintf(to, "  %-10s  %s\n", commands[i].name, commands[i].about);
    fprintf(to, "\n  postern COMMAND --help tells more; postern --version says which this is.\n\n"
                "examples:\n"
                "  postern run                            every scenario of scenarios/\n"
                "  postern run scenarios/passthrough      one folder\n"
                "  postern show passthrough/NAME          what happened in one, line by line\n"
                "  postern explain PT10                   what a rule demands\n\n"
                "exit: 0 all claims hold; 1 a claim failed; 2 bad usage or bad input;\n"
                "      3 the simulator itself failed; 4 two runs of one seed differed;\n"
                "      5 a vacuous pass; 6 the budget ended without a verdict\n");
}

static int no_such_command(const char *name)
{
    char hint[64];
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < command_count; i++)
        nearest_offer(&nearest, commands[i].name);
    fprintf(stderr, "postern: error: no such %s: %s%s\nTry: postern --help\n",
            name[0] == '-' ? "flag" : "command", name, nearest_text(&nearest, hint, sizeof hint));
    return CODE_BAD_INPUT;
}

/* `postern help COMMAND` is `postern COMMAND --help`. */
static int help(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stdout);
        return CODE_HOLDS;
    }
    const struct command *command = find(argv[1]);
    char flag[] = "--help";
    char *line[] = {argv[1], flag, NULL};
    return command ? command->call(2, line) : no_such_command(argv[1]);
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return CODE_BAD_INPUT;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0) {
        puts("postern " POSTERN_VERSION);
        return CODE_HOLDS;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return help(argc - 1, argv + 1);
    const struct command *command = find(name);
    return command ? command->call(argc - 1, argv + 1) : no_such_command(name);
}

int main(int argc, char **argv)
{
    int code = extras_agree() ? dispatch(argc, argv) : CODE_BAD_INPUT;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    perror("postern: error: cannot write the output"); /* a full disk must not look like a pass */
    return CODE_SIMULATOR;
}
