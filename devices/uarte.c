/* uarte.c: UARTE0..1: bytes in and out by EasyDMA.
 * Source: nRF52840 Product Specification v1.7, "UARTE - Universal asynchronous receiver/transmitter
 * with EasyDMA".
 *
 *   RAM --DMA, a byte at a time--> tx_byte --byte time--> wire, TXDRDY ... ENDTX
 *   packet --byte time each--> FIFO (4), RXDRDY --DMA--> RAM ... ENDRX
 *
 * A bit takes floor(2^32 / BAUDRATE) cycles of the 16 MHz clock: this gives the actual rates that
 * the specification lists for its BAUDRATE values (115200: 16 MHz / 139 = 115108). BAUDRATE written
 * while a byte is under way times that byte anew. Memory is read and written at the moment of each
 * byte, so that what happens to a buffer meanwhile matters. Bytes from a refused address read as 0;
 * the transfer goes on.
 *
 * Choices where the specification is silent: STOPTX of an idle transmitter gives TXSTOPPED at once;
 * STOPRX of an idle receiver gives nothing; RXTO comes four byte times after STOPRX (that long it
 * still takes what comes), ENDRX right before it if the buffer was not full; a receive buffer of 0
 * bytes ends only by STOPRX, a transmission of 0 bytes after one byte time; FLUSHRX of an empty
 * FIFO gives ENDRX with AMOUNT 0; STARTTX and STARTRX during a transfer are ignored; ENABLE other
 * than 8 stops everything silently and empties the FIFO.
 *
 * The wire: a packet's bytes come one byte time after another, behind those that are still to come;
 * at most 256 wait, the rest is lost and counted in lost_requests. An injected error is a framing
 * error.
 *
 * Not modelled: pins (PSEL is stored; bytes leave and come whatever it says), flow control and CTS,
 * parity errors, break, the UART0 without EasyDMA at the same address (ENABLE = 4).
 */
#include "devices/catalogue.h"
#include <string.h>

/* Numbers of the events. */
enum {
    RXDRDY = 2,
    ENDRX = 4,
    TXDRDY = 7,
    ENDTX = 8,
    ERROR = 9,
    RXTO = 17,
    RXSTARTED = 19,
    TXSTARTED = 20,
    TXSTOPPED = 22,
    EVENT_BITS = 0x5a0397,
};
enum {
    TASKS_STARTRX,
    TASKS_STOPRX,
    TASKS_STARTTX,
    TASKS_STOPTX,
    TASKS_FLUSHRX,
    EVENTS,
    SHORTS = EVENTS + 11,
    INTEN,
    INTENSET,
    INTENCLR,
    ERRORSRC,
    ENABLE,
    PSEL,
    BAUDRATE = PSEL + 4,
    RXD_PTR,
    RXD_MAXCNT,
    RXD_AMOUNT,
    TXD_PTR,
    TXD_MAXCNT,
    TXD_AMOUNT,
    CONFIG,
};
enum { ENABLE_UARTE = 8, ERROR_OVERRUN = 1, ERROR_FRAMING = 4 };
enum { FIFO_SIZE = 4, WIRE_SIZE = 256, TAG_TX = 1, TAG_RX = 2 };

struct transfer {
    uint32_t pointer, size, done; /* address; bytes; bytes so far */
    bool active;
};

struct uarte {
    struct transfer tx, rx;
    uint64_t tx_due_ps, rx_due_ps, stop_due_ps; /* end of a byte out, of a byte in; RXTO */
    bool tx_stopping;
    bool rx_on, rx_stopping; /* the receiver, with or without a buffer */
    bool flushing;           /* rx is FLUSHRX's */
    bool draining;           /* rx_bytes are under way: neither counted yet nor stopped */
    uint8_t tx_byte;
    uint8_t rx_bytes[FIFO_SIZE]; /* on their way to RAM */
    uint8_t fifo[FIFO_SIZE];
    uint8_t fifo_count;
    uint16_t wire_first, wire_count;
    uint8_t wire[WIRE_SIZE]; /* a ring: bytes that the outside sends */
};

/* --- time ------------------------------------------------------------------------------------ */

