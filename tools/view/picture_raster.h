/* picture_raster.h: a picture as pixels, by our own few rules, and as a PNG file.
 *
 * The same picture and font give the same pixels wherever floats are IEEE singles. A window need
 * not draw by itself: it shows these pixels.
 */
#ifndef TOOLS_VIEW_PICTURE_RASTER_H
#define TOOLS_VIEW_PICTURE_RASTER_H

#include "tools/view/font.h"
#include "tools/view/picture.h"
#include <stdio.h>

/* Bytes of a picture's pixels. */
static inline size_t raster_size(const struct picture *p)
{
    return (size_t)p->width * (size_t)p->height * 3;
}

/* Red, green, blue, a byte each, row by row, top first: raster_size(p) bytes. */
void picture_raster(const struct picture *p, struct font *font, uint8_t *pixels);

/* False: it could not be written. */
bool picture_png(const struct picture *p, struct font *font, FILE *to);

#endif
