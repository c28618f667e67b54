/* app_bytes.c: see app_bytes.h. */
#include "fuzz/app_bytes.h"

#include "model/kernel.h"
#include "sim/random.h"
#include <string.h>

_Static_assert((int)BYTES_KINDS == (int)TAPE_KINDS, "each kind of a record means something");
_Static_assert((int)SYSCALL_CLASSES == (int)BYTES_CALL_ANY, "a class is a kind");

struct bytes {
    uint32_t at; /* of the tape */
    uint32_t
        done; /* steps of the sequence that the operation before `at` is; 0: it is over, or none */
    uint32_t top;   /* of its heap, in heap_next */
    uint16_t slot;  /* of the crypto engine, that it was given last */
    uint16_t asked; /* 1 + driver * HANDS_COMMANDS + number of the command before this */
};

static void bytes_start(struct app *app, const uint32_t r[4])
{
    (void)app;
    (void)r;
}

static void bytes_upcall(struct app *app, uint32_t function, const uint32_t r[4])
{
    (void)app;
    (void)function;
    (void)r;
}

/* --- numbers worth trying -------------------------------------------------------------------- */

/* ABI numbers of the drivers in model/ (each header says its own), and two that nobody has. */
static uint32_t driver_of(uint8_t which)
{
    static const uint32_t numbers[16] = {0x10001, 0,       1,       4,         5,       0x20001,
                                         0x20003, 0x30000, 0x30001, 0x30002,   0x30003, 0x40001,
                                         0x40006, 0x50001, 2,       UINT32_MAX};
    return numbers[which % 16];
}

uint32_t bytes_driver(uint8_t which)
{
    return driver_of(which);
}

struct span bytes_window(const struct scenario *scenario, uint8_t which)
{
    const struct board *board = &scenario->board;
    const struct kernel_config *config = &scenario->config;
    if (which < 128 && config->endpoint_count > 0)
        return config->endpoints[which % config->endpoint_count].windows[0];
    if (board->device_count == 0)
        return board->ram;
    return board->devices[which % board->device_count].window;
}

enum { EDGES = 24 };

/* Where something begins or ends. */
static uint32_t edge_of(const struct app *app, uint8_t pick)
{
    const struct bytes_program *program = app->program;
    const struct kernel_config *config = &program->scenario->config;
    const uint32_t edges[EDGES] = {
        0,
        app->ram_base,
        app->ram_base + app->ram_size / 2,
        app->ram_base + app->ram_size,
        app->result.regs.r[1], /* what the last call gave */
        app->result.regs.r[2],
        app->result.value, /* what the last load gave */
        app->flash_base,
        app->flash_base + app->flash_size,
        app->flash_base + APP_FUNCTION(0),
        config->process_ram.base,
        config->process_ram.base + config->process_ram.size,
        config->kernel_ram.base,
        config->kernel_ram.base + config->kernel_ram.size,
        0xe000e010, /* SysTick. ARMv7-M ARM, B3.2 */
        0xe000e100, /* NVIC_ISER0 */
        0xe000ed90, /* MPU_TYPE */
        0xe0100000, /* behind the private peripheral bus */
        0x1000,     /* a window's size */
        0x2000,
        0x20, /* the smallest region */
        0x7fffffff,
        0x80000000,
        UINT32_MAX,
    };
    return edges[pick % EDGES];
}

/* A number by its pick: what kind of number the upper three bits say, which one the others. */
static uint32_t value_of(const struct app *app, const struct tape_op *op, int i)
{
    const struct bytes_program *program = app->program;
    const uint8_t pick = op->value[i].pick, low = pick % 32;
    const uint32_t offset = (uint32_t)op->value[i].offset, byte = (uint8_t)offset;
    switch (pick / 32) {
    case 0:
        return edge_of(app, low) + offset;
    case 1:
        return byte;
    case 2:
        return (UINT32_C(1) << low) + offset;
    case 3: /* in its own memory */
        return app->ram_base + low * 128 + byte;
    case 4:
        return app->flash_base + APP_FUNCTION(byte % 8);
    case 5:
        return bytes_window(program->scenario, op->which).base + low / 8 * 0x100 + byte * 4;
    case 6: /* in the memory of its neighbours */
        return app->ram_base + (uint32_t)((int)low - 16) * 1024 + offset;
    default:
        return (uint32_t)random_mix((uint64_t)pick << 8 | byte);
    }
}

/* --- operations ------------------------------------------------------------------------------ */

/* Waits that may never end are few, since an app that waits tries nothing. */
static struct syscall yield_of(const struct app *app, const struct tape_op *op)
{
    static const uint8_t kinds[8] = {YIELD_NO_WAIT, YIELD_NO_WAIT,  YIELD_NO_WAIT,  YIELD_NO_WAIT,
                                     YIELD_WAIT,    YIELD_WAIT_FOR, YIELD_WAIT_FOR, 3};
    struct syscall call = {SYSCALL_YIELD, {kinds[op->number % 8], 0, 0, value_of(app, op, 1)}};
    call.args[1] = call.args[0] == YIELD_WAIT_FOR ? driver_of(op->which) : value_of(app, op, 0);
    call.args[2] = op->size;
    return call;
}

