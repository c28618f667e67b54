/* sched: sched-order.
 *
 * Judges at each switch to user mode whom the kernel has chosen of those that are ready by turns.c:
 *
 *   priority      nobody is ready before it in the board's list
 *   cooperative   who ran last, if it is ready ever since; else the next ready one behind it in
 *                 the list, taken as a ring
 *   round robin   likewise, and only with more than MIN_QUANTUM_US of its slice left
 *   feedback      nobody is ready in a higher queue; who ran last goes on before others of its own
 *                 queue. A queue's slice that is used up but for MIN_QUANTUM_US makes it sink by
 *                 one; every five seconds of the alarm's all are in the top queue again
 *
 * and, where slices are, for how long: with another ready nobody is given more than what is left of
 * its slice. What is used is taken from the slice timer itself, from when it was started to when it
 * was stopped; and it is not stopped before the kernel has taken in the app's system call, whose
 * work counts.
 *
 * The kernel counts in whole microseconds, up, so its view of a slice drifts from this one, until
 * it gives all that it thinks is left. Where a line rests that it wants to look at
 * (model/line_pace.h) it gives less each time: such drift is let pass.
 *
 * Ready ever since: who was woken out of a yield, faulted or began anew may go on or go behind the
 * others.
 *
 * Cannot see: the order within one queue of the feedback queue, but for who goes on; queues after
 * the first five seconds on a board without an alarm, or at all where an injection touches it.
 */
#include "model/scheduler.h"
#include "sim/machine.h"
#include "sim/monitors/ledger.h"
#include "sim/monitors/turns.h"

enum { FORGIVE_TICKS = MLFQ_REFRESH_MS * 32768 / 1000 };

static const uint64_t queue_slice_ps[MLFQ_QUEUES] = {10000 * PS_PER_US, 20000 * PS_PER_US,
                                                     50000 * PS_PER_US};

#define DRIFT_PS (2 * PS_PER_US) /* of one run: rounding, and what lies between two looks */
#define QUANTUM_PS (MIN_QUANTUM_US * PS_PER_US)
#define FORGIVE_TOLERANCE_PS (200 * PS_PER_US) /* a few ticks, and what the choice takes */
#define FORGIVE_SPREAD_PS (3 * PS_PER_MS)      /* seen so late, the next time is not known */
#define BIT(process) (UINT64_C(1) << (process))

struct sched {
    uint32_t last; /* who ran last */
    bool unsure;   /* it may have been out of turn since */
    bool has_slices;
    uint8_t scheduler; /* enum scheduler_kind */
    /* Of the slice timer as it was started for it; 0: there was none. */
    uint64_t armed_ps, granted_ps;
    uint64_t call_ps;   /* when it made the system call that it stopped for; 0: it did not */
    uint64_t left_ps;   /* round robin: of its slice, when the timer was started */
    uint64_t drift_ps;  /* round robin: by so much the kernel may think that less is left */
    uint64_t slice_ps;  /* round robin */
    uint64_t tolerance; /* for rounding to microseconds, and between reading and stopping */
    uint64_t entry_ps;  /* what a system call takes the kernel at least */
    /* Feedback queue: all are forgiven between these; 0: not known yet. */
    uint64_t forgiven_from_ps, forgiven_to_ps, forgiven_each_ps;
    bool blind; /* queues are not known any more */
    bool hazy;  /* it ran last while all might have been forgiven */
    struct queued {
        uint64_t left_ps; /* of its queue's slice */
        uint8_t queue;
        bool vague; /* or one further down */
        bool loose; /* or less is left */
    } of[PROCESS_MAX];
};

static uint64_t ps_of_cycles(const struct machine *m, uint64_t cycles)
{
    return cycles * PS_PER_S / machine_scenario(m)->config.cpu_hz;
}

/* ---- the slice timer */

/* For how long it was started just now; 0: it is off. */
static uint64_t granted_now_ps(const struct nvic *nvic)
{
    return nvic->systick_fires_ps == TIME_NEVER ? 0
                                                : nvic->systick_fires_ps - nvic->systick_since_ps;
}

/* What who ran last has used of the timer that was started for it: no more than it was given. */
static uint64_t used_ps(const struct sched *t, uint64_t off_ps)
{
    uint64_t used = off_ps > t->armed_ps ? off_ps - t->armed_ps : 0;

    return used < t->granted_ps ? used : t->granted_ps;
}

