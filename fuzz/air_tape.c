/* air_tape.c: see air_tape.h. */
#include "fuzz/air_tape.h"

#include "sim/ble/pdu.h"
#include "sim/world/catalogue.h"
#include "sim/world/central.h"

/* --- payloads -------------------------------------------------------------------------------- */

/* What an operation's bytes choose from, for numbers of 16 bits: the edges of intervals (6, 3200),
 * latency (499), timeouts (10, 3200), and of the type. */
static const uint16_t edges[16] = {6,  7,   8,   9,    0,    1,      5,      10,
                                   24, 499, 500, 3200, 3201, 0x7fff, 0x8000, 0xffff};
/* Of lawful short connections more often. */
static const uint16_t timeouts[16] = {10,  20,   30,   100, 10, 20,     30,     100,
                                      200, 3200, 3201, 9,   0,  0x7fff, 0xffff, 1};
static const uint64_t maps[8] = {
    BLE_CHANNELS_ALL,      3, 0x1555555555, 0, 1, UINT64_C(1) << 36, UINT64_C(0xe000000000),
    UINT64_C(0xffffffffff)};

static uint16_t instant_of(const struct tape_op *op, uint32_t event)
{
    const int8_t offset = op->value[0].offset;
    if (offset > 120 || offset < -120)
        return (uint16_t)(event + 32767 + (uint32_t)(offset > 0 ? offset - 124 : offset + 124));
    return (uint16_t)(event + (uint32_t)(offset / 4));
}

static struct ble_control control_of(const struct tape_op *op, uint32_t event)
{
    uint8_t a = op->value[0].pick, b = (uint8_t)op->value[1].offset, c = op->value[1].pick;
    struct ble_control control = {.opcode = op->number % BLE_CONTROL_OPCODES};
    uint16_t instant = instant_of(op, event);
    switch (control.opcode) {
    case BLE_CONNECTION_UPDATE_IND:
        control.update.interval = edges[a % 16];
        control.update.timeout = timeouts[a / 16];
        control.update.latency = b % 4 ? 0 : edges[c % 16];
        control.update.window_size = b % 8 < 6 ? 1 : b;
        control.update.window_offset = b / 16 < 10 ? b / 64 : edges[b / 16];
        control.update.instant = instant;
        break;
    case BLE_CHANNEL_MAP_IND:
        control.map.channels = maps[a % 8];
        control.map.instant = instant;
        break;
    case BLE_PHY_UPDATE_IND:
        control.phy_update.to_peripheral = a % 8;
        control.phy_update.to_central = a / 8 % 2 ? b : a % 8;
        control.phy_update.instant = instant;
        break;
    case BLE_PHY_REQ:
        control.phys.tx = a;
        control.phys.rx = b;
        break;
    case BLE_UNKNOWN_RSP:
        control.unknown = a;
        break;
    default:
        break;
    }
    return control;
}

/* A control PDU whose fields mean nothing is of zeros, or of any octets. */
static size_t control_payload(const struct tape_op *op, uint32_t event, uint8_t *payload)
{
    struct ble_control control = control_of(op, event);
    size_t size = ble_control_write(&control, payload);
    for (size_t i = 1; i < size && op->value[1].pick % 4 == 3; i++)
        payload[i] = (uint8_t)random_mix((uint64_t)op->value[0].pick << 8 | i);
    if (op->number >= 0xe0)
        payload[0] = op->number; /* none that there is */
    if (op->size >= 0xc0)
        size = op->size % (AIR_PAYLOAD_MAX + 1u);
    return size > 0 ? size : 1;
}