/* An app that has left for good tries nothing either. */
static struct syscall exit_of(const struct app *app, const struct tape_op *op)
{
    static const uint8_t kinds[8] = {
        EXIT_RESTART, EXIT_RESTART, EXIT_RESTART, EXIT_RESTART, EXIT_RESTART, 2, 3, EXIT_TERMINATE};
    return (struct syscall){SYSCALL_EXIT,
                            {kinds[op->number % 8], value_of(app, op, 0), value_of(app, op, 1), 0}};
}

static struct syscall call_of(const struct app *app, const struct tape_op *op)
{
    uint32_t a = value_of(app, op, 0), b = value_of(app, op, 1);
    switch (op->kind) {
    case SYSCALL_YIELD:
        return yield_of(app, op);
    case SYSCALL_EXIT:
        return exit_of(app, op);
    case SYSCALL_MEMOP:
        return (struct syscall){SYSCALL_MEMOP, {op->number % 16, a, b, 0}};
    case BYTES_CALL_ANY:
        return (struct syscall){op->number, {a, b, driver_of(op->which), op->size}};
    default:
        return (struct syscall){op->kind, {driver_of(op->which), op->number, a, b}};
    }
}

/* --- what apps usually do -------------------------------------------------------------------- */

enum { BUFFER_SIZE = 128, ANYWHERE = 192 };

/* What an argument of a usual call is. */
enum usual_argument {
    NOTHING,
    OUT,     /* a buffer in its memory, and ... */
    IN,      /* ... another one, and ... */
    KEY,     /* ... a third, each with ... */
    ROOM,    /* ... its size */
    HANDLER, /* of an upcall */
    SIZE,    /* of what goes or comes: 1 + `size` % 64; from 192 on BUFFER_SIZE */
    PAIR,    /* two of them, for I2C: an address and what goes out */
    FIRST,   /* value[0], small: a pin, a channel, an offset, a port, an address */
    SECOND,  /* value[1], small */
    AES,     /* ... and a register below: register, mode, direction */
    PIN,     /* one that a chip listens to, or the next ones */
    ADDRESS, /* of advertising packets, for the radio, and ... */
    PRESET,  /* ... the start of their CRC. Bluetooth Core 5.4, Vol 6, Part B, 2.1.2, 3.1.1 */
    CHANNEL, /* one of three */
    SLOT,    /* the key register that it was given last, or FIRST */
    FEW,     /* as much as comes at once */
    PACKET,  /* the size of one */
    HEADER,  /* ... and its first two bytes, which are in OUT */
    WITHIN,  /* as many bytes of its buffer: value[1].offset, or, if that is 0, all of it */
    FILL,    /* a word of one byte, by `which` */
    TEXT,    /* ... or one with what stands around frames in it */
    LAST,    /* an offset where the region ends, or where the sum with a length wraps */
    CHIP,    /* an address of I2C */
    RATE,    /* a rate of SPI, ... */
    PHASE,
    POLARITY,
};

struct usual_call {
    uint8_t class, number, a, b; /* of class BYTES_STORE: a word at a, that no other app writes */
};

/* Where runs with secrets are compared apps do the first of them alone. */
enum { USUAL_CALLS = BYTES_CALLS - 1, USUALS = 33, USUALS_SECRETIVE = 16 };

