/* decode.c: see decode.h. */
#include "fuzz/decode.h"

#include "sim/trace.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct decode {
    const struct stage *stage;
    const struct scenario *scenario;
    const struct stage_log *log;
    enum decode_names names;
    cJSON *root;
};

static cJSON *taken(cJSON *item)
{
    if (!item)
        abort(); /* out of memory */
    return item;
}

/* --- numbers and names ----------------------------------------------------------------------- */

enum { NAME_MAX = 96, SMALL = 0x1000 }; /* what is smaller is counted, not an address */

/* "BASE+0x40", or no more than BASE. */
static void name_place(char *text, const char *base, uint32_t offset)
{
    if (offset)
        snprintf(text, NAME_MAX, "%s+0x%" PRIx32, base, offset);
    else
        snprintf(text, NAME_MAX, "%s", base);
}

static bool name_device(const struct decode *d, uint32_t address, char *text)
{
    const struct board *board = &d->scenario->board;
    uint32_t device = board_device_at(board, address);
    if (device == BOARD_NONE)
        return false;
    const struct board_device *row = &board->devices[device];
    uint32_t offset = address - row->window.base;
    for (uint32_t i = 0; row->type && offset && i < row->type->reg_count; i++) {
        const struct reg *reg = &row->type->regs[i];
        if (reg->offset != offset || strchr(reg->name, '.') != strrchr(reg->name, '.'))
            continue;
        snprintf(text, NAME_MAX, "%s.%s", row->name, reg->name);
        return true;
    }
    name_place(text, row->name, offset);
    return true;
}

static bool name_flash(const struct decode *d, uint32_t app, uint32_t address, char *text)
{
    const struct scenario *s = d->scenario;
    for (uint32_t i = 0; i < s->app_count; i++) {
        char base[SCENARIO_NAME_MAX + 8];
        if (address - s->images[i].flash.base >= s->images[i].flash.size)
            continue;
        snprintf(base, sizeof base, "%s.flash", i == app ? "app" : s->apps[i].name);
        name_place(text, base, address - s->images[i].flash.base);
        return true;
    }
    return false;
}

/* Its end is its own, too: that is where attacks begin. */
static bool name_ram(const struct decode *d, const struct bytes_given *by, uint32_t address,
                     char *text)
{
    const struct span kernel = d->scenario->config.kernel_ram;
    for (uint32_t n = 0; n < d->scenario->app_count && n < TAPE_APPS; n++) {
        uint32_t i = (by->app + n) % d->scenario->app_count;
        struct span ram = d->log->ram[i];
        char base[SCENARIO_NAME_MAX + 8];
        if (i == by->app)
            ram.base = by->ram_base;
        if (!ram.base || address - ram.base >= ram.size + (i == by->app))
            continue;
        snprintf(base, sizeof base, "%s.ram", i == by->app ? "app" : d->scenario->apps[i].name);
        name_place(text, base, address - ram.base);
        return true;
    }
    if (address - kernel.base >= kernel.size)
        return false;
    name_place(text, "kernel.ram", address - kernel.base);
    return true;
}

/* Any value that an app gives away: counts are decimal, addresses have names if they can. */
static cJSON *value_of(const struct decode *d, const struct bytes_given *by, uint32_t value)
{
    char text[NAME_MAX];
    if (value < SMALL)
        return taken(cJSON_CreateNumber(value));
    if (d->names == DECODE_NUMBERS ||
        !(name_ram(d, by, value, text) || name_flash(d, by->app, value, text) ||
          name_device(d, value, text)))
        snprintf(text, sizeof text, "0x%08" PRIx32, value);
    return taken(cJSON_CreateString(text));
}

static void put_value(const struct decode *d, const struct bytes_given *by, cJSON *object,
                      const char *key, uint32_t value)
{
    cJSON_AddItemToObject(object, key, value_of(d, by, value));
}

static void put_hex(cJSON *object, const char *key, uint32_t value)
{
    char text[NAME_MAX];
    snprintf(text, sizeof text, "0x%" PRIx32, value);
    taken(cJSON_AddStringToObject(object, key, text));
}

