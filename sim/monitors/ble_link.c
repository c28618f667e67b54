#include "sim/monitors/ble_link.h"
#include "model/process.h"
#include "sim/ble/bits.h"
#include "sim/monitors/ledger.h"
#include <string.h>

const char *const ble_state_names[BLE_STATES + 1] = {
    [BLE_STATE_NONE] = "none",
    [BLE_STATE_CREATED] = "created",
    [BLE_STATE_CONNECTED] = "connected",
    [BLE_STATE_TERMINATED] = "terminated",
    [BLE_STATE_NOT_ESTABLISHED] = "not_established",
    [BLE_STATE_TIMED_OUT] = "timed_out",
    [BLE_STATE_INSTANT_PASSED] = "instant_passed",
};

enum {
    CRCSTATUS = 0x400, /* of RADIO: nRF52840 Product Specification v1.7 */
    ADRIFT_US = 1000,  /* a central's packet so far off its event is of another time line; ours */
    GOES_ON_US = 250,  /* behind what the central received: the event goes on; ours */
    PACKET_US = 328,   /* 27 octets and their MIC at 1M: the longest (6.B 2.4) */
    ECHO_US = 300,     /* behind the event's last bit: nobody begins another; ours */
    MARGIN_OF_DEATH_US = 1, /* what a time-out counts as in the margins; ours */
};

/* ---- margins */

static void margin_add(struct ble_margin *margin, int64_t ps, uint64_t at_ps, uint32_t event,
                       uint32_t process)
{
    uint64_t bar = ps < 0 ? 0 : 1 + (uint64_t)ps / margin->width_ps;

    if (margin->count == 0 || ps < margin->min_ps) {
        margin->min_ps = ps;
        margin->min_at_ps = at_ps;
        margin->min_event = event;
        margin->min_process = (uint16_t)process;
    }
    if (margin->count == 0 || ps > margin->max_ps)
        margin->max_ps = ps;
    margin->count++;
    margin->bars[bar < BLE_BARS ? bar : BLE_BARS - 1]++;
}

int64_t ble_margin_quantile_ps(const struct ble_margin *margin, uint32_t per_mille)
{
    uint64_t wanted = (margin->count * per_mille + 999) / 1000, seen = 0;

    for (uint32_t bar = 0; bar < BLE_BARS; bar++) {
        seen += margin->bars[bar];
        if (seen < wanted || seen == 0)
            continue;
        int64_t edge = bar == 0 ? margin->min_ps : (int64_t)((bar - 1) * margin->width_ps);
        return edge > margin->min_ps ? edge : margin->min_ps;
    }
    return margin->max_ps;
}

bool ble_packet_margin(const struct ble_packet *packet, int64_t *margin_ps)
{
    int64_t off = packet->off_ps < 0 ? -packet->off_ps : packet->off_ps;

    *margin_ps = (int64_t)BLE_ACTIVE_JITTER_PS - off;
    return packet->is_there && packet->answers;
}

/* ---- who is who */

uint32_t ble_owner(struct machine *m, uint32_t device)
{
    const struct board *board = &machine_scenario(m)->board;

    if (device >= board->device_count)
        return PROCESS_NONE;
    return ledger_holder(ledger_of(m), board->devices[device].window, PROCESS_NONE);
}

bool ble_hears(const struct scenario *s, unsigned kind)
{
    (void)kind;
    return s->peer_count > 0;
}

static uint32_t station_of(const struct air *air, uint32_t device)
{
    uint32_t i = 0;

    while (i < air->station_count && air->stations[i].device != device)
        i++;
    return i;
}

static struct ble_connection *connection_at(struct ble_link *link, uint32_t access_address)
{
    for (uint32_t i = 0; i < BLE_CONNECTION_MAX; i++)
        if (link->connections[i].used &&
            link->connections[i].facts.access_address == access_address)
            return &link->connections[i];
    return NULL;
}

/* BLE_SIDES: another device, by chance on the same access address. */
static enum ble_side side_of(const struct ble_connection *c, uint32_t device)
{
    enum ble_side side = BLE_CENTRAL;

    while (side < BLE_SIDES && c->facts.device[side] != device)
        side++;
    return side;
}

static bool is_alive(const struct ble_connection *c, enum ble_side side)
{
    return c->facts.state[side] == BLE_STATE_CREATED || c->facts.state[side] == BLE_STATE_CONNECTED;
}

/* Whether the CRC of the packet that came in last is good for a board's radio. */
static bool radio_says_good(struct machine *m, uint32_t device)
{
    struct device *d = machine_device(m, device);
    int row = d && ble_is_ours(m, device) ? device_row_at(d, CRCSTATUS) : -1;

    return row < 0 || device_value(d, (uint32_t)row);
}

/* ---- the end of one side's connection */

static void end_side(struct ble_connection *c, enum ble_side side, enum ble_link_state state,
                     uint64_t at_ps)
{
    if (!is_alive(c, side))
        return;
    c->facts.state[side] = (uint8_t)state;
    c->facts.end_ps[side] = at_ps;
}

static uint64_t limit_ps(const struct ble_connection *c, enum ble_side side)
{
    const struct ble_plan *plan = &c->ends[side].plan;

    return ble_supervision_ps(c->facts.state[side] == BLE_STATE_CONNECTED, plan->interval,
                              plan->timeout);
}

/* A side's clock may be off by 500 ppm, and what is coming in as the time ends may still count. */
static uint64_t doubt_ps(uint64_t limit)
{
    return limit / 2000 + BLE_SLEEP_JITTER_PS + PACKET_US * PS_PER_US;
}

/* No death is certain before. */
static uint64_t certain_ps(uint64_t limit)
{
    return limit + doubt_ps(limit);
}

/* Its time cannot have run out. */
static bool is_surely_alive(const struct ble_connection *c, enum ble_side side, uint64_t now_ps)
{
    uint64_t limit = limit_ps(c, side);

    return is_alive(c, side) && now_ps + doubt_ps(limit) < c->ends[side].valid_ps + limit;
}

/* Where the window of an update's instant begins, and the connection has lived until then, the new
 * time-out counts from there, whoever hears whom: 6.B 5.1.1. */
