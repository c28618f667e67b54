/* test_kernel.c: the kernel core over the fake hardware: system calls, upcalls, grants, memop, the
 * end of a life, the schedulers, interrupts, start.
 */
#include "model/kernel.h"
#include "model/nvic.h"
#include "model/process_block.h"
#include "tests/support_fake_hw.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALARM = 0x0,
    CONSOLE = 0x1,
    NOBODY = 0x7777,
    LENT_BASE = 0x4000c000,
    LENT_LINE = 12,
    ALARM_LINE = 17,
    FREE_LINE = 30,
    FLASH = 0x10000,
    FLASH_SIZE = 0x1000,
    RAM = 0x20000000,
    FUNCTION = FLASH + 0x101,
};

static struct hw hw;
static struct kernel k;
static struct kernel_config config;
static struct process_image images[4];
static uint32_t high_lines; /* lines that a device holds high: bit per line */

/* ---- the board */

/* The interrupt controller's set and clear registers, and levels that pend again. */
static bool chip_writes(struct hw *to, uint32_t address, uint32_t value)
{
    const uint32_t iser = 0xe000e100, icer = 0xe000e180, ispr = 0xe000e200, icpr = 0xe000e280;
    if (address == iser)
        fake_hw_set(to, iser, fake_hw_get(to, iser) | value);
    else if (address == icer)
        fake_hw_set(to, iser, fake_hw_get(to, iser) & ~value);
    else if (address == ispr)
        fake_hw_set(to, ispr, fake_hw_get(to, ispr) | value);
    else if (address == icpr)
        fake_hw_set(to, ispr, (fake_hw_get(to, ispr) & ~value) | high_lines);
    else
        return false;
    return true;
}

static void pend(uint32_t line)
{
    hw_write32(&hw, 0xe000e200, 1u << line);
}

static bool line_enabled(uint32_t line)
{
    return fake_hw_get(&hw, 0xe000e100) >> line & 1;
}

static const struct filter_row everything[] = {{0, {0, 0xffffffff}, {0, 0}, ERR_NONE}};

static void describe_board(uint32_t image_count)
{
    memset(&config, 0, sizeof config);
    memset(images, 0, sizeof images);
    config = (struct kernel_config){
        .cpu_hz = 64000000,
        .process_ram = {RAM, 0x8000},
        .kernel_ram = {RAM + 0x10000, 0x1000},
        .line_count = 32,
        .alarm = {true, 0x40011000, ALARM_LINE},
        .console = {true, 0x40002000, 2},
        .passthrough_driver = PASSTHROUGH_DRIVER_DEFAULT,
        .filter = {filter_by_table, everything, 1},
        .endpoint_count = 1,
        .endpoints = {{.windows = {{LENT_BASE, 0x1000}},
                       .window_count = 1,
                       .has_line = true,
                       .line = LENT_LINE}},
        .image_count = (uint8_t)image_count,
        .images = images,
    };
    for (uint32_t i = 0; i < COUNT_OF(images); i++)
        images[i] = (struct process_image){
            .flash = {FLASH + i * FLASH_SIZE, FLASH_SIZE},
            .entry = FLASH + i * FLASH_SIZE + 0x41,
            .min_ram_size = 0x1000,
            .initial_app_size = 0x800,
            .fault_policy = FAULT_STOP,
            .flash_region_count = 1,
            .flash_regions = {{FLASH + i * FLASH_SIZE + 0x800, 0x400}},
        };
}

static enum err start_board(void)
{
    uint32_t bad;
    fake_hw_start(&hw, (struct span){RAM, 0x20000}, (struct span){FLASH, 0x4000});
    memset(hw.ram_bytes, 0xa5, sizeof hw.ram_bytes);
    fake_hw_set(&hw, 0xe000ed90, 8 << 8); /* MPU_TYPE: eight regions */
    hw.on_write = chip_writes;
    high_lines = 0;
    return kernel_start(&k, &hw, &config, &bad);
}

static void must(enum err err)
{
    if (err)
        ck_abort_msg("refused with %d", (int)err);
}

static struct kernel_action next_action(void)
{
    struct kernel_action action = kernel_next(&k, &hw);
    for (int i = 0; action.kind == ACTION_AGAIN && i < 1000; i++)
        action = kernel_next(&k, &hw);
    return action;
}

/* A board whose first process has just begun to run. */
static struct process *start_running(uint32_t image_count)
{
    describe_board(image_count);
    must(start_board());
    struct kernel_action action = next_action();
    ck_assert_int_eq((int)action.kind, ACTION_RUN);
    ck_assert_uint_eq(action.process, 0);
    ck_assert_uint_eq(action.resume.kind, RESUME_START);
    fake_hw_forget(&hw);
    return &k.processes[0];
}

/* The running process's system call; then it is on the CPU again if it is the first ready one. */
static struct kernel_action call(uint32_t class, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    ck_assert_uint_ne(k.running, PROCESS_NONE);
    struct trap trap = {.kind = TRAP_SYSCALL, .call = {class, {a, b, c, d}}};
    kernel_trap(&k, &hw, &trap);
    return next_action();
}

static void ck_resume(struct kernel_action action, uint32_t r0, uint32_t r1, uint32_t r2)
{
    ck_assert_int_eq((int)action.kind, ACTION_RUN);
    ck_assert_uint_eq(action.resume.kind, RESUME_RETURN);
    ck_assert_uint_eq(action.resume.r[0], r0);
    ck_assert_uint_eq(action.resume.r[1], r1);
    ck_assert_uint_eq(action.resume.r[2], r2);
}

static void ck_upcall(struct kernel_action action, uint32_t function, uint32_t r0)
{
    ck_assert_int_eq((int)action.kind, ACTION_RUN);
    ck_assert_uint_eq(action.resume.kind, RESUME_UPCALL);
    ck_assert_uint_eq(action.resume.function, function);
    ck_assert_uint_eq(action.resume.r[0], r0);
}

static enum err queue(uint32_t driver, uint32_t n, uint32_t first)
{
    const uint32_t args[3] = {first, first + 1, first + 2};
    return upcall_queue(&k, &hw, k.processes[0].id, driver_find(&k, driver), n, args);
}

static void subscribe(uint32_t driver, uint32_t n)
{
    struct kernel_action action = call(SYSCALL_SUBSCRIBE, driver, n, FUNCTION, 0xda7a);
    ck_assert_uint_eq(action.resume.r[0], RETURN_SUCCESS_2U32);
}

static uint8_t ram_byte(uint32_t address)
{
    return hw.ram_bytes[address - RAM];
}

/* ---- each class and how it fails */

static const struct {
    const char *what;
    uint32_t class, args[4];
    uint32_t expect[3];
} answers[] = {
    {"command 0", 2, {CONSOLE, 0, 0, 0}, {128, 0, 0}},
    {"command of nobody", 2, {NOBODY, 0, 0, 0}, {0, ERR_NODEVICE, 0}},
    {"unknown command", 2, {CONSOLE, 999, 0, 0}, {0, ERR_NOSUPPORT, 0}},
    {"driver of no number", 2, {0xffffffff, 0, 0, 0}, {0, ERR_NODEVICE, 0}},
    {"subscribe", 1, {CONSOLE, 1, FUNCTION, 5}, {130, 0, 0}},
    {"subscribe null", 1, {CONSOLE, 1, 0, 5}, {130, 0, 0}},
    {"subscribe outside flash", 1, {CONSOLE, 1, FLASH + FLASH_SIZE, 5}, {2, 6, FLASH + FLASH_SIZE}},
    {"subscribe in RAM", 1, {NOBODY, 1, RAM, 5}, {2, ERR_INVAL, RAM}},
    {"subscribe to nobody", 1, {NOBODY, 1, FUNCTION, 5}, {2, ERR_NODEVICE, FUNCTION}},
    {"subscribe too large", 1, {CONSOLE, 200, FUNCTION, 5}, {2, ERR_NOSUPPORT, FUNCTION}},
    {"allow", 3, {CONSOLE, 1, RAM, 16}, {130, 0, 0}},
    {"allow up to the break", 3, {CONSOLE, 1, RAM + 0x7f0, 16}, {130, 0, 0}},
    {"allow past the break", 3, {CONSOLE, 1, RAM + 0x7f0, 17}, {2, ERR_INVAL, RAM + 0x7f0}},
    {"allow of flash", 3, {CONSOLE, 1, FLASH, 16}, {2, ERR_INVAL, FLASH}},
    {"allow that wraps", 3, {CONSOLE, 1, RAM + 4, 0xfffffffe}, {2, ERR_INVAL, RAM + 4}},
    {"allow of nothing anywhere", 3, {CONSOLE, 1, 0xe000e010, 0}, {130, 0, 0}},
    {"allow to nobody", 3, {NOBODY, 1, RAM, 16}, {2, ERR_NODEVICE, RAM}},
    {"unknown allow", 3, {CONSOLE, 200, RAM, 16}, {2, ERR_INVAL, RAM}},
    {"read-only allow of RAM", 4, {CONSOLE, 1, RAM, 16}, {130, 0, 0}},
    {"read-only allow of flash", 4, {CONSOLE, 1, FLASH, 16}, {130, 0, 0}},
    {"read-only allow past flash", 4, {CONSOLE, 1, FLASH + 0xff0, 17}, {2, 6, FLASH + 0xff0}},
    {"readable allow, unknown", 7, {CONSOLE, 1, RAM, 16}, {2, ERR_INVAL, RAM}},
    {"readable allow of flash", 7, {CONSOLE, 1, FLASH, 16}, {2, ERR_INVAL, FLASH}},
    {"exit of a third kind", 6, {2, 0, 0, 0}, {0, ERR_NOSUPPORT, 0}},
    {"class 8", 8, {0, 0, 0, 0}, {0, ERR_NOSUPPORT, 0}},
    {"class of all ones", 0xffffffff, {0, 0, 0, 0}, {0, ERR_NOSUPPORT, 0}},
    {"yield of a third kind", 0, {3, 7, 8, 9}, {3, 7, 8}},
    {"brk", 5, {MEMOP_BRK, RAM + 0x900, 0, 0}, {128, 0, 0}},
    {"brk under the block", 5, {MEMOP_BRK, RAM - 1, 0, 0}, {0, ERR_NOMEM, 0}},
    {"brk beyond the block", 5, {MEMOP_BRK, RAM + 0x7fff, 0, 0}, {0, ERR_NOMEM, 0}},
    {"sbrk", 5, {MEMOP_SBRK, 0x100, 0, 0}, {129, RAM + 0x800, 0}},
    {"sbrk back", 5, {MEMOP_SBRK, (uint32_t)-0x100, 0, 0}, {129, RAM + 0x800, 0}},
    {"sbrk of the most", 5, {MEMOP_SBRK, 0x7fffffff, 0, 0}, {0, ERR_NOMEM, 0}},
    {"sbrk of the least", 5, {MEMOP_SBRK, 0x80000000, 0, 0}, {0, ERR_NOMEM, 0}},
    {"RAM start", 5, {MEMOP_RAM_START, 0, 0, 0}, {129, RAM, 0}},
    {"flash start", 5, {MEMOP_FLASH_START, 0, 0, 0}, {129, FLASH, 0}},
    {"flash end", 5, {MEMOP_FLASH_END, 0, 0, 0}, {129, FLASH + FLASH_SIZE, 0}},
    {"flash regions", 5, {MEMOP_FLASH_REGIONS, 0, 0, 0}, {129, 1, 0}},
    {"region start", 5, {MEMOP_FLASH_REGION_START, 0, 0, 0}, {129, FLASH + 0x800, 0}},
    {"region end", 5, {MEMOP_FLASH_REGION_END, 0, 0, 0}, {129, FLASH + 0xc00, 0}},
    {"region start, none", 5, {MEMOP_FLASH_REGION_START, 1, 0, 0}, {0, ERR_FAIL, 0}},
    {"region end, none", 5, {MEMOP_FLASH_REGION_END, 99, 0, 0}, {0, ERR_FAIL, 0}},
    {"stack start", 5, {MEMOP_STACK_START, RAM, 0, 0}, {128, 0, 0}},
    {"heap start", 5, {MEMOP_HEAP_START, RAM, 0, 0}, {128, 0, 0}},
    {"memop 12", 5, {12, 0, 0, 0}, {0, ERR_NOSUPPORT, 0}},
};

