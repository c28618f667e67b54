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
 * A tape's streams: STREAM_APP to STREAM_APP + 2, a config each; an operation's `kind` is a call of
 * enum call, its numbers are of value_of. STREAM_SCHEDULE: `which` of its first record is odd: 16
 * regions, else 8.
 */
#include "fuzz/tape_mutate.h"
#include "fuzz/target.h"
#include "model/mpu.h"
#include "sim/mpu_armv7m.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIGS = 3, GRANULE = 32, AREAS = 3, AREA_SIZE = 0x20000 };
enum { GRANULES = AREA_SIZE / GRANULE };

enum call {
    CALL_SET_FLASH,
    CALL_ALLOCATE,
    CALL_UPDATE,
    CALL_ADD,
    CALL_REMOVE,     /* a span as for CALL_ADD */
    CALL_REMOVE_ONE, /* of the windows that there are */
    CALL_CONFIGURE,
    CALLS
};

/* Where flash, RAM and devices are looked at byte for byte. */
static const uint32_t areas[AREAS] = {0x00030000, 0x20000000, 0x40000000};

/* The hardware: the kernel's port for this program is the few functions below. */
struct hw {
    struct mpu_armv7m unit;
};

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

uint32_t hw_read32(struct hw *hw, uint32_t address)
{
    return mpu_armv7m_owns(address) ? mpu_armv7m_read(&hw->unit, address) : 0;
}

void hw_write32(struct hw *hw, uint32_t address, uint32_t value)
{
    if (!mpu_armv7m_owns(address))
        found("the driver writes a register that is not the unit's");
    mpu_armv7m_write(&hw->unit, address, value);
}

enum err hw_ram_read(struct hw *hw, struct span from, void *to)
{
    (void)hw;
    (void)from;
    (void)to;
    return ERR_INVAL;
}

enum err hw_ram_write(struct hw *hw, struct span to, const void *from)
{
    (void)hw;
    (void)to;
    (void)from;
    return ERR_INVAL;
}

void hw_barrier(struct hw *hw)
{
    (void)hw;
}

void hw_spend(struct hw *hw, enum kernel_path path, uint32_t count)
{
    (void)hw;
    (void)path;
    (void)count;
}

void hw_note(struct hw *hw, enum note note, uint32_t process, uint32_t address, uint64_t value)
{
    (void)hw;
    (void)note;
    (void)process;
    (void)address;
    (void)value;
}

