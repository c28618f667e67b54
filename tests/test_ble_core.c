/* test_ble_core.c: the link layer of the app under test, without radio and clock, against PDUs and
 * channels as sim/ble/ makes them: the two share no code. */
#include "sim/apps/ble_core.h"
#include "sim/ble/channel.h"
#include "sim/ble/pdu.h"
#include "sim/random.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

enum { END_US = 1000000, OWN_PPM = 50, SCA_250_PPM = 1 };

static const uint8_t own[6] = {1, 2, 3, 4, 5, 0xc6};

static struct ble_connect honest(void)
{
    return (struct ble_connect){.ch_sel = true,
                                .advertiser = {1, 2, 3, 4, 5, 0xc6},
                                .access_address = 0x71764129,
                                .crc_init = 0x17a2b3,
                                .window_size = 2,
                                .window_offset = 3,
                                .interval = 24,
                                .timeout = 100,
                                .channels = 0x1fffffffff,
                                .hop = 9,
                                .sca = SCA_250_PPM};
}

static struct ble_pdu pdu_of(const uint8_t *octets, size_t size)
{
    struct ble_pdu pdu = {.header = octets[0], .length = octets[1]};
    memcpy(pdu.payload, octets + 2, size - 2);
    return pdu;
}

static bool connect(struct ble_core *core, const struct ble_connect *with)
{
    uint8_t octets[BLE_ADV_PDU_MAX];
    size_t size = ble_connect_write(with, octets);
    struct ble_pdu pdu = pdu_of(octets, size);
    ble_core_reset(core, own, OWN_PPM);
    return ble_core_connect(core, &pdu, END_US);
}

static struct ble_core connected(void)
{
    struct ble_core core;
    struct ble_connect with = honest();
    ck_assert(connect(&core, &with));
    return core;
}

static struct ble_pdu data(uint8_t llid, bool sn, bool nesn, const void *payload, uint8_t length)
{
    struct ble_pdu pdu = {.header = (uint8_t)(llid | (nesn ? 4 : 0) | (sn ? 8 : 0)),
                          .length = length};
    if (length > 0)
        memcpy(pdu.payload, payload, length);
    return pdu;
}

/* One event in which the central sends `pdu` in turn, and is answered. */
static enum ble_answer event(struct ble_core *core, const struct ble_pdu *pdu)
{
    struct ble_window window;
    ck_assert(ble_core_window(core, 0, &window));
    ble_core_heard(core, core->anchor_us);
    enum ble_answer answer = ble_core_received(core, pdu, true, core->anchor_us + 80);
    ble_core_think(core, core->anchor_us + 80);
    ble_core_end_event(core);
    return answer;
}

/* The central's side of SN and NESN when nothing is lost. */
static enum ble_answer say(struct ble_core *core, uint8_t llid, const void *payload, uint8_t length)
{
    struct ble_pdu pdu =
        data(llid, core->nesn, core->unacked ? !core->sn : core->sn, payload, length);
    return event(core, &pdu);
}

static void control(struct ble_core *core, const struct ble_control *message)
{
    uint8_t payload[BLE_CONTROL_SIZE_MAX];
    size_t size = ble_control_write(message, payload);
    ck_assert(say(core, BLE_LLID_CONTROL, payload, (uint8_t)size) != BLE_NO_ANSWER);
}

/* What it says next. */
static struct ble_pdu answer_of(struct ble_core *core)
{
    (void)say(core, BLE_LLID_CONTINUE, NULL, 0);
    return core->last;
}

/* ---- advertising, scanning, connecting */

START_TEST(advertisement_is_one_that_others_read)
{
    struct ble_core core;
    struct ble_adv adv;
    uint8_t octets[2 + BLE_PAYLOAD_MAX];
    ble_core_reset(&core, own, OWN_PPM);
    struct ble_pdu pdu = ble_core_advertisement(&core);
    octets[0] = pdu.header;
    octets[1] = pdu.length;
    memcpy(octets + 2, pdu.payload, pdu.length);
    ck_assert_uint_eq(ble_adv_read(octets, 2u + pdu.length, &adv), BLE_PDU_GOOD);
    ck_assert_uint_eq(adv.type, BLE_ADV_IND);
    ck_assert(adv.ch_sel);
    ck_assert_mem_eq(adv.address, own, 6);
}
END_TEST

