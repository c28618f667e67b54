/* twim.c: TWIM0..1: the two-wire (I2C) master with EasyDMA.
 * Source: nRF52840 Product Specification v1.7, section 6.31, "TWIM - I2C compatible two-wire
 * interface master with EasyDMA"; register table as in Nordic's nrf52840.svd.
 *
 *   STARTTX --START, address + W--> for each byte: RAM --DMA--> wire, acknowledge  ... LASTTX
 *   STARTRX --START, address + R--> for each byte: wire --DMA--> RAM, acknowledge  ... LASTRX
 *
 * A bit takes floor(2^32 / FREQUENCY) cycles of the 16 MHz clock: 160, 64 and 40 for the three
 * values that the specification lists, so 100, 250 and 400 kbps exactly. An address or a byte is
 * eight bits and one of acknowledge. Who is addressed may hold the clock behind each of them: the
 * master waits, for ever if need be. Memory is read when a byte begins and written when it has
 * come, so what happens to a buffer meanwhile matters. Bytes from a refused address are sent as 0.
 *
 * The master never stops by itself: after the last byte, and after an error, it holds the clock
 * until it is told what comes next, by STOP, STARTTX, STARTRX, or a short cut before. Tasks take
 * effect at the end of the byte that is under way: SUSPEND first, then STOP, then a repeated START.
 * A STOP ends a transfer early; a start waits until the transfer before it is over. A STOP while it
 * is suspended has no effect: RESUME comes first.
 *
 * Choices where the specification is silent: START and STOP conditions take one bit each; a byte
 * that comes in is not acknowledged if it is the last of its buffer or if STOP waits; pointer and
 * length are latched when START goes on the wire (TXSTARTED, RXSTARTED), AMOUNT counts up byte by
 * byte, one that was not acknowledged included; a buffer of 0 bytes sends the address alone, has no
 * LASTTX or LASTRX, and wants a STOP; an error forgets a start that waited; STOP of an idle master
 * gives STOPPED at once, SUSPEND of an idle one does nothing; FREQUENCY written in the middle of a
 * byte times that byte anew, 0 never ends it; ENABLE other than 6 lets go of both lines, silently
 * and at once. Whoever holds the clock holds it still: the next START waits, too.
 *
 * An injected error is an overrun: ERRORSRC.OVERRUN and ERROR; of a receive under way the next byte
 * is lost: it counts, and memory keeps what was there.
 *
 * Not modelled: pins (PSEL is stored; the bus is there whatever it says), array lists (LIST is
 * stored), other masters, a slave that is left in mid-byte with a 0 on the data line (it would keep
 * the next START off the wire until it is clocked on), the anomalies of the chip's revisions, SPIM,
 * SPIS, TWIS and TWI at the same address (ENABLE 7, 2, 9, 5: nothing there).
 */
#include "devices/catalogue.h"

/* Numbers of the events. */
enum {
    STOPPED = 1,
    ERROR = 9,
    SUSPENDED = 18,
    RXSTARTED = 19,
    TXSTARTED = 20,
    LASTRX = 23,
    LASTTX = 24,
    EVENT_BITS = 0x19c0202,
};
enum {
    TASKS_STARTRX,
    TASKS_STARTTX,
    TASKS_STOP,
    TASKS_SUSPEND,
    TASKS_RESUME,
    EVENTS,
    SHORTS = EVENTS + 7,
    INTEN,
    INTENSET,
    INTENCLR,
    ERRORSRC,
    ENABLE,
    PSEL,
    FREQUENCY = PSEL + 2,
    RXD_PTR,
    RXD_MAXCNT,
    RXD_AMOUNT,
    RXD_LIST,
    TXD_PTR,
    TXD_MAXCNT,
    TXD_AMOUNT,
    TXD_LIST,
    ADDRESS,
};
enum { ENABLE_TWIM = 6, ERROR_OVERRUN = 1, ERROR_ANACK = 2, ERROR_DNACK = 4 };
enum { TAG_TX = 1, TAG_RX = 2 };

/* What happens on the bus. */
enum step {
    STEP_IDLE, /* both lines are high */
    STEP_START,
    STEP_ADDRESS, /* address, direction, acknowledgement */
    STEP_BYTE,    /* and its acknowledgement */
    STEP_STOP,
    STEP_STRETCHED, /* who is addressed holds the clock */
    STEP_HELD,      /* we hold the clock: there is nothing to do */
    STEP_SUSPENDED, /* we hold the clock until RESUME */
};
static const uint8_t step_bits[] = {
    [STEP_START] = 1, [STEP_ADDRESS] = 9, [STEP_BYTE] = 9, [STEP_STOP] = 1};

