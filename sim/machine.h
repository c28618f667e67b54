/* machine.h: one simulated machine as one value.
 *
 *   scenario --machine_build--> struct machine_setup (immutable) + struct machine (everything that
 *   changes: kernel, CPU, MPU, NVIC, devices, apps, clock, monitors, RAM; one block, no pointer to
 *   anything mutable)
 *
 *   machine_step: kernel_next or one user operation or one sleep, with all that happens meanwhile
 *   machine_save / machine_restore: snapshots between any two steps, RAM by written pages
 *
 * struct hw is the running machine: the value, and what must stay outside of it (the jump buffer
 * that a kernel panic unwinds to, and a recorder if somebody wants the records).
 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include "sim/access.h"
#include "sim/monitor.h"
#include "sim/mpu_armv7m.h"
#include "sim/nvic.h"
#include "sim/scenario.h"
#include "sim/secret.h"
#include <setjmp.h>

enum {
    RAM_PAGE = 1024, /* bytes; unit of dirty tracking. DESIGN section 2 */
    MACHINE_DEVICE_MAX = BOARD_DEVICE_MAX + PEER_MAX,
    ROUTER_MAX = 4,
    LINE_NONE = 0xff,
    MONITOR_MAX = 48, /* ours, as the next: room for every set of monitors that hears something */
    LISTENER_MAX = 512,
};

/* How the bus finds what is at an address. */
enum {
    BUS_TOP_SHIFT = 20,
    BUS_PAGE_SHIFT = 12,
    BUS_PAGES = 1 << (BUS_TOP_SHIFT - BUS_PAGE_SHIFT), /* of a megabyte */
    BUS_PAGE_WHOLE = 0x8000,
};

enum run_state {
    RUN_GOING,
    RUN_DONE,   /* until_us reached */
    RUN_HALTED, /* every process is dead and nothing is scheduled */
    RUN_PANIC,  /* the kernel panicked */
    RUN_STUCK,  /* no virtual time passes: a step limit at one instant was hit (livelock rule) */
};

struct machine_setup {
    const struct scenario *scenario;
    size_t size;                                /* bytes of the whole block */
    uint32_t device_offset[MACHINE_DEVICE_MAX]; /* from the block's start; 0: not modelled */
    uint32_t devices_offset;                    /* where they begin; what is before are no parts */
    uint32_t device_count;                      /* the board's, then the scenario's peers */
    uint8_t device_line[MACHINE_DEVICE_MAX];    /* of the interrupt controller, or LINE_NONE */
    uint8_t router_count;
    uint8_t routers[ROUTER_MAX]; /* devices that hear every event (PPI) */
    uint32_t app_offset[PROCESS_MAX];
    uint32_t injection_offset;
    uint32_t monitor_offset[MONITOR_MAX];
    uint32_t ram_offset, dirty_offset, drawn_offset;
    uint32_t storage_offset, wear_offset; /* of the board's storage, and of its write counts */
    uint32_t paged_size;                  /* bytes of all three, in pages */
    struct span ram;                      /* the board's */
    uint32_t whole_pages;                 /* of RAM */
    struct secrets secrets;
    uint32_t padded_offset; /* a bit for each byte of RAM; 0: no key, nothing is padded */
    uint32_t dirty_words;
    uint32_t flash_device; /* the controller of the flash, or BOARD_NONE */
    uint64_t ps_per_cycle; /* 0: cpu_hz does not divide 10^12, see machine_cycles */
    bool is_plain;         /* no secrets, and ps_per_cycle is not 0: nearly always */
    /* What a write of the kernel to a register takes; an access of it to one of the core.
     * TIME_NEVER: no whole number of picoseconds, or, of the core's, a monitor hears of it. */
    uint64_t mmio_ps, core_read_ps, core_write_ps;
    uint64_t path_ps[KERNEL_PATHS]; /* what a walk of it takes, if that is a whole number */
    /* Who hears a record, by its kind, and an access by its place as well: rows of `listeners` from
     * there up to one without a function. 0: nobody. */
    uint16_t first_listener[EVENT_KINDS];
    uint16_t access_listener[ACCESS_RECORDS][PLACES];
    struct listener {
        void (*on_record)(struct machine *m, void *state, const struct record *r);
        uint64_t monitors; /* its own and those of the rows behind it, a bit each */
        uint32_t state;    /* its offset in the block */
        bool is_steady;
    } listeners[LISTENER_MAX];
    /* Who hears a switch to user mode. */
    uint64_t user_hearers; /* as `monitors` */
    uint32_t user_listener_count;
    struct user_listener {
        void (*on_user)(struct machine *m, void *state, uint32_t process);
        uint32_t state;
    } user_listeners[MONITOR_MAX];
    struct {
        void (*on_kernel_write)(struct machine *m, void *state, struct span to,
                                const uint8_t *bytes); /* NULL: nobody */
        uint32_t state;
        uint64_t monitors; /* whose states it may change */
    } write_listener;
    uint64_t end_hearers; /* whose states the end may change */
    /* By page of addresses, in two levels; table 0 is of those megabytes where nothing is: 1 + the
     * first board device on that page, with BUS_PAGE_WHOLE if it is modelled and all of the page
     * is its; 0: none. */
    uint16_t *page_device;
    uint16_t bus_top[1 << (32 - BUS_TOP_SHIFT)];
};

