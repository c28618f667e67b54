/* test_net.c: frames of a UART and UDP in IPv6, against numbers from elsewhere; and what is
 * refused.
 */
#include "sim/net/hdlc.h"
#include "sim/net/ip.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

/* From fe80::1, port 7, to fe80::2, port 1024: "hello", as PPP. The checksum, 0xbaf6, and the FCS,
 * 0x3725, were worked out by a program that shares nothing with this one. */
static const uint8_t hello_frame[] =
    "\xff\x03\x00\x57\x60\x00\x00\x00\x00\x0d\x11\x40\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x01\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x07"
    "\x04\x00\x00\x0d\xba\xf6hello\x25\x37";
enum {
    HELLO_FRAME_SIZE = sizeof hello_frame - 1,
    HELLO_PACKET_SIZE = HELLO_FRAME_SIZE - HDLC_HEADER_SIZE - PPP_HEADER_SIZE - HDLC_FCS_SIZE,
};
static const uint8_t *const hello_packet = hello_frame + HDLC_HEADER_SIZE + PPP_HEADER_SIZE;

/* --- the check sequence ----------------------------------------------------------------------- */

START_TEST(fcs_of_the_digits_is_the_catalogues)
{
    /* CRC-16/IBM-SDLC (X.25), "check" of the common catalogues of CRCs. */
    ck_assert_uint_eq(hdlc_fcs((const uint8_t *)"123456789", 9) ^ 0xffff, 0x906e);
}
END_TEST

START_TEST(any_body_with_its_fcs_gives_the_good_value)
{
    uint8_t payload[256], body[HDLC_BODY_MAX];
    for (uint32_t size = 0; size < sizeof payload; size++) {
        payload[size] = (uint8_t)(size * 7 ^ size >> 3);
        uint32_t got = hdlc_body((uint8_t)size, payload, size, body);
        ck_assert_uint_eq(got, size + HDLC_BODY_MIN);
        ck_assert_uint_eq(hdlc_fcs(body, got), 0xf0b8); /* RFC 1662, C.2 */
    }
}
END_TEST

/* --- frames ----------------------------------------------------------------------------------- */

static struct hdlc_reader reader;
static uint32_t news_of[HDLC_NEWS];
static uint8_t outside[64];
static uint32_t outside_size;

static void read_wire(const void *octets, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        uint8_t octet = ((const uint8_t *)octets)[i];
        enum hdlc_news news = hdlc_take(&reader, octet);
        news_of[news]++;
        if (news == HDLC_OUTSIDE && outside_size < sizeof outside)
            outside[outside_size++] = octet;
    }
}

static void read_anew(void)
{
    hdlc_start(&reader, HDLC_BODY_MAX);
    memset(news_of, 0, sizeof news_of);
    outside_size = 0;
}

static uint32_t wire_of(const uint8_t *body, uint32_t size, bool controls, uint8_t *wire)
{
    uint32_t at = 0;
    wire[at++] = HDLC_FLAG;
    for (uint32_t i = 0; i < size; i++)
        at += hdlc_stuffed(body[i], controls, wire + at);
    wire[at++] = HDLC_FLAG;
    return at;
}

START_TEST(frame_of_every_octet_comes_back_however_it_is_escaped)
{
    uint8_t payload[256], body[HDLC_BODY_MAX], wire[2 * HDLC_BODY_MAX + 2];
    for (int i = 0; i < 256; i++)
        payload[i] = (uint8_t)i;
    uint32_t size = hdlc_body(3, payload, sizeof payload, body);
    uint32_t wire_size = wire_of(body, size, _i == 1, wire);

    read_wire(wire, wire_size);

    ck_assert_uint_eq(news_of[HDLC_FRAME], 1);
    ck_assert_uint_eq(reader.size, size);
    ck_assert_mem_eq(reader.body, body, size);
    ck_assert_uint_eq(hdlc_address(reader.body), 3);
    ck_assert_uint_eq(hdlc_payload_size(reader.size), 256);
    ck_assert_uint_eq(outside_size, 0);
    for (uint32_t i = 1; i + 1 < wire_size; i++)
        ck_assert(wire[i] != HDLC_FLAG && (_i == 0 || wire[i] >= 0x20));
}
END_TEST

