#include "model/grant.h"

#include "model/process_block.h"

enum { SLOT_SIZE = 8 }; /* function and appdata, or base and length */

static uint32_t allow_slots(const struct driver *d)
{
    uint32_t slots = 0;

    for (int kind = 0; kind < ALLOW_KINDS; kind++)
        slots += d->allows[kind];
    return slots;
}

static uint32_t own_offset(const struct driver *d)
{
    return SLOT_SIZE * (d->upcalls + allow_slots(d));
}

uint32_t grant_size(const struct driver *d)
{
    uint32_t size = (own_offset(d) + d->grant_bytes + 7) & ~(uint32_t)7;

    return size ? size : 8;
}

/* The driver's grant as the table in the block says, checked: inside the kernel's part, aligned.
 * ERR_NOMEM: none. ERR_FAIL: broken. */
static enum err grant_find(struct hw *hw, const struct process *p, const struct driver *d,
                           struct span *grant)
{
    if (!process_is_alive(p))
        return ERR_NODEVICE;
    *grant = (struct span){grant_table_load(hw, p, driver_index(d)), grant_size(d)};
    if (grant->base == 0)
        return ERR_NOMEM;
    struct span room = {p->kernel_break, process_block(p).base - p->kernel_break};
    return grant->base % 8 == 0 && span_covers(room, *grant) ? ERR_NONE : ERR_FAIL;
}

enum err grant_allocate(struct hw *hw, struct process *p, const struct driver *d)
{
    struct span grant;
    enum err err = grant_find(hw, p, d, &grant);

    if (err != ERR_NOMEM)
        return err;
    hw_spend(hw, PATH_GRANT_ALLOCATE, 1);
    uint32_t size = grant_size(d);
    if (p->kernel_break - p->app_break < size)
        return ERR_NOMEM;
    uint32_t base = (p->kernel_break - size) & ~(uint32_t)7;
    err = process_set_breaks(hw, p, p->app_break, base);
    if (err)
        return err;
    if (process_zero(hw, (struct span){base, size}) ||
        grant_table_store(hw, p, driver_index(d), base))
        return ERR_FAIL;
    hw_note(hw, NOTE_GRANT_ALLOCATED, p->id.index, base, d->number | (uint64_t)size << 32);
    return ERR_NONE;
}

enum err grant_enter(struct hw *hw, struct process *p, const struct driver *d)
{
    struct span grant;
    uint32_t bit = (uint32_t)1 << driver_index(d);
    enum err err = grant_find(hw, p, d, &grant);

    if (err)
        return err;
    if (p->grants_entered & bit)
        return ERR_ALREADY;
    p->grants_entered |= bit;
    return ERR_NONE;
}

void grant_leave(struct process *p, const struct driver *d)
{
    p->grants_entered &= ~((uint32_t)1 << driver_index(d));
}

static enum err slot_pair_read(struct hw *hw, const struct process *p, const struct driver *d,
                               uint32_t slot, uint32_t words[2])
{
    struct span grant;
    enum err err = grant_find(hw, p, d, &grant);

    return err ? err : words_read(hw, grant.base + SLOT_SIZE * slot, words, 2);
}

static enum err slot_pair_write(struct hw *hw, const struct process *p, const struct driver *d,
                                uint32_t slot, const uint32_t words[2])
{
    struct span grant;
    enum err err = grant_find(hw, p, d, &grant);

    return err ? err : words_write(hw, grant.base + SLOT_SIZE * slot, words, 2);
}

/* Where allow `n` of `kind` stands; after the upcalls come the kinds in their order. */
static uint32_t allow_slot(const struct driver *d, enum allow_kind kind, uint32_t n)
{
    uint32_t slot = d->upcalls + n;

    for (int before = 0; before < (int)kind; before++)
        slot += d->allows[before];
    return slot;
}

struct upcall grant_upcall(struct hw *hw, const struct process *p, const struct driver *d,
                           uint32_t n)
{
    uint32_t words[2];

    if (n >= d->upcalls || slot_pair_read(hw, p, d, n, words))
        return (struct upcall){0, 0};
    return (struct upcall){words[0], words[1]};
}

enum err grant_set_upcall(struct hw *hw, const struct process *p, const struct driver *d,
                          uint32_t n, struct upcall upcall)
{
    const uint32_t words[2] = {upcall.function, upcall.appdata};

    return n < d->upcalls ? slot_pair_write(hw, p, d, n, words) : ERR_NOSUPPORT;
}

struct span grant_allow_raw(struct hw *hw, const struct process *p, const struct driver *d,
                            enum allow_kind kind, uint32_t n)
{
    uint32_t words[2];

    if (n >= d->allows[kind] || slot_pair_read(hw, p, d, allow_slot(d, kind, n), words))
        return (struct span){0, 0};
    return (struct span){words[0], words[1]};
}

struct span grant_allow(struct hw *hw, const struct process *p, const struct driver *d,
                        enum allow_kind kind, uint32_t n)
{
    struct span buffer = grant_allow_raw(hw, p, d, kind, n);

    return process_may_share(p, buffer, kind != ALLOW_RO) ? buffer : (struct span){0, 0};
}

enum err grant_set_allow(struct hw *hw, const struct process *p, const struct driver *d,
                         enum allow_kind kind, uint32_t n, struct span buffer)
{
    const uint32_t words[2] = {buffer.base, buffer.size};

    if (n >= d->allows[kind])
        return ERR_INVAL;
    return slot_pair_write(hw, p, d, allow_slot(d, kind, n), words);
}

/* The bytes [offset, offset + size) of the capsule's own part. */
static enum err own_part(struct hw *hw, const struct process *p, const struct driver *d,
                         uint32_t offset, uint32_t size, struct span *part)
{
    struct span grant;

    if (offset > d->grant_bytes || size > d->grant_bytes - offset)
        return ERR_SIZE;
    enum err err = grant_find(hw, p, d, &grant);
    if (err)
        return err;
    *part = (struct span){grant.base + own_offset(d) + offset, size};
    return ERR_NONE;
}

enum err grant_read(struct hw *hw, const struct process *p, const struct driver *d, uint32_t offset,
                    uint32_t size, void *to)
{
    struct span part;
    enum err err = own_part(hw, p, d, offset, size, &part);

    if (err || size == 0)
        return err;
    return hw_ram_read(hw, part, to) ? ERR_FAIL : ERR_NONE;
}

enum err grant_write(struct hw *hw, const struct process *p, const struct driver *d,
                     uint32_t offset, uint32_t size, const void *from)
{
    struct span part;
    enum err err = own_part(hw, p, d, offset, size, &part);

    if (err || size == 0)
        return err;
    return hw_ram_write(hw, part, from) ? ERR_FAIL : ERR_NONE;
}
