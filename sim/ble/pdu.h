/* pdu.h: the PDUs of the LE link layer, and of L2CAP and ATT what a smallest GATT server needs:
 * from octets to structs and back.
 *
 *   advertising:  type 4 | - 1 | ChSel 1 | TxAdd 1 | RxAdd 1 || length 8 || payload    (bits)
 *   data:         LLID 2 | NESN 1 | SN 1 | MD 1 | - 3        || length 8 || payload
 *
 * A reader takes a whole PDU, header included, CRC left out, and checks all before it fills the
 * struct: a refused PDU leaves it as it was. A writer takes any values, cuts each to its field, and
 * returns the PDU's size. Numbers are little-endian on the air; addresses, keys and random numbers
 * stay octets in the order of the air. Reserved bits are sent as 0 and ignored when received.
 * All is pure: no state, nothing is kept.
 *
 * Source: Bluetooth Core 6.2, Vol 6, Part B ("6.B"): 2.3 advertising, 2.4 data; Vol 3, Part A, 3.1
 * L2CAP; Vol 3, Part F, 3.4 ATT.
 */
#ifndef SIM_BLE_PDU_H
#define SIM_BLE_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLE_DEVICE_ADDRESS_SIZE 6
#define BLE_ADV_DATA_MAX 31
#define BLE_ADV_PDU_MAX 39      /* header, and a payload of 37 */
#define BLE_CONNECT_PDU_SIZE 36 /* header, two addresses, LLData of 22 */
#define BLE_DATA_PAYLOAD_MIN 27 /* every device takes this much; the MIC comes on top */
#define BLE_DATA_PAYLOAD_MAX 251
#define BLE_DATA_PDU_MAX 257 /* header, payload, MIC */

/* Why a reader refuses a PDU. */
enum ble_pdu_fault {
    BLE_PDU_GOOD,
    BLE_PDU_SHORT,         /* not even a header */
    BLE_PDU_LENGTH,        /* the length field differs from what is there */
    BLE_PDU_WRONG_TYPE,    /* another type than this reader reads */
    BLE_PDU_WRONG_SIZE,    /* the payload's size is none that the type can have */
    BLE_PDU_RESERVED_LLID, /* LLID 0 */
    BLE_PDU_EMPTY_START,   /* LLID 2 or 3 with no payload */
    BLE_PDU_FAULTS
};
/* For people; NULL for a number that is no fault. */
const char *ble_pdu_fault_name(enum ble_pdu_fault fault);

/* ---- advertising: 6.B 2.3 */

enum ble_adv_type {
    BLE_ADV_IND = 0,
    BLE_ADV_DIRECT_IND = 1,
    BLE_ADV_NONCONN_IND = 2,
    BLE_SCAN_REQ = 3,
    BLE_SCAN_RSP = 4,
    BLE_CONNECT_IND = 5,
    BLE_ADV_SCAN_IND = 6,
    BLE_ADV_EXT_IND = 7, /* not read or written here, as all that follows */
    BLE_AUX_CONNECT_RSP = 8,
    BLE_ADV_TYPES
};
/* "ADV_IND" and so on; NULL for a reserved type. */
const char *ble_adv_type_name(unsigned type);

struct ble_adv_header {
    uint8_t type;   /* enum ble_adv_type, or reserved */
    bool ch_sel;    /* the sender can do channel selection algorithm #2 */
    bool tx_random; /* the sender's address is a random one */
    bool rx_random; /* the address that is spoken to is a random one */
    uint8_t size;   /* of the payload */
};

struct ble_adv_header ble_adv_header_read(const uint8_t octets[2]);
void ble_adv_header_write(struct ble_adv_header header, uint8_t octets[2]);
/* Is the whole PDU as long as its header says and as its type allows? BLE_PDU_WRONG_TYPE: reserved,
 * or an extended one. */
enum ble_pdu_fault ble_adv_check(const uint8_t *pdu, size_t size);

