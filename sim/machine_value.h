/* machine_value.h: what one machine is made of. For machine*.c, hw_sim.c and app*.c only; everyone
 * else has the views of machine.h.
 *
 *   | struct machine | injections | apps | devices | monitors' states | drawn and written pages |
 *   | RAM | the board's storage in flash | how often each of its words was written, a byte each |
 *
 * The second row is in pages of RAM_PAGE; boards without storage have RAM alone.
 * One block; offsets are in the setup. Nothing in it points at anything that changes.
 */
#ifndef SIM_MACHINE_VALUE_H
#define SIM_MACHINE_VALUE_H

#include "model/kernel.h"
#include "sim/machine.h"

/* Where the CPU is. */
enum cpu_mode { CPU_KERNEL, CPU_USER, CPU_SLEEP };

enum { INJECTION_NONE = 0xffff };

struct injection_state {
    uint32_t matches; /* records that matched so far */
    uint32_t left;    /* pulses of a storm still to come */
    uint64_t due_ps;  /* TIME_NEVER: not yet known, or over */
    uint64_t from_ps; /* records from then on count */
    uint16_t next;    /* in the list of those that wait for a record; INJECTION_NONE: the last */
    bool fired;
    bool in_force;   /* FORCE: its register reads so now */
    bool waits;      /* for a record; its due_ps is not yet known */
    bool needs_hand; /* the kernel's, between two steps; else it is silicon's */
};

/* Accesses of user mode that the MPU, while it is on, and the bus have let through. They would
 * again as long as the MPU's regions stand still; and steady monitors have heard of them, which
 * they need only once as long as the same app runs and may reach the same. */
enum { DECISION_BITS = 8, DECISION_MAX = 1 << DECISION_BITS };

struct decision {
    uint64_t changes; /* of all that when it was made: machine_decided() */
    uint32_t address;
    uint8_t size, kind; /* size 0: none was made */
    uint16_t device;    /* that is there, or BOARD_NONE */
    int16_t row;        /* of that device's registers, or -1 */
    uint16_t listeners; /* who hears of the access */
    uint16_t unsteady;  /* who does when it comes again */
    bool is_plain;      /* the device does nothing of its own then, but for what is due */
};

/* The kernel's last read of a device's register that gives what is stored there and that no monitor
 * hears. The same read gives it again as long as nothing was due and nothing was recorded in
 * between: who waits for a device reads a register thousands of times. */
struct polled {
    uint64_t record_count; /* of the machine, after its record */
    uint64_t cost_ps;      /* of a read */
    uint64_t event;        /* trace_hash_event of its record */
    uint32_t address;      /* POLLED_NONE: there is none */
    uint32_t value;
};
enum { POLLED_NONE = 1 }; /* no register's address */

enum { KNOWN_MAX = 128 }; /* a power of two; ours */
enum { DEVICE_WORDS = (MACHINE_DEVICE_MAX + 63) / 64 };

struct machine {
    const struct machine_setup *setup; /* these four first, as struct machine_head has them */
    uint64_t now_ps;
    uint64_t rules_armed;
    uint64_t worked_ps;

    uint64_t cycle_rest; /* of a picosecond, in 1/cpu_hz: only when cpu_hz does not divide 10^12 */
    uint64_t next_ps; /* the earliest of all that is due: device wakes, SysTick, injections; it may
                            be earlier than that, which costs a look */
    uint64_t wakes_ps[MACHINE_DEVICE_MAX]; /* each device's wake_ps, TIME_NEVER if it hangs */
    uint8_t waking[MACHINE_DEVICE_MAX];    /* those for which it is a time, the soonest last: */
    uint32_t waking_count;                 /* a few of many */
    uint64_t hash;
    uint64_t record_count;
    struct polled polled;
    enum run_state state;

    enum cpu_mode mode;
    uint32_t running;                   /* process in user mode, else PROCESS_NONE */
    uint32_t ran_last;                  /* process that was in user mode last */
    uint64_t due_changes;               /* of what apps may reach, and of the app that runs */
    uint64_t compute_left[PROCESS_MAX]; /* cycles of an interrupted OP_COMPUTE; ~0: spins */
    uint64_t instant_ps;                /* steps that began at this very instant ... */
    uint32_t instant_steps;             /* ... were so many: no time passes */

    struct mpu_armv7m mpu;
    struct nvic nvic;
    struct kernel kernel;
    struct air air;
    struct wires {
        uint32_t pins_low[WIRE_PIN_MAX / 32 + 1]; /* outputs that are low, by port */
        uint32_t addressed;                       /* peers on I2C, one bit each */
    } wires;

