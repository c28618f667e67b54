/* turns: starvation, slice, and livelock of the kernel itself.
 *
 * An app is ready from the moment when it could run (upcall.c) to when it runs.
 *
 *   starvation   while an app is ready and does not run, the others are in user mode for no longer
 *                than the scheduler promises: round robin, one slice for each app that lived
 *                meanwhile; feedback
 *                queue, 5 s to the refresh and its longest slice for each. Judged at each slice
 *                end, when the app runs at last, and at the end. Cooperative and priority promise
 *                nothing.
 *   slice        one app is in user mode, while another is ready, for no longer than its slice:
 *                round robin's; feedback queue, the sum of its three, since it may pass through
 *                them in one go. TOLERANCE_PS for the timer's rounding to whole microseconds.
 *   livelock     the CPU is not the kernel's alone, neither in user mode nor asleep, for longer
 *                than KERNEL_MAX_PS while an app is ready, whatever the scheduler. Judged when that
 *                app runs at last, and at the end. The number is ours: a device that hangs takes
 *                the kernel half a millisecond to give up.
 *
 * Starvation and slice measure user mode alone, on purpose. What the kernel does for an app, it
 * does within that app's slice (the slice timer runs on), but the one call that a slice ends in
 * goes on to its end, and what interrupts and deaths take falls into whose slice it will: a bound
 * over all of that would be a number of the cost preset, and no promise of a scheduler's. An app
 * that keeps the kernel busy pays with its own slice. That it does, and how long its calls make
 * others wait, is for a scenario's "latency" to bound (timing/slices_are_shared_evenly*).
 *
 * Whom the scheduler chooses of those that are ready, and how much of a slice is left for whom, is
 * sched.c's.
 */
#include "sim/monitors/turns.h"
#include "model/scheduler.h"
#include "sim/machine.h"
#include "sim/monitors/upcall.h"

#define TOLERANCE_PS (20 * PS_PER_US)
#define KERNEL_MAX_PS (50 * PS_PER_MS)

enum { MLFQ_LONGEST_US = 50000, MLFQ_ALL_US = 80000, MLFQ_REFRESH_S = 5 };

struct turns {
    uint64_t slice_ps;        /* that the scheduler promises; 0: it promises none */
    uint64_t user_ps;         /* in user mode so far, all apps */
    uint64_t run_since_ps;    /* of the app in user mode */
    uint64_t kernel_since_ps; /* neither user mode nor sleep since; TIME_NEVER: one of them now */
    uint64_t contended_ps;    /* of the current turn, while another app was ready */
    uint32_t running;         /* in user mode, else PROCESS_NONE */
    uint32_t turn;            /* who ran last */
    uint64_t ready;           /* bit for each app that is ready and not running */
    struct {
        bool ready; /* and not running */
        uint64_t since_ps;
        uint64_t user_ps_then;
        uint64_t ended; /* bit for each app whose life ended since: it may have had its turn */
    } of[PROCESS_MAX];
};

static uint64_t slice_of(const struct kernel_config *config)
{
    uint32_t slice_us = config->timeslice_us ? config->timeslice_us : ROUND_ROBIN_SLICE_US;

    switch (config->scheduler) {
    case SCHEDULER_ROUND_ROBIN:
        return slice_us * PS_PER_US;
    case SCHEDULER_MLFQ:
        return MLFQ_ALL_US * PS_PER_US;
    default:
        return 0;
    }
}

static uint64_t promise_ps(const struct kernel_config *config, uint32_t live)
{
    if (config->scheduler == SCHEDULER_MLFQ)
        return MLFQ_REFRESH_S * PS_PER_S + live * (uint64_t)MLFQ_LONGEST_US * PS_PER_US;
    return live * (slice_of(config) + TOLERANCE_PS);
}

static uint32_t live_count(const struct machine *m, const struct ledger *l, uint64_t ended)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++)
        count += l->processes[i].live || (ended >> i & 1);
    return count;
}

static void life_ends(const struct machine *m, struct turns *t, uint32_t process)
{
    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++)
        if (t->of[i].ready)
            t->of[i].ended |= UINT64_C(1) << process;
}

