/* central.c: a Bluetooth LE central with a link layer of its own: it scans, connects to the first
 * advertiser, and keeps the connection as the specification says, on a clock that drifts and
 * jitters; what the scenario's plan has it do comes on top, the forbidden included.
 *
 *   idle --start_us--> scanning --ADV_IND--> initiating --CONNECT_IND--> created
 *        --first valid data PDU--> established --timeout, terminate, bad MIC, ...--> closed
 *
 * Anchors: event n begins at the end of the CONNECT_IND + transmitWindowDelay + WinOffset + place
 * in the window + n intervals of the central's own clock, by exact rational arithmetic; then the
 * sleep clock's jitter is drawn for each event (in a transmit window it is never early). T_IFS,
 * timeouts and windows are counted by the same clock; packets take their nominal time.
 *
 * An answer is heard if its first bit comes within tolerance_us of T_IFS behind the last bit of
 * what was sent, both as they are at the central's antenna. Else it is counted as early or late,
 * and the event is over without an answer. After an answer with a bad CRC the event is over, too.
 *
 * A connection event goes on while either side says MD and there is room for one more packet of
 * each side before the next anchor. The counter of an event in which the central is silent
 * advances.
 *
 * Not modelled: extended advertising, LE Coded, more than 27 octets sent, subrating, the host's
 * side of connection parameters (LL_CONNECTION_PARAM_REQ is rejected), pausing encryption, ATT's
 * own time limit of 30 s.
 *
 * Sources: Bluetooth Core 6.2, Vol 6 Part B, 4.4 (advertising and initiating), 4.5 (connections),
 * 4.5.9 (acknowledgement), 5.1 (LL procedures), 5.2 (their time limit of 40 s); Vol 3 Part F (ATT).
 */
#include "sim/world/central.h"
#include "sim/world/catalogue.h"

#include <string.h>

#define UNIT_PS (1250 * PS_PER_US)
#define UNITS_MAX UINT64_C(0xffff) /* 16 bits in a PDU; hostile values, too */

