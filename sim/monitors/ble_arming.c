/* ble_arming: ble-armed-late: compare events that should start or stop the radio and cannot.
 *
 *   store to CC[i] of a TIMER or RTC --\
 *   store to PPI's CHEN, CHENSET --------> a channel from COMPARE[i] to TXEN, RXEN or DISABLE
 *   a group of channels switched on ---/       --> is the value ahead of the counter?
 *
 * Judges both orders: a compare value written while its channel is on, and a channel switched on
 * behind a compare value that was written for it, the apps' stores and the kernel's. The counter is
 * the device's own: a copy of it captures, or reads, its counter at this moment. Behind is what is
 * equal, too: neither counter makes an event of the value that it has. An RTC may overlook the next
 * value as well. Ahead is what is less than half of the counter's range away.
 *
 * Cannot see: short cuts and channels that lead to the radio by way of another device; compare
 * values that a capture has set; channels whose end points are changed while they are on; counters
 * that stand still.
 */
#include "model/process.h"
#include "sim/monitors/ble_link.h"
#include <string.h>

enum {
    PERIPHERALS = 0x40000000, /* pages of 4 KiB, 256 of them */
    PAGES = 256,
    COPY_MAX = 2048, /* bytes of a TIMER or an RTC */
    COMPARE = 0x140,
    CC = 0x540,
    CC_COUNT = 6,
    TIMER_CAPTURE = 0x040,
    TIMER_BITMODE = 0x508,
    RTC_COUNTER = 0x504,
    RTC_BITS = 24,
    RTC_LEAD = 2,
    PPI_CHEN = 0x500,
    PPI_CHENSET = 0x504,
    PPI_CHANNEL = 0x510,
    PPI_GROUP = 0x800,
    PPI_FORK = 0x910,
    PPI_PROGRAMMABLE = 20,
    PPI_CHANNELS = 32,
    PPI_GROUPS = 6,
    RADIO_TXEN = 0x000,
    RADIO_RXEN = 0x004,
    RADIO_DISABLE = 0x010,
};
#define STILL_PS (100 * PS_PER_US) /* every counter moves within it: 31.25 kHz, 32768 Hz / 1 */

enum role { ROLE_NONE, ROLE_TIMER, ROLE_RTC, ROLE_PPI, ROLE_RADIO };

struct arming {
    uint8_t ppi; /* 1 + its index on the board; 0: there is none */
    uint8_t chen_row, channel_row, group_row, fork_row; /* of PPI, the first of their kind */
    uint8_t role_of_page[PAGES];
    uint8_t device_of_page[PAGES]; /* where there is a role */
    uint8_t fresh_of_page[PAGES];  /* bit i: CC[i] was written, and not judged since */
    uint8_t close_of_page[PAGES];  /* bit i: with too little lead */
};

static enum role role_of(const struct device_type *type)
{
    static const struct {
        const char *name;
        enum role role;
    } types[] = {{"nrf52-timer", ROLE_TIMER},
                 {"nrf52-timer6", ROLE_TIMER},
                 {"nrf52-rtc", ROLE_RTC},
                 {"nrf52-ppi", ROLE_PPI},
                 {"nrf52-radio", ROLE_RADIO}};

    for (size_t i = 0; type && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(type->name, types[i].name) == 0)
            return types[i].role;
    return ROLE_NONE;
}

/* ---- the counters, by a copy of the device */

/* The counter of a copy of `d` at that time. */
static uint32_t counter_at(const struct device *d, enum role role, uint64_t at_ps)
{
    uint64_t block[COPY_MAX / sizeof(uint64_t)];
    struct device *copy = (struct device *)(void *)block;
    size_t size = device_size(d->type);

    if (size > sizeof block)
        return 0;
    memcpy(block, d, size);
    copy->request_count = 0;
    if (role == ROLE_RTC)
        return device_read(copy, RTC_COUNTER, at_ps);
    device_task(copy, TIMER_CAPTURE, at_ps);
    return device_read(copy, CC, at_ps);
}

static uint32_t mask_of(struct device *d, enum role role)
{
    static const uint32_t masks[4] = {0xffff, 0xff, 0xffffff, 0xffffffff};
    int row = role == ROLE_TIMER ? device_row_at(d, TIMER_BITMODE) : -1;

    return row < 0 ? (UINT32_C(1) << RTC_BITS) - 1 : masks[device_value(d, (uint32_t)row) & 3];
}

