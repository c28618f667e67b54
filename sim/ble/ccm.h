/* ccm.h: encryption of LE links: AES-CCM with a MIC of four octets, and the session key.
 *
 *   nonce 13:  packet counter 39 bits, direction 1 bit | IV of the central 4 | of the peripheral 4
 *   B0:        0x49 | nonce | length of the payload 2 (most significant octet first)
 *   B1:        00 01 | first header octet with NESN, SN and MD masked out | zeros
 *   B2..:      the payload, zeros at the end
 *   A0, A1..:  0x01 | nonce | block's number 2: A0 hides the MIC, the others the payload
 *
 * Keys are in the order of FIPS-197, most significant octet first, as the specification prints them
 * (HCI carries them the other way round); SKD and IV halves are as LL_ENC_REQ and LL_ENC_RSP carry
 * them. A PDU without payload is never encrypted and counts in no packet counter.
 * All is pure: no state; counters are the caller's.
 *
 * Source: Bluetooth Core 6.2, Vol 6, Part E, 1 and 2; the session key: Vol 6, Part B, 5.1.3.1;
 * sample data: Vol 6, Part C, 1; RFC 3610.
 */
#ifndef SIM_BLE_CCM_H
#define SIM_BLE_CCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLE_MIC_SIZE 4
#define BLE_NONCE_SIZE 13
#define BLE_PACKET_COUNTER_MAX ((UINT64_C(1) << 39) - 1)

enum ble_direction {
    BLE_TO_CENTRAL = 0, /* sent by the peripheral */
    BLE_TO_PERIPHERAL = 1
};

/* What both sides hold once the link is encrypted. */
struct ble_link_key {
    uint8_t session_key[16];
    uint8_t iv[8]; /* the central's half, then the peripheral's */
};

/* Session key = e(LTK, SKD of the peripheral | SKD of the central); the IV's halves joined. */
struct ble_link_key ble_link_key_make(const uint8_t ltk[16], const uint8_t central_skd[8],
                                      const uint8_t peripheral_skd[8], const uint8_t central_iv[4],
                                      const uint8_t peripheral_iv[4]);

/* Of `counter` the low 39 bits count. */
void ble_ccm_nonce(uint64_t counter, enum ble_direction direction, const uint8_t iv[8],
                   uint8_t nonce[BLE_NONCE_SIZE]);

/* `header`: the first octet of the PDU. `out`: `size` octets and the MIC; it may be `in`. Returns
 * its size; 0 for an empty payload (which stays as it is) or one over 251. */
size_t ble_ccm_encrypt(const struct ble_link_key *key, uint64_t counter,
                       enum ble_direction direction, uint8_t header, const uint8_t *in, size_t size,
                       uint8_t *out);

/* `in`: `size` octets, MIC included. `out`: size - 4 octets; it may be `in`. False: the MIC is
 * wrong, or the size is below 5 or over 255; `out` is then not to be used. */
bool ble_ccm_decrypt(const struct ble_link_key *key, uint64_t counter, enum ble_direction direction,
                     uint8_t header, const uint8_t *in, size_t size, uint8_t *out);

#endif