#define ONE "\x7e\x05\x03" /* a frame's beginning, behind its flag */

/* "ab" and "c" to address 5, as our sender would send them; their FCS by the program above. */
#define AB ONE "ab\x74\x41\x7e"
#define C ONE "c\x84\x84\x7e"

/* What stands on the wire, how often each news comes, what is the console's. */
static const struct {
    const char *why;
    const char *wire;
    uint32_t size;
    uint32_t frames, bad, aborted, too_short, too_long;
    const char *outside;
} streams[] = {
#define WIRE(text) text, sizeof(text) - 1
    {"nothing but text", WIRE("hello"), 0, 0, 0, 0, 0, "hello"},
    {"a frame in text", WIRE("he" AB "llo"), 1, 0, 0, 0, 0, "hello"},
    {"two frames", WIRE(AB C), 2, 0, 0, 0, 0, ""},
    {"flags between frames open, and are no frames", WIRE("\x7e\x7e" AB "\x7e\x7e\x7e" C), 2, 0, 0,
     0, 0, ""},
    {"an escaped octet",
     WIRE(ONE "\x7d\x41"
              "b\x74\x41\x7e"),
     1, 0, 0, 0, 0, ""},
    {"a wrong FCS", WIRE(ONE "ab\x74\x42\x7e"), 0, 1, 0, 0, 0, ""},
    {"a flipped octet", WIRE(ONE "aB\x74\x41\x7e"), 0, 1, 0, 0, 0, ""},
    {"an abort", WIRE(ONE "ab\x7d\x7e"), 0, 0, 1, 0, 0, ""},
    {"an abort of nothing", WIRE("\x7e\x7d\x7e"), 0, 0, 1, 0, 0, ""},
    {"an abort, then a frame", WIRE(ONE "a\x7d\x7e" AB), 1, 0, 1, 0, 0, ""},
    {"text behind an abort is text",
     WIRE(ONE "a\x7d\x7e"
              "text" AB),
     1, 0, 1, 0, 0, "text"},
    {"text behind an abort behind a bad frame, too",
     WIRE(ONE "aB\x74\x41\x7e" ONE "a\x7d\x7e"
              "text"),
     0, 1, 1, 0, 0, "text"},
    {"three octets",
     WIRE("\x7e\x05\x03"
          "a\x7e"),
     0, 0, 0, 1, 0, ""},
    {"one more than it takes", WIRE(ONE "12345678\x7e"), 0, 0, 0, 0, 1, ""},
    {"one flag of the two between frames is lost", WIRE(ONE "ab\x74\x41" C AB), 2, 0, 0, 0, 0,
     "\x05\x03"
     "c\x84\x84"},
    {"an opening flag is lost",
     WIRE("\x05\x03"
          "ab\x74\x41\x7e" C),
     1, 0, 0, 0, 0,
     "\x05\x03"
     "ab\x74\x41"},
    {"text behind a bad frame is nobody's",
     WIRE(ONE "aB\x74\x41\x7e"
              "text" AB),
     1, 2, 0, 0, 0, ""},
    {"control is not 03",
     WIRE("\x7e\x05\x13"
          "ab\xe1\xc4\x7e"),
     0, 0, 0, 0, 0, ""},
#undef WIRE
};

