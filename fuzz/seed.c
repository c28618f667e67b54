/* seed.c: see seed.h. */
#include "fuzz/seed.h"

#include "sim/app_steps.h"
#include <string.h>

/* What kind of number a value is: the upper three bits of its pick. fuzz/app_bytes.c, value_of. */
enum {
    PICK_EDGE = 0,
    PICK_SMALL = 32,
    PICK_POWER = 64,
    PICK_OWN = 96,
    PICK_FUNCTION = 128,
    PICK_WINDOW = 160,
    PICK_NEIGHBOUR = 192,
};
/* Places in its table of edges. */
enum { EDGE_MIDDLE = 2, EDGE_END = 3, EDGE_RESULT = 4, EDGE_LOADED = 6, EDGE_FLASH = 7 };

struct seeding {
    const struct scenario *from;
    const struct scenario *to; /* the stage's */
    const struct steps_program *program;
};

/* --- numbers --------------------------------------------------------------------------------- */

static struct tape_value beside(uint32_t pick, int64_t offset)
{
    int64_t held = offset < INT8_MIN ? INT8_MIN : offset > INT8_MAX ? INT8_MAX : offset;
    return (struct tape_value){(uint8_t)pick, (int8_t)held};
}

static struct tape_value counted(uint32_t pick, uint32_t count)
{
    return (struct tape_value){(uint8_t)pick, (int8_t)(count < UINT8_MAX ? count : UINT8_MAX)};
}

static struct tape_value own_memory(uint32_t offset)
{
    uint32_t block = offset / 128 < 31 ? offset / 128 : 31;
    return counted(PICK_OWN + block, offset - block * 128);
}

/* The power of two that is nearest. */
static struct tape_value power(uint32_t value)
{
    uint32_t log = 31;
    while (log > 0 && !(value >> log))
        log--;
    if (log < 31 && value - (UINT32_C(1) << log) > (UINT32_C(1) << (log + 1)) - value)
        log++;
    return beside(PICK_POWER + log, (int64_t)value - (INT64_C(1) << log));
}

static struct tape_value constant(const struct seeding *s, uint32_t value)
{
    uint32_t flash = value - s->program->flash_base;
    if (value <= UINT8_MAX)
        return counted(PICK_SMALL, value);
    if (value >= UINT32_MAX - INT8_MAX)
        return beside(PICK_EDGE, (int64_t)value - UINT32_MAX - 1);
    for (uint32_t i = 0; i < 8; i++)
        if (flash == APP_FUNCTION(i))
            return counted(PICK_FUNCTION, i);
    if (flash < 0x1000)
        return beside(EDGE_FLASH, flash);
    return power(value);
}

static struct tape_value value_of(const struct seeding *s, const struct operand *o)
{
    switch (o->kind) {
    case OPERAND_CONST:
        return constant(s, o->value);
    case OPERAND_RAM:
        return own_memory(o->value);
    case OPERAND_BREAK:
        return beside(EDGE_MIDDLE, (int32_t)o->value);
    case OPERAND_END:
        return beside(EDGE_END, (int32_t)o->value);
    case OPERAND_PEER:
        return beside(PICK_NEIGHBOUR + 24, (int32_t)o->value);
    case OPERAND_LOADED:
        return beside(EDGE_LOADED, 0);
    default:
        return beside(EDGE_RESULT, 0);
    }
}

/* 16: that table has not got it. */
static uint32_t driver_row(uint32_t driver)
{
    uint32_t i = 0;
    while (i < 16 && bytes_driver((uint8_t)i) != driver)
        i++;
    return i;
}

/* How window_of is told this device of the stage: false, there is none at that address. */
static bool window_row(const struct scenario *to, uint32_t address, uint8_t *which)
{
    const struct kernel_config *config = &to->config;
    for (uint32_t i = 0; i < config->endpoint_count; i++)
        if (span_holds(config->endpoints[i].windows[0], address)) {
            *which = (uint8_t)i;
            return true;
        }
    uint32_t device = board_device_at(&to->board, address);
    if (device == BOARD_NONE)
        return false;
    uint32_t row = device;
    while (row < 128)
        row += to->board.device_count;
    *which = (uint8_t)row;
    return row <= UINT8_MAX;
}

