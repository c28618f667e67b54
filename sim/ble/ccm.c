#include "sim/ble/ccm.h"
#include "sim/aes.h"

#include <string.h>

#define BLOCK 16
#define PAYLOAD_MAX 251
#define HEADER_MASK 0xe3 /* without NESN, SN and MD, which change when a PDU is sent again */
#define FLAGS_B0 0x49    /* associated data, MIC of 4, length field of 2 octets: RFC 3610, 2.2 */
#define FLAGS_A 0x01     /* length field of 2 octets */

static void reverse(const uint8_t *from, unsigned size, uint8_t *to)
{
    for (unsigned i = 0; i < size; i++)
        to[i] = from[size - 1 - i];
}

struct ble_link_key ble_link_key_make(const uint8_t ltk[16], const uint8_t central_skd[8],
                                      const uint8_t peripheral_skd[8], const uint8_t central_iv[4],
                                      const uint8_t peripheral_iv[4])
{
    struct ble_link_key key;
    uint8_t skd[BLOCK];

    reverse(peripheral_skd, 8, skd);
    reverse(central_skd, 8, skd + 8);
    aes128_encrypt(ltk, skd, key.session_key);
    memcpy(key.iv, central_iv, 4);
    memcpy(key.iv + 4, peripheral_iv, 4);
    return key;
}

void ble_ccm_nonce(uint64_t counter, enum ble_direction direction, const uint8_t iv[8],
                   uint8_t nonce[BLE_NONCE_SIZE])
{
    uint64_t head = (counter & BLE_PACKET_COUNTER_MAX) | (uint64_t)(direction & 1) << 39;

    for (unsigned i = 0; i < 5; i++)
        nonce[i] = (uint8_t)(head >> (8 * i));
    memcpy(nonce + 5, iv, 8);
}

/* A packet's cipher: its key and its nonce. */
struct ccm {
    struct aes128 aes;
    uint8_t nonce[BLE_NONCE_SIZE];
};

static struct ccm ccm_start(const struct ble_link_key *key, uint64_t counter,
                            enum ble_direction direction)
{
    struct ccm ccm;

    aes128_expand(&ccm.aes, key->session_key);
    ble_ccm_nonce(counter, direction, key->iv, ccm.nonce);
    return ccm;
}

/* flags | nonce | two octets: the shape of B0 and of all A. */
static void make_block(const struct ccm *ccm, uint8_t flags, size_t number, uint8_t block[BLOCK])
{
    block[0] = flags;
    memcpy(block + 1, ccm->nonce, BLE_NONCE_SIZE);
    block[14] = (uint8_t)(number >> 8);
    block[15] = (uint8_t)number;
}

static void mix(uint8_t *into, const uint8_t *with, size_t size)
{
    for (size_t i = 0; i < size; i++)
        into[i] ^= with[i];
}

static size_t block_at(size_t at, size_t size)
{
    return size - at < BLOCK ? size - at : BLOCK;
}

/* CBC-MAC over B0, B1 and the payload, hidden with A0: the MIC. */
static void compute_mic(const struct ccm *ccm, uint8_t header, const uint8_t *payload, size_t size,
                        uint8_t mic[BLE_MIC_SIZE])
{
    const uint8_t associated[3] = {0, 1, header & HEADER_MASK};
    uint8_t x[BLOCK], a[BLOCK];

    make_block(ccm, FLAGS_B0, size, x);
    aes128_encrypt_block(&ccm->aes, x, x);
    mix(x, associated, sizeof associated);
    aes128_encrypt_block(&ccm->aes, x, x);
    for (size_t at = 0; at < size; at += BLOCK) {
        mix(x, payload + at, block_at(at, size));
        aes128_encrypt_block(&ccm->aes, x, x);
    }
    make_block(ccm, FLAGS_A, 0, a);
    aes128_encrypt_block(&ccm->aes, a, a);
    mix(x, a, BLE_MIC_SIZE);
    memcpy(mic, x, BLE_MIC_SIZE);
}

/* Hides or shows a payload in place. */
static void apply_stream(const struct ccm *ccm, uint8_t *payload, size_t size)
{
    uint8_t a[BLOCK];

    for (size_t at = 0; at < size; at += BLOCK) {
        make_block(ccm, FLAGS_A, at / BLOCK + 1, a);
        aes128_encrypt_block(&ccm->aes, a, a);
        mix(payload + at, a, block_at(at, size));
    }
}

size_t ble_ccm_encrypt(const struct ble_link_key *key, uint64_t counter,
                       enum ble_direction direction, uint8_t header, const uint8_t *in, size_t size,
                       uint8_t *out)
{
    if (size == 0 || size > PAYLOAD_MAX)
        return 0;
    struct ccm ccm = ccm_start(key, counter, direction);
    uint8_t mic[BLE_MIC_SIZE];

    compute_mic(&ccm, header, in, size, mic);
    memmove(out, in, size);
    apply_stream(&ccm, out, size);
    memcpy(out + size, mic, BLE_MIC_SIZE);
    return size + BLE_MIC_SIZE;
}

bool ble_ccm_decrypt(const struct ble_link_key *key, uint64_t counter, enum ble_direction direction,
                     uint8_t header, const uint8_t *in, size_t size, uint8_t *out)
{
    if (size <= BLE_MIC_SIZE || size > PAYLOAD_MAX + BLE_MIC_SIZE)
        return false;
    size_t payload_size = size - BLE_MIC_SIZE;
    struct ccm ccm = ccm_start(key, counter, direction);
    uint8_t sent[BLE_MIC_SIZE], mic[BLE_MIC_SIZE];

    memcpy(sent, in + payload_size, BLE_MIC_SIZE);
    memmove(out, in, payload_size);
    apply_stream(&ccm, out, payload_size);
    compute_mic(&ccm, header, out, payload_size, mic);
    return memcmp(sent, mic, BLE_MIC_SIZE) == 0;
}
