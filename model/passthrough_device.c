#include "model/passthrough_device.h"

enum { EVENTS = 0x100, INTENSET = 0x304, INTENCLR = 0x308, EVENT_COUNT = 32 };

static uint32_t device_base(const struct passthrough_endpoint *e)
{
    return e->windows[0].base;
}

uint32_t passthrough_device_status(const struct passthrough_endpoint *e, struct hw *hw)
{
    if (!e->has_line)
        return 0;
    uint32_t enabled = hw_read32(hw, device_base(e) + INTENSET);
    uint32_t standing = 0;
    for (uint32_t n = 0; n < EVENT_COUNT && enabled >> n; n++) {
        uint32_t bit = UINT32_C(1) << n;
        if ((enabled & bit) && hw_read32(hw, device_base(e) + EVENTS + 4 * n))
            standing |= bit;
    }
    return standing;
}

void passthrough_device_silence(const struct passthrough_endpoint *e, struct hw *hw)
{
    if (e->has_line)
        hw_write32(hw, device_base(e) + INTENCLR, 0xffffffff);
}

static bool is_met(struct hw *hw, uint32_t address, const struct quiesce_step *step)
{
    return (hw_read32(hw, address) & step->mask) == step->value;
}

static enum err await(struct hw *hw, uint32_t address, const struct quiesce_step *step)
{
    return hw_await32(hw, address, step->mask, step->value, step->count) ? ERR_NONE : ERR_FAIL;
}

/* `*skip`: how many steps after this one to leave out. */
static enum err quiesce_one(struct hw *hw, uint32_t base, const struct quiesce_step *step,
                            uint32_t *skip)
{
    uint32_t address = base + step->offset;
    *skip = 0;
    switch (step->kind) {
    case QUIESCE_WRITE:
        hw_write32(hw, address, step->value);
        return ERR_NONE;
    case QUIESCE_FILL:
        hw_fill32(hw, address, step->value, step->count);
        return ERR_NONE;
    case QUIESCE_AWAIT:
        return await(hw, address, step);
    case QUIESCE_SKIP:
        *skip = is_met(hw, address, step) ? step->count : 0;
        return ERR_NONE;
    default:
        return ERR_FAIL; /* a kind that is none: nothing is known to be quiet */
    }
}

enum err passthrough_device_quiesce(const struct passthrough_endpoint *e, struct hw *hw)
{
    enum err worst = ERR_NONE;

    passthrough_device_silence(e, hw);
    for (uint32_t i = 0, skip; i < e->quiesce_count; i += 1 + skip) {
        enum err err = quiesce_one(hw, device_base(e), &e->quiesce[i], &skip);
        if (err)
            worst = err; /* the rest still helps: disabled, pointers wiped */
    }
    return worst;
}
