/* mpu_armv7m.c: model/mpu.h for the memory protection unit of ARMv7-M (PMSAv7).
 *
 * The hardware: a region is a block of 2^level bytes, level 5 (32 B) to 32, aligned to its size.
 * From level 8 (256 B) on its eight equal sub-regions can be disabled one by one. The
 * highest-numbered region that matches decides; here regions meet only where they grant the same.
 *
 * Slots of a config:  0, 1: the app's RAM | flash, one or more | windows, packed
 *
 * The app's RAM, as in Tock: two regions of equal size R, one behind the other, block.base aligned
 * to R. Of their 16 sub-regions the first n are enabled; the rest, where grants live, never match:
 *
 *   block.base             accessible end   kernel break    block end <= block.base + 2R
 *   |== == == == == == == ==|== == -- -- -- -- -- --|
 *           region 0                region 1
 *
 * Packing flash or windows exactly and into as few regions as can be. A span falls apart into
 * blocks: the largest aligned powers of two in it, at most two of each level. A region holds a
 * block if it is the block, or an enclosing block up to 8 times (3 levels) as large that has
 * sub-regions: a yet larger one would have sub-regions larger than the block. So a block of level k
 * asks for one region on its way up from level k to k + 3. Blocks are taken from the smallest level
 * up; the first that no region holds yet gets the *highest* region on its way. This is optimal:
 * that block needs some region on its way, and any later block which that one would hold has a way
 * that reaches at least as high, and so is held by the highest one, too.
 *
 * Source: ARMv7-M Architecture Reference Manual (DDI 0403E) B3.5: MPU_TYPE, CTRL, RBAR, RASR in
 * B3.5.5 to B3.5.9, AP in table B3-15, TEX/C/B in B3.5.9 and A3.5; Cortex-M4 Devices Generic User
 * Guide (DUI 0553), "MPU configuration for a microcontroller", for the memory types of flash and
 * internal SRAM. Scheme of RAM: Tock's arch/cortex-m mpu.
 */
#include "model/mpu.h"
#include "model/process.h"

enum { LEVEL_MIN = 5, SUBREGION_LEVEL_MIN = 8, LEVEL_MAX = 32, SUBREGION_LEVELS = 3 };

enum { GRANULE = 1 << LEVEL_MIN, RAM_REGIONS = 2, RAM_PART_MAX = 1 << 30 };

static const uint32_t MPU_TYPE = 0xe000ed90;
static const uint32_t MPU_CTRL = 0xe000ed94;
static const uint32_t MPU_RBAR = 0xe000ed9c;
static const uint32_t MPU_RASR = 0xe000eda0;

enum { TYPE_DREGION_SHIFT = 8, TYPE_DREGION = 0xff };
enum { CTRL_ENABLE = 1 << 0, CTRL_PRIVDEFENA = 1 << 2 };
enum { RBAR_VALID = 1 << 4 }; /* the write names its region in bits 3:0 */

enum {
    RASR_ENABLE = 1 << 0,
    RASR_SIZE_SHIFT = 1, /* SIZE: level - 1 */
    RASR_SRD_SHIFT = 8,  /* a bit disables its sub-region */
    RASR_C = 1 << 17,
    RASR_S = 1 << 18,
    RASR_AP_SHIFT = 24,
    RASR_XN = 1 << 28,
    AP_ALL_READ_WRITE = 3,
    AP_ALL_READ_ONLY = 6,
};

/* Memory types: Normal write-through for memory, shared where DMA works too; TEX, C, B = 0,
 * strongly ordered, for registers. Nobody writes an app's flash through the unit: read-only for
 * all. */
enum {
    RASR_FLASH = AP_ALL_READ_ONLY << RASR_AP_SHIFT | RASR_C,
    RASR_RAM = RASR_XN | AP_ALL_READ_WRITE << RASR_AP_SHIFT | RASR_S | RASR_C,
    RASR_WINDOW = RASR_XN | AP_ALL_READ_WRITE << RASR_AP_SHIFT,
};

