/* catalogue.h: all that scenarios and boards may name: devices, app programs, filters in C. sim/
 * knows none of them by name; whoever reads a scenario hands this in.
 */
#ifndef TOOLS_CATALOGUE_H
#define TOOLS_CATALOGUE_H

#include "sim/scenario_load.h"

struct catalogue catalogue(void);

#endif
