/* board_load.c: a board's file -> struct board. Text shapes: scenarios/boards/board.schema.json.
 *
 * What the schema cannot say, and is refused here:
 *   windows of two devices meet, or wrap; two devices or aliases have one name; devices out of
 *     order
 *   a type that is not in the catalogue, a filter function that is not, an unknown preset
 *   two devices on one line
 *   memory: more RAM than RAM_MAX; flash and RAM meet each other or a device; app_flash outside of
 *     flash; kernel_ram or process_ram outside of RAM, or meeting
 *   storage: not in whole pages of 4 KiB, outside of flash, meeting app_flash, more than
 *     STORAGE_MAX; no device that writes flash, or two
 *   kernel drivers: a name that is no device, without a type, without a line, or lendable as well
 *     (but for the radio driver's: while the kernel has them they are lent to nobody); two of one
 *     device
 *   frames without a console
 *   a lendable DMA master that does not say whether the board opts in (allow_dma)
 */
#include "model/passthrough.h"
#include "model/quiesce_nrf52.h"
#include "sim/load.h"
#include "sim/scenario_load.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct board_reader {
    const struct load *load;
    struct board *board;
    const struct json_node *root;
    const struct json_node *override; /* NULL: none */
    const char *own[2]; /* keys that belong to the override itself, not to the board */
};

/* The board's key, or the scenario's in its place. */
static struct json_node key_of(const struct board_reader *r, const char *key)
{
    if (r->override) {
        struct json_node node = json_member(r->override, key);
        if (node.value)
            return node;
    }
    return json_member(r->root, key);
}

/* --- memory, clocks, CPU --------------------------------------------------------------------- */

static bool inside(const struct json_node *memory, const char *key, struct span inner,
                   const char *outer_key, struct span outer)
{
    if (span_covers(outer, inner))
        return true;
    json_key_problem(memory, key, "not inside \"%s\"", outer_key);
    return false;
}

enum { STORAGE_MAX = 1 << 20 }; /* ours: as RAM_MAX */
enum { FLASH_PAGE = 4096 };     /* what is erased at once. nRF52840 Product Specification, 4.3 */

/* The part of flash that the kernel may write. */
static bool storage_read(const struct json_node *memory, struct board *b)
{
    struct json_node node = json_member(memory, "storage");
    if (!node.value)
        return true; /* none */
    if (!span_read(&node, &b->storage))
        return false;
    const char *why = b->storage.base % FLASH_PAGE || b->storage.size % FLASH_PAGE
                          ? "want whole pages of 4096 bytes"
                      : b->storage.size > STORAGE_MAX        ? "more than 1048576 bytes"
                      : !span_covers(b->flash, b->storage)   ? "not inside \"flash\""
                      : span_meets(b->storage, b->app_flash) ? "meets \"app_flash\""
                                                             : NULL;
    if (why)
        json_problem(&node, "%s", why);
    b->config.storage = b->storage;
    return !why;
}

/* Once the devices are known. */
static bool storage_check(const struct board_reader *r)
{
    const struct board *b = r->board;
    uint32_t controllers = 0;
    for (uint32_t i = 0; i < b->device_count; i++)
        controllers += b->devices[i].type && b->devices[i].type->on_flash_write;
    if (b->storage.size == 0 || controllers == 1)
        return true;
    struct json_node memory = key_of(r, "memory");
    json_key_problem(&memory, "storage", "%" PRIu32 " devices of this board write flash: want one",
                     controllers);
    return false;
}

enum { RAM_MAX = 1 << 28 }; /* ours: each machine and snapshot holds all of it */

static bool memory_read(const struct board_reader *r)
{
    static const char *const keys[] = {"flash",      "app_flash",   "ram",
                                       "kernel_ram", "process_ram", "storage"};
    struct board *b = r->board;
    struct span *const spans[] = {&b->flash, &b->app_flash, &b->ram, &b->config.kernel_ram,
                                  &b->config.process_ram};
    struct json_node memory = key_of(r, "memory");
    if (!json_want_object(&memory, keys, COUNT_OF(keys)))
        return false;
    for (size_t i = 0; i < COUNT_OF(spans); i++) {
        struct json_node node = json_member(&memory, keys[i]);
        if (!span_read(&node, spans[i]))
            return false;
    }
    if (b->ram.size > RAM_MAX) {
        json_key_problem(&memory, "ram", "more than %d bytes", RAM_MAX);
        return false;
    }
    if (span_meets(b->flash, b->ram)) {
        json_key_problem(&memory, "ram", "meets \"flash\"");
        return false;
    }
    if (span_meets(b->config.kernel_ram, b->config.process_ram)) {
        json_key_problem(&memory, "process_ram", "meets \"kernel_ram\"");
        return false;
    }
    return inside(&memory, "app_flash", b->app_flash, "flash", b->flash) &&
           inside(&memory, "kernel_ram", b->config.kernel_ram, "ram", b->ram) &&
           inside(&memory, "process_ram", b->config.process_ram, "ram", b->ram) &&
           storage_read(&memory, b);
}