/* A region in the making: a block with sub-regions of which some are wanted. */
struct piece {
    uint32_t base;
    uint8_t level;   /* SUBREGION_LEVEL_MIN .. LEVEL_MAX */
    uint8_t enabled; /* a bit a sub-region */
};

struct packing {
    struct piece pieces[MPU_REGION_MAX];
    uint32_t count;
    uint32_t limit;
};

/* What is left of a span while its blocks are taken off both ends; equal: nothing. An `end` of 0 is
 * 2^32, and arithmetic modulo 2^32 does the rest, since no span is all of memory. */
struct run {
    uint32_t first;
    uint32_t end;
};

static uint32_t align_up(uint32_t value, uint32_t power)
{
    return (value + (power - 1)) & ~(power - 1);
}

static bool granular(struct span s)
{
    return span_valid(s) && s.base % GRANULE == 0 && s.size % GRANULE == 0;
}

/* The base of the block of `level` that `address` is in. */
static uint32_t block_base(uint32_t address, uint32_t level)
{
    return level < LEVEL_MAX ? address & ~((1u << level) - 1) : 0;
}

/* --- regions --- */

static struct mpu_region region_of(uint32_t base, uint32_t level, uint32_t enabled,
                                   uint32_t attributes)
{
    if (!enabled)
        return (struct mpu_region){0};
    uint32_t disabled = ~enabled & 0xff;
    return (struct mpu_region){
        .rbar = base,
        .rasr =
            attributes | disabled << RASR_SRD_SHIFT | (level - 1) << RASR_SIZE_SHIFT | RASR_ENABLE,
    };
}

/* A piece whose wanted sub-regions are one block is that block: it needs no sub-regions, and below
 * level 8 it must have none. */
static struct mpu_region region_of_piece(struct piece piece, uint32_t attributes)
{
    uint32_t sub_level = piece.level - SUBREGION_LEVELS;
    for (uint32_t up = 0; up < SUBREGION_LEVELS; up++) {
        uint32_t width = 1u << up;
        for (uint32_t at = 0; at < 8; at += width)
            if (piece.enabled == ((1u << width) - 1) << at)
                return region_of(piece.base + (at << sub_level), sub_level + up, 0xff, attributes);
    }
    return region_of(piece.base, piece.level, piece.enabled, attributes);
}

/* --- packing --- */

/* Pieces are written as they are opened. */
static void packing_start(struct packing *packing, uint32_t limit)
{
    packing->count = 0;
    packing->limit = limit;
}

static struct piece *packing_find(struct packing *packing, uint32_t address)
{
    for (uint32_t i = 0; i < packing->count; i++) {
        struct piece *piece = &packing->pieces[i];
        if (block_base(address, piece->level) == piece->base)
            return piece;
    }
    return NULL;
}

/* A new piece: the highest that can hold a block of `level` at `base`. NULL: none is left. */
static struct piece *packing_open(struct packing *packing, uint32_t base, uint32_t level)
{
    if (packing->count >= packing->limit)
        return NULL;
    struct piece *piece = &packing->pieces[packing->count++];
    uint32_t highest = level + SUBREGION_LEVELS;
    piece->level = (uint8_t)(highest < LEVEL_MAX ? highest : LEVEL_MAX);
    piece->base = block_base(base, piece->level);
    piece->enabled = 0;
    return piece;
}

/* Blocks come by ascending level and never meet. So a piece that holds the block's base was opened
 * by a block beside it, is larger than it, and at most 3 levels so. */
static bool pack_block(struct packing *packing, uint32_t base, uint32_t level)
{
    struct piece *piece = packing_find(packing, base);
    if (!piece)
        piece = packing_open(packing, base, level);
    if (!piece)
        return false;
    uint32_t sub_level = piece->level - SUBREGION_LEVELS;
    uint32_t width = 1u << (level - sub_level);
    piece->enabled |= (uint8_t)(((1u << width) - 1) << ((base - piece->base) >> sub_level));
    return true;
}