/* --- operations: false, a tape has no word for it -------------------------------------------- */

static bool seed_yield(const struct instruction *i, struct tape_op *op)
{
    static const uint8_t numbers[] = {[YIELD_NO_WAIT] = 0, [YIELD_WAIT] = 4, [YIELD_WAIT_FOR] = 5};
    uint32_t kind = i->operands[0].value, row = driver_row(i->operands[1].value);
    if (kind > YIELD_WAIT_FOR || (kind == YIELD_WAIT_FOR && row == 16))
        return false;
    op->number = numbers[kind];
    op->which = (uint8_t)row;
    op->size = (uint8_t)i->operands[2].value;
    return true;
}

static bool seed_passthrough(const struct seeding *s, const struct instruction *i,
                             struct tape_op *op)
{
    uint32_t number = i->operands[1].value;
    if (i->operands[0].value != s->from->config.passthrough_driver || number - 1 > 2 ||
        i->operands[2].kind != OPERAND_CONST ||
        !window_row(s->to, i->operands[2].value, &op->which))
        return false;
    op->kind = BYTES_PASSTHROUGH;
    op->number = (uint8_t)(number - 1);
    return true;
}

static bool seed_call(const struct seeding *s, const struct instruction *i, struct tape_op *op)
{
    uint32_t row = driver_row(i->operands[0].value);
    op->kind = (uint8_t)i->number;
    op->number = (uint8_t)i->operands[1].value;
    op->value[0] = value_of(s, &i->operands[2]);
    op->value[1] = value_of(s, &i->operands[3]);
    switch (i->number) {
    case SYSCALL_YIELD:
        return seed_yield(i, op);
    case SYSCALL_EXIT:
    case SYSCALL_MEMOP:
        op->number = (uint8_t)i->operands[0].value;
        if (i->number == SYSCALL_EXIT)
            op->number = op->number == EXIT_RESTART ? 0 : 7;
        op->value[0] = value_of(s, &i->operands[1]);
        return true;
    case SYSCALL_COMMAND:
        if (seed_passthrough(s, i, op))
            return true;
        break;
    default:
        break;
    }
    op->which = (uint8_t)row;
    return i->number < SYSCALL_CLASSES && row < 16;
}

static bool seed_access(const struct seeding *s, const struct instruction *i, struct tape_op *op)
{
    static const uint8_t sizes[5] = {[1] = 2, [2] = 3};
    static const uint8_t kinds[] = {
        [I_LOAD] = BYTES_LOAD, [I_STORE] = BYTES_STORE, [I_EXECUTE] = BYTES_EXECUTE};
    uint32_t address = i->operands[0].value;
    op->kind = kinds[i->kind];
    op->size = i->number <= 4 ? sizes[i->number] : 0;
    op->value[0] = value_of(s, &i->operands[0]);
    op->value[1] = value_of(s, &i->operands[1]);
    if (i->operands[0].kind != OPERAND_CONST || i->kind == I_EXECUTE ||
        !window_row(s->to, address, &op->which))
        return true;
    op->kind = BYTES_DRIVE;
    op->number = (uint8_t)(address % 0x1000 / 16);
    op->size = (uint8_t)(address % 16 / 4 + (i->kind == I_LOAD ? 4 : 0));
    op->value[0] = op->value[1];
    return true;
}

static bool seed_compute(const struct instruction *i, struct tape_op *op)
{
    uint64_t parts = i->cycles;
    while (parts > UINT16_MAX && op->size < 4) {
        parts /= 2;
        op->size++;
    }
    parts = parts > UINT16_MAX ? UINT16_MAX : parts ? parts - 1 : 0;
    op->kind = BYTES_COMPUTE;
    op->which = (uint8_t)(parts / 256);
    op->number = (uint8_t)parts;
    return true;
}

