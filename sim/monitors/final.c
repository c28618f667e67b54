/* final: step and final: what apps found by themselves, and how they are at the end.
 *
 * step: the first failed expectation of each app's engine; a fault of a step list that no step
 * expected; an expected fault that did not come. final: state, restarts, completion code,
 * variables, and the facts of programs and peers (sim/fact.h) against the scenario's bounds, looked
 * at once, at the end.
 *
 * Cannot see: why a step gave what it gave: `postern show` has the records around it. An app of
 * another engine may fault as it likes: only step lists say what they expect.
 */
#include "model/process.h"
#include "sim/app_steps.h"
#include "sim/machine.h"
#include "sim/monitors.h"

/* ---- step */

static void judge_app(struct machine *m, const struct app *app)
{
    const uint32_t process = app->index;

    if (app->checks_failed)
        break_add(m, RULE_STEP, process, app->failed_check, DETAIL_STEP, app->failed_got,
                  app->failed_wanted);
    if (app->engine != &app_steps_engine)
        return;
    const struct steps_program *steps = app->program;
    if (app->unexpected_faults && !steps->once)
        break_add(m, RULE_STEP, process, app->unexpected_address, DETAIL_STEP_FAULT,
                  app->unexpected_faults, 0);
    if (app->expects_fault)
        break_add(m, RULE_STEP, process, app->fault_check, DETAIL_STEP_NO_FAULT, 0, 0);
}

/* ---- final */

static bool is_within(const struct check *check, uint64_t value)
{
    return value >= check->min && value <= check->max;
}

static uint64_t bound_missed(const struct check *check, uint64_t value)
{
    return value < check->min ? check->min : check->max;
}

static void judge_value(struct machine *m, uint32_t i, uint64_t value, enum verdict_detail detail)
{
    const struct check *check = &machine_scenario(m)->checks[i];

    check_armed(m, i);
    if (!is_within(check, value))
        break_of_check(m, i, check->process, 0, detail, value, bound_missed(check, value));
}

static void judge_completion(struct machine *m, uint32_t i, const struct process_facts *facts)
{
    const struct check *check = &machine_scenario(m)->checks[i];

    check_armed(m, i);
    if (facts->has_completion_code)
        judge_value(m, i, facts->completion_code, DETAIL_FINAL_COMPLETION);
    else
        break_of_check(m, i, check->process, 0, DETAIL_FINAL_NO_COMPLETION, 0, check->min);
}

static void judge_peer(struct machine *m, uint32_t i)
{
    const struct check *check = &machine_scenario(m)->checks[i];
    uint64_t value = machine_peer_fact(m, check->process, check->number);

    check_armed(m, i);
    if (!is_within(check, value))
        break_of_check(m, i, PROCESS_NONE, 0, DETAIL_FINAL_FACT, value, bound_missed(check, value));
}

static void judge_check(struct machine *m, uint32_t i)
{
    const struct check *check = &machine_scenario(m)->checks[i];
    const struct process_facts facts = machine_process_facts(m, check->process);
    const struct app *app = machine_app(m, check->process);

    switch (check->kind) {
    case CHECK_STATE:
        judge_value(m, i, facts.state, DETAIL_FINAL_STATE);
        break;
    case CHECK_RESTARTS:
        judge_value(m, i, facts.restart_count, DETAIL_FINAL_RESTARTS);
        break;
    case CHECK_COMPLETION:
        judge_completion(m, i, &facts);
        break;
    case CHECK_VARIABLE:
        if (app->engine == &app_steps_engine) /* else it never arms, and the gate says so */
            judge_value(m, i, app_steps_variable(app, check->number), DETAIL_FINAL_VARIABLE);
        break;
    case CHECK_APP_FACT:
        judge_value(m, i, app->engine->fact(app, check->number), DETAIL_FINAL_FACT);
        break;
    default:
        break; /* other monitors' */
    }
}

static void at_end(struct machine *m, void *state)
{
    const struct scenario *s = machine_scenario(m);

    (void)state;
    for (uint32_t i = 0; i < s->app_count; i++)
        judge_app(m, machine_app(m, i));
    for (uint32_t i = 0; i < s->check_count; i++)
        if (s->checks[i].kind == CHECK_PEER_FACT)
            judge_peer(m, i);
        else if (check_rule(s->checks[i].kind) == RULE_FINAL && s->checks[i].process < s->app_count)
            judge_check(m, i);
}

const struct monitor monitor_final = {
    .name = "final",
    .rules = KIND_BIT(RULE_STEP) | KIND_BIT(RULE_FINAL),
    .always = true,
    .at_end = at_end,
};
