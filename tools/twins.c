/* twins.c: see twins.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/twins.h"

#include "model/kernel.h"
#include "sim/app_steps.h"
#include "sim/monitors/ledger.h"
#include "sim/random.h"
#include "sim/scenario_load.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one process does and observes, as far as it has not been compared yet. */
struct stream {
    struct record *records;
    uint32_t taken, count, capacity;
};

/* How one app went on in run 1, for run 2 to come. */
struct resumes {
    struct resume *list;
    uint32_t taken, count, capacity;
};

/* Each app; the kernel's own clients of each multiplexer, of which the network is one; and once
 * more each app, for the kernel's buffers that become its own, whatever it does meanwhile. */
enum {
    KERNEL_CLIENTS = CLIENT_MAX - CLIENT_KERNEL,
    OBSERVER_KERNEL = PROCESS_MAX,
    OBSERVER_BUFFERS = OBSERVER_KERNEL + VIRT_NAMES * KERNEL_CLIENTS,
    OBSERVERS = OBSERVER_BUFFERS + PROCESS_MAX
};

struct side {
    struct twin twin;
    struct twins *twins;
    uint64_t moments;               /* a hash of what has happened when, where times are shared */
    uint32_t entered;               /* the app that was entered last, PROCESS_NONE: none since */
    uint32_t calls[PROCESS_MAX][3]; /* class, r0, r1 of each one's last system call */
    struct stream streams[OBSERVERS];
};

enum { PAGE_WORDS_MAX = 1024 }; /* 64 MiB of RAM; a scenario's board has less */

struct twins {
    const struct scenario *scenario;
    uint32_t secret; /* the app whose secrets differ, or SECRETS_OF_KERNEL */
    struct twins_result *result;
    struct side sides[2];
    struct resumes resumes[PROCESS_MAX];
    bool shares_times; /* differences of times are no leak */
    bool shifted; /* ... and there was one, of whatever: it may have come here, and there not yet */
    bool parted;  /* ... and somebody got to hear something else: no more is compared */
    bool acts;    /* the app with the secrets did something else in run 2 */
    uint64_t acts_ps;
    uint32_t page_words;
    uint64_t *pages;                /* for each app: written since it was compared */
    uint32_t versions[PROCESS_MAX]; /* of what each may reach, when its windows were compared */
};

/* Those with the secrets observe their own. */
static bool observes(const struct twins *t, uint32_t observer)
{
    bool kernels = observer >= OBSERVER_KERNEL && observer < OBSERVER_BUFFERS;
    return t->secret == SECRETS_OF_KERNEL
               ? !kernels
               : observer != t->secret && observer != OBSERVER_BUFFERS + t->secret;
}

bool twins_have_components(const struct scenario *s)
{
    for (uint32_t virt = 0; virt < VIRTS; virt++)
        if (s->config.kernel_clients[virt].count)
            return true;
    return false;
}

uint32_t twins_next(const struct scenario *s, uint32_t process)
{
    if (s->app_count < 2 && !twins_have_components(s))
        return PROCESS_NONE;
    for (; process < s->app_count; process++)
        if (!s->apps[process].secrets || s->apps[process].secret_count)
            return process;
    return process <= SECRETS_OF_KERNEL && twins_have_components(s) ? SECRETS_OF_KERNEL
                                                                    : PROCESS_NONE;
}

const char *twins_name(const struct scenario *s, uint32_t process)
{
    return process < s->app_count ? s->apps[process].name : "kernel";
}

/* --- one machine ------------------------------------------------------------------------------ */

struct secrets twins_secrets(const struct scenario *scenario, uint32_t process)
{
    uint64_t key = random_start(scenario->seed, RANDOM_SECRET + 256 * (uint64_t)process).state;
    return (struct secrets){.process = process, .key = key ? key : 1};
}

static void trouble(struct twins_result *result, enum twins_end end, const char *text)
{
    result->end = end;
    snprintf(result->trouble, sizeof result->trouble, "%s", text);
}

enum { PLANS_OCTETS_MAX = PEER_MAX * PEER_ACTION_MAX * 2 }; /* no verb takes more than two */

/* A scenario whose peers send other octets. */
struct twin_plans {
    struct scenario scenario;
    uint64_t changed; /* octets */
    uint32_t count;
    struct peer_octets octets[PLANS_OCTETS_MAX];
    uint8_t *bytes[PLANS_OCTETS_MAX]; /* of each; owned */
};

/* As many others, which stand before those that they take the place of. */
static void pad_octets(struct twin_plans *plans, struct peer_plan *plan, uint64_t number,
                       struct secrets secrets)
{
    const struct peer_octets *from = peer_octets(plan, number);
    uint8_t *octets = from ? malloc((size_t)from->size + 1) : NULL;
    if (!octets || plans->count == PLANS_OCTETS_MAX) {
        free(octets);
        return;
    }
    const struct random pads = {.state = secrets.key ^ plans->count};
    for (uint32_t i = 0; i < from->size; i++)
        octets[i] = from->octets[i] ^ (uint8_t)(random_nth(pads, i) | 1);
    plans->bytes[plans->count] = octets;
    struct peer_octets *into = &plans->octets[plans->count++];
    *into = (struct peer_octets){
        .next = plan->octets, .number = number, .size = from->size, .octets = octets};
    plan->octets = into;
    plans->changed += from->size;
}

