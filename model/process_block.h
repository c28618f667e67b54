/* process_block.h: the control block at the end of a process's memory block, in simulated RAM.
 *
 *   offset  words of 32 bits, little-endian
 *   0       head, count                      the ring of waiting upcalls
 *   8       UPCALL_MAX entries of 8 words    driver index, subscribe number, function, appdata,
 *                                            three arguments, driver number (for the trace)
 *   328     full, three arguments            the slot of yield-wait-for
 *   344     DRIVER_MAX addresses             the grant table; 0: not allocated
 *   408     (block end)
 *
 * A device that its app was lent can write here by DMA. So nothing of it is believed: indexes are
 * taken modulo, counts are clamped, and what an entry says is checked where it is used (upcall.c,
 * grant.c). Source: Tock keeps grant pointers and the task queue at the same place
 * (process_standard.rs), which is why a wrong MPU region there matters.
 */
#ifndef MODEL_PROCESS_BLOCK_H
#define MODEL_PROCESS_BLOCK_H

#include "model/hw_port.h"
#include "model/process.h"

enum {
    PROCESS_BLOCK_QUEUE = 0,
    PROCESS_BLOCK_ENTRIES = 8,
    PROCESS_BLOCK_ENTRY = 32, /* bytes of one entry */
    PROCESS_BLOCK_SLOT = PROCESS_BLOCK_ENTRIES + UPCALL_MAX * PROCESS_BLOCK_ENTRY,
    PROCESS_BLOCK_GRANTS = PROCESS_BLOCK_SLOT + 16,
    PROCESS_BLOCK_SIZE = PROCESS_BLOCK_GRANTS + 4 * DRIVER_MAX,
};
_Static_assert(PROCESS_BLOCK_SIZE % 8 == 0, "grants below the control block are 8-byte aligned");

struct queue_entry {
    uint32_t driver;   /* index of the driver's row */
    uint32_t number;   /* subscribe number */
    uint32_t function; /* 0: a bare event, for yield-wait-for only */
    uint32_t appdata;
    uint32_t args[3];
    uint32_t driver_number; /* for the trace only */
};

struct queue {
    uint32_t head;  /* < UPCALL_MAX */
    uint32_t count; /* <= UPCALL_MAX */
};

/* Words at `address` in RAM, little-endian whatever the CPU is; at most 8.
 * ERR_FAIL: not all RAM. */
enum err words_read(struct hw *hw, uint32_t address, uint32_t *words, uint32_t count) MUST_CHECK;
enum err words_write(struct hw *hw, uint32_t address, const uint32_t *words,
                     uint32_t count) MUST_CHECK;

/* The control block of a process that has memory. */
struct span process_block(const struct process *p);

/* Queue emptied, slot emptied, no grants. ERR_FAIL: no RAM there. */
enum err process_block_wipe(struct hw *hw, const struct process *p) MUST_CHECK;

/* Empty if the block cannot be read. */
struct queue queue_load(struct hw *hw, const struct process *p);
enum err queue_store(struct hw *hw, const struct process *p, struct queue queue) MUST_CHECK;

/* Entry `place` (0: the oldest) of `queue`. */
enum err queue_entry_load(struct hw *hw, const struct process *p, struct queue queue,
                          uint32_t place, struct queue_entry *entry) MUST_CHECK;
enum err queue_entry_store(struct hw *hw, const struct process *p, struct queue queue,
                           uint32_t place, const struct queue_entry *entry) MUST_CHECK;

/* The slot of yield-wait-for: false if it is empty or cannot be read. */
bool slot_load(struct hw *hw, const struct process *p, uint32_t args[3]);
enum err slot_store(struct hw *hw, const struct process *p, bool full,
                    const uint32_t args[3]) MUST_CHECK;

/* Row `index` of the grant table, as it stands there; 0 if it cannot be read. */
uint32_t grant_table_load(struct hw *hw, const struct process *p, uint32_t index);
enum err grant_table_store(struct hw *hw, const struct process *p, uint32_t index,
                           uint32_t base) MUST_CHECK;

#endif