/* A frame of L2CAP, with a length that mostly is right, for ATT. */
static size_t att_payload(const struct tape_op *op, uint8_t *payload)
{
    static const uint8_t opcodes[8] = {0x0a, 0x02, 0x04, 0x08, 0x0c, 0x12, 0x52, 0x1e};
    size_t size = 3;
    payload[0] = op->value[1].pick % 4 ? 3 : op->value[1].pick;
    payload[2] = op->value[1].pick % 8 == 7 ? op->value[0].pick : 4;
    payload[4] = op->number >= 0x80 ? op->number : opcodes[op->number % 8];
    payload[5] = op->value[0].pick % 8;
    payload[6] = (uint8_t)(op->value[0].offset > 64 ? op->value[0].offset : 0);
    if (op->size >= 0x80)
        size = op->size % (AIR_PAYLOAD_MAX - 3u);
    return 4 + size;
}

/* Its size; LLID in `llid`. */
static size_t payload_of(const struct tape_op *op, uint32_t event, uint8_t payload[64],
                         uint8_t *llid)
{
    static const uint8_t llids[16] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 1, 0};
    memset(payload, 0, 64);
    *llid = llids[op->size % 16];
    return *llid == BLE_LLID_CONTROL ? control_payload(op, event, payload)
                                     : att_payload(op, payload);
}

/* --- the air --------------------------------------------------------------------------------- */

/* Octets that are worth a change: headers, and the fields of a CONNECT_IND. */
static const uint8_t places[16] = {0, 0, 1, 1, 2, 3, 4, 8, 14, 18, 21, 22, 24, 26, 28, 30};

static uint16_t place_of(const struct tape_op *op)
{
    return op->number < 0xe0 ? places[op->number % 16] : op->number % 40;
}

static int64_t shift_ps(const struct tape_op *op)
{
    static const uint32_t steps_ps[4] = {100000, 1000000, 10000000, 100000000};
    return (int64_t)op->value[0].offset * steps_ps[op->size % 4];
}

static void add_octets(struct air_fault *fault, const uint8_t *octets, size_t size)
{
    fault->octet_count = (uint8_t)size;
    memcpy(fault->octets, octets, size);
}

/* Behind an advertisement: SCAN_REQ or CONNECT_IND, which copies the address of who advertises from
 * where a stage's peripheral has it. */
static void advertising_follow(const struct tape_op *op, struct air_fault *fault)
{
    static const uint8_t ours[BLE_DEVICE_ADDRESS_SIZE] = {0x07, 0x01, 0x00, 0x00, 0x00, 0xc0};
    struct ble_scan_req request = {.tx_random = true, .rx_random = true};
    struct ble_connect connect = {.ch_sel = op->size & 1,
                                  .tx_random = true,
                                  .rx_random = true,
                                  .access_address = 0x71764129,
                                  .crc_init = 0x17a2b3,
                                  .window_size = op->size & 2 ? op->size : 1,
                                  .window_offset = op->size & 4 ? op->size : 0,
                                  .interval = edges[op->value[0].pick % 16],
                                  .timeout = timeouts[op->value[0].pick / 16],
                                  .latency = op->size & 8 ? edges[op->value[1].pick / 8 % 16] : 0,
                                  .channels = maps[op->value[1].pick % 8],
                                  .hop = op->size & 16 ? op->size >> 3 : 9};
    uint8_t pdu[BLE_ADV_PDU_MAX];
    memcpy(request.advertiser, ours, sizeof ours);
    memcpy(connect.advertiser, ours, sizeof ours);
    size_t size =
        op->number % 4 < 2 ? ble_scan_req_write(&request, pdu) : ble_connect_write(&connect, pdu);
    if (op->number >= 0xc0)
        pdu[op->number % size] ^= op->value[1].pick;
    add_octets(fault, pdu, size);
}

static void data_follow(const struct tape_op *op, uint32_t event, struct air_fault *fault)
{
    uint8_t payload[64], llid, pdu[66];
    size_t size = payload_of(op, event, payload, &llid);
    ble_data_header_write((struct ble_data_header){.llid = llid,
                                                   .sn = op->value[1].pick & 1,
                                                   .nesn = op->value[1].pick & 2,
                                                   .md = op->value[1].pick & 4,
                                                   .size = (uint8_t)size},
                          pdu);
    memcpy(pdu + BLE_HEADER_SIZE, payload, size);
    add_octets(fault, pdu, BLE_HEADER_SIZE + size);
}

