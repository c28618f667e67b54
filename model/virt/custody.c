#include "model/virt/custody.h"

#include "model/process.h"

static void note(struct hw *hw, const struct custody *c, enum note what, uint32_t client,
                 struct span buffer)
{
    uint32_t process = client < CLIENT_KERNEL ? client : PROCESS_NONE;

    hw_note(hw, what, process, buffer.base,
            pair(buffer.size, (uint32_t)c->virt | (uint32_t)client << 8));
}

static void zero(struct hw *hw, struct span buffer)
{
    enum err err = process_zero(hw, buffer);
    KASSERT(hw, err == ERR_NONE); /* the kernel's own RAM */
}

/* What a panic says of them. */
static bool nobody_has_the_buffer(const struct custody *c)
{
    return c->client == CLIENT_NONE;
}

static bool the_chip_driver_has_given_it_back(const struct custody *c)
{
    return c->down.size == 0;
}

void custody_start(struct custody *c, struct hw *hw, uint32_t virt, struct span own)
{
    *c = (struct custody){.own = own, .virt = (uint8_t)virt, .client = CLIENT_NONE};
    zero(hw, own);
}

void custody_take(struct custody *c, struct hw *hw, uint32_t client)
{
    KASSERT(hw, nobody_has_the_buffer(c));
    c->client = (uint8_t)client;
    note(hw, c, NOTE_BUFFER_TAKEN, client, c->own);
}

void custody_lend(struct custody *c, struct hw *hw, uint32_t client, struct span down)
{
    KASSERT(hw, the_chip_driver_has_given_it_back(c));
    c->down = down;
    c->lender = (uint8_t)client;
    note(hw, c, NOTE_BUFFER_LENT, client, down);
}

void custody_back(struct custody *c, struct hw *hw)
{
    if (c->down.size == 0)
        return;
    note(hw, c, NOTE_BUFFER_BACK, c->lender, c->down);
    c->down = (struct span){0, 0};
}

void custody_wipe(struct custody *c, struct hw *hw)
{
    uint32_t client = c->client;

    if (client == CLIENT_NONE)
        return;
    KASSERT(hw, the_chip_driver_has_given_it_back(c));
    zero(hw, c->own);
    c->client = CLIENT_NONE;
    note(hw, c, NOTE_BUFFER_WIPED, client, c->own);
}
