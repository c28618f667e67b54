/* monitors.h: the monitors by name, in the order in which they hear a record.
 *
 * Each stands in sim/monitors/, one rule or one closely knit family a file; monitors.c lists them.
 */
#ifndef SIM_MONITORS_H
#define SIM_MONITORS_H

#include "sim/monitor.h"

extern const struct monitor monitor_ledger; /* judges nothing: what should be, for the others */
extern const struct monitor monitor_reach;
extern const struct monitor monitor_layout;
extern const struct monitor monitor_owner;
extern const struct monitor monitor_filter;
extern const struct monitor monitor_interrupt;
extern const struct monitor monitor_death;
extern const struct monitor monitor_dma;
extern const struct monitor monitor_upcall;
extern const struct monitor monitor_panic;
extern const struct monitor monitor_progress;
extern const struct monitor monitor_turns;
extern const struct monitor monitor_livelock;
extern const struct monitor monitor_fresh;
extern const struct monitor monitor_custody;
extern const struct monitor monitor_count_checks;
extern const struct monitor monitor_latency;
extern const struct monitor monitor_final;

/* For struct monitor.kinds: word 0 of KIND_EVENT bits, word 1 of KIND_NOTE bits. */
#define KIND_EVENT(kind) (UINT64_C(1) << (kind))
#define KIND_NOTE(note) (UINT64_C(1) << (note))
_Static_assert((int)EVENT_HALT < 64 && (int)EVENT_NOTE_BASE == 64,
               "events in word 0, notes in word 1");

/* A note's kind of record. */
#define EVENT_OF(note) (EVENT_NOTE_BASE + (note))

#endif
