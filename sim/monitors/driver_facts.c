#include "sim/monitors/driver_facts.h"

enum {
    ROOM_FOR_RADIO = 0x200,   /* bytes of kernel_ram with which there is room for its buffers ... */
    ROOM_FOR_VIRTS = 0x3000,  /* ... and for those of all multiplexers */
    STORAGE_PAGES = 2 * 4096, /* one of regions' owners and one region */
};

static enum driver_presence given_room(const struct kernel_config *c, bool is_there, uint32_t room)
{
    if (!is_there)
        return DRIVER_ABSENT;
    return c->kernel_ram.size >= room ? DRIVER_THERE : DRIVER_MAYBE;
}

static enum driver_presence alarm(const struct kernel_config *c)
{
    return c->alarm.present ? DRIVER_THERE : DRIVER_ABSENT;
}

static enum driver_presence console(const struct kernel_config *c)
{
    return given_room(c, c->console.present, ROOM_FOR_VIRTS);
}

static enum driver_presence gpio(const struct kernel_config *c)
{
    return c->gpio.present ? DRIVER_THERE : DRIVER_ABSENT;
}

static enum driver_presence radio(const struct kernel_config *c)
{
    return given_room(c, c->radio.radio.present, ROOM_FOR_RADIO);
}

static enum driver_presence frames(const struct kernel_config *c)
{
    return given_room(c, c->console.present && c->frames, ROOM_FOR_VIRTS);
}

static enum driver_presence rng(const struct kernel_config *c)
{
    return given_room(c, c->virts[VIRT_RNG].present, ROOM_FOR_VIRTS);
}

static enum driver_presence adc(const struct kernel_config *c)
{
    return given_room(c, c->virts[VIRT_ADC].present, ROOM_FOR_VIRTS);
}

/* Its chip select is a pin. */
static enum driver_presence spi(const struct kernel_config *c)
{
    return given_room(c, c->virts[VIRT_SPI].present && c->gpio.present, ROOM_FOR_VIRTS);
}

static enum driver_presence i2c(const struct kernel_config *c)
{
    return given_room(c, c->virts[VIRT_I2C].present, ROOM_FOR_VIRTS);
}

static enum driver_presence crypto(const struct kernel_config *c)
{
    return given_room(c, c->virts[VIRT_CRYPTO].present, ROOM_FOR_VIRTS);
}

/* It waits for its flash by the alarm. */
static enum driver_presence storage(const struct kernel_config *c)
{
    bool is_there = c->virts[VIRT_STORAGE].present && c->alarm.present && c->storage.size > 0;
    enum driver_presence room = given_room(c, is_there, ROOM_FOR_VIRTS);

    return room == DRIVER_THERE && c->storage.size < STORAGE_PAGES ? DRIVER_MAYBE : room;
}

static const struct {
    uint32_t number;
    enum driver_presence (*presence)(const struct kernel_config *config);
    struct driver_facts facts;
} rows[] = {
    {0x0, alarm, {1, {0}}},
    {0x1, console, {3, {[FACT_ALLOW_RW] = 2, [FACT_ALLOW_RO] = 2}}}, /* number 0 is unused */
    {0x4, gpio, {0, {0}}},
    {0x5, adc, {1, {0}}},
    {0x20001, spi, {1, {[FACT_ALLOW_RW] = 1, [FACT_ALLOW_RO] = 1}}},
    {0x20003, i2c, {1, {[FACT_ALLOW_RW] = 2}}},
    {0x30000, radio, {0, {[FACT_ALLOW_RO] = 1}}}, /* advertising */
    {0x30001, radio, {3, {[FACT_ALLOW_RW] = 1, [FACT_ALLOW_RO] = 1}}},
    {0x30002, frames, {2, {[FACT_ALLOW_RW] = 2, [FACT_ALLOW_RO] = 2}}}, /* udp, in frames */
    {0x30003, frames, {2, {[FACT_ALLOW_RW] = 1, [FACT_ALLOW_RO] = 1}}},
    {0x40001, rng, {1, {[FACT_ALLOW_RW] = 1}}},
    {0x40006, crypto, {1, {[FACT_ALLOW_RW] = 1, [FACT_ALLOW_RO] = 2}}},
    {0x50001, storage, {2, {[FACT_ALLOW_RW] = 1, [FACT_ALLOW_RO] = 1}}},
};

static const struct driver_facts passthrough = {1, {0}};

enum driver_presence driver_presence(const struct kernel_config *config, uint32_t number,
                                     const struct driver_facts **facts)
{
    *facts = &passthrough;
    if (number == config->passthrough_driver)
        return DRIVER_THERE;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].number == number) {
            *facts = &rows[i].facts;
            return rows[i].presence(config);
        }
    return DRIVER_ABSENT;
}
