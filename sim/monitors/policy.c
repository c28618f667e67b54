/* policy: fault-policy.
 *
 * Judges what becomes of an app whose life has ended, by what it did itself (a fault, an exit), by
 * what was done to it (injections), and by what its board or scenario declares of it:
 *
 *   it faulted, or an injection made it   panic                  the kernel panics
 *                                         stop                   it stays dead
 *                                         restart                it begins anew
 *                                         restart-at-most n      likewise, while this life is its
 *                                                                n-th or an earlier one; then stop
 *   an injection killed it                whatever the policy    it stays dead
 *   it exits to begin anew, or an         whatever the policy    it begins anew
 *   injection restarts it, dead or alive
 *
 * Each life has an id that none had before it, whoever's.
 *
 * A new life is there before user mode runs again, whoever's, and at the end; and none begins that
 * is not due. Lives are the ledger's count of loads, which a restart for any reason adds to.
 *
 * Cannot see: a new life behind an exit for good, which is answers.c's; whether a new life begins
 * as a first one does: its memory is layout.c's and fresh.c's, its entry returns.c's, what it may
 * reach reach.c's.
 */
#include "sim/machine.h"
#include "sim/monitors/ledger.h"

enum cause { CAUSE_NONE, CAUSE_FAULT, CAUSE_KILL, CAUSE_RESTART };

/* What must come before user mode runs, or, of the first two, must not. */
enum due { DUE_ANYTHING, DUE_NOTHING, DUE_LIFE, DUE_PANIC };

struct policy {
    uint32_t pending; /* apps whose `due` is DUE_LIFE or DUE_PANIC */
    struct {
        uint32_t id;   /* of its latest life; 0: it had none */
        uint8_t cause; /* of the end of this life, as far as it is known */
        uint8_t due;
    } of[PROCESS_MAX];
};

static void set_due(struct policy *policy, uint32_t process, enum due due)
{
    uint8_t *was = &policy->of[process].due;

    policy->pending -= *was >= DUE_LIFE;
    policy->pending += due >= DUE_LIFE;
    *was = (uint8_t)due;
}

/* ---- what is declared */

/* How often it has been restarted, for whatever reason. */
static uint32_t restarts(struct machine *m, uint32_t process)
{
    return ledger_of(m)->processes[process].life - 1;
}

static enum due due_of_fault(struct machine *m, uint32_t process)
{
    const struct process_image *image = &machine_scenario(m)->images[process];

    switch (image->fault_policy) {
    case FAULT_PANIC:
        return DUE_PANIC;
    case FAULT_RESTART:
        return DUE_LIFE;
    case FAULT_RESTART_AT_MOST:
        return restarts(m, process) < image->restart_limit ? DUE_LIFE : DUE_NOTHING;
    default:
        return DUE_NOTHING;
    }
}

static bool has_exited(const struct ledger_process *p)
{
    return p->ended_in_call && p->call_class == SYSCALL_EXIT && p->args[0] <= EXIT_RESTART;
}

static enum due due_of_end(struct machine *m, const struct policy *policy, uint32_t process)
{
    const struct ledger_process *p = &ledger_of(m)->processes[process];

    switch (policy->of[process].cause) {
    case CAUSE_FAULT:
        return due_of_fault(m, process);
    case CAUSE_KILL:
        return DUE_NOTHING;
    case CAUSE_RESTART:
        return DUE_LIFE;
    default:
        return has_exited(p) && p->args[0] == EXIT_RESTART ? DUE_LIFE : DUE_ANYTHING;
    }
}

/* ---- what becomes of it */

static OUT_OF_LINE void on_end(struct machine *m, struct policy *policy, uint32_t process)
{
    const struct ledger_process *p = &ledger_of(m)->processes[process];

    rule_armed(m, RULE_FAULT_POLICY);
    if (policy->of[process].cause == CAUSE_NONE && has_exited(p) && p->args[0] == EXIT_RESTART)
        policy->of[process].cause = CAUSE_RESTART;
    set_due(policy, process, due_of_end(m, policy, process));
}

/* Who still has the id of an earlier life must not reach the new one by it. */
static void judge_id(struct machine *m, struct policy *policy, uint32_t process, uint32_t id)
{
    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++)
        if (policy->of[i].id == id)
            break_add(m, RULE_FAULT_POLICY, process, 0, DETAIL_POLICY_ID, i, id);
    policy->of[process].id = id;
}

