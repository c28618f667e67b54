/* scenario_world.c: "world": who is on the other side of the air and of wires, and what the air
 * does to frames.
 *
 *   "world": { "air": {"loss_ppm": 1000, "faults": [ {"of": "central", "first": 3, "last": 4} ]},
 *              "central": {"interval_us": 7500, "plan": [ {"at_event": 9, "do": "terminate"} ]},
 *              "chip": {"is": "spi-flash", "on": "SPIM0", "select": 5} }
 *
 * What the schema cannot say is refused here: a peer named like an app or a device, a type, a
 * parameter or a verb that no peer has (the nearest is named), values outside of their range, a
 * plan out of order, a sender without an antenna, first after last, a frame of the board's that is
 * to be changed, or sent by it; a wire that its device does not
 * have, that another kind of peer wants or that is taken: two peers on one UART, with one select
 * pin, with one address, on one input.
 */
#include "sim/ble/pdu.h"
#include "sim/load.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct peer_type *peer_type_at(const struct catalogue *c, uint32_t i)
{
    return i < c->peer_count ? c->peers[i] : NULL;
}

static bool type_read(const struct load *load, const struct json_node *at, const char *name,
                      const struct peer_type **type)
{
    struct nearest nearest = nearest_to(name);
    char hint[96];
    for (uint32_t i = 0; i < load->catalogue->peer_count; i++) {
        *type = peer_type_at(load->catalogue, i);
        if (strcmp((*type)->type.name, name) == 0)
            return true;
        nearest_offer(&nearest, (*type)->type.name);
    }
    json_problem(at, "\"%.40s\" is not a type of peer%s: `postern list peers` names them", name,
                 nearest_text(&nearest, hint, sizeof hint));
    return false;
}

/* --- values ---------------------------------------------------------------------------------- */

static bool word_read(const struct json_node *node, const struct peer_parameter *p, uint64_t *value)
{
    struct nearest nearest = nearest_to(json_string(node));
    char hint[96];
    for (uint64_t i = 0; p->words[i]; i++) {
        *value = i;
        if (strcmp(p->words[i], json_string(node)) == 0)
            return true;
        nearest_offer(&nearest, p->words[i]);
    }
    json_problem(node, "\"%.40s\" is not a value of \"%s\"%s", json_string(node), p->name,
                 nearest_text(&nearest, hint, sizeof hint));
    return false;
}

static bool time_value_read(const struct json_node *node, const struct peer_parameter *p,
                            uint64_t *value)
{
    uint64_t unit_ps = p->unit == PEER_MS ? PS_PER_MS : PS_PER_US;
    unsigned decimals = p->unit == PEER_MS ? 9 : 6;
    if (!json_want_decimal(node, decimals, UINT64_MAX, value))
        return false;
    if (*value < p->min || *value > p->max) {
        json_problem(node, "want %" PRIu64 " to %" PRIu64, p->min / unit_ps, p->max / unit_ps);
        return false;
    }
    if (!p->step || *value % p->step == 0)
        return true;
    json_problem(node, "want a multiple of %" PRIu64, p->step / unit_ps);
    return false;
}

/* Their number in the plan. */
static uint64_t octets_add(const struct load *load, struct peer_plan *plan, const uint8_t *octets,
                           size_t size)
{
    struct peer_octets *kept = arena_take(load->arena, sizeof *kept, 1);
    uint8_t *copy = arena_take(load->arena, size, 1);
    memcpy(copy, octets, size);
    *kept = (struct peer_octets){.next = plan->octets,
                                 .number = plan->octets ? plan->octets->number + 1 : 1,
                                 .size = (uint32_t)size,
                                 .octets = copy};
    plan->octets = kept;
    return kept->number;
}

/* Its bytes, up to `max`; their number, 0: that it is not. */
static size_t hex_octets(const char *text, uint8_t *octets, size_t max)
{
    size_t length = strlen(text);
    if (length % 2 || length / 2 > max || strspn(text, "0123456789abcdefABCDEF") != length)
        return 0;
    for (size_t n = 0; n < length; n += 2) {
        uint64_t octet = 0;
        char digits[5] = {'0', 'x', text[n], text[n + 1], '\0'};
        (void)hex_parse(digits, &octet);
        octets[n / 2] = (uint8_t)octet;
    }
    return length / 2;
}

