/* ccm.c: CCM and AAR, which share a page, its registers and a line: ENABLE decides which it is.
 * Source: nRF52840 Product Specification v1.7, "CCM - AES CCM mode encryption" and "AAR -
 * Accelerated address resolver"; Bluetooth Core Specification, Vol 6 Part E (nonce, B and A blocks,
 * header mask) and Vol 3 Part H, section 2.2.2 (the hash of an address).
 *
 * Registers have CCM's names. AAR calls them otherwise: KSGEN START, ENDKSGEN END, ENDCRYPT
 * RESOLVED, ERROR NOTRESOLVED, MICSTATUS STATUS, MODE NIRK, CNFPTR IRKPTR, OUTPTR ADDRPTR.
 *
 *   KSGEN  CNFPTR (33 octets) --AES--> key stream --> SCRATCHPTR: 16 + 27 octets, or, with
 *          MODE.LENGTH extended, 16 + MAXPACKETSIZE, whatever the packet's length; ENDKSGEN
 *   CRYPT  INPTR, key stream from SCRATCHPTR --> OUTPTR; ENDCRYPT. A packet in RAM has a header of
 *          three octets (S0, LENGTH, S1) of which two are on the air
 *
 * Time. The specification gives 50 us at most for a key stream; 7.2 us for a block of AES (ECB).
 * Here a key stream takes 7.2 us for each 16 octets and for the MIC's block, 50 us at most: 21.6 us
 * for 27 octets, less than preamble and address of any PHY, as READY -> KSGEN needs. CRYPT goes at
 * the radio's rate (MODE.DATARATE, RATEOVERRIDE from the octet under way on), as if it had been
 * triggered by ADDRESS (PPI channel 25):
 *
 *   encrypt  at once: header and payload are read, OUTPTR's header is written. Octets 16n to
 *            16n + 15 are written 16n octet times and 7.2 us after CRYPT, the last with the MIC: as
 *            early as a radio needs them that transmits meanwhile
 *   decrypt  after 2 octet times the header is read, after 2 + LENGTH the payload and its MIC: each
 *            when a radio that receives meanwhile has just written it. OUTPTR at the end
 *   end      2 + LENGTH with MIC octet times and 7.2 us after CRYPT
 *
 * AAR: 1 us and 6 us for each key tried (t_AAR); a key is read, and three octets are written to
 * SCRATCHPTR, at the end of its 6 us.
 *
 * From KSGEN to ENDKSGEN, from CRYPT to ENDCRYPT, and from START to END, the AES core is taken: ECB
 * can not use it (devices/ecb.c).
 *
 * Choices where the specification is silent. ERROR (which it calls deprecated) comes for CRYPT
 * without a key stream, or before the key stream is ready, or a second time on the same; and for
 * refused DMA, which ends the operation without another event. A payload longer than the key
 * stream is cut off there, as users have seen; ERROR comes with ENDCRYPT, and of a received one the
 * MIC is wrong. Received packets of 1 to 4 octets fail the MIC check and come out empty. KSGEN, and
 * AAR's START, end what is under way and start anew; STOP, and a change of ENABLE, end it without
 * an event and forget the key stream. What lies in the scratch area before the key stream is the
 * MIC's block. CNFPTR and SCRATCHPTR are read again by CRYPT. An address whose two top bits are not
 * 01, or that cannot be read, has no key; nor has one a key that cannot be read. NIRK above 16 is
 * 16. An injected error is CCM's ERROR and ends the operation.
 *
 * Not modelled: one storage for MODE and NIRK's bits means that either's setting is seen in the
 * other; drift of its clock; waiting for the RAM block; on silicon a pointer outside of RAM may
 * corrupt RAM.
 */
#include "devices/catalogue.h"
#include "sim/aes.h"
#include <string.h>