enum { DRIFT_MAX_PPB = 100000000 }; /* clock.h: within +-10^8 */

/* `phase_given`: without "phase_ps" the seed chooses. */
static bool clock_read(const struct json_node *node, struct clock *clock, bool *phase_given)
{
    static const char *const keys[] = {"hz", "drift_ppb", "phase_ps"};
    struct json_node hz = json_member(node, "hz"), drift = json_member(node, "drift_ppb");
    struct json_node phase = json_member(node, "phase_ps");
    if (!json_want_object(node, keys, COUNT_OF(keys)) ||
        !json_want_u64(&hz, 1, 1000000000, &clock->hz))
        return false;
    if (drift.value && !json_want_i64(&drift, -DRIFT_MAX_PPB, DRIFT_MAX_PPB, &clock->drift_ppb))
        return false;
    *phase_given = phase.value != NULL;
    return !phase.value || json_want_u64(&phase, 0, PS_PER_S, &clock->phase_ps);
}

static bool clocks_read(const struct board_reader *r)
{
    static const char *const keys[] = {"hf", "lf"};
    struct json_node clocks = key_of(r, "clocks");
    if (!json_want_object(&clocks, keys, COUNT_OF(keys)))
        return false;
    struct json_node hf = json_member(&clocks, "hf"), lf = json_member(&clocks, "lf");
    return clock_read(&hf, &r->board->hf, &r->board->hf_phase_given) &&
           clock_read(&lf, &r->board->lf, &r->board->lf_phase_given);
}

bool costs_named(const struct json_node *node, const struct costs **costs)
{
    const char *words[32];
    uint32_t which,
        count = cost_preset_count < COUNT_OF(words) ? cost_preset_count : (uint32_t)COUNT_OF(words);
    for (uint32_t i = 0; i < count; i++)
        words[i] = cost_presets[i].preset;
    if (!json_want_word(node, words, count, &which))
        return false;
    *costs = &cost_presets[which];
    return true;
}

static bool cpu_read(const struct board_reader *r)
{
    struct json_node name = key_of(r, "name"), hz = key_of(r, "cpu_hz"), lines = key_of(r, "lines");
    struct json_node regions = key_of(r, "mpu_regions"), costs = key_of(r, "costs");
    struct board *b = r->board;
    if (r->override)
        name = json_member(r->root, "name");
    if (!json_want_text(&name, b->name, sizeof b->name) ||
        !json_want_u32(&hz, CPU_HZ_MIN, CPU_HZ_MAX, &b->cpu_hz) ||
        !json_want_u32(&lines, 1, IRQ_LINE_MAX, &b->config.line_count) ||
        !json_want_u32(&regions, 8, 16, &b->mpu_regions) || !costs_named(&costs, &b->costs))
        return false;
    b->config.cpu_hz = b->cpu_hz;
    if (json_is_number(&regions) && (b->mpu_regions == 8 || b->mpu_regions == 16))
        return true;
    json_problem(&regions, "want 8 or 16");
    return false;
}

/* --- devices --------------------------------------------------------------------------------- */

/* NULL: that extra is no device. */
static const struct device_type *type_at(const struct catalogue *c, uint32_t i)
{
    return i < c->device_count ? c->devices[i] : c->extras[i - c->device_count]->device;
}

static bool type_read(const struct board_reader *r, const struct json_node *node,
                      const struct device_type **type)
{
    const struct catalogue *c = r->load->catalogue;
    const uint32_t count = c->device_count + c->extra_count;
    char hint[96];
    if (!node->value)
        return true; /* a named hole */
    for (uint32_t i = 0; i < count && json_is_string(node); i++) {
        *type = type_at(c, i);
        if (*type && strcmp((*type)->name, json_string(node)) == 0)
            return true;
    }
    *type = NULL;
    struct nearest nearest = nearest_to(json_is_string(node) ? json_string(node) : "");
    for (uint32_t i = 0; i < count; i++)
        if (type_at(c, i))
            nearest_offer(&nearest, type_at(c, i)->name);
    json_problem(node, "\"%.40s\" is not a device type%s",
                 json_is_string(node) ? json_string(node) : "?",
                 own_code_hint(c, nearest_text(&nearest, hint, sizeof hint)));
    return false;
}