START_TEST(call_answers_as_documented)
{
    start_running(1);
    const uint32_t *a = answers[_i].args;

    struct kernel_action action = call(answers[_i].class, a[0], a[1], a[2], a[3]);

    ck_assert_int_eq((int)action.kind, ACTION_RUN);
    for (int i = 0; i < 3; i++)
        ck_assert_msg(action.resume.r[i] == answers[_i].expect[i], "%s: r%d is %#x, expected %#x",
                      answers[_i].what, i, action.resume.r[i], answers[_i].expect[i]);
}
END_TEST

START_TEST(memop_says_where_memory_ends_and_grants_begin)
{
    const struct process *p = start_running(1);
    ck_resume(call(SYSCALL_MEMOP, MEMOP_RAM_END, 0, 0, 0), 129, RAM + p->memory.size, 0);
    ck_resume(call(SYSCALL_MEMOP, MEMOP_GRANT_START, 0, 0, 0), 129, p->kernel_break, 0);
    uint32_t before = p->kernel_break;
    subscribe(CONSOLE, 1);
    ck_assert_uint_lt(p->kernel_break, before);
    ck_resume(call(SYSCALL_MEMOP, MEMOP_GRANT_START, 0, 0, 0), 129, p->kernel_break, 0);
}
END_TEST

START_TEST(swap_returns_what_was_before)
{
    start_running(1);
    subscribe(CONSOLE, 1);
    ck_resume(call(SYSCALL_SUBSCRIBE, CONSOLE, 1, 0, 0), 130, FUNCTION, 0xda7a);
    call(SYSCALL_ALLOW_RO, CONSOLE, 1, RAM + 4, 12);
    ck_resume(call(SYSCALL_ALLOW_RO, CONSOLE, 1, RAM + 8, 9999), 2, ERR_INVAL, RAM + 8);
    ck_resume(call(SYSCALL_ALLOW_RO, CONSOLE, 1, 0x123, 0), 130, RAM + 4, 12);
    ck_resume(call(SYSCALL_ALLOW_RO, CONSOLE, 1, 0, 0), 130, 0x123, 0);
}
END_TEST

/* ---- the system call filter */

static const struct permission permissions[] = {
    {CONSOLE, 0, 1 << 0 | 1 << 2},
    {CONSOLE, 1, 1 << 3},
};

static const struct {
    const char *what;
    uint32_t class, args[4];
    bool refused;
} filtered[] = {
    {"a command with its bit", 2, {CONSOLE, 0, 0, 0}, false},
    {"a command without its bit", 2, {CONSOLE, 1, 0, 0}, true},
    {"a command in the second word", 2, {CONSOLE, 67, 0, 0}, false},
    {"a command in no word", 2, {CONSOLE, 131, 0, 0}, true},
    {"a driver without a row", 2, {ALARM, 0, 0, 0}, true},
    {"a driver that is not there", 2, {NOBODY, 0, 0, 0}, true},
    {"subscribe with a row", 1, {CONSOLE, 1, FUNCTION, 0}, false},
    {"subscribe without", 1, {ALARM, 0, FUNCTION, 1}, true},
    {"allow with a row", 3, {CONSOLE, 1, RAM, 4}, false},
    {"allow without", 3, {ALARM, 1, RAM, 4}, true},
    {"read-only allow without", 4, {ALARM, 1, RAM, 4}, true},
    {"readable allow without", 7, {ALARM, 1, RAM, 4}, true},
    {"memop is never asked", 5, {MEMOP_RAM_START, 0, 0, 0}, false},
};

START_TEST(filter_refuses_in_the_variant_of_the_class)
{
    describe_board(1);
    images[0].filtered = true;
    images[0].permission_count = COUNT_OF(permissions);
    memcpy(images[0].permissions, permissions, sizeof permissions);
    must(start_board());
    next_action();
    const uint32_t *a = filtered[_i].args;

    struct resume resume = call(filtered[_i].class, a[0], a[1], a[2], a[3]).resume;

    ck_assert_uint_eq(fake_hw_noted(&hw, NOTE_SYSCALL_FILTERED), filtered[_i].refused);
    if (!filtered[_i].refused)
        return;
    bool is_command = filtered[_i].class == SYSCALL_COMMAND;
    ck_assert_uint_eq(resume.r[0], is_command ? RETURN_FAILURE : RETURN_FAILURE_2U32);
    ck_assert_uint_eq(resume.r[1], ERR_NODEVICE);
    ck_assert_uint_eq(resume.r[2], is_command ? 0 : a[2]);
    ck_assert_uint_eq(resume.r[3], is_command ? 0 : a[3]);
}
END_TEST

START_TEST(empty_permissions_header_allows_nothing)
{
    describe_board(1);
    images[0].filtered = true;
    must(start_board());
    next_action();
    ck_resume(call(SYSCALL_COMMAND, CONSOLE, 0, 0, 0), RETURN_FAILURE, ERR_NODEVICE, 0);
}
END_TEST

/* ---- upcalls */

START_TEST(upcalls_come_in_order_with_appdata)
{
    start_running(1);
    subscribe(CONSOLE, 1);
    subscribe(ALARM, 0);
    must(queue(CONSOLE, 1, 10));
    must(queue(ALARM, 0, 20));
    struct kernel_action action = call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0);
    ck_upcall(action, FUNCTION, 10);
    ck_assert_uint_eq(action.resume.r[1], 11);
    ck_assert_uint_eq(action.resume.r[2], 12);
    ck_assert_uint_eq(action.resume.r[3], 0xda7a);
    ck_upcall(call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0), FUNCTION, 20);
    ck_assert_int_eq((int)call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0).kind, ACTION_SLEEP);
    must(queue(ALARM, 0, 30));
    ck_upcall(next_action(), FUNCTION, 30);
}
END_TEST

START_TEST(eleventh_upcall_is_dropped_and_counted)
{
    struct process *p = start_running(1);
    subscribe(CONSOLE, 1);
    for (uint32_t i = 0; i < UPCALL_MAX; i++)
        must(queue(CONSOLE, 1, i));
    ck_assert_int_eq((int)queue(CONSOLE, 1, 99), ERR_NOMEM);
    ck_assert_uint_eq(p->dropped_upcalls, 1);
    ck_assert_uint_eq(upcall_waiting(&hw, p), UPCALL_MAX);
    for (uint32_t i = 0; i < UPCALL_MAX; i++)
        ck_upcall(call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0), FUNCTION, i);
    ck_assert_uint_eq(upcall_waiting(&hw, p), 0);
}
END_TEST

START_TEST(subscribe_cancels_its_own_upcalls_only)
{
    struct process *p = start_running(1);
    subscribe(CONSOLE, 1);
    subscribe(CONSOLE, 2);
    for (uint32_t i = 0; i < 3; i++) {
        must(queue(CONSOLE, 1, 10 + i));
        must(queue(CONSOLE, 2, 20 + i));
    }
    call(SYSCALL_SUBSCRIBE, CONSOLE, 1, 0xbad, 0); /* refused: keeps the old one and its upcalls */
    ck_assert_uint_eq(upcall_waiting(&hw, p), 6);
    call(SYSCALL_SUBSCRIBE, CONSOLE, 1, FUNCTION + 2, 0);
    ck_assert_uint_eq(upcall_waiting(&hw, p), 3);
    for (uint32_t i = 0; i < 3; i++)
        ck_upcall(call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0), FUNCTION, 20 + i);
}
END_TEST

START_TEST(null_upcall_is_never_invoked)
{
    start_running(1);
    must(queue(CONSOLE, 1, 1)); /* not even a grant */
    ck_assert_int_eq((int)call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0).kind, ACTION_SLEEP);
    ck_assert_int_eq((int)queue(CONSOLE, 1, 2), ERR_OFF);
    ck_assert_int_eq((int)next_action().kind, ACTION_SLEEP);
}
END_TEST

START_TEST(upcall_takes_the_place_of_a_bare_event)
{
    struct process *p = start_running(1);
    subscribe(CONSOLE, 1);
    must(queue(CONSOLE, 1, 0));
    for (uint32_t i = 1; i < UPCALL_MAX; i++)
        must(queue(ALARM, 0, i));
    ck_assert_int_eq((int)queue(ALARM, 0, 77), ERR_NOMEM);
    must(queue(CONSOLE, 1, 50));
    ck_assert_uint_eq(upcall_waiting(&hw, p), UPCALL_MAX);
    ck_upcall(call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0), FUNCTION, 0);
    ck_resume(call(SYSCALL_YIELD, YIELD_WAIT_FOR, ALARM, 0, 0), 2, 3, 4); /* 1 gave way */
    ck_upcall(call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0), FUNCTION, 50);
}
END_TEST