static void put_wide(cJSON *object, const char *key, uint64_t value)
{
    char text[NAME_MAX];
    snprintf(text, sizeof text, "0x%" PRIx64, value);
    taken(cJSON_AddStringToObject(object, key, text));
}

static void put_number(cJSON *object, const char *key, double value)
{
    taken(cJSON_AddNumberToObject(object, key, value));
}

static void put_us(cJSON *object, const char *key, uint64_t ps)
{
    put_number(object, key, (double)ps / PS_PER_US);
}

static void put_text(cJSON *object, const char *key, const char *text)
{
    taken(cJSON_AddStringToObject(object, key, text));
}

/* In the place of what stands there. */
static void put_instead(cJSON *object, const char *key, cJSON *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, key);
    cJSON_AddItemToObject(object, key, value);
}

/* --- steps: one function a class of system calls; false: these registers are no such call ----- */

static void put_driver(const struct decode *d, cJSON *object, uint32_t driver)
{
    const char *name = driver_name(&d->scenario->config, driver);
    if (name && driver != UINT32_MAX) /* that one stands for a driver in tables of the kernel's */
        put_text(object, "driver", name);
    else
        put_hex(object, "driver", driver);
}

static bool step_yield(const struct decode *d, const struct bytes_given *by, cJSON *step)
{
    const uint32_t *r = by->op.call.args;
    if (r[0] == YIELD_WAIT && !r[1] && !r[2] && !r[3]) {
        put_text(step, "yield", "wait");
        return true;
    }
    if (r[0] != YIELD_WAIT_FOR || r[3])
        return false;
    cJSON *wait = taken(cJSON_AddObjectToObject(step, "yield"));
    cJSON *for_what = taken(cJSON_AddObjectToObject(wait, "wait_for"));
    put_driver(d, for_what, r[1]);
    put_value(d, by, for_what, "number", r[2]);
    return true;
}

static bool step_subscribe(const struct decode *d, const struct bytes_given *by, cJSON *step)
{
    const uint32_t *r = by->op.call.args;
    cJSON *call = taken(cJSON_AddObjectToObject(step, "subscribe"));
    put_driver(d, call, r[0]);
    put_value(d, by, call, "number", r[1]);
    cJSON_AddItemToObject(call, "upcall", r[2] ? value_of(d, by, r[2]) : taken(cJSON_CreateNull()));
    if (r[3])
        put_value(d, by, call, "appdata", r[3]);
    return true;
}

static bool step_command(const struct decode *d, const struct bytes_given *by, cJSON *step)
{
    const uint32_t *r = by->op.call.args;
    cJSON *call = taken(cJSON_AddObjectToObject(step, "command"));
    put_driver(d, call, r[0]);
    put_value(d, by, call, "number", r[1]);
    if (!r[2] && !r[3])
        return true;
    cJSON *args = taken(cJSON_AddArrayToObject(call, "args"));
    cJSON_AddItemToArray(args, value_of(d, by, r[2]));
    if (r[3])
        cJSON_AddItemToArray(args, value_of(d, by, r[3]));
    return true;
}

static void allow(const struct decode *d, const struct bytes_given *by, cJSON *step,
                  const char *verb)
{
    const uint32_t *r = by->op.call.args;
    cJSON *call = taken(cJSON_AddObjectToObject(step, verb));
    put_driver(d, call, r[0]);
    put_value(d, by, call, "number", r[1]);
    put_value(d, by, call, "address", r[2]);
    put_value(d, by, call, "size", r[3]);
}

static bool step_allow_rw(const struct decode *d, const struct bytes_given *by, cJSON *step)
{
    allow(d, by, step, "allow_rw");
    return true;
}

static bool step_allow_ro(const struct decode *d, const struct bytes_given *by, cJSON *step)
{
    allow(d, by, step, "allow_ro");
    return true;
}

static bool step_allow_readable(const struct decode *d, const struct bytes_given *by, cJSON *step)
{
    allow(d, by, step, "allow_readable");
    return true;
}

