/* gpio.c: the pins: P0 (32) and P1 (16) in one page, P1's registers 0x300 above P0's.
 * Source: nRF52840 Product Specification v1.7, "GPIO - General purpose input/output".
 *
 * A pin's level: what OUT says if it is an output, else what the outside drives, else its pull-up
 * or pull-down, else 0. IN shows it where the input buffer is connected. A pin whose level is what
 * its SENSE waits for sets its LATCH bit, again at once after a clear if it still is.
 *
 * The outside: a packet of pairs (pin, level), pin 0..31 for P0, 32..47 for P1, level 0, 1 or 2 (no
 * longer driven). Parameters 0 and 1: pins of P0 and P1 that are driven high; 2 and 3: driven low.
 *
 * Outputs that are low select peers on SPI (sim/wire.h); each change of them is a request.
 *
 * Not modelled: drive strengths (stored), two drivers on one pin, DETECT on its way to GPIOTE and
 * POWER (stored DETECTMODE decides nothing), pins taken over by other peripherals. No line, no DMA.
 */
#include "devices/catalogue.h"

enum { PORTS = 2, PINS_P0 = 32, PINS_P1 = 16, PINS = PINS_P0 + PINS_P1 };

/* Rows of one port. P1's are the same, after P0's pins. */
enum { OUT, OUTSET, OUTCLR, IN, DIR, DIRSET, DIRCLR, LATCH, DETECTMODE, PIN_CNF };
enum { P0 = 0, P1 = PIN_CNF + PINS_P0, ROWS = P1 + PIN_CNF + PINS_P1 };

enum { CNF_DIR = 1, CNF_INPUT_OFF = 2, CNF_PULL = 0xc, CNF_SENSE = 0x30000, CNF_ALL = 0x3070f };
enum { PULL_UP = 0xc, SENSE_HIGH = 0x20000, SENSE_LOW = 0x30000 };

struct gpio {
    uint32_t seen[PORTS];   /* pins with a connected input buffer */
    uint32_t driven[PORTS]; /* pins that the outside drives */
    uint32_t level[PORTS];  /* and to what */
    uint32_t low[PORTS];    /* outputs that are low, as told last */
};

static uint32_t port_of(uint32_t row)
{
    return row >= P1;
}

static uint32_t first_row(uint32_t port)
{
    return port ? P1 : P0;
}

static uint32_t pin_count(uint32_t port)
{
    return port ? PINS_P1 : PINS_P0;
}

static bool pin_level(struct device *d, uint32_t port, uint32_t pin)
{
    const struct gpio *g = device_state(d);
    uint32_t first = first_row(port);
    uint32_t config = device_value(d, first + PIN_CNF + pin);
    if (config & CNF_DIR)
        return device_value(d, first + OUT) >> pin & 1;
    if (g->driven[port] >> pin & 1)
        return g->level[port] >> pin & 1;
    return (config & CNF_PULL) == PULL_UP;
}

static bool pin_senses(uint32_t config, bool level)
{
    uint32_t sense = config & CNF_SENSE;
    return (sense == SENSE_HIGH && level) || (sense == SENSE_LOW && !level);
}

/* Whoever hangs on a pin hears of it. */
static void tell_low(struct device *d, uint32_t port)
{
    struct gpio *g = device_state(d);
    const uint32_t *rows = device_values(d) + first_row(port);
    uint32_t low = rows[DIR] & ~rows[OUT];
    if (low == g->low[port])
        return;
    g->low[port] = low;
    device_request(
        d, (struct device_request){.kind = REQUEST_PINS, .address = port, .state_offset = low});
}

/* IN and LATCH follow from everything else. SENSE, too, sees only connected pins. */
static void refresh(struct device *d, uint32_t port)
{
    const struct gpio *g = device_state(d);
    uint32_t *rows = device_values(d) + first_row(port);
    uint32_t in = 0;
    tell_low(d, port);
    for (uint32_t left = g->seen[port]; left; left &= left - 1) {
        uint32_t pin = (uint32_t)__builtin_ctz(left);
        bool level = pin_level(d, port, pin);
        in |= (uint32_t)level << pin;
        rows[LATCH] |= (uint32_t)pin_senses(rows[PIN_CNF + pin], level) << pin;
    }
    rows[IN] = in;
}

static void output_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)written;
    refresh(d, port_of(row));
}

/* DIR and the DIR bits of PIN_CNF are the same bits, seen twice. */
static void direction_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)written;
    uint32_t port = port_of(row);
    uint32_t *rows = device_values(d) + first_row(port);
    for (uint32_t pin = 0; pin < pin_count(port); pin++) {
        uint32_t *config = &rows[PIN_CNF + pin];
        *config = (*config & ~(uint32_t)CNF_DIR) | (rows[DIR] >> pin & 1);
    }
    refresh(d, port);
}

