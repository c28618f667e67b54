/* ble_core.c: see ble_core.h. */
#include "sim/apps/ble_core.h"
#include <string.h>

enum {
    UNIT_US = 1250,         /* of intervals and windows */
    TIMEOUT_US = 10000,     /* a unit of the supervision timeout */
    WINDOW_DELAY_US = 1250, /* transmitWindowDelay behind a CONNECT_IND */
    T_IFS_US = 150,
    JITTER_US = 32, /* 16 us of each side's sleep clock */
    CHANNELS = 37,
    CONNECT_LENGTH = 34,
    ADV_IND = 0,
    SCAN_REQ = 3,
    SCAN_RSP = 4,
    CONNECT_IND = 5,
    CH_SEL = 0x20,
    RX_ADD = 0x80,
    MIC_SIZE = 4,
    PHY_1M = 1,
    PHY_2M = 2,
};

/* Data header: Core Vol 6 Part B 2.4. */
enum { LLID_MORE = 1, LLID_START = 2, LLID_CONTROL = 3, NESN = 4, SN = 8, MD = 16 };

enum opcode {
    CONNECTION_UPDATE_IND = 0x00,
    CHANNEL_MAP_IND = 0x01,
    TERMINATE_IND = 0x02,
    ENC_REQ = 0x03,
    ENC_RSP = 0x04,
    START_ENC_REQ = 0x05,
    START_ENC_RSP = 0x06,
    UNKNOWN_RSP = 0x07,
    FEATURE_REQ = 0x08,
    FEATURE_RSP = 0x09,
    VERSION_IND = 0x0c,
    REJECT_IND = 0x0d,
    PING_REQ = 0x12,
    PING_RSP = 0x13,
    LENGTH_REQ = 0x14,
    LENGTH_RSP = 0x15,
    PHY_REQ = 0x16,
    PHY_RSP = 0x17,
    PHY_UPDATE_IND = 0x18,
};

/* Features: LE Encryption (bit 0), LE Ping (4), LE 2M PHY (8), channel selection #2 (14). */
static const uint8_t features[8] = {0x11, 0x41};

/* Version 5.4, company 0xffff (none), subversion 0x0107. */
static const uint8_t version[] = {VERSION_IND, 0x0d, 0xff, 0xff, 0x07, 0x01};

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) | (uint32_t)get16(at + 2) << 16;
}

static uint32_t interval_us(const struct ble_core *core)
{
    return core->timing.interval * (uint32_t)UNIT_US;
}

static void close(struct ble_core *core, enum ble_reason reason)
{
    if (core->state == BLE_CLOSED)
        return;
    core->state = BLE_CLOSED;
    core->reason = (uint8_t)reason;
}

/* --- advertising ----------------------------------------------------------------------------- */

void ble_core_reset(struct ble_core *core, const uint8_t address[6], uint16_t own_ppm)
{
    static const char value[] = "postern";
    *core = (struct ble_core){.state = BLE_ADVERTISING, .own_ppm = own_ppm};
    memcpy(core->address, address, sizeof core->address);
    core->value_length = sizeof value - 1;
    memcpy(core->value, value, sizeof value - 1);
}

void ble_core_random(struct ble_core *core, const uint8_t octets[BLE_RANDOM_SIZE])
{
    memcpy(core->skd + 8, octets, 8);
    memcpy(core->iv + 4, octets + 8, 4);
}

struct ble_pdu ble_core_advertisement(const struct ble_core *core)
{
    static const uint8_t data[] = {2, 0x01, 0x06, 8, 0x09, 'P', 'o', 's', 't', 'e', 'r', 'n'};
    struct ble_pdu pdu = {.header = ADV_IND + CH_SEL, .length = 6 + sizeof data};
    memcpy(pdu.payload, core->address, 6);
    memcpy(pdu.payload + 6, data, sizeof data);
    return pdu;
}

/* Behind the other side's address; a random one with the same octets is another device's. */
static bool is_for_us(const struct ble_core *core, const struct ble_pdu *pdu)
{
    return !(pdu->header & RX_ADD) && memcmp(pdu->payload + 6, core->address, 6) == 0;
}

