/* upcall.h: which upcalls wait for an app, as far as it would take them: for those who ask whether
 * it is ready to run. */
#ifndef SIM_MONITORS_UPCALL_H
#define SIM_MONITORS_UPCALL_H

#include "sim/monitors/ledger.h"

/* It is live and, if it waits in a yield, an upcall waits that this yield would take. */
bool process_would_run(struct machine *m, const struct ledger *l, uint32_t process);

#endif
