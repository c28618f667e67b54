/* saadc.c: the analog to digital converter with EasyDMA.
 * Source: nRF52840 Product Specification v1.7, section 6.23, "SAADC - Successive approximation
 * analog-to-digital converter"; register rows as in Nordic's nrf52840.svd.
 *
 *   SAMPLE, or the timer --> each channel with a PSELP, one after the other:
 *       acquire (CONFIG.TACQ: 3 to 40 us) --> hold --> convert (2 us) --> DONE
 *       2^OVERSAMPLE of those, averaged --> RESULTDONE, LIMITH/LIMITL, 16 bits to RAM ... END
 *
 * A result is (V(P) - V(N)) * GAIN / REFERENCE * 2^(RESOLUTION - m), m = 1 for differential
 * channels; without a sign bit it keeps to 0 .. 2^bits - 1. The accumulator is one for all
 * channels, so that oversampling without BURST averages over channels, as the specification warns.
 * Events come at the moment at which the result is in RAM. AMOUNT is set with END and STOPPED.
 *
 * What is on the inputs AIN0 to AIN7: each a triangle from 0 to VDD of about 2 ms, its phase from
 * the seed, so that two samples of different times differ; or what the world says: a peer "analog",
 * or a packet of triples (input 0 to 7, millivolts: low byte, high byte), from when on the input
 * stands there; 0xffff: its triangle again. What is no input or no whole triple changes nothing.
 *
 * Parameter 0: VDD in mV; 3000 if not given. Parameters 1 to 3: an input that stands still from
 * the start: its number in bits 16 to 18, millivolts in bits 0 to 15.
 *
 * Choices where the specification is silent: an offset calibration takes 64 us; SAMPLE without a
 * buffer, without a channel or during a conversion is lost, so is a tick of the timer then, which
 * goes on until STOP; START takes the new buffer at once, the old one ends without END; a buffer
 * of 0 results ends only by STOP; a channel that END leaves over in a scan is not converted;
 * CALIBRATEOFFSET during a conversion is lost; STOP ends a calibration without CALIBRATEDONE; a
 * SAMPLERATE.CC below 80 counts as 80, an OVERSAMPLE above 8 as 8; VDDH is VDD; memory that is
 * refused is not written, and counts.
 *
 * An injected error: the conversion that is under way, or else the next one, is never done, and
 * its scan ends there: no DONE, no RESULTDONE, and END waits for one more.
 *
 * Not modelled: noise, offset and gain errors, the effect of the calibration, too short an
 * acquisition time, the resistor ladders (RESP, RESN), pins (any input may be sampled whatever its
 * pin does), the refusal of the timer together with a scan, anomalies.
 */
#include "devices/catalogue.h"

enum { CHANNELS = 8, INPUTS = 8, EVENT_BITS = 0x3fffff };
/* Numbers of the events. */
enum { STARTED, END, DONE, RESULTDONE, CALIBRATEDONE, STOPPED, LIMITH, LIMITL };
enum {
    TASKS_START,
    TASKS_SAMPLE,
    TASKS_STOP,
    TASKS_CALIBRATEOFFSET,
    EVENTS,
    INTEN = EVENTS + 6 + 2 * CHANNELS,
    INTENSET,
    INTENCLR,
    STATUS,
    ENABLE,
    CH,
    RESOLUTION = CH + 4 * CHANNELS,
    OVERSAMPLE,
    SAMPLERATE,
    RESULT_PTR,
    RESULT_MAXCNT,
    RESULT_AMOUNT,
};
enum { PSELP, PSELN, CONFIG, LIMIT }; /* rows of a channel */
enum { INPUT_VDD = 9, INPUT_VDDHDIV5 = 13 };
enum { CONFIG_REFSEL = 1 << 12, CONFIG_MODE = 1 << 20, CONFIG_BURST = 1 << 24 };
enum { SAMPLERATE_CC = 0x7ff, SAMPLERATE_TIMERS = 1 << 12, CC_MIN = 80, OVERSAMPLE_MAX = 8 };
enum { CONVERT_US = 2, CALIBRATE_US = 64, VDD_MV = 3000, REFERENCE_MV = 600, MV_WAVE = 0xffff };

