#include "sim/monitors/ledger.h"
#include "sim/machine.h"

/* ---- questions */

enum err board_answer(const struct machine *m, uint32_t process, struct span asked,
                      struct span *granted)
{
    const struct scenario *s = machine_scenario(m);
    const struct device_filter *filter = &s->config.filter;
    const struct filter_subject who = {s->images[process].short_id, process};

    *granted = (struct span){0, 0};
    if (!filter->function)
        return ERR_NODEVICE;
    enum err err = filter->function(filter, who, asked, granted);
    return (uint32_t)err > ERR_NOACK ? ERR_FAIL
                                     : err; /* no code of Tock's reaches an app as it is */
}

const struct ledger_window *ledger_window_at(const struct ledger *l, uint32_t process,
                                             uint32_t address)
{
    for (uint32_t i = 0; i < l->window_end; i++) {
        const struct ledger_window *w = &l->windows[i];
        if (w->state == WINDOW_HELD && w->process == process && span_holds(w->granted, address))
            return w;
    }
    return NULL;
}

uint32_t ledger_holder(const struct ledger *l, struct span span, uint32_t except)
{
    for (uint32_t i = 0; i < l->window_end; i++) {
        const struct ledger_window *w = &l->windows[i];
        if (w->state == WINDOW_HELD && w->process != except && span_meets(w->granted, span))
            return w->process;
    }
    return PROCESS_NONE;
}

bool ledger_holds_endpoint(const struct machine *m, const struct ledger *l, uint32_t process,
                           uint32_t endpoint)
{
    const struct passthrough_endpoint *e = &machine_scenario(m)->config.endpoints[endpoint];

    for (uint32_t i = 0; i < l->window_end; i++) {
        const struct ledger_window *w = &l->windows[i];
        if (w->state == WINDOW_HELD && w->process == process && endpoint_meets_span(e, w->granted))
            return true;
    }
    return false;
}

uint32_t ledger_rights(const struct machine *m, const struct ledger *l, uint32_t process,
                       uint32_t address)
{
    const struct ledger_process *p = &l->processes[process];

    if (!p->live)
        return 0;
    if (span_holds(machine_scenario(m)->images[process].flash, address))
        return RIGHT_READ | RIGHT_EXECUTE;
    if (span_holds(p->block, address))
        return address < p->app_break ? RIGHT_READ | RIGHT_WRITE : 0;
    return ledger_window_at(l, process, address) ? RIGHT_READ | RIGHT_WRITE : 0;
}

bool ledger_block_is_broken(const struct machine *m, struct span block)
{
    const struct scenario *s = machine_scenario(m);
    const struct verdict *kept;
    uint32_t count = machine_verdicts(m, &kept);

    for (uint32_t i = 0; i < count; i++)
        if (kept[i].rule == RULE_DMA_REACH && span_holds(block, kept[i].address))
            return true;
    for (uint32_t i = 0; i < s->injection_count; i++)
        if (s->injections[i].kind == INJECT_POKE && span_holds(block, s->injections[i].address))
            return true;
    return false;
}

bool ledger_waits(const struct ledger_process *p)
{
    return p->call_open && p->call_class == SYSCALL_YIELD &&
           (p->args[0] == YIELD_WAIT || p->args[0] == YIELD_WAIT_FOR);
}

bool is_of_passthrough(const struct machine *m, const struct ledger_process *p)
{
    return p->call_class == SYSCALL_COMMAND &&
           p->args[0] == machine_scenario(m)->config.passthrough_driver;
}

bool is_passthrough_command(const struct machine *m, const struct ledger_process *p,
                            uint32_t number)
{
    return is_of_passthrough(m, p) && p->args[1] == number;
}

static void dues_changed(struct machine *m, struct ledger *l, uint32_t process)
{
    l->processes[process].version++;
    machine_dues_changed(m);
}

/* ---- windows */

static void window_past(struct machine *m, struct ledger *l, struct ledger_window *w)
{
    w->state = WINDOW_PAST;
    w->users = l->users;
    dues_changed(m, l, w->process);
}