/* ---- what leads where */

static bool is_radios(const struct arming *a, uint32_t task)
{
    uint32_t page = (task - PERIPHERALS) >> 12, offset = task & 0xfff;

    return page < PAGES && a->role_of_page[page] == ROLE_RADIO &&
           (offset == RADIO_TXEN || offset == RADIO_RXEN || offset == RADIO_DISABLE);
}

/* Pre-programmed channels that begin at a compare event; source: nRF52840 Product Specification
 * v1.7, PPI. */
static const struct {
    uint32_t event;
    bool to_radio;
} fixed[PPI_CHANNELS - PPI_PROGRAMMABLE] = {
    [20 - PPI_PROGRAMMABLE] = {0x40008140, true},  [21 - PPI_PROGRAMMABLE] = {0x40008140, true},
    [22 - PPI_PROGRAMMABLE] = {0x40008144, true},  [28 - PPI_PROGRAMMABLE] = {0x4000b140, true},
    [29 - PPI_PROGRAMMABLE] = {0x4000b140, true},  [30 - PPI_PROGRAMMABLE] = {0x4000b140, false},
    [31 - PPI_PROGRAMMABLE] = {0x4000b140, false},
};

/* The COMPARE event that leads by this channel to the radio's TXEN, RXEN or DISABLE; 0: none. */
static uint32_t compare_of(const struct arming *a, struct device *ppi, uint32_t channel)
{
    bool to_radio = is_radios(a, device_value(ppi, a->fork_row + channel));
    uint32_t event;

    if (channel < PPI_PROGRAMMABLE) {
        event = device_value(ppi, a->channel_row + 2 * channel);
        to_radio |= is_radios(a, device_value(ppi, a->channel_row + 2 * channel + 1));
    } else {
        event = fixed[channel - PPI_PROGRAMMABLE].event;
        to_radio |= fixed[channel - PPI_PROGRAMMABLE].to_radio;
    }
    uint32_t page = (event - PERIPHERALS) >> 12, offset = event & 0xfff;
    bool is_compare = page < PAGES &&
                      (a->role_of_page[page] == ROLE_TIMER || a->role_of_page[page] == ROLE_RTC) &&
                      offset >= COMPARE && offset < COMPARE + 4 * CC_COUNT;
    return to_radio && is_compare ? event : 0;
}

/* ---- judging */

/* CC[i] of that page, with `value` in it. */
static void judge(struct machine *m, struct arming *a, const struct record *r, uint32_t page,
                  uint32_t i, uint32_t value)
{
    uint32_t address = PERIPHERALS + (page << 12) + CC + 4 * i;
    struct device *d = machine_device(m, a->device_of_page[page]);
    enum role role = (enum role)a->role_of_page[page];

    a->fresh_of_page[page] &= (uint8_t) ~(1u << i);
    rule_armed(m, RULE_BLE_ARMED_LATE);
    uint32_t mask = mask_of(d, role), now = counter_at(d, role, r->at_ps) & mask;
    uint32_t ahead = (value - now) & mask;
    bool is_close = role == ROLE_RTC && (ahead < RTC_LEAD || (a->close_of_page[page] >> i & 1));
    if (ahead != 0 && ahead <= mask / 2 && !is_close)
        return;
    if ((counter_at(d, role, r->at_ps + STILL_PS) & mask) == now)
        return; /* it stands: what it will be cleared to is not known */
    if (ahead != 0 && ahead <= mask / 2)
        break_add(m, RULE_BLE_ARMED_LATE, r->process, address, DETAIL_BLE_ARMED_CLOSE, ahead,
                  RTC_LEAD);
    else
        break_add(m, RULE_BLE_ARMED_LATE, r->process, address, DETAIL_BLE_ARMED_LATE,
                  (now - value) & mask, 0);
}

static struct device *ppi_of(struct machine *m, const struct arming *a)
{
    return a->ppi ? machine_device(m, a->ppi - 1u) : NULL;
}

