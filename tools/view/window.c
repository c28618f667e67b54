/* window.c: see window.h. */
#include "tools/view/window.h"

#include "model/process.h"
#include "sim/ble/notes.h"
#include "sim/ble/time.h"
#include "sim/verdict.h"
#include "tools/text.h"
#include "tools/trace_export.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What is open while records go by; NONE: nothing. */
enum { NONE = UINT32_MAX };

struct open_slice {
    bool open;
    uint64_t from_ps;
    uint16_t who;
    uint8_t kind;
    char text[ITEM_TEXT_MAX];
};

struct gathering {
    const struct replay *replay;
    struct window *window;
    struct trace trace;
    uint32_t air_row;
    bool listening[MACHINE_DEVICE_MAX];
    uint64_t listen_ps[MACHINE_DEVICE_MAX];
    struct open_slice rows[WINDOW_ROW_MAX];        /* of the kernel, apps, devices */
    struct open_slice flights[MACHINE_DEVICE_MAX]; /* by sender */
    uint64_t answer_due_ps; /* behind the last frame of a peer that our radio heard */
};

/* --- rows ------------------------------------------------------------------------------------ */

uint32_t window_row_of(const struct window *window, enum row_kind kind, uint32_t index)
{
    for (uint32_t i = 0; i < window->row_count; i++)
        if (window->rows[i].kind == kind && window->rows[i].index == index)
            return i;
    return window->row_count;
}

static void add_row(struct window *window, enum row_kind kind, uint32_t index, const char *name)
{
    if (window->row_count < WINDOW_ROW_MAX)
        window->rows[window->row_count++] = (struct window_row){kind, index, name};
}

/* The same for every stretch of a run: those devices have a row that did something in it. */
static void lay_out_rows(const struct replay *replay, struct window *window)
{
    const struct scenario *s = replay->scenario;
    window->row_count = 0;
    add_row(window, ROW_KERNEL, 0, "kernel");
    for (uint32_t i = 0; i < s->app_count; i++)
        add_row(window, ROW_APP, i, s->apps[i].name);
    for (uint32_t i = 0; i < s->board.device_count; i++)
        if (replay->active[i])
            add_row(window, ROW_DEVICE, i, s->board.devices[i].name);
    if (replay->has_frames)
        add_row(window, ROW_AIR, 0, "air");
}

/* --- items ----------------------------------------------------------------------------------- */

static struct window_item *add_item(struct window *window, uint32_t row, enum item_kind kind,
                                    const char *text)
{
    if (window->item_count == window->item_room) {
        window->item_room = window->item_room ? 2 * window->item_room : 1024;
        window->items = realloc(window->items, window->item_room * sizeof window->items[0]);
        window->unsorted = realloc(window->unsorted, window->item_room * sizeof window->items[0]);
        if (!window->items || !window->unsorted)
            abort();
    }
    struct window_item *item = &window->items[window->item_count++];
    memset(item, 0, sizeof *item);
    item->row = (uint8_t)row;
    item->kind = (uint8_t)kind;
    snprintf(item->text, sizeof item->text, "%s", text);
    return item;
}

static void add_slice(struct window *window, uint32_t row, const struct open_slice *slice,
                      uint64_t to_ps)
{
    if (to_ps <= window->from_ps || slice->from_ps >= window->to_ps || to_ps == slice->from_ps)
        return;
    struct window_item *item = add_item(window, row, slice->kind, slice->text);
    item->who = slice->who;
    item->cut_before = slice->from_ps < window->from_ps;
    item->cut_behind = to_ps > window->to_ps;
    item->from_ps = item->cut_before ? window->from_ps : slice->from_ps;
    item->to_ps = item->cut_behind ? window->to_ps : to_ps;
}

static struct window_item *add_point(struct window *window, uint32_t row, enum item_kind kind,
                                     uint64_t at_ps, const char *text)
{
    static struct window_item beside; /* what is not in the window is written there */
    if (row == window->row_count || at_ps < window->from_ps || at_ps >= window->to_ps)
        return &beside;
    struct window_item *item = add_item(window, row, kind, text);
    item->from_ps = item->to_ps = at_ps;
    return item;
}

/* --- slices of a row ------------------------------------------------------------------------- */

static void slice_end(struct gathering *g, uint32_t row)
{
    if (row == g->window->row_count || !g->rows[row].open)
        return;
    g->rows[row].open = false;
    add_slice(g->window, row, &g->rows[row], g->trace.at_ps);
}

