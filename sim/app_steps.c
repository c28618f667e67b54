/* app_steps.c: the engine. One call of next() runs instructions until one is an operation. */
#include "sim/app_steps.h"
#include "sim/trace.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct frame {
    uint32_t next; /* instruction */
    uint32_t args[4];
    uint32_t rounds[STEPS_LOOP_MAX];
};

struct steps_state {
    uint32_t depth;   /* frames in use; 0: never started */
    bool overflowed;  /* one handler too deep, or in no handler: the stack is gone */
    bool waits;       /* `pending`'s operation was handed out, its result has not been looked at */
    bool located;     /* `peer_base` is that of the instruction about to run */
    uint32_t pending; /* instruction */
    uint32_t peer_base;
    uint32_t app_break;
    uint32_t break_asked; /* what a memop under way will make of it */
    uint32_t registers[4];
    uint32_t loaded;
    uint32_t variables[STEPS_VARIABLE_MAX];
    struct frame frames[STEPS_FRAME_MAX];
    uint64_t tried[STEPS_EXPECT_MAX / 64]; /* bit i: expecting[i]; kept over restarts */
};

static struct steps_state *state_of(struct app *app)
{
    return app_state(app);
}

static const struct steps_state *state_seen(const struct app *app)
{
    return (const struct steps_state *)(app + 1);
}

static const struct steps_program *program_of(const struct app *app)
{
    return app->program;
}

static struct frame *top(struct steps_state *s)
{
    return &s->frames[s->depth - 1];
}

/* --- start and upcalls ----------------------------------------------------------------------- */

static void steps_start(struct app *app, const uint32_t r[4])
{
    struct steps_state *s = state_of(app);
    const struct steps_program *program = program_of(app);
    struct steps_state fresh = {.depth = 1, .app_break = r[3]};
    if (program->once)
        fresh.frames[0] = s->frames[0];
    memcpy(fresh.tried, s->tried, sizeof fresh.tried);
    memcpy(fresh.variables, program->variables,
           program->variable_count * sizeof fresh.variables[0]);
    *s = fresh;
}

static void steps_upcall(struct app *app, uint32_t function, const uint32_t r[4])
{
    struct steps_state *s = state_of(app);
    const struct steps_program *program = program_of(app);
    uint32_t n = (function - program->flash_base - APP_FUNCTION(0)) / 0x10;
    s->waits = false; /* the yield below it gives no result of its own */
    if (program->once)
        return;
    if (s->depth == STEPS_FRAME_MAX || n >= program->handler_count ||
        function != program->flash_base + APP_FUNCTION(n)) {
        s->overflowed = true;
        return;
    }
    struct frame *frame = &s->frames[s->depth++];
    *frame = (struct frame){.next = program->handlers[n]};
    memcpy(frame->args, r, sizeof frame->args);
}

/* --- values ---------------------------------------------------------------------------------- */

static uint32_t value_of(struct app *app, struct operand o)
{
    struct steps_state *s = state_of(app);
    switch ((enum operand_kind)o.kind) {
    case OPERAND_VARIABLE:
        return s->variables[o.index];
    case OPERAND_ARGUMENT:
        return top(s)->args[o.index];
    case OPERAND_RESULT:
        return s->registers[o.index];
    case OPERAND_LOADED:
        return s->loaded;
    case OPERAND_RAM:
        return app->ram_base + o.value;
    case OPERAND_BREAK:
        return s->app_break + o.value;
    case OPERAND_END:
        return app->ram_base + app->ram_size + o.value;
    case OPERAND_PEER:
        return s->peer_base + o.value;
    case OPERAND_CONST:
        break;
    }
    return o.value;
}

/* The app whose memory an instruction speaks of beside its own, or -1. */
static int peer_of(const struct instruction *i)
{
    for (size_t n = 0; n < COUNT_OF(i->operands); n++)
        if (i->operands[n].kind == OPERAND_PEER)
            return i->operands[n].index;
    for (size_t n = 0; n < COUNT_OF(i->expect.operands); n++)
        if (i->expect.operands[n].kind == OPERAND_PEER)
            return i->expect.operands[n].index;
    return -1;
}

