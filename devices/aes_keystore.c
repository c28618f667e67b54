/* aes_keystore.c: the crypto core of the CC13x2 and CC26x2: an AES engine behind eight key areas.
 * Source: TI SWCU185 (CC13x2, CC26x2 Technical Reference Manual), chapter "AES and Hash
 * Cryptoprocessor": DMA, key store, interrupts, basic AES modes, exceptions, performance; the same
 * chapters of SWCU191, SWCU192 and SWCU194, where text is shared; offsets and bits as in TI's
 * hw_crypto.h of that family. How a driver uses it, and how a judge sees the keys: aes_keystore.h.
 *
 *   RAM --channel 0--> key store (ALGSEL 1): 8 areas of 128 bits, which no register shows
 *                         |  KEYREADAREA copies one
 *                         v
 *   RAM --channel 0--> AES engine (ALGSEL 2) --channel 1--> RAM, a block at a time
 *
 * Keys. A load is refused with KEY_ST_WR_ERR, and nothing is stored, if its length is not that of
 * the areas that KEYWRITEAREA selects, if these are not neighbours, or if one of them holds a key:
 * it has to be cleared first by a 1 in KEYWRITTENAREA. A write of KEYSIZE, SWRESET and DMASWRESET
 * clear all of them. To copy an area without a key gives KEY_ST_RD_ERR and a key of zeros.
 *
 * Time: 48 MHz; 52 cycles a block, 53 in CBC (the table "Performance": 492 and 483 Mbit/s at
 * 200 MHz, a block after the other; its overhead of some 180 cycles an operation is the register
 * accesses of the host, which take their time here anyway). RESULT_AVAIL comes when both channels
 * and the engine are idle; DMA_IN_DONE when channel 0 has read its last octet.
 *
 * Choices where the manual is silent or of two minds:
 * - An area that is cleared is zeros at once (the driver library says that this deletes the key).
 *   What the engine has copied stays until the next copy or SWRESET.
 * - DMASWRESET clears the keys, as the description of KEYWRITTENAREA says; the DMA's own chapter
 *   speaks of channels and of the port error alone. SWRESET stops the engine and both channels, as
 *   the driver library has it, and makes engine key, blocks and AESIV zeros; IRQTYPE, IRQEN stay.
 * - A word of a key takes 2 cycles by DMA, 1 cycle from the store to the engine.
 * - A bus error comes with RESULT_AVAIL, and in a load with KEY_ST_WR_ERR. Both channels stop, and
 *   none starts until DMASWRESET. The engine keeps its context until the next AESDATALEN0.
 * - With IRQTYPE 0 the interrupts are pulses of a cycle: IRQSTAT never shows them, and nobody is
 *   interrupted. With its IRQEN bit 0, an interrupt is lost.
 * - AESCTL is looked at when AESDATALEN starts the context, the key at each block, ALGSEL when a
 *   transfer begins. A block whose octets are not all there, the last one of CTR excepted, waits.
 * - A channel that is disabled drops its transfer, and a load of keys is dropped with it.
 *
 * An injected error is what the next transfer meets: KEY_ST_WR_ERR in a load of keys, a bus error
 * else. A result that never comes is a hang.
 *
 * Not modelled: GCM, CCM, CBC-MAC (a context with them never begins) and their registers, the hash
 * engine, keys of 192 and 256 bits (each load ends in KEY_ST_WR_ERR), AESDATAIN and AESDATAOUT (the
 * block goes by DMA alone), the next block that is read while one is worked at, waiting for the
 * bus, drift of the clock, power and clock gating (PRCM), loss of keys in standby. DMABUSCFG and
 * DMAPROTCTL are stored.
 */
#include "devices/aes_keystore.h"
#include "devices/catalogue.h"
#include "sim/aes.h"
#include <string.h>

