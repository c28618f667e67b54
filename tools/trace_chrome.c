/* trace_chrome.c: Chrome trace JSON ("Trace Event Format"), one event a line.
 *
 *   process "CPU"      a thread for the kernel, one for each app: slices of who runs, of open
 *                      system calls, of sleep; faults, verdicts and the kernel's notes as instants
 *   process "devices"  a thread for each device: a slice while its interrupt line is high
 *   process "air"      two threads for each station: frames that it sends, channels that it listens
 *                      to; one for the state of the board's RADIO
 *   flows              from a line's rise to the upcall it led to
 *   counters           MPU regions in use; upcalls that wait and windows lent, for each app
 *   async events       each upcall while it waits; each connection event, from its anchor, as the
 *                      central has it, to the last bit that was sent in it
 *
 * Slices of one thread follow each other and never overlap: viewers take nested slices only. Each
 * is a "B" and an "E", for the end of one then is the very number that the next begins with; of an
 * "X" readers add the duration themselves, in binary, and come out beyond the next one's beginning.
 * Times are microseconds with six decimals, which are picoseconds; events stand in the order of
 * their times. What ends later is known later: so they are kept until the run is over.
 */
#define _POSIX_C_SOURCE 200809L

#include "sim/ble/notes.h"
#include "sim/machine.h"
#include "sim/rules.h"
#include "sim/scenario_load.h"
#include "tools/air_log.h"
#include "tools/text.h"
#include "tools/trace_export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Process and thread ids of the file. */
enum { PID_CPU = 1, PID_DEVICES = 2, PID_AIR = 3, TID_KERNEL = 1, TID_APP = 2, TID_DEVICE = 1 };
enum { TID_RADIO = 1, TID_STATION = 2 };
enum { STATION_MAX = BOARD_DEVICE_MAX + PEER_MAX };
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
    uint64_t id; /* of its async event */
    struct origin origin;
};

/* A station of the air. */
struct station {
    struct slice sends, listens;
    uint32_t flight; /* that `sends` is about */
    struct {
        bool open;
        uint32_t count; /* connEventCount */
        uint8_t channel;
        uint64_t from_ps, to_ps;
    } event; /* of the connection whose central it is */
};

/* Where an event stands in the text. */
struct place {
    uint64_t at_ps;
    size_t from, number;
};

struct chrome {
    FILE *out; /* the events' text */
    char *text;
    size_t text_size;
    struct place *places;
    size_t count, capacity;
    uint64_t flows, asyncs;
    struct slice kernel, apps[PROCESS_MAX], devices[BOARD_DEVICE_MAX];
    struct origin risen[LINE_MAX_KNOWN]; /* by line: its last rise that nobody has served yet */
    struct origin served;                /* the line that the kernel serves now */
    struct queue {
        uint32_t count;
        struct waiting waiting[QUEUE_MAX];
    } queues[PROCESS_MAX];
    struct origin arriving[PROCESS_MAX]; /* of the upcall that was delivered last */
    struct slice radio;
    uint32_t radio_state;
    struct station stations[STATION_MAX];
    struct air_log log;
};

/* --- events ---------------------------------------------------------------------------------- */

/* Of the event under way. */
static void put_time(const struct trace *trace, uint64_t at_ps)
{
    struct chrome *chrome = trace->own;
    chrome->places[chrome->count - 1].at_ps = at_ps;
    fprintf(chrome->out, ",\"ts\":%" PRIu64 ".%06" PRIu64, at_ps / 1000000, at_ps % 1000000);
}

static void add_place(struct chrome *chrome)
{
    if (chrome->count == chrome->capacity) {
        chrome->capacity = chrome->capacity ? 2 * chrome->capacity : 1024;
        chrome->places = realloc(chrome->places, chrome->capacity * sizeof *chrome->places);
        if (!chrome->places)
            abort();
    }
    chrome->places[chrome->count] =
        (struct place){.from = (size_t)ftello(chrome->out), .number = chrome->count};
    chrome->count++;
}

