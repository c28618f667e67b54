/* chip_aes.h: the crypto core of the CC13x2 and CC26x2: an AES engine behind eight key areas.
 *
 *   chip_aes_load -> interrupt -> chip_aes_end: area n holds a key, which no register shows
 *   chip_aes_take: area n -> the engine's own copy; chip_aes_run -> interrupt -> chip_aes_end
 *   chip_aes_forget: the engine's copy and the vector are zeros
 *
 * Clearing an area leaves the engine's copy of it, so the engine is made to forget by a copy of an
 * area that never holds a key: the last one, CHIP_AES_EMPTY. It answers with KEY_ST_RD_ERR, and
 * that answer also tells an engine that works from one that hangs.
 *
 * Sources: TI SWCU185 (CC13x2, CC26x2 Technical Reference Manual), chapter "AES and Hash
 * Cryptoprocessor": key store, DMA, basic modes, exceptions. 128 bit keys alone.
 */
#ifndef MODEL_CHIP_AES_H
#define MODEL_CHIP_AES_H

#include "model/hw_port.h"

enum {
    CHIP_AES_EMPTY = 7, /* the area that never holds a key; those below it may */
    CHIP_AES_BLOCK = 16,
    CHIP_AES_VECTOR_WORDS = 4,
};

enum chip_aes_mode { CHIP_AES_CTR, CHIP_AES_CBC, CHIP_AES_ECB, CHIP_AES_MODES };

enum chip_aes_end {
    CHIP_AES_NOTHING,   /* nothing has ended: no interrupt of ours */
    CHIP_AES_GOOD,      /* the area holds the key; the result stands in memory */
    CHIP_AES_NO_KEY,    /* the load was refused: the area is empty, all else is as it was */
    CHIP_AES_BUS_ERROR, /* memory answered with an error: nothing works until chip_aes_reset */
};

/* Everything stops, all areas, the engine's copy and the vector are zeros; interrupts are as this
 * driver wants them. False: the engine does not answer, and what it holds is unknown. */
bool chip_aes_reset(struct hw *hw, uint32_t base);

/* Begins: the 16 bytes at `address` become the key in `area`, whatever stands there now. */
void chip_aes_load(struct hw *hw, uint32_t base, uint32_t area, uint32_t address);

/* Copies the key in `area` to the engine. False: there is none, as one of two registers says, so
 * that it takes two that lie to work with zeros; then the engine's is zeros. */
bool chip_aes_take(struct hw *hw, uint32_t base, uint32_t area);

/* Begins: works the bytes in `data` where they stand, with the key that was taken. ECB and CBC:
 * whole blocks, or it never ends. `vector`: 16 bytes as little-endian words, not for ECB; of CTR
 * all of it counts. CTR works alike in both directions. */
void chip_aes_run(struct hw *hw, uint32_t base, enum chip_aes_mode mode, bool decrypt,
                  const uint32_t vector[CHIP_AES_VECTOR_WORDS], struct span data);

/* At an interrupt: what has ended, and how. */
enum chip_aes_end chip_aes_end(struct hw *hw, uint32_t base);

/* Nothing is under way: the engine's copy and the vector become zeros. False: it does not
 * answer. */
bool chip_aes_forget(struct hw *hw, uint32_t base);

/* The area is zeros; not the engine's copy of it. Safe while another area is at work. */
void chip_aes_wipe(struct hw *hw, uint32_t base, uint32_t area);

bool chip_aes_has_key(struct hw *hw, uint32_t base, uint32_t area);

#endif
