/* test_central.c: the central and the scanner against a peripheral by the book, which knows the
 * picosecond of each anchor, and against one that is late, mute, deaf or wrong.
 */
#include "sim/world/catalogue.h"
#include "tests/support_peripheral.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define FOREVER UINT32_MAX

static struct scenario scenario;
static struct hw *hw;
static struct recorder recorder;

/* --- an app that does nothing ----------------------------------------------------------------- */

/* --- both sides ------------------------------------------------------------------------------- */

static uint64_t unit_ps(const struct peer_parameter *p)
{
    return p->unit == PEER_US ? PS_PER_US : p->unit == PEER_MS ? PS_PER_MS : 1;
}

static uint32_t place_of(const struct peer_parameter *list, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return i;
    ck_abort_msg("no value called %s", name);
    return 0;
}

static const struct peer_type *own_type(void)
{
    return scenario.peers[0].type;
}

static void central_is(const char *name, uint64_t value)
{
    const struct peer_parameter *list = own_type()->parameters;
    uint32_t at = place_of(list, own_type()->parameter_count, name);
    scenario.peers[0].plan.values[at] = value * unit_ps(&list[at]);
}

static const struct peer_verb *verb_named(const char *name, uint32_t *verb)
{
    for (*verb = 0; *verb < central_peer.verb_count; ++*verb)
        if (strcmp(central_peer.verbs[*verb].name, name) == 0)
            return &central_peer.verbs[*verb];
    ck_abort_msg("no verb called %s", name);
    return NULL;
}

static struct peer_action *last_action(void)
{
    struct peer_plan *plan = &scenario.peers[0].plan;
    return &plan->actions[plan->action_count - 1];
}

static void central_does(uint32_t at_event, const char *name)
{
    struct peer_plan *plan = &scenario.peers[0].plan;
    plan->action_count++;
    struct peer_action *action = last_action();
    uint32_t which;
    const struct peer_verb *verb = verb_named(name, &which);
    action->verb = (uint16_t)which;
    action->at_event = at_event;
    for (uint32_t i = 0; i < verb->argument_count; i++)
        action->arguments[i] = verb->arguments[i].reset;
}

/* An argument of what it does last. */
static void with(const char *name, uint64_t value)
{
    struct peer_action *action = last_action();
    const struct peer_verb *verb = &central_peer.verbs[action->verb];
    uint32_t at = place_of(verb->arguments, verb->argument_count, name);
    action->arguments[at] = value * unit_ps(&verb->arguments[at]);
}

static uint64_t *other_side(void)
{
    return scenario.peers[1].plan.values;
}

static void central_drifts(int64_t ppb)
{
    scenario.peers[0].plan.drift_ppb = ppb;
    other_side()[P_CENTRAL_PPB] = (uint64_t)(INT64_C(1000000000) + ppb);
}

static void other_side_is(enum peripheral_way way, uint32_t from, uint32_t to)
{
    other_side()[P_WAY] = way;
    other_side()[P_FROM] = from;
    other_side()[P_TO] = to;
}

static void as_if_nothing_was_said(const struct peer_type *type)
{
    scenario.peers[0].type = type;
    for (uint32_t i = 0; i < type->parameter_count; i++)
        scenario.peers[0].plan.values[i] = type->parameters[i].reset;
}

/* 7.5 ms, 100 ms, no drift, channel selection #2. */
static void set_up(void)
{
    support_scenario(&scenario, 1, &support_waits, NULL);
    scenario.peer_count = 2;
    scenario.peers[1].type = &peripheral_peer;
    as_if_nothing_was_said(&central_peer);
    central_is("interval_us", 7500);
    central_is("timeout_ms", 100);
    central_drifts(0);
    other_side()[P_SELECTION] = true;
    other_side()[P_VALUE_SIZE] = 7;
    other_side()[P_PHYS] = BLE_PHY_BIT_1M | BLE_PHY_BIT_2M;
    other_side()[P_OFFSET] = PS_PER_S;
    hw = NULL;
    recorder = (struct recorder){0};
}

static void tear_down(void)
{
    if (hw)
        support_free(hw);
    recorder_free(&recorder);
}

static void run_ms(uint64_t ms)
{
    scenario.until_ps = ms * PS_PER_MS;
    hw = support_boot(&scenario, &recorder);
    machine_run(hw, TIME_NEVER);
    for (uint32_t i = 0; i < 2; i++)
        ck_assert_uint_eq(machine_device(hw->m, scenario.board.device_count + i)->lost_requests, 0);
}

static const struct peripheral *seen(void)
{
    return device_state_read(machine_device(hw->m, scenario.board.device_count + 1));
}

