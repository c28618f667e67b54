/* viewer.c: see viewer.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/view/viewer.h"

#include "model/process.h"
#include "sim/json_text.h"
#include "tools/text.h"
#include "tools/view/why.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LENGTH_MIN_PS = 1000000,
    STRIP_PERCENT = 34,
    STRIP_MIN = 100,
    PLAY_TICKS = 300,
    SCALE_STEP = 25
};

#define OPENING_PS (2000 * (int64_t)PS_PER_US)
#define KINDS(kind) (UINT32_C(1) << (kind))

static void *need(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* --- what is shown --------------------------------------------------------------------------- */

void viewer_say(struct viewer *viewer, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(viewer->said, sizeof viewer->said, format, list);
    va_end(list);
    viewer->stale = true;
}

static uint32_t app_count(const struct viewer *viewer)
{
    return viewer->replay->scenario->app_count;
}

static struct moment_choice choice_of(const struct viewer *viewer)
{
    uint32_t shown = viewer->follows ? viewer->replay->watch->holder : viewer->pinned;
    struct moment_choice choice = {1, {shown, shown}};
    if (viewer->two && app_count(viewer) > 1) {
        choice.count = 2;
        choice.apps[0] = shown == PROCESS_NONE ? 0 : shown;
        choice.apps[1] = (choice.apps[0] + 1) % app_count(viewer);
    }
    return choice;
}

static void take_moment(struct moment_choice choice, struct replay *replay, struct moment *moment)
{
    moment_take(moment, replay->watch, choice);
    moment->step = replay->step;
    moment->steps = replay->step_count;
}

static bool same_choice(const struct moment_choice *a, const struct moment_choice *b)
{
    return a->count == b->count && a->apps[0] == b->apps[0] &&
           (a->count < 2 || a->apps[1] == b->apps[1]);
}

/* The marked moment, of the apps that are looked at now. */
static void take_marked_anew(struct viewer *viewer, struct moment_choice choice)
{
    uint64_t step = viewer->replay->step;
    if (same_choice(&choice, &viewer->marked_choice))
        return;
    replay_go(viewer->replay, viewer->marked_step);
    take_moment(choice, viewer->replay, viewer->marked);
    replay_go(viewer->replay, step);
    viewer->marked_choice = choice;
}

static const struct moment *compared_with(struct viewer *viewer)
{
    struct moment_choice choice = choice_of(viewer);
    if (!viewer->compares)
        return NULL;
    if (!viewer->other) {
        take_marked_anew(viewer, choice);
        return viewer->marked;
    }
    replay_go_to_time(viewer->other, viewer->moment->at_ps);
    take_moment(choice, viewer->other, viewer->other_moment);
    return viewer->other_moment;
}

const char *const viewer_keys[] = {
    "Left Right      a step back, on; with shift ten",
    "Home End        the first moment, the last one",
    "Space           play, stop",
    "[ ]             the last, the next switch to another app",
    "n N f           the next, the last, the first break of a rule",
    ", .             the last, the next grant, fault, injection or death",
    "Tab 1..9 a      next app; app 1 to 9; follow whose regions are loaded",
    "b               two apps side by side",
    "+ - 0           the time line: closer, wider, the whole run; also the wheel",
    "PageUp PageDown the time line: back, on; also by dragging it",
    "g               go to a time in us, or to an address",
    "/               find a device",
    "w               why is what is selected reached, or not: also of a break, a fault",
    "m c             mark this moment; compare with it, or with the second run",
    "e s t           a PNG, an SVG, the map as text",
    "l < >           dark or light; smaller, larger text",
    "h or ?          this help;  q or Escape: leave",
    "",
    "the mouse       points: what it is; a click selects; w says why",
    "the time line   v an interrupt   ^ an upcall   x a fault   ! a rule breaks",
    "                square: a window is granted; empty: taken back; hatched: refused",
    "                in a box: v an injection, x an app ends, or the kernel panics",
    NULL};

/* --- why ------------------------------------------------------------------------------------- */

