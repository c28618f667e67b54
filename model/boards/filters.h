/* filters.h: filters that boards have written in C; a board that needs only a list uses
 * filter_by_table (model/filter.h). One file a board, one row here a filter.
 */
#ifndef MODEL_BOARDS_FILTERS_H
#define MODEL_BOARDS_FILTERS_H

#include "model/filter.h"

/* Any request inside [0x50000000, +0x80000) gets all of it, 512 KiB; any other is refused with
 * ERR_NOSUPPORT. It widens on purpose: the request (0x5000C000, 0xD000) is no single ARMv7-M
 * region. Source: the filter of the board redboard_artemis_atp in the draft of TRD 107 (Tock PR
 * 4168). */
filter_function filter_widen_512k;

#endif
