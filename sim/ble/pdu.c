#include "sim/ble/pdu.h"
#include "sim/ble/channel.h"
#include "sim/ble/time.h"

#include <string.h>

/* ---- numbers in octets, least significant first */

static uint64_t take(const uint8_t *octets, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = width; i > 0; i--)
        value = value << 8 | octets[i - 1];
    return value;
}

static void put(uint8_t *octets, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++)
        octets[i] = (uint8_t)(value >> (8 * i));
}

static uint16_t take16(const uint8_t *octets)
{
    return (uint16_t)take(octets, 2);
}

static const char *const pdu_faults[BLE_PDU_FAULTS] = {
    [BLE_PDU_GOOD] = "good",
    [BLE_PDU_SHORT] = "is shorter than a header",
    [BLE_PDU_LENGTH] = "is not as long as its length field says",
    [BLE_PDU_WRONG_TYPE] = "is of another type",
    [BLE_PDU_WRONG_SIZE] = "has a size that its type cannot have",
    [BLE_PDU_RESERVED_LLID] = "has the reserved LLID 0",
    [BLE_PDU_EMPTY_START] = "is empty, which only LLID 1 may be",
};

const char *ble_pdu_fault_name(enum ble_pdu_fault fault)
{
    return (unsigned)fault < BLE_PDU_FAULTS ? pdu_faults[fault] : NULL;
}

/* ---- advertising */

/* Sizes are of the payload; a row without them is not read or written here. */
static const struct adv_type {
    const char *name;
    uint8_t min_size, max_size;
} adv_types[BLE_ADV_TYPES] = {
    [BLE_ADV_IND] = {"ADV_IND", 6, 37},
    [BLE_ADV_DIRECT_IND] = {"ADV_DIRECT_IND", 12, 12},
    [BLE_ADV_NONCONN_IND] = {"ADV_NONCONN_IND", 6, 37},
    [BLE_SCAN_REQ] = {"SCAN_REQ", 12, 12},
    [BLE_SCAN_RSP] = {"SCAN_RSP", 6, 37},
    [BLE_CONNECT_IND] = {"CONNECT_IND", 34, 34},
    [BLE_ADV_SCAN_IND] = {"ADV_SCAN_IND", 6, 37},
    [BLE_ADV_EXT_IND] = {"ADV_EXT_IND", 0, 0},
    [BLE_AUX_CONNECT_RSP] = {"AUX_CONNECT_RSP", 0, 0},
};

const char *ble_adv_type_name(unsigned type)
{
    return type < BLE_ADV_TYPES ? adv_types[type].name : NULL;
}

struct ble_adv_header ble_adv_header_read(const uint8_t octets[2])
{
    return (struct ble_adv_header){
        .type = octets[0] & 0x0f,
        .ch_sel = octets[0] >> 5 & 1,
        .tx_random = octets[0] >> 6 & 1,
        .rx_random = octets[0] >> 7 & 1,
        .size = octets[1],
    };
}

void ble_adv_header_write(struct ble_adv_header header, uint8_t octets[2])
{
    octets[0] = (uint8_t)((header.type & 0x0f) | header.ch_sel << 5 | header.tx_random << 6 |
                          header.rx_random << 7);
    octets[1] = header.size;
}

enum ble_pdu_fault ble_adv_check(const uint8_t *pdu, size_t size)
{
    if (size < 2)
        return BLE_PDU_SHORT;
    struct ble_adv_header header = ble_adv_header_read(pdu);
    if (size != 2u + header.size)
        return BLE_PDU_LENGTH;
    if (header.type >= BLE_ADV_TYPES || adv_types[header.type].max_size == 0)
        return BLE_PDU_WRONG_TYPE;
    if (header.size < adv_types[header.type].min_size ||
        header.size > adv_types[header.type].max_size)
        return BLE_PDU_WRONG_SIZE;
    return BLE_PDU_GOOD;
}

/* A checked PDU of exactly this type. */
static enum ble_pdu_fault check_type(const uint8_t *pdu, size_t size, enum ble_adv_type type)
{
    enum ble_pdu_fault fault = ble_adv_check(pdu, size);

    return !fault && (pdu[0] & 0x0f) != type ? BLE_PDU_WRONG_TYPE : fault;
}