static void slice_begin(struct gathering *g, uint32_t row, enum item_kind kind, const char *text)
{
    if (row == g->window->row_count)
        return;
    slice_end(g, row);
    g->rows[row] = (struct open_slice){true, g->trace.at_ps, 0, (uint8_t)kind, ""};
    snprintf(g->rows[row].text, sizeof g->rows[row].text, "%s", text);
}

static uint32_t row_of_app(const struct gathering *g, uint32_t app)
{
    return window_row_of(g->window, ROW_APP, app);
}

static const char *phrase(const struct gathering *g)
{
    const char *what = g->trace.what;
    return strncmp(what, "=> ", 3) == 0 || strncmp(what, "<= ", 3) == 0 ? what + 3 : what;
}

static const char *errand(const struct gathering *g, const struct record *r)
{
    return r->kind == EVENT_SYSCALL ? "system call"
           : r->kind == EVENT_FAULT ? "fault"
           : r->kind == EVENT_WAKE  ? "interrupt"
           : *g->trace.what         ? phrase(g)
                                    : "kernel";
}

static void follow_cpu(struct gathering *g, const struct record *r, uint32_t before)
{
    uint32_t kernel = window_row_of(g->window, ROW_KERNEL, 0);
    if (g->trace.cpu == before)
        return;
    if (before < PROCESS_MAX && g->rows[row_of_app(g, before)].kind == ITEM_RUNS)
        slice_end(g, row_of_app(g, before));
    if (g->trace.cpu == CPU_KERNEL)
        slice_begin(g, kernel, ITEM_KERNEL, errand(g, r));
    else
        slice_end(g, kernel);
    if (g->trace.cpu < PROCESS_MAX && !g->rows[row_of_app(g, g->trace.cpu)].open)
        slice_begin(g, row_of_app(g, g->trace.cpu), ITEM_RUNS, "runs");
}

static void follow_app(struct gathering *g, const struct record *r)
{
    uint32_t row = row_of_app(g, r->process);
    switch (r->kind) {
    case EVENT_SYSCALL_MORE:
        slice_begin(g, row, ITEM_CALL, phrase(g));
        break;
    case EVENT_RETURN:
        slice_begin(g, row, ITEM_RUNS, "runs");
        break;
    case EVENT_UPCALL_MORE:
        slice_begin(g, row, ITEM_RUNS, phrase(g));
        break;
    case EVENT_RUN:
        if (g->rows[row].kind != ITEM_RUNS || !g->rows[row].open)
            slice_begin(g, row, ITEM_RUNS, "runs");
        break;
    case EVENT_NOTE_BASE + NOTE_PROCESS_END:
        slice_end(g, row);
        break;
    default:
        break;
    }
}

static void follow_line(struct gathering *g, const struct record *r)
{
    uint32_t row = window_row_of(g->window, ROW_DEVICE, (uint32_t)r->value);
    if (r->kind == EVENT_IRQ_RAISED)
        slice_begin(g, row, ITEM_LINE, phrase(g));
    else if (r->kind == EVENT_IRQ_LOWERED)
        slice_end(g, row);
}

/* --- the air --------------------------------------------------------------------------------- */

static bool is_peer(const struct gathering *g, uint32_t device)
{
    return device >= g->replay->scenario->board.device_count;
}

static const char *station(const struct gathering *g, uint32_t device)
{
    const struct scenario *s = g->replay->scenario;
    uint32_t peer = device - s->board.device_count;
    return !is_peer(g, device)    ? s->board.devices[device].name
           : peer < s->peer_count ? s->peers[peer].name
                                  : "?";
}

/* How late an answer may begin, and how near it came. */
static void mark_answer(struct gathering *g, uint64_t at_ps)
{
    char text[ITEM_TEXT_MAX], gap[US_TEXT_MAX], left[US_TEXT_MAX];
    uint64_t last_bit_ps = g->answer_due_ps - BLE_T_IFS_PS - BLE_ACTIVE_JITTER_PS;
    if (!g->answer_due_ps || at_ps > g->answer_due_ps + BLE_T_IFS_PS)
        return;
    bool late = at_ps > g->answer_due_ps;
    uint64_t margin_ps = late ? at_ps - g->answer_due_ps : g->answer_due_ps - at_ps;
    snprintf(text, sizeof text, "margin %s%s us: the answer began %s us behind the last bit",
             late ? "-" : "", us_text(margin_ps, left), us_text(at_ps - last_bit_ps, gap));
    add_point(g->window, g->air_row, ITEM_DEADLINE, g->answer_due_ps, text);
    g->answer_due_ps = 0;
}