/* Opens an event; whoever calls adds to it and closes it with "}". */
static void put_event(const struct trace *trace, const char *phase, uint32_t pid, uint32_t tid,
                      const char *name)
{
    struct chrome *chrome = trace->own;
    add_place(chrome);
    fprintf(chrome->out, "{\"ph\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",\"name\":", phase,
            pid, tid);
    json_write_string(chrome->out, name);
}

static void put_name(const struct trace *trace, const char *what, uint32_t pid, uint32_t tid,
                     const char *name)
{
    const struct chrome *chrome = trace->own;
    put_event(trace, "M", pid, tid, what);
    fprintf(chrome->out, ",\"args\":{\"name\":");
    json_write_string(chrome->out, name);
    fprintf(chrome->out, "}}");
}

/* `scope`: "g" the whole trace, "p" its process, "t" its thread. */
static void put_instant(const struct trace *trace, const char *scope, uint32_t pid, uint32_t tid,
                        const char *name, uint64_t at_ps)
{
    const struct chrome *chrome = trace->own;
    put_event(trace, "i", pid, tid, name);
    put_time(trace, at_ps);
    fprintf(chrome->out, ",\"s\":\"%s\"}", scope);
}

static void put_counter(const struct trace *trace, const char *name, uint32_t value)
{
    const struct chrome *chrome = trace->own;
    put_event(trace, "C", PID_CPU, TID_KERNEL, name);
    put_time(trace, trace->at_ps);
    fprintf(chrome->out, ",\"args\":{\"value\":%" PRIu32 "}}", value);
}

static void put_flow_end(const struct trace *trace, const char *phase, uint32_t pid, uint32_t tid,
                         uint64_t at_ps)
{
    const struct chrome *chrome = trace->own;
    put_event(trace, phase, pid, tid, "interrupt to upcall");
    put_time(trace, at_ps);
    fprintf(chrome->out, ",\"cat\":\"flow\",\"id\":%" PRIu64 "%s}", chrome->flows,
            *phase == 'f' ? ",\"bp\":\"e\"" : "");
}

/* `phase`: "b" begins, "e" ends the event with this id and category. */
static void put_async(const struct trace *trace, const char *phase, uint32_t pid, uint32_t tid,
                      const char *name, const char *category, uint64_t id, uint64_t at_ps)
{
    const struct chrome *chrome = trace->own;
    put_event(trace, phase, pid, tid, name);
    put_time(trace, at_ps);
    fprintf(chrome->out, ",\"cat\":\"%s\",\"id\":%" PRIu64 "}", category, id);
}

/* --- slices ---------------------------------------------------------------------------------- */

