/* bare_hw.c: see the header. */
#include "fuzz/bare_hw.h"

#include <stdlib.h>
#include <string.h>

uint32_t hw_read32(struct hw *hw, uint32_t address)
{
    return mpu_armv7m_owns(address) ? mpu_armv7m_read(&hw->unit, address) : 0;
}

void hw_write32(struct hw *hw, uint32_t address, uint32_t value)
{
    hw->writes++;
    if (mpu_armv7m_owns(address))
        mpu_armv7m_write(&hw->unit, address, value);
    else if (hw->mpu_only)
        hw->found("the driver writes a register that is not the unit's");
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

enum err hw_ram_read(struct hw *hw, struct span from, void *to)
{
    if (span_covers(hw->ram, from))
        memcpy(to, &hw->ram_bytes[from.base - hw->ram.base], from.size);
    else if (span_covers(hw->kernel_ram, from))
        memset(to, 0, from.size);
    else
        return ERR_INVAL;
    return ERR_NONE;
}

enum err hw_ram_write(struct hw *hw, struct span to, const void *from)
{
    if (span_covers(hw->ram, to))
        memcpy(&hw->ram_bytes[to.base - hw->ram.base], from, to.size);
    else if (!span_covers(hw->kernel_ram, to))
        return ERR_INVAL;
    return ERR_NONE;
}

void hw_barrier(struct hw *hw)
{
    (void)hw;
}

void hw_spend(struct hw *hw, enum kernel_path path, uint32_t count)
{
    (void)hw;
    (void)path;
    (void)count;
}

void hw_note(struct hw *hw, enum note note, uint32_t process, uint32_t address, uint64_t value)
{
    (void)hw;
    (void)note;
    (void)process;
    (void)address;
    (void)value;
}

void hw_panic(struct hw *hw, const char *what)
{
    hw->found(what);
    abort(); /* not reached */
}