static void instant_begins(struct ble_connection *c, uint64_t now_ps)
{
    struct ble_end *end = &c->ends[BLE_PERIPHERAL];
    uint64_t start_ps = ble_plan_window(&end->plan, end->plan.update_at).start_ps;

    if (!end->plan.update || now_ps < start_ps || end->valid_ps >= start_ps ||
        start_ps > end->valid_ps + certain_ps(limit_ps(c, BLE_PERIPHERAL)))
        return;
    end->valid_ps = start_ps;
    end->plan.timeout = end->plan.next.timeout;
}

static void supervise(struct ble_connection *c, enum ble_side side, uint64_t now_ps)
{
    if (side == BLE_PERIPHERAL)
        instant_begins(c, now_ps);

    struct ble_end *end = &c->ends[side];
    uint64_t limit = limit_ps(c, side);
    bool connected = c->facts.state[side] == BLE_STATE_CONNECTED;

    if (!is_alive(c, side) || ble_is_astray(&c->facts) ||
        now_ps <= end->valid_ps + certain_ps(limit))
        return;
    margin_add(&c->facts.supervision[side], -(int64_t)(MARGIN_OF_DEATH_US * PS_PER_US),
               end->valid_ps + limit, c->event, PROCESS_NONE);
    end_side(c, side, connected ? BLE_STATE_TIMED_OUT : BLE_STATE_NOT_ESTABLISHED,
             end->valid_ps + limit);
}

/* ---- where the peripheral must listen */

static uint64_t allowance_ps(const struct ble_connection *c, struct ble_window window)
{
    uint64_t most = ble_widening_limit_ps(c->ends[BLE_PERIPHERAL].plan.interval);
    uint64_t wanted =
        ble_allowance_ps(c->central_ppm, window.end_ps - c->sync_ps, BLE_SLEEP_JITTER_PS);

    return wanted < most ? wanted : most;
}

static void find_due(struct ble_link *link, struct ble_connection *c)
{
    uint64_t due = TIME_NEVER;

    if (is_alive(c, BLE_PERIPHERAL))
        due = c->listening.close_at_ps;
    for (enum ble_side side = BLE_CENTRAL; side < BLE_SIDES; side++) {
        uint64_t dead = c->ends[side].valid_ps + certain_ps(limit_ps(c, side));
        if (is_alive(c, side) && dead < due)
            due = dead;
    }
    if (ble_is_astray(&c->facts))
        due = TIME_NEVER;
    c->due_ps = due;
    link->due_ps = TIME_NEVER;
    for (uint32_t i = 0; i < BLE_CONNECTION_MAX; i++)
        if (link->connections[i].used && link->connections[i].due_ps < link->due_ps)
            link->due_ps = link->connections[i].due_ps;
}

static void listen_for(struct machine *m, struct ble_connection *c, uint32_t event)
{
    const struct ble_plan *plan = &c->ends[BLE_PERIPHERAL].plan;
    struct ble_window window = ble_plan_window(plan, event);
    struct ble_listening *l = &c->listening;
    const struct air *air = machine_air(m);
    uint32_t station = station_of(air, c->facts.device[BLE_PERIPHERAL]);
    uint64_t allowance = allowance_ps(c, window);

    *l = (struct ble_listening){.event = event,
                                .open_by_ps = window.start_ps - allowance,
                                .mhz = ble_plan_mhz(plan, event),
                                .phy = ble_plan_phy(plan, BLE_CENTRAL, event),
                                .opened_ps = TIME_NEVER};
    l->close_at_ps = window.end_ps + allowance +
                     air_bits_ps(l->phy, air_preamble_bits(l->phy) + 8 * AIR_ADDRESS_SIZE);
    if (station == air->station_count)
        return;
    const struct air_tuning *tuning = &air->stations[station].tuning;
    if (tuning->listening && tuning->mhz == l->mhz && tuning->phy == l->phy)
        l->opened_ps = tuning->since_ps;
}

/* The peripheral takes what it has received. What then holds from the next event on may be another
 * channel for it already. */
static void control_taken(struct machine *m, struct ble_connection *c, bool certain)
{
    struct ble_end *end = &c->ends[BLE_PERIPHERAL];

    if (!end->asked)
        return;
    end->asked = false;
    if (!ble_plan_control(&end->plan, &end->control, end->asked_event) && certain)
        end_side(c, BLE_PERIPHERAL, BLE_STATE_INSTANT_PASSED, end->asked_ps);
    else if (c->listening.event > c->event)
        listen_for(m, c, c->listening.event);
}

/* It has not answered a control PDU: nobody can tell whether it has taken it. */
static void unanswered(struct machine *m, struct ble_connection *c)
{
    c->facts.lawless |= c->ends[BLE_PERIPHERAL].asked;
    control_taken(m, c, false);
}

static bool may_skip(const struct ble_connection *c)
{
    const struct ble_plan *plan = &c->ends[BLE_PERIPHERAL].plan;

    return c->facts.state[BLE_PERIPHERAL] == BLE_STATE_CONNECTED &&
           c->not_listened_in_row < plan->latency &&
           !ble_plan_is_near_instant(plan, c->listening.event);
}

/* The central has sent something in the event whose window is being settled. */
static bool is_begun(const struct ble_connection *c)
{
    return c->begun && c->event == c->listening.event;
}

static bool has_other_links(const struct ble_link *link, const struct ble_connection *c)
{
    uint32_t device = c->facts.device[BLE_PERIPHERAL];

    for (uint32_t i = 0; i < BLE_CONNECTION_MAX; i++) {
        const struct ble_connection *other = &link->connections[i];
        if (other == c || !other->used)
            continue;
        for (enum ble_side side = BLE_CENTRAL; side < BLE_SIDES; side++)
            if (is_alive(other, side) && other->facts.device[side] == device)
                return true;
    }
    return false;
}

