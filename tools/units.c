/* units.c: see units.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/units.h"

#include <stdlib.h>
#include <string.h>

/* --- shards ---------------------------------------------------------------------------------- */

static bool number_parse(const char *text, size_t size, uint32_t *number)
{
    *number = 0;
    if (size == 0 || size > 6 || strspn(text, "0123456789") < size)
        return false;
    for (size_t i = 0; i < size; i++)
        *number = *number * 10 + (uint32_t)(text[i] - '0');
    return true;
}

bool shard_parse(const char *text, struct shard *shard)
{
    size_t slash = strcspn(text, "/");
    *shard = (struct shard){0};
    return text[slash] && number_parse(text, slash, &shard->index) &&
           number_parse(text + slash + 1, strlen(text + slash + 1), &shard->of) && shard->index &&
           shard->index <= shard->of && shard->of <= SHARD_MAX;
}

/* FNV-1a, 64 bits; each text with its final NUL. */
static uint64_t list_add(uint64_t list, const char *text)
{
    for (;; text++) {
        list = (list ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
        if (!*text)
            return list;
    }
}

/* A file with its next seed; its last one: the next file is next. One that cannot be read has no
 * more seeds to try. */
static uint32_t load_next(struct units *units, const struct suite_file **file,
                          struct family *family, struct problems *problems)
{
    struct suite_choice choice = units->choice;
    *file = &units->suite.files[units->next_file];
    if (units->seed_count)
        choice.seed = (struct option_number){true, (choice.seed.given ? choice.seed.value : 1) +
                                                       units->next_seed};
    uint32_t wanted = suite_load(*file, &choice, family, problems);
    bool one = strchr((*file)->member, '@') != NULL; /* that has its seed already */
    if (++units->next_seed >= units->seed_count || one || problems->count) {
        units->next_seed = 0;
        units->next_file++;
    }
    return wanted;
}

static void count_next(struct units *units)
{
    struct family family;
    struct problems problems = {0};
    const struct suite_file *file;
    struct shard *shard = &units->shard;
    uint32_t wanted = load_next(units, &file, &family, &problems);
    for (uint32_t i = 0; i < wanted; i++)
        shard->list = list_add(shard->list, family.members[i]->id);
    if (problems.count)
        shard->list = list_add(shard->list, file->path);
    shard->total += problems.count ? 1 : wanted;
    problems_free(&problems);
    family_free(&family);
}

void units_count(struct units *units)
{
    struct shard *shard = &units->shard;
    shard->total = 0;
    shard->list = UINT64_C(0xcbf29ce484222325);
    while (units->next_file < units->suite.count)
        count_next(units);
    units->next_file = 0;
    shard->first = shard->of ? shard->total * (shard->index - 1) / shard->of : 0;
    shard->count = (shard->of ? shard->total * shard->index / shard->of : shard->total);
    shard->count -= shard->first;
}

/* --- one after another ----------------------------------------------------------------------- */

/* Gives out the next number; false: it is not the shard's. */
static bool take_number(struct units *units)
{
    uint64_t number = units->next++;
    return !units->shard.of || number - units->shard.first < units->shard.count;
}

/* True: the file cannot be read, and that is the unit. */
static bool load_next_file(struct units *units, struct unit *unit)
{
    struct problems problems = {0};
    struct loaded *loaded = calloc(1, sizeof *loaded);
    if (!loaded)
        abort();
    const struct suite_file *file;
    loaded->wanted = load_next(units, &file, &loaded->family, &problems);
    if (!problems.count && loaded->wanted) {
        units->current = loaded;
        return false;
    }
    family_free(&loaded->family);
    free(loaded);
    bool mine = problems.count && take_number(units);
    if (mine) {
        problems_print(&problems);
        *unit = (struct unit){.path = file->path, .complaints = problems.text};
        problems.text = NULL;
    }
    problems_free(&problems);
    return mine;
}

/* With the last of its members the family is given back. */
static void member_done(struct loaded *from)
{
    if (++from->done < from->wanted)
        return;
    family_free(&from->family);
    free(from);
}

static void take_member(struct units *units, struct unit *unit)
{
    struct loaded *from = units->current;
    *unit = (struct unit){.scenario = from->family.members[from->taken++], .from = from};
    if (from->taken == from->wanted)
        units->current = NULL;
}

bool units_next(struct units *units, struct unit *unit)
{
    for (;;) {
        while (!units->current) {
            if (units->next_file == units->suite.count)
                return false;
            if (load_next_file(units, unit))
                return true;
        }
        struct loaded *from = units->current;
        take_member(units, unit);
        if (take_number(units))
            return true;
        if (units->current)
            from->done++; /* more are to come: not the last */
        else
            member_done(from);
    }
}

void unit_done(struct unit *unit)
{
    free(unit->complaints);
    if (unit->from)
        member_done(unit->from);
}
