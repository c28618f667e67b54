/* trace_export.c: see trace_export.h. */

#include "tools/trace_export.h"

#include "model/process.h"
#include "tools/commands.h"
#include "tools/isolate.h"
#include "tools/run_one.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const trace_formats[] = {
    [TRACE_NONE] = "none",     [TRACE_CHROME] = "chrome", [TRACE_VCD] = "vcd",
    [TRACE_PCAPNG] = "pcapng", [TRACE_JSONL] = "jsonl",   [TRACE_JSONL + 1] = NULL};

static const struct trace_writer *const writers[] = {[TRACE_CHROME] = &trace_chrome,
                                                     [TRACE_VCD] = &trace_vcd,
                                                     [TRACE_PCAPNG] = &trace_pcapng,
                                                     [TRACE_JSONL] = &trace_jsonl};

/* What every reader of JSON keeps exact. */
#define JSON_NUMBER_MAX ((UINT64_C(1) << 53) - 1)

struct export
{
    const struct scenario *scenario;
    const struct trace_writer *writer;
    FILE *out;
    struct trace trace;
    struct recorder recorder; /* of the step under way */
    struct run run;
    uint32_t verdicts; /* told so far */
    size_t state_capacity;
    uint8_t *radio_states; /* beside the recorder's records */
};

/* --- what the records mean ------------------------------------------------------------------- */

/* The kernel's own deeds show that the CPU has left user mode, whatever made it: an app that an
 * injection kills does nothing itself. */
uint32_t trace_cpu_after(uint32_t cpu, const struct record *r)
{
    switch (r->kind) {
    case EVENT_RUN:
        return r->process;
    case EVENT_SLEEP:
    case EVENT_HALT:
        return CPU_SLEEPS;
    case EVENT_SYSCALL:
    case EVENT_FAULT:
    case EVENT_SLICE_END:
    case EVENT_IRQ_TAKEN:
    case EVENT_WAKE:
    case EVENT_KERNEL_READ:
    case EVENT_KERNEL_WRITE:
    case EVENT_KERNEL_PANIC:
        return CPU_KERNEL;
    default:
        return r->kind >= EVENT_NOTE_BASE ? CPU_KERNEL : cpu;
    }
}

static void follow_queue(struct trace *trace, const struct record *r)
{
    uint32_t *waiting = &trace->waiting[r->process];
    uint32_t cancelled = pair_high(r->value);
    switch (r->kind) {
    case EVENT_NOTE_BASE + NOTE_UPCALL_QUEUED:
        *waiting = pair_high(r->value);
        break;
    case EVENT_NOTE_BASE + NOTE_UPCALL_DELIVERED:
        *waiting -= *waiting > 0;
        break;
    case EVENT_NOTE_BASE + NOTE_UPCALL_CANCELLED:
        *waiting -= cancelled < *waiting ? cancelled : *waiting;
        break;
    case EVENT_NOTE_BASE + NOTE_PROCESS_END:
        *waiting = 0;
        break;
    default:
        break;
    }
}

static void take_phrase(struct trace *trace, const struct record *r)
{
    char line[TIMELINE_TEXT_MAX];
    trace->what[0] = '\0';
    if (timeline_add(&trace->timeline, r, line))
        snprintf(trace->what, sizeof trace->what, "%s", line + trace->timeline.what_at);
}

static void lose_window(struct trace_windows *windows, struct span window)
{
    for (uint32_t i = 0; i < windows->count && i < TRACE_WINDOW_MAX; i++) {
        if (windows->at[i].base != window.base || windows->at[i].size != window.size)
            continue;
        uint32_t kept = windows->count < TRACE_WINDOW_MAX ? windows->count : TRACE_WINDOW_MAX;
        memmove(&windows->at[i], &windows->at[i + 1], (kept - i - 1) * sizeof windows->at[0]);
        break;
    }
    windows->count -= windows->count > 0;
}

