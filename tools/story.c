/* story.c: see story.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/story.h"

#include "tools/isolate.h"
#include "tools/timeline.h"
#include <stdlib.h>
#include <string.h>

enum { STORY_LINES = 12 };

/* The last lines that came. */
struct ring {
    uint64_t count;
    char lines[STORY_LINES][TIMELINE_TEXT_MAX];
};

/* The kernel's single register accesses would push out what matters. */
static bool is_noise(const struct record *r)
{
    return r->kind == EVENT_KERNEL_READ || r->kind == EVENT_KERNEL_WRITE ||
           r->kind == EVENT_NOTE_BASE + NOTE_MPU_WRITTEN ||
           r->kind == EVENT_NOTE_BASE + NOTE_PROCESS_STATE;
}

static void fill(struct ring *ring, const struct story *story, const struct recorder *recorder)
{
    struct timeline timeline;
    timeline_start(&timeline, story->scenario);
    for (uint64_t i = 0; i < recorder->count && i < story->record; i++) {
        const struct record *r = &recorder->records[i];
        char *line = ring->lines[ring->count % STORY_LINES];
        char text[TIMELINE_TEXT_MAX];
        if (!timeline_add(&timeline, r, text) || is_noise(r))
            continue;
        memcpy(line, text, sizeof text);
        ring->count++;
    }
}

static void print(const struct ring *ring, int pipe)
{
    uint64_t first = ring->count > STORY_LINES ? ring->count - STORY_LINES : 0;
    for (uint64_t i = first; i < ring->count; i++) {
        const char *line = ring->lines[i % STORY_LINES];
        isolate_write(pipe, line, strlen(line));
        isolate_write(pipe, "\n", 1);
    }
}

void story_tell(const void *argument, int pipe)
{
    const struct story *story = argument;
    struct recorder recorder;
    struct result result;
    struct run run;
    struct ring ring = {0};
    recorder_start(&recorder, 0);
    if (run_begin(&run, story->scenario, &recorder, &result))
        while (recorder.count < story->record && machine_step(&run.hw) == RUN_GOING)
            ;
    fill(&ring, story, &recorder);
    print(&ring, pipe);
    run_end(&run);
    recorder_free(&recorder);
}