    uint64_t inject_silicon_ps;  /* the earliest injection that is silicon's: lands at its time */
    uint64_t inject_second_ps;   /* the earliest of silicon's others */
    uint64_t inject_hand_ps;     /* the earliest that needs the kernel between two steps */
    uint32_t injections_waiting; /* not over yet */
    uint32_t injections_over;    /* the first ones, which will not come any more */
    /* Those that wait for a record, by when they begin to; what the ones wait for that have begun;
     * and when the next one begins. */
    uint16_t injection_awaits; /* the first, or INJECTION_NONE */
    uint64_t injection_kinds[2];
    struct {
        uint32_t first, last;
    } injection_registers; /* an access of the kernel's that one waits for is between these */
    uint64_t inject_awaits_ps;
    struct judged {
        uint64_t checks_armed;
        uint64_t peaks[PEAKS];
        uint64_t verdict_count;
        struct verdict verdicts[VERDICT_MAX];
    } judged;

    struct secret_facts secret_facts;

    uint64_t pairing; /* which snapshot the written-page bits count from; 0: none */
    /* What may differ from that snapshot: devices, and states of monitors, a bit each. */
    uint64_t touched[DEVICE_WORDS];
    uint64_t heard;

    /* From here on nothing goes into a snapshot and back: it is not the machine's, but holds, or is
     * outdated, whatever the machine is put back to. */
    struct decision decisions[DECISION_MAX];
    uint64_t known[KNOWN_MAX]; /* machine_knows */
};

_Static_assert(MACHINE_DEVICE_MAX <= 256, "waking[] has bytes");
_Static_assert(offsetof(struct machine, setup) == offsetof(struct machine_head, setup) &&
                   offsetof(struct machine, now_ps) == offsetof(struct machine_head, now_ps) &&
                   offsetof(struct machine, rules_armed) ==
                       offsetof(struct machine_head, rules_armed) &&
                   offsetof(struct machine, worked_ps) == offsetof(struct machine_head, worked_ps),
               "machine_get_head() finds them there");
_Static_assert(RULE_NUMBER <= 64 && SCENARIO_CHECK_MAX <= 64, "one bit each");

enum { INSTANT_STEPS_MAX = 200000 }; /* steps at one instant before the run counts as stuck; ours */
#define SPINS UINT64_MAX

static inline uint8_t *machine_at(struct machine *m, uint32_t offset)
{
    return (uint8_t *)m + offset;
}

/* A device that is modelled. */
static inline struct device *machine_modelled(struct machine *m, uint32_t index)
{
    return (struct device *)(void *)machine_at(m, m->setup->device_offset[index]);
}

static inline uint8_t *machine_ram(struct machine *m)
{
    return machine_at(m, m->setup->ram_offset);
}

/* Grows with all that a decision hangs on. */
static inline uint64_t machine_decided(const struct machine *m)
{
    return m->mpu.region_changes + m->due_changes; /* neither ever falls */
}

/* One for each that the scenario had when the machine was laid out. */
static inline struct injection_state *machine_injection(struct machine *m, uint32_t i)
{
    return (struct injection_state *)(void *)machine_at(m, m->setup->injection_offset) + i;
}

static inline const struct injection_state *machine_injection_read(const struct machine *m,
                                                                   uint32_t i)
{
    return machine_injection((struct machine *)m, i);
}

static inline struct app *machine_app_mutable(struct machine *m, uint32_t process)
{
    return (struct app *)(void *)machine_at(m, m->setup->app_offset[process]);
}

static inline uint64_t *machine_written_pages(struct machine *m)
{
    return (uint64_t *)(void *)machine_at(m, m->setup->dirty_offset);
}

/* Pages whose bytes stand in RAM; what the others hold is computed when it is asked for. */
static inline uint64_t *machine_drawn_pages(struct machine *m)
{
    return (uint64_t *)(void *)machine_at(m, m->setup->drawn_offset);
}

/* Forgets what RAM holds: from now on each page holds the seed's pattern until it is written. */
void machine_ram_reset(struct machine *m);
/* The bytes of a span on one page of RAM that is drawn: nearly always. Else NULL. */
static inline uint8_t *machine_ram_drawn(struct machine *m, struct span span)
{
    const struct machine_setup *machine = m->setup;
    uint32_t offset = span.base - machine->ram.base, before_last = span.size - 1;
    uint32_t page = offset / RAM_PAGE, last_page = (offset + before_last) / RAM_PAGE;
    if (page >= machine->whole_pages || last_page != page || before_last >= RAM_PAGE ||
        !(machine_drawn_pages(m)[page / 64] >> page % 64 & 1))
        return NULL;
    return machine_ram(m) + offset;
}

/* RAM's bytes at an absolute span, to be written: its pages are marked as written, what is not
 * drawn yet is. NULL: not all of it is RAM. Who only reads asks machine_peek. */
