/* mpu.h: the kernel's memory protection layer; mpu_armv7m.c is the one behind it now.
 *
 *   what a process may touch          how the hardware says it            the hardware
 *   struct mpu_config --mpu_*()-->  .regions[] (RBAR, RASR) --mpu_configure--> hw_write32
 *
 * A config is a value: take a copy, change the copy, and assign it once everything has succeeded.
 * Each function below leaves its config as it was when it returns an error.
 *
 * Guarantee: what unprivileged code reaches with the regions of a config is exactly
 * flash (read, execute) + `accessible` (read, write) + each window (read, write), no byte more.
 * Where ARMv7-M cannot be exact, the *call* fails or rounds `accessible` up and says so there.
 * Flash, block and windows of one config never meet. (The private peripheral bus is not the unit's
 * to judge: no window belongs there, and passthrough.c sees to that.)
 *
 * Work is bounded, since apps ask for windows by system call: see mpu_add_window.
 *
 * Names after Tock's `MPU` trait. Source: ARMv7-M ARM (DDI 0403) B3.5; facts in the header of
 * mpu_armv7m.c.
 */
#ifndef MODEL_MPU_H
#define MODEL_MPU_H

#include "model/hw_port.h"
#include "model/limits.h"
#include "model/span.h"

struct mpu_region {
    uint32_t rbar; /* base address; VALID and REGION are added when written */
    uint32_t rasr; /* attributes, sub-region disable, size, enable; 0: unused, then rbar is 0 too */
};

struct mpu_config {
    struct span flash;      /* read and execute; empty: none yet */
    struct span block;      /* the process's whole memory block; empty: none yet */
    struct span accessible; /* read and write from block.base; ends at or after the app break */
    struct span windows[WINDOW_MAX]; /* read and write, execute never; ascending, not merged */
    uint8_t window_count;
    uint8_t region_limit; /* regions that the hardware has */
    uint8_t
        region_count; /* slots laid out: RAM (always two), flash, windows; the rest are unused */
    bool dirty;       /* changed since it was last written to the hardware */
    struct mpu_region regions[MPU_REGION_MAX];
};

/* What the hardware holds now, so that writing it again can be skipped. */
struct mpu_state {
    uint32_t configured_for; /* unique id of the process, 0: nobody's */
    uint8_t region_limit;    /* from MPU_TYPE */
};

/* Reads MPU_TYPE, disables the unit and every region. */
void mpu_start(struct mpu_state *mpu, struct hw *hw);

/* An empty config for hardware with `region_limit` regions (at most MPU_REGION_MAX are used):
 * nothing reachable. */
void mpu_config_start(struct mpu_config *config, uint8_t region_limit);

/* Makes `flash` readable and executable, in place of what was.
 * ERR_INVAL: empty, wraps, or base or size no multiple of 32.
 * ERR_ALREADY: meets the block or a window.
 * ERR_NOMEM: too few regions for it beside RAM and windows. */
enum err mpu_set_flash(struct mpu_config *config, struct span flash) MUST_CHECK;

/* Chooses a block for a process inside `pool` (free memory), as low as alignment allows: `app_size`
 * bytes for the app at its start, `kernel_size` at its end, at least `min_size` in all; gives
 * `config->block`, and `accessible` of `app_size` rounded up. The unit can then separate every app
 * break up to base + app_size from every kernel break from end - kernel_size on. The same sizes
 * with `pool` = an old block give that very block again: so a process restarts in place.
 * ERR_INVAL: all sizes 0, or app_size + kernel_size overflows.
 * ERR_NOMEM: does not fit in `pool`, a size over 1 GiB, or fewer than two regions.
 * ERR_ALREADY: the block would meet the flash or a window. */
enum err mpu_allocate_app_memory(struct mpu_config *config, struct span pool, uint32_t min_size,
                                 uint32_t app_size, uint32_t kernel_size) MUST_CHECK;

/* Moves what the app can reach to [block.base, app_break), rounded up to what the unit can do (by
 * less than an eighth of the block or 32 bytes, and never past `kernel_break`); `accessible` says
 * the outcome. Needs no region more than before, and is dirty only if `accessible` changed.
 * ERR_INVAL: no block, or not block.base <= app_break <= kernel_break <= block end.
 * ERR_NOMEM: the unit cannot separate the two breaks. */
enum err mpu_update_app_memory(struct mpu_config *config, uint32_t app_break,
                               uint32_t kernel_break) MUST_CHECK;

/* Adds a device window, and packs all windows again into as few regions as the hardware needs.
 *
 * Windows may need more regions when one of them goes (a hole in a large region). So that none ever
 * has to stay for want of regions, an addition must leave enough of them for all windows packed
 * without merging neighbours: that number only falls when a window goes, and is higher than what is
 * written only where neighbours meet.
 *
 * Bound: 27 levels x WINDOW_MAX spans, at most 8 blocks a region, each compared with at most
 * MPU_REGION_MAX regions; twice.
 * ERR_INVAL: empty, wraps, or base or size no multiple of 32.
 * ERR_ALREADY: meets a window, the block or the flash of this config.
 * ERR_NOMEM: regions (or WINDOW_MAX rows) run out. */
enum err mpu_add_window(struct mpu_config *config, struct span window) MUST_CHECK;

/* Takes a window back and packs the others again; never fails for want of regions.
 * ERR_INVAL: no such window (exact match of base and size). */
enum err mpu_remove_window(struct mpu_config *config, struct span window) MUST_CHECK;

/* Writes the config to the hardware; skipped only if the hardware holds this very config (same
 * `unique`, not dirty; `unique` 0 is nobody's and always written). All regions of the hardware are
 * written, unused ones as disabled. Clears `dirty`. Notes NOTE_MPU_WRITTEN (regions enabled,
 * regions written) and ends with hw_barrier. Called with the unit off. */
void mpu_configure(struct mpu_state *mpu, struct hw *hw, struct mpu_config *config,
                   uint32_t unique);

/* The unit on for user mode (ENABLE and PRIVDEFENA), or off while the kernel runs; with barrier. */
void mpu_enable(struct hw *hw);
void mpu_disable(struct hw *hw);

#endif
