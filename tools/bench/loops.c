/* loops.c: the limits: the same essential work in bare C, without a machine around it.
 *
 * What a loop calls and where it looks is data that compilers cannot see through, and what comes
 * out is consumed: else they would fold the loop away.
 */
#include "tools/bench/bench.h"

/* ---- L1: command + yield + upcall, 16 drivers, one record in a log */

enum { L1_DRIVERS = 16, L1_DRIVER = 4, L1_QUEUE = 8, L1_LOG = 1024 };

struct l1;
struct l1_driver {
    uint32_t number;
    uint32_t (*command)(struct l1 *l, uint32_t number, uint32_t a);
};
struct l1_upcall {
    void (*function)(struct l1 *l, const uint32_t r[4]);
    uint32_t r[4];
};

struct l1 {
    struct l1_driver drivers[L1_DRIVERS];
    struct l1_upcall queue[L1_QUEUE];
    uint32_t head, count;
    void (*subscribed)(struct l1 *l, const uint32_t r[4]);
    uint64_t upcalls, now, log_at;
    struct record log[L1_LOG];
};

static void l1_on_upcall(struct l1 *l, const uint32_t r[4])
{
    l->upcalls += r[0];
}

static uint32_t l1_queue(struct l1 *l, uint32_t number, uint32_t a)
{
    if (l->count == L1_QUEUE)
        return ERR_NOMEM;
    l->queue[(l->head + l->count++) % L1_QUEUE] =
        (struct l1_upcall){l->subscribed, {a, number, 0, 0}};
    return ERR_NONE;
}

static uint32_t l1_other(struct l1 *l, uint32_t number, uint32_t a)
{
    (void)l;
    return number + a;
}

static uint32_t l1_command(struct l1 *l, uint32_t driver, uint32_t number, uint32_t a)
{
    const struct l1_driver *d = &l->drivers[driver % L1_DRIVERS];
    uint32_t answer = d->number == driver ? d->command(l, number, a) : ERR_NODEVICE;
    l->log[l->log_at++ % L1_LOG] = (struct record){l->now++, EVENT_SYSCALL, 0, driver, answer};
    return answer;
}

static void l1_yield(struct l1 *l)
{
    if (l->count == 0)
        return;
    const struct l1_upcall *upcall = &l->queue[l->head];
    l->head = (l->head + 1) % L1_QUEUE;
    l->count--;
    upcall->function(l, upcall->r);
}

static uint64_t l1_run(void *state, uint64_t rounds)
{
    struct l1 *l = state;
    uint64_t before = l->upcalls;
    for (uint64_t i = 0; i < rounds; i++) {
        (void)l1_command(l, L1_DRIVER, 1, 1);
        l1_yield(l);
        __asm__ volatile("" : : : "memory");
    }
    bench_consume(l->upcalls);
    return l->upcalls - before;
}

struct work limit_call(void)
{
    static struct l1 l;
    static uint32_t (*const volatile commands[2])(struct l1 *, uint32_t, uint32_t) = {l1_other,
                                                                                      l1_queue};
    for (uint32_t i = 0; i < L1_DRIVERS; i++)
        l.drivers[i] = (struct l1_driver){i, commands[i == L1_DRIVER]};
    l.subscribed = l1_on_upcall;
    return (struct work){.run = l1_run, .state = &l};
}

/* ---- L2: a BLE connection event. Its timers and packets go through a queue of six moments, four
 * of which interrupt; the app has its upcall, reads and writes registers, each access checked
 * against 8 regions, and calls; the answer's deadline is checked. A record for each step. */

enum { L2_DEVICES = 4, L2_REGISTERS = 64, L2_REGIONS = 8, L2_QUEUE = 8, L2_LOG = 1024 };
enum { L2_MOMENTS = 6, L2_INTERRUPTS = 4, L2_CALLS = 5, L2_ACCESSES = 18 };
enum { L2_INTERVAL = 480000, L2_DEADLINE = 3000 }; /* cycles */

