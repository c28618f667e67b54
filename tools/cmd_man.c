/* cmd_man.c: `postern man` prints the manual page in man(7), made of the commands' own tables. */
#define _POSIX_C_SOURCE 200809L

#include "tools/commands.h"
#include "tools/options.h"

#include <stdio.h>

static const struct usage usage = {
    .command = "man",
    .arguments = "",
    .about = "Prints the manual page of postern, of all its commands.\n",
    .examples = "  postern man | man -l -\n"
                "  postern man >postern.1\n",
};

static const char head[] =
    ".TH POSTERN 1 \"\" \"postern " POSTERN_VERSION "\" \"User Commands\"\n"
    ".SH NAME\n"
    "postern \\- test device passthrough and its isolation on a simulated chip\n"
    ".SH SYNOPSIS\n"
    ".B postern\n"
    "\\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n"
    ".SH DESCRIPTION\n"
    "Postern lends simulated devices to simulated apps under the real kernel logic for device\n"
    "passthrough (Tock TRD 107), on a simulated MPU, interrupt controller and bus, and judges "
    "what\n"
    "happens: isolation, interrupts, latency. A scenario is a JSON file that makes a claim.\n"
    ".PP\n"
    "A scenario is named by its file, or by its id: folder/name, then #key=value,... of a sweep,\n"
    "then @seed. Data is on stdout, complaints are on stderr. Flags may be written\n"
    "\\fB\\-\\-flag\\fR \\fIVALUE\\fR or \\fB\\-\\-flag=\\fIVALUE\\fR; \\fB\\-\\-\\fR ends them.\n"
    ".SH COMMANDS\n";

static const char tail[] =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\nAll claims hold.\n"
    ".TP\n.B 1\nA claim failed, an unexpected kernel panic included; a comparison found something\n"
    "worse.\n"
    ".TP\n.B 2\nBad usage or bad input.\n"
    ".TP\n.B 3\nThe simulator itself failed.\n"
    ".TP\n.B 4\nTwo runs of one seed differed.\n"
    ".TP\n.B 5\nA vacuous pass: not all that was asked for was looked at.\n"
    ".TP\n.B 6\nThe budget ended without a verdict.\n"
    ".PP\nOf several the first in the order 3, 4, 2, 1, 5, 6 wins.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B NO_COLOR, CLICOLOR_FORCE\nNo colours; colours even where stdout is no terminal.\n"
    ".SH FILES\n"
    ".TP\n.I scenarios/\nBelow the current folder, else near the program: beside a folder above "
    "it, or\n"
    "in share/postern/ of its installation.\n"
    ".TP\n.I boards/\nBeside a scenario or in a folder above it, else in the folder of "
    "scenarios.\n";

int cmd_man(int argc, char **argv)
{
    struct arguments arguments;
    char form[] = "--help=man";
    enum options_end end = options_parse(&usage, argc, argv, NULL, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    fputs(head, stdout);
    for (size_t i = 0; i < command_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s", commands[i].name);
        char *line[] = {name, form, NULL};
        (void)commands[i].call(2, line);
    }
    fputs(tail, stdout);
    return CODE_HOLDS;
}
