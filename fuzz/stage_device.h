/* stage_device.h: what devices do that nobody expects, from the device streams of a tape: each
 * operation is an injection of the scenario (scenarios/README.md), so that a scenario can say it.
 *
 * STREAM_DEVICE + i is the i-th device with a model that is neither lent nor a port of pins, in the
 * order of the board: of `services` these are UARTE0, SPIM0, TWIM1, SAADC, RNG, RTC1, NVMC, AES. An
 * operation comes `number` * 16 us after the one before it of its stream; by value[1].pick / 64,
 * and, from the left to the right, value[1].pick / 16 % 4,
 *
 *   0 then, or when
 *   1 the device's line rises | the kernel writes a register of it | its multiplexer is asked
 *     | the kernel reads register `which`
 *   2 a task of it is triggered | any device's DMA reads | an operation begins there
 *     | the kernel writes register `which`
 *   3 the kernel reads a register of it | any device's DMA writes | an operation is over there
 *     | something is on its wire
 *
 * for the 1 + value[1].pick % 16-th time from then on; and value[1].offset * 62.5 ns after that,
 * or, below 0, as many microseconds. What it is, by kind:
 *
 *   0 register `which` reads as value[0], `size` % 8 times, or 0: until it is released
 *   1 the same of a register that says what happened: an event, a count, a status
 *   2 release   3 the device's own error   4 hang   5 stuck line
 *   6 its line pends once   7 ... 1 + `which` times, 1 + `size` us apart
 *   8 what it does next comes `size`^2 * 4 us later   9 ... earlier
 *  10 task register `which` is triggered
 *  11 its wire brings 1 + `size` % 16 bytes: `which`, value[0].pick, value[0].offset, again
 *  12 its wire brings a frame of `size` % 32 bytes for address `which`, or, from 128 on, a datagram
 *     for port `which`; value[0].pick / 16 damages it in one way, or in none
 *  13 it is late for a while: as 8, at that moment and at the seven behind it
 *  14 its wire brings mail (fuzz/mail.h), MAIL_PART octets at once, MAIL_PART_PS apart
 *
 * value[0] is, by pick / 32: 0 its offset  1 all ones, but for the offset  2 one bit  3 ... and the
 * offset  4 in the kernel's RAM  5 in the processes'  6 the lower bits all ones  7 any number.
 *
 * A device that writes outside of the memory that it was given is none of these: no kernel survives
 * that, and rules break by right.
 */
#ifndef FUZZ_STAGE_DEVICE_H
#define FUZZ_STAGE_DEVICE_H

#include "fuzz/tape.h"
#include "sim/scenario.h"

enum device_kind {
    DEVICE_FORCE,
    DEVICE_ANSWER,
    DEVICE_RELEASE,
    DEVICE_ERROR,
    DEVICE_HANG,
    DEVICE_STUCK,
    DEVICE_INTERRUPT,
    DEVICE_STORM,
    DEVICE_DELAY,
    DEVICE_HASTEN,
    DEVICE_TASK,
    DEVICE_RECEIVE,
    DEVICE_FRAME,
    DEVICE_LATE,
    DEVICE_MAIL,
    DEVICE_KINDS
};
#define DEVICE_STEP_PS (16 * PS_PER_US)

/* As much as one injection brings, and how long that takes at 115,200 baud. */
enum { MAIL_PART = 64 };
#define MAIL_PART_PS (5550 * PS_PER_US)

/* The `nth` device that the kernel keeps, as above, or BOARD_NONE. */
uint32_t kept_device(const struct board *board, uint32_t nth);

/* Writes the tape's to `out`, as many as there is room for; how many. The first operation of each
 * stream comes behind `start_ps`. */
uint32_t device_injections(const struct scenario *s, const struct tape *tape, uint64_t start_ps,
                           struct injection *out, uint32_t room);

#endif
