/* central_scan.c: advertising channels in turn, and the CONNECT_IND. */
#include "sim/world/central.h"

#include <string.h>

enum { UNIT_US = 1250, FIRST_CHANNEL = 37, LAST_CHANNEL = 39 };

/* Random static: the two most significant bits are set. */
static const uint8_t own_address[BLE_DEVICE_ADDRESS_SIZE] = {0x01, 0xce, 0x00, 0x00, 0x00, 0xc0};

static void listen(struct device *d)
{
    struct central *c = device_state(d);
    antenna_listen(d, &c->antenna, &c->scan, d->now_ps);
    central_plan_step(d, CENTRAL_STEP_HOP,
                      antenna_after_ps(d, d->now_ps, central_value(d, CENTRAL_SCAN_INTERVAL)));
}

void central_scan(struct device *d)
{
    struct central *c = device_state(d);
    c->scan = antenna_advertising;
    central_enter(d, BLE_PEER_SCANNING);
    listen(d);
}

void central_hop(struct device *d)
{
    struct central *c = device_state(d);
    c->scan.channel = c->scan.channel == LAST_CHANNEL ? FIRST_CHANNEL : c->scan.channel + 1u;
    listen(d);
}

/* An address that all rules allow. */
static uint32_t draw_address(struct central *c)
{
    uint32_t address;
    do
        address = (uint32_t)random_next(&c->keys);
    while (ble_address_check(address, true) != BLE_ADDRESS_GOOD);
    return address;
}

static uint16_t units(const struct device *d, enum central_parameter parameter, uint64_t unit_ps)
{
    return (uint16_t)(central_value(d, parameter) / unit_ps);
}

static struct ble_connect connect_of(struct device *d, const struct ble_adv *adv)
{
    struct central *c = device_state(d);
    const uint64_t unit_ps = UNIT_US * PS_PER_US;
    struct ble_connect connect = {
        .ch_sel = central_value(d, CENTRAL_SECOND_SELECTION),
        .tx_random = true,
        .rx_random = adv->tx_random,
        .access_address = (uint32_t)central_value(d, CENTRAL_ACCESS_ADDRESS),
        .crc_init = (uint32_t)central_value(d, CENTRAL_CRC_INIT),
        .window_size = (uint8_t)units(d, CENTRAL_WINDOW_SIZE, unit_ps),
        .window_offset = units(d, CENTRAL_WINDOW_OFFSET, unit_ps),
        .interval = units(d, CENTRAL_INTERVAL, unit_ps),
        .latency = (uint16_t)central_value(d, CENTRAL_LATENCY),
        .timeout = units(d, CENTRAL_TIMEOUT, 10 * PS_PER_MS),
        .channels = central_value(d, CENTRAL_CHANNEL_MAP),
        .hop = (uint8_t)central_value(d, CENTRAL_HOP),
        .sca = (uint8_t)ble_ppm_sca((unsigned)central_value(d, CENTRAL_PPM_CLAIMED)),
    };
    memcpy(connect.initiator, own_address, sizeof own_address);
    memcpy(connect.advertiser, adv->address, sizeof adv->address);
    if (!connect.access_address)
        connect.access_address = draw_address(c);
    return connect;
}

/* The link as the CONNECT_IND says it; nothing of an earlier one is left. */
static void link_begin(struct central *c, const struct ble_connect *connect,
                       const struct ble_adv *adv)
{
    c->link = (struct central_link){
        .interval_us = connect->interval * (uint32_t)UNIT_US,
        .timeout_us = connect->timeout * 10000u,
        .latency = connect->latency,
        .hop = connect->hop,
        .second_selection = connect->ch_sel && adv->ch_sel,
        .opcode = CENTRAL_NO_OPCODE,
        .octets_in = BLE_DATA_PAYLOAD_MIN,
        .map = ble_channel_map_make(connect->channels),
        .antenna = {.access_address = connect->access_address, .crc_init = connect->crc_init},
    };
}

static void send_connect(struct device *d, const struct ble_adv *adv)
{
    struct central *c = device_state(d);
    const struct ble_connect connect = connect_of(d, adv);
    uint8_t pdu[BLE_ADV_PDU_MAX];
    size_t size = ble_connect_write(&connect, pdu);
    uint64_t start_ps = antenna_after_ps(d, d->now_ps, BLE_T_IFS_PS);
    uint64_t end_ps = antenna_send(d, &c->antenna, &c->scan, start_ps, pdu, size, false);
    link_begin(c, &connect, adv);
    c->connections++;
    central_enter(d, BLE_PEER_INITIATING);
    antenna_rest(d, &c->antenna);
    central_plan_step(d, CENTRAL_STEP_CREATED, end_ps);
}

void central_heard_advertising(struct device *d, const struct air_frame *frame)
{
    struct central *c = device_state(d);
    uint8_t pdu[BLE_DATA_PDU_MAX + BLE_CRC_SIZE];
    size_t size;
    struct ble_adv adv;
    if (antenna_read(&c->scan, frame, pdu, &size) != ANTENNA_GOOD ||
        ble_adv_read(pdu, size, &adv) != BLE_PDU_GOOD || adv.type != BLE_ADV_IND)
        return;
    antenna_note(d, BLE_NOTE_ADVERTISEMENT, c->scan.channel);
    c->advertisements++;
    if (c->advertisements > central_value(d, CENTRAL_CONNECT_AFTER))
        send_connect(d, &adv);
}