enum phase { IDLE, ACQUIRING, CONVERTING, CALIBRATING };

struct saadc {
    uint64_t due_ps, tick_ps;        /* end of a phase; the timer's next tick */
    uint32_t pointer, size, written; /* the buffer: address; results */
    bool filling;                    /* there is one */
    bool loses;                      /* an injected error */
    uint8_t phase;                   /* enum phase */
    uint8_t channel;
    uint8_t scan;        /* channels behind it, one bit each */
    uint16_t burst_left; /* conversions of this channel behind the one under way */
    uint16_t count;      /* conversions in `sum` */
    int32_t held, sum;
    uint16_t vdd_mv;
    uint16_t input_mv[INPUTS]; /* MV_WAVE: the triangle */
    uint8_t result[2];         /* on its way to RAM */
};

/* --- the inputs ------------------------------------------------------------------------------ */

/* Primes, so that no two inputs keep step. */
static const uint16_t wave_us[INPUTS] = {2003, 2011, 2017, 2027, 2029, 2039, 2053, 2063};

static int64_t wave_uv(struct device *d, uint32_t input)
{
    const struct saadc *s = device_state(d);
    uint64_t half_ps = wave_us[input] * PS_PER_US / 2;
    uint64_t at_ps = (d->now_ps + random_nth(d->random, input) % (2 * half_ps)) % (2 * half_ps);
    uint64_t up_ps = at_ps < half_ps ? at_ps : 2 * half_ps - at_ps;
    return (int64_t)(up_ps * s->vdd_mv * 1000 / half_ps);
}

/* What PSELP or PSELN selects. */
static int64_t selected_uv(struct device *d, uint32_t select)
{
    const struct saadc *s = device_state(d);
    if (select == INPUT_VDD)
        return s->vdd_mv * INT64_C(1000);
    if (select == INPUT_VDDHDIV5)
        return s->vdd_mv * INT64_C(200);
    if (select < 1 || select > INPUTS)
        return 0;
    uint16_t mv = s->input_mv[select - 1];
    return mv == MV_WAVE ? wave_uv(d, select - 1) : mv * INT64_C(1000);
}

static uint32_t channel_value(struct device *d, uint32_t channel, uint32_t row)
{
    return device_value(d, CH + 4 * channel + row);
}

static int32_t code_now(struct device *d, uint32_t channel)
{
    static const uint8_t gains[8][2] = {{1, 6}, {1, 5}, {1, 4}, {1, 3},
                                        {1, 2}, {1, 1}, {2, 1}, {4, 1}};
    const struct saadc *s = device_state(d);
    uint32_t config = channel_value(d, channel, CONFIG);
    uint32_t resolution = device_value(d, RESOLUTION);
    uint32_t bits = 8 + 2 * (resolution < 3 ? resolution : 3);
    bool differential = config & CONFIG_MODE;
    const uint8_t *gain = gains[config >> 8 & 7];
    int64_t uv = selected_uv(d, channel_value(d, channel, PSELP));
    if (differential) {
        uv -= selected_uv(d, channel_value(d, channel, PSELN));
        bits--;
    }
    int64_t reference_uv = config & CONFIG_REFSEL ? s->vdd_mv * 250 : REFERENCE_MV * 1000;
    int64_t code = uv * gain[0] * (INT64_C(1) << bits) / (gain[1] * reference_uv);
    int64_t most = (INT64_C(1) << bits) - 1, least = differential ? -most - 1 : 0;
    return (int32_t)(code > most ? most : code < least ? least : code);
}

/* --- time ------------------------------------------------------------------------------------ */

static void plan_wake(struct device *d)
{
    const struct saadc *s = device_state(d);
    d->wake_ps = s->due_ps < s->tick_ps ? s->due_ps : s->tick_ps;
}