/* What is selected, as an address, and for which app; the app stays if it is not said. */
static bool address_of(const struct viewer *viewer, struct target target, uint32_t *process,
                       uint32_t *address)
{
    const struct moment *m = viewer->moment;
    const struct moment_reach *reach;
    uint32_t whose = PROCESS_NONE;
    switch (target.kind) {
    case TARGET_ADDRESS:
        *address = (uint32_t)target.number;
        break;
    case TARGET_DEVICE:
        *address = m->devices[target.number].window.base;
        break;
    case TARGET_REGION:
        if (target.number >> 8 >= m->reach_count)
            return false;
        reach = &m->reach[target.number >> 8];
        *address = (uint32_t)reach->regions[target.number & 0xff].base;
        whose = reach->process;
        break;
    case TARGET_FAULT:
        if (target.number >= m->kept_faults)
            return false;
        *address = m->faults[target.number].address;
        whose = m->faults[target.number].process;
        break;
    case TARGET_BREAK:
        if (target.number >= m->kept_breaks)
            return false;
        *address = m->breaks[target.number].address;
        whose = m->breaks[target.number].process;
        break;
    default:
        return false;
    }
    *process = whose < app_count(viewer) ? whose : *process;
    return true;
}

/* What is selected; else the last break of a rule; else the last fault. False: nothing, and they
 * stay. */
static bool what_to_explain(const struct viewer *viewer, uint32_t *process, uint32_t *address)
{
    const struct moment *m = viewer->moment;
    struct target last = {TARGET_NONE, 0};
    uint32_t whose = choice_of(viewer).apps[0], where;
    if (m->kept_breaks)
        last = (struct target){TARGET_BREAK, m->kept_breaks - 1};
    else if (m->kept_faults)
        last = (struct target){TARGET_FAULT, m->kept_faults - 1};
    bool found = address_of(viewer, viewer->view.selected, &whose, &where) ||
                 address_of(viewer, last, &whose, &where);
    if (!found || whose >= app_count(viewer))
        return false;
    *process = whose;
    *address = where;
    return true;
}

static void split_lines(struct explained *explained)
{
    int count = 0;
    for (char *at = explained->text; *at && count < VIEWER_PANEL_MAX;) {
        size_t size = strcspn(at, "\n");
        bool ends = at[size] == '\n';
        explained->lines[count++] = at;
        at[size] = '\0';
        at += size + ends;
    }
    explained->lines[count] = NULL;
}

/* Lines of at most so many characters, cut at spaces; what goes on is indented. Empty ones are left
 * out: a panel hides what is below. */
static void write_wrapped(const char *text, int columns, FILE *out)
{
    enum { INDENT = 14 };
    for (const char *line = text; *line;) {
        int size = (int)strcspn(line, "\n"), indent = 0;
        while (size > 0) {
            int room = columns - indent, cut = size;
            if (cut > room)
                for (cut = room; cut > room / 2 && line[cut] != ' ';)
                    cut--;
            cut = cut == room / 2 && size > room ? room : cut; /* no space: anywhere */
            fprintf(out, "%*s%.*s\n", indent, "", cut, line);
            cut += cut < size && line[cut] == ' ';
            line += cut;
            size -= cut;
            indent = INDENT;
        }
        line += *line == '\n';
    }
}

static char *text_of(struct viewer *viewer, uint32_t process, uint32_t address, int columns)
{
    char *told = NULL, *text = NULL, us[US_TEXT_MAX];
    size_t size = 0;
    FILE *out = need(open_memstream(&told, &size));
    why_tell(viewer->replay, process, address, out);
    fprintf(out, "\npostern why '%s' --app %s --address 0x%08" PRIx32 " --at %s\n",
            viewer->replay->scenario->id, viewer->replay->scenario->apps[process].name, address,
            us_text(viewer->moment->at_ps, us));
    fclose(out);
    out = need(open_memstream(&text, &size));
    write_wrapped(need(told), columns, out);
    fclose(out);
    free(told);
    return need(text);
}

/* Asks again only if something else is asked: of a long run it takes a while. Where nothing is
 * selected any more, the panel stays with what it was about. */
