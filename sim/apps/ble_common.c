/* ble_common.c: see ble_common.h. */
#include "sim/apps/ble_common.h"
#include <string.h>

bool ble_parameter(void *place, const char *name, int64_t value)
{
    struct ble_program *program = place;
    const struct {
        const char *name;
        uint32_t *field;
    } fields[] = {
        {"advertising_us", &program->advertising_us},
        {"prepare_us", &program->prepare_us},
        {"ppm", &program->ppm},
        {"work_cycles", &program->work_cycles},
        {"turnaround_cycles", &program->turnaround_cycles},
        {"default_ramp", &program->default_ramp},
        {"forget_event", &program->forget_event},
        {"other_key", &program->other_key},
    };
    if (value < 0)
        return false;
    if (strcmp(name, "address") == 0)
        program->address = (uint64_t)value;
    for (uint32_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].name, name) != 0)
            continue;
        *fields[i].field = (uint32_t)value;
        return value <= 10000000;
    }
    return strcmp(name, "address") == 0;
}

uint32_t ble_or_else(uint32_t value, uint32_t default_value)
{
    return value ? value : default_value;
}

void ble_begin(struct ble_core *core, const struct ble_program *program)
{
    uint64_t given = program->address ? program->address : 0xc00000000107;
    uint8_t address[6];
    for (int i = 0; i < 6; i++)
        address[i] = (uint8_t)(given >> 8 * i);
    ble_core_reset(core, address, (uint16_t)ble_or_else(program->ppm, 50));
}

enum {
    FACT_STATE,
    FACT_REASON,
    FACT_EVENTS,
    FACT_MISSED,
    FACT_ANSWERS,
    FACT_LATE,
    FACT_STALE,
    FACT_READS,
    FACT_ADVERTISEMENTS,
    FACT_CONNECTIONS,
    FACT_CONTROL
};
_Static_assert(FACT_CONTROL + 1 == BLE_FACTS, "a fact without a row");

static const char *const states[] = {"advertising", "created", "established", "closed", NULL};

const struct fact ble_facts[BLE_FACTS] = {
    [FACT_STATE] = {"connection", "advertising, created, established or closed", states},
    [FACT_REASON] = {"reason", "why it closed: an HCI error code, such as 8 and 62", NULL},
    [FACT_EVENTS] = {"events", "connection events that have passed", NULL},
    [FACT_MISSED] = {"missed", "of them, those in which nothing was heard", NULL},
    [FACT_ANSWERS] = {"answers", "packets that were armed in time, as the program sees it", NULL},
    [FACT_LATE] = {"late", "moments that had gone by when the program was there", NULL},
    [FACT_STALE] = {"stale", "answers that left before their buffer was in place", NULL},
    [FACT_READS] = {"reads", "of the characteristic", NULL},
    [FACT_ADVERTISEMENTS] = {"advertisements", "ADV_IND sent", NULL},
    [FACT_CONNECTIONS] = {"connections", "CONNECT_IND taken", NULL},
    [FACT_CONTROL] = {"control_pdus", "LL control PDUs received", NULL},
};

uint64_t ble_fact_value(const struct ble_core *core, const struct ble_tally *tally, uint32_t fact)
{
    const uint64_t values[BLE_FACTS] = {
        [FACT_STATE] = core->state,
        [FACT_REASON] = core->reason,
        [FACT_EVENTS] = core->events,
        [FACT_MISSED] = core->missed,
        [FACT_ANSWERS] = tally->answers,
        [FACT_LATE] = tally->late,
        [FACT_STALE] = tally->stale,
        [FACT_READS] = core->reads,
        [FACT_ADVERTISEMENTS] = tally->advertisements,
        [FACT_CONNECTIONS] = tally->connections,
        [FACT_CONTROL] = core->control_pdus,
    };
    return values[fact];
}
