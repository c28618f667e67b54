/* custody: buffer-custody, for the DMA buffers of the console and of the kernel's radio.
 *
 * Judges when a buffer comes to a client (NOTE_CONSOLE_CLIENT: its bytes are in it, or bytes for it
 * will be; NOTE_RADIO_LOADED: its packet is): beyond its length the buffer is zero, so that nothing
 * of the client before is left. The same life may find bytes of its own there: the pieces of a long
 * write. And each DMA access to the buffer: within the client's length; but what the radio receives
 * is as long as the air has it.
 *
 * Cannot see: bytes inside the length that are not the client's (no record shows what it handed
 * over); what a radio's client receives that has never sent.
 */
#include "sim/machine.h"
#include "sim/monitors/ledger.h"

enum { BUFFER_MAX = 4 }; /* the console's two, the radio's, and room */
_Static_assert((int)RADIO_PDU_MAX > (int)CONSOLE_BUFFER, "the longer one; and they differ");

struct custody {
    struct held {
        uint32_t client;    /* a process index */
        uint32_t life;      /* of that process */
        struct span buffer; /* the client's part of it; base 0: a free row */
        uint32_t size;      /* of all of it */
    } of[BUFFER_MAX];
};

/* The row of the buffer that begins there, or a free one; NULL: there are too many. */
static struct held *row_of(struct custody *c, uint32_t base)
{
    for (uint32_t i = 0; i < BUFFER_MAX; i++)
        if (c->of[i].buffer.base == base || c->of[i].buffer.base == 0)
            return &c->of[i];
    return NULL;
}

static void on_client(struct machine *m, struct custody *c, const struct record *r)
{
    uint8_t bytes[RADIO_PDU_MAX];
    uint32_t size = r->kind == EVENT_OF(NOTE_RADIO_LOADED) ? RADIO_PDU_MAX : CONSOLE_BUFFER;
    uint32_t length = (uint32_t)r->value;
    uint32_t life = r->process < PROCESS_MAX ? ledger_of(m)->processes[r->process].life : 0;
    struct held *row = row_of(c, r->address);
    bool changes = !row || row->buffer.base == 0 || row->client != r->process || row->life != life;

    rule_armed(m, RULE_BUFFER_CUSTODY);
    if (row)
        *row = (struct held){r->process, life, {r->address, length}, size};
    if (!changes || !machine_peek(m, (struct span){r->address, size}, bytes))
        return;
    for (uint32_t i = length; i < size; i++)
        if (bytes[i] != 0) {
            break_add(m, RULE_BUFFER_CUSTODY, r->process, r->address + i, DETAIL_CUSTODY_BYTES,
                      bytes[i], length);
            return;
        }
}

static void on_dma(struct machine *m, const struct custody *c, struct span touched, bool writes)
{
    for (uint32_t i = 0; i < BUFFER_MAX; i++) {
        const struct held *row = &c->of[i];
        struct span whole = {row->buffer.base, row->size};
        bool receives = writes && row->size == RADIO_PDU_MAX;
        if (whole.base != 0 && !receives && span_holds(whole, touched.base) &&
            !span_covers(row->buffer, touched))
            break_add(m, RULE_BUFFER_CUSTODY, row->client, touched.base, DETAIL_CUSTODY_LENGTH,
                      touched.size, row->buffer.size);
    }
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    if (r->kind == EVENT_OF(NOTE_CONSOLE_CLIENT) || r->kind == EVENT_OF(NOTE_RADIO_LOADED))
        on_client(m, state, r);
    else
        on_dma(m, state, (struct span){r->address, pair_low(r->value)}, r->kind == EVENT_DMA_WRITE);
}

const struct monitor monitor_custody = {
    .name = "custody",
    .kinds = {KIND_EVENT(EVENT_DMA_READ) | KIND_EVENT(EVENT_DMA_WRITE),
              KIND_NOTE(NOTE_CONSOLE_CLIENT) | KIND_NOTE(NOTE_RADIO_LOADED)},
    .state_size = sizeof(struct custody),
    .rules = KIND_BIT(RULE_BUFFER_CUSTODY),
    .always = true,
    .on_record = on_record,
};