static uint64_t fact(const char *name)
{
    for (uint32_t i = 0; i < own_type()->fact_count; i++)
        if (strcmp(own_type()->facts[i].name, name) == 0)
            return machine_peer_fact(hw->m, 0, i);
    ck_abort_msg("no fact called %s", name);
    return 0;
}

#define FACT_IS(name, value)                                                                       \
    ck_assert_msg(fact(name) == (uint64_t)(value), "%s: got %" PRIu64 ", expected %" PRIu64, name, \
                  fact(name), (uint64_t)(value))

/* The time of the central's n-th such note, from 0; `value` is filled in. TIME_NEVER: none. */
static uint64_t note_at(enum ble_note note, uint32_t n, uint32_t *value)
{
    for (uint64_t i = 0; i < recorder.count; i++) {
        const struct record *r = &recorder.records[i];
        if (r->kind != EVENT_PEER_NOTE || r->address != note || n-- > 0)
            continue;
        *value = (uint32_t)r->value;
        return r->at_ps;
    }
    return TIME_NEVER;
}

/* --- connecting ------------------------------------------------------------------------------- */

START_TEST(connection_is_established_by_the_first_answer)
{
    run_ms(100);
    FACT_IS("state", BLE_PEER_ESTABLISHED);
    FACT_IS("connected", 1);
    FACT_IS("reason", 0);
    FACT_IS("missed", 0);
    FACT_IS("answered", fact("events"));
    ck_assert_uint_ge(fact("events"), 12);
    ck_assert_uint_eq(seen()->connect_ifs_ps, BLE_T_IFS_PS);
    FACT_IS("turnaround_min_ns", 150000);
    FACT_IS("turnaround_max_ns", 150000);
    uint32_t value;
    ck_assert_uint_ne(note_at(BLE_NOTE_ANCHOR, 3, &value), TIME_NEVER);
    ck_assert_uint_eq(value, 3);
}
END_TEST

START_TEST(connect_ind_comes_t_ifs_later_on_its_own_clock)
{
    central_drifts(-500000);
    run_ms(10);
    ck_assert_uint_eq(seen()->connect_ifs_ps, (150000000 * UINT64_C(1000000) + 999499) / 999500);
}
END_TEST

START_TEST(connect_ind_says_what_the_scenario_says)
{
    central_is("interval_us", 12500);
    central_is("latency", 3);
    central_is("timeout_ms", 420);
    central_is("window_offset_us", 5000);
    central_is("window_size_us", 2500);
    central_is("hop", 13);
    central_is("access_address", 0x71764129);
    central_is("crc_init", 0x123456);
    central_is("channel_map", 0x1f0f0f0f0f);
    central_is("ppm_claimed", 76);
    run_ms(10);
    const struct ble_connect *c = &seen()->connect;
    ck_assert_uint_eq(c->interval, 10);
    ck_assert_uint_eq(c->latency, 3);
    ck_assert_uint_eq(c->timeout, 42);
    ck_assert_uint_eq(c->window_offset, 4);
    ck_assert_uint_eq(c->window_size, 2);
    ck_assert_uint_eq(c->hop, 13);
    ck_assert_uint_eq(c->access_address, 0x71764129);
    ck_assert_uint_eq(c->crc_init, 0x123456);
    ck_assert_uint_eq(c->channels, UINT64_C(0x1f0f0f0f0f));
    ck_assert_uint_eq(c->sca, 3);
    ck_assert(c->ch_sel);
    ck_assert_mem_eq(c->advertiser, "\x11\x22\x33\x44\x55\xc6", 6);
}
END_TEST

START_TEST(advertisements_may_pass_and_channels_hop)
{
    central_is("connect_after", 3);
    central_is("scan_interval_us", 15000); /* only each third is on channel 37 */
    run_ms(500);
    FACT_IS("advertisements", 4);
    FACT_IS("connections", 1);
    FACT_IS("connected", 1);
}
END_TEST

START_TEST(drawn_address_keeps_the_rules)
{
    scenario.seed = (uint64_t)_i;
    run_ms(5);
    ck_assert_int_eq(ble_address_check(seen()->connect.access_address, true), BLE_ADDRESS_GOOD);
}
END_TEST

/* --- anchors ---------------------------------------------------------------------------------- */

static const struct {
    int64_t ppb;
    bool second;
    uint64_t map, offset_us, place_us;
} anchors[] = {
    {0, true, BLE_CHANNELS_ALL, 0, 0},
    {250000, true, UINT64_C(0x00ff00ff0f), 2500, 700},
    {-250000, false, UINT64_C(0x1555555555), 7500, 0},
    {-1, false, BLE_CHANNELS_ALL, 1250, 1249},
};

