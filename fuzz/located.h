/* located.h: what a refusal of a text must be: at least one complaint, and each of them a line
 *
 *   PATH:LINE:COLUMN: error: WHAT
 *
 * with a line that the text has and a column from 1 on; WHAT is not empty. PATH is the text's, or
 * that of a board of the tree that the text has changed. One complaint has no place: that the id of
 * a member is too long, which is made up of the whole file.
 */
#ifndef FUZZ_LOCATED_H
#define FUZZ_LOCATED_H

#include "sim/json_text.h"

/* Aborts, with the complaint on stderr, if one of them is not so. */
void located_or_abort(const char *path, const char *text, size_t size,
                      const struct problems *problems);
/* One complaint, without its line's end; false: it is not so. */
bool located(const char *path, const char *text, size_t size, const char *line);

#endif
