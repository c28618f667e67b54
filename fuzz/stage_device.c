/* stage_device.c: see stage_device.h. */
#include "fuzz/stage_device.h"

#include "fuzz/mail.h"
#include "fuzz/moment.h"
#include "model/datagram.h"
#include "model/framing.h"
#include "model/process.h"
#include "sim/random.h"
#include "sim/trace.h"
#include <stdio.h>
#include <string.h>

/* --- devices and registers ------------------------------------------------------------------- */

uint32_t kept_device(const struct board *board, uint32_t nth)
{
    for (uint32_t i = 0; i < board->device_count; i++) {
        const struct board_device *d = &board->devices[i];
        bool kept = d->type && d->alias_of == BOARD_NONE && d->endpoint == BOARD_NONE &&
                    d->type->wire != WIRE_PINS;
        if (kept && nth-- == 0)
            return i;
    }
    return BOARD_NONE;
}

static bool says_what_happened(const struct reg *reg)
{
    static const char *const words[] = {"EVENTS_", "AMOUNT", "ERRORSRC", "COUNTER",
                                        "VALUE",   "READY",  "IRQSTAT",  "AREA"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (reg->name && strstr(reg->name, words[i]))
            return true;
    return false;
}

static bool is_task(const struct reg *reg)
{
    return reg->on_task;
}

/* The `which`-th register of those, again and again; UINT32_MAX: there is none. */
static uint32_t register_of(const struct device_type *type, bool (*wanted)(const struct reg *reg),
                            uint32_t which)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < type->reg_count; i++)
        count += wanted(&type->regs[i]);
    uint32_t left = count ? which % count : 0;
    for (uint32_t i = 0; i < type->reg_count; i++)
        if (wanted(&type->regs[i]) && left-- == 0)
            return type->regs[i].offset;
    return UINT32_MAX;
}

static uint32_t value_of(const struct scenario *s, struct tape_value value)
{
    uint32_t low = value.pick % 32, offset = (uint32_t)value.offset;
    switch (value.pick / 32) {
    case 0:
        return (uint8_t)offset;
    case 1:
        return UINT32_MAX - (uint8_t)offset;
    case 2:
        return UINT32_C(1) << low;
    case 3:
        return (UINT32_C(1) << low) + offset;
    case 4:
        return s->config.kernel_ram.base + low * 64 + offset;
    case 5:
        return s->config.process_ram.base + low * 512 + offset;
    case 6:
        return (UINT32_C(1) << low) - 1;
    default:
        return (uint32_t)random_mix((uint64_t)value.pick << 8 | (uint8_t)offset);
    }
}

/* --- what comes by wire ---------------------------------------------------------------------- */

static void raw_bytes(const struct tape_op *op, struct injection *i)
{
    const uint8_t bytes[3] = {op->which, op->value[0].pick, (uint8_t)op->value[0].offset};
    i->size = 1 + op->size % 16;
    for (uint32_t n = 0; n < i->size; n++)
        i->bytes[n] = bytes[n % sizeof bytes];
}

enum { FRAME_MAX = 32, NETWORK = 0xff, PACKET_MAX = DATAGRAM_OVERHEAD + 2 };

/* A datagram of no bytes or two; its size. */
static uint32_t packet_of(const struct tape_op *op, uint8_t *packet)
{
    uint8_t whole[DATAGRAM_MAX] = {0};
    struct datagram d = {.source = {0xfe, 0x80, [15] = 1},
                         .destination = {0xfe, 0x80, [15] = 2},
                         .source_port = op->size,
                         .destination_port = op->which,
                         .size = op->size % 2 * 2};
    whole[DATAGRAM_OVERHEAD] = op->value[0].pick;
    uint32_t size = datagram_build(&d, whole);
    memcpy(packet, whole, size);
    return size;
}

/* What is wrong with it, by value[0].pick / 16; above: nothing. */
enum wrong { WRONG_BIT, WRONG_ABORTED, WRONG_NO_FLAG, WRONG_CUT };

