/* bench.h: how fast the product is, against bare C loops that do the essential work and nothing
 * else.
 *
 *   goals.c: a table of goals --> measure --> product and loop in turn, 7 pairs or more, one core
 *   --> struct figure: the median of the pairs' ratios --> table, JSON
 *
 * Single times mean little on a machine that others use too: the ratio within a pair is the figure.
 * Nothing here is a test: no time makes this program fail. It fails if a work went wrong, since
 * then its time means nothing.
 */
#ifndef TOOLS_BENCH_BENCH_H
#define TOOLS_BENCH_BENCH_H

#include "sim/machine.h"

/* Something to time: does about `rounds` of its unit, and says how many it did. Timed is the CPU
 * time of this process, which others on the core leave alone; with `processes` the time on the
 * wall. */
struct work {
    uint64_t (*run)(void *state, uint64_t rounds);
    void *state;
    bool processes; /* it starts processes and waits for them */
};

struct bench {
    bool quick;            /* short works, for a look; figures are rough */
    bool long_runs;        /* what takes minutes, too */
    bool pinned;           /* to one core */
    uint32_t pairs;        /* at least 7 */
    uint64_t work_ns;      /* how long one side of a pair runs, about */
    const char *runner;    /* the postern program, for goals about whole processes */
    const char *sanitized; /* the same with ASan and UBSan; NULL: none */
    const char *nothing;   /* a program that only returns */
    const char *scenarios; /* folder of the suite */
};

enum { FIGURE_WHY_MAX = 120 };

struct figure {
    bool measured;
    double value, min, max;   /* in the goal's unit: median, least, most */
    double ns, base_ns;       /* of one unit of work, and of the loop's; 0: no time */
    char why[FIGURE_WHY_MAX]; /* not measured: the reason. Measured: what is to be known, or "" */
};

enum unit {
    UNIT_RATIO,   /* time against the other side's: at most */
    UNIT_SPEEDUP, /* times faster: at least */
    UNIT_NS,
    UNIT_BYTES,
    UNIT_MIB,
    UNIT_S,
};

/* One line of the table. */
struct goal {
    unsigned number;
    const char *work, *against; /* `against`: what the ratio is to; "": nothing */
    enum unit unit;
    double must, aim; /* 0: none */
    void (*measure)(const struct bench *b, struct figure *f);
    const char *cannot; /* why there is no `measure` yet */
};

extern const struct goal goals[];
extern const uint32_t goal_count;

/* ---- pairs.c */

/* Measures both in turn: value = ratio of the times of one unit each. */
void measure_ratio(const struct bench *b, struct figure *f, struct work product, struct work loop);
/* Measures one work: value = ns of one unit. */
void measure_ns(const struct bench *b, struct figure *f, struct work product);
void figure_cannot(struct figure *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Pins this process to its core, or lets it go where it likes. False: the system says no. */
bool bench_pin(bool pin);
/* The end, with exit code 3: a work did not do what it says. */
_Noreturn void bench_fail(const char *what);
/* Zeroed memory, or the end. */
void *bench_take(size_t count, size_t size);
/* Makes compilers believe that `value` is needed. */
void bench_consume(uint64_t value);

/* ---- loops.c: the limits */

struct work limit_call(void);   /* L1: command, yield, upcall by plain calls; a unit is all three */
struct work limit_event(void);  /* L2: what a BLE connection event is at least; a unit is one */
struct work limit_access(void); /* L3: a register access; a unit is one */
/* L4, a fuzz target that returns at once, stands beside the product: fuzz.c */

/* ---- machines.c: machines to be timed */

enum { BENCH_DRIVER = 0x30001, BENCH_APPS_MAX = PROCESS_MAX };

struct bench_machine {
    struct scenario *scenario;
    struct machine_setup *setup;
    struct hw hw;
};

struct bench_shape {
    uint32_t apps, devices; /* but for ping, app 0 works; the others wait for what never comes */
    const struct app_engine *engine;
};

extern const struct app_engine caller_engine; /* a unit: command, yield, upcall */
extern const struct app_engine ping_engine;   /* the same by two apps: each upcall is the other's */
extern const struct app_engine accessor_engine; /* a unit: one register access */
extern const struct app_engine ticking_engine;  /* a unit: interrupt, upcall, two stores, yield */

struct bench_machine *bench_machine_make(const struct bench_shape *shape);
void bench_machine_free(struct bench_machine *bm);
/* Units that the machine's apps have done since it was made. */
uint64_t bench_machine_units(const struct bench_machine *bm);
/* The work of going on with it for `rounds` more units; state: a struct bench_machine. */
uint64_t bench_machine_go(void *state, uint64_t rounds);

/* ---- goals' measures */

void measure_call(const struct bench *b, struct figure *f);
void measure_switch(const struct bench *b, struct figure *f);
void measure_access(const struct bench *b, struct figure *f);
void measure_regions(const struct bench *b, struct figure *f);
void measure_trace(const struct bench *b, struct figure *f);
void measure_apps_64(const struct bench *b, struct figure *f);
void measure_apps_1000(const struct bench *b, struct figure *f);
void measure_apps_100000(const struct bench *b, struct figure *f);
void measure_devices(const struct bench *b, struct figure *f);
void measure_app_memory(const struct bench *b, struct figure *f);

void measure_event_syscalls(const struct bench *b, struct figure *f);
void measure_event_software(const struct bench *b, struct figure *f);
void measure_event_armed(const struct bench *b, struct figure *f);
void measure_event_eight(const struct bench *b, struct figure *f);
void measure_hour(const struct bench *b, struct figure *f);
void measure_day(const struct bench *b, struct figure *f);

void measure_frame(const struct bench *b, struct figure *f);
void measure_jump(const struct bench *b, struct figure *f);
void measure_replay_memory(const struct bench *b, struct figure *f);

void measure_virt_uart(const struct bench *b, struct figure *f);
void measure_virt_udp(const struct bench *b, struct figure *f);
void measure_virt_adc(const struct bench *b, struct figure *f);
void measure_virt_spi(const struct bench *b, struct figure *f);
void measure_virt_i2c(const struct bench *b, struct figure *f);
void measure_virt_storage(const struct bench *b, struct figure *f);
void measure_virt_crypto(const struct bench *b, struct figure *f);
void measure_virt_rng(const struct bench *b, struct figure *f);
void measure_virt_alarm(const struct bench *b, struct figure *f);

void measure_fuzz(const struct bench *b, struct figure *f);
void measure_fuzz_sanitized(const struct bench *b, struct figure *f);
void measure_fuzz_operation(const struct bench *b, struct figure *f);

void measure_scenario(const struct bench *b, struct figure *f);
void measure_scenario_isolated(const struct bench *b, struct figure *f);
void measure_scenario_forked(const struct bench *b, struct figure *f);
void measure_load_growth(const struct bench *b, struct figure *f);
void measure_load_parse(const struct bench *b, struct figure *f);
void measure_load_memory(const struct bench *b, struct figure *f);

void measure_start(const struct bench *b, struct figure *f);
void measure_halves(const struct bench *b, struct figure *f);
void measure_jobs(const struct bench *b, struct figure *f);
void measure_suite_memory(const struct bench *b, struct figure *f);
void measure_sanitized(const struct bench *b, struct figure *f);

#endif
