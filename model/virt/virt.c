#include "model/virt/virt.h"

#include "model/capsule_state.h"
#include "model/chip_rtc.h"
#include "model/kernel.h"

const struct virt_type *const virts[VIRTS] = {
#define VIRT_ROW(number, name, home) [number] = &virt_##name,
    VIRT_LIST(VIRT_ROW)
#undef VIRT_ROW
};

struct virt *virt_of(struct kernel *k, const struct virt_type *type)
{
    return &k->services.virts[type->id];
}

const struct driver_place *virt_place(const struct kernel *k, const struct virt_type *type)
{
    return config_virt(k->config, type->id);
}

static void note(struct hw *hw, enum note what, const struct virt_type *type, uint32_t client,
                 uint32_t more)
{
    hw_note(hw, what, client_is_process(client) ? client : PROCESS_NONE, type->id,
            pair(client, more));
}

bool virt_present(const struct kernel *k, const struct virt_type *type)
{
    if (!virt_place(k, type)->present)
        return false;
    struct span last = virt_client_buffer(k, type->id, CLIENT_KERNEL + KERNEL_CLIENT_MAX - 1);
    return last.base + last.size - k->config->kernel_ram.base <= k->config->kernel_ram.size;
}

void virt_start(struct kernel *k, struct hw *hw, const struct virt_type *type)
{
    struct virt *v = virt_of(k, type);

    KASSERT(hw, type->begin && type->deliver && type->kernel_request);
    KASSERT(hw, virt_client_buffer(k, type->id, CLIENT_KERNEL + KERNEL_CLIENT_MAX).base -
                        k->config->kernel_ram.base <=
                    VIRT_RAM_OFFSET + VIRT_KERNEL_RAM);
    *v = (struct virt){.client = CLIENT_NONE};
    custody_start(&v->custody, hw, type->id, virt_buffer(k, type->id));
    if (k->config->kernel_clients[type->id].count > 0)
        k->services.virts_deferred |= (uint32_t)1 << type->id;
}

/* ---- requests */

/* A process's grant has room for what its driver's requests need of the words. */
static uint32_t words_of(const struct virt_type *type)
{
    uint32_t words = type->driver->grant_bytes / 4;

    return words < VIRT_WORDS ? words : VIRT_WORDS;
}

static enum err request_store(struct kernel *k, struct hw *hw, const struct virt_type *type,
                              uint32_t client, const uint32_t request[VIRT_WORDS])
{
    if (client_is_process(client))
        return capsule_state_store(hw, &k->processes[client], type->driver, request,
                                   words_of(type));
    memcpy(virt_of(k, type)->requests[client - CLIENT_KERNEL], request,
           sizeof(uint32_t) * VIRT_WORDS);
    return ERR_NONE;
}

static enum err request_load(struct kernel *k, struct hw *hw, const struct virt_type *type,
                             uint32_t client, uint32_t request[VIRT_WORDS])
{
    memset(request, 0, sizeof(uint32_t) * VIRT_WORDS);
    if (client_is_process(client))
        return capsule_state_load(hw, &k->processes[client], type->driver, request, words_of(type));
    memcpy(request, virt_of(k, type)->requests[client - CLIENT_KERNEL],
           sizeof(uint32_t) * VIRT_WORDS);
    return ERR_NONE;
}

/* ---- one operation after another */

/* Those that wait and may share what has just begun. */
static void others_join(struct kernel *k, struct hw *hw, const struct virt_type *type,
                        const uint32_t request[VIRT_WORDS])
{
    struct virt *v = virt_of(k, type);
    uint32_t theirs[VIRT_WORDS];

    for (uint32_t client = clients_from(&v->turn.waiting, 0); client != CLIENT_NONE;
         client = clients_from(&v->turn.waiting, client + 1)) {
        if (request_load(k, hw, type, client, theirs) || !type->joins(request, theirs))
            continue;
        turn_forget(&v->turn, client);
        clients_add(&v->joined, client);
        note(hw, NOTE_CLIENT_BEGUN, type, client, true);
    }
}

static void call_later(struct kernel *k, const struct virt_type *type)
{
    k->services.virts_deferred |= (uint32_t)1 << type->id;
}

/* Its client may still be in the call that asks. */
static void over_at_once(struct kernel *k, const struct virt_type *type, enum err err,
                         uint32_t result)
{
    struct virt *v = virt_of(k, type);

    v->over = true;
    v->err = (uint8_t)err;
    v->result = result;
    call_later(k, type);
}

