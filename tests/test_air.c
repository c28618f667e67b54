/* test_air.c: the air between stations: who hears what, what spoils it, and when. */
#include "devices/catalogue.h"
#include "sim/ble/bits.h"
#include "sim/machine_value.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum { ADDRESS = 0x71764129, STATIONS = 3, FAR_M = 300 };
enum { NEAR, OTHER, FAR }; /* NEAR and OTHER stand beside each other */

/* A station that takes one access address and keeps what comes. */
struct ear {
    uint32_t heard, received;
    uint64_t heard_ps, received_ps;
    struct air_frame frame;
};

static bool ear_air(struct device *d, const struct air_frame *frame, enum air_moment moment)
{
    struct ear *ear = device_state(d);
    if (air_access_address(frame) != ADDRESS)
        return false;
    if (moment == AIR_ADDRESS) {
        ear->heard++;
        ear->heard_ps = d->now_ps;
        return true;
    }
    ear->received++;
    ear->received_ps = d->now_ps;
    ear->frame = *frame;
    return true;
}

static const struct peer_type ear_peer = {
    .type = {.name = "ear", .state_size = sizeof(struct ear), .on_air = ear_air}};

static struct scenario scenario;
static struct recorder recorder;
static struct hw *hw;

static void boot(void)
{
    recorder_start(&recorder, 0);
    hw = support_boot(&scenario, &recorder);
    recorder.count = 0;
}

static void tear_down(void)
{
    support_free(hw);
    recorder_free(&recorder);
}

static void set_up(void)
{
    support_scenario(&scenario, 1, &support_waits, NULL);
    scenario.peer_count = STATIONS;
    for (uint32_t i = 0; i < STATIONS; i++)
        scenario.peers[i] =
            (struct scenario_peer){.type = &ear_peer, .plan = {.position_m = i == FAR ? FAR_M : 0}};
    boot();
}

static void boot_again(void)
{
    tear_down();
    boot();
}

static uint32_t device_of(uint32_t station)
{
    return scenario.board.device_count + station;
}

static struct ear *ear_of(uint32_t station)
{
    return device_state(machine_device(hw->m, device_of(station)));
}

static void run_to(uint64_t at_ps)
{
    while (machine_now_ps(hw->m) < at_ps)
        machine_idle(hw, at_ps);
}

static uint64_t now(void)
{
    return machine_now_ps(hw->m);
}

static void listen(uint32_t station, uint16_t mhz, uint8_t phy)
{
    struct air_tuning tuning = {.since_ps = now(), .mhz = mhz, .phy = phy, .listening = true};
    machine_air_tune(hw, device_of(station), &tuning);
}

static struct air_frame frame_at(uint64_t start_ps)
{
    struct air_frame f = {.start_ps = start_ps, .mhz = 2402, .size = 9};
    for (int i = 0; i < 4; i++)
        f.bytes[i] = (uint8_t)((uint32_t)ADDRESS >> 8 * i);
    for (uint8_t i = 4; i < 9; i++)
        f.bytes[i] = i;
    return f;
}

static void send(uint32_t station, const struct air_frame *f)
{
    machine_air_send(hw, device_of(station), f);
}

static uint32_t records_of(enum event kind, uint32_t station)
{
    uint32_t count = 0;
    for (uint64_t i = 0; i < recorder.count; i++)
        count += recorder.records[i].kind == kind &&
                 air_device(recorder.records[i].value) == device_of(station);
    return count;
}

/* The first reason why this station missed a frame; AIR_MISSES: none. */
static enum air_miss missed(uint32_t station)
{
    for (uint64_t i = 0; i < recorder.count; i++)
        if (recorder.records[i].kind == EVENT_AIR_MISSED &&
            air_device(recorder.records[i].value) == device_of(station))
            return (enum air_miss)(recorder.records[i].value >> 32);
    return AIR_MISSES;
}

/* --- times ----------------------------------------------------------------------------------- */

static const struct {
    uint8_t phy;
    uint64_t address_us, end_us; /* after the first bit; 9 octets with the address */
} phys[] = {{AIR_1M, 40, 80}, {AIR_2M, 24, 44}};

