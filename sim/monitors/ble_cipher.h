/* ble_cipher.h: what an observer needs to read control PDUs of an encrypted connection.
 *
 *   long term key of the peer --+--> session key --> control PDUs in clear
 *   LL_ENC_REQ, LL_ENC_RSP -----/      ^ packet counters: new PDUs with a payload, by sender
 *
 * A side encrypts from what it has received: the central from LL_START_ENC_REQ on, the peripheral
 * from LL_START_ENC_RSP on. What is sent again is as it was, under its counter of before.
 *
 * Cannot read: a connection whose central does not tell its key (peer.h); one whose peripheral
 * encrypts with another; what follows LL_PAUSE_ENC_REQ.
 *
 * Source: Bluetooth Core 6.2, Vol 6, Part B, 5.1.3.1; Part E, 2.1 (packet counters).
 */
#ifndef SIM_MONITORS_BLE_CIPHER_H
#define SIM_MONITORS_BLE_CIPHER_H

#include "sim/ble/ccm.h"
#include "sim/monitors/ble_plan.h"

struct ble_cipher_side {
    bool encrypts;    /* what is new and has a payload */
    bool last;        /* what it sent last was encrypted */
    uint64_t counter; /* of its next encrypted PDU */
    uint8_t skd[8], iv[4];
};

/* Zeros and a long term key: nothing is encrypted yet. */
struct ble_cipher {
    bool has_ltk, has_key;
    uint8_t ltk[16];
    struct ble_link_key key;
    struct ble_cipher_side sides[BLE_SIDES];
};

enum ble_cipher_reading { BLE_CIPHER_READ, BLE_CIPHER_NO_CONTROL, BLE_CIPHER_UNREADABLE };

/* The control PDU in a data PDU with a good CRC. `is_new`: its SN is not that of its sender's last
 * packet. BLE_CIPHER_NO_CONTROL: it is none, or none that is known. */
enum ble_cipher_reading ble_cipher_read(const struct ble_cipher *cipher, enum ble_side sender,
                                        bool is_new, const uint8_t *pdu,
                                        struct ble_control *control);
/* A data PDU has been sent. */
void ble_cipher_sent(struct ble_cipher *cipher, enum ble_side sender, bool is_new,
                     const uint8_t *pdu);
/* Whether a central may send it now: of the PDUs that start encryption only its own, in their
 * order, and none once it is encrypted. */
bool ble_cipher_is_lawful(const struct ble_cipher *cipher, const struct ble_control *control);
/* A control PDU has come in at `side`. False: from now on PDUs come that cannot be read. */
bool ble_cipher_received(struct ble_cipher *cipher, enum ble_side side,
                         const struct ble_control *control);

#endif
