/* passthrough_device.h: what the kernel does itself with a lent nRF52 peripheral: read why it
 * interrupts, silence it, and bring it back to reset. Each endpoint's `quiesce` steps are data.
 *
 * Source: the nRF52840 Product Specification's common peripheral interface: event n at 0x100 + 4n
 * is interrupt bit n; INTENSET 0x304, INTENCLR 0x308.
 */
#ifndef MODEL_PASSTHROUGH_DEVICE_H
#define MODEL_PASSTHROUGH_DEVICE_H

#include "model/config.h"
#include "model/hw_port.h"

/* One step of making a device quiet, applied to the endpoint's first window's base. */
enum quiesce_kind {
    QUIESCE_WRITE, /* write `value` to base + offset */
    QUIESCE_FILL,  /* write `value` to `count` registers from base + offset, 4 bytes apart */
    QUIESCE_AWAIT, /* read base + offset until (read & mask) == value, at most `count` reads */
    QUIESCE_SKIP,  /* leave out the next `count` steps if (read & mask) == value */
};

struct quiesce_step {
    uint8_t kind; /* enum quiesce_kind */
    uint16_t offset;
    uint16_t count;
    uint32_t mask;
    uint32_t value;
};

/* Which enabled events stand: the INTEN bits whose EVENTS register is not 0. 0 without a line: such
 * a device has no INTEN. */
uint32_t passthrough_device_status(const struct passthrough_endpoint *e, struct hw *hw);

/* Disables every interrupt of the device (INTENCLR = all). Events stay for the app to see. Nothing
 * is written to a device without a line. */
void passthrough_device_silence(const struct passthrough_endpoint *e, struct hw *hw);

/* Interrupts disabled, then every quiesce step in order: the device is stopped, its DMA too, and
 * its registers hold reset values. ERR_FAIL: an await ran out: the device did not become quiet; the
 * steps after it are done all the same. Bounded: the reads of all awaits together. */
enum err passthrough_device_quiesce(const struct passthrough_endpoint *e, struct hw *hw) MUST_CHECK;

#endif
