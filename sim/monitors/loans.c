/* loans: loan-answer.
 *
 * Keeps what the open request of each app must come to (loans.h), for refusal-reason and
 * filter-asked (filter.c), and judges what else is due, by the kernel's notes and by what the app
 * gets:
 *
 *   query     2u32: the window that the app has for just these words, or would get; no effect
 *   allocate  Success, and just that window is lent, once
 *   release   Success, and just that window goes
 *   others    from number 4 on: Failure, NOSUPPORT (NODEVICE if they are not permitted)
 *   header    each life's load answers all requests of the app's header, in their order, before
 *             user mode runs
 *
 * No window comes or goes but so, or with its app's life. Whoever is noted as a device's owner has
 * a window that meets it; and a device is masked, or noted as free, only when its owner's last
 * window on it has gone.
 *
 * Cannot see: what a refusal changes that neither a note nor a register tells, until somebody asks
 * for the same device. Whether a device that is called stuck is so (death.c): who is has no next
 * owner here either way.
 */
#include "sim/monitors/loans.h"
#include "sim/machine.h"
#include "sim/monitors/answers.h"

enum request_state { REQUEST_NONE, REQUEST_CALL, REQUEST_LOAD };

struct loans {
    uint32_t withheld[LOAN_WORDS];
    bool is_any_open; /* else no row is loading, nor has lost a window */
    struct open_request {
        struct loan_due due;
        uint8_t state; /* enum request_state */
        uint8_t next;  /* REQUEST_LOAD: which request of the header */
        bool granted;  /* REQUEST_CALL: the window has come, and needs not come again */
        bool lost;     /* a window has gone, and nothing was heard why */
        uint32_t lost_base;
    } of[PROCESS_MAX];
};

const struct loan_due *loans_due(struct machine *m, uint32_t process)
{
    const struct loans *loans = machine_monitor_state(m, MONITOR_loans);
    const struct open_request *open = &loans->of[process];

    return open->state == REQUEST_NONE ? NULL : &open->due;
}

static void wrong(struct machine *m, uint32_t process, uint32_t address, enum verdict_detail detail,
                  uint64_t got, uint64_t wanted)
{
    break_add(m, RULE_LOAN_ANSWER, process, address, detail, got, wanted);
}

/* ---- calls */

static struct loan_due due_of_call(const struct machine *m, const struct ledger *l,
                                   const struct loans *loans, uint32_t process)
{
    const struct ledger_process *p = &l->processes[process];
    struct span asked = {p->args[2], p->args[3]};

    if (!call_is_permitted(&machine_scenario(m)->images[process], p->call_class, p->args))
        return (struct loan_due){.asked = asked, .err = ERR_NODEVICE};
    if (p->args[1] == COMMAND_QUERY)
        return loan_query(m, l, loans->withheld, process, asked);
    if (p->args[1] == COMMAND_ALLOCATE)
        return loan_request(m, l, loans->withheld, process, asked);
    return loan_release(l, process, asked);
}

static OUT_OF_LINE void on_command(struct machine *m, struct loans *loans, uint32_t process)
{
    const struct ledger *l = ledger_of(m);
    const struct ledger_process *p = &l->processes[process];
    struct open_request *open = &loans->of[process];

    if (!is_of_passthrough(m, p) || p->args[1] < COMMAND_QUERY || p->args[1] > COMMAND_RELEASE)
        return;
    open->state = REQUEST_CALL;
    open->granted = false;
    open->due = due_of_call(m, l, loans, process);
}

static void judge_values(struct machine *m, const struct record *r, const struct loan_due *due)
{
    uint32_t base = pair_low(r->value), size = pair_high(r->value);

    if (base != due->granted.base)
        wrong(m, r->process, due->asked.base, DETAIL_LOAN_VALUE, base, due->granted.base);
    else if (size != due->granted.size)
        wrong(m, r->process, due->asked.base, DETAIL_LOAN_VALUE, size, due->granted.size);
}

static void judge_success(struct machine *m, const struct record *r, const struct loan_due *due,
                          uint32_t number)
{
    uint32_t variant = number == COMMAND_QUERY ? RETURN_SUCCESS_2U32 : RETURN_SUCCESS;

    if (r->address != variant)
        wrong(m, r->process, due->asked.base, DETAIL_LOAN_VARIANT, r->address, variant);
    else if (number == COMMAND_QUERY)
        judge_values(m, r, due);
}

