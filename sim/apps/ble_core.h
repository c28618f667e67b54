/* ble_core.h: a Bluetooth LE peripheral's link layer without clock and without radio: what it says,
 * on which channel, and when it has to listen. The three designs of the app (ble_peripheral.h)
 * share it; they differ only in who drives the radio.
 *
 *   advertising --CONNECT_IND--> created --first data PDU--> established --> closed (why)
 *
 *   ble_core_window     when and where the next connection event is listened for
 *   ble_core_heard      an access address came in: the event's anchor, whatever its CRC will be
 *   ble_core_received   a PDU, good or bad: what to answer, if anything
 *   ble_core_end_event  the event is over, heard or not
 *
 * Times are microseconds of the app's own clock, modulo 2^32. PDUs are as in the air: header,
 * length, payload. It is independent of sim/ble/, which the other side of the air uses: a mistake
 * in either shows as a disagreement.
 *
 * Numbers: Bluetooth Core 6.2, Vol 6 Part B: 2.3.3.1 (CONNECT_IND), 2.4 (data PDUs), 2.4.2 (LL
 * control PDUs), 4.2 (sleep clock accuracy), 4.5.1 to 4.5.12 (connection events, supervision,
 * acknowledgement), 4.5.8 (channel selection), 5.1 (procedures with an instant), 5.2 (40 s
 * procedure response timeout). ATT: Vol 3 Part F 3.4.
 *
 * Not modelled: extended advertising, LE Coded, data length above 27 octets, subrating, the
 * connection parameters request procedure (answered with LL_UNKNOWN_RSP), pausing encryption.
 */
#ifndef SIM_APPS_BLE_CORE_H
#define SIM_APPS_BLE_CORE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BLE_PAYLOAD_MAX = 37, /* an advertising PDU's; data PDUs: 27 and MIC */
    BLE_DATA_MAX = 27,
    BLE_VALUE_MAX = 20, /* of the one characteristic: fits the default MTU of 23 */
    BLE_QUEUE = 4,      /* PDUs that wait to be sent */
};
#define BLE_AA_ADVERTISING UINT32_C(0x8e89bed6)
#define BLE_CRC_ADVERTISING UINT32_C(0x555555)

struct ble_pdu {
    uint8_t header, length;
    uint8_t payload[BLE_PAYLOAD_MAX];
};

enum ble_state { BLE_ADVERTISING, BLE_CREATED, BLE_ESTABLISHED, BLE_CLOSED };

/* Why a connection ended: HCI error codes (Core Vol 1 Part F). */
enum ble_reason {
    BLE_REASON_NONE = 0,
    BLE_REASON_TIMEOUT = 0x08,
    BLE_REASON_REMOTE = 0x13,
    BLE_REASON_LOCAL = 0x16,
    BLE_REASON_INVALID = 0x1e,     /* of an update: numbers that no connection may have */
    BLE_REASON_UNSUPPORTED = 0x20, /* another PHY to each side */
    BLE_REASON_INSTANT_PASSED = 0x28,
    BLE_REASON_MIC = 0x3d,
    BLE_REASON_NOT_ESTABLISHED = 0x3e,
};

enum ble_encryption {
    BLE_PLAIN,
    BLE_KEY_WANTED, /* session key = e(LTK, SKD): whoever drives the radio makes it */
    BLE_KEY_READY,  /* LL_START_ENC_REQ is to be sent */
    BLE_START_SENT, /* what comes in is encrypted from now on */
    BLE_ENCRYPTED,
};

/* What to do once a PDU has come in. */
enum ble_answer {
    BLE_ANSWER,      /* send core->out 150 us after its last bit, then listen once more */
    BLE_ANSWER_LAST, /* send it, and the event is over unless it has more data */
    BLE_NO_ANSWER,   /* the event is over */
};

struct ble_window {
    uint32_t open_us;  /* listen from here ... */
    uint32_t close_us; /* ... until here: an access address that begins later is too late */
    uint8_t channel;   /* index 0..36 */
    uint8_t phy;       /* 0: 1M, 1: 2M */
};

struct ble_timing {
    uint16_t interval; /* in 1.25 ms */
    uint16_t latency;
    uint16_t timeout;       /* in 10 ms */
    uint16_t window_offset; /* in 1.25 ms */
    uint8_t window_size;    /* in 1.25 ms */
};

struct ble_update {
    bool pending;
    uint16_t instant;
};

struct ble_core {
    uint8_t state;  /* enum ble_state */
    uint8_t reason; /* enum ble_reason */
    uint8_t address[6];
    uint16_t own_ppm;

    uint32_t access_address, crc_init;
    struct ble_timing timing;
    uint8_t map[5], hop, unmapped;
    bool second_selection; /* channel selection algorithm #2 */
    uint8_t phy;
    uint16_t central_ppm;

