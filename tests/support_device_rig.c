#include "tests/support_device_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool holds, const char *what, const char *which)
{
    if (holds)
        return;
    fprintf(stderr, "device rig: %s: %s\n", what, which);
    abort();
}

struct rig *rig_make_with(const struct device_type *type, struct clock hf, struct clock lf)
{
    struct rig *r = calloc(1, sizeof *r);
    must(r, "no memory", type->name);
    r->d = calloc(1, device_size(type));
    must(r->d, "no memory", type->name);
    *r->d = (struct device){.type = type, .size = type->window_size, .hf = hf, .lf = lf};
    r->d->random = random_start(1, RANDOM_DEVICE);
    device_reset(r->d);
    rig_serve(r);
    return r;
}

struct rig *rig_make(const struct device_type *type)
{
    struct clock hf = {.hz = 16000000}, lf = {.hz = 32768};
    return rig_make_with(type, hf, lf);
}

void rig_free(struct rig *r)
{
    free(r->d);
    free(r);
}

static void serve_dma(struct rig *r, struct rig_entry *entry, const struct device_request *q)
{
    uint32_t at = q->address - RIG_RAM_BASE;
    must((size_t)q->state_offset + q->size <= r->d->type->state_size, "DMA past the state",
         r->d->type->name);
    entry->refused = at >= RIG_RAM_SIZE || q->size > RIG_RAM_SIZE - at;
    uint8_t *state = (uint8_t *)device_state(r->d) + q->state_offset;
    if (!entry->refused && q->kind == REQUEST_DMA_READ)
        memcpy(state, r->ram + at, q->size);
    if (!entry->refused && q->kind == REQUEST_DMA_WRITE)
        memcpy(r->ram + at, state, q->size);
    if (r->d->type->on_dma_done)
        r->d->type->on_dma_done(r->d, q, !entry->refused);
}

static void serve_air(struct rig *r, const struct device_request *q)
{
    bool send = q->kind != REQUEST_AIR_TUNE;
    size_t size = send ? sizeof r->sent : sizeof r->tuning;
    must(q->state_offset + size <= r->d->type->state_size, "air past the state", r->d->type->name);
    memcpy(send ? (void *)&r->sent : (void *)&r->tuning,
           (const uint8_t *)device_state(r->d) + q->state_offset, size);
}

static void serve_signal(struct rig *r, const struct device_request *q)
{
    const struct wire_signal signal = {.act = q->tag,
                                       .value = (uint8_t)q->size,
                                       .mode = (uint8_t)(q->size >> 8),
                                       .bit_ps = q->address};
    struct wire_answer answer = {.value = WIRE_NOBODY};
    if (r->peer)
        answer = r->peer(r->peer_context, &signal);
    r->d->type->on_answer(r->d, &signal, &answer);
}

void rig_serve(struct rig *r)
{
    while (r->d->request_count > 0) {
        struct device_request queue[DEVICE_REQUEST_MAX];
        uint32_t count = r->d->request_count;
        memcpy(queue, r->d->requests, sizeof queue);
        r->d->request_count = 0;
        for (uint32_t i = 0; i < count; i++) {
            const struct device_request *q = &queue[i];
            must(r->count < RIG_LOG_MAX, "the log is full", r->d->type->name);
            struct rig_entry *entry = &r->log[r->count++];
            *entry = (struct rig_entry){r->now_ps, q->kind, false, q->size, q->address, q->tag};
            if (q->kind == REQUEST_DMA_READ || q->kind == REQUEST_DMA_WRITE)
                serve_dma(r, entry, q);
            if (q->kind == REQUEST_AIR_SEND || q->kind == REQUEST_AIR_MORE ||
                q->kind == REQUEST_AIR_TUNE)
                serve_air(r, q);
            if (q->kind == REQUEST_SIGNAL)
                serve_signal(r, q);
        }
    }
}

void rig_run(struct rig *r, uint64_t at_ps)
{
    while (r->d->wake_ps <= at_ps && !r->d->fault.hung) {
        r->now_ps = r->d->wake_ps;
        device_wake(r->d, r->now_ps);
        rig_serve(r);
    }
    r->now_ps = at_ps;
}

void rig_pass(struct rig *r, uint64_t ps)
{
    rig_run(r, r->now_ps + ps);
}

uint32_t rig_octets(const char *hex, uint8_t *out)
{
    uint32_t count = 0;
    for (; hex[0] && hex[1]; hex += 2) {
        char pair[3] = {hex[0], hex[1], 0};
        out[count++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return count;
}

uint32_t rig_put(struct rig *r, uint32_t at, const char *hex)
{
    return rig_octets(hex, r->ram + at);
}

bool rig_holds(const struct rig *r, uint32_t at, const char *hex)
{
    uint8_t expect[RIG_RAM_SIZE];
    const uint32_t size = rig_octets(hex, expect);
    return memcmp(r->ram + at, expect, size) == 0;
}

uint32_t rig_offset(const struct rig *r, const char *name)
{
    int row = device_row_named(r->d->type, name);
    must(row >= 0, "no such register", name);
    return r->d->type->regs[row].offset;
}

void rig_write(struct rig *r, const char *name, uint32_t value)
{
    device_write(r->d, rig_offset(r, name), value, r->now_ps);
    rig_serve(r);
}

uint32_t rig_read(struct rig *r, const char *name)
{
    uint32_t value = device_read(r->d, rig_offset(r, name), r->now_ps);
    rig_serve(r);
    return value;
}

void rig_packet(struct rig *r, const void *bytes, uint32_t size)
{
    device_packet(r->d, bytes, size, r->now_ps);
    rig_serve(r);
}

bool rig_air(struct rig *r, const struct air_frame *frame, enum air_moment moment)
{
    bool taken = device_air(r->d, frame, moment, r->now_ps);
    rig_serve(r);
    return taken;
}

const struct rig_entry *rig_find(const struct rig *r, uint32_t from, enum device_request_kind kind,
                                 const char *name)
{
    for (uint32_t i = from; i < r->count; i++)
        if (r->log[i].kind == kind && (!name || r->log[i].address == rig_offset(r, name)))
            return &r->log[i];
    return NULL;
}

uint32_t rig_count(const struct rig *r, enum device_request_kind kind, const char *name)
{
    uint32_t count = 0;
    const struct rig_entry *e = rig_find(r, 0, kind, name);
    for (; e; e = rig_find(r, (uint32_t)(e - r->log) + 1, kind, name))
        count++;
    return count;
}

uint64_t rig_event_ps(const struct rig *r, const char *name)
{
    const struct rig_entry *e = rig_find(r, 0, REQUEST_EVENT, name);
    return e ? e->at_ps : TIME_NEVER;
}