START_TEST(wait_for_takes_the_first_match_and_leaves_the_rest)
{
    struct process *p = start_running(1);
    subscribe(CONSOLE, 1);
    subscribe(CONSOLE, 2);
    must(queue(CONSOLE, 1, 10));
    must(queue(CONSOLE, 2, 20));
    must(queue(CONSOLE, 1, 30));
    must(queue(CONSOLE, 2, 40));
    ck_resume(call(SYSCALL_YIELD, YIELD_WAIT_FOR, CONSOLE, 2, 0), 20, 21, 22);
    ck_assert_uint_eq(upcall_waiting(&hw, p), 3);
    ck_upcall(call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0), FUNCTION, 10);
    ck_upcall(call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0), FUNCTION, 30);
    ck_upcall(call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0), FUNCTION, 40);
}
END_TEST

START_TEST(awaited_event_is_not_lost_though_the_queue_is_full)
{
    struct process *p = start_running(1);
    subscribe(CONSOLE, 1);
    for (uint32_t i = 0; i < UPCALL_MAX; i++)
        must(queue(CONSOLE, 1, i));
    ck_assert_int_eq((int)call(SYSCALL_YIELD, YIELD_WAIT_FOR, CONSOLE, 2, 0).kind, ACTION_SLEEP);
    ck_assert_int_eq((int)queue(CONSOLE, 1, 99), ERR_NOMEM);
    must(queue(CONSOLE, 2, 70));                             /* a null upcall, yet awaited */
    ck_assert_int_eq((int)queue(CONSOLE, 2, 80), ERR_NOMEM); /* the second one is not */
    ck_resume(next_action(), 70, 71, 72);
    ck_assert_int_eq((int)p->state, PROCESS_RUNNING);
    ck_assert_uint_eq(upcall_waiting(&hw, p), UPCALL_MAX);
}
END_TEST

START_TEST(wait_for_what_never_comes_simply_waits)
{
    start_running(1);
    subscribe(CONSOLE, 1);
    ck_assert_int_eq((int)call(SYSCALL_YIELD, YIELD_WAIT_FOR, NOBODY, 77, 0).kind, ACTION_SLEEP);
    must(queue(CONSOLE, 1, 1));
    ck_assert_int_eq((int)next_action().kind, ACTION_SLEEP);
}
END_TEST

START_TEST(yield_no_wait_says_in_one_byte_whether_an_upcall_ran)
{
    start_running(1);
    uint32_t flag = RAM + 0x7ff; /* the last byte before the break */
    hw.ram_bytes[0x7ff] = hw.ram_bytes[0x800] = 0x55;
    ck_resume(call(SYSCALL_YIELD, YIELD_NO_WAIT, flag, 0, 0), YIELD_NO_WAIT, flag, 0);
    ck_assert_uint_eq(ram_byte(flag), 0);
    subscribe(CONSOLE, 1);
    must(queue(CONSOLE, 2, 1)); /* a bare event does not count */
    must(queue(CONSOLE, 1, 2));
    ck_upcall(call(SYSCALL_YIELD, YIELD_NO_WAIT, flag, 0, 0), FUNCTION, 2);
    ck_assert_uint_eq(ram_byte(flag), 1);
    ck_assert_uint_eq(ram_byte(flag + 1), 0x55);
    ck_resume(call(SYSCALL_YIELD, YIELD_NO_WAIT, flag + 1, 0, 0), YIELD_NO_WAIT, flag + 1, 0);
    ck_assert_uint_eq(ram_byte(flag + 1), 0x55);
}
END_TEST

START_TEST(dead_process_gets_no_upcall)
{
    struct process *p = start_running(1);
    struct process_id old = p->id;
    subscribe(CONSOLE, 1);
    const uint32_t args[3] = {0};
    call(SYSCALL_EXIT, EXIT_RESTART, 0, 0, 0);
    ck_assert_ptr_null(kernel_process(&k, old));
    ck_assert_int_eq((int)upcall_queue(&k, &hw, old, &console_driver, 1, args), ERR_NODEVICE);
    call(SYSCALL_EXIT, EXIT_TERMINATE, 0, 0, 0);
    ck_assert_int_eq((int)upcall_queue(&k, &hw, p->id, &console_driver, 1, args), ERR_NODEVICE);
    ck_assert_uint_eq(upcall_cancel(&hw, p, &console_driver, UPCALL_ALL), 0);
}
END_TEST

/* ---- what DMA can do to the control block */

START_TEST(broken_control_block_never_breaks_the_kernel)
{
    static const uint8_t patterns[] = {0xff, 0x80, 0x01, 0x20, 0x00};
    struct process *p = start_running(1);
    subscribe(CONSOLE, 1);
    must(queue(CONSOLE, 1, 1));
    struct span block = process_block(p);
    memset(&hw.ram_bytes[block.base - RAM], patterns[_i], block.size);

    for (uint32_t class = 0; class < SYSCALL_CLASSES; class ++) {
        for (uint32_t a = 0; a < 3 && k.running != PROCESS_NONE; a++)
            if (class != SYSCALL_EXIT)
                call(class, a, 1, RAM, 4);
        enum err err = queue(CONSOLE, 1, class);
        ck_assert(err == ERR_NONE || err == ERR_NOMEM || err == ERR_OFF);
        next_action();
    }
    uint8_t word[4];
    enum err err = grant_read(&hw, p, &alarm_driver, 0, 4, word);
    ck_assert(err == ERR_NONE || err == ERR_FAIL || err == ERR_NOMEM);
    kernel_end_process(&k, &hw, 0, END_EXIT_RESTART);
    ck_assert(process_is_alive(p));
}
END_TEST

START_TEST(corrupted_queue_has_no_more_upcalls_than_the_ring)
{
    struct process *p = start_running(1);
    const uint32_t header[2] = {UPCALL_MAX, 200}; /* head and count, both too large */
    must(words_write(&hw, process_block(p).base + PROCESS_BLOCK_QUEUE, header, 2));
    ck_assert_uint_eq(upcall_waiting(&hw, p), UPCALL_MAX);
    ck_assert_uint_eq(queue_load(&hw, p).head, 0);
}
END_TEST

START_TEST(corrupted_upcall_outside_flash_is_dropped)
{
    struct process *p = start_running(1);
    subscribe(CONSOLE, 1);
    must(queue(CONSOLE, 1, 1));
    must(queue(CONSOLE, 1, 2));
    uint32_t function = process_block(p).base + PROCESS_BLOCK_ENTRIES + 8;
    const uint32_t nowhere = RAM;
    must(words_write(&hw, function, &nowhere, 1));
    ck_upcall(call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0), FUNCTION, 2);
    ck_assert_uint_eq(p->dropped_upcalls, 1);
}
END_TEST

START_TEST(grant_outside_the_kernels_part_is_refused)
{
    static const uint32_t wrong[] = {RAM, RAM + 0x10000, 0xfffffff8, 3};
    struct process *p = start_running(1);
    subscribe(CONSOLE, 1);
    must(grant_table_store(&hw, p, driver_index(&console_driver), wrong[_i]));
    ck_resume(call(SYSCALL_SUBSCRIBE, CONSOLE, 1, FUNCTION, 0), 2, ERR_FAIL, FUNCTION);
    ck_assert_uint_eq(grant_upcall(&hw, p, &console_driver, 1).function, 0);
    ck_assert_int_eq((int)grant_enter(&hw, p, &console_driver), ERR_FAIL);
}
END_TEST

/* Wiping its grant table, a device makes the kernel take room for grants again and again, until
 * there is the app's memory, or the unit cannot cut between the two any more. */
START_TEST(grants_taken_anew_stop_at_the_apps_memory)
{
    static const uint32_t sizes[] = {0, 1, 0x401};
    describe_board(2);
    images[0].initial_app_size = sizes[_i];
    must(start_board());
    next_action();
    struct process *p = &k.processes[0];
    enum err err = ERR_NONE;
    for (int i = 0; i < 10000 && !err; i++) {
        err = grant_allocate(&hw, p, &alarm_driver);
        ck_assert_uint_ge(p->kernel_break, span_last(p->mpu.accessible));
        must(grant_table_store(&hw, p, driver_index(&alarm_driver), 0));
    }
    ck_assert_int_eq((int)err, ERR_NOMEM);
    uint32_t left = p->kernel_break - (p->memory.base + p->mpu.accessible.size);
    ck_assert_uint_lt(left, 0x100); /* and all of it was to be had */
}
END_TEST

/* DMA strikes before the kernel's look number `at` at the queue: it is empty again. */
static struct {
    uint32_t looks, at;
} strike;

static bool queue_goes(struct hw *of, struct span at, bool writes)
{
    (void)writes;
    if (at.base == process_block(&k.processes[0]).base + PROCESS_BLOCK_QUEUE &&
        ++strike.looks == strike.at)
        memset(&of->ram_bytes[at.base - RAM], 0, at.size);
    return false;
}

/* Also between the scheduler's look and the one that takes the upcall out: then it looks again. */
START_TEST(process_whose_upcall_dma_took_back_sleeps_on)
{
    enum action_kind kind = ACTION_SLEEP;
    uint32_t again = 0;
    for (strike.at = 1; kind != ACTION_RUN; strike.at++) {
        const struct process *p = start_running(1);
        subscribe(CONSOLE, 1);
        call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0);
        must(queue(CONSOLE, 1, 7));
        strike.looks = 0;
        hw.on_ram = queue_goes;
        kind = kernel_next(&k, &hw).kind;
        hw.on_ram = NULL;
        again += kind == ACTION_AGAIN;
        if (kind == ACTION_RUN)
            continue;
        ck_assert_int_eq((int)p->state, PROCESS_YIELDED);
        ck_assert_int_eq((int)next_action().kind, ACTION_SLEEP);
        must(queue(CONSOLE, 1, 8));
        ck_upcall(next_action(), FUNCTION, 8);
    }
    ck_assert_uint_ge(again, 1);
}
END_TEST

/* ---- RAM that refuses */

