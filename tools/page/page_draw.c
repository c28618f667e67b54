/* page_draw.c: runs made again, and their pictures. See page.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/page/page.h"

#include "tools/isolate.h"
#include "tools/suite.h"
#include "tools/text.h"
#include "tools/view/viewer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 1280, HEIGHT = 800, AT_ONCE_MAX = 64 };

/* --- in the child: the run and its picture ---------------------------------------------------- */

struct task {
    const struct page_run *run;
    const struct page_claim *claim;
};

/* What goes through the pipe; behind it come the shapes, then the strings. */
struct drawn {
    char why[RESULT_TEXT_MAX]; /* not empty: there is no picture, since ... */
    char label[PAGE_LABEL_MAX], command[PAGE_LABEL_MAX];
    int width, height;
    uint32_t count, string_size;
};

static void send(int pipe, const struct drawn *drawn, const struct picture *picture)
{
    isolate_write(pipe, drawn, sizeof *drawn);
    if (!picture)
        return;
    isolate_write(pipe, picture->shapes, picture->count * sizeof picture->shapes[0]);
    isolate_write(pipe, picture->strings, picture->string_size);
}

static const char *first_line(char *text)
{
    text[strcspn(text, "\n")] = '\0';
    return text;
}

/* "postern map a/b@1 --at 5.000" */
static void name_command(const struct scenario *scenario, const char *us, struct drawn *drawn)
{
    FILE *to = fmemopen(drawn->command, sizeof drawn->command, "w");
    if (!to)
        abort();
    fputs("postern map ", to);
    suite_write_name(to, scenario);
    fprintf(to, " --at %s", us);
    fclose(to);
}

/* Goes where there is something to be seen, and says in words where that is. */
static const char *go_to_opening(struct viewer *viewer)
{
    const struct replay *replay = viewer->replay;
    const struct replay_mark *runs = replay_next(replay, 0, UINT32_C(1) << MARK_SWITCH);
    if (replay_next(replay, 0, UINT32_C(1) << MARK_BREAK)) {
        (void)viewer_key(viewer, "f"); /* and whose it was */
        return "where a rule first breaks";
    }
    if (replay->step)
        return "behind the first grant of a window";
    if (runs)
        viewer_go(viewer, runs->step);
    return runs ? "where an app first runs" : "its start";
}

static void open_and_name(struct viewer *viewer, const struct task *task, struct drawn *drawn)
{
    char us[US_TEXT_MAX];
    const char *where = go_to_opening(viewer);
    viewer_say(viewer, "%s", task->run->line.id);
    (void)viewer_picture(viewer);
    us_text(viewer->moment->at_ps, us);
    snprintf(drawn->label, sizeof drawn->label, "Map and time line of %s at %s us, %s",
             task->run->line.id, us, where);
    name_command(viewer->replay->scenario, us, drawn);
}

static void draw(const struct task *task, const struct scenario *scenario, int pipe)
{
    struct result result = {0};
    struct drawn drawn = {0};
    struct viewer *viewer = viewer_open(scenario, NULL, WIDTH, HEIGHT, THEME_LIGHT, &result);
    char hash[20];
    snprintf(hash, sizeof hash, "%016" PRIx64, result.trace_hash);
    if (!viewer)
        snprintf(drawn.why, sizeof drawn.why, "it could not be run again: %.300s", result.trouble);
    else if (strcmp(hash, task->run->line.trace_hash) != 0)
        snprintf(drawn.why, sizeof drawn.why,
                 "run again, it gave another trace (%s) than the results have (%.16s): another "
                 "version of the scenario, its board or the program",
                 hash, task->run->line.trace_hash);
    if (!viewer || *drawn.why) {
        send(pipe, &drawn, NULL);
        return;
    }
    open_and_name(viewer, task, &drawn);
    const struct picture *picture = viewer_picture(viewer);
    drawn.width = picture->width;
    drawn.height = picture->height;
    drawn.count = picture->count;
    drawn.string_size = picture->string_size;
    send(pipe, &drawn, picture);
}

