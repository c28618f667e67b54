/* ticker.c: borrows a timer and counts its interrupts: the shape of every program that is lent a
 * device. Ask, subscribe, set up by MMIO, then yield; each upcall clears the event and enables the
 * interrupt again.
 *
 * An expectation fails if the kernel refuses what the board's filter should allow, or if the upcall
 * brings another status than the compare event.
 */
#include "sim/apps/catalogue.h"
#include <string.h>

/* Registers of an nRF52 TIMER (nRF52840 Product Specification, TIMER). */
enum {
    TASKS_START = 0x000,
    EVENTS_COMPARE0 = 0x140,
    SHORTS = 0x200,
    INTENSET = 0x304,
    CC0 = 0x540,
    COMPARE0 = 1 << 16,
    COMPARE0_CLEAR = 1,
    WINDOW = 0x1000,
    PASSTHROUGH = 0x10001,
    ALLOCATE = 2,
};

struct ticker_program {
    uint32_t timer;     /* base address */
    uint32_t period_us; /* the timer counts at its reset rate of 1 MHz */
};

struct ticker {
    uint32_t set_up;  /* steps of the set-up done */
    uint32_t handled; /* steps of the handler done */
    uint32_t ticks;
    bool in_handler;
};

static bool ticker_parameter(void *program, const char *name, int64_t value)
{
    struct ticker_program *ticker = program;
    uint32_t *field = strcmp(name, "timer") == 0       ? &ticker->timer
                      : strcmp(name, "period_us") == 0 ? &ticker->period_us
                                                       : NULL;
    if (!field || value < 0 || value > UINT32_MAX)
        return false;
    *field = (uint32_t)value;
    return true;
}

static void ticker_start(struct app *app, const uint32_t r[4])
{
    struct ticker *ticker = app_state(app);
    (void)r;
    *ticker = (struct ticker){0};
}

static void ticker_upcall(struct app *app, uint32_t function, const uint32_t r[4])
{
    struct ticker *ticker = app_state(app);
    (void)function;
    app_check(app, 1, r[0] == COMPARE0, r[0], COMPARE0);
    ticker->ticks++;
    ticker->in_handler = true;
    ticker->handled = 0;
}

static struct app_op call(uint32_t class, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return (struct app_op){.kind = OP_SYSCALL, .call = {class, {a, b, c, d}}};
}

static struct app_op set_up(struct app *app, struct ticker *ticker)
{
    const struct ticker_program *program = app->program;
    switch (ticker->set_up++) {
    case 0:
        return call(SYSCALL_COMMAND, PASSTHROUGH, ALLOCATE, program->timer, WINDOW);
    case 1:
        app_check(app, 0, app->result.regs.r[0] == RETURN_SUCCESS, app->result.regs.r[1], 0);
        return call(SYSCALL_SUBSCRIBE, PASSTHROUGH, 0, app->flash_base + APP_FUNCTION(0), 0);
    case 2:
        return app_store(program->timer + CC0, program->period_us);
    case 3:
        return app_store(program->timer + SHORTS, COMPARE0_CLEAR);
    case 4:
        return app_store(program->timer + INTENSET, COMPARE0);
    case 5:
        return app_store(program->timer + TASKS_START, 1);
    default:
        ticker->set_up = 6;
        return call(SYSCALL_YIELD, YIELD_WAIT, 0, 0, 0);
    }
}

/* After the last store the handler returns, and the program is back at its yield. */
static struct app_op handle(struct app *app, struct ticker *ticker)
{
    const struct ticker_program *program = app->program;
    switch (ticker->handled++) {
    case 0:
        return app_store(program->timer + EVENTS_COMPARE0, 0);
    case 1:
        return app_store(program->timer + INTENSET, COMPARE0);
    default:
        ticker->in_handler = false;
        return (struct app_op){.kind = OP_MARK, .address = 1, .value = ticker->ticks};
    }
}

static void ticker_next(struct app *app, struct app_op *op)
{
    struct ticker *ticker = app_state(app);
    *op = ticker->in_handler ? handle(app, ticker) : set_up(app, ticker);
}

const struct app_engine ticker_engine = {
    .name = "ticker",
    .about = "borrows a timer and counts its interrupts; parameters timer, period_us",
    .state_size = sizeof(struct ticker),
    .start = ticker_start,
    .upcall = ticker_upcall,
    .next = ticker_next,
    .parameter = ticker_parameter,
    .program_size = sizeof(struct ticker_program),
};
