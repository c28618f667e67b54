/* watch.c: see watch.h. */
#include "tools/view/watch.h"

#include "tools/timeline.h"
#include <stdio.h>
#include <string.h>

void watch_start(struct watch *watch, const struct hw *hw)
{
    memset(watch, 0, sizeof *watch);
    watch->hw = hw;
    watch->holder = PROCESS_NONE;
    for (uint32_t i = 0; i < PROCESS_MAX; i++)
        watch->apps[i].last.process = PROCESS_NONE;
}

/* Memops are told by two records: class and operation in the first, the address in it as well. */
static void hear_call(struct watch_app *app, const struct record *first)
{
    app->calls++;
    if (first->address != SYSCALL_MEMOP)
        return;
    if (pair_low(first->value) == 10)
        app->stack_start = pair_high(first->value);
    else if (pair_low(first->value) == 11)
        app->heap_start = pair_high(first->value);
}

static void hear_fault(struct watch *watch, const struct record *r)
{
    watch->faults[watch->fault_count++ % WATCH_FAULT_MAX] = (struct watch_fault){
        r->at_ps, r->process, r->address, pair_high(r->value), pair_low(r->value)};
}

static void hear_app(struct watch *watch, const struct record *r)
{
    struct watch_app *app = &watch->apps[r->process];
    if (r->kind == EVENT_RUN) {
        watch->holder = r->process;
        reach_app_take(&app->last, watch->hw->m, r->process);
    } else if (r->kind == EVENT_SYSCALL) {
        hear_call(app, r);
    } else if (r->kind == EVENT_FAULT) {
        hear_fault(watch, r);
    } else if (r->kind == EVENT_NOTE_BASE + NOTE_PROCESS_LOADED) {
        app->calls = 0;
        app->stack_start = app->heap_start = 0;
    }
}

static void hear(void *context, const struct record *record)
{
    struct watch *watch = context;
    watch->recent[watch->record_count++ % WATCH_RECENT] = *record;
    if (record->process < PROCESS_MAX)
        hear_app(watch, record);
}

void watch_attach(struct watch *watch, struct recorder *recorder)
{
    recorder->hear = hear;
    recorder->context = watch;
}

bool watch_reach(const struct watch *watch, uint32_t process, struct reach_app *into)
{
    *into = watch->apps[process].last;
    if (process == watch->holder && ledger_of(watch->hw->m)->processes[process].live)
        reach_app_take(into, watch->hw->m, process);
    return into->process != PROCESS_NONE;
}

/* Without the cycle, its first word, and with single spaces. */
static void say(const char *line, char text[WATCH_EVENT_MAX])
{
    size_t length = 0;
    line += strspn(line, " ");
    line += strcspn(line, " ");
    line += strspn(line, " ");
    size_t stamp = strcspn(line, " ");
    length = (size_t)snprintf(text, WATCH_EVENT_MAX, "%.*s us", (int)stamp, line);
    for (line += stamp; *line && length + 1 < WATCH_EVENT_MAX; line++)
        if (*line != ' ' || line[1] != ' ')
            text[length++] = *line;
    text[length] = '\0';
}

void watch_last_event(const struct watch *watch, char text[WATCH_EVENT_MAX])
{
    const struct scenario *scenario = machine_scenario(watch->hw->m);
    uint64_t kept = watch->record_count < WATCH_RECENT ? watch->record_count : WATCH_RECENT;
    struct timeline timeline;
    char line[TIMELINE_TEXT_MAX];
    timeline_start(&timeline, scenario);
    text[0] = '\0';
    for (uint64_t i = watch->record_count - kept; i < watch->record_count; i++) {
        const struct record *r = &watch->recent[i % WATCH_RECENT];
        if (timeline_add(&timeline, r, line))
            say(line, text);
    }
}