static void draw_run(const void *argument, int pipe)
{
    const struct task *task = argument;
    struct family family = {0};
    struct problems problems = {0};
    struct drawn drawn = {0};
    char path[SUITE_PATH_MAX], member[SCENARIO_ID_MAX];
    const char *id = task->run->line.id;
    snprintf(path, sizeof path, "%s", task->claim->path);
    snprintf(member, sizeof member, "%s", id + strcspn(id, "#@"));
    const struct suite_file file = {path, member};
    uint32_t wanted = suite_load(&file, &(const struct suite_choice){0}, &family, &problems);
    if (wanted) {
        draw(task, family.members[0], pipe);
        isolate_leave(0); /* the system gives back what all this took */
    }
    snprintf(drawn.why, sizeof drawn.why, "its file could not be read again: %.300s",
             problems.text ? first_line(problems.text) : "no such member");
    send(pipe, &drawn, NULL);
    isolate_leave(0);
}

/* --- what is wanted --------------------------------------------------------------------------- */

static bool is_wanted(const struct page *page, const struct page_claim *claim)
{
    switch (page->wanted) {
    case PICTURES_AUTO:
        return page->claim_count <= PAGE_ALL_MAX || claim->failed || claim->claimed;
    case PICTURES_FAILED:
        return claim->failed;
    case PICTURES_ALL:
        return true;
    case PICTURES_NONE:
        break;
    }
    return false;
}

static void choose(struct page *page)
{
    page->pictures = calloc(page->claim_count + 1, sizeof *page->pictures);
    if (!page->pictures)
        abort();
    for (uint32_t i = 0; i < page->claim_count; i++) {
        struct page_claim *claim = &page->claims[i];
        uint32_t run = claim->first;
        if (!is_wanted(page, claim) || page->runs[run].line.unreadable)
            continue;
        while (claim->failed && page->runs[run].line.outcome == OUTCOME_HOLDS)
            run++;
        claim->picture = page->picture_count++;
        page->pictures[claim->picture].run = run;
    }
}

/* --- the processes ---------------------------------------------------------------------------- */

/* A run without a trace has nothing to show. */
static bool can_run(struct page_picture *picture, const struct result_line *line)
{
    if (!*line->trace_hash)
        snprintf(picture->why, sizeof picture->why, "the run was not judged (%s)",
                 line->outcome_name);
    return *line->trace_hash;
}

static void take_picture(struct picture *p, const struct drawn *drawn, const char *bytes)
{
    size_t shapes = drawn->count * sizeof p->shapes[0];
    p->width = drawn->width;
    p->height = drawn->height;
    p->shapes = malloc(shapes + 1);
    p->strings = malloc(drawn->string_size + 1);
    if (!p->shapes || !p->strings)
        abort();
    memcpy(p->shapes, bytes, shapes);
    memcpy(p->strings, bytes + shapes, drawn->string_size);
    p->count = p->capacity = drawn->count;
    p->string_size = p->string_capacity = drawn->string_size;
}

static void take_result(struct page_picture *picture, const struct isolated *child)
{
    struct drawn drawn;
    if (child->end != ISOLATE_DONE || child->size < sizeof drawn) {
        char text[ISOLATE_TEXT_MAX];
        snprintf(picture->why, sizeof picture->why, "run again: %s", isolate_text(child, text));
        return;
    }
    memcpy(&drawn, child->bytes, sizeof drawn);
    memcpy(picture->why, drawn.why, sizeof drawn.why);
    memcpy(picture->label, drawn.label, sizeof drawn.label);
    memcpy(picture->command, drawn.command, sizeof drawn.command);
    if (!*drawn.why)
        take_picture(&picture->picture, &drawn, child->bytes + sizeof drawn);
}

/* Processes that draw, each a picture. */
struct hands {
    struct isolated children[AT_ONCE_MAX];
    struct task tasks[AT_ONCE_MAX];
    uint32_t pictures[AT_ONCE_MAX]; /* PAGE_NONE: it rests */
    size_t count;
};