START_TEST(streams_are_cut_into_frames_and_text)
{
    hdlc_start(&reader, 8);
    read_wire(streams[_i].wire, streams[_i].size);

    ck_assert_msg(news_of[HDLC_FRAME] == streams[_i].frames, "%s: %u frames", streams[_i].why,
                  news_of[HDLC_FRAME]);
    ck_assert_msg(news_of[HDLC_BAD_FCS] == streams[_i].bad, "%s: %u bad", streams[_i].why,
                  news_of[HDLC_BAD_FCS]);
    ck_assert_msg(news_of[HDLC_ABORTED] == streams[_i].aborted, "%s", streams[_i].why);
    ck_assert_msg(news_of[HDLC_SHORT] == streams[_i].too_short, "%s", streams[_i].why);
    ck_assert_msg(news_of[HDLC_LONG] == streams[_i].too_long, "%s", streams[_i].why);
    ck_assert_msg(outside_size == strlen(streams[_i].outside), "%s: %u outside", streams[_i].why,
                  outside_size);
    ck_assert_mem_eq(outside, streams[_i].outside, outside_size);
}
END_TEST

START_TEST(frame_with_another_control_octet_is_no_frame)
{
    uint8_t body[HDLC_BODY_MAX], wire[64];
    uint32_t size = hdlc_body(5, (const uint8_t *)"ab", 2, body);
    body[1] = 0x13;
    uint16_t fcs = hdlc_fcs(body, size - HDLC_FCS_SIZE) ^ 0xffff;
    body[size - 2] = (uint8_t)fcs;
    body[size - 1] = (uint8_t)(fcs >> 8);

    read_wire(wire, wire_of(body, size, false, wire));

    ck_assert_uint_eq(news_of[HDLC_BAD_CONTROL], 1);
    ck_assert_uint_eq(news_of[HDLC_FRAME], 0);
}
END_TEST

START_TEST(longest_frame_comes_back_and_a_longer_one_is_not_made)
{
    static uint8_t payload[HDLC_BODY_MAX], body[HDLC_BODY_MAX], wire[2 * HDLC_BODY_MAX + 2];
    uint32_t most = HDLC_BODY_MAX - HDLC_BODY_MIN;
    ck_assert_uint_eq(hdlc_body(1, payload, most + 1, body), 0);
    ck_assert_uint_eq(hdlc_body(1, payload, most, body), HDLC_BODY_MAX);
    read_wire(wire, wire_of(body, HDLC_BODY_MAX, true, wire));
    ck_assert_uint_eq(news_of[HDLC_FRAME], 1);
    ck_assert_uint_eq(reader.size, HDLC_BODY_MAX);
}
END_TEST

/* --- UDP in IPv6 ------------------------------------------------------------------------------ */

static struct ip_datagram hello(void)
{
    return (struct ip_datagram){.source = ip_link_local(1),
                                .destination = ip_link_local(2),
                                .source_port = 7,
                                .destination_port = 1024,
                                .hop_limit = 64,
                                .size = 5,
                                .data = (const uint8_t *)"hello"};
}

START_TEST(datagram_is_built_octet_for_octet)
{
    uint8_t packet[HELLO_PACKET_SIZE], body[HDLC_BODY_MAX];
    struct ip_datagram datagram = hello();

    ck_assert_uint_eq(ip_build(&datagram, packet, sizeof packet), HELLO_PACKET_SIZE);
    ck_assert_mem_eq(packet, hello_packet, HELLO_PACKET_SIZE);

    uint8_t ppp[PPP_HEADER_SIZE + HELLO_PACKET_SIZE] = {PPP_IPV6 >> 8, PPP_IPV6 & 0xff};
    memcpy(ppp + PPP_HEADER_SIZE, packet, sizeof packet);
    ck_assert_uint_eq(hdlc_body(HDLC_PPP, ppp, sizeof ppp, body), HELLO_FRAME_SIZE);
    ck_assert_mem_eq(body, hello_frame, HELLO_FRAME_SIZE);
}
END_TEST

START_TEST(datagram_without_room_is_not_built)
{
    uint8_t packet[HELLO_PACKET_SIZE] = {0};
    struct ip_datagram datagram = hello();
    ck_assert_uint_eq(ip_build(&datagram, packet, sizeof packet - 1), 0);
    ck_assert_uint_eq(packet[0], 0);
}
END_TEST

