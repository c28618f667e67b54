/* ble_buffer: ble-stale-buffer: the bytes of a packet were written for it.
 *
 *   DMA reads of a radio --> which buffer it sends --> written since it was sent last?
 *   stores, DMA writes --/
 *
 * Judges each packet of a connection that a board's radio sends. A buffer may go out twice without
 * a write if the second is what the first was: the same SN, not acknowledged, and it does not pass
 * over a new packet that has just come in. Writes are those of apps and of devices, but not of the
 * radio itself: what it has received is nothing to send. What the kernel's radio driver writes it
 * notes (NOTE_RADIO_LOADED); other writes of the kernel show as other bytes.
 *
 * Cannot see: a buffer that was written with the bytes of the wrong moment. The BUFFERS last used
 * are kept.
 */
#include "sim/monitors/ble_buffer.h"
#include "model/process.h"

enum { BUFFERS = 4, PIECE_MAX = 64 };

struct buffer {
    uint32_t base, size; /* 0: unused */
    bool written;        /* since it was read for the packet that it sent last, or never sent */
    uint64_t used_ps;
    uint64_t hash; /* of what stood there */
};

struct ble_buffers {
    uint32_t low, high; /* all buffers lie between */
    bool is_stale;      /* the record at hand says so */
    struct {            /* what a radio has received last */
        uint32_t base, size;
        bool untouched; /* nobody else has written there since */
    } in;
    struct { /* the packet under way */
        bool is_on, was_written, is_echo;
        uint8_t buffer; /* BUFFERS: nothing has been read yet */
        uint16_t device;
        uint64_t hash_before, hash;
    } now;
    struct buffer buffers[BUFFERS];
};

static struct ble_buffers *buffers_of(const struct machine *m)
{
    return (struct ble_buffers *)machine_monitor_state((struct machine *)m, MONITOR_ble_buffer);
}

bool ble_buffer_is_stale(const struct machine *m)
{
    const struct ble_buffers *b = buffers_of(m);

    return b && b->is_stale;
}

/* The place of the buffer that begins there, a new one in the place of the oldest. */
static uint32_t place_of(struct ble_buffers *b, uint32_t base)
{
    uint32_t oldest = 0;

    for (uint32_t i = 0; i < BUFFERS; i++) {
        if (b->buffers[i].size > 0 && b->buffers[i].base == base)
            return i;
        if (b->buffers[i].used_ps < b->buffers[oldest].used_ps)
            oldest = i;
    }
    b->buffers[oldest] = (struct buffer){.base = base, .written = true};
    return oldest;
}

static void find_bounds(struct ble_buffers *b)
{
    b->low = UINT32_MAX;
    b->high = 0;
    for (uint32_t i = 0; i < BUFFERS; i++) {
        const struct buffer *buffer = &b->buffers[i];
        if (buffer->size == 0)
            continue;
        b->low = buffer->base < b->low ? buffer->base : b->low;
        b->high = buffer->base + buffer->size > b->high ? buffer->base + buffer->size : b->high;
    }
}

static __attribute__((noinline)) void on_read(struct machine *m, struct ble_buffers *b,
                                              const struct record *r)
{
    uint8_t octets[PIECE_MAX];
    uint32_t size = pair_low(r->value);

    if (!b->now.is_on || pair_high(r->value) != b->now.device)
        return;
    if (b->now.buffer == BUFFERS) {
        b->now.buffer = (uint8_t)place_of(b, r->address);
        struct buffer *first = &b->buffers[b->now.buffer];
        b->now.was_written = first->written;
        b->now.hash_before = first->hash;
        b->now.hash = TRACE_HASH_START;
        b->now.is_echo = b->in.untouched && r->address == b->in.base;
        first->written = false;
        first->used_ps = r->at_ps;
    }
    struct buffer *buffer = &b->buffers[b->now.buffer];
    uint32_t end = r->address + size - buffer->base;
    if (end > buffer->size) {
        buffer->size = end;
        find_bounds(b);
    }
    size = size < sizeof octets ? size : (uint32_t)sizeof octets;
    if (machine_peek(m, (struct span){r->address, size}, octets))
        for (uint32_t i = 0; i < size; i++)
            b->now.hash = trace_hash_word(b->now.hash, octets[i]);
    buffer->hash = b->now.hash;
}

