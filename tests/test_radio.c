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
    rig_pass(r, US(50));
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

/* Whitened zeros: PDU 00 LENGTH 00 .. of channels 37, 38, 39. Source: published tables. */
static const struct {
    uint8_t iv;
    uint8_t stream[8];
} whitenings[] = {
    {0x40 | 37, {0x8d, 0xd2, 0x57, 0xa1, 0x3d, 0xa7, 0x66, 0xb0}},
    {0x40 | 38, {0xd6, 0xc5, 0x44, 0x20, 0x59, 0xde, 0xe1, 0x8f}},
    {0x40 | 39, {0x1f, 0x37, 0x4a, 0x5f, 0x85, 0xf6, 0x9c, 0x9a}},
};

START_TEST(whitening_is_as_published)
{
    rig_write(r, "PCNF1", 255 | 3 << 16 | 1 << 25);
    rig_write(r, "DATAWHITEIV", whitenings[_i].iv);
    put_packet("\x00\x06\x00\x00\x00\x00\x00\x00", 8);
    rig_write(r, "SHORTS", READY_START);
    rig_write(r, "TASKS_TXEN", 1);
    rig_pass(r, US(200));
    for (uint32_t i = 0; i < 8; i++)
        ck_assert_uint_eq(r->sent.bytes[4 + i], whitenings[_i].stream[i] ^ (i == 1 ? 6 : 0));
}
END_TEST

/* What one radio sends another receives: whitened, payloads of every length. */
START_TEST(packet_sent_is_packet_received)
{
    rig_write(r, "PCNF1", 255 | 3 << 16 | 1 << 25);
    rig_write(r, "DATAWHITEIV", 0x40 | (uint32_t)_i % 40);
    uint8_t sent[258] = {2, (uint8_t)_i};
    for (int i = 0; i < _i; i++)
        sent[3 + i] = (uint8_t)(i * 7 + _i);
    memcpy(buffer(), sent, sizeof sent);
    rig_write(r, "SHORTS", READY_START | END_DISABLE);
    rig_write(r, "TASKS_TXEN", 1);
    rig_pass(r, 3 * PS_PER_MS);
    struct air_frame f = r->sent;
    ck_assert_uint_eq(f.size, 4 + 2 + _i + 3);
    memset(buffer(), 0xaa, 300);
    rig_write(r, "TASKS_RXEN", 1);
    rig_pass(r, US(50));
    f.start_ps = r->now_ps;
    ck_assert(hear(&f));
    rig_pass(r, US(20));
    ck_assert_uint_eq(rig_read(r, "CRCSTATUS"), 1);
    ck_assert_mem_eq(buffer(), sent, 3 + (size_t)_i);
    ck_assert_uint_eq(buffer()[3 + _i], 0xaa); /* and no octet more */
}
END_TEST

/* --- states ---------------------------------------------------------------------------------- */

static const char *const tasks[] = {"TASKS_TXEN", "TASKS_RXEN", "TASKS_START", "TASKS_STOP",
                                    "TASKS_DISABLE"};

/* What each task does in each state. */
static const struct {
    uint32_t from, to[5];
} transitions[] = {
    {DISABLED, {TXRU, RXRU, DISABLED, DISABLED, DISABLED}},
    {RXRU, {RXRU, RXRU, RXRU, RXRU, DISABLED}},
    {RXIDLE, {TXRU, RXRU, RX, RXIDLE, DISABLED}},
    {RX, {RX, RX, RX, RXIDLE, DISABLED}},
    {TXRU, {TXRU, TXRU, TXRU, TXRU, TXDISABLE}},
    {TXIDLE, {TXRU, RXRU, TX, TXIDLE, TXDISABLE}},
    {TX, {TX, TX, TX, TXIDLE, TXDISABLE}},
    {TXDISABLE, {TXDISABLE, TXDISABLE, TXDISABLE, TXDISABLE, TXDISABLE}},
};

static void reach(uint32_t state)
{
    put_packet("\x01\x00", 2);
    if (state != DISABLED)
        rig_write(r, state < TXRU ? "TASKS_RXEN" : "TASKS_TXEN", 1);
    if (state == RXRU || state == TXRU || state == DISABLED)
        return;
    rig_pass(r, US(50));
    if (state == RX || state == TX)
        rig_write(r, "TASKS_START", 1);
    if (state == TXDISABLE)
        rig_write(r, "TASKS_DISABLE", 1);
}

START_TEST(task_leads_to_its_state)
{
    for (int task = 0; task < 5; task++) {
        tear_down();
        set_up();
        reach(transitions[_i].from);
        ck_assert_uint_eq(rig_read(r, "STATE"), transitions[_i].from);
        rig_write(r, tasks[task], 1);
        ck_assert_msg(rig_read(r, "STATE") == transitions[_i].to[task], "%s in %u: %u", tasks[task],
                      transitions[_i].from, rig_read(r, "STATE"));
        uint32_t disabled = rig_count(r, REQUEST_EVENT, "EVENTS_DISABLED");
        ck_assert_uint_eq(disabled, task == 4 && transitions[_i].to[4] == DISABLED);
    }
}
END_TEST

