/* scanner.c: hears advertisements, and counts them by channel; an active one asks each advertiser
 * that may be asked for more, by SCAN_REQ T_IFS behind the advertisement, and hears SCAN_RSP T_IFS
 * later.
 *
 * It stays on each advertising channel for scan_interval_us, and listens for scan_window_us of
 * that. Intervals between advertisements are those from one to the next on the same channel from
 * the same address. Times are those of its own clock but for what is measured, which is true time.
 *
 * Not modelled: back-off, extended advertising, filters of duplicates.
 *
 * Source: Bluetooth Core 6.2, Vol 6 Part B, 4.4.2 (advertising events) and 4.4.3 (scanning).
 */
#include "sim/ble/notes.h"
#include "sim/ble/time.h"
#include "sim/world/antenna.h"
#include "sim/world/catalogue.h"

#include <string.h>

enum { FIRST_CHANNEL = 37, CHANNELS = 3, KNOWN_MAX = 8 };

enum { START, SCAN_INTERVAL, SCAN_WINDOW, ACTIVE, TOLERANCE, PARAMETERS };

static const struct peer_parameter parameters[PARAMETERS] = {
    [START] = {"start_us", "when it begins", PEER_US, 0, 1000 * PS_PER_S, 0, NULL, 0},
    [SCAN_INTERVAL] = {"scan_interval_us", "from one channel to the next", PEER_US,
                       2500 * PS_PER_US, 41 * PS_PER_S, 30 * PS_PER_MS, NULL, 0},
    [SCAN_WINDOW] = {"scan_window_us", "how long of that it listens; the interval at most", PEER_US,
                     2500 * PS_PER_US, 41 * PS_PER_S, 30 * PS_PER_MS, NULL, 0},
    [ACTIVE] = {"active", "whether it asks for scan responses", PEER_FLAG, 0, 1, 0, NULL, 0},
    [TOLERANCE] = {"tolerance_us", "a response may be so much off T_IFS", PEER_US, 0,
                   150 * PS_PER_US, 2 * PS_PER_US, NULL, 0},
};

enum fact_number {
    STATE,
    ADVERTISEMENTS,
    ON_37,
    ON_38,
    ON_39,
    ADVERTISERS,
    INTERVAL_MIN,
    INTERVAL_MAX,
    CONNECTABLE,
    REQUESTS,
    RESPONSES,
    UNANSWERED,
    LATE,
    EARLY,
    CRC_ERRORS,
    BAD_PDUS,
    FACTS
};

static const struct fact facts[FACTS] = {
    [STATE] = {"state", "idle, scanning", ble_peer_state_names},
    [ADVERTISEMENTS] = {"advertisements", "heard with a good CRC", NULL},
    [ON_37] = {"on_37", "of them on channel 37", NULL},
    [ON_38] = {"on_38", "of them on channel 38", NULL},
    [ON_39] = {"on_39", "of them on channel 39", NULL},
    [ADVERTISERS] = {"advertisers", "addresses that they came from, 8 at most", NULL},
    [INTERVAL_MIN] = {"interval_min_us", "shortest from one to the next on one channel", NULL},
    [INTERVAL_MAX] = {"interval_max_us", "longest, while it stayed on that channel", NULL},
    [CONNECTABLE] = {"connectable", "of the advertisements, ADV_IND", NULL},
    [REQUESTS] = {"requests", "SCAN_REQs sent", NULL},
    [RESPONSES] = {"responses", "SCAN_RSPs heard", NULL},
    [UNANSWERED] = {"unanswered", "SCAN_REQs without a response", NULL},
    [LATE] = {"late", "responses too late to be heard", NULL},
    [EARLY] = {"early", "responses too early to be heard", NULL},
    [CRC_ERRORS] = {"crc_errors", "packets with a bad CRC", NULL},
    [BAD_PDUS] = {"bad_pdus", "PDUs with a good CRC that break the format", NULL},
};
_Static_assert((int)FACTS <= (int)FACT_MAX, "more facts than can be asked for");

enum step { STEP_SCAN, STEP_REST, STEP_NO_RESPONSE };

struct advertiser {
    uint8_t address[BLE_DEVICE_ADDRESS_SIZE];
    uint64_t last_ps[CHANNELS]; /* 0: none on this stay at the channel */
};

struct scanner {
    struct antenna antenna;
    struct antenna_link link;
    uint8_t step;     /* what the next wake is for */
    bool asked;       /* a SCAN_REQ is out */
    uint32_t stays;   /* channels begun */
    uint64_t rest_ps; /* the window's end */
    uint64_t own_end_ps;
    uint8_t asked_address[BLE_DEVICE_ADDRESS_SIZE];
    uint32_t known_count;
    struct advertiser known[KNOWN_MAX];
    uint64_t interval_min_ps, interval_max_ps;
    uint32_t advertisements[CHANNELS];
    uint32_t connectable, requests, responses, unanswered, late, early, crc_errors, bad_pdus;
};