static bool step_memop(const struct decode *d, const struct bytes_given *by, cJSON *step)
{
    static const char *const words[] = {"brk",
                                        "sbrk",
                                        "ram_start",
                                        "ram_end",
                                        "flash_start",
                                        "flash_end",
                                        "grant_start",
                                        "flash_regions",
                                        "flash_region_start",
                                        "flash_region_end",
                                        "stack_start",
                                        "heap_start"}; /* by enum memop */
    const uint32_t *r = by->op.call.args;
    if (r[2] || r[3])
        return false;
    cJSON *call = taken(cJSON_AddObjectToObject(step, "memop"));
    if (r[0] < COUNT_OF(words))
        put_text(call, "operation", words[r[0]]);
    else
        put_number(call, "operation", r[0]);
    if (r[1])
        put_value(d, by, call, "argument", r[1]);
    return true;
}

static bool step_exit(const struct decode *d, const struct bytes_given *by, cJSON *step)
{
    static const char *const words[] = {"terminate", "restart"}; /* by enum exit_kind */
    const uint32_t *r = by->op.call.args;
    if (r[0] >= COUNT_OF(words) || r[2] || r[3])
        return false;
    if (!r[1]) {
        put_text(step, "exit", words[r[0]]);
        return true;
    }
    cJSON *call = taken(cJSON_AddObjectToObject(step, "exit"));
    put_text(call, "how", words[r[0]]);
    put_value(d, by, call, "code", r[1]);
    return true;
}

static void step_any_call(const struct decode *d, const struct bytes_given *by, cJSON *step)
{
    const uint32_t *r = by->op.call.args;
    uint32_t count = r[3] ? 4 : r[2] ? 3 : r[1] ? 2 : 1;
    cJSON *call = taken(cJSON_AddObjectToObject(step, "syscall"));
    put_number(call, "class", by->op.call.class);
    cJSON *args = taken(cJSON_AddArrayToObject(call, "args"));
    for (uint32_t i = 0; i < count; i++)
        cJSON_AddItemToArray(args, value_of(d, by, r[i]));
}

/* --- steps ----------------------------------------------------------------------------------- */

static void step_call(const struct decode *d, const struct bytes_given *by, cJSON *step)
{
    static bool (*const calls[SYSCALL_CLASSES])(const struct decode *, const struct bytes_given *,
                                                cJSON *) = {
        [SYSCALL_YIELD] = step_yield,       [SYSCALL_SUBSCRIBE] = step_subscribe,
        [SYSCALL_COMMAND] = step_command,   [SYSCALL_ALLOW_RW] = step_allow_rw,
        [SYSCALL_ALLOW_RO] = step_allow_ro, [SYSCALL_MEMOP] = step_memop,
        [SYSCALL_EXIT] = step_exit,         [SYSCALL_ALLOW_READABLE] = step_allow_readable,
    };
    uint32_t class = by->op.call.class;
    if (class >= SYSCALL_CLASSES || !calls[class](d, by, step))
        step_any_call(d, by, step);
}

static void step_access(const struct decode *d, const struct bytes_given *by, cJSON *step,
                        const char *verb)
{
    put_value(d, by, step, verb, by->op.address);
    if (by->op.kind == OP_STORE)
        put_value(d, by, step, "value", by->op.value);
    if (by->op.secret)
        taken(cJSON_AddTrueToObject(step, "secret"));
    if (by->op.size != 4)
        put_number(step, "size", by->op.size);
}

static cJSON *step_of(const struct decode *d, const struct bytes_given *by)
{
    cJSON *step = taken(cJSON_CreateObject());
    switch (by->op.kind) {
    case OP_SYSCALL:
        step_call(d, by, step);
        break;
    case OP_LOAD:
        step_access(d, by, step, "load");
        break;
    case OP_STORE:
        step_access(d, by, step, "store");
        break;
    case OP_EXECUTE:
        step_access(d, by, step, "execute");
        break;
    case OP_COMPUTE:
        put_number(step, "compute_cycles", (double)by->op.cycles);
        break;
    case OP_FAULT:
        taken(cJSON_AddTrueToObject(step, "crash"));
        break;
    case OP_MARK:
    case OP_LOCATE:
    case OP_SPIN:
        abort(); /* no tape has them */
    }
    return step;
}

