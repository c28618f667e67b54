/* ble_expect.h: what a scenario can ask about BLE connections:
 *
 *   "expect": { "ble_link": { "missed": { "max": 0 }, "ifs_margin_us": { "min": 0.5 },
 *                             "peripheral": "connected" } }
 *
 * "connection": 1 asks of the first one; without it all are asked together: counts are summed up, a
 * margin is the smallest, a state is each one's. A margin is how far within its bound the worst
 * case was, in microseconds; it is below 0 once the bound was missed, so { "min": 0 } is the bound
 * itself. Who judges: sim/monitors/ble_checks.c. A check of a margin that nobody measured has not
 * armed.
 */
#ifndef SIM_BLE_EXPECT_H
#define SIM_BLE_EXPECT_H

#include "sim/fact.h"
#include "sim/scenario.h"

enum ble_link_fact {
    BLE_LINK_CONNECTIONS,
    BLE_LINK_EVENTS,
    BLE_LINK_ANSWERED,
    BLE_LINK_SKIPPED,
    BLE_LINK_LOST,
    BLE_LINK_MISSED,
    BLE_LINK_LATE,
    BLE_LINK_RETRANSMISSIONS,
    BLE_LINK_CENTRAL_FAULTS,
    BLE_LINK_UNLISTENED,
    BLE_LINK_CENTRAL,
    BLE_LINK_PERIPHERAL,
    BLE_LINK_IFS_MARGIN, /* this and what follows: margins */
    BLE_LINK_WINDOW_MARGIN,
    BLE_LINK_EVENT_END_MARGIN,
    BLE_LINK_SUPERVISION_MARGIN,
    BLE_LINK_FACTS
};

struct ble_link_row {
    struct fact fact;
    enum check_kind kind;
};

extern const struct ble_link_row ble_link_facts[BLE_LINK_FACTS];

static inline bool ble_link_is_margin(uint32_t fact)
{
    return fact >= BLE_LINK_IFS_MARGIN;
}

#endif