static uint64_t after_bytes(struct device *d, uint32_t bytes)
{
    uint32_t config = device_value(d, CONFIG);
    uint32_t baudrate = device_value(d, BAUDRATE);
    if (baudrate == 0)
        return TIME_NEVER;
    uint32_t parity = (config >> 1 & 7) == 7;
    uint32_t bits = 1 + 8 + parity + 1 + (config >> 4 & 1); /* start, data, parity, stop bits */
    uint64_t cycles = (UINT64_C(1) << 32) / baudrate * bits * bytes;
    return clock_edge_ps(&d->hf, clock_edges(&d->hf, d->now_ps) + cycles);
}

static void plan_wake(struct device *d)
{
    const struct uarte *u = device_state(d);
    uint64_t due = u->tx_due_ps;
    due = u->rx_due_ps < due ? u->rx_due_ps : due;
    d->wake_ps = u->stop_due_ps < due && !u->draining ? u->stop_due_ps : due;
}

/* Whatever is under way begins its byte time now. */
static void time_anew(struct device *d)
{
    struct uarte *u = device_state(d);
    u->tx_due_ps = u->tx.active ? after_bytes(d, 1) : TIME_NEVER;
    u->rx_due_ps = u->wire_count ? after_bytes(d, 1) : TIME_NEVER;
    u->stop_due_ps = u->rx_stopping ? after_bytes(d, FIFO_SIZE) : TIME_NEVER;
    plan_wake(d);
}

static bool enabled(struct device *d)
{
    return device_value(d, ENABLE) == ENABLE_UARTE;
}

static struct transfer begin(struct device *d, uint32_t pointer_row)
{
    return (struct transfer){.pointer = device_value(d, pointer_row),
                             .size = device_value(d, pointer_row + 1), /* MAXCNT */
                             .active = true};
}

/* --- out ------------------------------------------------------------------------------------- */

static void send_next(struct device *d)
{
    struct uarte *u = device_state(d);
    if (u->tx.done < u->tx.size)
        device_request(d, (struct device_request){.kind = REQUEST_DMA_READ,
                                                  .tag = TAG_TX,
                                                  .size = 1,
                                                  .address = u->tx.pointer + u->tx.done,
                                                  .state_offset = offsetof(struct uarte, tx_byte)});
    u->tx_due_ps = after_bytes(d, 1);
}

static void start_tx(struct device *d, uint32_t row)
{
    (void)row;
    struct uarte *u = device_state(d);
    if (!enabled(d) || u->tx.active)
        return;
    u->tx = begin(d, TXD_PTR);
    nrf_event(d, TXSTARTED);
    send_next(d);
    plan_wake(d);
}

static void stop_tx(struct device *d, uint32_t row)
{
    (void)row;
    struct uarte *u = device_state(d);
    if (!enabled(d))
        return;
    u->tx_stopping = u->tx.active; /* the byte under way is sent whole */
    if (!u->tx.active)
        nrf_event(d, TXSTOPPED);
}

static void end_tx(struct device *d)
{
    struct uarte *u = device_state(d);
    uint32_t events = UINT32_C(1) << ENDTX | (uint32_t)u->tx_stopping << TXSTOPPED;
    device_values(d)[TXD_AMOUNT] = u->tx.done;
    u->tx.active = false;
    u->tx_stopping = false;
    u->tx_due_ps = TIME_NEVER;
    nrf_events(d, events);
}

static void byte_sent(struct device *d)
{
    struct uarte *u = device_state(d);
    if (u->tx.done < u->tx.size) {
        device_request(d, (struct device_request){.kind = REQUEST_WIRE, .size = u->tx_byte});
        u->tx.done++;
        nrf_event(d, TXDRDY);
    }
    if (u->tx.done == u->tx.size || u->tx_stopping)
        end_tx(d);
    else
        send_next(d);
}

/* --- in -------------------------------------------------------------------------------------- */

static void end_rx(struct device *d)
{
    struct uarte *u = device_state(d);
    device_values(d)[RXD_AMOUNT] = u->rx.done;
    u->rx.active = false;
    u->flushing = false;
    nrf_event(d, ENDRX);
}

