/* central_procedures.c: LL control PDUs, what they answer and what holds from an instant on. */
#include "sim/world/central.h"

#include <string.h>

enum { UNIT_US = 1250, TIMEOUT_UNIT_US = 10000, LENGTH_TIME_US = 328 };

/* Bluetooth 5.4; a company that is none. */
const struct ble_control central_own_version = {.opcode = BLE_VERSION_IND,
                                                .version = {0x0d, 0xffff, 0x0001}};

void central_control(struct central *c, const struct ble_control *control)
{
    uint8_t payload[BLE_CONTROL_SIZE_MAX];
    size_t size = ble_control_write(control, payload);
    (void)central_queue(c, BLE_LLID_CONTROL, payload, size);
}

void central_begin(struct device *d, const struct ble_control *control)
{
    struct central *c = device_state(d);
    central_control(c, control);
    c->link.procedure = (struct central_procedure){true, control->opcode};
    c->procedure_ps = antenna_after_ps(d, d->now_ps, BLE_PROCEDURE_TIMEOUT_PS);
    antenna_note(d, BLE_NOTE_PROCEDURE, control->opcode);
}

void central_done(struct device *d, uint8_t opcode, bool good)
{
    struct central *c = device_state(d);
    if (!c->link.procedure.running || c->link.procedure.opcode != opcode)
        return;
    c->link.procedure.running = false;
    c->procedure_ps = TIME_NEVER;
    c->procedures += good;
    c->refused += !good;
    antenna_note(d, good ? BLE_NOTE_PROCEDURE_DONE : BLE_NOTE_PROCEDURE_FAIL, opcode);
}

/* --- instants --------------------------------------------------------------------------------- */

uint16_t central_instant(const struct central_link *link, uint64_t ahead)
{
    return ahead == CENTRAL_CHOOSE ? ble_instant_choose(link->event, link->latency)
                                   : (uint16_t)(link->event + ahead);
}

static bool is_due(const struct central_link *link, const struct central_change *change)
{
    return change->pending && change->instant == link->event;
}

void central_update(struct device *d, const struct ble_control *update)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    link->update.pending = false;
    link->interval_us = update->update.interval * (uint32_t)UNIT_US;
    link->timeout_us = update->update.timeout * (uint32_t)TIMEOUT_UNIT_US;
    link->latency = update->update.latency;
    central_supervise(d, antenna_after_us(d, link->start_ps, link->at_us));
    antenna_note(d, BLE_NOTE_INSTANT, link->event);
    central_done(d, BLE_CONNECTION_UPDATE_IND, true);
}

static void apply_map(struct device *d)
{
    struct central *c = device_state(d);
    c->link.map_change.pending = false;
    c->link.map = ble_channel_map_make(c->link.map_next);
    antenna_note(d, BLE_NOTE_INSTANT, c->link.event);
    central_done(d, BLE_CHANNEL_MAP_IND, true);
}

static void apply_phy(struct device *d)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    link->phy_change.pending = false;
    link->phy_to_peripheral = link->phy_next_to_peripheral;
    link->phy_to_central = link->phy_next_to_central;
    antenna_note(d, BLE_NOTE_INSTANT, link->event);
    central_done(d, BLE_PHY_REQ, true);
}

bool central_apply(struct device *d)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    bool window = is_due(link, &link->update);
    if (window) {
        link->at_us += link->update_next.update.window_offset * (uint64_t)UNIT_US;
        central_update(d, &link->update_next);
    }
    if (is_due(link, &link->map_change))
        apply_map(d);
    if (is_due(link, &link->phy_change))
        apply_phy(d);
    return window;
}

static uint8_t phy_of(uint8_t bit, uint8_t now)
{
    return bit == 0 ? now : bit == BLE_PHY_BIT_2M ? AIR_2M : AIR_1M;
}

/* What both sides can do is done; nothing in common leaves a direction as it is. */
static void on_phy_response(struct device *d, const struct ble_control *response)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    if (!link->procedure.running || link->procedure.opcode != BLE_PHY_REQ)
        return;
    uint8_t out = link->phy_asked_to_peripheral & response->phys.rx;
    uint8_t in = link->phy_asked_to_central & response->phys.tx;
    uint16_t instant = central_instant(link, link->phy_instant_in);
    central_control(c, &(struct ble_control){.opcode = BLE_PHY_UPDATE_IND,
                                             .phy_update = {out, in, out || in ? instant : 0}});
    link->phy_next_to_peripheral = phy_of(out, link->phy_to_peripheral);
    link->phy_next_to_central = phy_of(in, link->phy_to_central);
    link->phy_change = (struct central_change){out || in, instant};
    if (!out && !in)
        central_done(d, BLE_PHY_REQ, true);
}

/* --- encryption: 6.B 5.1.3.1 ------------------------------------------------------------------ */

static void put_number(uint64_t number, uint8_t *octets, size_t size)
{
    for (size_t i = 0; i < size; i++)
        octets[i] = (uint8_t)(number >> 8 * i);
}

bool central_encrypting(const struct central_link *link)
{
    return link->procedure.running && link->procedure.opcode == BLE_ENC_REQ;
}

void central_encrypt(struct device *d, uint64_t skd, uint32_t iv)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    struct ble_control request = {.opcode = BLE_ENC_REQ};
    put_number(skd ? skd : random_next(&c->keys), link->skd, sizeof link->skd);
    put_number(iv ? iv : random_next(&c->keys), link->iv, sizeof link->iv);
    memcpy(request.enc_req.skd, link->skd, sizeof link->skd);
    memcpy(request.enc_req.iv, link->iv, sizeof link->iv);
    link->has_key = false;
    central_begin(d, &request);
}

