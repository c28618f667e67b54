/* chip_saadc.h: an nRF52 SAADC: one input at a time, 12 bits, 0 to 3.6 V (gain 1/6 of 0.6 V), 10 us
 * of acquisition. One interrupt, END.
 * Source: nRF52840 Product Specification v1.7, 6.23 (SAADC).
 */
#ifndef MODEL_CHIP_SAADC_H
#define MODEL_CHIP_SAADC_H

#include "model/hw_port.h"

enum { SAADC_INPUTS = 8, SAADC_HZ_MIN = 7816, SAADC_HZ_MAX = 40000, SAADC_RESULT = 2 };

void chip_saadc_start(struct hw *hw, uint32_t base);

/* One result of AIN`input` into `to`, 2 bytes. */
void chip_saadc_sample(struct hw *hw, uint32_t base, uint32_t input, struct span to);

/* Results of AIN`input` at `hz` (SAADC_HZ_MIN to SAADC_HZ_MAX) into `to`, again and again: END each
 * time that it is full, then chip_saadc_again. */
void chip_saadc_sample_on(struct hw *hw, uint32_t base, uint32_t input, uint32_t hz,
                          struct span to);
void chip_saadc_again(struct hw *hw, uint32_t base);

/* The buffer is full since the last look; the event is cleared. */
bool chip_saadc_ended(struct hw *hw, uint32_t base);

/* Cuts off what is under way; no DMA afterwards, and no interrupt. */
void chip_saadc_stop(struct hw *hw, uint32_t base);

#endif
