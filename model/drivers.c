#include "model/driver.h"

#include "model/kernel.h"

/* clang-format off */
const struct driver *const drivers[] = {
    &alarm_driver,
    &console_driver,
    &gpio_driver,
    &passthrough_driver,
    &radio_driver,
    &ble_advertising_driver,
    &rng_driver,
    &spi_driver,
    &storage_driver,
    &adc_driver,
    &i2c_driver,
    &frames_driver,
    &udp_driver,
    &crypto_driver,
};
/* clang-format on */
const uint32_t driver_count = COUNT_OF(drivers);
_Static_assert(COUNT_OF(drivers) <= DRIVER_MAX, "more drivers than grants of one process");

bool driver_is_present(const struct kernel *k, const struct driver *driver)
{
    return !driver->present || driver->present(k);
}

void drivers_find(struct kernel *k)
{
    k->drivers_present = 0;
    for (uint32_t i = 0; i < driver_count; i++)
        if (driver_is_present(k, drivers[i]))
            k->drivers_present |= (uint32_t)1 << i;
}

uint32_t driver_index(const struct driver *driver)
{
    uint32_t i = 0;

    while (i < driver_count - 1 && drivers[i] != driver)
        i++;
    return i;
}

uint32_t driver_number(const struct kernel *k, const struct driver *driver)
{
    return driver->number == DRIVER_NUMBER_BY_CONFIG ? k->config->passthrough_driver
                                                     : driver->number;
}

const struct driver *driver_find(const struct kernel *k, uint32_t number)
{
    for (uint32_t i = 0; i < driver_count; i++)
        if (driver_number(k, drivers[i]) == number && kernel_has_driver(k, i))
            return drivers[i];
    return NULL;
}
