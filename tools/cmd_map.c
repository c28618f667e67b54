/* cmd_map.c: `postern map SCENARIO` prints who reaches what at one moment of a run: each app's
 * memory layout and the MPU's regions in the shape of Tock's own panic print (kernel/src/
 * process_standard.rs, arch/cortex-m: "Cortex-M MPU"), so that a real board's output can be held
 * beside it; then, which Tock does not print, what user mode reaches by those registers, each piece
 * with its reason, the devices among it, what was asked for, and over-exposure.
 *
 *   run, step by step, to the moment --> registers of the simulated MPU --> boundaries of verdicts
 *   + the edges of memories, devices, loans, declarations --> elementary pieces --> tables
 *
 * What the registers say is decoded by the silicon's side (sim/mpu_armv7m.h); what should be is the
 * ledger's word (sim/monitors/ledger.h). The kernel's own structures are asked for states and
 * counts only. A dead app's memory is shown as it was. Where the kernel has the CPU, the unit is
 * off: pieces are shown as user mode would find them.
 *
 * Not shown, since no app here has them: registers of the CPU, the stack pointer (so the stack's
 * use is a "?"), and Tock's process control block inside the app's memory ("Process").
 */

#include "model/note.h"
#include "model/process_block.h"
#include "sim/monitors/ledger.h"
#include "tools/commands.h"
#include "tools/one_member.h"
#include "tools/run_one.h"
#include "tools/text.h"
#include "tools/timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct map_options {
    struct option_number seed, at_ps;
    const char *app;
};

#define FIELD(field) offsetof(struct map_options, field)

static const struct option_row rows[] = {
    {"--at", "US", "the moment; without it: the end of the run", OPTION_TIME, FIELD(at_ps), 0, 0,
     NULL},
    {"--app", "NAME", "the first moment from then on in which this app has the CPU", OPTION_TEXT,
     FIELD(app), 0, 0, NULL},
    {"--seed", "N", "run with this seed, not with the scenario's own", OPTION_COUNT, FIELD(seed), 0,
     0, NULL},
};

static const struct usage usage = {
    .command = "map",
    .arguments = "SCENARIO",
    .about =
        "Shows who reaches what at one moment: the apps' memory and the MPU's regions in the "
        "shape\n"
        "of Tock's panic print, then what user mode reaches by those registers, the devices among\n"
        "it, what was asked for, and over-exposure. --app without --at: the last moment in which\n"
        "the app has the CPU.\n",
    .examples = "  postern map passthrough/lent_timer_reaches_its_app\n"
                "  postern map passthrough/lent_timer_reaches_its_app --at 900 --app owner\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_min = 1,
    .argument_max = 1,
};

/* What the trace says about an app, since its life began. */
struct seen {
    uint64_t calls;
    uint32_t stack_start, heap_start; /* as it told them by memop 10 and 11; 0: it did not */
};

struct map {
    const struct map_options *options;
    const struct scenario *scenario;
    uint32_t wanted; /* --app, else PROCESS_NONE */
    uint64_t step;   /* so many were made */
    uint64_t stop;   /* stop before this one; UINT64_MAX: by time and app */
    uint64_t last;   /* the last step before which the wanted app had the CPU; UINT64_MAX: none */
    uint32_t holder; /* whose regions the registers are: the app that had the CPU last */
    struct record held;
    struct seen seen[PROCESS_MAX];
    struct recorder recorder;
    struct run run;
};

/* --- to the moment --------------------------------------------------------------------------- */

/* Memops are told by two records: class and operation in the first, the address in it as well. */
static void hear_call(struct seen *seen, const struct record *first)
{
    seen->calls++;
    if (first->address != SYSCALL_MEMOP)
        return;
    if (pair_low(first->value) == 10)
        seen->stack_start = pair_high(first->value);
    else if (pair_low(first->value) == 11)
        seen->heap_start = pair_high(first->value);
}