static cJSON *wait_step(void)
{
    cJSON *step = taken(cJSON_CreateObject());
    put_text(step, "yield", "wait");
    return step;
}

static void decode_app(const struct decode *d, uint32_t index, cJSON *app)
{
    cJSON *steps = taken(cJSON_CreateArray());
    if (d->stage->from_ps > 0 && machine_app(d->stage->snapshot, index)->lives > 0)
        cJSON_AddItemToArray(steps, wait_step()); /* until the snapshot, where it begins again */
    for (uint32_t i = 0; i < d->log->apps.count; i++)
        if (d->log->apps.given[i].app == index)
            cJSON_AddItemToArray(steps, step_of(d, &d->log->apps.given[i]));
    cJSON_DeleteItemFromObjectCaseSensitive(app, "program");
    taken(cJSON_AddTrueToObject(app, "once"));
    put_instead(app, "steps", steps);
}

static void decode_apps(const struct decode *d)
{
    uint32_t index = 0;
    cJSON *app;
    cJSON_ArrayForEach(app, cJSON_GetObjectItemCaseSensitive(d->root, "apps"))
    {
        if (index < TAPE_APPS && d->scenario->apps[index].engine == &bytes_engine)
            decode_app(d, index, app);
        index++;
    }
}

/* --- injections ------------------------------------------------------------------------------ */

static const char *app_name(const struct decode *d, uint32_t app)
{
    return d->scenario->apps[app].name;
}

static void inject_app(const struct decode *d, const struct injection *i, const char *verb,
                       cJSON *object)
{
    put_text(object, verb, app_name(d, i->process));
}

/* The device's name, where it is one's alone. */
static void put_line(const struct decode *d, cJSON *object, const char *key, uint32_t line)
{
    const struct board *board = &d->scenario->board;
    const char *name = NULL;
    uint32_t found = 0;
    for (uint32_t i = 0; i < board->device_count; i++) {
        if (board->devices[i].line != line || board->devices[i].alias_of != BOARD_NONE)
            continue;
        name = board->devices[i].name;
        found++;
    }
    if (found == 1)
        put_text(object, key, name);
    else
        put_number(object, key, line);
}

static void inject_interrupt(const struct decode *d, const struct injection *i, const char *verb,
                             cJSON *object)
{
    put_line(d, object, verb, i->line);
}

static void inject_storm(const struct decode *d, const struct injection *i, const char *verb,
                         cJSON *object)
{
    cJSON *storm = taken(cJSON_AddObjectToObject(object, verb));
    put_line(d, storm, "line", i->line);
    put_number(storm, "count", i->count);
    put_us(storm, "period_us", i->period_ps);
}

static void inject_pressure(const struct decode *d, const struct injection *i, const char *verb,
                            cJSON *object)
{
    cJSON *pressure = taken(cJSON_AddObjectToObject(object, verb));
    put_text(pressure, "app", app_name(d, i->process));
    put_number(pressure, "bytes", i->value);
}

static void inject_device(const struct decode *d, const struct injection *i, const char *verb,
                          cJSON *object)
{
    put_text(object, verb, d->scenario->board.devices[i->device].name);
}

static uint32_t place_of(const struct decode *d, const struct injection *i)
{
    return d->scenario->board.devices[i->device].window.base + i->address;
}

/* No app's place: an injection has no memory of its own. */
static void put_place(const struct decode *d, cJSON *object, const char *key, uint32_t address)
{
    char text[NAME_MAX];
    if (!name_device(d, address, text))
        snprintf(text, sizeof text, "0x%08" PRIx32, address);
    put_text(object, key, text);
}

static void inject_force(const struct decode *d, const struct injection *i, const char *verb,
                         cJSON *object)
{
    cJSON *force = taken(cJSON_AddObjectToObject(object, verb));
    put_place(d, force, "register", place_of(d, i));
    put_hex(force, "value", i->value);
    if (i->count)
        put_number(force, "reads", i->count);
}

