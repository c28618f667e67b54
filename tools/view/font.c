/* font.c: see font.h. Rasterizing is stb_truetype's. */
#include "tools/view/font.h"

#include <errno.h>
#include <stb/stb_truetype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FONT_BYTES_MAX = 32 << 20, GLYPH_MAX = 4096 };

struct font {
    unsigned char *bytes;
    stbtt_fontinfo info;
    int advance, ascent, descent; /* in the font's units */
    uint32_t glyph_count;
    /* By hash of character and cell, else the next free place; emptied when nearly full. */
    struct kept {
        uint32_t character;
        int cell; /* 0: free */
        struct glyph glyph;
        unsigned char *pixels;
    } kept[GLYPH_MAX];
};

static const char *const places[] = {
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
    "/usr/share/fonts/dejavu-sans-mono-fonts/DejaVuSansMono.ttf",
    "/usr/share/fonts/TTF/DejaVuSansMono.ttf",
    "/usr/share/fonts/dejavu/DejaVuSansMono.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationMono-Regular.ttf",
    "/usr/share/fonts/liberation-mono/LiberationMono-Regular.ttf",
    "/usr/share/fonts/liberation/LiberationMono-Regular.ttf",
    "/Library/Fonts/DejaVuSansMono.ttf",
};

/* --- which ----------------------------------------------------------------------------------- */

/* The whole file; NULL: errno says why not. */
static unsigned char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    bool good = fseek(file, 0, SEEK_END) == 0;
    long end = good ? ftell(file) : -1;
    good = good && end > 0 && end < FONT_BYTES_MAX && fseek(file, 0, SEEK_SET) == 0;
    unsigned char *bytes = malloc(good ? (size_t)end : 1);
    if (!bytes)
        abort();
    good = good && fread(bytes, 1, (size_t)end, file) == (size_t)end;
    fclose(file);
    if (good)
        return bytes;
    free(bytes);
    errno = EINVAL;
    return NULL;
}

static bool read_metrics(struct font *font)
{
    int bearing, gap;
    int offset = stbtt_GetFontOffsetForIndex(font->bytes, 0);
    if (offset < 0 || !stbtt_InitFont(&font->info, font->bytes, offset))
        return false;
    stbtt_GetCodepointHMetrics(&font->info, 'M', &font->advance, &bearing);
    stbtt_GetFontVMetrics(&font->info, &font->ascent, &font->descent, &gap);
    return font->advance > 0 && font->ascent > font->descent;
}

static struct font *open_at(const char *path, char why[FONT_WHY_MAX])
{
    struct font *font = calloc(1, sizeof *font);
    if (!font)
        abort();
    errno = 0;
    font->bytes = read_file(path);
    if (font->bytes && read_metrics(font))
        return font;
    snprintf(why, FONT_WHY_MAX, "the font %s: %s", path,
             font->bytes || errno == EINVAL ? "is no TrueType font" : strerror(errno));
    font_free(font);
    return NULL;
}

struct font *font_open(const char *path, char why[FONT_WHY_MAX])
{
    const char *named = path ? path : getenv("POSTERN_FONT");
    if (named && *named)
        return open_at(named, why);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct font *font = open_at(places[i], why);
        if (font)
            return font;
    }
    snprintf(why, FONT_WHY_MAX,
             "no monospace font is installed: install the package fonts-dejavu-core, or name a "
             "TrueType file by --font or $POSTERN_FONT");
    return NULL;
}

static void forget_glyphs(struct font *font)
{
    for (uint32_t i = 0; i < GLYPH_MAX; i++)
        if (font->kept[i].cell)
            stbtt_FreeBitmap(font->kept[i].pixels, NULL);
    memset(font->kept, 0, sizeof font->kept);
    font->glyph_count = 0;
}

void font_free(struct font *font)
{
    if (!font)
        return;
    forget_glyphs(font);
    free(font->bytes);
    free(font);
}

/* --- glyphs ---------------------------------------------------------------------------------- */

static void make_glyph(struct font *font, struct kept *kept)
{
    struct glyph *g = &kept->glyph;
    int cell = kept->cell, height = font->ascent - font->descent;
    float scale = (float)cell / (float)font->advance;
    float top = ((float)(2 * cell) - (float)height * scale) / 2;
    int base = (int)(top + (float)font->ascent * scale + 0.5F);
    kept->pixels = stbtt_GetCodepointBitmap(&font->info, scale, scale, (int)kept->character, &g->w,
                                            &g->h, &g->x, &g->y);
    g->y += base;
    g->grey = kept->pixels;
}

struct glyph font_glyph(struct font *font, uint32_t character, int cell)
{
    if (font->glyph_count > GLYPH_MAX / 4 * 3)
        forget_glyphs(font);
    uint32_t at = (character * UINT32_C(2654435761) + (uint32_t)cell * 97) % GLYPH_MAX;
    while (font->kept[at].cell &&
           (font->kept[at].cell != cell || font->kept[at].character != character))
        at = (at + 1) % GLYPH_MAX;
    struct kept *kept = &font->kept[at];
    if (!kept->cell) {
        font->glyph_count++;
        kept->cell = cell;
        kept->character = character;
        make_glyph(font, kept);
    }
    return kept->glyph;
}