enum { ENDKSGEN = 0, ENDCRYPT = 1, ERROR = 2, EVENT_BITS = 7 };
enum { END = 0, RESOLVED = 1, NOTRESOLVED = 2 }; /* the same for AAR */
enum {
    TASKS_KSGEN,
    TASKS_CRYPT,
    TASKS_STOP,
    TASKS_RATEOVERRIDE,
    EVENTS_ENDKSGEN,
    EVENTS_ENDCRYPT,
    EVENTS_ERROR,
    SHORTS,
    INTENSET,
    INTENCLR,
    MICSTATUS,
    ENABLE,
    MODE,
    CNFPTR,
    INPTR,
    OUTPTR,
    SCRATCHPTR,
    MAXPACKETSIZE,
    RATEOVERRIDE,
};
enum { STATUS = MICSTATUS, NIRK = MODE, IRKPTR = CNFPTR, ADDRPTR = OUTPTR };
enum { ENABLE_CCM = 2, ENABLE_AAR = 3 };
enum { MODE_DECRYPT = 1, MODE_EXTENDED = 1 << 24, MODE_BITS = 0x01030001, NIRK_BITS = 0x1f };
enum {
    BLOCK = AES_BLOCK_SIZE,
    HEADER = 3, /* octets in RAM */
    HEADER_ON_AIR = 2,
    MIC = 4,
    SHORT_STREAM = 27,
    LONG_STREAM = 251,   /* octets of key stream, at most */
    SHORT_LENGTH = 0x1f, /* LENGTH has five bits then */
    ADDRESS = 6,
    HASH = 3,
    NIRK_MAX = 16,
};
#define BLOCK_PS UINT64_C(7200000)
#define KEY_STREAM_MAX_PS (50 * PS_PER_US)
#define RESOLVE_START_PS PS_PER_US
#define RESOLVE_KEY_PS (6 * PS_PER_US)

enum step { IDLE, KEY_STREAM, ENCRYPT, DECRYPT_HEADER, DECRYPT_PAYLOAD, DECRYPT_END, RESOLVE };

/* What CNFPTR points to. */
struct configuration {
    uint8_t key[BLOCK], counter[8], direction, vector[8];
};
enum { CONFIGURATION_SIZE = 33 };
_Static_assert(sizeof(struct configuration) == CONFIGURATION_SIZE, "octets, in the order of RAM");

struct packet {
    uint8_t header[HEADER], payload[255];
};

struct ccm {
    struct configuration configuration;
    struct packet in, out;
    uint8_t scratch[BLOCK + LONG_STREAM];
    uint8_t address[ADDRESS], irk[BLOCK], hash[HASH];
    uint8_t step;    /* enum step */
    uint8_t enabled; /* ENABLE, to see a change */
    bool key_stream; /* there is one that was not used yet */
    bool cut;        /* the payload is longer than the key stream */
    bool mic_good;
    bool resolvable, matches;
    uint8_t irk_index;
    uint32_t stream_size; /* octets of key stream */
    uint32_t in_size;     /* octets of payload, with MIC if it is encrypted */
    uint32_t out_size;
    uint32_t written;   /* octets of out.payload that are in RAM */
    uint32_t anchor;    /* so many octet times had passed since CRYPT */
    uint64_t anchor_ps; /* at this time */
    uint64_t octet_ps;
    uint32_t due;   /* the next step comes after so many octet times, */
    bool due_block; /* and the time of a block of AES */
};

static void move(struct device *d, uint8_t kind, uint32_t address, size_t state_offset,
                 uint32_t size)
{
    device_request(d, (struct device_request){.kind = kind,
                                              .size = (uint16_t)size,
                                              .address = address,
                                              .state_offset = (uint32_t)state_offset});
}

#define READ(d, address, member, size)                                                             \
    move((d), REQUEST_DMA_READ, (address), offsetof(struct ccm, member), (size))
#define WRITE(d, address, member, size)                                                            \
    move((d), REQUEST_DMA_WRITE, (address), offsetof(struct ccm, member), (size))

/* At work it has the AES core, which ECB uses, too. */
static void go(struct device *d, enum step step)
{
    struct ccm *c = device_state(d);
    if ((step == IDLE) != (c->step == IDLE))
        device_request(d, (struct device_request){.kind = REQUEST_SHARE, .size = step != IDLE});
    c->step = (uint8_t)step;
}

static void halt(struct device *d)
{
    struct ccm *c = device_state(d);
    go(d, IDLE);
    c->key_stream = false;
    d->wake_ps = TIME_NEVER;
}

static void fail(struct device *d)
{
    halt(d);
    nrf_event(d, ERROR);
}

/* --- CCM of a packet (Core Specification, Vol 6 Part E, section 2) --------------------------- */

