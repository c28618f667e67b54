/* test_machine.c: the machine as a value, its costs, and wild apps against the whole kernel. */
#include "devices/catalogue.h"
#include "model/passthrough.h"
#include "sim/apps/catalogue.h"
#include "sim/costs.h"
#include "sim/machine_value.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A filter that answers anything: sometimes what was asked, often more, less, elsewhere, or an
 * error. */
static enum err wild_filter(const struct device_filter *filter, struct filter_subject who,
                            struct span asked, struct span *granted)
{
    (void)filter;
    struct random random = random_start(asked.base ^ asked.size, who.process);
    switch (random_below(&random, 6)) {
    case 0:
        return (enum err)random_below(&random, 2000);
    case 1:
        *granted = (struct span){(uint32_t)random_next(&random), (uint32_t)random_next(&random)};
        return ERR_NONE;
    case 2:
        *granted = (struct span){asked.base & 0xfffc0000, 0x80000};
        return ERR_NONE;
    default:
        *granted = asked;
        return ERR_NONE;
    }
}

/* --- tests ------------------------------------------------------------------------------------ */

static struct scenario scenario;
static const uint32_t operations[2] = {100, 0}; /* as hostile's program begins */

static void wild_scenario(uint64_t with_seed)
{
    support_scenario(&scenario, 3, &hostile_engine, operations);
    scenario.seed = with_seed;
    scenario.until_ps = 60 * PS_PER_MS;
    scenario.config.scheduler = (enum scheduler_kind)(with_seed % SCHEDULER_KINDS);
    if (with_seed % 3 == 0)
        scenario.config.filter.function = wild_filter;
    if (with_seed % 4 == 0) { /* and a device that storms */
        scenario.injections[0] = (struct injection){.kind = INJECT_STORM,
                                                    .at_ps = PS_PER_MS,
                                                    .period_ps = 20 * PS_PER_US,
                                                    .count = 200,
                                                    .line = 8 + (uint32_t)(with_seed / 4 % 3)};
        scenario.injections[1] = (struct injection){
            .kind = INJECT_STUCK, .at_ps = 2 * PS_PER_MS, .device = (uint32_t)(with_seed / 4 % 2)};
        scenario.injections[2] =
            (struct injection){.kind = INJECT_RESTART, .at_ps = 5 * PS_PER_MS, .process = 1};
        scenario.injection_count = 3;
    }
}

/* Words of the processes' memory are overwritten behind the kernel's back, as DMA could. */
static void corrupt(struct scenario *s, uint64_t with_seed)
{
    struct random random = random_start(with_seed, RANDOM_INJECT);
    while (s->injection_count < 40)
        s->injections[s->injection_count++] = (struct injection){
            .kind = INJECT_POKE,
            .at_ps = random_below(&random, 20 * PS_PER_MS),
            .address = 0x20010000 + (uint32_t)random_below(&random, 0x1800) * 4,
            .value = random_below(&random, 2) ? (uint32_t)random_next(&random)
                                              : (uint32_t)random_below(&random, 16)};
}

/* 1,000 seeds of 3 apps with 100 operations each. */
START_TEST(nothing_that_apps_filters_or_devices_do_panics_the_kernel)
{
    for (uint64_t s = (uint64_t)_i * 100 + 1; s <= (uint64_t)_i * 100 + 100; s++) {
        wild_scenario(s);
        bool dma = s % 5 == 0;
        if (dma)
            corrupt(&scenario, s);
        struct hw *hw = support_boot(&scenario, NULL);
        enum run_state state = machine_run(hw, TIME_NEVER);
        machine_finish(hw);
        ck_assert_msg(state == RUN_DONE || state == RUN_HALTED, "seed %" PRIu64 ": state %d: %s", s,
                      (int)state, hw->panic_text);
        const struct verdict *verdicts;
        uint32_t count = machine_verdicts(hw->m, &verdicts);
        ck_assert_msg(dma || count == 0,
                      "seed %" PRIu64 ": rule %s broke at %" PRIu64
                      " ps (process %u, address %08x, detail %u)",
                      s, count ? rule_rows[verdicts[0].rule].id : "", count ? verdicts[0].at_ps : 0,
                      count ? verdicts[0].process : 0, count ? verdicts[0].address : 0,
                      count ? verdicts[0].detail : 0);
        support_free(hw);
    }
}
END_TEST

