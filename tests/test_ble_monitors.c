/* test_ble_monitors.c: the judges of BLE: frames are put on the air by hand between a board's radio
 * (the peripheral) and a peer (the central); an honest connection breaks nothing, and each rule
 * breaks just beyond its bound and not just inside of it.
 */
#include "devices/catalogue.h"
#include "model/process.h"
#include "sim/ble/bits.h"
#include "sim/ble_expect.h"
#include "sim/machine_value.h"
#include "sim/monitors/ble_link.h"
#include "sim/verdict.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))
#define US PS_PER_US

enum { CLOCK = 0x40000000, RADIO = 0x40001000, RTC0 = 0x4000b000, CCM = 0x4000f000 };
enum { PPI = 0x4001f000, BUFFER = 0x20000100, OTHER_BUFFER = 0x20000200 };
enum { INTERVAL = 24, TIMEOUT = 100, HOP = 9, PPM_CLASS = 5, ADDRESS_US = 40 };
static const uint32_t access_address = 0x71764129, crc_init = 0x17a2b3;
static const uint64_t interval_ps = INTERVAL * BLE_UNIT_PS;

/* ---- the board and the peer */

static bool never_hears(struct device *d, const struct air_frame *frame, enum air_moment moment)
{
    (void)d, (void)frame, (void)moment;
    return false;
}

static const uint8_t long_term_key[16] = {0x4c, 0x68, 0x38, 0x41, 0x39, 0xf5, 0x74, 0xd8,
                                          0x36, 0xbc, 0xf3, 0x4e, 0x9d, 0xfb, 0x01, 0xbf};

static void tell_key(const struct peer_plan *plan, uint8_t key[16])
{
    (void)plan;
    memcpy(key, long_term_key, sizeof long_term_key);
}

static const struct peer_type peer = {.type = {.name = "by hand", .on_air = never_hears},
                                      .about = "a station that does nothing",
                                      .long_term_key = tell_key};
static const struct peer_type secretive_peer = {.type = {.name = "by hand", .on_air = never_hears},
                                                .about = "a station that tells nobody its key"};

static struct scenario scenario;
static struct hw *hw;
static uint32_t radio, central, ccm;

static int by_address(const void *a, const void *b)
{
    const struct board_device *x = a, *y = b;
    return x->window.base < y->window.base ? -1 : x->window.base > y->window.base;
}

static void add_device(const char *name, const struct device_type *type, uint32_t base)
{
    struct board *board = &scenario.board;
    struct board_device *d = &board->devices[board->device_count++];
    *d = (struct board_device){.window = {base, 0x1000},
                               .type = type,
                               .alias_of = BOARD_NONE,
                               .line = BOARD_NONE,
                               .endpoint = BOARD_NONE};
    memcpy(d->name, name, strlen(name) + 1);
    scenario.config.claims[scenario.config.claim_count++] = d->window;
}

static struct device *device_at(uint32_t base)
{
    return machine_device(hw->m, board_device_at(&scenario.board, base));
}

static void set_register(uint32_t address, uint32_t value)
{
    struct device *d = device_at(address);
    device_values(d)[device_row_at(d, address & 0xfff)] = value;
}

static void make_scenario(void)
{
    support_scenario(&scenario, 1, &support_waits, NULL);
    add_device("CLOCK", &nrf52_clock_power.type, CLOCK);
    add_device("RADIO", &nrf52_radio.type, RADIO);
    add_device("RTC0", &nrf52_rtc.type, RTC0);
    add_device("CCM", &nrf52_ccm.type, CCM);
    add_device("PPI", &nrf52_ppi, PPI);
    qsort(scenario.board.devices, scenario.board.device_count, sizeof scenario.board.devices[0],
          by_address);
    scenario.peer_count = 1;
    scenario.peers[0] = (struct scenario_peer){.name = "central", .type = &peer};
    scenario.until_ps = 1000 * PS_PER_S;
}

static void boot(void)
{
    hw = support_boot(&scenario, NULL);
    for (int i = 0; i < 1000 && hw->m->mode != CPU_SLEEP; i++)
        machine_step(hw);
    radio = board_device_at(&scenario.board, RADIO);
    ccm = board_device_at(&scenario.board, CCM);
    central = scenario.board.device_count;
    set_register(CLOCK + 0x40c, 0x10001);
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
}

static void tear_down(void)
{
    support_free(hw);
}

static void add(uint64_t at_ps, unsigned kind, uint32_t address, uint64_t value)
{
    if (at_ps > hw->m->now_ps)
        hw->m->now_ps = at_ps;
    support_trace(hw, kind, PROCESS_NONE, address, value);
}

/* ---- what holds for the connection */

struct side {
    bool sn, nesn, unacked;
    uint8_t payload; /* of the packet that is under way: 0: empty */
    const struct ble_control *control, *next_control; /* the same; of the one after; NULL: none */
    uint64_t counter;                                 /* of the next encrypted packet */
};

static struct {
    struct side c, p;
    uint16_t latency;
    uint64_t connect_ps, anchor_ps;
    uint64_t map;
    int64_t off_ps;         /* added to the next answer's time */
    uint8_t header_xor;     /* of the next answer's header */
    int32_t listen_late_ps; /* of the next window */
    uint16_t listen_mhz_add;
    int32_t send_mhz_add;
    bool unwritten;
    bool csa2, encrypted;
    uint8_t phy[BLE_SIDES], listen_phy_xor; /* by sender */
    struct ble_link_key key;
} l;

/* ---- the air by hand */

enum fate { COMES, BAD_CRC, LOST, DEAF };

static struct air_frame frame_of(const uint8_t *pdu, uint32_t size, uint16_t mhz, uint32_t aa,
                                 uint32_t init, uint64_t start_ps)
{
    struct air_frame f = {.start_ps = start_ps, .mhz = mhz, .size = (uint16_t)(4 + size + 3)};
    for (int i = 0; i < 4; i++)
        f.bytes[i] = (uint8_t)(aa >> 8 * i);
    memcpy(f.bytes + 4, pdu, size);
    ble_crc(init, pdu, size, f.bytes + 4 + size);
    ble_whiten(ble_mhz_channel(mhz), f.bytes + 4, size + 3);
    return f;
}

static void tune(uint64_t at_ps, uint16_t mhz)
{
    struct air *air = &hw->m->air;
    uint8_t phy = l.phy[BLE_CENTRAL] ^ l.listen_phy_xor;
    for (uint32_t i = 0; i < air->station_count; i++)
        if (air->stations[i].device == radio)
            air->stations[i].tuning = (struct air_tuning){
                .since_ps = at_ps, .mhz = mhz, .phy = phy, .listening = mhz != 0};
    add(at_ps, mhz ? EVENT_AIR_LISTEN : EVENT_AIR_DEAF, mhz | (uint32_t)phy << 16, radio);
}

static bool forged;      /* the scenario's air has made, changed or moved the next frame */
static uint64_t deaf_ps; /* the receiver closes then, while a frame is under way; 0: no */

/* From its first bit to its last, with what the other station makes of it. When it ended. */
static uint64_t fly(uint32_t from, const struct air_frame *f, enum fate fate)
{
    uint32_t to = from == radio ? central : radio, aa = air_access_address(f);
    uint64_t end = air_end_ps(f);
    hw->m->air.flights[0] = (struct air_flight){.frame = *f,
                                                .cut_ps = TIME_NEVER,
                                                .clash_ps = TIME_NEVER,
                                                .device = from,
                                                .forged = forged,
                                                .used = true,
                                                .started = true};
    forged = false;
    add(f->start_ps, EVENT_AIR_START, aa, air_value(from, 0, f->mhz));
    if (from == radio) {
        add(0, EVENT_DMA_READ, BUFFER, pair(3, radio));
        set_register(RADIO + 0x504, BUFFER);
    }
    if (fate == LOST || fate == DEAF) {
        add(air_address_ps(f), EVENT_AIR_MISSED, aa,
            air_value(to, 0, fate == LOST ? AIR_MISS_LOST : AIR_MISS_DEAF));
    } else {
        add(air_address_ps(f), EVENT_AIR_HEARD, aa, air_value(to, 0, 0));
        add(end, EVENT_AIR_RECEIVED, aa, air_value(to, 0, fate == BAD_CRC));
        if (to == radio)
            set_register(RADIO + 0x400, fate == COMES);
    }
    if (deaf_ps)
        tune(deaf_ps, 0);
    deaf_ps = 0;
    add(end, EVENT_AIR_END, aa, air_value(from, 0, 0));
    return end;
}

