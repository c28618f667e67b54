/* fuzz_mpu.c: the kernel's driver of the ARMv7-M MPU (model/mpu.h): any calls in any order on three
 * configs, some of them written to the hardware.
 *
 *   calls --> config --mpu_configure--> registers --> sim/mpu_armv7m.h, which decodes them
 *                |                          \-------> paint(), a map byte for byte
 *                \--> flash, accessible, windows: what must be reachable, and nothing else
 *
 * Judged: a refused call changes nothing, and an accepted one does what its header says; the
 * registers open exactly what the config says, by the simulator's decoder at every address where a
 * verdict may change, and by a second decoder here, as dumb as can be, for all bytes of three
 * areas; the registers ask for nothing that the architecture leaves unpredictable.
 *
 * What a tape's operations are says fuzz/mpu_calls.h.
 */
#include "fuzz/bare_hw.h"
#include "fuzz/mpu_calls.h"
#include "fuzz/tape_mutate.h"
#include "fuzz/target.h"
#include "model/mpu.h"
#include "sim/mpu_armv7m.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIGS = MPU_CALLS_CONFIGS, GRANULE = MPU_CALLS_GRANULE, AREAS = MPU_CALLS_AREAS };
/* Each of mpu_calls_areas is looked at byte for byte. */
enum { AREA_SIZE = 0x20000, GRANULES = AREA_SIZE / GRANULE };

struct rig {
    struct hw hw;
    struct mpu_state mpu;
    struct mpu_config configs[CONFIGS];
};

_Noreturn static void found(const char *what)
{
    fprintf(stderr, "fuzz_mpu: %s\n", what);
    abort();
}

/* --- what must be reachable ------------------------------------------------------------------ */

/* Bits of enum right that the header promises for a byte of user mode. */
static uint32_t promised(const struct mpu_config *config, uint32_t address)
{
    if (span_holds(config->flash, address))
        return RIGHT_READ | RIGHT_EXECUTE;
    if (span_holds(config->accessible, address))
        return RIGHT_READ | RIGHT_WRITE;
    for (uint32_t i = 0; i < config->window_count; i++)
        if (span_holds(config->windows[i], address))
            return RIGHT_READ | RIGHT_WRITE;
    return 0;
}

/* --- the second decoder ---------------------------------------------------------------------- */

/* Rights by granule; of each byte of the areas, since nothing that is legal splits a granule. */
struct map {
    uint8_t rights[AREAS][GRANULES];
};

static void paint(struct map *map, uint64_t base, uint64_t size, uint8_t rights)
{
    for (uint32_t area = 0; area < AREAS; area++) {
        uint64_t first = mpu_calls_areas[area], end = first + AREA_SIZE;
        uint64_t from = base > first ? base : first, to = base + size < end ? base + size : end;
        if (from < to)
            memset(&map->rights[area][(from - first) / GRANULE], rights, (to - from) / GRANULE);
    }
}

/* ARMv7-M ARM, table B3-15, unprivileged; execution needs XN = 0 and the right to read. */
static uint8_t rights_of(uint32_t rasr)
{
    static const uint8_t data[8] = {
        [2] = RIGHT_READ, [3] = RIGHT_READ | RIGHT_WRITE, [6] = RIGHT_READ, [7] = RIGHT_READ};
    uint8_t rights = data[rasr >> 24 & 7];
    bool may_execute = rights & RIGHT_READ && !(rasr >> 28 & 1);
    return (uint8_t)(rights | (may_execute ? RIGHT_EXECUTE : 0));
}

static void paint_registers(struct map *map, const struct mpu_armv7m *unit)
{
    for (uint32_t i = 0; i < unit->region_count; i++) { /* the highest that matches decides */
        uint32_t rasr = unit->rasr[i];
        uint64_t size = UINT64_C(2) << (rasr >> 1 & 31), base = unit->rbar[i] & ~(size - 1);
        if (!(rasr & 1))
            continue;
        if (size < 256) { /* it has no sub-regions */
            paint(map, base, size, rights_of(rasr));
            continue;
        }
        for (uint32_t part = 0; part < 8; part++)
            if (!(rasr >> (8 + part) & 1))
                paint(map, base + part * size / 8, size / 8, rights_of(rasr));
    }
}