static void explain(struct viewer *viewer)
{
    struct explained *e = &viewer->explained;
    uint32_t process = e->process, address = e->address;
    int columns = view_panel_columns(&viewer->view);
    if (!what_to_explain(viewer, &process, &address) && !e->text) {
        viewer->explains = false;
        viewer_say(viewer, "why what? click on a place, / finds a device, g 0x... an address");
        return;
    }
    if (e->text && e->step == viewer->replay->step && e->process == process &&
        e->address == address && e->columns == columns)
        return;
    free(e->text);
    e->text = text_of(viewer, process, address, columns);
    e->step = viewer->replay->step;
    e->process = process;
    e->address = address;
    e->columns = columns;
    split_lines(e);
}

/* --- the picture ----------------------------------------------------------------------------- */

static const char *status_of(const struct viewer *viewer, char text[VIEWER_TEXT_MAX])
{
    if (viewer->prompt) {
        snprintf(text, VIEWER_TEXT_MAX, "%s %s_   (Return: go, Escape: back)",
                 viewer->prompt == '/' ? "find the device" : "go to us, or 0x address",
                 viewer->typed);
        return text;
    }
    if (*viewer->tip)
        return viewer->tip;
    return *viewer->said ? viewer->said
                         : "Left Right step   [ ] switch   n break   Tab app   + - zoom   g go   "
                           "/ find   h help   q leave";
}

/* As high as its rows, but no more than its share, and than leaves the text its size. The text's
 * size follows from the height, and the height from the text's size: so from the same start each
 * time, twice. */
static void fit_strip(struct viewer *viewer)
{
    struct view *view = &viewer->view;
    int most = view->height * STRIP_PERCENT / 100, room = view->height - VIEW_LANES_MIN;
    if (room < most && room >= STRIP_MIN)
        most = room;
    view->strip_height = most;
    for (int i = 0; i < 2; i++) {
        int wanted = view_time_height(&viewer->window, view_layout(view).cell);
        view->strip_height = wanted < most ? wanted : most;
    }
}

const struct picture *viewer_picture(struct viewer *viewer)
{
    char status[VIEWER_TEXT_MAX];
    if (!viewer->stale)
        return &viewer->picture;
    if (viewer->moved)
        take_moment(choice_of(viewer), viewer->replay, viewer->moment);
    viewer->moved = false;
    if (viewer->explains)
        explain(viewer);
    viewer->view.status = status_of(viewer, status);
    viewer->view.other = compared_with(viewer);
    if (viewer->window.from_ps != viewer->from_ps || viewer->window.to_ps != viewer->to_ps)
        window_gather(viewer->replay, viewer->from_ps, viewer->to_ps, &viewer->window);
    fit_strip(viewer);
    struct view_layout at = view_layout(&viewer->view);
    view_map(viewer->moment, &viewer->view, &viewer->picture);
    const struct time_view time = {at.cell, viewer->moment->at_ps};
    view_time(&viewer->window, &time, at.strip, &viewer->picture);
    if (viewer->helps)
        view_panel(&viewer->view, viewer_keys, false, &viewer->picture);
    else if (viewer->explains)
        view_panel(&viewer->view, viewer->explained.lines, true, &viewer->picture);
    viewer->drawn++;
    viewer->stale = false;
    viewer->view.status = NULL; /* it stood on this function's stack */
    return &viewer->picture;
}

enum viewer_wish viewer_take_wish(struct viewer *viewer)
{
    enum viewer_wish wish = viewer->wish;
    viewer->wish = WISH_NONE;
    return wish;
}

/* --- the time line --------------------------------------------------------------------------- */

static uint64_t run_ps(const struct viewer *viewer)
{
    return viewer->replay->end_ps > LENGTH_MIN_PS ? viewer->replay->end_ps + 1 : LENGTH_MIN_PS;
}

/* `from_ps` may be before the run's start: it is moved. */
static void show_time(struct viewer *viewer, int64_t from_ps, uint64_t length_ps)
{
    uint64_t most_ps = run_ps(viewer);
    if (length_ps < LENGTH_MIN_PS)
        length_ps = LENGTH_MIN_PS;
    if (length_ps > most_ps)
        length_ps = most_ps;
    if (from_ps < 0)
        from_ps = 0;
    if ((uint64_t)from_ps + length_ps > most_ps)
        from_ps = (int64_t)(most_ps - length_ps);
    viewer->from_ps = (uint64_t)from_ps;
    viewer->to_ps = viewer->from_ps + length_ps;
    viewer->stale = true;
}

