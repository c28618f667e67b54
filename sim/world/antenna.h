/* antenna.h: what the peers that speak Bluetooth LE share: PDUs to frames and back, times on the
 * peer's own clock.
 *
 * Frames are made with sim/ble/ alone: CRC over the PDU, whitening of both. Nothing here is the
 * radio's or an app's.
 */
#ifndef SIM_WORLD_ANTENNA_H
#define SIM_WORLD_ANTENNA_H

#include "sim/ble/bits.h"
#include "sim/ble/channel.h"
#include "sim/ble/pdu.h"
#include "sim/peer.h"

/* What a peer has in the air; part of its state. */
struct antenna {
    struct air_frame frame;   /* what it sent last */
    struct air_tuning tuning; /* what it listens to */
};

/* Where packets are: a channel and who speaks there. */
struct antenna_link {
    uint32_t access_address;
    uint32_t crc_init;
    uint8_t channel; /* index 0..39 */
    uint8_t phy;     /* enum air_phy */
};

extern const struct antenna_link antenna_advertising; /* its channel is 37 */

/* Sends `pdu` from start_ps (now or later) on; when its last bit will have left. `spoil`: its CRC
 * is wrong. */
uint64_t antenna_send(struct device *d, struct antenna *antenna, const struct antenna_link *link,
                      uint64_t start_ps, const uint8_t *pdu, size_t size, bool spoil);
/* Listens from since_ps (now or later) on, to whatever is on that channel. */
void antenna_listen(struct device *d, struct antenna *antenna, const struct antenna_link *link,
                    uint64_t since_ps);
void antenna_rest(struct device *d, struct antenna *antenna);

/* When the first bit of a frame came to the antenna whose access address has just ended there. */
uint64_t antenna_first_bit_ps(const struct device *d, const struct air_frame *frame);

enum antenna_heard { ANTENNA_NOTHING, ANTENNA_BAD, ANTENNA_GOOD };
/* The PDU of a frame that came on this link, CRC left out. ANTENNA_BAD: its CRC is wrong;
 * ANTENNA_NOTHING: too short to have one. */
enum antenna_heard antenna_read(const struct antenna_link *link, const struct air_frame *frame,
                                uint8_t pdu[BLE_DATA_PDU_MAX + BLE_CRC_SIZE], size_t *size);

/* `us` microseconds of the peer's own clock after `from_ps`: exact, rounded up once. */
uint64_t antenna_after_us(const struct device *d, uint64_t from_ps, uint64_t us);
/* The same for picoseconds of its clock, to the nanosecond. */
uint64_t antenna_after_ps(const struct device *d, uint64_t from_ps, uint64_t ps);

/* Writes a note of sim/ble/notes.h. */
void antenna_note(struct device *d, uint32_t note, uint32_t value);

#endif
