/* load_goals.c: goals about texts: a 5 KB scenario from text to result, how loading grows. */
#define _POSIX_C_SOURCE 200809L

#include "sim/scenario_load.h"
#include "tools/bench/bench.h"
#include "tools/catalogue.h"
#include "tools/crew.h"
#include "tools/isolate.h"
#include "tools/run_one.h"

#include <cjson/cJSON.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a text of so many steps */

struct text {
    char *bytes;
    size_t size, capacity;
    uint64_t steps;
    char path[512];
};

__attribute__((format(printf, 2, 3))) static void text_add(struct text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    t->size += (size_t)vsnprintf(t->bytes + t->size, t->capacity - t->size, format, list);
    va_end(list);
    if (t->size >= t->capacity)
        bench_fail("a scenario's text is longer than thought");
}

static void add_step(struct text *t, uint64_t step)
{
    static const char *const kinds[] = {
        "{ \"command\": { \"driver\": \"alarm\", \"number\": 2 }, \"expect\": \"success\" }",
        "{ \"store\": \"app.ram+0x40\", \"value\": 4711 }",
        "{ \"load\": \"app.ram+0x40\" }",
        "{ \"compute_us\": 1 }",
    };
    text_add(t, "%s\n      %s", step ? "," : "", kinds[step % 4]);
}

static void text_make(const struct bench *b, struct text *t, uint32_t apps, uint32_t steps)
{
    t->steps = (uint64_t)apps * steps;
    t->capacity = 1024 + apps * 64 + t->steps * 96;
    t->size = 0;
    t->bytes = bench_take(t->capacity, 1);
    snprintf(t->path, sizeof t->path, "%s/timing/bench.json", b->scenarios);
    text_add(t, "{\n  \"claim\": \"Steps are taken one after another.\",\n"
                "  \"source\": \"none\",\n  \"board\": \"nrf52840dk\",\n  \"apps\": [");
    for (uint32_t app = 0; app < apps; app++) {
        text_add(t, "%s\n    { \"name\": \"app%u\", \"steps\": [", app ? "," : "", app);
        for (uint32_t step = 0; step < steps; step++)
            add_step(t, step);
        text_add(t, " ] }");
    }
    text_add(t, " ],\n  \"until_ms\": 10\n}\n");
}

/* ---- works */

/* `boards`: as a run of many files keeps them; NULL: the board's file is read, too. */
static void load(const struct text *t, struct family *family, struct board_cache *boards)
{
    const struct catalogue known = catalogue();
    const struct load_options options = {.boards_kept = boards};
    struct problems problems = {0};
    if (!scenario_load_text(t->path, t->bytes, t->size, &known, &options, family, &problems)) {
        fprintf(stderr, "%s", problems.text ? problems.text : "");
        bench_fail("a scenario of the bench is refused");
    }
    problems_free(&problems);
}

static void check_held(const struct result *result)
{
    if (result->outcome != OUTCOME_HOLDS)
        bench_fail("a scenario of the bench does not hold");
}

/* From the text to the result, and all given back. */
static uint64_t load_and_run(void *state, uint64_t rounds)
{
    static struct result result;
    struct board_cache boards = {0};
    for (uint64_t i = 0; i < rounds; i++) {
        struct family family = {0};
        load(state, &family, &boards);
        run_one(family.members[0], &result);
        check_held(&result);
        family_free(&family);
    }
    board_cache_free(&boards);
    return rounds;
}

static uint64_t parse_texts(void *state, uint64_t rounds)
{
    const struct text *t = state;
    for (uint64_t i = 0; i < rounds; i++) {
        cJSON *root = cJSON_ParseWithLength(t->bytes, t->size);
        if (!root)
            bench_fail("cJSON does not take a text of the bench");
        cJSON_Delete(root);
    }
    return rounds;
}

void measure_scenario(const struct bench *b, struct figure *f)
{
    struct text t;
    text_make(b, &t, 2, 44);
    measure_ratio(b, f, (struct work){.run = load_and_run, .state = &t},
                  (struct work){.run = parse_texts, .state = &t});
    snprintf(f->why, sizeof f->why, "%zu bytes; as in a run of many files the board is known",
             t.size);
    free(t.bytes);
}

/* ---- with a process for each run */

static void run_in_child(const void *argument, int pipe)
{
    static struct result result;
    run_one(argument, &result);
    isolate_write(pipe, &result, sizeof result);
}

static uint64_t run_isolated(void *state, uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++) {
        struct isolated child = {0}, *const children[] = {&child};
        isolate_start(&child, run_in_child, state, 60000);
        while (child.end == ISOLATE_RUNS)
            isolate_wait(children, 1);
        if (child.end != ISOLATE_DONE || child.size != sizeof(struct result))
            bench_fail("an isolated run did not end well");
        isolate_free(&child);
    }
    return rounds;
}

