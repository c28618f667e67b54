/* span.h: a run of addresses, [base, base + size). There is no `end`, which could wrap to 0: the
 * last address stands in for it. A span of size 0 is empty and covers and meets nothing.
 */
#ifndef MODEL_SPAN_H
#define MODEL_SPAN_H

#include "model/types.h"

struct span {
    uint32_t base; /* first address */
    uint32_t size; /* bytes */
};

/* The last address. Only for a span that is not empty. */
static inline uint32_t span_last(struct span s)
{
    return s.base + (s.size - 1);
}

/* Not empty, and does not wrap past 0xffffffff. */
static inline bool span_valid(struct span s)
{
    return s.size > 0 && span_last(s) >= s.base;
}

/* Every byte of `inner` is in `outer`; both valid. */
static inline bool span_covers(struct span outer, struct span inner)
{
    uint32_t from = inner.base - outer.base;
    return from < outer.size && inner.size - 1 < outer.size - from && span_valid(outer);
}

/* At least one byte is in both; both valid. Then one of them begins in the other: mostly neither
 * does, which is asked first. */
static inline bool span_meets(struct span a, struct span b)
{
    return (b.base - a.base < a.size || a.base - b.base < b.size) && span_valid(a) && span_valid(b);
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.base == b.base && a.size == b.size;
}

static inline bool span_holds(struct span s, uint32_t address)
{
    return s.size > 0 && address - s.base < s.size;
}

#endif
