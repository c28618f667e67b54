/* test_ble_pdu.c: the PDUs of Bluetooth LE and the encryption of its links.
 *
 * `test_ble_pdu --packets` prints 200 random packets with what they encrypt to, for
 * ble_crypto_test.sh to look at: key, IV, counter, direction, header, payload, air. */
#include "sim/ble/ccm.h"
#include "sim/ble/pdu.h"
#include "sim/ble/time.h"
#include "sim/random.h"
#include "tests/support_golden.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

static void draw(struct random *random, void *into, size_t size)
{
    uint8_t *octets = into;

    for (size_t i = 0; i < size; i++)
        octets[i] = (uint8_t)(random_next(random) >> 56);
}

/* ---- advertising */

START_TEST(the_published_adv_ind_is_read_and_written)
{
    const uint8_t air[] = {0x60, 0x0F, 0x06, 0x05, 0x04, 0x03, 0x02, 0xC1, 0x02,
                           0x01, 0x06, 0x05, 0x09, 0x54, 0x6F, 0x63, 0x6B};
    uint8_t again[BLE_ADV_PDU_MAX];
    struct ble_adv adv;

    ck_assert_uint_eq(ble_adv_read(air, sizeof air, &adv), BLE_PDU_GOOD);
    ck_assert_uint_eq(adv.type, BLE_ADV_IND);
    ck_assert(adv.ch_sel);
    ck_assert(adv.tx_random);
    ck_assert_mem_eq(adv.address, air + 2, 6);
    ck_assert_uint_eq(adv.data_size, 9);
    ck_assert_mem_eq(adv.data, air + 8, 9);
    ck_assert_uint_eq(ble_adv_write(&adv, again), sizeof air);
    ck_assert_mem_eq(again, air, sizeof air);
}
END_TEST

START_TEST(advertising_header_has_its_bits_in_their_places)
{
    static const struct {
        uint8_t octet;
        struct ble_adv_header header;
    } rows[] = {
        {0x05, {.type = 5}},
        {0x20, {.ch_sel = true}},
        {0x40, {.tx_random = true}},
        {0x80, {.rx_random = true}},
        {0xE6, {.type = 6, .ch_sel = true, .tx_random = true, .rx_random = true}},
    };
    for (int i = 0; i < COUNT(rows); i++) {
        uint8_t octets[2];
        ble_adv_header_write(rows[i].header, octets);
        ck_assert_uint_eq(octets[0], rows[i].octet);
        octets[0] |= 0x10; /* reserved: ignored */
        octets[1] = 34;
        struct ble_adv_header header = ble_adv_header_read(octets);
        ck_assert_uint_eq(header.type, rows[i].header.type);
        ck_assert_int_eq(header.ch_sel, rows[i].header.ch_sel);
        ck_assert_int_eq(header.tx_random, rows[i].header.tx_random);
        ck_assert_int_eq(header.rx_random, rows[i].header.rx_random);
        ck_assert_uint_eq(header.size, 34);
    }
}
END_TEST

static const struct {
    uint8_t type, length;
    uint16_t size;
    enum ble_pdu_fault fault;
} adv_sizes[] = {
    {BLE_ADV_IND, 0, 1, BLE_PDU_SHORT},
    {BLE_ADV_IND, 6, 7, BLE_PDU_LENGTH},
    {BLE_ADV_IND, 6, 9, BLE_PDU_LENGTH},
    {BLE_ADV_IND, 5, 7, BLE_PDU_WRONG_SIZE},
    {BLE_ADV_IND, 6, 8, BLE_PDU_GOOD},
    {BLE_ADV_IND, 37, 39, BLE_PDU_GOOD},
    {BLE_ADV_IND, 38, 40, BLE_PDU_WRONG_SIZE},
    {BLE_ADV_DIRECT_IND, 11, 13, BLE_PDU_WRONG_SIZE},
    {BLE_ADV_DIRECT_IND, 12, 14, BLE_PDU_GOOD},
    {BLE_ADV_DIRECT_IND, 13, 15, BLE_PDU_WRONG_SIZE},
    {BLE_ADV_NONCONN_IND, 5, 7, BLE_PDU_WRONG_SIZE},
    {BLE_ADV_NONCONN_IND, 37, 39, BLE_PDU_GOOD},
    {BLE_SCAN_REQ, 11, 13, BLE_PDU_WRONG_SIZE},
    {BLE_SCAN_REQ, 12, 14, BLE_PDU_GOOD},
    {BLE_SCAN_REQ, 13, 15, BLE_PDU_WRONG_SIZE},
    {BLE_SCAN_RSP, 6, 8, BLE_PDU_GOOD},
    {BLE_SCAN_RSP, 38, 40, BLE_PDU_WRONG_SIZE},
    {BLE_CONNECT_IND, 33, 35, BLE_PDU_WRONG_SIZE},
    {BLE_CONNECT_IND, 34, 36, BLE_PDU_GOOD},
    {BLE_CONNECT_IND, 35, 37, BLE_PDU_WRONG_SIZE},
    {BLE_ADV_SCAN_IND, 5, 7, BLE_PDU_WRONG_SIZE},
    {BLE_ADV_SCAN_IND, 37, 39, BLE_PDU_GOOD},
    {BLE_ADV_EXT_IND, 7, 9, BLE_PDU_WRONG_TYPE},
    {BLE_AUX_CONNECT_RSP, 14, 16, BLE_PDU_WRONG_TYPE},
    {9, 6, 8, BLE_PDU_WRONG_TYPE},
    {15, 6, 8, BLE_PDU_WRONG_TYPE},
};