/* Nothing came on its channel while it must have been open. */
static void settle_unopened(struct ble_link *link, struct ble_connection *c)
{
    const struct ble_listening *l = &c->listening;
    struct ble_connection_facts *facts = &c->facts;

    c->settled_skipped = may_skip(c);
    c->not_listened_in_row++;
    if (!is_begun(c))
        return;
    c->event_skipped = c->settled_skipped;
    if (!c->settled_skipped) {
        facts->unlistened++;
        margin_add(&facts->window_open, (int64_t)l->open_by_ps - (int64_t)l->close_at_ps,
                   l->open_by_ps, l->event, PROCESS_NONE);
    }
    if (!l->elsewhere_mhz || facts->opaque || has_other_links(link, c))
        return;
    facts->channel_faults[BLE_PERIPHERAL]++;
    link->elsewhere = (struct ble_elsewhere){
        .count = link->elsewhere.count + 1,
        .device = facts->device[BLE_PERIPHERAL],
        .mhz = l->elsewhere_mhz,
        .wanted_mhz = l->mhz,
        .phy = l->elsewhere_phy,
        .wanted_phy = l->phy,
        .event = l->event,
    };
}

static void settle_opened(struct ble_connection *c)
{
    struct ble_listening *l = &c->listening;
    struct ble_connection_facts *facts = &c->facts;
    int64_t open_margin = (int64_t)l->open_by_ps - (int64_t)l->opened_ps;

    c->settled_skipped = false;
    c->not_listened_in_row = 0;
    if (l->opened_ps == TIME_NEVER)
        return; /* heard, but for all that we know it did not listen */
    margin_add(&facts->window_open, open_margin, l->opened_ps, l->event, l->opened_process);
    if (l->closed && !l->heard)
        margin_add(&facts->window_close, l->close_margin_ps,
                   l->close_at_ps + (uint64_t)l->close_margin_ps, l->event, l->opened_process);
    bool too_short = open_margin < 0 || (l->closed && !l->heard && l->close_margin_ps < 0);
    facts->unlistened += too_short && is_begun(c);
}

static void judge_window(struct ble_link *link, struct ble_connection *c)
{
    if (c->listening.opened_ps == TIME_NEVER && !c->listening.heard)
        settle_unopened(link, c);
    else
        settle_opened(c);
}

/* The peripheral's window is over: it has heard its packet, or could not any more. */
static void settle_window(struct machine *m, struct ble_link *link, struct ble_connection *c)
{
    struct ble_listening *l = &c->listening;
    struct ble_end *end = &c->ends[BLE_PERIPHERAL];

    if (end->asked && l->event > end->asked_event)
        unanswered(m, c);
    if (!ble_is_astray(&c->facts))
        judge_window(link, c);
    c->settled_event = l->event + 1;
    instant_begins(c, l->close_at_ps);
    listen_for(m, c, l->event + 1);
}

static void settle(struct machine *m, struct ble_link *link, uint64_t now_ps)
{
    for (uint32_t i = 0; i < BLE_CONNECTION_MAX; i++) {
        struct ble_connection *c = &link->connections[i];
        if (!c->used || now_ps <= c->due_ps)
            continue;
        while (is_alive(c, BLE_PERIPHERAL) && !ble_is_astray(&c->facts) &&
               now_ps > c->listening.close_at_ps) {
            supervise(c, BLE_PERIPHERAL, c->listening.close_at_ps);
            if (is_alive(c, BLE_PERIPHERAL))
                settle_window(m, link, c);
        }
        supervise(c, BLE_PERIPHERAL, now_ps);
        supervise(c, BLE_CENTRAL, now_ps);
        find_due(link, c);
    }
}

static bool is_data_channel(uint16_t mhz)
{
    return ble_mhz_channel(mhz) < BLE_DATA_CHANNELS;
}

static void on_listen(struct machine *m, struct ble_connection *c, const struct record *r)
{
    struct ble_listening *l = &c->listening;
    uint16_t mhz = (uint16_t)r->address;
    uint8_t phy = (uint8_t)(r->address >> 16);
    uint64_t half = ble_plan_interval_ps(&c->ends[BLE_PERIPHERAL].plan, l->event) / 2;

    if (mhz == l->mhz && phy == l->phy) {
        if (l->opened_ps == TIME_NEVER || !l->closed) {
            l->opened_ps = r->at_ps;
            l->opened_process = (uint16_t)machine_running(m);
        }
        l->elsewhere_mhz = 0;
    } else if (is_data_channel(mhz) && r->at_ps + half > l->open_by_ps) {
        l->elsewhere_mhz = mhz;
        l->elsewhere_phy = phy;
    }
}

static void on_deaf(struct ble_connection *c, const struct record *r)
{
    struct ble_listening *l = &c->listening;

    if (r->at_ps <= l->open_by_ps) {
        l->opened_ps = TIME_NEVER; /* that was something else */
        l->elsewhere_mhz = 0;
    } else if (l->opened_ps != TIME_NEVER && !l->closed) {
        l->closed = true;
        l->close_margin_ps = (int64_t)r->at_ps - (int64_t)l->close_at_ps;
    }
}

static void on_tuned(struct machine *m, struct ble_link *link, const struct record *r)
{
    for (uint32_t i = 0; i < BLE_CONNECTION_MAX; i++) {
        struct ble_connection *c = &link->connections[i];
        if (!c->used || !is_alive(c, BLE_PERIPHERAL) ||
            c->facts.device[BLE_PERIPHERAL] != (uint32_t)r->value)
            continue;
        if (r->kind == EVENT_AIR_LISTEN)
            on_listen(m, c, r);
        else
            on_deaf(c, r);
    }
}

/* ---- a connection begins */

static struct ble_connection *place_for_one(struct ble_link *link)
{
    struct ble_connection *oldest = NULL;

    for (uint32_t i = 0; i < BLE_CONNECTION_MAX; i++) {
        struct ble_connection *c = &link->connections[i];
        if (!c->used)
            return c;
        bool over = !is_alive(c, BLE_CENTRAL) && !is_alive(c, BLE_PERIPHERAL);
        if (over && (!oldest || c->number < oldest->number))
            oldest = c;
    }
    return oldest;
}

/* The device that has advertised with this address, and whether it can do algorithm #2. */
static uint32_t advertiser_of(const struct machine *m, const struct ble_link *link,
                              const struct ble_connect *connect, bool *ch_sel)
{
    const struct air *air = machine_air(m);

    for (uint32_t i = 0; i < air->station_count; i++) {
        const struct ble_advertiser *a = &link->advertisers[i];
        if (!a->known || a->random != connect->rx_random ||
            memcmp(a->address, connect->advertiser, sizeof a->address) != 0)
            continue;
        *ch_sel = a->ch_sel;
        return air->stations[i].device;
    }
    return BOARD_NONE;
}