static bool octets_read(const struct load *load, const struct json_node *node,
                        const struct peer_parameter *p, struct peer_plan *plan, uint64_t *value)
{
    uint8_t hex[PEER_OCTETS_MAX];
    size_t max = p->max < sizeof hex ? p->max : sizeof hex, size = 0;
    const char *text = json_is_string(node) ? json_string(node) : "";
    if (p->unit == PEER_HEX)
        size = hex_octets(text, hex, max);
    else if (strlen(text) <= max)
        size = strlen(text);
    if (size > 0)
        *value = octets_add(load, plan, p->unit == PEER_HEX ? hex : (const uint8_t *)text, size);
    else
        json_problem(node, "want %s of 1 to %zu bytes%s", p->unit == PEER_HEX ? "hex" : "a text",
                     max, p->unit == PEER_HEX ? ", such as \"0a0b\"" : "");
    return size > 0;
}

static bool value_read(const struct load *load, const struct json_node *node,
                       const struct peer_parameter *p, struct peer_plan *plan, uint64_t *value)
{
    bool flag = false;
    switch (p->unit) {
    case PEER_US:
    case PEER_MS:
        return time_value_read(node, p, value);
    case PEER_FLAG:
        if (!json_want_bool(node, &flag))
            return false;
        *value = flag;
        return true;
    case PEER_TEXT:
    case PEER_HEX:
        return octets_read(load, node, p, plan, value);
    case PEER_NUMBER:
        break;
    }
    if (p->words && json_is_string(node))
        return word_read(node, p, value);
    return json_want_u64(node, p->min, p->max, value);
}

/* What a value is for: a peer's parameter or an argument of something that it does. */
struct values_of {
    const char *who, *what; /* "central", "parameter" */
    const struct peer_parameter *list;
    uint32_t count;
    struct peer_plan *plan; /* that they are of */
};

/* Which of them has this name; complains. */
static bool parameter_named(const struct json_node *up, const char *key, const struct values_of *of,
                            uint32_t *which)
{
    struct nearest nearest = nearest_to(key);
    char hint[96];
    for (*which = 0; *which < of->count; ++*which) {
        if (strcmp(of->list[*which].name, key) == 0)
            return true;
        nearest_offer(&nearest, of->list[*which].name);
    }
    json_key_problem(up, key, "\"%s\" has no such %s%s", of->who, of->what,
                     nearest_text(&nearest, hint, sizeof hint));
    return false;
}

static bool is_one_of(const char *key, const char *const words[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], key) == 0)
            return true;
    return false;
}

/* The members of an object, but for those that `others` names. */
static bool values_read(const struct load *load, const struct json_node *object,
                        const struct values_of *of, const char *const others[], size_t other_count,
                        uint64_t *values)
{
    bool good = true;
    for (uint32_t i = 0; i < of->count; i++)
        values[i] = of->list[i].reset;
    for (struct json_node node = json_first(object); node.value; node = json_next(&node)) {
        uint32_t which;
        if (is_one_of(node.key, others, other_count))
            continue;
        good &= parameter_named(object, node.key, of, &which) &&
                value_read(load, &node, &of->list[which], of->plan, &values[which]);
    }
    return good;
}

/* --- a peer's plan --------------------------------------------------------------------------- */

static bool verb_read(const struct json_node *node, const struct peer_type *type, uint32_t *verb)
{
    if (!json_is_string(node)) {
        json_problem(node, "%swant a text: what it does then", node->value ? "" : "missing: ");
        return false;
    }
    const char *name = json_string(node);
    struct nearest nearest = nearest_to(name);
    char hint[96];
    for (*verb = 0; *verb < type->verb_count; ++*verb) {
        if (strcmp(type->verbs[*verb].name, name) == 0)
            return true;
        nearest_offer(&nearest, type->verbs[*verb].name);
    }
    json_problem(node, "\"%.40s\" is nothing that a %s does%s", name, type->type.name,
                 nearest_text(&nearest, hint, sizeof hint));
    return false;
}

