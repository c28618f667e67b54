/* trace_chrome.c: Chrome trace JSON ("Trace Event Format"), one event a line.
 *
 *   process "CPU"      a thread for the kernel, one for each app: slices of who runs, of open
 *                      system calls, of sleep; faults, verdicts and the kernel's notes as instants
 *   process "devices"  a thread for each device: a slice while its interrupt line is high
 *   flows              from a line's rise to the upcall it led to
 *   counters           MPU regions in use; upcalls that wait, for each app
 *
 * Slices of one thread follow each other and never overlap: viewers take nested slices only. Times
 * are microseconds with six decimals, which are picoseconds; events stand in the order of their
 * ends.
 */
#define _POSIX_C_SOURCE 200809L

#include "sim/rules.h"
#include "tools/text.h"
#include "tools/trace_export.h"

#include <inttypes.h>
#include <string.h>

/* Process and thread ids of the file. */
enum { PID_CPU = 1, PID_DEVICES = 2, TID_KERNEL = 1, TID_APP = 2, TID_DEVICE = 1 };
enum { LINE_MAX_KNOWN = 512, QUEUE_MAX = 64 };

struct slice {
    bool open;
    uint64_t from_ps;
    char name[TIMELINE_TEXT_MAX];
};

/* Where an upcall comes from: a device's line that rose. */
struct origin {
    bool known;
    uint64_t at_ps;
    uint32_t device;
};

/* An upcall that waits. */
struct waiting {
    uint32_t driver, number;
    struct origin origin;
};

struct chrome {
    bool began;
    uint64_t flows;
    struct slice kernel, apps[PROCESS_MAX], devices[BOARD_DEVICE_MAX];
    struct origin risen[LINE_MAX_KNOWN]; /* by line: its last rise that nobody has served yet */
    struct origin served;                /* the line that the kernel serves now */
    struct queue {
        uint32_t count;
        struct waiting waiting[QUEUE_MAX];
    } queues[PROCESS_MAX];
    struct origin arriving[PROCESS_MAX]; /* of the upcall that was delivered last */
};

/* --- events ---------------------------------------------------------------------------------- */

static void put_time(FILE *out, const char *key, uint64_t ps)
{
    fprintf(out, ",\"%s\":%" PRIu64 ".%06" PRIu64, key, ps / 1000000, ps % 1000000);
}

/* Opens an event; whoever calls adds to it and closes it with "}". */
static void put_event(const struct trace *trace, const char *phase, uint32_t pid, uint32_t tid,
                      const char *name)
{
    struct chrome *chrome = trace->own;
    fprintf(trace->out, "%s{\"ph\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",\"name\":",
            chrome->began ? ",\n" : "\n", phase, pid, tid);
    json_write_string(trace->out, name);
    chrome->began = true;
}

static void put_name(const struct trace *trace, const char *what, uint32_t pid, uint32_t tid,
                     const char *name)
{
    put_event(trace, "M", pid, tid, what);
    fprintf(trace->out, ",\"args\":{\"name\":");
    json_write_string(trace->out, name);
    fprintf(trace->out, "}}");
}

/* `scope`: "g" the whole trace, "p" its process, "t" its thread. */
static void put_instant(const struct trace *trace, const char *scope, uint32_t pid, uint32_t tid,
                        const char *name, uint64_t at_ps)
{
    put_event(trace, "i", pid, tid, name);
    put_time(trace->out, "ts", at_ps);
    fprintf(trace->out, ",\"s\":\"%s\"}", scope);
}

static void put_counter(const struct trace *trace, const char *name, uint32_t value)
{
    put_event(trace, "C", PID_CPU, TID_KERNEL, name);
    put_time(trace->out, "ts", trace->at_ps);
    fprintf(trace->out, ",\"args\":{\"value\":%" PRIu32 "}}", value);
}

static void put_flow_end(const struct trace *trace, const char *phase, uint32_t pid, uint32_t tid,
                         uint64_t at_ps)
{
    const struct chrome *chrome = trace->own;
    put_event(trace, phase, pid, tid, "interrupt to upcall");
    put_time(trace->out, "ts", at_ps);
    fprintf(trace->out, ",\"cat\":\"flow\",\"id\":%" PRIu64 "%s}", chrome->flows,
            *phase == 'f' ? ",\"bp\":\"e\"" : "");
}

