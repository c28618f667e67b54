/* fuzz_start.c: a board's description that says anything: kernel_start (model/kernel.h) refuses it,
 * or starts with memories, devices and lines that are apart.
 *
 *   tape --> struct kernel_config, valid but for what the tape has changed --kernel_start-->
 *        refused: nothing was written to the hardware, or an image is named
 *        accepted: all that config.h asks of a config holds, said here a second time in sums that
 *                  cannot wrap; each process has its own block, large enough, in the RAM for
 *                  processes; no window of one meets RAM, what is never lent, or the kernel's
 *
 * A tape's streams: STREAM_APP: `kind` is the group of fields (groups[]), `which` the element of
 * it, `number` the field, value[0] what it becomes. Nobody plays the others.
 *
 * The hardware answers 0 to each register but the MPU's; RAM is RAM_SIZE bytes and what the config
 * calls the kernel's.
 */
#include "fuzz/bare_hw.h"
#include "fuzz/tape_mutate.h"
#include "fuzz/target.h"
#include "model/kernel.h"
#include "model/passthrough_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    IMAGES = 4,
    RAM_BASE = 0x20000000,
    RAM_SIZE = 0x10000,
    FLASH_BASE = 0x30000,
    FLASH_SIZE = 0x4000, /* of an image */
    DEVICE_BASE = 0x40000000,
    DEVICE_SIZE = 0x1000,
};

struct rig {
    struct hw hw;
    uint8_t ram[RAM_SIZE];
    struct kernel kernel;
    struct kernel_config config;
    struct process_image images[IMAGES];
};

_Noreturn static void found(const char *what)
{
    fprintf(stderr, "fuzz_start: %s\n", what);
    abort();
}

/* --- a config that is valid ------------------------------------------------------------------ */

static const struct quiesce_step quiesce[] = {{0}};
static const struct filter_row any = {.asked = {0, UINT32_MAX}};

static struct process_image image_make(uint32_t i)
{
    struct span flash = {FLASH_BASE + i * FLASH_SIZE, FLASH_SIZE};
    return (struct process_image){.flash = flash,
                                  .entry = flash.base + 0x100,
                                  .min_ram_size = 4096,
                                  .initial_app_size = 2048,
                                  .fault_policy = FAULT_RESTART,
                                  .flash_regions = {{flash.base + 0x1000, 0x1000}},
                                  .requests = {{DEVICE_BASE + i * DEVICE_SIZE, DEVICE_SIZE}}};
}

static void rig_make(struct rig *rig)
{
    struct kernel_config *c = &rig->config;
    rig->hw.found = found;
    rig->hw.ram = (struct span){RAM_BASE, RAM_SIZE};
    rig->hw.ram_bytes = rig->ram;
    mpu_armv7m_reset(&rig->hw.unit, 8);
    *c = (struct kernel_config){.cpu_hz = 64000000,
                                .process_ram = {RAM_BASE + RAM_SIZE / 2, RAM_SIZE / 2},
                                .kernel_ram = {RAM_BASE, RAM_SIZE / 2},
                                .line_count = 48,
                                .passthrough_driver = 0x10001,
                                .filter = {filter_by_table, &any, 1},
                                .endpoint_count = 4,
                                .image_count = 2,
                                .images = rig->images};
    for (uint32_t i = 0; i < IMAGES; i++)
        rig->images[i] = image_make(i);
    for (uint32_t i = 0; i < ENDPOINT_MAX; i++)
        c->endpoints[i] =
            (struct passthrough_endpoint){.windows = {{DEVICE_BASE + i * DEVICE_SIZE, DEVICE_SIZE}},
                                          .window_count = 1,
                                          .has_line = i < c->line_count,
                                          .line = (uint8_t)i};
    for (uint32_t i = 0; i < KERNEL_CLAIM_MAX; i++) {
        c->forbidden[i] = (struct span){DEVICE_BASE + (i + 8) * DEVICE_SIZE, DEVICE_SIZE};
        c->claims[i] = (struct span){DEVICE_BASE + (i + 40) * DEVICE_SIZE, DEVICE_SIZE};
    }
}

/* --- what a tape may change ------------------------------------------------------------------ */