static void damage(const struct tape_op *op, struct injection *i)
{
    switch (op->value[0].pick / 16) {
    case WRONG_BIT:
        i->bytes[(uint8_t)op->value[0].offset % i->size] ^= (uint8_t)(1 << op->value[0].pick % 8);
        break;
    case WRONG_ABORTED:
        i->bytes[i->size - 1] = FRAMING_ESCAPE;
        i->bytes[i->size++] = FRAMING_FLAG;
        break;
    case WRONG_NO_FLAG:
        i->size--;
        break;
    case WRONG_CUT:
        i->size = 1 + (uint8_t)op->value[0].offset % i->size;
        break;
    default:
        break;
    }
}

/* Stuffed octets may leave no room for the end: it is cut then. */
static void frame_bytes(const struct tape_op *op, struct injection *i)
{
    uint8_t payload[PACKET_MAX > FRAME_MAX ? PACKET_MAX : FRAME_MAX],
        whole[2 * sizeof payload + 16];
    bool is_network = op->which >= 128;
    uint32_t size = op->size % FRAME_MAX, written;
    uint16_t fcs;
    memset(payload, op->value[0].pick, sizeof payload);
    if (is_network)
        size = packet_of(op, payload);
    written = framing_open(is_network ? NETWORK : op->which, &fcs, whole);
    written += framing_put(payload, size, &fcs, whole + written);
    written += framing_close(fcs, whole + written);
    i->size = written < sizeof i->bytes ? written : sizeof i->bytes - 1;
    memcpy(i->bytes, whole, i->size);
    damage(op, i);
}

/* --- one injection --------------------------------------------------------------------------- */

/* False: there is no such register, line or wire. */
static bool fill(const struct scenario *s, const struct tape_op *op, struct injection *i)
{
    const struct device_type *type = s->board.devices[i->device].type;
    switch (op->kind) {
    case DEVICE_FORCE:
        i->address = type->regs[op->which % type->reg_count].offset;
        break;
    case DEVICE_ANSWER:
        i->address = register_of(type, says_what_happened, op->which);
        break;
    case DEVICE_TASK:
        i->address = register_of(type, is_task, op->which);
        break;
    case DEVICE_RECEIVE:
        raw_bytes(op, i);
        return type->on_packet;
    case DEVICE_FRAME:
        frame_bytes(op, i);
        return type->on_packet;
    case DEVICE_MAIL: /* more_of */
        return type->on_packet;
    case DEVICE_STUCK:
    case DEVICE_INTERRUPT:
    case DEVICE_STORM:
        return i->line != BOARD_NONE;
    default:
        break;
    }
    return i->address != UINT32_MAX;
}

static const enum injection_kind kinds[DEVICE_KINDS] = {
    [DEVICE_FORCE] = INJECT_FORCE,         [DEVICE_ANSWER] = INJECT_FORCE,
    [DEVICE_RELEASE] = INJECT_RELEASE,     [DEVICE_ERROR] = INJECT_ERROR,
    [DEVICE_HANG] = INJECT_HANG,           [DEVICE_STUCK] = INJECT_STUCK,
    [DEVICE_INTERRUPT] = INJECT_INTERRUPT, [DEVICE_STORM] = INJECT_STORM,
    [DEVICE_DELAY] = INJECT_DELAY,         [DEVICE_HASTEN] = INJECT_HASTEN,
    [DEVICE_TASK] = INJECT_TASK,           [DEVICE_RECEIVE] = INJECT_RECEIVE,
    [DEVICE_FRAME] = INJECT_RECEIVE,       [DEVICE_LATE] = INJECT_DELAY,
    [DEVICE_MAIL] = INJECT_RECEIVE,
};

/* By the upper and by the next two bits of value[1].pick. */
static const enum moment moments[4][4] = {
    {MOMENT_THEN, MOMENT_IRQ, MOMENT_TASK, MOMENT_READ},
    {MOMENT_THEN, MOMENT_WRITE, MOMENT_DMA_READ, MOMENT_DMA_WRITE},
    {MOMENT_THEN, MOMENT_ASKS, MOMENT_BEGUN, MOMENT_DONE},
    {MOMENT_THEN, MOMENT_REGISTER_READ, MOMENT_REGISTER_WRITE, MOMENT_WIRE},
};

enum { LATE_MORE = 7 };

