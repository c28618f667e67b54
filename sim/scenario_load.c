/* scenario_load.c: a scenario's file -> its family of members.
 *
 * scenario.schema.json says the shape; what it cannot say is refused here and in the files beside:
 *   names that stand for nothing: board, app, device, register, driver, rule, program, cost preset
 *     or path, filter, event, handler, variable (each with the nearest one that there is)
 *   two apps with one name; an app named like a key of "expect", like an event, or like app,
 *     kernel, ram, flash, any
 *   what the board has no room for: images in flash; more than PERMISSION_MAX rows of 64 commands
 *   a doubled key, a number that a double does not hold, text that is not UTF-8 (json_text.h)
 *   a time finer than a picosecond, or with more than 15 digits
 *   an order among values: initial <= ram, min <= max; bounds that any value meets
 *   a sweep's path that leads nowhere; more than FAMILY_MAX members
 *   what other files list at their top: board_load.c, app_steps_compile.c,
 *   scenario_secrets.c
 */
#include "model/chip_saadc.h"
#include "model/process.h"
#include "sim/app_steps.h"
#include "sim/load.h"
#include <cjson/cJSON.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 1024, LEVELS_UP_MAX = 16 };

struct loader {
    const struct catalogue *catalogue;
    const struct load_options *options;
    struct json_text json;      /* the file; its root is the tree as written */
    struct json_text board;     /* the board's file that was read last */
    char board_path[PATH_SIZE]; /* which one; "": none */
    struct board_cache own;     /* if the caller keeps no boards */
    struct problems *problems;
};

/* --- finding the board's file ---------------------------------------------------------------- */

static bool file_exists(const char *path)
{
    return access(path, R_OK) == 0;
}

/* The folder of a path: "" for one without. */
static void folder_of(const char *path, char *folder, size_t size)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + (slash == path) : 0;
    (void)snprintf(folder, size, "%.*s", (int)length, path);
}

/* The folder above; false: there is none. */
static bool folder_up(char *folder, size_t size)
{
    size_t length = strlen(folder);
    char *slash = strrchr(folder, '/');
    const char *last = slash ? slash + 1 : folder;
    if (strcmp(folder, "/") == 0)
        return false;
    if (length == 0 || strcmp(last, "..") == 0) {
        if (length + 4 > size)
            return false;
        (void)snprintf(folder + length, size - length, "%s..", length ? "/" : "");
    } else if (slash) {
        slash[slash == folder] = '\0';
    } else {
        folder[0] = '\0';
    }
    return true;
}

static void boards_folder(char *boards, size_t size, const char *folder)
{
    size_t length = strlen(folder);
    const char *between = length == 0 || folder[length - 1] == '/' ? "" : "/";
    (void)snprintf(boards, size, "%s%sboards", folder, between);
}

/* Offers the name of each board in a folder. */
static void offer_boards(const char *boards, struct nearest *nearest, struct arena **arena)
{
    DIR *dir = opendir(boards);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        size_t length = strlen(entry->d_name);
        if (length <= 5 || strcmp(entry->d_name + length - 5, ".json") != 0 ||
            strstr(entry->d_name, ".schema."))
            continue;
        char *name = arena_text(arena, entry->d_name);
        name[length - 5] = '\0';
        nearest_offer(nearest, name);
    }
    if (dir)
        (void)closedir(dir);
}

/* True: `path` is that board's file in the folder; else its boards are offered. */
static bool board_in(const char *boards, const char *board, const struct load *load,
                     struct nearest *nearest, char *path, size_t size)
{
    (void)snprintf(path, size, "%s/%.40s.json", boards, board);
    if (!strpbrk(board, "/\\") && file_exists(path))
        return true;
    offer_boards(boards, nearest, load->arena);
    return false;
}

/* The board's file, in "boards" beside the scenario or above it. */
static bool board_find(const struct loader *l, const struct load *load,
                       const struct json_node *name, char *path, size_t size)
{
    char folder[PATH_SIZE / 2], boards[PATH_SIZE - 64];
    const char *board = json_is_string(name) ? json_string(name) : "";
    const char *more = l->options->more_boards;
    struct nearest nearest = nearest_to(board);
    folder_of(l->json.path, folder, sizeof folder);
    for (int level = 0; level < LEVELS_UP_MAX && *board; level++) {
        if (l->options->boards)
            (void)snprintf(boards, sizeof boards, "%s", l->options->boards);
        else
            boards_folder(boards, sizeof boards, folder);
        if (board_in(boards, board, load, &nearest, path, size))
            return true;
        if (l->options->boards || !folder_up(folder, sizeof folder))
            break;
    }
    if (*board && more && board_in(more, board, load, &nearest, path, size))
        return true;
    if (!*board) {
        json_problem(name, "%s: want a board's name, such as \"nrf52840dk\"",
                     name->value ? "not a name" : "missing");
        return false;
    }
    char hint[96];
    json_problem(name, "there is no boards/%.40s.json%s", board,
                 nearest_text(&nearest, hint, sizeof hint));
    return false;
}

static bool board_text(struct loader *l, const char *path)
{
    if (strcmp(path, l->board_path) == 0)
        return l->board.root != NULL;
    json_text_free(&l->board);
    (void)snprintf(l->board_path, sizeof l->board_path, "%s", path);
    return json_text_read(&l->board, path, l->problems);
}

struct board_kept {
    struct board_kept *next;
    struct board board;
    char path[];
};

static struct board_cache *cache_of(struct loader *l)
{
    return l->options->boards_kept ? l->options->boards_kept : &l->own;
}

