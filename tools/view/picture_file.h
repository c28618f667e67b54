/* picture_file.h: a picture into a file, as SVG or PNG. */
#ifndef TOOLS_VIEW_PICTURE_FILE_H
#define TOOLS_VIEW_PICTURE_FILE_H

#include "tools/view/picture.h"

enum picture_format { PICTURE_SVG, PICTURE_PNG };
enum { PICTURE_WHY_MAX = 600 };

/* `path` "-": stdout. `font`: for PNG, see font.h; NULL: the usual search. False: `why` says in
 * words what is wrong; no file is left half written but one that cannot be. */
bool picture_write(const struct picture *p, enum picture_format format, const char *path,
                   const char *font, char why[PICTURE_WHY_MAX]);

#endif
