/* id.h: the multiplexers by number: a place in their table, and how notes call them. */
#ifndef MODEL_VIRT_ID_H
#define MODEL_VIRT_ID_H

enum virt_id {
    VIRT_RNG,
    VIRT_ADC,
    VIRT_SPI,
    VIRT_I2C,
    VIRT_STORAGE,
    VIRT_CRYPTO,
    VIRT_UART,
    VIRT_UDP,
    VIRTS
};

#endif