/* Names of devices begin with a capital, those of apps do not: neither hides the other. */
static bool device_name_read(const struct board_reader *r, const struct json_node *node, char *name)
{
    if (!json_want_text(node, name, DEVICE_NAME_MAX))
        return false;
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (name[length] || name[0] < 'A' || name[0] > 'Z') {
        json_problem(node, "\"%s\": want capitals, digits and _, a capital first", name);
        return false;
    }
    if (board_device_named(r->board, name) == BOARD_NONE)
        return true;
    json_problem(node, "\"%s\" is the name of another device of this board", name);
    return false;
}

static struct board_device *new_device(const struct board_reader *r, const struct json_node *node)
{
    if (r->board->device_count == BOARD_DEVICE_MAX) {
        json_problem(node, "more than %d devices and aliases", BOARD_DEVICE_MAX);
        return NULL;
    }
    struct board_device *d = &r->board->devices[r->board->device_count];
    *d = (struct board_device){.alias_of = BOARD_NONE, .line = BOARD_NONE, .endpoint = BOARD_NONE};
    return d;
}

static bool alias_read(const struct board_reader *r, const struct json_node *node, uint32_t of)
{
    static const char *const keys[] = {"name", "dma", "at", "size"};
    const struct board_device *real = &r->board->devices[of];
    struct json_node name = json_member(node, "name"), dma = json_member(node, "dma");
    struct json_node at = json_member(node, "at"), size = json_member(node, "size");
    struct board_device *d = new_device(r, node);
    if (!d || !json_want_object(node, keys, COUNT_OF(keys)) || !device_name_read(r, &name, d->name))
        return false;
    d->window = real->window;
    d->line = real->line;
    d->alias_of = of;
    d->endpoint = real->endpoint;
    if (dma.value && !json_want_bool(&dma, &d->dma))
        return false;
    if (at.value && (!json_want_hex(&at, &d->window.base) ||
                     !json_want_u32(&size, 1, UINT32_MAX, &d->window.size)))
        return false;
    if (!span_covers(real->window, d->window)) {
        json_problem(node, "\"%s\" is not inside the window of \"%s\"", d->name, real->name);
        return false;
    }
    r->board->device_count++;
    return true;
}

static bool aliases_read(const struct board_reader *r, const struct json_node *node)
{
    uint32_t of = r->board->device_count - 1;
    if (!node->value)
        return true;
    if (!json_want_array(node, 0, BOARD_DEVICE_MAX))
        return false;
    bool good = true;
    for (struct json_node alias = json_first(node); alias.value; alias = json_next(&alias))
        good &= alias_read(r, &alias, of);
    return good;
}

/* By enum quiesce_nrf52_kind. */
static const char *const quiesce_names[QUIESCE_NRF52_KINDS] = {
    "none",   "timer",       "rtc",   "uarte", "rng",     "temp", "egu",  "gpio",
    "gpiote", "clock_power", "radio", "ecb",   "ccm_aar", "ppi",  "twim", "spim",
};

const char *board_quiesce_name(uint32_t which)
{
    return which < COUNT_OF(quiesce_names) ? quiesce_names[which] : NULL;
}

enum { QUIESCE_MAX = 64 }; /* lists of all sources; ours */

static bool quiesce_read(const struct board_reader *r, const struct json_node *node,
                         struct passthrough_endpoint *e)
{
    const struct catalogue *c = r->load->catalogue;
    const char *words[QUIESCE_MAX];
    const struct extra_quiesce *extras[QUIESCE_MAX] = {NULL};
    uint32_t which, count = 0;
    for (; count < COUNT_OF(quiesce_names); count++)
        words[count] = quiesce_names[count];
    for (uint32_t i = 0; i < c->extra_count && count < QUIESCE_MAX; i++) {
        if (!c->extras[i]->quiesce)
            continue;
        extras[count] = c->extras[i]->quiesce;
        words[count] = extras[count]->name;
        count++;
    }
    if (!json_want_word(node, words, count, &which))
        return false;
    e->quiesce = extras[which] ? extras[which]->steps : quiesce_nrf52[which].steps;
    e->quiesce_count = extras[which] ? extras[which]->count : quiesce_nrf52[which].count;
    return true;
}