/* Block B0, A_i: flags, nonce, and a number, most significant octet first. */
static void make_block(const struct configuration *from, uint8_t flags, uint32_t number,
                       uint8_t *block)
{
    block[0] = flags;
    memcpy(block + 1, from->counter, 5);
    block[5] = (uint8_t)((from->counter[4] & 0x7f) | (from->direction & 1) << 7);
    memcpy(block + 6, from->vector, sizeof from->vector);
    block[14] = (uint8_t)(number >> 8);
    block[15] = (uint8_t)number;
}

static void add(uint8_t *to, const uint8_t *from, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        to[i] ^= from[i];
}

/* A_0 is the MIC's, A_1 and on are the payload's. */
static void make_key_stream(struct ccm *c)
{
    struct aes128 aes;
    aes128_expand(&aes, c->configuration.key);
    for (uint32_t at = 0, i = 0; at < BLOCK + c->stream_size; at += BLOCK, i++) {
        uint8_t block[BLOCK];
        uint32_t left = BLOCK + c->stream_size - at;
        make_block(&c->configuration, 0x01, i, block);
        aes128_encrypt_block(&aes, block, block);
        memcpy(c->scratch + at, block, left < BLOCK ? left : BLOCK);
    }
}

/* CBC-MAC over B0, the masked header, and the payload; the MIC as it is on the air. */
static void make_mic(const struct ccm *c, const uint8_t *payload, uint32_t size, uint8_t *mic)
{
    struct aes128 aes;
    uint8_t state[BLOCK];
    /* NESN, SN and MD may change when a packet is sent again: they count as 0. */
    const uint8_t header[] = {0, 1, c->in.header[0] & 0xe3};
    aes128_expand(&aes, c->configuration.key);
    make_block(&c->configuration, 0x49, size, state);
    aes128_encrypt_block(&aes, state, state);
    add(state, header, sizeof header);
    aes128_encrypt_block(&aes, state, state);
    for (uint32_t at = 0; at < size; at += BLOCK) {
        add(state, payload + at, size - at < BLOCK ? size - at : BLOCK);
        aes128_encrypt_block(&aes, state, state);
    }
    memcpy(mic, state, MIC);
    add(mic, c->scratch, MIC);
}

/* The packet goes through as it is. */
static void pass_through(struct ccm *c, uint32_t length)
{
    memcpy(c->out.header, c->in.header, HEADER);
    c->out.header[1] = (uint8_t)length;
    c->out_size = length;
}

static void encrypt(struct ccm *c)
{
    uint8_t *payload = c->out.payload;
    const uint32_t size = c->in_size;
    pass_through(c, size ? size + MIC : 0);
    if (!size)
        return;
    memcpy(payload, c->in.payload, size);
    add(payload, c->scratch + BLOCK, size);
    make_mic(c, c->in.payload, size, payload + size);
}

static void decrypt(struct ccm *c)
{
    uint8_t mic[MIC];
    uint32_t size = c->in_size > MIC ? c->in_size - MIC : 0;
    c->cut = size > c->stream_size;
    size = c->cut ? c->stream_size : size;
    pass_through(c, size);
    c->mic_good = c->in_size == 0;
    if (!size)
        return;
    memcpy(c->out.payload, c->in.payload, size);
    add(c->out.payload, c->scratch + BLOCK, size);
    make_mic(c, c->out.payload, size, mic);
    c->mic_good = !c->cut && memcmp(mic, c->in.payload + size, MIC) == 0;
}

/* --- key stream ------------------------------------------------------------------------------ */

static uint32_t stream_size(struct device *d)
{
    const uint32_t longest = device_value(d, MAXPACKETSIZE);
    if (!(device_value(d, MODE) & MODE_EXTENDED))
        return SHORT_STREAM;
    return longest < LONG_STREAM ? longest : LONG_STREAM;
}

static void start_key_stream(struct device *d)
{
    struct ccm *c = device_state(d);
    halt(d);
    go(d, KEY_STREAM);
    c->stream_size = stream_size(d);
    const uint64_t blocks = 1 + (c->stream_size + BLOCK - 1) / BLOCK;
    const uint64_t ps = blocks * BLOCK_PS;
    d->wake_ps = d->now_ps + (ps < KEY_STREAM_MAX_PS ? ps : KEY_STREAM_MAX_PS);
    READ(d, device_value(d, CNFPTR), configuration, CONFIGURATION_SIZE);
}

static void key_stream_made(struct device *d)
{
    struct ccm *c = device_state(d);
    go(d, IDLE);
    c->key_stream = true;
    nrf_event(d, ENDKSGEN); /* last: its short cut may start CRYPT */
}

