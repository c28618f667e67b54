/* i2c_sensor.c: a temperature sensor on I2C, after the TMP102 of Texas Instruments.
 * Source: data sheet SBOS397H, "TMP102 Low-Power Digital Temperature Sensor With SMBus and Two-Wire
 * Serial Interface": pointer register, temperature, configuration (0x60A0 after power-up), T_LOW
 * (75 degrees) and T_HIGH (80 degrees), each 16 bits, the upper byte first.
 *
 *   write: pointer, then up to two bytes of the register that it points to, each at once in force
 *   read:  two bytes of the register that the last pointer named
 *
 * It converts as the part does: first at power-up, then at 0.25, 1, 4 or 8 Hz (CR), once by OS in
 * shutdown (SD). Until the first conversion has ended the temperature reads as 0 degrees. EM gives
 * 13 bits in place of 12 from the next conversion on. AL follows the comparator with its fault
 * queue. Times are those of its own clock.
 *
 * What goes wrong is what the scenario says, by parameters (from the start) and by its plan, whose
 * events are the times that it was addressed, from 1. The part itself never stretches the clock and
 * refuses nothing but what it is told to refuse here.
 *
 * Choices where the data sheet is silent: bytes behind the second of a register are taken and
 * ignored, and read as 0xff, as are writes of the temperature; OS reads as 0 when it converts
 * continuously.
 *
 * Not modelled: the ALERT pin, interrupt mode (TM is stored), SMBus alert response, general call,
 * high-speed mode, the time-out of 30 ms that lets go of a bus in mid-byte, noise.
 */
#include "sim/world/catalogue.h"
#include <inttypes.h>
#include <stdio.h>

enum {
    TEMPERATURE,
    CONVERSION,
    REFUSE_ADDRESS,
    REFUSE_DATA,
    STRETCH,
    HOLD_AT,
    CORRUPT,
    PARAMETERS
};

enum { TIMES_MAX = 1000000, TEMPERATURE_BITS = 13 };

static const struct peer_parameter parameters[PARAMETERS] = {
    [TEMPERATURE] = {"temperature",
                     "in 1/16 degree, 13 bits of two's complement: 0x0190 is 25, 0x1e70 is -25",
                     PEER_NUMBER, 0, (1 << TEMPERATURE_BITS) - 1, 0x190, NULL, 0},
    [CONVERSION] = {"conversion_us", "how long a conversion takes", PEER_US, PS_PER_US,
                    100 * PS_PER_MS, 26 * PS_PER_MS, NULL, 0},
    [REFUSE_ADDRESS] = {"refuse_address", "so many times its address is not acknowledged, at first",
                        PEER_NUMBER, 0, TIMES_MAX, 0, NULL, 0},
    [REFUSE_DATA] = {"refuse_data", "so many bytes written are not acknowledged, at first",
                     PEER_NUMBER, 0, TIMES_MAX, 0, NULL, 0},
    [STRETCH] = {"stretch_us", "so long it holds the clock behind each byte", PEER_US, 0,
                 10 * PS_PER_S, 0, NULL, 0},
    [HOLD_AT] = {"hold_at",
                 "the byte, from 1 and addresses included, behind which it holds the "
                 "clock for ever; 0: none",
                 PEER_NUMBER, 0, TIMES_MAX, 0, NULL, 0},
    [CORRUPT] = {"corrupt", "these bits of each byte that it sends are turned over", PEER_NUMBER, 0,
                 0xff, 0, NULL, 0},
};

enum verb { DO_REFUSE_ADDRESS, DO_REFUSE_DATA, DO_STRETCH, DO_HOLD, DO_CORRUPT, DO_TEMPERATURE };

