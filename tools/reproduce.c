/* reproduce.c: see reproduce.h. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "tools/reproduce.h"

#include "sim/rules.h"
#include "tools/commands.h"
#include "tools/json_print.h"
#include "tools/text.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* --- the input ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum input_kind kind;
} texts[] = {
    {"mpu", INPUT_CALLS},
    {"start", INPUT_FIELDS},
    {"scenario", INPUT_SCENARIO},
    {"board", INPUT_BOARD},
};

/* `name` of `size` bytes. */
static bool target_named(const char *name, size_t size, struct input *input)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (strlen(texts[i].name) == size && memcmp(texts[i].name, name, size) == 0)
            input->kind = texts[i].kind;
    for (size_t i = 0; stage_targets[i]; i++) {
        if (strlen(stage_targets[i]->name) != size ||
            memcmp(stage_targets[i]->name, name, size) != 0)
            continue;
        input->kind = INPUT_TAPE;
        input->target = stage_targets[i];
    }
    return input->kind != INPUT_UNKNOWN;
}

/* The part of a path behind a word, up to one of `ends`. */
static bool target_behind(const char *path, const char *word, const char *ends, struct input *input)
{
    for (const char *at = strstr(path, word); at; at = strstr(at + 1, word)) {
        const char *name = at + strlen(word);
        bool begins = at == path || at[-1] == '/';
        if (begins && target_named(name, strcspn(name, ends), input))
            return true;
    }
    return false;
}

static bool target_by_path(const char *path, struct input *input)
{
    return target_behind(path, "found-", "-", input) ||
           target_behind(path, "corpus-", "/", input) ||
           target_behind(path, "corpus/", "/", input) ||
           target_behind(path, "regress/", "/", input);
}

static void list_targets(char *text, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; stage_targets[i]; i++)
        used += (size_t)snprintf(text + used, size - used, "%s, ", stage_targets[i]->name);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", texts[i].name);
}

static bool find_target(const struct usage *usage, const char *target, struct input *input)
{
    char list[256];
    if (target ? target_named(target, strlen(target), input) : target_by_path(input->path, input))
        return true;
    list_targets(list, sizeof list);
    if (target)
        options_error(usage, "no such target: %s: want one of %s", target, list);
    else
        options_error(usage,
                      "%s: neither its name (found-TARGET-...) nor its folder says which target it "
                      "is of: want --target, one of %s",
                      input->path, list);
    return false;
}

bool input_read(const struct usage *usage, const char *path, const char *target,
                struct input *input)
{
    *input = (struct input){.path = path};
    if (!find_target(usage, target, input))
        return false;
    FILE *file = fopen(path, "rb");
    int error = errno;
    input->bytes = malloc(INPUT_SIZE_MAX);
    if (!input->bytes)
        abort();
    if (file) {
        errno = 0;
        input->size = fread(input->bytes, 1, INPUT_SIZE_MAX, file);
        error = ferror(file) ? errno : 0;
        fclose(file);
    }
    if (file && !error && input->size < INPUT_SIZE_MAX)
        return true;
    options_error(usage, "%s: %s", path, error ? strerror(error) : "larger than any input");
    input_free(input);
    return false;
}

void input_free(struct input *input)
{
    free(input->bytes);
    input->bytes = NULL;
}

/* --- playing --------------------------------------------------------------------------------- */

static void play(const void *argument, int pipe)
{
    const struct reproduction *r = argument;
    struct finding finding;
    finding_of_stage(r->stage, stage_play(r->stage, &r->tape), &finding);
    isolate_write(pipe, &finding, sizeof finding);
}

