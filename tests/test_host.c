/* test_host.c: the host at the other end of a UART, octet by octet, without a machine around it. */
#include "sim/net/hdlc.h"
#include "sim/net/ip.h"
#include "sim/world/catalogue.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum { WIRE_MAX = 16384, BYTE_CYCLES = 1389, CYCLE_PS = 62500 }; /* 10 / 115200 s, at 16 MHz */
#define BYTE_PS ((uint64_t)BYTE_CYCLES * CYCLE_PS)

/* --- the bench -------------------------------------------------------------------------------- */

static struct peer_plan plan;
static struct device *host;
static uint64_t now_ps;
static uint8_t wire[WIRE_MAX]; /* what it has sent */
static uint64_t wire_ps[WIRE_MAX];
static uint32_t wire_size;
static uint32_t notes[64], last_note[64]; /* by number: how many, value of the last */
static struct peer_octets texts[32];
static uint32_t text_count;

static uint32_t place_of(const struct peer_parameter *list, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return i;
    ck_abort_msg("no value called %s", name);
    return 0;
}

static void host_is(const char *name, uint64_t value)
{
    plan.values[place_of(host_peer.parameters, host_peer.parameter_count, name)] = value;
}

static uint64_t bytes_of(const void *bytes, size_t size)
{
    struct peer_octets *own = &texts[text_count++];
    *own = (struct peer_octets){
        .next = plan.octets, .number = text_count, .size = (uint32_t)size, .octets = bytes};
    plan.octets = own;
    return own->number;
}

static struct peer_action *host_does(const char *name)
{
    struct peer_action *action = &plan.actions[plan.action_count++];
    *action = (struct peer_action){.at_event = 0};
    while (strcmp(host_peer.verbs[action->verb].name, name) != 0)
        ck_assert_uint_lt(++action->verb, host_peer.verb_count);
    const struct peer_verb *verb = &host_peer.verbs[action->verb];
    for (uint32_t i = 0; i < verb->argument_count; i++)
        action->arguments[i] = verb->arguments[i].reset;
    return action;
}

/* An argument of what it does last. */
static void with(const char *name, uint64_t value)
{
    struct peer_action *action = &plan.actions[plan.action_count - 1];
    const struct peer_verb *verb = &host_peer.verbs[action->verb];
    action->arguments[place_of(verb->arguments, verb->argument_count, name)] = value;
}

static void with_text(const char *text)
{
    with("text", bytes_of(text, strlen(text)));
}

static uint64_t wrong_named(const char *name)
{
    const struct peer_action *action = &plan.actions[plan.action_count - 1];
    const struct peer_verb *verb = &host_peer.verbs[action->verb];
    const struct peer_parameter *wrong =
        &verb->arguments[place_of(verb->arguments, verb->argument_count, "wrong")];
    uint64_t i = 0;
    while (wrong->words[i] && strcmp(wrong->words[i], name) != 0)
        i++;
    ck_assert_ptr_nonnull(wrong->words[i]);
    return i;
}

static uint64_t fact(const char *name)
{
    for (uint32_t i = 0; i < host_peer.fact_count; i++)
        if (strcmp(host_peer.facts[i].name, name) == 0)
            return host_peer.fact(host, i);
    ck_abort_msg("no fact called %s", name);
    return 0;
}

static void take_requests(void)
{
    for (uint32_t i = 0; i < host->request_count; i++) {
        const struct device_request *r = &host->requests[i];
        if (r->kind == REQUEST_NOTE) {
            notes[r->address]++;
            last_note[r->address] = r->state_offset;
            continue;
        }
        ck_assert_int_eq(r->kind, REQUEST_WIRE);
        ck_assert_uint_lt(wire_size, WIRE_MAX);
        wire_ps[wire_size] = now_ps;
        wire[wire_size++] = (uint8_t)r->size;
    }
    host->request_count = 0;
    ck_assert_uint_eq(host->lost_requests, 0);
}

