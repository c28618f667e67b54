#include "sim/ble/bits.h"

#define PS_PER_US UINT64_C(1000000)

/* ---- CRC */

/* Entry n: n divided by the polynomial, eight steps of a register that shifts towards bit 0 and is
 * mirrored, as the octets are (0x00065B mirrored is 0xDA6000). */
static const uint32_t crc_of_octet[256] = {
    0x000000, 0x01b4c0, 0x036980, 0x02dd40, 0x06d300, 0x0767c0, 0x05ba80, 0x040e40, 0x0da600,
    0x0c12c0, 0x0ecf80, 0x0f7b40, 0x0b7500, 0x0ac1c0, 0x081c80, 0x09a840, 0x1b4c00, 0x1af8c0,
    0x182580, 0x199140, 0x1d9f00, 0x1c2bc0, 0x1ef680, 0x1f4240, 0x16ea00, 0x175ec0, 0x158380,
    0x143740, 0x103900, 0x118dc0, 0x135080, 0x12e440, 0x369800, 0x372cc0, 0x35f180, 0x344540,
    0x304b00, 0x31ffc0, 0x332280, 0x329640, 0x3b3e00, 0x3a8ac0, 0x385780, 0x39e340, 0x3ded00,
    0x3c59c0, 0x3e8480, 0x3f3040, 0x2dd400, 0x2c60c0, 0x2ebd80, 0x2f0940, 0x2b0700, 0x2ab3c0,
    0x286e80, 0x29da40, 0x207200, 0x21c6c0, 0x231b80, 0x22af40, 0x26a100, 0x2715c0, 0x25c880,
    0x247c40, 0x6d3000, 0x6c84c0, 0x6e5980, 0x6fed40, 0x6be300, 0x6a57c0, 0x688a80, 0x693e40,
    0x609600, 0x6122c0, 0x63ff80, 0x624b40, 0x664500, 0x67f1c0, 0x652c80, 0x649840, 0x767c00,
    0x77c8c0, 0x751580, 0x74a140, 0x70af00, 0x711bc0, 0x73c680, 0x727240, 0x7bda00, 0x7a6ec0,
    0x78b380, 0x790740, 0x7d0900, 0x7cbdc0, 0x7e6080, 0x7fd440, 0x5ba800, 0x5a1cc0, 0x58c180,
    0x597540, 0x5d7b00, 0x5ccfc0, 0x5e1280, 0x5fa640, 0x560e00, 0x57bac0, 0x556780, 0x54d340,
    0x50dd00, 0x5169c0, 0x53b480, 0x520040, 0x40e400, 0x4150c0, 0x438d80, 0x423940, 0x463700,
    0x4783c0, 0x455e80, 0x44ea40, 0x4d4200, 0x4cf6c0, 0x4e2b80, 0x4f9f40, 0x4b9100, 0x4a25c0,
    0x48f880, 0x494c40, 0xda6000, 0xdbd4c0, 0xd90980, 0xd8bd40, 0xdcb300, 0xdd07c0, 0xdfda80,
    0xde6e40, 0xd7c600, 0xd672c0, 0xd4af80, 0xd51b40, 0xd11500, 0xd0a1c0, 0xd27c80, 0xd3c840,
    0xc12c00, 0xc098c0, 0xc24580, 0xc3f140, 0xc7ff00, 0xc64bc0, 0xc49680, 0xc52240, 0xcc8a00,
    0xcd3ec0, 0xcfe380, 0xce5740, 0xca5900, 0xcbedc0, 0xc93080, 0xc88440, 0xecf800, 0xed4cc0,
    0xef9180, 0xee2540, 0xea2b00, 0xeb9fc0, 0xe94280, 0xe8f640, 0xe15e00, 0xe0eac0, 0xe23780,
    0xe38340, 0xe78d00, 0xe639c0, 0xe4e480, 0xe55040, 0xf7b400, 0xf600c0, 0xf4dd80, 0xf56940,
    0xf16700, 0xf0d3c0, 0xf20e80, 0xf3ba40, 0xfa1200, 0xfba6c0, 0xf97b80, 0xf8cf40, 0xfcc100,
    0xfd75c0, 0xffa880, 0xfe1c40, 0xb75000, 0xb6e4c0, 0xb43980, 0xb58d40, 0xb18300, 0xb037c0,
    0xb2ea80, 0xb35e40, 0xbaf600, 0xbb42c0, 0xb99f80, 0xb82b40, 0xbc2500, 0xbd91c0, 0xbf4c80,
    0xbef840, 0xac1c00, 0xada8c0, 0xaf7580, 0xaec140, 0xaacf00, 0xab7bc0, 0xa9a680, 0xa81240,
    0xa1ba00, 0xa00ec0, 0xa2d380, 0xa36740, 0xa76900, 0xa6ddc0, 0xa40080, 0xa5b440, 0x81c800,
    0x807cc0, 0x82a180, 0x831540, 0x871b00, 0x86afc0, 0x847280, 0x85c640, 0x8c6e00, 0x8ddac0,
    0x8f0780, 0x8eb340, 0x8abd00, 0x8b09c0, 0x89d480, 0x886040, 0x9a8400, 0x9b30c0, 0x99ed80,
    0x985940, 0x9c5700, 0x9de3c0, 0x9f3e80, 0x9e8a40, 0x972200, 0x9696c0, 0x944b80, 0x95ff40,
    0x91f100, 0x9045c0, 0x929880, 0x932c40,
};

