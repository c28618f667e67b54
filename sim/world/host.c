/* host.c: a computer at the other end of a UART: frames by address, UDP in IPv6 over PPP, and a
 * console beside them (sim/net/).
 *
 * It takes every frame, says what it was, and answers if it is told to: an echo goes back to where
 * it came from, ports and addresses exchanged. Its plan sends text, frames and datagrams, whole or
 * spoilt in one way, and says what it wants to hear.
 *
 * Not modelled: LCP and IPV6CP (the link is open, with what sim/net/hdlc.h takes for agreed),
 * ICMPv6 (no neighbour is asked for), parity, and a rate other than the UART's: octets come through
 * whatever the two rates are.
 */
#include "sim/world/host.h"

#include "sim/world/catalogue.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const answers[] = {"never", "echo", NULL};

static const struct peer_parameter parameters[HOST_PARAMETERS] = {
    [HOST_BAUD] = {"baud", "bits a second that it sends with, ten a byte", PEER_NUMBER, 1200,
                   1000000, 115200, NULL, 0},
    [HOST_OWN_ID] = {"own_id", "interface identifier of its address, fe80::", PEER_NUMBER, 1,
                     UINT64_MAX, 1, NULL, 0},
    [HOST_BOARD_ID] = {"board_id", "that of the board", PEER_NUMBER, 1, UINT64_MAX, 2, NULL, 0},
    [HOST_HOP_LIMIT] = {"hop_limit", "of what it sends", PEER_NUMBER, 0, 255, 64, NULL, 0},
    [HOST_MRU] = {"mru", "octets between control and FCS that it takes", PEER_NUMBER, 1,
                  HDLC_BODY_MAX - HDLC_BODY_MIN, 1500, NULL, 0},
    [HOST_DATAGRAMS] = {"answer", "what datagrams are answered with: echo sends them back",
                        PEER_NUMBER, HOST_NEVER, HOST_ECHO, HOST_NEVER, answers, 0},
    [HOST_FRAMES] = {"answer_frames", "the same for frames of other addresses than PPP's, 0xff",
                     PEER_NUMBER, HOST_NEVER, HOST_ECHO, HOST_NEVER, answers, 0},
    [HOST_ANSWER_AFTER] = {"answer_after_us", "from a frame's last bit to its answer", PEER_US, 0,
                           100 * PS_PER_S, 0, NULL, 0},
    [HOST_GAP] = {"gap_us", "its line is idle behind each frame", PEER_US, 0, PS_PER_S, 0, NULL, 0},
    [HOST_ESCAPES] = {"escape_controls", "escapes octets below 0x20 as well, as by an ACCM of ones",
                      PEER_FLAG, 0, 1, 0, NULL, 0},
};

enum {
    FRAMES_IN,
    FRAMES_OUT,
    LAST_ADDRESS,
    LAST_SIZE,
    LAST_WORD,
    LAST_HASH,
    DATAGRAMS_IN,
    DATAGRAMS_OUT,
    LAST_BOARD_PORT,
    LAST_OWN_PORT,
    ANSWERED,
    UNANSWERED,
    MATCHED,
    MISMATCHED,
    WANTED,
    BAD_FCS,
    BAD_CONTROL,
    ABORTED,
    TOO_SHORT,
    TOO_LONG,
    FOREIGN,
    STRAYS,
    BAD_PACKETS,
    BAD_UDP_CHECKSUMS,
    NO_UDP_CHECKSUMS,
    CONSOLE,
    CONSOLE_HASH,
    OCTETS_IN,
    OCTETS_OUT,
    LOST,
    FACTS
};