/* Where the endpoint of a device stands: its place is the order in which they are made quiet. */
static struct passthrough_endpoint *endpoint_place(struct board *b, struct board_device *d,
                                                   bool first)
{
    struct kernel_config *c = &b->config;
    d->endpoint = first ? 0 : c->endpoint_count;
    for (uint32_t i = 0; first && i < b->device_count; i++)
        if (b->devices[i].endpoint != BOARD_NONE)
            b->devices[i].endpoint++;
    if (first)
        memmove(c->endpoints + 1, c->endpoints, c->endpoint_count * sizeof c->endpoints[0]);
    c->endpoint_count++;
    return &c->endpoints[d->endpoint];
}

static bool lend_read(const struct board_reader *r, const struct json_node *node,
                      struct board_device *d)
{
    static const char *const keys[] = {"quiesce", "allow_dma", "first"};
    struct json_node quiesce = json_member(node, "quiesce");
    struct json_node allow = json_member(node, "allow_dma");
    struct kernel_config *c = &r->board->config;
    struct passthrough_endpoint e = {.windows = {d->window},
                                     .window_count = 1,
                                     .has_line = d->line != BOARD_NONE,
                                     .line = (uint8_t)d->line,
                                     .dma = d->dma};
    struct json_node first_node = json_member(node, "first");
    bool first = false;
    if (!node->value)
        return true;
    if (!json_want_object(node, keys, COUNT_OF(keys)) || !quiesce_read(r, &quiesce, &e) ||
        (first_node.value && !json_want_bool(&first_node, &first)))
        return false;
    if (d->dma && !json_want_bool(&allow, &e.allow_dma))
        return false;
    if (!d->dma && allow.value) {
        json_key_problem(node, "allow_dma", "\"%s\" is no DMA master: want no such key", d->name);
        return false;
    }
    if (c->endpoint_count == ENDPOINT_MAX) {
        json_problem(node, "more than %d lendable devices", ENDPOINT_MAX);
        return false;
    }
    *endpoint_place(r->board, d, first) = e;
    return true;
}

static bool parameters_read(const struct json_node *node, struct board_device *d)
{
    if (!node->value)
        return true;
    if (!json_want_array(node, 0, COUNT_OF(d->parameters)))
        return false;
    for (struct json_node parameter = json_first(node); parameter.value;
         parameter = json_next(&parameter))
        if (!json_want_u32(&parameter, 0, UINT32_MAX, &d->parameters[d->parameter_count++]))
            return false;
    return true;
}

/* In order, without wrapping, apart from memory and from the device before it. */
static bool window_check(const struct board_reader *r, const struct json_node *node,
                         const struct board_device *d)
{
    const struct board *b = r->board;
    if (!span_valid(d->window) || d->window.base % 4 || d->window.size % 4) {
        json_problem(node, "\"%s\" wraps, or is no multiple of 4 bytes", d->name);
        return false;
    }
    if (span_meets(d->window, b->flash) || span_meets(d->window, b->ram)) {
        json_problem(node, "\"%s\" meets flash or RAM", d->name);
        return false;
    }
    for (uint32_t i = b->device_count; i-- > 0;) {
        const struct board_device *before = &b->devices[i];
        if (before->alias_of != BOARD_NONE)
            continue;
        if (span_meets(d->window, before->window)) {
            json_problem(node, "the window of \"%s\" meets that of \"%s\"", d->name, before->name);
            return false;
        }
        if (d->window.base < before->window.base) {
            json_problem(node, "\"%s\" lies below \"%s\": want devices by address", d->name,
                         before->name);
            return false;
        }
        break;
    }
    return true;
}

/* A line is driven by one device: of two, one would lower what the other holds high. */
static bool line_read(const struct board_reader *r, const struct json_node *node,
                      struct board_device *d)
{
    if (!json_want_u32(node, 0, r->board->config.line_count - 1, &d->line))
        return false;
    for (uint32_t i = 0; i < r->board->device_count; i++) {
        const struct board_device *other = &r->board->devices[i];
        if (other->alias_of != BOARD_NONE || other->line != d->line)
            continue;
        json_problem(node, "line %" PRIu32 " is that of \"%s\": want a line for each device",
                     d->line, other->name);
        return false;
    }
    return true;
}