START_TEST(words_come_whole_or_not_at_all)
{
    uint32_t words[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    start_running(1);
    uint32_t end = hw.ram.base + hw.ram.size;
    uint8_t last = hw.ram_bytes[hw.ram.size - 1];
    ck_assert_int_eq((int)words_write(&hw, end - 4, words, 2), ERR_FAIL);
    ck_assert_int_eq((int)words_write(&hw, RAM, words, 9), ERR_FAIL); /* more than it takes */
    ck_assert_int_eq((int)words_write(&hw, FLASH, words, 1), ERR_FAIL);
    ck_assert_int_eq((int)words_read(&hw, end - 4, words, 2), ERR_FAIL);
    ck_assert_int_eq((int)words_read(&hw, RAM, words, 9), ERR_FAIL);
    ck_assert_uint_eq(words[0], 1);
    ck_assert_uint_eq(hw.ram_bytes[hw.ram.size - 1], last);
    must(words_write(&hw, end - 4, words, 1));
    must(words_read(&hw, end - 4, words + 8, 1));
    ck_assert_uint_eq(words[8], 1);
}
END_TEST

/* Accesses to the processes' RAM from `first` to `last` are refused; they are counted from 1. */
static struct {
    uint32_t count, first, last;
} refusals;

static bool ram_refuses(struct hw *of, struct span at, bool writes)
{
    (void)of;
    (void)writes;
    if (!span_meets(config.process_ram, at))
        return false;
    refusals.count++;
    return refusals.count >= refusals.first && refusals.count <= refusals.last;
}

/* What the app reaches has been wiped: RAM as it was before the start never shows. */
static void ck_no_stale_byte(const struct process *p)
{
    struct span reach = process_is_alive(p) ? p->mpu.accessible : (struct span){RAM, 0};
    for (uint32_t i = 0; i < reach.size; i++)
        if (ram_byte(reach.base + i) == 0xa5)
            ck_abort_msg("stale at %#x, refused from %u to %u", reach.base + i, refusals.first,
                         refusals.last);
    ck_assert_uint_le(p->memory.base, p->high_water);
    ck_assert_uint_le(p->high_water, p->app_break);
    ck_assert_uint_le(p->app_break, p->kernel_break);
    ck_assert_uint_le(p->kernel_break, process_block(p).base);
}

/* The first process's call, if it can make one now. */
static void call_if_running(uint32_t class, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    struct trap trap = {.kind = TRAP_SYSCALL, .call = {class, {a, b, c, d}}};
    if (k.running == PROCESS_NONE)
        next_action();
    if (k.running == 0)
        kernel_trap(&k, &hw, &trap);
    ck_no_stale_byte(&k.processes[0]);
}

static void events_queue(void)
{
    for (uint32_t i = 0; i < UPCALL_MAX + 1; i++) {
        enum err err = queue(CONSOLE, 1 + i % 2, i);
        (void)err; /* full, or refused: whatever it is, the kernel lives */
    }
}

/* A life with calls of each class, a full queue, a gap in it, events waited for, and a new life. */
static void life_over_refusing_ram(void)
{
    call_if_running(SYSCALL_MEMOP, MEMOP_SBRK, 0x300, 0, 0);
    for (uint32_t n = 1; n <= 2; n++)
        call_if_running(SYSCALL_SUBSCRIBE, CONSOLE, n, FUNCTION, 0);
    call_if_running(SYSCALL_ALLOW_RW, CONSOLE, 1, RAM + 0x700, 0x80);
    call_if_running(SYSCALL_COMMAND, ALARM, 5, 1000, 0);
    events_queue();
    call_if_running(SYSCALL_YIELD, YIELD_WAIT_FOR, CONSOLE, 2, 0);
    call_if_running(SYSCALL_SUBSCRIBE, CONSOLE, 1, FUNCTION + 2, 0);
    call_if_running(SYSCALL_YIELD, YIELD_NO_WAIT, RAM + 0x10, 0, 0);
    call_if_running(SYSCALL_SUBSCRIBE, CONSOLE, 2, 0, 0);
    events_queue(); /* those of 2 are bare, and make room for those of 1 */
    call_if_running(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0);
    call_if_running(SYSCALL_YIELD, YIELD_WAIT_FOR, ALARM, 0, 0);
    enum err err = queue(ALARM, 0, 5);
    (void)err;
    call_if_running(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0);
    call_if_running(SYSCALL_EXIT, EXIT_RESTART, 0, 0, 0);
    call_if_running(SYSCALL_MEMOP, MEMOP_SBRK, 0x300, 0, 0);
}

/* One access refused in each round (_i 0), or all from one on (_i 1), until a round has so many. */
START_TEST(ram_that_refuses_opens_nothing_and_leaves_the_kernel_whole)
{
    refusals.count = 1;
    for (uint32_t at = 1; at <= refusals.count; at++) {
        struct process *p = start_running(2);
        refusals.count = 0;
        refusals.first = at;
        refusals.last = _i == 0 ? at : UINT32_MAX;
        hw.on_ram = ram_refuses;
        kernel_stop_process(&k, 1, true); /* so that each step of the first one's life comes */
        life_over_refusing_ram();
        kernel_stop_process(&k, 1, false);
        hw.on_ram = NULL;
        if (process_is_alive(p))
            kernel_end_process(&k, &hw, 0, END_KILL);
        next_action();
        ck_assert_uint_eq(k.running, 1); /* the other app did not notice */
        kernel_end_process(&k, &hw, 0, END_EXIT_RESTART);
        ck_no_stale_byte(p);
        must(grant_allocate(&hw, p, &console_driver));
        must(queue(CONSOLE, 1, 7));
    }
    ck_assert_uint_gt(refusals.first, 100); /* it did get far */
}
END_TEST

START_TEST(memory_that_cannot_be_wiped_is_not_opened)
{
    struct process *p = start_running(1);
    struct mpu_config before = p->mpu;
    refusals.first = 1;
    refusals.last = UINT32_MAX;
    hw.on_ram = ram_refuses;
    uint32_t answer = call(SYSCALL_MEMOP, MEMOP_BRK, RAM + 0xb00, 0, 0).resume.r[0];
    ck_assert_uint_eq(answer, RETURN_FAILURE);
    ck_assert_uint_eq(p->app_break, RAM + 0x800);
    ck_assert_mem_eq(&p->mpu.accessible, &before.accessible, sizeof before.accessible);
    hw.on_ram = NULL;
    ck_resume(call(SYSCALL_MEMOP, MEMOP_BRK, RAM + 0xb00, 0, 0), RETURN_SUCCESS, 0, 0);
}
END_TEST

static bool entries_refuse(struct hw *of, struct span at, bool writes)
{
    uint32_t entries = process_block(&k.processes[0]).base + PROCESS_BLOCK_ENTRIES;
    (void)of;
    return writes && at.base - entries < UPCALL_MAX * PROCESS_BLOCK_ENTRY;
}

/* Where an entry should have gone something older stands: that is not invoked. */
START_TEST(upcall_that_cannot_be_written_is_lost_and_no_other_comes_twice)
{
    struct process *p = start_running(1);
    subscribe(CONSOLE, 1);
    subscribe(CONSOLE, 2);
    must(queue(CONSOLE, 1, 10));
    must(queue(CONSOLE, 2, 20));
    hw.on_ram = entries_refuse;
    ck_assert_int_eq((int)queue(CONSOLE, 1, 11), ERR_FAIL);
    ck_assert_uint_eq(upcall_waiting(&hw, p), 2);
    upcall_cancel(&hw, p, &console_driver, 1); /* the one of 2 should move up */
    ck_assert_uint_eq(upcall_waiting(&hw, p), 0);
    hw.on_ram = NULL;
    must(queue(CONSOLE, 2, 21));
    ck_upcall(call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0), FUNCTION, 21);
    hw.on_ram = ram_refuses;
    refusals.first = 1;
    refusals.last = UINT32_MAX;
    ck_assert_uint_eq(queue_load(&hw, p).count, 0);
}
END_TEST

START_TEST(life_that_cannot_begin_stays_faulted)
{
    struct process *p = start_running(2);
    refusals.count = 0;
    refusals.first = 1;
    refusals.last = UINT32_MAX;
    hw.on_ram = ram_refuses;
    struct kernel_action action = call(SYSCALL_EXIT, EXIT_RESTART, 0, 0, 0);
    ck_assert_uint_eq(action.process, 1);
    ck_assert_int_eq((int)p->state, PROCESS_FAULTED);
    hw.on_ram = NULL;
    kernel_end_process(&k, &hw, 0, END_EXIT_RESTART);
    ck_assert_int_eq((int)p->state, PROCESS_RUNNING);
}
END_TEST

/* The next number of a fixed sequence. Source: Numerical Recipes, section 7.1 (ranqd1). */
static uint32_t random_below(uint32_t *state, uint32_t limit)
{
    *state = *state * 1664525 + 1013904223;
    return (*state >> 8) % limit;
}

/* Mostly sensible numbers, at times wild ones. */
static uint32_t wild_argument(uint32_t *state)
{
    static const uint32_t likely[] = {
        0,
        1,
        2,
        3,
        4,
        RAM,
        RAM + 0x700,
        0x80,
        FUNCTION,
        LENT_BASE,
        0x1000,
        0xffffffff,
        PASSTHROUGH_DRIVER_DEFAULT,
    };
    uint32_t i = random_below(state, COUNT_OF(likely) + 2);
    return i < COUNT_OF(likely) ? likely[i] : *state;
}

static void wild_step(uint32_t *state)
{
    struct trap trap = {.kind = random_below(state, 12) ? TRAP_SYSCALL : TRAP_SLICE_END};
    trap.call.class = random_below(state, 9);
    for (int i = 0; i < 4; i++)
        trap.call.args[i] = wild_argument(state);
    struct span block = process_block(&k.processes[0]);
    if (random_below(state, 20) == 0) /* a wild bus master */
        hw.ram_bytes[block.base - RAM + random_below(state, block.size)] = (uint8_t)*state;
    high_lines = random_below(state, 10) ? 0 : 1u << ALARM_LINE | 1u << LENT_LINE;
    pend(random_below(state, 32));
    kernel_trap(&k, &hw, &trap);
}

START_TEST(wild_apps_and_wild_memory_leave_the_kernel_whole)
{
    uint32_t state = (uint32_t)_i + 1;
    describe_board(2);
    for (int i = 0; i < 2; i++)
        images[i].fault_policy = FAULT_RESTART;
    config.scheduler = (enum scheduler_kind)(_i % SCHEDULER_KINDS);
    must(start_board());
    for (int step = 0; step < 4000; step++) {
        const struct process *p = &k.processes[0];
        if (!process_is_alive(p))
            kernel_end_process(&k, &hw, 0, END_EXIT_RESTART);
        ck_assert_uint_le(p->memory.base, p->high_water);
        ck_assert_uint_le(p->high_water, p->app_break);
        ck_assert_uint_le(p->app_break, p->kernel_break);
        ck_assert_uint_le(p->kernel_break, process_block(p).base);
        if (next_action().kind == ACTION_RUN)
            wild_step(&state);
        else
            kernel_end_process(&k, &hw, step % 2, END_EXIT_RESTART);
    }
}
END_TEST

/* ---- grants and buffers */

