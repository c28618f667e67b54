/* services.h: the state of the ordinary services that live beside passthrough: alarm, console,
 * GPIO. Each is a chip driver (registers and interrupts, as on silicon) with its capsule above it.
 */
#ifndef MODEL_SERVICES_H
#define MODEL_SERVICES_H

#include "model/driver.h"
#include "model/limits.h"
#include "model/process.h"

/* capsule_alarm.c over chip_rtc.c. Driver 0x0. Commands as Tock's alarm driver: 0 exists, 1
 * frequency (32768), 2 read the 32-bit counter, 3 stop (ERR_ALREADY: none is set), 5 set relative
 * (ticks), 6 set absolute (reference, ticks); both answer with the counter's value at expiration.
 * Subscribe 0: (now, expiration, 0), once for each alarm set, never early; one that is due already
 * fires within two ticks. A process has one alarm: setting it again moves it.
 * Errors of 5 and 6: those of grant_allocate and grant_enter. Anything else: ERR_NOSUPPORT. */
struct alarm_service {
    uint32_t high;      /* 24-bit COUNTER overflows seen: each interrupts, so none goes unseen */
    uint32_t last;      /* COUNTER at the last look */
    bool armed;         /* CC[0] waits for armed_for; not so far alarms: an overflow is nearer */
    uint64_t armed_for; /* tick */
};

/* Ticks of 32768 Hz since the kernel's start; 0 on a board without an alarm. */
uint64_t alarm_now(struct kernel *k, struct hw *hw);

/* capsule_console.c over chip_uarte.c. Driver 0x1. Commands 0 exists, 1 write (length), 2 read
 * (length), 3 abort read. Read-only allow 1: bytes to write; read-write allow 1: where to read.
 * Subscribe 1: written (length, 0, 0); 2: read (enum err, length, 0).
 *
 * A write is whole and in its turn: longer than the DMA buffer it goes out in pieces, none of
 * another process's between; then the next process's, round robin. The length is cut to the allowed
 * buffer, at each piece anew. One reader at a time, up to CONSOLE_BUFFER bytes a read. Both DMA
 * buffers stand at the start of kernel_ram (sending, then receiving) and are zeroed before they
 * serve the next client. A dead writer's transfer under way ends; a dead reader's is stopped.
 *
 * ERR_BUSY: this process's write is under way; or anybody's read is.
 * ERR_SIZE: length 0, or no buffer allowed. ERR_ALREADY: abort, but this process does not read.
 * ERR_CANCEL, in the upcall: aborted, with the bytes that came before. */
struct console_service {
    struct process_id writer; /* whose bytes the DMA buffer holds; unique 0: idle */
    uint32_t write_length;    /* bytes of the transfer under way */
    struct process_id reader;
    uint32_t read_length;
    bool read_stopped; /* aborted, or its reader died: ends soon */
    uint32_t turn;     /* where the search for the next writer begins */
};

/* capsule_gpio.c over chip_gpio.c. Driver 0x4. Commands as Tock's GPIO driver: 0 exists, 1 enable
 * output (pin), 2 set, 3 clear, 4 toggle, 5 enable input (pin, pull: 0 none, 1 up, 2 down), 6 read
 * (success with the level). Pins are shared, as in Tock: no process owns one. No interrupts.
 * ERR_INVAL: no such pin (0..31) or pull. */

struct services {
    struct alarm_service alarm;
    struct console_service console;
};

extern const struct driver alarm_driver;
extern const struct driver console_driver;
extern const struct driver gpio_driver;

#endif