static bool device_read_one(const struct board_reader *r, const struct json_node *node)
{
    static const char *const keys[] = {"name", "type",    "at",         "size", "line",
                                       "dma",  "aliases", "parameters", "lend"};
    struct json_node name = json_member(node, "name"), type = json_member(node, "type");
    struct json_node at = json_member(node, "at"), size = json_member(node, "size");
    struct json_node line = json_member(node, "line"), dma = json_member(node, "dma");
    struct json_node aliases = json_member(node, "aliases"), lend = json_member(node, "lend");
    struct json_node parameters = json_member(node, "parameters");
    struct board_device *d = new_device(r, node);
    if (!d || !json_want_object(node, keys, COUNT_OF(keys)) ||
        !device_name_read(r, &name, d->name) || !json_want_hex(&at, &d->window.base) ||
        !json_want_u32(&size, 4, UINT32_MAX, &d->window.size) || !window_check(r, node, d))
        return false;
    if (line.value && !line_read(r, &line, d))
        return false;
    if (dma.value && !json_want_bool(&dma, &d->dma))
        return false;
    if (!type_read(r, &type, &d->type) || !parameters_read(&parameters, d) ||
        !lend_read(r, &lend, d))
        return false;
    if (d->type && d->type->dma && !d->dma) {
        json_problem(node, "\"%s\" is a DMA master by its type: want \"dma\": true", d->name);
        return false;
    }
    r->board->device_count++;
    return aliases_read(r, &aliases);
}

static bool devices_read(const struct board_reader *r)
{
    struct json_node list = key_of(r, "devices");
    if (!json_want_array(&list, 1, BOARD_DEVICE_MAX))
        return false;
    bool good = true;
    for (struct json_node node = json_first(&list); node.value; node = json_next(&node))
        good &= device_read_one(r, &node);
    return good;
}

/* --- the kernel's own drivers ---------------------------------------------------------------- */

static bool is_claimed(const struct board *b, struct span window)
{
    for (uint32_t i = 0; i < b->config.claim_count; i++)
        if (span_meets(b->config.claims[i], window))
            return true;
    return false;
}

/* The device `node` names is a kernel driver's from here on. */
static bool device_claim(const struct board_reader *r, const struct json_node *node,
                         bool wants_line, uint32_t *device)
{
    struct kernel_config *c = &r->board->config;
    if (!device_named(r->board, node, device))
        return false;
    const struct board_device *d = &r->board->devices[*device];
    const char *why = !d->type                              ? "is not modelled"
                      : d->endpoint != BOARD_NONE           ? "is lent to apps as well"
                      : wants_line && d->line == BOARD_NONE ? "has no interrupt line"
                      : is_claimed(r->board, d->window)     ? "is another kernel driver's"
                                                            : NULL;
    if (why) {
        json_problem(node, "\"%s\" %s: want a device for the kernel alone", d->name, why);
        return false;
    }
    c->claims[c->claim_count++] = d->window;
    return true;
}

static bool place_read(const struct board_reader *r, const struct json_node *node, bool wants_line,
                       struct driver_place *place)
{
    uint32_t device;
    if (!node->value || json_is_null(node))
        return true; /* not present */
    if (!device_claim(r, node, wants_line, &device))
        return false;
    const struct board_device *d = &r->board->devices[device];
    *place =
        (struct driver_place){true, d->window.base, d->line == BOARD_NONE ? 0 : (uint8_t)d->line};
    return true;
}

/* Its endpoint goes, and those behind it move up. */
static void lend_withdraw(struct board *b, const struct json_node *node)
{
    struct kernel_config *c = &b->config;
    uint32_t device = json_is_string(node) ? board_device_named(b, json_string(node)) : BOARD_NONE;
    uint32_t endpoint = device == BOARD_NONE ? BOARD_NONE : b->devices[device].endpoint;
    if (endpoint == BOARD_NONE)
        return;
    c->endpoint_count--;
    memmove(&c->endpoints[endpoint], &c->endpoints[endpoint + 1],
            (c->endpoint_count - endpoint) * sizeof c->endpoints[0]);
    for (uint32_t i = 0; i < b->device_count; i++) {
        struct board_device *d = &b->devices[i];
        if (d->endpoint == endpoint)
            d->endpoint = BOARD_NONE;
        else if (d->endpoint != BOARD_NONE && d->endpoint > endpoint)
            d->endpoint--;
    }
}

