/* scenario_expect.c: "inject" and "expect": what is planted, and what must come of it. */
#include "model/process.h"
#include "sim/app_steps.h"
#include "sim/ble_expect.h"
#include "sim/load.h"
#include "sim/rules.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool pattern_read(const struct load *load, const struct json_node *node, struct pattern *pattern)
{
    char why[320];
    if (!json_is_string(node)) {
        json_problem(node, "%s: want an event, such as \"upcall owner tick\"",
                     node->value ? "not a string" : "missing");
        return false;
    }
    if (pattern_parse(load->scenario, json_string(node), pattern, why, sizeof why))
        return true;
    json_problem(node, "%s", why);
    return false;
}

static bool pattern_member(const struct load *load, const struct json_node *object, const char *key,
                           struct pattern *pattern)
{
    struct json_node node = json_member(object, key);
    return pattern_read(load, &node, pattern);
}

/* --- injections ------------------------------------------------------------------------------ */

struct planting {
    const struct load *load;
    const struct json_node *value; /* of the injection's verb */
    struct injection *i;
};

static bool plant_on_app(const struct planting *p)
{
    return app_named(p->load, p->value, &p->i->process);
}

static bool modelled(const struct planting *p, const struct json_node *node)
{
    const struct board_device *d = &p->load->scenario->board.devices[p->i->device];
    if (d->type)
        return true;
    json_problem(node, "\"%s\" is not modelled: want a device with a type", d->name);
    return false;
}

static bool plant_on_device(const struct planting *p)
{
    return device_named(&p->load->scenario->board, p->value, &p->i->device) &&
           modelled(p, p->value);
}

static bool plant_interrupt(const struct planting *p)
{
    return line_named(&p->load->scenario->board, p->value, &p->i->line);
}

static bool plant_storm(const struct planting *p)
{
    static const char *const keys[] = {"line", "count", "period_us", "period_ms"};
    struct json_node line = json_member(p->value, "line"), count = json_member(p->value, "count");
    if (!json_want_object(p->value, keys, COUNT_OF(keys)) ||
        !line_named(&p->load->scenario->board, &line, &p->i->line) ||
        !json_want_u32(&count, 1, UINT32_MAX, &p->i->count))
        return false;
    return time_read(p->value, "period_us", "period_ms", &p->i->period_ps);
}

static bool plant_force(const struct planting *p)
{
    static const char *const keys[] = {"register", "value", "reads"};
    struct json_node place = json_member(p->value, "register");
    struct json_node value = json_member(p->value, "value");
    struct json_node reads = json_member(p->value, "reads");
    return json_want_object(p->value, keys, COUNT_OF(keys)) &&
           register_read(p->load, &place, &p->i->device, &p->i->address) && modelled(p, &place) &&
           address_read(p->load, &value, PROCESS_NONE, &p->i->value) &&
           (!reads.value || json_want_u32(&reads, 1, UINT32_MAX, &p->i->count));
}

static bool plant_poke(const struct planting *p)
{
    static const char *const keys[] = {"address", "value"};
    struct json_node place = json_member(p->value, "address");
    struct json_node value = json_member(p->value, "value");
    if (!json_want_object(p->value, keys, COUNT_OF(keys)) ||
        !address_read(p->load, &place, PROCESS_NONE, &p->i->address) ||
        !address_read(p->load, &value, PROCESS_NONE, &p->i->value))
        return false;
    if (span_covers(p->load->scenario->board.ram, (struct span){p->i->address, 4}))
        return true;
    json_problem(&place, "not in RAM: want 4 bytes of RAM, such as \"kernel.ram+0x10\"");
    return false;
}