static void hear(struct map *map)
{
    for (uint64_t i = 0; i < map->recorder.count; i++) {
        const struct record *r = &map->recorder.records[i];
        if (r->process >= PROCESS_MAX)
            continue;
        if (r->kind == EVENT_RUN)
            map->holder = r->process;
        else if (r->kind == EVENT_SYSCALL)
            hear_call(&map->seen[r->process], r);
        else if (r->kind == EVENT_NOTE_BASE + NOTE_PROCESS_LOADED)
            map->seen[r->process] = (struct seen){0};
    }
    map->recorder.count = 0;
}

static bool is_the_moment(struct map *map)
{
    const struct machine *m = map->run.hw.m;
    bool has_cpu = map->wanted == PROCESS_NONE || machine_running(m) == map->wanted;
    if (map->stop != UINT64_MAX)
        return map->step == map->stop;
    if (has_cpu)
        map->last = map->step;
    return map->options->at_ps.given && has_cpu && machine_now_ps(m) >= map->options->at_ps.value;
}

/* True: it stands before the moment; false: the run is over. */
static bool go_to_moment(struct map *map)
{
    enum run_state state = RUN_GOING;
    map->step = 0;
    map->last = UINT64_MAX;
    map->holder = PROCESS_NONE;
    memset(map->seen, 0, sizeof map->seen);
    hear(map);
    while (state == RUN_GOING) {
        if (is_the_moment(map))
            return true;
        state = machine_step(&map->run.hw);
        map->step++;
        hear(map);
    }
    return false;
}

/* --- names and numbers ----------------------------------------------------------------------- */

/* Of an app, or of nobody. */
static const char *name_of(const struct map *map, uint32_t process)
{
    return process < map->scenario->app_count ? map->scenario->apps[process].name : "nobody";
}

static const char *state_text(uint32_t state)
{
    static const char *const names[PROCESS_STATES] = {"Unused",     "Running", "Yielded",
                                                      "YieldedFor", "Faulted", "Terminated"};
    return state < PROCESS_STATES ? names[state] : "?";
}

/* A count, or what stands for one that nobody knows. */
static void put_count(uint32_t value, bool known)
{
    if (known)
        printf("%6" PRIu32, value);
    else
        printf("%6s", "?");
}

/* --- an app's memory, as Tock prints it ------------------------------------------------------ */

static void put_edge(uint32_t address, bool known, const char *cross, const char *letter)
{
    static const char dashes[] = "───────────────"
                                 "──────────────"
                                 "──────────────";
    if (known)
        printf("  0x%08" PRIX32 " %s%s%s%s\n", address, cross, dashes, *letter ? " " : "", letter);
    else
        printf("  ?????????? %s%s%s%s\n", cross, dashes, *letter ? " " : "", letter);
}

static void put_region(const char *name, uint32_t used, bool used_known, uint32_t allocated,
                       bool allocated_known, const char *letter)
{
    printf("             │ %s", name);
    put_count(used, used_known);
    printf(" | ");
    put_count(allocated, allocated_known);
    printf("%s%s\n", *letter ? "               " : "", letter);
}

static void put_app_ram(const struct ledger_process *facts, const struct seen *seen)
{
    uint32_t base = facts->block.base;
    uint32_t heap = seen->heap_start, stack = seen->stack_start;
    put_edge(facts->app_break, true, "┼", "");
    put_region("▲ Heap       ", facts->app_break - heap, heap, facts->kernel_break - heap, heap,
               "S");
    put_edge(heap, heap, "┼", "R");
    put_region("Data         ", heap - stack, heap && stack, heap - stack, heap && stack, "A");
    put_edge(stack, stack, "┼", "M");
    put_region("▼ Stack      ", 0, false, stack - base, stack, "");
    put_edge(0, false, "┼", "");
    printf("             │ Unused\n");
    put_edge(base, true, "┴", "");
}