START_TEST(advertising_pdu_has_a_size_of_its_type)
{
    uint8_t pdu[64] = {adv_sizes[_i].type, adv_sizes[_i].length};
    enum ble_pdu_fault fault = ble_adv_check(pdu, adv_sizes[_i].size);

    ck_assert_msg(fault == adv_sizes[_i].fault, "type %u, length %u, %u octets: %s", pdu[0], pdu[1],
                  adv_sizes[_i].size, ble_pdu_fault_name(fault));
}
END_TEST

START_TEST(each_reader_takes_its_own_types_only)
{
    static const uint8_t sizes[] = {6, 12, 6, 12, 6, 34, 6};

    for (unsigned type = 0; type < sizeof sizes; type++) {
        const uint8_t pdu[36] = {(uint8_t)type, sizes[type]};
        size_t size = 2u + sizes[type];
        struct ble_adv adv = {.data_size = 77};
        struct ble_scan_req req = {.scanner = {77}};
        struct ble_connect connect = {.hop = 77};
        bool is_adv = type == 0 || type == 2 || type == 4 || type == 6;
        ck_assert_int_eq(ble_adv_read(pdu, size, &adv) == BLE_PDU_GOOD, is_adv);
        ck_assert_int_eq(ble_scan_req_read(pdu, size, &req) == BLE_PDU_GOOD, type == 3);
        ck_assert_int_eq(ble_connect_read(pdu, size, &connect) == BLE_PDU_GOOD, type == 5);
        /* A refused PDU leaves the struct as it was. */
        ck_assert_uint_eq(adv.data_size, is_adv ? 0 : 77);
        ck_assert_uint_eq(req.scanner[0], type == 3 ? 0 : 77);
        ck_assert_uint_eq(connect.hop, type == 5 ? 0 : 77);
    }
}
END_TEST

START_TEST(advertising_round_trips)
{
    static const uint8_t types[] = {BLE_ADV_IND, BLE_ADV_NONCONN_IND, BLE_ADV_SCAN_IND,
                                    BLE_SCAN_RSP};
    struct random random = random_start(1, 2);

    for (uint8_t i = 0; i <= BLE_ADV_DATA_MAX; i++) {
        struct ble_adv in = {.type = types[i % 4], .ch_sel = i & 1, .tx_random = i & 2}, out;
        uint8_t pdu[BLE_ADV_PDU_MAX];
        in.data_size = i;
        draw(&random, in.address, sizeof in.address);
        draw(&random, in.data, i);
        size_t size = ble_adv_write(&in, pdu);
        ck_assert_uint_eq(size, 8u + i);
        ck_assert_uint_eq(ble_adv_read(pdu, size, &out), BLE_PDU_GOOD);
        ck_assert_uint_eq(out.type, in.type);
        ck_assert_int_eq(out.ch_sel, in.ch_sel);
        ck_assert_int_eq(out.tx_random, in.tx_random);
        ck_assert_uint_eq(out.data_size, i);
        ck_assert_mem_eq(out.address, in.address, sizeof in.address);
        ck_assert_mem_eq(out.data, in.data, sizeof in.data);
    }
}
END_TEST

START_TEST(too_much_data_is_cut)
{
    struct ble_adv in = {.type = BLE_ADV_IND, .data_size = 200};
    uint8_t pdu[BLE_ADV_PDU_MAX];

    ck_assert_uint_eq(ble_adv_write(&in, pdu), BLE_ADV_PDU_MAX);
    ck_assert_uint_eq(ble_adv_check(pdu, BLE_ADV_PDU_MAX), BLE_PDU_GOOD);
}
END_TEST

START_TEST(scan_request_has_the_scanner_first)
{
    const uint8_t air[] = {0xC3, 12, 1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16};
    uint8_t again[BLE_ADV_PDU_MAX];
    struct ble_scan_req req;

    ck_assert_uint_eq(ble_scan_req_read(air, sizeof air, &req), BLE_PDU_GOOD);
    ck_assert_uint_eq(req.scanner[0], 1);
    ck_assert_uint_eq(req.advertiser[5], 16);
    ck_assert(req.tx_random);
    ck_assert(req.rx_random);
    ck_assert_uint_eq(ble_scan_req_write(&req, again), sizeof air);
    ck_assert_mem_eq(again, air, sizeof air);
}
END_TEST

/* ---- CONNECT_IND */

START_TEST(connect_ind_has_its_fields_in_their_places)
{
    const uint8_t air[BLE_CONNECT_PDU_SIZE] = {
        0xA5, 34,   1,    2,    3,    4, 5, 6, 11, 12, 13, 14, 15, 16, /* addresses */
        0xA6, 0x4B, 0x65, 0x50,       /* access address 0x50654BA6 */
        0xB3, 0xA2, 0x17,             /* CRCInit 0x17A2B3 */
        0x03, 0x07, 0x01,             /* window: size 3, offset 0x0107 */
        0x18, 0x02, 0x04, 0x01,       /* interval 0x0218, latency 0x0104 */
        0x48, 0x0C,                   /* timeout 0x0C48 */
        0xFF, 0xF7, 0xFF, 0xFF, 0x1F, /* all channels but 11 */
        0xA9,                         /* hop 9, SCA 5 */
    };
    uint8_t again[BLE_ADV_PDU_MAX];
    struct ble_connect c;

    ck_assert_uint_eq(ble_connect_read(air, sizeof air, &c), BLE_PDU_GOOD);
    ck_assert(c.ch_sel);
    ck_assert(!c.tx_random);
    ck_assert(c.rx_random);
    ck_assert_uint_eq(c.initiator[5], 6);
    ck_assert_uint_eq(c.advertiser[0], 11);
    ck_assert_uint_eq(c.access_address, 0x50654BA6);
    ck_assert_uint_eq(c.crc_init, 0x17A2B3);
    ck_assert_uint_eq(c.window_size, 3);
    ck_assert_uint_eq(c.window_offset, 0x0107);
    ck_assert_uint_eq(c.interval, 0x0218);
    ck_assert_uint_eq(c.latency, 0x0104);
    ck_assert_uint_eq(c.timeout, 0x0C48);
    ck_assert_uint_eq(c.channels, UINT64_C(0x1FFFFFF7FF));
    ck_assert_uint_eq(c.hop, 9);
    ck_assert_uint_eq(c.sca, 5);
    ck_assert_uint_eq(ble_connect_write(&c, again), sizeof air);
    ck_assert_mem_eq(again, air, sizeof air);
}
END_TEST