static void pad_action(struct twin_plans *plans, const struct peer_verb *verb,
                       struct peer_plan *plan, const struct peer_action *action,
                       struct secrets secrets)
{
    for (uint32_t i = 0; i < verb->argument_count; i++)
        if (verb->arguments[i].unit == PEER_TEXT || verb->arguments[i].unit == PEER_HEX)
            pad_octets(plans, plan, action->arguments[i], secrets);
}

static bool is_sent_to(const struct scenario *s, uint32_t process)
{
    for (uint32_t p = 0; p < s->peer_count; p++)
        for (uint32_t i = 0; i < s->peers[p].plan.action_count; i++)
            if (s->peers[p].plan.actions[i].secret_of == process + 1)
                return true;
    return false;
}

/* What the plans say now. */
static void plans_fill(struct twin_plans *plans, const struct scenario *s, struct secrets secrets)
{
    for (uint32_t i = 0; i < plans->count; i++)
        free(plans->bytes[i]);
    plans->count = 0;
    plans->changed = 0;
    plans->scenario = *s;
    for (uint32_t p = 0; p < s->peer_count; p++) {
        struct scenario_peer *peer = &plans->scenario.peers[p];
        for (uint32_t i = 0; i < peer->plan.action_count; i++) {
            const struct peer_action *action = &peer->plan.actions[i];
            if (action->secret_of == secrets.process + 1)
                pad_action(plans, &peer->type->verbs[action->verb], &peer->plan, action, secrets);
        }
    }
}

/* The scenario that the run is made from. */
static const struct scenario *scenario_for(struct twin *twin, const struct scenario *s,
                                           struct secrets secrets)
{
    if (!secrets.key || (!twin->again && !is_sent_to(s, secrets.process)))
        return s;
    twin->plans = calloc(1, sizeof *twin->plans);
    if (!twin->plans)
        abort();
    plans_fill(twin->plans, s, secrets);
    return &twin->plans->scenario;
}

static void plans_free(struct twin_plans *plans)
{
    for (uint32_t i = 0; plans && i < plans->count; i++)
        free(plans->bytes[i]);
    free(plans);
}

bool twin_begin(struct twin *twin, const struct scenario *scenario, struct secrets secrets,
                struct twins_result *result)
{
    const char *why = NULL;
    uint32_t image = 0;
    const struct scenario *own = scenario_for(twin, scenario, secrets);
    twin->setup = machine_setup_make_secret(own, secrets, &why);
    if (!twin->setup) {
        trouble(result, TWINS_BAD_INPUT, why);
        return false;
    }
    twin->hw.recorder = &twin->recorder;
    twin->hw.m = machine_make(twin->setup);
    if (!twin->hw.m) {
        trouble(result, TWINS_SIMULATOR, "out of memory");
        return false;
    }
    if (machine_boot(&twin->hw, &image) == ERR_NONE)
        return true;
    trouble(result, TWINS_BAD_INPUT, "the kernel does not start: an app is refused");
    return false;
}

/* Reset, with what the scenario says now. It did start. */
static void twin_begin_again(struct twin *twin, const struct scenario *scenario)
{
    uint32_t image = 0;
    if (twin->plans)
        plans_fill(twin->plans, scenario, twin->setup->secrets);
    (void)machine_boot(&twin->hw, &image);
    twin->over = false;
}

void twin_step(struct twin *twin)
{
    twin->recorder.count = 0;
    twin->recorder.frame_count = 0;
    twin->over = machine_step(&twin->hw) != RUN_GOING;
}

void twin_end(struct twin *twin)
{
    machine_free(twin->hw.m);
    machine_setup_free(twin->setup);
    plans_free(twin->plans);
    recorder_free(&twin->recorder);
}

/* --- what is observed ------------------------------------------------------------------------- */

static void *grown(void *list, uint32_t *capacity, size_t size)
{
    *capacity = *capacity ? 2 * *capacity : 64;
    list = realloc(list, *capacity * size);
    if (!list)
        abort();
    return list;
}

static void push(struct stream *stream, const struct record *record)
{
    if (stream->count == stream->capacity)
        stream->records = grown(stream->records, &stream->capacity, sizeof stream->records[0]);
    stream->records[stream->count++] = *record;
}

static bool is_operation(unsigned kind)
{
    return kind == EVENT_SYSCALL || kind == EVENT_SYSCALL_MORE || kind == EVENT_LOAD ||
           kind == EVENT_STORE || kind == EVENT_EXECUTE || kind == EVENT_FAULT ||
           kind == EVENT_APP_NOTE;
}

static bool is_result(unsigned kind)
{
    return kind == EVENT_RUN || kind == EVENT_RETURN || kind == EVENT_UPCALL ||
           kind == EVENT_UPCALL_MORE;
}

