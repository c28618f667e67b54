/* ble_answer: ble-ifs and ble-sequence: what a board's radio says in answer, and when.
 *
 * Judges each packet of a board's radio at its last bit. ble-ifs: an answer in a connection, and
 * each SCAN_REQ, SCAN_RSP and CONNECT_IND, begins 148 to 152 us behind the last bit of what has
 * come in there; a packet that the radio sends without one having come in since its last answers
 * nothing. ble-sequence: SN and NESN, against what has come in with a good CRC; the same data under
 * the same SN; a data PDU with this connection's CRC; no answer to a second bad CRC in a row. Not
 * acknowledging a new packet is lawful: its receiver may have no room.
 *
 * Cannot see: which of two wrongs a packet is that was never written for this moment: where the old
 * SN answers its acknowledgement, ble_buffer.c says whether it is an old buffer, and this is then
 * not judged. Faults of peers are counted (ble_link.h), and break nothing.
 */
#include "model/process.h"
#include "sim/monitors/ble_buffer.h"

static void judge_time(struct machine *m, const struct ble_packet *p)
{
    int64_t margin;
    uint64_t off = (uint64_t)(p->off_ps < 0 ? -p->off_ps : p->off_ps);
    uint32_t base = machine_device(m, p->device)->base;

    if (p->first)
        return;
    rule_armed(m, RULE_BLE_IFS);
    if (!ble_packet_margin(p, &margin))
        break_add(m, RULE_BLE_IFS, ble_owner(m, p->device), base, DETAIL_BLE_ANSWERS_NOTHING,
                  p->mhz, p->event);
    else if (margin < 0)
        break_add(m, RULE_BLE_IFS, ble_owner(m, p->device), base,
                  p->off_ps < 0 ? DETAIL_BLE_IFS_EARLY : DETAIL_BLE_IFS_LATE, off, p->event);
}

static void judge_sequence(struct machine *m, const struct ble_packet *p)
{
    static const enum verdict_detail details[] = {
        [BLE_SEQUENCE_NEW_UNACKED] = DETAIL_BLE_NEW_UNACKED,
        [BLE_SEQUENCE_SAME_ACKED] = DETAIL_BLE_SAME_ACKED,
        [BLE_SEQUENCE_DATA_CHANGED] = DETAIL_BLE_DATA_CHANGED,
        [BLE_SEQUENCE_NESN_BASELESS] = DETAIL_BLE_NESN_BASELESS,
        [BLE_SEQUENCE_NO_PDU] = DETAIL_BLE_NO_PDU,
        [BLE_SEQUENCE_BAD_CRCS] = DETAIL_BLE_BAD_CRCS,
    };

    rule_armed(m, RULE_BLE_SEQUENCE);
    if (p->fault != BLE_SEQUENCE_GOOD && !ble_buffer_is_stale(m))
        break_add(m, RULE_BLE_SEQUENCE, ble_owner(m, p->device), machine_device(m, p->device)->base,
                  details[p->fault], p->event, 0);
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    const struct ble_packet *p = &ble_link_of(m)->packet;

    (void)state;
    (void)r;
    if (!p->is_there || !p->is_ours)
        return;
    judge_time(m, p);
    if (!p->is_advertising && !p->broken_off)
        judge_sequence(m, p);
}

const struct monitor monitor_ble_answer = {
    .name = "ble_answer",
    .kinds = {KIND_EVENT(EVENT_AIR_END)},
    .hears = ble_hears,
    .rules = KIND_BIT(RULE_BLE_IFS) | KIND_BIT(RULE_BLE_SEQUENCE),
    .always = true,
    .on_record = on_record,
};