static void paint_promises(struct map *map, const struct mpu_config *config)
{
    paint(map, config->flash.base, config->flash.size, RIGHT_READ | RIGHT_EXECUTE);
    paint(map, config->accessible.base, config->accessible.size, RIGHT_READ | RIGHT_WRITE);
    for (uint32_t i = 0; i < config->window_count; i++)
        paint(map, config->windows[i].base, config->windows[i].size, RIGHT_READ | RIGHT_WRITE);
}

/* --- judging --------------------------------------------------------------------------------- */

static bool is_on_private_bus(uint64_t address)
{
    return address >= 0xe0000000 && address < 0xe0100000; /* not the unit's to judge */
}

static void judge_at(const struct rig *rig, const struct mpu_config *config, uint64_t address)
{
    if (address > UINT32_MAX || is_on_private_bus(address))
        return;
    uint32_t wanted = promised(config, (uint32_t)address);
    if (address >= 0xe0000000)
        wanted &= ~(uint32_t)RIGHT_EXECUTE; /* system space never executes */
    if (mpu_armv7m_user_rights(&rig->hw.unit, (uint32_t)address) == wanted)
        return;
    fprintf(stderr, "at 0x%08x wanted rights %x, the decoder says %x\n", (uint32_t)address, wanted,
            mpu_armv7m_user_rights(&rig->hw.unit, (uint32_t)address));
    found("the registers do not open what the config says");
}

/* Where the hardware changes its mind, and where it should. */
static void judge_edges(const struct rig *rig, const struct mpu_config *config)
{
    uint64_t boundaries[MPU_ARMV7M_BOUNDARY_MAX];
    size_t count = mpu_armv7m_boundaries(&rig->hw.unit, boundaries, MPU_ARMV7M_BOUNDARY_MAX);
    for (size_t i = 0; i < count; i++)
        judge_at(rig, config, boundaries[i]);
    const struct span fixed[] = {config->flash, config->accessible};
    for (uint32_t i = 0; i < 2u + config->window_count; i++) {
        struct span span = i < 2 ? fixed[i] : config->windows[i - 2];
        if (span.size == 0)
            continue;
        judge_at(rig, config, span.base);
        judge_at(rig, config, span_last(span));
        judge_at(rig, config, (uint64_t)span_last(span) + 1);
        judge_at(rig, config, (uint64_t)span.base - 1);
    }
}

static void judge_hardware(const struct rig *rig, const struct mpu_config *config)
{
    struct map promises = {0}, registers = {0};
    if (mpu_armv7m_unpredictable(&rig->hw.unit))
        found("the registers ask for what is unpredictable");
    judge_edges(rig, config);
    paint_promises(&promises, config);
    paint_registers(&registers, &rig->hw.unit);
    if (memcmp(&promises, &registers, sizeof promises) != 0)
        found("a byte map of the registers is not that of the config");
}

static bool meets(struct span a, struct span b)
{
    return a.size > 0 && b.size > 0 && (span_holds(a, b.base) || span_holds(b, a.base));
}

/* What a config is at all times. */
static void judge_config(const struct mpu_config *config)
{
    if (meets(config->flash, config->block))
        found("flash and block meet");
    if (config->accessible.size > 0 && !span_covers(config->block, config->accessible))
        found("more is accessible than the block");
    for (uint32_t i = 0; i < config->window_count; i++) {
        if (meets(config->windows[i], config->flash) || meets(config->windows[i], config->block))
            found("a window meets memory");
        if (i > 0 && config->windows[i].base <= span_last(config->windows[i - 1]))
            found("windows meet, or are out of order");
    }
}

static bool has_window(const struct mpu_config *config, struct span window)
{
    for (uint32_t i = 0; i < config->window_count; i++)
        if (span_equal(config->windows[i], window))
            return true;
    return false;
}