static void follow_windows(struct trace *trace, const struct record *r)
{
    struct trace_windows *windows = &trace->windows[r->process];
    struct span window = {r->address, (uint32_t)r->value};
    if (r->kind == EVENT_NOTE_BASE + NOTE_WINDOW_REMOVED) {
        lose_window(windows, window);
    } else if (r->kind == EVENT_NOTE_BASE + NOTE_WINDOW_GRANTED) {
        if (windows->count < TRACE_WINDOW_MAX)
            windows->at[windows->count] = window;
        windows->count++;
    }
}

bool trace_on_air(const struct scenario *s, uint32_t device)
{
    uint32_t peer = device - s->board.device_count;
    if (device < s->board.device_count)
        return s->board.devices[device].type && s->board.devices[device].type->on_air &&
               s->board.devices[device].alias_of == BOARD_NONE;
    return peer < s->peer_count && s->peers[peer].type->type.on_air;
}

const char *trace_radio_state(uint32_t state)
{
    /* nRF52840 Product Specification v1.7, "RADIO", register STATE. */
    static const char *const names[] = {"DISABLED", "RXRU", "RXIDLE",   "RX", "RXDISABLE",
                                        "?",        "?",    "?",        "?",  "TXRU",
                                        "TXIDLE",   "TX",   "TXDISABLE"};
    return state < sizeof names / sizeof names[0] ? names[state] : "?";
}

static uint32_t radio_of(const struct scenario *s)
{
    for (uint32_t i = 0; i < s->board.device_count; i++)
        if (s->board.devices[i].type && s->board.devices[i].type->on_air &&
            device_row_named(s->board.devices[i].type, "STATE") >= 0)
            return i;
    return BOARD_NONE;
}

void trace_start(struct trace *trace, const struct machine *m)
{
    uint32_t running = machine_running(m);
    trace->scenario = machine_scenario(m);
    trace->cpu = running == PROCESS_NONE ? CPU_KERNEL : running;
    trace->mpu = *machine_mpu(m);
    trace->radio = radio_of(trace->scenario);
    timeline_start(&trace->timeline, trace->scenario);
}

void trace_take(struct trace *trace, const struct record *r, const struct air_frame *frame)
{
    trace->frame = trace->timeline.frame = frame;
    if (r->at_ps > trace->at_ps)
        trace->at_ps = r->at_ps;
    trace->cpu = trace_cpu_after(trace->cpu, r);
    if (r->kind == EVENT_KERNEL_WRITE && mpu_armv7m_owns(r->address))
        mpu_armv7m_write(&trace->mpu, r->address, (uint32_t)r->value);
    if (r->process < PROCESS_MAX) {
        follow_queue(trace, r);
        follow_windows(trace, r);
    }
    take_phrase(trace, r);
}

/* --- the run --------------------------------------------------------------------------------- */

/* Hears each record as it comes, when the radio still is as it says: a step may be long. */
static void note_radio(void *context, const struct record *r)
{
    struct export *export = context;
    struct machine *m = export->run.hw.m;
    uint64_t at = export->recorder.count;
    (void)r;
    if (at >= export->state_capacity) {
        export->state_capacity = at < 512 ? 1024 : 2 * (size_t)at;
        export->radio_states = realloc(export->radio_states, export->state_capacity);
        if (!export->radio_states)
            abort();
    }
    struct device *radio = machine_device(m, export->trace.radio);
    int row = device_row_named(radio->type, "STATE");
    export->radio_states[at] = (uint8_t)device_value(radio, (uint32_t)row);
}

