/* Tests of the step list engine: the operations that it hands out, and how it judges their results.
 *
 * The test is the CPU: it asks for operations and answers them. In texts ' stands for ".
 */
#include "sim/app_steps.h"
#include "sim/trace.h"
#include "tools/catalogue.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 8192, RAM = 0x20010000, RAM_SIZE = 0x1000, BREAK = RAM + 0x800 };

static struct problems problems;
static struct family family;
static struct app *app;
static struct app_op op;

static void setup(void)
{
    problems = (struct problems){0};
    family = (struct family){0};
}

static void teardown(void)
{
    free(app);
    app = NULL;
    family_free(&family);
    problems_free(&problems);
}

static const struct steps_program *program(void)
{
    return app->program;
}

static void start(void)
{
    const uint32_t r[4] = {app->flash_base, RAM, RAM_SIZE, BREAK};
    app->lives++;
    app->ram_base = RAM;
    app->ram_size = RAM_SIZE;
    app_steps_engine.start(app, r);
}

/* An app of these steps and of what else is said, started, with variables x = 0 and y = 5. */
static void begin_with(const char *steps, const char *rest, const char *upcalls, const char *end)
{
    static char text[TEXT_SIZE];
    const struct catalogue known = catalogue();
    const struct load_options options = {.boards = "scenarios/boards"};
    int size = snprintf(text, sizeof text,
                        "{ 'claim': 'c', 'board': 'nrf52840dk', 'until_us': 1, 'apps': ["
                        "{ 'name': 'a', 'variables': { 'x': 0, 'y': 5 }, 'steps': [%s],"
                        " %s%s%s }, { 'name': 'other', 'steps': [] } ] }",
                        steps, rest, upcalls, end);
    ck_assert_int_lt(size, TEXT_SIZE);
    for (char *s = text; (s = strchr(s, '\''));)
        *s = '"';
    ck_assert_msg(
        scenario_load_text("t.json", text, (size_t)size, &known, &options, &family, &problems),
        "%s", problems.text);
    const struct scenario *s = family.members[0];
    app = calloc(1, sizeof *app + app_steps_engine.state_size);
    ck_assert_ptr_nonnull(app);
    *app = (struct app){.engine = &app_steps_engine,
                        .program = s->apps[0].program,
                        .flash_base = s->images[0].flash.base,
                        .flash_size = s->images[0].flash.size};
    start();
}

static void begin(const char *steps, const char *upcalls)
{
    begin_with(steps, "'upcalls': {", upcalls, "}");
}

/* The next operation must be of this kind. */
static void next(enum app_op_kind kind)
{
    op = (struct app_op){0};
    app_steps_engine.next(app, &op);
    ck_assert_int_eq(op.kind, kind);
}

static void answer(uint32_t r0, uint32_t r1, uint32_t r2, uint32_t r3)
{
    app->result.regs = (struct syscall_return){{r0, r1, r2, r3}};
}

static void next_mark(uint32_t number)
{
    next(OP_MARK);
    ck_assert_uint_eq(op.address, number);
}

/* --- operations ------------------------------------------------------------------------------ */