static bool hex_bytes(const struct planting *p, const struct json_node *node)
{
    const char *text = json_string(node);
    size_t length = strlen(text);
    if (length == 0 || length % 2 || length / 2 > sizeof p->i->bytes ||
        strspn(text, "0123456789abcdefABCDEF") != length) {
        json_problem(node, "want 1 to %zu bytes in hex, such as \"0a0b\"", sizeof p->i->bytes);
        return false;
    }
    for (size_t n = 0; n < length; n += 2) {
        uint64_t byte = 0;
        char digits[5] = {'0', 'x', text[n], text[n + 1], '\0'};
        (void)hex_parse(digits, &byte);
        p->i->bytes[p->i->size++] = (uint8_t)byte;
    }
    return true;
}

static bool plant_receive(const struct planting *p)
{
    static const char *const keys[] = {"device", "text", "hex", "secret_of"};
    struct json_node device = json_member(p->value, "device");
    struct json_node text = json_member(p->value, "text"), hex = json_member(p->value, "hex");
    struct json_node secret_of = json_member(p->value, "secret_of");
    char bytes[sizeof p->i->bytes + 1];
    if (!json_want_object(p->value, keys, COUNT_OF(keys)) ||
        !device_named(&p->load->scenario->board, &device, &p->i->device) || !modelled(p, &device))
        return false;
    if (secret_of.value && !app_named(p->load, &secret_of, &p->i->secret_of))
        return false;
    if (!text.value == !hex.value) {
        json_problem(p->value, "want one of \"text\" and \"hex\"");
        return false;
    }
    if (hex.value && json_is_string(&hex))
        return hex_bytes(p, &hex);
    if (!json_want_text(text.value ? &text : &hex, bytes, sizeof bytes))
        return false;
    p->i->size = (uint32_t)strlen(bytes);
    memcpy(p->i->bytes, bytes, p->i->size);
    return true;
}

static bool plant_task(const struct planting *p)
{
    return register_read(p->load, p->value, &p->i->device, &p->i->address) && modelled(p, p->value);
}

static bool plant_pressure(const struct planting *p)
{
    static const char *const keys[] = {"app", "bytes"};
    struct json_node app = json_member(p->value, "app"), bytes = json_member(p->value, "bytes");
    return json_want_object(p->value, keys, COUNT_OF(keys)) &&
           app_named(p->load, &app, &p->i->process) &&
           json_want_u32(&bytes, 1, UINT32_MAX, &p->i->value);
}

static bool plant_shift(const struct planting *p)
{
    static const char *const keys[] = {"device", "by_us", "by_ms"};
    struct json_node device = json_member(p->value, "device");
    return json_want_object(p->value, keys, COUNT_OF(keys)) &&
           device_named(&p->load->scenario->board, &device, &p->i->device) &&
           modelled(p, &device) && time_read(p->value, "by_us", "by_ms", &p->i->period_ps);
}

static const struct {
    const char *verb;
    bool (*plant)(const struct planting *p);
} plants[INJECTION_KINDS] = {
    [INJECT_KILL] = {"kill", plant_on_app},
    [INJECT_FAULT] = {"fault", plant_on_app},
    [INJECT_RESTART] = {"restart", plant_on_app},
    [INJECT_INTERRUPT] = {"interrupt", plant_interrupt},
    [INJECT_STORM] = {"storm", plant_storm},
    [INJECT_HANG] = {"hang", plant_on_device},
    [INJECT_STUCK] = {"stuck", plant_on_device},
    [INJECT_FORCE] = {"force", plant_force},
    [INJECT_ERROR] = {"error", plant_on_device},
    [INJECT_POKE] = {"poke", plant_poke},
    [INJECT_RECEIVE] = {"receive", plant_receive},
    [INJECT_TASK] = {"task", plant_task},
    [INJECT_MEMORY_PRESSURE] = {"memory_pressure", plant_pressure},
    [INJECT_RELEASE] = {"release", plant_on_device},
    [INJECT_DELAY] = {"delay", plant_shift},
    [INJECT_HASTEN] = {"hasten", plant_shift},
};