static void on_write(struct ble_buffers *b, uint32_t address, uint32_t size)
{
    if (address < b->in.base + b->in.size && address + size > b->in.base)
        b->in.untouched = false;
    if (address >= b->high || address + size <= b->low)
        return;
    for (uint32_t i = 0; i < BUFFERS; i++) {
        struct buffer *buffer = &b->buffers[i];
        if (address < buffer->base + buffer->size && address + size > buffer->base)
            buffer->written = true;
    }
}

/* A radio's own DMA brings what comes in: nothing that it might send. */
static void on_received(struct ble_buffers *b, uint32_t address, uint32_t size)
{
    bool goes_on = b->in.untouched && address >= b->in.base && address <= b->in.base + b->in.size;

    if (!goes_on) {
        b->in.base = address;
        b->in.size = 0;
    }
    b->in.untouched = true;
    if (address + size > b->in.base + b->in.size)
        b->in.size = address + size - b->in.base;
}

static __attribute__((noinline)) void on_dma_write(struct machine *m, struct ble_buffers *b,
                                                   const struct record *r)
{
    const struct device *d = machine_device(m, pair_high(r->value));

    if (d && d->type->on_air)
        on_received(b, r->address, pair_low(r->value));
    else
        on_write(b, r->address, pair_low(r->value));
}

static bool is_lawful_again(const struct ble_packet *p)
{
    bool kept = p->fault == BLE_SEQUENCE_GOOD || p->fault == BLE_SEQUENCE_BAD_CRCS;

    return p->repeated && kept && !p->new_unheeded;
}

static __attribute__((noinline)) void on_end(struct machine *m, struct ble_buffers *b)
{
    const struct ble_packet *p = &ble_link_of(m)->packet;
    bool untouched = !b->now.was_written && b->now.hash == b->now.hash_before;

    if (!b->now.is_on || b->now.buffer == BUFFERS || !p->is_there || p->is_advertising ||
        p->device != b->now.device || p->broken_off)
        return;
    rule_armed(m, RULE_BLE_STALE_BUFFER);
    if (!b->now.is_echo && (!untouched || is_lawful_again(p)))
        return;
    b->is_stale = true;
    break_add(m, RULE_BLE_STALE_BUFFER, ble_owner(m, p->device), b->buffers[b->now.buffer].base,
              b->now.is_echo ? DETAIL_BLE_ECHO : DETAIL_BLE_STALE, p->event, 0);
}

/* Radios send from RAM. */
static bool hears_at(const struct scenario *s, unsigned kind, uint32_t place)
{
    (void)s, (void)kind;
    return place == PLACE_MEMORY;
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct ble_buffers *b = state;

    switch (r->kind) {
    case EVENT_STORE:
        on_write(b, r->address, pair_high(r->value));
        break;
    case EVENT_OF(NOTE_RADIO_LOADED):
        on_write(b, r->address, (uint32_t)r->value);
        break;
    case EVENT_DMA_WRITE:
        on_dma_write(m, b, r);
        break;
    case EVENT_DMA_READ:
        on_read(m, b, r);
        break;
    case EVENT_AIR_START:
        if (!ble_is_ours(m, air_device(r->value)))
            break;
        b->now.is_on = true;
        b->now.buffer = BUFFERS;
        b->now.device = (uint16_t)air_device(r->value);
        break;
    default: /* EVENT_AIR_END */
        b->is_stale = false;
        if (!b->now.is_on || air_device(r->value) != b->now.device)
            break;
        on_end(m, b);
        b->now.is_on = false;
        break;
    }
}

const struct monitor monitor_ble_buffer = {
    .name = "ble_buffer",
    .kinds = {KIND_EVENT(EVENT_STORE) | KIND_EVENT(EVENT_DMA_READ) | KIND_EVENT(EVENT_DMA_WRITE) |
                  KIND_EVENT(EVENT_AIR_START) | KIND_EVENT(EVENT_AIR_END),
              KIND_NOTE(NOTE_RADIO_LOADED)},
    .hears = ble_hears,
    .hears_at = hears_at,
    .state_size = sizeof(struct ble_buffers),
    .rules = KIND_BIT(RULE_BLE_STALE_BUFFER),
    .always = true,
    .on_record = on_record,
};
