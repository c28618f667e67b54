#include "model/chip_twim.h"

enum {
    TASKS_STARTRX = 0x000,
    TASKS_STARTTX = 0x008,
    TASKS_STOP = 0x014,
    EVENTS_STOPPED = 0x104,
    EVENTS_ERROR = 0x124,
    SHORTS = 0x200,
    INTENSET = 0x304,
    INTENCLR = 0x308,
    ERRORSRC = 0x4c4,
    ENABLE = 0x500,
    FREQUENCY = 0x524,
    RXD_PTR = 0x534,
    RXD_MAXCNT = 0x538,
    RXD_AMOUNT = 0x53c,
    TXD_PTR = 0x544,
    TXD_MAXCNT = 0x548,
    TXD_AMOUNT = 0x54c,
    ADDRESS = 0x588,
    INT_STOPPED = 1 << 1,
    INT_ERROR = 1 << 9,
    SHORT_LASTTX_STARTRX = 1 << 7,
    SHORT_LASTTX_STOP = 1 << 9,
    SHORT_LASTRX_STOP = 1 << 12,
    ERROR_OVERRUN = 1 << 0,
    ERROR_ANACK = 1 << 1,
    ERROR_DNACK = 1 << 2,
    ENABLE_TWIM = 6,
};

static const struct {
    uint32_t hz, frequency;
} rates[TWIM_RATES] = {{100000, 0x01980000}, {250000, 0x04000000}, {400000, 0x06400000}};

static void events_clear(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + EVENTS_STOPPED, 0);
    hw_write32(hw, base + EVENTS_ERROR, 0);
}

void chip_twim_start(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + INTENCLR, 0xffffffff);
    events_clear(hw, base);
    hw_write32(hw, base + ENABLE, ENABLE_TWIM);
    hw_write32(hw, base + INTENSET, INT_STOPPED | INT_ERROR);
}

uint32_t chip_twim_rate(uint32_t hz)
{
    uint32_t rate = TWIM_RATES;

    for (uint32_t i = 0; i < TWIM_RATES && rates[i].hz <= hz; i++)
        rate = i;
    return rate;
}

uint32_t chip_twim_hz(uint32_t rate)
{
    return rates[rate].hz;
}

static uint32_t shortcuts(struct span out, struct span in)
{
    if (in.size == 0)
        return SHORT_LASTTX_STOP;
    return SHORT_LASTRX_STOP | (out.size > 0 ? SHORT_LASTTX_STARTRX : 0);
}

void chip_twim_transfer(struct hw *hw, uint32_t base, uint32_t rate, uint32_t address,
                        struct span out, struct span in)
{
    events_clear(hw, base);
    hw_write32(hw, base + ERRORSRC, ERROR_OVERRUN | ERROR_ANACK | ERROR_DNACK);
    hw_write32(hw, base + FREQUENCY, rates[rate].frequency);
    hw_write32(hw, base + ADDRESS, address);
    hw_write32(hw, base + TXD_PTR, out.base);
    hw_write32(hw, base + TXD_MAXCNT, out.size);
    hw_write32(hw, base + RXD_PTR, in.base);
    hw_write32(hw, base + RXD_MAXCNT, in.size);
    hw_write32(hw, base + SHORTS, shortcuts(out, in));
    hw_write32(hw, base + (out.size > 0 ? TASKS_STARTTX : TASKS_STARTRX), 1);
}

bool chip_twim_ended(struct hw *hw, uint32_t base)
{
    if (hw_read32(hw, base + EVENTS_STOPPED)) {
        events_clear(hw, base);
        return true;
    }
    if (hw_read32(hw, base + EVENTS_ERROR)) {
        hw_write32(hw, base + EVENTS_ERROR, 0);
        chip_twim_stop(hw, base);
    }
    return false;
}

enum err chip_twim_result(struct hw *hw, uint32_t base, uint32_t out, uint32_t in)
{
    uint32_t source = hw_read32(hw, base + ERRORSRC);

    if (source & (ERROR_ANACK | ERROR_DNACK))
        return ERR_NOACK;
    if (source & ERROR_OVERRUN)
        return ERR_SIZE;
    if ((out > 0 && hw_read32(hw, base + TXD_AMOUNT) != out) ||
        (in > 0 && hw_read32(hw, base + RXD_AMOUNT) != in))
        return ERR_FAIL;
    return ERR_NONE;
}

void chip_twim_stop(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + TASKS_STOP, 1);
}

void chip_twim_cut(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + ENABLE, 0);
    events_clear(hw, base);
    hw_write32(hw, base + ENABLE, ENABLE_TWIM);
}
