/* test_mpu_layer.c: the kernel's driver of the ARMv7-M MPU (model/mpu.h), judged by the simulated
 * unit (sim/mpu_armv7m.h) that decodes what the driver wrote.
 */
#include "model/mpu.h"
#include "model/process.h"
#include "sim/mpu_armv7m.h"
#include "tests/support_fake_hw.h"

#include <check.h>
#include <stdlib.h>

static struct hw hw;
static struct mpu_armv7m unit;
static struct mpu_state mpu;
static struct mpu_config config;

/* The registers of the MPU go to the simulated unit. */
static bool unit_reads(struct hw *from, uint32_t address, uint32_t *value)
{
    (void)from;
    *value = mpu_armv7m_owns(address) ? mpu_armv7m_read(&unit, address) : 0;
    return mpu_armv7m_owns(address);
}

static bool unit_writes(struct hw *to, uint32_t address, uint32_t value)
{
    (void)to;
    if (mpu_armv7m_owns(address))
        mpu_armv7m_write(&unit, address, value);
    return mpu_armv7m_owns(address);
}

static void start_hardware(uint8_t regions)
{
    fake_hw_start(&hw, (struct span){0}, (struct span){0});
    hw.on_read = unit_reads;
    hw.on_write = unit_writes;
    mpu_armv7m_reset(&unit, regions);
    mpu_start(&mpu, &hw);
    mpu_config_start(&config, mpu.region_limit);
}

static void must(enum err err)
{
    if (err)
        ck_abort_msg("refused with %d", (int)err);
}

/* --- refusals --- */

static const struct span FLASH = {0x00010000, 0x8000};
static const struct span POOL = {0x20000000, 0x10000};
static const struct span WINDOW = {0x40001000, 0x1000};

/* Flash, a block of 4 KiB with 2 KiB reached, and one window. */
static void start_ordinary(uint8_t regions)
{
    start_hardware(regions);
    must(mpu_set_flash(&config, FLASH));
    must(mpu_allocate_app_memory(&config, POOL, 0x1000, 0x800, 0x400));
    must(mpu_add_window(&config, WINDOW));
}

enum operation { SET_FLASH, ALLOCATE, UPDATE, ADD, REMOVE };

static enum err operate(enum operation operation, const uint32_t a[])
{
    struct span s = {a[0], a[1]};
    switch (operation) {
    case SET_FLASH:
        return mpu_set_flash(&config, s);
    case ALLOCATE:
        return mpu_allocate_app_memory(&config, s, a[2], a[3], a[4]);
    case UPDATE:
        return mpu_update_app_memory(&config, a[0], a[1]);
    case ADD:
        return mpu_add_window(&config, s);
    default:
        return mpu_remove_window(&config, s);
    }
}

static const struct {
    const char *why;
    enum operation operation;
    uint32_t arguments[5];
    enum err expect;
} refusals[] = {
    {"flash empty", SET_FLASH, {0x10000, 0}, ERR_INVAL},
    {"flash wraps", SET_FLASH, {0xffffffe0, 0x40}, ERR_INVAL},
    {"flash base odd", SET_FLASH, {0x10010, 0x20}, ERR_INVAL},
    {"flash size odd", SET_FLASH, {0x10000, 0x30}, ERR_INVAL},
    {"flash in the block", SET_FLASH, {0x20000fe0, 0x20}, ERR_ALREADY},
    {"flash in a window", SET_FLASH, {0x40000000, 0x1020}, ERR_ALREADY},
    {"flash too ragged", SET_FLASH, {0x00100020, 0xfffc0}, ERR_NOMEM},
    {"block of nothing", ALLOCATE, {0x20000000, 0x10000, 0, 0, 0}, ERR_INVAL},
    {"block overflows", ALLOCATE, {0x20000000, 0x10000, 0, 0xffffff00, 0x100}, ERR_INVAL},
    {"block over 1 GiB, app", ALLOCATE, {0, 0xffffffff, 0, 0x40000001, 0}, ERR_NOMEM},
    {"block over 1 GiB, kernel", ALLOCATE, {0, 0xffffffff, 0, 0, 0x40000001}, ERR_NOMEM},
    {"block over 1 GiB, least", ALLOCATE, {0, 0xffffffff, 0x40000001, 0, 0}, ERR_NOMEM},
    {"block larger than pool", ALLOCATE, {0x20000000, 0xfff, 0x1000, 0, 0}, ERR_NOMEM},
    {"alignment passes pool", ALLOCATE, {0x20000020, 0x1000, 0x1000, 0, 0}, ERR_NOMEM},
    {"alignment passes memory", ALLOCATE, {0xffffff20, 0xe0, 0x20, 0x20, 0}, ERR_NOMEM},
    {"pool empty", ALLOCATE, {0x20000000, 0, 0x20, 0, 0}, ERR_NOMEM},
    {"pool wraps", ALLOCATE, {0xfffff000, 0x2000, 0x20, 0, 0}, ERR_NOMEM},
    {"block in the flash", ALLOCATE, {0x00017000, 0x2000, 0x1000, 0, 0}, ERR_ALREADY},
    {"block in a window", ALLOCATE, {0x40001000, 0x1000, 0x1000, 0, 0}, ERR_ALREADY},
    {"app break under block", UPDATE, {0x1fffffff, 0x20000c00}, ERR_INVAL},
    {"kernel break over block", UPDATE, {0x20000800, 0x20001001}, ERR_INVAL},
    {"breaks crossed", UPDATE, {0x20000801, 0x20000800}, ERR_INVAL},
    {"breaks in one step", UPDATE, {0x20000801, 0x200008ff}, ERR_NOMEM},
    {"window empty", ADD, {0x40000000, 0}, ERR_INVAL},
    {"window wraps", ADD, {0xffffffe0, 0x40}, ERR_INVAL},
    {"window base odd", ADD, {0x40000004, 0x20}, ERR_INVAL},
    {"window size odd", ADD, {0x40000000, 0x24}, ERR_INVAL},
    {"window twice", ADD, {0x40001000, 0x1000}, ERR_ALREADY},
    {"window meets a window", ADD, {0x40001fe0, 0x1000}, ERR_ALREADY},
    {"window meets the gap", ADD, {0x20000fe0, 0x20}, ERR_ALREADY},
    {"window meets flash", ADD, {0x0000ffe0, 0x40}, ERR_ALREADY},
    {"window too ragged", ADD, {0x50000020, 0xfffc0}, ERR_NOMEM},
    {"no such window", REMOVE, {0x40002000, 0x1000}, ERR_INVAL},
    {"window in part", REMOVE, {0x40001000, 0x800}, ERR_INVAL},
    {"empty window", REMOVE, {0, 0}, ERR_INVAL},
};