/* Something new stands in the buffer that the radio sends, by a CCM's hand. */
static void write_buffer(uint8_t octet)
{
    *machine_ram_at(hw->m, (struct span){BUFFER, 1}) = octet;
    add(0, EVENT_DMA_WRITE, BUFFER, pair(3, ccm));
}

/* ---- a connection by the rules */

static uint16_t mhz_of(uint32_t event)
{
    struct ble_channel_map map = ble_channel_map_make(l.map);
    unsigned channel =
        l.csa2 ? ble_csa2_channel(&map, (uint16_t)event, ble_csa2_identifier(access_address))
               : ble_csa1_channel(&map, ble_csa1_unmapped(0, HOP, event + 1));
    return (uint16_t)ble_channel_mhz(channel);
}

static uint64_t anchor_of(uint32_t event)
{
    return l.anchor_ps + event * interval_ps;
}

static void advertise_and_connect(void)
{
    uint8_t pdu[BLE_ADV_PDU_MAX];
    struct ble_adv adv = {.type = BLE_ADV_IND, .ch_sel = l.csa2, .address = {1, 2, 3, 4, 5, 6}};
    struct ble_connect with = {.advertiser = {1, 2, 3, 4, 5, 6},
                               .ch_sel = l.csa2,
                               .access_address = access_address,
                               .crc_init = crc_init,
                               .window_size = 1,
                               .interval = INTERVAL,
                               .latency = l.latency,
                               .timeout = TIMEOUT,
                               .channels = l.map,
                               .hop = HOP,
                               .sca = PPM_CLASS};
    uint32_t size = (uint32_t)ble_adv_write(&adv, pdu);
    struct air_frame f =
        frame_of(pdu, size, 2402, BLE_ADVERTISING_ADDRESS, BLE_ADVERTISING_CRC_INIT, 2 * PS_PER_MS);
    write_buffer(0);
    uint64_t end = fly(radio, &f, COMES);
    size = (uint32_t)ble_connect_write(&with, pdu);
    f = frame_of(pdu, size, 2402, BLE_ADVERTISING_ADDRESS, BLE_ADVERTISING_CRC_INIT,
                 end + BLE_T_IFS_PS);
    l.connect_ps = fly(central, &f, COMES);
    l.anchor_ps = l.connect_ps + BLE_WINDOW_DELAY_PS + 300 * US;
}

static void start_with(uint16_t latency)
{
    memset(&l, 0, sizeof l);
    l.map = BLE_CHANNELS_ALL;
    l.latency = latency;
    make_scenario();
}

static void set_up(void)
{
    start_with(0);
}

static void connect(void)
{
    boot();
    advertise_and_connect();
}

/* The payload of the packet under way, as it goes out. Its size. */
static uint32_t put_payload(uint32_t from, struct side *s, uint8_t header, uint8_t *out)
{
    enum ble_direction direction = from == central ? BLE_TO_PERIPHERAL : BLE_TO_CENTRAL;
    size_t size = s->payload > 0;
    out[0] = s->payload;
    if (s->control)
        size = ble_control_write(s->control, out);
    if (!l.encrypted || size == 0)
        return (uint32_t)size;
    s->counter += !s->unacked;
    return (uint32_t)ble_ccm_encrypt(&l.key, s->counter - 1, direction, header, out, size, out);
}

static uint64_t send(uint32_t from, struct side *s, uint16_t mhz, uint64_t at_ps, enum fate fate,
                     uint8_t header_xor)
{
    uint8_t pdu[2 + BLE_CONTROL_SIZE_MAX + BLE_MIC_SIZE] = {0};
    struct ble_data_header header = {.llid = s->control   ? BLE_LLID_CONTROL
                                             : s->payload ? BLE_LLID_START
                                                          : BLE_LLID_CONTINUE,
                                     .nesn = s->nesn,
                                     .sn = s->sn};
    ble_data_header_write(header, pdu);
    header.size = (uint8_t)put_payload(from, s, pdu[0], pdu + 2);
    ble_data_header_write(header, pdu);
    pdu[0] ^= header_xor;
    if (from == radio && !l.unwritten)
        write_buffer((uint8_t)(pdu[0] + pdu[2]));
    struct air_frame f = frame_of(pdu, 2u + header.size, mhz, access_address, crc_init, at_ps);
    f.phy = l.phy[from == central ? BLE_CENTRAL : BLE_PERIPHERAL];
    s->unacked = true;
    return fly(from, &f, fate);
}

/* What a side makes of a packet with a good CRC. */
static void take(struct side *s, const struct side *from, uint8_t next)
{
    if (from->sn == s->nesn)
        s->nesn = !s->nesn;
    if (from->nesn != s->sn && s->unacked) {
        s->sn = !s->sn;
        s->unacked = false;
        s->payload = next;
        s->control = s->next_control;
        s->next_control = NULL;
    }
}

/* One event: the receiver opens, the central sends, the peripheral answers. */
static void event(uint32_t n, enum fate down, enum fate up, uint8_t next)
{
    uint64_t anchor = anchor_of(n);
    uint16_t mhz = mhz_of(n), here = (uint16_t)(mhz + l.listen_mhz_add);
    if (down != DEAF)
        tune(anchor - 400 * US + (uint64_t)(int64_t)l.listen_late_ps, here);
    uint64_t end = send(central, &l.c, mhz, anchor, down, 0);
    if (down != DEAF)
        tune(end + (down == LOST ? 2000 * US : 0), 0);
    if (down == LOST || down == DEAF)
        return;
    if (down == COMES)
        take(&l.p, &l.c, next);
    send(radio, &l.p, (uint16_t)(mhz + l.send_mhz_add), end + BLE_T_IFS_PS + (uint64_t)l.off_ps, up,
         l.header_xor);
    if (up == COMES)
        take(&l.c, &l.p, next);
}

static void good_events(uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n < to; n++)
        event(n, COMES, COMES, 0);
}

static bool broke(enum rule rule)
{
    const struct verdict *kept;
    uint32_t count = machine_verdicts(hw->m, &kept);
    char text[VERDICT_TEXT_MAX];
    for (uint32_t i = 0; i < count; i++) {
        verdict_describe(&scenario, &kept[i], text, sizeof text);
        ck_assert_msg(kept[i].rule == rule, "%s broke at %llu us: %s", rule_rows[kept[i].rule].id,
                      (unsigned long long)(kept[i].at_ps / US), text);
    }
    return count > 0;
}

static const struct ble_connection_facts *facts(void)
{
    const struct ble_connection_facts *f = ble_connection(hw->m, 0);
    ck_assert_ptr_nonnull(f);
    return f;
}

/* ---- an honest connection */

START_TEST(honest_connection_breaks_nothing_over_1000_events)
{
    struct random random = random_start(1 + (uint64_t)_i, 7);
    uint32_t skipped = 0;
    start_with(3);
    connect();
    for (uint32_t n = 0; n < 1000; n++) {
        uint64_t drawn = random_below(&random, 100);
        bool skips = n > 3 && drawn < 40 && skipped < 3;
        enum fate down = skips ? DEAF : drawn < 50 ? LOST : drawn < 60 ? BAD_CRC : COMES;
        enum fate up = random_below(&random, 10) == 0 ? LOST
                       : random_below(&random, 10)    ? COMES
                                                      : BAD_CRC;
        skipped = skips ? skipped + 1 : 0;
        event(n, n < 3 ? COMES : down, n < 3 ? COMES : up, (uint8_t)random_below(&random, 3));
    }
    machine_finish(hw);
    ck_assert(!broke(RULE_NUMBER));
    const struct ble_connection_facts *f = facts();
    ck_assert_uint_eq(f->events, 1000);
    ck_assert_uint_eq(f->missed, 0);
    ck_assert_uint_eq(f->late, 0);
    ck_assert_uint_eq(f->unlistened, 0);
    ck_assert_uint_eq(f->answered + f->skipped + f->lost, f->events);
    ck_assert_uint_gt(f->skipped, 100);
    ck_assert_uint_gt(f->lost, 30);
    ck_assert_uint_gt(f->retransmissions[BLE_PERIPHERAL], 5);
    ck_assert_uint_eq(f->sequence_faults[BLE_CENTRAL] + f->channel_faults[BLE_CENTRAL], 0);
    ck_assert_uint_eq(f->state[BLE_CENTRAL], BLE_STATE_CONNECTED);
    ck_assert_uint_eq(f->state[BLE_PERIPHERAL], BLE_STATE_CONNECTED);
    ck_assert_int_eq(f->ifs[BLE_PERIPHERAL].min_ps, 2 * US);
}
END_TEST

