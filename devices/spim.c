/* spim.c: SPIM0..2: an SPI controller with EasyDMA.
 * Source: nRF52840 Product Specification v1.7, section 6.25, "SPIM - Serial peripheral interface
 * master with EasyDMA".
 *
 *   RAM --DMA--> tx_byte --8 bits--> wire <--> peers that are selected (sim/wire.h)
 *   RAM <--DMA-- rx_byte <----------/          then the next byte, without a gap
 *
 * A bit takes 2^32 / FREQUENCY cycles of the 16 MHz clock: this gives the seven rates of the
 * specification (125 kHz: 128 cycles, 8 MHz: 2). FREQUENCY written while a byte is under way times
 * that byte anew. Memory is read at the first bit of each byte and written at its last, so that
 * what happens to a buffer meanwhile matters; bytes from a refused address read as 0. When the
 * bytes to send are out, ORC is sent; when the buffer for those that come is full, they are
 * dropped. Pointers and sizes count as they are at START.
 *
 * STOP and SUSPEND let the byte under way pass. STOP gives STOPPED, at once if nothing is under
 * way, and before it the end events that have not come yet; the short cut from END does not start
 * a transaction anew that was stopped.
 *
 * Choices where the specification is silent: no time from START to the first bit; a buffer of 0
 * bytes ends with the first byte's time, of which no bit is sent if the other one is empty, too;
 * START during a transaction is ignored; START while suspended waits for RESUME; with LIST the
 * pointer goes on by MAXCNT at START; ENABLE other than 7 cuts everything off silently, and ends a
 * suspension; FREQUENCY 0 stops the clock. An injected error turns round the lowest bit of the next
 * byte that comes in.
 *
 * Not modelled: pins (PSEL is stored; bytes leave and come whatever it says), the registers that
 * SPIM3 alone has (CSN, DCX, IFTIMING, STALLSTAT, 16 and 32 MHz), the SPI without EasyDMA and the
 * SPI slave at the same address (ENABLE = 1, 2).
 */
#include "devices/catalogue.h"

/* Numbers of the events. */
enum {
    STOPPED = 1,
    ENDRX = 4,
    END = 6,
    ENDTX = 8,
    STARTED = 19,
    EVENT_BITS = 1 << STOPPED | 1 << ENDRX | 1 << END | 1 << ENDTX | 1 << STARTED,
};
enum {
    TASKS_START,
    TASKS_STOP,
    TASKS_SUSPEND,
    TASKS_RESUME,
    EVENTS,
    SHORTS = EVENTS + 5,
    INTENSET,
    INTENCLR,
    ENABLE,
    PSEL,
    FREQUENCY = PSEL + 3,
    RXD_PTR,
    RXD_MAXCNT,
    RXD_AMOUNT,
    RXD_LIST,
    TXD_PTR,
    TXD_MAXCNT,
    TXD_AMOUNT,
    TXD_LIST,
    CONFIG,
    ORC,
};
enum {
    ENABLE_SPIM = 7,
    CONFIG_LSB_FIRST = 1,
    LIST_ARRAY = 1,
    TAG_TX = 1,
    TAG_RX = 2,
    HF_PS = 62500
};

struct transfer {
    uint32_t pointer, size, done; /* address; bytes; bytes so far */
    bool ended;                   /* its end event has come */
};

struct spim {
    struct transfer tx, rx;
    uint64_t due_ps; /* end of the byte under way */
    bool active;     /* from START to the end */
    bool stopping, suspended;
    bool empty; /* both buffers: no bit is sent */
    bool spoilt;
    uint8_t tx_byte, rx_byte;
};

/* --- time ------------------------------------------------------------------------------------ */

/* Cycles of a bit; 0: the clock stands still. */
static uint64_t bit_cycles(struct device *d)
{
    uint32_t frequency = device_value(d, FREQUENCY);
    return frequency ? (UINT64_C(1) << 32) / frequency : 0;
}

static uint32_t bit_ps(struct device *d)
{
    uint64_t ps = bit_cycles(d) * HF_PS;
    return ps < UINT32_MAX ? (uint32_t)ps : UINT32_MAX;
}

static void set_due(struct device *d, uint64_t due_ps)
{
    struct spim *s = device_state(d);
    s->due_ps = due_ps;
    d->wake_ps = due_ps;
}

static void time_byte(struct device *d)
{
    uint64_t cycles = 8 * bit_cycles(d);
    set_due(d,
            cycles ? clock_edge_ps(&d->hf, clock_edges(&d->hf, d->now_ps) + cycles) : TIME_NEVER);
}

/* --- a byte ---------------------------------------------------------------------------------- */

