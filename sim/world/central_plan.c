/* central_plan.c: what a scenario has the central do, the forbidden included. */
#include "sim/world/central.h"

#include <string.h>

enum { UNIT_US = 1250 };
#define UNIT_PS (UNIT_US * PS_PER_US)
#define UNITS_MAX UINT64_C(0xffff)

/* Places of arguments. */
enum { INTERVAL, LATENCY, TIMEOUT, WINDOW_OFFSET, WINDOW_SIZE, UPDATE_AHEAD, UPDATE_AGO };
enum { MAP, MAP_AHEAD, MAP_AGO };
enum { TO_PERIPHERAL, TO_CENTRAL, PHY_AHEAD };

#define AHEAD                                                                                      \
    {                                                                                              \
        "instant_in", "events until the instant; left out: latency + 7", PEER_NUMBER, 0, 0x7fff,   \
            CENTRAL_CHOOSE, NULL, 0                                                                \
    }
#define AGO                                                                                        \
    {                                                                                              \
        "instant_ago", "above 0: the instant has passed, and the central keeps to the old",        \
            PEER_NUMBER, 0, 0x7fff, 0, NULL, 0                                                     \
    }
#define COUNT_OF_PACKETS                                                                           \
    {                                                                                              \
        "packets", "how many", PEER_NUMBER, 1, UINT32_MAX, 1, NULL, 0                              \
    }

static const char *const phys[] = {"unchanged", "1M", "2M", NULL};

const struct peer_verb central_verbs[CENTRAL_VERBS] = {
    [CENTRAL_DO_UPDATE] = {"connection_update",
                           "other times, by LL_CONNECTION_UPDATE_IND",
                           7,
                           {[INTERVAL] = {"interval_us", "in steps of 1250", PEER_US, UNIT_PS,
                                          UNITS_MAX *UNIT_PS, 30 * PS_PER_MS, NULL, UNIT_PS},
                            [LATENCY] = {"latency", "events that the peripheral may skip",
                                         PEER_NUMBER, 0, UNITS_MAX, 0, NULL, 0},
                            [TIMEOUT] = {"timeout_ms", "supervision timeout, in steps of 10",
                                         PEER_MS, 10 * PS_PER_MS, UNITS_MAX * 10 * PS_PER_MS,
                                         1000 * PS_PER_MS, NULL, 10 * PS_PER_MS},
                            [WINDOW_OFFSET] = {"window_offset_us", "in steps of 1250", PEER_US, 0,
                                               UNITS_MAX *UNIT_PS, 0, NULL, UNIT_PS},
                            [WINDOW_SIZE] = {"window_size_us", "in steps of 1250", PEER_US, 0,
                                             255 * UNIT_PS, UNIT_PS, NULL, UNIT_PS},
                            [UPDATE_AHEAD] = AHEAD,
                            [UPDATE_AGO] = AGO}},
    [CENTRAL_DO_MAP] = {"channel_map",
                        "other channels, by LL_CHANNEL_MAP_IND",
                        3,
                        {[MAP] = {"map", "bit k for channel k", PEER_NUMBER, 1, BLE_CHANNELS_ALL,
                                  BLE_CHANNELS_ALL, NULL, 0},
                         [MAP_AHEAD] = AHEAD,
                         [MAP_AGO] = AGO}},
    [CENTRAL_DO_PHY] = {"phy",
                        "another PHY, by LL_PHY_REQ and LL_PHY_UPDATE_IND",
                        3,
                        {[TO_PERIPHERAL] = {"to_peripheral", "what the central sends on",
                                            PEER_NUMBER, 0, 2, 2, phys, 0},
                         [TO_CENTRAL] = {"to_central", "what the peripheral sends on", PEER_NUMBER,
                                         0, 2, 2, phys, 0},
                         [PHY_AHEAD] = AHEAD}},
    [CENTRAL_DO_VERSION] = {"version", "sends LL_VERSION_IND", 0, {{0}}},
    [CENTRAL_DO_FEATURES] = {"features", "sends LL_FEATURE_REQ", 0, {{0}}},
    [CENTRAL_DO_PING] = {"ping", "sends LL_PING_REQ", 0, {{0}}},
    [CENTRAL_DO_LENGTH] = {"length",
                           "sends LL_LENGTH_REQ",
                           1,
                           {{"octets", "that it says it takes", PEER_NUMBER, 27, 251, 27, NULL,
                             0}}},
    [CENTRAL_DO_ENCRYPT] = {"encrypt",
                            "starts encryption with the key ltk_high, ltk_low",
                            2,
                            {{"skd", "its half of SKD, low octet first; 0: drawn", PEER_NUMBER, 0,
                              UINT64_MAX, 0, NULL, 0},
                             {"iv", "its half of IV, low octet first; 0: drawn", PEER_NUMBER, 0,
                              UINT32_MAX, 0, NULL, 0}}},
    [CENTRAL_DO_TERMINATE] = {"terminate",
                              "sends LL_TERMINATE_IND; closed with 0x16 when that is acknowledged",
                              1,
                              {{"reason", "what it says: HCI error code", PEER_NUMBER, 0, 255,
                                BLE_REASON_REMOTE_USER, NULL, 0}}},
    [CENTRAL_DO_UNKNOWN] = {"unknown",
                            "sends a control PDU that nobody knows, or of a wrong size",
                            3,
                            {{"opcode", "its first octet", PEER_NUMBER, 0, 255, 0x7f, NULL, 0},
                             {"size", "octets, the opcode included", PEER_NUMBER, 1,
                              CENTRAL_PDU_MAX, 1, NULL, 0},
                             {"fill", "the other octets", PEER_NUMBER, 0, 255, 0, NULL, 0}}},
    [CENTRAL_DO_READ] = {"read",
                         "sends an ATT read request",
                         1,
                         {{"handle", "of the attribute", PEER_NUMBER, 0, 0xffff, 3, NULL, 0}}},
    [CENTRAL_DO_MTU] = {"mtu",
                        "sends an ATT MTU request",
                        1,
                        {{"octets", "that it offers", PEER_NUMBER, 0, 0xffff, 23, NULL, 0}}},
    [CENTRAL_DO_SILENCE] = {"silence",
                            "says nothing, from this event on",
                            1,
                            {{"events", "how many", PEER_NUMBER, 1, UINT32_MAX, 1, NULL, 0}}},
    [CENTRAL_DO_CORRUPT] = {"corrupt", "its next packets have a bad CRC", 1, {COUNT_OF_PACKETS}},
    [CENTRAL_DO_STOP_SN] = {"stop_sn",
                            "ignores acknowledgements: sends the same again, with the same SN",
                            1,
                            {COUNT_OF_PACKETS}},
    [CENTRAL_DO_STOP_NESN] = {"stop_nesn",
                              "does not acknowledge packets that have a payload",
                              1,
                              {COUNT_OF_PACKETS}},
    [CENTRAL_DO_LEAP] = {"leap",
                         "all anchors from the next on are later by so much",
                         1,
                         {{"by_us", "whole microseconds", PEER_US, 0, PS_PER_S, 0, NULL,
                           PS_PER_US}}},
    [CENTRAL_DO_LLID] = {"reserved_llid", "sends a data PDU with LLID 0", 0, {{0}}},
    [CENTRAL_DO_PDU] = {"pdu",
                        "sends any payload; what it asks for, the central itself does not do",
                        2,
                        {{"llid", "0 to 3", PEER_NUMBER, 0, 3, BLE_LLID_CONTROL, NULL, 0},
                         {"hex", "the payload", PEER_HEX, 1, CENTRAL_PDU_MAX, 0, NULL, 0}}},
};