/* ---- one answer that is wrong, or just not */

static const struct {
    const char *why;
    enum rule rule; /* RULE_NUMBER: none */
    int64_t off_ps;
    int32_t send_mhz_add;
    uint16_t listen_mhz_add;
    uint8_t header_xor;
    enum fate up_before, down, up; /* the event before, and this one */
    bool unwritten;
} answers[] = {
    {"2 us late", RULE_NUMBER, 2 * US, 0, 0, 0, COMES, COMES, COMES, false},
    {"2 us and a bit late", RULE_BLE_IFS, 2 * US + 1, 0, 0, 0, COMES, COMES, COMES, false},
    {"2 us early", RULE_NUMBER, -2 * (int64_t)US, 0, 0, 0, COMES, COMES, COMES, false},
    {"2 us and a bit early", RULE_BLE_IFS, -2 * (int64_t)US - 1, 0, 0, 0, COMES, COMES, COMES,
     false},
    {"another channel", RULE_BLE_CHANNEL, 0, 2, 0, 0, COMES, COMES, COMES, false},
    {"a new SN unacknowledged", RULE_BLE_SEQUENCE, 0, 0, 0, 8, LOST, COMES, COMES, false},
    {"the old SN acknowledged", RULE_BLE_SEQUENCE, 0, 0, 0, 8, COMES, COMES, COMES, false},
    {"a new packet not acknowledged: lawful", RULE_NUMBER, 0, 0, 0, 4, COMES, COMES, COMES, false},
    {"a bad CRC acknowledged", RULE_BLE_SEQUENCE, 0, 0, 0, 4, COMES, BAD_CRC, COMES, false},
    {"MD says something else: lawful", RULE_NUMBER, 0, 0, 0, 16, COMES, COMES, COMES, false},
    {"an LLID that there is not", RULE_BLE_SEQUENCE, 0, 0, 0, 1, COMES, COMES, COMES, false},
    {"other data under the same SN", RULE_BLE_SEQUENCE, 0, 0, 0, 3, LOST, COMES, COMES, false},
    {"an old buffer", RULE_BLE_STALE_BUFFER, 0, 0, 0, 0, COMES, COMES, COMES, true},
    {"the same again, not acknowledged", RULE_NUMBER, 0, 0, 0, 0, LOST, COMES, COMES, true},
};

START_TEST(answer_is_judged_just_beyond_its_bound)
{
    connect();
    good_events(0, 5);
    event(5, COMES, answers[_i].up_before, 0);
    l.off_ps = answers[_i].off_ps;
    l.send_mhz_add = answers[_i].send_mhz_add;
    l.header_xor = answers[_i].header_xor;
    l.unwritten = answers[_i].unwritten;
    event(6, answers[_i].down, answers[_i].up, 0);
    ck_assert_msg(broke(answers[_i].rule) == (answers[_i].rule != RULE_NUMBER), "%s",
                  answers[_i].why);
}
END_TEST

START_TEST(same_bytes_written_anew_are_no_old_buffer)
{
    connect();
    good_events(0, 6);
    event(6, COMES, COMES, 0);
    add(0, EVENT_DMA_WRITE, BUFFER, pair(3, ccm));
    l.unwritten = true;
    event(7, COMES, COMES, 0);
    ck_assert(!broke(RULE_NUMBER));
}
END_TEST

START_TEST(what_came_in_is_nothing_to_send)
{
    connect();
    good_events(0, 6);
    add(0, EVENT_DMA_WRITE, BUFFER, pair(3, radio)); /* received there */
    *machine_ram_at(hw->m, (struct span){BUFFER, 1}) = 0x55;
    l.unwritten = true;
    event(6, COMES, COMES, 0);
    ck_assert(broke(RULE_BLE_STALE_BUFFER));
}
END_TEST

/* The central has room for nothing, but says something new itself. */
START_TEST(repetition_that_passes_over_a_new_packet_is_old)
{
    connect();
    good_events(0, 7);
    l.c.nesn = !l.c.nesn;
    l.header_xor = _i ? 0x04 : 0; /* NESN as before */
    l.unwritten = _i;
    event(7, COMES, COMES, 0);
    ck_assert(broke(RULE_BLE_STALE_BUFFER) == (_i == 1));
}
END_TEST

START_TEST(packet_that_answers_nothing_breaks_ifs)
{
    connect();
    good_events(0, 6);
    event(6, LOST, COMES, 0);
    send(radio, &l.p, mhz_of(6), anchor_of(6) + 3000 * US, COMES, 0);
    ck_assert(broke(RULE_BLE_IFS));
}
END_TEST

START_TEST(second_bad_crc_in_a_row_is_not_answered)
{
    connect();
    good_events(0, 6);
    event(6, BAD_CRC, COMES, 0);
    ck_assert(!broke(RULE_NUMBER));
    uint64_t again = hw->m->now_ps + BLE_T_IFS_PS;
    uint64_t end = send(central, &l.c, mhz_of(6), again, BAD_CRC, 0);
    send(radio, &l.p, mhz_of(6), end + BLE_T_IFS_PS, COMES, 0);
    ck_assert(broke(RULE_BLE_SEQUENCE));
}
END_TEST

START_TEST(crc_that_only_the_radio_finds_bad_may_be_repeated)
{
    connect();
    good_events(0, 6);
    uint64_t anchor = anchor_of(6);
    struct side before = l.p;
    tune(anchor - 400 * US, mhz_of(6));
    uint64_t end = send(central, &l.c, mhz_of(6), anchor, COMES, 0);
    set_register(RADIO + 0x400, 0);
    l.p = before;
    l.p.unacked = true;
    send(radio, &l.p, mhz_of(6), end + BLE_T_IFS_PS, COMES, 0);
    ck_assert(!broke(RULE_NUMBER));
}
END_TEST

/* What it has for an event comes too late to be sent, and somebody on the way turns NESN round. */
START_TEST(packet_that_was_never_sent_may_be_acknowledged)
{
    connect();
    good_events(0, 7);
    tune(anchor_of(7) - 400 * US, mhz_of(7));
    send(central, &l.c, mhz_of(7), anchor_of(7), COMES, 0);
    take(&l.p, &l.c, 0);
    l.p.unacked = true;
    l.c.nesn = !l.c.nesn;
    event(8, COMES, COMES, 0x77);
    ck_assert(!broke(RULE_BLE_SEQUENCE));
}
END_TEST

START_TEST(bad_peer_breaks_nothing_and_is_counted)
{
    connect();
    good_events(0, 6);
    l.c.sn = !l.c.sn;
    event(6, COMES, COMES, 0);
    ck_assert(!broke(RULE_NUMBER));
    ck_assert_uint_gt(facts()->sequence_faults[BLE_CENTRAL], 0);
}
END_TEST

/* ---- procedures and the end */

/* The central sends a control PDU in this event; the peripheral acknowledges it. */
static void control(uint32_t n, const struct ble_control *what)
{
    l.c.control = what;
    event(n, COMES, COMES, 0);
}

START_TEST(new_map_holds_from_its_instant_on)
{
    const struct ble_control map = {.opcode = BLE_CHANNEL_MAP_IND, .map = {0xff, 10}};
    connect();
    good_events(0, 4);
    control(4, &map);
    good_events(5, 10);
    if (_i == 0)
        l.map = 0xff;
    good_events(10, 14);
    ck_assert(broke(RULE_BLE_CHANNEL) == (_i == 1));
}
END_TEST

START_TEST(map_of_this_very_event_holds_from_the_next_one_on)
{
    const struct ble_control map = {.opcode = BLE_CHANNEL_MAP_IND, .map = {0xff, 4}};
    connect();
    good_events(0, 4);
    control(4, &map);
    ck_assert(!broke(RULE_NUMBER));
    if (_i == 0)
        l.map = 0xff;
    good_events(5, 9);
    ck_assert(broke(RULE_BLE_CHANNEL) == (_i == 1));
}
END_TEST