START_TEST(connect_ind_round_trips)
{
    struct random random = random_start(2, 2);
    uint8_t air[BLE_CONNECT_PDU_SIZE], again[BLE_ADV_PDU_MAX];
    struct ble_connect c;

    for (int i = 0; i < 1000; i++) {
        draw(&random, air, sizeof air);
        air[0] = (uint8_t)((air[0] & 0xe0) | BLE_CONNECT_IND);
        air[1] = 34;
        ck_assert_uint_eq(ble_connect_read(air, sizeof air, &c), BLE_PDU_GOOD);
        ck_assert_uint_le(c.channels, UINT64_C(0x1FFFFFFFFF));
        air[34] &= 0x1f; /* reserved bits of the channel map */
        ck_assert_uint_eq(ble_connect_write(&c, again), sizeof air);
        ck_assert_mem_eq(again, air, sizeof air);
    }
}
END_TEST

/* 30 ms, latency 0, 1 s: what the rows below change. */
static const struct ble_connect usual = {
    .window_size = 2,
    .window_offset = 3,
    .interval = 24,
    .timeout = 100,
    .channels = UINT64_C(0x1FFFFFFFFF),
    .hop = 7,
    .sca = 1,
};

/* One change (or, where a rule binds several fields, a few) on either side of each limit. */
static const struct {
    const char *why;
    uint64_t channels; /* 0: as usual; the lowest bits of it are the map, 1: none at all */
    int size, offset, interval, latency, timeout, hop; /* -1: as usual */
    enum ble_connect_fault fault;
} limits[] = {
    {"usual", 0, -1, -1, -1, -1, -1, -1, BLE_CONNECT_GOOD},
    {"interval 5", 0, -1, -1, 5, -1, -1, -1, BLE_CONNECT_INTERVAL},
    {"interval 6", 0, -1, -1, 6, -1, -1, -1, BLE_CONNECT_GOOD},
    {"interval 0", 0, -1, 0, 0, -1, -1, -1, BLE_CONNECT_INTERVAL},
    {"interval 3200", 0, -1, -1, 3200, 0, 801, -1, BLE_CONNECT_GOOD},
    {"interval 3201", 0, -1, -1, 3201, 0, 3200, -1, BLE_CONNECT_INTERVAL},
    {"window size 0", 0, 0, -1, -1, -1, -1, -1, BLE_CONNECT_WINDOW_SIZE},
    {"window size 1", 0, 1, -1, -1, -1, -1, -1, BLE_CONNECT_GOOD},
    {"window size 8", 0, 8, -1, -1, -1, -1, -1, BLE_CONNECT_GOOD},
    {"window size 9", 0, 9, -1, -1, -1, -1, -1, BLE_CONNECT_WINDOW_SIZE},
    {"window size of the interval less one", 0, 5, -1, 6, -1, -1, -1, BLE_CONNECT_GOOD},
    {"window size of the interval", 0, 6, -1, 6, -1, -1, -1, BLE_CONNECT_WINDOW_SIZE},
    {"window size 8 of interval 9", 0, 8, -1, 9, -1, -1, -1, BLE_CONNECT_GOOD},
    {"window size 8 of interval 8", 0, 8, -1, 8, -1, -1, -1, BLE_CONNECT_WINDOW_SIZE},
    {"window offset 0", 0, -1, 0, -1, -1, -1, -1, BLE_CONNECT_GOOD},
    {"window offset of the interval", 0, -1, 24, -1, -1, -1, -1, BLE_CONNECT_GOOD},
    {"window offset one more", 0, -1, 25, -1, -1, -1, -1, BLE_CONNECT_WINDOW_OFFSET},
    {"latency 499", 0, -1, -1, 6, 499, 3200, -1, BLE_CONNECT_GOOD},
    {"latency 500", 0, -1, -1, 6, 500, 3200, -1, BLE_CONNECT_LATENCY},
    {"timeout 9", 0, -1, -1, 6, -1, 9, -1, BLE_CONNECT_TIMEOUT},
    {"timeout 10", 0, -1, -1, 6, -1, 10, -1, BLE_CONNECT_GOOD},
    {"timeout 3200", 0, -1, -1, -1, -1, 3200, -1, BLE_CONNECT_GOOD},
    {"timeout 3201", 0, -1, -1, -1, -1, 3201, -1, BLE_CONNECT_TIMEOUT},
    {"timeout of two intervals", 0, -1, -1, 40, 0, 10, -1, BLE_CONNECT_TIMEOUT_SHORT},
    {"timeout of a little more", 0, -1, -1, 39, 0, 10, -1, BLE_CONNECT_GOOD},
    {"timeout with latency, equal", 0, -1, -1, 40, 9, 100, -1, BLE_CONNECT_TIMEOUT_SHORT},
    {"timeout with latency, more", 0, -1, -1, 40, 9, 101, -1, BLE_CONNECT_GOOD},
    {"no channel", 1, -1, -1, -1, -1, -1, -1, BLE_CONNECT_CHANNELS},
    {"one channel", 1u << 9, -1, -1, -1, -1, -1, -1, BLE_CONNECT_CHANNELS},
    {"one channel and reserved bits", UINT64_C(0xE000000200), -1, -1, -1, -1, -1, -1,
     BLE_CONNECT_CHANNELS},
    {"two channels", UINT64_C(0x1000000200), -1, -1, -1, -1, -1, -1, BLE_CONNECT_GOOD},
    {"hop 4", 0, -1, -1, -1, -1, -1, 4, BLE_CONNECT_HOP},
    {"hop 5", 0, -1, -1, -1, -1, -1, 5, BLE_CONNECT_GOOD},
    {"hop 16", 0, -1, -1, -1, -1, -1, 16, BLE_CONNECT_GOOD},
    {"hop 17", 0, -1, -1, -1, -1, -1, 17, BLE_CONNECT_HOP},
};

