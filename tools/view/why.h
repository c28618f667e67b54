/* why.h: why an app reaches an address at a moment, or why it does not, in words.
 *
 *   replay at a moment, app, address --why_tell--> what the registers of the MPU decide and by
 *   which region, whether that is due to the app, the calls and answers that it comes from, who
 *   else reaches it, and the ways past the MPU (DMA)
 *
 * What is decided is read from the registers (reach.h), what is due from the ledger
 * (sim/monitors/ledger.h), how it came about from the trace.
 */
#ifndef TOOLS_VIEW_WHY_H
#define TOOLS_VIEW_WHY_H

#include "tools/view/replay.h"

/* `process`: below the scenario's app_count. The replay stays at its moment. */
void why_tell(struct replay *replay, uint32_t process, uint32_t address, FILE *out);

#endif
