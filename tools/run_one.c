/* run_one.c: see run_one.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/run_one.h"

#include "sim/gate.h"
#include "sim/scenario_load.h"
#include "sim/verdict.h"
#include "tools/commands.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int code;
} outcomes[OUTCOMES] = {
    [OUTCOME_HOLDS] = {"holds", CODE_HOLDS},
    [OUTCOME_FAILED] = {"failed", CODE_FAILED},
    [OUTCOME_VACUOUS] = {"vacuous", CODE_VACUOUS},
    [OUTCOME_BUDGET] = {"out-of-budget", CODE_BUDGET},
    [OUTCOME_BAD_INPUT] = {"bad-input", CODE_BAD_INPUT},
    [OUTCOME_DIFFERED] = {"differed", CODE_DIFFERED},
    [OUTCOME_SIMULATOR] = {"simulator-failed", CODE_SIMULATOR},
};

int outcome_code(enum outcome outcome)
{
    return outcomes[outcome].code;
}

const char *outcome_name(enum outcome outcome)
{
    return outcomes[outcome].name;
}

/* --- making ---------------------------------------------------------------------------------- */

/* Always false. */
__attribute__((format(printf, 3, 4))) static bool
cannot_be(struct result *result, enum outcome outcome, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(result->trouble, sizeof result->trouble, format, list);
    va_end(list);
    result->outcome = outcome;
    return false;
}

static bool boot(struct run *run, const struct scenario *s, struct result *result)
{
    uint32_t image = 0;
    enum err err = machine_boot(&run->hw, &image);
    if (!err)
        return true;
    const char *name = err_name(err);
    return cannot_be(result, OUTCOME_BAD_INPUT, "the kernel does not start: app %s is refused, %s",
                     image < s->app_count ? s->apps[image].name : "?", name ? name : "?");
}

bool run_begin(struct run *run, const struct scenario *scenario, struct recorder *recorder,
               struct result *result)
{
    const char *why = NULL;
    memset(result, 0, sizeof *result);
    *run = (struct run){.setup = machine_setup_make(scenario, &why)};
    if (!run->setup)
        return cannot_be(result, OUTCOME_BAD_INPUT, "%s", why);
    run->hw.recorder = recorder;
    run->hw.m = machine_make(run->setup);
    if (!run->hw.m)
        return cannot_be(result, OUTCOME_SIMULATOR, "out of memory");
    return boot(run, scenario, result);
}

void run_end(struct run *run)
{
    machine_free(run->hw.m);
    machine_setup_free(run->setup);
}

/* --- judging --------------------------------------------------------------------------------- */

/* A failed step is judged at the end of the run; the app knows when it was. */
static uint64_t failed_at_ps(const struct machine *m, const struct verdict *v)
{
    if (v->process >= machine_scenario(m)->app_count)
        return v->at_ps;
    const struct app *app = machine_app(m, v->process);
    if (v->detail == DETAIL_STEP_FAULT)
        return app->unexpected_at_ps;
    return v->detail == DETAIL_STEP && app->checks_failed ? app->failed_at_ps : v->at_ps;
}

static void take_verdicts(const struct machine *m, struct result *result)
{
    const struct scenario *s = machine_scenario(m);
    const struct verdict *kept;
    result->verdict_count = machine_verdicts(m, &kept);
    result->verdict_total = machine_verdict_count(m);
    for (uint32_t i = 0; i < result->verdict_count; i++) {
        struct result_verdict *v = &result->verdicts[i];
        v->verdict = kept[i];
        v->verdict.at_ps = failed_at_ps(m, &kept[i]);
        verdict_describe_run(m, &kept[i], v->text, sizeof v->text);
        board_describe_address(&s->board, kept[i].address, v->address, sizeof v->address);
        if (!strstr(v->text, v->address))
            v->address[0] = '\0'; /* in this verdict the field means something else */
    }
}

static void take_latency(struct result *result, const struct latency_result *l, uint32_t check,
                         bool second)
{
    if (!l || result->latency_count == RESULT_LATENCY_MAX)
        return;
    result->latencies[result->latency_count++] =
        (struct result_latency){.check = check,
                                .second = second,
                                .count = l->count,
                                .open = l->open,
                                .min_ps = l->count ? l->min_ps : 0,
                                .median_ps = latency_quantile_ps(l, 500),
                                .p99_ps = latency_quantile_ps(l, 990),
                                .max_ps = l->max_ps,
                                .sum_ps = l->sum_ps,
                                .max_at_ps = l->max_at_ps};
}

