#include "devices/nrf.h"

static const struct nrf_type *nrf_type(const struct device *d)
{
    return (const struct nrf_type *)(const void *)d->type;
}

static uint32_t lowest_bit(uint32_t bits)
{
    return (uint32_t)__builtin_ctz(bits);
}

static int event_row(const struct device *d, uint32_t number)
{
    return device_row_at(d, 0x100 + 4 * number);
}

static void refresh_line(struct device *d)
{
    uint32_t enabled = device_value(d, nrf_type(d)->inten);
    bool high = false;
    for (; enabled && !high; enabled &= enabled - 1) {
        int row = event_row(d, lowest_bit(enabled));
        high = row >= 0 && device_value(d, (uint32_t)row);
    }
    d->irq_high = high;
}

void nrf_event_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    refresh_line(d);
}

/* The tasks are collected first: a short cut taken may clear what another looks at. */
static void run_shorts(struct device *d, uint32_t events)
{
    const struct nrf_type *type = nrf_type(d);
    uint32_t shorts = type->short_count ? device_value(d, type->shorts) : 0;
    if (!shorts)
        return;
    uint64_t tasks = 0; /* by row: tasks stand in the first 64 */
    const struct nrf_short *s = type->short_list;
    for (; shorts; shorts &= shorts - 1) {
        while (s->bit < lowest_bit(shorts))
            s++;
        if (events >> s->event & 1)
            tasks |= UINT64_C(1) << s->task;
    }
    for (; tasks; tasks &= tasks - 1)
        device_trigger(d, (uint32_t)__builtin_ctzll(tasks));
}

void nrf_events(struct device *d, uint32_t events)
{
    for (uint32_t left = events; left; left &= left - 1) {
        uint32_t number = lowest_bit(left);
        int row = event_row(d, number);
        if (row < 0)
            continue;
        device_values(d)[row] = 1;
        device_request(
            d, (struct device_request){.kind = REQUEST_EVENT, .address = 0x100 + 4 * number});
    }
    run_shorts(d, events);
    refresh_line(d);
}

void nrf_event(struct device *d, uint32_t number)
{
    nrf_events(d, UINT32_C(1) << number);
}
