/* picture_raster.c: see picture_raster.h. Compressing is stb_image_write's. */
#include "tools/view/picture_raster.h"

#include "tools/text.h"
#include <stb/stb_image_write.h>
#include <stdlib.h>
#include <string.h>

struct raster {
    const struct picture *p;
    struct font *font;
    uint8_t *pixels;
    uint8_t color[3]; /* of the shape at hand */
};

/* --- pixels and runs of them ----------------------------------------------------------------- */

static void put(const struct raster *r, int x, int y)
{
    if (x >= 0 && y >= 0 && x < r->p->width && y < r->p->height)
        memcpy(r->pixels + ((size_t)y * (size_t)r->p->width + (size_t)x) * 3, r->color, 3);
}

/* Cut at the picture's edges; the first row is a pattern for the others. */
static void put_box(const struct raster *r, struct place at)
{
    int left = at.x > 0 ? at.x : 0, top = at.y > 0 ? at.y : 0;
    int right = at.x + at.w < r->p->width ? at.x + at.w : r->p->width;
    int bottom = at.y + at.h < r->p->height ? at.y + at.h : r->p->height;
    if (left >= right || top >= bottom)
        return;
    size_t stride = (size_t)r->p->width * 3, size = (size_t)(right - left) * 3;
    uint8_t *first = r->pixels + (size_t)top * stride + (size_t)left * 3;
    for (size_t i = 0; i < size; i++)
        first[i] = r->color[i % 3];
    for (int y = top + 1; y < bottom; y++)
        memcpy(first + (size_t)(y - top) * stride, first, size);
}

/* A square of `size` pixels with (x, y) in its middle. */
static void put_dot(const struct raster *r, int x, int y, int size)
{
    put_box(r, (struct place){x - (size - 1) / 2, y - (size - 1) / 2, size, size});
}

/* Bresenham's. */
static void put_line(const struct raster *r, int x0, int y0, int x1, int y1, int size)
{
    int dx = abs(x1 - x0), dy = -abs(y1 - y0), error = dx + dy;
    int step_x = x0 < x1 ? 1 : -1, step_y = y0 < y1 ? 1 : -1;
    for (;;) {
        put_dot(r, x0, y0, size);
        if (x0 == x1 && y0 == y1)
            return;
        int twice = 2 * error;
        if (twice >= dy) {
            error += dy;
            x0 += step_x;
        }
        if (twice <= dx) {
            error += dx;
            y0 += step_y;
        }
    }
}

/* --- shapes ---------------------------------------------------------------------------------- */

static void draw_fill(const struct raster *r, const struct shape *s)
{
    put_box(r, s->place);
}

/* Lines from bottom left to top right, where an SVG pattern from (0, 0) has them, too. */
static void draw_hatch(const struct raster *r, const struct shape *s)
{
    int step = s->stroke * 4, width = s->stroke + s->stroke / 2;
    for (int y = s->place.y; y < s->place.y + s->place.h; y++)
        for (int x = s->place.x; x < s->place.x + s->place.w; x++)
            if ((x + y) % step < width)
                put(r, x, y);
}

/* One side, `length` long; dashes are 4 strokes long and 3 apart. */
static void draw_side(const struct raster *r, const struct shape *s, struct place side)
{
    int dash = s->kind == SHAPE_DASHED ? s->stroke * 4 : 1 << 30, step = dash + s->stroke * 3;
    for (int y = 0; y < side.h; y++)
        for (int x = 0; x < side.w; x++)
            if ((side.w > side.h ? x : y) % step < dash)
                put(r, side.x + x, side.y + y);
}

static void draw_edge(const struct raster *r, const struct shape *s)
{
    struct place at = s->place;
    draw_side(r, s, (struct place){at.x, at.y, at.w, s->stroke});
    draw_side(r, s, (struct place){at.x, at.y + at.h - s->stroke, at.w, s->stroke});
    draw_side(r, s, (struct place){at.x, at.y, s->stroke, at.h});
    draw_side(r, s, (struct place){at.x + at.w - s->stroke, at.y, s->stroke, at.h});
}

static void draw_line(const struct raster *r, const struct shape *s)
{
    put_line(r, s->place.x, s->place.y, s->place.x + s->place.w, s->place.y + s->place.h,
             s->stroke);
}

static void draw_cross(const struct raster *r, const struct shape *s)
{
    int right = s->place.x + s->place.w - 1, bottom = s->place.y + s->place.h - 1;
    put_line(r, s->place.x, s->place.y, right, bottom, s->stroke);
    put_line(r, right, s->place.y, s->place.x, bottom, s->stroke);
}

