/* lines: interrupt-owner, as far as the kernel's own part goes: what becomes of a line that rises.
 *
 *   a line rises and is on  --> before user mode runs or the CPU sleeps it is serviced, given up,
 *                               masked with the device that goes back, or pends: it is taken next
 *   a line's service        --> it is masked meanwhile
 *   a lent device's service --> its status has each enabled event that stood when the line rose;
 *                               the device's interrupts are disabled by then
 *   a line that is nobody's --> it is masked when user mode runs: no driver's of the kernel's, and
 *                               not that of a lent device; or it was given up
 *   a driver's of the kernel's --> once it was on, it is on again when the CPU sleeps, whoever took
 *                               it; and it is given up as stuck alone, once it was serviced
 *   a device that is lent   --> its line is on when user mode runs, or was serviced meanwhile
 *
 * By the lines as the devices drive them, the interrupt controller, the device's registers and the
 * kernel's notes. Of a line of the kernel's own drivers the first holds, too.
 *
 * From rising to service no app runs, since a line that is on is taken at once: so what stood then
 * stands still. Not judged: the status of a device whose registers a scenario forces; lines that
 * are pulsed, which no device has driven. Whose the upcall is, and that it comes: interrupt.c.
 */
#include "sim/machine.h"
#include "sim/monitors/ledger.h"

enum {
    EVENTS = 0x100,
    INTENSET = 0x304,
    INTENCLR = 0x308
}; /* nRF52840 PS, "Peripheral interface" */

struct lines {
    bool is_any;                 /* else the first two are 0 */
    uint32_t due[NVIC_WORDS];    /* risen while they were on, and nothing was heard of them since */
    uint32_t fresh[NVIC_WORDS];  /* lent in this stay in the kernel, and not serviced since */
    uint32_t may[NVIC_WORDS];    /* be on: the kernel's own and those of lent devices */
    uint32_t own[NVIC_WORDS];    /* of the kernel's own devices, and not given up; some have none */
    uint32_t heard[NVIC_WORDS];  /* ... and that were on while user mode ran */
    uint32_t served[NVIC_WORDS]; /* by a driver of the kernel's, once at least */
    uint32_t standing[IRQ_LINE_MAX]; /* which enabled events stood as it rose; 0: not known */
};

/* ---- devices */

static uint32_t standing_in(struct device *d)
{
    uint32_t standing = 0;

    for (uint32_t enabled = device_value_at(d, INTENSET); enabled; enabled &= enabled - 1) {
        uint32_t event = (uint32_t)__builtin_ctz(enabled);
        if (device_value_at(d, EVENTS + 4 * event))
            standing |= UINT32_C(1) << event;
    }
    return standing;
}

/* Interrupts that are enabled, and that INTENCLR would have disabled. */
static uint32_t enabled_in(struct device *d)
{
    int row = device_row_at(d, INTENCLR);

    return row < 0 ? 0 : device_value_at(d, INTENCLR) & d->type->regs[row].write1_clears;
}

/* The one that the kernel asks for the endpoint's status. NULL: not modelled. */
static struct device *device_of(struct machine *m, uint32_t endpoint)
{
    const struct scenario *s = machine_scenario(m);
    uint32_t index = board_device_at(&s->board, s->config.endpoints[endpoint].windows[0].base);

    return index == BOARD_NONE ? NULL : machine_device(m, index);
}

static uint32_t base_of_line(const struct machine *m, uint32_t line)
{
    const struct kernel_config *config = &machine_scenario(m)->config;

    for (uint32_t i = 0; i < config->endpoint_count; i++)
        if (config->endpoints[i].has_line && config->endpoints[i].line == line)
            return config->endpoints[i].windows[0].base;
    return 0;
}

/* ---- records */

static void on_risen(struct machine *m, struct lines *lines, const struct record *r)
{
    uint32_t line = r->address;

    if (line >= IRQ_LINE_MAX)
        return;
    lines->standing[line] = 0;
    if (!(machine_nvic(m)->enabled[line / 32] & nvic_bit(line)))
        return;
    struct device *d = machine_device(m, (uint32_t)r->value);
    lines->is_any = true;
    lines->due[line / 32] |= nvic_bit(line);
    if (d && !d->fault.forced && !d->fault.hung)
        lines->standing[line] = standing_in(d);
}

