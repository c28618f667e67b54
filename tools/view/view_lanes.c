/* view_lanes.c: the lanes of view_map.h: what is where, and what of it the app reaches.
 *
 *   things (memories, devices) + spans of reach --> edges of a broken axis --> rows
 *
 *   a row:  | box | box |    box    |    what is there
 *               x     v                  faults, breaks
 *           |#######|///////|######|     a band for each app that is looked at
 *           20000000  20000800           addresses
 *
 * If there is no room for so many rows, neighbours that nobody looks at become one box.
 */
#include "tools/text.h"
#include "tools/view/view_axis.h"
#include "tools/view/view_parts.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THING_MAX = BOARD_DEVICE_MAX + 4 * PROCESS_MAX + 4, GUTTER_CELLS = 12 };

enum thing_kind {
    THING_KERNEL,
    THING_STORAGE,
    THING_APP,   /* its flash, or its memory up to the break */
    THING_SLACK, /* the gap of its memory, between the breaks */
    THING_GRANTS,
    THING_DEVICE,
    THING_PRIVATE,
};

struct thing {
    enum thing_kind kind;
    uint32_t number; /* of the app or device */
    uint64_t first, end;
};

struct lane {
    enum moment_lane number;
    struct axis axis;
    uint32_t count;
    struct thing things[THING_MAX];
    int bands;         /* apps whose reach has a band in each row; none where nobody reaches it */
    int y, row_height; /* of its first row; of each */
};

struct lanes {
    const struct drawing *d;
    struct place in;
    int places, marks, band, labels; /* heights of a row's parts; band: of one app */
    struct lane lane[LANES];
};

static const char *const lane_names[LANES] = {"flash", "RAM", "devices", "private"};

/* --- things ---------------------------------------------------------------------------------- */

static void add_thing(struct lanes *l, enum thing_kind kind, uint32_t number, struct span span)
{
    if (!span_valid(span))
        return;
    struct lane *lane = &l->lane[moment_lane_of(l->d->moment, span.base)];
    if (lane->count < THING_MAX)
        lane->things[lane->count++] =
            (struct thing){kind, number, span.base, (uint64_t)span.base + span.size};
}

static bool is_shown(const struct moment *m, uint32_t process)
{
    for (uint32_t i = 0; i < m->reach_count; i++)
        if (m->reach[i].process == process)
            return true;
    return false;
}

static void add_app(struct lanes *l, uint32_t number)
{
    const struct moment_app *app = &l->d->moment->apps[number];
    uint32_t end = app->block.base + app->block.size;
    add_thing(l, THING_APP, number, app->flash);
    if (app->loaded && !is_shown(l->d->moment, number))
        add_thing(l, THING_APP, number, app->block);
    if (!app->loaded || !is_shown(l->d->moment, number))
        return;
    add_thing(l, THING_APP, number,
              (struct span){app->block.base, app->app_break - app->block.base});
    add_thing(l, THING_SLACK, number,
              (struct span){app->app_break, app->kernel_break - app->app_break});
    add_thing(l, THING_GRANTS, number, (struct span){app->kernel_break, end - app->kernel_break});
}

/* The storage may lie inside of it. */
static void add_kernel_flash(struct lanes *l)
{
    const struct span all = l->d->moment->kernel_flash, storage = l->d->moment->storage;
    add_thing(l, THING_STORAGE, 0, storage);
    if (!span_covers(all, storage)) {
        add_thing(l, THING_KERNEL, 0, all);
        return;
    }
    uint32_t end = storage.base + storage.size;
    add_thing(l, THING_KERNEL, 0, (struct span){all.base, storage.base - all.base});
    add_thing(l, THING_KERNEL, 0, (struct span){end, all.base + all.size - end});
}

static void find_things(struct lanes *l)
{
    const struct moment *m = l->d->moment;
    add_kernel_flash(l);
    add_thing(l, THING_KERNEL, 0, m->kernel_ram);
    add_thing(l, THING_PRIVATE, 0, REACH_PRIVATE_BUS);
    for (uint32_t i = 0; i < m->app_count; i++)
        add_app(l, i);
    for (uint32_t i = 0; i < m->device_count; i++)
        if (m->devices[i].alias_of == BOARD_NONE)
            add_thing(l, THING_DEVICE, i, m->devices[i].window);
}

/* What may vanish in a group. */
static bool is_dull(const struct moment *m, const struct thing *t)
{
    if (t->kind == THING_DEVICE)
        return m->devices[t->number].lent_to == PROCESS_NONE;
    return t->kind == THING_APP && !is_shown(m, t->number);
}

/* --- names ----------------------------------------------------------------------------------- */

enum { THING_TEXT_MAX = 96, CHOICES = 5 };

/* What a box says, the longest first. */
struct words {
    char text[CHOICES - 1][THING_TEXT_MAX];
    const char *choices[CHOICES];
};

__attribute__((format(printf, 3, 4))) static void say(struct words *w, int choice,
                                                      const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(w->text[choice], THING_TEXT_MAX, format, list);
    va_end(list);
    w->choices[choice] = w->text[choice];
    w->choices[choice + 1] = NULL;
}