enum {
    DMACH0CTL,
    DMACH0EXTADDR,
    DMACH0LEN,
    DMASTAT,
    DMASWRESET,
    DMACH1CTL,
    DMACH1EXTADDR,
    DMACH1LEN,
    DMABUSCFG,
    DMAPORTERR,
    DMAHWVER,
    KEYWRITEAREA,
    KEYWRITTENAREA,
    KEYSIZE,
    KEYREADAREA,
    AESIV,
    AESCTL = AESIV + 4,
    AESDATALEN0,
    AESDATALEN1,
    ALGSEL,
    DMAPROTCTL,
    SWRESET,
    IRQTYPE,
    IRQEN,
    IRQCLR,
    IRQSET,
    IRQSTAT,
};
enum { INTERRUPTS = 3, KEY_SIZE_128 = 1, CHANNELS = 2, IN = 0, OUT = 1 };
enum { TAG_KEYS, TAG_IN, TAG_OUT };
enum { CYCLES_BLOCK = 52, CYCLES_BLOCK_CBC = 53, CYCLES_KEY_LOAD = 8, CYCLES_KEY_COPY = 4 };
#define AESCTL_MODE 0x21ff81e4u         /* what a host writes */
#define AESCTL_NOT_MODELLED 0x01ff8000u /* GCM, CCM, CBC-MAC */
#define AESCTL_KEY_128 0x00000008u

struct engine {
    uint8_t keys[AES_KEYS][AES_BLOCK_SIZE]; /* device_key */
    uint8_t loading[AES_KEY_AREAS * AES_BLOCK_SIZE];
    uint8_t in[AES_BLOCK_SIZE], out[AES_BLOCK_SIZE];
    uint64_t block_due_ps, load_due_ps, copy_due_ps;
    uint64_t left;                              /* octets of the context that are not read yet */
    uint32_t mode;                              /* AESCTL, of the context */
    uint32_t block_size;                        /* octets of the block that is worked at */
    bool active[CHANNELS];                      /* has octets to move */
    bool moving;                                /* a transfer is asked for */
    bool context, endless, saved;               /* in use; no length; waits for AESIV to be read */
    bool output_full, key_known, error_planted; /* key_known: copied without an error */
    bool load_fails;
};
_Static_assert((int)AES_BLOCK_SIZE == (int)DEVICE_KEY_SIZE, "an area is one key");

/* --- status ---------------------------------------------------------------------------------- */

static uint32_t *channel(struct device *d, int which)
{
    return device_values(d) + (which == IN ? DMACH0CTL : DMACH1CTL);
}

static uint32_t *channel_address(struct device *d, int which)
{
    return channel(d, which) + (DMACH0EXTADDR - DMACH0CTL);
}

static uint32_t *channel_length(struct device *d, int which)
{
    return channel(d, which) + (DMACH0LEN - DMACH0CTL);
}

static void refresh_line(struct device *d)
{
    uint32_t *values = device_values(d);
    uint32_t enabled = values[IRQTYPE] ? values[IRQEN] : 0;
    values[IRQSTAT] &= ~(uint32_t)INTERRUPTS | enabled;
    d->irq_high = values[IRQSTAT] & INTERRUPTS;
}

static void report(struct device *d, uint32_t status)
{
    device_values(d)[IRQSTAT] |= status;
    refresh_line(d);
}

static uint64_t after_cycles(const struct device *d, uint32_t cycles)
{
    return d->now_ps + (cycles * UINT64_C(1000000) + 47) / 48;
}

static void plan_wake(struct device *d)
{
    const struct engine *e = device_state(d);
    uint64_t due = e->block_due_ps < e->load_due_ps ? e->block_due_ps : e->load_due_ps;
    d->wake_ps = e->copy_due_ps < due ? e->copy_due_ps : due;
}

/* --- DMA ------------------------------------------------------------------------------------- */

static void stop_channel(struct device *d, int which)
{
    struct engine *e = device_state(d);
    e->active[which] = false;
    if (which == IN) {
        e->load_due_ps = TIME_NEVER;
        memset(e->loading, 0, sizeof e->loading);
    }
}

