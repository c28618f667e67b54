/* break_at.c: see break_at.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/break_at.h"

#include "tools/commands.h"
#include "tools/run_one.h"
#include "tools/text.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct break_options {
    const struct usage *usage;
    uint64_t at_ps;
};

/* SIGTRAP without a debugger would only kill us. True as well where the system does not tell. */
static bool is_debugged(void)
{
    char line[128];
    int tracer = -1;
    FILE *status = fopen("/proc/self/status", "r");
    if (!status)
        return true;
    while (tracer < 0 && fgets(line, sizeof line, status))
        if (strncmp(line, "TracerPid:", 10) == 0)
            tracer = line[10 + strspn(line + 10, " \t")] != '0';
    fclose(status);
    return tracer != 0;
}

static int no_debugger(const struct break_options *options, const struct scenario *s)
{
    char us[US_TEXT_MAX], program[SUITE_PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    snprintf(program + (size > 0 ? size : 0), sizeof program - (size > 0 ? (size_t)size : 0), "%s",
             size > 0 ? "" : "postern");
    options_error(options->usage, "--break-at: no debugger watches this process; try this:");
    fprintf(stderr, "  gdb -q -ex run -ex 'frame function break_here' "
                    "-ex 'print hw->m->kernel.processes[0]' --args ");
    shell_write_word(stderr, program);
    fprintf(stderr, " run ");
    suite_write_name(stderr, s);
    fprintf(stderr, " --break-at %s\n", us_text(options->at_ps, us));
    return CODE_BAD_INPUT;
}

/* A frame of its own, for a debugger to find by name. */
__attribute__((noinline)) static void break_here(struct hw *hw)
{
    fflush(stdout);
    (void)kill(getpid(), SIGTRAP); /* print hw->m->now_ps, hw->m->kernel.processes[0] ... */
    (void)*(struct machine *volatile *)&hw->m; /* so that hw is still there for the debugger */
}

static void print_result(const struct scenario *s, const struct result *result)
{
    char us[US_TEXT_MAX];
    printf("%-7s %s after %s us\n", outcome_name(result->outcome), s->id,
           us_text(result->end_ps, us));
    for (uint32_t i = 0; i < result->gate.reason_count && i < GATE_REASON_MAX; i++)
        printf("    %s\n", result->gate.reasons[i].text);
}

static int break_member(const void *argument, const struct scenario *s)
{
    const struct break_options *options = argument;
    struct run run;
    struct result result;
    char us[US_TEXT_MAX];
    if (!is_debugged())
        return no_debugger(options, s);
    bool begun = run_begin(&run, s, NULL, &result);
    bool going = begun && machine_run(&run.hw, options->at_ps) == RUN_GOING;
    if (going) {
        break_here(&run.hw);
        machine_run(&run.hw, UINT64_MAX);
        run_judge(&run, &result);
        print_result(s, &result);
    } else if (begun) {
        options_error(options->usage, "--break-at: the run ends at %s us",
                      us_text(machine_now_ps(run.hw.m), us));
    } else {
        fprintf(stderr, "%s: error: %s\n", s->path, result.trouble);
    }
    run_end(&run);
    return going ? outcome_code(result.outcome) : CODE_BAD_INPUT;
}

int break_at(const struct usage *usage, const struct arguments *arguments,
             const struct option_number *seed, uint64_t at_ps)
{
    const struct break_options options = {usage, at_ps};
    if (arguments->count != 1)
        return options_error(usage, "--break-at wants exactly one scenario");
    return one_member(usage, arguments, seed, break_member, &options);
}
