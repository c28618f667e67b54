/* ble_buffer.h: whether the packet at hand is an old buffer: for ble_answer.c. */
#ifndef SIM_MONITORS_BLE_BUFFER_H
#define SIM_MONITORS_BLE_BUFFER_H

#include "sim/monitors/ble_link.h"

/* The record at hand ends a packet out of a buffer that nobody has written since it was sent last,
 * and that is no lawful retransmission. */
bool ble_buffer_is_stale(const struct machine *m);

#endif
