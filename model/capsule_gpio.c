#include "model/chip_gpio.h"
#include "model/kernel.h"

enum { GPIO_DRIVER = 0x4 };
enum { EXISTS, ENABLE_OUTPUT, SET, CLEAR, TOGGLE, ENABLE_INPUT, READ, COMMANDS };

static struct syscall_return gpio_pin_command(struct hw *hw, uint32_t base, uint32_t number,
                                              uint32_t pin, uint32_t pull)
{
    switch (number) {
    case ENABLE_OUTPUT:
        chip_gpio_make_output(hw, base, pin);
        return return_success();
    case SET:
        chip_gpio_set(hw, base, pin);
        return return_success();
    case CLEAR:
        chip_gpio_clear(hw, base, pin);
        return return_success();
    case TOGGLE:
        chip_gpio_toggle(hw, base, pin);
        return return_success();
    case ENABLE_INPUT:
        if (pull >= GPIO_PULLS)
            return return_failure(ERR_INVAL);
        chip_gpio_make_input(hw, base, pin, (enum gpio_pull)pull);
        return return_success();
    default: /* READ, the last one */
        return return_success_1(chip_gpio_read(hw, base, pin));
    }
}

static struct syscall_return gpio_command(struct kernel *k, struct hw *hw, struct process *p,
                                          uint32_t number, uint32_t a, uint32_t b)
{
    (void)p;
    if (number == EXISTS)
        return return_success();
    if (number >= COMMANDS)
        return return_failure(ERR_NOSUPPORT);
    if (a >= GPIO_PINS)
        return return_failure(ERR_INVAL);
    return gpio_pin_command(hw, k->config->gpio.base, number, a, b);
}

static bool gpio_present(const struct kernel *k)
{
    return k->config->gpio.present;
}

const struct driver gpio_driver = {
    .number = GPIO_DRIVER,
    .present = gpio_present,
    .command = gpio_command,
};
