/* test_air_pdu.c: frames of the air as a link layer reads them (tools/air_pdu.h). Frames are made
 * here, octet by octet; what is read back must be what was meant. */
#include "sim/ble/bits.h"
#include "sim/ble/channel.h"
#include "tools/air_pdu.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum { CENTRAL = 70, PERIPHERAL = 3, ADDRESS = 0x50654ba6, CRC_INIT = 0x17a2b3, CHANNEL = 9 };

static struct air_links links;
static struct air_pdu pdu;

static void start(void)
{
    air_links_start(&links, NULL);
}

static struct air_frame make_frame(uint32_t address, unsigned channel, uint32_t crc_init,
                                   const uint8_t *octets, size_t size)
{
    struct air_frame frame = {.start_ps = 1000, .mhz = (uint16_t)ble_channel_mhz(channel)};
    for (int i = 0; i < 4; i++)
        frame.bytes[i] = (uint8_t)(address >> 8 * i);
    memcpy(frame.bytes + 4, octets, size);
    ble_crc(crc_init, octets, size, frame.bytes + 4 + size);
    ble_whiten(channel, frame.bytes + 4, size + 3);
    frame.size = (uint16_t)(4 + size + 3);
    return frame;
}

static void read_frame(const struct air_frame *frame, uint32_t sender)
{
    air_links_read(&links, frame, sender, air_end_ps(frame), &pdu);
}

static void send_advertising(const uint8_t *octets, size_t size, uint32_t sender)
{
    struct air_frame frame =
        make_frame(BLE_ADVERTISING_ADDRESS, 37, BLE_ADVERTISING_CRC_INIT, octets, size);
    read_frame(&frame, sender);
}

static void send_data(const uint8_t *octets, size_t size, uint32_t sender)
{
    struct air_frame frame = make_frame(ADDRESS, CHANNEL, CRC_INIT, octets, size);
    read_frame(&frame, sender);
}

static const uint8_t adv_ind[] = {0x00, 6, 1, 2, 3, 4, 5, 6};

static size_t make_connect(uint32_t address, uint8_t octets[BLE_ADV_PDU_MAX])
{
    struct ble_connect connect = {.advertiser = {1, 2, 3, 4, 5, 6},
                                  .access_address = address,
                                  .crc_init = CRC_INIT,
                                  .window_size = 1,
                                  .interval = 6,
                                  .timeout = 20,
                                  .channels = BLE_CHANNELS_ALL,
                                  .hop = 9};
    return ble_connect_write(&connect, octets);
}

static void connect_to(uint32_t address)
{
    uint8_t octets[BLE_ADV_PDU_MAX];
    size_t size = make_connect(address, octets);
    send_advertising(octets, size, CENTRAL);
}

static const char *text_of_it(void)
{
    static char text[AIR_PDU_TEXT_MAX];
    return air_pdu_text(&pdu, text);
}

/* Data PDUs after the header's first octet, by what they are called. */
static const struct {
    uint8_t size, octets[12];
    const char *text;
} names[] = {
    {2, {0x01, 0}, "empty, SN 0 NESN 0"},
    {2, {0x0d, 0}, "empty, SN 1 NESN 1"},
    {2, {0x19, 0}, "empty, SN 1 NESN 0, MD"},
    {5, {0x01, 3, 1, 2, 3}, "continuation, 3 octets, SN 0 NESN 0"},
    {8, {0x03, 6, 0x0c, 0x0c, 0, 0, 0, 0}, "LL_VERSION_IND, SN 0 NESN 0"},
    {3, {0x03, 1, 0x7f}, "LL control opcode 0x7f, SN 0 NESN 0"},
    {9, {0x02, 7, 3, 0, 4, 0, 0x0a, 3, 0}, "ATT_READ_REQ, SN 0 NESN 0"},
    {7, {0x02, 5, 1, 0, 4, 0, 0x52}, "ATT opcode 0x52, SN 0 NESN 0"},
    {7, {0x02, 5, 1, 0, 5, 0, 0x12}, "L2CAP, 5 octets, SN 0 NESN 0"},
    {3, {0x00, 1, 0}, "LLID 0, 1 octets, SN 0 NESN 0"},
    {3, {0x01, 9, 0}, "10 octets that are no PDU, SN 0 NESN 0"},
};

START_TEST(a_data_pdu_is_called_by_its_name)
{
    start();
    connect_to(ADDRESS);
    send_data(names[_i].octets, names[_i].size, PERIPHERAL);
    ck_assert_str_eq(text_of_it(), names[_i].text);
}
END_TEST

START_TEST(a_connection_is_known_from_its_connect_ind_on)
{
    static const uint8_t empty[] = {0x01, 0};
    start();
    send_data(empty, sizeof empty, PERIPHERAL);
    ck_assert_uint_eq(pdu.link, AIR_LINK_NONE);
    ck_assert_uint_eq(pdu.crc, AIR_CRC_UNKNOWN);
    ck_assert_str_eq(text_of_it(), "9 octets");

    send_advertising(adv_ind, sizeof adv_ind, PERIPHERAL);
    ck_assert_str_eq(text_of_it(), "ADV_IND");
    connect_to(ADDRESS);
    ck_assert_str_eq(text_of_it(), "CONNECT_IND");
    ck_assert_uint_eq(air_links_get(&links, 0)->central, CENTRAL);
    ck_assert_uint_eq(air_links_get(&links, 0)->peripheral, PERIPHERAL);

    send_data(empty, sizeof empty, CENTRAL);
    ck_assert(pdu.link == 0 && pdu.from_central && pdu.crc == AIR_CRC_GOOD);
    send_data(empty, sizeof empty, PERIPHERAL);
    ck_assert(pdu.link == 0 && !pdu.from_central && pdu.crc == AIR_CRC_GOOD);
}
END_TEST