static const struct {
    const char *step;
    uint32_t class, args[4];
} calls[] = {
    {"{ 'command': { 'driver': 'passthrough', 'number': 2, 'args': ['TIMER1', 'TIMER1.size'] } }",
     SYSCALL_COMMAND,
     {0x10001, 2, 0x40009000, 0x1000}},
    {"{ 'command': { 'driver': 'alarm', 'number': '$y' } }", SYSCALL_COMMAND, {0, 5, 0, 0}},
    {"{ 'subscribe': { 'driver': 1, 'number': 2, 'upcall': 'u', 'appdata': 7 } }",
     SYSCALL_SUBSCRIBE,
     {1, 2, 0x30000 + APP_FUNCTION(0), 7}},
    {"{ 'subscribe': { 'driver': 1, 'number': 2, 'upcall': null } }", SYSCALL_SUBSCRIBE, {1, 2}},
    {"{ 'allow_rw': { 'driver': 'console', 'number': 1, 'address': 'app.ram+0x40', 'size': 16 } }",
     SYSCALL_ALLOW_RW,
     {1, 1, RAM + 0x40, 16}},
    {"{ 'allow_ro': { 'driver': 'gpio', 'number': 1, 'address': 'app.flash', 'size': 1 } }",
     SYSCALL_ALLOW_RO,
     {4, 1, 0x30000, 1}},
    {"{ 'allow_readable': { 'driver': 1, 'number': 1, 'address': 'app.end-4', 'size': 4 } }",
     SYSCALL_ALLOW_READABLE,
     {1, 1, RAM + RAM_SIZE - 4, 4}},
    {"{ 'yield': 'wait' }", SYSCALL_YIELD, {YIELD_WAIT}},
    {"{ 'yield': 'no-wait' }", SYSCALL_YIELD, {YIELD_NO_WAIT}},
    {"{ 'yield': { 'no_wait_flag': 'app.break-1' } }", SYSCALL_YIELD, {YIELD_NO_WAIT, BREAK - 1}},
    {"{ 'yield': { 'wait_for': { 'driver': 'alarm', 'number': 0 } } }",
     SYSCALL_YIELD,
     {YIELD_WAIT_FOR, 0, 0}},
    {"{ 'memop': { 'operation': 'sbrk', 'argument': -32 } }",
     SYSCALL_MEMOP,
     {MEMOP_SBRK, 0xffffffe0}},
    {"{ 'memop': { 'operation': 77 } }", SYSCALL_MEMOP, {77}},
    {"{ 'exit': 'restart' }", SYSCALL_EXIT, {EXIT_RESTART}},
    {"{ 'exit': { 'how': 'terminate', 'code': 9 } }", SYSCALL_EXIT, {EXIT_TERMINATE, 9}},
    {"{ 'syscall': { 'class': 255, 'args': [1, '0x2', -3, 'app.ram'] } }",
     255,
     {1, 2, 0xfffffffd, RAM}},
};

START_TEST(step_makes_its_system_call)
{
    begin(calls[_i].step, "'u': []");

    next(OP_SYSCALL);

    ck_assert_uint_eq(op.call.class, calls[_i].class);
    for (size_t n = 0; n < 4; n++)
        ck_assert_msg(op.call.args[n] == calls[_i].args[n], "%s: r%zu is 0x%x", calls[_i].step, n,
                      op.call.args[n]);
}
END_TEST

START_TEST(accesses_have_address_size_and_value)
{
    begin("{ 'load': 'TIMER1.CC[0]' }, { 'store': 'app.ram', 'size': 1, 'value': '$y' },"
          "{ 'execute': 'app.flash', 'size': 2 }",
          "");

    next(OP_LOAD);
    ck_assert_uint_eq(op.address, 0x40009540);
    ck_assert_uint_eq(op.size, 4);
    next(OP_STORE);
    ck_assert_uint_eq(op.address, RAM);
    ck_assert_uint_eq(op.size, 1);
    ck_assert_uint_eq(op.value, 5);
    next(OP_EXECUTE);
    ck_assert_uint_eq(op.address, 0x30000);
    ck_assert_uint_eq(op.size, 2);
}
END_TEST

START_TEST(another_apps_memory_is_asked_for_first)
{
    begin("{ 'load': 'other.ram+8' }, { 'store': 'other.ram', 'value': 1 }", "");

    next(OP_LOCATE);
    ck_assert_uint_eq(op.address, 1);
    app->result.value = 0x20020000;
    next(OP_LOAD);
    ck_assert_uint_eq(op.address, 0x20020008);
    app->result.value = 77;
    next(OP_LOCATE);
    app->result.value = 0x20030000; /* it was started again, elsewhere */
    next(OP_STORE);
    ck_assert_uint_eq(op.address, 0x20030000);
}
END_TEST

START_TEST(work_takes_cycles)
{
    begin("{ 'compute_us': 2.5 }, { 'compute_cycles': '$y' }, { 'compute_cycles': 0 }, "
          "{ 'crash': true }",
          "");

    next(OP_COMPUTE);
    ck_assert_uint_eq(op.cycles, 160);
    next(OP_COMPUTE);
    ck_assert_uint_eq(op.cycles, 5);
    next(OP_FAULT);
}
END_TEST