static const struct peer_verb verbs[] = {
    [DO_REFUSE_ADDRESS] = {"refuse_address",
                           "does not acknowledge its address",
                           1,
                           {{"times", "this time and so many in all", PEER_NUMBER, 1, TIMES_MAX, 1,
                             NULL, 0}}},
    [DO_REFUSE_DATA] = {"refuse_data",
                        "does not acknowledge bytes written",
                        2,
                        {{"bytes", "so many", PEER_NUMBER, 1, TIMES_MAX, 1, NULL, 0},
                         {"after", "so many are taken first", PEER_NUMBER, 0, TIMES_MAX, 0, NULL,
                          0}}},
    [DO_STRETCH] = {"stretch",
                    "holds the clock behind bytes, its address included",
                    2,
                    {{"for_us", "behind each", PEER_US, PS_PER_US, 10 * PS_PER_S, 100 * PS_PER_US,
                      NULL, 0},
                     {"bytes", "so many", PEER_NUMBER, 1, TIMES_MAX, 1, NULL, 0}}},
    [DO_HOLD] = {"hold", "holds the clock behind its address, for ever", 0, {{0}}},
    [DO_CORRUPT] = {"corrupt",
                    "sends wrong data",
                    2,
                    {{"bits", "that are turned over", PEER_NUMBER, 1, 0xff, 0xff, NULL, 0},
                     {"bytes", "so many", PEER_NUMBER, 1, TIMES_MAX, 1, NULL, 0}}},
    [DO_TEMPERATURE] = {"temperature",
                        "is as warm, from the next conversion on",
                        1,
                        {{"is", "as the parameter", PEER_NUMBER, 0, (1 << TEMPERATURE_BITS) - 1,
                          0x190, NULL, 0}}},
};

enum fact_number {
    ADDRESSED,
    READS,
    WRITES,
    BYTES_SENT,
    BYTES_TAKEN,
    REFUSED,
    STRETCHED,
    CORRUPTED,
    STOPS,
    CONVERSIONS,
    POINTER,
    CONFIGURATION,
    LOW_LIMIT,
    HIGH_LIMIT,
    FACTS
};

static const struct fact facts[FACTS] = {
    [ADDRESSED] = {"addressed", "times that its address was on the wire", NULL},
    [READS] = {"reads", "of them to read from it, acknowledged", NULL},
    [WRITES] = {"writes", "of them to write to it, acknowledged", NULL},
    [BYTES_SENT] = {"bytes_sent", "bytes read from it", NULL},
    [BYTES_TAKEN] = {"bytes_taken", "bytes written to it, acknowledged", NULL},
    [REFUSED] = {"refused", "addresses and bytes that it did not acknowledge", NULL},
    [STRETCHED] = {"stretched", "bytes behind which it held the clock", NULL},
    [CORRUPTED] = {"corrupted", "bytes that it sent wrong", NULL},
    [STOPS] = {"stops", "ends of what it was in: by STOP, or as somebody else was addressed", NULL},
    [CONVERSIONS] = {"conversions", "ended", NULL},
    [POINTER] = {"pointer", "the last: 0 temperature, 1 configuration, 2 T_LOW, 3 T_HIGH", NULL},
    [CONFIGURATION] = {"configuration", "as it would be read", NULL},
    [LOW_LIMIT] = {"low_limit", "T_LOW", NULL},
    [HIGH_LIMIT] = {"high_limit", "T_HIGH", NULL},
};
_Static_assert((int)FACTS <= (int)FACT_MAX, "more facts than can be asked for");

enum note_number {
    NOTE_REFUSED_ADDRESS = 1,
    NOTE_REFUSED_DATA,
    NOTE_STRETCHED,
    NOTE_HELD,
    NOTE_CORRUPTED
};

static const char *const note_names[] = {
    [NOTE_REFUSED_ADDRESS] = "refused-address",
    [NOTE_REFUSED_DATA] = "refused-data",
    [NOTE_STRETCHED] = "stretched",
    [NOTE_HELD] = "held",
    [NOTE_CORRUPTED] = "corrupted",
};

/* Registers by pointer, and bits of the configuration. */
enum { REG_TEMPERATURE, REG_CONFIGURATION, REG_LOW, REG_HIGH, REGS };
enum {
    BIT_OS = 0x8000,
    BIT_RESOLUTION = 0x6000, /* read-only: 12 bits */
    BITS_FAULTS = 0x1800,
    BIT_POL = 0x0400,
    BIT_SD = 0x0100,
    BITS_RATE = 0x00c0,
    BIT_AL = 0x0020,
    BIT_EM = 0x0010,
    WRITABLE = 0x1fd0,
    POWER_UP = 0x0080, /* of what is stored: 4 Hz */
};

/* By CR; faults by F. Data sheet, tables of conversion rate and fault settings. */
static const uint16_t period_ms[] = {4000, 1000, 250, 125};
static const uint8_t fault_queue[] = {1, 2, 4, 6};

