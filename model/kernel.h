/* kernel.h: the kernel as a value, and the two functions that drive it.
 *
 *   machine (or start-up code on silicon)             kernel
 *     kernel_start ------------------------------------> loads every image, grants header requests
 *     loop: kernel_next -------------------------------> interrupts' bottom halves, the scheduler
 *           <- run process P | sleep | again | halt
 *           ... user mode runs until something happens ...
 *           kernel_trap(system call | fault | interrupt | slice end) -> the kernel takes note
 *
 * No kernel frame is live between two calls, so a copy of struct kernel (and of RAM and registers)
 * is a snapshot. struct kernel has no pointer to anything that changes.
 */
#ifndef MODEL_KERNEL_H
#define MODEL_KERNEL_H

#include "model/capability.h"
#include "model/config.h"
#include "model/grant.h"
#include "model/line_pace.h"
#include "model/passthrough.h"
#include "model/process.h"
#include "model/scheduler.h"
#include "model/services.h"

/* The tokens that kernel_start made: the kernel passes them on to its own calls that demand one,
 * the passthrough capsule is the one driver that uses `lend`, the ADC's sampler `sample`. */
struct kernel_tokens {
    const struct process_management_capability *manage;
    const struct passthrough_capability *lend;
    const struct adc_sampling_capability *sample;
};

struct kernel {
    const struct kernel_config *config;
    struct process processes[PROCESS_MAX];
    uint32_t process_count;
    uint32_t next_unique;      /* unique id of the next process life; starts at 1 */
    uint32_t drivers_present;  /* bit i: this board has drivers[i]; from kernel_start on */
    uint32_t kernel_part_size; /* of each process's block; 0: not computed yet */
    uint32_t ram_used;         /* bytes of config->process_ram already carved */
    struct mpu_state mpu;
    struct scheduler scheduler;
    struct passthrough passthrough;
    struct services services;
    uint32_t running;   /* index of the process in user mode, PROCESS_NONE in the kernel */
    uint32_t last;      /* index of the process that ran last */
    uint32_t slice_us;  /* armed for the process in user mode; 0: no slice */
    bool is_slice_cut;  /* that is less than the scheduler gave */
    uint32_t stopped;   /* index of the process whose slice timer runs on, else PROCESS_NONE */
    uint8_t stopped_by; /* enum trap_kind */
    /* Lines masked for good: nobody's, or stuck. A lent device's is back when the device has been
     * given back and is lent anew; one of a driver of the kernel never: its device is out of use
     * until reset. */
    uint32_t line_off[IRQ_LINE_MAX / 32];
    uint32_t line_held[IRQ_LINE_MAX / 32]; /* masked until its owner takes the last upcall (G7) */
    uint8_t line_services[IRQ_LINE_MAX];   /* bottom halves in a row, without user mode or sleep */
    bool is_any_line_counted;              /* else all of line_services is 0 */
    struct line_pace line_pace;            /* of the kernel's own lines */
    struct kernel_tokens tokens;
    bool halted;
};

static inline bool kernel_has_driver(const struct kernel *k, uint32_t index)
{
    return k->drivers_present >> index & 1;
}

enum action_kind {
    ACTION_RUN,   /* user mode: process `process`, beginning with its `resume` */
    ACTION_SLEEP, /* no process is ready: until an interrupt is pending */
    ACTION_AGAIN, /* one bottom half is done: call kernel_next again */
    ACTION_HALT,  /* no process can ever run again, and no driver waits */
};

struct kernel_action {
    enum action_kind kind;
    uint32_t process;
    struct resume resume;
};

enum trap_kind {
    TRAP_SYSCALL,
    TRAP_FAULT,     /* MemManage, BusFault, UsageFault: the kernel reads CFSR, MMFAR, BFAR itself */
    TRAP_INTERRUPT, /* external line `line` */
    TRAP_SLICE_END, /* SysTick */
    TRAP_RESCHEDULE, /* back in the kernel for its own sake: the process console's hand */
};

struct trap {
    enum trap_kind kind;
    uint32_t line;
    struct syscall call;
};

/* Starts the kernel on a machine after reset: MPU, NVIC and drivers set up, every image loaded,
 * header requests asked of the filter. Defined in start.c, the only maker of capability tokens.
 * ERR_INVAL: the config contradicts itself (spans that wrap or meet, too many rows).
 * ERR_NOMEM: an image does not fit. Anything else is mpu_set_flash's, for an image whose flash the
 * unit cannot say. *bad_image: the image at fault, or PROCESS_NONE. */
