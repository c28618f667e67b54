/* ble_channel: ble-channel: where a board's radio is in a connection, and whether there is one.
 *
 * Judges each packet of a board's radio: frequency and PHY of the event by the maps and PHYs that
 * it has received, no packet once the connection is over (for both after an acknowledged
 * LL_TERMINATE_IND; for its own side an interval after a time-out, half an interval after an
 * instant that had passed when its PDU came, and not in that event: it may have to be decrypted).
 * And each event at which the central has sent and the peripheral, a board's radio, was listening
 * to another data channel or PHY all the time.
 *
 * Cannot see: where a radio with two connections should be just then; what has changed by a
 * procedure that cannot be read (ble_link.h).
 */
#include "model/process.h"
#include "sim/monitors/ble_link.h"

struct seen {
    uint32_t elsewhere; /* so many windows have been judged */
};

static void judge_packet(struct machine *m, const struct ble_packet *p)
{
    uint32_t owner = ble_owner(m, p->device), base = machine_device(m, p->device)->base;

    rule_armed(m, RULE_BLE_CHANNEL);
    if (p->after_end)
        break_add(m, RULE_BLE_CHANNEL, owner, base, DETAIL_BLE_AFTER_END, p->event, 0);
    else if (p->mhz != p->wanted_mhz)
        break_add(m, RULE_BLE_CHANNEL, owner, base, DETAIL_BLE_CHANNEL_SENT, p->mhz, p->wanted_mhz);
    else if (p->phy != p->wanted_phy)
        break_add(m, RULE_BLE_CHANNEL, owner, base, DETAIL_BLE_PHY, p->phy, p->wanted_phy);
}

static void judge_window(struct machine *m, const struct ble_elsewhere *e)
{
    uint32_t owner = ble_owner(m, e->device), base = machine_device(m, e->device)->base;

    if (e->mhz != e->wanted_mhz)
        break_add(m, RULE_BLE_CHANNEL, owner, base, DETAIL_BLE_CHANNEL_HEARS, e->mhz,
                  e->wanted_mhz);
    else
        break_add(m, RULE_BLE_CHANNEL, owner, base, DETAIL_BLE_PHY, e->phy, e->wanted_phy);
}

static void look(struct machine *m, struct seen *seen)
{
    const struct ble_elsewhere *e = &ble_link_of(m)->elsewhere;

    if (seen->elsewhere == e->count)
        return;
    seen->elsewhere = e->count;
    if (ble_is_ours(m, e->device))
        judge_window(m, e);
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    const struct ble_packet *p = &ble_link_of(m)->packet;

    (void)r;
    look(m, state);
    if (p->is_there && p->is_ours && !p->is_advertising)
        judge_packet(m, p);
}

static void at_end(struct machine *m, void *state)
{
    look(m, state);
}

const struct monitor monitor_ble_channel = {
    .name = "ble_channel",
    .kinds = {KIND_EVENT(EVENT_AIR_END)},
    .hears = ble_hears,
    .state_size = sizeof(struct seen),
    .rules = KIND_BIT(RULE_BLE_CHANNEL),
    .always = true,
    .on_record = on_record,
    .at_end = at_end,
};
