/* gate.h: what a whole run comes to: the claim holds, is broken, or nothing was really looked at.
 *
 *   kept breaks -- each against the scenario's expected breaks --> expected, or unexpected
 *   expected breaks -- each must have a break of its own --------> else broken
 *   injections, requested checks, expecting steps -- each must have had its turn --> else vacuous
 *
 * Broken wins over vacuous. Always-on rules may stay unarmed.
 *
 * Two lines besides the claim. Isolation: what the CPU reaches, through MPU, ownership, interrupts,
 * memory that changes hands. Containment: what lent devices reach by DMA, and whose tasks a lent
 * event router triggers; even where it held, the owner of such a device is trusted, since nothing
 * stops it (TRD 107, section 3).
 */
#ifndef SIM_GATE_H
#define SIM_GATE_H

#include "sim/machine.h"

enum gate_end { GATE_HOLDS, GATE_BROKEN, GATE_VACUOUS };

enum gate_line {
    LINE_HELD,
    LINE_CLAIMED_BROKEN, /* only as the scenario expects */
    LINE_BROKEN,
};

enum gate_reason_kind {
    REASON_BREAK_MISSING, /* expected break `index` has none of its own: broken */
    REASON_BREAKS_LOST,   /* more breaks than are kept: broken */
    REASON_INJECTION,     /* injection `index` never had an effect: vacuous, as all below */
    REASON_CHECK,         /* check `index` never had anything to judge */
    REASON_STEP,          /* a step of app `index` expects something that never came */
    REASON_NOTHING,       /* the scenario expects nothing at all */
    GATE_REASONS
};

enum { GATE_REASON_MAX = 32, GATE_TEXT_MAX = 240 };

struct gate {
    enum gate_end end;
    enum gate_line isolation, containment;
    uint32_t dma_lent;   /* DMA masters that were ever lent: their owners are trusted */
    uint32_t unexpected; /* kept breaks that no expected break accounts for */
    uint64_t lost;       /* breaks that were not kept: nobody can tell if they were expected */
    bool expected[VERDICT_MAX]; /* by kept verdict */
    uint32_t reason_count;      /* of those found; the first GATE_REASON_MAX are kept */
    struct gate_reason {
        enum gate_reason_kind kind;
        uint32_t index;
        char text
            [GATE_TEXT_MAX]; /* one sentence, with the JSON pointer in front where there is one */
    } reasons[GATE_REASON_MAX];
};

/* Some break that the scenario expects accounts for it. */
bool gate_expects(const struct scenario *s, const struct verdict *v);

/* After machine_finish. */
void gate_judge(struct machine *m, struct gate *gate);

#endif
