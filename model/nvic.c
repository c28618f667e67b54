#include "model/nvic.h"

static const uint32_t NVIC_ISER = 0xE000E100;
static const uint32_t NVIC_ICER = 0xE000E180;
static const uint32_t NVIC_ISPR = 0xE000E200;
static const uint32_t NVIC_ICPR = 0xE000E280;
static const uint32_t SYSTICK_CSR = 0xE000E010;
static const uint32_t SYSTICK_RVR = 0xE000E014;
static const uint32_t SYSTICK_CVR = 0xE000E018;

enum {
    CSR_RUN = 0x7, /* ENABLE, TICKINT, CLKSOURCE: the CPU's clock */
    CSR_COUNTFLAG = 0x10000,
    SYSTICK_CYCLES_MAX = 0x1000000, /* 24 bits, and one more cycle for the reload itself */
};

static uint32_t word_of(uint32_t registers, uint32_t line)
{
    return registers + 4 * (line / 32);
}

static uint32_t bit_of(uint32_t line)
{
    return (uint32_t)1 << (line % 32);
}

void nvic_start(struct hw *hw, uint32_t line_count)
{
    for (uint32_t line = 0; line < line_count; line += 32) {
        hw_write32(hw, word_of(NVIC_ICER, line), 0xffffffff);
        hw_write32(hw, word_of(NVIC_ICPR, line), 0xffffffff);
    }
}

void nvic_enable(struct hw *hw, uint32_t line)
{
    hw_write32(hw, word_of(NVIC_ISER, line), bit_of(line));
}

void nvic_mask(struct hw *hw, uint32_t line)
{
    hw_write32(hw, word_of(NVIC_ICER, line), bit_of(line));
}

void nvic_clear_pending(struct hw *hw, uint32_t line)
{
    hw_write32(hw, word_of(NVIC_ICPR, line), bit_of(line));
}

void nvic_set_pending(struct hw *hw, uint32_t line)
{
    hw_write32(hw, word_of(NVIC_ISPR, line), bit_of(line));
}

bool nvic_is_pending(struct hw *hw, uint32_t line)
{
    return hw_read32(hw, word_of(NVIC_ISPR, line)) & bit_of(line);
}

bool nvic_is_enabled(struct hw *hw, uint32_t line)
{
    return hw_read32(hw, word_of(NVIC_ISER, line)) & bit_of(line);
}

static uint32_t lowest_bit(uint32_t bits)
{
    uint32_t n = 0;

    while (!(bits >> n & 1))
        n++;
    return n;
}

uint32_t nvic_next_pending(struct hw *hw, uint32_t line_count, const uint32_t unheard[])
{
    for (uint32_t word = 0; 32 * word < line_count; word++) {
        uint32_t pending = hw_read32(hw, NVIC_ISPR + 4 * word) & ~unheard[word];

        if (pending) {
            uint32_t line = 32 * word + lowest_bit(pending);
            return line < line_count ? line : NVIC_NONE;
        }
    }
    return NVIC_NONE;
}

uint32_t systick_arm(struct hw *hw, uint32_t cpu_hz, uint32_t slice_us)
{
    uint64_t cycles = (uint64_t)slice_us * cpu_hz / 1000000;

    hw_spend(hw, PATH_SYSTICK, 1);
    if (cycles == 0) {
        hw_write32(hw, SYSTICK_CSR, 0);
        return 0;
    }
    if (cycles > SYSTICK_CYCLES_MAX) {
        cycles = SYSTICK_CYCLES_MAX;
        slice_us = (uint32_t)(cycles * 1000000 / cpu_hz);
    }
    hw_write32(hw, SYSTICK_RVR, (uint32_t)(cycles - 1));
    hw_write32(hw, SYSTICK_CVR, 0);
    hw_write32(hw, SYSTICK_CSR, CSR_RUN);
    return slice_us;
}

uint32_t systick_stop(struct hw *hw, uint32_t cpu_hz)
{
    hw_spend(hw, PATH_SYSTICK, 1);
    uint64_t cycles = hw_read32(hw, SYSTICK_CVR);
    uint32_t csr = hw_read32(hw, SYSTICK_CSR);

    hw_write32(hw, SYSTICK_CSR, 0);
    if (csr & CSR_COUNTFLAG)
        return 0;
    if (cycles == 0) /* it has not even loaded its first value: nothing of the slice is gone */
        cycles = (uint64_t)hw_read32(hw, SYSTICK_RVR) + 1;
    return (uint32_t)(cycles * 1000000 / cpu_hz);
}
