/* excuse.c: see excuse.h. */
#include "fuzz/excuse.h"

#define KIND(kind) (1u << INJECT_##kind)

/* An alarm is late or lost if its counter stands still, lies or is not heard any more. */
enum { COUNTER_FAILS = ~(KIND(INTERRUPT) | KIND(RELEASE) | KIND(HASTEN)) };

/* A device says that it is done, and is not; it begins what nobody has asked for; or it hangs, is
 * given up and turned off, does not notice, and goes on. Its DMA meets a buffer that the kernel
 * took for its own again. */
enum { DMA_LIES = KIND(FORCE) | KIND(TASK) | KIND(HANG) };

/* Some injection of those kinds has befallen the device, or its line. */
static bool befallen(const struct machine *m, uint32_t device, uint32_t kinds)
{
    const struct scenario *s = machine_scenario(m);
    for (uint32_t i = 0; device != BOARD_NONE && i < s->injection_count; i++) {
        const struct injection *plan = &s->injections[i];
        bool of_line = plan->kind == INJECT_INTERRUPT || plan->kind == INJECT_STORM;
        bool meant = of_line ? plan->line == s->board.devices[device].line : plan->device == device;
        if (meant && kinds >> plan->kind & 1 && machine_injection_tried(m, i))
            return true;
    }
    return false;
}

static uint32_t device_of(const struct machine *m, const struct driver_place *place)
{
    return place->present ? board_device_at(&machine_scenario(m)->board, place->base) : BOARD_NONE;
}

/* Whose DMA meets the buffer that the verdict is about. */
static uint32_t master_of(const struct machine *m, const struct verdict *v)
{
    const struct kernel_config *config = &machine_scenario(m)->config;
    if (v->detail == DETAIL_CUSTODY_BYTES || v->detail == DETAIL_CUSTODY_LENGTH)
        return device_of(m, &config->console);
    return v->wanted < VIRTS ? device_of(m, config_virt(config, (uint32_t)v->wanted)) : BOARD_NONE;
}

bool verdict_excused(const struct machine *m, const struct verdict *v)
{
    switch (v->rule) {
    case RULE_ALARM_TIME:
        return befallen(m, device_of(m, &machine_scenario(m)->config.alarm), COUNTER_FAILS);
    case RULE_BUFFER_CUSTODY:
        return befallen(m, master_of(m, v), DMA_LIES);
    default:
        return false;
    }
}

bool loss_excused(const struct machine *m, uint32_t device)
{
    return befallen(m, device, KIND(RECEIVE));
}