struct machine; /* layout in machine_value.h: for machine*.c, hw_sim.c and app*.c only */
struct resume;  /* model/kernel.h */

struct hw {
    struct machine *m;
    struct recorder *recorder; /* NULL: records are hashed, judged and forgotten */
    /* Hears how a process goes on, before it does, and may change what it is given. NULL: nobody
     * does. */
    void (*on_resume)(void *context, uint32_t process, struct resume *resume);
    void *resume_context;
    jmp_buf unwind;
    bool can_unwind;
    char panic_text[160];
};

/* Computes the layout. NULL with *why set: the scenario asks for more than fits. */
struct machine_setup *machine_setup_make(const struct scenario *scenario, const char **why);
/* The same for a run of two that are compared: an app's secrets are padded, and of the monitors
 * only the ledger listens, so that nothing is judged. */
struct machine_setup *machine_setup_make_secret(const struct scenario *scenario,
                                                struct secrets secrets, const char **why);
void machine_setup_free(struct machine_setup *setup);

/* One block of setup->size bytes. */
struct machine *machine_make(const struct machine_setup *setup);
void machine_free(struct machine *m);

/* Reset and kernel_start, with hw->m = m. Errors of kernel_start: `*bad_image` as there. */
enum err machine_boot(struct hw *hw, uint32_t *bad_image);
/* The two halves of it, for who plays one machine again and again from a snapshot between them, and
 * changes what the scenario says of filter, headers and injections meanwhile. */
void machine_power_on(struct hw *hw);
enum err machine_start(struct hw *hw, uint32_t *bad_image);
/* Plans the scenario's injections anew, none of which has come yet; machine_power_on does so. */
void machine_inject_start(struct machine *m);
/* One step; RUN_GOING until the run is over. */
enum run_state machine_step(struct hw *hw);
/* Steps until over or until the next step would begin at or after `at_ps`. */
enum run_state machine_run(struct hw *hw, uint64_t at_ps);
/* Lets monitors judge the end. Once. */
void machine_finish(struct hw *hw);

/* A whole copy: `to` is made from the same setup. */
void machine_copy(struct machine *to, const struct machine *from);
/* The same, but RAM by the pages written since `m` and `snapshot` were last equal. */
void machine_save(struct machine *m, struct machine *snapshot);
void machine_restore(struct machine *m, struct machine *snapshot);

/* The board device whose modelled registers are at `address`, or BOARD_NONE (nothing, or a named
 * hole). */
uint32_t machine_device_on_page(const struct machine_setup *setup, uint32_t first,
                                uint32_t address);
static inline uint32_t machine_device_at(const struct machine_setup *setup, uint32_t address)
{
    uint32_t table = setup->bus_top[address >> BUS_TOP_SHIFT];
    uint32_t page = address >> BUS_PAGE_SHIFT & (BUS_PAGES - 1);
    uint32_t entry = setup->page_device[table * BUS_PAGES + page];
    if (entry & BUS_PAGE_WHOLE)
        return entry - BUS_PAGE_WHOLE - 1; /* nearly always */
    return entry ? machine_device_on_page(setup, entry - 1, address) : BOARD_NONE;
}

/* For the ledger: what processes may reach is not what it was. */
void machine_dues_changed(struct machine *m);

