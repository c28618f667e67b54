/* ppi.c: PPI: an event of one peripheral triggers a task of another, without the CPU.
 * Source: nRF52840 Product Specification v1.7, "PPI - Programmable peripheral interconnect":
 * 20 programmable channels, 12 fixed ones (table "Pre-programmed channels"), a second task for each
 * (FORK[n].TEP), 6 groups. "Any task" is meant so: no protection unit stands between, and EEP and
 * TEP may name any peripheral of the chip. What is taken here for the way through it is one cycle
 * of PCLK16M, so that no loop of events is free; the specification gives no figure.
 *
 * Not modelled: that writes to CHG[n] are ignored unless both of its tasks are unconnected.
 */
#include "devices/catalogue.h"

enum {
    PROGRAMMABLE = 20,
    CHANNELS = 32,
    GROUPS = 6,
    HOPS = 8,           /* moments within one cycle that are kept apart; ours */
    CHANNELS_A_WAKE = 6 /* two requests each: what the request queue holds, and some room */
};

/* Rows, in the order of the table. */
enum {
    TASKS = 0,
    CHEN = TASKS + 2 * GROUPS,
    CHENSET,
    CHENCLR,
    CHANNEL,
    CHG = CHANNEL + 2 * PROGRAMMABLE,
    FORK = CHG + GROUPS,
};

/* Channels whose tasks are still to come: the event was there one cycle before. */
struct hop {
    uint64_t due_ps;
    uint32_t channels;
};

struct ppi {
    uint32_t hop_count;
    struct hop hops[HOPS]; /* in the order of time */
};

/* clang-format off */
#define RADIO(offset) (0x40001000 + (offset))
#define TIMER0(offset) (0x40008000 + (offset))
#define RTC0(offset) (0x4000b000 + (offset))
#define CCM_AAR(offset) (0x4000f000 + (offset))

static const struct { uint32_t event, task; } fixed[CHANNELS - PROGRAMMABLE] = {
    {TIMER0(0x140), RADIO(0x000)},  /* 20 COMPARE[0] -> TXEN */
    {TIMER0(0x140), RADIO(0x004)},  /* 21 COMPARE[0] -> RXEN */
    {TIMER0(0x144), RADIO(0x010)},  /* 22 COMPARE[1] -> DISABLE */
    {RADIO(0x128), CCM_AAR(0x000)}, /* 23 BCMATCH -> AAR START */
    {RADIO(0x100), CCM_AAR(0x000)}, /* 24 READY -> CCM KSGEN */
    {RADIO(0x104), CCM_AAR(0x004)}, /* 25 ADDRESS -> CCM CRYPT */
    {RADIO(0x104), TIMER0(0x044)},  /* 26 ADDRESS -> CAPTURE[1] */
    {RADIO(0x10c), TIMER0(0x048)},  /* 27 END -> CAPTURE[2] */
    {RTC0(0x140), RADIO(0x000)},    /* 28 COMPARE[0] -> TXEN */
    {RTC0(0x140), RADIO(0x004)},    /* 29 COMPARE[0] -> RXEN */
    {RTC0(0x140), TIMER0(0x00c)},   /* 30 COMPARE[0] -> CLEAR */
    {RTC0(0x140), TIMER0(0x000)},   /* 31 COMPARE[0] -> START */
};
/* clang-format on */

static uint32_t event_of(struct device *d, uint32_t channel)
{
    if (channel >= PROGRAMMABLE)
        return fixed[channel - PROGRAMMABLE].event;
    return device_value(d, CHANNEL + 2 * channel);
}

static uint32_t task_of(struct device *d, uint32_t channel)
{
    if (channel >= PROGRAMMABLE)
        return fixed[channel - PROGRAMMABLE].task;
    return device_value(d, CHANNEL + 2 * channel + 1);
}

/* After every change of CHEN, of an enabled channel's event: most events are nobody's. */
static void rewire(struct device *d)
{
    d->hears = 0;
    for (uint32_t left = device_value(d, CHEN); left; left &= left - 1)
        d->hears |= device_event_bit(event_of(d, (uint32_t)__builtin_ctz(left)));
}

static void wiring_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    rewire(d);
}

static uint32_t channels_of(struct device *d, uint32_t event)
{
    uint32_t found = 0;
    for (uint32_t left = device_value(d, CHEN); left; left &= left - 1) {
        uint32_t channel = (uint32_t)__builtin_ctz(left);
        if (event_of(d, channel) == event)
            found |= UINT32_C(1) << channel;
    }
    return found;
}