static void variable_write(struct steps_state *s, uint8_t into, uint32_t value)
{
    if (into)
        s->variables[into - 1] = value;
}

/* --- expectations ---------------------------------------------------------------------------- */

static void mark_tried(struct app *app, uint32_t step)
{
    const struct steps_program *program = program_of(app);
    for (uint32_t i = 0; i < program->expectation_count; i++)
        if (program->expecting[i] == step)
            state_of(app)->tried[i / 64] |= UINT64_C(1) << i % 64;
}

/* Whether registers first.. are the expected values. */
static bool values_match(struct app *app, const struct expectation *e, uint32_t first)
{
    const uint32_t *r = state_of(app)->registers;
    for (uint32_t i = 0; i < e->count && first + i < 4; i++)
        if (!(e->skip >> i & 1) && r[first + i] != value_of(app, e->operands[i]))
            return false;
    return true;
}

/* How many values a success variant carries. Source: TRD 104, section 3.2. */
static uint32_t success_count(uint32_t variant)
{
    static const uint8_t counts[] = {0, 1, 2, 2, 3, 3};
    return variant - RETURN_SUCCESS < COUNT_OF(counts) ? counts[variant - RETURN_SUCCESS]
                                                       : STEPS_ANY_COUNT;
}

static bool syscall_as_expected(struct app *app, const struct expectation *e)
{
    const uint32_t *r = state_of(app)->registers;
    if (e->kind == EXPECT_VALUES)
        return values_match(app, e, 0);
    if (e->kind == EXPECT_FAILURE)
        return r[0] <= RETURN_FAILURE_U64 && (e->err == ERR_NONE || r[1] == e->err) &&
               (e->count == STEPS_ANY_COUNT || values_match(app, e, 2));
    if (success_count(r[0]) == STEPS_ANY_COUNT)
        return false;
    return e->count == STEPS_ANY_COUNT ||
           (success_count(r[0]) == e->count && values_match(app, e, 1));
}

/* The r0 and r1 of a wanted success, for people. A first value that may be any is what came. */
static uint64_t wanted_success(struct app *app, const struct expectation *e)
{
    static const uint8_t variants[] = {RETURN_SUCCESS, RETURN_SUCCESS_U32, RETURN_SUCCESS_2U32,
                                       RETURN_SUCCESS_3U32};
    if (e->kind != EXPECT_SUCCESS || !e->count || e->count >= COUNT_OF(variants))
        return pair(RETURN_SUCCESS, 0);
    return pair(variants[e->count],
                e->skip & 1 ? state_seen(app)->registers[1] : value_of(app, e->operands[0]));
}

/* The first two of the wanted values, for people. Those that may be any are what came. */
static uint64_t wanted_values(struct app *app, const struct expectation *e)
{
    uint32_t wanted[2];
    for (uint32_t i = 0; i < COUNT_OF(wanted); i++)
        wanted[i] = i >= e->count || e->skip >> i & 1 ? state_of(app)->registers[i]
                                                      : value_of(app, e->operands[i]);
    return pair(wanted[0], wanted[1]);
}

static void judge_syscall(struct app *app, const struct instruction *i)
{
    const struct expectation *e = &i->expect;
    const uint32_t *r = state_of(app)->registers;
    if (e->kind == EXPECT_NOTHING)
        return;
    uint64_t wanted = e->kind == EXPECT_FAILURE  ? pair(RETURN_FAILURE, e->err)
                      : e->kind == EXPECT_VALUES ? wanted_values(app, e)
                                                 : wanted_success(app, e);
    mark_tried(app, i->step);
    app_check(app, i->step, syscall_as_expected(app, e), pair(r[0], r[1]), wanted);
}

