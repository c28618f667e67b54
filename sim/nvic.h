/* nvic.h: the simulated interrupt controller and slice timer, and the fault status registers: the
 * System Control Space but for the MPU.
 *
 * Source: ARMv7-M ARM (DDI 0403) B3.4 (NVIC), B3.3 (SysTick), B3.2.15 (CFSR), B3.2.16-18.
 * Not modelled: priorities and nesting (all lines are equal; the lowest number is taken first),
 * BASEPRI, PRIMASK, IABR, SCB beyond CFSR, HFSR, MMFAR, BFAR, SHCSR, ICSR (reads
 * VECTPENDING).
 */
#ifndef SIM_NVIC_H
#define SIM_NVIC_H

#include "model/limits.h"
#include <stdbool.h>
#include <stdint.h>

enum { NVIC_WORDS = IRQ_LINE_MAX / 32, NVIC_NO_LINE = 0xffffffff };

struct nvic {
    uint32_t line_count;
    uint32_t enabled[NVIC_WORDS];
    uint32_t pending[NVIC_WORDS];
    uint32_t level[NVIC_WORDS]; /* lines that are high now: they pend again after ICPR */
    uint32_t active;            /* the line whose handler runs, or NVIC_NO_LINE */
    bool is_quiet;              /* a look has found nothing to take, and nothing has come since */
    /* SysTick counts down at the CPU clock; kept as the time of its next zero. */
    uint32_t systick_control, systick_reload;
    uint32_t systick_left; /* cycles left at systick_since_ps, while enabled */
    uint64_t systick_since_ps;
    uint64_t systick_fires_ps; /* TIME_NEVER when off */
    uint64_t systick_off_ps;   /* when it was switched off the last time */
    bool systick_pending;
    bool systick_counted; /* COUNTFLAG */
    uint32_t cfsr, mmfar, bfar, hfsr, shcsr;
};

enum {
    CFSR_IACCVIOL = 1u << 0,
    CFSR_DACCVIOL = 1u << 1,
    CFSR_MMARVALID = 1u << 7,
    CFSR_IBUSERR = 1u << 8,
    CFSR_PRECISERR = 1u << 9,
    CFSR_BFARVALID = 1u << 15,
    CFSR_UNDEFINSTR = 1u << 16,
    CFSR_UNALIGNED = 1u << 24,
};

/* The line's, in word `line / 32` of level, pending, enabled. */
static inline uint32_t nvic_bit(uint32_t line)
{
    return UINT32_C(1) << line % 32;
}

void nvic_reset(struct nvic *nvic, uint32_t line_count);
/* The line's level as a device drives it; a rising level pends it. */
void nvic_drive(struct nvic *nvic, uint32_t line, bool high);
/* A pulse: pends the line once. False: there is no such line, or it is pending already. */
bool nvic_pulse(struct nvic *nvic, uint32_t line);
/* The lowest line that is pending and enabled, or NVIC_NO_LINE. */
static inline uint32_t nvic_active_line(const struct nvic *nvic)
{
    _Static_assert(NVIC_WORDS == 3, "all of them are looked at here");
    if (((nvic->pending[0] & nvic->enabled[0]) | (nvic->pending[1] & nvic->enabled[1]) |
         (nvic->pending[2] & nvic->enabled[2])) == 0)
        return NVIC_NO_LINE; /* nearly always */
    for (uint32_t word = 0; word < NVIC_WORDS; word++) {
        uint32_t ready = nvic->pending[word] & nvic->enabled[word];
        if (ready)
            return word * 32 + (uint32_t)__builtin_ctz(ready);
    }
    return NVIC_NO_LINE;
}
/* Something is to be taken: a line, or SysTick. */
static inline bool nvic_calls(struct nvic *nvic)
{
    if (nvic->is_quiet)
        return false; /* nearly always */
    nvic->is_quiet = nvic_active_line(nvic) == NVIC_NO_LINE && !nvic->systick_pending;
    return !nvic->is_quiet;
}
/* Its handler begins: it pends no more, until it is made to again (B3.4.1). And ends: a line that
 * is still high pends again. Only for a handler that user mode is left for: one that comes while
 * the kernel runs is the kernel's own step (hw_port has no call for it), and finds its line
 * pending. */
void nvic_enter(struct nvic *nvic, uint32_t line);
void nvic_leave(struct nvic *nvic);
/* Register access inside 0xE000E000..0xE000EFFF but for the MPU's; unknown registers read 0.
 * ps_per_cycle: the CPU clock's period for SysTick. */
uint32_t nvic_read(struct nvic *nvic, uint32_t address, uint64_t now_ps, uint64_t cpu_hz);
void nvic_write(struct nvic *nvic, uint32_t address, uint32_t value, uint64_t now_ps,
                uint64_t cpu_hz);
/* The same for SysTick's four registers alone, which a kernel touches most of all. */
static inline bool nvic_is_systick(uint32_t address)
{
    return (address & ~UINT32_C(0xf)) == 0xe000e010;
}
uint32_t nvic_systick_read(struct nvic *nvic, uint32_t address, uint64_t now_ps, uint64_t cpu_hz);
void nvic_systick_write(struct nvic *nvic, uint32_t address, uint32_t value, uint64_t now_ps,
                        uint64_t cpu_hz);
/* SysTick's zero has come (now == systick_fires_ps). */
void nvic_systick_fire(struct nvic *nvic, uint64_t cpu_hz);

#endif
