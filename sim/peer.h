/* peer.h: the other side of a wire (sim/wire.h) or of the air: a central, a scanner, a sensor.
 *
 * A peer is a device (sim/device.h) without registers and without a place on the bus: it wakes,
 * hears packets and asks for requests as a device does, on a clock of its own. What the scenario
 * says about it is its plan, which never changes while the machine runs.
 *
 *   "world": { "central": { "interval_us": 7500, "drift_ppm": 40,
 *                           "plan": [ { "at_event": 12, "do": "channel_map", "map": "0x..." } ] } }
 *             name of the peer: its type, unless "is" names another
 */
#ifndef SIM_PEER_H
#define SIM_PEER_H

#include "sim/device.h"
#include "sim/fact.h"

enum {
    PEER_OCTETS_MAX = 768, /* of one value; ours */
    PEER_MAX = 8,
    PEER_PARAMETER_MAX = 32,
    PEER_ACTION_MAX = 40,
    PEER_ARGUMENT_MAX = 7,
};

/* How a value is written in a scenario; what is kept is always a uint64_t. */
enum peer_unit {
    PEER_NUMBER, /* an integer, a hex string, or one of `words` (then its place) */
    PEER_US,     /* the name ends in _us: microseconds with up to six decimals; kept: picoseconds */
    PEER_MS,     /* the name ends in _ms: as above */
    PEER_FLAG,   /* true or false */
    PEER_TEXT,   /* a text: struct peer_octets. `max`: octets at most */
    PEER_HEX,    /* the same, as hex digits: "0a0b" */
};

/* What a PEER_TEXT or PEER_HEX stands for: kept is its number in the plan's list, 0 if it is left
 * out. */
struct peer_octets {
    const struct peer_octets *next;
    uint64_t number; /* from 1 on */
    uint32_t size;
    const uint8_t *octets;
};

struct peer_parameter {
    const char *name;
    const char *about; /* for `postern list` */
    enum peer_unit unit;
    uint64_t min, max, reset; /* as kept */
    const char *const *words; /* NULL: numbers only; else ends with NULL */
    uint64_t step;            /* it is a multiple of this; 0 is as 1 */
};

/* Something that the scenario has it do: "do": name. Arguments left out get their reset. */
struct peer_verb {
    const char *name;
    const char *about;
    uint32_t argument_count;
    struct peer_parameter arguments[PEER_ARGUMENT_MAX];
};

struct peer_plan;

struct peer_type {
    struct device_type type; /* first: found again from struct device */
    const char *about;
    const struct peer_parameter *parameters;
    uint32_t parameter_count;
    const struct peer_verb *verbs;
    uint32_t verb_count;
    const struct fact *facts; /* at most FACT_MAX */
    uint32_t fact_count;
    uint64_t (*fact)(const struct device *d, uint32_t fact);
    /* What a note of its is called (REQUEST_NOTE), NULL beyond the last; the same with its value in
     * words, returning `text`. NULL: numbers only. */
    const char *(*note_name)(uint32_t number);
    const char *(*note_text)(uint32_t number, uint32_t value, char *text, size_t size);
    /* The key of its encrypted connections, as printed, for who looks on. NULL: it has none. */
    void (*long_term_key)(const struct peer_plan *plan, uint8_t key[16]);
    bool timed;        /* its actions may have a time, "at_us" or "at_ms", in place of "at_event" */
    uint8_t spi_modes; /* on SPI: the modes that it takes, bit CPOL << 1 | CPHA of each */
};

struct peer_action {
    uint64_t at_ps;    /* timed: when */
    uint32_t at_event; /* the peer's own count, e.g. of connection events; UINT32_MAX if `timed` */
    uint16_t verb;
    bool timed;
    uint8_t
        secret_of; /* 1 + index of the app whose secret the octets are (sim/secret.h); 0: none */
    uint64_t arguments[PEER_ARGUMENT_MAX];
};

/* What a scenario says about one peer; device->plan points here. */
struct peer_plan {
    uint64_t values[PEER_PARAMETER_MAX]; /* by parameter */
    int64_t drift_ppb;                   /* of both of its clocks */
    uint32_t position_m;                 /* from the board's antenna */
    const struct peer_octets *octets;    /* all of them; they live as long as the scenario */
    uint32_t action_count;
    struct peer_action
        actions[PEER_ACTION_MAX]; /* in the order of at_event; timed ones in that of at_ps */
};

static inline const struct peer_plan *peer_plan(const struct device *d)
{
    return (const struct peer_plan *)d->plan;
}

/* NULL: left out. */
static inline const struct peer_octets *peer_octets(const struct peer_plan *plan, uint64_t number)
{
    const struct peer_octets *octets = plan->octets;
    while (octets && octets->number != number)
        octets = octets->next;
    return octets;
}

#endif