static void close_flight(struct gathering *g, uint32_t device)
{
    struct open_slice *flight = &g->flights[device];
    if (!flight->open)
        return;
    flight->open = false;
    const char *sent = strstr(phrase(g), " has sent: ");
    if (sent)
        snprintf(flight->text, sizeof flight->text, "%s: %.*s", station(g, device),
                 ITEM_TEXT_MAX - SCENARIO_NAME_MAX - 4, sent + strlen(" has sent: "));
    add_slice(g->window, g->air_row, flight, g->trace.at_ps);
    if (is_peer(g, device))
        g->answer_due_ps = g->trace.at_ps + BLE_T_IFS_PS + BLE_ACTIVE_JITTER_PS;
}

static void follow_listener(struct gathering *g, uint32_t device, bool listens)
{
    if (g->listening[device]) {
        struct open_slice slice = {true, g->listen_ps[device], (uint16_t)device, ITEM_LISTEN, ""};
        snprintf(slice.text, sizeof slice.text, "%s listens", station(g, device));
        add_slice(g->window, g->air_row, &slice, g->trace.at_ps);
    }
    g->listening[device] = listens;
    g->listen_ps[device] = g->trace.at_ps;
}

static void follow_air(struct gathering *g, const struct record *r)
{
    uint32_t device = air_device(r->value);
    bool listens = r->kind == EVENT_AIR_LISTEN;
    if (r->kind == EVENT_PEER_NOTE && r->address == BLE_NOTE_ANCHOR)
        add_point(g->window, g->air_row, ITEM_ANCHOR, g->trace.at_ps, g->trace.what);
    if (device >= MACHINE_DEVICE_MAX)
        return;
    if (r->kind == EVENT_AIR_START) {
        if (!is_peer(g, device))
            mark_answer(g, r->at_ps);
        g->flights[device] =
            (struct open_slice){true, g->trace.at_ps, (uint16_t)device, ITEM_FRAME, ""};
        snprintf(g->flights[device].text, ITEM_TEXT_MAX, "%s sends", station(g, device));
    } else if (r->kind == EVENT_AIR_END) {
        close_flight(g, device);
    } else if (listens || r->kind == EVENT_AIR_DEAF) {
        if (!is_peer(g, device))
            follow_listener(g, device, listens);
    }
}

/* --- points ---------------------------------------------------------------------------------- */

/* ITEM_KINDS: no point of its own. */
static enum item_kind point_of(const struct record *r)
{
    switch (r->kind) {
    case EVENT_IRQ_TAKEN:
        return ITEM_INTERRUPT;
    case EVENT_UPCALL_MORE:
        return ITEM_UPCALL;
    case EVENT_FAULT:
        return ITEM_FAULT;
    case EVENT_INJECTED:
        return ITEM_INJECTED;
    case EVENT_DEVICE_TASK:
        return ITEM_TASK;
    case EVENT_DEVICE_EVENT:
        return ITEM_EVENT;
    case EVENT_DMA_READ:
    case EVENT_DMA_WRITE:
    case EVENT_DMA_REFUSED:
        return ITEM_DMA;
    case EVENT_KERNEL_PANIC:
        return ITEM_PANIC;
    case EVENT_APP_NOTE:
        return ITEM_NOTE;
    case EVENT_NOTE_BASE + NOTE_WINDOW_GRANTED:
        return ITEM_GRANT;
    case EVENT_NOTE_BASE + NOTE_WINDOW_REMOVED:
        return ITEM_REMOVAL;
    case EVENT_NOTE_BASE + NOTE_WINDOW_REFUSED:
        return ITEM_REFUSAL;
    case EVENT_NOTE_BASE + NOTE_PROCESS_END:
        return ITEM_END;
    case EVENT_NOTE_BASE + NOTE_MPU_WRITTEN:
    case EVENT_NOTE_BASE + NOTE_PROCESS_STATE:
    case EVENT_NOTE_BASE + NOTE_UPCALL_DELIVERED: /* the upcall itself says more */
        return ITEM_KINDS;
    default:
        return r->kind >= EVENT_NOTE_BASE ? ITEM_NOTE : ITEM_KINDS;
    }
}