static uint64_t straight_hash(uint64_t with_seed)
{
    wild_scenario(with_seed);
    struct hw *hw = support_boot(&scenario, NULL);
    machine_run(hw, TIME_NEVER);
    uint64_t hash = machine_trace_hash(hw->m);
    support_free(hw);
    return hash;
}

START_TEST(same_seed_gives_the_same_hash_and_another_seed_another)
{
    ck_assert_uint_eq(straight_hash(5), straight_hash(5));
    ck_assert_uint_ne(straight_hash(5), straight_hash(6));
}
END_TEST

/* A snapshot before every step; after the step the machine is thrown back and takes it again. */
START_TEST(going_on_from_a_snapshot_equals_going_straight_on)
{
    uint64_t straight = straight_hash(20 + (uint64_t)_i);
    wild_scenario(20 + (uint64_t)_i);
    struct hw *hw = support_boot(&scenario, NULL);
    struct machine *snapshot = machine_make(machine_get_setup(hw->m));
    do {
        machine_save(hw->m, snapshot);
        machine_step(hw);
        uint64_t once = machine_trace_hash(hw->m);
        machine_restore(hw->m, snapshot);
        machine_step(hw);
        ck_assert_uint_eq(machine_trace_hash(hw->m), once);
    } while (machine_state(hw->m) == RUN_GOING);

    ck_assert_uint_eq(machine_trace_hash(hw->m), straight);
    machine_free(snapshot);
    support_free(hw);
}
END_TEST

START_TEST(older_copy_does_not_pass_for_the_pair_of_a_newer_snapshot)
{
    wild_scenario(3);
    struct hw *hw = support_boot(&scenario, NULL);
    const struct machine_setup *setup = machine_get_setup(hw->m);
    struct machine *snapshot = machine_make(setup), *older = machine_make(setup);
    uint8_t zero[256] = {0}, now[256];
    struct span span = {0x20020000, sizeof zero};

    machine_save(hw->m, snapshot);
    machine_copy(older, hw->m);
    ck_assert(machine_peek(hw->m, span, now));
    memcpy(machine_ram_at(hw->m, span), zero, sizeof zero);
    machine_save(hw->m, snapshot);    /* zeros are in the snapshot now */
    machine_restore(older, snapshot); /* the old copy must take them over */
    ck_assert(machine_peek(older, span, now));
    ck_assert_mem_eq(now, zero, sizeof zero);
    machine_free(older);
    machine_free(snapshot);
    support_free(hw);
}
END_TEST

/* Bytes that nobody has written are computed when they are asked for. */
START_TEST(ram_holds_the_pattern_but_for_what_was_written)
{
    wild_scenario(3);
    struct hw *hw = support_boot(&scenario, NULL), *other = support_boot(&scenario, NULL);
    enum { AT = 0x20020000 + RAM_PAGE - 5, SIZE = RAM_PAGE + 11, WRITTEN = 7 };
    uint8_t before[SIZE], after[SIZE], one;
    struct span span = {AT, SIZE};

    ck_assert(machine_peek(hw->m, span, before));
    *machine_ram_at(hw->m, (struct span){AT + WRITTEN, 1}) = (uint8_t)~before[WRITTEN];
    ck_assert(machine_peek(hw->m, span, after));
    for (uint32_t i = 0; i < SIZE; i++) {
        ck_assert(machine_peek(other->m, (struct span){AT + i, 1}, &one));
        ck_assert_uint_eq(before[i], one);
        ck_assert_uint_eq(after[i], i == WRITTEN ? (uint8_t)~one : one);
    }
    support_free(hw);
    support_free(other);
}
END_TEST

