/* pool.h: texts, each kept once and known by its number.
 *
 * Numbers go from 0 in the order in which texts first came: so what a pool holds depends on nothing
 * but that order. When there is no memory left, the program ends.
 */
#ifndef TOOLS_PAGE_POOL_H
#define TOOLS_PAGE_POOL_H

#include <stdint.h>

struct pool {
    char **texts;
    uint32_t count, capacity;
    uint32_t *slots; /* number + 1 of the text that hashes there; 0: free. A power of two of them */
    uint32_t slot_count;
};

/* A pool begins as zeros. */
uint32_t pool_add(struct pool *pool, const char *text);
void pool_free(struct pool *pool);

#endif