/* It goes on where it was interrupted: it may see that time has passed, and nothing else. */
static bool is_gap(const struct record *r)
{
    return r->kind == EVENT_RUN && r->address == RESUME_CONTINUE;
}

/* Of the app with the secrets: what it does, but for the values that it moves. */
static void take_own(struct side *side, const struct record *r)
{
    struct record bare = *r;
    if (!is_operation(r->kind))
        return;
    if (r->kind == EVENT_LOAD || r->kind == EVENT_STORE)
        bare.value = pair_high(r->value);
    else if (r->kind == EVENT_APP_NOTE)
        bare.value = 0;
    push(&side->streams[r->process], &bare);
}

/* The kernel's buffer that becomes a client's: how long it is; 0: the record is about none. */
static uint32_t buffer_size(const struct record *r)
{
    switch (r->kind) {
    case EVENT_OF(NOTE_CONSOLE_CLIENT):
        return CONSOLE_BUFFER;
    case EVENT_OF(NOTE_RADIO_LOADED):
        return RADIO_PDU_MAX;
    case EVENT_OF(NOTE_BUFFER_TAKEN):
        return pair_low(r->value);
    default:
        return 0;
    }
}

/* What is in it, word by word. */
static void take_buffer(struct side *side, uint32_t observer, const struct record *r, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += 8) {
        struct record word = {r->at_ps, r->kind, r->process, r->address + at, 0};
        struct span span = {word.address, size - at < 8 ? size - at : 8};
        if (machine_peek(side->twin.hw.m, span, &word.value))
            push(&side->streams[observer], &word);
    }
}

static bool is_kernel_clients(const struct record *r)
{
    bool client = r->kind >= EVENT_OF(NOTE_CLIENT_ASKS) && r->kind <= EVENT_OF(NOTE_CLIENT_DONE);
    return (client || r->kind == EVENT_OF(NOTE_BUFFER_TAKEN)) && r->process == PROCESS_NONE;
}

/* In which order different ones of them are served, none of them observes. */
static uint32_t kernel_observer(const struct record *r)
{
    bool taken = r->kind == EVENT_OF(NOTE_BUFFER_TAKEN);
    uint32_t virt = taken ? pair_high(r->value) & 0xff : r->address;
    uint32_t client = taken ? pair_high(r->value) >> 8 : pair_low(r->value);
    return OBSERVER_KERNEL + virt % VIRT_NAMES * KERNEL_CLIENTS +
           (client - CLIENT_KERNEL) % KERNEL_CLIENTS;
}

static void take_record(void *context, const struct record *r)
{
    struct side *side = context;
    if (side->twins->shares_times)
        side->moments = random_mix(side->moments ^ r->at_ps ^ (uint64_t)r->kind << 56);
    bool kernels = is_kernel_clients(r);
    uint32_t observer = kernels ? kernel_observer(r) : r->process;
    uint32_t size = buffer_size(r);
    if (kernels && observes(side->twins, observer))
        push(&side->streams[observer], r);
    else if (!kernels && r->process >= side->twins->scenario->app_count)
        return;
    if (size && observes(side->twins, observer))
        take_buffer(side, kernels ? observer : OBSERVER_BUFFERS + observer, r, size);
    if (kernels)
        return;
    if (r->kind == EVENT_SYSCALL) {
        side->calls[r->process][0] = r->address;
        side->calls[r->process][1] = pair_low(r->value);
        side->calls[r->process][2] = pair_high(r->value);
    }
    if (r->process == side->twins->secret) {
        take_own(side, r);
    } else if (is_operation(r->kind) || is_result(r->kind)) {
        push(&side->streams[r->process], r);
        if (r->kind == EVENT_RUN)
            side->entered = r->process;
    }
}

/* Until another app is entered, or the run is over. */
static void advance(struct side *side)
{
    side->entered = PROCESS_NONE;
    while (!side->twin.over && side->entered == PROCESS_NONE) {
        twin_step(&side->twin);
    }
}

const char *twins_observer(const struct scenario *scenario, const struct twins_leak *leak)
{
    return leak->process < scenario->app_count ? scenario->apps[leak->process].name
                                               : "a client in the kernel";
}

/* --- in words --------------------------------------------------------------------------------- */

static const char *handler_of(const struct scenario *s, uint32_t process, uint32_t address)
{
    const struct scenario_app *app = &s->apps[process];
    const char *name =
        app->engine == &app_steps_engine ? app_steps_handler_name(app->program, address) : NULL;
    return name ? name : "";
}

static void describe_return(const struct record *r, char text[TWINS_TEXT_MAX])
{
    uint32_t first = pair_low(r->value), second = pair_high(r->value);
    const char *name = r->address < RETURN_SUCCESS ? err_name(first) : NULL;
    if (name)
        snprintf(text, TWINS_TEXT_MAX, "a call fails: %s, 0x%" PRIx32, name, second);
    else
        snprintf(text, TWINS_TEXT_MAX,
                 "a call returns variant %" PRIu32 ": 0x%" PRIx32 ", 0x%" PRIx32, r->address, first,
                 second);
}