static void judge_unknown(struct machine *m, const struct record *r, const struct ledger_process *p)
{
    const struct process_image *image = &machine_scenario(m)->images[r->process];
    enum err err = call_is_permitted(image, p->call_class, p->args) ? ERR_NOSUPPORT : ERR_NODEVICE;

    if (r->address != RETURN_FAILURE || pair_low(r->value) != (uint32_t)err)
        wrong(m, r->process, p->args[1], DETAIL_LOAN_COMMAND, r->address, err);
}

static OUT_OF_LINE void judge_return(struct machine *m, struct loans *loans, const struct record *r)
{
    const struct ledger *l = ledger_of(m);
    const struct ledger_process *p = &l->processes[r->process];
    const struct open_request *open = &loans->of[r->process];

    if (!l->returning || !is_of_passthrough(m, p))
        return;
    rule_armed(m, RULE_LOAN_ANSWER);
    if (p->args[1] > COMMAND_RELEASE)
        judge_unknown(m, r, p);
    else if (open->state == REQUEST_CALL && !open->due.err && r->address >= RETURN_SUCCESS)
        judge_success(m, r, &open->due, p->args[1]);
}

/* ---- headers */

/* The next request of its header must come to this; or there is none. */
static void header_goes_on(const struct machine *m, struct loans *loans, uint32_t process)
{
    const struct process_image *image = &machine_scenario(m)->images[process];
    struct open_request *open = &loans->of[process];

    if (open->next < image->request_count)
        open->due = loan_request(m, ledger_of((struct machine *)m), loans->withheld, process,
                                 image->requests[open->next]);
    else
        open->state = REQUEST_NONE;
}

static OUT_OF_LINE void on_loaded(const struct machine *m, struct loans *loans, uint32_t process)
{
    struct open_request *open = &loans->of[process];

    *open = (struct open_request){.state = REQUEST_LOAD};
    loans->is_any_open |= machine_scenario(m)->images[process].request_count > 0;
    header_goes_on(m, loans, process);
}

static OUT_OF_LINE void header_answered(const struct machine *m, struct loans *loans,
                                        uint32_t process)
{
    if (loans->of[process].state != REQUEST_LOAD)
        return;
    loans->of[process].next++;
    header_goes_on(m, loans, process);
}

static OUT_OF_LINE void judge_header(struct machine *m, uint32_t process, struct open_request *open)
{
    if (open->state != REQUEST_LOAD)
        return;
    rule_armed(m, RULE_LOAN_ANSWER);
    wrong(m, process, open->due.asked.base, DETAIL_LOAN_HEADER, open->next,
          machine_scenario(m)->images[process].request_count);
    open->state = REQUEST_NONE;
}

/* ---- windows */

/* That it comes though the request must be refused is refusal-reason's. */
static OUT_OF_LINE void on_granted(struct machine *m, struct loans *loans, const struct record *r)
{
    const struct ledger_process *p = &ledger_of(m)->processes[r->process];
    struct open_request *open = &loans->of[r->process];
    struct span granted = {r->address, (uint32_t)r->value};
    bool is_meant =
        open->state == REQUEST_LOAD || (open->state == REQUEST_CALL && p->call_open &&
                                        !open->granted && p->args[1] == COMMAND_ALLOCATE);

    rule_armed(m, RULE_LOAN_ANSWER);
    if (!is_meant || (!open->due.err && !span_equal(granted, open->due.granted)))
        wrong(m, r->process, granted.base, DETAIL_LOAN_GRANTED, 0, 0);
    open->granted = true;
    header_answered(m, loans, r->process);
}

/* With its life, or since it was given back. */
static OUT_OF_LINE void on_removed(struct machine *m, struct loans *loans, const struct record *r)
{
    const struct ledger_process *p = &ledger_of(m)->processes[r->process];
    struct open_request *open = &loans->of[r->process];
    struct span removed = {r->address, (uint32_t)r->value};
    bool is_meant = open->state == REQUEST_CALL && p->call_open && p->args[1] == COMMAND_RELEASE &&
                    !open->due.err && span_equal(removed, open->due.granted);

    if (is_meant || p->doomed || !p->live)
        return;
    loans->is_any_open = true;
    open->lost = true;
    open->lost_base = removed.base;
}

