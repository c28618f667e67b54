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

/* How many bytes of `text` go into `room` characters: up to a space, if there is one. */
static size_t bytes_that_fit(const char *text, int room)
{
    size_t bytes = 0, space = 0;
    int length = 0;
    for (; text[bytes] && length <= room; bytes++) {
        if (text[bytes] == ' ')
            space = bytes;
        length += (text[bytes] & 0xc0) != 0x80;
    }
    if (!text[bytes] && length <= room)
        return bytes;
    return space ? space : bytes - 1;
}

/* The same, but wrapped at spaces into at most `lines` lines, `indent` cells to the right. The
 * first of them; h 0: there was no room. Each has the whole text as its tooltip. */
static struct place write_wrapped(struct column *column, enum role role, int indent, int lines,
                                  struct target target, const char *text)
{
    const struct drawing *d = column->d;
    int c = d->cell, room = (column->in.w - 2 * c) / c - indent;
    struct place first = {0};
    const char *rest = text;
    for (int i = 0; i < lines && *rest && room > 0; i++) {
        char piece[600];
        struct place line = next_line(column);
        if (!line.h)
            break;
        bool is_last = i + 1 == lines || lines_left(column) < 1;
        size_t size = is_last ? strlen(rest) : bytes_that_fit(rest, room);
        snprintf(piece, sizeof piece, "%.*s", (int)size, rest);
        rest += size + (rest[size] == ' ');
        first = i ? first : line;
        picture_label(d->p,
                      (struct place){line.x + indent * c, line.y, line.w - indent * c, line.h},
                      ink_of(d, role, ALIGN_LEFT), piece);
        picture_tell(d->p, target, "%s", text);
    }
    return first;
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
    write_wrapped(column, ROLE_TEXT, 0, 3, (struct target){TARGET_NONE, 0}, line_text);
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

enum { MARK_CELLS = 2, PROBLEM_LINES = 3 };

/* A mark, then the text; a click on it says which it is. */
static void write_problem(struct column *column, struct target target, const char *text)
{
    int c = column->d->cell, size = c * 5 / 4;
    struct place line = write_wrapped(column, ROLE_TEXT, MARK_CELLS, PROBLEM_LINES, target, text);
    if (!line.h)
        return;
    picture_mark(column->d->p, SHAPE_CROSS,
                 (struct place){line.x, line.y + (line.h - size) / 2, size, size}, ROLE_FAULT);
    picture_tell(column->d->p, target, "%s", text);
    draw_selected(column->d, line, target);
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
        snprintf(text, sizeof text, "%s at %s us: %s", b->rule, us_text(b->at_ps, us), b->text);
        write_problem(column, (struct target){TARGET_BREAK, i}, text);
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
        snprintf(text, sizeof text, "%s at %s us: %s", process_name(m, f->process),
                 us_text(f->at_ps, us), where);
        write_problem(column, (struct target){TARGET_FAULT, i - 1}, text);
        if (i < m->kept_faults && m->kept_faults - i >= 3)
            return;
    }
}

/* --- what differs from another moment -------------------------------------------------------- */

static const struct moment_reach *reach_in(const struct moment *m, uint32_t process)
{
    for (uint32_t i = 0; i < m->reach_count; i++)
        if (m->reach[i].process == process)
            return &m->reach[i];
    return NULL;
}

static uint64_t beyond(const struct moment_reach *r)
{
    return r ? r->declared_bytes + r->undeclared_bytes + r->stray_bytes : 0;
}

/* One line: what it is here, and what it was there. */
__attribute__((format(printf, 3, 4))) static void
write_difference(struct column *column, uint32_t *count, const char *format, ...)
{
    char text[200];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    ++*count;
    struct place line =
        write_wrapped(column, ROLE_TEXT, MARK_CELLS, 2, (struct target){TARGET_NONE, 0}, text);
    int c = column->d->cell;
    if (line.h)
        picture_mark(column->d->p, SHAPE_UP,
                     (struct place){line.x, line.y + line.h / 2 - c / 2, c, c}, ROLE_ASKED);
}

static const char *borrower(const struct moment *m, uint32_t device)
{
    uint32_t process = m->devices[device].lent_to;
    return process == PROCESS_NONE ? "nobody" : process_name(m, process);
}

static void write_reach_differences(struct column *column, uint32_t *count)
{
    const struct moment *m = column->d->moment, *other = column->d->view->other;
    char now[SIZE_TEXT_MAX], then[SIZE_TEXT_MAX];
    for (uint32_t i = 0; i < m->reach_count; i++) {
        const struct moment_reach *r = &m->reach[i], *was = reach_in(other, r->process);
        if (!was)
            write_difference(column, count, "%s: had not run there", process_name(m, r->process));
        if (was && r->undeclared_bytes != was->undeclared_bytes)
            write_difference(column, count, "%s: %s of it undeclared; there %s",
                             process_name(m, r->process), size_text(r->undeclared_bytes, now),
                             size_text(was->undeclared_bytes, then));
        if (was && beyond(r) != beyond(was))
            write_difference(column, count, "%s: %s beyond what it asked for; there %s",
                             process_name(m, r->process), size_text(beyond(r), now),
                             size_text(beyond(was), then));
    }
}

static void draw_differences(struct column *column)
{
    const struct moment *m = column->d->moment, *other = column->d->view->other;
    uint32_t count = 0;
    if (!other || !write_heading(column, "here, and there"))
        return;
    if (m->break_count != other->break_count)
        write_difference(column, &count, "rules broken: %" PRIu64 "; there %" PRIu64,
                         m->break_count, other->break_count);
    if (m->fault_count != other->fault_count)
        write_difference(column, &count, "faults: %" PRIu64 "; there %" PRIu64, m->fault_count,
                         other->fault_count);
    write_reach_differences(column, &count);
    for (uint32_t i = 0; i < m->device_count && i < other->device_count; i++)
        if (strcmp(borrower(m, i), borrower(other, i)) != 0 && m->devices[i].alias_of == BOARD_NONE)
            write_difference(column, &count, "%s: lent to %s; there %s", m->devices[i].name,
                             borrower(m, i), borrower(other, i));
    for (uint32_t i = 0; i < m->app_count && i < other->app_count; i++)
        if (strcmp(m->apps[i].state, other->apps[i].state) != 0)
            write_difference(column, &count, "%s: %s; there %s", m->apps[i].name, m->apps[i].state,
                             other->apps[i].state);
    if (count == 0)
        write_line(column, ROLE_TEXT, "reach, loans, states: no difference");
}

/* Of one that was restarted how often, instead of its RAM, which the map says too. */
static void write_state(const struct moment_app *app, char *text, size_t room)
{
    if (app->restart_count) {
        snprintf(text, room, "%s, restart %" PRIu32, app->state, app->restart_count);
    } else {
        char size[SIZE_TEXT_MAX];
        snprintf(text, room, "%s, RAM %s", app->state, size_text(app->block.size, size));
    }
}

static void draw_apps(struct column *column)
{
    const struct drawing *d = column->d;
    const struct moment *m = d->moment;
    int c = d->cell;
    char text[96];
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
        write_state(&m->apps[i], text, sizeof text);
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
    draw_differences(&column);
    draw_rules(&column);
    draw_fault_list(&column);
    draw_apps(&column);
}
