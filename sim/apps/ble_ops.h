/* ble_ops.h: the operations that a program has ahead of it, in order, and what to do with what they
 * give: a program that works event by event writes down what an upcall leads to, and the CPU does
 * it one operation at a time.
 *
 *   ops_store(ops, address, value)     ops_load(ops, address, step)    ops_compute(ops, cycles)
 *   ops_call(ops, class, a, b, c, d, step)                              ops_then(ops, step)
 *
 * A step is a number of the program's own: when its turn comes the program is called with it and
 * with the value that was loaded or returned. OPS_NO_STEP: nobody is interested.
 */
#ifndef SIM_APPS_BLE_OPS_H
#define SIM_APPS_BLE_OPS_H

#include "sim/app.h"

enum { OPS_MAX = 64, OPS_NO_STEP = 0xff };

struct planned_op {
    uint8_t kind; /* enum app_op_kind, or OPS_STEP_ONLY */
    uint8_t step;
    uint32_t address, value;
    uint32_t args[4];
};

struct ops {
    uint8_t next, count;
    uint8_t waiting; /* the step that waits for the result of the operation just given */
    uint32_t lost;   /* no room: a bug of the program */
    struct planned_op list[OPS_MAX];
};

void ops_store(struct ops *ops, uint32_t address, uint32_t value);
void ops_load(struct ops *ops, uint32_t address, uint8_t step);
void ops_compute(struct ops *ops, uint32_t cycles);
void ops_call(struct ops *ops, uint32_t class, const uint32_t args[4], uint8_t step);
void ops_then(struct ops *ops, uint8_t step);

/* The next operation, steps done on the way; false: none is left, the program may yield. */
bool ops_next_slowly(struct app *app, struct ops *ops,
                     void (*step)(struct app *app, uint8_t step, uint32_t value),
                     struct app_op *op);
static inline bool ops_next(struct app *app, struct ops *ops,
                            void (*step)(struct app *app, uint8_t step, uint32_t value),
                            struct app_op *op)
{
    const struct planned_op *planned = &ops->list[ops->next];
    if (ops->waiting != OPS_NO_STEP || ops->next == ops->count || planned->kind != OP_STORE)
        return ops_next_slowly(app, ops, step, op);
    ops->next++; /* nearly always: nobody waits for what a store gives */
    op->kind = OP_STORE;
    op->address = planned->address;
    op->value = planned->value;
    op->size = 4;
    return true;
}

#endif