/* The last action before this one that is timed, or is not, as it is; NULL: none. */
static const struct peer_action *action_before(const struct peer_plan *plan, bool timed)
{
    for (uint32_t i = plan->action_count; i-- > 0;)
        if (plan->actions[i].timed == timed)
            return &plan->actions[i];
    return NULL;
}

static bool time_of_action(const struct json_node *node, const struct peer_plan *plan,
                           struct peer_action *action)
{
    const struct peer_action *before = action_before(plan, true);
    action->timed = true;
    action->at_event = UINT32_MAX;
    if (!time_read(node, "at_us", "at_ms", &action->at_ps))
        return false;
    if (!before || before->at_ps <= action->at_ps)
        return true;
    json_problem(node, "want them in order: the one before is at %" PRIu64 " us",
                 before->at_ps / PS_PER_US);
    return false;
}

static bool event_of_action(const struct json_node *at, const struct peer_plan *plan,
                            struct peer_action *action)
{
    const struct peer_action *before = action_before(plan, false);
    if (!json_want_u32(at, 0, UINT32_MAX, &action->at_event))
        return false;
    if (!before || before->at_event <= action->at_event)
        return true;
    json_problem(at, "want them in order: the one before is at %" PRIu32, before->at_event);
    return false;
}

static bool moment_read(const struct json_node *node, const struct peer_type *type,
                        const struct peer_plan *plan, struct peer_action *action)
{
    struct json_node at = json_member(node, "at_event");
    bool timed = json_member(node, "at_us").value || json_member(node, "at_ms").value;
    if (at.value ? !timed : !type->timed && !timed)
        return event_of_action(&at, plan, action);
    if (type->timed && timed && !at.value)
        return time_of_action(node, plan, action);
    if (type->timed)
        json_problem(node, "want one of \"at_event\", \"at_us\" and \"at_ms\"");
    else
        json_problem(node, "what a %s does has no time: want \"at_event\"", type->type.name);
    return false;
}

/* The app whose secret it is what this sends. */
static bool secret_of_read(const struct load *load, const struct json_node *node,
                           const struct peer_type *type, const struct peer_verb *verb,
                           struct peer_action *action)
{
    uint32_t app = 0;
    for (uint32_t i = 0; i < verb->argument_count && !type->type.on_air; i++) {
        enum peer_unit unit = verb->arguments[i].unit;
        if (unit != PEER_TEXT && unit != PEER_HEX)
            continue;
        bool named = app_named(load, node, &app);
        action->secret_of = (uint8_t)(app + 1);
        return named;
    }
    json_problem(node, "\"%s\" has no octets that could be a secret", verb->name);
    return false;
}

static bool action_read(const struct load *load, const struct json_node *node,
                        const struct peer_type *type, struct peer_plan *plan)
{
    static const char *const own[] = {"at_event", "at_us", "at_ms", "do", "secret_of", "comment"};
    struct json_node verb = json_member(node, "do"), of_app = json_member(node, "secret_of");
    struct peer_action *action = &plan->actions[plan->action_count];
    uint32_t which = 0;
    if (!json_is_object(node)) {
        json_problem(node, "want an object with \"at_event\" and \"do\"");
        return false;
    }
    if (!moment_read(node, type, plan, action) || !verb_read(&verb, type, &which))
        return false;
    plan->action_count++;
    action->verb = (uint16_t)which;
    const struct peer_verb *v = &type->verbs[which];
    const struct values_of of = {v->name, "argument", v->arguments, v->argument_count, plan};
    if (of_app.value && !secret_of_read(load, &of_app, type, v, action))
        return false;
    return values_read(load, node, &of, own, COUNT_OF(own), action->arguments);
}

static bool actions_read(const struct load *load, const struct json_node *list,
                         const struct peer_type *type, struct peer_plan *plan)
{
    if (!list->value)
        return true;
    bool good = json_want_array(list, 0, PEER_ACTION_MAX);
    for (struct json_node node = json_first(list); good && node.value; node = json_next(&node))
        good = action_read(load, &node, type, plan);
    return good;
}

enum { DRIFT_MAX_PPM = 100000, POSITION_MAX_M = 10000 }; /* ours */

