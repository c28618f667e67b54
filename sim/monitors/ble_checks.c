/* ble_checks: ble-link, ble-window, ble-event-end, ble-supervision: what a scenario asks of
 * connections ("expect": {"ble_link": ...}, sim/ble_expect.h), looked at once, at the end.
 *
 * Armed: counts and states if there was a connection (the number of connections always), margins if
 * there is one. ble-ifs is judged here, too, if a scenario asks for a margin beyond the bound.
 *
 * Cannot see: what ble_link.h says it cannot.
 */
#include "model/process.h"
#include "sim/ble_expect.h"
#include "sim/monitors/ble_link.h"

const struct ble_link_row ble_link_facts[BLE_LINK_FACTS] = {
    [BLE_LINK_CONNECTIONS] = {{"connections", "CONNECT_INDs sent", NULL}, CHECK_BLE_LINK},
    [BLE_LINK_EVENTS] = {{"events", "that a central has begun for its peripheral", NULL},
                         CHECK_BLE_LINK},
    [BLE_LINK_ANSWERED] = {{"answered", "events with an answer", NULL}, CHECK_BLE_LINK},
    [BLE_LINK_SKIPPED] = {{"skipped", "events not listened for, by latency", NULL}, CHECK_BLE_LINK},
    [BLE_LINK_LOST] = {{"lost", "events that the air has kept from the peripheral", NULL},
                       CHECK_BLE_LINK},
    [BLE_LINK_MISSED] = {{"missed", "all other events: missed by the peripheral", NULL},
                         CHECK_BLE_LINK},
    [BLE_LINK_LATE] = {{"late", "answers outside of 150 us +- 2 us", NULL}, CHECK_BLE_LINK},
    [BLE_LINK_RETRANSMISSIONS] = {{"retransmissions", "PDUs with data that went out again", NULL},
                                  CHECK_BLE_LINK},
    [BLE_LINK_CENTRAL_FAULTS] = {{"central_faults", "of time, channel and sequence", NULL},
                                 CHECK_BLE_LINK},
    [BLE_LINK_UNLISTENED] = {{"unlistened", "events not listened for all the time", NULL},
                             CHECK_BLE_WINDOW},
    [BLE_LINK_CENTRAL] = {{"central", "how the link stands for it", ble_state_names},
                          CHECK_BLE_SUPERVISION},
    [BLE_LINK_PERIPHERAL] = {{"peripheral", "how the link stands for it", ble_state_names},
                             CHECK_BLE_SUPERVISION},
    [BLE_LINK_IFS_MARGIN] = {{"ifs_margin_us", "of the peripheral's answers", NULL}, CHECK_BLE_IFS},
    [BLE_LINK_WINDOW_MARGIN] = {{"window_margin_us", "of its receiver, at both ends", NULL},
                                CHECK_BLE_WINDOW},
    [BLE_LINK_EVENT_END_MARGIN] = {{"event_end_margin_us", "last bit to next anchor - T_IFS", NULL},
                                   CHECK_BLE_EVENT_END},
    [BLE_LINK_SUPERVISION_MARGIN] = {{"supervision_margin_us", "of the side that was nearer to it",
                                      NULL},
                                     CHECK_BLE_SUPERVISION},
};

static uint64_t count_of(const struct ble_connection_facts *f, enum ble_link_fact fact)
{
    switch (fact) {
    case BLE_LINK_CONNECTIONS:
        return 1;
    case BLE_LINK_EVENTS:
        return f->events;
    case BLE_LINK_ANSWERED:
        return f->answered;
    case BLE_LINK_SKIPPED:
        return f->skipped;
    case BLE_LINK_LOST:
        return f->lost;
    case BLE_LINK_MISSED:
        return f->missed;
    case BLE_LINK_LATE:
        return f->late;
    case BLE_LINK_RETRANSMISSIONS:
        return f->retransmissions[BLE_CENTRAL] + f->retransmissions[BLE_PERIPHERAL];
    case BLE_LINK_CENTRAL_FAULTS:
        return f->ifs_faults[BLE_CENTRAL] + f->sequence_faults[BLE_CENTRAL] +
               f->channel_faults[BLE_CENTRAL];
    case BLE_LINK_UNLISTENED:
        return f->unlistened;
    default:
        return 0;
    }
}