/* As libtock's drivers call. Each row ends with its upcall's number. */
static const struct usual {
    uint32_t driver;
    uint8_t upcall;
    struct usual_call calls[USUAL_CALLS]; /* of class SYSCALL_YIELD: there is none */
} usuals[USUALS] = {
    {0, 0, {{SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING}, {SYSCALL_COMMAND, 5, FIRST, NOTHING}}},
    {1,
     1,
     {{SYSCALL_ALLOW_RO, 1, OUT, ROOM},
      {SYSCALL_SUBSCRIBE, 1, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 1, SIZE, NOTHING}}},
    {1,
     2,
     {{SYSCALL_ALLOW_RW, 1, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 2, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 2, SIZE, NOTHING}}},
    {5, 0, {{SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING}, {SYSCALL_COMMAND, 1, FIRST, NOTHING}}},
    {0x20001,
     0,
     {{SYSCALL_ALLOW_RO, 0, OUT, ROOM},
      {SYSCALL_ALLOW_RW, 0, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, PIN, NOTHING},
      {SYSCALL_COMMAND, 2, SIZE, NOTHING}}},
    {0x20003,
     0,
     {{SYSCALL_ALLOW_RW, 1, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, PAIR, SIZE}}},
    {0x20003,
     0,
     {{SYSCALL_ALLOW_RW, 1, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 2, CHIP, SIZE}}},
    {0x40001,
     0,
     {{SYSCALL_ALLOW_RW, 0, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 1, SIZE, NOTHING}}},
    {0x50001,
     0,
     {{SYSCALL_ALLOW_RW, 0, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 2, FIRST, SIZE}}},
    {0x50001,
     1,
     {{SYSCALL_ALLOW_RO, 0, OUT, ROOM},
      {SYSCALL_SUBSCRIBE, 1, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, FIRST, SIZE}}},
    {0x40006,
     0,
     {{BYTES_STORE, 0, KEY, NOTHING},
      {SYSCALL_ALLOW_RO, 0, KEY, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 1, NOTHING, NOTHING},
      {SYSCALL_COMMAND, 2, SLOT, NOTHING}}},
    {0x40006,
     0,
     {{SYSCALL_ALLOW_RO, 1, OUT, ROOM},
      {SYSCALL_ALLOW_RW, 0, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, AES, SIZE}}},
    {0x30003,
     0,
     {{SYSCALL_COMMAND, 1, FIRST, NOTHING},
      {SYSCALL_ALLOW_RW, 0, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, NOTHING, NOTHING}}},
    {0x30003,
     1,
     {{SYSCALL_COMMAND, 1, FIRST, NOTHING},
      {SYSCALL_ALLOW_RO, 0, OUT, ROOM},
      {SYSCALL_SUBSCRIBE, 1, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 4, SIZE, NOTHING}}},
    {0x30002,
     0,
     {{SYSCALL_COMMAND, 1, FIRST, NOTHING},
      {SYSCALL_ALLOW_RW, 0, IN, ROOM},
      {SYSCALL_ALLOW_RW, 1, KEY, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 4, NOTHING, NOTHING}}},
    {0x30002,
     1,
     {{SYSCALL_COMMAND, 1, FIRST, NOTHING},
      {SYSCALL_ALLOW_RO, 0, OUT, ROOM},
      {SYSCALL_SUBSCRIBE, 1, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, SIZE, SECOND}}},
    /* Lets its address go, and binds one; what it sends is not all zeros. */
    {0x30003,
     1,
     {{SYSCALL_COMMAND, 2, NOTHING, NOTHING},
      {SYSCALL_COMMAND, 1, FIRST, NOTHING},
      {BYTES_STORE, 0, OUT, FILL},
      {SYSCALL_ALLOW_RO, 0, OUT, ROOM},
      {SYSCALL_SUBSCRIBE, 1, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 4, SIZE, NOTHING}}},
    {0x30003,
     0,
     {{SYSCALL_COMMAND, 2, NOTHING, NOTHING},
      {SYSCALL_COMMAND, 1, FIRST, NOTHING},
      {SYSCALL_ALLOW_RW, 0, IN, WITHIN},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, NOTHING, NOTHING}}},
    {0x30002,
     1,
     {{SYSCALL_COMMAND, 2, NOTHING, NOTHING},
      {SYSCALL_COMMAND, 1, FIRST, NOTHING},
      {BYTES_STORE, 0, OUT, FILL},
      {SYSCALL_ALLOW_RO, 0, OUT, ROOM},
      {SYSCALL_SUBSCRIBE, 1, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, SIZE, SECOND}}},
    {0x30002,
     0,
     {{SYSCALL_COMMAND, 2, NOTHING, NOTHING},
      {SYSCALL_COMMAND, 1, FIRST, NOTHING},
      {SYSCALL_ALLOW_RW, 0, IN, WITHIN},
      {SYSCALL_ALLOW_RW, 1, KEY, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 4, NOTHING, NOTHING}}},
    /* To another address than the host's. */
    {0x30002,
     1,
     {{SYSCALL_COMMAND, 1, FIRST, NOTHING},
      {SYSCALL_ALLOW_RO, 0, OUT, ROOM},
      {SYSCALL_ALLOW_RO, 1, KEY, WITHIN},
      {SYSCALL_SUBSCRIBE, 1, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, SIZE, SECOND}}},
    {0x20001,
     0,
     {{SYSCALL_COMMAND, 3, PIN, NOTHING},
      {SYSCALL_COMMAND, 5, RATE, NOTHING},
      {SYSCALL_COMMAND, 7, PHASE, NOTHING},
      {SYSCALL_COMMAND, 9, POLARITY, NOTHING},
      {SYSCALL_ALLOW_RO, 0, OUT, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 2, SIZE, NOTHING}}},
    {0x20003,
     0,
     {{BYTES_STORE, 0, IN, FILL},
      {SYSCALL_ALLOW_RW, 1, IN, WITHIN},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 1, CHIP, SIZE}}},
    {1,
     1,
     {{BYTES_STORE, 0, OUT, TEXT},
      {SYSCALL_ALLOW_RO, 1, OUT, ROOM},
      {SYSCALL_SUBSCRIBE, 1, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 1, SIZE, NOTHING}}},
    {0x50001,
     1,
     {{BYTES_STORE, 0, OUT, FILL},
      {SYSCALL_ALLOW_RO, 0, OUT, ROOM},
      {SYSCALL_SUBSCRIBE, 1, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, FIRST, SIZE}}},
    {0x50001,
     1,
     {{SYSCALL_ALLOW_RO, 0, OUT, ROOM},
      {SYSCALL_SUBSCRIBE, 1, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, LAST, SIZE}}},
    {0x50001,
     0,
     {{SYSCALL_ALLOW_RW, 0, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 2, LAST, SIZE}}},
    {1,
     2,
     {{SYSCALL_ALLOW_RW, 1, IN, WITHIN},
      {SYSCALL_SUBSCRIBE, 2, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 2, SIZE, NOTHING},
      {SYSCALL_COMMAND, 3, NOTHING, NOTHING}}},
    {0x30003, 0, {{SYSCALL_COMMAND, 2, NOTHING, NOTHING}}},
    {0x30002, 0, {{SYSCALL_COMMAND, 2, NOTHING, NOTHING}}},
    {0x40001,
     0,
     {{SYSCALL_ALLOW_RW, 0, IN, WITHIN},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 1, SIZE, NOTHING}}},
    {0x20001,
     0,
     {{BYTES_STORE, 0, OUT, FILL},
      {SYSCALL_ALLOW_RO, 0, OUT, ROOM},
      {SYSCALL_ALLOW_RW, 0, IN, WITHIN},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 2, SIZE, NOTHING}}},
    /* With a register, and no key in it. */
    {0x40006,
     0,
     {{SYSCALL_COMMAND, 1, NOTHING, NOTHING},
      {SYSCALL_ALLOW_RO, 1, OUT, ROOM},
      {SYSCALL_ALLOW_RW, 0, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, AES, SIZE}}},
};

