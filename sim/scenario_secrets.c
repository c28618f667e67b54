/* scenario_secrets.c: what is secret, and what is told on purpose: "secrets" of an app and
 * "declassify".
 *
 *   "apps": [ { "name": "a", "secrets": [ { "at": "app.ram+0x100", "size": 32 } ], ... } ]
 *   "declassify": [ { "driver": "adc", "upcall": 0, "why": "one sample may serve all who ask" },
 *                   { "times_of": "a", "why": "stuffing: a frame's length hangs on its octets" } ]
 *
 * "times_of": "kernel" is about the components of the kernel.
 *
 * What the schema cannot say is refused here: a place that is not in the app's own memory, a driver
 * or an app that there is not, an entry about two things or about none.
 */
#include "sim/load.h"
#include "sim/secret.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* {"at": "app.ram+0x100", "size": 32}: an offset into the memory of app `app`, which has `ram`
 * bytes. */
static bool place_read(const struct load *load, const struct json_node *node, uint32_t app,
                       struct span *place)
{
    struct json_node at = json_member(node, "at"), size = json_member(node, "size");
    uint32_t ram = load->scenario->images[app].min_ram_size;
    struct operand operand;
    if (!operand_read(load, &at, app, &operand) ||
        !json_want_u32(&size, 1, UINT32_MAX, &place->size))
        return false;
    place->base = operand.value;
    if (operand.kind == OPERAND_RAM && place->base < ram && place->size <= ram - place->base)
        return true;
    bool begins = operand.kind == OPERAND_RAM && place->base < ram;
    if (begins)
        json_problem(&size,
                     "more than the %" PRIu32 " bytes from there to the end of the app's memory",
                     ram - place->base);
    else
        json_problem(&at, "not inside this app's memory: want a place such as \"app.ram+0x100\"");
    return false;
}

bool secrets_read(const struct load *load, const struct json_node *app, uint32_t index)
{
    static const char *const keys[] = {"at", "size"};
    struct scenario_app *who = &load->scenario->apps[index];
    struct json_node list = json_member(app, "secrets");
    if (!list.value)
        return true;
    bool good = json_want_array(&list, 0, SCENARIO_SECRET_MAX);
    struct span *secrets = arena_take(load->arena, sizeof *secrets, SCENARIO_SECRET_MAX);
    who->secrets = secrets;
    for (struct json_node node = json_first(&list); good && node.value; node = json_next(&node))
        good = json_want_object(&node, keys, COUNT_OF(keys)) &&
               place_read(load, &node, index, &secrets[who->secret_count++]);
    return good;
}

/* "driver" and one of "upcall" and "command". */
static bool of_driver_read(const struct load *load, const struct json_node *node,
                           struct declassified *what)
{
    struct json_node driver = json_member(node, "driver"), upcall = json_member(node, "upcall");
    struct json_node command = json_member(node, "command");
    if (!driver.value) {
        json_problem(node, "want one of \"driver\", \"app\" and \"times_of\"");
        return false;
    }
    if (!upcall.value == !command.value) {
        json_problem(node, "want one of \"upcall\" and \"command\" beside \"driver\"");
        return false;
    }
    what->kind = upcall.value ? DECLASSIFIED_UPCALL : DECLASSIFIED_COMMAND;
    return driver_read(load, &driver, &what->driver) &&
           json_want_u32(upcall.value ? &upcall : &command, 0, UINT32_MAX, &what->number);
}

static bool of_memory_read(const struct load *load, const struct json_node *node,
                           struct declassified *what)
{
    struct json_node name = json_member(node, "app");
    uint32_t app;
    what->kind = DECLASSIFIED_MEMORY;
    if (!app_named(load, &name, &app) || !place_read(load, node, app, &what->bytes))
        return false;
    what->process = (uint16_t)app;
    return true;
}

static bool of_times_read(const struct load *load, const struct json_node *name,
                          struct declassified *what)
{
    uint32_t app = SECRETS_OF_KERNEL;
    what->kind = DECLASSIFIED_TIMES;
    bool kernels = json_is_string(name) && strcmp(json_string(name), "kernel") == 0;
    if (!kernels && !app_named(load, name, &app))
        return false;
    what->process = (uint16_t)app;
    return true;
}

static bool entry_read(const struct load *load, const struct json_node *node,
                       struct declassified *what)
{
    static const char *const of_driver[] = {"driver", "upcall", "command", "why"};
    static const char *const of_memory[] = {"app", "at", "size", "why"};
    static const char *const of_times[] = {"times_of", "why"};
    struct json_node app = json_member(node, "app"), why = json_member(node, "why");
    struct json_node times_of = json_member(node, "times_of");
    bool good = times_of.value ? json_want_object(node, of_times, COUNT_OF(of_times))
                : app.value    ? json_want_object(node, of_memory, COUNT_OF(of_memory))
                               : json_want_object(node, of_driver, COUNT_OF(of_driver));
    if (!good || !json_want_text(&why, what->why, sizeof what->why))
        return false;
    json_pointer(node, what->path, sizeof what->path);
    if (times_of.value)
        return of_times_read(load, &times_of, what);
    return app.value ? of_memory_read(load, node, what) : of_driver_read(load, node, what);
}

bool declassify_read(const struct load *load, const struct json_node *list)
{
    struct scenario *s = load->scenario;
    if (!list->value)
        return true;
    if (!json_want_array(list, 1, SCENARIO_DECLASSIFIED_MAX))
        return false;
    struct declassified *all = arena_take(load->arena, sizeof *all, SCENARIO_DECLASSIFIED_MAX);
    bool good = true;
    s->declassified = all;
    for (struct json_node node = json_first(list); node.value; node = json_next(&node))
        good &= entry_read(load, &node, &all[s->declassified_count++]);
    return good;
}
