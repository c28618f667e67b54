#include "model/virt/uart.h"

#include "model/chip_uarte.h"
#include "model/kernel.h"

enum {
    BUFFER = 1,            /* the console's read-only allow */
    WRITTEN = 1,           /* and its upcall */
    FRAME_BUFFER = 0,      /* of the frames driver */
    FRAME_PIECE = 24,      /* bytes of a payload that fit into the DMA buffer, whatever they are */
    KERNEL_LINE_SIZE = 10, /* "kernel 0\r\n" */
};
_Static_assert(FRAMING_OPEN_MAX + 2 * FRAME_PIECE + FRAMING_CLOSE_MAX <= CONSOLE_BUFFER,
               "a piece fits");

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void chip_send(struct kernel *k, struct hw *hw, struct span bytes)
{
    chip_uarte_send(hw, virt_place(k, &virt_uart)->base, bytes);
}

/* What `client` lets go out, now: a process may shrink its buffer. */
static uint32_t room_of(const struct kernel *k, struct hw *hw, uint32_t client)
{
    if (client >= CLIENT_KERNEL)
        return VIRT_CLIENT_BUFFER;
    return grant_allow(hw, &k->processes[client], &console_driver, ALLOW_RO, BUFFER).size;
}

static enum err made_send(struct kernel *k, struct hw *hw, uint32_t client, const uint8_t *bytes,
                          uint32_t size)
{
    struct span down;
    enum err err = virt_make(k, hw, &virt_uart, client, bytes, size, &down);

    if (!err)
        chip_send(k, hw, down);
    return err;
}

/* Flags are the kernel's alone: else whoever writes text could write a frame in another's name. */
static enum err flagless_send(struct kernel *k, struct hw *hw, uint32_t client, uint32_t from,
                              uint32_t size)
{
    const struct process *p = &k->processes[client];
    struct span text = grant_allow(hw, p, &console_driver, ALLOW_RO, BUFFER);
    uint8_t bytes[CONSOLE_BUFFER];
    enum err err = buffer_read(hw, p, text, from, size, bytes);

    if (err)
        return err;
    for (uint32_t i = 0; i < size; i++)
        if (bytes[i] == FRAMING_FLAG)
            bytes[i] ^= FRAMING_FLIP;
    return made_send(k, hw, client, bytes, size);
}

/* Sends what comes next of a write. ERR_SIZE: nothing is left. */
static enum err write_piece(struct kernel *k, struct hw *hw, uint32_t client)
{
    uint32_t sent = virt_of(k, &virt_uart)->progress;
    uint32_t end = smaller(k->services.uart.total, room_of(k, hw, client));
    struct span down;

    if (sent >= end)
        return ERR_SIZE;
    uint32_t size = smaller(end - sent, CONSOLE_BUFFER);
    if (k->config->frames && client < CLIENT_KERNEL)
        return flagless_send(k, hw, client, sent, size);
    enum err err = virt_load(k, hw, &virt_uart, client, ALLOW_RO, BUFFER, sent, size, &down);
    if (!err)
        chip_send(k, hw, down);
    return err;
}

/* `size` bytes of a frame's payload from what has been sent on. */
static enum err payload_read(struct kernel *k, struct hw *hw, uint32_t client, uint32_t size,
                             uint8_t *bytes)
{
    uint32_t sent = virt_of(k, &virt_uart)->progress;

    if (client >= CLIENT_KERNEL)
        return hw_ram_read(hw, (struct span){k->services.uart.base + sent, size}, bytes);
    const struct process *p = &k->processes[client];
    struct span from = grant_allow(hw, p, &frames_driver, ALLOW_RO, FRAME_BUFFER);
    if (sent > from.size || from.size - sent < size)
        return ERR_SIZE;
    return buffer_read(hw, p, from, sent, size, bytes);
}

static enum err frame_piece(struct kernel *k, struct hw *hw, uint32_t client)
{
    struct uart_service *uart = &k->services.uart;
    uint32_t *sent = &virt_of(k, &virt_uart)->progress;
    uint32_t size = smaller(uart->total - *sent, FRAME_PIECE), written = 0;
    uint8_t payload[FRAME_PIECE], bytes[CONSOLE_BUFFER];
    enum err err = payload_read(k, hw, client, size, payload);

    if (err)
        return err;
    if (*sent == 0)
        written = framing_open(uart->address, &uart->fcs, bytes);
    written += framing_put(payload, size, &uart->fcs, bytes + written);
    *sent += size;
    if (*sent == uart->total)
        written += framing_close(uart->fcs, bytes + written);
    return made_send(k, hw, client, bytes, written);
}

/* Whoever reads it is told that the rest will not come. */
static void frame_abort(struct kernel *k, struct hw *hw, enum err why)
{
    struct virt *v = virt_of(k, &virt_uart);
    uint8_t bytes[FRAMING_ABORT_SIZE];

    k->services.uart.aborted = true;
    k->services.uart.err = (uint8_t)why;
    enum err err = made_send(k, hw, v->client, bytes, framing_abort(bytes));
    KASSERT(hw, err == ERR_NONE); /* the kernel's own RAM */
}

