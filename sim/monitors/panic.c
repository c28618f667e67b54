/* panic: kernel-panic.
 *
 * Judges EVENT_KERNEL_PANIC: any is a break. Cannot see: a kernel that hangs without panicking,
 * which is livelock.c's.
 */
#include "sim/machine.h"
#include "sim/monitors.h"

static void on_record(struct machine *m, void *state, const struct record *r)
{
    (void)state;
    break_add(m, RULE_KERNEL_PANIC, r->process, 0, DETAIL_KERNEL_PANIC, 0, 0);
}

static void start(struct machine *m, void *state)
{
    (void)state;
    rule_armed(m, RULE_KERNEL_PANIC);
}

const struct monitor monitor_panic = {
    .name = "panic",
    .kinds = {KIND_EVENT(EVENT_KERNEL_PANIC)},
    .rules = KIND_BIT(RULE_KERNEL_PANIC),
    .always = true,
    .start = start,
    .on_record = on_record,
};
