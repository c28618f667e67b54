#include "model/chip_saadc.h"
#include "model/kernel.h"
#include "model/nvic.h"

/* The only objects of these types: whoever holds a pointer to one got it from here. */
struct process_management_capability {
    char unused;
};
struct passthrough_capability {
    char unused;
};
struct adc_sampling_capability {
    char unused;
};
static const struct adc_sampling_capability sample;
static const struct process_management_capability manage;
static const struct passthrough_capability lend;

/* ---- the config against itself */

static bool spans_are_valid(const struct span spans[], uint32_t count, uint32_t most)
{
    if (count > most)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!span_valid(spans[i]))
            return false;
    return true;
}

static bool memory_is_valid(const struct kernel_config *c)
{
    return span_valid(c->process_ram) && (c->kernel_ram.size == 0 || span_valid(c->kernel_ram)) &&
           !span_meets(c->process_ram, c->kernel_ram);
}

static bool place_is_valid(const struct kernel_config *c, struct driver_place place)
{
    return !place.present || (place.line < c->line_count && place.base % 4 == 0);
}

/* Whole pages, and no RAM of ours. */
static bool storage_is_valid(const struct kernel_config *c)
{
    return c->storage.size == 0 ||
           (span_valid(c->storage) && c->storage.base % STORAGE_REGION == 0 &&
            c->storage.size % STORAGE_REGION == 0 && !span_meets(c->storage, c->process_ram) &&
            !span_meets(c->storage, c->kernel_ram));
}

static bool virts_are_valid(const struct kernel_config *c)
{
    if (!storage_is_valid(c))
        return false;
    for (uint32_t i = 0; i < VIRTS; i++)
        if (!place_is_valid(c, c->virts[i]))
            return false;
    if (c->adc_sampler.hz && (c->adc_sampler.channel >= SAADC_INPUTS ||
                              c->adc_sampler.hz < SAADC_HZ_MIN || c->adc_sampler.hz > SAADC_HZ_MAX))
        return false;
    for (uint32_t i = 0; i < VIRT_NAMES; i++)
        if (c->kernel_clients[i].count > KERNEL_CLIENT_MAX)
            return false;
    return true;
}

static bool radio_is_valid(const struct kernel_config *c)
{
    return place_is_valid(c, c->radio.radio) &&
           (!c->radio.radio.present ||
            (c->radio.timer % 4 == 0 && c->radio.ppi % 4 == 0 && c->radio.clock % 4 == 0));
}

/* A number of its own: else the driver before it in the table would answer its calls. */
static bool passthrough_number_is_valid(const struct kernel_config *c)
{
    for (uint32_t i = 0; i < driver_count; i++)
        if (drivers[i] != &passthrough_driver && drivers[i]->number == c->passthrough_driver)
            return false;
    return true;
}

static bool endpoint_is_valid(const struct kernel_config *c, const struct passthrough_endpoint *e)
{
    return e->window_count > 0 &&
           spans_are_valid(e->windows, e->window_count, ENDPOINT_WINDOW_MAX) &&
           (!e->has_line || e->line < c->line_count) && (e->quiesce_count == 0 || e->quiesce);
}

/* No byte and no line of one is the other's: else an owner would reach, or hear, another device. */
static bool endpoints_are_apart(const struct passthrough_endpoint *a,
                                const struct passthrough_endpoint *b)
{
    for (uint32_t i = 0; i < a->window_count; i++)
        for (uint32_t j = 0; j < b->window_count; j++)
            if (span_meets(a->windows[i], b->windows[j]))
                return false;
    return !a->has_line || !b->has_line || a->line != b->line;
}

/* Endpoint `index` by itself, and apart from those before it. */
static bool endpoint_fits_config(const struct kernel_config *c, uint32_t index)
{
    if (!endpoint_is_valid(c, &c->endpoints[index]))
        return false;
    for (uint32_t i = 0; i < index; i++)
        if (!endpoints_are_apart(&c->endpoints[i], &c->endpoints[index]))
            return false;
    return true;
}

static bool endpoints_are_valid(const struct kernel_config *c)
{
    if (c->endpoint_count > ENDPOINT_MAX)
        return false;
    for (uint32_t i = 0; i < c->endpoint_count; i++)
        if (!endpoint_fits_config(c, i))
            return false;
    return true;
}

static bool image_is_valid(const struct kernel_config *c, const struct process_image *image)
{
    if (!span_valid(image->flash) || span_meets(image->flash, c->process_ram) ||
        span_meets(image->flash, c->kernel_ram) || !span_holds(image->flash, image->entry))
        return false;
    if (image->initial_app_size > image->min_ram_size || image->permission_count > PERMISSION_MAX ||
        image->request_count > REQUEST_MAX || image->flash_region_count > FLASH_REGION_MAX ||
        (uint32_t)image->fault_policy >= FAULT_POLICIES)
        return false;
    for (uint32_t i = 0; i < image->flash_region_count; i++)
        if (!span_covers(image->flash, image->flash_regions[i]))
            return false;
    return true;
}