static void describe_run(const struct record *r, char text[TWINS_TEXT_MAX])
{
    static const char *const texts[] = {[RESUME_START] = "starts at its entry",
                                        [RESUME_CONTINUE] = "goes on where it was interrupted",
                                        [RESUME_RETURN] = "goes on with a call's results",
                                        [RESUME_UPCALL] = "goes on in an upcall"};
    bool known = r->address < sizeof texts / sizeof texts[0] && texts[r->address];
    snprintf(text, TWINS_TEXT_MAX, "%s", known ? texts[r->address] : "runs");
}

static void describe_access(const struct scenario *s, const struct record *r,
                            char text[TWINS_TEXT_MAX])
{
    char place[96];
    board_describe_address(&s->board, r->address, place, sizeof place);
    snprintf(text, TWINS_TEXT_MAX, "%s %s: 0x%" PRIx32, event_name(r->kind), place,
             pair_low(r->value));
}

static void describe_buffer(const struct scenario *s, const struct record *r,
                            char text[TWINS_TEXT_MAX])
{
    char place[96];
    board_describe_address(&s->board, r->address, place, sizeof place);
    int used =
        snprintf(text, TWINS_TEXT_MAX, "is given a buffer of the kernel's, with at %s:", place);
    for (uint32_t i = 0; i < 8; i++)
        used += snprintf(text + used, TWINS_TEXT_MAX - (size_t)used, " %02x",
                         (unsigned)(r->value >> 8 * i & 0xff));
}

void twins_describe(const struct scenario *s, const struct record *r, char text[TWINS_TEXT_MAX])
{
    const char *name = r->kind < EVENT_KINDS ? event_name(r->kind) : NULL;
    switch (r->kind) {
    case EVENT_RUN:
        describe_run(r, text);
        break;
    case EVENT_RETURN:
        describe_return(r, text);
        break;
    case EVENT_UPCALL:
    case EVENT_UPCALL_MORE:
        snprintf(text, TWINS_TEXT_MAX, "upcall %s, %s 0x%" PRIx32 ", 0x%" PRIx32,
                 r->process < s->app_count ? handler_of(s, r->process, r->address) : "",
                 r->kind == EVENT_UPCALL ? "first arguments" : "more arguments", pair_low(r->value),
                 pair_high(r->value));
        break;
    case EVENT_LOAD:
    case EVENT_STORE:
    case EVENT_FAULT:
    case EVENT_KERNEL_READ:
    case EVENT_KERNEL_WRITE:
        describe_access(s, r, text);
        break;
    case EVENT_OF(NOTE_CONSOLE_CLIENT):
    case EVENT_OF(NOTE_RADIO_LOADED):
    case EVENT_OF(NOTE_BUFFER_TAKEN):
        describe_buffer(s, r, text);
        break;
    default:
        snprintf(text, TWINS_TEXT_MAX, "%s 0x%" PRIx32 ": 0x%" PRIx64, name ? name : "record",
                 r->address, r->value);
        break;
    }
}

/* --- comparing -------------------------------------------------------------------------------- */

static const struct record *next_of(const struct stream *stream)
{
    return stream->taken < stream->count ? &stream->records[stream->taken] : NULL;
}

static void drop(struct stream *stream)
{
    if (++stream->taken == stream->count)
        stream->taken = stream->count = 0;
}

static bool same_but_time(const struct record *a, const struct record *b)
{
    return a->kind == b->kind && a->address == b->address && a->value == b->value;
}

/* The bytes that differ in two words, without the equal ones at either end. */
static void keep_bytes(struct twins_leak *leak, uint64_t a, uint64_t b)
{
    uint32_t first = 0, last = 7;
    if (a == b)
        return;
    while ((a >> 8 * first & 0xff) == (b >> 8 * first & 0xff))
        first++;
    while ((a >> 8 * last & 0xff) == (b >> 8 * last & 0xff))
        last--;
    leak->size = last - first + 1;
    for (uint32_t i = 0; i < leak->size; i++) {
        leak->bytes[0][i] = (uint8_t)(a >> 8 * (first + i));
        leak->bytes[1][i] = (uint8_t)(b >> 8 * (first + i));
    }
}

/* Where one run has nothing to set against it: NULL. */
static void keep_leak(struct twins *t, struct twins_leak *leak, uint32_t process,
                      const struct record *const records[2])
{
    if (leak->found)
        return;
    if (process >= OBSERVER_BUFFERS)
        process -= OBSERVER_BUFFERS;
    *leak = (struct twins_leak){.found = true, .process = (uint16_t)process};
    for (int i = 0; i < 2; i++) {
        leak->at_ps[i] = records[i] ? records[i]->at_ps : machine_now_ps(t->sides[i].twin.hw.m);
        if (records[i])
            twins_describe(t->scenario, records[i], leak->what[i]);
        else
            snprintf(leak->what[i], TWINS_TEXT_MAX, "nothing");
    }
    if (records[0] && records[1] && records[0]->kind == records[1]->kind)
        keep_bytes(leak, records[0]->value, records[1]->value);
}