START_TEST(a_spoilt_connect_ind_makes_no_connection)
{
    uint8_t octets[BLE_ADV_PDU_MAX];
    size_t size = make_connect(ADDRESS, octets);
    struct air_frame frame =
        make_frame(BLE_ADVERTISING_ADDRESS, 37, BLE_ADVERTISING_CRC_INIT, octets, size);
    start();
    frame.bytes[20] ^= 1;
    read_frame(&frame, CENTRAL);
    ck_assert_uint_eq(pdu.crc, AIR_CRC_BAD);
    ck_assert_uint_eq(links.count, 0);
}
END_TEST

START_TEST(the_same_sn_is_a_retransmission_of_that_side_alone)
{
    static const uint8_t first[] = {0x01, 0}, second[] = {0x09, 0};
    start();
    connect_to(ADDRESS);
    send_data(first, sizeof first, CENTRAL);
    ck_assert(!pdu.again);
    send_data(first, sizeof first, PERIPHERAL);
    ck_assert(!pdu.again);
    send_data(first, sizeof first, CENTRAL);
    ck_assert(pdu.again);
    ck_assert_str_eq(text_of_it(), "empty, SN 0 NESN 0, again");
    send_data(second, sizeof second, CENTRAL);
    ck_assert(!pdu.again);
}
END_TEST

START_TEST(what_is_cut_has_the_octets_that_left)
{
    struct air_frame frame =
        make_frame(BLE_ADVERTISING_ADDRESS, 37, BLE_ADVERTISING_CRC_INIT, adv_ind, sizeof adv_ind);
    start();
    /* the preamble, the access address and two octets, and a bit */
    uint64_t end_ps = frame.start_ps + air_bits_ps(AIR_1M, 8 + 32 + 16 + 1);
    air_links_read(&links, &frame, PERIPHERAL, end_ps, &pdu);
    ck_assert(pdu.cut);
    ck_assert_uint_eq(pdu.size, 6);
    ck_assert_uint_eq(pdu.whole, frame.size);
    ck_assert_uint_eq(pdu.crc, AIR_CRC_BAD);
    ck_assert_str_eq(text_of_it(), "6 octets that are no PDU");
}
END_TEST

START_TEST(between_the_channels_octets_stay_as_they_are)
{
    struct air_frame frame =
        make_frame(BLE_ADVERTISING_ADDRESS, 37, BLE_ADVERTISING_CRC_INIT, adv_ind, sizeof adv_ind);
    start();
    frame.mhz = 2403;
    read_frame(&frame, PERIPHERAL);
    ck_assert_uint_eq(pdu.channel, BLE_CHANNEL_NONE);
    ck_assert_mem_eq(pdu.octets, frame.bytes, frame.size);
}
END_TEST

START_TEST(an_address_that_comes_again_is_of_the_last_connection_and_old_ones_are_forgotten)
{
    static const uint8_t empty[] = {0x01, 0};
    start();
    connect_to(ADDRESS);
    connect_to(ADDRESS);
    send_data(empty, sizeof empty, CENTRAL);
    ck_assert_uint_eq(pdu.link, 1);
    for (uint32_t i = 0; i < AIR_LINK_MAX; i++)
        connect_to(0x71764129);
    ck_assert_ptr_null(air_links_get(&links, 1));
    ck_assert_ptr_nonnull(air_links_get(&links, 2));
    ck_assert_ptr_null(air_links_get(&links, links.count));
    send_data(empty, sizeof empty, CENTRAL);
    ck_assert_uint_eq(pdu.link, AIR_LINK_NONE);
}
END_TEST

/* Without the key: the central from LL_START_ENC_REQ on, the peripheral once the central has. */
START_TEST(what_is_encrypted_is_not_read_as_if_it_were_not)
{
    static const uint8_t request[] = {0x03, 1, BLE_START_ENC_REQ};
    static const uint8_t secret[] = {0x0b, 5, 1, 2, 3, 4, 5}, empty[] = {0x01, 0};
    start();
    connect_to(ADDRESS);
    send_data(request, sizeof request, PERIPHERAL);
    ck_assert(!pdu.encrypted);
    send_data(request, sizeof request, PERIPHERAL); /* again: as it was */
    ck_assert_str_eq(text_of_it(), "LL_START_ENC_REQ, SN 0 NESN 0, again");
    send_data(empty, sizeof empty, CENTRAL);
    ck_assert(!pdu.encrypted);
    send_data(secret, sizeof secret, CENTRAL);
    ck_assert(pdu.encrypted && !pdu.decrypted && !pdu.mic_wrong);
    ck_assert_str_eq(text_of_it(), "encrypted LL control, 5 octets, SN 1 NESN 0");
    send_data(secret, sizeof secret, PERIPHERAL);
    ck_assert(pdu.encrypted);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("air_pdu");
    TCase *t = tcase_create("air_pdu");
    tcase_add_loop_test(t, a_data_pdu_is_called_by_its_name, 0, COUNT(names));
    tcase_add_test(t, a_connection_is_known_from_its_connect_ind_on);
    tcase_add_test(t, a_spoilt_connect_ind_makes_no_connection);
    tcase_add_test(t, the_same_sn_is_a_retransmission_of_that_side_alone);
    tcase_add_test(t, what_is_cut_has_the_octets_that_left);
    tcase_add_test(t, between_the_channels_octets_stay_as_they_are);
    tcase_add_test(
        t, an_address_that_comes_again_is_of_the_last_connection_and_old_ones_are_forgotten);
    tcase_add_test(t, what_is_encrypted_is_not_read_as_if_it_were_not);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
