/* hw_port.h: all that the kernel asks of hardware.
 *
 * model/ declares these functions and never defines them. sim/hw_sim.c defines them over the
 * simulated machine, the unit tests over a small fake, start-up code over real silicon. `struct hw`
 * is theirs: the kernel only carries the pointer. No call runs an app, sleeps, allocates, or calls
 * back into the kernel.
 */
#ifndef MODEL_HW_PORT_H
#define MODEL_HW_PORT_H

#include "model/err.h"
#include "model/note.h"
#include "model/span.h"
#include "model/types.h"

struct hw;

/* The kernel's paths, each with a price in the board's cost table (sim/costs.h). One charge covers
 * the path's instructions; register accesses are charged by hw_read32/hw_write32 themselves and RAM
 * bytes by hw_ram_read/write (PATH_COPY_WORD per started word), so that nothing is paid twice. */
enum kernel_path {
    PATH_EXCEPTION_ENTRY,  /* user mode -> kernel: hardware stacking and the handler's saving */
    PATH_EXCEPTION_RETURN, /* kernel -> user mode: restoring registers, hardware unstacking */
    PATH_SYSCALL_DISPATCH, /* decode the class, find the driver, ask the system call filter */
    PATH_COMMAND,          /* a capsule's command handler */
    PATH_SUBSCRIBE,
    PATH_ALLOW,
    PATH_YIELD,
    PATH_MEMOP,
    PATH_EXIT,
    PATH_GRANT_ALLOCATE,
    PATH_SCHEDULER,         /* one pass of the kernel loop that chooses a process */
    PATH_CONTEXT_SWITCH,    /* the process that runs is another one than before */
    PATH_MPU_SETUP,         /* at each switch to user mode: is the hardware up to date? */
    PATH_MPU_CONFIGURE,     /* it is not: computing what to write; the writes are charged as MMIO */
    PATH_SYSTICK,           /* arming or reading the slice timer, beyond its MMIO */
    PATH_INTERRUPT_TOP,     /* the handler that masks the line and marks it */
    PATH_INTERRUPT_BOTTOM,  /* the driver's part in the kernel loop */
    PATH_UPCALL_QUEUE,      /* putting one upcall into a process's queue */
    PATH_UPCALL_DELIVER,    /* building the frame of one upcall */
    PATH_PASSTHROUGH_CHECK, /* deciding one passthrough request, the filter included */
    PATH_PROCESS_FAULT,     /* fault policy, death order, restart */
    PATH_PROCESS_LOAD,
    PATH_COPY_WORD, /* one word of RAM copied; only for what hw_ram_* does not charge */
    KERNEL_PATHS
};

/* A register of the chip (MPU, NVIC, SysTick, peripherals): one volatile access of 32 bits to an
 * aligned address. Charged as an MMIO access. */
uint32_t hw_read32(struct hw *hw, uint32_t address);
void hw_write32(struct hw *hw, uint32_t address, uint32_t value);
/* Writes one register behind the other, as hw_write32 does. */
struct hw_word {
    uint32_t address, value;
};
void hw_write_words(struct hw *hw, const struct hw_word words[], uint32_t count);
/* Writes `value` to `count` registers from `address` on, 4 bytes apart, as hw_write32 does. */
void hw_fill32(struct hw *hw, uint32_t address, uint32_t value, uint32_t count);
/* Reads the register again and again, as hw_read32 does, until its bits in `mask` are `wanted`.
 * False: they were not in `count` reads. */
bool hw_await32(struct hw *hw, uint32_t address, uint32_t mask, uint32_t wanted, uint32_t count);

/* Bytes of RAM, or of flash when reading, whole or not at all. Charged per started word.
 * ERR_INVAL: `from`/`to` is empty, wraps, or is not all such memory; nothing was copied. */
enum err hw_ram_read(struct hw *hw, struct span from, void *to) MUST_CHECK;
enum err hw_ram_write(struct hw *hw, struct span to, const void *from) MUST_CHECK;

/* DSB and ISB: all register writes before it take effect before what follows. */
void hw_barrier(struct hw *hw);

/* The CPU walks `path` `count` times: time passes by what the board says it costs, and device
 * effects of that time land (an interrupt may become pending). On silicon: nothing. */
void hw_spend(struct hw *hw, enum kernel_path path, uint32_t count);

/* A fact for the trace that no register shows (model/note.h). On silicon: nothing. */
void hw_note(struct hw *hw, enum note note, uint32_t process, uint32_t address, uint64_t value);

/* A broken promise of the kernel's own; never reachable from an app, a filter's answer or a device.
 * Does not return: the simulator unwinds, silicon stops. */
_Noreturn void hw_panic(struct hw *hw, const char *what);

#define KASSERT(hw, truth)                                                                         \
    do {                                                                                           \
        if (!(truth))                                                                              \
            hw_panic(hw, #truth);                                                                  \
    } while (0)

#endif
