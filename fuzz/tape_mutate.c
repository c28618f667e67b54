/* tape_mutate.c: see tape_mutate.h. */
#include "fuzz/tape_mutate.h"

#include "sim/random.h"
#include <string.h>

/* Changes of one mutation; copies of one repetition, and operations copied; changes of which one
 * is a story; ours. */
enum { STACKED_MAX = 4, REPEATED_MAX = 12, REPEATED_OPS = 3, STORY_ODDS = 4 };

static uint32_t draw(struct random *random, uint32_t bound)
{
    return (uint32_t)random_below(random, bound);
}

/* The `nth` of the bits that are set. */
static uint32_t bit_of(uint32_t bits, uint32_t nth)
{
    while (nth-- > 0)
        bits &= bits - 1;
    return (uint32_t)__builtin_ctz(bits);
}

static uint32_t draw_bit(struct random *random, uint32_t bits)
{
    return bit_of(bits, draw(random, (uint32_t)__builtin_popcount(bits)));
}

/* Small numbers more often: most of what calls are asked for is small. And those where something
 * is full or begins anew. */
static uint8_t draw_byte(struct random *random)
{
    static const uint16_t bounds[8] = {256, 256, 256, 8, 8, 4, 4, 0};
    uint32_t bound = bounds[draw(random, 8)];
    return (uint8_t)(bound ? draw(random, bound) : (1u << draw(random, 8)) - draw(random, 2));
}

/* An app may do anything as often as it likes. What befalls it from outside may not: a line that
 * pulses all the time, an app that restarts all the time take the kernel's time from all others. */
static bool is_apps(uint32_t stream)
{
    return stream >= STREAM_APP && stream < STREAM_DEVICE;
}

enum { SEQUENCES = 8 };

/* A number that means a whole sequence of an app's calls (fuzz/app_bytes.h, kind 8). */
static uint8_t draw_sequence(const struct tape_user *user, struct random *random)
{
    if (user->secretive && draw(random, 4) == 0)
        return (uint8_t)(64 + draw(random, 16));
    switch (draw(random, 8)) {
    case 0:
        return (uint8_t)(80 + draw(random, 16));
    case 1:
        return (uint8_t)(96 + draw(random, 16));
    case 2:
    case 3:
        return (uint8_t)(112 + draw(random, 16));
    default:
        return (uint8_t)(128 + draw(random, 128));
    }
}

static struct tape_value draw_value(struct random *random)
{
    struct tape_value value = {.pick = (uint8_t)draw(random, 256)};
    if (draw(random, 2))
        value.offset = (int8_t)draw_byte(random);
    return value;
}

static struct tape_op draw_op(const struct tape_user *user, struct random *random)
{
    uint32_t streams = 0;
    for (uint32_t i = 0; i < TAPE_STREAMS; i++)
        streams |= user->kinds[i] ? 1u << i : 0;
    if (user->secretive && draw(random, 4)) /* apps, and what comes by wire */
        streams &= (2u << STREAM_DEVICE) - (1u << STREAM_APP);
    struct tape_op op = {.stream = (uint8_t)draw_bit(random, streams)};
    op.kind = (uint8_t)draw_bit(random, user->kinds[op.stream]);
    op.which = draw_byte(random);
    op.number = draw_byte(random);
    op.size = draw_byte(random);
    op.value[0] = draw_value(random);
    op.value[1] = draw_value(random);
    if (is_apps(op.stream) && user->kinds[op.stream] >> SEQUENCES & 1 &&
        draw(random, 4) < (user->secretive ? 3 : 1)) {
        op.kind = SEQUENCES;
        op.number = draw_sequence(user, random);
    }
    return op;
}

static void put_in(struct tape *tape, uint32_t at, struct tape_op op, uint32_t max)
{
    if (tape->count >= max)
        return;
    memmove(&tape->ops[at + 1], &tape->ops[at], (tape->count - at) * sizeof op);
    tape->ops[at] = op;
    tape->count++;
}

static void take_out(struct tape *tape, uint32_t at)
{
    tape->count--;
    memmove(&tape->ops[at], &tape->ops[at + 1], (tape->count - at) * sizeof tape->ops[0]);
}

/* Changes places with the next one of its stream. */
static void move(struct tape *tape, uint32_t at)
{
    uint32_t next = at + 1;
    if (!tape_next(tape, tape->ops[at].stream, &next))
        return;
    struct tape_op op = tape->ops[at];
    tape->ops[at] = tape->ops[next - 1];
    tape->ops[next - 1] = op;
}

/* The same once more, and again: queues fill, limits are reached. Of a single operation the copies
 * may count up what theirs is: one device or driver after the other. */
static void repeat(struct tape *tape, uint32_t at, uint32_t max, struct random *random)
{
    struct tape_op ops[REPEATED_OPS];
    uint32_t stream = tape->ops[at].stream, count = 0, wanted = 1 + draw(random, REPEATED_OPS);
    bool counts = wanted == 1 && draw(random, 2);
    for (const struct tape_op *op; count < wanted && (op = tape_next(tape, stream, &at));)
        ops[count++] = *op;
    for (uint32_t left = 1 + draw(random, REPEATED_MAX); left > 0; left--)
        for (uint32_t i = 0; i < count; i++) {
            ops[i].which = (uint8_t)(ops[i].which + counts);
            put_in(tape, at++, ops[i], max);
        }
}