START_TEST(refused_call_changes_nothing)
{
    start_ordinary(8);
    struct mpu_config before = config;
    fake_hw_forget(&hw);

    enum err err = operate(refusals[_i].operation, refusals[_i].arguments);

    ck_assert_msg(err == refusals[_i].expect, "%s: got %d, expected %d", refusals[_i].why, (int)err,
                  (int)refusals[_i].expect);
    ck_assert_msg(memcmp(&before, &config, sizeof config) == 0, "%s: changed", refusals[_i].why);
    ck_assert_uint_eq(hw.write_count, 0);
}
END_TEST

START_TEST(break_without_block_is_refused)
{
    start_hardware(8);
    ck_assert_int_eq(mpu_update_app_memory(&config, 0, 0), ERR_INVAL);
}
END_TEST

START_TEST(too_few_regions_is_nomem)
{
    mpu_config_start(&config, 1);
    struct mpu_config before = config;
    ck_assert_int_eq(mpu_set_flash(&config, FLASH), ERR_NOMEM);
    ck_assert_int_eq(mpu_allocate_app_memory(&config, POOL, 0x1000, 0, 0), ERR_NOMEM);
    ck_assert_int_eq(mpu_add_window(&config, WINDOW), ERR_NOMEM);
    ck_assert_mem_eq(&before, &config, sizeof config);

    mpu_config_start(&config, 2); /* RAM's */
    before = config;
    ck_assert_int_eq(mpu_set_flash(&config, FLASH), ERR_NOMEM);
    ck_assert_mem_eq(&before, &config, sizeof config);
    ck_assert_int_eq(mpu_allocate_app_memory(&config, POOL, 0x1000, 0, 0), ERR_NONE);
}
END_TEST

START_TEST(window_rows_run_out)
{
    start_hardware(16);
    for (uint32_t i = 0; i < WINDOW_MAX; i++)
        must(mpu_add_window(&config, (struct span){0x40000000 + 0x40 * i, 0x20}));
    struct mpu_config before = config;
    ck_assert_int_eq(mpu_add_window(&config, (struct span){0x40000020, 0x20}), ERR_NOMEM);
    ck_assert_mem_eq(&before, &config, sizeof config);
}
END_TEST

/* --- worked examples of packing --- */

struct expected_region {
    uint32_t base;
    uint32_t size;
    uint32_t disabled; /* SRD */
};

