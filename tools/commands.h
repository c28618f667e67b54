/* commands.h: what `postern COMMAND` calls. Each has the shape of main: argv[0] is the command's
 * name, the rest its arguments; it returns the exit code.
 */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#define POSTERN_VERSION "0.1.0"

#include <stddef.h>

/* Of several, the first in the order 3, 4, 2, 1, 5, 6 wins. */
enum exit_code {
    CODE_HOLDS = 0,     /* every claim holds */
    CODE_FAILED = 1,    /* a claim failed, an unexpected kernel panic included */
    CODE_BAD_INPUT = 2, /* bad usage or bad input */
    CODE_SIMULATOR = 3, /* the simulator itself failed */
    CODE_DIFFERED = 4,  /* two runs of one seed differed */
    CODE_VACUOUS = 5,   /* a run checked nothing, or not all that it was asked to */
    CODE_BUDGET = 6,    /* the budget ended without a verdict */
};

/* Runs scenarios and judges their claims. */
int cmd_run(int argc, char **argv);
/* Reads scenarios and boards without running them. */
int cmd_check(int argc, char **argv);
/* Lists scenarios, or what they may name. */
int cmd_list(int argc, char **argv);
/* One scenario's run as a timeline. */
int cmd_show(int argc, char **argv);
/* What a rule demands, and where it comes from. */
int cmd_explain(int argc, char **argv);
/* The JSON schemas of scenarios and boards. */
int cmd_schema(int argc, char **argv);
/* Decides access vectors with the simulated protection unit. */
int cmd_mpu(int argc, char **argv);
/* Puts the results of shards together. */
int cmd_merge(int argc, char **argv);
/* Who reaches what at one moment: memory, MPU registers, devices. */
int cmd_map(int argc, char **argv);
/* The same in a window, with the time line; or as a picture, after some keys. */
int cmd_view(int argc, char **argv);
/* Why an app reaches an address at a moment, or why it does not. */
int cmd_why(int argc, char **argv);
/* Runs scenarios twice with one app's secrets changed, and compares what the others observe. */
int cmd_noninterference(int argc, char **argv);
/* One HTML page of the results of a suite. */
int cmd_report(int argc, char **argv);
/* Compares two results of `run --format json`. */
int cmd_diff(int argc, char **argv);
/* Writes a device, filter, app, scenario or board to begin with. */
int cmd_new(int argc, char **argv);
/* Makes scenarios of what a fuzzer has found. */
int cmd_fuzz(int argc, char **argv);
/* Leaves out of a failing scenario, or tape, what its failure does not need. */
int cmd_minimize(int argc, char **argv);
/* What completes command lines in a shell. */
int cmd_completion(int argc, char **argv);
/* The manual page. */
int cmd_man(int argc, char **argv);

/* All of them, in the order of help. */
struct command {
    const char *name;
    const char *about;
    int (*call)(int argc, char **argv);
};

extern const struct command commands[];
extern const size_t command_count;

#endif
