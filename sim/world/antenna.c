#include "sim/world/antenna.h"

#include <string.h>

enum { US_HZ = 1000000, NS_HZ = 1000000000, PS_PER_NS = 1000 };

const struct antenna_link antenna_advertising = {.access_address = BLE_ADVERTISING_ADDRESS,
                                                 .crc_init = BLE_ADVERTISING_CRC_INIT,
                                                 .channel = 37,
                                                 .phy = AIR_1M};

static uint32_t offset_in_state(struct device *d, const void *part)
{
    return (uint32_t)((const uint8_t *)part - (const uint8_t *)device_state(d));
}

static void request(struct device *d, enum device_request_kind kind, const void *part)
{
    device_request(d, (struct device_request){.kind = (uint8_t)kind,
                                              .state_offset = offset_in_state(d, part)});
}

uint64_t antenna_send(struct device *d, struct antenna *antenna, const struct antenna_link *link,
                      uint64_t start_ps, const uint8_t *pdu, size_t size, bool spoil)
{
    struct air_frame *frame = &antenna->frame;
    *frame = (struct air_frame){.start_ps = start_ps,
                                .mhz = (uint16_t)ble_channel_mhz(link->channel),
                                .phy = link->phy,
                                .size = (uint16_t)(AIR_ADDRESS_SIZE + size + BLE_CRC_SIZE)};
    for (uint32_t i = 0; i < AIR_ADDRESS_SIZE; i++)
        frame->bytes[i] = (uint8_t)(link->access_address >> 8 * i);
    uint8_t *body = frame->bytes + AIR_ADDRESS_SIZE;
    memcpy(body, pdu, size);
    ble_crc(link->crc_init, pdu, size, body + size);
    body[size] ^= spoil;
    ble_whiten(link->channel, body, size + BLE_CRC_SIZE);
    request(d, REQUEST_AIR_SEND, frame);
    return air_end_ps(frame);
}

void antenna_listen(struct device *d, struct antenna *antenna, const struct antenna_link *link,
                    uint64_t since_ps)
{
    antenna->tuning = (struct air_tuning){.since_ps = since_ps,
                                          .mhz = (uint16_t)ble_channel_mhz(link->channel),
                                          .phy = link->phy,
                                          .listening = true};
    request(d, REQUEST_AIR_TUNE, &antenna->tuning);
}

void antenna_rest(struct device *d, struct antenna *antenna)
{
    antenna->tuning = (struct air_tuning){0};
    request(d, REQUEST_AIR_TUNE, &antenna->tuning);
}

uint64_t antenna_first_bit_ps(const struct device *d, const struct air_frame *frame)
{
    return d->now_ps - (air_address_ps(frame) - frame->start_ps);
}

enum antenna_heard antenna_read(const struct antenna_link *link, const struct air_frame *frame,
                                uint8_t pdu[BLE_DATA_PDU_MAX + BLE_CRC_SIZE], size_t *size)
{
    size_t all = frame->size - (size_t)AIR_ADDRESS_SIZE;
    if (all < BLE_HEADER_SIZE + BLE_CRC_SIZE || all > BLE_DATA_PDU_MAX + BLE_CRC_SIZE)
        return ANTENNA_NOTHING;
    memcpy(pdu, frame->bytes + AIR_ADDRESS_SIZE, all);
    ble_whiten(link->channel, pdu, all);
    *size = all - BLE_CRC_SIZE;
    return ble_crc_good(link->crc_init, pdu, all) ? ANTENNA_GOOD : ANTENNA_BAD;
}

static uint64_t after(const struct device *d, uint64_t from_ps, uint64_t hz, uint64_t edges)
{
    const struct clock own = {.hz = hz, .drift_ppb = d->hf.drift_ppb, .phase_ps = from_ps};
    return clock_edge_ps(&own, edges);
}

uint64_t antenna_after_us(const struct device *d, uint64_t from_ps, uint64_t us)
{
    return after(d, from_ps, US_HZ, us);
}

uint64_t antenna_after_ps(const struct device *d, uint64_t from_ps, uint64_t ps)
{
    return after(d, from_ps, NS_HZ, ps / PS_PER_NS);
}

void antenna_note(struct device *d, uint32_t note, uint32_t value)
{
    device_request(
        d, (struct device_request){.kind = REQUEST_NOTE, .address = note, .state_offset = value});
}
