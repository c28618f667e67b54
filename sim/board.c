/* board.c: questions to a board. */
#include "sim/board.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

uint32_t board_device_at(const struct board *board, uint32_t address)
{
    uint32_t from = 0, to = board->device_count;
    while (from < to) { /* to the first that begins behind the address */
        uint32_t middle = from + (to - from) / 2;
        if (board->devices[middle].window.base <= address)
            from = middle + 1;
        else
            to = middle;
    }
    while (from > 0 && board->devices[from - 1].alias_of != BOARD_NONE)
        from--;
    return from > 0 && span_holds(board->devices[from - 1].window, address) ? from - 1 : BOARD_NONE;
}

uint32_t board_device_named(const struct board *board, const char *name)
{
    for (uint32_t i = 0; i < board->device_count; i++)
        if (strcmp(board->devices[i].name, name) == 0)
            return i;
    return BOARD_NONE;
}

static const char *register_at(const struct device_type *type, uint32_t offset)
{
    for (uint32_t row = 0; type && row < type->reg_count; row++)
        if (type->regs[row].offset == offset)
            return type->regs[row].name;
    return NULL;
}

static bool describe_memory(const char *name, struct span memory, uint32_t address, char *text,
                            size_t size)
{
    if (!span_holds(memory, address))
        return false;
    (void)snprintf(text, size, "%s+0x%" PRIx32, name, address - memory.base);
    return true;
}

void board_describe_address(const struct board *board, uint32_t address, char *text, size_t size)
{
    uint32_t device = board_device_at(board, address);
    if (device == BOARD_NONE) {
        if (!describe_memory("ram", board->ram, address, text, size) &&
            !describe_memory("storage", board->storage, address, text, size) &&
            !describe_memory("flash", board->flash, address, text, size))
            (void)snprintf(text, size, "0x%08" PRIx32, address);
        return;
    }
    const struct board_device *d = &board->devices[device];
    uint32_t offset = address - d->window.base;
    const char *name = register_at(d->type, offset);
    (void)snprintf(text, size, "%s+0x%" PRIx32 "%s%s%s", d->name, offset, name ? " (" : "",
                   name ? name : "", name ? ")" : "");
}