void hw_panic(struct hw *hw, const char *what)
{
    (void)hw;
    found(what);
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
        uint64_t first = areas[area], end = first + AREA_SIZE;
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

static bool same_span(struct span a, struct span b)
{
    return a.base == b.base && a.size == b.size;
}

static bool has_window(const struct mpu_config *config, struct span window)
{
    for (uint32_t i = 0; i < config->window_count; i++)
        if (same_span(config->windows[i], window))
            return true;
    return false;
}

/* --- calls ----------------------------------------------------------------------------------- */

static uint32_t value_of(struct tape_value value)
{
    uint32_t low = value.pick % 64u, offset = (uint32_t)value.offset;
    switch (value.pick / 64) {
    case 0:
        return areas[low % AREAS] + low / AREAS * 0x1000 + offset * GRANULE;
    case 1:
        return (UINT32_C(1) << low % 32) + (low < 32 ? offset * GRANULE : offset);
    case 2:
        return (uint8_t)offset * (uint32_t)GRANULE;
    default:
        return low * 0x04000000u + offset;
    }
}

static enum err allocate(struct mpu_config *config, const struct tape_op *op, struct span pool)
{
    uint32_t shift = op->which % 16u;
    uint32_t min = (uint32_t)op->number << shift, app = (uint32_t)op->size << shift;
    uint32_t kernel = op->which * 16u;
    enum err err = mpu_allocate_app_memory(config, pool, min, app, kernel);
    if (err)
        return err;
    uint64_t end = (uint64_t)config->block.base + config->block.size;
    uint64_t reached = (uint64_t)config->accessible.base + config->accessible.size;
    if (!span_covers(pool, config->block) || config->block.size < min)
        found("a block outside of its pool, or smaller than asked");
    if (config->accessible.size < app || (app > 0 && config->accessible.base != config->block.base))
        found("less is accessible than asked");
    if (reached + kernel > end)
        found("no room is left for the kernel's part");
    return ERR_NONE;
}

static enum err update(struct mpu_config *config, const struct tape_op *op)
{
    struct span block = config->block;
    uint32_t app_break =
        block.base + op->number * (block.size / 256) + (uint32_t)op->value[0].offset;
    uint32_t kernel_break =
        block.base + op->size * (block.size / 255) + (uint32_t)op->value[1].offset;
    if (op->which >= 224) {
        app_break = value_of(op->value[0]);
        kernel_break = value_of(op->value[1]);
    }
    enum err err = mpu_update_app_memory(config, app_break, kernel_break);
    if (err)
        return err;
    uint32_t end = config->accessible.base + config->accessible.size;
    uint32_t step = block.size / 8 > GRANULE ? block.size / 8 : GRANULE;
    if (app_break > kernel_break || end < app_break || end > kernel_break ||
        !same_span(block, config->block))
        found("accessible does not end between the breaks");
    if (end - app_break >= step)
        found("accessible is rounded up by more than its header says");
    return ERR_NONE;
}

static enum err change_window(struct mpu_config *config, struct span window, bool add)
{
    enum err err = add ? mpu_add_window(config, window) : mpu_remove_window(config, window);
    if (!err && has_window(config, window) != add)
        found(add ? "a window was added and is not there" : "a window was removed and is there");
    return err;
}

static void configure(struct rig *rig, uint32_t i)
{
    mpu_disable(&rig->hw);
    mpu_configure(&rig->mpu, &rig->hw, &rig->configs[i], i + 1);
    mpu_enable(&rig->hw);
    judge_hardware(rig, &rig->configs[i]);
}

static enum err make_call(struct mpu_config *config, const struct tape_op *op)
{
    struct span span = {value_of(op->value[0]), value_of(op->value[1])};
    switch (op->kind) {
    case CALL_SET_FLASH: {
        enum err err = mpu_set_flash(config, span);
        if (!err && !same_span(config->flash, span))
            found("the flash is another one than asked for");
        return err;
    }
    case CALL_ALLOCATE:
        return allocate(config, op, span);
    case CALL_UPDATE:
        return update(config, op);
    case CALL_ADD:
        return change_window(config, span, true);
    case CALL_REMOVE_ONE:
        if (config->window_count > 0)
            span = config->windows[op->which % config->window_count];
        return change_window(config, span, false);
    default:
        return change_window(config, span, false);
    }
}

static void play(struct rig *rig, uint32_t i, const struct tape_op *op)
{
    struct mpu_config before = rig->configs[i];
    if (op->kind == CALL_CONFIGURE) {
        configure(rig, i);
        return;
    }
    if (make_call(&rig->configs[i], op) && memcmp(&before, &rig->configs[i], sizeof before) != 0)
        found("a refused call has changed the config");
    judge_config(&rig->configs[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tape tape;
    struct rig rig = {0};
    uint32_t at = 0;
    tape_decode(data, size, &tape);
    const struct tape_op *first = tape_next(&tape, STREAM_SCHEDULE, &at);
    mpu_armv7m_reset(&rig.hw.unit, first && first->which & 1 ? 16 : 8);
    mpu_start(&rig.mpu, &rig.hw);
    for (uint32_t i = 0; i < CONFIGS; i++)
        mpu_config_start(&rig.configs[i], rig.mpu.region_limit);
    for (uint32_t i = 0; i < tape.count; i++) {
        uint32_t config = (uint32_t)tape.ops[i].stream - STREAM_APP;
        if (config < CONFIGS && tape.ops[i].kind < CALLS)
            play(&rig, config, &tape.ops[i]);
    }
    for (uint32_t i = 0; i < CONFIGS; i++)
        configure(&rig, i);
    return 0;
}

static const struct tape_user user = {{[STREAM_SCHEDULE] = 1,
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