START_TEST(frame_comes_at_its_time_and_later_far_off)
{
    uint8_t phy = phys[_i].phy;
    listen(OTHER, 2402, phy);
    listen(FAR, 2402, phy);
    struct air_frame f = frame_at(100 * PS_PER_US);
    f.phy = phy;
    send(NEAR, &f);
    run_to(PS_PER_MS);
    uint64_t way_ps = FAR_M * UINT64_C(3336);
    ck_assert_uint_eq(ear_of(OTHER)->heard_ps, (100 + phys[_i].address_us) * PS_PER_US);
    ck_assert_uint_eq(ear_of(OTHER)->received_ps, (100 + phys[_i].end_us) * PS_PER_US);
    ck_assert_uint_eq(ear_of(FAR)->heard_ps, (100 + phys[_i].address_us) * PS_PER_US + way_ps);
    ck_assert_uint_eq(ear_of(FAR)->received_ps, (100 + phys[_i].end_us) * PS_PER_US + way_ps);
    ck_assert_mem_eq(ear_of(FAR)->frame.bytes, f.bytes, f.size);
    ck_assert_uint_eq(ear_of(NEAR)->heard, 0); /* not by its sender */
    ck_assert_uint_eq(machine_air(hw->m)->used, 0);
}
END_TEST

START_TEST(frame_does_not_begin_before_it_is_handed_over)
{
    run_to(50 * PS_PER_US);
    listen(OTHER, 2402, AIR_1M);
    struct air_frame f = frame_at(10 * PS_PER_US);
    send(NEAR, &f);
    run_to(PS_PER_MS);
    ck_assert_uint_eq(ear_of(OTHER)->received_ps, 130 * PS_PER_US);
}
END_TEST

/* --- misses ---------------------------------------------------------------------------------- */

static void begin_early(void)
{
    listen(OTHER, 2402, AIR_1M);
    struct air_frame f = frame_at(100 * PS_PER_US);
    send(NEAR, &f);
}

static void miss_deaf(void)
{
    begin_early();
    struct air_tuning deaf = {0};
    machine_air_tune(hw, device_of(OTHER), &deaf);
}

static void miss_frequency(void)
{
    begin_early();
    listen(OTHER, 2404, AIR_1M);
}

static void miss_phy(void)
{
    begin_early();
    listen(OTHER, 2402, AIR_2M);
}

static void miss_late(void)
{
    begin_early();
    run_to(100 * PS_PER_US + 1);
    listen(OTHER, 2402, AIR_1M);
}

static void miss_other(void)
{
    listen(OTHER, 2402, AIR_1M);
    struct air_frame f = frame_at(100 * PS_PER_US);
    f.bytes[0] ^= 1;
    send(NEAR, &f);
}

static void miss_lost(void)
{
    scenario.air.loss_ppm = 1000000;
    boot_again();
    begin_early();
}

static void miss_clash(void)
{
    begin_early();
    struct air_frame f = frame_at(120 * PS_PER_US);
    send(FAR, &f);
}

static void miss_cut(void)
{
    begin_early();
    run_to(139 * PS_PER_US);
    machine_air_stop(hw, device_of(NEAR));
}

/* A stronger frame, begun while the weak one is received, whose address it does not drown. */
static void miss_busy(void)
{
    listen(OTHER, 2402, AIR_1M);
    struct air_frame f = frame_at(100 * PS_PER_US);
    f.size = 40;
    send(NEAR, &f);
    f.start_ps = 150 * PS_PER_US;
    f.dbm = 30;
    send(FAR, &f);
}

static const struct {
    void (*make)(void);
    enum air_miss why;
} misses[] = {
    {begin_early, AIR_MISSES},
    {miss_deaf, AIR_MISS_DEAF},
    {miss_frequency, AIR_MISS_FREQUENCY},
    {miss_phy, AIR_MISS_FREQUENCY},
    {miss_late, AIR_MISS_LATE},
    {miss_other, AIR_MISS_OTHER},
    {miss_lost, AIR_MISS_LOST},
    {miss_clash, AIR_MISS_CLASH},
    {miss_cut, AIR_MISS_CLASH},
    {miss_busy, AIR_MISS_BUSY},
};

