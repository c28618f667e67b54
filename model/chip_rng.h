/* chip_rng.h: an nRF52 RNG: one random byte at a time, each with an interrupt, with bias
 * correction. Source: nRF52840 Product Specification v1.7, 6.19 (RNG).
 */
#ifndef MODEL_CHIP_RNG_H
#define MODEL_CHIP_RNG_H

#include "model/hw_port.h"

void chip_rng_setup(struct hw *hw, uint32_t base);
void chip_rng_start(struct hw *hw, uint32_t base);
void chip_rng_stop(struct hw *hw, uint32_t base); /* a byte that has come is forgotten */

/* The byte that has come since the last look; the event is cleared. False: none. */
bool chip_rng_byte(struct hw *hw, uint32_t base, uint8_t *byte);

#endif