static void smaller(const struct ble_margin *margin, int64_t *least, bool *any)
{
    if (margin->count > 0 && (!*any || margin->min_ps < *least))
        *least = margin->min_ps;
    *any |= margin->count > 0;
}

static void margin_of(const struct ble_connection_facts *f, enum ble_link_fact fact, int64_t *least,
                      bool *any)
{
    switch (fact) {
    case BLE_LINK_IFS_MARGIN:
        smaller(&f->ifs[BLE_PERIPHERAL], least, any);
        break;
    case BLE_LINK_WINDOW_MARGIN:
        smaller(&f->window_open, least, any);
        smaller(&f->window_close, least, any);
        break;
    case BLE_LINK_EVENT_END_MARGIN:
        smaller(&f->event_end, least, any);
        break;
    default:
        smaller(&f->supervision[BLE_CENTRAL], least, any);
        smaller(&f->supervision[BLE_PERIPHERAL], least, any);
        break;
    }
}

static void judge_number(struct machine *m, uint32_t i, uint64_t value)
{
    const struct check *check = &machine_scenario(m)->checks[i];

    check_armed(m, i);
    if (value < check->min || value > check->max)
        break_of_check(m, i, PROCESS_NONE, 0, DETAIL_BLE_FACT, value, check->min);
}

static void judge_margin(struct machine *m, uint32_t i, int64_t margin)
{
    const struct check *check = &machine_scenario(m)->checks[i];

    check_armed(m, i);
    if (margin < 0)
        break_of_check(m, i, PROCESS_NONE, 0, DETAIL_BLE_MARGIN_BEYOND, (uint64_t)-margin,
                       check->min);
    else if ((uint64_t)margin < check->min)
        break_of_check(m, i, PROCESS_NONE, 0, DETAIL_BLE_MARGIN_SMALL, (uint64_t)margin,
                       check->min);
}

/* Over the connections that the check names. */
static void judge_check(struct machine *m, uint32_t i)
{
    const struct check *check = &machine_scenario(m)->checks[i];
    enum ble_link_fact fact = (enum ble_link_fact)check->number;
    uint64_t sum = 0;
    int64_t least = 0;
    bool any = false, seen = fact == BLE_LINK_CONNECTIONS;

    for (uint32_t n = 0; n < ble_connection_count(m); n++) {
        const struct ble_connection_facts *f = ble_connection(m, n);
        if (!f || (check->process != PATTERN_ANY && check->process != n))
            continue;
        seen = true;
        sum += count_of(f, fact);
        if (fact == BLE_LINK_CENTRAL || fact == BLE_LINK_PERIPHERAL)
            judge_number(m, i, f->state[fact == BLE_LINK_CENTRAL ? BLE_CENTRAL : BLE_PERIPHERAL]);
        else if (ble_link_is_margin(fact))
            margin_of(f, fact, &least, &any);
    }
    if (ble_link_is_margin(fact)) {
        if (any)
            judge_margin(m, i, least);
    } else if (seen && fact != BLE_LINK_CENTRAL && fact != BLE_LINK_PERIPHERAL) {
        judge_number(m, i, fact == BLE_LINK_CONNECTIONS ? ble_connection_count(m) : sum);
    }
}

static void at_end(struct machine *m, void *state)
{
    const struct scenario *s = machine_scenario(m);

    (void)state;
    for (uint32_t i = 0; i < s->check_count; i++)
        if (s->checks[i].kind >= CHECK_BLE_LINK && s->checks[i].kind <= CHECK_BLE_SUPERVISION)
            judge_check(m, i);
}

const struct monitor monitor_ble_checks = {
    .name = "ble_checks",
    .rules = KIND_BIT(RULE_BLE_LINK) | KIND_BIT(RULE_BLE_WINDOW) | KIND_BIT(RULE_BLE_EVENT_END) |
             KIND_BIT(RULE_BLE_SUPERVISION),
    .at_end = at_end,
};
