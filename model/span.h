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
    return span_valid(outer) && span_valid(inner) && inner.base >= outer.base &&
           span_last(inner) <= span_last(outer);
}

/* At least one byte is in both. */
static inline bool span_meets(struct span a, struct span b)
{
    return span_valid(a) && span_valid(b) && a.base <= span_last(b) && b.base <= span_last(a);
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
