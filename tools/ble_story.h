/* ble_story.h: a run's Bluetooth LE connections as text, event by event: `postern show --ble`.
 *
 *   records, frames, verdicts --ble_story_add--> air_log, notes of the centrals --> a table for
 *   each connection
 *
 *   event ch    anchor us  margin us  packets: > central's, < peripheral's, SN/NESN
 *      12  4    94152.113      2.000  > ATT_READ_REQ 1/0  < empty 1/1 150.000
 *
 * Event counters are the central's, as it notes them. What stands behind a packet is the time from
 * the last bit of the one before to its own first bit; the margin is what is left of T_IFS +- 2 us
 * in the worst answer of the peripheral: times at the senders' antennas. The sums at a connection's
 * end are those that the judges keep (connections.h).
 * Source: Bluetooth Core 6.2, Vol 6, Part B, 4.1.1 (T_IFS), 4.2.1.
 */
#ifndef TOOLS_BLE_STORY_H
#define TOOLS_BLE_STORY_H

#include "sim/machine.h"
#include "tools/air_log.h"
#include <stdio.h>

struct ble_story; /* on the heap */

struct ble_story *ble_story_start(const struct scenario *scenario);
/* The next record; `frame` as air_log_add wants it. */
void ble_story_add(struct ble_story *story, const struct record *record,
                   const struct air_frame *frame);
void ble_story_verdict(struct ble_story *story, uint64_t at_ps, const char *text);

/* Which events are told. */
struct ble_story_choice {
    uint64_t from_ps, to_ps; /* whose anchor is within */
    uint64_t around_ps;      /* `side` > 0: only so many before this time, and from it on */
    uint64_t side;
    bool color;
};
void ble_story_print(struct ble_story *story, const struct machine *m,
                     const struct ble_story_choice *choice, FILE *out);
void ble_story_free(struct ble_story *story);

#endif
