/* view_time.c: see view_time.h. */
#include "tools/view/view_time.h"

#include "sim/ble/time.h"
#include "tools/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_CELLS = 12, TICK_CELLS = 14, LABEL_CELLS_MIN = 8 };

struct drawing {
    const struct window *window;
    struct picture *picture;
    struct time_scale scale;
    struct place strip;
    int cell, row_height;
    int cursor_x;              /* before the strip: none */
    uint32_t shown;            /* rows */
    int row_y[WINDOW_ROW_MAX]; /* -1: it is left out */
    bool labels;               /* labels are under way: all else was drawn before */
    uint8_t *taken;            /* [row][x - scale.x]: a mark, or a label, is there */
    struct pending {
        const struct window_item *item; /* the first of its column; NULL: none */
        int x, w;
        uint32_t count;
    } pending[WINDOW_ROW_MAX];
};

/* How thick thin lines are: a pixel, more where the text is large. */
static int thin_of(const struct drawing *d)
{
    return d->cell >= 16 ? d->cell / 8 : 1;
}

/* --- the scale ------------------------------------------------------------------------------- */

struct time_scale time_scale_of(const struct window *window, struct place strip, int cell)
{
    int names = (NAME_CELLS + 1) * cell;
    int w = strip.w - names - cell;
    return (struct time_scale){window->from_ps, window->to_ps, strip.x + names, w > 1 ? w : 1};
}

int time_to_x(struct time_scale scale, uint64_t at_ps)
{
    uint64_t length_ps = scale.to_ps - scale.from_ps;
    if (at_ps <= scale.from_ps)
        return scale.x;
    if (at_ps >= scale.to_ps)
        return scale.x + scale.w;
    unsigned __int128 across = (unsigned __int128)(at_ps - scale.from_ps) * (unsigned)scale.w;
    return scale.x + (int)(across / length_ps);
}

uint64_t time_from_x(struct time_scale scale, int x)
{
    uint64_t length_ps = scale.to_ps - scale.from_ps;
    if (x <= scale.x)
        return scale.from_ps;
    if (x >= scale.x + scale.w)
        return scale.to_ps;
    unsigned __int128 across = (unsigned __int128)length_ps * (unsigned)(x - scale.x);
    return scale.from_ps + (uint64_t)(across / (unsigned)scale.w);
}

/* 1, 2 or 5 times a power of ten, so that labels have room. */
static uint64_t tick_ps(const struct drawing *d)
{
    static const uint32_t steps[] = {1, 2, 5};
    uint64_t ticks = (uint64_t)(d->scale.w / (TICK_CELLS * d->cell)) + 1;
    uint64_t wanted_ps = (d->scale.to_ps - d->scale.from_ps) / ticks;
    for (uint64_t power = 1000; power < UINT64_MAX / 10; power *= 10)
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
            if (power * steps[i] >= wanted_ps)
                return power * steps[i];
    return wanted_ps + 1;
}

static void draw_scale(const struct drawing *d)
{
    uint64_t tick = tick_ps(d), at_ps = d->scale.from_ps + tick - 1;
    int bottom = d->strip.y + d->strip.h;
    for (at_ps -= at_ps % tick; at_ps < d->scale.to_ps; at_ps += tick) {
        char text[US_TEXT_MAX];
        int x = time_to_x(d->scale, at_ps);
        struct place room = {x + 2, d->strip.y, TICK_CELLS * d->cell - 4, cell_height(d->cell)};
        int w = text_length(us_text(at_ps, text)) * d->cell;
        bool fits = room.x + w <= d->scale.x + d->scale.w;
        picture_line(d->picture, x, d->strip.y, x, bottom, ROLE_GRID, 1);
        if (fits && (d->cursor_x < room.x - d->cell || d->cursor_x > room.x + w + d->cell / 2))
            picture_label(d->picture, room, (struct ink){d->cell, ROLE_DIM, ALIGN_LEFT}, text);
    }
    picture_label(d->picture,
                  (struct place){d->strip.x + d->cell / 2, d->strip.y, NAME_CELLS * d->cell,
                                 cell_height(d->cell)},
                  (struct ink){d->cell, ROLE_DIM, ALIGN_LEFT},
                  d->shown < d->window->row_count ? "us" : "time, us");
}

/* --- rows ------------------------------------------------------------------------------------ */

static int row_height_of(int cell)
{
    return cell_height(cell) + 8;
}