static void enter(struct device *d, enum phase phase, uint32_t us)
{
    struct saadc *s = device_state(d);
    s->phase = (uint8_t)phase;
    s->due_ps = phase == IDLE ? TIME_NEVER : d->now_ps + us * PS_PER_US;
}

static void plan_tick(struct device *d)
{
    struct saadc *s = device_state(d);
    uint32_t cycles = device_value(d, SAMPLERATE) & SAMPLERATE_CC;
    cycles = cycles < CC_MIN ? CC_MIN : cycles;
    s->tick_ps = clock_edge_ps(&d->hf, clock_edges(&d->hf, d->now_ps) + cycles);
}

/* --- conversions ----------------------------------------------------------------------------- */

static uint32_t oversample(struct device *d)
{
    uint32_t n = device_value(d, OVERSAMPLE);
    return UINT32_C(1) << (n < OVERSAMPLE_MAX ? n : OVERSAMPLE_MAX);
}

static void acquire(struct device *d)
{
    static const uint8_t acquire_us[8] = {3, 5, 10, 15, 20, 40, 40, 40}; /* two are reserved */
    const struct saadc *s = device_state(d);
    enter(d, ACQUIRING, acquire_us[channel_value(d, s->channel, CONFIG) >> 16 & 7]);
}

/* The first channel of those that are left; none: the scan is over. */
static void next_channel(struct device *d)
{
    struct saadc *s = device_state(d);
    if (!s->scan) {
        enter(d, IDLE, 0);
        return;
    }
    s->channel = (uint8_t)__builtin_ctz(s->scan);
    s->scan &= (uint8_t)(s->scan - 1);
    bool burst = channel_value(d, s->channel, CONFIG) & CONFIG_BURST;
    s->burst_left = (uint16_t)(burst ? oversample(d) - 1 : 0);
    acquire(d);
}

static void scan(struct device *d)
{
    struct saadc *s = device_state(d);
    if (!s->filling || s->phase != IDLE)
        return;
    for (uint32_t i = 0; i < CHANNELS; i++)
        if (channel_value(d, i, PSELP))
            s->scan |= (uint8_t)(1 << i);
    next_channel(d);
}

static uint32_t limit_events(struct device *d, uint32_t channel, int32_t result)
{
    uint32_t limit = channel_value(d, channel, LIMIT);
    int32_t high = (int16_t)(limit >> 16), low = (int16_t)(limit & 0xffff);
    uint32_t above = result >= high, below = result <= low;
    return above << (LIMITH + 2 * channel) | below << (LIMITL + 2 * channel);
}

static uint32_t end_buffer(struct device *d)
{
    struct saadc *s = device_state(d);
    device_values(d)[RESULT_AMOUNT] = s->written;
    s->filling = false;
    s->scan = 0;
    s->burst_left = 0;
    return UINT32_C(1) << END;
}

/* Enough conversions are in: one result to RAM. Its events. */
static uint32_t give_result(struct device *d)
{
    struct saadc *s = device_state(d);
    int32_t result = s->sum / s->count;
    uint32_t events = UINT32_C(1) << RESULTDONE | limit_events(d, s->channel, result);
    s->sum = s->count = 0;
    if (!s->filling || s->written == s->size)
        return events;
    s->result[0] = (uint8_t)((uint32_t)result & 0xff);
    s->result[1] = (uint8_t)((uint32_t)result >> 8 & 0xff);
    device_request(d, (struct device_request){.kind = REQUEST_DMA_WRITE,
                                              .size = sizeof s->result,
                                              .address = s->pointer + 2 * s->written,
                                              .state_offset = offsetof(struct saadc, result)});
    s->written++;
    return s->written == s->size ? events | end_buffer(d) : events;
}

static void converted(struct device *d)
{
    struct saadc *s = device_state(d);
    if (s->loses) {
        s->loses = false;
        s->scan = 0;
        enter(d, IDLE, 0);
        return;
    }
    uint32_t events = UINT32_C(1) << DONE;
    s->sum += s->held;
    s->count++;
    if (s->count >= oversample(d))
        events |= give_result(d);
    if (s->burst_left > 0) {
        s->burst_left--;
        acquire(d);
    } else {
        next_channel(d);
    }
    nrf_events(d, events);
}