static void on_encryption_response(struct device *d, const struct ble_control *response)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    uint8_t ltk[16];
    if (!central_encrypting(link))
        return;
    central_long_term_key(peer_plan(d), ltk);
    link->key =
        ble_link_key_make(ltk, link->skd, response->enc_rsp.skd, link->iv, response->enc_rsp.iv);
    link->has_key = true;
}

/* From here on both directions are encrypted; LL_START_ENC_RSP is the first to be so. */
static void on_start_request(struct device *d)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    if (!central_encrypting(link) || !link->has_key)
        return;
    link->encrypts_in = link->encrypts_out = true;
    link->sent_counter = link->received_counter = 0;
    central_control(c, &(struct ble_control){.opcode = BLE_START_ENC_RSP});
}

static void on_start_response(struct device *d)
{
    struct central *c = device_state(d);
    if (!central_encrypting(&c->link) || !c->link.encrypts_in)
        return;
    c->encrypted++;
    antenna_note(d, BLE_NOTE_ENCRYPTED, 1);
    central_done(d, BLE_ENC_REQ, true);
}

/* --- what comes in ---------------------------------------------------------------------------- */

static void on_version(struct device *d, const struct ble_control *in)
{
    struct central *c = device_state(d);
    c->version_seen = in->version.version;
    if (!c->link.version_sent)
        central_control(c, &central_own_version);
    c->link.version_sent = true;
    central_done(d, BLE_VERSION_IND, true);
}

static void on_unknown_response(struct device *d, const struct ble_control *in)
{
    struct central *c = device_state(d);
    c->unknown_seen++;
    central_done(d, in->unknown, false);
}

static void on_length(struct device *d, const struct ble_control *in)
{
    struct central *c = device_state(d);
    c->octets_seen = in->length.rx_octets;
    if (in->opcode == BLE_LENGTH_REQ)
        central_control(c, &(struct ble_control){.opcode = BLE_LENGTH_RSP,
                                                 .length = {CENTRAL_PDU_MAX, LENGTH_TIME_US,
                                                            CENTRAL_PDU_MAX, LENGTH_TIME_US}});
    central_done(d, BLE_LENGTH_REQ, true);
}

static void on_terminate(struct central *c, const struct ble_control *in)
{
    c->link.leaving = true;
    c->link.leave_reason = in->reason;
}

static void on_reject(struct device *d, const struct ble_control *in)
{
    struct central *c = device_state(d);
    const struct central_procedure *running = &c->link.procedure;
    central_done(d, in->opcode == BLE_REJECT_EXT_IND ? in->reject.opcode : running->opcode, false);
}

static void on_known(struct device *d, const struct ble_control *in)
{
    struct central *c = device_state(d);
    switch ((enum ble_control_opcode)in->opcode) {
    case BLE_TERMINATE_IND:
        on_terminate(c, in);
        break;
    case BLE_ENC_RSP:
        on_encryption_response(d, in);
        break;
    case BLE_START_ENC_REQ:
        on_start_request(d);
        break;
    case BLE_START_ENC_RSP:
        on_start_response(d);
        break;
    case BLE_UNKNOWN_RSP:
        on_unknown_response(d, in);
        break;
    case BLE_FEATURE_RSP:
        c->features_seen = in->features;
        central_done(d, BLE_FEATURE_REQ, true);
        break;
    case BLE_PERIPHERAL_FEATURE_REQ:
        c->features_seen = in->features;
        central_control(
            c, &(struct ble_control){.opcode = BLE_FEATURE_RSP, .features = CENTRAL_OWN_FEATURES});
        break;
    case BLE_VERSION_IND:
        on_version(d, in);
        break;
    case BLE_REJECT_IND:
    case BLE_REJECT_EXT_IND:
        on_reject(d, in);
        break;
    case BLE_CONNECTION_PARAM_REQ:
        central_control(c, &(struct ble_control){.opcode = BLE_REJECT_EXT_IND,
                                                 .reject = {in->opcode, BLE_REASON_UNSUPPORTED}});
        break;
    case BLE_PING_REQ:
        central_control(c, &(struct ble_control){.opcode = BLE_PING_RSP});
        break;
    case BLE_PING_RSP:
        c->pings_seen++;
        central_done(d, BLE_PING_REQ, true);
        break;
    case BLE_LENGTH_REQ:
    case BLE_LENGTH_RSP:
        on_length(d, in);
        break;
    case BLE_PHY_REQ: /* nothing changes: instant 0 means nothing */
        central_control(c, &(struct ble_control){.opcode = BLE_PHY_UPDATE_IND});
        break;
    case BLE_PHY_RSP:
        on_phy_response(d, in);
        break;
    default: /* of those that a peripheral may send the others want no answer */
        break;
    }
}

void central_on_control(struct device *d, const uint8_t *payload, size_t size)
{
    struct central *c = device_state(d);
    struct ble_control in;
    enum ble_pdu_fault fault = ble_control_read(payload, size, &in);
    if (fault == BLE_PDU_WRONG_TYPE ||
        (fault == BLE_PDU_GOOD && !ble_control_from_peripheral(in.opcode)))
        central_control(c, &(struct ble_control){.opcode = BLE_UNKNOWN_RSP, .unknown = payload[0]});
    else if (fault == BLE_PDU_GOOD)
        on_known(d, &in);
    else
        c->bad_pdus++;
}

void central_acknowledged(struct device *d, uint8_t opcode)
{
    if (opcode == BLE_TERMINATE_IND)
        central_close(d, BLE_REASON_LOCAL_HOST);
}
