/* nvic.c: NVIC, SysTick and fault status registers as the ARMv7-M ARM describes them. */
#include "sim/nvic.h"
#include "sim/clock.h"
#include <stddef.h>
#include <string.h>

enum {
    SYSTICK_CSR = 0xe000e010,
    SYSTICK_RVR = 0xe000e014,
    SYSTICK_CVR = 0xe000e018,
    SYSTICK_CALIB = 0xe000e01c,
    NVIC_ISER = 0xe000e100,
    NVIC_ICER = 0xe000e180,
    NVIC_ISPR = 0xe000e200,
    NVIC_ICPR = 0xe000e280,
    CLEARS = 0x80, /* from a register that sets to the one that clears */
    SCB_SHCSR = 0xe000ed24,
    SCB_CFSR = 0xe000ed28,
    SCB_HFSR = 0xe000ed2c,
    SCB_MMFAR = 0xe000ed34,
    SCB_BFAR = 0xe000ed38,
};

enum { CSR_ENABLE = 1, CSR_TICKINT = 2, CSR_CLKSOURCE = 4, CSR_COUNTFLAG = 1 << 16 };

void nvic_reset(struct nvic *nvic, uint32_t line_count)
{
    memset(nvic, 0, sizeof *nvic);
    nvic->line_count = line_count;
    nvic->active = NVIC_NO_LINE;
    nvic->systick_fires_ps = TIME_NEVER;
}

void nvic_drive(struct nvic *nvic, uint32_t line, bool high)
{
    if (line >= nvic->line_count)
        return;
    uint32_t bit = nvic_bit(line);
    nvic->is_quiet = false;
    if (high && !(nvic->level[line / 32] & bit))
        nvic->pending[line / 32] |= bit;
    if (high)
        nvic->level[line / 32] |= bit;
    else
        nvic->level[line / 32] &= ~bit;
}

bool nvic_pulse(struct nvic *nvic, uint32_t line)
{
    if (line >= nvic->line_count || nvic->pending[line / 32] & nvic_bit(line))
        return false;
    nvic->is_quiet = false;
    nvic->pending[line / 32] |= nvic_bit(line);
    return true;
}

void nvic_enter(struct nvic *nvic, uint32_t line)
{
    if (line >= nvic->line_count)
        return;
    nvic->active = line;
    nvic->pending[line / 32] &= ~nvic_bit(line);
}

void nvic_leave(struct nvic *nvic)
{
    uint32_t line = nvic->active;
    nvic->is_quiet = false;
    nvic->active = NVIC_NO_LINE;
    if (line != NVIC_NO_LINE)
        nvic->pending[line / 32] |= nvic->level[line / 32] & nvic_bit(line);
}

/* A CPU clock whose period is a whole number of picoseconds, said here: dividing by a frequency
 * that is not known takes longer than all else. */
#define USUAL_HZ UINT64_C(64000000)
#define USUAL_PERIOD_PS (PS_PER_S / USUAL_HZ)

/* Cycles that the CPU clock makes in `ps`, rounded up: a register is read at a cycle's edge. */
static uint64_t cycles_in(uint64_t ps, uint64_t cpu_hz)
{
    if (cpu_hz == USUAL_HZ)
        return (ps + USUAL_PERIOD_PS - 1) / USUAL_PERIOD_PS;
    if ((ps | cpu_hz) >> 31 == 0) /* nearly always: dividing 128 bits takes long */
        return (ps * cpu_hz + PS_PER_S - 1) / PS_PER_S;
    return (uint64_t)(((unsigned __int128)ps * cpu_hz + PS_PER_S - 1) / PS_PER_S);
}

/* `cycles` is of 24 bits, so 64 are enough. */
static uint64_t ps_of(uint64_t cycles, uint64_t cpu_hz)
{
    if (cpu_hz == USUAL_HZ)
        return cycles * USUAL_PERIOD_PS;
    return (cycles * PS_PER_S + cpu_hz - 1) / cpu_hz;
}

static uint32_t systick_value(const struct nvic *nvic, uint64_t now_ps, uint64_t cpu_hz)
{
    if (!(nvic->systick_control & CSR_ENABLE))
        return nvic->systick_left;
    uint64_t gone = cycles_in(now_ps - nvic->systick_since_ps, cpu_hz);
    return gone >= nvic->systick_left ? 0 : nvic->systick_left - (uint32_t)gone;
}

/* Counts from `left` from now on. 0 reloads at the next cycle (B3.3.1). */
static void systick_run(struct nvic *nvic, uint32_t left, uint64_t now_ps, uint64_t cpu_hz)
{
    nvic->systick_left = left;
    nvic->systick_since_ps = now_ps;
    nvic->systick_fires_ps = TIME_NEVER;
    if (!(nvic->systick_control & CSR_ENABLE))
        return;
    if (left == 0) {
        if (nvic->systick_reload == 0)
            return;
        nvic->systick_left = nvic->systick_reload;
    }
    nvic->systick_fires_ps = now_ps + ps_of(nvic->systick_left, cpu_hz);
}

