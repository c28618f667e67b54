/* chip_rtc.h: an nRF52 RTC as the kernel's counter: 24 bits at 32768 Hz, compare channel 0,
 * overflow.
 *
 * The low-frequency clock is the board's to start before the kernel.
 * Source: nRF52840 Product Specification v1.7, section 6.22 (RTC). Its section 6.22.7: CC equal to
 * COUNTER or to COUNTER + 1 may raise no event; COUNTER + 2 always does.
 */
#ifndef MODEL_CHIP_RTC_H
#define MODEL_CHIP_RTC_H

#include "model/hw_port.h"

enum {
    RTC_HZ = 32768,
    RTC_SPAN = 0x1000000, /* ticks until COUNTER is where it was */
    RTC_MASK = RTC_SPAN - 1,
    RTC_AHEAD_MIN = 2, /* ticks: nearest compare that is sure to come */
};

/* Counts from 0, undivided; interrupts at each overflow. */
void chip_rtc_start(struct hw *hw, uint32_t base);

uint32_t chip_rtc_counter(struct hw *hw, uint32_t base);

/* One interrupt `ahead` ticks after COUNTER was `from`, or as soon after that as is sure to come;
 * for `ahead` < RTC_SPAN. Never early. Returns how many ticks after `from` it comes. */
uint32_t chip_rtc_arm(struct hw *hw, uint32_t base, uint32_t from, uint32_t ahead);
void chip_rtc_disarm(struct hw *hw, uint32_t base);

/* The compare has come: its event is cleared. */
void chip_rtc_acknowledge(struct hw *hw, uint32_t base);

/* COUNTER has passed 0 since the last look; the event is cleared. The line falls when neither event
 * is left. */
bool chip_rtc_overflowed(struct hw *hw, uint32_t base);

#endif