static void phase_over(struct device *d)
{
    struct saadc *s = device_state(d);
    switch ((enum phase)s->phase) {
    case ACQUIRING:
        s->held = code_now(d, s->channel);
        enter(d, CONVERTING, CONVERT_US);
        break;
    case CONVERTING:
        converted(d);
        break;
    case CALIBRATING:
        enter(d, IDLE, 0);
        nrf_event(d, CALIBRATEDONE);
        break;
    case IDLE:
        break;
    }
}

static void on_wake(struct device *d)
{
    const struct saadc *s = device_state(d);
    if (s->due_ps <= d->now_ps)
        phase_over(d);
    if (s->tick_ps <= d->now_ps) {
        plan_tick(d);
        scan(d);
    }
    plan_wake(d);
}

/* --- tasks ----------------------------------------------------------------------------------- */

static bool enabled(struct device *d)
{
    return device_value(d, ENABLE) & 1;
}

static void start(struct device *d, uint32_t row)
{
    (void)row;
    struct saadc *s = device_state(d);
    if (!enabled(d))
        return;
    s->pointer = device_value(d, RESULT_PTR);
    s->size = device_value(d, RESULT_MAXCNT);
    s->written = 0;
    s->filling = true;
    nrf_event(d, STARTED);
}

static void sample(struct device *d, uint32_t row)
{
    (void)row;
    const struct saadc *s = device_state(d);
    if (!enabled(d) || !s->filling)
        return;
    if (device_value(d, SAMPLERATE) & SAMPLERATE_TIMERS && s->tick_ps == TIME_NEVER)
        plan_tick(d);
    scan(d);
    plan_wake(d);
}

static void halt(struct device *d)
{
    struct saadc *s = device_state(d);
    s->filling = false;
    s->scan = 0;
    s->sum = s->count = 0;
    s->tick_ps = TIME_NEVER;
    enter(d, IDLE, 0);
    plan_wake(d);
}

static void stop(struct device *d, uint32_t row)
{
    (void)row;
    const struct saadc *s = device_state(d);
    if (!enabled(d))
        return;
    if (s->filling)
        device_values(d)[RESULT_AMOUNT] = s->written;
    halt(d);
    nrf_event(d, STOPPED);
}

static void calibrate(struct device *d, uint32_t row)
{
    (void)row;
    const struct saadc *s = device_state(d);
    if (!enabled(d) || s->phase != IDLE)
        return;
    enter(d, CALIBRATING, CALIBRATE_US);
    plan_wake(d);
}

/* --- from outside ---------------------------------------------------------------------------- */

static void on_packet(struct device *d, const uint8_t *bytes, uint32_t size)
{
    struct saadc *s = device_state(d);
    for (; size >= 3; bytes += 3, size -= 3)
        if (bytes[0] < INPUTS)
            s->input_mv[bytes[0]] = (uint16_t)(bytes[1] | bytes[2] << 8);
}

static void on_error(struct device *d)
{
    struct saadc *s = device_state(d);
    s->loses = true;
}

static void on_parameter(struct device *d, uint32_t index, uint32_t value)
{
    struct saadc *s = device_state(d);
    if (index == 0 && value > 0 && value < MV_WAVE)
        s->vdd_mv = (uint16_t)value;
    if (index > 0)
        s->input_mv[value >> 16 & 7] = (uint16_t)value;
}

static void on_reset(struct device *d)
{
    struct saadc *s = device_state(d);
    s->vdd_mv = VDD_MV;
    for (uint32_t i = 0; i < INPUTS; i++)
        s->input_mv[i] = MV_WAVE;
    s->due_ps = s->tick_ps = TIME_NEVER;
}

/* --- registers ------------------------------------------------------------------------------- */