START_TEST(stop_and_disable_break_a_packet_off)
{
    const char *const by[] = {"TASKS_STOP", "TASKS_DISABLE"};
    reach(TX);
    rig_pass(r, US(20));
    rig_write(r, by[_i], 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_AIR_STOP, NULL), 1);
    rig_pass(r, US(200));
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_ADDRESS"), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_END"), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_READ, NULL), 0);
}
END_TEST

START_TEST(stop_and_disable_make_a_receiver_deaf)
{
    const char *const by[] = {"TASKS_STOP", "TASKS_DISABLE"};
    reach(RX);
    ck_assert(r->tuning.listening);
    struct air_frame f = frame_of("\x01\x00\xd7\x8a\xdd", 5);
    rig_run(r, air_address_ps(&f));
    ck_assert(rig_air(r, &f, AIR_ADDRESS));
    rig_pass(r, US(30));
    rig_write(r, by[_i], 1);
    ck_assert(!r->tuning.listening);
    rig_pass(r, US(200));
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_ADDRESS"), 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_END"), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_CRCOK"), 0);
}
END_TEST

START_TEST(sent_whole_it_is_not_broken_off)
{
    reach(TX);
    rig_write(r, "SHORTS", END_DISABLE);
    rig_pass(r, US(200));
    ck_assert_uint_eq(rig_count(r, REQUEST_AIR_STOP, NULL), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_DISABLED"), 1);
}
END_TEST

START_TEST(power_off_resets_everything)
{
    static const uint32_t states[] = {DISABLED, RX, TX, TXDISABLE, RXRU};
    reach(states[_i]);
    rig_write(r, "INTENSET", 1);
    rig_write(r, "EVENTS_READY", 1);
    ck_assert(device_line(r->d));
    rig_write(r, "POWER", 0);
    ck_assert(!device_line(r->d));
    ck_assert_uint_eq(rig_read(r, "STATE"), DISABLED);
    ck_assert_uint_eq(rig_read(r, "PACKETPTR"), 0);
    ck_assert_uint_eq(rig_read(r, "FREQUENCY"), 2);
    ck_assert_uint_eq(rig_count(r, REQUEST_AIR_STOP, NULL), states[_i] == TX);
    ck_assert(!r->tuning.listening);
    rig_write(r, "TASKS_TXEN", 1);
    ck_assert_uint_eq(rig_read(r, "STATE"), DISABLED); /* it has no power */
    rig_write(r, "MODE", 4);
    rig_write(r, "POWER", 1);
    ck_assert_uint_eq(rig_read(r, "MODE"), 0);
    uint32_t events = rig_count(r, REQUEST_EVENT, NULL);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), events);
    rig_write(r, "TASKS_TXEN", 1);
    ck_assert_uint_eq(rig_read(r, "STATE"), TXRU);
}
END_TEST

/* --- times ----------------------------------------------------------------------------------- */

/* Microseconds after TXEN or RXEN, with READY_START and END_DISABLE; n octets of payload. */
static const struct {
    uint32_t mode, ramp, n;
    double first_bit, address, payload, end, disabled;
} sendings[] = {
    {M1, FAST, 0, 40.9, 80.3, 96.3, 120.3, 126.3},
    {M1, FAST, 27, 40.9, 80.3, 312.3, 336.3, 342.3},
    {M1, SLOW, 0, 130.3, 169.7, 185.7, 209.7, 215.7},
    {M2, FAST, 0, 40.0, 63.4, 71.4, 83.4, 87.4},
    {M2, FAST, 27, 40.0, 63.4, 179.4, 191.4, 195.4},
    {M2, SLOW, 0, 129.4, 152.8, 160.8, 172.8, 176.8},
};

static void is_at(const char *event, uint64_t base_ps, double us)
{
    uint64_t at_ps = rig_event_ps(r, event);
    ck_assert_msg(at_ps == base_ps + US(us), "%s: %f us", event, (double)(at_ps - base_ps) / 1e6);
}

START_TEST(sending_takes_its_time)
{
    set_up_registers(sendings[_i].mode, sendings[_i].ramp);
    buffer()[1] = (uint8_t)sendings[_i].n;
    rig_write(r, "SHORTS", READY_START | END_DISABLE);
    rig_write(r, "TASKS_TXEN", 1);
    rig_pass(r, PS_PER_MS);
    is_at("EVENTS_READY", 0, sendings[_i].first_bit - 0.6);
    is_at("EVENTS_TXREADY", 0, sendings[_i].first_bit - 0.6);
    ck_assert_uint_eq(r->sent.start_ps, US(sendings[_i].first_bit));
    is_at("EVENTS_ADDRESS", 0, sendings[_i].address);
    is_at("EVENTS_FRAMESTART", 0, sendings[_i].address);
    is_at("EVENTS_PAYLOAD", 0, sendings[_i].payload);
    is_at("EVENTS_END", 0, sendings[_i].end);
    is_at("EVENTS_PHYEND", 0, sendings[_i].end + 0.6);
    ck_assert_uint_eq(air_end_ps(&r->sent), US(sendings[_i].end + 0.6));
    is_at("EVENTS_DISABLED", 0, sendings[_i].disabled);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_RXREADY"), 0);
}
END_TEST