static void set_widths(struct ble_connection_facts *facts)
{
    for (enum ble_side side = BLE_CENTRAL; side < BLE_SIDES; side++) {
        facts->ifs[side].width_ps = BLE_ACTIVE_JITTER_PS / (BLE_BARS - 2);
        facts->supervision[side].width_ps = 100 * PS_PER_MS;
    }
    facts->window_open.width_ps = facts->window_close.width_ps = 8 * PS_PER_US;
    facts->event_end.width_ps = 250 * PS_PER_US;
}

/* The key that the other side of the air tells. */
static void learn_key(const struct scenario *s, uint32_t central, struct ble_cipher *cipher)
{
    uint32_t peer = central - s->board.device_count;

    cipher->has_ltk = peer < s->peer_count && s->peers[peer].type->long_term_key;
    if (cipher->has_ltk)
        s->peers[peer].type->long_term_key(&s->peers[peer].plan, cipher->ltk);
}

static struct ble_connection *connection_begin(struct machine *m, struct ble_link *link,
                                               uint32_t central, const struct ble_connect *connect,
                                               uint64_t end_ps)
{
    bool ch_sel = false;
    uint32_t peripheral = advertiser_of(m, link, connect, &ch_sel);
    struct ble_connection *c = place_for_one(link);

    if (!c)
        return NULL;
    memset(c, 0, sizeof *c);
    c->used = true;
    c->number = link->count++;
    c->crc_init = connect->crc_init;
    c->central_ppm = ble_sca_ppm(connect->sca);
    c->sync_ps = end_ps;
    c->facts.access_address = connect->access_address;
    c->facts.start_ps = end_ps;
    c->facts.interval = connect->interval;
    c->facts.latency = connect->latency;
    c->facts.timeout = connect->timeout;
    c->facts.device[BLE_CENTRAL] = (uint16_t)central;
    c->facts.device[BLE_PERIPHERAL] = (uint16_t)peripheral;
    c->facts.state[BLE_CENTRAL] = BLE_STATE_CREATED;
    set_widths(&c->facts);
    learn_key(machine_scenario(m), central, &c->cipher);
    for (enum ble_side side = BLE_CENTRAL; side < BLE_SIDES; side++) {
        ble_plan_start(&c->ends[side].plan, connect, ch_sel && connect->ch_sel, end_ps);
        c->ends[side].valid_ps = end_ps;
        c->facts.end_ps[side] = TIME_NEVER;
    }
    find_due(link, c);
    return c;
}

/* The peripheral has got it. Parameters that it must refuse make no connection. */
static void connection_join(struct machine *m, struct ble_link *link, struct ble_connection *c,
                            const struct ble_connect *connect, const struct record *r)
{
    uint32_t device = air_device(r->value);
    bool wanted = ble_connect_check(connect) == BLE_CONNECT_GOOD;

    if (!wanted || c->joined || c->facts.device[BLE_PERIPHERAL] != device)
        return;
    c->joined = true;
    c->facts.state[BLE_PERIPHERAL] = BLE_STATE_CREATED;
    listen_for(m, c, 0);
    find_due(link, c);
}

/* ---- advertising */

/* What stands behind the access address, without whitening: PDU and CRC. Their size. */
static uint32_t plain_of(const struct air_frame *frame, uint8_t octets[AIR_BYTES_MAX])
{
    uint32_t size = frame->size - (uint32_t)AIR_ADDRESS_SIZE;

    memcpy(octets, frame->bytes + AIR_ADDRESS_SIZE, size);
    ble_whiten(ble_mhz_channel(frame->mhz), octets, size);
    return size;
}

static bool is_answer(uint8_t type)
{
    return type == BLE_SCAN_REQ || type == BLE_SCAN_RSP || type == BLE_CONNECT_IND;
}

static void advertising_sent(struct machine *m, struct ble_link *link, const struct record *r,
                             const struct air_flight *f)
{
    uint8_t octets[AIR_BYTES_MAX];
    uint32_t size = plain_of(&f->frame, octets), device = air_device(r->value);
    uint32_t station = station_of(machine_air(m), device);
    struct ble_adv adv;

    if (size < BLE_HEADER_SIZE + BLE_CRC_SIZE || station >= AIR_STATION_MAX)
        return;
    struct ble_adv_header header = ble_adv_header_read(octets);
    uint64_t heard_ps = link->advertising_ps[station];
    link->advertising_ps[station] = 0;
    if (is_answer(header.type) && !air_more(r->value))
        link->packet = (struct ble_packet){
            .is_there = true,
            .is_ours = ble_is_ours(m, device),
            .is_advertising = true,
            .answers = heard_ps != 0,
            .device = (uint16_t)device,
            .process = (uint16_t)machine_running(m),
            .start_ps = f->frame.start_ps,
            .off_ps = (int64_t)f->frame.start_ps - (int64_t)(heard_ps + BLE_T_IFS_PS),
        };
    if (header.type != BLE_ADV_IND ||
        ble_adv_read(octets, size - BLE_CRC_SIZE, &adv) != BLE_PDU_GOOD)
        return;
    struct ble_advertiser *a = &link->advertisers[station];
    *a = (struct ble_advertiser){.known = true, .ch_sel = adv.ch_sel, .random = adv.tx_random};
    memcpy(a->address, adv.address, sizeof a->address);
}

static void connect_seen(struct machine *m, struct ble_link *link, const struct record *r,
                         const struct air_flight *f)
{
    uint8_t octets[AIR_BYTES_MAX];
    uint32_t size = plain_of(&f->frame, octets);
    struct ble_connect connect;

    if (f->cut_ps != TIME_NEVER || !ble_crc_good(BLE_ADVERTISING_CRC_INIT, octets, size) ||
        ble_connect_read(octets, size - BLE_CRC_SIZE, &connect) != BLE_PDU_GOOD)
        return;
    struct ble_connection *c = connection_at(link, connect.access_address);
    bool is_same = c && c->facts.start_ps == air_end_ps(&f->frame);
    if (c && !is_same && is_alive(c, BLE_CENTRAL))
        return;
    if (c && !is_same)
        c->used = false;
    if (!is_same)
        c = connection_begin(m, link, f->device, &connect, air_end_ps(&f->frame));
    if (c && r->kind == EVENT_AIR_RECEIVED && !air_more(r->value))
        connection_join(m, link, c, &connect, r);
}

