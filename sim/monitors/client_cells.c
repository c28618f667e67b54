/* client_cells.c: what client-data asks of storage, random bytes and samples: see client_data.h.
 *
 * A write is judged by the flash itself, its region's other bytes included, and a read by what
 * stood there as its turn began. Whose page is which: sim/monitors/storage.c, by the order of
 * events. A random byte is what the kernel has read of the generator; a sample what the converter
 * has put into memory.
 */
#include "sim/monitors/client_data.h"
#include "sim/monitors/ledger.h"
#include "sim/monitors/storage.h"
#include <string.h>

/* ---- storage */

enum { STORAGE_READ = 2, STORAGE_WRITE, REGION = 4096, BLANK = 0xff };

static enum client_upcall storage_upcall(const struct asked *asked)
{
    return asked->command == STORAGE_READ ? UPCALL_STORED_READ : UPCALL_STORED;
}

static struct span storage_buffer(const struct account *account, const struct asked *asked)
{
    return account->buffers[asked->command == STORAGE_READ ? BUFFER_STORED_IN : BUFFER_STORED_OUT];
}

static bool storage_refuses(const struct account *account, const struct asked *asked)
{
    return asked->a >= REGION || asked->b > REGION - asked->a || asked->b == 0 ||
           asked->b > storage_buffer(account, asked).size || account->id == 0;
}

/* The client's region as it is; one that has none finds it blank. */
static bool region_read(struct machine *m, uint32_t client, uint8_t page[REGION])
{
    struct span region = storage_region_of(m, client);

    if (region.size == REGION)
        return machine_peek(m, region, page);
    memset(page, BLANK, REGION);
    return true;
}

static void part_hash(const uint8_t *page, uint32_t offset, uint32_t size, struct bytes *part)
{
    *part = (struct bytes){.hash = BYTES_NONE};
    for (uint32_t i = 0; i < size; i++)
        bytes_add(part, page[offset + i]);
}