static bool has_data(unsigned type)
{
    return type == BLE_ADV_IND || type == BLE_ADV_NONCONN_IND || type == BLE_ADV_SCAN_IND ||
           type == BLE_SCAN_RSP;
}

enum ble_pdu_fault ble_adv_read(const uint8_t *pdu, size_t size, struct ble_adv *adv)
{
    enum ble_pdu_fault fault = ble_adv_check(pdu, size);
    if (fault)
        return fault;
    struct ble_adv_header header = ble_adv_header_read(pdu);
    if (!has_data(header.type))
        return BLE_PDU_WRONG_TYPE;

    *adv = (struct ble_adv){
        .type = header.type,
        .ch_sel = header.ch_sel,
        .tx_random = header.tx_random,
        .data_size = (uint8_t)(header.size - BLE_DEVICE_ADDRESS_SIZE),
    };
    memcpy(adv->address, pdu + 2, sizeof adv->address);
    memcpy(adv->data, pdu + 8, adv->data_size);
    return BLE_PDU_GOOD;
}

size_t ble_adv_write(const struct ble_adv *adv, uint8_t pdu[BLE_ADV_PDU_MAX])
{
    uint8_t data_size = adv->data_size < BLE_ADV_DATA_MAX ? adv->data_size : BLE_ADV_DATA_MAX;
    struct ble_adv_header header = {.type = adv->type,
                                    .ch_sel = adv->ch_sel,
                                    .tx_random = adv->tx_random,
                                    .size = (uint8_t)(BLE_DEVICE_ADDRESS_SIZE + data_size)};

    ble_adv_header_write(header, pdu);
    memcpy(pdu + 2, adv->address, sizeof adv->address);
    memcpy(pdu + 8, adv->data, data_size);
    return 2u + header.size;
}

enum ble_pdu_fault ble_scan_req_read(const uint8_t *pdu, size_t size, struct ble_scan_req *req)
{
    enum ble_pdu_fault fault = check_type(pdu, size, BLE_SCAN_REQ);
    if (fault)
        return fault;
    struct ble_adv_header header = ble_adv_header_read(pdu);

    *req = (struct ble_scan_req){.tx_random = header.tx_random, .rx_random = header.rx_random};
    memcpy(req->scanner, pdu + 2, sizeof req->scanner);
    memcpy(req->advertiser, pdu + 8, sizeof req->advertiser);
    return BLE_PDU_GOOD;
}

size_t ble_scan_req_write(const struct ble_scan_req *req, uint8_t pdu[BLE_ADV_PDU_MAX])
{
    struct ble_adv_header header = {.type = BLE_SCAN_REQ,
                                    .tx_random = req->tx_random,
                                    .rx_random = req->rx_random,
                                    .size = 2 * BLE_DEVICE_ADDRESS_SIZE};

    ble_adv_header_write(header, pdu);
    memcpy(pdu + 2, req->scanner, sizeof req->scanner);
    memcpy(pdu + 8, req->advertiser, sizeof req->advertiser);
    return 2u + header.size;
}

/* Where the fields of LLData are, from the start of the PDU. */
enum {
    AT_ACCESS_ADDRESS = 14,
    AT_CRC_INIT = 18,
    AT_WINDOW_SIZE = 21,
    AT_WINDOW_OFFSET = 22,
    AT_INTERVAL = 24,
    AT_LATENCY = 26,
    AT_TIMEOUT = 28,
    AT_CHANNELS = 30,
    AT_HOP_SCA = 35,
};

enum ble_pdu_fault ble_connect_read(const uint8_t *pdu, size_t size, struct ble_connect *connect)
{
    enum ble_pdu_fault fault = check_type(pdu, size, BLE_CONNECT_IND);
    if (fault)
        return fault;
    struct ble_adv_header header = ble_adv_header_read(pdu);

