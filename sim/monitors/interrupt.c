/* interrupt: interrupt-owner, and progress of lent lines.
 *
 * Judges each upcall of the passthrough driver as the app gets it (r0 status, r1 base, r2 line),
 * whether by a handler or by yield-wait-for: base and line are those of one endpoint; the app
 * holds a window of it now; and the line has risen (or an injection pended it) since its last such
 * upcall, once for each, or is still high. And each NOTE_LINE_SERVICED that names an app: it holds
 * the endpoint.
 *
 * And that no interrupt of a lent device is lost (progress): before the CPU sleeps, and before each
 * first instruction in user mode, an owner that waits in a yield which would take the upcall, and
 * for which nothing is queued, has had one for every time that its line has risen or was pulsed
 * since the loan, or one since; and its line is not masked while it is high or pends. The kernel
 * has looked at all lines just before, so no time has to pass. Lawful is what G7 (passthrough.h)
 * allows: one upcall for several rises before it, a line that pends and is enabled, an event that
 * came while the upcall was null or the queue full, and a line that was given up as stuck while it
 * was high, or that the scenario pulses. Not judged: an owner whose block DMA or the scenario has
 * written over.
 *
 * Cannot see: whether the upcall has the `status` that the service came to (lines.c judges that);
 * rises that were merged into one upcall, which is what a level interrupt is for. Owners that wait
 * for another event: their queue may hold events of null upcalls, which no note tells.
 */
#include "sim/machine.h"
#include "sim/monitors/upcall.h"
#include <string.h>

struct interrupt {
    uint32_t
        risen[IRQ_LINE_MAX];   /* times since the device was lent, minus upcalls that the app got */
    uint32_t lent[NVIC_WORDS]; /* lines that were ever lent: only they are looked at below */
    uint32_t due[NVIC_WORDS];  /* risen, and not serviced since */
    uint32_t owed[NVIC_WORDS]; /* serviced, and its owner has had no upcall since */
    uint32_t off[NVIC_WORDS];  /* given up, and rightly so */
    uint32_t new[NVIC_WORDS];  /* lent by this very stay in the kernel */
    uint32_t serviced;         /* the line that was last */
    uint8_t first_endpoint[IRQ_LINE_MAX]; /* with that line; ENDPOINT_MAX: none */
    struct {
        bool delivered; /* the kernel says that the next upcall in this app is passthrough's */
        bool begun;
        uint32_t base;
    } of[PROCESS_MAX];
};

/* What comes before the kernel has enabled a line for its new owner is forgotten, and was nothing
 * that this owner could have asked for. */
static void line_risen(const struct machine *m, struct interrupt *irq, uint32_t line)
{
    if (line >= IRQ_LINE_MAX)
        return;
    irq->risen[line]++;
    irq->due[line / 32] |=
        nvic_bit(line) & ~(irq->new[line / 32] & ~machine_nvic(m)->enabled[line / 32]);
}

static bool line_is_high(const struct machine *m, uint32_t line)
{
    return machine_nvic(m)->level[line / 32] & nvic_bit(line);
}

static bool line_pends(const struct machine *m, uint32_t line)
{
    return machine_nvic(m)->pending[line / 32] & nvic_bit(line);
}

/* Its upcall has come, or is lawfully lost. */
static void line_paid(struct interrupt *irq, uint32_t line)
{
    irq->owed[line / 32] &= ~nvic_bit(line);
}

/* The endpoint of that base and line, or ENDPOINT_MAX. */
static uint32_t endpoint_of(const struct interrupt *irq, const struct kernel_config *config,
                            uint32_t base, uint32_t line)
{
    if (line >= IRQ_LINE_MAX)
        return ENDPOINT_MAX;
    for (uint32_t i = irq->first_endpoint[line]; i < config->endpoint_count; i++) {
        const struct passthrough_endpoint *e = &config->endpoints[i];
        if (e->has_line && e->line == line && e->windows[0].base == base)
            return i;
    }
    return ENDPOINT_MAX;
}

