/* view_parts.h: the parts of view_map.c, and what they share. Not for others. */
#ifndef TOOLS_VIEW_VIEW_PARTS_H
#define TOOLS_VIEW_VIEW_PARTS_H

#include "tools/view/view_map.h"

/* What is drawn from, onto what, how large. */
struct drawing {
    const struct moment *moment;
    const struct view *view;
    struct picture *p;
    int cell;
};

static inline struct ink ink_of(const struct drawing *d, enum role role, enum align align)
{
    return (struct ink){d->cell, role, align};
}

/* Height of a line of text with some air. */
static inline int line_height(const struct drawing *d)
{
    return cell_height(d->cell) + d->cell / 2;
}

/* Width of a thick line. */
static inline int stroke_of(const struct drawing *d)
{
    return d->cell >= 8 ? d->cell / 4 : 1;
}

/* Of a thin one: a pixel, more where the text is large. */
static inline int thin_of(const struct drawing *d)
{
    return d->cell >= 16 ? d->cell / 8 : 1;
}

/* A box with the app's letter and colour, then its name; returns the pixels that it takes. */
int draw_app_name(const struct drawing *d, struct place in, uint32_t process);

/* The app's name, "the kernel", "nobody". */
const char *process_name(const struct moment *moment, uint32_t process);

/* An outline if this is what is selected. */
void draw_selected(const struct drawing *d, struct place at, struct target target);

/* The lanes, and the table beside them. */
void draw_lanes(const struct drawing *d, struct place in);
void draw_table(const struct drawing *d, struct place in);

#endif