START_TEST(app_that_is_done_waits_for_upcalls)
{
    begin("", "'u': [{ 'mark': 1 }]");

    for (int i = 0; i < 3; i++) {
        const uint32_t r[4] = {0};
        next(OP_SYSCALL);
        ck_assert_uint_eq(op.call.class, SYSCALL_YIELD);
        ck_assert_uint_eq(op.call.args[0], YIELD_WAIT);
        app_steps_engine.upcall(app, 0x30000 + APP_FUNCTION(0), r);
        next_mark(1);
    }
}
END_TEST

/* --- loops, conditions, variables: seen by marks --------------------------------------------- */

static const struct {
    const char *steps;
    uint32_t marks[8]; /* up to a 0; then the app is done */
} flows[] = {
    {"{ 'repeat': 3, 'steps': [{ 'mark': 1 }] }, { 'mark': 2 }", {1, 1, 1, 2}},
    {"{ 'repeat': 0, 'steps': [{ 'mark': 1 }] }, { 'mark': 2 }", {2}},
    {"{ 'repeat': 2, 'steps': [{ 'mark': 1 }, { 'repeat': 2, 'steps': [{ 'mark': 2 }] }] }",
     {1, 2, 2, 1, 2, 2}},
    {"{ 'repeat': '$y', 'steps': [{ 'add': { 'y': 1 } }, { 'mark': '$y' }] }", {6, 7, 8, 9, 10}},
    {"{ 'while': '$x', 'max': 2, 'steps': [{ 'add': { 'x': 1 } }, { 'mark': '$x' }] }", {1, 2, 3}},
    {"{ 'while': '$x', 'not': 0, 'steps': [{ 'mark': 1 }] }, { 'mark': 2 }", {2}},
    {"{ 'if': '$y', 'is': 5, 'steps': [{ 'mark': 1 }], 'else': [{ 'mark': 2 }] }, { 'mark': 3 }",
     {1, 3}},
    {"{ 'if': '$y', 'not': 5, 'steps': [{ 'mark': 1 }], 'else': [{ 'mark': 2 }] }, { 'mark': 3 }",
     {2, 3}},
    {"{ 'if': '$y', 'min': 6, 'steps': [{ 'mark': 1 }] }, { 'mark': 3 }", {3}},
    {"{ 'if': '$y', 'min': 5, 'max': 5, 'steps': [{ 'mark': 1 }] }, { 'mark': 3 }", {1, 3}},
    {"{ 'set': { 'x': '$y', 'y': 1 } }, { 'mark': '$x' }, { 'mark': '$y' }", {5, 1}},
    {"{ 'add': { 'y': -4 } }, { 'mark': '$y' }", {1}},
    {"{ 'repeat': 2, 'steps': [{ 'if': '$x', 'is': 0, 'steps': [{ 'set': { 'x': 9 } }, "
     "{ 'mark': 1 }], 'else': [{ 'mark': '$x' }] }] }",
     {1, 9}},
};

START_TEST(steps_run_in_their_order)
{
    begin(flows[_i].steps, "");

    for (size_t n = 0; n < COUNT_OF(flows[0].marks) && flows[_i].marks[n]; n++)
        next_mark(flows[_i].marks[n]);

    next(OP_SYSCALL); /* the yield behind the last step */
}
END_TEST

START_TEST(endless_loop_is_not_free_of_time)
{
    begin("{ 'forever': [{ 'add': { 'x': 1 } }] }", "");

    next(OP_COMPUTE);
    ck_assert_uint_gt(op.cycles, 0);
    next(OP_COMPUTE);
}
END_TEST

START_TEST(forever_goes_on)
{
    begin("{ 'forever': [{ 'mark': 1 }, { 'mark': 2 }] }", "");

    for (int i = 0; i < 100; i++) {
        next_mark(1);
        next_mark(2);
    }
}
END_TEST

/* --- results --------------------------------------------------------------------------------- */

