/* process_goals.c: goals about whole processes: starting, many jobs, memory of the suite. */
#define _DEFAULT_SOURCE /* wait4 */

#include "tools/bench/bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { ARGUMENTS_MAX = 8 };

struct command {
    const char *arguments[ARGUMENTS_MAX]; /* ends in NULL */
};

/* A suite that does not hold takes its time, too. */
static bool ended_well(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) <= 1;
}

static bool command_start(const struct command *c, pid_t *pid)
{
    posix_spawn_file_actions_t quiet;
    char *arguments[ARGUMENTS_MAX];
    memcpy(arguments, c->arguments, sizeof arguments);
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int error = posix_spawn(pid, arguments[0], &quiet, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&quiet);
    return !error;
}

static bool command_ended(pid_t pid)
{
    int status;
    return waitpid(pid, &status, 0) == pid && ended_well(status);
}

static bool command_run(const struct command *c)
{
    pid_t pid;
    return command_start(c, &pid) && command_ended(pid);
}

static uint64_t run_commands(void *state, uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++)
        if (!command_run(state))
            bench_fail("a program that the bench starts did not end well");
    return rounds;
}

static struct work command_work(struct command *c)
{
    return (struct work){.run = run_commands, .state = c, .processes = true};
}

static bool can_run(struct command c, struct figure *f)
{
    if (c.arguments[0] && access(c.arguments[0], X_OK) == 0)
        return true;
    figure_cannot(f, "%s is not there", c.arguments[0] ? c.arguments[0] : "the other program");
    return false;
}

void measure_start(const struct bench *b, struct figure *f)
{
    struct command runner = {.arguments = {b->runner, "--version"}},
                   nothing = {.arguments = {b->nothing}};
    if (can_run(runner, f) && can_run(nothing, f))
        measure_ratio(b, f, command_work(&runner), command_work(&nothing));
}

/* The suite of a quick run is one folder. */
static const char *suite_of(const struct bench *b, char path[512])
{
    snprintf(path, 512, "%s%s", b->scenarios, b->quick ? "/isolation" : "");
    return path;
}

/* Both halves of the suite at once. */
static uint64_t run_halves(void *state, uint64_t rounds)
{
    struct command *halves = state;
    for (uint64_t i = 0; i < rounds; i++) {
        pid_t first, second;
        if (!command_start(&halves[0], &first) || !command_start(&halves[1], &second) ||
            !command_ended(first) || !command_ended(second))
            bench_fail("half of the suite did not end well");
    }
    return rounds;
}

static void measure_cores(const struct bench *b, struct figure *f, struct work one, struct work two)
{
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        figure_cannot(f, "this machine has one core");
        return;
    }
    (void)bench_pin(false);
    measure_ratio(b, f, one, two);
    if (b->pinned)
        (void)bench_pin(true);
}

void measure_jobs(const struct bench *b, struct figure *f)
{
    char path[512];
    struct command one = {.arguments = {b->runner, "run", "-j", "1", suite_of(b, path)}}, two = one;
    two.arguments[3] = "2";
    if (!can_run(one, f))
        return;
    measure_cores(b, f, command_work(&one), command_work(&two));
    if (f->measured)
        snprintf(f->why, sizeof f->why, "not pinned; says little unless both cores are idle");
}

void measure_halves(const struct bench *b, struct figure *f)
{
    char path[512];
    struct command one = {.arguments = {b->runner, "run", "-j", "1", suite_of(b, path)}};
    struct command halves[2] = {one, one};
    for (int i = 0; i < 2; i++) {
        halves[i].arguments[5] = "--shard";
        halves[i].arguments[6] = i ? "2/2" : "1/2";
    }
    if (!can_run(one, f))
        return;
    measure_cores(b, f, command_work(&one),
                  (struct work){.run = run_halves, .state = halves, .processes = true});
    if (f->measured)
        snprintf(f->why, sizeof f->why, "what these cores have to give just now");
}

/* By fork: a process that posix_spawn makes counts this one's peak as its own. */
static long peak_kib(char *const arguments[])
{
    struct rusage usage;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr))
            execv(arguments[0], arguments);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || !ended_well(status))
        bench_fail("the suite did not end well");
    return usage.ru_maxrss;
}

void measure_suite_memory(const struct bench *b, struct figure *f)
{
    struct command all = {.arguments = {b->runner, "run", "-j", "2", b->scenarios}};
    char *arguments[ARGUMENTS_MAX];
    if (!can_run(all, f))
        return;
    memcpy(arguments, all.arguments, sizeof arguments);
    f->value = f->min = f->max = (double)peak_kib(arguments) / 1024;
    f->measured = true;
    snprintf(f->why, sizeof f->why, "peak of the largest process");
}

void measure_sanitized(const struct bench *b, struct figure *f)
{
    char path[512];
    snprintf(path, sizeof path, "%s/isolation", b->scenarios);
    struct command plain = {.arguments = {b->runner, "run", "-j", "1", path}}, sanitized = plain;
    if (!b->sanitized) {
        figure_cannot(f, "needs a sanitized runner: make SAN=1, then --sanitized FILE");
        return;
    }
    sanitized.arguments[0] = b->sanitized;
    if (can_run(plain, f) && can_run(sanitized, f))
        measure_ratio(b, f, command_work(&sanitized), command_work(&plain));
}
