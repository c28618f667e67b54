/* upcall.h: the kernel core's own view of the upcall queue; capsules use upcall_queue and
 * upcall_cancel of kernel.h.
 *
 *   capsule --upcall_queue--> ring of UPCALL_MAX in the control block -upcall_take-> RESUME_UPCALL
 *                       \---> slot, if the process waits for this very event ------> RESUME_RETURN
 *
 * An entry with function 0 is a bare event: its upcall was null when it happened. yield-wait and
 * yield-no-wait pass over it and forget it, yield-wait-for takes it.
 * Source: TRD 104, section 4.1; Tock's process_standard.rs (tasks: FunctionCall, ReturnValue).
 */
#ifndef MODEL_UPCALL_H
#define MODEL_UPCALL_H

#include "model/kernel.h"

/* Takes the oldest upcall that can be invoked and makes it the process's `resume`. False: there is
 * none. Bare events before it are forgotten; so are broken entries, counted as dropped. */
bool upcall_take(struct hw *hw, struct process *p);

/* Forgets the bare events at the queue's front: a process that waits by yield-wait ignores them. */
void upcall_pass_bare(struct hw *hw, const struct process *p);

/* Takes the oldest event of (driver number, subscribe number): its arguments. False: none waits. */
bool upcall_take_event(struct kernel *k, struct hw *hw, struct process *p, uint32_t driver,
                       uint32_t number, uint32_t args[3]);

/* An event of (d, n) whose argument `place` (below UPCALL_ARGS) is `value` waits in the queue. */
bool upcall_is_waiting(struct hw *hw, const struct process *p, const struct driver *d, uint32_t n,
                       uint32_t place, uint32_t value);

/* An event of (d, n) that came now would be kept: there is room, or the process waits for just this
 * one; and not a null upcall's while it waits by yield-wait. */
bool upcall_would_be_kept(const struct kernel *k, struct hw *hw, const struct process *p,
                          const struct driver *d, uint32_t n);

/* A process that waits has now what it waits for; a running one is always ready. */
bool process_is_ready(struct hw *hw, const struct process *p);

/* Lets a process that waited go on: `resume` set, state running. False: nothing is there. */
bool process_wake(struct hw *hw, struct process *p);

#endif
