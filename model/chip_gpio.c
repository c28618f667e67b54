#include "model/chip_gpio.h"

enum {
    OUT = 0x504,
    OUTSET = 0x508,
    OUTCLR = 0x50c,
    IN = 0x510,
    PIN_CNF = 0x700,
    CNF_OUTPUT = 1, /* DIR output, input buffer connected, no pull */
};

/* PIN_CNF of an input, its buffer connected. */
static const uint32_t input_cnf[GPIO_PULLS] = {
    [GPIO_PULL_NONE] = 0 << 2,
    [GPIO_PULL_UP] = 3 << 2,
    [GPIO_PULL_DOWN] = 1 << 2,
};

static uint32_t bit_of(uint32_t pin)
{
    return UINT32_C(1) << pin;
}

void chip_gpio_make_output(struct hw *hw, uint32_t base, uint32_t pin)
{
    hw_write32(hw, base + PIN_CNF + 4 * pin, CNF_OUTPUT);
}

void chip_gpio_make_input(struct hw *hw, uint32_t base, uint32_t pin, enum gpio_pull pull)
{
    hw_write32(hw, base + PIN_CNF + 4 * pin, input_cnf[pull]);
}

void chip_gpio_set(struct hw *hw, uint32_t base, uint32_t pin)
{
    hw_write32(hw, base + OUTSET, bit_of(pin));
}

void chip_gpio_clear(struct hw *hw, uint32_t base, uint32_t pin)
{
    hw_write32(hw, base + OUTCLR, bit_of(pin));
}

void chip_gpio_toggle(struct hw *hw, uint32_t base, uint32_t pin)
{
    bool high = hw_read32(hw, base + OUT) & bit_of(pin);

    hw_write32(hw, base + (high ? OUTCLR : OUTSET), bit_of(pin));
}

uint32_t chip_gpio_read(struct hw *hw, uint32_t base, uint32_t pin)
{
    return hw_read32(hw, base + IN) >> pin & 1;
}