static void line_heard(struct lines *lines, uint32_t line)
{
    if (line >= IRQ_LINE_MAX)
        return;
    lines->due[line / 32] &= ~nvic_bit(line);
    lines->fresh[line / 32] &= ~nvic_bit(line);
    lines->standing[line] = 0;
}

static OUT_OF_LINE void judge_service(struct machine *m, uint32_t process, uint32_t endpoint,
                                      uint32_t status, uint32_t standing)
{
    struct device *d = device_of(m, endpoint);

    rule_armed(m, RULE_INTERRUPT_OWNER);
    if (!d)
        return;
    if (!d->fault.forced && (status & standing) != standing)
        break_add(m, RULE_INTERRUPT_OWNER, process, d->base, DETAIL_IRQ_STATUS, status, standing);
    if (enabled_in(d))
        break_add(m, RULE_INTERRUPT_OWNER, process, d->base, DETAIL_IRQ_LOUD, enabled_in(d), 0);
}

static void on_serviced(struct machine *m, struct lines *lines, const struct record *r)
{
    uint32_t endpoint = pair_low(r->value), line = r->address;

    if (line < IRQ_LINE_MAX && machine_nvic(m)->enabled[line / 32] & nvic_bit(line))
        break_add(m, RULE_INTERRUPT_OWNER, r->process, base_of_line(m, line), DETAIL_IRQ_OPEN, line,
                  0);
    if (line < IRQ_LINE_MAX && endpoint < machine_scenario(m)->config.endpoint_count)
        judge_service(m, r->process, endpoint, pair_high(r->value), lines->standing[line]);
    else if (line < IRQ_LINE_MAX)
        lines->served[line / 32] |= nvic_bit(line);
    line_heard(lines, line);
}

static void given_up(struct lines *lines, uint32_t line)
{
    line_heard(lines, line);
    if (line >= IRQ_LINE_MAX)
        return;
    lines->may[line / 32] &= ~nvic_bit(line);
    lines->own[line / 32] &= ~nvic_bit(line);
    lines->heard[line / 32] &= ~nvic_bit(line);
}

/* A line of its own that was on has a driver that takes it: it is never nobody's, and stuck is one
 * that was serviced, and comes again and again. */
static OUT_OF_LINE void on_given_up(struct machine *m, struct lines *lines, uint32_t line,
                                    bool is_stuck)
{
    uint32_t bit = line < IRQ_LINE_MAX ? nvic_bit(line) : 0, word = bit ? line / 32 : 0;

    rule_armed(m, RULE_INTERRUPT_OWNER);
    if (lines->heard[word] & bit && !(is_stuck && lines->served[word] & bit))
        break_add(m, RULE_INTERRUPT_OWNER, PROCESS_NONE, 0, DETAIL_IRQ_UNHEARD, line, 0);
    given_up(lines, line);
}

static void on_lent(const struct machine *m, struct lines *lines, uint32_t endpoint)
{
    const struct kernel_config *config = &machine_scenario(m)->config;

    if (endpoint >= config->endpoint_count || !config->endpoints[endpoint].has_line)
        return;
    uint32_t line = config->endpoints[endpoint].line;
    line_heard(lines, line);
    if (line >= IRQ_LINE_MAX)
        return;
    lines->is_any = true;
    lines->fresh[line / 32] |= nvic_bit(line);
    lines->may[line / 32] |= nvic_bit(line);
}

/* It is masked now, and what pended was cleared. */
static void on_masked(const struct machine *m, struct lines *lines, uint32_t endpoint)
{
    const struct kernel_config *config = &machine_scenario(m)->config;

    if (endpoint < config->endpoint_count && config->endpoints[endpoint].has_line)
        given_up(lines, config->endpoints[endpoint].line);
}

/* ---- before user mode or sleep */

static void judge_word(struct machine *m, uint32_t word, uint32_t bits, enum verdict_detail detail)
{
    for (; bits; bits &= bits - 1) {
        uint32_t line = 32 * word + (uint32_t)__builtin_ctz(bits);
        break_add(m, RULE_INTERRUPT_OWNER, PROCESS_NONE, base_of_line(m, line), detail, line, 0);
    }
}