/* A value that was loaded or is asserted; a load that came through where a fault was wanted. */
static void judge_value(struct app *app, const struct instruction *i, uint32_t got)
{
    const struct expectation *e = &i->expect;
    uint32_t first = value_of(app, e->operands[0]), last = value_of(app, e->operands[1]);
    bool passed = true;
    if (e->kind == EXPECT_NOTHING)
        return;
    if (e->kind == EXPECT_RANGE)
        passed = got >= first && got <= last;
    else if (e->kind == EXPECT_NOT)
        passed = got != first;
    else if (e->kind == EXPECT_FAULT)
        passed = false;
    mark_tried(app, i->step);
    app_check(app, i->step, passed, got, first);
}

static bool condition_holds(struct app *app, const struct instruction *i)
{
    uint32_t got = value_of(app, i->operands[0]);
    uint32_t first = value_of(app, i->expect.operands[0]);
    if (i->expect.kind == EXPECT_NOT)
        return got != first;
    return got >= first && got <= value_of(app, i->expect.operands[1]);
}

/* --- results --------------------------------------------------------------------------------- */

/* A memop that moved the break: where it is now. */
static void follow_break(struct app *app, const struct instruction *i)
{
    struct steps_state *s = state_of(app);
    if (i->number == SYSCALL_MEMOP && s->registers[0] >= RETURN_SUCCESS && s->break_asked)
        s->app_break = s->break_asked;
}

static void take_result(struct app *app)
{
    struct steps_state *s = state_of(app);
    const struct instruction *i = &program_of(app)->instructions[s->pending];
    s->waits = false;
    if (i->kind == I_SYSCALL) {
        memcpy(s->registers, app->result.regs.r, sizeof s->registers);
        for (size_t n = 0; n < COUNT_OF(i->into); n++)
            variable_write(s, i->into[n], s->registers[n]);
        follow_break(app, i);
        judge_syscall(app, i);
    } else if (i->kind == I_LOAD) {
        s->loaded = app->result.value;
        variable_write(s, i->into[0], s->loaded);
        judge_value(app, i, s->loaded);
    } else {
        judge_value(app, i, 0);
    }
}

/* --- instructions that are operations -------------------------------------------------------- */

static void hand_out(struct app *app, const struct instruction *i)
{
    struct steps_state *s = state_of(app);
    s->pending = (uint32_t)(i - program_of(app)->instructions);
    s->waits = true;
    if (i->expect.kind == EXPECT_FAULT) {
        app->expects_fault = true;
        app->fault_check = i->step;
        mark_tried(app, i->step);
    }
}

static void give_syscall(struct app *app, const struct instruction *i, struct app_op *op)
{
    struct steps_state *s = state_of(app);
    op->kind = OP_SYSCALL;
    op->call.class = i->number;
    for (size_t n = 0; n < 4; n++)
        op->call.args[n] = value_of(app, i->operands[n]);
    s->break_asked = 0;
    if (i->number == SYSCALL_MEMOP && op->call.args[0] <= MEMOP_SBRK)
        s->break_asked = op->call.args[1] + (op->call.args[0] == MEMOP_SBRK ? s->app_break : 0);
    hand_out(app, i);
}

static void give_access(struct app *app, const struct instruction *i, struct app_op *op)
{
    op->kind = i->kind == I_LOAD ? OP_LOAD : i->kind == I_STORE ? OP_STORE : OP_EXECUTE;
    op->address = value_of(app, i->operands[0]);
    op->value = value_of(app, i->operands[1]);
    op->size = i->number;
    op->secret = i->secret;
    hand_out(app, i);
}

static void give_yield_wait(struct app_op *op)
{
    *op =
        (struct app_op){.kind = OP_SYSCALL, .call = {.class = SYSCALL_YIELD, .args = {YIELD_WAIT}}};
}

/* --- instructions that are none -------------------------------------------------------------- */

/* One round less; how many were left decides. */
static void count_round(struct frame *frame, const struct instruction *i)
{
    uint32_t *rounds = &frame->rounds[i->number];
    if (*rounds > 0)
        --*rounds;
    if (*rounds > 0)
        frame->next = i->jump;
}

