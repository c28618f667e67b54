/* test_answer_monitors.c: call-answer and kernel-write bite: answers that no lawful kernel would
 * give, and writes that it would not make, are planted in a booted machine, and that rule breaks
 * with that sentence. Lawful ones stay silent.
 */
#include "model/kernel.h"
#include "model/passthrough.h"
#include "sim/machine_value.h"
#include "sim/monitors.h"
#include "sim/monitors/answers.h"
#include "sim/monitors/driver_facts.h"
#include "sim/verdict.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum {
    A,
    B,
    APPS,
    FLASH = 0x30000, /* of A */
    FLASH_END = 0x34000,
    RAM = 0x20010000,
    RAM_END = RAM + 0x1200,
    BREAK = RAM + 2048,
    HANDLER = FLASH + 0x200,
    FLAG = RAM + 0x40,
    ALARM = 0x0,
    CONSOLE = 0x1,
    GPIO = 0x4, /* not on this board */
    NOBODY = 0x777,
    RW = SYSCALL_ALLOW_RW,
    RO = SYSCALL_ALLOW_RO,
    READABLE = SYSCALL_ALLOW_READABLE,
};

static struct scenario scenario;
static struct hw *hw;

/* ---- an app that yields without waiting, and then has nothing left to do */

static void poller_start(struct app *app, const uint32_t r[4])
{
    (void)r;
    *(uint32_t *)app_state(app) = 0;
}

static void poller_upcall(struct app *app, uint32_t function, const uint32_t r[4])
{
    (void)app, (void)function, (void)r;
}

static void poller_next(struct app *app, struct app_op *op)
{
    uint32_t *done = app_state(app);
    *op = (struct app_op){.kind = OP_SPIN};
    if (*done == 0)
        *op = (struct app_op){
            .kind = OP_SYSCALL,
            .call = {SYSCALL_YIELD, {YIELD_NO_WAIT, app->ram_base + (FLAG - RAM), 0, 0}}};
    *done = 1;
}

static const struct app_engine poller = {.name = "poller",
                                         .state_size = sizeof(uint32_t),
                                         .start = poller_start,
                                         .upcall = poller_upcall,
                                         .next = poller_next};

/* The kernel does not run any more once it has booted: drivers come and go in the config alone. */
static void set_up(void)
{
    support_scenario(&scenario, APPS, &poller, NULL);
    scenario.images[A].flash_region_count = 1;
    scenario.images[A].flash_regions[0] = (struct span){FLASH + 0x1000, 0x400};
    hw = support_boot(&scenario, NULL);
    machine_run(hw, PS_PER_MS);
    scenario.config.console.present = true;
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
    ck_assert_uint_eq(hw->m->kernel.processes[A].memory.base, RAM);
    ck_assert_uint_eq(RAM + hw->m->kernel.processes[A].memory.size, RAM_END);
}

static void tear_down(void)
{
    support_free(hw);
}

/* ---- what happens */

static void call(uint32_t process, const struct syscall *c)
{
    support_trace(hw, EVENT_SYSCALL, process, c->class, pair(c->args[0], c->args[1]));
    support_trace(hw, EVENT_SYSCALL_MORE, process, c->class, pair(c->args[2], c->args[3]));
}

static void returned(uint32_t process, const uint32_t r[4])
{
    memcpy(machine_app_mutable(hw->m, process)->result.regs.r, r, 4 * sizeof r[0]);
    support_trace(hw, EVENT_RETURN, process, r[0], pair(r[1], r[2]));
}

static void note(enum note kind, uint32_t process, uint32_t address, uint64_t value)
{
    support_trace(hw, EVENT_NOTE_BASE + (unsigned)kind, process, address, value);
}

static void answered(const struct syscall c, const struct syscall_return r)
{
    call(A, &c);
    returned(A, r.r);
}

static void swapped(uint32_t class, uint32_t driver, uint32_t number, struct span now,
                    struct span old)
{
    answered((struct syscall){class, {driver, number, now.base, now.size}},
             return_success_2(old.base, old.size));
}

/* As hw_ram_write tells of it; the bytes come to stand there. */
static void kernel_writes(uint32_t address, uint32_t size, uint8_t first)
{
    const struct machine_setup *setup = machine_get_setup(hw->m);
    uint8_t bytes[64] = {first};
    struct span to = {address, size};
    setup->write_listener.on_kernel_write(hw->m, machine_at(hw->m, setup->write_listener.state), to,
                                          bytes);
    memcpy(machine_ram_at(hw->m, to), bytes, size);
}

static void no_wait(uint32_t flag)
{
    call(A, &(struct syscall){SYSCALL_YIELD, {YIELD_NO_WAIT, flag, 0, 0}});
}

static void back_from_yield(void)
{
    returned(A, (const uint32_t[4]){YIELD_NO_WAIT, FLAG, 0, 0});
}

static void upcall_begins(void)
{
    support_trace(hw, EVENT_UPCALL, A, HANDLER, 0);
}

static void runs(uint32_t process)
{
    support_trace(hw, EVENT_RUN, process, RESUME_CONTINUE, 0);
}

static void ends(uint32_t restarts, enum end_kind how, uint32_t code)
{
    note(NOTE_PROCESS_END, A, restarts, pair(how, code));
}

static void exits(enum exit_kind kind, uint32_t code)
{
    call(A, &(struct syscall){SYSCALL_EXIT, {kind, code, 0, 0}});
}

static void loads(void)
{
    note(NOTE_PROCESS_LOADED, A, RAM, pair(RAM_END - RAM, 99));
    note(NOTE_PROCESS_BREAKS, A, BREAK, pair(RAM_END - 1024, BREAK));
}

/* ---- what must come out */

/* Nothing of the two rules, or a break of `rule` with that sentence as the first of the two. */
static void expect_break(const char *why, enum rule rule, enum verdict_detail detail)
{
    const struct verdict *kept, *first = NULL;
    char text[VERDICT_TEXT_MAX] = "nothing broke";
    uint32_t count = machine_verdicts(hw->m, &kept);

    for (uint32_t i = 0; i < count && !first; i++)
        if (kept[i].rule == RULE_CALL_ANSWER || kept[i].rule == RULE_KERNEL_WRITE)
            first = &kept[i];
    if (first)
        verdict_describe(&scenario, first, text, sizeof text);
    ck_assert_msg(first ? detail != DETAIL_NONE && first->rule == rule && first->detail == detail
                        : detail == DETAIL_NONE,
                  "%s: %s", why, text);
    ck_assert_msg(machine_rule_armed(hw->m, rule), "%s: not armed", why);
}