uint8_t *machine_ram_open(struct machine *m, struct span span);
/* Secrets (sim/secret.h), for a machine that has any: what others write is no longer padded; what
 * others read is counted; the app's own stores, its memory when it starts; its loads, its devices'
 * registers, what arrives for it; what the kernel writes, and its components' buffers when it has
 * started. */
void machine_secret_reset(struct machine *m); /* nothing is padded */
void machine_secret_overwritten(struct machine *m, struct span span);
void machine_secret_read(struct machine *m, struct span span);
void machine_secret_stored(struct machine *m, const struct app_op *op);
void machine_secret_start(struct machine *m, const struct app *app, uint32_t app_break);
uint32_t machine_secret_loaded(const struct machine *m, const struct app_op *op, uint32_t value);
uint32_t machine_secret_word(struct machine *m, const struct app_op *op);
void machine_secret_bytes(struct machine *m, uint32_t process, uint8_t *bytes, uint32_t size);
void machine_secret_written(struct machine *m, struct span span);
void machine_secret_kernel_start(struct machine *m);
static inline bool machine_has_secrets(const struct machine *m)
{
    return m->setup->padded_offset != 0;
}

/* A snapshot gets to know that the page of RAM with that address is written. */
static inline void machine_page_written(struct machine *m, uint32_t address)
{
    uint32_t page = (address - m->setup->ram.base) / RAM_PAGE;
    machine_written_pages(m)[page / 64] |= UINT64_C(1) << page % 64;
}

static inline uint8_t *machine_ram_at(struct machine *m, struct span span)
{
    if (machine_has_secrets(m))
        machine_secret_overwritten(m, span);
    uint8_t *bytes = machine_ram_drawn(m, span);
    if (!bytes)
        return machine_ram_open(m, span);
    machine_page_written(m, span.base);
    return bytes;
}

/* The monitors in those rows of listeners get to know of a record; recorder and injections do. */
void machine_tell(struct machine *m, const struct record *record, uint32_t listeners);
void machine_show(struct hw *hw, const struct record *record);

/* The trace's one entrance. */
static inline void machine_trace_to(struct hw *hw, unsigned kind, uint32_t process,
                                    uint32_t address, uint64_t value, uint32_t listeners)
{
    struct machine *m = hw->m;
    const struct record record = {m->now_ps, (uint16_t)kind, (uint16_t)process, address, value};
    m->hash = trace_hash(m->hash, &record);
    m->record_count++;
    /* Monitors change neither. */
    bool shown = hw->recorder || m->injection_kinds[kind / 64] & KIND_BIT(kind);
    if (listeners || shown) {
        /* Of most records nobody wants to know more; who does gets a copy, so that the others need
         * no place in memory. */
        const struct record told = record;
        if (listeners)
            machine_tell(m, &told, listeners);
        if (shown)
            machine_show(hw, &told);
    }
}

/* The record of an access of the kernel's to a register between these addresses is in the trace's
 * hash, and that is all. */
static inline bool machine_only_hashes(const struct hw *hw, unsigned kind, uint32_t first,
                                       uint32_t last)
{
    const struct machine *m = hw->m;
    bool is_awaited = m->injection_kinds[kind / 64] & KIND_BIT(kind) &&
                      last >= m->injection_registers.first && first <= m->injection_registers.last;
    return !hw->recorder && !is_awaited;
}

/* A record that is no access. */
static inline void machine_trace(struct hw *hw, unsigned kind, uint32_t process, uint32_t address,
                                 uint64_t value)
{
    machine_trace_to(hw, kind, process, address, value, hw->m->setup->first_listener[kind]);
}

/* What is at `address` but for modelled devices: PLACE_MEMORY or PLACE_ELSEWHERE. */
static inline uint32_t machine_place_beside(const struct machine *m, uint32_t address)
{
    const struct board *board = &m->setup->scenario->board;
    bool is_memory = span_holds(board->ram, address) || span_holds(board->flash, address);
    return is_memory ? PLACE_MEMORY : PLACE_ELSEWHERE;
}

/* Time passes: `cycles` of the CPU, with every device effect on the way. */
void machine_spend_exactly(struct hw *hw, uint64_t cycles);
static inline void machine_spend(struct hw *hw, uint64_t cycles)
{
    struct machine *m = hw->m;
    uint64_t ps_per_cycle = m->setup->ps_per_cycle;
    uint64_t target = m->now_ps + cycles * ps_per_cycle;
    if (ps_per_cycle && target < m->next_ps)
        m->now_ps = target; /* nearly always: nothing is due on the way */
    else
        machine_spend_exactly(hw, cycles);
}
/* The same, but no further than the next thing that is due; cycles that passed. */
uint64_t machine_spend_until_due(struct hw *hw, uint64_t cycles);
/* Nothing to do for the CPU: time jumps to the next thing that is due, at most to `limit_ps`. */
void machine_idle(struct hw *hw, uint64_t limit_ps);
/* Recomputes next_ps from scratch. */
void machine_find_next(struct machine *m);