bool ble_core_scanned(struct ble_core *core, const struct ble_pdu *pdu)
{
    static const uint8_t data[] = {3, 0x03, 0x0f, 0x18}; /* service: battery */
    if ((pdu->header & 15) != SCAN_REQ || pdu->length != 12 || !is_for_us(core, pdu))
        return false;
    core->out = (struct ble_pdu){.header = SCAN_RSP, .length = 6 + sizeof data};
    memcpy(core->out.payload, core->address, 6);
    memcpy(core->out.payload + 6, data, sizeof data);
    return true;
}

static uint32_t channels_used(const uint8_t map[5])
{
    uint32_t count = 0;
    for (uint32_t channel = 0; channel < CHANNELS; channel++)
        count += map[channel / 8] >> channel % 8 & 1;
    return count;
}

/* The first of all rules about a connection's numbers that is broken makes it false. */
static bool timing_good(const struct ble_timing *t)
{
    uint32_t interval = t->interval * (uint32_t)UNIT_US;
    uint32_t size_max = t->interval - 1u < 8 ? t->interval - 1u : 8;
    return t->interval >= 6 && t->interval <= 3200 && t->latency <= 499 && t->timeout >= 10 &&
           t->timeout <= 3200 && t->window_size >= 1 && t->window_size <= size_max &&
           t->window_offset <= t->interval &&
           t->timeout * (uint64_t)TIMEOUT_US > (1 + (uint64_t)t->latency) * interval * 2;
}

bool ble_core_connect(struct ble_core *core, const struct ble_pdu *pdu, uint32_t end_us)
{
    static const uint16_t worst_ppm[8] = {500, 250, 150, 100, 75, 50, 30, 20};
    const uint8_t *data = pdu->payload + 12;
    if ((pdu->header & 15) != CONNECT_IND || pdu->length != CONNECT_LENGTH || !is_for_us(core, pdu))
        return false;
    const struct ble_timing timing = {.window_size = data[7],
                                      .window_offset = get16(data + 8),
                                      .interval = get16(data + 10),
                                      .latency = get16(data + 12),
                                      .timeout = get16(data + 14)};
    uint8_t hop = data[21] & 31;
    if (!timing_good(&timing) || channels_used(data + 16) < 2 || hop < 5 || hop > 16)
        return false;
    core->access_address = get32(data);
    core->crc_init = data[4] | (uint32_t)data[5] << 8 | (uint32_t)data[6] << 16;
    core->timing = timing;
    memcpy(core->map, data + 16, sizeof core->map);
    core->hop = core->unmapped = hop;
    core->central_ppm = worst_ppm[data[21] >> 5];
    core->second_selection = pdu->header & CH_SEL;
    core->state = BLE_CREATED;
    core->event = 0;
    core->sync_us = core->valid_us = end_us;
    core->anchor_us = end_us + WINDOW_DELAY_US + timing.window_offset * (uint32_t)UNIT_US;
    core->window_open = true;
    return true;
}

/* --- channels -------------------------------------------------------------------------------- */

/* The bits of each octet in reverse. */
static uint32_t reversed(uint32_t octets)
{
    octets = (octets >> 1 & 0x5555) | (octets & 0x5555) << 1;
    octets = (octets >> 2 & 0x3333) | (octets & 0x3333) << 2;
    return (octets >> 4 & 0x0f0f) | (octets & 0x0f0f) << 4;
}

/* Core Vol 6 Part B 4.5.8.3.2. */
static uint16_t random_of_event(uint16_t counter, uint16_t id)
{
    uint16_t prn = counter ^ id;
    for (int round = 0; round < 3; round++) {
        prn = (uint16_t)(17 * reversed(prn) + id);
    }
    return prn ^ id;
}

static uint8_t used_channel(const struct ble_core *core, uint32_t place)
{
    for (uint32_t channel = 0; channel < CHANNELS; channel++)
        if ((core->map[channel / 8] >> channel % 8 & 1) && place-- == 0)
            return (uint8_t)channel;
    return 0;
}