static bool event_read(const struct load *load, const struct json_node *node, struct injection *i)
{
    static const char *const keys[] = {"event",    "nth",     "after_us",
                                       "after_ms", "from_us", "from_ms"};
    struct json_node nth = json_member(node, "nth");
    struct json_node us = json_member(node, "after_us"), ms = json_member(node, "after_ms");
    bool from = json_member(node, "from_us").value || json_member(node, "from_ms").value;
    i->at_event = true;
    i->nth = 1;
    if (json_is_string(node))
        return pattern_read(load, node, &i->when);
    if (!json_want_object(node, keys, COUNT_OF(keys)) ||
        !pattern_member(load, node, "event", &i->when))
        return false;
    if (nth.value && !json_want_u32(&nth, 1, UINT32_MAX, &i->nth))
        return false;
    if (from && !time_read(node, "from_us", "from_ms", &i->from_ps))
        return false;
    return (!us.value && !ms.value) || time_read(node, "after_us", "after_ms", &i->at_ps);
}

static bool moment_read(const struct load *load, const struct json_node *node, struct injection *i)
{
    struct json_node event = json_member(node, "at_event");
    struct json_node us = json_member(node, "at_us"), ms = json_member(node, "at_ms");
    if (event.value && (us.value || ms.value)) {
        json_key_problem(node, "at_event", "there is a time already: want one of them");
        return false;
    }
    if (!event.value && !us.value && !ms.value) {
        json_problem(node, "a moment is missing: want \"at_us\", \"at_ms\" or \"at_event\"");
        return false;
    }
    return event.value ? event_read(load, &event, i) : time_read(node, "at_us", "at_ms", &i->at_ps);
}

static bool injection_read(const struct load *load, const struct json_node *node,
                           struct injection *i)
{
    const char *keys[INJECTION_KINDS + 3] = {"at_us", "at_ms", "at_event"};
    uint32_t found = 0;
    for (uint32_t k = 0; k < INJECTION_KINDS; k++)
        keys[k + 3] = plants[k].verb;
    if (!json_want_object(node, keys, COUNT_OF(keys)))
        return false;
    json_pointer(node, i->path, sizeof i->path);
    i->device = i->line = BOARD_NONE;
    i->process = i->secret_of = PROCESS_NONE;
    for (uint32_t k = 0; k < INJECTION_KINDS; k++) {
        struct json_node value = json_member(node, plants[k].verb);
        const struct planting planting = {load, &value, i};
        if (!value.value)
            continue;
        if (found++ > 0) {
            json_key_problem(node, plants[k].verb, "two injections in one object: want one");
            return false;
        }
        i->kind = (enum injection_kind)k;
        if (!plants[k].plant(&planting))
            return false;
    }
    if (found == 0) {
        json_problem(node, "nothing to inject: want a key such as \"kill\"");
        return false;
    }
    return moment_read(load, node, i);
}

bool inject_read(struct load *load, const struct json_node *list)
{
    struct scenario *s = load->scenario;
    if (!list->value)
        return true;
    if (!json_want_array(list, 0, SCENARIO_INJECTION_MAX))
        return false;
    bool good = true;
    s->injections = arena_take(load->arena, sizeof *s->injections, json_count(list));
    for (struct json_node node = json_first(list); node.value; node = json_next(&node))
        good &= injection_read(load, &node, &s->injections[s->injection_count++]);
    return good;
}

/* --- expectations ---------------------------------------------------------------------------- */

static struct check *new_check(struct load *load, const struct json_node *node,
                               enum check_kind kind)
{
    struct scenario *s = load->scenario;
    if (s->check_count == SCENARIO_CHECK_MAX) {
        json_problem(node, "more than %d checks", SCENARIO_CHECK_MAX);
        return NULL;
    }
    struct check *check = &s->checks[s->check_count++];
    *check = (struct check){.kind = kind, .process = PATTERN_ANY, .max = UINT64_MAX};
    json_pointer(node, check->path, sizeof check->path);
    return check;
}