START_TEST(results_go_into_variables)
{
    begin(
        "{ 'command': { 'driver': 0, 'number': 2 }, 'into': [null, 'x'] },"
        "{ 'mark': '$x', 'value': '$r1' }, { 'load': 'app.ram', 'into': 'y' },"
        "{ 'mark': '$y', 'value': '$loaded' },"
        "{ 'yield': { 'wait_for': { 'driver': 0, 'number': 0 } }, 'into': 'x' }, { 'mark': '$x' }",
        "");

    next(OP_SYSCALL);
    answer(RETURN_SUCCESS_2U32, 11, 12, 0);
    next_mark(12);
    ck_assert_uint_eq(op.value, 11);
    next(OP_LOAD);
    app->result.value = 13;
    next_mark(13);
    ck_assert_uint_eq(op.value, 13);
    next(OP_SYSCALL);
    answer(21, 22, 23, 0);
    next_mark(21);
    ck_assert_uint_eq(app_steps_variable(app, 0), 21);
    ck_assert_str_eq(app_steps_variable_name(app, 0), "x");
}
END_TEST

static const struct {
    const char *expect;
    uint32_t r[4];
    bool passes;
} returns[] = {
    {"'success'", {RETURN_SUCCESS}, true},
    {"'success'", {RETURN_SUCCESS_U32_U64, 1, 2, 3}, true},
    {"'success'", {RETURN_FAILURE, ERR_BUSY}, false},
    {"'success'", {RETURN_SUCCESS_U32_U64 + 1}, false},
    {"'success'", {RETURN_FAILURE_U64 + 1}, false},
    {"{ 'success': [] }", {RETURN_SUCCESS}, true},
    {"{ 'success': [] }", {RETURN_SUCCESS_U32, 1}, false},
    {"{ 'success': [7] }", {RETURN_SUCCESS_U32, 7}, true},
    {"{ 'success': [7] }", {RETURN_SUCCESS_U32, 8}, false},
    {"{ 'success': [7] }", {RETURN_SUCCESS_2U32, 7, 0}, false},
    {"{ 'success': [null, '$y'] }", {RETURN_SUCCESS_2U32, 9, 5}, true},
    {"{ 'success': [null, '$y'] }", {RETURN_SUCCESS_2U32, 9, 6}, false},
    {"{ 'success': [1, 2] }", {RETURN_SUCCESS_U64, 1, 2}, true},
    {"{ 'success': [1, 2, 3] }", {RETURN_SUCCESS_3U32, 1, 2, 3}, true},
    {"{ 'success': [1, 2, 3] }", {RETURN_SUCCESS_3U32, 1, 2, 4}, false},
    {"'failure'", {RETURN_FAILURE, ERR_SIZE}, true},
    {"'failure'", {RETURN_FAILURE_2U32, ERR_SIZE, 1, 2}, true},
    {"'failure'", {RETURN_SUCCESS}, false},
    {"'BUSY'", {RETURN_FAILURE, ERR_BUSY}, true},
    {"'BUSY'", {RETURN_FAILURE_U32, ERR_BUSY, 1}, true},
    {"'BUSY'", {RETURN_FAILURE, ERR_SIZE}, false},
    {"'BUSY'", {RETURN_SUCCESS_U32, ERR_BUSY}, false},
    {"{ 'failure': 'INVAL', 'values': [1, 2] }", {RETURN_FAILURE_2U32, ERR_INVAL, 1, 2}, true},
    {"{ 'failure': 'INVAL', 'values': [1, 2] }", {RETURN_FAILURE_2U32, ERR_INVAL, 1, 3}, false},
    {"{ 'failure': 'INVAL' }", {RETURN_FAILURE_2U32, ERR_INVAL, 8, 9}, true},
};

START_TEST(return_is_judged)
{
    char step[256];
    (void)snprintf(step, sizeof step, "{ 'command': { 'driver': 0, 'number': 0 }, 'expect': %s }",
                   returns[_i].expect);
    begin(step, "");
    ck_assert_int_eq(app_steps_unreached(app), 0);

    next(OP_SYSCALL);
    memcpy(app->result.regs.r, returns[_i].r, sizeof returns[_i].r);
    next(OP_SYSCALL);

    ck_assert_msg(app->checks_passed == returns[_i].passes, "%s", returns[_i].expect);
    ck_assert_msg(app->checks_failed == !returns[_i].passes, "%s", returns[_i].expect);
    ck_assert_int_eq(app_steps_unreached(app), -1);
}
END_TEST

