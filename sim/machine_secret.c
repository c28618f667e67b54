/* machine_secret.c: an app's secrets, padded (sim/secret.h). One bit a byte of RAM says whether it
 * is. */
#include "model/virt/virt.h"
#include "sim/app_steps.h"
#include "sim/machine_value.h"
#include <string.h>

static uint8_t *padded_bits(struct machine *m)
{
    return machine_at(m, m->setup->padded_offset);
}

static bool is_padded(const struct machine *m, uint32_t offset)
{
    const uint8_t *bits = (const uint8_t *)m + m->setup->padded_offset;
    return bits[offset / 8] >> offset % 8 & 1;
}

static void set_padded(struct machine *m, uint32_t offset, bool padded)
{
    uint8_t *byte = &padded_bits(m)[offset / 8], bit = (uint8_t)(1u << offset % 8);
    *byte = (uint8_t)(padded ? *byte | bit : *byte & ~bit);
}

/* Of the byte at that place; never 0. */
static uint8_t pad_of(const struct machine *m, uint32_t place)
{
    const struct random pads = {.state = m->setup->secrets.key};
    return (uint8_t)(random_nth(pads, place / 8) >> place % 8 * 8 | 1);
}

static uint32_t ram_base(const struct machine *m)
{
    return m->setup->scenario->board.ram.base;
}

/* Where the span begins in RAM; false: it is not all RAM. */
static bool in_ram(const struct machine *m, struct span span, uint32_t *offset)
{
    *offset = span.base - ram_base(m);
    return span_covers(m->setup->scenario->board.ram, span);
}

void machine_secret_reset(struct machine *m)
{
    if (m->setup->padded_offset)
        memset(padded_bits(m), 0, ((size_t)m->setup->scenario->board.ram.size + 7) / 8);
}

void machine_secret_overwritten(struct machine *m, struct span span)
{
    uint32_t offset;
    if (in_ram(m, span, &offset))
        for (uint32_t i = 0; i < span.size; i++)
            set_padded(m, offset + i, false);
}

void machine_secret_read(struct machine *m, struct span span)
{
    uint32_t offset;
    if (in_ram(m, span, &offset))
        for (uint32_t i = 0; i < span.size; i++)
            m->secret_facts.read += is_padded(m, offset + i);
}

static bool is_owner(const struct machine *m)
{
    return m->running == m->setup->secrets.process;
}

/* The scenario says so, or says nothing. */
static bool is_secret_place(const struct machine *m, const struct app *app, uint32_t address)
{
    const struct scenario_app *who = &m->setup->scenario->apps[app->index];
    uint32_t offset = address - app->ram_base;
    bool found = !who->secrets;
    for (uint32_t i = 0; i < who->secret_count && !found; i++)
        found = span_holds(who->secrets[i], offset);
    return found && offset < app->ram_size;
}

/* `bytes` are those of RAM from `offset` on. */
static void pad(struct machine *m, uint8_t *bytes, uint32_t offset, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        bytes[i] ^= pad_of(m, offset + i);
        set_padded(m, offset + i, true);
    }
    m->secret_facts.changed += size;
}

/* What is padded from an earlier life, and should not be there, stays as it is. */
void machine_secret_start(struct machine *m, const struct app *app, uint32_t app_break)
{
    const struct span memory = {app->ram_base, app_break - app->ram_base};
    uint32_t offset;
    if (!is_owner(m) || !in_ram(m, memory, &offset))
        return;
    uint8_t *bytes = machine_ram_open(m, memory);
    for (uint32_t i = 0; i < memory.size; i++)
        if (is_secret_place(m, app, memory.base + i) && !is_padded(m, offset + i))
            pad(m, bytes + i, offset + i, 1);
}

void machine_secret_stored(struct machine *m, const struct app_op *op)
{
    const struct app *app = machine_app(m, m->running);
    const struct scenario_app *who = &m->setup->scenario->apps[app->index];
    bool all_secret = op->secret || who->secrets || app->engine == &app_steps_engine;
    if (!is_owner(m) || !all_secret)
        return;
    uint8_t *bytes = machine_ram_open(m, (struct span){op->address, op->size});
    for (uint32_t i = 0; i < op->size; i++)
        if (op->secret || is_secret_place(m, app, op->address + i))
            pad(m, bytes + i, op->address + i - ram_base(m), 1);
}

uint32_t machine_secret_loaded(const struct machine *m, const struct app_op *op, uint32_t value)
{
    uint32_t offset;
    if (!is_owner(m) || !in_ram(m, (struct span){op->address, op->size}, &offset))
        return value;
    for (uint32_t i = 0; i < op->size; i++)
        if (is_padded(m, offset + i))
            value ^= (uint32_t)pad_of(m, offset + i) << 8 * i;
    return value;
}

uint32_t machine_secret_word(struct machine *m, const struct app_op *op)
{
    uint32_t value = op->value;
    if (!op->secret || !is_owner(m))
        return value;
    m->secret_facts.changed += 4;
    m->secret_facts.read += 4;
    for (uint32_t i = 0; i < 4; i++)
        value ^= (uint32_t)pad_of(m, op->address + i) << 8 * i;
    return value;
}

void machine_secret_bytes(struct machine *m, uint32_t process, uint8_t *bytes, uint32_t size)
{
    if (process != m->setup->secrets.process)
        return;
    m->secret_facts.changed += size;
    m->secret_facts.read += size;
    for (uint32_t i = 0; i < size; i++)
        bytes[i] ^= pad_of(m, i);
}

/* --- components of the kernel ----------------------------------------------------------------- */

static struct span component_buffer(const struct machine *m, uint32_t virt, uint32_t number)
{
    return virt_client_buffer(&m->kernel, (enum virt_id)virt, CLIENT_KERNEL + number);
}

/* Of one of those that this scenario has. */
static bool is_components(const struct machine *m, struct span span)
{
    const struct kernel_config *config = &m->setup->scenario->config;
    for (uint32_t virt = 0; virt < VIRTS; virt++)
        for (uint32_t i = 0; i < config->kernel_clients[virt].count; i++)
            if (span_covers(component_buffer(m, virt, i), span))
                return true;
    return false;
}

void machine_secret_written(struct machine *m, struct span span)
{
    if (m->setup->secrets.process == SECRETS_OF_KERNEL && is_components(m, span))
        pad(m, machine_ram_open(m, span), span.base - ram_base(m), span.size);
}

void machine_secret_kernel_start(struct machine *m)
{
    const struct kernel_config *config = &m->setup->scenario->config;
    if (m->setup->secrets.process != SECRETS_OF_KERNEL)
        return;
    for (uint32_t virt = 0; virt < VIRTS; virt++)
        for (uint32_t i = 0; i < config->kernel_clients[virt].count; i++) {
            struct span buffer = component_buffer(m, virt, i);
            for (uint32_t at = buffer.base; at < buffer.base + buffer.size; at++)
                if (!is_padded(m, at - ram_base(m)))
                    pad(m, machine_ram_open(m, (struct span){at, 1}), at - ram_base(m), 1);
        }
}