START_TEST(scan_request_for_another_address_is_not_answered)
{
    struct ble_core core;
    uint8_t octets[BLE_ADV_PDU_MAX] = {0};
    struct ble_scan_req request = {.advertiser = {1, 2, 3, 4, 5, 0xc6}};
    ble_core_reset(&core, own, OWN_PPM);
    struct ble_pdu pdu = pdu_of(octets, ble_scan_req_write(&request, octets));
    ck_assert(ble_core_scanned(&core, &pdu));
    ck_assert_uint_eq(core.out.header & 15, BLE_SCAN_RSP);
    request.advertiser[0] ^= 1;
    pdu = pdu_of(octets, ble_scan_req_write(&request, octets));
    ck_assert(!ble_core_scanned(&core, &pdu));
    request.advertiser[0] ^= 1;
    request.rx_random = true; /* ours is public */
    pdu = pdu_of(octets, ble_scan_req_write(&request, octets));
    ck_assert(!ble_core_scanned(&core, &pdu));
}
END_TEST

START_TEST(connection_begins_where_the_request_says)
{
    struct ble_core core = connected();
    struct ble_window window;
    ck_assert(ble_core_window(&core, 0, &window));
    uint32_t begins = END_US + 1250 + 3 * 1250;
    uint32_t wide = (300 * (1250 + 5 * 1250) + 999999) / 1000000 + 32; /* until the window ends */
    ck_assert_uint_eq(window.open_us, begins - wide);
    ck_assert_uint_eq(window.close_us, begins + 2 * 1250 + wide);
    ck_assert_uint_eq(core.access_address, 0x71764129);
    ck_assert_uint_eq(core.crc_init, 0x17a2b3);
}
END_TEST

/* Each number of a CONNECT_IND just inside and just outside of what it may be. */
static const struct {
    const char *what;
    uint16_t interval, latency, timeout;
    uint8_t window_size;
    uint16_t window_offset;
    uint8_t hop;
    uint64_t channels;
    bool good;
} numbers[] = {
    {"interval 6", 6, 0, 1000, 1, 0, 5, 0x3, true},
    {"interval 5", 5, 0, 1000, 1, 0, 5, 0x3, false},
    {"interval 3200", 3200, 0, 1000, 1, 0, 5, 0x3, true},
    {"interval 3201", 3201, 0, 1000, 1, 0, 5, 0x3, false},
    {"latency 499, which needs time", 6, 499, 751, 1, 0, 5, 0x3, true},
    {"latency 499 without it", 6, 499, 750, 1, 0, 5, 0x3, false},
    {"latency 500", 6, 500, 3200, 1, 0, 5, 0x3, false},
    {"timeout 10", 6, 0, 10, 1, 0, 5, 0x3, true},
    {"timeout 9", 6, 0, 9, 1, 0, 5, 0x3, false},
    {"timeout 3200", 24, 0, 3200, 1, 0, 5, 0x3, true},
    {"timeout 3201", 24, 0, 3201, 1, 0, 5, 0x3, false},
    {"timeout of two intervals exactly", 80, 0, 20, 1, 0, 5, 0x3, false},
    {"timeout of more than two intervals", 80, 0, 21, 1, 0, 5, 0x3, true},
    {"window of 0", 24, 0, 1000, 0, 0, 5, 0x3, false},
    {"window of 8", 24, 0, 1000, 8, 0, 5, 0x3, true},
    {"window of 9", 24, 0, 1000, 9, 0, 5, 0x3, false},
    {"window of the interval - 1", 6, 0, 1000, 5, 0, 5, 0x3, true},
    {"window of the interval", 6, 0, 1000, 6, 0, 5, 0x3, false},
    {"offset of the interval", 24, 0, 1000, 1, 24, 5, 0x3, true},
    {"offset beyond the interval", 24, 0, 1000, 1, 25, 5, 0x3, false},
    {"hop 5", 24, 0, 1000, 1, 0, 5, 0x3, true},
    {"hop 4", 24, 0, 1000, 1, 0, 4, 0x3, false},
    {"hop 16", 24, 0, 1000, 1, 0, 16, 0x3, true},
    {"hop 17", 24, 0, 1000, 1, 0, 17, 0x3, false},
    {"one channel", 24, 0, 1000, 1, 0, 5, 0x4, false},
    {"two channels", 24, 0, 1000, 1, 0, 5, 0x1000000001, true},
};

