/* support_scenario.h: a small scenario made by hand, for tests of the machine and of monitors: one
 * board with three timers, an EGU and the kernel's RTC1, one app or several with an engine of the
 * test's.
 */
#ifndef TESTS_SUPPORT_SCENARIO_H
#define TESTS_SUPPORT_SCENARIO_H

#include "sim/machine.h"

/* Names of the hand-made board: TIMER0 and TIMER1 are lendable to anybody, TIMER2 to nobody (a
 * driver of the kernel would use it), EGU0 is lendable, RTC1 is the kernel's alarm. */
enum { SUPPORT_TIMER0 = 0x40008000, SUPPORT_TIMER1 = 0x40009000, SUPPORT_TIMER2 = 0x4000a000 };

/* Engines of apps that wait for upcalls for ever; that use their CPU time up. */
extern const struct app_engine support_waits, support_spins;

/* Of the catalogue; ends the test if there is none. */
const struct device_type *support_type(const char *name);

/* Fills `s`: `apps` apps, each run by `engine` with `program`; 30 ms, seed 1, costs "m4-300". It
 * has room for as many injections and checks as there may be, which the next one takes over. */
void support_scenario(struct scenario *s, uint32_t apps, const struct app_engine *engine,
                      const void *program);

/* A machine of it, booted; ends the test if that fails. `recorder` may be NULL. */
struct hw *support_boot(const struct scenario *s, struct recorder *recorder);
void support_free(struct hw *hw);

/* A record by hand, of any kind. */
void support_trace(struct hw *hw, unsigned kind, uint32_t process, uint32_t address,
                   uint64_t value);

#endif
