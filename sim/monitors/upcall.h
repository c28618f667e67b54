/* upcall.h: which upcalls wait for an app, as far as it would take them: for those who ask whether
 * it is ready to run. */
#ifndef SIM_MONITORS_UPCALL_H
#define SIM_MONITORS_UPCALL_H

#include "sim/monitors/ledger.h"

/* It is live and, if it waits in a yield, an upcall waits that this yield would take. */
bool process_would_run(struct machine *m, const struct ledger *l, uint32_t process);

/* It subscribed a handler, not null, to that upcall. */
bool process_has_handler(struct machine *m, uint32_t process, uint32_t driver, uint32_t number);

/* What it subscribed there last, (0, 0) at first. False: there were too many to remember. */
bool process_subscribed(struct machine *m, uint32_t process, uint32_t driver, uint32_t number,
                        uint32_t *function, uint32_t *appdata);

#endif