/* "is", or "min" and "max", integers. One at least. */
static bool range_read(const struct json_node *node, struct check *check)
{
    struct json_node is = json_member(node, "is"), min = json_member(node, "min");
    struct json_node max = json_member(node, "max");
    if (!is.value == !(min.value || max.value)) {
        json_problem(node, "want \"is\", or \"min\" or \"max\" or both");
        return false;
    }
    if (is.value) {
        if (!json_want_u64(&is, 0, UINT64_MAX, &check->min))
            return false;
        check->max = check->min;
        return true;
    }
    if (min.value && !json_want_u64(&min, 0, UINT64_MAX, &check->min))
        return false;
    if (max.value && !json_want_u64(&max, 0, UINT64_MAX, &check->max))
        return false;
    if (check->min > check->max)
        json_problem(node, "\"min\" is more than \"max\"");
    else if (check->min == 0 && check->max == UINT64_MAX)
        json_problem(node, "any number would do: want a \"min\" above 0, or a \"max\"");
    else
        return true;
    return false;
}

static bool expect_count(struct load *load, const struct json_node *node)
{
    static const char *const keys[] = {"event", "is", "min", "max"};
    struct check *check = new_check(load, node, CHECK_COUNT);
    return check && json_want_object(node, keys, COUNT_OF(keys)) &&
           pattern_member(load, node, "event", &check->to) && range_read(node, check);
}

static bool expect_absent(struct load *load, const struct json_node *node)
{
    static const char *const keys[] = {"event", "after"};
    struct check *check = new_check(load, node, CHECK_ABSENT);
    struct json_node after = json_member(node, "after");
    return check && json_want_object(node, keys, COUNT_OF(keys)) &&
           pattern_member(load, node, "event", &check->to) &&
           (!after.value || pattern_read(load, &after, &check->from));
}

static bool expect_order(struct load *load, const struct json_node *node)
{
    static const char *const keys[] = {"from", "to"};
    struct check *check = new_check(load, node, CHECK_ORDER);
    return check && json_want_object(node, keys, COUNT_OF(keys)) &&
           pattern_member(load, node, "from", &check->from) &&
           pattern_member(load, node, "to", &check->to);
}

static bool expect_latency(struct load *load, const struct json_node *node)
{
    static const char *const keys[] = {"from",   "to",     "after", "max_us",
                                       "max_ms", "min_us", "min_ms"};
    struct check *check = new_check(load, node, CHECK_LATENCY);
    struct json_node after = json_member(node, "after");
    struct json_node min_us = json_member(node, "min_us"), min_ms = json_member(node, "min_ms");
    if (!check || !json_want_object(node, keys, COUNT_OF(keys)) ||
        !pattern_member(load, node, "from", &check->from) ||
        !pattern_member(load, node, "to", &check->to) ||
        (after.value && !pattern_read(load, &after, &check->from2)) ||
        !time_read(node, "max_us", "max_ms", &check->max))
        return false;
    if ((min_us.value || min_ms.value) && !time_read(node, "min_us", "min_ms", &check->min))
        return false;
    if (check->min <= check->max)
        return true;
    json_problem(node, "the minimum is more than the maximum");
    return false;
}

static bool way_read(const struct load *load, const struct json_node *object, const char *key,
                     struct pattern *from, struct pattern *to)
{
    static const char *const keys[] = {"from", "to"};
    struct json_node node = json_member(object, key);
    return json_want_object(&node, keys, COUNT_OF(keys)) &&
           pattern_member(load, &node, "from", from) && pattern_member(load, &node, "to", to);
}

static bool expect_speedup(struct load *load, const struct json_node *node)
{
    static const char *const keys[] = {"slow", "fast", "min"};
    struct check *check = new_check(load, node, CHECK_SPEEDUP);
    struct json_node min = json_member(node, "min");
    return check && json_want_object(node, keys, COUNT_OF(keys)) &&
           way_read(load, node, "slow", &check->from, &check->to) &&
           way_read(load, node, "fast", &check->from2, &check->to2) &&
           json_want_decimal(&min, 3, UINT32_MAX, &check->min);
}