static void run_to(uint64_t at_ps)
{
    while (host->wake_ps <= at_ps) {
        now_ps = host->wake_ps > now_ps ? host->wake_ps : now_ps;
        device_wake(host, now_ps);
        take_requests();
    }
    now_ps = at_ps;
}

static void boot(void)
{
    device_reset(host);
    take_requests();
}

static void hear(const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        device_packet(host, (const uint8_t *)bytes + i, 1, now_ps);
        take_requests();
        run_to(now_ps + BYTE_PS);
    }
}

static void hear_text(const char *text)
{
    hear(text, strlen(text));
}

static void hear_body(const uint8_t *body, uint32_t size)
{
    uint8_t two[2];
    hear("\x7e", 1);
    for (uint32_t i = 0; i < size; i++)
        hear(two, hdlc_stuffed(body[i], false, two));
    hear("\x7e", 1);
}

static void hear_frame(uint8_t address, const char *text)
{
    uint8_t body[HDLC_BODY_MAX];
    hear_body(body, hdlc_body(address, (const uint8_t *)text, (uint32_t)strlen(text), body));
}

/* A packet of the board's, port 1024 to the host's 7, as PPP's payload. */
static uint32_t ppp_of(const char *text, uint8_t ppp[HDLC_BODY_MAX])
{
    const struct ip_datagram datagram = {.source = ip_link_local(2),
                                         .destination = ip_link_local(1),
                                         .source_port = 1024,
                                         .destination_port = 7,
                                         .hop_limit = 64,
                                         .size = (uint16_t)strlen(text),
                                         .data = (const uint8_t *)text};
    ppp[0] = PPP_IPV6 >> 8;
    ppp[1] = PPP_IPV6 & 0xff;
    return PPP_HEADER_SIZE +
           ip_build(&datagram, ppp + PPP_HEADER_SIZE, HDLC_BODY_MAX - PPP_HEADER_SIZE);
}

static void hear_datagram(const char *text)
{
    uint8_t ppp[HDLC_BODY_MAX], body[HDLC_BODY_MAX];
    hear_body(body, hdlc_body(HDLC_PPP, ppp, ppp_of(text, ppp), body));
}

static void set_up(void)
{
    plan = (struct peer_plan){.action_count = 0};
    for (uint32_t i = 0; i < host_peer.parameter_count; i++)
        plan.values[i] = host_peer.parameters[i].reset;
    host = calloc(1, device_size(&host_peer.type));
    ck_assert_ptr_nonnull(host);
    host->type = &host_peer.type;
    host->plan = &plan;
    host->hf = (struct clock){.hz = 16000000};
    host->lf = (struct clock){.hz = 32768};
    now_ps = wire_size = text_count = 0;
    memset(notes, 0, sizeof notes);
}

static void tear_down(void)
{
    free(host);
}

/* What it has sent, read: how often each news came, and the last frame. */
static struct hdlc_reader reader;
static uint32_t news_of[HDLC_NEWS];
static uint8_t last_body[HDLC_BODY_MAX];
static uint32_t last_size;

static void read_wire(void)
{
    hdlc_start(&reader, HDLC_BODY_MAX);
    memset(news_of, 0, sizeof news_of);
    for (uint32_t i = 0; i < wire_size; i++) {
        enum hdlc_news news = hdlc_take(&reader, wire[i]);
        news_of[news]++;
        if (news != HDLC_FRAME)
            continue;
        memcpy(last_body, reader.body, reader.size);
        last_size = reader.size;
    }
}

static enum ip_refusal read_datagram(struct ip_datagram *datagram)
{
    read_wire();
    ck_assert_uint_eq(news_of[HDLC_FRAME], 1);
    ck_assert_uint_eq(hdlc_address(last_body), HDLC_PPP);
    return ip_parse(hdlc_payload(last_body) + PPP_HEADER_SIZE,
                    hdlc_payload_size(last_size) - PPP_HEADER_SIZE, datagram);
}

/* --- what it hears ---------------------------------------------------------------------------- */

