/* excuse.c: see excuse.h. */
#include "fuzz/excuse.h"

#include "fuzz/app_bytes.h"
#include "model/process.h"
#include "sim/gate.h"
#include "sim/monitors/ble_link.h"
#include "sim/monitors/ledger.h"
#include "sim/world/catalogue.h"
#include "sim/world/central.h"

#define KIND(kind) (1u << INJECT_##kind)

/* An alarm is late or lost if its counter stands still, lies or is not heard any more. */
enum { COUNTER_FAILS = ~(KIND(INTERRUPT) | KIND(RELEASE) | KIND(HASTEN)) };

/* A device says that it is done, and is not; it begins what nobody has asked for; or it hangs, is
 * given up and turned off, does not notice, and goes on. Its DMA meets a buffer that the kernel
 * took for its own again. */
enum { DMA_LIES = KIND(FORCE) | KIND(TASK) | KIND(HANG) };

/* A register lies. */
enum { LIES = KIND(FORCE) };

/* It misses its reset, and shows what a reset leaves: a hung device stores what is written. */
enum { MISSES_RESET = KIND(HANG) };

/* Some injection of those kinds has befallen the device, or its line. */
static bool befallen(const struct machine *m, uint32_t device, uint32_t kinds)
{
    const struct scenario *s = machine_scenario(m);
    for (uint32_t i = 0; device != BOARD_NONE && i < s->injection_count; i++) {
        const struct injection *plan = &s->injections[i];
        bool meant = injection_pulses(plan) ? plan->line == s->board.devices[device].line
                                            : plan->device == device;
        if (meant && kinds >> plan->kind & 1 && machine_injection_tried(m, i))
            return true;
    }
    return false;
}

static uint32_t device_of(const struct machine *m, const struct driver_place *place)
{
    return place->present ? board_device_at(&machine_scenario(m)->board, place->base) : BOARD_NONE;
}

static uint32_t device_of_virt(const struct machine *m, uint32_t virt)
{
    return device_of(m, config_virt(&machine_scenario(m)->config, virt));
}

/* Where the pieces of a page's erase, a millisecond each without a CPU, are apart as the alarm has
 * it, a counter that runs ahead makes them one. */
static bool erases_at_once(const struct machine *m)
{
    const struct kernel_config *config = &machine_scenario(m)->config;
    return config_virt(config, VIRT_STORAGE)->present &&
           befallen(m, device_of(m, &config->alarm), LIES);
}

/* Whose DMA meets the buffer that the verdict is about. */
static uint32_t master_of(const struct machine *m, const struct verdict *v)
{
    const struct kernel_config *config = &machine_scenario(m)->config;
    if (v->detail == DETAIL_CUSTODY_BYTES || v->detail == DETAIL_CUSTODY_LENGTH)
        return device_of(m, &config->console);
    return v->wanted < VIRTS ? device_of_virt(m, (uint32_t)v->wanted) : BOARD_NONE;
}

/* --- a connection ---------------------------------------------------------------------------- */

/* What the air may do to any connection: frames are lost, or come twice. Not both: one that is lost
 * and comes again has moved, and who hears it takes it for the anchor. */
static bool air_is_lawful(const struct air_conditions *air)
{
    uint32_t kinds = 0;
    for (uint32_t i = 0; i < air->fault_count; i++)
        kinds |= 1u << air->faults[i].how;
    const uint32_t loses = 1u << AIR_LOSE | 1u << AIR_CORRUPT;
    return !(kinds & ~loses) || kinds == 1u << AIR_REPEAT;
}

enum { INTERVAL, LATENCY, TIMEOUT, WINDOW_OFFSET, WINDOW_SIZE, AHEAD, AGO }; /* of an update */

/* Core Vol 6 Part B 2.4.2.1, 4.5.2 and 5.1.1. With nothing before it the instant may be the event
 * under way: the packet that tells of it is the anchor. */