static bool expect_over_exposure(struct load *load, const struct json_node *node)
{
    static const char *const keys[] = {"app", "is", "min", "max"};
    struct check *check = new_check(load, node, CHECK_OVER_EXPOSURE);
    struct json_node app = json_member(node, "app");
    return check && json_want_object(node, keys, COUNT_OF(keys)) &&
           (!app.value || app_named(load, &app, &check->process)) && range_read(node, check);
}

static bool expect_turns(struct load *load, const struct json_node *node)
{
    static const char *const keys[] = {"of", "is", "min", "max"};
    struct check *check = new_check(load, node, CHECK_TURNS);
    struct json_node of = json_member(node, "of");
    if (!check || !json_want_object(node, keys, COUNT_OF(keys)) ||
        !json_want_word(&of, virt_words, VIRTS, &check->number) || !range_read(node, check))
        return false;
    if (config_virt(&load->scenario->config, check->number)->present)
        return true;
    json_problem(&of, "the board's kernel has no %s: want a multiplexer that it has",
                 virt_words[check->number]);
    return false;
}

/* --- expected breaks ------------------------------------------------------------------------- */

static bool rule_read(const struct json_node *node, uint16_t *rule)
{
    const char *id = json_is_string(node) ? json_string(node) : "";
    char hint[96];
    struct nearest nearest = nearest_to(id);
    enum rule found = rule_find(id);
    *rule = (uint16_t)found;
    if (found != RULE_NUMBER)
        return true;
    for (uint32_t i = 0; i < RULE_NUMBER; i++)
        nearest_offer(&nearest, rule_rows[i].id);
    json_problem(node, "\"%.40s\" is not a rule%s: `postern explain` lists them", id,
                 nearest_text(&nearest, hint, sizeof hint));
    return false;
}

static bool break_place(const struct load *load, const struct json_node *node,
                        struct expected_break *b)
{
    struct json_node address = json_member(node, "address"), device = json_member(node, "device");
    uint32_t index;
    b->address_last = UINT32_MAX;
    if (address.value && device.value) {
        json_key_problem(node, "device", "there is \"address\" already: want one of them");
        return false;
    }
    if (device.value) {
        if (!device_named(&load->scenario->board, &device, &index))
            return false;
        b->address_first = load->scenario->board.devices[index].window.base;
        b->address_last = span_last(load->scenario->board.devices[index].window);
    } else if (address.value) {
        if (!address_read(load, &address, PROCESS_NONE, &b->address_first))
            return false;
        b->address_last = b->address_first;
    }
    return true;
}

static bool expect_break(struct load *load, const struct json_node *node)
{
    static const char *const keys[] = {"rule", "app", "address", "device", "why"};
    struct scenario *s = load->scenario;
    struct json_node rule = json_member(node, "rule"), app = json_member(node, "app");
    struct json_node why = json_member(node, "why");
    uint32_t process = PATTERN_ANY;
    if (s->break_count == SCENARIO_BREAK_MAX) {
        json_problem(node, "more than %d expected breaks", SCENARIO_BREAK_MAX);
        return false;
    }
    struct expected_break *b = &s->breaks[s->break_count++];
    if (!json_want_object(node, keys, COUNT_OF(keys)) || !rule_read(&rule, &b->rule) ||
        (app.value && !app_named(load, &app, &process)) || !break_place(load, node, b) ||
        !json_want_text(&why, b->why, sizeof b->why))
        return false;
    b->process = (uint16_t)process;
    json_pointer(node, b->path, sizeof b->path);
    return true;
}

/* --- expectations by app --------------------------------------------------------------------- */

static bool exactly(struct load *load, const struct json_node *node, enum check_kind kind,
                    uint32_t process, uint64_t value)
{
    struct check *check = new_check(load, node, kind);
    if (!check)
        return false;
    check->process = process;
    check->min = check->max = value;
    return true;
}