static uint64_t length_of(const struct viewer *viewer)
{
    return viewer->to_ps - viewer->from_ps;
}

/* Half or twice as much, and what was at `at_ps` stays where it was. */
static void zoom(struct viewer *viewer, uint64_t at_ps, bool closer)
{
    uint64_t length_ps = length_of(viewer), before_ps;
    if (at_ps < viewer->from_ps || at_ps > viewer->to_ps)
        at_ps = viewer->from_ps + length_ps / 2;
    before_ps = at_ps - viewer->from_ps;
    if (closer && length_ps / 2 < LENGTH_MIN_PS)
        return;
    show_time(viewer,
              (int64_t)(at_ps - (closer                  ? before_ps / 2
                                 : before_ps * 2 < at_ps ? before_ps * 2
                                                         : at_ps)),
              closer ? length_ps / 2 : length_ps * 2);
}

static void pan(struct viewer *viewer, int halves)
{
    show_time(viewer, (int64_t)viewer->from_ps + halves * (int64_t)(length_of(viewer) / 2),
              length_of(viewer));
}

/* The moment at hand is in sight. */
static void keep_in_sight(struct viewer *viewer)
{
    uint64_t at_ps = machine_now_ps(viewer->replay->run.hw.m);
    if (at_ps < viewer->from_ps || at_ps > viewer->to_ps)
        show_time(viewer, (int64_t)at_ps - (int64_t)(length_of(viewer) / 2), length_of(viewer));
}

/* --- moments --------------------------------------------------------------------------------- */

static void has_moved(struct viewer *viewer)
{
    viewer->moved = viewer->stale = true;
    viewer->said[0] = viewer->tip[0] = '\0';
    keep_in_sight(viewer);
}

void viewer_go(struct viewer *viewer, uint64_t step)
{
    replay_go(viewer->replay, step);
    has_moved(viewer);
}

void viewer_go_to_time(struct viewer *viewer, uint64_t at_ps)
{
    replay_go_to_time(viewer->replay, at_ps);
    has_moved(viewer);
}

static void step_by(struct viewer *viewer, int64_t steps)
{
    uint64_t step = viewer->replay->step;
    viewer_go(viewer, steps < 0 && (uint64_t)-steps > step ? 0 : step + (uint64_t)steps);
}

static void go_to_mark(struct viewer *viewer, const struct replay_mark *mark, const char *what)
{
    if (!mark) {
        viewer_say(viewer, "there is no %s", what);
        return;
    }
    viewer_go(viewer, mark->step);
    if (mark->kind == MARK_BREAK && viewer->follows && mark->process < app_count(viewer)) {
        viewer->follows = false; /* whose fault it is, is to be seen */
        viewer->pinned = mark->process;
    }
}

static void go_next(struct viewer *viewer, uint32_t kinds, const char *what)
{
    go_to_mark(viewer, replay_next(viewer->replay, viewer->replay->step, kinds), what);
}

static void go_previous(struct viewer *viewer, uint32_t kinds, const char *what)
{
    go_to_mark(viewer, replay_previous(viewer->replay, viewer->replay->step, kinds), what);
}

static void go_first_break(struct viewer *viewer)
{
    const struct replay_mark *mark = replay_next(viewer->replay, 0, KINDS(MARK_BREAK));
    go_to_mark(viewer, mark, "break of a rule");
}

void viewer_tick(struct viewer *viewer)
{
    uint64_t now_ps = machine_now_ps(viewer->replay->run.hw.m);
    if (!viewer->playing)
        return;
    viewer_go_to_time(viewer, now_ps + length_of(viewer) / PLAY_TICKS + 1);
    if (viewer->replay->step == viewer->replay->step_count)
        viewer->playing = false;
}

/* --- apps ------------------------------------------------------------------------------------ */

