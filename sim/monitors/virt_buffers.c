/* virt_buffers: buffer-custody, for the buffers of multiplexers (model/virt/custody.h).
 *
 * A ledger of each buffer in kernel RAM: whose bytes it holds, and what of it the chip has. The
 * kernel's notes say what is meant; the bytes and the DMA say what is:
 *
 *   a buffer that comes to a client is nobody's, and all of it is zero; the same when it is wiped,
 *   and at the end wherever it is nobody's;
 *   what goes down is of the client's own bytes, and goes once; what comes back has gone down;
 *   DMA touches a buffer only while that part is down: neither beyond it nor after it came back,
 *   when it may be another's already.
 *
 * Cannot see: which bytes the kernel copies in and out; `postern noninterference` does.
 */
#include "model/process.h"
#include "model/virt/custody.h"
#include "sim/machine.h"
#include "sim/monitors.h"

enum { BUFFER_MAX = 4096 }; /* bytes of the longest: a page of flash */

struct virt_buffers {
    uint32_t count; /* rows in use */
    struct row {
        struct span all;
        struct span down; /* what the chip has of it */
        uint8_t virt;
        uint8_t owner; /* whose bytes are in it; CLIENT_NONE: nobody's */
    } of[];
};

/* Each multiplexer's own, and one for each of its kernel clients; the UART's for frames. */
static uint32_t row_limit(const struct scenario *s)
{
    uint32_t count = s->config.frames;
    for (uint32_t i = 0; i < VIRTS; i++)
        if (config_virt(&s->config, i)->present)
            count += 1 + s->config.kernel_clients[i].count;
    return count;
}

static size_t size_for(const struct scenario *s)
{
    uint32_t rows = row_limit(s);
    return rows ? sizeof(struct virt_buffers) + rows * sizeof(struct row) : 0;
}

/* The row that meets `buffer`, or a new one for it; NULL: there are more than there can be. */
static struct row *row_of(const struct machine *m, struct virt_buffers *b, struct span buffer)
{
    for (uint32_t i = 0; i < b->count; i++)
        if (span_meets(b->of[i].all, buffer))
            return &b->of[i];
    if (b->count == row_limit(machine_scenario(m)))
        return NULL;
    struct row *row = &b->of[b->count++];
    *row = (struct row){.all = buffer, .owner = CLIENT_NONE};
    return row;
}

static void broken(struct machine *m, const struct row *row, uint32_t client,
                   enum verdict_detail detail, uint64_t got)
{
    break_add(m, RULE_BUFFER_CUSTODY, client < CLIENT_KERNEL ? client : PROCESS_NONE, row->all.base,
              detail, got, row->virt);
}

/* Some byte is not zero: whoever had it last left it there. */
static void judge_wiped(struct machine *m, const struct row *row, uint32_t client,
                        enum verdict_detail detail)
{
    uint8_t bytes[BUFFER_MAX];
    struct span all = row->all;

    if (all.size > sizeof bytes)
        all.size = sizeof bytes;
    if (!machine_peek(m, all, bytes))
        return;
    for (uint32_t i = 0; i < all.size; i++)
        if (bytes[i] != 0) {
            broken(m, row, client, detail, i);
            return;
        }
}

static void taken(struct machine *m, struct row *row, uint32_t client)
{
    if (row->owner != CLIENT_NONE)
        broken(m, row, client, DETAIL_CUSTODY_OWNED, row->owner);
    else
        judge_wiped(m, row, client, DETAIL_CUSTODY_LEFT);
    row->owner = (uint8_t)client;
}

static void lent(struct machine *m, struct row *row, uint32_t client, struct span down)
{
    if (row->owner == CLIENT_NONE)
        row->owner = (uint8_t)client; /* a kernel client's own buffer: its bytes from the first */
    if (client >= CLIENT_KERNEL && row->all.base == down.base && row->all.size < down.size)
        row->all.size = down.size; /* so much of it has not been seen before */
    if (row->down.size > 0 || row->owner != client || !span_covers(row->all, down))
        broken(m, row, client, DETAIL_CUSTODY_LENT, row->owner);
    row->down = down;
}

static void on_note(struct machine *m, struct virt_buffers *b, const struct record *r)
{
    struct span buffer = {r->address, pair_low(r->value)};
    uint32_t client = pair_high(r->value) >> 8;
    struct row *row = row_of(m, b, buffer);

    rule_armed(m, RULE_BUFFER_CUSTODY);
    if (!row)
        return;
    row->virt = (uint8_t)pair_high(r->value);
    switch (r->kind) {
    case EVENT_OF(NOTE_BUFFER_TAKEN):
        taken(m, row, client);
        break;
    case EVENT_OF(NOTE_BUFFER_LENT):
        lent(m, row, client, buffer);
        break;
    case EVENT_OF(NOTE_BUFFER_BACK):
        if (!span_equal(row->down, buffer))
            broken(m, row, client, DETAIL_CUSTODY_BACK, row->down.size);
        row->down = (struct span){0, 0};
        break;
    default:
        judge_wiped(m, row, client, DETAIL_CUSTODY_UNWIPED);
        row->owner = CLIENT_NONE;
        break;
    }
}

static void on_dma(struct machine *m, const struct virt_buffers *b, struct span touched)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const struct row *row = &b->of[i];
        if (span_meets(row->all, touched) && !span_covers(row->down, touched))
            broken(m, row, row->owner, DETAIL_CUSTODY_DMA, touched.base - row->all.base);
    }
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    if (r->kind == EVENT_DMA_READ || r->kind == EVENT_DMA_WRITE)
        on_dma(m, state, (struct span){r->address, pair_low(r->value)});
    else
        on_note(m, state, r);
}

static void at_end(struct machine *m, void *state)
{
    struct virt_buffers *b = state;

    for (uint32_t i = 0; i < b->count; i++)
        if (b->of[i].owner == CLIENT_NONE)
            judge_wiped(m, &b->of[i], CLIENT_NONE, DETAIL_CUSTODY_UNWIPED);
}

const struct monitor monitor_virt_buffers = {
    .name = "virt_buffers",
    .kinds = {KIND_EVENT(EVENT_DMA_READ) | KIND_EVENT(EVENT_DMA_WRITE),
              KIND_NOTE(NOTE_BUFFER_TAKEN) | KIND_NOTE(NOTE_BUFFER_LENT) |
                  KIND_NOTE(NOTE_BUFFER_BACK) | KIND_NOTE(NOTE_BUFFER_WIPED)},
    .size_for = size_for,
    .rules = KIND_BIT(RULE_BUFFER_CUSTODY),
    .always = true,
    .on_record = on_record,
    .at_end = at_end,
};