/* It was stopped at `off_ps`, before the kernel can have taken in the call. */
static OUT_OF_LINE void judge_call(struct machine *m, const struct sched *t, uint64_t off_ps)
{
    if (t->granted_ps && off_ps > t->armed_ps)
        break_add(m, RULE_SCHED_ORDER, t->last, 0, DETAIL_SCHED_FREE,
                  off_ps > t->call_ps ? off_ps - t->call_ps : 0, t->entry_ps);
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* ---- turns */

/* What the kernel has chosen. */
struct choice {
    uint32_t process;
    uint64_t used_ps;    /* by who ran last */
    uint64_t granted_ps; /* to this one */
};

static uint64_t ready_or_chosen(struct machine *m, const struct choice *now)
{
    return turns_ready(m) | BIT(now->process);
}

/* The first one behind `from` in the ring; some bit is set. */
static uint32_t next_behind(uint64_t ready, uint32_t from)
{
    uint64_t behind = from == PROCESS_MAX - 1 ? 0 : ready & ~(BIT(from + 1) - 1);

    return (uint32_t)__builtin_ctzll(behind ? behind : ready);
}

static void passed_over(struct machine *m, uint32_t process, enum verdict_detail detail,
                        uint32_t runs, uint64_t wanted)
{
    break_add(m, RULE_SCHED_ORDER, process, 0, detail, runs, wanted);
}

/* `left_ps`: of the slice of who ran last; cooperative: anything that is enough. Whether `process`
 * may be it, going on. */
static bool judge_turn(struct machine *m, const struct sched *t, uint64_t ready, uint32_t process,
                       uint64_t left_ps)
{
    bool may = ready & BIT(t->last) && (t->unsure || left_ps + t->tolerance > QUANTUM_PS);
    bool must = may && !t->unsure && left_ps > QUANTUM_PS + t->tolerance + t->drift_ps;
    uint32_t next = next_behind(ready, t->last);

    if (must && process != t->last)
        passed_over(m, t->last, DETAIL_SCHED_LOST, process, 0);
    else if (process == t->last && !may && process != next)
        passed_over(m, next, DETAIL_SCHED_KEPT, process, left_ps);
    else if (process != t->last && process != next)
        passed_over(m, next, DETAIL_SCHED_SKIPPED, process, 0);
    return may && process == t->last;
}

static void cooperative(struct machine *m, struct sched *t, const struct choice *now)
{
    (void)judge_turn(m, t, ready_or_chosen(m, now), now->process, TIME_NEVER / 2);
    t->unsure = false;
}

/* ---- round robin */

static OUT_OF_LINE void new_turn(struct machine *m, struct sched *t, const struct choice *now,
                                 uint64_t left_ps)
{
    uint64_t ready = ready_or_chosen(m, now);
    bool is_alone = ready == BIT(now->process);
    bool goes_on = judge_turn(m, t, ready, now->process, left_ps);

    /* With nobody else there it may have begun anew, behind a moment in which it was not ready. */
    if (goes_on && is_alone && now->granted_ps > left_ps + t->tolerance)
        goes_on = false;
    t->unsure = goes_on && t->unsure;
    t->left_ps = goes_on ? left_ps : t->slice_ps;
    t->drift_ps = goes_on ? t->drift_ps : 0;
    if (now->granted_ps > t->left_ps + t->tolerance && !t->unsure && !is_alone)
        break_add(m, RULE_SCHED_ORDER, now->process, 0, DETAIL_SCHED_MORE, now->granted_ps,
                  t->left_ps);
}

static void round_robin(struct machine *m, struct sched *t, const struct choice *now)
{
    uint64_t left_ps = less(t->left_ps, now->used_ps);

    if (now->process == t->last && !t->unsure && left_ps > QUANTUM_PS + t->tolerance &&
        now->granted_ps <= left_ps + t->tolerance)
        t->left_ps = left_ps; /* nearly always: it goes on, as it should */
    else
        new_turn(m, t, now, left_ps);
    if (now->granted_ps + t->tolerance < t->left_ps) {
        t->drift_ps += DRIFT_PS;
        return;
    }
    t->left_ps = now->granted_ps;
    t->drift_ps = 0;
}

/* ---- priority */

static void priority(struct machine *m, struct sched *t, const struct choice *now)
{
    uint32_t first = (uint32_t)__builtin_ctzll(ready_or_chosen(m, now));

    t->unsure = false;
    if (first != now->process)
        passed_over(m, first, DETAIL_SCHED_PRIORITY, now->process, 0);
}

/* ---- feedback queue */

static void sink(struct queued *q)
{
    if (q->queue + 1 < MLFQ_QUEUES)
        q->queue++;
    q->left_ps = queue_slice_ps[q->queue];
    q->vague = q->loose = false;
}

static void forget_queues(struct machine *m, struct sched *t)
{
    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++)
        t->of[i] = (struct queued){.left_ps = queue_slice_ps[0], .loose = true};
}

