/* fuzz_goals.c: goal 4: what build/bench-fuzz (fuzz.c) measures, plain and with sanitizers. */
#define _POSIX_C_SOURCE 200809L /* posix_spawn */

#include "tools/bench/bench.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PATH_SIZE = 512, LINE_SIZE = 256 };

/* Its first line of output. False: it has none, or it did not end well. */
static bool ask(char *const arguments[], char line[LINE_SIZE])
{
    posix_spawn_file_actions_t actions;
    int ends[2], status = 1;
    pid_t pid;
    if (pipe(ends) != 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    bool runs = posix_spawn(&pid, arguments[0], &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    FILE *answer = fdopen(ends[0], "r");
    bool told = runs && answer && fgets(line, LINE_SIZE, answer);
    if (answer)
        (void)fclose(answer);
    return runs && waitpid(pid, &status, 0) == pid && status == 0 && told;
}

static void read_figure(const char *line, struct figure *f)
{
    double *const fields[] = {&f->value, &f->min, &f->max, &f->ns, &f->base_ns};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char *end;
        *fields[i] = strtod(line, &end);
        line = end;
    }
    f->measured = f->ns > 0;
}

/* `beside`: a program in whose folder bench-fuzz stands. */
static void measure_what(const struct bench *b, struct figure *f, const char *beside, char *what)
{
    char program[PATH_SIZE], work[32], pairs[16], line[LINE_SIZE];
    const char *slash = strrchr(beside, '/');
    snprintf(program, sizeof program, "%.*sbench-fuzz", slash ? (int)(slash + 1 - beside) : 0,
             beside);
    if (access(program, X_OK) != 0) {
        figure_cannot(f, "%s is not there", program);
        return;
    }
    snprintf(work, sizeof work, "%llu", (unsigned long long)b->work_ns);
    snprintf(pairs, sizeof pairs, "%u", (unsigned)b->pairs);
    if (!ask((char *const[]){program, what, work, pairs, NULL}, line))
        bench_fail("bench-fuzz did not end well");
    read_figure(line, f);
    snprintf(f->why, sizeof f->why, "%.0f a second", 1e9 / f->ns);
}

void measure_fuzz(const struct bench *b, struct figure *f)
{
    char what[] = "input";
    measure_what(b, f, b->nothing, what);
}

void measure_fuzz_sanitized(const struct bench *b, struct figure *f)
{
    if (!b->sanitized) {
        figure_cannot(f, "needs a sanitized build: make SAN=1, then --sanitized FILE");
        return;
    }
    char what[] = "input";
    measure_what(b, f, b->sanitized, what);
}

void measure_fuzz_operation(const struct bench *b, struct figure *f)
{
    char what[] = "operation";
    measure_what(b, f, b->nothing, what);
}