START_TEST(connection_is_refused_for_each_number_out_of_range)
{
    struct ble_core core;
    struct ble_connect with = honest();
    with.interval = numbers[_i].interval;
    with.latency = numbers[_i].latency;
    with.timeout = numbers[_i].timeout;
    with.window_size = numbers[_i].window_size;
    with.window_offset = numbers[_i].window_offset;
    with.hop = numbers[_i].hop;
    with.channels = numbers[_i].channels;
    ck_assert_msg(connect(&core, &with) == numbers[_i].good, "%s", numbers[_i].what);
    ck_assert_uint_eq(core.state, numbers[_i].good ? BLE_CREATED : BLE_ADVERTISING);
    with.advertiser[5] ^= 1; /* somebody else's */
    ck_assert(!connect(&core, &with));
    with.advertiser[5] ^= 1;
    with.rx_random = true; /* ours is public */
    ck_assert(!connect(&core, &with));
}
END_TEST

/* ---- channels */

START_TEST(channels_are_those_of_both_algorithms)
{
    struct random random = random_start(1, 1);
    for (int round = 0; round < 200; round++) {
        struct ble_connect with = honest();
        struct ble_core core;
        with.ch_sel = round % 2;
        with.channels = (random_next(&random) & 0x1fffffffff) | 5;
        with.hop = (uint8_t)(5 + random_below(&random, 12));
        with.access_address = (uint32_t)random_next(&random);
        ck_assert(connect(&core, &with));
        struct ble_channel_map map = ble_channel_map_make(with.channels);
        unsigned unmapped = 0;
        for (uint32_t n = 0; n < 100; n++) {
            unmapped = ble_csa1_unmapped(unmapped, with.hop, 1);
            unsigned wanted =
                with.ch_sel
                    ? ble_csa2_channel(&map, (uint16_t)n, ble_csa2_identifier(with.access_address))
                    : ble_csa1_channel(&map, unmapped);
            ck_assert_uint_eq(core.event, n);
            ck_assert_uint_eq(ble_core_channel(&core), wanted);
            ble_core_end_event(&core);
        }
    }
}
END_TEST

/* ---- acknowledgement */

START_TEST(new_data_is_acknowledged_and_old_data_is_not_taken_twice)
{
    static const uint8_t ping[] = {BLE_PING_REQ};
    struct ble_core core = connected();
    struct ble_pdu pdu = data(BLE_LLID_CONTROL, false, false, ping, 1);
    ck_assert_uint_eq(event(&core, &pdu), BLE_ANSWER_LAST);
    ck_assert_uint_eq(core.out.header, BLE_LLID_CONTINUE | 4); /* NESN 1, SN 0 */
    ck_assert_uint_eq(core.control_pdus, 1);
    ck_assert_uint_eq(event(&core, &pdu), BLE_ANSWER); /* ours was lost; there is more by now */
    ck_assert_uint_eq(core.out.header, BLE_LLID_CONTINUE | 4 | 16);
    ck_assert_uint_eq(core.control_pdus, 1);
    ck_assert_uint_eq(core.duplicates, 1);
}
END_TEST

START_TEST(what_was_not_acknowledged_is_sent_again_as_it_was)
{
    static const uint8_t ping[] = {BLE_PING_REQ};
    struct ble_core core = connected();
    (void)say(&core, BLE_LLID_CONTROL, ping, 1);
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    struct ble_pdu first = core.out;
    ck_assert_uint_eq(first.payload[0], BLE_PING_RSP);
    for (int i = 0; i < 3; i++) { /* SN goes on, NESN does not acknowledge */
        struct ble_pdu pdu = data(BLE_LLID_CONTINUE, core.nesn, core.sn, NULL, 0);
        (void)event(&core, &pdu);
        ck_assert_uint_eq(core.out.header & ~4, first.header & ~4);
        ck_assert_uint_eq(core.out.length, 1);
        ck_assert_uint_eq(core.out.payload[0], BLE_PING_RSP);
    }
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    ck_assert_uint_eq(core.out.length, 0);
    ck_assert_uint_ne(core.out.header & 8, first.header & 8);
}
END_TEST