/* NULL: none with this path. */
static const struct board *kept_board(struct loader *l, const char *path)
{
    for (const struct board_kept *kept = cache_of(l)->first; kept; kept = kept->next)
        if (strcmp(kept->path, path) == 0)
            return &kept->board;
    return NULL;
}

static void keep_board(struct loader *l, const char *path, const struct board *board)
{
    struct board_cache *cache = cache_of(l);
    struct board_kept *kept = malloc(sizeof *kept + strlen(path) + 1);
    if (!kept)
        abort();
    kept->next = cache->first;
    kept->board = *board;
    memcpy(kept->path, path, strlen(path) + 1);
    cache->first = kept;
}

void board_cache_free(struct board_cache *cache)
{
    while (cache->first) {
        struct board_kept *next = cache->first->next;
        free(cache->first);
        cache->first = next;
    }
}

static bool board_from_file(struct loader *l, struct load *load, const char *path,
                            const struct json_node *override)
{
    if (!board_text(l, path))
        return false;
    struct json_node board = json_root(&l->board);
    if (!board_read(load, &board, override))
        return false;
    if (!override)
        keep_board(l, path, &load->scenario->board);
    return true;
}

/* "board": a name, or {"name": ..., and keys of the board's file in place of its own}. */
static bool board_member(struct loader *l, struct load *load, const struct json_node *root)
{
    struct json_node node = json_member(root, "board");
    struct json_node name = json_is_object(&node) ? json_member(&node, "name") : node;
    char path[PATH_SIZE];
    bool altered = json_is_object(&node);
    if (!board_find(l, load, &name, path, sizeof path))
        return false;
    const struct board *kept = altered ? NULL : kept_board(l, path);
    if (kept)
        load->scenario->board = *kept; /* tie() sees to its one pointer into itself */
    else if (!board_from_file(l, load, path, altered ? &node : NULL))
        return false;
    load->scenario->costs = *load->scenario->board.costs;
    load->scenario->config = load->scenario->board.config;
    return true;
}

/* --- "kernel" -------------------------------------------------------------------------------- */

struct policy {
    enum fault_policy policy;
    uint32_t restart_limit;
};

static const char *const fault_policies[FAULT_POLICIES] = {[FAULT_PANIC] = "panic",
                                                           [FAULT_STOP] = "stop",
                                                           [FAULT_RESTART] = "restart",
                                                           [FAULT_RESTART_AT_MOST] =
                                                               "restart-at-most"};
static const char *const schedulers[SCHEDULER_KINDS] = {[SCHEDULER_ROUND_ROBIN] = "round-robin",
                                                        [SCHEDULER_COOPERATIVE] = "cooperative",
                                                        [SCHEDULER_PRIORITY] = "priority",
                                                        [SCHEDULER_MLFQ] = "mlfq"};

const char *fault_policy_name(uint32_t policy)
{
    return policy < FAULT_POLICIES ? fault_policies[policy] : NULL;
}

const char *scheduler_name(uint32_t kind)
{
    return kind < SCHEDULER_KINDS ? schedulers[kind] : NULL;
}

static bool policy_read(const struct json_node *object, struct policy *policy)
{
    struct json_node node = json_member(object, "fault_policy");
    struct json_node limit = json_member(object, "restart_limit");
    uint32_t which = policy->policy;
    if (node.value && !json_want_word(&node, fault_policies, FAULT_POLICIES, &which))
        return false;
    policy->policy = (enum fault_policy)which;
    if (limit.value && policy->policy != FAULT_RESTART_AT_MOST) {
        json_key_problem(object, "restart_limit",
                         "want it only beside \"fault_policy\": \"restart-at-most\"");
        return false;
    }
    bool needed = node.value && policy->policy == FAULT_RESTART_AT_MOST;
    return (!limit.value && !needed) ||
           json_want_u32(&limit, 0, UINT32_MAX, &policy->restart_limit);
}

/* Where a cost of this name stands; NULL: there is none. */
static uint32_t *cost_named(struct costs *costs, const char *name, struct nearest *nearest)
{
    const char *known;
    for (uint32_t i = 0; (known = costs_name(i)) != NULL; i++) {
        if (strcmp(known, name) == 0)
            return costs_place(costs, i);
        nearest_offer(nearest, known);
    }
    return NULL;
}

enum { COST_MAX = 100000000 }; /* cycles of one walk; ours */

static bool cost_read(const struct json_node *costs, const struct json_node *node,
                      struct costs *into)
{
    struct nearest nearest = nearest_to(node->key);
    uint32_t *place = cost_named(into, node->key, &nearest);
    if (strcmp(node->key, "preset") == 0 || strcmp(node->key, "comment") == 0)
        return true;
    if (!place) {
        char hint[96];
        json_key_problem(costs, node->key, "no such cost%s",
                         nearest_text(&nearest, hint, sizeof hint));
        return false;
    }
    into->preset = "custom";
    return json_want_u32(node, 0, COST_MAX, place);
}

static bool costs_read(struct scenario *s, const struct json_node *node)
{
    const struct costs *preset = s->board.costs;
    if (!node->value)
        return true;
    struct json_node name = json_is_object(node) ? json_member(node, "preset") : *node;
    if ((name.value || !json_is_object(node)) && !costs_named(&name, &preset))
        return false;
    s->costs = *preset;
    bool good = true;
    for (struct json_node cost = json_first(node); cost.value; cost = json_next(&cost))
        good &= cost_read(node, &cost, &s->costs);
    return good;
}

enum { CLIENT_OPERATIONS_MAX = 1000000 }; /* ours */