static uint16_t either(int value, uint16_t otherwise)
{
    return value < 0 ? otherwise : (uint16_t)value;
}

START_TEST(connection_is_refused_beyond_a_limit_and_not_at_it)
{
    struct ble_connect c = usual;
    c.window_size = (uint8_t)either(limits[_i].size, usual.window_size);
    c.window_offset = either(limits[_i].offset, usual.window_offset);
    c.interval = either(limits[_i].interval, usual.interval);
    c.latency = either(limits[_i].latency, usual.latency);
    c.timeout = either(limits[_i].timeout, usual.timeout);
    c.hop = (uint8_t)either(limits[_i].hop, usual.hop);
    if (limits[_i].channels)
        c.channels = limits[_i].channels & ~UINT64_C(1);

    enum ble_connect_fault fault = ble_connect_check(&c);
    ck_assert_msg(fault == limits[_i].fault, "%s: %s", limits[_i].why,
                  ble_connect_fault_name(fault));
    ck_assert_int_eq(ble_connect_breaks(&c, limits[_i].fault), fault != BLE_CONNECT_GOOD);
}
END_TEST

START_TEST(every_fault_has_a_name_and_every_rule_is_tried)
{
    for (int fault = 0; fault < BLE_CONNECT_FAULTS; fault++) {
        bool tried = false;
        for (int i = 0; i < COUNT(limits); i++)
            tried |= (int)limits[i].fault == fault;
        ck_assert(tried);
        ck_assert_ptr_nonnull(ble_connect_fault_name((enum ble_connect_fault)fault));
    }
    for (int fault = 0; fault < BLE_PDU_FAULTS; fault++)
        ck_assert_ptr_nonnull(ble_pdu_fault_name((enum ble_pdu_fault)fault));
    for (unsigned type = 0; type < BLE_ADV_TYPES; type++)
        ck_assert_ptr_nonnull(ble_adv_type_name(type));
    ck_assert_ptr_null(ble_connect_fault_name(BLE_CONNECT_FAULTS));
    ck_assert_ptr_null(ble_pdu_fault_name(BLE_PDU_FAULTS));
    ck_assert_ptr_null(ble_adv_type_name(9));
    ck_assert_str_eq(ble_adv_type_name(BLE_CONNECT_IND), "CONNECT_IND");
    ck_assert(!ble_connect_breaks(&usual, BLE_CONNECT_FAULTS));
}
END_TEST

/* ---- data */

START_TEST(data_header_has_its_bits_in_their_places)
{
    static const struct {
        uint8_t octet;
        struct ble_data_header header;
    } rows[] = {
        {0x01, {.llid = 1}},    {0x02, {.llid = 2}},
        {0x04, {.nesn = true}}, {0x08, {.sn = true}},
        {0x10, {.md = true}},   {0x1f, {.llid = 3, .nesn = true, .sn = true, .md = true}},
    };
    for (int i = 0; i < COUNT(rows); i++) {
        uint8_t octets[2];
        ble_data_header_write(rows[i].header, octets);
        ck_assert_uint_eq(octets[0], rows[i].octet);
        octets[0] |= 0xe0; /* reserved: ignored */
        octets[1] = 251;
        struct ble_data_header header = ble_data_header_read(octets);
        ck_assert_uint_eq(header.llid, rows[i].header.llid);
        ck_assert_int_eq(header.nesn, rows[i].header.nesn);
        ck_assert_int_eq(header.sn, rows[i].header.sn);
        ck_assert_int_eq(header.md, rows[i].header.md);
        ck_assert_uint_eq(header.size, 251);
    }
}
END_TEST

START_TEST(data_pdu_is_refused_for_what_is_wrong_with_it)
{
    static const struct {
        uint8_t pdu[4];
        size_t size;
        enum ble_pdu_fault fault;
    } rows[] = {
        {{1}, 1, BLE_PDU_SHORT},
        {{1, 0}, 2, BLE_PDU_GOOD},
        {{1, 1}, 2, BLE_PDU_LENGTH},
        {{1, 0, 9}, 3, BLE_PDU_LENGTH},
        {{0, 0}, 2, BLE_PDU_RESERVED_LLID},
        {{4, 1, 9}, 3, BLE_PDU_RESERVED_LLID},
        {{2, 0}, 2, BLE_PDU_EMPTY_START},
        {{3, 0}, 2, BLE_PDU_EMPTY_START},
        {{2, 1, 9}, 3, BLE_PDU_GOOD},
        {{3, 1, 9}, 3, BLE_PDU_GOOD},
    };
    for (int i = 0; i < COUNT(rows); i++)
        ck_assert_msg(ble_data_check(rows[i].pdu, rows[i].size) == rows[i].fault, "row %d", i);
}
END_TEST

/* ---- LL control PDUs: what the specification's table says, and one PDU of each */

enum { C = 1, P = 2 };