static bool drift_read(const struct json_node *node, int64_t *drift_ppb)
{
    int64_t ppm = 0;
    if (node->value && !json_want_i64(node, -DRIFT_MAX_PPM, DRIFT_MAX_PPM, &ppm))
        return false;
    *drift_ppb = ppm * 1000;
    return true;
}

static bool peer_name_good(const struct load *load, const struct json_node *node)
{
    const struct scenario *s = load->scenario;
    if (node->key[strspn(node->key, "abcdefghijklmnopqrstuvwxyz0123456789_")] ||
        node->key[0] < 'a' || node->key[0] > 'z') {
        json_key_problem(node->up, node->key, "want small letters, digits and _, a letter first");
        return false;
    }
    bool taken = board_device_named(&s->board, node->key) != BOARD_NONE ||
                 strlen(node->key) >= SCENARIO_NAME_MAX || expect_keyword(node->key) ||
                 pattern_word(node->key);
    for (uint32_t i = 0; i < s->app_count; i++)
        taken |= strcmp(s->apps[i].name, node->key) == 0;
    if (taken)
        json_key_problem(node->up, node->key,
                         "means something else here: want a name of its own, and \"is\" for the "
                         "type");
    return !taken;
}

/* --- wires ----------------------------------------------------------------------------------- */

/* What a peer on each kind of wire says besides "on": its seat. */
static const struct {
    const char *name, *seat;
    uint32_t min, max;
} wire_kinds[WIRE_KINDS] = {
    [WIRE_NONE] = {"no wire", NULL, 0, 0},
    [WIRE_UART] = {"a UART", NULL, 0, 0},
    [WIRE_SPI] = {"SPI", "select", 0, WIRE_PIN_MAX},
    [WIRE_I2C] = {"I2C", "address", I2C_ADDRESS_MIN, I2C_ADDRESS_MAX},
    [WIRE_ANALOG] = {"analog inputs", "input", 0, ANALOG_INPUT_MAX},
    [WIRE_PINS] = {"pins", NULL, 0, 0},
};

static bool has_pins(const struct board *board)
{
    bool found = false;
    for (uint32_t i = 0; i < board->device_count; i++)
        found |= board->devices[i].type && board->devices[i].type->wire == WIRE_PINS;
    return found;
}

static const char *article(const char *word)
{
    return strchr("aeiou", word[0]) ? "an" : "a";
}

/* The board's device with the wire that this peer wants. */
static bool on_read(const struct load *load, const struct json_node *on, struct scenario_peer *peer)
{
    const struct board *board = &load->scenario->board;
    uint8_t wants = peer->type->type.wire;
    if (!on->value) {
        json_problem(on, "missing: want the device on whose wire it is: %s %s wants %s",
                     article(peer->type->type.name), peer->type->type.name, wire_kinds[wants].name);
        return false;
    }
    if (!device_named(board, on, &peer->on))
        return false;
    const struct device_type *type = board->devices[peer->on].type;
    uint8_t has = type ? type->wire : (uint8_t)WIRE_NONE;
    if (has == wants)
        return true;
    json_problem(on, "%s has %s: %s %s wants %s", json_string(on),
                 type ? wire_kinds[has].name : "no model on this board, and so no wire",
                 article(peer->type->type.name), peer->type->type.name, wire_kinds[wants].name);
    return false;
}

/* One on a UART; on SPI a pin belongs to one peer whatever the device. */
static const struct scenario_peer *in_its_seat(const struct scenario *s,
                                               const struct scenario_peer *peer)
{
    for (const struct scenario_peer *other = s->peers; other < peer; other++) {
        bool same_kind = other->type->type.wire == peer->type->type.wire;
        bool same_device = other->on == peer->on || peer->type->type.wire == WIRE_SPI;
        if (same_kind && same_device && other->seat == peer->seat)
            return other;
    }
    return NULL;
}

