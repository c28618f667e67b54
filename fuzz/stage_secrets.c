/* stage_secrets.c: see stage_secrets.h. */
#include "fuzz/stage_secrets.h"

#include "fuzz/stage_device.h"
#include "sim/world/catalogue.h"
#include <string.h>

/* --- making ---------------------------------------------------------------------------------- */

static uint32_t verb_named(const char *name)
{
    uint32_t verb = 0;
    while (strcmp(host_peer.verbs[verb].name, name) != 0)
        verb++;
    return verb;
}

static void find_host(struct stage_secrets *secrets)
{
    struct scenario *s = secrets->scenario;
    for (uint32_t i = 0; i < s->peer_count; i++) {
        if (s->peers[i].type != &host_peer)
            continue;
        secrets->host = &s->peers[i].plan;
        secrets->own_actions = secrets->host->action_count;
        secrets->verbs[0] = verb_named("frame");
        secrets->verbs[1] = verb_named("datagram");
    }
}

bool stage_secrets_make(struct stage_secrets *secrets, struct scenario *scenario,
                        const struct secret_kind *of, const struct tape_user *user)
{
    secrets->of = *of;
    secrets->scenario = scenario;
    secrets->user = user;
    find_host(secrets);
    secrets->twins = twins_make(scenario, of->process, &secrets->result);
    return secrets->twins;
}

void stage_secrets_free(struct stage_secrets *secrets)
{
    twins_free(secrets->twins);
    secrets->twins = NULL;
}

/* --- planning -------------------------------------------------------------------------------- */

void stage_secrets_choose(struct stage_secrets *secrets, struct tape *tape)
{
    uint32_t count = 0;
    secrets->sent.count = 0;
    for (uint32_t i = 0; i < tape->count; i++) {
        const struct tape_op op = tape->ops[i];
        bool is_frame = op.stream == STREAM_DEVICE && op.kind == DEVICE_FRAME;
        if (!(secrets->user->kinds[op.stream] >> op.kind & 1))
            continue;
        if (is_frame && secrets->host)
            secrets->sent.ops[secrets->sent.count++] = op;
        else
            tape->ops[count++] = op;
    }
    tape->count = count;
}

static uint64_t argument_named(const struct peer_verb *verb, const char *name)
{
    uint64_t i = 0;
    while (strcmp(verb->arguments[i].name, name) != 0)
        i++;
    return i;
}

/* In the order of time, as a plan is. */
static struct peer_action *room_for(struct peer_plan *plan, uint64_t at_ps)
{
    uint32_t place = plan->action_count++;
    for (; place > 0 && plan->actions[place - 1].at_ps > at_ps; place--)
        plan->actions[place] = plan->actions[place - 1];
    return &plan->actions[place];
}

static void add_action(struct stage_secrets *secrets, const struct tape_op *op, uint64_t at_ps)
{
    struct peer_plan *plan = secrets->host;
    uint32_t number = plan->action_count, app = op->which % secrets->scenario->app_count;
    bool is_datagram = op->which >= 128;
    uint32_t verb = secrets->verbs[is_datagram];
    const struct peer_verb *row = &host_peer.verbs[verb];
    struct peer_action *action = room_for(plan, at_ps);
    *action = (struct peer_action){.at_ps = at_ps,
                                   .at_event = UINT32_MAX,
                                   .verb = (uint16_t)verb,
                                   .timed = true,
                                   .secret_of = (uint8_t)(1 + app)};
    for (uint32_t i = 0; i < row->argument_count; i++)
        action->arguments[i] = row->arguments[i].reset;
    action->arguments[argument_named(row, is_datagram ? "to" : "address")] =
        is_datagram ? bytes_udp_port(app) : bytes_frame_address(app);
    action->arguments[argument_named(row, "hex")] = 1 + number;
    memset(secrets->bytes[number], op->value[0].pick, SECRET_OCTETS_MAX);
    secrets->octets[number] = (struct peer_octets){.next = plan->octets,
                                                   .number = 1 + number,
                                                   .size = 1 + op->size % SECRET_OCTETS_MAX,
                                                   .octets = secrets->bytes[number]};
    plan->octets = &secrets->octets[number];
}

static void plan_host(struct stage_secrets *secrets, uint64_t at_ps)
{
    secrets->host->action_count = secrets->own_actions;
    secrets->host->octets = NULL; /* no stage has any of its own */
    for (uint32_t i = 0; i < secrets->sent.count; i++) {
        if (secrets->host->action_count == PEER_ACTION_MAX)
            return;
        at_ps += secrets->sent.ops[i].number * DEVICE_STEP_PS;
        add_action(secrets, &secrets->sent.ops[i], at_ps);
    }
}

/* All but its owner begin anew: what they have asked for is nobody's. Then text may come. */
static void plan_turn(const struct stage_secrets *secrets)
{
    struct scenario *s = secrets->scenario;
    for (uint32_t i = 0; i < s->injection_count; i++) {
        struct injection *plan = &s->injections[i];
        if (plan->kind != INJECT_RECEIVE || plan->at_event)
            continue;
        plan->at_ps += STAGE_TURN_PS + PS_PER_MS;
        plan->secret_of = secrets->of.process;
    }
    for (uint32_t i = 0; i < s->app_count; i++)
        if (i != secrets->of.process)
            s->injections[s->injection_count++] =
                (struct injection){.kind = INJECT_RESTART, .at_ps = STAGE_TURN_PS, .process = i};
}

void stage_secrets_plan(struct stage_secrets *secrets, uint64_t start_ps)
{
    if (secrets->host)
        plan_host(secrets, start_ps);
    if (secrets->of.turns)
        plan_turn(secrets);
}

/* --- comparing ------------------------------------------------------------------------------- */

/* All others began again; who had not begun might read yet. */
static bool took_turns(const struct stage_secrets *secrets)
{
    bool took = true;
    for (uint32_t i = 0; secrets->of.turns && i < secrets->scenario->app_count; i++)
        for (uint32_t run = 0; run < 2; run++)
            took &= i == secrets->of.process ||
                    machine_app(twins_machine(secrets->twins, run), i)->lives > 1;
    return took;
}

bool stage_secrets_compare(struct stage_secrets *secrets)
{
    secrets->hands = (struct bytes_hands){0};
    twins_compare(secrets->twins, &secrets->result);
    if (secrets->result.end == TWINS_LEAK && !took_turns(secrets))
        secrets->result.end = TWINS_VACUOUS;
    return secrets->result.end == TWINS_LEAK;
}