static void inject_poke(const struct decode *d, const struct injection *i, const char *verb,
                        cJSON *object)
{
    cJSON *poke = taken(cJSON_AddObjectToObject(object, verb));
    put_place(d, poke, "address", i->address);
    put_hex(poke, "value", i->value);
}

static void inject_receive(const struct decode *d, const struct injection *i, const char *verb,
                           cJSON *object)
{
    cJSON *receive = taken(cJSON_AddObjectToObject(object, verb));
    char hex[2 * sizeof i->bytes + 1] = "";
    put_text(receive, "device", d->scenario->board.devices[i->device].name);
    for (uint32_t n = 0; n < i->size; n++)
        snprintf(hex + (size_t)2 * n, 3, "%02x", i->bytes[n]);
    put_text(receive, "hex", hex);
    if (i->secret_of < d->scenario->app_count)
        put_text(receive, "secret_of", app_name(d, i->secret_of));
}

static void inject_task(const struct decode *d, const struct injection *i, const char *verb,
                        cJSON *object)
{
    put_place(d, object, verb, place_of(d, i));
}

static void inject_shift(const struct decode *d, const struct injection *i, const char *verb,
                         cJSON *object)
{
    cJSON *shift = taken(cJSON_AddObjectToObject(object, verb));
    put_text(shift, "device", d->scenario->board.devices[i->device].name);
    put_us(shift, "by_us", i->period_ps);
}

static void put_moment(cJSON *object, const struct injection *i)
{
    if (!i->at_event) {
        put_us(object, "at_us", i->at_ps);
        return;
    }
    cJSON *event = taken(cJSON_AddObjectToObject(object, "at_event"));
    put_text(event, "event", i->when.text);
    if (i->nth != 1)
        put_number(event, "nth", i->nth);
    if (i->from_ps)
        put_us(event, "from_us", i->from_ps);
    if (i->at_ps)
        put_us(event, "after_us", i->at_ps);
}

/* Behind the last one whose moment came: what never happened there is nothing that a tape did; but
 * for a restart that waits, since for it a run goes on without a live app. In between it stays,
 * since the trace tells injections by their numbers. */
static uint32_t injections_end(const struct decode *d)
{
    const struct injection *plans = d->scenario->injections;
    uint32_t end = d->scenario->injection_count;
    while (end > 0 && !d->log->tried[end - 1] &&
           !(plans[end - 1].at_event && plans[end - 1].kind == INJECT_RESTART))
        end--;
    return end;
}

static void decode_injections(const struct decode *d)
{
    static const struct {
        const char *verb;
        void (*write)(const struct decode *, const struct injection *, const char *, cJSON *);
    } rows[INJECTION_KINDS] = {
        [INJECT_KILL] = {"kill", inject_app},
        [INJECT_FAULT] = {"fault", inject_app},
        [INJECT_RESTART] = {"restart", inject_app},
        [INJECT_INTERRUPT] = {"interrupt", inject_interrupt},
        [INJECT_STORM] = {"storm", inject_storm},
        [INJECT_HANG] = {"hang", inject_device},
        [INJECT_STUCK] = {"stuck", inject_device},
        [INJECT_FORCE] = {"force", inject_force},
        [INJECT_ERROR] = {"error", inject_device},
        [INJECT_POKE] = {"poke", inject_poke},
        [INJECT_RECEIVE] = {"receive", inject_receive},
        [INJECT_TASK] = {"task", inject_task},
        [INJECT_MEMORY_PRESSURE] = {"memory_pressure", inject_pressure},
        [INJECT_RELEASE] = {"release", inject_device},
        [INJECT_DELAY] = {"delay", inject_shift},
        [INJECT_HASTEN] = {"hasten", inject_shift},
    };
    _Static_assert(INJECTION_KINDS == INJECT_HASTEN + 1, "a row for each kind");
    cJSON *list = taken(cJSON_CreateArray());
    for (uint32_t i = 0, end = injections_end(d); i < end; i++) {
        const struct injection *plan = &d->scenario->injections[i];
        cJSON *object = taken(cJSON_CreateObject());
        put_moment(object, plan);
        rows[plan->kind].write(d, plan, rows[plan->kind].verb, object);
        cJSON_AddItemToArray(list, object);
    }
    put_instead(d->root, "inject", list);
}

