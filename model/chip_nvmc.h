/* chip_nvmc.h: an nRF52 NVMC: words and pages of flash. No interrupt: it is asked whether it is
 * ready. While it works, code that lies in flash stands still, the kernel's as well.
 * Source: nRF52840 Product Specification v1.7, 4.3 (NVMC): a word takes 41 us, a page 85 ms.
 */
#ifndef MODEL_CHIP_NVMC_H
#define MODEL_CHIP_NVMC_H

#include "model/hw_port.h"

enum {
    NVMC_PAGE = 4096,
    NVMC_ERASE_MS = 85,
};
#define NVMC_ERASED UINT32_MAX /* a word of an erased page */

bool chip_nvmc_ready(struct hw *hw, uint32_t base);

/* Clears the bits of the word at `address` that `word` has clear. Ready. */
void chip_nvmc_write(struct hw *hw, uint32_t base, uint32_t address, uint32_t word);

/* `ms` of the erasure of the page at `address`; slices that make NVMC_ERASE_MS in all erase it, if
 * nothing else is done between. Ready. */
void chip_nvmc_erase_slice(struct hw *hw, uint32_t base, uint32_t address, uint32_t ms);

#endif
