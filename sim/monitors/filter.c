/* filter: filter-asked and refusal-reason.
 *
 * filter-asked: before each NOTE_WINDOW_GRANTED (and each success of command 2) the board's filter
 * was asked about this very request, since the app's call or its load; it said yes; it says the
 * same when we ask it again; and its answer contains the request and meets no RAM, no flash, no
 * private register, nothing that the board forbids. It is asked once a request, by who makes it,
 * and about none that must be refused whatever it says.
 *
 * refusal-reason: when command 1, 2 or 3 is refused, or a request in a header, the code is the one
 * that model/passthrough.h has for it, as loans.h reckons it: by the request's shape, the board's
 * devices and drivers, what is lent and withheld, the filter's own code, its answer, the regions of
 * the MPU. The variant is Failure. And none succeeds for which there is such a reason, and none is
 * refused for which there is none.
 */
#include "sim/machine.h"
#include "sim/monitors/loans.h"

static const struct span private_bus = {0xe0000000, 0x100000};

struct filter {
    struct question {
        bool asked, answered;
        bool asked_in_request; /* since its last call, or its header's last request */
        bool granted_in_call;  /* a window was granted since the app's last call */
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

/* The app has asked for just this, and what is known of it leaves it to the filter. */
static OUT_OF_LINE void on_asked(struct machine *m, struct question *q, const struct record *r)
{
    const struct loan_due *due = loans_due(m, r->process);

    q->request = span_of_note(r);
    rule_armed(m, RULE_FILTER_ASKED);
    if (!due || !due->asks || !span_equal(due->asked, q->request))
        break_add(m, RULE_FILTER_ASKED, r->process, q->request.base, DETAIL_FILTER_NEEDLESS, 0, 0);
    else if (q->asked_in_request)
        break_add(m, RULE_FILTER_ASKED, r->process, q->request.base, DETAIL_FILTER_AGAIN, 0, 0);
    q->asked = q->asked_in_request = true;
    q->answered = false;
}

/* ---- refusal-reason */

static void judge_code(struct machine *m, uint32_t process, uint32_t address, uint32_t got,
                       enum err reason)
{
    rule_armed(m, RULE_REFUSAL_REASON);
    if (reason != ERR_NONE && got != (uint32_t)reason)
        break_add(m, RULE_REFUSAL_REASON, process, address, DETAIL_REFUSAL_CODE, got, reason);
    else if (reason == ERR_NONE)
        break_add(m, RULE_REFUSAL_REASON, process, address, DETAIL_REFUSAL_BASELESS, got, 0);
}

static void judge_lack(struct machine *m, uint32_t process, const struct loan_due *due)
{
    rule_armed(m, RULE_REFUSAL_REASON);
    if (due->err)
        break_add(m, RULE_REFUSAL_REASON, process, due->asked.base, DETAIL_REFUSAL_MISSING, 0,
                  due->err);
}

static OUT_OF_LINE void judge_return(struct machine *m, const struct question *q,
                                     const struct record *r)
{
    const struct ledger *l = ledger_of(m);
    const struct ledger_process *p = &l->processes[r->process];
    const struct loan_due *due = loans_due(m, r->process);

    if (!due || !l->returning || !is_of_passthrough(m, p))
        return;
    if (r->address >= RETURN_SUCCESS) {
        if (p->args[1] == COMMAND_ALLOCATE)
            judge_success(m, q, p, r->process);
        judge_lack(m, r->process, due);
        return;
    }
    if (r->address != RETURN_FAILURE)
        break_add(m, RULE_REFUSAL_REASON, r->process, p->args[2], DETAIL_REFUSAL_VARIANT,
                  r->address, RETURN_FAILURE);
    judge_code(m, r->process, p->args[2], pair_low(r->value), (enum err)due->err);
}

/* The moment of the refusal, which a header's request has no other record of. */
static OUT_OF_LINE void judge_note(struct machine *m, const struct record *r)
{
    struct span asked = {r->address, pair_low(r->value)};
    const struct loan_due *due = loans_due(m, r->process);
    bool is_open = due && span_equal(due->asked, asked);

    judge_code(m, r->process, asked.base, pair_high(r->value),
               is_open ? (enum err)due->err : ERR_NONE);
}

/* ---- headers: each request is one of its own, and only a note tells of its success */

static OUT_OF_LINE void on_decided(struct machine *m, struct question *q, const struct record *r)
{
    const struct loan_due *due = loans_due(m, r->process);

    if (ledger_of(m)->processes[r->process].call_open)
        return;
    q->asked_in_request = false;
    if (due && r->kind == EVENT_OF(NOTE_WINDOW_GRANTED))
        judge_lack(m, r->process, due);
}

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
    case EVENT_OF(NOTE_FILTER_ASKED):
        on_asked(m, q, r);
        break;
    case EVENT_OF(NOTE_FILTER_ANSWERED):
        on_answer(m, q, r);
        break;
    case EVENT_OF(NOTE_WINDOW_GRANTED):
        judge_grant(m, q, r->process, span_of_note(r));
        on_decided(m, q, r);
        break;
    case EVENT_OF(NOTE_WINDOW_REFUSED):
        judge_note(m, r);
        on_decided(m, q, r);
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
    .kinds = {KIND_EVENT(EVENT_SYSCALL) | KIND_EVENT(EVENT_RETURN),
              KIND_NOTE(NOTE_PROCESS_LOADED) | KIND_NOTE(NOTE_FILTER_ASKED) |
                  KIND_NOTE(NOTE_FILTER_ANSWERED) | KIND_NOTE(NOTE_WINDOW_GRANTED) |
                  KIND_NOTE(NOTE_WINDOW_REFUSED)},
    .state_size = sizeof(struct filter),
    .rows = {ROWS_OF_APPS(filter, of)},
    .rules = KIND_BIT(RULE_FILTER_ASKED) | KIND_BIT(RULE_REFUSAL_REASON),
    .always = true,
    .on_record = on_record,
};