/* ---- one call and its answer */

#define FAILS(err)                                                                                 \
    {                                                                                              \
        RETURN_FAILURE, (err)                                                                      \
    }
static const struct {
    const char *why;
    struct syscall call;
    uint32_t r[4];
    enum verdict_detail detail;
} answers[] = {
    {"no such class", {8, {0}}, FAILS(ERR_NOSUPPORT), DETAIL_NONE},
    {"no such class, no device", {8, {0}}, FAILS(ERR_NODEVICE), DETAIL_ANSWER_ERROR},
    {"no such class, success", {255, {0}}, {RETURN_SUCCESS}, DETAIL_ANSWER_VARIANT},

    {"subscribe", {1, {ALARM, 0, HANDLER, 7}}, {RETURN_SUCCESS_2U32, 0, 0}, DETAIL_NONE},
    {"subscribe, the new one comes back",
     {1, {ALARM, 0, HANDLER, 7}},
     {RETURN_SUCCESS_2U32, HANDLER, 7},
     DETAIL_ANSWER_VALUE},
    {"subscribe, new appdata comes back",
     {1, {ALARM, 0, HANDLER, 7}},
     {RETURN_SUCCESS_2U32, 0, 7},
     DETAIL_ANSWER_VALUE},
    {"subscribe, bare success",
     {1, {ALARM, 0, HANDLER, 7}},
     {RETURN_SUCCESS},
     DETAIL_ANSWER_VARIANT},
    {"subscribe, no room",
     {1, {ALARM, 0, HANDLER, 7}},
     {RETURN_FAILURE_2U32, ERR_NOMEM, HANDLER, 7},
     DETAIL_NONE},
    {"subscribe, busy",
     {1, {ALARM, 0, HANDLER, 7}},
     {RETURN_FAILURE_2U32, ERR_BUSY, HANDLER, 7},
     DETAIL_ANSWER_ERROR},
    {"subscribe, no error",
     {1, {ALARM, 0, HANDLER, 7}},
     {RETURN_FAILURE_2U32, 0, HANDLER, 7},
     DETAIL_ANSWER_NO_ERROR},
    {"subscribe, bad number",
     {1, {ALARM, 1, HANDLER, 7}},
     {RETURN_FAILURE_2U32, ERR_NOSUPPORT, HANDLER, 7},
     DETAIL_NONE},
    {"subscribe, bad number taken",
     {1, {ALARM, 1, HANDLER, 7}},
     {RETURN_SUCCESS_2U32, 0, 0},
     DETAIL_ANSWER_GRANTED},
    {"subscribe, refused without what was passed",
     {1, {ALARM, 1, HANDLER, 7}},
     {RETURN_FAILURE_2U32, ERR_NOSUPPORT, HANDLER, 0},
     DETAIL_ANSWER_VALUE},
    {"subscribe, refused as a command is",
     {1, {ALARM, 1, HANDLER, 7}},
     FAILS(ERR_NOSUPPORT),
     DETAIL_ANSWER_VARIANT},
    {"subscribe, no driver",
     {1, {GPIO, 0, HANDLER, 7}},
     {RETURN_FAILURE_2U32, ERR_NODEVICE, HANDLER, 7},
     DETAIL_NONE},
    {"subscribe, no driver, the Null Upcall",
     {1, {GPIO, 0, HANDLER, 7}},
     {RETURN_FAILURE_2U32, ERR_NODEVICE, 0, 7},
     DETAIL_NONE},
    {"subscribe, no driver, no support",
     {1, {NOBODY, 0, HANDLER, 7}},
     {RETURN_FAILURE_2U32, ERR_NOSUPPORT, HANDLER, 7},
     DETAIL_ANSWER_ERROR},
    {"subscribe, a driver that is there is not",
     {1, {ALARM, 0, HANDLER, 7}},
     {RETURN_FAILURE_2U32, ERR_NODEVICE, HANDLER, 7},
     DETAIL_ANSWER_ERROR},
    {"subscribe, function outside, before the driver",
     {1, {NOBODY, 0, FLASH_END, 7}},
     {RETURN_FAILURE_2U32, ERR_INVAL, FLASH_END, 7},
     DETAIL_NONE},
    {"subscribe, the driver before the function",
     {1, {NOBODY, 0, FLASH_END, 7}},
     {RETURN_FAILURE_2U32, ERR_NODEVICE, FLASH_END, 7},
     DETAIL_ANSWER_ERROR},
    {"subscribe, function outside taken",
     {1, {ALARM, 0, FLASH - 1, 7}},
     {RETURN_SUCCESS_2U32, 0, 0},
     DETAIL_ANSWER_GRANTED},
    {"subscribe, the Null Upcall", {1, {ALARM, 0, 0, 7}}, {RETURN_SUCCESS_2U32, 0, 0}, DETAIL_NONE},

    {"command 0", {2, {ALARM, 0, 0, 0}}, {RETURN_SUCCESS}, DETAIL_NONE},
    {"command 0 with a value",
     {2, {ALARM, 0, 0, 0}},
     {RETURN_SUCCESS_U32, 8},
     DETAIL_ANSWER_VARIANT},
    {"command 0 of a driver that is there",
     {2, {ALARM, 0, 0, 0}},
     FAILS(ERR_NODEVICE),
     DETAIL_ANSWER_VARIANT},
    {"command 0, no driver", {2, {GPIO, 0, 0, 0}}, FAILS(ERR_NODEVICE), DETAIL_NONE},
    {"command 0, no driver, success",
     {2, {GPIO, 0, 0, 0}},
     {RETURN_SUCCESS},
     DETAIL_ANSWER_VARIANT},
    {"command, no driver, no support",
     {2, {NOBODY, 1, 0, 0}},
     FAILS(ERR_NOSUPPORT),
     DETAIL_ANSWER_ERROR},
    {"command, no driver, another variant",
     {2, {NOBODY, 1, 0, 0}},
     {RETURN_FAILURE_2U32, ERR_NODEVICE, 0, 0},
     DETAIL_ANSWER_VARIANT},
    {"command, any success", {2, {ALARM, 2, 0, 0}}, {RETURN_SUCCESS_U32_U64, 1, 2}, DETAIL_NONE},
    {"command, any failure", {2, {ALARM, 2, 0, 0}}, {RETURN_FAILURE_U64, 13, 2}, DETAIL_NONE},
    {"command, no device though there is",
     {2, {ALARM, 2, 0, 0}},
     FAILS(ERR_NODEVICE),
     DETAIL_ANSWER_ERROR},
    {"passthrough, the filter knows no such device",
     {2, {PASSTHROUGH_DRIVER_DEFAULT, 2, 0x40000000, 4096}},
     FAILS(ERR_NODEVICE),
     DETAIL_NONE},
    {"command, no variant", {2, {ALARM, 2, 0, 0}}, {4, ERR_FAIL}, DETAIL_ANSWER_NO_VARIANT},
    {"command, no variant either", {2, {ALARM, 2, 0, 0}}, {134}, DETAIL_ANSWER_NO_VARIANT},
    {"command, no error", {2, {ALARM, 2, 0, 0}}, FAILS(14), DETAIL_ANSWER_NO_ERROR},
    {"command, failure without an error", {2, {ALARM, 2, 0, 0}}, FAILS(0), DETAIL_ANSWER_NO_ERROR},

    {"allow", {RW, {CONSOLE, 1, RAM, 2048}}, {RETURN_SUCCESS_2U32, 0, 0}, DETAIL_NONE},
    {"allow, the new one comes back",
     {RW, {CONSOLE, 1, RAM, 2048}},
     {RETURN_SUCCESS_2U32, RAM, 2048},
     DETAIL_ANSWER_VALUE},
    {"allow, past the break",
     {RW, {CONSOLE, 1, RAM, 2049}},
     {RETURN_SUCCESS_2U32, 0, 0},
     DETAIL_ANSWER_GRANTED},
    {"allow, past the break, refused",
     {RW, {CONSOLE, 1, RAM, 2049}},
     {RETURN_FAILURE_2U32, ERR_INVAL, RAM, 2049},
     DETAIL_NONE},
    {"allow, wraps",
     {RW, {CONSOLE, 1, RAM, 0xffffffff}},
     {RETURN_SUCCESS_2U32, 0, 0},
     DETAIL_ANSWER_GRANTED},
    {"allow, empty anywhere",
     {RW, {CONSOLE, 1, 0xfffffff0, 0}},
     {RETURN_SUCCESS_2U32, 0, 0},
     DETAIL_NONE},
    {"allow, empty anywhere refused",
     {RW, {CONSOLE, 1, 0xfffffff0, 0}},
     {RETURN_FAILURE_2U32, ERR_INVAL, 0xfffffff0, 0},
     DETAIL_ANSWER_ERROR},
    {"allow, flash for writing",
     {RW, {CONSOLE, 1, FLASH, 16}},
     {RETURN_SUCCESS_2U32, 0, 0},
     DETAIL_ANSWER_GRANTED},
    {"allow, flash for reading",
     {RO, {CONSOLE, 1, FLASH, 16}},
     {RETURN_SUCCESS_2U32, 0, 0},
     DETAIL_NONE},
    {"allow, flash for reading refused",
     {RO, {CONSOLE, 1, FLASH, 16}},
     {RETURN_FAILURE_2U32, ERR_INVAL, FLASH, 16},
     DETAIL_ANSWER_ERROR},
    {"allow, another app's flash",
     {RO, {CONSOLE, 1, FLASH_END, 16}},
     {RETURN_SUCCESS_2U32, 0, 0},
     DETAIL_ANSWER_GRANTED},
    {"allow, bad number",
     {RW, {CONSOLE, 2, RAM, 16}},
     {RETURN_FAILURE_2U32, ERR_INVAL, RAM, 16},
     DETAIL_NONE},
    {"allow, bad number, no support",
     {RW, {CONSOLE, 2, RAM, 16}},
     {RETURN_FAILURE_2U32, ERR_NOSUPPORT, RAM, 16},
     DETAIL_ANSWER_ERROR},
    {"allow, bad number taken",
     {READABLE, {CONSOLE, 0, RAM, 16}},
     {RETURN_SUCCESS_2U32, 0, 0},
     DETAIL_ANSWER_GRANTED},
    {"allow, refused without what was passed",
     {RW, {CONSOLE, 2, RAM, 16}},
     {RETURN_FAILURE_2U32, ERR_INVAL, 0, 0},
     DETAIL_ANSWER_VALUE},
    {"allow, refused as a command is",
     {RW, {CONSOLE, 2, RAM, 16}},
     FAILS(ERR_INVAL),
     DETAIL_ANSWER_VARIANT},
    {"allow, no driver",
     {RO, {NOBODY, 0, RAM, 16}},
     {RETURN_FAILURE_2U32, ERR_NODEVICE, RAM, 16},
     DETAIL_NONE},
    {"allow, no driver, and outside: either reason",
     {RO, {NOBODY, 0, 4, 16}},
     {RETURN_FAILURE_2U32, ERR_INVAL, 4, 16},
     DETAIL_NONE},

    {"brk, success", {5, {MEMOP_BRK, BREAK}}, {RETURN_SUCCESS}, DETAIL_NONE},
    {"brk, refused", {5, {MEMOP_BRK, 0}}, FAILS(ERR_NOMEM), DETAIL_NONE},
    {"brk, refused above", {5, {MEMOP_BRK, BREAK + 8}}, FAILS(ERR_NOMEM), DETAIL_NONE},
    {"brk, refused though lower",
     {5, {MEMOP_BRK, BREAK - 8}},
     FAILS(ERR_NOMEM),
     DETAIL_ANSWER_REFUSED},
    {"sbrk, refused though lower",
     {5, {MEMOP_SBRK, (uint32_t)-2048}},
     FAILS(ERR_NOMEM),
     DETAIL_ANSWER_REFUSED},
    {"sbrk, refused below the start",
     {5, {MEMOP_SBRK, (uint32_t)-2049}},
     FAILS(ERR_NOMEM),
     DETAIL_NONE},
    {"sbrk, refused to wrap", {5, {MEMOP_SBRK, 0x80000000}}, FAILS(ERR_NOMEM), DETAIL_NONE},
    {"brk, another error", {5, {MEMOP_BRK, 0}}, FAILS(ERR_INVAL), DETAIL_ANSWER_ERROR},
    {"brk, a value", {5, {MEMOP_BRK, BREAK}}, {RETURN_SUCCESS_U32, 0}, DETAIL_ANSWER_VARIANT},
    {"sbrk, success", {5, {MEMOP_SBRK, 0}}, {RETURN_SUCCESS_U32, BREAK}, DETAIL_NONE},
    {"sbrk, no value", {5, {MEMOP_SBRK, 0}}, {RETURN_SUCCESS}, DETAIL_ANSWER_VARIANT},
    {"RAM start", {5, {MEMOP_RAM_START}}, {RETURN_SUCCESS_U32, RAM}, DETAIL_NONE},
    {"RAM start, other", {5, {MEMOP_RAM_START}}, {RETURN_SUCCESS_U32, 0}, DETAIL_ANSWER_VALUE},
    {"RAM end", {5, {MEMOP_RAM_END}}, {RETURN_SUCCESS_U32, RAM_END}, DETAIL_NONE},
    {"RAM end, the break", {5, {MEMOP_RAM_END}}, {RETURN_SUCCESS_U32, BREAK}, DETAIL_ANSWER_VALUE},
    {"flash start", {5, {MEMOP_FLASH_START}}, {RETURN_SUCCESS_U32, FLASH}, DETAIL_NONE},
    {"flash start, other", {5, {MEMOP_FLASH_START}}, {RETURN_SUCCESS_U32, 0}, DETAIL_ANSWER_VALUE},
    {"flash end", {5, {MEMOP_FLASH_END}}, {RETURN_SUCCESS_U32, FLASH_END}, DETAIL_NONE},
    {"flash end, its last byte",
     {5, {MEMOP_FLASH_END}},
     {RETURN_SUCCESS_U32, FLASH_END - 1},
     DETAIL_ANSWER_VALUE},
    {"grant start, the block's end",
     {5, {MEMOP_GRANT_START}},
     {RETURN_SUCCESS_U32, RAM_END},
     DETAIL_ANSWER_VALUE},
    {"regions", {5, {MEMOP_FLASH_REGIONS}}, {RETURN_SUCCESS_U32, 1}, DETAIL_NONE},
    {"regions, none", {5, {MEMOP_FLASH_REGIONS}}, {RETURN_SUCCESS_U32, 0}, DETAIL_ANSWER_VALUE},
    {"region start",
     {5, {MEMOP_FLASH_REGION_START, 0}},
     {RETURN_SUCCESS_U32, FLASH + 0x1000},
     DETAIL_NONE},
    {"region end",
     {5, {MEMOP_FLASH_REGION_END, 0}},
     {RETURN_SUCCESS_U32, FLASH + 0x1400},
     DETAIL_NONE},
    {"region end, its start",
     {5, {MEMOP_FLASH_REGION_END, 0}},
     {RETURN_SUCCESS_U32, FLASH + 0x1000},
     DETAIL_ANSWER_VALUE},
    {"region, no such", {5, {MEMOP_FLASH_REGION_START, 1}}, FAILS(ERR_FAIL), DETAIL_NONE},
    {"region, no such, a value",
     {5, {MEMOP_FLASH_REGION_START, 1}},
     {RETURN_SUCCESS_U32, 0},
     DETAIL_ANSWER_VARIANT},
    {"stack start", {5, {MEMOP_STACK_START, 0}}, {RETURN_SUCCESS}, DETAIL_NONE},
    {"heap start, refused", {5, {MEMOP_HEAP_START, 0}}, FAILS(ERR_INVAL), DETAIL_ANSWER_VARIANT},
    {"no such memop", {5, {12, 0}}, FAILS(ERR_NOSUPPORT), DETAIL_NONE},
    {"no such memop, success", {5, {12, 0}}, {RETURN_SUCCESS}, DETAIL_ANSWER_VARIANT},

    {"exit, no such number", {6, {2, 0}}, FAILS(ERR_NOSUPPORT), DETAIL_NONE},
    {"exit, no such number, inval", {6, {2, 0}}, FAILS(ERR_INVAL), DETAIL_ANSWER_ERROR},
};

