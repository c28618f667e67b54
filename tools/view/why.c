/* why.c: see why.h. */
#include "tools/view/why.h"

#include "model/process.h"
#include "tools/text.h"
#include "tools/trace_export.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_SIZE = TIMELINE_TEXT_MAX, STORY_MAX = 6 };

struct line {
    uint64_t at_ps;
    char text[LINE_MAX_SIZE];
};

struct why {
    struct replay *replay;
    const struct scenario *scenario;
    uint32_t process, address;
    FILE *out;
    struct reach_app app;
    struct reach reach;
    /* How it came about: the lines of the last thing that opened or closed it. */
    struct trace trace;
    struct line call, asked, answered; /* the last of each */
    uint32_t story_count;
    struct line story[STORY_MAX];
    uint64_t app_break;
};

/* --- what the registers decide --------------------------------------------------------------- */

static const struct {
    enum access_kind kind;
    uint32_t right;
    const char *name;
} kinds[] = {{ACCESS_READ, RIGHT_READ, "read"},
             {ACCESS_WRITE, RIGHT_WRITE, "write"},
             {ACCESS_EXECUTE, RIGHT_EXECUTE, "execute"}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool is_private(uint32_t address)
{
    return span_holds(REACH_PRIVATE_BUS, address);
}

static void tell_kind(const struct why *why, size_t i)
{
    char text[MPU_ARMV7M_DESCRIPTION_MAX];
    struct access access = {.address = why->address, .size = 1, .kind = kinds[i].kind};
    struct mpu_verdict verdict = mpu_armv7m_check(&why->reach.mpu, access);
    bool allowed = verdict.allowed && !is_private(why->address);
    mpu_armv7m_describe(&why->reach.mpu, verdict, text, sizeof text);
    if (is_private(why->address))
        snprintf(text, sizeof text, "the private peripheral bus takes no unprivileged access");
    fprintf(why->out, "  %-8s %-4s %s\n", kinds[i].name, allowed ? "yes" : "no", text);
}

static const struct reach_piece *piece_of(const struct why *why)
{
    for (size_t i = 0; i < why->reach.count; i++)
        if (why->address >= why->reach.pieces[i].first && why->address < why->reach.pieces[i].end)
            return &why->reach.pieces[i];
    return NULL;
}

static void tell_decision(const struct why *why)
{
    char us[US_TEXT_MAX], whose[128], place[96];
    board_describe_address(&why->scenario->board, why->address, place, sizeof place);
    reach_whose(&why->reach, why->address, whose, sizeof whose);
    fprintf(why->out, "0x%08" PRIx32 " (%s%s) for %s at %s us\n\n", why->address, place, whose,
            why->scenario->apps[why->process].name,
            us_text(machine_now_ps(why->replay->run.hw.m), us));
    for (size_t i = 0; i < KINDS; i++)
        tell_kind(why, i);
    if (why->app.at_ps < machine_now_ps(why->replay->run.hw.m))
        fprintf(why->out, "  by the registers with which it last had the CPU, at %s us\n",
                us_text(why->app.at_ps, us));
}

/* --- whether it is due ----------------------------------------------------------------------- */

static const struct board_exposure *exposure_of(const struct why *why)
{
    const struct board *board = &why->scenario->board;
    for (uint32_t i = 0; i < board->exposure_count; i++)
        if (span_holds(board->exposures[i].span, why->address))
            return &board->exposures[i];
    return NULL;
}

static void tell_due(const struct why *why)
{
    const struct reach_piece *piece = piece_of(why);
    const struct board_exposure *exposure = exposure_of(why);
    if (!piece)
        fprintf(why->out, "\ndue    nothing of it is reached\n");
    else
        fprintf(why->out, "\ndue    %s\n", reach_reasons[piece->reason]);
    if (piece && piece->reason == REACH_DECLARED && exposure)
        fprintf(why->out, "       the board says: %s\n", exposure->why);
}

/* --- how it came about ----------------------------------------------------------------------- */

static void keep(struct why *why, const struct line *line)
{
    if (line->text[0] && why->story_count < STORY_MAX)
        why->story[why->story_count++] = *line;
}

static struct line line_now(const struct why *why)
{
    struct line line = {.at_ps = why->trace.at_ps};
    snprintf(line.text, sizeof line.text, "%s", why->trace.what);
    return line;
}

/* Anew: `now`, and before it what led there. */
static void keep_story(struct why *why, bool with_filter)
{
    struct line now = line_now(why);
    why->story_count = 0;
    keep(why, &why->call);
    if (with_filter) {
        keep(why, &why->asked);
        keep(why, &why->answered);
    }
    keep(why, &now);
}

static bool names_it(const struct why *why, const struct record *r)
{
    return why->address >= r->address && why->address - r->address < pair_low(r->value);
}

static void hear_break(struct why *why, const struct record *r)
{
    const struct ledger_process *facts = &why->app.facts;
    bool was_below = why->address < why->app_break, is_below = why->address < r->address;
    why->app_break = r->address;
    if (span_holds(facts->block, why->address) && was_below != is_below)
        keep_story(why, false);
}

static void hear_note(struct why *why, const struct record *r)
{
    switch (r->kind) {
    case EVENT_NOTE_BASE + NOTE_PROCESS_LOADED:
        why->app_break = 0;
        why->call.text[0] = '\0';
        if (names_it(why, r))
            keep_story(why, false);
        break;
    case EVENT_NOTE_BASE + NOTE_PROCESS_BREAKS:
        hear_break(why, r);
        break;
    case EVENT_NOTE_BASE + NOTE_FILTER_ASKED:
        why->asked = line_now(why);
        why->answered.text[0] = '\0';
        break;
    case EVENT_NOTE_BASE + NOTE_FILTER_ANSWERED:
        why->answered = line_now(why);
        break;
    case EVENT_NOTE_BASE + NOTE_WINDOW_REFUSED:
    case EVENT_NOTE_BASE + NOTE_WINDOW_GRANTED:
        if (names_it(why, r))
            keep_story(why, true);
        break;
    case EVENT_NOTE_BASE + NOTE_WINDOW_REMOVED:
        if (names_it(why, r))
            keep_story(why, false);
        break;
    default:
        break;
    }
}

static void begin(void *context, const struct machine *m, const struct timeline *known)
{
    struct why *why = context;
    trace_start(&why->trace, m);
    why->trace.timeline = *known;
}

static bool take(void *context, const struct record *r, const struct air_frame *frame)
{
    struct why *why = context;
    if (r->process != why->process)
        return true; /* its own records say all that is in its lines */
    trace_take(&why->trace, r, frame);
    if (r->kind == EVENT_SYSCALL_MORE)
        why->call = line_now(why);
    hear_note(why, r);
    return true;
}

/* What the ledger knows where the trace since the boot says nothing. */
static void tell_from_the_boot(const struct why *why)
{
    const struct ledger *ledger = ledger_of(why->replay->run.hw.m);
    const struct ledger_window *window = ledger_window_at(ledger, why->process, why->address);
    const struct scenario *s = why->scenario;
    if (span_holds(s->images[why->process].flash, why->address))
        fprintf(why->out, "       its image lies there since the boot\n");
    else if (span_holds(why->app.facts.block, why->address))
        fprintf(why->out,
                "       its memory block was laid there at the boot, app break "
                "0x%08" PRIx32 "\n",
                why->app.facts.app_break);
    else if (window)
        fprintf(why->out,
                "       granted at the boot by its header: asked 0x%" PRIx32
                " bytes at 0x%08" PRIx32 ", answered 0x%" PRIx32 " bytes at 0x%08" PRIx32 "\n",
                window->asked.size, window->asked.base, window->granted.size, window->granted.base);
    else
        fprintf(why->out, "       it was never granted, and nobody asked for it\n");
}

static void tell_story(struct why *why)
{
    static const struct replay_ear ear = {begin, take};
    char us[US_TEXT_MAX];
    replay_hear(why->replay, 0, machine_now_ps(why->replay->run.hw.m) + 1, &ear, why);
    fprintf(why->out, "\nfrom\n");
    for (uint32_t i = 0; i < why->story_count; i++)
        fprintf(why->out, "  %12s us  %s\n", us_text(why->story[i].at_ps, us), why->story[i].text);
    if (why->story_count == 0)
        tell_from_the_boot(why);
}

/* --- who else, and past the MPU -------------------------------------------------------------- */

static bool is_memory(const struct scenario *s, uint32_t address)
{
    return span_holds(s->board.ram, address) || span_holds(s->board.flash, address);
}

static uint32_t tell_dma(const struct why *why, uint32_t process)
{
    const struct board *board = &why->scenario->board;
    const struct ledger *ledger = ledger_of(why->replay->run.hw.m);
    uint32_t found = 0;
    for (uint32_t i = 0; i < board->device_count && is_memory(why->scenario, why->address); i++) {
        const struct board_device *device = &board->devices[i];
        if (!device->dma || !ledger_window_at(ledger, process, device->window.base))
            continue;
        found++;
        fprintf(why->out, "  %s by DMA of %s, which it was lent: %s, past the MPU\n",
                why->scenario->apps[process].name, device->name,
                span_holds(board->ram, why->address) ? "reads and writes it" : "reads it");
    }
    return found;
}

static uint32_t tell_other(struct why *why, uint32_t process)
{
    struct reach_app *app = malloc(sizeof *app);
    struct reach *reach = malloc(sizeof *reach);
    uint32_t found = 0;
    if (!app || !reach)
        abort();
    if (watch_reach(why->replay->watch, process, app) && app->facts.live) {
        reach_find(reach, why->scenario, ledger_of(why->replay->run.hw.m), app);
        for (size_t i = 0; i < reach->count; i++) {
            const struct reach_piece *piece = &reach->pieces[i];
            if (why->address < piece->first || why->address >= piece->end)
                continue;
            char rights[4];
            found++;
            fprintf(why->out, "  %s %s: %s\n", why->scenario->apps[process].name,
                    rights_text(piece->rights, rights), reach_reasons[piece->reason]);
        }
    }
    free(reach);
    free(app);
    return found;
}

static void tell_others(struct why *why)
{
    uint32_t found = 0;
    fprintf(why->out, "\nelse\n");
    found += tell_dma(why, why->process);
    for (uint32_t i = 0; i < why->scenario->app_count; i++)
        if (i != why->process)
            found += tell_other(why, i) + tell_dma(why, i);
    if (found == 0)
        fprintf(why->out, "  no other app reaches it, and no lent DMA master\n");
}

void why_tell(struct replay *replay, uint32_t process, uint32_t address, FILE *out)
{
    struct why *why = calloc(1, sizeof *why);
    if (!why)
        abort();
    why->replay = replay;
    why->scenario = replay->scenario;
    why->process = process;
    why->address = address;
    why->out = out;
    if (watch_reach(replay->watch, process, &why->app)) {
        reach_find(&why->reach, why->scenario, ledger_of(replay->run.hw.m), &why->app);
        tell_decision(why);
        tell_due(why);
        tell_story(why);
        tell_others(why);
    } else {
        fprintf(out, "%s has not run yet: no registers are its own\n",
                why->scenario->apps[process].name);
    }
    free(why);
}
