/* moment.h: the moments of a tape: records of the trace at which something befalls an app, or a
 * device does what nobody expects. What matters often lies in microseconds behind one, which chance
 * does not hit by the time alone.
 *
 * A moment is a pattern (sim/pattern.h), made of its text: what a scenario would say.
 */
#ifndef FUZZ_MOMENT_H
#define FUZZ_MOMENT_H

#include "sim/scenario.h"

enum moment {
    MOMENT_THEN, /* none: at a time */
    MOMENT_IRQ,  /* the device's line rises, ... */
    MOMENT_TASK, /* ... a task of it is triggered, ... */
    MOMENT_READ, /* ... the kernel reads one of its registers, ... */
    MOMENT_WRITE,
    MOMENT_REGISTER_READ, /* ... or this one of them */
    MOMENT_REGISTER_WRITE,
    MOMENT_WIRE,     /* a byte, a start, a stop ... on the device's wire */
    MOMENT_DMA_READ, /* any device reads memory, ... */
    MOMENT_DMA_WRITE,
    MOMENT_ASKS,  /* a client asks the device's multiplexer, ... */
    MOMENT_BEGUN, /* ... its operation begins, ... */
    MOMENT_DONE,  /* ... is over */
    MOMENT_CALL,  /* the app calls the kernel, ... */
    MOMENT_COMMAND,
    MOMENT_APP_ASKS,  /* ... asks any multiplexer, ... */
    MOMENT_APP_BEGUN, /* ... and it begins */
};

/* Whose moment it is; what a moment is not about is not looked at. */
struct moment_of {
    enum moment moment;
    uint32_t device; /* index on the board */
    uint32_t row;    /* of its registers */
    uint32_t app;
};

/* Its pattern. False: there is no such moment (MOMENT_THEN, a line or a multiplexer that the device
 * has not). */
bool moment_find(const struct scenario *s, const struct moment_of *of, struct pattern *when);
/* Lets `injection` come at the nth record (1: the first) from `from_ps` on, and `after_ps` behind
 * it. */
void moment_await(const struct pattern *when, uint32_t nth, uint64_t from_ps, uint64_t after_ps,
                  struct injection *injection);
/* Both. False: there is no such moment, and `injection` is as it was. */
bool moment_put(const struct scenario *s, const struct moment_of *of, uint32_t nth,
                uint64_t from_ps, uint64_t after_ps, struct injection *injection);

#endif
