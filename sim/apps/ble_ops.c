/* ble_ops.c: see ble_ops.h. */
#include "sim/apps/ble_ops.h"
#include <string.h>

enum { OPS_STEP_ONLY = 0xff };

/* The next free row, or NULL. Each writes its fields in place: a row that was made elsewhere would
 * be copied in wider pieces than it was written in, for which a CPU has to wait. */
static struct planned_op *add(struct ops *ops, uint8_t kind, uint8_t step)
{
    if (ops->count == OPS_MAX) {
        ops->lost++;
        return NULL;
    }
    struct planned_op *op = &ops->list[ops->count++];
    op->kind = kind;
    op->step = step;
    return op;
}

void ops_store(struct ops *ops, uint32_t address, uint32_t value)
{
    struct planned_op *op = add(ops, OP_STORE, OPS_NO_STEP);
    if (!op)
        return;
    op->address = address;
    op->value = value;
}

void ops_load(struct ops *ops, uint32_t address, uint8_t step)
{
    struct planned_op *op = add(ops, OP_LOAD, step);
    if (!op)
        return;
    op->address = address;
    op->value = 0;
}

void ops_compute(struct ops *ops, uint32_t cycles)
{
    struct planned_op *op = cycles > 0 ? add(ops, OP_COMPUTE, OPS_NO_STEP) : NULL;
    if (op)
        op->value = cycles;
}

void ops_call(struct ops *ops, uint32_t class, const uint32_t args[4], uint8_t step)
{
    struct planned_op *op = add(ops, OP_SYSCALL, step);
    if (!op)
        return;
    op->address = class;
    memcpy(op->args, args, sizeof op->args);
}

void ops_then(struct ops *ops, uint8_t step)
{
    (void)add(ops, OPS_STEP_ONLY, step);
}

static void make(struct app_op *op, const struct planned_op *planned)
{
    op->kind = (enum app_op_kind)planned->kind;
    switch (op->kind) {
    case OP_COMPUTE:
        op->cycles = planned->value;
        break;
    case OP_SYSCALL:
        op->call.class = planned->address;
        memcpy(op->call.args, planned->args, sizeof op->call.args);
        break;
    default:
        op->address = planned->address;
        op->value = planned->value;
        op->size = 4;
        break;
    }
}

/* What the last operation gave: a word, or whether a system call succeeded. */
static uint32_t result_of(const struct app *app, const struct planned_op *last)
{
    if (last->kind == OP_SYSCALL)
        return app->result.regs.r[0] >= RETURN_SUCCESS;
    return app->result.value;
}

bool ops_next_slowly(struct app *app, struct ops *ops,
                     void (*step)(struct app *app, uint8_t step, uint32_t value), struct app_op *op)
{
    for (;;) {
        uint8_t now = ops->waiting;
        uint32_t result = now == OPS_NO_STEP ? 0 : result_of(app, &ops->list[ops->next - 1]);
        if (ops->next == ops->count)
            ops->next = ops->count = 0; /* so that a step which asks again and again has room */
        ops->waiting = OPS_NO_STEP;
        if (now != OPS_NO_STEP)
            step(app, now, result);
        if (ops->next == ops->count)
            return false;
        const struct planned_op *planned = &ops->list[ops->next++];
        ops->waiting = planned->step;
        if (planned->kind == OPS_STEP_ONLY)
            continue;
        make(op, planned);
        return true;
    }
}
