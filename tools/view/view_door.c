/* view_door.c: see view_door.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/view/view_door.h"

#include "tools/commands.h"
#include "tools/one_member.h"
#include "tools/text.h"
#include "tools/view/picture_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct view_options {
    struct option_number seed, at_ps;
    const char *app, *keys, *png, *svg, *size, *font, *with;
    uint32_t theme;
};

#define FIELD(field) offsetof(struct view_options, field)

static const char *const themes[] = {"dark", "light", NULL};

static const struct option_row rows[] = {
    {"--at", "US", "open at this time, not at the first break or grant", OPTION_TIME, FIELD(at_ps),
     0, 0, NULL},
    {"--app", "NAME", "show this app's reach, whoever runs", OPTION_TEXT, FIELD(app), 0, 0, NULL},
    {"--with", "SCENARIO", "a second run: what differs from it is marked", OPTION_TEXT, FIELD(with),
     0, 0, NULL},
    {"--keys", "KEYS", "play these keys first, such as \"n Right Right\"", OPTION_TEXT, FIELD(keys),
     0, 0, NULL},
    {"--png", "FILE", "no window: write what it would show; - is stdout", OPTION_TEXT, FIELD(png),
     0, 0, NULL},
    {"--svg", "FILE", "the same as SVG", OPTION_TEXT, FIELD(svg), 0, 0, NULL},
    {"--size", "WxH", "pixels (default 1280x800)", OPTION_TEXT, FIELD(size), 0, 0, NULL},
    {"--theme", "NAME", "dark, or light for print", OPTION_WORD, FIELD(theme), 0, 0, themes},
    {"--font", "FILE", "a monospace TrueType font; else $POSTERN_FONT, else a known one",
     OPTION_TEXT, FIELD(font), 0, 0, NULL},
    {"--seed", "N", "run with this seed, not with the scenario's own", OPTION_COUNT, FIELD(seed), 0,
     0, NULL},
};

static const struct usage usage = {
    .command = "view",
    .arguments = "SCENARIO",
    .about =
        "Opens a window on one run: who reaches what at a moment, and what happened around it.\n"
        "It opens at the first break of a rule, else at the first grant, else where the first app\n"
        "has the CPU. Press h for the keys.\n"
        "With --png, --svg or --keys there is no window: the keys are played, the picture is\n"
        "written. Where there is no display, use these.\n",
    .examples = "  postern view passthrough/lent_timer_reaches_its_app\n"
                "  postern view x.json --keys \"n Right Right\" --png x.png\n"
                "  postern view x.json --at 1083.8 --app owner --svg x.svg --theme light\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_min = 1,
    .argument_max = 1,
};

/* What is on its way to the viewer. */
struct door {
    const struct view_options *options;
    const struct scenario *scenario;
    view_window *window;
    int width, height;
};

/* --- files ----------------------------------------------------------------------------------- */

/* "lent_timer-1083.796.png" */
static void name_file(const struct viewer *viewer, const char *ending, char *name, size_t size)
{
    const char *id = viewer->replay->scenario->id, *slash = strrchr(id, '/');
    char us[US_TEXT_MAX];
    id = slash ? slash + 1 : id;
    snprintf(name, size, "%.*s-%s.%s", (int)strcspn(id, "#@"), id,
             us_text(viewer->moment->at_ps, us), ending);
}

static void print_map(const struct viewer *viewer)
{
    char us[US_TEXT_MAX], id[SCENARIO_ID_MAX], map[] = "map", at[] = "--at";
    snprintf(id, sizeof id, "%s", viewer->replay->scenario->id);
    us_text(viewer->moment->at_ps, us);
    char *line[] = {map, id, at, us, NULL};
    (void)cmd_map(4, line);
    fflush(stdout);
}

void view_grant(struct viewer *viewer, enum viewer_wish wish, const char *font)
{
    char name[SCENARIO_ID_MAX + US_TEXT_MAX + 8], why[PICTURE_WHY_MAX];
    bool png = wish == WISH_PNG;
    if (wish == WISH_NONE)
        return;
    const struct picture *picture = viewer_picture(viewer);
    if (wish == WISH_MAP_TEXT) {
        print_map(viewer);
        viewer_say(viewer, "the map is on stdout");
    } else if (png || wish == WISH_SVG) {
        name_file(viewer, png ? "png" : "svg", name, sizeof name);
        if (picture_write(picture, png ? PICTURE_PNG : PICTURE_SVG, name, font, why))
            viewer_say(viewer, "written: %.200s", name);
        else
            viewer_say(viewer, "%.240s", why);
    }
}

static bool write_file(struct viewer *viewer, enum picture_format format, const char *path,
                       const char *font)
{
    char why[PICTURE_WHY_MAX];
    if (!path || picture_write(viewer_picture(viewer), format, path, font, why))
        return true;
    fprintf(stderr, "postern view: error: %s\n", why);
    return false;
}

/* --- without a window ------------------------------------------------------------------------ */

