#include "tests/support_peripheral.h"

#include <string.h>

enum { ADV_INTERVAL_US = 20000, AHEAD_US = 300, NONE = 0xff };

static uint64_t value(const struct device *d, enum peripheral_value which)
{
    return peer_plan(d)->values[which];
}

static enum peripheral_way way_now(const struct device *d, const struct peripheral *p)
{
    bool now = p->events >= value(d, P_FROM) && p->events < value(d, P_TO);
    return now ? (enum peripheral_way)value(d, P_WAY) : PERIPHERAL_EXACT;
}

/* Microseconds of the central's clock as true picoseconds: rounded up. */
static uint64_t true_ps(const struct device *d, uint64_t us)
{
    uint64_t rate = value(d, P_CENTRAL_PPB); /* 10^9 + drift */
    unsigned __int128 wide = (unsigned __int128)us * 1000000 * 1000000000;
    return (uint64_t)((wide + rate - 1) / rate);
}

static uint64_t expected_ps(const struct device *d, const struct peripheral *p)
{
    return p->connect_end_ps + true_ps(d, p->at_us);
}

/* --- advertising ------------------------------------------------------------------------------ */

static void advertise(struct device *d)
{
    struct peripheral *p = device_state(d);
    struct ble_adv adv = {.type = BLE_ADV_IND, .ch_sel = value(d, P_SELECTION), .tx_random = true};
    uint8_t pdu[BLE_ADV_PDU_MAX];
    memcpy(adv.address, "\x11\x22\x33\x44\x55\xc6", 6);
    size_t size = ble_adv_write(&adv, pdu);
    p->link = antenna_advertising;
    bool all = value(d, P_ADV_CHANNELS);
    p->link.channel += all ? p->sent_advs % 3 : 0;
    p->sent_advs++;
    p->adv_end_ps = antenna_send(d, &p->antenna, &p->link, d->now_ps, pdu, size, false);
    antenna_listen(d, &p->antenna, &p->link, p->adv_end_ps);
    uint32_t next_us = !all ? ADV_INTERVAL_US : p->sent_advs % 3 ? 1000 : ADV_INTERVAL_US - 2000;
    d->wake_ps = d->now_ps + next_us * PS_PER_US;
}

static void await_event(struct device *d)
{
    struct peripheral *p = device_state(d);
    uint64_t at_ps = expected_ps(d, p);
    d->wake_ps = at_ps - AHEAD_US * PS_PER_US;
    if (d->wake_ps <= d->now_ps)
        d->wake_ps = d->now_ps + 1;
}

/* SCAN_RSP, as far off T_IFS as it is told. */
static bool on_scan_request(struct device *d, const uint8_t *pdu, size_t size)
{
    struct peripheral *p = device_state(d);
    struct ble_scan_req req;
    struct ble_adv adv = {.type = BLE_SCAN_RSP, .tx_random = true, .data_size = 3};
    uint8_t response[BLE_ADV_PDU_MAX];
    if (ble_scan_req_read(pdu, size, &req) != BLE_PDU_GOOD)
        return false;
    p->scan_requests++;
    p->connect_ifs_ps = d->now_ps - 176 * PS_PER_US - p->adv_end_ps;
    memcpy(adv.address, req.advertiser, 6);
    adv.address[0] ^= way_now(d, p) == PERIPHERAL_OLD_SN; /* not the one that was asked */
    if (way_now(d, p) == PERIPHERAL_MUTE)
        return true;
    size = ble_adv_write(&adv, response);
    uint64_t start_ps = d->now_ps + BLE_T_IFS_PS;
    if (way_now(d, p) == PERIPHERAL_OFFSET)
        start_ps += value(d, P_OFFSET) - PS_PER_S;
    uint64_t end_ps = antenna_send(d, &p->antenna, &p->link, start_ps, response, size,
                                   way_now(d, p) == PERIPHERAL_BAD_CRC);
    antenna_listen(d, &p->antenna, &p->link, end_ps);
    return true;
}

static void connect(struct device *d, const uint8_t *pdu, size_t size)
{
    struct peripheral *p = device_state(d);
    if (ble_connect_read(pdu, size, &p->connect) != BLE_PDU_GOOD)
        return;
    p->connected = true;
    p->connect_end_ps = d->now_ps;
    p->connect_ifs_ps = d->now_ps - 352 * PS_PER_US - p->adv_end_ps;
    p->interval_us = p->connect.interval * 1250u;
    p->at_us = 1250u + p->connect.window_offset * UINT64_C(1250) + value(d, P_WINDOW_PLACE);
    p->map = ble_channel_map_make(p->connect.channels);
    p->unmapped = (uint8_t)ble_csa1_unmapped(0, p->connect.hop, 1);
    p->link.access_address = p->connect.access_address;
    p->link.crc_init = p->connect.crc_init;
    p->update.opcode = p->map_ind.opcode = p->phy_ind.opcode = NONE;
    await_event(d);
}

