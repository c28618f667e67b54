/* kernel_cost: kernel-cost.
 *
 * Adds up what a stay in the kernel must have cost, by the board's table (sim/costs.h), and
 * compares that with the time that the machine's clock went on meanwhile, accesses to registers and
 * memory apart, which the machine charges itself:
 *
 *   user mode was left                the entry; of an interrupt its handler, of a system call the
 *                                     dispatch, and the class's own path unless it was filtered
 *   a line serviced                   its bottom half
 *   the board's filter asked          the check of a passthrough request
 *   an upcall queued, invoked; a      those paths
 *   grant; a life that ends, begins
 *   user mode, sleep, halt            a pass of the scheduler; reading the slice timer, if it ran
 *   user mode                         arming that timer, the look at the protection unit and what
 *                                     configures it, if its regions have changed; the switch, if
 *                                     another process ran last; the return
 *
 * Each of them is paid within the stay, before the record that ends it. More may have been:
 * handlers of lines that came while the kernel ran, passes without a result, requests that were
 * refused before the filter was asked, deferred calls of multiplexers, checksums. What is left out
 * beside one of these may stay unseen there; in most stays there are none.
 *
 * Cannot see: whether what costs nothing by the board's table takes time.
 */
#include "model/process.h"
#include "sim/machine.h"
#include "sim/monitors/ledger.h"
#include <string.h>

/* What is paid right before the kernel notes it. */
static const uint8_t path_of_note[NOTES] = {
    [NOTE_PROCESS_LOADED] = PATH_PROCESS_LOAD,    [NOTE_PROCESS_END] = PATH_PROCESS_FAULT,
    [NOTE_UPCALL_QUEUED] = PATH_UPCALL_QUEUE,     [NOTE_UPCALL_DELIVERED] = PATH_UPCALL_DELIVER,
    [NOTE_GRANT_ALLOCATED] = PATH_GRANT_ALLOCATE, [NOTE_FILTER_ASKED] = PATH_PASSTHROUGH_CHECK,
    [NOTE_LINE_SERVICED] = PATH_INTERRUPT_BOTTOM,
};

static const uint8_t path_of_class[SYSCALL_CLASSES] = {
    [SYSCALL_YIELD] = PATH_YIELD,     [SYSCALL_SUBSCRIBE] = PATH_SUBSCRIBE,
    [SYSCALL_COMMAND] = PATH_COMMAND, [SYSCALL_ALLOW_RW] = PATH_ALLOW,
    [SYSCALL_ALLOW_RO] = PATH_ALLOW,  [SYSCALL_MEMOP] = PATH_MEMOP,
    [SYSCALL_EXIT] = PATH_EXIT,       [SYSCALL_ALLOW_READABLE] = PATH_ALLOW,
};

#define BIT(path) (UINT32_C(1) << (path))
#define PS_PER_NS UINT64_C(1000)

/* Of one stay. Times in CPU cycles unless they say otherwise. */
struct kernel_cost {
    uint64_t worked_ps; /* the machine's, as it began */
    uint64_t due;       /* since then, but for what follows from how it ends */
    uint64_t since_ps;
    uint64_t region_changes; /* of the protection unit, when user mode was entered last */
    uint32_t last;           /* process that was in user mode last */
    uint32_t paths;          /* whose times are in `due`: BIT */
    uint8_t since;           /* enum event: what has ended user mode or sleep; 0: see begin() */
    bool is_timed;           /* the slice timer was started, and has not been read since */
    /* For the whole run: what each class, and then what is none, takes up to its handler's end; and
     * what each switch to user mode takes. */
    uint32_t call[SYSCALL_CLASSES + 1];
    uint32_t to_user;
};

static uint32_t price(const struct machine *m, enum kernel_path path)
{
    return machine_scenario(m)->costs.path[path];
}

static void walk(const struct machine *m, struct kernel_cost *t, enum kernel_path path)
{
    t->due += price(m, path);
    t->paths |= BIT(path);
}

static uint64_t ps_of(const struct machine *m, uint64_t cycles)
{
    uint64_t ps_per_cycle = machine_get_setup(m)->ps_per_cycle;

    if (ps_per_cycle)
        return cycles * ps_per_cycle;
    uint64_t hz = machine_scenario(m)->board.cpu_hz;
    uint64_t ps = (uint64_t)((unsigned __int128)cycles * PS_PER_S / hz);
    return ps > PS_PER_NS ? ps - PS_PER_NS : 0; /* each charge may have been rounded down */
}