static uint32_t aliases_of(const struct moment *m, uint32_t device)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->device_count; i++)
        count += m->devices[i].alias_of == device;
    return count;
}

/* Room for the warning sign is left before the name: it and the owner's letter matter more than the
 * name's end. */
static void name_device(const struct moment *m, uint32_t number, struct words *w)
{
    const struct moment_device *d = &m->devices[number];
    const char *mark = d->dma ? "   " : "";
    char owner[3] = {d->lent_to == PROCESS_NONE ? '\0' : moment_letter(d->lent_to), ' ', '\0'};
    uint32_t aliases = aliases_of(m, number);
    int next = 0;
    if (aliases)
        say(w, next++, "%s%s%s +%" PRIu32 " name%s", mark, owner, d->name, aliases,
            aliases == 1 ? "" : "s");
    say(w, next, "%s%s%s", mark, owner, d->name);
}

static void name_thing(const struct moment *m, const struct thing *t, struct words *w)
{
    char size[SIZE_TEXT_MAX];
    size_text(t->end - t->first, size);
    switch (t->kind) {
    case THING_KERNEL:
        say(w, 0, "kernel %s", size);
        say(w, 1, "kernel");
        break;
    case THING_STORAGE:
        say(w, 0, "kernel's storage %s", size);
        say(w, 1, "storage");
        break;
    case THING_APP:
        say(w, 0, "%c %s %s", moment_letter(t->number), m->apps[t->number].name, size);
        say(w, 1, "%c %s", moment_letter(t->number), m->apps[t->number].name);
        say(w, 2, "%c", moment_letter(t->number));
        break;
    case THING_SLACK:
        say(w, 0, "free %s", size);
        say(w, 1, "free");
        break;
    case THING_GRANTS:
        say(w, 0, "grants of %s %s", m->apps[t->number].name, size);
        say(w, 1, "grants %c", moment_letter(t->number));
        say(w, 2, "%c", moment_letter(t->number));
        break;
    case THING_DEVICE:
        name_device(m, t->number, w);
        break;
    case THING_PRIVATE:
        say(w, 0, "NVIC, SysTick, MPU: refused to every app by the bus, never lent");
        say(w, 1, "never lent");
        break;
    }
}

/* The app that reaches a device without having asked for it; NULL: none. */
static const struct moment_reach *intruder(const struct moment *m, uint32_t device)
{
    for (uint32_t i = 0; i < m->reach_count; i++)
        if (m->reach[i].shares[device].bytes &&
            m->reach[i].shares[device].reason >= REACH_DECLARED &&
            m->reach[i].process != m->devices[device].lent_to)
            return &m->reach[i];
    return NULL;
}

/* --- the axis -------------------------------------------------------------------------------- */

static void add_reach_edges(struct axis *axis, const struct moment *m, enum moment_lane lane)
{
    for (uint32_t i = 0; i < m->reach_count; i++) {
        const struct moment_reach *r = &m->reach[i];
        for (uint32_t j = 0; j < r->span_count; j++)
            if (moment_lane_of(m, r->spans[j].first) == lane)
                axis_range(axis, r->spans[j].first, r->spans[j].end);
        for (uint32_t j = 0; j < r->window_count; j++) {
            const struct span asked = r->windows[j].asked, granted = r->windows[j].granted;
            axis_range(axis, asked.base, (uint64_t)asked.base + asked.size);
            axis_range(axis, granted.base, (uint64_t)granted.base + granted.size);
        }
    }
}

static bool meets_reach(const struct moment *m, uint64_t first, uint64_t end)
{
    for (uint32_t i = 0; i < m->reach_count; i++)
        for (uint32_t j = 0; j < m->reach[i].span_count; j++)
            if (m->reach[i].spans[j].first < end && first < m->reach[i].spans[j].end)
                return true;
    return false;
}

/* Somebody looks at what is between these addresses. */
static bool is_looked_at(const struct drawing *d, uint64_t first, uint64_t end)
{
    const struct moment *m = d->moment;
    for (uint32_t i = 0; i < m->kept_faults; i++)
        if (m->faults[i].address >= first && m->faults[i].address < end)
            return true;
    return meets_reach(m, first, end) ||
           (d->view->other && meets_reach(d->view->other, first, end));
}

/* Reach where nothing is: the more of it, the wider, up to what its words want. */
static int bare_width(uint64_t size)
{
    int cells = 6;
    for (; size > 4096 && cells < 20; size /= 2)
        cells += 2;
    return cells;
}

/* What a stretch needs: its thing's shortest name but one, or the label of a piece of reach. Of a
 * device that nobody has, how many other names it has is said where there is room. */