START_TEST(frames_text_and_datagrams_are_told_apart)
{
    boot();
    hear_text("boot");
    hear_frame(3, "abc");
    hear_datagram("hello");
    hear_text("\n");
    ck_assert_uint_eq(fact("frames_in"), 2);
    ck_assert_uint_eq(fact("datagrams_in"), 1);
    ck_assert_uint_eq(fact("last_address"), HDLC_PPP);
    ck_assert_uint_eq(fact("last_board_port"), 1024);
    ck_assert_uint_eq(fact("last_own_port"), 7);
    ck_assert_uint_eq(fact("last_size"), 5);
    ck_assert_uint_eq(fact("last_word"), 0x6c6c6568);
    ck_assert_uint_eq(fact("last_hash"), 0x4f9f2cab); /* FNV-1a of "hello" */
    ck_assert_uint_eq(fact("console"), 5);
    ck_assert_uint_eq(fact("octets_in"), 4 + 2 + 7 + 2 + 59 + 1);
    ck_assert_uint_eq(wire_size, 0);
}
END_TEST

/* What the board may do wrong to a datagram: an octet of the body is changed, and the FCS anew. */
static const struct {
    const char *why;
    uint32_t at;
    uint8_t flip;
    bool fcs_anew;
    const char *fact;
} damages[] = {
    {"FCS", 20, 1, false, "bad_fcs"},
    {"control", 1, 0x10, true, "bad_control"},
    {"protocol", 3, 0x76, true, "foreign"},
    {"version", 4, 0x20, true, "bad_packets"},
    {"IPv6 length", 4 + IP_AT_LENGTH + 1, 1, true, "bad_packets"},
    {"next header", 4 + IP_AT_NEXT, 1, true, "bad_packets"},
    {"UDP length", 4 + UDP_AT_LENGTH + 1, 1, true, "bad_packets"},
    {"UDP checksum", 4 + UDP_AT_CHECKSUM, 1, true, "bad_udp_checksums"},
    {"data", 4 + IP_OVERHEAD, 1, true, "bad_udp_checksums"},
};

START_TEST(damage_is_counted_by_its_kind_and_gets_no_answer)
{
    uint8_t ppp[HDLC_BODY_MAX], body[HDLC_BODY_MAX];
    host_is("answer", 1);
    boot();
    uint32_t size = hdlc_body(HDLC_PPP, ppp, ppp_of("hello", ppp), body);
    body[damages[_i].at] ^= damages[_i].flip;
    uint16_t fcs = hdlc_fcs(body, size - HDLC_FCS_SIZE) ^ 0xffff;
    if (damages[_i].fcs_anew)
        memcpy(body + size - HDLC_FCS_SIZE, (uint8_t[]){(uint8_t)fcs, (uint8_t)(fcs >> 8)}, 2);

    hear_body(body, size);
    run_to(PS_PER_S);

    ck_assert_msg(fact(damages[_i].fact) == 1, "%s: not %s", damages[_i].why, damages[_i].fact);
    ck_assert_uint_eq(fact("datagrams_in"), 0);
    ck_assert_uint_eq(fact("answered"), 0);
    ck_assert_uint_eq(wire_size, 0);
}
END_TEST

START_TEST(datagram_without_a_checksum_is_refused)
{
    uint8_t ppp[HDLC_BODY_MAX], body[HDLC_BODY_MAX];
    boot();
    uint32_t size = ppp_of("hello", ppp);
    memset(ppp + PPP_HEADER_SIZE + UDP_AT_CHECKSUM, 0, 2);
    hear_body(body, hdlc_body(HDLC_PPP, ppp, size, body));
    ck_assert_uint_eq(fact("no_udp_checksums"), 1);
    ck_assert_uint_eq(fact("datagrams_in"), 0);
}
END_TEST

START_TEST(datagram_for_another_address_is_a_stray)
{
    host_is("own_id", 5);
    host_is("answer", 1);
    boot();
    hear_datagram("hello");
    run_to(PS_PER_S);
    ck_assert_uint_eq(fact("strays"), 1);
    ck_assert_uint_eq(fact("datagrams_in"), 0);
    ck_assert_uint_eq(wire_size, 0);
}
END_TEST