START_TEST(datagram_is_read_as_it_was_meant)
{
    struct ip_datagram datagram;
    struct ip_address two = ip_link_local(2);
    ck_assert_int_eq(ip_parse(hello_packet, HELLO_PACKET_SIZE, &datagram), IP_GOOD);
    ck_assert_uint_eq(datagram.source_port, 7);
    ck_assert_uint_eq(datagram.destination_port, 1024);
    ck_assert_uint_eq(datagram.hop_limit, 64);
    ck_assert_uint_eq(datagram.source.octets[0], 0xfe);
    ck_assert_uint_eq(datagram.source.octets[1], 0x80);
    ck_assert_uint_eq(datagram.source.octets[15], 1);
    ck_assert_mem_eq(&datagram.destination, &two, sizeof two);
    ck_assert_uint_eq(datagram.size, 5);
    ck_assert_mem_eq(datagram.data, "hello", 5);
}
END_TEST

START_TEST(sum_is_that_of_rfc_1071)
{
    static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    ck_assert_uint_eq(ip_sum(0, example, sizeof example), 0xddf2); /* section 3 */
    ck_assert_uint_eq(ip_sum(0, example, 7), 0xddf2 - 0xf7);       /* an odd one at the end */
}
END_TEST

START_TEST(checksum_that_comes_to_zero_is_sent_as_ones)
{
    uint8_t packet[IP_OVERHEAD + 2];
    struct ip_datagram datagram = hello();
    datagram.data = (const uint8_t *)"\xfe\xce"; /* found by trying all, elsewhere */
    datagram.size = 2;
    ck_assert_uint_eq(ip_build(&datagram, packet, sizeof packet), sizeof packet);
    ck_assert_uint_eq(packet[UDP_AT_CHECKSUM], 0xff);
    ck_assert_uint_eq(packet[UDP_AT_CHECKSUM + 1], 0xff);
    ck_assert_int_eq(ip_parse(packet, sizeof packet, &datagram), IP_GOOD);
}
END_TEST

/* The packet above with one octet changed, or of another size. */
static const struct {
    const char *why;
    uint32_t at;
    uint8_t value;
    uint32_t size;
    enum ip_refusal expect;
} refusals[] = {
    {"nothing", 0, 0x60, 0, IP_SHORT},
    {"half a header", 0, 0x60, 39, IP_SHORT},
    {"IPv4", IP_AT_VERSION, 0x45, HELLO_PACKET_SIZE, IP_VERSION},
    {"a traffic class is no other version", IP_AT_VERSION, 0x6f, HELLO_PACKET_SIZE, IP_GOOD},
    {"says more than came", IP_AT_LENGTH + 1, 14, HELLO_PACKET_SIZE, IP_LENGTH},
    {"says less than came", IP_AT_LENGTH + 1, 12, HELLO_PACKET_SIZE, IP_LENGTH},
    {"says much more", IP_AT_LENGTH, 1, HELLO_PACKET_SIZE, IP_LENGTH},
    {"cut short", 0, 0x60, HELLO_PACKET_SIZE - 1, IP_LENGTH},
    {"TCP", IP_AT_NEXT, 6, HELLO_PACKET_SIZE, IP_NEXT_HEADER},
    {"ICMPv6", IP_AT_NEXT, 58, HELLO_PACKET_SIZE, IP_NEXT_HEADER},
    {"an extension header", IP_AT_NEXT, 0, HELLO_PACKET_SIZE, IP_NEXT_HEADER},
    {"no whole UDP header", IP_AT_LENGTH + 1, 7, IP_HEADER_SIZE + 7, UDP_SHORT},
    {"no UDP header", IP_AT_LENGTH + 1, 0, IP_HEADER_SIZE, UDP_SHORT},
    {"UDP says more than came", UDP_AT_LENGTH + 1, 14, HELLO_PACKET_SIZE, UDP_LENGTH},
    {"UDP says less than came", UDP_AT_LENGTH + 1, 12, HELLO_PACKET_SIZE, UDP_LENGTH},
    {"UDP of no length", UDP_AT_LENGTH + 1, 0, HELLO_PACKET_SIZE, UDP_LENGTH},
    {"another checksum", UDP_AT_CHECKSUM + 1, 0xf7, HELLO_PACKET_SIZE, UDP_CHECKSUM},
    {"another source", IP_AT_SOURCE + 15, 3, HELLO_PACKET_SIZE, UDP_CHECKSUM},
    {"another destination", IP_AT_DESTINATION + 15, 3, HELLO_PACKET_SIZE, UDP_CHECKSUM},
    {"another port", IP_HEADER_SIZE + 1, 8, HELLO_PACKET_SIZE, UDP_CHECKSUM},
    {"another octet", IP_OVERHEAD + 4, 'O', HELLO_PACKET_SIZE, UDP_CHECKSUM},
    {"another hop limit is not summed", 7, 1, HELLO_PACKET_SIZE, IP_GOOD},
};