static int wanted_width(const struct drawing *d, const struct lane *lane, const struct stretch *s)
{
    for (uint32_t i = 0; i < lane->count; i++) {
        const struct thing *t = &lane->things[i];
        struct words w = {.choices = {NULL}};
        if (s->first < t->first || s->first >= t->end)
            continue;
        if (s->first > t->first)
            return 4;
        name_thing(d->moment, t, &w);
        bool hatched = t->kind == THING_DEVICE && intruder(d->moment, t->number);
        bool shorter = t->kind != THING_DEVICE || is_dull(d->moment, t);
        int length = text_length(w.choices[shorter && w.choices[1] ? 1 : 0]) + 1;
        length += hatched; /* the name has a ground of its own */
        return length < 5 ? 5 : length > 14 ? 14 : length;
    }
    return is_looked_at(d, s->first, s->end) ? bare_width(s->end - s->first) : 3;
}

/* How many begin here; `*dull` stays true if all of them are, and whole. */
static uint32_t things_in(const struct lane *lane, const struct stretch *s, bool *dull,
                          const struct moment *m)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < lane->count; i++) {
        const struct thing *t = &lane->things[i];
        if (t->first >= s->end || t->end <= s->first)
            continue;
        *dull = *dull && is_dull(m, t) && s->first <= t->first && t->end <= s->end;
        count += t->first == s->first && (t->kind == THING_DEVICE || t->kind == THING_APP);
    }
    return count;
}

/* Gaps that somebody reaches are used. */
static void build_axis(struct lanes *l, struct lane *lane)
{
    const struct moment *m = l->d->moment;
    axis_start(&lane->axis);
    for (uint32_t i = 0; i < lane->count; i++)
        axis_range(&lane->axis, lane->things[i].first, lane->things[i].end);
    add_reach_edges(&lane->axis, m, lane->number);
    if (l->d->view->other)
        add_reach_edges(&lane->axis, l->d->view->other, lane->number);
    axis_cut(&lane->axis, &m->used[lane->number]);
    for (uint32_t i = 0; i < lane->axis.count; i++) {
        struct stretch *s = &lane->axis.at[i];
        bool dull = true;
        if (!s->used)
            continue;
        s->items = things_in(lane, s, &dull, m);
        s->plain = dull && !is_looked_at(l->d, s->first, s->end);
        s->cells = wanted_width(l->d, lane, s);
    }
}

/* --- rows ------------------------------------------------------------------------------------ */

/* KEEP_MAX: neighbours that stay apart from groups; NAMES_CELLS: a wider group says its names. */
enum { GROUP_CELLS = 12, KEEP_MAX = 4, NAMES_CELLS = 30 };

static int lane_cells(const struct lanes *l)
{
    return l->in.w / l->d->cell - GUTTER_CELLS - 1;
}

static int wanted_rows(const struct lanes *l, int rows[LANES])
{
    int sum = 0;
    for (int i = 0; i < LANE_PRIVATE; i++) {
        rows[i] = l->lane[i].axis.count ? axis_rows(&l->lane[i].axis, lane_cells(l)) : 0;
        sum += rows[i];
    }
    rows[LANE_PRIVATE] = 1;
    return sum;
}

/* One row less for whoever has the most. */
static void take_row(int rows[LANES])
{
    int most = 0;
    for (int i = 1; i < LANE_PRIVATE; i++)
        most = rows[i] > rows[most] ? i : most;
    rows[most]--;
}

static bool reaches_into(const struct moment *m, enum moment_lane lane)
{
    for (uint32_t i = 0; m && i < m->reach_count; i++) {
        const struct moment_reach *r = &m->reach[i];
        for (uint32_t j = 0; j < r->span_count; j++)
            if (moment_lane_of(m, r->spans[j].first) == lane)
                return true;
        for (uint32_t j = 0; j < r->window_count; j++)
            if (moment_lane_of(m, r->windows[j].asked.base) == lane ||
                moment_lane_of(m, r->windows[j].granted.base) == lane)
                return true;
    }
    return false;
}

static void set_heights(struct lanes *l)
{
    int c = l->d->cell;
    l->places = line_height(l->d);
    l->marks = c + c / 2;
    l->band = 2 * cell_height(c) + c;
    l->labels = cell_height(c);
    for (int i = 0; i < LANES; i++) {
        struct lane *lane = &l->lane[i];
        bool reached = reaches_into(l->d->moment, lane->number) ||
                       reaches_into(l->d->view->other, lane->number);
        lane->bands = reached ? (int)l->d->moment->reach_count : 0;
        lane->row_height = l->places + l->marks + lane->bands * (l->band + c / 2) + l->labels + c;
    }
    l->lane[LANE_PRIVATE].bands = 0;
    l->lane[LANE_PRIVATE].row_height = l->places + c / 2;
}

static int height_of(const struct lanes *l, const int rows[LANES])
{
    int height = 0;
    for (int i = 0; i < LANES; i++)
        height += rows[i] * l->lane[i].row_height;
    return height;
}

