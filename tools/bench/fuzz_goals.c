/* fuzz_goals.c: goal 4: what build/bench-fuzz (fuzz.c) measures, plain and with sanitizers. */
#define _POSIX_C_SOURCE 200809L /* popen */

#include "tools/bench/bench.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COMMAND_MAX = 1024 };

/* The program's figures. False: it has none. */
static bool ask(const char *command, struct figure *f)
{
    FILE *answer = popen(command, "r");
    if (!answer)
        return false;
    int count =
        fscanf(answer, "%lf %lf %lf %lf %lf", &f->value, &f->min, &f->max, &f->ns, &f->base_ns);
    return pclose(answer) == 0 && count == 5;
}

/* `beside`: a program in whose folder bench-fuzz stands. */
static void measure_what(const struct bench *b, struct figure *f, const char *beside,
                         const char *what)
{
    char program[COMMAND_MAX / 2], command[COMMAND_MAX];
    const char *slash = strrchr(beside, '/');
    snprintf(program, sizeof program, "%.*sbench-fuzz", slash ? (int)(slash + 1 - beside) : 0,
             beside);
    if (access(program, X_OK) != 0) {
        figure_cannot(f, "%s is not there", program);
        return;
    }
    snprintf(command, sizeof command, "'%s' %s %llu %u", program, what,
             (unsigned long long)b->work_ns, (unsigned)b->pairs);
    if (!ask(command, f))
        bench_fail("bench-fuzz did not end well");
    f->measured = true;
    snprintf(f->why, sizeof f->why, "%.0f a second", 1e9 / f->ns);
}

void measure_fuzz(const struct bench *b, struct figure *f)
{
    measure_what(b, f, b->nothing, "input");
}

void measure_fuzz_sanitized(const struct bench *b, struct figure *f)
{
    if (b->sanitized)
        measure_what(b, f, b->sanitized, "input");
    else
        figure_cannot(f, "needs a sanitized build: make SAN=1, then --sanitized FILE");
}

void measure_fuzz_operation(const struct bench *b, struct figure *f)
{
    measure_what(b, f, b->nothing, "operation");
}
