/* nrf.h: what every nRF52 peripheral has in common, written once.
 *
 *   hardware --nrf_event--> EVENTS_x = 1 --> SHORTS --> tasks, in the same cycle
 *                                   \--> line = some event stands whose INTEN bit is set
 *   software --EVENTS_x = 0--> the line falls when none is left
 *
 * Tasks start on a write of 1 and read as 0 (sim/device.h, on_task). The line is a level: it stays
 * until the last enabled event is cleared or masked. INTENSET and INTENCLR both read as the mask.
 * A short cut that several events of one cycle share triggers its task once.
 *
 * Source: nRF52840 Product Specification v1.7, "Peripheral interface": task registers from 0x000,
 * event register n at 0x100 + 4n belongs to interrupt bit n, SHORTS 0x200, INTEN 0x300, INTENSET
 * 0x304, INTENCLR 0x308. The nRF52 has no SUBSCRIBE and PUBLISH registers.
 *
 * Not modelled: the write buffer between CPU and peripheral (a cleared event lowers the line at
 * once), the PERIPHERAL POWER registers, PPI. A write of 1 to an event register sets it, without a
 * trace of an event and without short cuts: no program should do so.
 */
#ifndef DEVICES_NRF_H
#define DEVICES_NRF_H

#include "sim/device.h"

/* SHORTS bit `bit`: event number `event` triggers the task in row `task`. */
struct nrf_short {
    uint8_t bit, event, task;
};

/* A device type with its short cuts. Catalogues list &x.type; the nrf_ functions want nothing but
 * devices of such types. */
struct nrf_type {
    struct device_type type;            /* first: found again from struct device */
    uint8_t inten;                      /* row that holds the interrupt mask */
    uint8_t shorts;                     /* row of SHORTS */
    uint8_t short_count;                /* 0: none, `shorts` means nothing */
    const struct nrf_short *short_list; /* in the order of bits, all that SHORTS has */
};

/* The rows that all have. Masks are interrupt bits. */
/* clang-format off */
#define NRF_TASK(text, at, action) {text, (at), .on_task = (action)}
#define NRF_EVENT(text, number)                                                                    \
    {text, 0x100 + 4 * (number), .writable = 1, .on_write = nrf_event_written}
#define NRF_SHORTS(bits) {"SHORTS", 0x200, .writable = (bits)}
#define NRF_INTEN(mask) {"INTEN", 0x300, .writable = (mask), .on_write = nrf_event_written}
/* `back`: 1 if there is an INTEN row before, else 0. */
#define NRF_INTENSET(mask, back)                                                                   \
    {"INTENSET", 0x304, .write1_sets = (mask), .view = (back), .on_write = nrf_event_written}
#define NRF_INTENCLR(mask, back)                                                                   \
    {"INTENCLR", 0x308, .write1_clears = (mask), .view = (back) + 1, .on_write = nrf_event_written}
/* clang-format on */

/* on_write of each row that the line depends on. */
void nrf_event_written(struct device *d, uint32_t row, uint32_t written);

/* Generates the events whose numbers are set in `events`, all in this cycle. */
void nrf_events(struct device *d, uint32_t events);
void nrf_event(struct device *d, uint32_t number);

#endif