START_TEST(aborted_short_and_long_frames_are_counted)
{
    host_is("mru", 4);
    boot();
    hear("\x7e\x05\x03\x7d\x7e", 5);
    hear("\x7e\x05\x03\x7e", 4);
    hear_frame(5, "12345");
    hear_frame(5, "1234");
    ck_assert_uint_eq(fact("aborted"), 1);
    ck_assert_uint_eq(fact("too_short"), 1);
    ck_assert_uint_eq(fact("too_long"), 1);
    ck_assert_uint_eq(fact("frames_in"), 1);
}
END_TEST

/* --- what it answers -------------------------------------------------------------------------- */

START_TEST(echo_goes_back_to_where_it_came_from)
{
    struct ip_datagram echo;
    struct ip_address board = ip_link_local(2);
    host_is("answer", 1);
    boot();
    hear_datagram("hello");
    run_to(PS_PER_S);
    ck_assert_int_eq(read_datagram(&echo), IP_GOOD);
    ck_assert_uint_eq(echo.source_port, 7);
    ck_assert_uint_eq(echo.destination_port, 1024);
    ck_assert_mem_eq(&echo.destination, &board, sizeof board);
    ck_assert_uint_eq(echo.size, 5);
    ck_assert_mem_eq(echo.data, "hello", 5);
    ck_assert_uint_eq(fact("answered"), 1);
    ck_assert_uint_eq(fact("datagrams_out"), 1);
}
END_TEST

START_TEST(answer_is_late_by_what_it_is_told)
{
    host_is("answer_frames", 1);
    host_is("answer_after_us", 3 * PS_PER_MS);
    boot();
    hear_frame(9, "x");
    uint64_t heard_ps = now_ps - BYTE_PS; /* the closing flag */
    run_to(PS_PER_S);
    ck_assert_uint_eq(wire_ps[0], heard_ps + 3 * PS_PER_MS);
    read_wire();
    ck_assert_uint_eq(hdlc_address(last_body), 9);
    ck_assert_uint_eq(news_of[HDLC_FRAME], 1);
}
END_TEST

START_TEST(silence_keeps_answers_back)
{
    host_is("answer", 1);
    host_does("silence");
    with("datagrams", 2);
    boot();
    run_to(0);
    for (int i = 0; i < 3; i++)
        hear_datagram("hello");
    run_to(PS_PER_S);
    ck_assert_uint_eq(fact("unanswered"), 2);
    ck_assert_uint_eq(fact("answered"), 1);
    read_wire();
    ck_assert_uint_eq(news_of[HDLC_FRAME], 1);
}
END_TEST

START_TEST(what_finds_no_room_is_lost_and_said)
{
    host_is("answer_frames", 1);
    host_is("answer_after_us", PS_PER_S);
    boot();
    for (int i = 0; i < 10; i++)
        hear_frame(9, "x");
    ck_assert_uint_eq(fact("answered"), 8);
    ck_assert_uint_eq(fact("lost"), 2);
    run_to(3 * PS_PER_S);
    read_wire();
    ck_assert_uint_eq(news_of[HDLC_FRAME], 8);
}
END_TEST

/* --- what it sends ---------------------------------------------------------------------------- */

START_TEST(octets_leave_a_byte_time_apart)
{
    host_does("raw")->timed = true;
    plan.actions[0].at_ps = PS_PER_MS;
    with_text("abc");
    with("times", 2);
    boot();
    run_to(PS_PER_S);
    ck_assert_uint_eq(wire_size, 6);
    ck_assert_mem_eq(wire, "abcabc", 6);
    for (uint32_t i = 0; i < wire_size; i++)
        ck_assert_uint_eq(wire_ps[i], PS_PER_MS + i * BYTE_PS);
}
END_TEST

