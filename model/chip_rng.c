#include "model/chip_rng.h"

#include "model/chip_event.h"

enum {
    TASKS_START = 0x000,
    TASKS_STOP = 0x004,
    EVENTS_VALRDY = 0x100,
    INTENSET = 0x304,
    INTENCLR = 0x308,
    CONFIG = 0x504,
    VALUE = 0x508,
    INT_VALRDY = 1 << 0,
    CONFIG_DERCEN = 1 << 0, /* bias correction */
};

void chip_rng_setup(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + INTENCLR, 0xffffffff);
    hw_write32(hw, base + EVENTS_VALRDY, 0);
    hw_write32(hw, base + CONFIG, CONFIG_DERCEN);
    hw_write32(hw, base + INTENSET, INT_VALRDY);
}

void chip_rng_start(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + TASKS_START, 1);
}

void chip_rng_stop(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + TASKS_STOP, 1);
    hw_write32(hw, base + EVENTS_VALRDY, 0);
}

bool chip_rng_byte(struct hw *hw, uint32_t base, uint8_t *byte)
{
    if (!chip_event_take(hw, base + EVENTS_VALRDY))
        return false;
    *byte = (uint8_t)hw_read32(hw, base + VALUE);
    return true;
}