/* How many, or {"count", "operations"}: each asks that many times, else for ever. */
static bool client_read(const struct json_node *node, struct kernel_client_config *client)
{
    static const char *const keys[] = {"count", "operations"};
    struct json_node count = json_is_object(node) ? json_member(node, "count") : *node;
    struct json_node operations = json_member(node, "operations");
    uint32_t number;
    if (json_is_object(node) && !json_want_object(node, keys, COUNT_OF(keys)))
        return false;
    if (!json_want_u32(&count, 1, KERNEL_CLIENT_MAX, &number))
        return false;
    client->count = (uint8_t)number;
    return !operations.value ||
           json_want_u32(&operations, 1, CLIENT_OPERATIONS_MAX, &client->operations);
}

/* "clients": {"rng": 2}: components of the kernel that use its multiplexers. */
static bool clients_read(const struct json_node *kernel, struct kernel_config *config)
{
    struct json_node clients = json_member(kernel, "clients");
    bool good = true;
    if (!clients.value)
        return true;
    if (!json_want_object(&clients, virt_words, VIRT_NAMES))
        return false;
    for (uint32_t i = 0; i < VIRT_NAMES; i++) {
        struct json_node node = json_member(&clients, virt_words[i]);
        if (!node.value)
            continue;
        good &= client_read(&node, &config->kernel_clients[i]);
        if (config_virt(config, i)->present)
            continue;
        json_problem(&node, "the board's kernel has no %s: want a multiplexer that it has",
                     virt_words[i]);
        good = false;
    }
    return good;
}

/* "adc_sampler": {"channel", "hz", "buffers"} */
static bool sampler_read(const struct json_node *kernel, struct kernel_config *config)
{
    static const char *const keys[] = {"channel", "hz", "buffers"};
    struct json_node node = json_member(kernel, "adc_sampler");
    struct json_node channel = json_member(&node, "channel"), hz = json_member(&node, "hz");
    struct json_node buffers = json_member(&node, "buffers");
    struct adc_sampler_config *sampler = &config->adc_sampler;
    if (!node.value)
        return true;
    if (!json_want_object(&node, keys, COUNT_OF(keys)) ||
        !json_want_u32(&channel, 0, SAADC_INPUTS - 1, &sampler->channel) ||
        !json_want_u32(&hz, SAADC_HZ_MIN, SAADC_HZ_MAX, &sampler->hz) ||
        (buffers.value && !json_want_u32(&buffers, 1, CLIENT_OPERATIONS_MAX, &sampler->buffers)))
        return false;
    if (config->virts[VIRT_ADC].present)
        return true;
    json_problem(&node, "the board's kernel has no adc");
    return false;
}

enum { SLICE_MAX_US = 1000000 }; /* ours */

static bool kernel_member(struct load *load, const struct json_node *root, struct policy *policy)
{
    static const char *const keys[] = {"scheduler",    "timeslice_us",  "costs",
                                       "fault_policy", "restart_limit", "passthrough_driver",
                                       "clients",      "adc_sampler"};
    struct json_node kernel = json_member(root, "kernel");
    struct kernel_config *config = &load->scenario->config;
    uint32_t which = SCHEDULER_ROUND_ROBIN;
    if (!kernel.value)
        return true;
    if (!json_want_object(&kernel, keys, COUNT_OF(keys)))
        return false;
    struct json_node scheduler = json_member(&kernel, "scheduler");
    struct json_node slice = json_member(&kernel, "timeslice_us");
    struct json_node costs = json_member(&kernel, "costs");
    struct json_node driver = json_member(&kernel, "passthrough_driver");
    bool good =
        !scheduler.value || json_want_word(&scheduler, schedulers, COUNT_OF(schedulers), &which);
    config->scheduler = (enum scheduler_kind)which;
    if (slice.value)
        good &= json_want_u32(&slice, 1, SLICE_MAX_US, &config->timeslice_us);
    if (driver.value)
        good &= json_want_u32(&driver, 0, UINT32_MAX, &config->passthrough_driver);
    good &= costs_read(load->scenario, &costs);
    good &= policy_read(&kernel, policy);
    good &= clients_read(&kernel, config);
    good &= sampler_read(&kernel, config);
    return good;
}

/* --- "apps" ---------------------------------------------------------------------------------- */

static const char *const app_keys[] = {
    "name",        "program",  "parameters",   "steps",         "upcalls",  "variables", "ram",
    "permissions", "requests", "fault_policy", "restart_limit", "short_id", "secrets",   "once",
};

static bool name_is_taken(const struct scenario *s, const char *name)
{
    static const char *const words[] = {"app", "kernel", "ram", "flash", "any", "comment"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(words[i], name) == 0)
            return true;
    for (uint32_t i = 0; i < s->app_count; i++)
        if (strcmp(s->apps[i].name, name) == 0)
            return true;
    return expect_keyword(name) || pattern_word(name);
}

static bool app_name_read(const struct scenario *s, const struct json_node *app, char *name)
{
    struct json_node node = json_member(app, "name");
    if (!json_want_text(&node, name, SCENARIO_NAME_MAX))
        return false;
    if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] || name[0] < 'a' ||
        name[0] > 'z') {
        json_problem(&node, "\"%s\": want small letters, digits and _, a letter first", name);
        return false;
    }
    if (!name_is_taken(s, name))
        return true;
    json_problem(&node,
                 "\"%s\" means something else here, or is another app's: want a name of "
                 "its own",
                 name);
    return false;
}

enum {
    RAM_DEFAULT = 4096, /* bytes that an app asks for; ours */
    RAM_MAX = 1 << 24,  /* ours: more than any part that Tock runs on has */
    RAM_GRANULE = 32,   /* the smallest region of an ARMv7-M MPU */
};