START_TEST(machine_takes_over_all_of_another_machines_snapshot)
{
    wild_scenario(3);
    struct hw *hw = support_boot(&scenario, NULL), *other = support_boot(&scenario, NULL);
    other->m->setup = hw->m->setup; /* equal, and now the same */
    struct machine *mine = machine_make(hw->m->setup), *theirs = machine_make(hw->m->setup);

    machine_run(other, 20 * PS_PER_MS);
    machine_save(hw->m, mine);
    machine_save(other->m, theirs);
    machine_restore(hw->m, theirs);
    ck_assert_uint_eq(machine_trace_hash(hw->m), machine_trace_hash(other->m));
    for (uint32_t at = 0; at < scenario.board.ram.size; at += 256) {
        uint8_t bytes[2][256];
        struct span span = {scenario.board.ram.base + at, 256};
        ck_assert(machine_peek(hw->m, span, bytes[0]) && machine_peek(other->m, span, bytes[1]));
        ck_assert_mem_eq(bytes[0], bytes[1], 256);
    }
    machine_free(mine);
    machine_free(theirs);
    support_free(hw);
    support_free(other);
}
END_TEST

/* An app that makes null commands of the alarm driver, one after the other. */
static void null_start(struct app *app, const uint32_t r[4])
{
    (void)app;
    (void)r;
}

static void null_upcall(struct app *app, uint32_t function, const uint32_t r[4])
{
    (void)function;
    null_start(app, r);
}

static void null_next(struct app *app, struct app_op *op)
{
    (void)app;
    *op = (struct app_op){.kind = OP_SYSCALL, .call = {.class = SYSCALL_COMMAND}};
}

static const struct app_engine null_engine = {
    .name = "null", .start = null_start, .upcall = null_upcall, .next = null_next};

/* An app that asks once where app 1 lies, and then waits. */
static void seeker_next(struct app *app, struct app_op *op)
{
    bool asks = app->index == 0 && app->checks_passed++ == 0;
    *op = asks ? (struct app_op){.kind = OP_LOCATE, .address = 1}
               : (struct app_op){.kind = OP_SYSCALL,
                                 .call = {.class = SYSCALL_YIELD, .args = {YIELD_WAIT}}};
}

START_TEST(app_is_found_before_it_has_run)
{
    const struct app_engine seeker = {
        .name = "seeker", .start = null_start, .upcall = null_upcall, .next = seeker_next};
    support_scenario(&scenario, 2, &seeker, NULL);
    struct hw *hw = support_boot(&scenario, NULL);
    while (machine_app(hw->m, 0)->checks_passed < 2)
        machine_step(hw);
    ck_assert_uint_eq(machine_app(hw->m, 1)->lives, 0);
    ck_assert_uint_ne(machine_app(hw->m, 0)->result.value, 0);
    ck_assert_uint_eq(machine_app(hw->m, 0)->result.value,
                      machine_process_facts(hw->m, 1).block.base);
    support_free(hw);
}
END_TEST

static void device_store(struct hw *hw, uint32_t device, uint32_t offset, uint32_t value)
{
    device_write(machine_device(hw->m, device), offset, value, hw->m->now_ps);
    machine_serve(hw, device);
}

