#include "model/capsule_state.h"

enum err capsule_state_load(struct hw *hw, const struct process *p, const struct driver *d,
                            uint32_t *words, uint32_t count)
{
    uint8_t bytes[4 * CAPSULE_WORD_MAX];

    if (count > CAPSULE_WORD_MAX)
        return ERR_SIZE;
    enum err err = grant_read(hw, p, d, 0, 4 * count, bytes);
    for (uint32_t i = 0; !err && i < count; i++) {
        const uint8_t *word = &bytes[(size_t)4 * i];
        words[i] =
            word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 | (uint32_t)word[3] << 24;
    }
    return err;
}

enum err capsule_state_store(struct hw *hw, const struct process *p, const struct driver *d,
                             const uint32_t *words, uint32_t count)
{
    uint8_t bytes[4 * CAPSULE_WORD_MAX];

    if (count > CAPSULE_WORD_MAX)
        return ERR_SIZE;
    for (uint32_t i = 0; i < 4 * count; i++)
        bytes[i] = (uint8_t)(words[i / 4] >> (8 * (i % 4)));
    return grant_write(hw, p, d, 0, 4 * count, bytes);
}
