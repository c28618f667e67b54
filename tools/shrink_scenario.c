/* shrink_scenario.c: a scenario's tree made smaller. A candidate that the loader refuses has no
 * finding, so nothing here knows what may be left out but for the few words below.
 */
#define _POSIX_C_SOURCE 200809L

#include "tools/shrink.h"

#include "sim/trace.h"
#include "tools/catalogue.h"
#include "tools/suite.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBER_MAX = 4096 }; /* of one list or object that the loader takes, and more */

struct tree_shrinker {
    struct shrink *shrink;
    const char *path;
    cJSON *tree;
    struct board_cache boards;
    char more_boards[SUITE_PATH_MAX + 16];
    struct result result;
    bool asks_little; /* ask_for_little has done so */
    bool changed;
};

/* --- running --------------------------------------------------------------------------------- */

static bool load(struct tree_shrinker *t, struct family *family)
{
    const struct catalogue known = catalogue();
    const struct load_options options = {.boards_kept = &t->boards,
                                         .more_boards = *t->more_boards ? t->more_boards : NULL};
    struct problems problems = {0};
    char *text = cJSON_PrintUnformatted(t->tree);
    if (!text)
        abort();
    bool good =
        scenario_load_text(t->path, text, strlen(text), &known, &options, family, &problems);
    free(text);
    problems_free(&problems);
    return good && family->count == 1;
}

static void run(void *subject, struct finding *finding)
{
    struct tree_shrinker *t = subject;
    struct family family = {0};
    *finding = (struct finding){.end = FINDING_BAD_INPUT};
    bool good = load(t, &family), leaks = t->shrink->wanted.end == FINDING_LEAK;
    if (good && leaks) {
        finding_of_pairs(family.members[0], finding);
    } else if (good) {
        run_one(family.members[0], &t->result);
        finding_of_result(family.members[0], &t->result, finding);
    }
    family_free(&family);
}

static void run_in_child(const void *argument, int pipe)
{
    struct finding finding;
    run(*(struct tree_shrinker *const *)argument, &finding);
    isolate_write(pipe, &finding, sizeof finding);
}

static void run_isolated(void *subject, struct finding *finding)
{
    struct tree_shrinker *t = subject;
    finding_isolated(run_in_child, &t, SHRINK_RUN_MS, finding);
}

/* --- expectations ---------------------------------------------------------------------------- */

/* A scenario that expects nothing says nothing where it holds. If a rule breaks that needs no
 * asking, it is enough to ask for one that needs none either. */
static void ask_for_little(struct tree_shrinker *t)
{
    cJSON *expect = cJSON_CreateObject(), *absent = cJSON_CreateObject();
    cJSON *before = cJSON_GetObjectItemCaseSensitive(t->tree, "expect");
    if (!expect || !absent || !cJSON_AddStringToObject(absent, "event", "kernel-panic") ||
        !cJSON_AddItemToObject(expect, "absent", absent))
        abort();
    cJSON *kept = before ? cJSON_Duplicate(before, true) : NULL;
    cJSON *breaks = cJSON_DetachItemFromObjectCaseSensitive(before, "breaks");
    if (breaks)
        cJSON_AddItemToObject(expect, "breaks", breaks);
    if (before)
        cJSON_ReplaceItemInObjectCaseSensitive(t->tree, "expect", expect);
    else
        cJSON_AddItemToObject(t->tree, "expect", expect);
    t->asks_little = shrink_keeps(t->shrink);
    if (t->asks_little)
        cJSON_Delete(kept);
    else if (kept)
        cJSON_ReplaceItemInObjectCaseSensitive(t->tree, "expect", kept);
    else
        cJSON_DeleteItemFromObjectCaseSensitive(t->tree, "expect");
}

/* --- lists and members ----------------------------------------------------------------------- */

/* What stays, since nothing runs without it, or since it says what the rest is. "once" goes with
 * its steps: without it their faults would be judged. */
static bool stays(const struct tree_shrinker *t, const cJSON *member)
{
    static const char *const keys[] = {"comment", "claim",   "$schema",   "source",   "board",
                                       "name",    "once",    "until_us",  "until_ms", "seed",
                                       "program", "secrets", "declassify"};
    for (size_t i = 0; member->string && i < COUNT_OF(keys); i++)
        if (strcmp(member->string, keys[i]) == 0)
            return true;
    return member->string && t->asks_little &&
           (strcmp(member->string, "expect") == 0 || strcmp(member->string, "absent") == 0);
}

