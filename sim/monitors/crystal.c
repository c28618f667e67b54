/* crystal: radio-without-crystal.
 *
 * Judges each TXEN and RXEN that a RADIO obeys (its state is a ramp-up then): HFCLKSTAT of the
 * board's CLOCK says that the crystal runs. A board whose CLOCK is not modelled has no such rule.
 *
 * Cannot see: a crystal that is stopped while the radio is up. Not judged: an nRF52840 whose
 * crystal is running, but not stable yet; HFCLKSTAT is what software can know.
 */
#include "model/process.h"
#include "sim/monitors/ble_link.h"
#include <string.h>

enum {
    TXEN = 0x000,
    RXEN = 0x004,
    STATE = 0x550,
    RX_RAMP = 1,
    TX_RAMP = 9,
    HFCLKSTAT = 0x40c,
    CRYSTAL_RUNS = 0x10001,
};

struct crystal {
    uint8_t clock; /* 1 + its index on the board; 0: none */
};

static bool is_type(const struct device_type *type, const char *name)
{
    return type && strcmp(type->name, name) == 0;
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    const struct crystal *c = state;
    uint32_t index = (uint32_t)r->value, offset = r->address & 0xfff;

    if (!c->clock || (offset != TXEN && offset != RXEN))
        return;
    struct device *radio = machine_device(m, index);
    if (!radio || !is_type(radio->type, "nrf52-radio"))
        return;
    uint32_t radio_state = device_value_at(radio, STATE);
    uint32_t status = device_value_at(machine_device(m, c->clock - 1u), HFCLKSTAT);
    if (radio_state != RX_RAMP && radio_state != TX_RAMP)
        return;
    rule_armed(m, RULE_RADIO_CRYSTAL);
    if ((status & CRYSTAL_RUNS) != CRYSTAL_RUNS)
        break_add(m, RULE_RADIO_CRYSTAL, ble_owner(m, index), r->address, DETAIL_RADIO_CRYSTAL,
                  status, 0);
}

static void start(struct machine *m, void *state)
{
    const struct board *board = &machine_scenario(m)->board;
    struct crystal *c = state;

    for (uint32_t i = 0; i < board->device_count; i++)
        if (is_type(board->devices[i].type, "nrf52-clock-power"))
            c->clock = (uint8_t)(i + 1);
}

const struct monitor monitor_crystal = {
    .name = "crystal",
    .kinds = {KIND_EVENT(EVENT_DEVICE_TASK)},
    .state_size = sizeof(struct crystal),
    .rules = KIND_BIT(RULE_RADIO_CRYSTAL),
    .always = true,
    .start = start,
    .on_record = on_record,
};