static uint32_t mirror24(uint32_t x)
{
    x = (x & 0x0000ff) << 16 | (x & 0x00ff00) | (x >> 16 & 0x0000ff);
    x = (x & 0x0f0f0f) << 4 | (x >> 4 & 0x0f0f0f);
    x = (x & 0x333333) << 2 | (x >> 2 & 0x333333);
    return (x & 0x555555) << 1 | (x >> 1 & 0x555555);
}

uint32_t ble_crc_start(uint32_t init)
{
    return mirror24(init);
}

uint32_t ble_crc_add(uint32_t crc, const uint8_t *octets, size_t size)
{
    for (size_t i = 0; i < size; i++)
        crc = crc >> 8 ^ crc_of_octet[(crc ^ octets[i]) & 0xff];
    return crc;
}

/* A step forward takes bit 0 out and, if it was 1, adds the polynomial, which has bit 23. */
static uint32_t step_back(uint32_t crc)
{
    return crc & 0x800000 ? ((crc ^ 0xda6000) << 1 | 1) & 0xffffff : crc << 1;
}

uint32_t ble_crc_before(uint32_t crc, const uint8_t *octets, size_t size)
{
    while (size-- > 0) {
        for (int bit = 0; bit < 8; bit++)
            crc = step_back(crc);
        crc ^= octets[size];
    }
    return crc;
}

void ble_crc(uint32_t init, const uint8_t *pdu, size_t size, uint8_t crc[BLE_CRC_SIZE])
{
    uint32_t sum = ble_crc_add(ble_crc_start(init), pdu, size);

    crc[0] = (uint8_t)sum;
    crc[1] = (uint8_t)(sum >> 8);
    crc[2] = (uint8_t)(sum >> 16);
}

bool ble_crc_good(uint32_t init, const uint8_t *pdu_and_crc, size_t size)
{
    return size >= BLE_CRC_SIZE && ble_crc_add(ble_crc_start(init), pdu_and_crc, size) == 0;
}

/* ---- whitening
 *
 * The register walks through all its 127 states, so every channel sends the same sequence and only
 * starts elsewhere in it. 127 is odd: after 127 octets the sequence of octets comes round, too. */

#define WHITE_PERIOD 127

static const uint8_t white[WHITE_PERIOD] = {
    0x40, 0xb2, 0xbc, 0xc3, 0x1f, 0x37, 0x4a, 0x5f, 0x85, 0xf6, 0x9c, 0x9a, 0xc1, 0xd6, 0xc5, 0x44,
    0x20, 0x59, 0xde, 0xe1, 0x8f, 0x1b, 0xa5, 0xaf, 0x42, 0x7b, 0x4e, 0xcd, 0x60, 0xeb, 0x62, 0x22,
    0x90, 0x2c, 0xef, 0xf0, 0xc7, 0x8d, 0xd2, 0x57, 0xa1, 0x3d, 0xa7, 0x66, 0xb0, 0x75, 0x31, 0x11,
    0x48, 0x96, 0x77, 0xf8, 0xe3, 0x46, 0xe9, 0xab, 0xd0, 0x9e, 0x53, 0x33, 0xd8, 0xba, 0x98, 0x08,
    0x24, 0xcb, 0x3b, 0xfc, 0x71, 0xa3, 0xf4, 0x55, 0x68, 0xcf, 0xa9, 0x19, 0x6c, 0x5d, 0x4c, 0x04,
    0x92, 0xe5, 0x1d, 0xfe, 0xb8, 0x51, 0xfa, 0x2a, 0xb4, 0xe7, 0xd4, 0x0c, 0xb6, 0x2e, 0x26, 0x02,
    0xc9, 0xf2, 0x0e, 0x7f, 0xdc, 0x28, 0x7d, 0x15, 0xda, 0x73, 0x6a, 0x06, 0x5b, 0x17, 0x13, 0x81,
    0x64, 0x79, 0x87, 0x3f, 0x6e, 0x94, 0xbe, 0x0a, 0xed, 0x39, 0x35, 0x83, 0xad, 0x8b, 0x89,
};

static const uint8_t white_start[64] = {
    0,  126, 38, 21, 112, 124, 9,  115, 63, 12, 11, 58, 33, 81, 118, 50, 56, 75, 24,  125, 70, 41,
    43, 23,  62, 85, 119, 3,   2,  45,  93, 89, 28, 74, 97, 66, 15,  37, 13, 4,  101, 19,  61, 105,
    91, 14,  57, 39, 35,  121, 30, 55,  90, 82, 53, 20, 84, 68, 87,  52, 10, 71, 98,  36,
};