/* The children of a list or an object, as they are linked there now. */
struct members {
    cJSON *up;
    uint32_t count, taken_count;
    cJSON *items[MEMBER_MAX], *taken[MEMBER_MAX]; /* taken: by the last take, if it was kept */
    uint32_t from;                                /* of the last take */
};

/* A chain as cJSON has it: the first one's `prev` is the last one. */
static void relink(struct members *m)
{
    m->up->child = m->count ? m->items[0] : NULL;
    for (uint32_t i = 0; i < m->count; i++) {
        m->items[i]->next = i + 1 < m->count ? m->items[i + 1] : NULL;
        m->items[i]->prev = m->items[i > 0 ? i - 1 : m->count - 1];
    }
}

static void give_back_taken(struct members *m)
{
    for (uint32_t i = 0; i < m->taken_count; i++) {
        m->taken[i]->next = m->taken[i]->prev = NULL;
        cJSON_Delete(m->taken[i]);
    }
    m->taken_count = 0;
}

static struct members *members_of(cJSON *up)
{
    cJSON *member;
    struct members *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    m->up = up;
    cJSON_ArrayForEach(member, up)
    {
        if (m->count == MEMBER_MAX)
            abort(); /* the loader takes no such list */
        m->items[m->count++] = member;
    }
    return m;
}

static void members_free(struct members *m)
{
    give_back_taken(m);
    free(m);
}

static uint32_t member_count(const void *list)
{
    return ((const struct members *)list)->count;
}

static void take_members(void *list, uint32_t from, uint32_t count)
{
    struct members *m = list;
    give_back_taken(m);
    m->from = from;
    m->taken_count = count;
    memcpy(m->taken, &m->items[from], count * sizeof(cJSON *));
    memmove(&m->items[from], &m->items[from + count], (m->count - from - count) * sizeof(cJSON *));
    m->count -= count;
    relink(m);
}

static void put_members_back(void *list)
{
    struct members *m = list;
    memmove(&m->items[m->from + m->taken_count], &m->items[m->from],
            (m->count - m->from) * sizeof(cJSON *));
    memcpy(&m->items[m->from], m->taken, m->taken_count * sizeof(cJSON *));
    m->count += m->taken_count;
    m->taken_count = 0;
    relink(m);
}

static void shrink_array(struct tree_shrinker *t, cJSON *array)
{
    struct members *m = members_of(array);
    const struct shrink_list list = {m, member_count, take_members, put_members_back};
    t->changed |= shrink_list(t->shrink, &list);
    members_free(m);
}

static void shrink_object(struct tree_shrinker *t, cJSON *object)
{
    struct members *m = members_of(object);
    for (uint32_t i = m->count; i-- > 0;) {
        if (stays(t, m->items[i]))
            continue;
        take_members(m, i, 1);
        if (shrink_keeps(t->shrink))
            t->changed = true;
        else
            put_members_back(m);
    }
    members_free(m);
}

/* --- values ---------------------------------------------------------------------------------- */

/* Another value in the node's own place; what it had is put back unless the finding stays. */
static bool try_value(struct tree_shrinker *t, cJSON *node, cJSON *simpler)
{
    const cJSON before = *node;
    if (!simpler)
        abort();
    node->type = simpler->type;
    node->valuedouble = simpler->valuedouble;
    node->valueint = simpler->valueint;
    node->valuestring = simpler->valuestring;
    bool kept = shrink_keeps(t->shrink);
    simpler->valuestring = kept ? before.valuestring : node->valuestring;
    if (!kept)
        *node = before;
    cJSON_Delete(simpler);
    t->changed |= kept;
    return kept;
}

static bool try_number(struct tree_shrinker *t, cJSON *node, double value)
{
    if (cJSON_IsNumber(node) && node->valuedouble == value)
        return false;
    return try_value(t, node, cJSON_CreateNumber(value));
}

/* Whole numbers only. */
static double half_of(double value)
{
    int64_t half = (int64_t)value / 2;
    return (double)half;
}

static void shrink_number(struct tree_shrinker *t, cJSON *node)
{
    double whole = (double)(int64_t)node->valuedouble;
    if (node->valuedouble == 0 || try_number(t, node, 0) || node->valuedouble == 1 ||
        try_number(t, node, 1))
        return;
    (void)try_number(t, node, whole);
    while (node->valuedouble >= 4 && try_number(t, node, half_of(node->valuedouble)))
        ;
}