START_TEST(answer_is_judged_by_its_call)
{
    call(A, &answers[_i].call);
    returned(A, answers[_i].r);
    expect_break(answers[_i].why, RULE_CALL_ANSWER, answers[_i].detail);
}
END_TEST

START_TEST(start_of_the_grants_is_where_the_kernel_has_it)
{
    uint32_t begin = ledger_of(hw->m)->processes[A].kernel_break;
    answered((struct syscall){SYSCALL_MEMOP, {MEMOP_GRANT_START}}, return_success_1(begin));
    expect_break("grants", RULE_CALL_ANSWER, DETAIL_NONE);
}
END_TEST

/* 0: the injection has gone as far as it can; 1: not at all; 2: below what the app reaches. */
START_TEST(start_of_the_grants_may_be_anywhere_once_room_was_taken)
{
    uint32_t begin = ledger_of(hw->m)->processes[A].kernel_break;
    const uint32_t told[] = {BREAK, begin, BREAK - 8};
    scenario.injections[0] = (struct injection){.kind = INJECT_MEMORY_PRESSURE, .process = A};
    support_trace(hw, EVENT_INJECTED, PROCESS_NONE, 0, A);
    answered((struct syscall){SYSCALL_MEMOP, {MEMOP_GRANT_START}}, return_success_1(told[_i]));
    expect_break("grants", RULE_CALL_ANSWER, _i == 2 ? DETAIL_ANSWER_VALUE : DETAIL_NONE);
}
END_TEST