/* The hole of the warning sign: a stroke and a dot. */
static bool in_hole(const struct shape *s, int x, int y)
{
    int w = s->place.w, h = s->place.h, left = w / 2 - w / 16, third = h / 3;
    if (s->kind != SHAPE_WARNING || x < left || x > left + w / 8)
        return false;
    return (y >= third && y < 2 * third) || (y >= h - h / 5 && y <= h - h / 5 + h / 9);
}

static void draw_triangle(const struct raster *r, const struct shape *s)
{
    int w = s->place.w, h = s->place.h;
    for (int y = 0; y < h; y++) {
        int from_tip = s->kind == SHAPE_DOWN ? h - y : y + 1; /* rows from the tip, of h */
        int first = w * (h - from_tip) / (2 * h), last = w - first;
        for (int x = first; x < last; x++)
            if (!in_hole(s, x, y))
                put(r, s->place.x + x, s->place.y + y);
    }
}

/* --- text ------------------------------------------------------------------------------------ */

static void blend(const struct raster *r, int x, int y, uint8_t ink)
{
    if (ink == 0 || x < 0 || y < 0 || x >= r->p->width || y >= r->p->height)
        return;
    uint8_t *at = r->pixels + ((size_t)y * (size_t)r->p->width + (size_t)x) * 3;
    for (int i = 0; i < 3; i++)
        at[i] = (uint8_t)((at[i] * (255 - ink) + r->color[i] * ink + 127) / 255);
}

/* Cut to its cell. */
static void draw_glyph(const struct raster *r, const struct glyph *g, struct place cell)
{
    for (int y = 0; y < g->h; y++)
        for (int x = 0; x < g->w; x++)
            if (place_holds(cell, cell.x + g->x + x, cell.y + g->y + y))
                blend(r, cell.x + g->x + x, cell.y + g->y + y, g->grey[y * g->w + x]);
}

/* The code point of a well-formed character; U+FFFD of what is none. */
static uint32_t code_point(const unsigned char *at, size_t size)
{
    static const uint8_t first[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    if (size == 0)
        return 0xfffd;
    uint32_t point = at[0] & first[size];
    for (size_t i = 1; i < size; i++)
        point = point << 6 | (at[i] & 0x3fU);
    return point;
}

static void draw_text(const struct raster *r, const struct shape *s)
{
    const char *text = picture_string(r->p, s->text);
    struct place cell = {s->place.x, s->place.y, s->stroke, s->place.h};
    for (; *text; cell.x += s->stroke) {
        size_t size = character_size((const unsigned char *)text);
        struct glyph glyph =
            font_glyph(r->font, code_point((const unsigned char *)text, size), s->stroke);
        draw_glyph(r, &glyph, cell);
        text += size ? size : 1;
    }
}

static void (*const drawers[SHAPES])(const struct raster *r, const struct shape *s) = {
    [SHAPE_FILL] = draw_fill,        [SHAPE_OUTLINE] = draw_edge, [SHAPE_DASHED] = draw_edge,
    [SHAPE_HATCH] = draw_hatch,      [SHAPE_LINE] = draw_line,    [SHAPE_TEXT] = draw_text,
    [SHAPE_CROSS] = draw_cross,      [SHAPE_UP] = draw_triangle,  [SHAPE_DOWN] = draw_triangle,
    [SHAPE_WARNING] = draw_triangle,
};

void picture_raster(const struct picture *p, struct font *font, uint8_t *pixels)
{
    struct raster r = {.p = p, .font = font, .pixels = pixels};
    for (uint32_t i = 0; i < p->count; i++) {
        const struct shape *s = &p->shapes[i];
        uint32_t color = theme_color(p->theme, (enum role)s->role);
        r.color[0] = (uint8_t)(color >> 16);
        r.color[1] = (uint8_t)(color >> 8);
        r.color[2] = (uint8_t)color;
        drawers[s->kind](&r, s);
    }
}

/* --- PNG ------------------------------------------------------------------------------------- */

struct sink {
    FILE *to;
    bool good;
};

static void write_bytes(void *context, void *bytes, int size)
{
    struct sink *sink = context;
    sink->good = fwrite(bytes, 1, (size_t)size, sink->to) == (size_t)size && sink->good;
}

bool picture_png(const struct picture *p, struct font *font, FILE *to)
{
    struct sink sink = {to, true};
    uint8_t *pixels = malloc(raster_size(p));
    if (!pixels)
        abort();
    picture_raster(p, font, pixels);
    bool made = stbi_write_png_to_func(write_bytes, &sink, p->width, p->height, 3, pixels,
                                       p->width * 3) != 0;
    free(pixels);
    return made && sink.good;
}
