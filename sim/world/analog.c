/* analog.c: what drives one analog input of the board: a voltage that stands, and changes by the
 * plan at given times.
 *
 * An event of its plan is a millisecond: "at_event": 5 is "at_ms": 5. Of several actions that are
 * due at one moment each comes a picosecond behind the one before it in the plan.
 */
#include "sim/world/catalogue.h"
#include <inttypes.h>
#include <stdio.h>

enum { MV, PARAMETERS };
enum { STAND, WAVE, VERBS };
enum { NOTE_MV = 1 };
enum { MV_MAX = 5000, MV_WAVE = 0xffff }; /* devices/saadc.c says what the second one means */

static const struct peer_parameter parameters[PARAMETERS] = {
    [MV] = {"mv", "millivolts from the start", PEER_NUMBER, 0, MV_MAX, 0, NULL, 0},
};

static const struct peer_verb verbs[VERBS] = {
    [STAND] = {"stand",
               "another voltage from now on",
               1,
               {{"mv", "millivolts", PEER_NUMBER, 0, MV_MAX, 0, NULL, 0}}},
    [WAVE] = {"wave", "lets go: the input moves as one without a peer", 0, {{0}}},
};

static const struct fact facts[] = {{"changes", "voltages after the first", NULL}};

struct analog {
    uint64_t done; /* actions of the plan, one bit each */
    uint32_t changes;
};

_Static_assert(PEER_ACTION_MAX <= 64, "a bit for each action");

static uint64_t action_ps(const struct peer_action *action)
{
    return action->timed ? action->at_ps : action->at_event * PS_PER_MS;
}

/* The first of the plan that is not done; PEER_ACTION_MAX: none. */
static uint32_t next_action(const struct device *d)
{
    const struct analog *a = device_state_read(d);
    const struct peer_plan *plan = peer_plan(d);
    uint32_t next = PEER_ACTION_MAX;
    for (uint32_t i = 0; i < plan->action_count; i++) {
        bool sooner = next == PEER_ACTION_MAX ||
                      action_ps(&plan->actions[i]) < action_ps(&plan->actions[next]);
        if (!(a->done >> i & 1) && sooner)
            next = i;
    }
    return next;
}

static void plan_wake(struct device *d)
{
    uint32_t next = next_action(d);
    d->wake_ps = next == PEER_ACTION_MAX ? TIME_NEVER : action_ps(&peer_plan(d)->actions[next]);
}

static void put(struct device *d, uint32_t mv)
{
    device_request(d, (struct device_request){.kind = REQUEST_WIRE, .size = (uint16_t)mv});
    device_request(
        d, (struct device_request){.kind = REQUEST_NOTE, .address = NOTE_MV, .state_offset = mv});
}

static void analog_wake(struct device *d)
{
    struct analog *a = device_state(d);
    uint32_t next = next_action(d);
    const struct peer_action *action = &peer_plan(d)->actions[next];
    a->done |= UINT64_C(1) << next;
    a->changes++;
    put(d, action->verb == STAND ? (uint32_t)action->arguments[0] : MV_WAVE);
    plan_wake(d);
}

static void analog_reset(struct device *d)
{
    put(d, (uint32_t)peer_plan(d)->values[MV]);
    plan_wake(d);
}

static uint64_t analog_fact(const struct device *d, uint32_t fact)
{
    const struct analog *a = device_state_read(d);
    (void)fact;
    return a->changes;
}

static const char *note_name(uint32_t number)
{
    return number == NOTE_MV ? "mv" : NULL;
}

static const char *note_text(uint32_t number, uint32_t value, char *text, size_t size)
{
    (void)number;
    if (value == MV_WAVE)
        (void)snprintf(text, size, "moves");
    else
        (void)snprintf(text, size, "stands at %" PRIu32 " mV", value);
    return text;
}

const struct peer_type analog_peer = {
    .type = {.name = "analog",
             .wire = WIRE_ANALOG,
             .state_size = sizeof(struct analog),
             .on_reset = analog_reset,
             .on_wake = analog_wake},
    .about = "a voltage on an analog input",
    .parameters = parameters,
    .parameter_count = PARAMETERS,
    .verbs = verbs,
    .verb_count = VERBS,
    .facts = facts,
    .fact_count = sizeof facts / sizeof facts[0],
    .fact = analog_fact,
    .note_name = note_name,
    .note_text = note_text,
    .timed = true,
};