static void control(struct app *app, const struct instruction *i)
{
    struct steps_state *s = state_of(app);
    struct frame *frame = top(s);
    uint32_t value = value_of(app, i->operands[0]);
    switch ((enum instruction_kind)i->kind) {
    case I_SET:
        s->variables[i->number] = value;
        break;
    case I_ADD:
        s->variables[i->number] += value;
        break;
    case I_REPEAT:
        frame->rounds[i->number] = value;
        if (value == 0)
            frame->next = i->jump;
        break;
    case I_AGAIN:
        count_round(frame, i);
        break;
    case I_JUMP:
        frame->next = i->jump;
        break;
    case I_UNLESS:
        if (!condition_holds(app, i))
            frame->next = i->jump;
        break;
    case I_ASSERT:
        judge_value(app, i, value);
        break;
    default:
        break; /* operations never come here */
    }
}

/* Runs the next instruction. True: it is an operation, which stands in `op`. */
static bool run_one(struct app *app, struct app_op *op)
{
    struct steps_state *s = state_of(app);
    const struct instruction *i = &program_of(app)->instructions[top(s)->next];
    int peer = peer_of(i);
    if (peer >= 0 && !s->located) {
        *op = (struct app_op){.kind = OP_LOCATE, .address = (uint32_t)peer};
        s->located = true;
        return true;
    }
    if (s->located)
        s->peer_base = app->result.value;
    s->located = false;
    if (i->kind == I_END && s->depth == 1) {
        give_yield_wait(op);
        return true;
    }
    top(s)->next++;
    switch ((enum instruction_kind)i->kind) {
    case I_SYSCALL:
        give_syscall(app, i, op);
        return true;
    case I_LOAD:
    case I_STORE:
    case I_EXECUTE:
        give_access(app, i, op);
        return true;
    case I_COMPUTE:
        *op = (struct app_op){.kind = OP_COMPUTE, .cycles = i->cycles};
        if (i->operands[0].kind != OPERAND_CONST)
            op->cycles = value_of(app, i->operands[0]);
        return op->cycles > 0;
    case I_MARK:
        *op = (struct app_op){.kind = OP_MARK,
                              .address = value_of(app, i->operands[0]),
                              .value = value_of(app, i->operands[1])};
        return true;
    case I_CRASH:
        *op = (struct app_op){.kind = OP_FAULT};
        return true;
    case I_END:
        s->depth--;
        return false;
    default:
        control(app, i);
        return false;
    }
}

static void steps_next(struct app *app, struct app_op *op)
{
    struct steps_state *s = state_of(app);
    app->expects_fault = false;
    if (s->waits)
        take_result(app);
    if (s->depth == 0) {
        *op = (struct app_op){.kind = OP_FAULT};
        return;
    }
    if (s->overflowed) { /* a fault that nobody asked for: the stack grows out of its memory */
        *op = app_store(app->ram_base - 4, 0);
        return;
    }
    for (uint32_t idle = 0; idle < STEPS_IDLE_MAX; idle++)
        if (run_one(app, op))
            return;
    *op = (struct app_op){.kind = OP_COMPUTE, .cycles = STEPS_IDLE_MAX};
}

const struct app_engine app_steps_engine = {
    .name = "steps",
    .about = "the step list of a scenario",
    .state_size = sizeof(struct steps_state),
    .start = steps_start,
    .upcall = steps_upcall,
    .next = steps_next,
};

/* --- for verdicts and reports ---------------------------------------------------------------- */

int32_t app_steps_unreached(const struct app *app)
{
    const struct steps_program *program = program_of(app);
    const struct steps_state *s = state_seen(app);
    for (uint32_t i = 0; i < program->expectation_count; i++)
        if (!(s->tried[i / 64] >> i % 64 & 1))
            return (int32_t)program->expecting[i];
    return -1;
}

void app_steps_path(const struct steps_program *program, uint32_t number, char *text, size_t size)
{
    if (number >= program->step_count)
        (void)snprintf(text, size, "?");
    else
        json_pointer_below(program->paths[number].list, program->paths[number].index, text, size);
}