/* Random static: the two most significant bits are set. */
static const uint8_t own_address[BLE_DEVICE_ADDRESS_SIZE] = {0x02, 0xce, 0x00, 0x00, 0x00, 0xc0};

static uint64_t value(const struct device *d, uint32_t parameter)
{
    return peer_plan(d)->values[parameter];
}

static void set_step(struct device *d, enum step step, uint64_t at_ps)
{
    struct scanner *s = device_state(d);
    s->step = (uint8_t)step;
    d->wake_ps = at_ps;
}

/* --- channels --------------------------------------------------------------------------------- */

/* The n-th stay begins n intervals after the start. */
static uint64_t stay_ps(const struct device *d, uint64_t n)
{
    return antenna_after_ps(d, value(d, START), n * value(d, SCAN_INTERVAL));
}

static void listen_on(struct device *d)
{
    struct scanner *s = device_state(d);
    s->asked = false;
    antenna_listen(d, &s->antenna, &s->link, d->now_ps);
    set_step(d, STEP_REST, s->rest_ps);
}

static void begin_stay(struct device *d)
{
    struct scanner *s = device_state(d);
    uint64_t window = value(d, SCAN_WINDOW), interval = value(d, SCAN_INTERVAL);
    if (s->stays == 0)
        antenna_note(d, BLE_NOTE_STATE, BLE_PEER_SCANNING);
    s->link = antenna_advertising;
    s->link.channel = (uint8_t)(FIRST_CHANNEL + s->stays % CHANNELS);
    s->rest_ps = antenna_after_ps(d, d->now_ps, window < interval ? window : interval);
    s->stays++;
    for (uint32_t i = 0; i < s->known_count; i++)
        memset(s->known[i].last_ps, 0, sizeof s->known[i].last_ps);
    listen_on(d);
}

static void end_stay(struct device *d)
{
    struct scanner *s = device_state(d);
    uint64_t next_ps = stay_ps(d, s->stays);
    s->asked = false;
    antenna_rest(d, &s->antenna);
    set_step(d, STEP_SCAN, next_ps > d->now_ps ? next_ps : d->now_ps + 1);
}

/* After a request the stay goes on, if there is any of it left. */
static void resume(struct device *d)
{
    const struct scanner *s = device_state(d);
    if (s->rest_ps > d->now_ps)
        listen_on(d);
    else
        end_stay(d);
}

static void scanner_wake(struct device *d)
{
    struct scanner *s = device_state(d);
    switch ((enum step)s->step) {
    case STEP_SCAN:
        begin_stay(d);
        break;
    case STEP_REST:
        end_stay(d);
        break;
    case STEP_NO_RESPONSE:
        s->unanswered++;
        resume(d);
        break;
    }
}

static void scanner_reset(struct device *d)
{
    struct scanner *s = device_state(d);
    s->interval_min_ps = TIME_NEVER;
    set_step(d, STEP_SCAN, value(d, START));
}

/* --- advertisements --------------------------------------------------------------------------- */

/* NULL: there is no room for one more. */
static struct advertiser *advertiser_of(struct scanner *s, const uint8_t *address)
{
    for (uint32_t i = 0; i < s->known_count; i++)
        if (memcmp(s->known[i].address, address, BLE_DEVICE_ADDRESS_SIZE) == 0)
            return &s->known[i];
    if (s->known_count == KNOWN_MAX)
        return NULL;
    struct advertiser *known = &s->known[s->known_count++];
    memcpy(known->address, address, BLE_DEVICE_ADDRESS_SIZE);
    return known;
}

static void measure(struct scanner *s, const struct ble_adv *adv, uint64_t now_ps)
{
    struct advertiser *known = advertiser_of(s, adv->address);
    if (!known)
        return;
    uint64_t *last_ps = &known->last_ps[s->link.channel - FIRST_CHANNEL];
    uint64_t interval_ps = now_ps - *last_ps;
    if (*last_ps && interval_ps < s->interval_min_ps)
        s->interval_min_ps = interval_ps;
    if (*last_ps && interval_ps > s->interval_max_ps)
        s->interval_max_ps = interval_ps;
    *last_ps = now_ps;
}

static void ask(struct device *d, const struct ble_adv *adv)
{
    struct scanner *s = device_state(d);
    struct ble_scan_req req = {.tx_random = true, .rx_random = adv->tx_random};
    uint8_t pdu[BLE_ADV_PDU_MAX];
    memcpy(req.scanner, own_address, sizeof own_address);
    memcpy(req.advertiser, adv->address, sizeof adv->address);
    memcpy(s->asked_address, adv->address, sizeof adv->address);
    size_t size = ble_scan_req_write(&req, pdu);
    uint64_t start_ps = antenna_after_ps(d, d->now_ps, BLE_T_IFS_PS);
    s->own_end_ps = antenna_send(d, &s->antenna, &s->link, start_ps, pdu, size, false);
    antenna_listen(d, &s->antenna, &s->link, s->own_end_ps);
    s->asked = true;
    s->requests++;
    /* long enough to be told of a response that is too late */
    set_step(d, STEP_NO_RESPONSE, s->own_end_ps + 3 * BLE_T_IFS_PS);
}

