/* id.h: the multiplexers by number: a place in their table, and how notes call them. */
#ifndef MODEL_VIRT_ID_H
#define MODEL_VIRT_ID_H

#include "model/limits.h"

enum virt_id {
    VIRT_UART, /* on the console's place; first, so that its buffer stands where it stood */
    VIRT_RNG,
    VIRT_ADC,
    VIRT_SPI,
    VIRT_I2C,
    VIRT_STORAGE,
    VIRT_CRYPTO,
    VIRT_UDP,
    VIRTS, /* those that serve in turns */
    VIRT_ALARM = VIRTS,
    VIRT_NAMES
};

/* Components of the kernel that have an alarm beside the processes: each multiplexer's timeout, and
 * kernel clients that always set another one. */
enum { ALARM_KERNEL_CLIENT = VIRTS, ALARM_KERNEL_MAX = VIRTS + KERNEL_CLIENT_MAX };

#endif
