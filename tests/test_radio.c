/* test_radio.c: the RADIO: states, times to the picosecond, bits on the air and in RAM. */
#include "devices/catalogue.h"
#include "tests/support_device_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define US(us) ((uint64_t)((us)*1e6 + 0.5))

enum { DISABLED = 0, RXRU, RXIDLE, RX, TXRU = 9, TXIDLE, TX, TXDISABLE };
enum { BUFFER = RIG_RAM_BASE + 0x40, ACCESS_ADDRESS = 0x71764129 };
enum { M1 = 3, M2 = 4, FAST = 0x201, SLOW = 0x200 };
enum {
    READY_START = 1 << 0,
    END_DISABLE = 1 << 1,
    DISABLED_TXEN = 1 << 2,
    DISABLED_RXEN = 1 << 3,
    ADDRESS_RSSISTART = 1 << 4,
    END_START = 1 << 5,
    ADDRESS_BCSTART = 1 << 6,
    DISABLED_RSSISTOP = 1 << 8,
    FRAMESTART_BCSTART = 1 << 14,
    TXREADY_START = 1 << 18,
    RXREADY_START = 1 << 19,
    PHYEND_DISABLE = 1 << 20,
    PHYEND_START = 1 << 21,
};

static struct rig *r;

/* As a link layer sets it up: data channel 0, CRCInit 0x17A2B3. */
static void set_up_registers(uint32_t mode, uint32_t ramp)
{
    rig_write(r, "PACKETPTR", BUFFER);
    rig_write(r, "FREQUENCY", 4);
    rig_write(r, "MODE", mode);
    rig_write(r, "PCNF0", 8 | 1 << 8 | 1 << 20 | (mode == M2) << 24);
    rig_write(r, "PCNF1", 255 | 3 << 16);
    rig_write(r, "BASE0", (uint32_t)ACCESS_ADDRESS << 8);
    rig_write(r, "PREFIX0", ACCESS_ADDRESS >> 24);
    rig_write(r, "RXADDRESSES", 1);
    rig_write(r, "CRCCNF", 3 | 1 << 8);
    rig_write(r, "CRCPOLY", 0x65b);
    rig_write(r, "CRCINIT", 0x17a2b3);
    rig_write(r, "MODECNF0", ramp);
}

static void set_up(void)
{
    r = rig_make(&nrf52_radio.type);
    set_up_registers(M1, FAST);
}

static void tear_down(void)
{
    rig_free(r);
}

static uint8_t *buffer(void)
{
    return r->ram + (BUFFER - RIG_RAM_BASE);
}

/* A packet in RAM: S0, LENGTH, an octet for S1, payload. */
static void put_packet(const char *octets, uint32_t size)
{
    memcpy(buffer(), octets, 2);
    buffer()[2] = 0xee;
    memcpy(buffer() + 3, octets + 2, size - 2);
}

/* A frame of this device's access address, sent from now on. */
static struct air_frame frame_of(const char *octets, uint32_t size)
{
    struct air_frame f = {.start_ps = r->now_ps, .mhz = 2404, .size = (uint16_t)(4 + size)};
    f.phy = rig_read(r, "MODE") == M2 ? AIR_2M : AIR_1M;
    f.dbm = -60;
    uint32_t address = ACCESS_ADDRESS;
    for (int i = 0; i < 4; i++)
        f.bytes[i] = (uint8_t)(address >> 8 * i);
    memcpy(f.bytes + 4, octets, size);
    return f;
}

/* Its first bit comes now. */
static bool hear(const struct air_frame *f)
{
    rig_run(r, air_address_ps(f));
    bool taken = rig_air(r, f, AIR_ADDRESS);
    rig_run(r, air_end_ps(f));
    if (taken)
        rig_air(r, f, AIR_END);
    return taken;
}

/* --- known answers ------------------------------------------------------------------------ */