uint8_t ble_core_channel(struct ble_core *core)
{
    uint16_t id = (uint16_t)(core->access_address >> 16 ^ core->access_address);
    uint16_t prn = core->second_selection ? random_of_event(core->event, id) : 0;
    uint8_t unmapped = core->second_selection ? (uint8_t)(prn % CHANNELS) : core->unmapped;
    if (core->map[unmapped / 8] >> unmapped % 8 & 1)
        return unmapped;
    uint32_t count = channels_used(core->map);
    return used_channel(core, core->second_selection ? count * prn >> 16 : unmapped % count);
}

/* --- when to listen -------------------------------------------------------------------------- */

/* Both sides' clocks since the last anchor, rounded up. Core Vol 6 Part B 4.2.4. */
static uint32_t widening_us(const struct ble_core *core, uint32_t until_us)
{
    uint64_t ppm = (uint64_t)core->own_ppm + core->central_ppm;
    return (uint32_t)((ppm * (until_us - core->sync_us) + 999999) / 1000000) + JITTER_US;
}

static uint32_t supervision_us(const struct ble_core *core)
{
    return core->state == BLE_CREATED ? 6 * interval_us(core)
                                      : core->timing.timeout * (uint32_t)TIMEOUT_US;
}

static void close_unheard(struct ble_core *core)
{
    close(core, core->state == BLE_CREATED ? BLE_REASON_NOT_ESTABLISHED : BLE_REASON_TIMEOUT);
}

/* True: it has heard nothing for too long when the next window begins, and the connection ends. */
static bool time_out(struct ble_core *core)
{
    if (core->anchor_us - core->valid_us < supervision_us(core))
        return false;
    close_unheard(core);
    return true;
}

bool ble_core_window(struct ble_core *core, uint32_t now_us, struct ble_window *window)
{
    (void)now_us;
    uint32_t size = core->window_open ? core->timing.window_size * (uint32_t)UNIT_US : 0;
    uint32_t wide = widening_us(core, core->anchor_us + size);
    if (core->state == BLE_CLOSED)
        return false;
    if (time_out(core))
        return false;
    if (wide >= interval_us(core) / 2 - T_IFS_US) {
        close(core, BLE_REASON_TIMEOUT);
        return false;
    }
    *window = (struct ble_window){.open_us = core->anchor_us - wide,
                                  .close_us = core->anchor_us + size + wide,
                                  .channel = ble_core_channel(core),
                                  .phy = core->phy};
    core->heard = false;
    core->bad_crcs = 0;
    core->more = false;
    return true;
}

void ble_core_heard(struct ble_core *core, uint32_t first_bit_us)
{
    if (core->heard)
        return; /* the anchor is the first packet of the event */
    core->heard = true;
    core->anchor_us = core->sync_us = first_bit_us;
    core->window_open = false;
}

/* --- what goes out --------------------------------------------------------------------------- */

static void queue(struct ble_core *core, uint8_t llid, const uint8_t *payload, uint8_t length)
{
    if (core->queued == BLE_QUEUE)
        return; /* the other side repeats what it wants to know */
    struct ble_pdu *pdu = &core->queue[core->queued++];
    *pdu = (struct ble_pdu){.header = llid, .length = length};
    memcpy(pdu->payload, payload, length);
}

static void control(struct ble_core *core, const uint8_t *payload, uint8_t length)
{
    queue(core, LLID_CONTROL, payload, length);
}

/* Once all is encrypted, what is not sealed yet has to wait. */
static bool may_send(const struct ble_core *core)
{
    return core->queued > 0 && (core->encryption != BLE_ENCRYPTED || core->sealed);
}

/* Fresh data only once the last has been acknowledged. */
static void prepare(struct ble_core *core)
{
    if (!core->unacked) {
        core->last = (struct ble_pdu){.header = LLID_MORE};
        if (may_send(core)) {
            core->last = core->queue[0];
            core->queued--;
            core->sealed = false;
            memmove(core->queue, core->queue + 1, core->queued * sizeof core->queue[0]);
        }
        core->unacked = true;
    }
    core->out = core->last;
    core->out.header |=
        (uint8_t)((core->nesn ? NESN : 0) | (core->sn ? SN : 0) | (core->queued > 0 ? MD : 0));
}

