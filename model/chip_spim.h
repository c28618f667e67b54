/* chip_spim.h: an nRF52 SPIM: one transfer at a time, both ways at once, by EasyDMA. One interrupt,
 * END. Chip selects are pins of a GPIO port, and the caller's.
 * Source: nRF52840 Product Specification v1.7, 6.25 (SPIM).
 */
#ifndef MODEL_CHIP_SPIM_H
#define MODEL_CHIP_SPIM_H

#include "model/hw_port.h"

enum { SPIM_MODES = 4, SPIM_RATES = 7, SPIM_MAX = 0xffff };

void chip_spim_start(struct hw *hw, uint32_t base);

/* The fastest rate that is no faster than `hz`: its number; SPIM_RATES: all are faster. And in
 * Hz. */
uint32_t chip_spim_rate(uint32_t hz);
uint32_t chip_spim_hz(uint32_t rate);

/* Sends the bytes of `out` and puts those that come into `in`; both of one size. `mode` is
 * CPOL << 1 | CPHA. */
void chip_spim_transfer(struct hw *hw, uint32_t base, uint32_t rate, uint32_t mode, struct span out,
                        struct span in);

/* The transfer has ended since the last look; the event is cleared. */
bool chip_spim_ended(struct hw *hw, uint32_t base);
/* Bytes that came. */
uint32_t chip_spim_received(struct hw *hw, uint32_t base);

/* Cuts off what is under way; no DMA afterwards, and no interrupt. */
void chip_spim_stop(struct hw *hw, uint32_t base);

#endif