/* ---- permissions */

static const struct {
    const char *why;
    struct syscall call;
    uint32_t r[4];
    enum verdict_detail detail;
} filtered[] = {
    {"command 5 of the alarm is in its header",
     {2, {ALARM, 5, 0, 0}},
     {RETURN_SUCCESS_U32, 1},
     DETAIL_NONE},
    {"command 6 is not", {2, {ALARM, 6, 0, 0}}, {RETURN_SUCCESS_U32, 1}, DETAIL_ANSWER_VARIANT},
    {"command 5 is, and refused", {2, {ALARM, 5, 0, 0}}, FAILS(ERR_NODEVICE), DETAIL_ANSWER_ERROR},
    {"command 6 is not, refused", {2, {ALARM, 6, 0, 0}}, FAILS(ERR_NODEVICE), DETAIL_NONE},
    {"command 69 is not", {2, {ALARM, 69, 0, 0}}, {RETURN_SUCCESS}, DETAIL_ANSWER_VARIANT},
    {"command 0 is not", {2, {ALARM, 0, 0, 0}}, FAILS(ERR_NODEVICE), DETAIL_NONE},
    {"subscribe to the alarm is open",
     {1, {ALARM, 0, HANDLER, 7}},
     {RETURN_SUCCESS_2U32, 0, 0},
     DETAIL_NONE},
    {"the console is closed",
     {RW, {CONSOLE, 1, RAM, 16}},
     {RETURN_SUCCESS_2U32, 0, 0},
     DETAIL_ANSWER_GRANTED},
    {"the console is closed, refused",
     {RW, {CONSOLE, 1, RAM, 16}},
     {RETURN_FAILURE_2U32, ERR_NODEVICE, RAM, 16},
     DETAIL_NONE},
    {"the console is closed, refused as a command is",
     {RW, {CONSOLE, 1, RAM, 16}},
     FAILS(ERR_NODEVICE),
     DETAIL_ANSWER_VARIANT},
    {"memop is never closed", {5, {MEMOP_RAM_START}}, FAILS(ERR_NODEVICE), DETAIL_ANSWER_VARIANT},
};