START_TEST(bad_crc_changes_no_sequence_number_and_the_second_ends_the_event)
{
    struct ble_core core = connected();
    struct ble_window window;
    ck_assert(ble_core_window(&core, 0, &window));
    struct ble_pdu noise = data(3, true, true, "noise", 5);
    bool sn = core.sn, nesn = core.nesn;
    uint32_t valid_us = core.valid_us;
    ck_assert_uint_eq(ble_core_received(&core, &noise, false, 5), BLE_ANSWER);
    ck_assert_uint_eq(core.out.header & 12, (nesn ? 4 : 0) | (sn ? 8 : 0));
    ck_assert_uint_eq(ble_core_received(&core, &noise, false, 6), BLE_NO_ANSWER);
    ck_assert(core.sn == sn && core.nesn == nesn);
    ck_assert_uint_eq(core.valid_us, valid_us);
    ck_assert_uint_eq(core.state, BLE_CREATED);
}
END_TEST

START_TEST(anchor_is_the_first_packet_of_the_event)
{
    struct ble_core core = connected();
    struct ble_window window;
    ck_assert(ble_core_window(&core, 0, &window));
    ble_core_heard(&core, core.anchor_us + 700);
    uint32_t anchor = core.anchor_us;
    ble_core_heard(&core, core.anchor_us + 500);
    ck_assert_uint_eq(core.anchor_us, anchor);
    ble_core_end_event(&core);
    ck_assert_uint_eq(core.anchor_us, anchor + 24 * 1250);
}
END_TEST

/* ---- timeouts and widening */

START_TEST(missed_events_advance_and_widen_the_window)
{
    struct ble_core core = connected();
    struct ble_window window;
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    uint32_t sync = core.sync_us;
    for (uint32_t missed = 0; missed < 20; missed++) {
        ck_assert(ble_core_window(&core, 0, &window));
        uint32_t since = (missed + 1) * 24 * 1250;
        uint32_t wide = (300 * since + 999999) / 1000000 + 32;
        ck_assert_uint_eq(window.open_us, sync + since - wide);
        ck_assert_uint_eq(window.close_us, sync + since + wide);
        ck_assert_uint_eq(core.event, missed + 1);
        ble_core_end_event(&core);
    }
}
END_TEST

START_TEST(connection_that_nobody_answers_is_over_after_six_intervals)
{
    struct ble_core core = connected();
    struct ble_window window;
    int events = 0;
    while (ble_core_window(&core, 0, &window)) {
        ble_core_end_event(&core);
        events++;
    }
    ck_assert_uint_eq(core.reason, BLE_REASON_NOT_ESTABLISHED);
    ck_assert_int_eq(events, 6);
}
END_TEST

/* The sixth window would begin when the time is over, not before. */
START_TEST(timeout_that_ends_where_a_window_begins_leaves_it_closed)
{
    struct ble_core core;
    struct ble_connect with = honest();
    struct ble_window window;
    int events = 0;
    with.window_offset = (uint16_t)(with.interval - 1); /* behind 1.25 ms: an interval in all */
    ck_assert(connect(&core, &with));
    while (ble_core_window(&core, 0, &window)) {
        ble_core_end_event(&core);
        events++;
    }
    ck_assert_uint_eq(core.anchor_us - core.valid_us, UINT64_C(6) * 24 * 1250);
    ck_assert_int_eq(events, 5);
}
END_TEST

START_TEST(established_connection_is_over_after_its_timeout)
{
    struct ble_core core = connected();
    struct ble_window window;
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    uint32_t valid = core.valid_us;
    while (ble_core_window(&core, 0, &window)) {
        ck_assert_uint_lt(core.anchor_us - valid, 1000000);
        ble_core_end_event(&core);
    }
    ck_assert_uint_eq(core.reason, BLE_REASON_TIMEOUT);
    ck_assert_uint_ge(core.anchor_us - valid, 1000000);
}
END_TEST

/* ---- procedures */

START_TEST(each_request_gets_its_answer)
{
    static const struct {
        struct ble_control says;
        uint8_t answer;
    } rows[] = {
        {{.opcode = BLE_FEATURE_REQ}, BLE_FEATURE_RSP},
        {{.opcode = BLE_VERSION_IND}, BLE_VERSION_IND},
        {{.opcode = BLE_PING_REQ}, BLE_PING_RSP},
        {{.opcode = BLE_LENGTH_REQ}, BLE_LENGTH_RSP},
        {{.opcode = BLE_PHY_REQ}, BLE_PHY_RSP},
        {{.opcode = BLE_CONNECTION_PARAM_REQ}, BLE_UNKNOWN_RSP},
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct ble_core core = connected();
        control(&core, &rows[i].says);
        struct ble_pdu answer = answer_of(&core);
        ck_assert_uint_eq(answer.header, BLE_LLID_CONTROL);
        ck_assert_uint_eq(answer.payload[0], rows[i].answer);
        ck_assert_uint_eq(answer.length, ble_control_size(rows[i].answer));
    }
}
END_TEST

