/* picture.c: see picture.h. */
#include "tools/view/picture.h"

#include "tools/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- colours --------------------------------------------------------------------------------- */

static const uint32_t colors[THEMES][ROLE_TINT] = {
    [THEME_DARK] =
        {
            [ROLE_BACKGROUND] = 0x181a1f,
            [ROLE_PANEL] = 0x21242b,
            [ROLE_BAR] = 0x2c3038,
            [ROLE_GRID] = 0x555b66,
            [ROLE_TEXT] = 0xeceef2,
            [ROLE_DIM] = 0xa9afb9,
            [ROLE_ASKED] = 0xffffff,
            [ROLE_KERNEL] = 0x8c929c,
            [ROLE_DEVICE] = 0x343944,
            [ROLE_FREE] = 0x1f2228,
            [ROLE_FAULT] = 0xd55e00,
            [ROLE_INK] = 0x000000,
            [ROLE_OWNER] = 0xe69f00,
            [ROLE_OWNER + 1] = 0x56b4e9,
            [ROLE_OWNER + 2] = 0x009e73,
            [ROLE_OWNER + 3] = 0xcc79a7,
            [ROLE_OWNER + 4] = 0xf0e442,
        },
    [THEME_LIGHT] =
        {
            [ROLE_BACKGROUND] = 0xffffff,
            [ROLE_PANEL] = 0xf3f4f6,
            [ROLE_BAR] = 0xe3e5e9,
            [ROLE_GRID] = 0xb0b5be,
            [ROLE_TEXT] = 0x15171b,
            [ROLE_DIM] = 0x50565f,
            [ROLE_ASKED] = 0x000000,
            [ROLE_KERNEL] = 0xa4aab4,
            [ROLE_DEVICE] = 0xdcdfe5,
            [ROLE_FREE] = 0xfafafb,
            [ROLE_FAULT] = 0xd55e00,
            [ROLE_INK] = 0x000000,
            [ROLE_OWNER] = 0xe69f00,
            [ROLE_OWNER + 1] = 0x56b4e9,
            [ROLE_OWNER + 2] = 0x009e73,
            [ROLE_OWNER + 3] = 0xcc79a7,
            [ROLE_OWNER + 4] = 0xf0e442,
        },
};

/* `percent` of `a`, the rest of `b`. */
static uint32_t mixed(uint32_t a, uint32_t b, uint32_t percent)
{
    uint32_t mix = 0;
    for (unsigned shift = 0; shift < 24; shift += 8)
        mix |= ((a >> shift & 255) * percent + (b >> shift & 255) * (100 - percent)) / 100 << shift;
    return mix;
}

uint32_t theme_color(enum theme theme, enum role role)
{
    if (role < ROLE_TINT)
        return colors[theme][role];
    enum role owner = (enum role)(role - ROLE_TINT + ROLE_OWNER);
    return mixed(colors[theme][owner], colors[theme][ROLE_BACKGROUND], 28);
}

/* A channel of sRGB as light, by WCAG's formula; x^2.4 by hand, since the C library's pow may
 * differ in its last bit from machine to machine: (x^12)^(1/5), the root by Newton's steps. */
static double linear(uint32_t channel)
{
    double x = channel / 255.0;
    if (x <= 0.03928)
        return x / 12.92;
    x = (x + 0.055) / 1.055;
    double x4 = x * x * x * x, power = x4 * x4 * x4, root = 1;
    for (int i = 0; i < 60; i++)
        root -= (root - power / (root * root * root * root)) / 5;
    return root;
}

static double luminance(uint32_t color)
{
    return 0.2126 * linear(color >> 16 & 255) + 0.7152 * linear(color >> 8 & 255) +
           0.0722 * linear(color & 255);
}

uint32_t contrast_percent(uint32_t a, uint32_t b)
{
    double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
    return (uint32_t)(100 * (x > y ? x / y : y / x));
}

/* --- memory ---------------------------------------------------------------------------------- */

/* Room for `wanted` of `size` bytes each. */
static void *grown(void *array, uint32_t *capacity, uint32_t wanted, size_t size)
{
    if (wanted <= *capacity)
        return array;
    while (*capacity < wanted)
        *capacity = *capacity ? *capacity * 2 : 256;
    array = realloc(array, *capacity * size);
    if (!array)
        abort();
    return array;
}

static uint32_t add_string(struct picture *p, const char *text, size_t size)
{
    uint32_t at = p->string_size;
    p->strings = grown(p->strings, &p->string_capacity, at + (uint32_t)size + 1, 1);
    memcpy(p->strings + at, text, size);
    p->strings[at + size] = '\0';
    p->string_size = at + (uint32_t)size + 1;
    return at;
}

static struct shape *add(struct picture *p, enum shape_kind kind, struct place place,
                         enum role role, int stroke)
{
    p->shapes = grown(p->shapes, &p->capacity, p->count + 1, sizeof *p->shapes);
    struct shape *s = &p->shapes[p->count++];
    p->skipped = false;
    *s = (struct shape){.place = place,
                        .kind = (uint8_t)kind,
                        .role = (uint8_t)role,
                        .stroke = (uint8_t)(stroke < 1     ? 1
                                            : stroke > 127 ? 127
                                                           : stroke)};
    return s;
}

