/* moment.c: see moment.h. */
#include "tools/view/moment.h"

#include "sim/verdict.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- words ----------------------------------------------------------------------------------- */

const char *size_text(uint64_t size, char text[SIZE_TEXT_MAX])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    unsigned unit = 0;
    while (unit < 3 && size >= 1024 && size % 1024 == 0) {
        size /= 1024;
        unit++;
    }
    snprintf(text, SIZE_TEXT_MAX, "%" PRIu64 " %s", size, units[unit]);
    return text;
}

char moment_letter(uint32_t process)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    return process < sizeof letters - 1 ? letters[process] : '?';
}

/* --- places ---------------------------------------------------------------------------------- */

static bool in_span(struct span span, uint64_t address)
{
    return address <= UINT32_MAX && span_holds(span, (uint32_t)address);
}

enum moment_lane moment_lane_of(const struct moment *moment, uint64_t address)
{
    return in_span(moment->flash, address)       ? LANE_FLASH
           : in_span(moment->ram, address)       ? LANE_RAM
           : in_span(REACH_PRIVATE_BUS, address) ? LANE_PRIVATE
                                                 : LANE_DEVICES;
}

uint32_t moment_device_at(const struct moment *moment, uint64_t address)
{
    for (uint32_t i = 0; i < moment->device_count; i++)
        if (moment->devices[i].alias_of == BOARD_NONE &&
            in_span(moment->devices[i].window, address))
            return i;
    return BOARD_NONE;
}

void moment_describe(const struct moment *moment, uint64_t address, char *text, size_t size)
{
    uint32_t device = moment_device_at(moment, address);
    if (device != BOARD_NONE) {
        snprintf(text, size, "%s+0x%" PRIx64, moment->devices[device].name,
                 address - moment->devices[device].window.base);
        return;
    }
    for (uint32_t i = 0; i < moment->app_count; i++) {
        const struct moment_app *app = &moment->apps[i];
        bool in_flash = in_span(app->flash, address);
        if (!in_flash && !in_span(app->block, address))
            continue;
        snprintf(text, size, "%s's %s+0x%" PRIx64, app->name, in_flash ? "flash" : "memory",
                 address - (in_flash ? app->flash.base : app->block.base));
        return;
    }
    bool kernels = in_span(moment->kernel_flash, address) || in_span(moment->kernel_ram, address);
    snprintf(text, size, kernels ? "the kernel's 0x%08" PRIx64 : "0x%08" PRIx64, address);
}

/* --- who is there ---------------------------------------------------------------------------- */

static void take_apps(struct moment *moment, const struct watch *watch)
{
    struct machine *m = watch->hw->m;
    const struct scenario *s = machine_scenario(m);
    moment->app_count = s->app_count;
    for (uint32_t i = 0; i < s->app_count; i++) {
        const struct ledger_process *facts = &ledger_of(m)->processes[i];
        const struct process_facts process = machine_process_facts(m, i);
        struct moment_app *app = &moment->apps[i];
        snprintf(app->name, sizeof app->name, "%s", s->apps[i].name);
        app->state = process_state_name(process.state);
        app->loaded = facts->block.size > 0;
        app->live = facts->live;
        app->flash = s->images[i].flash;
        app->entry = s->images[i].entry;
        app->block = facts->block;
        app->app_break = facts->app_break;
        app->kernel_break = facts->kernel_break;
        app->stack_start = watch->apps[i].stack_start;
        app->heap_start = watch->apps[i].heap_start;
        app->restart_count = process.restart_count;
    }
}

static bool is_claimed(const struct kernel_config *config, struct span window)
{
    for (uint32_t i = 0; i < config->claim_count; i++)
        if (span_meets(config->claims[i], window))
            return true;
    return false;
}

static void take_devices(struct moment *moment, struct machine *m)
{
    const struct scenario *s = machine_scenario(m);
    moment->device_count = s->board.device_count;
    for (uint32_t i = 0; i < s->board.device_count; i++) {
        const struct board_device *from = &s->board.devices[i];
        struct moment_device *d = &moment->devices[i];
        memcpy(d->name, from->name, sizeof d->name);
        d->window = from->window;
        d->line = from->line;
        d->alias_of = from->alias_of;
        d->dma = from->dma;
        d->modelled = from->type != NULL;
        d->kernels = is_claimed(&s->config, from->window);
        d->lent_to = PROCESS_NONE;
    }
}

/* A device is lent to who asked for it, not to who got it besides. */
static void find_owners(struct moment *moment, const struct ledger *ledger)
{
    for (uint32_t i = 0; i < ledger->window_end; i++)
        for (uint32_t d = 0; d < moment->device_count; d++)
            if (ledger->windows[i].state == WINDOW_HELD &&
                span_meets(ledger->windows[i].asked, moment->devices[d].window))
                moment->devices[d].lent_to = ledger->windows[i].process;
}

