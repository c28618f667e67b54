/* passthrough.h: lends a device's registers to one app, and takes them back.
 *
 *   app --command(2, base, size)--> passthrough_allocate      (or a request in the app's header)
 *         --> the request is checked: not empty, no wrap, aligned, inside lendable endpoints
 *         --> the board's filter says no, or which span         (DevicePassthroughFilter)
 *         --> the answer is checked: contains the request, meets no memory, no private bus, no
 *             device of the kernel's own drivers, no endpoint that another process owns
 *         --> the span becomes a window of the app's MPU config, packed with the others
 *         --> every endpoint that the span touches is now owned by the app
 *   device interrupt --> passthrough_interrupt --> status read, device's interrupts disabled
 *         --> an upcall (status, device base, line) to the owner, who enables them again by MMIO
 *
 * What is guaranteed, whatever apps, filters and devices do:
 *   G1  A window is mapped only after the filter said yes, and only where the answer covers it.
 *   G2  No byte of a window is memory, private bus, or a register of a kernel driver.
 *   G3  An endpoint has one owner at most; a window meets no endpoint that is not its owner's.
 *   G4  An interrupt of a lent device goes to its owner or to nobody.
 *   G5  When the owner dies, restarts, or gives the device back: unmapped before anything else runs
 *       in user mode, then the line masked and cleared, then the device quiet and reset with its
 *       DMA stopped, then its queued upcalls dropped, then the ownership free.
 *   G6  A new owner finds the device's line low, and each register that a write can change in its
 *       reset state. Results that no write can wipe may stay (quiesce_nrf52.h says which).
 *   G7  No device keeps the CPU from the apps: of each lent device at most one interrupt stands
 *       between two steps of its owner. After it the line stays masked until its upcall is gone
 *       (delivered, or cancelled by a new subscribe) and another one would be kept: the queue has
 *       room, and the owner does not ignore it (a null upcall under yield-wait). What comes
 *       meanwhile pends, and is heard then as one interrupt. A line that will not be quiet is off.
 *       (A line of the kernel's own drivers rests: line_pace.h.)
 *
 * What a device must be for this to isolate (the board opts in per device, and says so):
 *   D1  It is no DMA master, or allow_dma is set: then its owner is part of the trusted computing
 *       base (TRD 107, section 3), and only least privilege remains.
 *   D2  All of its registers are in its windows, and no other device's are (shared pages are one
 *       endpoint).
 *   D3  It cannot trigger tasks of another device (PPI can). A board that lends such a router all
 *       the same puts it first among its endpoints: they are made quiet in that order. Its owner is
 *       trusted like a DMA master's: it can stop any device, the kernel's, too, and start those of
 *       others again while they are made quiet, so that they are withheld.
 *   D4  Its quiesce steps stop it and its DMA within a bounded time, and reset what it holds.
 *   D5  Its one interrupt line falls when its INTENCLR is written. (One that does not is masked
 *       until the device is given back, and withheld if it is high even then.)
 *   D6  Its registers are no power over the whole chip: no reset, no power-off, no flash, no clock
 *       that the kernel runs by. (CLOCK's page has POWER's SYSTEMOFF: whoever has it is trusted.)
 *
 * An endpoint is owned as a whole by whoever has a window that touches it, as asked or as widened
 * by the filter; it is free again when the last such loan has gone. Bytes of a widened answer that
 * no endpoint names are the board's over-exposure: its filter said so, and G2 still holds for them.
 *
 * Source: TRD 107, sections 2 and 3; the draft's interface (command numbers, subscribe 0).
 */
#ifndef MODEL_PASSTHROUGH_H
#define MODEL_PASSTHROUGH_H

#include "model/capability.h"
#include "model/driver.h"
#include "model/limits.h"
#include "model/process.h"
#include "model/span.h"