static bool times_are_shared(const struct scenario *s, uint32_t process)
{
    for (uint32_t i = 0; i < s->declassified_count; i++) {
        const struct declassified *d = &s->declassified[i];
        if (d->kind == DECLASSIFIED_TIMES && d->process == process)
            return true;
    }
    return false;
}

/* What somebody gets to hear, finds, and does then may hang on times that are shared: whoever asks
 * on and on learns them, and a client is given a buffer before or behind another's word. What is in
 * the same buffer does not. */
static bool follows_times(const struct twins *t, const struct record *const records[2])
{
    bool are_bytes = records[0]->kind == records[1]->kind &&
                     records[0]->address == records[1]->address && buffer_size(records[0]);
    return t->shifted && !are_bytes;
}

/* What one other app observed, as far as both runs have got. */
static void compare_observer(struct twins *t, uint32_t process)
{
    struct stream *streams[2] = {&t->sides[0].streams[process], &t->sides[1].streams[process]};
    struct twins_result *result = t->result;
    const struct record *r[2];
    while ((r[0] = next_of(streams[0])) && (r[1] = next_of(streams[1])) && !result->value.found) {
        const bool gap[2] = {is_gap(r[0]), is_gap(r[1])};
        if (gap[0] != gap[1] || r[0]->at_ps != r[1]->at_ps)
            keep_leak(t, &result->time, process, r);
        if (gap[0] == gap[1] && !same_but_time(r[0], r[1])) {
            t->parted = follows_times(t, r);
            if (t->parted)
                return;
            keep_leak(t, &result->value, process, r);
        }
        result->observed++;
        if (gap[0] || !gap[1])
            drop(streams[0]);
        if (gap[1] || !gap[0])
            drop(streams[1]);
    }
}

/* What the app with the secrets does, whenever it does it. */
static void compare_own(struct twins *t)
{
    struct stream *streams[2] = {&t->sides[0].streams[t->secret], &t->sides[1].streams[t->secret]};
    const struct record *r[2];
    while (!t->acts && (r[0] = next_of(streams[0])) && (r[1] = next_of(streams[1]))) {
        if (!same_but_time(r[0], r[1])) {
            char what[2][TWINS_TEXT_MAX];
            t->acts = true;
            t->acts_ps = r[0]->at_ps < r[1]->at_ps ? r[0]->at_ps : r[1]->at_ps;
            twins_describe(t->scenario, r[0], what[0]);
            twins_describe(t->scenario, r[1], what[1]);
            snprintf(t->result->trouble, sizeof t->result->trouble,
                     "%s does something else when its secrets differ (at %" PRIu64 ".%03" PRIu64
                     " us: %.120s; in the other run: %.120s): say in its \"secrets\" which of its "
                     "bytes may",
                     twins_name(t->scenario, t->secret), t->acts_ps / 1000000,
                     t->acts_ps / 1000 % 1000, what[0], what[1]);
        }
        drop(streams[0]);
        drop(streams[1]);
    }
}

/* --- memory ----------------------------------------------------------------------------------- */

static struct machine *machine_of(const struct twins *t, int side)
{
    return t->sides[side].twin.hw.m;
}

/* A difference of bytes that the app may read now, in RAM or in a register. */
static void keep_bytes_leak(struct twins *t, uint32_t process, uint32_t address,
                            const uint8_t *const bytes[2], uint32_t size)
{
    struct twins_leak *leak = &t->result->value;
    char place[96];
    *leak = (struct twins_leak){.found = true, .process = (uint16_t)process};
    board_describe_address(&t->scenario->board, address, place, sizeof place);
    leak->size = size < TWINS_BYTES_MAX ? size : TWINS_BYTES_MAX;
    for (int i = 0; i < 2; i++) {
        int used = snprintf(leak->what[i], TWINS_TEXT_MAX, "can read at %s:", place);
        for (uint32_t n = 0; n < leak->size; n++)
            used +=
                snprintf(leak->what[i] + used, TWINS_TEXT_MAX - (size_t)used, " %02x", bytes[i][n]);
        leak->at_ps[i] = machine_now_ps(machine_of(t, i));
        memcpy(leak->bytes[i], bytes[i], leak->size);
    }
}

static void compare_page(struct twins *t, uint32_t process, struct span span)
{
    uint8_t bytes[2][RAM_PAGE];
    uint32_t at = 0, size = 0;
    t->result->pages++;
    for (int i = 0; i < 2; i++)
        (void)machine_peek(machine_of(t, i), span, bytes[i]);
    if (memcmp(bytes[0], bytes[1], span.size) == 0)
        return;
    while (bytes[0][at] == bytes[1][at])
        at++;
    while (at + size < span.size && bytes[0][at + size] != bytes[1][at + size])
        size++;
    keep_bytes_leak(t, process, span.base + at,
                    (const uint8_t *const[]){bytes[0] + at, bytes[1] + at}, size);
}