struct l2;
struct l2_moment {
    uint64_t at;
    uint32_t (*due)(struct l2 *l, uint32_t n);
    uint32_t n;
};

struct l2 {
    uint64_t now, anchor, log_at, late;
    struct {
        uint32_t first, mask;
        uint8_t shift, disabled, may;
    } regions[L2_REGIONS];
    uint32_t registers[L2_DEVICES][L2_REGISTERS];
    uint32_t pending, owner[32], calls;
    uint32_t queued;
    struct l2_moment queue[L2_QUEUE]; /* in the order of time: linear, best at this size */
    uint32_t (*due)(struct l2 *l, uint32_t n);
    void (*upcall)(struct l2 *l, uint32_t line);
    uint32_t (*commands[L2_CALLS])(struct l2 *l, uint32_t a);
    struct record log[L2_LOG];
};

static void l2_record(struct l2 *l, unsigned kind, uint32_t address, uint64_t value)
{
    l->log[l->log_at++ % L2_LOG] = (struct record){l->now, (uint16_t)kind, 0, address, value};
}

static void l2_queue(struct l2 *l, uint64_t at, uint32_t n)
{
    uint32_t i = l->queued++;
    for (; i > 0 && l->queue[i - 1].at < at; i--)
        l->queue[i] = l->queue[i - 1];
    l->queue[i] = (struct l2_moment){at, l->due, n};
}

static uint32_t l2_access(struct l2 *l, uint32_t address, uint32_t value)
{
    int i = L2_REGIONS - 1;
    while (i >= 0 && ((address & l->regions[i].mask) != l->regions[i].first ||
                      (l->regions[i].disabled >> (address >> l->regions[i].shift & 7) & 1)))
        i--;
    if (i < 0 || !(l->regions[i].may & 1))
        bench_fail("L2 refused its own access");
    uint32_t *reg = &l->registers[address >> 12 & (L2_DEVICES - 1)][address / 4 % L2_REGISTERS];
    *reg += value;
    l2_record(l, EVENT_STORE, address, *reg);
    return *reg;
}

static uint32_t l2_command(struct l2 *l, uint32_t a)
{
    l->calls += a;
    return l->calls;
}

/* Accesses and calls are spread over the interrupts; the last one has the rest. */
static void l2_upcall(struct l2 *l, uint32_t line)
{
    uint32_t accesses = line + 1 < L2_INTERRUPTS ? 4 : L2_ACCESSES - 4 * (L2_INTERRUPTS - 1);
    for (uint32_t i = 0; i < accesses; i++)
        (void)l2_access(l, 0x40008000 + 0x1000 * (line % L2_DEVICES) + 4 * i, i);
    for (uint32_t call = line; call < L2_CALLS; call += L2_INTERRUPTS)
        l2_record(l, EVENT_SYSCALL, call, l->commands[call](l, call));
}

static uint32_t l2_due(struct l2 *l, uint32_t n)
{
    if (n >= L2_INTERRUPTS) {
        l->anchor += n == L2_MOMENTS - 1 ? L2_INTERVAL : 0;
        return n;
    }
    l->pending |= 1u << n;
    uint32_t line = (uint32_t)__builtin_ctz(l->pending);
    l->pending &= l->pending - 1;
    l2_record(l, EVENT_IRQ_RAISED, line, l->owner[line]);
    l->upcall(l, line);
    return line;
}