/* With a secret: the radio, when its crystal has had time, is taken, a packet sent, and it is given
 * back, or kept; it is given back. A key register is asked for, gets a key and is given back; is
 * asked for, and used without one; is given back. A little text is waited for, or storage read. */
enum { SECRETIVES = 8, SECRETIVE_FIRST = 64, SECOND_1000TH_CYCLES = 64000 };
#define RADIO_TAKEN                                                                                \
    {BYTES_COMPUTE, 0, NOTHING, NOTHING}, {SYSCALL_COMMAND, 1, NOTHING, NOTHING},                  \
        {SYSCALL_COMMAND, 4, ADDRESS, PRESET}, {SYSCALL_COMMAND, 5, CHANNEL, NOTHING},             \
        {BYTES_STORE, 0, OUT, HEADER}, {SYSCALL_ALLOW_RO, 0, OUT, ROOM},                           \
    {                                                                                              \
        SYSCALL_COMMAND, 9, PACKET, NOTHING                                                        \
    }
static const struct usual secretives[SECRETIVES] = {
    {0x30001, 1, {RADIO_TAKEN, {SYSCALL_COMMAND, 2, NOTHING, NOTHING}}},
    {0x30001, 1, {RADIO_TAKEN}},
    {0x30001, 1, {{SYSCALL_COMMAND, 2, NOTHING, NOTHING}}},
    {0x40006,
     0,
     {{SYSCALL_ALLOW_RO, 0, KEY, ROOM},
      {SYSCALL_COMMAND, 1, NOTHING, NOTHING},
      {SYSCALL_COMMAND, 2, SLOT, NOTHING},
      {SYSCALL_COMMAND, 4, SLOT, NOTHING}}},
    {0x40006,
     0,
     {{SYSCALL_COMMAND, 1, NOTHING, NOTHING},
      {SYSCALL_ALLOW_RO, 1, OUT, ROOM},
      {SYSCALL_ALLOW_RW, 0, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 3, AES, SIZE}}},
    {0x40006, 0, {{SYSCALL_COMMAND, 4, SLOT, NOTHING}}},
    {1,
     2,
     {{SYSCALL_ALLOW_RW, 1, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 2, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 2, FEW, NOTHING}}},
    {0x50001,
     0,
     {{SYSCALL_ALLOW_RW, 0, IN, ROOM},
      {SYSCALL_SUBSCRIBE, 0, HANDLER, NOTHING},
      {SYSCALL_COMMAND, 2, NOTHING, FEW}}},
};

static uint32_t small(struct tape_value value)
{
    return value.pick < 192 ? value.pick % 4 : value.pick;
}

/* Of a secretive app: its own more often than any. */
static uint32_t slot_of(const struct app *app, const struct tape_op *op)
{
    const struct bytes_program *program = app->program;
    const struct bytes *bytes = app_state_read(app);
    return program->secretive && op->value[0].offset >= 0 ? bytes->slot : small(op->value[0]);
}

/* One of four. */
static uint32_t fourth(const uint32_t of[4], uint32_t which)
{
    return of[which % 4];
}

/* Of what the later rows have. */
static uint32_t later_value(const struct tape_op *op, enum usual_argument what)
{
    static const uint32_t texts[4] = {0x7e7e7e7e, 0x41037e7e, 0x7e5e7d0a, 0x64636261};
    static const uint32_t lasts[4] = {4095, 4092, UINT32_MAX, UINT32_MAX - 15};
    static const uint32_t rates_hz[4] = {125000, 1000000, 8000000, 100};
    switch (what) {
    case WITHIN:
        return op->value[1].offset ? (uint8_t)op->value[1].offset : BUFFER_SIZE;
    case FILL:
        return (op->which + 1u) * UINT32_C(0x01010101);
    case TEXT:
        return fourth(texts, op->which / 64);
    case LAST:
        return fourth(lasts, op->value[0].pick);
    case CHIP:
        return 0x40 + small(op->value[0]);
    case RATE:
        return fourth(rates_hz, op->which / 64);
    case PHASE:
        return op->which / 32 % 2;
    case POLARITY:
        return op->which / 16 % 2;
    default:
        return 0;
    }
}

