#include "sim/gate.h"
#include "model/process.h"
#include "sim/app_steps.h"
#include "sim/monitors/ledger.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const uint64_t isolation_rules =
    KIND_BIT(RULE_REACH) | KIND_BIT(RULE_STALE_MPU) | KIND_BIT(RULE_MEMORY_LAYOUT) |
    KIND_BIT(RULE_EXCLUSIVE_OWNER) | KIND_BIT(RULE_FILTER_ASKED) | KIND_BIT(RULE_INTERRUPT_OWNER) |
    KIND_BIT(RULE_DEATH_ORDER) | KIND_BIT(RULE_DEVICE_RESET) | KIND_BIT(RULE_UPCALL_ONCE) |
    KIND_BIT(RULE_OVER_EXPOSURE) | KIND_BIT(RULE_MEMORY_FRESH) | KIND_BIT(RULE_BUFFER_CUSTODY) |
    KIND_BIT(RULE_KERNEL_WRITE) | KIND_BIT(RULE_LOAN_ANSWER);

static const uint64_t containment_rules =
    KIND_BIT(RULE_DMA_REACH) | KIND_BIT(RULE_DMA_AFTER_DEATH) | KIND_BIT(RULE_PPI_REACH);

/* Broken stays; vacuous only if nothing is broken. */
static void reason_add(struct gate *gate, enum gate_reason_kind kind, uint32_t index,
                       const char *format, ...)
{
    bool broken = kind == REASON_BREAK_MISSING || kind == REASON_BREAKS_LOST;

    if (broken)
        gate->end = GATE_BROKEN;
    else if (gate->end == GATE_HOLDS)
        gate->end = GATE_VACUOUS;
    if (gate->reason_count++ >= GATE_REASON_MAX)
        return;
    struct gate_reason *reason = &gate->reasons[gate->reason_count - 1];
    reason->kind = kind;
    reason->index = index;
    va_list list;
    va_start(list, format);
    vsnprintf(reason->text, sizeof reason->text, format, list);
    va_end(list);
}

/* ---- breaks */

static bool accounts_for(const struct expected_break *wanted, const struct verdict *v)
{
    return wanted->rule == v->rule &&
           (wanted->process == PATTERN_ANY || wanted->process == v->process) &&
           v->address >= wanted->address_first && v->address <= wanted->address_last;
}

bool gate_expects(const struct scenario *s, const struct verdict *v)
{
    for (uint32_t i = 0; i < s->break_count; i++)
        if (accounts_for(&s->breaks[i], v))
            return true;
    return false;
}

static void line_lower(enum gate_line *line, bool expected)
{
    enum gate_line now = expected ? LINE_CLAIMED_BROKEN : LINE_BROKEN;

    if (now > *line)
        *line = now;
}

static void judge_breaks(const struct machine *m, struct gate *gate)
{
    const struct verdict *kept;
    uint32_t count = machine_verdicts(m, &kept);

    gate->lost = machine_verdict_count(m) - count;
    for (uint32_t i = 0; i < count; i++) {
        gate->expected[i] = gate_expects(machine_scenario(m), &kept[i]);
        gate->unexpected += !gate->expected[i];
        if (isolation_rules & KIND_BIT(kept[i].rule))
            line_lower(&gate->isolation, gate->expected[i]);
        if (containment_rules & KIND_BIT(kept[i].rule))
            line_lower(&gate->containment, gate->expected[i]);
    }
    if (gate->unexpected)
        gate->end = GATE_BROKEN;
    if (gate->lost)
        reason_add(gate, REASON_BREAKS_LOST, 0, "%" PRIu64 " more breaks than the %d that are kept",
                   gate->lost, VERDICT_MAX);
}

/* Which expected break each kept one stands for: none for two. */
struct pairing {
    const struct scenario *s;
    const struct verdict *kept;
    uint32_t count;
    uint32_t break_of[VERDICT_MAX]; /* BREAK_NONE: it stands for none so far */
    uint32_t tried;                 /* one bit each: asked already in this search */
};

enum { BREAK_NONE = 0xffffffff };
_Static_assert(VERDICT_MAX <= 32, "one bit each");

/* Finds a kept break for `wanted`, if need be by finding others for those that stand in its way:
 * at most SCENARIO_BREAK_MAX deep. */
static bool pair_found(struct pairing *p, uint32_t wanted)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->tried >> i & 1 || !accounts_for(&p->s->breaks[wanted], &p->kept[i]))
            continue;
        p->tried |= UINT32_C(1) << i;
        if (p->break_of[i] == BREAK_NONE || pair_found(p, p->break_of[i])) {
            p->break_of[i] = wanted;
            return true;
        }
    }
    return false;
}

