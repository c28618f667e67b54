/* app.h: an app engine: whoever produces the stream of operations that the CPU runs in user mode.
 *
 *   machine                                   engine (steps | C program | bytes | later: Thumb)
 *     RESUME_START  -- start(app, r0..r3) -->  state as after a fresh load
 *     RESUME_UPCALL -- upcall(app, f, r) --->  a handler frame on top of what it did
 *     each step     -- next(app, &op) ------>  load, store, execute, compute, system call
 *                   <- app->result: what the last operation gave (value, registers, fault)
 *
 * The state is a value of engine->state_size bytes inside the machine; the engine may keep const
 * pointers only. Every operation is charged cycles and goes through MPU and bus. Nothing here
 * assumes that an app is a script.
 */
#ifndef SIM_APP_H
#define SIM_APP_H

#include "model/span.h"
#include "model/syscall.h"
#include "sim/fact.h"
#include "sim/random.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum app_op_kind {
    OP_COMPUTE, /* `cycles` of work that touches nothing; preemptible at any cycle */
    OP_LOAD,    /* `size` 1, 2, 4 bytes at `address` */
    OP_STORE,   /* `value` */
    OP_EXECUTE, /* fetch `size` bytes at `address`: is code allowed to run there? */
    OP_SYSCALL,
    OP_MARK,   /* EVENT_APP_NOTE with address = `address`, value = `value`; costs nothing */
    OP_FAULT,  /* the app's code breaks (undefined instruction): UsageFault */
    OP_LOCATE, /* where app `address` lies, whether it has run or not: result.value = the start of
                  its memory (0: there is none). Costs nothing, leaves no trace: an attacker who
                  has read the map */
    OP_SPIN,   /* nothing left to do and no exit: an endless loop, as silicon would */
};

struct app_op {
    enum app_op_kind kind;
    uint32_t address;
    uint32_t size;
    uint32_t value;
    bool secret; /* OP_STORE: the value is one of the app's secrets (sim/secret.h) */
    uint64_t cycles;
    struct syscall call;
};

/* What the last operation gave. A denied access gives no result: the process faults, and the engine
 * next hears start() or nothing. `expects_fault`: set by next() with the operation to say that a
 * fault here is what the scenario wants (the fault still happens; the verdict counts it). */
struct app_result {
    uint32_t value;             /* OP_LOAD */
    struct syscall_return regs; /* OP_SYSCALL: r0..r3 */
};

struct app {
    const struct app_engine *engine;
    const void *program; /* the engine's own immutable data: compiled steps, parameters */
    uint32_t index;      /* process index */
    uint32_t lives;      /* how often start() was called */
    uint32_t flash_base; /* of its image */
    uint32_t flash_size;
    uint32_t ram_base; /* r1 of the entry: memory start; 0 before the first start */
    uint32_t ram_size;
    struct app_result result;
    struct random random; /* this app's own draws, from the scenario's seed */
    /* Expectations the engine judged itself: counted here, the first failure kept. */
    uint32_t checks_passed, checks_failed;
    uint32_t failed_check; /* engine's number of the first failed one (steps: step index) */
    uint64_t failed_got, failed_wanted;
    uint64_t failed_at_ps;       /* filled by the machine */
    bool expects_fault;          /* the operation just given should fault */
    uint32_t expected_faults;    /* faults that came when expected */
    uint32_t unexpected_faults;  /* the others, but for those that the app asked for (OP_FAULT) */
    uint32_t unexpected_address; /* of the first of them, and its time */
    uint64_t unexpected_at_ps;
    uint32_t fault_check; /* engine's number of that expectation */
    /* the engine's state follows in memory: app_state(app) */
};

struct app_engine {
    const char *name;  /* as scenarios name a program; "steps" for step lists */
    const char *about; /* one line for `postern list` */
    size_t state_size;
    void (*start)(struct app *app, const uint32_t r[4]);
    void (*upcall)(struct app *app, uint32_t function, const uint32_t r[4]);
    void (*next)(struct app *app, struct app_op *op);
    /* Reads parameters of a C program from the scenario; NULL: takes none. Each is a name and an
     * integer; false: no such parameter. */
    bool (*parameter)(void *program, const char *name, int64_t value);
    size_t program_size;      /* bytes of `program` for C programs; 0: none */
    const struct fact *facts; /* at most FACT_MAX */
    uint32_t fact_count;
    uint64_t (*fact)(const struct app *app, uint32_t fact);
};

static inline void *app_state(struct app *app)
{
    return app + 1;
}
/* For facts, which change nothing. */
static inline const void *app_state_read(const struct app *app)
{
    return app + 1;
}

/* Addresses of handlers: an app's functions are at flash_base + APP_FUNCTION(n). */
#define APP_FUNCTION(n) (0x100u + 0x10u * (uint32_t)(n))

/* A store of a word, the commonest operation on a lent device. */
static inline struct app_op app_store(uint32_t address, uint32_t value)
{
    return (struct app_op){.kind = OP_STORE, .address = address, .size = 4, .value = value};
}

/* Results that every engine needs. */
void app_check(struct app *app, uint32_t number, bool passed, uint64_t got, uint64_t wanted);

#endif
