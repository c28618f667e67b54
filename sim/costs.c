/* costs.c: the presets. Only their totals are published (see costs.h); the split is ours: what a
 * source calls "MPU" stands under MPU_SETUP, "state copy" under the exception paths, and what it
 * does not name is spread as a Cortex-M4 would (12 cycles of hardware stacking each way, and so
 * on).
 */
#include "sim/costs.h"
#include <stddef.h>
#include <string.h>

/* What a null command's trip walks, and the register accesses that the kernel makes on it. A test
 * holds them against a real trip. */
static const enum kernel_path null_trip[] = {
    PATH_EXCEPTION_ENTRY, PATH_SYSTICK, PATH_SYSCALL_DISPATCH, PATH_COMMAND,
    PATH_SCHEDULER,       PATH_SYSTICK, PATH_MPU_SETUP,        PATH_EXCEPTION_RETURN,
};
enum { NULL_TRIP_MMIO = 10 }; /* MPU on and off 2, SysTick 6, pending lines 2 */

static const char *const path_names[KERNEL_PATHS] = {
    [PATH_EXCEPTION_ENTRY] = "exception_entry",
    [PATH_EXCEPTION_RETURN] = "exception_return",
    [PATH_SYSCALL_DISPATCH] = "syscall_dispatch",
    [PATH_COMMAND] = "command",
    [PATH_SUBSCRIBE] = "subscribe",
    [PATH_ALLOW] = "allow",
    [PATH_YIELD] = "yield",
    [PATH_MEMOP] = "memop",
    [PATH_EXIT] = "exit",
    [PATH_GRANT_ALLOCATE] = "grant_allocate",
    [PATH_SCHEDULER] = "scheduler",
    [PATH_CONTEXT_SWITCH] = "context_switch",
    [PATH_MPU_SETUP] = "mpu_setup",
    [PATH_MPU_CONFIGURE] = "mpu_configure",
    [PATH_SYSTICK] = "systick",
    [PATH_INTERRUPT_TOP] = "interrupt_top",
    [PATH_INTERRUPT_BOTTOM] = "interrupt_bottom",
    [PATH_UPCALL_QUEUE] = "upcall_queue",
    [PATH_UPCALL_DELIVER] = "upcall_deliver",
    [PATH_PASSTHROUGH_CHECK] = "passthrough_check",
    [PATH_PROCESS_FAULT] = "process_fault",
    [PATH_PROCESS_LOAD] = "process_load",
    [PATH_COPY_WORD] = "copy_word",
};

/* Columns: entry, return, dispatch, command, scheduler, MPU set-up, SysTick; then one register
 * access. The other paths of a kernel of that pace follow from `pace`, the cycles of one short
 * kernel function there; no source gives them. */
#define PRESET(name, entry, back, dispatch, command_, scheduler_, setup, systick, mmio, pace)      \
    {                                                                                              \
        .preset = (name),                                                                          \
        .path =                                                                                    \
            {                                                                                      \
                [PATH_EXCEPTION_ENTRY] = (entry),                                                  \
                [PATH_EXCEPTION_RETURN] = (back),                                                  \
                [PATH_SYSCALL_DISPATCH] = (dispatch),                                              \
                [PATH_COMMAND] = (command_),                                                       \
                [PATH_SUBSCRIBE] = 2 * (pace),                                                     \
                [PATH_ALLOW] = 3 * (pace),                                                         \
                [PATH_YIELD] = (pace),                                                             \
                [PATH_MEMOP] = (pace),                                                             \
                [PATH_EXIT] = 2 * (pace),                                                          \
                [PATH_GRANT_ALLOCATE] = 4 * (pace),                                                \
                [PATH_SCHEDULER] = (scheduler_),                                                   \
                [PATH_CONTEXT_SWITCH] = (pace),                                                    \
                [PATH_MPU_SETUP] = (setup),                                                        \
                [PATH_MPU_CONFIGURE] = 2 * (pace),                                                 \
                [PATH_SYSTICK] = (systick),                                                        \
                [PATH_INTERRUPT_TOP] = (pace),                                                     \
                [PATH_INTERRUPT_BOTTOM] = 2 * (pace),                                              \
                [PATH_UPCALL_QUEUE] = (pace),                                                      \
                [PATH_UPCALL_DELIVER] = (pace),                                                    \
                [PATH_PASSTHROUGH_CHECK] = 6 * (pace),                                             \
                [PATH_PROCESS_FAULT] = 8 * (pace),                                                 \
                [PATH_PROCESS_LOAD] = 16 * (pace),                                                 \
                [PATH_COPY_WORD] = 1,                                                              \
            },                                                                                     \
        .kernel_mmio = (mmio), .kernel_ram_word = 1, .app_load = 2, .app_store = 1, .app_mmio = 4, \
        .app_svc = 0,                                                                              \
    }

const struct costs cost_presets[] = {
    PRESET("trap-80", 16, 14, 14, 6, 8, 6, 3, 1, 12),
    PRESET("m4-300", 24, 22, 36, 12, 26, 152, 4, 2, 30),
    PRESET("m4-450", 60, 58, 72, 26, 50, 152, 6, 2, 45),
    PRESET("ibex-1094", 160, 160, 270, 104, 180, 160, 20, 2, 90),
    PRESET("ibex-2268", 360, 350, 440, 170, 294, 594, 20, 2, 160),
    PRESET("ibex-5172", 613, 612, 560, 160, 396, 2751, 30, 2, 200),
    {.preset = "zero", .app_load = 2, .app_store = 1, .app_mmio = 4},
};
const uint32_t cost_preset_count = sizeof cost_presets / sizeof cost_presets[0];

const struct costs *costs_find(const char *name)
{
    for (uint32_t i = 0; i < cost_preset_count; i++)
        if (strcmp(cost_presets[i].preset, name) == 0)
            return &cost_presets[i];
    return NULL;
}

/* What is no path. */
static const struct {
    const char *name;
    size_t offset;
} others[] = {
    {"kernel_mmio", offsetof(struct costs, kernel_mmio)},
    {"kernel_ram_word", offsetof(struct costs, kernel_ram_word)},
    {"app_load", offsetof(struct costs, app_load)},
    {"app_store", offsetof(struct costs, app_store)},
    {"app_mmio", offsetof(struct costs, app_mmio)},
    {"app_svc", offsetof(struct costs, app_svc)},
};

const char *costs_name(uint32_t which)
{
    if (which < KERNEL_PATHS)
        return path_names[which];
    which -= KERNEL_PATHS;
    return which < sizeof others / sizeof others[0] ? others[which].name : NULL;
}

uint32_t *costs_place(struct costs *costs, uint32_t which)
{
    if (which < KERNEL_PATHS)
        return &costs->path[which];
    return (uint32_t *)(void *)((char *)costs + others[which - KERNEL_PATHS].offset);
}

uint32_t costs_null_command(const struct costs *costs)
{
    uint32_t cycles = costs->app_svc + NULL_TRIP_MMIO * costs->kernel_mmio;
    for (size_t i = 0; i < sizeof null_trip / sizeof null_trip[0]; i++)
        cycles += costs->path[null_trip[i]];
    return cycles;
}
