/* pairs.c: the clock, the core, and pairs of works run in turn. */
#define _GNU_SOURCE /* sched_setaffinity */

#include "tools/bench/bench.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PAIRS_MAX = 64 };

static uint64_t clock_ns(struct work work)
{
    struct timespec now;
    clock_gettime(work.processes ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool bench_pin(bool pin)
{
    cpu_set_t set;
    int here = sched_getcpu();
    CPU_ZERO(&set);
    if (pin && here < 0)
        return false;
    for (int core = 0; core < CPU_SETSIZE; core++)
        if (!pin || core == here)
            CPU_SET(core, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

_Noreturn void bench_fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(3);
}

void *bench_take(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory)
        bench_fail("out of memory");
    return memory;
}

void bench_consume(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

void figure_cannot(struct figure *f, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(f->why, sizeof f->why, format, list);
    va_end(list);
    f->measured = false;
}

/* A work and how much of it takes about the wanted time. */
struct side {
    struct work work;
    uint64_t rounds;
    double ns[PAIRS_MAX]; /* of one unit, by pair */
};

static double time_unit(struct work work, uint64_t rounds)
{
    uint64_t start = clock_ns(work);
    uint64_t units = work.run(work.state, rounds);
    uint64_t end = clock_ns(work);
    if (units == 0)
        bench_fail("a work did nothing");
    return (double)(end - start) / (double)units;
}

/* Doubles the rounds until one run is long enough; warms caches up, too. */
static void find_rounds(const struct bench *b, struct side *side)
{
    for (side->rounds = 1;; side->rounds *= 2) {
        uint64_t start = clock_ns(side->work);
        (void)side->work.run(side->work.state, side->rounds);
        if (clock_ns(side->work) - start >= b->work_ns)
            return;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts `values`. */
static double median(double values[], uint32_t count)
{
    qsort(values, count, sizeof values[0], by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static uint32_t pairs_of(const struct bench *b)
{
    return b->pairs < PAIRS_MAX ? b->pairs : PAIRS_MAX;
}

void measure_ratio(const struct bench *b, struct figure *f, struct work product, struct work loop)
{
    struct side a = {.work = product}, z = {.work = loop};
    double ratios[PAIRS_MAX] = {0};
    uint32_t pairs = pairs_of(b);
    find_rounds(b, &a);
    find_rounds(b, &z);
    for (uint32_t i = 0; i < pairs; i++) {
        a.ns[i] = time_unit(a.work, a.rounds);
        z.ns[i] = time_unit(z.work, z.rounds);
        ratios[i] = a.ns[i] / z.ns[i];
    }
    f->value = median(ratios, pairs);
    f->min = ratios[0];
    f->max = ratios[pairs - 1];
    f->ns = median(a.ns, pairs);
    f->base_ns = median(z.ns, pairs);
    f->measured = true;
}

void measure_ns(const struct bench *b, struct figure *f, struct work product)
{
    struct side a = {.work = product};
    uint32_t pairs = pairs_of(b);
    find_rounds(b, &a);
    for (uint32_t i = 0; i < pairs; i++)
        a.ns[i] = time_unit(a.work, a.rounds);
    f->value = f->ns = median(a.ns, pairs);
    f->min = a.ns[0];
    f->max = a.ns[pairs - 1];
    f->measured = true;
}