/* For the next piece, or, where the chip does it all, until it is given up. */
static void alarm_begin(struct kernel *k, struct hw *hw, const struct virt_type *type)
{
    uint32_t us = type->step ? type->step_us : 1000 * (uint32_t)type->timeout_ms;

    if (us > 0)
        alarm_kernel_set(k, hw, type->id,
                         alarm_now(k, hw) + ((uint64_t)us * RTC_HZ + 999999) / 1000000);
}

void virt_progress(struct kernel *k, struct hw *hw, const struct virt_type *type)
{
    virt_of(k, type)->polls = 0;
    if (!type->step)
        alarm_begin(k, hw, type);
}

/* Whose it is stands before the chip is set to work: it may be done at once. */
static void operation_begin(struct kernel *k, struct hw *hw, const struct virt_type *type,
                            uint32_t client)
{
    struct virt *v = virt_of(k, type);
    uint32_t request[VIRT_WORDS];

    v->client = (uint8_t)client;
    v->progress = 0;
    v->beginning = true;
    v->polls = 0;
    note(hw, NOTE_CLIENT_BEGUN, type, client, false);
    enum err err = request_load(k, hw, type, client, request);
    if (!err)
        err = type->begin(k, hw, client, request);
    v->beginning = false;
    if (err)
        over_at_once(k, type, err, 0);
    if (v->over)
        return;
    alarm_begin(k, hw, type);
    if (type->joins)
        others_join(k, hw, type, request);
}

static void serve(struct kernel *k, struct hw *hw, const struct virt_type *type)
{
    struct virt *v = virt_of(k, type);

    if (v->client != CLIENT_NONE)
        return;
    uint32_t client = turn_take(&v->turn);
    if (client != CLIENT_NONE)
        operation_begin(k, hw, type, client);
}

bool virt_has(struct kernel *k, const struct virt_type *type, uint32_t client)
{
    const struct virt *v = virt_of(k, type);

    return clients_have(&v->turn.waiting, client) || clients_have(&v->joined, client) ||
           (v->client == client && !v->orphan && !v->ending);
}

enum err virt_ask(struct kernel *k, struct hw *hw, const struct virt_type *type, uint32_t client,
                  const uint32_t request[VIRT_WORDS])
{
    struct virt *v = virt_of(k, type);

    note(hw, NOTE_CLIENT_ASKS, type, client, 0);
    bool busy = v->closed || virt_has(k, type, client);
    enum err err = busy ? ERR_BUSY : request_store(k, hw, type, client, request);
    if (!err) {
        turn_ask(&v->turn, client);
        serve(k, hw, type);
    }
    note(hw, NOTE_CLIENT_ANSWERED, type, client, err);
    return err;
}

enum err virt_ask_process(struct kernel *k, struct hw *hw, const struct virt_type *type,
                          struct process *p, const uint32_t request[VIRT_WORDS])
{
    enum err err = grant_allocate(hw, p, type->driver);

    if (!err)
        err = grant_enter(hw, p, type->driver);
    if (err)
        return err;
    err = virt_ask(k, hw, type, p->id.index, request);
    grant_leave(p, type->driver);
    return err;
}

/* ---- callbacks */

/* A component of the kernel asks again in its callback, as long as the board wants it to; not if
 * what it asked was over at once: it would ask for that for ever, at no cost to itself. */
static void kernel_client_ask(struct kernel *k, struct hw *hw, const struct virt_type *type,
                              uint32_t client)
{
    uint32_t *asked = &virt_of(k, type)->asked[client - CLIENT_KERNEL];
    uint32_t most = k->config->kernel_clients[type->id].operations;
    uint32_t request[VIRT_WORDS] = {0};

    if (most && *asked >= most)
        return;
    if (type->kernel_prepare)
        type->kernel_prepare(k, hw, client);
    type->kernel_request(client, request);
    if (!virt_ask(k, hw, type, client, request))
        ++*asked;
}

static void called_back(struct kernel *k, struct hw *hw, const struct virt_type *type,
                        uint32_t client, enum err err, uint32_t result)
{
    note(hw, NOTE_CLIENT_DONE, type, client, err);
    if (client_is_process(client)) {
        uint32_t request[VIRT_WORDS];
        if (!request_load(k, hw, type, client, request))
            type->deliver(k, hw, &k->processes[client], request, err, result);
    } else if (client == CLIENT_NETWORK) {
        type->network_done(k, hw, err, result);
    } else if (!virt_of(k, type)->over) {
        kernel_client_ask(k, hw, type, client);
    }
}

static void joined_called_back(struct kernel *k, struct hw *hw, const struct virt_type *type,
                               enum err err, uint32_t result)
{
    struct clients *joined = &virt_of(k, type)->joined;

    for (uint32_t client = clients_from(joined, 0); client != CLIENT_NONE;
         client = clients_from(joined, client + 1)) {
        clients_remove(joined, client);
        called_back(k, hw, type, client, err, result);
    }
}