/* As `postern run` does it: some processes, each of which takes one run after another. */
static size_t run_in_crew(const void *argument, void *result)
{
    run_one(argument, result);
    return sizeof(struct result);
}

static uint64_t run_by_crew(void *state, uint64_t rounds)
{
    enum { AHEAD = 32 };
    struct crew *crew = bench_take(1, sizeof *crew);
    crew->work = run_in_crew;
    crew->result_max = sizeof(struct result);
    crew->at_once = 1;
    crew->budget_ms = 60000;
    if (!crew_begin(crew))
        bench_fail("no memory to share");
    while (crew->first < rounds) {
        while (crew->next < rounds && crew->next - crew->first < CREW_TASKS_MAX &&
               crew_waiting(crew) < AHEAD)
            crew_add(crew, state);
        crew_go(crew);
        if (crew_first(crew)->end == ISOLATE_RUNS) {
            crew_wait(crew);
            continue;
        }
        if (crew_first(crew)->size != sizeof(struct result))
            bench_fail("a run of the crew did not end well");
        crew_drop_first(crew);
    }
    crew_free(crew);
    free(crew);
    return rounds;
}

static uint64_t fork_nothing(void *state, uint64_t rounds)
{
    (void)state;
    for (uint64_t i = 0; i < rounds; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid < 0 || waitpid(pid, NULL, 0) != pid)
            bench_fail("fork or wait failed");
    }
    return rounds;
}

static void measure_run(const struct bench *b, struct figure *f,
                        uint64_t (*run)(void *state, uint64_t rounds))
{
    struct text t;
    struct family family = {0};
    text_make(b, &t, 2, 44);
    load(&t, &family, NULL);
    measure_ratio(b, f, (struct work){.run = run, .state = family.members[0], .processes = true},
                  (struct work){.run = fork_nothing, .state = NULL, .processes = true});
    family_free(&family);
    free(t.bytes);
}

void measure_scenario_isolated(const struct bench *b, struct figure *f)
{
    measure_run(b, f, run_by_crew);
    snprintf(f->why, sizeof f->why, "a crash takes along its own run only; a fork is for many");
}

void measure_scenario_forked(const struct bench *b, struct figure *f)
{
    measure_run(b, f, run_isolated);
}

/* ---- growth of loading. A unit is one step. */

enum { APPS_MANY = 64, STEPS_MANY = 1563, STEPS_FEW = 1000 };

static uint64_t load_steps(void *state, uint64_t rounds)
{
    const struct text *t = state;
    for (uint64_t i = 0; i < rounds; i++) {
        struct family family = {0};
        load(t, &family, NULL);
        family_free(&family);
    }
    return rounds * t->steps;
}

static uint64_t parse_steps(void *state, uint64_t rounds)
{
    const struct text *t = state;
    return parse_texts(state, rounds) * t->steps;
}

static void text_make_many(const struct bench *b, struct text *t)
{
    text_make(b, t, APPS_MANY, b->quick ? STEPS_MANY / 10 : STEPS_MANY);
}

void measure_load_growth(const struct bench *b, struct figure *f)
{
    struct text few, many;
    text_make(b, &few, 1, STEPS_FEW);
    text_make_many(b, &many);
    measure_ratio(b, f, (struct work){.run = load_steps, .state = &many},
                  (struct work){.run = load_steps, .state = &few});
    snprintf(f->why, sizeof f->why, "%llu steps: 64 apps of 2,048 is the most that a file may have",
             (unsigned long long)many.steps);
    free(few.bytes);
    free(many.bytes);
}

void measure_load_parse(const struct bench *b, struct figure *f)
{
    struct text many;
    text_make_many(b, &many);
    measure_ratio(b, f, (struct work){.run = load_steps, .state = &many},
                  (struct work){.run = parse_steps, .state = &many});
    free(many.bytes);
}

static size_t heap_used(void)
{
    struct mallinfo2 heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

static double kept_by(const struct text *t)
{
    struct family family = {0};
    size_t before = heap_used();
    load(t, &family, NULL);
    size_t after = heap_used();
    family_free(&family);
    return (double)after - (double)before;
}

void measure_load_memory(const struct bench *b, struct figure *f)
{
    struct text few, many;
    text_make(b, &few, 1, STEPS_FEW);
    text_make_many(b, &many);
    f->value = (kept_by(&many) - kept_by(&few)) / (double)(many.steps - few.steps);
    f->min = f->max = f->value;
    f->measured = true;
    free(few.bytes);
    free(many.bytes);
}