/* What is left makes bands higher, then lanes stand apart. */
static void spread(struct lanes *l, const int rows[LANES], int room)
{
    int c = l->d->cell, used = height_of(l, rows), bands = 0;
    int spare = room > used ? room - used : 0, y = l->in.y + c;
    for (int i = 0; i < LANES; i++)
        bands += rows[i] * l->lane[i].bands;
    int more = bands ? spare / bands : 0;
    more = more > 5 * c ? 5 * c : more;
    l->band += more;
    spare -= more * bands;
    int apart = spare / LANES > 6 * c ? 6 * c : spare / LANES;
    for (int i = 0; i < LANES; i++) {
        struct lane *lane = &l->lane[i];
        lane->row_height += more * lane->bands;
        lane->y = y;
        y += rows[i] * lane->row_height + apart;
    }
}

/* If it is too high, devices that nobody looks at become groups, then there are fewer rows. */
static void lay_out(struct lanes *l)
{
    int rows[LANES], c = l->d->cell, room = l->in.h - 2 * c;
    set_heights(l);
    for (int i = 0; i < LANES; i++)
        build_axis(l, &l->lane[i]);
    int wanted = wanted_rows(l, rows);
    for (uint32_t keep = KEEP_MAX + 1; height_of(l, rows) > room && keep > 0; keep--) {
        for (int i = 0; i < LANE_PRIVATE; i++) {
            build_axis(l, &l->lane[i]);
            axis_group(&l->lane[i].axis, GROUP_CELLS, keep - 1);
        }
        wanted = wanted_rows(l, rows);
    }
    for (; height_of(l, rows) > room && wanted > LANE_PRIVATE; wanted--)
        take_row(rows);
    spread(l, rows, room);
    for (int i = 0; i < LANES; i++)
        if (l->lane[i].axis.count == 1 && l->lane[i].axis.at[0].items > 1)
            l->lane[i].axis.at[0].cells = lane_cells(l); /* its names have room then */
    for (int i = 0; i < LANES; i++)
        axis_place(&l->lane[i].axis, l->in.x + GUTTER_CELLS * c, lane_cells(l) * c, c,
                   rows[i] ? rows[i] : 1);
}

/* --- what is there --------------------------------------------------------------------------- */

static struct place place_of(const struct lane *lane, const struct axis_run *run, int offset, int h)
{
    return (struct place){run->x, lane->y + run->row * lane->row_height + offset, run->w, h};
}

static enum role thing_role(const struct moment *m, const struct thing *t)
{
    switch (t->kind) {
    case THING_KERNEL:
    case THING_STORAGE:
    case THING_GRANTS:
        return ROLE_KERNEL;
    case THING_APP:
        return role_owner(t->number);
    case THING_DEVICE:
        return m->devices[t->number].lent_to != PROCESS_NONE
                   ? role_owner(m->devices[t->number].lent_to)
               : m->devices[t->number].kernels ? ROLE_KERNEL
                                               : ROLE_DEVICE;
    default:
        return ROLE_FREE;
    }
}

static enum role label_role(enum role ground)
{
    return ground >= ROLE_OWNER || ground == ROLE_KERNEL ? ROLE_INK : ROLE_TEXT;
}

static void all_aliases(const struct moment *m, uint32_t device, char text[160])
{
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < m->device_count && length < 120; i++)
        if (m->devices[i].alias_of == device)
            length +=
                (size_t)snprintf(text + length, 160 - length, "%s%s",
                                 length ? ", " : "; the same registers: ", m->devices[i].name);
}

static void tell_device(const struct drawing *d, uint32_t number)
{
    const struct moment *m = d->moment;
    const struct moment_device *device = &m->devices[number];
    const struct moment_reach *other = intruder(m, number);
    char aliases[160], line[32] = "", size[SIZE_TEXT_MAX];
    all_aliases(m, number, aliases);
    if (device->line != BOARD_NONE)
        snprintf(line, sizeof line, ", line %" PRIu32, device->line);
    picture_tell(d->p, (struct target){TARGET_DEVICE, number},
                 "%s at 0x%08" PRIX32 ", %s%s, %s%s%s%s%s%s%s", device->name, device->window.base,
                 size_text(device->window.size, size), line,
                 device->lent_to != PROCESS_NONE ? "lent to "
                 : device->kernels               ? "the kernel's own"
                                                 : "lent to nobody",
                 device->lent_to != PROCESS_NONE ? process_name(m, device->lent_to) : "",
                 other ? "; reached by " : "", other ? process_name(m, other->process) : "",
                 other ? ", which did not ask for it" : "",
                 device->dma ? "; a DMA master: moves memory past the MPU" : "", aliases);
}

static void tell_thing(const struct drawing *d, const struct thing *t)
{
    struct words w = {.choices = {NULL}};
    if (t->kind == THING_DEVICE) {
        tell_device(d, t->number);
        return;
    }
    name_thing(d->moment, t, &w);
    picture_tell(d->p, (struct target){TARGET_ADDRESS, t->first},
                 "%s: 0x%08" PRIX64 " to 0x%08" PRIX64, w.text[0], t->first, t->end - 1);
}