/* From the FIFO to RAM, as much as there is and the buffer takes; on_dma_done goes on. */
static void drain(struct device *d)
{
    struct uarte *u = device_state(d);
    uint32_t room = u->rx.size - u->rx.done;
    uint8_t count = u->fifo_count < room ? u->fifo_count : (uint8_t)room;
    if (!u->rx.active || count == 0)
        return;
    memcpy(u->rx_bytes, u->fifo, count);
    memmove(u->fifo, u->fifo + count, (size_t)(FIFO_SIZE - count));
    u->fifo_count -= count;
    u->draining = true;
    device_request(d, (struct device_request){.kind = REQUEST_DMA_WRITE,
                                              .tag = TAG_RX,
                                              .size = count,
                                              .address = u->rx.pointer + u->rx.done,
                                              .state_offset = offsetof(struct uarte, rx_bytes)});
}

static void rx_stopped(struct device *d)
{
    struct uarte *u = device_state(d);
    if (u->rx.active)
        end_rx(d);
    u->rx_on = false;
    u->rx_stopping = false;
    u->stop_due_ps = TIME_NEVER;
    nrf_event(d, RXTO);
}

static void on_dma_done(struct device *d, const struct device_request *r, bool done)
{
    struct uarte *u = device_state(d);
    if (r->tag == TAG_TX && !done)
        u->tx_byte = 0;
    if (r->tag != TAG_RX)
        return;
    u->draining = false;
    if (!u->rx.active)
        return;
    u->rx.done += r->size;
    if (u->rx.done == u->rx.size || u->flushing)
        end_rx(d);
    if (u->stop_due_ps <= d->now_ps)
        rx_stopped(d);
    plan_wake(d);
}

static void start_rx(struct device *d, uint32_t row)
{
    (void)row;
    struct uarte *u = device_state(d);
    if (!enabled(d) || u->rx.active || u->rx_stopping)
        return;
    u->rx = begin(d, RXD_PTR);
    u->rx_on = true;
    nrf_event(d, RXSTARTED);
    drain(d);
}

static void stop_rx(struct device *d, uint32_t row)
{
    (void)row;
    struct uarte *u = device_state(d);
    if (!u->rx_on || u->rx_stopping)
        return;
    u->rx_stopping = true;
    u->stop_due_ps = after_bytes(d, FIFO_SIZE);
    plan_wake(d);
}

static void flush_rx(struct device *d, uint32_t row)
{
    (void)row;
    struct uarte *u = device_state(d);
    if (!enabled(d) || u->rx_on || u->rx.active)
        return;
    u->rx = begin(d, RXD_PTR);
    u->flushing = true;
    if (u->fifo_count == 0 || u->rx.size == 0)
        end_rx(d);
    else
        drain(d);
}

static void error(struct device *d, uint32_t source)
{
    device_values(d)[ERRORSRC] |= source;
    nrf_event(d, ERROR);
}

static void byte_received(struct device *d)
{
    struct uarte *u = device_state(d);
    uint8_t byte = u->wire[u->wire_first];
    u->wire_first = (u->wire_first + 1) % WIRE_SIZE;
    u->wire_count--;
    u->rx_due_ps = u->wire_count ? after_bytes(d, 1) : TIME_NEVER;
    if (!u->rx_on)
        return; /* nobody listens */
    if (u->fifo_count == FIFO_SIZE) {
        error(d, ERROR_OVERRUN);
        return;
    }
    u->fifo[u->fifo_count++] = byte;
    nrf_event(d, RXDRDY);
    drain(d);
}

/* --- from outside ---------------------------------------------------------------------------- */

static void on_packet(struct device *d, const uint8_t *bytes, uint32_t size)
{
    struct uarte *u = device_state(d);
    bool idle = u->wire_count == 0;
    for (; size > 0 && u->wire_count < WIRE_SIZE; bytes++, size--)
        u->wire[(u->wire_first + u->wire_count++) % WIRE_SIZE] = *bytes;
    d->lost_requests += size;
    if (idle && u->wire_count)
        u->rx_due_ps = after_bytes(d, 1);
    plan_wake(d);
}

static void on_error(struct device *d)
{
    if (enabled(d))
        error(d, ERROR_FRAMING);
}

static void on_wake(struct device *d)
{
    const struct uarte *u = device_state(d);
    if (u->tx_due_ps <= d->now_ps)
        byte_sent(d);
    if (u->rx_due_ps <= d->now_ps)
        byte_received(d);
    if (u->stop_due_ps <= d->now_ps && !u->draining)
        rx_stopped(d);
    plan_wake(d);
}

static void on_reset(struct device *d)
{
    time_anew(d);
}

/* --- registers ------------------------------------------------------------------------------- */

static void rate_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    time_anew(d);
}