static struct ble_control update(uint16_t instant)
{
    return (struct ble_control){.opcode = BLE_CONNECTION_UPDATE_IND,
                                .update = {.window_size = 1,
                                           .window_offset = 2,
                                           .interval = 48,
                                           .timeout = 200,
                                           .instant = instant}};
}

START_TEST(new_interval_begins_at_its_instant)
{
    struct ble_core core = connected();
    struct ble_control message = update(7);
    control(&core, &message);
    uint32_t anchor = core.anchor_us;
    while (core.event < 7) {
        ck_assert_uint_eq(core.timing.interval, 24);
        anchor = core.anchor_us;
        (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    }
    ck_assert_uint_eq(core.timing.interval, 48);
    ck_assert(core.window_open);
    ck_assert_uint_eq(core.anchor_us, anchor + 24 * 1250 + 2 * 1250); /* the old interval */
    anchor = core.anchor_us;
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    ck_assert_uint_eq(core.anchor_us, anchor + 48 * 1250);
}
END_TEST

/* An event that began in time goes on behind it: what comes then, good or bad, counts no more. */
START_TEST(packet_behind_the_timeout_comes_too_late)
{
    const struct ble_pdu empty = {.header = BLE_LLID_CONTINUE};
    for (uint32_t late = 0; late < 2; late++) {
        struct ble_core core = connected();
        (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
        uint32_t end_us = core.valid_us + 999999 + late;
        enum ble_answer answer = ble_core_received(&core, &empty, _i, end_us);
        ck_assert_int_eq(answer == BLE_NO_ANSWER, late);
        ck_assert_int_eq(core.state, late ? BLE_CLOSED : BLE_ESTABLISHED);
        ck_assert_uint_eq(core.reason, late ? BLE_REASON_TIMEOUT : 0);
    }
}
END_TEST

/* The old interval is over in time, and the window of the new one begins too late. */
START_TEST(window_of_an_instant_may_begin_behind_the_timeout)
{
    struct ble_core core = connected();
    struct ble_window window;
    struct ble_control message = update((uint16_t)(core.event + 33));
    message.update.window_offset = 24;
    control(&core, &message);
    uint32_t valid = core.valid_us;
    while (ble_core_window(&core, 0, &window)) {
        ck_assert_uint_lt(core.anchor_us - valid, 1000000);
        ble_core_end_event(&core);
    }
    ck_assert_uint_eq(core.reason, BLE_REASON_TIMEOUT);
    ck_assert_uint_eq(core.event, message.update.instant);
    ck_assert_uint_eq(core.timing.timeout, 100);
}
END_TEST

/* The event under way is number 1: 32767 lies ahead, 32768 behind. */
static const struct {
    uint16_t instant;
    bool good;
} instants[] = {{1, true}, {2, true}, {0, false}, {32767, true}, {32768, false}, {0xffff, false}};

START_TEST(instant_that_has_passed_ends_the_connection)
{
    struct ble_core core = connected();
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    ck_assert_uint_eq(core.event, 1);
    struct ble_control message = update(instants[_i].instant);
    control(&core, &message);
    ck_assert_uint_eq(core.state, instants[_i].good ? BLE_ESTABLISHED : BLE_CLOSED);
    if (!instants[_i].good)
        ck_assert_uint_eq(core.reason, BLE_REASON_INSTANT_PASSED);
}
END_TEST

static const struct {
    const char *why;
    struct ble_control says;
    uint8_t reason;
} hopeless[] = {
    {"an interval of 0",
     {.opcode = BLE_CONNECTION_UPDATE_IND,
      .update = {.window_size = 1, .timeout = 200, .instant = 9}},
     BLE_REASON_INVALID},
    {"a window of 0",
     {.opcode = BLE_CONNECTION_UPDATE_IND,
      .update = {.interval = 24, .timeout = 200, .instant = 9}},
     BLE_REASON_INVALID},
    {"a timeout that the latency uses up",
     {.opcode = BLE_CONNECTION_UPDATE_IND,
      .update = {.window_size = 1, .interval = 80, .latency = 9, .timeout = 200, .instant = 9}},
     BLE_REASON_INVALID},
    {"no channel", {.opcode = BLE_CHANNEL_MAP_IND, .map = {.instant = 9}}, BLE_REASON_INVALID},
    {"one channel, now",
     {.opcode = BLE_CHANNEL_MAP_IND, .map = {.channels = 4}},
     BLE_REASON_INVALID},
    {"LE Coded",
     {.opcode = BLE_PHY_UPDATE_IND,
      .phy_update = {.to_peripheral = 4, .to_central = 4, .instant = 9}},
     BLE_REASON_INVALID},
    {"two PHYs at once",
     {.opcode = BLE_PHY_UPDATE_IND,
      .phy_update = {.to_peripheral = 3, .to_central = 3, .instant = 9}},
     BLE_REASON_INVALID},
    {"another PHY to each side",
     {.opcode = BLE_PHY_UPDATE_IND,
      .phy_update = {.to_peripheral = 2, .to_central = 0, .instant = 9}},
     BLE_REASON_UNSUPPORTED},
};

START_TEST(update_to_what_no_connection_may_have_ends_it)
{
    struct ble_core core = connected();
    struct ble_window window;
    control(&core, &hopeless[_i].says);
    ck_assert_msg(core.state == BLE_CLOSED, "%s", hopeless[_i].why);
    ck_assert_msg(core.reason == hopeless[_i].reason, "%s: 0x%x", hopeless[_i].why, core.reason);
    ck_assert(!ble_core_window(&core, 0, &window));
}
END_TEST

/* The event under way goes on where it is. */
START_TEST(new_map_and_phy_of_this_very_event_hold_from_the_next_one_on)
{
    struct ble_core core = connected();
    struct ble_control map = {.opcode = BLE_CHANNEL_MAP_IND,
                              .map = {.channels = 0x3, .instant = core.event}};
    control(&core, &map);
    ck_assert_uint_lt(ble_core_channel(&core), 2);
    struct ble_control phy = {
        .opcode = BLE_PHY_UPDATE_IND,
        .phy_update = {.to_peripheral = 2, .to_central = 2, .instant = core.event}};
    control(&core, &phy);
    ck_assert_uint_eq(core.phy, 1);
    ck_assert(!core.map_update.pending && !core.phy_update.pending);
}
END_TEST

/* One that is named alone, the same in both fields: both directions or none. */
START_TEST(phy_is_asked_for_in_both_directions)
{
    static const struct {
        uint8_t tx, rx, phy;
    } rows[] = {{2, 2, 2}, {3, 3, 2}, {3, 2, 2}, {1, 3, 1}, {2, 1, 1}, {1, 1, 1}, {4, 4, 1}};
    for (int i = 0; i < COUNT(rows); i++) {
        struct ble_core core = connected();
        struct ble_control request = {.opcode = BLE_PHY_REQ,
                                      .phys = {.tx = rows[i].tx, .rx = rows[i].rx}};
        control(&core, &request);
        struct ble_pdu answer = answer_of(&core);
        ck_assert_uint_eq(answer.payload[1], rows[i].phy);
        ck_assert_uint_eq(answer.payload[2], rows[i].phy);
    }
}
END_TEST

START_TEST(new_map_and_phy_begin_at_their_instants)
{
    struct ble_core core = connected();
    struct ble_control map = {.opcode = BLE_CHANNEL_MAP_IND,
                              .map = {.channels = 0x3, .instant = 6}};
    struct ble_control phy = {.opcode = BLE_PHY_UPDATE_IND,
                              .phy_update = {.to_peripheral = 2, .to_central = 2, .instant = 8}};
    control(&core, &map);
    control(&core, &phy);
    for (; core.event < 12; (void)say(&core, BLE_LLID_CONTINUE, NULL, 0)) {
        ck_assert_uint_eq(core.map[4], core.event < 6 ? 0x1f : 0);
        ck_assert_uint_eq(core.phy, core.event < 8 ? 0 : 1);
        if (core.event >= 6)
            ck_assert_uint_lt(ble_core_channel(&core), 2);
    }
}
END_TEST

static const struct ble_control latency_messages[] = {
    {.opcode = BLE_CONNECTION_UPDATE_IND,
     .update = {.window_size = 1, .interval = 48, .latency = 4, .timeout = 200, .instant = 15}},
    {.opcode = BLE_CHANNEL_MAP_IND, .map = {.channels = 0x3, .instant = 15}},
    {.opcode = BLE_PHY_UPDATE_IND,
     .phy_update = {.to_peripheral = 2, .to_central = 2, .instant = 15}},
};

START_TEST(latency_skips_events_but_none_at_an_instant)
{
    struct ble_connect with = honest();
    struct ble_core core;
    with.latency = 4;
    with.timeout = 200;
    ck_assert(connect(&core, &with));
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    ck_assert_uint_eq(core.event, 1); /* nothing of ours has been acknowledged yet */
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    ck_assert_uint_eq(core.event, 6);
    control(&core, &latency_messages[_i]); /* latency alone would stop at 11, 16 */
    ck_assert_uint_eq(core.event, 11);
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    ck_assert_uint_eq(core.event, 14);
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    ck_assert_uint_eq(core.event, 15);
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    ck_assert_uint_eq(core.event, 20);
}
END_TEST

START_TEST(latency_is_not_used_while_there_is_something_to_say)
{
    static const uint8_t read[] = {3, 0, 4, 0, 0x0a, 3, 0};
    struct ble_connect with = honest();
    struct ble_core core;
    with.latency = 4;
    with.timeout = 200;
    ck_assert(connect(&core, &with));
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    (void)say(&core, BLE_LLID_START, read, sizeof read);
    ck_assert_uint_eq(core.event, 2); /* the answer waits */
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    ck_assert_uint_eq(core.event, 3); /* it went out, and is not acknowledged yet */
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    ck_assert_uint_eq(core.event, 8);
}
END_TEST

START_TEST(termination_from_either_side_is_acknowledged)
{
    struct ble_core core = connected();
    struct ble_control message = {.opcode = BLE_TERMINATE_IND, .reason = 0x13};
    control(&core, &message);
    ck_assert_uint_eq(core.state, BLE_CLOSED);
    ck_assert_uint_eq(core.reason, BLE_REASON_REMOTE);
    core = connected();
    ble_core_terminate(&core, 0);
    (void)say(&core, BLE_LLID_CONTINUE, NULL, 0);
    ck_assert_uint_eq(core.out.payload[0], BLE_TERMINATE_IND);
    ck_assert_uint_ne(core.state, BLE_CLOSED);
    struct ble_window window;
    ck_assert(ble_core_window(&core, 0, &window));
    struct ble_pdu ack = data(BLE_LLID_CONTINUE, core.nesn, !core.sn, NULL, 0);
    ck_assert_uint_eq(ble_core_received(&core, &ack, true, 1), BLE_NO_ANSWER);
    ck_assert_uint_eq(core.reason, BLE_REASON_LOCAL);
}
END_TEST

/* ---- attributes */

START_TEST(value_is_read_and_other_handles_are_refused)
{
    static const struct {
        uint8_t request[7], size, answer[4];
    } rows[] = {
        {{3, 0, 4, 0, 0x0a, 3, 0}, 7, {8, 0, 4, 0}},   {{3, 0, 4, 0, 0x0a, 4, 0}, 7, {5, 0, 4, 0}},
        {{3, 0, 4, 0, 0x0a, 2, 0}, 7, {5, 0, 4, 0}},   {{3, 0, 4, 0, 0x0a, 3, 1}, 7, {5, 0, 4, 0}},
        {{3, 0, 4, 0, 0x02, 100, 0}, 7, {3, 0, 4, 0}},
    };
    for (int i = 0; i < COUNT(rows); i++) {
        struct ble_core core = connected();
        (void)say(&core, BLE_LLID_START, rows[i].request, rows[i].size);
        struct ble_pdu answer = answer_of(&core);
        ck_assert_uint_eq(answer.header, BLE_LLID_START);
        ck_assert_mem_eq(answer.payload, rows[i].answer, 4);
    }
}
END_TEST

/* ---- encryption */

START_TEST(encryption_starts_in_three_steps_and_seals_what_goes_out)
{
    static const uint8_t random[BLE_RANDOM_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const uint8_t key[16] = {42};
    static const uint8_t start[] = {BLE_START_ENC_RSP};
    struct ble_core core = connected();
    struct ble_control request = {.opcode = BLE_ENC_REQ};
    ble_core_random(&core, random);
    control(&core, &request);
    struct ble_pdu answer = answer_of(&core);
    ck_assert_uint_eq(answer.payload[0], BLE_ENC_RSP);
    ck_assert_mem_eq(answer.payload + 1, random, 8);
    ck_assert_mem_eq(answer.payload + 9, random + 8, 4);
    ck_assert(ble_core_wants_key(&core));
    ble_core_key_made(&core, key);
    ck_assert_uint_eq(answer_of(&core).payload[0], BLE_START_ENC_REQ);
    /* What comes now is opened before it is thought about. */
    uint8_t sealed[5] = {0xaa, 0xbb, 0xcc, 0xdd, 0xee};
    struct ble_window window;
    ck_assert(ble_core_window(&core, 0, &window));
    struct ble_pdu pdu = data(BLE_LLID_CONTROL, core.nesn, !core.sn, sealed, 5);
    (void)ble_core_received(&core, &pdu, true, core.anchor_us);
    ck_assert(ble_core_wants_opening(&core));
    ble_core_opened(&core, start, true);
    ck_assert_uint_eq(core.received_counter, 1);
    ble_core_think(&core, 1);
    ck_assert(ble_core_wants_sealing(&core));
    ble_core_end_event(&core);
    ck_assert_uint_eq(answer_of(&core).length, 0); /* not before it is sealed */
    ble_core_sealed(&core, sealed);
    ck_assert_uint_eq(core.sent_counter, 1);
    answer = answer_of(&core);
    ck_assert_uint_eq(answer.length, 5);
    ck_assert_mem_eq(answer.payload, sealed, 5);
}
END_TEST

START_TEST(wrong_mic_ends_the_connection)
{
    struct ble_core core = connected();
    core.encryption = BLE_ENCRYPTED;
    struct ble_window window;
    ck_assert(ble_core_window(&core, 0, &window));
    struct ble_pdu pdu = data(BLE_LLID_CONTROL, false, false, "12345", 5);
    (void)ble_core_received(&core, &pdu, true, 1);
    ble_core_opened(&core, pdu.payload, false);
    ck_assert_uint_eq(core.state, BLE_CLOSED);
    ck_assert_uint_eq(core.reason, BLE_REASON_MIC);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("ble_core");
    TCase *tcase = tcase_create("ble_core");
    tcase_add_test(tcase, advertisement_is_one_that_others_read);
    tcase_add_test(tcase, scan_request_for_another_address_is_not_answered);
    tcase_add_test(tcase, connection_begins_where_the_request_says);
    tcase_add_loop_test(tcase, connection_is_refused_for_each_number_out_of_range, 0,
                        COUNT(numbers));
    tcase_add_test(tcase, channels_are_those_of_both_algorithms);
    tcase_add_test(tcase, new_data_is_acknowledged_and_old_data_is_not_taken_twice);
    tcase_add_test(tcase, what_was_not_acknowledged_is_sent_again_as_it_was);
    tcase_add_test(tcase, bad_crc_changes_no_sequence_number_and_the_second_ends_the_event);
    tcase_add_test(tcase, anchor_is_the_first_packet_of_the_event);
    tcase_add_test(tcase, missed_events_advance_and_widen_the_window);
    tcase_add_test(tcase, connection_that_nobody_answers_is_over_after_six_intervals);
    tcase_add_test(tcase, timeout_that_ends_where_a_window_begins_leaves_it_closed);
    tcase_add_test(tcase, established_connection_is_over_after_its_timeout);
    tcase_add_loop_test(tcase, packet_behind_the_timeout_comes_too_late, 0, 2);
    tcase_add_test(tcase, each_request_gets_its_answer);
    tcase_add_test(tcase, new_interval_begins_at_its_instant);
    tcase_add_test(tcase, window_of_an_instant_may_begin_behind_the_timeout);
    tcase_add_loop_test(tcase, instant_that_has_passed_ends_the_connection, 0, COUNT(instants));
    tcase_add_loop_test(tcase, update_to_what_no_connection_may_have_ends_it, 0, COUNT(hopeless));
    tcase_add_test(tcase, new_map_and_phy_of_this_very_event_hold_from_the_next_one_on);
    tcase_add_test(tcase, phy_is_asked_for_in_both_directions);
    tcase_add_test(tcase, new_map_and_phy_begin_at_their_instants);
    tcase_add_loop_test(tcase, latency_skips_events_but_none_at_an_instant, 0,
                        COUNT(latency_messages));
    tcase_add_test(tcase, latency_is_not_used_while_there_is_something_to_say);
    tcase_add_test(tcase, termination_from_either_side_is_acknowledged);
    tcase_add_test(tcase, value_is_read_and_other_handles_are_refused);
    tcase_add_test(tcase, encryption_starts_in_three_steps_and_seals_what_goes_out);
    tcase_add_test(tcase, wrong_mic_ends_the_connection);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