/* On the first cells of a device's name, which are blank; without a name in the middle. */
static void draw_dma(const struct drawing *d, struct place label, struct place box, enum role role)
{
    int size = d->cell * 2 - d->cell / 4;
    size = size < box.w ? size : box.w;
    struct place at = {label.x, label.y + (label.h - size) / 2, size, size};
    if (label.w == 0)
        at = (struct place){box.x + (box.w - size) / 2, box.y + (box.h - size) / 2, size, size};
    picture_mark(d->p, SHAPE_WARNING, at, role);
}

enum { NAME_AND_SIGN_CELLS = 6 }; /* less than that: the sign alone */

static void draw_name(const struct drawing *d, const struct thing *t, struct place box,
                      bool hatched)
{
    struct words w = {.choices = {NULL}};
    enum role role = hatched ? ROLE_TEXT : label_role(thing_role(d->moment, t));
    struct ink ink = ink_of(d, role, ALIGN_CENTER);
    bool marked = t->kind == THING_DEVICE && d->moment->devices[t->number].dma;
    struct place at = {0};
    name_thing(d->moment, t, &w);
    if (t->kind == THING_APP && box.w >= NAME_AND_SIGN_CELLS * d->cell)
        w.choices[2] = NULL; /* rather a name that is cut than its letter alone */
    if (!marked || box.w >= NAME_AND_SIGN_CELLS * d->cell) {
        at = hatched ? picture_plate(d->p, box, ink, ROLE_BACKGROUND, w.choices)
                     : picture_label_of(d->p, box, ink, w.choices);
        tell_thing(d, t);
    }
    if (hatched && at.w)
        at = (struct place){at.x + d->cell / 2, at.y, at.w - d->cell, at.h};
    if (marked) {
        draw_dma(d, at, box, role);
        tell_thing(d, t);
    }
}

static void draw_box(const struct lanes *l, const struct thing *t, struct place box)
{
    const struct drawing *d = l->d;
    const struct moment_reach *other =
        t->kind == THING_DEVICE ? intruder(d->moment, t->number) : NULL;
    enum role role = thing_role(d->moment, t);
    box.w -= box.w > 3; /* a pixel between neighbours */
    picture_fill(d->p, box, role);
    tell_thing(d, t);
    if (other && role == ROLE_DEVICE)
        picture_fill(d->p, box, role_tint(other->process));
    if (role == ROLE_FREE)
        picture_outline(d->p, box, ROLE_GRID, 1);
    if (other)
        picture_hatch(d->p, box, role_owner(other->process), stroke_of(d));
    draw_name(d, t, box, other != NULL);
    if (t->kind == THING_DEVICE)
        draw_selected(d, box, (struct target){TARGET_DEVICE, t->number});
}

static bool in_group(const struct axis *axis, const struct thing *t)
{
    for (uint32_t i = 0; i < axis->count; i++)
        if (axis->at[i].items > 1 && axis->at[i].first <= t->first && t->end <= axis->at[i].end)
            return true;
    return false;
}

static void draw_things(const struct lanes *l, const struct lane *lane)
{
    struct axis_run run;
    for (uint32_t i = 0; i < lane->count; i++) {
        const struct thing *t = &lane->things[i];
        if (in_group(&lane->axis, t))
            continue;
        for (uint32_t at = 0; axis_next(&lane->axis, &at, t->first, t->end, &run);)
            draw_box(l, t, place_of(lane, &run, 0, l->places));
    }
}

static void draw_groups(const struct lanes *l, const struct lane *lane)
{
    const char *what = lane->number == LANE_DEVICES ? "devices" : "apps";
    for (uint32_t i = 0; i < lane->axis.count; i++) {
        const struct stretch *s = &lane->axis.at[i];
        char names[600] = "", text[2][32], all[700];
        size_t length = 0;
        if (s->items < 2)
            continue;
        for (uint32_t j = 0; j < lane->count && length < 500; j++) {
            const struct thing *t = &lane->things[j];
            if (t->first >= s->first && t->end <= s->end)
                length +=
                    (size_t)snprintf(names + length, sizeof names - length, " %s",
                                     t->kind == THING_DEVICE ? l->d->moment->devices[t->number].name
                                                             : l->d->moment->apps[t->number].name);
        }
        snprintf(text[0], sizeof text[0], "%" PRIu32 " %s", s->items, what);
        snprintf(text[1], sizeof text[1], "%" PRIu32, s->items);
        const char *const choices[] = {text[0], text[1], NULL};
        struct axis_run run = {s->row, s->x, s->w - 1, true, true};
        struct place box = place_of(lane, &run, 0, l->places);
        picture_fill(l->d->p, box, ROLE_DEVICE);
        picture_tell(l->d->p, (struct target){TARGET_ADDRESS, s->first}, "%s:%s", text[0], names);
        snprintf(all, sizeof all, "%s:%s", text[0], names);
        if (box.w > NAMES_CELLS * l->d->cell)
            picture_label(l->d->p, box, ink_of(l->d, ROLE_TEXT, ALIGN_CENTER), all);
        else
            picture_label_of(l->d->p, box, ink_of(l->d, ROLE_TEXT, ALIGN_CENTER), choices);
    }
}

/* --- what is reached ------------------------------------------------------------------------- */