/* ECB at TIMER1's place, CCM at TIMER2's: they share the AES core, and CCM goes first. */
START_TEST(device_hears_that_a_shared_part_is_taken)
{
    enum { ECB = 1, CCM = 2, ERRORECB = 0x104 };
    support_scenario(&scenario, 1, &null_engine, NULL);
    scenario.board.devices[ECB].type = &nrf52_ecb.type;
    scenario.board.devices[CCM].type = &nrf52_ccm.type;
    struct hw *hw = support_boot(&scenario, NULL);
    device_store(hw, ECB, 0x504, 0x20020000); /* ECBDATAPTR */
    device_store(hw, CCM, 0x508, 0x20020000); /* CNFPTR */
    device_store(hw, CCM, 0x500, 2);          /* ENABLE */
    device_store(hw, ECB, 0x000, 1);          /* STARTECB */
    ck_assert_uint_eq(device_read(machine_device(hw->m, ECB), ERRORECB, hw->m->now_ps), 0);
    device_store(hw, CCM, 0x000, 1); /* KSGEN */
    ck_assert_uint_eq(device_read(machine_device(hw->m, ECB), ERRORECB, hw->m->now_ps), 1);
    device_store(hw, ECB, ERRORECB, 0);
    device_store(hw, CCM, 0x008, 1); /* STOP */
    device_store(hw, ECB, 0x000, 1);
    ck_assert_uint_eq(device_read(machine_device(hw->m, ECB), ERRORECB, hw->m->now_ps), 0);
    support_free(hw);
}
END_TEST

/* Each twice, in a row or after a hang: the second must not count as having had an effect. */
static const struct {
    const char *why;
    struct injection first, second;
} without_effect[] = {
    {"a device hangs twice", {.kind = INJECT_HANG}, {.kind = INJECT_HANG}},
    {"a line is stuck twice", {.kind = INJECT_STUCK}, {.kind = INJECT_STUCK}},
    {"a task of a device that hangs", {.kind = INJECT_HANG}, {.kind = INJECT_TASK}},
    {"a register that is no task", {.kind = INJECT_STUCK}, {.kind = INJECT_TASK, .address = 0x540}},
    {"a word that stands there",
     {.kind = INJECT_POKE, .address = 0x20001000, .value = 7},
     {.kind = INJECT_POKE, .address = 0x20001000, .value = 7}},
    {"too little memory to take",
     {.kind = INJECT_STUCK},
     {.kind = INJECT_MEMORY_PRESSURE, .value = 7}},
    {"an app that is dead", {.kind = INJECT_KILL}, {.kind = INJECT_KILL}},
    {"a device that is released already",
     {.kind = INJECT_HANG},
     {.kind = INJECT_RELEASE, .device = 1}},
    {"what a timer does next that has nothing to do",
     {.kind = INJECT_HANG},
     {.kind = INJECT_DELAY, .device = 1}},
    {"the same, earlier", {.kind = INJECT_HANG}, {.kind = INJECT_HASTEN, .device = 1}},
    {"what a device would do next that hangs",
     {.kind = INJECT_HANG, .device = 3},
     {.kind = INJECT_DELAY, .device = 3}},
};

START_TEST(injection_without_effect_has_not_fired)
{
    support_scenario(&scenario, 1, &null_engine, NULL);
    scenario.injections[0] = without_effect[_i].first;
    scenario.injections[1] = without_effect[_i].second;
    scenario.injections[0].at_ps = PS_PER_MS;
    scenario.injections[1].at_ps = 2 * PS_PER_MS;
    scenario.injection_count = 2;
    struct hw *hw = support_boot(&scenario, NULL);
    machine_run(hw, TIME_NEVER);
    ck_assert_msg(machine_injection_fired(hw->m, 0), "%s: the first", without_effect[_i].why);
    ck_assert_msg(!machine_injection_fired(hw->m, 1), "%s: the second", without_effect[_i].why);
    support_free(hw);
}
END_TEST

/* A register that an app reads, and one whose second forcing takes the place of the first. */
static void reader_next(struct app *app, struct app_op *op)
{
    bool asks = app->checks_passed++ == 0;
    *op = asks ? (struct app_op){.kind = OP_SYSCALL,
                                 .call = {.class = SYSCALL_COMMAND,
                                          .args = {PASSTHROUGH_DRIVER_DEFAULT, PASSTHROUGH_ALLOCATE,
                                                   SUPPORT_TIMER0, 0x1000}}}
               : (struct app_op){.kind = OP_LOAD, .address = SUPPORT_TIMER0 + 0x540, .size = 4};
}