/* The kernel has not said that it is unmapped, and must before user mode runs. */
static void window_past_unsaid(struct machine *m, struct ledger *l, struct ledger_window *w)
{
    window_past(m, l, w);
    w->unremoved = true;
    l->unremoved_count++;
}

/* A free row, or the oldest past one. */
static uint32_t row_for_window(const struct ledger *l)
{
    uint32_t oldest = LEDGER_NONE;

    for (uint32_t i = 0; i < l->window_end; i++) {
        const struct ledger_window *w = &l->windows[i];
        if (w->state == WINDOW_FREE)
            return i;
        if (w->state == WINDOW_PAST &&
            (oldest == LEDGER_NONE || w->users < l->windows[oldest].users))
            oldest = i;
    }
    return l->window_end < LEDGER_WINDOW_MAX ? l->window_end : oldest;
}

static void dma_mark(const struct machine *m, struct ledger *l, struct span granted)
{
    const struct board *board = &machine_scenario(m)->board;

    /* They are sorted. */
    for (uint32_t i = 0; i < board->device_count; i++) {
        if (board->devices[i].window.base > span_last(granted))
            break;
        if (board->devices[i].dma && span_meets(board->devices[i].window, granted))
            l->dma_lent[i / 64] |= UINT64_C(1) << i % 64;
    }
}

static void window_add(struct machine *m, struct ledger *l, struct ledger_window window)
{
    uint32_t row = row_for_window(l);

    if (row == LEDGER_NONE)
        return; /* more than the kernel may lend: the reach rule will say so */
    if (l->windows[row].unremoved)
        l->unremoved_count--;
    if (l->window_end <= row)
        l->window_end = row + 1;
    window.state = WINDOW_HELD;
    l->windows[row] = window;
    l->added = row;
    dues_changed(m, l, window.process);
    dma_mark(m, l, window.granted);
}

static uint32_t window_asked_index(const struct ledger *l, uint32_t process, struct span asked)
{
    for (uint32_t i = 0; i < l->window_end; i++) {
        const struct ledger_window *w = &l->windows[i];
        if (w->state == WINDOW_HELD && w->process == process && span_equal(w->asked, asked))
            return i;
    }
    return LEDGER_NONE;
}

static struct ledger_window *window_asked(struct ledger *l, uint32_t process, struct span asked)
{
    uint32_t index = window_asked_index(l, process, asked);

    return index == LEDGER_NONE ? NULL : &l->windows[index];
}

const struct ledger_window *ledger_window_asked(const struct ledger *l, uint32_t process,
                                                struct span asked)
{
    uint32_t index = window_asked_index(l, process, asked);

    return index == LEDGER_NONE ? NULL : &l->windows[index];
}

static struct span span_of_call(const struct ledger_process *p)
{
    return (struct span){p->args[2], p->args[3]};
}

static bool is_answered_so(const struct machine *m, uint32_t process, struct span asked,
                           struct span granted)
{
    struct span answer;

    return board_answer(m, process, asked, &answer) == ERR_NONE && span_equal(answer, granted);
}

/* The request that NOTE_WINDOW_GRANTED must be about; an empty span: there is none. Of a header's
 * requests with one answer it is the one that the filter was asked about last. */
static struct span request_behind(const struct machine *m, const struct ledger *l, uint32_t process,
                                  struct span granted)
{
    const struct ledger_process *p = &l->processes[process];
    const struct process_image *image = &machine_scenario(m)->images[process];
    struct span found = {0, 0};

    if (p->call_open && is_passthrough_command(m, p, COMMAND_ALLOCATE))
        return span_of_call(p);
    for (uint32_t i = 0; i < image->request_count; i++) {
        bool asked_last = span_equal(image->requests[i], p->filter_asked);
        if ((found.size == 0 || asked_last) &&
            is_answered_so(m, process, image->requests[i], granted))
            found = image->requests[i];
    }
    return found;
}

static OUT_OF_LINE void on_window_granted(struct machine *m, struct ledger *l, uint32_t process,
                                          struct span granted)
{
    const struct ledger_process *p = &l->processes[process];
    struct span asked = request_behind(m, l, process, granted);

