/* fresh: memory-fresh.
 *
 * Judges, before an app's first instruction after its reachable memory grew (a load, a restart, a
 * break moved up, a rounding moved up), every byte that this life has not reached before: it is
 * zero. RAM begins with a pattern, so what nobody cleared shows.
 *
 * Cannot see: bytes that this life had reached, gave up by a lower break and gets again; they are
 * its own. What DMA of the app's own device wrote there before its first look counts as stale.
 */
#include "sim/machine.h"
#include "sim/monitors/ledger.h"
#include <string.h>

enum { CHUNK = 1024 };

struct fresh {
    struct {
        uint32_t life;    /* the one that `reached` is of */
        uint32_t reached; /* first address not reached by it yet */
    } of[PROCESS_MAX];
};

static void judge_chunk(struct machine *m, uint32_t process, struct span span)
{
    static const uint8_t zeros[CHUNK];
    uint8_t copy[CHUNK];
    const uint8_t *bytes = machine_view(m, span);

    if (!bytes && !machine_peek(m, span, copy))
        return; /* not RAM: the layout rule's */
    bytes = bytes ? bytes : copy;
    if (memcmp(bytes, zeros, span.size) == 0)
        return; /* nearly always */
    for (uint32_t i = 0; i < span.size; i++)
        if (bytes[i] != 0) {
            break_add(m, RULE_MEMORY_FRESH, process, span.base + i, DETAIL_FRESH, bytes[i], 0);
            return;
        }
}

static OUT_OF_LINE void judge_new(struct machine *m, uint32_t process, uint32_t first, uint32_t end)
{
    rule_armed(m, RULE_MEMORY_FRESH);
    for (uint32_t at = first; at < end; at += CHUNK)
        judge_chunk(m, process, (struct span){at, end - at < CHUNK ? end - at : CHUNK});
}

static void on_user(struct machine *m, void *state, uint32_t process)
{
    struct fresh *fresh = state;
    const struct ledger_process *p = &ledger_of(m)->processes[process];
    uint32_t *reached = &fresh->of[process].reached;

    if (fresh->of[process].life != p->life) {
        fresh->of[process].life = p->life;
        *reached = p->block.base;
    }
    uint32_t end = p->accessible_end > p->app_break ? p->accessible_end : p->app_break;
    if (!p->live || end <= *reached)
        return;
    judge_new(m, process, *reached, end);
    *reached = end;
}

const struct monitor monitor_fresh = {
    .name = "fresh",
    .state_size = sizeof(struct fresh),
    .rows = {ROWS_OF_APPS(fresh, of)},
    .rules = KIND_BIT(RULE_MEMORY_FRESH),
    .always = true,
    .on_user = on_user,
};
