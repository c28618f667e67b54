/* support_fake_hw.h: a `struct hw` for tests of the kernel alone: it records what it is asked.
 *
 *   kernel --hw_*()--> struct hw: registers as a map, writes and notes as lists, counts, RAM
 *
 * A test that calls fake_hw_start is linked with these hw_* and not with the simulated machine's;
 * so it must not use sim/machine.h as well. The struct is large: keep it static.
 *
 * A register reads what was last written or set, at first 0; a test that needs more of a register
 * sets `on_read` and `on_write`.
 */
#ifndef TESTS_SUPPORT_FAKE_HW_H
#define TESTS_SUPPORT_FAKE_HW_H

#include "model/hw_port.h"

#include <setjmp.h>

enum {
    FAKE_RAM_MAX = 256 * 1024,  /* bytes */
    FAKE_FLASH_MAX = 64 * 1024, /* bytes */
    FAKE_REGISTER_MAX = 256,    /* different addresses; one more aborts the test */
    FAKE_LIST_MAX = 1024,       /* entries kept of each list; all are counted */
};

struct fake_register {
    uint32_t address;
    uint32_t value;
};

struct fake_note {
    enum note note;
    uint32_t process;
    uint32_t address;
    uint64_t value;
};

struct hw {
    struct span ram;   /* bytes at `ram_bytes` */
    struct span flash; /* bytes at `flash_bytes`: hw_ram_read finds them, hw_ram_write refuses */
    uint8_t ram_bytes[FAKE_RAM_MAX];
    uint8_t flash_bytes[FAKE_FLASH_MAX];

    struct fake_register registers[FAKE_REGISTER_MAX];
    uint32_t register_count;

    struct fake_register writes[FAKE_LIST_MAX]; /* in order */
    uint32_t write_count;
    struct fake_note notes[FAKE_LIST_MAX]; /* in order */
    uint32_t note_count;
    uint32_t read_count;
    uint32_t barrier_count;
    uint32_t writes_at_barrier; /* write_count at the last barrier */
    uint32_t spent[KERNEL_PATHS];

    /* True: dealt with, the map is not asked. */
    bool (*on_read)(struct hw *hw, uint32_t address, uint32_t *value);
    bool (*on_write)(struct hw *hw, uint32_t address, uint32_t value);
    /* Before each access to RAM or flash by the kernel; true: refused, nothing is copied. */
    bool (*on_ram)(struct hw *hw, struct span at, bool writes);
    void *context; /* for the hooks */

    const char *panic; /* what was panicked about under FAKE_HW_CATCH, else NULL */
    bool catching;
    jmp_buf on_panic;
};

/* Everything zero, RAM and flash as given (base and size; at most FAKE_..._MAX bytes). */
void fake_hw_start(struct hw *hw, struct span ram, struct span flash);

/* Empties lists and counts; registers, RAM and hooks stay. */
void fake_hw_forget(struct hw *hw);

void fake_hw_set(struct hw *hw, uint32_t address, uint32_t value); /* not counted as a write */
uint32_t fake_hw_get(const struct hw *hw, uint32_t address);       /* not counted as a read */

/* How many of these notes were made, of those that were kept. */
uint32_t fake_hw_noted(const struct hw *hw, enum note note);

/* Makes `call`; if the kernel panics in it, (hw)->panic says why and the test goes on. Elsewhere a
 * panic fails the test. */
#define FAKE_HW_CATCH(hw, call)                                                                    \
    do {                                                                                           \
        (hw)->panic = NULL;                                                                        \
        (hw)->catching = true;                                                                     \
        if (setjmp((hw)->on_panic) == 0) {                                                         \
            call;                                                                                  \
        }                                                                                          \
        (hw)->catching = false;                                                                    \
    } while (0)

#endif