START_TEST(hundred_thousand_anchors_are_exact_and_on_their_channels)
{
    central_drifts(anchors[_i].ppb);
    central_is("second_selection", anchors[_i].second);
    central_is("channel_map", anchors[_i].map);
    central_is("window_offset_us", anchors[_i].offset_us);
    central_is("window_place_us", anchors[_i].place_us);
    other_side()[P_WINDOW_PLACE] = anchors[_i].place_us;
    recorder.limit = 1;
    run_ms(751000);
    ck_assert_uint_ge(seen()->anchors, 100000);
    ck_assert_uint_eq(seen()->unheard, 0);
    ck_assert_uint_eq(seen()->early_max_ps, 0);
    ck_assert_uint_eq(seen()->late_max_ps, 0);
    FACT_IS("missed", 0);
}
END_TEST

START_TEST(jitter_stays_within_what_was_said)
{
    central_is("jitter_us", 16);
    run_ms(10000);
    ck_assert_uint_le(seen()->early_max_ps, 16 * PS_PER_US);
    ck_assert_uint_le(seen()->late_max_ps, 16 * PS_PER_US);
    ck_assert_uint_ge(seen()->early_max_ps, 15 * PS_PER_US);
    ck_assert_uint_ge(seen()->late_max_ps, 15 * PS_PER_US);
    FACT_IS("missed", 0);
}
END_TEST

START_TEST(leap_moves_all_later_anchors)
{
    central_does(5, "leap");
    with("by_us", 200);
    run_ms(200);
    ck_assert_uint_eq(seen()->late_max_ps, 200 * PS_PER_US);
    ck_assert_uint_eq(seen()->early_max_ps, 0);
    FACT_IS("missed", 0);
}
END_TEST

/* --- answers ---------------------------------------------------------------------------------- */

static const struct {
    int64_t offset_ps;
    bool late, early;
} answers[] = {
    {0, false, false},        {1999999, false, false}, {2000000, false, false},
    {-2000000, false, false}, {2000001, true, false},  {3000000, true, false},
    {-2000001, false, true},  {-3000000, false, true}, {100000000, true, false},
};

START_TEST(answer_is_heard_within_two_microseconds)
{
    bool heard = !answers[_i].late && !answers[_i].early;
    other_side_is(PERIPHERAL_OFFSET, 4, 9);
    other_side()[P_OFFSET] += (uint64_t)answers[_i].offset_ps;
    run_ms(150);
    FACT_IS("late", answers[_i].late ? 5 : 0);
    FACT_IS("early", answers[_i].early ? 5 : 0);
    FACT_IS("missed", heard ? 0 : 5);
    FACT_IS("missed_in_row", heard ? 0 : 5);
    FACT_IS("state", BLE_PEER_ESTABLISHED);
    if (answers[_i].late) {
        uint32_t ns;
        ck_assert_uint_ne(note_at(BLE_NOTE_LATE, 4, &ns), TIME_NEVER);
        ck_assert_uint_eq(ns, (uint64_t)(150000000 + answers[_i].offset_ps) / 1000);
    }
    if (heard && answers[_i].offset_ps > 0)
        FACT_IS("turnaround_max_ns", (150000000 + answers[_i].offset_ps + 999) / 1000);
}
END_TEST

START_TEST(tolerance_is_a_parameter)
{
    central_is("tolerance_us", 4);
    other_side_is(PERIPHERAL_OFFSET, 4, 9);
    other_side()[P_OFFSET] += 3 * PS_PER_US;
    run_ms(150);
    FACT_IS("late", 0);
    FACT_IS("missed", 0);
}
END_TEST

START_TEST(mute_peripheral_is_given_up_after_six_intervals)
{
    other_side_is(PERIPHERAL_MUTE, 0, FOREVER);
    run_ms(200);
    uint32_t reason;
    uint64_t at_ps = note_at(BLE_NOTE_LOST, 0, &reason);
    ck_assert_uint_eq(at_ps, seen()->connect_end_ps + 45 * PS_PER_MS);
    ck_assert_uint_eq(reason, BLE_REASON_NOT_ESTABLISHED);
    FACT_IS("state", BLE_PEER_CLOSED);
    FACT_IS("reason", 0x3e);
    FACT_IS("events", 6);
    FACT_IS("answered", 0);
}
END_TEST

