/* nvmc.c: the controller of the flash: enables, times, and what a write does to a word.
 * Source: nRF52840 Product Specification v1.7, section 4.3, "NVMC - Non-volatile memory
 * controller": tWRITE 41 us, tERASEPAGE 85 ms; register rows as in Nordic's nrf52840.svd.
 *
 *   store to flash by the kernel --CONFIG = Wen--> 41 us --> word &= what was stored
 *   ERASEPAGE = address          --CONFIG = Een--> 85 ms --> its 4 KiB read 0xff
 *   ERASEPAGEPARTIAL = address   --CONFIG = Een--> ERASEPAGEPARTIALCFG ms, until 85 are together
 *
 * Where the bytes are: the machine has them for the board's "storage" (sim/machine_value.h), which
 * is all that can be written or erased here. A word that is written a third time since its erase
 * (nWRITE is 2) is written all the same, and flagged in the trace.
 *
 * While it is busy the CPU stands still, since it fetches its code from this flash: time passes,
 * devices go on, interrupts wait. Parameter 0 = 1: kernel and apps run from RAM. Then the CPU goes
 * on, READY is 0 meanwhile, one word may wait in the buffer (READYNEXT), and only a store that
 * finds no place there waits.
 *
 * What the part does not say or does badly: a store to flash while CONFIG is not Wen ends in a
 * fault (of a kernel: it panics); ERASEPAGE and ERASEPAGEPARTIAL without Een do nothing, and an
 * address inside a page means that page; partial erases of another page, or a write, begin the sum
 * anew, and before the sum is full the page keeps its bytes.
 *
 * An injected error: the operation that is under way, or else the next one, fails: of a word the
 * lowest bit that it should clear stays, an erase leaves its page as it was. A device that hangs in
 * an operation reads READY = 0 for ever; the CPU goes on after the operation's usual time.
 *
 * Not modelled: ERASEALL and ERASEUICR (they read 0 and do nothing), UICR, ACL, the instruction
 * cache and its counters (ICACHECNF is stored), power lost in the middle of an operation, wear
 * (10000 erases), the accuracy of partial erases, data reads that wait while it is busy.
 */
#include "devices/catalogue.h"

enum {
    READY,
    READYNEXT,
    CONFIG,
    ERASEPAGE,
    ERASEALL,
    ERASEUICR,
    ERASEPAGEPARTIAL,
    ERASEPAGEPARTIALCFG,
    ICACHECNF,
    IHIT,
    IMISS,
};
enum { CONFIG_WEN = 1, CONFIG_EEN = 2 };
enum { PAGE_SIZE = 4096, WRITE_US = 41, ERASE_MS = 85, OPERATIONS = 3 };

struct operation {
    uint32_t address, word;
    uint32_t erase_ms; /* 0: a write */
};

struct nvmc {
    uint64_t due_ps; /* end of the first operation */
    /* Under way, in the buffer, and on the bus: a store that waits. */
    struct operation queue[OPERATIONS];
    uint32_t count;
    uint32_t partial_page, partial_ms;
    bool fails;         /* an injected error */
    bool runs_from_ram; /* the code does: the CPU needs no flash */
};

/* --- operations ------------------------------------------------------------------------------ */

static uint64_t operation_ps(const struct operation *o)
{
    return o->erase_ms ? o->erase_ms * PS_PER_MS : WRITE_US * PS_PER_US;
}

static void begin_first(struct device *d)
{
    struct nvmc *n = device_state(d);
    n->due_ps = n->count ? d->now_ps + operation_ps(&n->queue[0]) : TIME_NEVER;
    d->wake_ps = n->due_ps;
}

static void add(struct device *d, struct operation operation)
{
    struct nvmc *n = device_state(d);
    if (n->count == OPERATIONS) { /* the CPU that waits can ask for no more */
        d->lost_requests++;
        return;
    }
    n->queue[n->count++] = operation;
    if (n->count == 1)
        begin_first(d);
}

/* The lowest bit that the word should clear stays as it is. */
static uint32_t word_failed(uint32_t word)
{
    return word | (~word & (word + 1));
}

static void write_done(struct device *d, const struct operation *o, bool fails)
{
    struct nvmc *n = device_state(d);
    n->partial_ms = 0;
    device_request(d,
                   (struct device_request){.kind = REQUEST_FLASH_WRITE,
                                           .address = o->address,
                                           .state_offset = fails ? word_failed(o->word) : o->word});
}

