#include "model/kernel.h"

/* The part of `buffer` that is meant, if the app may (still) share the buffer. */
static enum err buffer_part(const struct process *p, struct span buffer, uint32_t offset,
                            uint32_t size, bool writable, struct span *part)
{
    if (!process_is_alive(p))
        return ERR_NODEVICE;
    if (!process_may_share(p, buffer, writable))
        return ERR_SIZE;
    if (offset > buffer.size || size > buffer.size - offset)
        return ERR_SIZE;
    *part = (struct span){buffer.base + offset, size};
    return ERR_NONE;
}

enum err buffer_read(struct hw *hw, const struct process *p, struct span buffer, uint32_t offset,
                     uint32_t size, void *to)
{
    struct span part;
    enum err err = buffer_part(p, buffer, offset, size, false, &part);

    if (err || size == 0)
        return err;
    return hw_ram_read(hw, part, to) ? ERR_FAIL : ERR_NONE;
}

enum err buffer_write(struct hw *hw, const struct process *p, struct span buffer, uint32_t offset,
                      uint32_t size, const void *from)
{
    struct span part;
    enum err err = buffer_part(p, buffer, offset, size, true, &part);

    if (err || size == 0)
        return err;
    return hw_ram_write(hw, part, from) ? ERR_FAIL : ERR_NONE;
}