/* A board that lends these devices may be used with a kernel that keeps them. */
static bool radio_read(const struct board_reader *r, const struct json_node *node)
{
    static const char *const keys[] = {"device", "timer", "ppi", "clock"};
    struct radio_place *place = &r->board->config.radio;
    uint32_t *const bases[] = {NULL, &place->timer, &place->ppi, &place->clock};
    if (!node->value || json_is_null(node))
        return true; /* not present */
    if (!json_want_object(node, keys, COUNT_OF(keys)))
        return false;
    for (uint32_t i = 0; i < COUNT_OF(keys); i++) {
        struct json_node name = json_member(node, keys[i]);
        uint32_t device;
        lend_withdraw(r->board, &name);
        if (i == 0 ? !place_read(r, &name, true, &place->radio)
                   : !device_claim(r, &name, false, &device))
            return false;
        if (i > 0)
            *bases[i] = r->board->devices[device].window.base;
    }
    return true;
}

static const enum virt_home virt_homes[VIRTS] = {
#define VIRT_HOME(number, name, home) [number] = (home),
    VIRT_LIST(VIRT_HOME)
#undef VIRT_HOME
};

/* Devices of multiplexers: {"rng": "RNG"}. A board that lends one may be used with a kernel that
 * keeps it. */
static bool virts_read(const struct board_reader *r, const struct json_node *kernel)
{
    bool good = true;
    for (uint32_t i = 0; i < VIRTS; i++) {
        if (virt_homes[i] == VIRT_OF_CONSOLE)
            continue;
        struct json_node name = json_member(kernel, virt_words[i]);
        lend_withdraw(r->board, &name);
        good &= place_read(r, &name, virt_homes[i] == VIRT_WITH_LINE, &r->board->config.virts[i]);
    }
    return good;
}

/* "storage": a controller without memory to keep things in is no driver. */
static bool kept_somewhere(const struct json_node *kernel, const struct board *b)
{
    struct json_node name = json_member(kernel, "storage");
    if (!b->config.virts[VIRT_STORAGE].present || b->storage.size > 0)
        return true;
    json_problem(&name, "the board has no memory to keep things in: want \"storage\" in \"memory\" "
                        "as well");
    return false;
}

/* "frames": what comes in at the console is sorted by them. */
static bool frames_read(const struct json_node *kernel, struct kernel_config *c)
{
    struct json_node frames = json_member(kernel, "frames");
    if (!frames.value)
        return true;
    if (!json_want_bool(&frames, &c->frames))
        return false;
    if (!c->frames || c->console.present)
        return true;
    json_problem(&frames, "they come in at the console: want a \"console\" as well");
    return false;
}

/* The multiplexers' keys behind the others. */
static bool kernel_keys_check(const struct json_node *kernel)
{
    static const char *const others[] = {"alarm", "console", "gpio",
                                         "radio", "frames",  "passthrough_driver"};
    const char *keys[COUNT_OF(others) + VIRTS];
    size_t count = COUNT_OF(others);
    memcpy(keys, others, sizeof others);
    for (uint32_t i = 0; i < VIRTS; i++)
        if (virt_homes[i] != VIRT_OF_CONSOLE)
            keys[count++] = virt_words[i];
    return json_want_object(kernel, keys, count);
}

static bool kernel_read(const struct board_reader *r)
{
    struct json_node kernel = key_of(r, "kernel");
    struct kernel_config *c = &r->board->config;
    if (!kernel_keys_check(&kernel))
        return false;
    struct json_node alarm = json_member(&kernel, "alarm");
    struct json_node console = json_member(&kernel, "console");
    struct json_node gpio = json_member(&kernel, "gpio"), radio = json_member(&kernel, "radio");
    struct json_node driver = json_member(&kernel, "passthrough_driver");
    c->passthrough_driver = PASSTHROUGH_DRIVER_DEFAULT;
    if (driver.value && !json_want_u32(&driver, 0, UINT32_MAX, &c->passthrough_driver))
        return false;
    return place_read(r, &alarm, true, &c->alarm) && place_read(r, &console, true, &c->console) &&
           place_read(r, &gpio, false, &c->gpio) && radio_read(r, &radio) &&
           virts_read(r, &kernel) && kept_somewhere(&kernel, r->board) && frames_read(&kernel, c);
}

/* --- filter, forbidden, over-exposure -------------------------------------------------------- */

/* {"device": "TIMER1"} or {"address", "size"} among the other keys of `node`. */
static bool place_span(const struct board_reader *r, const struct json_node *node,
                       struct span *span)
{
    struct json_node device = json_member(node, "device"), address = json_member(node, "address");
    struct json_node size = json_member(node, "size");
    uint32_t index;
    if (device.value && address.value) {
        json_key_problem(node, "address", "there is \"device\" already: want one of them");
        return false;
    }
    if (device.value) {
        if (!device_named(r->board, &device, &index))
            return false;
        *span = r->board->devices[index].window;
        return true;
    }
    if (!json_want_hex(&address, &span->base) || !json_want_u32(&size, 1, UINT32_MAX, &span->size))
        return false;
    if (span_valid(*span))
        return true;
    json_problem(node, "goes past the end of memory");
    return false;
}