static bool expect_state(struct load *load, const struct json_node *node, uint32_t process)
{
    static const char *const words[] = {"running", "yielded", "yielded-for", "faulted",
                                        "terminated"}; /* enum process_state from 1 on */
    uint32_t which;
    return json_want_word(node, words, COUNT_OF(words), &which) &&
           exactly(load, node, CHECK_STATE, process, PROCESS_RUNNING + which);
}

static bool expect_number(struct load *load, const struct json_node *node, uint32_t process,
                          enum check_kind kind)
{
    static const char *const keys[] = {"is", "min", "max"};
    uint64_t value = 0;
    if (!json_is_object(node))
        return json_want_u64(node, 0, UINT32_MAX, &value) &&
               exactly(load, node, kind, process, value);
    struct check *check = new_check(load, node, kind);
    if (!check)
        return false;
    check->process = process;
    return json_want_object(node, keys, COUNT_OF(keys)) && range_read(node, check);
}

static bool expect_variable(struct load *load, const struct json_node *node, uint32_t process)
{
    const struct scenario_app *app = &load->scenario->apps[process];
    const struct steps_program *program = app->engine == &app_steps_engine ? app->program : NULL;
    char hint[96];
    struct nearest nearest = nearest_to(node->key);
    for (uint32_t n = 0; program && n < program->variable_count; n++) {
        if (strcmp(program->variable_names[n], node->key) == 0) {
            if (!expect_number(load, node, process, CHECK_VARIABLE))
                return false;
            load->scenario->checks[load->scenario->check_count - 1].number = n;
            return true;
        }
        nearest_offer(&nearest, program->variable_names[n]);
    }
    json_key_problem(node->up, node->key, "\"%.40s\" is not a variable of \"%s\"%s", node->key,
                     app->name, nearest_text(&nearest, hint, sizeof hint));
    return false;
}

/* What can be asked of an app or a peer: the keys that all have, and facts of its own. */
struct asked {
    const char *keys[8 + FACT_MAX];
    size_t count;
};

static void ask_facts(struct asked *asked, const struct fact *facts, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < FACT_MAX; i++)
        asked->keys[asked->count++] = facts[i].name;
}

static bool fact_word(const struct json_node *node, const struct fact *fact, uint64_t *value)
{
    struct nearest nearest = nearest_to(json_string(node));
    char hint[96];
    for (*value = 0; fact->words[*value]; ++*value) {
        if (strcmp(fact->words[*value], json_string(node)) == 0)
            return true;
        nearest_offer(&nearest, fact->words[*value]);
    }
    json_problem(node, "\"%.40s\" is not a value of \"%s\"%s", json_string(node), fact->name,
                 nearest_text(&nearest, hint, sizeof hint));
    return false;
}

/* A number (in hex as a string) or {"is", "min", "max"}; a word of the fact's own; true and false
 * for 1 and 0. */
static bool expect_fact(struct load *load, const struct json_node *node, enum check_kind kind,
                        uint32_t who, const struct fact *fact, uint32_t number)
{
    uint64_t value = 0;
    bool flag = false, good;
    if (fact->words && json_is_string(node))
        good = fact_word(node, fact, &value) && exactly(load, node, kind, who, value);
    else if (cJSON_IsBool(node->value))
        good = json_want_bool(node, &flag) && exactly(load, node, kind, who, flag);
    else
        good = expect_number(load, node, who, kind);
    if (good)
        load->scenario->checks[load->scenario->check_count - 1].number = number;
    return good;
}

static bool expect_facts(struct load *load, const struct json_node *node, enum check_kind kind,
                         uint32_t who, const struct fact *facts, uint32_t count)
{
    bool good = true;
    for (uint32_t i = 0; i < count; i++) {
        struct json_node one = json_member(node, facts[i].name);
        if (one.value)
            good &= expect_fact(load, &one, kind, who, &facts[i], i);
    }
    return good;
}

