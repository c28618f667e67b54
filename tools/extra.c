/* extra.c: see extra.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/extra.h"

#include "tools/catalogue.h"
#include "tools/text.h"
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { PROGRAM_PATH_MAX = 4096 }; /* Linux's PATH_MAX */

/* The linker's names for the two ends of the section; without any row there is none. */
extern const struct extra *const __start_postern_extra[] __attribute__((weak));
extern const struct extra *const __stop_postern_extra[] __attribute__((weak));

const struct extra *const *extras_all(uint32_t *count)
{
    uintptr_t bytes = (uintptr_t)__stop_postern_extra - (uintptr_t)__start_postern_extra;
    *count = (uint32_t)(bytes / sizeof(const struct extra *));
    return __start_postern_extra;
}

/* Always false. */
static bool complain(const struct extra *extra, const char *name, const char *what)
{
    fprintf(stderr, "%s: error: \"%s\": %s\n", extra->file, name ? name : "", what);
    return false;
}

static const char *device_name(const struct extra *extra)
{
    return extra->device ? extra->device->name : NULL;
}

static const char *app_name(const struct extra *extra)
{
    return extra->app ? extra->app->name : NULL;
}

static const char *quiesce_name(const struct extra *extra)
{
    return extra->quiesce ? extra->quiesce->name : NULL;
}

static const char *filter_name(const struct extra *extra)
{
    return extra->filter ? extra->filter->name : NULL;
}

/* Of the extras before number `index`, one has that name. */
static bool is_taken(const struct catalogue *c, uint32_t index, const char *name,
                     const char *(*name_of)(const struct extra *))
{
    for (uint32_t i = 0; i < index; i++) {
        const char *other = name_of(c->extras[i]);
        if (other && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

/* NULL: nothing. */
static const char *reg_wrong(const struct device_type *type, uint32_t row)
{
    const struct reg *reg = &type->regs[row];
    if (!reg->name || !reg->name[0])
        return "want a name";
    if (reg->offset % 4)
        return "want an offset that is a multiple of 4";
    if (reg->offset >= type->window_size)
        return "it is past the window";
    if (row && reg->offset <= reg[-1].offset)
        return "want the rows in the order of their offsets";
    return reg->view > row ? "a view of a register before the first" : NULL;
}

static bool device_agrees(const struct catalogue *c, uint32_t index)
{
    const struct extra *extra = c->extras[index];
    const struct device_type *type = extra->device;
    bool taken = is_taken(c, index, type->name, device_name);
    for (uint32_t i = 0; i < c->device_count; i++)
        taken |= strcmp(c->devices[i]->name, type->name) == 0;
    if (taken)
        return complain(extra, type->name, "there is a device type of that name already");
    for (uint32_t row = 0; row < type->reg_count; row++) {
        const struct reg *reg = &type->regs[row];
        const char *wrong = reg_wrong(type, row);
        if (!wrong)
            continue;
        fprintf(stderr,
                "%s: error: \"%s\": row %" PRIu32 " of its registers, %s at 0x%03" PRIx32 ": %s\n",
                extra->file, type->name, row, reg->name ? reg->name : "no name", reg->offset,
                wrong);
        return false;
    }
    return true;
}

static bool app_agrees(const struct catalogue *c, uint32_t index)
{
    const struct extra *extra = c->extras[index];
    bool taken =
        strcmp(extra->app->name, "steps") == 0 || is_taken(c, index, extra->app->name, app_name);
    for (uint32_t i = 0; i < c->engine_count; i++)
        taken |= strcmp(c->engines[i]->name, extra->app->name) == 0;
    if (taken)
        return complain(extra, extra->app->name, "there is a program of that name already");
    if (!extra->app->start || !extra->app->upcall || !extra->app->next || !extra->app->about)
        return complain(extra, extra->app->name, "want about, start, upcall and next");
    return true;
}

static bool filter_agrees(const struct catalogue *c, uint32_t index)
{
    const struct extra *extra = c->extras[index];
    bool taken = is_taken(c, index, extra->filter->name, filter_name);
    for (uint32_t i = 0; i < c->filter_count; i++)
        taken |= strcmp(c->filters[i].name, extra->filter->name) == 0;
    if (taken)
        return complain(extra, extra->filter->name, "there is a filter of that name already");
    if (!extra->filter->function || !extra->filter->about)
        return complain(extra, extra->filter->name, "want a function and a line about it");
    return true;
}

/* A name of the tree's own is found first (sim/board_load.c), so it would never be used. */
static bool quiesce_agrees(const struct catalogue *c, uint32_t index)
{
    const struct extra *extra = c->extras[index];
    bool taken = is_taken(c, index, extra->quiesce->name, quiesce_name);
    const char *known;
    for (uint32_t i = 0; (known = board_quiesce_name(i)) != NULL; i++)
        taken |= strcmp(known, extra->quiesce->name) == 0;
    return !taken ||
           complain(extra, extra->quiesce->name, "there are quiesce steps of that name already");
}

static bool agrees(const struct catalogue *c, uint32_t index)
{
    const struct extra *extra = c->extras[index];
    const char *name = extra->device   ? device_name(extra)
                       : extra->app    ? app_name(extra)
                       : extra->filter ? filter_name(extra)
                                       : quiesce_name(extra);
    if (!name || !*name)
        return complain(extra, name, "it has no name");
    return extra->device   ? device_agrees(c, index)
           : extra->app    ? app_agrees(c, index)
           : extra->filter ? filter_agrees(c, index)
                           : quiesce_agrees(c, index);
}

bool extras_agree(void)
{
    const struct catalogue known = catalogue();
    bool good = true;
    for (uint32_t i = 0; i < known.extra_count; i++)
        good &= agrees(&known, i);
    return good;
}

/* Behind the folder that we are in, if the path goes through it. */
static const char *path_from_here(const char *path)
{
    char here[PROGRAM_PATH_MAX];
    size_t size = getcwd(here, sizeof here) ? strlen(here) : 0;
    return size && strncmp(path, here, size) == 0 && path[size] == '/' ? path + size + 1 : path;
}

void program_write(FILE *to)
{
    char path[PROGRAM_PATH_MAX];
    uint32_t count;
    (void)extras_all(&count);
    ssize_t size = count ? readlink("/proc/self/exe", path, sizeof path - 1) : 0;
    path[size > 0 ? size : 0] = '\0';
    shell_write_word(to, size > 0 ? path_from_here(path) : "postern");
}