int view_time_height(const struct window *window, int cell)
{
    return cell_height(cell) + 4 + (int)window->row_count * row_height_of(cell);
}

/* Devices with few items go first; the kernel, apps and the air stay as long as they can. */
static uint32_t least_of(const struct drawing *d, const uint32_t items[])
{
    uint32_t least = d->window->row_count;
    for (uint32_t i = 0; i < d->window->row_count; i++) {
        bool may_go = d->row_y[i] == 0 && d->window->rows[i].kind == ROW_DEVICE;
        if (may_go && (least == d->window->row_count || items[i] <= items[least]))
            least = i;
    }
    for (uint32_t i = d->window->row_count; least == d->window->row_count && i > 0; i--)
        if (d->row_y[i - 1] == 0)
            least = i - 1;
    return least;
}

static void choose_rows(struct drawing *d)
{
    uint32_t items[WINDOW_ROW_MAX] = {0};
    int room = (d->strip.h - cell_height(d->cell) - 4) / d->row_height;
    uint32_t fit = room > 0 ? (uint32_t)room : 0;
    for (uint32_t i = 0; i < d->window->item_count; i++)
        items[d->window->items[i].row]++;
    for (d->shown = d->window->row_count; d->shown > fit; d->shown--)
        d->row_y[least_of(d, items)] = -1;
    int y = d->strip.y + cell_height(d->cell) + 4;
    for (uint32_t i = 0; i < d->window->row_count; i++) {
        if (d->row_y[i] < 0)
            continue;
        d->row_y[i] = y;
        y += d->row_height;
    }
}

static enum role row_role(const struct window_row *row)
{
    return row->kind == ROW_APP      ? role_owner(row->index)
           : row->kind == ROW_KERNEL ? ROLE_KERNEL
                                     : ROLE_DEVICE;
}

static void draw_rows(const struct drawing *d)
{
    for (uint32_t i = 0; i < d->window->row_count; i++) {
        const struct window_row *row = &d->window->rows[i];
        int y = d->row_y[i];
        if (y < 0)
            continue;
        struct place name = {d->strip.x + d->cell, y, (NAME_CELLS - 1) * d->cell,
                             d->row_height - 2};
        picture_fill(
            d->picture,
            (struct place){d->strip.x + d->cell / 4, y + 2, d->cell / 2, d->row_height - 6},
            row_role(row));
        picture_label(d->picture, name, (struct ink){d->cell, ROLE_TEXT, ALIGN_LEFT}, row->name);
        if (row->kind == ROW_APP)
            picture_tell(d->picture, (struct target){TARGET_APP, row->index}, "app %s", row->name);
        else if (row->kind == ROW_DEVICE)
            picture_tell(d->picture, (struct target){TARGET_DEVICE, row->index}, "%s", row->name);
        picture_line(d->picture, d->scale.x, y + d->row_height - 3, d->scale.x + d->scale.w,
                     y + d->row_height - 3, ROLE_GRID, 1);
    }
}

/* How many rows are missing, in the corner of the scale. */
static void draw_missing(const struct drawing *d)
{
    char text[32];
    uint32_t missing = d->window->row_count - d->shown;
    if (missing == 0)
        return;
    snprintf(text, sizeof text, "+%" PRIu32 " rows", missing);
    struct place room = {d->strip.x + d->cell / 2 + 3 * d->cell, d->strip.y,
                         d->scale.x - d->strip.x - 4 * d->cell, cell_height(d->cell)};
    picture_label(d->picture, room, (struct ink){d->cell, ROLE_DIM, ALIGN_LEFT}, text);
    picture_tell(d->picture, (struct target){TARGET_NONE, 0},
                 "%" PRIu32 " rows have no room here: make the window higher", missing);
}

/* --- items ----------------------------------------------------------------------------------- */

/* What a kind looks like: how high, where, in what colour. No two marks differ by colour alone. */
enum look { LOOK_BLOCK, LOOK_LOW, LOOK_HATCH, LOOK_SHARE, LOOK_MARK, LOOK_TICK, LOOK_LINE };

enum { BOXED = 0x80 };

