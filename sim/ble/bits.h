/* bits.h: the Bluetooth LE link layer's bits: CRC, whitening, access addresses and time on the air.
 *
 *   transmitter: PDU --CRC over the PDU--> PDU|CRC --whitening of both--> the air
 *   receiver:    the air --whitening again--> PDU|CRC --residue 0?--> good
 *
 *   on the air: preamble | access address 4 | PDU: header 2, payload n | CRC 3   (octets, uncoded)
 *
 * Octets are in the order of the air: the first is sent first, its bit 0 before its bit 7.
 * All is pure: no state, nothing is allocated. Written from the specification alone and shared with
 * neither the radio's registers nor the app under test: a fault on one side shows on the other.
 *
 * Source: Bluetooth Core 6.2, Vol 6, Part B ("6.B"): 2.1 packet formats, 2.1.2 access addresses,
 * 3.1.1 CRC, 3.2 whitening; 6.B 2.2 the LE Coded PHY.
 */
#ifndef SIM_BLE_BITS_H
#define SIM_BLE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLE_ADVERTISING_ADDRESS UINT32_C(0x8E89BED6) /* 6.B 2.1.2 */
#define BLE_ADVERTISING_CRC_INIT UINT32_C(0x555555)  /* 6.B 3.1.1 */
#define BLE_CRC_SIZE 3
#define BLE_ADDRESS_SIZE 4 /* the access address */
#define BLE_HEADER_SIZE 2

enum ble_phy {
    BLE_PHY_1M,
    BLE_PHY_2M,
    BLE_PHY_CODED_S8, /* 125 kb/s */
    BLE_PHY_CODED_S2, /* 500 kb/s */
    BLE_PHYS
};

/* ---- CRC: x^24 + x^10 + x^9 + x^6 + x^4 + x^3 + x + 1 over the PDU, header included.
 *
 * The register is held with the bit that is sent first (position 23) in bit 0: its octets, low
 * first, are the CRC on the air. `init` is CRCInit as a number: its bit 0 presets position 0. In a
 * CONNECT_IND it is little-endian. */

/* The register before the first octet. Bits 24 to 31 of `init` do not count. */
uint32_t ble_crc_start(uint32_t init);
/* ... and after some more octets. */
uint32_t ble_crc_add(uint32_t crc, const uint8_t *octets, size_t size);
/* The other way: the register before `octets`, if `crc` is what it is behind them. */
uint32_t ble_crc_before(uint32_t crc, const uint8_t *octets, size_t size);
/* The three octets that go on the air after the PDU. */
void ble_crc(uint32_t init, const uint8_t *pdu, size_t size, uint8_t crc[BLE_CRC_SIZE]);
/* Is the CRC behind the PDU right? `size` counts both. Over PDU and right CRC the register comes to
 * 0. False below 3 octets. */
bool ble_crc_good(uint32_t init, const uint8_t *pdu_and_crc, size_t size);

/* ---- whitening: x^7 + x^4 + 1, preset with 1 and the channel index (not the RF channel). */

/* Whitens PDU and CRC in place; the same again undoes it. Of `channel` the low six bits count. */
void ble_whiten(unsigned channel, uint8_t *octets, size_t size);

/* ---- access addresses of connections: 6.B 2.1.2, the rule that is broken */

enum ble_address_fault {
    BLE_ADDRESS_GOOD,
    BLE_ADDRESS_ADVERTISING,     /* it is that of advertising */
    BLE_ADDRESS_NEAR,            /* one bit off that */
    BLE_ADDRESS_EQUAL_OCTETS,    /* all four octets are equal */
    BLE_ADDRESS_LONG_RUN,        /* more than six zeros or ones in a row */
    BLE_ADDRESS_TRANSITIONS,     /* more than 24 changes from bit to bit */
    BLE_ADDRESS_TOP_TRANSITIONS, /* fewer than two within the six most significant bits */
    BLE_ADDRESS_LOW_ONES,        /* coded only: fewer than three ones in the low 8 bits */
    BLE_ADDRESS_LOW_TRANSITIONS, /* coded only: more than eleven changes in the low 16 bits */
    BLE_ADDRESS_FAULTS
};

/* The first rule of the list that `address` breaks; the last two are asked only of a device that
 * supports the coded PHY. */
enum ble_address_fault ble_address_check(uint32_t address, bool coded);
/* For people; NULL for a number that is no fault. */
const char *ble_address_fault_name(enum ble_address_fault fault);

/* ---- time on the air, in picoseconds; `payload_size` is the header's length field, with MIC */

/* Octets of the preamble: 1, 2, and 10 (80 symbols) coded. 0 for what is no PHY. */
unsigned ble_preamble_size(enum ble_phy phy);
/* From the first bit of the preamble to the last of the access address: what a receiver needs to
 * say ADDRESS. Coded: before the coding indicator and TERM1. */
uint64_t ble_address_end_ps(enum ble_phy phy);
/* The whole packet: from the first bit of the preamble to the last of the CRC (coded: of TERM2). */
uint64_t ble_air_ps(enum ble_phy phy, unsigned payload_size);
/* From the last bit of the access address to that of the packet. */
uint64_t ble_address_to_end_ps(enum ble_phy phy, unsigned payload_size);

#endif