START_TEST(silent_link_ends_with_the_supervision_timeout)
{
    central_drifts(250000);
    other_side_is(PERIPHERAL_MUTE, 10, FOREVER);
    run_ms(400);
    uint32_t reason, event;
    uint64_t at_ps = note_at(BLE_NOTE_LOST, 0, &reason);
    uint64_t last_ps = note_at(BLE_NOTE_ANCHOR, 9, &event) + (80 + 150 + 80) * PS_PER_US;
    ck_assert_uint_eq(event, 9);
    /* 100 ms of a clock that runs fast by 250 ppm */
    ck_assert_uint_eq(at_ps - last_ps, (100 * PS_PER_MS * 1000000 + 1000249) / 1000250);
    ck_assert_uint_eq(reason, BLE_REASON_TIMEOUT);
    FACT_IS("answered", 10);
    FACT_IS("events", 10 + 13);
}
END_TEST

START_TEST(bad_crc_keeps_the_link_and_is_no_acknowledgement)
{
    other_side_is(PERIPHERAL_BAD_CRC, 4, 7);
    run_ms(200);
    FACT_IS("crc_errors", 3);
    FACT_IS("missed", 3);
    FACT_IS("retransmissions", 3);
    ck_assert_uint_eq(seen()->duplicates, 3);
    FACT_IS("state", BLE_PEER_ESTABLISHED);
}
END_TEST

START_TEST(bad_crcs_alone_establish_nothing)
{
    other_side_is(PERIPHERAL_BAD_CRC, 0, FOREVER);
    run_ms(200);
    FACT_IS("reason", 0x3e);
}
END_TEST

START_TEST(old_sn_is_a_duplicate)
{
    other_side_is(PERIPHERAL_OLD_SN, 4, 7);
    run_ms(200);
    ck_assert_uint_ge(fact("duplicates"), 3);
    FACT_IS("missed", 0);
}
END_TEST

START_TEST(unacknowledged_read_is_sent_again_octet_for_octet)
{
    central_does(4, "read");
    other_side_is(PERIPHERAL_NO_ACK, 4, 8);
    run_ms(200);
    FACT_IS("reads", 1);
    FACT_IS("retransmissions", 4);
    ck_assert_uint_eq(seen()->repeated_octets, 0); /* it never saw it as a duplicate */
}
END_TEST

START_TEST(more_data_goes_on_while_there_is_room)
{
    other_side_is(PERIPHERAL_MORE, 4, 5);
    run_ms(200);
    /* 460 us for an empty packet of each side; 310 us and two long ones must fit */
    uint64_t packets = fact("packets") - fact("events");
    ck_assert_uint_ge(packets, 13);
    ck_assert_uint_le(packets, 15);
    FACT_IS("missed", 0);
    ck_assert_uint_eq(seen()->late_max_ps, 0);
}
END_TEST

START_TEST(bad_pdu_is_counted_and_survived)
{
    other_side_is(PERIPHERAL_BAD_PDU, 4, 6);
    run_ms(200);
    FACT_IS("bad_pdus", 2);
    FACT_IS("connected", 1);
}
END_TEST

/* --- procedures ------------------------------------------------------------------------------- */

static const struct {
    const char *verb, *fact;
    uint64_t value;
} requests[] = {
    {"version", "version_seen", 0x0c},
    {"features", "features_seen", 0x4111},
    {"ping", "pings_seen", 1},
    {"length", "octets_seen", 31},
    {"mtu", "mtu", 23},
    {"read", "reads", 1},
    {"unknown", "unknown_seen", 1},
};

START_TEST(request_gets_its_answer)
{
    central_does(3, requests[_i].verb);
    run_ms(100);
    FACT_IS(requests[_i].fact, requests[_i].value);
    FACT_IS("procedures", _i < 4);
    FACT_IS("read_failures", 0);
    FACT_IS("plan_left", 0);
}
END_TEST

START_TEST(procedures_wait_for_one_another)
{
    for (int i = 0; i < 4; i++)
        central_does(3, requests[i].verb);
    run_ms(200);
    FACT_IS("procedures", 4);
    ck_assert_uint_eq(seen()->log_count, 4);
    ck_assert_uint_eq(seen()->log[0], BLE_VERSION_IND);
    ck_assert_uint_eq(seen()->log[3], BLE_LENGTH_REQ);
}
END_TEST

START_TEST(procedure_without_an_answer_ends_after_forty_seconds)
{
    central_does(3, "ping");
    other_side_is(PERIPHERAL_NO_CONTROL, 0, FOREVER);
    recorder.limit = 1000;
    run_ms(41000);
    FACT_IS("reason", BLE_REASON_PROCEDURE_TIMEOUT);
    FACT_IS("events", 3 + (40000000 + 7499) / 7500);
}
END_TEST