static OUT_OF_LINE void judge_upcall(struct machine *m, struct interrupt *irq, uint32_t process,
                                     uint32_t base, uint32_t line)
{
    uint32_t endpoint = endpoint_of(irq, &machine_scenario(m)->config, base, line);

    rule_armed(m, RULE_INTERRUPT_OWNER);
    if (endpoint == ENDPOINT_MAX) {
        break_add(m, RULE_INTERRUPT_OWNER, process, base, DETAIL_IRQ_UNTIED, line, 0);
        return;
    }
    if (!ledger_holds_endpoint(m, ledger_of(m), process, endpoint))
        break_add(m, RULE_INTERRUPT_OWNER, process, base, DETAIL_IRQ_FOREIGN, line, 0);
    if (!(irq->owed[line / 32] & nvic_bit(line)))
        irq->due[line / 32] &= ~nvic_bit(line);
    line_paid(irq, line);
    if (irq->risen[line] > 0)
        irq->risen[line]--;
    else if (!line_is_high(m, line))
        break_add(m, RULE_INTERRUPT_OWNER, process, base, DETAIL_IRQ_NONE, line, 0);
}

static void on_injected(const struct machine *m, struct interrupt *irq, const struct record *r)
{
    const struct injection *plan = &machine_scenario(m)->injections[r->address];

    if (injection_pulses(plan) && plan->line < IRQ_LINE_MAX && !line_pends(m, plan->line))
        line_risen(m, irq, plan->line);
}

/* A new owner begins with nothing; a line that is high now pends again by itself. */
static OUT_OF_LINE void on_owned(const struct machine *m, struct interrupt *irq,
                                 const struct record *r)
{
    const struct kernel_config *config = &machine_scenario(m)->config;

    if (r->address >= config->endpoint_count || !config->endpoints[r->address].has_line)
        return;
    uint32_t line = config->endpoints[r->address].line;
    irq->risen[line] = 0;
    irq->lent[line / 32] |= nvic_bit(line);
    irq->new[line / 32] |= nvic_bit(line);
    irq->due[line / 32] &= ~nvic_bit(line);
    irq->off[line / 32] &= ~nvic_bit(line);
    line_paid(irq, line);
}

/* ---- interrupts that are lost */

/* The process that holds the device of that line, or PROCESS_NONE. */
static uint32_t owner_of_line(struct machine *m, const struct interrupt *irq, uint32_t line,
                              uint32_t *base)
{
    const struct kernel_config *config = &machine_scenario(m)->config;

    for (uint32_t i = irq->first_endpoint[line]; i < config->endpoint_count; i++) {
        const struct passthrough_endpoint *e = &config->endpoints[i];
        *base = e->windows[0].base;
        for (uint32_t w = 0; e->has_line && e->line == line && w < e->window_count; w++) {
            uint32_t holder = ledger_holder(ledger_of(m), e->windows[w], PROCESS_NONE);
            if (holder != PROCESS_NONE)
                return holder;
        }
    }
    return PROCESS_NONE;
}

static bool waits_for_interrupts(struct machine *m, uint32_t process)
{
    const struct ledger *l = ledger_of(m);
    const struct ledger_process *p = &l->processes[process];
    uint32_t driver = machine_scenario(m)->config.passthrough_driver;

    if (!p->live || p->doomed || !ledger_waits(p) || process_would_run(m, l, process) ||
        ledger_block_is_broken(m, p->block))
        return false;
    if (p->args[0] == YIELD_WAIT_FOR)
        return p->args[1] == driver && p->args[2] == 0;
    return process_has_handler(m, process, driver, 0);
}

static OUT_OF_LINE void judge_line(struct machine *m, const struct interrupt *irq, uint32_t line,
                                   uint32_t runs)
{
    uint32_t base;
    uint32_t owner = owner_of_line(m, irq, line, &base);

    if (owner != PROCESS_NONE && owner != runs && waits_for_interrupts(m, owner))
        break_add(m, RULE_PROGRESS, owner, base, DETAIL_PROGRESS_LINE, line, 0);
}