static uint32_t row_of(const struct gathering *g, const struct record *r, enum item_kind kind)
{
    if (kind == ITEM_TASK || kind == ITEM_EVENT)
        return window_row_of(g->window, ROW_DEVICE, (uint32_t)r->value);
    if (kind == ITEM_DMA)
        return window_row_of(g->window, ROW_DEVICE, pair_high(r->value));
    if (r->process < g->replay->scenario->app_count && kind != ITEM_INTERRUPT)
        return row_of_app(g, r->process);
    return window_row_of(g->window, ROW_KERNEL, 0);
}

/* --- a record -------------------------------------------------------------------------------- */

static void begin(void *context, const struct machine *m, const struct timeline *known)
{
    struct gathering *g = context;
    trace_start(&g->trace, m);
    g->trace.timeline = *known;
    g->trace.at_ps = machine_now_ps(m);
    uint32_t row = g->trace.cpu < PROCESS_MAX ? row_of_app(g, g->trace.cpu)
                                              : window_row_of(g->window, ROW_KERNEL, 0);
    slice_begin(g, row, g->trace.cpu < PROCESS_MAX ? ITEM_RUNS : ITEM_KERNEL, "");
}

static bool take(void *context, const struct record *r, const struct air_frame *frame)
{
    struct gathering *g = context;
    uint32_t before = g->trace.cpu;
    trace_take(&g->trace, r, frame);
    if (r->process < g->replay->scenario->app_count)
        follow_app(g, r);
    follow_cpu(g, r, before);
    follow_line(g, r);
    if (g->air_row < g->window->row_count)
        follow_air(g, r);
    enum item_kind kind = point_of(r);
    if (kind != ITEM_KINDS)
        add_point(g->window, row_of(g, r, kind), kind, r->at_ps, phrase(g));
    return true;
}

/* What is still open goes on behind the window. */
static void close_all(struct gathering *g)
{
    g->trace.at_ps = g->window->to_ps + 1;
    g->trace.what[0] = '\0';
    for (uint32_t row = 0; row < g->window->row_count; row++)
        slice_end(g, row);
    for (uint32_t i = 0; i < MACHINE_DEVICE_MAX && g->air_row < g->window->row_count; i++) {
        close_flight(g, i);
        follow_listener(g, i, false);
    }
}

static void gather_records(struct replay *replay, struct window *window)
{
    static const struct replay_ear ear = {begin, take};
    struct gathering *g = calloc(1, sizeof *g);
    if (!g)
        abort();
    g->replay = replay;
    g->window = window;
    g->air_row = window_row_of(window, ROW_AIR, 0);
    replay_hear(replay, window->from_ps, window->to_ps, &ear, g);
    close_all(g);
    free(g);
}

/* --- the overview ---------------------------------------------------------------------------- */

static void add_shares(const struct replay *replay, struct window *window, uint32_t stretch)
{
    const uint64_t *spent_ps = replay_cpu(replay, stretch);
    struct open_slice slice = {true, stretch * replay->stretch_ps, 0, ITEM_SHARE, ""};
    for (uint32_t row = 0; row < window->row_count && window->rows[row].kind <= ROW_APP; row++) {
        uint32_t column = window->rows[row].kind == ROW_APP ? window->rows[row].index
                                                            : replay->scenario->app_count;
        uint32_t count = window->item_count;
        snprintf(slice.text, sizeof slice.text, "%u.%u %% of the CPU",
                 (unsigned)(spent_ps[column] * 100 / replay->stretch_ps),
                 (unsigned)(spent_ps[column] * 1000 / replay->stretch_ps % 10));
        if (spent_ps[column] > 0)
            add_slice(window, row, &slice, slice.from_ps + replay->stretch_ps);
        if (window->item_count > count)
            window->items[count].share = (uint8_t)(spent_ps[column] * 255 / replay->stretch_ps);
    }
}

