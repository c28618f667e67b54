/* load_value.c: names, addresses, times: the words that every part of a scenario is made of. */
#include "model/driver.h"
#include "model/passthrough.h"
#include "model/virt/virt.h"
#include "sim/app.h"
#include "sim/load.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- arena ----------------------------------------------------------------------------------- */

enum { ARENA_CHUNK = 16384, ARENA_ALIGN = 16 };

struct arena {
    struct arena *next;
    size_t size, used;
    _Alignas(ARENA_ALIGN) unsigned char bytes[];
};

static struct arena *arena_chunk(size_t size, struct arena *next)
{
    struct arena *chunk = calloc(1, sizeof *chunk + size);
    if (!chunk)
        abort(); /* out of host memory while reading input: nothing to go on with */
    chunk->next = next;
    chunk->size = size;
    return chunk;
}

static void *take_aligned(struct arena **arena, size_t want, size_t align)
{
    if (!*arena)
        *arena = arena_chunk(ARENA_CHUNK, NULL);
    if (want > ARENA_CHUNK) { /* a chunk of its own, behind the one that is being filled */
        (*arena)->next = arena_chunk(want, (*arena)->next);
        return (*arena)->next->bytes;
    }
    size_t at = ((*arena)->used + align - 1) / align * align;
    if (at + want > (*arena)->size) {
        *arena = arena_chunk(ARENA_CHUNK, *arena);
        at = 0;
    }
    (*arena)->used = at + want;
    return (*arena)->bytes + at;
}

void *arena_take(struct arena **arena, size_t size, size_t count)
{
    return take_aligned(arena, size * count, ARENA_ALIGN);
}

char *arena_text(struct arena **arena, const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(take_aligned(arena, size, 1), text, size); /* texts, which are many, lie close */
}

void arena_free(struct arena *arena)
{
    while (arena) {
        struct arena *next = arena->next;
        free(arena);
        arena = next;
    }
}

/* --- names of things ------------------------------------------------------------------------- */

static const char *quoted(const struct json_node *node)
{
    return json_is_string(node) ? json_string(node) : "";
}

/* "no such app "x" (did you mean "y"?)", or what was wanted if it is no string. */
static bool unknown(const struct json_node *node, const char *what, const struct nearest *nearest)
{
    if (json_is_string(node)) {
        char hint[96];
        json_problem(node, "\"%.40s\" is not the name of %s%s", json_string(node), what,
                     nearest_text(nearest, hint, sizeof hint));
        return false;
    }
    json_problem(node, "%s: want the name of %s", node->value ? "not a string" : "missing", what);
    return false;
}

bool app_named(const struct load *load, const struct json_node *node, uint32_t *app)
{
    const struct scenario *s = load->scenario;
    struct nearest nearest = nearest_to(quoted(node));
    for (uint32_t i = 0; i < s->app_count; i++) {
        if (json_is_string(node) && strcmp(s->apps[i].name, json_string(node)) == 0) {
            *app = i;
            return true;
        }
        nearest_offer(&nearest, s->apps[i].name);
    }
    return unknown(node, "an app", &nearest);
}

/* `text` of `length` bytes is that word. */
static bool is(const char *text, size_t length, const char *word)
{
    return text && text[0] == word[0] && strlen(word) == length && memcmp(text, word, length) == 0;
}

/* Of a name that ends at `length`. */
static uint32_t device_find(const struct board *board, const char *name, size_t length,
                            struct nearest *nearest)
{
    for (uint32_t i = 0; i < board->device_count; i++) {
        const char *known = board->devices[i].name;
        if (is(name, length, known))
            return i;
        if (nearest)
            nearest_offer(nearest, known);
    }
    return BOARD_NONE;
}

/* The device that holds the window and the type. */
static uint32_t no_alias(const struct board *board, uint32_t device)
{
    uint32_t of = board->devices[device].alias_of;
    return of == BOARD_NONE ? device : of;
}

bool device_named(const struct board *board, const struct json_node *node, uint32_t *device)
{
    size_t length = strlen(quoted(node));
    uint32_t found = device_find(board, quoted(node), length, NULL);
    if (found == BOARD_NONE || !json_is_string(node)) {
        struct nearest nearest = nearest_to(quoted(node));
        (void)device_find(board, quoted(node), length, &nearest);
        return unknown(node, "a device of this board", &nearest);
    }
    *device = no_alias(board, found);
    return true;
}

