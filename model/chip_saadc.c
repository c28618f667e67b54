#include "model/chip_saadc.h"

#include "model/chip_event.h"

enum {
    TASKS_START = 0x000,
    TASKS_SAMPLE = 0x004,
    TASKS_STOP = 0x008,
    EVENTS_END = 0x104,
    INTENSET = 0x304,
    INTENCLR = 0x308,
    ENABLE = 0x500,
    CH0_PSELP = 0x510,
    CH0_CONFIG = 0x518,
    RESOLUTION = 0x5f0,
    SAMPLERATE = 0x5f8,
    RESULT_PTR = 0x62c,
    RESULT_MAXCNT = 0x630,
    INT_END = 1 << 1,
    CONFIG_TACQ_10_US = 2 << 16,
    RESOLUTION_12_BITS = 2,
    SAMPLERATE_TIMERS = 1 << 12,
    HF_HZ = 16000000,
};

void chip_saadc_start(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + INTENCLR, 0xffffffff);
    hw_write32(hw, base + EVENTS_END, 0);
    hw_write32(hw, base + RESOLUTION, RESOLUTION_12_BITS);
    hw_write32(hw, base + CH0_CONFIG, CONFIG_TACQ_10_US);
    hw_write32(hw, base + ENABLE, 1);
    hw_write32(hw, base + INTENSET, INT_END);
}

static void prepare(struct hw *hw, uint32_t base, uint32_t input, uint32_t rate, struct span to)
{
    hw_write32(hw, base + EVENTS_END, 0);
    hw_write32(hw, base + CH0_PSELP, input + 1); /* 0: not connected */
    hw_write32(hw, base + SAMPLERATE, rate);
    hw_write32(hw, base + RESULT_PTR, to.base);
    hw_write32(hw, base + RESULT_MAXCNT, to.size / SAADC_RESULT);
    hw_write32(hw, base + TASKS_START, 1);
    hw_write32(hw, base + TASKS_SAMPLE, 1);
}

void chip_saadc_sample(struct hw *hw, uint32_t base, uint32_t input, struct span to)
{
    prepare(hw, base, input, 0, to);
}

void chip_saadc_sample_on(struct hw *hw, uint32_t base, uint32_t input, uint32_t hz, struct span to)
{
    prepare(hw, base, input, SAMPLERATE_TIMERS | HF_HZ / hz, to);
}

void chip_saadc_again(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + TASKS_START, 1);
}

bool chip_saadc_ended(struct hw *hw, uint32_t base)
{
    return chip_event_take(hw, base + EVENTS_END);
}

void chip_saadc_stop(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + TASKS_STOP, 1);
    hw_write32(hw, base + ENABLE, 0);
    hw_write32(hw, base + EVENTS_END, 0);
    hw_write32(hw, base + ENABLE, 1);
}