START_TEST(station_misses_a_frame_for_its_reason)
{
    misses[_i].make();
    run_to(PS_PER_MS);
    ck_assert_int_eq((int)missed(OTHER), (int)misses[_i].why);
    bool hears = misses[_i].why == AIR_MISSES || misses[_i].why == AIR_MISS_BUSY;
    ck_assert_uint_eq(ear_of(OTHER)->received, hears);
    ck_assert_uint_eq(records_of(EVENT_AIR_RECEIVED, OTHER), hears);
}
END_TEST

START_TEST(listening_from_the_very_first_bit_is_enough)
{
    struct air_frame f = frame_at(100 * PS_PER_US);
    send(NEAR, &f);
    run_to(100 * PS_PER_US);
    listen(OTHER, 2402, AIR_1M);
    run_to(PS_PER_MS);
    ck_assert_uint_eq(ear_of(OTHER)->received, 1);
}
END_TEST

START_TEST(tuning_anew_loses_what_was_being_received)
{
    begin_early();
    run_to(150 * PS_PER_US);
    ck_assert_uint_eq(ear_of(OTHER)->heard, 1);
    listen(OTHER, 2402, AIR_1M);
    run_to(PS_PER_MS);
    ck_assert_uint_eq(ear_of(OTHER)->received, 0);
}
END_TEST

/* --- frames in each other's way -------------------------------------------------------------- */

static const struct {
    uint64_t second_us; /* the first one begins at 100, its address ends at 140, it at 180 */
    int8_t first_dbm, second_dbm;
    uint16_t second_mhz;
    bool heard, right;
} clashes[] = {
    {179, 0, -21, 2402, true, true}, /* captured: 21 dB stronger */
    {110, 21, 0, 2402, true, true},  {110, 20, 0, 2402, false, false},
    {110, 0, 0, 2404, true, true},   {150, 0, 0, 2402, true, false},
    {181, 0, 0, 2402, true, true},   {110, 0, 40, 2402, false, false},
};

START_TEST(stronger_frame_captures_the_receiver)
{
    listen(OTHER, 2402, AIR_1M);
    struct air_frame first = frame_at(100 * PS_PER_US);
    struct air_frame second = frame_at(clashes[_i].second_us * PS_PER_US);
    first.dbm = clashes[_i].first_dbm;
    second.dbm = clashes[_i].second_dbm;
    second.mhz = clashes[_i].second_mhz;
    send(NEAR, &first);
    send(FAR, &second);
    run_to(180 * PS_PER_US + 1);
    ck_assert_uint_eq(ear_of(OTHER)->received, clashes[_i].heard);
    if (clashes[_i].heard)
        ck_assert_int_eq(memcmp(ear_of(OTHER)->frame.bytes, first.bytes, 9) == 0,
                         clashes[_i].right);
}
END_TEST

START_TEST(broken_off_frame_ends_in_noise)
{
    begin_early();
    run_to(156 * PS_PER_US); /* two octets behind the address are out */
    machine_air_stop(hw, device_of(NEAR));
    run_to(PS_PER_MS);
    struct air_frame f = frame_at(0);
    ck_assert_uint_eq(ear_of(OTHER)->received, 1);
    ck_assert_mem_eq(ear_of(OTHER)->frame.bytes, f.bytes, 6);
    for (int i = 6; i < 9; i++)
        ck_assert_uint_ne(ear_of(OTHER)->frame.bytes[i], f.bytes[i]);
}
END_TEST

START_TEST(frame_that_has_not_begun_is_taken_back)
{
    begin_early();
    run_to(99 * PS_PER_US);
    machine_air_stop(hw, device_of(NEAR));
    run_to(PS_PER_MS);
    ck_assert_uint_eq(records_of(EVENT_AIR_START, NEAR), 0);
    ck_assert_uint_eq(ear_of(OTHER)->heard, 0);
    ck_assert_uint_eq(machine_air(hw->m)->used, 0);
}
END_TEST