struct sensor {
    uint16_t registers[REGS];
    uint8_t pointer;
    uint8_t at; /* bytes of this write or read so far */
    bool converting, alert;
    uint8_t faults;
    uint16_t temperature; /* of the room, as the parameter */
    uint32_t actions_done;
    uint64_t refuse_address, refuse_data, refuse_after;
    uint64_t stretch_ps, stretch_bytes;
    uint64_t corrupt, corrupt_bytes;
    uint64_t bytes; /* on the wire, addresses included */
    bool holds;
    uint64_t counts[CONVERSIONS + 1]; /* facts that count */
};

static uint64_t value(const struct device *d, uint32_t parameter)
{
    return peer_plan(d)->values[parameter];
}

static void note(struct device *d, enum note_number number, uint32_t what)
{
    device_request(
        d, (struct device_request){.kind = REQUEST_NOTE, .address = number, .state_offset = what});
}

/* --- conversions ------------------------------------------------------------------------------ */

static uint64_t after_ps(const struct device *d, uint64_t ps)
{
    uint64_t cycles = ps / (PS_PER_S / d->hf.hz);
    return clock_edge_ps(&d->hf, clock_edges(&d->hf, d->now_ps) + cycles);
}

static bool is_shut_down(const struct sensor *s)
{
    return s->registers[REG_CONFIGURATION] & BIT_SD;
}

static void begin_conversion(struct device *d)
{
    struct sensor *s = device_state(d);
    s->converting = true;
    d->wake_ps = after_ps(d, value(d, CONVERSION));
}

static int32_t signed_of(uint32_t bits, uint32_t count)
{
    uint32_t sign = UINT32_C(1) << (count - 1);
    return (int32_t)(bits ^ sign) - (int32_t)sign;
}

/* 12 bits hold up to 127.9375 degrees, and more reads as that. */
static uint16_t register_of(uint16_t temperature, bool extended)
{
    int32_t sixteenths = signed_of(temperature, TEMPERATURE_BITS);
    if (extended)
        return (uint16_t)((uint32_t)sixteenths << 3 | 1);
    if (sixteenths > 0x7ff)
        sixteenths = 0x7ff;
    if (sixteenths < -0x800)
        sixteenths = -0x800;
    return (uint16_t)((uint32_t)sixteenths << 4);
}

static void compare(struct sensor *s)
{
    uint16_t configuration = s->registers[REG_CONFIGURATION];
    int32_t is = signed_of(s->registers[REG_TEMPERATURE], 16);
    bool beyond = s->alert ? is < signed_of(s->registers[REG_LOW], 16)
                           : is >= signed_of(s->registers[REG_HIGH], 16);
    s->faults = beyond ? s->faults + 1 : 0;
    if (s->faults < fault_queue[(configuration & BITS_FAULTS) / 0x800])
        return;
    s->alert = !s->alert;
    s->faults = 0;
}

static void end_conversion(struct device *d)
{
    struct sensor *s = device_state(d);
    uint16_t configuration = s->registers[REG_CONFIGURATION];
    uint64_t period_ps = period_ms[(configuration & BITS_RATE) / 0x40] * PS_PER_MS;
    s->converting = false;
    s->counts[CONVERSIONS]++;
    s->registers[REG_TEMPERATURE] = register_of(s->temperature, configuration & BIT_EM);
    compare(s);
    d->wake_ps = TIME_NEVER;
    if (!is_shut_down(s))
        d->wake_ps = after_ps(d, period_ps - value(d, CONVERSION));
}

static void sensor_wake(struct device *d)
{
    const struct sensor *s = device_state(d);
    if (s->converting)
        end_conversion(d);
    else
        begin_conversion(d);
}

/* A conversion that is under way is brought to its end, whatever is written. */
static void configure(struct device *d, uint16_t written)
{
    struct sensor *s = device_state(d);
    bool was_down = is_shut_down(s);
    s->registers[REG_CONFIGURATION] = written & WRITABLE;
    if (s->converting)
        return;
    if (is_shut_down(s))
        d->wake_ps = TIME_NEVER;
    if (is_shut_down(s) ? (written & BIT_OS) != 0 : was_down)
        begin_conversion(d);
}

