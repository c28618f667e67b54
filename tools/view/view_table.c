/* view_table.c: the table beside the lanes: the MPU's regions with their sub-regions, what is
 * reached beyond what was asked for, requests, broken rules, faults, apps. What finds no room is
 * left out, and how much that is said. */
#include "tools/text.h"
#include "tools/view/view_parts.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A column of lines that fills from the top. */
struct column {
    const struct drawing *d;
    struct place in;
    int y;
};

static int lines_left(const struct column *column)
{
    return (column->in.y + column->in.h - column->y) / line_height(column->d);
}

/* The next line; h 0: there is none. */
static struct place next_line(struct column *column)
{
    int high = line_height(column->d), c = column->d->cell;
    if (lines_left(column) < 1)
        return (struct place){0};
    struct place line = {column->in.x + c, column->y, column->in.w - 2 * c, high};
    column->y += high;
    return line;
}

__attribute__((format(printf, 3, 4))) static struct place
write_line(struct column *column, enum role role, const char *format, ...)
{
    char text[600];
    va_list list;
    struct place line = next_line(column);
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (!line.h)
        return line;
    picture_label(column->d->p, line, ink_of(column->d, role, ALIGN_LEFT), text);
    picture_tell(column->d->p, (struct target){TARGET_NONE, 0}, "%s", text);
    return line;
}

/* The same, but wrapped at spaces into at most two lines. */
static void write_wrapped(struct column *column, enum role role, const char *text)
{
    size_t room = (size_t)((column->in.w - 2 * column->d->cell) / column->d->cell), cut = room;
    if (strlen(text) > room) {
        while (cut > 0 && text[cut] != ' ')
            cut--;
        if (cut > 0)
            write_line(column, role, "%.*s", (int)cut, text);
    }
    write_line(column, role, "%s", strlen(text) > room && cut > 0 ? text + cut + 1 : text);
}

/* A heading with a rule above it; only where two lines follow. False: no room. */
static bool write_heading(struct column *column, const char *text)
{
    const struct drawing *d = column->d;
    int c = d->cell;
    column->y += c / 2;
    if (lines_left(column) < 2)
        return false;
    picture_fill(d->p, (struct place){column->in.x + c, column->y, column->in.w - 2 * c, 1},
                 ROLE_GRID);
    column->y += c / 4;
    write_line(column, ROLE_DIM, "%s", text);
    return true;
}

/* --- regions --------------------------------------------------------------------------------- */

/* From the row's left, in cells. */
enum { AT_BASE = 3, AT_SIZE = 12, SIZE_CELLS = 8, AT_RIGHTS = 22, AT_BOXES = 26, BOX_CELLS = 2 };

static struct place cells_of(struct place line, int cell, int from, int count)
{
    int w = line.w - from * cell;
    return (struct place){line.x + from * cell, line.y, w < count * cell ? w : count * cell,
                          line.h};
}

/* Filled: takes part; hatched and outlined: disabled. Without sub-regions it is one box. */
static void draw_subregions(const struct drawing *d, struct place at, const struct moment_region *r,
                            uint32_t process)
{
    int boxes = r->has_subregions ? 8 : 1, w = at.w / boxes, c = d->cell;
    for (int i = 0; i < boxes; i++) {
        struct place box = {at.x + i * w, at.y + c / 2, w - c / 4, at.h - c};
        if (r->disabled >> i & 1) {
            picture_hatch(d->p, box, ROLE_GRID, 1);
            picture_outline(d->p, box, ROLE_GRID, 1);
        } else {
            picture_fill(d->p, box, role_owner(process));
        }
        picture_tell(d->p, (struct target){TARGET_ADDRESS, r->base + (uint64_t)i * r->size / 8},
                     "sub-region %d, from 0x%08" PRIX64 " on: %s", i,
                     r->base + (uint64_t)i * r->size / 8,
                     r->disabled >> i & 1 ? "disabled" : "takes part");
    }
}

