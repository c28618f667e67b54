/* quiesce_nrf52.h: how each nRF52840 peripheral is stopped and brought back to reset, as data for
 * passthrough_endpoint.quiesce (config.h). A board names the kind; the steps are const.
 *
 * What every list does, in this order: short cuts off, tasks stopped, DMA awaited where there is
 * any, the peripheral disabled, events cleared, every writable register back to its reset value.
 * Interrupts are off before the first step (passthrough_device_quiesce does that itself).
 *
 * What no register write can wipe, and what is done instead:
 *   RNG VALUE       holds the last random byte: one more is made, unseen by anyone, on top of it.
 *   TIMER, RTC      the counter: TASKS_CLEAR, and the steps wait until it is seen to be 0.
 *   UARTE AMOUNT    byte counts of the last transfers stay (read-only); no byte of data does.
 *   TWIM, SPIM      AMOUNT: likewise.
 *   TEMP TEMP       the last temperature stays (read-only): a property of the chip, nobody's
 *                   secret.
 *   RADIO           RXCRC, RSSISAMPLE: its power is cycled (0xFFC).
 *   ECB, CCM, AAR   keys and key streams are in RAM, the pointers to them are wiped. MICSTATUS and
 *                   STATUS, one register, stay (read-only): the last check's outcome.
 *   CLOCK, POWER    LFCLK runs afterwards: the kernel's own alarm counts it. If it ran it keeps its
 *                   source; if the owner had stopped it, it is the RC oscillator. RESETREAS stays.
 *
 * Waits are counted in register reads, 0x4000 at most: at one CPU cycle a read, faster than any
 * bus, that is 256 us at 64 MHz: a UARTE byte takes 10 us at the 1 Mbaud that its steps set, the
 * RNG's first one 158 us. LFCLK's RC oscillator takes 600 us to start and has 1 ms.
 *
 * Source: nRF52840 Product Specification v1.7, register tables of each chapter; reset values as in
 * Nordic's nrf52840.svd (nrfx MDK).
 */
#ifndef MODEL_QUIESCE_NRF52_H
#define MODEL_QUIESCE_NRF52_H

#include "model/passthrough_device.h"

enum quiesce_nrf52_kind {
    QUIESCE_NRF52_NONE,  /* nothing to do: a window without a modelled device */
    QUIESCE_NRF52_TIMER, /* TIMER0..4 */
    QUIESCE_NRF52_RTC,   /* RTC0..2 */
    QUIESCE_NRF52_UARTE,
    QUIESCE_NRF52_RNG,
    QUIESCE_NRF52_TEMP,
    QUIESCE_NRF52_EGU,  /* EGU0..5, with SWI0..5 on the same page */
    QUIESCE_NRF52_GPIO, /* P0, and P1 0x300 above it on the same page */
    QUIESCE_NRF52_GPIOTE,
    QUIESCE_NRF52_CLOCK_POWER, /* CLOCK and POWER share a page and a line */
    QUIESCE_NRF52_RADIO,
    QUIESCE_NRF52_ECB,
    QUIESCE_NRF52_CCM_AAR, /* CCM and AAR share page, registers and line */
    QUIESCE_NRF52_PPI,
    QUIESCE_NRF52_TWIM,
    QUIESCE_NRF52_SPIM, /* SPIM0..2 */
    QUIESCE_NRF52_KINDS
};

struct quiesce_list {
    const struct quiesce_step *steps;
    uint8_t count;
};

/* By enum quiesce_nrf52_kind. */
extern const struct quiesce_list quiesce_nrf52[QUIESCE_NRF52_KINDS];

#endif
