/* support_device_rig.h: one device on the bench: time, some RAM, and a log of all it asked for.
 *
 * The rig serves requests as the machine does, in order, after each access and each wake, and wakes
 * the device at the very moment it asks for. It aborts the test when a register's name is unknown,
 * when the log is full, or when a device asks for DMA outside its own state.
 */
#ifndef TESTS_SUPPORT_DEVICE_RIG_H
#define TESTS_SUPPORT_DEVICE_RIG_H

#include "sim/device.h"

enum { RIG_RAM_BASE = 0x20000000, RIG_RAM_SIZE = 1024, RIG_LOG_MAX = 4096 };

/* What was asked, when. `refused`: DMA outside the RAM. */
struct rig_entry {
    uint64_t at_ps;
    uint8_t kind; /* enum device_request_kind */
    bool refused;
    uint16_t size; /* DMA: bytes; wire: the byte; signal: the byte | mode << 8 */
    uint32_t address;
    uint8_t tag; /* signal: enum wire_act */
};

struct rig {
    struct device *d;
    uint64_t now_ps;
    uint8_t ram[RIG_RAM_SIZE];
    struct air_frame sent;    /* the last one that it asked to send */
    struct air_tuning tuning; /* what it listens to */
    /* Who is on its wire, and what that one needs; NULL: nobody. */
    struct wire_answer (*peer)(void *context, const struct wire_signal *signal);
    void *peer_context;
    uint32_t count;
    struct rig_entry log[RIG_LOG_MAX];
};

/* Exact 16 MHz and 32768 Hz, phase 0. Freed by rig_free. */
struct rig *rig_make(const struct device_type *type);
struct rig *rig_make_with(const struct device_type *type, struct clock hf, struct clock lf);
void rig_free(struct rig *r);

/* Serves what the device asked so far. The calls below do so themselves. */
void rig_serve(struct rig *r);
/* Goes on to `at_ps`, with all wakes on the way; not back. */
void rig_run(struct rig *r, uint64_t at_ps);
void rig_pass(struct rig *r, uint64_t ps);

/* Octets as hex into the RAM, `at` from its start; how many. They are there. */
uint32_t rig_put(struct rig *r, uint32_t at, const char *hex);
bool rig_holds(const struct rig *r, uint32_t at, const char *hex);
uint32_t rig_octets(const char *hex, uint8_t *out); /* elsewhere; how many */

uint32_t rig_offset(const struct rig *r, const char *name);
void rig_write(struct rig *r, const char *name, uint32_t value);
uint32_t rig_read(struct rig *r, const char *name);
void rig_packet(struct rig *r, const void *bytes, uint32_t size);
/* What comes over the air, now. */
bool rig_air(struct rig *r, const struct air_frame *frame, enum air_moment moment);

/* Entries of this kind about this register (or, with a NULL name, any). */
uint32_t rig_count(const struct rig *r, enum device_request_kind kind, const char *name);
/* The first such entry from number `from` on; NULL: none. */
const struct rig_entry *rig_find(const struct rig *r, uint32_t from, enum device_request_kind kind,
                                 const char *name);
/* Time of the first event of that register; TIME_NEVER: none. */
uint64_t rig_event_ps(const struct rig *r, const char *name);

#endif
