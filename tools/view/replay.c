/* replay.c: see replay.h. */
#include "tools/view/replay.h"

#include "model/process.h"
#include "tools/trace_export.h"
#include <stdlib.h>
#include <string.h>

enum { SNAPSHOT_MIN = 4, SPACING_FIRST = 256 };

static void *need(void *memory)
{
    if (!memory)
        abort(); /* a few MiB are not there: nothing useful is left to do */
    return memory;
}

/* --- the first time through ------------------------------------------------------------------ */

/* What the recorder's ear knows. */
struct recording {
    struct replay *replay;
    uint64_t last_ps;
    uint32_t cpu, last_process;
    bool booted;
    struct timeline known; /* of frames */
};

static struct replay_stretch *stretch_at(const struct replay *replay, uint64_t at_ps)
{
    uint64_t index = at_ps / replay->stretch_ps;
    return &replay->stretches[index < REPLAY_STRETCHES ? index : REPLAY_STRETCHES - 1];
}

static void add_mark(struct replay *replay, struct replay_mark mark)
{
    if (replay->mark_count == replay->mark_room) {
        if (replay->mark_room == REPLAY_MARK_MAX) {
            replay->marks_dropped++;
            return;
        }
        replay->mark_room = replay->mark_room ? replay->mark_room * 2 : 1024;
        replay->marks = need(realloc(replay->marks, replay->mark_room * sizeof replay->marks[0]));
    }
    replay->marks[replay->mark_count++] = mark;
}

static uint32_t cpu_column(const struct replay *replay, uint32_t cpu)
{
    uint32_t apps = replay->scenario->app_count;
    return cpu < apps ? cpu : cpu == CPU_SLEEPS ? apps + 1 : apps;
}

/* The CPU served `cpu` from the last record on. */
static void spend(struct recording *recording, uint64_t to_ps)
{
    struct replay *replay = recording->replay;
    uint32_t columns = replay->scenario->app_count + 2;
    uint32_t column = cpu_column(replay, recording->cpu);
    while (recording->last_ps < to_ps) {
        uint64_t index = recording->last_ps / replay->stretch_ps;
        uint64_t stop_ps = (index + 1) * replay->stretch_ps;
        if (index >= REPLAY_STRETCHES - 1) {
            index = REPLAY_STRETCHES - 1;
            stop_ps = to_ps;
        }
        if (stop_ps > to_ps)
            stop_ps = to_ps;
        replay->cpu_ps[index * columns + column] += stop_ps - recording->last_ps;
        recording->last_ps = stop_ps;
    }
}

static void tally(struct replay_stretch *stretch, const struct record *r)
{
    stretch->records++;
    stretch->calls += r->kind == EVENT_SYSCALL;
    stretch->upcalls += r->kind == EVENT_UPCALL;
    stretch->faults += r->kind == EVENT_FAULT;
    stretch->interrupts += r->kind == EVENT_IRQ_TAKEN;
    stretch->frames += r->kind == EVENT_AIR_START;
    stretch->device_events += r->kind == EVENT_DEVICE_EVENT;
}

static void note_activity(struct replay *replay, const struct record *r)
{
    uint32_t device = MACHINE_DEVICE_MAX;
    if (r->kind == EVENT_DEVICE_TASK || r->kind == EVENT_DEVICE_EVENT ||
        r->kind == EVENT_IRQ_RAISED)
        device = (uint32_t)r->value;
    if (r->kind == EVENT_DMA_READ || r->kind == EVENT_DMA_WRITE || r->kind == EVENT_DMA_REFUSED)
        device = pair_high(r->value);
    if (device < MACHINE_DEVICE_MAX)
        replay->active[device] = true;
    replay->has_frames |= r->kind == EVENT_AIR_START;
}

/* 0: no mark. */
static uint16_t mark_of(const struct recording *recording, const struct record *r)
{
    switch (r->kind) {
    case EVENT_RUN:
        return r->process == recording->last_process ? 0 : MARK_SWITCH;
    case EVENT_FAULT:
        return MARK_FAULT;
    case EVENT_INJECTED:
        return MARK_INJECTED;
    case EVENT_AIR_START:
        return MARK_ANCHOR;
    case EVENT_KERNEL_PANIC:
        return MARK_PANIC;
    case EVENT_NOTE_BASE + NOTE_WINDOW_GRANTED:
    case EVENT_NOTE_BASE + NOTE_WINDOW_REMOVED:
        return MARK_WINDOW;
    case EVENT_NOTE_BASE + NOTE_PROCESS_END:
        return MARK_END;
    default:
        return 0;
    }
}

