/* twins_path.c: where a leaked byte came from: both runs once more, step by step.
 *
 *   after each step: RAM and devices that differ now, and did not so before --> places, in order
 *   at the leak: the places that held the very bytes that leaked, in either run
 *
 * For a leak of time, or where no place held those bytes: what differed first in the two traces.
 */
#define _POSIX_C_SOURCE 200809L

#include "sim/monitors/ledger.h"
#include "tools/text.h"
#include "tools/twins.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    PLACES_MAX = 512,
    RUN_MAX = 64,          /* bytes of one place */
    STEPS_MAX = 4000000,   /* of each run; ours: a path that is longer stays untold */
    PAGE_WORDS_MAX = 1024, /* as twins.c has it */
};

/* Bytes that differ between the runs. */
struct place {
    uint64_t at_ps;
    uint32_t device;  /* BOARD_NONE: in RAM */
    uint32_t address; /* of RAM, or an offset in the device */
    uint32_t size;
    uint8_t bytes[2][RUN_MAX];
    char how[96]; /* who wrote it */
};

/* One stretch of both machines, and how it was when it was looked at last. */
struct stretch {
    const uint8_t *now[2];
    uint8_t *last[2];
    uint32_t size, device, address;
};

struct tracer {
    const struct scenario *scenario;
    uint32_t secret;
    struct twins_result *result;
    const struct twins_leak *leak;
    struct twin twins[2];
    uint8_t *ram[2];     /* what differed, as it was when seen last */
    uint8_t *devices[2]; /* the same of all devices: their part of the machine's block */
    uint32_t place_count;
    struct place *places;
    bool parted; /* the traces have differed: `first` is told */
    char first[TWINS_TEXT_MAX];
};

/* --- who wrote it ----------------------------------------------------------------------------- */

static const char *device_name(const struct scenario *s, uint32_t device)
{
    uint32_t peer = device - s->board.device_count;
    return device < s->board.device_count ? s->board.devices[device].name
           : peer < s->peer_count         ? s->peers[peer].name
                                          : "a device";
}

/* It may have written that place; NULL: it has not. */
static const char *writer_by(const struct tracer *t, const struct place *place,
                             const struct record *r)
{
    const struct scenario *s = t->scenario;
    bool in_ram = place->device == BOARD_NONE;
    switch (r->kind) {
    case EVENT_DMA_WRITE:
        return in_ram && span_meets((struct span){r->address, pair_low(r->value)},
                                    (struct span){place->address, place->size})
                   ? "DMA of"
                   : NULL;
    case EVENT_DMA_READ:
        return place->device == pair_high(r->value) ? "DMA of" : NULL;
    case EVENT_INJECTED:
        return in_ram ? NULL : "what came from outside, to";
    case EVENT_STORE:
        return r->process < s->app_count ? "a store of" : NULL;
    case EVENT_SYSCALL:
        return r->process < s->app_count ? "in a system call of" : NULL;
    case EVENT_KERNEL_WRITE:
        return in_ram || board_device_at(&s->board, r->address) != place->device
                   ? NULL
                   : "a register write of";
    default:
        return NULL;
    }
}

static const char *writer_name(const struct tracer *t, const struct place *place,
                               const struct record *r)
{
    const struct scenario *s = t->scenario;
    if (r->process < s->app_count)
        return s->apps[r->process].name;
    if (r->kind == EVENT_DMA_WRITE || r->kind == EVENT_DMA_READ)
        return device_name(s, pair_high(r->value));
    return r->kind == EVENT_INJECTED ? device_name(s, place->device) : "the kernel";
}

/* By the records of the step that has just been made in run 1. */
static void tell_writer(const struct tracer *t, struct place *place)
{
    const struct recorder *recorder = &t->twins[0].recorder;
    const char *what = place->device == BOARD_NONE ? "written by" : "of";
    const char *name = place->device == BOARD_NONE ? "the kernel" : "its own accord";
    for (uint64_t i = recorder->count; i-- > 0;) {
        const struct record *r = &recorder->records[i];
        if (!writer_by(t, place, r))
            continue;
        what = writer_by(t, place, r);
        name = writer_name(t, place, r);
        break;
    }
    snprintf(place->how, sizeof place->how, "%s %s", what, name);
}