static const struct style {
    uint8_t kind, look;
    uint8_t mark; /* LOOK_MARK: enum shape_kind, and BOXED: in a box */
    uint8_t role; /* ROLES: the row's own */
} styles[] = {
    /* In the order of drawing: what comes later lies above. */
    {ITEM_LISTEN, LOOK_HATCH, 0, ROLE_DEVICE},
    {ITEM_SHARE, LOOK_SHARE, 0, ROLES},
    {ITEM_CALL, LOOK_LOW, 0, ROLES},
    {ITEM_LINE, LOOK_LOW, 0, ROLE_ASKED},
    {ITEM_KERNEL, LOOK_BLOCK, 0, ROLES},
    {ITEM_RUNS, LOOK_BLOCK, 0, ROLES},
    {ITEM_FRAME, LOOK_BLOCK, 0, ROLE_KERNEL},
    {ITEM_NOTE, LOOK_TICK, 0, ROLE_DIM},
    {ITEM_TASK, LOOK_TICK, 0, ROLE_TEXT},
    {ITEM_EVENT, LOOK_TICK, 0, ROLE_ASKED},
    {ITEM_DMA, LOOK_TICK, 0, ROLE_KERNEL},
    {ITEM_ANCHOR, LOOK_LINE, 0, ROLE_TEXT},
    {ITEM_DEADLINE, LOOK_LINE, 0, ROLE_ASKED},
    {ITEM_INTERRUPT, LOOK_MARK, SHAPE_DOWN, ROLE_TEXT},
    {ITEM_UPCALL, LOOK_MARK, SHAPE_UP, ROLE_TEXT},
    {ITEM_GRANT, LOOK_MARK, SHAPE_FILL, ROLE_ASKED},
    {ITEM_REMOVAL, LOOK_MARK, SHAPE_OUTLINE, ROLE_ASKED},
    {ITEM_REFUSAL, LOOK_MARK, SHAPE_HATCH | BOXED, ROLE_ASKED},
    {ITEM_END, LOOK_MARK, SHAPE_CROSS | BOXED, ROLE_TEXT},
    {ITEM_INJECTED, LOOK_MARK, SHAPE_DOWN | BOXED, ROLE_ASKED},
    {ITEM_FAULT, LOOK_MARK, SHAPE_CROSS, ROLE_FAULT},
    {ITEM_PANIC, LOOK_MARK, SHAPE_CROSS | BOXED, ROLE_FAULT},
    {ITEM_BREAK, LOOK_MARK, SHAPE_WARNING, ROLE_FAULT},
};
_Static_assert(sizeof styles / sizeof styles[0] == ITEM_KINDS, "each kind has a look");

static void tell(const struct drawing *d, const struct pending *pending)
{
    const struct window_item *item = pending->item;
    char from[US_TEXT_MAX], more[48] = "", lasts[US_TEXT_MAX + 16] = "";
    if (pending->count > 1)
        snprintf(more, sizeof more, " (and %" PRIu32 " more here)", pending->count - 1);
    if (item->to_ps > item->from_ps) {
        char length[US_TEXT_MAX];
        snprintf(lasts, sizeof lasts, ", %s%s us",
                 item->cut_before || item->cut_behind ? "at least " : "",
                 us_text(item->to_ps - item->from_ps, length));
    }
    picture_tell(d->picture, (struct target){TARGET_TIME, item->from_ps}, "%s us%s  %s%s",
                 us_text(item->from_ps, from), lasts, item->text, more);
}

/* The cursor's line is drawn over all. */
static bool is_free(const struct drawing *d, uint32_t row, int x)
{
    return !d->taken[(size_t)row * (size_t)d->scale.w + (size_t)(x - d->scale.x)] &&
           x != d->cursor_x && x != d->cursor_x + 1;
}

static void take(const struct drawing *d, uint32_t row, int x, int w)
{
    int from = x > d->scale.x ? x - d->scale.x : 0, to = x + w - d->scale.x;
    to = to < d->scale.w ? to : d->scale.w;
    if (to > from)
        memset(d->taken + (size_t)row * (size_t)d->scale.w + from, 1, (size_t)(to - from));
}

/* Where in [x, end) so many pixels are free: the first such place, else the widest one. */
static struct place free_place(const struct drawing *d, uint32_t row, int x, int end, int wanted)
{
    struct place best = {0};
    x = x > d->scale.x ? x : d->scale.x;
    end = end < d->scale.x + d->scale.w ? end : d->scale.x + d->scale.w;
    while (x < end && best.w < wanted) {
        int from = x;
        while (x < end && is_free(d, row, x))
            x++;
        if (x - from > best.w)
            best = (struct place){from, 0, x - from, 0};
        x++;
    }
    return best;
}