static bool wire_read(const struct load *load, const struct json_node *node,
                      struct scenario_peer *peer)
{
    uint8_t wire = peer->type->type.wire;
    const char *key = wire_kinds[wire].seat;
    struct json_node on = json_member(node, "on"), seat = json_member(node, key ? key : "on");
    if (wire == WIRE_NONE)
        return true;
    if (!on_read(load, &on, peer) ||
        (key && !json_want_u32(&seat, wire_kinds[wire].min, wire_kinds[wire].max, &peer->seat)))
        return false;
    if (wire == WIRE_SPI && !has_pins(&load->scenario->board)) {
        json_problem(&seat, "no device of this board drives pins: nobody could select it");
        return false;
    }
    const struct scenario_peer *other = in_its_seat(load->scenario, peer);
    if (other)
        json_problem(&seat, "is taken by the peer \"%s\"", other->name);
    return !other;
}

/* Which keys of a peer are no parameters of its type. */
static size_t own_keys(const struct peer_type *type, const char *keys[])
{
    static const char *const all[] = {"is", "comment", "drift_ppm", "position_m", "plan"};
    size_t count = COUNT_OF(all);
    memcpy(keys, all, sizeof all);
    if (type->type.wire != WIRE_NONE)
        keys[count++] = "on";
    if (wire_kinds[type->type.wire].seat)
        keys[count++] = wire_kinds[type->type.wire].seat;
    return count;
}

static bool peer_read(struct load *load, const struct json_node *node)
{
    const char *own[8];
    struct scenario *s = load->scenario;
    struct json_node is = json_member(node, "is"), list = json_member(node, "plan");
    struct json_node drift = json_member(node, "drift_ppm");
    struct json_node position = json_member(node, "position_m");
    if (s->peer_count == PEER_MAX) {
        json_problem(node, "more than %d peers", PEER_MAX);
        return false;
    }
    if (!json_is_object(node)) {
        json_problem(node, "want an object {...} of what this peer is like");
        return false;
    }
    if (is.value && !json_is_string(&is)) {
        json_problem(&is, "want a text: the name of a type");
        return false;
    }
    struct scenario_peer *peer = &s->peers[s->peer_count];
    const char *type = is.value ? json_string(&is) : node->key;
    if (!peer_name_good(load, node) || !type_read(load, is.value ? &is : node, type, &peer->type))
        return false;
    (void)snprintf(peer->name, sizeof peer->name, "%s", node->key);
    s->peer_count++;
    bool good = drift_read(&drift, &peer->plan.drift_ppb);
    if (position.value)
        good &= json_want_u32(&position, 0, POSITION_MAX_M, &peer->plan.position_m);
    const struct values_of of = {peer->type->type.name, "parameter", peer->type->parameters,
                                 peer->type->parameter_count, &peer->plan};
    good &= values_read(load, node, &of, own, own_keys(peer->type, own), peer->plan.values);
    good &= wire_read(load, node, peer);
    return good && actions_read(load, &list, peer->type, &peer->plan);
}

/* --- the air --------------------------------------------------------------------------------- */

bool station_named(const struct scenario *s, const char *name, uint32_t *device,
                   struct nearest *nearest)
{
    for (uint32_t i = 0; i < s->board.device_count; i++) {
        const struct board_device *d = &s->board.devices[i];
        if (!d->type || !d->type->on_air)
            continue;
        *device = i;
        if (strcmp(d->name, name) == 0)
            return true;
        nearest_offer(nearest, d->name);
    }
    for (uint32_t i = 0; i < s->peer_count; i++) {
        *device = s->board.device_count + i;
        if (strcmp(s->peers[i].name, name) == 0)
            return true;
        nearest_offer(nearest, s->peers[i].name);
    }
    return false;
}

static bool sender_read(const struct load *load, const struct json_node *node, uint32_t *device)
{
    const char *name = json_is_string(node) ? json_string(node) : "";
    struct nearest nearest = nearest_to(name);
    char hint[96];
    const struct scenario *s = load->scenario;
    bool found = station_named(s, name, device, &nearest);
    if (found && (*device < s->board.device_count ||
                  s->peers[*device - s->board.device_count].type->type.on_air))
        return true;
    json_problem(node, "\"%.40s\" has no antenna here%s", name,
                 nearest_text(&nearest, hint, sizeof hint));
    return false;
}

