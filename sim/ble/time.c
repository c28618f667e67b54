#include "sim/ble/time.h"

#define PPM 1000000

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t subtract(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

bool ble_window_holds(struct ble_window window, uint64_t at_ps)
{
    return at_ps >= window.start_ps && at_ps <= window.end_ps;
}

/* ---- turnaround */

struct ble_window ble_reply_window(uint64_t end_ps)
{
    struct ble_window due = {end_ps + BLE_T_IFS_PS, end_ps + BLE_T_IFS_PS};

    return ble_receive_window(due, BLE_ACTIVE_JITTER_PS);
}

uint64_t ble_event_limit_ps(uint64_t next_anchor_ps)
{
    return subtract(next_anchor_ps, BLE_T_IFS_PS);
}

/* ---- sleep clock accuracy */

static const uint16_t sca_ppm[8] = {500, 250, 150, 100, 75, 50, 30, 20};

unsigned ble_sca_ppm(unsigned sca)
{
    return sca_ppm[sca & 7];
}

unsigned ble_ppm_sca(unsigned ppm)
{
    unsigned sca = 7;

    while (sca > 0 && ppm > sca_ppm[sca])
        sca--;
    return sca;
}

/* ---- window widening */

uint64_t ble_allowance_ps(uint32_t ppm, uint64_t elapsed_ps, uint64_t jitter_ps)
{
    /* Split, so that no product is past 64 bits: elapsed = whole * 10^6 + rest. */
    uint64_t whole = elapsed_ps / PPM * ppm;
    uint64_t rest = (elapsed_ps % PPM * ppm + PPM - 1) / PPM;

    return add(add(whole, rest), jitter_ps);
}

uint64_t ble_widening_ps(uint32_t central_ppm, uint32_t peripheral_ppm, uint64_t elapsed_ps)
{
    return ble_allowance_ps(central_ppm + peripheral_ppm, elapsed_ps, 2 * BLE_SLEEP_JITTER_PS);
}

uint64_t ble_widening_limit_ps(unsigned interval)
{
    return subtract(interval * (BLE_UNIT_PS / 2), BLE_T_IFS_PS);
}

struct ble_window ble_receive_window(struct ble_window nominal, uint64_t widening_ps)
{
    return (struct ble_window){subtract(nominal.start_ps, widening_ps),
                               add(nominal.end_ps, widening_ps)};
}

/* ---- transmit windows */

static struct ble_window window_after(uint64_t from_ps, unsigned offset, unsigned size)
{
    uint64_t start_ps = from_ps + offset * BLE_UNIT_PS;

    return (struct ble_window){start_ps, start_ps + size * BLE_UNIT_PS};
}

struct ble_window ble_transmit_window(uint64_t connect_end_ps, uint64_t delay_ps, unsigned offset,
                                      unsigned size)
{
    return window_after(connect_end_ps + delay_ps, offset, size);
}

struct ble_window ble_update_window(uint64_t anchor_ps, unsigned old_interval, unsigned offset,
                                    unsigned size)
{
    return window_after(anchor_ps + old_interval * BLE_UNIT_PS, offset, size);
}

/* ---- instants */

bool ble_instant_passed(uint16_t instant, uint16_t event_counter)
{
    return (uint16_t)(instant - event_counter) >= 32767;
}

uint16_t ble_instant_choose(uint16_t event_counter, unsigned latency)
{
    return (uint16_t)(event_counter + latency + 6 + 1);
}

/* ---- supervision */

bool ble_timeout_covers(unsigned timeout, unsigned latency, unsigned interval)
{
    return timeout * BLE_TIMEOUT_UNIT_PS > 2 * (UINT64_C(1) + latency) * interval * BLE_UNIT_PS;
}

uint64_t ble_supervision_ps(bool established, unsigned interval, unsigned timeout)
{
    return established ? timeout * BLE_TIMEOUT_UNIT_PS : 6 * (interval * BLE_UNIT_PS);
}

enum ble_reason ble_supervision_reason(bool established)
{
    return established ? BLE_REASON_TIMEOUT : BLE_REASON_NOT_ESTABLISHED;
}

unsigned ble_misses_until_timeout(unsigned interval, unsigned timeout)
{
    uint64_t interval_ps = interval * BLE_UNIT_PS;

    if (interval == 0)
        return 0;
    return (unsigned)((timeout * BLE_TIMEOUT_UNIT_PS + interval_ps - 1) / interval_ps);
}