/* Expected in order of address. */
static const struct {
    const char *what;
    struct span windows[8];
    struct expected_region regions[4];
} examples[] = {
    {"one page", {{0x40001000, 0x1000}}, {{0x40001000, 0x1000, 0}}},
    {"two pages off alignment", {{0x40001000, 0x2000}}, {{0x40000000, 0x8000, 0xf9}}},
    {"three pages", {{0x40003000, 0x3000}}, {{0x40000000, 0x8000, 0xc7}}},
    {"13 pages take two",
     {{0x5000c000, 0xd000}},
     {{0x50000000, 0x20000, 0xc7}, {0x50018000, 0x1000, 0}}},
    {"the eight pages of a BLE controller",
     {{0x40000000, 0x1000},
      {0x40001000, 0x1000},
      {0x40008000, 0x1000},
      {0x4000b000, 0x1000},
      {0x4000d000, 0x1000},
      {0x4000e000, 0x1000},
      {0x4000f000, 0x1000},
      {0x4001f000, 0x1000}},
     {{0x40000000, 0x2000, 0}, {0x40008000, 0x8000, 0x16}, {0x4001f000, 0x1000, 0}}},
    {"neighbours become one", {{0x40000fe0, 0x20}, {0x40000000, 0xfe0}}, {{0x40000000, 0x1000, 0}}},
    {"32 bytes", {{0x50000520, 0x20}}, {{0x50000520, 0x20, 0}}},
    {"128 bytes", {{0x50000580, 0x80}}, {{0x50000580, 0x80, 0}}},
    {"96 bytes need sub-regions", {{0x50000520, 0x60}}, {{0x50000500, 0x100, 0xf1}}},
    {"top of memory", {{0xffffffe0, 0x20}}, {{0xffffffe0, 0x20, 0}}},
    {"half of memory", {{0x80000000, 0x80000000}}, {{0x80000000, 0x80000000, 0}}},
};

static int by_rbar(const void *a, const void *b)
{
    uint32_t x = ((const struct mpu_region *)a)->rbar, y = ((const struct mpu_region *)b)->rbar;
    return x < y ? -1 : x > y;
}

static uint64_t region_size(struct mpu_region region)
{
    return (uint64_t)2 << (region.rasr >> 1 & 0x1f);
}

START_TEST(windows_pack_as_worked_out)
{
    start_hardware(8);
    uint32_t want = 0;
    for (uint32_t i = 0; i < 8 && examples[_i].windows[i].size; i++)
        must(mpu_add_window(&config, examples[_i].windows[i]));
    while (want < 4 && examples[_i].regions[want].size)
        want++;

    ck_assert_msg(config.region_count == 2 + want, "%s: %d regions", examples[_i].what,
                  config.region_count - 2);
    qsort(config.regions + 2, want, sizeof config.regions[0], by_rbar);
    for (uint32_t i = 0; i < want; i++) {
        struct mpu_region got = config.regions[2 + i];
        ck_assert_uint_eq(got.rbar, examples[_i].regions[i].base);
        ck_assert_uint_eq(region_size(got), examples[_i].regions[i].size);
        ck_assert_uint_eq(got.rasr >> 8 & 0xff, examples[_i].regions[i].disabled);
        ck_assert_uint_eq(got.rasr >> 16, 0x1300); /* XN, AP 3, strongly ordered */
    }
}
END_TEST

/* --- packing against brute force --- */

enum { GRID = 12, GRID_LEVELS = 8 };

/* Units 0 .. 63 of 2^level bytes each, `wanted` a bit each: what a region of `up` levels above a
 * unit can hold at most, if it begins at unit `at` and grants nothing unwanted. Written from the
 * rules of the unit, not from the driver. */
static uint64_t region_holds(uint64_t wanted, uint32_t level, uint32_t up, uint32_t at)
{
    uint32_t units = 1u << up;
    uint64_t whole = units == 64 ? ~0ull : ((1ull << units) - 1) << at;
    if (level < 8 && up < 8 - level)
        return (wanted & whole) == whole ? whole : 0;
    uint32_t part = units >= 8 ? units / 8 : 1;
    uint64_t holds = 0;
    for (uint32_t i = at; i < at + units; i += part) {
        uint64_t bits = ((1ull << part) - 1) << i;
        if ((wanted & bits) == bits)
            holds |= bits;
    }
    return holds;
}

/* Whether so many regions can do it: tries each that holds the lowest unit that is missing. */
static bool regions_suffice(uint64_t wanted, uint32_t level, uint64_t held, uint32_t regions)
{
    uint64_t missing = wanted & ~held;
    if (!missing)
        return true;
    uint32_t lowest = (uint32_t)__builtin_ctzll(missing);
    for (uint32_t up = 0; up <= 6 && regions > 0; up++) {
        uint64_t holds = region_holds(wanted, level, up, lowest >> up << up);
        if (holds >> lowest & 1 && regions_suffice(wanted, level, held | holds, regions - 1))
            return true;
    }
    return false;
}

static uint32_t fewest(uint64_t wanted, uint32_t level)
{
    uint32_t regions = 0;
    while (!regions_suffice(wanted, level, 0, regions))
        regions++;
    return regions;
}

static const struct {
    uint32_t level; /* of a unit */
    uint32_t at;    /* where the grid begins, in units of a block of 64 */
} grids[] = {{5, 0}, {5, 3}, {5, 26}, {6, 0}, {6, 5}, {7, 2}, {8, 1}, {12, 0}, {12, 7}, {20, 30}};

/* Adds the units of `wanted`, one by one or a run of neighbours at a time, or by any cuts. */
static void add_units(uint64_t wanted, uint32_t level, uint64_t cuts)
{
    for (uint32_t i = 0; i < 64; i++) {
        if (!(wanted >> i & 1))
            continue;
        uint32_t first = i;
        while (i < 63 && wanted >> (i + 1) & 1 && !(cuts >> i & 1))
            i++;
        must(mpu_add_window(
            &config, (struct span){0x40000000 + (first << level), (i + 1 - first) << level}));
    }
}

