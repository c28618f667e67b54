#include "sim/monitors/ble_cipher.h"
#include "sim/ble/bits.h"
#include <string.h>

static bool is_encrypted(const struct ble_cipher_side *side, bool is_new, uint8_t size)
{
    return size > 0 && (is_new ? side->encrypts : side->last);
}

enum ble_cipher_reading ble_cipher_read(const struct ble_cipher *cipher, enum ble_side sender,
                                        bool is_new, const uint8_t *pdu,
                                        struct ble_control *control)
{
    const struct ble_cipher_side *side = &cipher->sides[sender];
    struct ble_data_header header = ble_data_header_read(pdu);
    const uint8_t *payload = pdu + BLE_HEADER_SIZE;
    uint8_t plain[BLE_DATA_PAYLOAD_MAX + BLE_MIC_SIZE];
    size_t size = header.size;

    if (header.llid != BLE_LLID_CONTROL)
        return BLE_CIPHER_NO_CONTROL;
    if (is_encrypted(side, is_new, header.size)) {
        enum ble_direction direction = sender == BLE_CENTRAL ? BLE_TO_PERIPHERAL : BLE_TO_CENTRAL;
        if (!cipher->has_key || !ble_ccm_decrypt(&cipher->key, side->counter - !is_new, direction,
                                                 pdu[0], payload, size, plain))
            return BLE_CIPHER_UNREADABLE;
        payload = plain;
        size -= BLE_MIC_SIZE;
    }
    return ble_control_read(payload, size, control) == BLE_PDU_GOOD ? BLE_CIPHER_READ
                                                                    : BLE_CIPHER_NO_CONTROL;
}

void ble_cipher_sent(struct ble_cipher *cipher, enum ble_side sender, bool is_new,
                     const uint8_t *pdu)
{
    struct ble_cipher_side *side = &cipher->sides[sender];

    if (!is_new)
        return;
    side->last = is_encrypted(side, true, ble_data_header_read(pdu).size);
    side->counter += side->last;
}

static void make_key(struct ble_cipher *cipher)
{
    const struct ble_cipher_side *central = &cipher->sides[BLE_CENTRAL];
    const struct ble_cipher_side *peripheral = &cipher->sides[BLE_PERIPHERAL];

    cipher->has_key = cipher->has_ltk;
    if (cipher->has_ltk)
        cipher->key = ble_link_key_make(cipher->ltk, central->skd, peripheral->skd, central->iv,
                                        peripheral->iv);
}

bool ble_cipher_is_lawful(const struct ble_cipher *cipher, const struct ble_control *control)
{
    switch (control->opcode) {
    case BLE_ENC_REQ:
        return !cipher->sides[BLE_CENTRAL].encrypts && !cipher->sides[BLE_PERIPHERAL].encrypts;
    case BLE_START_ENC_RSP:
        return cipher->sides[BLE_CENTRAL].encrypts && !cipher->sides[BLE_PERIPHERAL].encrypts;
    case BLE_ENC_RSP:
    case BLE_START_ENC_REQ:
        return false;
    default:
        return true;
    }
}

bool ble_cipher_received(struct ble_cipher *cipher, enum ble_side side,
                         const struct ble_control *control)
{
    struct ble_cipher_side *own = &cipher->sides[side], *sender = &cipher->sides[!side];

    switch (control->opcode) {
    case BLE_ENC_REQ:
        memcpy(sender->skd, control->enc_req.skd, sizeof sender->skd);
        memcpy(sender->iv, control->enc_req.iv, sizeof sender->iv);
        break;
    case BLE_ENC_RSP:
        memcpy(sender->skd, control->enc_rsp.skd, sizeof sender->skd);
        memcpy(sender->iv, control->enc_rsp.iv, sizeof sender->iv);
        make_key(cipher);
        break;
    case BLE_START_ENC_REQ:
        own->encrypts |= side == BLE_CENTRAL;
        break;
    case BLE_START_ENC_RSP:
        own->encrypts |= side == BLE_PERIPHERAL;
        break;
    case BLE_PAUSE_ENC_REQ:
        return false;
    default:
        break;
    }
    return cipher->has_key || control->opcode != BLE_START_ENC_REQ;
}