void ble_whiten(unsigned channel, uint8_t *octets, size_t size)
{
    size_t at = white_start[channel & 63];

    while (size > 0) {
        size_t run = WHITE_PERIOD - at < size ? WHITE_PERIOD - at : size;
        for (size_t i = 0; i < run; i++)
            octets[i] ^= white[at + i];
        octets += run;
        size -= run;
        at = 0;
    }
}

/* ---- access addresses */

static unsigned ones(uint32_t x)
{
    return (unsigned)__builtin_popcount(x);
}

/* How many of the `count` lowest bits differ from the bit above them. */
static unsigned transitions(uint32_t x, unsigned count)
{
    return ones((x ^ x >> 1) & ((UINT32_C(1) << count) - 1));
}

/* Seven equal bits are six places without a change in a row. */
static bool has_long_run(uint32_t x)
{
    uint32_t same = ~(x ^ x >> 1) & 0x7fffffff;

    same &= same >> 1;
    same &= same >> 1;
    return (same & same >> 3) != 0;
}

enum ble_address_fault ble_address_check(uint32_t address, bool coded)
{
    if (address == BLE_ADVERTISING_ADDRESS)
        return BLE_ADDRESS_ADVERTISING;
    if (ones(address ^ BLE_ADVERTISING_ADDRESS) == 1)
        return BLE_ADDRESS_NEAR;
    if (address == (address & 0xff) * UINT32_C(0x01010101))
        return BLE_ADDRESS_EQUAL_OCTETS;
    if (has_long_run(address))
        return BLE_ADDRESS_LONG_RUN;
    if (transitions(address, 31) > 24)
        return BLE_ADDRESS_TRANSITIONS;
    if (transitions(address >> 26, 5) < 2)
        return BLE_ADDRESS_TOP_TRANSITIONS;
    if (coded && ones(address & 0xff) < 3)
        return BLE_ADDRESS_LOW_ONES;
    if (coded && transitions(address & 0xffff, 15) > 11)
        return BLE_ADDRESS_LOW_TRANSITIONS;
    return BLE_ADDRESS_GOOD;
}

static const char *const address_faults[BLE_ADDRESS_FAULTS] = {
    [BLE_ADDRESS_GOOD] = "good",
    [BLE_ADDRESS_ADVERTISING] = "is the advertising address",
    [BLE_ADDRESS_NEAR] = "is one bit off the advertising address",
    [BLE_ADDRESS_EQUAL_OCTETS] = "has four equal octets",
    [BLE_ADDRESS_LONG_RUN] = "has more than six equal bits in a row",
    [BLE_ADDRESS_TRANSITIONS] = "has more than 24 transitions",
    [BLE_ADDRESS_TOP_TRANSITIONS] = "has fewer than two transitions in its six top bits",
    [BLE_ADDRESS_LOW_ONES] = "has fewer than three ones in its low octet",
    [BLE_ADDRESS_LOW_TRANSITIONS] = "has more than eleven transitions in its low 16 bits",
};

const char *ble_address_fault_name(enum ble_address_fault fault)
{
    return (unsigned)fault < BLE_ADDRESS_FAULTS ? address_faults[fault] : NULL;
}

/* ---- time on the air */

/* A PHY's packet, in us and octets. Coded: the address, CI (2 bits) and TERM1 (3) go at 8 us a bit;
 * header, payload, CRC and TERM2 (3 bits) at that of the coding. */
static const struct phy {
    uint8_t preamble_size;
    uint16_t address_end_us;
    uint16_t fixed_us; /* whatever is in it: all but header, payload, CRC */
    uint8_t octet_us;  /* of header, payload, CRC */
} phys[BLE_PHYS] = {
    [BLE_PHY_1M] = {1, 40, 40, 8},
    [BLE_PHY_2M] = {2, 24, 24, 4},
    [BLE_PHY_CODED_S8] = {10, 336, 336 + 16 + 24 + 3 * 8, 64},
    [BLE_PHY_CODED_S2] = {10, 336, 336 + 16 + 24 + 3 * 2, 16},
};

static struct phy phy_row(enum ble_phy phy)
{
    return (unsigned)phy < BLE_PHYS ? phys[phy] : (struct phy){0};
}

unsigned ble_preamble_size(enum ble_phy phy)
{
    return phy_row(phy).preamble_size;
}

uint64_t ble_address_end_ps(enum ble_phy phy)
{
    return phy_row(phy).address_end_us * PS_PER_US;
}

uint64_t ble_air_ps(enum ble_phy phy, unsigned payload_size)
{
    struct phy row = phy_row(phy);
    uint64_t octets = (uint64_t)BLE_HEADER_SIZE + payload_size + BLE_CRC_SIZE;

    return (row.fixed_us + octets * row.octet_us) * PS_PER_US;
}

uint64_t ble_address_to_end_ps(enum ble_phy phy, unsigned payload_size)
{
    return ble_air_ps(phy, payload_size) - ble_address_end_ps(phy);
}