static const struct {
    const char *expect;
    uint32_t value;
    bool passes;
} values[] = {
    {"5", 5, true},
    {"5", 6, false},
    {"-1", UINT32_MAX, true},
    {"'$y'", 5, true},
    {"'TIMER1'", 0x40009000, true},
    {"'ok'", 99, true},
    {"'fault'", 99, false},
    {"{ 'min': 3 }", 3, true},
    {"{ 'min': 3 }", 2, false},
    {"{ 'max': 3 }", 3, true},
    {"{ 'max': 3 }", 4, false},
    {"{ 'min': 3, 'max': 4 }", 5, false},
};

START_TEST(loaded_value_is_judged)
{
    char step[256];
    (void)snprintf(step, sizeof step, "{ 'load': 'app.ram', 'expect': %s }", values[_i].expect);
    begin(step, "");

    next(OP_LOAD);
    app->result.value = values[_i].value;
    next(OP_SYSCALL);

    ck_assert_msg(app->checks_passed == values[_i].passes, "%s", values[_i].expect);
    ck_assert_msg(app->checks_failed == !values[_i].passes, "%s", values[_i].expect);
}
END_TEST

static const struct {
    const char *step;
    bool passes;
} assertions[] = {
    {"{ 'assert': '$y', 'is': 5 }", true},          {"{ 'assert': '$y', 'is': 6 }", false},
    {"{ 'assert': '$y', 'not': 6 }", true},         {"{ 'assert': '$y', 'not': 5 }", false},
    {"{ 'assert': '$y', 'min': 5 }", true},         {"{ 'assert': '$y', 'max': 4 }", false},
    {"{ 'assert': '$x', 'is': 'app.ram' }", false}, {"{ 'assert': 'app.ram', 'min': 1 }", true},
};

START_TEST(assertion_is_judged)
{
    begin(assertions[_i].step, "");

    next(OP_SYSCALL);

    ck_assert_msg(app->checks_passed == assertions[_i].passes, "%s", assertions[_i].step);
    ck_assert_msg(app->checks_failed == !assertions[_i].passes, "%s", assertions[_i].step);
}
END_TEST

START_TEST(expected_fault_is_announced_and_the_next_operation_is_free_of_it)
{
    begin("{ 'mark': 1 }, { 'store': 0, 'value': 1, 'expect': 'fault' }, { 'load': 'app.ram' }",
          "");

    next_mark(1);
    ck_assert(!app->expects_fault);
    next(OP_STORE);
    ck_assert(app->expects_fault);
    ck_assert_uint_eq(app->fault_check, 1);
    ck_assert_int_eq(app_steps_unreached(app), -1);
    next(OP_LOAD); /* it came through */
    ck_assert(!app->expects_fault);
    ck_assert_uint_eq(app->checks_failed, 1);
    ck_assert_uint_eq(app->failed_check, 1);
}
END_TEST

START_TEST(break_follows_memops_that_succeed)
{
    begin(
        "{ 'memop': { 'operation': 'sbrk', 'argument': 64 } }, { 'mark': 'app.break' },"
        "{ 'memop': { 'operation': 'brk', 'argument': 'app.ram+0x100' } }, { 'mark': 'app.break' },"
        "{ 'memop': { 'operation': 'brk', 'argument': 0 } }, { 'mark': 'app.break' },"
        "{ 'memop': { 'operation': 'ram_start' } }, { 'mark': 'app.break' }",
        "");
    const uint32_t variants[] = {RETURN_SUCCESS_U32, RETURN_SUCCESS, RETURN_FAILURE,
                                 RETURN_SUCCESS_U32};
    const uint32_t breaks[] = {BREAK + 64, RAM + 0x100, RAM + 0x100, RAM + 0x100};

    for (size_t i = 0; i < COUNT_OF(variants); i++) {
        next(OP_SYSCALL);
        answer(variants[i], ERR_NOMEM, 0, 0);
        next_mark(breaks[i]);
    }
}
END_TEST