enum direction { NOWHERE, OUT, IN };

struct twim {
    uint64_t clock_free_ps;       /* until then somebody else holds the clock */
    uint32_t pointer, size, done; /* of the transfer under way: address; bytes; bytes so far */
    uint8_t step;                 /* enum step */
    uint8_t direction;            /* of the transfer under way; NOWHERE: it is over */
    uint8_t next;                 /* of the start that waits */
    uint8_t address;              /* with the direction, as on the wire */
    bool stop_waits, suspend_waits;
    bool loses;   /* an overrun: the byte that comes next is lost */
    uint8_t byte; /* on its way between RAM and wire */
};

static bool enabled(struct device *d)
{
    return device_value(d, ENABLE) == ENABLE_TWIM;
}

/* --- time ------------------------------------------------------------------------------------ */

/* 0: none, the clock stands still. */
static uint64_t bit_cycles(struct device *d)
{
    uint32_t frequency = device_value(d, FREQUENCY);
    return frequency ? (UINT64_C(1) << 32) / frequency : 0;
}

static uint32_t bit_ps(struct device *d)
{
    uint64_t ps = bit_cycles(d) * (PS_PER_S / d->hf.hz);
    return ps < UINT32_MAX ? (uint32_t)ps : UINT32_MAX;
}

static uint64_t step_end_ps(struct device *d)
{
    const struct twim *t = device_state(d);
    uint64_t from_ps = t->clock_free_ps > d->now_ps ? t->clock_free_ps : d->now_ps;
    uint64_t cycles = bit_cycles(d) * step_bits[t->step];
    if (cycles == 0 || from_ps == TIME_NEVER)
        return TIME_NEVER;
    return clock_edge_ps(&d->hf, clock_edges(&d->hf, from_ps) + cycles);
}

static bool takes_time(const struct twim *t)
{
    return t->step < sizeof step_bits && step_bits[t->step] > 0;
}

static void enter(struct device *d, enum step step)
{
    struct twim *t = device_state(d);
    t->step = (uint8_t)step;
    d->wake_ps = TIME_NEVER;
    if (takes_time(t))
        d->wake_ps = step_end_ps(d);
    if (step == STEP_STRETCHED)
        d->wake_ps = t->clock_free_ps;
}

/* --- what comes next ------------------------------------------------------------------------- */

static void begin(struct device *d, enum direction direction)
{
    struct twim *t = device_state(d);
    bool in = direction == IN;
    t->direction = (uint8_t)direction;
    t->next = NOWHERE;
    t->pointer = device_value(d, in ? RXD_PTR : TXD_PTR);
    t->size = device_value(d, in ? RXD_MAXCNT : TXD_MAXCNT);
    t->done = 0;
    t->loses = false;
    t->address = (uint8_t)(device_value(d, ADDRESS) << 1 | in);
    device_values(d)[in ? RXD_AMOUNT : TXD_AMOUNT] = 0;
    enter(d, STEP_START);
    nrf_event(d, in ? RXSTARTED : TXSTARTED);
}

static void begin_stop(struct device *d)
{
    struct twim *t = device_state(d);
    t->stop_waits = false;
    t->direction = t->next = NOWHERE;
    enter(d, STEP_STOP);
}

static void suspend_now(struct device *d)
{
    struct twim *t = device_state(d);
    t->suspend_waits = false;
    enter(d, STEP_SUSPENDED);
    nrf_event(d, SUSPENDED);
}

static void begin_byte(struct device *d)
{
    struct twim *t = device_state(d);
    if (t->direction == OUT)
        device_request(d, (struct device_request){.kind = REQUEST_DMA_READ,
                                                  .tag = TAG_TX,
                                                  .size = 1,
                                                  .address = t->pointer + t->done,
                                                  .state_offset = offsetof(struct twim, byte)});
    enter(d, STEP_BYTE);
    if (t->done + 1 == t->size)
        nrf_event(d, t->direction == OUT ? LASTTX : LASTRX);
}

/* At the end of a byte, or out of a pause. */
static void go_on(struct device *d)
{
    struct twim *t = device_state(d);
    bool over = t->direction == NOWHERE || t->done == t->size;
    if (t->suspend_waits)
        suspend_now(d);
    else if (t->stop_waits)
        begin_stop(d);
    else if (!over)
        begin_byte(d);
    else if (t->next != NOWHERE)
        begin(d, (enum direction)t->next);
    else
        enter(d, STEP_HELD);
}

static void error(struct device *d, uint32_t source)
{
    device_values(d)[ERRORSRC] |= source;
    nrf_event(d, ERROR);
}

