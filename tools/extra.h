/* extra.h: what was compiled in from a folder outside of the tree; see sim/extra.h. */
#ifndef TOOLS_EXTRA_H
#define TOOLS_EXTRA_H

#include "sim/extra.h"

#include <stdio.h>

/* The rows of this program; none without `make EXTRA=dir`. */
const struct extra *const *extras_all(uint32_t *count);

/* False, with complaints on stderr that name the file: a name is doubled or missing, or the
 * registers of a device are out of order, past its window, or at no multiple of 4. */
bool extras_agree(void);

/* The word by which a reader calls this program: "postern", or, with rows that no other has, its
 * own path, below the folder that we are in if it can be. */
void program_write(FILE *to);

#endif