START_TEST(frame_is_completed_while_it_is_sent)
{
    listen(OTHER, 2402, AIR_1M);
    struct air_frame f = frame_at(100 * PS_PER_US);
    f.size = 4;
    send(NEAR, &f);
    run_to(139 * PS_PER_US);
    f.size = 9;
    f.start_ps = 0; /* that stands already */
    machine_air_more(hw, device_of(NEAR), &f);
    run_to(PS_PER_MS);
    ck_assert_uint_eq(ear_of(OTHER)->received_ps, 180 * PS_PER_US);
    ck_assert_uint_eq(ear_of(OTHER)->frame.size, 9);
    f.size = 20; /* nothing is under way */
    machine_air_more(hw, device_of(NEAR), &f);
    ck_assert_uint_eq(machine_air(hw->m)->used, 0);
}
END_TEST

START_TEST(ninth_frame_finds_no_place)
{
    for (uint64_t i = 0; i < 9; i++) {
        struct air_frame f = frame_at((100 + 100 * i) * PS_PER_US);
        send(NEAR, &f);
        ck_assert_uint_eq(machine_air(hw->m)->lost, i == 8);
    }
    listen(OTHER, 2402, AIR_1M);
    run_to(2 * PS_PER_MS);
    ck_assert_uint_eq(ear_of(OTHER)->received, 8);
}
END_TEST

/* --- what a scenario plants ------------------------------------------------------------------ */

static void send_many(uint32_t count)
{
    listen(OTHER, 2402, AIR_1M);
    for (uint32_t i = 0; i < count; i++) {
        struct air_frame f = frame_at(now() + PS_PER_US);
        send(NEAR, &f);
        run_to(now() + 100 * PS_PER_US);
    }
}

START_TEST(planted_fault_hits_its_frames_only)
{
    bool lose = _i == 0;
    scenario.air.fault_count = 1;
    scenario.air.faults[0] = (struct air_fault){
        .how = lose ? AIR_LOSE : AIR_CORRUPT, .device = device_of(NEAR), .first = 2, .last = 3};
    boot_again();
    for (uint32_t i = 1; i <= 4; i++) {
        uint32_t before = ear_of(OTHER)->received;
        send_many(1);
        bool hit = i == 2 || i == 3;
        ck_assert_uint_eq(ear_of(OTHER)->received - before, !(hit && lose));
        if (!(hit && lose))
            ck_assert_uint_eq(ear_of(OTHER)->frame.bytes[8], 8u ^ hit);
    }
}
END_TEST

START_TEST(planted_interference_has_its_time_and_frequency)
{
    scenario.air.fault_count = 1;
    scenario.air.faults[0] = (struct air_fault){.how = AIR_LOSE,
                                                .at_time = true,
                                                .from_ps = 180 * PS_PER_US,
                                                .to_ps = 250 * PS_PER_US,
                                                .mhz = _i ? 2404 : 2402};
    boot_again();
    send_many(4); /* 1..81, 101..181, 201..281, 301..381 us */
    ck_assert_uint_eq(ear_of(OTHER)->received, _i ? 4 : 2);
}
END_TEST

/* A data PDU with a CRC by that preset, on channel 0: 2404 MHz. */
enum { PRESET = 0x17a2b3 };
static const uint8_t data_pdu[] = {0x0e, 3, 0xaa, 0xbb, 0xcc}; /* LLID 2, NESN, SN */

static struct air_frame packet_of(const uint8_t *pdu, size_t size)
{
    struct air_frame f = {.mhz = 2404, .size = (uint16_t)(4 + size + 3)};
    for (int i = 0; i < 4; i++)
        f.bytes[i] = (uint8_t)((uint32_t)ADDRESS >> 8 * i);
    memcpy(f.bytes + 4, pdu, size);
    ble_crc(PRESET, pdu, size, f.bytes + 4 + size);
    ble_whiten(0, f.bytes + 4, size + 3);
    return f;
}