/* Bytes that are told on purpose become those of run 1: nothing follows from them. */
static void share_memory(struct twins *t, uint32_t process, struct span block)
{
    const struct scenario *s = t->scenario;
    for (uint32_t i = 0; i < s->declassified_count; i++) {
        const struct declassified *d = &s->declassified[i];
        if (d->kind != DECLASSIFIED_MEMORY || d->process != process)
            continue;
        for (uint32_t n = 0; n < d->bytes.size; n++) {
            struct span byte = {block.base + d->bytes.base + n, 1};
            uint8_t value[2] = {0, 0};
            (void)machine_peek(machine_of(t, 0), byte, &value[0]);
            (void)machine_peek(machine_of(t, 1), byte, &value[1]);
            if (value[0] == value[1] || !machine_poke(machine_of(t, 1), byte, &value[0]))
                continue;
            t->result->declassified |= UINT32_C(1) << i;
        }
    }
}

/* The pages of [base, end) that were written since this app was entered last. */
static void compare_memory(struct twins *t, uint32_t process, struct span block, uint32_t end)
{
    uint64_t *pages = t->pages + (size_t)process * t->page_words;
    uint32_t ram = t->scenario->board.ram.base;
    for (uint32_t at = block.base; at < end && !t->result->value.found;) {
        uint32_t page = (at - ram) / RAM_PAGE, next = ram + (page + 1) * RAM_PAGE;
        uint32_t until = next < end ? next : end;
        if (pages[page / 64] >> page % 64 & 1)
            compare_page(t, process, (struct span){at, until - at});
        pages[page / 64] &= ~(UINT64_C(1) << page % 64);
        at = until;
    }
}

static void note_written(struct twins *t)
{
    uint64_t written[PAGE_WORDS_MAX] = {0};
    for (int i = 0; i < 2; i++)
        machine_take_written(machine_of(t, i), written);
    for (uint32_t p = 0; p < t->scenario->app_count; p++)
        for (uint32_t word = 0; word < t->page_words; word++)
            t->pages[(size_t)p * t->page_words + word] |= written[word];
}

static void compare_registers(struct twins *t, uint32_t process, uint32_t index, struct span window)
{
    struct device *d[2] = {machine_device(machine_of(t, 0), index),
                           machine_device(machine_of(t, 1), index)};
    for (uint32_t row = 0; d[0] && row < d[0]->type->reg_count; row++) {
        uint32_t address = d[0]->base + d[0]->type->regs[row].offset;
        uint32_t value[2] = {device_value(d[0], row), device_value(d[1], row)};
        if (value[0] == value[1] || !span_holds(window, address) || t->result->value.found)
            continue;
        uint8_t bytes[2][sizeof value[0]];
        for (int i = 0; i < 2; i++)
            for (uint32_t n = 0; n < sizeof value[0]; n++)
                bytes[i][n] = (uint8_t)(value[i] >> 8 * n);
        keep_bytes_leak(t, process, address, (const uint8_t *const[]){bytes[0], bytes[1]},
                        sizeof value[0]);
    }
}

/* What the devices hold that it has been lent since it was entered last. */
static void compare_windows(struct twins *t, uint32_t process, const struct ledger *ledger)
{
    const struct board *board = &t->scenario->board;
    if (t->versions[process] == ledger->processes[process].version)
        return;
    t->versions[process] = ledger->processes[process].version;
    for (uint32_t i = 0; i < LEDGER_WINDOW_MAX; i++) {
        const struct ledger_window *w = &ledger->windows[i];
        if (w->state != WINDOW_HELD || w->process != process)
            continue;
        for (uint32_t d = 0; d < board->device_count; d++)
            if (board->devices[d].alias_of == BOARD_NONE &&
                span_meets(board->devices[d].window, w->granted))
                compare_registers(t, process, d, w->granted);
    }
}

/* Both runs have just entered the same app. */
static void compare_readable(struct twins *t, uint32_t process)
{
    const struct ledger *ledger = ledger_of(machine_of(t, 0));
    const struct ledger_process *p = &ledger->processes[process];
    note_written(t);
    share_memory(t, process, p->block);
    compare_memory(t, process, p->block, p->app_break);
    if (!t->result->value.found)
        compare_windows(t, process, ledger);
}

/* --- what is told on purpose ------------------------------------------------------------------ */

/* The driver and the number of the upcall that is about to be delivered. */
static bool upcall_at_hand(const struct side *side, uint32_t process, uint32_t *driver,
                           uint32_t *number)
{
    const struct recorder *recorder = &side->twin.recorder;
    for (uint64_t i = recorder->count; i-- > 0;) {
        const struct record *r = &recorder->records[i];
        if (r->kind != EVENT_NOTE_BASE + NOTE_UPCALL_DELIVERED || r->process != process)
            continue;
        *driver = r->address;
        *number = pair_low(r->value);
        return true;
    }
    return false;
}