/* What a child has noted must outlive its crash. */
static struct stage_log *shared_log(void)
{
    void *log = mmap(NULL, sizeof(struct stage_log), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return log == MAP_FAILED ? NULL : log;
}

bool reproduce_play(struct reproduction *r, const struct stage_target *target,
                    const struct tape *tape)
{
    struct problems problems = {0};
    r->target = target;
    r->tape = *tape;
    r->stage = stage_for(target, &r->stages, tape, &problems);
    if (!r->stage)
        problems_print(&problems);
    problems_free(&problems);
    if (!r->stage)
        return false;
    if (!r->log)
        r->log = shared_log();
    if (!r->log)
        abort();
    r->stage->log = r->log;
    finding_isolated(play, r, REPRODUCE_BUDGET_MS, &r->finding);
    stage_plan(r->stage, tape);
    return true;
}

void reproduce_free(struct reproduction *r)
{
    stage_set_free(&r->stages);
    if (r->log)
        munmap(r->log, sizeof *r->log);
    *r = (struct reproduction){0};
}

/* --- the scenario ---------------------------------------------------------------------------- */

/* Its text, whether it was there or not. */
static void put_text(cJSON *tree, const char *key, const char *text)
{
    cJSON *item = cJSON_CreateString(text);
    if (!item)
        abort();
    if (cJSON_GetObjectItemCaseSensitive(tree, key)) {
        cJSON_ReplaceItemInObjectCaseSensitive(tree, key, item);
        return;
    }
    if (!(item->string = strdup(key)) || !cJSON_InsertItemInArray(tree, 0, item))
        abort();
}

void reproduce_describe(struct cJSON *tree, const char *path, const struct stage_target *target,
                        const struct finding *f)
{
    char text[1024];
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (f->break_count) {
        char us[US_TEXT_MAX];
        snprintf(text, sizeof text, "The tape %s of target %s broke %s at %s us.", name,
                 target->name, finding_name(f), us_text(f->breaks[0].at_ps, us));
    } else {
        snprintf(text, sizeof text, "The tape %s of target %s: %s.", name, target->name,
                 finding_name(f));
    }
    put_text(tree, "comment", text);
    if (f->end == FINDING_NONE)
        snprintf(text, sizeof text, "What a tape did breaks no rule.");
    else if (f->end == FINDING_LEAK)
        snprintf(text, sizeof text,
                 "Nobody can tell what the secrets of %s are (postern noninterference); %s: %s.",
                 f->leak.secret, finding_name(f), f->text);
    else if (f->end == FINDING_BROKEN)
        snprintf(text, sizeof text, "No rule breaks; %s did: %s.", finding_name(f), f->text);
    else
        snprintf(text, sizeof text, "The simulator bears what a tape did; it did not: %s.",
                 f->place[0] ? f->place : f->text);
    put_text(tree, "claim", text);
}

struct cJSON *reproduce_tree(const struct reproduction *r, const char *path,
                             enum decode_names names)
{
    cJSON *tree = decode(r->stage, r->log, "What a tape did breaks no rule.", names);
    reproduce_describe(tree, path, r->target, &r->finding);
    return tree;
}

bool reproduce_write(const struct usage *usage, const char *path, const struct cJSON *tree)
{
    FILE *to = fopen(path, "w");
    if (to) {
        json_print(to, tree);
        bool good = !ferror(to);
        if ((fclose(to) == 0) & good)
            return true;
    }
    options_error(usage, "%s: %s", path, strerror(errno));
    return false;
}

/* What is run, and as what goes wrong how. */
struct task {
    const char *path;
    const struct finding *wanted;
};

static bool says_secrets(const struct scenario *s)
{
    for (uint32_t i = 0; i < s->app_count; i++)
        if (s->apps[i].secrets)
            return true;
    return false;
}

static void run_member(const struct scenario *s, const struct finding *wanted,
                       struct finding *finding)
{
    struct result *result = malloc(sizeof *result);
    if (!result)
        abort();
    if (wanted && wanted->of_pair) {
        finding_of_pairs(s, finding);
    } else {
        run_one(s, result);
        finding_of_result(s, result, finding);
    }
    if (!wanted && finding->end == FINDING_NONE && says_secrets(s))
        finding_of_pairs(s, finding);
    free(result);
}

static void run_file(const void *argument, int pipe)
{
    const struct task *task = argument;
    char path[SUITE_PATH_MAX], member[] = "";
    const struct suite_file file = {.path = path, .member = member};
    const struct suite_choice choice = {0};
    struct problems problems = {0};
    struct family family;
    struct finding finding = {.end = FINDING_BAD_INPUT};
    snprintf(path, sizeof path, "%s", task->path);
    if (suite_load(&file, &choice, &family, &problems) == 1)
        run_member(family.members[0], task->wanted, &finding);
    if (problems.text)
        snprintf(finding.text, sizeof finding.text, "%.*s", (int)strcspn(problems.text, "\n"),
                 problems.text);
    isolate_write(pipe, &finding, sizeof finding);
    family_free(&family);
    problems_free(&problems);
}

void reproduce_run(const char *path, const struct finding *wanted, struct finding *finding)
{
    const struct task task = {path, wanted};
    finding_isolated(run_file, &task, REPRODUCE_BUDGET_MS, finding);
}
