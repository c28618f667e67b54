/* pool.c: see pool.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/page/pool.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a. Source: draft-eastlake-fnv, section 2. */
static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

/* Where the text is, or would be. */
static uint32_t slot_of(const struct pool *pool, const char *text)
{
    uint32_t at = hash_of(text) & (pool->slot_count - 1);
    while (pool->slots[at] && strcmp(pool->texts[pool->slots[at] - 1], text) != 0)
        at = (at + 1) & (pool->slot_count - 1);
    return at;
}

/* Half of the slots stay free. */
static void grow(struct pool *pool)
{
    pool->capacity = pool->capacity ? pool->capacity * 2 : 1024;
    pool->slot_count = pool->capacity * 2;
    free(pool->slots);
    pool->slots = calloc(pool->slot_count, sizeof *pool->slots);
    pool->texts = realloc(pool->texts, pool->capacity * sizeof *pool->texts);
    if (!pool->slots || !pool->texts)
        abort();
    for (uint32_t i = 0; i < pool->count; i++)
        pool->slots[slot_of(pool, pool->texts[i])] = i + 1;
}

uint32_t pool_add(struct pool *pool, const char *text)
{
    if (pool->count == pool->capacity)
        grow(pool);
    uint32_t at = slot_of(pool, text);
    if (pool->slots[at])
        return pool->slots[at] - 1;
    char *copy = strdup(text);
    if (!copy)
        abort();
    pool->texts[pool->count] = copy;
    pool->slots[at] = ++pool->count;
    return pool->count - 1;
}

void pool_free(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++)
        free(pool->texts[i]);
    free(pool->texts);
    free(pool->slots);
    *pool = (struct pool){0};
}
