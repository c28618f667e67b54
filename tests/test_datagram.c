/* test_datagram.c: the kernel's UDP in IPv6 as octets, held against sim/net/ip.h, which shares no
 * code with it, and against octets that another program worked out.
 */
#include "model/datagram.h"
#include "sim/net/hdlc.h"
#include "sim/net/ip.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

/* From fe80::2, port 1024, to fe80::1, port 7: "hello". The checksum by a program that shares
 * nothing with this one; the sum is that of the other direction, which has the same words. */
static const uint8_t hello[] =
    "\x00\x57\x60\x00\x00\x00\x00\x0d\x11\x40\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x02\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x04\x00\x00\x07"
    "\x00\x0d\xba\xf6hello";
enum { HELLO_SIZE = sizeof hello - 1 };

static struct datagram from_board(uint16_t source_port, uint16_t destination_port, uint16_t size)
{
    return (struct datagram){.source = {0xfe, 0x80, [15] = 2},
                             .destination = {0xfe, 0x80, [15] = 1},
                             .source_port = source_port,
                             .destination_port = destination_port,
                             .size = size};
}

static uint32_t state;

/* Numerical Recipes' generator: the upper bits. */
static uint32_t draw(uint32_t below)
{
    state = state * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)state * below) >> 32);
}

static void draw_octets(uint8_t *octets, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        octets[i] = (uint8_t)draw(256);
}

/* ---- what is built */

START_TEST(datagram_is_built_octet_for_octet)
{
    const struct datagram datagram = from_board(1024, 7, 5);
    uint8_t packet[DATAGRAM_MAX];

    memset(packet, 0xee, sizeof packet);
    memcpy(packet + DATAGRAM_OVERHEAD, hello + DATAGRAM_OVERHEAD, 5);
    ck_assert_uint_eq(datagram_build(&datagram, packet), HELLO_SIZE);
    ck_assert_mem_eq(packet, hello, HELLO_SIZE);
    ck_assert_uint_eq(packet[HELLO_SIZE], 0xee);
}
END_TEST

/* Once for each size of the data. */
static void what_is_built_is_what_another_reads_at(int _i)
{
    uint8_t packet[DATAGRAM_MAX];
    struct ip_datagram read;

    state = (uint32_t)_i;
    struct datagram datagram =
        from_board((uint16_t)draw(65536), (uint16_t)draw(65536), (uint16_t)_i);
    draw_octets(datagram.source, sizeof datagram.source);
    draw_octets(datagram.destination, sizeof datagram.destination);
    draw_octets(packet + DATAGRAM_OVERHEAD, (uint32_t)_i);
    uint32_t size = datagram_build(&datagram, packet);

    ck_assert_uint_eq(size, DATAGRAM_OVERHEAD + (uint32_t)_i);
    ck_assert_int_eq((int)ip_parse(packet + PPP_HEADER_SIZE, size - PPP_HEADER_SIZE, &read),
                     IP_GOOD);
    ck_assert_mem_eq(&read.source, datagram.source, DATAGRAM_ADDRESS_SIZE);
    ck_assert_mem_eq(&read.destination, datagram.destination, DATAGRAM_ADDRESS_SIZE);
    ck_assert_uint_eq(read.source_port, datagram.source_port);
    ck_assert_uint_eq(read.destination_port, datagram.destination_port);
    ck_assert_uint_eq(read.size, datagram.size);
    ck_assert_uint_eq(read.hop_limit, 64);
    ck_assert_ptr_eq(read.data, packet + DATAGRAM_OVERHEAD);
}

/* Several to a process: forks cost more than they. */
START_TEST(what_is_built_is_what_another_reads)
{
    for (int i = _i; i < DATAGRAM_DATA_MAX + 1; i += 16)
        what_is_built_is_what_another_reads_at(i);
}
END_TEST

/* Both must say so: what comes to 0 is sent as ones, and read as right. */
START_TEST(checksum_that_comes_to_zero_is_sent_as_ones)
{
    const struct datagram datagram = from_board(1024, 7, 2);
    uint8_t packet[DATAGRAM_MAX] = {0};
    struct datagram read;
    uint32_t ones = 0;

    for (uint32_t word = 0; word < 0x10000; word++) {
        packet[DATAGRAM_OVERHEAD] = (uint8_t)(word >> 8);
        packet[DATAGRAM_OVERHEAD + 1] = (uint8_t)word;
        uint32_t size = datagram_build(&datagram, packet);
        ck_assert(packet[48] != 0 || packet[49] != 0);
        if (packet[48] != 0xff || packet[49] != 0xff)
            continue;
        ones++;
        ck_assert_uint_eq(ip_udp_checksum(packet + PPP_HEADER_SIZE, size - PPP_HEADER_SIZE),
                          0xffff);
        ck_assert(datagram_parse(packet, size, &read));
    }
    ck_assert_uint_eq(ones, 1);
}
END_TEST