/* --- what comes in --------------------------------------------------------------------------- */

static void acknowledged(struct ble_core *core)
{
    core->sn = !core->sn;
    core->unacked = false;
    core->ever_acked = true;
    if (core->last.header == LLID_CONTROL && core->last.payload[0] == TERMINATE_IND)
        close(core, BLE_REASON_LOCAL);
}

/* SN and NESN: Core Vol 6 Part B 4.5.9. */
static void sequence(struct ble_core *core, const struct ble_pdu *pdu)
{
    bool sn = pdu->header & SN, nesn = pdu->header & NESN;
    if (core->unacked && nesn != core->sn)
        acknowledged(core);
    if (sn != core->nesn) {
        core->duplicates++;
        return;
    }
    if (core->heard_new && pdu->length > 0)
        return; /* no room yet: not taken, so it comes again */
    core->nesn = !core->nesn;
    if (pdu->length == 0)
        return;
    core->inbox = *pdu;
    core->heard_new = true;
    core->opened = false;
}

/* In a long event that has begun in time: it does not count any more. */
static bool comes_too_late(struct ble_core *core, uint32_t end_us)
{
    if ((int32_t)(end_us - core->valid_us) < (int32_t)supervision_us(core))
        return false;
    close_unheard(core);
    return true;
}

enum ble_answer ble_core_received(struct ble_core *core, const struct ble_pdu *pdu, bool crc_good,
                                  uint32_t end_us)
{
    if (core->state == BLE_CLOSED || comes_too_late(core, end_us))
        return BLE_NO_ANSWER;
    if (!crc_good) {
        core->more = false;
        if (++core->bad_crcs == 2)
            return BLE_NO_ANSWER;
        prepare(core);
        return BLE_ANSWER; /* its MD is not known */
    }
    core->bad_crcs = 0;
    core->valid_us = end_us;
    core->state = BLE_ESTABLISHED;
    core->more = pdu->header & MD;
    sequence(core, pdu);
    if (core->state == BLE_CLOSED)
        return BLE_NO_ANSWER;
    prepare(core);
    return ble_core_goes_on(core) ? BLE_ANSWER : BLE_ANSWER_LAST;
}

bool ble_core_goes_on(const struct ble_core *core)
{
    return core->more || (core->out.header & MD);
}

/* --- procedures ------------------------------------------------------------------------------ */

static void answer_with(struct ble_core *core, uint8_t opcode, const uint8_t *rest, uint8_t size)
{
    uint8_t payload[BLE_DATA_MAX] = {opcode};
    if (size > 0)
        memcpy(payload + 1, rest, size);
    control(core, payload, (uint8_t)(size + 1));
}

/* Core Vol 6 Part B 5.5.1: an instant that lies behind, or more than 32767 events ahead. */
static bool instant_passed(const struct ble_core *core, uint16_t instant)
{
    return (uint16_t)(instant - core->event) >= 32767;
}

static void apply_timing(struct ble_core *core)
{
    core->timing = core->timing_next;
    core->timing_update.pending = false;
    core->valid_us = core->anchor_us;
}

static void apply_map(struct ble_core *core)
{
    memcpy(core->map, core->map_next, sizeof core->map);
    core->map_update.pending = false;
}

static void apply_phy(struct ble_core *core)
{
    core->phy = core->phy_next;
    core->phy_update.pending = false;
}

static void on_connection_update(struct ble_core *core, const uint8_t *p)
{
    uint16_t instant = get16(p + 10);
    core->timing_next = (struct ble_timing){.window_size = p[1],
                                            .window_offset = get16(p + 2),
                                            .interval = get16(p + 4),
                                            .latency = get16(p + 6),
                                            .timeout = get16(p + 8)};
    if (instant_passed(core, instant)) {
        close(core, BLE_REASON_INSTANT_PASSED);
        return;
    }
    if (!timing_good(&core->timing_next)) {
        close(core, BLE_REASON_INVALID);
        return;
    }
    core->timing_update = (struct ble_update){true, instant};
    if (instant == core->event) /* this very packet is the new anchor */
        apply_timing(core);
}