enum {
    PASSTHROUGH_DRIVER_DEFAULT =
        0x10001, /* the draft's; collides with AppLoader on Tock's master */
    PASSTHROUGH_EXISTS = 0,
    PASSTHROUGH_QUERY = 1,    /* (base, size): success with 2u32: the window it has or would get */
    PASSTHROUGH_ALLOCATE = 2, /* (base, size) */
    PASSTHROUGH_RELEASE = 3,  /* (base, size): exactly as asked at allocate */
    PASSTHROUGH_UPCALL =
        0, /* subscribe 0: (status, device base, line); status 0: none stands any more */
};

/* One loan: what was asked, and what the filter made of it. */
struct loan {
    struct process_id owner; /* unique 0: a free row */
    struct span asked;
    struct span granted;
};

enum { LOAN_MAX = 64 }; /* loans of all apps together; ours */

struct passthrough {
    struct process_id owners[ENDPOINT_MAX]; /* by endpoint of config->endpoints; unique 0: free */
    bool withheld[ENDPOINT_MAX]; /* did not become quiet: lent to nobody until reset of the chip */
    struct loan loans[LOAN_MAX];
    uint32_t loan_end; /* rows from here on were never used */
};

/* Lends `asked` (bytes of MMIO space) to `p`, whole or not at all. Checked in this order:
 *
 * ERR_NODEVICE: the process is dead, or this board lends nothing (no filter).
 * ERR_SIZE: `asked` is empty or wraps.
 * ERR_INVAL: base or size no multiple of 32.
 * ERR_BUSY: a kernel driver uses a device in it.
 * ERR_INVAL: not every byte is a lendable endpoint's.
 * ERR_ALREADY: this process has exactly this window, or one that meets it.
 * ERR_BUSY: another process holds a device in it.
 * ERR_OFF: a device in it is withheld: it did not become quiet when its last owner died.
 * ERR_RESERVE: a device in it is a DMA master, and the board did not opt in.
 * Then the filter is asked; its code (1..13; any other becomes ERR_FAIL) is the answer. Its span:
 * ERR_INVAL: does not contain `asked`, wraps, no multiple of 32; or meets memory, a forbidden span,
 *   the private bus, a device of the kernel's, or a DMA master that the board did not opt in for.
 * ERR_BUSY, ERR_OFF: as above, of a device that only the answer touches.
 * ERR_ALREADY: meets another window, the block or the flash of this process.
 * ERR_NOMEM: no MPU region is left, or no row (WINDOW_MAX, LOAN_MAX). */
enum err passthrough_allocate(struct kernel *k, struct hw *hw, struct process *p, struct span asked,
                              const struct passthrough_capability *may) MUST_CHECK;

/* The window that `p` has for exactly `asked`; else what allocate would answer now, without an
 * effect (the filter is asked). `*granted` is written on success only. */
enum err passthrough_query(struct kernel *k, struct hw *hw, const struct process *p,
                           struct span asked, struct span *granted) MUST_CHECK;

/* Takes back the loan of exactly `asked`, in the order of G5 (the app lives on).
 * ERR_SIZE: empty or wraps. ERR_INVAL: no multiples of 32. ERR_NODEVICE: `p` has no such loan. */
enum err passthrough_release(struct kernel *k, struct hw *hw, struct process *p, struct span asked,
                             const struct passthrough_capability *may) MUST_CHECK;

/* Takes back all loans of a process that dies, G5; called by process_end before anything else. */
void passthrough_process_end(struct kernel *k, struct hw *hw, struct process *p);

/* Bottom half of `line`, if it belongs to an endpoint that is lent or lendable; else false. The
 * line is masked before and after it: held (k->line_held) until passthrough_upcalls_taken; or off
 * (k->line_off), since the device has no owner, or is silenced and its line is high all the same.
 * An upcall that finds no room is dropped and counted: the owner sees the events in the device. */
bool passthrough_interrupt(struct kernel *k, struct hw *hw, uint32_t line);

/* After a system call of `p`, and when it wakes: where its upcalls get fewer. Opens the held lines
 * of its devices whose upcall waits no more, if another one would be kept (G7). */
void passthrough_upcalls_taken(struct kernel *k, struct hw *hw, const struct process *p);

extern const struct driver passthrough_driver;

#endif