/* Events in microseconds after the first bit of a frame with n octets of payload. */
static const struct {
    uint32_t mode, ramp, n;
    double ready, address, payload, end;
} receptions[] = {
    {M1, FAST, 0, 40.3, 49.4, 65.4, 89.4},    {M1, FAST, 27, 40.3, 49.4, 281.4, 305.4},
    {M1, SLOW, 0, 129.7, 49.4, 65.4, 89.4},   {M2, FAST, 0, 40.3, 29.0, 37.0, 49.0},
    {M2, FAST, 27, 40.3, 29.0, 145.0, 157.0}, {M2, SLOW, 0, 129.7, 29.0, 37.0, 49.0},
};

START_TEST(receiving_takes_its_time)
{
    char octets[40] = {1, (char)receptions[_i].n};
    set_up_registers(receptions[_i].mode, receptions[_i].ramp);
    rig_write(r, "SHORTS", READY_START | END_DISABLE);
    rig_write(r, "TASKS_RXEN", 1);
    rig_pass(r, US(200));
    is_at("EVENTS_READY", 0, receptions[_i].ready);
    is_at("EVENTS_RXREADY", 0, receptions[_i].ready);
    ck_assert_uint_eq(r->tuning.since_ps, US(receptions[_i].ready));
    ck_assert_uint_eq(r->tuning.mhz, 2404);
    struct air_frame f = frame_of(octets, 5 + receptions[_i].n);
    ck_assert(hear(&f));
    rig_pass(r, US(50));
    is_at("EVENTS_ADDRESS", f.start_ps, receptions[_i].address);
    is_at("EVENTS_FRAMESTART", f.start_ps, receptions[_i].address);
    is_at("EVENTS_PAYLOAD", f.start_ps, receptions[_i].payload);
    is_at("EVENTS_CRCERROR", f.start_ps, receptions[_i].end);
    is_at("EVENTS_END", f.start_ps, receptions[_i].end);
    is_at("EVENTS_PHYEND", f.start_ps, receptions[_i].end);
    is_at("EVENTS_DISABLED", f.start_ps, receptions[_i].end);
    const struct rig_entry *crc = rig_find(r, 0, REQUEST_EVENT, "EVENTS_CRCERROR");
    ck_assert(crc < rig_find(r, 0, REQUEST_EVENT, "EVENTS_END"));
}
END_TEST

/* A ramp is counted by the chip's own clock, exactly. */
START_TEST(drift_is_in_the_ramp)
{
    tear_down();
    struct clock hf = {.hz = 16000000, .drift_ppb = 50000}, lf = {.hz = 32768};
    r = rig_make_with(&nrf52_radio.type, hf, lf);
    set_up_registers(M1, FAST);
    rig_write(r, "TASKS_TXEN", 1);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_READY"), 40297986); /* 40.3 us / 1.00005, up */
}
END_TEST

/* --- TIFS ------------------------------------------------------------------------------------ */

enum { ALL_SHORTS = READY_START | END_DISABLE };

/* After a packet received or sent, when does the next first bit leave, or does it listen? us after
 * the last bit on the air; 0: it stays disabled. */
static const struct {
    bool sends_first;
    uint32_t mode, ramp, shorts, tifs;
    double next;
} gaps[] = {
    {false, M1, SLOW, ALL_SHORTS | DISABLED_TXEN, 150, 150},
    {false, M2, SLOW, ALL_SHORTS | DISABLED_TXEN, 150, 150},
    {false, M1, SLOW, ALL_SHORTS | DISABLED_TXEN, 300, 300},
    {false, M1, SLOW, ALL_SHORTS | DISABLED_TXEN, 10, 9.4 + 130.3}, /* no faster than the ramp */
    {false, M1, SLOW, ALL_SHORTS | DISABLED_TXEN, 0, 9.4 + 130.3},
    {false, M1, FAST, ALL_SHORTS | DISABLED_TXEN, 150, 9.4 + 40.9}, /* not enforced */
    {false, M2, FAST, ALL_SHORTS | DISABLED_TXEN, 150, 5.0 + 40.0},
    {false, M1, SLOW, READY_START | PHYEND_DISABLE | DISABLED_TXEN, 150, 9.4 + 130.3},
    {false, M1, SLOW, TXREADY_START | RXREADY_START | END_DISABLE | DISABLED_TXEN, 150,
     9.4 + 130.3},
    {false, M1, SLOW, ALL_SHORTS, 150, 0},
    {true, M1, SLOW, ALL_SHORTS | DISABLED_RXEN, 150, 147},
    {true, M2, SLOW, ALL_SHORTS | DISABLED_RXEN, 150, 147},
    {true, M1, SLOW, ALL_SHORTS | DISABLED_RXEN, 0, 5.4 + 129.7},
    {true, M1, FAST, ALL_SHORTS | DISABLED_RXEN, 150, 5.4 + 40.3},
    {true, M2, FAST, ALL_SHORTS | DISABLED_RXEN, 150, 3.4 + 40.3},
};