/* --- the board's filter, and headers ---------------------------------------------------------- */

static void put_span(cJSON *object, struct span span)
{
    put_hex(object, "address", span.base);
    put_hex(object, "size", span.size);
}

/* A device's window by its name, if it is one. */
static void put_window(const struct decode *d, cJSON *object, struct span span)
{
    const struct board *board = &d->scenario->board;
    uint32_t device = board_device_at(board, span.base);
    if (d->names == DECODE_NAMES && device != BOARD_NONE &&
        span_equal(board->devices[device].window, span))
        put_text(object, "device", board->devices[device].name);
    else
        put_span(object, span);
}

/* What a board's table may say as it is, and what only a filter in C would. */
static cJSON *filter_row_of(const struct decode *d, const struct filter_row *row)
{
    cJSON *object = taken(cJSON_CreateObject());
    if (row->short_id)
        put_number(object, "short_id", row->short_id);
    put_window(d, object, row->asked);
    if (row->answer.base || row->answer.size) {
        const char *key = span_valid(row->answer) ? "answer" : "unchecked_answer";
        put_span(taken(cJSON_AddObjectToObject(object, key)), row->answer);
    }
    if (row->refusal > ERR_NOACK)
        put_number(object, "unchecked_refusal", row->refusal);
    else if (row->refusal)
        put_text(object, "refusal", err_name(row->refusal));
    return object;
}

static void decode_exposures(const struct decode *d, cJSON *board)
{
    cJSON *list = taken(cJSON_CreateArray());
    for (uint32_t i = 0; i < d->scenario->board.exposure_count; i++) {
        const struct board_exposure *said = &d->scenario->board.exposures[i];
        cJSON *object = taken(cJSON_CreateObject());
        put_span(object, said->span);
        put_text(object, "why", said->why);
        cJSON_AddItemToArray(list, object);
    }
    put_instead(board, "over_exposure", list);
}

/* What the stage's text says of its board, as an object that others can be put into. */
static cJSON *own_board(const struct decode *d)
{
    cJSON *board = cJSON_GetObjectItemCaseSensitive(d->root, "board");
    if (cJSON_IsObject(board))
        return board;
    cJSON *object = taken(cJSON_CreateObject());
    put_text(object, "name", cJSON_GetStringValue(board));
    put_instead(d->root, "board", object);
    return object;
}

/* Nothing, if the tape leaves the board its filter. */
static void decode_filter(const struct decode *d)
{
    const struct stage_filter *own = &d->stage->filter;
    const struct board *board = &d->scenario->board;
    if (board->config.filter.function == own->filter.function &&
        board->row_count == own->row_count &&
        memcmp(board->rows, own->rows, own->row_count * sizeof own->rows[0]) == 0)
        return;
    cJSON *object = own_board(d);
    cJSON *filter = taken(cJSON_CreateObject());
    cJSON *table = taken(cJSON_AddArrayToObject(filter, "table"));
    for (uint32_t i = 0; i < board->row_count; i++)
        cJSON_AddItemToArray(table, filter_row_of(d, &board->rows[i]));
    put_instead(object, "filter", filter);
    if (board->exposure_count != own->exposure_count)
        decode_exposures(d, object);
}

static void decode_header(const struct decode *d, const struct process_image *image, cJSON *app)
{
    cJSON *list = taken(cJSON_CreateArray());
    for (uint32_t i = 0; i < image->request_count; i++) {
        cJSON *object = taken(cJSON_CreateObject());
        put_window(d, object, image->requests[i]);
        cJSON_AddItemToArray(list, object);
    }
    put_instead(app, "requests", list);
}

static void decode_headers(const struct decode *d)
{
    uint32_t index = 0;
    cJSON *app;
    cJSON_ArrayForEach(app, cJSON_GetObjectItemCaseSensitive(d->root, "apps"))
    {
        const struct process_image *image = &d->scenario->images[index];
        if (index < TAPE_APPS && image->request_count != d->stage->filter.request_counts[index])
            decode_header(d, image, app);
        index++;
    }
}

