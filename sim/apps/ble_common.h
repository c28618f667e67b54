/* ble_common.h: what the three designs of the BLE peripheral have in common beside the link layer
 * (ble_core.h): the parameters that a scenario may give them, and what they tell about themselves.
 */
#ifndef SIM_APPS_BLE_COMMON_H
#define SIM_APPS_BLE_COMMON_H

#include "sim/app.h"
#include "sim/apps/ble_core.h"

struct ble_program {
    uint64_t address;        /* 0: 0xc00000000107 */
    uint32_t advertising_us; /* between the events; 0: 20000. Each is put off by up to 10 ms more */
    uint32_t prepare_us;     /* ahead of a window; 0: 500 */
    uint32_t ppm;            /* accuracy of its own clock; 0: 50 */
    uint32_t work_cycles, turnaround_cycles;
    uint32_t default_ramp; /* ble_software: not 0: as on radios without a fast ramp-up */
    uint32_t
        forget_event; /* ble_software, ble_armed: in this event, if not 0, INTENSET is forgotten */
    uint32_t other_key; /* not 0: another long term key than the sample data's */
};

/* A parameter of struct ble_program; false: no such one, or out of range. */
bool ble_parameter(void *program, const char *name, int64_t value);

/* `value`, or if it was not given the other. */
uint32_t ble_or_else(uint32_t value, uint32_t default_value);

/* The link layer as after power-on. */
void ble_begin(struct ble_core *core, const struct ble_program *program);

/* What the program counts itself. */
struct ble_tally {
    uint32_t late, answers, advertisements, connections, stale;
};

enum { BLE_FACTS = 11 };
extern const struct fact ble_facts[BLE_FACTS];
uint64_t ble_fact_value(const struct ble_core *core, const struct ble_tally *tally, uint32_t fact);

#endif