/* One packet sent or received; the last bit's time on the air. */
static uint64_t one_packet(bool sends)
{
    put_packet("\x01\x00", 2);
    rig_write(r, sends ? "TASKS_TXEN" : "TASKS_RXEN", 1);
    rig_pass(r, US(140));
    if (sends)
        return 0;
    struct air_frame f = frame_of("\x01\x00\xd7\x8a\xdd", 5);
    ck_assert(hear(&f));
    return air_end_ps(&f);
}

START_TEST(next_packet_keeps_its_distance)
{
    bool sends = gaps[_i].sends_first;
    set_up_registers(gaps[_i].mode, gaps[_i].ramp);
    rig_write(r, "SHORTS", gaps[_i].shorts);
    rig_write(r, "TIFS", gaps[_i].tifs);
    uint64_t end_ps = one_packet(sends);
    rig_run(r, sends ? US(220) : end_ps + US(20));
    if (sends)
        end_ps = air_end_ps(&r->sent);
    r->sent.start_ps = 0;
    rig_run(r, end_ps + US(gaps[_i].next + 5));
    uint64_t want_ps = end_ps + US(gaps[_i].next);
    if (gaps[_i].next == 0)
        ck_assert_uint_eq(rig_read(r, "STATE"), DISABLED);
    else
        ck_assert_uint_eq(sends ? r->tuning.since_ps : r->sent.start_ps, want_ps);
}
END_TEST

/* Of a chip that is fast by 50 ppm. */
START_TEST(tifs_is_counted_by_the_chips_own_clock)
{
    tear_down();
    struct clock hf = {.hz = 16000000, .drift_ppb = 50000}, lf = {.hz = 32768};
    r = rig_make_with(&nrf52_radio.type, hf, lf);
    set_up_registers(M1, SLOW);
    rig_write(r, "SHORTS", ALL_SHORTS | DISABLED_TXEN);
    rig_write(r, "TIFS", 1000);
    uint64_t end_ps = one_packet(false);
    rig_run(r, end_ps + US(20));
    r->sent.start_ps = 0;
    rig_run(r, end_ps + US(1005));
    uint64_t gap_ps = r->sent.start_ps - end_ps;
    ck_assert(gap_ps > US(999.949) && gap_ps < US(999.951)); /* 1000 us / 1.00005 */
}
END_TEST

/* Short cuts and TIFS count as they are while the last bit passes. */
START_TEST(tifs_is_looked_at_with_the_last_bit)
{
    set_up_registers(M1, SLOW);
    rig_write(r, "TIFS", 700);
    rig_write(r, "SHORTS", ALL_SHORTS);
    put_packet("\x01\x00", 2);
    rig_write(r, "TASKS_RXEN", 1);
    rig_pass(r, US(140));
    struct air_frame f = frame_of("\x01\x00\xd7\x8a\xdd", 5);
    rig_run(r, air_address_ps(&f));
    ck_assert(rig_air(r, &f, AIR_ADDRESS));
    rig_write(r, "TIFS", 200);
    rig_write(r, "SHORTS", ALL_SHORTS | DISABLED_TXEN);
    rig_run(r, air_end_ps(&f));
    rig_air(r, &f, AIR_END);
    rig_write(r, "TIFS", 150); /* too late */
    rig_pass(r, US(300));
    ck_assert_uint_eq(r->sent.start_ps, air_end_ps(&f) + US(200));
}
END_TEST

/* --- short cuts ------------------------------------------------------------------------------ */

static const struct {
    uint32_t bit;
    bool sends;
    const char *task;
} short_cuts[] = {
    {READY_START, true, "TASKS_START"},
    {READY_START, false, "TASKS_START"},
    {TXREADY_START, true, "TASKS_START"},
    {RXREADY_START, false, "TASKS_START"},
    {END_DISABLE, true, "TASKS_DISABLE"},
    {END_DISABLE, false, "TASKS_DISABLE"},
    {PHYEND_DISABLE, true, "TASKS_DISABLE"},
    {PHYEND_DISABLE, false, "TASKS_DISABLE"},
    {END_START, true, "TASKS_START"},
    {END_START, false, "TASKS_START"},
    {PHYEND_START, true, "TASKS_START"},
    {PHYEND_START, false, "TASKS_START"},
    {ADDRESS_RSSISTART, false, "TASKS_RSSISTART"},
    {ADDRESS_BCSTART, false, "TASKS_BCSTART"},
    {FRAMESTART_BCSTART, true, "TASKS_BCSTART"},
    {DISABLED_RSSISTOP, true, "TASKS_RSSISTOP"},
    {DISABLED_TXEN, true, "TASKS_TXEN"},
    {DISABLED_RXEN, true, "TASKS_RXEN"},
};

