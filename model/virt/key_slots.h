/* key_slots.h: who has which key register of a crypto engine: reserved, first come, first served.
 *
 *   free, wiped --reserve--> a client's --give back, or its end--> free, wiped
 *                                \--its end while it is at work--> orphaned --done--> free, wiped
 *
 * Nobody is ever forced out: a reservation that cannot be shared is a lock that cannot be taken
 * back. Source: the virtualization text, Fairness: "crypto hardware with a finite number of
 * non-sharable registers ... later/slower processes will be unable to reserve resources".
 *
 * An orphaned register is wiped when the engine is done with it: a load under way would write the
 * key behind an earlier wipe. Each change is a note (model/note.h).
 */
#ifndef MODEL_VIRT_KEY_SLOTS_H
#define MODEL_VIRT_KEY_SLOTS_H

#include "model/chip_aes.h"
#include "model/virt/turn.h"

/* Registers for clients: the areas below the one that the chip driver keeps empty. */
enum { CRYPTO_KEYS = CHIP_AES_EMPTY };

struct key_slots {
    uint32_t base;              /* of the engine */
    uint8_t owner[CRYPTO_KEYS]; /* a client; CLIENT_NONE: free; or orphaned */
    uint8_t working;            /* which is at work; CRYPTO_KEYS: none */
};

/* All free; the engine has just been reset. */
void key_slots_start(struct key_slots *s, uint32_t base);

/* `slot` may be any number. */
bool key_slot_is(const struct key_slots *s, uint32_t slot, uint32_t client);

/* The first free one becomes `client`'s. ERR_NOMEM: all are taken. */
enum err key_slot_reserve(struct key_slots *s, struct hw *hw, uint32_t client,
                          uint32_t *slot) MUST_CHECK;

/* Wiped, and nobody's. It was `client`'s, and is not at work. */
void key_slot_free(struct key_slots *s, struct hw *hw, uint32_t slot, uint32_t client);

/* The client has died. */
void key_slots_forget(struct key_slots *s, struct hw *hw, uint32_t client);

/* The engine is done with what was at work for `client`. Nothing was: nothing. */
void key_slots_done(struct key_slots *s, struct hw *hw, uint32_t client);

#endif