    if (asked.size == 0 || !is_answered_so(m, process, asked, granted))
        return;
    window_add(m, l,
               (struct ledger_window){.process = (uint16_t)process,
                                      .confirmed = !p->call_open,
                                      .asked = asked,
                                      .granted = granted});
}

static OUT_OF_LINE void on_window_removed(struct machine *m, struct ledger *l, uint32_t process,
                                          struct span granted)
{
    for (uint32_t i = 0; i < l->window_end; i++) {
        struct ledger_window *w = &l->windows[i];
        if (w->process != process || !span_equal(w->granted, granted))
            continue;
        if (w->state == WINDOW_HELD) {
            window_past(m, l, w);
            return;
        }
        if (w->state == WINDOW_PAST && w->unremoved) {
            w->unremoved = false;
            l->unremoved_count--;
            return;
        }
    }
}

/* ---- system calls */

static OUT_OF_LINE void allocate_returned(struct machine *m, struct ledger *l, uint32_t process,
                                          bool success)
{
    struct span asked = span_of_call(&l->processes[process]);
    struct ledger_window *w = window_asked(l, process, asked);
    struct ledger_window window = {.process = (uint16_t)process, .confirmed = true, .asked = asked};

    if (w && success) {
        w->confirmed = true;
    } else if (w && !w->confirmed) {
        dues_changed(m, l, process);
        w->state = WINDOW_FREE;
    } else if (success && board_answer(m, process, asked, &window.granted) == ERR_NONE) {
        window_add(m, l, window);
    }
}

static OUT_OF_LINE void command_returned(struct machine *m, struct ledger *l, uint32_t process,
                                         bool success)
{
    const struct ledger_process *p = &l->processes[process];

    if (is_passthrough_command(m, p, COMMAND_ALLOCATE)) {
        allocate_returned(m, l, process, success);
    } else if (success && is_passthrough_command(m, p, COMMAND_RELEASE)) {
        struct ledger_window *w = window_asked(l, process, span_of_call(p));
        if (w) /* else the kernel has said before that it is unmapped */
            window_past_unsaid(m, l, w);
    }
}

static void on_return(struct machine *m, struct ledger *l, const struct record *r)
{
    struct ledger_process *p = &l->processes[r->process];

    l->returning = p->call_open;
    p->call_open = false;
    if (l->returning && p->call_class == SYSCALL_COMMAND)
        command_returned(m, l, r->process, r->address >= RETURN_SUCCESS);
}

static OUT_OF_LINE void doom(struct ledger *l, struct ledger_process *p)
{
    if (p->live && !p->doomed)
        l->doomed_count++;
    p->doomed = p->live;
}

static void spare(struct ledger *l, struct ledger_process *p)
{
    if (p->doomed)
        l->doomed_count--;
    p->doomed = false;
}

static void on_call(struct ledger *l, const struct record *r)
{
    struct ledger_process *p = &l->processes[r->process];
    uint32_t first = r->kind == EVENT_SYSCALL ? 0 : 2;

    p->calls += first == 0; /* the second record of a call is of its last two arguments */
    p->call_open = true;
    p->call_class = r->address;
    p->args[first] = pair_low(r->value);
    p->args[first + 1] = pair_high(r->value);
    if (p->call_class == SYSCALL_EXIT &&
        (p->args[0] == EXIT_TERMINATE || p->args[0] == EXIT_RESTART))
        doom(l, p);
}

/* ---- lives */

void ledger_life_end(struct machine *m, struct ledger *l, uint32_t process)
{
    struct ledger_process *p = &l->processes[process];

    for (uint32_t i = 0; i < l->window_end; i++) {
        struct ledger_window *w = &l->windows[i];
        if (w->state != WINDOW_HELD || w->process != process)
            continue;
        window_past_unsaid(m, l, w);
    }
    p->ended_due = p->doomed;
    p->ended_in_call = p->call_open;
    spare(l, p);
    if (p->accessible_end > p->past_end)
        p->past_end = p->accessible_end;
    p->live = false;
    p->call_open = false;
    dues_changed(m, l, process);
}