/* Takes the blocks of `level` off both ends; ends are multiples of 2^level. */
static bool pack_ends(struct packing *packing, struct run *run, uint32_t level)
{
    uint32_t size = 1u << level;
    if (run->first != run->end && run->first & size) {
        if (!pack_block(packing, run->first, level))
            return false;
        run->first += size;
    }
    if (run->first != run->end && run->end & size) {
        run->end -= size;
        if (!pack_block(packing, run->end, level))
            return false;
    }
    return true;
}

/* The next level from `level` on at which an end is no multiple of twice as much; LEVEL_MAX:
 * none. */
static uint32_t next_level(const struct run runs[], uint32_t count, uint32_t level)
{
    uint32_t ends = 0;
    for (uint32_t i = 0; i < count; i++)
        ends |= runs[i].first | runs[i].end;
    ends = ends >> level << level;
    return ends ? (uint32_t)__builtin_ctz(ends) : LEVEL_MAX;
}

/* Adds `count` spans (at most WINDOW_MAX) that do not meet; false: more than `limit` regions. */
static bool pack_spans(struct packing *packing, const struct span spans[], uint32_t count)
{
    struct run runs[WINDOW_MAX];
    for (uint32_t i = 0; i < count; i++)
        runs[i] = (struct run){spans[i].base, spans[i].base + spans[i].size};

    uint32_t level = next_level(runs, count, LEVEL_MIN);
    while (level < LEVEL_MAX) {
        uint32_t left = 0;
        for (uint32_t i = 0; i < count; i++) {
            struct run run = runs[i];
            if (!pack_ends(packing, &run, level))
                return false;
            if (run.first != run.end)
                runs[left++] = run;
        }
        count = left;
        level = level + 1 < LEVEL_MAX ? next_level(runs, count, level + 1) : LEVEL_MAX;
    }
    return true;
}

/* Joins ascending neighbours. Two halves of all memory stay two: their sum has no size. */
static uint32_t merge_spans(const struct span spans[], uint32_t count, struct span merged[])
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct span *last = used > 0 ? &merged[used - 1] : NULL;
        if (last && last->base + last->size == spans[i].base && last->size + spans[i].size != 0)
            last->size += spans[i].size;
        else
            merged[used++] = spans[i];
    }
    return used;
}

/* --- laying out a config --- */

static void place(struct mpu_config *config, const struct packing *packing, uint32_t attributes)
{
    for (uint32_t i = 0; i < packing->count; i++)
        config->regions[config->region_count++] = region_of_piece(packing->pieces[i], attributes);
}

static bool pack_windows(struct packing *packing, const struct mpu_config *config)
{
    struct packing apart;
    packing_start(&apart, packing->limit);
    if (!pack_spans(&apart, config->windows, config->window_count))
        return false;
    struct span merged[WINDOW_MAX];
    uint32_t count = merge_spans(config->windows, config->window_count, merged);
    return pack_spans(packing, merged, count);
}

/* Computes the slots behind RAM from `flash` and `windows`. ERR_NOMEM: half done, throw it away. */
static enum err lay_out(struct mpu_config *config)
{
    if (config->region_limit < RAM_REGIONS)
        return ERR_NOMEM;
    struct packing flash, windows;
    packing_start(&flash, config->region_limit - RAM_REGIONS);
    if (!pack_spans(&flash, &config->flash, config->flash.size > 0 ? 1 : 0))
        return ERR_NOMEM;
    packing_start(&windows, flash.limit - flash.count);
    if (!pack_windows(&windows, config))
        return ERR_NOMEM;

    memset(&config->regions[RAM_REGIONS], 0,
           (MPU_REGION_MAX - RAM_REGIONS) * sizeof config->regions[0]);
    config->region_count = RAM_REGIONS;
    place(config, &flash, RASR_FLASH);
    place(config, &windows, RASR_WINDOW);
    return ERR_NONE;
}

/* Lays out `next` and puts it in the place of `config`, or leaves `config` as it is. */
static enum err adopt(struct mpu_config *config, struct mpu_config *next)
{
    enum err err = lay_out(next);
    if (err)
        return err;
    next->dirty = true;
    *config = *next;
    return ERR_NONE;
}