static void do_update(struct device *d, const uint64_t *arguments)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    uint16_t instant = arguments[UPDATE_AGO] ? (uint16_t)(link->event - arguments[UPDATE_AGO])
                                             : central_instant(link, arguments[UPDATE_AHEAD]);
    const struct ble_control update = {
        .opcode = BLE_CONNECTION_UPDATE_IND,
        .update = {.window_size = (uint8_t)(arguments[WINDOW_SIZE] / UNIT_PS),
                   .window_offset = (uint16_t)(arguments[WINDOW_OFFSET] / UNIT_PS),
                   .interval = (uint16_t)(arguments[INTERVAL] / UNIT_PS),
                   .latency = (uint16_t)arguments[LATENCY],
                   .timeout = (uint16_t)(arguments[TIMEOUT] / (10 * PS_PER_MS)),
                   .instant = instant}};
    if (arguments[UPDATE_AGO]) {
        central_control(c, &update);
        return;
    }
    central_begin(d, &update);
    link->update_next = update;
    link->update = (struct central_change){true, instant};
    if (instant == link->event)
        central_update(d, &update);
}

static void do_map(struct device *d, const uint64_t *arguments)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    uint16_t instant = arguments[MAP_AGO] ? (uint16_t)(link->event - arguments[MAP_AGO])
                                          : central_instant(link, arguments[MAP_AHEAD]);
    const struct ble_control map = {.opcode = BLE_CHANNEL_MAP_IND,
                                    .map = {arguments[MAP], instant}};
    if (arguments[MAP_AGO]) {
        central_control(c, &map);
        return;
    }
    central_begin(d, &map);
    link->map_next = arguments[MAP];
    link->map_change = (struct central_change){true, instant};
}

static void do_phy(struct device *d, const uint64_t *arguments)
{
    static const uint8_t bits[] = {0, BLE_PHY_BIT_1M, BLE_PHY_BIT_2M};
    struct central *c = device_state(d);
    c->link.phy_asked_to_peripheral = bits[arguments[TO_PERIPHERAL]];
    c->link.phy_asked_to_central = bits[arguments[TO_CENTRAL]];
    c->link.phy_instant_in = arguments[PHY_AHEAD];
    const uint8_t any = BLE_PHY_BIT_1M | BLE_PHY_BIT_2M;
    const struct ble_control request = {
        .opcode = BLE_PHY_REQ,
        .phys = {.tx = c->link.phy_asked_to_peripheral ? c->link.phy_asked_to_peripheral : any,
                 .rx = c->link.phy_asked_to_central ? c->link.phy_asked_to_central : any}};
    central_begin(d, &request);
}