/* Bytes, or {"size", "initial"}; at the start half of it is accessible unless it says more. */
static bool ram_read(const struct json_node *app, struct process_image *image)
{
    static const char *const keys[] = {"size", "initial"};
    struct json_node ram = json_member(app, "ram");
    struct json_node size = json_is_object(&ram) ? json_member(&ram, "size") : ram;
    struct json_node initial = json_member(&ram, "initial");
    image->min_ram_size = RAM_DEFAULT;
    if (json_is_object(&ram) && !json_want_object(&ram, keys, COUNT_OF(keys)))
        return false;
    if (ram.value && !json_want_u32(&size, RAM_GRANULE, RAM_MAX, &image->min_ram_size))
        return false;
    image->initial_app_size = image->min_ram_size / 2 / RAM_GRANULE * RAM_GRANULE;
    return !initial.value ||
           json_want_u32(&initial, 0, image->min_ram_size, &image->initial_app_size);
}

static bool permission_add(struct process_image *image, const struct json_node *node,
                           uint32_t driver, uint32_t word, uint64_t bits)
{
    for (uint32_t i = 0; i < image->permission_count; i++) {
        struct permission *row = &image->permissions[i];
        if (row->driver == driver && row->word == word) {
            row->allowed |= bits;
            return true;
        }
    }
    if (image->permission_count == PERMISSION_MAX) {
        json_problem(node, "more than %d rows of 64 commands", PERMISSION_MAX);
        return false;
    }
    image->permissions[image->permission_count++] = (struct permission){driver, word, bits};
    return true;
}

static bool permission_read(const struct load *load, const struct json_node *node,
                            struct process_image *image)
{
    static const char *const keys[] = {"driver", "commands"};
    struct json_node driver = json_member(node, "driver");
    struct json_node commands = json_member(node, "commands");
    uint32_t number, command;
    if (!json_want_object(node, keys, COUNT_OF(keys)) || !driver_read(load, &driver, &number) ||
        !json_want_array(&commands, 0, 1024) || !permission_add(image, node, number, 0, 0))
        return false;
    for (struct json_node one = json_first(&commands); one.value; one = json_next(&one))
        if (!json_want_u32(&one, 0, UINT32_MAX, &command) ||
            !permission_add(image, &one, number, command / 64, UINT64_C(1) << command % 64))
            return false;
    return true;
}

static bool permissions_read(const struct load *load, const struct json_node *app,
                             struct process_image *image)
{
    struct json_node list = json_member(app, "permissions");
    image->filtered = list.value != NULL;
    if (!list.value)
        return true;
    bool good = json_want_array(&list, 0, 256);
    for (struct json_node node = json_first(&list); good && node.value; node = json_next(&node))
        good = permission_read(load, &node, image);
    return good;
}

/* {"device"}, or {"address", "size"}: whatever an app's header may say, empty and wrapping too. */
static bool request_read(const struct load *load, const struct json_node *node, struct span *span)
{
    static const char *const keys[] = {"device", "address", "size"};
    struct json_node device = json_member(node, "device"), address = json_member(node, "address");
    struct json_node size = json_member(node, "size");
    uint32_t index;
    if (!json_want_object(node, keys, COUNT_OF(keys)))
        return false;
    if (!device.value)
        return address_read(load, &address, PROCESS_NONE, &span->base) &&
               address_read(load, &size, PROCESS_NONE, &span->size);
    if (address.value || size.value) {
        json_problem(node, "want \"device\" alone, or \"address\" and \"size\"");
        return false;
    }
    if (!device_named(&load->scenario->board, &device, &index))
        return false;
    *span = load->scenario->board.devices[index].window;
    return true;
}

static bool requests_read(const struct load *load, const struct json_node *app,
                          struct process_image *image)
{
    struct json_node list = json_member(app, "requests");
    if (!list.value)
        return true;
    bool good = json_want_array(&list, 0, REQUEST_MAX);
    for (struct json_node node = json_first(&list); good && node.value; node = json_next(&node))
        good = request_read(load, &node, &image->requests[image->request_count++]);
    return good;
}

/* Images one after another; the first at a multiple of their size. */
static bool flash_place(const struct load *load, const struct json_node *app, uint32_t index)
{
    const struct scenario *s = load->scenario;
    struct span flash = s->board.app_flash;
    uint64_t first = ((uint64_t)flash.base + IMAGE_FLASH_SIZE - 1) / IMAGE_FLASH_SIZE;
    uint64_t base = (first + index) * IMAGE_FLASH_SIZE;
    struct process_image *image = &load->scenario->images[index];
    image->flash = (struct span){(uint32_t)base, IMAGE_FLASH_SIZE};
    image->entry = image->flash.base + IMAGE_ENTRY;
    if (base + IMAGE_FLASH_SIZE <= (uint64_t)flash.base + flash.size)
        return true;
    json_problem(app, "this board's flash has no room for app %" PRIu32 ": want fewer apps", index);
    return false;
}

/* All but what an app does: that may speak of the other apps. */
static bool app_describe(struct load *load, const struct json_node *node, struct policy policy)
{
    struct scenario *s = load->scenario;
    uint32_t index = s->app_count;
    struct process_image *image = &s->images[index];
    struct json_node short_id = json_member(node, "short_id");
    if (!json_want_object(node, app_keys, COUNT_OF(app_keys)) ||
        !app_name_read(s, node, s->apps[index].name) || !flash_place(load, node, index))
        return false;
    s->app_count++;
    bool good = ram_read(node, image);
    good &= policy_read(node, &policy);
    good &= permissions_read(load, node, image);
    good &= requests_read(load, node, image);
    if (short_id.value)
        good &= json_want_u32(&short_id, 0, UINT32_MAX, &image->short_id);
    image->fault_policy = policy.policy;
    image->restart_limit = policy.restart_limit;
    return good;
}