START_TEST(connection_update_holds_from_its_instant)
{
    central_drifts(250000);
    central_does(3, "connection_update");
    with("interval_us", 20000);
    with("timeout_ms", 500);
    with("window_offset_us", 3750);
    run_ms(1000);
    FACT_IS("interval_now_us", 20000);
    FACT_IS("procedures", 1);
    FACT_IS("missed", 0);
    ck_assert_uint_eq(seen()->interval_us, 20000);
    ck_assert_uint_eq(seen()->unheard, 0);
    ck_assert_uint_eq(seen()->late_max_ps, 0);
    ck_assert_uint_eq(seen()->early_max_ps, 0);
    uint32_t event;
    ck_assert_uint_ne(note_at(BLE_NOTE_INSTANT, 0, &event), TIME_NEVER);
    ck_assert_uint_eq(event, 3 + 7);
}
END_TEST

START_TEST(connection_update_on_its_instant_takes_this_anchor)
{
    central_does(3, "connection_update");
    with("interval_us", 10000);
    with("instant_in", 0);
    with("window_offset_us", 3750);
    run_ms(500);
    FACT_IS("missed", 0);
    ck_assert_uint_eq(seen()->unheard, 0);
    ck_assert_uint_eq(seen()->late_max_ps, 0);
}
END_TEST

START_TEST(update_of_the_past_is_sent_and_not_obeyed)
{
    central_does(3, "connection_update");
    with("interval_us", 10000);
    with("instant_ago", 2);
    run_ms(60);
    FACT_IS("interval_now_us", 7500);
    ck_assert_uint_eq(seen()->log[0], BLE_CONNECTION_UPDATE_IND);
    ck_assert_uint_eq(seen()->update.update.instant, 1);
}
END_TEST

START_TEST(channel_map_holds_from_its_instant)
{
    central_is("second_selection", _i);
    central_does(3, "channel_map");
    with("map", 0x3);
    with("instant_in", 9);
    run_ms(1000);
    FACT_IS("procedures", 1);
    FACT_IS("missed", 0);
    ck_assert_uint_eq(seen()->unheard, 0);
    ck_assert_uint_eq(seen()->map.used_count, 2);
}
END_TEST

static const struct {
    uint64_t to_peripheral, to_central, can; /* 0: unchanged, 1: 1M, 2: 2M */
    uint8_t in, out;
} phys[] = {
    {2, 2, 3, AIR_2M, AIR_2M},
    {2, 0, 3, AIR_2M, AIR_1M},
    {0, 2, 3, AIR_1M, AIR_2M},
    {2, 2, 1, AIR_1M, AIR_1M}, /* it cannot */
};

START_TEST(phy_changes_as_both_can)
{
    central_does(3, "phy");
    with("to_peripheral", phys[_i].to_peripheral);
    with("to_central", phys[_i].to_central);
    other_side()[P_PHYS] = phys[_i].can;
    run_ms(500);
    FACT_IS("procedures", 1);
    FACT_IS("missed", 0);
    ck_assert_uint_eq(seen()->unheard, 0);
    ck_assert_uint_eq(seen()->phy_in, phys[_i].in);
    ck_assert_uint_eq(seen()->phy_out, phys[_i].out);
    FACT_IS("phy", phys[_i].in);
}
END_TEST

/* Core Vol 6 Part C 1: LTK, SKD and IV of the sample data; LL_START_ENC_RSP1 is the first packet
 * that the central encrypts. */
START_TEST(encryption_gives_the_octets_of_the_specification)
{
    central_does(3, "encrypt");
    with("skd", UINT64_C(0xacbdcedfe0f10213));
    with("iv", 0xbadcab24);
    central_is("read_every", 5);
    run_ms(500);
    FACT_IS("encrypted", 1);
    FACT_IS("procedures", 1);
    FACT_IS("mic_errors", 0);
    ck_assert_uint_eq(seen()->first_encrypted_size, 5);
    ck_assert_mem_eq(seen()->first_encrypted, "\x9f\xcd\xa7\xf4\x48", 5);
    ck_assert_uint_ge(fact("reads"), 8);
    FACT_IS("read_failures", 0);
}
END_TEST

START_TEST(encryption_survives_lost_packets)
{
    central_does(30, "encrypt");
    central_is("read_every", 3);
    central_is("reconnect", true); /* the CONNECT_IND may be lost, too */
    scenario.air.loss_ppm = 150000;
    scenario.seed = (uint64_t)_i + 1;
    central_is("timeout_ms", 1000);
    run_ms(3000);
    FACT_IS("encrypted", 1);
    FACT_IS("mic_errors", 0);
    FACT_IS("connected", 1);
    ck_assert_uint_ge(fact("reads"), 30);
    ck_assert_uint_ge(fact("retransmissions"), 30);
}
END_TEST

