/* picture_file.c: see picture_file.h. */
#include "tools/view/picture_file.h"

#include "tools/view/picture_raster.h"
#include "tools/view/picture_svg.h"
#include <errno.h>
#include <string.h>

/* The font is opened first: without it there is no file. */
static bool write_to(const struct picture *p, struct font *font, const char *path,
                     char why[PICTURE_WHY_MAX])
{
    bool is_stdout = strcmp(path, "-") == 0, good = true;
    FILE *to = is_stdout ? stdout : fopen(path, "wb");
    if (to && font)
        good = picture_png(p, font, to);
    else if (to)
        picture_svg(p, to);
    good = to && good && fflush(to) == 0 && !ferror(to);
    if (!good)
        snprintf(why, PICTURE_WHY_MAX, "cannot write %s: %s", path, strerror(errno));
    if (to && !is_stdout && fclose(to) != 0 && good) {
        snprintf(why, PICTURE_WHY_MAX, "cannot write %s: %s", path, strerror(errno));
        good = false;
    }
    return good;
}

bool picture_write(const struct picture *p, enum picture_format format, const char *path,
                   const char *font, char why[PICTURE_WHY_MAX])
{
    struct font *opened = NULL;
    if (format == PICTURE_PNG) {
        char font_why[FONT_WHY_MAX];
        opened = font_open(font, font_why);
        if (!opened) {
            snprintf(why, PICTURE_WHY_MAX, "%s", font_why);
            return false;
        }
    }
    bool good = write_to(p, opened, path, why);
    font_free(opened);
    return good;
}