static const struct peer_parameter parameters[CENTRAL_PARAMETERS] = {
    [CENTRAL_START] = {"start_us", "when it begins to scan", PEER_US, 0, 1000 * PS_PER_S, 0, NULL,
                       0},
    [CENTRAL_SCAN_INTERVAL] = {"scan_interval_us", "how long it stays on an advertising channel",
                               PEER_US, 2500 * PS_PER_US, 11 * PS_PER_S, 30 * PS_PER_MS, NULL, 0},
    [CENTRAL_CONNECT_AFTER] = {"connect_after", "advertisements that it lets pass", PEER_NUMBER, 0,
                               UINT32_MAX, 0, NULL, 0},
    [CENTRAL_RECONNECT] = {"reconnect", "whether it scans again when a connection is over",
                           PEER_FLAG, 0, 1, 0, NULL, 0},
    [CENTRAL_INTERVAL] = {"interval_us", "connection interval, in steps of 1250", PEER_US, UNIT_PS,
                          UNITS_MAX *UNIT_PS, 30 * PS_PER_MS, NULL, UNIT_PS},
    [CENTRAL_LATENCY] = {"latency", "events that the peripheral may skip", PEER_NUMBER, 0,
                         UNITS_MAX, 0, NULL, 0},
    [CENTRAL_TIMEOUT] = {"timeout_ms", "supervision timeout, in steps of 10", PEER_MS,
                         10 * PS_PER_MS, UNITS_MAX * 10 * PS_PER_MS, 1000 * PS_PER_MS, NULL,
                         10 * PS_PER_MS},
    [CENTRAL_WINDOW_OFFSET] = {"window_offset_us", "start of the transmit window, in steps of 1250",
                               PEER_US, 0, UNITS_MAX *UNIT_PS, 0, NULL, UNIT_PS},
    [CENTRAL_WINDOW_SIZE] = {"window_size_us", "size of the transmit window, in steps of 1250",
                             PEER_US, 0, 255 * UNIT_PS, UNIT_PS, NULL, UNIT_PS},
    [CENTRAL_WINDOW_PLACE] = {"window_place_us", "first packet after the window's start", PEER_US,
                              0, 1000 * PS_PER_MS, 0, NULL, PS_PER_US},
    [CENTRAL_HOP] = {"hop", "hop increment: 5 to 16", PEER_NUMBER, 0, 31, 9, NULL, 0},
    [CENTRAL_ACCESS_ADDRESS] = {"access_address", "of the connection; 0: drawn", PEER_NUMBER, 0,
                                UINT32_MAX, 0, NULL, 0},
    [CENTRAL_CRC_INIT] = {"crc_init", "of the connection", PEER_NUMBER, 0, 0xffffff, 0x17a2b3, NULL,
                          0},
    [CENTRAL_CHANNEL_MAP] = {"channel_map", "data channels, bit k for channel k", PEER_NUMBER, 1,
                             BLE_CHANNELS_ALL, BLE_CHANNELS_ALL, NULL, 0},
    [CENTRAL_SECOND_SELECTION] = {"second_selection", "whether it can do channel selection #2",
                                  PEER_FLAG, 0, 1, 1, NULL, 0},
    [CENTRAL_PPM_CLAIMED] = {"ppm_claimed", "accuracy of its sleep clock, as it says", PEER_NUMBER,
                             0, 500, 50, NULL, 0},
    [CENTRAL_JITTER] = {"jitter_us", "anchors lie within so much, drawn for each", PEER_US, 0,
                        1000 * PS_PER_US, 0, NULL, 0},
    [CENTRAL_TOLERANCE] = {"tolerance_us", "an answer may be so much off T_IFS", PEER_US, 0,
                           150 * PS_PER_US, 2 * PS_PER_US, NULL, 0},
    [CENTRAL_READ_EVERY] = {"read_every", "events from one read of the value to the next; 0: none",
                            PEER_NUMBER, 0, UINT32_MAX, 0, NULL, 0},
    [CENTRAL_READ_HANDLE] = {"read_handle", "of what it reads", PEER_NUMBER, 0, 0xffff, 3, NULL, 0},
    [CENTRAL_VALUE_SIZE] = {"value_size", "octets of the value; 0: any but none", PEER_NUMBER, 0,
                            BLE_ATT_VALUE_MAX, 0, NULL, 0},
    [CENTRAL_MTU] = {"mtu", "ATT MTU that it offers when connected; 0: it does not ask",
                     PEER_NUMBER, 0, 0xffff, 0, NULL, 0},
    [CENTRAL_LTK_HIGH] = {"ltk_high", "long term key, its first eight octets as printed",
                          PEER_NUMBER, 0, UINT64_MAX, UINT64_C(0x4c68384139f574d8), NULL, 0},
    [CENTRAL_LTK_LOW] = {"ltk_low", "its last eight octets", PEER_NUMBER, 0, UINT64_MAX,
                         UINT64_C(0x36bcf34e9dfb01bf), NULL, 0},
};

enum fact_number {
    STATE,
    REASON,
    CONNECTED,
    ADVERTISEMENTS,
    CONNECTIONS,
    EVENTS,
    ANSWERED,
    MISSED,
    MISSED_ROW,
    LATE,
    EARLY,
    PACKETS,
    RETRANSMISSIONS,
    DUPLICATES,
    CRC_ERRORS,
    BAD_PDUS,
    READS,
    READ_FAILURES,
    MTU,
    MIC_ERRORS,
    ENCRYPTED,
    PROCEDURES,
    REFUSED,
    VERSION_SEEN,
    FEATURES_SEEN,
    OCTETS_SEEN,
    PINGS_SEEN,
    UNKNOWN_SEEN,
    TURNAROUND_MIN,
    TURNAROUND_MAX,
    INTERVAL_NOW,
    PHY_NOW,
    SILENT,
    CORRUPTED,
    REPEATED,
    UNACKNOWLEDGED,
    PLAN_LEFT,
    FACTS
};