START_TEST(grant_is_zeroed_and_entered_once)
{
    struct process *p = start_running(1);
    uint8_t own[8], zeros[8] = {0};
    ck_assert_int_eq((int)grant_enter(&hw, p, &alarm_driver), ERR_NOMEM);
    memset(hw.ram_bytes + 0xa00, 0x77, p->kernel_break - RAM - 0xa00); /* what DMA left there */
    must(grant_allocate(&hw, p, &alarm_driver));
    uint32_t after = p->kernel_break;
    must(grant_allocate(&hw, p, &alarm_driver));
    ck_assert_uint_eq(p->kernel_break, after);
    ck_assert_uint_eq(after % 8, 0);
    must(grant_read(&hw, p, &alarm_driver, 0, sizeof own, own));
    ck_assert_mem_eq(own, zeros, sizeof own);
    must(grant_enter(&hw, p, &alarm_driver));
    ck_assert_int_eq((int)grant_enter(&hw, p, &alarm_driver), ERR_ALREADY);
    grant_leave(p, &alarm_driver);
    must(grant_enter(&hw, p, &alarm_driver));
}
END_TEST

START_TEST(grant_part_is_bounded)
{
    struct process *p = start_running(1);
    uint8_t own[64] = {0};
    uint32_t size = alarm_driver.grant_bytes;
    must(grant_allocate(&hw, p, &alarm_driver));
    must(grant_write(&hw, p, &alarm_driver, 0, size, own));
    must(grant_write(&hw, p, &alarm_driver, size, 0, own));
    ck_assert_int_eq((int)grant_write(&hw, p, &alarm_driver, 1, size, own), ERR_SIZE);
    ck_assert_int_eq((int)grant_read(&hw, p, &alarm_driver, size + 1, 0, own), ERR_SIZE);
    ck_assert_int_eq((int)grant_read(&hw, p, &alarm_driver, 4, 0xfffffffe, own), ERR_SIZE);
}
END_TEST

START_TEST(grant_without_room_is_nomem)
{
    struct process *p = start_running(1);
    uint32_t grown = p->app_break;
    while (call(SYSCALL_MEMOP, MEMOP_SBRK, 32, 0, 0).resume.r[0] == RETURN_SUCCESS_U32)
        grown += 32;
    ck_assert_uint_eq(p->app_break, grown);
    ck_assert_uint_ge(grown, RAM + images[0].min_ram_size); /* what it asked for, it can have */
    while (call(SYSCALL_MEMOP, MEMOP_SBRK, 1, 0, 0).resume.r[0] == RETURN_SUCCESS_U32)
        grown++;
    p->kernel_break = p->app_break; /* grants of others have taken the gap */
    ck_resume(call(SYSCALL_SUBSCRIBE, CONSOLE, 1, FUNCTION, 0), 2, ERR_NOMEM, FUNCTION);
    ck_resume(call(SYSCALL_ALLOW_RW, CONSOLE, 1, RAM, 4), 2, ERR_NOMEM, RAM);
}
END_TEST

START_TEST(allow_raises_the_high_water_mark)
{
    const struct process *p = start_running(1);
    call(SYSCALL_ALLOW_RW, CONSOLE, 1, RAM + 0x700, 0x80);
    ck_assert_uint_eq(p->high_water, RAM + 0x780);
    call(SYSCALL_ALLOW_RW, CONSOLE, 1, 0, 0); /* given back, yet the mark stays */
    call(SYSCALL_ALLOW_RO, CONSOLE, 1, FLASH, 0x100);
    call(SYSCALL_ALLOW_RW, CONSOLE, 200, RAM + 0x700, 0x100); /* refused */
    ck_assert_uint_eq(p->high_water, RAM + 0x780);
    ck_resume(call(SYSCALL_MEMOP, MEMOP_BRK, RAM + 0x77f, 0, 0), 0, ERR_NOMEM, 0);
    ck_resume(call(SYSCALL_MEMOP, MEMOP_BRK, RAM + 0x780, 0, 0), 128, 0, 0);
}
END_TEST

START_TEST(grown_memory_is_zero)
{
    const struct process *p = start_running(1);
    memset(hw.ram_bytes, 0x77, 0x800);
    ck_resume(call(SYSCALL_MEMOP, MEMOP_BRK, RAM + 0x301, 0, 0), 128, 0, 0);
    memset(hw.ram_bytes + 0x301, 0x66, 0xa00 - 0x301); /* what DMA left there */
    ck_resume(call(SYSCALL_MEMOP, MEMOP_BRK, RAM + 0x901, 0, 0), 128, 0, 0);
    ck_assert_uint_eq(ram_byte(RAM + 0x300), 0x77);
    for (uint32_t at = RAM + 0x301; at <= span_last(p->mpu.accessible); at++)
        ck_assert_uint_eq(ram_byte(at), 0);
}
END_TEST

START_TEST(buffer_is_looked_at_again_at_each_use)
{
    struct process *p = start_running(1);
    uint8_t bytes[8];
    struct span buffer = {RAM + 0x700, 16};
    must(buffer_write(&hw, p, buffer, 8, 8, bytes));
    must(buffer_read(&hw, p, (struct span){FLASH, 16}, 8, 8, bytes));
    ck_assert_int_eq((int)buffer_write(&hw, p, (struct span){FLASH, 16}, 8, 8, bytes), ERR_SIZE);
    ck_assert_int_eq((int)buffer_read(&hw, p, buffer, 9, 8, bytes), ERR_SIZE);
    ck_assert_int_eq((int)buffer_read(&hw, p, buffer, 0xfffffff0, 0x20, bytes), ERR_SIZE);
    ck_assert_int_eq((int)buffer_read(&hw, p, buffer, 8, 0xfffffff8, bytes), ERR_SIZE);
    call(SYSCALL_MEMOP, MEMOP_BRK, RAM + 0x708, 0, 0);
    ck_assert_int_eq((int)buffer_write(&hw, p, buffer, 0, 1, bytes), ERR_SIZE);
    kernel_end_process(&k, &hw, 0, END_KILL);
    ck_assert_int_eq((int)buffer_read(&hw, p, buffer, 0, 1, bytes), ERR_NODEVICE);
    ck_assert_uint_eq(process_app_ram(p).size, 0);
    ck_assert(!process_may_share(p, buffer, true));
}
END_TEST

/* ---- the end of a life */

START_TEST(restart_is_a_new_life_in_the_same_place)
{
    struct process *p = start_running(2);
    struct span memory = p->memory;
    struct process_id old = p->id;
    struct mpu_config fresh = p->mpu;
    subscribe(CONSOLE, 1);
    call(SYSCALL_ALLOW_RW, CONSOLE, 1, RAM + 0x700, 0x80);
    call(SYSCALL_MEMOP, MEMOP_BRK, RAM + 0xa00, 0, 0);
    memset(hw.ram_bytes, 0x77, 0xa00);
    must(queue(CONSOLE, 1, 1));
    uint32_t writes = fake_hw_noted(&hw, NOTE_MPU_WRITTEN);

    struct kernel_action action = call(SYSCALL_EXIT, EXIT_RESTART, 42, 0, 0);

    ck_assert_uint_eq(action.process, 0); /* it goes on in its slice */
    ck_assert(span_equal(p->memory, memory));
    ck_assert_uint_ne(p->id.unique, old.unique);
    ck_assert_uint_eq(p->restart_count, 1);
    ck_assert(p->has_completion_code);
    ck_assert_uint_eq(p->completion_code, 42);
    ck_assert_uint_eq(p->app_break, RAM + 0x800);
    ck_assert_uint_eq(p->high_water, RAM);
    ck_assert_uint_eq(upcall_waiting(&hw, p), 0);
    ck_assert_uint_eq(grant_upcall(&hw, p, &console_driver, 1).function, 0);
    ck_assert_mem_eq(p->mpu.regions, fresh.regions, sizeof fresh.regions);
    ck_assert_uint_eq(fake_hw_noted(&hw, NOTE_MPU_WRITTEN), writes + 1);
    for (uint32_t i = 0; i < memory.size; i++)
        ck_assert_uint_eq(hw.ram_bytes[i], 0);
    ck_assert_uint_eq(action.resume.kind, RESUME_START);
    ck_assert_uint_eq(action.resume.function, images[0].entry);
    const uint32_t r[4] = {FLASH, RAM, memory.size, RAM + 0x800};
    ck_assert_mem_eq(action.resume.r, r, sizeof r);
}
END_TEST

static const struct {
    enum fault_policy policy;
    uint32_t limit;
    uint32_t restarts; /* of three faults */
} policies[] = {
    {FAULT_STOP, 9, 0},
    {FAULT_RESTART, 0, 3},
    {FAULT_RESTART_AT_MOST, 2, 2},
    {FAULT_RESTART_AT_MOST, 0, 0},
};

START_TEST(fault_policy_decides_who_lives_again)
{
    describe_board(1);
    images[0].fault_policy = policies[_i].policy;
    images[0].restart_limit = policies[_i].limit;
    must(start_board());
    fake_hw_set(&hw, 0xe000ed28, 0x82); /* CFSR: DACCVIOL, MMARVALID */
    fake_hw_set(&hw, 0xe000ed34, 0x1234);
    for (int i = 0; i < 3 && next_action().kind == ACTION_RUN; i++)
        kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_FAULT});
    const struct process *p = &k.processes[0];
    ck_assert_uint_eq(p->restart_count, policies[_i].restarts);
    ck_assert_int_eq((int)p->state, policies[_i].restarts == 3 ? PROCESS_RUNNING : PROCESS_FAULTED);
    ck_assert_uint_eq(p->fault_status, 0x82);
    ck_assert_uint_eq(p->fault_address, 0x1234);
    if (policies[_i].restarts < 3)
        ck_assert_int_eq((int)next_action().kind, ACTION_HALT);
}
END_TEST

static bool status_is_cleared_by_ones(struct hw *h, uint32_t address, uint32_t value)
{
    const uint32_t cfsr = 0xe000ed28;
    if (address != cfsr)
        return chip_writes(h, address, value);
    fake_hw_set(h, cfsr, fake_hw_get(h, cfsr) & ~value);
    return true;
}

START_TEST(second_fault_is_told_with_its_own_status_and_address)
{
    const uint32_t cfsr = 0xe000ed28, mmfar = 0xe000ed34, bfar = 0xe000ed38;
    describe_board(1);
    images[0].fault_policy = FAULT_RESTART;
    must(start_board());
    hw.on_write = status_is_cleared_by_ones;
    next_action();
    fake_hw_set(&hw, cfsr, 0x82); /* DACCVIOL, MMARVALID */
    fake_hw_set(&hw, mmfar, 0x1234);
    kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_FAULT});
    ck_assert_int_eq((int)next_action().kind, ACTION_RUN);
    fake_hw_set(&hw, cfsr, fake_hw_get(&hw, cfsr) | 0x8200); /* PRECISERR, BFARVALID */
    fake_hw_set(&hw, bfar, 0x5678);
    kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_FAULT});
    ck_assert_uint_eq(k.processes[0].fault_status, 0x8200);
    ck_assert_uint_eq(k.processes[0].fault_address, 0x5678);
}
END_TEST