bool line_named(const struct board *board, const struct json_node *node, uint32_t *line)
{
    if (json_is_number(node))
        return json_want_u32(node, 0, board->config.line_count - 1, line);
    uint32_t device;
    if (!device_named(board, node, &device))
        return false;
    *line = board->devices[device].line;
    if (*line != BOARD_NONE)
        return true;
    json_problem(node, "\"%s\" has no interrupt line: want a device with one, or a line's number",
                 json_string(node));
    return false;
}

/* Drivers but for those of multiplexers, which have their multiplexers' names. Source of the
 * numbers: Tock's driver numbers (capsules/core/src/driver.rs); those of the radio and of frames
 * are ours. */
static const struct {
    const char *name;
    uint32_t number;
} driver_rows[] = {
    {"alarm", 0x0},
    {"console", 0x1},
    {"gpio", 0x4},
    {"radio", 0x30001},
    {"ble_advertising", 0x30000},
    {"frames", 0x30003},
};

const char *const virt_words[VIRT_NAMES + 1] = {
#define VIRT_WORD(number, name, home) [number] = #name,
    VIRT_LIST(VIRT_WORD)
#undef VIRT_WORD
        [VIRT_ALARM] = "alarm",
};

const char *virt_name(uint32_t virt)
{
    return virt < VIRT_NAMES ? virt_words[virt] : "a multiplexer";
}

/* The multiplexer's own driver; NULL: the console's, which has its name. */
static const struct driver *virt_driver(uint32_t virt)
{
    return virt == VIRT_UART ? NULL : virts[virt]->driver;
}

const char *driver_name(const struct kernel_config *config, uint32_t number)
{
    if (number == config->passthrough_driver || number == DRIVER_NUMBER_BY_CONFIG)
        return "passthrough";
    for (size_t i = 0; i < COUNT_OF(driver_rows); i++)
        if (driver_rows[i].number == number)
            return driver_rows[i].name;
    for (uint32_t i = 0; i < VIRTS; i++)
        if (virt_driver(i) && virt_driver(i)->number == number)
            return virt_words[i];
    return NULL;
}

bool driver_named(const struct kernel_config *config, const char *name, uint32_t *driver,
                  struct nearest *nearest)
{
    *driver = config->passthrough_driver;
    if (strcmp(name, "passthrough") == 0)
        return true;
    nearest_offer(nearest, "passthrough");
    for (size_t i = 0; i < COUNT_OF(driver_rows); i++) {
        *driver = driver_rows[i].number;
        if (strcmp(name, driver_rows[i].name) == 0)
            return true;
        nearest_offer(nearest, driver_rows[i].name);
    }
    for (uint32_t i = 0; i < VIRTS; i++) {
        if (!virt_driver(i))
            continue;
        *driver = virt_driver(i)->number;
        if (strcmp(name, virt_words[i]) == 0)
            return true;
        nearest_offer(nearest, virt_words[i]);
    }
    return false;
}

bool virt_driver_number(const struct kernel_config *config, uint32_t virt, uint32_t *number)
{
    struct nearest nearest = nearest_to("");
    return driver_named(config, virt_words[virt], number, &nearest) &&
           strcmp(driver_name(config, *number), virt_words[virt]) == 0;
}

bool driver_read(const struct load *load, const struct json_node *node, uint32_t *driver)
{
    struct nearest nearest = nearest_to(quoted(node));
    if (json_is_number(node) || quoted(node)[0] == '0')
        return json_want_u32(node, 0, UINT32_MAX, driver);
    return driver_named(&load->scenario->config, quoted(node), driver, &nearest) ||
           unknown(node, "a driver (nor a number)", &nearest);
}

static const char *const err_names[] = {
    [ERR_FAIL] = "FAIL",         [ERR_BUSY] = "BUSY",
    [ERR_ALREADY] = "ALREADY",   [ERR_OFF] = "OFF",
    [ERR_RESERVE] = "RESERVE",   [ERR_INVAL] = "INVAL",
    [ERR_SIZE] = "SIZE",         [ERR_CANCEL] = "CANCEL",
    [ERR_NOMEM] = "NOMEM",       [ERR_NOSUPPORT] = "NOSUPPORT",
    [ERR_NODEVICE] = "NODEVICE", [ERR_UNINSTALLED] = "UNINSTALLED",
    [ERR_NOACK] = "NOACK",
};

const char *err_name(uint32_t err)
{
    return err < COUNT_OF(err_names) ? err_names[err] : NULL;
}

bool err_named(const char *name, enum err *err)
{
    for (size_t i = ERR_FAIL; i < COUNT_OF(err_names); i++) {
        if (strcmp(err_names[i], name) == 0) {
            *err = (enum err)i;
            return true;
        }
    }
    return false;
}