/* From what it was in the moment that the view compares with. */
static bool is_changed(const struct drawing *d, uint32_t reach, uint32_t number)
{
    const struct moment *other = d->view->other;
    const struct moment_region *now = &d->moment->reach[reach].regions[number];
    for (uint32_t i = 0; i < other->reach_count; i++) {
        const struct moment_region *was = &other->reach[i].regions[number];
        if (other->reach[i].process == d->moment->reach[reach].process)
            return now->enabled != was->enabled || now->base != was->base ||
                   now->size != was->size || now->disabled != was->disabled ||
                   now->user_rights != was->user_rights;
    }
    return true;
}

static void draw_region(struct column *column, uint32_t reach, uint32_t number)
{
    const struct drawing *d = column->d;
    const struct moment_reach *r = &d->moment->reach[reach];
    const struct moment_region *region = &r->regions[number];
    struct target target = {TARGET_REGION, number | (uint64_t)reach << 8};
    char text[16], size[SIZE_TEXT_MAX], rights[4];
    int c = d->cell;
    struct place line = next_line(column);
    if (!line.h)
        return;
    snprintf(text, sizeof text, "R%" PRIu32, number);
    picture_label(d->p, cells_of(line, c, 0, 3), ink_of(d, ROLE_TEXT, ALIGN_LEFT), text);
    snprintf(text, sizeof text, "%08" PRIX64, region->base);
    picture_label(d->p, cells_of(line, c, AT_BASE, 8), ink_of(d, ROLE_TEXT, ALIGN_LEFT), text);
    picture_label(d->p, cells_of(line, c, AT_SIZE, SIZE_CELLS), ink_of(d, ROLE_TEXT, ALIGN_RIGHT),
                  size_text(region->size, size));
    picture_tell(d->p, target, "region %" PRIu32 ": %s from 0x%08" PRIX64 " on", number, size,
                 region->base);
    picture_label(d->p, cells_of(line, c, AT_RIGHTS, 3), ink_of(d, ROLE_TEXT, ALIGN_LEFT),
                  rights_text(region->user_rights, rights));
    draw_subregions(d, cells_of(line, c, AT_BOXES, 8 * BOX_CELLS), region, r->process);
    draw_selected(d, line, target);
    if (d->view->other && is_changed(d, reach, number))
        picture_mark(d->p, SHAPE_UP,
                     (struct place){line.x - c + 1, line.y + line.h / 2 - c / 2, c - 2, c},
                     ROLE_ASKED);
}

static void draw_table_head(struct column *column)
{
    const struct drawing *d = column->d;
    struct ink ink = ink_of(d, ROLE_DIM, ALIGN_LEFT);
    int c = d->cell;
    struct place line = next_line(column);
    if (!line.h)
        return;
    picture_label(d->p, cells_of(line, c, AT_BASE, 8), ink, "base");
    ink.align = ALIGN_RIGHT;
    picture_label(d->p, cells_of(line, c, AT_SIZE, SIZE_CELLS), ink, "size");
    ink.align = ALIGN_LEFT;
    picture_label(d->p, cells_of(line, c, AT_RIGHTS, 3), ink, "app");
    picture_label(d->p, cells_of(line, c, AT_BOXES, 8 * BOX_CELLS), ink, "sub-regions");
}

static void draw_regions(struct column *column, uint32_t reach)
{
    const struct moment_reach *r = &column->d->moment->reach[reach];
    const struct drawing *d = column->d;
    uint32_t unused = 0;
    struct place line = next_line(column);
    if (!line.h)
        return;
    int w = picture_label(d->p, line, ink_of(d, ROLE_DIM, ALIGN_LEFT), "MPU regions of ").w;
    draw_app_name(d, (struct place){line.x + w, line.y, line.w - w, line.h}, r->process);
    if (!r->is_now) {
        char us[US_TEXT_MAX];
        write_line(column, ROLE_TEXT, "as of %s us, %s", us_text(r->at_ps, us),
                   r->live ? "when it last ran" : "it is dead now");
    }
    draw_table_head(column);
    for (uint32_t i = 0; i < r->region_count; i++) {
        unused += !r->regions[i].enabled;
        if (r->regions[i].enabled)
            draw_region(column, reach, i);
    }
    write_line(column, ROLE_DIM, "%" PRIu32 " of %" PRIu32 " unused", unused, r->region_count);
}

