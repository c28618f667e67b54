/* returns: call-return.
 *
 * Judges each switch to user mode by how the kernel lets the app go on, against what the app itself
 * did last:
 *
 *   goes on as it was     no system call of it is open: its registers hold no stale results
 *   gets results          a system call is open, and it is not yield-wait, which has none
 *   an upcall begins      yield-wait or yield-no-wait is open
 *   begins at its entry   its life is new; and a new life begins in no other way
 *
 * Cannot see: whether results are right (steps expect them); a handler's end, after which the app
 * goes on behind its yield without a switch.
 */
#include "sim/machine.h"
#include "sim/monitors/ledger.h"

struct returns {
    uint32_t begun[PROCESS_MAX]; /* the life (ledger.h) that has begun at its entry */
};

static bool is_yield(const struct ledger_process *p, uint32_t number)
{
    return p->call_open && p->call_class == SYSCALL_YIELD && p->args[0] == number;
}

static enum verdict_detail what_is_wrong(const struct ledger_process *p, uint32_t kind)
{
    switch (kind) {
    case RESUME_CONTINUE:
        return p->call_open ? DETAIL_CALL_LOST : DETAIL_NONE;
    case RESUME_RETURN:
        return p->call_open && !is_yield(p, YIELD_WAIT) ? DETAIL_NONE : DETAIL_CALL_NONE;
    case RESUME_UPCALL:
        return is_yield(p, YIELD_WAIT) || is_yield(p, YIELD_NO_WAIT) ? DETAIL_NONE
                                                                     : DETAIL_CALL_UPCALL;
    default:
        return DETAIL_NONE;
    }
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct returns *returns = state;
    const struct ledger_process *p = &ledger_of(m)->processes[r->process];
    bool starts = r->address == RESUME_START;
    bool is_new = returns->begun[r->process] != p->life;
    enum verdict_detail wrong = starts != is_new ? DETAIL_CALL_START : what_is_wrong(p, r->address);

    rule_armed(m, RULE_CALL_RETURN);
    returns->begun[r->process] = p->life;
    if (wrong != DETAIL_NONE)
        break_add(m, RULE_CALL_RETURN, r->process, 0, wrong, p->call_class, 0);
}

const struct monitor monitor_returns = {
    .name = "returns",
    .kinds = {KIND_EVENT(EVENT_RUN)},
    .state_size = sizeof(struct returns),
    .rows = {ROWS_OF_APPS(returns, begun)},
    .rules = KIND_BIT(RULE_CALL_RETURN),
    .always = true,
    .on_record = on_record,
};
