/* custody.h: who holds this buffer: one DMA buffer of a multiplexer, and what it lends downward.
 *
 *   nobody's, all zero --custody_take--> a client's --custody_lend--> the chip driver's, downward
 *          ^                                |    ^                            |
 *          '---------- custody_wipe --------'    '------- custody_back -------'
 *
 * The virtualization text names three things that may be done with a client's buffer, and each
 * hand-over here says which one it is:
 *   1. kept from all other kernel code and returned to the same client: a process's own buffer is
 *      only copied from and to; a kernel client's is given back by the callback (custody_back);
 *   2. shared only downward, to the chip driver below (custody_lend);
 *   3. wiped before another client's bytes are in it (custody_wipe).
 * Each is a note for the trace (model/note.h), so that a judge knows what was meant and can hold it
 * against the bytes. Broken order is a broken promise of the kernel's own: a panic.
 */
#ifndef MODEL_VIRT_CUSTODY_H
#define MODEL_VIRT_CUSTODY_H

#include "model/hw_port.h"
#include "model/virt/turn.h"

struct custody {
    struct span own;  /* in kernel RAM */
    struct span down; /* what the chip driver has now: of `own`, or a kernel client's; or empty */
    uint8_t virt;     /* enum virt_id (id.h), for notes */
    uint8_t client;   /* whose bytes are, or will be, in `own`; CLIENT_NONE: nobody's */
    uint8_t lender;   /* whose `down` is */
};

/* Wipes it, whatever was there. */
void custody_start(struct custody *c, struct hw *hw, uint32_t virt, struct span own);
/* `own` is `client`'s from now on. It is nobody's. */
void custody_take(struct custody *c, struct hw *hw, uint32_t client);
/* Rule 2. Nothing else is down. */
void custody_lend(struct custody *c, struct hw *hw, uint32_t client, struct span down);
/* The chip driver is done with it. Nothing is down: nothing. */
void custody_back(struct custody *c, struct hw *hw);
/* Rule 3. It is not down. Nobody's: nothing. */
void custody_wipe(struct custody *c, struct hw *hw);

#endif