    *connect = (struct ble_connect){
        .ch_sel = header.ch_sel,
        .tx_random = header.tx_random,
        .rx_random = header.rx_random,
        .access_address = (uint32_t)take(pdu + AT_ACCESS_ADDRESS, 4),
        .crc_init = (uint32_t)take(pdu + AT_CRC_INIT, 3),
        .window_size = pdu[AT_WINDOW_SIZE],
        .window_offset = take16(pdu + AT_WINDOW_OFFSET),
        .interval = take16(pdu + AT_INTERVAL),
        .latency = take16(pdu + AT_LATENCY),
        .timeout = take16(pdu + AT_TIMEOUT),
        .channels = take(pdu + AT_CHANNELS, 5) & BLE_CHANNELS_ALL,
        .hop = pdu[AT_HOP_SCA] & 0x1f,
        .sca = pdu[AT_HOP_SCA] >> 5,
    };
    memcpy(connect->initiator, pdu + 2, sizeof connect->initiator);
    memcpy(connect->advertiser, pdu + 8, sizeof connect->advertiser);
    return BLE_PDU_GOOD;
}

size_t ble_connect_write(const struct ble_connect *connect, uint8_t pdu[BLE_ADV_PDU_MAX])
{
    struct ble_adv_header header = {.type = BLE_CONNECT_IND,
                                    .ch_sel = connect->ch_sel,
                                    .tx_random = connect->tx_random,
                                    .rx_random = connect->rx_random,
                                    .size = BLE_CONNECT_PDU_SIZE - 2};

    ble_adv_header_write(header, pdu);
    memcpy(pdu + 2, connect->initiator, sizeof connect->initiator);
    memcpy(pdu + 8, connect->advertiser, sizeof connect->advertiser);
    put(pdu + AT_ACCESS_ADDRESS, 4, connect->access_address);
    put(pdu + AT_CRC_INIT, 3, connect->crc_init);
    pdu[AT_WINDOW_SIZE] = connect->window_size;
    put(pdu + AT_WINDOW_OFFSET, 2, connect->window_offset);
    put(pdu + AT_INTERVAL, 2, connect->interval);
    put(pdu + AT_LATENCY, 2, connect->latency);
    put(pdu + AT_TIMEOUT, 2, connect->timeout);
    put(pdu + AT_CHANNELS, 5, connect->channels & BLE_CHANNELS_ALL);
    pdu[AT_HOP_SCA] = (uint8_t)((connect->hop & 0x1f) | connect->sca << 5);
    return BLE_CONNECT_PDU_SIZE;
}

/* ---- the rules of CONNECT_IND */

static bool outside(unsigned value, unsigned min, unsigned max)
{
    return value < min || value > max;
}

static bool interval_breaks(const struct ble_connect *c)
{
    return outside(c->interval, BLE_INTERVAL_MIN, BLE_INTERVAL_MAX);
}

static bool window_size_breaks(const struct ble_connect *c)
{
    return outside(c->window_size, 1, BLE_WINDOW_SIZE_MAX) || c->window_size >= c->interval;
}

static bool window_offset_breaks(const struct ble_connect *c)
{
    return c->window_offset > c->interval;
}

static bool latency_breaks(const struct ble_connect *c)
{
    return c->latency > BLE_LATENCY_MAX;
}

static bool timeout_breaks(const struct ble_connect *c)
{
    return outside(c->timeout, BLE_TIMEOUT_MIN, BLE_TIMEOUT_MAX);
}

static bool timeout_is_short(const struct ble_connect *c)
{
    return !ble_timeout_covers(c->timeout, c->latency, c->interval);
}

static bool channels_break(const struct ble_connect *c)
{
    return ble_channel_map_make(c->channels).used_count < 2;
}

static bool hop_breaks(const struct ble_connect *c)
{
    return outside(c->hop, BLE_HOP_MIN, BLE_HOP_MAX);
}

/* Source: 6.B 2.3.3.1 for all; 4.5.1 interval and latency, 4.5.2 timeout, 4.5.3 the window. */
static const struct connect_rule {
    const char *name;
    bool (*breaks)(const struct ble_connect *c);
} connect_rules[BLE_CONNECT_FAULTS] = {
    [BLE_CONNECT_GOOD] = {"good", NULL},
    [BLE_CONNECT_INTERVAL] = {"interval", interval_breaks},
    [BLE_CONNECT_WINDOW_SIZE] = {"window size", window_size_breaks},
    [BLE_CONNECT_WINDOW_OFFSET] = {"window offset", window_offset_breaks},
    [BLE_CONNECT_LATENCY] = {"latency", latency_breaks},
    [BLE_CONNECT_TIMEOUT] = {"timeout", timeout_breaks},
    [BLE_CONNECT_TIMEOUT_SHORT] = {"timeout against latency and interval", timeout_is_short},
    [BLE_CONNECT_CHANNELS] = {"channel map", channels_break},
    [BLE_CONNECT_HOP] = {"hop", hop_breaks},
};