/* Both channels stop: there is one port. */
static void bus_error(struct device *d, int which, uint32_t status)
{
    struct engine *e = device_state(d);
    stop_channel(d, IN);
    stop_channel(d, OUT);
    e->output_full = false;
    memset(e->out, 0, sizeof e->out);
    device_values(d)[DMAPORTERR] = AES_PORT_ERROR | (which == OUT ? AES_PORT_LAST_CHANNEL : 0);
    report(d, AES_DMA_BUS_ERR | AES_RESULT_AVAIL | status);
}

/* The channel has moved `size` octets. True: they were its last. */
static bool channel_moved(struct device *d, int which, uint32_t size)
{
    struct engine *e = device_state(d);
    *channel_address(d, which) += size;
    *channel_length(d, which) -= size;
    e->active[which] = *channel_length(d, which) > 0;
    return !e->active[which];
}

static void move(struct device *d, int which, struct device_request request)
{
    struct engine *e = device_state(d);
    if (e->error_planted && request.tag != TAG_KEYS) {
        e->error_planted = false;
        bus_error(d, which, 0);
        return;
    }
    e->moving = true;
    request.address = *channel_address(d, which);
    device_request(d, request);
}

/* --- key store ------------------------------------------------------------------------------- */

static void erase_areas(struct device *d, uint32_t areas)
{
    struct engine *e = device_state(d);
    device_values(d)[KEYWRITTENAREA] &= ~areas;
    for (int n = 0; n < AES_KEY_AREAS; n++)
        if (areas >> n & 1)
            memset(e->keys[n], 0, sizeof e->keys[n]);
}

static void load_begin(struct device *d)
{
    struct engine *e = device_state(d);
    uint32_t length = *channel_length(d, IN);
    uint32_t size = length < sizeof e->loading ? length : sizeof e->loading;
    e->load_fails = e->error_planted;
    e->error_planted = false;
    move(d, IN,
         (struct device_request){.kind = REQUEST_DMA_READ,
                                 .tag = TAG_KEYS,
                                 .size = (uint16_t)size,
                                 .state_offset = offsetof(struct engine, loading)});
}

/* `size` octets are just for the selected areas, these are neighbours, and none holds a key. */
static bool load_allowed(struct device *d, uint32_t size)
{
    uint32_t areas = device_value(d, KEYWRITEAREA);
    uint32_t lowest = areas & -areas, count = size / AES_BLOCK_SIZE;
    return areas && size % AES_BLOCK_SIZE == 0 && count <= AES_KEY_AREAS &&
           areas / lowest == (1u << count) - 1 && !(areas & device_value(d, KEYWRITTENAREA)) &&
           device_value(d, KEYSIZE) == KEY_SIZE_128;
}

static void load_end(struct device *d)
{
    struct engine *e = device_state(d);
    uint32_t areas = device_value(d, KEYWRITEAREA), size = *channel_length(d, IN);
    bool good = !e->load_fails && load_allowed(d, size);
    const uint8_t *from = e->loading;
    for (int n = 0; good && n < AES_KEY_AREAS; n++) {
        if (!(areas >> n & 1))
            continue;
        memcpy(e->keys[n], from, AES_BLOCK_SIZE);
        from += AES_BLOCK_SIZE;
    }
    device_values(d)[KEYWRITTENAREA] |= good ? areas : 0;
    (void)channel_moved(d, IN, size);
    stop_channel(d, IN);
    report(d, AES_RESULT_AVAIL | AES_DMA_IN_DONE | (good ? 0 : AES_KEY_ST_WR_ERR));
}

static void copy_end(struct device *d)
{
    struct engine *e = device_state(d);
    uint32_t area = device_value(d, KEYREADAREA);
    e->copy_due_ps = TIME_NEVER;
    e->key_known = device_value(d, KEYWRITTENAREA) >> area & 1;
    if (e->key_known) {
        memcpy(e->keys[AES_KEY_ENGINE], e->keys[area], AES_BLOCK_SIZE);
        return;
    }
    memset(e->keys[AES_KEY_ENGINE], 0, AES_BLOCK_SIZE);
    report(d, AES_KEY_ST_RD_ERR);
}