    uint16_t event;     /* connEventCount of the event that comes or is under way */
    uint32_t anchor_us; /* where it is expected, or, once heard, was; with a transmit window:
                               where that begins */
    bool window_open;   /* the event has a transmit window: the first, and at an update */
    uint32_t sync_us;   /* what widening counts from: the last anchor, or the CONNECT_IND */
    uint32_t valid_us;  /* the last PDU with a good CRC: supervision */
    bool heard;         /* in this event */
    uint8_t bad_crcs;   /* one after another in this event */

    bool sn, nesn;   /* transmitSeqNum, nextExpectedSeqNum */
    bool unacked;    /* `last` has been sent and not acknowledged */
    bool ever_acked; /* only then events may be skipped */
    bool more;       /* the other side said MD in what came last */
    bool heard_new;  /* `inbox` holds a PDU that ble_core_think has not looked at */
    struct ble_pdu inbox;
    struct ble_pdu out;  /* what is to be sent, SN, NESN and MD filled in */
    struct ble_pdu last; /* what was sent last, without them */
    uint8_t queued;
    struct ble_pdu queue[BLE_QUEUE];

    struct ble_update timing_update, map_update, phy_update;
    struct ble_timing timing_next;
    uint8_t map_next[5], phy_next;
    bool version_sent, terminate_received;

    uint8_t encryption;      /* enum ble_encryption */
    bool opened, sealed;     /* inbox has been decrypted; queue[0] is encrypted, with its MIC */
    uint8_t skd[16], iv[8];  /* as on the air; skd[8..15] and iv[4..7] are this side's, random */
    uint8_t session_key[16]; /* most significant octet first */
    uint64_t received_counter, sent_counter; /* packetCounter of CCM, one a direction */

    uint8_t value[BLE_VALUE_MAX], value_length; /* the characteristic */
    uint32_t reads, control_pdus, duplicates, events, missed;
};

/* As after power-on: advertises with `address`, which is a public one. */
void ble_core_reset(struct ble_core *core, const uint8_t address[6], uint16_t own_ppm);
enum { BLE_RANDOM_SIZE = 12 };
/* For skd and iv: from a true random number generator, for each life. */
void ble_core_random(struct ble_core *core, const uint8_t octets[BLE_RANDOM_SIZE]);

/* ADV_IND with flags and a name. */
struct ble_pdu ble_core_advertisement(const struct ble_core *core);

/* A SCAN_REQ for this address: core->out is the SCAN_RSP. */
bool ble_core_scanned(struct ble_core *core, const struct ble_pdu *pdu);

/* A CONNECT_IND whose last bit came at `end_us`. False: not for this address, or with parameters
 * that must be refused (Core Vol 6 Part B 2.3.3.1: interval, latency, timeout, map, hop and the
 * window). */
bool ble_core_connect(struct ble_core *core, const struct ble_pdu *pdu, uint32_t end_us);

/* The event core->event. False: the connection is over (core->reason): widening has met its limit,
 * or nothing valid came for too long. */
bool ble_core_window(struct ble_core *core, uint32_t now_us, struct ble_window *window);

/* The first bit of a packet of this event, as far as the app can tell. */
void ble_core_heard(struct ble_core *core, uint32_t first_bit_us);

/* A packet came in. `crc_good` false: its content is noise. Fills core->out unless it is
 * BLE_NO_ANSWER. */
enum ble_answer ble_core_received(struct ble_core *core, const struct ble_pdu *pdu, bool crc_good,
                                  uint32_t end_us);

/* Everything that may wait until the answer is on its way. */
void ble_core_think(struct ble_core *core, uint32_t now_us);

/* Whether the event goes on after the answer: either side has more data. */
bool ble_core_goes_on(const struct ble_core *core);

/* On to the next event; with latency, past those that may be skipped. */
void ble_core_end_event(struct ble_core *core);

/* The data channel of event core->event. */
uint8_t ble_core_channel(struct ble_core *core);

/* Encryption is done by whoever has the hardware, in this order, before ble_core_think:
 *   key      e(LTK, SKD) is wanted: LL_START_ENC_REQ goes out
 *   opening  inbox is encrypted: its plain payload, or a MIC that does not fit
 *   sealing  queue[0] is to be sent encrypted: payload and MIC. SN, NESN and MD are not part of
 *            what the MIC is about, so it is sealed once, however often it is sent */
bool ble_core_wants_key(const struct ble_core *core);
void ble_core_key_made(struct ble_core *core, const uint8_t key[16]);
bool ble_core_wants_opening(const struct ble_core *core);
void ble_core_opened(struct ble_core *core, const uint8_t *payload, bool mic_good);
bool ble_core_wants_sealing(const struct ble_core *core);
void ble_core_sealed(struct ble_core *core, const uint8_t *payload);

/* Ends the connection from this side. */
void ble_core_terminate(struct ble_core *core, uint32_t now_us);

#endif