START_TEST(packing_is_as_small_as_brute_force_finds)
{
    uint32_t level = grids[_i].level;
    for (uint32_t subset = 1; subset < 1u << GRID; subset++) {
        uint64_t wanted = (uint64_t)subset << grids[_i].at;
        uint32_t want = fewest(wanted, level);
        const uint64_t cuts[] = {0, ~0ull, 0x9249249249249249ull};
        for (uint32_t k = 0; k < COUNT_OF(cuts); k++) {
            mpu_config_start(&config, 16);
            add_units(wanted, level, cuts[k]);
            if (config.region_count != 2 + want)
                ck_abort_msg("units %#x: %d regions, not %u", subset, config.region_count - 2,
                             want);
        }
    }
}
END_TEST

START_TEST(flash_packing_is_as_small_as_brute_force_finds)
{
    uint32_t level = grids[_i].level;
    for (uint32_t first = 0; first < 64; first++)
        for (uint32_t size = 1; size <= 64 - first; size++) {
            uint64_t wanted = (size == 64 ? ~0ull : (1ull << size) - 1) << first;
            mpu_config_start(&config, 16);
            must(mpu_set_flash(&config, (struct span){first << level, size << level}));
            uint32_t want = fewest(wanted, level);
            if (config.region_count != 2 + want)
                ck_abort_msg("units %u+%u: %d regions, not %u", first, size,
                             config.region_count - 2, want);
        }
}
END_TEST

START_TEST(order_of_windows_does_not_matter)
{
    struct mpu_config forward;
    mpu_config_start(&forward, 8);
    mpu_config_start(&config, 8);
    for (uint32_t i = 0; i < 8; i++) {
        must(mpu_add_window(&forward, examples[4].windows[i]));
        must(mpu_add_window(&config, examples[4].windows[7 - i]));
    }
    ck_assert_mem_eq(&forward, &config, sizeof config);
}
END_TEST

START_TEST(removed_window_leaves_what_was_before)
{
    start_ordinary(8);
    struct mpu_config before = config;
    must(mpu_add_window(&config, (struct span){0x40002000, 0x1000}));
    must(mpu_remove_window(&config, (struct span){0x40002000, 0x1000}));
    ck_assert_mem_eq(&before, &config, sizeof config);
    must(mpu_remove_window(&config, WINDOW));
    ck_assert_uint_eq(config.window_count, 0);
    ck_assert_uint_eq(config.region_count, 3);
}
END_TEST

/* Together the two are one region; the larger alone is four. */
START_TEST(window_that_could_not_stay_alone_is_refused)
{
    const struct span small = {0x4000ffe0, 0x20}, large = {0x40000000, 0xffe0};
    mpu_config_start(&config, 2 + 3);
    must(mpu_add_window(&config, small));
    ck_assert_int_eq(mpu_add_window(&config, large), ERR_NOMEM);

    mpu_config_start(&config, 2 + 4);
    must(mpu_add_window(&config, small));
    must(mpu_add_window(&config, large));
    ck_assert_uint_eq(config.region_count, 2 + 1);
    must(mpu_remove_window(&config, small));
    ck_assert_uint_eq(config.region_count, 2 + 4);
}
END_TEST

/* --- the app's RAM --- */

START_TEST(block_begins_at_the_lowest_aligned_address)
{
    start_hardware(8);
    must(mpu_allocate_app_memory(&config, (struct span){0x20000420, 0x8000}, 3000, 1000, 500));
    /* 2 x 2048 hold 3000 bytes, in steps of 256. */
    ck_assert_uint_eq(config.block.base, 0x20000800);
    ck_assert_uint_eq(config.block.size, 3072);
    ck_assert_uint_eq(config.accessible.base, 0x20000800);
    ck_assert_uint_eq(config.accessible.size, 1024);
}
END_TEST

/* The app's last step would reach into the kernel's part: the block must grow, not only the
 * regions. */
START_TEST(app_and_kernel_parts_never_share_a_step)
{
    for (uint32_t app = 0; app < 3000; app += 7)
        for (uint32_t kernel = 0; kernel < 3000; kernel += 13) {
            if (app + kernel == 0)
                continue;
            mpu_config_start(&config, 8);
            must(mpu_allocate_app_memory(&config, POOL, 0, app, kernel));
            if (config.accessible.size < app || config.accessible.size + kernel > config.block.size)
                ck_abort_msg("app %u, kernel %u: reached %u of %u", app, kernel,
                             config.accessible.size, config.block.size);
        }
}
END_TEST