static OUT_OF_LINE void judge_lines(struct machine *m, struct lines *lines)
{
    const struct nvic *nvic = machine_nvic(m);

    rule_armed(m, RULE_INTERRUPT_OWNER);
    lines->is_any = false;
    for (uint32_t word = 0; word < NVIC_WORDS; word++) {
        uint32_t enabled = nvic->enabled[word], pending = nvic->pending[word];
        judge_word(m, word, lines->due[word] & ~(pending & enabled), DETAIL_IRQ_SWALLOWED);
        judge_word(m, word, lines->fresh[word] & ~enabled, DETAIL_IRQ_OFF);
        lines->due[word] &= pending & enabled;
        lines->fresh[word] = 0;
        lines->is_any |= lines->due[word] != 0;
    }
}

static void on_user(struct machine *m, void *state, uint32_t process)
{
    struct lines *lines = state;

    (void)process;
    if (lines->is_any)
        judge_lines(m, lines);
    for (uint32_t word = 0; word < NVIC_WORDS; word++) {
        uint32_t enabled = machine_nvic(m)->enabled[word];
        lines->heard[word] |= enabled & lines->own[word];
        if (enabled & ~lines->may[word])
            judge_word(m, word, enabled & ~lines->may[word], DETAIL_IRQ_ON);
    }
}

/* Nobody is there to rest for, so none of the kernel's own lines does. */
static void on_sleep(struct machine *m, struct lines *lines)
{
    on_user(m, lines, PROCESS_NONE);
    for (uint32_t word = 0; word < NVIC_WORDS; word++)
        judge_word(m, word, lines->heard[word] & ~machine_nvic(m)->enabled[word],
                   DETAIL_IRQ_CLOSED);
}

/* A flat switch. */
static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct lines *lines = state;

    switch (r->kind) {
    case EVENT_IRQ_RAISED:
        on_risen(m, lines, r);
        break;
    case EVENT_SLEEP:
        on_sleep(m, lines);
        break;
    case EVENT_OF(NOTE_LINE_SERVICED):
        on_serviced(m, lines, r);
        break;
    case EVENT_OF(NOTE_LINE_UNCLAIMED):
        on_given_up(m, lines, r->address, false);
        break;
    case EVENT_OF(NOTE_ENDPOINT_STUCK):
        on_given_up(m, lines, (uint32_t)r->value, true);
        break;
    case EVENT_OF(NOTE_ENDPOINT_MASKED):
        on_masked(m, lines, r->address);
        break;
    default:
        on_lent(m, lines, r->address);
        break;
    }
}

static void is_own(struct lines *lines, const struct driver_place *place)
{
    if (place->present && place->line < IRQ_LINE_MAX)
        lines->own[place->line / 32] |= nvic_bit(place->line);
}

static void start(struct machine *m, void *state)
{
    const struct kernel_config *config = &machine_scenario(m)->config;
    struct lines *lines = state;

    is_own(lines, &config->alarm);
    is_own(lines, &config->console);
    is_own(lines, &config->gpio);
    is_own(lines, &config->radio.radio);
    for (uint32_t i = 0; i < VIRTS; i++)
        is_own(lines, &config->virts[i]);
    memcpy(lines->may, lines->own, sizeof lines->may);
}

const struct monitor monitor_lines = {
    .name = "lines",
    .kinds = {KIND_EVENT(EVENT_IRQ_RAISED) | KIND_EVENT(EVENT_SLEEP),
              KIND_NOTE(NOTE_LINE_SERVICED) | KIND_NOTE(NOTE_LINE_UNCLAIMED) |
                  KIND_NOTE(NOTE_ENDPOINT_STUCK) | KIND_NOTE(NOTE_ENDPOINT_MASKED) |
                  KIND_NOTE(NOTE_ENDPOINT_OWNED)},
    .state_size = sizeof(struct lines),
    .rules = KIND_BIT(RULE_INTERRUPT_OWNER),
    .always = true,
    .start = start,
    .on_record = on_record,
    .on_user = on_user,
};
