/* view_map.c: see view_map.h. The frame: title, event, legend, status; lanes and table have files
 * of their own. */
#include "tools/view/view_map.h"

#include "tools/text.h"
#include "tools/view/view_parts.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- where things are ------------------------------------------------------------------------ */

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* What lanes and table want at least: columns; and lines, in cells (half lines), without the
 * strip. */
enum { COLUMNS_MIN = 100, CELLS_DOWN_MIN = 72 };

/* 160 columns and 50 lines, but letters no smaller than 6 by 12 pixels, unless that is too much. */
static int cell_of(const struct view *view)
{
    int scale = view->scale_percent ? view->scale_percent : 100;
    int fits = smaller(view->width / 160, view->height / 100);
    int most =
        smaller(view->width / COLUMNS_MIN, (view->height - view->strip_height) / CELLS_DOWN_MIN);
    int cell = smaller((fits < 6 ? 6 : fits) * scale / 100, most);
    return cell < 4 ? 4 : smaller(cell, 60);
}

struct view_layout view_layout(const struct view *view)
{
    int cell = cell_of(view), line = cell_height(cell) + cell / 2, w = view->width;
    int title = line + cell, table = smaller(46 * cell, w * 2 / 5), y = view->height - line;
    struct view_layout at = {.cell = cell, .title = {0, 0, w, title}, .status = {0, y, w, line}};
    at.strip = (struct place){0, y - view->strip_height, w, view->strip_height};
    at.legend = (struct place){0, at.strip.y - line, w, line};
    at.event = (struct place){0, at.legend.y - line, w, line};
    at.table = (struct place){w - table, title, table, at.event.y - title};
    at.lanes = (struct place){0, title, w - table, at.event.y - title};
    return at;
}

/* --- shared ---------------------------------------------------------------------------------- */

const char *process_name(const struct moment *moment, uint32_t process)
{
    return process < moment->app_count ? moment->apps[process].name : "the kernel";
}

int draw_app_name(const struct drawing *d, struct place in, uint32_t process)
{
    const char letter[2] = {moment_letter(process), '\0'};
    int c = d->cell;
    struct place box = {in.x, in.y, 2 * c, in.h};
    struct place name = {in.x + 2 * c + c / 2, in.y, in.w - 2 * c - c / 2, in.h};
    if (process >= d->moment->app_count)
        return picture_label(d->p, in, ink_of(d, ROLE_TEXT, ALIGN_LEFT), "the kernel").w;
    picture_fill(d->p, box, role_owner(process));
    picture_tell(d->p, (struct target){TARGET_APP, process}, "%s", d->moment->apps[process].name);
    picture_label(d->p, box, ink_of(d, ROLE_INK, ALIGN_CENTER), letter);
    struct place drawn =
        picture_label(d->p, name, ink_of(d, ROLE_TEXT, ALIGN_LEFT), d->moment->apps[process].name);
    picture_tell(d->p, (struct target){TARGET_APP, process}, "app %s",
                 d->moment->apps[process].name);
    return 2 * c + c / 2 + drawn.w;
}

void draw_selected(const struct drawing *d, struct place at, struct target target)
{
    if (target.kind != TARGET_NONE && target_equal(target, d->view->selected))
        picture_outline(d->p, at, ROLE_ASKED, stroke_of(d) + 1);
}

/* --- the frame ------------------------------------------------------------------------------- */

/* A word, or a number of things that went wrong, on a ground of their own; where the next
 * begins. */
static int draw_count(const struct drawing *d, struct place in, const char *what, uint64_t count)
{
    char text[48];
    bool bad = count > 0;
    snprintf(text, sizeof text, "%s%s %" PRIu64, bad ? "  " : "", what, count);
    const char *const choices[] = {text, NULL};
    struct place at = picture_plate(d->p, in, ink_of(d, bad ? ROLE_INK : ROLE_TEXT, ALIGN_LEFT),
                                    bad ? ROLE_FAULT : ROLE_BAR, choices);
    int size = d->cell * 5 / 4;
    if (bad && at.w)
        picture_mark(d->p, SHAPE_CROSS,
                     (struct place){at.x + d->cell / 2, at.y + (at.h - size) / 2, size, size},
                     ROLE_INK);
    return at.x + at.w + d->cell;
}

/* What is left of `in` from `x` on. */
static struct place from_x(struct place in, int x)
{
    return (struct place){x, in.y, in.x + in.w - x, in.h};
}

static void draw_time(const struct drawing *d, struct place in, int *x)
{
    const struct moment *m = d->moment;
    char us[US_TEXT_MAX], text[96];
    int length = snprintf(text, sizeof text, "t = %s us", us_text(m->at_ps, us));
    if (m->steps)
        snprintf(text + length, sizeof text - (size_t)length, "  step %" PRIu64 " of %" PRIu64,
                 m->step, m->steps);
    struct place at = picture_label(d->p, from_x(in, *x), ink_of(d, ROLE_TEXT, ALIGN_LEFT), text);
    picture_tell(d->p, (struct target){TARGET_TIME, m->at_ps}, "the moment that is shown");
    *x = at.x + at.w + 2 * d->cell;
}