static OUT_OF_LINE void judge_load(struct machine *m, struct policy *policy, uint32_t process)
{
    const struct process_image *image = &machine_scenario(m)->images[process];
    enum due due = (enum due)policy->of[process].due;
    bool was_killed = policy->of[process].cause == CAUSE_KILL;

    if (due == DUE_NOTHING && was_killed)
        break_add(m, RULE_FAULT_POLICY, process, 0, DETAIL_POLICY_KILLED, 0, 0);
    else if (due == DUE_NOTHING && image->fault_policy == FAULT_RESTART_AT_MOST)
        break_add(m, RULE_FAULT_POLICY, process, 0, DETAIL_POLICY_LIMIT, restarts(m, process),
                  image->restart_limit);
    else if (due == DUE_NOTHING || due == DUE_PANIC)
        break_add(m, RULE_FAULT_POLICY, process, 0, DETAIL_POLICY_AGAIN, 0, 0);
    set_due(policy, process, DUE_ANYTHING);
    policy->of[process].cause = CAUSE_NONE;
}

/* User mode runs again, or the run is over. */
static OUT_OF_LINE void judge_pending(struct machine *m, struct policy *policy)
{
    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++) {
        if (policy->of[i].due == DUE_PANIC)
            break_add(m, RULE_FAULT_POLICY, i, 0, DETAIL_POLICY_NO_PANIC, 0, 0);
        else if (policy->of[i].due == DUE_LIFE)
            break_add(m, RULE_FAULT_POLICY, i, 0,
                      policy->of[i].cause == CAUSE_FAULT ? DETAIL_POLICY_DEAD
                                                         : DETAIL_POLICY_NOT_ANEW,
                      restarts(m, i), 0);
        set_due(policy, i, DUE_ANYTHING);
    }
}

/* ---- records */

/* A hand that reaches for the dead brings them back or does nothing. */
static OUT_OF_LINE void on_injected(struct machine *m, struct policy *policy,
                                    const struct record *r)
{
    const struct injection *plan = &machine_scenario(m)->injections[r->address];
    bool is_restart = plan->kind == INJECT_RESTART;
    bool is_end = is_restart || plan->kind == INJECT_KILL || plan->kind == INJECT_FAULT;

    if (!is_end || !(is_restart || ledger_of(m)->processes[plan->process].live))
        return;
    policy->of[plan->process].cause = is_restart                   ? CAUSE_RESTART
                                      : plan->kind == INJECT_FAULT ? CAUSE_FAULT
                                                                   : CAUSE_KILL;
    if (is_restart)
        set_due(policy, plan->process, DUE_LIFE);
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct policy *policy = state;

    switch (r->kind) {
    case EVENT_RUN:
        if (policy->pending)
            judge_pending(m, policy);
        break;
    case EVENT_FAULT:
        policy->of[r->process].cause = CAUSE_FAULT;
        break;
    case EVENT_INJECTED:
        on_injected(m, policy, r);
        break;
    case EVENT_OF(NOTE_PROCESS_END):
        on_end(m, policy, r->process);
        break;
    case EVENT_OF(NOTE_PROCESS_LOADED):
        judge_load(m, policy, r->process);
        judge_id(m, policy, r->process, pair_high(r->value));
        break;
    default: /* the kernel panics, and no more is to be expected of it */
        for (uint32_t i = 0; i < PROCESS_MAX && policy->pending; i++)
            set_due(policy, i, DUE_ANYTHING);
        break;
    }
}

static void at_end(struct machine *m, void *state)
{
    struct policy *policy = state;

    if (policy->pending)
        judge_pending(m, policy);
}

const struct monitor monitor_policy = {
    .name = "policy",
    .kinds = {KIND_EVENT(EVENT_RUN) | KIND_EVENT(EVENT_FAULT) | KIND_EVENT(EVENT_INJECTED) |
                  KIND_EVENT(EVENT_KERNEL_PANIC),
              KIND_NOTE(NOTE_PROCESS_LOADED) | KIND_NOTE(NOTE_PROCESS_END)},
    .state_size = sizeof(struct policy),
    .rows = {ROWS_OF_APPS(policy, of)},
    .rules = KIND_BIT(RULE_FAULT_POLICY),
    .always = true,
    .on_record = on_record,
    .at_end = at_end,
};
