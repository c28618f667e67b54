/* viewer.h: the viewer without a window: what is shown, and what each key and click does to it.
 *
 *   scenario --viewer_open--> viewer --viewer_picture--> the map of the moment, the time line below
 *      keys, clicks, ticks -----^  \--viewer_take_wish--> what only the front door can do
 *
 * The window (window_sdl.c) and `postern view --keys` drive the same viewer, so a test needs no
 * display. Keys are words: see viewer_keys. In a prompt (after "/" or "g") single characters and
 * words that are no keys are typed.
 */
#ifndef TOOLS_VIEW_VIEWER_H
#define TOOLS_VIEW_VIEWER_H

#include "tools/view/view_map.h"
#include "tools/view/view_time.h"

enum { VIEWER_TEXT_MAX = 256, VIEWER_TICK_MS = 33, VIEWER_PANEL_MAX = 80, VIEWER_KEY_MAX = 64 };

enum viewer_wish { WISH_NONE, WISH_QUIT, WISH_PNG, WISH_SVG, WISH_MAP_TEXT };

struct viewer {
    struct replay *replay, *other; /* `other`: a second run, for comparison; NULL: none */
    struct view view;
    uint64_t from_ps, to_ps; /* of the time line */
    bool follows;            /* the app whose regions are loaded; else `pinned` */
    bool two;                /* and the next app beside it */
    uint32_t pinned;
    bool playing, helps;
    bool explains;         /* a panel says why what is selected is reached, or is not */
    bool compares;         /* with the other run, else with the marked moment */
    struct moment *moment; /* at hand */
    struct moment *marked; /* NULL: none was */
    uint64_t marked_step;
    struct moment_choice marked_choice; /* the apps that it was taken for */
    struct moment *other_moment;
    struct window window;
    struct picture picture;
    uint64_t drawn;    /* pictures so far: another number, another picture */
    bool moved, stale; /* the moment is to be taken anew; the picture to be drawn anew */
    char prompt;       /* '/' or 'g'; '\0': none */
    char typed[64];
    char said[VIEWER_TEXT_MAX]; /* the status line; "": the keys */
    char tip[VIEWER_TEXT_MAX];  /* of what lies under the mouse */
    int drag_x;                 /* -1: no drag */
    uint64_t drag_from_ps;
    enum viewer_wish wish;
    struct explained {
        uint64_t step;
        uint32_t process, address;
        int columns;
        char *text; /* NULL: nothing was asked yet */
        const char *lines[VIEWER_PANEL_MAX + 1];
    } explained; /* the panel's words, and what they are about */
};

/* Opens where replay_opening says. The scenarios stay where they are; `with` NULL: no second run.
 * NULL: `result` says why not. */
struct viewer *viewer_open(const struct scenario *scenario, const struct scenario *with, int width,
                           int height, enum theme theme, struct result *result);
void viewer_free(struct viewer *viewer);

void viewer_resize(struct viewer *viewer, int width, int height);

/* A key by its name: "Right", "shift+Right", "n", "/", ... False: it means nothing here. */
bool viewer_key(struct viewer *viewer, const char *key);
/* The next of a line of keys, with spaces between; false: there is none any more. */
bool viewer_keys_next(const char **keys, char key[VIEWER_KEY_MAX]);
/* What each key does, a line each, ends in NULL: the help. */
extern const char *const viewer_keys[];

/* The mouse is there; it went down, up; its wheel turned (up: more than 0). */
void viewer_hover(struct viewer *viewer, int x, int y);
void viewer_press(struct viewer *viewer, int x, int y);
void viewer_release(struct viewer *viewer, int x, int y);
void viewer_wheel(struct viewer *viewer, int x, int turns);
/* A frame's time has passed; nothing to do unless it is playing. */
void viewer_tick(struct viewer *viewer);

/* A step, or a time, to go to. */
void viewer_go(struct viewer *viewer, uint64_t step);
void viewer_go_to_time(struct viewer *viewer, uint64_t at_ps);

/* What is to be seen; valid until the viewer changes. */
const struct picture *viewer_picture(struct viewer *viewer);
/* What a key asked of the front door; asked once. */
enum viewer_wish viewer_take_wish(struct viewer *viewer);
/* What it answers, for the status line. */
void viewer_say(struct viewer *viewer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