static bool is_lawful_update(const uint64_t *a, uint64_t soonest)
{
    const uint64_t unit_ps = 1250 * PS_PER_US;
    return a[INTERVAL] >= 6 * unit_ps && a[INTERVAL] <= 3200 * unit_ps && a[LATENCY] <= 499 &&
           a[TIMEOUT] >= 100 * PS_PER_MS && a[TIMEOUT] <= 32000 * PS_PER_MS &&
           a[TIMEOUT] > 2 * (1 + a[LATENCY]) * a[INTERVAL] && a[WINDOW_OFFSET] <= a[INTERVAL] &&
           a[WINDOW_SIZE] >= unit_ps && a[WINDOW_SIZE] <= 8 * unit_ps &&
           a[WINDOW_SIZE] < a[INTERVAL] &&
           (a[AHEAD] > soonest || (a[AHEAD] == 0 && soonest == 1)) && a[AGO] == 0;
}

/* What a peripheral has to follow. Ours have one PHY for both ways, and read the first encrypted
 * packet before they answer it, which is too late. What begins at an instant may come behind it,
 * where something is lost on the way or waits before it. */
static bool is_lawful(const struct peer_action *action, uint64_t soonest, bool loses)
{
    const uint64_t *a = action->arguments;
    switch (action->verb) {
    case CENTRAL_DO_UPDATE:
        return !loses && is_lawful_update(a, soonest);
    case CENTRAL_DO_MAP: /* two channels at least: 4.5.8 */
        return !loses && (a[0] & (a[0] - 1)) != 0 && a[1] > soonest;
    case CENTRAL_DO_PHY:
        return !loses && a[0] == a[1] && a[2] > soonest + 1;
    default:
        return action->verb != CENTRAL_DO_PDU && action->verb != CENTRAL_DO_LEAP &&
               action->verb != CENTRAL_DO_ENCRYPT;
    }
}

/* Up to that event. What is lost behind it comes too late for what has been received by then. */
static bool plan_loses(const struct peer_plan *plan, uint64_t event)
{
    const uint32_t losing = 1u << CENTRAL_DO_SILENCE | 1u << CENTRAL_DO_CORRUPT |
                            1u << CENTRAL_DO_STOP_SN | 1u << CENTRAL_DO_STOP_NESN;
    uint32_t all = 0;
    for (uint32_t i = 0; i < plan->action_count; i++)
        if (plan->actions[i].at_event <= event)
            all |= 1u << plan->actions[i].verb;
    return all & losing;
}

/* Events that an instant lies ahead, and more: what the plan says before it goes first, and waits
 * for a peripheral that sleeps as long as it may. */
static uint64_t soonest_instant(const struct peer_plan *plan)
{
    uint64_t latency = plan->values[CENTRAL_LATENCY];
    for (uint32_t i = 0; i < plan->action_count; i++)
        if (plan->actions[i].verb == CENTRAL_DO_UPDATE &&
            plan->actions[i].arguments[LATENCY] > latency)
            latency = plan->actions[i].arguments[LATENCY];
    return (1 + latency) * plan->action_count;
}

static bool plan_is_lawful(const struct peer_plan *plan, const struct air_conditions *air)
{
    const uint64_t soonest = soonest_instant(plan);
    bool lawful = true;
    for (uint32_t i = 0; i < plan->action_count; i++) {
        const struct peer_action *action = &plan->actions[i];
        bool loses = air->fault_count > 0 || plan_loses(plan, action->at_event + soonest);
        lawful &= is_lawful(action, soonest, loses);
    }
    return lawful;
}

static bool plays_tape(const struct scenario_app *app)
{
    return app->engine == &bytes_engine;
}

/* The peripheral was ended, somebody changed what the central said, or the central said what none
 * may say: the connection may then be over for one side alone. */
