/* view_goals.c: goals about seeing: a frame of the map, jumping about in a long run. */
#define _GNU_SOURCE

#include "tools/bench/bench.h"
#include "tools/suite.h"
#include "tools/view/picture_raster.h"
#include "tools/view/viewer.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WIDTH = 1280, HEIGHT = 800, BYTES = 3, JUMPS = 200 };

static const struct usage usage = {.command = "bench"};

static const struct scenario *load(const struct bench *b, const char *name, struct family *family)
{
    char path[512], *paths[] = {path};
    const struct arguments arguments = {.count = 1, .at = paths};
    struct suite suite = {0};
    struct problems problems = {0};
    struct suite_choice any = {0};
    snprintf(path, sizeof path, "%s/%s", b->scenarios, name);
    if (!suite_collect(&suite, &usage, &arguments, false) ||
        suite_load(&suite.files[0], &any, family, &problems) == 0)
        bench_fail("a scenario of the viewer's is refused");
    suite_free(&suite);
    return family->members[0];
}

/* ---- a frame */

struct frame {
    struct viewer *viewer;
    struct font *font;
    uint8_t *pixels;
};

/* Each at another moment, as when a key is held down: laid out and drawn anew. */
static uint64_t draw_frames(void *state, uint64_t rounds)
{
    const struct frame *frame = state;
    uint64_t half = frame->viewer->replay->step_count / 2;
    for (uint64_t i = 0; i < rounds; i++) {
        viewer_go(frame->viewer, half + i % half);
        picture_raster(viewer_picture(frame->viewer), frame->font, frame->pixels);
        bench_consume(frame->pixels[0]);
    }
    return rounds;
}

static void fill_bare(uint8_t *pixels, struct place p, uint32_t color)
{
    for (int y = p.y; y < p.y + p.h; y++) {
        uint8_t *at = pixels + ((size_t)y * WIDTH + (size_t)p.x) * BYTES;
        for (int x = 0; x < p.w; x++, at += BYTES) {
            at[0] = (uint8_t)(color >> 16);
            at[1] = (uint8_t)(color >> 8);
            at[2] = (uint8_t)color;
        }
    }
}

static uint32_t mixed(uint32_t grey, uint32_t under, uint32_t ink)
{
    return under + (ink - under) * grey / 255;
}

/* Characters as half of their cells, each pixel mixed with what lies below. */
static void text_bare(uint8_t *pixels, struct place p)
{
    for (int y = p.y + p.h / 4; y < p.y + p.h * 3 / 4; y++) {
        uint8_t *at = pixels + ((size_t)y * WIDTH + (size_t)p.x) * BYTES;
        for (int x = 0; x < p.w * BYTES; x++)
            at[x] = (uint8_t)mixed((uint32_t)x & 0xff, at[x], 230);
    }
}

/* What a frame is at least: the shapes of one, laid out before, as bare rectangles and cells. */
static uint64_t draw_bare(void *state, uint64_t rounds)
{
    const struct frame *frame = state;
    const struct picture *picture = &frame->viewer->picture;
    const struct place all = {0, 0, WIDTH, HEIGHT};
    for (uint64_t i = 0; i < rounds; i++) {
        fill_bare(frame->pixels, all, 0x181a1f);
        for (uint32_t s = 0; s < picture->count; s++) {
            const struct shape *shape = &picture->shapes[s];
            if (shape->kind == SHAPE_FILL || shape->kind == SHAPE_HATCH)
                fill_bare(frame->pixels, shape->place, shape->role);
            else if (shape->kind == SHAPE_TEXT)
                text_bare(frame->pixels, shape->place);
        }
        bench_consume(frame->pixels[0]);
    }
    return rounds;
}

void measure_frame(const struct bench *b, struct figure *f)
{
    struct family family = {0};
    struct result result;
    char why[FONT_WHY_MAX];
    struct frame frame = {.font = font_open(NULL, why)};
    if (!frame.font) {
        figure_cannot(f, "%.100s", why);
        return;
    }
    frame.viewer = viewer_open(load(b, "passthrough/lent_timer_reaches_its_app.json", &family),
                               NULL, WIDTH, HEIGHT, THEME_DARK, &result);
    frame.pixels = bench_take((size_t)WIDTH * HEIGHT, BYTES);
    if (!frame.viewer)
        bench_fail("the viewer does not open");
    viewer_picture(frame.viewer);
    measure_ratio(b, f, (struct work){draw_frames, &frame, false},
                  (struct work){draw_bare, &frame, false});
    viewer_free(frame.viewer);
    font_free(frame.font);
    free(frame.pixels);
    family_free(&family);
}

/* ---- a long run */

#define LONG_RUN "timing/slices_are_shared_evenly_with_a_caller.json"

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The worst of some jumps, since people feel that one. */
void measure_jump(const struct bench *b, struct figure *f)
{
    struct family family = {0};
    struct result result;
    struct replay *replay = replay_make(load(b, LONG_RUN, &family), &result);
    struct random random = random_start(1, 0);
    if (!replay)
        bench_fail("the long run does not begin");
    f->measured = true;
    for (int i = 0; i < JUMPS; i++) {
        uint64_t start_ns = cpu_ns(), step = random_below(&random, replay->step_count);
        replay_go(replay, step);
        double ns = (double)(cpu_ns() - start_ns);
        f->min = i == 0 || ns < f->min ? ns : f->min;
        f->max = ns > f->max ? ns : f->max;
    }
    f->value = f->max;
    snprintf(f->why, sizeof f->why, "the worst of %d jumps in a run of %.1f million records", JUMPS,
             (double)replay->record_count / 1e6);
    replay_free(replay);
    family_free(&family);
}

void measure_replay_memory(const struct bench *b, struct figure *f)
{
    struct family family = {0};
    struct result result;
    const struct scenario *scenario = load(b, LONG_RUN, &family);
    struct mallinfo2 before = mallinfo2();
    struct replay *replay = replay_make(scenario, &result);
    if (!replay)
        bench_fail("the long run does not begin");
    struct mallinfo2 after = mallinfo2();
    size_t taken = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
    f->measured = taken > 0;
    f->value = f->min = f->max = (double)taken / (1 << 20);
    if (!f->measured)
        figure_cannot(f, "this malloc does not tell what it gave: a sanitizer's");
    replay_free(replay);
    family_free(&family);
}
