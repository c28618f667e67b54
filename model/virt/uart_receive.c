#include "model/chip_uarte.h"
#include "model/kernel.h"
#include "model/virt/uart.h"

/* What DMA brings, one byte at a time. */
static struct span slot_of(const struct kernel *k)
{
    return (struct span){k->config->kernel_ram.base, 1};
}

static struct span frame_ram(const struct kernel *k)
{
    return (struct span){k->config->kernel_ram.base + FRAME_RAM_OFFSET, FRAME_RAM_SIZE};
}

static void ram_put(struct hw *hw, uint32_t address, uint8_t byte)
{
    enum err err = hw_ram_write(hw, (struct span){address, 1}, &byte);
    KASSERT(hw, err == ERR_NONE); /* the kernel's own RAM */
}

void uart_start(struct kernel *k, struct hw *hw)
{
    struct uart_service *uart = &k->services.uart;

    *uart = (struct uart_service){.is_frame = false};
    virt_start(k, hw, &virt_uart);
    if (!k->config->frames)
        return;
    framing_start(&uart->reader, FRAME_PAYLOAD_MAX + FRAMING_BODY_MIN);
    custody_start(&uart->frame, hw, VIRT_UART, frame_ram(k));
    ram_put(hw, slot_of(k).base, 0);
    (void)chip_uarte_failed(hw, k->config->console.base); /* before us */
    uart_receive(k, hw);
}

void uart_receive(struct kernel *k, struct hw *hw)
{
    chip_uarte_receive(hw, k->config->console.base, slot_of(k));
}

/* ---- whose it is */

static uint32_t owner_of(const struct kernel *k, uint8_t address)
{
    if (address == FRAME_ADDRESS_NETWORK)
        return uart_network && uart_network->present(k) ? CLIENT_NETWORK : CLIENT_NONE;
    for (uint32_t i = 0; i < k->process_count && address != 0; i++)
        if (k->services.uart.bound[i] == address)
            return i;
    return CLIENT_NONE;
}

/* The buffer is its owner's from the address on; what is nobody's is not kept. */
static void octet_keep(struct kernel *k, struct hw *hw)
{
    struct uart_service *uart = &k->services.uart;
    const struct framing_reader *reader = &uart->reader;

    if (reader->size == 1) {
        uint32_t owner = owner_of(k, reader->octet);
        uart->frame_address = reader->octet;
        uart->network_frames += owner == CLIENT_NETWORK;
        if (owner != CLIENT_NONE)
            custody_take(&uart->frame, hw, owner);
    } else if (reader->size > FRAMING_HEADER_SIZE && uart->frame.client != CLIENT_NONE) {
        ram_put(hw, uart->frame.own.base + reader->size - FRAMING_HEADER_SIZE - 1, reader->octet);
    }
}

void uart_address_lost(struct kernel *k, struct hw *hw, uint32_t process)
{
    if (k->services.uart.frame.client == process)
        custody_wipe(&k->services.uart.frame, hw);
}

static enum frame_fate good_frame_give(struct kernel *k, struct hw *hw, struct span payload)
{
    uint32_t owner = k->services.uart.frame.client;

    if (owner == CLIENT_NONE)
        return FRAME_NOBODYS;
    if (owner != CLIENT_NETWORK)
        return frames_give(k, hw, &k->processes[owner], payload);
    uart_network->on_frame(k, hw, payload);
    return FRAME_GIVEN;
}

/* The payload's size; of one that is no frame: 0. */
static uint32_t payload_size(const struct framing_reader *reader)
{
    return reader->size > FRAMING_BODY_MIN ? reader->size - FRAMING_BODY_MIN : 0;
}

static void frame_end(struct kernel *k, struct hw *hw, enum framing_event event, uint32_t size)
{
    static const uint8_t fates[FRAMING_EVENTS] = {
        [FRAMING_BAD_FCS] = FRAME_BAD_FCS, [FRAMING_BAD_CONTROL] = FRAME_BAD_CONTROL,
        [FRAMING_ABORTED] = FRAME_ABORTED, [FRAMING_SHORT] = FRAME_SHORT,
        [FRAMING_LONG] = FRAME_LONG,       [FRAMING_LOST] = FRAME_LOST};
    struct uart_service *uart = &k->services.uart;
    uint32_t owner = uart->frame.client;
    enum frame_fate fate = (enum frame_fate)fates[event];

    if (event == FRAMING_GOOD)
        fate = good_frame_give(k, hw, (struct span){uart->frame.own.base, size});
    uart->frames[fate]++;
    hw_note(hw, NOTE_FRAME, owner < CLIENT_KERNEL ? owner : PROCESS_NONE, uart->frame_address,
            pair(fate, size));
    custody_wipe(&uart->frame, hw);
    uart->frame_address = 0;
}

static void bytes_lost(struct kernel *k, struct hw *hw)
{
    struct uart_service *uart = &k->services.uart;
    uint32_t size = payload_size(&uart->reader);
    enum framing_event event = framing_lose(&uart->reader);

    uart->losses++;
    if (event != FRAMING_NOTHING)
        frame_end(k, hw, event, size);
}

void uart_receive_again(struct kernel *k, struct hw *hw)
{
    bytes_lost(k, hw);
    uart_receive(k, hw);
}

static void byte_take(struct kernel *k, struct hw *hw, uint8_t byte)
{
    struct uart_service *uart = &k->services.uart;
    uint32_t size = payload_size(&uart->reader);
    enum framing_event event = framing_take(&uart->reader, byte);

    switch (event) {
    case FRAMING_NOTHING:
        break;
    case FRAMING_OUTSIDE:
        uart->lost += !console_take(k, hw, byte);
        break;
    case FRAMING_OCTET:
        octet_keep(k, hw);
        break;
    default:
        frame_end(k, hw, event, size);
        break;
    }
}

/* The loss is behind what the UARTE has, or the byte that is spoilt is among that. */
static void errors_look(struct kernel *k, struct hw *hw)
{
    if (!chip_uarte_failed(hw, k->config->console.base))
        return;
    k->services.uart.untrusted = 1 + CHIP_UARTE_FIFO_SIZE;
    bytes_lost(k, hw);
}

/* The receiver is set to work again at once: the UARTE has room for four bytes meanwhile. */
void uart_received(struct kernel *k, struct hw *hw)
{
    struct span slot = slot_of(k);
    uint8_t byte;

    if (!chip_uarte_received(hw, k->config->console.base))
        return;
    enum err err = hw_ram_read(hw, slot, &byte);
    KASSERT(hw, err == ERR_NONE); /* the kernel's own RAM */
    ram_put(hw, slot.base, 0);
    errors_look(k, hw);
    uart_receive(k, hw);
    if (k->services.uart.untrusted > 0)
        k->services.uart.untrusted--;
    else
        byte_take(k, hw, byte);
}