static uint16_t mhz_by(uint64_t channels, uint32_t event)
{
    const struct ble_plan plan = {.hop = HOP, .map = ble_channel_map_make(channels)};
    return ble_plan_mhz(&plan, event);
}

/* The first one has come so late that its instant is this event, and the next one behind it. */
START_TEST(two_maps_in_one_event_hold_one_after_the_other)
{
    const uint64_t maps[3] = {3, 0xc, 0x30}; /* no channel is in two of them */
    struct ble_plan plan = {.hop = HOP, .map = ble_channel_map_make(maps[0])};
    boot();
    for (uint32_t i = 1; i < 3; i++) {
        const struct ble_control map = {.opcode = BLE_CHANNEL_MAP_IND,
                                        .map = {maps[i], (uint16_t)(i == 1 ? 17 : 20)}};
        ck_assert(ble_plan_control(&plan, &map, 17));
    }
    ck_assert_uint_eq(ble_plan_mhz(&plan, 17), mhz_by(maps[0], 17));
    ck_assert_uint_eq(ble_plan_mhz(&plan, 18), mhz_by(maps[1], 18));
    ck_assert_uint_eq(ble_plan_mhz(&plan, 19), mhz_by(maps[1], 19));
    ck_assert_uint_eq(ble_plan_mhz(&plan, 20), mhz_by(maps[2], 20));
}
END_TEST

/* It listens where the new map says as soon as it has it. */
START_TEST(map_of_the_next_event_is_listened_for_there)
{
    const struct ble_control map = {.opcode = BLE_CHANNEL_MAP_IND, .map = {0xff, 5}};
    connect();
    good_events(0, 4);
    control(4, &map);
    l.map = 0xff;
    tune(anchor_of(5) - 400 * US, mhz_of(5));
    send(central, &l.c, mhz_of(5), anchor_of(5), LOST, 0);
    tune(anchor_of(5) + 2000 * US, 0);
    good_events(6, 9);
    ck_assert(!broke(RULE_NUMBER));
    ck_assert_uint_eq(facts()->unlistened, 0);
}
END_TEST

/* 0: it has no room for the PDU yet, and acknowledges it only in the next event, too late. 1: it
 * has, and goes on too long. */
START_TEST(control_pdu_counts_once_it_is_acknowledged)
{
    const struct ble_control map = {.opcode = BLE_CHANNEL_MAP_IND, .map = {BLE_CHANNELS_ALL, 2}};
    connect();
    good_events(0, 4);
    l.c.control = &map;
    l.header_xor = _i ? 0 : 0x04; /* NESN as before */
    event(4, COMES, COMES, 0);
    l.header_xor = 0;
    ck_assert_uint_eq(facts()->state[BLE_PERIPHERAL],
                      _i ? BLE_STATE_INSTANT_PASSED : BLE_STATE_CONNECTED);
}
END_TEST

/* The central moves its anchors without a word, or asks for an interval that there is none of: it
 * may count events otherwise, and the peripheral is not to blame for where it meets it. */
START_TEST(lawless_central_is_no_fault_of_the_peripheral)
{
    const struct ble_control wrong = {.opcode = BLE_CONNECTION_UPDATE_IND,
                                      .update = {1, 0, 2, 0, TIMEOUT, 20}};
    connect();
    good_events(0, 4);
    if (_i == 1)
        l.anchor_ps += 3 * PS_PER_MS;
    if (_i == 2)
        control(4, &wrong);
    ck_assert(!broke(RULE_NUMBER));
    good_events(5, 6);
    l.send_mhz_add = 2;
    event(6, COMES, COMES, 0);
    ck_assert(broke(RULE_BLE_CHANNEL) == (_i == 0));
    ck_assert_uint_eq(facts()->lawless, _i > 0);
}
END_TEST

/* Further packets in event 4, until a bit before event 5. */
static void talk_on(void)
{
    while (machine_now_ps(hw->m) + 500 * US < anchor_of(5)) {
        uint64_t at_ps = machine_now_ps(hw->m) + BLE_T_IFS_PS;
        tune(at_ps - 20 * US, mhz_of(4));
        uint64_t end_ps = send(central, &l.c, mhz_of(4), at_ps, COMES, 0);
        take(&l.p, &l.c, 0);
        send(radio, &l.p, mhz_of(4), end_ps + BLE_T_IFS_PS, COMES, 0);
        take(&l.c, &l.p, 0);
    }
}

/* It begins an event T_IFS behind the last word of the one before (0), or sooner (1); while it
 * still speaks (2), or so soon behind a word of its own that the answer may be under way (3). */
START_TEST(central_that_leaves_an_event_which_goes_on_is_lawless)
{
    static const uint32_t behind_us[] = {151, 149, 280, 299};
    connect();
    good_events(0, 4);
    event(4, COMES, COMES, 0);
    talk_on();
    uint64_t last_ps = machine_now_ps(hw->m);
    tune(last_ps + 10 * US, mhz_of(5));
    if (_i == 2)
        add(last_ps + BLE_T_IFS_PS, EVENT_AIR_START, access_address,
            air_value(central, 0, mhz_of(4)));
    if (_i == 3)
        last_ps = send(central, &l.c, mhz_of(4), last_ps + BLE_T_IFS_PS, LOST, 0);
    uint64_t next_ps = last_ps + behind_us[_i] * US;
    send(central, &l.c, mhz_of(5), next_ps, LOST, 0);
    l.anchor_ps += next_ps - anchor_of(5);
    event(6, COMES, COMES, 0);
    ck_assert_uint_eq(facts()->lawless, _i > 0);
    ck_assert_uint_eq(facts()->adrift, _i > 0);
    ck_assert(!broke(RULE_NUMBER));
}
END_TEST

/* A map that the scenario's air has put into the central's mouth: it goes on where it was, and
 * where the peripheral is then, and when, is not judged. Its answers are. 0: the map was the
 * central's own; 3: it goes by what it never said, and so the peripheral has to. */
START_TEST(packet_that_the_air_has_forged_binds_who_goes_by_it)
{
    const struct ble_control map = {.opcode = BLE_CHANNEL_MAP_IND, .map = {0xff, 6}};
    const bool astray = _i == 1 || _i == 2;
    connect();
    good_events(0, 4);
    forged = _i > 0;
    control(4, &map);
    good_events(5, 6);
    ck_assert(!broke(RULE_NUMBER) && !ble_is_astray(facts()));
    l.map = _i == 3 ? 0xff : l.map;
    l.off_ps = _i == 2 ? 3 * (int64_t)US : 0;
    l.send_mhz_add = _i == 3 ? 2 : 0;
    event(6, COMES, COMES, 0);
    l.off_ps = 0, l.send_mhz_add = 0;
    ck_assert_uint_eq(ble_is_astray(facts()), astray);
    ck_assert(_i == 2 ? broke(RULE_BLE_IFS) : broke(RULE_BLE_CHANNEL) == (_i != 1));
    event(7, DEAF, COMES, 0);
    good_events(8, 9);
    ck_assert_uint_eq(facts()->unlistened, !astray);
    event(9 + 4 * TIMEOUT, COMES, COMES, 0);
    ck_assert_uint_eq(facts()->state[BLE_PERIPHERAL],
                      astray ? BLE_STATE_CONNECTED : BLE_STATE_TIMED_OUT);
}
END_TEST

/* An update that the air brings in the place of a packet which comes again: the peripheral goes by
 * it, three of its intervals are five of the central's, and each has another number for the event
 * in which they meet. */
START_TEST(sides_that_meet_in_two_events_are_adrift)
{
    const struct ble_control update = {.opcode = BLE_CONNECTION_UPDATE_IND,
                                       .update = {1, 0, INTERVAL * 5 / 3, 0, TIMEOUT, 6}};
    connect();
    good_events(0, 4);
    event(4, LOST, COMES, 0);
    forged = _i > 0;
    l.c.control = _i > 0 ? &update : NULL;
    good_events(5, 7);
    for (uint32_t n = 7; n < 11; n++)
        event(n, DEAF, COMES, 0);
    ck_assert(!ble_is_astray(facts()));
    event(11, COMES, COMES, 0);
    ck_assert_uint_eq(facts()->adrift, _i > 0);
    ck_assert(!broke(RULE_NUMBER));
    l.send_mhz_add = 2;
    event(12, COMES, COMES, 0);
    ck_assert(broke(RULE_BLE_CHANNEL) == (_i == 0));
}
END_TEST

