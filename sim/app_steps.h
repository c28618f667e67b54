/* app_steps.h: the app engine that runs a scenario's step lists.
 *
 *   "steps", "upcalls" --app_steps_compile.c--> struct steps_program (const, in the arena)
 *   machine --start, upcall, next--> one instruction after another, until one is an operation
 *
 * A program is one array of instructions; blocks of steps have become jumps. The state is a value:
 * variables, the last results, and a stack of frames, one for the main list and one more for each
 * upcall handler that runs. A handler begins where the yield of the frame below stands and goes
 * back there when its steps are done. When the main list is done the app waits for upcalls for
 * ever, as libtock-c's start-up code does when main returns; "forever" with "compute_us" makes a
 * busy app.
 *
 * With "once" an app is a record of what one did: each step is played once. Its handlers are what
 * comes next, whatever their addresses; a new life goes on behind the step at which the last one
 * ended, with the first values of its variables; and a fault is judged only where a step speaks of
 * one.
 *
 * Jumps, "set" and the like cost nothing; after STEPS_IDLE_MAX of them in a row the CPU is charged
 * as many cycles, so that no loop is free of time.
 */
#ifndef SIM_APP_STEPS_H
#define SIM_APP_STEPS_H

#include "sim/app.h"
#include "sim/load.h"

enum {
    STEPS_VARIABLE_MAX = 32, /* of one app */
    STEPS_HANDLER_MAX = 32,  /* upcall handlers of one app */
    STEPS_LOOP_MAX = 8,      /* "repeat" inside "repeat" */
    STEPS_FRAME_MAX = 16,    /* handlers that yield inside handlers; deeper: the stack overflows */
    STEPS_EXPECT_MAX = 512,  /* steps of one app that expect something */
    STEPS_IDLE_MAX = 64,
};

enum instruction_kind {
    I_SYSCALL, /* number = class, operands = r0..r3, into = r0..r3 */
    I_LOAD,    /* operands[0] address, number = size */
    I_STORE,   /* operands[1] value */
    I_EXECUTE,
    I_COMPUTE, /* cycles, or operands[0] if it is no constant */
    I_SET,     /* variable `number` = operands[0] */
    I_ADD,
    I_REPEAT, /* loop slot `number`: operands[0] rounds; none: to `jump` */
    I_AGAIN,  /* loop slot `number`: one round less; some left: to `jump` */
    I_JUMP,   /* to `jump` */
    I_UNLESS, /* condition does not hold: to `jump` */
    I_ASSERT, /* expectation about operands[0] */
    I_MARK,   /* operands[0] number, operands[1] value */
    I_CRASH,
    I_END, /* of a handler, or of the main list */
};

enum expect_kind {
    EXPECT_NOTHING,
    EXPECT_OK,      /* a load, store or execute that does not fault */
    EXPECT_FAULT,   /* one that does */
    EXPECT_RANGE,   /* the loaded or asserted value is in [operands[0], operands[1]] */
    EXPECT_NOT,     /* it is not operands[0] */
    EXPECT_SUCCESS, /* a system call's success, with `count` values unless STEPS_ANY_COUNT */
    EXPECT_FAILURE, /* its failure, with error `err` unless 0 */
    EXPECT_VALUES,  /* r0.. of a yield-wait-for, without a variant */
};

enum { STEPS_ANY_COUNT = 0xff };

struct expectation {
    uint8_t kind;  /* enum expect_kind */
    uint8_t err;   /* enum err */
    uint8_t count; /* of operands that stand for values; bit i of `skip`: any value will do */
    uint8_t skip;
    struct operand operands[3];
};

struct instruction {
    uint8_t kind;    /* enum instruction_kind */
    uint8_t into[4]; /* 1 + variable for each result; 0: none */
    bool secret;     /* I_STORE: "secret" */
    uint32_t number;
    uint32_t jump;
    uint32_t step; /* the step it comes from */
    struct operand operands[4];
    struct expectation expect;
    uint64_t cycles; /* last: so no byte is lost to its alignment */
};

/* A step's JSON pointer: that of its list, and its place there. */
struct step_path {
    const char *list;
    uint32_t index;
};

struct steps_program {
    bool once; /* each step is played once, over all handlers and lives */
    const struct instruction *instructions;
    uint32_t count;
    uint32_t flash_base;
    uint32_t handler_count;
    const uint32_t *handlers;         /* where each begins */
    const char *const *handler_names; /* function n is at flash_base + APP_FUNCTION(n) */
    uint32_t variable_count;
    const char *const *variable_names;
    const uint32_t *variables; /* what they begin with, in each life */
    uint32_t step_count;
    const struct step_path *paths; /* of each step */
    uint32_t expectation_count;
    const uint32_t *expecting; /* steps that expect something, in order */
};

extern const struct app_engine app_steps_engine;

/* The first step that expects something which never came, or -1: all came. Where a fault or the
 * run's end comes before the step's result, it has come only if a fault is what it expects. */
int32_t app_steps_unreached(const struct app *app);
/* "/apps/0/steps/3" of step `number` (failed_check, or what app_steps_unreached says). */
void app_steps_path(const struct steps_program *program, uint32_t number, char *text, size_t size);
/* What the first failed expectation wanted and what came, for people: "wanted success, got BUSY".
 * Empty if none failed. */
void app_steps_failure(const struct app *app, char *text, size_t size);
/* The value now of variable `number` (struct check of kind CHECK_VARIABLE). */
uint32_t app_steps_variable(const struct app *app, uint32_t number);
const char *app_steps_variable_name(const struct app *app, uint32_t number);
/* The handler at this address, or NULL: for reports. */
const char *app_steps_handler_name(const struct steps_program *program, uint32_t address);

#endif
