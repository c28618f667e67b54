/* driver.h: a capsule as the system call dispatcher sees it: one const row.
 *
 * Upcalls and buffers that an app hands to a driver are kept by the kernel in the driver's grant in
 * the app's own block (grant.h); the capsule reads them back at each use, since the app may have
 * swapped, shrunk or died in between.
 */
#ifndef MODEL_DRIVER_H
#define MODEL_DRIVER_H

#include "model/process.h"
#include "model/syscall.h"

struct kernel;
struct hw;

/* Kinds of allow, as bits of their own number spaces. Source: TRD 104, sections 4.4, 4.5, 4.8. */
enum allow_kind { ALLOW_RW, ALLOW_RO, ALLOW_READABLE, ALLOW_KINDS };

struct driver {
    uint32_t number; /* DRIVER_NUMBER_BY_CONFIG: the board's passthrough_driver */
    uint8_t upcalls; /* subscribe numbers 0 .. upcalls - 1 */
    uint8_t allows[ALLOW_KINDS];
    uint16_t grant_bytes; /* of the capsule's own state in each process's grant; zeroed at first */

    /* Whether this board has it; else its calls answer NODEVICE. NULL: always. */
    bool (*present)(const struct kernel *k);

    /* Sets up the chip driver once, before any image is loaded; only if present. Its line is
     * enabled by kernel_start afterwards. May be NULL. */
    void (*start)(struct kernel *k, struct hw *hw);

    /* Command `number`; 0 must succeed. Arguments are the app's: anything. */
    struct syscall_return (*command)(struct kernel *k, struct hw *hw, struct process *p,
                                     uint32_t number, uint32_t a, uint32_t b);

    /* The process's memory is about to go: forget it. Its grants are already unreachable. May be
     * NULL. */
    void (*on_process_end)(struct kernel *k, struct hw *hw, struct process_id id);

    /* True: this interrupt line is the chip driver's, and was served. May be NULL. */
    bool (*on_interrupt)(struct kernel *k, struct hw *hw, uint32_t line);
};

enum { DRIVER_NUMBER_BY_CONFIG = 0xffffffff };

/* Every driver of this kernel, a table in drivers.c; a driver's place in it is its grant's number.
 * The table holds pointers, since each row stands beside its own code. */
extern const struct driver *const drivers[];
extern const uint32_t driver_count;

/* The driver with that number on this board, or NULL. */
const struct driver *driver_find(const struct kernel *k, uint32_t number);

/* By what its row says. */
bool driver_is_present(const struct kernel *k, const struct driver *driver);

/* Asks it of all drivers, for good: kernel.drivers_present. A board does not change. */
void drivers_find(struct kernel *k);

/* Its place in the table. */
uint32_t driver_index(const struct driver *driver);

/* The number that apps call it by on this board. */
uint32_t driver_number(const struct kernel *k, const struct driver *driver);

#endif