static const struct {
    const char *why;
    uint32_t offset, value; /* of the first; CC[0] stays 0 and is what the app reads */
    uint32_t then;          /* offset of the second, which comes 1 ms later */
    bool fired, then_fired;
} forcings[] = {
    {"read, and then another one", 0x540, 7, 0x544, true, false},
    {"not read, and then read", 0x544, 7, 0x540, false, true},
    {"read as what stands there", 0x540, 0, 0x544, false, false},
};

START_TEST(forced_register_has_an_effect_once_it_is_read_as_another)
{
    const struct app_engine reader = {
        .name = "reader", .start = null_start, .upcall = null_upcall, .next = reader_next};
    support_scenario(&scenario, 1, &reader, NULL);
    scenario.injections[0] = (struct injection){.kind = INJECT_FORCE,
                                                .at_ps = PS_PER_MS,
                                                .address = forcings[_i].offset,
                                                .value = forcings[_i].value};
    scenario.injections[1] = (struct injection){
        .kind = INJECT_FORCE, .at_ps = 2 * PS_PER_MS, .address = forcings[_i].then, .value = 7};
    scenario.injection_count = 2;
    struct hw *hw = support_boot(&scenario, NULL);
    machine_run(hw, TIME_NEVER);
    ck_assert_msg(machine_injection_fired(hw->m, 0) == forcings[_i].fired, "%s: the first",
                  forcings[_i].why);
    ck_assert_msg(machine_injection_fired(hw->m, 1) == forcings[_i].then_fired, "%s: the second",
                  forcings[_i].why);
    support_free(hw);
}
END_TEST

/* One request leads to the next without end, or DMA is asked for beyond the device's own state. */
static void ask_for_dma(struct device *d, uint32_t row)
{
    (void)row;
    device_request(d, (struct device_request){.kind = REQUEST_DMA_READ,
                                              .size = 4,
                                              .address = 0x20000000,
                                              .state_offset = (uint32_t)d->fault.forced_offset});
}

static void ask_for_more(struct device *d, const struct device_request *r, bool done)
{
    (void)r, (void)done;
    if (d->fault.forced_offset == 0)
        ask_for_dma(d, 0);
}

static const struct reg endless_regs[] = {{"TASKS_GO", 0, .on_task = ask_for_dma}};
static const struct device_type endless = {.name = "endless",
                                           .regs = endless_regs,
                                           .reg_count = 1,
                                           .window_size = 0x1000,
                                           .state_size = 8,
                                           .on_dma_done = ask_for_more};

START_TEST(device_whose_requests_are_lost_is_said_to_be_broken)
{
    support_scenario(&scenario, 1, &null_engine, NULL);
    scenario.board.devices[0].type = &endless;
    struct hw *hw = support_boot(&scenario, NULL);
    ck_assert_uint_eq(machine_broken_device(hw->m), BOARD_NONE);
    machine_device(hw->m, 0)->fault.forced_offset = _i ? 8 : 0; /* 8: just past its state */
    device_task(machine_device(hw->m, 0), 0, machine_now_ps(hw->m));
    machine_serve(hw, 0);
    ck_assert_uint_eq(machine_broken_device(hw->m), 0);
    support_free(hw);
}
END_TEST

START_TEST(injection_that_panics_the_kernel_has_fired)
{
    support_scenario(&scenario, 1, &null_engine, NULL);
    scenario.images[0].fault_policy = FAULT_PANIC;
    scenario.injections[0] = (struct injection){.kind = INJECT_FAULT, .at_ps = PS_PER_MS};
    scenario.injection_count = 1;
    struct hw *hw = support_boot(&scenario, NULL);
    ck_assert_int_eq(machine_run(hw, TIME_NEVER), RUN_PANIC);
    ck_assert(machine_injection_fired(hw->m, 0));
    support_free(hw);
}
END_TEST

/* The total that a preset's name promises. */
static uint32_t total_of(const char *preset)
{
    const char *dash = strrchr(preset, '-');
    return dash ? (uint32_t)strtoul(dash + 1, NULL, 10) : 0;
}