static struct air_fault fault_of(const struct air_tape *air, const struct tape_op *op,
                                 uint32_t frame)
{
    struct air_fault fault = {.how = op->kind,
                              .device = air->first,
                              .first = air->sent[0] + frame,
                              .last = air->sent[0] + frame,
                              .by = op->value[1].offset & 1 ? air->last : air->first};
    switch ((enum air_how)op->kind) {
    case AIR_LOSE:
    case AIR_CORRUPT:
        fault.last += op->size % (op->size < 192 ? 4u : 64u);
        break;
    case AIR_FLIP:
        fault.at = place_of(op);
        add_octets(&fault, (const uint8_t[1]){op->size ? op->size : 4}, 1);
        break;
    case AIR_WRITE:
        fault.at = place_of(op);
        add_octets(&fault, (const uint8_t[2]){op->size, op->value[0].pick}, 2);
        break;
    case AIR_PAYLOAD: {
        uint8_t payload[64], llid;
        size_t size = payload_of(op, air->events + frame, payload, &llid);
        add_octets(&fault, payload, size);
        fault.at = llid;
        break;
    }
    case AIR_SHIFT:
        fault.shift_ps = shift_ps(op);
        break;
    case AIR_REPEAT:
        fault.shift_ps = op->value[0].pick * (int64_t)PS_PER_US;
        break;
    default:
        fault.device = air->radio;
        fault.first = fault.last = air->sent[1] + frame;
        fault.shift_ps = 150 * (int64_t)PS_PER_US + op->value[0].offset * (int64_t)PS_PER_US / 16;
        if (air->events == 0)
            advertising_follow(op, &fault);
        else
            data_follow(op, air->events + frame, &fault);
        break;
    }
    return fault;
}

static void plan_faults(const struct air_tape *air, struct scenario *s, const struct tape *tape)
{
    uint32_t at = 0, frame = 1;
    const struct tape_op *op;
    s->air.fault_count = air->own_faults;
    while ((op = tape_next(tape, AIR_STREAM, &at)) && s->air.fault_count < AIR_FAULT_MAX) {
        frame += op->which % 8u;
        if (op->kind < AIR_HOWS)
            s->air.faults[s->air.fault_count++] = fault_of(air, op, frame);
    }
}

/* --- the central ----------------------------------------------------------------------------- */

static const uint8_t peer_kinds[PEER_KINDS] = {
    CENTRAL_DO_PDU,     CENTRAL_DO_UPDATE,  CENTRAL_DO_MAP,      CENTRAL_DO_PHY,
    CENTRAL_DO_LENGTH,  CENTRAL_DO_ENCRYPT, CENTRAL_DO_READ,     CENTRAL_DO_MTU,
    CENTRAL_DO_SILENCE, CENTRAL_DO_CORRUPT, CENTRAL_DO_STOP_SN,  CENTRAL_DO_STOP_NESN,
    CENTRAL_DO_LEAP,    CENTRAL_DO_VERSION, CENTRAL_DO_FEATURES, CENTRAL_DO_TERMINATE,
};

/* From so many events before an instant on silence may begin; ours. */
enum { INSTANT_BEFORE = 3 };

/* Within what a scenario may say. */
static uint64_t within(const struct peer_parameter *p, uint64_t value)
{
    uint64_t step = p->step ? p->step : 1;
    value = value < p->min ? p->min : value > p->max ? p->max : value;
    return value / step * step;
}

/* Events until an instant. A stage ends after five: half of all numbers lead to those that come. */
static uint32_t ahead_of(const struct tape_op *op)
{
    return op->number >= 0x80 && op->number < 0xf0 ? op->number % 4u + 1 : op->number % 16u;
}

static bool changes(const struct tape_op *op)
{
    uint32_t verb = peer_kinds[op->kind % PEER_KINDS];
    return verb == CENTRAL_DO_UPDATE || verb == CENTRAL_DO_MAP || verb == CENTRAL_DO_PHY;
}

