/* custody: buffer-custody, for the console's DMA buffer.
 *
 * Judges when a process's bytes come into the buffer (NOTE_CONSOLE_CLIENT): beyond its length the
 * buffer is zero, so that nothing of the client before is left. And each read of the buffer by
 * DMA: within the client's length.
 *
 * Cannot see: bytes inside the length that are not the client's (no record shows what it handed
 * over); buffers of other drivers, which have no note yet.
 */
#include "sim/machine.h"
#include "sim/monitors/ledger.h"

struct custody {
    uint32_t client;    /* a process index */
    struct span buffer; /* the client's part of it; base 0: nobody yet */
};

static void on_client(struct machine *m, struct custody *c, const struct record *r)
{
    uint8_t bytes[CONSOLE_BUFFER];
    uint32_t length = (uint32_t)r->value;

    rule_armed(m, RULE_BUFFER_CUSTODY);
    c->client = r->process;
    c->buffer = (struct span){r->address, length};
    if (!machine_peek(m, (struct span){r->address, CONSOLE_BUFFER}, bytes))
        return;
    for (uint32_t i = length; i < CONSOLE_BUFFER; i++)
        if (bytes[i] != 0) {
            break_add(m, RULE_BUFFER_CUSTODY, r->process, r->address + i, DETAIL_CUSTODY_BYTES,
                      bytes[i], length);
            return;
        }
}

static void on_read(struct machine *m, const struct custody *c, struct span read)
{
    struct span whole = {c->buffer.base, CONSOLE_BUFFER};

    if (c->buffer.base != 0 && span_holds(whole, read.base) && !span_covers(c->buffer, read))
        break_add(m, RULE_BUFFER_CUSTODY, c->client, read.base, DETAIL_CUSTODY_LENGTH, read.size,
                  c->buffer.size);
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct custody *c = state;

    if (r->kind == EVENT_OF(NOTE_CONSOLE_CLIENT))
        on_client(m, c, r);
    else
        on_read(m, c, (struct span){r->address, pair_low(r->value)});
}

const struct monitor monitor_custody = {
    .name = "custody",
    .kinds = {KIND_EVENT(EVENT_DMA_READ), KIND_NOTE(NOTE_CONSOLE_CLIENT)},
    .state_size = sizeof(struct custody),
    .rules = KIND_BIT(RULE_BUFFER_CUSTODY),
    .always = true,
    .on_record = on_record,
};
