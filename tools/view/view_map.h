/* view_map.h: a moment as a picture of the memory map.
 *
 *   + scenario   A ble   t = 133.000 us   rules broken 0   faults 1                              +
 *   | flash       |kernel|A ble|                              | MPU regions of A ble, their bits |
 *   |  reach of A |######|                                    | beyond what it asked for         |
 *   | RAM         |kernel|A ble |grants|                      | requests, answers                |
 *   |  reach of A        |######|                             | rules broken, faults             |
 *   | devices     STIMER //UART0 // IOM0 IOM1 .. BLE          | apps                             |
 *   |  reach of A                 ////////////[####]////////  |                                  |
 *   | private bus |never reached|                             |                                  |
 *   + last event                                                                                 +
 *   + legend                                                                                     +
 *   + the strip: left free for whoever has a time line (view.strip_height)                       +
 *   + status line                                                                                +
 *
 * In a lane the upper boxes are what is there, in its owner's colour, and the band below is what
 * the app reaches. In the band, an outline is what it asked for, solid is what it is due (its
 * memory, and what it asked for and got), and hatched is what it reaches and did not ask for, with
 * its bytes; hatched in vermillion is what was never given to it. Addresses are on a broken axis
 * (view_axis.h).
 *
 * Pure: the same moment and view give the same picture. Labels never leave their boxes and never
 * overlap; what does not fit is cut ("…") or left out, and is in the tooltip: at last whole lanes,
 * if the strip takes most of the height. Sizes go from
 * VIEW_WIDTH_MIN by VIEW_HEIGHT_MIN to VIEW_SIZE_MAX in both directions.
 */
#ifndef TOOLS_VIEW_VIEW_MAP_H
#define TOOLS_VIEW_VIEW_MAP_H

#include "tools/view/moment.h"
#include "tools/view/picture.h"

enum {
    VIEW_WIDTH_MIN = 640,
    VIEW_HEIGHT_MIN = 480,
    VIEW_SIZE_MAX = 8192,
    VIEW_SCALE_MIN = 50,
    VIEW_SCALE_MAX = 400,
    VIEW_LANES_MIN = 6 * 72, /* height without the strip at which the text is 6 by 12 pixels */
};

struct view {
    int width, height; /* pixels */
    int scale_percent; /* of the text that fits the size by itself; 0: 100 */
    enum theme theme;
    int strip_height;           /* pixels to leave free above the status line */
    struct target selected;     /* is outlined where it is shown */
    const char *status;         /* status line; NULL: the size of what is shown */
    const struct moment *other; /* what differs from it is marked with a triangle; NULL: none */
};

/* Where things are. `cell`: the text's size (picture.h). */
struct view_layout {
    int cell;
    struct place title, lanes, table, event, legend, strip, status;
};
struct view_layout view_layout(const struct view *view);

/* Starts the picture and draws all but what belongs into the strip, whose ground is drawn. */
void view_map(const struct moment *moment, const struct view *view, struct picture *picture);

/* A panel of lines (ends in NULL) over what was drawn: in the middle, or above the status line so
 * that the map stays to be seen. Lines that have no room are counted in the last one. */
void view_panel(const struct view *view, const char *const *lines, bool below,
                struct picture *picture);
/* Characters that a line of a panel can have. */
int view_panel_columns(const struct view *view);

#endif
