/* host_send.c: what the host sends, octet by octet. */
#include "sim/world/host.h"

#include <string.h>

static uint32_t free_slot(const struct host *h)
{
    uint32_t i = 0;
    while (i < HOST_SLOTS && h->slots[i].times > 0)
        i++;
    return i;
}

bool host_has_room(const struct device *d)
{
    return free_slot(device_state_read(d)) < HOST_SLOTS;
}

struct host_slot *host_slot(struct device *d, uint64_t due_ps, uint32_t size, uint32_t address)
{
    struct host *h = device_state(d);
    uint32_t i = free_slot(h);
    if (i == HOST_SLOTS || size > HDLC_BODY_MAX) {
        h->lost++;
        host_note(d, HOST_NOTE_LOST, address);
        return NULL;
    }
    struct host_slot *slot = &h->slots[i];
    slot->due_ps = due_ps;
    slot->order = h->orders++;
    slot->size = (uint16_t)size;
    slot->times = 1;
    slot->framed = false;
    slot->end = HOST_END_FLAG;
    return slot;
}

bool host_frame(struct device *d, uint64_t due_ps, uint8_t address, const uint8_t *payload,
                uint32_t size)
{
    struct host_slot *slot = host_slot(d, due_ps, size + HDLC_BODY_MIN, address);
    if (!slot)
        return false;
    slot->framed = true;
    (void)hdlc_body(address, payload, size, slot->octets);
    return true;
}

/* The slot that goes next; HOST_SLOTS: none. */
static uint32_t next_slot(const struct host *h)
{
    uint32_t best = HOST_SLOTS;
    for (uint32_t i = 0; i < HOST_SLOTS; i++) {
        const struct host_slot *slot = &h->slots[i];
        if (slot->times == 0)
            continue;
        if (best == HOST_SLOTS || slot->due_ps < h->slots[best].due_ps ||
            (slot->due_ps == h->slots[best].due_ps && slot->order < h->slots[best].order))
            best = i;
    }
    return best;
}

/* A start bit begins with an edge of its clock. */
static uint64_t edge_from(const struct device *d, uint64_t at_ps)
{
    uint64_t edge = clock_edges(&d->hf, at_ps), edge_ps = clock_edge_ps(&d->hf, edge);
    return edge_ps >= at_ps ? edge_ps : clock_edge_ps(&d->hf, edge + 1);
}

uint64_t host_send_ps(const struct device *d)
{
    const struct host *h = device_state_read(d);
    uint32_t next = h->sending < HOST_SLOTS ? h->sending : next_slot(h);
    if (next == HOST_SLOTS)
        return TIME_NEVER;
    uint64_t due_ps = h->sending < HOST_SLOTS ? 0 : h->slots[next].due_ps;
    return edge_from(d, due_ps > h->line_free_ps ? due_ps : h->line_free_ps);
}

/* A byte: start bit, eight, stop bit. The rate is the nearest that its clock of 16 MHz has. */
static uint64_t after_byte(struct device *d)
{
    uint64_t baud = host_value(d, HOST_BAUD);
    uint64_t cycles = (10 * d->hf.hz + baud / 2) / baud;
    return clock_edge_ps(&d->hf, clock_edges(&d->hf, d->now_ps) + cycles);
}

static void send_octet(struct device *d, uint8_t octet)
{
    struct host *h = device_state(d);
    device_request(d, (struct device_request){.kind = REQUEST_WIRE, .size = octet});
    h->octets_out++;
    h->line_free_ps = after_byte(d);
}

static void slot_sent(struct device *d, struct host_slot *slot)
{
    struct host *h = device_state(d);
    h->sending = HOST_SLOTS;
    h->place = 0;
    h->line_free_ps += host_value(d, HOST_GAP);
    slot->times--;
    if (!slot->framed)
        return;
    h->frames_out++;
    h->datagrams_out += slot->octets[0] == HDLC_PPP;
    host_note(d, HOST_NOTE_SENT, slot->octets[0]);
}

/* Places of a frame: opening flag, body, how it ends. False: it ends without more. */
static bool next_of_frame(struct device *d, const struct host_slot *slot, uint8_t *octet)
{
    struct host *h = device_state(d);
    uint8_t wire[2];
    uint32_t place = h->place++;
    if (place == 0 || place > slot->size) {
        bool aborts = place > slot->size && slot->end == HOST_END_ABORT;
        *octet = aborts ? HDLC_ESCAPE : HDLC_FLAG;
        h->has_second = aborts;
        h->second = HDLC_FLAG;
        return place == 0 || slot->end != HOST_END_NONE;
    }
    h->has_second = hdlc_stuffed(slot->octets[place - 1], host_value(d, HOST_ESCAPES), wire) == 2;
    h->second = wire[1];
    *octet = wire[0];
    return true;
}

static bool next_octet(struct device *d, const struct host_slot *slot, uint8_t *octet)
{
    struct host *h = device_state(d);
    if (h->has_second) {
        h->has_second = false;
        *octet = h->second;
        return true;
    }
    if (slot->framed)
        return next_of_frame(d, slot, octet);
    *octet = slot->octets[h->place < slot->size ? h->place : 0];
    return h->place++ < slot->size;
}

static bool is_over(const struct host *h, const struct host_slot *slot)
{
    uint32_t places = slot->size + (slot->framed ? slot->end == HOST_END_NONE ? 1u : 2u : 0u);
    return h->place >= places && !h->has_second;
}

void host_send(struct device *d)
{
    struct host *h = device_state(d);
    uint8_t octet;
    if (host_send_ps(d) > d->now_ps)
        return;
    if (h->sending == HOST_SLOTS)
        h->sending = next_slot(h);
    struct host_slot *slot = &h->slots[h->sending];
    if (next_octet(d, slot, &octet))
        send_octet(d, octet);
    if (is_over(h, slot))
        slot_sent(d, slot);
}