static uint32_t tasks_of_a_packet(uint32_t shorts, bool sends, const char *task)
{
    put_packet("\x01\x00", 2);
    rig_write(r, "SHORTS", shorts);
    rig_write(r, sends ? "TASKS_TXEN" : "TASKS_RXEN", 1);
    rig_pass(r, US(50));
    if (rig_read(r, "STATE") == (sends ? TXIDLE : RXIDLE))
        rig_write(r, "TASKS_START", 1);
    struct air_frame f = frame_of("\x01\x00\xd7\x8a\xdd", 5);
    if (!sends)
        ck_assert(hear(&f));
    rig_pass(r, sends ? US(82) : US(20));
    if (shorts & (DISABLED_TXEN | DISABLED_RXEN | DISABLED_RSSISTOP))
        rig_write(r, "TASKS_DISABLE", 1);
    rig_pass(r, US(7));
    return rig_count(r, REQUEST_TASK, task);
}

START_TEST(short_cut_triggers_its_task)
{
    uint32_t with =
        tasks_of_a_packet(short_cuts[_i].bit, short_cuts[_i].sends, short_cuts[_i].task);
    bool starts = short_cuts[_i].bit & (READY_START | TXREADY_START | RXREADY_START);
    tear_down();
    set_up();
    uint32_t without = tasks_of_a_packet(0, short_cuts[_i].sends, short_cuts[_i].task);
    ck_assert_uint_eq(with, without + !starts); /* START comes by hand if it does not come so */
    if (starts) {
        tear_down();
        set_up();
        rig_write(r, "SHORTS", short_cuts[_i].bit);
        rig_write(r, short_cuts[_i].sends ? "TASKS_TXEN" : "TASKS_RXEN", 1);
        rig_pass(r, US(41));
        ck_assert_uint_eq(rig_read(r, "STATE"), short_cuts[_i].sends ? TX : RX);
    }
}
END_TEST

START_TEST(sending_goes_on_without_a_gap_by_end_start)
{
    put_packet("\x01\x00", 2);
    rig_write(r, "SHORTS", READY_START | END_START);
    rig_write(r, "TASKS_TXEN", 1);
    rig_run(r, US(125));
    ck_assert_uint_eq(r->sent.start_ps, US(120.3 + 0.6));
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_PHYEND"), 1);
}
END_TEST

/* --- what is looked at when ------------------------------------------------------------------ */

START_TEST(packetptr_is_taken_at_start)
{
    put_packet("\x01\x00", 2);
    rig_write(r, "TASKS_TXEN", 1);
    rig_pass(r, US(50));
    rig_write(r, "TASKS_START", 1);
    rig_write(r, "PACKETPTR", RIG_RAM_BASE);
    rig_write(r, "CRCINIT", 0x555555);
    rig_write(r, "FREQUENCY", 80);
    rig_write(r, "MODE", M2);
    rig_pass(r, US(200));
    ck_assert_uint_eq(rig_find(r, 0, REQUEST_DMA_READ, NULL)->address, BUFFER);
    ck_assert_uint_eq(r->sent.mhz, 2404);
    ck_assert_uint_eq(r->sent.phy, AIR_1M);
    ck_assert_mem_eq(r->sent.bytes + 6, "\xd7\x8a\xdd", 3);
}
END_TEST

START_TEST(packetptr_and_crc_count_until_start)
{
    put_packet("\x01\x00", 2);
    rig_write(r, "PACKETPTR", 0);
    rig_write(r, "CRCINIT", 0x555555);
    rig_write(r, "TASKS_TXEN", 1);
    rig_write(r, "FREQUENCY", 80); /* too late: the synthesizer is on its way */
    rig_pass(r, US(50));
    rig_write(r, "PACKETPTR", BUFFER);
    rig_write(r, "CRCINIT", 0x17a2b3);
    rig_write(r, "TASKS_START", 1);
    rig_pass(r, US(200));
    ck_assert_uint_eq(r->sent.mhz, 2404);
    ck_assert_mem_eq(r->sent.bytes + 6, "\xd7\x8a\xdd", 3);
}
END_TEST

/* --- memory ---------------------------------------------------------------------------------- */