/* Any address or hex: 0. "app.ram+0x381": without what is added. */
static void shrink_text(struct tree_shrinker *t, cJSON *node)
{
    char base[64];
    const char *text = node->valuestring;
    size_t length = strcspn(text, "+-");
    bool hex = strncmp(text, "0x", 2) == 0;
    if ((hex || strchr(text, '.') || text[length]) && try_number(t, node, 0))
        return;
    if (!text[length] || length >= sizeof base)
        return;
    memcpy(base, text, length);
    base[length] = '\0';
    (void)try_value(t, node, cJSON_CreateString(base));
}

/* --- all of it ------------------------------------------------------------------------------- */

static void shrink_members(struct tree_shrinker *t, cJSON *node)
{
    if (cJSON_IsArray(node))
        shrink_array(t, node);
    else if (cJSON_IsObject(node))
        shrink_object(t, node);
    for (cJSON *member = node->child; member; member = member->next)
        shrink_members(t, member);
}

static void shrink_values(struct tree_shrinker *t, cJSON *up)
{
    cJSON *member;
    cJSON_ArrayForEach(member, up)
    {
        if (stays(t, member))
            continue;
        if (cJSON_IsNumber(member))
            shrink_number(t, member);
        else if (cJSON_IsString(member))
            shrink_text(t, member);
        else
            shrink_values(t, member);
    }
}

/* "until_us" in the place of either key. */
static bool try_time(struct tree_shrinker *t, cJSON *until, double us)
{
    char *before = until->string;
    double value = until->valuedouble;
    if (!(until->string = strdup("until_us")))
        abort();
    until->valuedouble = us;
    bool kept = shrink_keeps(t->shrink);
    free(kept ? before : until->string);
    t->changed |= kept;
    if (!kept) {
        until->string = before;
        until->valuedouble = value;
    }
    return kept;
}

/* The whole microsecond behind the break, if there is one; else halves. */
static void shrink_time(struct tree_shrinker *t)
{
    const struct finding *last = &t->shrink->last;
    cJSON *us = cJSON_GetObjectItemCaseSensitive(t->tree, "until_us");
    cJSON *ms = cJSON_GetObjectItemCaseSensitive(t->tree, "until_ms");
    cJSON *until = us ? us : ms;
    if (!until)
        return;
    double now = us ? us->valuedouble : ms->valuedouble * 1000;
    uint64_t behind_us = last->break_count ? last->breaks[0].at_ps / PS_PER_US + 1 : 0;
    double behind = (double)behind_us;
    if (behind > 0 && behind < now && try_time(t, until, behind))
        return;
    now = half_of(now);
    while (now >= 1 && try_time(t, until, now))
        now = half_of(now);
}

static void round_of(struct tree_shrinker *t)
{
    t->changed = false;
    shrink_time(t);
    shrink_members(t, t->tree);
    shrink_values(t, t->tree);
}

void shrink_scenario(struct shrink *shrink, const char *path, struct cJSON *tree)
{
    char folder[SUITE_PATH_MAX];
    struct tree_shrinker *t = calloc(1, sizeof *t);
    if (!t)
        abort();
    *t = (struct tree_shrinker){.shrink = shrink, .path = path, .tree = tree, .changed = true};
    if (suite_folder(folder))
        snprintf(t->more_boards, sizeof t->more_boards, "%s/boards", folder);
    shrink->run = shrink_isolates(shrink) ? run_isolated : run;
    shrink->subject = t;
    ask_for_little(t);
    while (t->changed && !shrink->ended_early)
        round_of(t);
    board_cache_free(&t->boards);
    free(t);
}

/* --- counting -------------------------------------------------------------------------------- */

/* Every element of a list of steps, at whatever depth. */
static uint32_t steps_below(const cJSON *node)
{
    static const char *const lists[] = {"steps", "else", "forever", "inject"};
    uint32_t count = 0;
    const cJSON *member;
    cJSON_ArrayForEach(member, node)
    {
        bool upcalls = node->string && strcmp(node->string, "upcalls") == 0;
        bool list = upcalls;
        for (size_t i = 0; member->string && i < COUNT_OF(lists); i++)
            list |= strcmp(member->string, lists[i]) == 0;
        if (list && cJSON_IsArray(member))
            count += (uint32_t)cJSON_GetArraySize(member);
        count += steps_below(member);
    }
    return count;
}

uint32_t scenario_operations(const struct cJSON *tree)
{
    return steps_below(tree);
}