/* --- slices ---------------------------------------------------------------------------------- */

static void slice_close(const struct trace *trace, struct slice *slice, uint32_t pid, uint32_t tid)
{
    if (!slice->open)
        return;
    slice->open = false;
    put_event(trace, "X", pid, tid, slice->name);
    put_time(trace->out, "ts", slice->from_ps);
    put_time(trace->out, "dur", trace->at_ps - slice->from_ps);
    fputc('}', trace->out);
}

/* Ends what was open on this thread: so slices never overlap. What began at this very time only
 * gets its better name. */
static void slice_open(const struct trace *trace, struct slice *slice, uint32_t pid, uint32_t tid,
                       const char *name)
{
    if (slice->from_ps < trace->at_ps)
        slice_close(trace, slice, pid, tid);
    slice->open = true;
    slice->from_ps = trace->at_ps;
    snprintf(slice->name, sizeof slice->name, "%s", name);
}

static void kernel_open(const struct trace *trace, const char *name)
{
    struct chrome *chrome = trace->own;
    slice_open(trace, &chrome->kernel, PID_CPU, TID_KERNEL, name);
}

static void app_open(const struct trace *trace, uint32_t app, const char *name)
{
    struct chrome *chrome = trace->own;
    slice_open(trace, &chrome->apps[app], PID_CPU, TID_APP + app, name);
}

static void app_close(const struct trace *trace, uint32_t app)
{
    struct chrome *chrome = trace->own;
    slice_close(trace, &chrome->apps[app], PID_CPU, TID_APP + app);
}

/* --- from interrupt to upcall ---------------------------------------------------------------- */

static void queue_take(struct queue *queue, uint32_t at)
{
    queue->count--;
    memmove(&queue->waiting[at], &queue->waiting[at + 1],
            (queue->count - at) * sizeof queue->waiting[0]);
}

/* The first that waits for this driver and number; queue->count: none does. */
static uint32_t queue_find(const struct queue *queue, const struct record *r)
{
    for (uint32_t i = 0; i < queue->count; i++)
        if (queue->waiting[i].driver == r->address &&
            queue->waiting[i].number == pair_low(r->value))
            return i;
    return queue->count;
}

static void queue_add(struct chrome *chrome, const struct record *r)
{
    struct queue *queue = &chrome->queues[r->process];
    if (queue->count < QUEUE_MAX)
        queue->waiting[queue->count++] =
            (struct waiting){r->address, pair_low(r->value), chrome->served};
}

static void queue_deliver(struct chrome *chrome, const struct record *r)
{
    struct queue *queue = &chrome->queues[r->process];
    uint32_t at = queue_find(queue, r);
    chrome->arriving[r->process] = (struct origin){.known = false};
    if (at == queue->count)
        return;
    chrome->arriving[r->process] = queue->waiting[at].origin;
    queue_take(queue, at);
}

static void queue_cancel(struct chrome *chrome, const struct record *r)
{
    struct queue *queue = &chrome->queues[r->process];
    for (uint32_t i = 0; i < pair_high(r->value); i++) {
        uint32_t at = queue_find(queue, r);
        if (at == queue->count)
            return;
        queue_take(queue, at);
    }
}

static void follow_line(const struct trace *trace, const struct record *r)
{
    struct chrome *chrome = trace->own;
    struct origin *risen = r->address < LINE_MAX_KNOWN ? &chrome->risen[r->address] : NULL;
    if (!risen)
        return;
    if (r->kind == EVENT_IRQ_RAISED) {
        *risen = (struct origin){true, trace->at_ps, (uint32_t)r->value};
    } else if (r->kind == EVENT_NOTE_BASE + NOTE_LINE_SERVICED) {
        chrome->served = *risen;
        risen->known = false; /* one rise, one service */
    }
}

static void follow_upcall(const struct trace *trace, const struct record *r)
{
    struct chrome *chrome = trace->own;
    switch (r->kind) {
    case EVENT_NOTE_BASE + NOTE_UPCALL_QUEUED:
        queue_add(chrome, r);
        break;
    case EVENT_NOTE_BASE + NOTE_UPCALL_DELIVERED:
        queue_deliver(chrome, r);
        break;
    case EVENT_NOTE_BASE + NOTE_UPCALL_CANCELLED:
        queue_cancel(chrome, r);
        break;
    case EVENT_NOTE_BASE + NOTE_PROCESS_END:
        chrome->queues[r->process].count = 0;
        chrome->arriving[r->process].known = false;
        break;
    default:
        break;
    }
}