bool ble_connect_breaks(const struct ble_connect *connect, enum ble_connect_fault rule)
{
    return (unsigned)rule < BLE_CONNECT_FAULTS && connect_rules[rule].breaks &&
           connect_rules[rule].breaks(connect);
}

enum ble_connect_fault ble_connect_check(const struct ble_connect *connect)
{
    for (unsigned rule = 0; rule < BLE_CONNECT_FAULTS; rule++)
        if (ble_connect_breaks(connect, (enum ble_connect_fault)rule))
            return (enum ble_connect_fault)rule;
    return BLE_CONNECT_GOOD;
}

const char *ble_connect_fault_name(enum ble_connect_fault fault)
{
    return (unsigned)fault < BLE_CONNECT_FAULTS ? connect_rules[fault].name : NULL;
}

/* ---- data */

void ble_data_header_write(struct ble_data_header header, uint8_t octets[2])
{
    octets[0] = (uint8_t)((header.llid & 3) | header.nesn << 2 | header.sn << 3 | header.md << 4);
    octets[1] = header.size;
}

enum ble_pdu_fault ble_data_check(const uint8_t *pdu, size_t size)
{
    if (size < 2)
        return BLE_PDU_SHORT;
    struct ble_data_header header = ble_data_header_read(pdu);
    if (size != 2u + header.size)
        return BLE_PDU_LENGTH;
    if (header.llid == BLE_LLID_RESERVED)
        return BLE_PDU_RESERVED_LLID;
    if (header.size == 0 && header.llid != BLE_LLID_CONTINUE)
        return BLE_PDU_EMPTY_START;
    return BLE_PDU_GOOD;
}

/* ---- LL control PDUs: a table of opcodes, and of each the fields of CtrData in their order */

struct field {
    uint8_t width;   /* octets on the air */
    uint8_t storage; /* size of the number in the struct; 0: octets as they are */
    uint8_t at;      /* in struct ble_control */
};

#define MEMBER(m) sizeof(((struct ble_control *)0)->m), offsetof(struct ble_control, m)
#define NUMBER(width, m)                                                                           \
    {                                                                                              \
        width, MEMBER(m)                                                                           \
    }
#define OCTETS(m)                                                                                  \
    {                                                                                              \
        sizeof(((struct ble_control *)0)->m), 0, offsetof(struct ble_control, m)                   \
    }

static const struct field update_fields[] = {
    NUMBER(1, update.window_size), NUMBER(2, update.window_offset), NUMBER(2, update.interval),
    NUMBER(2, update.latency),     NUMBER(2, update.timeout),       NUMBER(2, update.instant),
};
static const struct field map_fields[] = {NUMBER(5, map.channels), NUMBER(2, map.instant)};
static const struct field reason_fields[] = {NUMBER(1, reason)};
static const struct field enc_req_fields[] = {OCTETS(enc_req.random), NUMBER(2, enc_req.ediv),
                                              OCTETS(enc_req.skd), OCTETS(enc_req.iv)};
static const struct field enc_rsp_fields[] = {OCTETS(enc_rsp.skd), OCTETS(enc_rsp.iv)};
static const struct field unknown_fields[] = {NUMBER(1, unknown)};
static const struct field feature_fields[] = {NUMBER(8, features)};
static const struct field version_fields[] = {
    NUMBER(1, version.version), NUMBER(2, version.company), NUMBER(2, version.subversion)};
static const struct field reject_fields[] = {NUMBER(1, reject.opcode), NUMBER(1, reject.reason)};
static const struct field param_fields[] = {
    NUMBER(2, param.interval_min), NUMBER(2, param.interval_max),
    NUMBER(2, param.latency),      NUMBER(2, param.timeout),
    NUMBER(1, param.periodicity),  NUMBER(2, param.reference_counter),
    NUMBER(2, param.offsets[0]),   NUMBER(2, param.offsets[1]),
    NUMBER(2, param.offsets[2]),   NUMBER(2, param.offsets[3]),
    NUMBER(2, param.offsets[4]),   NUMBER(2, param.offsets[5]),
};
static const struct field length_fields[] = {
    NUMBER(2, length.rx_octets), NUMBER(2, length.rx_time_us), NUMBER(2, length.tx_octets),
    NUMBER(2, length.tx_time_us)};