static void on_advertising(struct machine *m, struct ble_link *link, const struct record *r,
                           const struct air_flight *f)
{
    uint32_t station = station_of(machine_air(m), air_device(r->value));

    if (r->kind == EVENT_AIR_END)
        advertising_sent(m, link, r, f);
    if (r->kind == EVENT_AIR_RECEIVED && station < AIR_STATION_MAX)
        link->advertising_ps[station] = r->at_ps;
    if (r->kind == EVENT_AIR_END || r->kind == EVENT_AIR_RECEIVED)
        connect_seen(m, link, r, f);
}

/* ---- events */

/* The central's event is over: what became of it. */
static void event_over(struct ble_connection *c)
{
    struct ble_connection_facts *facts = &c->facts;
    uint64_t limit =
        ble_event_limit_ps(ble_plan_window(&c->ends[BLE_CENTRAL].plan, c->event + 1).start_ps);

    if (!c->event_open)
        return;
    c->event_open = false;
    margin_add(&facts->event_end, (int64_t)limit - (int64_t)c->event_end_ps, c->event_end_ps,
               c->event, PROCESS_NONE);
    if (!c->event_counts)
        return;
    if (c->event_answered)
        facts->answered++;
    else if (c->event_heard)
        facts->missed++;
    else if (c->event_skipped || (c->settled_event == c->event + 1 && c->settled_skipped))
        facts->skipped++;
    else if (c->event_lost)
        facts->lost++;
    else
        facts->missed++;
}

/* The central is not when all that could be read says; it may have another idea of its event. */
static bool is_out_of_time(const struct ble_connection *c, const struct air_frame *frame,
                           uint32_t event)
{
    struct ble_window window = ble_plan_window(&c->ends[BLE_CENTRAL].plan, event);
    uint64_t far = ADRIFT_US * PS_PER_US;

    return frame->start_ps + far < window.start_ps || frame->start_ps > window.end_ps + far;
}

/* ... or not where. */
static bool has_left(const struct ble_connection *c, const struct air_frame *frame, uint32_t event)
{
    const struct ble_plan *plan = &c->ends[BLE_CENTRAL].plan;

    return is_out_of_time(c, frame, event) || frame->mhz != ble_plan_mhz(plan, event) ||
           frame->phy != ble_plan_phy(plan, BLE_CENTRAL, event);
}

static bool somebody_speaks(const struct ble_connection *c)
{
    return c->ends[BLE_CENTRAL].began_ps > c->event_end_ps ||
           c->ends[BLE_PERIPHERAL].began_ps > c->event_end_ps;
}

/* Whether a central may begin another event: the one under way is closed T_IFS before the next
 * anchor (6.B 4.5.1), and where the last word was the central's there may be an answer to come. */
static bool is_closed(const struct ble_connection *c, uint64_t at_ps)
{
    uint64_t central_ps = c->ends[BLE_CENTRAL].began_ps;
    uint64_t peripheral_ps = c->ends[BLE_PERIPHERAL].began_ps;
    uint64_t apart_ps = central_ps > peripheral_ps ? ECHO_US * PS_PER_US : BLE_T_IFS_PS;

    return !c->event_open || (!somebody_speaks(c) && at_ps >= c->event_end_ps + apart_ps);
}

/* It may be answered yet. */
static bool is_undecided(const struct ble_connection *c, uint64_t at_ps)
{
    return !c->event_answered && !is_closed(c, at_ps) && (c->event_heard || somebody_speaks(c));
}

static void event_begin(struct ble_link *link, struct ble_connection *c, const struct record *r,
                        const struct air_flight *f, uint32_t event)
{
    struct ble_end *end = &c->ends[BLE_CENTRAL];

    if (is_out_of_time(c, &f->frame, event) || !is_closed(c, r->at_ps))
        c->facts.lawless = c->facts.adrift = true;
    event_over(c);
    c->facts.adrift |= (c->facts.opaque || c->forged) && has_left(c, &f->frame, event);
    if (ble_plan_anchor(&end->plan, event, r->at_ps)) {
        end->valid_ps = r->at_ps; /* 6.B 5.1.1 */
        c->facts.interval = end->plan.interval;
        c->facts.latency = end->plan.latency;
        c->facts.timeout = end->plan.timeout;
    }
    c->event = event;
    c->event_mhz = f->frame.mhz;
    c->event_open = c->begun = true;
    c->event_counts = is_surely_alive(c, BLE_PERIPHERAL, r->at_ps);
    c->event_heard = c->event_lost = c->event_answered = c->event_skipped = false;
    c->ends[BLE_CENTRAL].bad_in_row = c->ends[BLE_PERIPHERAL].bad_in_row = 0;
    c->facts.events += c->event_counts;
    find_due(link, c);
}

/* The central's packet belongs to the event under way: a central sends again after T_IFS behind
 * what it has heard, on the same channel, or closes the event (6.B 4.5.6). When it comes says
 * nothing: it may go by an update that nobody else has received, or not go by the one that it has
 * sent. What begins just behind the event's last bit, and before the next event is due, is an echo:
 * no central leaves an event and begins the next so soon. */
static bool goes_on(const struct ble_connection *c, const struct air_frame *frame, uint64_t at_ps)
{
    const struct ble_end *central = &c->ends[BLE_CENTRAL];
    bool answers = central->heard && at_ps < central->heard_end_ps + GOES_ON_US * PS_PER_US;
    bool echoes = at_ps < c->event_end_ps + ECHO_US * PS_PER_US &&
                  ble_plan_event(&central->plan, at_ps) == c->event;

    return c->event_open && frame->mhz == c->event_mhz && (answers || echoes);
}