/* ---- starvation */

static OUT_OF_LINE void judge_long_wait(struct machine *m, const struct turns *t, uint32_t process,
                                        uint64_t waited)
{
    uint32_t live = live_count(m, ledger_of(m), t->of[process].ended);
    uint64_t promised = promise_ps(&machine_scenario(m)->config, live);

    if (waited > promised)
        break_add(m, RULE_STARVATION, process, 0, DETAIL_STARVED, waited, promised);
}

static void judge_wait(struct machine *m, const struct turns *t, uint32_t process)
{
    if (!t->of[process].ready || t->slice_ps == 0)
        return;
    uint64_t waited = t->user_ps - t->of[process].user_ps_then;
    rule_armed(m, RULE_STARVATION);
    if (waited > t->slice_ps) /* hardly ever: no promise to an app that lives is shorter */
        judge_long_wait(m, t, process, waited);
}

static void judge_all(struct machine *m, const struct turns *t)
{
    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++)
        judge_wait(m, t, i);
}

/* Takes a new look at whether an app that does not run is ready. */
static OUT_OF_LINE void look(struct machine *m, struct turns *t, uint32_t process, uint64_t now_ps)
{
    if (process >= PROCESS_MAX)
        return;
    bool ready = process != t->running && process_would_run(m, ledger_of(m), process);

    if (ready && !t->of[process].ready) {
        t->of[process].since_ps = now_ps;
        t->of[process].user_ps_then = t->user_ps;
        t->of[process].ended = 0;
    }
    t->of[process].ready = ready;
    if (ready)
        t->ready |= UINT64_C(1) << process;
    else
        t->ready &= ~(UINT64_C(1) << process);
}

/* ---- slice */

static uint64_t another_ready_since(const struct turns *t, uint32_t except, uint32_t count)
{
    uint64_t since = TIME_NEVER;

    for (uint32_t i = 0; i < count; i++)
        if (i != except && t->of[i].ready && t->of[i].since_ps < since)
            since = t->of[i].since_ps;
    return since;
}

static void judge_slice(struct machine *m, struct turns *t, uint64_t now_ps)
{
    if (t->slice_ps == 0)
        return;
    uint64_t since = another_ready_since(t, t->turn, machine_scenario(m)->app_count);
    uint64_t from = since > t->run_since_ps ? since : t->run_since_ps;
    if (since == TIME_NEVER || from >= now_ps)
        return;
    rule_armed(m, RULE_SLICE);
    t->contended_ps += now_ps - from;
    if (t->contended_ps > t->slice_ps + TOLERANCE_PS)
        break_add(m, RULE_SLICE, t->turn, 0, DETAIL_SLICE, t->contended_ps, t->slice_ps);
}

/* With nobody else to run, whoever runs may have a slice anew, or several. */
static bool turn_is_anew(struct machine *m, const struct turns *t)
{
    return t->contended_ps > 0 &&
           another_ready_since(t, t->turn, machine_scenario(m)->app_count) == TIME_NEVER;
}

/* ---- livelock */

static void judge_kernel(struct machine *m, const struct turns *t, uint32_t process)
{
    uint64_t now_ps = machine_now_ps(m);
    uint64_t from_ps = t->kernel_since_ps;

    if (!t->of[process].ready)
        return;
    if (from_ps < t->of[process].since_ps)
        from_ps = t->of[process].since_ps;
    if (from_ps >= now_ps)
        return;
    peak_reach(m, PEAK_KERNEL_PS, now_ps - from_ps);
    if (now_ps - from_ps > KERNEL_MAX_PS)
        break_add(m, RULE_LIVELOCK, process, 0, DETAIL_LIVELOCK_KERNEL, now_ps - from_ps,
                  KERNEL_MAX_PS);
}

/* ---- */