/* Reads in order: header, then payload by 16 octets, each before its first bit. */
START_TEST(octets_are_read_as_they_go_out)
{
    buffer()[1] = 40;
    rig_write(r, "SHORTS", READY_START);
    rig_write(r, "TASKS_TXEN", 1);
    rig_pass(r, PS_PER_MS);
    static const struct {
        uint32_t offset, size;
        double us; /* after READY */
    } reads[] = {{0, 3, 40}, {3, 16, 56}, {19, 16, 56 + 128}, {35, 8, 56 + 256}};
    const struct rig_entry *e = r->log;
    for (int i = 0; i < COUNT(reads); i++, e++) {
        e = rig_find(r, (uint32_t)(e - r->log), REQUEST_DMA_READ, NULL);
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->address, BUFFER + reads[i].offset);
        ck_assert_uint_eq(e->size, reads[i].size);
        ck_assert_uint_eq(e->at_ps, US(40.3 + reads[i].us));
    }
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_READ, NULL), COUNT(reads));
}
END_TEST

START_TEST(refused_octets_are_sent_as_zero)
{
    rig_write(r, "PACKETPTR", 0x10000000);
    rig_write(r, "SHORTS", READY_START);
    rig_write(r, "TASKS_TXEN", 1);
    rig_pass(r, PS_PER_MS);
    ck_assert(rig_find(r, 0, REQUEST_DMA_READ, NULL)->refused);
    ck_assert_uint_eq(r->sent.size, 9);
    ck_assert_mem_eq(r->sent.bytes + 4, "\0\0", 2);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_END"), 1);
}
END_TEST

START_TEST(payload_is_cut_at_maxlen)
{
    char octets[50] = {1, 20};
    rig_write(r, "PCNF1", 10 | 3 << 16);
    memset(buffer(), 0xaa, 40);
    rig_write(r, "SHORTS", READY_START);
    rig_write(r, "TASKS_RXEN", 1);
    rig_pass(r, US(50));
    struct air_frame f = frame_of(octets, 25);
    ck_assert(hear(&f));
    rig_pass(r, US(20));
    ck_assert_uint_eq(rig_read(r, "PDUSTAT"), 1);
    ck_assert_uint_eq(rig_read(r, "CRCSTATUS"), 0);
    ck_assert_uint_eq(buffer()[12], 0);
    ck_assert_uint_eq(buffer()[13], 0xaa);
    buffer()[1] = 20;
    rig_write(r, "TASKS_TXEN", 1);
    rig_pass(r, US(300));
    ck_assert_uint_eq(r->sent.size, 4 + 2 + 10 + 3);
}
END_TEST

/* Header when it has come, payload at PAYLOAD: a CCM reads them then. */
START_TEST(octets_are_written_as_they_come)
{
    char octets[9] = {2, 4, 11, 12, 13, 14};
    rig_write(r, "SHORTS", READY_START | ADDRESS_BCSTART);
    rig_write(r, "BCC", 32);
    rig_write(r, "TASKS_RXEN", 1);
    rig_pass(r, US(50));
    struct air_frame f = frame_of(octets, 9);
    ck_assert(hear(&f));
    rig_pass(r, US(20));
    static const struct {
        uint32_t offset, size;
        double us; /* after the first bit */
    } writes[] = {{0, 3, 65.4}, {3, 2, 81.4}, {5, 2, 97.4}};
    const struct rig_entry *e = r->log;
    for (int i = 0; i < COUNT(writes); i++, e++) {
        e = rig_find(r, (uint32_t)(e - r->log), REQUEST_DMA_WRITE, NULL);
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->address, BUFFER + writes[i].offset);
        ck_assert_uint_eq(e->size, writes[i].size);
        ck_assert_uint_eq(e->at_ps, f.start_ps + US(writes[i].us));
    }
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), COUNT(writes));
    is_at("EVENTS_BCMATCH", f.start_ps, 81.4);
}
END_TEST

START_TEST(octets_that_came_wrong_are_written_again)
{
    rig_write(r, "SHORTS", READY_START);
    rig_write(r, "TASKS_RXEN", 1);
    rig_pass(r, US(50));
    struct air_frame f = frame_of("\x02\x01\x55\x00\x00\x00", 6);
    rig_run(r, air_address_ps(&f));
    ck_assert(rig_air(r, &f, AIR_ADDRESS));
    rig_run(r, air_end_ps(&f));
    ck_assert_uint_eq(buffer()[3], 0x55);
    f.bytes[6] = 0x57;
    rig_air(r, &f, AIR_END);
    rig_pass(r, US(20));
    ck_assert_uint_eq(buffer()[3], 0x57);
    ck_assert_uint_eq(rig_read(r, "CRCSTATUS"), 0);
}
END_TEST

/* --- bit counter, addresses, power of the signal --------------------------------------------- */