static void operation_end(struct kernel *k, struct hw *hw, const struct virt_type *type,
                          enum err err, uint32_t result)
{
    struct virt *v = virt_of(k, type);

    v->ending = true;
    if (type->timeout_ms > 0)
        alarm_kernel_set(k, hw, type->id, ALARM_NEVER);
    if (v->given_up)
        err = ERR_FAIL;
    v->given_up = false;
    custody_back(&v->custody, hw);
    if (!v->orphan)
        called_back(k, hw, type, v->client, err, result);
    joined_called_back(k, hw, type, err, result);
    custody_wipe(&v->custody, hw);
    v->client = CLIENT_NONE;
    v->orphan = false;
    v->over = false;
    v->ending = false;
    serve(k, hw, type);
}

void virt_end(struct kernel *k, struct hw *hw, const struct virt_type *type, enum err err,
              uint32_t result)
{
    const struct virt *v = virt_of(k, type);

    if (v->client == CLIENT_NONE || v->over || v->ending)
        return;
    if (v->beginning)
        over_at_once(k, type, err, result);
    else
        operation_end(k, hw, type, err, result);
}

static void give_up(struct kernel *k, struct hw *hw, const struct virt_type *type)
{
    struct virt *v = virt_of(k, type);

    v->given_up = true;
    if (type->abort)
        type->abort(k, hw);
    if (v->given_up)
        virt_end(k, hw, type, ERR_FAIL, 0);
}

/* The pause begins when the piece is over. */
static void next_step(struct kernel *k, struct hw *hw, const struct virt_type *type)
{
    const struct virt *v = virt_of(k, type);

    type->step(k, hw);
    if (v->client != CLIENT_NONE && !v->over)
        alarm_begin(k, hw, type);
}

void virt_alarm(struct kernel *k, struct hw *hw, const struct virt_type *type)
{
    struct virt *v = virt_of(k, type);

    if (v->client == CLIENT_NONE || v->over)
        return;
    if (type->step && (uint32_t)v->polls++ * type->step_us < 1000 * (uint32_t)type->timeout_ms)
        next_step(k, hw, type);
    else
        give_up(k, hw, type);
}

void virt_forget(struct kernel *k, struct hw *hw, const struct virt_type *type,
                 struct process_id id)
{
    struct virt *v = virt_of(k, type);

    turn_forget(&v->turn, id.index);
    clients_remove(&v->joined, id.index);
    if (v->client != id.index || v->orphan)
        return;
    v->orphan = true;
    if (type->abort && !v->over && clients_from(&v->joined, 0) == CLIENT_NONE)
        type->abort(k, hw);
}

enum err virt_close(struct kernel *k, const struct virt_type *type)
{
    struct virt *v = virt_of(k, type);

    if (v->closed || v->client != CLIENT_NONE)
        return ERR_BUSY;
    v->closed = true;
    return ERR_NONE;
}

void virt_open(struct kernel *k, const struct virt_type *type)
{
    virt_of(k, type)->closed = false;
    call_later(k, type); /* kernel clients may have been told ERR_BUSY */
}

static void kernel_clients_wake(struct kernel *k, struct hw *hw, const struct virt_type *type)
{
    for (uint32_t i = 0; i < k->config->kernel_clients[type->id].count; i++)
        if (virt_of(k, type)->asked[i] == 0)
            kernel_client_ask(k, hw, type, CLIENT_KERNEL + i);
}

static void deferred_call(struct kernel *k, struct hw *hw, const struct virt_type *type)
{
    struct virt *v = virt_of(k, type);

    k->services.virts_deferred &= ~((uint32_t)1 << type->id);
    hw_spend(hw, PATH_INTERRUPT_BOTTOM, 1); /* as dear as one, without the interrupt */
    if (v->over)
        operation_end(k, hw, type, (enum err)v->err, v->result);
    kernel_clients_wake(k, hw, type);
}

bool virt_deferred(struct kernel *k, struct hw *hw)
{
    uint32_t due = k->services.virts_deferred;

    if (!due)
        return false;
    for (uint32_t i = 0; i < VIRTS; i++)
        if (due >> i & 1)
            deferred_call(k, hw, virts[i]);
    return true;
}

void virt_upcall(struct kernel *k, struct hw *hw, const struct virt_type *type,
                 const struct process *p, uint32_t n, uint32_t a, uint32_t b, uint32_t c)
{
    const uint32_t args[3] = {a, b, c};
    enum err err = upcall_queue(k, hw, p->id, type->driver, n, args);

    (void)err; /* dropped ones are counted there */
}