/* --- upcalls --------------------------------------------------------------------------------- */

static void upcall(uint32_t n, uint32_t argument)
{
    const uint32_t r[4] = {argument, 2, 3, 4};
    app_steps_engine.upcall(app, 0x30000 + APP_FUNCTION(n), r);
}

START_TEST(handler_runs_inside_the_yield)
{
    begin("{ 'yield': 'wait' }, { 'mark': 9 }",
          "'first': [], 'second': [{ 'mark': '$arg0', 'value': '$arg3' }, { 'mark': 2 }]");

    next(OP_SYSCALL);
    upcall(1, 7);
    next_mark(7);
    ck_assert_uint_eq(op.value, 4);
    next_mark(2);
    next_mark(9);
}
END_TEST

START_TEST(handler_may_yield_and_loops_are_its_own)
{
    begin("{ 'repeat': 2, 'steps': [{ 'yield': 'wait' }, { 'mark': 1 }] }",
          "'u': [{ 'repeat': 2, 'steps': [{ 'mark': '$arg0' }, { 'yield': 'no-wait' }] }]");

    next(OP_SYSCALL);
    upcall(0, 10);
    next_mark(10);
    next(OP_SYSCALL);
    upcall(0, 20); /* inside the first one's yield */
    next_mark(20);
    next(OP_SYSCALL);
    next_mark(20);
    next(OP_SYSCALL);
    next_mark(10); /* the second round of the first one */
    next(OP_SYSCALL);
    next_mark(1);
    next(OP_SYSCALL);
    next_mark(1);
}
END_TEST

START_TEST(upcall_gives_a_yield_for_no_result)
{
    begin("{ 'yield': { 'wait_for': { 'driver': 0, 'number': 0 } }, 'expect': { 'values': [1] } },"
          "{ 'mark': 1 }",
          "'u': []");

    next(OP_SYSCALL);
    upcall(0, 0);
    next_mark(1);

    ck_assert_uint_eq(app->checks_failed, 0);
    ck_assert_int_eq(app_steps_unreached(app), 0);
}
END_TEST

START_TEST(handlers_too_deep_overflow_the_stack)
{
    begin("{ 'yield': 'wait' }", "'u': [{ 'yield': 'wait' }]");

    for (int i = 1; i < STEPS_FRAME_MAX; i++) {
        next(OP_SYSCALL);
        upcall(0, 0);
    }
    next(OP_SYSCALL);
    upcall(0, 0);

    next(OP_STORE);
    ck_assert_uint_eq(op.address, app->ram_base - 4);
}
END_TEST

START_TEST(upcall_into_no_handler_is_a_fault)
{
    const uint32_t r[4] = {0};
    begin("{ 'yield': 'wait' }", "'u': []");

    next(OP_SYSCALL);
    app_steps_engine.upcall(app, 0x30000 + APP_FUNCTION(0) + 4, r);

    next(OP_STORE);
    ck_assert_uint_eq(op.address, app->ram_base - 4);
}
END_TEST

/* --- lives, reports, snapshots --------------------------------------------------------------- */

START_TEST(new_life_begins_anew_but_keeps_what_was_tried)
{
    begin("{ 'assert': '$x', 'is': 0 }, { 'add': { 'x': 1 } }, { 'mark': '$x' },"
          "{ 'load': 0, 'expect': 'ok' }",
          "");

    next_mark(1);
    ck_assert_int_eq(app_steps_unreached(app), 3);
    start();
    ck_assert_int_eq(app_steps_unreached(app), 3);
    next_mark(1);
    ck_assert_uint_eq(app->checks_passed, 2);
}
END_TEST

START_TEST(each_step_is_played_once_over_handlers_and_lives)
{
    const uint32_t r[4] = {7, 2, 3, 4};
    begin_with("{ 'yield': 'wait' }, { 'add': { 'x': 1 } }, { 'mark': '$x' }, { 'repeat': 2, "
               "'steps': [{ 'mark': 8 }] }, { 'add': { 'x': 3 } }, { 'mark': '$x' }",
               "'once': true", "", "");

    next(OP_SYSCALL);
    app_steps_engine.upcall(app, 0x12345, r); /* whatever its address */
    next_mark(1);
    next_mark(8);
    start();
    next_mark(8); /* the second round of its loop */
    next_mark(3); /* variables begin anew */
    start();
    next(OP_SYSCALL);
    ck_assert_uint_eq(op.call.class, SYSCALL_YIELD);
    ck_assert_uint_eq(op.call.args[0], YIELD_WAIT);
}
END_TEST