static uint32_t usual_value(const struct app *app, const struct tape_op *op,
                            enum usual_argument what)
{
    uint32_t size = op->size < 192 ? 1 + op->size % 64u : BUFFER_SIZE;
    switch (what) {
    case OUT:
        return app->ram_base + 0x100;
    case IN:
        return app->ram_base + 0x200;
    case KEY:
        return app->ram_base + 0x300;
    case ROOM:
        return BUFFER_SIZE;
    case HANDLER:
        return app->flash_base + APP_FUNCTION(op->which / 2 % 8);
    case SIZE:
        return size;
    case PAIR:
        return 0x40 + small(op->value[0]) + (op->size % 2 ? size << 8 : 0);
    case FIRST:
        return small(op->value[0]);
    case SECOND:
        return small(op->value[1]);
    case SLOT:
        return slot_of(app, op);
    case AES:
        return slot_of(app, op) | small(op->value[1]) << 8 | (op->size & 1u) << 16;
    case PIN:
        return 5 + small(op->value[0]);
    case ADDRESS:
        return 0x71764129;
    case PRESET:
        return 0x555555;
    case CHANNEL:
        return 37 + op->size % 3u;
    case FEW:
        return 1 + op->size % 4u;
    case PACKET:
        return 2 + op->size % 32u;
    case HEADER: /* a non-connectable advertiser's packet, its length behind it */
        return 2 | (op->size % 32u) << 8;
    default:
        return later_value(op, what);
    }
}

static const struct usual *usual_of(const struct app *app, const struct tape_op *op)
{
    const struct bytes_program *program = app->program;
    if (op->kind != BYTES_CALL_ANY)
        return NULL;
    if (program->secretive && op->number >= SECRETIVE_FIRST && op->number < BYTES_HEAP)
        return &secretives[op->number % SECRETIVES];
    if (op->number < BYTES_USUAL)
        return NULL;
    return &usuals[(op->number - BYTES_USUAL) % (program->secretive ? USUALS_SECRETIVE : USUALS)];
}

static struct syscall usual_call_of(const struct app *app, const struct usual *usual,
                                    const struct tape_op *op, const struct usual_call *call)
{
    bool is_allow = call->class == SYSCALL_ALLOW_RO || call->class == SYSCALL_ALLOW_RW;
    if (is_allow && op->value[1].pick >= ANYWHERE)
        return (struct syscall){
            call->class,
            {usual->driver, call->number,
             edge_of(app, op->value[1].pick % 32) + (uint32_t)op->value[1].offset,
             (uint8_t)op->value[0].offset}};
    return (struct syscall){call->class,
                            {usual->driver, call->number,
                             usual_value(app, op, (enum usual_argument)call->a),
                             usual_value(app, op, (enum usual_argument)call->b)}};
}

/* The next call of the sequence, and the wait behind the last one. */
static void usual_next(const struct app *app, const struct usual *usual, const struct tape_op *op,
                       struct bytes *bytes, struct app_op *out)
{
    const struct usual_call *call = &usual->calls[bytes->done++];
    bool is_over = call->class == SYSCALL_YIELD;
    if (is_over)
        out->call =
            (struct syscall){SYSCALL_YIELD, {YIELD_WAIT_FOR, usual->driver, usual->upcall, 0}};
    else if (call->class == BYTES_STORE)
        *out = app_store(usual_value(app, op, (enum usual_argument)call->a),
                         call->b ? usual_value(app, op, (enum usual_argument)call->b)
                                 : (app->index * 16 + op->size % 16 + 1) * UINT32_C(0x01010101));
    else if (call->class == BYTES_COMPUTE)
        *out = (struct app_op){.kind = OP_COMPUTE, .cycles = SECOND_1000TH_CYCLES};
    else
        out->call = usual_call_of(app, usual, op, call);
    if (is_over || (call[1].class == SYSCALL_YIELD && op->which % 2 == 0))
        bytes->done = 0;
}

/* --- what an owner usually does -------------------------------------------------------------- */

enum { SUBSCRIBES = 1, WORKS = 2, WAITS = 4, RETURNS = 8, ALWAYS = 16 };

enum owner_step {
    OWNER_SUBSCRIBE,
    OWNER_ALLOCATE,
    OWNER_ENABLE,
    OWNER_COMPARE,
    OWNER_START,
    OWNER_WORK,
    OWNER_WAIT,
    OWNER_RELEASE,
    OWNER_STEPS
};
_Static_assert((int)OWNER_STEPS <= (int)BYTES_CALLS, "the log has room for each step");

/* By which of the flags that `number` is. */
static const uint8_t owner_steps[OWNER_STEPS] = {
    [OWNER_SUBSCRIBE] = SUBSCRIBES, [OWNER_ALLOCATE] = ALWAYS, [OWNER_ENABLE] = ALWAYS,
    [OWNER_COMPARE] = ALWAYS,       [OWNER_START] = ALWAYS,    [OWNER_WORK] = WORKS,
    [OWNER_WAIT] = WAITS,           [OWNER_RELEASE] = RETURNS,
};

static bool owner_of(const struct tape_op *op)
{
    return op->kind == BYTES_CALL_ANY && op->number >= BYTES_OWNS && op->number < BYTES_USUAL;
}

/* CC[1] and on of a timer that stands still keep a secret, and steer nothing. */
static bool keeps_secret(const struct app *app, const struct tape_op *op)
{
    const struct bytes_program *program = app->program;
    return program->secretive && op->value[1].pick % 2;
}

