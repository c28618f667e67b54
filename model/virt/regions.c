#include "model/virt/regions.h"

#include "model/chip_nvmc.h"
#include "model/process_block.h"

enum { ID, TAG };
enum { CHUNK = 512 };
static const uint32_t TAG_APP = 0x00707061, TAG_KERNEL = 0x6e72656b; /* "app", "kern" */

bool region_owner(const struct kernel *k, uint32_t client, struct region_owner *owner)
{
    bool is_process = client < CLIENT_KERNEL;

    owner->words[ID] = is_process ? k->processes[client].short_id : client - CLIENT_KERNEL;
    owner->words[TAG] = is_process ? TAG_APP : TAG_KERNEL;
    return !is_process || owner->words[ID] != 0;
}

uint32_t region_count(const struct kernel *k)
{
    uint32_t pages = k->config->storage.size / STORAGE_REGION, rows = STORAGE_REGION / REGION_ROW;

    if (pages == 0)
        return 0;
    return pages - 1 < rows ? pages - 1 : rows;
}

uint32_t region_row(const struct kernel *k, uint32_t region)
{
    return k->config->storage.base + REGION_ROW * region;
}

uint32_t region_address(const struct kernel *k, uint32_t region)
{
    return k->config->storage.base + STORAGE_REGION * (1 + region);
}

uint32_t flash_word(struct hw *hw, uint32_t address)
{
    uint32_t word = 0;
    enum err err = words_read(hw, address, &word, 1);

    KASSERT(hw, err == ERR_NONE); /* there is such memory: the config was checked */
    return word;
}

enum err region_find(struct kernel *k, struct hw *hw, const struct region_owner *owner,
                     uint32_t *region, bool *is_new)
{
    uint32_t count = region_count(k), free = count;

    *is_new = true;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = flash_word(hw, region_row(k, i) + 4 * ID);
        uint32_t tag = flash_word(hw, region_row(k, i) + 4 * TAG);
        if (id == owner->words[ID] && tag == owner->words[TAG]) {
            *region = i;
            *is_new = false;
            return ERR_NONE;
        }
        if (free == count && tag == NVMC_ERASED && (id & owner->words[ID]) == owner->words[ID])
            free = i;
    }
    *region = free;
    return free < count ? ERR_NONE : ERR_NOMEM;
}

void region_read(struct kernel *k, struct hw *hw, uint32_t region, uint32_t offset, struct span to)
{
    uint8_t bytes[CHUNK];

    memset(bytes, 0xff, sizeof bytes);
    for (uint32_t done = 0; done < to.size; done += CHUNK) {
        uint32_t size = to.size - done < CHUNK ? to.size - done : CHUNK;
        enum err err = ERR_NONE;
        if (region != REGION_NEW)
            err = hw_ram_read(hw, (struct span){region_address(k, region) + offset + done, size},
                              bytes);
        if (!err)
            err = hw_ram_write(hw, (struct span){to.base + done, size}, bytes);
        KASSERT(hw, err == ERR_NONE);
    }
}

bool region_is_blank(struct kernel *k, struct hw *hw, uint32_t region)
{
    for (uint32_t at = 0; at < STORAGE_REGION; at += 4)
        if (flash_word(hw, region_address(k, region) + at) != NVMC_ERASED)
            return false;
    return true;
}

bool region_takes(struct kernel *k, struct hw *hw, uint32_t region, uint32_t page, uint32_t from,
                  uint32_t to)
{
    for (uint32_t at = from; at < to; at += 4) {
        uint32_t word = flash_word(hw, region_address(k, region) + at);
        if (word != NVMC_ERASED && word != flash_word(hw, page + at))
            return false;
    }
    return true;
}
