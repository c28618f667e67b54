/* view_door.h: `postern view` and the program postern-view, which share all but the window.
 *
 *   postern view       no --png, --svg, --keys: starts postern-view, which lies beside it
 *   postern view       with one of them: plays the keys and writes the picture, without a display
 *   postern-view       the same flags, with a window
 */
#ifndef TOOLS_VIEW_VIEW_DOOR_H
#define TOOLS_VIEW_VIEW_DOOR_H

#include "tools/options.h"
#include "tools/view/viewer.h"

/* Shows the viewer until it is left; an exit code. */
typedef int view_window(struct viewer *viewer, const char *font);

/* `window` NULL: this program has none. */
int view_door(int argc, char **argv, view_window *window);

/* Reads a --size such as "1280x800". False: it is none, which was complained about. */
bool view_read_size(const struct usage *of, const char *text, int *width, int *height);

/* Does what a key has asked for but to leave: writes a file named after scenario and moment into
 * the current folder and says so in the status line. */
void view_grant(struct viewer *viewer, enum viewer_wish wish, const char *font);

#endif
