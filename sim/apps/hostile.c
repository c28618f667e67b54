/* hostile.c: does anything: every system call class with every kind of argument, loads and stores
 * on the edges of what it may and may not touch, devices asked for, given back and driven at
 * random.
 *
 * After `operations` of them it spins. It goes on where it was when it is restarted. What it draws
 * comes from the scenario's seed. An app that waits for ever or has left attacks nobody: so before
 * it waits it sets an alarm, and it never exits for good.
 */
#include "sim/apps/catalogue.h"
#include <string.h>

/* Where an nRF52 board has things (nRF52840 Product Specification, memory map). */
enum {
    TIMER0 = 0x40008000,
    TIMER1 = 0x40009000,
    EGU0 = 0x40014000,
    RTC1 = 0x40011000,
    WINDOW = 0x1000,
    PASSTHROUGH = 0x10001,
    OPERATIONS_DEFAULT = 1000,
};

struct hostile_program {
    uint32_t operations; /* 0: OPERATIONS_DEFAULT */
};

struct hostile {
    uint32_t done;
    uint32_t to_wait; /* steps of the set-up of a wait that are left */
    uint32_t waits;   /* for an upcall: 1, for the alarm's event: 2 */
};

enum { WAIT_STEPS = 3, ALARM = 0, SET_RELATIVE = 5 };

static bool hostile_parameter(void *program, const char *name, int64_t value)
{
    struct hostile_program *hostile = program;
    if (strcmp(name, "operations") != 0 || value < 1 || value > UINT32_MAX)
        return false;
    hostile->operations = (uint32_t)value;
    return true;
}

static void hostile_start(struct app *app, const uint32_t r[4])
{
    struct hostile *hostile = app_state(app);
    hostile->to_wait = 0;
    (void)r;
}

static void hostile_upcall(struct app *app, uint32_t function, const uint32_t r[4])
{
    (void)app;
    (void)function;
    (void)r;
}

static uint32_t draw(struct app *app, uint32_t bound)
{
    return (uint32_t)random_below(&app->random, bound);
}

/* A number that sits on the edge of something, or any. */
static uint32_t number(struct app *app)
{
    const uint32_t edges[] = {0,
                              1,
                              2,
                              3,
                              8,
                              10,
                              WINDOW,
                              2 * WINDOW,
                              UINT32_MAX,
                              0x80000000,
                              PASSTHROUGH,
                              app->ram_base,
                              app->ram_base + app->ram_size,
                              app->ram_base + app->ram_size / 2,
                              app->flash_base,
                              app->flash_base + APP_FUNCTION(0),
                              TIMER0,
                              TIMER1,
                              EGU0,
                              RTC1,
                              0x20000000,  /* kernel RAM */
                              0xe000e100,  /* NVIC_ISER0 */
                              0xe000ed94}; /* MPU_CTRL */
    enum { EDGES = sizeof edges / sizeof edges[0] };
    uint32_t pick = draw(app, EDGES + 4);
    if (pick >= EDGES)
        return (uint32_t)random_next(&app->random);
    return edges[pick] + (draw(app, 4) == 0 ? draw(app, 65) - 32 : 0);
}

static uint32_t device(struct app *app)
{
    static const uint32_t windows[] = {TIMER0, TIMER1, EGU0};
    return windows[draw(app, 3)];
}

static struct syscall passthrough_call(struct app *app)
{
    uint32_t command = 1 + draw(app, 3); /* one draw a statement: C leaves their order open else */
    uint32_t window = device(app);
    return (struct syscall){SYSCALL_COMMAND, {PASSTHROUGH, command, window, WINDOW}};
}