static void on_advertisement(struct device *d, const struct ble_adv *adv, uint64_t end_ps)
{
    struct scanner *s = device_state(d);
    s->advertisements[s->link.channel - FIRST_CHANNEL]++;
    s->connectable += adv->type == BLE_ADV_IND;
    antenna_note(d, BLE_NOTE_ADVERTISEMENT, s->link.channel);
    measure(s, adv, end_ps);
    if (value(d, ACTIVE) && (adv->type == BLE_ADV_IND || adv->type == BLE_ADV_SCAN_IND))
        ask(d, adv);
}

static void on_response(struct device *d, const struct ble_adv *adv)
{
    struct scanner *s = device_state(d);
    bool right = adv->type == BLE_SCAN_RSP &&
                 memcmp(adv->address, s->asked_address, sizeof adv->address) == 0;
    *(right ? &s->responses : &s->unanswered) += 1;
    resume(d);
}

/* --- what it hears ---------------------------------------------------------------------------- */

static bool in_time(struct device *d, const struct air_frame *frame)
{
    struct scanner *s = device_state(d);
    uint64_t turnaround_ps = antenna_first_bit_ps(d, frame) - s->own_end_ps;
    uint64_t tolerance_ps = value(d, TOLERANCE);
    bool early = turnaround_ps + tolerance_ps < BLE_T_IFS_PS;
    bool late = turnaround_ps > BLE_T_IFS_PS + tolerance_ps;
    s->early += early;
    s->late += late;
    if (early || late)
        antenna_note(d, early ? BLE_NOTE_EARLY : BLE_NOTE_LATE, (uint32_t)(turnaround_ps / 1000));
    return !early && !late;
}

static void hear_end(struct device *d, const struct air_frame *frame)
{
    struct scanner *s = device_state(d);
    uint8_t pdu[BLE_DATA_PDU_MAX + BLE_CRC_SIZE];
    size_t size;
    struct ble_adv adv;
    if (antenna_read(&s->link, frame, pdu, &size) != ANTENNA_GOOD) {
        s->crc_errors++;
        if (s->asked) {
            s->unanswered++;
            resume(d);
        }
        return;
    }
    if (ble_adv_read(pdu, size, &adv) != BLE_PDU_GOOD) {
        /* what others say to an advertiser is no advertisement */
        uint8_t type = ble_adv_header_read(pdu).type;
        s->bad_pdus += type != BLE_SCAN_REQ && type != BLE_CONNECT_IND;
        return;
    }
    if (s->asked)
        on_response(d, &adv);
    else if (adv.type != BLE_SCAN_RSP)
        on_advertisement(d, &adv, d->now_ps);
}

static bool scanner_air(struct device *d, const struct air_frame *frame, enum air_moment moment)
{
    struct scanner *s = device_state(d);
    if (moment == AIR_ADDRESS) {
        bool taken = air_access_address(frame) == BLE_ADVERTISING_ADDRESS &&
                     (!s->asked || in_time(d, frame));
        if (taken && s->asked) /* what comes is waited for */
            set_step(d, STEP_NO_RESPONSE, air_end_ps(frame) + PS_PER_MS);
        return taken;
    }
    hear_end(d, frame);
    return false;
}

static uint64_t to_us(uint64_t ps)
{
    return ps / PS_PER_US;
}

static uint64_t scanner_fact(const struct device *d, uint32_t fact)
{
    const struct scanner *s = device_state_read(d);
    const uint32_t *on = s->advertisements;
    const uint64_t values[FACTS] = {
        [STATE] = s->stays ? BLE_PEER_SCANNING : BLE_PEER_IDLE,
        [ADVERTISEMENTS] = (uint64_t)on[0] + on[1] + on[2],
        [ON_37] = on[0],
        [ON_38] = on[1],
        [ON_39] = on[2],
        [ADVERTISERS] = s->known_count,
        [INTERVAL_MIN] = s->interval_max_ps ? to_us(s->interval_min_ps) : 0,
        [INTERVAL_MAX] = to_us(s->interval_max_ps + PS_PER_US - 1),
        [CONNECTABLE] = s->connectable,
        [REQUESTS] = s->requests,
        [RESPONSES] = s->responses,
        [UNANSWERED] = s->unanswered,
        [LATE] = s->late,
        [EARLY] = s->early,
        [CRC_ERRORS] = s->crc_errors,
        [BAD_PDUS] = s->bad_pdus,
    };
    return values[fact];
}

const struct peer_type scanner_peer = {
    .type = {.name = "scanner",
             .state_size = sizeof(struct scanner),
             .on_reset = scanner_reset,
             .on_wake = scanner_wake,
             .on_air = scanner_air},
    .about = "a Bluetooth LE scanner, passive or active: counts advertisements and their intervals",
    .parameters = parameters,
    .parameter_count = PARAMETERS,
    .facts = facts,
    .fact_count = FACTS,
    .fact = scanner_fact,
    .note_name = ble_note_name,
    .note_text = ble_note_text,
};