static OUT_OF_LINE void user_begins(struct machine *m, struct turns *t, const struct record *r)
{
    if (t->turn != r->process || turn_is_anew(m, t))
        t->contended_ps = 0;
    judge_wait(m, t, r->process);
    judge_kernel(m, t, r->process);
    t->kernel_since_ps = TIME_NEVER;
    t->turn = t->running = r->process;
    t->of[r->process].ready = false;
    t->ready &= ~(UINT64_C(1) << r->process);
    t->run_since_ps = r->at_ps;
}

static OUT_OF_LINE void user_ends(struct machine *m, struct turns *t, const struct record *r)
{
    if (t->running != r->process)
        return; /* the second of two records */
    judge_slice(m, t, r->at_ps);
    t->user_ps += r->at_ps - t->run_since_ps;
    t->running = PROCESS_NONE;
    t->kernel_since_ps = r->at_ps;
    if (r->kind == EVENT_SLICE_END)
        judge_all(m, t);
}

/* Injections take the CPU from the app without a record of their own. */
static OUT_OF_LINE void on_end(struct machine *m, struct turns *t, const struct record *r)
{
    if (t->running != PROCESS_NONE)
        user_ends(m, t, &(struct record){r->at_ps, EVENT_IRQ_TAKEN, (uint16_t)t->running, 0, 0});
    if (r->process >= PROCESS_MAX)
        return;
    life_ends(m, t, r->process);
    look(m, t, r->process, r->at_ps);
}

/* A flat switch. */
static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct turns *t = state;

    switch (r->kind) {
    case EVENT_SLEEP:
        t->kernel_since_ps = TIME_NEVER;
        break;
    case EVENT_WAKE:
        t->kernel_since_ps = r->at_ps;
        break;
    case EVENT_RUN:
        user_begins(m, t, r);
        break;
    case EVENT_SYSCALL: /* the other half of its arguments comes at once */
        user_ends(m, t, r);
        break;
    case EVENT_FAULT:
    case EVENT_SLICE_END:
    case EVENT_IRQ_TAKEN:
        user_ends(m, t, r);
        look(m, t, r->process, r->at_ps);
        break;
    case EVENT_OF(NOTE_PROCESS_END):
        on_end(m, t, r);
        break;
    default:
        look(m, t, r->process, r->at_ps);
        break;
    }
}

uint64_t turns_ready(struct machine *m)
{
    const struct turns *t = machine_monitor_state(m, MONITOR_turns);

    return t->ready;
}

static void start(struct machine *m, void *state)
{
    struct turns *t = state;

    t->slice_ps = slice_of(&machine_scenario(m)->config);
    t->running = t->turn = PROCESS_NONE;
}

static void at_end(struct machine *m, void *state)
{
    struct turns *t = state;

    if (t->running != PROCESS_NONE) {
        t->user_ps += machine_now_ps(m) - t->run_since_ps;
        judge_slice(m, t, machine_now_ps(m));
    }
    judge_all(m, t);
    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++)
        judge_kernel(m, t, i);
}

const struct monitor monitor_turns = {
    .name = "turns",
    .kinds = {KIND_EVENT(EVENT_RUN) | KIND_EVENT(EVENT_SYSCALL) | KIND_EVENT(EVENT_SYSCALL_MORE) |
                  KIND_EVENT(EVENT_FAULT) | KIND_EVENT(EVENT_SLICE_END) |
                  KIND_EVENT(EVENT_IRQ_TAKEN) | KIND_EVENT(EVENT_SLEEP) | KIND_EVENT(EVENT_WAKE),
              KIND_NOTE(NOTE_PROCESS_LOADED) | KIND_NOTE(NOTE_PROCESS_END) |
                  KIND_NOTE(NOTE_UPCALL_QUEUED) | KIND_NOTE(NOTE_UPCALL_CANCELLED) |
                  KIND_NOTE(NOTE_UPCALL_DELIVERED)},
    .state_size = sizeof(struct turns),
    .rows = {ROWS_OF_APPS(turns, of)},
    .rules = KIND_BIT(RULE_STARVATION) | KIND_BIT(RULE_SLICE) | KIND_BIT(RULE_LIVELOCK),
    .always = true,
    .start = start,
    .on_record = on_record,
    .at_end = at_end,
};