START_TEST(app_that_plays_each_step_once_subscribes_an_address)
{
    begin_with("{ 'subscribe': { 'driver': 1, 'number': 2, 'upcall': 'app.flash+0x110' } },"
               "{ 'subscribe': { 'driver': 1, 'number': 2, 'upcall': null } }",
               "'once': true", "", "");

    next(OP_SYSCALL);
    ck_assert_uint_eq(op.call.args[2], 0x30110);
    next(OP_SYSCALL);
    ck_assert_uint_eq(op.call.args[2], 0);
}
END_TEST

START_TEST(fault_that_nobody_expects_leaves_its_step_untried)
{
    begin("{ 'load': 'app.ram', 'expect': 0 }, { 'store': 0, 'value': 0, 'expect': 'ok' }", "");

    next(OP_LOAD);
    app->result.value = 0;
    next(OP_STORE);

    ck_assert_int_eq(app_steps_unreached(app), 1);
}
END_TEST

START_TEST(steps_have_paths)
{
    char path[64];
    begin("{ 'repeat': 1, 'steps': [{ 'mark': 1 }] }, { 'mark': 2 }", "'u': [{ 'mark': 3 }]");
    const char *const paths[] = {"/apps/0/steps/0", "/apps/0/steps/0/steps/0", "/apps/0/steps/1",
                                 "/apps/0/upcalls/u/0"};

    for (uint32_t i = 0; i < COUNT_OF(paths); i++) {
        app_steps_path(program(), i, path, sizeof path);
        ck_assert_str_eq(path, paths[i]);
    }
    ck_assert_uint_eq(program()->step_count, COUNT_OF(paths));
    ck_assert_str_eq(app_steps_handler_name(program(), 0x30000 + APP_FUNCTION(0)), "u");
    ck_assert_ptr_null(app_steps_handler_name(program(), 0x30000 + APP_FUNCTION(1)));
}
END_TEST

static const struct {
    const char *step;
    uint32_t r[4]; /* r[0] for a load */
    const char *text;
} failures[] = {
    {"{ 'command': { 'driver': 0, 'number': 0 }, 'expect': 'success' }",
     {RETURN_FAILURE, ERR_BUSY},
     "wanted success, got BUSY"},
    {"{ 'command': { 'driver': 0, 'number': 0 }, 'expect': 'NOMEM' }",
     {RETURN_SUCCESS},
     "wanted NOMEM, got success"},
    {"{ 'command': { 'driver': 0, 'number': 0 }, 'expect': { 'success': [7] } }",
     {RETURN_SUCCESS_U32, 8},
     "wanted success (0x7), got success (0x8)"},
    {"{ 'command': { 'driver': 0, 'number': 0 }, 'expect': { 'success': [null, 7] } }",
     {RETURN_SUCCESS_2U32, 5, 8},
     "wanted success (0x5 and one more value), got success (0x5 and one more value) with other "
     "values"},
    {"{ 'command': { 'driver': 0, 'number': 0 }, 'expect': { 'success': [7] } }",
     {RETURN_SUCCESS},
     "wanted success (0x7), got success"},
    {"{ 'command': { 'driver': 0, 'number': 0 }, 'expect': { 'failure': 'SIZE', 'values': [1] } }",
     {RETURN_FAILURE_U32, ERR_SIZE, 2},
     "wanted SIZE, got SIZE with other values"},
    {"{ 'yield': { 'wait_for': { 'driver': 0, 'number': 0 } }, 'expect': { 'values': [0, 4, 0] } }",
     {7, 4, 0},
     "wanted values 0x0, 0x4, got 0x7, 0x4"},
    {"{ 'yield': { 'wait_for': { 'driver': 0, 'number': 0 } }, 'expect': { 'values': [null, 4] } }",
     {7, 5, 0},
     "wanted values 0x7, 0x4, got 0x7, 0x5"},
    {"{ 'yield': { 'wait_for': { 'driver': 0, 'number': 0 } }, 'expect': { 'values': [0, 4, 0] } }",
     {0, 4, 1},
     "got another third value than wanted"},
    {"{ 'load': 'app.ram', 'expect': 5 }", {6}, "wanted 0x5, got 0x6"},
    {"{ 'load': 'app.ram', 'expect': { 'min': 5 } }", {4}, "got 0x4, outside of its bounds"},
    {"{ 'load': 'app.ram', 'expect': 'fault' }", {4}, "wanted a fault, got access"},
};

