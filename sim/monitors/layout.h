/* layout.h: where an app's break is, and how low it may sink. */
#ifndef SIM_MONITORS_LAYOUT_H
#define SIM_MONITORS_LAYOUT_H

#include "sim/monitors/ledger.h"

/* Of this life; the start of its memory, if there are none. */
uint32_t process_high_water(struct machine *m, uint32_t process);

/* Where its break is, by its image and by the memops that succeeded. */
uint32_t process_break(struct machine *m, uint32_t process);

#endif