/* Source: scapy and BabbleSim agree; the first with tshark, too. */
static const struct {
    uint32_t init;
    const char *pdu;
    uint32_t size;
    uint8_t crc[3];
    uint32_t in_register;
} crcs[] = {
    {0x555555,
     "\x60\x0f\x06\x05\x04\x03\x02\xc1\x02\x01\x06\x05\x09\x54\x6f\x63\x6b",
     17,
     {0x8f, 0x81, 0x77},
     0xf181ee},
    {0x17a2b3, "\x01\x00", 2, {0xd7, 0x8a, 0xdd}, 0xeb51bb},
    {0x17a2b3, "\x0f\x06\x0c\x0c\xf1\x05\x01\x00", 8, {0xbe, 0x8a, 0x46}, 0x7d5162},
};

START_TEST(crc_goes_out_as_others_compute_it)
{
    rig_write(r, "CRCINIT", crcs[_i].init);
    put_packet(crcs[_i].pdu, crcs[_i].size);
    rig_write(r, "SHORTS", READY_START);
    rig_write(r, "TASKS_TXEN", 1);
    rig_pass(r, US(300));
    ck_assert_uint_eq(r->sent.size, 4 + crcs[_i].size + 3);
    ck_assert_uint_eq(air_access_address(&r->sent), ACCESS_ADDRESS);
    ck_assert_mem_eq(r->sent.bytes + 4, crcs[_i].pdu, crcs[_i].size);
    ck_assert_mem_eq(r->sent.bytes + 4 + crcs[_i].size, crcs[_i].crc, 3);
}
END_TEST

static void receive_crc_row(int row, uint8_t spoil)
{
    char octets[64];
    memcpy(octets, crcs[row].pdu, crcs[row].size);
    memcpy(octets + crcs[row].size, crcs[row].crc, 3);
    octets[crcs[row].size] = (char)(octets[crcs[row].size] ^ spoil);
    rig_write(r, "CRCINIT", crcs[row].init);
    rig_write(r, "SHORTS", READY_START);
    rig_write(r, "TASKS_RXEN", 1);
    rig_run(r, US(50));
    ck_assert(r->tuning.listening);
    struct air_frame f = frame_of(octets, crcs[row].size + 3);
    ck_assert(hear(&f));
    rig_pass(r, US(20));
}

START_TEST(crc_of_others_is_found_right)
{
    receive_crc_row(_i, 0);
    ck_assert_uint_eq(rig_read(r, "CRCSTATUS"), 1);
    ck_assert_uint_eq(rig_read(r, "RXCRC"), crcs[_i].in_register);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_CRCOK"), 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_CRCERROR"), 0);
    ck_assert_mem_eq(buffer(), crcs[_i].pdu, 2);
    ck_assert_uint_eq(buffer()[2], 0);
    ck_assert_mem_eq(buffer() + 3, crcs[_i].pdu + 2, crcs[_i].size - 2);
    ck_assert(!r->tuning.listening);
}
END_TEST

START_TEST(wrong_bit_is_a_crc_error)
{
    receive_crc_row(_i, 1);
    ck_assert_uint_eq(rig_read(r, "CRCSTATUS"), 0);
    ck_assert_uint_eq(rig_read(r, "RXCRC"), crcs[_i].in_register ^ 0x800000);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_CRCOK"), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_CRCERROR"), 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_END"), 1);
    ck_assert_mem_eq(buffer() + 3, crcs[_i].pdu + 2, crcs[_i].size - 2); /* written all the same */
}
END_TEST

/* --- the suite ------------------------------------------------------------------------------- */

static void add_bit_tests(Suite *suite)
{
    TCase *c = tcase_create("bits");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, crc_goes_out_as_others_compute_it, 0, COUNT(crcs));
    tcase_add_loop_test(c, crc_of_others_is_found_right, 0, COUNT(crcs));
    tcase_add_loop_test(c, wrong_bit_is_a_crc_error, 0, COUNT(crcs));
    suite_add_tcase(suite, c);
}

int main(void)
{
    Suite *suite = suite_create("radio");
    add_bit_tests(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
