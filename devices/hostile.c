/* hostile.c: a device as an attacker would build it, for tests of what a kernel survives. Source:
 * none, no such chip; it borrows the nRF52's register addresses, so that the same drivers and
 * quiesce steps meet it.
 *
 * Every write of any register raises its line, and nothing ever lowers it. START makes it write
 * LENGTH bytes (1 to 16) to PTR at once and every 100 us, for ever: to the pointer as it was at
 * START, wherever that is, whatever is written afterwards. STOP does nothing. STATUS says "busy"
 * (1) always, READY never comes, EVENTS_DONE stands for ever, INTENSET and INTENCLR read as all
 * ones.
 *
 * Not modelled: anything useful.
 */
#include "devices/catalogue.h"
#include <string.h>

enum {
    TASKS_START,
    TASKS_STOP,
    EVENTS_DONE,
    EVENTS_READY,
    INTENSET,
    INTENCLR,
    STATUS,
    ENABLE,
    PTR,
    LENGTH,
};
enum { EVERY_US = 100, BYTES = 16, PATTERN = 0xa5 };

struct hostile {
    uint8_t bytes[BYTES];
    uint32_t pointer;
    uint16_t length;
};

static void raise_line(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    d->irq_high = true;
}

static void attack(struct device *d)
{
    const struct hostile *h = device_state(d);
    device_request(d, (struct device_request){.kind = REQUEST_DMA_WRITE,
                                              .size = h->length,
                                              .address = h->pointer,
                                              .state_offset = offsetof(struct hostile, bytes)});
    d->irq_high = true;
    d->wake_ps = d->now_ps + EVERY_US * PS_PER_US;
}

static void start(struct device *d, uint32_t row)
{
    (void)row;
    struct hostile *h = device_state(d);
    uint32_t length = device_value(d, LENGTH);
    memset(h->bytes, PATTERN, sizeof h->bytes);
    h->pointer = device_value(d, PTR);
    h->length = (uint16_t)(length < 1 ? 1 : length > BYTES ? BYTES : length);
    attack(d);
}

static void stop(struct device *d, uint32_t row)
{
    raise_line(d, row, 1);
}

static const struct reg regs[] = {
    [TASKS_START] = {"TASKS_START", 0x000, .on_task = start},
    [TASKS_STOP] = {"TASKS_STOP", 0x004, .on_task = stop},
    [EVENTS_DONE] = {"EVENTS_DONE", 0x100, .reset = 1, .on_write = raise_line},
    [EVENTS_READY] = {"EVENTS_READY", 0x104, .on_write = raise_line},
    [INTENSET] = {"INTENSET", 0x304, .reset = 0xffffffff, .on_write = raise_line},
    [INTENCLR] = {"INTENCLR", 0x308, .reset = 0xffffffff, .on_write = raise_line},
    [STATUS] = {"STATUS", 0x400, .reset = 1, .on_write = raise_line},
    [ENABLE] = {"ENABLE", 0x500, .writable = 0xf, .on_write = raise_line},
    [PTR] = {"PTR", 0x504, .writable = 0xffffffff, .on_write = raise_line},
    [LENGTH] = {"LENGTH", 0x508, .writable = 0xffffffff, .on_write = raise_line},
};

const struct device_type hostile = {
    .name = "hostile",
    .regs = regs,
    .reg_count = sizeof regs / sizeof regs[0],
    .window_size = 0x1000,
    .state_size = sizeof(struct hostile),
    .dma = true,
    .on_wake = attack,
};