/* A fact that this app's program or this peer does not have. */
static bool keys_asked(const struct json_node *node, const struct asked *asked, const char *type)
{
    if (!json_is_object(node)) {
        json_problem(node, "want an object {...} of what it is like at the end");
        return false;
    }
    bool good = true;
    for (struct json_node one = json_first(node); one.value; one = json_next(&one)) {
        struct nearest nearest = nearest_to(one.key);
        bool known = strcmp(one.key, "comment") == 0;
        for (size_t i = 0; i < asked->count && !known; i++) {
            known = strcmp(asked->keys[i], one.key) == 0;
            nearest_offer(&nearest, asked->keys[i]);
        }
        if (!known) {
            char hint[96];
            json_key_problem(node, one.key, "nothing that can be asked of \"%s\"%s", type,
                             nearest_text(&nearest, hint, sizeof hint));
        }
        good &= known;
    }
    return good;
}

static bool expect_app(struct load *load, const struct json_node *node, uint32_t process)
{
    const struct app_engine *engine = load->scenario->apps[process].engine;
    struct asked asked = {{"state", "restarts", "completion_code", "variables"}, 4};
    struct json_node state = json_member(node, "state"), restarts = json_member(node, "restarts");
    struct json_node code = json_member(node, "completion_code");
    struct json_node variables = json_member(node, "variables");
    ask_facts(&asked, engine->facts, engine->fact_count);
    bool good = keys_asked(node, &asked, engine->name);
    if (state.value)
        good &= expect_state(load, &state, process);
    if (restarts.value)
        good &= expect_number(load, &restarts, process, CHECK_RESTARTS);
    if (code.value)
        good &= expect_number(load, &code, process, CHECK_COMPLETION);
    if (variables.value && !json_is_object(&variables)) {
        json_problem(&variables, "want an object of variables and values");
        return false;
    }
    for (struct json_node variable = json_first(&variables); variable.value;
         variable = json_next(&variable))
        good &= expect_variable(load, &variable, process);
    return good &
           expect_facts(load, node, CHECK_APP_FACT, process, engine->facts, engine->fact_count);
}

static bool expect_peer(struct load *load, const struct json_node *node, uint32_t peer)
{
    const struct peer_type *type = load->scenario->peers[peer].type;
    struct asked asked = {.count = 0};
    ask_facts(&asked, type->facts, type->fact_count);
    bool known = keys_asked(node, &asked, type->type.name);
    return known & expect_facts(load, node, CHECK_PEER_FACT, peer, type->facts, type->fact_count);
}

/* --- connections ----------------------------------------------------------------------------- */

/* {"min": microseconds}. */
static bool expect_margin(struct load *load, const struct json_node *node, uint32_t connection,
                          uint32_t fact)
{
    static const char *const keys[] = {"min"};
    struct json_node min = json_member(node, "min");
    struct check *check = new_check(load, node, ble_link_facts[fact].kind);
    if (!check)
        return false;
    check->process = connection;
    check->number = fact;
    return json_want_object(node, keys, COUNT_OF(keys)) &&
           json_want_decimal(&min, 6, INT64_MAX, &check->min);
}

static bool expect_word(const struct json_node *node)
{
    json_problem(node, "want a word, such as \"connected\"");
    return false;
}

static bool expect_ble_fact(struct load *load, const struct json_node *node, uint32_t connection,
                            uint32_t fact)
{
    const struct ble_link_row *row = &ble_link_facts[fact];
    uint64_t value = 0;
    bool good;
    if (ble_link_is_margin(fact))
        return expect_margin(load, node, connection, fact);
    if (!row->fact.words)
        good = expect_number(load, node, connection, row->kind);
    else if (json_is_string(node))
        good = fact_word(node, &row->fact, &value) &&
               exactly(load, node, row->kind, connection, value);
    else
        good = expect_word(node);
    if (good)
        load->scenario->checks[load->scenario->check_count - 1].number = fact;
    return good;
}