static bool engine_read(const struct catalogue *c, const struct json_node *node,
                        const struct app_engine **engine)
{
    char hint[96];
    const char *name = json_is_string(node) ? json_string(node) : "";
    struct nearest nearest = nearest_to(name);
    for (uint32_t i = 0; i < c->engine_count + c->extra_count; i++) {
        *engine = i < c->engine_count ? c->engines[i] : c->extras[i - c->engine_count]->app;
        if (*engine && strcmp((*engine)->name, name) == 0)
            return true;
        if (*engine)
            nearest_offer(&nearest, (*engine)->name);
    }
    json_problem(node, "\"%.40s\" is not a program%s", name,
                 own_code_hint(c, nearest_text(&nearest, hint, sizeof hint)));
    return false;
}

static bool parameters_read(const struct load *load, const struct json_node *app, uint32_t index,
                            const struct app_engine *engine, void *program)
{
    struct json_node list = json_member(app, "parameters");
    if (!list.value)
        return true;
    if (!json_is_object(&list) || !engine->parameter) {
        json_problem(&list, engine->parameter ? "want an object of names and values"
                                              : "this program takes no parameters");
        return false;
    }
    bool good = true;
    for (struct json_node node = json_first(&list); node.value; node = json_next(&node)) {
        int64_t value = 0;
        uint32_t address = 0;
        if (json_is_number(&node) ? !json_want_i64(&node, INT64_MIN / 2, INT64_MAX / 2, &value)
                                  : !address_read(load, &node, index, &address))
            return false;
        if (engine->parameter(program, node.key, json_is_number(&node) ? value : address))
            continue;
        json_key_problem(&list, node.key, "\"%s\" has no such parameter, or not such a value: %s",
                         engine->name, engine->about);
        good = false;
    }
    return good;
}

static bool program_read(struct load *load, const struct json_node *app, uint32_t index)
{
    static const char *const strangers[] = {"steps", "upcalls", "variables", "once"};
    struct json_node name = json_member(app, "program");
    const struct app_engine *engine = NULL;
    for (size_t i = 0; i < COUNT_OF(strangers); i++) {
        if (json_member(app, strangers[i]).value) {
            json_key_problem(app, strangers[i], "an app with a \"program\" has no \"%s\"",
                             strangers[i]);
            return false;
        }
    }
    if (!engine_read(load->catalogue, &name, &engine))
        return false;
    void *program = engine->program_size ? arena_take(load->arena, engine->program_size, 1) : NULL;
    load->scenario->apps[index].engine = engine;
    load->scenario->apps[index].program = program;
    return parameters_read(load, app, index, engine, program);
}

static bool app_fill(struct load *load, const struct json_node *app, uint32_t index)
{
    struct json_node program = json_member(app, "program"), steps = json_member(app, "steps");
    struct json_node parameters = json_member(app, "parameters");
    if (program.value)
        return program_read(load, app, index);
    if (!steps.value) {
        json_problem(app, "an app that does nothing: want \"steps\" or \"program\"");
        return false;
    }
    if (parameters.value) {
        json_key_problem(app, "parameters", "only an app with a \"program\" has parameters");
        return false;
    }
    return steps_compile(load, app, index);
}

static bool apps_member(struct load *load, const struct json_node *root, struct policy policy)
{
    struct json_node list = json_member(root, "apps");
    bool good = json_want_array(&list, 1, PROCESS_MAX);
    for (struct json_node app = json_first(&list); good && app.value; app = json_next(&app))
        good = app_describe(load, &app, policy);
    if (!good)
        return false;
    for (struct json_node app = json_first(&list); app.value; app = json_next(&app)) {
        good &= app_fill(load, &app, app.index);
        good &= secrets_read(load, &app, app.index);
    }
    return good;
}

/* --- one member ------------------------------------------------------------------------------ */

static const char *const scenario_keys[] = {
    "$schema",  "claim",    "source", "board", "kernel", "apps",   "world",  "inject",
    "until_us", "until_ms", "seed",   "seeds", "sweep",  "expect", "covers", "declassify",
};

enum { CLAIM_SIZE = 1024 };

static bool text_member(struct load *load, const struct json_node *root, const char *key,
                        char **text)
{
    char copy[CLAIM_SIZE];
    struct json_node node = json_member(root, key);
    if (!json_want_text(&node, copy, sizeof copy))
        return false;
    *text = arena_text(load->arena, copy);
    return true;
}

/* "TRD107-2.3": capital letters and digits, a letter first; -; numbers with dots between them. */
static bool is_statement_id(const char *text)
{
    static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", digits[] = "0123456789";
    const char *at = text;
    if (!strspn(at, capitals))
        return false;
    while (*at && (strchr(capitals, *at) || strchr(digits, *at)))
        at++;
    for (char before = '-'; before; before = *at ? '.' : '\0') {
        size_t count = *at == before ? strspn(at + 1, digits) : 0;
        if (!count)
            return false;
        at += 1 + count;
    }
    return true;
}

enum { COVERS_MAX = 32, STATEMENT_ID_MAX = 24 };

/* "covers" is for scenarios/coverage.md: no run depends on it, but a slip of the pen is an error
 * here. Which statements there are is known to coverage.txt alone. */