static const struct field phys_fields[] = {NUMBER(1, phys.tx), NUMBER(1, phys.rx)};
static const struct field phy_update_fields[] = {NUMBER(1, phy_update.to_peripheral),
                                                 NUMBER(1, phy_update.to_central),
                                                 NUMBER(2, phy_update.instant)};
static const struct field min_used_fields[] = {NUMBER(1, min_used.phys), NUMBER(1, min_used.count)};

#define FIELDS(f) f, sizeof(f) / sizeof(f)[0]
#define CENTRAL 1
#define PERIPHERAL 2
#define BOTH 3

/* Sizes are said again, beside the fields: a test compares. Source: 6.B 2.4.2 and its table of who
 * may send what. */
static const struct control_type {
    const char *name;
    uint8_t size; /* opcode included */
    uint8_t from;
    const struct field *fields;
    size_t field_count;
} control_types[BLE_CONTROL_OPCODES] = {
    [BLE_CONNECTION_UPDATE_IND] = {"LL_CONNECTION_UPDATE_IND", 12, CENTRAL, FIELDS(update_fields)},
    [BLE_CHANNEL_MAP_IND] = {"LL_CHANNEL_MAP_IND", 8, CENTRAL, FIELDS(map_fields)},
    [BLE_TERMINATE_IND] = {"LL_TERMINATE_IND", 2, BOTH, FIELDS(reason_fields)},
    [BLE_ENC_REQ] = {"LL_ENC_REQ", 23, CENTRAL, FIELDS(enc_req_fields)},
    [BLE_ENC_RSP] = {"LL_ENC_RSP", 13, PERIPHERAL, FIELDS(enc_rsp_fields)},
    [BLE_START_ENC_REQ] = {"LL_START_ENC_REQ", 1, PERIPHERAL, NULL, 0},
    [BLE_START_ENC_RSP] = {"LL_START_ENC_RSP", 1, BOTH, NULL, 0},
    [BLE_UNKNOWN_RSP] = {"LL_UNKNOWN_RSP", 2, BOTH, FIELDS(unknown_fields)},
    [BLE_FEATURE_REQ] = {"LL_FEATURE_REQ", 9, CENTRAL, FIELDS(feature_fields)},
    [BLE_FEATURE_RSP] = {"LL_FEATURE_RSP", 9, BOTH, FIELDS(feature_fields)},
    [BLE_PAUSE_ENC_REQ] = {"LL_PAUSE_ENC_REQ", 1, CENTRAL, NULL, 0},
    [BLE_PAUSE_ENC_RSP] = {"LL_PAUSE_ENC_RSP", 1, BOTH, NULL, 0},
    [BLE_VERSION_IND] = {"LL_VERSION_IND", 6, BOTH, FIELDS(version_fields)},
    [BLE_REJECT_IND] = {"LL_REJECT_IND", 2, BOTH, FIELDS(reason_fields)},
    [BLE_PERIPHERAL_FEATURE_REQ] = {"LL_PERIPHERAL_FEATURE_REQ", 9, PERIPHERAL,
                                    FIELDS(feature_fields)},
    [BLE_CONNECTION_PARAM_REQ] = {"LL_CONNECTION_PARAM_REQ", 24, BOTH, FIELDS(param_fields)},
    [BLE_CONNECTION_PARAM_RSP] = {"LL_CONNECTION_PARAM_RSP", 24, PERIPHERAL, FIELDS(param_fields)},
    [BLE_REJECT_EXT_IND] = {"LL_REJECT_EXT_IND", 3, BOTH, FIELDS(reject_fields)},
    [BLE_PING_REQ] = {"LL_PING_REQ", 1, BOTH, NULL, 0},
    [BLE_PING_RSP] = {"LL_PING_RSP", 1, BOTH, NULL, 0},
    [BLE_LENGTH_REQ] = {"LL_LENGTH_REQ", 9, BOTH, FIELDS(length_fields)},
    [BLE_LENGTH_RSP] = {"LL_LENGTH_RSP", 9, BOTH, FIELDS(length_fields)},
    [BLE_PHY_REQ] = {"LL_PHY_REQ", 3, BOTH, FIELDS(phys_fields)},
    [BLE_PHY_RSP] = {"LL_PHY_RSP", 3, PERIPHERAL, FIELDS(phys_fields)},
    [BLE_PHY_UPDATE_IND] = {"LL_PHY_UPDATE_IND", 5, CENTRAL, FIELDS(phy_update_fields)},
    [BLE_MIN_USED_CHANNELS_IND] = {"LL_MIN_USED_CHANNELS_IND", 3, PERIPHERAL,
                                   FIELDS(min_used_fields)},
};
_Static_assert(sizeof(struct ble_control) <= UINT8_MAX, "struct field.at is too small");