/* What a filter in C may answer if it is wrong: any address and size; but not twice nothing, by
 * which a row says that it has no answer of its own. */
static bool any_span_read(const struct json_node *node, struct span *span)
{
    static const char *const keys[] = {"address", "size"};
    struct json_node base = json_member(node, "address"), size = json_member(node, "size");
    if (!json_want_object(node, keys, COUNT_OF(keys)) || !json_want_hex(&base, &span->base) ||
        !json_want_u32(&size, 0, UINT32_MAX, &span->size))
        return false;
    if (span->base || span->size)
        return true;
    json_problem(node,
                 "0 bytes at 0 is what a row without an answer has: want another address or size");
    return false;
}

static bool one_of_two(const struct json_node *node, const char *key, const char *other)
{
    struct json_node a = json_member(node, key), b = json_member(node, other);
    if (!a.value || !b.value)
        return true;
    json_key_problem(node, other, "there is \"%s\" already: want one of them", key);
    return false;
}

/* As a row of a sound filter says it, or as anything that the kernel must bear. */
static bool answer_read(const struct json_node *node, struct span *answer)
{
    struct json_node sound = json_member(node, "answer");
    struct json_node any = json_member(node, "unchecked_answer");
    return one_of_two(node, "answer", "unchecked_answer") &&
           (!sound.value || span_read(&sound, answer)) &&
           (!any.value || any_span_read(&any, answer));
}

static bool refusal_read(const struct json_node *node, enum err *refusal)
{
    struct json_node sound = json_member(node, "refusal");
    struct json_node any = json_member(node, "unchecked_refusal");
    uint32_t code = ERR_NONE;
    if (!one_of_two(node, "refusal", "unchecked_refusal") ||
        (sound.value && !err_read(&sound, refusal)) ||
        (any.value && !json_want_u32(&any, 1, UINT32_MAX, &code)))
        return false;
    if (any.value)
        *refusal = (enum err)code;
    return true;
}

static bool row_read(const struct board_reader *r, const struct json_node *node,
                     struct filter_row *row)
{
    static const char *const keys[] = {"short_id", "device",           "address",
                                       "size",     "answer",           "unchecked_answer",
                                       "refusal",  "unchecked_refusal"};
    struct json_node id = json_member(node, "short_id");
    if (!json_want_object(node, keys, COUNT_OF(keys)) || !place_span(r, node, &row->asked))
        return false;
    if (id.value && !json_want_u32(&id, 1, UINT32_MAX, &row->short_id))
        return false;
    return refusal_read(node, &row->refusal) && answer_read(node, &row->answer);
}

static bool table_read(const struct board_reader *r, const struct json_node *table)
{
    struct board *b = r->board;
    if (!json_want_array(table, 0, BOARD_ROW_MAX))
        return false;
    bool good = true;
    for (struct json_node row = json_first(table); row.value; row = json_next(&row))
        good &= row_read(r, &row, &b->rows[b->row_count++]);
    b->config.filter = (struct device_filter){filter_by_table, b->rows, b->row_count};
    return good;
}

enum { FILTER_MAX = 64 }; /* written in C, of all sources; ours */

static bool function_read(const struct board_reader *r, const struct json_node *node)
{
    const struct catalogue *c = r->load->catalogue;
    const char *words[FILTER_MAX];
    const struct catalogue_filter *filters[FILTER_MAX];
    uint32_t which, count = 0;
    struct nearest nearest = nearest_to(json_is_string(node) ? json_string(node) : "");
    for (uint32_t i = 0; i < c->filter_count + c->extra_count && count < FILTER_MAX; i++) {
        const struct catalogue_filter *filter =
            i < c->filter_count ? &c->filters[i] : c->extras[i - c->filter_count]->filter;
        if (!filter)
            continue;
        words[count] = filter->name;
        filters[count++] = filter;
        nearest_offer(&nearest, filter->name);
    }
    if (json_is_string(node) && !nearest.best && !c->extra_count) {
        json_problem(node, "\"%.40s\" is not a filter%s", json_string(node), own_code_hint(c, ""));
        return false;
    }
    if (!json_want_word(node, words, count, &which))
        return false;
    r->board->config.filter = (struct device_filter){.function = filters[which]->function};
    return true;
}