START_TEST(header_closes_what_it_does_not_name)
{
    scenario.images[A].filtered = true;
    scenario.images[A].permission_count = 1;
    scenario.images[A].permissions[0] = (struct permission){ALARM, 0, 1u << 5};
    call(A, &filtered[_i].call);
    returned(A, filtered[_i].r);
    expect_break(filtered[_i].why, RULE_CALL_ANSWER, filtered[_i].detail);
}
END_TEST

/* ---- what was handed over before */

static const struct span nothing = {0, 0}, first_buffer = {RAM + 64, 64},
                         second_buffer = {RAM + 512, 8}, function = {HANDLER, 7};

static void swaps_of_each_kind(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    swapped(RO, CONSOLE, 1, second_buffer, nothing);
    swapped(RW, CONSOLE, 0, second_buffer, nothing);
    swapped(RW, CONSOLE, 1, second_buffer, first_buffer);
    swapped(RO, CONSOLE, 1, (struct span){0, 0}, second_buffer);
    swapped(RW, CONSOLE, 1, (struct span){99, 0}, second_buffer);
    swapped(RW, CONSOLE, 1, first_buffer, (struct span){99, 0});
    swapped(SYSCALL_SUBSCRIBE, ALARM, 0, function, nothing);
    swapped(SYSCALL_SUBSCRIBE, ALARM, 0, nothing, function);
}

static void old_allow_is_lost(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    swapped(RW, CONSOLE, 1, second_buffer, nothing);
}

static void length_is_lost(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    swapped(RW, CONSOLE, 1, second_buffer, (struct span){first_buffer.base, 0});
}

static void kinds_share_their_numbers(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    swapped(RO, CONSOLE, 1, second_buffer, first_buffer);
}

static void refused_swap_swaps(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    answered((struct syscall){RW, {CONSOLE, 1, RAM, 9999}}, return_failure_2(ERR_INVAL, RAM, 9999));
    swapped(RW, CONSOLE, 1, second_buffer, (struct span){RAM, 9999});
}

static void next_life_finds_the_old_ones_buffer(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    exits(EXIT_RESTART, 0);
    ends(0, END_EXIT_RESTART, 0);
    loads();
    swapped(RW, CONSOLE, 1, second_buffer, first_buffer);
}

static void old_subscription_is_lost(void)
{
    swapped(SYSCALL_SUBSCRIBE, ALARM, 0, function, nothing);
    swapped(SYSCALL_SUBSCRIBE, ALARM, 0, nothing, nothing);
}

/* More of them than there is room for: the one too many is forgotten, and so not judged. */
static void too_many_to_remember(void)
{
    for (uint32_t i = 0; i < 300; i++) {
        call(B, &(struct syscall){RW, {CONSOLE, 0, 0, 0}});
        machine_app_mutable(hw->m, B)->result.regs.r[3] = 0;
        ledger_of(hw->m)->processes[B].args[1] = i; /* numbers that no driver has */
        support_trace(hw, EVENT_RETURN, B, RETURN_SUCCESS_2U32, 0);
    }
    hw->m->judged.verdict_count = 0; /* of these */
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    swapped(RW, CONSOLE, 1, second_buffer, (struct span){1, 2});
}

/* What stood in its grants, nobody knows any more. */
static void dma_breaks_into_the_grants(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    swapped(SYSCALL_SUBSCRIBE, ALARM, 0, function, nothing);
    support_trace(hw, EVENT_DMA_WRITE, PROCESS_NONE, RAM_END - 64, pair(64, 0));
    swapped(RW, CONSOLE, 1, second_buffer, (struct span){1, 2});
    swapped(SYSCALL_SUBSCRIBE, ALARM, 0, nothing, (struct span){1, 2});
}

static void dma_breaks_into_anothers_grants(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    support_trace(hw, EVENT_DMA_WRITE, PROCESS_NONE, RAM_END, pair(64, 0));
    swapped(RW, CONSOLE, 1, second_buffer, (struct span){1, 2});
}

/* ---- memory that grows */

static void break_falls_below_a_buffer_not(void)
{
    note(NOTE_ALLOW, A, BREAK - 64, pair(16, 0));
    answered((struct syscall){SYSCALL_MEMOP, {MEMOP_BRK, BREAK - 56}}, return_failure(ERR_NOMEM));
}

static void break_moves(uint32_t app_break)
{
    uint32_t kernel_break = ledger_of(hw->m)->processes[A].kernel_break;
    note(NOTE_PROCESS_BREAKS, A, app_break, pair(kernel_break, app_break));
}

static void break_sinks_and_rises(uint8_t left)
{
    memset(machine_ram_at(hw->m, (struct span){BREAK - 64, 64}), 0, 64);
    break_moves(BREAK - 64);
    *machine_ram_at(hw->m, (struct span){BREAK - 1, 1}) = left;
    break_moves(BREAK);
    answered((struct syscall){SYSCALL_MEMOP, {MEMOP_SBRK, 0}}, return_success_1(BREAK));
}

