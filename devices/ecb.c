/* ecb.c: AES-128 of one block.
 * Source: nRF52840 Product Specification v1.7, "ECB - AES electronic codebook mode encryption":
 * 7.2 us a block (t_ECB); the data structure; what STARTECB of a busy core and STOPECB of a running
 * operation give (ERRORECB).
 *
 *   ECBDATAPTR -> | KEY 16 | CLEARTEXT 16 | CIPHERTEXT 16 |    octet 0 is the most significant
 *                 STARTECB reads 32 octets; 7.2 us later 16 are written, then ENDECB comes
 *
 * Choices where the specification is silent: ECBDATAPTR is looked at by STARTECB alone; a refused
 * read gives ERRORECB at once, a refused write at the end (the specification warns of a fault or
 * corrupted RAM); STOPECB of an idle one gives nothing.
 *
 * CCM and AAR share the AES core and go first: while one of them is at work (devices/ccm.c), what
 * runs here is aborted with ERRORECB, and STARTECB gives ERRORECB. An injected error is such an
 * abort, too. (On silicon a conflict may need both to want the core in the same cycle.)
 *
 * Not modelled: drift of its clock; waiting for the RAM block.
 */
#include "devices/catalogue.h"
#include "sim/aes.h"

enum { ENDECB = 0, ERRORECB = 1, EVENT_BITS = 3 };
enum {
    TASKS_STARTECB,
    TASKS_STOPECB,
    EVENTS_ENDECB,
    EVENTS_ERRORECB,
    INTENSET,
    INTENCLR,
    ECBDATAPTR
};
#define BLOCK_PS UINT64_C(7200000)

struct ecb {
    uint8_t key[AES_BLOCK_SIZE], cleartext[AES_BLOCK_SIZE], ciphertext[AES_BLOCK_SIZE]; /* as RAM */
    uint32_t pointer;
    bool running;
    bool core_taken; /* by CCM or AAR */
};

static void move(struct device *d, uint8_t kind, uint32_t offset, uint16_t size)
{
    const struct ecb *e = device_state(d);
    device_request(
        d, (struct device_request){
               .kind = kind, .size = size, .address = e->pointer + offset, .state_offset = offset});
}

static void end(struct device *d, uint32_t event)
{
    struct ecb *e = device_state(d);
    e->running = false;
    d->wake_ps = TIME_NEVER;
    nrf_event(d, event);
}

static void start(struct device *d, uint32_t row)
{
    (void)row;
    struct ecb *e = device_state(d);
    if (e->running || e->core_taken) {
        nrf_event(d, ERRORECB); /* what runs goes on */
        return;
    }
    e->running = true;
    e->pointer = device_value(d, ECBDATAPTR);
    d->wake_ps = d->now_ps + BLOCK_PS;
    move(d, REQUEST_DMA_READ, offsetof(struct ecb, key), 2 * AES_BLOCK_SIZE);
}

static void abort_block(struct device *d)
{
    const struct ecb *e = device_state(d);
    if (e->running)
        end(d, ERRORECB);
}

static void stop(struct device *d, uint32_t row)
{
    (void)row;
    abort_block(d);
}

static void on_shared(struct device *d, bool taken)
{
    struct ecb *e = device_state(d);
    e->core_taken = taken;
    if (taken)
        abort_block(d);
}

static void on_wake(struct device *d)
{
    struct ecb *e = device_state(d);
    aes128_encrypt(e->key, e->cleartext, e->ciphertext);
    move(d, REQUEST_DMA_WRITE, offsetof(struct ecb, ciphertext), AES_BLOCK_SIZE);
}

static void on_dma_done(struct device *d, const struct device_request *r, bool done)
{
    if (!done)
        abort_block(d);
    else if (r->kind == REQUEST_DMA_WRITE)
        end(d, ENDECB);
}

static const struct reg regs[] = {
    [TASKS_STARTECB] = NRF_TASK("TASKS_STARTECB", 0x000, start),
    [TASKS_STOPECB] = NRF_TASK("TASKS_STOPECB", 0x004, stop),
    [EVENTS_ENDECB] = NRF_EVENT("EVENTS_ENDECB", ENDECB),
    [EVENTS_ERRORECB] = NRF_EVENT("EVENTS_ERRORECB", ERRORECB),
    [INTENSET] = NRF_INTENSET(EVENT_BITS, 0),
    [INTENCLR] = NRF_INTENCLR(EVENT_BITS, 0),
    [ECBDATAPTR] = {"ECBDATAPTR", 0x504, .writable = 0xffffffff},
};

const struct nrf_type nrf52_ecb = {
    .type = {.name = "nrf52-ecb",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000,
             .state_size = sizeof(struct ecb),
             .dma = true,
             .on_wake = on_wake,
             .on_dma_done = on_dma_done,
             .on_shared = on_shared,
             .on_error = abort_block},
    .inten = INTENSET,
};
