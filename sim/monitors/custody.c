/* custody: buffer-custody, for the console's DMA buffers.
 *
 * Judges when a buffer comes to a client (NOTE_CONSOLE_CLIENT: its bytes are in it, or bytes for it
 * will be): beyond its length the buffer is zero, so that nothing of the client before is left. The
 * same life may find bytes of its own there: the pieces of a long write. And each DMA access to the
 * buffer: within the client's length.
 *
 * Cannot see: bytes inside the length that are not the client's (no record shows what it handed
 * over); buffers of other drivers, which have no note yet.
 */
#include "sim/machine.h"
#include "sim/monitors/ledger.h"

enum { BUFFER_MAX = 4 }; /* one to send from and one to receive into, and room */

struct custody {
    struct held {
        uint32_t client;    /* a process index */
        uint32_t life;      /* of that process */
        struct span buffer; /* the client's part of it; base 0: a free row */
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
    uint8_t bytes[CONSOLE_BUFFER];
    uint32_t length = (uint32_t)r->value;
    uint32_t life = r->process < PROCESS_MAX ? ledger_of(m)->processes[r->process].life : 0;
    struct held *row = row_of(c, r->address);
    bool changes = !row || row->buffer.base == 0 || row->client != r->process || row->life != life;

    rule_armed(m, RULE_BUFFER_CUSTODY);
    if (row)
        *row = (struct held){r->process, life, {r->address, length}};
    if (!changes || !machine_peek(m, (struct span){r->address, CONSOLE_BUFFER}, bytes))
        return;
    for (uint32_t i = length; i < CONSOLE_BUFFER; i++)
        if (bytes[i] != 0) {
            break_add(m, RULE_BUFFER_CUSTODY, r->process, r->address + i, DETAIL_CUSTODY_BYTES,
                      bytes[i], length);
            return;
        }
}

static void on_dma(struct machine *m, const struct custody *c, struct span touched)
{
    for (uint32_t i = 0; i < BUFFER_MAX; i++) {
        const struct held *row = &c->of[i];
        struct span whole = {row->buffer.base, CONSOLE_BUFFER};
        if (whole.base != 0 && span_holds(whole, touched.base) &&
            !span_covers(row->buffer, touched))
            break_add(m, RULE_BUFFER_CUSTODY, row->client, touched.base, DETAIL_CUSTODY_LENGTH,
                      touched.size, row->buffer.size);
    }
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    if (r->kind == EVENT_OF(NOTE_CONSOLE_CLIENT))
        on_client(m, state, r);
    else
        on_dma(m, state, (struct span){r->address, pair_low(r->value)});
}

const struct monitor monitor_custody = {
    .name = "custody",
    .kinds = {KIND_EVENT(EVENT_DMA_READ) | KIND_EVENT(EVENT_DMA_WRITE),
              KIND_NOTE(NOTE_CONSOLE_CLIENT)},
    .state_size = sizeof(struct custody),
    .rules = KIND_BIT(RULE_BUFFER_CUSTODY),
    .always = true,
    .on_record = on_record,
};