/* An update whose instant comes soon, with lawful values more often than not. */
static void update_arguments(const struct tape_op *op, uint64_t *arguments)
{
    const struct peer_parameter *p = central_verbs[CENTRAL_DO_UPDATE].arguments;
    const uint64_t wanted[7] = {edges[op->value[0].pick % 16] * UINT64_C(1250) * PS_PER_US,
                                op->size & 1 ? edges[op->value[1].pick % 16] : 0,
                                timeouts[op->value[0].pick / 16] * UINT64_C(10) * PS_PER_MS,
                                op->size & 2 ? op->size * UINT64_C(1250) * PS_PER_US : 0,
                                op->size & 4 ? op->size * UINT64_C(1250) * PS_PER_US : 0,
                                ahead_of(op),
                                op->number >= 0xf0 ? op->number % 8u : 0};
    for (uint32_t i = 0; i < 7; i++)
        arguments[i] = within(&p[i], wanted[i]);
}

static void other_arguments(const struct tape_op *op, uint32_t verb, uint64_t *arguments)
{
    const struct peer_verb *v = &central_verbs[verb];
    const uint64_t soon = ahead_of(op);
    const uint64_t first[CENTRAL_VERBS] = {
        [CENTRAL_DO_MAP] = maps[op->value[0].pick % 8] & BLE_CHANNELS_ALL,
        [CENTRAL_DO_PHY] = op->size % 3u,
        [CENTRAL_DO_LENGTH] = op->size,
        [CENTRAL_DO_ENCRYPT] = op->size,
        [CENTRAL_DO_READ] = op->size % 8u,
        [CENTRAL_DO_MTU] = edges[op->size % 16],
        [CENTRAL_DO_LEAP] = op->value[0].pick * PS_PER_US * (op->size % 4u ? 1 : 64),
        [CENTRAL_DO_TERMINATE] = op->size,
        [CENTRAL_DO_SILENCE] = op->size < 192 ? 0 : 1 + op->size % 64u, /* or see below */
    };
    for (uint32_t i = 0; i < v->argument_count; i++)
        arguments[i] = v->arguments[i].reset;
    if (v->argument_count > 0)
        arguments[0] = within(&v->arguments[0], first[verb] ? first[verb] : 1 + op->size % 4u);
    if (verb == CENTRAL_DO_MAP)
        arguments[1] = soon;
    if (verb == CENTRAL_DO_PHY) {
        arguments[1] = op->value[0].pick % 3u;
        arguments[2] = soon;
    }
}

/* What the last update of the plan says, or the connection began with. */
static uint64_t events_of_timeout(const struct peer_plan *plan)
{
    uint64_t interval = plan->values[CENTRAL_INTERVAL], timeout = plan->values[CENTRAL_TIMEOUT];
    for (uint32_t i = 0; i < plan->action_count; i++) {
        if (plan->actions[i].verb != CENTRAL_DO_UPDATE)
            continue;
        interval = plan->actions[i].arguments[0];
        timeout = plan->actions[i].arguments[2];
    }
    return timeout / interval;
}

static bool is_to_the_edge(const struct tape_op *op)
{
    return peer_kinds[op->kind % PEER_KINDS] == CENTRAL_DO_SILENCE && op->size >= 128 &&
           op->size < 192;
}

/* As long as the connection bears, counted from the last change's instant, if that is `left` events
 * ahead; or a bit shorter. */
static void silence_to_the_edge(struct peer_plan *plan, const struct tape_op *op, uint32_t left)
{
    struct peer_action *action = &plan->actions[plan->action_count - 1];
    const struct peer_parameter *p = central_verbs[CENTRAL_DO_SILENCE].arguments;
    uint64_t most = left + events_of_timeout(plan);
    action->arguments[0] = within(p, most > op->size % 4u ? most - op->size % 4u : 1);
}

