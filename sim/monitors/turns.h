/* turns.h: who is ready to run, for the rule about whom the scheduler chooses. */
#ifndef SIM_MONITORS_TURNS_H
#define SIM_MONITORS_TURNS_H

#include "sim/monitors/ledger.h"

/* Bit for each app that is ready and does not run; the record at hand included. */
uint64_t turns_ready(struct machine *m);

#endif