enum { REST_CELLS = 96 }; /* what stands behind the id, with some air */

/* A third, more if there is room; no more than it needs. */
static int id_width(const struct drawing *d, int width)
{
    int wanted = (text_length(d->moment->id) + 3) * d->cell;
    int room = width - REST_CELLS * d->cell;
    room = room > width / 3 ? room : width / 3;
    return wanted < room ? wanted : room;
}

/* Who has the CPU; then whose regions, if another's. */
static void draw_title(const struct drawing *d, struct place in)
{
    const struct moment *m = d->moment;
    int c = d->cell, x = in.x + c + id_width(d, in.w);
    struct place line = {in.x + c, in.y + c / 2, in.w - 2 * c, in.h - c};
    struct place id = {line.x, line.y, x - line.x - 2 * c, line.h};
    picture_fill(d->p, in, ROLE_BAR);
    picture_label(d->p, id, ink_of(d, ROLE_TEXT, ALIGN_LEFT), m->id);
    picture_tell(d->p, (struct target){TARGET_NONE, 0}, "%s, board %s", m->id, m->board);
    x += picture_label(d->p, from_x(line, x), ink_of(d, ROLE_DIM, ALIGN_LEFT), "CPU ").w;
    x += draw_app_name(d, (struct place){x, line.y, 20 * c, line.h}, m->running) + 2 * c;
    draw_time(d, line, &x);
    x = draw_count(d, from_x(line, x), "rules broken", m->break_count);
    draw_count(d, from_x(line, x), "faults", m->fault_count);
}

/* With what this moment is compared: at the right; what is left of `line`. */
static struct place draw_compared(const struct drawing *d, struct place line)
{
    const struct moment *other = d->view->other;
    char text[SCENARIO_ID_MAX + 64], us[US_TEXT_MAX];
    bool same_run = strcmp(other->id, d->moment->id) == 0;
    struct place in = {line.x + line.w / 2, line.y, line.w - line.w / 2, line.h};
    snprintf(text, sizeof text, "there: t = %s us%s%s", us_text(other->at_ps, us),
             same_run ? "" : " of ", same_run ? "" : other->id);
    struct place at = picture_label(d->p, in, ink_of(d, ROLE_TEXT, ALIGN_RIGHT), text);
    picture_tell(d->p, (struct target){TARGET_NONE, 0}, "compared with %s", text);
    return (struct place){line.x, line.y, at.w ? at.x - 2 * d->cell - line.x : line.w, line.h};
}

static void draw_event(const struct drawing *d, struct place in)
{
    struct place line = {in.x + d->cell, in.y, in.w - 2 * d->cell, in.h};
    picture_fill(d->p, in, ROLE_PANEL);
    if (d->view->other)
        line = draw_compared(d, line);
    int w = picture_label(d->p, line, ink_of(d, ROLE_DIM, ALIGN_LEFT), "last event ").w;
    picture_label(d->p, from_x(line, line.x + w), ink_of(d, ROLE_TEXT, ALIGN_LEFT),
                  d->moment->event);
    picture_tell(d->p, (struct target){TARGET_TIME, d->moment->at_ps}, "%s", d->moment->event);
}

/* --- legend ---------------------------------------------------------------------------------- */

enum sample {
    SAMPLE_ASKED,
    SAMPLE_SOLID,
    SAMPLE_HATCH,
    SAMPLE_STRAY,
    SAMPLE_MARK,
    SAMPLE_GAP,
    SAMPLE_GONE
};

static const struct {
    enum sample sample;
    enum shape_kind mark;
    enum role role;
    const char *text;
} legend[] = {
    {SAMPLE_ASKED, 0, ROLE_ASKED, "asked for"},
    {SAMPLE_SOLID, 0, ROLE_OWNER, "due to it"},
    {SAMPLE_HATCH, 0, ROLE_OWNER, "reached, not asked for"},
    {SAMPLE_STRAY, 0, ROLE_FAULT, "never given"},
    {SAMPLE_MARK, SHAPE_WARNING, ROLE_TEXT, "DMA: past the MPU"},
    {SAMPLE_MARK, SHAPE_CROSS, ROLE_FAULT, "fault"},
    {SAMPLE_MARK, SHAPE_DOWN, ROLE_TEXT, "app break"},
    {SAMPLE_GAP, 0, ROLE_DIM, "nothing there"},
    {SAMPLE_MARK, SHAPE_UP, ROLE_ASKED, "new"},
    {SAMPLE_GONE, 0, ROLE_ASKED, "gone"},
};

enum { LEGEND_OF_ONE = sizeof legend / sizeof legend[0] - 2 }; /* rows, without the comparison's */