static void packet_begins(struct machine *m, struct ble_link *link, struct ble_connection *c,
                          const struct record *r, const struct air_flight *f)
{
    enum ble_side side = side_of(c, air_device(r->value));

    if (side == BLE_SIDES)
        return;
    struct ble_end *end = &c->ends[side];
    c->forged |= f->forged;
    end->goes_on = side == BLE_PERIPHERAL || goes_on(c, &f->frame, r->at_ps);
    if (!end->goes_on)
        event_begin(link, c, r, f, ble_plan_event(&end->plan, r->at_ps));
    end->began_ps = r->at_ps;
    end->began_process = (uint16_t)machine_running(m);
}

/* ---- what comes in */

static void packet_heard(struct machine *m, struct ble_link *link, struct ble_connection *c,
                         const struct record *r, const struct air_flight *f)
{
    uint8_t phy = f->frame.phy;
    uint64_t start_ps = r->at_ps - air_bits_ps(phy, air_preamble_bits(phy) + 8 * AIR_ADDRESS_SIZE);
    struct ble_end *end = &c->ends[BLE_PERIPHERAL];

    if (air_device(r->value) != c->facts.device[BLE_PERIPHERAL] || c->event_heard)
        return;
    c->event_heard = true;
    if (!is_alive(c, BLE_PERIPHERAL))
        return;
    unanswered(m, c);
    c->facts.adrift |= ble_plan_event(&end->plan, start_ps) != c->event;
    while (c->listening.event < c->event && !ble_is_astray(&c->facts))
        settle_window(m, link, c);
    if (end->plan.update && c->event == end->plan.update_at)
        end->valid_ps = start_ps; /* its window may begin later, as it was heard early */
    (void)ble_plan_anchor(&end->plan, c->event, start_ps);
    c->sync_ps = start_ps;
    c->listening.heard = c->listening.event == c->event;
    if (c->listening.heard)
        settle_window(m, link, c);
    else
        listen_for(m, c, c->event + 1);
    find_due(link, c);
}

/* Longer than anybody has agreed to: lawfully not taken, and no side of ours makes it. */
static bool is_too_long(const uint8_t *octets)
{
    return ble_data_header_read(octets).size > BLE_DATA_PAYLOAD_MIN + BLE_MIC_SIZE;
}

/* Whether a packet is not the one again that this side has sent last. What was changed on the way,
 * so that nobody took it, is new when it comes again. */
static bool is_new_of(const struct ble_end *sender, const uint8_t *octets)
{
    return !sender->sent || ble_data_header_read(octets).sn != sender->sn || sender->was_too_long;
}

/* The control PDU in a data PDU's payload, in clear; false: none. */
static bool control_of(struct ble_connection *c, enum ble_side sender, const uint8_t *octets,
                       struct ble_control *control)
{
    bool is_new = is_new_of(&c->ends[sender], octets);
    enum ble_cipher_reading reading;

    if (c->facts.opaque)
        return false;
    reading = ble_cipher_read(&c->cipher, sender, is_new, octets, control);
    c->facts.opaque = reading == BLE_CIPHER_UNREADABLE;
    return reading == BLE_CIPHER_READ;
}

static void control_received(struct ble_connection *c, enum ble_side side,
                             const struct ble_control *control, uint64_t at_ps)
{
    struct ble_end *end = &c->ends[side];

    if (control->opcode == BLE_TERMINATE_IND)
        end->ending = true;
    c->facts.lawless |= side == BLE_PERIPHERAL && !ble_cipher_is_lawful(&c->cipher, control);
    c->facts.opaque |= !ble_cipher_received(&c->cipher, side, control);
    end->asked = side == BLE_PERIPHERAL;
    end->asked_event = c->event;
    end->asked_ps = at_ps;
    end->control = *control;
}

static void is_valid(struct ble_connection *c, enum ble_side side, uint64_t at_ps)
{
    struct ble_end *end = &c->ends[side];
    int64_t margin = (int64_t)limit_ps(c, side) - (int64_t)(at_ps - end->valid_ps);

    margin_add(&c->facts.supervision[side], margin, at_ps, c->event, PROCESS_NONE);
    end->valid_ps = at_ps;
    if (c->facts.state[side] == BLE_STATE_CREATED)
        c->facts.state[side] = BLE_STATE_CONNECTED;
}

static void valid_received(struct ble_connection *c, enum ble_side side, const uint8_t *octets,
                           uint64_t at_ps)
{
    struct ble_end *end = &c->ends[side];
    struct ble_data_header header = ble_data_header_read(octets);
    struct ble_control control;

    supervise(c, side, at_ps);
    if (is_alive(c, side))
        is_valid(c, side, at_ps);
    end->heard_acks = end->sent && header.nesn != end->sn;
    end->heard_new = header.sn == end->nesn;
    end->acked_unsent |= end->acked && !end->heard_acks; /* no central says so of itself */
    end->acked |= end->heard_acks;
    end->new_came |= end->heard_new;
    if (is_too_long(octets))
        end->heard_acks = end->heard_new = false;
    if (end->heard_acks && end->ends_link)
        end_side(c, side, BLE_STATE_TERMINATED, at_ps);
    if (end->heard_new && is_alive(c, side) && control_of(c, !side, octets, &control))
        control_received(c, side, &control, at_ps);
}

static void packet_received(struct ble_link *link, struct ble_connection *c, const struct record *r,
                            const struct air_flight *f)
{
    enum ble_side side = side_of(c, air_device(r->value));
    uint8_t octets[AIR_BYTES_MAX];

    if (side == BLE_SIDES || f->frame.size < AIR_ADDRESS_SIZE + BLE_HEADER_SIZE + BLE_CRC_SIZE)
        return;
    struct ble_end *end = &c->ends[side];
    c->facts.lawless |= f->device != c->facts.device[!side];
    end->heard = true;
    end->heard_end_ps = r->at_ps;
    end->heard_acks = end->heard_new = false;
    if (air_more(r->value)) {
        c->facts.bad_crcs[side]++;
        end->bad_in_row++;
        return;
    }
    uint32_t size = plain_of(&f->frame, octets);
    if (ble_crc_good(c->crc_init, octets, size)) {
        c->facts.received[side]++;
        end->bad_in_row = 0;
        valid_received(c, side, octets, r->at_ps);
        find_due(link, c);
    }
}

static void packet_missed(struct ble_connection *c, const struct record *r)
{
    uint32_t why = air_more(r->value);

    if (air_device(r->value) == c->facts.device[BLE_PERIPHERAL] &&
        (why == AIR_MISS_LOST || why == AIR_MISS_CLASH || why == AIR_MISS_BUSY))
        c->event_lost = true;
}

