#include "model/process_block.h"

enum { WORDS_MAX = 8 };

static void word_put(uint8_t *at, uint32_t word)
{
    at[0] = (uint8_t)word;
    at[1] = (uint8_t)(word >> 8);
    at[2] = (uint8_t)(word >> 16);
    at[3] = (uint8_t)(word >> 24);
}

static uint32_t word_get(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

enum err words_read(struct hw *hw, uint32_t address, uint32_t *words, uint32_t count)
{
    uint8_t bytes[4 * WORDS_MAX];

    if (count > WORDS_MAX || hw_ram_read(hw, (struct span){address, 4 * count}, bytes))
        return ERR_FAIL;
    for (uint32_t i = 0; i < count; i++)
        words[i] = word_get(bytes + (size_t)4 * i);
    return ERR_NONE;
}

enum err words_write(struct hw *hw, uint32_t address, const uint32_t *words, uint32_t count)
{
    uint8_t bytes[4 * WORDS_MAX];

    if (count > WORDS_MAX)
        return ERR_FAIL;
    for (uint32_t i = 0; i < count; i++)
        word_put(bytes + (size_t)4 * i, words[i]);
    if (hw_ram_write(hw, (struct span){address, 4 * count}, bytes))
        return ERR_FAIL;
    return ERR_NONE;
}

struct span process_block(const struct process *p)
{
    uint32_t end =
        p->memory.base + p->memory.size; /* may be 2^32, thus 0: it is only subtracted from */

    return (struct span){end - PROCESS_BLOCK_SIZE, PROCESS_BLOCK_SIZE};
}

enum err process_block_wipe(struct hw *hw, const struct process *p)
{
    return process_zero(hw, process_block(p));
}

struct queue queue_load(struct hw *hw, const struct process *p)
{
    uint32_t words[2];

    if (words_read(hw, process_block(p).base + PROCESS_BLOCK_QUEUE, words, 2))
        return (struct queue){0, 0};
    return (struct queue){
        .head = words[0] % UPCALL_MAX,
        .count = words[1] > UPCALL_MAX ? UPCALL_MAX : words[1],
    };
}

enum err queue_store(struct hw *hw, const struct process *p, struct queue queue)
{
    const uint32_t words[2] = {queue.head % UPCALL_MAX, queue.count};

    return words_write(hw, process_block(p).base + PROCESS_BLOCK_QUEUE, words, 2);
}

static uint32_t entry_address(const struct process *p, struct queue queue, uint32_t place)
{
    uint32_t at = (queue.head + place) % UPCALL_MAX;

    return process_block(p).base + PROCESS_BLOCK_ENTRIES + at * PROCESS_BLOCK_ENTRY;
}

enum err queue_entry_load(struct hw *hw, const struct process *p, struct queue queue,
                          uint32_t place, struct queue_entry *entry)
{
    uint32_t w[8];
    enum err err = words_read(hw, entry_address(p, queue, place), w, 8);

    if (err)
        return err;
    *entry = (struct queue_entry){w[0], w[1], w[2], w[3], {w[4], w[5], w[6]}, w[7]};
    return ERR_NONE;
}

enum err queue_entry_store(struct hw *hw, const struct process *p, struct queue queue,
                           uint32_t place, const struct queue_entry *entry)
{
    const uint32_t w[8] = {
        entry->driver,  entry->number,  entry->function, entry->appdata,
        entry->args[0], entry->args[1], entry->args[2],  entry->driver_number,
    };

    return words_write(hw, entry_address(p, queue, place), w, 8);
}

bool slot_load(struct hw *hw, const struct process *p, uint32_t args[3])
{
    uint32_t words[4];

    if (words_read(hw, process_block(p).base + PROCESS_BLOCK_SLOT, words, 4) || !words[0])
        return false;
    memcpy(args, &words[1], 3 * sizeof args[0]);
    return true;
}

enum err slot_store(struct hw *hw, const struct process *p, bool full, const uint32_t args[3])
{
    const uint32_t words[4] = {full, args[0], args[1], args[2]};

    return words_write(hw, process_block(p).base + PROCESS_BLOCK_SLOT, words, 4);
}

static uint32_t row_address(const struct process *p, uint32_t index)
{
    return process_block(p).base + PROCESS_BLOCK_GRANTS + 4 * (index % DRIVER_MAX);
}

uint32_t grant_table_load(struct hw *hw, const struct process *p, uint32_t index)
{
    uint32_t base;

    return words_read(hw, row_address(p, index), &base, 1) ? 0 : base;
}

enum err grant_table_store(struct hw *hw, const struct process *p, uint32_t index, uint32_t base)
{
    return words_write(hw, row_address(p, index), &base, 1);
}