static bool meets_window(const struct mpu_config *config, struct span s)
{
    for (uint32_t i = 0; i < config->window_count; i++)
        if (span_meets(config->windows[i], s))
            return true;
    return false;
}

void mpu_config_start(struct mpu_config *config, uint8_t region_limit)
{
    memset(config, 0, sizeof *config);
    config->region_limit = region_limit < MPU_REGION_MAX ? region_limit : MPU_REGION_MAX;
    config->dirty = true; /* whatever the hardware holds, it is not this */
}

enum err mpu_set_flash(struct mpu_config *config, struct span flash)
{
    if (!granular(flash))
        return ERR_INVAL;
    if (span_meets(config->block, flash) || meets_window(config, flash))
        return ERR_ALREADY;
    struct mpu_config next = *config;
    next.flash = flash;
    return adopt(config, &next);
}

/* --- the app's RAM --- */

/* The smallest level of which two regions hold a block of `size` (at most 2^31) bytes. */
static uint32_t ram_level(uint32_t size)
{
    uint32_t level = SUBREGION_LEVEL_MIN;
    while ((size - 1) >> (level + 1))
        level++;
    return level;
}

static uint32_t ram_step(uint32_t level)
{
    return 1u << (level - SUBREGION_LEVELS);
}

/* The size of a block whose regions have `level`. The app's part is rounded up first and the
 * kernel's comes behind it: so the last sub-region that the app needs never reaches into the
 * kernel's. */
static uint32_t ram_block_size(uint32_t level, uint32_t min_size, uint32_t app_size,
                               uint32_t kernel_size)
{
    uint32_t step = ram_step(level);
    uint32_t size = align_up(app_size, step) + kernel_size;
    return align_up(size > min_size ? size : min_size, step);
}

/* Writes slots 0 and 1 from `block` and `accessible`, a whole number of sub-regions. */
static void lay_out_ram(struct mpu_config *config)
{
    uint32_t level = ram_level(config->block.size);
    uint32_t reached = config->accessible.size / ram_step(level); /* 0 .. 16 */
    uint32_t enabled = (1u << reached) - 1;
    for (uint32_t i = 0; i < RAM_REGIONS; i++)
        config->regions[i] = region_of(config->block.base + (i << level), level,
                                       enabled >> (8 * i) & 0xff, RASR_RAM);
    if (config->region_count < RAM_REGIONS)
        config->region_count = RAM_REGIONS;
    config->dirty = true;
}

enum err mpu_allocate_app_memory(struct mpu_config *config, struct span pool, uint32_t min_size,
                                 uint32_t app_size, uint32_t kernel_size)
{
    if (app_size > UINT32_MAX - kernel_size || (min_size | app_size | kernel_size) == 0)
        return ERR_INVAL;
    if (config->region_limit < RAM_REGIONS || !span_valid(pool))
        return ERR_NOMEM;
    if (min_size > RAM_PART_MAX || app_size > RAM_PART_MAX || kernel_size > RAM_PART_MAX)
        return ERR_NOMEM;

    /* Larger regions have coarser steps, so the size may grow with the level: until both agree. At
     * the latest at level 30, as no part is over 2^30. */
    uint32_t level = SUBREGION_LEVEL_MIN;
    uint32_t size = ram_block_size(level, min_size, app_size, kernel_size);
    while ((size - 1) >> (level + 1))
        size = ram_block_size(++level, min_size, app_size, kernel_size);

    struct span block = {align_up(pool.base, 1u << level), size};
    uint32_t skipped = block.base - pool.base;
    if (skipped > pool.size || size > pool.size - skipped)
        return ERR_NOMEM;
    if (span_meets(config->flash, block) || meets_window(config, block))
        return ERR_ALREADY;

    config->block = block;
    config->accessible = (struct span){block.base, align_up(app_size, ram_step(level))};
    lay_out_ram(config);
    return ERR_NONE;
}