START_TEST(bit_counter_counts_from_the_address_and_again)
{
    char octets[20] = {2, 10};
    rig_write(r, "SHORTS", READY_START | ADDRESS_BCSTART);
    rig_write(r, "BCC", 8);
    rig_write(r, "TASKS_RXEN", 1);
    rig_pass(r, US(50));
    struct air_frame f = frame_of(octets, 15);
    rig_run(r, air_address_ps(&f));
    ck_assert(rig_air(r, &f, AIR_ADDRESS));
    rig_run(r, f.start_ps + US(57.4));
    is_at("EVENTS_BCMATCH", f.start_ps, 49.4 + 8);
    rig_write(r, "BCC", 24);
    rig_run(r, f.start_ps + US(80));
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_BCMATCH"), 2);
    rig_write(r, "BCC", 64);
    rig_write(r, "TASKS_BCSTOP", 1);
    rig_run(r, f.start_ps + US(140));
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_BCMATCH"), 2);
}
END_TEST

static const struct {
    uint32_t enabled, address;
    int match; /* -1: none */
} matches[] = {
    {0x01, 0x71764129, 0},  {0x00, 0x71764129, -1}, {0x02, 0x71764129, -1},
    {0x01, 0x71764128, -1}, {0x02, 0xa1223344, 1},  {0x08, 0xa3223344, 3},
    {0x10, 0xb0223344, 4},  {0xff, 0xb3223344, 7},  {0x7f, 0xb3223344, -1},
};

START_TEST(frame_is_taken_by_its_address)
{
    rig_write(r, "BASE1", 0x22334400);
    rig_write(r, "PREFIX0", 0xa3a2a171);
    rig_write(r, "PREFIX1", 0xb3b2b1b0);
    rig_write(r, "RXADDRESSES", matches[_i].enabled);
    rig_write(r, "SHORTS", READY_START);
    rig_write(r, "TASKS_RXEN", 1);
    rig_pass(r, US(50));
    struct air_frame f = frame_of("\x01\x00\xd7\x8a\xdd", 5);
    for (int i = 0; i < 4; i++)
        f.bytes[i] = (uint8_t)(matches[_i].address >> 8 * i);
    ck_assert_int_eq(hear(&f), matches[_i].match >= 0);
    rig_pass(r, US(20));
    if (matches[_i].match >= 0)
        ck_assert_int_eq((int)rig_read(r, "RXMATCH"), matches[_i].match);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_END"), matches[_i].match >= 0);
}
END_TEST

static const struct {
    uint32_t dacnf;
    const char *event; /* NULL: none */
} filters[] = {
    {0, NULL},
    {0x0004, "EVENTS_DEVMISS"}, /* its TxAdd says public */
    {0x0404, "EVENTS_DEVMATCH"},
    {0x0401, "EVENTS_DEVMISS"}, /* another address */
};

START_TEST(device_filter_looks_at_the_advertisers_address)
{
    rig_write(r, "DAB[2]", 0x04030201);
    rig_write(r, "DAP[2]", 0x0605);
    rig_write(r, "DACNF", filters[_i].dacnf);
    rig_write(r, "SHORTS", READY_START);
    rig_write(r, "TASKS_RXEN", 1);
    rig_pass(r, US(50));
    struct air_frame f = frame_of("\x40\x06\x01\x02\x03\x04\x05\x06\x00\x00\x00", 11);
    ck_assert(hear(&f));
    rig_pass(r, US(20));
    uint32_t events = rig_count(r, REQUEST_EVENT, "EVENTS_DEVMATCH") +
                      rig_count(r, REQUEST_EVENT, "EVENTS_DEVMISS");
    ck_assert_uint_eq(events, filters[_i].event != NULL);
    if (filters[_i].event)
        is_at(filters[_i].event, f.start_ps, 49.4 + 64);
    ck_assert_uint_eq(rig_read(r, "DAI"), filters[_i].dacnf == 0x404 ? 2 : 0);
}
END_TEST

/* The first one's END is still on its way through the chain when the second one's address ends. */
START_TEST(second_frame_does_not_disturb_the_first)
{
    rig_write(r, "SHORTS", READY_START);
    rig_write(r, "TASKS_RXEN", 1);
    rig_pass(r, US(50));
    struct air_frame f = frame_of("\x01\x00\xd7\x8a\xdd", 5);
    ck_assert(hear(&f));
    rig_pass(r, US(5));
    struct air_frame other = frame_of("\x02\x00\x00\x00\x00", 5);
    ck_assert(!rig_air(r, &other, AIR_ADDRESS));
    rig_pass(r, US(20));
    ck_assert_uint_eq(rig_read(r, "CRCSTATUS"), 1);
}
END_TEST

/* The CRC is right, and yet. */
START_TEST(packet_that_was_cut_is_never_right)
{
    rig_write(r, "PCNF1", 5 | 3 << 16);
    receive_crc_row(2, 0);
    ck_assert_uint_eq(rig_read(r, "CRCSTATUS"), 0);
    ck_assert_uint_eq(rig_read(r, "PDUSTAT"), 1);
}
END_TEST