struct field {
    uint16_t offset;
    uint8_t size;
    bool is_flag;
};
#define FIELD(type, name)                                                                          \
    {                                                                                              \
        offsetof(struct type, name), sizeof((struct type *)0)->name, false                         \
    }
#define FLAG(type, name)                                                                           \
    {                                                                                              \
        offsetof(struct type, name), 1, true                                                       \
    }

static const struct field of_config[] = {
    FIELD(kernel_config, cpu_hz),
    FIELD(kernel_config, process_ram.base),
    FIELD(kernel_config, process_ram.size),
    FIELD(kernel_config, kernel_ram.base),
    FIELD(kernel_config, kernel_ram.size),
    FIELD(kernel_config, line_count),
    FIELD(kernel_config, scheduler),
    FIELD(kernel_config, timeslice_us),
    FLAG(kernel_config, frames),
    FIELD(kernel_config, storage.base),
    FIELD(kernel_config, storage.size),
    FIELD(kernel_config, adc_sampler.channel),
    FIELD(kernel_config, adc_sampler.hz),
    FIELD(kernel_config, passthrough_driver),
    FIELD(kernel_config, endpoint_count),
    FIELD(kernel_config, forbidden_count),
    FIELD(kernel_config, claim_count),
    FIELD(kernel_config, image_count),
    FIELD(kernel_config, radio.timer),
    FIELD(kernel_config, radio.ppi),
    FIELD(kernel_config, radio.clock),
};
static const struct field of_place[] = {
    FLAG(driver_place, present),
    FIELD(driver_place, base),
    FIELD(driver_place, line),
};
static const struct field of_client[] = {
    FIELD(kernel_client_config, count),
    FIELD(kernel_client_config, operations),
};
static const struct field of_endpoint[] = {
    FIELD(passthrough_endpoint, windows[0].base),
    FIELD(passthrough_endpoint, windows[0].size),
    FIELD(passthrough_endpoint, windows[1].base),
    FIELD(passthrough_endpoint, windows[1].size),
    FIELD(passthrough_endpoint, window_count),
    FLAG(passthrough_endpoint, has_line),
    FIELD(passthrough_endpoint, line),
    FIELD(passthrough_endpoint, quiesce_count),
    FLAG(passthrough_endpoint, dma),
};
static const struct field of_span[] = {FIELD(span, base), FIELD(span, size)};
static const struct field of_image[] = {
    FIELD(process_image, flash.base),
    FIELD(process_image, flash.size),
    FIELD(process_image, entry),
    FIELD(process_image, min_ram_size),
    FIELD(process_image, initial_app_size),
    FIELD(process_image, fault_policy),
    FIELD(process_image, permission_count),
    FIELD(process_image, request_count),
    FIELD(process_image, flash_region_count),
    FLAG(process_image, filtered),
    FIELD(process_image, requests[0].base),
    FIELD(process_image, requests[0].size),
    FIELD(process_image, requests[1].base),
    FIELD(process_image, requests[1].size),
    FIELD(process_image, flash_regions[0].base),
    FIELD(process_image, flash_regions[0].size),
    FIELD(process_image, short_id),
};

#define ROWS(fields) fields, sizeof(fields) / sizeof(fields)[0]
#define IN_CONFIG(name) offsetof(struct rig, config.name)

/* Elements of an array in the rig, and which of their fields. */
static const struct {
    uint32_t offset, element, count;
    const struct field *fields;
    uint32_t field_count;
} groups[] = {
    {offsetof(struct rig, config), 0, 1, ROWS(of_config)},
    {IN_CONFIG(alarm), 0, 1, ROWS(of_place)},
    {IN_CONFIG(console), 0, 1, ROWS(of_place)},
    {IN_CONFIG(gpio), 0, 1, ROWS(of_place)},
    {IN_CONFIG(radio.radio), 0, 1, ROWS(of_place)},
    {IN_CONFIG(virts), sizeof(struct driver_place), VIRTS, ROWS(of_place)},
    {IN_CONFIG(kernel_clients), sizeof(struct kernel_client_config), VIRT_NAMES, ROWS(of_client)},
    {IN_CONFIG(endpoints), sizeof(struct passthrough_endpoint), 8, ROWS(of_endpoint)},
    {IN_CONFIG(forbidden), sizeof(struct span), 4, ROWS(of_span)},
    {IN_CONFIG(claims), sizeof(struct span), 4, ROWS(of_span)},
    {offsetof(struct rig, images), sizeof(struct process_image), IMAGES, ROWS(of_image)},
};
enum { GROUPS = sizeof groups / sizeof groups[0] };
_Static_assert((int)GROUPS <= (int)TAPE_KINDS, "a group is a kind");