/* --- a packet -------------------------------------------------------------------------------- */

static uint64_t octet_ps(uint32_t rate)
{
    static const uint8_t us[] = {8, 4, 64, 16}; /* 1 Mbit, 2 Mbit, 125 kbit, 500 kbit */
    return us[rate & 3] * PS_PER_US;
}

/* The next step comes so many octet times after CRYPT, and a block of AES later if it needs one. */
static void plan(struct device *d, uint32_t octets, bool block)
{
    struct ccm *c = device_state(d);
    c->due = octets;
    c->due_block = block;
    d->wake_ps = c->anchor_ps + (octets - c->anchor) * c->octet_ps + (block ? BLOCK_PS : 0);
}

/* LENGTH of the packet that was read. */
static uint32_t length_read(struct device *d)
{
    const struct ccm *c = device_state(d);
    const bool extended = device_value(d, MODE) & MODE_EXTENDED;
    return c->in.header[1] & (extended ? 0xffu : SHORT_LENGTH);
}

static void crypt(struct device *d, uint32_t row)
{
    (void)row;
    struct ccm *c = device_state(d);
    const bool decrypts = device_value(d, MODE) & MODE_DECRYPT;
    if (device_value(d, ENABLE) != ENABLE_CCM)
        return;
    if (!c->key_stream) {
        nrf_event(d, ERROR);
        return;
    }
    c->key_stream = false;
    c->cut = false;
    c->octet_ps = octet_ps(device_value(d, MODE) >> 16);
    c->anchor_ps = d->now_ps;
    c->anchor = 0;
    c->written = 0;
    go(d, decrypts ? DECRYPT_HEADER : ENCRYPT);
    READ(d, device_value(d, CNFPTR), configuration, CONFIGURATION_SIZE);
    READ(d, device_value(d, SCRATCHPTR), scratch, BLOCK + c->stream_size);
    if (decrypts)
        plan(d, HEADER_ON_AIR, false);
    else
        READ(d, device_value(d, INPTR), in.header, HEADER);
}

static void read_payload(struct device *d)
{
    const struct ccm *c = device_state(d);
    READ(d, device_value(d, INPTR) + HEADER, in.payload, c->in_size);
}

static void end_packet(struct device *d, bool encrypted)
{
    struct ccm *c = device_state(d);
    go(d, IDLE);
    if (!encrypted)
        device_values(d)[MICSTATUS] = c->mic_good;
    nrf_events(d, 1 << ENDCRYPT | (uint32_t)c->cut << ERROR);
}

/* The next octets of the payload, or the end: each at its time. */
static void plan_encrypted(struct device *d)
{
    const struct ccm *c = device_state(d);
    const bool more = c->written < c->out_size;
    plan(d, more ? c->written : HEADER_ON_AIR + c->out_size, true);
}

static void encrypt_packet(struct device *d)
{
    struct ccm *c = device_state(d);
    encrypt(c);
    WRITE(d, device_value(d, OUTPTR), out.header, HEADER);
    plan_encrypted(d);
}

static void write_encrypted(struct device *d)
{
    struct ccm *c = device_state(d);
    if (c->written == c->out_size) {
        end_packet(d, true);
        return;
    }
    const uint32_t left = c->out_size - c->written;
    const uint32_t size = left > BLOCK + MIC ? BLOCK : left; /* the last goes with the MIC */
    move(d, REQUEST_DMA_WRITE, device_value(d, OUTPTR) + HEADER + c->written,
         offsetof(struct ccm, out.payload) + c->written, size);
    c->written += size;
    plan_encrypted(d);
}

static void decrypt_packet(struct device *d)
{
    struct ccm *c = device_state(d);
    decrypt(c);
    go(d, DECRYPT_END);
    d->wake_ps = d->now_ps + BLOCK_PS;
}

static void header_read(struct device *d)
{
    struct ccm *c = device_state(d);
    c->in_size = length_read(d);
    if (c->step == ENCRYPT && c->in_size > c->stream_size) {
        c->cut = true;
        c->in_size = c->stream_size;
    }
    if (c->step == DECRYPT_HEADER && c->in_size) {
        go(d, DECRYPT_PAYLOAD);
        plan(d, HEADER_ON_AIR + c->in_size, false);
    } else if (c->step == DECRYPT_HEADER) {
        decrypt_packet(d);
    } else if (c->in_size) {
        read_payload(d);
    } else {
        encrypt_packet(d);
    }
}