/* When it comes: `at_ps`, or at a record from then on. */
static void time_it(const struct scenario *s, const struct tape_op *op, uint64_t at_ps,
                    struct injection *i)
{
    const struct board_device *d = &s->board.devices[i->device];
    const uint8_t pick = op->value[1].pick;
    const int8_t offset = op->value[1].offset;
    uint64_t after_ps = offset > 0 ? (uint64_t)offset * 62500 : (uint64_t)-offset * PS_PER_US;
    struct moment_of of = {.moment = moments[pick / 16 % 4][pick / 64],
                           .device = i->device,
                           .row = op->which % d->type->reg_count};
    if (of.moment == MOMENT_IRQ && d->line == BOARD_NONE)
        of.moment = MOMENT_READ;
    if (!moment_put(s, &of, 1 + pick % 16, at_ps, after_ps, i))
        i->at_ps = at_ps + after_ps;
}

/* False: it is none. */
static bool injection_of(const struct scenario *s, const struct tape_op *op, uint32_t device,
                         uint64_t at_ps, struct injection *i)
{
    uint64_t square_ps = UINT64_C(4) * op->size * op->size * PS_PER_US;
    *i = (struct injection){.kind = kinds[op->kind],
                            .device = device,
                            .line = s->board.devices[device].line,
                            .process = PROCESS_NONE,
                            .secret_of = PROCESS_NONE,
                            .value = value_of(s, op->value[0])};
    if (i->kind == INJECT_FORCE)
        i->count = op->size % 8;
    if (i->kind == INJECT_STORM)
        i->count = 1 + op->which;
    i->period_ps = i->kind == INJECT_STORM ? (1 + op->size) * PS_PER_US : square_ps;
    time_it(s, op, at_ps, i);
    return fill(s, op, i);
}

/* The first part of it, and further ones; how many these are. */
static uint32_t mail_of(const struct tape_op *op, struct injection *first, uint32_t room)
{
    uint8_t octets[MAIL_MAX];
    uint32_t size = mail_write(op, octets), count = 0;
    for (uint32_t at = 0; at < size && count <= room; at += MAIL_PART) {
        struct injection *part = &first[count];
        *part = *first;
        part->at_ps = first->at_ps + count++ * MAIL_PART_PS;
        part->size = size - at < MAIL_PART ? size - at : MAIL_PART;
        memcpy(part->bytes, octets + at, part->size);
    }
    return count - 1;
}

/* What is late is so at further moments; how many there are of it. */
static uint32_t more_of(const struct tape_op *op, struct injection *first, uint32_t room)
{
    uint32_t count = 0;
    if (op->kind == DEVICE_MAIL)
        return mail_of(op, first, room);
    while (op->kind == DEVICE_LATE && first->at_event && count < LATE_MORE && count < room) {
        count++;
        first[count] = *first;
        first[count].nth += count;
    }
    return count;
}

static bool tells_of_devices(const struct tape *tape)
{
    for (uint32_t at = 0; at < tape->count; at++)
        if (tape->ops[at].stream >= STREAM_DEVICE)
            return true;
    return false;
}

uint32_t device_injections(const struct scenario *s, const struct tape *tape, uint64_t start_ps,
                           struct injection *out, uint32_t room)
{
    uint32_t device[TAPE_DEVICES], count = 0;
    uint64_t at_ps[TAPE_DEVICES];
    if (!tells_of_devices(tape)) /* most targets' tapes never do */
        return 0;
    for (uint32_t i = 0; i < TAPE_DEVICES; i++) {
        device[i] = kept_device(&s->board, i);
        at_ps[i] = start_ps;
    }
    for (uint32_t at = 0; at < tape->count && count < room; at++) {
        const struct tape_op *op = &tape->ops[at];
        uint32_t i = op->stream - (uint32_t)STREAM_DEVICE;
        if (op->stream < STREAM_DEVICE || device[i] == BOARD_NONE || op->kind >= DEVICE_KINDS)
            continue;
        at_ps[i] += op->number * DEVICE_STEP_PS;
        if (injection_of(s, op, device[i], at_ps[i], &out[count]))
            count += 1 + more_of(op, &out[count], room - count - 1);
    }
    return count;
}