START_TEST(packet_that_is_not_right_is_refused_for_its_reason)
{
    uint8_t packet[HELLO_PACKET_SIZE];
    struct ip_datagram datagram = {.size = 77};
    memcpy(packet, hello_packet, sizeof packet);
    packet[refusals[_i].at] = refusals[_i].value;

    enum ip_refusal refusal = ip_parse(packet, refusals[_i].size, &datagram);

    ck_assert_msg(refusal == refusals[_i].expect, "%s: got \"%s\"", refusals[_i].why,
                  ip_refusal_names[refusal]);
    ck_assert_uint_eq(datagram.size, refusal ? 77 : 5);
}
END_TEST

START_TEST(zero_is_no_checksum)
{
    uint8_t packet[HELLO_PACKET_SIZE];
    struct ip_datagram datagram;
    memcpy(packet, hello_packet, sizeof packet);
    packet[UDP_AT_CHECKSUM] = packet[UDP_AT_CHECKSUM + 1] = 0;
    ck_assert_int_eq(ip_parse(packet, sizeof packet, &datagram), UDP_NO_CHECKSUM);
}
END_TEST

START_TEST(everything_has_a_name)
{
    for (int i = 0; i < HDLC_NEWS; i++)
        ck_assert_ptr_nonnull(hdlc_news_names[i]);
    for (int i = 0; i < IP_REFUSALS; i++)
        ck_assert_ptr_nonnull(ip_refusal_names[i]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net");
    TCase *t = tcase_create("hdlc");
    tcase_add_checked_fixture(t, read_anew, NULL);
    tcase_add_test(t, fcs_of_the_digits_is_the_catalogues);
    tcase_add_test(t, any_body_with_its_fcs_gives_the_good_value);
    tcase_add_loop_test(t, frame_of_every_octet_comes_back_however_it_is_escaped, 0, 2);
    tcase_add_loop_test(t, streams_are_cut_into_frames_and_text, 0, COUNT(streams));
    tcase_add_test(t, frame_with_another_control_octet_is_no_frame);
    tcase_add_test(t, longest_frame_comes_back_and_a_longer_one_is_not_made);
    suite_add_tcase(s, t);
    t = tcase_create("ip");
    tcase_add_test(t, datagram_is_built_octet_for_octet);
    tcase_add_test(t, datagram_without_room_is_not_built);
    tcase_add_test(t, datagram_is_read_as_it_was_meant);
    tcase_add_test(t, sum_is_that_of_rfc_1071);
    tcase_add_test(t, checksum_that_comes_to_zero_is_sent_as_ones);
    tcase_add_loop_test(t, packet_that_is_not_right_is_refused_for_its_reason, 0, COUNT(refusals));
    tcase_add_test(t, zero_is_no_checksum);
    tcase_add_test(t, everything_has_a_name);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
