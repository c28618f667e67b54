/* central_att.c: L2CAP frames, the ATT MTU, reads of a value. */
#include "sim/world/central.h"

#include <string.h>

static void ask(struct central *c, const struct ble_att *att)
{
    uint8_t frame[CENTRAL_FRAME_MAX];
    size_t size = ble_att_write(att, frame);
    (void)central_queue(c, BLE_LLID_START, frame, size);
}

void central_read(struct central *c, uint16_t handle)
{
    c->link.reading = true;
    ask(c, &(struct ble_att){.opcode = BLE_ATT_READ_REQ, .handle = handle});
}

void central_exchange_mtu(struct central *c, uint16_t mtu)
{
    ask(c, &(struct ble_att){.opcode = BLE_ATT_EXCHANGE_MTU_REQ, .mtu = mtu});
}

void central_att(struct device *d)
{
    struct central *c = device_state(d);
    uint64_t every = central_value(d, CENTRAL_READ_EVERY), mtu = central_value(d, CENTRAL_MTU);
    if (c->state != BLE_PEER_ESTABLISHED || central_encrypting(&c->link))
        return;
    if (mtu > 0 && !c->link.asked_mtu) {
        c->link.asked_mtu = true;
        central_exchange_mtu(c, (uint16_t)mtu);
    }
    if (every > 0 && !c->link.reading && c->events % every == 0)
        central_read(c, (uint16_t)central_value(d, CENTRAL_READ_HANDLE));
}

static void fail(struct device *d, uint8_t error)
{
    struct central *c = device_state(d);
    c->read_failures++;
    antenna_note(d, BLE_NOTE_READ_FAILED, error);
}

static void on_value(struct device *d, const struct ble_att *att)
{
    struct central *c = device_state(d);
    uint64_t wanted = central_value(d, CENTRAL_VALUE_SIZE);
    bool good = wanted ? att->value_size == wanted : att->value_size > 0;
    if (!c->link.reading || !good) {
        fail(d, 0);
    } else {
        c->reads++;
        antenna_note(d, BLE_NOTE_READ, att->value_size);
    }
    c->link.reading = false;
}

static void on_att(struct device *d, const struct ble_att *att)
{
    struct central *c = device_state(d);
    switch (att->opcode) {
    case BLE_ATT_READ_RSP:
        on_value(d, att);
        break;
    case BLE_ATT_EXCHANGE_MTU_RSP:
        c->mtu = att->mtu;
        break;
    case BLE_ATT_ERROR_RSP:
        if (att->failed == BLE_ATT_READ_REQ)
            c->link.reading = false;
        fail(d, att->error);
        break;
    default: /* a request of a client at the other side: none is served here */
        break;
    }
}

/* A frame may come in pieces: it is whole once it is as long as its header says. */
void central_on_data(struct device *d, uint8_t llid, const uint8_t *payload, size_t size)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    struct ble_l2cap_header header;
    struct ble_att att;
    if (llid == BLE_LLID_START)
        link->frame_size = 0;
    if (link->frame_size + size > sizeof link->frame) {
        c->bad_pdus++;
        link->frame_size = 0;
        return;
    }
    memcpy(link->frame + link->frame_size, payload, size);
    link->frame_size = (uint16_t)(link->frame_size + size);
    if (ble_l2cap_read(link->frame, link->frame_size, &header) != BLE_PDU_GOOD)
        return;
    if (ble_att_read(link->frame, link->frame_size, &att) == BLE_PDU_GOOD)
        on_att(d, &att);
    link->frame_size = 0;
}