START_TEST(bad_mic_ends_the_link_at_once)
{
    central_does(3, "encrypt");
    central_is("read_every", 5);
    other_side_is(PERIPHERAL_BAD_MIC, 20, FOREVER);
    run_ms(500);
    FACT_IS("mic_errors", 1);
    FACT_IS("reason", BLE_REASON_MIC_FAILURE);
}
END_TEST

START_TEST(refused_procedure_is_over)
{
    central_does(3, "encrypt");
    central_does(3, "ping");
    other_side_is(PERIPHERAL_REJECT, 0, FOREVER);
    run_ms(200);
    FACT_IS("refused", 2);
    FACT_IS("encrypted", 0);
    FACT_IS("unknown_seen", 1);
    FACT_IS("connected", 1);
}
END_TEST

START_TEST(terminate_is_over_when_acknowledged)
{
    central_does(5, "terminate");
    run_ms(200);
    FACT_IS("reason", BLE_REASON_LOCAL_HOST);
    FACT_IS("state", BLE_PEER_CLOSED);
    FACT_IS("events", 6); /* the answer in event 5 acknowledges it */
    ck_assert_uint_eq(seen()->log[0], BLE_TERMINATE_IND);
}
END_TEST

START_TEST(terminate_of_the_other_side_is_acknowledged)
{
    other_side_is(PERIPHERAL_LEAVE, 5, FOREVER);
    run_ms(200);
    FACT_IS("reason", BLE_REASON_REMOTE_USER);
    ck_assert(!seen()->unacked || seen()->size == 0);
    FACT_IS("events", 7);
}
END_TEST

START_TEST(lost_link_is_made_anew_if_wanted)
{
    central_is("reconnect", true);
    other_side_is(PERIPHERAL_MUTE, 0, FOREVER);
    run_ms(100);
    FACT_IS("reason", 0x3e);
    FACT_IS("state", BLE_PEER_SCANNING);
}
END_TEST

/* --- reads ------------------------------------------------------------------------------------ */

START_TEST(value_is_read_now_and_then)
{
    central_is("read_every", 10);
    central_is("value_size", 7);
    central_is("mtu", 50);
    run_ms(1000);
    ck_assert_uint_ge(fact("reads"), 12);
    ck_assert_uint_le(fact("reads"), 14);
    FACT_IS("read_failures", 0);
    FACT_IS("mtu", 23);
}
END_TEST

START_TEST(value_of_another_size_is_a_failure)
{
    central_is("read_every", 10);
    central_is("value_size", 8);
    run_ms(500);
    FACT_IS("reads", 0);
    ck_assert_uint_ge(fact("read_failures"), 5);
}
END_TEST

START_TEST(att_error_is_a_failure)
{
    central_is("read_every", 10);
    central_is("read_handle", 9);
    run_ms(300);
    FACT_IS("reads", 0);
    ck_assert_uint_ge(fact("read_failures"), 3);
}
END_TEST

/* --- the hostile central ---------------------------------------------------------------------- */

START_TEST(silence_keeps_counting_events)
{
    central_does(5, "silence");
    with("events", 4);
    run_ms(200);
    FACT_IS("silent_events", 4);
    FACT_IS("missed", 0);
    ck_assert_uint_eq(seen()->unheard, 4);
    ck_assert_uint_eq(seen()->late_max_ps, 0);
}
END_TEST

START_TEST(corrupt_packets_reach_the_other_side_so)
{
    central_does(5, "corrupt");
    with("packets", 3);
    run_ms(200);
    FACT_IS("corrupted", 3);
    ck_assert_uint_eq(seen()->bad_crcs, 3);
}
END_TEST

START_TEST(stopped_sn_repeats_the_same_packet)
{
    central_does(5, "read");
    central_does(5, "stop_sn");
    with("packets", 3);
    run_ms(200);
    FACT_IS("repeated", 3);
    ck_assert_uint_eq(seen()->duplicates, 3);
    FACT_IS("reads", 1);
}
END_TEST

START_TEST(stopped_nesn_makes_the_other_side_repeat)
{
    central_does(5, "stop_nesn");
    with("packets", 3);
    central_does(5, "ping");
    run_ms(200);
    FACT_IS("unacknowledged", 3);
    FACT_IS("pings_seen", 1);
}
END_TEST

START_TEST(reserved_llid_goes_out)
{
    central_does(5, "reserved_llid");
    run_ms(200);
    FACT_IS("plan_left", 0);
    FACT_IS("connected", 1);
}
END_TEST

