#include "model/scheduler.h"

#include "model/kernel.h"
#include "model/upcall.h"

enum {
    ALARM_HZ = 32768,
    MLFQ_REFRESH_TICKS = MLFQ_REFRESH_MS / 1000 * ALARM_HZ,
};

static const uint32_t mlfq_slice_us[MLFQ_QUEUES] = {10000, 20000, 50000};

typedef struct schedule next_function(struct kernel *k, struct hw *hw);
typedef void ran_function(struct kernel *k, uint32_t process, uint32_t ran_us,
                          enum stop_reason why);

static const struct schedule nobody = {PROCESS_NONE, 0};

static bool is_ready(struct kernel *k, struct hw *hw, uint32_t process)
{
    return process < k->process_count && process_is_ready(hw, &k->processes[process]);
}

/* The process gave up the CPU with work left: the kernel only came in between. */
static bool goes_on(enum stop_reason why)
{
    return why == STOP_SYSCALL || why == STOP_INTERRUPT;
}

/* The first ready process after `last` in array order, the array taken as a ring. */
static uint32_t ready_after(struct kernel *k, struct hw *hw, uint32_t last)
{
    for (uint32_t i = 1; i <= k->process_count; i++) {
        uint32_t process = (last + i) % k->process_count;
        if (is_ready(k, hw, process))
            return process;
    }
    return PROCESS_NONE;
}

/* ---- round robin, and cooperative: the same without a slice */

/* Whose turn it is: the interrupted process's, or the next one's after it. */
static bool turn_passes(struct kernel *k, struct hw *hw)
{
    struct scheduler *s = &k->scheduler;

    if (s->resumes && is_ready(k, hw, s->current))
        return false;
    s->resumes = false;
    uint32_t process = ready_after(k, hw, s->current);
    if (process != PROCESS_NONE)
        s->current = process;
    return true;
}

static bool current_is_ready(struct kernel *k, struct hw *hw)
{
    return is_ready(k, hw, k->scheduler.current);
}

static struct schedule round_robin_next(struct kernel *k, struct hw *hw)
{
    struct scheduler *s = &k->scheduler;
    uint32_t slice = k->config->timeslice_us;

    if (turn_passes(k, hw)) {
        if (!current_is_ready(k, hw))
            return nobody;
        s->left_us = slice ? slice : ROUND_ROBIN_SLICE_US;
    }
    return (struct schedule){s->current, s->left_us};
}

static void round_robin_ran(struct kernel *k, uint32_t process, uint32_t ran_us,
                            enum stop_reason why)
{
    struct scheduler *s = &k->scheduler;

    (void)process;
    s->left_us = s->left_us > ran_us ? s->left_us - ran_us : 0;
    s->resumes = goes_on(why) && s->left_us > MIN_QUANTUM_US;
}

static struct schedule cooperative_next(struct kernel *k, struct hw *hw)
{
    if (turn_passes(k, hw) && !current_is_ready(k, hw))
        return nobody;
    return (struct schedule){k->scheduler.current, 0};
}

static void cooperative_ran(struct kernel *k, uint32_t process, uint32_t ran_us,
                            enum stop_reason why)
{
    (void)process, (void)ran_us;
    k->scheduler.resumes = goes_on(why);
}

/* ---- priority */

static struct schedule priority_next(struct kernel *k, struct hw *hw)
{
    for (uint32_t process = 0; process < k->process_count; process++)
        if (is_ready(k, hw, process))
            return (struct schedule){process, 0};
    return nobody;
}

static void priority_ran(struct kernel *k, uint32_t process, uint32_t ran_us, enum stop_reason why)
{
    (void)k, (void)process, (void)ran_us, (void)why; /* it keeps nothing */
}

/* ---- multi-level feedback queue */

/* Time for the refresh: alarm ticks; without an alarm, the time that processes ran. */
static uint64_t mlfq_now(struct kernel *k, struct hw *hw)
{
    if (k->config->alarm.present)
        return alarm_now(k, hw);
    return k->scheduler.ran_us * ALARM_HZ / 1000000;
}

static void mlfq_refresh(struct kernel *k, struct hw *hw)
{
    struct scheduler *s = &k->scheduler;
    uint64_t now = mlfq_now(k, hw);

    if (now < s->refresh_at_tick)
        return;
    if (s->refresh_at_tick != 0) { /* 0: the first look at the clock */
        memset(s->queue, 0, sizeof s->queue);
        memset(s->used_us, 0, sizeof s->used_us);
    }
    s->refresh_at_tick = now + MLFQ_REFRESH_TICKS;
}

/* The next ready process of queue `q` in turns, or the interrupted one. */
static uint32_t mlfq_pick(struct kernel *k, struct hw *hw, uint32_t q)
{
    struct scheduler *s = &k->scheduler;

    if (s->resumes && s->queue[s->current] == q && is_ready(k, hw, s->current))
        return s->current;
    for (uint32_t i = 1; i <= k->process_count; i++) {
        uint32_t process = (s->turn[q] + i) % k->process_count;
        if (s->queue[process] == q && is_ready(k, hw, process))
            return process;
    }
    return PROCESS_NONE;
}

static struct schedule mlfq_next(struct kernel *k, struct hw *hw)
{
    struct scheduler *s = &k->scheduler;

    mlfq_refresh(k, hw);
    for (uint32_t q = 0; q < MLFQ_QUEUES; q++) {
        uint32_t process = mlfq_pick(k, hw, q);
        if (process != PROCESS_NONE) {
            s->turn[q] = process;
            s->current = process;
            return (struct schedule){process, mlfq_slice_us[q] - s->used_us[process]};
        }
    }
    s->resumes = false;
    return nobody;
}

static void mlfq_ran(struct kernel *k, uint32_t process, uint32_t ran_us, enum stop_reason why)
{
    struct scheduler *s = &k->scheduler;
    uint32_t slice = mlfq_slice_us[s->queue[process]];

    s->used_us[process] += ran_us;
    s->resumes = goes_on(why);
    if (s->used_us[process] + MIN_QUANTUM_US < slice && why != STOP_SLICE_END)
        return;
    /* Its slice is used up: it goes one queue down, and the lowest one begins anew. */
    s->used_us[process] = 0;
    s->resumes = false;
    if (s->queue[process] + 1 < MLFQ_QUEUES)
        s->queue[process]++;
}

/* ---- */

static const struct {
    next_function *next;
    ran_function *ran;
} schedulers[] = {
    [SCHEDULER_ROUND_ROBIN] = {round_robin_next, round_robin_ran},
    [SCHEDULER_COOPERATIVE] = {cooperative_next, cooperative_ran},
    [SCHEDULER_PRIORITY] = {priority_next, priority_ran},
    [SCHEDULER_MLFQ] = {mlfq_next, mlfq_ran},
};
_Static_assert(COUNT_OF(schedulers) == SCHEDULER_KINDS, "a scheduler has no row");

void scheduler_start(struct kernel *k)
{
    uint32_t last = k->process_count ? k->process_count - 1 : 0;

    /* The turn is the last process's, thus the next one is the first's. */
    k->scheduler = (struct scheduler){.current = last, .turn = {last, last, last}};
}

struct schedule scheduler_next(struct kernel *k, struct hw *hw)
{
    return schedulers[k->config->scheduler].next(k, hw);
}

void scheduler_ran(struct kernel *k, uint32_t process, uint32_t ran_us, enum stop_reason why)
{
    k->scheduler.ran_us += ran_us;
    schedulers[k->config->scheduler].ran(k, process, ran_us, why);
}