/* --- places ----------------------------------------------------------------------------------- */

static void add_place(struct tracer *t, const struct stretch *stretch, uint32_t at, uint32_t size)
{
    if (t->place_count == PLACES_MAX)
        return;
    struct place *place = &t->places[t->place_count++];
    *place = (struct place){.at_ps = machine_now_ps(t->twins[0].hw.m),
                            .device = stretch->device,
                            .address = stretch->address + at,
                            .size = size < RUN_MAX ? size : RUN_MAX};
    for (int i = 0; i < 2; i++)
        memcpy(place->bytes[i], stretch->now[i] + at, place->size);
    tell_writer(t, place);
}

static bool is_new(const struct stretch *s, uint32_t at)
{
    return s->now[0][at] != s->last[0][at] || s->now[1][at] != s->last[1][at];
}

/* Up to a byte that is equal in both: what differs there now, if any of it is new. */
static uint32_t take_run(struct tracer *t, const struct stretch *s, uint32_t from)
{
    uint32_t at = from;
    bool news = false;
    for (; at < s->size && s->now[0][at] != s->now[1][at]; at++)
        news |= is_new(s, at);
    if (news)
        add_place(t, s, from, at - from);
    return at + 1;
}

static void look_at(struct tracer *t, const struct stretch *s)
{
    if (memcmp(s->now[0], s->now[1], s->size) == 0)
        return;
    for (uint32_t at = 0; at < s->size;)
        at = s->now[0][at] == s->now[1][at] ? at + 1 : take_run(t, s, at);
    for (int i = 0; i < 2; i++)
        memcpy(s->last[i], s->now[i], s->size);
}

/* What the app with the secrets can read itself is its own: it differs everywhere. */
static struct span own_memory(const struct tracer *t)
{
    if (t->secret == SECRETS_OF_KERNEL)
        return (struct span){0, 0};
    const struct ledger_process *p = &ledger_of(t->twins[0].hw.m)->processes[t->secret];
    return (struct span){p->block.base, p->block.size ? p->app_break - p->block.base : 0};
}

static void look_at_ram(struct tracer *t, struct span span)
{
    uint8_t bytes[2][RAM_PAGE];
    uint32_t offset = span.base - t->scenario->board.ram.base;
    struct stretch stretch = {.now = {bytes[0], bytes[1]},
                              .last = {t->ram[0] + offset, t->ram[1] + offset},
                              .size = span.size,
                              .device = BOARD_NONE,
                              .address = span.base};
    for (int i = 0; i < 2; i++)
        (void)machine_peek(t->twins[i].hw.m, span, bytes[i]);
    look_at(t, &stretch);
}

/* A page of RAM, without what is in `own`. */
static void look_at_page(struct tracer *t, struct span page, struct span own)
{
    uint32_t end = page.base + page.size, own_end = own.base + own.size;
    if (!span_meets(page, own)) {
        look_at_ram(t, page);
        return;
    }
    if (page.base < own.base)
        look_at_ram(t, (struct span){page.base, own.base - page.base});
    if (own_end < end)
        look_at_ram(t, (struct span){own_end, end - own_end});
}

static void look_at_pages(struct tracer *t)
{
    uint64_t written[PAGE_WORDS_MAX] = {0};
    struct span ram = t->scenario->board.ram, own = own_memory(t);
    for (int i = 0; i < 2; i++)
        machine_take_written(t->twins[i].hw.m, written);
    for (uint32_t word = 0; word < t->twins[0].setup->dirty_words; word++)
        for (uint64_t left = written[word]; left; left &= left - 1) {
            uint32_t at = (word * 64 + (uint32_t)__builtin_ctzll(left)) * RAM_PAGE;
            uint32_t size = ram.size - at < RAM_PAGE ? ram.size - at : RAM_PAGE;
            if (at >= ram.size)
                break; /* the board's storage, which no app reads but by calls */
            look_at_page(t, (struct span){ram.base + at, size}, own);
        }
}

