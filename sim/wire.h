/* wire.h: what passes on a wire between a device of the board and its peers.
 *
 *   "world": { "chip":  { "is": "spi-flash",  "on": "SPIM0", "select": 5 },
 *              "meter": { "is": "i2c-sensor", "on": "TWIM1", "address": "0x48" },
 *              "net":   { "is": "...",        "on": "UARTE0" },
 *              "knob":  { "is": "analog",     "on": "SAADC", "input": 1, "mv": 1200 } }
 *
 * UART. Either side asks for REQUEST_WIRE when a byte's stop bit has left (the board's device) or
 * when its start bit begins (the peer: the device's on_packet takes the byte time), and the other
 * one's on_packet gets that byte. One peer a UART.
 *
 * SPI and I2C. The board's device is the controller. It asks by device_signal (REQUEST_SIGNAL); the
 * peer's on_signal answers at that moment, and on_answer brings the answer back to the controller.
 * It asks at the end of the byte that the signal speaks of (I2C: of the ninth bit), and takes the
 * bytes' times by itself.
 *
 *   SPI: each peer hangs on a pin, "select": 0..31 of P0, 32..47 of P1. An output that is low
 *   selects: the peer hears WIRE_SELECT at the falling and WIRE_DESELECT at the rising edge, from
 *   the GPIO (REQUEST_PINS), whether the controller is on or not. A byte (WIRE_OUT) goes to each
 *   peer that is selected; its answer is the byte that went back meanwhile, and so must not depend
 *   on the byte that it answers. Nobody selected: 0xff, as if the line had a pull-up. Several: a
 *   bit that one of them drives low is low, and the trace has a record "wire SPIM0 clash".
 *   A peer says which modes it takes (peer_type.spi_modes). In another mode each side samples while
 *   the other one shifts: here each byte comes one bit late, 0x80 | byte >> 1, both ways.
 *
 *   I2C: WIRE_START (address << 1 | read) goes to the peer with that address, who acknowledges or
 *   not; from then on it gets each WIRE_OUT (a byte written; acknowledged or not), WIRE_IN (its
 *   byte), WIRE_ACK or WIRE_NACK (the controller's word on a byte read) up to WIRE_STOP, or until
 *   somebody else is addressed, which it hears as WIRE_STOP. WIRE_START while it is addressed is a
 *   repeated start. Nobody there: not acknowledged, and 0xff.
 *   stretch_ps: so long the peer holds the clock down behind that byte, TIME_NEVER: for good; the
 *   controller waits. A peer has no other way to be late.
 *
 * Analog inputs: a peer's REQUEST_WIRE is a voltage, in millivolts, that stands from now on; the
 * board's device gets a packet of the input's number and that (low byte, high byte). One peer an
 * input. The peer's own note tells of it in the trace.
 *
 * Bytes are as they stand with the most significant bit first on the wire: a controller that sends
 * the other way round turns them round before and after.
 *
 * Trace and patterns: EVENT_WIRE, by the controller (or UART): "wire SPIM0 out = 0x9f", "in",
 * "start" (the whole byte), "stop", "nack" (by the peer; the byte that was refused), "select",
 * "deselect" (the pin), "clash" (how many are selected). The controller's acknowledgements have no
 * record.
 */
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include <stdbool.h>
#include <stdint.h>

/* What a device has, and what a peer hangs on. */
enum wire_kind {
    WIRE_NONE,
    WIRE_UART,
    WIRE_SPI,
    WIRE_I2C,
    WIRE_ANALOG,
    WIRE_PINS, /* the board's: it tells by REQUEST_PINS which pins it drives low */
    WIRE_KINDS
};

/* What happens on it; in the trace, too: append only. */
enum wire_act {
    WIRE_OUT, /* a byte to the peer; SPI: and one back */
    WIRE_IN,  /* I2C: a byte from the peer */
    WIRE_START,
    WIRE_STOP,
    WIRE_NACK,
    WIRE_SELECT,
    WIRE_DESELECT,
    WIRE_CLASH, /* trace only */
    WIRE_ACK,   /* never in the trace */
    WIRE_ACTS
};

enum { SPI_MODES = 4 }; /* CPOL << 1 | CPHA */
enum {
    WIRE_NOBODY = 0xff,
    WIRE_PIN_MAX = 47,
    I2C_ADDRESS_MIN = 0x08,
    I2C_ADDRESS_MAX = 0x77,
    ANALOG_INPUT_MAX = 7
};

struct wire_signal {
    uint8_t act;     /* enum wire_act */
    uint8_t value;   /* OUT: the byte; START: address << 1 | read; SELECT, DESELECT: the pin */
    uint8_t mode;    /* SPI: CPOL << 1 | CPHA */
    uint32_t bit_ps; /* of the clock; 0: no byte has passed (SELECT, DESELECT) */
};

struct wire_answer {
    uint8_t value;       /* the byte that came back: SPI's OUT, I2C's IN */
    bool ack;            /* I2C: START, OUT */
    uint64_t stretch_ps; /* I2C: how long the clock stays low from now on */
};

#endif
