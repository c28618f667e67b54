/* tape.h: a fuzzer's input: several streams of operations, one behind the other in one file.
 *
 *   byte     0               1      2       3     4     5       6     7
 *         stream:4 kind:4  which  number  size  pick  offset  pick  offset
 *                                               value[0]      value[1]
 *
 * Each operation is a record of eight bytes that says itself whose it is. So what happens to one
 * record happens to one stream: the others have the same operations in the same order as before.
 * Streams with their lengths in front would break in all that follows when a length is hit, and an
 * inserted byte would shift them; here a whole record put in or taken out shifts nothing.
 *
 * Every value of every byte means something, so any bytes are a tape (what is left behind the last
 * whole record is none), and tape_encode(tape_decode(bytes)) gives the same bytes again. What the
 * kinds of a stream mean is its player's: fuzz/app_bytes.h, fuzz/stage.h, fuzz/fuzz_mpu.c.
 */
#ifndef FUZZ_TAPE_H
#define FUZZ_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TAPE_RECORD = 8,   /* bytes */
    TAPE_OP_MAX = 512, /* libFuzzer's own limit is 4,096 bytes; what is behind them is not read */
    TAPE_STREAMS = 16,
    TAPE_KINDS = 16, /* of one stream */
    TAPE_APPS = 6,
    TAPE_DEVICES = 8,
};

/* A tape's player may leave streams unread; who plays which says the target (struct tape_user). */
enum tape_stream {
    STREAM_SCHEDULE = 0, /* the stage, and what befalls its apps from outside */
    STREAM_FILTER = 1,   /* the answers of the board's filter */
    STREAM_APP = 2,      /* to 7: an app each */
    STREAM_DEVICE = 8,   /* to 15: a device each */
};

/* A number by where it comes from, and how far beside it lies. */
struct tape_value {
    uint8_t pick;
    int8_t offset;
};

struct tape_op {
    uint8_t stream, kind; /* below 16 each */
    uint8_t which, number, size;
    struct tape_value value[2];
};

struct tape {
    uint32_t count;
    struct tape_op ops[TAPE_OP_MAX];
};

/* Never fails. */
void tape_decode(const uint8_t *bytes, size_t size, struct tape *tape);
/* How many bytes it has written: tape->count * TAPE_RECORD, or as many whole records as fit. */
size_t tape_encode(const struct tape *tape, uint8_t *bytes, size_t size);

/* The next operation of a stream from place `*at` on, which then is behind it. NULL: there is no
 * further one. */
const struct tape_op *tape_next(const struct tape *tape, uint32_t stream, uint32_t *at);

#endif