static void on_channel_map(struct ble_core *core, const uint8_t *p)
{
    uint16_t instant = get16(p + 6);
    if (instant_passed(core, instant)) {
        close(core, BLE_REASON_INSTANT_PASSED);
        return;
    }
    if (channels_used(p + 1) < 2) {
        close(core, BLE_REASON_INVALID);
        return;
    }
    memcpy(core->map_next, p + 1, sizeof core->map_next);
    core->map_update = (struct ble_update){true, instant};
    if (instant == core->event) /* the event under way goes on where it is */
        apply_map(core);
}

/* One PHY for both directions: 2M if the other side offers it in both. Core Vol 6 Part B 5.1.10:
 * one that is named alone, the same in both fields, is used in both directions or in none. */
static void on_phy_request(struct ble_core *core, const uint8_t *p)
{
    uint8_t phy = p[1] & p[2] & PHY_2M ? PHY_2M : PHY_1M;
    answer_with(core, PHY_RSP, (const uint8_t[2]){phy, phy}, 2);
}

static void on_phy_update(struct ble_core *core, const uint8_t *p)
{
    uint16_t instant = get16(p + 3);
    uint8_t now = core->phy ? PHY_2M : PHY_1M;
    uint8_t in = p[1] ? p[1] : now, out = p[2] ? p[2] : now;
    if (p[1] == 0 && p[2] == 0)
        return; /* no change: its instant means nothing */
    if (instant_passed(core, instant)) {
        close(core, BLE_REASON_INSTANT_PASSED);
        return;
    }
    if (in != out || (in != PHY_1M && in != PHY_2M)) {
        close(core, in != out ? BLE_REASON_UNSUPPORTED : BLE_REASON_INVALID);
        return;
    }
    core->phy_next = in == PHY_2M;
    core->phy_update = (struct ble_update){true, instant};
    if (instant == core->event)
        apply_phy(core);
}

static void on_encryption_request(struct ble_core *core, const uint8_t *p)
{
    uint8_t response[13] = {ENC_RSP};
    memcpy(core->skd, p + 11, 8); /* SKD_C is the lower half */
    memcpy(core->iv, p + 19, 4);
    memcpy(response + 1, core->skd + 8, 8);
    memcpy(response + 9, core->iv + 4, 4);
    control(core, response, sizeof response);
    core->encryption = BLE_KEY_WANTED;
}

static void on_start_encryption_response(struct ble_core *core)
{
    static const uint8_t response[] = {START_ENC_RSP};
    if (core->encryption != BLE_START_SENT)
        return;
    core->encryption = BLE_ENCRYPTED;
    control(core, response, sizeof response);
}

/* Octets of the control PDUs that are understood, the opcode included: 6.B 2.4.2. 0: it is not. */
static const uint8_t control_sizes[] = {
    [CONNECTION_UPDATE_IND] = 12,
    [CHANNEL_MAP_IND] = 8,
    [TERMINATE_IND] = 2,
    [ENC_REQ] = 23,
    [START_ENC_RSP] = 1,
    [UNKNOWN_RSP] = 2,
    [FEATURE_REQ] = 9,
    [VERSION_IND] = 6,
    [REJECT_IND] = 2,
    [PING_REQ] = 1,
    [LENGTH_REQ] = 9,
    [PHY_REQ] = 3,
    [PHY_UPDATE_IND] = 5,
};

static bool control_known(const struct ble_pdu *pdu)
{
    uint8_t opcode = pdu->payload[0];
    return opcode < sizeof control_sizes && control_sizes[opcode] != 0 &&
           control_sizes[opcode] == pdu->length;
}

