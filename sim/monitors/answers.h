/* answers.h: what the apps have handed over, as their own system calls and the answers to these
 * say: for the rule about what the kernel writes; and what their headers permit.
 */
#ifndef SIM_MONITORS_ANSWERS_H
#define SIM_MONITORS_ANSWERS_H

#include "sim/monitors/ledger.h"

/* The kernel may write there for that live process: the span is in one buffer that it has handed
 * over for writing (read-write or readable), or hands over in the call that is open; or it has
 * handed over too many to know. */
bool answers_let_write(struct machine *m, uint32_t process, struct span span);

/* The byte of its open yield-no-wait, in its own memory. Size 0: none is open, or it is not. */
struct span answers_flag(const struct ledger_process *p);

/* The kernel has written that byte. */
void answers_flag_written(struct machine *m, uint32_t process, uint8_t value);

/* DMA has touched what it must not: what the grants of an app there say that it has handed over is
 * no longer known, to its life's end. */
void answers_distrust(struct machine *m, struct span touched);

/* The app's header permits a call of that class with these arguments. */
bool call_is_permitted(const struct process_image *image, uint32_t class, const uint32_t *args);

#endif