static void begin_byte(struct device *d)
{
    struct spim *s = device_state(d);
    s->tx_byte = (uint8_t)device_value(d, ORC);
    if (s->tx.done < s->tx.size)
        device_request(d, (struct device_request){.kind = REQUEST_DMA_READ,
                                                  .tag = TAG_TX,
                                                  .size = 1,
                                                  .address = s->tx.pointer + s->tx.done,
                                                  .state_offset = offsetof(struct spim, tx_byte)});
    time_byte(d);
}

static uint32_t end_of(struct device *d, struct transfer *t, uint32_t amount_row, uint32_t event)
{
    const struct spim *s = device_state(d);
    if (t->ended || (t->done < t->size && !s->stopping))
        return 0;
    t->ended = true;
    device_values(d)[amount_row] = t->done;
    return UINT32_C(1) << event;
}

/* A byte is over, or nothing is under way and a stop is wanted. `stopping` falls last: until then
 * START does nothing. */
static void go_on(struct device *d)
{
    struct spim *s = device_state(d);
    uint32_t events = end_of(d, &s->tx, TXD_AMOUNT, ENDTX) | end_of(d, &s->rx, RXD_AMOUNT, ENDRX);
    bool ends = s->tx.ended && s->rx.ended;
    set_due(d, TIME_NEVER);
    s->active = !ends;
    if (ends)
        events |= 1u << END | (uint32_t)s->stopping << STOPPED;
    if (events)
        nrf_events(d, events);
    if (ends)
        s->stopping = false;
    else if (!s->suspended)
        begin_byte(d);
}

static uint8_t turned(uint8_t byte)
{
    uint8_t out = 0;
    for (int i = 0; i < 8; i++)
        out = (uint8_t)(out << 1 | (byte >> i & 1));
    return out;
}

static uint8_t in_order(struct device *d, uint8_t byte)
{
    return device_value(d, CONFIG) & CONFIG_LSB_FIRST ? turned(byte) : byte;
}

static void byte_over(struct device *d)
{
    struct spim *s = device_state(d);
    uint32_t config = device_value(d, CONFIG);
    if (s->empty) {
        go_on(d);
        return;
    }
    /* CONFIG: CPHA is bit 1, CPOL bit 2. */
    device_signal(d, (struct wire_signal){.act = WIRE_OUT,
                                          .value = in_order(d, s->tx_byte),
                                          .mode = (uint8_t)((config >> 1 & 2) | (config >> 1 & 1)),
                                          .bit_ps = bit_ps(d)});
}

static void on_answer(struct device *d, const struct wire_signal *signal,
                      const struct wire_answer *answer)
{
    (void)signal;
    struct spim *s = device_state(d);
    s->rx_byte = (uint8_t)(in_order(d, answer->value) ^ s->spoilt);
    s->spoilt = false;
    if (s->tx.done < s->tx.size)
        s->tx.done++;
    if (s->rx.done == s->rx.size) {
        go_on(d);
        return;
    }
    device_request(d, (struct device_request){.kind = REQUEST_DMA_WRITE,
                                              .tag = TAG_RX,
                                              .size = 1,
                                              .address = s->rx.pointer + s->rx.done,
                                              .state_offset = offsetof(struct spim, rx_byte)});
}

static void on_dma_done(struct device *d, const struct device_request *r, bool done)
{
    struct spim *s = device_state(d);
    if (r->tag == TAG_TX) {
        s->tx_byte = done ? s->tx_byte : 0;
        return;
    }
    s->rx.done++;
    go_on(d);
}

static void on_wake(struct device *d)
{
    byte_over(d);
}

static void on_error(struct device *d)
{
    struct spim *s = device_state(d);
    s->spoilt = true;
}

/* --- tasks ----------------------------------------------------------------------------------- */

static bool enabled(struct device *d)
{
    return device_value(d, ENABLE) == ENABLE_SPIM;
}

/* MAXCNT and LIST stand 1 and 3 rows behind the pointer. */
static struct transfer begin(struct device *d, uint32_t pointer_row)
{
    uint32_t *rows = device_values(d) + pointer_row;
    const struct transfer t = {.pointer = rows[0], .size = rows[1]};
    if (rows[3] == LIST_ARRAY)
        rows[0] += rows[1];
    return t;
}

static void start(struct device *d, uint32_t row)
{
    (void)row;
    struct spim *s = device_state(d);
    if (!enabled(d) || s->active || s->stopping)
        return;
    s->tx = begin(d, TXD_PTR);
    s->rx = begin(d, RXD_PTR);
    s->active = true;
    s->empty = s->tx.size == 0 && s->rx.size == 0;
    nrf_event(d, STARTED);
    if (!s->suspended)
        begin_byte(d);
}

