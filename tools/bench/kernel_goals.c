/* kernel_goals.c: goals about one machine or many: calls, accesses, growth, the trace, memory. */
#define _POSIX_C_SOURCE 200809L /* sysconf */

#include "tools/bench/bench.h"

#include <stdlib.h>
#include <unistd.h>

enum { DEVICES_USUAL = 16 };

static const struct bench_shape one_caller = {
    .apps = 1, .devices = DEVICES_USUAL, .engine = &caller_engine};
static const struct bench_shape one_of_64 = {
    .apps = 64, .devices = DEVICES_USUAL, .engine = &caller_engine};

static void against_loop(const struct bench *b, struct figure *f, const struct bench_shape *shape,
                         struct work loop)
{
    struct bench_machine *bm = bench_machine_make(shape);
    measure_ratio(b, f, (struct work){.run = bench_machine_go, .state = bm}, loop);
    bench_machine_free(bm);
}

static void against_shape(const struct bench *b, struct figure *f, const struct bench_shape *shape,
                          const struct bench_shape *small)
{
    struct bench_machine *bm = bench_machine_make(small);
    against_loop(b, f, shape, (struct work){.run = bench_machine_go, .state = bm});
    bench_machine_free(bm);
}

/* What keeps it from its goal: 33 records and some 10,600 instructions a trip, for the loop's 64.
 * The kernel's 20 register and 20 RAM accesses, each with its time, take a third, its own logic
 * another; monitors take a seventh. A kernel that leaves SysTick alone while only one process lives
 * would save 12 of the records and a sixth of the instructions: it would be another kernel than
 * those whose published costs are charged. */
void measure_call(const struct bench *b, struct figure *f)
{
    against_loop(b, f, &one_caller, limit_call());
}

void measure_switch(const struct bench *b, struct figure *f)
{
    static const struct bench_shape two = {
        .apps = 2, .devices = DEVICES_USUAL, .engine = &ping_engine};
    against_shape(b, f, &two, &one_caller);
}

/* What keeps it from its goal: some 240 instructions. The app's program takes 50, the device 40 for
 * a store and none for a load, the record 35; the rest is the step: nothing to take, decision,
 * time, outputs of the device. */
void measure_access(const struct bench *b, struct figure *f)
{
    static const struct bench_shape shape = {
        .apps = 1, .devices = DEVICES_USUAL, .engine = &accessor_engine};
    against_loop(b, f, &shape, limit_access());
}

/* ---- the protection unit alone */

static uint64_t rewrite_regions(void *state, uint64_t rounds)
{
    struct mpu_armv7m *mpu = state;
    for (uint64_t i = 0; i < rounds; i++) {
        for (uint32_t region = 0; region < 8; region++) {
            uint32_t base = 0x20000000 + 0x1000 * region + (i % 2 ? 0x8000 : 0);
            mpu_armv7m_write(mpu, MPU_ARMV7M_RBAR, base | MPU_ARMV7M_RBAR_VALID | region);
            mpu_armv7m_write(mpu, MPU_ARMV7M_RASR, 0x03000000 | 11 << 1 | MPU_ARMV7M_RASR_ENABLE);
        }
        bench_consume(mpu->first[7]);
    }
    return rounds;
}

void measure_regions(const struct bench *b, struct figure *f)
{
    struct mpu_armv7m mpu;
    mpu_armv7m_reset(&mpu, 8);
    measure_ns(b, f, (struct work){.run = rewrite_regions, .state = &mpu});
}

/* ---- the trace */

struct traced {
    struct bench_machine *bm;
    struct recorder recorder; /* what the machine records */
    struct recorder again;    /* what is recorded of the same records once more */
};

enum { RECORD_BATCH = 20000 };

/* A unit is a record. The recorder begins anew each time, in memory that it has already. */
static uint64_t run_traced(void *state, uint64_t rounds)
{
    struct traced *t = state;
    uint64_t before = machine_record_count(t->bm->hw.m);
    for (uint64_t i = 0; i < rounds; i++) {
        t->recorder.count = 0;
        (void)bench_machine_go(t->bm, 100);
    }
    return machine_record_count(t->bm->hw.m) - before;
}