START_TEST(payload_is_text_then_hex_then_filled_up)
{
    host_does("frame");
    with("address", 77);
    with_text("ab");
    with("hex", bytes_of("\x7e\x7d", 2));
    with("size", 6);
    boot();
    run_to(PS_PER_S);
    read_wire();
    ck_assert_uint_eq(news_of[HDLC_FRAME], 1);
    ck_assert_uint_eq(hdlc_address(last_body), 77);
    ck_assert_uint_eq(hdlc_payload_size(last_size), 6);
    ck_assert_mem_eq(hdlc_payload(last_body), "ab\x7e\x7d\x00\x01", 6);
    ck_assert_uint_eq(wire[0], HDLC_FLAG);
    ck_assert_uint_eq(wire[wire_size - 1], HDLC_FLAG);
}
END_TEST

START_TEST(frames_wait_for_each_other_and_keep_their_gap)
{
    host_is("gap_us", PS_PER_MS);
    host_does("frame");
    with("address", 1);
    with("times", 2);
    host_does("frame");
    with("address", 2);
    boot();
    run_to(PS_PER_S);
    read_wire();
    ck_assert_uint_eq(news_of[HDLC_FRAME], 3);
    ck_assert_uint_eq(hdlc_address(last_body), 2);
    ck_assert_uint_eq(wire_size, 18);
    ck_assert_uint_eq(wire_ps[6] - wire_ps[5], BYTE_PS + PS_PER_MS);
    ck_assert_uint_eq(fact("frames_out"), 3);
}
END_TEST

START_TEST(escape_controls_leaves_no_control_on_the_wire)
{
    host_is("escape_controls", 1);
    host_does("frame");
    with("size", 64);
    boot();
    run_to(PS_PER_S);
    for (uint32_t i = 0; i < wire_size; i++)
        ck_assert_uint_ge(wire[i], 0x20);
    read_wire();
    ck_assert_uint_eq(hdlc_payload_size(last_size), 64);
}
END_TEST

START_TEST(many_actions_at_once_wait_for_room_and_go_in_order)
{
    for (uint32_t i = 0; i < PEER_ACTION_MAX; i++) {
        host_does("frame");
        with("address", 1 + i);
        plan.actions[i].timed = i % 2;
    }
    boot();
    run_to(PS_PER_S);
    ck_assert_uint_eq(fact("frames_out"), PEER_ACTION_MAX);
    ck_assert_uint_eq(fact("lost"), 0);
    for (uint32_t i = 0; i < PEER_ACTION_MAX; i++)
        ck_assert_uint_eq(wire[6 * i + 1], 1 + i);
}
END_TEST

START_TEST(actions_wait_for_their_count_of_frames)
{
    host_does("raw")->at_event = 2;
    with_text("!");
    boot();
    run_to(PS_PER_MS);
    hear_frame(1, "");
    run_to(now_ps + PS_PER_S);
    ck_assert_uint_eq(wire_size, 0);
    hear_frame(1, "");
    run_to(now_ps + PS_PER_S);
    ck_assert_uint_eq(wire_size, 1);
}
END_TEST

/* What a reader says of a frame, or of the packet in it, that is wrong in one way. */
static const struct {
    const char *wrong;
    enum hdlc_news news;
    enum ip_refusal refusal; /* of a good frame */
} wrongs[] = {
    {"nothing", HDLC_FRAME, IP_GOOD},
    {"fcs", HDLC_BAD_FCS, IP_GOOD},
    {"control", HDLC_BAD_CONTROL, IP_GOOD},
    {"abort", HDLC_ABORTED, IP_GOOD},
    {"truncated", HDLC_BAD_FCS, IP_GOOD},
    {"open", HDLC_NOTHING, IP_GOOD},
    {"version", HDLC_FRAME, IP_VERSION},
    {"ip_length", HDLC_FRAME, IP_LENGTH},
    {"next_header", HDLC_FRAME, IP_NEXT_HEADER},
    {"udp_length", HDLC_FRAME, UDP_LENGTH},
    {"udp_checksum", HDLC_FRAME, UDP_CHECKSUM},
    {"no_checksum", HDLC_FRAME, UDP_NO_CHECKSUM},
};