START_TEST(control_pdu_of_any_size_goes_out)
{
    central_does(5, "unknown");
    with("opcode", 0x12);
    with("size", 27);
    run_ms(200);
    FACT_IS("unknown_seen", 1);
    ck_assert_uint_eq(seen()->log[0], 0x12);
}
END_TEST

/* --- the scanner ------------------------------------------------------------------------------ */

static void set_up_scanner(void)
{
    set_up();
    as_if_nothing_was_said(&scanner_peer);
    central_drifts(0);
}

START_TEST(passive_scanner_counts_by_channel)
{
    other_side()[P_ADV_CHANNELS] = true;
    run_ms(900); /* ten stays of 30 ms on each channel, 45 advertisements on each */
    FACT_IS("state", BLE_PEER_SCANNING);
    FACT_IS("on_37", 15);
    FACT_IS("on_38", 15);
    FACT_IS("on_39", 15);
    FACT_IS("advertisements", 45);
    FACT_IS("connectable", 45);
    FACT_IS("advertisers", 1);
    FACT_IS("interval_min_us", 20000);
    FACT_IS("interval_max_us", 20000);
    FACT_IS("requests", 0);
    ck_assert_uint_eq(seen()->scan_requests, 0);
}
END_TEST

START_TEST(scanner_hears_only_within_its_window)
{
    central_is("scan_interval_us", 60000);
    central_is("scan_window_us", 20000);
    run_ms(600); /* four stays on channel 37: at 0, 180, 360, 540 ms */
    FACT_IS("advertisements", 4);
    FACT_IS("interval_max_us", 0);
}
END_TEST

static const struct {
    enum peripheral_way way;
    int64_t offset_ps;
    uint32_t responses, late, early, crc_errors;
} responses[] = {
    {PERIPHERAL_EXACT, 0, 1, 0, 0, 0},         {PERIPHERAL_OFFSET, 2000000, 1, 0, 0, 0},
    {PERIPHERAL_OFFSET, 2000001, 0, 1, 0, 0},  {PERIPHERAL_OFFSET, -2000001, 0, 0, 1, 0},
    {PERIPHERAL_OFFSET, 20000000, 0, 1, 0, 0}, {PERIPHERAL_MUTE, 0, 0, 0, 0, 0},
    {PERIPHERAL_BAD_CRC, 0, 0, 0, 0, 1},       {PERIPHERAL_OLD_SN, 0, 0, 0, 0, 0},
};

START_TEST(active_scanner_asks_and_hears_at_t_ifs)
{
    central_is("active", true);
    central_is("scan_interval_us", 1000000);
    central_is("scan_window_us", 1000000);
    other_side_is(responses[_i].way, 0, FOREVER);
    other_side()[P_OFFSET] += (uint64_t)responses[_i].offset_ps;
    run_ms(199); /* ten advertisements */
    FACT_IS("advertisements", 10);
    FACT_IS("requests", 10);
    ck_assert_uint_eq(seen()->scan_requests, 10);
    ck_assert_uint_eq(seen()->connect_ifs_ps, BLE_T_IFS_PS);
    FACT_IS("responses", 10 * responses[_i].responses);
    FACT_IS("unanswered", 10 * !responses[_i].responses);
    FACT_IS("late", 10 * responses[_i].late);
    FACT_IS("early", 10 * responses[_i].early);
    FACT_IS("crc_errors", 10 * responses[_i].crc_errors);
}
END_TEST

/* --- notes ------------------------------------------------------------------------------------ */

START_TEST(notes_are_said_in_words)
{
    static const struct {
        uint32_t note, value;
        const char *text;
    } rows[] = {
        {BLE_NOTE_STATE, BLE_PEER_CREATED, "state created"},
        {BLE_NOTE_STATE, 99, "state 99"},
        {BLE_NOTE_LATE, 153001, "late 153.001 us"},
        {BLE_NOTE_LOST, 0x3e, "lost 0x3e"},
        {BLE_NOTE_PROCEDURE, BLE_PING_REQ, "procedure LL_PING_REQ"},
        {BLE_NOTE_ANCHOR, 7, "anchor 7"},
        {999, 7, "999 7"},
    };
    for (int i = 0; i < COUNT(rows); i++) {
        char text[40];
        ck_assert_str_eq(ble_note_text(rows[i].note, rows[i].value, text, sizeof text),
                         rows[i].text);
    }
    for (uint32_t note = 1; note < BLE_NOTES; note++)
        ck_assert_ptr_nonnull(ble_note_name(note));
    ck_assert_ptr_null(ble_note_name(BLE_NOTES));
    ck_assert_ptr_null(ble_note_name(0));
}
END_TEST