static bool filter_read(const struct board_reader *r)
{
    static const char *const keys[] = {"table", "function"};
    struct json_node filter = key_of(r, "filter");
    if (!filter.value || json_is_null(&filter))
        return true; /* this board lends nothing */
    if (!json_want_object(&filter, keys, COUNT_OF(keys)))
        return false;
    struct json_node table = json_member(&filter, "table");
    struct json_node function = json_member(&filter, "function");
    if (!table.value == !function.value) {
        json_problem(&filter, "want one of \"table\" and \"function\"");
        return false;
    }
    return table.value ? table_read(r, &table) : function_read(r, &function);
}

static bool exposure_read(const struct board_reader *r)
{
    struct json_node list = key_of(r, "over_exposure");
    struct board *b = r->board;
    if (!list.value)
        return true;
    if (!json_want_array(&list, 0, BOARD_EXPOSURE_MAX))
        return false;
    bool good = true;
    for (struct json_node node = json_first(&list); node.value; node = json_next(&node)) {
        struct json_node why = json_member(&node, "why");
        struct board_exposure *e = &b->exposures[b->exposure_count++];
        good &= span_read(&node, &e->span) && json_want_text(&why, e->why, sizeof e->why);
    }
    return good;
}

static bool forbidden_read(const struct board_reader *r)
{
    struct json_node list = key_of(r, "forbidden");
    struct kernel_config *c = &r->board->config;
    const struct span always[] = {r->board->flash, r->board->ram, {0xe0000000, 0x100000}};
    for (size_t i = 0; i < COUNT_OF(always); i++)
        c->forbidden[c->forbidden_count++] = always[i];
    if (!list.value)
        return true;
    if (!json_want_array(&list, 0, (uint32_t)(KERNEL_CLAIM_MAX - COUNT_OF(always))))
        return false;
    bool good = true;
    for (struct json_node node = json_first(&list); node.value; node = json_next(&node)) {
        static const char *const keys[] = {"device", "address", "size", "why"};
        good &= json_want_object(&node, keys, COUNT_OF(keys)) && words_checked(&node, "why") &&
                place_span(r, &node, &c->forbidden[c->forbidden_count++]);
    }
    return good;
}

static const char *const board_keys[] = {
    "$schema", "name",   "source",  "cpu_hz", "lines",  "mpu_regions",   "costs",
    "clocks",  "memory", "devices", "kernel", "filter", "over_exposure", "forbidden",
};

bool board_read(struct load *load, const struct json_node *root, const struct json_node *override)
{
    const struct board_reader r = {
        .load = load, .board = &load->scenario->board, .root = root, .override = override};
    memset(r.board, 0, sizeof *r.board);
    bool good = json_want_object(root, board_keys, COUNT_OF(board_keys)) &&
                words_checked(root, "$schema") && words_checked(root, "source");
    if (override)
        good &= json_want_object(override, board_keys, COUNT_OF(board_keys));
    return good && cpu_read(&r) && memory_read(&r) && clocks_read(&r) && devices_read(&r) &&
           storage_check(&r) && kernel_read(&r) && filter_read(&r) && exposure_read(&r) &&
           forbidden_read(&r);
}

/* The board of a parsed file, which is given back in any case; NULL: complaints were added. */
static struct board *board_of(struct json_text *json, bool good, const struct catalogue *catalogue)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct board *board = malloc(sizeof *board);
    if (!scenario || !board)
        abort();
    struct load load = {.catalogue = catalogue, .scenario = scenario};
    struct json_node root = json_root(json);
    good = good && board_read(&load, &root, NULL);
    *board = scenario->board;
    if (board->row_count > 0)
        board->config.filter.rows = board->rows;
    json_text_free(json);
    free(scenario);
    if (good)
        return board;
    free(board);
    return NULL;
}

struct board *board_load(const char *path, const struct catalogue *catalogue,
                         struct problems *problems)
{
    struct json_text json;
    bool good = json_text_read(&json, path, problems);
    return board_of(&json, good, catalogue);
}

struct board *board_load_text(const char *path, const char *text, size_t size,
                              const struct catalogue *catalogue, struct problems *problems)
{
    struct json_text json;
    bool good = json_text_parse(&json, path, text, size, problems);
    return board_of(&json, good, catalogue);
}

void board_free(struct board *board)
{
    free(board);
}
