/* ble_ops.c: see ble_ops.h. */
#include "sim/apps/ble_ops.h"
#include <string.h>

enum { OPS_STEP_ONLY = 0xff };

static void add(struct ops *ops, struct planned_op op)
{
    if (ops->count == OPS_MAX)
        ops->lost++;
    else
        ops->list[ops->count++] = op;
}

void ops_store(struct ops *ops, uint32_t address, uint32_t value)
{
    add(ops, (struct planned_op){OP_STORE, OPS_NO_STEP, address, value, {0}});
}

void ops_load(struct ops *ops, uint32_t address, uint8_t step)
{
    add(ops, (struct planned_op){OP_LOAD, step, address, 0, {0}});
}

void ops_compute(struct ops *ops, uint32_t cycles)
{
    if (cycles > 0)
        add(ops, (struct planned_op){OP_COMPUTE, OPS_NO_STEP, 0, cycles, {0}});
}

void ops_call(struct ops *ops, uint32_t class, const uint32_t args[4], uint8_t step)
{
    struct planned_op op = {OP_SYSCALL, step, class, 0, {0}};
    memcpy(op.args, args, sizeof op.args);
    add(ops, op);
}

void ops_then(struct ops *ops, uint8_t step)
{
    add(ops, (struct planned_op){OPS_STEP_ONLY, step, 0, 0, {0}});
}

static struct app_op made(const struct planned_op *planned)
{
    struct app_op op = {.kind = (enum app_op_kind)planned->kind};
    switch (op.kind) {
    case OP_COMPUTE:
        op.cycles = planned->value;
        break;
    case OP_SYSCALL:
        op.call.class = planned->address;
        memcpy(op.call.args, planned->args, sizeof op.call.args);
        break;
    default:
        op.address = planned->address;
        op.value = planned->value;
        op.size = 4;
        break;
    }
    return op;
}

/* What the last operation gave: a word, or whether a system call succeeded. */
static uint32_t result_of(const struct app *app, const struct planned_op *last)
{
    if (last->kind == OP_SYSCALL)
        return app->result.regs.r[0] >= RETURN_SUCCESS;
    return app->result.value;
}

bool ops_next(struct app *app, struct ops *ops,
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
        *op = made(planned);
        return true;
    }
}