/* What a piece of reach says below its rights, the longest first. */
static void name_span(const struct moment_span *s, struct words *w)
{
    static const char *const long_words[REACH_REASONS] = {
        "its flash",  "its memory",    "past its break",
        "asked for",  "not asked for", "NOT ASKED FOR, undeclared",
        "NEVER GIVEN"};
    static const char *const short_words[REACH_REASONS] = {
        "", "", "past break", "asked", "not asked", "NOT ASKED", "NEVER GIVEN"};
    char size[SIZE_TEXT_MAX];
    const char *plus = s->reason >= REACH_DECLARED || s->reason == REACH_SLACK ? "+" : "";
    size_text(s->end - s->first, size);
    say(w, 0, "%s%s %s", plus, size, long_words[s->reason]);
    say(w, 1, "%s%s %s", plus, size, short_words[s->reason]);
    say(w, 2, "%s%s", plus, size);
    say(w, 3, "%s", ""); /* rather nothing than half a number */
}

static bool is_due(enum reach_reason reason)
{
    return reason == REACH_FLASH || reason == REACH_MEMORY || reason == REACH_ASKED;
}

/* Two lines: rights and region, size and reason. */
static void draw_span_words(const struct drawing *d, const struct moment_span *s, struct place box)
{
    struct words w = {.choices = {NULL}}, rights = {.choices = {NULL}};
    char text[4];
    bool due = is_due(s->reason);
    struct ink ink = ink_of(d, due ? ROLE_INK : ROLE_TEXT, ALIGN_CENTER);
    int high = cell_height(d->cell), gap = (box.h - 2 * high) / 3;
    int margin = due ? d->cell / 2 : d->cell / 4;
    struct place first = {box.x + margin, box.y + gap, box.w - 2 * margin, high};
    struct place second = {first.x, box.y + 2 * gap + high, first.w, high};
    name_span(s, &w);
    rights_text(s->rights, text);
    say(&rights, 0, "%s R%d", text, s->region);
    say(&rights, 1, "%s", text);
    if (due) {
        picture_label_of(d->p, first, ink, rights.choices);
        picture_label_of(d->p, second, ink, w.choices);
    } else {
        picture_plate(d->p, first, ink, ROLE_BACKGROUND, rights.choices);
        picture_plate(d->p, second, ink, ROLE_BACKGROUND, w.choices);
    }
}

static void tell_span(const struct drawing *d, const struct moment_reach *r,
                      const struct moment_span *s)
{
    char rights[4], size[SIZE_TEXT_MAX], where[96];
    moment_describe(d->moment, s->first, where, sizeof where);
    picture_tell(d->p, (struct target){TARGET_ADDRESS, s->first},
                 "0x%08" PRIX64 " to 0x%08" PRIX64
                 " (from %s on), %s: %s reaches it %s by region %d; "
                 "%s",
                 s->first, s->end - 1, where, size_text(s->end - s->first, size),
                 process_name(d->moment, r->process), rights_text(s->rights, rights), s->region,
                 reach_reasons[s->reason]);
}

static void draw_span(const struct drawing *d, const struct moment_reach *r,
                      const struct moment_span *s, struct place box)
{
    bool stray = s->reason == REACH_STRAY;
    if (is_due(s->reason)) {
        picture_fill(d->p, box, role_owner(r->process));
        tell_span(d, r, s);
    } else {
        picture_fill(d->p, box, role_tint(r->process));
        /* narrow lines and a thick edge, so that not the colour alone says it */
        picture_hatch(d->p, box, stray ? ROLE_FAULT : role_owner(r->process),
                      stray ? thin_of(d) : stroke_of(d) + 1);
        tell_span(d, r, s);
        picture_outline(d->p, box, stray ? ROLE_FAULT : role_owner(r->process),
                        stray ? stroke_of(d) + 1 : 1);
    }
    draw_span_words(d, s, box);
    draw_selected(d, box, (struct target){TARGET_ADDRESS, s->first});
}

/* True: that moment has the very same piece. */
static bool had_span(const struct moment *other, uint32_t process, const struct moment_span *s)
{
    for (uint32_t i = 0; i < other->reach_count; i++)
        for (uint32_t j = 0; other->reach[i].process == process && j < other->reach[i].span_count;
             j++) {
            const struct moment_span *o = &other->reach[i].spans[j];
            if (o->first == s->first && o->end == s->end && o->rights == s->rights &&
                o->reason == s->reason)
                return true;
        }
    return false;
}

static void draw_spans(const struct lanes *l, const struct lane *lane, const struct moment_reach *r,
                       int y)
{
    const struct drawing *d = l->d;
    struct axis_run run;
    for (uint32_t i = 0; i < r->span_count; i++) {
        const struct moment_span *s = &r->spans[i];
        bool is_new = d->view->other && !had_span(d->view->other, r->process, s);
        if (moment_lane_of(d->moment, s->first) != lane->number)
            continue;
        for (uint32_t at = 0; axis_next(&lane->axis, &at, s->first, s->end, &run);) {
            struct place box = place_of(lane, &run, y, l->band);
            draw_span(d, r, s, box);
            if (is_new)
                picture_mark(d->p, SHAPE_UP, (struct place){box.x, box.y, d->cell, d->cell},
                             ROLE_ASKED);
        }
    }
}

