/* quiet: death-order, step by step of making a device quiet.
 *
 * A board declares by which steps each device that it lends is stopped and reset: writes, and waits
 * until a register is so (passthrough_endpoint.quiesce). This follows the kernel's writes to the
 * device through these steps; where a wait stands before one, the device's register must be as that
 * says by then, or the kernel has not waited, and must not call the device quiet. (If it has waited
 * in vain, it calls the device stuck.)
 *
 * Not judged: a register that a scenario forces, or in which nothing is stored (it is worked out at
 * each read); a device that hangs; steps that come in another way than declared, from there on.
 */
#include "model/passthrough_device.h"
#include "sim/machine.h"
#include "sim/monitors/ledger.h"

enum { INTENCLR = 0x308, ENDPOINT_NONE = 0xff };
_Static_assert((int)ENDPOINT_MAX < (int)ENDPOINT_NONE, "an endpoint fits struct quiet");

/* One device at a time is made quiet. */
struct quiet {
    uint8_t endpoint; /* or ENDPOINT_NONE */
    uint8_t next;     /* of its steps */
    uint16_t filled;  /* registers of that step, a QUIESCE_FILL */
    bool is_early;    /* a step was taken before what should have been waited for */
    uint32_t address; /* of that wait's register */
};

enum answer { NO, YES, UNKNOWN };

static const struct passthrough_endpoint *endpoint_of(const struct machine *m,
                                                      const struct quiet *quiet)
{
    return &machine_scenario(m)->config.endpoints[quiet->endpoint];
}

static enum answer is_met(struct machine *m, uint32_t address, const struct quiesce_step *step)
{
    uint32_t index = machine_device_at(machine_get_setup(m), address);
    struct device *d = index == BOARD_NONE ? NULL : machine_device(m, index);
    int row = d ? device_row_at(d, address - d->base) : -1;

    if (row < 0 || d->fault.hung || d->fault.forced || d->type->regs[row].on_read)
        return UNKNOWN;
    uint32_t value = device_value(d, (uint32_t)row - d->type->regs[row].view);
    return (value & step->mask) == step->value ? YES : NO;
}

/* Past the steps that write nothing, to one that does, or the end. */
static void go_on(struct machine *m, struct quiet *quiet)
{
    const struct passthrough_endpoint *e = endpoint_of(m, quiet);

    for (; quiet->next < e->quiesce_count; quiet->next++) {
        const struct quiesce_step *step = &e->quiesce[quiet->next];
        uint32_t address = e->windows[0].base + step->offset;
        if (step->kind != QUIESCE_AWAIT && step->kind != QUIESCE_SKIP)
            return;
        enum answer met = is_met(m, address, step);
        if (step->kind == QUIESCE_AWAIT && met == NO && !quiet->is_early) {
            quiet->is_early = true;
            quiet->address = address;
        }
        if (step->kind == QUIESCE_SKIP && met == UNKNOWN) {
            quiet->endpoint = ENDPOINT_NONE;
            return;
        }
        if (step->kind == QUIESCE_SKIP && met == YES)
            quiet->next = (uint8_t)(quiet->next + step->count);
    }
}

/* The write is the next step's. */
static bool take_step(const struct machine *m, struct quiet *quiet, const struct record *r)
{
    const struct passthrough_endpoint *e = endpoint_of(m, quiet);

    if (quiet->next >= e->quiesce_count)
        return false;
    const struct quiesce_step *step = &e->quiesce[quiet->next];
    uint32_t address = e->windows[0].base + step->offset + 4u * quiet->filled;
    if (r->address != address || (uint32_t)r->value != step->value)
        return false;
    if (step->kind == QUIESCE_FILL && quiet->filled + 1u < step->count) {
        quiet->filled++;
        return true;
    }
    quiet->filled = 0;
    quiet->next++;
    return true;
}

static void follow_none(struct quiet *quiet)
{
    *quiet = (struct quiet){.endpoint = ENDPOINT_NONE};
}

static void on_write(struct machine *m, struct quiet *quiet, const struct record *r)
{
    if (quiet->filled > 0 && take_step(m, quiet, r))
        return; /* a run of registers goes on */

    const struct scenario *s = machine_scenario(m);
    uint32_t device = machine_device_at(machine_get_setup(m), r->address);
    uint32_t endpoint = device == BOARD_NONE ? BOARD_NONE : s->board.devices[device].endpoint;

    if (endpoint >= s->config.endpoint_count)
        return;
    bool begins = r->address == s->config.endpoints[endpoint].windows[0].base + INTENCLR;
    if (begins || quiet->endpoint != endpoint)
        *quiet = (struct quiet){.endpoint = (uint8_t)endpoint};
    if (begins)
        return;
    go_on(m, quiet);
    if (quiet->endpoint != ENDPOINT_NONE && !take_step(m, quiet, r))
        follow_none(quiet);
}

static void on_quiet(struct machine *m, struct quiet *quiet, const struct record *r)
{
    if (quiet->endpoint == r->address)
        go_on(m, quiet);
    if (quiet->endpoint == r->address && quiet->is_early)
        break_add(m, RULE_DEATH_ORDER, r->process, quiet->address, DETAIL_DEATH_EARLY, 0, 0);
    rule_armed(m, RULE_DEATH_ORDER);
    follow_none(quiet);
}

static bool hears_at(const struct scenario *s, unsigned kind, uint32_t place)
{
    (void)kind;
    return place < s->board.device_count && s->board.devices[place].endpoint != BOARD_NONE;
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct quiet *quiet = state;

    if (r->kind == EVENT_KERNEL_WRITE)
        on_write(m, quiet, r);
    else if (r->kind == EVENT_OF(NOTE_ENDPOINT_QUIET))
        on_quiet(m, quiet, r);
    else
        follow_none(quiet);
}

static void start(struct machine *m, void *state)
{
    (void)m;
    ((struct quiet *)state)->endpoint = ENDPOINT_NONE;
}

const struct monitor monitor_quiet = {
    .name = "quiet",
    .kinds = {KIND_EVENT(EVENT_KERNEL_WRITE),
              KIND_NOTE(NOTE_ENDPOINT_QUIET) | KIND_NOTE(NOTE_ENDPOINT_STUCK)},
    .hears_at = hears_at,
    .state_size = sizeof(struct quiet),
    .rules = KIND_BIT(RULE_DEATH_ORDER),
    .always = true,
    .start = start,
    .on_record = on_record,
};