static uint32_t value_of(struct tape_value value)
{
    static const uint32_t edges[8] = {0,          RAM_BASE,   RAM_BASE + RAM_SIZE / 2,
                                      0x7fffffff, 0x80000000, RAM_BASE + RAM_SIZE,
                                      UINT32_MAX, 0xe0000000};
    uint32_t low = value.pick % 32u, offset = (uint32_t)value.offset;
    switch (value.pick / 32) {
    case 0:
        return edges[low % 8] + (low / 8 ? offset * 32 : offset);
    case 1:
        return (uint8_t)offset;
    case 2:
        return (UINT32_C(1) << low) + offset;
    case 3:
        return RAM_BASE + low * 0x1000 + offset * 32;
    case 4:
        return FLASH_BASE + low * 0x1000 + offset;
    case 5:
        return DEVICE_BASE + low * DEVICE_SIZE + offset * 32;
    case 6:
        return drivers[low % driver_count]->number;
    default:
        return low * 0x1000;
    }
}

static void change(struct rig *rig, const struct tape_op *op)
{
    if (op->kind >= GROUPS)
        return;
    const struct field *field = &groups[op->kind].fields[op->number % groups[op->kind].field_count];
    uint32_t value = value_of(op->value[0]);
    uint8_t *at = (uint8_t *)rig + groups[op->kind].offset +
                  (size_t)(op->which % groups[op->kind].count) * groups[op->kind].element +
                  field->offset;
    if (field->is_flag)
        value &= 1;
    if (field->size == 1)
        *at = (uint8_t)value;
    else
        memcpy(at, &value, sizeof value);
}

/* Counts of what stands behind a pointer are the board's promise: the kernel believes them. */
static void keep_promises(struct kernel_config *c)
{
    if (c->image_count > IMAGES && c->image_count <= PROCESS_MAX)
        c->image_count = IMAGES;
    for (uint32_t i = 0; i < ENDPOINT_MAX; i++)
        c->endpoints[i].quiesce = c->endpoints[i].quiesce_count == 1 ? quiesce : NULL;
}

/* --- judging --------------------------------------------------------------------------------- */

static uint64_t end_of(struct span s)
{
    return (uint64_t)s.base + s.size;
}

static bool meet(struct span a, struct span b)
{
    return a.size && b.size && a.base < end_of(b) && b.base < end_of(a);
}

static bool inside(struct span outer, struct span inner)
{
    return inner.base >= outer.base && end_of(inner) <= end_of(outer);
}

static bool is_span(struct span s)
{
    return s.size > 0 && end_of(s) <= UINT64_C(0x100000000);
}

static void judge_endpoints(const struct kernel_config *c)
{
    for (uint32_t i = 0; i < c->endpoint_count; i++) {
        const struct passthrough_endpoint *a = &c->endpoints[i];
        if (a->window_count == 0 || a->window_count > ENDPOINT_WINDOW_MAX ||
            (a->has_line && a->line >= c->line_count) || (a->quiesce_count && !a->quiesce))
            found("an endpoint that is none was accepted");
        for (uint32_t j = 0; j < i; j++) {
            const struct passthrough_endpoint *b = &c->endpoints[j];
            if (a->has_line && b->has_line && a->line == b->line)
                found("two endpoints have one line");
            for (uint32_t n = 0; n < (uint32_t)a->window_count * b->window_count; n++)
                if (meet(a->windows[n % a->window_count], b->windows[n / a->window_count]))
                    found("two endpoints have one register");
        }
    }
}

static void judge_places(const struct kernel_config *c)
{
    const struct driver_place named[] = {c->alarm, c->console, c->gpio, c->radio.radio};
    for (uint32_t i = 0; i < 4u + VIRTS; i++) {
        struct driver_place place = i < 4 ? named[i] : c->virts[i - 4];
        if (place.present && (place.line >= c->line_count || place.base & 3))
            found("a driver's device has no place");
    }
    for (uint32_t i = 0; i < driver_count; i++)
        if (drivers[i] != &passthrough_driver && drivers[i]->number == c->passthrough_driver)
            found("two drivers have one number");
}

