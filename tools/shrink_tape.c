/* shrink_tape.c: a tape made smaller. */
#include "tools/shrink.h"

#include <stdlib.h>
#include <string.h>

struct tape_shrinker {
    struct shrink *shrink;
    const struct stage_target *target;
    struct stage_set *stages;
    struct tape *tape;
    struct tape before; /* the last take */
};

/* A stage that cannot be made has no finding at all. */
static void run(void *subject, struct finding *finding)
{
    struct tape_shrinker *t = subject;
    struct problems problems = {0};
    struct stage *stage = stage_for(t->target, t->stages, t->tape, &problems);
    problems_free(&problems);
    *finding = (struct finding){.end = FINDING_BAD_INPUT};
    if (!stage)
        return;
    stage->log = NULL;
    finding_of_stage(stage, stage_play(stage, t->tape), finding);
}

static void run_in_child(const void *argument, int pipe)
{
    struct finding finding;
    run(*(struct tape_shrinker *const *)argument, &finding);
    isolate_write(pipe, &finding, sizeof finding);
}

static void run_isolated(void *subject, struct finding *finding)
{
    struct tape_shrinker *t = subject;
    finding_isolated(run_in_child, &t, SHRINK_RUN_MS, finding);
}

/* --- operations ------------------------------------------------------------------------------ */

static uint32_t op_count(const void *list)
{
    return ((const struct tape_shrinker *)list)->tape->count;
}

static void take_ops(void *list, uint32_t from, uint32_t count)
{
    struct tape_shrinker *t = list;
    struct tape *tape = t->tape;
    t->before = *tape;
    memmove(&tape->ops[from], &tape->ops[from + count],
            (tape->count - from - count) * sizeof tape->ops[0]);
    tape->count -= count;
}

static void put_ops_back(void *list)
{
    struct tape_shrinker *t = list;
    *t->tape = t->before;
}

/* One stream after the other as a whole. */
static bool shrink_streams(struct tape_shrinker *t)
{
    bool changed = false;
    for (uint32_t stream = 0; stream < TAPE_STREAMS; stream++) {
        t->before = *t->tape;
        t->tape->count = 0;
        for (uint32_t i = 0; i < t->before.count; i++)
            if (t->before.ops[i].stream != stream)
                t->tape->ops[t->tape->count++] = t->before.ops[i];
        if (t->tape->count < t->before.count && shrink_keeps(t->shrink))
            changed = true;
        else
            *t->tape = t->before;
    }
    return changed;
}

/* --- fields ---------------------------------------------------------------------------------- */

enum { FIELDS = TAPE_RECORD - 1 }; /* bytes behind stream and kind */

static uint8_t *field_of(struct tape_op *op, int field)
{
    struct tape_value *value = &op->value[field >= 5];
    switch (field) {
    case 0:
        return &op->which;
    case 1:
        return &op->number;
    case 2:
        return &op->size;
    case 3:
    case 5:
        return &value->pick;
    default:
        return (uint8_t *)&value->offset;
    }
}

static bool try_field(struct tape_shrinker *t, uint8_t *field, uint8_t value)
{
    uint8_t before = *field;
    *field = value;
    if (shrink_keeps(t->shrink))
        return true;
    *field = before;
    return false;
}

static bool shrink_fields(struct tape_shrinker *t)
{
    bool changed = false;
    for (uint32_t i = 0; i < t->tape->count; i++) {
        for (int f = 0; f < FIELDS; f++) {
            uint8_t *field = field_of(&t->tape->ops[i], f);
            if (*field == 0)
                continue;
            changed |= try_field(t, field, 0) || (*field > 1 && try_field(t, field, *field / 2));
        }
    }
    return changed;
}

void shrink_tape(struct shrink *shrink, const struct stage_target *target, struct stage_set *stages,
                 struct tape *tape)
{
    struct tape_shrinker *t = calloc(1, sizeof *t);
    if (!t)
        abort();
    *t = (struct tape_shrinker){.shrink = shrink, .target = target, .stages = stages, .tape = tape};
    const struct shrink_list ops = {t, op_count, take_ops, put_ops_back};
    shrink->run = shrink_isolates(shrink) ? run_isolated : run;
    shrink->subject = t;
    bool changed = true;
    while (changed && !shrink->ended_early) {
        changed = shrink_streams(t);
        changed |= shrink_list(shrink, &ops);
        changed |= shrink_fields(t);
    }
    free(t);
}
