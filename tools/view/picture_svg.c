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

/* Of each role: a pattern for each width that is used. */
static void write_patterns(const struct picture *p, FILE *to)
{
    bool done[ROLES][128] = {{false}};
    fputs("<defs>\n", to);
    for (uint32_t i = 0; i < p->count; i++) {
        const struct shape *s = &p->shapes[i];
        int step = s->stroke * 4;
        if (s->kind != SHAPE_HATCH || done[s->role][s->stroke])
            continue;
        done[s->role][s->stroke] = true;
        fprintf(to,
                "<pattern id=\"h%u-%u\" width=\"%d\" height=\"%d\" patternUnits=\"userSpaceOnUse\">"
                "<path d=\"M-1,1 L1,-1 M0,%d L%d,0 M%d,%d L%d,%d\" stroke=\"#%06" PRIx32
                "\" stroke-width=\"%u\"/></pattern>\n",
                s->role, s->stroke, step, step, step, step, step - 1, step + 1, step + 1, step - 1,
                theme_color(p->theme, (enum role)s->role), s->stroke);
    }
    fputs("</defs>\n", to);
}

static void write_fill(const struct picture *p, const struct shape *s, FILE *to)
{
    fprintf(to, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"", s->place.x,
            s->place.y, s->place.w, s->place.h);
    if (s->kind == SHAPE_HATCH)
        fprintf(to, "url(#h%u-%u)", s->role, s->stroke);
    else
        fprintf(to, "#%06" PRIx32, theme_color(p->theme, (enum role)s->role));
    fputs("\"", to);
}

/* A stroke lies on both sides of its line: half of it is moved inside. Hundredths. */
static void write_edge(const struct picture *p, const struct shape *s, FILE *to)
{
    const char *half = s->stroke % 2 ? ".5" : "";
    int inset = s->stroke / 2;
    fprintf(to,
            "<rect x=\"%d%s\" y=\"%d%s\" width=\"%d\" height=\"%d\" fill=\"none\" "
            "stroke=\"#%06" PRIx32 "\" stroke-width=\"%u\"",
            s->place.x + inset, half, s->place.y + inset, half, s->place.w - s->stroke,
            s->place.h - s->stroke, theme_color(p->theme, (enum role)s->role), s->stroke);
    if (s->kind == SHAPE_DASHED)
        fprintf(to, " stroke-dasharray=\"%d,%d\"", s->stroke * 4, s->stroke * 3);
}

static void write_line(const struct picture *p, const struct shape *s, FILE *to)
{
    const char *half = s->stroke % 2 ? ".5" : "";
    fprintf(to,
            "<line x1=\"%d%s\" y1=\"%d%s\" x2=\"%d%s\" y2=\"%d%s\" stroke=\"#%06" PRIx32
            "\" stroke-width=\"%u\"",
            s->place.x, half, s->place.y, half, s->place.x + s->place.w, half,
            s->place.y + s->place.h, half, theme_color(p->theme, (enum role)s->role), s->stroke);
}

static void write_text(const struct picture *p, const struct shape *s, FILE *to)
{
    int size = s->stroke * SIZE_OF_CELL, base = s->place.y * 100 + s->stroke * BASE_OF_CELL;
    fprintf(to,
            "<text x=\"%d\" y=\"%d\" font-size=\"%d.%02d\" textLength=\"%d\" fill=\"#%06" PRIx32
            "\"",
            s->place.x, (base + 50) / 100, size / 100, size % 100, s->place.w,
            theme_color(p->theme, (enum role)s->role));
}

static void write_path(const struct picture *p, const struct shape *s, FILE *to)
{
    int x = s->place.x, y = s->place.y, w = s->place.w, h = s->place.h, third = h / 3;
    uint32_t color = theme_color(p->theme, (enum role)s->role);
    if (s->kind == SHAPE_CROSS)
        fprintf(to,
                "<path d=\"M%d,%d l%d,%d m0,%d l%d,%d\" stroke=\"#%06" PRIx32
                "\" stroke-width=\"%u\"",
                x, y, w, h, -h, -w, h, color, s->stroke);
    else if (s->kind == SHAPE_DOWN)
        fprintf(to, "<path d=\"M%d,%d h%d l%d,%d z\" fill=\"#%06" PRIx32 "\"", x, y, w, -w / 2, h,
                color);
    else
        fprintf(to, "<path d=\"M%d,%d h%d l%d,%d z", x, y + h, w, -w / 2, -h);
    if (s->kind == SHAPE_WARNING) /* the hole: a stroke and a dot, the other way round */
        fprintf(to, " M%d,%d v%d h%d v%d z M%d,%d v%d h%d v%d z", x + w / 2 - w / 16, y + third,
                third, w / 8 + 1, -third, x + w / 2 - w / 16, y + h - h / 5, h / 9 + 1, w / 8 + 1,
                -(h / 9 + 1));
    if (s->kind == SHAPE_WARNING || s->kind == SHAPE_UP)
        fprintf(to, "\" fill-rule=\"evenodd\" fill=\"#%06" PRIx32 "\"", color);
}

static const struct {
    void (*write)(const struct picture *p, const struct shape *s, FILE *to);
    const char *element;
} writers[SHAPES] = {
    [SHAPE_FILL] = {write_fill, "rect"},   [SHAPE_OUTLINE] = {write_edge, "rect"},
    [SHAPE_DASHED] = {write_edge, "rect"}, [SHAPE_HATCH] = {write_fill, "rect"},
    [SHAPE_LINE] = {write_line, "line"},   [SHAPE_TEXT] = {write_text, "text"},
    [SHAPE_CROSS] = {write_path, "path"},  [SHAPE_UP] = {write_path, "path"},
    [SHAPE_DOWN] = {write_path, "path"},   [SHAPE_WARNING] = {write_path, "path"},
};

void picture_svg(const struct picture *p, FILE *to)
{
    fprintf(to,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" xml:space=\"preserve\" font-family=\"'DejaVu Sans Mono', "
            "'Liberation Mono', monospace\">\n",
            p->width, p->height, p->width, p->height);
    write_patterns(p, to);
    for (uint32_t i = 0; i < p->count; i++) {
        const struct shape *s = &p->shapes[i];
        const char *text = s->kind == SHAPE_TEXT ? picture_string(p, s->text) : "";
        writers[s->kind].write(p, s, to);
        if (!s->tip && !*text) {
            fputs("/>\n", to);
            continue;
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
    fputs("</svg>\n", to);
}