/* The entry of the list that allows another upcall, or other results, or -1. */
static int entry_for(const struct side *side, uint32_t process, const struct resume *resume)
{
    const struct scenario *s = side->twins->scenario;
    const uint32_t *call = side->calls[process];
    uint32_t driver = call[1], number = call[2];
    bool upcall = resume->kind == RESUME_UPCALL;
    if (upcall ? !upcall_at_hand(side, process, &driver, &number)
               : resume->kind != RESUME_RETURN || call[0] != SYSCALL_COMMAND)
        return -1;
    for (uint32_t i = 0; i < s->declassified_count; i++) {
        const struct declassified *d = &s->declassified[i];
        if (d->kind == (upcall ? DECLASSIFIED_UPCALL : DECLASSIFIED_COMMAND) &&
            d->driver == driver && d->number == number)
            return (int)i;
    }
    return -1;
}

static void keep_resume(void *context, uint32_t process, struct resume *resume)
{
    struct side *side = context;
    struct resumes *resumes = &side->twins->resumes[process];
    if (resume->kind == RESUME_CONTINUE)
        return; /* nothing is told */
    if (resumes->count == resumes->capacity)
        resumes->list = grown(resumes->list, &resumes->capacity, sizeof resumes->list[0]);
    resumes->list[resumes->count++] = *resume;
}

/* What is told on purpose becomes what it was in run 1: nothing follows from it. */
static void share_resume(void *context, uint32_t process, struct resume *resume)
{
    struct side *side = context;
    struct twins *t = side->twins;
    struct resumes *resumes = &t->resumes[process];
    if (resume->kind == RESUME_CONTINUE)
        return;
    while (resumes->taken == resumes->count && !t->sides[0].twin.over)
        twin_step(&t->sides[0].twin); /* run 1 is late: times have differed */
    if (resumes->taken == resumes->count)
        return;
    const struct resume *first = &resumes->list[resumes->taken++];
    bool same = memcmp(first->r, resume->r, sizeof first->r) == 0;
    int entry = same || first->kind != resume->kind || process == t->secret
                    ? -1
                    : entry_for(side, process, resume);
    if (resumes->taken == resumes->count)
        resumes->taken = resumes->count = 0;
    if (entry < 0)
        return;
    memcpy(resume->r, first->r, sizeof first->r);
    t->result->declassified |= UINT32_C(1) << entry;
}

static void listen(struct twins *t)
{
    if (!t->scenario->declassified_count)
        return;
    t->sides[0].twin.hw.on_resume = keep_resume;
    t->sides[1].twin.hw.on_resume = share_resume;
    for (int i = 0; i < 2; i++)
        t->sides[i].twin.hw.resume_context = &t->sides[i];
}

/* --- both runs -------------------------------------------------------------------------------- */

static void compare(struct twins *t)
{
    const struct twins_result *result = t->result;
    t->shifted |= t->sides[0].moments != t->sides[1].moments;
    for (uint32_t p = 0; p < OBSERVERS && !t->parted; p++)
        if (observes(t, p))
            compare_observer(t, p);
    compare_own(t);
    if (!result->time.found && !t->shifted && !result->value.found &&
        t->sides[0].entered != PROCESS_NONE && t->sides[0].entered == t->sides[1].entered)
        compare_readable(t, t->sides[0].entered);
}

/* Of what an app observed, one run has more than the other: nothing at all came there; or has not
 * come yet, where times are shared. */
static void compare_ends(struct twins *t)
{
    t->shifted |= t->sides[0].moments != t->sides[1].moments;
    for (uint32_t p = 0; p < OBSERVERS && !t->shifted; p++) {
        const struct record *const r[2] = {next_of(&t->sides[0].streams[p]),
                                           next_of(&t->sides[1].streams[p])};
        if (observes(t, p) && (r[0] || r[1]) && !t->result->time.found)
            keep_leak(t, &t->result->value, p, r);
    }
    for (uint32_t p = 0; p < t->scenario->app_count; p++) {
        const struct ledger_process *l = &ledger_of(machine_of(t, 0))->processes[p];
        if (observes(t, p) && l->live && !t->result->time.found && !t->shifted &&
            !t->result->value.found)
            compare_readable(t, p);
    }
}

static void run_both(struct twins *t)
{
    const struct twins_result *result = t->result;
    while (!t->sides[0].twin.over || !t->sides[1].twin.over) {
        advance(&t->sides[0]);
        advance(&t->sides[1]);
        compare(t);
        if (result->value.found || t->acts || t->parted)
            return;
    }
    compare_ends(t);
}

/* Which of the two came first, in either run. */
static bool leaked_before(const struct twins_leak *leak, uint64_t at_ps)
{
    return leak->found && (leak->at_ps[0] <= at_ps || leak->at_ps[1] <= at_ps);
}

/* Differences of times that the scenario allows. True: there were some. */
static bool share_times(struct twins *t)
{
    const struct scenario *s = t->scenario;
    bool differed = t->result->time.found;
    for (uint32_t i = 0; i < s->declassified_count; i++) {
        const struct declassified *d = &s->declassified[i];
        if (d->kind != DECLASSIFIED_TIMES || d->process != t->secret)
            continue;
        t->result->time.found = false;
        if (t->result->facts.read)
            t->result->declassified |= UINT32_C(1) << i;
    }
    return differed && !t->result->time.found;
}

