/* varied.c: see varied.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/varied.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static uint64_t name_of(const char *id)
{
    const char *at = strrchr(id, '@');
    size_t size = at ? (size_t)(at - id) : strlen(id);
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)id[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* The members of a file come one after another: what is known of the last file's is added up. */
static void close_file(struct varied *varied)
{
    for (uint32_t i = 0; i < varied->count; i++) {
        varied->seeded += varied->courses[i].seeded;
        varied->parted += varied->courses[i].parted;
    }
    varied->count = 0;
}

static void add_course(struct varied *varied, const struct scenario *s, const struct result *result)
{
    uint64_t name = name_of(s->id);
    for (uint32_t i = 0; i < varied->count; i++) {
        struct varied_course *course = &varied->courses[i];
        if (course->name != name)
            continue;
        course->seeded = true;
        course->parted |= course->trace_hash != result->trace_hash;
        return;
    }
    if (varied->count == varied->capacity) {
        varied->capacity = varied->capacity ? 2 * varied->capacity : 64;
        varied->courses = realloc(varied->courses, varied->capacity * sizeof(struct varied_course));
        if (!varied->courses)
            abort();
    }
    varied->courses[varied->count++] =
        (struct varied_course){.name = name, .trace_hash = result->trace_hash};
}

void varied_add(struct varied *varied, const struct scenario *s, const struct result *result)
{
    if (!result_judged(result))
        return;
    if (strcmp(varied->path, s->path) != 0) {
        close_file(varied);
        snprintf(varied->path, sizeof varied->path, "%s", s->path);
    }
    add_course(varied, s, result);
    if (!varied->runs || s->seed < varied->first_seed)
        varied->first_seed = s->seed;
    if (!varied->runs || s->seed > varied->last_seed)
        varied->last_seed = s->seed;
    varied->runs++;
    varied->with_phases += !s->board.hf_phase_given || !s->board.lf_phase_given;
    varied->with_devices += result->devices_drew;
    varied->with_apps += result->apps_drew;
}

void varied_print(struct varied *varied, FILE *out)
{
    close_file(varied);
    free(varied->courses);
    varied->courses = NULL;
    varied->capacity = 0;
    if (!varied->seeded)
        return;
    fprintf(
        out,
        "seeds (%" PRIu64 " to %" PRIu64 ") vary what RAM holds at first (%u runs), clocks' "
        "phases (%u), the draws of\ndevices (%u) and of apps' programs (%u); of %u member%s run "
        "with several, %u took more than one course\n\n",
        varied->first_seed, varied->last_seed, varied->runs, varied->with_phases,
        varied->with_devices, varied->with_apps, varied->seeded, varied->seeded == 1 ? "" : "s",
        varied->parted);
}