static void take_step(struct export *export)
{
    char text[VERDICT_TEXT_MAX];
    const struct verdict *verdicts;
    const struct machine *m = export->run.hw.m;
    for (uint64_t i = 0; i < export->recorder.count; i++) {
        const struct record *r = &export->recorder.records[i];
        uint32_t before = export->trace.cpu;
        if (export->radio_states)
            export->trace.radio_state = export->radio_states[i];
        trace_take(&export->trace, r, recorder_frame(&export->recorder, i));
        export->writer->record(&export->trace, r, before);
    }
    export->recorder.count = 0;
    uint32_t count = machine_verdicts(m, &verdicts);
    for (; export->verdicts < count; export->verdicts++) {
        verdict_describe_run(m, &verdicts[export->verdicts], text, sizeof text);
        export->writer->verdict(&export->trace, &verdicts[export->verdicts], text);
    }
}

static void run_through(struct export *export)
{
    struct trace *trace = &export->trace;
    struct machine *m = export->run.hw.m;
    enum run_state state = RUN_GOING;
    mpu_armv7m_reset(&trace->mpu, machine_mpu(m)->region_count);
    export->writer->begin(trace);
    take_step(export);
    while (state == RUN_GOING) {
        state = machine_step(&export->run.hw);
        take_step(export);
    }
    machine_finish(&export->run.hw);
    take_step(export);
    if (machine_now_ps(m) > trace->at_ps)
        trace->at_ps = machine_now_ps(m);
    trace->machine = m;
    export->writer->end(trace);
}

/* In the child. */
static void export_run(const void *argument, int pipe)
{
    struct export export = *(const struct export *)argument;
    struct result result;
    struct trace *trace = &export.trace;
    (void)pipe;
    trace->scenario = export.scenario;
    trace->out = export.out;
    trace->cpu = CPU_KERNEL;
    trace->radio = radio_of(export.scenario);
    trace->own = calloc(1, export.writer->own_size);
    if (!trace->own)
        abort();
    timeline_start(&trace->timeline, export.scenario);
    recorder_start(&export.recorder, 0);
    if (trace->radio != BOARD_NONE) {
        export.recorder.hear = note_radio;
        export.recorder.context = &export;
    }
    if (run_begin(&export.run, export.scenario, &export.recorder, &result))
        run_through(&export);
    else
        fprintf(stderr, "%s: error: %s\n", export.scenario->path, result.trouble);
    run_end(&export.run);
    recorder_free(&export.recorder);
    free(export.radio_states);
    free(trace->own);
    bool written = fflush(export.out) == 0 && !ferror(export.out);
    if (!written)
        perror("postern run: error: cannot write the trace");
    isolate_leave(result.trouble[0] ? outcome_code(result.outcome)
                  : written         ? CODE_HOLDS
                                    : CODE_SIMULATOR);
}

static int run_isolated(const struct export *export)
{
    struct isolated child;
    struct isolated *const children[] = {&child};
    isolate_start(&child, export_run, export, UINT32_MAX);
    while (child.end == ISOLATE_RUNS)
        isolate_wait(children, 1);
    int code = child.end == ISOLATE_DONE     ? CODE_HOLDS
               : child.end == ISOLATE_EXITED ? child.detail
                                             : CODE_SIMULATOR;
    if (child.end != ISOLATE_DONE && child.end != ISOLATE_EXITED) {
        char text[ISOLATE_TEXT_MAX];
        fprintf(stderr, "postern run: error: --trace: %s\n", isolate_text(&child, text));
    }
    isolate_free(&child);
    return code;
}

int trace_export(const struct scenario *scenario, enum trace_kind kind, const char *path)
{
    struct export export = {.scenario = scenario, .writer = writers[kind], .trace = {.path = path}};
    if (kind == TRACE_JSONL && scenario->until_ps > JSON_NUMBER_MAX) {
        fprintf(stderr, "postern run: error: --trace jsonl: the scenario ends after 2^53 ps\n");
        return CODE_BAD_INPUT;
    }
    export.out = fopen(path, "w");
    if (!export.out) {
        fprintf(stderr, "postern run: error: --output %s: %s\n", path, strerror(errno));
        return CODE_BAD_INPUT;
    }
    int code = run_isolated(&export);
    fclose(export.out);
    return code;
}
