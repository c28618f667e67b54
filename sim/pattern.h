/* pattern.h: which records an expectation or an injection speaks of, e.g. "irq TIMER1",
 * "upcall owner tick", "owner store TIMER1.CC[0]", "fault", "return owner".
 */
#ifndef SIM_PATTERN_H
#define SIM_PATTERN_H

#include "sim/trace.h"
#include <stdbool.h>
#include <stddef.h>

struct pattern {
    uint16_t kind;                        /* enum event; 0: matches nothing */
    uint16_t process;                     /* index, or PATTERN_ANY */
    uint32_t address_first, address_last; /* inclusive */
    uint64_t value, value_mask;           /* (record.value & mask) == value */
    char text[64];                        /* as the scenario says it */
};

enum { PATTERN_ANY = 0xfffe };

struct scenario;

/* Words with a space between them: a kind (event_name, or a system call's class), an app's name
 * before or behind it, what it is about, and "= value" for loads, stores, marks and a wire's
 * bytes.
 * About what:
 *   load store execute fault dma-* task event kernel-* filter-* window-*   an address:
 *        "TIMER1.CC[0]", "TIMER1" (its whole window), "ram", "owner.flash", "0x40009000"
 *   irq irq-lowered irq-taken line-*    a device with a line, or the line's number
 *   upcall          a handler of the app that is named
 *   return          success, failure, or an error such as BUSY
 *   syscall         a class; short: "owner command passthrough 2" (driver, number)
 *   upcall-queued upcall-dropped upcall-cancelled upcall-delivered   a driver, and a number
 *   endpoint-*      a lendable device         wire   a device, and "out", "in" or another
 *                                             word of sim/wire.h
 *   process-state   a state, such as yielded  mark injected kernel-limit   a number
 *   routed          the task's address        air-*   a radio of the board, or a peer
 *   peer-note       a peer, and the note's name or number
 * False: `why` says what is wrong. */
bool pattern_parse(const struct scenario *scenario, const char *text, struct pattern *pattern,
                   char *why, size_t why_size);

/* Whether a word begins a pattern: no app may have it as its name. */
bool pattern_word(const char *word);

static inline bool pattern_matches(const struct pattern *p, const struct record *r)
{
    return r->kind == p->kind && (p->process == PATTERN_ANY || p->process == r->process) &&
           r->address >= p->address_first && r->address <= p->address_last &&
           (r->value & p->value_mask) == p->value;
}

#endif
