/* crypto.h: AES with 128 bit keys, which stand in key registers of the engine: virt/crypto.c over
 * chip_aes.c.
 *
 * Driver 0x40006, Tock's number of AES. A register is reserved, first come, first served, for as
 * long as its client wants it or lives: nobody is ever forced out. A client may have several.
 *
 *   read-only allow 0     the key, 16 bytes
 *   read-only allow 1     the vector, 16 bytes: of CBC the initialization vector, of CTR the first
 *                         counter block, all 128 bits of which count
 *   read-write allow 0    the data, worked where it stands
 *   subscribe 0           (enum err, length, 0): a load, length 0, or a message is done
 *
 *   0 exists
 *   1 reserve             success with the register. ERR_NOMEM: all are taken
 *   2 load                (register): its key is what the buffer holds when it is this one's turn
 *   3 crypt               (register | mode << 8 | decrypt << 16, length): mode 0 CTR, 1 CBC, 2 ECB,
 *                         as Tock's algorithms; the vector is taken at the call, the data when it
 *                         is this one's turn; 1 to 256 bytes, whole blocks unless CTR. A longer
 *                         message goes in pieces, each with the vector that it needs
 *   4 give back           (register): it is wiped before it is another's
 *
 * ERR_RESERVE, of 2 to 4: that register is not this app's. ERR_BUSY: an operation of its own waits
 * or is under way. ERR_INVAL: no such mode. ERR_SIZE: a length that it cannot be, a buffer that is
 * too small. Also those of grant_allocate and grant_enter.
 * In the upcall, ERR_OFF: the register holds no key: it was not loaded, or lost it when the engine
 * was reset; load it again. ERR_FAIL: the engine failed; what the data are worth is unknown to the
 * app and nothing of it was delivered. After an error of its bus, a hang, or a key that it is slow
 * to forget, the engine is reset, and
 * all keys are gone, everybody's, though not the reservations; while it does not answer, each
 * operation fails. ERR_SIZE, ERR_RESERVE, ERR_INVAL: what was asked for changed meanwhile.
 *
 * After each operation the engine's copy of the key and the vector are wiped, and so are buffers;
 * for that one of its eight areas never holds a key, which leaves CRYPTO_KEYS to clients. At an
 * app's end its registers are wiped and free; the one that is at work just then when that is over.
 *
 * Otherwise than Tock's aes capsule: there nobody reserves; the key is set up for each run (command
 * 2) and stays with the one app whose turn it is; algorithm (1), run (3) and finish (4) are calls
 * of their own, and the data has a source buffer (read-only 2) beside its target. No CCM, no GCM.
 * Source: Tock, capsules/extra/src/symmetric_encryption/aes.rs.
 */
#ifndef MODEL_VIRT_CRYPTO_H
#define MODEL_VIRT_CRYPTO_H

#include "model/driver.h"
#include "model/virt/key_slots.h"

struct crypto_service {
    struct key_slots keys;
    bool loading; /* what is under way is a load */
    bool lost;    /* the engine does not answer: what it holds is unknown */
};

extern const struct driver crypto_driver;

#endif
