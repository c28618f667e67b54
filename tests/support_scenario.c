#include "tests/support_scenario.h"

#include "devices/catalogue.h"
#include "model/filter.h"
#include "model/passthrough.h"
#include "model/quiesce_nrf52.h"
#include "sim/machine_value.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- apps */

static void start(struct app *app, const uint32_t r[4])
{
    (void)app, (void)r;
}

static void upcall(struct app *app, uint32_t function, const uint32_t r[4])
{
    (void)app, (void)function, (void)r;
}

static void yield(struct app *app, struct app_op *op)
{
    (void)app;
    *op = (struct app_op){.kind = OP_SYSCALL, .call = {SYSCALL_YIELD, {YIELD_WAIT, 0, 0, 0}}};
}

static void spin(struct app *app, struct app_op *op)
{
    (void)app;
    *op = (struct app_op){.kind = OP_SPIN};
}

const struct app_engine support_waits = {
    .name = "waits", .start = start, .upcall = upcall, .next = yield};
const struct app_engine support_spins = {
    .name = "spins", .start = start, .upcall = upcall, .next = spin};

/* ---- the board */

static const struct {
    const char *name, *type;
    struct span window;
    uint32_t line;
    bool lendable;
} rows[] = {
    {"TIMER0", "nrf52-timer", {SUPPORT_TIMER0, 0x1000}, 8, true},
    {"TIMER1", "nrf52-timer", {SUPPORT_TIMER1, 0x1000}, 9, true},
    {"TIMER2", "nrf52-timer", {SUPPORT_TIMER2, 0x1000}, 10, false},
    {"RTC1", "nrf52-rtc", {0x40011000, 0x1000}, 17, false},
    {"EGU0", "nrf52-egu", {0x40014000, 0x1000}, 20, true},
};

static const struct filter_row lend_all[] = {{.asked = {0x40000000, 0x100000}}};

const struct device_type *support_type(const char *name)
{
    const struct device_type *type = device_catalogue_find(name);
    if (!type)
        ck_abort_msg("no device type %s", name);
    return type;
}

static void add_device(struct scenario *s, size_t row)
{
    struct board *board = &s->board;
    struct board_device *d = &board->devices[board->device_count++];
    *d = (struct board_device){.window = rows[row].window,
                               .type = support_type(rows[row].type),
                               .alias_of = BOARD_NONE,
                               .line = rows[row].line,
                               .endpoint = BOARD_NONE};
    snprintf(d->name, sizeof d->name, "%s", rows[row].name);
    if (!rows[row].lendable) {
        s->config.claims[s->config.claim_count++] = rows[row].window;
        return;
    }
    struct quiesce_list quiet = quiesce_nrf52[row == 4 ? QUIESCE_NRF52_EGU : QUIESCE_NRF52_TIMER];
    d->endpoint = s->config.endpoint_count;
    struct passthrough_endpoint *e = &s->config.endpoints[s->config.endpoint_count++];
    *e = (struct passthrough_endpoint){.windows = {rows[row].window},
                                       .window_count = 1,
                                       .has_line = true,
                                       .line = (uint8_t)rows[row].line,
                                       .quiesce = quiet.steps,
                                       .quiesce_count = quiet.count};
}

/* Of the scenario that was made last. */
static struct injection injections[SCENARIO_INJECTION_MAX];
static struct check checks[SCENARIO_CHECK_MAX];

void support_scenario(struct scenario *s, uint32_t apps, const struct app_engine *engine,
                      const void *program)
{
    memset(s, 0, sizeof *s);
    s->injections = injections;
    s->checks = checks;
    memset(injections, 0, sizeof injections);
    memset(checks, 0, sizeof checks);
    snprintf(s->id, sizeof s->id, "by hand");
    struct board *board = &s->board;
    snprintf(board->name, sizeof board->name, "by hand");
    board->cpu_hz = 64000000;
    board->mpu_regions = 8;
    board->flash = (struct span){0, 0x100000};
    board->app_flash = (struct span){0x30000, 0xd0000};
    board->ram = (struct span){0x20000000, 0x40000};
    board->hf = (struct clock){.hz = 16000000};
    board->lf = (struct clock){.hz = 32768};
    s->costs = *costs_find("m4-300");
    s->until_ps = 30 * PS_PER_MS;
    s->seed = 1;
    s->config = (struct kernel_config){
        .cpu_hz = board->cpu_hz,
        .process_ram = {0x20010000, 0x30000},
        .kernel_ram = {0x20000000, 0x10000},
        .line_count = 48,
        .alarm = {.present = true, .base = 0x40011000, .line = 17},
        .passthrough_driver = PASSTHROUGH_DRIVER_DEFAULT,
        .filter = {filter_by_table, lend_all, 1},
        .forbidden_count = 2,
        .forbidden = {{0, 0x100000}, {0x20000000, 0x40000}},
        .image_count = (uint8_t)apps,
        .images = s->images,
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        add_device(s, i);
    s->app_count = apps;
    for (uint32_t i = 0; i < apps; i++) {
        snprintf(s->apps[i].name, sizeof s->apps[i].name, "app%u", i);
        s->apps[i].engine = engine;
        s->apps[i].program = program;
        s->images[i] = (struct process_image){.flash = {0x30000 + i * 0x4000, 0x4000},
                                              .entry = 0x30100 + i * 0x4000,
                                              .min_ram_size = 4096,
                                              .initial_app_size = 2048,
                                              .fault_policy = FAULT_RESTART};
    }
    board->config = s->config;
}

/* What support_boot hands out is its first member. */
struct support {
    struct hw hw;
    struct machine_setup *setup;
};

struct hw *support_boot(const struct scenario *s, struct recorder *recorder)
{
    const char *why;
    struct support *support = calloc(1, sizeof *support);
    ck_assert_ptr_nonnull(support);
    support->setup = machine_setup_make(s, &why);
    ck_assert_msg(support->setup != NULL, "%s", why ? why : "no setup");
    support->hw.m = machine_make(support->setup);
    ck_assert_ptr_nonnull(support->hw.m);
    support->hw.recorder = recorder;
    uint32_t bad_image;
    ck_assert_int_eq(machine_boot(&support->hw, &bad_image), ERR_NONE);
    return &support->hw;
}

void support_free(struct hw *hw)
{
    struct support *support = (struct support *)hw;
    machine_free(support->hw.m);
    machine_setup_free(support->setup);
    free(support);
}

void support_trace(struct hw *hw, unsigned kind, uint32_t process, uint32_t address, uint64_t value)
{
    static const uint8_t kinds[ACCESS_RECORDS] = {
        [ACCESS_LOAD] = EVENT_LOAD,
        [ACCESS_STORE] = EVENT_STORE,
        [ACCESS_KERNEL_READ] = EVENT_KERNEL_READ,
        [ACCESS_KERNEL_WRITE] = EVENT_KERNEL_WRITE,
    };
    const struct machine_setup *setup = hw->m->setup;
    uint32_t place = machine_device_at(setup, address);
    uint32_t listeners = setup->first_listener[kind];
    if (place == BOARD_NONE)
        place = machine_place_beside(hw->m, address);
    for (uint32_t access = 0; access < ACCESS_RECORDS; access++)
        if (kinds[access] == kind)
            listeners = setup->access_listener[access][place];
    hw->m->worked_ps += PS_PER_S; /* what led to it was paid: kernel-cost has tests of its own */
    machine_trace_to(hw, kind, process, address, value, listeners);
}