START_TEST(whole_steps_are_not_rounded_up)
{
    start_ordinary(8); /* 4 KiB block: steps of 256 */
    must(mpu_update_app_memory(&config, 0x20000900, 0x20000c00));
    ck_assert_uint_eq(config.accessible.size, 0x900);
    must(mpu_update_app_memory(&config, 0x20000901, 0x20000c00));
    ck_assert_uint_eq(config.accessible.size, 0xa00);
    must(mpu_update_app_memory(&config, 0x20000c00, 0x20000c00));
    ck_assert_uint_eq(config.accessible.size, 0xc00);
    must(mpu_update_app_memory(&config, 0x20001000, 0x20001000));
    ck_assert_uint_eq(config.accessible.size, 0x1000);
    must(mpu_update_app_memory(&config, 0x20000000, 0x20000000));
    ck_assert_uint_eq(config.accessible.size, 0);
    ck_assert_uint_eq(config.regions[0].rasr | config.regions[1].rasr, 0);
}
END_TEST

START_TEST(break_within_a_step_is_not_dirty)
{
    start_ordinary(8);
    config.dirty = false;
    must(mpu_update_app_memory(&config, 0x20000701, 0x20000c00));
    ck_assert(!config.dirty);
    must(mpu_update_app_memory(&config, 0x20000700, 0x20000c00));
    ck_assert(config.dirty);
}
END_TEST

START_TEST(restart_gets_its_old_block_and_nothing_of_the_old_heap)
{
    start_ordinary(8);
    struct mpu_config first = config;
    must(mpu_update_app_memory(&config, 0x20000c00, 0x20000c00)); /* grows, then dies */

    struct span block = config.block;
    mpu_config_start(&config, 8);
    must(mpu_set_flash(&config, FLASH));
    must(mpu_allocate_app_memory(&config, block, 0x1000, 0x800, 0x400));
    must(mpu_add_window(&config, WINDOW));
    ck_assert_mem_eq(&first, &config, sizeof config);
}
END_TEST

START_TEST(block_may_end_where_memory_does)
{
    start_hardware(8);
    must(mpu_allocate_app_memory(&config, (struct span){0xfffff000, 0x1000}, 0x1000, 0x100, 0x100));
    ck_assert_uint_eq(config.block.base, 0xfffff000);
    must(mpu_update_app_memory(&config, 0, 0)); /* both at 2^32 */
    ck_assert_uint_eq(config.accessible.size, 0x1000);
}
END_TEST

/* --- the hardware --- */

static bool may(uint32_t address, enum access_kind kind)
{
    struct access access = {.address = address, .size = 1, .kind = kind};
    return mpu_armv7m_check(&unit, access).allowed;
}

START_TEST(start_leaves_nothing_of_before)
{
    fake_hw_start(&hw, (struct span){0}, (struct span){0});
    hw.on_read = unit_reads;
    hw.on_write = unit_writes;
    mpu_armv7m_reset(&unit, _i ? 16 : 8);
    for (uint32_t i = 0; i < 16; i++) {
        mpu_armv7m_write(&unit, MPU_ARMV7M_RNR, i);
        mpu_armv7m_write(&unit, MPU_ARMV7M_RASR, 0x0300003f); /* everything open */
    }
    mpu_armv7m_write(&unit, MPU_ARMV7M_CTRL, MPU_ARMV7M_CTRL_ENABLE);

    mpu_start(&mpu, &hw);
    ck_assert_uint_eq(mpu.region_limit, _i ? 16 : 8);
    ck_assert_uint_eq(mpu.configured_for, 0);
    ck_assert_uint_eq(unit.ctrl, 0);
    ck_assert_uint_eq(hw.writes[0].address, MPU_ARMV7M_CTRL); /* off before regions change */
    ck_assert_uint_eq(hw.writes_at_barrier, hw.write_count);
    mpu_enable(&hw);
    ck_assert(!may(0x20000000, ACCESS_READ));
}
END_TEST

START_TEST(more_regions_than_the_kernel_knows_are_cut)
{
    fake_hw_start(&hw, (struct span){0}, (struct span){0});
    fake_hw_set(&hw, 0xe000ed90, 200 << 8);
    mpu_start(&mpu, &hw);
    ck_assert_uint_eq(mpu.region_limit, MPU_REGION_MAX);
    mpu_config_start(&config, 200);
    ck_assert_uint_eq(config.region_limit, MPU_REGION_MAX);
}
END_TEST

START_TEST(unit_is_on_for_user_mode_only)
{
    start_hardware(8);
    mpu_enable(&hw);
    ck_assert_uint_eq(unit.ctrl, MPU_ARMV7M_CTRL_ENABLE | MPU_ARMV7M_CTRL_PRIVDEFENA);
    ck_assert_uint_eq(hw.writes_at_barrier, hw.write_count);
    mpu_disable(&hw);
    ck_assert_uint_eq(unit.ctrl, 0);
    ck_assert_uint_eq(hw.writes_at_barrier, hw.write_count);
}
END_TEST