static void start(struct page *page, struct hands *hands, size_t hand, uint32_t *next)
{
    while (*next < page->picture_count) {
        uint32_t number = (*next)++;
        const struct page_run *run = &page->runs[page->pictures[number].run];
        if (!can_run(&page->pictures[number], &run->line))
            continue;
        hands->pictures[hand] = number;
        hands->tasks[hand] = (struct task){run, &page->claims[run->claim]};
        isolate_start(&hands->children[hand], draw_run, &hands->tasks[hand], PAGE_BUDGET_MS);
        return;
    }
}

/* False: all rest. */
static bool look_at_hands(struct page *page, struct hands *hands)
{
    struct isolated *running[AT_ONCE_MAX];
    size_t count = 0;
    for (size_t i = 0; i < hands->count; i++) {
        struct isolated *child = &hands->children[i];
        if (hands->pictures[i] == PAGE_NONE)
            continue;
        if (child->end == ISOLATE_RUNS) {
            running[count++] = child;
            continue;
        }
        take_result(&page->pictures[hands->pictures[i]], child);
        isolate_free(child);
        hands->pictures[i] = PAGE_NONE;
        return true;
    }
    if (count)
        isolate_wait(running, count);
    return count > 0;
}

static void draw_all(struct page *page, size_t at_once)
{
    struct hands *hands = calloc(1, sizeof *hands);
    uint32_t next = 0;
    if (!hands)
        abort();
    hands->count = at_once < AT_ONCE_MAX ? at_once : AT_ONCE_MAX;
    for (size_t i = 0; i < hands->count; i++)
        hands->pictures[i] = PAGE_NONE;
    do {
        for (size_t i = 0; i < hands->count; i++)
            if (hands->pictures[i] == PAGE_NONE)
                start(page, hands, i, &next);
    } while (look_at_hands(page, hands) || next < page->picture_count);
    free(hands);
}

/* --- into the pools --------------------------------------------------------------------------- */

static uint32_t pool_shape(struct page *page, const struct picture *p, const struct shape *s)
{
    char text[160];
    uint32_t words =
        s->kind == SHAPE_TEXT ? pool_add(&page->strings, picture_string(p, s->text)) : 0;
    uint32_t tip = s->tip ? pool_add(&page->strings, picture_string(p, s->tip)) : 0;
    snprintf(text, sizeof text, "%u,%u,%d,%d,%d,%d,%u,%" PRIu32 ",%" PRIu32, s->kind, s->role,
             s->place.x, s->place.y, s->place.w, s->place.h, s->stroke, words, tip);
    return pool_add(&page->shapes, text);
}

/* "[1280,800,first,how many,...]" */
static void pool_picture(struct page *page, const struct picture *p, FILE *to)
{
    uint32_t first = 0, count = 0;
    fprintf(to, "[%d,%d", p->width, p->height);
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t number = pool_shape(page, p, &p->shapes[i]);
        if (count && number == first + count) {
            count++;
            continue;
        }
        if (count)
            fprintf(to, ",%" PRIu32 ",%" PRIu32, first, count);
        first = number;
        count = 1;
    }
    fprintf(to, ",%" PRIu32 ",%" PRIu32 "]", first, count);
}

static void pool_all(struct page *page)
{
    uint32_t kept = 0, number = 0;
    FILE *to = open_memstream(&page->indexes, &page->indexes_size);
    if (!to)
        abort();
    (void)pool_add(&page->strings, ""); /* 0: none */
    for (uint32_t i = 0; i < page->picture_count; i++) {
        struct page_picture *picture = &page->pictures[i];
        if (*picture->why)
            continue;
        page->drawn++;
        picture_hatches_add(&page->hatches, &picture->picture);
        picture->stays =
            page->runs[picture->run].line.outcome != OUTCOME_HOLDS && kept < PAGE_INLINE_MAX;
        kept += picture->stays;
        if (picture->stays)
            continue;
        picture->number = number++;
        fputs(picture->number ? ",\n" : "", to);
        pool_picture(page, &picture->picture, to);
        picture_free(&picture->picture);
        picture->picture = (struct picture){0};
    }
    if (fclose(to) != 0)
        abort();
}

void page_draw(struct page *page, size_t at_once)
{
    choose(page);
    draw_all(page, at_once);
    pool_all(page);
}