/* --- the air and who is on it ---------------------------------------------------------------- */

static const char *station_name(const struct decode *d, uint32_t device)
{
    const struct board *board = &d->scenario->board;
    return device < board->device_count ? board->devices[device].name
                                        : d->scenario->peers[device - board->device_count].name;
}

/* What is there, or is put there now. */
static cJSON *member_of(cJSON *object, const char *key, bool list)
{
    cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
    if (member)
        return member;
    return taken(list ? cJSON_AddArrayToObject(object, key) : cJSON_AddObjectToObject(object, key));
}

static void put_octets(cJSON *object, const char *key, const uint8_t *octets, uint32_t size)
{
    char hex[2 * PEER_OCTETS_MAX + 1] = "";
    for (uint32_t n = 0; n < size && n < PEER_OCTETS_MAX; n++)
        snprintf(hex + (size_t)2 * n, 3, "%02x", octets[n]);
    put_text(object, key, hex);
}

static void put_fault_change(const struct decode *d, const struct air_fault *f, cJSON *object)
{
    bool earlier = f->shift_ps < 0;
    switch ((enum air_how)f->how) {
    case AIR_FLIP:
    case AIR_WRITE:
        put_number(object, "at", f->at);
        break;
    case AIR_PAYLOAD:
        put_number(object, "llid", f->at);
        break;
    case AIR_SHIFT:
        put_us(object, earlier ? "earlier_us" : "later_us",
               (uint64_t)(earlier ? -f->shift_ps : f->shift_ps));
        break;
    case AIR_REPEAT:
    case AIR_FOLLOW:
        put_us(object, "after_us", (uint64_t)f->shift_ps);
        put_text(object, "by", station_name(d, f->by));
        break;
    default:
        break;
    }
    if (f->octet_count > 0)
        put_octets(object, "hex", f->octets, f->octet_count);
}

static cJSON *fault_of(const struct decode *d, const struct air_fault *f)
{
    static const char *const hows[AIR_HOWS] = {
        [AIR_LOSE] = "lose",     [AIR_CORRUPT] = "corrupt", [AIR_FLIP] = "flip",
        [AIR_WRITE] = "write",   [AIR_PAYLOAD] = "payload", [AIR_SHIFT] = "shift",
        [AIR_REPEAT] = "repeat", [AIR_FOLLOW] = "follow",
    };
    cJSON *object = taken(cJSON_CreateObject());
    if (f->at_time) {
        put_us(object, "from_us", f->from_ps);
        put_us(object, "to_us", f->to_ps);
        if (f->mhz)
            put_number(object, "mhz", f->mhz);
    } else {
        put_text(object, "of", station_name(d, f->device));
        put_number(object, "first", f->first);
        if (f->last != f->first)
            put_number(object, "last", f->last);
    }
    put_text(object, "how", hows[f->how]);
    put_fault_change(d, f, object);
    return object;
}

/* Behind the stage's own ones. */
static void decode_air(const struct decode *d)
{
    cJSON *world = cJSON_GetObjectItemCaseSensitive(d->root, "world");
    if (!world || !d->scenario->air.fault_count)
        return;
    cJSON *list = member_of(member_of(world, "air", false), "faults", true);
    for (uint32_t i = (uint32_t)cJSON_GetArraySize(list); i < d->scenario->air.fault_count; i++)
        cJSON_AddItemToArray(list, fault_of(d, &d->scenario->air.faults[i]));
}

static void put_argument(const struct peer_plan *plan, const struct peer_parameter *p,
                         uint64_t value, cJSON *object)
{
    const struct peer_octets *octets = peer_octets(plan, value);
    switch (p->unit) {
    case PEER_US:
        put_us(object, p->name, value);
        break;
    case PEER_MS:
        put_number(object, p->name, (double)value / PS_PER_MS);
        break;
    case PEER_FLAG:
        taken(cJSON_AddBoolToObject(object, p->name, value != 0));
        break;
    case PEER_TEXT:
    case PEER_HEX:
        if (octets)
            put_octets(object, p->name, octets->octets, octets->size);
        break;
    case PEER_NUMBER:
        if (value <= UINT32_MAX)
            put_number(object, p->name, (double)value);
        else
            put_wide(object, p->name, value);
        break;
    }
}