/* ---- what is sent */

static uint64_t data_hash(const uint8_t *octets, uint32_t size)
{
    uint64_t hash = trace_hash_word(TRACE_HASH_START, octets[0] & 3u);

    for (uint32_t i = 1; i < size; i++)
        hash = trace_hash_word(hash, octets[i]);
    return hash;
}

static enum ble_sequence_fault sequence_of(struct machine *m, const struct ble_connection *c,
                                           enum ble_side side, const uint8_t *octets, uint32_t size)
{
    const struct ble_end *end = &c->ends[side];
    struct ble_data_header header = ble_data_header_read(octets);

    if (!ble_crc_good(c->crc_init, octets, size) ||
        ble_data_check(octets, size - BLE_CRC_SIZE) != BLE_PDU_GOOD)
        return BLE_SEQUENCE_NO_PDU;
    if (end->bad_in_row >= 2)
        return BLE_SEQUENCE_BAD_CRCS;
    if (header.nesn != end->nesn && !end->new_came)
        return BLE_SEQUENCE_NESN_BASELESS;
    if (!end->sent)
        return header.sn ? BLE_SEQUENCE_NEW_UNACKED : BLE_SEQUENCE_GOOD;
    if (header.sn != end->sn)
        return end->acked ? BLE_SEQUENCE_GOOD : BLE_SEQUENCE_NEW_UNACKED;
    if (end->heard && end->heard_acks && radio_says_good(m, c->facts.device[side]))
        return BLE_SEQUENCE_SAME_ACKED;
    if (end->acked_unsent)
        return BLE_SEQUENCE_GOOD;
    return end->sent_hash == data_hash(octets, size - BLE_CRC_SIZE) ? BLE_SEQUENCE_GOOD
                                                                    : BLE_SEQUENCE_DATA_CHANGED;
}

static void control_sent(struct ble_connection *c, enum ble_side side,
                         const struct ble_control *control)
{
    struct ble_plan *plan = &c->ends[side].plan;

    if (side != BLE_CENTRAL)
        return;
    c->facts.lawless |= !ble_plan_is_lawful(plan, control, c->event);
    (void)ble_plan_control(plan, control, c->event);
}

/* Whoever hears it takes its SN and NESN: its CRC is good and its length, whatever LLID it has. */
static bool is_sequenced(const struct ble_connection *c, const uint8_t *octets, uint32_t size)
{
    return ble_crc_good(c->crc_init, octets, size) &&
           size == BLE_HEADER_SIZE + BLE_CRC_SIZE + (uint32_t)ble_data_header_read(octets).size;
}

/* What the sender is in after this packet. */
static void sequence_goes_on(struct machine *m, struct ble_connection *c, enum ble_side side,
                             const uint8_t *octets, uint32_t size)
{
    struct ble_end *end = &c->ends[side];
    struct ble_data_header header = ble_data_header_read(octets);
    struct ble_control control;
    bool is_new =
        is_new_of(end, octets) || (end->acked_unsent && end->sent_hash != data_hash(octets, size));

    if (!is_new && header.size > 0)
        c->facts.retransmissions[side]++;
    if (header.nesn != end->nesn) {
        end->new_came = false;
        if (side == BLE_PERIPHERAL)
            control_taken(m, c, true);
    } else {
        end->ending = false; /* it had no room for the goodbye, which comes again */
    }
    if (side == BLE_PERIPHERAL)
        end->asked = false; /* nor for this */
    if (header.sn != end->sn)
        end->acked = false;
    if (is_new && !is_too_long(octets)) {
        bool is_control = control_of(c, side, octets, &control);
        end->acked = false;
        end->sent_hash = data_hash(octets, size);
        end->ends_link = is_control && control.opcode == BLE_TERMINATE_IND;
        if (is_control)
            control_sent(c, side, &control);
    }
    if (!is_too_long(octets))
        ble_cipher_sent(&c->cipher, side, is_new, octets);
    end->was_too_long = is_new && is_too_long(octets);
    end->sent = true;
    end->acked_unsent = false;
    end->sn = header.sn;
    end->nesn = header.nesn;
}

static bool is_after_end(const struct ble_connection *c, enum ble_side side, uint64_t at_ps)
{
    const struct ble_connection_facts *facts = &c->facts;
    const struct ble_end *end = &c->ends[side];
    uint64_t interval = ble_plan_interval_ps(&c->ends[side].plan, c->event);
    uint64_t limit = limit_ps(c, side);

    switch ((enum ble_link_state)facts->state[side]) {
    case BLE_STATE_TERMINATED:
        if (end->heard && end->heard_end_ps > facts->end_ps[!side] &&
            at_ps < facts->end_ps[side] + interval / 2)
            return false; /* the other side goes on in this event, and is answered */
        return !is_alive(c, !side) && at_ps > facts->end_ps[!side] && at_ps > facts->end_ps[side];
    case BLE_STATE_NOT_ESTABLISHED:
    case BLE_STATE_TIMED_OUT:
        return at_ps > facts->end_ps[side] + interval + limit / 1000;
    case BLE_STATE_INSTANT_PASSED:
        return !facts->adrift && c->event != end->asked_event &&
               at_ps > facts->end_ps[side] + interval / 2;
    default:
        return false;
    }
}

/* How the packet stands in the connection, before its header is looked at. */
static void describe(struct machine *m, struct ble_connection *c, enum ble_side side,
                     const struct air_flight *f, struct ble_packet *p)
{
    const struct ble_end *end = &c->ends[side];
    bool by_itself = side == BLE_PERIPHERAL && !end->heard;
    uint32_t event = by_itself ? ble_plan_event(&end->plan, f->frame.start_ps) : c->event;

    *p = (struct ble_packet){
        .is_there = true,
        .is_ours = ble_is_ours(m, f->device),
        .broken_off = f->cut_ps != TIME_NEVER,
        .first = side == BLE_CENTRAL && !end->goes_on,
        .answers = end->heard && end->goes_on,
        .after_end = is_after_end(c, side, f->frame.start_ps),
        .new_unheeded = end->heard_new && radio_says_good(m, f->device),
        .side = (uint8_t)side,
        .device = (uint16_t)f->device,
        .mhz = f->frame.mhz,
        .wanted_mhz = ble_plan_mhz(&end->plan, event),
        .phy = f->frame.phy,
        .wanted_phy = ble_plan_phy(&end->plan, side, event),
        .process = end->began_process,
        .event = event,
        .start_ps = f->frame.start_ps,
        .off_ps = (int64_t)f->frame.start_ps - (int64_t)(end->heard_end_ps + BLE_T_IFS_PS),
    };
    bool anywhere = c->facts.adrift || (c->facts.lawless && side == BLE_PERIPHERAL);
    if (anywhere)
        p->wanted_mhz = p->mhz;
    if (anywhere || c->facts.opaque)
        p->wanted_phy = p->phy;
}

