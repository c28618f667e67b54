/* shrink.c: see shrink.h. */
#include "tools/shrink.h"

enum { NS_PER_S = 1000000000 };

void shrink_start(struct shrink *shrink, const struct finding *wanted, bool same_place,
                  uint64_t seconds)
{
    *shrink = (struct shrink){.wanted = *wanted,
                              .last = *wanted,
                              .same_place = same_place,
                              .deadline_ns = wall_ns() + seconds * NS_PER_S};
}

bool shrink_isolates(const struct shrink *shrink)
{
    enum finding_end end = shrink->wanted.end;
    return shrink->isolated || end == FINDING_CRASHED || end == FINDING_OVERTIME;
}

bool shrink_keeps(struct shrink *shrink)
{
    struct finding finding;
    if (wall_ns() > shrink->deadline_ns) {
        shrink->ended_early = true;
        return false;
    }
    shrink->tried++;
    shrink->run(shrink->subject, &finding);
    if (!finding_same(&shrink->wanted, &finding, shrink->same_place) ||
        !finding_within(&shrink->wanted, &finding))
        return false;
    shrink->last = finding;
    return true;
}

/* From the back, since what comes last hangs on what was before it. */
static bool leave_out(struct shrink *shrink, const struct shrink_list *list, uint32_t size)
{
    bool changed = false;
    uint32_t end = list->count(list->list);
    while (end > 0 && !shrink->ended_early) {
        uint32_t from = end > size ? end - size : 0;
        list->take(list->list, from, end - from);
        if (shrink_keeps(shrink))
            changed = true;
        else
            list->put_back(list->list);
        end = from;
    }
    return changed;
}

bool shrink_list(struct shrink *shrink, const struct shrink_list *list)
{
    bool changed = false;
    for (uint32_t size = list->count(list->list); size > 0 && !shrink->ended_early; size /= 2)
        changed |= leave_out(shrink, list, size);
    return changed;
}