static enum err piece_send(struct kernel *k, struct hw *hw, uint32_t client)
{
    if (client == CLIENT_NETWORK && k->services.uart.cancelled)
        return ERR_CANCEL;
    return k->services.uart.is_frame ? frame_piece(k, hw, client) : write_piece(k, hw, client);
}

void uart_sent(struct kernel *k, struct hw *hw)
{
    struct uart_service *uart = &k->services.uart;
    struct virt *v = virt_of(k, &virt_uart);

    if (v->client == CLIENT_NONE || v->custody.down.size == 0)
        return;
    if (!uart->is_frame)
        v->progress += v->custody.down.size;
    if (uart->aborted || v->progress >= uart->total) {
        virt_end(k, hw, &virt_uart, (enum err)uart->err, v->progress);
        return;
    }
    enum err err = v->orphan ? ERR_CANCEL : piece_send(k, hw, v->client);
    virt_progress(k, hw, &virt_uart);
    if (err && uart->is_frame)
        frame_abort(k, hw, err);
    else if (err)
        virt_end(k, hw, &virt_uart, ERR_NONE, v->progress); /* a write that was cut short */
}

/* ---- the multiplexer */

/* Whose frame it is says the kernel, not the request: nobody sends in another's name. */
static enum err begin(struct kernel *k, struct hw *hw, uint32_t client,
                      const uint32_t request[VIRT_WORDS])
{
    struct uart_service *uart = &k->services.uart;

    uart->is_frame = request[UART_IS_FRAME] != 0;
    uart->aborted = false;
    uart->err = ERR_NONE;
    uart->total = request[UART_LENGTH];
    uart->base = request[UART_BASE];
    uart->address = client < CLIENT_KERNEL ? uart->bound[client] : FRAME_ADDRESS_NETWORK;
    if (uart->is_frame && (uart->total == 0 || uart->total > FRAME_PAYLOAD_MAX))
        return ERR_SIZE;
    if (uart->is_frame && uart->address == 0)
        return ERR_RESERVE;
    return piece_send(k, hw, client);
}

static void deliver(struct kernel *k, struct hw *hw, const struct process *p,
                    const uint32_t request[VIRT_WORDS], enum err err, uint32_t result)
{
    (void)request; /* a device may have written over it */
    if (k->services.uart.is_frame)
        frames_sent(k, hw, p, err, err ? 0 : result);
    else
        virt_upcall(k, hw, &virt_uart, p, WRITTEN, virt_of(k, &virt_uart)->progress, 0, 0);
}

/* A dead client's piece ends by itself. One that does not end: the UARTE is turned off and on. */
static void abort_now(struct kernel *k, struct hw *hw)
{
    if (virt_of(k, &virt_uart)->given_up)
        console_restart(k, hw);
}

/* A component that writes lines for whoever looks for a fault: its number. */
static void kernel_prepare(struct kernel *k, struct hw *hw, uint32_t client)
{
    uint8_t line[KERNEL_LINE_SIZE] = "kernel 0\r\n";
    struct span buffer = virt_client_buffer(k, VIRT_UART, client);

    line[7] = (uint8_t)('0' + client - CLIENT_KERNEL);
    enum err err = hw_ram_write(hw, (struct span){buffer.base, sizeof line}, line);
    KASSERT(hw, err == ERR_NONE); /* the kernel's own RAM */
}

static void kernel_request(uint32_t client, uint32_t request[VIRT_WORDS])
{
    (void)client;
    request[UART_LENGTH] = KERNEL_LINE_SIZE;
}

static void network_done(struct kernel *k, struct hw *hw, enum err err, uint32_t result)
{
    uart_network->on_sent(k, hw, err, err ? 0 : result);
}

enum err uart_network_send(struct kernel *k, struct hw *hw, struct span payload)
{
    const uint32_t request[VIRT_WORDS] = {
        [UART_IS_FRAME] = true, [UART_LENGTH] = payload.size, [UART_BASE] = payload.base};

    if (payload.size == 0 || payload.size > FRAME_PAYLOAD_MAX)
        return ERR_SIZE;
    k->services.uart.cancelled = false;
    return virt_ask(k, hw, &virt_uart, CLIENT_NETWORK, request);
}

void uart_network_cancel(struct kernel *k)
{
    k->services.uart.cancelled = true;
}

const struct virt_type virt_uart = {
    .id = VIRT_UART,
    .driver = &console_driver,
    .buffer_size = CONSOLE_BUFFER,
    .begin = begin,
    .deliver = deliver,
    .abort = abort_now,
    .timeout_ms = 100, /* 64 bytes take 5.6 ms */
    .kernel_request = kernel_request,
    .kernel_prepare = kernel_prepare,
    .network_done = network_done,
};