static void take_memories(struct moment *moment, const struct scenario *s)
{
    const struct board *b = &s->board;
    moment->flash = b->flash;
    moment->ram = b->ram;
    moment->kernel_flash = (struct span){b->flash.base, b->app_flash.base - b->flash.base};
    moment->kernel_ram = s->config.kernel_ram;
    moment->storage = b->storage;
}

/* --- reach ----------------------------------------------------------------------------------- */

/* An edge of what was asked for. */
static bool is_edge(const struct moment_reach *reach, uint64_t address)
{
    for (uint32_t i = 0; i < reach->window_count; i++) {
        const struct span asked = reach->windows[i].asked;
        if (address == asked.base || address == (uint64_t)asked.base + asked.size)
            return true;
    }
    return false;
}

static bool joins(const struct moment *moment, const struct moment_reach *reach,
                  const struct moment_span *last, const struct reach_piece *piece)
{
    return !is_edge(reach, piece->first) && last->end == piece->first &&
           last->rights == piece->rights && last->reason == piece->reason &&
           last->region == piece->region &&
           moment_lane_of(moment, last->first) == moment_lane_of(moment, piece->first);
}

/* Pieces end where memories and devices do, but not where a memory of the board does. */
static uint64_t lane_end(const struct moment *moment, uint64_t first, uint64_t end)
{
    const struct span borders[] = {moment->flash, moment->ram, REACH_PRIVATE_BUS};
    for (size_t i = 0; i < sizeof borders / sizeof borders[0]; i++) {
        uint64_t base = borders[i].base, past = base + borders[i].size;
        end = base > first && base < end ? base : end;
        end = past > first && past < end ? past : end;
    }
    return end;
}

static void add_piece(struct moment *moment, struct moment_reach *reach,
                      const struct reach_piece *piece)
{
    for (uint64_t first = piece->first, end; first < piece->end; first = end) {
        struct reach_piece part = *piece;
        struct moment_span *last = &reach->spans[reach->span_count];
        end = lane_end(moment, first, piece->end);
        part.first = first;
        if (reach->span_count > 0 && joins(moment, reach, last - 1, &part)) {
            last[-1].end = end;
        } else if (reach->span_count == MOMENT_SPAN_MAX) {
            reach->spans_dropped = true;
        } else {
            *last = (struct moment_span){first, end, part.rights, part.reason, part.region};
            reach->span_count++;
        }
    }
}

/* Source of the fields: ARMv7-M ARM (DDI 0403), B3.5.8 and B3.5.9. What user mode may do by AP and
 * XN is the unit's word. */
static void take_region(struct moment_region *region, const struct mpu_armv7m *mpu, uint32_t number)
{
    uint32_t rasr = mpu->rasr[number];
    region->size = UINT64_C(2) << (rasr >> 1 & 31);
    region->base = mpu->rbar[number] & (uint32_t) ~(region->size - 1);
    region->enabled = rasr & MPU_ARMV7M_RASR_ENABLE;
    region->has_subregions = region->size >= 256;
    region->disabled = mpu->rule[number].disabled;
    region->user_rights = mpu->rule[number].may & 7U;
}

static void take_reach(struct moment *moment, const struct watch *watch,
                       const struct reach_app *app, struct reach *work)
{
    struct moment_reach *reach = &moment->reach[moment->reach_count++];
    uint32_t process = app->process;
    reach_find(work, machine_scenario(watch->hw->m), ledger_of(watch->hw->m), app);
    reach->process = process;
    reach->at_ps = app->at_ps;
    reach->live = moment->apps[process].live;
    reach->is_now = process == watch->holder && reach->live;
    for (uint32_t i = 0; i < app->window_count; i++)
        reach->windows[reach->window_count++] =
            (struct moment_window){app->windows[i].asked, app->windows[i].granted};
    for (size_t i = 0; i < work->count; i++)
        add_piece(moment, reach, &work->pieces[i]);
    reach->region_count = work->mpu.region_count;
    for (uint32_t i = 0; i < reach->region_count; i++)
        take_region(&reach->regions[i], &work->mpu, i);
    for (uint32_t i = 0; i < moment->device_count; i++)
        reach->shares[i] = reach_share_of(work, i);
    reach->declared_bytes = reach_bytes(work, REACH_DECLARED);
    reach->undeclared_bytes = reach_bytes(work, REACH_UNDECLARED);
    reach->stray_bytes = reach_bytes(work, REACH_STRAY);
}