/* --- events ----------------------------------------------------------------------------------- */

/* The next event's opening is this one's end. */
static void await_end(struct device *d)
{
    struct peripheral *p = device_state(d);
    d->wake_ps = expected_ps(d, p) + true_ps(d, p->interval_us) - (AHEAD_US + 1) * PS_PER_US;
}

static void open_event(struct device *d)
{
    struct peripheral *p = device_state(d);
    p->open = true;
    bool second = p->connect.ch_sel && value(d, P_SELECTION);
    uint16_t id = ble_csa2_identifier(p->connect.access_address);
    p->link.channel = (uint8_t)(second ? ble_csa2_channel(&p->map, p->event, id)
                                       : ble_csa1_channel(&p->map, p->unmapped));
    p->link.phy = p->phy_in;
    p->heard = false;
    antenna_listen(d, &p->antenna, &p->link, d->now_ps);
    await_end(d);
}

static void next_event(struct device *d)
{
    struct peripheral *p = device_state(d);
    antenna_rest(d, &p->antenna);
    p->open = false;
    p->unheard += !p->heard;
    p->event++;
    p->events++;
    p->at_us += p->interval_us;
    p->unmapped = (uint8_t)ble_csa1_unmapped(p->unmapped, p->connect.hop, 1);
    if (p->update.opcode != NONE && p->update.update.instant == p->event) {
        p->at_us += p->update.update.window_offset * UINT64_C(1250);
        p->interval_us = p->update.update.interval * 1250u;
        p->update.opcode = NONE;
    }
    if (p->map_ind.opcode != NONE && p->map_ind.map.instant == p->event)
        p->map = ble_channel_map_make(p->map_ind.map.channels);
    if (p->phy_ind.opcode != NONE && p->phy_ind.phy_update.instant == p->event) {
        if (p->phy_ind.phy_update.to_peripheral)
            p->phy_in = p->phy_ind.phy_update.to_peripheral == BLE_PHY_BIT_2M;
        if (p->phy_ind.phy_update.to_central)
            p->phy_out = p->phy_ind.phy_update.to_central == BLE_PHY_BIT_2M;
    }
    await_event(d);
}

static void peripheral_wake(struct device *d)
{
    struct peripheral *p = device_state(d);
    if (!p->connected)
        advertise(d);
    else if (p->open)
        next_event(d);
    else
        open_event(d);
}

/* --- what it says ----------------------------------------------------------------------------- */

static void queue(struct peripheral *p, uint8_t llid, const uint8_t *payload, size_t size)
{
    if (p->queued == 4 || size > sizeof p->queue[0].payload)
        return;
    p->queue[p->queued].llid = llid;
    p->queue[p->queued].size = (uint8_t)size;
    memcpy(p->queue[p->queued++].payload, payload, size);
}

static void control(struct peripheral *p, const struct ble_control *c)
{
    uint8_t payload[BLE_CONTROL_SIZE_MAX] = {0};
    size_t size = ble_control_write(c, payload);
    queue(p, BLE_LLID_CONTROL, payload, size);
}

static void choose(struct device *d, struct peripheral *p)
{
    if (p->unacked)
        return;
    p->unacked = true;
    p->llid = BLE_LLID_CONTINUE;
    p->size = 0;
    if (way_now(d, p) == PERIPHERAL_LEAVE && !p->left) {
        control(p, &(struct ble_control){.opcode = BLE_TERMINATE_IND,
                                         .reason = BLE_REASON_REMOTE_USER});
        p->left = true;
    }
    if (p->queued == 0)
        return;
    p->llid = p->queue[0].llid;
    p->size = p->queue[0].size;
    memcpy(p->payload, p->queue[0].payload, p->size);
    p->queued--;
    memmove(p->queue, p->queue + 1, p->queued * sizeof p->queue[0]);
    if (!p->encrypts_out)
        return;
    p->size = (uint8_t)ble_ccm_encrypt(&p->key, p->out_counter++, BLE_TO_CENTRAL, p->llid,
                                       p->payload, p->size, p->payload);
    p->payload[0] ^= way_now(d, p) == PERIPHERAL_BAD_MIC;
}

