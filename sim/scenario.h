/* scenario.h: one scenario as a value that the machine and the monitors read: the text's meaning
 * with every name resolved. Made by scenario_load (scenario_load.h), read-only afterwards.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "model/config.h"
#include "sim/air.h"
#include "sim/app.h"
#include "sim/board.h"
#include "sim/pattern.h"

enum {
    SCENARIO_NAME_MAX = 32,
    SCENARIO_ID_MAX = 256,
    SCENARIO_INJECTION_MAX = 512,
    SCENARIO_CHECK_MAX = 64,
    SCENARIO_BREAK_MAX = 16,
    SCENARIO_SECRET_MAX = 16,       /* of one app */
    SCENARIO_DECLASSIFIED_MAX = 16, /* one bit each in a word of 32 */
};

struct scenario_app {
    char name[SCENARIO_NAME_MAX];
    const struct app_engine *engine;
    const void *program; /* engine's own: compiled steps, or a C program's parameters */
    /* What of its memory is secret, as offsets from its start; `secrets` NULL: the scenario does
     * not say (sim/secret.h). In the arena. */
    const struct span *secrets;
    uint32_t secret_count;
};

/* What apps are told on purpose though it may hang on another's secrets: "declassify". */
enum declassified_kind {
    DECLASSIFIED_UPCALL,  /* the arguments of upcall `number` of `driver` */
    DECLASSIFIED_COMMAND, /* what command `number` of `driver` returns */
    DECLASSIFIED_MEMORY,  /* bytes of `process` */
    DECLASSIFIED_TIMES,   /* when things happen: how long it takes to serve `process` */
};

struct declassified {
    uint8_t kind; /* enum declassified_kind */
    uint16_t process;
    uint32_t driver, number;
    struct span bytes; /* offsets from the start of the app's memory */
    char path[32];     /* JSON pointer */
    char why[160];
};

enum injection_kind {
    INJECT_KILL,      /* the process, never restarted by policy */
    INJECT_FAULT,     /* the process faults; its policy decides */
    INJECT_RESTART,   /* the process is ended and started again */
    INJECT_INTERRUPT, /* pend a line once */
    INJECT_STORM,     /* pend a line every `period_ps`, `count` times */
    INJECT_HANG,      /* the device stops (struct device_fault.hung) */
    INJECT_STUCK,     /* its line is high for good */
    INJECT_FORCE,     /* its register at `address` reads as `value` */
    INJECT_ERROR,     /* its own way to fail (type->on_error) */
    INJECT_POKE,    /* `value` is written into RAM at `address` (4 bytes), as a wild master would */
    INJECT_RECEIVE, /* `bytes` arrive on the device's wire */
    INJECT_TASK,    /* the task register at offset `address` is triggered */
    /* the process's grant space shrinks: `value` bytes are taken from its gap */
    INJECT_MEMORY_PRESSURE,
    INJECT_RELEASE, /* the device hangs no more, its line is not stuck, no register is forced */
    INJECT_DELAY,   /* what it does next comes `period_ps` later */
    INJECT_HASTEN,  /* ... so much earlier, but not before now */
    INJECTION_KINDS
};

/* What is planted, and when: at a time, or at the n-th record from `from_ps` on that matches a
 * pattern (plus a delay). An injection that never fires makes the run vacuous. */
struct injection {
    enum injection_kind kind;
    bool at_event;
    uint64_t at_ps;      /* the time, or the delay after the event */
    struct pattern when; /* at_event */
    uint32_t nth;        /* at_event: 1 is the first match ... */
    uint64_t from_ps;    /* ... that comes then or later */
    uint32_t process;    /* KILL, FAULT, RESTART, MEMORY_PRESSURE */
    uint32_t device;     /* board device index */
    uint32_t line;
    uint32_t address, value; /* FORCE: offset in the device; POKE: absolute */
    uint32_t count;          /* STORM; FORCE: reads until it is over, 0: it stays */
    uint64_t period_ps;      /* STORM, DELAY, HASTEN */
    uint32_t size;           /* RECEIVE */
    uint32_t secret_of;      /* RECEIVE: the app whose secret the bytes are, or PROCESS_NONE */
    uint8_t bytes[64];
    char path[96]; /* JSON pointer, for messages */
};

/* It pends `line`, whatever the line's device does. */
static inline bool injection_pulses(const struct injection *injection)
{
    return injection->kind == INJECT_INTERRUPT || injection->kind == INJECT_STORM;
}