static const struct {
    const char *what;
    struct air_fault fault;
    uint8_t size, pdu[40]; /* what comes of it */
} changes[] = {
    {"two octets are flipped",
     {.how = AIR_FLIP, .at = 3, .octet_count = 2, .octets = {0xff, 0x01}},
     5,
     {0x0e, 3, 0xaa, 0x44, 0xcd}},
    {"none behind the end is flipped",
     {.how = AIR_FLIP, .at = 4, .octet_count = 2, .octets = {0x01, 0x01}},
     5,
     {0x0e, 3, 0xaa, 0xbb, 0xcd}},
    {"a length that is flipped cuts it",
     {.how = AIR_FLIP, .at = 1, .octet_count = 1, .octets = {2}},
     3,
     {0x0e, 1, 0xaa}},
    {"an octet is written",
     {.how = AIR_WRITE, .at = 2, .octet_count = 1, .octets = {0x99}},
     5,
     {0x0e, 3, 0x99, 0xbb, 0xcc}},
    {"a length that is written makes it longer",
     {.how = AIR_WRITE, .at = 1, .octet_count = 2, .octets = {6, 0x99}},
     8,
     {0x0e, 6, 0x99, 0xbb, 0xcc, 0, 0, 0}},
    {"another payload leaves SN and NESN",
     {.how = AIR_PAYLOAD, .at = 3, .octet_count = 2, .octets = {0x02, 0x13}},
     4,
     {0x0f, 2, 0x02, 0x13}},
};

START_TEST(changed_frame_has_a_good_crc_again)
{
    struct air_frame f = packet_of(data_pdu, sizeof data_pdu);
    struct air_frame wanted = packet_of(changes[_i].pdu, changes[_i].size);
    air_frame_change(&f, &changes[_i].fault);
    ck_assert_msg(f.size == wanted.size, "%s: %u octets", changes[_i].what, f.size);
    ck_assert_msg(memcmp(f.bytes, wanted.bytes, f.size) == 0, "%s", changes[_i].what);
}
END_TEST

START_TEST(bad_crc_stays_bad_and_what_is_no_packet_stays_as_it_is)
{
    struct air_frame f = packet_of(data_pdu, sizeof data_pdu);
    uint8_t plain[8 + 3];
    f.bytes[f.size - 1] ^= 1;
    air_frame_change(&f, &changes[4].fault);
    memcpy(plain, f.bytes + 4, sizeof plain);
    ble_whiten(0, plain, sizeof plain);
    ck_assert_mem_eq(plain, changes[4].pdu, 8);
    ck_assert(!ble_crc_good(PRESET, plain, sizeof plain));
    for (int i = 0; i < 2; i++) {
        f = packet_of(data_pdu, sizeof data_pdu);
        f.mhz = i ? 2403 : 2404;
        f.size = i ? f.size : 4 + 4; /* no header and CRC */
        struct air_frame before = f;
        air_frame_change(&f, &changes[0].fault);
        ck_assert_mem_eq(&f, &before, sizeof f);
    }
}
END_TEST

START_TEST(changed_frame_is_heard_by_all_and_the_next_one_as_it_is)
{
    scenario.air.fault_count = 1;
    scenario.air.faults[0] = changes[4].fault;
    scenario.air.faults[0].device = device_of(NEAR);
    scenario.air.faults[0].first = scenario.air.faults[0].last = 2;
    boot_again();
    listen(OTHER, 2404, AIR_1M);
    listen(FAR, 2404, AIR_1M);
    for (uint32_t i = 1; i <= 3; i++) {
        struct air_frame f = packet_of(data_pdu, sizeof data_pdu);
        struct air_frame longer = packet_of(changes[4].pdu, changes[4].size);
        f.start_ps = now() + PS_PER_US;
        uint64_t us = 8 * (1 + (uint64_t)(i == 2 ? longer.size : f.size));
        uint64_t start_ps = f.start_ps;
        send(NEAR, &f);
        run_to(now() + 300 * PS_PER_US);
        ck_assert_uint_eq(ear_of(FAR)->received, i);
        ck_assert_mem_eq(ear_of(OTHER)->frame.bytes, i == 2 ? longer.bytes : f.bytes, f.size);
        ck_assert_uint_eq(ear_of(OTHER)->received_ps, start_ps + us * PS_PER_US);
    }
}
END_TEST