/* --- AES engine ------------------------------------------------------------------------------ */

static void vector_get(struct device *d, uint8_t *vector)
{
    for (int i = 0; i < AES_BLOCK_SIZE; i++)
        vector[i] = (uint8_t)(device_value(d, AESIV + i / 4) >> 8 * (i % 4));
}

static void vector_set(struct device *d, const uint8_t *vector)
{
    for (uint32_t word = 0; word < 4; word++) {
        const uint8_t *octets = vector + (size_t)4 * word;
        uint32_t value = 0;
        for (int i = 3; i >= 0; i--)
            value = value << 8 | octets[i];
        device_values(d)[AESIV + word] = value;
    }
}

static void add(uint8_t *to, const uint8_t *octets)
{
    for (int i = 0; i < AES_BLOCK_SIZE; i++)
        to[i] ^= octets[i];
}

/* The last octets of the vector are one number, the last octet its lowest. */
static void count_up(uint8_t *vector, uint32_t mode)
{
    int width = 4 * (int)((mode >> 7 & 3) + 1);
    for (int i = AES_BLOCK_SIZE - 1; i >= AES_BLOCK_SIZE - width; i--)
        if (++vector[i] != 0)
            return;
}

static void work(struct device *d)
{
    struct engine *e = device_state(d);
    struct aes128 aes;
    uint8_t vector[AES_BLOCK_SIZE];
    vector_get(d, vector);
    aes128_expand(&aes, e->keys[AES_KEY_ENGINE]);
    if (e->mode & AES_CTR) {
        aes128_encrypt_block(&aes, vector, e->out);
        add(e->out, e->in);
        count_up(vector, e->mode);
    } else if (e->mode & AES_ENCRYPT) {
        if (e->mode & AES_CBC)
            add(e->in, vector);
        aes128_encrypt_block(&aes, e->in, e->out);
        memcpy(vector, e->out, sizeof vector);
    } else {
        aes128_decrypt_block(&aes, e->in, e->out);
        if (e->mode & AES_CBC)
            add(e->out, vector);
        memcpy(vector, e->in, sizeof vector);
    }
    if (e->mode & (AES_CBC | AES_CTR))
        vector_set(d, vector);
    memset(e->in, 0, sizeof e->in);
}

/* Octets of the next block, as far as channel 0 has them; 0: it has to wait. */
static uint32_t block_wanted(struct device *d)
{
    const struct engine *e = device_state(d);
    uint32_t there = *channel_length(d, IN), full = AES_BLOCK_SIZE;
    bool stream = e->mode & AES_CTR;
    uint32_t want = full;
    if (!e->endless && e->left < full)
        want = (uint32_t)e->left;
    else if (e->endless && stream && there < full)
        want = there;
    return there >= want && (want == full || stream) ? want : 0;
}

static bool block_possible(struct device *d)
{
    const struct engine *e = device_state(d);
    return e->context && !e->saved && !e->moving && !e->output_full && e->active[IN] &&
           e->block_due_ps == TIME_NEVER && !(e->mode & AESCTL_NOT_MODELLED) &&
           (e->mode & (AES_CBC | AES_CTR)) != (AES_CBC | AES_CTR);
}

static void block_begin(struct device *d)
{
    struct engine *e = device_state(d);
    e->block_size = block_wanted(d);
    if (e->block_size)
        move(d, IN,
             (struct device_request){.kind = REQUEST_DMA_READ,
                                     .tag = TAG_IN,
                                     .size = (uint16_t)e->block_size,
                                     .state_offset = offsetof(struct engine, in)});
}

static void block_deliver(struct device *d)
{
    const struct engine *e = device_state(d);
    if (e->active[OUT] && *channel_length(d, OUT) >= e->block_size)
        move(d, OUT,
             (struct device_request){.kind = REQUEST_DMA_WRITE,
                                     .tag = TAG_OUT,
                                     .size = (uint16_t)e->block_size,
                                     .state_offset = offsetof(struct engine, out)});
}

