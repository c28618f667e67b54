/* grant.h: a driver's memory inside one process's block.
 *
 *   grant (in the block, below the control block; 8-byte aligned, little-endian words):
 *   | upcalls: function, appdata each | allows: base, length each | the capsule's own bytes |
 *
 * The grant table in the control block says where each is; both can be corrupted by DMA, so each
 * use checks that what it reads lies inside [kernel break, block end) and else answers ERR_FAIL.
 * Source: TRD 104, section 4; Tock's grant.rs for the rules of allocation and entering.
 */
#ifndef MODEL_GRANT_H
#define MODEL_GRANT_H

#include "model/driver.h"
#include "model/hw_port.h"

struct upcall {
    uint32_t function; /* 0: the null upcall, never invoked */
    uint32_t appdata;
};

/* Bytes of this driver's grant in each process: a multiple of 8, never 0. */
uint32_t grant_size(const struct driver *d);

/* Makes sure that the process has this driver's grant.
 * ERR_NOMEM: no room between app break and kernel break that the MPU can still separate, or the
 * high-water mark is in the way. ERR_NODEVICE: the process is dead. ERR_FAIL: the control block is
 * broken. Allocated already: ERR_NONE. The note's driver is the row's number as it stands. */
enum err grant_allocate(struct hw *hw, struct process *p, const struct driver *d) MUST_CHECK;

/* Marks the grant as in use; a second enter before leave is refused, never a panic.
 * ERR_ALREADY: entered. ERR_NOMEM: not allocated. ERR_NODEVICE: dead. */
enum err grant_enter(struct hw *hw, struct process *p, const struct driver *d) MUST_CHECK;
void grant_leave(struct process *p, const struct driver *d);

/* The upcall of subscribe number `n`, null if the grant is missing or broken. */
struct upcall grant_upcall(struct hw *hw, const struct process *p, const struct driver *d,
                           uint32_t n);
enum err grant_set_upcall(struct hw *hw, const struct process *p, const struct driver *d,
                          uint32_t n, struct upcall upcall) MUST_CHECK;

/* The buffer of allow number `n`: empty if none, if the grant is missing or broken, if the process
 * is dead, or if it is no longer wholly inside what the process may give. Look each time. */
struct span grant_allow(struct hw *hw, const struct process *p, const struct driver *d,
                        enum allow_kind kind, uint32_t n);

/* The same without those checks: what the app last handed over, for its return at the next swap. */
struct span grant_allow_raw(struct hw *hw, const struct process *p, const struct driver *d,
                            enum allow_kind kind, uint32_t n);

enum err grant_set_allow(struct hw *hw, const struct process *p, const struct driver *d,
                         enum allow_kind kind, uint32_t n, struct span buffer) MUST_CHECK;

/* `size` bytes at `offset` of the capsule's own part. ERR_NOMEM: not allocated. ERR_FAIL: broken.
 * ERR_NODEVICE: dead. ERR_SIZE: outside driver.grant_bytes. */
enum err grant_read(struct hw *hw, const struct process *p, const struct driver *d, uint32_t offset,
                    uint32_t size, void *to) MUST_CHECK;
enum err grant_write(struct hw *hw, const struct process *p, const struct driver *d,
                     uint32_t offset, uint32_t size, const void *from) MUST_CHECK;

#endif