static const struct {
    const char *name;
    uint8_t from;
    const char *air;
    struct ble_control control;
} controls[] = {
    {"LL_CONNECTION_UPDATE_IND",
     C,
     "000203041806000a480c3412",
     {.update = {2, 0x0403, 0x0618, 0x0a00, 0x0c48, 0x1234}}},
    {"LL_CHANNEL_MAP_IND", C, "01fff7ffff1f3412", {.map = {UINT64_C(0x1FFFFFF7FF), 0x1234}}},
    {"LL_TERMINATE_IND", C | P, "0213", {.reason = 0x13}},
    {"LL_ENC_REQ",
     C,
     "039078563412efcdab74241302f1e0dfcebdac24abdcba",
     {.enc_req = {{0x90, 0x78, 0x56, 0x34, 0x12, 0xef, 0xcd, 0xab},
                  0x2474,
                  {0x13, 0x02, 0xf1, 0xe0, 0xdf, 0xce, 0xbd, 0xac},
                  {0x24, 0xab, 0xdc, 0xba}}}},
    {"LL_ENC_RSP",
     P,
     "047968574635241302bebaafde",
     {.enc_rsp = {{0x79, 0x68, 0x57, 0x46, 0x35, 0x24, 0x13, 0x02}, {0xbe, 0xba, 0xaf, 0xde}}}},
    {"LL_START_ENC_REQ", P, "05", {0}},
    {"LL_START_ENC_RSP", C | P, "06", {0}},
    {"LL_UNKNOWN_RSP", C | P, "0714", {.unknown = 0x14}},
    {"LL_FEATURE_REQ", C, "080102030405060708", {.features = UINT64_C(0x0807060504030201)}},
    {"LL_FEATURE_RSP", C | P, "090102030405060708", {.features = UINT64_C(0x0807060504030201)}},
    {"LL_PAUSE_ENC_REQ", C, "0a", {0}},
    {"LL_PAUSE_ENC_RSP", C | P, "0b", {0}},
    {"LL_VERSION_IND", C | P, "0c0cf1050100", {.version = {0x0c, 0x05f1, 0x0001}}},
    {"LL_REJECT_IND", C | P, "0d1a", {.reason = 0x1a}},
    {"LL_PERIPHERAL_FEATURE_REQ",
     P,
     "0e0102030405060708",
     {.features = UINT64_C(0x0807060504030201)}},
    {"LL_CONNECTION_PARAM_REQ",
     C | P,
     "0f0600080001006400020a0b01000200030004000500ffff",
     {.param = {6, 8, 1, 100, 2, 0x0b0a, {1, 2, 3, 4, 5, 0xffff}}}},
    {"LL_CONNECTION_PARAM_RSP",
     P,
     "100600080001006400020a0b01000200030004000500ffff",
     {.param = {6, 8, 1, 100, 2, 0x0b0a, {1, 2, 3, 4, 5, 0xffff}}}},
    {"LL_REJECT_EXT_IND", C | P, "11161a", {.reject = {0x16, 0x1a}}},
    {"LL_PING_REQ", C | P, "12", {0}},
    {"LL_PING_RSP", C | P, "13", {0}},
    {"LL_LENGTH_REQ", C | P, "14fb0048081b004801", {.length = {251, 2120, 27, 328}}},
    {"LL_LENGTH_RSP", C | P, "15fb0048081b004801", {.length = {251, 2120, 27, 328}}},
    {"LL_PHY_REQ", C | P, "160102", {.phys = {1, 2}}},
    {"LL_PHY_RSP", P, "170102", {.phys = {1, 2}}},
    {"LL_PHY_UPDATE_IND", C, "1801023412", {.phy_update = {1, 2, 0x1234}}},
    {"LL_MIN_USED_CHANNELS_IND", P, "190102", {.min_used = {1, 2}}},
};
_Static_assert(sizeof controls / sizeof controls[0] == BLE_CONTROL_OPCODES, "one row an opcode");

START_TEST(control_pdu_is_what_the_specification_says)
{
    unsigned opcode = (unsigned)_i;
    uint8_t air[BLE_CONTROL_SIZE_MAX], again[BLE_CONTROL_SIZE_MAX];
    size_t size = golden_octets(controls[_i].air, air, sizeof air);
    struct ble_control control = controls[_i].control, out;
    control.opcode = (uint8_t)opcode;

    ck_assert_str_eq(ble_control_name(opcode), controls[_i].name);
    ck_assert_uint_eq(ble_control_size(opcode), size);
    ck_assert_int_eq(ble_control_from_central(opcode), (controls[_i].from & C) != 0);
    ck_assert_int_eq(ble_control_from_peripheral(opcode), (controls[_i].from & P) != 0);
    ck_assert_uint_eq(ble_control_write(&control, again), size);
    ck_assert_mem_eq(again, air, size);
    ck_assert_uint_eq(ble_control_read(air, size, &out), BLE_PDU_GOOD);
    ck_assert_uint_eq(out.opcode, opcode);
    ck_assert_uint_eq(ble_control_write(&out, again), size);
    ck_assert_mem_eq(again, air, size);
}
END_TEST

START_TEST(control_pdu_of_another_size_is_refused)
{
    uint8_t air[BLE_CONTROL_SIZE_MAX + 1] = {(uint8_t)_i};
    struct ble_control out = {.opcode = 99};

    for (size_t size = 0; size <= sizeof air; size++) {
        enum ble_pdu_fault expected = size == 0                               ? BLE_PDU_SHORT
                                      : size != ble_control_size((uint8_t)_i) ? BLE_PDU_WRONG_SIZE
                                                                              : BLE_PDU_GOOD;
        ck_assert_uint_eq(ble_control_read(air, size, &out), expected);
        ck_assert_uint_eq(out.opcode, expected || size == 0 ? out.opcode : (uint8_t)_i);
        if (size == 0)
            ck_assert_uint_eq(out.opcode, 99);
    }
}
END_TEST

