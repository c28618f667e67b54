/* bare_hw.h: the hardware of targets that play the kernel without a machine: an MPU, and memory if
 * the target has some.
 *
 *   kernel --hw_*()--> struct hw: sim/mpu_armv7m.h, bytes of RAM
 *
 * A program that is linked with this has these hw_* and not the simulated machine's (Makefile).
 * Each register beside the MPU's reads 0; time and notes go nowhere.
 */
#ifndef FUZZ_BARE_HW_H
#define FUZZ_BARE_HW_H

#include "model/hw_port.h"
#include "sim/mpu_armv7m.h"

struct hw {
    void (*found)(const char *what); /* says it, and does not return; a panic comes there, too */
    struct mpu_armv7m unit;
    struct span ram;        /* its bytes are at `ram_bytes`; size 0: none */
    struct span kernel_ram; /* beyond `ram` nothing of it is kept: it reads 0 */
    uint8_t *ram_bytes;
    uint32_t writes; /* to registers */
    bool mpu_only;   /* a write to any other register is a find */
};

#endif
