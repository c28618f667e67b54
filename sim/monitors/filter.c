/* filter: filter-asked and refusal-reason.
 *
 * filter-asked: before each NOTE_WINDOW_GRANTED (and each success of command 2) the board's filter
 * was asked about this very request, since the app's call or its load; it said yes; it says the
 * same when we ask it again; and its answer contains the request and meets no RAM, no flash, no
 * private register, nothing that the board forbids.
 *
 * refusal-reason: when command 1, 2 or 3 is refused, the code is the one that the request deserves
 * as far as it can be told from outside: NODEVICE (filtered, nothing lent here, no such loan),
 * SIZE (empty, wraps), INVAL (no multiple of 32), BUSY (a kernel driver's), the filter's own code
 * where the filter refused. NOSUPPORT and FAIL are no reasons, unless the filter's own. BUSY is
 * one only if another app holds a device in the span, ALREADY only if this one does (judged at the
 * moment of the kernel's note). The variant is Failure. And none succeeds for which there is such a
 * reason, as a release without a loan of the app's own.
 *
 * Cannot see: whether the kernel's other reasons hold (OFF, RESERVE, NOMEM, INVAL of an answer).
 */
#include "sim/machine.h"
#include "sim/monitors/ledger.h"

enum { GRANULE = 32 }; /* no ARMv7-M region is finer: DDI 0403E, B3.5 */
static const struct span private_bus = {0xe0000000, 0x100000};

struct filter {
    struct question {
        bool asked, answered;
        bool granted_in_call; /* a window was granted since the app's last call */
        bool had_it; /* its last call gives back what it had asked for in just these words */
        bool syscall_filtered;
        struct span request, answer;
        uint32_t err;
    } of[PROCESS_MAX];
};

static struct span span_of_note(const struct record *r)
{
    return (struct span){r->address, (uint32_t)r->value};
}

/* ---- filter-asked */

static void judge_answer(struct machine *m, const struct question *q, uint32_t process)
{
    struct span answer;
    enum err err = board_answer(m, process, q->request, &answer);

    if (q->err != (uint32_t)err || (!err && !span_equal(answer, q->answer)))
        break_add(m, RULE_FILTER_ASKED, process, q->request.base, DETAIL_FILTER_MISQUOTED, q->err,
                  err);
}

static bool meets_memory(const struct scenario *s, struct span span)
{
    const struct kernel_config *config = &s->config;

    for (uint32_t i = 0; i < config->forbidden_count; i++)
        if (span_meets(config->forbidden[i], span))
            return true;
    return span_meets(s->board.ram, span) || span_meets(s->board.flash, span) ||
           span_meets(config->process_ram, span) || span_meets(config->kernel_ram, span) ||
           span_meets(private_bus, span);
}

static OUT_OF_LINE void judge_grant(struct machine *m, struct question *q, uint32_t process,
                                    struct span granted)
{
    struct span answer;

    rule_armed(m, RULE_FILTER_ASKED);
    if (!q->answered || q->err != ERR_NONE || !span_equal(q->answer, granted) ||
        board_answer(m, process, q->request, &answer) != ERR_NONE)
        break_add(m, RULE_FILTER_ASKED, process, granted.base, DETAIL_FILTER_NOT_ASKED, 0, 0);
    else if (!span_covers(granted, q->request))
        break_add(m, RULE_FILTER_ASKED, process, granted.base, DETAIL_FILTER_COVER, 0, 0);
    if (!span_valid(granted) || meets_memory(machine_scenario(m), granted))
        break_add(m, RULE_FILTER_ASKED, process, granted.base, DETAIL_FILTER_MEMORY, 0, 0);
    q->answered = false; /* one yes, one window */
    q->granted_in_call = true;
}

/* The app asked for one thing, and the filter was asked about another. */
static void judge_success(struct machine *m, const struct question *q,
                          const struct ledger_process *p, uint32_t process)
{
    struct span asked = {p->args[2], p->args[3]};

    if (!q->granted_in_call || !span_equal(q->request, asked))
        break_add(m, RULE_FILTER_ASKED, process, asked.base, DETAIL_FILTER_NOT_ASKED, 0, 0);
}

/* ---- refusal-reason */

static bool meets_claim(const struct kernel_config *config, struct span span)
{
    for (uint32_t i = 0; i < config->claim_count; i++)
        if (span_meets(config->claims[i], span))
            return true;
    return false;
}

