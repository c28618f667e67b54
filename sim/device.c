/* device.c: the device engine: register rows, tasks, wakes, planted faults. */
#include "sim/device.h"
#include <string.h>

size_t device_size(const struct device_type *type)
{
    return sizeof(struct device) + device_values_size(type) +
           ((type->state_size + 7u) & ~(size_t)7);
}

/* --- rows ------------------------------------------------------------------------------------ */

int device_row(const struct device_type *type, uint32_t offset)
{
    uint32_t from = 0, to = type->reg_count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (type->regs[middle].offset < offset)
            from = middle + 1;
        else
            to = middle;
    }
    return from < type->reg_count && type->regs[from].offset == offset ? (int)from : -1;
}

int device_row_named(const struct device_type *type, const char *name)
{
    for (uint32_t row = 0; row < type->reg_count; row++)
        if (type->regs[row].name && !strcmp(type->regs[row].name, name))
            return (int)row;
    return -1;
}

static void index_rows(struct device *d)
{
    const struct device_type *type = d->type;
    uint32_t row = 0;
    d->block_shift = 2;
    while ((type->window_size - 1) >> d->block_shift >= DEVICE_BLOCKS)
        d->block_shift++;
    for (uint32_t block = 0; block < DEVICE_BLOCKS; block++) {
        while (row < type->reg_count && type->regs[row].offset >> d->block_shift < block)
            row++;
        d->block_row[block] = row < 255 ? (uint8_t)row : 255;
    }
}

/* --- what a device asks ---------------------------------------------------------------------- */

void device_signal(struct device *d, struct wire_signal signal)
{
    device_request(d, (struct device_request){.kind = REQUEST_SIGNAL,
                                              .tag = signal.act,
                                              .size = (uint16_t)(signal.value | signal.mode << 8),
                                              .address = signal.bit_ps});
}

void device_trigger(struct device *d, uint32_t row)
{
    const struct reg *reg = &d->type->regs[row];
    if (!reg->on_task)
        return;
    device_request(d, (struct device_request){.kind = REQUEST_TASK, .address = reg->offset});
    reg->on_task(d, row);
}

/* --- time ------------------------------------------------------------------------------------ */

static void run_wake(struct device *d)
{
    d->now_ps = d->wake_ps;
    d->wake_ps = TIME_NEVER;
    if (d->type->on_wake)
        d->type->on_wake(d);
    if (d->wake_ps <= d->now_ps)
        d->wake_ps = d->now_ps + 1;
}

static void run_errors(struct device *d, uint64_t now_ps)
{
    d->now_ps = now_ps;
    for (; d->fault.errors > 0; d->fault.errors--)
        if (d->type->on_error)
            d->type->on_error(d);
}

static __attribute__((noinline)) bool catch_up_slowly(struct device *d, uint64_t now_ps)
{
    if (d->fault.hung)
        return false;
    while (d->wake_ps <= now_ps)
        run_wake(d);
    if (d->fault.errors)
        run_errors(d, now_ps);
    d->now_ps = now_ps;
    return true;
}

/* Brings the device to `now_ps`. False: it hangs, and its time stands still. */
static inline bool catch_up(struct device *d, uint64_t now_ps)
{
    if (!device_is_calm(d, now_ps))
        return catch_up_slowly(d, now_ps);
    d->now_ps = now_ps;
    return true;
}

void device_wake(struct device *d, uint64_t now_ps)
{
    (void)catch_up(d, now_ps);
}

bool device_put_off(struct device *d, uint64_t by_ps, uint64_t now_ps)
{
    if (!catch_up(d, now_ps) || d->wake_ps == TIME_NEVER)
        return false;
    d->wake_ps = by_ps < TIME_NEVER - d->wake_ps ? d->wake_ps + by_ps : TIME_NEVER;
    return true;
}

bool device_hasten(struct device *d, uint64_t by_ps, uint64_t now_ps)
{
    if (!catch_up(d, now_ps) || d->wake_ps == TIME_NEVER)
        return false;
    d->wake_ps = by_ps < d->wake_ps - now_ps ? d->wake_ps - by_ps : now_ps;
    return catch_up(d, now_ps);
}