/* How a snapshot gets to know that a device is changed. */
static inline void machine_touch(struct machine *m, uint32_t device)
{
    m->touched[device / 64] |= UINT64_C(1) << device % 64;
}
/* Looks at a device's outputs after it was touched: requests, line, wake. Mostly nothing is new.
 * Whoever changes a device calls it, since that is how a snapshot gets to know of it. */
void machine_serve_all(struct hw *hw, uint32_t device);
static inline void machine_serve(struct hw *hw, uint32_t device)
{
    struct machine *m = hw->m;
    const struct device *d = machine_modelled(m, device);
    machine_touch(m, device);
    if (d->request_count > 0 || d->wake_ps != m->wakes_ps[device] ||
        d->line_told != device_line(d) || d->fault.hung)
        machine_serve_all(hw, device);
}
/* Bytes of flash: of the board's storage as they stand, else a pattern of their addresses, the same
 * in every run. `from` is all flash. */
void machine_flash_read(const struct machine *m, struct span from, void *to);
/* The storage in flash: 0xff until it is written. False: not all of `span` is storage. */
bool machine_storage_read(const struct machine *m, struct span span, void *to);
/* The word at a multiple of 4 keeps what is 1 in `word`, too; how it stands then, and its writes
 * since the last erase, 255 at most. False: not storage. */
bool machine_storage_write(struct machine *m, uint32_t address, uint32_t word, uint32_t *now,
                           uint32_t *writes);
/* Whole pages of RAM_PAGE. */
bool machine_storage_erase(struct machine *m, struct span span);
/* After an access to `device`: if it is the flash's controller the CPU stands until it lets it. */
void machine_halt_slowly(struct hw *hw);
static inline void machine_halt(struct hw *hw, uint32_t device)
{
    if (device == hw->m->setup->flash_device)
        machine_halt_slowly(hw);
}

/* The air: at boot, once all devices are there; what devices ask for; when air.wake_ps has come. */
void machine_air_start(struct machine *m);
void machine_air_send(struct hw *hw, uint32_t device, const struct air_frame *frame);
void machine_air_more(struct hw *hw, uint32_t device, const struct air_frame *frame);
void machine_air_stop(struct hw *hw, uint32_t device);
void machine_air_tune(struct hw *hw, uint32_t device, const struct air_tuning *tuning);
void machine_air_run(struct hw *hw);

/* Wires: REQUEST_WIRE, REQUEST_SIGNAL and REQUEST_PINS. */
void machine_wire_value(struct hw *hw, struct device *d, uint16_t value);
void machine_wire_signal(struct hw *hw, struct device *d, const struct device_request *r);
void machine_wire_pins(struct hw *hw, struct device *d, const struct device_request *r);

/* A step begins. False: too many have at this very instant, and the run is stuck: virtual time
 * stands still, as if the CPU never left a loop. */
static inline bool machine_step_begins(struct machine *m)
{
    if (m->instant_ps != m->now_ps) {
        m->instant_ps = m->now_ps;
        m->instant_steps = 0;
    }
    if (++m->instant_steps > INSTANT_STEPS_MAX)
        m->state = RUN_STUCK;
    return m->state != RUN_STUCK;
}

/* The CPU is still in that mode, and its next step begins before `end_ps` and before the scenario's
 * hand is due. */
static inline bool machine_goes_on(struct machine *m, enum cpu_mode mode, uint64_t end_ps)
{
    return m->mode == mode && m->now_ps < end_ps && m->now_ps < m->inject_hand_ps &&
           machine_step_begins(m);
}

/* An operation of the process that runs, or what keeps it from going on; and the next ones, a step
 * each, while they begin before `end_ps`, user mode lasts and the scenario's hand is not due. */
void machine_user_run(struct hw *hw, uint64_t end_ps);
/* Leaves user mode for `trap`. */
void machine_leave_user(struct hw *hw, const struct trap *trap);

/* Injections: on each record that one may wait for, and when due: silicon's at their time, inside
 * whatever the CPU does; the kernel's hand between two steps. machine_inject_start: machine.h. */
void machine_inject_record(struct hw *hw, const struct record *record);
/* The time has come from which on a record counts. */
void machine_inject_awaits(struct machine *m);
void machine_inject_silicon(struct hw *hw);
void machine_inject_hand(struct hw *hw);

#endif