static bool covers_read(const struct json_node *covers)
{
    char ids[COVERS_MAX][STATEMENT_ID_MAX];
    if (!covers->value)
        return true;
    if (!json_want_array(covers, 1, COVERS_MAX))
        return false;
    for (struct json_node node = json_first(covers); node.value; node = json_next(&node)) {
        char *id = ids[node.index];
        if (!json_want_text(&node, id, sizeof ids[0]))
            return false;
        bool twice = false;
        for (uint32_t k = 0; k < node.index; k++)
            twice |= strcmp(ids[k], id) == 0;
        if (twice || !is_statement_id(id)) {
            json_problem(&node,
                         twice ? "\"%s\" is there twice"
                               : "\"%s\": want a statement's id, such as \"TRD107-2.3\"",
                         id);
            return false;
        }
    }
    return true;
}

static bool head_read(struct load *load, const struct json_node *root)
{
    struct json_node source = json_member(root, "source");
    struct json_node covers = json_member(root, "covers");
    bool good = words_checked(root, "$schema");
    good &= covers_read(&covers);
    good &= text_member(load, root, "claim", &load->scenario->claim);
    if (source.value)
        good &= text_member(load, root, "source", &load->scenario->source);
    return good;
}

/* Pointers of a scenario into itself: last, since structs were copied before. */
static void tie(struct scenario *s)
{
    if (s->board.row_count > 0)
        s->config.filter.rows = s->board.config.filter.rows = s->board.rows;
    s->config.image_count = (uint8_t)s->app_count;
    s->config.images = s->images;
}

static bool scenario_read(struct loader *l, struct scenario *s, const struct json_node *root)
{
    struct load load = {
        .catalogue = l->catalogue, .scenario = s, .arena = (struct arena **)&s->arena};
    struct policy policy = {.policy = FAULT_STOP};
    struct json_node inject = json_member(root, "inject"), expect = json_member(root, "expect");
    struct json_node world = json_member(root, "world");
    struct json_node declassify = json_member(root, "declassify");
    if (!json_want_object(root, scenario_keys, COUNT_OF(scenario_keys)))
        return false;
    bool good = head_read(&load, root);
    good &= time_read(root, "until_us", "until_ms", &s->until_ps);
    if (!board_member(l, &load, root))
        return false;
    good &= kernel_member(&load, root, &policy);
    if (!apps_member(&load, root, policy) || !world_read(&load, &world))
        return false;
    good &= inject_read(&load, &inject);
    good &= expect_read(&load, &expect);
    good &= declassify_read(&load, &declassify);
    tie(s);
    return good;
}

/* --- sweeps and overrides: values put into a copy of the tree --------------------------------- */

struct swept {
    const char *path; /* "kernel.costs.syscall_dispatch" */
    struct json_node values;
    uint32_t count;
};

struct plan {
    uint32_t swept_count;
    struct swept swept[SWEEP_KEY_MAX];
    uint32_t seed_count;
    uint64_t first_seed;
    struct json_node seeds; /* a list, or value NULL */
    bool seed_given;
};

/* A value as an id says it. */
static void value_text(const cJSON *value, char *text, size_t size)
{
    if (cJSON_IsString(value))
        (void)snprintf(text, size, "%s", value->valuestring);
    else if (cJSON_IsNumber(value))
        (void)snprintf(text, size, "%.15g", value->valuedouble);
    else
        (void)snprintf(text, size, "%s", cJSON_IsTrue(value) ? "true" : "false");
}

/* "apps.hog.ram": in a list by number or by "name". */
static cJSON *child_named(const cJSON *up, const char *key)
{
    char *end;
    if (cJSON_IsObject(up))
        return cJSON_GetObjectItemCaseSensitive(up, key);
    unsigned long index = strtoul(key, &end, 10);
    if (*key && !*end && index < 4096)
        return cJSON_GetArrayItem(up, (int)index);
    for (cJSON *item = up ? up->child : NULL; item; item = item->next) {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
        if (cJSON_IsString(name) && strcmp(name->valuestring, key) == 0)
            return item;
    }
    return NULL;
}

/* What is on the way to a key: made if it is missing; a preset's or a board's name becomes an
 * object with that name in it. NULL: the path leads nowhere. */
static cJSON *step_into(cJSON *up, const char *key)
{
    static const char *const named[][2] = {{"costs", "preset"}, {"board", "name"}};
    cJSON *child = child_named(up, key);
    if (!child && cJSON_IsObject(up))
        return cJSON_AddObjectToObject(up, key);
    const char *name = cJSON_GetStringValue(child);
    for (size_t i = 0; i < COUNT_OF(named) && name; i++) {
        if (strcmp(named[i][0], key) != 0)
            continue;
        cJSON *object = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(object, named[i][1], name);
        (void)cJSON_ReplaceItemInObjectCaseSensitive(up, key, object);
        return object;
    }
    return cJSON_IsObject(child) || cJSON_IsArray(child) ? child : NULL;
}

static void put(cJSON *up, const char *key, const cJSON *value)
{
    cJSON *copy = cJSON_Duplicate(value, 1);
    if (cJSON_IsArray(up))
        (void)cJSON_ReplaceItemViaPointer(up, child_named(up, key), copy);
    else if (cJSON_GetObjectItemCaseSensitive(up, key))
        (void)cJSON_ReplaceItemInObjectCaseSensitive(up, key, copy);
    else
        (void)cJSON_AddItemToObject(up, key, copy);
}

/* False: the path leads nowhere. */
static bool put_at(cJSON *root, const char *path, const cJSON *value)
{
    char key[128];
    cJSON *up = root;
    for (;;) {
        size_t length = strcspn(path, ".");
        if (length == 0 || length >= sizeof key)
            return false;
        memcpy(key, path, length);
        key[length] = '\0';
        if (path[length] == '\0')
            break;
        up = step_into(up, key);
        if (!up)
            return false;
        path += length + 1;
    }
    if (!cJSON_IsObject(up) && !child_named(up, key))
        return false;
    put(up, key, value);
    return true;
}