void nvic_systick_fire(struct nvic *nvic, uint64_t cpu_hz)
{
    nvic->systick_counted = true;
    nvic->is_quiet = false;
    if (nvic->systick_control & CSR_TICKINT)
        nvic->systick_pending = true;
    systick_run(nvic, 0, nvic->systick_fires_ps, cpu_hz);
}

uint32_t nvic_systick_read(struct nvic *nvic, uint32_t address, uint64_t now_ps, uint64_t cpu_hz)
{
    switch (address) {
    case SYSTICK_CSR: {
        uint32_t value = nvic->systick_control | (nvic->systick_counted ? CSR_COUNTFLAG : 0);
        nvic->systick_counted = false; /* cleared by reading */
        return value;
    }
    case SYSTICK_RVR:
        return nvic->systick_reload;
    case SYSTICK_CVR:
        return systick_value(nvic, now_ps, cpu_hz);
    default:
        return 0;
    }
}

/* The word of the four arrays of registers that `address` names, or NULL. A line has its bit both
 * where it is set and, 0x80 further, where it is cleared. */
static uint32_t *word_at(struct nvic *nvic, uint32_t address)
{
    uint32_t index = address % CLEARS / 4;
    if (address < NVIC_ISER || address >= NVIC_ICPR + CLEARS || index >= NVIC_WORDS)
        return NULL;
    return address < NVIC_ISPR ? &nvic->enabled[index] : &nvic->pending[index];
}

uint32_t nvic_read(struct nvic *nvic, uint32_t address, uint64_t now_ps, uint64_t cpu_hz)
{
    const uint32_t *word = word_at(nvic, address);
    if (word)
        return *word;
    switch (address) {
    case SCB_SHCSR:
        return nvic->shcsr;
    case SCB_CFSR:
        return nvic->cfsr;
    case SCB_HFSR:
        return nvic->hfsr;
    case SCB_MMFAR:
        return nvic->mmfar;
    case SCB_BFAR:
        return nvic->bfar;
    default:
        return nvic_systick_read(nvic, address, now_ps, cpu_hz);
    }
}

void nvic_systick_write(struct nvic *nvic, uint32_t address, uint32_t value, uint64_t now_ps,
                        uint64_t cpu_hz)
{
    uint32_t left;
    nvic->is_quiet = false;
    switch (address) {
    case SYSTICK_CSR:
        left = systick_value(nvic, now_ps, cpu_hz);
        if (nvic->systick_control & ~value & CSR_ENABLE)
            nvic->systick_off_ps = now_ps;
        nvic->systick_control = value & (CSR_ENABLE | CSR_TICKINT | CSR_CLKSOURCE);
        systick_run(nvic, left, now_ps, cpu_hz);
        if (!(value & CSR_ENABLE))
            nvic->systick_pending = false; /* the kernel is here already: nothing is left to take */
        break;
    case SYSTICK_RVR:
        nvic->systick_reload = value & 0xffffff;
        break;
    case SYSTICK_CVR: /* any write clears it and COUNTFLAG */
        nvic->systick_counted = false;
        systick_run(nvic, 0, now_ps, cpu_hz);
        break;
    default:
        break;
    }
}

static void write_scb(struct nvic *nvic, uint32_t address, uint32_t value)
{
    switch (address) {
    case SCB_SHCSR:
        nvic->shcsr = value & 0x70000; /* the three fault enables */
        break;
    case SCB_CFSR:
        nvic->cfsr &= ~value;
        break;
    case SCB_HFSR:
        nvic->hfsr &= ~value;
        break;
    default:
        break;
    }
}

/* Lines that exist in word `index`. */
static uint32_t existing(const struct nvic *nvic, uint32_t index)
{
    uint32_t first = index * 32;
    if (nvic->line_count <= first)
        return 0;
    uint32_t left = nvic->line_count - first;
    return left >= 32 ? UINT32_MAX : (1u << left) - 1;
}

/* Lines that pend again when they are cleared at `address`: their level is still high. */
static uint32_t pends_again(const struct nvic *nvic, uint32_t address, uint32_t index)
{
    return address < NVIC_ISPR ? 0 : nvic->level[index];
}

void nvic_write(struct nvic *nvic, uint32_t address, uint32_t value, uint64_t now_ps,
                uint64_t cpu_hz)
{
    nvic->is_quiet = false;
    uint32_t *word = word_at(nvic, address);
    uint32_t index = address % CLEARS / 4;
    uint32_t bits = word ? value & existing(nvic, index) : 0;
    if (word && address & CLEARS)
        *word = (*word & ~bits) | (pends_again(nvic, address, index) & bits);
    else if (word)
        *word |= bits;
    else if (address < NVIC_ISER)
        nvic_systick_write(nvic, address, value, now_ps, cpu_hz);
    else
        write_scb(nvic, address, value);
}
