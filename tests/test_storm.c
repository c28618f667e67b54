/* test_storm.c: a lent device that never rests, on the full machine: whatever it and its owner do,
 * the other app has its share of the time, and the owner still hears the device.
 */
#include "sim/app.h"
#include "sim/machine_value.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdlib.h>

enum { OWNER, OTHER, APPS };
enum { LINE_TIMER0 = 8, HANDLER = 0x200, RUN_MS = 100 };
#define PS_PER_NS (PS_PER_US / 1000)
#define PULSE_PS (50 * PS_PER_NS)

/* ---- a device that pulses its line for ever, whatever is written to it */

static const struct reg metronome_regs[] = {
    {"INTENSET", 0x304, .writable = 0xffffffff},
    {"INTENCLR", 0x308, .writable = 0xffffffff},
};

static uint64_t period_ps;

static void beat(struct device *d)
{
    d->irq_high = !d->irq_high;
    d->wake_ps = d->now_ps + (d->irq_high ? PULSE_PS : period_ps - PULSE_PS);
}

static void metronome_begin(struct device *d)
{
    d->wake_ps = 5 * PS_PER_MS;
}

static const struct device_type metronome = {
    .name = "metronome",
    .regs = metronome_regs,
    .reg_count = 2,
    .window_size = 0x1000,
    .on_wake = beat,
    .on_reset = metronome_begin,
};

/* ---- the owner makes its opening calls and then one call for ever; the other computes */

struct progress {
    uint32_t calls;
    uint64_t chunks_us;
    uint64_t upcalls;
};

/* What the owner does after its opening. */
static const struct {
    const char *what;
    bool subscribes;
    bool calls; /* `call` for ever; else it computes */
    struct syscall call;
    bool hears; /* it gets upcalls all the time */
} owners[] = {
    {"never subscribes, never yields", false, false, {0}, false},
    {"never yields", true, false, {0}, false},
    {"looks for upcalls in a loop", true, true, {SYSCALL_YIELD, {YIELD_NO_WAIT}}, true},
    {"waits for upcalls", true, true, {SYSCALL_YIELD, {YIELD_WAIT}}, true},
    {"ignores its devices", false, true, {SYSCALL_YIELD, {YIELD_WAIT}}, false},
    {"waits for the event",
     false,
     true,
     {SYSCALL_YIELD, {YIELD_WAIT_FOR, PASSTHROUGH_DRIVER_DEFAULT, 0}},
     false},
    {"makes empty calls",
     true,
     true,
     {SYSCALL_COMMAND, {PASSTHROUGH_DRIVER_DEFAULT, PASSTHROUGH_EXISTS}},
     false},
};
static const uint32_t periods_ns[] = {600, 1000, 2900, 3050, 5900, 20000};
enum { OWNERS = sizeof owners / sizeof owners[0] };
enum { PERIODS = sizeof periods_ns / sizeof periods_ns[0] };
static uint32_t owner_kind;

static void start(struct app *app, const uint32_t r[4])
{
    (void)r;
    *(struct progress *)app_state(app) = (struct progress){0};
}

static void heard(struct app *app, uint32_t function, const uint32_t r[4])
{
    (void)function, (void)r;
    ((struct progress *)app_state(app))->upcalls++;
}

static struct syscall owner_call(const struct app *app, uint32_t n)
{
    const uint32_t driver = PASSTHROUGH_DRIVER_DEFAULT;

    switch (n) {
    case 0:
        return (struct syscall){SYSCALL_COMMAND,
                                {driver, PASSTHROUGH_ALLOCATE, SUPPORT_TIMER0, 0x1000}};
    case 1:
        return (struct syscall){SYSCALL_COMMAND,
                                {driver, PASSTHROUGH_ALLOCATE, SUPPORT_TIMER1, 0x1000}};
    default:
        return (struct syscall){SYSCALL_SUBSCRIBE, {driver, 0, app->flash_base + HANDLER, 0}};
    }
}

static void next(struct app *app, struct app_op *op)
{
    struct progress *p = app_state(app);
    uint32_t opening = owners[owner_kind].subscribes ? 3 : 2;

    if (app->index == OWNER && p->calls < opening) {
        *op = (struct app_op){.kind = OP_SYSCALL, .call = owner_call(app, p->calls++)};
        return;
    }
    if (app->index == OWNER && owners[owner_kind].calls) {
        *op = (struct app_op){.kind = OP_SYSCALL, .call = owners[owner_kind].call};
        return;
    }
    p->chunks_us++;
    *op = (struct app_op){.kind = OP_COMPUTE, .cycles = 64};
}

static const struct app_engine engine = {.name = "storm",
                                         .about = "owner and victim of a storm",
                                         .state_size = sizeof(struct progress),
                                         .start = start,
                                         .upcall = heard,
                                         .next = next};

/* ---- */

static struct scenario scenario;

static const struct progress *progress_of(struct hw *hw, uint32_t app)
{
    return app_state(machine_app_mutable(hw->m, app));
}

/* Two of the owner's lines pulse; round robin. */
START_TEST(a_device_that_never_rests_leaves_the_other_app_its_half)
{
    owner_kind = (uint32_t)_i % OWNERS;
    uint32_t period_ns = periods_ns[(uint32_t)_i / OWNERS];
    period_ps = period_ns * PS_PER_NS;
    support_scenario(&scenario, APPS, &engine, "");
    scenario.until_ps = RUN_MS * PS_PER_MS;
    for (int i = 0; i < 2; i++) {
        scenario.board.devices[i].type = &metronome;
        scenario.config.endpoints[i].quiesce_count = 0;
    }
    scenario.board.config = scenario.config;
    struct hw *hw = support_boot(&scenario, NULL);

    enum run_state state = machine_run(hw, TIME_NEVER);
    machine_finish(hw);

    uint64_t other_us = progress_of(hw, OTHER)->chunks_us;
    uint64_t upcalls = progress_of(hw, OWNER)->upcalls;
    const char *what = owners[owner_kind].what;
    ck_assert_int_eq((int)state, RUN_DONE);
    ck_assert_msg(other_us >= RUN_MS * 1000 * 47 / 100,
                  "a pulse each %u ns, the owner %s: the other computed for %lu us", period_ns,
                  what, (unsigned long)other_us);
    ck_assert_msg((upcalls > 100) == owners[owner_kind].hears,
                  "a pulse each %u ns, the owner %s: %lu upcalls", period_ns, what,
                  (unsigned long)upcalls);
    ck_assert_uint_eq(hw->m->kernel.line_off[0] & (3u << LINE_TIMER0), 0); /* pulses: not stuck */
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
    support_free(hw);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("storm");
    TCase *t = tcase_create("storm");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, a_device_that_never_rests_leaves_the_other_app_its_half, 0,
                        OWNERS * PERIODS);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