/* A label goes where no mark is: next to what it is about it could not be read. */
static void label_block(const struct drawing *d, const struct pending *pending, enum role role,
                        int y, int h)
{
    const struct window_item *item = pending->item;
    int wanted = text_length(item->text) * d->cell + 4;
    if (pending->w < 3 * d->cell || cell_height(d->cell) > h)
        return;
    struct place at = free_place(d, item->row, pending->x, pending->x + pending->w, wanted);
    if (at.w < LABEL_CELLS_MIN * d->cell && at.w < wanted)
        return;
    struct place drawn = picture_label(d->picture, (struct place){at.x + 2, y, at.w - 4, h},
                                       (struct ink){d->cell, role, ALIGN_LEFT}, item->text);
    tell(d, pending);
    take(d, item->row, drawn.x, drawn.w + d->cell / 2);
}

static void draw_block(const struct drawing *d, const struct pending *pending, enum role role,
                       bool low)
{
    int y = d->row_y[pending->item->row] + 1, h = d->row_height - 4, low_h = 3 * thin_of(d);
    bool dark = role == ROLE_DEVICE || role == ROLE_ASKED;
    struct place place = {pending->x, low ? y + h - low_h : y, pending->w, low ? low_h : h};
    if (d->labels) {
        label_block(d, pending, low || dark ? ROLE_TEXT : ROLE_INK, y, low ? h - low_h : h);
        return;
    }
    picture_fill(d->picture, place, role);
    tell(d, pending);
}

/* Marks that would touch are one. */
static int mark_size(const struct drawing *d)
{
    return d->row_height / 2 + 1;
}

static void draw_mark(const struct drawing *d, const struct pending *pending,
                      const struct style *style)
{
    int size = mark_size(d), y = d->row_y[pending->item->row];
    enum shape_kind mark = (enum shape_kind)(style->mark & ~BOXED);
    bool above = mark == SHAPE_DOWN;
    struct place place = {pending->x - size / 2, above ? y : y + d->row_height - 4 - size, size,
                          size};
    if (place.x < d->scale.x)
        place.x = d->scale.x;
    if (place.x + place.w > d->scale.x + d->scale.w)
        place.x = d->scale.x + d->scale.w - place.w;
    if (style->mark & BOXED) {
        picture_fill(d->picture, place, ROLE_PANEL);
        picture_outline(d->picture, place, style->role, thin_of(d));
    }
    if (mark == SHAPE_FILL)
        picture_fill(d->picture, place, style->role);
    else if (mark == SHAPE_OUTLINE)
        picture_outline(d->picture, place, style->role, 2);
    else if (mark == SHAPE_HATCH)
        picture_hatch(d->picture, place, style->role, thin_of(d));
    else
        picture_mark(d->picture, mark, place, style->role);
    tell(d, pending);
    take(d, pending->item->row, place.x - 1, place.w + 2);
}

static bool is_late(const struct window_item *item)
{
    return strncmp(item->text, "margin -", 8) == 0;
}

/* How much was left, in the pause before the answer, where that has room; too little stands on a
 * ground of its own. */
static void draw_margin(const struct drawing *d, const struct pending *pending, int y, int h)
{
    const struct window_item *item = pending->item;
    char text[48];
    snprintf(text, sizeof text, "%s%.*s", is_late(item) ? "LATE: " : "",
             (int)strcspn(item->text, ":"), item->text);
    const char *const choices[] = {text, NULL};
    uint64_t pause_ps = BLE_T_IFS_PS + BLE_ACTIVE_JITTER_PS;
    int from = item->from_ps > pause_ps ? time_to_x(d->scale, item->from_ps - pause_ps) : 0;
    int wanted = (text_length(text) + 2) * d->cell;
    struct place at = free_place(d, item->row, from, pending->x - 1, wanted);
    if (at.w < wanted)
        return;
    at = (struct place){pending->x - wanted, y, wanted - 1, h};
    if (is_late(item))
        at = picture_plate(d->picture, at, (struct ink){d->cell, ROLE_INK, ALIGN_RIGHT}, ROLE_FAULT,
                           choices);
    else
        at = picture_label(d->picture, at, (struct ink){d->cell, ROLE_TEXT, ALIGN_RIGHT}, text);
    tell(d, pending);
    take(d, item->row, at.x, at.w);
}

static void draw_line(const struct drawing *d, const struct style *style,
                      const struct pending *pending, int y, int h)
{
    bool late = pending->item->kind == ITEM_DEADLINE && is_late(pending->item);
    picture_fill(d->picture, (struct place){pending->x, y, late ? 3 : 1, h},
                 late ? ROLE_FAULT : (enum role)style->role);
    tell(d, pending);
    take(d, pending->item->row, pending->x - 1, late ? 5 : 3);
}

