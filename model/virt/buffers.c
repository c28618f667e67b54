/* The multiplexers' buffers: where they stand, and how bytes get into and out of them. Whose they
 * are is custody.c's. */
#include "model/kernel.h"
#include "model/virt/virt.h"

enum { COPY_MAX = 512 };

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- where buffers stand in kernel RAM: each multiplexer's own, then its kernel clients' */

static uint32_t buffers_size(enum virt_id id)
{
    return virts[id] ? virts[id]->buffer_size + KERNEL_CLIENT_MAX * VIRT_CLIENT_BUFFER : 0;
}

struct span virt_buffer(const struct kernel *k, enum virt_id id)
{
    uint32_t base = k->config->kernel_ram.base + VIRT_RAM_OFFSET;

    for (uint32_t i = 0; i < id; i++)
        base += buffers_size((enum virt_id)i);
    return (struct span){base, virts[id]->buffer_size};
}

struct span virt_client_buffer(const struct kernel *k, enum virt_id id, uint32_t client)
{
    struct span own = virt_buffer(k, id);

    return (struct span){own.base + own.size + (client - CLIENT_KERNEL) * VIRT_CLIENT_BUFFER,
                         VIRT_CLIENT_BUFFER};
}

/* ---- what is lent downward */

/* The multiplexer's own buffer becomes `client`'s, or is so already. */
static void own_take(struct virt *v, struct hw *hw, uint32_t client)
{
    custody_back(&v->custody, hw);
    if (v->custody.client == client)
        return;
    custody_take(&v->custody, hw, client);
}

static struct span room_of(struct kernel *k, struct hw *hw, const struct virt_type *type,
                           uint32_t client)
{
    struct virt *v = virt_of(k, type);

    if (client_is_process(client)) {
        own_take(v, hw, client);
        return v->custody.own;
    }
    custody_back(&v->custody, hw);
    return virt_client_buffer(k, type->id, client);
}

enum err virt_reserve(struct kernel *k, struct hw *hw, const struct virt_type *type,
                      uint32_t client, uint32_t size, struct span *down)
{
    struct span room = room_of(k, hw, type, client);

    if (size == 0 || size > room.size)
        return ERR_SIZE;
    *down = (struct span){room.base, size};
    custody_lend(&virt_of(k, type)->custody, hw, client, *down);
    return ERR_NONE;
}

/* A process's bytes as its buffer is now, into the multiplexer's own. */
static enum err bytes_fetch(struct hw *hw, const struct process *p, struct span from,
                            uint32_t offset, struct span to)
{
    uint8_t bytes[COPY_MAX];
    enum err err = ERR_NONE;

    if (offset > from.size || from.size - offset < to.size)
        return ERR_SIZE;
    for (uint32_t done = 0; !err && done < to.size; done += COPY_MAX) {
        uint32_t size = smaller(to.size - done, COPY_MAX);
        err = buffer_read(hw, p, from, offset + done, size, bytes);
        if (!err)
            err = hw_ram_write(hw, (struct span){to.base + done, size}, bytes);
    }
    return err;
}

struct span virt_take(struct kernel *k, struct hw *hw, const struct virt_type *type,
                      uint32_t client)
{
    struct custody *custody = &virt_of(k, type)->custody;

    own_take(virt_of(k, type), hw, client);
    custody_lend(custody, hw, client, custody->own);
    return custody->own;
}

enum err virt_fetch(struct kernel *k, struct hw *hw, const struct virt_type *type, uint32_t client,
                    enum allow_kind kind, uint32_t n, struct span to)
{
    uint8_t bytes[VIRT_CLIENT_BUFFER];

    if (client_is_process(client)) {
        const struct process *p = &k->processes[client];
        return bytes_fetch(hw, p, grant_allow(hw, p, type->driver, kind, n), 0, to);
    }
    if (to.size > sizeof bytes)
        return ERR_SIZE;
    struct span from = {virt_client_buffer(k, type->id, client).base, to.size};
    enum err err = hw_ram_read(hw, from, bytes);
    return err ? err : hw_ram_write(hw, to, bytes);
}

enum err virt_load_and_reserve(struct kernel *k, struct hw *hw, const struct virt_type *type,
                               uint32_t client, enum allow_kind kind, uint32_t n, uint32_t offset,
                               uint32_t size, uint32_t more, struct span *down)
{
    struct span room = room_of(k, hw, type, client);

    if (!client_is_process(client) && offset <= room.size)
        room = (struct span){room.base + offset, room.size - offset};
    if (size == 0 || size > room.size || more > room.size - size)
        return ERR_SIZE;
    *down = (struct span){room.base, size + more};
    if (client_is_process(client)) {
        const struct process *p = &k->processes[client];
        struct span from = grant_allow(hw, p, type->driver, kind, n);
        enum err err = bytes_fetch(hw, p, from, offset, (struct span){room.base, size});
        if (err)
            return err;
    }
    custody_lend(&virt_of(k, type)->custody, hw, client, *down);
    return ERR_NONE;
}

enum err virt_load(struct kernel *k, struct hw *hw, const struct virt_type *type, uint32_t client,
                   enum allow_kind kind, uint32_t n, uint32_t offset, uint32_t size,
                   struct span *down)
{
    return virt_load_and_reserve(k, hw, type, client, kind, n, offset, size, 0, down);
}

enum err virt_make(struct kernel *k, struct hw *hw, const struct virt_type *type, uint32_t client,
                   const uint8_t *bytes, uint32_t size, struct span *down)
{
    struct virt *v = virt_of(k, type);

    own_take(v, hw, client);
    if (size == 0 || size > v->custody.own.size)
        return ERR_SIZE;
    *down = (struct span){v->custody.own.base, size};
    enum err err = hw_ram_write(hw, *down, bytes);
    if (!err)
        custody_lend(&v->custody, hw, client, *down);
    return err;
}

uint32_t virt_unload(struct kernel *k, struct hw *hw, const struct virt_type *type,
                     const struct process *p, uint32_t n, uint32_t from, uint32_t size)
{
    struct span to = grant_allow(hw, p, type->driver, ALLOW_RW, n);
    struct span own = virt_of(k, type)->custody.own;
    uint8_t bytes[COPY_MAX];

    size = smaller(size, to.size);
    if (from > own.size || size > own.size - from)
        return 0;
    for (uint32_t done = 0; done < size; done += COPY_MAX) {
        uint32_t piece = smaller(size - done, COPY_MAX);
        if (hw_ram_read(hw, (struct span){own.base + from + done, piece}, bytes) ||
            buffer_write(hw, p, to, done, piece, bytes))
            return 0;
    }
    return size;
}