static OUT_OF_LINE void judge_endpoint(struct machine *m, const struct record *r, bool should_hold)
{
    const struct kernel_config *config = &machine_scenario(m)->config;

    if (r->address >= config->endpoint_count)
        return;
    rule_armed(m, RULE_LOAN_ANSWER);
    if (ledger_holds_endpoint(m, ledger_of(m), r->process, r->address) != should_hold)
        wrong(m, r->process, config->endpoints[r->address].windows[0].base,
              should_hold ? DETAIL_LOAN_OWNED : DETAIL_LOAN_KEPT, 0, 0);
}

/* That of an owner who lives keeps its owner; only its line is off. */
static OUT_OF_LINE void on_stuck(struct machine *m, struct loans *loans, const struct record *r)
{
    uint32_t endpoint = r->address;

    if (endpoint < machine_scenario(m)->config.endpoint_count &&
        (r->process >= PROCESS_MAX ||
         !ledger_holds_endpoint(m, ledger_of(m), r->process, endpoint)))
        loans->withheld[endpoint / 32] |= UINT32_C(1) << endpoint % 32;
}

/* ---- records */

static bool is_command(struct machine *m, uint32_t process)
{
    return ledger_of(m)->processes[process].call_class == SYSCALL_COMMAND;
}

/* A flat switch. */
static void on_record_of_process(struct machine *m, struct loans *loans, const struct record *r)
{
    switch (r->kind) {
    case EVENT_SYSCALL_MORE:
        loans->of[r->process].state = REQUEST_NONE;
        if (is_command(m, r->process))
            on_command(m, loans, r->process);
        break;
    case EVENT_RETURN:
        if (is_command(m, r->process))
            judge_return(m, loans, r);
        break;
    case EVENT_OF(NOTE_PROCESS_LOADED):
        on_loaded(m, loans, r->process);
        break;
    case EVENT_OF(NOTE_PROCESS_END):
        loans->of[r->process] = (struct open_request){0};
        break;
    case EVENT_OF(NOTE_WINDOW_GRANTED):
        on_granted(m, loans, r);
        break;
    case EVENT_OF(NOTE_WINDOW_REFUSED):
        header_answered(m, loans, r->process);
        break;
    case EVENT_OF(NOTE_WINDOW_REMOVED):
        on_removed(m, loans, r);
        break;
    default:
        judge_endpoint(m, r, r->kind == EVENT_OF(NOTE_ENDPOINT_OWNED));
        break;
    }
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    if (r->kind == EVENT_OF(NOTE_ENDPOINT_STUCK))
        on_stuck(m, state, r);
    else if (r->process < PROCESS_MAX)
        on_record_of_process(m, state, r);
}

static OUT_OF_LINE void judge_open(struct machine *m, struct loans *loans)
{
    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++) {
        struct open_request *open = &loans->of[i];
        judge_header(m, i, open);
        if (open->lost)
            wrong(m, i, open->lost_base, DETAIL_LOAN_REMOVED, 0, 0);
        open->lost = false;
    }
    loans->is_any_open = false;
}

static void on_user(struct machine *m, void *state, uint32_t process)
{
    struct loans *loans = state;

    (void)process;
    if (loans->is_any_open)
        judge_open(m, loans);
}

const struct monitor monitor_loans = {
    .name = "loans",
    .kinds = {KIND_EVENT(EVENT_SYSCALL_MORE) | KIND_EVENT(EVENT_RETURN),
              KIND_NOTE(NOTE_PROCESS_LOADED) | KIND_NOTE(NOTE_PROCESS_END) |
                  KIND_NOTE(NOTE_WINDOW_GRANTED) | KIND_NOTE(NOTE_WINDOW_REFUSED) |
                  KIND_NOTE(NOTE_WINDOW_REMOVED) | KIND_NOTE(NOTE_ENDPOINT_OWNED) |
                  KIND_NOTE(NOTE_ENDPOINT_MASKED) | KIND_NOTE(NOTE_ENDPOINT_FREED) |
                  KIND_NOTE(NOTE_ENDPOINT_STUCK)},
    .state_size = sizeof(struct loans),
    .rows = {ROWS_OF_APPS(loans, of)},
    .rules = KIND_BIT(RULE_LOAN_ANSWER),
    .always = true,
    .on_record = on_record,
    .on_user = on_user,
};