/* CC[i] of that page is being written. */
static __attribute__((noinline)) void compare_written(struct machine *m, struct arming *a,
                                                      const struct record *r, uint32_t page,
                                                      uint32_t i)
{
    uint32_t event = PERIPHERALS + (page << 12) + COMPARE + 4 * i, value = (uint32_t)r->value;
    struct device *ppi = ppi_of(m, a);
    uint8_t bit = (uint8_t)(1u << i);

    a->fresh_of_page[page] |= bit;
    a->close_of_page[page] &= (uint8_t)~bit;
    if (a->role_of_page[page] == ROLE_RTC) {
        struct device *d = machine_device(m, a->device_of_page[page]);
        uint32_t ahead = (value - counter_at(d, ROLE_RTC, r->at_ps)) & 0xffffff;
        a->close_of_page[page] |= ahead < RTC_LEAD ? bit : 0;
    }
    for (uint32_t left = ppi ? device_value(ppi, a->chen_row) : 0; left; left &= left - 1) {
        if (compare_of(a, ppi, (uint32_t)__builtin_ctz(left)) != event)
            continue;
        judge(m, a, r, page, i, value);
        return;
    }
}

/* These channels are being switched on. */
static __attribute__((noinline)) void channels_on(struct machine *m, struct arming *a,
                                                  const struct record *r, uint32_t channels)
{
    struct device *ppi = ppi_of(m, a);

    for (uint32_t left = channels & ~device_value(ppi, a->chen_row); left; left &= left - 1) {
        uint32_t event = compare_of(a, ppi, (uint32_t)__builtin_ctz(left));
        uint32_t page = (event - PERIPHERALS) >> 12, i = (event & 0xfff) / 4 - COMPARE / 4;
        if (!event || !(a->fresh_of_page[page] >> i & 1))
            continue;
        struct device *d = machine_device(m, a->device_of_page[page]);
        int row =
            device_row_at(d, CC + 4 * i); /* TIMER0 has four, and may be written as had it six */
        judge(m, a, r, page, i, row < 0 ? 0 : device_value(d, (uint32_t)row));
    }
}

/* Timers, and what leads from them. */
static bool hears_at(const struct scenario *s, unsigned kind, uint32_t place)
{
    enum role role = place < PLACE_MEMORY ? role_of(s->board.devices[place].type) : ROLE_NONE;

    (void)kind;
    return role != ROLE_NONE && role != ROLE_RADIO;
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct arming *a = state;
    uint32_t page = (r->address - PERIPHERALS) >> 12, offset = r->address & 0xfff;

    if (page >= PAGES)
        return;
    switch ((enum role)a->role_of_page[page]) {
    case ROLE_TIMER:
    case ROLE_RTC:
        if (offset >= CC && offset < CC + 4 * CC_COUNT)
            compare_written(m, a, r, page, (offset - CC) / 4);
        break;
    case ROLE_PPI:
        if (offset == PPI_CHEN || offset == PPI_CHENSET)
            channels_on(m, a, r, (uint32_t)r->value);
        else if (offset < 8 * PPI_GROUPS && offset % 8 == 0 && (r->value & 1))
            channels_on(m, a, r, device_value(ppi_of(m, a), a->group_row + offset / 8));
        break;
    default:
        break;
    }
}

static void find_ppi(struct arming *a, uint32_t index, const struct device_type *type)
{
    a->ppi = (uint8_t)(index + 1);
    a->chen_row = (uint8_t)device_row(type, PPI_CHEN);
    a->channel_row = (uint8_t)device_row(type, PPI_CHANNEL);
    a->group_row = (uint8_t)device_row(type, PPI_GROUP);
    a->fork_row = (uint8_t)device_row(type, PPI_FORK);
}

static void start(struct machine *m, void *state)
{
    const struct board *board = &machine_scenario(m)->board;
    struct arming *a = state;

    for (uint32_t i = 0; i < board->device_count; i++) {
        const struct board_device *d = &board->devices[i];
        uint32_t page = (d->window.base - PERIPHERALS) >> 12;
        if (page >= PAGES || d->alias_of != BOARD_NONE)
            continue;
        a->role_of_page[page] = (uint8_t)role_of(d->type);
        a->device_of_page[page] = (uint8_t)i;
        if (a->role_of_page[page] == ROLE_PPI)
            find_ppi(a, i, d->type);
    }
}

const struct monitor monitor_ble_arming = {
    .name = "ble_arming",
    .kinds = {KIND_EVENT(EVENT_STORE) | KIND_EVENT(EVENT_KERNEL_WRITE)},
    .hears = ble_hears,
    .hears_at = hears_at,
    .state_size = sizeof(struct arming),
    .rules = KIND_BIT(RULE_BLE_ARMED_LATE),
    .always = true,
    .start = start,
    .on_record = on_record,
};
