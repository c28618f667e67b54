/* mpu_calls.c: see mpu_calls.h. */
#include "fuzz/mpu_calls.h"

#include "sim/scenario_load.h"
#include <inttypes.h>

const uint32_t mpu_calls_areas[MPU_CALLS_AREAS] = {0x00030000, 0x20000000, 0x40000000};

static uint32_t value_of(struct tape_value value)
{
    uint32_t low = value.pick % 64u, offset = (uint32_t)value.offset;
    switch (value.pick / 64) {
    case 0:
        return mpu_calls_areas[low % MPU_CALLS_AREAS] + low / MPU_CALLS_AREAS * 0x1000 +
               offset * MPU_CALLS_GRANULE;
    case 1:
        return (UINT32_C(1) << low % 32) + (low < 32 ? offset * MPU_CALLS_GRANULE : offset);
    case 2:
        return (uint8_t)offset * (uint32_t)MPU_CALLS_GRANULE;
    default:
        return low * 0x04000000u + offset;
    }
}

uint32_t mpu_calls_regions(const struct tape *tape)
{
    uint32_t at = 0;
    const struct tape_op *first = tape_next(tape, STREAM_SCHEDULE, &at);
    return first && first->which & 1 ? 16 : 8;
}

bool mpu_call_on(const struct tape_op *op, uint32_t *config)
{
    *config = (uint32_t)op->stream - STREAM_APP;
    return *config < MPU_CALLS_CONFIGS && op->kind < CALLS;
}

static void update_of(struct mpu_call *call, const struct mpu_config *config,
                      const struct tape_op *op)
{
    struct span block = config->block;
    call->app_break = block.base + op->number * (block.size / 256) + (uint32_t)op->value[0].offset;
    call->kernel_break = block.base + op->size * (block.size / 255) + (uint32_t)op->value[1].offset;
    if (op->which >= 224) {
        call->app_break = value_of(op->value[0]);
        call->kernel_break = value_of(op->value[1]);
    }
}

struct mpu_call mpu_call_of(const struct mpu_config *config, const struct tape_op *op)
{
    uint32_t shift = op->which % 16u;
    struct mpu_call call = {.kind = op->kind,
                            .span = {value_of(op->value[0]), value_of(op->value[1])}};
    if (op->kind == CALL_ALLOCATE) {
        call.min = (uint32_t)op->number << shift;
        call.app = (uint32_t)op->size << shift;
        call.kernel = op->which * 16u;
    } else if (op->kind == CALL_UPDATE) {
        update_of(&call, config, op);
    } else if (op->kind == CALL_REMOVE_ONE && config->window_count > 0) {
        call.span = config->windows[op->which % config->window_count];
    }
    return call;
}

enum err mpu_call_make(struct mpu_config *config, const struct mpu_call *call)
{
    switch (call->kind) {
    case CALL_SET_FLASH:
        return mpu_set_flash(config, call->span);
    case CALL_ALLOCATE:
        return mpu_allocate_app_memory(config, call->span, call->min, call->app, call->kernel);
    case CALL_UPDATE:
        return mpu_update_app_memory(config, call->app_break, call->kernel_break);
    case CALL_ADD:
        return mpu_add_window(config, call->span);
    case CALL_REMOVE:
    case CALL_REMOVE_ONE:
        return mpu_remove_window(config, call->span);
    case CALL_CONFIGURE:
    case CALLS:
        break;
    }
    return ERR_NONE;
}

/* --- in words -------------------------------------------------------------------------------- */

static void print_call(FILE *to, const struct mpu_call *call)
{
    struct span s = call->span;
    switch (call->kind) {
    case CALL_SET_FLASH:
        fprintf(to, "flash is 0x%08" PRIx32 " for 0x%" PRIx32 " bytes", s.base, s.size);
        break;
    case CALL_ALLOCATE:
        fprintf(to,
                "a block of at least 0x%" PRIx32 " bytes out of 0x%08" PRIx32 " for 0x%" PRIx32
                ", with 0x%" PRIx32 " for the app and 0x%" PRIx32 " for the kernel",
                call->min, s.base, s.size, call->app, call->kernel);
        break;
    case CALL_UPDATE:
        fprintf(to, "the app's break goes to 0x%08" PRIx32 ", the kernel's is 0x%08" PRIx32,
                call->app_break, call->kernel_break);
        break;
    case CALL_ADD:
        fprintf(to, "a window at 0x%08" PRIx32 " for 0x%" PRIx32 " bytes", s.base, s.size);
        break;
    case CALL_REMOVE:
    case CALL_REMOVE_ONE:
        fprintf(to, "no window any more at 0x%08" PRIx32 " for 0x%" PRIx32 " bytes", s.base,
                s.size);
        break;
    case CALL_CONFIGURE:
    case CALLS:
        fprintf(to, "it is written to the unit, which is judged");
        break;
    }
}

void mpu_calls_print(FILE *to, const struct tape *tape)
{
    struct mpu_config configs[MPU_CALLS_CONFIGS] = {0};
    uint32_t regions = mpu_calls_regions(tape), i;
    fprintf(to, "A unit of %" PRIu32 " regions, and these calls of model/mpu.h:\n", regions);
    for (i = 0; i < MPU_CALLS_CONFIGS; i++)
        mpu_config_start(&configs[i], regions);
    for (uint32_t n = 0; n < tape->count; n++) {
        if (!mpu_call_on(&tape->ops[n], &i))
            continue;
        struct mpu_call call = mpu_call_of(&configs[i], &tape->ops[n]);
        fprintf(to, "config %" PRIu32 ": ", i);
        print_call(to, &call);
        fflush(to); /* this one may be the last */
        enum err err = mpu_call_make(&configs[i], &call);
        const char *name = err_name(err);
        fprintf(to, "%s%s\n", err ? ": refused, " : "", err && name ? name : "");
    }
    fprintf(to, "At the end each config is written to the unit, which is judged.\n");
}