START_TEST(configure_writes_once_and_says_so)
{
    start_ordinary(8);
    fake_hw_forget(&hw);
    mpu_configure(&mpu, &hw, &config, 7);
    ck_assert_uint_eq(hw.write_count, 16); /* RBAR and RASR of all eight */
    ck_assert_uint_eq(hw.writes_at_barrier, 16);
    ck_assert_uint_eq(hw.spent[PATH_MPU_CONFIGURE], 1);
    ck_assert_uint_eq(hw.note_count, 1);
    ck_assert_uint_eq(hw.notes[0].note, NOTE_MPU_WRITTEN);
    ck_assert_uint_eq(hw.notes[0].process, PROCESS_NONE);
    ck_assert_uint_eq(hw.notes[0].value, 3 | 8ull << 32); /* RAM, flash, window; of eight */
    ck_assert(!config.dirty);

    fake_hw_forget(&hw);
    mpu_configure(&mpu, &hw, &config, 7);
    ck_assert_uint_eq(hw.write_count + hw.note_count + hw.barrier_count, 0);
    ck_assert_uint_eq(hw.spent[PATH_MPU_CONFIGURE], 0);
}
END_TEST

START_TEST(configure_is_skipped_for_this_very_config_only)
{
    start_ordinary(8);
    mpu_configure(&mpu, &hw, &config, 7);
    struct mpu_config other = config;

    fake_hw_forget(&hw);
    mpu_configure(&mpu, &hw, &other, 8); /* clean, yet another process's */
    ck_assert_uint_eq(hw.write_count, 16);
    mpu_configure(&mpu, &hw, &config, 7); /* and back */
    ck_assert_uint_eq(hw.write_count, 32);
    must(mpu_remove_window(&config, WINDOW)); /* revoked */
    mpu_configure(&mpu, &hw, &config, 7);
    ck_assert_uint_eq(hw.write_count, 48);
    mpu_configure(&mpu, &hw, &config, 0); /* nobody's is never skipped */
    mpu_configure(&mpu, &hw, &config, 0);
    ck_assert_uint_eq(hw.write_count, 80);
}
END_TEST

START_TEST(fresh_config_takes_the_place_of_an_old_one)
{
    start_ordinary(8);
    mpu_configure(&mpu, &hw, &config, 7);
    mpu_config_start(&config, 8);
    mpu_configure(&mpu, &hw, &config, 7);
    mpu_enable(&hw);
    ck_assert(!may(FLASH.base, ACCESS_READ));
    ck_assert(!may(POOL.base, ACCESS_READ));
    ck_assert(!may(WINDOW.base, ACCESS_READ));
}
END_TEST

/* DUI 0553: flash write-through, internal SRAM write-through and shared; registers as DDI 0403E has
 * strongly ordered. */
START_TEST(memory_types_are_those_of_a_microcontroller)
{
    start_ordinary(8);
    ck_assert_uint_eq(config.regions[0].rasr >> 16, 0x1306); /* RAM: XN, AP 3, S, C */
    ck_assert_uint_eq(config.regions[2].rasr >> 16, 0x0602); /* flash: AP 6, C */
    ck_assert_uint_eq(config.regions[3].rasr >> 16, 0x1300); /* window: XN, AP 3 */
}
END_TEST

START_TEST(config_for_larger_hardware_is_a_broken_promise)
{
    start_hardware(8);
    mpu_config_start(&config, 16);
    must(mpu_set_flash(&config, (struct span){0x00100020, 0xfffc0}));
    FAKE_HW_CATCH(&hw, mpu_configure(&mpu, &hw, &config, 7));
    ck_assert_ptr_nonnull(hw.panic);
}
END_TEST

/* --- what user mode reaches, on random layouts --- */

/* What was asked for, kept apart from the driver's own books. */
struct layout {
    struct span flash;
    struct span block;
    uint32_t kernel_size;
    uint32_t app_break; /* both as offsets from block.base */
    uint32_t kernel_break;
    struct span windows[WINDOW_MAX];
    uint32_t window_count;
};

static struct layout layout;
static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(((seed >> 32) * below) >> 32);
}

/* Two regions of eight steps; a step is 32 bytes or more. */
static uint32_t layout_reached(void)
{
    uint32_t step = 32;
    while (step * 16 < layout.block.size)
        step *= 2;
    return (layout.app_break + step - 1) / step * step;
}

enum { R = 1 << ACCESS_READ, W = 1 << ACCESS_WRITE, X = 1 << ACCESS_EXECUTE };

static uint32_t layout_may(uint32_t address)
{
    if (address >> 20 == 0xe00)
        return R | W; /* the private peripheral bus: the bus refuses, not the unit */
    if (address - layout.flash.base < layout.flash.size)
        return R | X;
    if (address - layout.block.base < layout_reached())
        return R | W;
    for (uint32_t i = 0; i < layout.window_count; i++)
        if (address - layout.windows[i].base < layout.windows[i].size)
            return R | W;
    return 0;
}

static void judge(uint32_t address)
{
    uint32_t got = may(address, ACCESS_READ) * R | may(address, ACCESS_WRITE) * W |
                   may(address, ACCESS_EXECUTE) * X;
    if (got != layout_may(address))
        ck_abort_msg("0x%08x: rwx %u, configured %u; block 0x%08x+0x%x, app break +0x%x, reached "
                     "0x%x",
                     address, got, layout_may(address), layout.block.base, layout.block.size,
                     layout.app_break, layout_reached());
}