START_TEST(control_pdu_round_trips)
{
    struct random random = random_start(3, 2);
    uint8_t air[BLE_CONTROL_SIZE_MAX], again[BLE_CONTROL_SIZE_MAX];
    struct ble_control control;

    for (int i = 0; i < 2600; i++) {
        draw(&random, air, sizeof air);
        air[0] = (uint8_t)(i % BLE_CONTROL_OPCODES);
        size_t size = ble_control_size(air[0]);
        ck_assert_uint_eq(ble_control_read(air, size, &control), BLE_PDU_GOOD);
        if (air[0] == BLE_CHANNEL_MAP_IND)
            air[5] &= 0x1f; /* reserved */
        ck_assert_uint_eq(ble_control_write(&control, again), size);
        ck_assert_mem_eq(again, air, size);
    }
}
END_TEST

START_TEST(reserved_bits_of_a_channel_map_are_neither_read_nor_sent)
{
    const uint8_t air[] = {BLE_CHANNEL_MAP_IND, 3, 0, 0, 0, 0xff, 0, 0};
    struct ble_control control;
    struct ble_connect connect = {.channels = UINT64_MAX};
    uint8_t pdu[BLE_ADV_PDU_MAX];

    ck_assert_uint_eq(ble_control_read(air, sizeof air, &control), BLE_PDU_GOOD);
    ck_assert_uint_eq(control.map.channels, UINT64_C(0x1F00000003));
    control.map.channels = UINT64_MAX;
    ble_control_write(&control, pdu);
    ck_assert_uint_eq(pdu[5], 0x1f);
    ble_connect_write(&connect, pdu);
    ck_assert_uint_eq(pdu[34], 0x1f);
}
END_TEST

START_TEST(unknown_opcode_is_refused)
{
    const uint8_t air[] = {BLE_CONTROL_OPCODES};
    struct ble_control control = {.opcode = 99};
    uint8_t again[BLE_CONTROL_SIZE_MAX];

    ck_assert_uint_eq(ble_control_read(air, 1, &control), BLE_PDU_WRONG_TYPE);
    ck_assert_uint_eq(control.opcode, 99);
    ck_assert_uint_eq(ble_control_write(&control, again), 0);
    ck_assert_ptr_null(ble_control_name(BLE_CONTROL_OPCODES));
    ck_assert_uint_eq(ble_control_size(0xff), 0);
    ck_assert(!ble_control_from_central(0xff));
    ck_assert(!ble_control_from_peripheral(0xff));
}
END_TEST

/* ---- L2CAP and ATT */

static const struct {
    const char *air;
    struct ble_att att;
} atts[] = {
    {"0500040001020500"
     "0a",
     {.opcode = 1, .failed = 2, .handle = 5, .error = 0x0a}},
    {"0300040002f700", {.opcode = 2, .mtu = 247}},
    {"03000400031700", {.opcode = 3, .mtu = 23}},
    {"030004000a3412", {.opcode = 0x0a, .handle = 0x1234}},
    {"010004000b", {.opcode = 0x0b}},
    {"040004000b010203", {.opcode = 0x0b, .value_size = 3, .value = {1, 2, 3}}},
};

START_TEST(att_pdu_is_read_and_written)
{
    uint8_t air[64], again[BLE_L2CAP_HEADER_SIZE + BLE_ATT_MTU_MAX];
    size_t size = golden_octets(atts[_i].air, air, sizeof air);
    const struct ble_att *in = &atts[_i].att;
    struct ble_att out;

    ck_assert_uint_eq(ble_att_read(air, size, &out), BLE_PDU_GOOD);
    ck_assert_uint_eq(out.opcode, in->opcode);
    ck_assert_uint_eq(out.failed, in->failed);
    ck_assert_uint_eq(out.handle, in->handle);
    ck_assert_uint_eq(out.error, in->error);
    ck_assert_uint_eq(out.mtu, in->mtu);
    ck_assert_uint_eq(out.value_size, in->value_size);
    ck_assert_mem_eq(out.value, in->value, sizeof out.value);
    ck_assert_uint_eq(ble_att_write(in, again), size);
    ck_assert_mem_eq(again, air, size);
}
END_TEST

static const struct {
    const char *why, *air;
    enum ble_pdu_fault fault;
    uint8_t opcode;
} att_refusals[] = {
    {"no header", "030004", BLE_PDU_SHORT, 99},
    {"less than it says", "030004000a34", BLE_PDU_LENGTH, 99},
    {"more than it says", "030004000a341200", BLE_PDU_LENGTH, 99},
    {"empty", "00000400", BLE_PDU_WRONG_SIZE, 99},
    {"another channel", "030005000a3412", BLE_PDU_WRONG_TYPE, 0},
    {"another opcode", "03000400083412", BLE_PDU_WRONG_TYPE, 8},
    {"a short request", "020004000a34", BLE_PDU_WRONG_SIZE, 99},
    {"a long request", "040004000a341256", BLE_PDU_WRONG_SIZE, 99},
    {"a short error", "040004000102ffff", BLE_PDU_WRONG_SIZE, 99},
};

START_TEST(att_pdu_is_refused_for_what_is_wrong_with_it)
{
    uint8_t air[16];
    size_t size = golden_octets(att_refusals[_i].air, air, sizeof air);
    struct ble_att out = {.opcode = 99};

    ck_assert_msg(ble_att_read(air, size, &out) == att_refusals[_i].fault, "%s",
                  att_refusals[_i].why);
    ck_assert_uint_eq(out.opcode, att_refusals[_i].opcode);
}
END_TEST