START_TEST(datagram_is_wrong_in_the_way_that_is_asked_for)
{
    struct ip_datagram datagram;
    host_does("datagram");
    with_text("hello");
    with("wrong", wrong_named(wrongs[_i].wrong));
    boot();
    run_to(PS_PER_S);
    read_wire();
    for (int news = HDLC_OUTSIDE; news < HDLC_NEWS; news++)
        ck_assert_msg(news_of[news] == (news == (int)wrongs[_i].news), "%s: %u times \"%s\"",
                      wrongs[_i].wrong, news_of[news], hdlc_news_names[news]);
    if (wrongs[_i].news != HDLC_FRAME)
        return;
    enum ip_refusal refusal = read_datagram(&datagram);
    ck_assert_msg(refusal == wrongs[_i].refusal, "%s: %s", wrongs[_i].wrong,
                  ip_refusal_names[refusal]);
}
END_TEST

START_TEST(other_protocol_and_other_destination_are_good_frames)
{
    struct ip_datagram datagram;
    struct ip_address board = ip_link_local(2);
    host_does("datagram");
    with("wrong", wrong_named(_i ? "protocol" : "destination"));
    boot();
    run_to(PS_PER_S);
    ck_assert_int_eq(read_datagram(&datagram), IP_GOOD);
    ck_assert_uint_eq(hdlc_payload(last_body)[1], _i ? 0x21 : 0x57);
    ck_assert((memcmp(&datagram.destination, &board, sizeof board) == 0) == (_i == 1));
}
END_TEST

/* The length is one too many, and the checksum is that of a packet with this length. */
START_TEST(wrong_udp_length_is_all_that_is_wrong)
{
    struct ip_datagram datagram;
    host_does("datagram");
    with_text("hello");
    with("wrong", wrong_named("udp_length"));
    boot();
    run_to(PS_PER_S);
    ck_assert_int_eq(read_datagram(&datagram), UDP_LENGTH);
    uint8_t longer[HDLC_BODY_MAX] = {0};
    uint32_t size = hdlc_payload_size(last_size) - PPP_HEADER_SIZE;
    memcpy(longer, hdlc_payload(last_body) + PPP_HEADER_SIZE, size);
    longer[IP_AT_LENGTH + 1]++; /* with a 0 behind it, which adds nothing */
    ck_assert_int_eq(ip_parse(longer, size + 1, &datagram), IP_GOOD);
}
END_TEST

/* --- what it wants ---------------------------------------------------------------------------- */

START_TEST(wants_are_met_in_their_order_or_not)
{
    host_does("want_frame");
    with("address", 3);
    with_text("one");
    host_does("want_frame");
    with("address", 3);
    with_text("two");
    host_does("want_frame");
    with("address", 4);
    boot();
    run_to(1);
    ck_assert_uint_eq(fact("wanted"), 3);
    hear_frame(5, "one");
    ck_assert_uint_eq(fact("matched") + fact("mismatched"), 0);
    hear_frame(3, "one");
    ck_assert_uint_eq(fact("matched"), 1);
    hear_frame(3, "tow");
    ck_assert_uint_eq(fact("mismatched"), 1);
    hear_frame(3, "two");
    ck_assert_uint_eq(fact("matched"), 1);
    ck_assert_uint_eq(fact("wanted"), 1);
    hear_frame(4, "");
    ck_assert_uint_eq(fact("matched"), 2);
    ck_assert_uint_eq(fact("wanted"), 0);
}
END_TEST

START_TEST(want_of_a_datagram_looks_at_ports)
{
    host_does("want_datagram");
    with("from", 1025);
    with_text("hello");
    host_does("want_datagram");
    with("to", 7);
    with_text("hello");
    boot();
    run_to(1);
    hear_datagram("hello");
    ck_assert_uint_eq(fact("matched"), 1);
    ck_assert_uint_eq(fact("wanted"), 1);
    hear_datagram("hello");
    ck_assert_uint_eq(fact("matched"), 1);
    ck_assert_uint_eq(fact("mismatched"), 0);
}
END_TEST