static bool is_disturbed(const struct scenario *s)
{
    bool disturbed = !air_is_lawful(&s->air);
    for (uint32_t i = 0; i < s->injection_count; i++)
        disturbed |= !plays_tape(&s->apps[s->injections[i].process]);
    for (uint32_t i = 0; i < s->peer_count; i++)
        disturbed |=
            s->peers[i].type == &central_peer && !plan_is_lawful(&s->peers[i].plan, &s->air);
    return disturbed;
}

/* Its judge has lost a connection. */
static bool is_astray(const struct machine *m)
{
    bool astray = false;
    for (uint32_t i = 0; i < ble_connection_count(m); i++) {
        const struct ble_connection_facts *facts = ble_connection(m, i);
        astray |= facts && ble_is_astray(facts);
    }
    return astray;
}

/* An app beside has called the kernel, which ends each call before it serves the peripheral. The
 * waits of two lives are none. */
static bool is_kernel_busy(struct machine *m)
{
    const struct scenario *s = machine_scenario(m);
    bool busy = false;
    for (uint32_t i = 0; i < s->app_count; i++) {
        const struct ledger_process *p = &ledger_of(m)->processes[i];
        busy |= plays_tape(&s->apps[i]) && (p->calls > 2 || p->life > 2);
    }
    return busy;
}

/* Nothing ends the wait for an engine that does not answer; or it goes on with what it was at work
 * with when it hung. */
static bool key_excused(const struct machine *m, const struct verdict *v)
{
    if (v->detail == DETAIL_KEYS_DEAD)
        return befallen(m, device_of(m, &machine_scenario(m)->config.alarm), COUNTER_FAILS);
    return befallen(m, device_of_virt(m, VIRT_CRYPTO), MISSES_RESET);
}

/* An app has faulted that wants the kernel to end with it: nothing runs behind that. */
static bool panic_is_due(struct machine *m)
{
    const struct scenario *s = machine_scenario(m);
    bool is_due = false;
    for (uint32_t i = 0; i < s->app_count; i++) {
        const struct ledger_process *p = &ledger_of(m)->processes[i];
        is_due |= s->images[i].fault_policy == FAULT_PANIC && !p->live && p->ended_due &&
                  machine_process_facts(m, i).state == PROCESS_FAULTED;
    }
    return is_due;
}

bool verdict_excused(struct machine *m, const struct verdict *v)
{
    bool is_expected = gate_expects(machine_scenario(m), v); /* as the stage's text says */
    if (v->rule == RULE_KERNEL_PANIC)
        return is_expected && panic_is_due(m);
    if (is_expected)
        return true;
    switch (v->rule) {
    case RULE_ALARM_TIME:
        return befallen(m, device_of(m, &machine_scenario(m)->config.alarm), COUNTER_FAILS);
    case RULE_BUFFER_CUSTODY:
        return befallen(m, master_of(m, v), DMA_LIES);
    case RULE_BLE_WINDOW:
    case RULE_BLE_LINK:
        return is_disturbed(machine_scenario(m)) || is_astray(m) || is_kernel_busy(m);
    case RULE_VIRT_CALLBACK: /* the alarm alone ends the wait for a device */
        return v->detail == DETAIL_VIRT_ORPHAN &&
               befallen(m, device_of(m, &machine_scenario(m)->config.alarm), COUNTER_FAILS);
    case RULE_LIVELOCK:
        return v->detail == DETAIL_LIVELOCK_LINE && erases_at_once(m);
    case RULE_KEY_CUSTODY:
        return key_excused(m, v);
    case RULE_STORAGE_REGION: /* the flash controller says that it is ready, and is not */
        return befallen(m, device_of_virt(m, VIRT_STORAGE), LIES);
    default:
        return false;
    }
}

bool loss_excused(const struct machine *m, uint32_t device)
{
    bool is_flash = device == device_of_virt(m, VIRT_STORAGE);
    return befallen(m, device, is_flash ? LIES : KIND(RECEIVE) | KIND(DELAY));
}