START_TEST(fault_panics_only_where_the_board_asks_for_it)
{
    describe_board(1);
    images[0].fault_policy = FAULT_PANIC;
    must(start_board());
    next_action();
    FAKE_HW_CATCH(&hw, kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_FAULT}));
    ck_assert_ptr_nonnull(hw.panic);
}
END_TEST

START_TEST(killed_process_stays_dead_until_the_console_restarts_it)
{
    describe_board(1);
    images[0].fault_policy = FAULT_RESTART;
    must(start_board());
    next_action();
    kernel_end_process(&k, &hw, 0, END_KILL);
    ck_assert_int_eq((int)next_action().kind, ACTION_HALT);
    kernel_end_process(&k, &hw, 0, END_KILL);  /* no effect */
    kernel_end_process(&k, &hw, 99, END_KILL); /* nobody */
    kernel_end_process(&k, &hw, 0, END_EXIT_RESTART);
    ck_assert_uint_eq(next_action().resume.kind, RESUME_START);
}
END_TEST

/* The place of the first note of that kind, or far beyond. */
static uint32_t place_of(enum note note)
{
    for (uint32_t i = 0; i < hw.note_count && i < FAKE_LIST_MAX; i++)
        if (hw.notes[i].note == note)
            return i;
    return FAKE_LIST_MAX;
}

START_TEST(owner_dies_in_the_order_of_death)
{
    struct process *p = start_running(2);
    ck_resume(call(SYSCALL_COMMAND, PASSTHROUGH_DRIVER_DEFAULT, 2, LENT_BASE, 0x1000), 128, 0, 0);
    subscribe(PASSTHROUGH_DRIVER_DEFAULT, 0);
    must(queue(PASSTHROUGH_DRIVER_DEFAULT, 0, LENT_BASE - 1)); /* r1: the device */
    ck_assert(line_enabled(LENT_LINE));
    fake_hw_forget(&hw);

    kernel_end_process(&k, &hw, 0, END_KILL);

    ck_assert_uint_lt(place_of(NOTE_PROCESS_END), place_of(NOTE_WINDOW_REMOVED));
    ck_assert_uint_lt(place_of(NOTE_WINDOW_REMOVED), place_of(NOTE_ENDPOINT_MASKED));
    ck_assert_uint_lt(place_of(NOTE_ENDPOINT_MASKED), place_of(NOTE_ENDPOINT_QUIET));
    ck_assert_uint_lt(place_of(NOTE_ENDPOINT_QUIET), place_of(NOTE_UPCALL_CANCELLED));
    ck_assert_uint_lt(place_of(NOTE_UPCALL_CANCELLED), place_of(NOTE_ENDPOINT_FREED));
    ck_assert_uint_lt(place_of(NOTE_ENDPOINT_FREED), place_of(NOTE_PROCESS_STATE));
    ck_assert_uint_lt(place_of(NOTE_PROCESS_STATE), FAKE_LIST_MAX);
    ck_assert(!line_enabled(LENT_LINE));
    ck_assert_uint_eq(p->mpu.window_count, 0);
    ck_assert_uint_eq(p->mpu.accessible.size, 0);
    ck_assert_uint_eq(k.mpu.configured_for, 0);
    ck_assert_int_eq((int)grant_allocate(&hw, p, &console_driver), ERR_NODEVICE);
}
END_TEST

START_TEST(header_requests_are_asked_again_in_each_life)
{
    describe_board(1);
    images[0].request_count = 2;
    images[0].requests[0] = (struct span){LENT_BASE, 0x1000};
    images[0].requests[1] = (struct span){0x40001000, 0x1000}; /* not lendable: not fatal */
    must(start_board());
    ck_assert_uint_eq(k.processes[0].mpu.window_count, 1);
    next_action();
    call(SYSCALL_EXIT, EXIT_RESTART, 0, 0, 0);
    ck_assert_uint_eq(k.processes[0].mpu.window_count, 1);
    ck_assert_uint_eq(fake_hw_noted(&hw, NOTE_WINDOW_GRANTED), 2);
    ck_assert_uint_eq(k.passthrough.owners[0].unique, k.processes[0].id.unique);
}
END_TEST

/* ---- schedulers */

/* The process that runs stops: SysTick shows `left_us` of its slice. */
static void stop(enum trap_kind kind, uint32_t left_us)
{
    fake_hw_set(&hw, 0xe000e018, left_us * 64);
    fake_hw_set(&hw, 0xe000e010, kind == TRAP_SLICE_END ? 0x10007 : 7);
    struct trap trap = {.kind = kind, .line = FREE_LINE, .call = {SYSCALL_COMMAND, {NOBODY}}};
    kernel_trap(&k, &hw, &trap);
}

static const struct {
    const char *what;
    enum scheduler_kind scheduler;
    enum trap_kind kind;
    uint32_t left_us;
    uint32_t process, slice_us; /* who runs next, and for how long */
} turns[] = {
    {"round robin goes on with the rest", SCHEDULER_ROUND_ROBIN, TRAP_SYSCALL, 4000, 0, 4000},
    {"also after an interrupt", SCHEDULER_ROUND_ROBIN, TRAP_INTERRUPT, 501, 0, 501},
    {"too little is nothing", SCHEDULER_ROUND_ROBIN, TRAP_INTERRUPT, 500, 1, 10000},
    {"the slice has ended", SCHEDULER_ROUND_ROBIN, TRAP_SLICE_END, 0, 1, 10000},
    {"a leftover slice end is none", SCHEDULER_ROUND_ROBIN, TRAP_SYSCALL, 9999, 0, 9999},
    {"cooperative goes on", SCHEDULER_COOPERATIVE, TRAP_INTERRUPT, 0, 0, 0},
    {"priority: the first again", SCHEDULER_PRIORITY, TRAP_SYSCALL, 0, 0, 0},
    {"queue goes on with the rest", SCHEDULER_MLFQ, TRAP_INTERRUPT, 4000, 0, 4000},
    {"queue moves the greedy down", SCHEDULER_MLFQ, TRAP_SLICE_END, 0, 1, 10000},
};

START_TEST(scheduler_gives_turns_and_slices)
{
    describe_board(2);
    config.scheduler = turns[_i].scheduler;
    must(start_board());
    ck_assert_uint_eq(next_action().process, 0);
    stop(turns[_i].kind, turns[_i].left_us);
    struct kernel_action action = next_action();
    ck_assert_msg(action.process == turns[_i].process && k.slice_us == turns[_i].slice_us,
                  "%s: process %u for %u us", turns[_i].what, action.process, k.slice_us);
}
END_TEST

/* The timer runs on through bottom halves: what they take is gone from the slice. */
START_TEST(interrupts_count_against_the_slice)
{
    describe_board(2);
    must(start_board());
    ck_assert_uint_eq(next_action().process, 0);
    pend(ALARM_LINE);
    fake_hw_set(&hw, 0xe000e010, 7);
    kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_INTERRUPT, .line = ALARM_LINE});
    fake_hw_set(&hw, 0xe000e018, 4000 * 64);
    ck_assert_int_eq((int)kernel_next(&k, &hw).kind, ACTION_AGAIN);
    ck_assert_uint_eq(fake_hw_get(&hw, 0xe000e010), 7); /* not stopped yet */
    fake_hw_set(&hw, 0xe000e018, 3000 * 64);
    ck_assert_uint_eq(next_action().process, 0);
    ck_assert_uint_eq(k.slice_us, 3000);

    pend(ALARM_LINE);
    kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_INTERRUPT, .line = ALARM_LINE});
    fake_hw_set(&hw, 0xe000e010, 0x10007); /* it ends while the interrupt is handled */
    ck_assert_uint_eq(next_action().process, 1);
    ck_assert_uint_eq(k.slice_us, 10000);
}
END_TEST

START_TEST(slice_is_cut_to_what_the_timer_holds)
{
    describe_board(1);
    config.timeslice_us = 1000000;
    must(start_board());
    next_action();
    ck_assert_uint_eq(k.slice_us, 262144); /* 2^24 cycles at 64 MHz */
    ck_assert_uint_eq(fake_hw_get(&hw, 0xe000e014), 0xffffff);
}
END_TEST

START_TEST(round_robin_serves_all_in_turn)
{
    describe_board(3);
    must(start_board());
    for (uint32_t i = 0; i < 9; i++) {
        ck_assert_uint_eq(next_action().process, i % 3);
        stop(TRAP_SLICE_END, 0);
    }
}
END_TEST

START_TEST(waiting_process_loses_its_turn)
{
    static const enum scheduler_kind kinds[] = {SCHEDULER_ROUND_ROBIN, SCHEDULER_COOPERATIVE,
                                                SCHEDULER_PRIORITY, SCHEDULER_MLFQ};
    describe_board(2);
    config.scheduler = kinds[_i];
    must(start_board());
    ck_assert_uint_eq(next_action().process, 0);
    ck_assert_uint_eq(call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0).process, 1);
    ck_assert_int_eq((int)call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0).kind, ACTION_SLEEP);
}
END_TEST

START_TEST(feedback_queue_demotes_and_refreshes)
{
    static const uint32_t slices[] = {10000, 20000, 50000, 50000};
    describe_board(1);
    config.scheduler = SCHEDULER_MLFQ;
    must(start_board());
    for (uint32_t i = 0; i < COUNT_OF(slices); i++) {
        next_action();
        ck_assert_uint_eq(k.slice_us, slices[i]);
        stop(TRAP_SLICE_END, 0);
    }
    k.scheduler.refresh_at_tick = 1;
    fake_hw_set(&hw, 0x40011504, 9); /* the alarm's COUNTER */
    next_action();
    ck_assert_uint_eq(k.slice_us, 10000);
}
END_TEST

START_TEST(feedback_queue_refreshes_without_an_alarm)
{
    describe_board(1);
    config.scheduler = SCHEDULER_MLFQ;
    config.alarm.present = false;
    must(start_board());
    uint32_t topmost = 0;
    for (uint32_t i = 0; i < 110; i++) { /* 5 s of 50 ms, and more */
        next_action();
        topmost += k.slice_us == 10000;
        stop(TRAP_SLICE_END, 0);
    }
    ck_assert_uint_eq(topmost, 2);
}
END_TEST