bool device_release(struct device *d, uint64_t now_ps)
{
    struct device_fault *fault = &d->fault;
    bool planted = fault->hung || fault->line_stuck || fault->forced;
    if (fault->hung && d->wake_ps < now_ps)
        d->wake_ps = now_ps;
    fault->hung = fault->line_stuck = fault->forced = false;
    (void)catch_up(d, now_ps);
    return planted;
}

void device_reset(struct device *d)
{
    const struct device_type *type = d->type;
    uint32_t *values = device_values(d);
    d->state_at = (uint32_t)(sizeof *d + device_values_size(type));
    index_rows(d);
    for (uint32_t row = 0; row < type->reg_count; row++)
        values[row] = type->regs[row].reset;
    if (type->state_size)
        memset(device_state(d), 0, type->state_size);
    d->irq_high = false;
    d->hears = 0;
    d->request_count = 0;
    d->wake_ps = TIME_NEVER;
    if (type->on_reset)
        type->on_reset(d);
}

/* --- accesses -------------------------------------------------------------------------------- */

/* A result that the device would work out is not known here, and counts as another value. */
static uint32_t read_forced(struct device *d, int row)
{
    uint32_t value = d->fault.forced_value;
    const struct reg *reg = row < 0 ? NULL : &d->type->regs[row];
    if (reg ? reg->on_read || device_value(d, (uint32_t)row - reg->view) != value : value != 0)
        d->fault.forced_read = true;
    if (d->fault.forced_reads > 0 && --d->fault.forced_reads == 0)
        d->fault.forced = false;
    return value;
}

uint32_t device_read_row(struct device *d, int found, uint32_t offset, uint64_t now_ps)
{
    (void)catch_up(d, now_ps);
    if (d->fault.forced && offset == d->fault.forced_offset)
        return read_forced(d, found);
    if (found < 0)
        return 0;
    uint32_t row = (uint32_t)found;
    const struct reg *reg = &d->type->regs[row];
    uint32_t stored = device_values(d)[row - reg->view];
    return reg->on_read ? reg->on_read(d, row, stored) : stored;
}

void device_write_row(struct device *d, int found, uint32_t value, uint64_t now_ps)
{
    bool alive = catch_up(d, now_ps);
    if (found < 0)
        return;
    uint32_t row = (uint32_t)found;
    const struct reg *reg = &d->type->regs[row];
    if (reg->on_task) {
        if (alive && (value & 1))
            device_trigger(d, row);
        return;
    }
    device_store_bits(d, row, value);
    if (alive && reg->on_write)
        reg->on_write(d, row, value);
}

uint32_t device_read(struct device *d, uint32_t offset, uint64_t now_ps)
{
    return device_read_row(d, device_row_at(d, offset), offset, now_ps);
}

void device_write(struct device *d, uint32_t offset, uint32_t value, uint64_t now_ps)
{
    device_write_row(d, device_row_at(d, offset), value, now_ps);
}

void device_task(struct device *d, uint32_t offset, uint64_t now_ps)
{
    if (!catch_up(d, now_ps))
        return;
    int row = device_row_at(d, offset);
    if (row >= 0)
        device_trigger(d, (uint32_t)row);
}

void device_packet(struct device *d, const uint8_t *bytes, uint32_t size, uint64_t now_ps)
{
    if (catch_up(d, now_ps) && d->type->on_packet)
        d->type->on_packet(d, bytes, size);
}

void device_bus_event(struct device *d, uint32_t address, uint64_t now_ps)
{
    if (d->type->on_bus_event && catch_up(d, now_ps) && d->hears & device_event_bit(address))
        d->type->on_bus_event(d, address);
}

bool device_flash_write(struct device *d, uint32_t address, uint32_t word, uint64_t now_ps)
{
    return !catch_up(d, now_ps) || d->type->on_flash_write(d, address, word);
}

void device_shared(struct device *d, bool taken, uint64_t now_ps)
{
    if (d->type->on_shared && catch_up(d, now_ps))
        d->type->on_shared(d, taken);
}

bool device_air(struct device *d, const struct air_frame *frame, enum air_moment moment,
                uint64_t now_ps)
{
    return d->type->on_air && catch_up(d, now_ps) && d->type->on_air(d, frame, moment);
}

struct wire_answer device_answer(struct device *d, const struct wire_signal *signal,
                                 uint64_t now_ps)
{
    if (d->type->on_signal && catch_up(d, now_ps))
        return d->type->on_signal(d, signal);
    return (struct wire_answer){.value = WIRE_NOBODY};
}
