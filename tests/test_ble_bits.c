/* test_ble_bits.c: CRC, whitening, access addresses, air time, channels and the time line of
 * Bluetooth LE, against published vectors and against
 * second ways written from the specification. */
#include "sim/ble/bits.h"
#include "sim/ble/channel.h"
#include "sim/ble/time.h"
#include "sim/random.h"
#include "tests/support_golden.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define US BLE_PS_PER_US
/* Random cases of a comparison with a second way: fewer where the bit by bit one is slow. */
#if defined __SANITIZE_ADDRESS__ || !defined __OPTIMIZE__
#define MANY 100000
#else
#define MANY 1000000
#endif
#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))
__extension__ typedef unsigned __int128 wide;

/* Random octets; 1 to 7 of them, but 300 once in a thousand times. */
static size_t draw_octets(struct random *random, int i, uint8_t octets[300])
{
    uint64_t draw = random_next(random);
    size_t size = i % 1000 == 0 ? 300 : 1 + (draw >> 56) % 7;

    for (size_t at = 0; at < size; at++) {
        if (at % 8 == 7)
            draw = random_next(random);
        octets[at] = (uint8_t)(draw >> at % 8 * 8);
    }
    return size;
}

/* ---- CRC */

/* Figure "the LFSR circuit generating the CRC": bit k is position k; data enters at the output of
 * position 23, each octet's bit 0 first; position 23 is sent first. */
static uint32_t serial_crc(uint32_t init, const uint8_t *octets, size_t size)
{
    uint32_t position = init & 0xffffff;

    for (size_t i = 0; i < size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint32_t back = (position >> 23 ^ octets[i] >> bit) & 1;
            position = position << 1 & 0xffffff;
            if (back)
                position ^= 1u << 10 | 1u << 9 | 1u << 6 | 1u << 4 | 1u << 3 | 1u << 1 | 1u << 0;
        }
    }
    return position;
}

static uint32_t octets_in_air_order(uint32_t position)
{
    uint32_t air = 0;

    for (unsigned bit = 0; bit < 24; bit++)
        air |= (position >> (23 - bit) & 1) << bit;
    return air;
}

START_TEST(crc_of_published_packets)
{
    cJSON *golden = golden_load();
    const cJSON *row;

    cJSON_ArrayForEach(row, golden_get(golden, "crc24"))
    {
        uint8_t pdu[64], crc[3], expected[3];
        size_t size = golden_octets(golden_text(row, "pdu"), pdu, sizeof pdu - 3);
        uint32_t init = (uint32_t)golden_number(row, "crcinit");
        golden_octets(golden_text(row, "crc_air"), expected, sizeof expected);

        ble_crc(init, pdu, size, crc);
        ck_assert_mem_eq(crc, expected, 3);
        uint32_t sum = ble_crc_add(ble_crc_start(init), pdu, size);
        ck_assert_uint_eq(octets_in_air_order((uint32_t)golden_number(row, "register")), sum);
        memcpy(pdu + size, crc, 3);
        ck_assert(ble_crc_good(init, pdu, size + 3));
    }
    ck_assert_int_eq(cJSON_GetArraySize(golden_get(golden, "crc24")), 4);
    cJSON_Delete(golden);
}
END_TEST

START_TEST(crc_is_that_of_the_shift_register)
{
    struct random random = random_start(1, 1);
    uint8_t octets[300];

    for (int i = 0; i < MANY; i++) {
        uint32_t init = (uint32_t)random_next(&random);
        size_t size = draw_octets(&random, i, octets);
        uint32_t sum = ble_crc_add(ble_crc_start(init), octets, size);
        if (sum != octets_in_air_order(serial_crc(init, octets, size)))
            ck_abort_msg("case %d: init %06x, %zu octets", i, (unsigned)init, size);
    }
}
END_TEST

START_TEST(crc_may_be_taken_in_pieces)
{
    const uint8_t octets[] = {0x0f, 0x06, 0x0c, 0x0c, 0xf1, 0x05, 0x01, 0x00};
    uint32_t whole = ble_crc_add(ble_crc_start(0x17A2B3), octets, 8);

    for (size_t cut = 0; cut <= 8; cut++) {
        uint32_t part = ble_crc_add(ble_crc_start(0x17A2B3), octets, cut);
        ck_assert_uint_eq(ble_crc_add(part, octets + cut, 8 - cut), whole);
    }
}
END_TEST

