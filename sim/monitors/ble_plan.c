#include "sim/monitors/ble_plan.h"
#include "sim/frame.h"

/* A packet may be so much before its window and is still of that event: ours, half a unit. */
#define EARLY_PS (BLE_UNIT_PS / 2)

static uint64_t units_ps(uint32_t units)
{
    return units * BLE_UNIT_PS;
}

void ble_plan_start(struct ble_plan *plan, const struct ble_connect *connect, bool csa2,
                    uint64_t connect_end_ps)
{
    struct ble_window first = ble_transmit_window(connect_end_ps, BLE_WINDOW_DELAY_PS,
                                                  connect->window_offset, connect->window_size);

    *plan = (struct ble_plan){
        .csa2 = csa2,
        .hop = connect->hop,
        .csa2_identifier = ble_csa2_identifier(connect->access_address),
        .interval = connect->interval ? connect->interval : 1,
        .latency = connect->latency,
        .timeout = connect->timeout,
        .map = ble_channel_map_make(connect->channels),
        .base_ps = first.start_ps,
        .base_size_ps = first.end_ps - first.start_ps,
    };
}

static bool is_updated(const struct ble_plan *plan, uint32_t event)
{
    return plan->update && (int32_t)(event - plan->update_at) >= 0;
}

/* The first bit of the window at the instant of an update. */
static uint64_t update_ps(const struct ble_plan *plan)
{
    return plan->base_ps +
           units_ps((plan->update_at - plan->base_event) * plan->interval + plan->next.offset);
}

struct ble_window ble_plan_window(const struct ble_plan *plan, uint32_t event)
{
    uint64_t start = plan->base_ps, size = plan->base_size_ps;

    if (is_updated(plan, event)) {
        start = update_ps(plan) + units_ps((event - plan->update_at) * plan->next.interval);
        size = units_ps(plan->next.size) + plan->base_size_ps;
    } else {
        start += units_ps((event - plan->base_event) * plan->interval);
    }
    return (struct ble_window){start, start + size};
}

uint32_t ble_plan_event(const struct ble_plan *plan, uint64_t at_ps)
{
    uint64_t interval = units_ps(plan->interval), early = interval / 2;
    uint64_t base = plan->base_ps;
    uint32_t event = plan->base_event;

    if (plan->update && at_ps + EARLY_PS >= update_ps(plan)) {
        base = update_ps(plan);
        event = plan->update_at;
        interval = units_ps(plan->next.interval);
        early = EARLY_PS;
    } else if (plan->base_size_ps > 0) {
        early = EARLY_PS;
    }
    return at_ps + early < base ? event : event + (uint32_t)((at_ps + early - base) / interval);
}

static void take_update(struct ble_plan *plan)
{
    plan->interval = plan->next.interval;
    plan->latency = plan->next.latency;
    plan->timeout = plan->next.timeout;
    plan->update = false;
}

bool ble_plan_anchor(struct ble_plan *plan, uint32_t event, uint64_t at_ps)
{
    bool updated = is_updated(plan, event);

    if (updated)
        take_update(plan);
    if (plan->remap && (int32_t)(event - plan->remap_at) >= 0) {
        plan->map = plan->next_map;
        plan->remap = false;
    }
    if (plan->rephy && (int32_t)(event - plan->rephy_at) >= 0) {
        plan->phy[BLE_CENTRAL] = plan->next_phy[BLE_CENTRAL];
        plan->phy[BLE_PERIPHERAL] = plan->next_phy[BLE_PERIPHERAL];
        plan->rephy = false;
    }
    plan->base_event = event;
    plan->base_ps = at_ps;
    plan->base_size_ps = 0;
    return updated;
}

uint64_t ble_plan_interval_ps(const struct ble_plan *plan, uint32_t event)
{
    return units_ps(is_updated(plan, event) ? plan->next.interval : plan->interval);
}

uint16_t ble_plan_mhz(const struct ble_plan *plan, uint32_t event)
{
    bool next = plan->remap && (int32_t)(event - plan->remap_at) >= 0;
    const struct ble_channel_map *map = next ? &plan->next_map : &plan->map;
    unsigned channel;

    if (plan->left_at == event + 1)
        map = &plan->left_map;
    if (plan->csa2)
        channel = ble_csa2_channel(map, (uint16_t)event, plan->csa2_identifier);
    else
        channel = ble_csa1_channel(map, ble_csa1_unmapped(0, plan->hop, event + 1));
    return (uint16_t)ble_channel_mhz(channel);
}

uint8_t ble_plan_phy(const struct ble_plan *plan, enum ble_side sender, uint32_t event)
{
    bool next = plan->rephy && (int32_t)(event - plan->rephy_at) >= 0;

    return next ? plan->next_phy[sender] : plan->phy[sender];
}

