/* story.c: see story.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/story.h"

#include "tools/isolate.h"
#include "tools/timeline.h"
#include <stdio.h>
#include <string.h>

enum { STORY_LINES = 12 };

/* The last lines that came. */
struct lines {
    uint64_t count;
    char text[STORY_LINES][2 * TIMELINE_TEXT_MAX];
};

struct teller {
    const struct story *story;
    struct timeline timeline;
    struct recorder recorder; /* of the step under way */
    struct run run;
    uint64_t seen;      /* records before that step */
    struct lines lines; /* so far */
    struct lines kept;  /* as they were at the last fault, if that is how far the story goes */
};

bool story_of(const struct scenario *scenario, const struct result *result, struct story *story)
{
    for (uint32_t i = 0; i < result->verdict_count; i++) {
        const struct verdict *v = &result->verdicts[i].verdict;
        if (result->gate.expected[i])
            continue;
        bool at_end = v->record >= result->records && v->process < scenario->app_count;
        *story = (struct story){.scenario = scenario,
                                .record = v->record,
                                .until_ps = v->at_ps,
                                .process = at_end ? v->process : PATTERN_ANY,
                                .to_fault = v->detail == DETAIL_STEP_FAULT};
        return true;
    }
    return false;
}

/* The kernel's single register accesses would push out what matters. */
static bool is_noise(const struct record *r)
{
    return r->kind == EVENT_KERNEL_READ || r->kind == EVENT_KERNEL_WRITE ||
           r->kind == EVENT_NOTE_BASE + NOTE_MPU_WRITTEN ||
           r->kind == EVENT_NOTE_BASE + NOTE_PROCESS_STATE;
}

/* A fault keeps its explanation in the same piece. */
static void keep(struct teller *teller, const char *text, const char *explanation)
{
    struct lines *lines = &teller->lines;
    snprintf(lines->text[lines->count++ % STORY_LINES], sizeof lines->text[0], "%s%s%s", text,
             *explanation ? "\n" : "", explanation);
}

/* The first half of a call or an upcall has its line with the second half: told as well. */
static bool is_over(const struct teller *teller, uint64_t i)
{
    uint64_t number = teller->seen + i;
    if (number < teller->story->record)
        return false;
    uint16_t kind = teller->recorder.records[i].kind;
    return number > teller->story->record ||
           (kind != EVENT_SYSCALL_MORE && kind != EVENT_UPCALL_MORE);
}

static bool is_told(const struct story *story, const struct record *r)
{
    return (story->process == PATTERN_ANY || story->process == r->process) && !is_noise(r) &&
           r->at_ps <= story->until_ps;
}

static void take_step(struct teller *teller, const struct mpu_armv7m *mpu)
{
    char text[TIMELINE_TEXT_MAX], why[TIMELINE_TEXT_MAX];
    for (uint64_t i = 0; i < teller->recorder.count && !is_over(teller, i); i++) {
        const struct record *r = &teller->recorder.records[i];
        teller->timeline.frame = recorder_frame(&teller->recorder, i);
        if (!timeline_add(&teller->timeline, r, text) || !is_told(teller->story, r))
            continue;
        bool fault = r->kind == EVENT_FAULT;
        if (!fault || !timeline_explain(&teller->timeline, mpu, r, why))
            *why = '\0';
        keep(teller, text, why);
        if (fault && teller->story->to_fault)
            teller->kept = teller->lines;
    }
    teller->seen += teller->recorder.count;
    teller->recorder.count = 0;
}

static void run_up_to(struct teller *teller)
{
    const struct machine *m = teller->run.hw.m;
    struct mpu_armv7m mpu = *machine_mpu(m);
    enum run_state state = RUN_GOING;
    take_step(teller, &mpu);
    while (teller->seen < teller->story->record && state == RUN_GOING) {
        mpu = *machine_mpu(m);
        state = machine_step(&teller->run.hw);
        take_step(teller, &mpu);
    }
}

static void print(const struct lines *lines, int pipe)
{
    uint64_t first = lines->count > STORY_LINES ? lines->count - STORY_LINES : 0;
    for (uint64_t i = first; i < lines->count; i++) {
        const char *line = lines->text[i % STORY_LINES];
        isolate_write(pipe, line, strlen(line));
        isolate_write(pipe, "\n", 1);
    }
}

void story_tell(const void *argument, int pipe)
{
    struct teller teller = {.story = argument};
    struct result result;
    timeline_start(&teller.timeline, teller.story->scenario);
    recorder_start(&teller.recorder, 0);
    if (run_begin(&teller.run, teller.story->scenario, &teller.recorder, &result))
        run_up_to(&teller);
    print(teller.kept.count ? &teller.kept : &teller.lines, pipe);
    run_end(&teller.run);
    recorder_free(&teller.recorder);
}