/* It starts encryption out of its turn: what follows may be readable to one side only. */
START_TEST(encryption_out_of_turn_is_lawless)
{
    static const struct ble_control wrong[] = {{.opcode = BLE_START_ENC_REQ},
                                               {.opcode = BLE_ENC_RSP},
                                               {.opcode = BLE_START_ENC_RSP},
                                               {.opcode = BLE_ENC_REQ}};
    connect();
    good_events(0, 4);
    control(4, &wrong[_i]);
    ck_assert(!broke(RULE_NUMBER));
    ck_assert_uint_eq(facts()->lawless, _i < 3);
}
END_TEST

START_TEST(update_moves_anchors_from_its_instant_on)
{
    const struct ble_control update = {.opcode = BLE_CONNECTION_UPDATE_IND,
                                       .update = {2, 4, INTERVAL, 0, TIMEOUT, 10}};
    connect();
    good_events(0, 4);
    control(4, &update);
    good_events(5, 10);
    l.anchor_ps += 4 * BLE_UNIT_PS + 700 * US;
    l.listen_late_ps = -800 * (int32_t)US; /* the window begins 700 us before the anchor */
    event(10, COMES, COMES, 0);
    l.listen_late_ps = 0;
    good_events(11, 20);
    machine_finish(hw);
    ck_assert(!broke(RULE_NUMBER));
    ck_assert_uint_eq(facts()->unlistened, 0);
    ck_assert_uint_eq(facts()->answered, 20);
}
END_TEST

static const struct ble_control late[] = {
    {.opcode = BLE_CHANNEL_MAP_IND, .map = {BLE_CHANNELS_ALL, 2}},
    {.opcode = BLE_CONNECTION_UPDATE_IND, .update = {1, 0, INTERVAL, 0, TIMEOUT, 2}},
    {.opcode = BLE_PHY_UPDATE_IND, .phy_update = {BLE_PHY_BIT_1M, BLE_PHY_BIT_1M, 2}},
};

START_TEST(instant_that_has_passed_ends_the_connection)
{
    connect();
    good_events(0, 4);
    control(4, &late[_i]);
    ck_assert(!broke(RULE_NUMBER));
    ck_assert_uint_eq(facts()->state[BLE_PERIPHERAL], BLE_STATE_INSTANT_PASSED);
    event(5, COMES, COMES, 0);
    ck_assert(broke(RULE_BLE_CHANNEL));
}
END_TEST

START_TEST(nothing_is_sent_after_the_end)
{
    const struct ble_control end = {.opcode = BLE_TERMINATE_IND, .reason = 0x13};
    connect();
    good_events(0, 4);
    control(4, &end);
    ck_assert_uint_eq(facts()->state[BLE_PERIPHERAL], BLE_STATE_TERMINATED);
    ck_assert_uint_eq(facts()->state[BLE_CENTRAL], BLE_STATE_TERMINATED);
    ck_assert(!broke(RULE_NUMBER));
    event(5, COMES, COMES, 0);
    ck_assert(broke(RULE_BLE_CHANNEL));
}
END_TEST

/* The central does not hear that its LL_TERMINATE_IND came in, and says it again at once. */
START_TEST(goodbye_that_is_repeated_in_its_event_is_answered)
{
    const struct ble_control end = {.opcode = BLE_TERMINATE_IND, .reason = 0x13};
    connect();
    good_events(0, 4);
    struct side before = l.c;
    control(4, &end);
    struct side after = l.c;
    l.c = before;
    l.c.control = &end;
    uint64_t at_ps = machine_now_ps(hw->m) + BLE_T_IFS_PS;
    tune(at_ps - 20 * US, mhz_of(4));
    uint64_t end_ps = send(central, &l.c, mhz_of(4), at_ps, COMES, 0);
    send(radio, &l.p, mhz_of(4), end_ps + BLE_T_IFS_PS, COMES, 0);
    l.c = after;
    ck_assert(!broke(RULE_NUMBER));
}
END_TEST

/* The peripheral has no room for the LL_TERMINATE_IND, and does not take it: it comes again. */
START_TEST(goodbye_that_is_not_taken_ends_nothing)
{
    const struct ble_control end = {.opcode = BLE_TERMINATE_IND, .reason = 0x13};
    connect();
    good_events(0, 4);
    l.c.control = &end;
    tune(anchor_of(4) - 400 * US, mhz_of(4));
    uint64_t end_ps = send(central, &l.c, mhz_of(4), anchor_of(4), COMES, 0);
    tune(end_ps, 0);
    bool nesn = l.p.nesn;
    take(&l.p, &l.c, 0);
    l.p.nesn = nesn;
    send(radio, &l.p, mhz_of(4), end_ps + BLE_T_IFS_PS, COMES, 0);
    take(&l.c, &l.p, 0);
    ck_assert_uint_eq(facts()->state[BLE_PERIPHERAL], BLE_STATE_CONNECTED);
    event(5, COMES, COMES, 0);
    ck_assert_uint_eq(facts()->state[BLE_PERIPHERAL], BLE_STATE_TERMINATED);
    ck_assert_uint_eq(facts()->state[BLE_CENTRAL], BLE_STATE_TERMINATED);
    ck_assert(!broke(RULE_NUMBER));
}
END_TEST

/* More octets than anybody has agreed to, with a good CRC: taken or not, both are lawful. */
START_TEST(packet_that_is_too_long_may_be_taken_or_not)
{
    uint8_t pdu[2 + 40] = {0};
    connect();
    good_events(0, 4);
    uint16_t mhz = mhz_of(4);
    ble_data_header_write(
        (struct ble_data_header){
            .llid = BLE_LLID_START, .nesn = l.c.nesn, .sn = l.c.sn, .size = _i < 2 ? 40 : 27},
        pdu);
    struct air_frame f = frame_of(pdu, 2u + pdu[1], mhz, access_address, crc_init, anchor_of(4));
    tune(anchor_of(4) - 400 * US, mhz);
    uint64_t end = fly(central, &f, COMES);
    tune(end, 0);
    if (_i == 0)
        take(&l.p, &l.c, 0);
    send(radio, &l.p, mhz, end + BLE_T_IFS_PS, COMES, 0);
    ck_assert(broke(RULE_BLE_SEQUENCE) == (_i == 2));
}
END_TEST

START_TEST(listening_elsewhere_is_the_wrong_channel)
{
    connect();
    good_events(0, 6);
    tune(anchor_of(6) - 400 * US, (uint16_t)(_i ? mhz_of(7) : 2402));
    send(central, &l.c, mhz_of(6), anchor_of(6), DEAF, 0);
    tune(anchor_of(6) + 2000 * US, 0);
    event(7, COMES, COMES, 0);
    ck_assert(broke(RULE_BLE_CHANNEL) == (_i == 1)); /* 2402 MHz: it advertises */
    ck_assert_uint_eq(facts()->unlistened, 1);
    ck_assert_uint_eq(facts()->missed, 1);
}
END_TEST

START_TEST(event_that_the_end_cuts_before_its_answer_is_due_is_not_missed)
{
    connect();
    good_events(0, 3);
    tune(anchor_of(3) - 400 * US, mhz_of(3));
    uint64_t end = send(central, &l.c, mhz_of(3), anchor_of(3), COMES, 0);
    tune(end + (_i ? 400 : 100) * US, 0);
    machine_finish(hw);
    ck_assert_uint_eq(facts()->missed, (uint32_t)_i);
    ck_assert_uint_eq(facts()->events, 3 + (uint32_t)_i);
}
END_TEST

/* ---- channel selection #2, 2M, encryption */

static const struct ble_control enc_req = {
    .opcode = BLE_ENC_REQ, .enc_req = {.skd = {1, 2, 3, 4, 5, 6, 7, 8}, .iv = {9, 10, 11, 12}}};
static const struct ble_control enc_rsp = {
    .opcode = BLE_ENC_RSP, .enc_rsp = {.skd = {13, 14, 15, 16, 17, 18, 19, 20}, .iv = {21, 22}}};
static const struct ble_control start_req = {.opcode = BLE_START_ENC_REQ};
static const struct ble_control start_rsp = {.opcode = BLE_START_ENC_RSP};
static const struct ble_control two_megabits = {.opcode = BLE_PHY_UPDATE_IND,
                                                .phy_update = {BLE_PHY_BIT_2M, BLE_PHY_BIT_2M, 30}};