/* What is known of the frames on the air and on wires goes with the snapshots; lines of text that
 * come of it here are dropped. */
static void follow_frames(struct recording *recording, const struct record *r,
                          const struct air_frame *frame)
{
    char text[TIMELINE_TEXT_MAX];
    if (r->kind != EVENT_WIRE && (r->kind < EVENT_AIR_START || r->kind > EVENT_AIR_DEAF))
        return;
    recording->known.frame = frame;
    (void)timeline_add(&recording->known, r, text);
}

static void take_record(struct recording *recording, const struct record *r,
                        const struct air_frame *frame)
{
    struct replay *replay = recording->replay;
    follow_frames(recording, r, frame);
    uint16_t kind = mark_of(recording, r);
    spend(recording, r->at_ps);
    recording->cpu = trace_cpu_after(recording->cpu, r);
    tally(stretch_at(replay, r->at_ps), r);
    note_activity(replay, r);
    if (kind)
        add_mark(replay, (struct replay_mark){r->at_ps, replay->step + recording->booted, kind,
                                              r->process, r->address});
    if (r->kind == EVENT_RUN)
        recording->last_process = r->process;
}

static void take_breaks(struct replay *replay, uint32_t *known, uint64_t step)
{
    const struct verdict *kept;
    uint32_t count = machine_verdicts(replay->run.hw.m, &kept);
    for (; *known < count; ++*known)
        add_mark(replay, (struct replay_mark){kept[*known].at_ps, step, MARK_BREAK,
                                              (uint16_t)kept[*known].process, *known});
}

static void snapshot_free(struct replay_snapshot *snapshot)
{
    machine_free(snapshot->m);
    free(snapshot->known);
    free(snapshot->watch);
}

/* Each second one goes. */
static void thin_out(struct replay *replay)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < replay->snapshot_count; i++) {
        if (i % 2 == 0)
            replay->snapshots[kept++] = replay->snapshots[i];
        else
            snapshot_free(&replay->snapshots[i]);
    }
    replay->snapshot_count = kept;
    replay->spacing *= 2;
}

static struct machine *copy_of(const struct replay *replay)
{
    struct machine *m = need(machine_make(replay->run.setup));
    machine_copy(m, replay->run.hw.m);
    return m;
}

static struct replay_snapshot snapshot_take(const struct recording *recording)
{
    struct replay *replay = recording->replay;
    struct replay_snapshot snapshot = {replay->step, machine_now_ps(replay->run.hw.m),
                                       copy_of(replay), need(malloc(sizeof(struct timeline))),
                                       need(malloc(sizeof(struct watch)))};
    *snapshot.known = recording->known;
    *snapshot.watch = *replay->watch;
    return snapshot;
}

static void keep_snapshot(struct recording *recording)
{
    struct replay *replay = recording->replay;
    if (replay->snapshot_count == replay->snapshot_max)
        thin_out(replay);
    if (replay->step % replay->spacing != 0)
        return; /* as far apart as they are now, it is none any more */
    replay->snapshots[replay->snapshot_count++] = snapshot_take(recording);
}

static void take_step(struct recording *recording)
{
    struct recorder *recorder = &recording->replay->recorder;
    for (uint64_t i = 0; i < recorder->count; i++)
        take_record(recording, &recorder->records[i], recorder_frame(recorder, i));
    recorder->count = 0;
}

static void run_through(struct recording *recording)
{
    struct replay *replay = recording->replay;
    struct hw *hw = &replay->run.hw;
    uint32_t breaks = 0;
    enum run_state state = machine_state(hw->m);
    take_step(recording);
    take_breaks(replay, &breaks, 0);
    recording->booted = true;
    while (state == RUN_GOING) {
        if (replay->step % replay->spacing == 0)
            keep_snapshot(recording);
        state = machine_step(hw);
        take_step(recording);
        replay->step++;
        take_breaks(replay, &breaks, replay->step);
    }
    replay->step_count = replay->step;
    replay->end_ps = machine_now_ps(hw->m);
    replay->record_count = machine_record_count(hw->m);
    spend(recording, replay->end_ps);
}

