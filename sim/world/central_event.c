/* central_event.c: connection events: anchors, packets, acknowledgement, supervision. */
#include "sim/world/central.h"

#include <string.h>

enum { WINDOW_DELAY_US = 1250 };

/* --- from event to event ---------------------------------------------------------------------- */

static uint64_t longest_ps(uint8_t phy, uint8_t octets)
{
    return ble_air_ps(phy == AIR_2M ? BLE_PHY_2M : BLE_PHY_1M, octets + BLE_MIC_SIZE);
}

static uint8_t channel_of(struct central_link *link)
{
    uint32_t address = link->antenna.access_address;
    if (link->second_selection)
        return (uint8_t)ble_csa2_channel(&link->map, link->event, ble_csa2_identifier(address));
    return (uint8_t)ble_csa1_channel(&link->map, link->unmapped);
}

/* Uniform in -jitter .. +jitter. In a transmit window a packet is never before the window. */
static uint64_t jittered_ps(struct device *d, uint64_t at_ps, bool window)
{
    struct central *c = device_state(d);
    uint64_t jitter = central_value(d, CENTRAL_JITTER);
    if (jitter == 0)
        return at_ps;
    if (window)
        return at_ps + random_below(&c->jitter, jitter + 1);
    return at_ps + random_below(&c->jitter, 2 * jitter + 1) - jitter;
}

/* The event whose anchor is at link->at_us comes. */
static void await_anchor(struct device *d, bool window)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    central_plan_step(d, CENTRAL_STEP_ANCHOR,
                      jittered_ps(d, antenna_after_us(d, link->start_ps, link->at_us), window));
}

void central_supervise(struct device *d, uint64_t from_ps)
{
    struct central *c = device_state(d);
    bool established = c->state == BLE_PEER_ESTABLISHED;
    uint64_t us = established ? c->link.timeout_us : 6 * (uint64_t)c->link.interval_us;
    c->supervision_ps = antenna_after_us(d, from_ps, us);
}

void central_connect(struct device *d, uint64_t end_ps)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    uint64_t place_ps =
        central_value(d, CENTRAL_WINDOW_OFFSET) + central_value(d, CENTRAL_WINDOW_PLACE);
    link->start_ps = end_ps;
    link->at_us = WINDOW_DELAY_US + place_ps / PS_PER_US;
    link->unmapped = (uint8_t)ble_csa1_unmapped(0, link->hop, 1);
    central_enter(d, BLE_PEER_CREATED);
    central_supervise(d, end_ps);
    await_anchor(d, true);
}

/* On to the next event. */
static void next_event(struct device *d)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    link->at_us += link->interval_us;
    link->event++;
    link->unmapped = (uint8_t)ble_csa1_unmapped(link->unmapped, link->hop, 1);
    await_anchor(d, central_apply(d));
}

static void count_missed(struct device *d)
{
    struct central *c = device_state(d);
    c->missed++;
    c->missed_in_row++;
    if (c->missed_in_row > c->missed_in_row_max)
        c->missed_in_row_max = c->missed_in_row;
    antenna_note(d, BLE_NOTE_MISSED, c->link.event);
}

void central_end_event(struct device *d)
{
    struct central *c = device_state(d);
    antenna_rest(d, &c->antenna);
    if (!c->link.answered)
        count_missed(d);
    next_event(d);
}

/* --- what it sends ---------------------------------------------------------------------------- */

bool central_queue(struct central *c, uint8_t llid, const uint8_t *payload, size_t size)
{
    struct central_link *link = &c->link;
    if (link->queued == CENTRAL_QUEUE_MAX || size > CENTRAL_PDU_MAX)
        return false;
    struct central_pdu *pdu = &link->queue[link->queued++];
    *pdu = (struct central_pdu){.llid = llid, .size = (uint8_t)size};
    memcpy(pdu->payload, payload, size);
    return true;
}

/* Encrypted once, when it goes out for the first time: a repetition is the same octets. */
static void encrypt(struct central_link *link, struct central_pdu *pdu)
{
    if (!link->encrypts_out || pdu->size == 0)
        return;
    pdu->size = (uint8_t)ble_ccm_encrypt(&link->key, link->sent_counter++, BLE_TO_PERIPHERAL,
                                         pdu->llid, pdu->payload, pdu->size, pdu->payload);
}

