/* support_fake_hw.c: see the header. */
#include "tests/support_fake_hw.h"

#include <check.h>

/* ck_assert leaves a mark at each pass, too slow for what runs a million times. */
#define DEMAND(truth)                                                                              \
    do {                                                                                           \
        if (!(truth))                                                                              \
            ck_abort_msg("the fake hardware wants %s", #truth);                                    \
    } while (0)

void fake_hw_start(struct hw *hw, struct span ram, struct span flash)
{
    DEMAND(ram.size <= FAKE_RAM_MAX);
    DEMAND(flash.size <= FAKE_FLASH_MAX);
    memset(hw, 0, sizeof *hw);
    hw->ram = ram;
    hw->flash = flash;
}

void fake_hw_forget(struct hw *hw)
{
    hw->write_count = 0;
    hw->note_count = 0;
    hw->read_count = 0;
    hw->barrier_count = 0;
    hw->writes_at_barrier = 0;
    memset(hw->spent, 0, sizeof hw->spent);
}

static struct fake_register *find(struct hw *hw, uint32_t address)
{
    for (uint32_t i = 0; i < hw->register_count; i++)
        if (hw->registers[i].address == address)
            return &hw->registers[i];
    return NULL;
}

void fake_hw_set(struct hw *hw, uint32_t address, uint32_t value)
{
    struct fake_register *place = find(hw, address);
    if (!place) {
        DEMAND(hw->register_count < FAKE_REGISTER_MAX);
        place = &hw->registers[hw->register_count++];
        place->address = address;
    }
    place->value = value;
}

uint32_t fake_hw_get(const struct hw *hw, uint32_t address)
{
    for (uint32_t i = 0; i < hw->register_count; i++)
        if (hw->registers[i].address == address)
            return hw->registers[i].value;
    return 0;
}

uint32_t fake_hw_noted(const struct hw *hw, enum note note)
{
    uint32_t noted = 0;
    for (uint32_t i = 0; i < hw->note_count && i < FAKE_LIST_MAX; i++)
        noted += hw->notes[i].note == note;
    return noted;
}

uint32_t hw_read32(struct hw *hw, uint32_t address)
{
    uint32_t value = 0;
    hw->read_count++;
    DEMAND(address % 4 == 0);
    if (hw->on_read && hw->on_read(hw, address, &value))
        return value;
    return fake_hw_get(hw, address);
}

void hw_write_words(struct hw *hw, const struct hw_word words[], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        hw_write32(hw, words[i].address, words[i].value);
}

void hw_fill32(struct hw *hw, uint32_t address, uint32_t value, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        hw_write32(hw, address + 4 * i, value);
}

bool hw_await32(struct hw *hw, uint32_t address, uint32_t mask, uint32_t wanted, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if ((hw_read32(hw, address) & mask) == wanted)
            return true;
    return false;
}

void hw_write32(struct hw *hw, uint32_t address, uint32_t value)
{
    DEMAND(address % 4 == 0);
    if (hw->write_count < FAKE_LIST_MAX)
        hw->writes[hw->write_count] = (struct fake_register){address, value};
    hw->write_count++;
    if (!hw->on_write || !hw->on_write(hw, address, value))
        fake_hw_set(hw, address, value);
}

enum err hw_ram_read(struct hw *hw, struct span from, void *to)
{
    if (hw->on_ram && hw->on_ram(hw, from, false))
        return ERR_FAIL;
    if (span_covers(hw->ram, from))
        memcpy(to, hw->ram_bytes + (from.base - hw->ram.base), from.size);
    else if (span_covers(hw->flash, from))
        memcpy(to, hw->flash_bytes + (from.base - hw->flash.base), from.size);
    else
        return ERR_INVAL;
    return ERR_NONE;
}

enum err hw_ram_write(struct hw *hw, struct span to, const void *from)
{
    if (hw->on_ram && hw->on_ram(hw, to, true))
        return ERR_FAIL;
    if (!span_covers(hw->ram, to))
        return ERR_INVAL;
    memcpy(hw->ram_bytes + (to.base - hw->ram.base), from, to.size);
    return ERR_NONE;
}

void hw_barrier(struct hw *hw)
{
    hw->barrier_count++;
    hw->writes_at_barrier = hw->write_count;
}

void hw_spend(struct hw *hw, enum kernel_path path, uint32_t count)
{
    DEMAND(path < KERNEL_PATHS);
    hw->spent[path] += count;
}

void hw_note(struct hw *hw, enum note note, uint32_t process, uint32_t address, uint64_t value)
{
    DEMAND(note < NOTES);
    if (hw->note_count < FAKE_LIST_MAX)
        hw->notes[hw->note_count] = (struct fake_note){note, process, address, value};
    hw->note_count++;
}

_Noreturn void hw_panic(struct hw *hw, const char *what)
{
    if (!hw->catching)
        ck_abort_msg("the kernel panicked: %s", what);
    hw->panic = what;
    longjmp(hw->on_panic, 1);
}
