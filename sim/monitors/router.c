/* router: ppi-reach.
 *
 * Judges each task that a router (PPI) triggers, by whom the router is lent to at that moment: its
 * owner holds a window on the device, too. No protection unit stands between them: what a channel
 * may name, only the kernel could look at before it lends a router.
 *
 * Cannot see: a task at an address where the board has no device; a router that works for the
 * kernel, or for nobody (death-order: it is quiet by then).
 */
#include "model/process.h"
#include "sim/monitors/ledger.h"
#include <string.h>

enum { CHANNEL_TEP = 0x514, FORK_TEP = 0x910, PROGRAMMABLE = 20, CHANNELS = 32 };

/* The channel whose task that is; CHANNELS: a pre-programmed one. */
static uint32_t channel_of(struct device *ppi, uint32_t task)
{
    uint32_t channel = 0;

    for (; channel < CHANNELS; channel++) {
        int task_row = channel < PROGRAMMABLE ? device_row_at(ppi, CHANNEL_TEP + 8 * channel) : -1;
        int fork_row = device_row_at(ppi, FORK_TEP + 4 * channel);
        if ((task_row >= 0 && device_value(ppi, (uint32_t)task_row) == task) ||
            (fork_row >= 0 && device_value(ppi, (uint32_t)fork_row) == task))
            break;
    }
    return channel;
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    const struct board *board = &machine_scenario(m)->board;
    const struct ledger *l = ledger_of(m);
    uint32_t router = (uint32_t)r->value;
    uint32_t target = machine_device_at(machine_get_setup(m), r->address);
    uint32_t owner = ledger_holder(l, board->devices[router].window, PROCESS_NONE);

    (void)state;
    if (target == BOARD_NONE)
        target = board_device_at(board, r->address); /* one that is not modelled, perhaps */
    if (owner == PROCESS_NONE || target == BOARD_NONE)
        return;
    rule_armed(m, RULE_PPI_REACH);
    if (!ledger_window_at(l, owner, r->address))
        break_add(m, RULE_PPI_REACH, owner, r->address, DETAIL_PPI_REACH,
                  channel_of(machine_device(m, router), r->address), 0);
}

const struct monitor monitor_router = {
    .name = "router",
    .kinds = {KIND_EVENT(EVENT_ROUTED)},
    .rules = KIND_BIT(RULE_PPI_REACH),
    .always = true,
    .on_record = on_record,
};