/* `runs`: who is about to, or PROCESS_NONE: the CPU sleeps. */
static OUT_OF_LINE void judge_lines(struct machine *m, struct interrupt *irq, uint32_t runs)
{
    const struct nvic *nvic = machine_nvic(m);

    for (uint32_t word = 0; word < NVIC_WORDS; word++) {
        if (irq->lent[word] == 0)
            continue;
        uint32_t masked = (nvic->pending[word] | nvic->level[word]) & ~nvic->enabled[word];
        uint32_t taken_at_once = nvic->pending[word] & nvic->enabled[word];
        uint32_t lost = (irq->due[word] | irq->owed[word] | masked) & irq->lent[word] &
                        ~irq->off[word] & ~taken_at_once;
        irq->new[word] = 0;
        for (; lost; lost &= lost - 1)
            judge_line(m, irq, 32 * word + (uint32_t)__builtin_ctz(lost), runs);
    }
}

/* Kinds of wait that end without an upcall, and rightly so. */
static OUT_OF_LINE void on_upcall_lost(struct machine *m, struct interrupt *irq,
                                       const struct record *r)
{
    uint32_t base;

    if (r->address != machine_scenario(m)->config.passthrough_driver)
        return;
    for (uint32_t line = 0; line < IRQ_LINE_MAX; line++)
        if ((irq->owed[line / 32] & nvic_bit(line)) &&
            owner_of_line(m, irq, line, &base) == r->process)
            line_paid(irq, line);
}

/* What pulsed between the service and this was cleared with it, and this upcall tells of both. */
static void on_queued(struct machine *m, struct interrupt *irq, const struct record *r)
{
    if (r->address == machine_scenario(m)->config.passthrough_driver)
        irq->due[irq->serviced / 32] &= ~nvic_bit(irq->serviced);
}

/* While its owner lives: what is stuck when the owner dies is death.c's. */
static OUT_OF_LINE void on_stuck(struct machine *m, struct interrupt *irq, const struct record *r)
{
    uint32_t line = (uint32_t)r->value;
    uint32_t base;
    uint32_t owner = line < IRQ_LINE_MAX ? owner_of_line(m, irq, line, &base) : PROCESS_NONE;

    if (owner == PROCESS_NONE)
        return;
    irq->off[line / 32] |= nvic_bit(line);
    if (!line_is_high(m, line) && !scenario_pulses(machine_scenario(m), line))
        break_add(m, RULE_PROGRESS, owner, base, DETAIL_PROGRESS_GIVEN_UP, line, 0);
}

static void on_user(struct machine *m, void *state, uint32_t process)
{
    judge_lines(m, state, process);
}

/* ---- */

/* A null upcall: what happened is nothing to its owner, unless it waits for just this, and has not
 * got it already: then it is a bare event, which the next yield may forget. */
static bool is_owed(struct machine *m, uint32_t process)
{
    uint32_t driver = machine_scenario(m)->config.passthrough_driver;
    const struct ledger *l = ledger_of(m);
    const struct ledger_process *p = &l->processes[process];

    return process_has_handler(m, process, driver, 0) ||
           (ledger_waits(p) && p->args[0] == YIELD_WAIT_FOR && p->args[1] == driver &&
            !process_would_run(m, l, process));
}

static void judge_service(struct machine *m, const struct record *r)
{
    uint32_t endpoint = pair_low(r->value);
    const struct kernel_config *config = &machine_scenario(m)->config;

    if (r->process >= PROCESS_MAX || endpoint >= config->endpoint_count)
        return; /* a kernel driver's, or nobody's */
    if (!ledger_holds_endpoint(m, ledger_of(m), r->process, endpoint))
        break_add(m, RULE_INTERRUPT_OWNER, r->process, config->endpoints[endpoint].windows[0].base,
                  DETAIL_IRQ_QUEUED, r->address, 0);
}

static OUT_OF_LINE void on_line_serviced(struct machine *m, struct interrupt *irq,
                                         const struct record *r)
{
    judge_service(m, r);
    if (r->address >= IRQ_LINE_MAX || r->process >= PROCESS_MAX)
        return;
    irq->serviced = r->address;
    irq->due[r->address / 32] &= ~nvic_bit(r->address);
    line_paid(irq, r->address);
    if (is_owed(m, r->process))
        irq->owed[r->address / 32] |= nvic_bit(r->address);
}