/* Image `index` by itself, and apart from those before it. */
static bool image_fits_config(const struct kernel_config *c, uint32_t index)
{
    if (!image_is_valid(c, &c->images[index]))
        return false;
    for (uint32_t i = 0; i < index; i++)
        if (span_meets(c->images[i].flash, c->images[index].flash))
            return false;
    return true;
}

static bool config_is_valid(const struct kernel_config *c)
{
    return c->cpu_hz > 0 && memory_is_valid(c) && c->line_count <= IRQ_LINE_MAX &&
           (uint32_t)c->scheduler < SCHEDULER_KINDS && place_is_valid(c, c->alarm) &&
           place_is_valid(c, c->console) && place_is_valid(c, c->gpio) && radio_is_valid(c) &&
           virts_are_valid(c) && endpoints_are_valid(c) && passthrough_number_is_valid(c) &&
           spans_are_valid(c->forbidden, c->forbidden_count, KERNEL_CLAIM_MAX) &&
           spans_are_valid(c->claims, c->claim_count, KERNEL_CLAIM_MAX) &&
           c->image_count <= PROCESS_MAX && (c->image_count == 0 || c->images);
}

/* ---- start */

static void drivers_start(struct kernel *k, struct hw *hw)
{
    drivers_find(k);
    for (uint32_t i = 0; i < driver_count; i++)
        if (drivers[i]->start && kernel_has_driver(k, i))
            drivers[i]->start(k, hw);
}

/* A chip driver without an interrupt handler has no line. */
static void lines_enable(const struct kernel *k, struct hw *hw)
{
    const struct {
        const struct driver *driver;
        struct driver_place place;
    } rows[] = {
        {&alarm_driver, k->config->alarm},
        {&console_driver, k->config->console},
        {&gpio_driver, k->config->gpio},
        {&radio_driver, k->config->radio.radio},
    };

    for (uint32_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].place.present && rows[i].driver->on_interrupt)
            nvic_enable(hw, rows[i].place.line);
    for (uint32_t i = 0; i < VIRTS; i++)
        if (k->config->virts[i].present && virts[i] && virts[i]->driver->on_interrupt)
            nvic_enable(hw, k->config->virts[i].line);
}

/* Loads image `index` into what is left of the RAM for processes. */
static enum err image_load(struct kernel *k, struct hw *hw, uint32_t index)
{
    struct process *p = &k->processes[index];
    struct span ram = k->config->process_ram;
    struct span pool = {ram.base + k->ram_used, ram.size - k->ram_used};

    p->id.index = index;
    k->process_count = index + 1;
    enum err err = process_begin(k, hw, p, pool);
    if (err)
        return err;
    k->ram_used = p->memory.base - ram.base + p->memory.size;
    return ERR_NONE;
}

/* MemManage, BusFault and UsageFault have handlers of their own: an app's does not escalate.
 * Source: ARMv7-M ARM B3.2.13, SHCSR. */
static void faults_start(struct hw *hw)
{
    const uint32_t shcsr = 0xE000ED24, all_three = 7 << 16;

    hw_write32(hw, shcsr, all_three);
}

static void hardware_start(struct kernel *k, struct hw *hw)
{
    faults_start(hw);
    mpu_start(&k->mpu, hw);
    nvic_start(hw, k->config->line_count);
    drivers_start(k, hw);
    lines_enable(k, hw);
}

enum err kernel_start(struct kernel *k, struct hw *hw, const struct kernel_config *config,
                      uint32_t *bad_image)
{
    *bad_image = PROCESS_NONE;
    if (!config_is_valid(config))
        return ERR_INVAL;
    for (uint32_t i = 0; i < config->image_count; i++)
        if (!image_fits_config(config, i)) {
            *bad_image = i;
            return ERR_INVAL;
        }

    memset(k, 0, sizeof *k);
    k->config = config;
    k->next_unique = 1;
    k->running = PROCESS_NONE;
    k->last = PROCESS_NONE;
    k->stopped = PROCESS_NONE;
    k->tokens = (struct kernel_tokens){&manage, &lend, &sample};
    hardware_start(k, hw);
    for (uint32_t i = 0; i < config->image_count; i++) {
        enum err err = image_load(k, hw, i);
        if (err) {
            *bad_image = i;
            return err;
        }
    }
    scheduler_start(k);
    return ERR_NONE;
}