/* The octet under way, and all after it, take the new time. */
static void override_rate(struct device *d, uint32_t row)
{
    (void)row;
    struct ccm *c = device_state(d);
    if (c->step < ENCRYPT || c->step > DECRYPT_PAYLOAD)
        return;
    const uint64_t whole = (d->now_ps - c->anchor_ps) / c->octet_ps;
    const uint32_t passed = whole < c->due - c->anchor ? (uint32_t)whole : c->due - c->anchor;
    c->anchor_ps += passed * c->octet_ps;
    c->anchor += passed;
    c->octet_ps = octet_ps(device_value(d, RATEOVERRIDE));
    plan(d, c->due, c->due_block);
    if (d->wake_ps <= d->now_ps) /* the octet under way would have ended already */
        d->wake_ps = d->now_ps + 1;
}

/* --- AAR ------------------------------------------------------------------------------------- */

static uint32_t key_count(struct device *d)
{
    const uint32_t count = device_value(d, NIRK) & NIRK_BITS;
    return count < NIRK_MAX ? count : NIRK_MAX;
}

/* The hash of the address's random part, as its octets stand in RAM: least significant first. */
static void hash_address(struct ccm *c)
{
    uint8_t block[BLOCK] = {0};
    for (uint32_t i = 0; i < HASH; i++)
        block[BLOCK - 1 - i] = c->address[HASH + i];
    aes128_encrypt(c->irk, block, block);
    for (uint32_t i = 0; i < HASH; i++)
        c->hash[i] = block[BLOCK - 1 - i];
}

static void end_resolving(struct device *d, uint32_t event)
{
    halt(d);
    nrf_events(d, 1 << END | UINT32_C(1) << event);
}

static void try_next_key(struct device *d, uint64_t from_ps)
{
    const struct ccm *c = device_state(d);
    if (c->irk_index < key_count(d))
        d->wake_ps = from_ps + RESOLVE_KEY_PS;
    else if (from_ps > d->now_ps)
        d->wake_ps = from_ps; /* there is none at all */
    else
        end_resolving(d, NOTRESOLVED);
}

static void start_resolving(struct device *d)
{
    struct ccm *c = device_state(d);
    halt(d);
    go(d, RESOLVE);
    c->irk_index = 0;
    READ(d, device_value(d, ADDRPTR) + HEADER, address, ADDRESS);
    try_next_key(d, d->now_ps + RESOLVE_START_PS);
}

static void read_key(struct device *d)
{
    const struct ccm *c = device_state(d);
    if (c->irk_index >= key_count(d))
        end_resolving(d, NOTRESOLVED);
    else
        READ(d, device_value(d, IRKPTR) + (uint32_t)BLOCK * c->irk_index, irk, BLOCK);
}

static void key_read(struct device *d, bool done)
{
    struct ccm *c = device_state(d);
    hash_address(c);
    c->matches = done && c->resolvable && memcmp(c->hash, c->address, HASH) == 0;
    WRITE(d, device_value(d, SCRATCHPTR), hash, HASH);
}

static void key_tried(struct device *d)
{
    struct ccm *c = device_state(d);
    if (c->matches) {
        device_values(d)[STATUS] = c->irk_index;
        end_resolving(d, RESOLVED);
        return;
    }
    c->irk_index++;
    try_next_key(d, d->now_ps);
}

/* --- both ------------------------------------------------------------------------------------ */

static void ksgen(struct device *d, uint32_t row)
{
    (void)row;
    const uint32_t enabled = device_value(d, ENABLE);
    if (enabled == ENABLE_CCM)
        start_key_stream(d);
    else if (enabled == ENABLE_AAR)
        start_resolving(d);
}

static void stop(struct device *d, uint32_t row)
{
    (void)row;
    halt(d);
}

static void on_wake(struct device *d)
{
    struct ccm *c = device_state(d);
    switch (c->step) {
    case KEY_STREAM:
        make_key_stream(c);
        WRITE(d, device_value(d, SCRATCHPTR), scratch, BLOCK + c->stream_size);
        break;
    case ENCRYPT:
        write_encrypted(d);
        break;
    case DECRYPT_HEADER:
        READ(d, device_value(d, INPTR), in.header, HEADER);
        break;
    case DECRYPT_PAYLOAD:
        read_payload(d);
        break;
    case DECRYPT_END:
        WRITE(d, device_value(d, OUTPTR), out, HEADER + c->out_size);
        break;
    default:
        read_key(d);
        break;
    }
}