const char *ble_control_name(unsigned opcode)
{
    return opcode < BLE_CONTROL_OPCODES ? control_types[opcode].name : NULL;
}

unsigned ble_control_size(unsigned opcode)
{
    return opcode < BLE_CONTROL_OPCODES ? control_types[opcode].size : 0;
}

bool ble_control_from_central(unsigned opcode)
{
    return opcode < BLE_CONTROL_OPCODES && (control_types[opcode].from & CENTRAL);
}

bool ble_control_from_peripheral(unsigned opcode)
{
    return opcode < BLE_CONTROL_OPCODES && (control_types[opcode].from & PERIPHERAL);
}

/* A number of one, two or eight octets within a struct. */
static void store(uint8_t *at, unsigned storage, uint64_t value)
{
    uint16_t value16 = (uint16_t)value;

    switch (storage) {
    case 1:
        *at = (uint8_t)value;
        break;
    case 2:
        memcpy(at, &value16, sizeof value16);
        break;
    default:
        memcpy(at, &value, sizeof value);
        break;
    }
}

static uint64_t load(const uint8_t *at, unsigned storage)
{
    uint16_t value16;
    uint64_t value;

    switch (storage) {
    case 1:
        return *at;
    case 2:
        memcpy(&value16, at, sizeof value16);
        return value16;
    default:
        memcpy(&value, at, sizeof value);
        return value;
    }
}

enum ble_pdu_fault ble_control_read(const uint8_t *payload, size_t size,
                                    struct ble_control *control)
{
    if (size == 0)
        return BLE_PDU_SHORT;
    if (payload[0] >= BLE_CONTROL_OPCODES)
        return BLE_PDU_WRONG_TYPE;
    const struct control_type *type = &control_types[payload[0]];
    if (size != type->size)
        return BLE_PDU_WRONG_SIZE;

    *control = (struct ble_control){.opcode = payload[0]};
    const uint8_t *from = payload + 1;
    for (size_t i = 0; i < type->field_count; i++) {
        const struct field *f = &type->fields[i];
        uint8_t *to = (uint8_t *)control + f->at;
        if (f->storage)
            store(to, f->storage, take(from, f->width));
        else
            memcpy(to, from, f->width);
        from += f->width;
    }
    if (control->opcode == BLE_CHANNEL_MAP_IND)
        control->map.channels &= BLE_CHANNELS_ALL;
    return BLE_PDU_GOOD;
}

size_t ble_control_write(const struct ble_control *control, uint8_t payload[BLE_CONTROL_SIZE_MAX])
{
    if (control->opcode >= BLE_CONTROL_OPCODES)
        return 0;
    const struct control_type *type = &control_types[control->opcode];

    payload[0] = control->opcode;
    uint8_t *to = payload + 1;
    for (size_t i = 0; i < type->field_count; i++) {
        const struct field *f = &type->fields[i];
        const uint8_t *from = (const uint8_t *)control + f->at;
        if (f->storage)
            put(to, f->width, load(from, f->storage));
        else
            memcpy(to, from, f->width);
        to += f->width;
    }
    if (control->opcode == BLE_CHANNEL_MAP_IND)
        payload[5] &= BLE_CHANNELS_ALL >> 32;
    return type->size;
}

/* ---- L2CAP and ATT */