static const char *const phys[] = {"1M", "2M", NULL};

static const struct fact facts[FACTS] = {
    [STATE] = {"state", "idle, scanning, initiating, created, established, closed",
               ble_peer_state_names},
    [REASON] = {"reason", "why the last connection ended: HCI error code, 0: none has", NULL},
    [CONNECTED] = {"connected", "1: established", NULL},
    [ADVERTISEMENTS] = {"advertisements", "ADV_INDs heard", NULL},
    [CONNECTIONS] = {"connections", "CONNECT_INDs sent", NULL},
    [EVENTS] = {"events", "connection events begun, of all connections", NULL},
    [ANSWERED] = {"answered", "events with a valid answer", NULL},
    [MISSED] = {"missed", "events without one, silent ones left out", NULL},
    [MISSED_ROW] = {"missed_in_row", "most of them one after another", NULL},
    [LATE] = {"late", "answers too late to be heard", NULL},
    [EARLY] = {"early", "answers too early to be heard", NULL},
    [PACKETS] = {"packets", "data packets sent", NULL},
    [RETRANSMISSIONS] = {"retransmissions", "of them sent again", NULL},
    [DUPLICATES] = {"duplicates", "data packets heard again", NULL},
    [CRC_ERRORS] = {"crc_errors", "answers with a bad CRC", NULL},
    [BAD_PDUS] = {"bad_pdus", "PDUs with a good CRC that break the format", NULL},
    [READS] = {"reads", "values read", NULL},
    [READ_FAILURES] = {"read_failures", "ATT errors, and values of the wrong size", NULL},
    [MTU] = {"mtu", "ATT MTU that the other side offers; 0: never said", NULL},
    [MIC_ERRORS] = {"mic_errors", "PDUs with a bad MIC", NULL},
    [ENCRYPTED] = {"encrypted", "times that encryption was started", NULL},
    [PROCEDURES] = {"procedures", "LL procedures that were completed", NULL},
    [REFUSED] = {"refused", "LL procedures that were rejected, or not known", NULL},
    [VERSION_SEEN] = {"version_seen", "LL version of the other side; 0: never said", NULL},
    [FEATURES_SEEN] = {"features_seen", "its features; 0: never said", NULL},
    [OCTETS_SEEN] = {"octets_seen", "octets that it takes, as LL_LENGTH_* says", NULL},
    [PINGS_SEEN] = {"pings_seen", "LL_PING_RSPs", NULL},
    [UNKNOWN_SEEN] = {"unknown_seen", "LL_UNKNOWN_RSPs", NULL},
    [TURNAROUND_MIN] = {"turnaround_min_ns", "first bit of a heard answer - own last bit", NULL},
    [TURNAROUND_MAX] = {"turnaround_max_ns", "the same, the longest; rounded up", NULL},
    [INTERVAL_NOW] = {"interval_now_us", "of the last connection", NULL},
    [PHY_NOW] = {"phy", "that it sends on", phys},
    [SILENT] = {"silent_events", "events in which it was told to say nothing", NULL},
    [CORRUPTED] = {"corrupted", "packets that it sent with a bad CRC", NULL},
    [REPEATED] = {"repeated", "acknowledgements that it was told to ignore", NULL},
    [UNACKNOWLEDGED] = {"unacknowledged", "PDUs that it was told not to acknowledge", NULL},
    [PLAN_LEFT] = {"plan_left", "actions of its plan that were not begun", NULL},
};
_Static_assert((int)FACTS <= (int)FACT_MAX, "more facts than can be asked for");

/* --- wakes ------------------------------------------------------------------------------------ */