static int by_step(const void *one, const void *other)
{
    const struct replay_mark *a = one, *b = other;
    return a->step < b->step ? -1 : a->step > b->step;
}

/* A verdict of the end stands at the end, whatever time it speaks of. */
static void judge(struct recording *recording, struct result *result)
{
    struct replay *replay = recording->replay;
    uint32_t known = 0;
    for (uint64_t i = 0; i < replay->mark_count; i++)
        known += replay->marks[i].kind == MARK_BREAK;
    run_judge(&replay->run, result);
    take_breaks(replay, &known, replay->step_count);
    replay->end = snapshot_take(recording);
    if (replay->mark_count)
        qsort(replay->marks, replay->mark_count, sizeof replay->marks[0], by_step);
}

static void lay_out(struct replay *replay, const struct scenario *scenario)
{
    size_t columns = scenario->app_count + 2;
    replay->scenario = scenario;
    replay->watch = need(malloc(sizeof *replay->watch));
    replay->spacing = SPACING_FIRST;
    replay->stretch_ps = scenario->until_ps / REPLAY_STRETCHES + 1;
    replay->stretches = need(calloc(REPLAY_STRETCHES, sizeof replay->stretches[0]));
    replay->cpu_ps = need(calloc(REPLAY_STRETCHES * columns, sizeof replay->cpu_ps[0]));
}

static void size_up(struct replay *replay)
{
    size_t room = REPLAY_SNAPSHOT_BYTES /
                  (replay->run.setup->size + sizeof(struct timeline) + sizeof(struct watch));
    replay->snapshot_max = room < SNAPSHOT_MIN          ? SNAPSHOT_MIN
                           : room > REPLAY_SNAPSHOT_MAX ? REPLAY_SNAPSHOT_MAX
                                                        : (uint32_t)room;
}

static bool make(struct recording *recording, const struct scenario *scenario,
                 struct result *result)
{
    struct replay *replay = recording->replay;
    watch_start(replay->watch, &replay->run.hw);
    recorder_start(&replay->recorder, 0);
    watch_attach(replay->watch, &replay->recorder);
    if (!run_begin(&replay->run, scenario, &replay->recorder, result))
        return false;
    size_up(replay);
    run_through(recording);
    judge(recording, result);
    replay->other = copy_of(replay);
    replay->recorder.limit = 1; /* from now on only the watch hears */
    return true;
}

struct replay *replay_make(const struct scenario *scenario, struct result *result)
{
    struct replay *replay = need(calloc(1, sizeof *replay));
    struct recording *recording = need(calloc(1, sizeof *recording));
    *recording =
        (struct recording){.replay = replay, .cpu = CPU_KERNEL, .last_process = PROCESS_NONE};
    timeline_start(&recording->known, scenario);
    lay_out(replay, scenario);
    bool made = make(recording, scenario, result);
    free(recording);
    if (made)
        return replay;
    replay_free(replay);
    return NULL;
}

void replay_free(struct replay *replay)
{
    if (!replay)
        return;
    for (uint32_t i = 0; i < replay->snapshot_count; i++)
        snapshot_free(&replay->snapshots[i]);
    snapshot_free(&replay->end);
    recorder_free(&replay->recorder);
    free(replay->watch);
    machine_free(replay->other);
    run_end(&replay->run);
    free(replay->marks);
    free(replay->stretches);
    free(replay->cpu_ps);
    free(replay);
}

/* --- going anywhere -------------------------------------------------------------------------- */

/* The last snapshot at that step or before; there is one at step 0. */
static const struct replay_snapshot *snapshot_before(const struct replay *replay, uint64_t step)
{
    uint32_t i = replay->snapshot_count - 1;
    while (replay->snapshots[i].step > step)
        i--;
    return &replay->snapshots[i];
}

/* The last one before that time, or the one at step 0. */
static const struct replay_snapshot *snapshot_at(const struct replay *replay, uint64_t at_ps)
{
    uint32_t i = replay->snapshot_count - 1;
    while (i > 0 && replay->snapshots[i].at_ps >= at_ps)
        i--;
    return &replay->snapshots[i];
}

static void go_back_to(struct replay *replay, const struct replay_snapshot *snapshot)
{
    machine_copy(replay->run.hw.m, snapshot->m);
    *replay->watch = *snapshot->watch;
    replay->step = snapshot->step;
}