bool err_read(const struct json_node *node, enum err *err)
{
    if (err_named(quoted(node), err))
        return true;
    struct nearest nearest = nearest_to(quoted(node));
    for (size_t i = ERR_FAIL; i < COUNT_OF(err_names); i++)
        nearest_offer(&nearest, err_names[i]);
    return unknown(node, "an error, such as BUSY", &nearest);
}

bool process_state_named(const char *name, uint32_t *state)
{
    static const char *const names[PROCESS_STATES] = {
        [PROCESS_UNUSED] = "unused",   [PROCESS_RUNNING] = "running",
        [PROCESS_YIELDED] = "yielded", [PROCESS_YIELDED_FOR] = "yielded-for",
        [PROCESS_FAULTED] = "faulted", [PROCESS_TERMINATED] = "terminated",
    };
    for (*state = 0; *state < PROCESS_STATES; ++*state)
        if (strcmp(names[*state], name) == 0)
            return true;
    return false;
}

/* --- addresses ------------------------------------------------------------------------------- */

/* "base.part[+-]offset" cut in pieces. */
struct address_text {
    const char *base, *part; /* part: behind the first dot, or NULL */
    size_t base_length, part_length;
    uint32_t offset;
    bool has_offset;
};

static bool offset_parse(const char *sign, uint32_t *offset)
{
    uint64_t value;
    char *end;
    if (!hex_parse(sign + 1, &value)) {
        if (sign[1] < '0' || sign[1] > '9')
            return false;
        value = strtoull(sign + 1, &end, 10);
        if (*end)
            return false;
    }
    *offset = *sign == '-' ? 0u - (uint32_t)value : (uint32_t)value;
    return value <= UINT32_MAX;
}

static bool address_cut(const char *text, struct address_text *cut)
{
    size_t length = strcspn(text, "+-");
    *cut = (struct address_text){.base = text, .base_length = length};
    const char *dot = memchr(text, '.', length);
    if (dot) {
        cut->base_length = (size_t)(dot - text);
        cut->part = dot + 1;
        cut->part_length = length - cut->base_length - 1;
    }
    cut->has_offset = text[length] != '\0';
    return !cut->has_offset || offset_parse(text + length, &cut->offset);
}

struct address_parse {
    const struct scenario *s;
    const struct address_text *cut;
    uint32_t app;
    struct operand *operand;
    uint32_t *size;
    char *why;
    size_t why_size;
};

static bool constant(const struct address_parse *p, uint32_t value, uint32_t size)
{
    *p->operand = (struct operand){.kind = OPERAND_CONST, .value = value};
    *p->size = size;
    return true;
}

static bool span_constant(const struct address_parse *p, struct span span)
{
    return constant(p, span.base, span.size);
}

static bool has_row(const struct device_type *type, const char *name)
{
    for (uint32_t row = 0; row < type->reg_count; row++)
        if (strcmp(type->regs[row].name, name) == 0)
            return true;
    return false;
}

static const char *register_hint(const struct device_type *type, const char *part, char *text,
                                 size_t size)
{
    struct nearest nearest = nearest_to(part);
    nearest_offer(&nearest, "size");
    for (uint32_t row = 0; row < type->reg_count; row++)
        nearest_offer(&nearest, type->regs[row].name);
    return nearest_text(&nearest, text, size);
}

static bool device_part(const struct address_parse *p, uint32_t device)
{
    const struct board *board = &p->s->board;
    const struct board_device *d = &board->devices[device];
    if (!p->cut->part)
        return span_constant(p, d->window);
    if (is(p->cut->part, p->cut->part_length, "size"))
        return constant(p, d->window.size, 1);
    const struct board_device *real = &board->devices[no_alias(board, device)];
    const struct device_type *type = real->type;
    char part[64], full[96];
    (void)snprintf(part, sizeof part, "%.*s", (int)p->cut->part_length, p->cut->part);
    (void)snprintf(full, sizeof full, "%s.%s", d->name, part); /* P1's rows in P0's page */
    for (uint32_t row = 0; type && row < type->reg_count; row++) {
        const char *name = type->regs[row].name;
        if (strcmp(name, full) == 0 || (strcmp(name, part) == 0 && !has_row(type, full)))
            return constant(p, real->window.base + type->regs[row].offset, 4);
    }
    if (type) {
        char hint[96];
        (void)snprintf(p->why, p->why_size, "%s has no register \"%s\"%s", d->name, part,
                       register_hint(type, part, hint, sizeof hint));
    } else {
        (void)snprintf(p->why, p->why_size,
                       "%s is not modelled and has no register \"%s\": want an offset, as in "
                       "\"%s+0x10\"",
                       d->name, part, d->name);
    }
    return false;
}