static void pin(struct viewer *viewer, uint32_t app)
{
    if (app >= app_count(viewer)) {
        viewer_say(viewer, "there is no app %" PRIu32, app + 1);
        return;
    }
    viewer->follows = false;
    viewer->pinned = app;
    viewer->moved = true;
    viewer_say(viewer, "pinned: app %s", viewer->replay->scenario->apps[app].name);
}

static void pin_next(struct viewer *viewer)
{
    uint32_t shown = viewer->follows ? viewer->replay->watch->holder : viewer->pinned;
    pin(viewer, shown == PROCESS_NONE ? 0 : (shown + 1) % app_count(viewer));
}

static void follow(struct viewer *viewer)
{
    viewer->follows = !viewer->follows;
    viewer->moved = true;
    viewer_say(viewer, viewer->follows ? "follows whose regions are loaded" : "stays with its app");
}

static void mark_moment(struct viewer *viewer)
{
    if (!viewer->marked)
        viewer->marked = need(malloc(sizeof *viewer->marked));
    viewer_picture(viewer);
    *viewer->marked = *viewer->moment;
    viewer->marked_step = viewer->replay->step;
    viewer->marked_choice = choice_of(viewer);
    viewer_say(viewer, "this moment is marked: c compares others with it");
}

static void compare(struct viewer *viewer)
{
    if (!viewer->other && !viewer->marked) {
        viewer_say(viewer, "nothing to compare with: mark a moment with m first");
        return;
    }
    viewer->compares = !viewer->compares;
    viewer_say(viewer, !viewer->compares ? "compares no more"
                       : viewer->other   ? "triangles: what differs in the second run"
                                         : "triangles: what differs from the marked moment");
}

/* --- prompts --------------------------------------------------------------------------------- */

static bool is_part_of(const char *part, const char *name)
{
    for (; *name; name++) {
        size_t i = 0;
        while (part[i] && toupper((unsigned char)part[i]) == toupper((unsigned char)name[i]))
            i++;
        if (!part[i])
            return true;
    }
    return false;
}

static void find_device(struct viewer *viewer)
{
    const struct board *board = &viewer->replay->scenario->board;
    char hint[96];
    struct nearest nearest = nearest_to(viewer->typed);
    for (uint32_t i = 0; i < board->device_count; i++) {
        nearest_offer(&nearest, board->devices[i].name);
        if (!is_part_of(viewer->typed, board->devices[i].name))
            continue;
        viewer->view.selected = (struct target){TARGET_DEVICE, i};
        viewer_say(viewer, "%s at 0x%08" PRIx32, board->devices[i].name,
                   board->devices[i].window.base);
        return;
    }
    viewer_say(viewer, "no such device: %s%s", viewer->typed,
               nearest_text(&nearest, hint, sizeof hint));
}

static void go_to_address(struct viewer *viewer)
{
    char *end, text[128];
    unsigned long long address = strtoull(viewer->typed, &end, 16);
    if (*end || address > UINT32_MAX) {
        viewer_say(viewer, "no address: %s", viewer->typed);
        return;
    }
    viewer_picture(viewer);
    moment_describe(viewer->moment, address, text, sizeof text);
    viewer->view.selected = (struct target){TARGET_ADDRESS, address};
    viewer_say(viewer, "0x%08llx: %s", address, text);
}

static void go_to_typed(struct viewer *viewer)
{
    char *end;
    double us = strtod(viewer->typed, &end);
    if (strncmp(viewer->typed, "0x", 2) == 0)
        go_to_address(viewer);
    else if (*end || end == viewer->typed || !(us >= 0 && us < 1e12))
        viewer_say(viewer, "no time in us, and no address: %s", viewer->typed);
    else
        viewer_go_to_time(viewer, shown_time_ps((uint64_t)(us * 1e6 + 0.5)));
}

/* What has no room whole is left out, so that no character is cut in half. */
static void type_in(struct viewer *viewer, const char *text)
{
    size_t length = strlen(viewer->typed);
    if (length + strlen(text) < sizeof viewer->typed)
        snprintf(viewer->typed + length, sizeof viewer->typed - length, "%s", text);
}

