/* picture.h: a picture as a list of shapes: pure data that tests read and back ends draw.
 *
 *   whoever lays out --picture_fill, _label ...--> struct picture --> picture_svg (text, <title>s)
 *                                                                \--> picture_raster (pixels: PNG,
 *                                                                     and any window)
 *
 * Shapes are drawn in order, a later one over an earlier one. Pixels are whole and nothing is
 * transparent: so every back end draws the same, and what lies below a label is one colour.
 * A colour is a role (enum role); the picture's theme says what it looks like.
 *
 * Text is monospace. Its size is its cell: a character takes `cell` pixels across and twice as much
 * down, whatever the font. So a layout needs no font, and is the same everywhere. A character is
 * one code point (no combining ones, none of double width).
 *
 * Each shape may have a tooltip and a target: what a click on it means. Marks (cross, triangles,
 * warning sign) are shapes of their own, since fonts differ in what they have.
 *
 * Memory: two growing arrays, which the picture owns; picture_start on a used picture keeps them.
 * When there is none left, the program ends.
 */
#ifndef TOOLS_VIEW_PICTURE_H
#define TOOLS_VIEW_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum theme { THEME_DARK, THEME_LIGHT, THEMES }; /* LIGHT is for print */

enum { PICTURE_OWNERS = 5 };

/* What a colour stands for. Owners: orange, sky, green, purple, yellow (Okabe and Ito's palette for
 * colour-blind readers), in which labels are black; vermillion is for what is wrong alone. */
enum role {
    ROLE_BACKGROUND,
    ROLE_PANEL,
    ROLE_BAR,
    ROLE_GRID, /* thin lines; not for text */
    ROLE_TEXT,
    ROLE_DIM,    /* text of less weight */
    ROLE_ASKED,  /* outlines of what was asked for; what has changed, what is selected */
    ROLE_KERNEL, /* with labels in ROLE_INK */
    ROLE_DEVICE, /* a device, or memory, that nobody looked at reaches; labels in ROLE_TEXT */
    ROLE_FREE,   /* memory that nobody uses */
    ROLE_FAULT,  /* with labels in ROLE_INK */
    ROLE_INK,    /* black: labels on owners, kernel, fault */
    ROLE_OWNER,
    ROLE_TINT = ROLE_OWNER + PICTURE_OWNERS, /* the owner's colour, faint: ground of its hatches */
    ROLES = ROLE_TINT + PICTURE_OWNERS
};

/* Of owner 5 the colour is that of owner 0: letters tell them apart. */
static inline enum role role_owner(uint32_t owner)
{
    return (enum role)(ROLE_OWNER + owner % PICTURE_OWNERS);
}

static inline enum role role_tint(uint32_t owner)
{
    return (enum role)(ROLE_TINT + owner % PICTURE_OWNERS);
}

/* 0xrrggbb. */
uint32_t theme_color(enum theme theme, enum role role);
/* Contrast of two colours in hundredths, 100 to 2100; 450 and more can be read.
 * Source: WCAG 2.1, relative luminance and contrast ratio. */
uint32_t contrast_percent(uint32_t a, uint32_t b);

/* The rectangle of pixels [x, x + w) by [y, y + h). */
struct place {
    int x, y, w, h;
};

static inline bool place_holds(struct place p, int x, int y)
{
    return x >= p.x && x - p.x < p.w && y >= p.y && y - p.y < p.h;
}

static inline bool place_meets(struct place a, struct place b)
{
    return a.w > 0 && b.w > 0 && a.h > 0 && b.h > 0 && a.x < b.x + b.w && b.x < a.x + a.w &&
           a.y < b.y + b.h && b.y < a.y + a.h;
}

/* What a click means. `number`: an address, or an index into the moment's table of that kind. */
enum target_kind {
    TARGET_NONE,
    TARGET_ADDRESS,
    TARGET_DEVICE,
    TARGET_APP,
    TARGET_REGION, /* of the MPU: number | index of the reach << 8 */
    TARGET_FAULT,
    TARGET_BREAK, /* of a rule */
    TARGET_TIME,  /* picoseconds */
    TARGET_PANEL, /* the panel over all: help, or words about something */
};