/* Views, for monitors, reports, tests. What they ask for all the time a machine begins with. */
struct machine_head {
    const struct machine_setup *setup;
    uint64_t now_ps;
    uint64_t rules_armed; /* bit r: rule r */
    uint64_t worked_ps;   /* of now_ps: what the kernel's own instructions took */
};
static inline const struct machine_head *machine_get_head(const struct machine *m)
{
    return (const struct machine_head *)(const void *)m;
}
static inline const struct machine_setup *machine_get_setup(const struct machine *m)
{
    return machine_get_head(m)->setup;
}
static inline const struct scenario *machine_scenario(const struct machine *m)
{
    return machine_get_setup(m)->scenario;
}
static inline uint64_t machine_now_ps(const struct machine *m)
{
    return machine_get_head(m)->now_ps;
}
/* How long the CPU has walked the kernel's paths so far, accesses to registers and memory apart: by
 * how far the clock went on meanwhile. */
static inline uint64_t machine_worked_ps(const struct machine *m)
{
    return machine_get_head(m)->worked_ps;
}
uint64_t machine_trace_hash(const struct machine *m);
uint64_t machine_record_count(const struct machine *m);
enum run_state machine_state(const struct machine *m);
const struct mpu_armv7m *machine_mpu(const struct machine *m);
const struct nvic *machine_nvic(const struct machine *m);
/* A board's device, or behind those a peer. NULL: not modelled. */
static inline struct device *machine_device(struct machine *m, uint32_t index)
{
    uint32_t offset = machine_get_setup(m)->device_offset[index];
    return offset ? (struct device *)(void *)((uint8_t *)m + offset) : NULL;
}
const struct air *machine_air(const struct machine *m);
/* The fact of a scenario's peer, by number: see peer_type.facts. */
uint64_t machine_peer_fact(struct machine *m, uint32_t peer, uint32_t fact);
const struct app *machine_app(const struct machine *m, uint32_t process);
uint32_t machine_running(const struct machine *m); /* process in user mode, else PROCESS_NONE */
/* Bytes of RAM, or of the board's storage; false: not all of it is the one or the other. Not
 * traced, not charged. */
bool machine_peek(const struct machine *m, struct span from, void *to);
/* The same, to be overwritten by somebody outside of the machine; false: not all of it is RAM. */
bool machine_poke(struct machine *m, struct span to, const void *from);
/* The same bytes where they stand: NULL unless they are on one page of RAM that was written. */
const uint8_t *machine_view(const struct machine *m, struct span from);
/* What a monitor has found out and would find out again, in any run of this scenario: facts, each
 * by a hash of all that it hangs on. Some are forgotten. They outlive machine_restore. */
bool machine_knows(const struct machine *m, uint64_t fact);
void machine_learn(struct machine *m, uint64_t fact);
/* Adds the pages of RAM that were written since the last call, or since the boot, one bit each, to
 * `pages` of setup->dirty_words words. Not for a machine that has snapshots. */
void machine_take_written(struct machine *m, uint64_t *pages);
struct secret_facts machine_secret_facts(const struct machine *m);
/* The state of the monitor at that place of monitors[]; NULL: it does not listen here. */
static inline void *machine_monitor_state(struct machine *m, uint32_t monitor)
{
    uint32_t offset = machine_get_setup(m)->monitor_offset[monitor];
    return offset ? (uint8_t *)m + offset : NULL;
}
uint32_t machine_verdicts(const struct machine *m, const struct verdict **verdicts); /* kept ones */
uint64_t machine_verdict_count(const struct machine *m);
/* By enum peak. */
const uint64_t *machine_peaks(const struct machine *m);
static inline bool machine_rule_armed(const struct machine *m, enum rule rule)
{
    return machine_get_head(m)->rules_armed >> rule & 1;
}
/* For monitors: the rule had something to judge: needed for requested checks (no vacuous pass). */
static inline void rule_armed(struct machine *m, enum rule rule)
{
    ((struct machine_head *)(void *)m)->rules_armed |= UINT64_C(1) << rule;
}
bool machine_check_armed(const struct machine *m, uint32_t check);
bool machine_injection_fired(const struct machine *m, uint32_t injection); /* with an effect */
bool machine_injection_tried(const struct machine *m, uint32_t injection); /* its moment came */
/* How often its event has come, up to the one that it waits for. */
uint32_t machine_injection_matches(const struct machine *m, uint32_t injection);
/* The first device whose model has lost requests, or BOARD_NONE: what such a run says is not to be
 * trusted, and it is the simulator that has failed. */
uint32_t machine_broken_device(struct machine *m);
/* Facts of a process that a check at the end asks for. */
struct process_facts {
    uint32_t state; /* enum process_state */
    uint32_t restart_count, completion_code, dropped_upcalls, grant_count;
    bool has_completion_code;
    struct span block;
    uint32_t app_break, kernel_break;
};
struct process_facts machine_process_facts(const struct machine *m, uint32_t process);

#endif
