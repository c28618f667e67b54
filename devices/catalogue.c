#include "devices/catalogue.h"

#include <string.h>

const struct device_type *const device_catalogue[] = {
    &cc26x2_aes,        &nrf52_ccm.type,   &nrf52_clock_power.type, &nrf52_ecb.type,
    &nrf52_egu.type,    &nrf52_gpio,       &nrf52_gpiote.type,      &nrf52_nvmc,
    &nrf52_ppi,         &nrf52_radio.type, &nrf52_rng.type,         &nrf52_rtc.type,
    &nrf52_saadc.type,  &nrf52_spim.type,  &nrf52_temp.type,        &nrf52_timer.type,
    &nrf52_timer6.type, &nrf52_twim.type,  &nrf52_uarte.type,       &hostile,
};
const uint32_t device_catalogue_count = sizeof device_catalogue / sizeof device_catalogue[0];

const struct device_type *device_catalogue_find(const char *name)
{
    for (uint32_t i = 0; i < device_catalogue_count; i++)
        if (strcmp(device_catalogue[i]->name, name) == 0)
            return device_catalogue[i];
    return NULL;
}