static bool is_timer(const struct board *board, uint32_t address)
{
    uint32_t device = board_device_at(board, address);
    const struct device_type *type = device == BOARD_NONE ? NULL : board->devices[device].type;
    return type && strcmp(type->name, "nrf52-timer") == 0;
}

static uint32_t owner_after(const struct app *app, const struct tape_op *op, uint32_t step)
{
    bool still = keeps_secret(app, op);
    while (step < OWNER_STEPS &&
           (!((op->number | ALWAYS) & owner_steps[step]) ||
            (still && (step == OWNER_ENABLE || step == OWNER_START || step == OWNER_WAIT))))
        step++;
    return step;
}

static bool was_refused(const struct app *app)
{
    const uint32_t *r = app->result.regs.r;
    return r[0] == RETURN_FAILURE && r[1] != ERR_ALREADY;
}

/* Registers of nearly all peripherals of the chip: a task at 0, INTENSET at 0x304, and of those
 * that count CC[0] at 0x540. Source: nRF52840 Product Specification v1.7, each one's section. */
static void owner_do(const struct app *app, const struct tape_op *op, enum owner_step step,
                     struct app_op *out)
{
    const struct scenario *s = ((const struct bytes_program *)app->program)->scenario;
    const uint32_t driver = s->config.passthrough_driver;
    const struct span window = bytes_window(s, op->which);
    switch (step) {
    case OWNER_SUBSCRIBE:
        out->call = (struct syscall){
            SYSCALL_SUBSCRIBE,
            {driver, PASSTHROUGH_UPCALL, app->flash_base + APP_FUNCTION(op->which / 2 % 8), 0}};
        break;
    case OWNER_ALLOCATE:
    case OWNER_RELEASE:
        out->call = (struct syscall){
            SYSCALL_COMMAND,
            {driver, step == OWNER_ALLOCATE ? PASSTHROUGH_ALLOCATE : PASSTHROUGH_RELEASE,
             window.base, window.size}};
        break;
    case OWNER_ENABLE:
        *out = app_store(window.base + 0x304, UINT32_MAX);
        break;
    case OWNER_COMPARE:
        *out = app_store(window.base + 0x540, 1 + small(op->value[0]));
        if (!keeps_secret(app, op))
            break;
        out->address += 4;
        out->secret = is_timer(&s->board, window.base);
        break;
    case OWNER_START:
        *out = app_store(window.base, 1);
        break;
    case OWNER_WORK:
        *out = (struct app_op){.kind = OP_COMPUTE, .cycles = 1 + op->size * UINT64_C(64)};
        break;
    default:
        out->call =
            (struct syscall){SYSCALL_YIELD, {YIELD_WAIT_FOR, driver, PASSTHROUGH_UPCALL, 0}};
        break;
    }
}

/* One who was not given the device leaves its registers alone. */
static void owner_next(const struct app *app, const struct tape_op *op, struct bytes *bytes,
                       struct app_op *out)
{
    uint32_t step = owner_after(app, op, bytes->done);
    if ((step == OWNER_ENABLE || step == OWNER_COMPARE) && bytes->done == OWNER_ALLOCATE + 1 &&
        was_refused(app))
        step = owner_after(app, op, OWNER_WORK);
    if (step < OWNER_STEPS)
        owner_do(app, op, (enum owner_step)step, out);
    else /* it was asked for nothing more: the operation is over in no time */
        *out = (struct app_op){.kind = OP_COMPUTE, .cycles = 1};
    bytes->done = owner_after(app, op, step + 1) < OWNER_STEPS ? step + 1 : 0;
}

/* --- working while events come --------------------------------------------------------------- */

enum { TICK_CYCLES = 2048, TICKS_MORE = 4 }; /* a tick of 32,768 Hz, and some for the way */

static bool busy_of(const struct tape_op *op)
{
    return op->kind == BYTES_CALL_ANY && op->number >= BYTES_BUSY && op->number < BYTES_OWNS;
}

static void busy_next(const struct tape_op *op, struct bytes *bytes, struct app_op *out)
{
    const uint32_t ticks = op->number % 16u;
    if (bytes->done == 0)
        out->call = (struct syscall){SYSCALL_COMMAND, {0, 5, ticks, 0}}; /* the alarm's */
    else
        *out = (struct app_op){.kind = OP_COMPUTE,
                               .cycles = (uint64_t)(ticks + TICKS_MORE) * TICK_CYCLES};
    bytes->done = bytes->done == 0;
}

/* Most of the time nothing, so that requests are granted. */
static uint32_t step_beside(struct tape_value value)
{
    const uint32_t offset = (uint32_t)value.offset;
    if (value.pick < 192)
        return 0;
    if (value.pick < 224)
        return offset * 32;
    if (value.pick < 232)
        return offset;
    return value.pick < 248 ? offset * 0x1000 : (uint32_t)random_mix(value.pick * 256u + offset);
}

