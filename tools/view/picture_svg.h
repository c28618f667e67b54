/* picture_svg.h: a picture as SVG 1.1 text, the same for the same picture on every machine.
 *
 * Tooltips are <title> elements, hatches are patterns, only those that are used. A text says its
 * length in pixels (textLength), so that a reader's font of another width moves nothing.
 */
#ifndef TOOLS_VIEW_PICTURE_SVG_H
#define TOOLS_VIEW_PICTURE_SVG_H

#include "tools/view/picture.h"
#include <stdio.h>

void picture_svg(const struct picture *p, FILE *to);

/* --- inside of an HTML page ------------------------------------------------------------------
 *
 *   <style>  :root{ picture_style(theme) }  picture_classes  </style>   colours, for any theme
 *   picture_svg_hatches: once, of all pictures
 *   picture_svg_inline: each picture, without colours of its own: its classes f3 (filled with role
 *   3) and s3 (drawn in it) get them
 */

enum { PICTURE_STROKES = 256 };

/* Which hatches pictures use, in the order of their first use. Begins as zeros. */
struct picture_hatches {
    uint32_t count;
    uint8_t roles[ROLES * PICTURE_STROKES], strokes[ROLES * PICTURE_STROKES];
    bool used[ROLES][PICTURE_STROKES];
};

void picture_hatches_add(struct picture_hatches *hatches, const struct picture *p);
void picture_svg_hatches(const struct picture_hatches *hatches, FILE *to);
/* `label`: what a screen reader says of it. */
void picture_svg_inline(const struct picture *p, const char *label, FILE *to);
/* "--c0:#181a1f;...": the theme's colours by role, as variables. */
void picture_style(enum theme theme, FILE *to);
void picture_classes(FILE *to);

/* Text of an XML document: &, <, > and quotes are escaped, what is not UTF-8 and what XML 1.0 does
 * not allow becomes U+FFFD. */
void xml_write_text(FILE *to, const char *text);

#endif