/* A new PDU once the last has been acknowledged; an empty one if nothing waits. */
static void choose(struct central *c)
{
    struct central_link *link = &c->link;
    if (link->unacked) {
        c->retransmissions++;
        return;
    }
    link->unacked = true;
    link->last = (struct central_pdu){.llid = BLE_LLID_CONTINUE};
    if (link->queued == 0)
        return;
    link->last = link->queue[0];
    link->queued--;
    memmove(link->queue, link->queue + 1, link->queued * sizeof link->queue[0]);
    link->opcode = link->last.llid == BLE_LLID_CONTROL ? link->last.payload[0] : CENTRAL_NO_OPCODE;
    encrypt(link, &link->last);
}

static bool spoiled(struct central *c)
{
    if (c->corrupt == 0)
        return false;
    c->corrupt--;
    c->corrupted++;
    return true;
}

/* The first packet of the next event comes at this time or a little earlier. */
static uint64_t next_anchor_ps(const struct device *d, const struct central *c)
{
    uint64_t at_ps = antenna_after_us(d, c->link.start_ps, c->link.at_us + c->link.interval_us);
    return at_ps - central_value(d, CENTRAL_JITTER);
}

static void send_packet(struct device *d, uint64_t start_ps)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    uint8_t pdu[BLE_HEADER_SIZE + CENTRAL_PDU_MAX + BLE_MIC_SIZE];
    choose(c);
    link->sent_md = link->queued > 0;
    ble_data_header_write((struct ble_data_header){.llid = link->last.llid,
                                                   .nesn = link->nesn,
                                                   .sn = link->sn,
                                                   .md = link->sent_md,
                                                   .size = link->last.size},
                          pdu);
    memcpy(pdu + BLE_HEADER_SIZE, link->last.payload, link->last.size);
    link->antenna.phy = link->phy_to_peripheral;
    link->own_end_ps = antenna_send(d, &c->antenna, &link->antenna, start_ps, pdu,
                                    BLE_HEADER_SIZE + (size_t)link->last.size, spoiled(c));
    c->packets++;
    if (link->leaving) {
        central_plan_step(d, CENTRAL_STEP_LEAVE, link->own_end_ps);
        return;
    }
    link->antenna.phy = link->phy_to_central;
    antenna_listen(d, &c->antenna, &link->antenna, link->own_end_ps);
    uint64_t limit_ps = ble_event_limit_ps(next_anchor_ps(d, c));
    central_plan_step(d, CENTRAL_STEP_LIMIT,
                      limit_ps > link->own_end_ps ? limit_ps : link->own_end_ps + 1);
}

void central_anchor(struct device *d)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    link->answered = false;
    link->antenna.channel = channel_of(link);
    c->events++;
    antenna_note(d, BLE_NOTE_ANCHOR, link->event);
    central_plan(d);
    central_att(d);
    if (c->silent == 0) {
        send_packet(d, d->now_ps);
        return;
    }
    c->silent--;
    c->silent_events++;
    next_event(d);
}

/* --- what it hears ---------------------------------------------------------------------------- */

bool central_takes(struct device *d, const struct air_frame *frame)
{
    struct central *c = device_state(d);
    const struct central_link *link = &c->link;
    uint64_t first_ps = antenna_first_bit_ps(d, frame);
    uint64_t tolerance_ps = central_value(d, CENTRAL_TOLERANCE);
    if (air_access_address(frame) != link->antenna.access_address)
        return false;
    uint64_t turnaround_ps = first_ps - link->own_end_ps; /* it listens only from there on */
    uint32_t note_ns = (uint32_t)(turnaround_ps / 1000);
    if (turnaround_ps + tolerance_ps < BLE_T_IFS_PS) {
        c->early++;
        antenna_note(d, BLE_NOTE_EARLY, note_ns);
        return false;
    }
    if (turnaround_ps > BLE_T_IFS_PS + tolerance_ps) {
        c->late++;
        antenna_note(d, BLE_NOTE_LATE, note_ns);
        return false;
    }
    antenna_note(d, BLE_NOTE_TURNAROUND, note_ns);
    if (turnaround_ps < c->turnaround_min_ps)
        c->turnaround_min_ps = turnaround_ps;
    if (turnaround_ps > c->turnaround_max_ps)
        c->turnaround_max_ps = turnaround_ps;
    return true;
}