/* All but that part, eight bytes at a time. */
static uint64_t rest_hash(uint8_t page[REGION], uint32_t offset, uint32_t size)
{
    uint64_t hash = BYTES_NONE, word;

    memset(page + offset, 0, size);
    for (uint32_t i = 0; i < REGION; i += sizeof word) {
        memcpy(&word, page + i, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
        hash ^= hash >> 29;
    }
    return hash;
}

static bool storage_begins(struct machine *m, const struct account *account, struct operation *now,
                           const struct asked *asked)
{
    struct span buffer = storage_buffer(account, asked);
    uint8_t page[REGION];

    now->address = asked->a;
    now->is_write = asked->command == STORAGE_WRITE;
    now->out_of = now->is_write ? asked->b : 0;
    now->in_of = now->is_write ? 0 : asked->b;
    if (asked->b > buffer.size || storage_refuses(account, asked) ||
        !region_read(m, now->client, page))
        return false;
    if (!now->is_write)
        part_hash(page, asked->a, asked->b, &now->in);
    else
        now->rest = rest_hash(page, asked->a, asked->b);
    return !now->is_write || bytes_of(m, (struct span){buffer.base, asked->b}, &now->wanted);
}

static void judge_rest(struct machine *m, const struct lane *lane, uint8_t page[REGION])
{
    if (rest_hash(page, lane->now.address, lane->now.out_of) != lane->now.rest)
        client_broken(m, lane, DETAIL_CLIENT_NEIGHBOURS, lane->now.address, 0);
}

static void judge_written(struct machine *m, const struct lane *lane)
{
    uint8_t page[REGION];
    struct bytes is;

    if (!region_read(m, lane->now.client, page))
        return;
    part_hash(page, lane->now.address, lane->now.out_of, &is);
    if (is.hash != lane->now.wanted.hash)
        client_broken(m, lane, DETAIL_CLIENT_STORED, lane->now.address, lane->now.out_of);
    judge_rest(m, lane, page);
}

/* A dead client's write has been ended for it, if only by its old bytes. */
static void storage_turns(struct machine *m, struct client_data *d, struct lane *lane)
{
    uint8_t page[REGION];

    (void)d;
    if (lane->now.dead && lane->now.known && lane->now.is_write && !lane->is_late &&
        region_read(m, lane->now.client, page))
        judge_rest(m, lane, page);
}

static void storage_ends(struct machine *m, struct client_data *d, struct lane *lane,
                         const struct account *account, enum err err)
{
    enum client_upcall upcall = lane->now.is_write ? UPCALL_STORED : UPCALL_STORED_READ;
    uint32_t room = account->buffers[BUFFER_STORED_IN].size;
    uint32_t size = lane->now.is_write ? lane->now.out_of : lane->now.in_of;

    if (lane->is_late) {
        client_told(d, lane, upcall, ANYTHING, ANYTHING);
        return;
    }
    if (err == ERR_FAIL && !lane->fails && !d->alarm_lies && !d->is_stormy)
        client_error_broken(m, lane, err, ERR_NONE);
    if (!err && lane->now.is_write)
        judge_written(m, lane);
    if (!err && !lane->now.is_write) {
        client_given(m, &lane->now, account->buffers[BUFFER_STORED_IN]);
        size = size < room ? size : room;
    }
    client_told(d, lane, upcall, err ? 0 : size, err);
}

const struct client_service client_storage = {
    .driver = 0x50001,
    .upcall_of = storage_upcall,
    .timeout_ms = 400, /* a region takes 260 ms */
    .refuses = storage_refuses,
    .begins = storage_begins,
    .turns = storage_turns,
    .ends = storage_ends,
};

/* ---- random bytes */

enum { RANDOM_MAX = 256 };

static bool rng_refuses(const struct account *account, const struct asked *asked)
{
    return asked->a == 0 || asked->a > RANDOM_MAX ||
           asked->a > account->buffers[BUFFER_RANDOM].size;
}

static bool rng_begins(struct machine *m, const struct account *account, struct operation *now,
                       const struct asked *asked)
{
    (void)m, (void)account;
    now->in_of = asked->a;
    return asked->a <= RANDOM_MAX;
}

/* The device has not been touched: nothing keeps it from its end. */
static void judge_done(struct machine *m, const struct client_data *d, const struct lane *lane,
                       enum err err)
{
    if (lane->now.in.count < lane->now.in_of && !err)
        client_broken(m, lane, DETAIL_CLIENT_SHORT, lane->now.in.count, lane->now.in_of);
    if (err && !lane->is_late && !d->alarm_lies && !d->is_stormy)
        client_error_broken(m, lane, err, ERR_NONE);
}

static void rng_ends(struct machine *m, struct client_data *d, struct lane *lane,
                     const struct account *account, enum err err)
{
    uint32_t room = account->buffers[BUFFER_RANDOM].size;

    judge_done(m, d, lane, err);
    if (!err)
        client_given(m, &lane->now, account->buffers[BUFFER_RANDOM]);
    client_told(d, lane, UPCALL_RANDOM, err,
                err                      ? 0
                : lane->now.in_of < room ? lane->now.in_of
                                         : room);
}

const struct client_service client_rng = {
    .driver = 0x40001,
    .upcall = UPCALL_RANDOM,
    .timeout_ms = 100,
    .refuses = rng_refuses,
    .begins = rng_begins,
    .ends = rng_ends,
};

/* ---- samples */

enum { CHANNELS = 8 };

static bool adc_refuses(const struct account *account, const struct asked *asked)
{
    (void)account;
    return asked->a >= CHANNELS;
}

static bool adc_begins(struct machine *m, const struct account *account, struct operation *now,
                       const struct asked *asked)
{
    (void)m, (void)account;
    now->address = asked->a;
    now->in_of = 2;
    return true;
}

/* `lane` is the client's, whoever the sample was begun for. */
static void adc_ends(struct machine *m, struct client_data *d, struct lane *lane,
                     const struct account *account, enum err err)
{
    uint32_t channel = account->asked[VIRT_ADC].a;

    judge_done(m, d, lane, err);
    if (err)
        client_told(d, lane, UPCALL_SAMPLE, ANYTHING, ANYTHING);
    else
        client_told(d, lane, UPCALL_SAMPLE, channel << 16, lane->now.to);
}

const struct client_service client_adc = {
    .driver = 0x5,
    .upcall = UPCALL_SAMPLE,
    .timeout_ms = 10,
    .is_shared = true,
    .refuses = adc_refuses,
    .begins = adc_begins,
    .ends = adc_ends,
};