/* Parts of an app that only the run knows. */
static bool own_part(const struct address_parse *p, uint32_t app)
{
    static const struct {
        const char *name;
        uint8_t kind;
    } rows[] = {{"ram", OPERAND_RAM}, {"break", OPERAND_BREAK}, {"end", OPERAND_END}};
    const struct address_text *cut = p->cut;
    struct nearest nearest = nearest_to(cut->part ? cut->part : "");
    char hint[96];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool own = app == p->app || i == 0;
        if (own && is(cut->part, cut->part_length, rows[i].name)) {
            *p->operand =
                (struct operand){.kind = app == p->app ? rows[i].kind : (uint8_t)OPERAND_PEER,
                                 .index = (uint8_t)app};
            *p->size = 1;
            return true;
        }
        nearest_offer(&nearest, rows[i].name);
    }
    if (is(cut->part, cut->part_length, "flash"))
        return span_constant(p, p->s->images[app].flash);
    (void)snprintf(p->why, p->why_size, "\"%.*s\": want .ram, .flash%s behind the app's name%s",
                   (int)(cut->part ? cut->base_length + 1 + cut->part_length : cut->base_length),
                   cut->base, app == p->app ? ", .break or .end" : "",
                   cut->part ? nearest_text(&nearest, hint, sizeof hint) : "");
    return false;
}

static bool app_base(const struct address_parse *p, uint32_t *app)
{
    if (is(p->cut->base, p->cut->base_length, "app") && p->app != PROCESS_NONE) {
        *app = p->app;
        return true;
    }
    for (*app = 0; *app < p->s->app_count; ++*app)
        if (is(p->cut->base, p->cut->base_length, p->s->apps[*app].name))
            return true;
    return false;
}

static bool memory_base(const struct address_parse *p, struct span *span)
{
    const struct address_text *cut = p->cut;
    bool kernel = is(cut->base, cut->base_length, "kernel");
    if (!cut->part && is(cut->base, cut->base_length, "ram"))
        *span = p->s->board.ram;
    else if (!cut->part && is(cut->base, cut->base_length, "flash"))
        *span = p->s->board.flash;
    else if (!cut->part && p->s->board.storage.size > 0 &&
             is(cut->base, cut->base_length, "storage"))
        *span = p->s->board.storage;
    else if (kernel && is(cut->part, cut->part_length, "ram"))
        *span = p->s->config.kernel_ram;
    else if (kernel && is(cut->part, cut->part_length, "flash"))
        *span = (struct span){p->s->board.flash.base,
                              p->s->board.app_flash.base - p->s->board.flash.base};
    else
        return false;
    return true;
}

static bool no_such_name(const struct address_parse *p)
{
    char base[64], hint[96];
    (void)snprintf(base, sizeof base, "%.*s", (int)p->cut->base_length, p->cut->base);
    struct nearest nearest = nearest_to(base);
    for (uint32_t i = 0; i < p->s->board.device_count; i++)
        nearest_offer(&nearest, p->s->board.devices[i].name);
    for (uint32_t i = 0; i < p->s->app_count; i++)
        nearest_offer(&nearest, p->s->apps[i].name);
    (void)snprintf(p->why, p->why_size,
                   "\"%s\" is no address: want hex such as \"0x40009000\", or a device, register, "
                   "app or memory%s",
                   base, nearest_text(&nearest, hint, sizeof hint));
    return false;
}

static bool too_wide(const struct address_parse *p)
{
    (void)snprintf(p->why, p->why_size, "\"%.*s\" is more than 32 bits: want at most 0xffffffff",
                   (int)p->cut->base_length, p->cut->base);
    return false;
}

static bool base_is_hex(const struct address_text *cut, uint64_t *hex)
{
    char base[24];
    if (cut->base[0] != '0')
        return false;
    (void)snprintf(base, sizeof base, "%.*s", (int)cut->base_length, cut->base);
    return hex_parse(base, hex);
}

static bool base_parse(const struct address_parse *p)
{
    uint64_t hex;
    uint32_t app, device;
    struct span span;
    if (!p->cut->part && base_is_hex(p->cut, &hex))
        return hex <= UINT32_MAX ? constant(p, (uint32_t)hex, 1) : too_wide(p);
    if (app_base(p, &app))
        return own_part(p, app);
    if (memory_base(p, &span))
        return span_constant(p, span);
    device = device_find(&p->s->board, p->cut->base, p->cut->base_length, NULL);
    return device == BOARD_NONE ? no_such_name(p) : device_part(p, device);
}