static void enable_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    struct uarte *u = device_state(d);
    if (enabled(d))
        return;
    u->tx.active = u->rx.active = false;
    u->tx_stopping = u->rx_on = u->rx_stopping = u->flushing = u->draining = false;
    u->fifo_count = 0;
    u->tx_due_ps = u->stop_due_ps = TIME_NEVER;
    plan_wake(d);
}

/* clang-format off */
static const struct reg regs[] = {
    [TASKS_STARTRX] = NRF_TASK("TASKS_STARTRX", 0x000, start_rx),
    [TASKS_STOPRX] = NRF_TASK("TASKS_STOPRX", 0x004, stop_rx),
    [TASKS_STARTTX] = NRF_TASK("TASKS_STARTTX", 0x008, start_tx),
    [TASKS_STOPTX] = NRF_TASK("TASKS_STOPTX", 0x00c, stop_tx),
    [TASKS_FLUSHRX] = NRF_TASK("TASKS_FLUSHRX", 0x02c, flush_rx),
    [EVENTS] = NRF_EVENT("EVENTS_CTS", 0),
    NRF_EVENT("EVENTS_NCTS", 1),
    NRF_EVENT("EVENTS_RXDRDY", RXDRDY),
    NRF_EVENT("EVENTS_ENDRX", ENDRX),
    NRF_EVENT("EVENTS_TXDRDY", TXDRDY),
    NRF_EVENT("EVENTS_ENDTX", ENDTX),
    NRF_EVENT("EVENTS_ERROR", ERROR),
    NRF_EVENT("EVENTS_RXTO", RXTO),
    NRF_EVENT("EVENTS_RXSTARTED", RXSTARTED),
    NRF_EVENT("EVENTS_TXSTARTED", TXSTARTED),
    NRF_EVENT("EVENTS_TXSTOPPED", TXSTOPPED),
    [SHORTS] = NRF_SHORTS(0x60),
    [INTEN] = NRF_INTEN(EVENT_BITS),
    [INTENSET] = NRF_INTENSET(EVENT_BITS, 1),
    [INTENCLR] = NRF_INTENCLR(EVENT_BITS, 1),
    [ERRORSRC] = {"ERRORSRC", 0x480, .write1_clears = 0xf},
    [ENABLE] = {"ENABLE", 0x500, .writable = 0xf, .on_write = enable_written},
    [PSEL] = {"PSEL.RTS", 0x508, .reset = 0xffffffff, .writable = 0xffffffff},
    {"PSEL.TXD", 0x50c, .reset = 0xffffffff, .writable = 0xffffffff},
    {"PSEL.CTS", 0x510, .reset = 0xffffffff, .writable = 0xffffffff},
    {"PSEL.RXD", 0x514, .reset = 0xffffffff, .writable = 0xffffffff},
    [BAUDRATE] = {"BAUDRATE", 0x524, .reset = 0x04000000, .writable = 0xffffffff,
                  .on_write = rate_written},
    [RXD_PTR] = {"RXD.PTR", 0x534, .writable = 0xffffffff},
    [RXD_MAXCNT] = {"RXD.MAXCNT", 0x538, .writable = 0xffff},
    [RXD_AMOUNT] = {"RXD.AMOUNT", 0x53c, .stays = true},
    [TXD_PTR] = {"TXD.PTR", 0x544, .writable = 0xffffffff},
    [TXD_MAXCNT] = {"TXD.MAXCNT", 0x548, .writable = 0xffff},
    [TXD_AMOUNT] = {"TXD.AMOUNT", 0x54c, .stays = true},
    [CONFIG] = {"CONFIG", 0x56c, .writable = 0x1f},
};
/* clang-format on */

static const struct nrf_short shorts[] = {
    {5, ENDRX, TASKS_STARTRX},
    {6, ENDRX, TASKS_STOPRX},
};

const struct nrf_type nrf52_uarte = {
    .type = {.name = "nrf52-uarte",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000,
             .state_size = sizeof(struct uarte),
             .dma = true,
             .wire = WIRE_UART,
             .on_reset = on_reset,
             .on_wake = on_wake,
             .on_dma_done = on_dma_done,
             .on_packet = on_packet,
             .on_error = on_error},
    .inten = INTEN,
    .shorts = SHORTS,
    .short_count = sizeof shorts / sizeof shorts[0],
    .short_list = shorts,
};