static void count(struct ble_connection *c, const struct ble_packet *p)
{
    struct ble_connection_facts *facts = &c->facts;
    int64_t margin;

    facts->packets[p->side]++;
    facts->sequence_faults[p->side] += p->fault != BLE_SEQUENCE_GOOD;
    facts->channel_faults[p->side] +=
        p->after_end || p->mhz != p->wanted_mhz || p->phy != p->wanted_phy;
    if (ble_packet_margin(p, &margin)) {
        margin_add(&facts->ifs[p->side], margin, p->start_ps, p->event, p->process);
        facts->ifs_faults[p->side] += margin < 0;
        facts->late += p->side == BLE_PERIPHERAL && margin < 0;
    } else {
        facts->ifs_faults[p->side] += !p->first;
    }
}

static void packet_ended(struct machine *m, struct ble_link *link, struct ble_connection *c,
                         const struct record *r, const struct air_flight *f)
{
    enum ble_side side = side_of(c, air_device(r->value));
    struct ble_packet *p = &link->packet;
    bool whole = f->frame.size >= AIR_ADDRESS_SIZE + BLE_HEADER_SIZE + BLE_CRC_SIZE;

    if (side == BLE_SIDES)
        return;
    describe(m, c, side, f, p);
    c->event_answered |= side == BLE_PERIPHERAL;
    c->event_end_ps = r->at_ps;
    if (!p->broken_off) {
        uint8_t octets[AIR_BYTES_MAX];
        uint32_t size = whole ? plain_of(&f->frame, octets) : 0;
        p->fault = whole ? (uint8_t)sequence_of(m, c, side, octets, size) : BLE_SEQUENCE_NO_PDU;
        if (whole && is_sequenced(c, octets, size)) {
            struct ble_data_header header = ble_data_header_read(octets);
            p->repeated = c->ends[side].sent && header.sn == c->ends[side].sn;
            p->new_unheeded &= header.nesn == c->ends[side].nesn;
            sequence_goes_on(m, c, side, octets, size - BLE_CRC_SIZE);
        }
        if (c->ends[side].ending)
            end_side(c, side, BLE_STATE_TERMINATED, r->at_ps);
    }
    count(c, p);
    c->ends[side].heard = c->ends[side].heard_acks = c->ends[side].heard_new = false;
}

/* ---- all records */

static void on_data(struct machine *m, struct ble_link *link, struct ble_connection *c,
                    const struct record *r, const struct air_flight *f)
{
    switch (r->kind) {
    case EVENT_AIR_START:
        packet_begins(m, link, c, r, f);
        break;
    case EVENT_AIR_HEARD:
        packet_heard(m, link, c, r, f);
        break;
    case EVENT_AIR_RECEIVED:
        packet_received(link, c, r, f);
        break;
    case EVENT_AIR_MISSED:
        packet_missed(c, r);
        break;
    default:
        packet_ended(m, link, c, r, f);
        break;
    }
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct ble_link *link = state;

    link->packet.is_there = false;
    if (r->at_ps > link->due_ps)
        settle(m, link, r->at_ps);
    if (r->kind == EVENT_AIR_LISTEN || r->kind == EVENT_AIR_DEAF) {
        on_tuned(m, link, r);
        return;
    }
    const struct air_flight *f = &machine_air(m)->flights[air_flight_number(r->value)];
    if (r->address == BLE_ADVERTISING_ADDRESS) {
        on_advertising(m, link, r, f);
        return;
    }
    struct ble_connection *c = connection_at(link, r->address);
    if (c)
        on_data(m, link, c, r, f);
}

static void start(struct machine *m, void *state)
{
    struct ble_link *link = state;

    (void)m;
    link->due_ps = TIME_NEVER;
}

/* Of an event that the end cuts before its answer is due, nobody can tell what becomes of it. */
static void at_end(struct machine *m, void *state)
{
    struct ble_link *link = state;
    uint64_t now_ps = machine_now_ps(m);

    settle(m, link, now_ps);
    for (uint32_t i = 0; i < BLE_CONNECTION_MAX; i++) {
        struct ble_connection *c = &link->connections[i];
        if (c->used && is_undecided(c, now_ps))
            c->facts.events -= c->event_counts;
        else if (c->used)
            event_over(c);
    }
}

const struct ble_connection_facts *ble_connection(const struct machine *m, uint32_t i)
{
    const struct ble_link *link = ble_link_of(m);

    for (uint32_t n = 0; link && n < BLE_CONNECTION_MAX; n++)
        if (link->connections[n].used && link->connections[n].number == i)
            return &link->connections[n].facts;
    return NULL;
}

uint32_t ble_connection_count(const struct machine *m)
{
    const struct ble_link *link = ble_link_of(m);

    return link ? link->count : 0;
}

const struct monitor monitor_ble_link = {
    .name = "ble_link",
    .kinds = {KIND_EVENT(EVENT_AIR_START) | KIND_EVENT(EVENT_AIR_END) |
              KIND_EVENT(EVENT_AIR_HEARD) | KIND_EVENT(EVENT_AIR_MISSED) |
              KIND_EVENT(EVENT_AIR_RECEIVED) | KIND_EVENT(EVENT_AIR_LISTEN) |
              KIND_EVENT(EVENT_AIR_DEAF)},
    .hears = ble_hears,
    .state_size = sizeof(struct ble_link),
    .always = true,
    .start = start,
    .on_record = on_record,
    .at_end = at_end,
};