enum ble_pdu_fault ble_l2cap_read(const uint8_t *frame, size_t size,
                                  struct ble_l2cap_header *header)
{
    if (size < BLE_L2CAP_HEADER_SIZE)
        return BLE_PDU_SHORT;
    if (size != (size_t)BLE_L2CAP_HEADER_SIZE + take16(frame))
        return BLE_PDU_LENGTH;
    *header = (struct ble_l2cap_header){.size = take16(frame), .channel = take16(frame + 2)};
    return BLE_PDU_GOOD;
}

void ble_l2cap_write(struct ble_l2cap_header header, uint8_t frame[BLE_L2CAP_HEADER_SIZE])
{
    put(frame, 2, header.size);
    put(frame + 2, 2, header.channel);
}

/* The size of an ATT PDU, opcode included, without the value; 0: not one of ours. */
static unsigned att_fixed_size(unsigned opcode)
{
    switch (opcode) {
    case BLE_ATT_ERROR_RSP:
        return 5;
    case BLE_ATT_EXCHANGE_MTU_REQ:
    case BLE_ATT_EXCHANGE_MTU_RSP:
    case BLE_ATT_READ_REQ:
        return 3;
    case BLE_ATT_READ_RSP:
        return 1;
    default:
        return 0;
    }
}

static bool att_size_fits(unsigned opcode, unsigned size)
{
    if (opcode == BLE_ATT_READ_RSP)
        return size >= 1 && size <= BLE_ATT_MTU_MAX;
    return size == att_fixed_size(opcode);
}

enum ble_pdu_fault ble_att_read(const uint8_t *frame, size_t size, struct ble_att *att)
{
    struct ble_l2cap_header header;
    enum ble_pdu_fault fault = ble_l2cap_read(frame, size, &header);
    if (fault)
        return fault;
    if (header.size == 0)
        return BLE_PDU_WRONG_SIZE;
    const uint8_t *pdu = frame + BLE_L2CAP_HEADER_SIZE;
    if (header.channel != BLE_L2CAP_ATT || att_fixed_size(pdu[0]) == 0) {
        att->opcode = header.channel == BLE_L2CAP_ATT ? pdu[0] : 0;
        return BLE_PDU_WRONG_TYPE;
    }
    if (!att_size_fits(pdu[0], header.size))
        return BLE_PDU_WRONG_SIZE;

    *att = (struct ble_att){.opcode = pdu[0]};
    switch (att->opcode) {
    case BLE_ATT_ERROR_RSP:
        att->failed = pdu[1];
        att->handle = take16(pdu + 2);
        att->error = pdu[4];
        break;
    case BLE_ATT_READ_REQ:
        att->handle = take16(pdu + 1);
        break;
    case BLE_ATT_READ_RSP:
        att->value_size = (uint8_t)(header.size - 1);
        memcpy(att->value, pdu + 1, att->value_size);
        break;
    default:
        att->mtu = take16(pdu + 1);
        break;
    }
    return BLE_PDU_GOOD;
}

size_t ble_att_write(const struct ble_att *att,
                     uint8_t frame[BLE_L2CAP_HEADER_SIZE + BLE_ATT_MTU_MAX])
{
    struct ble_l2cap_header header = {(uint16_t)att_fixed_size(att->opcode), BLE_L2CAP_ATT};
    uint8_t *pdu = frame + BLE_L2CAP_HEADER_SIZE;
    unsigned value_size = att->value_size < BLE_ATT_VALUE_MAX ? att->value_size : BLE_ATT_VALUE_MAX;

    if (header.size == 0)
        return 0;
    pdu[0] = att->opcode;
    switch (att->opcode) {
    case BLE_ATT_ERROR_RSP:
        pdu[1] = att->failed;
        put(pdu + 2, 2, att->handle);
        pdu[4] = att->error;
        break;
    case BLE_ATT_READ_REQ:
        put(pdu + 1, 2, att->handle);
        break;
    case BLE_ATT_READ_RSP:
        header.size = (uint16_t)(1 + value_size);
        memcpy(pdu + 1, att->value, value_size);
        break;
    default:
        put(pdu + 1, 2, att->mtu);
        break;
    }
    ble_l2cap_write(header, frame);
    return (size_t)BLE_L2CAP_HEADER_SIZE + header.size;
}