static void memory_comes_back_zeroed(void)
{
    break_sinks_and_rises(0);
}

static void memory_comes_back_as_it_was(void)
{
    break_sinks_and_rises(1);
}

/* The unit opens more than was asked for; something stands there as the break comes up. */
static void break_rises_within_what_is_open(uint8_t left)
{
    uint32_t kernel_break = ledger_of(hw->m)->processes[A].kernel_break;

    memset(machine_ram_at(hw->m, (struct span){BREAK - 64, 64}), 0, 64);
    note(NOTE_PROCESS_BREAKS, A, BREAK - 64, pair(kernel_break, BREAK));
    *machine_ram_at(hw->m, (struct span){BREAK - 1, 1}) = left;
    note(NOTE_PROCESS_BREAKS, A, BREAK - 32, pair(kernel_break, BREAK));
    answered((struct syscall){SYSCALL_MEMOP, {MEMOP_BRK, BREAK - 32}}, return_success());
}

static void memory_beyond_the_break_is_zero(void)
{
    break_rises_within_what_is_open(0);
}

static void memory_beyond_the_break_is_as_it_was(void)
{
    break_rises_within_what_is_open(1);
}

/* ---- yield */

static void byte_says_that_none_ran(void)
{
    no_wait(FLAG);
    kernel_writes(FLAG, 1, 0);
    back_from_yield();
    no_wait(FLAG);
    kernel_writes(FLAG, 1, 1);
    upcall_begins();
    no_wait(0);
    back_from_yield();
    no_wait(BREAK);
    back_from_yield();
}

static void byte_says_none_ran_and_one_did(void)
{
    no_wait(FLAG);
    kernel_writes(FLAG, 1, 0);
    upcall_begins();
}

static void byte_says_one_ran_and_none_did(void)
{
    no_wait(FLAG);
    kernel_writes(FLAG, 1, 1);
    back_from_yield();
}

static void byte_is_not_written(void)
{
    no_wait(FLAG);
    back_from_yield();
}

static void byte_is_that_of_the_call_before(void)
{
    no_wait(FLAG);
    kernel_writes(FLAG, 1, 0);
    back_from_yield();
    no_wait(FLAG);
    back_from_yield();
}

static void wait_for(uint32_t driver, uint32_t number)
{
    call(A, &(struct syscall){SYSCALL_YIELD, {YIELD_WAIT_FOR, driver, number, 0}});
}

static void event_comes(void)
{
    wait_for(ALARM, 0);
    note(NOTE_UPCALL_DELIVERED, A, ALARM, pair(0, 0));
    returned(A, (const uint32_t[4]){1, 2, 3, 0});
}

static void event_of_another_driver_comes(void)
{
    wait_for(ALARM, 0);
    note(NOTE_UPCALL_DELIVERED, A, CONSOLE, pair(0, 0));
    returned(A, (const uint32_t[4]){1, 2, 3, 0});
}

static void wait_for_comes_back_with_nothing(void)
{
    event_comes();
    wait_for(ALARM, 0);
    returned(A, (const uint32_t[4]){1, 2, 3, 0});
}

/* ---- ends of lives */

static void exit_restart_and_what_follows(void)
{
    exits(EXIT_RESTART, 3);
    ends(0, END_EXIT_RESTART, 3);
    loads();
    support_trace(hw, EVENT_FAULT, A, 0, 0);
    ends(1, END_FAULT, 0);
}

static void exit_with_an_unknown_number_ends_a_life(void)
{
    exits((enum exit_kind)2, 3);
    ends(0, END_EXIT_TERMINATE, 3);
}

static void life_ends_by_a_fault_that_was_none(void)
{
    ends(0, END_FAULT, 0);
}

static void terminate_is_taken_for_restart(void)
{
    exits(EXIT_TERMINATE, 3);
    ends(0, END_EXIT_RESTART, 3);
}

static void code_is_lost_at_the_end_of_a_life(void)
{
    exits(EXIT_TERMINATE, 3);
    ends(0, END_EXIT_TERMINATE, 0);
}

static void code_is_not_kept(void)
{
    exits(EXIT_TERMINATE, 3);
    ends(0, END_EXIT_TERMINATE, 3);
    machine_finish(hw); /* the kernel has never heard of it */
}

static void code_is_kept(void)
{
    hw->m->kernel.processes[A].has_completion_code = true;
    hw->m->kernel.processes[A].completion_code = 3;
    code_is_not_kept();
}

static void one_who_is_gone_comes_back(void)
{
    exits(EXIT_TERMINATE, 3);
    ends(0, END_EXIT_TERMINATE, 3);
    loads();
}

static void one_who_is_gone_is_brought_back(void)
{
    scenario.injections[0] = (struct injection){.kind = INJECT_RESTART, .process = A};
    exits(EXIT_TERMINATE, 3);
    ends(0, END_EXIT_TERMINATE, 3);
    support_trace(hw, EVENT_INJECTED, PROCESS_NONE, 0, A);
    loads();
}

static void restart_is_not_counted(void)
{
    exit_restart_and_what_follows();
    loads();
    exits(EXIT_TERMINATE, 0);
    ends(1, END_EXIT_TERMINATE, 0);
}

/* ---- where the kernel writes */

static void buffers_are_written(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    kernel_writes(first_buffer.base, 64, 'x');
    kernel_writes(first_buffer.base + 63, 1, 'x');
    call(A, &(struct syscall){RW, {CONSOLE, 1, second_buffer.base, second_buffer.size}});
    kernel_writes(second_buffer.base, 8, 'x'); /* it is the kernel's from the call on */
    kernel_writes(RAM_END - 64, 64, 'x');
    kernel_writes(BREAK, 64, 'x');
    kernel_writes(0x20000000, 64, 'x');
}

static void nothing_was_handed_over(void)
{
    kernel_writes(RAM, 1, 'x');
}

static void zeros_are_written_over_an_app(void)
{
    kernel_writes(BREAK - 64, 64, 0);
}

static void write_goes_past_its_buffer(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    kernel_writes(first_buffer.base + 1, 64, 'x');
}

static void buffer_for_reading_is_written(void)
{
    swapped(RO, CONSOLE, 1, first_buffer, nothing);
    kernel_writes(first_buffer.base, 1, 'x');
}