START_TEST(a_value_ends_at_the_largest_mtu)
{
    uint8_t frame[BLE_L2CAP_HEADER_SIZE + BLE_ATT_MTU_MAX + 1];
    struct ble_att att = {.opcode = BLE_ATT_READ_RSP, .value_size = 255}, out = {0};

    ck_assert_uint_eq(ble_att_write(&att, frame), BLE_DATA_PAYLOAD_MAX);
    ck_assert_uint_eq(ble_att_read(frame, BLE_DATA_PAYLOAD_MAX, &out), BLE_PDU_GOOD);
    ck_assert_uint_eq(out.value_size, BLE_ATT_VALUE_MAX);
    ble_l2cap_write((struct ble_l2cap_header){BLE_ATT_MTU_MAX + 1, BLE_L2CAP_ATT}, frame);
    ck_assert_uint_eq(ble_att_read(frame, sizeof frame, &out), BLE_PDU_WRONG_SIZE);
    att.opcode = 0x52; /* a write command: not ours */
    ck_assert_uint_eq(ble_att_write(&att, frame), 0);
}
END_TEST

/* ---- encryption */

static struct ble_link_key sample_key(const cJSON *golden)
{
    const cJSON *ccm = golden_get(golden, "ccm");
    uint8_t ltk[16], central_skd[8], peripheral_skd[8], central_iv[4], peripheral_iv[4];

    golden_octets(golden_text(golden_get(golden, "session_key"), "ltk"), ltk, 16);
    golden_octets(golden_text(ccm, "central_skd"), central_skd, 8);
    golden_octets(golden_text(ccm, "peripheral_skd"), peripheral_skd, 8);
    golden_octets(golden_text(ccm, "central_iv"), central_iv, 4);
    golden_octets(golden_text(ccm, "peripheral_iv"), peripheral_iv, 4);
    return ble_link_key_make(ltk, central_skd, peripheral_skd, central_iv, peripheral_iv);
}

START_TEST(session_key_is_that_of_the_sample_data)
{
    cJSON *golden = golden_load();
    struct ble_link_key key = sample_key(golden);
    const uint8_t iv[8] = {0x24, 0xab, 0xdc, 0xba, 0xbe, 0xba, 0xaf, 0xde};
    uint8_t expected[16];

    golden_octets(golden_text(golden_get(golden, "session_key"), "sk"), expected, 16);
    ck_assert_mem_eq(key.session_key, expected, 16);
    ck_assert_mem_eq(key.iv, iv, 8);
    cJSON_Delete(golden);
}
END_TEST

START_TEST(packets_of_the_sample_data_are_encrypted_and_decrypted)
{
    cJSON *golden = golden_load();
    const cJSON *rows = golden_get(golden_get(golden, "ccm"), "packets");
    struct ble_link_key key = sample_key(golden);
    const cJSON *row;

    cJSON_ArrayForEach(row, rows)
    {
        uint64_t counter = golden_number(row, "counter");
        enum ble_direction direction = (enum ble_direction)golden_number(row, "direction");
        uint8_t header, payload[27], air[31], out[31];
        golden_octets(golden_text(row, "header"), &header, 1);
        size_t size = golden_octets(golden_text(row, "payload"), payload, sizeof payload);
        golden_octets(golden_text(row, "air"), air, sizeof air);
        ck_assert_uint_eq(ble_ccm_encrypt(&key, counter, direction, header, payload, size, out),
                          size + 4);
        ck_assert_mem_eq(out, air, size + 4);
        ck_assert(ble_ccm_decrypt(&key, counter, direction, header, air, size + 4, out));
        ck_assert_mem_eq(out, payload, size);
    }
    ck_assert_int_eq(cJSON_GetArraySize(rows), 4);
    cJSON_Delete(golden);
}
END_TEST