static void on_control(struct ble_core *core, const struct ble_pdu *pdu)
{
    static const uint8_t lengths[8] = {27, 0, 0x48, 0x01,
                                       27, 0, 0x48, 0x01}; /* 27 octets, 328 us */
    const uint8_t *p = pdu->payload;
    core->control_pdus++;
    if (!control_known(pdu)) {
        answer_with(core, UNKNOWN_RSP, p, 1);
        return;
    }
    switch ((enum opcode)p[0]) {
    case CONNECTION_UPDATE_IND:
        on_connection_update(core, p);
        break;
    case CHANNEL_MAP_IND:
        on_channel_map(core, p);
        break;
    case TERMINATE_IND:
        core->terminate_received = true;
        break;
    case ENC_REQ:
        on_encryption_request(core, p);
        break;
    case START_ENC_RSP:
        on_start_encryption_response(core);
        break;
    case FEATURE_REQ:
        answer_with(core, FEATURE_RSP, features, sizeof features);
        break;
    case VERSION_IND:
        if (!core->version_sent)
            control(core, version, sizeof version);
        core->version_sent = true;
        break;
    case PING_REQ:
        answer_with(core, PING_RSP, NULL, 0);
        break;
    case LENGTH_REQ:
        answer_with(core, LENGTH_RSP, lengths, sizeof lengths);
        break;
    case PHY_REQ:
        on_phy_request(core, p);
        break;
    case PHY_UPDATE_IND:
        on_phy_update(core, p);
        break;
    case UNKNOWN_RSP:
    case REJECT_IND:
        break;
    default:
        answer_with(core, UNKNOWN_RSP, p, 1);
        break;
    }
}

/* --- the attribute database: one characteristic, handle 3 ------------------------------------ */

enum {
    ATT_CHANNEL = 4,
    ATT_ERROR = 0x01,
    ATT_MTU_REQUEST = 0x02,
    ATT_MTU_RESPONSE = 0x03,
    ATT_READ_REQUEST = 0x0a,
    ATT_READ_RESPONSE = 0x0b,
    ATT_INVALID_HANDLE = 0x01,
    ATT_NOT_SUPPORTED = 0x06,
    ATT_VALUE_HANDLE = 3,
    ATT_MTU = 23,
};

static void att_send(struct ble_core *core, const uint8_t *att, uint8_t length)
{
    uint8_t payload[BLE_DATA_MAX] = {length, 0, ATT_CHANNEL, 0};
    memcpy(payload + 4, att, length);
    queue(core, LLID_START, payload, (uint8_t)(length + 4));
}

static void att_error(struct ble_core *core, const uint8_t *att, uint8_t length, uint8_t error)
{
    uint8_t response[5] = {ATT_ERROR, att[0], 0, 0, error};
    if (length >= 3)
        memcpy(response + 2, att + 1, 2);
    att_send(core, response, sizeof response);
}

static void on_read(struct ble_core *core, const uint8_t *att)
{
    uint8_t response[1 + BLE_VALUE_MAX] = {ATT_READ_RESPONSE};
    if (get16(att + 1) != ATT_VALUE_HANDLE) {
        att_error(core, att, 3, ATT_INVALID_HANDLE);
        return;
    }
    memcpy(response + 1, core->value, core->value_length);
    att_send(core, response, (uint8_t)(1 + core->value_length));
    core->reads++;
}

static void on_data(struct ble_core *core, const struct ble_pdu *pdu)
{
    static const uint8_t mtu[3] = {ATT_MTU_RESPONSE, ATT_MTU, 0};
    const uint8_t *att = pdu->payload + 4;
    if (pdu->length < 5 || get16(pdu->payload + 2) != ATT_CHANNEL)
        return;
    uint8_t length = (uint8_t)(pdu->length - 4);
    if (att[0] == ATT_MTU_REQUEST && length == 3)
        att_send(core, mtu, sizeof mtu);
    else if (att[0] == ATT_READ_REQUEST && length == 3)
        on_read(core, att);
    else if (!(att[0] & 1)) /* a request: even */
        att_error(core, att, length, ATT_NOT_SUPPORTED);
}

