/* process.h: one app as the kernel sees it.
 *
 *   memory block (simulated RAM), every byte of it this process's:
 *
 *   block.base                app_break      kernel_break                          block end
 *   | stack, data, heap  ------> | gap         <------ grants | control block         |
 *   |<-- reachable by the app -->|                            | queue, grant table    |
 *
 * struct process holds what the kernel decides from; it lives in kernel memory and no app reaches
 * it. The upcall queue, the grant table and the grants live in the block (process_block.h), as on
 * silicon: what DMA or a wrong MPU region exposes there can really be corrupted, so whatever is
 * read back from it is input and is checked before use.
 */
#ifndef MODEL_PROCESS_H
#define MODEL_PROCESS_H

#include "model/limits.h"
#include "model/mpu.h"
#include "model/syscall.h"
#include "model/types.h"

enum { PROCESS_NONE = 0xffff };

/* Tock's ProcessId: the place in the table, and a number never used twice. Equality is by `unique`;
 * a stale id finds no process. unique 0 is nobody. */
struct process_id {
    uint32_t index;
    uint32_t unique;
};

enum process_state {
    PROCESS_UNUSED,      /* no such process */
    PROCESS_RUNNING,     /* ready, or on the CPU */
    PROCESS_YIELDED,     /* waits for any upcall */
    PROCESS_YIELDED_FOR, /* waits for one upcall: wait_driver, wait_number */
    PROCESS_FAULTED,     /* stopped by a fault, for good */
    PROCESS_TERMINATED,  /* exited */
    PROCESS_STATES
};

enum end_kind { END_EXIT_TERMINATE, END_EXIT_RESTART, END_FAULT, END_KILL };

/* How the process goes on when it next runs. */
enum resume_kind {
    RESUME_CONTINUE, /* where it was interrupted */
    RESUME_RETURN,   /* from its system call, r0..r3 = r */
    RESUME_UPCALL,   /* into `function` with r0..r3 = r; when that returns, from its yield */
    RESUME_START, /* at its entry function, r0..r3 = flash start, RAM start, RAM size, app break */
};

struct resume {
    uint32_t kind; /* enum resume_kind */
    uint32_t function;
    uint32_t r[4];
};

struct process {
    struct process_id id;
    struct span memory; /* its block, carved once at load: every life has the same */
    uint32_t short_id;
    enum process_state state;
    bool stopped; /* by the process console or a kill in progress: any state may be stopped */
    uint32_t wait_driver; /* PROCESS_YIELDED_FOR */
    uint32_t wait_number;

    uint32_t app_break;
    uint32_t kernel_break;
    uint32_t high_water;  /* end of the highest buffer that an allow accepted */
    uint32_t stack_start; /* as told by memop 10 and 11, 0 before */
    uint32_t heap_start;
    struct mpu_config mpu;

    uint32_t restart_count;
    uint32_t completion_code; /* of the last exit */
    bool has_completion_code;
    uint32_t dropped_upcalls;
    uint32_t grants_entered; /* bit n: the grant of driver n is entered */
    uint32_t fault_status;   /* CFSR and address of the last fault */
    uint32_t fault_address;

    struct resume resume; /* what the next run begins with */
};

/* Runs, or may run again: not unused, faulted or terminated. */
bool process_is_alive(const struct process *p);

/* What the app itself may use as data: [block start, app break); empty for a dead process. */
struct span process_app_ram(const struct process *p);

/* A buffer that the app may hand out now: empty, or wholly in its RAM, or, for the kernel's reading
 * only (`writable` false), in its flash. False for a dead process. */
bool process_may_share(const struct process *p, struct span buffer, bool writable);

void process_set_state(struct hw *hw, struct process *p, enum process_state state);

/* Moves the breaks, and zeroes what the MPU makes newly reachable before it is.
 * ERR_NOMEM: below the high-water mark, out of order, or the MPU cannot separate them. ERR_FAIL:
 * the block is no RAM. On error unchanged. */
enum err process_set_breaks(struct hw *hw, struct process *p, uint32_t app_break,
                            uint32_t kernel_break) MUST_CHECK;

/* Zeroes `span`. ERR_FAIL: it is not all RAM; some of it may be zero by then. */
enum err process_zero(struct hw *hw, struct span span) MUST_CHECK;

#endif