static void put_layout(const struct ledger_process *facts, const struct seen *seen)
{
    uint32_t end = facts->block.base + facts->block.size;
    uint32_t control = end - PROCESS_BLOCK_SIZE;
    uint32_t grants = control - facts->kernel_break;
    printf(" ╔═══════════╤═════════════"
           "════════════════"
           "═════════════╗\n"
           " ║  Address  │ Region Name    Used | Allocated (bytes)  ║\n"
           " ╚0x%08" PRIX32 "═╪═════════════"
           "════════════════"
           "═════════════╝\n",
           end);
    printf("             │ Grant Ptrs   %6d\n             │ Upcalls      %6d\n",
           PROCESS_BLOCK_SIZE - PROCESS_BLOCK_GRANTS, PROCESS_BLOCK_GRANTS);
    put_edge(control, true, "┼", "");
    put_region("▼ Grant      ", grants, true, grants, true, "");
    put_edge(facts->kernel_break, true, "┼", "");
    printf("             │ Unused\n");
    put_app_ram(facts, seen);
}

static void put_flash(const struct process_image *image)
{
    uint32_t end = image->flash.base + image->flash.size;
    printf("             .....\n");
    put_edge(end, true, "┬", "F");
    printf("             │ App Flash    %6" PRIu32 "                        L\n",
           end - image->entry);
    put_edge(image->entry, true, "┼", "A");
    printf("             │ Protected    %6" PRIu32 "                        S\n",
           image->entry - image->flash.base);
    put_edge(image->flash.base, true, "┴", "H");
}

