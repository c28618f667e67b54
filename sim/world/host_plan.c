/* host_plan.c: what the host does by its plan, and what it wants to hear.
 *
 * What it sends waits for a slot; the rest of the plan does not wait for it.
 *
 * Payload: "text", then "hex", then 0, 1, 2 ... up to "size".
 *
 * A want is in force from its moment on. The next frame from its address, or datagram between its
 * ports, is compared with the first such want in the plan that is in force, and ends it: as a match
 * or as a mismatch. A console's text only has to turn up.
 */
#include "sim/world/host.h"

#include <string.h>

enum {
    DO_RAW,
    DO_FRAME,
    DO_DATAGRAM,
    DO_WANT_FRAME,
    DO_WANT_DATAGRAM,
    DO_WANT_CONSOLE,
    DO_SILENCE
};

enum { ACTIONS_AT_ONCE = 3 }; /* each may note two things, of DEVICE_REQUEST_MAX */

/* Places of arguments. */
enum {
    RAW_TEXT,
    RAW_HEX,
    RAW_TIMES,
    TO = 0,
    FRAME_TEXT,
    FRAME_HEX,
    FRAME_SIZE,
    FRAME_WRONG,
    FRAME_TIMES,
    FROM_PORT = 0,
    TO_PORT,
    UDP_TEXT,
    UDP_HEX,
    UDP_SIZE,
    UDP_WRONG,
    UDP_TIMES,
};

/* What is wrong with what it sends, and nothing else is. */
enum wrong {
    RIGHT,
    WRONG_FCS,
    WRONG_CONTROL,
    WRONG_ABORT,
    WRONG_TRUNCATED,
    WRONG_OPEN,
    WRONG_OF_FRAMES, /* the rest is of datagrams only */
    WRONG_PROTOCOL = WRONG_OF_FRAMES,
    WRONG_VERSION,
    WRONG_LENGTH,
    WRONG_NEXT_HEADER,
    WRONG_DESTINATION,
    WRONG_UDP_LENGTH,
    WRONG_CHECKSUM,
    WRONG_NO_CHECKSUM,
};

#define OF_FRAMES "nothing", "fcs", "control", "abort", "truncated", "open"
static const char *const wrongs_of_frames[] = {OF_FRAMES, NULL};
static const char *const wrongs[] = {OF_FRAMES,     "protocol",    "version",    "ip_length",
                                     "next_header", "destination", "udp_length", "udp_checksum",
                                     "no_checksum", NULL};

enum { PAYLOAD_MAX = HDLC_BODY_MAX - HDLC_BODY_MIN };
#define DATA_MAX (PAYLOAD_MAX - PPP_HEADER_SIZE - IP_OVERHEAD)

/* clang-format off */
#define TEXT {"text", "payload", PEER_TEXT, 1, PEER_OCTETS_MAX, 0, NULL, 0}
#define HEX {"hex", "payload, behind the text", PEER_HEX, 1, PEER_OCTETS_MAX, 0, NULL, 0}
#define SIZE(max) {"size", "octets of the payload: filled up with 0, 1, ...", PEER_NUMBER, 0, max, \
                   0, NULL, 0}
#define TIMES {"times", "sent so often, one behind the other", PEER_NUMBER, 1, UINT16_MAX, 1, \
               NULL, 0}
#define ADDRESS {"address", "of the frame", PEER_NUMBER, 0, 255, 1, NULL, 0}
#define PORT(name, about, reset) {name, about, PEER_NUMBER, 0, UINT16_MAX, reset, NULL, 0}

