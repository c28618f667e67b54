/* monitor.h: a rule's judge: reads records as they come, and the hardware, and touches nothing.
 *
 *   trace_add --record--> every monitor whose `kinds` has that kind --verdict_add-->
 *   machine.verdicts switch to user mode --> on_user: the MPU as it is now, before the first
 *   instruction
 *
 * Accesses (loads, stores, the kernel's reads and writes of registers) are most of all records, and
 * a monitor cares for few of them: it may choose by the place that is touched, too.
 *
 * on_user comes right after EVENT_RUN and before EVENT_RETURN, EVENT_UPCALL and the first
 * operation.
 * Monitors hear a record in the order of monitors[]: the ledger (sim/monitors/ledger.h) first, so
 * that the others find in it what should be, this record included.
 *
 * A monitor's state is a value of state_size bytes inside the machine and is copied with it.
 * Monitors read memory, registers and devices (machine.h's views), never the kernel's struct: its
 * notes say what was meant, the hardware says what is.
 */
#ifndef SIM_MONITOR_H
#define SIM_MONITOR_H

#include "sim/peak.h"
#include "sim/rules.h"
#include "sim/scenario.h"
#include "sim/trace.h"
#include <stddef.h>

struct machine;

/* For the rare half of what runs all the time: inlined, it would make the other half slower. */
#define OUT_OF_LINE __attribute__((noinline))

/* An array within a monitor's state of which only the first rows are in use: one for each app of
 * the scenario, or as many as the number says that stands at `end_at` of the state. The others are
 * as at the start. */
struct monitor_rows {
    uint32_t offset, size, count; /* bytes of a row; rows. 0 rows: no such array */
    uint32_t end_at, end_size;    /* bytes: 2 or 4; 0: an app each */
};
enum { MONITOR_ROWS_MAX = 2 };

#define MONITOR_ROW_SIZE(state, array) sizeof((struct state *)0)->array[0]
/* NOLINTBEGIN(bugprone-macro-parentheses): a member's name cannot stand in them */
#define MONITOR_ROWS(state, array, first)                                                          \
    .offset = offsetof(struct state, array) + (first)*MONITOR_ROW_SIZE(state, array),              \
    .size = MONITOR_ROW_SIZE(state, array),                                                        \
    .count = sizeof((struct state *)0)->array / MONITOR_ROW_SIZE(state, array) - (first)
#define ROWS_OF_APPS(state, array)                                                                 \
    {                                                                                              \
        MONITOR_ROWS(state, array, 0)                                                              \
    }
