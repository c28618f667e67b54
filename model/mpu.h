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
    uint32_t rasr; /* attributes, sub-region disable, size, enable; 0: unused */
};

struct mpu_config {
    struct span flash;      /* read and execute; empty: none yet */
    struct span block;      /* the process's whole memory block; empty: none yet */
    struct span accessible; /* read and write from block.base; ends at or after the app break */
    struct span windows[WINDOW_MAX]; /* read and write, execute never; as granted, not merged */
    uint8_t window_count;
    uint8_t region_limit; /* regions that the hardware has */
    uint8_t region_count; /* regions in use; the rest are written as disabled */
    bool dirty;           /* changed since it was last written to the hardware */
    struct mpu_region regions[MPU_REGION_MAX];
};

/* What the hardware holds now, so that writing it again can be skipped. */
struct mpu_state {
    uint32_t configured_for; /* unique id of the process, 0: nobody's */
    uint8_t region_limit;    /* from MPU_TYPE */
};

/* Reads MPU_TYPE, disables every region and the unit. */
void mpu_start(struct mpu_state *mpu, struct hw *hw);

/* An empty config for hardware with `region_limit` regions: nothing reachable. */
void mpu_config_start(struct mpu_config *config, uint8_t region_limit);

/* Makes `flash` readable and executable.
 * ERR_INVAL: not representable exactly (base or size no multiple of 32).
 * ERR_NOMEM: too few regions for it. */
enum err mpu_set_flash(struct mpu_config *config, struct span flash) MUST_CHECK;

/* Chooses a block for a process inside `pool` (free memory): `app_size` bytes for the app at its
 * start, `kernel_size` at its end, at least `min_size` in all; gives `config->block`.
 * ERR_NOMEM: does not fit in `pool`, or too few regions. ERR_INVAL: sizes that overflow. */
enum err mpu_allocate_app_memory(struct mpu_config *config, struct span pool, uint32_t min_size,
                                 uint32_t app_size, uint32_t kernel_size) MUST_CHECK;

/* Moves what the app can reach to [block.base, app_break), rounded up to what the unit can do, but
 * never to or past `kernel_break`; `accessible` says the outcome.
 * ERR_NOMEM: the unit cannot separate the two breaks; unchanged. ERR_INVAL: breaks out of order. */
enum err mpu_update_app_memory(struct mpu_config *config, uint32_t app_break,
                               uint32_t kernel_break) MUST_CHECK;

/* Adds a device window, and packs all windows again into as few regions as the hardware needs.
 * ERR_INVAL: empty, wraps, or no multiple of 32 bytes.
 * ERR_ALREADY: meets a window, the block or the flash of this config.
 * ERR_NOMEM: regions (or WINDOW_MAX rows) run out. */
enum err mpu_add_window(struct mpu_config *config, struct span window) MUST_CHECK;

/* Takes a window back. ERR_INVAL: no such window (exact match of base and size). Never fails else:
 * fewer windows need no more regions... and where packing might, the old packing minus this window
 * is kept. */
enum err mpu_remove_window(struct mpu_config *config, struct span window) MUST_CHECK;

/* Writes the config to the hardware; skipped only if the hardware holds this very config (same
 * `unique`, not dirty). Unused regions are written as disabled. Clears `dirty`. Notes
 * NOTE_MPU_WRITTEN and ends with hw_barrier. */
void mpu_configure(struct mpu_state *mpu, struct hw *hw, struct mpu_config *config,
                   uint32_t unique);

/* The unit on for user mode (ENABLE and PRIVDEFENA), or off while the kernel runs. */
void mpu_enable(struct hw *hw);
void mpu_disable(struct hw *hw);

#endif