START_TEST(shifted_frame_comes_later_or_earlier_but_not_before_now)
{
    static const int64_t by_us[] = {7, -7, -100};
    static const uint64_t at_us[] = {57, 43, 0};
    scenario.air.fault_count = 1;
    scenario.air.faults[0] = (struct air_fault){.how = AIR_SHIFT,
                                                .device = device_of(NEAR),
                                                .first = 1,
                                                .last = 1,
                                                .shift_ps = by_us[_i] * (int64_t)PS_PER_US};
    boot_again();
    listen(OTHER, 2402, AIR_1M);
    uint64_t from_ps = now();
    struct air_frame f = frame_at(from_ps + 50 * PS_PER_US);
    send(NEAR, &f);
    run_to(from_ps + PS_PER_MS);
    ck_assert_uint_eq(ear_of(OTHER)->received_ps - from_ps, (at_us[_i] + 80) * PS_PER_US);
}
END_TEST

/* Behind the second frame of NEAR, by OTHER; heard by FAR. */
START_TEST(frame_is_repeated_or_followed_at_its_time_by_whom_the_scenario_says)
{
    struct air_fault fault = {.how = _i ? AIR_FOLLOW : AIR_REPEAT,
                              .device = device_of(NEAR),
                              .first = 2,
                              .last = 2,
                              .by = device_of(OTHER),
                              .shift_ps = 150 * (int64_t)PS_PER_US,
                              .octet_count = 4,
                              .octets = {0x03, 2, 0x02, 0x13}};
    struct air_frame wanted = packet_of(fault.octets, 4), f;
    scenario.air.fault_count = 1;
    scenario.air.faults[0] = fault;
    boot_again();
    listen(FAR, 2404, AIR_1M);
    for (uint32_t i = 0; i < 3; i++) {
        f = packet_of(data_pdu, sizeof data_pdu);
        f.start_ps = now() + PS_PER_US;
        send(NEAR, &f);
        run_to(now() + 500 * PS_PER_US);
        if (i != 1)
            continue;
        uint64_t gap_ps =
            8 * (1 + (uint64_t)(_i ? wanted.size : f.size)) * PS_PER_US + 150 * PS_PER_US;
        uint64_t way_ps = FAR_M * UINT64_C(3336);
        ck_assert_uint_eq(ear_of(FAR)->received_ps, air_end_ps(&f) + gap_ps + way_ps);
        ck_assert_mem_eq(ear_of(FAR)->frame.bytes, _i ? wanted.bytes : f.bytes, 4 + 4 + 3);
    }
    ck_assert_uint_eq(ear_of(FAR)->received, 4);
    ck_assert_uint_eq(records_of(EVENT_AIR_START, OTHER), 1);
    ck_assert_uint_eq(machine_air(hw->m)->stations[OTHER].sent, 0); /* the scenario's, not its */
}
END_TEST

static bool is_any_forged(void)
{
    const struct air *air = machine_air(hw->m);
    bool forged = false;
    for (uint32_t i = 0; i < AIR_FLIGHT_MAX; i++)
        forged |= (air->used >> i & 1) && air->flights[i].forged;
    return forged;
}

/* Its second frame is another's, or not as it was sent; one that is lost is still its own. */
START_TEST(frame_that_its_sender_does_not_know_is_forged)
{
    struct air_fault fault = {.how = (uint8_t)_i, .octet_count = 1, .octets = {4}};
    fault.device = fault.by = device_of(NEAR);
    fault.first = fault.last = 2;
    fault.shift_ps = 200 * (int64_t)PS_PER_US;
    scenario.air.fault_count = 1;
    scenario.air.faults[0] = fault;
    boot_again();
    for (uint32_t i = 1; i <= 2; i++) {
        struct air_frame f = packet_of(data_pdu, sizeof data_pdu);
        f.start_ps = now() + PS_PER_US;
        send(NEAR, &f);
        ck_assert_uint_eq(is_any_forged(), i == 2 && _i >= AIR_FLIP && _i < AIR_REPEAT);
        run_to(air_end_ps(&f) + 50 * PS_PER_US);
        ck_assert(is_any_forged() == (i == 2 && _i >= AIR_SHIFT));
        run_to(now() + PS_PER_MS);
    }
}
END_TEST

