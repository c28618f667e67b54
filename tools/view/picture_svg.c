/* picture_svg.c: see picture_svg.h. */
#include "tools/view/picture_svg.h"

#include "tools/text.h"
#include <inttypes.h>
#include <string.h>

/* DejaVu Sans Mono is 1233 of 2048 units wide: its size in hundredths of a pixel for a cell. Where
 * its base line is, below the cell's top, in the same. */
enum { SIZE_OF_CELL = 166, BASE_OF_CELL = 158 };

/* What XML 1.0 allows of ASCII. */
static bool is_plain(unsigned char c)
{
    return c == '\t' || c == '\n' || c >= 0x20;
}

static void write_character(FILE *to, const char *at, size_t size)
{
    static const struct {
        char c;
        const char *text;
    } escapes[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"},
    };
    if (size == 0 || !is_plain((unsigned char)*at)) {
        fputs("\xef\xbf\xbd", to);
        return;
    }
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
        if (escapes[i].c == *at) {
            fputs(escapes[i].text, to);
            return;
        }
    fwrite(at, 1, size, to);
}

void xml_write_text(FILE *to, const char *text)
{
    while (*text) {
        size_t size = character_size((const unsigned char *)text);
        write_character(to, text, size);
        text += size ? size : 1;
    }
}

/* --- shapes ---------------------------------------------------------------------------------- */

/* How colours are said: as they are in the theme, or as classes of a page. */
struct pen {
    enum theme theme;
    bool classes;
};

/* ` fill="#rrggbb"` or ` class="f3"`; of strokes: stroke, s. */
static void write_color(const struct pen *pen, bool stroke, uint32_t role, FILE *to)
{
    if (pen->classes)
        fprintf(to, " class=\"%c%" PRIu32 "\"", stroke ? 's' : 'f', role);
    else
        fprintf(to, " %s=\"#%06" PRIx32 "\"", stroke ? "stroke" : "fill",
                theme_color(pen->theme, (enum role)role));
}

static void write_pattern(const struct pen *pen, uint32_t role, uint32_t stroke, FILE *to)
{
    uint32_t step = stroke * 4;
    fprintf(to,
            "<pattern id=\"h%" PRIu32 "-%" PRIu32 "\" width=\"%" PRIu32 "\" height=\"%" PRIu32
            "\" patternUnits=\"userSpaceOnUse\"><path d=\"M-1,1 L1,-1 M0,%" PRIu32 " L%" PRIu32
            ",0 M%" PRIu32 ",%" PRIu32 " L%" PRIu32 ",%" PRIu32 "\"",
            role, stroke, step, step, step, step, step - 1, step + 1, step + 1, step - 1);
    write_color(pen, true, role, to);
    fprintf(to, " stroke-width=\"%" PRIu32 "\"/></pattern>\n", stroke);
}

void picture_hatches_add(struct picture_hatches *hatches, const struct picture *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const struct shape *s = &p->shapes[i];
        if (s->kind != SHAPE_HATCH || hatches->used[s->role][s->stroke])
            continue;
        hatches->used[s->role][s->stroke] = true;
        hatches->roles[hatches->count] = s->role;
        hatches->strokes[hatches->count++] = s->stroke;
    }
}

static void write_patterns(const struct pen *pen, const struct picture_hatches *hatches, FILE *to)
{
    fputs("<defs>\n", to);
    for (uint32_t i = 0; i < hatches->count; i++)
        write_pattern(pen, hatches->roles[i], hatches->strokes[i], to);
    fputs("</defs>\n", to);
}

static void write_fill(const struct pen *pen, const struct shape *s, FILE *to)
{
    fprintf(to, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"", s->place.x, s->place.y,
            s->place.w, s->place.h);
    if (s->kind == SHAPE_HATCH)
        fprintf(to, " fill=\"url(#h%u-%u)\"", s->role, s->stroke);
    else
        write_color(pen, false, s->role, to);
}

/* A stroke lies on both sides of its line: half of it is moved inside. Hundredths. */
static void write_edge(const struct pen *pen, const struct shape *s, FILE *to)
{
    const char *half = s->stroke % 2 ? ".5" : "";
    int inset = s->stroke / 2;
    fprintf(to, "<rect x=\"%d%s\" y=\"%d%s\" width=\"%d\" height=\"%d\" fill=\"none\"",
            s->place.x + inset, half, s->place.y + inset, half, s->place.w - s->stroke,
            s->place.h - s->stroke);
    write_color(pen, true, s->role, to);
    fprintf(to, " stroke-width=\"%u\"", s->stroke);
    if (s->kind == SHAPE_DASHED)
        fprintf(to, " stroke-dasharray=\"%d,%d\"", s->stroke * 4, s->stroke * 3);
}

static void write_line(const struct pen *pen, const struct shape *s, FILE *to)
{
    const char *half = s->stroke % 2 ? ".5" : "";
    fprintf(to, "<line x1=\"%d%s\" y1=\"%d%s\" x2=\"%d%s\" y2=\"%d%s\"", s->place.x, half,
            s->place.y, half, s->place.x + s->place.w, half, s->place.y + s->place.h, half);
    write_color(pen, true, s->role, to);
    fprintf(to, " stroke-width=\"%u\"", s->stroke);
}