static bool between_bytes(const struct spim *s)
{
    return s->active && s->suspended && s->due_ps == TIME_NEVER;
}

static void stop(struct device *d, uint32_t row)
{
    (void)row;
    struct spim *s = device_state(d);
    if (!enabled(d))
        return;
    s->stopping = s->active;
    if (!s->active)
        nrf_event(d, STOPPED);
    else if (between_bytes(s))
        go_on(d);
}

static void suspend(struct device *d, uint32_t row)
{
    (void)row;
    struct spim *s = device_state(d);
    s->suspended = enabled(d);
}

static void resume(struct device *d, uint32_t row)
{
    (void)row;
    struct spim *s = device_state(d);
    bool waits = between_bytes(s);
    s->suspended = false;
    if (waits)
        begin_byte(d);
}

/* --- registers ------------------------------------------------------------------------------- */

static void on_reset(struct device *d)
{
    set_due(d, TIME_NEVER);
}

static void rate_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    const struct spim *s = device_state(d);
    if (s->active && !between_bytes(s))
        time_byte(d);
}

static void enable_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    struct spim *s = device_state(d);
    if (enabled(d))
        return;
    s->active = s->stopping = s->suspended = false;
    set_due(d, TIME_NEVER);
}

/* clang-format off */
static const struct reg regs[] = {
    [TASKS_START] = NRF_TASK("TASKS_START", 0x010, start),
    [TASKS_STOP] = NRF_TASK("TASKS_STOP", 0x014, stop),
    [TASKS_SUSPEND] = NRF_TASK("TASKS_SUSPEND", 0x01c, suspend),
    [TASKS_RESUME] = NRF_TASK("TASKS_RESUME", 0x020, resume),
    [EVENTS] = NRF_EVENT("EVENTS_STOPPED", STOPPED),
    NRF_EVENT("EVENTS_ENDRX", ENDRX),
    NRF_EVENT("EVENTS_END", END),
    NRF_EVENT("EVENTS_ENDTX", ENDTX),
    NRF_EVENT("EVENTS_STARTED", STARTED),
    [SHORTS] = NRF_SHORTS(1 << 17),
    [INTENSET] = NRF_INTENSET(EVENT_BITS, 0),
    [INTENCLR] = NRF_INTENCLR(EVENT_BITS, 0),
    [ENABLE] = {"ENABLE", 0x500, .writable = 0xf, .on_write = enable_written},
    [PSEL] = {"PSEL.SCK", 0x508, .reset = 0xffffffff, .writable = 0xffffffff},
    {"PSEL.MOSI", 0x50c, .reset = 0xffffffff, .writable = 0xffffffff},
    {"PSEL.MISO", 0x510, .reset = 0xffffffff, .writable = 0xffffffff},
    [FREQUENCY] = {"FREQUENCY", 0x524, .reset = 0x04000000, .writable = 0xffffffff,
                   .on_write = rate_written},
    [RXD_PTR] = {"RXD.PTR", 0x534, .writable = 0xffffffff},
    [RXD_MAXCNT] = {"RXD.MAXCNT", 0x538, .writable = 0xffff},
    [RXD_AMOUNT] = {"RXD.AMOUNT", 0x53c, .stays = true},
    [RXD_LIST] = {"RXD.LIST", 0x540, .writable = 3},
    [TXD_PTR] = {"TXD.PTR", 0x544, .writable = 0xffffffff},
    [TXD_MAXCNT] = {"TXD.MAXCNT", 0x548, .writable = 0xffff},
    [TXD_AMOUNT] = {"TXD.AMOUNT", 0x54c, .stays = true},
    [TXD_LIST] = {"TXD.LIST", 0x550, .writable = 3},
    [CONFIG] = {"CONFIG", 0x554, .writable = 7},
    [ORC] = {"ORC", 0x5c0, .writable = 0xff},
};
/* clang-format on */

static const struct nrf_short shorts[] = {{17, END, TASKS_START}};

const struct nrf_type nrf52_spim = {
    .type = {.name = "nrf52-spim",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000,
             .state_size = sizeof(struct spim),
             .dma = true,
             .wire = WIRE_SPI,
             .on_reset = on_reset,
             .on_wake = on_wake,
             .on_dma_done = on_dma_done,
             .on_answer = on_answer,
             .on_error = on_error},
    .inten = INTENSET,
    .shorts = SHORTS,
    .short_count = sizeof shorts / sizeof shorts[0],
    .short_list = shorts,
};
