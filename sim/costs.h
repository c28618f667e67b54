/* costs.h: what each kernel path costs, in CPU cycles, and the named presets.
 *
 * A preset's name says the *total* of a null command's round trip (command 0 of a present driver,
 * no other app, from the first cycle of svc to the first cycle after it): the sum of the paths on
 * that trip and of the MMIO accesses that the kernel makes on it. costs_null_command() adds them up
 * from the same table that the machine charges; a test checks the sum against the name, another the
 * measured trip against the sum.
 *
 * Sources of the totals: trap-80 "less than 80, minimal trap" (RISC-V, Tock core notes 2021-03-12);
 * m4-300 "about 300, mostly configuring MPU" (old ARM measurement, core notes 2020-05-08); m4-450
 * "400 to 450 after fixes" (same notes); ibex-1094, ibex-5172 (tock issue 1730, Ibex in simulation,
 * 2020: 2,751 MPU, 1,225 state copy, 102 debug, 1,094 the rest); ibex-2268 (TockBenchmarking, FPGA,
 * 2021). How a total is split over paths is ours wherever the source gives only the total.
 */
#ifndef SIM_COSTS_H
#define SIM_COSTS_H

#include "model/hw_port.h"
#include <stdint.h>

struct costs {
    const char *preset;           /* its name, or "custom" */
    uint32_t path[KERNEL_PATHS];  /* cycles of one walk */
    uint32_t kernel_mmio;         /* one register access of the kernel, peripheral or private bus */
    uint32_t kernel_ram_word;     /* one word of hw_ram_read/write */
    uint32_t app_load, app_store; /* of RAM or flash, one access */
    uint32_t app_mmio;            /* an app's register access */
    uint32_t app_svc;             /* the svc instruction itself */
};

extern const struct costs cost_presets[];
extern const uint32_t cost_preset_count;

/* The preset with that name, or NULL. */
const struct costs *costs_find(const char *name);
/* Every cost by the name that scenarios override it by, the paths first; NULL past the end. */
const char *costs_name(uint32_t which);
/* Where it stands; `which` has a name. */
uint32_t *costs_place(struct costs *costs, uint32_t which);
/* Cycles of a null command's round trip by this table. */
uint32_t costs_null_command(const struct costs *costs);

#endif