/* ADV_IND, ADV_NONCONN_IND, ADV_SCAN_IND, SCAN_RSP: who sends, and data (AD structures). */
struct ble_adv {
    uint8_t type;
    bool ch_sel, tx_random;
    uint8_t address[BLE_DEVICE_ADDRESS_SIZE];
    uint8_t data_size; /* 0..31 */
    uint8_t data[BLE_ADV_DATA_MAX];
};
enum ble_pdu_fault ble_adv_read(const uint8_t *pdu, size_t size, struct ble_adv *adv);
size_t ble_adv_write(const struct ble_adv *adv, uint8_t pdu[BLE_ADV_PDU_MAX]);

struct ble_scan_req {
    bool tx_random, rx_random; /* of the scanner, of the advertiser */
    uint8_t scanner[BLE_DEVICE_ADDRESS_SIZE];
    uint8_t advertiser[BLE_DEVICE_ADDRESS_SIZE];
};
enum ble_pdu_fault ble_scan_req_read(const uint8_t *pdu, size_t size, struct ble_scan_req *req);
size_t ble_scan_req_write(const struct ble_scan_req *req, uint8_t pdu[BLE_ADV_PDU_MAX]);

/* CONNECT_IND: 6.B 2.3.3.1. */
struct ble_connect {
    bool ch_sel, tx_random, rx_random; /* tx: the initiator's, rx: the advertiser's address */
    uint8_t initiator[BLE_DEVICE_ADDRESS_SIZE];
    uint8_t advertiser[BLE_DEVICE_ADDRESS_SIZE];
    uint32_t access_address;
    uint32_t crc_init;      /* 24 bits */
    uint8_t window_size;    /* in 1.25 ms */
    uint16_t window_offset; /* in 1.25 ms */
    uint16_t interval;      /* in 1.25 ms */
    uint16_t latency;       /* in events */
    uint16_t timeout;       /* in 10 ms */
    uint64_t channels;      /* 37 bits; the reader drops the three above */
    uint8_t hop;            /* 5 bits */
    uint8_t sca;            /* class 0..7: ble_sca_ppm */
};
enum ble_pdu_fault ble_connect_read(const uint8_t *pdu, size_t size, struct ble_connect *connect);
size_t ble_connect_write(const struct ble_connect *connect, uint8_t pdu[BLE_ADV_PDU_MAX]);

/* Why a peripheral does not take such a connection: the first rule, in this order, that it breaks.
 * The access address is another matter: see ble_address_check. */
enum ble_connect_fault {
    BLE_CONNECT_GOOD,
    BLE_CONNECT_INTERVAL,      /* not 6..3200 */
    BLE_CONNECT_WINDOW_SIZE,   /* not 1..min(8, interval - 1) */
    BLE_CONNECT_WINDOW_OFFSET, /* more than the interval */
    BLE_CONNECT_LATENCY,       /* more than 499 */
    BLE_CONNECT_TIMEOUT,       /* not 10..3200 */
    BLE_CONNECT_TIMEOUT_SHORT, /* not more than (1 + latency) * interval * 2 */
    BLE_CONNECT_CHANNELS,      /* fewer than two channels are used */
    BLE_CONNECT_HOP,           /* not 5..16 */
    BLE_CONNECT_FAULTS
};
enum ble_connect_fault ble_connect_check(const struct ble_connect *connect);
/* Is this one rule broken, whatever the others say? For judges that list them all. */
bool ble_connect_breaks(const struct ble_connect *connect, enum ble_connect_fault rule);
/* "interval" and so on, for people; NULL for a number that is no fault. */
const char *ble_connect_fault_name(enum ble_connect_fault fault);

/* ---- data: 6.B 2.4 */

enum ble_llid {
    BLE_LLID_RESERVED = 0,
    BLE_LLID_CONTINUE = 1, /* more of an L2CAP frame; empty: a PDU without anything */
    BLE_LLID_START = 2,    /* a frame's start, or the whole of it */
    BLE_LLID_CONTROL = 3
};

struct ble_data_header {
    uint8_t llid; /* enum ble_llid */
    bool nesn, sn, md;
    uint8_t size; /* of the payload, MIC included */
};

static inline struct ble_data_header ble_data_header_read(const uint8_t octets[2])
{
    return (struct ble_data_header){
        .llid = octets[0] & 3,
        .nesn = octets[0] >> 2 & 1,
        .sn = octets[0] >> 3 & 1,
        .md = octets[0] >> 4 & 1,
        .size = octets[1],
    };
}
void ble_data_header_write(struct ble_data_header header, uint8_t octets[2]);
/* BLE_PDU_SHORT, _LENGTH, _RESERVED_LLID or _EMPTY_START, else good. */
enum ble_pdu_fault ble_data_check(const uint8_t *pdu, size_t size);

