/* id.h: the multiplexers, each once: its number, name and device. Their table, their notes, a
 * board's keys and a scenario's words all come from these rows.
 */
#ifndef MODEL_VIRT_ID_H
#define MODEL_VIRT_ID_H

#include "model/limits.h"

/* Where a multiplexer finds its device. */
enum virt_home {
    VIRT_OF_CONSOLE, /* the board's "console": it has no key of its own */
    VIRT_WITH_LINE,  /* the board names it by the multiplexer's name; it has an interrupt line */
    VIRT_ALONE,      /* the same, without a line: the multiplexer works in steps */
};

/* X(number, name, home): the row of `name` is virt_<name>, the board's key and a scenario's word
 * "<name>". Append only: buffers stand in kernel RAM in this order. */
#define VIRT_LIST(X)                                                                               \
    X(VIRT_UART, uart, VIRT_OF_CONSOLE)                                                            \
    X(VIRT_RNG, rng, VIRT_WITH_LINE)                                                               \
    X(VIRT_ADC, adc, VIRT_WITH_LINE)                                                               \
    X(VIRT_SPI, spi, VIRT_WITH_LINE)                                                               \
    X(VIRT_I2C, i2c, VIRT_WITH_LINE)                                                               \
    X(VIRT_STORAGE, storage, VIRT_ALONE)                                                           \
    X(VIRT_CRYPTO, crypto, VIRT_WITH_LINE)                                                         \
    X(VIRT_UDP, udp, VIRT_OF_CONSOLE)

enum virt_id {
#define VIRT_NUMBER(number, name, home) number,
    VIRT_LIST(VIRT_NUMBER)
#undef VIRT_NUMBER
        VIRTS, /* those that serve in turns */
    VIRT_ALARM = VIRTS,
    VIRT_NAMES
};

/* Components of the kernel that have an alarm beside the processes: each multiplexer's timeout, and
 * kernel clients that always set another one. */
enum { ALARM_KERNEL_CLIENT = VIRTS, ALARM_KERNEL_MAX = VIRTS + KERNEL_CLIENT_MAX };

#endif