static void buffer_taken_back_is_written(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    swapped(RW, CONSOLE, 1, nothing, first_buffer);
    kernel_writes(first_buffer.base, 1, 'x');
}

static void anothers_buffer_is_not_ones_own(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    kernel_writes(hw->m->kernel.processes[B].memory.base + 64, 1, 'x');
}

static void dead_app_is_written(void)
{
    swapped(RW, CONSOLE, 1, first_buffer, nothing);
    exits(EXIT_RESTART, 0);
    ends(0, END_EXIT_RESTART, 0);
    kernel_writes(first_buffer.base, 1, 'x');
}

static void dead_app_is_cleared(void)
{
    exits(EXIT_RESTART, 0);
    ends(0, END_EXIT_RESTART, 0);
    for (uint32_t at = RAM; at < RAM_END; at += 64)
        kernel_writes(at, 64, 0);
    loads();
}

static void byte_goes_to_another_app(void)
{
    no_wait(hw->m->kernel.processes[B].memory.base);
    kernel_writes(hw->m->kernel.processes[B].memory.base, 1, 0);
}

static void byte_goes_to_the_kernel(void)
{
    no_wait(0x20000000);
    kernel_writes(0x20000000, 1, 0);
}

static void byte_goes_to_ones_own_grants(void)
{
    no_wait(RAM_END - 1);
    kernel_writes(RAM_END - 1, 1, 0);
}

static void byte_is_a_word(void)
{
    no_wait(FLAG);
    kernel_writes(FLAG, 4, 0);
}

static void byte_comes_without_a_yield(void)
{
    no_wait(FLAG);
    kernel_writes(FLAG, 1, 0);
    back_from_yield();
    kernel_writes(FLAG, 1, 0);
}

/* A driver's own byte, long after the yield was dealt with. */
static void byte_that_a_driver_writes_later(void)
{
    no_wait(0x20000000);
    runs(B);
    kernel_writes(0x20000000, 1, 0);
}

static void new_grant(uint8_t byte)
{
    uint32_t at = hw->m->kernel.processes[A].kernel_break - 16;
    memset(machine_ram_at(hw->m, (struct span){at, 16}), 0, 16);
    *machine_ram_at(hw->m, (struct span){at + 15, 1}) = byte;
    note(NOTE_PROCESS_BREAKS, A, BREAK, pair(at, BREAK));
    note(NOTE_GRANT_ALLOCATED, A, at, pair(ALARM, 16));
}

static void grant_is_zero(void)
{
    new_grant(0);
}

static void grant_holds_something(void)
{
    new_grant(1);
}

#define ROW(name, rule, detail)                                                                    \
    {                                                                                              \
#name, name, rule, detail                                                                  \
    }
static const struct {
    const char *name;
    void (*plant)(void);
    enum rule rule;
    enum verdict_detail detail;
} sequences[] = {
    ROW(swaps_of_each_kind, RULE_CALL_ANSWER, DETAIL_NONE),
    ROW(old_allow_is_lost, RULE_CALL_ANSWER, DETAIL_ANSWER_VALUE),
    ROW(length_is_lost, RULE_CALL_ANSWER, DETAIL_ANSWER_VALUE),
    ROW(kinds_share_their_numbers, RULE_CALL_ANSWER, DETAIL_ANSWER_VALUE),
    ROW(refused_swap_swaps, RULE_CALL_ANSWER, DETAIL_ANSWER_VALUE),
    ROW(next_life_finds_the_old_ones_buffer, RULE_CALL_ANSWER, DETAIL_ANSWER_VALUE),
    ROW(old_subscription_is_lost, RULE_CALL_ANSWER, DETAIL_ANSWER_VALUE),
    ROW(dma_breaks_into_the_grants, RULE_CALL_ANSWER, DETAIL_NONE),
    ROW(dma_breaks_into_anothers_grants, RULE_CALL_ANSWER, DETAIL_ANSWER_VALUE),
    ROW(break_falls_below_a_buffer_not, RULE_CALL_ANSWER, DETAIL_NONE),
    ROW(memory_comes_back_zeroed, RULE_CALL_ANSWER, DETAIL_NONE),
    ROW(memory_comes_back_as_it_was, RULE_CALL_ANSWER, DETAIL_ANSWER_GREW),
    ROW(memory_beyond_the_break_is_zero, RULE_CALL_ANSWER, DETAIL_NONE),
    ROW(memory_beyond_the_break_is_as_it_was, RULE_CALL_ANSWER, DETAIL_ANSWER_GREW),
    ROW(byte_says_that_none_ran, RULE_CALL_ANSWER, DETAIL_NONE),
    ROW(byte_says_none_ran_and_one_did, RULE_CALL_ANSWER, DETAIL_ANSWER_FLAG),
    ROW(byte_says_one_ran_and_none_did, RULE_CALL_ANSWER, DETAIL_ANSWER_FLAG),
    ROW(byte_is_not_written, RULE_CALL_ANSWER, DETAIL_ANSWER_NO_FLAG),
    ROW(byte_is_that_of_the_call_before, RULE_CALL_ANSWER, DETAIL_ANSWER_NO_FLAG),
    ROW(event_comes, RULE_CALL_ANSWER, DETAIL_NONE),
    ROW(event_of_another_driver_comes, RULE_CALL_ANSWER, DETAIL_ANSWER_NO_EVENT),
    ROW(wait_for_comes_back_with_nothing, RULE_CALL_ANSWER, DETAIL_ANSWER_NO_EVENT),
    ROW(exit_restart_and_what_follows, RULE_CALL_ANSWER, DETAIL_NONE),
    ROW(exit_with_an_unknown_number_ends_a_life, RULE_CALL_ANSWER, DETAIL_ANSWER_LIFE),
    ROW(life_ends_by_a_fault_that_was_none, RULE_CALL_ANSWER, DETAIL_ANSWER_LIFE),
    ROW(terminate_is_taken_for_restart, RULE_CALL_ANSWER, DETAIL_ANSWER_EXIT),
    ROW(code_is_lost_at_the_end_of_a_life, RULE_CALL_ANSWER, DETAIL_ANSWER_CODE),
    ROW(code_is_not_kept, RULE_CALL_ANSWER, DETAIL_ANSWER_CODE),
    ROW(code_is_kept, RULE_CALL_ANSWER, DETAIL_NONE),
    ROW(one_who_is_gone_comes_back, RULE_CALL_ANSWER, DETAIL_ANSWER_AGAIN),
    ROW(one_who_is_gone_is_brought_back, RULE_CALL_ANSWER, DETAIL_NONE),
    ROW(restart_is_not_counted, RULE_CALL_ANSWER, DETAIL_ANSWER_RESTARTS),
    ROW(buffers_are_written, RULE_KERNEL_WRITE, DETAIL_NONE),
    ROW(nothing_was_handed_over, RULE_KERNEL_WRITE, DETAIL_WRITE_APP),
    ROW(zeros_are_written_over_an_app, RULE_KERNEL_WRITE, DETAIL_WRITE_APP),
    ROW(write_goes_past_its_buffer, RULE_KERNEL_WRITE, DETAIL_WRITE_APP),
    ROW(buffer_for_reading_is_written, RULE_KERNEL_WRITE, DETAIL_WRITE_APP),
    ROW(buffer_taken_back_is_written, RULE_KERNEL_WRITE, DETAIL_WRITE_APP),
    ROW(anothers_buffer_is_not_ones_own, RULE_KERNEL_WRITE, DETAIL_WRITE_APP),
    ROW(dead_app_is_written, RULE_KERNEL_WRITE, DETAIL_WRITE_DEAD),
    ROW(dead_app_is_cleared, RULE_KERNEL_WRITE, DETAIL_NONE),
    ROW(byte_goes_to_another_app, RULE_KERNEL_WRITE, DETAIL_WRITE_FLAG),
    ROW(byte_goes_to_the_kernel, RULE_KERNEL_WRITE, DETAIL_WRITE_FLAG),
    ROW(byte_goes_to_ones_own_grants, RULE_KERNEL_WRITE, DETAIL_WRITE_FLAG),
    ROW(byte_is_a_word, RULE_KERNEL_WRITE, DETAIL_WRITE_APP),
    ROW(byte_comes_without_a_yield, RULE_KERNEL_WRITE, DETAIL_WRITE_APP),
    ROW(byte_that_a_driver_writes_later, RULE_KERNEL_WRITE, DETAIL_NONE),
    ROW(grant_is_zero, RULE_KERNEL_WRITE, DETAIL_NONE),
    ROW(grant_holds_something, RULE_KERNEL_WRITE, DETAIL_WRITE_GRANT),
};