static void fail(struct device *d, uint32_t source)
{
    struct twim *t = device_state(d);
    t->direction = t->next = NOWHERE;
    error(d, source);
}

/* --- tasks ----------------------------------------------------------------------------------- */

static void start(struct device *d, uint32_t row)
{
    struct twim *t = device_state(d);
    enum direction direction = row == TASKS_STARTRX ? IN : OUT;
    if (!enabled(d))
        return;
    if (t->step == STEP_IDLE || t->step == STEP_HELD)
        begin(d, direction);
    else
        t->next = (uint8_t)direction;
}

static void stop(struct device *d, uint32_t row)
{
    (void)row;
    struct twim *t = device_state(d);
    if (!enabled(d) || t->step == STEP_SUSPENDED || t->step == STEP_STOP)
        return;
    if (t->step == STEP_IDLE)
        nrf_event(d, STOPPED);
    else if (t->step == STEP_HELD)
        begin_stop(d);
    else
        t->stop_waits = true;
}

static void suspend(struct device *d, uint32_t row)
{
    (void)row;
    struct twim *t = device_state(d);
    if (t->step == STEP_HELD)
        suspend_now(d);
    else if (t->step != STEP_IDLE && t->step != STEP_STOP && t->step != STEP_SUSPENDED)
        t->suspend_waits = true;
}

static void resume(struct device *d, uint32_t row)
{
    (void)row;
    struct twim *t = device_state(d);
    t->suspend_waits = false;
    if (t->step == STEP_SUSPENDED)
        go_on(d);
}

/* --- the wire -------------------------------------------------------------------------------- */

static void signal(struct device *d, enum wire_act act, uint8_t value)
{
    device_signal(d,
                  (struct wire_signal){.act = (uint8_t)act, .value = value, .bit_ps = bit_ps(d)});
}

static void byte_ends(struct device *d)
{
    const struct twim *t = device_state(d);
    if (t->direction == OUT) {
        signal(d, WIRE_OUT, t->byte);
        return;
    }
    bool last = t->done + 1 == t->size || t->stop_waits;
    signal(d, WIRE_IN, 0);
    signal(d, last ? WIRE_NACK : WIRE_ACK, 0);
}

static void stop_ends(struct device *d)
{
    struct twim *t = device_state(d);
    signal(d, WIRE_STOP, 0);
    enter(d, STEP_IDLE);
    if (t->next != NOWHERE)
        begin(d, (enum direction)t->next);
    nrf_event(d, STOPPED);
}

static void count_byte(struct device *d)
{
    struct twim *t = device_state(d);
    t->done++;
    device_values(d)[t->direction == OUT ? TXD_AMOUNT : RXD_AMOUNT] = t->done;
}

static void keep_byte(struct device *d, uint8_t byte)
{
    struct twim *t = device_state(d);
    t->byte = byte;
    if (!t->loses)
        device_request(d, (struct device_request){.kind = REQUEST_DMA_WRITE,
                                                  .tag = TAG_RX,
                                                  .size = 1,
                                                  .address = t->pointer + t->done,
                                                  .state_offset = offsetof(struct twim, byte)});
    t->loses = false;
    count_byte(d);
}

static void on_answer(struct device *d, const struct wire_signal *signal,
                      const struct wire_answer *answer)
{
    struct twim *t = device_state(d);
    uint64_t room_ps = TIME_NEVER - d->now_ps;
    uint64_t free_ps = answer->stretch_ps < room_ps ? d->now_ps + answer->stretch_ps : TIME_NEVER;
    if (free_ps > t->clock_free_ps)
        t->clock_free_ps = free_ps;
    if (signal->act == WIRE_STOP)
        return;
    if (signal->act == WIRE_IN) {
        keep_byte(d, answer->value);
        return; /* the answer to our acknowledgement goes on */
    }
    if (signal->act == WIRE_OUT)
        count_byte(d);
    if (t->clock_free_ps > d->now_ps)
        enter(d, STEP_STRETCHED);
    if (signal->act == WIRE_START && !answer->ack)
        fail(d, ERROR_ANACK);
    if (signal->act == WIRE_OUT && !answer->ack)
        fail(d, ERROR_DNACK);
    if (t->step != STEP_STRETCHED)
        go_on(d);
}

static void on_wake(struct device *d)
{
    const struct twim *t = device_state(d);
    switch ((enum step)t->step) {
    case STEP_START:
        enter(d, STEP_ADDRESS);
        break;
    case STEP_ADDRESS:
        signal(d, WIRE_START, t->address);
        break;
    case STEP_BYTE:
        byte_ends(d);
        break;
    case STEP_STOP:
        stop_ends(d);
        break;
    case STEP_STRETCHED:
        go_on(d);
        break;
    case STEP_IDLE:
    case STEP_HELD:
    case STEP_SUSPENDED:
        break;
    }
}

