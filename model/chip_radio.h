/* chip_radio.h: an nRF52 RADIO for Bluetooth LE packets, on time by hardware: TIMER counts
 * microseconds, and PPI leads from its compare events to the radio's tasks, so that what must
 * happen at a moment does whatever the CPU is at.
 *
 *   CC[0]   --channel 0--> TXEN or RXEN   the moment that was asked for, less the ramp-up
 *   CC[1]   --channel 1--> RXEN           the receiver behind what is sent
 *   CC[3]   --channel 2--> DISABLE        nothing has come: the window is over
 *   ADDRESS --channel 3--> CAPTURE[3]     something comes: its moment takes the window's place
 *   RXREADY --channel 4--> CHG[0].EN      opens channel 3: what is sent has an ADDRESS, too
 *   CC[2]                                 the present, captured by software
 *
 * One interrupt, RADIO's DISABLED. One packet's buffer for both directions: it is free for what
 * comes in as soon as what goes out has gone. Fast ramp-up, no hardware TIFS. LE 1M (phy 0) and LE
 * 2M (1).
 *
 * Times are microseconds of TIMER, modulo 2^32; a moment is right to a microsecond. All channels
 * and groups of PPI are this driver's, and so is TIMER (any; four compare registers, 32 bits).
 *
 * Sources: nRF52840 Product Specification v1.7, 6.20 (RADIO), 6.30 (TIMER), 6.16 (PPI), 5.4
 * (CLOCK). Ramp-up and delays: Zephyr's radio_nrf52840.h, measured with a sniffer. Air times:
 * Bluetooth Core 6.2, Vol 6 Part B 2.1.
 */
#ifndef MODEL_CHIP_RADIO_H
#define MODEL_CHIP_RADIO_H

#include "model/config.h"
#include "model/hw_port.h"

enum { CHIP_RADIO_AHEAD_MAX_US = 1 << 30 };

/* Starts crystal, counter and radio. `buffer` in RAM, 2 + 255 bytes or more: the PDU as in the air
 * (header, length, payload), the radio's while it sends or listens. */
void chip_radio_start(struct hw *hw, const struct radio_place *place, uint32_t buffer);

/* The crystal oscillates; without it the radio keeps no frequency. */
bool chip_radio_is_ready(struct hw *hw, const struct radio_place *place);

uint32_t chip_radio_now(struct hw *hw, const struct radio_place *place);

void chip_radio_set_address(struct hw *hw, const struct radio_place *place, uint32_t access_address,
                            uint32_t crc_init);
/* `channel` 0 to 39, as link layers count; `phy` 0 or 1. */
void chip_radio_tune(struct hw *hw, const struct radio_place *place, uint32_t channel,
                     uint32_t phy);

/* Bits of a PDU of `size` bytes with all that goes around it. */
uint32_t chip_radio_air_us(uint32_t phy, uint32_t size);

/* Listens for a packet whose first bit comes from `from_us` on and until `until_us`. False: that
 * moment has gone by, is too near, or more than CHIP_RADIO_AHEAD_MAX_US away, and nothing
 * happens. */
bool chip_radio_listen(struct hw *hw, const struct radio_place *place, uint32_t phy,
                       uint32_t from_us, uint32_t until_us);

/* Sends the PDU of `size` bytes in the buffer with its first bit at `at_us`; then, if it `listens`,
 * opens the receiver for an answer 150 us behind its last bit. False: as above. */
bool chip_radio_send(struct hw *hw, const struct radio_place *place, uint32_t phy, uint32_t at_us,
                     uint32_t size, bool listens);
/* As soon as it can be; when that is. */
uint32_t chip_radio_send_soon(struct hw *hw, const struct radio_place *place, uint32_t phy,
                              uint32_t size, bool listens);

/* Gives up what was asked for; the radio is off at once, or, from sending, in a few
 * microseconds. */
void chip_radio_stop(struct hw *hw, const struct radio_place *place);

/* Off: nothing goes out or comes in, and the buffer is the kernel's. */
bool chip_radio_is_off(struct hw *hw, const struct radio_place *place);

/* The radio went off since the last look; the event is cleared, and the line falls. */
bool chip_radio_went_off(struct hw *hw, const struct radio_place *place);

enum radio_outcome {
    RADIO_UNDER_WAY, /* or what was asked for has been sent: the caller knows whether it listens */
    RADIO_RECEIVED,  /* the CRC was good */
    RADIO_RECEIVED_BADLY,
    RADIO_WINDOW_OVER,
};
enum radio_outcome chip_radio_outcome(struct hw *hw, const struct radio_place *place);

/* The first bit of the packet that came in. */
uint32_t chip_radio_first_bit_us(struct hw *hw, const struct radio_place *place, uint32_t phy);

#endif