static bool is_devices_doing(const struct recorder *recorder)
{
    for (uint64_t i = 0; i < recorder->count; i++) {
        unsigned kind = recorder->records[i].kind;
        if (kind == EVENT_KERNEL_WRITE || kind == EVENT_STORE || kind == EVENT_LOAD ||
            kind == EVENT_KERNEL_READ || kind == EVENT_INJECTED ||
            (kind >= EVENT_IRQ_RAISED && kind <= EVENT_WIRE))
            return true;
    }
    return false;
}

static void look_at_devices(struct tracer *t)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < t->twins[0].setup->device_count; i++) {
        struct device *d[2] = {machine_device(t->twins[0].hw.m, i),
                               machine_device(t->twins[1].hw.m, i)};
        if (!d[0] || !d[1])
            continue;
        struct stretch stretch = {
            .now = {(const uint8_t *)device_values(d[0]), (const uint8_t *)device_values(d[1])},
            .last = {t->devices[0] + at, t->devices[1] + at},
            .size = (uint32_t)(device_size(d[0]->type) - sizeof *d[0]),
            .device = i};
        look_at(t, &stretch);
        at += stretch.size;
    }
}

/* --- the first difference of the traces ------------------------------------------------------- */

static void tell_first(struct tracer *t, const struct record *a, const struct record *b)
{
    char what[2][TWINS_TEXT_MAX], us[2][US_TEXT_MAX];
    twins_describe(t->scenario, a, what[0]);
    twins_describe(t->scenario, b, what[1]);
    t->parted = true;
    snprintf(t->first, sizeof t->first, "the runs part at %s | %s us: %s: %.70s | %.70s",
             us_text(a->at_ps, us[0]), us_text(b->at_ps, us[1]),
             a->process < t->scenario->app_count ? t->scenario->apps[a->process].name
                                                 : "the kernel or a device",
             what[0], what[1]);
}

/* What leaves for the world may differ. */
static bool is_the_worlds(const struct record *r)
{
    return r->kind == EVENT_WIRE || r->kind == EVENT_AIR_BYTES;
}

/* Of a leak of time, what happens otherwise or at another time; else what differs at all. */
static void look_at_records(struct tracer *t)
{
    const struct recorder *a = &t->twins[0].recorder, *b = &t->twins[1].recorder;
    bool values = t->leak == &t->result->value;
    for (uint64_t i = 0; i < a->count && i < b->count && !t->parted; i++) {
        const struct record *x = &a->records[i], *y = &b->records[i];
        if (x->kind != y->kind || x->at_ps != y->at_ps || x->address != y->address ||
            (values && x->value != y->value && !is_the_worlds(x)))
            tell_first(t, x, y);
    }
    if (!t->parted && a->count != b->count && a->count && b->count)
        tell_first(t, &a->records[a->count - 1], &b->records[b->count - 1]);
}

/* --- the path --------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void tell(struct tracer *t, const char *format, ...)
{
    struct twins_result *result = t->result;
    va_list list;
    if (result->path_count == TWINS_PATH_MAX)
        return;
    va_start(list, format);
    vsnprintf(result->path[result->path_count++], TWINS_TEXT_MAX, format, list);
    va_end(list);
}

/* Where the leaked bytes stand in a run of them, or -1. */
static int find_bytes(const struct twins_leak *leak, const uint8_t *const bytes[2], uint32_t size)
{
    for (uint32_t at = 0; leak->size && at + leak->size <= size; at++)
        if (memcmp(bytes[0] + at, leak->bytes[0], leak->size) == 0 &&
            memcmp(bytes[1] + at, leak->bytes[1], leak->size) == 0)
            return (int)at;
    return -1;
}

