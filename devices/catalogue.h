/* catalogue.h: every peripheral that a board file may name as a device's "type".
 *
 * To add one: a file beside this one with its `struct nrf_type` (or plain `struct device_type`), a
 * line here and in catalogue.c, a row in README.md, a test in tests/test_devices.c.
 */
#ifndef DEVICES_CATALOGUE_H
#define DEVICES_CATALOGUE_H

#include "devices/nrf.h"

extern const struct device_type *const device_catalogue[];
extern const uint32_t device_catalogue_count;
/* NULL: none has that name. */
const struct device_type *device_catalogue_find(const char *name);

extern const struct nrf_type nrf52_ccm, nrf52_clock_power, nrf52_ecb, nrf52_egu, nrf52_gpiote,
    nrf52_radio, nrf52_rng, nrf52_rtc, nrf52_saadc, nrf52_spim, nrf52_temp, nrf52_timer,
    nrf52_timer6, nrf52_twim, nrf52_uarte;
extern const struct device_type cc26x2_aes, nrf52_gpio, nrf52_nvmc, nrf52_ppi, hostile;

#endif