START_TEST(rssi_tells_the_frames_power)
{
    rig_write(r, "SHORTS", READY_START | ADDRESS_RSSISTART);
    rig_write(r, "TASKS_RXEN", 1);
    rig_pass(r, US(50));
    struct air_frame f = frame_of("\x01\x00\xd7\x8a\xdd", 5);
    ck_assert(hear(&f));
    rig_pass(r, US(20));
    ck_assert_uint_eq(rig_read(r, "RSSISAMPLE"), 60);
    is_at("EVENTS_RSSIEND", f.start_ps, 49.4 + 0.25);
}
END_TEST

START_TEST(another_mode_is_mute_and_deaf)
{
    rig_write(r, "MODE", 15);
    rig_write(r, "SHORTS", READY_START);
    rig_write(r, "TASKS_TXEN", 1);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_AIR_SEND, NULL), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_AIR_MORE, NULL), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_END"), 1);
    rig_write(r, "TASKS_RXEN", 1);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "STATE"), RX);
    ck_assert(!r->tuning.listening);
}
END_TEST

START_TEST(injected_error_spoils_one_crc)
{
    r->d->fault.errors = 1;
    receive_crc_row(1, 0);
    ck_assert_uint_eq(rig_read(r, "CRCSTATUS"), 0);
    receive_crc_row(1, 0);
    ck_assert_uint_eq(rig_read(r, "CRCSTATUS"), 1);
}
END_TEST

/* --- the suite ------------------------------------------------------------------------------- */

static void add_bit_tests(Suite *suite)
{
    TCase *c = tcase_create("bit");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, crc_goes_out_as_others_compute_it, 0, COUNT(crcs));
    tcase_add_loop_test(c, crc_of_others_is_found_right, 0, COUNT(crcs));
    tcase_add_loop_test(c, wrong_bit_is_a_crc_error, 0, COUNT(crcs));
    tcase_add_loop_test(c, whitening_is_as_published, 0, COUNT(whitenings));
    tcase_add_loop_test(c, packet_sent_is_packet_received, 0, 256);
    suite_add_tcase(suite, c);
}

static void add_state_tests(Suite *suite)
{
    TCase *c = tcase_create("state");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, task_leads_to_its_state, 0, COUNT(transitions));
    tcase_add_loop_test(c, stop_and_disable_break_a_packet_off, 0, 2);
    tcase_add_loop_test(c, stop_and_disable_make_a_receiver_deaf, 0, 2);
    tcase_add_test(c, sent_whole_it_is_not_broken_off);
    tcase_add_loop_test(c, power_off_resets_everything, 0, 5);
    tcase_add_loop_test(c, short_cut_triggers_its_task, 0, COUNT(short_cuts));
    tcase_add_test(c, sending_goes_on_without_a_gap_by_end_start);
    suite_add_tcase(suite, c);
}

static void add_time_tests(Suite *suite)
{
    TCase *c = tcase_create("time");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, sending_takes_its_time, 0, COUNT(sendings));
    tcase_add_loop_test(c, receiving_takes_its_time, 0, COUNT(receptions));
    tcase_add_test(c, drift_is_in_the_ramp);
    tcase_add_loop_test(c, next_packet_keeps_its_distance, 0, COUNT(gaps));
    tcase_add_test(c, tifs_is_counted_by_the_chips_own_clock);
    tcase_add_test(c, tifs_is_looked_at_with_the_last_bit);
    suite_add_tcase(suite, c);
}

static void add_memory_tests(Suite *suite)
{
    TCase *c = tcase_create("memory");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, packetptr_is_taken_at_start);
    tcase_add_test(c, packetptr_and_crc_count_until_start);
    tcase_add_test(c, octets_are_read_as_they_go_out);
    tcase_add_test(c, refused_octets_are_sent_as_zero);
    tcase_add_test(c, payload_is_cut_at_maxlen);
    tcase_add_test(c, octets_are_written_as_they_come);
    tcase_add_test(c, octets_that_came_wrong_are_written_again);
    suite_add_tcase(suite, c);
}

static void add_address_tests(Suite *suite)
{
    TCase *c = tcase_create("address");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, bit_counter_counts_from_the_address_and_again);
    tcase_add_loop_test(c, frame_is_taken_by_its_address, 0, COUNT(matches));
    tcase_add_loop_test(c, device_filter_looks_at_the_advertisers_address, 0, COUNT(filters));
    tcase_add_test(c, second_frame_does_not_disturb_the_first);
    tcase_add_test(c, packet_that_was_cut_is_never_right);
    tcase_add_test(c, rssi_tells_the_frames_power);
    tcase_add_test(c, another_mode_is_mute_and_deaf);
    tcase_add_test(c, injected_error_spoils_one_crc);
    suite_add_tcase(suite, c);
}

int main(void)
{
    Suite *suite = suite_create("radio");
    add_bit_tests(suite);
    add_state_tests(suite);
    add_time_tests(suite);
    add_memory_tests(suite);
    add_address_tests(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