/* Begins whatever can begin now. */
static void advance(struct device *d)
{
    const struct engine *e = device_state(d);
    uint32_t target = device_value(d, ALGSEL);
    if (target == AES_TO_KEY_STORE && e->active[IN] && !e->moving && e->load_due_ps == TIME_NEVER)
        load_begin(d);
    if (target == AES_TO_ENGINE && e->output_full && !e->moving)
        block_deliver(d);
    if (target == AES_TO_ENGINE && block_possible(d))
        block_begin(d);
    plan_wake(d);
}

/* --- the ends of transfers ------------------------------------------------------------------- */

static void block_read(struct device *d)
{
    struct engine *e = device_state(d);
    uint32_t cycles = e->mode & AES_CBC ? CYCLES_BLOCK_CBC : CYCLES_BLOCK;
    e->left -= e->endless ? 0 : e->block_size;
    e->block_due_ps = after_cycles(d, cycles);
    if (channel_moved(d, IN, e->block_size))
        report(d, AES_DMA_IN_DONE);
}

static void block_written(struct device *d)
{
    struct engine *e = device_state(d);
    bool last = channel_moved(d, OUT, e->block_size);
    e->output_full = false;
    memset(e->out, 0, sizeof e->out);
    if (!e->endless && e->left == 0) {
        e->context = false;
        e->saved = e->mode & AES_SAVE_CONTEXT;
    }
    if (last && !e->active[IN])
        report(d, AES_RESULT_AVAIL);
}

static void on_dma_done(struct device *d, const struct device_request *r, bool done)
{
    struct engine *e = device_state(d);
    e->moving = false;
    if (!done)
        bus_error(d, r->tag == TAG_OUT ? OUT : IN, r->tag == TAG_KEYS ? AES_KEY_ST_WR_ERR : 0);
    else if (r->tag == TAG_KEYS)
        e->load_due_ps = after_cycles(d, (r->size + 15u) / AES_BLOCK_SIZE * CYCLES_KEY_LOAD);
    else if (r->tag == TAG_IN)
        block_read(d);
    else
        block_written(d);
    advance(d);
}

static void on_wake(struct device *d)
{
    struct engine *e = device_state(d);
    if (e->copy_due_ps <= d->now_ps)
        copy_end(d);
    if (e->load_due_ps <= d->now_ps)
        load_end(d);
    if (e->block_due_ps <= d->now_ps) {
        e->block_due_ps = TIME_NEVER;
        work(d);
        e->output_full = true;
    }
    advance(d);
}

static void on_error(struct device *d)
{
    struct engine *e = device_state(d);
    if (e->load_due_ps != TIME_NEVER)
        e->load_fails = true;
    else
        e->error_planted = true;
}

/* --- registers ------------------------------------------------------------------------------- */

static void enable_written(struct device *d, uint32_t row, uint32_t written)
{
    if (!(written & 1))
        stop_channel(d, row == DMACH0CTL ? IN : OUT);
    plan_wake(d);
}

static void length_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)written;
    struct engine *e = device_state(d);
    int which = row == DMACH0LEN ? IN : OUT;
    bool able = (*channel(d, which) & 1) && !device_value(d, DMAPORTERR);
    e->active[which] = able && *channel_length(d, which) > 0;
    advance(d);
}

static uint32_t dma_status(struct device *d, uint32_t row, uint32_t stored)
{
    (void)row;
    const struct engine *e = device_state(d);
    return stored | (e->active[IN] ? AES_DMA_ACTIVE(IN) : 0) |
           (e->active[OUT] ? AES_DMA_ACTIVE(OUT) : 0) |
           (device_value(d, DMAPORTERR) ? AES_DMA_PORT_ERR : 0);
}