static bool seed_step(const struct seeding *s, const struct instruction *i, struct tape_op *op)
{
    switch (i->kind) {
    case I_SYSCALL:
        return seed_call(s, i, op);
    case I_LOAD:
    case I_STORE:
    case I_EXECUTE:
        return seed_access(s, i, op);
    case I_COMPUTE:
        return seed_compute(i, op);
    case I_CRASH:
        op->kind = BYTES_FAULT;
        return true;
    default:
        return false;
    }
}

/* --- the tape -------------------------------------------------------------------------------- */

static void put(struct tape *tape, struct tape_op op)
{
    if (tape->count < SEED_MAX)
        tape->ops[tape->count++] = op;
}

static bool seed_injection(const struct injection *in, struct tape_op *op)
{
    static const uint8_t kinds[INJECTION_KINDS] = {[INJECT_KILL] = SCHEDULE_KILL,
                                                   [INJECT_FAULT] = SCHEDULE_FAULT,
                                                   [INJECT_RESTART] = SCHEDULE_RESTART,
                                                   [INJECT_INTERRUPT] = SCHEDULE_INTERRUPT,
                                                   [INJECT_MEMORY_PRESSURE] = SCHEDULE_PRESSURE};
    op->kind = kinds[in->kind];
    op->which = (uint8_t)(in->kind == INJECT_INTERRUPT ? in->line : in->process);
    op->value[0].pick = (uint8_t)(in->value < 16 ? 0 : in->value / 16 - 1);
    return op->kind != 0;
}

/* Those that come at an event come a millisecond after the one before: when, nobody knows. */
static void seed_schedule(const struct scenario *from, uint64_t start_ps, uint32_t which,
                          struct tape *tape)
{
    uint64_t now_ps = start_ps + SCHEDULE_STEP_PS;
    put(tape, (struct tape_op){.kind = SCHEDULE_STAGE, .which = (uint8_t)which});
    for (uint32_t i = 0; i < from->injection_count; i++) {
        const struct injection *in = &from->injections[i];
        struct tape_op op = {.stream = STREAM_SCHEDULE};
        uint64_t at_ps = in->at_event ? now_ps + PS_PER_MS : in->at_ps;
        if (!seed_injection(in, &op))
            continue;
        uint64_t steps = at_ps < now_ps ? 0 : (at_ps - now_ps) / SCHEDULE_STEP_PS;
        if (steps > UINT16_MAX)
            steps = UINT16_MAX;
        op.number = (uint8_t)(steps / 256);
        op.size = (uint8_t)steps;
        now_ps += steps * SCHEDULE_STEP_PS;
        put(tape, op);
    }
}

/* The next step of one app that a tape has a word for; false: there is none left. */
static bool next_step(struct seeding *s, uint32_t app, uint32_t *at, struct tape_op *op)
{
    s->program = s->from->apps[app].program;
    while (*at < s->program->count) {
        uint8_t stream = op->stream;
        if (seed_step(s, &s->program->instructions[(*at)++], op))
            return true;
        *op = (struct tape_op){.stream = stream};
    }
    return false;
}

void seed_tape(const struct scenario *scenario, const struct stage_target *target,
               const struct stage *stage, uint32_t which, struct tape *tape)
{
    struct seeding s = {.from = scenario, .to = stage->scenario};
    uint32_t at[TAPE_APPS] = {0};
    bool more = true;
    tape->count = 0;
    seed_schedule(scenario, stage->start_ps, which, tape);
    uint32_t first = tape->count;
    while (more && tape->count < SEED_MAX) { /* in turns: each app keeps its beginning */
        more = false;
        for (uint32_t i = 0; i < scenario->app_count && i < TAPE_APPS; i++) {
            struct tape_op op = {.stream = (uint8_t)(STREAM_APP + i)};
            if (scenario->apps[i].engine != &app_steps_engine || !target->user.kinds[op.stream] ||
                !next_step(&s, i, &at[i], &op))
                continue;
            put(tape, op);
            more = true;
        }
    }
    if (tape->count == first)
        tape->count = 0;
}
