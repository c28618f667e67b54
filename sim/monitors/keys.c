/* keys: key-custody, for the key registers of a crypto engine (model/virt/key_slots.h).
 *
 * The kernel's notes say whose a register is and whose operation is under way; the engine says what
 * stands in its areas (device_key), in its own copy, in its vector, and which area it works with:
 *
 *   a register that comes to a client is nobody's, and empty; one that is free is empty, always;
 *   when an operation begins, or a register is reserved while none is under way, the engine's copy
 *   and the vector are zeros: nothing of an earlier operation is there to be used;
 *   DMA fills areas of the client whose operation it is, and no other; data go through the engine
 *   with the key of that client's area, and with nothing else, no key of zeros either;
 *   a register of the dead is free once nothing of theirs is under way.
 *
 * Cannot see: whether the key that was loaded is the one that its client meant; an engine that
 * hangs obeys nobody, and is not judged.
 */
#include "model/process.h"
#include "model/virt/turn.h"
#include "sim/machine.h"
#include "sim/monitors.h"
#include <string.h>

#define ORPHAN_MAX_PS (200 * PS_PER_MS) /* as of virt_turns */

enum { AREA_MAX = 15, TO_KEY_STORE = 1, TO_ENGINE = 2, IN_KEY = 0, IN_VECTOR = 1 };

struct keys {
    uint32_t device;         /* the engine's index */
    uint32_t areas;          /* the key behind them is the engine's own */
    uint8_t client;          /* whose operation is under way, or was last; CLIENT_NONE: none is */
    uint8_t owner[AREA_MAX]; /* CLIENT_NONE: free */
    bool dead[AREA_MAX];     /* its owner has died */
    uint64_t dead_ps[AREA_MAX];
};

static struct span engine_of(const struct scenario *s)
{
    return s->config.virts[VIRT_CRYPTO].present
               ? (struct span){s->config.virts[VIRT_CRYPTO].base, 1}
               : (struct span){0, 0};
}

static size_t size_for(const struct scenario *s)
{
    return engine_of(s).size ? sizeof(struct keys) : 0;
}

static uint32_t process_of(uint32_t client)
{
    return client < CLIENT_KERNEL ? client : PROCESS_NONE;
}

static void broken(struct machine *m, uint32_t client, enum verdict_detail detail, uint64_t got,
                   uint64_t wanted)
{
    break_add(m, RULE_KEY_CUSTODY, process_of(client), engine_of(machine_scenario(m)).base, detail,
              got, wanted);
}

/* ---- what the engine holds */

static uint32_t value_of(const struct device *d, const char *name, uint32_t more)
{
    int row = device_row_named(d->type, name);
    const uint32_t *values = (const uint32_t *)(d + 1);
    return row < 0 ? 0 : values[(uint32_t)row + more];
}