/* The process console's hand ends a life as the app's own exit does. */
static OUT_OF_LINE void on_injected(const struct machine *m, struct ledger *l,
                                    const struct record *r)
{
    const struct injection *plan = &machine_scenario(m)->injections[r->address];

    if (plan->kind == INJECT_KILL || plan->kind == INJECT_FAULT || plan->kind == INJECT_RESTART)
        doom(l, &l->processes[plan->process]);
}

static OUT_OF_LINE void on_loaded(struct machine *m, struct ledger *l, const struct record *r)
{
    struct ledger_process *p = &l->processes[r->process];
    struct span block = {r->address, pair_low(r->value)};

    if (!span_equal(p->block, block))
        p->past_end = 0;
    spare(l, p);
    p->live = true;
    p->call_open = false;
    p->life++;
    p->block = block;
    p->app_break = p->kernel_break = p->accessible_end = block.base;
    dues_changed(m, l, r->process);
}

static OUT_OF_LINE void on_breaks(struct machine *m, struct ledger *l, const struct record *r)
{
    struct ledger_process *p = &l->processes[r->process];

    p->app_break = r->address;
    p->kernel_break = pair_low(r->value);
    p->accessible_end = pair_high(r->value);
    dues_changed(m, l, r->process);
}

/* A flat switch. */
static void on_record_of_process(struct machine *m, struct ledger *l, const struct record *r)
{
    switch (r->kind) {
    case EVENT_SYSCALL:
    case EVENT_SYSCALL_MORE:
        on_call(l, r);
        break;
    case EVENT_RETURN:
        on_return(m, l, r);
        break;
    case EVENT_UPCALL:
        l->processes[r->process].call_open = false;
        break;
    case EVENT_FAULT:
        doom(l, &l->processes[r->process]);
        break;
    case EVENT_OF(NOTE_PROCESS_LOADED):
        on_loaded(m, l, r);
        break;
    case EVENT_OF(NOTE_PROCESS_BREAKS):
        on_breaks(m, l, r);
        break;
    case EVENT_OF(NOTE_PROCESS_END):
        ledger_life_end(m, l, r->process);
        break;
    case EVENT_OF(NOTE_FILTER_ASKED):
        l->processes[r->process].filter_asked = (struct span){r->address, (uint32_t)r->value};
        break;
    case EVENT_OF(NOTE_WINDOW_GRANTED):
        on_window_granted(m, l, r->process, (struct span){r->address, (uint32_t)r->value});
        break;
    case EVENT_OF(NOTE_WINDOW_REMOVED):
        on_window_removed(m, l, r->process, (struct span){r->address, (uint32_t)r->value});
        break;
    default:
        break;
    }
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct ledger *l = state;

    l->added = LEDGER_NONE;
    l->returning = false;
    if (r->kind == EVENT_INJECTED)
        on_injected(m, l, r);
    else if (r->process < PROCESS_MAX)
        on_record_of_process(m, l, r);
}

static void on_user(struct machine *m, void *state, uint32_t process)
{
    (void)m, (void)process;
    ((struct ledger *)state)->users++;
}

static void start(struct machine *m, void *state)
{
    (void)m;
    ((struct ledger *)state)->added = LEDGER_NONE;
}

const struct monitor monitor_ledger = {
    .name = "ledger",
    .kinds = {KIND_EVENT(EVENT_SYSCALL) | KIND_EVENT(EVENT_SYSCALL_MORE) |
                  KIND_EVENT(EVENT_RETURN) | KIND_EVENT(EVENT_UPCALL) | KIND_EVENT(EVENT_FAULT) |
                  KIND_EVENT(EVENT_INJECTED),
              KIND_NOTE(NOTE_PROCESS_LOADED) | KIND_NOTE(NOTE_PROCESS_BREAKS) |
                  KIND_NOTE(NOTE_PROCESS_END) | KIND_NOTE(NOTE_WINDOW_GRANTED) |
                  KIND_NOTE(NOTE_FILTER_ASKED) | KIND_NOTE(NOTE_WINDOW_REMOVED)},
    .state_size = sizeof(struct ledger),
    .rows = {ROWS_OF_APPS(ledger, processes), ROWS_FROM_UP_TO(ledger, windows, 0, window_end)},
    .always = true,
    .start = start,
    .on_record = on_record,
    .on_user = on_user,
};