static void set_wake(struct device *d)
{
    const struct central *c = device_state(d);
    d->wake_ps = c->step_ps;
    if (c->supervision_ps < d->wake_ps)
        d->wake_ps = c->supervision_ps;
    if (c->procedure_ps < d->wake_ps)
        d->wake_ps = c->procedure_ps;
}

void central_plan_step(struct device *d, enum central_step step, uint64_t at_ps)
{
    struct central *c = device_state(d);
    c->step = (uint8_t)step;
    c->step_ps = step == CENTRAL_NO_STEP ? TIME_NEVER : at_ps;
}

void central_enter(struct device *d, enum ble_peer_state state)
{
    struct central *c = device_state(d);
    c->state = (uint8_t)state;
    antenna_note(d, BLE_NOTE_STATE, state);
}

void central_close(struct device *d, uint8_t reason)
{
    struct central *c = device_state(d);
    c->reason = reason;
    c->supervision_ps = c->procedure_ps = TIME_NEVER;
    c->taking = false;
    antenna_note(d, BLE_NOTE_LOST, reason);
    central_enter(d, BLE_PEER_CLOSED);
    antenna_rest(d, &c->antenna);
    central_plan_step(d, CENTRAL_NO_STEP, TIME_NEVER);
    if (central_value(d, CENTRAL_RECONNECT))
        central_scan(d);
}

static void run_step(struct device *d)
{
    struct central *c = device_state(d);
    enum central_step step = c->step;
    central_plan_step(d, CENTRAL_NO_STEP, TIME_NEVER);
    switch (step) {
    case CENTRAL_NO_STEP:
        break;
    case CENTRAL_STEP_START:
        central_scan(d);
        break;
    case CENTRAL_STEP_HOP:
        central_hop(d);
        break;
    case CENTRAL_STEP_CREATED:
        central_connect(d, d->now_ps);
        break;
    case CENTRAL_STEP_ANCHOR:
        central_anchor(d);
        break;
    case CENTRAL_STEP_LIMIT:
        if (!c->taking)
            central_end_event(d);
        break;
    case CENTRAL_STEP_LEAVE:
        central_close(d, c->link.leave_reason);
        break;
    }
}

static void central_wake(struct device *d)
{
    struct central *c = device_state(d);
    if (c->supervision_ps <= d->now_ps)
        central_close(d, (uint8_t)ble_supervision_reason(c->state == BLE_PEER_ESTABLISHED));
    else if (c->procedure_ps <= d->now_ps)
        central_close(d, BLE_REASON_PROCEDURE_TIMEOUT);
    if (c->step_ps <= d->now_ps)
        run_step(d);
    set_wake(d);
}

static void central_reset(struct device *d)
{
    struct central *c = device_state(d);
    c->jitter = random_start(random_next(&d->random), RANDOM_DEVICE);
    c->keys = random_start(random_next(&d->random), RANDOM_DEVICE);
    c->supervision_ps = c->procedure_ps = TIME_NEVER;
    c->turnaround_min_ps = TIME_NEVER;
    central_plan_step(d, CENTRAL_STEP_START, central_value(d, CENTRAL_START));
    set_wake(d);
}

/* --- what it hears ---------------------------------------------------------------------------- */

static bool central_air(struct device *d, const struct air_frame *frame, enum air_moment moment)
{
    struct central *c = device_state(d);
    bool scanning = c->state == BLE_PEER_SCANNING;
    if (moment == AIR_ADDRESS) {
        c->taking = scanning ? air_access_address(frame) == BLE_ADVERTISING_ADDRESS
                             : central_connected(c) && central_takes(d, frame);
        return c->taking;
    }
    c->taking = false;
    if (scanning)
        central_heard_advertising(d, frame);
    else if (central_connected(c))
        central_answer(d, frame);
    set_wake(d);
    return false;
}

