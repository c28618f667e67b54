/* channel.h: which channel a connection event uses, and where channels lie in the band.
 *
 * A channel has an index (0..36 data, 37..39 advertising: what whitening and the link layer speak
 * of), an RF number (0..39 in the order of the band: what a capture's header speaks of) and a
 * frequency (2402 + 2 * RF, in MHz: FREQUENCY of the nRF radio is that less 2400).
 *
 * Two ways to hop: Channel Selection Algorithm #1, which needs what the last event used, and #2,
 * a hash of the event's counter. #2 is used if ADV_IND and CONNECT_IND both have ChSel set.
 * All is pure: no state.
 *
 * Source: Bluetooth Core 6.2, Vol 6, Part B: 1.4.1 channel indices, 4.5.8.2 algorithm #1,
 * 4.5.8.3 algorithm #2; Vol 6, Part C, section 3: sample data.
 */
#ifndef SIM_BLE_CHANNEL_H
#define SIM_BLE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#define BLE_CHANNELS 40
#define BLE_DATA_CHANNELS 37
#define BLE_CHANNELS_ALL UINT64_C(0x1FFFFFFFFF)
#define BLE_CHANNEL_NONE 0xff

/* ---- where channels lie */

/* RF number of a channel index; BLE_CHANNEL_NONE above 39. */
unsigned ble_channel_rf(unsigned channel);
/* Channel index of an RF number; BLE_CHANNEL_NONE above 39. */
unsigned ble_rf_channel(unsigned rf);
/* Centre of a channel; 0 above 39. */
unsigned ble_channel_mhz(unsigned channel);
/* Channel index at a frequency; BLE_CHANNEL_NONE where no channel lies. */
unsigned ble_mhz_channel(unsigned mhz);

/* ---- channel maps */

/* What a channel map of 37 bits (bit k: data channel k is used) says, with the used channels in
 * ascending order. A valid map has two at least; the functions below need one. */
struct ble_channel_map {
    uint64_t bits;
    uint8_t used_count;
    uint8_t used[BLE_DATA_CHANNELS];
};

/* Bits above 36 are reserved: they do not count. */
struct ble_channel_map ble_channel_map_make(uint64_t bits);
/* Is this data channel in the map? */
bool ble_channel_map_has(const struct ble_channel_map *map, unsigned channel);

/* ---- algorithm #1 */

/* unmappedChannel, `events` connection events after the one that had `last_unmapped` (0 before the
 * first event). Events that were skipped or missed count, too; a new map changes nothing here. */
unsigned ble_csa1_unmapped(unsigned last_unmapped, unsigned hop, uint32_t events);
/* The data channel index for it; BLE_CHANNEL_NONE if the map is empty. */
unsigned ble_csa1_channel(const struct ble_channel_map *map, unsigned unmapped);

/* ---- algorithm #2 */

/* channelIdentifier: the access address's halves, combined. */
uint16_t ble_csa2_identifier(uint32_t access_address);
/* prn_e: the hash of an event's counter. unmappedChannel is prn_e modulo 37. */
uint16_t ble_csa2_hash(uint16_t event_counter, uint16_t identifier);
/* The data channel index of that event; BLE_CHANNEL_NONE if the map is empty. */
unsigned ble_csa2_channel(const struct ble_channel_map *map, uint16_t event_counter,
                          uint16_t identifier);

#endif