static void erase_done(struct device *d, const struct operation *o, bool fails)
{
    struct nvmc *n = device_state(d);
    if (n->partial_page != o->address)
        n->partial_ms = 0;
    n->partial_page = o->address;
    n->partial_ms += fails ? 0 : o->erase_ms;
    if (n->partial_ms < ERASE_MS)
        return;
    n->partial_ms = 0;
    device_request(d, (struct device_request){
                          .kind = REQUEST_FLASH_ERASE, .size = PAGE_SIZE, .address = o->address});
}

static void on_wake(struct device *d)
{
    struct nvmc *n = device_state(d);
    struct operation done = n->queue[0];
    bool fails = n->fails;
    n->fails = false;
    n->count--;
    for (uint32_t i = 0; i < n->count; i++)
        n->queue[i] = n->queue[i + 1];
    begin_first(d);
    if (done.erase_ms)
        erase_done(d, &done, fails);
    else
        write_done(d, &done, fails);
}

/* --- the CPU's side -------------------------------------------------------------------------- */

static bool on_flash_write(struct device *d, uint32_t address, uint32_t word)
{
    if (device_value(d, CONFIG) != CONFIG_WEN)
        return false;
    add(d, (struct operation){.address = address, .word = word});
    return true;
}

/* One operation may wait behind a write, none behind an erase. */
static bool takes_more(const struct nvmc *n)
{
    return n->count == 0 || (n->count == 1 && !n->queue[0].erase_ms);
}

static uint64_t halts_until_ps(const struct device *d)
{
    const struct nvmc *n = device_state_read(d);
    bool waits = n->count == OPERATIONS || (n->count == 2 && n->queue[0].erase_ms);
    if (n->count == 0 || (n->runs_from_ram && !waits))
        return 0;
    uint64_t until_ps = n->due_ps;
    for (uint32_t i = 1; !n->runs_from_ram && i < n->count; i++)
        until_ps += operation_ps(&n->queue[i]);
    return until_ps;
}

/* --- registers ------------------------------------------------------------------------------- */

static uint32_t read_ready(struct device *d, uint32_t row, uint32_t stored)
{
    (void)stored;
    const struct nvmc *n = device_state(d);
    return row == READY ? n->count == 0 : takes_more(n);
}

static void erase_written(struct device *d, uint32_t row, uint32_t written)
{
    uint32_t partial_ms = device_value(d, ERASEPAGEPARTIALCFG);
    uint32_t ms = row == ERASEPAGE ? ERASE_MS : partial_ms;
    if (device_value(d, CONFIG) == CONFIG_EEN && ms > 0)
        add(d, (struct operation){.address = written & ~(uint32_t)(PAGE_SIZE - 1), .erase_ms = ms});
}

static void on_error(struct device *d)
{
    struct nvmc *n = device_state(d);
    n->fails = true;
}

static void on_parameter(struct device *d, uint32_t index, uint32_t value)
{
    struct nvmc *n = device_state(d);
    if (index == 0)
        n->runs_from_ram = value == 1;
}

static void on_reset(struct device *d)
{
    struct nvmc *n = device_state(d);
    n->due_ps = TIME_NEVER;
}

/* clang-format off */
static const struct reg regs[] = {
    [READY] = {"READY", 0x400, .reset = 1, .on_read = read_ready},
    [READYNEXT] = {"READYNEXT", 0x408, .reset = 1, .on_read = read_ready},
    [CONFIG] = {"CONFIG", 0x504, .writable = 3},
    [ERASEPAGE] = {"ERASEPAGE", 0x508, .writable = 0xffffffff, .on_write = erase_written},
    [ERASEALL] = {"ERASEALL", 0x50c, .reset = 0},
    [ERASEUICR] = {"ERASEUICR", 0x514, .reset = 0},
    [ERASEPAGEPARTIAL] = {"ERASEPAGEPARTIAL", 0x518, .writable = 0xffffffff,
                          .on_write = erase_written},
    [ERASEPAGEPARTIALCFG] = {"ERASEPAGEPARTIALCFG", 0x51c, .reset = 10, .writable = 0x7f},
    [ICACHECNF] = {"ICACHECNF", 0x540, .writable = 0x101},
    [IHIT] = {"IHIT", 0x548, .reset = 0},
    [IMISS] = {"IMISS", 0x54c, .reset = 0},
};
/* clang-format on */

const struct device_type nrf52_nvmc = {
    .name = "nrf52-nvmc",
    .regs = regs,
    .reg_count = sizeof regs / sizeof regs[0],
    .window_size = 0x1000,
    .state_size = sizeof(struct nvmc),
    .on_reset = on_reset,
    .on_wake = on_wake,
    .on_flash_write = on_flash_write,
    .halts_until_ps = halts_until_ps,
    .on_error = on_error,
    .on_parameter = on_parameter,
};