static void ppi_bus_event(struct device *d, uint32_t address)
{
    struct ppi *ppi = device_state(d);
    uint32_t channels = channels_of(d, address);
    if (!channels)
        return;
    uint64_t due_ps = d->now_ps + PS_PER_S / d->hf.hz;
    struct hop *last = ppi->hop_count ? &ppi->hops[ppi->hop_count - 1] : NULL;
    if (last && (last->due_ps == due_ps || ppi->hop_count == HOPS))
        last->channels |= channels;
    else
        ppi->hops[ppi->hop_count++] = (struct hop){due_ps, channels};
    d->wake_ps = ppi->hops[0].due_ps;
}

static void trigger(struct device *d, uint32_t task)
{
    if (task)
        device_request(d, (struct device_request){.kind = REQUEST_TRIGGER, .address = task});
}

/* A few channels at a time: a picosecond later the next ones. */
static void ppi_wake(struct device *d)
{
    struct ppi *ppi = device_state(d);
    struct hop *hop = &ppi->hops[0];
    for (int i = 0; i < CHANNELS_A_WAKE && hop->channels; i++) {
        uint32_t channel = (uint32_t)__builtin_ctz(hop->channels);
        hop->channels &= hop->channels - 1;
        trigger(d, task_of(d, channel));
        trigger(d, device_value(d, FORK + channel));
    }
    if (!hop->channels) {
        ppi->hop_count--;
        for (uint32_t i = 0; i < ppi->hop_count; i++)
            ppi->hops[i] = ppi->hops[i + 1];
    }
    if (ppi->hop_count)
        d->wake_ps = ppi->hops[0].due_ps > d->now_ps ? ppi->hops[0].due_ps : d->now_ps + 1;
}

/* Tasks come in pairs: CHG[n].EN, CHG[n].DIS. */
static void switch_group(struct device *d, uint32_t row)
{
    uint32_t group = (row - TASKS) / 2;
    uint32_t *enabled = &device_values(d)[CHEN];
    uint32_t members = device_value(d, CHG + group);
    *enabled = (row - TASKS) % 2 == 0 ? *enabled | members : *enabled & ~members;
    rewire(d);
}

/* clang-format off */
#define ALL 0xffffffff
#define SIX(what) what(0), what(1), what(2), what(3), what(4), what(5)
#define TWENTY(what)                                                                               \
    what(0), what(1), what(2), what(3), what(4), what(5), what(6), what(7), what(8), what(9),      \
    what(10), what(11), what(12), what(13), what(14), what(15), what(16), what(17), what(18),      \
    what(19)
#define TASK_PAIR(n)                                                                               \
    NRF_TASK("TASKS_CHG[" #n "].EN", 0x000 + 8 * (n), switch_group),                               \
    NRF_TASK("TASKS_CHG[" #n "].DIS", 0x004 + 8 * (n), switch_group)
#define END_POINTS(n)                                                                              \
    {"CH[" #n "].EEP", 0x510 + 8 * (n), .writable = ALL, .on_write = wiring_written},              \
    {"CH[" #n "].TEP", 0x514 + 8 * (n), .writable = ALL}
#define GROUP(n) {"CHG[" #n "]", 0x800 + 4 * (n), .writable = ALL}
#define FORK_POINT(n) {"FORK[" #n "].TEP", 0x910 + 4 * (n), .writable = ALL}

static const struct reg regs[] = {
    SIX(TASK_PAIR),
    {"CHEN", 0x500, .writable = ALL, .on_write = wiring_written},
    {"CHENSET", 0x504, .write1_sets = ALL, .view = 1, .on_write = wiring_written},
    {"CHENCLR", 0x508, .write1_clears = ALL, .view = 2, .on_write = wiring_written},
    TWENTY(END_POINTS),
    SIX(GROUP),
    TWENTY(FORK_POINT), FORK_POINT(20), FORK_POINT(21), FORK_POINT(22), FORK_POINT(23),
    FORK_POINT(24), FORK_POINT(25), FORK_POINT(26), FORK_POINT(27), FORK_POINT(28),
    FORK_POINT(29), FORK_POINT(30), FORK_POINT(31),
};
/* clang-format on */
_Static_assert(sizeof regs / sizeof regs[0] == FORK + CHANNELS, "rows as the enum says");

const struct device_type nrf52_ppi = {
    .name = "nrf52-ppi",
    .regs = regs,
    .reg_count = sizeof regs / sizeof regs[0],
    .window_size = 0x1000,
    .state_size = sizeof(struct ppi),
    .on_wake = ppi_wake,
    .on_bus_event = ppi_bus_event,
};