static bool has_come(const struct pairing *p, const struct expected_break *wanted)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (accounts_for(wanted, &p->kept[i]))
            return true;
    return false;
}

static void judge_expected_breaks(const struct machine *m, struct gate *gate)
{
    const struct scenario *s = machine_scenario(m);
    struct pairing pairing = {.s = s};

    pairing.count = machine_verdicts(m, &pairing.kept);
    for (uint32_t i = 0; i < VERDICT_MAX; i++)
        pairing.break_of[i] = BREAK_NONE;
    for (uint32_t i = 0; i < s->break_count; i++) {
        pairing.tried = 0;
        if (pair_found(&pairing, i))
            continue;
        reason_add(gate, REASON_BREAK_MISSING, i,
                   has_come(&pairing, &s->breaks[i])
                       ? "%s: no break of %s is left for it: others of \"breaks\" account for all"
                       : "%s: %s was expected to break, and held",
                   s->breaks[i].path, rule_rows[s->breaks[i].rule].id);
    }
}

/* ---- vacuity */

/* Why an injection whose moment came changed nothing. */
static const char *no_effect(enum injection_kind kind)
{
    switch (kind) {
    case INJECT_FORCE:
        return ": nobody read the register while it had another value";
    case INJECT_RELEASE:
        return ": nothing was planted in the device";
    case INJECT_DELAY:
    case INJECT_HASTEN:
        return ": the device was up to nothing";
    case INJECT_INTERRUPT:
        return ": the line was pending already";
    case INJECT_STORM:
        return ": the line was pending already, each time";
    default:
        return "";
    }
}

static void judge_injections(const struct machine *m, struct gate *gate)
{
    const struct scenario *s = machine_scenario(m);

    for (uint32_t i = 0; i < s->injection_count; i++) {
        const struct injection *plan = &s->injections[i];
        uint32_t matches = machine_injection_matches(m, i);
        if (machine_injection_fired(m, i))
            continue;
        if (machine_injection_tried(m, i))
            reason_add(gate, REASON_INJECTION, i, "%s: it never had an effect%s", plan->path,
                       no_effect(plan->kind));
        else if (plan->at_event && matches < plan->nth)
            reason_add(gate, REASON_INJECTION, i,
                       "%s: it never had an effect: \"%s\" came %" PRIu32 " of %" PRIu32 " times",
                       plan->path, plan->when.text, matches, plan->nth);
        else
            reason_add(gate, REASON_INJECTION, i,
                       "%s: it never had an effect: the run ended before its time", plan->path);
    }
}

static void judge_checks(const struct machine *m, struct gate *gate)
{
    const struct scenario *s = machine_scenario(m);

    for (uint32_t i = 0; i < s->check_count; i++)
        if (!machine_check_armed(m, i))
            reason_add(gate, REASON_CHECK, i, "%s: nothing came that it could judge",
                       s->checks[i].path);
}

static void judge_steps(const struct machine *m, struct gate *gate)
{
    const struct scenario *s = machine_scenario(m);

    for (uint32_t i = 0; i < s->app_count; i++) {
        const struct app *app = machine_app(m, i);
        if (app->engine != &app_steps_engine)
            continue;
        int32_t step = app_steps_unreached(app);
        if (step < 0)
            continue;
        char path[96];
        app_steps_path(app->program, (uint32_t)step, path, sizeof path);
        reason_add(gate, REASON_STEP, i, "%s: the step expects something that never came", path);
    }
}

static void judge_claim(const struct machine *m, struct gate *gate)
{
    const struct scenario *s = machine_scenario(m);

    if (s->app_expectations == 0 && s->check_count == 0 && s->break_count == 0)
        reason_add(gate, REASON_NOTHING, 0,
                   "the scenario expects nothing: no step, no check, "
                   "no break");
}

void gate_judge(struct machine *m, struct gate *gate)
{
    const struct ledger *l = ledger_of(m);

    memset(gate, 0, sizeof *gate);
    gate->dma_lent =
        (uint32_t)(__builtin_popcountll(l->dma_lent[0]) + __builtin_popcountll(l->dma_lent[1]));
    judge_breaks(m, gate);
    judge_expected_breaks(m, gate);
    judge_injections(m, gate);
    judge_checks(m, gate);
    judge_steps(m, gate);
    judge_claim(m, gate);
}