/* --- the suite -------------------------------------------------------------------------------- */

static TCase *case_of(Suite *suite, const char *name)
{
    TCase *t = tcase_create(name);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    suite_add_tcase(suite, t);
    return t;
}

static void add_link_tests(Suite *suite)
{
    TCase *t = case_of(suite, "link");
    tcase_add_test(t, connection_is_established_by_the_first_answer);
    tcase_add_test(t, connect_ind_comes_t_ifs_later_on_its_own_clock);
    tcase_add_test(t, connect_ind_says_what_the_scenario_says);
    tcase_add_test(t, advertisements_may_pass_and_channels_hop);
    tcase_add_loop_test(t, drawn_address_keeps_the_rules, 1, 20);
    tcase_add_loop_test(t, hundred_thousand_anchors_are_exact_and_on_their_channels, 0,
                        COUNT(anchors));
    tcase_add_test(t, jitter_stays_within_what_was_said);
    tcase_add_test(t, leap_moves_all_later_anchors);
    tcase_add_loop_test(t, answer_is_heard_within_two_microseconds, 0, COUNT(answers));
    tcase_add_test(t, tolerance_is_a_parameter);
    tcase_add_test(t, mute_peripheral_is_given_up_after_six_intervals);
    tcase_add_test(t, silent_link_ends_with_the_supervision_timeout);
    tcase_add_test(t, bad_crc_keeps_the_link_and_is_no_acknowledgement);
    tcase_add_test(t, bad_crcs_alone_establish_nothing);
    tcase_add_test(t, old_sn_is_a_duplicate);
    tcase_add_test(t, unacknowledged_read_is_sent_again_octet_for_octet);
    tcase_add_test(t, more_data_goes_on_while_there_is_room);
    tcase_add_test(t, bad_pdu_is_counted_and_survived);
}

static void add_procedure_tests(Suite *suite)
{
    TCase *t = case_of(suite, "procedures");
    tcase_add_loop_test(t, request_gets_its_answer, 0, COUNT(requests));
    tcase_add_test(t, procedures_wait_for_one_another);
    tcase_add_test(t, procedure_without_an_answer_ends_after_forty_seconds);
    tcase_add_test(t, connection_update_holds_from_its_instant);
    tcase_add_test(t, connection_update_on_its_instant_takes_this_anchor);
    tcase_add_test(t, update_of_the_past_is_sent_and_not_obeyed);
    tcase_add_loop_test(t, channel_map_holds_from_its_instant, 0, 2);
    tcase_add_loop_test(t, phy_changes_as_both_can, 0, COUNT(phys));
    tcase_add_test(t, encryption_gives_the_octets_of_the_specification);
    tcase_add_loop_test(t, encryption_survives_lost_packets, 0, 5);
    tcase_add_test(t, bad_mic_ends_the_link_at_once);
    tcase_add_test(t, refused_procedure_is_over);
    tcase_add_test(t, terminate_is_over_when_acknowledged);
    tcase_add_test(t, terminate_of_the_other_side_is_acknowledged);
    tcase_add_test(t, lost_link_is_made_anew_if_wanted);
    tcase_add_test(t, value_is_read_now_and_then);
    tcase_add_test(t, value_of_another_size_is_a_failure);
    tcase_add_test(t, att_error_is_a_failure);
}

static void add_hostile_tests(Suite *suite)
{
    TCase *t = case_of(suite, "hostile");
    tcase_add_test(t, silence_keeps_counting_events);
    tcase_add_test(t, corrupt_packets_reach_the_other_side_so);
    tcase_add_test(t, stopped_sn_repeats_the_same_packet);
    tcase_add_test(t, stopped_nesn_makes_the_other_side_repeat);
    tcase_add_test(t, reserved_llid_goes_out);
    tcase_add_test(t, control_pdu_of_any_size_goes_out);
    tcase_add_test(t, notes_are_said_in_words);
}

static void add_scanner_tests(Suite *suite)
{
    TCase *t = tcase_create("scanner");
    tcase_add_checked_fixture(t, set_up_scanner, tear_down);
    tcase_add_test(t, passive_scanner_counts_by_channel);
    tcase_add_test(t, scanner_hears_only_within_its_window);
    tcase_add_loop_test(t, active_scanner_asks_and_hears_at_t_ifs, 0, COUNT(responses));
    suite_add_tcase(suite, t);
}

int main(void)
{
    Suite *suite = suite_create("central");
    add_link_tests(suite);
    add_procedure_tests(suite);
    add_hostile_tests(suite);
    add_scanner_tests(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