static void write_text(const struct pen *pen, const struct shape *s, FILE *to)
{
    int size = s->stroke * SIZE_OF_CELL, base = s->place.y * 100 + s->stroke * BASE_OF_CELL;
    fprintf(to, "<text x=\"%d\" y=\"%d\" font-size=\"%d.%02d\" textLength=\"%d\"", s->place.x,
            (base + 50) / 100, size / 100, size % 100, s->place.w);
    write_color(pen, false, s->role, to);
}

static void write_path(const struct pen *pen, const struct shape *s, FILE *to)
{
    int x = s->place.x, y = s->place.y, w = s->place.w, h = s->place.h, third = h / 3;
    if (s->kind == SHAPE_CROSS)
        fprintf(to, "<path d=\"M%d,%d l%d,%d m0,%d l%d,%d\"", x, y, w, h, -h, -w, h);
    else if (s->kind == SHAPE_DOWN)
        fprintf(to, "<path d=\"M%d,%d h%d l%d,%d z\"", x, y, w, -w / 2, h);
    else
        fprintf(to, "<path d=\"M%d,%d h%d l%d,%d z", x, y + h, w, -w / 2, -h);
    if (s->kind == SHAPE_WARNING) /* the hole: a stroke and a dot, the other way round */
        fprintf(to, " M%d,%d v%d h%d v%d z M%d,%d v%d h%d v%d z", x + w / 2 - w / 16, y + third,
                third, w / 8 + 1, -third, x + w / 2 - w / 16, y + h - h / 5, h / 9 + 1, w / 8 + 1,
                -(h / 9 + 1));
    if (s->kind == SHAPE_WARNING || s->kind == SHAPE_UP)
        fputs("\" fill-rule=\"evenodd\"", to);
    write_color(pen, s->kind == SHAPE_CROSS, s->role, to);
    if (s->kind == SHAPE_CROSS)
        fprintf(to, " stroke-width=\"%u\"", s->stroke);
}

static const struct {
    void (*write)(const struct pen *pen, const struct shape *s, FILE *to);
    const char *element;
} writers[SHAPES] = {
    [SHAPE_FILL] = {write_fill, "rect"},   [SHAPE_OUTLINE] = {write_edge, "rect"},
    [SHAPE_DASHED] = {write_edge, "rect"}, [SHAPE_HATCH] = {write_fill, "rect"},
    [SHAPE_LINE] = {write_line, "line"},   [SHAPE_TEXT] = {write_text, "text"},
    [SHAPE_CROSS] = {write_path, "path"},  [SHAPE_UP] = {write_path, "path"},
    [SHAPE_DOWN] = {write_path, "path"},   [SHAPE_WARNING] = {write_path, "path"},
};

static void write_shape(const struct pen *pen, const struct picture *p, const struct shape *s,
                        FILE *to)
{
    const char *text = s->kind == SHAPE_TEXT ? picture_string(p, s->text) : "";
    writers[s->kind].write(pen, s, to);
    if (!s->tip && !*text) {
        fputs("/>\n", to);
        return;
    }
    fputs(">", to);
    if (s->tip) {
        fputs("<title>", to);
        xml_write_text(to, picture_string(p, s->tip));
        fputs("</title>", to);
    }
    xml_write_text(to, text);
    fprintf(to, "</%s>\n", writers[s->kind].element);
}

#define FONTS "'DejaVu Sans Mono', 'Liberation Mono', monospace"

void picture_svg(const struct picture *p, FILE *to)
{
    const struct pen pen = {.theme = p->theme};
    struct picture_hatches hatches = {0};
    fprintf(to,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" xml:space=\"preserve\" font-family=\"" FONTS "\">\n",
            p->width, p->height, p->width, p->height);
    picture_hatches_add(&hatches, p);
    write_patterns(&pen, &hatches, to);
    for (uint32_t i = 0; i < p->count; i++)
        write_shape(&pen, p, &p->shapes[i], to);
    fputs("</svg>\n", to);
}

void picture_svg_inline(const struct picture *p, const char *label, FILE *to)
{
    const struct pen pen = {.classes = true};
    fprintf(to, "<svg role=\"img\" xml:space=\"preserve\" viewBox=\"0 0 %d %d\" aria-label=\"",
            p->width, p->height);
    xml_write_text(to, label);
    fputs("\">\n", to);
    for (uint32_t i = 0; i < p->count; i++)
        write_shape(&pen, p, &p->shapes[i], to);
    fputs("</svg>\n", to);
}

void picture_svg_hatches(const struct picture_hatches *hatches, FILE *to)
{
    fputs("<svg id=\"hatches\" width=\"0\" height=\"0\" aria-hidden=\"true\">\n", to);
    write_patterns(&(const struct pen){.classes = true}, hatches, to);
    fputs("</svg>\n", to);
}

void picture_style(enum theme theme, FILE *to)
{
    for (uint32_t role = 0; role < ROLES; role++)
        fprintf(to, "--c%" PRIu32 ":#%06" PRIx32 ";", role, theme_color(theme, (enum role)role));
}

void picture_classes(FILE *to)
{
    for (uint32_t role = 0; role < ROLES; role++)
        fprintf(to,
                ".f%" PRIu32 "{fill:var(--c%" PRIu32 ")}.s%" PRIu32 "{stroke:var(--c%" PRIu32
                ")}\n",
                role, role, role, role);
    fputs("figure svg text{font-family:" FONTS ";white-space:pre}\n", to);
}
