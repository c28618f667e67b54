/* writes: kernel-write.
 *
 * Judges each write of the kernel into RAM (no record tells of it: sim/monitor.h, on_kernel_write)
 * before it is there. In an app's own memory, from its start to its break, it writes
 *
 *   the byte that the app named in the yield-no-wait that is open (TRD 104, section 4.1.1)
 *   bytes of one buffer that the app has handed over for writing, as its calls and their answers
 *   say (4.4, and 4.5: never into one for reading; answers.c)
 *
 * and in that of a dead app only zeros: the next life's. The byte of yield-no-wait goes nowhere but
 * into the memory of the app that named it. When a grant is new all its bytes are zero.
 *
 * Frames of upcalls are not modelled, so none is written to an app's stack. Memory that grows is
 * cleared before the break moves up: until then it is not the app's.
 *
 * Cannot see: in whose name a driver writes a buffer; a write between app break and the block's
 * end, which is the kernel's own (what an allow may hold there memory-layout asks); DMA (dma.c).
 */
#include "sim/monitors/answers.h"
#include <string.h>

struct writes {
    uint16_t last;    /* a process whose block was written: mostly the next one, too */
    uint16_t calling; /* whose yield-no-wait the kernel works on, or PROCESS_NONE */
};

/* PROCESS_NONE: it is nobody's. */
static uint32_t owner_of(const struct machine *m, const struct ledger *l, struct writes *w,
                         uint32_t address)
{
    uint32_t apps = machine_scenario(m)->app_count;

    if (span_holds(l->processes[w->last].block, address))
        return w->last;
    for (uint32_t i = 0; i < apps; i++)
        if (span_holds(l->processes[i].block, address)) {
            w->last = (uint16_t)i;
            return i;
        }
    return PROCESS_NONE;
}

/* Each byte is as the one before it, and the first is 0: as fast as comparing memory is. */
static bool is_zero(const uint8_t *bytes, uint32_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static void judge_memory(struct machine *m, uint32_t process, struct span to, const uint8_t *bytes)
{
    const struct ledger_process *p = &ledger_of(m)->processes[process];

    rule_armed(m, RULE_KERNEL_WRITE);
    if (!p->live) {
        if (!is_zero(bytes, to.size))
            break_add(m, RULE_KERNEL_WRITE, process, to.base, DETAIL_WRITE_DEAD, to.size, 0);
        return;
    }
    if (p->call_open && span_equal(answers_flag(p), to))
        answers_flag_written(m, process, bytes[0]);
    else if (!answers_let_write(m, process, to))
        break_add(m, RULE_KERNEL_WRITE, process, to.base, DETAIL_WRITE_APP, to.size, 0);
}

static void on_kernel_write(struct machine *m, void *state, struct span to, const uint8_t *bytes)
{
    struct writes *w = state;
    const struct ledger *l = ledger_of(m);

    if (w->calling != PROCESS_NONE && to.size == 1 && to.base == l->processes[w->calling].args[1] &&
        answers_flag(&l->processes[w->calling]).size == 0)
        break_add(m, RULE_KERNEL_WRITE, w->calling, to.base, DETAIL_WRITE_FLAG, 0, 0);
    if (!span_holds(machine_scenario(m)->config.process_ram, to.base))
        return;
    uint32_t process = owner_of(m, l, w, to.base);
    if (process != PROCESS_NONE && to.base < l->processes[process].app_break)
        judge_memory(m, process, to, bytes);
}

static OUT_OF_LINE void judge_grant(struct machine *m, const struct record *r)
{
    struct span grant = {r->address, pair_high(r->value)};
    const uint8_t *bytes = machine_view(m, grant);
    uint8_t byte;

    rule_armed(m, RULE_KERNEL_WRITE);
    if (bytes && is_zero(bytes, grant.size))
        return; /* nearly always */
    for (uint32_t i = 0; i < grant.size; i++)
        if (machine_peek(m, (struct span){r->address + i, 1}, &byte) && byte != 0) {
            break_add(m, RULE_KERNEL_WRITE, r->process, r->address + i, DETAIL_WRITE_GRANT, byte,
                      0);
            return;
        }
}

static bool is_no_wait(const struct ledger_process *p)
{
    return p->call_class == SYSCALL_YIELD && p->args[0] == YIELD_NO_WAIT;
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct writes *w = state;

    if (r->kind == EVENT_OF(NOTE_GRANT_ALLOCATED))
        judge_grant(m, r);
    else if (r->kind == EVENT_SYSCALL && is_no_wait(&ledger_of(m)->processes[r->process]))
        w->calling = r->process;
    else
        w->calling = PROCESS_NONE;
}

static void start(struct machine *m, void *state)
{
    (void)m;
    ((struct writes *)state)->calling = PROCESS_NONE;
}

const struct monitor monitor_writes = {
    .name = "writes",
    .kinds = {KIND_EVENT(EVENT_SYSCALL) | KIND_EVENT(EVENT_RUN) | KIND_EVENT(EVENT_SLEEP),
              KIND_NOTE(NOTE_GRANT_ALLOCATED) | KIND_NOTE(NOTE_LINE_SERVICED)},
    .state_size = sizeof(struct writes),
    .rules = KIND_BIT(RULE_KERNEL_WRITE),
    .always = true,
    .start = start,
    .on_record = on_record,
    .on_kernel_write = on_kernel_write,
};