static uint64_t hash_and_record(void *state, uint64_t rounds)
{
    struct traced *t = state;
    uint64_t hash = TRACE_HASH_START;
    for (uint64_t i = 0; i < rounds; i++) {
        t->again.count = 0;
        for (uint64_t r = 0; r < t->recorder.count; r++) {
            hash = trace_hash(hash, &t->recorder.records[r]);
            recorder_add(&t->again, &t->recorder.records[r]);
        }
    }
    bench_consume(hash);
    return rounds * t->recorder.count;
}

static double on_against_off(double on_to_trace)
{
    return on_to_trace > 1 ? on_to_trace / (on_to_trace - 1) : 0;
}

void measure_trace(const struct bench *b, struct figure *f)
{
    struct traced t = {.bm = bench_machine_make(&one_caller)};
    recorder_start(&t.recorder, 0);
    recorder_start(&t.again, 0);
    t.bm->hw.recorder = &t.recorder;
    measure_ratio(b, f, (struct work){.run = run_traced, .state = &t},
                  (struct work){.run = hash_and_record, .state = &t});
    double most = on_against_off(f->min);
    f->value = on_against_off(f->value);
    f->min = on_against_off(f->max);
    f->max = most;
    f->base_ns = f->ns - f->base_ns;
    recorder_free(&t.recorder);
    recorder_free(&t.again);
    bench_machine_free(t.bm);
}

/* ---- growth */

void measure_apps_64(const struct bench *b, struct figure *f)
{
    against_shape(b, f, &one_of_64, &one_caller);
}

void measure_devices(const struct bench *b, struct figure *f)
{
    static const struct bench_shape few = {.apps = 1, .devices = 16, .engine = &ticking_engine};
    static const struct bench_shape many = {
        .apps = 1, .devices = BOARD_DEVICE_MAX, .engine = &ticking_engine};
    against_shape(b, f, &many, &few);
}

struct fleet {
    struct bench_machine **machines;
    uint64_t count, at;
};

/* One unit of each machine in turn. */
static uint64_t go_round(void *state, uint64_t rounds)
{
    struct fleet *fleet = state;
    uint64_t units = 0;
    for (uint64_t i = 0; i < rounds; i++)
        units += bench_machine_go(fleet->machines[fleet->at++ % fleet->count], 1);
    return units;
}

static void measure_fleet(const struct bench *b, struct figure *f, uint64_t machines)
{
    struct bench_machine *alone = bench_machine_make(&one_caller);
    struct fleet one = {&alone, 1, 0};
    struct fleet all = {bench_take(machines, sizeof(struct bench_machine *)), machines, 0};
    for (uint64_t i = 0; i < machines; i++)
        all.machines[i] = bench_machine_make(&one_of_64);
    measure_ratio(b, f, (struct work){.run = go_round, .state = &all},
                  (struct work){.run = go_round, .state = &one});
    for (uint64_t i = 0; i < machines; i++)
        bench_machine_free(all.machines[i]);
    bench_machine_free(alone);
    free(all.machines);
}

void measure_apps_1000(const struct bench *b, struct figure *f)
{
    measure_fleet(b, f, 16);
}

void measure_apps_100000(const struct bench *b, struct figure *f)
{
    enum { MACHINES = 1563, NEEDED_MIB = 3000 };
    uint64_t free_mib = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) >> 20;
    if (b->quick)
        figure_cannot(f, "left out of a quick run");
    else if (free_mib < NEEDED_MIB)
        figure_cannot(f, "needs %d MiB of free memory", NEEDED_MIB);
    else
        measure_fleet(b, f, MACHINES);
}

/* ---- memory */

void measure_app_memory(const struct bench *b, struct figure *f)
{
    struct bench_machine *bm = bench_machine_make(&one_of_64);
    size_t size =
        sizeof *bm->scenario + sizeof *bm->setup + bm->setup->size - bm->scenario->board.ram.size;
    (void)b;
    f->value = f->min = f->max = (double)size / one_of_64.apps;
    f->measured = true;
    bench_machine_free(bm);
}