static void answer(struct device *d)
{
    struct peripheral *p = device_state(d);
    enum peripheral_way way = way_now(d, p);
    uint64_t start_ps = d->now_ps + BLE_T_IFS_PS;
    uint8_t pdu[80];
    if (way == PERIPHERAL_MUTE)
        return;
    if (way == PERIPHERAL_OFFSET)
        start_ps += value(d, P_OFFSET) - PS_PER_S;
    choose(d, p);
    struct ble_data_header header = {.llid = p->llid,
                                     .nesn = p->nesn,
                                     .sn = p->sn,
                                     .md = way == PERIPHERAL_MORE || p->queued > 0,
                                     .size = p->size};
    if (way == PERIPHERAL_BAD_PDU)
        header.llid = BLE_LLID_RESERVED;
    ble_data_header_write(header, pdu);
    memcpy(pdu + 2, p->payload, p->size);
    p->link.phy = p->phy_out;
    uint64_t end_ps = antenna_send(d, &p->antenna, &p->link, start_ps, pdu, 2u + p->size,
                                   way == PERIPHERAL_BAD_CRC);
    p->link.phy = p->phy_in;
    antenna_listen(d, &p->antenna, &p->link, end_ps);
}

/* --- what it hears ---------------------------------------------------------------------------- */

static void on_encryption_request(struct peripheral *p, const struct ble_control *in)
{
    static const uint8_t ltk[16] = {0x4c, 0x68, 0x38, 0x41, 0x39, 0xf5, 0x74, 0xd8,
                                    0x36, 0xbc, 0xf3, 0x4e, 0x9d, 0xfb, 0x01, 0xbf};
    struct ble_control response = {.opcode = BLE_ENC_RSP};
    memcpy(response.enc_rsp.skd, "\x79\x68\x57\x46\x35\x24\x13\x02", 8);
    memcpy(response.enc_rsp.iv, "\xbe\xba\xaf\xde", 4);
    p->key = ble_link_key_make(ltk, in->enc_req.skd, response.enc_rsp.skd, in->enc_req.iv,
                               response.enc_rsp.iv);
    control(p, &response);
    control(p, &(struct ble_control){.opcode = BLE_START_ENC_REQ});
    p->encrypts_in = true; /* nothing with a payload comes before LL_START_ENC_RSP */
}

static void on_request(struct device *d, const struct ble_control *in)
{
    struct peripheral *p = device_state(d);
    switch (in->opcode) {
    case BLE_CONNECTION_UPDATE_IND:
        p->update = *in;
        if (in->update.instant == p->event) { /* this event's anchor is the first of the new ones */
            p->interval_us = in->update.interval * 1250u;
            await_end(d);
        }
        break;
    case BLE_CHANNEL_MAP_IND:
        p->map_ind = *in;
        break;
    case BLE_PHY_UPDATE_IND:
        p->phy_ind = *in;
        break;
    case BLE_ENC_REQ:
        on_encryption_request(p, in);
        break;
    case BLE_START_ENC_RSP:
        p->encrypts_out = true;
        control(p, &(struct ble_control){.opcode = BLE_START_ENC_RSP});
        break;
    case BLE_FEATURE_REQ:
        control(p, &(struct ble_control){.opcode = BLE_FEATURE_RSP, .features = 0x4111});
        break;
    case BLE_VERSION_IND:
        control(p, &(struct ble_control){.opcode = BLE_VERSION_IND, .version = {0x0c, 1, 2}});
        break;
    case BLE_PING_REQ:
        control(p, &(struct ble_control){.opcode = BLE_PING_RSP});
        break;
    case BLE_LENGTH_REQ:
        control(p, &(struct ble_control){.opcode = BLE_LENGTH_RSP, .length = {31, 328, 27, 328}});
        break;
    case BLE_PHY_REQ:
        control(p, &(struct ble_control){
                       .opcode = BLE_PHY_RSP,
                       .phys = {(uint8_t)value(d, P_PHYS), (uint8_t)value(d, P_PHYS)}});
        break;
    default:
        break;
    }
}

static void on_control(struct device *d, const uint8_t *payload, size_t size)
{
    struct peripheral *p = device_state(d);
    struct ble_control in;
    if (p->log_count < PERIPHERAL_LOG)
        p->log[p->log_count++] = payload[0];
    enum ble_pdu_fault fault = ble_control_read(payload, size, &in);
    enum peripheral_way way = way_now(d, p);
    if (way == PERIPHERAL_NO_CONTROL || payload[0] == BLE_TERMINATE_IND)
        return;
    if (way == PERIPHERAL_REJECT && payload[0] == BLE_ENC_REQ)
        control(p, &(struct ble_control){.opcode = BLE_REJECT_IND, .reason = 0x06});
    else if (way == PERIPHERAL_REJECT || fault != BLE_PDU_GOOD)
        control(p, &(struct ble_control){.opcode = BLE_UNKNOWN_RSP, .unknown = payload[0]});
    else
        on_request(d, &in);
}

