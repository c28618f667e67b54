/* capsule_state.h: a capsule's own part of a process's grant, as words.
 *
 * They stand in the process's block, little-endian whatever the CPU is. A device that the app was
 * lent can write there by DMA: what is loaded is input, and a capsule checks it before use.
 */
#ifndef MODEL_CAPSULE_STATE_H
#define MODEL_CAPSULE_STATE_H

#include "model/grant.h"

enum { CAPSULE_WORD_MAX = 8 };

/* The first `count` words, at most CAPSULE_WORD_MAX. Errors as grant_read and grant_write. */
enum err capsule_state_load(struct hw *hw, const struct process *p, const struct driver *d,
                            uint32_t *words, uint32_t count) MUST_CHECK;
enum err capsule_state_store(struct hw *hw, const struct process *p, const struct driver *d,
                             const uint32_t *words, uint32_t count) MUST_CHECK;

#endif