/* True: they may just be forgiven, or have been so. */
static bool forgives(struct machine *m, struct sched *t)
{
    uint64_t now_ps = machine_now_ps(m), earliest;

    if (t->forgiven_to_ps == 0) { /* the first look at the clock was just before */
        t->forgiven_from_ps = t->forgiven_each_ps;
        t->forgiven_to_ps = now_ps + t->forgiven_each_ps;
        t->blind |= now_ps > FORGIVE_SPREAD_PS;
    }
    earliest = less(t->forgiven_from_ps, FORGIVE_TOLERANCE_PS);
    if (now_ps < earliest)
        return false;
    t->blind |= !machine_scenario(m)->config.alarm.present;
    forget_queues(m, t);
    if (now_ps <= t->forgiven_to_ps + FORGIVE_TOLERANCE_PS)
        return t->hazy = true;
    if (t->hazy) /* it may have used up a slice since */
        t->of[t->last].vague = true;
    t->hazy = false;
    t->forgiven_from_ps = earliest + t->forgiven_each_ps;
    t->forgiven_to_ps = now_ps + t->forgiven_each_ps;
    t->blind |= now_ps - earliest > FORGIVE_SPREAD_PS;
    return true;
}

/* What it has used; true: it goes on, if it is ready. */
static bool charge(const struct sched *t, struct queued *q, uint64_t used)
{
    q->left_ps = less(q->left_ps, used);
    if (q->left_ps + t->tolerance <= QUANTUM_PS) {
        sink(q);
        return false;
    }
    q->vague |= q->left_ps <= QUANTUM_PS + t->tolerance;
    return !q->vague;
}

/* By what it is given, which queue it is in. */
static void look_at_queue(const struct sched *t, struct queued *q, uint64_t granted)
{
    if (q->vague && granted > q->left_ps + t->tolerance)
        sink(q);
    bool is_rounded = granted + t->tolerance >= q->left_ps && granted <= q->left_ps + t->tolerance;
    if (is_rounded || (q->loose && granted < q->left_ps))
        q->left_ps = granted;
    q->vague = q->loose = false;
}

static void judge_queues(struct machine *m, const struct sched *t, uint64_t ready, uint32_t process,
                         bool goes_on)
{
    const struct queued *runs = &t->of[process], *last = &t->of[t->last];

    for (uint64_t left = ready & ~BIT(process); left; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        uint32_t lowest = t->of[i].queue + (uint32_t)t->of[i].vague;
        if (lowest < runs->queue)
            passed_over(m, i, DETAIL_SCHED_LEVEL, process, lowest);
    }
    if (goes_on && process != t->last && last->queue == runs->queue)
        passed_over(m, t->last, DETAIL_SCHED_LOST, process, 0);
}

static void feedback(struct machine *m, struct sched *t, const struct choice *now)
{
    struct queued *runs = &t->of[now->process];
    uint64_t ready = ready_or_chosen(m, now);
    bool goes_on = charge(t, &t->of[t->last], now->used_ps);

    /* In the haze it may have been nearer to the end of its slice than is known. */
    goes_on = goes_on && !t->unsure && !t->hazy && ready & BIT(t->last);
    t->unsure = false;
    if (t->blind || (forgives(m, t) && t->hazy))
        return;
    look_at_queue(t, runs, now->granted_ps);
    judge_queues(m, t, ready, now->process, goes_on);
    if (now->granted_ps > runs->left_ps + t->tolerance && ready != BIT(now->process))
        break_add(m, RULE_SCHED_ORDER, now->process, 0, DETAIL_SCHED_MORE, now->granted_ps,
                  runs->left_ps);
}