static struct syscall passthrough_of(const struct app *app, const struct tape_op *op)
{
    const struct scenario *s = ((const struct bytes_program *)app->program)->scenario;
    struct span window = bytes_window(s, op->which);
    return (struct syscall){SYSCALL_COMMAND,
                            {s->config.passthrough_driver, 1 + op->number % 3u,
                             window.base + step_beside(op->value[0]),
                             window.size + step_beside(op->value[1])}};
}

/* --- what an app with a heap does ------------------------------------------------------------ */

enum { SHARED = 64 };

enum heap_step {
    HEAP_FIND, /* where grants begin: its memory can grow up to there */
    HEAP_GROW,
    HEAP_FILL,
    HEAP_SHARE,
    HEAP_SHRINK,
    HEAP_STEPS
};
_Static_assert((int)HEAP_STEPS <= (int)BYTES_CALLS, "the log has room for each step");

static const uint8_t heap_steps[HEAP_STEPS] = {
    [HEAP_FIND] = ALWAYS,       [HEAP_GROW] = HEAP_GROWS,     [HEAP_FILL] = HEAP_FILLS,
    [HEAP_SHARE] = HEAP_SHARES, [HEAP_SHRINK] = HEAP_SHRINKS,
};

static bool heap_of(const struct tape_op *op)
{
    return op->kind == BYTES_CALL_ANY && op->number >= BYTES_HEAP && op->number < BYTES_BUSY;
}

static uint32_t heap_after(const struct tape_op *op, uint32_t step)
{
    while (step < HEAP_STEPS && !((op->number % 16u | ALWAYS) & heap_steps[step]))
        step++;
    return step;
}

/* Just below where grants begin, or where a region of the MPU, or a part of one, may end there. */
static uint32_t heap_top(const struct tape_op *op, uint32_t grants)
{
    static const uint32_t units[4] = {16, 256, 512, 1024};
    const uint8_t pick = op->value[0].pick;
    return (grants - pick % 16 * 16u) & ~(units[pick / 64] - 1);
}

static void heap_do(const struct tape_op *op, enum heap_step step, uint32_t top, struct app_op *out)
{
    const uint32_t less = (1 + op->size) * 16u;
    switch (step) {
    case HEAP_FIND:
        out->call = (struct syscall){SYSCALL_MEMOP, {MEMOP_GRANT_START, 0, 0, 0}};
        break;
    case HEAP_GROW:
        out->call = (struct syscall){SYSCALL_MEMOP, {MEMOP_BRK, top, 0, 0}};
        break;
    case HEAP_FILL:
        *out = app_store(top - 4 * (1 + op->size % 16u), UINT32_MAX);
        break;
    case HEAP_SHARE:
        out->call = (struct syscall){
            op->value[1].pick % 2 ? SYSCALL_ALLOW_RW : SYSCALL_ALLOW_RO,
            {driver_of(op->which), op->value[1].pick / 2 % 2u, top - SHARED, SHARED}};
        break;
    default:
        out->call = (struct syscall){SYSCALL_MEMOP, {MEMOP_BRK, top - less, 0, 0}};
        if (op->which % 2)
            out->call = (struct syscall){SYSCALL_MEMOP, {MEMOP_SBRK, 0 - less, 0, 0}};
        break;
    }
}

/* Who got no memory does not write there. */
static void heap_next(const struct app *app, const struct tape_op *op, struct bytes *bytes,
                      struct app_op *out)
{
    uint32_t step = heap_after(op, bytes->done);
    if (bytes->done == HEAP_FIND + 1)
        bytes->top = heap_top(op, app->result.regs.r[1]);
    if (step == HEAP_FILL && (!(op->number & HEAP_GROWS) || was_refused(app)))
        step = heap_after(op, HEAP_SHARE);
    if (step < HEAP_STEPS)
        heap_do(op, (enum heap_step)step, bytes->top, out);
    else
        *out = (struct app_op){.kind = OP_COMPUTE, .cycles = 1};
    bytes->done = heap_after(op, step + 1) < HEAP_STEPS ? step + 1 : 0;
}

static struct app_op access_of(const struct app *app, const struct tape_op *op)
{
    static const uint8_t sizes[4] = {4, 4, 1, 2}, widths[4] = {4, 4, 2, 2};
    static const enum app_op_kind kinds[] = {OP_LOAD, OP_STORE, OP_EXECUTE};
    bool executes = op->kind == BYTES_EXECUTE;
    return (struct app_op){.kind = kinds[op->kind - BYTES_LOAD],
                           .address = value_of(app, op, 0),
                           .size = (executes ? widths : sizes)[op->size % 4],
                           .value = value_of(app, op, 1)};
}

static struct app_op drive_of(const struct app *app, const struct tape_op *op)
{
    uint32_t offset = op->number * 16u + op->size % 4 * 4u;
    const struct bytes_program *program = app->program;
    struct span window = bytes_window(program->scenario, op->which);
    if (program->secretive && op->number >= 128)
        offset = 0x544 + op->size % 4 * 4u; /* CC[1] of what counts */
    struct app_op drive = app_store(window.base + offset, value_of(app, op, 0));
    if (op->size >= 4)
        drive.kind = OP_LOAD;
    else
        drive.secret = program->secretive && op->number >= 128 &&
                       is_timer(&program->scenario->board, window.base);
    return drive;
}

/* --- with a secret --------------------------------------------------------------------------- */