static void take_latencies(const struct machine *m, struct result *result)
{
    const struct scenario *s = machine_scenario(m);
    for (uint32_t i = 0; i < s->check_count; i++) {
        if (s->checks[i].kind != CHECK_LATENCY && s->checks[i].kind != CHECK_SPEEDUP)
            continue;
        take_latency(result, latency_result(m, i), i, false);
        if (s->checks[i].kind == CHECK_SPEEDUP)
            take_latency(result, latency_result_2(m, i), i, true);
    }
}

static void take_facts(const struct machine *m, struct result *result)
{
    const struct scenario *s = machine_scenario(m);
    result->state = machine_state(m);
    result->trace_hash = machine_trace_hash(m);
    result->records = machine_record_count(m);
    result->end_ps = machine_now_ps(m);
    for (unsigned rule = 0; rule < RULE_NUMBER; rule++)
        if (machine_rule_armed(m, (enum rule)rule))
            result->rules_armed |= UINT64_C(1) << rule;
    for (uint32_t i = 0; i < s->app_count; i++) {
        const struct exposure_result *exposure = exposure_result(m, i);
        if (exposure)
            result->exposure[i] = *exposure;
    }
    for (uint32_t i = 0; i < VIRTS; i++) {
        const struct virt_result *turns = virt_result(m, i);
        if (turns)
            result->turns[i] = *turns;
    }
}

/* A generator that is not where the seed has put it. */
static bool drew(const struct random *random, uint64_t seed, uint64_t purpose)
{
    return random->state != random_start(seed, purpose).state;
}

static void take_draws(struct machine *m, struct result *result)
{
    const struct scenario *s = machine_scenario(m);
    for (uint32_t i = 0; i < s->board.device_count; i++) {
        const struct device *d = machine_device(m, i);
        result->devices_drew |= d && drew(&d->random, s->seed, RANDOM_DEVICE + 256 * (uint64_t)i);
    }
    for (uint32_t i = 0; i < s->app_count; i++)
        result->apps_drew |=
            drew(&machine_app(m, i)->random, s->seed, RANDOM_APP + 256 * (uint64_t)i);
}

/* What a device asked for and did not get, nobody has judged. */
static void look_for_broken_device(struct machine *m, struct result *result)
{
    uint32_t broken = machine_broken_device(m);
    if (broken == BOARD_NONE)
        return;
    (void)cannot_be(result, OUTCOME_SIMULATOR,
                    "the model of %s failed: %" PRIu32 " of its requests, or of the bytes sent to "
                    "it, found no room and were lost",
                    machine_scenario(m)->board.devices[broken].name,
                    machine_device(m, broken)->lost_requests);
}

void run_judge(struct run *run, struct result *result)
{
    static const enum outcome ends[] = {[GATE_HOLDS] = OUTCOME_HOLDS,
                                        [GATE_BROKEN] = OUTCOME_FAILED,
                                        [GATE_VACUOUS] = OUTCOME_VACUOUS};
    struct machine *m = run->hw.m;
    machine_finish(&run->hw);
    gate_judge(m, &result->gate);
    result->outcome = ends[result->gate.end];
    take_verdicts(m, result);
    take_latencies(m, result);
    result->connection_count = connections_take(m, result->connections);
    take_facts(m, result);
    take_draws(m, result);
    look_for_broken_device(m, result);
    memcpy(result->panic_text, run->hw.panic_text, sizeof result->panic_text);
}

void run_one(const struct scenario *scenario, struct result *result)
{
    struct run run;
    if (run_begin(&run, scenario, NULL, result)) {
        machine_run(&run.hw, UINT64_MAX);
        run_judge(&run, result);
    }
    run_end(&run);
}

void result_compare(struct result *result, const struct result *again)
{
    if (result->trace_hash == again->trace_hash && result->records == again->records &&
        result->outcome == again->outcome)
        return;
    (void)cannot_be(result, OUTCOME_DIFFERED,
                    "a second run of the same seed gave hash %016" PRIx64 " after %" PRIu64
                    " records, the first %016" PRIx64 " after %" PRIu64,
                    again->trace_hash, again->records, result->trace_hash, result->records);
}