static void do_length(struct device *d, const uint64_t *arguments)
{
    struct central *c = device_state(d);
    uint16_t octets = (uint16_t)arguments[0];
    uint16_t time_us = (uint16_t)(ble_air_ps(BLE_PHY_1M, octets + 4u) / PS_PER_US);
    c->link.octets_in = (uint8_t)octets;
    central_begin(d, &(struct ble_control){.opcode = BLE_LENGTH_REQ,
                                           .length = {octets, time_us, CENTRAL_PDU_MAX, 328}});
}

static void do_unknown(struct device *d, const uint64_t *arguments)
{
    struct central *c = device_state(d);
    uint8_t payload[CENTRAL_PDU_MAX];
    memset(payload, (int)arguments[2], sizeof payload);
    payload[0] = (uint8_t)arguments[0];
    (void)central_queue(c, BLE_LLID_CONTROL, payload, arguments[1]);
}

static void do_pdu(struct device *d, const uint64_t *arguments)
{
    const struct peer_octets *octets = peer_octets(peer_plan(d), arguments[1]);
    if (octets)
        (void)central_queue(device_state(d), (uint8_t)arguments[0], octets->octets, octets->size);
}

static void do_verb(struct device *d, enum central_verb verb, const uint64_t *arguments)
{
    struct central *c = device_state(d);
    struct central_link *link = &c->link;
    switch (verb) {
    case CENTRAL_DO_UPDATE:
        do_update(d, arguments);
        break;
    case CENTRAL_DO_MAP:
        do_map(d, arguments);
        break;
    case CENTRAL_DO_PHY:
        do_phy(d, arguments);
        break;
    case CENTRAL_DO_VERSION:
        link->version_sent = true;
        central_begin(d, &central_own_version);
        break;
    case CENTRAL_DO_FEATURES:
        central_begin(
            d, &(struct ble_control){.opcode = BLE_FEATURE_REQ, .features = CENTRAL_OWN_FEATURES});
        break;
    case CENTRAL_DO_PING:
        central_begin(d, &(struct ble_control){.opcode = BLE_PING_REQ});
        break;
    case CENTRAL_DO_LENGTH:
        do_length(d, arguments);
        break;
    case CENTRAL_DO_ENCRYPT:
        central_encrypt(d, arguments[0], (uint32_t)arguments[1]);
        break;
    case CENTRAL_DO_TERMINATE:
        central_control(
            c, &(struct ble_control){.opcode = BLE_TERMINATE_IND, .reason = (uint8_t)arguments[0]});
        break;
    case CENTRAL_DO_UNKNOWN:
        do_unknown(d, arguments);
        break;
    case CENTRAL_DO_READ:
        central_read(c, (uint16_t)arguments[0]);
        break;
    case CENTRAL_DO_MTU:
        central_exchange_mtu(c, (uint16_t)arguments[0]);
        break;
    case CENTRAL_DO_SILENCE:
        c->silent = (uint32_t)arguments[0];
        break;
    case CENTRAL_DO_CORRUPT:
        c->corrupt = (uint32_t)arguments[0];
        break;
    case CENTRAL_DO_STOP_SN:
        c->repeat = (uint32_t)arguments[0];
        break;
    case CENTRAL_DO_STOP_NESN:
        c->ignore = (uint32_t)arguments[0];
        break;
    case CENTRAL_DO_LEAP:
        link->at_us += arguments[0] / PS_PER_US;
        break;
    case CENTRAL_DO_LLID:
        (void)central_queue(c, BLE_LLID_RESERVED, (const uint8_t *)"\x00", 1);
        break;
    case CENTRAL_DO_PDU:
        do_pdu(d, arguments);
        break;
    case CENTRAL_VERBS:
        break;
    }
}

/* A procedure waits for the end of the one before; nothing else is sent while encryption starts. */
static bool must_wait(const struct central_link *link, enum central_verb verb)
{
    if (link->queued + 2 > CENTRAL_QUEUE_MAX)
        return true;
    if (verb >= CENTRAL_DO_SILENCE || verb == CENTRAL_DO_TERMINATE)
        return false;
    return verb == CENTRAL_DO_READ || verb == CENTRAL_DO_MTU ? central_encrypting(link)
                                                             : link->procedure.running;
}

void central_plan(struct device *d)
{
    struct central *c = device_state(d);
    const struct peer_plan *plan = peer_plan(d);
    for (; c->plan_done < plan->action_count; c->plan_done++) {
        const struct peer_action *action = &plan->actions[c->plan_done];
        if (action->at_event >= c->events || must_wait(&c->link, action->verb))
            return;
        antenna_note(d, BLE_NOTE_PLAN, c->plan_done);
        do_verb(d, action->verb, action->arguments);
    }
}