static const struct load_override *overridden(const struct load_options *options, const char *path)
{
    for (uint32_t i = 0; i < options->override_count; i++)
        if (strcmp(options->overrides[i].path, path) == 0)
            return &options->overrides[i];
    return NULL;
}

/* An override's value: JSON, else a string. */
static cJSON *override_value(const struct load_override *override)
{
    cJSON *value = cJSON_ParseWithLengthOpts(override->value, strlen(override->value) + 1, NULL, 1);
    return value ? value : cJSON_CreateString(override->value);
}

static bool apply_overrides(const struct loader *l, cJSON *root)
{
    for (uint32_t i = 0; i < l->options->override_count; i++) {
        const struct load_override *override = &l->options->overrides[i];
        cJSON *value = override_value(override);
        bool good = put_at(root, override->path, value);
        cJSON_Delete(value);
        if (good)
            continue;
        problem_add(l->problems,
                    "%s: error: \"%s\" leads nowhere: want keys with dots between them",
                    l->json.path, override->path);
        return false;
    }
    return true;
}

static bool apply_sweeps(const struct plan *plan, uint32_t member, cJSON *root)
{
    for (uint32_t i = plan->swept_count; i-- > 0;) {
        const struct swept *swept = &plan->swept[i];
        struct json_node value = json_element(&swept->values, member % swept->count);
        if (!put_at(root, swept->path, value.value)) {
            json_key_problem(swept->values.up, swept->path,
                             "leads nowhere in this scenario: want keys with dots between them");
            return false;
        }
        member /= swept->count;
    }
    return true;
}

/* --- the plan of a family -------------------------------------------------------------------- */

/* Words and numbers that an id can carry and a command line can give back. */
static bool sweep_value_ok(const struct json_node *node)
{
    char text[64];
    bool plain = json_is_number(node) || json_is_string(node) || cJSON_IsBool(node->value);
    if (plain && (!json_is_string(node) || strlen(json_string(node)) < sizeof text)) {
        value_text(node->value, text, sizeof text);
        if (*text && !strpbrk(text, ",=@# /"))
            return true;
    }
    json_problem(node, "want a number, true, false, or a word without any of \",=@# /\"");
    return false;
}

static bool sweep_read(const struct loader *l, const struct json_node *sweep, struct plan *plan)
{
    if (!sweep->value)
        return true;
    if (!json_is_object(sweep) || json_count(sweep) > SWEEP_KEY_MAX) {
        json_problem(sweep, "want an object of at most %d keys with lists of values",
                     SWEEP_KEY_MAX);
        return false;
    }
    for (struct json_node values = json_first(sweep); values.value; values = json_next(&values)) {
        if (strcmp(values.key, "comment") == 0 || overridden(l->options, values.key))
            continue;
        if (!json_want_array(&values, 1, FAMILY_MAX))
            return false;
        for (struct json_node value = json_first(&values); value.value; value = json_next(&value))
            if (!sweep_value_ok(&value))
                return false;
        plan->swept[plan->swept_count++] = (struct swept){values.key, values, json_count(&values)};
    }
    return true;
}

static bool seeds_read(const struct loader *l, const struct json_node *root, struct plan *plan)
{
    struct json_node seed = json_member(root, "seed"), seeds = json_member(root, "seeds");
    uint64_t one;
    *plan = (struct plan){.seed_count = 1, .first_seed = 1};
    if (seed.value && seeds.value) {
        json_key_problem(root, "seeds", "there is \"seed\" already: want one of them");
        return false;
    }
    plan->seed_given = seed.value || seeds.value;
    if (seed.value && !json_want_u64(&seed, 0, UINT64_MAX, &plan->first_seed))
        return false;
    if (json_is_array(&seeds)) {
        if (!json_want_array(&seeds, 1, FAMILY_MAX))
            return false;
        for (struct json_node node = json_first(&seeds); node.value; node = json_next(&node))
            if (!json_want_u64(&node, 0, UINT64_MAX, &one))
                return false;
        plan->seeds = seeds;
        plan->seed_count = json_count(&seeds);
    } else if (seeds.value && !json_want_u32(&seeds, 1, FAMILY_MAX, &plan->seed_count)) {
        return false;
    }
    if (l->options->seed_given)
        *plan = (struct plan){.seed_count = 1, .first_seed = l->options->seed, .seed_given = true};
    return true;
}

static uint64_t seed_of(const struct plan *plan, uint32_t i)
{
    uint64_t seed = plan->first_seed + i;
    if (plan->seeds.value) {
        struct json_node node = json_element(&plan->seeds, i);
        (void)json_want_u64(&node, 0, UINT64_MAX, &seed);
    }
    return seed;
}

/* --- ids ------------------------------------------------------------------------------------- */

struct id {
    char *text;
    size_t size, used;
    bool cut;
};

static void id_add(struct id *id, const char *before, const char *text)
{
    int n = snprintf(id->text + id->used, id->size - id->used, "%s%s", before, text);
    if (n < 0 || (size_t)n >= id->size - id->used)
        id->cut = true;
    else
        id->used += (size_t)n;
}