static uint32_t read_status(struct device *d, uint32_t row, uint32_t stored)
{
    (void)row;
    (void)stored;
    const struct saadc *s = device_state(d);
    return s->phase != IDLE;
}

static void enable_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    if (!enabled(d))
        halt(d);
}

/* clang-format off */
#define LIMITS(n)                                                                                  \
    NRF_EVENT("EVENTS_CH[" #n "].LIMITH", LIMITH + 2 * (n)),                                       \
    NRF_EVENT("EVENTS_CH[" #n "].LIMITL", LIMITL + 2 * (n))
#define CHANNEL(n)                                                                                 \
    {"CH[" #n "].PSELP", 0x510 + 0x10 * (n), .writable = 0x1f},                                    \
    {"CH[" #n "].PSELN", 0x514 + 0x10 * (n), .writable = 0x1f},                                    \
    {"CH[" #n "].CONFIG", 0x518 + 0x10 * (n), .reset = 0x00020000, .writable = 0x01171733},        \
    {"CH[" #n "].LIMIT", 0x51c + 0x10 * (n), .reset = 0x7fff8000, .writable = 0xffffffff}
static const struct reg regs[] = {
    [TASKS_START] = NRF_TASK("TASKS_START", 0x000, start),
    [TASKS_SAMPLE] = NRF_TASK("TASKS_SAMPLE", 0x004, sample),
    [TASKS_STOP] = NRF_TASK("TASKS_STOP", 0x008, stop),
    [TASKS_CALIBRATEOFFSET] = NRF_TASK("TASKS_CALIBRATEOFFSET", 0x00c, calibrate),
    [EVENTS] = NRF_EVENT("EVENTS_STARTED", STARTED),
    NRF_EVENT("EVENTS_END", END),
    NRF_EVENT("EVENTS_DONE", DONE),
    NRF_EVENT("EVENTS_RESULTDONE", RESULTDONE),
    NRF_EVENT("EVENTS_CALIBRATEDONE", CALIBRATEDONE),
    NRF_EVENT("EVENTS_STOPPED", STOPPED),
    LIMITS(0), LIMITS(1), LIMITS(2), LIMITS(3), LIMITS(4), LIMITS(5), LIMITS(6), LIMITS(7),
    [INTEN] = NRF_INTEN(EVENT_BITS),
    [INTENSET] = NRF_INTENSET(EVENT_BITS, 1),
    [INTENCLR] = NRF_INTENCLR(EVENT_BITS, 1),
    [STATUS] = {"STATUS", 0x400, .on_read = read_status},
    [ENABLE] = {"ENABLE", 0x500, .writable = 1, .on_write = enable_written},
    [CH] = CHANNEL(0), CHANNEL(1), CHANNEL(2), CHANNEL(3),
    CHANNEL(4), CHANNEL(5), CHANNEL(6), CHANNEL(7),
    [RESOLUTION] = {"RESOLUTION", 0x5f0, .reset = 1, .writable = 7},
    [OVERSAMPLE] = {"OVERSAMPLE", 0x5f4, .writable = 0xf},
    [SAMPLERATE] = {"SAMPLERATE", 0x5f8, .writable = SAMPLERATE_CC | SAMPLERATE_TIMERS},
    [RESULT_PTR] = {"RESULT.PTR", 0x62c, .writable = 0xffffffff},
    [RESULT_MAXCNT] = {"RESULT.MAXCNT", 0x630, .writable = 0x7fff},
    [RESULT_AMOUNT] = {"RESULT.AMOUNT", 0x634, .stays = true},
};
/* clang-format on */

const struct nrf_type nrf52_saadc = {
    .type = {.name = "nrf52-saadc",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000,
             .state_size = sizeof(struct saadc),
             .dma = true,
             .wire = WIRE_ANALOG,
             .on_reset = on_reset,
             .on_wake = on_wake,
             .on_packet = on_packet,
             .on_error = on_error,
             .on_parameter = on_parameter},
    .inten = INTEN,
};