static uint64_t l2_run(void *state, uint64_t rounds)
{
    struct l2 *l = state;
    for (uint64_t round = 0; round < rounds; round++) {
        uint64_t anchor = l->anchor;
        for (uint32_t n = 0; n < L2_MOMENTS; n++)
            l2_queue(l, anchor + (uint64_t)500 * (n * 5 % L2_MOMENTS), n);
        while (l->queued > 0) {
            struct l2_moment moment = l->queue[--l->queued];
            l->now = moment.at;
            (void)moment.due(l, moment.n);
        }
        l->late += l->now > anchor + L2_DEADLINE;
        for (uint32_t i = 0; i < 4; i++)
            l2_record(l, EVENT_DEVICE_EVENT, i, l->late);
        __asm__ volatile("" : : : "memory");
    }
    bench_consume(l->calls + l->late);
    return rounds;
}

struct work limit_event(void)
{
    static struct l2 l;
    static uint32_t (*const volatile due)(struct l2 *, uint32_t) = l2_due;
    static void (*const volatile upcall)(struct l2 *, uint32_t) = l2_upcall;
    static uint32_t (*const volatile command)(struct l2 *, uint32_t) = l2_command;
    l = (struct l2){.due = due, .upcall = upcall};
    for (uint32_t i = 0; i < L2_CALLS; i++)
        l.commands[i] = command;
    for (uint32_t i = 0; i < L2_REGIONS; i++) {
        l.regions[i].first = 0x40008000 + 0x1000 * i;
        l.regions[i].mask = 0xfffff000;
        l.regions[i].shift = 9;
        l.regions[i].may = 3;
    }
    return (struct work){.run = l2_run, .state = &l};
}

/* ---- L3: one register access: scan of 8 decoded regions, page table, function pointer */

enum { L3_REGIONS = 8, L3_PAGES = 256, L3_ADDRESSES = 64, L3_REGISTERS = 64 };

struct l3_device {
    uint32_t (*access)(struct l3_device *d, uint32_t offset, uint32_t value);
    uint32_t registers[L3_REGISTERS];
};

struct l3 {
    struct {
        uint32_t first, mask;
        uint8_t shift, disabled, may;
    } regions[L3_REGIONS];
    uint8_t pages[L3_PAGES];
    struct l3_device devices[4];
    uint32_t addresses[L3_ADDRESSES];
};

static uint32_t l3_register(struct l3_device *d, uint32_t offset, uint32_t value)
{
    uint32_t *reg = &d->registers[offset / 4 % L3_REGISTERS];
    *reg += value;
    return *reg;
}

static bool l3_may(const struct l3 *l, uint32_t address, uint32_t bit)
{
    for (int i = L3_REGIONS - 1; i >= 0; i--)
        if ((address & l->regions[i].mask) == l->regions[i].first &&
            !(l->regions[i].disabled >> (address >> l->regions[i].shift & 7) & 1))
            return l->regions[i].may >> bit & 1;
    return false;
}

static uint64_t l3_run(void *state, uint64_t rounds)
{
    struct l3 *l = state;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        uint32_t address = l->addresses[i % L3_ADDRESSES];
        if (!l3_may(l, address, i & 1))
            bench_fail("L3 refused its own access");
        struct l3_device *d = &l->devices[l->pages[address >> 12 & (L3_PAGES - 1)]];
        sum += d->access(d, address & 0xfff, (uint32_t)i);
    }
    bench_consume(sum);
    return rounds;
}

struct work limit_access(void)
{
    static struct l3 l;
    static uint32_t (*const volatile access)(struct l3_device *, uint32_t, uint32_t) = l3_register;
    for (uint32_t i = 0; i < L3_REGIONS; i++) {
        l.regions[i].first = 0x40008000 + 0x1000 * i;
        l.regions[i].mask = 0xfffff000;
        l.regions[i].shift = 9;
        l.regions[i].may = 3;
    }
    for (uint32_t i = 0; i < 4; i++) {
        l.pages[8 + i] = (uint8_t)i;
        l.devices[i].access = access;
    }
    for (uint32_t i = 0; i < L3_ADDRESSES; i++)
        l.addresses[i] = 0x40008000 + 0x1000 * (i / 16) + 4 * (i % 16);
    return (struct work){.run = l3_run, .state = &l};
}
