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

/* Text of an XML document: &, <, > and quotes are escaped, what is not UTF-8 and what XML 1.0 does
 * not allow becomes U+FFFD. */
void xml_write_text(FILE *to, const char *text);

#endif