const struct peer_verb host_verbs[HOST_VERBS] = {
    [DO_RAW] = {"raw", "sends octets as they are: a console's input, or noise", 3,
                {TEXT, HEX, TIMES}},
    [DO_FRAME] = {"frame", "sends a frame", 6,
                  {ADDRESS, TEXT, HEX, SIZE(PAYLOAD_MAX),
                   {"wrong", "what is wrong with it", PEER_NUMBER, 0, WRONG_OF_FRAMES - 1, 0,
                    wrongs_of_frames, 0},
                   TIMES}},
    [DO_DATAGRAM] = {"datagram", "sends a UDP datagram to the board", 7,
                     {PORT("from", "its own port", 7), PORT("to", "the board's port", 1024), TEXT,
                      HEX, SIZE(DATA_MAX),
                      {"wrong", "what is wrong with it, and nothing else is", PEER_NUMBER, 0,
                       WRONG_NO_CHECKSUM, 0, wrongs, 0},
                      TIMES}},
    [DO_WANT_FRAME] = {"want_frame", "wants just this in the next frame from this address", 4,
                       {ADDRESS, TEXT, HEX, SIZE(PAYLOAD_MAX)}},
    [DO_WANT_DATAGRAM] = {"want_datagram",
                          "wants just this in the next datagram between these ports", 5,
                          {PORT("from", "the board's port; 0: any", 0),
                           PORT("to", "its own port; 0: any", 0), TEXT, HEX, SIZE(DATA_MAX)}},
    [DO_WANT_CONSOLE] = {"want_console", "wants this somewhere in what is outside of frames", 2,
                         {{"text", "what", PEER_TEXT, 1, HOST_CONSOLE_KEPT / 2, 0, NULL, 0},
                          {"hex", "behind the text", PEER_HEX, 1, HOST_CONSOLE_KEPT / 2, 0, NULL,
                           0}}},
    [DO_SILENCE] = {"silence", "does not answer what comes next", 1,
                    {{"datagrams", "so many", PEER_NUMBER, 1, UINT32_MAX, 1, NULL, 0}}},
};
/* clang-format on */

/* --- payloads -------------------------------------------------------------------------------- */

static uint32_t add_octets(const struct device *d, uint64_t number, uint8_t *into, uint32_t at,
                           uint32_t max)
{
    const struct peer_octets *octets = peer_octets(peer_plan(d), number);
    if (!octets || octets->size > max - at)
        return at;
    memcpy(into + at, octets->octets, octets->size);
    return at + octets->size;
}

/* Its size. `texts`: the arguments text and hex, and behind those the size if `sized`. */
static uint32_t payload_of(const struct device *d, const uint64_t texts[], bool sized,
                           uint8_t *into, uint32_t max)
{
    uint32_t at = add_octets(d, texts[0], into, 0, max);
    at = add_octets(d, texts[1], into, at, max);
    for (uint8_t fill = 0; sized && at < texts[2] && at < max; at++)
        into[at] = fill++;
    return at;
}

/* --- sending --------------------------------------------------------------------------------- */

static void fcs_anew(struct host_slot *slot)
{
    uint32_t size = slot->size - HDLC_FCS_SIZE;
    uint16_t fcs = hdlc_fcs(slot->octets, size) ^ 0xffff;
    slot->octets[size] = (uint8_t)fcs;
    slot->octets[size + 1] = (uint8_t)(fcs >> 8);
}

static void spoil_frame(struct host_slot *slot, enum wrong wrong)
{
    switch (wrong) {
    case WRONG_FCS:
        slot->octets[slot->size - 1] ^= 1;
        break;
    case WRONG_CONTROL:
        slot->octets[1] ^= 0x10; /* HDLC's poll bit */
        fcs_anew(slot);
        break;
    case WRONG_ABORT:
        slot->end = HOST_END_ABORT;
        break;
    case WRONG_TRUNCATED:
        slot->size /= 2;
        break;
    case WRONG_OPEN:
        slot->end = HOST_END_NONE;
        break;
    default:
        break;
    }
}

static void send_frame(struct device *d, uint8_t address, const uint8_t *payload, uint32_t size,
                       enum wrong wrong, uint64_t times)
{
    struct host *h = device_state(d);
    if (!host_frame(d, d->now_ps, address, payload, size))
        return;
    for (uint32_t i = 0; i < HOST_SLOTS; i++) {
        struct host_slot *slot = &h->slots[i];
        if (slot->times == 0 || slot->order != h->orders - 1)
            continue;
        slot->times = (uint16_t)times;
        spoil_frame(slot, wrong);
    }
}

static void do_raw(struct device *d, const uint64_t *arguments)
{
    struct host_slot *slot = host_slot(d, d->now_ps, 0, 0);
    if (!slot)
        return;
    slot->size = (uint16_t)payload_of(d, &arguments[RAW_TEXT], false, slot->octets, HDLC_BODY_MAX);
    slot->times = slot->size ? (uint16_t)arguments[RAW_TIMES] : 0;
}