static bool is_zero(const uint8_t *key)
{
    uint64_t halves[2];
    _Static_assert(sizeof halves == DEVICE_KEY_SIZE, "all of a key");
    memcpy(halves, key, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

static bool same(const uint8_t *a, const uint8_t *b)
{
    uint32_t any = 0;
    for (uint32_t i = 0; i < DEVICE_KEY_SIZE; i++)
        any |= a[i] ^ b[i];
    return any == 0;
}

static void judge_engine(struct machine *m, const struct keys *k, uint32_t client)
{
    const struct device *d = machine_device(m, k->device);
    uint32_t vector = 0;

    if (k->areas == 0 || d->fault.hung)
        return;
    for (uint32_t word = 0; word < 4; word++)
        vector |= value_of(d, "AESIV_0", word);
    if (!is_zero(device_key(d, k->areas)))
        broken(m, client, DETAIL_KEYS_ENGINE, IN_KEY, 0);
    if (vector != 0)
        broken(m, client, DETAIL_KEYS_ENGINE, IN_VECTOR, 0);
}

static void judge_free(struct machine *m, const struct keys *k)
{
    const struct device *d = machine_device(m, k->device);

    for (uint32_t n = 0; n < k->areas && !d->fault.hung; n++)
        if (k->owner[n] == CLIENT_NONE && !is_zero(device_key(d, n)))
            broken(m, PROCESS_NONE, DETAIL_KEYS_LEFT, n, 0);
}

/* ---- whose the registers are */

static void reserved(struct machine *m, struct keys *k, uint32_t client, uint32_t n)
{
    if (k->owner[n] != CLIENT_NONE)
        broken(m, client, DETAIL_KEYS_TAKEN, n, k->owner[n]);
    else if (k->client == CLIENT_NONE)
        judge_engine(m, k, client);
    judge_free(m, k);
    k->owner[n] = (uint8_t)client;
    k->dead[n] = false;
}

static void dies(const struct record *r, struct keys *k)
{
    for (uint32_t n = 0; n < k->areas; n++)
        if (k->owner[n] == r->process && !k->dead[n]) {
            k->dead[n] = true;
            k->dead_ps[n] = r->at_ps;
        }
}

/* The kernel leaves: it has done what it could. */
static void judge_dead(struct machine *m, const struct keys *k)
{
    for (uint32_t n = 0; n < k->areas; n++)
        if (k->dead[n] && !machine_device(m, k->device)->fault.hung &&
            (k->client != k->owner[n] || machine_now_ps(m) - k->dead_ps[n] > ORPHAN_MAX_PS))
            broken(m, k->owner[n], DETAIL_KEYS_DEAD, n, 0);
}

/* ---- what it works with */

static void area_used(struct machine *m, const struct keys *k, uint32_t n)
{
    if (n >= k->areas || k->owner[n] != k->client || k->client == CLIENT_NONE)
        broken(m, k->client, DETAIL_KEYS_FOREIGN, n, n < k->areas ? k->owner[n] : CLIENT_NONE);
}

static void on_dma(struct machine *m, const struct keys *k)
{
    const struct device *d = machine_device(m, k->device);
    uint32_t target = value_of(d, "ALGSEL", 0), into = value_of(d, "KEYWRITEAREA", 0);
    uint32_t n = value_of(d, "KEYREADAREA", 0);

    rule_armed(m, RULE_KEY_CUSTODY);
    for (uint32_t i = 0; target == TO_KEY_STORE && i < k->areas; i++)
        if (into >> i & 1)
            area_used(m, k, i);
    if (target != TO_ENGINE)
        return;
    area_used(m, k, n);
    if (n < k->areas && (!(value_of(d, "KEYWRITTENAREA", 0) >> n & 1) ||
                         !same(device_key(d, n), device_key(d, k->areas))))
        broken(m, k->client, DETAIL_KEYS_OTHER, n, 0);
}

/* ---- */

static void on_key(struct machine *m, struct keys *k, const struct record *r)
{
    uint32_t n = pair_low(r->value), client = pair_high(r->value) >> 8;

    rule_armed(m, RULE_KEY_CUSTODY);
    if (n >= k->areas)
        return;
    if (r->kind == EVENT_OF(NOTE_KEY_RESERVED)) {
        reserved(m, k, client, n);
        return;
    }
    k->owner[n] = CLIENT_NONE;
    k->dead[n] = false;
    judge_free(m, k);
}

static void on_client(struct machine *m, struct keys *k, const struct record *r)
{
    if (r->address != VIRT_CRYPTO)
        return;
    k->client = CLIENT_NONE;
    if (r->kind != EVENT_OF(NOTE_CLIENT_BEGUN))
        return;
    k->client = (uint8_t)pair_low(r->value);
    judge_engine(m, k, k->client);
    judge_free(m, k);
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct keys *k = state;

    switch (r->kind) {
    case EVENT_DMA_READ:
    case EVENT_DMA_WRITE:
        if (pair_high(r->value) == k->device)
            on_dma(m, k);
        break;
    case EVENT_RUN:
    case EVENT_SLEEP:
        judge_dead(m, k);
        judge_free(m, k);
        break;
    case EVENT_OF(NOTE_PROCESS_END):
        dies(r, k);
        break;
    case EVENT_OF(NOTE_CLIENT_BEGUN):
    case EVENT_OF(NOTE_CLIENT_DONE):
        on_client(m, k, r);
        break;
    default:
        on_key(m, k, r);
        break;
    }
}

static void at_end(struct machine *m, void *state)
{
    judge_dead(m, state);
    judge_free(m, state);
}

static void start(struct machine *m, void *state)
{
    struct keys *k = state;
    const struct scenario *s = machine_scenario(m);

    k->device = board_device_at(&s->board, engine_of(s).base);
    const struct device_type *type =
        k->device < s->board.device_count ? s->board.devices[k->device].type : NULL;
    k->areas = type && type->key_count > 0 ? type->key_count - 1u : 0;
    if (k->areas > AREA_MAX)
        k->areas = AREA_MAX;
    k->client = CLIENT_NONE;
    for (uint32_t n = 0; n < AREA_MAX; n++)
        k->owner[n] = CLIENT_NONE;
}

const struct monitor monitor_keys = {
    .name = "keys",
    .kinds = {KIND_EVENT(EVENT_DMA_READ) | KIND_EVENT(EVENT_DMA_WRITE) | KIND_EVENT(EVENT_RUN) |
                  KIND_EVENT(EVENT_SLEEP),
              KIND_NOTE(NOTE_PROCESS_END) | KIND_NOTE(NOTE_CLIENT_BEGUN) |
                  KIND_NOTE(NOTE_CLIENT_DONE) | KIND_NOTE(NOTE_KEY_RESERVED) |
                  KIND_NOTE(NOTE_KEY_FREED)},
    .size_for = size_for,
    .rules = KIND_BIT(RULE_KEY_CUSTODY),
    .always = true,
    .start = start,
    .on_record = on_record,
    .at_end = at_end,
};