/* The last folder and the name: "ble/lent_radio" of "scenarios/ble/lent_radio.json". */
static void id_base(struct id *id, const char *path)
{
    const char *start = path, *end = path + strlen(path);
    int slashes = 0;
    for (const char *s = end; s > path && slashes < 2; s--)
        if (s[-1] == '/' && ++slashes == 2)
            start = s;
    start += strncmp(start, "./", 2) == 0 ? 2 : 0;
    size_t length = (size_t)(end - start);
    if (length > 5 && strcmp(end - 5, ".json") == 0)
        length -= 5;
    char base[SCENARIO_ID_MAX];
    (void)snprintf(base, sizeof base, "%.*s", (int)length, start);
    id_add(id, base, "");
}

static bool id_make(const struct loader *l, const struct plan *plan, uint32_t member,
                    struct scenario *s)
{
    struct id id = {s->id, sizeof s->id, 0, false};
    char text[64];
    const char *between = "#";
    uint32_t places[SWEEP_KEY_MAX];
    id_base(&id, l->json.path);
    for (uint32_t i = plan->swept_count; i-- > 0; member /= plan->swept[i].count)
        places[i] = member % plan->swept[i].count;
    for (uint32_t i = 0; i < plan->swept_count; i++, between = ",") {
        struct json_node value = json_element(&plan->swept[i].values, places[i]);
        value_text(value.value, text, sizeof text);
        id_add(&id, between, plan->swept[i].path);
        id_add(&id, "=", text);
    }
    for (uint32_t i = 0; i < l->options->override_count; i++, between = ",") {
        id_add(&id, between, l->options->overrides[i].path);
        id_add(&id, "=", l->options->overrides[i].value);
    }
    (void)snprintf(text, sizeof text, "%" PRIu64, s->seed);
    id_add(&id, "@", text);
    if (id.cut)
        problem_add(l->problems, "%s: error: the id of a member is longer than %d bytes",
                    l->json.path, SCENARIO_ID_MAX - 1);
    return !id.cut;
}

/* --- the family ------------------------------------------------------------------------------ */

static void member_free(struct scenario *s)
{
    if (!s)
        return;
    arena_free(s->arena);
    free(s);
}

static struct scenario *member_make(struct loader *l, const struct plan *plan, uint32_t combination,
                                    uint64_t seed)
{
    struct scenario *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    struct json_text copy = l->json;
    bool altered = plan->swept_count > 0 || l->options->override_count > 0;
    if (altered)
        copy.root = cJSON_Duplicate(l->json.root, 1);
    (void)snprintf(s->path, sizeof s->path, "%s", l->json.path);
    s->seed = seed;
    s->seed_given = plan->seed_given;
    struct json_node root = json_root(&copy);
    bool good = id_make(l, plan, combination, s) && apply_sweeps(plan, combination, copy.root) &&
                apply_overrides(l, copy.root);
    copy.member = strchr(s->id, '#');
    good = good && scenario_read(l, s, &root);
    if (altered)
        cJSON_Delete(copy.root);
    if (good)
        return s;
    member_free(s);
    return NULL;
}

void family_free(struct family *family)
{
    for (uint32_t i = 0; i < family->count; i++)
        member_free(family->members[i]);
    free(family->members);
    *family = (struct family){0};
}

static bool family_make(struct loader *l, const struct plan *plan, struct family *family)
{
    uint64_t combinations = 1;
    for (uint32_t i = 0; i < plan->swept_count; i++)
        combinations *=
            plan->swept[i].count; /* 2^12 each, at most eight: no overflow to speak of */
    if (combinations > FAMILY_MAX || combinations * plan->seed_count > FAMILY_MAX) {
        struct json_node root = json_root(&l->json);
        json_key_problem(&root, "sweep", "more than %d members: want fewer values, or fewer seeds",
                         FAMILY_MAX);
        return false;
    }
    family->members = calloc(combinations * plan->seed_count, sizeof(struct scenario *));
    if (!family->members)
        abort();
    for (uint32_t c = 0; c < combinations; c++) {
        for (uint32_t i = 0; i < plan->seed_count; i++) {
            struct scenario *s = member_make(l, plan, c, seed_of(plan, i));
            if (!s)
                return false;
            family->members[family->count++] = s;
        }
    }
    return true;
}

static bool load_parsed(struct loader *l, struct family *family)
{
    struct json_node root = json_root(&l->json), sweep = json_member(&root, "sweep");
    struct plan plan;
    if (!json_is_object(&root)) {
        json_problem(&root, "want a scenario: an object {...}");
        return false;
    }
    bool good = seeds_read(l, &root, &plan) && sweep_read(l, &sweep, &plan) &&
                family_make(l, &plan, family);
    if (!good)
        family_free(family);
    return good;
}

static struct loader loader_make(const struct catalogue *catalogue,
                                 const struct load_options *options, struct problems *problems)
{
    static const struct load_options none;
    return (struct loader){
        .catalogue = catalogue, .options = options ? options : &none, .problems = problems};
}

static bool finish(struct loader *l, bool parsed, struct family *family)
{
    *family = (struct family){0};
    bool good = parsed && load_parsed(l, family);
    json_text_free(&l->json);
    json_text_free(&l->board);
    board_cache_free(&l->own);
    return good;
}

bool scenario_load(const char *path, const struct catalogue *catalogue,
                   const struct load_options *options, struct family *family,
                   struct problems *problems)
{
    struct loader l = loader_make(catalogue, options, problems);
    bool parsed = json_text_read(&l.json, path, problems);
    return finish(&l, parsed, family);
}

bool scenario_load_text(const char *path, const char *text, size_t size,
                        const struct catalogue *catalogue, const struct load_options *options,
                        struct family *family, struct problems *problems)
{
    struct loader l = loader_make(catalogue, options, problems);
    bool parsed = json_text_parse(&l.json, path, text, size, problems);
    return finish(&l, parsed, family);
}