static void dma_reset(struct device *d)
{
    for (int which = IN; which <= OUT; which++) {
        stop_channel(d, which);
        *channel(d, which) &= ~UINT32_C(1);
        *channel_length(d, which) = 0;
    }
    erase_areas(d, 0xff);
}

static void dma_reset_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    if (!(written & 1))
        return;
    dma_reset(d);
    device_values(d)[DMAPORTERR] = 0;
    plan_wake(d);
}

static void areas_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    erase_areas(d, written);
}

static void key_size_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    erase_areas(d, 0xff);
}

static void copy_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    struct engine *e = device_state(d);
    bool area = (written & 0xf) < AES_KEY_AREAS;
    e->copy_due_ps = area ? after_cycles(d, CYCLES_KEY_COPY) : TIME_NEVER;
    plan_wake(d);
}

static uint32_t copy_status(struct device *d, uint32_t row, uint32_t stored)
{
    (void)row;
    const struct engine *e = device_state(d);
    return stored | (e->copy_due_ps == TIME_NEVER ? 0 : AES_KEY_BUSY);
}

static void saved_taken(struct device *d)
{
    struct engine *e = device_state(d);
    e->saved = false;
    advance(d);
}

static uint32_t vector_taken(struct device *d, uint32_t row, uint32_t stored)
{
    (void)row;
    saved_taken(d);
    return stored;
}

static uint32_t control_read(struct device *d, uint32_t row, uint32_t stored)
{
    (void)row;
    const struct engine *e = device_state(d);
    bool waits = e->context && e->block_due_ps == TIME_NEVER && !e->output_full;
    return (stored & AESCTL_MODE) | (!e->context && !e->saved ? AES_CONTEXT_READY : 0) |
           (e->saved ? AES_SAVED_CONTEXT_READY : 0) | (e->key_known ? AESCTL_KEY_128 : 0) |
           (waits ? AES_INPUT_READY : 0) | (e->output_full ? AES_OUTPUT_READY : 0);
}

static void control_written(struct device *d, uint32_t row, uint32_t written)
{
    if (written & AES_SAVED_CONTEXT_READY)
        saved_taken(d);
    else
        device_values(d)[row] = AES_CONTEXT_READY | (written & AESCTL_MODE);
}

/* The low word starts the context, and anew if one is in use; the high word starts one, too, but
 * only widens that in use. */
static void data_length_written(struct device *d, uint32_t row, uint32_t written)
{
    struct engine *e = device_state(d);
    uint64_t high = row == AESDATALEN1 ? (uint64_t)(written & 0x1fffffff) << 32 : 0;
    if (row == AESDATALEN1 && e->context) {
        e->left += high;
        e->endless = e->endless && !high;
    } else {
        e->left = row == AESDATALEN0 ? written : high;
        e->block_due_ps = TIME_NEVER;
        e->output_full = false;
        e->context = true;
        e->endless = e->left == 0;
        e->mode = device_value(d, AESCTL) & AESCTL_MODE;
    }
    advance(d);
}

static void target_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    advance(d);
}

static void irq_written(struct device *d, uint32_t row, uint32_t written)
{
    if (row == IRQSET)
        report(d, written & INTERRUPTS);
    if (row == IRQCLR)
        device_values(d)[IRQSTAT] &= ~written;
    refresh_line(d);
}

static void engine_idle(struct device *d)
{
    struct engine *e = device_state(d);
    e->block_due_ps = TIME_NEVER;
    e->load_due_ps = TIME_NEVER;
    e->copy_due_ps = TIME_NEVER;
    plan_wake(d);
}

/* DMAPORTERR is the DMA's, and stays. */
static void reset_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    if (!(written & 1))
        return;
    struct engine *e = device_state(d);
    dma_reset(d);
    *e = (struct engine){.error_planted = e->error_planted};
    device_values(d)[KEYREADAREA] = AES_KEY_NO_AREA;
    memset(device_values(d) + AESIV, 0, 4 * sizeof(uint32_t));
    device_values(d)[AESCTL] = AES_CONTEXT_READY;
    device_values(d)[IRQSTAT] = 0;
    refresh_line(d);
    engine_idle(d);
}