static void judge_edge(uint32_t edge)
{
    judge(edge - 1);
    judge(edge);
    judge(edge + 1);
}

static void judge_span(struct span s)
{
    judge_edge(s.base);
    judge_edge(s.base + s.size);
    if (s.size)
        judge(s.base + draw(s.size));
}

/* Every edge that the layout has, and every edge of a region or sub-region that the unit has;
 * between two neighbours of them nothing can change, so this is every byte. */
static void judge_all(void)
{
    judge_span(layout.flash);
    judge_span(layout.block);
    judge_edge(layout.block.base + layout.app_break);
    judge_edge(layout.block.base + layout.kernel_break);
    judge_edge(layout.block.base + layout_reached());
    for (uint32_t i = 0; i < layout.window_count; i++)
        judge_span(layout.windows[i]);
    uint64_t edges[MPU_ARMV7M_BOUNDARY_MAX];
    size_t count = mpu_armv7m_boundaries(&unit, edges, MPU_ARMV7M_BOUNDARY_MAX);
    for (size_t i = 0; i < count; i++)
        judge_edge((uint32_t)edges[i]);
    judge(draw(0xffffffff));
}

static struct span draw_window(void)
{
    uint32_t dice = draw(10);
    if (dice < 5) /* peripheral pages */
        return (struct span){0x40000000 + 0x1000 * draw(32), 0x1000 * (1 + draw(3))};
    if (dice < 7) /* a crowd of small ones */
        return (struct span){0x50000000 + 32 * draw(64), 32 * (1 + draw(8))};
    if (dice < 9 && layout.window_count) { /* beside another */
        struct span beside = layout.windows[draw(layout.window_count)];
        return (struct span){beside.base + beside.size, 32 * (1 + draw(1024))};
    }
    return (struct span){draw(0xffffffff) & ~31u, 32u << draw(27)};
}

static bool layout_meets(struct span s)
{
    bool meets = span_meets(layout.flash, s) || span_meets(layout.block, s);
    for (uint32_t i = 0; i < layout.window_count; i++)
        meets = meets || span_meets(layout.windows[i], s);
    return meets;
}

static void expect_err(enum err got, enum err want, const char *what)
{
    if (got != want)
        ck_abort_msg("%s: got %d, expected %d", what, (int)got, (int)want);
}

static void add_random_window(void)
{
    struct span s = draw_window();
    enum err want = !span_valid(s) ? ERR_INVAL : layout_meets(s) ? ERR_ALREADY : ERR_NONE;
    struct mpu_config before = config;
    enum err err = mpu_add_window(&config, s);
    if (err != ERR_NOMEM || want)
        expect_err(err, want, "add");
    if (err && memcmp(&before, &config, sizeof config) != 0)
        ck_abort_msg("refused, yet changed");
    if (!err)
        layout.windows[layout.window_count++] = s;
}

static void remove_random_window(void)
{
    if (!layout.window_count)
        return;
    uint32_t i = draw(layout.window_count);
    expect_err(mpu_remove_window(&config, layout.windows[i]), ERR_NONE, "remove");
    layout.windows[i] = layout.windows[--layout.window_count];
}

static void move_random_breaks(void)
{
    struct layout before = layout;
    layout.app_break = draw(layout.block.size + 1);
    layout.kernel_break = layout.app_break + draw(layout.block.size - layout.app_break + 1);
    enum err want = layout_reached() > layout.kernel_break ? ERR_NOMEM : ERR_NONE;
    expect_err(mpu_update_app_memory(&config, layout.block.base + layout.app_break,
                                     layout.block.base + layout.kernel_break),
               want, "breaks");
    if (want)
        layout = before;
}

/* Flash of any shape; where that needs too many regions, a power of two, which is always one. */
static void draw_flash(void)
{
    layout.flash = (struct span){0x00020000 + 32 * draw(4096), 32 * (1 + draw(2048))};
    if (draw(2))
        layout.flash = (struct span){0x1000 * draw(64), 0x1000 * (1 + draw(16))};
    enum err err = mpu_set_flash(&config, layout.flash);
    if (err) {
        expect_err(err, ERR_NOMEM, "flash");
        layout.flash = (struct span){0x00040000, 0x20u << draw(13)};
        expect_err(mpu_set_flash(&config, layout.flash), ERR_NONE, "flash, a power of two");
    }
}

static void draw_block(void)
{
    struct span pool = {0x20000000 + draw(0x8000), 0x80000};
    uint32_t min = draw(2) ? draw(0x8000) : 0, app = draw(0x4000), kernel = 1 + draw(0x1000);
    expect_err(mpu_allocate_app_memory(&config, pool, min, app, kernel), ERR_NONE, "allocate");
    layout.block = config.block;
    layout.app_break = app;
    layout.kernel_break = config.block.size - kernel;
    if (!span_covers(pool, layout.block) || layout.block.size < min ||
        layout_reached() > layout.kernel_break || config.accessible.size != layout_reached())
        ck_abort_msg("bad block 0x%08x+0x%x", layout.block.base, layout.block.size);
}

