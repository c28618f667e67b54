/* trace_export.c: see trace_export.h. */

#include "tools/trace_export.h"

#include "model/process.h"
#include "tools/commands.h"
#include "tools/isolate.h"
#include "tools/run_one.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const trace_formats[] = {[TRACE_NONE] = "none",
                                     [TRACE_CHROME] = "chrome",
                                     [TRACE_VCD] = "vcd",
                                     [TRACE_PCAPNG] = "pcapng",
                                     [TRACE_PCAPNG + 1] = NULL};

static const struct trace_writer *const writers[] = {
    [TRACE_CHROME] = &trace_chrome, [TRACE_VCD] = &trace_vcd, [TRACE_PCAPNG] = &trace_pcapng};

struct export
{
    const struct scenario *scenario;
    const struct trace_writer *writer;
    FILE *out;
    struct trace trace;
    struct recorder recorder; /* of the step under way */
    struct run run;
    uint32_t verdicts; /* told so far */
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

/* The phrase of a line that timeline_add made: behind the stamps and the name. */
static void take_phrase(struct trace *trace, const struct record *r)
{
    char line[TIMELINE_TEXT_MAX], stamp[STAMP_TEXT_MAX];
    trace->what[0] = '\0';
    if (!timeline_add(&trace->timeline, r, line))
        return;
    const char *name = line + strlen(timeline_stamp(trace->scenario, r->at_ps, stamp)) + 2;
    /* Names are padded to ten columns, and two more follow; a longer one has no space in it. */
    size_t size = strlen(name) < 12 ? strlen(name) : 12;
    const char *phrase = name + size;
    if (size == 12 && (name[10] != ' ' || name[11] != ' '))
        phrase = strstr(name, "  ") ? strstr(name, "  ") + 2 : name;
    snprintf(trace->what, sizeof trace->what, "%s", phrase);
}

void trace_start(struct trace *trace, const struct machine *m)
{
    uint32_t running = machine_running(m);
    trace->scenario = machine_scenario(m);
    trace->cpu = running == PROCESS_NONE ? CPU_KERNEL : running;
    trace->mpu = *machine_mpu(m);
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
    if (r->process < PROCESS_MAX)
        follow_queue(trace, r);
    take_phrase(trace, r);
}

/* --- the run --------------------------------------------------------------------------------- */

static void take_step(struct export *export)
{
    char text[VERDICT_TEXT_MAX];
    const struct verdict *verdicts;
    const struct machine *m = export->run.hw.m;
    for (uint64_t i = 0; i < export->recorder.count; i++) {
        const struct record *r = &export->recorder.records[i];
        uint32_t before = export->trace.cpu;
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
    trace->own = calloc(1, export.writer->own_size);
    if (!trace->own)
        abort();
    timeline_start(&trace->timeline, export.scenario);
    recorder_start(&export.recorder, 0);
    if (run_begin(&export.run, export.scenario, &export.recorder, &result))
        run_through(&export);
    else
        fprintf(stderr, "%s: error: %s\n", export.scenario->path, result.trouble);
    run_end(&export.run);
    recorder_free(&export.recorder);
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
    struct export export = {.scenario = scenario, .writer = writers[kind]};
    export.out = fopen(path, "w");
    if (!export.out) {
        fprintf(stderr, "postern run: error: --output %s: %s\n", path, strerror(errno));
        return CODE_BAD_INPUT;
    }
    int code = run_isolated(&export);
    fclose(export.out);
    return code;
}
