#include "model/chip_spim.h"

#include "model/chip_event.h"

enum {
    TASKS_START = 0x010,
    EVENTS_END = 0x118,
    INTENSET = 0x304,
    INTENCLR = 0x308,
    ENABLE = 0x500,
    FREQUENCY = 0x524,
    RXD_PTR = 0x534,
    RXD_MAXCNT = 0x538,
    RXD_AMOUNT = 0x53c,
    TXD_PTR = 0x544,
    TXD_MAXCNT = 0x548,
    CONFIG = 0x554,
    INT_END = 1 << 6,
    ENABLE_SPIM = 7,
    CONFIG_CPHA = 1 << 1,
    CONFIG_CPOL = 1 << 2,
};

static const struct {
    uint32_t hz, frequency;
} rates[SPIM_RATES] = {
    {125000, 0x02000000},  {250000, 0x04000000},  {500000, 0x08000000},  {1000000, 0x10000000},
    {2000000, 0x20000000}, {4000000, 0x40000000}, {8000000, 0x80000000},
};

void chip_spim_start(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + INTENCLR, 0xffffffff);
    hw_write32(hw, base + EVENTS_END, 0);
    hw_write32(hw, base + ENABLE, ENABLE_SPIM);
    hw_write32(hw, base + INTENSET, INT_END);
}

uint32_t chip_spim_rate(uint32_t hz)
{
    uint32_t rate = SPIM_RATES;

    for (uint32_t i = 0; i < SPIM_RATES && rates[i].hz <= hz; i++)
        rate = i;
    return rate;
}

uint32_t chip_spim_hz(uint32_t rate)
{
    return rates[rate].hz;
}

void chip_spim_transfer(struct hw *hw, uint32_t base, uint32_t rate, uint32_t mode, struct span out,
                        struct span in)
{
    hw_write32(hw, base + EVENTS_END, 0);
    hw_write32(hw, base + FREQUENCY, rates[rate].frequency);
    hw_write32(hw, base + CONFIG, (mode & 1 ? CONFIG_CPHA : 0) | (mode & 2 ? CONFIG_CPOL : 0));
    hw_write32(hw, base + TXD_PTR, out.base);
    hw_write32(hw, base + TXD_MAXCNT, out.size);
    hw_write32(hw, base + RXD_PTR, in.base);
    hw_write32(hw, base + RXD_MAXCNT, in.size);
    hw_write32(hw, base + TASKS_START, 1);
}

bool chip_spim_ended(struct hw *hw, uint32_t base)
{
    return chip_event_take(hw, base + EVENTS_END);
}

uint32_t chip_spim_received(struct hw *hw, uint32_t base)
{
    return hw_read32(hw, base + RXD_AMOUNT);
}

void chip_spim_stop(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + ENABLE, 0);
    hw_write32(hw, base + EVENTS_END, 0);
    hw_write32(hw, base + ENABLE, ENABLE_SPIM);
}
