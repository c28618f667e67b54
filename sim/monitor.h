/* monitor.h: a rule's judge: reads records as they come, and the hardware, and touches nothing.
 *
 *   trace_add --record--> every monitor whose `kinds` has that kind --verdict_add--> machine.verdicts
 *   switch to user mode --> on_user: the MPU as it is now, before the first instruction
 *
 * A monitor's state is a value of state_size bytes inside the machine and is copied with it. Monitors
 * read memory, registers and devices (machine.h's views), never the kernel's struct: its notes say
 * what was meant, the hardware says what is.
 */
#ifndef SIM_MONITOR_H
#define SIM_MONITOR_H

#include "sim/rules.h"
#include "sim/scenario.h"
#include "sim/trace.h"
#include <stddef.h>

struct machine;

struct monitor {
    const char *name;
    uint64_t kinds[2];     /* bit k of word k / 64: on_record hears records of kind k */
    size_t state_size;     /* zeroed at start */
    uint64_t rules;        /* bit r: this monitor judges rule r */
    bool always;           /* else only when the scenario has a check for it */
    void (*start)(struct machine *m, void *state);
    void (*on_record)(struct machine *m, void *state, const struct record *r);
    void (*on_user)(struct machine *m, void *state, uint32_t process);
    void (*at_end)(struct machine *m, void *state);
};

#define KIND_BIT(kind) (UINT64_C(1) << ((kind) % 64))

/* One break. `verdict_count` in the machine counts all; the first VERDICT_MAX are kept. */
struct verdict {
    uint16_t rule;
    uint16_t process;
    uint32_t address;
    uint64_t at_ps;
    uint64_t record;  /* how many records had been traced */
    uint64_t got, wanted; /* numbers for the message, by `detail` */
    uint16_t detail;  /* enum verdict_detail of the monitor's own: report.c has a phrase for each */
    uint16_t check;   /* index of the scenario's check, or 0xffff */
};

enum { VERDICT_MAX = 32, CHECK_NONE = 0xffff };

/* What exactly is wrong: one phrase each in verdict.c with %g (got), %w (wanted), %a (address),
 * %p (process): "X can write %a, which is %g bytes past its break". Monitors append theirs. */
#define VERDICT_DETAILS(X)                                                                         \
    X(DETAIL_NONE, "")                                                                             \
    X(DETAIL_KERNEL_PANIC, "the kernel panicked")

enum verdict_detail {
#define DETAIL_ENUM(enumerator, phrase) enumerator,
    VERDICT_DETAILS(DETAIL_ENUM)
#undef DETAIL_ENUM
    DETAIL_NUMBER
};

void verdict_add(struct machine *m, struct verdict verdict);
/* The rule had something to judge: needed for requested checks (no vacuous pass). */
void rule_armed(struct machine *m, enum rule rule);
void check_armed(struct machine *m, uint32_t check);

/* Every monitor, in a fixed order; state offsets follow it. */
extern const struct monitor *const monitors[];
extern const uint32_t monitor_count;

/* Results of latency checks, kept in that monitor's state, for the report. */
struct latency_result {
    uint64_t count, open; /* pairs seen; `from` still waiting at the end */
    uint64_t min_ps, max_ps, sum_ps;
    uint64_t max_at_ps; /* when the slowest ended */
    uint32_t histogram[64]; /* by half octaves of nanoseconds: median and p99 from it */
};
const struct latency_result *latency_result(const struct machine *m, uint32_t check);
uint64_t latency_quantile_ps(const struct latency_result *l, uint32_t per_mille);

/* What the reach monitor saw: the worst over-exposure of each process. */
struct exposure_result {
    uint32_t bytes;        /* reachable beyond what was asked (and not RAM slack) */
    uint32_t devices;      /* foreign devices among them */
    struct span first;     /* the lowest such run */
};
const struct exposure_result *exposure_result(const struct machine *m, uint32_t process);

#endif