static const struct ble_control few_channels = {.opcode = BLE_CHANNEL_MAP_IND, .map = {0xff, 50}};
static const struct ble_control later = {.opcode = BLE_CONNECTION_UPDATE_IND,
                                         .update = {2, 4, INTERVAL, 0, TIMEOUT, 90}};
static const struct ble_control goodbye = {.opcode = BLE_TERMINATE_IND, .reason = 0x13};

enum { CSA2 = 1, ENCRYPTED = 2, SECRET = 4, LINK_KINDS = 8 };

/* Ten events. */
static void begin_link(int kind)
{
    scenario.peers[0].type = kind & SECRET ? &secretive_peer : &peer;
    l.csa2 = kind & CSA2;
    connect();
    good_events(0, 4);
    if (kind & ENCRYPTED) {
        l.p.next_control = &enc_rsp;
        control(4, &enc_req);
        l.p.next_control = &start_req;
        good_events(5, 6);
        l.key = ble_link_key_make(long_term_key, enc_req.enc_req.skd, enc_rsp.enc_rsp.skd,
                                  enc_req.enc_req.iv, enc_rsp.enc_rsp.iv);
        l.encrypted = true;
        l.p.next_control = &start_rsp;
        control(6, &start_rsp);
    } else {
        good_events(4, 7);
    }
    good_events(7, 10);
}

static void move_anchors(void)
{
    l.anchor_ps += 4 * BLE_UNIT_PS + 700 * US;
    l.listen_late_ps = -800 * (int32_t)US; /* the window begins 700 us before the anchor */
}

/* Where both sides are from this event on. */
static void keep_instants(uint32_t n)
{
    l.listen_late_ps = 0;
    if (n == 30)
        l.phy[BLE_CENTRAL] = l.phy[BLE_PERIPHERAL] = AIR_2M;
    if (n == 50)
        l.map = few_channels.map.channels;
    if (n == 90)
        move_anchors();
}

static const struct ble_control *procedure_of(uint32_t n)
{
    return n == 20 ? &two_megabits : n == 40 ? &few_channels : n == 80 ? &later : NULL;
}

/* Procedures begin in events 20, 40 and 80; what is lost is sent again: so is the map's PDU. */
static void run_link(uint32_t from, uint32_t to, struct random *random)
{
    for (uint32_t n = from; n < to; n++) {
        bool steady = n % 10 == 0 || n % 10 > 7;
        enum fate down = n == 40 || (!steady && random_below(random, 8) == 0) ? LOST : COMES;
        enum fate up = !steady && random_below(random, 8) == 0 ? LOST : COMES;
        keep_instants(n);
        if (procedure_of(n))
            l.c.control = procedure_of(n);
        event(n, down, up, (uint8_t)random_below(random, 3));
    }
}

START_TEST(honest_updates_break_nothing_over_200_events)
{
    struct random random = random_start(1 + (uint64_t)_i, 7);
    bool opaque = (_i & ENCRYPTED) && (_i & SECRET);
    begin_link(_i);
    run_link(10, 200, &random);
    machine_finish(hw);
    ck_assert(!broke(RULE_NUMBER));
    const struct ble_connection_facts *f = facts();
    ck_assert_uint_eq(f->opaque, opaque);
    ck_assert_uint_eq(f->adrift, opaque);
    ck_assert_uint_eq(f->events, 200);
    ck_assert_uint_eq(f->unlistened + f->missed, 0);
    ck_assert_uint_gt(f->lost, 10);
    ck_assert_uint_gt(f->retransmissions[BLE_CENTRAL], 5);
    ck_assert_uint_gt(f->retransmissions[BLE_PERIPHERAL], 5);
    ck_assert_uint_eq(f->sequence_faults[BLE_CENTRAL] + f->channel_faults[BLE_CENTRAL], 0);
}
END_TEST

/* A payload that is put into an empty packet on the way, longer than what is taken: it comes again
 * without, and no side has counted it. */
START_TEST(payload_that_nobody_encrypted_is_not_counted)
{
    uint8_t pdu[2 + 40] = {0};
    begin_link(ENCRYPTED);
    ble_data_header_write(
        (struct ble_data_header){
            .llid = BLE_LLID_CONTINUE, .nesn = l.c.nesn, .sn = l.c.sn, .size = 40},
        pdu);
    struct air_frame f =
        frame_of(pdu, sizeof pdu, mhz_of(10), access_address, crc_init, anchor_of(10));
    tune(anchor_of(10) - 400 * US, mhz_of(10));
    uint64_t end = fly(central, &f, COMES);
    tune(end, 0);
    l.c.unacked = true;
    send(radio, &l.p, mhz_of(10), end + BLE_T_IFS_PS, COMES, 0);
    take(&l.c, &l.p, 0);
    good_events(11, 12);
    control(12, &few_channels);
    good_events(13, 50);
    keep_instants(50);
    good_events(50, 54);
    ck_assert(!broke(RULE_NUMBER));
    ck_assert(!facts()->opaque);
}
END_TEST

/* Its LLID is one that there is none of, changed on the way: its SN is taken all the same, and what
 * comes behind it is new. */
START_TEST(packet_of_no_kind_counts_for_what_comes_behind)
{
    begin_link(ENCRYPTED);
    tune(anchor_of(10) - 400 * US, mhz_of(10));
    uint64_t end = send(central, &l.c, mhz_of(10), anchor_of(10), COMES,
                        BLE_LLID_CONTINUE ^ BLE_LLID_RESERVED);
    tune(end, 0);
    take(&l.p, &l.c, 0);
    send(radio, &l.p, mhz_of(10), end + BLE_T_IFS_PS, COMES, 0);
    take(&l.c, &l.p, 0);
    control(11, &few_channels);
    good_events(12, 50);
    keep_instants(50);
    good_events(50, 54);
    ck_assert(!broke(RULE_NUMBER));
    ck_assert_uint_eq(facts()->sequence_faults[BLE_CENTRAL], 1);
    ck_assert_uint_eq(facts()->channel_faults[BLE_CENTRAL], 0);
}
END_TEST

/* What a peripheral may do wrong. */
static void keep_phy(void)
{
    l.phy[BLE_PERIPHERAL] = AIR_1M;
}

static void listen_by_the_old_phy(void)
{
    l.listen_phy_xor = AIR_1M ^ AIR_2M;
}

static void send_on_another_channel(void)
{
    l.send_mhz_add = 2;
}

static void answer_late(void)
{
    l.off_ps = 2 * US + 1;
}

static void answer_by_another_sn(void)
{
    l.header_xor = 8;
}

static void end_before(void)
{
    control(60, &goodbye);
    ck_assert_uint_eq(facts()->state[BLE_PERIPHERAL], BLE_STATE_TERMINATED);
}

static const struct {
    const char *why;
    uint32_t event;
    void (*plant)(void);
    enum rule rule;
} planted[] = {
    {"answers on the old PHY", 30, keep_phy, RULE_BLE_CHANNEL},
    {"sends elsewhere than the new map says", 50, send_on_another_channel, RULE_BLE_CHANNEL},
    {"answers late on 2M", 31, answer_late, RULE_BLE_IFS},
    {"repeats what was acknowledged", 31, answer_by_another_sn, RULE_BLE_SEQUENCE},
    {"sends after the end", 61, end_before, RULE_BLE_CHANNEL},
};

static void run_until(uint32_t event_of_fault, int kind)
{
    struct random random = random_start(1, 7);
    begin_link(kind);
    run_link(10, event_of_fault == 61 ? 60 : event_of_fault, &random);
    keep_instants(event_of_fault);
    ck_assert(!broke(RULE_NUMBER));
}

START_TEST(planted_fault_is_seen_on_any_link)
{
    int kind = _i % 4;
    uint32_t i = (uint32_t)_i / 4;
    run_until(planted[i].event, kind);
    planted[i].plant();
    event(planted[i].event, COMES, COMES, 0);
    ck_assert_msg(broke(planted[i].rule), "%s", planted[i].why);
}
END_TEST

START_TEST(old_phy_listened_to_is_seen_on_any_link)
{
    run_until(30, _i);
    listen_by_the_old_phy();
    tune(anchor_of(30) - 400 * US, mhz_of(30));
    send(central, &l.c, mhz_of(30), anchor_of(30), DEAF, 0);
    tune(anchor_of(30) + 2000 * US, 0);
    l.listen_phy_xor = 0;
    event(31, COMES, COMES, 0);
    ck_assert(broke(RULE_BLE_CHANNEL));
    ck_assert_uint_eq(facts()->unlistened, 1);
}
END_TEST