START_TEST(preset_is_the_total_of_its_components)
{
    const struct costs *costs = &cost_presets[_i];

    ck_assert_msg(costs_null_command(costs) == total_of(costs->preset), "%s sums to %u",
                  costs->preset, costs_null_command(costs));
}
END_TEST

START_TEST(null_command_takes_what_its_preset_promises)
{
    struct recorder recorder;
    recorder_start(&recorder, 0);
    support_scenario(&scenario, 1, &null_engine, NULL);
    scenario.costs = cost_presets[_i];
    scenario.until_ps = 2 * PS_PER_MS;
    struct hw *hw = support_boot(&scenario, &recorder);
    for (int i = 0; i < 200; i++)
        machine_step(hw);
    uint64_t from = 0, trips = 0;
    for (uint64_t i = 0; i < recorder.count; i++) {
        const struct record *r = &recorder.records[i];
        if (r->kind == EVENT_SYSCALL)
            from = r->at_ps;
        if (r->kind == EVENT_RETURN && trips++ > 0)
            ck_assert_msg((r->at_ps - from) / 15625 == total_of(scenario.costs.preset),
                          "%s: %" PRIu64 " cycles", scenario.costs.preset,
                          (r->at_ps - from) / 15625);
    }
    ck_assert_uint_gt(trips, 10);
    recorder_free(&recorder);
    support_free(hw);
}
END_TEST

START_TEST(clock_that_does_not_divide_a_second_keeps_its_rest)
{
    support_scenario(&scenario, 1, &null_engine, NULL);
    scenario.board.cpu_hz = scenario.config.cpu_hz = 48000000; /* 20833.33 ps */
    scenario.costs = *costs_find("zero");
    scenario.costs.app_svc = 48;
    struct recorder recorder;
    recorder_start(&recorder, 0);
    struct hw *hw = support_boot(&scenario, &recorder);
    for (int i = 0; i < 3000; i++)
        machine_step(hw);
    uint64_t calls = 0;
    for (uint64_t i = 0; i < recorder.count; i++)
        if (recorder.records[i].kind == EVENT_SYSCALL)
            ck_assert_uint_eq(recorder.records[i].at_ps, ++calls * PS_PER_US);
    ck_assert_uint_gt(calls, 1000);
    recorder_free(&recorder);
    support_free(hw);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("machine");
    TCase *t = tcase_create("machine");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, nothing_that_apps_filters_or_devices_do_panics_the_kernel, 0, 10);
    tcase_add_test(t, same_seed_gives_the_same_hash_and_another_seed_another);
    tcase_add_loop_test(t, going_on_from_a_snapshot_equals_going_straight_on, 0, 4);
    tcase_add_test(t, older_copy_does_not_pass_for_the_pair_of_a_newer_snapshot);
    tcase_add_test(t, ram_holds_the_pattern_but_for_what_was_written);
    tcase_add_test(t, machine_takes_over_all_of_another_machines_snapshot);
    tcase_add_test(t, app_is_found_before_it_has_run);
    tcase_add_test(t, device_hears_that_a_shared_part_is_taken);
    tcase_add_loop_test(t, injection_without_effect_has_not_fired, 0,
                        (int)(sizeof without_effect / sizeof without_effect[0]));
    tcase_add_loop_test(t, forced_register_has_an_effect_once_it_is_read_as_another, 0,
                        sizeof forcings / sizeof forcings[0]);
    tcase_add_loop_test(t, device_whose_requests_are_lost_is_said_to_be_broken, 0, 2);
    tcase_add_test(t, injection_that_panics_the_kernel_has_fired);
    tcase_add_loop_test(t, preset_is_the_total_of_its_components, 0, 7);
    tcase_add_loop_test(t, null_command_takes_what_its_preset_promises, 0, 6);
    tcase_add_test(t, clock_that_does_not_divide_a_second_keeps_its_rest);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