static void config_written(struct device *d, uint32_t row, uint32_t written)
{
    uint32_t port = port_of(row);
    uint32_t *rows = device_values(d) + first_row(port);
    struct gpio *g = device_state(d);
    uint32_t pin = row - first_row(port) - PIN_CNF;
    uint32_t bit = UINT32_C(1) << pin;
    rows[DIR] = (rows[DIR] & ~bit) | (written & CNF_DIR) << pin;
    g->seen[port] = written & CNF_INPUT_OFF ? g->seen[port] & ~bit : g->seen[port] | bit;
    refresh(d, port);
}

/* --- the outside ----------------------------------------------------------------------------- */

static void drive(struct device *d, uint32_t pin, uint32_t level)
{
    struct gpio *g = device_state(d);
    uint32_t port = pin >= PINS_P0;
    uint32_t bit = UINT32_C(1) << (pin % 32);
    g->driven[port] = level < 2 ? g->driven[port] | bit : g->driven[port] & ~bit;
    g->level[port] = level == 1 ? g->level[port] | bit : g->level[port] & ~bit;
}

static void on_packet(struct device *d, const uint8_t *bytes, uint32_t size)
{
    for (; size >= 2; bytes += 2, size -= 2)
        if (bytes[0] < PINS)
            drive(d, bytes[0], bytes[1]);
    refresh(d, 0);
    refresh(d, 1);
}

static void on_parameter(struct device *d, uint32_t index, uint32_t value)
{
    if (index > 3)
        return;
    uint32_t port = index % 2;
    for (uint32_t pin = 0; pin < pin_count(port); pin++)
        if (value >> pin & 1)
            drive(d, port * PINS_P0 + pin, index < 2);
    refresh(d, port);
}

/* --- rows ------------------------------------------------------------------------------------ */

/* clang-format off */
/* `at` is the port's 0x504; `prefix` is "" for P0. Bits: the port's pins. */
#define PORT(prefix, at, bits)                                                                     \
    {prefix "OUT", (at), .writable = (bits), .on_write = output_written},                          \
    {prefix "OUTSET", (at) + 0x04, .write1_sets = (bits), .view = 1, .on_write = output_written},  \
    {prefix "OUTCLR", (at) + 0x08, .write1_clears = (bits), .view = 2, .on_write = output_written},\
    {prefix "IN", (at) + 0x0c, .stays = true},                                                     \
    {prefix "DIR", (at) + 0x10, .writable = (bits), .on_write = direction_written},                \
    {prefix "DIRSET", (at) + 0x14, .write1_sets = (bits), .view = 1,                               \
     .on_write = direction_written},                                                               \
    {prefix "DIRCLR", (at) + 0x18, .write1_clears = (bits), .view = 2,                             \
     .on_write = direction_written},                                                               \
    {prefix "LATCH", (at) + 0x1c, .write1_clears = (bits), .on_write = output_written},            \
    {prefix "DETECTMODE", (at) + 0x20, .writable = 1}
#define PIN(prefix, at, i)                                                                         \
    {prefix "PIN_CNF[" #i "]", (at) + 4 * (i), .reset = CNF_INPUT_OFF, .writable = CNF_ALL,        \
     .on_write = config_written}
#define PIN4(prefix, at, a, b, c, d)                                                               \
    PIN(prefix, at, a), PIN(prefix, at, b), PIN(prefix, at, c), PIN(prefix, at, d)
#define PIN16(prefix, at)                                                                          \
    PIN4(prefix, at, 0, 1, 2, 3), PIN4(prefix, at, 4, 5, 6, 7),                                    \
    PIN4(prefix, at, 8, 9, 10, 11), PIN4(prefix, at, 12, 13, 14, 15)

static const struct reg regs[] = {
    PORT("", 0x504, 0xffffffff),
    PIN16("", 0x700),
    PIN4("", 0x700, 16, 17, 18, 19), PIN4("", 0x700, 20, 21, 22, 23),
    PIN4("", 0x700, 24, 25, 26, 27), PIN4("", 0x700, 28, 29, 30, 31),
    PORT("P1.", 0x804, 0xffff),
    PIN16("P1.", 0xa00),
};
/* clang-format on */
_Static_assert(sizeof regs / sizeof regs[0] == ROWS, "a row of a port is missing");

const struct device_type nrf52_gpio = {
    .name = "nrf52-gpio",
    .regs = regs,
    .reg_count = ROWS,
    .window_size = 0x1000,
    .state_size = sizeof(struct gpio),
    .wire = WIRE_PINS,
    .on_packet = on_packet,
    .on_parameter = on_parameter,
};