/* Facts that are counters as they stand; the others' offset is 0, where none of them lies. */
static const size_t counters[FACTS] = {
    [ADVERTISEMENTS] = offsetof(struct central, advertisements),
    [CONNECTIONS] = offsetof(struct central, connections),
    [EVENTS] = offsetof(struct central, events),
    [ANSWERED] = offsetof(struct central, answered),
    [MISSED] = offsetof(struct central, missed),
    [MISSED_ROW] = offsetof(struct central, missed_in_row_max),
    [LATE] = offsetof(struct central, late),
    [EARLY] = offsetof(struct central, early),
    [PACKETS] = offsetof(struct central, packets),
    [RETRANSMISSIONS] = offsetof(struct central, retransmissions),
    [DUPLICATES] = offsetof(struct central, duplicates),
    [CRC_ERRORS] = offsetof(struct central, crc_errors),
    [BAD_PDUS] = offsetof(struct central, bad_pdus),
    [READS] = offsetof(struct central, reads),
    [READ_FAILURES] = offsetof(struct central, read_failures),
    [MTU] = offsetof(struct central, mtu),
    [MIC_ERRORS] = offsetof(struct central, mic_errors),
    [ENCRYPTED] = offsetof(struct central, encrypted),
    [PROCEDURES] = offsetof(struct central, procedures),
    [REFUSED] = offsetof(struct central, refused),
    [VERSION_SEEN] = offsetof(struct central, version_seen),
    [OCTETS_SEEN] = offsetof(struct central, octets_seen),
    [PINGS_SEEN] = offsetof(struct central, pings_seen),
    [UNKNOWN_SEEN] = offsetof(struct central, unknown_seen),
    [INTERVAL_NOW] = offsetof(struct central, link.interval_us),
    [SILENT] = offsetof(struct central, silent_events),
    [CORRUPTED] = offsetof(struct central, corrupted),
    [REPEATED] = offsetof(struct central, repeated),
    [UNACKNOWLEDGED] = offsetof(struct central, unacknowledged),
};

static uint64_t central_fact(const struct device *d, uint32_t fact)
{
    const struct central *c = device_state_read(d);
    uint32_t counter = 0;
    switch (fact) {
    case STATE:
        return c->state;
    case REASON:
        return c->reason;
    case CONNECTED:
        return c->state == BLE_PEER_ESTABLISHED;
    case FEATURES_SEEN:
        return c->features_seen;
    case TURNAROUND_MIN:
        return c->turnaround_max_ps ? c->turnaround_min_ps / 1000 : 0;
    case TURNAROUND_MAX:
        return (c->turnaround_max_ps + 999) / 1000;
    case PHY_NOW:
        return c->link.phy_to_peripheral;
    case PLAN_LEFT:
        return peer_plan(d)->action_count - c->plan_done;
    default:
        memcpy(&counter, (const uint8_t *)c + counters[fact], sizeof counter);
        return counter;
    }
}

void central_long_term_key(const struct peer_plan *plan, uint8_t key[16])
{
    uint64_t high = plan->values[CENTRAL_LTK_HIGH], low = plan->values[CENTRAL_LTK_LOW];
    for (int i = 0; i < 8; i++) {
        key[i] = (uint8_t)(high >> (56 - 8 * i));
        key[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
}

const struct peer_type central_peer = {
    .type = {.name = "central",
             .state_size = sizeof(struct central),
             .on_reset = central_reset,
             .on_wake = central_wake,
             .on_air = central_air},
    .about = "a Bluetooth LE central: scans, connects, keeps the connection, runs LL procedures",
    .parameters = parameters,
    .parameter_count = CENTRAL_PARAMETERS,
    .verbs = central_verbs,
    .verb_count = CENTRAL_VERBS,
    .facts = facts,
    .fact_count = FACTS,
    .fact = central_fact,
    .note_name = ble_note_name,
    .note_text = ble_note_text,
    .long_term_key = central_long_term_key,
};
