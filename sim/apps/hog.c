/* hog.c: works for ever, or works `busy_us` and yields for ever. Never asks for anything. */
#include "sim/apps/catalogue.h"
#include <string.h>

struct hog_program {
    uint64_t busy_cycles; /* 0: for ever */
};

struct hog {
    bool worked;
};

static bool hog_parameter(void *program, const char *name, int64_t value)
{
    struct hog_program *hog = program;
    if (strcmp(name, "busy_cycles") != 0 || value < 0)
        return false;
    hog->busy_cycles = (uint64_t)value;
    return true;
}

static void hog_start(struct app *app, const uint32_t r[4])
{
    struct hog *hog = app_state(app);
    (void)r;
    hog->worked = false;
}

static void hog_upcall(struct app *app, uint32_t function, const uint32_t r[4])
{
    (void)app;
    (void)function;
    (void)r;
}

static void hog_next(struct app *app, struct app_op *op)
{
    const struct hog_program *program = app->program;
    struct hog *hog = app_state(app);
    if (program->busy_cycles == 0) {
        op->kind = OP_SPIN;
    } else if (!hog->worked) {
        *op = (struct app_op){.kind = OP_COMPUTE, .cycles = program->busy_cycles};
        hog->worked = true;
    } else {
        *op = (struct app_op){.kind = OP_SYSCALL,
                              .call = {.class = SYSCALL_YIELD, .args = {YIELD_WAIT}}};
    }
}

const struct app_engine hog_engine = {
    .name = "hog",
    .about = "works without a pause; parameter busy_cycles: then yields for ever",
    .state_size = sizeof(struct hog),
    .start = hog_start,
    .upcall = hog_upcall,
    .next = hog_next,
    .parameter = hog_parameter,
    .program_size = sizeof(struct hog_program),
};
