/* capability.h: tokens for what only the board's start-up code may allow.
 *
 * A function that demands a token can be called only by code that start-up handed one to. The
 * types are opaque here; model/start.c alone completes them and holds the only objects.
 * Source: Tock's kernel capabilities (ProcessManagementCapability and others).
 */
#ifndef MODEL_CAPABILITY_H
#define MODEL_CAPABILITY_H

struct process_management_capability; /* load, stop, restart and kill processes */
struct passthrough_capability;        /* lend a device, take it back */
struct adc_sampling_capability;       /* sample on and on, which keeps all others from the ADC */

#endif