/* The app runs, and its slice is there for the arrow to end in. */
static void put_arrow(const struct trace *trace, uint32_t app)
{
    struct chrome *chrome = trace->own;
    struct origin *from = &chrome->arriving[app];
    if (!from->known)
        return;
    from->known = false;
    chrome->flows++;
    put_flow_end(trace, "s", PID_DEVICES, TID_DEVICE + from->device, from->at_ps);
    put_flow_end(trace, "f", PID_CPU, TID_APP + app, trace->at_ps);
}

/* --- who runs -------------------------------------------------------------------------------- */

/* What the kernel's new slice is about. */
static const char *kernel_errand(const struct trace *trace, const struct record *r)
{
    switch (r->kind) {
    case EVENT_SYSCALL:
        return "system call";
    case EVENT_FAULT:
        return "fault";
    case EVENT_WAKE:
        return "interrupt";
    default:
        return *trace->what ? trace->what : "kernel";
    }
}

static void change_cpu(const struct trace *trace, const struct record *r, uint32_t before)
{
    struct chrome *chrome = trace->own;
    if (before < PROCESS_MAX)
        app_close(trace, before);
    if (trace->cpu == CPU_KERNEL)
        kernel_open(trace, kernel_errand(trace, r));
    else if (trace->cpu == CPU_SLEEPS)
        kernel_open(trace, "sleep");
    else
        slice_close(trace, &chrome->kernel, PID_CPU, TID_KERNEL);
    if (before == CPU_KERNEL)
        chrome->served.known = false;
}

/* An app's thread: "=> command ..." opens, what comes back closes and the app runs. */
static void follow_app(const struct trace *trace, const struct record *r)
{
    const char *call = strncmp(trace->what, "=> ", 3) == 0 ? trace->what + 3 : trace->what;
    const char *back = strncmp(trace->what, "<= ", 3) == 0 ? trace->what + 3 : trace->what;
    const struct chrome *chrome = trace->own;
    char name[TIMELINE_TEXT_MAX];
    switch (r->kind) {
    case EVENT_SYSCALL_MORE:
        app_open(trace, r->process, call);
        break;
    case EVENT_RUN:
        if (!chrome->apps[r->process].open || chrome->apps[r->process].from_ps != trace->at_ps)
            app_open(trace, r->process, "runs");
        put_arrow(trace, r->process);
        break;
    case EVENT_UPCALL_MORE:
        snprintf(name, sizeof name, "%.*s", (int)strcspn(back, ":"), back);
        app_open(trace, r->process, name);
        put_arrow(trace, r->process);
        break;
    case EVENT_RETURN:
        app_open(trace, r->process, "runs");
        break;
    case EVENT_NOTE_BASE + NOTE_PROCESS_END:
        app_close(trace, r->process);
        break;
    default:
        break;
    }
}

/* --- instants and counters ------------------------------------------------------------------- */

static bool is_told(uint16_t kind)
{
    return kind >= EVENT_NOTE_BASE && kind != EVENT_NOTE_BASE + NOTE_MPU_WRITTEN &&
           kind != EVENT_NOTE_BASE + NOTE_PROCESS_STATE;
}

static void tell(const struct trace *trace, const struct record *r)
{
    uint32_t tid = r->process < trace->scenario->app_count ? TID_APP + r->process : TID_KERNEL;
    switch (r->kind) {
    case EVENT_FAULT:
        put_instant(trace, "p", PID_CPU, tid, trace->what, trace->at_ps);
        break;
    case EVENT_INJECTED:
    case EVENT_KERNEL_PANIC:
        put_instant(trace, "g", PID_CPU, TID_KERNEL, trace->what, trace->at_ps);
        break;
    case EVENT_APP_NOTE:
        put_instant(trace, "t", PID_CPU, tid, trace->what, trace->at_ps);
        break;
    case EVENT_DEVICE_TASK:
    case EVENT_DEVICE_EVENT:
        put_instant(trace, "t", PID_DEVICES, TID_DEVICE + (uint32_t)r->value, trace->what,
                    trace->at_ps);
        break;
    default:
        if (is_told(r->kind) && *trace->what)
            put_instant(trace, "t", PID_CPU, tid, trace->what, trace->at_ps);
        break;
    }
}