static uint64_t hash_of_lossy_air(uint64_t seed, uint32_t loss_ppm, uint32_t bit_error_ppm)
{
    scenario.seed = seed;
    scenario.air.loss_ppm = loss_ppm;
    scenario.air.bit_error_ppm = bit_error_ppm;
    boot_again();
    send_many(200);
    return machine_trace_hash(hw->m);
}

START_TEST(loss_is_drawn_by_the_seed)
{
    uint64_t hash = hash_of_lossy_air(7, 300000, 0);
    uint32_t received = ear_of(OTHER)->received;
    ck_assert_uint_gt(received, 200 * 6 / 10);
    ck_assert_uint_lt(received, 200 * 8 / 10);
    ck_assert_uint_eq(hash_of_lossy_air(7, 300000, 0), hash);
    ck_assert_uint_ne(hash_of_lossy_air(8, 300000, 0), hash);
}
END_TEST

START_TEST(bits_go_wrong_by_the_seed)
{
    uint64_t hash = hash_of_lossy_air(7, 0, 10000);
    uint32_t wrong = 0;
    for (uint64_t i = 0; i < recorder.count; i++)
        wrong += recorder.records[i].kind == EVENT_AIR_RECEIVED && recorder.records[i].value >> 32;
    /* 1 - 0.99^32 of 200 are lost by their address, 1 - 0.99^40 of the rest are wrong */
    ck_assert_uint_gt(missed(OTHER) == AIR_MISS_LOST ? 200 - ear_of(OTHER)->received : 0, 30);
    ck_assert_uint_gt(wrong, 25);
    ck_assert_uint_lt(wrong, 75);
    ck_assert_uint_eq(hash_of_lossy_air(7, 0, 10000), hash);
}
END_TEST

/* --- two radios ------------------------------------------------------------------------------ */

enum { ASKS, ANSWERS, RADIO_RAM = 0x20003000 };

static uint32_t radios; /* index of the first one */

static void boot_with_radios(void)
{
    struct board *board = &scenario.board;
    radios = board->device_count;
    for (uint32_t i = 0; i < 2; i++)
        board->devices[board->device_count++] =
            (struct board_device){.window = {0x40001000 + i * 0x1000, 0x1000},
                                  .type = &nrf52_radio.type,
                                  .name = "RADIO",
                                  .alias_of = BOARD_NONE,
                                  .line = 1 + i,
                                  .endpoint = BOARD_NONE};
    boot_again();
}

static struct device *radio(uint32_t which)
{
    return machine_device(hw->m, radios + which);
}

static void set(uint32_t which, const char *name, uint32_t value)
{
    struct device *d = radio(which);
    int row = device_row_named(d->type, name);
    ck_assert_int_ge(row, 0);
    device_write(d, d->type->regs[row].offset, value, now());
    machine_serve(hw, radios + which);
}

static uint32_t get(uint32_t which, const char *name)
{
    struct device *d = radio(which);
    return device_read(d, d->type->regs[device_row_named(d->type, name)].offset, now());
}

static uint8_t *buffer_of(uint32_t which)
{
    return machine_ram_at(hw->m, (struct span){RADIO_RAM + which * 0x200, 0x200});
}

/* READY_START, END_DISABLE, and then the other direction by TIFS. */
static void set_up_radio(uint32_t which, uint32_t mode)
{
    set(which, "PACKETPTR", RADIO_RAM + which * 0x200);
    set(which, "MODE", mode);
    set(which, "PCNF0", 8 | 1 << 8 | 1 << 20);
    set(which, "PCNF1", 255 | 3 << 16 | 1 << 25);
    set(which, "BASE0", (uint32_t)ADDRESS << 8);
    set(which, "PREFIX0", ADDRESS >> 24);
    set(which, "RXADDRESSES", 1);
    set(which, "CRCCNF", 0x103);
    set(which, "CRCPOLY", 0x65b);
    set(which, "CRCINIT", 0x17a2b3);
    set(which, "TIFS", 150);
    set(which, "SHORTS", 3 | (which == ASKS ? 8 : 4));
}

