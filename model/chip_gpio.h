/* chip_gpio.h: one nRF52 GPIO port of 32 pins.
 * Source: nRF52840 Product Specification v1.7, section 6.9 (GPIO).
 */
#ifndef MODEL_CHIP_GPIO_H
#define MODEL_CHIP_GPIO_H

#include "model/hw_port.h"

enum { GPIO_PINS = 32 };
enum gpio_pull { GPIO_PULL_NONE, GPIO_PULL_UP, GPIO_PULL_DOWN, GPIO_PULLS };

void chip_gpio_make_output(struct hw *hw, uint32_t base, uint32_t pin);
void chip_gpio_make_input(struct hw *hw, uint32_t base, uint32_t pin, enum gpio_pull pull);
void chip_gpio_set(struct hw *hw, uint32_t base, uint32_t pin);
void chip_gpio_clear(struct hw *hw, uint32_t base, uint32_t pin);
void chip_gpio_toggle(struct hw *hw, uint32_t base, uint32_t pin);
uint32_t chip_gpio_read(struct hw *hw, uint32_t base, uint32_t pin); /* level on the pin: 0 or 1 */

#endif
