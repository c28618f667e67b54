/* temp.c: the temperature sensor.
 * Source: nRF52840 Product Specification v1.7, "TEMP - Temperature sensor": 36 us a measurement,
 * result in 0.25 degrees Celsius, signed. Reset values of the calibration registers as in Nordic's
 * nrf52840.svd.
 *
 * Parameter 0: the chip's temperature in 0.25 degrees Celsius, signed; 100 (25 degrees) if not
 * given.
 *
 * Not modelled: what the calibration registers do to the result; noise.
 */
#include "devices/catalogue.h"

enum { DATARDY = 0 };
enum { TASKS_START, TASKS_STOP, EVENTS_DATARDY, INTENSET, INTENCLR, TEMP };
enum { MEASURE_US = 36, QUARTER_DEGREES = 100 };

struct temp {
    uint32_t quarter_degrees;
};

static void start(struct device *d, uint32_t row)
{
    (void)row;
    d->wake_ps = d->now_ps + MEASURE_US * PS_PER_US;
}

static void stop(struct device *d, uint32_t row)
{
    (void)row;
    d->wake_ps = TIME_NEVER;
}

static void on_wake(struct device *d)
{
    const struct temp *t = device_state(d);
    device_values(d)[TEMP] = t->quarter_degrees;
    nrf_event(d, DATARDY);
}

static void on_reset(struct device *d)
{
    struct temp *t = device_state(d);
    t->quarter_degrees = QUARTER_DEGREES;
}

static void on_parameter(struct device *d, uint32_t index, uint32_t value)
{
    struct temp *t = device_state(d);
    if (index == 0)
        t->quarter_degrees = value;
}

static const struct reg regs[] = {
    [TASKS_START] = NRF_TASK("TASKS_START", 0x000, start),
    [TASKS_STOP] = NRF_TASK("TASKS_STOP", 0x004, stop),
    [EVENTS_DATARDY] = NRF_EVENT("EVENTS_DATARDY", DATARDY),
    [INTENSET] = NRF_INTENSET(1, 0),
    [INTENCLR] = NRF_INTENCLR(1, 0),
    [TEMP] = {"TEMP", 0x508, .stays = true},
    {"A0", 0x520, .reset = 0x326, .writable = 0xfff},
    {"A1", 0x524, .reset = 0x348, .writable = 0xfff},
    {"A2", 0x528, .reset = 0x3aa, .writable = 0xfff},
    {"A3", 0x52c, .reset = 0x40e, .writable = 0xfff},
    {"A4", 0x530, .reset = 0x4bd, .writable = 0xfff},
    {"A5", 0x534, .reset = 0x5a3, .writable = 0xfff},
    {"B0", 0x540, .reset = 0x3fef, .writable = 0x3fff},
    {"B1", 0x544, .reset = 0x3fbe, .writable = 0x3fff},
    {"B2", 0x548, .reset = 0x3fbe, .writable = 0x3fff},
    {"B3", 0x54c, .reset = 0x12, .writable = 0x3fff},
    {"B4", 0x550, .reset = 0x124, .writable = 0x3fff},
    {"B5", 0x554, .reset = 0x27c, .writable = 0x3fff},
    {"T0", 0x560, .reset = 0xe2, .writable = 0xff},
    {"T1", 0x564, .reset = 0, .writable = 0xff},
    {"T2", 0x568, .reset = 0x19, .writable = 0xff},
    {"T3", 0x56c, .reset = 0x3c, .writable = 0xff},
    {"T4", 0x570, .reset = 0x50, .writable = 0xff},
};

const struct nrf_type nrf52_temp = {
    .type = {.name = "nrf52-temp",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000,
             .state_size = sizeof(struct temp),
             .on_reset = on_reset,
             .on_wake = on_wake,
             .on_parameter = on_parameter},
    .inten = INTENSET,
};