bool operand_parse(const struct scenario *s, const char *text, uint32_t app,
                   struct operand *operand, uint32_t *size, char *why, size_t why_size)
{
    struct address_text cut;
    struct address_parse parse = {s, &cut, app, operand, size, why, why_size};
    if (!address_cut(text, &cut)) {
        (void)snprintf(why, why_size, "\"%.40s\": want a number behind + or -, such as +0x40",
                       text);
        return false;
    }
    if (!base_parse(&parse))
        return false;
    operand->value += cut.offset;
    if (cut.has_offset)
        *size = 1;
    return true;
}

bool operand_read(const struct load *load, const struct json_node *node, uint32_t app,
                  struct operand *operand)
{
    char why[320];
    uint32_t size;
    if (!json_is_string(node)) {
        int64_t value;
        if (!json_is_number(node)) {
            json_problem(node, "%s: want a number, hex such as \"0x1f\", or a name",
                         node->value ? "no value" : "missing");
            return false;
        }
        if (!json_want_i64(node, INT32_MIN, UINT32_MAX, &value))
            return false;
        *operand = (struct operand){.kind = OPERAND_CONST, .value = (uint32_t)value};
        return true;
    }
    if (operand_parse(load->scenario, json_string(node), app, operand, &size, why, sizeof why))
        return true;
    json_problem(node, "%s", why);
    return false;
}

bool address_read(const struct load *load, const struct json_node *node, uint32_t app,
                  uint32_t *address)
{
    struct operand operand;
    if (!operand_read(load, node, app, &operand))
        return false;
    *address = operand.value;
    if (operand.kind == OPERAND_CONST)
        return true;
    json_problem(node,
                 "\"%s\": where an app's memory lies is known only while it runs: want an "
                 "address that is known before",
                 json_string(node));
    return false;
}

bool words_checked(const struct json_node *object, const char *key)
{
    struct json_node node = json_member(object, key);
    if (!node.value || json_is_string(&node))
        return true;
    json_problem(&node, "want a text");
    return false;
}

const char *own_code_hint(const struct catalogue *catalogue, const char *hint)
{
    if (hint[0] || catalogue->extra_count)
        return hint;
    return " (of your own? `make EXTRA=folder` builds a runner that knows it)";
}

bool span_read(const struct json_node *node, struct span *span)
{
    static const char *const keys[] = {"address", "size", "why"};
    struct json_node base = json_member(node, "address"), size = json_member(node, "size");
    if (!json_want_object(node, keys, COUNT_OF(keys)) || !words_checked(node, "why") ||
        !json_want_hex(&base, &span->base) || !json_want_u32(&size, 1, UINT32_MAX, &span->size))
        return false;
    if (span_valid(*span))
        return true;
    json_problem(node, "0x%08" PRIx32 " + 0x%" PRIx32 " goes past the end of memory", span->base,
                 span->size);
    return false;
}

bool register_read(const struct load *load, const struct json_node *node, uint32_t *device,
                   uint32_t *offset)
{
    const struct board *board = &load->scenario->board;
    uint32_t address;
    if (!address_read(load, node, PROCESS_NONE, &address))
        return false;
    *device = board_device_at(board, address);
    if (*device == BOARD_NONE) {
        json_problem(node, "want a device's register, such as \"TIMER1.CC[0]\"");
        return false;
    }
    *offset = address - board->devices[*device].window.base;
    return true;
}

/* --- time ------------------------------------------------------------------------------------ */

enum { US_DECIMALS = 6, MS_DECIMALS = 9 };

bool time_read(const struct json_node *object, const char *us_key, const char *ms_key, uint64_t *ps)
{
    struct json_node us = json_member(object, us_key), ms = json_member(object, ms_key);
    if (us.value && ms.value) {
        json_key_problem(object, ms_key, "there is \"%s\" already: want one of them", us_key);
        return false;
    }
    if (!us.value && !ms.value) {
        json_problem(object, "a time is missing: want \"%s\" or \"%s\"", us_key, ms_key);
        return false;
    }
    if (ms.value)
        return json_want_decimal(&ms, MS_DECIMALS, UINT64_MAX / 2, ps);
    return json_want_decimal(&us, US_DECIMALS, UINT64_MAX / 2, ps);
}
