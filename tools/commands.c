/* commands.c: see commands.h. */
#include "tools/commands.h"

const struct command commands[] = {
    {"run", "run scenarios and judge their claims", cmd_run},
    {"check", "read scenarios and boards, complain, run nothing", cmd_check},
    {"list", "list scenarios, or the devices, apps, boards, rules they may name", cmd_list},
    {"show", "show one scenario's run as a timeline", cmd_show},
    {"map", "show who reaches what at one moment: memory, MPU, devices", cmd_map},
    {"view", "the same in a window, with the time line; or as a picture", cmd_view},
    {"why", "say why an app reaches an address, or does not", cmd_why},
    {"merge", "put the results of shards together", cmd_merge},
    {"report", "make one HTML page of the results of a suite", cmd_report},
    {"diff", "compare two results: verdicts, margins, over-exposure", cmd_diff},
    {"noninterference", "run twice with one app's secrets changed: can another tell?",
     cmd_noninterference},
    {"new", "write a device, filter, app, scenario or board to begin with", cmd_new},
    {"explain", "say what a rule demands, and where it comes from", cmd_explain},
    {"schema", "print the JSON schema of scenarios or of boards", cmd_schema},
    {"mpu", "decide access vectors with the simulated protection unit", cmd_mpu},
    {"fuzz", "make scenarios of what a fuzzer has found", cmd_fuzz},
    {"minimize", "make a failing scenario small, or a fuzzer's tape", cmd_minimize},
    {"completion", "print what completes command lines in a shell", cmd_completion},
    {"man", "print the manual page", cmd_man},
};

const size_t command_count = sizeof commands / sizeof commands[0];