static void tell_own(struct tracer *t)
{
    struct span own = own_memory(t);
    uint8_t *bytes[2] = {malloc(own.size + 1), malloc(own.size + 1)};
    bool there = bytes[0] && bytes[1] && own.size > 0 &&
                 machine_peek(t->twins[0].hw.m, own, bytes[0]) &&
                 machine_peek(t->twins[1].hw.m, own, bytes[1]);
    int at =
        there ? find_bytes(t->leak, (const uint8_t *const[]){bytes[0], bytes[1]}, own.size) : -1;
    if (at >= 0) {
        char place[96];
        board_describe_address(&t->scenario->board, own.base + (uint32_t)at, place, sizeof place);
        tell(t, "a byte of %s: %s", twins_name(t->scenario, t->secret), place);
    }
    free(bytes[0]);
    free(bytes[1]);
}

/* Whose memory it is: an app's by the blocks, else the kernel's. */
static const char *owner_of(const struct tracer *t, uint32_t address)
{
    const struct ledger *l = ledger_of(t->twins[0].hw.m);
    for (uint32_t p = 0; p < t->scenario->app_count; p++)
        if (span_holds(l->processes[p].block, address))
            return address < l->processes[p].app_break ? t->scenario->apps[p].name
                                                       : "the kernel, in an app's block";
    return "the kernel";
}

static void tell_place(struct tracer *t, const struct place *place, uint32_t at)
{
    char us[US_TEXT_MAX], where[96];
    us_text(place->at_ps, us);
    if (place->device != BOARD_NONE) {
        tell(t, "%s us: in %s, %s", us, device_name(t->scenario, place->device), place->how);
        return;
    }
    board_describe_address(&t->scenario->board, place->address + at, where, sizeof where);
    tell(t, "%s us: memory of %s: %s, %s", us, owner_of(t, place->address + at), where, place->how);
}

static void tell_places(struct tracer *t)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < t->place_count; i++) {
        const struct place *place = &t->places[i];
        int at = find_bytes(t->leak, (const uint8_t *const[]){place->bytes[0], place->bytes[1]},
                            place->size);
        if (at < 0 || t->result->path_count >= TWINS_PATH_MAX - 1)
            continue;
        tell_place(t, place, (uint32_t)at);
        found++;
    }
    for (uint32_t i = 0; !found && i < t->place_count && i < 4; i++)
        tell_place(t, &t->places[i], 0);
}

/* --- both runs -------------------------------------------------------------------------------- */

static bool is_past(const struct tracer *t, int side)
{
    return t->twins[side].over || machine_now_ps(t->twins[side].hw.m) > t->leak->at_ps[side];
}

static void trace_both(struct tracer *t)
{
    for (uint32_t steps = 0; steps < STEPS_MAX && !is_past(t, 0) && !is_past(t, 1); steps++) {
        twin_step(&t->twins[0]);
        twin_step(&t->twins[1]);
        look_at_pages(t);
        if (is_devices_doing(&t->twins[0].recorder))
            look_at_devices(t);
        look_at_records(t);
    }
}

static bool make_room(struct tracer *t)
{
    size_t ram = t->scenario->board.ram.size, all = t->twins[0].setup->size;
    t->places = calloc(PLACES_MAX, sizeof t->places[0]);
    bool good = t->places;
    for (int i = 0; i < 2; i++) {
        t->ram[i] = calloc(ram, 1);
        t->devices[i] = calloc(all, 1);
        good = good && t->ram[i] && t->devices[i];
    }
    return good;
}

void twins_explain(const struct scenario *scenario, uint32_t process, struct twins_result *result)
{
    struct secrets secrets[2] = {{.process = process}, twins_secrets(scenario, process)};
    struct tracer t = {.scenario = scenario,
                       .secret = process,
                       .result = result,
                       .leak = result->value.found ? &result->value : &result->time};
    struct twins_result scratch;
    if (twin_begin(&t.twins[0], scenario, secrets[0], &scratch) &&
        twin_begin(&t.twins[1], scenario, secrets[1], &scratch) && make_room(&t)) {
        trace_both(&t);
        tell_own(&t);
        tell_places(&t);
        if (t.parted)
            tell(&t, "%s", t.first);
    }
    for (int i = 0; i < 2; i++) {
        twin_end(&t.twins[i]);
        free(t.ram[i]);
        free(t.devices[i]);
    }
    free(t.places);
}