/* What has been moved is told by the place in our state. */
static void moved(struct device *d, const struct device_request *r)
{
    struct ccm *c = device_state(d);
    const bool written = r->kind == REQUEST_DMA_WRITE;
    if (written && c->step == KEY_STREAM)
        key_stream_made(d);
    else if (written && c->step == DECRYPT_END)
        end_packet(d, false);
    else if (r->state_offset == offsetof(struct ccm, in.header))
        header_read(d);
    else if (r->state_offset == offsetof(struct ccm, in.payload) && c->step == ENCRYPT)
        encrypt_packet(d);
    else if (r->state_offset == offsetof(struct ccm, in.payload))
        decrypt_packet(d);
}

static void on_dma_done(struct device *d, const struct device_request *r, bool done)
{
    struct ccm *c = device_state(d);
    if (c->step == RESOLVE && r->state_offset == offsetof(struct ccm, address))
        c->resolvable = done && c->address[ADDRESS - 1] >> 6 == 1;
    else if (c->step == RESOLVE && r->state_offset == offsetof(struct ccm, irk))
        key_read(d, done);
    else if (c->step == RESOLVE)
        key_tried(d);
    else if (c->step != IDLE && !done)
        fail(d);
    else if (c->step != IDLE)
        moved(d, r);
}

static void on_error(struct device *d)
{
    if (device_value(d, ENABLE) == ENABLE_CCM)
        fail(d);
}

static void enable_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)written;
    struct ccm *c = device_state(d);
    const uint8_t enabled = (uint8_t)device_value(d, row);
    if (enabled != c->enabled)
        halt(d);
    c->enabled = enabled;
}

/* clang-format off */
static const struct reg regs[] = {
    [TASKS_KSGEN] = NRF_TASK("TASKS_KSGEN", 0x000, ksgen),
    [TASKS_CRYPT] = NRF_TASK("TASKS_CRYPT", 0x004, crypt),
    [TASKS_STOP] = NRF_TASK("TASKS_STOP", 0x008, stop),
    [TASKS_RATEOVERRIDE] = NRF_TASK("TASKS_RATEOVERRIDE", 0x00c, override_rate),
    [EVENTS_ENDKSGEN] = NRF_EVENT("EVENTS_ENDKSGEN", ENDKSGEN),
    [EVENTS_ENDCRYPT] = NRF_EVENT("EVENTS_ENDCRYPT", ENDCRYPT),
    [EVENTS_ERROR] = NRF_EVENT("EVENTS_ERROR", ERROR),
    [SHORTS] = NRF_SHORTS(1),
    [INTENSET] = NRF_INTENSET(EVENT_BITS, 0),
    [INTENCLR] = NRF_INTENCLR(EVENT_BITS, 0),
    [MICSTATUS] = {"MICSTATUS", 0x400, .stays = true},
    [ENABLE] = {"ENABLE", 0x500, .writable = 3, .on_write = enable_written},
    [MODE] = {"MODE", 0x504, .reset = 1, .writable = MODE_BITS | NIRK_BITS},
    [CNFPTR] = {"CNFPTR", 0x508, .writable = 0xffffffff},
    [INPTR] = {"INPTR", 0x50c, .writable = 0xffffffff},
    [OUTPTR] = {"OUTPTR", 0x510, .writable = 0xffffffff},
    [SCRATCHPTR] = {"SCRATCHPTR", 0x514, .writable = 0xffffffff},
    [MAXPACKETSIZE] = {"MAXPACKETSIZE", 0x518, .reset = 0xfb, .writable = 0xff},
    [RATEOVERRIDE] = {"RATEOVERRIDE", 0x51c, .writable = 3},
};
/* clang-format on */

static const struct nrf_short shorts[] = {{0, ENDKSGEN, TASKS_CRYPT}};

const struct nrf_type nrf52_ccm = {
    .type = {.name = "nrf52-ccm",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000,
             .state_size = sizeof(struct ccm),
             .dma = true,
             .on_wake = on_wake,
             .on_dma_done = on_dma_done,
             .on_error = on_error},
    .inten = INTENSET,
    .shorts = SHORTS,
    .short_count = sizeof shorts / sizeof shorts[0],
    .short_list = shorts,
};