void ble_core_think(struct ble_core *core, uint32_t now_us)
{
    (void)now_us;
    if (!core->heard_new)
        return;
    core->heard_new = false;
    if ((core->inbox.header & 3) == LLID_CONTROL)
        on_control(core, &core->inbox);
    else if ((core->inbox.header & 3) == LLID_START)
        on_data(core, &core->inbox);
}

/* --- from event to event --------------------------------------------------------------------- */

static bool due(const struct ble_update *update, uint16_t event)
{
    return update->pending && update->instant == event;
}

static void next_event(struct ble_core *core)
{
    core->anchor_us += interval_us(core);
    core->event++;
    core->unmapped = (uint8_t)((core->unmapped + core->hop) % CHANNELS);
    if (due(&core->timing_update, core->event)) {
        core->anchor_us += core->timing_next.window_offset * (uint32_t)UNIT_US;
        if (!time_out(core)) /* by the old time-out, which ends where the new one begins */
            apply_timing(core);
        core->window_open = true;
    }
    if (due(&core->map_update, core->event))
        apply_map(core);
    if (due(&core->phy_update, core->event))
        apply_phy(core);
}

/* The event before an instant, and its own, are listened to whatever the latency. */
static bool instant_near(const struct ble_core *core, uint16_t event)
{
    const struct ble_update *const updates[] = {&core->timing_update, &core->map_update,
                                                &core->phy_update};
    for (int i = 0; i < 3; i++)
        if (updates[i]->pending && (uint16_t)(updates[i]->instant - event) <= 1)
            return true;
    return false;
}

/* Core Vol 6 Part B 4.5.1: nothing to say, the last of it acknowledged, and no risk. */
static bool may_skip(const struct ble_core *core, bool heard)
{
    return heard && core->ever_acked && core->queued == 0 && core->last.length == 0 &&
           core->encryption != BLE_KEY_WANTED && core->encryption != BLE_START_SENT;
}

void ble_core_end_event(struct ble_core *core)
{
    bool heard = core->heard;
    core->events++;
    if (!heard)
        core->missed++;
    if (core->terminate_received && !core->heard_new)
        close(core, BLE_REASON_REMOTE);
    bool listens; /* asked before next_event: with that an instant's change is pending no more */
    uint32_t skipped = 0;
    do {
        listens = instant_near(core, (uint16_t)(core->event + 1));
        next_event(core);
    } while (skipped++ < core->timing.latency && may_skip(core, heard) && !listens);
}

/* --- encryption and leaving ------------------------------------------------------------------ */

bool ble_core_wants_key(const struct ble_core *core)
{
    return core->encryption == BLE_KEY_WANTED;
}

void ble_core_key_made(struct ble_core *core, const uint8_t key[16])
{
    static const uint8_t request[] = {START_ENC_REQ};
    memcpy(core->session_key, key, sizeof core->session_key);
    control(core, request, sizeof request);
    core->encryption = BLE_START_SENT;
}

bool ble_core_wants_opening(const struct ble_core *core)
{
    return core->heard_new && !core->opened && core->encryption >= BLE_START_SENT;
}

void ble_core_opened(struct ble_core *core, const uint8_t *payload, bool mic_good)
{
    if (!mic_good || core->inbox.length <= MIC_SIZE) {
        core->heard_new = false;
        close(core, BLE_REASON_MIC);
        return;
    }
    core->inbox.length -= MIC_SIZE;
    memcpy(core->inbox.payload, payload, core->inbox.length);
    core->opened = true;
    core->received_counter++;
}

bool ble_core_wants_sealing(const struct ble_core *core)
{
    return core->encryption == BLE_ENCRYPTED && core->queued > 0 && !core->sealed;
}

void ble_core_sealed(struct ble_core *core, const uint8_t *payload)
{
    struct ble_pdu *pdu = &core->queue[0];
    pdu->length += MIC_SIZE;
    memcpy(pdu->payload, payload, pdu->length);
    core->sealed = true;
    core->sent_counter++;
}

void ble_core_terminate(struct ble_core *core, uint32_t now_us)
{
    const uint8_t payload[] = {TERMINATE_IND, BLE_REASON_REMOTE};
    (void)now_us;
    control(core, payload, sizeof payload);
}