/* yield-wait-for gives the arguments as its return values. */
static void on_return(struct machine *m, struct interrupt *irq, const struct record *r)
{
    const struct ledger *l = ledger_of(m);
    const struct ledger_process *p = &l->processes[r->process];

    if (l->returning && p->call_class == SYSCALL_YIELD && p->args[0] == YIELD_WAIT_FOR &&
        p->args[1] == machine_scenario(m)->config.passthrough_driver)
        judge_upcall(m, irq, r->process, pair_low(r->value), pair_high(r->value));
}

static void on_process_record(struct machine *m, struct interrupt *irq, const struct record *r)
{
    switch (r->kind) {
    case EVENT_RETURN:
        on_return(m, irq, r);
        break;
    case EVENT_OF(NOTE_UPCALL_DELIVERED):
        irq->of[r->process].delivered =
            r->address == machine_scenario(m)->config.passthrough_driver;
        break;
    case EVENT_UPCALL:
        irq->of[r->process].begun = irq->of[r->process].delivered;
        irq->of[r->process].delivered = false;
        irq->of[r->process].base = pair_high(r->value);
        break;
    case EVENT_UPCALL_MORE:
        if (irq->of[r->process].begun)
            judge_upcall(m, irq, r->process, irq->of[r->process].base, pair_low(r->value));
        irq->of[r->process].begun = false;
        break;
    default:
        break;
    }
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct interrupt *irq = state;

    switch (r->kind) {
    case EVENT_IRQ_RAISED:
        line_risen(m, irq, r->address);
        break;
    case EVENT_SLEEP:
        judge_lines(m, irq, PROCESS_NONE);
        break;
    case EVENT_INJECTED:
        on_injected(m, irq, r);
        break;
    case EVENT_OF(NOTE_ENDPOINT_OWNED):
        on_owned(m, irq, r);
        break;
    case EVENT_OF(NOTE_LINE_SERVICED):
        on_line_serviced(m, irq, r);
        break;
    case EVENT_OF(NOTE_ENDPOINT_STUCK):
        on_stuck(m, irq, r);
        break;
    case EVENT_OF(NOTE_UPCALL_QUEUED):
        on_queued(m, irq, r);
        break;
    case EVENT_OF(NOTE_UPCALL_DROPPED):
    case EVENT_OF(NOTE_UPCALL_CANCELLED):
        on_upcall_lost(m, irq, r);
        break;
    default:
        if (r->process < PROCESS_MAX)
            on_process_record(m, irq, r);
        break;
    }
}

static void start(struct machine *m, void *state)
{
    const struct kernel_config *config = &machine_scenario(m)->config;
    struct interrupt *irq = state;

    memset(irq->first_endpoint, ENDPOINT_MAX, sizeof irq->first_endpoint);
    for (uint32_t i = config->endpoint_count; i-- > 0;)
        if (config->endpoints[i].has_line && config->endpoints[i].line < IRQ_LINE_MAX)
            irq->first_endpoint[config->endpoints[i].line] = (uint8_t)i;
}

const struct monitor monitor_interrupt = {
    .name = "interrupt",
    .kinds = {KIND_EVENT(EVENT_IRQ_RAISED) | KIND_EVENT(EVENT_INJECTED) | KIND_EVENT(EVENT_RETURN) |
                  KIND_EVENT(EVENT_UPCALL) | KIND_EVENT(EVENT_UPCALL_MORE) |
                  KIND_EVENT(EVENT_SLEEP),
              KIND_NOTE(NOTE_ENDPOINT_OWNED) | KIND_NOTE(NOTE_LINE_SERVICED) |
                  KIND_NOTE(NOTE_UPCALL_DELIVERED) | KIND_NOTE(NOTE_ENDPOINT_STUCK) |
                  KIND_NOTE(NOTE_UPCALL_QUEUED) | KIND_NOTE(NOTE_UPCALL_DROPPED) |
                  KIND_NOTE(NOTE_UPCALL_CANCELLED)},
    .state_size = sizeof(struct interrupt),
    .rows = {ROWS_OF_APPS(interrupt, of)},
    .rules = KIND_BIT(RULE_INTERRUPT_OWNER) | KIND_BIT(RULE_PROGRESS),
    .always = true,
    .start = start,
    .on_record = on_record,
    .on_user = on_user,
};
