/* tape.c: see tape.h. */
#include "fuzz/tape.h"

static struct tape_op read_record(const uint8_t *b)
{
    return (struct tape_op){.stream = b[0] >> 4,
                            .kind = b[0] & 15,
                            .which = b[1],
                            .number = b[2],
                            .size = b[3],
                            .value = {{b[4], (int8_t)b[5]}, {b[6], (int8_t)b[7]}}};
}

static void write_record(const struct tape_op *op, uint8_t *b)
{
    b[0] = (uint8_t)(op->stream << 4 | (op->kind & 15));
    b[1] = op->which;
    b[2] = op->number;
    b[3] = op->size;
    for (int i = 0; i < 2; i++) {
        b[4 + 2 * i] = op->value[i].pick;
        b[5 + 2 * i] = (uint8_t)op->value[i].offset;
    }
}

void tape_decode(const uint8_t *bytes, size_t size, struct tape *tape)
{
    size_t count = size / TAPE_RECORD;
    tape->count = (uint32_t)(count < TAPE_OP_MAX ? count : TAPE_OP_MAX);
    for (uint32_t i = 0; i < tape->count; i++)
        tape->ops[i] = read_record(bytes + (size_t)i * TAPE_RECORD);
}

size_t tape_encode(const struct tape *tape, uint8_t *bytes, size_t size)
{
    size_t count = size / TAPE_RECORD;
    if (count > tape->count)
        count = tape->count;
    for (size_t i = 0; i < count; i++)
        write_record(&tape->ops[i], bytes + i * TAPE_RECORD);
    return count * TAPE_RECORD;
}

const struct tape_op *tape_next(const struct tape *tape, uint32_t stream, uint32_t *at)
{
    while (*at < tape->count) {
        const struct tape_op *op = &tape->ops[(*at)++];
        if (op->stream == stream)
            return op;
    }
    return NULL;
}
