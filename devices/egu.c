/* egu.c: EGU0..5, with SWI0..5 on the same pages and lines: software raises interrupts.
 * Source: nRF52840 Product Specification v1.7, "EGU - Event generator unit" and "SWI - Software
 * interrupts" (which has no registers of its own).
 *
 * Not modelled: PPI, which is what these events are mostly for.
 */
#include "devices/catalogue.h"

enum { CHANNELS = 16, TASKS_TRIGGER = 0, INTEN = 2 * CHANNELS };

static void trigger(struct device *d, uint32_t row)
{
    nrf_event(d, row - TASKS_TRIGGER);
}

/* clang-format off */
#define TRIGGER(i) NRF_TASK("TASKS_TRIGGER[" #i "]", 4 * (i), trigger)
#define TRIGGERED(i) NRF_EVENT("EVENTS_TRIGGERED[" #i "]", i)
#define ALL(what)                                                                                  \
    what(0), what(1), what(2), what(3), what(4), what(5), what(6), what(7), what(8), what(9),      \
    what(10), what(11), what(12), what(13), what(14), what(15)

static const struct reg regs[] = {
    ALL(TRIGGER),
    ALL(TRIGGERED),
    NRF_INTEN(0xffff), NRF_INTENSET(0xffff, 1), NRF_INTENCLR(0xffff, 1),
};
/* clang-format on */

const struct nrf_type nrf52_egu = {
    .type = {.name = "nrf52-egu",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000},
    .inten = INTEN,
};