/* ---- a break */

/* A bit for each path that is a reason for `lacks` cycles: once, or, where it may have been walked
 * more than once, each time. If none is, those that are dear enough; else all. */
static uint32_t suspects(const struct machine *m, uint32_t paths, uint64_t lacks)
{
    uint32_t exact = 0, enough = 0, often = 0;

    for (uint32_t note = 0; note < NOTES; note++)
        often |= BIT(path_of_note[note]);
    for (uint32_t path = 0; path < KERNEL_PATHS; path++) {
        uint64_t one = price(m, (enum kernel_path)path);
        uint32_t bit = paths & BIT(path);
        exact |= one && (one == lacks || (bit & often && lacks % one == 0)) ? bit : 0;
        enough |= one > lacks ? bit : 0;
    }
    return exact ? exact : enough ? enough : paths;
}

static OUT_OF_LINE void judge_short(struct machine *m, const struct kernel_cost *t,
                                    uint32_t process, uint64_t worked_ps)
{
    uint64_t wanted_ps = ps_of(m, t->due), whole_ps = ps_of(m, 1000000) / 1000000;
    uint64_t lacks = whole_ps ? (wanted_ps - worked_ps + whole_ps - 1) / whole_ps : 0;
    uint32_t what = suspects(m, t->paths, lacks) | (uint32_t)t->since << KERNEL_PATHS;

    break_add(m, RULE_KERNEL_COST, process, what,
              process == PROCESS_NONE ? DETAIL_COST_SLEEP : DETAIL_COST_RUN, t->since_ps,
              pair((uint32_t)(worked_ps / PS_PER_NS), (uint32_t)(wanted_ps / PS_PER_NS)));
}

/* ---- how a stay ends: in user mode, or as the CPU sleeps or halts */

static void stay_over(struct kernel_cost *t, uint64_t worked_ps)
{
    t->worked_ps += worked_ps;
    t->due = 0;
    t->paths = 0;
    t->since = 0;
    t->is_timed = false;
}

static OUT_OF_LINE void on_sleep(struct machine *m, struct kernel_cost *t)
{
    uint64_t worked_ps = machine_worked_ps(m) - t->worked_ps;

    walk(m, t, PATH_SCHEDULER);
    if (t->is_timed)
        walk(m, t, PATH_SYSTICK);
    if (worked_ps < ps_of(m, t->due))
        judge_short(m, t, PROCESS_NONE, worked_ps);
    stay_over(t, worked_ps);
}

static void on_run(struct machine *m, struct kernel_cost *t, uint32_t process)
{
    uint64_t region_changes = machine_mpu(m)->region_changes;
    uint64_t worked_ps = machine_worked_ps(m) - t->worked_ps;

    t->due += t->to_user;
    t->paths |=
        BIT(PATH_SCHEDULER) | BIT(PATH_SYSTICK) | BIT(PATH_MPU_SETUP) | BIT(PATH_EXCEPTION_RETURN);
    if (t->is_timed)
        t->due += price(m, PATH_SYSTICK);
    if (region_changes != t->region_changes)
        walk(m, t, PATH_MPU_CONFIGURE);
    if (process != t->last)
        walk(m, t, PATH_CONTEXT_SWITCH);
    if (worked_ps < ps_of(m, t->due))
        judge_short(m, t, process, worked_ps);
    stay_over(t, worked_ps);
    t->region_changes = region_changes;
    t->last = process;
    t->is_timed = machine_nvic(m)->systick_fires_ps != TIME_NEVER;
}

/* ---- how it begins, and what happens in it */

/* Without one it begins with the reset, or by a hand from outside. */
static void begin(struct kernel_cost *t, const struct record *r)
{
    t->since = (uint8_t)r->kind;
    t->since_ps = r->at_ps;
}

static void on_syscall(struct kernel_cost *t, const struct record *r)
{
    uint32_t class = r->address < SYSCALL_CLASSES ? r->address : SYSCALL_CLASSES;

    begin(t, r);
    t->due += t->call[class];
    t->paths |= BIT(PATH_EXCEPTION_ENTRY) | BIT(PATH_SYSCALL_DISPATCH);
    if (class < SYSCALL_CLASSES)
        t->paths |= BIT(path_of_class[class]);
}

