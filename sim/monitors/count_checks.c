/* count_checks: count, absent, order: what a scenario asks for.
 *
 * Judges every record against the patterns of those checks. Count: matches within [min, max] at the
 * end, more than max at once. Absent: no match since `after` matched (from the start, if there is
 * no such pattern). Order: each match of the second has a match of the first since the last one.
 *
 * Armed: a count always; absent once `after` has matched; order once the second has matched.
 * Cannot see: records that are not traced.
 */
#include "model/process.h"
#include "sim/machine.h"
#include "sim/monitors.h"

struct counts {
    struct {
        uint64_t matches;
        bool open; /* absent: `after` has matched; order: the first has, since the last second */
    } of[SCENARIO_CHECK_MAX];
};

static bool judges(const struct check *check)
{
    return check->kind == CHECK_COUNT || check->kind == CHECK_ABSENT || check->kind == CHECK_ORDER;
}

/* Records of other kinds match no pattern. */
static bool hears(const struct scenario *s, unsigned kind)
{
    for (uint32_t i = 0; i < s->check_count; i++)
        if (judges(&s->checks[i]) &&
            (s->checks[i].from.kind == kind || s->checks[i].to.kind == kind))
            return true;
    return false;
}

static void on_count(struct machine *m, struct counts *c, uint32_t i, const struct record *r)
{
    const struct check *check = &machine_scenario(m)->checks[i];

    if (!pattern_matches(&check->to, r))
        return;
    if (++c->of[i].matches == check->max + 1)
        break_of_check(m, i, r->process, r->address, DETAIL_COUNT_HIGH, c->of[i].matches,
                       check->max);
}

static void on_absent(struct machine *m, struct counts *c, uint32_t i, const struct record *r)
{
    const struct check *check = &machine_scenario(m)->checks[i];

    if (c->of[i].open && pattern_matches(&check->to, r))
        break_of_check(m, i, r->process, r->address, DETAIL_ABSENT, 0, 0);
    if (!c->of[i].open && pattern_matches(&check->from, r)) {
        c->of[i].open = true;
        check_armed(m, i);
    }
}

static void on_order(struct machine *m, struct counts *c, uint32_t i, const struct record *r)
{
    const struct check *check = &machine_scenario(m)->checks[i];

    if (pattern_matches(&check->to, r)) {
        check_armed(m, i);
        if (!c->of[i].open)
            break_of_check(m, i, r->process, r->address, DETAIL_ORDER, 0, 0);
        c->of[i].open = false;
    }
    if (pattern_matches(&check->from, r))
        c->of[i].open = true;
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    const struct scenario *s = machine_scenario(m);

    for (uint32_t i = 0; i < s->check_count; i++) {
        if (s->checks[i].kind == CHECK_COUNT)
            on_count(m, state, i, r);
        else if (s->checks[i].kind == CHECK_ABSENT)
            on_absent(m, state, i, r);
        else if (s->checks[i].kind == CHECK_ORDER)
            on_order(m, state, i, r);
    }
}

static void start(struct machine *m, void *state)
{
    const struct scenario *s = machine_scenario(m);
    struct counts *c = state;

    for (uint32_t i = 0; i < s->check_count; i++) {
        bool at_once = s->checks[i].kind == CHECK_COUNT ||
                       (s->checks[i].kind == CHECK_ABSENT && s->checks[i].from.kind == 0);
        if (!judges(&s->checks[i]) || !at_once)
            continue;
        c->of[i].open = true;
        check_armed(m, i);
    }
}

static void at_end(struct machine *m, void *state)
{
    const struct scenario *s = machine_scenario(m);
    const struct counts *c = state;

    for (uint32_t i = 0; i < s->check_count; i++)
        if (s->checks[i].kind == CHECK_COUNT && c->of[i].matches < s->checks[i].min)
            break_of_check(m, i, PROCESS_NONE, 0, DETAIL_COUNT_LOW, c->of[i].matches,
                           s->checks[i].min);
}

const struct monitor monitor_count_checks = {
    .name = "count",
    .kinds = {UINT64_MAX, UINT64_MAX},
    .hears = hears,
    .state_size = sizeof(struct counts),
    .rules = KIND_BIT(RULE_COUNT) | KIND_BIT(RULE_ABSENT) | KIND_BIT(RULE_ORDER),
    .start = start,
    .on_record = on_record,
    .at_end = at_end,
};