static void judge(struct twins *t)
{
    struct twins_result *result = t->result;
    result->facts = machine_secret_facts(machine_of(t, 1));
    if (t->sides[1].twin.plans) {
        result->facts.changed += t->sides[1].twin.plans->changed;
        result->facts.read += t->sides[1].twin.plans->changed;
    }
    bool shared = share_times(t); /* the app itself then has its results in another order */
    bool leaked = result->value.found || result->time.found;
    result->trace_hash = machine_trace_hash(machine_of(t, 0));
    if (t->acts && !shared && !leaked_before(&result->value, t->acts_ps) &&
        !leaked_before(&result->time, t->acts_ps)) {
        result->end = TWINS_VACUOUS;
        return;
    }
    result->trouble[0] = '\0';
    if (leaked)
        result->end = TWINS_LEAK;
    else if (t->secret != SECRETS_OF_KERNEL && !machine_app(machine_of(t, 1), t->secret)->lives)
        trouble(result, TWINS_IDLE, "it never ran");
    else if (!result->observed)
        trouble(result, TWINS_IDLE, "no other app ran");
    else if (!result->facts.changed)
        trouble(
            result, TWINS_VACUOUS,
            "nothing of its secrets differed: none of its \"secrets\" is in memory that it has");
}

/* Every page counts as written at first. */
static void start_pages(struct twins *t)
{
    memset(t->pages, 0xff, (size_t)t->page_words * t->scenario->app_count * sizeof t->pages[0]);
    memset(t->versions, 0xff, sizeof t->versions);
}

static void make_pages(struct twins *t)
{
    t->page_words = t->sides[0].twin.setup->dirty_words;
    t->pages = malloc((size_t)t->page_words * t->scenario->app_count * sizeof t->pages[0]);
    if (!t->pages)
        abort();
}

/* Both from their reset on; what they did is forgotten. */
static void begin_again(struct twins *t)
{
    for (int i = 0; i < 2; i++) {
        struct side *side = &t->sides[i];
        memset(side->calls, 0, sizeof side->calls);
        side->moments = 0;
        for (uint32_t p = 0; p < OBSERVERS; p++)
            side->streams[p].taken = side->streams[p].count = 0;
        twin_begin_again(&side->twin, t->scenario);
    }
    for (uint32_t p = 0; p < PROCESS_MAX; p++)
        t->resumes[p].taken = t->resumes[p].count = 0;
    t->parted = t->shifted = t->acts = false;
    t->acts_ps = 0;
}

void twins_free(struct twins *t)
{
    for (int i = 0; t && i < 2; i++) {
        for (uint32_t p = 0; p < OBSERVERS; p++)
            free(t->sides[i].streams[p].records);
        twin_end(&t->sides[i].twin);
    }
    for (uint32_t p = 0; t && p < PROCESS_MAX; p++)
        free(t->resumes[p].list);
    if (t)
        free(t->pages);
    free(t);
}

/* `again`: for many comparisons, of which each boots both anew. */
static struct twins *make(const struct scenario *scenario, uint32_t process, bool again,
                          struct twins_result *result)
{
    struct secrets secrets[2] = {{.process = process}, twins_secrets(scenario, process)};
    struct twins *t = calloc(1, sizeof *t);
    if (!t)
        abort();
    *t = (struct twins){.scenario = scenario, .secret = process, .result = result};
    t->shares_times = times_are_shared(scenario, process);
    memset(result, 0, sizeof *result);
    for (int i = 0; i < 2; i++) {
        t->sides[i].twins = t;
        t->sides[i].twin.again = again;
        t->sides[i].twin.recorder = (struct recorder){.hear = take_record, .context = &t->sides[i]};
    }
    bool made = twin_begin(&t->sides[0].twin, scenario, secrets[0], result) &&
                twin_begin(&t->sides[1].twin, scenario, secrets[1], result);
    if (made && t->sides[0].twin.setup->dirty_words > PAGE_WORDS_MAX) {
        trouble(result, TWINS_BAD_INPUT, "this board has more RAM than can be compared");
        made = false;
    }
    if (made) {
        listen(t);
        make_pages(t);
        return t;
    }
    twins_free(t);
    return NULL;
}

static void compare_both(struct twins *t)
{
    start_pages(t);
    run_both(t);
    judge(t);
}

struct twins *twins_make(const struct scenario *scenario, uint32_t process,
                         struct twins_result *result)
{
    return make(scenario, process, true, result);
}

struct machine *twins_machine(const struct twins *twins, uint32_t run)
{
    return machine_of(twins, (int)run);
}

void twins_compare(struct twins *twins, struct twins_result *result)
{
    memset(result, 0, sizeof *result);
    twins->result = result;
    begin_again(twins);
    compare_both(twins);
}

void twins_run(const struct scenario *scenario, uint32_t process, struct twins_result *result)
{
    struct twins *t = make(scenario, process, false, result);
    if (t)
        compare_both(t);
    twins_free(t);
}
