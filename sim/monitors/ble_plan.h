/* ble_plan.h: one side's idea of a connection's time line: which event is when, and where.
 *
 *   CONNECT_IND --> plan --control PDU with an instant--> what will hold from that event on
 *                    \--anchor--> what follows is reckoned from it
 *
 * Events are counted in 32 bits from 0; their low 16 bits are connEventCount. Both sides have a
 * plan of their own: a procedure that never came in does not change the peripheral's.
 */
#ifndef SIM_MONITORS_BLE_PLAN_H
#define SIM_MONITORS_BLE_PLAN_H

#include "sim/ble/channel.h"
#include "sim/ble/pdu.h"
#include "sim/ble/time.h"

enum ble_side { BLE_CENTRAL, BLE_PERIPHERAL, BLE_SIDES };

struct ble_plan {
    bool csa2;
    uint8_t hop;
    uint16_t csa2_identifier;
    uint16_t interval, latency, timeout; /* in units */
    uint8_t phy[BLE_SIDES];              /* enum air_phy, by sender */
    struct ble_channel_map map;
    /* From where the next anchors are reckoned. Size: of a transmit window, 0 after an anchor. */
    uint32_t base_event;
    uint64_t base_ps, base_size_ps;
    /* What waits for its event. */
    bool update, remap, rephy;
    uint32_t update_at, remap_at, rephy_at;
    struct {
        uint16_t interval, latency, timeout, offset;
        uint8_t size;
    } next;
    struct ble_channel_map next_map;
    /* That of event `left_at` - 1, which goes on by it; 0: there is none. */
    struct ble_channel_map left_map;
    uint32_t left_at;
    uint8_t next_phy[BLE_SIDES];
};

void ble_plan_start(struct ble_plan *plan, const struct ble_connect *connect, bool csa2,
                    uint64_t connect_end_ps);
/* Where the first bit of an event's first packet is, by the central's clock. */
struct ble_window ble_plan_window(const struct ble_plan *plan, uint32_t event);
/* The event whose first packet is (nearest) there. */
uint32_t ble_plan_event(const struct ble_plan *plan, uint64_t at_ps);
/* That packet is there: from now on all is reckoned from it. True: the interval, latency and
 * timeout have changed. */
bool ble_plan_anchor(struct ble_plan *plan, uint32_t event, uint64_t at_ps);
/* In picoseconds, as it is in that event. */
uint64_t ble_plan_interval_ps(const struct ble_plan *plan, uint32_t event);
/* Frequency, and PHY of a sender, in that event. */
uint16_t ble_plan_mhz(const struct ble_plan *plan, uint32_t event);
uint8_t ble_plan_phy(const struct ble_plan *plan, enum ble_side sender, uint32_t event);
/* An instant is in this event or in the next: the peripheral must listen. */
bool ble_plan_is_near_instant(const struct ble_plan *plan, uint32_t event);
/* Whether a central may send it in `event`: its numbers are those of a connection, its instant has
 * not passed, and no other of its kind waits. */
bool ble_plan_is_lawful(const struct ble_plan *plan, const struct ble_control *control,
                        uint32_t event);
/* Takes in a control PDU that came or went in `event`. False: its instant has passed. Those without
 * an instant change nothing. */
bool ble_plan_control(struct ble_plan *plan, const struct ble_control *control, uint32_t event);

#endif