/* Why the request can only be refused, as far as it says so itself. */
static enum err reason_in(const struct machine *m, const struct ledger_process *p)
{
    const struct kernel_config *config = &machine_scenario(m)->config;
    struct span asked = {p->args[2], p->args[3]};

    if (p->args[1] != COMMAND_RELEASE && !config->filter.function)
        return ERR_NODEVICE;
    if (!span_valid(asked))
        return ERR_SIZE;
    if (asked.base % GRANULE != 0 || asked.size % GRANULE != 0)
        return ERR_INVAL;
    if (p->args[1] != COMMAND_RELEASE && meets_claim(config, asked))
        return ERR_BUSY;
    return ERR_NONE;
}

/* The code that this refusal must carry; ERR_NONE: it cannot be told from outside. */
static enum err reason_of(struct machine *m, const struct question *q,
                          const struct ledger_process *p, uint32_t process)
{
    struct span asked = {p->args[2], p->args[3]}, answer;
    enum err err = q->syscall_filtered ? ERR_NODEVICE : reason_in(m, p);

    if (err != ERR_NONE)
        return err;
    if (p->args[1] == COMMAND_RELEASE)
        return ERR_NODEVICE;
    return q->answered ? board_answer(m, process, asked, &answer) : ERR_NONE;
}

/* What a release is about. */
static OUT_OF_LINE void on_command(struct machine *m, struct question *q, uint32_t process)
{
    const struct ledger *l = ledger_of(m);
    const struct ledger_process *p = &l->processes[process];

    q->had_it = is_passthrough_command(m, p, COMMAND_RELEASE) &&
                ledger_holds_asked(l, process, (struct span){p->args[2], p->args[3]});
}

/* A success is none that should have been a refusal. */
static void judge_due(struct machine *m, const struct question *q, const struct ledger_process *p,
                      uint32_t process)
{
    enum err reason = reason_in(m, p);

    if (reason == ERR_NONE && p->args[1] == COMMAND_RELEASE && !q->had_it)
        reason = ERR_NODEVICE; /* maybe another had it */
    rule_armed(m, RULE_REFUSAL_REASON);
    if (reason != ERR_NONE)
        break_add(m, RULE_REFUSAL_REASON, process, p->args[2], DETAIL_REFUSAL_MISSING, 0, reason);
}

static void judge_code(struct machine *m, uint32_t process, uint32_t address, uint32_t got,
                       enum err reason)
{
    rule_armed(m, RULE_REFUSAL_REASON);
    if (reason != ERR_NONE && got != (uint32_t)reason)
        break_add(m, RULE_REFUSAL_REASON, process, address, DETAIL_REFUSAL_CODE, got, reason);
    else if (reason == ERR_NONE &&
             (got == ERR_FAIL || got == ERR_NOSUPPORT || got == ERR_NONE || got > ERR_NOACK))
        break_add(m, RULE_REFUSAL_REASON, process, address, DETAIL_REFUSAL_VAGUE, got, 0);
}

static OUT_OF_LINE void judge_return(struct machine *m, const struct question *q,
                                     const struct record *r)
{
    const struct ledger *l = ledger_of(m);
    const struct ledger_process *p = &l->processes[r->process];

    if (!l->returning || (!is_passthrough_command(m, p, COMMAND_QUERY) &&
                          !is_passthrough_command(m, p, COMMAND_ALLOCATE) &&
                          !is_passthrough_command(m, p, COMMAND_RELEASE)))
        return;
    if (r->address >= RETURN_SUCCESS) {
        if (p->args[1] == COMMAND_ALLOCATE)
            judge_success(m, q, p, r->process);
        judge_due(m, q, p, r->process);
        return;
    }
    if (r->address != RETURN_FAILURE)
        break_add(m, RULE_REFUSAL_REASON, r->process, p->args[2], DETAIL_REFUSAL_VARIANT,
                  r->address, RETURN_FAILURE);
    judge_code(m, r->process, p->args[2], pair_low(r->value), reason_of(m, q, p, r->process));
}

/* Another app holds a device that the span meets; or, for `own`, the app itself does. */
static bool is_held(const struct machine *m, const struct ledger *l, uint32_t process,
                    struct span span, bool own)
{
    const struct scenario *s = machine_scenario(m);