START_TEST(sequence_breaks_its_rule_or_none)
{
    sequences[_i].plant();
    expect_break(sequences[_i].name, sequences[_i].rule, sequences[_i].detail);
}
END_TEST

START_TEST(what_was_too_much_to_remember_is_not_judged)
{
    too_many_to_remember();
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
}
END_TEST

/* The app of this very run named its byte, and the kernel's write of it was heard. */
START_TEST(kernels_own_write_is_heard)
{
    uint8_t flag = 0xff;

    ck_assert(machine_rule_armed(hw->m, RULE_KERNEL_WRITE));
    ck_assert(machine_rule_armed(hw->m, RULE_CALL_ANSWER));
    ck_assert(machine_peek(hw->m, (struct span){FLAG, 1}, &flag));
    ck_assert_uint_eq(flag, 0);
}
END_TEST

/* ---- what is known of the drivers */

START_TEST(facts_of_a_driver_are_those_of_the_kernels_table)
{
    const struct driver *d = drivers[_i];
    const struct driver_facts *facts;
    uint32_t number = driver_number(&hw->m->kernel, d);

    (void)driver_presence(&scenario.config, number, &facts);
    ck_assert_msg(facts->upcalls == d->upcalls, "driver %x", number);
    ck_assert_uint_eq(facts->allows[FACT_ALLOW_RW], d->allows[ALLOW_RW]);
    ck_assert_uint_eq(facts->allows[FACT_ALLOW_RO], d->allows[ALLOW_RO]);
    ck_assert_uint_eq(facts->allows[FACT_ALLOW_READABLE], d->allows[ALLOW_READABLE]);
}
END_TEST

/* Bit by bit what a board may have; bit 12 set: its kernel RAM is small. */
static void board_has(uint32_t bits)
{
    struct kernel_config *c = &scenario.config;

    c->alarm.present = bits & 1;
    c->console.present = bits & 2;
    c->gpio.present = bits & 4;
    c->radio.radio.present = bits & 8;
    c->frames = bits & 16;
    for (uint32_t virt = VIRT_RNG; virt <= VIRT_CRYPTO; virt++)
        c->virts[virt].present = bits >> (4 + virt) & 1;
    c->storage = (struct span){0x2c000, bits & 2048 ? 0x4000 : 0};
    c->kernel_ram.size = bits & 4096 ? 0x300 : 0x10000;
}

START_TEST(driver_is_there_when_the_kernel_has_it)
{
    const struct driver *d = drivers[_i];
    const struct driver_facts *facts;
    uint32_t number = driver_number(&hw->m->kernel, d), maybes = 0;

    for (uint32_t bits = 0; bits < 8192; bits++) {
        board_has(bits);
        enum driver_presence says = driver_presence(&scenario.config, number, &facts);
        maybes += says == DRIVER_MAYBE && !(bits & 4096);
        if (says != DRIVER_MAYBE)
            ck_assert_msg((says == DRIVER_THERE) == driver_is_present(&hw->m->kernel, d),
                          "driver %x, board %x", number, bits);
    }
    ck_assert_uint_eq(maybes, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("answer_monitors");
    TCase *t = tcase_create("answer_monitors");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, answer_is_judged_by_its_call, 0, COUNT(answers));
    tcase_add_test(t, start_of_the_grants_is_where_the_kernel_has_it);
    tcase_add_loop_test(t, start_of_the_grants_may_be_anywhere_once_room_was_taken, 0, 3);
    tcase_add_loop_test(t, header_closes_what_it_does_not_name, 0, COUNT(filtered));
    tcase_add_loop_test(t, sequence_breaks_its_rule_or_none, 0, COUNT(sequences));
    tcase_add_test(t, what_was_too_much_to_remember_is_not_judged);
    tcase_add_test(t, kernels_own_write_is_heard);
    tcase_add_loop_test(t, facts_of_a_driver_are_those_of_the_kernels_table, 0, (int)driver_count);
    tcase_add_loop_test(t, driver_is_there_when_the_kernel_has_it, 0, (int)driver_count);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