static void take_reaches(struct moment *moment, const struct watch *watch,
                         struct moment_choice choice)
{
    struct reach *work = malloc(sizeof *work);
    struct reach_app *app = malloc(sizeof *app);
    if (!work || !app)
        abort();
    for (uint32_t i = 0; i < choice.count && i < MOMENT_REACH_MAX; i++) {
        uint32_t process = choice.apps[i] == PROCESS_NONE ? watch->holder : choice.apps[i];
        bool doubled = moment->reach_count && moment->reach[0].process == process;
        if (process >= moment->app_count || doubled)
            continue;
        if (watch_reach(watch, process, app))
            take_reach(moment, watch, app, work);
        else
            moment->idle[moment->idle_count++] = process;
    }
    free(app);
    free(work);
}

/* --- what went wrong ------------------------------------------------------------------------- */

static void take_faults(struct moment *moment, const struct watch *watch)
{
    uint64_t count = watch->fault_count;
    moment->fault_count = count;
    for (uint64_t i = count > MOMENT_FAULT_MAX ? count - MOMENT_FAULT_MAX : 0; i < count; i++)
        moment->faults[moment->kept_faults++] = watch->faults[i % WATCH_FAULT_MAX];
}

static void take_breaks(struct moment *moment, const struct machine *m)
{
    const struct verdict *verdicts;
    uint32_t count = machine_verdicts(m, &verdicts);
    moment->break_count = machine_verdict_count(m);
    for (uint32_t i = 0; i < count && i < MOMENT_BREAK_MAX; i++) {
        struct moment_break *b = &moment->breaks[moment->kept_breaks++];
        b->at_ps = verdicts[i].at_ps;
        b->process = verdicts[i].process;
        b->address = verdicts[i].address;
        b->rule = rule_rows[verdicts[i].rule].id;
        verdict_describe_run(m, &verdicts[i], b->text, sizeof b->text);
    }
}

/* --- what of each lane is used --------------------------------------------------------------- */

static void use(struct moment *moment, uint64_t first, uint64_t end)
{
    struct moment_segments *s = &moment->used[moment_lane_of(moment, first)];
    if (first < end && s->count < MOMENT_SEGMENT_MAX)
        s->at[s->count++] = (struct moment_range){first, end};
}

static void use_span(struct moment *moment, struct span span)
{
    if (span_valid(span))
        use(moment, span.base, (uint64_t)span.base + span.size);
}

static int by_first(const void *a, const void *b)
{
    const struct moment_range *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

static void join_segments(struct moment_segments *s)
{
    uint32_t kept = 0;
    qsort(s->at, s->count, sizeof s->at[0], by_first);
    for (uint32_t i = 0; i < s->count; i++) {
        if (kept && s->at[i].first <= s->at[kept - 1].end) {
            if (s->at[i].end > s->at[kept - 1].end)
                s->at[kept - 1].end = s->at[i].end;
        } else {
            s->at[kept++] = s->at[i];
        }
    }
    s->count = kept;
}

/* A fault away from everything takes 32 bytes on the axis. */
static void find_segments(struct moment *moment)
{
    use_span(moment, moment->kernel_flash);
    use_span(moment, moment->storage);
    use_span(moment, moment->kernel_ram);
    use_span(moment, REACH_PRIVATE_BUS);
    for (uint32_t i = 0; i < moment->app_count; i++) {
        use_span(moment, moment->apps[i].flash);
        use_span(moment, moment->apps[i].block);
    }
    for (uint32_t i = 0; i < moment->device_count; i++)
        use_span(moment, moment->devices[i].window);
    for (uint32_t i = 0; i < moment->reach_count; i++)
        for (uint32_t j = 0; j < moment->reach[i].span_count; j++)
            use(moment, moment->reach[i].spans[j].first, moment->reach[i].spans[j].end);
    for (uint32_t i = 0; i < moment->kept_faults; i++) {
        uint64_t first = moment->faults[i].address & ~UINT32_C(31);
        use(moment, first, first + 32);
    }
    for (uint32_t lane = 0; lane < LANES; lane++)
        join_segments(&moment->used[lane]);
}

void moment_take(struct moment *moment, const struct watch *watch, struct moment_choice choice)
{
    struct machine *m = watch->hw->m;
    const struct scenario *s = machine_scenario(m);
    memset(moment, 0, sizeof *moment);
    memcpy(moment->id, s->id, sizeof moment->id);
    memcpy(moment->board, s->board.name, sizeof moment->board);
    moment->at_ps = machine_now_ps(m);
    moment->end_ps = s->until_ps;
    moment->running = machine_running(m);
    moment->holder = watch->holder;
    watch_last_event(watch, moment->event);
    take_memories(moment, s);
    take_apps(moment, watch);
    take_devices(moment, m);
    find_owners(moment, ledger_of(m));
    take_reaches(moment, watch, choice);
    take_faults(moment, watch);
    take_breaks(moment, m);
    find_segments(moment);
}