/* Waiting upcalls: the count in the app's control block, in RAM. */
static uint32_t waiting(const struct machine *m, const struct ledger_process *facts)
{
    uint8_t b[4] = {0};
    uint32_t control = facts->block.base + facts->block.size - PROCESS_BLOCK_SIZE;
    if (!machine_peek(m, (struct span){control + PROCESS_BLOCK_QUEUE + 4, 4}, b))
        return 0;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void print_app(const struct map *map, uint32_t process)
{
    struct machine *m = map->run.hw.m;
    const struct process_facts facts = machine_process_facts(m, process);
    const struct ledger_process *memory = &ledger_of(m)->processes[process];
    const struct seen *seen = &map->seen[process];
    printf("\n𝐀𝐩𝐩: %s   -   [%s]\n", name_of(map, process), state_text(facts.state));
    if (!memory->block.size)
        return; /* not loaded yet */
    printf(" Events Queued: %" PRIu32 "   Syscall Count: %" PRIu64
           "   Dropped Upcall Count: %" PRIu32 "\n Restart Count: %" PRIu32 "\n Completion Code: ",
           waiting(m, memory), seen->calls, facts.dropped_upcalls, facts.restart_count);
    if (facts.has_completion_code)
        printf("%" PRIu32 "\n\n", facts.completion_code);
    else
        printf("None\n\n");
    put_layout(memory, seen);
    put_flash(&map->scenario->images[process]);
}

/* --- the registers, as Tock prints them ------------------------------------------------------ */

static void print_subregions(uint32_t base, uint64_t size, uint32_t disabled)
{
    for (uint32_t i = 0; size >= 256 && i < 8; i++) {
        uint64_t first = base + i * size / 8;
        printf("    Sub-region %" PRIu32 ": [0x%08" PRIX64 ":0x%08" PRIX64 "], %s\n", i, first,
               first + size / 8, disabled >> i & 1 ? "Disabled" : "Enabled");
    }
}

/* Source of the fields: ARMv7-M ARM (DDI 0403), B3.5.8 and B3.5.9. */
static void print_region(const struct mpu_armv7m *mpu, uint32_t number)
{
    static const char *const permissions[8] = {
        "NoAccess",  "PrivilegedOnly", "UnprivilegedReadOnly",
        "ReadWrite", "Reserved",       "PrivilegedOnlyReadOnly",
        "ReadOnly",  "ReadOnlyAlias"};
    uint32_t rasr = mpu->rasr[number];
    uint64_t size = UINT64_C(2) << (rasr >> 1 & 31);
    uint32_t base = mpu->rbar[number] & (uint32_t) ~(size - 1);
    uint32_t permission = rasr >> 24 & 7;
    if (!(rasr & MPU_ARMV7M_RASR_ENABLE)) {
        printf("  Region %" PRIu32 ": Unused\n", number);
        return;
    }
    printf("  Region %" PRIu32 ": [0x%08" PRIX32 ":0x%08" PRIX64 "], length: %" PRIu64
           " bytes; %s (0x%" PRIx32 ")\n",
           number, base, base + size, size, permissions[permission], permission);
    print_subregions(base, size, rasr >> 8 & 0xff);
}

static void print_mpu(const struct map *map)
{
    const struct mpu_armv7m *mpu = machine_mpu(map->run.hw.m);
    printf("\n Cortex-M MPU\n");
    for (uint32_t i = 0; i < mpu->region_count; i++)
        print_region(mpu, i);
}

/* --- pieces: runs of bytes that share rights and reason -------------------------------------- */

/* Why an app reaches a piece; the order is that of preference where several hold. */
enum reason {
    REASON_FLASH,
    REASON_MEMORY,
    REASON_SLACK,
    REASON_ASKED,
    REASON_DECLARED,
    REASON_UNDECLARED,
    REASON_STRAY,
    REASONS
};

static const char *const reasons[REASONS] = {
    [REASON_FLASH] = "its flash",
    [REASON_MEMORY] = "its memory",
    [REASON_SLACK] = "its memory past the break: the unit cuts no finer",
    [REASON_ASKED] = "asked for",
    [REASON_DECLARED] = "not asked for: declared by the board",
    [REASON_UNDECLARED] = "NOT ASKED FOR, and no board file says so",
    [REASON_STRAY] = "NEVER GIVEN TO IT",
};

struct piece {
    uint64_t first, end;
    uint32_t rights; /* enum right */
    enum reason reason;
    uint32_t device; /* BOARD_NONE: none */
};

enum {
    EDGE_MAX = MPU_ARMV7M_BOUNDARY_MAX + 4 * LEDGER_WINDOW_MAX + 2 * BOARD_EXPOSURE_MAX +
               2 * BOARD_DEVICE_MAX + 4 * PROCESS_MAX + 4,
};

struct pieces {
    const struct map *map;
    struct machine *m;
    struct mpu_armv7m mpu; /* as user mode finds it: on */
    const struct ledger *ledger;
    size_t edge_count, count;
    uint64_t edges[EDGE_MAX];
    struct piece at[EDGE_MAX]; /* reachable ones, ascending */
};

static void add_edge(struct pieces *p, uint64_t at)
{
    if (p->edge_count < EDGE_MAX)
        p->edges[p->edge_count++] = at;
}

static void add_span(struct pieces *p, struct span span)
{
    if (!span_valid(span))
        return;
    add_edge(p, span.base);
    add_edge(p, (uint64_t)span.base + span.size);
}

static int by_address(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void find_edges(struct pieces *p)
{
    const struct scenario *s = p->map->scenario;
    p->edge_count = mpu_armv7m_boundaries(&p->mpu, p->edges, MPU_ARMV7M_BOUNDARY_MAX);
    for (uint32_t i = 0; i < s->app_count; i++) {
        add_span(p, s->images[i].flash);
        add_span(p, p->ledger->processes[i].block);
    }
    add_edge(p, p->ledger->processes[p->map->holder].app_break);
    for (uint32_t i = 0; i < LEDGER_WINDOW_MAX; i++) {
        const struct ledger_window *w = &p->ledger->windows[i];
        if (w->state != WINDOW_HELD || w->process != p->map->holder)
            continue;
        add_span(p, w->asked);
        add_span(p, w->granted);
    }
    for (uint32_t i = 0; i < s->board.exposure_count; i++)
        add_span(p, s->board.exposures[i].span);
    for (uint32_t i = 0; i < s->board.device_count; i++)
        add_span(p, s->board.devices[i].window);
    qsort(p->edges, p->edge_count, sizeof p->edges[0], by_address);
}

static bool was_asked(const struct pieces *p, uint32_t address)
{
    for (uint32_t i = 0; i < LEDGER_WINDOW_MAX; i++) {
        const struct ledger_window *w = &p->ledger->windows[i];
        if (w->state == WINDOW_HELD && w->process == p->map->holder &&
            span_holds(w->asked, address))
            return true;
    }
    return false;
}

static bool is_declared(const struct board *board, uint32_t address)
{
    for (uint32_t i = 0; i < board->exposure_count; i++)
        if (span_holds(board->exposures[i].span, address))
            return true;
    return false;
}

static enum reason reason_at(const struct pieces *p, uint32_t address)
{
    uint32_t holder = p->map->holder;
    const struct ledger_process *process = &p->ledger->processes[holder];
    if (span_holds(p->map->scenario->images[holder].flash, address))
        return REASON_FLASH;
    if (process->live && span_holds(process->block, address))
        return address < process->app_break      ? REASON_MEMORY
               : address < process->kernel_break ? REASON_SLACK
                                                 : REASON_STRAY;
    if (!ledger_window_at(p->ledger, holder, address))
        return REASON_STRAY;
    if (was_asked(p, address))
        return REASON_ASKED;
    return is_declared(&p->map->scenario->board, address) ? REASON_DECLARED : REASON_UNDECLARED;
}

/* The private peripheral bus is left out: the bus refuses it to user mode, not the MPU. */
static void find_pieces(struct pieces *p)
{
    static const struct span private_bus = {0xe0000000, 0x100000};
    for (size_t i = 0; i + 1 < p->edge_count; i++) {
        uint32_t first = (uint32_t)p->edges[i];
        if (p->edges[i] == p->edges[i + 1] || span_holds(private_bus, first))
            continue;
        uint32_t rights = mpu_armv7m_user_rights(&p->mpu, first);
        if (rights)
            p->at[p->count++] =
                (struct piece){p->edges[i], p->edges[i + 1], rights, reason_at(p, first),
                               board_device_at(&p->map->scenario->board, first)};
    }
}

/* --- what is reached ------------------------------------------------------------------------- */

/* "r-x". */
static const char *rights_text(uint32_t rights, char text[4])
{
    snprintf(text, 4, "%c%c%c", rights & RIGHT_READ ? 'r' : '-', rights & RIGHT_WRITE ? 'w' : '-',
             rights & RIGHT_EXECUTE ? 'x' : '-');
    return text;
}

/* Whose memory a stray piece is. */
static void put_whose(const struct pieces *p, uint32_t address)
{
    const struct scenario *s = p->map->scenario;
    for (uint32_t i = 0; i < s->app_count; i++)
        if (span_holds(p->ledger->processes[i].block, address) ||
            span_holds(s->images[i].flash, address)) {
            printf(", %s of %s",
                   span_holds(s->images[i].flash, address) ? "flash" : "the memory block",
                   s->apps[i].name);
            return;
        }
    if (span_holds(s->config.kernel_ram, address))
        printf(", the kernel's memory");
}

/* Pieces `from` to `end` are neighbours with one reason: one line. */
static void print_run(const struct pieces *p, size_t from, size_t end)
{
    const struct piece *first = &p->at[from];
    uint64_t last = p->at[end - 1].end;
    char rights[4];
    printf("  [0x%08" PRIX64 ":0x%08" PRIX64 "] %9" PRIu64 " bytes  %s  %s", first->first, last,
           last - first->first, rights_text(first->rights, rights), reasons[first->reason]);
    if (first->reason == REASON_STRAY)
        put_whose(p, (uint32_t)first->first);
    printf("\n");
}

static bool goes_on(const struct piece *a, const struct piece *b)
{
    return a->end == b->first && a->rights == b->rights && a->reason == b->reason;
}

static void print_reach(const struct pieces *p)
{
    printf("\n Reach of %s in user mode, by these registers\n", name_of(p->map, p->map->holder));
    for (size_t from = 0, end; from < p->count; from = end) {
        for (end = from + 1; end < p->count && goes_on(&p->at[end - 1], &p->at[end]); end++)
            ;
        print_run(p, from, end);
    }
    if (p->count == 0)
        printf("  nothing\n");
}

/* --- devices --------------------------------------------------------------------------------- */

/* What of a device is reached. */
struct share {
    uint64_t bytes;
    uint32_t rights;
    enum reason reason; /* the worst */
};

static struct share share_of(const struct pieces *p, uint32_t device)
{
    struct share share = {0};
    for (size_t i = 0; i < p->count; i++) {
        const struct piece *piece = &p->at[i];
        if (piece->device != device)
            continue;
        share.bytes += piece->end - piece->first;
        share.rights |= piece->rights;
        share.reason = piece->reason > share.reason ? piece->reason : share.reason;
    }
    return share;
}

static void print_device(const struct board_device *d, const struct share *share)
{
    char rights[4];
    printf("  %-12s [0x%08" PRIX32 ":0x%08" PRIX64 "]  %s  %s%s%s\n", d->name, d->window.base,
           (uint64_t)d->window.base + d->window.size, rights_text(share->rights, rights),
           reasons[share->reason], share->bytes < d->window.size ? ", in part" : "",
           d->dma ? "; a DMA MASTER: moves memory past the MPU" : "");
}

static void print_devices(const struct pieces *p)
{
    const struct board *board = &p->map->scenario->board;
    uint32_t others = 0;
    printf("\n Devices that %s reaches\n", name_of(p->map, p->map->holder));
    for (uint32_t i = 0; i < board->device_count; i++) {
        if (board->devices[i].alias_of != BOARD_NONE)
            continue;
        struct share share = share_of(p, i);
        if (share.bytes)
            print_device(&board->devices[i], &share);
        else
            others++;
    }
    printf("  %" PRIu32 " other devices of the board are out of its reach\n", others);
}

/* --- requests and over-exposure -------------------------------------------------------------- */

static void put_place(const struct board *board, uint32_t address)
{
    uint32_t device = board_device_at(board, address);
    if (device != BOARD_NONE && board->devices[device].window.base == address)
        printf("0x%08" PRIX32 " (%s)", address, board->devices[device].name);
    else
        printf("0x%08" PRIX32, address);
}

static void print_requests(const struct pieces *p)
{
    const struct board *board = &p->map->scenario->board;
    bool any = false;
    printf("\n Requests of %s that were granted\n", name_of(p->map, p->map->holder));
    for (uint32_t i = 0; i < LEDGER_WINDOW_MAX; i++) {
        const struct ledger_window *w = &p->ledger->windows[i];
        if (w->state != WINDOW_HELD || w->process != p->map->holder)
            continue;
        any = true;
        printf("  asked 0x%" PRIx32 " bytes at ", w->asked.size);
        put_place(board, w->asked.base);
        printf(", lent 0x%" PRIx32 " bytes at ", w->granted.size);
        put_place(board, w->granted.base);
        printf("%s\n", span_equal(w->asked, w->granted) ? "" : ": WIDENED BY THE FILTER");
    }
    if (!any)
        printf("  none\n");
}

static void print_exposure(const struct pieces *p)
{
    uint64_t declared = 0, undeclared = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct piece *piece = &p->at[i];
        declared += piece->reason == REASON_DECLARED ? piece->end - piece->first : 0;
        undeclared += piece->reason == REASON_UNDECLARED ? piece->end - piece->first : 0;
    }
    printf("\n Over-exposure of %s: ", name_of(p->map, p->map->holder));
    if (declared + undeclared)
        printf("0x%" PRIx64 " bytes beyond what it asked for, 0x%" PRIx64
               " of them not declared by the board\n",
               declared + undeclared, undeclared);
    else
        printf("none\n");
}

static void print_pieces(const struct map *map)
{
    struct pieces *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->map = map;
    p->m = map->run.hw.m;
    p->mpu = *machine_mpu(p->m);
    p->ledger = ledger_of(p->m);
    mpu_armv7m_write(&p->mpu, MPU_ARMV7M_CTRL, MPU_ARMV7M_CTRL_ENABLE | MPU_ARMV7M_CTRL_PRIVDEFENA);
    find_edges(p);
    find_pieces(p);
    print_reach(p);
    print_devices(p);
    print_requests(p);
    print_exposure(p);
    free(p);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void print_head(const struct map *map)
{
    const struct scenario *s = map->scenario;
    const struct machine *m = map->run.hw.m;
    char us[US_TEXT_MAX];
    uint32_t running = machine_running(m);
    printf("%s\n", s->id);
    text_wrap(stdout, s->claim, 4, 100);
    printf("    at %s us: %s%s; ", us_text(machine_now_ps(m), us),
           running == PROCESS_NONE ? "the kernel" : name_of(map, running), " has the CPU");
    if (map->holder == PROCESS_NONE)
        printf("no app has run yet\n");
    else
        printf("the MPU's regions are those of %s%s\n", name_of(map, map->holder),
               ledger_of((struct machine *)m)->processes[map->holder].live
                   ? ""
                   : ", which is dead: nobody uses them");
}

static void print_map(const struct map *map)
{
    print_head(map);
    for (uint32_t i = 0; i < map->scenario->app_count; i++)
        if (map->wanted == PROCESS_NONE || map->wanted == i)
            print_app(map, i);
    print_mpu(map);
    if (map->holder != PROCESS_NONE)
        print_pieces(map);
}

/* False: the app never has the CPU, or the run is over before the moment; complained. */
static bool stand_at_moment(struct map *map)
{
    const struct map_options *options = map->options;
    char us[US_TEXT_MAX];
    bool there = go_to_moment(map);
    if (there || (!options->app && !options->at_ps.given))
        return true;
    if (options->app && options->at_ps.given)
        options_error(&usage, "%s does not have the CPU at or after %s us", options->app,
                      us_text(options->at_ps.value, us));
    else if (options->app && map->last == UINT64_MAX)
        options_error(&usage, "%s never has the CPU", options->app);
    else if (options->app)
        return false; /* once more, to the step that is known now */
    else
        options_error(&usage, "the run ends at %s us, before --at",
                      us_text(machine_now_ps(map->run.hw.m), us));
    map->stop = 0;
    return false;
}

static bool begin(struct map *map)
{
    struct result result;
    if (run_begin(&map->run, map->scenario, &map->recorder, &result))
        return true;
    fprintf(stderr, "%s: error: %s\n", map->scenario->path, result.trouble);
    return false;
}

/* In the child. A run that must be made twice, since only its end says which moment is meant, is
 * the same both times. */
static void map_run(const void *argument, int pipe)
{
    struct map map = *(const struct map *)argument;
    (void)pipe;
    recorder_start(&map.recorder, 0);
    bool good = begin(&map);
    bool there = good && stand_at_moment(&map);
    if (good && !there && map.stop == UINT64_MAX) {
        map.stop = map.last;
        run_end(&map.run);
        good = begin(&map);
        there = good && go_to_moment(&map);
    }
    if (there)
        print_map(&map);
    run_end(&map.run);
    recorder_free(&map.recorder);
    isolate_leave(there ? CODE_HOLDS : CODE_BAD_INPUT);
}

static bool choose_app(struct map *map)
{
    const char *wanted = map->options->app;
    char hint[96];
    map->wanted = PROCESS_NONE;
    if (!wanted)
        return true;
    struct nearest nearest = nearest_to(wanted);
    for (uint32_t i = 0; i < map->scenario->app_count; i++) {
        nearest_offer(&nearest, map->scenario->apps[i].name);
        if (strcmp(map->scenario->apps[i].name, wanted) == 0)
            map->wanted = i;
    }
    if (map->wanted != PROCESS_NONE)
        return true;
    options_error(&usage, "--app: no such app: %s%s", wanted,
                  nearest_text(&nearest, hint, sizeof hint));
    return false;
}

static int map_member(const void *options, const struct scenario *scenario)
{
    struct map map = {.options = options, .scenario = scenario, .stop = UINT64_MAX};
    return choose_app(&map) ? one_member_isolated(&usage, map_run, &map) : CODE_BAD_INPUT;
}

int cmd_map(int argc, char **argv)
{
    struct map_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    return one_member(&usage, &arguments, &options.seed, map_member, &options);
}