/* --- calls ----------------------------------------------------------------------------------- */

static void judge_block(const struct mpu_config *config, const struct mpu_call *call)
{
    uint64_t end = (uint64_t)config->block.base + config->block.size;
    uint64_t reached = (uint64_t)config->accessible.base + config->accessible.size;
    if (!span_covers(call->span, config->block) || config->block.size < call->min)
        found("a block outside of its pool, or smaller than asked");
    if (config->accessible.size < call->app ||
        (call->app > 0 && config->accessible.base != config->block.base))
        found("less is accessible than asked");
    if (reached + call->kernel > end)
        found("no room is left for the kernel's part");
}

static void judge_breaks(const struct mpu_config *config, const struct mpu_call *call,
                         struct span block)
{
    uint32_t end = config->accessible.base + config->accessible.size;
    uint32_t step = block.size / 8 > GRANULE ? block.size / 8 : GRANULE;
    if (call->app_break > call->kernel_break || end < call->app_break || end > call->kernel_break ||
        !span_equal(block, config->block))
        found("accessible does not end between the breaks");
    if (end - call->app_break >= step)
        found("accessible is rounded up by more than its header says");
}

/* What an accepted call must have done; `block` was the config's before it. */
static void judge_call(const struct mpu_config *config, const struct mpu_call *call,
                       struct span block)
{
    switch (call->kind) {
    case CALL_SET_FLASH:
        if (!span_equal(config->flash, call->span))
            found("the flash is another one than asked for");
        break;
    case CALL_ALLOCATE:
        judge_block(config, call);
        break;
    case CALL_UPDATE:
        judge_breaks(config, call, block);
        break;
    case CALL_ADD:
        if (!has_window(config, call->span))
            found("a window was added and is not there");
        break;
    default:
        if (has_window(config, call->span))
            found("a window was removed and is there");
        break;
    }
}

static void configure(struct rig *rig, uint32_t i)
{
    mpu_disable(&rig->hw);
    mpu_configure(&rig->mpu, &rig->hw, &rig->configs[i], i + 1);
    mpu_enable(&rig->hw);
    judge_hardware(rig, &rig->configs[i]);
}

static void play(struct rig *rig, uint32_t i, const struct tape_op *op)
{
    struct mpu_config before = rig->configs[i];
    struct mpu_call call = mpu_call_of(&before, op);
    if (call.kind == CALL_CONFIGURE) {
        configure(rig, i);
        return;
    }
    if (!mpu_call_make(&rig->configs[i], &call))
        judge_call(&rig->configs[i], &call, before.block);
    else if (memcmp(&before, &rig->configs[i], sizeof before) != 0)
        found("a refused call has changed the config");
    judge_config(&rig->configs[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tape tape;
    struct rig rig = {.hw = {.found = found, .mpu_only = true}};
    uint32_t config;
    tape_decode(data, size, &tape);
    mpu_armv7m_reset(&rig.hw.unit, mpu_calls_regions(&tape));
    mpu_start(&rig.mpu, &rig.hw);
    for (uint32_t i = 0; i < CONFIGS; i++)
        mpu_config_start(&rig.configs[i], rig.mpu.region_limit);
    for (uint32_t i = 0; i < tape.count; i++)
        if (mpu_call_on(&tape.ops[i], &config))
            play(&rig, config, &tape.ops[i]);
    for (uint32_t i = 0; i < CONFIGS; i++)
        configure(&rig, i);
    return 0;
}

static const struct tape_user user = {.kinds = {[STREAM_SCHEDULE] = 1,
                                                [STREAM_APP] = (1 << CALLS) - 1,
                                                [STREAM_APP + 1] = (1 << CALLS) - 1,
                                                [STREAM_APP + 2] = (1 << CALLS) - 1}};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return tape_mutate(&user, data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_size, unsigned seed)
{
    return tape_cross(one, one_size, other, other_size, out, max_size, seed);
}