START_TEST(window_by_the_old_anchors_is_seen_on_any_link)
{
    struct random random = random_start(1, 7);
    begin_link(_i);
    run_link(10, 90, &random);
    move_anchors();
    l.listen_late_ps = 0; /* 400 us before the anchor: 300 us late for the window */
    event(90, COMES, COMES, 0);
    event(91, COMES, COMES, 0);
    ck_assert_uint_eq(facts()->unlistened, 1);
}
END_TEST

START_TEST(phy_of_a_link_that_cannot_be_read_is_not_judged)
{
    run_until(30, ENCRYPTED | SECRET);
    keep_phy();
    event(30, COMES, COMES, 0);
    ck_assert(facts()->opaque);
    ck_assert(facts()->adrift);
    ck_assert(!broke(RULE_NUMBER));
}
END_TEST

/* ---- windows: 50 ppm of 30 ms are 1.5 us, and 16 us of jitter */

static const struct {
    int64_t open_ps, close_ps; /* against the nominal anchor */
    uint32_t unlistened;
} windows[] = {
    {-17500000, 17500000 + ADDRESS_US *(int64_t)US, 0},
    {-17500000 + 1, 17500000 + ADDRESS_US *(int64_t)US, 1},
    {-17500000, 17500000 - 1 + ADDRESS_US *(int64_t)US, 1},
    {-300000000, 300000000, 0},
};

START_TEST(window_is_judged_at_both_ends)
{
    connect();
    ck_assert_uint_eq(ble_sca_ppm(PPM_CLASS), 50);
    good_events(0, 6);
    tune((uint64_t)((int64_t)anchor_of(6) + windows[_i].open_ps), mhz_of(6));
    deaf_ps = (uint64_t)((int64_t)anchor_of(6) + windows[_i].close_ps);
    send(central, &l.c, mhz_of(6), anchor_of(6), LOST, 0);
    event(7, COMES, COMES, 0);
    ck_assert_uint_eq(facts()->unlistened, windows[_i].unlistened);
    ck_assert_uint_eq(facts()->lost, 1);
    ck_assert(!broke(RULE_NUMBER));
}
END_TEST

/* ---- supervision */

START_TEST(either_side_has_its_own_supervision)
{
    connect();
    good_events(0, 6);
    for (uint32_t n = 6; n < 48; n++)
        event(n, COMES, _i ? BAD_CRC : LOST, 0);
    machine_finish(hw);
    ck_assert_uint_eq(facts()->state[BLE_CENTRAL], BLE_STATE_TIMED_OUT);
    ck_assert_uint_eq(facts()->state[BLE_PERIPHERAL], BLE_STATE_CONNECTED);
    uint64_t last_ps = anchor_of(5) + (80 + 150 + 80) * US;
    ck_assert_uint_eq(facts()->end_ps[BLE_CENTRAL], last_ps + TIMEOUT * BLE_TIMEOUT_UNIT_PS);
}
END_TEST

/* The time-out ends 516 us behind a second; a packet is under way by then, or begins later. */
START_TEST(packet_that_comes_in_as_the_timeout_ends_may_count)
{
    connect();
    good_events(0, 6);
    for (uint32_t n = 6; n <= 38; n++) {
        l.anchor_ps += (_i ? 332 : 323) * US;
        event(n, n < 38 ? BAD_CRC : COMES, COMES, 0);
    }
    ck_assert_uint_eq(facts()->lawless, false);
    ck_assert_uint_eq(facts()->state[BLE_PERIPHERAL],
                      _i ? BLE_STATE_TIMED_OUT : BLE_STATE_CONNECTED);
}
END_TEST

START_TEST(event_as_the_timeout_may_have_ended_need_not_be_heard)
{
    connect();
    good_events(0, 6);
    for (uint32_t n = 6; n <= 38; n++) {
        l.anchor_ps += (_i ? 270 : 303) * US;
        event(n, n < 38 ? BAD_CRC : DEAF, COMES, 0);
    }
    machine_finish(hw);
    ck_assert_uint_eq(facts()->missed, (uint32_t)_i);
}
END_TEST

START_TEST(connection_is_not_established_by_silence)
{
    connect();
    for (uint32_t n = 0; n < (_i ? 8u : 5u); n++)
        event(n, COMES, LOST, 0);
    if (_i == 0)
        good_events(5, 6);
    machine_finish(hw);
    ck_assert_uint_eq(facts()->state[BLE_CENTRAL],
                      _i ? BLE_STATE_NOT_ESTABLISHED : BLE_STATE_CONNECTED);
    ck_assert_uint_eq(facts()->state[BLE_PERIPHERAL], BLE_STATE_CONNECTED);
}
END_TEST

/* ---- compare values */

enum { TIMER_CC0 = SUPPORT_TIMER0 + 0x540, RTC_CC0 = RTC0 + 0x540, CHENSET = PPI + 0x504 };

static void kernel_writes(uint32_t address, uint32_t value)
{
    struct device *d = device_at(address);
    add(0, EVENT_KERNEL_WRITE, address, value);
    device_write(d, address - d->base, value, hw->m->now_ps);
    d->request_count = 0;
}

static uint32_t counter(bool rtc)
{
    if (rtc)
        return device_read(device_at(RTC0), 0x504, hw->m->now_ps);
    device_write(device_at(SUPPORT_TIMER0), 0x04c, 1, hw->m->now_ps); /* CAPTURE[3] */
    return device_read(device_at(SUPPORT_TIMER0), 0x54c, hw->m->now_ps);
}

static const struct {
    bool rtc;
    int ahead;
    bool late;
} armings[] = {{false, 1, false}, {false, 0, true}, {false, -1, true}, {false, 1000, false},
               {true, 2, false},  {true, 1, true},  {true, 0, true},   {true, -5, true}};

static void start_counters(void)
{
    boot();
    kernel_writes(SUPPORT_TIMER0 + 0x508, 3);
    kernel_writes(SUPPORT_TIMER0, 1);
    kernel_writes(RTC0, 1);
    hw->m->now_ps += 10 * PS_PER_MS;
}

START_TEST(compare_value_is_ahead_when_its_channel_is_on)
{
    start_counters();
    uint32_t cc = armings[_i].rtc ? RTC_CC0 : TIMER_CC0;
    uint32_t channel = armings[_i].rtc ? 1u << 29 : 1u << 20;
    uint32_t value = counter(armings[_i].rtc) + (uint32_t)armings[_i].ahead;
    kernel_writes(cc, value & 0xffffff);
    ck_assert(!broke(RULE_NUMBER));
    kernel_writes(CHENSET, channel);
    ck_assert(broke(RULE_BLE_ARMED_LATE) == armings[_i].late);
}
END_TEST

START_TEST(compare_value_is_ahead_when_it_is_written)
{
    start_counters();
    kernel_writes(CHENSET, armings[_i].rtc ? 1u << 29 : 1u << 20);
    ck_assert(!broke(RULE_NUMBER));
    uint32_t value = counter(armings[_i].rtc) + (uint32_t)armings[_i].ahead;
    kernel_writes(armings[_i].rtc ? RTC_CC0 : TIMER_CC0, value & 0xffffff);
    ck_assert(broke(RULE_BLE_ARMED_LATE) == armings[_i].late);
}
END_TEST

START_TEST(channels_to_other_tasks_do_not_count)
{
    start_counters();
    kernel_writes(TIMER_CC0, counter(false) - 5);
    kernel_writes(PPI + 0x510, SUPPORT_TIMER0 + 0x140);
    kernel_writes(PPI + 0x514, RADIO + (_i ? 0x010 : 0x014)); /* DISABLE, RSSISTART */
    kernel_writes(CHENSET, 1);
    ck_assert(broke(RULE_BLE_ARMED_LATE) == (_i == 1));
}
END_TEST

START_TEST(counter_that_stands_still_arms_nothing_late)
{
    start_counters();
    kernel_writes(SUPPORT_TIMER0 + 0x004, 1);
    kernel_writes(TIMER_CC0, 7);
    kernel_writes(CHENSET, 1u << 21);
    ck_assert(!broke(RULE_NUMBER));
}
END_TEST

/* ---- the crystal */