static void draw_one(const struct drawing *d, const struct style *style,
                     const struct pending *pending)
{
    const struct window_item *item = pending->item;
    enum role role =
        style->role == ROLES ? row_role(&d->window->rows[item->row]) : (enum role)style->role;
    int y = d->row_y[item->row] + 1, h = d->row_height - 4, bar = item->share * h / 255;
    switch (style->look) {
    case LOOK_BLOCK:
    case LOOK_LOW:
        draw_block(d, pending, role, style->look == LOOK_LOW);
        return;
    case LOOK_HATCH:
        picture_hatch(d->picture, (struct place){pending->x, y, pending->w, h}, role, thin_of(d));
        break;
    case LOOK_SHARE:
        bar = bar > 0 ? bar : 1;
        picture_fill(d->picture, (struct place){pending->x, y + h - bar, pending->w, bar}, role);
        break;
    case LOOK_MARK:
        draw_mark(d, pending, style);
        return;
    case LOOK_TICK:
        picture_fill(d->picture, (struct place){pending->x, y + h / 2, thin_of(d), h - h / 2},
                     role);
        take(d, item->row, pending->x - 1, thin_of(d) + 1);
        break;
    default:
        if (d->labels && item->kind == ITEM_DEADLINE)
            draw_margin(d, pending, y, h);
        if (!d->labels)
            draw_line(d, style, pending, y, h);
        return;
    }
    tell(d, pending);
}

static void flush(struct drawing *d, const struct style *style, uint32_t row)
{
    if (d->pending[row].item)
        draw_one(d, style, &d->pending[row]);
    d->pending[row].item = NULL;
}

static void add(struct drawing *d, const struct style *style, const struct window_item *item)
{
    struct pending *pending = &d->pending[item->row];
    int x = time_to_x(d->scale, item->from_ps), w = time_to_x(d->scale, item->to_ps) - x;
    if (d->row_y[item->row] < 0)
        return;
    if (x >= d->scale.x + d->scale.w)
        x = d->scale.x + d->scale.w - 1;
    w = w > 0 ? w : 1;
    int apart = style->look == LOOK_MARK ? mark_size(d) : 1;
    if (pending->item && x < pending->x + apart && pending->w == 1 && w == 1) {
        pending->count++;
        return;
    }
    flush(d, style, item->row);
    *pending = (struct pending){item, x, w, 1};
}

static void draw_items(struct drawing *d)
{
    const struct window *window = d->window;
    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        const struct style *style = &styles[i];
        if (d->labels && style->look != LOOK_BLOCK && style->look != LOOK_LOW &&
            style->kind != ITEM_DEADLINE)
            continue;
        for (uint32_t at = window->first[style->kind]; at < window->first[style->kind + 1]; at++)
            add(d, style, &window->items[at]);
        for (uint32_t row = 0; row < window->row_count; row++)
            flush(d, style, row);
    }
}

static void draw_cursor(const struct drawing *d)
{
    int x = d->cursor_x;
    if (x < d->scale.x)
        return;
    picture_line(d->picture, x, d->strip.y, x, d->strip.y + d->strip.h, ROLE_TEXT, 1);
    picture_mark(d->picture, SHAPE_DOWN,
                 (struct place){x - d->cell / 2, d->strip.y, d->cell + 1, d->cell}, ROLE_TEXT);
}

void view_time(const struct window *window, const struct time_view *view, struct place strip,
               struct picture *picture)
{
    struct drawing d = {.window = window,
                        .picture = picture,
                        .scale = time_scale_of(window, strip, view->cell),
                        .strip = strip,
                        .cell = view->cell,
                        .row_height = row_height_of(view->cell)};
    bool is_in_sight = view->cursor_ps >= window->from_ps && view->cursor_ps <= window->to_ps;
    d.cursor_x = is_in_sight ? time_to_x(d.scale, view->cursor_ps) : -1;
    picture_fill(picture, strip, ROLE_PANEL);
    choose_rows(&d);
    draw_scale(&d);
    draw_rows(&d);
    draw_missing(&d);
    d.taken = calloc((size_t)window->row_count + 1, (size_t)d.scale.w);
    if (!d.taken)
        abort();
    draw_items(&d);
    d.labels = true;
    draw_items(&d);
    free(d.taken);
    draw_cursor(&d);
}
