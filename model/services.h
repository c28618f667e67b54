/* services.h: the state of the ordinary services that live beside passthrough: alarm, console, GPIO.
 * Each is a chip driver (registers and interrupts, as on silicon) with its capsule above it.
 */
#ifndef MODEL_SERVICES_H
#define MODEL_SERVICES_H

#include "model/driver.h"
#include "model/limits.h"
#include "model/process.h"

/* capsule_alarm.c over chip_rtc.c. Driver 0x0. Commands as Tock's alarm driver: 0 exists, 1
 * frequency, 2 read counter, 3 stop, 5 set relative (ticks), 6 set absolute (reference, ticks).
 * Subscribe 0: (now, expiration, 0). */
struct alarm_service {
    uint32_t high; /* 24-bit COUNTER overflows seen: bits 24..31 of Tock's 32-bit counter */
    uint32_t last; /* COUNTER at the last look */
    bool armed;    /* CC[0] stands for some process's alarm */
};

/* capsule_console.c over chip_uarte.c. Driver 0x1. Commands 0 exists, 1 write (length), 2 read
 * (length), 3 abort read. Read-only allow 1: bytes to write; read-write allow 1: where to read.
 * Subscribe 1: written (length, 0, 0); 2: read (enum err, length, 0). One write at a time for all,
 * in turns; a process with a write under way gets BUSY. */
struct console_service {
    struct process_id writer; /* whose bytes the DMA buffer holds; unique 0: idle */
    uint32_t write_length;    /* bytes of the transfer under way */
    struct process_id reader;
    uint32_t read_length;
    uint32_t turn; /* where the search for the next writer begins */
};

struct services {
    struct alarm_service alarm;
    struct console_service console;
};

extern const struct driver alarm_driver;
extern const struct driver console_driver;
extern const struct driver gpio_driver;

/* Ticks of the alarm's clock since it started, 32768 a second, overflows counted. Only on a board
 * that has an alarm. */
uint64_t alarm_now(struct kernel *k, struct hw *hw);

#endif