/* --- beyond what was asked for --------------------------------------------------------------- */

/* Devices that it reaches and did not ask for. */
static uint32_t list_foreign(const struct moment *m, const struct moment_reach *r, char *text,
                             size_t size)
{
    uint32_t count = 0;
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < m->device_count; i++) {
        const struct moment_device *d = &m->devices[i];
        if (!r->shares[i].bytes || r->shares[i].reason < REACH_DECLARED)
            continue;
        if (d->lent_to == r->process)
            continue;
        count++;
        if (length + 40 < size)
            length += (size_t)snprintf(text + length, size - length, " %s", d->name);
    }
    return count;
}

static void draw_exposure(struct column *column, uint32_t reach)
{
    const struct drawing *d = column->d;
    const struct moment_reach *r = &d->moment->reach[reach];
    char size[SIZE_TEXT_MAX], names[600], heading[96];
    uint64_t bytes = r->declared_bytes + r->undeclared_bytes + r->stray_bytes;
    snprintf(heading, sizeof heading, "%s reaches beyond what it asked for",
             process_name(d->moment, r->process));
    if (!write_heading(column, heading))
        return;
    if (!bytes) {
        write_line(column, ROLE_TEXT, "nothing");
        return;
    }
    struct place line = next_line(column);
    char text[64];
    snprintf(text, sizeof text, "%s", size_text(bytes, size));
    const char *const choices[] = {text, NULL};
    struct place plate =
        picture_plate(d->p, line, ink_of(d, ROLE_INK, ALIGN_LEFT), role_owner(r->process), choices);
    snprintf(text, sizeof text, "%s",
             r->stray_bytes        ? "of them never given to it"
             : r->undeclared_bytes ? "not all declared by the board"
                                   : "declared by the board");
    int x = plate.x + plate.w + d->cell / 2;
    picture_label(d->p, (struct place){x, line.y, line.x + line.w - x, line.h},
                  ink_of(d, ROLE_TEXT, ALIGN_LEFT), text);
    if (r->stray_bytes || r->undeclared_bytes)
        write_line(column, ROLE_TEXT, "undeclared %s%s",
                   size_text(r->undeclared_bytes + r->stray_bytes, size),
                   r->spans_dropped ? " or more" : "");
    uint32_t foreign = list_foreign(d->moment, r, names, sizeof names);
    if (!foreign)
        return;
    char line_text[700];
    snprintf(line_text, sizeof line_text, "%" PRIu32 " foreign device%s:%s", foreign,
             foreign == 1 ? "" : "s", names);
    write_wrapped(column, ROLE_TEXT, line_text);
}

static void write_span(const struct moment *m, struct span span, char *text, size_t size)
{
    char where[64], bytes[SIZE_TEXT_MAX];
    uint32_t device = moment_device_at(m, span.base);
    if (device != BOARD_NONE && m->devices[device].window.base == span.base)
        snprintf(where, sizeof where, "%s", m->devices[device].name);
    else
        snprintf(where, sizeof where, "0x%08" PRIX32, span.base);
    snprintf(text, size, "%s at %s", size_text(span.size, bytes), where);
}

static void draw_requests(struct column *column, uint32_t reach)
{
    const struct moment *m = column->d->moment;
    const struct moment_reach *r = &m->reach[reach];
    char asked[128], granted[128];
    if (!r->window_count || !write_heading(column, "requests granted"))
        return;
    for (uint32_t i = 0; i < r->window_count; i++) {
        const struct moment_window *w = &r->windows[i];
        write_span(m, w->asked, asked, sizeof asked);
        write_span(m, w->granted, granted, sizeof granted);
        if (span_equal(w->asked, w->granted))
            write_line(column, ROLE_TEXT, "%s", asked);
        else
            write_line(column, ROLE_TEXT, "%s, got %s", asked, granted);
    }
}

/* --- what went wrong; who is there ----------------------------------------------------------- */