static void slice_close(const struct trace *trace, struct slice *slice, uint32_t pid, uint32_t tid)
{
    if (!slice->open)
        return;
    slice->open = false;
    const struct chrome *chrome = trace->own;
    put_event(trace, "B", pid, tid, slice->name);
    put_time(trace, slice->from_ps);
    fputc('}', chrome->out);
    put_event(trace, "E", pid, tid, slice->name);
    put_time(trace, trace->at_ps);
    fputc('}', chrome->out);
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

static void put_waiting(const struct trace *trace, const char *phase, uint32_t app,
                        const struct waiting *waiting)
{
    const char *driver = driver_name(&trace->scenario->config, waiting->driver);
    char name[SCENARIO_NAME_MAX + 64];
    if (driver)
        snprintf(name, sizeof name, "upcall %s %" PRIu32 " waits", driver, waiting->number);
    else
        snprintf(name, sizeof name, "upcall 0x%" PRIx32 " %" PRIu32 " waits", waiting->driver,
                 waiting->number);
    put_async(trace, phase, PID_CPU, TID_APP + app, name, "upcall", waiting->id, trace->at_ps);
}

static void queue_take(const struct trace *trace, uint32_t app, uint32_t at)
{
    struct chrome *chrome = trace->own;
    struct queue *queue = &chrome->queues[app];
    put_waiting(trace, "e", app, &queue->waiting[at]);
    queue->count--;
    memmove(&queue->waiting[at], &queue->waiting[at + 1],
            (queue->count - at) * sizeof queue->waiting[0]);
}

static void queue_empty(const struct trace *trace, uint32_t app)
{
    struct chrome *chrome = trace->own;
    while (chrome->queues[app].count)
        queue_take(trace, app, 0);
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

static void queue_add(const struct trace *trace, const struct record *r)
{
    struct chrome *chrome = trace->own;
    struct queue *queue = &chrome->queues[r->process];
    if (queue->count == QUEUE_MAX)
        return;
    struct waiting *waiting = &queue->waiting[queue->count++];
    *waiting = (struct waiting){r->address, pair_low(r->value), ++chrome->asyncs, chrome->served};
    put_waiting(trace, "b", r->process, waiting);
}

static void queue_deliver(const struct trace *trace, const struct record *r)
{
    struct chrome *chrome = trace->own;
    struct queue *queue = &chrome->queues[r->process];
    uint32_t at = queue_find(queue, r);
    chrome->arriving[r->process] = (struct origin){.known = false};
    if (at == queue->count)
        return;
    chrome->arriving[r->process] = queue->waiting[at].origin;
    queue_take(trace, r->process, at);
}

static void queue_cancel(const struct trace *trace, const struct record *r)
{
    const struct chrome *chrome = trace->own;
    const struct queue *queue = &chrome->queues[r->process];
    for (uint32_t i = 0; i < pair_high(r->value); i++) {
        uint32_t at = queue_find(queue, r);
        if (at == queue->count)
            return;
        queue_take(trace, r->process, at);
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
        queue_add(trace, r);
        break;
    case EVENT_NOTE_BASE + NOTE_UPCALL_DELIVERED:
        queue_deliver(trace, r);
        break;
    case EVENT_NOTE_BASE + NOTE_UPCALL_CANCELLED:
        queue_cancel(trace, r);
        break;
    case EVENT_NOTE_BASE + NOTE_PROCESS_END:
        queue_empty(trace, r->process);
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
    if (r->process >= trace->scenario->app_count)
        return;
    if (r->kind == EVENT_NOTE_BASE + NOTE_WINDOW_GRANTED ||
        r->kind == EVENT_NOTE_BASE + NOTE_WINDOW_REMOVED) {
        snprintf(name, sizeof name, "windows lent, %s", trace->scenario->apps[r->process].name);
        put_counter(trace, name, trace->windows[r->process].count);
    }
    if ((r->kind != EVENT_NOTE_BASE + NOTE_UPCALL_QUEUED &&
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

/* --- the air --------------------------------------------------------------------------------- */

static void follow_radio(const struct trace *trace)
{
    struct chrome *chrome = trace->own;
    if (trace->radio == BOARD_NONE || chrome->radio_state == trace->radio_state)
        return;
    chrome->radio_state = trace->radio_state;
    slice_open(trace, &chrome->radio, PID_AIR, TID_RADIO, trace_radio_state(trace->radio_state));
}

static void end_sending(const struct trace *trace, const struct record *r, uint32_t tid)
{
    struct chrome *chrome = trace->own;
    struct station *station = &chrome->stations[air_device(r->value)];
    const char *sent = strstr(trace->what, ": ");
    if (!station->sends.open || station->flight != air_flight_number(r->value))
        return;
    snprintf(station->sends.name, sizeof station->sends.name, "%s", sent ? sent + 2 : trace->what);
    slice_close(trace, &station->sends, PID_AIR, tid);
}

static void follow_station(const struct trace *trace, const struct record *r)
{
    struct chrome *chrome = trace->own;
    uint32_t device = air_device(r->value), tid = TID_STATION + 2 * device;
    bool of_air = r->kind >= EVENT_AIR_START && r->kind <= EVENT_AIR_DEAF;
    char name[32];
    if (!of_air || r->kind == EVENT_AIR_BYTES || !trace_on_air(trace->scenario, device))
        return;
    struct station *station = &chrome->stations[device];
    if (r->kind == EVENT_AIR_START) {
        slice_open(trace, &station->sends, PID_AIR, tid, "a frame");
        station->flight = air_flight_number(r->value);
    } else if (r->kind == EVENT_AIR_END) {
        end_sending(trace, r, tid);
    } else if (r->kind == EVENT_AIR_LISTEN) {
        snprintf(name, sizeof name, "listens, %" PRIu32 " MHz", r->address & 0xffff);
        slice_open(trace, &station->listens, PID_AIR, tid + 1, name);
    } else if (r->kind == EVENT_AIR_DEAF) {
        slice_close(trace, &station->listens, PID_AIR, tid + 1);
    }
}

static void end_event(const struct trace *trace, uint32_t device)
{
    struct chrome *chrome = trace->own;
    struct station *station = &chrome->stations[device];
    uint32_t tid = TID_STATION + 2 * device;
    char name[64];
    if (!station->event.open)
        return;
    station->event.open = false;
    snprintf(name, sizeof name, "connection event %" PRIu32 ", channel %u", station->event.count,
             station->event.channel);
    chrome->asyncs++;
    put_async(trace, "b", PID_AIR, tid, name, "ble", chrome->asyncs, station->event.from_ps);
    put_async(trace, "e", PID_AIR, tid, name, "ble", chrome->asyncs, station->event.to_ps);
}

static void follow_note(const struct trace *trace, const struct record *r)
{
    struct chrome *chrome = trace->own;
    uint32_t device = pair_high(r->value);
    if (r->kind != EVENT_PEER_NOTE || !trace_on_air(trace->scenario, device) ||
        (r->address != BLE_NOTE_ANCHOR && r->address != BLE_NOTE_LOST))
        return;
    end_event(trace, device);
    if (r->address == BLE_NOTE_LOST)
        return;
    struct station *station = &chrome->stations[device];
    station->event.open = true;
    station->event.count = pair_low(r->value);
    station->event.from_ps = station->event.to_ps = trace->at_ps;
}

static void follow_connection(const struct trace *trace, const struct record *r)
{
    struct chrome *chrome = trace->own;
    const struct air_log_frame *sent = air_log_add(&chrome->log, r, trace->frame);
    if (!sent || sent->pdu.advertising || sent->pdu.link == AIR_LINK_NONE)
        return;
    const struct air_link *link = air_links_get(&chrome->log.links, sent->pdu.link);
    struct station *station =
        link && link->central < STATION_MAX ? &chrome->stations[link->central] : NULL;
    if (!station || !station->event.open)
        return;
    station->event.channel = sent->pdu.channel;
    if (sent->end_ps > station->event.to_ps)
        station->event.to_ps = sent->end_ps;
}

static void begin_air(const struct trace *trace)
{
    struct chrome *chrome = trace->own;
    const struct scenario *s = trace->scenario;
    char name[DEVICE_NAME_MAX + SCENARIO_NAME_MAX + 16];
    air_log_start(&chrome->log, s);
    put_name(trace, "process_name", PID_AIR, 0, "air");
    if (trace->radio != BOARD_NONE) {
        snprintf(name, sizeof name, "%s is", s->board.devices[trace->radio].name);
        put_name(trace, "thread_name", PID_AIR, TID_RADIO, name);
        slice_open(trace, &chrome->radio, PID_AIR, TID_RADIO, trace_radio_state(0));
    }
    for (uint32_t i = 0; i < s->board.device_count + s->peer_count; i++) {
        if (!trace_on_air(s, i))
            continue;
        snprintf(name, sizeof name, "%s sends", air_device_name(s, i));
        put_name(trace, "thread_name", PID_AIR, TID_STATION + 2 * i, name);
        snprintf(name, sizeof name, "%s listens", air_device_name(s, i));
        put_name(trace, "thread_name", PID_AIR, TID_STATION + 2 * i + 1, name);
    }
}

static void end_air(const struct trace *trace)
{
    struct chrome *chrome = trace->own;
    slice_close(trace, &chrome->radio, PID_AIR, TID_RADIO);
    for (uint32_t i = 0; i < STATION_MAX; i++) {
        struct station *station = &chrome->stations[i];
        end_event(trace, i);
        slice_close(trace, &station->sends, PID_AIR, TID_STATION + 2 * i);
        slice_close(trace, &station->listens, PID_AIR, TID_STATION + 2 * i + 1);
    }
    air_log_free(&chrome->log);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void chrome_begin(struct trace *trace)
{
    const struct scenario *s = trace->scenario;
    struct chrome *chrome = trace->own;
    chrome->out = open_memstream(&chrome->text, &chrome->text_size);
    if (!chrome->out)
        abort();
    put_name(trace, "process_name", PID_CPU, 0, "CPU");
    put_name(trace, "process_name", PID_DEVICES, 0, "devices");
    put_name(trace, "thread_name", PID_CPU, TID_KERNEL, "kernel");
    for (uint32_t i = 0; i < s->app_count; i++)
        put_name(trace, "thread_name", PID_CPU, TID_APP + i, s->apps[i].name);
    for (uint32_t i = 0; i < s->board.device_count; i++)
        if (s->board.devices[i].type)
            put_name(trace, "thread_name", PID_DEVICES, TID_DEVICE + i, s->board.devices[i].name);
    begin_air(trace);
    kernel_open(trace, "boot");
}

static void chrome_record(struct trace *trace, const struct record *r, uint32_t cpu_before)
{
    if (trace->cpu != cpu_before)
        change_cpu(trace, r, cpu_before);
    follow_line(trace, r);
    follow_device(trace, r);
    follow_radio(trace);
    follow_station(trace, r);
    follow_connection(trace, r);
    follow_note(trace, r);
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

static int compare_places(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    if (one->at_ps != other->at_ps)
        return one->at_ps < other->at_ps ? -1 : 1;
    return one->number < other->number ? -1 : 1;
}

static void put_events(const struct trace *trace)
{
    struct chrome *chrome = trace->own;
    size_t *ends = malloc((chrome->count + 1) * sizeof *ends); /* by number */
    bool kept = ends && fclose(chrome->out) == 0;
    if (!kept)
        abort(); /* out of host memory */
    for (size_t i = 0; i < chrome->count; i++)
        ends[i] = i + 1 < chrome->count ? chrome->places[i + 1].from : chrome->text_size;
    qsort(chrome->places, chrome->count, sizeof *chrome->places, compare_places);
    for (size_t i = 0; i < chrome->count; i++) {
        const struct place *place = &chrome->places[i];
        fputs(i ? ",\n" : "\n", trace->out);
        fwrite(chrome->text + place->from, 1, ends[place->number] - place->from, trace->out);
    }
    free(ends);
    free(chrome->places);
    free(chrome->text);
}

static void chrome_end(struct trace *trace)
{
    struct chrome *chrome = trace->own;
    const struct scenario *s = trace->scenario;
    slice_close(trace, &chrome->kernel, PID_CPU, TID_KERNEL);
    for (uint32_t i = 0; i < s->app_count; i++) {
        queue_empty(trace, i);
        app_close(trace, i);
    }
    for (uint32_t i = 0; i < s->board.device_count; i++)
        slice_close(trace, &chrome->devices[i], PID_DEVICES, TID_DEVICE + i);
    end_air(trace);
    fputs("{\"traceEvents\":[", trace->out);
    put_events(trace);
    fprintf(trace->out, "\n],\n\"displayTimeUnit\":\"ns\",\n\"otherData\":{\"scenario\":");
    json_write_string(trace->out, s->id);
    fprintf(trace->out, ",\"claim\":");
    json_write_string(trace->out, s->claim);
    fprintf(trace->out, ",\"board\":");
    json_write_string(trace->out, s->board.name);
    fprintf(trace->out, ",\"end_ps\":%" PRIu64 ",\"trace_hash\":\"%016" PRIx64 "\"}}\n",
            trace->at_ps, machine_trace_hash(trace->machine));
}

const struct trace_writer trace_chrome = {sizeof(struct chrome), chrome_begin, chrome_record,
                                          chrome_verdict, chrome_end};