static const struct fact facts[FACTS] = {
    [FRAMES_IN] = {"frames_in", "good frames, PPP's too", NULL},
    [FRAMES_OUT] = {"frames_out", "its own, spoilt ones too", NULL},
    [LAST_ADDRESS] = {"last_address", "of the last good frame", NULL},
    [LAST_SIZE] = {"last_size", "of its payload; of a datagram's data", NULL},
    [LAST_WORD] = {"last_word", "its first four octets, the first in the low byte", NULL},
    [LAST_HASH] = {"last_hash", "its FNV-1a of 32 bits", NULL},
    [DATAGRAMS_IN] = {"datagrams_in", "good datagrams for it", NULL},
    [DATAGRAMS_OUT] = {"datagrams_out", "its own frames for PPP, spoilt ones and answers too",
                       NULL},
    [LAST_BOARD_PORT] = {"last_board_port", "where the last of them came from", NULL},
    [LAST_OWN_PORT] = {"last_own_port", "where it went to", NULL},
    [ANSWERED] = {"answered", "datagrams and frames that it has answered", NULL},
    [UNANSWERED] = {"unanswered", "those that \"silence\" kept it from answering", NULL},
    [MATCHED] = {"matched", "wants that came with just these octets", NULL},
    [MISMATCHED] = {"mismatched", "wants that came with others", NULL},
    [WANTED] = {"wanted", "wants that nothing has come for", NULL},
    [BAD_FCS] = {"bad_fcs", "frames with a wrong FCS", NULL},
    [BAD_CONTROL] = {"bad_control", "frames whose control octet is not 03", NULL},
    [ABORTED] = {"aborted", "frames that the board gave up", NULL},
    [TOO_SHORT] = {"too_short", "frames of less than four octets", NULL},
    [TOO_LONG] = {"too_long", "frames beyond the MRU", NULL},
    [FOREIGN] = {"foreign", "PPP frames that are not IPv6", NULL},
    [STRAYS] = {"strays", "good datagrams for another address", NULL},
    [BAD_PACKETS] = {"bad_packets", "not IPv6, not UDP, or lengths that are wrong", NULL},
    [BAD_UDP_CHECKSUMS] = {"bad_udp_checksums", "datagrams with a wrong checksum", NULL},
    [NO_UDP_CHECKSUMS] = {"no_udp_checksums", "datagrams without one", NULL},
    [CONSOLE] = {"console", "octets outside of frames", NULL},
    [CONSOLE_HASH] = {"console_hash", "their FNV-1a of 32 bits", NULL},
    [OCTETS_IN] = {"octets_in", "octets on the wire", NULL},
    [OCTETS_OUT] = {"octets_out", "octets that it has sent", NULL},
    [LOST] = {"lost", "frames of its own that there was no room for", NULL},
};
_Static_assert((int)FACTS <= (int)FACT_MAX, "more facts than there is room for");

static uint64_t host_fact(const struct device *d, uint32_t fact)
{
    const struct host *h = device_state_read(d);
    const uint32_t *refused = h->refused, *damaged = h->damaged;
    const uint64_t values[FACTS] = {
        [FRAMES_IN] = h->frames_in,
        [FRAMES_OUT] = h->frames_out,
        [LAST_ADDRESS] = h->last_address,
        [LAST_SIZE] = h->last_size,
        [LAST_WORD] = h->last_word,
        [LAST_HASH] = h->last_hash,
        [DATAGRAMS_IN] = h->datagrams_in,
        [DATAGRAMS_OUT] = h->datagrams_out,
        [LAST_BOARD_PORT] = h->last_board_port,
        [LAST_OWN_PORT] = h->last_own_port,
        [ANSWERED] = h->answered,
        [UNANSWERED] = h->unanswered,
        [MATCHED] = h->matched,
        [MISMATCHED] = h->mismatched,
        [WANTED] = host_wanted(d),
        [BAD_FCS] = damaged[HDLC_BAD_FCS],
        [BAD_CONTROL] = damaged[HDLC_BAD_CONTROL],
        [ABORTED] = damaged[HDLC_ABORTED],
        [TOO_SHORT] = damaged[HDLC_SHORT],
        [TOO_LONG] = damaged[HDLC_LONG],
        [FOREIGN] = h->foreign,
        [STRAYS] = h->strays,
        [BAD_PACKETS] = (uint64_t)refused[IP_SHORT] + refused[IP_VERSION] + refused[IP_LENGTH] +
                        refused[IP_NEXT_HEADER] + refused[UDP_SHORT] + refused[UDP_LENGTH],
        [BAD_UDP_CHECKSUMS] = refused[UDP_CHECKSUM],
        [NO_UDP_CHECKSUMS] = refused[UDP_NO_CHECKSUM],
        [CONSOLE] = h->console,
        [CONSOLE_HASH] = h->console_hash,
        [OCTETS_IN] = h->octets_in,
        [OCTETS_OUT] = h->octets_out,
        [LOST] = h->lost,
    };
    return values[fact];
}