void picture_start(struct picture *p, int width, int height, enum theme theme)
{
    p->width = width;
    p->height = height;
    p->theme = theme;
    p->count = 0;
    p->string_size = 0;
    add_string(p, "", 0);
    picture_fill(p, (struct place){0, 0, width, height}, ROLE_BACKGROUND);
}

void picture_free(struct picture *p)
{
    free(p->shapes);
    free(p->strings);
    *p = (struct picture){0};
}

/* --- shapes ---------------------------------------------------------------------------------- */

static void add_in(struct picture *p, enum shape_kind kind, struct place place, enum role role,
                   int stroke)
{
    p->skipped = place.w <= 0 || place.h <= 0;
    if (!p->skipped)
        add(p, kind, place, role, stroke);
}

void picture_fill(struct picture *p, struct place place, enum role role)
{
    add_in(p, SHAPE_FILL, place, role, 1);
}

void picture_outline(struct picture *p, struct place place, enum role role, int stroke)
{
    add_in(p, SHAPE_OUTLINE, place, role, stroke);
}

void picture_dashed(struct picture *p, struct place place, enum role role, int stroke)
{
    add_in(p, SHAPE_DASHED, place, role, stroke);
}

void picture_hatch(struct picture *p, struct place place, enum role role, int stroke)
{
    add_in(p, SHAPE_HATCH, place, role, stroke);
}

void picture_line(struct picture *p, int x0, int y0, int x1, int y1, enum role role, int stroke)
{
    add(p, SHAPE_LINE, (struct place){x0, y0, x1 - x0, y1 - y0}, role, stroke);
}

void picture_mark(struct picture *p, enum shape_kind kind, struct place place, enum role role)
{
    add_in(p, kind, place, role, place.w / 5);
}

/* --- text ------------------------------------------------------------------------------------ */

/* Bytes of the first `characters` of `text`, or of all of it. A byte that begins no character
 * counts as one, as back ends draw it. */
static size_t text_bytes(const char *text, int characters)
{
    const char *at = text;
    for (int i = 0; i < characters && *at; i++) {
        size_t size = character_size((const unsigned char *)at);
        at += size ? size : 1;
    }
    return (size_t)(at - text);
}

int text_length(const char *text)
{
    int count = 0;
    while (*text) {
        text += text_bytes(text, 1);
        count++;
    }
    return count;
}

static int left_of(struct place in, int width, enum align align)
{
    int spare = in.w - width;
    return in.x + (align == ALIGN_LEFT ? 0 : align == ALIGN_CENTER ? spare / 2 : spare);
}

struct place picture_label(struct picture *p, struct place in, struct ink ink, const char *text)
{
    int room = in.w / ink.cell, length = text_length(text);
    bool whole = length <= room;
    p->skipped = true;
    if (in.h < cell_height(ink.cell) || length == 0 || (!whole && room < 2))
        return (struct place){in.x, in.y, 0, 0};
    int shown = whole ? length : room;
    size_t bytes = text_bytes(text, whole ? length : room - 1);
    struct place place = {left_of(in, shown * ink.cell, ink.align),
                          in.y + (in.h - cell_height(ink.cell)) / 2, shown * ink.cell,
                          cell_height(ink.cell)};
    uint32_t at = add_string(p, text, bytes);
    if (!whole) {
        p->string_size--; /* the "…" goes where the end is */
        add_string(p, "…", strlen("…"));
    }
    add(p, SHAPE_TEXT, place, ink.role, ink.cell)->text = at;
    return place;
}

static const char *choose(int room, const char *const choices[])
{
    const char *text = "";
    for (uint32_t i = 0; choices[i]; i++) {
        text = choices[i];
        if (text_length(text) <= room)
            return text;
    }
    return text;
}

struct place picture_label_of(struct picture *p, struct place in, struct ink ink,
                              const char *const choices[])
{
    return picture_label(p, in, ink, choose(in.w / ink.cell, choices));
}

struct place picture_plate(struct picture *p, struct place in, struct ink ink, enum role ground,
                           const char *const choices[])
{
    int margin = ink.cell / 2;
    struct place inner = {in.x + margin, in.y, in.w - 2 * margin, in.h};
    uint32_t before = p->count;
    /* The ground goes under the text, whose place only the text knows. */
    add(p, SHAPE_FILL, inner, ground, 1);
    struct place text = picture_label_of(p, inner, ink, choices);
    if (text.w == 0) {
        p->count = before;
        p->skipped = true;
        return text;
    }
    text = (struct place){text.x - margin, text.y, text.w + 2 * margin, text.h};
    p->shapes[before].place = text;
    return text;
}

/* --- tooltips and clicks --------------------------------------------------------------------- */

void picture_tell(struct picture *p, struct target target, const char *format, ...)
{
    char text[1024];
    va_list list;
    if (p->skipped)
        return;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    p->shapes[p->count - 1].target = target;
    p->shapes[p->count - 1].tip = *text ? add_string(p, text, strlen(text)) : 0;
}

const struct shape *picture_at(const struct picture *p, int x, int y)
{
    for (uint32_t i = p->count; i > 0; i--) {
        const struct shape *s = &p->shapes[i - 1];
        if ((s->tip || s->target.kind) && place_holds(s->place, x, y))
            return s;
    }
    return NULL;
}