START_TEST(failure_is_said_in_words)
{
    char text[128];
    begin(failures[_i].step, "");

    app_steps_failure(app, text, sizeof text);
    ck_assert_str_eq(text, "");
    app_steps_engine.next(app, &op);
    memcpy(app->result.regs.r, failures[_i].r, sizeof failures[_i].r);
    app->result.value = failures[_i].r[0];
    next(OP_SYSCALL);
    app_steps_failure(app, text, sizeof text);

    ck_assert_str_eq(text, failures[_i].text);
}
END_TEST

START_TEST(copy_goes_on_alike)
{
    begin(
        "{ 'repeat': 3, 'steps': [{ 'add': { 'x': 2 } }, { 'mark': '$x' }, { 'yield': 'wait' }] }",
        "'u': [{ 'mark': '$arg0' }]");
    next_mark(2);
    next(OP_SYSCALL);
    upcall(0, 50);
    size_t size = sizeof *app + app_steps_engine.state_size;
    struct app *copy = malloc(size);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, app, size);

    for (int i = 0; i < 6; i++) {
        struct app_op first = {0}, second = {0};
        app_steps_engine.next(app, &first);
        app_steps_engine.next(copy, &second);
        ck_assert_mem_eq(&first, &second, sizeof first);
    }

    ck_assert_mem_eq(app, copy, size);
    free(copy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("app_steps");
    TCase *t = tcase_create("app_steps");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, step_makes_its_system_call, 0, (int)COUNT_OF(calls));
    tcase_add_test(t, accesses_have_address_size_and_value);
    tcase_add_test(t, another_apps_memory_is_asked_for_first);
    tcase_add_test(t, work_takes_cycles);
    tcase_add_test(t, app_that_is_done_waits_for_upcalls);
    tcase_add_loop_test(t, steps_run_in_their_order, 0, (int)COUNT_OF(flows));
    tcase_add_test(t, endless_loop_is_not_free_of_time);
    tcase_add_test(t, forever_goes_on);
    tcase_add_test(t, results_go_into_variables);
    tcase_add_loop_test(t, return_is_judged, 0, (int)COUNT_OF(returns));
    tcase_add_loop_test(t, loaded_value_is_judged, 0, (int)COUNT_OF(values));
    tcase_add_loop_test(t, assertion_is_judged, 0, (int)COUNT_OF(assertions));
    tcase_add_test(t, expected_fault_is_announced_and_the_next_operation_is_free_of_it);
    tcase_add_test(t, break_follows_memops_that_succeed);
    tcase_add_test(t, handler_runs_inside_the_yield);
    tcase_add_test(t, handler_may_yield_and_loops_are_its_own);
    tcase_add_test(t, upcall_gives_a_yield_for_no_result);
    tcase_add_test(t, handlers_too_deep_overflow_the_stack);
    tcase_add_test(t, upcall_into_no_handler_is_a_fault);
    tcase_add_test(t, new_life_begins_anew_but_keeps_what_was_tried);
    tcase_add_test(t, each_step_is_played_once_over_handlers_and_lives);
    tcase_add_test(t, app_that_plays_each_step_once_subscribes_an_address);
    tcase_add_test(t, fault_that_nobody_expects_leaves_its_step_untried);
    tcase_add_test(t, steps_have_paths);
    tcase_add_loop_test(t, failure_is_said_in_words, 0, (int)COUNT_OF(failures));
    tcase_add_test(t, copy_goes_on_alike);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