START_TEST(nonce_has_counter_direction_and_iv)
{
    const uint8_t iv[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const uint8_t to_peripheral[] = {0x01, 0x23, 0x45, 0x67, 0x80, 1, 2, 3, 4, 5, 6, 7, 8};
    const uint8_t to_central[] = {0xff, 0xff, 0xff, 0xff, 0x7f, 1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t nonce[BLE_NONCE_SIZE];

    ble_ccm_nonce(0x67452301, BLE_TO_PERIPHERAL, iv, nonce);
    ck_assert_mem_eq(nonce, to_peripheral, sizeof nonce);
    ble_ccm_nonce(UINT64_MAX, BLE_TO_CENTRAL, iv, nonce);
    ck_assert_mem_eq(nonce, to_central, sizeof nonce);
}
END_TEST

START_TEST(sending_again_changes_nothing_and_all_else_breaks_the_mic)
{
    const struct ble_link_key key = {{1}, {2}};
    const uint8_t payload[20] = {7};
    uint8_t air[24], again[24], out[24];

    ble_ccm_encrypt(&key, 5, BLE_TO_CENTRAL, 0x02, payload, 20, air);
    ble_ccm_encrypt(&key, 5, BLE_TO_CENTRAL, 0x1e, payload, 20, again); /* NESN, SN, MD */
    ck_assert_mem_eq(air, again, 24);
    ck_assert(ble_ccm_decrypt(&key, 5, BLE_TO_CENTRAL, 0x1e, air, 24, out));
    for (unsigned bit = 0; bit < 8; bit++) {
        bool masked = bit >= 2 && bit <= 4;
        uint8_t header = (uint8_t)(0x02 ^ 1u << bit);
        ck_assert_int_eq(ble_ccm_decrypt(&key, 5, BLE_TO_CENTRAL, header, air, 24, out), masked);
    }
    ck_assert(!ble_ccm_decrypt(&key, 6, BLE_TO_CENTRAL, 0x02, air, 24, out));
    ck_assert(!ble_ccm_decrypt(&key, 5, BLE_TO_PERIPHERAL, 0x02, air, 24, out));
    ck_assert(!ble_ccm_decrypt(&key, 5, BLE_TO_CENTRAL, 0x02, air, 23, out));
    for (unsigned bit = 0; bit < 8 * sizeof air; bit++) {
        air[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert(!ble_ccm_decrypt(&key, 5, BLE_TO_CENTRAL, 0x02, air, 24, out));
        air[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
END_TEST

START_TEST(packets_of_every_size_round_trip_in_place)
{
    struct random random = random_start(4, 2);
    struct ble_link_key key;
    uint8_t payload[251], buffer[255];

    draw(&random, &key, sizeof key);
    for (size_t size = 1; size <= 251; size++) {
        uint64_t counter = random_next(&random);
        draw(&random, payload, size);
        memcpy(buffer, payload, size);
        ck_assert_uint_eq(
            ble_ccm_encrypt(&key, counter, BLE_TO_PERIPHERAL, 2, buffer, size, buffer), size + 4);
        ck_assert(ble_ccm_decrypt(&key, counter, BLE_TO_PERIPHERAL, 2, buffer, size + 4, buffer));
        ck_assert_mem_eq(buffer, payload, size);
    }
}
END_TEST

START_TEST(a_size_that_no_packet_has_is_refused)
{
    const struct ble_link_key key = {{1}, {2}};
    const uint8_t empty[4] = {0xd0, 0xad, 0xbb, 0x5c}; /* the right MIC of no payload, by OpenSSL */
    uint8_t buffer[256] = {0}, out[256];

    ck_assert_uint_eq(ble_ccm_encrypt(&key, 0, BLE_TO_CENTRAL, 2, buffer, 0, out), 0);
    ck_assert_uint_eq(ble_ccm_encrypt(&key, 0, BLE_TO_CENTRAL, 2, buffer, 252, out), 0);
    ck_assert(!ble_ccm_decrypt(&key, 0, BLE_TO_CENTRAL, 2, empty, 4, out));
    ck_assert(!ble_ccm_decrypt(&key, 0, BLE_TO_CENTRAL, 2, buffer, 256, out));
}
END_TEST

/* ---- */

static void print_octets(const uint8_t *octets, size_t size, char end)
{
    for (size_t i = 0; i < size; i++)
        printf("%02x", octets[i]);
    putchar(end);
}

static int print_packets(void)
{
    struct random random = random_start(5, 2);

    for (size_t i = 0; i < 200; i++) {
        struct ble_link_key key;
        uint8_t header, payload[251], air[255];
        size_t size = i < 40 ? i + 1 : 1 + random_below(&random, 251);
        uint64_t counter = random_next(&random) & BLE_PACKET_COUNTER_MAX;
        draw(&random, &key, sizeof key);
        draw(&random, &header, 1);
        draw(&random, payload, size);
        size_t air_size =
            ble_ccm_encrypt(&key, counter, (enum ble_direction)(i & 1), header, payload, size, air);
        print_octets(key.session_key, 16, ' ');
        print_octets(key.iv, 8, ' ');
        printf("%" PRIu64 " %u %02x ", counter, (unsigned)(i & 1), header);
        print_octets(payload, size, ' ');
        print_octets(air, air_size, '\n');
    }
    return EXIT_SUCCESS;
}

static TCase *advertising_case(void)
{
    TCase *t = tcase_create("advertising");

    tcase_add_test(t, the_published_adv_ind_is_read_and_written);
    tcase_add_test(t, advertising_header_has_its_bits_in_their_places);
    tcase_add_loop_test(t, advertising_pdu_has_a_size_of_its_type, 0, COUNT(adv_sizes));
    tcase_add_test(t, each_reader_takes_its_own_types_only);
    tcase_add_test(t, advertising_round_trips);
    tcase_add_test(t, too_much_data_is_cut);
    tcase_add_test(t, scan_request_has_the_scanner_first);
    tcase_add_test(t, connect_ind_has_its_fields_in_their_places);
    tcase_add_test(t, connect_ind_round_trips);
    tcase_add_loop_test(t, connection_is_refused_beyond_a_limit_and_not_at_it, 0, COUNT(limits));
    tcase_add_test(t, every_fault_has_a_name_and_every_rule_is_tried);
    return t;
}

static TCase *data_case(void)
{
    TCase *t = tcase_create("data");

    tcase_add_test(t, data_header_has_its_bits_in_their_places);
    tcase_add_test(t, data_pdu_is_refused_for_what_is_wrong_with_it);
    tcase_add_loop_test(t, control_pdu_is_what_the_specification_says, 0, COUNT(controls));
    tcase_add_loop_test(t, control_pdu_of_another_size_is_refused, 0, COUNT(controls));
    tcase_add_test(t, control_pdu_round_trips);
    tcase_add_test(t, reserved_bits_of_a_channel_map_are_neither_read_nor_sent);
    tcase_add_test(t, unknown_opcode_is_refused);
    tcase_add_loop_test(t, att_pdu_is_read_and_written, 0, COUNT(atts));
    tcase_add_loop_test(t, att_pdu_is_refused_for_what_is_wrong_with_it, 0, COUNT(att_refusals));
    tcase_add_test(t, a_value_ends_at_the_largest_mtu);
    return t;
}

static TCase *encryption_case(void)
{
    TCase *t = tcase_create("encryption");

    tcase_add_test(t, session_key_is_that_of_the_sample_data);
    tcase_add_test(t, packets_of_the_sample_data_are_encrypted_and_decrypted);
    tcase_add_test(t, nonce_has_counter_direction_and_iv);
    tcase_add_test(t, sending_again_changes_nothing_and_all_else_breaks_the_mic);
    tcase_add_test(t, packets_of_every_size_round_trip_in_place);
    tcase_add_test(t, a_size_that_no_packet_has_is_refused);
    return t;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--packets") == 0)
        return print_packets();
    Suite *suite = suite_create("ble_pdu");
    suite_add_tcase(suite, advertising_case());
    suite_add_tcase(suite, data_case());
    suite_add_tcase(suite, encryption_case());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