START_TEST(want_of_a_datagram_looks_at_each_octet)
{
    host_does("want_datagram");
    with_text(_i ? "hello!" : "hellO");
    boot();
    run_to(1);
    hear_datagram("hello");
    ck_assert_uint_eq(fact("matched"), 0);
    ck_assert_uint_eq(fact("mismatched"), 1);
    ck_assert_uint_eq(fact("wanted"), 0);
}
END_TEST

START_TEST(wanted_text_may_stand_anywhere_outside_of_frames)
{
    host_does("want_console");
    with_text("is up");
    boot();
    run_to(1);
    hear_text("it is ");
    hear_frame(3, "is up");
    ck_assert_uint_eq(fact("matched"), 0);
    hear_text("up and");
    ck_assert_uint_eq(fact("matched"), 1);
    ck_assert_uint_eq(fact("wanted"), 0);
}
END_TEST

START_TEST(notes_have_names_and_texts)
{
    char text[80];
    uint32_t note = 1;
    for (; host_peer.note_name(note); note++)
        ck_assert_ptr_nonnull(host_peer.note_text(note, 1, text, sizeof text));
    ck_assert_uint_eq(note, 13);
    ck_assert_ptr_null(host_peer.note_name(0));
    ck_assert_str_eq(host_peer.note_text(3, HDLC_BAD_FCS, text, sizeof text), "damaged: bad FCS");
    ck_assert_str_eq(host_peer.note_text(4, UDP_CHECKSUM, text, sizeof text),
                     "refused: wrong UDP checksum");
    ck_assert_str_eq(host_peer.note_text(1, 3, text, sizeof text), "frame 3");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("host");
    TCase *t = tcase_create("hears");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, frames_text_and_datagrams_are_told_apart);
    tcase_add_loop_test(t, damage_is_counted_by_its_kind_and_gets_no_answer, 0, COUNT(damages));
    tcase_add_test(t, datagram_without_a_checksum_is_refused);
    tcase_add_test(t, datagram_for_another_address_is_a_stray);
    tcase_add_test(t, aborted_short_and_long_frames_are_counted);
    suite_add_tcase(s, t);
    t = tcase_create("answers");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, echo_goes_back_to_where_it_came_from);
    tcase_add_test(t, answer_is_late_by_what_it_is_told);
    tcase_add_test(t, silence_keeps_answers_back);
    tcase_add_test(t, what_finds_no_room_is_lost_and_said);
    suite_add_tcase(s, t);
    t = tcase_create("sends");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, octets_leave_a_byte_time_apart);
    tcase_add_test(t, payload_is_text_then_hex_then_filled_up);
    tcase_add_test(t, frames_wait_for_each_other_and_keep_their_gap);
    tcase_add_test(t, escape_controls_leaves_no_control_on_the_wire);
    tcase_add_test(t, many_actions_at_once_wait_for_room_and_go_in_order);
    tcase_add_test(t, actions_wait_for_their_count_of_frames);
    tcase_add_loop_test(t, datagram_is_wrong_in_the_way_that_is_asked_for, 0, COUNT(wrongs));
    tcase_add_loop_test(t, other_protocol_and_other_destination_are_good_frames, 0, 2);
    tcase_add_test(t, wrong_udp_length_is_all_that_is_wrong);
    suite_add_tcase(s, t);
    t = tcase_create("wants");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, wants_are_met_in_their_order_or_not);
    tcase_add_test(t, want_of_a_datagram_looks_at_ports);
    tcase_add_loop_test(t, want_of_a_datagram_looks_at_each_octet, 0, 2);
    tcase_add_test(t, wanted_text_may_stand_anywhere_outside_of_frames);
    tcase_add_test(t, notes_have_names_and_texts);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
