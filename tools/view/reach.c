/* reach.c: see reach.h. */
#include "tools/view/reach.h"

#include <stdio.h>
#include <stdlib.h>

const char *const reach_reasons[REACH_REASONS] = {
    [REACH_FLASH] = "its flash",
    [REACH_MEMORY] = "its memory",
    [REACH_SLACK] = "its memory past the break: the unit cuts no finer",
    [REACH_ASKED] = "asked for",
    [REACH_DECLARED] = "not asked for: declared by the board",
    [REACH_UNDECLARED] = "NOT ASKED FOR, and no board file says so",
    [REACH_STRAY] = "NEVER GIVEN TO IT",
};

void reach_app_take(struct reach_app *app, struct machine *m, uint32_t process)
{
    const struct ledger *ledger = ledger_of(m);
    app->process = process;
    app->at_ps = machine_now_ps(m);
    app->mpu = *machine_mpu(m);
    app->facts = ledger->processes[process];
    app->window_count = 0;
    for (uint32_t i = 0; i < ledger->window_end; i++) {
        const struct ledger_window *w = &ledger->windows[i];
        if (w->state == WINDOW_HELD && w->process == process)
            app->windows[app->window_count++] = *w;
    }
}

/* --- edges ----------------------------------------------------------------------------------- */

static void add_edge(struct reach *r, uint64_t at)
{
    if (r->edge_count < REACH_PIECE_MAX)
        r->edges[r->edge_count++] = at;
}

static void add_span(struct reach *r, struct span span)
{
    if (!span_valid(span))
        return;
    add_edge(r, span.base);
    add_edge(r, (uint64_t)span.base + span.size);
}

static int by_address(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void find_edges(struct reach *r)
{
    const struct scenario *s = r->scenario;
    r->edge_count = mpu_armv7m_boundaries(&r->mpu, r->edges, MPU_ARMV7M_BOUNDARY_MAX);
    for (uint32_t i = 0; i < s->app_count; i++) {
        add_span(r, s->images[i].flash);
        add_span(r, r->ledger->processes[i].block);
    }
    add_edge(r, r->app->facts.app_break);
    for (uint32_t i = 0; i < r->app->window_count; i++) {
        add_span(r, r->app->windows[i].asked);
        add_span(r, r->app->windows[i].granted);
    }
    for (uint32_t i = 0; i < s->board.exposure_count; i++)
        add_span(r, s->board.exposures[i].span);
    for (uint32_t i = 0; i < s->board.device_count; i++)
        add_span(r, s->board.devices[i].window);
    qsort(r->edges, r->edge_count, sizeof r->edges[0], by_address);
}

/* --- pieces ---------------------------------------------------------------------------------- */

static bool was_asked(const struct reach_app *app, uint32_t address)
{
    for (uint32_t i = 0; i < app->window_count; i++)
        if (span_holds(app->windows[i].asked, address))
            return true;
    return false;
}

static bool was_granted(const struct reach_app *app, uint32_t address)
{
    for (uint32_t i = 0; i < app->window_count; i++)
        if (span_holds(app->windows[i].granted, address))
            return true;
    return false;
}

static bool is_declared(const struct board *board, uint32_t address)
{
    for (uint32_t i = 0; i < board->exposure_count; i++)
        if (span_holds(board->exposures[i].span, address))
            return true;
    return false;
}

static enum reach_reason reason_at(const struct reach *r, uint32_t address)
{
    const struct reach_app *app = r->app;
    const struct ledger_process *process = &app->facts;
    if (span_holds(r->scenario->images[app->process].flash, address))
        return REACH_FLASH;
    if (process->live && span_holds(process->block, address))
        return address < process->app_break      ? REACH_MEMORY
               : address < process->kernel_break ? REACH_SLACK
                                                 : REACH_STRAY;
    if (!was_granted(app, address))
        return REACH_STRAY;
    if (was_asked(app, address))
        return REACH_ASKED;
    return is_declared(&r->scenario->board, address) ? REACH_DECLARED : REACH_UNDECLARED;
}

static int8_t region_at(const struct mpu_armv7m *mpu, uint32_t address)
{
    return mpu_armv7m_check(mpu, (struct access){address, 1, ACCESS_READ, false, false}).region;
}

static void find_pieces(struct reach *r)
{
    for (size_t i = 0; i + 1 < r->edge_count; i++) {
        uint32_t first = (uint32_t)r->edges[i];
        if (r->edges[i] == r->edges[i + 1] || span_holds(REACH_PRIVATE_BUS, first))
            continue;
        uint32_t rights = mpu_armv7m_user_rights(&r->mpu, first);
        if (rights)
            r->pieces[r->count++] =
                (struct reach_piece){r->edges[i],
                                     r->edges[i + 1],
                                     rights,
                                     reason_at(r, first),
                                     board_device_at(&r->scenario->board, first),
                                     region_at(&r->mpu, first)};
    }
}

void reach_find(struct reach *reach, const struct scenario *scenario, const struct ledger *ledger,
                const struct reach_app *app)
{
    reach->scenario = scenario;
    reach->ledger = ledger;
    reach->app = app;
    reach->mpu = app->mpu;
    reach->count = 0;
    mpu_armv7m_write(&reach->mpu, MPU_ARMV7M_CTRL,
                     MPU_ARMV7M_CTRL_ENABLE | MPU_ARMV7M_CTRL_PRIVDEFENA);
    find_edges(reach);
    find_pieces(reach);
}

/* --- what they say --------------------------------------------------------------------------- */

static bool goes_on(const struct reach_piece *a, const struct reach_piece *b)
{
    return a->end == b->first && a->rights == b->rights && a->reason == b->reason;
}

size_t reach_run_end(const struct reach *reach, size_t from)
{
    size_t end = from + 1;
    while (end < reach->count && goes_on(&reach->pieces[end - 1], &reach->pieces[end]))
        end++;
    return end;
}

struct reach_share reach_share_of(const struct reach *reach, uint32_t device)
{
    struct reach_share share = {0};
    for (size_t i = 0; i < reach->count; i++) {
        const struct reach_piece *piece = &reach->pieces[i];
        if (piece->device != device)
            continue;
        share.bytes += piece->end - piece->first;
        share.rights |= piece->rights;
        share.reason = piece->reason > share.reason ? piece->reason : share.reason;
    }
    return share;
}

uint64_t reach_bytes(const struct reach *reach, enum reach_reason reason)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < reach->count; i++)
        if (reach->pieces[i].reason == reason)
            bytes += reach->pieces[i].end - reach->pieces[i].first;
    return bytes;
}

void reach_whose(const struct reach *reach, uint32_t address, char *text, size_t size)
{
    const struct scenario *s = reach->scenario;
    for (uint32_t i = 0; i < s->app_count; i++)
        if (span_holds(reach->ledger->processes[i].block, address) ||
            span_holds(s->images[i].flash, address)) {
            snprintf(text, size, ", %s of %s",
                     span_holds(s->images[i].flash, address) ? "flash" : "the memory block",
                     s->apps[i].name);
            return;
        }
    snprintf(text, size, "%s",
             span_holds(s->config.kernel_ram, address) ? ", the kernel's memory" : "");
}

const char *rights_text(uint32_t rights, char text[4])
{
    snprintf(text, 4, "%c%c%c", rights & RIGHT_READ ? 'r' : '-', rights & RIGHT_WRITE ? 'w' : '-',
             rights & RIGHT_EXECUTE ? 'x' : '-');
    return text;
}