static void judge_config(const struct kernel_config *c)
{
    if (!c->cpu_hz || c->line_count > IRQ_LINE_MAX || c->endpoint_count > ENDPOINT_MAX ||
        c->forbidden_count > KERNEL_CLAIM_MAX || c->claim_count > KERNEL_CLAIM_MAX ||
        c->image_count > PROCESS_MAX)
        found("a number that is none, or too large, was accepted");
    if (!is_span(c->process_ram) || (c->kernel_ram.size && !is_span(c->kernel_ram)) ||
        meet(c->process_ram, c->kernel_ram) ||
        (c->storage.size && (!is_span(c->storage) || meet(c->storage, c->process_ram) ||
                             meet(c->storage, c->kernel_ram))))
        found("memories that wrap or meet were accepted");
    judge_places(c);
    judge_endpoints(c);
}

static void judge_image(const struct rig *rig, uint32_t i)
{
    const struct kernel_config *c = &rig->config;
    const struct process_image *image = &rig->images[i];
    if (!is_span(image->flash) || meet(image->flash, c->process_ram) ||
        meet(image->flash, c->kernel_ram) || !inside(image->flash, (struct span){image->entry, 1}))
        found("an image that lies in RAM, or whose entry is not in it, was accepted");
    if (image->permission_count > PERMISSION_MAX || image->request_count > REQUEST_MAX ||
        image->flash_region_count > FLASH_REGION_MAX)
        found("an image with more rows than there are was accepted");
    for (uint32_t n = 0; n < image->flash_region_count; n++)
        if (!inside(image->flash, image->flash_regions[n]))
            found("a flash region outside of its image was accepted");
    for (uint32_t n = 0; n < i; n++)
        if (meet(rig->images[n].flash, image->flash))
            found("two images have one byte of flash");
}

static void judge_process(const struct rig *rig, uint32_t i)
{
    const struct kernel_config *c = &rig->config;
    const struct process *p = &rig->kernel.processes[i];
    if (!inside(c->process_ram, p->memory) || p->memory.size < rig->images[i].min_ram_size)
        found("a process has less than it asked for, or memory that is not for processes");
    for (uint32_t n = 0; n < i; n++)
        if (meet(rig->kernel.processes[n].memory, p->memory))
            found("two processes have one byte of RAM");
    for (uint32_t n = 0; n < p->mpu.window_count; n++) {
        struct span window = p->mpu.windows[n];
        bool bad = meet(window, c->process_ram) || meet(window, c->kernel_ram);
        for (uint32_t f = 0; f < c->forbidden_count; f++)
            bad |= meet(window, c->forbidden[f]);
        for (uint32_t f = 0; f < c->claim_count; f++)
            bad |= meet(window, c->claims[f]);
        if (bad)
            found("a process was lent what is never lent");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig rig; /* large; made anew each time */
    struct tape tape;
    uint32_t at = 0, bad_image = 0;
    const struct tape_op *op;
    memset(&rig, 0, sizeof rig);
    rig_make(&rig);
    tape_decode(data, size, &tape);
    while ((op = tape_next(&tape, STREAM_APP, &at)))
        change(&rig, op);
    keep_promises(&rig.config);
    rig.hw.kernel_ram = rig.config.kernel_ram;
    enum err err = kernel_start(&rig.kernel, &rig.hw, &rig.config, &bad_image);
    if (err) {
        if (bad_image == PROCESS_NONE ? rig.hw.writes > 0 : bad_image >= rig.config.image_count)
            found("refused half-way, and no image to blame");
        return 0;
    }
    judge_config(&rig.config);
    for (uint32_t i = 0; i < rig.config.image_count; i++) {
        judge_image(&rig, i);
        judge_process(&rig, i);
    }
    return 0;
}

static const struct tape_user user = {.kinds = {[STREAM_APP] = (1 << GROUPS) - 1}};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return tape_mutate(&user, data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_size, unsigned seed)
{
    return tape_cross(one, one_size, other, other_size, out, max_size, seed);
}