/* --- notes ----------------------------------------------------------------------------------- */

static const char *const note_names[HOST_NOTES] = {
    [HOST_NOTE_FRAME] = "frame",     [HOST_NOTE_DATAGRAM] = "datagram",
    [HOST_NOTE_DAMAGED] = "damaged", [HOST_NOTE_REFUSED] = "refused",
    [HOST_NOTE_FOREIGN] = "foreign", [HOST_NOTE_STRAY] = "stray",
    [HOST_NOTE_SENT] = "sent",       [HOST_NOTE_PLAN] = "plan",
    [HOST_NOTE_MATCH] = "match",     [HOST_NOTE_MISMATCH] = "mismatch",
    [HOST_NOTE_SILENT] = "silent",   [HOST_NOTE_LOST] = "lost",
};

static const char *note_name(uint32_t number)
{
    return number < HOST_NOTES ? note_names[number] : NULL;
}

static const char *note_text(uint32_t number, uint32_t value, char *text, size_t size)
{
    const char *name = note_name(number);
    if (number == HOST_NOTE_DAMAGED && value < HDLC_NEWS)
        (void)snprintf(text, size, "%s: %s", name, hdlc_news_names[value]);
    else if (number == HOST_NOTE_REFUSED && value < IP_REFUSALS)
        (void)snprintf(text, size, "%s: %s", name, ip_refusal_names[value]);
    else
        (void)snprintf(text, size, "%s %" PRIu32, name ? name : "note", value);
    return text;
}

void host_note(struct device *d, enum host_note note, uint32_t value)
{
    device_request(
        d, (struct device_request){.kind = REQUEST_NOTE, .address = note, .state_offset = value});
}

/* --- what it hears --------------------------------------------------------------------------- */

enum { FNV_START = 0x811c9dc5, FNV_PRIME = 0x01000193 };

static uint32_t fnv_step(uint32_t hash, uint8_t octet)
{
    return (hash ^ octet) * FNV_PRIME;
}

static void remember(struct host *h, const uint8_t *octets, uint32_t size)
{
    h->last_size = size;
    h->last_word = 0;
    h->last_hash = FNV_START;
    for (uint32_t i = 0; i < size; i++) {
        if (i < 4)
            h->last_word |= (uint32_t)octets[i] << 8 * i;
        h->last_hash = fnv_step(h->last_hash, octets[i]);
    }
}

static void answer_datagram(struct device *d, const struct ip_datagram *came)
{
    struct host *h = device_state(d);
    uint8_t ppp[HDLC_BODY_MAX] = {PPP_IPV6 >> 8, PPP_IPV6 & 0xff};
    struct ip_datagram back = *came;
    back.source = came->destination;
    back.destination = came->source;
    back.source_port = came->destination_port;
    back.destination_port = came->source_port;
    back.hop_limit = (uint8_t)host_value(d, HOST_HOP_LIMIT);
    uint32_t size = ip_build(&back, ppp + PPP_HEADER_SIZE, sizeof ppp - PPP_HEADER_SIZE);
    if (host_frame(d, d->now_ps + host_value(d, HOST_ANSWER_AFTER), HDLC_PPP, ppp,
                   PPP_HEADER_SIZE + size))
        h->answered++;
}

static bool keeps_silent(struct device *d, uint32_t port)
{
    struct host *h = device_state(d);
    if (h->silent == 0)
        return false;
    h->silent--;
    h->unanswered++;
    host_note(d, HOST_NOTE_SILENT, port);
    return true;
}

static void take_datagram(struct device *d, const struct ip_datagram *datagram)
{
    struct host *h = device_state(d);
    struct ip_address own = ip_link_local(host_value(d, HOST_OWN_ID));
    if (memcmp(&datagram->destination, &own, sizeof own) != 0) {
        h->strays++;
        host_note(d, HOST_NOTE_STRAY, datagram->destination_port);
        return;
    }
    h->datagrams_in++;
    h->last_board_port = datagram->source_port;
    h->last_own_port = datagram->destination_port;
    remember(h, datagram->data, datagram->size);
    host_note(d, HOST_NOTE_DATAGRAM, datagram->source_port);
    host_compare_datagram(d, datagram);
    if (host_value(d, HOST_DATAGRAMS) == HOST_ECHO && !keeps_silent(d, datagram->source_port))
        answer_datagram(d, datagram);
}

