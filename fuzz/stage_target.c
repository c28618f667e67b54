/* stage_target.c: see stage_target.h. */
#include "fuzz/stage_target.h"

const struct stage_target *const stage_targets[] = {
    &target_ble, &target_device, &target_filter, &target_leaks, &target_syscall, NULL,
};

static bool make(const struct stage_target *target, struct stage *stage, uint32_t which,
                 struct problems *problems)
{
    const char *name = target->stages[which].name, *text = target->stages[which].text;
    if (!target->leaks)
        return stage_make_from(stage, name, text, target->from_us[which], problems);
    return stage_make_secret(stage, name, text, &target->secrets[which], &target->user, problems);
}

struct stage *stage_for(const struct stage_target *target, struct stage_set *set,
                        const struct tape *tape, struct problems *problems)
{
    uint32_t which = stage_chosen(tape, target->stage_count);
    struct stage *stage = &set->made[which];
    if (!stage->setup && !make(target, stage, which, problems))
        return NULL;
    stage->plays_filter = target->user.kinds[STREAM_FILTER] != 0;
    stage->is_calm = target->is_calm[which];
    return stage;
}

void stage_set_free(struct stage_set *set)
{
    for (uint32_t i = 0; i < STAGE_MAX; i++)
        if (set->made[i].setup)
            stage_free(&set->made[i]);
}