static uint16_t configuration_read(const struct sensor *s)
{
    uint16_t stored = s->registers[REG_CONFIGURATION];
    bool al = s->alert == ((stored & BIT_POL) != 0);
    bool os = is_shut_down(s) && !s->converting;
    return (uint16_t)(stored | BIT_RESOLUTION | (al ? BIT_AL : 0) | (os ? BIT_OS : 0));
}

/* --- registers -------------------------------------------------------------------------------- */

static uint16_t register_read(const struct sensor *s, uint8_t pointer)
{
    return pointer == REG_CONFIGURATION ? configuration_read(s) : s->registers[pointer];
}

/* Each byte is in force at once: `at` 1 is the upper one. A conversion by OS wants the upper byte
 * written, or whatever OS reads as would start one. */
static void register_byte(struct device *d, uint8_t byte)
{
    struct sensor *s = device_state(d);
    uint16_t now = s->registers[s->pointer];
    uint16_t then =
        s->at == 1 ? (uint16_t)(byte << 8 | (now & 0xff)) : (uint16_t)((now & 0xff00) | byte);
    if (s->at > 2 || s->pointer == REG_TEMPERATURE)
        return;
    if (s->pointer == REG_CONFIGURATION)
        configure(d, then);
    else
        s->registers[s->pointer] = then & 0xfff8;
}

static void take(struct device *d, uint8_t byte)
{
    struct sensor *s = device_state(d);
    s->counts[BYTES_TAKEN]++;
    if (s->at == 0)
        s->pointer = byte % REGS;
    else
        register_byte(d, byte);
    if (s->at < UINT8_MAX)
        s->at++;
}

/* --- the plan --------------------------------------------------------------------------------- */

static void act(struct device *d, const struct peer_action *action)
{
    struct sensor *s = device_state(d);
    const uint64_t *arguments = action->arguments;
    switch ((enum verb)action->verb) {
    case DO_REFUSE_ADDRESS:
        s->refuse_address = arguments[0];
        break;
    case DO_REFUSE_DATA:
        s->refuse_data = arguments[0];
        s->refuse_after = arguments[1];
        break;
    case DO_STRETCH:
        s->stretch_ps = arguments[0];
        s->stretch_bytes = arguments[1];
        break;
    case DO_HOLD:
        s->holds = true;
        break;
    case DO_CORRUPT:
        s->corrupt = arguments[0];
        s->corrupt_bytes = arguments[1];
        break;
    case DO_TEMPERATURE:
        s->temperature = (uint16_t)arguments[0];
        break;
    }
}

static void follow_plan(struct device *d)
{
    struct sensor *s = device_state(d);
    const struct peer_plan *plan = peer_plan(d);
    for (; s->actions_done < plan->action_count; s->actions_done++) {
        const struct peer_action *action = &plan->actions[s->actions_done];
        if (action->at_event > s->counts[ADDRESSED])
            break;
        act(d, action);
    }
}

/* --- the wire --------------------------------------------------------------------------------- */

/* How long it holds the clock behind this byte. */
static uint64_t stretch_of(struct device *d)
{
    struct sensor *s = device_state(d);
    s->bytes++;
    s->holds |= s->bytes == value(d, HOLD_AT);
    if (s->holds) {
        note(d, NOTE_HELD, 0);
        s->counts[STRETCHED]++;
        return TIME_NEVER;
    }
    if (s->stretch_bytes == 0)
        return 0;
    s->stretch_bytes--;
    s->counts[STRETCHED]++;
    note(d, NOTE_STRETCHED, (uint32_t)(s->stretch_ps / PS_PER_US));
    return s->stretch_ps;
}

static bool refuses(struct device *d, uint64_t *left, enum note_number number, uint8_t byte)
{
    struct sensor *s = device_state(d);
    if (*left == 0)
        return false;
    (*left)--;
    s->counts[REFUSED]++;
    note(d, number, byte);
    return true;
}

static struct wire_answer on_start(struct device *d, uint8_t address)
{
    struct sensor *s = device_state(d);
    s->counts[ADDRESSED]++;
    s->at = 0;
    follow_plan(d);
    struct wire_answer answer = {
        .value = WIRE_NOBODY,
        .ack = !refuses(d, &s->refuse_address, NOTE_REFUSED_ADDRESS, address),
    };
    if (answer.ack) {
        s->counts[address & 1 ? READS : WRITES]++;
        answer.stretch_ps = stretch_of(d);
    }
    return answer;
}