static bool is_near(bool waits, uint32_t at, uint32_t event)
{
    return waits && (event == at || event + 1 == at);
}

bool ble_plan_is_near_instant(const struct ble_plan *plan, uint32_t event)
{
    return is_near(plan->update, plan->update_at, event) ||
           is_near(plan->remap, plan->remap_at, event) ||
           is_near(plan->rephy, plan->rephy_at, event);
}

/* The event that a PDU's instant means, if it comes in `event`. */
static uint32_t event_of(uint16_t instant, uint32_t event)
{
    return event + (uint16_t)(instant - (uint16_t)event);
}

/* An event that is under way goes on where it is. */
static uint32_t next_if_now(uint32_t at, uint32_t event)
{
    return at == event ? event + 1 : at;
}

static uint8_t phy_of(uint8_t bits, uint8_t now)
{
    return bits & BLE_PHY_BIT_2M ? AIR_2M : bits & BLE_PHY_BIT_1M ? AIR_1M : now;
}

/* As those of a CONNECT_IND whose other numbers are good. */
static bool is_timing_good(const struct ble_control *control)
{
    const struct ble_connect connect = {.window_size = control->update.window_size,
                                        .window_offset = control->update.window_offset,
                                        .interval = control->update.interval,
                                        .latency = control->update.latency,
                                        .timeout = control->update.timeout,
                                        .channels = BLE_CHANNELS_ALL,
                                        .hop = 5};
    return ble_connect_check(&connect) == BLE_CONNECT_GOOD;
}

/* None, or one that is not LE Coded. */
static bool is_phy_good(uint8_t bits)
{
    return bits == 0 || bits == BLE_PHY_BIT_1M || bits == BLE_PHY_BIT_2M;
}

bool ble_plan_is_lawful(const struct ble_plan *plan, const struct ble_control *control,
                        uint32_t event)
{
    uint16_t counter = (uint16_t)event;

    switch (control->opcode) {
    case BLE_CONNECTION_UPDATE_IND:
        return !plan->update && is_timing_good(control) &&
               !ble_instant_passed(control->update.instant, counter);
    case BLE_CHANNEL_MAP_IND:
        return !plan->remap && ble_channel_map_make(control->map.channels).used_count >= 2 &&
               !ble_instant_passed(control->map.instant, counter);
    case BLE_PHY_UPDATE_IND:
        return !plan->rephy && is_phy_good(control->phy_update.to_central) &&
               is_phy_good(control->phy_update.to_peripheral);
    default:
        return true;
    }
}

/* A map of this very event, and now another one: until that one's instant the first one holds, but
 * the event goes on by the one before. */
static void leave_map(struct ble_plan *plan, uint32_t event)
{
    plan->left_map = plan->map;
    plan->left_at = event + 1;
    plan->map = plan->next_map;
}

bool ble_plan_control(struct ble_plan *plan, const struct ble_control *control, uint32_t event)
{
    uint16_t counter = (uint16_t)event;

    switch (control->opcode) {
    case BLE_CONNECTION_UPDATE_IND:
        if (ble_instant_passed(control->update.instant, counter))
            return false;
        plan->update = true;
        plan->update_at = event_of(control->update.instant, event);
        plan->next.interval = control->update.interval ? control->update.interval : 1;
        plan->next.latency = control->update.latency;
        plan->next.timeout = control->update.timeout;
        plan->next.offset = control->update.window_offset;
        plan->next.size = control->update.window_size;
        if (plan->update_at == event && plan->base_event == event)
            take_update(plan); /* the packet that brought it is the new anchor: 6.B 5.1.1 */
        break;
    case BLE_CHANNEL_MAP_IND:
        if (ble_instant_passed(control->map.instant, counter))
            return false;
        if (plan->remap && plan->remap_at == event + 1)
            leave_map(plan, event);
        plan->remap = true;
        plan->remap_at = next_if_now(event_of(control->map.instant, event), event);
        plan->next_map = ble_channel_map_make(control->map.channels);
        break;
    case BLE_PHY_UPDATE_IND:
        if (!control->phy_update.to_central && !control->phy_update.to_peripheral)
            break; /* nothing changes, and the instant does not count */
        if (ble_instant_passed(control->phy_update.instant, counter))
            return false;
        plan->rephy = true;
        plan->rephy_at = next_if_now(event_of(control->phy_update.instant, event), event);
        plan->next_phy[BLE_CENTRAL] =
            phy_of(control->phy_update.to_peripheral, plan->phy[BLE_CENTRAL]);
        plan->next_phy[BLE_PERIPHERAL] =
            phy_of(control->phy_update.to_central, plan->phy[BLE_PERIPHERAL]);
        break;
    default:
        break;
    }
    return true;
}