START_TEST(stopped_process_does_not_run)
{
    start_running(2);
    kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_RESCHEDULE});
    kernel_stop_process(&k, 0, true);
    ck_assert_uint_eq(next_action().process, 1);
    ck_assert_uint_eq(call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0).kind, ACTION_SLEEP);
    kernel_stop_process(&k, 0, false);
    ck_assert_uint_eq(next_action().process, 0);
}
END_TEST

/* ---- interrupts and the way to user mode */

START_TEST(line_of_nobody_is_masked_for_good)
{
    start_running(1);
    nvic_enable(&hw, FREE_LINE);
    high_lines = 1u << FREE_LINE;
    pend(FREE_LINE);
    kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_INTERRUPT, .line = FREE_LINE});
    ck_assert_int_eq((int)kernel_next(&k, &hw).kind, ACTION_AGAIN);
    ck_assert_int_eq((int)kernel_next(&k, &hw).kind, ACTION_RUN);
    ck_assert(!line_enabled(FREE_LINE));
    ck_assert_uint_eq(fake_hw_noted(&hw, NOTE_LINE_UNCLAIMED), 1);
}
END_TEST

START_TEST(line_that_stays_high_does_not_stop_the_kernel)
{
    start_running(1);
    ck_assert(line_enabled(ALARM_LINE));
    high_lines = 1u << ALARM_LINE;
    pend(ALARM_LINE);
    kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_INTERRUPT, .line = ALARM_LINE});
    int halves = 0;
    while (kernel_next(&k, &hw).kind == ACTION_AGAIN && halves < 1000)
        halves++;
    ck_assert_int_lt(halves, 20);
    ck_assert(!line_enabled(ALARM_LINE));
    ck_assert_uint_eq(fake_hw_noted(&hw, NOTE_ENDPOINT_STUCK), 1);
}
END_TEST

static void interrupt_of_the_alarm(void)
{
    pend(ALARM_LINE);
    kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_INTERRUPT, .line = ALARM_LINE});
    ck_assert(!line_enabled(ALARM_LINE));
    ck_assert_int_eq((int)kernel_next(&k, &hw).kind, ACTION_AGAIN);
}

START_TEST(line_that_falls_is_open_again)
{
    start_running(1);
    for (int i = 0; i < LINE_PACE_SERVICES - 1; i++) {
        interrupt_of_the_alarm();
        ck_assert(line_enabled(ALARM_LINE));
        ck_assert_int_eq((int)kernel_next(&k, &hw).kind, ACTION_RUN);
    }
    ck_assert_uint_eq(hw.spent[PATH_INTERRUPT_TOP], LINE_PACE_SERVICES - 1);
}
END_TEST

/* So many interrupts that the line rests; the process has run for `us` each time. */
static void let_the_alarm_rest(uint32_t us)
{
    for (int i = 0; i < LINE_PACE_SERVICES; i++) {
        k.scheduler.ran_us += us;
        interrupt_of_the_alarm();
        ck_assert_int_eq((int)kernel_next(&k, &hw).kind, ACTION_RUN);
    }
}

static const struct {
    const char *what;
    uint32_t apart_us, rest_us; /* 0: none */
} rests[] = {
    {"no time in between", 0, LINE_REST_MIN_US},
    {"a quarter of the time", 40, (LINE_PACE_SERVICES - 1) * 40 / LINE_REST_SHARE},
    {"as slow as rests can be", 64, (LINE_PACE_SERVICES - 1) * 64 / LINE_REST_SHARE},
    {"a byte each 87 us", 87, 0},
};

START_TEST(line_that_comes_too_often_rests_for_a_part_of_a_slice)
{
    start_running(1);
    interrupt_of_the_alarm(); /* time is looked at with each one */
    k.scheduler.ran_us = 10000;
    uint32_t slice_us = next_action().kind == ACTION_RUN ? k.slice_us : 0;
    let_the_alarm_rest(rests[_i].apart_us);
    ck_assert_msg(line_enabled(ALARM_LINE) == (rests[_i].rest_us == 0), "%s", rests[_i].what);
    uint32_t wanted_us = rests[_i].rest_us ? rests[_i].rest_us : slice_us;
    ck_assert_msg(k.slice_us + 1 >= wanted_us && k.slice_us <= wanted_us, "%s: %u us",
                  rests[_i].what, k.slice_us);
}
END_TEST

START_TEST(line_that_has_rested_is_open_again_and_hears_what_has_come)
{
    start_running(1);
    let_the_alarm_rest(0);
    pend(ALARM_LINE); /* masked, yet it pends */
    stop(TRAP_RESCHEDULE, k.slice_us / 2);
    ck_assert_int_eq((int)kernel_next(&k, &hw).kind, ACTION_RUN);
    ck_assert(!line_enabled(ALARM_LINE));
    uint32_t noted = fake_hw_noted(&hw, NOTE_LINE_SERVICED);
    stop(TRAP_SLICE_END, 0);
    ck_assert_int_eq((int)next_action().kind, ACTION_RUN);
    ck_assert(line_enabled(ALARM_LINE));
    ck_assert_uint_eq(fake_hw_noted(&hw, NOTE_LINE_SERVICED), noted + 1);
}
END_TEST

START_TEST(end_of_a_rest_is_no_end_of_the_turn)
{
    start_running(2);
    let_the_alarm_rest(0);
    ck_assert_uint_eq(k.slice_us, LINE_REST_MIN_US);
    stop(TRAP_SLICE_END, 0);
    ck_assert_uint_eq(next_action().process, 0);
    ck_assert_uint_gt(k.slice_us, LINE_REST_MIN_US);
}
END_TEST

START_TEST(rest_ends_when_nobody_is_ready)
{
    start_running(1);
    let_the_alarm_rest(0);
    ck_assert(!line_enabled(ALARM_LINE));
    ck_assert_int_eq((int)call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0).kind, ACTION_SLEEP);
    ck_assert(line_enabled(ALARM_LINE));
}
END_TEST

START_TEST(interrupt_within_the_kernel_pays_for_its_handler)
{
    start_running(1);
    kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_SLICE_END});
    pend(ALARM_LINE);
    ck_assert_int_eq((int)kernel_next(&k, &hw).kind, ACTION_AGAIN);
    ck_assert_uint_eq(hw.spent[PATH_INTERRUPT_TOP], 1);
    ck_assert_uint_eq(hw.spent[PATH_INTERRUPT_BOTTOM], 1);
}
END_TEST

START_TEST(user_mode_has_the_unit_on_and_the_kernel_off)
{
    const uint32_t ctrl = 0xe000ed94;
    start_running(1);
    ck_assert_uint_eq(fake_hw_get(&hw, ctrl) & 1, 1);
    kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_SLICE_END});
    ck_assert_uint_eq(fake_hw_get(&hw, ctrl) & 1, 0);
}
END_TEST

/* What the cost presets add up (sim/costs.h): each path once, SysTick twice, twelve registers. */
START_TEST(null_command_walks_each_path_once)
{
    static const enum kernel_path once[] = {
        PATH_EXCEPTION_ENTRY, PATH_SYSCALL_DISPATCH, PATH_COMMAND,
        PATH_SCHEDULER,       PATH_MPU_SETUP,        PATH_EXCEPTION_RETURN,
    };
    start_running(1);
    call(SYSCALL_COMMAND, CONSOLE, 0, 0, 0);
    uint32_t all = 0;
    for (uint32_t i = 0; i < COUNT_OF(once); i++)
        ck_assert_uint_eq(hw.spent[once[i]], 1);
    for (uint32_t i = 0; i < KERNEL_PATHS; i++)
        all += hw.spent[i];
    ck_assert_uint_eq(hw.spent[PATH_SYSTICK], 2);
    ck_assert_uint_eq(all, COUNT_OF(once) + 2);
}
END_TEST

START_TEST(switch_to_another_process_is_charged_and_going_on_is_not)
{
    start_running(2);
    fake_hw_forget(&hw);
    kernel_trap(&k, &hw, &(struct trap){.kind = TRAP_INTERRUPT, .line = 40});
    while (next_action().kind == ACTION_AGAIN)
        ;
    ck_assert_uint_eq(hw.spent[PATH_CONTEXT_SWITCH], 0);
    call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0);
    ck_assert_uint_eq(hw.spent[PATH_CONTEXT_SWITCH], 1);
}
END_TEST

/* ---- start */

/* A flat switch: one wrong thing a row. */
static void make_wrong(int row)
{
    static const struct span wraps = {0xfffff000, 0x2000}, empty = {0, 0};
    switch (row) {
    case 0:
        config.cpu_hz = 0;
        break;
    case 1:
        config.process_ram = wraps;
        break;
    case 2:
        config.kernel_ram = (struct span){RAM + 0x7fff, 1};
        break;
    case 3:
        config.line_count = IRQ_LINE_MAX + 1;
        break;
    case 4:
        config.scheduler = SCHEDULER_KINDS;
        break;
    case 5:
        config.alarm.line = 32;
        break;
    case 6:
        config.endpoint_count = ENDPOINT_MAX + 1;
        break;
    case 7:
        config.endpoints[0].window_count = ENDPOINT_WINDOW_MAX + 1;
        break;
    case 8:
        config.endpoints[0].windows[0] = wraps;
        break;
    case 9:
        config.endpoints[0].line = 32;
        break;
    case 10:
        config.endpoints[0].quiesce_count = 1;
        break;
    case 11:
        config.forbidden_count = 1;
        config.forbidden[0] = empty;
        break;
    case 12:
        config.claim_count = KERNEL_CLAIM_MAX + 1;
        break;
    case 13:
        config.claim_count = 1;
        config.claims[0] = wraps;
        break;
    case 14:
        config.image_count = PROCESS_MAX + 1;
        break;
    case 15:
        images[1].flash = images[0].flash;
        images[1].entry = images[0].entry;
        images[1].flash_region_count = 0;
        break;
    case 16:
        images[1].entry = 0;
        break;
    case 17:
        images[1].flash = (struct span){RAM, 0x1000};
        images[1].entry = RAM;
        break;
    case 18:
        images[1].initial_app_size = images[1].min_ram_size + 1;
        break;
    case 19:
        images[1].permission_count = PERMISSION_MAX + 1;
        break;
    case 20:
        images[1].request_count = REQUEST_MAX + 1;
        break;
    case 21:
        images[1].flash_regions[0].size = FLASH_SIZE;
        break;
    case 22:
        images[1].fault_policy = FAULT_POLICIES;
        break;
    case 23: /* a line of two devices */
        config.endpoints[1] = config.endpoints[0];
        config.endpoints[1].windows[0].base += 0x10000;
        config.endpoint_count = 2;
        break;
    case 24: /* a byte of two devices */
        config.endpoints[1] = config.endpoints[0];
        config.endpoints[1].has_line = false;
        config.endpoint_count = 2;
        break;
    case 25: /* a driver number of two drivers */
        config.passthrough_driver = console_driver.number;
        break;
    case 26:
        images[1].flash_regions[0].size = 0;
        break;
    case 27:
        for (uint32_t i = 0; i < FLASH_REGION_MAX; i++)
            images[1].flash_regions[i] = images[1].flash_regions[0];
        images[1].flash_region_count = FLASH_REGION_MAX + 1;
        break;
    default:
        config.images = NULL;
        break;
    }
}
enum { WRONG_CONFIGS = 29 };