enum err kernel_start(struct kernel *k, struct hw *hw, const struct kernel_config *config,
                      uint32_t *bad_image) MUST_CHECK;

/* What the CPU does now. */
struct kernel_action kernel_next(struct kernel *k, struct hw *hw);

/* The process that ran stopped running because of `trap`. What the kernel does until the next
 * choice of a process counts against its slice (scheduler.h); a refused system call is no end of
 * the slice either. An interrupt may also come while no process runs (sleep). */
void kernel_trap(struct kernel *k, struct hw *hw, const struct trap *trap);

/* The image that process `p` runs. */
const struct process_image *process_image(const struct kernel *k, const struct process *p);

/* The live process with that id, else NULL. */
struct process *kernel_process(struct kernel *k, struct process_id id);

/* Ends a life, in the one order of death (passthrough.h): windows unmapped, lines masked, devices
 * quiet, upcalls dropped, ownership freed, drivers told, grants gone. Then restarts where `how` and
 * the policy say so: END_KILL and END_EXIT_TERMINATE never, END_EXIT_RESTART always, END_FAULT by
 * the image's fault policy. FAULT_PANIC: does not return. */
void process_end(struct kernel *k, struct hw *hw, struct process *p, enum end_kind how,
                 uint32_t code, const struct process_management_capability *may);

/* Begins a life of process `p` (its id.index and, for a later life, its memory are set): a new
 * unique id, the block zeroed, the MPU config built from nothing, the entry function queued, the
 * header's device requests put to the board's filter (a refusal is noted and not fatal).
 * ERR_NOMEM, ERR_INVAL: the image does not fit into `pool`; the process is as it was.
 * ERR_FAIL: the pool is no RAM. */
enum err process_begin(struct kernel *k, struct hw *hw, struct process *p,
                       struct span pool) MUST_CHECK;

/* What an injection may do from outside between two kernel steps, by the token that start-up keeps:
 * kill (no restart by policy), fault (policy decides), restart (a dead process lives again), as
 * Tock's process console would. If a process was in user mode, the kernel has the CPU afterwards:
 * call kernel_next. */
void kernel_end_process(struct kernel *k, struct hw *hw, uint32_t index, enum end_kind how);

/* Stops a live process where it is, or lets it go on, as Tock's process console would. */
void kernel_stop_process(struct kernel *k, uint32_t index, bool stop);

/* Queues an upcall for subscribe number `n` of `d`; r0..r2 = args.
 *
 * A null upcall (or one whose grant is missing) is never invoked, but its event is kept as a bare
 * value for a later yield-wait-for; it gives way to an upcall when the queue is full. A process
 * that waits by yield-wait-for for this very event gets it through its own slot, whatever the queue
 * holds. A capsule must not fail on any of these:
 * ERR_NODEVICE: the process is dead. ERR_NOMEM: the queue is full: dropped and counted.
 * ERR_OFF: a null upcall while the process waits by yield-wait, which ignores it.
 * ERR_FAIL: the process's control block is broken. */
enum err upcall_queue(struct kernel *k, struct hw *hw, struct process_id id, const struct driver *d,
                      uint32_t n, const uint32_t args[3]) MUST_CHECK;

/* Upcalls waiting for this process. */
uint32_t upcall_waiting(struct hw *hw, const struct process *p);

/* Forgets every waiting upcall of (driver, n), or of the whole driver (n = UPCALL_ALL): how
 * many. */
enum { UPCALL_ALL = 0xffffffff };
uint32_t upcall_cancel(struct hw *hw, struct process *p, const struct driver *d, uint32_t n);

/* Forgets only those of (driver, n) whose argument `place` (below UPCALL_ARGS) is `value`. How
 * many. */
enum { UPCALL_ARGS = 3 };
uint32_t upcall_cancel_matching(struct hw *hw, struct process *p, const struct driver *d,
                                uint32_t n, uint32_t place, uint32_t value);

/* The system call, from decoding to its return values. */
void syscall_handle(struct kernel *k, struct hw *hw, struct process *p, const struct syscall *call);

/* Bytes of an app's allowed buffer, in either direction; whole or not at all, by hw_ram_*, flash
 * included for reading. ERR_SIZE: outside the buffer as it is now. ERR_NODEVICE: dead. */
enum err buffer_read(struct hw *hw, const struct process *p, struct span buffer, uint32_t offset,
                     uint32_t size, void *to) MUST_CHECK;
enum err buffer_write(struct hw *hw, const struct process *p, struct span buffer, uint32_t offset,
                      uint32_t size, const void *from) MUST_CHECK;

#endif
