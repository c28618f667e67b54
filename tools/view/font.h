/* font.h: a monospace TrueType font as glyphs of grey pixels, one a character of a cell.
 *
 * Which font: the one that is named, else $POSTERN_FONT, else the first that is there of DejaVu
 * Sans Mono and Liberation Mono at the places where Debian, Fedora, Arch, Alpine and macOS put
 * them. The size is the one at which the font's "M" is a cell wide; a wider character is cut.
 *
 * Glyphs are made when they are first asked for and kept, so a window may draw often.
 */
#ifndef TOOLS_VIEW_FONT_H
#define TOOLS_VIEW_FONT_H

#include <stddef.h>
#include <stdint.h>

struct font;

/* A character's pixels: 0 the ground, 255 the ink. Where they go, from the cell's top left. */
struct glyph {
    int x, y, w, h;
    const uint8_t *grey; /* w * h, row by row */
};

/* NULL: there is none, and `why` says which package has one, or what is wrong with `path`.
 * `path` NULL: the search above. */
enum { FONT_WHY_MAX = 400 };
struct font *font_open(const char *path, char why[FONT_WHY_MAX]);
void font_free(struct font *font);

/* `cell`: 1 to 127 pixels. Valid as long as the font. */
struct glyph font_glyph(struct font *font, uint32_t character, int cell);

#endif
