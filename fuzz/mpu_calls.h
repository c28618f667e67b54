/* mpu_calls.h: what the operations of an `mpu` tape are: calls of model/mpu.h with their numbers.
 *
 * A tape's streams: STREAM_APP to STREAM_APP + 2, a config each; an operation's `kind` is a call of
 * enum mpu_call_kind, its numbers are of value_of in mpu_calls.c. STREAM_SCHEDULE: `which` of its
 * first record is odd: 16 regions, else 8.
 */
#ifndef FUZZ_MPU_CALLS_H
#define FUZZ_MPU_CALLS_H

#include "fuzz/tape.h"
#include "model/mpu.h"
#include <stdio.h>

enum {
    MPU_CALLS_CONFIGS = 3,
    MPU_CALLS_GRANULE = 32, /* bytes: the smallest region */
    MPU_CALLS_AREAS = 3,
};

enum mpu_call_kind {
    CALL_SET_FLASH,
    CALL_ALLOCATE,
    CALL_UPDATE,
    CALL_ADD,
    CALL_REMOVE,     /* a span as for CALL_ADD */
    CALL_REMOVE_ONE, /* of the windows that there are */
    CALL_CONFIGURE,
    CALLS
};

/* Where flash, RAM and devices are that most calls are about. */
extern const uint32_t mpu_calls_areas[MPU_CALLS_AREAS];

/* One call with its arguments. */
struct mpu_call {
    enum mpu_call_kind kind;
    struct span span;                 /* SET_FLASH, ADD, REMOVE, REMOVE_ONE; ALLOCATE: the pool */
    uint32_t min, app, kernel;        /* ALLOCATE */
    uint32_t app_break, kernel_break; /* UPDATE */
};

/* How many regions the tape's unit has. */
uint32_t mpu_calls_regions(const struct tape *tape);
/* False: this operation is no call. `*config` is which config it is made on. */
bool mpu_call_on(const struct tape_op *op, uint32_t *config);
/* Its arguments, some of which hang on the config as it is. */
struct mpu_call mpu_call_of(const struct mpu_config *config, const struct tape_op *op);
/* Makes it; CALL_CONFIGURE is its caller's. */
enum err mpu_call_make(struct mpu_config *config, const struct mpu_call *call);

/* All calls of a tape in words, one a line, with what each answers. */
void mpu_calls_print(FILE *to, const struct tape *tape);

#endif
