/* gpiote.c: tasks that move pins, and events from pins.
 * Source: nRF52840 Product Specification v1.7, "GPIOTE - GPIO tasks and events".
 *
 * The outside: a packet of pairs (pin, level), pin 0..31 for P0, 32..47 for P1, as gpio.c takes
 * them; pin 255 with level 1 is a rise of the GPIO ports' DETECT signal (EVENTS_PORT). A pin that a
 * task moves leaves as a byte on the wire: pin, with bit 7 as its new level.
 *
 * Not modelled: the link to GPIO. A device calls no other: OUT and IN of gpio.c know nothing of the
 * pins here, SENSE there raises no EVENTS_PORT here; a scenario gives its packet to both. Two tasks
 * of one pin at once; latency.
 */
#include "devices/catalogue.h"

enum { CHANNELS = 8, PORT_EVENT = 31, PINS = 48, PIN_DETECT = 255, WIRE_HIGH = 0x80 };
enum {
    TASKS_OUT = 0,
    TASKS_SET = TASKS_OUT + CHANNELS,
    TASKS_CLR = TASKS_SET + CHANNELS,
    EVENTS_IN = TASKS_CLR + CHANNELS,
    EVENTS_PORT = EVENTS_IN + CHANNELS,
    INTENSET,
    INTENCLR,
    CONFIG,
};
enum { MODE_OFF = 0, MODE_EVENT = 1, MODE_TASK = 3 };
enum { RISES = 1, FALLS = 2, TOGGLES = 3 };

struct gpiote {
    uint64_t inputs;  /* level of each pin, as the outside drives it */
    uint32_t outputs; /* level of each channel in task mode */
};

static uint32_t mode_of(uint32_t config)
{
    return config & 3;
}

static uint32_t pin_of(uint32_t config)
{
    return config >> 8 & 0x3f; /* PSEL and PORT together */
}

static uint32_t polarity_of(uint32_t config)
{
    return config >> 16 & 3;
}

/* --- tasks ----------------------------------------------------------------------------------- */

static void set_output(struct device *d, uint32_t channel, bool level)
{
    struct gpiote *g = device_state(d);
    uint32_t config = device_value(d, CONFIG + channel);
    uint32_t bit = UINT32_C(1) << channel;
    g->outputs = level ? g->outputs | bit : g->outputs & ~bit;
    uint16_t byte = (uint16_t)(pin_of(config) | (level ? WIRE_HIGH : 0));
    device_request(d, (struct device_request){.kind = REQUEST_WIRE, .size = byte});
}

static void move_pin(struct device *d, uint32_t row)
{
    const struct gpiote *g = device_state(d);
    uint32_t channel = row % CHANNELS;
    uint32_t config = device_value(d, CONFIG + channel);
    if (mode_of(config) != MODE_TASK)
        return;
    uint32_t how = row >= TASKS_CLR ? FALLS : row >= TASKS_SET ? RISES : polarity_of(config);
    bool level = g->outputs >> channel & 1;
    if (how != 0)
        set_output(d, channel, how == TOGGLES ? !level : how == RISES);
}

static void config_written(struct device *d, uint32_t row, uint32_t written)
{
    if (mode_of(written) == MODE_TASK)
        set_output(d, row - CONFIG, written >> 20 & 1); /* OUTINIT */
}

/* --- the outside ----------------------------------------------------------------------------- */

static uint32_t pin_events(struct device *d, uint32_t pin, bool rises)
{
    uint32_t events = 0;
    for (uint32_t channel = 0; channel < CHANNELS; channel++) {
        uint32_t config = device_value(d, CONFIG + channel);
        bool wanted = polarity_of(config) & (rises ? RISES : FALLS);
        if (mode_of(config) == MODE_EVENT && pin_of(config) == pin && wanted)
            events |= UINT32_C(1) << channel;
    }
    return events;
}

static void drive(struct device *d, uint32_t pin, bool level)
{
    struct gpiote *g = device_state(d);
    if (level == (g->inputs >> pin & 1))
        return;
    g->inputs ^= UINT64_C(1) << pin;
    uint32_t events = pin_events(d, pin, level);
    if (events)
        nrf_events(d, events);
}

static void on_packet(struct device *d, const uint8_t *bytes, uint32_t size)
{
    for (; size >= 2; bytes += 2, size -= 2) {
        if (bytes[0] < PINS)
            drive(d, bytes[0], bytes[1] == 1);
        else if (bytes[0] == PIN_DETECT && bytes[1] == 1)
            nrf_event(d, PORT_EVENT);
    }
}

/* --- rows ------------------------------------------------------------------------------------ */

enum { CONFIG_BITS = 0x133f03 };

/* clang-format off */
#define EIGHT(what) what(0), what(1), what(2), what(3), what(4), what(5), what(6), what(7)
#define OUT_TASK(i) NRF_TASK("TASKS_OUT[" #i "]", 0x000 + 4 * (i), move_pin)
#define SET_TASK(i) NRF_TASK("TASKS_SET[" #i "]", 0x030 + 4 * (i), move_pin)
#define CLR_TASK(i) NRF_TASK("TASKS_CLR[" #i "]", 0x060 + 4 * (i), move_pin)
#define IN_EVENT(i) NRF_EVENT("EVENTS_IN[" #i "]", i)
#define CHANNEL(i)                                                                                 \
    {"CONFIG[" #i "]", 0x510 + 4 * (i), .writable = CONFIG_BITS, .on_write = config_written}

static const struct reg regs[] = {
    EIGHT(OUT_TASK),
    EIGHT(SET_TASK),
    EIGHT(CLR_TASK),
    EIGHT(IN_EVENT),
    [EVENTS_PORT] = NRF_EVENT("EVENTS_PORT", PORT_EVENT),
    [INTENSET] = NRF_INTENSET(0x800000ff, 0),
    [INTENCLR] = NRF_INTENCLR(0x800000ff, 0),
    EIGHT(CHANNEL),
};
/* clang-format on */

const struct nrf_type nrf52_gpiote = {
    .type = {.name = "nrf52-gpiote",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000,
             .state_size = sizeof(struct gpiote),
             .on_packet = on_packet},
    .inten = INTENSET,
};