/* ---- LL control PDUs: 6.B 2.4.2. The payload of a data PDU with LLID 3: opcode, CtrData. */

enum ble_control_opcode {
    BLE_CONNECTION_UPDATE_IND = 0x00,
    BLE_CHANNEL_MAP_IND = 0x01,
    BLE_TERMINATE_IND = 0x02,
    BLE_ENC_REQ = 0x03,
    BLE_ENC_RSP = 0x04,
    BLE_START_ENC_REQ = 0x05,
    BLE_START_ENC_RSP = 0x06,
    BLE_UNKNOWN_RSP = 0x07,
    BLE_FEATURE_REQ = 0x08,
    BLE_FEATURE_RSP = 0x09,
    BLE_PAUSE_ENC_REQ = 0x0a,
    BLE_PAUSE_ENC_RSP = 0x0b,
    BLE_VERSION_IND = 0x0c,
    BLE_REJECT_IND = 0x0d,
    BLE_PERIPHERAL_FEATURE_REQ = 0x0e,
    BLE_CONNECTION_PARAM_REQ = 0x0f,
    BLE_CONNECTION_PARAM_RSP = 0x10,
    BLE_REJECT_EXT_IND = 0x11,
    BLE_PING_REQ = 0x12,
    BLE_PING_RSP = 0x13,
    BLE_LENGTH_REQ = 0x14,
    BLE_LENGTH_RSP = 0x15,
    BLE_PHY_REQ = 0x16,
    BLE_PHY_RSP = 0x17,
    BLE_PHY_UPDATE_IND = 0x18,
    BLE_MIN_USED_CHANNELS_IND = 0x19,
    BLE_CONTROL_OPCODES /* later ones are unknown here: the answer is LL_UNKNOWN_RSP */
};

#define BLE_CONTROL_SIZE_MAX 24 /* of the payload, opcode included: LL_CONNECTION_PARAM_* */

/* Bits of PHYs in LL_PHY_*. */
#define BLE_PHY_BIT_1M 0x01
#define BLE_PHY_BIT_2M 0x02
#define BLE_PHY_BIT_CODED 0x04

/* "LL_VERSION_IND" and so on; NULL for an unknown opcode. */
const char *ble_control_name(unsigned opcode);
/* Size of the payload, opcode included; 0 for an unknown opcode. */
unsigned ble_control_size(unsigned opcode);
/* May the central, may the peripheral send it? False for an unknown opcode. */
bool ble_control_from_central(unsigned opcode);
bool ble_control_from_peripheral(unsigned opcode);

struct ble_control {
    uint8_t opcode; /* says which of the following counts; those that have no data have none */
    union {
        struct {
            uint8_t window_size;
            uint16_t window_offset, interval, latency, timeout, instant;
        } update; /* LL_CONNECTION_UPDATE_IND */
        struct {
            uint64_t channels; /* 37 bits; the reader drops the three above */
            uint16_t instant;
        } map;          /* LL_CHANNEL_MAP_IND */
        uint8_t reason; /* LL_TERMINATE_IND, LL_REJECT_IND: enum ble_reason */
        struct {
            uint8_t random[8];
            uint16_t ediv;
            uint8_t skd[8], iv[4]; /* the central's halves */
        } enc_req;                 /* LL_ENC_REQ */
        struct {
            uint8_t skd[8], iv[4]; /* the peripheral's halves */
        } enc_rsp;                 /* LL_ENC_RSP */
        uint8_t unknown;           /* LL_UNKNOWN_RSP: the opcode that is not known */
        uint64_t features;         /* LL_FEATURE_REQ, _RSP, LL_PERIPHERAL_FEATURE_REQ */
        struct {
            uint8_t version; /* 0x06 is 4.0 ... 0x0c is 5.3 */
            uint16_t company, subversion;
        } version; /* LL_VERSION_IND */
        struct {
            uint8_t opcode, reason;
        } reject; /* LL_REJECT_EXT_IND */
        struct {
            uint16_t interval_min, interval_max, latency, timeout;
            uint8_t periodicity;
            uint16_t reference_counter, offsets[6];
        } param; /* LL_CONNECTION_PARAM_REQ, _RSP */
        struct {
            uint16_t rx_octets, rx_time_us, tx_octets, tx_time_us;
        } length; /* LL_LENGTH_REQ, _RSP */
        struct {
            uint8_t tx, rx; /* BLE_PHY_BIT_* */
        } phys;             /* LL_PHY_REQ, _RSP */
        struct {
            uint8_t to_peripheral, to_central; /* one BLE_PHY_BIT_*, or 0: unchanged */
            uint16_t instant;
        } phy_update; /* LL_PHY_UPDATE_IND */
        struct {
            uint8_t phys, count;
        } min_used; /* LL_MIN_USED_CHANNELS_IND */
    };
};

