/* types.h: what freestanding C gives the kernel, and the four functions that its compiler may call.
 *
 * A freestanding compiler has no <string.h>, yet emits calls to these four: whoever links the
 * kernel provides them.
 */
#ifndef MODEL_TYPES_H
#define MODEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#define MUST_CHECK __attribute__((warn_unused_result))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
