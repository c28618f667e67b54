/* air_change.c: what an adversary on the air makes of a frame: see sim/air.h.
 *
 *   frame --whitening undone--> PDU | CRC --CRC undone--> the link's preset, whatever it is
 *   PDU changed, as long as it then says, the CRC from that preset, whitening --> frame
 */
#include "sim/air.h"
#include "sim/ble/bits.h"
#include "sim/ble/channel.h"

enum { LLID_BITS = 3, PDU_MAX = AIR_BYTES_MAX - AIR_ADDRESS_SIZE - BLE_CRC_SIZE };

struct pdu {
    unsigned channel;
    uint32_t preset; /* the CRC's register before the PDU */
    uint32_t size;
    uint8_t octets[PDU_MAX + BLE_CRC_SIZE];
};

static bool open_frame(const struct air_frame *frame, struct pdu *pdu)
{
    uint32_t all = frame->size - (uint32_t)AIR_ADDRESS_SIZE;
    pdu->channel = ble_mhz_channel(frame->mhz);
    if (all < BLE_HEADER_SIZE + BLE_CRC_SIZE || pdu->channel == BLE_CHANNEL_NONE)
        return false;
    memcpy(pdu->octets, frame->bytes + AIR_ADDRESS_SIZE, all);
    ble_whiten(pdu->channel, pdu->octets, all);
    pdu->size = all - BLE_CRC_SIZE;
    const uint8_t *crc = pdu->octets + pdu->size;
    pdu->preset = ble_crc_before(crc[0] | (uint32_t)crc[1] << 8 | (uint32_t)crc[2] << 16,
                                 pdu->octets, pdu->size);
    return true;
}

/* What was not there is 0. */
static void set_size(struct pdu *pdu, uint32_t size)
{
    if (size > pdu->size)
        memset(pdu->octets + pdu->size, 0, size - pdu->size);
    pdu->size = size;
}

/* A transmitter sends as many octets as its length says. */
static void close_frame(struct air_frame *frame, struct pdu *pdu)
{
    set_size(pdu, BLE_HEADER_SIZE + (uint32_t)pdu->octets[1]);
    uint32_t crc = ble_crc_add(pdu->preset, pdu->octets, pdu->size);
    for (uint32_t i = 0; i < BLE_CRC_SIZE; i++)
        pdu->octets[pdu->size + i] = (uint8_t)(crc >> 8 * i);
    uint32_t all = pdu->size + BLE_CRC_SIZE;
    ble_whiten(pdu->channel, pdu->octets, all);
    memcpy(frame->bytes + AIR_ADDRESS_SIZE, pdu->octets, all);
    frame->size = (uint16_t)(AIR_ADDRESS_SIZE + all);
}

static void flip(struct pdu *pdu, const struct air_fault *fault)
{
    for (uint32_t i = 0; i < fault->octet_count && fault->at + i < pdu->size; i++)
        pdu->octets[fault->at + i] ^= fault->octets[i];
}

static void write(struct pdu *pdu, uint32_t at, const struct air_fault *fault)
{
    uint32_t end = at + fault->octet_count;
    if (end > PDU_MAX)
        return;
    if (end > pdu->size)
        set_size(pdu, end);
    memcpy(pdu->octets + at, fault->octets, fault->octet_count);
}

void air_frame_change(struct air_frame *frame, const struct air_fault *fault)
{
    struct pdu pdu;
    if (!open_frame(frame, &pdu))
        return;
    switch ((enum air_how)fault->how) {
    case AIR_FLIP:
        flip(&pdu, fault);
        break;
    case AIR_WRITE:
        write(&pdu, fault->at, fault);
        break;
    case AIR_PAYLOAD:
        pdu.octets[0] = (uint8_t)((pdu.octets[0] & ~LLID_BITS) | (fault->at & LLID_BITS));
        pdu.octets[1] = fault->octet_count;
        write(&pdu, BLE_HEADER_SIZE, fault);
        break;
    default:
        return;
    }
    close_frame(frame, &pdu);
}

void air_frame_follow(struct air_frame *frame, const struct air_fault *fault)
{
    struct pdu pdu;
    if (!open_frame(frame, &pdu))
        return;
    pdu.size = 0;
    set_size(&pdu, BLE_HEADER_SIZE);
    write(&pdu, 0, fault);
    close_frame(frame, &pdu);
}