START_TEST(config_that_contradicts_itself_is_refused)
{
    describe_board(2);
    must(start_board());
    make_wrong(_i);
    enum err err = start_board();
    ck_assert_msg(err == ERR_INVAL, "row %d: got %d", _i, (int)err);
}
END_TEST

START_TEST(image_that_does_not_fit_is_named)
{
    uint32_t bad;
    describe_board(3);
    images[2].min_ram_size = 0x8000;
    must(start_board() == ERR_NOMEM ? ERR_NONE : ERR_FAIL);
    ck_assert_int_eq((int)kernel_start(&k, &hw, &config, &bad), ERR_NOMEM);
    ck_assert_uint_eq(bad, 2);
    images[2].min_ram_size = 0xfffffff0;
    ck_assert_int_eq((int)kernel_start(&k, &hw, &config, &bad), ERR_INVAL);
    ck_assert_uint_eq(bad, 2);
}
END_TEST

START_TEST(flash_that_the_unit_cannot_open_exactly_is_named)
{
    uint32_t bad = 0;
    describe_board(2);
    must(start_board());
    images[1].flash.size = FLASH_SIZE - 0x10;
    ck_assert_int_eq((int)kernel_start(&k, &hw, &config, &bad), ERR_INVAL);
    ck_assert_uint_eq(bad, 1);
}
END_TEST

START_TEST(image_behind_one_that_took_all_memory_is_named)
{
    uint32_t bad = 0;
    describe_board(2);
    must(start_board());
    config.process_ram.size = k.processes[0].memory.size;
    ck_assert_int_eq((int)kernel_start(&k, &hw, &config, &bad), ERR_NOMEM);
    ck_assert_uint_eq(bad, 1);
}
END_TEST

START_TEST(no_life_has_number_0)
{
    const struct process *p = start_running(1);
    k.next_unique = 0xffffffff;
    kernel_end_process(&k, &hw, 0, END_EXIT_RESTART);
    ck_assert_uint_eq(p->id.unique, 0xffffffff);
    kernel_end_process(&k, &hw, 0, END_EXIT_RESTART);
    ck_assert_uint_eq(p->id.unique, 1);
}
END_TEST

START_TEST(processes_share_no_memory_and_see_zeros)
{
    describe_board(4);
    must(start_board());
    for (uint32_t i = 0; i < 4; i++) {
        struct span block = k.processes[i].memory;
        ck_assert(span_covers(config.process_ram, block));
        for (uint32_t other = 0; other < i; other++)
            ck_assert(!span_meets(block, k.processes[other].memory));
        for (uint32_t at = 0; at < block.size; at++)
            ck_assert_uint_eq(ram_byte(block.base + at), 0);
    }
}
END_TEST

START_TEST(every_driver_has_a_number_of_its_own)
{
    describe_board(1);
    must(start_board());
    for (uint32_t i = 0; i < driver_count; i++) {
        ck_assert_uint_eq(driver_index(drivers[i]), i);
        ck_assert_ptr_nonnull(drivers[i]->command);
        for (uint32_t other = 0; other < i; other++)
            ck_assert_uint_ne(driver_number(&k, drivers[i]), driver_number(&k, drivers[other]));
    }
}
END_TEST

/* ---- */

static TCase *syscall_tests(void)
{
    TCase *t = tcase_create("syscall");
    tcase_add_loop_test(t, call_answers_as_documented, 0, COUNT_OF(answers));
    tcase_add_test(t, memop_says_where_memory_ends_and_grants_begin);
    tcase_add_test(t, swap_returns_what_was_before);
    tcase_add_loop_test(t, filter_refuses_in_the_variant_of_the_class, 0, COUNT_OF(filtered));
    tcase_add_test(t, empty_permissions_header_allows_nothing);
    return t;
}

static TCase *upcall_tests(void)
{
    TCase *t = tcase_create("upcall");
    tcase_add_test(t, upcalls_come_in_order_with_appdata);
    tcase_add_test(t, eleventh_upcall_is_dropped_and_counted);
    tcase_add_test(t, subscribe_cancels_its_own_upcalls_only);
    tcase_add_test(t, null_upcall_is_never_invoked);
    tcase_add_test(t, upcall_takes_the_place_of_a_bare_event);
    tcase_add_test(t, wait_for_takes_the_first_match_and_leaves_the_rest);
    tcase_add_test(t, awaited_event_is_not_lost_though_the_queue_is_full);
    tcase_add_test(t, wait_for_what_never_comes_simply_waits);
    tcase_add_test(t, yield_no_wait_says_in_one_byte_whether_an_upcall_ran);
    tcase_add_test(t, dead_process_gets_no_upcall);
    return t;
}

static TCase *memory_tests(void)
{
    TCase *t = tcase_create("memory");
    tcase_add_loop_test(t, broken_control_block_never_breaks_the_kernel, 0, 5);
    tcase_add_loop_test(t, wild_apps_and_wild_memory_leave_the_kernel_whole, 0, 16);
    tcase_add_test(t, corrupted_queue_has_no_more_upcalls_than_the_ring);
    tcase_add_test(t, corrupted_upcall_outside_flash_is_dropped);
    tcase_add_loop_test(t, grant_outside_the_kernels_part_is_refused, 0, 4);
    tcase_add_loop_test(t, grants_taken_anew_stop_at_the_apps_memory, 0, 3);
    tcase_add_test(t, process_whose_upcall_dma_took_back_sleeps_on);
    tcase_add_test(t, words_come_whole_or_not_at_all);
    tcase_add_loop_test(t, ram_that_refuses_opens_nothing_and_leaves_the_kernel_whole, 0, 2);
    tcase_add_test(t, memory_that_cannot_be_wiped_is_not_opened);
    tcase_add_test(t, upcall_that_cannot_be_written_is_lost_and_no_other_comes_twice);
    tcase_add_test(t, life_that_cannot_begin_stays_faulted);
    tcase_add_test(t, grant_is_zeroed_and_entered_once);
    tcase_add_test(t, grant_part_is_bounded);
    tcase_add_test(t, grant_without_room_is_nomem);
    tcase_add_test(t, allow_raises_the_high_water_mark);
    tcase_add_test(t, grown_memory_is_zero);
    tcase_add_test(t, buffer_is_looked_at_again_at_each_use);
    return t;
}

static TCase *life_tests(void)
{
    TCase *t = tcase_create("life");
    tcase_add_test(t, restart_is_a_new_life_in_the_same_place);
    tcase_add_loop_test(t, fault_policy_decides_who_lives_again, 0, COUNT_OF(policies));
    tcase_add_test(t, second_fault_is_told_with_its_own_status_and_address);
    tcase_add_test(t, fault_panics_only_where_the_board_asks_for_it);
    tcase_add_test(t, killed_process_stays_dead_until_the_console_restarts_it);
    tcase_add_test(t, owner_dies_in_the_order_of_death);
    tcase_add_test(t, header_requests_are_asked_again_in_each_life);
    return t;
}

static TCase *scheduler_tests(void)
{
    TCase *t = tcase_create("scheduler");
    tcase_add_loop_test(t, scheduler_gives_turns_and_slices, 0, COUNT_OF(turns));
    tcase_add_test(t, interrupts_count_against_the_slice);
    tcase_add_test(t, slice_is_cut_to_what_the_timer_holds);
    tcase_add_test(t, round_robin_serves_all_in_turn);
    tcase_add_loop_test(t, waiting_process_loses_its_turn, 0, SCHEDULER_KINDS);
    tcase_add_test(t, feedback_queue_demotes_and_refreshes);
    tcase_add_test(t, feedback_queue_refreshes_without_an_alarm);
    tcase_add_test(t, stopped_process_does_not_run);
    return t;
}

static TCase *loop_tests(void)
{
    TCase *t = tcase_create("loop");
    tcase_add_test(t, line_of_nobody_is_masked_for_good);
    tcase_add_test(t, line_that_stays_high_does_not_stop_the_kernel);
    tcase_add_test(t, line_that_falls_is_open_again);
    tcase_add_loop_test(t, line_that_comes_too_often_rests_for_a_part_of_a_slice, 0,
                        COUNT_OF(rests));
    tcase_add_test(t, line_that_has_rested_is_open_again_and_hears_what_has_come);
    tcase_add_test(t, end_of_a_rest_is_no_end_of_the_turn);
    tcase_add_test(t, rest_ends_when_nobody_is_ready);
    tcase_add_test(t, interrupt_within_the_kernel_pays_for_its_handler);
    tcase_add_test(t, user_mode_has_the_unit_on_and_the_kernel_off);
    tcase_add_test(t, null_command_walks_each_path_once);
    tcase_add_test(t, switch_to_another_process_is_charged_and_going_on_is_not);
    return t;
}

static TCase *start_tests(void)
{
    TCase *t = tcase_create("start");
    tcase_add_loop_test(t, config_that_contradicts_itself_is_refused, 0, WRONG_CONFIGS);
    tcase_add_test(t, image_that_does_not_fit_is_named);
    tcase_add_test(t, flash_that_the_unit_cannot_open_exactly_is_named);
    tcase_add_test(t, image_behind_one_that_took_all_memory_is_named);
    tcase_add_test(t, no_life_has_number_0);
    tcase_add_test(t, processes_share_no_memory_and_see_zeros);
    tcase_add_test(t, every_driver_has_a_number_of_its_own);
    return t;
}

int main(void)
{
    Suite *suite = suite_create("kernel");
    suite_add_tcase(suite, syscall_tests());
    suite_add_tcase(suite, upcall_tests());
    suite_add_tcase(suite, memory_tests());
    suite_add_tcase(suite, life_tests());
    suite_add_tcase(suite, scheduler_tests());
    suite_add_tcase(suite, loop_tests());
    suite_add_tcase(suite, start_tests());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
