/* nvic.h: the kernel's use of the interrupt controller and the slice timer. No priorities, no
 * nesting: the handler masks its line and leaves it pending; all work happens in the kernel loop.
 * Source: ARMv7-M ARM B3.4 (NVIC: ISER 0xE000E100, ICER 0xE000E180, ISPR 0xE000E200, ICPR
 * 0xE000E280), B3.3 (SysTick: CSR 0xE000E010, RVR 0xE000E014, CVR 0xE000E018); Tock's generic_isr.
 */
#ifndef MODEL_NVIC_H
#define MODEL_NVIC_H

#include "model/hw_port.h"

enum { NVIC_NONE = 0xffffffff };

void nvic_start(struct hw *hw, uint32_t line_count); /* all masked, nothing pending */
void nvic_enable(struct hw *hw, uint32_t line);
void nvic_mask(struct hw *hw, uint32_t line);
void nvic_clear_pending(struct hw *hw, uint32_t line);
void nvic_set_pending(struct hw *hw, uint32_t line);
bool nvic_is_pending(struct hw *hw, uint32_t line);
bool nvic_is_enabled(struct hw *hw, uint32_t line);
/* The lowest line below `line_count` that is pending and not in `unheard` (a bit per line: masked,
 * whatever it does), else NVIC_NONE. */
uint32_t nvic_next_pending(struct hw *hw, uint32_t line_count, const uint32_t unheard[]);

/* Starts the slice timer; 0: no slice, timer off. Returns the microseconds that were armed: fewer
 * than asked where 24 bits of CPU cycles do not hold them. */
uint32_t systick_arm(struct hw *hw, uint32_t cpu_hz, uint32_t slice_us);
/* Stops the timer; microseconds of the armed slice that are left (rounded down), 0 if it ended. */
uint32_t systick_stop(struct hw *hw, uint32_t cpu_hz);

#endif
