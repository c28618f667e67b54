/* driver_facts.h: what an app may know of a board's system call drivers: whether they are there,
 * and how many subscribe and allow numbers each has. Written from the drivers' own documents, not
 * from the kernel's table: a test compares the two.
 *
 * Sources: Tock, doc/syscalls (alarm, console, gpio, rng, spi, i2c, adc, nonvolatile storage, udp,
 * ble_advertising); those of passthrough, radio, frames and crypto are in model/'s headers.
 */
#ifndef SIM_MONITORS_DRIVER_FACTS_H
#define SIM_MONITORS_DRIVER_FACTS_H

#include "model/config.h"
#include <stdbool.h>
#include <stdint.h>

/* DRIVER_MAYBE: the kernel's RAM may be too small for it. */
enum driver_presence { DRIVER_ABSENT, DRIVER_THERE, DRIVER_MAYBE };

enum { FACT_ALLOW_RW, FACT_ALLOW_RO, FACT_ALLOW_READABLE, FACT_ALLOWS };

struct driver_facts {
    uint8_t upcalls;             /* subscribe numbers 0 .. upcalls - 1 */
    uint8_t allows[FACT_ALLOWS]; /* allow numbers, by FACT_ALLOW_* */
};

/* `*facts` is set unless it is absent. */
enum driver_presence driver_presence(const struct kernel_config *config, uint32_t number,
                                     const struct driver_facts **facts);

#endif