/* What "how" may be, and which keys go with it. */
static const struct how_row {
    const char *name;
    bool at_time;        /* also for all frames of a time */
    const char *keys[4]; /* beside those that say which frames */
} hows[AIR_HOWS] = {
    [AIR_LOSE] = {"lose", true, {NULL}},
    [AIR_CORRUPT] = {"corrupt", true, {NULL}},
    [AIR_FLIP] = {"flip", false, {"at", "hex"}},
    [AIR_WRITE] = {"write", false, {"at", "hex"}},
    [AIR_PAYLOAD] = {"payload", false, {"llid", "hex"}},
    [AIR_SHIFT] = {"shift", false, {"later_us", "earlier_us"}},
    [AIR_REPEAT] = {"repeat", false, {"after_us", "by"}},
    [AIR_FOLLOW] = {"follow", false, {"after_us", "by", "hex"}},
};

enum { PDU_LAST_OCTET = 256 };

static bool how_read(const struct json_node *node, bool at_time, uint8_t *how)
{
    const char *names[AIR_HOWS];
    struct json_node word = json_member(node, "how");
    uint32_t count = 0, way = AIR_LOSE;
    for (uint32_t i = 0; i < AIR_HOWS; i++)
        if (!at_time || hows[i].at_time)
            names[count++] = hows[i].name;
    bool good = !word.value || json_want_word(&word, names, count, &way);
    *how = (uint8_t)way; /* those that a time may have are the first ones */
    return good;
}

static bool is_of_peer(const struct load *load, const struct json_node *node, uint32_t device)
{
    bool is_peer = device >= load->scenario->board.device_count;
    if (!is_peer)
        json_problem(node, "want a peer: a radio of the board makes its frames while it sends");
    return is_peer;
}

static bool fault_octets_read(const struct json_node *node, struct air_fault *fault)
{
    struct json_node hex = json_member(node, "hex");
    const char *text = json_is_string(&hex) ? json_string(&hex) : "";
    fault->octet_count = (uint8_t)hex_octets(text, fault->octets, AIR_OCTETS_MAX);
    if (fault->octet_count > 0)
        return true;
    json_problem(hex.value ? &hex : node, "want \"hex\" of 1 to %d bytes, such as \"0a0b\"",
                 AIR_OCTETS_MAX);
    return false;
}

static bool number_read(const struct json_node *node, const char *key, uint32_t min, uint32_t max,
                        uint16_t *value)
{
    struct json_node number = json_member(node, key);
    uint32_t wide = 0;
    if (!number.value)
        return true;
    bool good = json_want_u32(&number, min, max, &wide);
    *value = (uint16_t)wide;
    return good;
}

/* Up to a second. */
static bool shift_read(const struct json_node *node, const char *key, int64_t sign,
                       struct air_fault *fault)
{
    struct json_node us = json_member(node, key);
    uint64_t ps = 0;
    if (!us.value) {
        json_problem(node, "a time is missing: want \"%s\"", key);
        return false;
    }
    bool good = json_want_decimal(&us, 6, PS_PER_S, &ps);
    fault->shift_ps = sign * (int64_t)ps;
    return good;
}

/* Left out: the sender itself. */
static bool by_read(const struct load *load, const struct json_node *node, struct air_fault *fault)
{
    struct json_node by = json_member(node, "by"), of = json_member(node, "of");
    fault->by = fault->device;
    return (!by.value || sender_read(load, &by, &fault->by)) &&
           is_of_peer(load, by.value ? &by : &of, fault->by);
}

static bool change_read(const struct load *load, const struct json_node *node,
                        struct air_fault *fault)
{
    struct json_node of = json_member(node, "of");
    bool is_earlier = json_member(node, "earlier_us").value != NULL;
    if (fault->how >= AIR_FLIP && fault->how <= AIR_SHIFT && !is_of_peer(load, &of, fault->device))
        return false;
    switch ((enum air_how)fault->how) {
    case AIR_FLIP:
    case AIR_WRITE:
        return number_read(node, "at", 0, PDU_LAST_OCTET, &fault->at) &&
               fault_octets_read(node, fault);
    case AIR_PAYLOAD:
        fault->at = BLE_LLID_CONTROL;
        return number_read(node, "llid", 0, 3, &fault->at) && fault_octets_read(node, fault);
    case AIR_SHIFT:
        return shift_read(node, is_earlier ? "earlier_us" : "later_us", is_earlier ? -1 : 1, fault);
    case AIR_REPEAT:
        return shift_read(node, "after_us", 1, fault) && by_read(load, node, fault);
    case AIR_FOLLOW:
        return shift_read(node, "after_us", 1, fault) && by_read(load, node, fault) &&
               fault_octets_read(node, fault);
    default:
        return true;
    }
}

