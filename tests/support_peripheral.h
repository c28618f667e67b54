/* support_peripheral.h: a peripheral by the book, as a peer, for tests of the central: it knows the
 * central's drift and so expects each packet at its picosecond; it answers exactly T_IFS later, or
 * as a row of the test says otherwise.
 *
 * It shares sim/ble/ with the central (channels, PDUs, cipher) and nothing else; anchors it works
 * out by a division of its own.
 */
#ifndef TESTS_SUPPORT_PERIPHERAL_H
#define TESTS_SUPPORT_PERIPHERAL_H

#include "sim/ble/ccm.h"
#include "sim/ble/notes.h"
#include "sim/ble/time.h"
#include "sim/world/antenna.h"

/* What it does from event `from` up to, but not including, `to`. */
enum peripheral_way {
    PERIPHERAL_EXACT,
    PERIPHERAL_OFFSET, /* its answer is `offset_ps` off T_IFS */
    PERIPHERAL_BAD_CRC,
    PERIPHERAL_MUTE,
    PERIPHERAL_OLD_SN, /* it does not advance its SN: what it sends is a duplicate */
    PERIPHERAL_NO_ACK, /* it does not advance its NESN */
    PERIPHERAL_MORE,   /* it says MD */
    PERIPHERAL_REJECT, /* it rejects LL_ENC_REQ, and knows no other request */
    PERIPHERAL_BAD_MIC,
    PERIPHERAL_NO_CONTROL, /* it takes control PDUs and never answers */
    PERIPHERAL_LEAVE,      /* sends LL_TERMINATE_IND once */
    PERIPHERAL_BAD_PDU,    /* a good CRC over a reserved LLID */
};

/* Parameters: places in the plan's values. */
enum peripheral_value {
    P_WAY,
    P_FROM,
    P_TO,
    P_OFFSET,       /* ps, + 1 s */
    P_CENTRAL_PPB,  /* + 10^9 */
    P_WINDOW_PLACE, /* us: where the first packet is expected in its window */
    P_SELECTION,    /* whether its ADV_IND says ChSel */
    P_VALUE_SIZE,   /* of what is read */
    P_PHYS,         /* BLE_PHY_BIT_*, both ways */
    P_ADV_CHANNELS, /* 0: it advertises on 37 alone; else on all, 500 us apart */
};

enum { PERIPHERAL_LOG = 32 };

struct peripheral {
    struct antenna antenna;
    struct antenna_link link;
    bool connected, open;                /* open: it listens for the packets of `event` */
    uint64_t adv_end_ps, connect_ifs_ps; /* CONNECT_IND's first bit - ADV_IND's last */
    uint32_t sent_advs;
    uint64_t connect_end_ps;
    struct ble_connect connect;
    uint64_t at_us; /* of the central's clock, from the CONNECT_IND's end: the anchor of `event` */
    uint32_t interval_us;
    uint16_t event;
    uint32_t events; /* the same, never turning over */
    uint8_t unmapped;
    struct ble_channel_map map;
    uint8_t phy_in, phy_out;
    struct ble_control update, map_ind, phy_ind; /* pending unless opcode is 0xff */

    bool sn, nesn, unacked, heard;
    uint8_t llid, size, payload[64], queued;
    struct {
        uint8_t llid, size, payload[32];
    } queue[4];
    bool left;

    struct ble_link_key key;
    bool encrypts_in, encrypts_out;
    uint64_t in_counter, out_counter;
    uint8_t first_encrypted[8], first_encrypted_size; /* as it came */

    /* What it saw. */
    uint32_t packets, anchors, unheard; /* unheard: events in which nothing came */
    uint64_t early_max_ps, late_max_ps; /* anchors against what is expected */
    uint32_t scan_requests, bad_crcs, duplicates, repeated_octets, more, outside;
    uint64_t last_end_ps;
    uint8_t log[PERIPHERAL_LOG], log_count; /* opcodes of control PDUs */
    uint8_t last_octets[64];
    size_t last_size;
};

extern const struct peer_type peripheral_peer;

#endif