static void count(const struct trace *trace, const struct record *r)
{
    char name[SCENARIO_NAME_MAX + 32];
    if (r->kind == EVENT_NOTE_BASE + NOTE_MPU_WRITTEN)
        put_counter(trace, "MPU regions", pair_low(r->value));
    if (r->process >= trace->scenario->app_count ||
        (r->kind != EVENT_NOTE_BASE + NOTE_UPCALL_QUEUED &&
         r->kind != EVENT_NOTE_BASE + NOTE_UPCALL_DELIVERED &&
         r->kind != EVENT_NOTE_BASE + NOTE_UPCALL_CANCELLED &&
         r->kind != EVENT_NOTE_BASE + NOTE_PROCESS_END))
        return;
    snprintf(name, sizeof name, "upcalls waiting, %s", trace->scenario->apps[r->process].name);
    put_counter(trace, name, trace->waiting[r->process]);
}

static void follow_device(const struct trace *trace, const struct record *r)
{
    struct chrome *chrome = trace->own;
    uint32_t device = (uint32_t)r->value;
    if (device >= trace->scenario->board.device_count)
        return;
    if (r->kind == EVENT_IRQ_RAISED)
        slice_open(trace, &chrome->devices[device], PID_DEVICES, TID_DEVICE + device,
                   "interrupt line high");
    else if (r->kind == EVENT_IRQ_LOWERED)
        slice_close(trace, &chrome->devices[device], PID_DEVICES, TID_DEVICE + device);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void chrome_begin(struct trace *trace)
{
    const struct scenario *s = trace->scenario;
    fputs("{\"traceEvents\":[", trace->out);
    put_name(trace, "process_name", PID_CPU, 0, "CPU");
    put_name(trace, "process_name", PID_DEVICES, 0, "devices");
    put_name(trace, "thread_name", PID_CPU, TID_KERNEL, "kernel");
    for (uint32_t i = 0; i < s->app_count; i++)
        put_name(trace, "thread_name", PID_CPU, TID_APP + i, s->apps[i].name);
    for (uint32_t i = 0; i < s->board.device_count; i++)
        if (s->board.devices[i].type)
            put_name(trace, "thread_name", PID_DEVICES, TID_DEVICE + i, s->board.devices[i].name);
    kernel_open(trace, "boot");
}

static void chrome_record(struct trace *trace, const struct record *r, uint32_t cpu_before)
{
    if (trace->cpu != cpu_before)
        change_cpu(trace, r, cpu_before);
    follow_line(trace, r);
    follow_device(trace, r);
    if (r->process < trace->scenario->app_count) {
        follow_upcall(trace, r);
        follow_app(trace, r);
    }
    tell(trace, r);
    count(trace, r);
}

static void chrome_verdict(struct trace *trace, const struct verdict *verdict, const char *text)
{
    char name[VERDICT_TEXT_MAX + 64];
    bool of_app = verdict->process < trace->scenario->app_count;
    snprintf(name, sizeof name, "** %s: %s", rule_rows[verdict->rule].id, text);
    put_instant(trace, "p", PID_CPU, of_app ? TID_APP + verdict->process : TID_KERNEL, name,
                verdict->at_ps);
}

static void chrome_end(struct trace *trace)
{
    struct chrome *chrome = trace->own;
    const struct scenario *s = trace->scenario;
    slice_close(trace, &chrome->kernel, PID_CPU, TID_KERNEL);
    for (uint32_t i = 0; i < s->app_count; i++)
        app_close(trace, i);
    for (uint32_t i = 0; i < s->board.device_count; i++)
        slice_close(trace, &chrome->devices[i], PID_DEVICES, TID_DEVICE + i);
    fprintf(trace->out, "\n],\n\"displayTimeUnit\":\"ns\",\n\"otherData\":{\"scenario\":");
    json_write_string(trace->out, s->id);
    fprintf(trace->out, ",\"claim\":");
    json_write_string(trace->out, s->claim);
    fprintf(trace->out, ",\"board\":");
    json_write_string(trace->out, s->board.name);
    fprintf(trace->out, "}}\n");
}

const struct trace_writer trace_chrome = {sizeof(struct chrome), chrome_begin, chrome_record,
                                          chrome_verdict, chrome_end};