static void add_action(struct air_tape *air, const struct tape_op *op, uint32_t at_event)
{
    struct peer_plan *plan = air->plan;
    uint32_t place = plan->action_count++, verb = peer_kinds[op->kind % PEER_KINDS];
    struct peer_action *action = &plan->actions[place];
    *action = (struct peer_action){.at_event = at_event, .verb = (uint16_t)verb};
    if (verb == CENTRAL_DO_UPDATE) {
        update_arguments(op, action->arguments);
    } else if (verb != CENTRAL_DO_PDU) {
        other_arguments(op, verb, action->arguments);
    } else {
        uint8_t payload[64], llid;
        size_t size = payload_of(op, at_event, payload, &llid);
        memcpy(air->bytes[place], payload, size);
        air->octets[place] = (struct peer_octets){
            .next = plan->octets, .number = 1 + place, .size = (uint32_t)size, air->bytes[place]};
        plan->octets = &air->octets[place];
        action->arguments[0] = llid;
        action->arguments[1] = 1 + place;
    }
}

/* How many events an operation comes behind the one before it. Silence may be told by the instant
 * of the last change. */
static uint32_t events_on(const struct tape_op *op, uint32_t since, uint32_t ahead)
{
    const uint32_t more = op->number % 128u, first = ahead + more % 8;
    if (peer_kinds[op->kind % PEER_KINDS] != CENTRAL_DO_SILENCE)
        return op->which % 8u;
    if (op->number < 128)
        return op->which % 8u + more;
    return first > since + INSTANT_BEFORE ? first - since - INSTANT_BEFORE : 0;
}

static void plan_actions(struct air_tape *air, const struct tape *tape)
{
    uint32_t at = 0, event = air->events, since = 0, ahead = 0;
    const struct tape_op *op;
    air->plan->action_count = air->own_actions;
    air->plan->octets = NULL; /* no stage has any of its own */
    while ((op = tape_next(tape, PEER_STREAM, &at)) && air->plan->action_count < PEER_ACTION_MAX) {
        uint32_t events = events_on(op, since, ahead);
        event += events;
        since += events;
        add_action(air, op, event);
        if (is_to_the_edge(op))
            silence_to_the_edge(air->plan, op, ahead > since ? ahead - since : 0);
        if (changes(op)) {
            since = 0;
            ahead = ahead_of(op);
        }
    }
}

void air_tape_plan(struct air_tape *air, struct scenario *s, const struct tape *tape)
{
    if (air->first != BOARD_NONE && air->radio != BOARD_NONE)
        plan_faults(air, s, tape);
    if (air->plan)
        plan_actions(air, tape);
}

/* --- the snapshot ---------------------------------------------------------------------------- */

static uint32_t events_of(const struct scenario *s, struct machine *m, uint32_t peer)
{
    const struct peer_type *type = s->peers[peer].type;
    for (uint32_t i = 0; i < type->fact_count; i++)
        if (strcmp(type->facts[i].name, "events") == 0)
            return (uint32_t)machine_peer_fact(m, peer, i);
    return 0;
}

void air_tape_start(struct air_tape *air, struct scenario *s, struct machine *m)
{
    const struct air *stations = machine_air(m);
    *air = (struct air_tape){.radio = BOARD_NONE, .first = BOARD_NONE, .last = BOARD_NONE};
    air->own_faults = s->air.fault_count;
    for (uint32_t i = 0; i < stations->station_count; i++) {
        const struct air_station *station = &stations->stations[i];
        bool is_peer = station->device >= s->board.device_count;
        if (!is_peer) {
            air->radio = station->device;
            air->sent[1] = station->sent;
        } else if (air->first == BOARD_NONE) {
            air->first = station->device;
            air->sent[0] = station->sent;
        }
        if (is_peer)
            air->last = station->device;
    }
    for (uint32_t i = 0; i < s->peer_count; i++) {
        if (s->peers[i].type != &central_peer)
            continue;
        air->plan = &s->peers[i].plan;
        air->own_actions = air->plan->action_count;
        air->events = events_of(s, m, i);
    }
}