static bool play_keys(struct viewer *viewer, const struct view_options *options)
{
    char key[VIEWER_KEY_MAX];
    const char *keys = options->keys ? options->keys : "";
    while (viewer_keys_next(&keys, key)) {
        if (!viewer_key(viewer, key)) {
            options_error(&usage, "--keys: no such key: %s (postern view --help, and h, say which)",
                          key);
            return false;
        }
        enum viewer_wish wish = viewer_take_wish(viewer);
        if (wish == WISH_QUIT)
            break;
        view_grant(viewer, wish, options->font);
    }
    return true;
}

static bool is_headless(const struct view_options *options)
{
    return options->png || options->svg;
}

static int show(const struct door *door, struct viewer *viewer)
{
    const struct view_options *options = door->options;
    if (!play_keys(viewer, options))
        return CODE_BAD_INPUT;
    if (!is_headless(options) && door->window)
        return door->window(viewer, options->font);
    bool written = write_file(viewer, PICTURE_PNG, options->png, options->font) &&
                   write_file(viewer, PICTURE_SVG, options->svg, options->font);
    return written ? CODE_HOLDS : CODE_BAD_INPUT;
}

/* --- opening --------------------------------------------------------------------------------- */

static bool pin_app(struct viewer *viewer, const char *name)
{
    if (!one_app(&usage, "--app", viewer->replay->scenario, name, &viewer->pinned))
        return false;
    viewer->follows = false;
    viewer->moved = viewer->stale = true;
    return true;
}

static int open_viewer(const struct door *door, const struct scenario *with)
{
    const struct view_options *options = door->options;
    struct result result;
    struct viewer *viewer = viewer_open(door->scenario, with, door->width, door->height,
                                        options->theme ? THEME_LIGHT : THEME_DARK, &result);
    if (!viewer) {
        fprintf(stderr, "%s: error: %s\n", door->scenario->path, result.trouble);
        return outcome_code(result.outcome);
    }
    if (options->at_ps.given)
        viewer_go_to_time(viewer, shown_time_ps(options->at_ps.value));
    int code = options->app && !pin_app(viewer, options->app) ? CODE_BAD_INPUT : show(door, viewer);
    viewer_free(viewer);
    return code;
}

static int view_two(const void *context, const struct scenario *with)
{
    return open_viewer(context, with);
}

static int view_one(const void *context, const struct scenario *scenario)
{
    struct door door = *(const struct door *)context;
    door.scenario = scenario;
    if (!door.options->with)
        return open_viewer(&door, NULL);
    char name[SUITE_PATH_MAX], *names[] = {name};
    const struct arguments second = {.count = 1, .at = names};
    snprintf(name, sizeof name, "%s", door.options->with);
    return one_member(&usage, &second, &door.options->seed, view_two, &door);
}

bool view_read_size(const struct usage *of, const char *text, int *width, int *height)
{
    char *end;
    long w = strtol(text, &end, 10);
    long h = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
    if (*end == '\0' && w >= VIEW_WIDTH_MIN && w <= VIEW_SIZE_MAX && h >= VIEW_HEIGHT_MIN &&
        h <= VIEW_SIZE_MAX) {
        *width = (int)w;
        *height = (int)h;
        return true;
    }
    options_error(of, "--size %s: want WIDTHxHEIGHT, such as 1280x800, %dx%d to %dx%d", text,
                  VIEW_WIDTH_MIN, VIEW_HEIGHT_MIN, VIEW_SIZE_MAX, VIEW_SIZE_MAX);
    return false;
}

static bool program_beside(const char *name, char *path, size_t size)
{
    char program[SUITE_PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    return snprintf(path, size, "%s/%s", slash ? program : ".", name) < (int)size;
}

/* The window is a program of its own, so that this one links no SDL and starts at once. */
static int start_window(char **argv)
{
    char path[SUITE_PATH_MAX + 16];
    if (program_beside("postern-view", path, sizeof path)) {
        fflush(NULL);
        execv(path, argv);
    }
    fprintf(stderr,
            "postern view: error: %s: %s\n"
            "It is the window, built where SDL2 is (libsdl2-dev; make view). Without it:\n"
            "  postern view SCENARIO --png x.png     the same picture as a file\n"
            "  postern map SCENARIO                  the map as text\n",
            path, strerror(errno));
    return CODE_BAD_INPUT;
}

int view_door(int argc, char **argv, view_window *window)
{
    struct view_options options = {0};
    struct arguments arguments;
    char **given = calloc((size_t)argc + 1, sizeof *given); /* parsing puts them in another order */
    if (!given)
        abort();
    memcpy(given, argv, (size_t)argc * sizeof *given);
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    struct door door = {&options, NULL, window, 1280, 800};
    int code = end == OPTIONS_HELP ? CODE_HOLDS : CODE_BAD_INPUT;
    if (end == OPTIONS_GO &&
        (!options.size || view_read_size(&usage, options.size, &door.width, &door.height)))
        code = !window && !is_headless(&options)
                   ? start_window(given)
                   : one_member(&usage, &arguments, &options.seed, view_one, &door);
    free(given);
    return code;
}