/* The call that began the stay was refused before its class's own path. */
static void on_filtered(const struct machine *m, struct kernel_cost *t, uint64_t class)
{
    if (class >= SYSCALL_CLASSES || !(t->paths & BIT(path_of_class[class])))
        return;
    t->due -= price(m, (enum kernel_path)path_of_class[class]);
    t->paths &= ~BIT(path_of_class[class]);
}

static void on_trap(const struct machine *m, struct kernel_cost *t, const struct record *r)
{
    begin(t, r);
    walk(m, t, PATH_EXCEPTION_ENTRY);
    if (r->kind == EVENT_IRQ_TAKEN)
        walk(m, t, PATH_INTERRUPT_TOP);
}

static void on_note(const struct machine *m, struct kernel_cost *t, const struct record *r)
{
    /* An event without a function is given back by the call that asks for it. */
    if (r->kind != EVENT_OF(NOTE_UPCALL_DELIVERED) || pair_high(r->value) != 0)
        walk(m, t, (enum kernel_path)path_of_note[r->kind - EVENT_NOTE_BASE]);
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct kernel_cost *t = state;

    switch (r->kind) {
    case EVENT_RUN:
        on_run(m, t, r->process);
        break;
    case EVENT_SYSCALL:
        on_syscall(t, r);
        break;
    case EVENT_FAULT:
    case EVENT_SLICE_END:
    case EVENT_IRQ_TAKEN:
        on_trap(m, t, r);
        break;
    case EVENT_SLEEP:
    case EVENT_HALT:
        on_sleep(m, t);
        break;
    case EVENT_WAKE:
        begin(t, r);
        break;
    case EVENT_OF(NOTE_SYSCALL_FILTERED):
        on_filtered(m, t, r->value);
        break;
    default:
        on_note(m, t, r);
        break;
    }
}

static void start(struct machine *m, void *state)
{
    struct kernel_cost *t = state;
    uint32_t entry = price(m, PATH_EXCEPTION_ENTRY) + price(m, PATH_SYSCALL_DISPATCH);

    t->last = PROCESS_NONE;
    for (uint32_t i = 0; i < SYSCALL_CLASSES; i++)
        t->call[i] = entry + price(m, (enum kernel_path)path_of_class[i]);
    t->call[SYSCALL_CLASSES] = entry;
    t->to_user = price(m, PATH_SCHEDULER) + price(m, PATH_SYSTICK) + price(m, PATH_MPU_SETUP) +
                 price(m, PATH_EXCEPTION_RETURN);
    rule_armed(m, RULE_KERNEL_COST);
}

/* A board whose kernel takes no time has nothing to judge. */
static size_t size_for(const struct scenario *s)
{
    for (uint32_t i = 0; i < KERNEL_PATHS; i++)
        if (s->costs.path[i])
            return sizeof(struct kernel_cost);
    return 0;
}

const struct monitor monitor_kernel_cost = {
    .name = "kernel_cost",
    .kinds = {KIND_EVENT(EVENT_RUN) | KIND_EVENT(EVENT_SYSCALL) | KIND_EVENT(EVENT_FAULT) |
                  KIND_EVENT(EVENT_SLICE_END) | KIND_EVENT(EVENT_IRQ_TAKEN) |
                  KIND_EVENT(EVENT_SLEEP) | KIND_EVENT(EVENT_HALT) | KIND_EVENT(EVENT_WAKE),
              KIND_NOTE(NOTE_PROCESS_LOADED) | KIND_NOTE(NOTE_PROCESS_END) |
                  KIND_NOTE(NOTE_SYSCALL_FILTERED) | KIND_NOTE(NOTE_UPCALL_QUEUED) |
                  KIND_NOTE(NOTE_UPCALL_DELIVERED) | KIND_NOTE(NOTE_GRANT_ALLOCATED) |
                  KIND_NOTE(NOTE_FILTER_ASKED) | KIND_NOTE(NOTE_LINE_SERVICED)},
    .state_size = sizeof(struct kernel_cost),
    .size_for = size_for,
    .rules = KIND_BIT(RULE_KERNEL_COST),
    .always = true,
    .start = start,
    .on_record = on_record,
};