/* A mark in front of the line's text, and on a click what it is about. */
static void mark_line(const struct column *column, struct place line, struct target target,
                      const char *text)
{
    int c = column->d->cell, size = c * 5 / 4;
    picture_mark(column->d->p, SHAPE_CROSS,
                 (struct place){line.x, line.y + (line.h - size) / 2, size, size}, ROLE_FAULT);
    picture_tell(column->d->p, target, "%s", text);
}

static void draw_rules(struct column *column)
{
    const struct moment *m = column->d->moment;
    char heading[64], us[US_TEXT_MAX], text[MOMENT_TEXT_MAX + 96];
    snprintf(heading, sizeof heading, "rules broken: %" PRIu64, m->break_count);
    if (!m->break_count || !write_heading(column, heading))
        return;
    for (uint32_t i = 0; i < m->kept_breaks && lines_left(column) > 0; i++) {
        const struct moment_break *b = &m->breaks[i];
        snprintf(text, sizeof text, "   %s at %s us: %s", b->rule, us_text(b->at_ps, us), b->text);
        struct place line = write_line(column, ROLE_TEXT, "%s", text);
        mark_line(column, line, (struct target){TARGET_BREAK, i}, text + 3);
    }
}

/* The last ones, the last first. */
static void draw_fault_list(struct column *column)
{
    const struct moment *m = column->d->moment;
    char heading[64], us[US_TEXT_MAX], text[256], where[96];
    snprintf(heading, sizeof heading, "faults: %" PRIu64, m->fault_count);
    if (!m->fault_count || !write_heading(column, heading))
        return;
    for (uint32_t i = m->kept_faults; i > 0 && lines_left(column) > 0; i--) {
        const struct watch_fault *f = &m->faults[i - 1];
        moment_describe(m, f->address, where, sizeof where);
        snprintf(text, sizeof text, "   %s %s at %s us", process_name(m, f->process), where,
                 us_text(f->at_ps, us));
        struct place line = write_line(column, ROLE_TEXT, "%s", text);
        mark_line(column, line, (struct target){TARGET_FAULT, i - 1}, text + 3);
        if (i < m->kept_faults && m->kept_faults - i >= 3)
            return;
    }
}

static void draw_apps(struct column *column)
{
    const struct drawing *d = column->d;
    const struct moment *m = d->moment;
    int c = d->cell;
    char text[96], size[SIZE_TEXT_MAX];
    if (!write_heading(column, "apps"))
        return;
    for (uint32_t i = 0; i < m->app_count; i++) {
        uint32_t more = m->app_count - i;
        if (lines_left(column) == 1 && more > 1) {
            write_line(column, ROLE_DIM, "and %" PRIu32 " more", more);
            return;
        }
        struct place line = next_line(column);
        if (!line.h)
            return;
        draw_app_name(d, (struct place){line.x, line.y, 20 * c, line.h}, i);
        snprintf(text, sizeof text, "%s, RAM %s", m->apps[i].state,
                 size_text(m->apps[i].block.size, size));
        picture_label(d->p, (struct place){line.x + 21 * c, line.y, line.w - 21 * c, line.h},
                      ink_of(d, ROLE_DIM, ALIGN_LEFT), text);
        draw_selected(d, line, (struct target){TARGET_APP, i});
    }
}

void draw_table(const struct drawing *d, struct place in)
{
    struct column column = {d, in, in.y + d->cell / 2};
    picture_fill(d->p, in, ROLE_PANEL);
    for (uint32_t i = 0; i < d->moment->reach_count; i++) {
        column.y += i ? d->cell : 0;
        draw_regions(&column, i);
        draw_exposure(&column, i);
        draw_requests(&column, i);
    }
    for (uint32_t i = 0; i < d->moment->idle_count; i++)
        write_line(&column, ROLE_TEXT, "%s has not run yet",
                   process_name(d->moment, d->moment->idle[i]));
    if (!d->moment->reach_count && !d->moment->idle_count)
        write_line(&column, ROLE_TEXT, "no app has run yet");
    draw_rules(&column);
    draw_fault_list(&column);
    draw_apps(&column);
}