/* ---- what is read */

/* The same from the other side; its size. */
static uint32_t other_builds(const struct ip_datagram *datagram, uint8_t *packet)
{
    packet[0] = PPP_IPV6 >> 8;
    packet[1] = PPP_IPV6 & 0xff;
    return PPP_HEADER_SIZE +
           ip_build(datagram, packet + PPP_HEADER_SIZE, DATAGRAM_MAX - PPP_HEADER_SIZE);
}

static void what_another_builds_is_read_at(int _i)
{
    uint8_t data[DATAGRAM_DATA_MAX], packet[DATAGRAM_MAX];
    struct ip_datagram datagram = {.size = (uint16_t)_i, .data = data};
    struct datagram read;

    state = 1000 + (uint32_t)_i;
    draw_octets(datagram.source.octets, 16);
    draw_octets(datagram.destination.octets, 16);
    draw_octets(data, sizeof data);
    datagram.source_port = (uint16_t)draw(65536);
    datagram.destination_port = (uint16_t)draw(65536);
    datagram.hop_limit = (uint8_t)draw(256);
    uint32_t size = other_builds(&datagram, packet);

    ck_assert(datagram_parse(packet, size, &read));
    ck_assert_mem_eq(read.source, &datagram.source, DATAGRAM_ADDRESS_SIZE);
    ck_assert_mem_eq(read.destination, &datagram.destination, DATAGRAM_ADDRESS_SIZE);
    ck_assert_uint_eq(read.source_port, datagram.source_port);
    ck_assert_uint_eq(read.destination_port, datagram.destination_port);
    ck_assert_uint_eq(read.size, datagram.size);
}

/* Several to a process: forks cost more than they. */
START_TEST(what_another_builds_is_read)
{
    for (int i = _i; i < DATAGRAM_DATA_MAX + 1; i += 16)
        what_another_builds_is_read_at(i);
}
END_TEST

/* One octet of the good packet is another. */
static const struct {
    const char *why;
    uint32_t at;
    uint8_t octet;
} spoilt[] = {
    {"protocol, high", 0, 1},
    {"protocol: IPv4", 1, 0x21},
    {"version 4", 2, 0x40},
    {"version 7", 2, 0x70},
    {"payload length, more", 7, 0x0e},
    {"payload length, less", 7, 0x0c},
    {"payload length, high", 6, 1},
    {"payload length of a jumbogram", 7, 0},
    {"next header: none", 8, 59},
    {"next header: TCP", 8, 6},
    {"next header: fragment", 8, 44},
    {"another source", 25, 3},
    {"another destination", 41, 3},
    {"another source port", 43, 1},
    {"another destination port", 45, 8},
    {"UDP length, more", 47, 0x0e},
    {"UDP length, less", 47, 0x0c},
    {"UDP length 0", 47, 0},
    {"checksum", 49, 0xf7},
    {"data", 54, 'p'},
};

/* What is refused is not touched. */
static void is_refused(const char *why, const uint8_t *packet, uint32_t size)
{
    struct datagram read = {.size = 77};

    ck_assert_msg(!datagram_parse(packet, size, &read), "%s", why);
    ck_assert_msg(read.size == 77 && read.source_port == 0, "%s", why);
}

START_TEST(packet_with_one_wrong_octet_is_refused)
{
    uint8_t packet[HELLO_SIZE];

    memcpy(packet, hello, HELLO_SIZE);
    packet[spoilt[_i].at] = spoilt[_i].octet;
    is_refused(spoilt[_i].why, packet, HELLO_SIZE);
}
END_TEST

/* The checksum as it must be for the octets as they are, and the length that they have. */
static void checksum_fits(uint8_t *packet, uint32_t size)
{
    uint32_t checksum = ip_udp_checksum(packet + PPP_HEADER_SIZE, size - PPP_HEADER_SIZE);

    packet[48] = (uint8_t)(checksum >> 8);
    packet[49] = (uint8_t)checksum;
}

/* All lengths but the right one, in either header. */
START_TEST(wrong_length_is_refused_even_where_the_checksum_fits)
{
    uint32_t place = _i == 0 ? 6 : 46;
    uint8_t packet[HELLO_SIZE];
    struct datagram read;

    memcpy(packet, hello, HELLO_SIZE);
    for (uint32_t length = 0; length < 0x10000; length++) {
        packet[place] = (uint8_t)(length >> 8);
        packet[place + 1] = (uint8_t)length;
        checksum_fits(packet, HELLO_SIZE);
        if (length == 13)
            ck_assert(datagram_parse(packet, HELLO_SIZE, &read));
        else
            is_refused("length", packet, HELLO_SIZE);
    }
}
END_TEST