/* What is its own alone, in the place of what others may have as well. */
static void keep_apart(const struct app *app, struct app_op *out)
{
    const struct bytes_program *program = app->program;
    uint32_t *r = out->call.args;
    if (!program->secretive || out->kind != OP_SYSCALL || out->call.class != SYSCALL_COMMAND)
        return;
    if (r[0] == 0x30003 && r[1] == 1)
        r[2] = bytes_frame_address(app->index);
    else if (r[0] == 0x30002 && r[1] == 1)
        r[2] = bytes_udp_port(app->index);
    else if (r[0] == 1 && r[1] == 2 && program->reads_once && app->lives > 1)
        *out = (struct app_op){.kind = OP_COMPUTE, .cycles = 1};
}

/* --- who has what --------------------------------------------------------------------------- */

static uint32_t asked_of(const struct app_op *op)
{
    const uint32_t *r = op->call.args;
    if (op->kind != OP_SYSCALL || op->call.class != SYSCALL_COMMAND || r[1] >= HANDS_COMMANDS)
        return 0;
    for (uint32_t i = 0; i < HANDS_DRIVERS; i++)
        if (driver_of((uint8_t)i) == r[0])
            return 1 + i * HANDS_COMMANDS + r[1];
    return 0;
}

/* Command 1 of driver 0x40006: driver_of(12). */
enum { ASKED_FOR_A_KEY = 1 + 12 * HANDS_COMMANDS + 1 };

/* Behind a command that was not refused. */
static void take_hand(const struct app *app, struct bytes_hands *hands, uint32_t asked)
{
    uint32_t driver = (asked - 1) / HANDS_COMMANDS, number = (asked - 1) % HANDS_COMMANDS;
    uint32_t last = hands->last[driver], by = app->index % 2;
    hands->last[driver] = (uint8_t)(1 + by * HANDS_COMMANDS + number);
    if (last == 0 || (last - 1) / HANDS_COMMANDS == by)
        return;
    uint32_t before = (last - 1) % HANDS_COMMANDS;
    hands->changed[((by * HANDS_DRIVERS + driver) * HANDS_COMMANDS + before) * HANDS_COMMANDS +
                   number] = 1;
}

static void look_at_hands(const struct app *app, struct bytes *bytes)
{
    const struct bytes_program *program = app->program;
    if (program->hands && bytes->asked && app->result.regs.r[0] != RETURN_FAILURE)
        take_hand(app, program->hands, bytes->asked);
    if (program->hands && bytes->asked == ASKED_FOR_A_KEY &&
        app->result.regs.r[0] == RETURN_SUCCESS_U32)
        bytes->slot = (uint16_t)app->result.regs.r[1];
    bytes->asked = 0;
}

/* An operation is given once, in a few calls at most: the log has room for those of any tape. */
static void note(struct app *app, struct app_op *op)
{
    const struct bytes_program *program = app->program;
    struct bytes *bytes = app_state(app);
    keep_apart(app, op);
    if (program->hands)
        bytes->asked = (uint16_t)asked_of(op);
    if (program->log && program->log->count < BYTES_GIVEN_MAX)
        program->log->given[program->log->count++] =
            (struct bytes_given){.app = app->index, .ram_base = app->ram_base, .op = *op};
}

static void bytes_next(struct app *app, struct app_op *out)
{
    const struct bytes_program *program = app->program;
    struct bytes *bytes = app_state(app);
    const struct tape_op *op = bytes->done ? &program->tape->ops[bytes->at - 1]
                                           : tape_next(program->tape, program->stream, &bytes->at);
    *out = (struct app_op){.kind = OP_SYSCALL, .call = {SYSCALL_YIELD, {YIELD_WAIT, 0, 0, 0}}};
    look_at_hands(app, bytes);
    if (!op)
        return;
    if (usual_of(app, op)) {
        usual_next(app, usual_of(app, op), op, bytes, out);
        note(app, out);
        return;
    }
    if (owner_of(op) || busy_of(op) || heap_of(op)) {
        if (owner_of(op))
            owner_next(app, op, bytes, out);
        else if (heap_of(op))
            heap_next(app, op, bytes, out);
        else
            busy_next(op, bytes, out);
        note(app, out);
        return;
    }
    switch (op->kind) {
    case BYTES_LOAD:
    case BYTES_STORE:
    case BYTES_EXECUTE:
        *out = access_of(app, op);
        break;
    case BYTES_COMPUTE:
        out->kind = OP_COMPUTE;
        out->cycles = (op->which * UINT64_C(256) + op->number + 1) << op->size % 5;
        break;
    case BYTES_PASSTHROUGH:
        out->call = passthrough_of(app, op);
        break;
    case BYTES_DRIVE:
        *out = drive_of(app, op);
        break;
    case BYTES_FAULT:
        out->kind = OP_FAULT;
        break;
    default:
        out->call = call_of(app, op);
        break;
    }
    note(app, out);
}

const struct app_engine bytes_engine = {
    .name = "bytes",
    .about = "plays one stream of a fuzzer's tape",
    .state_size = sizeof(struct bytes),
    .start = bytes_start,
    .upcall = bytes_upcall,
    .next = bytes_next,
    .program_size = sizeof(struct bytes_program),
};
