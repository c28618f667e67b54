/* memop.h: the memop class: an app's questions about its memory, and its break.
 * Source: TRD 104, section 4.6; Tock's memop.rs.
 */
#ifndef MODEL_MEMOP_H
#define MODEL_MEMOP_H

#include "model/kernel.h"

/* Operation `op` of enum memop with its argument; both are the app's: anything.
 * ERR_NOMEM: brk, sbrk, whatever is wrong. ERR_FAIL: no such flash region. ERR_NOSUPPORT: else. */
struct syscall_return memop_answer(const struct kernel *k, struct hw *hw, struct process *p,
                                   uint32_t op, uint32_t arg);

#endif