START_TEST(good_packet_is_read)
{
    struct datagram read;

    ck_assert(datagram_parse(hello, HELLO_SIZE, &read));
    ck_assert_uint_eq(read.source_port, 1024);
    ck_assert_uint_eq(read.destination_port, 7);
    ck_assert_uint_eq(read.size, 5);
}
END_TEST

/* Traffic class, flow label and hop limit are no part of what is checked. */
START_TEST(octets_that_routers_change_do_not_matter)
{
    static const uint32_t places[] = {3, 4, 5, 9};
    uint8_t packet[HELLO_SIZE];
    struct datagram read;

    memcpy(packet, hello, HELLO_SIZE);
    packet[places[_i]] ^= 0xff;
    ck_assert(datagram_parse(packet, HELLO_SIZE, &read));
}
END_TEST

START_TEST(no_checksum_is_refused_even_where_it_would_be_right)
{
    const struct datagram datagram = from_board(1024, 7, 2);
    uint8_t packet[DATAGRAM_MAX] = {0};

    memcpy(packet, hello, HELLO_SIZE);
    packet[48] = packet[49] = 0;
    is_refused("hello without one", packet, HELLO_SIZE);
    for (uint32_t word = 0; word < 0x10000; word++) {
        packet[DATAGRAM_OVERHEAD] = (uint8_t)(word >> 8);
        packet[DATAGRAM_OVERHEAD + 1] = (uint8_t)word;
        uint32_t size = datagram_build(&datagram, packet);
        if (packet[48] == 0xff && packet[49] == 0xff) {
            packet[48] = packet[49] = 0;
            is_refused("0 for ones", packet, size);
        }
    }
}
END_TEST

/* Each length from none on, and one more than there is: where the octets end nothing more is
 * read. */
START_TEST(packet_that_was_cut_is_refused_at_every_length)
{
    for (uint32_t size = 0; size < HELLO_SIZE; size++) {
        uint8_t *packet = malloc(size + 1); /* so that a look beyond is seen by the sanitizer */
        ck_assert_ptr_nonnull(packet);
        memcpy(packet, hello, size);
        is_refused("cut", packet, size);
        free(packet);
    }
    uint8_t more[HELLO_SIZE + 1] = {0};
    memcpy(more, hello, HELLO_SIZE);
    is_refused("one more", more, sizeof more);
}
END_TEST

/* Both readers say the same of a good packet with random harm done to it. */
START_TEST(harm_is_judged_as_by_another)
{
    uint8_t data[16], packet[DATAGRAM_MAX];
    uint32_t refused = 0;

    state = 7;
    for (uint32_t round = 0; round < 20000; round++) {
        const struct ip_datagram datagram = {
            .size = (uint16_t)draw(sizeof data), .hop_limit = 1, .data = data};
        struct ip_datagram theirs;
        struct datagram ours;
        draw_octets(data, sizeof data);
        uint32_t size = other_builds(&datagram, packet);
        for (uint32_t harm = draw(3); harm > 0; harm--)
            packet[2 + draw(size - 2)] = (uint8_t)draw(256);
        size -= draw(8) ? 0 : draw(size - 1);
        bool good = datagram_parse(packet, size, &ours);
        ck_assert_int_eq(good, ip_parse(packet + 2, size - 2, &theirs) == IP_GOOD);
        refused += !good;
    }
    ck_assert(refused > 5000 && refused < 18000);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("datagram");
    TCase *t = tcase_create("build");

    tcase_add_test(t, datagram_is_built_octet_for_octet);
    tcase_add_loop_test(t, what_is_built_is_what_another_reads, 0, 16);
    tcase_add_test(t, checksum_that_comes_to_zero_is_sent_as_ones);
    suite_add_tcase(s, t);
    t = tcase_create("parse");
    tcase_add_test(t, good_packet_is_read);
    tcase_add_loop_test(t, what_another_builds_is_read, 0, 16);
    tcase_add_loop_test(t, packet_with_one_wrong_octet_is_refused, 0, COUNT(spoilt));
    tcase_add_loop_test(t, wrong_length_is_refused_even_where_the_checksum_fits, 0, 2);
    tcase_add_loop_test(t, octets_that_routers_change_do_not_matter, 0, 4);
    tcase_add_test(t, no_checksum_is_refused_even_where_it_would_be_right);
    tcase_add_test(t, packet_that_was_cut_is_refused_at_every_length);
    tcase_add_test(t, harm_is_judged_as_by_another);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
