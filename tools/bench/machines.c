/* machines.c: a machine made by hand, so that shapes can grow freely, and what its apps do.
 *
 * A unit of an app's work is one check that it passes (app_check), so every unit is also seen to
 * have come out right.
 *
 * The kernel of this program is the product's but for one row: in place of the GPIO capsule stands
 * a driver whose command queues its upcall at once, as the limit loop's does. (Every driver of the
 * product upcalls from an interrupt.) The linker takes it from here, before the archives.
 */
#include "devices/catalogue.h"
#include "model/kernel.h"
#include "model/quiesce_nrf52.h"
#include "sim/verdict.h"
#include "tools/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RTC = 0x40001000,
    TIMERS = 0x40008000, /* one a page from here on; the first is lent */
    RTC_LINE = 17,
    TIMER_LINE = 8,
    APP_RAM = 2048, /* bytes; a block is 4 KiB */
    RAM_SIZE = 0x80000,
    APP_FLASH = 0x30000,
    PASSTHROUGH = 0x10001,
};

/* ---- the driver */

enum { EXISTS, ANSWER_ME, ANSWER_PEER };

static struct syscall_return answer_at_once(struct kernel *k, struct hw *hw, struct process *p,
                                            uint32_t number, uint32_t a, uint32_t b)
{
    const uint32_t args[3] = {a, b, 0};
    uint32_t whom = number == ANSWER_PEER ? p->id.index ^ 1 : p->id.index;
    if (number == EXISTS)
        return return_success();
    enum err err = upcall_queue(k, hw, k->processes[whom].id, &gpio_driver, 0, args);
    return return_of(err);
}

/* Where the kernel has a radio its driver has that number, as always. */
static bool is_number_free(const struct kernel *k)
{
    return !radio_driver.present(k);
}

const struct driver gpio_driver = {
    .number = BENCH_DRIVER,
    .upcalls = 1,
    .present = is_number_free,
    .command = answer_at_once,
};

/* ---- what apps do */

struct doing {
    uint32_t at; /* what of the set-up is done, then where in the loop it is */
    bool in_handler;
};

static bool waits_only(const struct app *app)
{
    return app->index > 0;
}

static void start_doing(struct app *app, const uint32_t r[4])
{
    (void)r;
    *(struct doing *)app_state(app) = (struct doing){0};
}

static struct app_op call(uint32_t class, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return (struct app_op){.kind = OP_SYSCALL, .call = {class, {a, b, c, d}}};
}

static struct app_op wait(void)
{
    return call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0);
}

static void on_answer(struct app *app, uint32_t function, const uint32_t r[4])
{
    (void)function;
    app_check(app, 1, r[0] == 7, r[0], 7);
}

static void caller_next(struct app *app, struct app_op *op)
{
    struct doing *doing = app_state(app);
    uint32_t at = doing->at++;
    if (waits_only(app))
        *op = wait();
    else if (at == 0)
        *op = call(SYSCALL_SUBSCRIBE, BENCH_DRIVER, 0, app->flash_base + APP_FUNCTION(0), 0);
    else
        *op = at % 2 ? call(SYSCALL_COMMAND, BENCH_DRIVER, ANSWER_ME, 7, 0) : wait();
}

const struct app_engine caller_engine = {
    .name = "caller",
    .state_size = sizeof(struct doing),
    .start = start_doing,
    .upcall = on_answer,
    .next = caller_next,
};

/* Two apps wake each other in turn; the first begins by waiting. */
static void ping_next(struct app *app, struct app_op *op)
{
    struct doing *doing = app_state(app);
    uint32_t at = doing->at++;
    if (at == 0)
        *op = call(SYSCALL_SUBSCRIBE, BENCH_DRIVER, 0, app->flash_base + APP_FUNCTION(0), 0);
    else if ((at + app->index) % 2)
        *op = wait();
    else
        *op = call(SYSCALL_COMMAND, BENCH_DRIVER, ANSWER_PEER, 7, 0);
}

const struct app_engine ping_engine = {
    .name = "ping",
    .state_size = sizeof(struct doing),
    .start = start_doing,
    .upcall = on_answer,
    .next = ping_next,
};

/* Registers of an nRF52 TIMER (nRF52840 Product Specification, TIMER). */
enum { START = 0, COMPARE0_EVENT = 0x140, SHORTS = 0x200, INTENSET = 0x304, CC = 0x540 };
enum { COMPARE0 = 1 << 16, COMPARE0_CLEAR = 1, PERIOD_US = 100 };

static struct app_op borrow(void)
{
    return call(SYSCALL_COMMAND, PASSTHROUGH, 2, TIMERS, 0x1000);
}