/* From the payload of a data PDU with LLID 3, MIC taken off. BLE_PDU_SHORT: it is empty;
 * BLE_PDU_WRONG_TYPE: an unknown opcode; BLE_PDU_WRONG_SIZE: not as long as its opcode says. */
enum ble_pdu_fault ble_control_read(const uint8_t *payload, size_t size,
                                    struct ble_control *control);
/* Its size; 0 for an unknown opcode. */
size_t ble_control_write(const struct ble_control *control, uint8_t payload[BLE_CONTROL_SIZE_MAX]);

/* ---- L2CAP, basic frames, and ATT on channel 4 */

#define BLE_L2CAP_HEADER_SIZE 4
#define BLE_L2CAP_ATT 0x0004
#define BLE_L2CAP_SIGNALING 0x0005
#define BLE_L2CAP_SMP 0x0006

#define BLE_ATT_MTU_DEFAULT 23
#define BLE_ATT_MTU_MAX 247 /* so that a frame fits one data PDU */
#define BLE_ATT_VALUE_MAX (BLE_ATT_MTU_MAX - 1)

struct ble_l2cap_header {
    uint16_t size; /* of what follows the header */
    uint16_t channel;
};
/* BLE_PDU_SHORT, or BLE_PDU_LENGTH: `size` is not what the header says: not a whole frame. */
enum ble_pdu_fault ble_l2cap_read(const uint8_t *frame, size_t size,
                                  struct ble_l2cap_header *header);
void ble_l2cap_write(struct ble_l2cap_header header, uint8_t frame[BLE_L2CAP_HEADER_SIZE]);

enum ble_att_opcode {
    BLE_ATT_ERROR_RSP = 0x01,
    BLE_ATT_EXCHANGE_MTU_REQ = 0x02,
    BLE_ATT_EXCHANGE_MTU_RSP = 0x03,
    BLE_ATT_READ_REQ = 0x0a,
    BLE_ATT_READ_RSP = 0x0b,
};

enum ble_att_error {
    BLE_ATT_INVALID_HANDLE = 0x01,
    BLE_ATT_READ_NOT_PERMITTED = 0x02,
    BLE_ATT_INVALID_PDU = 0x04,
    BLE_ATT_REQUEST_NOT_SUPPORTED = 0x06,
    BLE_ATT_ATTRIBUTE_NOT_FOUND = 0x0a,
};

struct ble_att {
    uint8_t opcode;
    uint8_t failed;     /* ERROR_RSP: the opcode of the request */
    uint16_t handle;    /* ERROR_RSP, READ_REQ */
    uint8_t error;      /* ERROR_RSP: enum ble_att_error */
    uint16_t mtu;       /* EXCHANGE_MTU_* */
    uint8_t value_size; /* READ_RSP: 0..246 */
    uint8_t value[BLE_ATT_VALUE_MAX];
};

/* From and to a whole L2CAP frame. BLE_PDU_WRONG_TYPE: another channel or opcode (`att->opcode` is
 * then filled, for the error that answers it; 0 if it is another channel). */
enum ble_pdu_fault ble_att_read(const uint8_t *frame, size_t size, struct ble_att *att);
/* Its size, at most 4 + BLE_ATT_MTU_MAX; 0 for an opcode that is not above. */
size_t ble_att_write(const struct ble_att *att,
                     uint8_t frame[BLE_L2CAP_HEADER_SIZE + BLE_ATT_MTU_MAX]);

#endif