static void draw_sample(const struct drawing *d, struct place at, size_t row)
{
    enum role role = legend[row].role;
    bool is_stray = legend[row].sample == SAMPLE_STRAY;
    switch (legend[row].sample) {
    case SAMPLE_ASKED:
        picture_outline(d->p, at, role, stroke_of(d));
        break;
    case SAMPLE_SOLID:
        picture_fill(d->p, at, role);
        break;
    case SAMPLE_HATCH:
    case SAMPLE_STRAY:
        picture_fill(d->p, at, ROLE_TINT);
        picture_hatch(d->p, at, role, is_stray ? thin_of(d) : stroke_of(d));
        if (is_stray)
            picture_outline(d->p, at, role, stroke_of(d));
        break;
    case SAMPLE_MARK:
        picture_mark(d->p, legend[row].mark,
                     (struct place){at.x + (at.w - at.h) / 2, at.y, at.h, at.h}, role);
        break;
    case SAMPLE_GONE:
        picture_dashed(d->p, at, role, 1);
        break;
    case SAMPLE_GAP:
        picture_line(d->p, at.x + at.w / 2 - at.h / 4, at.y + at.h - 1, at.x + at.w / 2, at.y, role,
                     1);
        picture_line(d->p, at.x + at.w / 2, at.y + at.h - 1, at.x + at.w / 2 + at.h / 4, at.y, role,
                     1);
        break;
    }
}

/* Rows that do not fit whole are left out. */
static void draw_legend(const struct drawing *d, struct place in)
{
    int c = d->cell, x = in.x + c, high = cell_height(c) * 3 / 4;
    size_t rows = d->view->other ? sizeof legend / sizeof legend[0] : LEGEND_OF_ONE;
    for (size_t i = 0; i < rows; i++) {
        int w = 3 * c + c / 2 + text_length(legend[i].text) * c;
        if (x + w > in.x + in.w - c)
            continue;
        draw_sample(d, (struct place){x, in.y + (in.h - high) / 2, 3 * c, high}, i);
        picture_label(d->p, (struct place){x + 3 * c + c / 2, in.y, w, in.h},
                      ink_of(d, ROLE_DIM, ALIGN_LEFT), legend[i].text);
        x += w + 2 * c;
    }
}

/* --- status ---------------------------------------------------------------------------------- */

static void draw_status(const struct drawing *d, struct place in)
{
    const struct moment *m = d->moment;
    char text[200], than[US_TEXT_MAX + 32] = "";
    if (d->view->other) {
        char us[US_TEXT_MAX];
        snprintf(than, sizeof than, "   compared with t = %s us",
                 us_text(d->view->other->at_ps, us));
    }
    snprintf(text, sizeof text, "board %s   %" PRIu32 " app%s   %" PRIu32 " device names%s",
             m->board, m->app_count, m->app_count == 1 ? "" : "s", m->device_count, than);
    picture_fill(d->p, in, ROLE_BAR);
    picture_label(d->p, (struct place){in.x + d->cell, in.y, in.w - 2 * d->cell, in.h},
                  ink_of(d, ROLE_TEXT, ALIGN_LEFT), d->view->status ? d->view->status : text);
}

/* --- panels ---------------------------------------------------------------------------------- */

int view_panel_columns(const struct view *view)
{
    return view->width / view_layout(view).cell - 6;
}

static int widest(const char *const *lines, int *count)
{
    int wide = 0;
    for (*count = 0; lines[*count]; ++*count)
        wide = text_length(lines[*count]) > wide ? text_length(lines[*count]) : wide;
    return wide;
}

void view_panel(const struct view *view, const char *const *lines, bool below,
                struct picture *picture)
{
    const struct view_layout layout = view_layout(view);
    int c = layout.cell, line = layout.status.h, count, wide = widest(lines, &count);
    int room = below ? layout.status.y : view->height;
    int w = smaller((wide + 4) * c, view->width - 2 * c);
    int h = smaller(count * line + 2 * c, room - 2 * c);
    int fit = (h - 2 * c) / line;
    struct place at = {below ? c : (view->width - w) / 2, below ? room - h : (room - h) / 2, w, h};
    picture_fill(picture, at, ROLE_PANEL);
    picture_tell(picture, (struct target){TARGET_PANEL, 0}, "a click here closes it");
    picture_outline(picture, at, ROLE_ASKED, c >= 8 ? c / 4 : 1);
    for (int i = 0; i < count && i < fit; i++) {
        char more[64];
        bool is_cut = i + 1 == fit && count > fit;
        snprintf(more, sizeof more, "... and %d lines more: make the window higher", count - i);
        picture_label(picture, (struct place){at.x + 2 * c, at.y + c + i * line, w - 4 * c, line},
                      (struct ink){c, ROLE_TEXT, ALIGN_LEFT}, is_cut ? more : lines[i]);
    }
}

void view_map(const struct moment *moment, const struct view *view, struct picture *picture)
{
    const struct view_layout at = view_layout(view);
    const struct drawing d = {moment, view, picture, at.cell};
    picture_start(picture, view->width, view->height, view->theme);
    draw_title(&d, at.title);
    draw_lanes(&d, at.lanes);
    draw_table(&d, at.table);
    draw_event(&d, at.event);
    draw_legend(&d, at.legend);
    picture_fill(picture, at.strip, ROLE_PANEL);
    draw_status(&d, at.status);
}