/* Stores and loads compare registers in turn; each load must give what was stored. */
static void accessor_next(struct app *app, struct app_op *op)
{
    struct doing *doing = app_state(app);
    if (doing->at == 0) {
        doing->at = 2;
        *op = borrow();
        return;
    }
    uint32_t at = doing->at++;
    uint32_t address = TIMERS + CC + at / 2 % 4 * 4;
    bool loaded = at % 2 == 0 && at > 2;
    app_check(app, 1, !loaded || app->result.value == at - 2, app->result.value, at - 2);
    *op = at % 2 ? (struct app_op){.kind = OP_LOAD, .address = address, .size = 4}
                 : app_store(address, at);
}

const struct app_engine accessor_engine = {
    .name = "accessor",
    .state_size = sizeof(struct doing),
    .start = start_doing,
    .upcall = on_answer,
    .next = accessor_next,
};

static void on_tick(struct app *app, uint32_t function, const uint32_t r[4])
{
    struct doing *doing = app_state(app);
    (void)function;
    app_check(app, 1, r[0] == COMPARE0, r[0], COMPARE0);
    doing->in_handler = true;
}

/* The handler clears the event and enables the interrupt again. */
static struct app_op handle_tick(struct doing *doing)
{
    static const struct app_op clear = {
        .kind = OP_STORE, .address = TIMERS + COMPARE0_EVENT, .size = 4};
    bool cleared = doing->at++ % 2;
    doing->in_handler = !cleared;
    return cleared ? app_store(TIMERS + INTENSET, COMPARE0) : clear;
}

static struct app_op set_up_ticks(const struct app *app, struct doing *doing)
{
    uint32_t handler = app->flash_base + APP_FUNCTION(0);
    const struct app_op steps[] = {
        borrow(),
        call(SYSCALL_SUBSCRIBE, PASSTHROUGH, 0, handler, 0),
        app_store(TIMERS + CC, PERIOD_US),
        app_store(TIMERS + SHORTS, COMPARE0_CLEAR),
        app_store(TIMERS + INTENSET, COMPARE0),
        app_store(TIMERS + START, 1),
    };
    return doing->at < COUNT_OF(steps) ? steps[doing->at++] : wait();
}

static void ticking_next(struct app *app, struct app_op *op)
{
    struct doing *doing = app_state(app);
    if (waits_only(app))
        *op = wait();
    else
        *op = doing->in_handler ? handle_tick(doing) : set_up_ticks(app, doing);
}

const struct app_engine ticking_engine = {
    .name = "ticking",
    .state_size = sizeof(struct doing),
    .start = start_doing,
    .upcall = on_tick,
    .next = ticking_next,
};

/* ---- the scenario */

static const struct filter_row lend_all[] = {{.asked = {0x40000000, 0x100000}}};
static const struct permission may_call[] = {{BENCH_DRIVER, 0, 7}, {PASSTHROUGH, 0, 0xff}};

static struct board_device *add_device(struct scenario *s, const struct device_type *type,
                                       uint32_t base, uint32_t line)
{
    struct board_device *d = &s->board.devices[s->board.device_count++];
    *d = (struct board_device){.window = {base, 0x1000},
                               .type = type,
                               .alias_of = BOARD_NONE,
                               .line = line,
                               .endpoint = BOARD_NONE};
    snprintf(d->name, sizeof d->name, "D%08x", base);
    return d;
}

static void lend(struct scenario *s, struct board_device *d)
{
    struct quiesce_list quiet = quiesce_nrf52[QUIESCE_NRF52_TIMER];
    d->endpoint = s->config.endpoint_count++;
    s->config.endpoints[d->endpoint] = (struct passthrough_endpoint){.windows = {d->window},
                                                                     .window_count = 1,
                                                                     .has_line = true,
                                                                     .line = (uint8_t)d->line,
                                                                     .quiesce = quiet.steps,
                                                                     .quiesce_count = quiet.count};
}

static const struct device_type *type_named(const char *name)
{
    const struct device_type *type = device_catalogue_find(name);
    if (!type)
        bench_fail("a device type is missing");
    return type;
}