/* Alone half of the time: what stands before it may keep the apps from it. */
static void tell(const struct tape_user *user, struct tape *tape, uint32_t max,
                 struct random *random)
{
    struct tape story = {.count = 0};
    user->tell(&story, random);
    if (draw(random, 2))
        tape->count = 0;
    for (uint32_t i = 0, at = draw(random, tape->count + 1); i < story.count; i++)
        put_in(tape, at++, story.ops[i], max);
}

static void change_field(const struct tape_user *user, struct tape_op *op, struct random *random)
{
    const struct tape_op fresh = draw_op(user, random);
    switch (draw(random, 8)) {
    case 0:
        op->stream = fresh.stream;
        op->kind = fresh.kind; /* what it was may mean nothing there */
        break;
    case 1:
        if (user->kinds[op->stream])
            op->kind = (uint8_t)draw_bit(random, user->kinds[op->stream]);
        break;
    case 2:
        op->which = fresh.which;
        break;
    case 3:
        op->number = fresh.number;
        break;
    case 4:
        op->size = fresh.size;
        break;
    case 5:
        op->value[0] = fresh.value[0];
        break;
    case 6:
        op->value[1] = fresh.value[1];
        break;
    default:
        op->value[draw(random, 2)].offset += (int8_t)(draw(random, 17) - 8);
        break;
    }
}

/* The same by another app. */
static struct tape_op by_another(const struct tape_user *user, struct tape_op op,
                                 struct random *random)
{
    uint32_t apps = 0;
    for (uint32_t i = STREAM_APP; i < STREAM_DEVICE; i++)
        apps |= i != op.stream && user->kinds[i] ? 1u << i : 0;
    if (apps)
        op.stream = (uint8_t)draw_bit(random, apps);
    return op;
}

static void copy(const struct tape_user *user, struct tape *tape, uint32_t at, uint32_t max,
                 struct random *random)
{
    struct tape_op op = tape->ops[at];
    if (user->secretive && is_apps(op.stream) && draw(random, 4))
        op = by_another(user, op, random);
    put_in(tape, draw(random, tape->count + 1), op, max);
}

static void change(const struct tape_user *user, struct tape *tape, uint32_t max,
                   struct random *random)
{
    if (tape->count == 0) {
        put_in(tape, 0, draw_op(user, random), max);
        return;
    }
    uint32_t at = draw(random, tape->count);
    if (user->tell && draw(random, STORY_ODDS) == 0) {
        tell(user, tape, max, random);
        return;
    }
    switch (draw(random, 16)) {
    case 0:
        if (user->repeats_all || is_apps(tape->ops[at].stream))
            repeat(tape, at, max, random);
        break;
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
        put_in(tape, draw(random, tape->count + 1), draw_op(user, random), max);
        break;
    case 6:
    case 7:
        copy(user, tape, at, max, random);
        break;
    case 8:
    case 9:
        if (tape->count > 1)
            take_out(tape, at);
        break;
    case 10:
    case 11:
        move(tape, at);
        break;
    default:
        change_field(user, &tape->ops[at], random);
        break;
    }
}

static uint32_t room(size_t max)
{
    return max / TAPE_RECORD < TAPE_OP_MAX ? (uint32_t)(max / TAPE_RECORD) : TAPE_OP_MAX;
}

size_t tape_mutate(const struct tape_user *user, uint8_t *bytes, size_t size, size_t max,
                   uint32_t seed)
{
    struct random random = random_start(seed, 0);
    struct tape tape;
    tape_decode(bytes, size < max ? size : max, &tape);
    for (uint32_t left = 1 + draw(&random, STACKED_MAX); left > 0; left--)
        change(user, &tape, room(max), &random);
    return tape_encode(&tape, bytes, max);
}

/* Takes turns, so that what stood at the start of either still stands at the start. */
size_t tape_cross(const uint8_t *one, size_t one_size, const uint8_t *other, size_t other_size,
                  uint8_t *out, size_t max, uint32_t seed)
{
    struct random random = random_start(seed, 0);
    uint32_t from_other = draw(&random, 1u << TAPE_STREAMS);
    struct tape tapes[2], crossed = {.count = 0};
    tape_decode(one, one_size, &tapes[0]);
    tape_decode(other, other_size, &tapes[1]);
    for (uint32_t i = 0; i < tapes[0].count || i < tapes[1].count; i++)
        for (uint32_t from = 0; from < 2; from++)
            if (i < tapes[from].count && crossed.count < TAPE_OP_MAX &&
                (from_other >> tapes[from].ops[i].stream & 1) == from)
                crossed.ops[crossed.count++] = tapes[from].ops[i];
    if (crossed.count == 0) /* neither has any of the streams that were chosen from it */
        crossed = tapes[0].count ? tapes[0] : tapes[1];
    return tape_encode(&crossed, out, max);
}
