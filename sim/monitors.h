/* monitors.h: the monitors by name, in the order in which they hear a record.
 *
 * Each stands in sim/monitors/, one rule or one closely knit family a file.
 */
#ifndef SIM_MONITORS_H
#define SIM_MONITORS_H

#include "sim/monitor.h"

/* X(name): monitor_name, and MONITOR_name, its place for machine_monitor_state(). The ledger first:
 * it judges nothing, and the others ask it about the very record that they hear. answers before
 * upcall: it asks it for the subscription that a Subscribe replaces. filter before loans: each of a
 * header's requests is judged before that goes on to the next one. upcall before those who ask it
 * whether an app is ready, turns before sched, which asks it the same, ble_link before all that are
 * about the air. */
/* clang-format off */
#define MONITORS(X)                                                                                \
    X(ledger) X(reach) X(layout) X(owner) X(filter) X(loans) X(interrupt) X(lines) X(death)        \
    X(quiet) X(dma) X(answers) X(writes) X(upcall) X(panic) X(progress) X(turns) X(livelock)       \
    X(returns) X(fresh) X(custody) X(latency) X(count_checks) X(ble_link) X(ble_buffer)            \
    X(ble_answer) X(ble_channel) X(ble_arming) X(crystal) X(router) X(ble_checks) X(virt_turns)    \
    X(virt_buffers) X(alarms) X(keys) X(storage) X(client_data) X(policy) X(sched)                 \
    X(kernel_cost) X(final)
/* clang-format on */

enum monitor_place {
#define MONITOR_ENUM(name) MONITOR_##name,
    MONITORS(MONITOR_ENUM)
#undef MONITOR_ENUM
        MONITORS_NUMBER
};

#define MONITOR_DECLARE(name) extern const struct monitor monitor_##name;
MONITORS(MONITOR_DECLARE)
#undef MONITOR_DECLARE

/* For struct monitor.kinds: word 0 of KIND_EVENT bits, word 1 of KIND_NOTE bits. */
#define KIND_EVENT(kind) (UINT64_C(1) << (kind))
#define KIND_NOTE(note) (UINT64_C(1) << (note))
_Static_assert((int)EVENT_HALT < 64 && (int)EVENT_NOTE_BASE == 64,
               "events in word 0, notes in word 1");

/* A note's kind of record. */
#define EVENT_OF(note) (EVENT_NOTE_BASE + (note))

#endif