START_TEST(two_radios_ask_and_answer_at_tifs)
{
    uint32_t mode = _i ? 4 : 3;
    boot_with_radios();
    set_up_radio(ASKS, mode);
    set_up_radio(ANSWERS, mode);
    memcpy(buffer_of(ASKS),
           "\x01\x03\x00"
           "ask",
           6);
    set(ANSWERS, "TASKS_RXEN", 1);
    run_to(now() + 5 * PS_PER_US);
    set(ASKS, "TASKS_TXEN", 1);
    run_to(now() + 250 * PS_PER_US);
    ck_assert_uint_eq(get(ANSWERS, "CRCSTATUS"), 1);
    ck_assert_mem_eq(buffer_of(ANSWERS),
                     "\x01\x03\x00"
                     "ask",
                     6);
    memcpy(buffer_of(ANSWERS),
           "\x02\x06\x00"
           "answer",
           9);
    run_to(now() + 400 * PS_PER_US);
    ck_assert_uint_eq(get(ASKS, "CRCSTATUS"), 1);
    ck_assert_mem_eq(buffer_of(ASKS),
                     "\x02\x06\x00"
                     "answer",
                     9);
    uint64_t end_ps = 0, next_ps = 0;
    for (uint64_t i = 0; i < recorder.count && !next_ps; i++) {
        const struct record *record = &recorder.records[i];
        if (record->kind == EVENT_AIR_END && air_device(record->value) == radios + ASKS)
            end_ps = record->at_ps;
        if (record->kind == EVENT_AIR_START && air_device(record->value) == radios + ANSWERS)
            next_ps = record->at_ps;
    }
    ck_assert_uint_eq(next_ps, end_ps + 150 * PS_PER_US);
}
END_TEST

/* --- the suite ------------------------------------------------------------------------------- */

static Suite *air_suite(void)
{
    Suite *suite = suite_create("air");
    TCase *c = tcase_create("air");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, frame_comes_at_its_time_and_later_far_off, 0, COUNT(phys));
    tcase_add_test(c, frame_does_not_begin_before_it_is_handed_over);
    tcase_add_loop_test(c, station_misses_a_frame_for_its_reason, 0, COUNT(misses));
    tcase_add_test(c, listening_from_the_very_first_bit_is_enough);
    tcase_add_test(c, tuning_anew_loses_what_was_being_received);
    tcase_add_loop_test(c, stronger_frame_captures_the_receiver, 0, COUNT(clashes));
    tcase_add_test(c, broken_off_frame_ends_in_noise);
    tcase_add_test(c, frame_that_has_not_begun_is_taken_back);
    tcase_add_test(c, frame_is_completed_while_it_is_sent);
    tcase_add_test(c, ninth_frame_finds_no_place);
    tcase_add_loop_test(c, planted_fault_hits_its_frames_only, 0, 2);
    tcase_add_loop_test(c, planted_interference_has_its_time_and_frequency, 0, 2);
    tcase_add_loop_test(c, changed_frame_has_a_good_crc_again, 0, COUNT(changes));
    tcase_add_test(c, bad_crc_stays_bad_and_what_is_no_packet_stays_as_it_is);
    tcase_add_test(c, changed_frame_is_heard_by_all_and_the_next_one_as_it_is);
    tcase_add_loop_test(c, shifted_frame_comes_later_or_earlier_but_not_before_now, 0, 3);
    tcase_add_loop_test(c, frame_is_repeated_or_followed_at_its_time_by_whom_the_scenario_says, 0,
                        2);
    tcase_add_loop_test(c, frame_that_its_sender_does_not_know_is_forged, 0, AIR_HOWS);
    tcase_add_test(c, loss_is_drawn_by_the_seed);
    tcase_add_test(c, bits_go_wrong_by_the_seed);
    tcase_add_loop_test(c, two_radios_ask_and_answer_at_tifs, 0, 2);
    suite_add_tcase(suite, c);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(air_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
