/* interrupt: interrupt-owner.
 *
 * Judges each upcall of the passthrough driver as the app gets it (r0 status, r1 base, r2 line),
 * whether by a handler or by yield-wait-for: base and line are those of one endpoint; the app
 * holds a window of it now; and the line has risen (or an injection pended it) since its last such
 * upcall, once for each, or is still high. And each NOTE_LINE_SERVICED that names an app: it holds
 * the endpoint.
 *
 * Cannot see: whether `status` is right (only the device could tell, and it has been silenced
 * since); rises that were merged into one upcall, which is what a level interrupt is for.
 */
#include "sim/machine.h"
#include "sim/monitors/ledger.h"

struct interrupt {
    uint32_t
        risen[IRQ_LINE_MAX]; /* times since the device was lent, minus upcalls that the app got */
    struct {
        bool delivered; /* the kernel says that the next upcall in this app is passthrough's */
        bool begun;
        uint32_t base;
    } of[PROCESS_MAX];
};

static void line_risen(struct interrupt *irq, uint32_t line, uint32_t times)
{
    if (line < IRQ_LINE_MAX)
        irq->risen[line] += times;
}

static bool line_is_high(const struct machine *m, uint32_t line)
{
    return machine_nvic(m)->level[line / 32] >> (line % 32) & 1;
}

/* The endpoint of that base and line, or ENDPOINT_MAX. */
static uint32_t endpoint_of(const struct kernel_config *config, uint32_t base, uint32_t line)
{
    for (uint32_t i = 0; i < config->endpoint_count; i++) {
        const struct passthrough_endpoint *e = &config->endpoints[i];
        if (e->has_line && e->line == line && e->windows[0].base == base)
            return i;
    }
    return ENDPOINT_MAX;
}

static void judge_upcall(struct machine *m, struct interrupt *irq, uint32_t process, uint32_t base,
                         uint32_t line)
{
    uint32_t endpoint = endpoint_of(&machine_scenario(m)->config, base, line);

    rule_armed(m, RULE_INTERRUPT_OWNER);
    if (endpoint == ENDPOINT_MAX || line >= IRQ_LINE_MAX) {
        break_add(m, RULE_INTERRUPT_OWNER, process, base, DETAIL_IRQ_UNTIED, line, 0);
        return;
    }
    if (!ledger_holds_endpoint(m, ledger_of(m), process, endpoint))
        break_add(m, RULE_INTERRUPT_OWNER, process, base, DETAIL_IRQ_FOREIGN, line, 0);
    if (irq->risen[line] > 0)
        irq->risen[line]--;
    else if (!line_is_high(m, line))
        break_add(m, RULE_INTERRUPT_OWNER, process, base, DETAIL_IRQ_NONE, line, 0);
}

static void on_injected(const struct machine *m, struct interrupt *irq, const struct record *r)
{
    const struct injection *plan = &machine_scenario(m)->injections[r->address];

    if (plan->kind == INJECT_INTERRUPT || plan->kind == INJECT_STORM)
        line_risen(irq, plan->line, 1);
}

/* A new owner begins with nothing; a line that is high now pends again by itself. */
static void on_owned(const struct machine *m, struct interrupt *irq, const struct record *r)
{
    const struct kernel_config *config = &machine_scenario(m)->config;

    if (r->address >= config->endpoint_count || !config->endpoints[r->address].has_line)
        return;
    irq->risen[config->endpoints[r->address].line] = 0;
}

static void on_serviced(struct machine *m, const struct record *r)
{
    uint32_t endpoint = pair_low(r->value);
    const struct kernel_config *config = &machine_scenario(m)->config;

    if (r->process >= PROCESS_MAX || endpoint >= config->endpoint_count)
        return; /* a kernel driver's, or nobody's */
    if (!ledger_holds_endpoint(m, ledger_of(m), r->process, endpoint))
        break_add(m, RULE_INTERRUPT_OWNER, r->process, config->endpoints[endpoint].windows[0].base,
                  DETAIL_IRQ_QUEUED, r->address, 0);
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
        line_risen(irq, r->address, 1);
        break;
    case EVENT_INJECTED:
        on_injected(m, irq, r);
        break;
    case EVENT_OF(NOTE_ENDPOINT_OWNED):
        on_owned(m, irq, r);
        break;
    case EVENT_OF(NOTE_LINE_SERVICED):
        on_serviced(m, r);
        break;
    default:
        if (r->process < PROCESS_MAX)
            on_process_record(m, irq, r);
        break;
    }
}

const struct monitor monitor_interrupt = {
    .name = "interrupt",
    .kinds = {KIND_EVENT(EVENT_IRQ_RAISED) | KIND_EVENT(EVENT_INJECTED) | KIND_EVENT(EVENT_RETURN) |
                  KIND_EVENT(EVENT_UPCALL) | KIND_EVENT(EVENT_UPCALL_MORE),
              KIND_NOTE(NOTE_ENDPOINT_OWNED) | KIND_NOTE(NOTE_LINE_SERVICED) |
                  KIND_NOTE(NOTE_UPCALL_DELIVERED)},
    .state_size = sizeof(struct interrupt),
    .rules = KIND_BIT(RULE_INTERRUPT_OWNER),
    .always = true,
    .on_record = on_record,
};
