/* pattern.h: which records an expectation or an injection speaks of, e.g. "irq TIMER1",
 * "upcall owner tick", "owner store TIMER1.CC[0]", "fault", "return owner".
 */
#ifndef SIM_PATTERN_H
#define SIM_PATTERN_H

#include "sim/trace.h"
#include <stdbool.h>

struct pattern {
    uint16_t kind;                      /* enum event; 0: matches nothing */
    uint16_t process;                   /* index, or PATTERN_ANY */
    uint32_t address_first, address_last; /* inclusive */
    uint64_t value, value_mask;         /* (record.value & mask) == value */
    char text[64];                      /* as the scenario says it */
};

enum { PATTERN_ANY = 0xfffe };

static inline bool pattern_matches(const struct pattern *p, const struct record *r)
{
    return r->kind == p->kind && (p->process == PATTERN_ANY || p->process == r->process) &&
           r->address >= p->address_first && r->address <= p->address_last &&
           (r->value & p->value_mask) == p->value;
}

#endif