static void do_frame(struct device *d, const uint64_t *arguments)
{
    uint8_t payload[PAYLOAD_MAX];
    uint32_t size = payload_of(d, &arguments[FRAME_TEXT], true, payload, sizeof payload);
    send_frame(d, (uint8_t)arguments[TO], payload, size, (enum wrong)arguments[FRAME_WRONG],
               arguments[FRAME_TIMES]);
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* One more than there are; the checksum is that of this length, which it covers twice. */
static void spoil_udp_length(uint8_t *packet)
{
    static const uint8_t twice[2] = {0, 2};
    uint16_t sum = (uint16_t)~get16(packet + UDP_AT_CHECKSUM);
    uint16_t checksum = (uint16_t)~ip_sum(sum, twice, sizeof twice);
    put16(packet + UDP_AT_LENGTH, get16(packet + UDP_AT_LENGTH) + 1);
    put16(packet + UDP_AT_CHECKSUM, checksum ? checksum : 0xffff);
}

static void spoil_packet(uint8_t *ppp, enum wrong wrong)
{
    uint8_t *packet = ppp + PPP_HEADER_SIZE;
    switch (wrong) {
    case WRONG_PROTOCOL:
        put16(ppp, 0x0021); /* IPv4 */
        break;
    case WRONG_VERSION:
        packet[IP_AT_VERSION] ^= 0x20; /* 4 */
        break;
    case WRONG_LENGTH:
        put16(packet + IP_AT_LENGTH, get16(packet + IP_AT_LENGTH) + 1);
        break;
    case WRONG_NEXT_HEADER:
        packet[IP_AT_NEXT] = 59; /* none: RFC 8200, 4.7 */
        break;
    case WRONG_UDP_LENGTH:
        spoil_udp_length(packet);
        break;
    case WRONG_CHECKSUM:
        packet[UDP_AT_CHECKSUM] ^= 0x40;
        break;
    case WRONG_NO_CHECKSUM:
        put16(packet + UDP_AT_CHECKSUM, 0);
        break;
    default:
        break;
    }
}

static void do_datagram(struct device *d, const uint64_t *arguments)
{
    uint8_t data[PAYLOAD_MAX], ppp[PAYLOAD_MAX] = {PPP_IPV6 >> 8, PPP_IPV6 & 0xff};
    enum wrong wrong = (enum wrong)arguments[UDP_WRONG];
    uint64_t elsewhere = wrong == WRONG_DESTINATION ? UINT64_C(1) << 32 : 0;
    const struct ip_datagram datagram = {
        .source = ip_link_local(host_value(d, HOST_OWN_ID)),
        .destination = ip_link_local(host_value(d, HOST_BOARD_ID) ^ elsewhere),
        .source_port = (uint16_t)arguments[FROM_PORT],
        .destination_port = (uint16_t)arguments[TO_PORT],
        .hop_limit = (uint8_t)host_value(d, HOST_HOP_LIMIT),
        .size = (uint16_t)payload_of(d, &arguments[UDP_TEXT], true, data, DATA_MAX),
        .data = data};
    uint32_t size = ip_build(&datagram, ppp + PPP_HEADER_SIZE, sizeof ppp - PPP_HEADER_SIZE);
    spoil_packet(ppp, wrong);
    send_frame(d, HDLC_PPP, ppp, PPP_HEADER_SIZE + size, wrong, arguments[UDP_TIMES]);
}

/* --- wants ----------------------------------------------------------------------------------- */

static const struct peer_action *open_want(const struct device *d, uint32_t i, uint32_t verb)
{
    const struct host *h = device_state_read(d);
    const struct peer_action *action = &peer_plan(d)->actions[i];
    return h->wants_open >> i & 1 && action->verb == verb ? action : NULL;
}

static void end_want(struct device *d, uint32_t i, bool match)
{
    struct host *h = device_state(d);
    h->wants_open &= ~(UINT64_C(1) << i);
    *(match ? &h->matched : &h->mismatched) += 1;
    host_note(d, match ? HOST_NOTE_MATCH : HOST_NOTE_MISMATCH, i);
}

/* `texts`: as of payload_of, with a size. */
static bool is_payload(const struct device *d, const uint64_t texts[], const uint8_t *octets,
                       uint32_t size)
{
    uint8_t wanted[PAYLOAD_MAX];
    return payload_of(d, texts, true, wanted, sizeof wanted) == size &&
           (size == 0 || memcmp(wanted, octets, size) == 0);
}

void host_compare_frame(struct device *d, uint8_t address, const uint8_t *octets, uint32_t size)
{
    for (uint32_t i = 0; i < peer_plan(d)->action_count; i++) {
        const struct peer_action *want = open_want(d, i, DO_WANT_FRAME);
        if (!want || want->arguments[TO] != address)
            continue;
        end_want(d, i, is_payload(d, &want->arguments[FRAME_TEXT], octets, size));
        return;
    }
}

static bool port_fits(uint64_t wanted, uint16_t port)
{
    return wanted == 0 || wanted == port;
}

void host_compare_datagram(struct device *d, const struct ip_datagram *datagram)
{
    for (uint32_t i = 0; i < peer_plan(d)->action_count; i++) {
        const struct peer_action *want = open_want(d, i, DO_WANT_DATAGRAM);
        if (!want || !port_fits(want->arguments[FROM_PORT], datagram->source_port) ||
            !port_fits(want->arguments[TO_PORT], datagram->destination_port))
            continue;
        end_want(d, i, is_payload(d, &want->arguments[UDP_TEXT], datagram->data, datagram->size));
        return;
    }
}

void host_compare_console(struct device *d)
{
    const struct host *h = device_state_read(d);
    uint8_t wanted[HOST_CONSOLE_KEPT];
    for (uint32_t i = 0; i < peer_plan(d)->action_count; i++) {
        const struct peer_action *want = open_want(d, i, DO_WANT_CONSOLE);
        uint32_t size = want ? payload_of(d, want->arguments, false, wanted, sizeof wanted) : 0;
        if (size > 0 && h->console >= size &&
            memcmp(h->console_kept + HOST_CONSOLE_KEPT - size, wanted, size) == 0) {
            end_want(d, i, true);
            return;
        }
    }
}

static bool is_want(const struct peer_action *action)
{
    return action->verb == DO_WANT_FRAME || action->verb == DO_WANT_DATAGRAM ||
           action->verb == DO_WANT_CONSOLE;
}

uint32_t host_wanted(const struct device *d)
{
    const struct host *h = device_state_read(d);
    const struct peer_plan *plan = peer_plan(d);
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->action_count; i++)
        count +=
            is_want(&plan->actions[i]) && (h->wants_open >> i & 1 || !(h->actions_done >> i & 1));
    return count;
}

