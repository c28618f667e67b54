#include "model/chip_uarte.h"

#include "model/chip_event.h"

enum {
    TASKS_STARTRX = 0x000,
    TASKS_STOPRX = 0x004,
    TASKS_STARTTX = 0x008,
    EVENTS_ENDRX = 0x110,
    EVENTS_ENDTX = 0x120,
    EVENTS_ERROR = 0x124,
    EVENTS_RXTO = 0x144,
    INTENSET = 0x304,
    INTENCLR = 0x308,
    ERRORSRC = 0x480,
    ENABLE = 0x500,
    BAUDRATE = 0x524,
    RXD_PTR = 0x534,
    RXD_MAXCNT = 0x538,
    RXD_AMOUNT = 0x53c,
    TXD_PTR = 0x544,
    TXD_MAXCNT = 0x548,
    CONFIG = 0x56c,
    INT_ENDRX = 1 << 4,
    INT_ENDTX = 1 << 8,
    INT_RXTO = 1 << 17,
    ERROR_SOURCES = 0xf, /* overrun, parity, framing, break */
    ENABLE_UARTE = 8,
    BAUD_115200 = 0x01d60000,
};

void chip_uarte_start(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + INTENCLR, 0xffffffff);
    hw_write32(hw, base + BAUDRATE, BAUD_115200);
    hw_write32(hw, base + CONFIG, 0);
    hw_write32(hw, base + EVENTS_ENDRX, 0);
    hw_write32(hw, base + EVENTS_ENDTX, 0);
    hw_write32(hw, base + EVENTS_RXTO, 0);
    hw_write32(hw, base + ENABLE, ENABLE_UARTE);
    hw_write32(hw, base + INTENSET, INT_ENDRX | INT_ENDTX | INT_RXTO);
}

void chip_uarte_stop(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + ENABLE, 0);
}

void chip_uarte_send(struct hw *hw, uint32_t base, struct span bytes)
{
    hw_write32(hw, base + EVENTS_ENDTX, 0);
    hw_write32(hw, base + TXD_PTR, bytes.base);
    hw_write32(hw, base + TXD_MAXCNT, bytes.size);
    hw_write32(hw, base + TASKS_STARTTX, 1);
}

void chip_uarte_receive(struct hw *hw, uint32_t base, struct span bytes)
{
    hw_write32(hw, base + EVENTS_ENDRX, 0);
    hw_write32(hw, base + RXD_PTR, bytes.base);
    hw_write32(hw, base + RXD_MAXCNT, bytes.size);
    hw_write32(hw, base + TASKS_STARTRX, 1);
}

/* The event first: an error that comes meanwhile is told of the next time. */
bool chip_uarte_failed(struct hw *hw, uint32_t base)
{
    bool failed = chip_event_take(hw, base + EVENTS_ERROR);

    if (failed)
        hw_write32(hw, base + ERRORSRC, ERROR_SOURCES);
    return failed;
}

void chip_uarte_receive_stop(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + TASKS_STOPRX, 1);
}

bool chip_uarte_sent(struct hw *hw, uint32_t base)
{
    return chip_event_take(hw, base + EVENTS_ENDTX);
}

bool chip_uarte_received(struct hw *hw, uint32_t base)
{
    return chip_event_take(hw, base + EVENTS_ENDRX);
}

bool chip_uarte_receiver_stopped(struct hw *hw, uint32_t base)
{
    return chip_event_take(hw, base + EVENTS_RXTO);
}

uint32_t chip_uarte_received_size(struct hw *hw, uint32_t base)
{
    return hw_read32(hw, base + RXD_AMOUNT);
}