START_TEST(radio_ramps_up_by_the_crystal_only)
{
    boot();
    set_register(CLOCK + 0x40c, _i == 1 ? 0x10000 : 0x10001);
    set_register(RADIO + 0x550, _i == 2 ? 0 : 1); /* no ramp-up */
    add(0, EVENT_DEVICE_TASK, RADIO + 0x004, radio);
    ck_assert(broke(RULE_RADIO_CRYSTAL) == (_i == 1));
}
END_TEST

/* ---- checks and margins */

static void ask(enum ble_link_fact fact, uint64_t min, uint64_t max)
{
    scenario.checks[scenario.check_count++] = (struct check){.kind = ble_link_facts[fact].kind,
                                                             .process = PATTERN_ANY,
                                                             .number = fact,
                                                             .min = min,
                                                             .max = max};
}

static const struct {
    enum ble_link_fact fact;
    uint64_t good_min, good_max, bad_min, bad_max;
} asked[] = {
    {BLE_LINK_CONNECTIONS, 1, 1, 2, 2},
    {BLE_LINK_EVENTS, 20, 20, 21, UINT64_MAX},
    {BLE_LINK_ANSWERED, 19, 19, 20, 20},
    {BLE_LINK_LOST, 1, 1, 0, 0},
    {BLE_LINK_MISSED, 0, 0, 1, 1},
    {BLE_LINK_LATE, 0, 0, 1, 1},
    {BLE_LINK_CENTRAL, BLE_STATE_CONNECTED, BLE_STATE_CONNECTED, 1, 1},
    {BLE_LINK_PERIPHERAL, BLE_STATE_CONNECTED, BLE_STATE_CONNECTED, 5, 5},
    {BLE_LINK_IFS_MARGIN, 500000, UINT64_MAX, 500001, UINT64_MAX},
    {BLE_LINK_WINDOW_MARGIN, 80000000, UINT64_MAX, 400000000, UINT64_MAX},
    {BLE_LINK_EVENT_END_MARGIN, 29000000000, UINT64_MAX, 30000000000, UINT64_MAX},
    {BLE_LINK_SUPERVISION_MARGIN, 100000000, UINT64_MAX, 900000000000, UINT64_MAX},
};

START_TEST(requested_check_bites_and_arms)
{
    bool bad = _i % 2;
    uint32_t i = (uint32_t)_i / 2;
    ask(asked[i].fact, bad ? asked[i].bad_min : asked[i].good_min,
        bad ? asked[i].bad_max : asked[i].good_max);
    connect();
    good_events(0, 18);
    event(18, LOST, COMES, 0);
    l.off_ps = 1500000;
    event(19, COMES, COMES, 0);
    machine_finish(hw);
    ck_assert(machine_check_armed(hw->m, 0));
    ck_assert_msg(broke(check_rule(scenario.checks[0].kind)) == bad, "%s",
                  ble_link_facts[asked[i].fact].fact.name);
}
END_TEST

START_TEST(check_without_a_connection_never_arms)
{
    ask(BLE_LINK_MISSED, 0, 0);
    ask(BLE_LINK_IFS_MARGIN, 0, UINT64_MAX);
    ask(BLE_LINK_PERIPHERAL, 2, 2);
    boot();
    machine_finish(hw);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert(!machine_check_armed(hw->m, i));
}
END_TEST

START_TEST(margin_has_quantiles)
{
    struct ble_margin m = {.count = 100, .min_ps = -5, .max_ps = 90, .width_ps = 10};
    m.bars[0] = 1;
    m.bars[1] = 49;
    m.bars[9] = 50;
    ck_assert_int_eq(ble_margin_quantile_ps(&m, 10), -5);
    ck_assert_int_eq(ble_margin_quantile_ps(&m, 500), 0);
    ck_assert_int_eq(ble_margin_quantile_ps(&m, 990), 80);
    boot();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ble_monitors");
    TCase *t = tcase_create("ble_monitors");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, honest_connection_breaks_nothing_over_1000_events, 0, 4);
    tcase_add_loop_test(t, answer_is_judged_just_beyond_its_bound, 0, COUNT(answers));
    tcase_add_test(t, same_bytes_written_anew_are_no_old_buffer);
    tcase_add_test(t, what_came_in_is_nothing_to_send);
    tcase_add_loop_test(t, repetition_that_passes_over_a_new_packet_is_old, 0, 2);
    tcase_add_test(t, packet_that_answers_nothing_breaks_ifs);
    tcase_add_test(t, second_bad_crc_in_a_row_is_not_answered);
    tcase_add_test(t, crc_that_only_the_radio_finds_bad_may_be_repeated);
    tcase_add_test(t, packet_that_was_never_sent_may_be_acknowledged);
    tcase_add_test(t, bad_peer_breaks_nothing_and_is_counted);
    tcase_add_loop_test(t, new_map_holds_from_its_instant_on, 0, 2);
    tcase_add_loop_test(t, map_of_this_very_event_holds_from_the_next_one_on, 0, 2);
    tcase_add_test(t, two_maps_in_one_event_hold_one_after_the_other);
    tcase_add_test(t, map_of_the_next_event_is_listened_for_there);
    tcase_add_loop_test(t, control_pdu_counts_once_it_is_acknowledged, 0, 2);
    tcase_add_loop_test(t, lawless_central_is_no_fault_of_the_peripheral, 0, 3);
    tcase_add_loop_test(t, central_that_leaves_an_event_which_goes_on_is_lawless, 0, 4);
    tcase_add_loop_test(t, sides_that_meet_in_two_events_are_adrift, 0, 2);
    tcase_add_loop_test(t, packet_that_the_air_has_forged_binds_who_goes_by_it, 0, 4);
    tcase_add_loop_test(t, encryption_out_of_turn_is_lawless, 0, 4);
    tcase_add_test(t, goodbye_that_is_repeated_in_its_event_is_answered);
    tcase_add_test(t, goodbye_that_is_not_taken_ends_nothing);
    tcase_add_loop_test(t, packet_that_is_too_long_may_be_taken_or_not, 0, 3);
    tcase_add_test(t, update_moves_anchors_from_its_instant_on);
    tcase_add_loop_test(t, instant_that_has_passed_ends_the_connection, 0, COUNT(late));
    tcase_add_test(t, nothing_is_sent_after_the_end);
    tcase_add_loop_test(t, listening_elsewhere_is_the_wrong_channel, 0, 2);
    tcase_add_loop_test(t, event_that_the_end_cuts_before_its_answer_is_due_is_not_missed, 0, 2);
    tcase_add_test(t, payload_that_nobody_encrypted_is_not_counted);
    tcase_add_test(t, packet_of_no_kind_counts_for_what_comes_behind);
    tcase_add_loop_test(t, honest_updates_break_nothing_over_200_events, 0, LINK_KINDS);
    tcase_add_loop_test(t, planted_fault_is_seen_on_any_link, 0, 4 * COUNT(planted));
    tcase_add_loop_test(t, old_phy_listened_to_is_seen_on_any_link, 0, SECRET);
    tcase_add_loop_test(t, window_by_the_old_anchors_is_seen_on_any_link, 0, SECRET);
    tcase_add_test(t, phy_of_a_link_that_cannot_be_read_is_not_judged);
    tcase_add_loop_test(t, window_is_judged_at_both_ends, 0, COUNT(windows));
    tcase_add_loop_test(t, either_side_has_its_own_supervision, 0, 2);
    tcase_add_loop_test(t, packet_that_comes_in_as_the_timeout_ends_may_count, 0, 2);
    tcase_add_loop_test(t, event_as_the_timeout_may_have_ended_need_not_be_heard, 0, 2);
    tcase_add_loop_test(t, connection_is_not_established_by_silence, 0, 2);
    tcase_add_loop_test(t, compare_value_is_ahead_when_its_channel_is_on, 0, COUNT(armings));
    tcase_add_loop_test(t, compare_value_is_ahead_when_it_is_written, 0, COUNT(armings));
    tcase_add_loop_test(t, channels_to_other_tasks_do_not_count, 0, 2);
    tcase_add_test(t, counter_that_stands_still_arms_nothing_late);
    tcase_add_loop_test(t, radio_ramps_up_by_the_crystal_only, 0, 3);
    tcase_add_loop_test(t, requested_check_bites_and_arms, 0, 2 * COUNT(asked));
    tcase_add_test(t, check_without_a_connection_never_arms);
    tcase_add_test(t, margin_has_quantiles);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
