/* storage.h: whose page of the board's storage is which, by the order of events (storage.c). */
#ifndef SIM_MONITORS_STORAGE_H
#define SIM_MONITORS_STORAGE_H

#include "sim/machine.h"

/* The client's region, a process's or a component's; empty: it has none. */
struct span storage_region_of(struct machine *m, uint32_t client);

#endif