static bool expect_ble_link(struct load *load, const struct json_node *node)
{
    struct asked asked = {{"connection"}, 1};
    struct json_node number = json_member(node, "connection");
    uint32_t connection = 0, count = load->scenario->check_count;
    for (uint32_t i = 0; i < BLE_LINK_FACTS; i++)
        asked.keys[asked.count++] = ble_link_facts[i].fact.name;
    if (!json_want_object(node, asked.keys, asked.count) ||
        (number.value && !json_want_u32(&number, 1, UINT32_MAX - 1, &connection)))
        return false;
    bool good = true;
    for (uint32_t i = 0; i < BLE_LINK_FACTS; i++) {
        struct json_node one = json_member(node, ble_link_facts[i].fact.name);
        if (one.value)
            good &= expect_ble_fact(load, &one, number.value ? connection - 1 : PATTERN_ANY, i);
    }
    if (good && count == load->scenario->check_count)
        json_problem(node, "nothing is asked: want a key such as \"missed\"");
    return good && count < load->scenario->check_count;
}

/* --- the whole of "expect" ------------------------------------------------------------------- */

static const struct {
    const char *key;
    bool (*read)(struct load *load, const struct json_node *node);
} expectations[] = {
    {"breaks", expect_break},
    {"count", expect_count},
    {"absent", expect_absent},
    {"order", expect_order},
    {"latency", expect_latency},
    {"speedup", expect_speedup},
    {"over_exposure", expect_over_exposure},
    {"turns", expect_turns},
    {"ble_link", expect_ble_link},
};

bool expect_keyword(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(expectations); i++)
        if (strcmp(expectations[i].key, name) == 0)
            return true;
    return false;
}

/* One, or a list of them. */
static bool expect_each(struct load *load, const struct json_node *node,
                        bool (*read)(struct load *load, const struct json_node *node))
{
    if (!json_is_array(node))
        return read(load, node);
    bool good = json_want_array(node, 1, SCENARIO_CHECK_MAX);
    for (struct json_node one = json_first(node); one.value; one = json_next(&one))
        good &= read(load, &one);
    return good;
}

static bool expect_member(struct load *load, const struct json_node *node)
{
    const struct scenario *s = load->scenario;
    char hint[96];
    struct nearest nearest = nearest_to(node->key);
    if (strcmp(node->key, "comment") == 0)
        return true;
    for (size_t i = 0; i < COUNT_OF(expectations); i++) {
        if (strcmp(expectations[i].key, node->key) == 0)
            return expect_each(load, node, expectations[i].read);
        nearest_offer(&nearest, expectations[i].key);
    }
    for (uint32_t i = 0; i < s->app_count; i++) {
        if (strcmp(s->apps[i].name, node->key) == 0)
            return expect_app(load, node, i);
        nearest_offer(&nearest, s->apps[i].name);
    }
    for (uint32_t i = 0; i < s->peer_count; i++) {
        if (strcmp(s->peers[i].name, node->key) == 0)
            return expect_peer(load, node, i);
        nearest_offer(&nearest, s->peers[i].name);
    }
    json_key_problem(node->up, node->key, "no such key, and no app's name or peer's%s",
                     nearest_text(&nearest, hint, sizeof hint));
    return false;
}

/* How many checks there are is known when all are read. */
static bool checks_read(struct load *load, const struct json_node *object)
{
    struct scenario *s = load->scenario;
    struct check *room = calloc(SCENARIO_CHECK_MAX, sizeof *room);
    if (!room)
        abort();
    s->checks = room;
    bool good = true;
    for (struct json_node node = json_first(object); node.value; node = json_next(&node))
        good &= expect_member(load, &node);
    s->checks = arena_take(load->arena, sizeof *room, s->check_count);
    memcpy(s->checks, room, s->check_count * sizeof *room);
    free(room);
    return good;
}

bool expect_read(struct load *load, const struct json_node *object)
{
    if (!object->value)
        return true;
    if (!json_is_object(object)) {
        json_problem(object, "want an object {...}");
        return false;
    }
    return checks_read(load, object);
}