/* The words only where nothing is reached now: else they would stand over others. */
static void draw_gone_piece(const struct drawing *d, const struct moment_span *s, struct place box)
{
    static const char *const words[] = {"no longer", "gone", "", NULL};
    char size[SIZE_TEXT_MAX];
    picture_dashed(d->p, box, ROLE_ASKED, 1);
    picture_tell(d->p, (struct target){TARGET_ADDRESS, s->first}, "was reached before: %s, %s",
                 size_text(s->end - s->first, size), reach_reasons[s->reason]);
    box = (struct place){box.x + d->cell / 2, box.y, box.w - d->cell, box.h};
    if (!meets_reach(d->moment, s->first, s->end))
        picture_label_of(d->p, box, ink_of(d, ROLE_DIM, ALIGN_CENTER), words);
}

/* What the other moment reached, and this one does not. */
static void draw_gone(const struct lanes *l, const struct lane *lane, const struct moment_reach *r,
                      int y)
{
    const struct moment *other = l->d->view->other;
    struct axis_run run;
    for (uint32_t i = 0; other && i < other->reach_count; i++)
        for (uint32_t j = 0; j < other->reach[i].span_count; j++) {
            const struct moment_span *s = &other->reach[i].spans[j];
            if (other->reach[i].process != r->process ||
                moment_lane_of(l->d->moment, s->first) != lane->number ||
                had_span(l->d->moment, r->process, s))
                continue;
            for (uint32_t at = 0; axis_next(&lane->axis, &at, s->first, s->end, &run);) {
                draw_gone_piece(l->d, s, place_of(lane, &run, y, l->band));
            }
        }
}

/* What was lent and is not reached shows its tint; what was asked for has an outline. */
static void draw_windows(const struct lanes *l, const struct lane *lane,
                         const struct moment_reach *r, int y, bool asked)
{
    struct axis_run run;
    int line = stroke_of(l->d);
    for (uint32_t i = 0; i < r->window_count; i++) {
        struct span span = asked ? r->windows[i].asked : r->windows[i].granted;
        uint64_t end = (uint64_t)span.base + span.size;
        if (moment_lane_of(l->d->moment, span.base) != lane->number)
            continue;
        for (uint32_t at = 0; axis_next(&lane->axis, &at, span.base, end, &run);) {
            struct place box = place_of(lane, &run, y, l->band);
            if (!asked)
                picture_fill(l->d->p, box, role_tint(r->process));
            else
                picture_outline(l->d->p,
                                (struct place){box.x, box.y - line, box.w, box.h + 2 * line},
                                ROLE_ASKED, line);
        }
    }
}

static void draw_bands(const struct lanes *l, const struct lane *lane)
{
    int y = l->places + l->marks;
    for (uint32_t i = 0; i < l->d->moment->reach_count; i++) {
        const struct moment_reach *r = &l->d->moment->reach[i];
        draw_windows(l, lane, r, y, false);
        draw_spans(l, lane, r, y);
        draw_gone(l, lane, r, y);
        draw_windows(l, lane, r, y, true);
        y += l->band + l->d->cell / 2;
    }
}

/* --- marks and addresses --------------------------------------------------------------------- */

static void draw_mark(const struct lanes *l, const struct lane *lane, uint64_t address,
                      enum shape_kind kind, enum role role)
{
    struct axis_run run;
    int size = l->marks - l->d->cell / 4;
    if (!axis_find(&lane->axis, address, &run))
        return;
    struct place row = place_of(lane, &run, l->places, l->marks);
    int x = run.x - size / 2;
    picture_mark(l->d->p, kind, (struct place){x, row.y + (l->marks - size) / 2, size, size}, role);
}

static void draw_breaks(const struct lanes *l, const struct lane *lane)
{
    const struct moment *m = l->d->moment;
    for (uint32_t i = 0; i < m->reach_count && lane->number == LANE_RAM; i++) {
        const struct moment_app *app = &m->apps[m->reach[i].process];
        if (!app->loaded)
            continue;
        draw_mark(l, lane, app->app_break, SHAPE_DOWN, ROLE_TEXT);
        picture_tell(l->d->p, (struct target){TARGET_ADDRESS, app->app_break},
                     "%s's break: 0x%08" PRIX32 "; the kernel's: 0x%08" PRIX32, app->name,
                     app->app_break, app->kernel_break);
    }
}

