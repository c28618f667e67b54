/* storage: storage-region, for the storage multiplexer (model/virt/storage.c).
 *
 * Who works is what the kernel's notes say: the client whose operation has begun and is not done;
 * of the dead it goes on without a callback. What changes is what the flash controller does, for
 * whoever worked when the kernel last told it to: it may be late. Whose
 * a page is this judge keeps itself, by the order of events, and asks neither the kernel nor the
 * flash:
 *
 *   the first page holds two words for each further page. The second of them, once written, makes
 *   that page its writer's for good: the app's of that short id, a component's of the kernel; but
 *   as long as no word of the page has changed its owner may leave it for another one, since the
 *   flash may not have taken the row as it was meant: it is nobody's then, for good. The
 *   first one changes only before that;
 *   words of a page change, and it is erased, only for its owner; nobody gets a second page; the
 *   first page is never erased.
 *
 * Cannot see: what is read; that a write changes no other byte of its own page.
 */
#include "sim/monitors/storage.h"
#include "model/process.h"
#include "model/virt/turn.h"
#include "sim/machine.h"
#include "sim/monitors.h"

enum { PAGE = 4096, ROW = 8 };
enum { KERNEL_OWNER = 1 }; /* in the high word of an owner: not an app's id */

enum { CONFIG = 0x504 }; /* of the controller: 0 before and after each order */

#define OWNER_LEFT UINT64_MAX /* no client's */

struct storage {
    uint8_t working;  /* whose operation is under way; CLIENT_NONE: nobody's */
    uint8_t client;   /* ... or was, when the order was given that is under way */
    bool ordered;     /* one is */
    uint64_t used;    /* pages of which a word has changed, a bit each of the first 64 */
    uint32_t pages;   /* behind the first */
    uint64_t owner[]; /* of each; 0: nobody's yet */
};

static size_t size_for(const struct scenario *s)
{
    uint32_t pages = s->board.storage.size / PAGE;
    return s->config.virts[VIRT_STORAGE].present && pages > 0
               ? sizeof(struct storage) + (pages - 1) * sizeof(uint64_t)
               : 0;
}

/* 0: a client that can own nothing. */
static uint64_t owner_of(const struct scenario *s, uint32_t client)
{
    if (client >= CLIENT_KERNEL)
        return client == CLIENT_NONE ? 0 : pair(client, KERNEL_OWNER);
    return client < s->config.image_count ? s->config.images[client].short_id : 0;
}

/* An app of that id, for the verdict. */
static uint32_t process_with(const struct scenario *s, uint64_t owner)
{
    for (uint32_t i = 0; i < s->config.image_count; i++)
        if (owner != 0 && s->config.images[i].short_id == owner)
            return i;
    return PROCESS_NONE;
}

static void broken(struct machine *m, const struct storage *t, uint32_t address,
                   enum verdict_detail detail, uint64_t got)
{
    uint32_t process = t->client < CLIENT_KERNEL ? t->client : PROCESS_NONE;
    break_add(m, RULE_STORAGE_REGION, process, address, detail, got, 0);
}

/* `page` is the owner's of the operation under way, or (`claims`) may become so. */
static void judge(struct machine *m, struct storage *t, uint32_t page, uint32_t address,
                  bool claims)
{
    const struct scenario *s = machine_scenario(m);
    uint64_t owner = owner_of(s, t->client), is = page < t->pages ? t->owner[page] : 0;

    if (!claims && page < 64)
        t->used |= UINT64_C(1) << page;
    if (owner == 0)
        broken(m, t, address, DETAIL_STORAGE_NOBODY, 0);
    else if (is != 0 && is != owner)
        broken(m, t, address, DETAIL_STORAGE_FOREIGN, process_with(s, is));
    else if (is == 0 && !claims)
        broken(m, t, address, DETAIL_STORAGE_UNCLAIMED, 0);
}

static void leaves(struct machine *m, struct storage *t, uint32_t page, uint32_t address)
{
    if (page >= 64 || t->used >> page & 1)
        broken(m, t, address, DETAIL_STORAGE_SECOND, page + 1);
    else
        t->owner[page] = OWNER_LEFT;
}