static void take_ppp(struct device *d, const uint8_t *payload, uint32_t size)
{
    struct host *h = device_state(d);
    uint32_t protocol = size < PPP_HEADER_SIZE ? 0 : (uint32_t)payload[0] << 8 | payload[1];
    struct ip_datagram datagram;
    if (protocol != PPP_IPV6) {
        h->foreign++;
        host_note(d, HOST_NOTE_FOREIGN, protocol);
        return;
    }
    enum ip_refusal refusal =
        ip_parse(payload + PPP_HEADER_SIZE, size - PPP_HEADER_SIZE, &datagram);
    if (refusal) {
        h->refused[refusal]++;
        host_note(d, HOST_NOTE_REFUSED, refusal);
        return;
    }
    take_datagram(d, &datagram);
}

static void take_frame(struct device *d)
{
    struct host *h = device_state(d);
    uint8_t address = hdlc_address(h->reader.body);
    const uint8_t *payload = hdlc_payload(h->reader.body);
    uint32_t size = hdlc_payload_size(h->reader.size);
    h->frames_in++;
    h->last_address = address;
    remember(h, payload, size);
    host_note(d, HOST_NOTE_FRAME, address);
    host_compare_frame(d, address, payload, size);
    if (address == HDLC_PPP)
        take_ppp(d, payload, size);
    else if (host_value(d, HOST_FRAMES) == HOST_ECHO &&
             host_frame(d, d->now_ps + host_value(d, HOST_ANSWER_AFTER), address, payload, size))
        h->answered++;
}

static void take_console(struct device *d, uint8_t octet)
{
    struct host *h = device_state(d);
    h->console++;
    h->console_hash = fnv_step(h->console_hash, octet);
    memmove(h->console_kept, h->console_kept + 1, HOST_CONSOLE_KEPT - 1);
    h->console_kept[HOST_CONSOLE_KEPT - 1] = octet;
    host_compare_console(d);
}

static void take_octet(struct device *d, uint8_t octet)
{
    struct host *h = device_state(d);
    enum hdlc_news news = hdlc_take(&h->reader, octet);
    h->octets_in++;
    switch (news) {
    case HDLC_NOTHING:
        break;
    case HDLC_OUTSIDE:
        take_console(d, octet);
        break;
    case HDLC_FRAME:
        take_frame(d);
        break;
    default:
        h->damaged[news]++;
        host_note(d, HOST_NOTE_DAMAGED, news);
        break;
    }
}

/* --- the device ------------------------------------------------------------------------------ */

static void plan_wake(struct device *d)
{
    uint64_t act_ps = host_act_ps(d), send_ps = host_send_ps(d);
    d->wake_ps = act_ps < send_ps ? act_ps : send_ps;
}

static void host_packet(struct device *d, const uint8_t *octets, uint32_t size)
{
    while (size-- > 0)
        take_octet(d, *octets++);
    host_act(d);
    plan_wake(d);
}

static void host_wake(struct device *d)
{
    host_act(d);
    host_send(d);
    plan_wake(d);
}

static void host_reset(struct device *d)
{
    struct host *h = device_state(d);
    hdlc_start(&h->reader, (uint32_t)host_value(d, HOST_MRU) + HDLC_BODY_MIN);
    h->sending = HOST_SLOTS;
    h->console_hash = FNV_START;
    d->wake_ps = 0; /* for what the plan has at event 0 */
}

const struct peer_type host_peer = {
    .type = {.name = "host",
             .wire = WIRE_UART,
             .state_size = sizeof(struct host),
             .on_reset = host_reset,
             .on_wake = host_wake,
             .on_packet = host_packet},
    .about = "a computer at the other end of a UART: frames, UDP, a console",
    .parameters = parameters,
    .parameter_count = HOST_PARAMETERS,
    .verbs = host_verbs,
    .verb_count = HOST_VERBS,
    .facts = facts,
    .fact_count = FACTS,
    .fact = host_fact,
    .note_name = note_name,
    .note_text = note_text,
    .timed = true,
};
