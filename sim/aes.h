/* aes.h: AES-128 of one block, both ways, a leaf that knows nothing of the simulator.
 *
 *   key -> aes128_expand -> 11 round keys -> aes128_encrypt_block: 16 octets in, 16 out
 *                                        \-> aes128_decrypt_block: and back
 *
 * Octets stand in the order of FIPS 197: octet 0 is the most significant one, as the figures of its
 * appendices print them. Bluetooth's Core Specification writes the keys of link layer and security
 * manager in the same order in its sample data, but sends them over the air the other way round.
 *
 * Source: FIPS 197 (2001), sections 4 and 5; the test vectors of its appendices B and C.1.
 * Not constant in time: this is a model and keeps no secrets.
 */
#ifndef SIM_AES_H
#define SIM_AES_H

#include <stdint.h>

enum { AES_BLOCK_SIZE = 16, AES128_ROUNDS = 10 };

struct aes128 {
    uint8_t round_keys[AES128_ROUNDS + 1][AES_BLOCK_SIZE];
};

void aes128_expand(struct aes128 *aes, const uint8_t key[AES_BLOCK_SIZE]);
/* `in` and `out` may be the same. */
void aes128_encrypt_block(const struct aes128 *aes, const uint8_t in[AES_BLOCK_SIZE],
                          uint8_t out[AES_BLOCK_SIZE]);
void aes128_decrypt_block(const struct aes128 *aes, const uint8_t in[AES_BLOCK_SIZE],
                          uint8_t out[AES_BLOCK_SIZE]);
/* Key and encryption at once, for a key that is used once. Any of the three may be the same. */
void aes128_encrypt(const uint8_t key[AES_BLOCK_SIZE], const uint8_t in[AES_BLOCK_SIZE],
                    uint8_t out[AES_BLOCK_SIZE]);

#endif