/* A word of the first page. */
static void row_written(struct machine *m, struct storage *t, uint32_t at, uint32_t address)
{
    uint64_t owner = owner_of(machine_scenario(m), t->client);
    uint32_t page = at / ROW;

    judge(m, t, page, address, true);
    if (page >= t->pages || t->owner[page] != 0 || at % ROW == 0)
        return;
    for (uint32_t i = 0; i < t->pages; i++)
        if (owner != 0 && t->owner[i] == owner)
            leaves(m, t, i, address);
    t->owner[page] = owner;
}

static void erased(struct machine *m, struct storage *t, struct span what)
{
    uint32_t base = machine_scenario(m)->board.storage.base;

    for (uint32_t done = 0; done < what.size; done += PAGE) {
        uint32_t page = (what.base + done - base) / PAGE;
        if (page == 0)
            broken(m, t, what.base + done, DETAIL_STORAGE_ROWS, 0);
        else
            judge(m, t, page - 1, what.base + done, false);
    }
}

static void works(struct storage *t, uint32_t client)
{
    t->working = (uint8_t)client;
    if (!t->ordered)
        t->client = t->working;
}

static void on_order(const struct machine *m, struct storage *t, const struct record *r)
{
    if (r->address != machine_scenario(m)->config.virts[VIRT_STORAGE].base + CONFIG || !r->value)
        return;
    t->ordered = true;
    t->client = t->working;
}

static void order_done(struct storage *t)
{
    t->ordered = false;
    t->client = t->working;
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct storage *t = state;
    uint32_t at = r->address - machine_scenario(m)->board.storage.base;

    switch (r->kind) {
    case EVENT_OF(NOTE_CLIENT_BEGUN):
        if (r->address == VIRT_STORAGE)
            works(t, pair_low(r->value));
        break;
    case EVENT_OF(NOTE_CLIENT_DONE):
        if (r->address == VIRT_STORAGE)
            works(t, CLIENT_NONE);
        break;
    case EVENT_KERNEL_WRITE:
        on_order(m, t, r);
        break;
    case EVENT_FLASH_ERASED:
        rule_armed(m, RULE_STORAGE_REGION);
        erased(m, t, (struct span){r->address, pair_low(r->value)});
        order_done(t);
        break;
    default:
        rule_armed(m, RULE_STORAGE_REGION);
        if (at < PAGE)
            row_written(m, t, at, r->address);
        else
            judge(m, t, at / PAGE - 1, r->address, false);
        order_done(t);
        break;
    }
}

struct span storage_region_of(struct machine *m, uint32_t client)
{
    const struct scenario *s = machine_scenario(m);
    const struct storage *t = machine_monitor_state(m, MONITOR_storage);
    uint64_t owner = owner_of(s, client);

    for (uint32_t i = 0; t && owner != 0 && i < t->pages; i++)
        if (t->owner[i] == owner)
            return (struct span){s->board.storage.base + PAGE * (i + 1), PAGE};
    return (struct span){0, 0};
}

/* Orders stand in the controller's registers. */
static bool hears_at(const struct scenario *s, unsigned kind, uint32_t place)
{
    return kind != EVENT_KERNEL_WRITE ||
           (place < s->board.device_count &&
            s->board.devices[place].window.base == s->config.virts[VIRT_STORAGE].base);
}

static void start(struct machine *m, void *state)
{
    struct storage *t = state;

    t->client = t->working = CLIENT_NONE;
    t->pages = machine_scenario(m)->board.storage.size / PAGE - 1;
}

const struct monitor monitor_storage = {
    .name = "storage",
    .kinds = {KIND_EVENT(EVENT_FLASH_WRITTEN) | KIND_EVENT(EVENT_FLASH_ERASED) |
                  KIND_EVENT(EVENT_KERNEL_WRITE),
              KIND_NOTE(NOTE_CLIENT_BEGUN) | KIND_NOTE(NOTE_CLIENT_DONE)},
    .hears_at = hears_at,
    .size_for = size_for,
    .rules = KIND_BIT(RULE_STORAGE_REGION),
    .always = true,
    .start = start,
    .on_record = on_record,
};
