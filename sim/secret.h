/* secret.h: two runs of one scenario that differ in one app's secrets, and in nothing else.
 *
 *   run 1   key 0      the app's memory holds what the scenario says
 *   run 2   key not 0  each secret byte is another one: XORed with a pad that is never 0
 *
 * Secret is what an app's memory holds when it starts, and what it stores there later: for a step
 * list in all of its memory, for a C program only the former, since what it stores tells devices
 * and kernel what to do; where the scenario says "secrets", in those bytes, for either. The pad is
 * of the memory, not of the app: its own loads take it off again. So an app does the same in both
 * runs, and everyone else (kernel, DMA, other apps) finds other bytes. A byte that others write is
 * padded no longer.
 *
 * Secret as well: a store with "secret", to memory or to a register of a lent device (its loads
 * find what the register holds), and what arrives on a wire with "secret_of". Octets of a peer's
 * plan with "secret_of" are padded in run 2's copy of the scenario, before it begins.
 *
 * Of the kernel's own clients (scenario "kernel": {"clients"}), all at once: what stands in their
 * buffers, from the start and whenever the kernel writes there. The kernel reads what is there.
 *
 * An app that acts on its secrets, after others have handed them back to it, does not do the same
 * in both runs: such a pair says nothing about the kernel.
 */
#ifndef SIM_SECRET_H
#define SIM_SECRET_H

#include "model/limits.h"

#include <stdint.h>

/* In an app's place: the components of the kernel. */
enum { SECRETS_OF_KERNEL = PROCESS_MAX };

struct secrets {
    uint32_t process; /* whose; SECRETS_OF_KERNEL; PROCESS_NONE: there are none */
    uint64_t key;     /* 0: as the scenario says */
};

/* How much of it there was. */
struct secret_facts {
    uint64_t changed; /* bytes that became others: in memory, in registers, on wires */
    uint64_t read;    /* of those, what kernel and devices have read, or got */
};

#endif