static const struct instruction *expecting_instruction(const struct steps_program *program,
                                                       uint32_t step)
{
    for (uint32_t i = 0; i < program->count; i++)
        if (program->instructions[i].step == step &&
            program->instructions[i].expect.kind != EXPECT_NOTHING)
            return &program->instructions[i];
    return NULL;
}

/* "BUSY", "success", "13", for a return's r0 and r1. */
static void describe_return(uint64_t registers, char *text, size_t size)
{
    uint32_t variant = pair_low(registers), first = pair_high(registers);
    const char *name = variant <= RETURN_FAILURE_U64 ? err_name(first) : NULL;
    if (name)
        (void)snprintf(text, size, "%s", name);
    else if (variant <= RETURN_FAILURE_U64)
        (void)snprintf(text, size, "a failure");
    else if (variant == RETURN_SUCCESS || success_count(variant) == STEPS_ANY_COUNT)
        (void)snprintf(text, size, variant == RETURN_SUCCESS ? "success" : "0x%" PRIx32, variant);
    else
        (void)snprintf(text, size, "success (0x%" PRIx32 "%s)", first,
                       success_count(variant) == 1   ? ""
                       : success_count(variant) == 2 ? " and one more value"
                                                     : " and two more values");
}

/* "is 5", which is the range from 5 to 5. */
static bool is_exact(const struct expectation *e)
{
    const struct operand *a = &e->operands[0], *b = &e->operands[1];
    return a->kind == b->kind && a->index == b->index && a->value == b->value;
}

static void describe_call(const struct app *app, char *text, size_t size)
{
    char got[64], wanted[64];
    describe_return(app->failed_got, got, sizeof got);
    describe_return(app->failed_wanted, wanted, sizeof wanted);
    (void)snprintf(text, size, "wanted %s, got %s%s", wanted, got,
                   strcmp(got, wanted) == 0 ? " with other values" : "");
}

/* The event's arguments, which a yield-wait-for gives: of three, two are kept. */
static void describe_values(const struct app *app, char *text, size_t size)
{
    uint64_t wanted = app->failed_wanted, got = app->failed_got;
    if (wanted == got)
        (void)snprintf(text, size, "got another third value than wanted");
    else
        (void)snprintf(text, size,
                       "wanted values 0x%" PRIx32 ", 0x%" PRIx32 ", got 0x%" PRIx32 ", 0x%" PRIx32,
                       pair_low(wanted), pair_high(wanted), pair_low(got), pair_high(got));
}

void app_steps_failure(const struct app *app, char *text, size_t size)
{
    const struct instruction *i =
        app->checks_failed ? expecting_instruction(program_of(app), app->failed_check) : NULL;
    text[0] = '\0';
    if (!i)
        return;
    if (i->kind == I_SYSCALL && i->expect.kind != EXPECT_VALUES)
        describe_call(app, text, size);
    else if (i->kind == I_SYSCALL)
        describe_values(app, text, size);
    else if (i->expect.kind == EXPECT_FAULT)
        (void)snprintf(text, size, "wanted a fault, got access");
    else if (i->expect.kind == EXPECT_RANGE && !is_exact(&i->expect))
        (void)snprintf(text, size, "got 0x%" PRIx64 ", outside of its bounds", app->failed_got);
    else
        (void)snprintf(text, size, "wanted %s0x%" PRIx64 ", got 0x%" PRIx64,
                       i->expect.kind == EXPECT_NOT ? "anything but " : "", app->failed_wanted,
                       app->failed_got);
}

uint32_t app_steps_variable(const struct app *app, uint32_t number)
{
    return number < STEPS_VARIABLE_MAX ? state_seen(app)->variables[number] : 0;
}

const char *app_steps_variable_name(const struct app *app, uint32_t number)
{
    const struct steps_program *program = program_of(app);
    return number < program->variable_count ? program->variable_names[number] : "?";
}

const char *app_steps_handler_name(const struct steps_program *program, uint32_t address)
{
    for (uint32_t n = 0; n < program->handler_count; n++)
        if (address == program->flash_base + APP_FUNCTION(n))
            return program->handler_names[n];
    return NULL;
}