static void acknowledge(struct device *d, bool nesn)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    if (!link->unacked || nesn == link->sn)
        return;
    if (c->repeat > 0) {
        c->repeat--;
        c->repeated++;
        return;
    }
    link->sn = !link->sn;
    link->unacked = false;
    uint8_t opcode = link->opcode;
    link->opcode = CENTRAL_NO_OPCODE;
    if (opcode != CENTRAL_NO_OPCODE)
        central_acknowledged(d, opcode);
}

/* False: a bad MIC. */
static bool decrypt(struct central *c, struct ble_data_header *header, const uint8_t *pdu,
                    uint8_t *payload)
{
    struct central_link *link = &c->link;
    memcpy(payload, pdu + BLE_HEADER_SIZE, header->size);
    if (!link->encrypts_in || header->size == 0)
        return true;
    if (!ble_ccm_decrypt(&link->key, link->received_counter++, BLE_TO_CENTRAL, pdu[0], payload,
                         header->size, payload))
        return false;
    header->size -= BLE_MIC_SIZE;
    return true;
}

/* What is new in it. */
static void take(struct device *d, struct ble_data_header header, const uint8_t *pdu)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    uint8_t payload[256];
    if (header.sn != link->nesn) {
        c->duplicates++;
        return;
    }
    if (c->ignore > 0 && header.size > 0) {
        c->ignore--;
        c->unacknowledged++;
        return;
    }
    link->nesn = !link->nesn;
    if (!decrypt(c, &header, pdu, payload)) {
        c->mic_errors++;
        central_close(d, BLE_REASON_MIC_FAILURE);
        return;
    }
    if (header.size == 0)
        return;
    if (header.llid == BLE_LLID_CONTROL)
        central_on_control(d, payload, header.size);
    else
        central_on_data(d, header.llid, payload, header.size);
}

/* Room for a packet of each side, and T_IFS before each and behind. */
static bool has_room(const struct device *d, const struct central *c)
{
    const struct central_link *link = &c->link;
    uint64_t end_ps = d->now_ps + 2 * BLE_T_IFS_PS +
                      longest_ps(link->phy_to_peripheral, CENTRAL_PDU_MAX) +
                      longest_ps(link->phy_to_central, link->octets_in);
    return end_ps <= ble_event_limit_ps(next_anchor_ps(d, c));
}

static void valid(struct device *d)
{
    struct central *c = device_state(d);
    if (!c->link.answered)
        c->answered++;
    c->link.answered = true;
    c->missed_in_row = 0;
    if (c->state == BLE_PEER_CREATED)
        central_enter(d, BLE_PEER_ESTABLISHED);
    central_supervise(d, d->now_ps);
}

void central_answer(struct device *d, const struct air_frame *frame)
{
    struct central *c = device_state(d);
    uint8_t pdu[BLE_DATA_PDU_MAX + BLE_CRC_SIZE];
    size_t size;
    if (antenna_read(&c->link.antenna, frame, pdu, &size) != ANTENNA_GOOD) {
        c->crc_errors++;
        antenna_note(d, BLE_NOTE_CRC, c->link.event);
        central_end_event(d);
        return;
    }
    valid(d);
    struct ble_data_header header = ble_data_header_read(pdu);
    if (ble_data_check(pdu, size) == BLE_PDU_GOOD) {
        acknowledge(d, header.nesn);
        if (central_connected(c))
            take(d, header, pdu);
    } else {
        c->bad_pdus++;
        header.md = false;
    }
    if (!central_connected(c))
        return;
    if ((c->link.sent_md || header.md) && has_room(d, c))
        send_packet(d, antenna_after_ps(d, d->now_ps, BLE_T_IFS_PS));
    else
        central_end_event(d);
}