/* It befalls a device or its line, no app and no memory. */
static inline bool injection_is_of_device(const struct injection *injection)
{
    return injection->kind != INJECT_KILL && injection->kind != INJECT_FAULT &&
           injection->kind != INJECT_RESTART && injection->kind != INJECT_MEMORY_PRESSURE &&
           injection->kind != INJECT_POKE;
}

enum check_kind {
    CHECK_COUNT,  /* matches of `what` are within [min, max] */
    CHECK_ABSENT, /* no match; armed when `after` has matched (or at once if it is empty) */
    CHECK_ORDER,  /* each match of `to` has an earlier match of `from` since the last `to` */
    /* each `from` to the first later `to` takes at most max_ps (and at least min_ps) */
    CHECK_LATENCY,
    CHECK_STATE,      /* at the end: process is in state `min` */
    CHECK_RESTARTS,   /* at the end: restart count of the process */
    CHECK_COMPLETION, /* at the end: completion code of the process */
    CHECK_VARIABLE,   /* at the end: variable `number` of a steps app equals/within */
    /* most bytes that the app (PATTERN_ANY: any) reached beyond what it asked for: in [min, max] */
    CHECK_OVER_EXPOSURE,
    /* mean latency of `from`->`to` divided by that of `from2`->`to2`: at least min */
    CHECK_SPEEDUP,
    /* most operations of others that a client of multiplexer `number` waited for: in [min, max] */
    CHECK_TURNS,
    CHECK_PEER_FACT, /* at the end: fact `number` of peer `process` is in [min, max] */
    CHECK_APP_FACT,  /* at the end: fact `number` of a C program */
    /* At the end: row `number` of ble_link_facts (sim/ble_expect.h) of connection `process`
     * (PATTERN_ANY: of all together), by the rule that it belongs to. */
    CHECK_BLE_LINK,
    CHECK_BLE_IFS,
    CHECK_BLE_WINDOW,
    CHECK_BLE_EVENT_END,
    CHECK_BLE_SUPERVISION,
    CHECK_KINDS
};

struct check {
    enum check_kind kind;
    struct pattern from, to;   /* COUNT, ABSENT use `to`; ABSENT's `after` is `from` */
    struct pattern from2, to2; /* SPEEDUP; LATENCY's `after` is `from2` */
    uint32_t process;
    uint32_t number;
    uint64_t min, max; /* counts, values, picoseconds, or thousandths (SPEEDUP) by kind */
    char path[96];     /* JSON pointer */
};

/* One on the other side of the air or of a wire, as "world" names it. */
struct scenario_peer {
    char name[SCENARIO_NAME_MAX];
    const struct peer_type *type;
    struct peer_plan plan;
    uint32_t on;   /* on a wire: index of the board's device */
    uint32_t seat; /* SPI: its select pin; I2C: its address */
};

/* A break that the scenario expects: the run fails if it does not come, or another rule breaks. */
struct expected_break {
    uint16_t rule;    /* enum rule */
    uint16_t process; /* PATTERN_ANY: whichever */
    uint32_t address_first, address_last;
    char path[96];
    char why[128];
};

struct scenario {
    char id[SCENARIO_ID_MAX];    /* folder/name#key=value,...@seed */
    char path[SCENARIO_ID_MAX];  /* of the file, as given */
    char *claim, *source;        /* in the arena; source: NULL if there is none */
    struct board board;          /* with this scenario's overrides */
    struct costs costs;          /* preset and overrides */
    struct kernel_config config; /* board.config + images, scheduler, slice */
    struct process_image images[PROCESS_MAX];
    uint32_t app_count;
    struct scenario_app apps[PROCESS_MAX];
    uint32_t peer_count;
    struct scenario_peer peers[PEER_MAX]; /* device index: board.device_count + place here */
    struct air_conditions air;
    uint64_t seed;
    bool seed_given; /* by the scenario or command line: else the default 1 */
    uint64_t until_ps;
    uint32_t injection_count;
    struct injection *injections; /* in the arena */
    uint32_t check_count;
    struct check *checks; /* in the arena */
    uint32_t break_count;
    struct expected_break breaks[SCENARIO_BREAK_MAX];
    uint32_t declassified_count;
    const struct declassified *declassified; /* in the arena */
    uint32_t app_expectations; /* step expectations in all step lists: they count as checks */
    void *arena;               /* what apps' programs live in; owned */
};

/* Some injection pends that line. */
static inline bool scenario_pulses(const struct scenario *s, uint32_t line)
{
    for (uint32_t i = 0; i < s->injection_count; i++)
        if (injection_pulses(&s->injections[i]) && s->injections[i].line == line)
            return true;
    return false;
}

#endif