struct target {
    enum target_kind kind;
    uint64_t number;
};

static inline bool target_equal(struct target a, struct target b)
{
    return a.kind == b.kind && a.number == b.number;
}

enum shape_kind {
    SHAPE_FILL,    /* the whole place */
    SHAPE_OUTLINE, /* its edge, `stroke` pixels wide, inside of the place */
    SHAPE_DASHED,  /* the same, dashed */
    SHAPE_HATCH,   /* diagonal lines, every `stroke` * 4 pixels; the ground shows between them */
    SHAPE_LINE,    /* from (x, y) to (x + w, y + h), `stroke` wide; w, h may be negative */
    SHAPE_TEXT,    /* at (x, y), the cell is `stroke` */
    SHAPE_CROSS,   /* marks fill their place: two diagonals `stroke` wide, */
    SHAPE_UP,      /* a filled triangle that points up, */
    SHAPE_DOWN,    /* or down, */
    SHAPE_WARNING, /* an upward triangle with a hole in the shape of a "!" */
    SHAPES
};

struct shape {
    struct place place; /* of text: what its characters cover */
    uint8_t kind;       /* enum shape_kind */
    uint8_t role;       /* enum role */
    uint8_t stroke;     /* pixels */
    uint32_t text;      /* TEXT: see picture_string */
    uint32_t tip;       /* tooltip; 0: none */
    struct target target;
};

struct picture {
    int width, height;
    enum theme theme;
    struct shape *shapes;
    uint32_t count, capacity;
    char *strings; /* ended strings, one behind the other; the first is "" */
    uint32_t string_size, string_capacity;
    bool skipped; /* what was to be drawn last was left out: it cannot have a tooltip */
};

/* An empty picture on a ground of ROLE_BACKGROUND. `p` is all zero, or was started before: then
 * what was in it is gone, and its memory is used again. */
void picture_start(struct picture *p, int width, int height, enum theme theme);
void picture_free(struct picture *p);

/* The text of a TEXT, or of a tooltip ("" where there is none). */
static inline const char *picture_string(const struct picture *p, uint32_t at)
{
    return p->strings + at;
}

/* A place with nothing in it draws nothing. */
void picture_fill(struct picture *p, struct place place, enum role role);
void picture_outline(struct picture *p, struct place place, enum role role, int stroke);
void picture_dashed(struct picture *p, struct place place, enum role role, int stroke);
void picture_hatch(struct picture *p, struct place place, enum role role, int stroke);
void picture_line(struct picture *p, int x0, int y0, int x1, int y1, enum role role, int stroke);
/* SHAPE_CROSS to SHAPE_WARNING. */
void picture_mark(struct picture *p, enum shape_kind kind, struct place place, enum role role);

/* --- text ------------------------------------------------------------------------------------ */

enum align { ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT };

/* What is written, how large, in what colour. */
struct ink {
    int cell; /* 1 to 127 */
    enum role role;
    enum align align;
};

static inline int cell_height(int cell)
{
    return 2 * cell;
}

/* Characters: code points. */
int text_length(const char *text);

/* Text inside `in`, in the middle of its height. If it does not fit it is cut and ends in "…";
 * where not even two characters fit, or it is too high, there is nothing. Returns what it covers
 * (w 0: nothing). */
struct place picture_label(struct picture *p, struct place in, struct ink ink, const char *text);

/* The first of `choices` (ends in NULL) that fits whole, else the last one cut. */
struct place picture_label_of(struct picture *p, struct place in, struct ink ink,
                              const char *const choices[]);

/* The same on a ground of its own, half a cell wider on each side: for labels over hatches. */
struct place picture_plate(struct picture *p, struct place in, struct ink ink, enum role ground,
                           const char *const choices[]);

/* --- tooltips and clicks --------------------------------------------------------------------- */

/* Gives the shape that was drawn last a tooltip and a target; none if it was left out, for want of
 * room. */
void picture_tell(struct picture *p, struct target target, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The topmost shape with a tooltip or target there; NULL: none. */
const struct shape *picture_at(const struct picture *p, int x, int y);

#endif