static void erase(char *typed)
{
    size_t length = strlen(typed);
    while (length > 0 && (typed[length - 1] & 0xc0) == 0x80)
        length--;
    typed[length ? length - 1 : 0] = '\0';
}

static bool moves(const char *key)
{
    static const char *const keys[] = {"Left", "Right",  "shift+Left", "shift+Right", "Home",
                                       "End",  "PageUp", "PageDown",   "Tab",         NULL};
    size_t i = 0;
    while (keys[i] && strcmp(keys[i], key) != 0)
        i++;
    return keys[i] != NULL;
}

static bool prompt_key(struct viewer *viewer, const char *key)
{
    char prompt = viewer->prompt;
    viewer->stale = true;
    if (strcmp(key, "Backspace") == 0) {
        erase(viewer->typed);
    } else if (strcmp(key, "Escape") == 0) {
        viewer->prompt = '\0';
    } else if (strcmp(key, "Return") == 0) {
        viewer->prompt = '\0';
        if (!*viewer->typed)
            return true;
        if (prompt == '/')
            find_device(viewer);
        else
            go_to_typed(viewer);
    } else if (!moves(key)) {
        type_in(viewer, strcmp(key, "Space") == 0 ? " " : key);
    }
    return true;
}

static void open_prompt(struct viewer *viewer, char prompt)
{
    viewer->prompt = prompt;
    viewer->typed[0] = viewer->tip[0] = '\0';
    viewer->stale = true;
}

/* --- keys ------------------------------------------------------------------------------------ */

static bool time_key(struct viewer *viewer, const char *key)
{
    uint64_t now_ps = machine_now_ps(viewer->replay->run.hw.m);
    if (strcmp(key, "+") == 0 || strcmp(key, "=") == 0)
        zoom(viewer, now_ps, true);
    else if (strcmp(key, "-") == 0)
        zoom(viewer, now_ps, false);
    else if (strcmp(key, "0") == 0)
        show_time(viewer, 0, run_ps(viewer));
    else if (strcmp(key, "PageUp") == 0)
        pan(viewer, -1);
    else if (strcmp(key, "PageDown") == 0)
        pan(viewer, 1);
    else
        return false;
    return true;
}

static bool step_key(struct viewer *viewer, const char *key)
{
    static const struct {
        const char *key;
        int64_t steps;
    } rows[] = {{"Left", -1}, {"Right", 1}, {"shift+Left", -10}, {"shift+Right", 10}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(key, rows[i].key) == 0) {
            step_by(viewer, rows[i].steps);
            return true;
        }
    }
    if (strcmp(key, "Home") == 0)
        viewer_go(viewer, 0);
    else if (strcmp(key, "End") == 0)
        viewer_go(viewer, viewer->replay->step_count);
    else
        return false;
    return true;
}

static bool wish_key(struct viewer *viewer, const char *key)
{
    static const struct {
        const char *key;
        enum viewer_wish wish;
    } rows[] = {{"q", WISH_QUIT},
                {"Escape", WISH_QUIT},
                {"e", WISH_PNG},
                {"s", WISH_SVG},
                {"t", WISH_MAP_TEXT}};
    if (strcmp(key, "Escape") == 0 && (viewer->helps || viewer->explains)) {
        viewer->helps = viewer->explains = false;
        viewer->stale = true;
        return true;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(key, rows[i].key) == 0) {
            viewer->wish = rows[i].wish;
            return true;
        }
    }
    return false;
}

static bool mark_key(struct viewer *viewer, char key)
{
    static const char what[] = "grant, fault, injection or death";
    const uint32_t events = KINDS(MARK_WINDOW) | KINDS(MARK_FAULT) | KINDS(MARK_END) |
                            KINDS(MARK_INJECTED) | KINDS(MARK_PANIC);
    switch (key) {
    case '[':
        go_previous(viewer, KINDS(MARK_SWITCH), "earlier switch");
        return true;
    case ']':
        go_next(viewer, KINDS(MARK_SWITCH), "later switch");
        return true;
    case 'n':
        go_next(viewer, KINDS(MARK_BREAK), "later break of a rule");
        return true;
    case 'N':
        go_previous(viewer, KINDS(MARK_BREAK), "earlier break of a rule");
        return true;
    case 'f':
        go_first_break(viewer);
        return true;
    case ',':
        go_previous(viewer, events, what);
        return true;
    case '.':
        go_next(viewer, events, what);
        return true;
    default:
        return false;
    }
}

