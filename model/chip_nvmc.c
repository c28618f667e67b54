#include "model/chip_nvmc.h"

enum {
    READY = 0x400,
    CONFIG = 0x504,
    ERASEPAGEPARTIAL = 0x518,
    ERASEPAGEPARTIALCFG = 0x51c,
    CONFIG_REN = 0,
    CONFIG_WEN = 1,
    CONFIG_EEN = 2,
};

bool chip_nvmc_ready(struct hw *hw, uint32_t base)
{
    return hw_read32(hw, base + READY) & 1;
}

/* Read-only again at once: a wild store is then a fault, not a changed word. */
void chip_nvmc_write(struct hw *hw, uint32_t base, uint32_t address, uint32_t word)
{
    hw_write32(hw, base + CONFIG, CONFIG_WEN);
    hw_write32(hw, address, word);
    hw_write32(hw, base + CONFIG, CONFIG_REN);
}

void chip_nvmc_erase_slice(struct hw *hw, uint32_t base, uint32_t address, uint32_t ms)
{
    hw_write32(hw, base + CONFIG, CONFIG_EEN);
    hw_write32(hw, base + ERASEPAGEPARTIALCFG, ms);
    hw_write32(hw, base + ERASEPAGEPARTIAL, address);
    hw_write32(hw, base + CONFIG, CONFIG_REN);
}
