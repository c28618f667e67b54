/* loans.h: what each request for a device must come to, for the rules about what the app was told
 * and what has become of its windows.
 *
 *   what the board declares: devices and their drivers, trust in DMA, memory, MPU --\
 *   the board's filter, asked again by us -------------------------------------------+--> the one
 *   what is lent now, by the ledger; which devices are withheld --------------------/    outcome
 *
 * A request is command 1, 2 or 3 of the passthrough driver, or one in the app's header. What it
 * comes to is reckoned when it is made, before anything can have changed, in the order of
 * model/passthrough.h, and shares no code with it.
 */
#ifndef SIM_MONITORS_LOANS_H
#define SIM_MONITORS_LOANS_H

#include "sim/monitors/ledger.h"

struct loan_due {
    struct span asked;
    struct span granted; /* of a success: the window that is lent, told of, or given back */
    uint8_t err;         /* enum err */
    bool asks;           /* the filter is asked, and its code or its span is in the two above */
};

enum { LOAN_WORDS = (ENDPOINT_MAX + 31) / 32 };

/* What the process's open request must come to: that of the passthrough command that it is in or
 * has just come back from, or its header's next one while it is loaded. NULL: there is none. */
const struct loan_due *loans_due(struct machine *m, uint32_t process);

/* loan_facts.c: the outcomes. `withheld`: a bit for each endpoint. */
struct loan_due loan_request(const struct machine *m, const struct ledger *l,
                             const uint32_t withheld[LOAN_WORDS], uint32_t process,
                             struct span asked);
struct loan_due loan_query(const struct machine *m, const struct ledger *l,
                           const uint32_t withheld[LOAN_WORDS], uint32_t process,
                           struct span asked);
struct loan_due loan_release(const struct ledger *l, uint32_t process, struct span asked);

/* Fewest regions of an ARMv7-M MPU that reach exactly these spans, each packed for itself; they do
 * not meet, and are multiples of 32. More than MPU_REGION_MAX: at least so many. */
uint32_t loan_regions(const struct span *spans, uint32_t count);

#endif