static void on_att(struct device *d, const uint8_t *frame, size_t size)
{
    struct peripheral *p = device_state(d);
    struct ble_att att, response = {.opcode = BLE_ATT_READ_RSP};
    uint8_t out[BLE_L2CAP_HEADER_SIZE + BLE_ATT_MTU_MAX];
    if (ble_att_read(frame, size, &att) != BLE_PDU_GOOD)
        return;
    response.value_size = (uint8_t)value(d, P_VALUE_SIZE);
    if (att.opcode == BLE_ATT_EXCHANGE_MTU_REQ)
        response = (struct ble_att){.opcode = BLE_ATT_EXCHANGE_MTU_RSP, .mtu = 23};
    else if (att.handle != 3)
        response = (struct ble_att){.opcode = BLE_ATT_ERROR_RSP,
                                    .failed = att.opcode,
                                    .handle = att.handle,
                                    .error = BLE_ATT_INVALID_HANDLE};
    size_t all = ble_att_write(&response, out);
    size_t half = all > 8 ? 8 : all; /* in two pieces, where it is long enough */
    queue(p, BLE_LLID_START, out, half);
    if (all > half)
        queue(p, BLE_LLID_CONTINUE, out + half, all - half);
}

static void take(struct device *d, const uint8_t *pdu, size_t size)
{
    struct peripheral *p = device_state(d);
    struct ble_data_header header = ble_data_header_read(pdu);
    uint8_t payload[256] = {0};
    enum peripheral_way way = way_now(d, p);
    p->more += header.md;
    if (p->unacked && header.nesn != p->sn && way != PERIPHERAL_OLD_SN) {
        p->sn = !p->sn;
        p->unacked = false;
    }
    if (header.sn != p->nesn) {
        p->duplicates++;
        p->repeated_octets += size == p->last_size && !memcmp(pdu + 2, p->last_octets, size - 2);
        return;
    }
    p->last_size = size;
    memcpy(p->last_octets, pdu + 2, size - 2 < 64 ? size - 2 : 64);
    if (way == PERIPHERAL_NO_ACK)
        return;
    p->nesn = !p->nesn;
    if (header.size == 0 || ble_data_check(pdu, size) != BLE_PDU_GOOD)
        return;
    memcpy(payload, pdu + 2, header.size);
    if (p->encrypts_in) {
        if (p->in_counter == 0) {
            p->first_encrypted_size = header.size;
            memcpy(p->first_encrypted, payload, header.size < 8 ? header.size : 8);
        }
        if (!ble_ccm_decrypt(&p->key, p->in_counter++, BLE_TO_PERIPHERAL, pdu[0], payload,
                             header.size, payload))
            return;
        header.size -= BLE_MIC_SIZE;
    }
    if (header.llid == BLE_LLID_CONTROL)
        on_control(d, payload, header.size);
    else
        on_att(d, payload, header.size);
}

static void compare(struct device *d, const struct air_frame *frame)
{
    struct peripheral *p = device_state(d);
    uint64_t first_ps = antenna_first_bit_ps(d, frame), due_ps = expected_ps(d, p);
    p->heard = true;
    p->anchors++;
    if (first_ps > due_ps && first_ps - due_ps > p->late_max_ps)
        p->late_max_ps = first_ps - due_ps;
    if (first_ps < due_ps && due_ps - first_ps > p->early_max_ps)
        p->early_max_ps = due_ps - first_ps;
}

static bool peripheral_air(struct device *d, const struct air_frame *frame, enum air_moment moment)
{
    struct peripheral *p = device_state(d);
    uint8_t pdu[BLE_DATA_PDU_MAX + BLE_CRC_SIZE];
    size_t size;
    if (moment == AIR_ADDRESS) {
        if (air_access_address(frame) != p->link.access_address)
            return false;
        if (p->connected && !p->heard)
            compare(d, frame);
        return true;
    }
    enum antenna_heard heard = antenna_read(&p->link, frame, pdu, &size);
    if (!p->connected) {
        if (heard == ANTENNA_GOOD && !on_scan_request(d, pdu, size))
            connect(d, pdu, size);
        return false;
    }
    p->packets++;
    p->last_end_ps = d->now_ps;
    if (heard == ANTENNA_GOOD)
        take(d, pdu, size);
    else
        p->bad_crcs++;
    answer(d);
    return false;
}

static void peripheral_reset(struct device *d)
{
    d->wake_ps = PS_PER_MS;
}

const struct peer_type peripheral_peer = {
    .type = {.name = "peripheral",
             .state_size = sizeof(struct peripheral),
             .on_reset = peripheral_reset,
             .on_wake = peripheral_wake,
             .on_air = peripheral_air},
    .about = "a peripheral by the book",
};