enum err mpu_update_app_memory(struct mpu_config *config, uint32_t app_break, uint32_t kernel_break)
{
    /* As offsets, so that a block may end where addresses do. */
    uint32_t app_size = app_break - config->block.base;
    uint32_t free_size = kernel_break - config->block.base;
    if (config->block.size == 0 || app_size > free_size || free_size > config->block.size)
        return ERR_INVAL;
    uint32_t reached = align_up(app_size, ram_step(ram_level(config->block.size)));
    if (reached > free_size)
        return ERR_NOMEM;
    if (reached == config->accessible.size)
        return ERR_NONE;

    config->accessible.size = reached;
    lay_out_ram(config);
    return ERR_NONE;
}

/* --- windows --- */

enum err mpu_add_window(struct mpu_config *config, struct span window)
{
    if (!granular(window))
        return ERR_INVAL;
    if (meets_window(config, window) || span_meets(config->block, window) ||
        span_meets(config->flash, window))
        return ERR_ALREADY;
    if (config->window_count >= WINDOW_MAX)
        return ERR_NOMEM;

    struct mpu_config next = *config;
    uint32_t at = next.window_count++;
    for (; at > 0 && next.windows[at - 1].base > window.base; at--)
        next.windows[at] = next.windows[at - 1];
    next.windows[at] = window;
    return adopt(config, &next);
}

enum err mpu_remove_window(struct mpu_config *config, struct span window)
{
    uint32_t at = 0;
    while (at < config->window_count && !span_equal(config->windows[at], window))
        at++;
    if (at >= config->window_count)
        return ERR_INVAL;

    struct mpu_config next = *config;
    next.window_count--;
    for (; at < next.window_count; at++)
        next.windows[at] = next.windows[at + 1];
    next.windows[at] = (struct span){0};
    return adopt(config, &next); /* cannot run out: see mpu_add_window */
}

/* --- the hardware --- */

enum { REGION_WORDS = 2 };

static void region_words(struct hw_word words[REGION_WORDS], uint32_t number,
                         struct mpu_region region)
{
    words[0] = (struct hw_word){MPU_RBAR, region.rbar | RBAR_VALID | number};
    words[1] = (struct hw_word){MPU_RASR, region.rasr};
}

void mpu_start(struct mpu_state *mpu, struct hw *hw)
{
    struct hw_word words[REGION_WORDS * MPU_REGION_MAX];
    uint32_t regions = hw_read32(hw, MPU_TYPE) >> TYPE_DREGION_SHIFT & TYPE_DREGION, count = 0;
    mpu->configured_for = 0;
    mpu->region_limit = (uint8_t)(regions < MPU_REGION_MAX ? regions : MPU_REGION_MAX);
    mpu_disable(hw);
    for (uint32_t i = 0; i < mpu->region_limit; i++, count += REGION_WORDS)
        region_words(&words[count], i, (struct mpu_region){0});
    hw_write_words(hw, words, count);
    hw_barrier(hw);
}

void mpu_configure(struct mpu_state *mpu, struct hw *hw, struct mpu_config *config, uint32_t unique)
{
    if (unique != 0 && mpu->configured_for == unique && !config->dirty)
        return;
    KASSERT(hw, config->region_count <= mpu->region_limit);

    hw_spend(hw, PATH_MPU_CONFIGURE, 1);
    struct hw_word words[REGION_WORDS * MPU_REGION_MAX];
    uint32_t enabled = 0, count = 0;
    for (uint32_t i = 0; i < mpu->region_limit; i++, count += REGION_WORDS) {
        region_words(&words[count], i, config->regions[i]);
        enabled += config->regions[i].rasr & RASR_ENABLE;
    }
    hw_write_words(hw, words, count);
    mpu->configured_for = unique;
    config->dirty = false;
    hw_note(hw, NOTE_MPU_WRITTEN, PROCESS_NONE, 0, enabled | (uint64_t)mpu->region_limit << 32);
    hw_barrier(hw);
}

void mpu_enable(struct hw *hw)
{
    hw_write32(hw, MPU_CTRL, CTRL_ENABLE | CTRL_PRIVDEFENA);
    hw_barrier(hw);
}

void mpu_disable(struct hw *hw)
{
    hw_write32(hw, MPU_CTRL, 0);
    hw_barrier(hw);
}
