/* json_print.h: a tree as text that people read and edit: a value on one line if it fits there,
 * else each of its members on a line of its own. Numbers as scenarios take them: without an
 * exponent.
 */
#ifndef TOOLS_JSON_PRINT_H
#define TOOLS_JSON_PRINT_H

#include <stdio.h>

struct cJSON;

enum { JSON_COLUMNS = 100 };

/* With a line's end behind it. */
void json_print(FILE *to, const struct cJSON *tree);

#endif