/* The text that fits the window is the largest one, so to enlarge it may do nothing. */
static void scale_text(struct viewer *viewer, int by)
{
    struct view *view = &viewer->view;
    int was = view_layout(view).cell, scale = view->scale_percent ? view->scale_percent : 100;
    scale += by;
    if (scale < VIEW_SCALE_MIN || scale > VIEW_SCALE_MAX)
        return;
    view->scale_percent = scale;
    if (view_layout(view).cell == was) {
        view->scale_percent = scale - by;
        viewer_say(viewer, "no %s text has room here", by > 0 ? "larger" : "smaller");
    }
}

static bool letter_key(struct viewer *viewer, char key)
{
    viewer->stale = true;
    switch (key) {
    case 'a':
        follow(viewer);
        return true;
    case 'b':
        viewer->two = !viewer->two;
        viewer->moved = true;
        return true;
    case 'c':
        compare(viewer);
        return true;
    case 'm':
        mark_moment(viewer);
        return true;
    case 'g':
    case '/':
        open_prompt(viewer, key);
        return true;
    case 'h':
    case '?':
        viewer->helps = !viewer->helps;
        return true;
    case 'w':
        viewer->explains = !viewer->explains;
        free(viewer->explained.text);
        viewer->explained.text = NULL;
        viewer->helps = false;
        viewer->said[0] = viewer->tip[0] = '\0';
        viewer_picture(viewer); /* what it is about is settled now, not when somebody looks */
        return true;
    case '<':
        scale_text(viewer, -SCALE_STEP);
        return true;
    case '>':
        scale_text(viewer, SCALE_STEP);
        return true;
    case 'l':
        viewer->view.theme = viewer->view.theme == THEME_DARK ? THEME_LIGHT : THEME_DARK;
        return true;
    default:
        break;
    }
    if (key >= '1' && key <= '9') {
        pin(viewer, (uint32_t)(key - '1'));
        return true;
    }
    return mark_key(viewer, key);
}

bool viewer_key(struct viewer *viewer, const char *key)
{
    if (viewer->prompt)
        return prompt_key(viewer, key);
    if (strcmp(key, "Space") == 0) {
        viewer->playing = !viewer->playing;
        viewer->stale = true;
        return true;
    }
    if (strcmp(key, "Tab") == 0) {
        pin_next(viewer);
        return true;
    }
    return step_key(viewer, key) || time_key(viewer, key) || wish_key(viewer, key) ||
           (key[0] && !key[1] && letter_key(viewer, key[0]));
}

bool viewer_keys_next(const char **keys, char key[VIEWER_KEY_MAX])
{
    *keys += strspn(*keys, " ");
    size_t size = strcspn(*keys, " ");
    snprintf(key, VIEWER_KEY_MAX, "%.*s", (int)(size < VIEWER_KEY_MAX ? size : VIEWER_KEY_MAX - 1),
             *keys);
    *keys += size;
    return size > 0;
}

/* --- the mouse ------------------------------------------------------------------------------- */

static struct time_scale scale_of(const struct viewer *viewer)
{
    struct view_layout at = view_layout(&viewer->view);
    return time_scale_of(&viewer->window, at.strip, at.cell);
}

static bool is_in_strip(const struct viewer *viewer, int x, int y)
{
    struct time_scale scale = scale_of(viewer);
    return place_holds(view_layout(&viewer->view).strip, x, y) && x >= scale.x;
}

static void drag(struct viewer *viewer, int x)
{
    struct time_scale scale = scale_of(viewer);
    int64_t by_ps = (int64_t)length_of(viewer) / scale.w * (viewer->drag_x - x);
    show_time(viewer, (int64_t)viewer->drag_from_ps + by_ps, length_of(viewer));
}

