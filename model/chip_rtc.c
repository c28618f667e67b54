#include "model/chip_rtc.h"

#include "model/chip_event.h"

enum {
    TASKS_START = 0x000,
    TASKS_STOP = 0x004,
    TASKS_CLEAR = 0x008,
    EVENTS_OVRFLW = 0x104,
    EVENTS_COMPARE0 = 0x140,
    INTENSET = 0x304,
    INTENCLR = 0x308,
    COUNTER = 0x504,
    PRESCALER = 0x508,
    CC0 = 0x540,
    INT_OVRFLW = 1 << 1,
    INT_COMPARE0 = 1 << 16,
    MARGIN_MAX = 0x1000, /* ticks, 125 ms: no bus is so slow that arming takes that long */
};

void chip_rtc_start(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + INTENCLR, 0xffffffff);
    hw_write32(hw, base + TASKS_STOP, 1);
    hw_write32(hw, base + TASKS_CLEAR, 1);
    hw_write32(hw, base + PRESCALER, 0);
    hw_write32(hw, base + EVENTS_OVRFLW, 0);
    hw_write32(hw, base + EVENTS_COMPARE0, 0);
    hw_write32(hw, base + INTENSET, INT_OVRFLW);
    hw_write32(hw, base + TASKS_START, 1);
}

uint32_t chip_rtc_counter(struct hw *hw, uint32_t base)
{
    return hw_read32(hw, base + COUNTER) & RTC_MASK;
}

uint32_t chip_rtc_arm(struct hw *hw, uint32_t base, uint32_t from, uint32_t ahead)
{
    hw_write32(hw, base + EVENTS_COMPARE0, 0);
    hw_write32(hw, base + INTENSET, INT_COMPARE0); /* first: without it CC raises no event */
    for (uint32_t margin = RTC_AHEAD_MIN; margin <= MARGIN_MAX; margin *= 2) {
        hw_write32(hw, base + CC0, (from + ahead) & RTC_MASK);
        uint32_t passed = (chip_rtc_counter(hw, base) - from) & RTC_MASK;
        if (passed + RTC_AHEAD_MIN <= ahead)
            break;
        ahead = passed + margin; /* time went on while we wrote: the event may be missed */
    }
    return ahead;
}

void chip_rtc_disarm(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + INTENCLR, INT_COMPARE0);
    hw_write32(hw, base + EVENTS_COMPARE0, 0);
}

void chip_rtc_acknowledge(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + EVENTS_COMPARE0, 0);
}

bool chip_rtc_overflowed(struct hw *hw, uint32_t base)
{
    return chip_event_take(hw, base + EVENTS_OVRFLW);
}