    for (uint32_t e = 0; e < s->config.endpoint_count; e++) {
        if (!endpoint_meets_span(&s->config.endpoints[e], span))
            continue;
        for (uint32_t i = 0; i < s->app_count; i++)
            if ((i == process) == own && ledger_holds_endpoint(m, l, i, e))
                return true;
    }
    return false;
}

/* BUSY and ALREADY are the kernel's word on who holds what. */
static void judge_basis(struct machine *m, const struct question *q, const struct record *r,
                        struct span asked)
{
    const struct ledger *l = ledger_of(m);
    enum err err = (enum err)pair_high(r->value);
    struct span wide = q->answered ? q->answer : asked; /* the filter may have widened it */
    bool own = err == ERR_ALREADY;

    if ((err != ERR_BUSY && err != ERR_ALREADY) ||
        (!own && meets_claim(&machine_scenario(m)->config, asked)))
        return;
    if (!is_held(m, l, r->process, asked, own) && !is_held(m, l, r->process, wide, own))
        break_add(m, RULE_REFUSAL_REASON, r->process, asked.base, DETAIL_REFUSAL_BASELESS, err, 0);
}

/* The moment of the refusal, which a header's request has no other record of. */
static OUT_OF_LINE void judge_note(struct machine *m, const struct question *q,
                                   const struct record *r)
{
    struct span asked = {r->address, pair_low(r->value)};
    bool filter_said_no = q->answered && span_equal(q->request, asked) && q->err != ERR_NONE;

    judge_code(m, r->process, asked.base, pair_high(r->value),
               filter_said_no ? (enum err)q->err : ERR_NONE);
    if (!filter_said_no)
        judge_basis(m, q, r, asked);
}

/* ---- */

static OUT_OF_LINE void on_answer(struct machine *m, struct question *q, const struct record *r)
{
    q->answered = q->asked;
    q->answer = (struct span){r->address, pair_low(r->value)};
    q->err = pair_high(r->value);
    if (q->asked)
        judge_answer(m, q, r->process);
}

static bool is_command(struct machine *m, uint32_t process)
{
    return ledger_of(m)->processes[process].call_class == SYSCALL_COMMAND;
}

/* A flat switch. */
static void on_record(struct machine *m, void *state, const struct record *r)
{
    if (r->process >= PROCESS_MAX)
        return;
    struct question *q = &((struct filter *)state)->of[r->process];
    switch (r->kind) {
    case EVENT_SYSCALL:
    case EVENT_OF(NOTE_PROCESS_LOADED):
        *q = (struct question){0};
        break;
    case EVENT_SYSCALL_MORE:
        if (is_command(m, r->process))
            on_command(m, q, r->process);
        break;
    case EVENT_OF(NOTE_SYSCALL_FILTERED):
        q->syscall_filtered = true;
        break;
    case EVENT_OF(NOTE_FILTER_ASKED):
        q->asked = true;
        q->answered = false;
        q->request = span_of_note(r);
        break;
    case EVENT_OF(NOTE_FILTER_ANSWERED):
        on_answer(m, q, r);
        break;
    case EVENT_OF(NOTE_WINDOW_GRANTED):
        judge_grant(m, q, r->process, span_of_note(r));
        break;
    case EVENT_OF(NOTE_WINDOW_REFUSED):
        judge_note(m, q, r);
        break;
    case EVENT_RETURN:
        if (is_command(m, r->process))
            judge_return(m, q, r);
        break;
    default:
        break;
    }
}

const struct monitor monitor_filter = {
    .name = "filter",
    .kinds = {KIND_EVENT(EVENT_SYSCALL) | KIND_EVENT(EVENT_SYSCALL_MORE) | KIND_EVENT(EVENT_RETURN),
              KIND_NOTE(NOTE_PROCESS_LOADED) | KIND_NOTE(NOTE_SYSCALL_FILTERED) |
                  KIND_NOTE(NOTE_FILTER_ASKED) | KIND_NOTE(NOTE_FILTER_ANSWERED) |
                  KIND_NOTE(NOTE_WINDOW_GRANTED) | KIND_NOTE(NOTE_WINDOW_REFUSED)},
    .state_size = sizeof(struct filter),
    .rows = {ROWS_OF_APPS(filter, of)},
    .rules = KIND_BIT(RULE_FILTER_ASKED) | KIND_BIT(RULE_REFUSAL_REASON),
    .always = true,
    .on_record = on_record,
};