void viewer_hover(struct viewer *viewer, int x, int y)
{
    const struct picture *picture = viewer_picture(viewer);
    const struct shape *shape = picture_at(picture, x, y);
    const char *tip = shape ? picture_string(picture, shape->tip) : "";
    if (viewer->drag_x >= 0 && viewer->drag_x != x) {
        drag(viewer, x);
        return;
    }
    if (strcmp(tip, viewer->tip) == 0)
        return;
    snprintf(viewer->tip, sizeof viewer->tip, "%s", tip);
    viewer->stale = true;
}

void viewer_press(struct viewer *viewer, int x, int y)
{
    viewer->drag_x = is_in_strip(viewer, x, y) ? x : -1;
    viewer->drag_from_ps = viewer->from_ps;
}

static void click(struct viewer *viewer, int x, int y)
{
    const struct picture *picture = viewer_picture(viewer);
    const struct shape *shape = picture_at(picture, x, y);
    struct target target = shape ? shape->target : (struct target){TARGET_NONE, 0};
    if (target.kind == TARGET_TIME && target.number != viewer->moment->at_ps) {
        viewer_go_to_time(viewer, target.number);
    } else if (target.kind == TARGET_PANEL) {
        viewer->helps = viewer->explains = false;
        viewer->stale = true;
    } else if (is_in_strip(viewer, x, y)) {
        viewer_go_to_time(viewer, time_from_x(scale_of(viewer), x));
    } else if (target.kind == TARGET_APP) {
        pin(viewer, (uint32_t)target.number);
    } else {
        viewer->view.selected = target;
        viewer_say(viewer, "%s", shape ? picture_string(picture, shape->tip) : "");
    }
}

void viewer_release(struct viewer *viewer, int x, int y)
{
    bool dragged = viewer->drag_x >= 0 && viewer->from_ps != viewer->drag_from_ps;
    viewer->drag_x = -1;
    if (!dragged)
        click(viewer, x, y);
}

void viewer_wheel(struct viewer *viewer, int x, int turns)
{
    for (; turns > 0; turns--)
        zoom(viewer, time_from_x(scale_of(viewer), x), true);
    for (; turns < 0; turns++)
        zoom(viewer, time_from_x(scale_of(viewer), x), false);
}

/* --- opening --------------------------------------------------------------------------------- */

void viewer_resize(struct viewer *viewer, int width, int height)
{
    viewer->view.width = width;
    viewer->view.height = height;
    viewer->stale = true;
}

/* All of a short run; of a longer one what is around the moment at hand. */
static void show_opening(struct viewer *viewer)
{
    uint64_t at_ps = machine_now_ps(viewer->replay->run.hw.m);
    show_time(viewer, 0, run_ps(viewer));
    if (run_ps(viewer) > 2 * OPENING_PS)
        show_time(viewer, (int64_t)at_ps - OPENING_PS / 2, OPENING_PS);
}

struct viewer *viewer_open(const struct scenario *scenario, const struct scenario *with, int width,
                           int height, enum theme theme, struct result *result)
{
    struct replay *replay = replay_make(scenario, result);
    if (!replay)
        return NULL;
    struct result second;
    struct replay *other = with ? replay_make(with, &second) : NULL;
    if (with && !other) {
        *result = second;
        replay_free(replay);
        return NULL;
    }
    struct viewer *viewer = need(calloc(1, sizeof *viewer));
    viewer->replay = replay;
    viewer->other = other;
    viewer->follows = true;
    viewer->drag_x = -1;
    viewer->view.theme = theme;
    viewer->moment = need(malloc(sizeof *viewer->moment));
    viewer->other_moment = need(malloc(sizeof *viewer->other_moment));
    viewer->compares = other != NULL;
    viewer_resize(viewer, width, height);
    viewer_go(viewer, replay_opening(replay));
    show_opening(viewer);
    return viewer;
}

void viewer_free(struct viewer *viewer)
{
    if (!viewer)
        return;
    replay_free(viewer->replay);
    replay_free(viewer->other);
    free(viewer->moment);
    free(viewer->marked);
    free(viewer->other_moment);
    free(viewer->explained.text);
    window_free(&viewer->window);
    picture_free(&viewer->picture);
    free(viewer);
}