static void on_dma_done(struct device *d, const struct device_request *r, bool done)
{
    struct twim *t = device_state(d);
    if (r->tag == TAG_TX && !done)
        t->byte = 0;
}

static void on_error(struct device *d)
{
    struct twim *t = device_state(d);
    if (!enabled(d))
        return;
    t->loses = t->direction == IN;
    error(d, ERROR_OVERRUN);
}

/* --- registers ------------------------------------------------------------------------------- */

static void frequency_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    if (takes_time(device_state(d)))
        d->wake_ps = step_end_ps(d);
}

static void enable_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    struct twim *t = device_state(d);
    if (enabled(d))
        return;
    *t = (struct twim){.clock_free_ps = t->clock_free_ps};
    d->wake_ps = TIME_NEVER;
}

/* clang-format off */
static const struct reg regs[] = {
    [TASKS_STARTRX] = NRF_TASK("TASKS_STARTRX", 0x000, start),
    [TASKS_STARTTX] = NRF_TASK("TASKS_STARTTX", 0x008, start),
    [TASKS_STOP] = NRF_TASK("TASKS_STOP", 0x014, stop),
    [TASKS_SUSPEND] = NRF_TASK("TASKS_SUSPEND", 0x01c, suspend),
    [TASKS_RESUME] = NRF_TASK("TASKS_RESUME", 0x020, resume),
    [EVENTS] = NRF_EVENT("EVENTS_STOPPED", STOPPED),
    NRF_EVENT("EVENTS_ERROR", ERROR),
    NRF_EVENT("EVENTS_SUSPENDED", SUSPENDED),
    NRF_EVENT("EVENTS_RXSTARTED", RXSTARTED),
    NRF_EVENT("EVENTS_TXSTARTED", TXSTARTED),
    NRF_EVENT("EVENTS_LASTRX", LASTRX),
    NRF_EVENT("EVENTS_LASTTX", LASTTX),
    [SHORTS] = NRF_SHORTS(0x1f80),
    [INTEN] = NRF_INTEN(EVENT_BITS),
    [INTENSET] = NRF_INTENSET(EVENT_BITS, 1),
    [INTENCLR] = NRF_INTENCLR(EVENT_BITS, 1),
    [ERRORSRC] = {"ERRORSRC", 0x4c4, .write1_clears = 7},
    [ENABLE] = {"ENABLE", 0x500, .writable = 0xf, .on_write = enable_written},
    [PSEL] = {"PSEL.SCL", 0x508, .reset = 0xffffffff, .writable = 0xffffffff},
    {"PSEL.SDA", 0x50c, .reset = 0xffffffff, .writable = 0xffffffff},
    [FREQUENCY] = {"FREQUENCY", 0x524, .reset = 0x04000000, .writable = 0xffffffff,
                   .on_write = frequency_written},
    [RXD_PTR] = {"RXD.PTR", 0x534, .writable = 0xffffffff},
    [RXD_MAXCNT] = {"RXD.MAXCNT", 0x538, .writable = 0xffff},
    [RXD_AMOUNT] = {"RXD.AMOUNT", 0x53c, .stays = true},
    [RXD_LIST] = {"RXD.LIST", 0x540, .writable = 7},
    [TXD_PTR] = {"TXD.PTR", 0x544, .writable = 0xffffffff},
    [TXD_MAXCNT] = {"TXD.MAXCNT", 0x548, .writable = 0xffff},
    [TXD_AMOUNT] = {"TXD.AMOUNT", 0x54c, .stays = true},
    [TXD_LIST] = {"TXD.LIST", 0x550, .writable = 7},
    [ADDRESS] = {"ADDRESS", 0x588, .writable = 0x7f},
};
/* clang-format on */

static const struct nrf_short shorts[] = {
    {7, LASTTX, TASKS_STARTRX},  {8, LASTTX, TASKS_SUSPEND},  {9, LASTTX, TASKS_STOP},
    {10, LASTRX, TASKS_STARTTX}, {11, LASTRX, TASKS_SUSPEND}, {12, LASTRX, TASKS_STOP},
};

const struct nrf_type nrf52_twim = {
    .type = {.name = "nrf52-twim",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000,
             .state_size = sizeof(struct twim),
             .dma = true,
             .wire = WIRE_I2C,
             .on_wake = on_wake,
             .on_dma_done = on_dma_done,
             .on_answer = on_answer,
             .on_error = on_error},
    .inten = INTEN,
    .shorts = SHORTS,
    .short_count = sizeof shorts / sizeof shorts[0],
    .short_list = shorts,
};