static struct syscall any_call(struct app *app)
{
    static const uint32_t drivers[] = {0, 1, 4, PASSTHROUGH};
    struct syscall call = {.class = draw(app, SYSCALL_CLASSES + 2)};
    for (int i = 0; i < 4; i++)
        call.args[i] = number(app);
    if (draw(app, 8) != 0)
        call.args[0] = drivers[draw(app, 4)];
    if (draw(app, 4) != 0)
        call.args[1] = draw(app, 8);
    if (call.class == SYSCALL_YIELD || call.class == SYSCALL_EXIT)
        call.args[0] = draw(app, 4);
    if (call.class == SYSCALL_EXIT && draw(app, 4) != 0)
        call.class = SYSCALL_YIELD; /* else it would hardly live */
    if (call.class == SYSCALL_EXIT && call.args[0] == 0)
        call.args[0] = 1; /* restart */
    return call;
}

static bool waits(const struct syscall *call)
{
    return call->class == SYSCALL_YIELD && (call->args[0] == 1 || call->args[0] == 2);
}

/* The next step to a wait that ends. Without room for the alarm's grant there is no wait. */
static bool next_to_wait(struct app *app, struct hostile *hostile, struct syscall *call)
{
    uint32_t function = app->flash_base + APP_FUNCTION(0);
    if (hostile->to_wait < WAIT_STEPS && app->result.regs.r[0] < RETURN_SUCCESS)
        hostile->to_wait = 0;
    switch (hostile->to_wait) {
    case 3:
        *call = (struct syscall){SYSCALL_SUBSCRIBE, {ALARM, 0, function, 0}};
        break;
    case 2:
        *call = (struct syscall){SYSCALL_COMMAND, {ALARM, SET_RELATIVE, 1 + draw(app, 32), 0}};
        break;
    case 1:
        *call = (struct syscall){SYSCALL_YIELD, {hostile->waits, ALARM, 0, 0}};
        break;
    default:
        return false;
    }
    hostile->to_wait--;
    return true;
}

static uint32_t address(struct app *app)
{
    switch (draw(app, 3)) {
    case 0:
        return number(app);
    case 1:
        return app->ram_base + draw(app, app->ram_size / 2 + 4);
    default:
        break;
    }
    uint32_t window = device(app);
    return window + draw(app, 0x150) * 4;
}

static void hostile_next(struct app *app, struct app_op *op)
{
    const struct hostile_program *program = app->program;
    struct hostile *hostile = app_state(app);
    uint32_t operations = program->operations ? program->operations : OPERATIONS_DEFAULT;
    *op = (struct app_op){.kind = OP_SYSCALL};
    if (hostile->to_wait && next_to_wait(app, hostile, &op->call))
        return;
    if (hostile->done == operations) {
        op->kind = OP_SPIN;
        return;
    }
    hostile->done++;
    switch (draw(app, 9)) {
    case 0:
        *op = (struct app_op){.kind = OP_LOAD, .address = address(app)};
        break;
    case 1:
    case 2:
        *op = (struct app_op){.kind = OP_STORE, .address = address(app), .value = draw(app, 3)};
        break;
    case 3:
        *op = (struct app_op){.kind = OP_COMPUTE, .cycles = draw(app, 100000)};
        break;
    case 4:
    case 5:
        *op = (struct app_op){.kind = OP_SYSCALL, .call = passthrough_call(app)};
        break;
    default:
        *op = (struct app_op){.kind = OP_SYSCALL, .call = any_call(app)};
        if (waits(&op->call)) {
            hostile->waits = op->call.args[0];
            hostile->to_wait = WAIT_STEPS;
            (void)next_to_wait(app, hostile, &op->call);
        }
        break;
    }
    op->size = draw(app, 4) == 0 ? 1u << draw(app, 3) : 4;
}

const struct app_engine hostile_engine = {
    .name = "hostile",
    .about = "makes random calls and accesses; parameter operations",
    .state_size = sizeof(struct hostile),
    .start = hostile_start,
    .upcall = hostile_upcall,
    .next = hostile_next,
    .parameter = hostile_parameter,
    .program_size = sizeof(struct hostile_program),
};