static cJSON *action_of(const struct decode *d, const struct scenario_peer *peer,
                        const struct peer_action *action)
{
    const struct peer_verb *verb = &peer->type->verbs[action->verb];
    cJSON *object = taken(cJSON_CreateObject());
    if (action->timed)
        put_us(object, "at_us", action->at_ps);
    else
        put_number(object, "at_event", action->at_event);
    put_text(object, "do", verb->name);
    for (uint32_t i = 0; i < verb->argument_count; i++)
        if (action->arguments[i] != verb->arguments[i].reset)
            put_argument(&peer->plan, &verb->arguments[i], action->arguments[i], object);
    if (action->secret_of)
        put_text(object, "secret_of", app_name(d, action->secret_of - 1));
    return object;
}

static void decode_peers(const struct decode *d)
{
    cJSON *world = cJSON_GetObjectItemCaseSensitive(d->root, "world");
    for (uint32_t i = 0; world && i < d->scenario->peer_count; i++) {
        const struct scenario_peer *peer = &d->scenario->peers[i];
        cJSON *object = cJSON_GetObjectItemCaseSensitive(world, peer->name);
        if (!object || !peer->plan.action_count)
            continue;
        cJSON *list = member_of(object, "plan", true);
        for (uint32_t n = (uint32_t)cJSON_GetArraySize(list); n < peer->plan.action_count; n++)
            cJSON_AddItemToArray(list, action_of(d, peer, &peer->plan.actions[n]));
    }
}

/* --- all of it ------------------------------------------------------------------------------- */

/* What the stage lets pass, a scenario has to expect. */
static void decode_excused(const struct decode *d, cJSON *expect)
{
    cJSON *list = taken(cJSON_CreateArray());
    for (uint32_t i = 0; i < d->log->excused_count; i++) {
        cJSON *wanted = taken(cJSON_CreateObject());
        put_text(wanted, "rule", rule_rows[d->log->excused[i].rule].id);
        if (d->log->excused[i].process < d->scenario->app_count)
            put_text(wanted, "app", app_name(d, d->log->excused[i].process));
        put_text(wanted, "why", "this breaks by right (fuzz/excuse.h)");
        cJSON_AddItemToArray(list, wanted);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(expect, "breaks"); /* what the stage expects is there */
    if (d->log->excused_count)
        cJSON_AddItemToObject(expect, "breaks", list);
    else
        cJSON_Delete(list);
}

static bool is_excused(const struct decode *d, enum rule rule)
{
    for (uint32_t i = 0; i < d->log->excused_count; i++)
        if (d->log->excused[i].rule == rule)
            return true;
    return false;
}

/* Beside what the stage itself asks for: a scenario that asks for nothing says nothing when it
 * holds, so the rule that needs no asking. */
static void decode_expectations(const struct decode *d)
{
    if (d->log->asks_in_vain)
        cJSON_DeleteItemFromObjectCaseSensitive(d->root, "expect");
    cJSON *expect = member_of(d->root, "expect", false);
    if (!is_excused(d, RULE_KERNEL_PANIC))
        put_text(taken(cJSON_AddObjectToObject(expect, "absent")), "event", "kernel-panic");
    decode_excused(d, expect);
}

/* One function for each field of struct scenario that a stage plans. */
static void (*const parts[])(const struct decode *) = {
    decode_apps, decode_injections, decode_filter,       decode_headers,
    decode_air,  decode_peers,      decode_expectations,
};

struct cJSON *decode(const struct stage *stage, const struct stage_log *log, const char *claim,
                     enum decode_names names)
{
    const struct decode d = {.stage = stage,
                             .scenario = stage->scenario,
                             .log = log,
                             .names = names,
                             .root = taken(cJSON_Parse(stage->text))};
    cJSON_ReplaceItemInObjectCaseSensitive(d.root, "claim", taken(cJSON_CreateString(claim)));
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        parts[i](&d);
    return d.root;
}