static void draw_faults(const struct lanes *l, const struct lane *lane)
{
    static const char *const kinds[ACCESS_KINDS] = {"reading", "writing", "executing"};
    const struct moment *m = l->d->moment;
    char where[96], us[US_TEXT_MAX];
    for (uint32_t i = 0; i < m->kept_faults; i++) {
        const struct watch_fault *f = &m->faults[i];
        if (moment_lane_of(m, f->address) != lane->number)
            continue;
        uint32_t before = l->d->p->count;
        draw_mark(l, lane, f->address, SHAPE_CROSS, ROLE_FAULT);
        moment_describe(m, f->address, where, sizeof where);
        if (l->d->p->count > before)
            picture_tell(l->d->p, (struct target){TARGET_FAULT, i}, "fault of %s at %s us, %s %s",
                         process_name(m, f->process), us_text(f->at_ps, us),
                         kinds[f->kind % ACCESS_KINDS], where);
    }
}

/* Labels of a row fill up from both passes: edges of reach first. */
struct labels {
    uint32_t count;
    struct place taken[256];
};

static void draw_address(const struct lanes *l, struct labels *labels, struct place at,
                         uint64_t address)
{
    char text[16];
    int c = l->d->cell;
    snprintf(text, sizeof text, "%08" PRIX64, address);
    struct place box = {at.x, at.y, 8 * c + c, at.h};
    if (box.x + 8 * c > l->in.x + l->in.w - c / 2)
        box.x = l->in.x + l->in.w - c / 2 - 8 * c;
    for (uint32_t i = 0; i < labels->count; i++)
        if (place_meets(labels->taken[i], box))
            return;
    if (labels->count == sizeof labels->taken / sizeof labels->taken[0])
        return;
    labels->taken[labels->count++] = box;
    picture_label(l->d->p, box, ink_of(l->d, ROLE_DIM, ALIGN_LEFT), text);
}

static bool begins_reach(const struct moment *m, uint64_t address)
{
    for (uint32_t i = 0; i < m->reach_count; i++)
        for (uint32_t j = 0; j < m->reach[i].span_count; j++)
            if (m->reach[i].spans[j].first == address)
                return true;
    return false;
}

static void draw_addresses(const struct lanes *l, const struct lane *lane)
{
    struct labels labels = {.count = 0};
    int y = lane->row_height - l->labels - l->d->cell, c = l->d->cell;
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < lane->axis.count; i++) {
            const struct stretch *s = &lane->axis.at[i];
            struct axis_run run = {s->row, s->x, s->w, true, true};
            struct place at = place_of(lane, &run, y, l->labels);
            if (s->used && begins_reach(l->d->moment, s->first) == (pass == 0))
                draw_address(l, &labels, at, s->first);
        }
    for (uint32_t i = 0; i < lane->axis.count; i++) {
        const struct stretch *s = &lane->axis.at[i];
        struct axis_run run = {s->row, s->x, s->w, true, true};
        struct place at = place_of(lane, &run, 0, l->places);
        char size[SIZE_TEXT_MAX];
        int x = at.x + at.w / 2;
        if (s->used)
            continue;
        picture_line(l->d->p, x - c / 2, at.y + at.h, x, at.y, ROLE_DIM, 1);
        picture_tell(l->d->p, (struct target){TARGET_NONE, 0}, "%s with nothing in it",
                     size_text(s->end - s->first, size));
        picture_line(l->d->p, x, at.y + at.h, x + c / 2, at.y, ROLE_DIM, 1);
    }
}

/* --- the whole ------------------------------------------------------------------------------- */

static void draw_gutter(const struct lanes *l, const struct lane *lane)
{
    const struct drawing *d = l->d;
    int c = d->cell, w = (GUTTER_CELLS - 1) * c, y = lane->y + l->places + l->marks;
    struct place name = {l->in.x + c, lane->y, w, l->places};
    picture_label(d->p, name, ink_of(d, ROLE_TEXT, ALIGN_LEFT), lane_names[lane->number]);
    if (d->moment->reach_count && !lane->bands && lane->number != LANE_PRIVATE)
        picture_label(d->p, (struct place){name.x, lane->y + l->places, w, cell_height(c)},
                      ink_of(d, ROLE_DIM, ALIGN_LEFT), "no reach");
    for (int i = 0; i < lane->bands; i++) {
        struct place line = {l->in.x + c, y, w - c / 2, cell_height(c)};
        picture_label(d->p, line, ink_of(d, ROLE_DIM, ALIGN_LEFT), "reach of");
        line.y += cell_height(c) + c / 4;
        draw_app_name(d, line, d->moment->reach[i].process);
        y += l->band + c / 2;
    }
}

void draw_lanes(const struct drawing *d, struct place in)
{
    struct lanes *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    l->d = d;
    l->in = in;
    for (int i = 0; i < LANES; i++)
        l->lane[i].number = (enum moment_lane)i;
    find_things(l);
    lay_out(l);
    for (int i = 0; i < LANES; i++) {
        const struct lane *lane = &l->lane[i];
        int bottom = lane->y + lane->axis.rows * lane->row_height;
        if (!lane->axis.count || bottom > in.y + in.h)
            continue;
        draw_gutter(l, lane);
        draw_groups(l, lane);
        draw_things(l, lane);
        if (i == LANE_PRIVATE)
            continue;
        draw_bands(l, lane);
        draw_addresses(l, lane);
        draw_breaks(l, lane);
        draw_faults(l, lane);
    }
    free(l);
}