static void step_on(struct replay *replay)
{
    machine_step(&replay->run.hw);
    replay->recorder.count = 0;
    replay->step++;
}

const struct machine *replay_go(struct replay *replay, uint64_t step)
{
    if (step >= replay->step_count) {
        go_back_to(replay, &replay->end);
        return replay->run.hw.m;
    }
    const struct replay_snapshot *snapshot = snapshot_before(replay, step);
    if (step < replay->step || snapshot->step > replay->step)
        go_back_to(replay, snapshot);
    while (replay->step < step)
        step_on(replay);
    return replay->run.hw.m;
}

const struct machine *replay_go_to_time(struct replay *replay, uint64_t at_ps)
{
    if (at_ps >= replay->end_ps)
        return replay_go(replay, replay->step_count);
    go_back_to(replay, snapshot_at(replay, at_ps));
    while (machine_now_ps(replay->run.hw.m) < at_ps && replay->step < replay->step_count)
        step_on(replay);
    return replay->step == replay->step_count ? replay_go(replay, replay->step) : replay->run.hw.m;
}

/* --- marks ----------------------------------------------------------------------------------- */

/* The first mark behind `step`. */
static uint64_t first_behind(const struct replay *replay, uint64_t step)
{
    uint64_t low = 0, high = replay->mark_count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (replay->marks[middle].step > step)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

const struct replay_mark *replay_next(const struct replay *replay, uint64_t step, uint32_t kinds)
{
    for (uint64_t i = first_behind(replay, step); i < replay->mark_count; i++)
        if (kinds >> replay->marks[i].kind & 1)
            return &replay->marks[i];
    return NULL;
}

const struct replay_mark *replay_previous(const struct replay *replay, uint64_t step,
                                          uint32_t kinds)
{
    for (uint64_t i = step ? first_behind(replay, step - 1) : 0; i > 0; i--)
        if (kinds >> replay->marks[i - 1].kind & 1)
            return &replay->marks[i - 1];
    return NULL;
}

uint64_t replay_opening(const struct replay *replay)
{
    static const uint16_t kinds[] = {MARK_BREAK, MARK_WINDOW, MARK_SWITCH};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (uint64_t i = 0; i < replay->mark_count; i++)
            if (replay->marks[i].kind == kinds[k])
                return replay->marks[i].step;
    return 0;
}

/* --- a stretch of time ----------------------------------------------------------------------- */

static bool hear_step(const struct recorder *recorder, uint64_t to_ps, const struct replay_ear *ear,
                      void *context)
{
    for (uint64_t i = 0; i < recorder->count; i++)
        if (recorder->records[i].at_ps < to_ps &&
            !ear->record(context, &recorder->records[i], recorder_frame(recorder, i)))
            return false;
    return true;
}

void replay_hear(struct replay *replay, uint64_t from_ps, uint64_t to_ps,
                 const struct replay_ear *ear, void *context)
{
    struct machine *m = replay->other;
    struct recorder recorder;
    struct hw hw = {.m = m, .recorder = &recorder};
    const struct replay_snapshot *snapshot = snapshot_at(replay, from_ps);
    machine_copy(m, snapshot->m);
    recorder_start(&recorder, 0);
    ear->start(context, m, snapshot->known);
    enum run_state state = machine_state(m);
    while (state == RUN_GOING && machine_now_ps(m) < to_ps) {
        state = machine_step(&hw);
        if (!hear_step(&recorder, to_ps, ear, context))
            break;
        recorder.count = 0;
    }
    recorder_free(&recorder);
}

uint64_t replay_records(const struct replay *replay, uint64_t from_ps, uint64_t to_ps)
{
    uint64_t records = 0;
    for (uint64_t i = from_ps / replay->stretch_ps;
         i < REPLAY_STRETCHES && i * replay->stretch_ps < to_ps; i++) {
        uint64_t start_ps = i * replay->stretch_ps, end_ps = start_ps + replay->stretch_ps;
        uint64_t in_ps =
            (to_ps < end_ps ? to_ps : end_ps) - (from_ps > start_ps ? from_ps : start_ps);
        unsigned __int128 part = (unsigned __int128)replay->stretches[i].records * in_ps;
        records += (uint64_t)(part / replay->stretch_ps);
    }
    return records;
}
