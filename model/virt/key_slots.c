#include "model/virt/key_slots.h"

#include "model/process.h"
#include "model/virt/id.h"

enum { FREE = CLIENT_NONE, ORPHANED = CLIENT_NONE - 1 };
_Static_assert((int)ORPHANED >= (int)CLIENT_MAX, "no client's number");

static void note(const struct key_slots *s, struct hw *hw, enum note what, uint32_t slot,
                 uint32_t client)
{
    hw_note(hw, what, client < CLIENT_KERNEL ? client : PROCESS_NONE, s->base,
            pair(slot, VIRT_CRYPTO | client << 8));
}

void key_slots_start(struct key_slots *s, uint32_t base)
{
    *s = (struct key_slots){.base = base, .working = CRYPTO_KEYS};
    memset(s->owner, FREE, sizeof s->owner);
}

bool key_slot_is(const struct key_slots *s, uint32_t slot, uint32_t client)
{
    return slot < CRYPTO_KEYS && s->owner[slot] == client;
}

enum err key_slot_reserve(struct key_slots *s, struct hw *hw, uint32_t client, uint32_t *slot)
{
    for (*slot = 0; *slot < CRYPTO_KEYS; ++*slot) {
        if (s->owner[*slot] != FREE)
            continue;
        s->owner[*slot] = (uint8_t)client;
        note(s, hw, NOTE_KEY_RESERVED, *slot, client);
        return ERR_NONE;
    }
    return ERR_NOMEM;
}

void key_slot_free(struct key_slots *s, struct hw *hw, uint32_t slot, uint32_t client)
{
    chip_aes_wipe(hw, s->base, slot);
    s->owner[slot] = FREE;
    note(s, hw, NOTE_KEY_FREED, slot, client);
}

void key_slots_forget(struct key_slots *s, struct hw *hw, uint32_t client)
{
    for (uint32_t slot = 0; slot < CRYPTO_KEYS; slot++) {
        if (s->owner[slot] != client)
            continue;
        if (slot == s->working)
            s->owner[slot] = ORPHANED;
        else
            key_slot_free(s, hw, slot, client);
    }
}

void key_slots_done(struct key_slots *s, struct hw *hw, uint32_t client)
{
    uint32_t slot = s->working;

    s->working = CRYPTO_KEYS;
    if (slot < CRYPTO_KEYS && s->owner[slot] == ORPHANED)
        key_slot_free(s, hw, slot, client);
}