START_TEST(crc_can_be_taken_back)
{
    uint8_t octets[40];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(37 * i + 11);
    for (size_t size = 0; size <= sizeof octets; size++) {
        uint32_t start = ble_crc_start(0x17a2b3 + (uint32_t)size);
        uint32_t crc = ble_crc_add(start, octets, size);
        ck_assert_uint_eq(ble_crc_before(crc, octets, size), start);
    }
}
END_TEST

START_TEST(crc_sees_every_flipped_bit_and_another_init)
{
    uint8_t packet[] = {0x0f, 0x06, 0x0c, 0x0c, 0xf1, 0x05, 0x01, 0x00, 0xbe, 0x8a, 0x46};

    ck_assert(ble_crc_good(0x17A2B3, packet, sizeof packet));
    ck_assert(!ble_crc_good(0x17A2B2, packet, sizeof packet));
    ck_assert(!ble_crc_good(0xB3A217, packet, sizeof packet));
    ck_assert(!ble_crc_good(0, (const uint8_t[2]){0}, 2)); /* a zero register, but no CRC */
    for (size_t bit = 0; bit < 8 * sizeof packet; bit++) {
        packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(!ble_crc_good(0x17A2B3, packet, sizeof packet));
        packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

/* ---- whitening */

/* Figure "the LFSR circuit to generate data whitening": position 0 is 1, positions 1 to 6 are the
 * channel index, most significant bit first; the output is that of position 6, and it goes back to
 * position 0 and, added, to position 4. */
static void serial_whiten(unsigned channel, uint8_t *octets, size_t size)
{
    unsigned position = 1;

    for (unsigned bit = 0; bit < 6; bit++)
        position |= (channel >> (5 - bit) & 1) << (bit + 1);
    for (size_t i = 0; i < size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            unsigned out = position >> 6 & 1;
            position = (position << 1 & 0x7f) ^ out ^ out << 4;
            octets[i] ^= (uint8_t)(out << bit);
        }
    }
}

START_TEST(whitening_of_published_channels)
{
    cJSON *golden = golden_load();
    const cJSON *rows = golden_get(golden, "whitening_of_zeros_first16");
    const cJSON *row;

    cJSON_ArrayForEach(row, rows)
    {
        uint8_t octets[16] = {0}, expected[16];
        ck_assert_uint_eq(golden_octets(row->valuestring, expected, 16), 16);
        ble_whiten((unsigned)strtoul(row->string, NULL, 10), octets, 16);
        ck_assert_mem_eq(octets, expected, 16);
    }
    ck_assert_int_eq(cJSON_GetArraySize(rows), BLE_CHANNELS);
    cJSON_Delete(golden);
}
END_TEST

START_TEST(whitening_of_channel_37_goes_on_as_published)
{
    const uint8_t expected[] = {0x8D, 0xD2, 0x57, 0xA1, 0x3D, 0xA7, 0x66, 0xB0,
                                0x75, 0x31, 0x11, 0x48, 0x96, 0x77, 0xF8, 0xE3,
                                0x46, 0xE9, 0xAB, 0xD0, 0x9E, 0x53, 0x33, 0xD8};
    uint8_t octets[sizeof expected] = {0};

    ble_whiten(37, octets, sizeof octets);
    ck_assert_mem_eq(octets, expected, sizeof expected);
}
END_TEST

START_TEST(whitening_is_that_of_the_shift_register_and_undoes_itself)
{
    struct random random = random_start(2, 1);
    uint8_t octets[300], serial[300], before[300];

    for (int i = 0; i < MANY; i++) {
        unsigned channel = (unsigned)i % 64;
        size_t size = draw_octets(&random, i, octets);
        memcpy(serial, octets, size);
        memcpy(before, octets, size);
        ble_whiten(channel, octets, size);
        serial_whiten(channel, serial, size);
        if (memcmp(octets, serial, size) != 0)
            ck_abort_msg("case %d: channel %u, %zu octets", i, channel, size);
        ble_whiten(channel, octets, size);
        ck_assert(memcmp(octets, before, size) == 0);
    }
}
END_TEST

/* ---- access addresses */

static const struct {
    uint32_t address;
    enum ble_address_fault uncoded, coded;
} addresses[] = {
    {0x8E89BED6, BLE_ADDRESS_ADVERTISING, BLE_ADDRESS_ADVERTISING},
    {0x8E89BED7, BLE_ADDRESS_NEAR, BLE_ADDRESS_NEAR},
    {0x0E89BED6, BLE_ADDRESS_NEAR, BLE_ADDRESS_NEAR},
    {0x8E89BED5, BLE_ADDRESS_GOOD, BLE_ADDRESS_GOOD}, /* two bits off */
    {0x4D4D4D4D, BLE_ADDRESS_EQUAL_OCTETS, BLE_ADDRESS_EQUAL_OCTETS},
    {0x4D4D4D4C, BLE_ADDRESS_GOOD, BLE_ADDRESS_GOOD},
    {0x4D4C4D4C, BLE_ADDRESS_GOOD, BLE_ADDRESS_GOOD}, /* equal halves are allowed */
    {0x4D03F24C, BLE_ADDRESS_GOOD, BLE_ADDRESS_GOOD}, /* six zeros */
    {0x4D01F24C, BLE_ADDRESS_LONG_RUN, BLE_ADDRESS_LONG_RUN},
    {0x4D07E94C, BLE_ADDRESS_GOOD, BLE_ADDRESS_GOOD}, /* six ones */
    {0x4D07F94C, BLE_ADDRESS_LONG_RUN, BLE_ADDRESS_LONG_RUN},
    {0x01492D4C, BLE_ADDRESS_LONG_RUN, BLE_ADDRESS_LONG_RUN},               /* at the top */
    {0x4D492D80, BLE_ADDRESS_LONG_RUN, BLE_ADDRESS_LONG_RUN},               /* at the bottom */
    {0x5555414C, BLE_ADDRESS_GOOD, BLE_ADDRESS_GOOD},                       /* 24 */
    {0x55556EC9, BLE_ADDRESS_TRANSITIONS, BLE_ADDRESS_TRANSITIONS},         /* 25 */
    {0x0749B34C, BLE_ADDRESS_TOP_TRANSITIONS, BLE_ADDRESS_TOP_TRANSITIONS}, /* 000001: one */
    {0x0B49B34C, BLE_ADDRESS_GOOD, BLE_ADDRESS_GOOD},                       /* 000010: two */
    {0xF849B34C, BLE_ADDRESS_TOP_TRANSITIONS, BLE_ADDRESS_TOP_TRANSITIONS}, /* 111110: one */
    {0x4D49B322, BLE_ADDRESS_GOOD, BLE_ADDRESS_LOW_ONES},                   /* two ones */
    {0x4D49B326, BLE_ADDRESS_GOOD, BLE_ADDRESS_GOOD},                       /* three */
    {0x4C638A9A, BLE_ADDRESS_GOOD, BLE_ADDRESS_GOOD},                       /* 11 */
    {0x4C63AD45, BLE_ADDRESS_GOOD, BLE_ADDRESS_LOW_TRANSITIONS},            /* 12 */
};

START_TEST(address_breaks_the_rule_it_should)
{
    uint32_t address = addresses[_i].address;
    enum ble_address_fault uncoded = ble_address_check(address, false);
    enum ble_address_fault coded = ble_address_check(address, true);

    ck_assert_msg(uncoded == addresses[_i].uncoded, "%08X %s", (unsigned)address,
                  ble_address_fault_name(uncoded));
    ck_assert_msg(coded == addresses[_i].coded, "%08X, coded: %s", (unsigned)address,
                  ble_address_fault_name(coded));
}
END_TEST

START_TEST(addresses_of_the_golden_file)
{
    cJSON *golden = golden_load();
    const cJSON *row;

    cJSON_ArrayForEach(row, golden_get(golden, "access_address"))
    {
        bool valid = ble_address_check((uint32_t)golden_number(row, "aa"), false) == 0;
        ck_assert_msg(valid == cJSON_IsTrue(golden_get(row, "data_valid")), "%s",
                      golden_text(row, "aa"));
    }
    ck_assert_int_eq(cJSON_GetArraySize(golden_get(golden, "access_address")), 10);
    cJSON_Delete(golden);
}
END_TEST

/* The rules of 2.1.2 for uncoded PHYs, bit by bit. */
static bool address_allowed(uint32_t address)
{
    unsigned run = 1, run_max = 1, changes = 0, changes_on_top = 0, off = 0;

    for (unsigned bit = 1; bit < 32; bit++) {
        bool change = (address >> bit & 1) != (address >> (bit - 1) & 1);
        run = change ? 1 : run + 1;
        run_max = run > run_max ? run : run_max;
        changes += change;
        changes_on_top += change && bit > 26;
    }
    for (unsigned bit = 0; bit < 32; bit++)
        off += (address >> bit & 1) != (UINT32_C(0x8E89BED6) >> bit & 1);
    const uint8_t octets[4] = {(uint8_t)address, (uint8_t)(address >> 8), (uint8_t)(address >> 16),
                               (uint8_t)(address >> 24)};
    bool equal = octets[0] == octets[1] && octets[1] == octets[2] && octets[2] == octets[3];
    return off > 1 && !equal && run_max <= 6 && changes <= 24 && changes_on_top >= 2;
}

START_TEST(two_thirds_of_random_addresses_are_valid)
{
    struct random random = random_start(3, 1);
    int valid = 0;

    for (int i = 0; i < 100000; i++) {
        uint32_t address = (uint32_t)random_next(&random);
        bool good = ble_address_check(address, false) == BLE_ADDRESS_GOOD;
        if (good != address_allowed(address))
            ck_abort_msg("%08X", (unsigned)address);
        valid += good;
    }
    ck_assert_int_eq(valid, 66906);
}
END_TEST

START_TEST(every_fault_of_an_address_has_a_name)
{
    for (int fault = 0; fault < BLE_ADDRESS_FAULTS; fault++)
        ck_assert_ptr_nonnull(ble_address_fault_name((enum ble_address_fault)fault));
    ck_assert_ptr_null(ble_address_fault_name(BLE_ADDRESS_FAULTS));
}
END_TEST

/* ---- time on the air */

START_TEST(air_time_of_the_golden_file)
{
    static const char *const keys[BLE_PHYS] = {"1M", "2M", "S8", "S2"};
    cJSON *golden = golden_load();
    const cJSON *row;

    cJSON_ArrayForEach(row, golden_get(golden, "airtime_us"))
    {
        unsigned size = (unsigned)golden_number(row, "payload");
        for (int phy = 0; phy < BLE_PHYS; phy++)
            ck_assert_uint_eq(ble_air_ps((enum ble_phy)phy, size),
                              golden_number(row, keys[phy]) * US);
    }
    ck_assert_int_eq(cJSON_GetArraySize(golden_get(golden, "airtime_us")), 7);
    cJSON_Delete(golden);
}
END_TEST

START_TEST(address_is_heard_where_preamble_and_address_end)
{
    static const uint64_t end_us[BLE_PHYS] = {40, 24, 336, 336};
    static const unsigned preamble[BLE_PHYS] = {1, 2, 10, 10};

    for (int i = 0; i < BLE_PHYS; i++) {
        enum ble_phy phy = (enum ble_phy)i;
        ck_assert_uint_eq(ble_address_end_ps(phy), end_us[i] * US);
        ck_assert_uint_eq(ble_preamble_size(phy), preamble[i]);
        ck_assert_uint_eq(ble_address_end_ps(phy) + ble_address_to_end_ps(phy, 27),
                          ble_air_ps(phy, 27));
    }
    ck_assert_uint_eq(ble_address_to_end_ps(BLE_PHY_1M, 0), 40 * US);
    ck_assert_uint_eq(ble_address_to_end_ps(BLE_PHY_2M, 0), 20 * US);
    ck_assert_uint_eq(ble_air_ps(BLE_PHYS, 9), 0);
    ck_assert_uint_eq(ble_preamble_size(BLE_PHYS), 0);
}
END_TEST

/* ---- channels */

START_TEST(channels_lie_where_the_band_plan_puts_them)
{
    for (unsigned channel = 0; channel < BLE_CHANNELS; channel++) {
        unsigned mhz = channel == 37   ? 2402
                       : channel == 38 ? 2426
                       : channel == 39 ? 2480
                       : channel <= 10 ? 2404 + 2 * channel
                                       : 2428 + 2 * (channel - 11);
        ck_assert_uint_eq(ble_channel_mhz(channel), mhz);
        ck_assert_uint_eq(ble_mhz_channel(mhz), channel);
        ck_assert_uint_eq(ble_channel_rf(channel), (mhz - 2402) / 2);
        ck_assert_uint_eq(ble_rf_channel((mhz - 2402) / 2), channel);
    }
    ck_assert_uint_eq(ble_channel_rf(40), BLE_CHANNEL_NONE);
    ck_assert_uint_eq(ble_rf_channel(40), BLE_CHANNEL_NONE);
    ck_assert_uint_eq(ble_channel_mhz(40), 0);
    ck_assert_uint_eq(ble_mhz_channel(2400), BLE_CHANNEL_NONE);
    ck_assert_uint_eq(ble_mhz_channel(2403), BLE_CHANNEL_NONE);
    ck_assert_uint_eq(ble_mhz_channel(2482), BLE_CHANNEL_NONE);
}
END_TEST

START_TEST(algorithm_1_follows_the_example_of_the_specification)
{
    cJSON *golden = golden_load();
    const cJSON *row = golden_get(golden, "csa1");
    struct ble_channel_map before = ble_channel_map_make(golden_number(row, "map_before"));
    struct ble_channel_map after = ble_channel_map_make(golden_number(row, "map_from_100"));
    unsigned hop = (unsigned)golden_number(row, "hop");
    unsigned unmapped = 0;

    for (int event = 0; event <= 99; event++)
        unmapped = ble_csa1_unmapped(unmapped, hop, 1);
    ck_assert_uint_eq(unmapped, ble_csa1_unmapped(0, hop, 100)); /* skipped events count */
    ck_assert_uint_eq(ble_csa1_channel(&before, unmapped), golden_number(row, "event_99"));
    unmapped = ble_csa1_unmapped(unmapped, hop, 1);
    ck_assert_uint_eq(ble_csa1_channel(&after, unmapped), golden_number(row, "event_100"));
    unmapped = ble_csa1_unmapped(unmapped, hop, 1);
    ck_assert_uint_eq(ble_csa1_channel(&after, unmapped), golden_number(row, "event_101"));
    cJSON_Delete(golden);
}
END_TEST

START_TEST(algorithm_2_follows_the_sample_data)
{
    cJSON *golden = golden_load();
    const cJSON *rows = golden_get(golden, "csa2_aa_8E89BED6");
    uint16_t identifier = ble_csa2_identifier(0x8E89BED6);
    const cJSON *row;

    ck_assert_uint_eq(identifier, 0x305F);
    cJSON_ArrayForEach(row, rows)
    {
        struct ble_channel_map map = ble_channel_map_make(golden_number(row, "map"));
        uint16_t counter = (uint16_t)golden_number(row, "counter");
        ck_assert_uint_eq(ble_csa2_hash(counter, identifier), golden_number(row, "prn_e"));
        ck_assert_uint_eq(ble_csa2_channel(&map, counter, identifier),
                          golden_number(row, "channel"));
    }
    ck_assert_int_eq(cJSON_GetArraySize(rows), 10);
    cJSON_Delete(golden);
}
END_TEST

/* The used channel with this index in ascending order. */
static unsigned nth_used(uint64_t bits, unsigned index)
{
    unsigned channel = 0;

    for (;; channel++)
        if ((bits >> channel & 1) && index-- == 0)
            return channel;
}

static unsigned count_used(uint64_t bits)
{
    unsigned count = 0;

    for (unsigned channel = 0; channel <= 36; channel++)
        count += bits >> channel & 1;
    return count;
}

/* A random map that is not empty, once in a hundred cases a new one. */
static struct ble_channel_map draw_map(struct random *random, int i, struct ble_channel_map last)
{
    uint64_t bits = random_next(random);

    if (i % 100 != 0)
        return last;
    if (i % 300 == 0)
        bits &= random_next(random) & random_next(random);
    return ble_channel_map_make(bits | UINT64_C(1) << bits % 37);
}

START_TEST(algorithm_1_is_its_text)
{
    struct random random = random_start(4, 1);
    struct ble_channel_map map = {0};
    unsigned used = 1;

    for (int i = 0; i < MANY; i++) {
        uint64_t bits = map.bits;
        map = draw_map(&random, i, map);
        used = map.bits == bits ? used : count_used(map.bits);
        unsigned last = (unsigned)random_next(&random) % 37, hop = 5 + (unsigned)i % 12;
        unsigned unmapped = (last + hop) % 37;
        unsigned channel =
            map.bits >> unmapped & 1 ? unmapped : nth_used(map.bits, unmapped % used);
        if (ble_csa1_unmapped(last, hop, 1) != unmapped ||
            ble_csa1_channel(&map, unmapped) != channel)
            ck_abort_msg("case %d: last %u, hop %u, map %llx", i, last, hop,
                         (unsigned long long)map.bits);
    }
}
END_TEST

/* Figure "event pseudo-random number generation". `perm` reverses the bits of one octet. */
static unsigned literal_hash(unsigned counter, unsigned identifier, const uint8_t perm[256])
{
    unsigned prn = counter ^ identifier;

    for (int round = 0; round < 3; round++) {
        unsigned permuted = (unsigned)perm[prn >> 8] << 8 | perm[prn & 0xff];
        prn = (permuted * 17 + identifier) % 65536;
    }
    return prn ^ identifier;
}

START_TEST(algorithm_2_is_its_text)
{
    struct random random = random_start(5, 1);
    struct ble_channel_map map = {0};
    uint8_t perm[256] = {0};
    unsigned used = 1;

    for (unsigned octet = 0; octet < 256; octet++)
        for (unsigned bit = 0; bit < 8; bit++)
            perm[octet] |= (uint8_t)((octet >> bit & 1) << (7 - bit));
    for (int i = 0; i < MANY; i++) {
        uint64_t bits = map.bits;
        map = draw_map(&random, i, map);
        used = map.bits == bits ? used : count_used(map.bits);
        uint64_t draw = random_next(&random);
        uint16_t counter = (uint16_t)draw, identifier = (uint16_t)(draw >> 16);
        unsigned hash = literal_hash(counter, identifier, perm);
        unsigned channel = map.bits >> hash % 37 & 1
                               ? hash % 37
                               : nth_used(map.bits, (unsigned)((uint64_t)used * hash / 65536));
        if (ble_csa2_hash(counter, identifier) != hash ||
            ble_csa2_channel(&map, counter, identifier) != channel)
            ck_abort_msg("case %d: counter %u, identifier %u, map %llx", i, counter, identifier,
                         (unsigned long long)map.bits);
    }
}
END_TEST

START_TEST(a_channel_map_knows_its_channels)
{
    struct ble_channel_map map = ble_channel_map_make(UINT64_C(0xE000000000) | 1u << 3 | 1u << 30);
    struct ble_channel_map none = ble_channel_map_make(UINT64_C(0xE000000000));

    ck_assert_uint_eq(map.bits, 1u << 3 | 1u << 30);
    ck_assert_uint_eq(map.used_count, 2);
    ck_assert_uint_eq(map.used[0], 3);
    ck_assert_uint_eq(map.used[1], 30);
    ck_assert(ble_channel_map_has(&map, 30));
    ck_assert(!ble_channel_map_has(&map, 31));
    ck_assert(!ble_channel_map_has(&map, 37));
    ck_assert_uint_eq(ble_channel_map_make(BLE_CHANNELS_ALL).used_count, 37);
    ck_assert_uint_eq(ble_csa1_channel(&none, 5), BLE_CHANNEL_NONE);
    ck_assert_uint_eq(ble_csa2_channel(&none, 5, 5), BLE_CHANNEL_NONE);
}
END_TEST

START_TEST(algorithm_1_counts_65535_skipped_events)
{
    unsigned unmapped = 36;

    for (int event = 0; event < 65535; event++)
        unmapped = (unmapped + 16) % 37;
    ck_assert_uint_eq(ble_csa1_unmapped(36, 16, 65535), unmapped);
}
END_TEST

/* ---- the time line */

START_TEST(sleep_clock_classes_are_the_table_of_the_specification)
{
    static const unsigned worst[8] = {500, 250, 150, 100, 75, 50, 30, 20};
    static const unsigned best[8] = {251, 151, 101, 76, 51, 31, 21, 0};

    for (unsigned sca = 0; sca < 8; sca++) {
        ck_assert_uint_eq(ble_sca_ppm(sca), worst[sca]);
        ck_assert_uint_eq(ble_ppm_sca(worst[sca]), sca);
        ck_assert_uint_eq(ble_ppm_sca(best[sca]), sca);
    }
    ck_assert_uint_eq(ble_ppm_sca(501), 0);
}
END_TEST

static const struct {
    const char *why;
    uint32_t central_ppm, peripheral_ppm;
    uint64_t elapsed_ps, expected_ps;
} widenings[] = {
    {"at the anchor only the jitter is left", 500, 500, 0, 32 * US},
    {"7.5 ms, 50 + 50 ppm: 0.75 us", 50, 50, 7500 * US, 32 * US + 750000},
    {"30 ms, 250 + 250 ppm: 15 us", 250, 250, 30000 * US, 47 * US},
    {"1 s, 250 + 250 ppm: 500 us", 250, 250, 1000000 * US, 532 * US},
    {"a single picosecond rounds up", 20, 0, 1, 32 * US + 1},
    {"what divides is not rounded", 1, 0, 1000000, 32 * US + 1},
    {"one more is", 1, 0, 1000001, 32 * US + 2},
    {"the end of time", 1000000, 0, UINT64_MAX, UINT64_MAX},
};

START_TEST(widening_is_as_computed_by_hand)
{
    ck_assert_msg(ble_widening_ps(widenings[_i].central_ppm, widenings[_i].peripheral_ppm,
                                  widenings[_i].elapsed_ps) == widenings[_i].expected_ps,
                  "%s", widenings[_i].why);
}
END_TEST

START_TEST(widening_is_the_exact_quotient_rounded_up)
{
    struct random random = random_start(6, 1);

    for (int i = 0; i < 100000; i++) {
        uint32_t ppm = (uint32_t)random_below(&random, 1000001);
        uint64_t elapsed_ps = random_next(&random) >> i % 64;
        uint64_t jitter_ps = random_next(&random) >> (4 + i % 60);
        wide exact = ((wide)ppm * elapsed_ps + 999999) / 1000000 + jitter_ps;
        uint64_t expected = exact > UINT64_MAX ? UINT64_MAX : (uint64_t)exact;
        if (ble_allowance_ps(ppm, elapsed_ps, jitter_ps) != expected)
            ck_abort_msg("case %d: %u ppm of %llu ps", i, (unsigned)ppm,
                         (unsigned long long)elapsed_ps);
    }
}
END_TEST

START_TEST(widening_ends_at_half_an_interval_less_t_ifs)
{
    ck_assert_uint_eq(ble_widening_limit_ps(6), 3600 * US);
    ck_assert_uint_eq(ble_widening_limit_ps(7), 4225 * US);
    ck_assert_uint_eq(ble_widening_limit_ps(24), 14850 * US);
    ck_assert_uint_eq(ble_widening_limit_ps(800), 499850 * US);
    ck_assert_uint_eq(ble_widening_limit_ps(0), 0);
}
END_TEST

START_TEST(windows_lie_where_they_should)
{
    struct ble_window first = ble_transmit_window(1000 * US, BLE_WINDOW_DELAY_PS, 3, 2);
    struct ble_window update = ble_update_window(5000 * US, 6, 1, 8);
    struct ble_window heard = ble_receive_window(first, 40 * US);

    ck_assert_uint_eq(first.start_ps, 6000 * US); /* 1000 + 1250 + 3 * 1250 */
    ck_assert_uint_eq(first.end_ps, 8500 * US);
    ck_assert_uint_eq(update.start_ps, 13750 * US); /* 5000 + 7500 + 1250 */
    ck_assert_uint_eq(update.end_ps, 23750 * US);
    ck_assert_uint_eq(heard.start_ps, 5960 * US);
    ck_assert_uint_eq(heard.end_ps, 8540 * US);
    ck_assert_uint_eq(ble_receive_window(first, 9000 * US).start_ps, 0);
    ck_assert(!ble_window_holds(first, first.start_ps - 1));
    ck_assert(ble_window_holds(first, first.start_ps));
    ck_assert(ble_window_holds(first, first.end_ps));
    ck_assert(!ble_window_holds(first, first.end_ps + 1));
}
END_TEST

START_TEST(a_reply_starts_148_to_152_us_later)
{
    struct ble_window reply = ble_reply_window(80 * US);

    ck_assert_uint_eq(reply.start_ps, 228 * US);
    ck_assert_uint_eq(reply.end_ps, 232 * US);
    ck_assert_uint_eq(ble_event_limit_ps(7500 * US), 7350 * US);
    ck_assert_uint_eq(ble_event_limit_ps(100 * US), 0);
}
END_TEST

static const struct {
    uint16_t instant, counter;
    bool passed;
} instants[] = {
    {10, 10, false},    {11, 10, false},       {9, 10, true},
    {32776, 10, false}, /* 32766 ahead */
    {32777, 10, true},  /* 32767 ahead */
    {2, 65530, false},  {65535, 65535, false}, {65535, 0, true},
    {32766, 0, false},  {32767, 0, true},      {65530, 2, true},
};

START_TEST(an_instant_has_passed_from_32767_on)
{
    ck_assert_msg(ble_instant_passed(instants[_i].instant, instants[_i].counter) ==
                      instants[_i].passed,
                  "instant %u at event %u", instants[_i].instant, instants[_i].counter);
}
END_TEST

START_TEST(a_chosen_instant_leaves_six_events_and_wraps)
{
    ck_assert_uint_eq(ble_instant_choose(10, 0), 17);
    ck_assert_uint_eq(ble_instant_choose(10, 499), 516);
    ck_assert_uint_eq(ble_instant_choose(65535, 0), 6);
}
END_TEST

START_TEST(supervision_is_6_intervals_and_then_the_timeout)
{
    ck_assert_uint_eq(ble_supervision_ps(false, 6, 10), 45000 * US);
    ck_assert_uint_eq(ble_supervision_ps(true, 6, 10), 100000 * US);
    ck_assert_uint_eq(ble_supervision_reason(false), 0x3e);
    ck_assert_uint_eq(ble_supervision_reason(true), 0x08);
    ck_assert_uint_eq(ble_misses_until_timeout(6, 10), 14);   /* 100 ms / 7.5 ms */
    ck_assert_uint_eq(ble_misses_until_timeout(24, 42), 14);  /* 420 ms / 30 ms */
    ck_assert_uint_eq(ble_misses_until_timeout(24, 100), 34); /* 1 s / 30 ms */
    ck_assert_uint_eq(ble_misses_until_timeout(0, 100), 0);
}
END_TEST

START_TEST(a_timeout_is_more_than_twice_the_longest_silence)
{
    ck_assert(!ble_timeout_covers(10, 0, 40)); /* 100 ms against 2 * 50 ms: equal */
    ck_assert(ble_timeout_covers(11, 0, 40));
    ck_assert(ble_timeout_covers(10, 0, 39));
    ck_assert(!ble_timeout_covers(20, 1, 40));
    ck_assert(ble_timeout_covers(21, 1, 40));
    ck_assert(!ble_timeout_covers(3200, 65535, 65535));
}
END_TEST

static TCase *bits_case(void)
{
    TCase *t = tcase_create("bits");

    tcase_add_test(t, crc_of_published_packets);
    tcase_add_test(t, crc_is_that_of_the_shift_register);
    tcase_add_test(t, crc_may_be_taken_in_pieces);
    tcase_add_test(t, crc_can_be_taken_back);
    tcase_add_test(t, crc_sees_every_flipped_bit_and_another_init);
    tcase_add_test(t, whitening_of_published_channels);
    tcase_add_test(t, whitening_of_channel_37_goes_on_as_published);
    tcase_add_test(t, whitening_is_that_of_the_shift_register_and_undoes_itself);
    tcase_add_loop_test(t, address_breaks_the_rule_it_should, 0, COUNT(addresses));
    tcase_add_test(t, addresses_of_the_golden_file);
    tcase_add_test(t, two_thirds_of_random_addresses_are_valid);
    tcase_add_test(t, every_fault_of_an_address_has_a_name);
    tcase_add_test(t, air_time_of_the_golden_file);
    tcase_add_test(t, address_is_heard_where_preamble_and_address_end);
    return t;
}

static TCase *channel_case(void)
{
    TCase *t = tcase_create("channel");

    tcase_add_test(t, channels_lie_where_the_band_plan_puts_them);
    tcase_add_test(t, algorithm_1_follows_the_example_of_the_specification);
    tcase_add_test(t, algorithm_2_follows_the_sample_data);
    tcase_add_test(t, algorithm_1_is_its_text);
    tcase_add_test(t, algorithm_2_is_its_text);
    tcase_add_test(t, a_channel_map_knows_its_channels);
    tcase_add_test(t, algorithm_1_counts_65535_skipped_events);
    return t;
}

static TCase *time_case(void)
{
    TCase *t = tcase_create("time");

    tcase_add_test(t, sleep_clock_classes_are_the_table_of_the_specification);
    tcase_add_loop_test(t, widening_is_as_computed_by_hand, 0, COUNT(widenings));
    tcase_add_test(t, widening_is_the_exact_quotient_rounded_up);
    tcase_add_test(t, widening_ends_at_half_an_interval_less_t_ifs);
    tcase_add_test(t, windows_lie_where_they_should);
    tcase_add_test(t, a_reply_starts_148_to_152_us_later);
    tcase_add_loop_test(t, an_instant_has_passed_from_32767_on, 0, COUNT(instants));
    tcase_add_test(t, a_chosen_instant_leaves_six_events_and_wraps);
    tcase_add_test(t, supervision_is_6_intervals_and_then_the_timeout);
    tcase_add_test(t, a_timeout_is_more_than_twice_the_longest_silence);
    return t;
}

int main(void)
{
    Suite *suite = suite_create("ble_bits");
    suite_add_tcase(suite, bits_case());
    suite_add_tcase(suite, channel_case());
    suite_add_tcase(suite, time_case());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