/* ---- records */

static void on_run(struct machine *m, struct sched *t, uint32_t process)
{
    static void (*const judges[SCHEDULER_KINDS])(struct machine * m, struct sched * t,
                                                 const struct choice *now) = {
        [SCHEDULER_ROUND_ROBIN] = round_robin,
        [SCHEDULER_COOPERATIVE] = cooperative,
        [SCHEDULER_PRIORITY] = priority,
        [SCHEDULER_MLFQ] = feedback,
    };
    const struct nvic *nvic = machine_nvic(m);
    const struct choice now = {process, used_ps(t, nvic->systick_off_ps), granted_now_ps(nvic)};

    if (t->call_ps && nvic->systick_off_ps < t->call_ps + t->entry_ps)
        judge_call(m, t, nvic->systick_off_ps);
    if (t->has_slices && now.granted_ps == 0)
        t->unsure = true; /* turns.c judges what runs without end */
    else
        judges[t->scheduler](m, t, &now);
    t->last = process;
    t->call_ps = 0;
    t->armed_ps = nvic->systick_since_ps;
    t->granted_ps = now.granted_ps;
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct sched *t = state;

    if (r->kind == EVENT_RUN)
        on_run(m, t, r->process);
    else if (r->process != t->last)
        return;
    else if (r->kind == EVENT_SYSCALL)
        t->call_ps = t->call_ps ? t->call_ps : r->at_ps;
    else if (r->kind != EVENT_OF(NOTE_UPCALL_QUEUED) ||
             ledger_waits(&ledger_of(m)->processes[r->process]))
        t->unsure = true;
}

/* What says the time for the queues is not to be trusted. */
static bool is_alarm_touched(const struct scenario *s)
{
    const struct driver_place *alarm = &s->config.alarm;

    for (uint32_t i = 0; i < s->injection_count; i++) {
        const struct injection *plan = &s->injections[i];
        if (injection_is_of_device(plan) && !injection_pulses(plan) &&
            s->board.devices[plan->device].window.base == alarm->base)
            return true;
    }
    return false;
}

static void start(struct machine *m, void *state)
{
    const struct scenario *s = machine_scenario(m);
    const struct costs *costs = &s->costs;
    struct sched *t = state;

    t->last = s->app_count - 1; /* so the first one is next */
    t->unsure = true;
    t->scheduler = (uint8_t)s->config.scheduler;
    t->has_slices = t->scheduler == SCHEDULER_ROUND_ROBIN || t->scheduler == SCHEDULER_MLFQ;
    t->slice_ps =
        (s->config.timeslice_us ? s->config.timeslice_us : ROUND_ROBIN_SLICE_US) * PS_PER_US;
    t->tolerance = 4 * PS_PER_US + ps_of_cycles(m, 8 * (uint64_t)costs->kernel_mmio);
    t->entry_ps = ps_of_cycles(m, (uint64_t)costs->path[PATH_EXCEPTION_ENTRY] +
                                      costs->path[PATH_SYSCALL_DISPATCH]);
    t->forgiven_each_ps =
        clock_edge_ps(&s->board.lf, FORGIVE_TICKS) - clock_edge_ps(&s->board.lf, 0);
    t->blind = s->config.scheduler == SCHEDULER_MLFQ && is_alarm_touched(s);
    for (uint32_t i = 0; i < s->app_count; i++)
        t->of[i].left_ps = queue_slice_ps[0];
    rule_armed(m, RULE_SCHED_ORDER);
}

const struct monitor monitor_sched = {
    .name = "sched",
    .kinds = {KIND_EVENT(EVENT_RUN) | KIND_EVENT(EVENT_SYSCALL) | KIND_EVENT(EVENT_FAULT),
              KIND_NOTE(NOTE_PROCESS_LOADED) | KIND_NOTE(NOTE_UPCALL_QUEUED)},
    .state_size = sizeof(struct sched),
    .rows = {ROWS_OF_APPS(sched, of)},
    .rules = KIND_BIT(RULE_SCHED_ORDER),
    .always = true,
    .start = start,
    .on_record = on_record,
};