static uint32_t keys_add(const char *keys[], uint32_t count, const char *const *more, uint32_t max)
{
    for (uint32_t i = 0; i < max && more[i]; i++)
        keys[count++] = more[i];
    return count;
}

/* {"of": sender, "first", "last"}, and what is done to them */
static bool fault_of_sender_read(const struct load *load, const struct json_node *node,
                                 struct air_fault *fault)
{
    const char *keys[8] = {"of", "first", "last", "how"};
    struct json_node of = json_member(node, "of"), first = json_member(node, "first");
    struct json_node last = json_member(node, "last");
    uint32_t count = keys_add(keys, 4, hows[fault->how].keys, COUNT_OF(hows[0].keys));
    if (!json_want_object(node, keys, count) || !sender_read(load, &of, &fault->device) ||
        !json_want_u32(&first, 1, UINT32_MAX, &fault->first))
        return false;
    fault->last = fault->first;
    return (!last.value || json_want_u32(&last, fault->first, UINT32_MAX, &fault->last)) &&
           change_read(load, node, fault);
}

/* {"from_us", "to_us", "mhz"} */
static bool fault_at_time_read(const struct json_node *node, struct air_fault *fault)
{
    static const char *const keys[] = {"from_us", "from_ms", "to_us", "to_ms", "mhz", "how"};
    uint16_t mhz = 0;
    fault->at_time = true;
    if (!json_want_object(node, keys, COUNT_OF(keys)) ||
        !number_read(node, "mhz", 2400, 2500, &mhz) ||
        !time_read(node, "from_us", "from_ms", &fault->from_ps) ||
        !time_read(node, "to_us", "to_ms", &fault->to_ps))
        return false;
    fault->mhz = mhz;
    if (fault->from_ps < fault->to_ps)
        return true;
    json_problem(node, "it ends before it begins");
    return false;
}

static bool fault_read(const struct load *load, const struct json_node *node,
                       struct air_fault *fault)
{
    bool of_sender = json_member(node, "of").value != NULL;
    if (!json_is_object(node)) {
        json_problem(node, "want an object {...}");
        return false;
    }
    return how_read(node, !of_sender, &fault->how) &&
           (of_sender ? fault_of_sender_read(load, node, fault) : fault_at_time_read(node, fault));
}

static bool air_read(const struct load *load, const struct json_node *air)
{
    static const char *const keys[] = {"loss_ppm", "bit_error_ppm", "faults"};
    struct air_conditions *c = &load->scenario->air;
    struct json_node loss = json_member(air, "loss_ppm");
    struct json_node errors = json_member(air, "bit_error_ppm");
    struct json_node faults = json_member(air, "faults");
    if (!air->value)
        return true;
    bool good = json_want_object(air, keys, COUNT_OF(keys));
    if (loss.value)
        good &= json_want_u32(&loss, 0, 1000000, &c->loss_ppm);
    if (errors.value)
        good &= json_want_u32(&errors, 0, 1000000, &c->bit_error_ppm);
    if (faults.value)
        good &= json_want_array(&faults, 1, AIR_FAULT_MAX);
    for (struct json_node one = json_first(&faults); good && one.value; one = json_next(&one))
        good = fault_read(load, &one, &c->faults[c->fault_count++]);
    return good;
}

bool world_read(struct load *load, const struct json_node *world)
{
    struct json_node air = json_member(world, "air");
    if (!world->value)
        return true;
    if (!json_is_object(world)) {
        json_problem(world, "want an object {...} of peers, and \"air\"");
        return false;
    }
    bool good = true;
    for (struct json_node node = json_first(world); node.value; node = json_next(&node))
        if (strcmp(node.key, "air") != 0 && strcmp(node.key, "comment") != 0)
            good &= peer_read(load, &node);
    return good && air_read(load, &air); /* the air speaks of the peers */
}
