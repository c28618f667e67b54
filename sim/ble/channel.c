#include "sim/ble/channel.h"

/* ---- where channels lie: the three advertising channels lie at 2402, 2426 and 2480 MHz, the data
 * channels between them */

#define RF_OF_38 12

unsigned ble_channel_rf(unsigned channel)
{
    switch (channel) {
    case 37:
        return 0;
    case 38:
        return RF_OF_38;
    case 39:
        return 39;
    default:
        if (channel >= BLE_CHANNELS)
            return BLE_CHANNEL_NONE;
        return channel + (channel + 1 < RF_OF_38 ? 1 : 2);
    }
}

unsigned ble_rf_channel(unsigned rf)
{
    switch (rf) {
    case 0:
        return 37;
    case RF_OF_38:
        return 38;
    case 39:
        return 39;
    default:
        if (rf >= BLE_CHANNELS)
            return BLE_CHANNEL_NONE;
        return rf - (rf < RF_OF_38 ? 1 : 2);
    }
}

unsigned ble_channel_mhz(unsigned channel)
{
    return channel < BLE_CHANNELS ? 2402 + 2 * ble_channel_rf(channel) : 0;
}

unsigned ble_mhz_channel(unsigned mhz)
{
    return mhz < 2402 || mhz % 2 ? BLE_CHANNEL_NONE : ble_rf_channel((mhz - 2402) / 2);
}

/* ---- channel maps */

struct ble_channel_map ble_channel_map_make(uint64_t bits)
{
    struct ble_channel_map map = {.bits = bits & BLE_CHANNELS_ALL};

    for (unsigned channel = 0; channel < BLE_DATA_CHANNELS; channel++)
        if (ble_channel_map_has(&map, channel))
            map.used[map.used_count++] = (uint8_t)channel;
    return map;
}

bool ble_channel_map_has(const struct ble_channel_map *map, unsigned channel)
{
    return channel < BLE_DATA_CHANNELS && (map->bits >> channel & 1);
}

/* ---- algorithm #1 */

unsigned ble_csa1_unmapped(unsigned last_unmapped, unsigned hop, uint32_t events)
{
    return (unsigned)((last_unmapped + (uint64_t)hop * events) % BLE_DATA_CHANNELS);
}

unsigned ble_csa1_channel(const struct ble_channel_map *map, unsigned unmapped)
{
    if (map->used_count == 0)
        return BLE_CHANNEL_NONE;
    if (ble_channel_map_has(map, unmapped))
        return unmapped;
    return map->used[unmapped % map->used_count];
}

/* ---- algorithm #2 */

uint16_t ble_csa2_identifier(uint32_t access_address)
{
    return (uint16_t)(access_address >> 16 ^ access_address);
}

/* PERM: the bits of each octet in reverse. */
static uint32_t permute(uint32_t x)
{
    x = (x & 0x0f0f) << 4 | (x >> 4 & 0x0f0f);
    x = (x & 0x3333) << 2 | (x >> 2 & 0x3333);
    return (x & 0x5555) << 1 | (x >> 1 & 0x5555);
}

uint16_t ble_csa2_hash(uint16_t event_counter, uint16_t identifier)
{
    uint32_t prn = event_counter ^ identifier;

    for (int round = 0; round < 3; round++)
        prn = (17 * permute(prn) + identifier) & 0xffff; /* PERM, then MAM */
    return (uint16_t)(prn ^ identifier);
}

unsigned ble_csa2_channel(const struct ble_channel_map *map, uint16_t event_counter,
                          uint16_t identifier)
{
    uint32_t hash = ble_csa2_hash(event_counter, identifier);

    if (map->used_count == 0)
        return BLE_CHANNEL_NONE;
    if (ble_channel_map_has(map, hash % BLE_DATA_CHANNELS))
        return hash % BLE_DATA_CHANNELS;
    return map->used[map->used_count * hash >> 16];
}
