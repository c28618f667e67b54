/* scheduler.h: who runs next, and for how long. Four schedulers, one row each in scheduler.c.
 *
 * A process with at most 500 us of slice left is not run in this slice
 * (Source: Tock's MIN_QUANTA_THRESHOLD_US). Round robin goes on with the interrupted process and
 * what is left of its slice. Source: Tock's kernel/src/scheduler/ as tabulated in tock-abi,
 * section 3.
 *
 * What the kernel does for a system call, and for interrupts before the next process is chosen,
 * counts against the slice of the process that ran. Tock stops the timer first and counts neither.
 * Here other parties than the kernel's drivers make interrupts: an owner of devices that yields in
 * a loop has one of each device between two of its steps, and would stretch its turn by half at the
 * others' cost.
 */
#ifndef MODEL_SCHEDULER_H
#define MODEL_SCHEDULER_H

#include "model/limits.h"
#include "model/types.h"

struct kernel;
struct hw;

enum { MIN_QUANTUM_US = 500, ROUND_ROBIN_SLICE_US = 10000, MLFQ_QUEUES = 3 };

/* The queues' slices and the time after which all processes are in the top queue again. */
enum { MLFQ_REFRESH_MS = 5000 };

/* Why the process that ran came back to the kernel. */
enum stop_reason { STOP_SYSCALL, STOP_INTERRUPT, STOP_SLICE_END, STOP_NOT_READY };

struct scheduler {
    uint32_t current;              /* round robin, cooperative: whose turn it is */
    uint32_t left_us;              /* of current's slice */
    uint64_t ran_us;               /* of all processes together since the start */
    bool resumes;                  /* current was interrupted and goes on */
    uint8_t queue[PROCESS_MAX];    /* MLFQ: the process's queue, 0 the top */
    uint32_t used_us[PROCESS_MAX]; /* MLFQ: of its queue's slice */
    uint32_t turn[MLFQ_QUEUES];    /* MLFQ: round robin within a queue */
    uint64_t refresh_at_tick;      /* MLFQ: when all go back to the top, alarm ticks */
};

struct schedule {
    uint32_t process;  /* PROCESS_NONE: nobody is ready */
    uint32_t slice_us; /* 0: no slice */
};

/* After every image is loaded. */
void scheduler_start(struct kernel *k);
struct schedule scheduler_next(struct kernel *k, struct hw *hw);

/* The process ran for `ran_us` of its slice and stopped for `why`. */
void scheduler_ran(struct kernel *k, uint32_t process, uint32_t ran_us, enum stop_reason why);

#endif
