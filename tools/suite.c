/* suite.c: see suite.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/suite.h"

#include "tools/catalogue.h"
#include "tools/text.h"
#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* Out of host memory: nothing to go on with. */
static void *must(void *memory)
{
    if (memory)
        return memory;
    fputs("postern: error: out of memory\n", stderr);
    exit(3);
}

/* --- the folder of scenarios ----------------------------------------------------------------- */

/* Cuts the last name off a path; false: there is none. */
static bool cut_name(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

static bool folder_below(const char *folder, const char *name, char path[SUITE_PATH_MAX])
{
    int written = snprintf(path, SUITE_PATH_MAX, "%s/%s", folder, name);
    return written < SUITE_PATH_MAX && is_folder(path);
}

/* In a folder above the binary, as in a source tree, or where it is installed. */
static bool folder_near_binary(char path[SUITE_PATH_MAX])
{
    char binary[SUITE_PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", binary, sizeof binary - 1);
    if (size <= 0)
        return false;
    binary[size] = '\0';
    while (cut_name(binary))
        if (folder_below(binary, "scenarios", path) ||
            folder_below(binary, "share/postern/scenarios", path))
            return true;
    return false;
}

bool suite_folder(char path[SUITE_PATH_MAX])
{
    snprintf(path, SUITE_PATH_MAX, "scenarios");
    return is_folder(path) || folder_near_binary(path);
}

bool suite_find(const char *name, char path[SUITE_PATH_MAX])
{
    char folder[SUITE_PATH_MAX];
    int size = snprintf(path, SUITE_PATH_MAX, "scenarios/%s", name);
    if (size < SUITE_PATH_MAX && is_file(path))
        return true;
    if (!folder_near_binary(folder))
        return false;
    size = snprintf(path, SUITE_PATH_MAX, "%s/%s", folder, name);
    return size < SUITE_PATH_MAX && is_file(path);
}

/* --- collecting ------------------------------------------------------------------------------ */

static void add(struct suite *suite, const char *path, const char *member)
{
    for (size_t i = 0; i < suite->count; i++)
        if (strcmp(suite->files[i].path, path) == 0 && strcmp(suite->files[i].member, member) == 0)
            return; /* named twice, counted once */
    if (suite->count == suite->capacity) {
        suite->capacity = suite->capacity * 2 + 64;
        suite->files = must(realloc(suite->files, suite->capacity * sizeof suite->files[0]));
    }
    suite->files[suite->count++] = (struct suite_file){must(strdup(path)), must(strdup(member))};
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

bool suite_is_board(const char *path)
{
    const char *name = strrchr(path, '/');
    size_t folder = name ? (size_t)(name - path) : 0;
    return (folder == 6 && strncmp(path, "boards", 6) == 0) ||
           (folder > 6 && strncmp(path + folder - 7, "/boards", 7) == 0);
}

/* False: nothing stands there. What is in the suite already is not taken twice. */
static bool add_folder(struct suite *suite, const char *folder, bool boards_too)
{
    struct dirent **entries;
    bool holds = false;
    int count = scandir(folder, &entries, not_hidden, by_name);
    for (int i = 0; i < count; i++) {
        char path[SUITE_PATH_MAX];
        const char *name = entries[i]->d_name;
        int size = snprintf(path, sizeof path, "%s/%s", folder, name);
        if (size >= (int)sizeof path) {
            fprintf(stderr, "%s/%s: error: the path is too long, left out\n", folder, name);
        } else if (is_folder(path) && (boards_too || strcmp(name, "boards") != 0)) {
            holds |= add_folder(suite, path, boards_too);
        } else if (ends_with(name, ".json") && !ends_with(name, ".schema.json") && is_file(path) &&
                   (boards_too || !suite_is_board(path))) {
            add(suite, path, "");
            holds = true;
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return holds;
}

/* --- arguments ------------------------------------------------------------------------------- */

/* Where "#key=value@seed" begins: at the first '#', else at the last '@', else at the end. */
static size_t member_at(const char *argument)
{
    size_t size = strcspn(argument, "#");
    const char *seed = strrchr(argument, '@');
    return argument[size] || !seed ? size : (size_t)(seed - argument);
}

/* A file with or without a member behind it, or an id. */
static bool add_file(struct suite *suite, const char *argument)
{
    char path[SUITE_PATH_MAX], folder[SUITE_PATH_MAX];
    size_t at = member_at(argument);
    if (is_file(argument)) {
        add(suite, argument, "");
        return true;
    }
    int size = snprintf(path, sizeof path, "%.*s", (int)at, argument);
    if (size < (int)sizeof path && is_file(path)) {
        add(suite, path, argument + at);
        return true;
    }
    if (!suite_folder(folder))
        return false;
    size = snprintf(path, sizeof path, "%s/%.*s.json", folder, (int)at, argument);
    if (size >= (int)sizeof path || !is_file(path))
        return false;
    add(suite, path, argument + at);
    return true;
}

void suite_base(const char *path, char base[SCENARIO_ID_MAX])
{
    const char *name = strrchr(path, '/');
    const char *folder = name;
    while (folder && folder > path && folder[-1] != '/')
        folder--;
    const char *from = folder ? folder : path;
    size_t size = strlen(from) - (ends_with(from, ".json") ? 5 : 0);
    snprintf(base, SCENARIO_ID_MAX, "%.*s", (int)size, from);
}

/* A name that may be meant, kept in `best` if it is the nearest so far. */
static void offer(struct nearest *nearest, const char *name, char best[SCENARIO_ID_MAX])
{
    nearest_offer(nearest, name);
    if (nearest->best != name)
        return;
    snprintf(best, SCENARIO_ID_MAX, "%s", name);
    nearest->best = best;
}

enum { PARTIAL_MAX = 3 }; /* names of a hint */

/* Adds an id with the wanted part in it to the hint: ` (did you mean "x", "y"`, still open. */
static void offer_partial(char *hint, size_t size, const char *wanted, const char *base,
                          uint32_t *count)
{
    size_t used = strlen(hint);
    if (strlen(wanted) < 3 || !strstr(base, wanted) || (*count)++ >= PARTIAL_MAX)
        return;
    snprintf(hint + used, size - used, "%s\"%s\"", *count > 1 ? ", " : " (did you mean ", base);
}

static void close_partial(char *hint, size_t size, uint32_t count)
{
    size_t used = strlen(hint);
    if (count > PARTIAL_MAX)
        snprintf(hint + used, size - used, " or %u more?)", count - PARTIAL_MAX);
    else if (count)
        snprintf(hint + used, size - used, "?)");
}

/* Always false. */
static bool not_there(const struct usage *usage, const char *argument)
{
    char folder[SUITE_PATH_MAX], base[SCENARIO_ID_MAX], wanted[SCENARIO_ID_MAX], hint[320];
    char best[SCENARIO_ID_MAX] = "", partial[(PARTIAL_MAX + 1) * SCENARIO_ID_MAX] = "";
    uint32_t partials = 0;
    struct suite all = {0};
    snprintf(wanted, sizeof wanted, "%.*s", (int)member_at(argument), argument);
    if (ends_with(wanted, ".json"))
        suite_base(argument, wanted);
    struct nearest nearest = nearest_to(wanted);
    if (suite_folder(folder))
        add_folder(&all, folder, true);
    for (size_t i = 0; i < all.count; i++) {
        suite_base(all.files[i].path, base);
        offer(&nearest, base, best);
        offer_partial(partial, sizeof partial, wanted, base, &partials);
        base[strcspn(base, "/")] = '\0';
        offer(&nearest, base, best);
    }
    for (size_t i = 0; usage->words && usage->words[i]; i++)
        offer(&nearest, usage->words[i], best);
    close_partial(partial, sizeof partial, partials);
    bool by_part = partials && (!nearest.best || strchr(wanted, '/'));
    options_error(usage, "no such file, folder or scenario: %s%s", argument,
                  by_part ? partial : nearest_text(&nearest, hint, sizeof hint));
    suite_free(&all);
    return false;
}

static bool is_a_board(const struct usage *usage, const char *path)
{
    options_error(usage, "%s is a board, not a scenario: `postern check` reads boards", path);
    return false;
}

/* A folder by its path, or as ids begin: "passthrough". */
static bool find_folder(const char *argument, char path[SUITE_PATH_MAX])
{
    char folder[SUITE_PATH_MAX];
    size_t size = strlen(argument);
    while (size > 1 && argument[size - 1] == '/')
        size--;
    if (snprintf(path, SUITE_PATH_MAX, "%.*s", (int)size, argument) >= SUITE_PATH_MAX)
        return false;
    if (is_folder(path))
        return true;
    return !is_file(argument) && suite_folder(folder) &&
           snprintf(path, SUITE_PATH_MAX, "%s/%.*s", folder, (int)size, argument) <
               SUITE_PATH_MAX &&
           is_folder(path);
}

static bool add_argument(struct suite *suite, const struct usage *usage, const char *argument,
                         bool boards_too)
{
    char path[SUITE_PATH_MAX];
    if (!find_folder(argument, path)) {
        if (!add_file(suite, argument))
            return not_there(usage, argument);
        return boards_too || !suite_is_board(argument) || is_a_board(usage, argument);
    }
    if (add_folder(suite, path, boards_too))
        return true;
    options_error(usage, "no scenario stands below %s", argument);
    return false;
}

bool suite_collect(struct suite *suite, const struct usage *usage,
                   const struct arguments *arguments, bool boards_too)
{
    char folder[SUITE_PATH_MAX];
    bool all_there = true;
    *suite = (struct suite){0};
    for (int i = 0; i < arguments->count; i++)
        all_there &= add_argument(suite, usage, arguments->at[i], boards_too);
    if (arguments->count > 0)
        return all_there;
    if (suite_folder(folder))
        return add_argument(suite, usage, folder, boards_too);
    options_error(usage, "no folder scenarios/ is here or near the program: name a file or folder");
    return false;
}

void suite_free(struct suite *suite)
{
    for (size_t i = 0; i < suite->count; i++) {
        free(suite->files[i].path);
        free(suite->files[i].member);
    }
    free(suite->files);
    *suite = (struct suite){0};
}

/* --- members --------------------------------------------------------------------------------- */

static bool matches_filter(const char *id, const char *filter)
{
    if (!filter)
        return true;
    return filter[strcspn(filter, "*?[")] ? fnmatch(filter, id, 0) == 0
                                          : strstr(id, filter) != NULL;
}

/* "#key=value@7" asks for that member, "#key=value" for it with each seed; "": all. */
static bool matches_member(const char *id, const char *member)
{
    const char *own = id + member_at(id);
    size_t size = strlen(member);
    return strncmp(own, member, size) == 0 && (!own[size] || own[size] == '@' || size == 0);
}

/* The seed that a member's name ends with. */
static void member_seed(const char *member, struct option_number *seed)
{
    const char *at = strrchr(member, '@');
    char *end;
    if (!at || !at[1])
        return;
    seed->value = strtoull(at + 1, &end, 10);
    seed->given = !*end;
}

static uint32_t wanted_first(struct family *family, const struct suite_file *file,
                             const struct suite_choice *choice)
{
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < family->count; i++) {
        struct scenario *member = family->members[i];
        if (!matches_member(member->id, file->member) ||
            !matches_filter(member->id, choice->filter))
            continue;
        family->members[i] = family->members[wanted];
        family->members[wanted++] = member;
    }
    return wanted;
}

static void no_such_member(const struct suite_file *file, const struct family *family,
                           struct problems *problems)
{
    char hint[320];
    struct nearest nearest = nearest_to(file->member);
    for (uint32_t i = 0; i < family->count; i++)
        nearest_offer(&nearest, family->members[i]->id + member_at(family->members[i]->id));
    problem_add(problems, "%s: error: no member \"%s\"%s", file->path, file->member,
                nearest_text(&nearest, hint, sizeof hint));
}

uint32_t suite_load(const struct suite_file *file, const struct suite_choice *choice,
                    struct family *family, struct problems *problems)
{
    struct option_number seed = choice->seed;
    member_seed(file->member, &seed);
    char folder[SUITE_PATH_MAX], boards[SUITE_PATH_MAX + 16] = "";
    if (suite_folder(folder))
        snprintf(boards, sizeof boards, "%s/boards", folder);
    struct load_options options = {.seed_given = seed.given,
                                   .seed = seed.value,
                                   .overrides = choice->overrides,
                                   .override_count = choice->override_count,
                                   .boards_kept = choice->boards_kept,
                                   .more_boards = *boards ? boards : NULL};
    *family = (struct family){0};
    const struct catalogue known = catalogue();
    if (!scenario_load(file->path, &known, &options, family, problems))
        return 0;
    uint32_t wanted = wanted_first(family, file, choice);
    if (!wanted && *file->member && !choice->filter)
        no_such_member(file, family, problems);
    return wanted;
}

void problems_print(const struct problems *problems)
{
    fflush(stdout);
    if (!problems->count)
        return;
    fputs(problems->text, stderr);
    if (problems->count > JSON_PROBLEM_MAX)
        fprintf(stderr, "and %u errors more\n", problems->count - JSON_PROBLEM_MAX);
}

void suite_write_name(FILE *to, const struct scenario *scenario)
{
    char folder[SUITE_PATH_MAX], path[SUITE_PATH_MAX];
    size_t at = member_at(scenario->id);
    bool by_id = suite_folder(folder) &&
                 snprintf(path, sizeof path, "%s/%.*s.json", folder, (int)at, scenario->id) <
                     (int)sizeof path &&
                 strcmp(path, scenario->path) == 0;
    snprintf(path, sizeof path, "%s%s", by_id ? "" : scenario->path,
             by_id ? scenario->id : scenario->id + at);
    shell_write_word(to, path);
}