static void add_counts(const struct replay *replay, struct window *window, uint32_t stretch)
{
    const struct replay_stretch *of = &replay->stretches[stretch];
    char text[ITEM_TEXT_MAX];
    uint64_t at_ps = stretch * replay->stretch_ps;
    uint32_t kernel = window_row_of(window, ROW_KERNEL, 0);
    snprintf(text, sizeof text,
             "%" PRIu32 " system calls, %" PRIu32 " interrupts, %" PRIu32 " upcalls", of->calls,
             of->interrupts, of->upcalls);
    if (of->calls || of->interrupts || of->upcalls)
        add_point(window, kernel, ITEM_NOTE, at_ps, text);
    snprintf(text, sizeof text, "%" PRIu32 " frames", of->frames);
    if (of->frames)
        add_point(window, window_row_of(window, ROW_AIR, 0), ITEM_FRAME, at_ps, text)->to_ps =
            at_ps + replay->stretch_ps;
}

static void add_marks(const struct replay *replay, struct window *window)
{
    static const uint8_t kinds[] = {[MARK_WINDOW] = ITEM_GRANT, [MARK_FAULT] = ITEM_FAULT,
                                    [MARK_END] = ITEM_END,      [MARK_INJECTED] = ITEM_INJECTED,
                                    [MARK_PANIC] = ITEM_PANIC,  [MARK_BREAK] = 0,
                                    [MARK_SWITCH] = 0,          [MARK_ANCHOR] = 0};
    for (uint64_t i = 0; i < replay->mark_count; i++) {
        const struct replay_mark *mark = &replay->marks[i];
        uint32_t row = mark->process < replay->scenario->app_count
                           ? window_row_of(window, ROW_APP, mark->process)
                           : window_row_of(window, ROW_KERNEL, 0);
        if (kinds[mark->kind])
            add_point(window, row, kinds[mark->kind], mark->at_ps, "");
    }
}

static void gather_overview(const struct replay *replay, struct window *window)
{
    for (uint64_t i = window->from_ps / replay->stretch_ps;
         i < REPLAY_STRETCHES && i * replay->stretch_ps < window->to_ps; i++) {
        add_shares(replay, window, (uint32_t)i);
        add_counts(replay, window, (uint32_t)i);
    }
    add_marks(replay, window);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void add_breaks(const struct replay *replay, struct window *window)
{
    const struct verdict *kept;
    char text[VERDICT_TEXT_MAX], line[ITEM_TEXT_MAX];
    machine_verdicts(replay->end.m, &kept);
    for (uint64_t i = 0; i < replay->mark_count; i++) {
        const struct replay_mark *mark = &replay->marks[i];
        if (mark->kind != MARK_BREAK)
            continue;
        const struct verdict *verdict = &kept[mark->number];
        uint32_t row = verdict->process < replay->scenario->app_count
                           ? window_row_of(window, ROW_APP, verdict->process)
                           : window_row_of(window, ROW_KERNEL, 0);
        verdict_describe_run(replay->end.m, verdict, text, sizeof text);
        snprintf(line, sizeof line, "%s: %.*s", rule_rows[verdict->rule].id, ITEM_TEXT_MAX - 40,
                 text);
        add_point(window, row, ITEM_BREAK, mark->at_ps, line);
    }
}

/* By counting. */
static void sort_by_kind(struct window *window)
{
    uint32_t next[ITEM_KINDS];
    memset(window->first, 0, sizeof window->first);
    for (uint32_t i = 0; i < window->item_count; i++)
        window->first[window->items[i].kind + 1]++;
    for (uint32_t kind = 0; kind < ITEM_KINDS; kind++) {
        window->first[kind + 1] += window->first[kind];
        next[kind] = window->first[kind];
    }
    for (uint32_t i = 0; i < window->item_count; i++)
        window->unsorted[next[window->items[i].kind]++] = window->items[i];
    struct window_item *sorted = window->unsorted;
    window->unsorted = window->items;
    window->items = sorted;
}

void window_gather(struct replay *replay, uint64_t from_ps, uint64_t to_ps, struct window *window)
{
    window->from_ps = from_ps;
    window->to_ps = to_ps < from_ps + 1000 ? from_ps + 1000 : to_ps;
    window->item_count = 0;
    window->overview = replay_records(replay, window->from_ps, window->to_ps) > WINDOW_RECORD_MAX;
    lay_out_rows(replay, window);
    if (window->overview)
        gather_overview(replay, window);
    else
        gather_records(replay, window);
    add_breaks(replay, window);
    sort_by_kind(window);
}

void window_free(struct window *window)
{
    free(window->items);
    free(window->unsorted);
    *window = (struct window){0};
}