static void configure_and_judge(uint32_t unique)
{
    mpu_disable(&hw);
    mpu_configure(&mpu, &hw, &config, unique);
    mpu_enable(&hw);
    if (mpu_armv7m_unpredictable(&unit))
        ck_abort_msg("the architecture does not define what these registers do");
    judge_all();
}

static void random_life(uint32_t unique)
{
    memset(&layout, 0, sizeof layout);
    mpu_config_start(&config, mpu.region_limit);
    draw_flash();
    draw_block();
    for (uint32_t n = 1 + draw(12); n > 0; n--)
        add_random_window();
    if (draw(2))
        move_random_breaks();
    configure_and_judge(unique);

    for (uint32_t n = draw(8); n > 0; n--)
        remove_random_window();
    if (draw(2))
        add_random_window();
    move_random_breaks();
    configure_and_judge(unique);
}

enum { LIVES = 100000 };

START_TEST(user_mode_reaches_exactly_what_was_configured)
{
    start_hardware(_i ? 16 : 8);
    seed = 20260 + (uint64_t)_i;
    for (uint32_t unique = 1; unique <= LIVES; unique++)
        random_life(unique);
}
END_TEST

/* Crowds of touching windows of all sizes under tight limits: whatever was let in can go again, in
 * any order. */
START_TEST(no_window_has_to_stay_for_want_of_regions)
{
    for (uint32_t life = 0; life < 20000; life++) {
        memset(&layout, 0, sizeof layout);
        seed = life;
        mpu_config_start(&config, (uint8_t)(3 + draw(6)));
        uint32_t base = 0x40000000;
        for (uint32_t n = 0; n < 24 && layout.window_count < WINDOW_MAX; n++) {
            uint32_t size = draw(2) ? 32 + (draw(1u << (6 + draw(12))) & ~31u) : 32u << draw(12);
            struct span s = {base, size};
            base += size + 32 * (draw(4) == 0);
            if (!mpu_add_window(&config, s))
                layout.windows[layout.window_count++] = s;
        }
        while (layout.window_count)
            remove_random_window();
        if (config.region_count != 2)
            ck_abort_msg("regions without windows");
    }
}
END_TEST

static TCase *refusal_tests(void)
{
    TCase *t = tcase_create("refusals");
    tcase_add_loop_test(t, refused_call_changes_nothing, 0, COUNT_OF(refusals));
    tcase_add_test(t, break_without_block_is_refused);
    tcase_add_test(t, too_few_regions_is_nomem);
    tcase_add_test(t, window_rows_run_out);
    return t;
}

static TCase *packing_tests(void)
{
    TCase *t = tcase_create("packing");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, windows_pack_as_worked_out, 0, COUNT_OF(examples));
    tcase_add_loop_test(t, packing_is_as_small_as_brute_force_finds, 0, COUNT_OF(grids));
    tcase_add_loop_test(t, flash_packing_is_as_small_as_brute_force_finds, 0, COUNT_OF(grids));
    tcase_add_test(t, order_of_windows_does_not_matter);
    tcase_add_test(t, removed_window_leaves_what_was_before);
    tcase_add_test(t, window_that_could_not_stay_alone_is_refused);
    tcase_add_test(t, no_window_has_to_stay_for_want_of_regions);
    return t;
}

static TCase *ram_tests(void)
{
    TCase *t = tcase_create("ram");
    tcase_add_test(t, block_begins_at_the_lowest_aligned_address);
    tcase_add_test(t, app_and_kernel_parts_never_share_a_step);
    tcase_add_test(t, whole_steps_are_not_rounded_up);
    tcase_add_test(t, break_within_a_step_is_not_dirty);
    tcase_add_test(t, restart_gets_its_old_block_and_nothing_of_the_old_heap);
    tcase_add_test(t, block_may_end_where_memory_does);
    return t;
}

static TCase *hardware_tests(void)
{
    TCase *t = tcase_create("hardware");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, start_leaves_nothing_of_before, 0, 2);
    tcase_add_test(t, more_regions_than_the_kernel_knows_are_cut);
    tcase_add_test(t, unit_is_on_for_user_mode_only);
    tcase_add_test(t, configure_writes_once_and_says_so);
    tcase_add_test(t, configure_is_skipped_for_this_very_config_only);
    tcase_add_test(t, fresh_config_takes_the_place_of_an_old_one);
    tcase_add_test(t, memory_types_are_those_of_a_microcontroller);
    tcase_add_test(t, config_for_larger_hardware_is_a_broken_promise);
    tcase_add_loop_test(t, user_mode_reaches_exactly_what_was_configured, 0, 2);
    return t;
}

int main(void)
{
    Suite *suite = suite_create("mpu_layer");
    suite_add_tcase(suite, refusal_tests());
    suite_add_tcase(suite, packing_tests());
    suite_add_tcase(suite, ram_tests());
    suite_add_tcase(suite, hardware_tests());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