static void make_board(struct scenario *s, uint32_t devices)
{
    struct board *board = &s->board;
    const struct device_type *timer = type_named("nrf52-timer");
    *board = (struct board){.cpu_hz = 64000000,
                            .mpu_regions = 8,
                            .flash = {0, 0x100000},
                            .app_flash = {APP_FLASH, 0x100000 - APP_FLASH},
                            .ram = {0x20000000, RAM_SIZE},
                            .hf = {.hz = 16000000},
                            .lf = {.hz = 32768}};
    s->config.claims[s->config.claim_count++] =
        add_device(s, type_named("nrf52-rtc"), RTC, RTC_LINE)->window;
    lend(s, add_device(s, timer, TIMERS, TIMER_LINE));
    for (uint32_t i = 2; i < devices; i++)
        add_device(s, timer, TIMERS + 0x1000 * (i - 1), BOARD_NONE);
}

static void make_apps(struct scenario *s, const struct bench_shape *shape)
{
    s->app_count = shape->apps;
    for (uint32_t i = 0; i < shape->apps; i++) {
        uint32_t flash = APP_FLASH + 0x1000 * i;
        snprintf(s->apps[i].name, sizeof s->apps[i].name, "app%u", i);
        s->apps[i].engine = shape->engine;
        s->images[i] = (struct process_image){.flash = {flash, 0x1000},
                                              .entry = flash + 0x80,
                                              .min_ram_size = APP_RAM,
                                              .initial_app_size = APP_RAM / 2,
                                              .fault_policy = FAULT_STOP,
                                              .filtered = true,
                                              .permission_count = COUNT_OF(may_call)};
        memcpy(s->images[i].permissions, may_call, sizeof may_call);
    }
}

static void make_scenario(struct scenario *s, const struct bench_shape *shape)
{
    s->costs = *costs_find("m4-300");
    s->until_ps = UINT64_MAX / 4;
    s->seed = 1;
    s->config = (struct kernel_config){
        .cpu_hz = 64000000,
        .process_ram = {0x20010000, RAM_SIZE - 0x10000},
        .kernel_ram = {0x20000000, 0x100},
        .line_count = 48,
        .alarm = {.present = true, .base = RTC, .line = RTC_LINE},
        .passthrough_driver = PASSTHROUGH,
        .filter = {filter_by_table, lend_all, COUNT_OF(lend_all)},
        .forbidden_count = 2,
        .forbidden = {{0, 0x100000}, {0x20000000, RAM_SIZE}},
        .image_count = (uint8_t)shape->apps,
        .images = s->images,
    };
    s->config.radio.radio.present = true; /* no RAM for its buffers: its number is free (rules) */
    make_board(s, shape->devices);
    make_apps(s, shape);
    s->board.config = s->config;
}

/* ---- the machine */

struct bench_machine *bench_machine_make(const struct bench_shape *shape)
{
    struct bench_machine *bm = bench_take(1, sizeof *bm);
    struct scenario *s = bench_take(1, sizeof *s);
    const char *why;
    uint32_t bad_image;
    make_scenario(s, shape);
    bm->scenario = s;
    bm->setup = machine_setup_make(s, &why);
    if (!bm->setup)
        bench_fail(why);
    bm->hw.m = machine_make(bm->setup);
    if (!bm->hw.m)
        bench_fail("out of memory");
    if (machine_boot(&bm->hw, &bad_image))
        bench_fail("the kernel does not start");
    return bm;
}

void bench_machine_free(struct bench_machine *bm)
{
    machine_free(bm->hw.m);
    machine_setup_free(bm->setup);
    free(bm->scenario);
    free(bm);
}

uint64_t bench_machine_units(const struct bench_machine *bm)
{
    uint64_t units = 0;
    for (uint32_t i = 0; i < bm->scenario->app_count; i++) {
        const struct app *app = machine_app(bm->hw.m, i);
        if (app->checks_failed || app->unexpected_faults)
            bench_fail("an app got what it should not");
        units += app->checks_passed;
    }
    return units;
}

static void check_machine(struct machine *m)
{
    const struct verdict *first;
    if (machine_verdicts(m, &first) > 0) {
        char text[VERDICT_TEXT_MAX];
        verdict_describe_run(m, first, text, sizeof text);
        bench_fail(text);
    }
    if (machine_state(m) != RUN_GOING)
        bench_fail("a machine of the bench stopped");
}

/* In stretches of virtual time, so that steps are counted seldom: what one unit took so far. */
uint64_t bench_machine_go(void *state, uint64_t rounds)
{
    struct bench_machine *bm = state;
    uint64_t before = bench_machine_units(bm), done = 0;
    while (done < rounds) {
        uint64_t now = machine_now_ps(bm->hw.m);
        uint64_t units = before + done;
        uint64_t unit_ps = units ? now / units : PS_PER_US;
        (void)machine_run(&bm->hw, now + (rounds - done) * (unit_ps + 1));
        done = bench_machine_units(bm) - before;
        check_machine(bm->hw.m);
    }
    return done;
}
