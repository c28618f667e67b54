/* chip_event.h: an EVENTS register of an nRF52 peripheral.
 * Source: nRF52840 Product Specification v1.7, section 6.1 (Peripheral interface): it reads as 1
 * once the event has come, and the interrupt stands until 0 is written.
 */
#ifndef MODEL_CHIP_EVENT_H
#define MODEL_CHIP_EVENT_H

#include "model/hw_port.h"

/* The event at that address has come since the last look; it is cleared. */
static inline bool chip_event_take(struct hw *hw, uint32_t event)
{
    bool stands = hw_read32(hw, event) != 0;

    if (stands)
        hw_write32(hw, event, 0);
    return stands;
}

#endif
