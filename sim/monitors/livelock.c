/* livelock: livelock.
 *
 * Judges three things: over each SERVICES_MAX bottom halves of one line (serviced, or declared
 * nobody's) the apps had less than 1/SHARE of the time, though an app was ready at each of them; a
 * line that was serviced more than ROW_MAX times in one stay in the kernel, and not given up; and a
 * run that ended since virtual time stood still. A time is the apps' from the switch to user mode
 * until an interrupt, a slice end or a bottom half; so what the kernel does for a system call is
 * theirs, or for a fault, and for the new life behind it: an app that faults each time has spent
 * what the line left it. A sleep begins anew: nobody is ready then. The numbers are ours: a device
 * that works leaves far more (half of the time in the worst of our scenarios), and a kernel that
 * gives a line up does so far earlier. It holds for a line of the kernel's own as for a lent one.
 *
 * Cannot see: a kernel path that loops without servicing anything: where no time passes it ends as
 * a stuck run, and where time passes turns.c judges it for this rule. Which of several apps gets
 * the share: turns.c, too.
 */
#include "sim/machine.h"
#include "sim/monitors/upcall.h"

enum {
    SERVICES_MAX = 64,
    SHARE = 10,
    ROW_MAX = 24, /* ours: by half more than the kernel's own bound */
};

struct livelock {
    bool is_apps;      /* the time since ... */
    uint64_t since_ps; /* ... this */
    uint64_t apps_ps;  /* the apps' time before */
    uint32_t stay;     /* in the kernel: their number */
    bool is_any_open;  /* else no window has services */
    struct window {
        uint32_t services;
        uint32_t stay; /* in which ... */
        uint64_t from_ps, apps_ps_then;
        bool told;   /* once a line is enough */
        uint8_t row; /* ... it was serviced so often */
    } of[IRQ_LINE_MAX];
};

static uint32_t ready_process(struct machine *m)
{
    const struct ledger *l = ledger_of(m);

    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++)
        if (process_would_run(m, l, i))
            return i;
    return PROCESS_NONE;
}

static void apps_begin(struct livelock *live, uint64_t now_ps)
{
    if (!live->is_apps)
        live->since_ps = now_ps;
    live->is_apps = true;
}

static void apps_end(struct livelock *live, uint64_t now_ps)
{
    if (live->is_apps)
        live->apps_ps += now_ps - live->since_ps;
    live->is_apps = false;
}

static OUT_OF_LINE void windows_end(struct livelock *live)
{
    for (uint32_t i = 0; i < IRQ_LINE_MAX && live->is_any_open; i++)
        live->of[i].services = 0;
    live->is_any_open = false;
}

static void judge(struct machine *m, const struct livelock *live, struct window *w, uint32_t line,
                  uint32_t process)
{
    uint64_t all_ps = machine_now_ps(m) - w->from_ps;
    uint64_t apps_ps = live->apps_ps - w->apps_ps_then;

    if (w->told || apps_ps * SHARE > all_ps)
        return;
    w->told = true;
    break_add(m, RULE_LIVELOCK, process, line, DETAIL_LIVELOCK_LINE, w->services, apps_ps);
}

static void judge_row(struct machine *m, const struct livelock *live, struct window *w,
                      uint32_t line)
{
    if (w->stay != live->stay)
        w->row = 0;
    w->stay = live->stay;
    if (w->row++ == ROW_MAX)
        break_add(m, RULE_LIVELOCK, PROCESS_NONE, line, DETAIL_LIVELOCK_ROW, w->row, 0);
}

static OUT_OF_LINE void on_service(struct machine *m, struct livelock *live, uint32_t line)
{
    judge_row(m, live, &live->of[line], line);
    apps_end(live, machine_now_ps(m));
    uint32_t process = ready_process(m);
    rule_armed(m, RULE_LIVELOCK);
    if (process == PROCESS_NONE) {
        windows_end(live);
        return;
    }
    struct window *w = &live->of[line];
    live->is_any_open = true;
    if (w->services == 0) {
        w->from_ps = machine_now_ps(m);
        w->apps_ps_then = live->apps_ps;
    }
    peak_reach(m, PEAK_SERVICES, w->services + 1u);
    if (++w->services <= SERVICES_MAX)
        return;
    judge(m, live, w, line, process);
    w->services = 0;
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct livelock *live = state;

    switch (r->kind) {
    case EVENT_RUN:
        apps_begin(live, r->at_ps);
        live->stay++;
        break;
    case EVENT_WAKE: /* who halts sleeps without a record while something may still come */
        live->stay++;
        break;
    case EVENT_SLEEP:
        live->stay++;
        apps_end(live, r->at_ps);
        windows_end(live);
        break;
    case EVENT_OF(NOTE_LINE_SERVICED):
    case EVENT_OF(NOTE_LINE_UNCLAIMED):
        if (r->address < IRQ_LINE_MAX)
            on_service(m, live, r->address);
        break;
    default: /* user mode is left, and not by the app itself */
        apps_end(live, r->at_ps);
        break;
    }
}

static void at_end(struct machine *m, void *state)
{
    (void)state;
    if (machine_state(m) == RUN_STUCK)
        break_add(m, RULE_LIVELOCK, machine_running(m), 0, DETAIL_LIVELOCK_STUCK, 0, 0);
}

const struct monitor monitor_livelock = {
    .name = "livelock",
    .kinds = {KIND_EVENT(EVENT_RUN) | KIND_EVENT(EVENT_SLEEP) | KIND_EVENT(EVENT_WAKE) |
                  KIND_EVENT(EVENT_IRQ_TAKEN) | KIND_EVENT(EVENT_SLICE_END),
              KIND_NOTE(NOTE_LINE_SERVICED) | KIND_NOTE(NOTE_LINE_UNCLAIMED)},
    .state_size = sizeof(struct livelock),
    .rules = KIND_BIT(RULE_LIVELOCK),
    .always = true,
    .on_record = on_record,
    .at_end = at_end,
};