#define ALL 0xffffffffu
static const struct reg regs[] = {
    [DMACH0CTL] = {"DMACH0CTL", 0x000, .writable = 3, .on_write = enable_written},
    [DMACH0EXTADDR] = {"DMACH0EXTADDR", 0x004, .writable = ALL},
    [DMACH0LEN] = {"DMACH0LEN", 0x00c, .writable = 0xffff, .on_write = length_written},
    [DMASTAT] = {"DMASTAT", 0x018, .on_read = dma_status},
    [DMASWRESET] = {"DMASWRESET", 0x01c, .on_write = dma_reset_written},
    [DMACH1CTL] = {"DMACH1CTL", 0x020, .writable = 3, .on_write = enable_written},
    [DMACH1EXTADDR] = {"DMACH1EXTADDR", 0x024, .writable = ALL},
    [DMACH1LEN] = {"DMACH1LEN", 0x02c, .writable = 0xffff, .on_write = length_written},
    [DMABUSCFG] = {"DMABUSCFG", 0x078, .reset = 0x2400, .writable = 0xff00},
    [DMAPORTERR] = {"DMAPORTERR", 0x07c, .reset = 0},
    [DMAHWVER] = {"DMAHWVER", 0x0fc, .reset = 0x01012ed1},
    [KEYWRITEAREA] = {"KEYWRITEAREA", 0x400, .writable = 0xff},
    [KEYWRITTENAREA] = {"KEYWRITTENAREA", 0x404, .write1_clears = 0xff, .on_write = areas_written},
    [KEYSIZE] = {"KEYSIZE", 0x408, .reset = KEY_SIZE_128, .writable = 3,
                 .on_write = key_size_written},
    [KEYREADAREA] = {"KEYREADAREA", 0x40c, .reset = AES_KEY_NO_AREA, .writable = 0xf,
                     .on_read = copy_status, .on_write = copy_written},
    [AESIV] = {"AESIV_0", 0x540, .writable = ALL},
    {"AESIV_1", 0x544, .writable = ALL},
    {"AESIV_2", 0x548, .writable = ALL},
    {"AESIV_3", 0x54c, .writable = ALL, .on_read = vector_taken},
    [AESCTL] = {"AESCTL", 0x550, .reset = AES_CONTEXT_READY, .on_read = control_read,
                .on_write = control_written},
    [AESDATALEN0] = {"AESDATALEN0", 0x554, .on_write = data_length_written},
    [AESDATALEN1] = {"AESDATALEN1", 0x558, .on_write = data_length_written},
    [ALGSEL] = {"ALGSEL", 0x700, .writable = 0x80000007, .on_write = target_written},
    [DMAPROTCTL] = {"DMAPROTCTL", 0x704, .writable = 1},
    [SWRESET] = {"SWRESET", 0x740, .on_write = reset_written},
    [IRQTYPE] = {"IRQTYPE", 0x780, .writable = 1, .on_write = irq_written},
    [IRQEN] = {"IRQEN", 0x784, .writable = INTERRUPTS, .on_write = irq_written},
    [IRQCLR] = {"IRQCLR", 0x788, .on_write = irq_written},
    [IRQSET] = {"IRQSET", 0x78c, .on_write = irq_written},
    [IRQSTAT] = {"IRQSTAT", 0x790, .reset = 0},
};

const struct device_type cc26x2_aes = {
    .name = "cc26x2-aes",
    .regs = regs,
    .reg_count = sizeof regs / sizeof regs[0],
    .window_size = 0x1000,
    .state_size = sizeof(struct engine),
    .dma = true,
    .key_count = AES_KEYS,
    .key_offset = offsetof(struct engine, keys),
    .on_reset = engine_idle,
    .on_wake = on_wake,
    .on_dma_done = on_dma_done,
    .on_error = on_error,
};