#define ROWS_FROM_UP_TO(state, array, first, end)                                                  \
    {                                                                                              \
        MONITOR_ROWS(state, array, first), .end_at = offsetof(struct state, end),                  \
                                           .end_size = sizeof((struct state *)0)->end              \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

struct monitor {
    const char *name;
    uint64_t kinds[2]; /* bit k of word k / 64: on_record hears records of kind k ... */
    bool (*hears)(const struct scenario *s, unsigned kind); /* ... if this says so. NULL: always */
    /* ... and, of an access, if this says so of where it goes. NULL: wherever */
    bool (*hears_at)(const struct scenario *s, unsigned kind, uint32_t place);
    /* An app's access that it has heard needs it no more: it would judge it the same, until another
     * app runs or the ledger changes what an app may reach (machine_dues_changed). */
    bool is_steady;
    size_t state_size;                            /* zeroed at start */
    struct monitor_rows rows[MONITOR_ROWS_MAX];   /* by offset: what need not be copied */
    size_t (*size_for)(const struct scenario *s); /* in its place; 0: nothing to judge there */
    uint64_t rules;                               /* bit r: this monitor judges rule r */
    bool always; /* else only when the scenario has a check for it */
    void (*start)(struct machine *m, void *state);
    void (*on_record)(struct machine *m, void *state, const struct record *r);
    void (*on_user)(struct machine *m, void *state, uint32_t process);
    /* Before the kernel writes RAM by hw_ram_write: no record tells of that. One monitor at
     * most. */
    void (*on_kernel_write)(struct machine *m, void *state, struct span to, const uint8_t *bytes);
    /* Of a machine with nothing to hear for this monitor it leaves the state as it is. */
    void (*at_end)(struct machine *m, void *state);
};

static inline size_t monitor_size(const struct monitor *monitor, const struct scenario *s)
{
    return monitor->size_for ? monitor->size_for(s) : monitor->state_size;
}

#define KIND_BIT(kind) (UINT64_C(1) << ((kind) % 64))

/* Where an access goes: to the registers of a modelled device of the board, by its index, or to one
 * of these. */
enum {
    PLACE_MEMORY = BOARD_DEVICE_MAX, /* RAM or flash */
    PLACE_ELSEWHERE,                 /* system registers, named holes */
    PLACES,
};

/* The records that are accesses. */
enum access_record { ACCESS_LOAD, ACCESS_STORE, ACCESS_KERNEL_READ, ACCESS_KERNEL_WRITE };
enum { ACCESS_RECORDS = ACCESS_KERNEL_WRITE + 1 };

/* One break. `verdict_count` in the machine counts all; the first VERDICT_MAX are kept. */
struct verdict {
    uint16_t rule;
    uint16_t process;
    uint32_t address;
    uint64_t at_ps;
    uint64_t record;      /* how many records had been traced */
    uint64_t got, wanted; /* numbers for the message, by `detail` */
    uint16_t detail; /* enum verdict_detail of the monitor's own: report.c has a phrase for each */
    uint16_t check;  /* index of the scenario's check, or 0xffff */
};

enum { VERDICT_MAX = 32, CHECK_NONE = 0xffff };

/* What exactly is wrong, one phrase each. Monitors append theirs. In a phrase:
 *   %p the process            %a the address            %o the process whose index `got` is
 *   %g, %w got, wanted        %G, %W in hex             %e, %f the error codes got, wanted
 *   %t, %u times got, wanted, in microseconds           %c the check's patterns, or place
 *   %s, %S the process states got, wanted               %l `address` as a plain number
 *   %b what the check wants: 2, at least 2, at most 2, 2 to 4
 *   %x the multiplexer in the low byte of `address`, %q the client in the next one
 *   %y the clients in `got`, a byte each
 *   %m the check's fact: "answered of central"         %v got, in the fact's own words
 *   %h, %H the low and the high half of wanted, nanoseconds, as microseconds
 *   %k an event at the time got, %K kernel paths: bits of `address`, the event behind the paths */
/* clang-format off */
#define VERDICT_DETAILS(X)                                                                         \
    X(DETAIL_NONE, "") \
    X(DETAIL_KERNEL_PANIC, "the kernel panicked") \
    /* reach, stale-mpu, over-exposure */ \
    X(DETAIL_REACH_READ, "%p can read %a and on for %g bytes, which it was never given") \
    X(DETAIL_REACH_WRITE, "%p can write %a and on for %g bytes, which it was never given") \
    X(DETAIL_REACH_EXECUTE, "%p can execute %a and on for %g bytes, which it may not") \
    X(DETAIL_REACH_LACKS, "%p cannot use %a and on for %g bytes, though they are its own") \
    X(DETAIL_REACH_ACCESS, "%p touched %a, which it was never given, and the access went through") \
    X(DETAIL_STALE_OFF, "%p runs while the protection unit is off") \
    X(DETAIL_STALE_OTHER, "%p can reach %a and on for %g bytes, which belong to another app") \
    X(DETAIL_STALE_LIFE, "%p can reach %a and on for %g bytes of an earlier life or loan") \
    X(DETAIL_EXPOSURE, \
      "%p reaches %a, one of %g bytes that it did not ask for and no board file declares") \
    X(DETAIL_EXPOSURE_BOUND, "an app reaches %g bytes beyond its requests, wanted %w") \
    /* memory-layout */ \
    X(DETAIL_LAYOUT_BLOCK, \
      "%p has a block at %a of %g bytes that wraps or is not all process RAM") \
    X(DETAIL_LAYOUT_MEETS, "%p has a block at %a that meets the block of %o") \
    X(DETAIL_LAYOUT_ORDER, "%p has its app break at %a, and %G is not above it as it must be") \
    X(DETAIL_LAYOUT_MARK, "%p has its app break at %a, below the end of an allowed buffer at %G") \
    X(DETAIL_LAYOUT_ALLOW, "%p has allowed %g bytes at %a, which are not all its own") \
    X(DETAIL_LAYOUT_GRANT, \
      "%p has a grant of %g bytes at %a, which meets what must stay apart from it") \
    X(DETAIL_LAYOUT_MEMOP, "%p was told that its break is %W, and it is %a") \
    /* exclusive-owner */ \
    X(DETAIL_OWNER_TWO, "%p was lent %a, whose device %o has") \
    X(DETAIL_OWNER_KERNEL, "%p was lent %a, which a driver of the kernel uses") \
    X(DETAIL_OWNER_ACCESS, "%p used the register %a, which it was not lent") \
    /* filter-asked, refusal-reason */ \
    X(DETAIL_FILTER_NOT_ASKED, \
      "%p was lent %a without the board's filter having said yes to that request") \
    X(DETAIL_FILTER_MISQUOTED, "the filter's answer to %p for %a came out as %e, and it says %f") \
    X(DETAIL_FILTER_NEEDLESS, \
      "the filter was asked about %a for %p, which has not asked for it or must be refused it") \
    X(DETAIL_FILTER_AGAIN, "the filter was asked twice about one request of %p for %a") \
    X(DETAIL_FILTER_COVER, "%p was lent %a, which does not contain all of what it asked for") \
    X(DETAIL_FILTER_MEMORY, \
      "%p was lent %a, which meets memory, a private register or what is never lent") \
    X(DETAIL_REFUSAL_CODE, "%p was refused %a with %e, and the reason was %f") \
    X(DETAIL_REFUSAL_BASELESS, "%p was refused %a with %e, and nothing stands against it") \
    X(DETAIL_REFUSAL_MISSING, "%p was not refused %a, though there was a reason: %f") \
    X(DETAIL_REFUSAL_VARIANT, "%p was refused %a with return variant %g, wanted %w") \
    /* interrupt-owner */ \
    X(DETAIL_IRQ_FOREIGN, \
      "%p got the interrupt of the device at %a, line %g, which it was not lent") \
    X(DETAIL_IRQ_UNTIED, "%p got an upcall for base %a and line %g, which no one device has") \
    X(DETAIL_IRQ_NONE, \
      "%p got an upcall for line %g (device at %a), which has not risen since the last one") \
    X(DETAIL_IRQ_QUEUED, "line %g was serviced for %p, which does not hold its device at %a") \
    X(DETAIL_IRQ_STATUS, \
      "the status of the device at %a came out as %G, and %W stood there as its line rose") \
    X(DETAIL_IRQ_LOUD, "the device at %a was serviced, and its interrupts %G are still enabled") \
    X(DETAIL_IRQ_SWALLOWED, "line %g has risen while it was on, and nobody has serviced it") \
    X(DETAIL_IRQ_OFF, "the device at %a was lent, and its line, %g, is off") \
    X(DETAIL_IRQ_ON, "line %g is nobody's, or was given up, and is on") \
    X(DETAIL_IRQ_OPEN, "line %g is serviced while it is on: its handler has not masked it") \
    X(DETAIL_IRQ_CLOSED, "line %g is a driver's of the kernel's, and is off while the CPU sleeps") \
    X(DETAIL_IRQ_UNHEARD, \
      "line %g is a driver's of the kernel's, which has not taken it, and is given up") \
    /* death-order, device-reset */ \
    X(DETAIL_DEATH_IGNORED, \
      "%p exited or faulted, and its life was not ended before user mode ran") \
    X(DETAIL_DEATH_MAPPED, "%p gave up its window %a, which was never taken out of its map") \
    X(DETAIL_DEATH_ORDER, \
      "the device at %a of %p was dealt with out of order: step %g before step %w") \
    X(DETAIL_DEATH_UNFINISHED, "the device at %a of %p was still at step %g when user mode ran") \
    X(DETAIL_DEATH_LINE, "the line of the device at %a, once lent to %p, is still on or pending") \
    X(DETAIL_DEATH_BUSY, "the device at %a, once lent to %p, is not quiet") \
    X(DETAIL_DEATH_REGISTER, "register %a, once lent to %p, holds %G after the reset, wanted %W") \
    X(DETAIL_DEATH_STUCK, \
      "the device at %a, once lent to %p, was called stuck, and nothing of its hardware says so") \
    X(DETAIL_DEATH_EARLY, \
      "a device once lent to %p was called quiet, and nobody waited until %a said so") \
    X(DETAIL_RESET_REGISTER, "%p was lent %a, which holds %G, wanted %W") \
    X(DETAIL_RESET_LINE, "%p was lent the device at %a with its interrupt line high") \
    /* upcall-once */ \
    X(DETAIL_UPCALL_UNQUEUED, "%p got an upcall of driver %G that was not waiting") \
    X(DETAIL_UPCALL_ORDER, "%p got an upcall of driver %G before an older one of driver %W") \
    X(DETAIL_UPCALL_FUNCTION, "%p was called at %a, and it had subscribed %W") \
    X(DETAIL_UPCALL_SILENT, "%p was called at %a without an upcall having been delivered") \
    X(DETAIL_UPCALL_SWAP, "%p swapped an upcall of driver %W, and %g old ones still wait") \
    X(DETAIL_UPCALL_LOST, \
      "%p lost %g upcalls of driver %W that it waits for, or that waited and were not swapped") \
    X(DETAIL_UPCALL_COUNT, "%p has %g upcalls waiting, and the kernel says %w") \
    X(DETAIL_UPCALL_DROPS, "%p has %g upcalls counted as dropped, wanted %w") \
    X(DETAIL_UPCALL_OWED, \
      "%p has a handler for an interrupt or alarm that has come, and nothing waits or is counted") \
    X(DETAIL_UPCALL_FULL, "%p has %g upcalls waiting, more than %w") \
    /* progress, starvation, slice, livelock */ \
    X(DETAIL_PROGRESS_UPCALL, "the CPU sleeps while an upcall waits that %p would take") \
    X(DETAIL_PROGRESS_READY, "the CPU sleeps while %p is ready to run") \
    X(DETAIL_PROGRESS_LINE, \
      "%p waits for the device at %a, whose interrupt, line %g, has come and is kept from it") \
    X(DETAIL_PROGRESS_GIVEN_UP, \
      "line %g of the device at %a, lent to %p, was given up as stuck, and it is low") \
    X(DETAIL_STARVED, "%p was ready and waited while others ran for %t us, promised within %u us") \
    X(DETAIL_SLICE, "%p ran for %t us while another was ready, its slice is %u us") \
    X(DETAIL_LIVELOCK_LINE, \
      "line %l was serviced %g times while %p was ready, and the apps had %u us") \
    X(DETAIL_LIVELOCK_ROW, \
      "line %l was serviced %g times in a row, without user mode or sleep between, and not given " \
      "up") \
    X(DETAIL_LIVELOCK_KERNEL, \
      "%p was ready, and for %t us the CPU was the kernel's alone; more than %u us are too long") \
    X(DETAIL_LIVELOCK_STUCK, "virtual time stands still: the CPU never leaves a loop") \
    /* dma-reach, dma-after-death, memory-fresh, buffer-custody */ \
    X(DETAIL_DMA_OWNER, \
      "a device lent to %p reached %a and on for %g bytes, beyond its owner's memory") \
    X(DETAIL_DMA_KERNEL, \
      "a device of the kernel reached %a and on for %g bytes, beyond the kernel's RAM") \
    X(DETAIL_DMA_NOBODY, "a device that works for nobody reached %a and on for %g bytes") \
    X(DETAIL_DMA_DEAD, "a device once lent to %p still reached %a and on for %g bytes") \
    X(DETAIL_FRESH, "%p finds %G at %a, which it has just been given and which must be zero") \
    X(DETAIL_CUSTODY_BYTES, \
      "the driver's buffer holds %G at %a, beyond the %w bytes of its client %p") \
    X(DETAIL_CUSTODY_LEFT, \
      "%a has bytes of an earlier client, from byte %g on, as it comes to %p") \
    X(DETAIL_CUSTODY_UNWIPED, "%a was to be wiped after its use for %p, and byte %g is not zero") \
    X(DETAIL_CUSTODY_OWNED, "%a comes to %p and is still another client's, number %g") \
    X(DETAIL_CUSTODY_LENT, \
      "%a goes down to the chip for %p: it is there already, or its owner is client %g") \
    X(DETAIL_CUSTODY_BACK, "%a comes back from the chip for %p, which has %g bytes of it") \
    X(DETAIL_CUSTODY_DMA, "DMA touched byte %g of %a, which had not gone down (its owner: %p)") \
    X(DETAIL_CUSTODY_LENGTH, \
      "DMA moved %g bytes at %a in the driver's buffer, of which %p has %w") \
    /* call-return */ \
    X(DETAIL_CALL_LOST, "%p goes on after a system call of class %g without its results") \
    X(DETAIL_CALL_NONE, "%p got results, and no system call of it was open that has any") \
    X(DETAIL_CALL_UPCALL, "%p is in an upcall, and it did not yield") \
    X(DETAIL_CALL_START, "%p began anew in the middle of its life, or a new life did not begin") \
    /* call-answer */ \
    X(DETAIL_ANSWER_VARIANT, "%p called class %l and got return variant %g, wanted %w") \
    X(DETAIL_ANSWER_NO_VARIANT, "%p called class %l and got %g, which is no return variant") \
    X(DETAIL_ANSWER_NO_ERROR, "%p called class %l and was refused with %g, which is no error") \
    X(DETAIL_ANSWER_ERROR, "%p called class %l and was refused with %e, wanted %f") \
    X(DETAIL_ANSWER_GRANTED, "%p called class %l with success, and it must be refused with %f") \
    X(DETAIL_ANSWER_REFUSED, "%p may move its break down to %G, and was refused") \
    X(DETAIL_ANSWER_GREW, "%p finds %G at %a, by which its break has grown: it must be zero") \
    X(DETAIL_ANSWER_VALUE, "%p called class %l and got the value %G, wanted %W") \
    X(DETAIL_ANSWER_FLAG, \
      "%p finds %g in the byte of its yield-no-wait at %a; whether an upcall ran: %w") \
    X(DETAIL_ANSWER_NO_FLAG, \
      "%p has the byte of its yield-no-wait at %a, and it was not written; an upcall ran: %w") \
    X(DETAIL_ANSWER_NO_EVENT, \
      "%p came back from yield-wait-for, and event %w of driver %G was not delivered") \
    X(DETAIL_ANSWER_LIFE, "the life of %p ended, and it had not exited, faulted or been killed") \
    X(DETAIL_ANSWER_EXIT, "%p exited with number %w, and its life ended as if by %g") \
    X(DETAIL_ANSWER_CODE, "%p exited with completion code %w, and the kernel has %g") \
    X(DETAIL_ANSWER_AGAIN, "%p exited for good, and was started again") \
    X(DETAIL_ANSWER_RESTARTS, "%p has been restarted %w times, and the kernel says %g") \
    /* kernel-write */ \
    X(DETAIL_WRITE_APP, \
      "the kernel wrote %g bytes at %a into %p, which has not handed them over for writing") \
    X(DETAIL_WRITE_DEAD, "the kernel wrote %g bytes at %a into the memory of %p, which is dead") \
    X(DETAIL_WRITE_FLAG, "the kernel wrote the byte of yield-no-wait of %p to %a, not its memory") \
    X(DETAIL_WRITE_GRANT, "%p has a new grant that holds %G at %a and must be zero") \
    /* fault-policy */ \
    X(DETAIL_POLICY_AGAIN, "%p faulted and has to stay dead, and was started again") \
    X(DETAIL_POLICY_LIMIT, "%p faulted and was restarted %g times, and at most %w are declared") \
    X(DETAIL_POLICY_KILLED, "%p was killed from outside, and was started again") \
    X(DETAIL_POLICY_DEAD, "%p faulted and has to be restarted, and stays dead after %g restarts") \
    X(DETAIL_POLICY_NOT_ANEW, "%p has to begin anew, and stays dead after %g restarts") \
    X(DETAIL_POLICY_NO_PANIC, "%p faulted, its board asks for a panic, and the kernel goes on") \
    X(DETAIL_POLICY_ID, "%p begins a life with id %w, which is that of an earlier life of %o") \
    /* loan-answer */ \
    X(DETAIL_LOAN_VALUE, "%p asked about a window at %a and was told %G, wanted %W") \
    X(DETAIL_LOAN_VARIANT, "%p asked for %a and got return variant %g, wanted %w") \
    X(DETAIL_LOAN_COMMAND, \
      "%p called command %l of the passthrough driver and got %g, wanted a failure with %f") \
    X(DETAIL_LOAN_GRANTED, "%p was lent a window at %a that its request does not come to") \
    X(DETAIL_LOAN_REMOVED, "%p lives, and lost its window at %a without giving it back") \
    X(DETAIL_LOAN_OWNED, "%p became the owner of the device at %a, and has no window on it") \
    X(DETAIL_LOAN_KEPT, "the device at %a was taken from %p, which still has a window on it") \
    X(DETAIL_LOAN_HEADER, \
      "%p began a life with %g of the %w requests of its header answered; the next one is for %a") \
    /* sched-order */ \
    X(DETAIL_SCHED_PRIORITY, "%p is ready, and %o runs, which comes behind it") \
    X(DETAIL_SCHED_LOST, "%p goes on before others, and %o runs") \
    X(DETAIL_SCHED_SKIPPED, "%p is next, and %o runs") \
    X(DETAIL_SCHED_KEPT, "%p is next, and %o goes on, with %u us left of its slice") \
    X(DETAIL_SCHED_LEVEL, "%p is ready in queue %w at most, and %o runs in a lower one") \
    X(DETAIL_SCHED_MORE, \
      "%p gets %t us beside another that is ready, and %u us of its slice are left") \
    X(DETAIL_SCHED_FREE, \
      "%p: its slice ended %t us into a system call, which takes the kernel %u us at least") \
    /* kernel-cost */ \
    X(DETAIL_COST_RUN, \
      "from %k until %p ran the kernel worked %h us, and by its board's costs that takes %H us " \
      "at least: left out is %K") \
    X(DETAIL_COST_SLEEP, \
      "from %k until the CPU slept the kernel worked %h us, and by its board's costs that takes " \
      "%H us at least: left out is %K") \
    /* ble-armed-late, ble-ifs, ble-sequence, ble-stale-buffer, ble-channel */ \
    X(DETAIL_BLE_ARMED_LATE, \
      "%p armed %a with a compare value %g ticks behind the counter: what it should start never " \
      "comes in time") \
    X(DETAIL_BLE_ARMED_CLOSE, \
      "%p armed %a with a compare value %g ticks ahead of the counter, and less than %w may be " \
      "overlooked") \
    X(DETAIL_BLE_IFS_LATE, "in event %w %p answers %t us too late, and 2 us are allowed") \
    X(DETAIL_BLE_IFS_EARLY, "in event %w %p answers %t us too early, and 2 us are allowed") \
    X(DETAIL_BLE_ANSWERS_NOTHING, \
      "in event %w %p sends at %g MHz though nothing has come in there") \
    X(DETAIL_BLE_NEW_UNACKED, \
      "in event %g %p sends a new SN, and the one before is not acknowledged") \
    X(DETAIL_BLE_SAME_ACKED, \
      "in event %g %p sends the same SN again in answer to its acknowledgement") \
    X(DETAIL_BLE_DATA_CHANGED, "in event %g %p sends other data under the same SN") \
    X(DETAIL_BLE_NESN_BASELESS, \
      "in event %g %p acknowledges a packet that did not come in new with a good CRC") \
    X(DETAIL_BLE_NO_PDU, "in event %g %p sends what is no data PDU of this connection") \
    X(DETAIL_BLE_BAD_CRCS, "in event %g %p answers the second bad CRC in a row") \
    X(DETAIL_BLE_STALE, \
      "in event %g %p sends the buffer at %a again, which nobody has written since") \
    X(DETAIL_BLE_ECHO, "in event %g %p sends the buffer at %a, which still holds what came in") \
    X(DETAIL_BLE_CHANNEL_SENT, "%p sends at %g MHz, and the event's channel is at %w MHz") \
    X(DETAIL_BLE_CHANNEL_HEARS, \
      "%p listens at %g MHz all the time, and the event's channel is at %w MHz") \
    X(DETAIL_BLE_PHY, "%p uses PHY %g, wanted PHY %w (0: LE 1M, 1: LE 2M)") \
    X(DETAIL_BLE_AFTER_END, "in event %g %p still sends, and the connection is over") \
    /* ppi-reach, radio-without-crystal */ \
    X(DETAIL_PPI_REACH, "the router lent to %p triggers %a, which is not lent to it (channel %g)") \
    X(DETAIL_RADIO_CRYSTAL, "%p lets the radio ramp up by %a, and the crystal does not run (%G)") \
    /* ble_link checks */ \
    X(DETAIL_BLE_FACT, "%m is %v at the end, wanted %b") \
    X(DETAIL_BLE_MARGIN_SMALL, "%m is %t us, wanted at least %u us") \
    X(DETAIL_BLE_MARGIN_BEYOND, "%m: the bound was missed by %t us, wanted a margin of %u us") \
    /* virt-turn, virt-callback */ \
    X(DETAIL_VIRT_LASSO, \
      "%q waits for %x, which has begun %w operations of others since it asked: %y, and then " \
      "the same again, for ever") \
    X(DETAIL_VIRT_TURN, \
      "%q waited for %x while %w operations of others began, some client's twice") \
    X(DETAIL_VIRT_WAITED, \
      "%q waited for %x; operations of others that began meanwhile: %g, wanted %b") \
    X(DETAIL_VIRT_INSIDE, "%q was called back by %x inside the call in which it asked") \
    X(DETAIL_VIRT_UNASKED, "%q was called back by %x without an operation of its own") \
    X(DETAIL_VIRT_UNWANTED, "%x begins an operation of %q, which waits for none") \
    X(DETAIL_VIRT_LOST, "%q was never called back by %x, which goes on with %o") \
    X(DETAIL_VIRT_FOREIGN, "%q got an upcall in what is the callback of %o, by %x") \
    X(DETAIL_VIRT_OUTSIDE, "%q got an upcall of %x outside of its callback") \
    X(DETAIL_VIRT_FORGOTTEN, "%q waits for %x, where nothing is under way") \
    X(DETAIL_VIRT_ORPHAN, \
      "%q waits for %x, where an operation of %o is under way, which has died long ago") \
    /* alarm-time */ \
    X(DETAIL_ALARM_EARLY, "alarm %l fired %g ticks before it was due, at tick %w") \
    X(DETAIL_ALARM_LOST, "alarm %l was due %g ticks ago, at tick %w, and has not fired") \
    X(DETAIL_ALARM_UNARMED, \
      "alarm %l is due in %g ticks, and the counter's compare event comes in %w") \
    X(DETAIL_ALARM_UNSET, "alarm %l fired for tick %g, which it was not set for") \
    /* key-custody */ \
    X(DETAIL_KEYS_LEFT, "key register %g of %a holds a key, and it is nobody's") \
    X(DETAIL_KEYS_TAKEN, "%p was given key register %g of %a, which client %w has reserved") \
    X(DETAIL_KEYS_ENGINE, \
      "%p is served by %a, which still holds something of an earlier operation: its key (0), or " \
      "its vector (1): %g") \
    X(DETAIL_KEYS_FOREIGN, "%a works for %p with key register %g, whose owner is client %w") \
    X(DETAIL_KEYS_OTHER, \
      "%a works for %p with another key than that in its register %g, or with none") \
    X(DETAIL_KEYS_DEAD, "key register %g of %a is kept for %p, which has died") \
    /* storage-region */ \
    X(DETAIL_STORAGE_NOBODY, \
      "%a in storage changed for nobody: what is under way (%p) has no region") \
    X(DETAIL_STORAGE_FOREIGN, "%a in storage changed in an operation of %p, and it is %o's") \
    X(DETAIL_STORAGE_UNCLAIMED, "%a in storage changed in an operation of %p, not its owner yet") \
    X(DETAIL_STORAGE_SECOND, "%p got a second page of storage by %a, it has page %g") \
    X(DETAIL_STORAGE_ROWS, "%a in storage was erased, and says whose the pages are") \
    /* client-data */ \
    X(DETAIL_CLIENT_ADDRESS, "%x calls address %g for %q, which asked for %w") \
    X(DETAIL_CLIENT_WAY, \
      "%x begins to write (0) or to read (1) for %q: %g, and it is time for %w or for nothing") \
    X(DETAIL_CLIENT_NOBODY, "%x puts %G on the wire, and serves nobody; the last one was %q") \
    X(DETAIL_CLIENT_BYTES, "%x sent other bytes for %q than its buffer held (%g bytes)") \
    X(DETAIL_CLIENT_MORE, "%x moves byte %g of an operation of %q, which has %w bytes") \
    X(DETAIL_CLIENT_FAST, "%x moves a byte for %q in %t us, and at its rate that takes %u us") \
    X(DETAIL_CLIENT_SELECT, "%x works for %q with the pins %G low, wanted %W") \
    X(DETAIL_CLIENT_DEAD, "%x still works for %q, which has died") \
    X(DETAIL_CLIENT_ERROR, "%q is called back by %x with %e, and it ended with %f") \
    X(DETAIL_CLIENT_NO_ERROR, "%q is called back by %x without an error, and it ended with %f") \
    X(DETAIL_CLIENT_NO_REASON, "%q is called back by %x with %e, and nothing went wrong") \
    X(DETAIL_CLIENT_CAME, "%q has by %x other bytes in its buffer than came in for it (%g bytes)") \
    X(DETAIL_CLIENT_BEYOND, "%q has by %x bytes in its buffer behind the %g that came for it") \
    X(DETAIL_CLIENT_TOLD, "%q is told %g, %w by %x, and it went otherwise") \
    X(DETAIL_CLIENT_AGAIN, "%q asked %x again before it was called back, and was not refused") \
    X(DETAIL_CLIENT_ACCEPTED, "%x accepted of %q what it must refuse: command %g") \
    X(DETAIL_CLIENT_SHORT, "%x told %q that it is over after %g of %w bytes") \
    X(DETAIL_CLIENT_FRAME, "%x sent a frame for %q with address %g, wanted %w") \
    X(DETAIL_CLIENT_PORT, "%x sent a datagram for %q from port %g, wanted %w") \
    X(DETAIL_CLIENT_PACKET, "%x sent for %q what is not the datagram that it asked for: field %g") \
    X(DETAIL_CLIENT_OPEN, \
      "%x begins for another while the frame of %q is neither over nor aborted") \
    X(DETAIL_CLIENT_FLAG, "%x sent a frame's flag in a text of %q") \
    X(DETAIL_CLIENT_NOTHING_CAME, "%q is told of what came by %x, and nothing has come for it") \
    X(DETAIL_CLIENT_STORED, \
      "%x told %q that it is written, and at %g of its region there are other bytes (%w)") \
    X(DETAIL_CLIENT_NEIGHBOURS, \
      "%x changed other bytes of the region of %q than those that it writes, from %g on") \
    X(DETAIL_CLIENT_SHARED, "%x serves %q by a sample of channel %g, and it asked for %w") \
    X(DETAIL_CLIENT_UNASKED, "%q is told of what came by %x, and has not asked for it") \
    X(DETAIL_CLIENT_NOT_YET, "%q got by %x what had begun to come before it was its own") \
    X(DETAIL_CLIENT_TWO, "%q has bound %w at %x, which is %o's") \
    X(DETAIL_CLIENT_TAKEN, "%q has bound %w at %x, and what another sends with it still goes out") \
    X(DETAIL_CLIENT_READS, "%q reads by %x, and another reader has not been called back") \
    X(DETAIL_CLIENT_LATE, \
      "%x has served %q for %t us, and gives up what does not get on in %u us") \
    /* step, count, absent, order, latency, final */ \
    X(DETAIL_STEP, "step %l of %p gave %g, wanted %w") \
    X(DETAIL_STEP_FAULT, \
      "%p faulted at %a; the scenario does not expect it (such faults in all: %g)") \
    X(DETAIL_STEP_NO_FAULT, "%p was expected to fault, and did not") \
    X(DETAIL_COUNT_LOW, "%c came %g times, wanted %b") \
    X(DETAIL_COUNT_HIGH, "%c came %g times, wanted %b") \
    X(DETAIL_ABSENT, "%c must not come, and did (%p, %a)") \
    X(DETAIL_ORDER, "%c: the second came without the first before it") \
    X(DETAIL_LATENCY_LONG, "%c took %t us, wanted at most %u us") \
    X(DETAIL_LATENCY_SHORT, "%c took %t us, wanted at least %u us") \
    X(DETAIL_LATENCY_OPEN, "%c is still open after %t us, wanted at most %u us") \
    X(DETAIL_SPEEDUP, "%c: a speed-up of %g thousandths, wanted at least %w") \
    X(DETAIL_SPEEDUP_HIGH, "%c: a speed-up of %g thousandths, wanted at most %w") \
    X(DETAIL_FINAL_STATE, "%p ended %s, wanted %S") \
    X(DETAIL_FINAL_RESTARTS, "%p was restarted %g times, wanted %b") \
    X(DETAIL_FINAL_COMPLETION, "%p ended with completion code %g, wanted %b") \
    X(DETAIL_FINAL_NO_COMPLETION, "%p has no completion code, wanted %b") \
    X(DETAIL_FINAL_VARIABLE, "%c of %p is %g at the end, wanted %b") \
    X(DETAIL_FINAL_FACT, "%m is %v at the end, wanted %b")
/* clang-format on */

enum verdict_detail {
#define DETAIL_ENUM(enumerator, phrase) enumerator,
    VERDICT_DETAILS(DETAIL_ENUM)
#undef DETAIL_ENUM
        DETAIL_NUMBER
};

void verdict_add(struct machine *m, struct verdict verdict);
/* The same for monitors: a break of `rule` now, unless one of the same rule, process, address and
 * detail is kept already: one fault that shows a thousand times must not push others out. */
void break_add(struct machine *m, enum rule rule, uint32_t process, uint32_t address,
               enum verdict_detail detail, uint64_t got, uint64_t wanted);
/* The same of the scenario's check `check`, and of the rule that its kind belongs to. */
void break_of_check(struct machine *m, uint32_t check, uint32_t process, uint32_t address,
                    enum verdict_detail detail, uint64_t got, uint64_t wanted);
enum rule check_rule(enum check_kind kind);
/* The check had something to judge; of rules says so rule_armed (machine.h). */
void check_armed(struct machine *m, uint32_t check);
/* So near has the run come to the bound: the most is kept. */
void peak_reach(struct machine *m, enum peak peak, uint64_t value);

/* Every monitor, in the fixed order of monitors.h; state offsets follow it. */
extern const struct monitor *const monitors[];
extern const uint32_t monitor_count;

/* Results of latency checks, kept in that monitor's state, for the report. A speed-up has two: its
 * second pair of patterns is latency_result_2. NULL: the check has none, or there are more than
 * LATENCY_MAX pairs of patterns. */
enum { LATENCY_MAX = 32 };
struct latency_result {
    uint64_t count, open; /* pairs seen; `from` without its `to` so far */
    uint64_t min_ps, max_ps, sum_ps;
    uint64_t max_at_ps;     /* when the slowest ended */
    uint32_t histogram[64]; /* by half octaves of nanoseconds; the last bar takes all beyond */
};
const struct latency_result *latency_result(const struct machine *m, uint32_t check);
const struct latency_result *latency_result_2(const struct machine *m, uint32_t check);
/* The upper edge of the histogram's bar that holds the quantile, but never more than the maximum.
 * */
uint64_t latency_quantile_ps(const struct latency_result *l, uint32_t per_mille);

/* What the virt_turns monitor saw of a multiplexer; NULL: no operation began, or the board has it
 * not. With round robin nobody waits for more operations than there are other clients, or for one
 * more if one was under way. */
struct virt_result {
    uint32_t operations; /* that began, those that shared one included */
    uint32_t clients;    /* that were served */
    uint32_t waited;     /* the longest wait: operations of others that began meanwhile */
    uint8_t client;      /* whose that was */
};
const struct virt_result *virt_result(const struct machine *m, uint32_t virt);

/* What the reach monitor saw: the worst over-exposure of each process. */
struct exposure_result {
    uint32_t bytes;    /* reachable beyond what was asked (and not RAM slack) */
    uint32_t devices;  /* foreign devices among them */
    struct span first; /* the lowest such run */
};
const struct exposure_result *exposure_result(const struct machine *m, uint32_t process);

#endif