/* --- the plan -------------------------------------------------------------------------------- */

static void act(struct device *d, uint32_t i)
{
    struct host *h = device_state(d);
    const struct peer_action *action = &peer_plan(d)->actions[i];
    h->actions_done |= UINT64_C(1) << i;
    host_note(d, HOST_NOTE_PLAN, i);
    switch (action->verb) {
    case DO_RAW:
        do_raw(d, action->arguments);
        break;
    case DO_FRAME:
        do_frame(d, action->arguments);
        break;
    case DO_DATAGRAM:
        do_datagram(d, action->arguments);
        break;
    case DO_SILENCE:
        h->silent += (uint32_t)action->arguments[0];
        break;
    default:
        h->wants_open |= UINT64_C(1) << i;
        break;
    }
}

_Static_assert(PEER_ACTION_MAX <= 64, "a bit for each action");

/* What sends waits for room. */
static bool is_due(const struct device *d, const struct peer_action *action)
{
    const struct host *h = device_state_read(d);
    if (action->verb <= DO_DATAGRAM && !host_has_room(d))
        return false;
    return action->timed ? action->at_ps <= d->now_ps : action->at_event <= h->frames_in;
}

/* What is left over is due at once again: the notes of one call have to find room. */
void host_act(struct device *d)
{
    const struct host *h = device_state(d);
    const struct peer_plan *plan = peer_plan(d);
    uint32_t left = ACTIONS_AT_ONCE;
    for (uint32_t i = 0; i < plan->action_count && left > 0; i++) {
        if (h->actions_done >> i & 1 || !is_due(d, &plan->actions[i]))
            continue;
        act(d, i);
        left--;
    }
}

uint64_t host_act_ps(const struct device *d)
{
    const struct host *h = device_state_read(d);
    const struct peer_plan *plan = peer_plan(d);
    uint64_t first_ps = TIME_NEVER;
    for (uint32_t i = 0; i < plan->action_count; i++) {
        const struct peer_action *action = &plan->actions[i];
        uint64_t at_ps = action->timed ? action->at_ps : TIME_NEVER;
        if (h->actions_done >> i & 1)
            continue;
        if (is_due(d, action))
            return d->now_ps;
        if (at_ps > d->now_ps && at_ps < first_ps) /* else it waits for room */
            first_ps = at_ps;
    }
    return first_ps;
}