static struct wire_answer on_byte(struct device *d, uint8_t byte)
{
    struct sensor *s = device_state(d);
    struct wire_answer answer = {.value = WIRE_NOBODY, .ack = true};
    if (s->refuse_data && s->refuse_after)
        s->refuse_after--;
    else
        answer.ack = !refuses(d, &s->refuse_data, NOTE_REFUSED_DATA, byte);
    if (answer.ack)
        take(d, byte);
    answer.stretch_ps = stretch_of(d);
    return answer;
}

static struct wire_answer send(struct device *d)
{
    struct sensor *s = device_state(d);
    uint16_t is = register_read(s, s->pointer);
    uint8_t byte = s->at == 0 ? (uint8_t)(is >> 8) : s->at == 1 ? (uint8_t)is : WIRE_NOBODY;
    if (s->at < 2)
        s->at++;
    s->counts[BYTES_SENT]++;
    if (s->corrupt_bytes) {
        s->corrupt_bytes--;
        s->counts[CORRUPTED]++;
        note(d, NOTE_CORRUPTED, byte);
        byte ^= (uint8_t)s->corrupt;
    }
    return (struct wire_answer){.value = byte, .stretch_ps = stretch_of(d)};
}

static struct wire_answer sensor_signal(struct device *d, const struct wire_signal *signal)
{
    struct sensor *s = device_state(d);
    switch ((enum wire_act)signal->act) {
    case WIRE_START:
        return on_start(d, signal->value);
    case WIRE_OUT:
        return on_byte(d, signal->value);
    case WIRE_IN:
        return send(d);
    case WIRE_STOP:
        s->counts[STOPS]++;
        break;
    default:
        break; /* our bytes are acknowledged or not: that changes nothing here */
    }
    return (struct wire_answer){.value = WIRE_NOBODY};
}

static void sensor_reset(struct device *d)
{
    struct sensor *s = device_state(d);
    s->registers[REG_CONFIGURATION] = POWER_UP;
    s->registers[REG_LOW] = 75 * 16 << 4;
    s->registers[REG_HIGH] = 80 * 16 << 4;
    s->temperature = (uint16_t)value(d, TEMPERATURE);
    s->refuse_address = value(d, REFUSE_ADDRESS);
    s->refuse_data = value(d, REFUSE_DATA);
    s->stretch_ps = value(d, STRETCH);
    s->stretch_bytes = s->stretch_ps ? UINT64_MAX : 0;
    s->corrupt = value(d, CORRUPT);
    s->corrupt_bytes = s->corrupt ? UINT64_MAX : 0;
    begin_conversion(d);
}

static uint64_t sensor_fact(const struct device *d, uint32_t fact)
{
    const struct sensor *s = device_state_read(d);
    if (fact == POINTER)
        return s->pointer;
    if (fact >= CONFIGURATION)
        return register_read(s, (uint8_t)(REG_CONFIGURATION + (fact - CONFIGURATION)));
    return s->counts[fact];
}

static const char *sensor_note_name(uint32_t number)
{
    return number < sizeof note_names / sizeof note_names[0] ? note_names[number] : NULL;
}

static const char *sensor_note_text(uint32_t number, uint32_t what, char *text, size_t size)
{
    const char *name = sensor_note_name(number);
    if (number == NOTE_STRETCHED)
        (void)snprintf(text, size, "%s %" PRIu32 " us", name, what);
    else if (name && number != NOTE_HELD)
        (void)snprintf(text, size, "%s 0x%02" PRIx32, name, what);
    else
        (void)snprintf(text, size, "%s", name ? name : "?");
    return text;
}

const struct peer_type i2c_sensor_peer = {
    .type = {.name = "i2c-sensor",
             .state_size = sizeof(struct sensor),
             .wire = WIRE_I2C,
             .on_reset = sensor_reset,
             .on_wake = sensor_wake,
             .on_signal = sensor_signal},
    .about = "a temperature sensor on I2C, after the TMP102; fails as it is told",
    .parameters = parameters,
    .parameter_count = PARAMETERS,
    .verbs = verbs,
    .verb_count = sizeof verbs / sizeof verbs[0],
    .facts = facts,
    .fact_count = FACTS,
    .fact = sensor_fact,
    .note_name = sensor_note_name,
    .note_text = sensor_note_text,
};
