/* radio.c: RADIO: packets of LE 1M and LE 2M, sent and received by its own state machine and DMA.
 * Source: nRF52840 Product Specification v1.7, "RADIO - 2.4 GHz radio"; times: the table below.
 *
 *   TXEN --ramp--> READY --START--> preamble .. ADDRESS .. octets are read .. PAYLOAD .. END
 *   RXEN --ramp--> READY --START--> listens .. ADDRESS .. octets are written .. CRCOK, END
 *                                                           DISABLE --> DISABLED
 *
 * What is looked at when: MODE and the ramp at TXEN and RXEN, FREQUENCY there, too; PACKETPTR,
 * PCNF0, PCNF1, CRCCNF, CRCPOLY, CRCINIT, DATAWHITEIV, TXADDRESS and TXPOWER at START; addresses to
 * receive when the last bit of one comes.
 *
 * DMA keeps pace with the bits, so that a CCM may work meanwhile. Sending: the header is read at
 * ADDRESS, the payload in pieces of 16 octets, each before its first bit. Receiving: the header is
 * written when it is complete, the payload at PAYLOAD, at BCMATCH what has come; before END all of
 * it again if octets were wrong after all.
 *
 * Moments: in TX the events ADDRESS, PAYLOAD and END lead the antenna by TX_CHAIN_PS, PHYEND is the
 * last bit on the air. In RX all of them trail the antenna by rx_chain. CRCOK or CRCERROR stands
 * right before END, PHYEND beside it.
 *
 * TIFS: enforced if SHORTS has END_DISABLE, DISABLED_TXEN or DISABLED_RXEN, and READY_START while
 * the last bit is on the air, in default ramp-up mode, and TIFS is not 0. Then the ramp that the
 * short cut starts is drawn out: sending, so that the first bit leaves TIFS after the last one;
 * receiving, so that it listens RX_EARLY_PS before that. A TIFS shorter than the ramp makes nothing
 * faster. In fast mode TIFS does nothing. Ramps, delays and TIFS are counted by the chip's own 16
 * MHz clock with its drift; bits on the air take their nominal time.
 *
 * Choices where the specification is silent: TXEN and RXEN but in DISABLED, RXIDLE and TXIDLE,
 * START but in RXIDLE and TXIDLE, DISABLE while ramping down are ignored; DISABLE in DISABLED
 * generates DISABLED. Octets from a refused address are sent as 0, octets to one are dropped; the
 * events come all the same. A packet whose LENGTH and STATLEN exceed MAXLEN is cut to MAXLEN:
 * PDUSTAT says so, and a received one's CRC is wrong. RSSISAMPLE tells the power of the frame heard
 * last, 127 before the first. Until its last bit has come a frame's octets are taken as its sender
 * had them when the address was over, without bits that go wrong on the way. DEVMATCH and DEVMISS
 * come if DACNF enables any address. In any other MODE than Ble_1Mbit and Ble_2Mbit the states and
 * events are as in LE 1M, but nothing is on the air and nothing is heard. An injected error makes
 * the next CRC received wrong.
 *
 * Not modelled: that the radio needs the HFXO (it cannot see CLOCK: a judge's affair); LE Coded,
 * IEEE 802.15.4 with CCA and energy detection, direction finding; addresses that are not of 4
 * octets (BALEN), big endian, preambles of another length, headers that are not whole octets on
 * the air; what a radio sends or hears while it is idle; the alignment of its events to a cycle.
 */
#include "devices/catalogue.h"
#include <string.h>

/* Numbers of the events. */
enum {
    READY = 0,
    ADDRESS = 1,
    PAYLOAD = 2,
    END = 3,
    DISABLED = 4,
    DEVMATCH = 5,
    DEVMISS = 6,
    RSSIEND = 7,
    BCMATCH = 10,
    CRCOK = 12,
    CRCERROR = 13,
    FRAMESTART = 14,
    RATEBOOST = 20,
    TXREADY = 21,
    RXREADY = 22,
    PHYEND = 27,
};
#define EVENT_BITS 0x0cfff4ffu /* those that are not modelled, too */
#define BIT(n) (UINT32_C(1) << (n))

enum {
    TASKS_TXEN,
    TASKS_RXEN,
    TASKS_START,
    TASKS_STOP,
    TASKS_DISABLE,
    TASKS_RSSISTART,
    TASKS_RSSISTOP,
    TASKS_BCSTART,
    TASKS_BCSTOP,
    EVENTS,
    SHORTS = EVENTS + 23,
    INTENSET,
    INTENCLR,
    CRCSTATUS,
    RXMATCH,
    RXCRC,
    DAI,
    PDUSTAT,
    PACKETPTR,
    FREQUENCY,
    TXPOWER,
    MODE,
    PCNF0,
    PCNF1,
    BASE,
    PREFIX = BASE + 2,
    TXADDRESS = PREFIX + 2,
    RXADDRESSES,
    CRCCNF,
    CRCPOLY,
    CRCINIT,
    TIFS,
    RSSISAMPLE,
    STATE,
    DATAWHITEIV,
    BCC,
    DAB,
    DAP = DAB + 8,
    DACNF = DAP + 8,
    MHRMATCHCONF,
    MHRMATCHMAS,
    MODECNF0,
    SFD,
    EDCNT,
    EDSAMPLE,
    CCACTRL,
    POWER,
    ROWS,
};

enum state {
    OFF = 0, /* DISABLED */
    RX_RAMP = 1,
    RX_IDLE = 2,
    RX = 3,
    TX_RAMP = 9,
    TX_IDLE = 10,
    TX = 11,
    TX_DOWN = 12, /* RxDisable, 4, takes no time */
};

/* Bits of SHORTS that hardware TIFS depends on. */
enum { READY_START = 1, END_DISABLE = 2, DISABLED_ANY = 0xc };

/* Picoseconds. Source: Zephyr's subsys/bluetooth/controller/ll_sw/nordic/hal/nrf5/radio/
 * radio_nrf52840.h, measured with a sniffer ("no HW TIFS" for the default mode: with hardware TIFS
 * its figures, 140.9 and 144.9 us from TXEN to the first bit, are what TIFS = 150 us leaves behind
 * rx_chain). Ramp-down: nRF5340 Product Specification, "RADIO", t_TXDIS; RX: 0. RX_EARLY_PS and the
 * moments of TX events: BabbleSim's ext_nRF_hw_models, NHW_RADIO.c. RSSI_PS: t_RSSIPERIOD. */
enum { TX_CHAIN_PS = 600000, RX_EARLY_PS = 3000000, RSSI_PS = 250000 };

static const struct {
    uint32_t tx[2]; /* TXEN to the first bit; default, fast ramp-up */
    uint32_t rx[2]; /* RXEN to READY, and listening */
    uint32_t rx_chain;
    uint32_t tx_down; /* DISABLE to DISABLED */
} times_ps[AIR_PHYS] = {
    [AIR_1M] = {{130300000, 40900000}, {129700000, 40300000}, 9400000, 6000000},
    [AIR_2M] = {{129400000, 40000000}, {129700000, 40300000}, 5000000, 4000000},
};

/* What is to come; of one moment in this order. */
enum due {
    DUE_ADDRESS,
    DUE_BIT_COUNT,
    DUE_FILTER,
    DUE_OCTETS, /* to be read or written */
    DUE_PAYLOAD,
    DUE_END,
    DUE_LAST_BIT, /* TX: on the air */
    DUE_RSSI,
    DUE_RAMP, /* up or down */
    DUES,
};

enum { PACKET_SIZE = 3 + 255, PIECE_SIZE = 16, TAG_HEADER = 1, TAG_PIECE, TAG_RECEIVED };

/* The packet's form as latched at START. */
struct form {
    uint32_t pointer, pcnf0, pcnf1;
    uint32_t crc_init; /* with its first bit as bit 0 */
    uint8_t crc_size;
    bool crc_address; /* it is over the address, too */
    uint8_t white;    /* 0: no whitening */
};

struct radio {
    uint64_t due_ps[DUES];
    uint64_t start_ps;    /* of the packet: START */
    uint64_t last_bit_ps; /* of the last packet, on the air */
    uint64_t address_ps;  /* RX: of the event */
    uint64_t count_ps;    /* when the bit counter started, or TIME_NEVER */
    uint32_t tifs_us;     /* to be kept behind the last packet; 0: none */
    bool by_short;        /* DISABLED is being generated: TXEN and RXEN come by short cut */
    bool receiving;       /* from a matching address to END */
    bool spoil;           /* an injected error */
    bool crc_good, too_long;
    bool off;  /* POWER is 0 */
    bool mute; /* MODE is none of the modelled ones */
    uint8_t phy, match, rssi;
    uint16_t mhz;
    struct form form;
    uint32_t crc_table_poly; /* what the table is for: the polynomial and, above, its size */
    uint32_t crc_table[16];
    uint32_t crc;                 /* as received, its first bit as bit 0 */
    uint32_t ram_size, ram_done;  /* octets of the packet; so many read or written so far */
    uint8_t packet[PACKET_SIZE];  /* as in RAM */
    uint8_t plain[AIR_BYTES_MAX]; /* RX: the frame without whitening */
    struct air_frame frame;
    struct air_tuning tunings[2]; /* deaf, listening: both may be asked for at one moment */
};

/* --- time ------------------------------------------------------------------------------------ */

/* So much later by the chip's own clock; whole nanoseconds. */
static uint64_t after(const struct device *d, uint64_t from_ps, uint64_t ps)
{
    const struct clock own = {.hz = 1000000000, .drift_ppb = d->hf.drift_ppb, .phase_ps = from_ps};
    return clock_edge_ps(&own, ps / 1000);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A due that is put off may leave an early wake: it finds nothing to do. */
static void set_due(struct device *d, enum due due, uint64_t at_ps)
{
    struct radio *u = device_state(d);
    u->due_ps[due] = at_ps;
    if (at_ps < d->wake_ps)
        d->wake_ps = at_ps;
}

static void cancel(struct radio *u)
{
    for (int i = 0; i < DUES; i++)
        if (i != DUE_LAST_BIT && i != DUE_RSSI)
            u->due_ps[i] = TIME_NEVER;
    u->count_ps = TIME_NEVER;
    u->receiving = false;
}

static uint32_t state(struct device *d)
{
    return device_value(d, STATE);
}

static void set_state(struct device *d, enum state to)
{
    device_values(d)[STATE] = to;
}

static bool is_idle(struct device *d)
{
    return state(d) == RX_IDLE || state(d) == TX_IDLE;
}

static bool is_fast(struct device *d)
{
    return device_value(d, MODECNF0) & 1;
}

/* --- bits ------------------------------------------------------------------------------------ */

/* `bits` is 1 to 32. */
static uint32_t turned(uint32_t value, uint32_t bits)
{
    value = (value >> 1 & 0x55555555) | (value & 0x55555555) << 1;
    value = (value >> 2 & 0x33333333) | (value & 0x33333333) << 2;
    value = (value >> 4 & 0x0f0f0f0f) | (value & 0x0f0f0f0f) << 4;
    return __builtin_bswap32(value) >> (32 - bits);
}

static uint32_t low_bits(uint32_t bits)
{
    return bits >= 32 ? UINT32_MAX : BIT(bits) - 1;
}

/* Bit n of CRCPOLY is the term of x^n; that of x^0 is always there. */
static void make_crc_table(struct radio *u, uint32_t polynomial, uint32_t size)
{
    uint32_t key = polynomial | size << 24;
    if (u->crc_table_poly == key || size == 0)
        return;
    u->crc_table_poly = key;
    uint32_t taps = turned((polynomial | 1) & low_bits(8 * size), 8 * size);
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 4; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? taps : 0);
        u->crc_table[i] = crc;
    }
}

static uint32_t crc_over(const struct radio *u, uint32_t crc, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        crc = (crc >> 4) ^ u->crc_table[(crc ^ bytes[i]) & 15];
        crc = (crc >> 4) ^ u->crc_table[(crc ^ (uint32_t)bytes[i] >> 4) & 15];
    }
    return crc;
}

/* Of a frame with its PDU in clear; the first bit on the air is bit 0. */
static uint32_t frame_crc(const struct radio *u, const uint8_t *bytes, uint32_t pdu_size)
{
    uint32_t crc = u->form.crc_init;
    if (u->form.crc_size == 0)
        return 0;
    if (u->form.crc_address)
        crc = crc_over(u, crc, bytes, AIR_ADDRESS_SIZE);
    return crc_over(u, crc, bytes + AIR_ADDRESS_SIZE, pdu_size);
}

/* The register is DATAWHITEIV: bit 6 is position 0, bit 0 position 6, whose value whitens the next
 * bit and goes into positions 0 and 4. Four bits at a time: the fourth is the first whose position
 * the feedback reaches in time. */
static void whiten(uint8_t *bytes, uint32_t size, uint32_t shift)
{
    for (uint32_t i = 0; i < size && shift; i++) {
        uint32_t octet = 0;
        for (uint32_t half = 0; half < 8; half += 4) {
            uint32_t out = (shift & 15) ^ (shift & 1) << 3;
            shift = (shift >> 4) ^ out << 3 ^ out >> 1;
            octet |= out << half;
        }
        bytes[i] ^= (uint8_t)octet;
    }
}

/* --- the packet's form ----------------------------------------------------------------------- */

static uint32_t s0_bits(const struct form *f)
{
    return f->pcnf0 >> 8 & 1 ? 8 : 0;
}

static uint32_t length_bits(const struct form *f)
{
    return f->pcnf0 & 15;
}

static uint32_t s1_bits(const struct form *f)
{
    return f->pcnf0 >> 16 & 15;
}

static uint32_t header_air_size(const struct form *f)
{
    return (s0_bits(f) + length_bits(f) + s1_bits(f) + 7) / 8;
}

/* Each field has an octet of its own; S1 without bits if S1INCL asks for it. */
static uint32_t header_ram_size(const struct form *f)
{
    bool s1 = s1_bits(f) > 0 || (f->pcnf0 >> 20 & 1);
    return (s0_bits(f) > 0) + (length_bits(f) > 0) + (uint32_t)s1;
}

/* Octets of payload that a packet with this header in RAM has; *cut: MAXLEN allows no more. */
static uint32_t payload_size(const struct form *f, const uint8_t *header, bool *cut)
{
    uint32_t length = 0;
    if (length_bits(f) > 0)
        length = header[s0_bits(f) > 0] & low_bits(length_bits(f));
    uint32_t size = length + (f->pcnf1 >> 8 & 0xff), most = f->pcnf1 & 0xff;
    *cut = size > most;
    return *cut ? most : size;
}

static void header_to_air(const struct form *f, const uint8_t *ram, uint8_t *air)
{
    uint64_t bits = 0;
    uint32_t at = 0;
    const uint32_t widths[] = {s0_bits(f), length_bits(f), s1_bits(f)};
    for (int field = 0; field < 3; field++) {
        if (widths[field] > 0)
            bits |= (uint64_t)(*ram++ & low_bits(widths[field])) << at;
        at += widths[field];
    }
    for (uint32_t i = 0; i < header_air_size(f); i++)
        air[i] = (uint8_t)(bits >> 8 * i);
}

static void header_to_ram(const struct form *f, const uint8_t *air, uint8_t *ram)
{
    uint64_t bits = 0;
    const uint32_t widths[] = {s0_bits(f), length_bits(f), s1_bits(f)};
    memset(ram, 0, 3);
    for (uint32_t i = 0; i < header_air_size(f); i++)
        bits |= (uint64_t)air[i] << 8 * i;
    for (int field = 0; field < 3; field++) {
        if (widths[field] > 0)
            *ram++ = (uint8_t)(bits & low_bits(widths[field]));
        bits >>= widths[field];
    }
}

static void latch_form(struct device *d)
{
    struct radio *u = device_state(d);
    uint32_t crc = device_value(d, CRCCNF);
    uint8_t size = crc & 3;
    make_crc_table(u, device_value(d, CRCPOLY), size);
    uint32_t init = device_value(d, CRCINIT) & low_bits(8u * size);
    bool white = device_value(d, PCNF1) >> 25 & 1;
    u->form = (struct form){
        .pointer = device_value(d, PACKETPTR),
        .pcnf0 = device_value(d, PCNF0),
        .pcnf1 = device_value(d, PCNF1),
        .crc_init = size ? turned(init, 8u * size) : 0,
        .crc_size = size,
        .crc_address = (crc >> 8 & 3) == 0,
        .white = white ? (uint8_t)(device_value(d, DATAWHITEIV) | 0x40) : 0,
    };
}

static uint32_t logical_address(struct device *d, uint32_t n)
{
    uint32_t prefix = device_value(d, PREFIX + n / 4) >> 8 * (n % 4) & 0xff;
    return prefix << 24 | device_value(d, BASE + (n > 0)) >> 8;
}

/* --- what it asks of the machine ------------------------------------------------------------- */

/* The packet's octets from ram_done up to `to`. */
static void ask_dma(struct device *d, uint32_t kind, uint8_t tag, uint32_t to)
{
    struct radio *u = device_state(d);
    uint32_t from = u->ram_done;
    if (from >= to)
        return;
    u->ram_done = to;
    device_request(d, (struct device_request){.kind = (uint8_t)kind,
                                              .tag = tag,
                                              .size = (uint16_t)(to - from),
                                              .address = u->form.pointer + from,
                                              .state_offset =
                                                  (uint32_t)offsetof(struct radio, packet) + from});
}

static void ask_air(struct device *d, uint32_t kind)
{
    const struct radio *u = device_state(d);
    if (!u->mute)
        device_request(d, (struct device_request){.kind = (uint8_t)kind,
                                                  .state_offset = offsetof(struct radio, frame)});
}

static uint64_t octets_ps(const struct radio *u, uint64_t octets)
{
    return air_bits_ps(u->phy, 8 * octets);
}

static void tune(struct device *d, bool listening)
{
    struct radio *u = device_state(d);
    struct air_tuning *tuning = &u->tunings[listening];
    *tuning = (struct air_tuning){
        .since_ps = d->now_ps, .mhz = u->mhz, .phy = u->phy, .listening = listening && !u->mute};
    device_request(
        d, (struct device_request){.kind = REQUEST_AIR_TUNE,
                                   .state_offset = (uint32_t)((uint8_t *)tuning - (uint8_t *)u)});
}

/* --- sending --------------------------------------------------------------------------------- */

/* Only the address is known yet. */
static void start_tx(struct device *d)
{
    struct radio *u = device_state(d);
    struct air_frame *frame = &u->frame;
    uint32_t address = logical_address(d, device_value(d, TXADDRESS));
    set_state(d, TX);
    frame->start_ps = after(d, u->start_ps, TX_CHAIN_PS);
    frame->mhz = u->mhz;
    frame->phy = u->phy;
    frame->dbm = (int8_t)device_value(d, TXPOWER);
    frame->size = AIR_ADDRESS_SIZE;
    for (uint32_t i = 0; i < AIR_ADDRESS_SIZE; i++)
        frame->bytes[i] = (uint8_t)(address >> 8 * i);
    ask_air(d, REQUEST_AIR_SEND);
    set_due(d, DUE_ADDRESS, air_end_ps(frame) - (frame->start_ps - u->start_ps));
}

/* The PDU as far as it has been read, and, if that is all, the CRC. */
static void fill_frame(struct device *d)
{
    struct radio *u = device_state(d);
    const struct form *f = &u->form;
    uint8_t *bytes = u->frame.bytes, *pdu = bytes + AIR_ADDRESS_SIZE;
    uint32_t header = header_air_size(f), header_ram = header_ram_size(f);
    uint32_t size = header + u->ram_size - header_ram;
    header_to_air(f, u->packet, pdu);
    memset(pdu + header, 0, size - header + f->crc_size);
    memcpy(pdu + header, u->packet + header_ram, u->ram_done - header_ram);
    if (u->ram_done == u->ram_size) {
        uint32_t crc = frame_crc(u, bytes, size);
        for (uint32_t i = 0; i < f->crc_size; i++)
            pdu[size + i] = (uint8_t)(crc >> 8 * i);
    }
    whiten(pdu, size + f->crc_size, f->white);
    u->frame.size = (uint16_t)(AIR_ADDRESS_SIZE + size + f->crc_size);
    ask_air(d, REQUEST_AIR_MORE);
}

/* At ADDRESS: how long the packet is. */
static void header_read(struct device *d)
{
    struct radio *u = device_state(d);
    const struct form *f = &u->form;
    bool cut;
    uint32_t payload = payload_size(f, u->packet, &cut), pdu = header_air_size(f) + payload;
    device_values(d)[PDUSTAT] = cut;
    u->ram_size = header_ram_size(f) + payload;
    fill_frame(d);
    if (payload > 0)
        set_due(d, DUE_OCTETS, d->now_ps + octets_ps(u, header_air_size(f)));
    set_due(d, DUE_PAYLOAD, d->now_ps + octets_ps(u, pdu));
    set_due(d, DUE_END, d->now_ps + octets_ps(u, pdu + f->crc_size));
}

static void read_header(struct device *d)
{
    struct radio *u = device_state(d);
    u->ram_done = 0;
    if (header_ram_size(&u->form) > 0)
        ask_dma(d, REQUEST_DMA_READ, TAG_HEADER, header_ram_size(&u->form));
    else
        header_read(d);
}

static void read_piece(struct device *d)
{
    const struct radio *u = device_state(d);
    uint32_t to = u->ram_done + PIECE_SIZE;
    ask_dma(d, REQUEST_DMA_READ, TAG_PIECE, to < u->ram_size ? to : u->ram_size);
}

static void piece_read(struct device *d)
{
    const struct radio *u = device_state(d);
    if (u->ram_done == u->ram_size)
        fill_frame(d);
    else
        set_due(d, DUE_OCTETS, d->now_ps + octets_ps(u, PIECE_SIZE));
}

static void on_dma_done(struct device *d, const struct device_request *r, bool done)
{
    struct radio *u = device_state(d);
    if (r->tag == TAG_RECEIVED || state(d) != TX)
        return;
    if (!done)
        memset((uint8_t *)u + r->state_offset, 0, r->size);
    if (r->tag == TAG_HEADER)
        header_read(d);
    else
        piece_read(d);
}

/* --- receiving ------------------------------------------------------------------------------- */

/* The first `size` octets of the PDU, out of `frame`, into the packet; how many octets of it they
 * fill. */
static uint32_t unpack(struct radio *u, const uint8_t *pdu, uint32_t size)
{
    const struct form *f = &u->form;
    uint32_t header = header_air_size(f);
    if (size < header) {
        memcpy(u->packet, pdu, size);
        return size;
    }
    header_to_ram(f, pdu, u->packet);
    uint32_t payload = payload_size(f, u->packet, &u->too_long);
    uint32_t there = size - header < payload ? size - header : payload;
    memcpy(u->packet + header_ram_size(f), pdu + header, there);
    return header_ram_size(f) + there;
}

/* Octets of the PDU, none of them whole perhaps. */
static uint32_t pdu_size(const struct radio *u)
{
    uint32_t around = (uint32_t)AIR_ADDRESS_SIZE + u->form.crc_size;
    return u->frame.size > around ? u->frame.size - around : 0;
}

static void take_frame(struct radio *u, const struct air_frame *frame)
{
    air_frame_copy(&u->frame, frame);
    memcpy(u->plain, frame->bytes, frame->size);
    whiten(u->plain + AIR_ADDRESS_SIZE, frame->size - (uint32_t)AIR_ADDRESS_SIZE, u->form.white);
    u->too_long = false;
    u->ram_size = unpack(u, u->plain + AIR_ADDRESS_SIZE, pdu_size(u));
    u->ram_done = 0;
}

/* At the last bit: what the events of END will tell. */
static void check_frame(struct radio *u)
{
    uint32_t pdu = pdu_size(u), crc_size = u->form.crc_size;
    bool whole = u->frame.size >= AIR_ADDRESS_SIZE + header_air_size(&u->form) + crc_size;
    u->crc = 0;
    for (uint32_t i = 0; i < crc_size && whole; i++)
        u->crc |= (uint32_t)u->plain[AIR_ADDRESS_SIZE + pdu + i] << 8 * i;
    u->crc_good = whole && !u->too_long && !u->spoil && frame_crc(u, u->plain, pdu) == u->crc;
    u->spoil = false;
}

/* The logical address, or 8: none. */
static uint8_t address_match(struct device *d, const struct air_frame *frame)
{
    uint32_t address = air_access_address(frame);
    uint8_t n = 0;
    for (; n < 8; n++)
        if ((device_value(d, RXADDRESSES) >> n & 1) && logical_address(d, n) == address)
            break;
    return n;
}

static bool address_heard(struct device *d, const struct air_frame *frame)
{
    struct radio *u = device_state(d);
    uint8_t match = address_match(d, frame);
    if (state(d) != RX || u->receiving || match == 8)
        return false;
    u->receiving = true;
    u->match = match;
    take_frame(u, frame);
    int rssi = -frame->dbm;
    u->rssi = (uint8_t)(rssi < 0 ? 0 : rssi > 127 ? 127 : rssi);
    uint32_t pdu = pdu_size(u), address = pdu < 8 ? pdu : 8, header = header_air_size(&u->form);
    uint32_t behind = frame->size - (uint32_t)AIR_ADDRESS_SIZE;
    u->address_ps = after(d, d->now_ps, times_ps[u->phy].rx_chain);
    set_due(d, DUE_ADDRESS, u->address_ps);
    if (device_value(d, DACNF) & 0xff)
        set_due(d, DUE_FILTER, u->address_ps + octets_ps(u, address));
    if (pdu > header)
        set_due(d, DUE_OCTETS, u->address_ps + octets_ps(u, header));
    set_due(d, DUE_PAYLOAD, u->address_ps + octets_ps(u, pdu));
    set_due(d, DUE_END, u->address_ps + octets_ps(u, behind));
    return true;
}

static void last_bit(struct device *d)
{
    struct radio *u = device_state(d);
    uint32_t set = device_value(d, SHORTS);
    bool enforced = (set & READY_START) && (set & END_DISABLE) && (set & DISABLED_ANY);
    u->last_bit_ps = d->now_ps;
    u->tifs_us = enforced && !is_fast(d) ? device_value(d, TIFS) : 0;
}

static bool on_air(struct device *d, const struct air_frame *frame, enum air_moment moment)
{
    struct radio *u = device_state(d);
    if (moment == AIR_ADDRESS)
        return address_heard(d, frame);
    if (!u->receiving)
        return false;
    last_bit(d);
    if (memcmp(frame->bytes, u->frame.bytes, frame->size) != 0)
        take_frame(u, frame);
    check_frame(u);
    return true;
}

/* What has come of the packet so far. */
static void write_octets(struct device *d)
{
    const struct radio *u = device_state(d);
    if (!u->receiving || d->now_ps < u->address_ps)
        return;
    const struct form *f = &u->form;
    uint64_t come = (d->now_ps - u->address_ps) / air_bits_ps(u->phy, 8);
    uint32_t header = header_air_size(f);
    if (come >= header) /* in RAM each field has an octet of its own */
        come = come - header + header_ram_size(f);
    ask_dma(d, REQUEST_DMA_WRITE, TAG_RECEIVED, come < u->ram_size ? (uint32_t)come : u->ram_size);
}

static void filter(struct device *d)
{
    const struct radio *u = device_state(d);
    uint32_t config = device_value(d, DACNF);
    const uint8_t *pdu = u->plain + AIR_ADDRESS_SIZE;
    bool whole = pdu_size(u) >= 8;
    uint32_t low = pdu[2] | (uint32_t)pdu[3] << 8 | (uint32_t)pdu[4] << 16 | (uint32_t)pdu[5] << 24;
    uint32_t high = pdu[6] | (uint32_t)pdu[7] << 8, is_random = pdu[0] >> 6 & 1; /* TxAdd */
    for (uint32_t n = 0; n < 8 && whole; n++) {
        if (!(config >> n & 1) || (config >> (8 + n) & 1) != is_random ||
            device_value(d, DAB + n) != low || device_value(d, DAP + n) != high)
            continue;
        device_values(d)[DAI] = n;
        nrf_event(d, DEVMATCH);
        return;
    }
    nrf_event(d, DEVMISS);
}

/* --- tasks ----------------------------------------------------------------------------------- */

static bool may_ramp(struct device *d)
{
    return device_value(d, POWER) && (state(d) == OFF || is_idle(d));
}

/* MODE 3 is Ble_1Mbit, 4 Ble_2Mbit. */
static void latch_channel(struct device *d)
{
    struct radio *u = device_state(d);
    uint32_t frequency = device_value(d, FREQUENCY), mode = device_value(d, MODE);
    u->mhz = (uint16_t)((frequency >> 8 & 1 ? 2360 : 2400) + (frequency & 0x7f));
    u->phy = mode == 4 ? AIR_2M : AIR_1M;
    u->mute = mode != 3 && mode != 4;
    u->rssi = 127;
}

static void ramp(struct device *d, enum state to, uint32_t ps, uint64_t tifs_less_ps)
{
    struct radio *u = device_state(d);
    uint64_t ready_ps = after(d, d->now_ps, ps);
    if (u->by_short && u->tifs_us > 0)
        ready_ps = later(ready_ps, after(d, u->last_bit_ps, u->tifs_us * PS_PER_US - tifs_less_ps));
    cancel(u);
    set_state(d, to);
    set_due(d, DUE_RAMP, ready_ps);
}

static void tx_enable(struct device *d, uint32_t row)
{
    (void)row;
    const struct radio *u = device_state(d);
    if (!may_ramp(d))
        return;
    latch_channel(d);
    ramp(d, TX_RAMP, times_ps[u->phy].tx[is_fast(d)] - TX_CHAIN_PS, TX_CHAIN_PS);
}

static void rx_enable(struct device *d, uint32_t row)
{
    (void)row;
    const struct radio *u = device_state(d);
    if (!may_ramp(d))
        return;
    latch_channel(d);
    ramp(d, RX_RAMP, times_ps[u->phy].rx[is_fast(d)], RX_EARLY_PS);
}

static void start(struct device *d, uint32_t row)
{
    (void)row;
    struct radio *u = device_state(d);
    if (!is_idle(d))
        return;
    latch_form(d);
    u->start_ps = d->now_ps;
    u->tifs_us = 0;
    if (state(d) == TX_IDLE) {
        start_tx(d);
        return;
    }
    set_state(d, RX);
    tune(d, true);
}

static void break_off(struct device *d)
{
    struct radio *u = device_state(d);
    if (state(d) == TX) {
        device_request(d, (struct device_request){.kind = REQUEST_AIR_STOP});
        set_state(d, TX_IDLE);
    } else if (state(d) == RX) {
        tune(d, false);
        set_state(d, RX_IDLE);
    }
    cancel(u);
}

static void stop(struct device *d, uint32_t row)
{
    (void)row;
    if (state(d) == TX || state(d) == RX)
        break_off(d);
}

static void disabled(struct device *d)
{
    struct radio *u = device_state(d);
    set_state(d, OFF);
    u->by_short = true;
    nrf_event(d, DISABLED);
    u->by_short = false;
    u->tifs_us = 0;
}

static void disable(struct device *d, uint32_t row)
{
    (void)row;
    const struct radio *u = device_state(d);
    if (state(d) == TX_DOWN || !device_value(d, POWER))
        return;
    break_off(d);
    if (state(d) == TX_RAMP || state(d) == TX_IDLE) {
        set_state(d, TX_DOWN);
        set_due(d, DUE_RAMP, after(d, d->now_ps, times_ps[u->phy].tx_down));
    } else {
        disabled(d);
    }
}

static void rssi_start(struct device *d, uint32_t row)
{
    (void)row;
    set_due(d, DUE_RSSI, after(d, d->now_ps, RSSI_PS));
}

static void rssi_stop(struct device *d, uint32_t row)
{
    (void)row;
    struct radio *u = device_state(d);
    u->due_ps[DUE_RSSI] = TIME_NEVER;
}

static void plan_count(struct device *d)
{
    struct radio *u = device_state(d);
    uint32_t bits = device_value(d, BCC);
    u->due_ps[DUE_BIT_COUNT] = TIME_NEVER;
    if (u->count_ps == TIME_NEVER || bits == 0)
        return;
    uint64_t at_ps = u->count_ps + air_bits_ps(u->phy, bits);
    if (at_ps > d->now_ps)
        set_due(d, DUE_BIT_COUNT, at_ps);
}

static void count_start(struct device *d, uint32_t row)
{
    (void)row;
    struct radio *u = device_state(d);
    if (state(d) != TX && state(d) != RX)
        return;
    u->count_ps = d->now_ps;
    plan_count(d);
}

static void count_stop(struct device *d, uint32_t row)
{
    (void)row;
    struct radio *u = device_state(d);
    u->count_ps = TIME_NEVER;
    plan_count(d);
}

static void count_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)row;
    (void)written;
    plan_count(d);
}

/* --- what is due ----------------------------------------------------------------------------- */

static void ramp_over(struct device *d)
{
    switch (state(d)) {
    case TX_RAMP:
        set_state(d, TX_IDLE);
        nrf_events(d, BIT(READY) | BIT(TXREADY));
        break;
    case RX_RAMP:
        set_state(d, RX_IDLE);
        nrf_events(d, BIT(READY) | BIT(RXREADY));
        break;
    default:
        disabled(d);
        break;
    }
}

static void address_due(struct device *d)
{
    const struct radio *u = device_state(d);
    if (state(d) == RX)
        device_values(d)[RXMATCH] = u->match;
    else
        read_header(d);
    nrf_events(d, BIT(ADDRESS) | BIT(FRAMESTART));
}

static void end_of_tx(struct device *d)
{
    struct radio *u = device_state(d);
    set_state(d, TX_IDLE);
    u->count_ps = TIME_NEVER;
    set_due(d, DUE_LAST_BIT, air_end_ps(&u->frame));
    nrf_event(d, END);
}

static void end_of_rx(struct device *d)
{
    struct radio *u = device_state(d);
    uint32_t *values = device_values(d);
    tune(d, false);
    ask_dma(d, REQUEST_DMA_WRITE, TAG_RECEIVED, u->ram_size);
    values[CRCSTATUS] = u->crc_good;
    values[RXCRC] = u->form.crc_size ? turned(u->crc, 8u * u->form.crc_size) : 0;
    values[PDUSTAT] = u->too_long;
    set_state(d, RX_IDLE);
    u->receiving = false;
    u->count_ps = TIME_NEVER;
    nrf_event(d, u->crc_good ? CRCOK : CRCERROR);
    nrf_events(d, BIT(END) | BIT(PHYEND));
}

static void end_due(struct device *d)
{
    if (state(d) == TX)
        end_of_tx(d);
    else
        end_of_rx(d);
}

static void last_bit_due(struct device *d)
{
    last_bit(d);
    nrf_event(d, PHYEND);
}

static void octets_due(struct device *d)
{
    if (state(d) == TX)
        read_piece(d);
    else
        write_octets(d);
}

static void payload_due(struct device *d)
{
    if (state(d) == RX)
        write_octets(d);
    nrf_event(d, PAYLOAD);
}

static void count_due(struct device *d)
{
    if (state(d) == RX)
        write_octets(d);
    nrf_event(d, BCMATCH);
}

static void rssi_due(struct device *d)
{
    const struct radio *u = device_state(d);
    device_values(d)[RSSISAMPLE] = u->rssi;
    nrf_event(d, RSSIEND);
}

static void (*const on_due[DUES])(struct device *d) = {
    [DUE_ADDRESS] = address_due,   [DUE_BIT_COUNT] = count_due, [DUE_FILTER] = filter,
    [DUE_OCTETS] = octets_due,     [DUE_PAYLOAD] = payload_due, [DUE_END] = end_due,
    [DUE_LAST_BIT] = last_bit_due, [DUE_RSSI] = rssi_due,       [DUE_RAMP] = ramp_over,
};

/* What a due plans anew is in wake_ps already (set_due). */
static void on_wake(struct device *d)
{
    struct radio *u = device_state(d);
    uint64_t next_ps = TIME_NEVER;
    for (int i = 0; i < DUES; i++) {
        uint64_t due_ps = u->due_ps[i];
        if (due_ps > d->now_ps) {
            next_ps = due_ps < next_ps ? due_ps : next_ps;
            continue;
        }
        u->due_ps[i] = TIME_NEVER;
        on_due[i](d);
    }
    if (next_ps < d->wake_ps)
        d->wake_ps = next_ps;
}

static void on_reset(struct device *d)
{
    struct radio *u = device_state(d);
    for (int i = 0; i < DUES; i++)
        u->due_ps[i] = TIME_NEVER;
    u->count_ps = TIME_NEVER;
    u->rssi = 127;
}

static void on_error(struct device *d)
{
    struct radio *u = device_state(d);
    u->spoil = true;
}

/* Off, and on again: everything as after reset. What was on the air breaks off. */
static void power_written(struct device *d, uint32_t row, uint32_t written)
{
    (void)written;
    struct radio *u = device_state(d);
    uint32_t *values = device_values(d), power = values[row];
    if (power && !u->off)
        return;
    break_off(d);
    memset(u, 0, sizeof *u);
    on_reset(d);
    d->wake_ps = TIME_NEVER;
    u->off = !power;
    for (uint32_t i = 0; i < row; i++)
        values[i] = d->type->regs[i].reset;
    nrf_event_written(d, row, power);
}

/* --- registers ------------------------------------------------------------------------------- */

/* clang-format off */
#define ALL 0xffffffff
#define EIGHT(what) what(0), what(1), what(2), what(3), what(4), what(5), what(6), what(7)
#define ADDRESS_BASE(n) {"DAB[" #n "]", 0x600 + 4 * (n), .writable = ALL}
#define ADDRESS_PREFIX(n) {"DAP[" #n "]", 0x620 + 4 * (n), .writable = 0xffff}

static const struct reg regs[] = {
    [TASKS_TXEN] = NRF_TASK("TASKS_TXEN", 0x000, tx_enable),
    [TASKS_RXEN] = NRF_TASK("TASKS_RXEN", 0x004, rx_enable),
    [TASKS_START] = NRF_TASK("TASKS_START", 0x008, start),
    [TASKS_STOP] = NRF_TASK("TASKS_STOP", 0x00c, stop),
    [TASKS_DISABLE] = NRF_TASK("TASKS_DISABLE", 0x010, disable),
    [TASKS_RSSISTART] = NRF_TASK("TASKS_RSSISTART", 0x014, rssi_start),
    [TASKS_RSSISTOP] = NRF_TASK("TASKS_RSSISTOP", 0x018, rssi_stop),
    [TASKS_BCSTART] = NRF_TASK("TASKS_BCSTART", 0x01c, count_start),
    [TASKS_BCSTOP] = NRF_TASK("TASKS_BCSTOP", 0x020, count_stop),
    [EVENTS] = NRF_EVENT("EVENTS_READY", READY),
    NRF_EVENT("EVENTS_ADDRESS", ADDRESS),
    NRF_EVENT("EVENTS_PAYLOAD", PAYLOAD),
    NRF_EVENT("EVENTS_END", END),
    NRF_EVENT("EVENTS_DISABLED", DISABLED),
    NRF_EVENT("EVENTS_DEVMATCH", DEVMATCH),
    NRF_EVENT("EVENTS_DEVMISS", DEVMISS),
    NRF_EVENT("EVENTS_RSSIEND", RSSIEND),
    NRF_EVENT("EVENTS_BCMATCH", BCMATCH),
    NRF_EVENT("EVENTS_CRCOK", CRCOK),
    NRF_EVENT("EVENTS_CRCERROR", CRCERROR),
    NRF_EVENT("EVENTS_FRAMESTART", FRAMESTART),
    NRF_EVENT("EVENTS_EDEND", 15),
    NRF_EVENT("EVENTS_EDSTOPPED", 16),
    NRF_EVENT("EVENTS_CCAIDLE", 17),
    NRF_EVENT("EVENTS_CCABUSY", 18),
    NRF_EVENT("EVENTS_CCASTOPPED", 19),
    NRF_EVENT("EVENTS_RATEBOOST", RATEBOOST),
    NRF_EVENT("EVENTS_TXREADY", TXREADY),
    NRF_EVENT("EVENTS_RXREADY", RXREADY),
    NRF_EVENT("EVENTS_MHRMATCH", 23),
    NRF_EVENT("EVENTS_SYNC", 26),
    NRF_EVENT("EVENTS_PHYEND", PHYEND),
    [SHORTS] = NRF_SHORTS(0x3c417f),
    [INTENSET] = NRF_INTENSET(EVENT_BITS, 0),
    [INTENCLR] = NRF_INTENCLR(EVENT_BITS, 0),
    [CRCSTATUS] = {"CRCSTATUS", 0x400, .reset = 0},
    [RXMATCH] = {"RXMATCH", 0x408, .reset = 0},
    [RXCRC] = {"RXCRC", 0x40c, .reset = 0},
    [DAI] = {"DAI", 0x410, .reset = 0},
    [PDUSTAT] = {"PDUSTAT", 0x414, .reset = 0},
    [PACKETPTR] = {"PACKETPTR", 0x504, .writable = ALL},
    [FREQUENCY] = {"FREQUENCY", 0x508, .reset = 2, .writable = 0x17f},
    [TXPOWER] = {"TXPOWER", 0x50c, .writable = 0xff},
    [MODE] = {"MODE", 0x510, .writable = 0xf},
    [PCNF0] = {"PCNF0", 0x514, .writable = 0x67df010f},
    [PCNF1] = {"PCNF1", 0x518, .writable = 0x0307ffff},
    [BASE] = {"BASE0", 0x51c, .writable = ALL},
    {"BASE1", 0x520, .writable = ALL},
    [PREFIX] = {"PREFIX0", 0x524, .writable = ALL},
    {"PREFIX1", 0x528, .writable = ALL},
    [TXADDRESS] = {"TXADDRESS", 0x52c, .writable = 0x7},
    [RXADDRESSES] = {"RXADDRESSES", 0x530, .writable = 0xff},
    [CRCCNF] = {"CRCCNF", 0x534, .writable = 0x303},
    [CRCPOLY] = {"CRCPOLY", 0x538, .writable = 0xffffff},
    [CRCINIT] = {"CRCINIT", 0x53c, .writable = 0xffffff},
    [TIFS] = {"TIFS", 0x544, .writable = 0x3ff},
    [RSSISAMPLE] = {"RSSISAMPLE", 0x548, .reset = 0},
    [STATE] = {"STATE", 0x550, .reset = 0},
    [DATAWHITEIV] = {"DATAWHITEIV", 0x554, .reset = 0x40, .writable = 0x7f},
    [BCC] = {"BCC", 0x560, .writable = ALL, .on_write = count_written},
    [DAB] = EIGHT(ADDRESS_BASE),
    [DAP] = EIGHT(ADDRESS_PREFIX),
    [DACNF] = {"DACNF", 0x640, .writable = 0xffff},
    [MHRMATCHCONF] = {"MHRMATCHCONF", 0x644, .writable = ALL},
    [MHRMATCHMAS] = {"MHRMATCHMAS", 0x648, .writable = ALL},
    [MODECNF0] = {"MODECNF0", 0x650, .reset = 0x200, .writable = 0x301},
    [SFD] = {"SFD", 0x660, .reset = 0xa7, .writable = 0xff},
    [EDCNT] = {"EDCNT", 0x664, .writable = 0x1fffff},
    [EDSAMPLE] = {"EDSAMPLE", 0x668, .reset = 0},
    [CCACTRL] = {"CCACTRL", 0x66c, .reset = 0x052d0000, .writable = 0xffffff07},
    [POWER] = {"POWER", 0xffc, .reset = 1, .writable = 1, .on_write = power_written},
};
/* clang-format on */
_Static_assert(sizeof regs / sizeof regs[0] == ROWS, "rows as the enum says");

static const struct nrf_short short_cuts[] = {
    {0, READY, TASKS_START},     {1, END, TASKS_DISABLE},       {2, DISABLED, TASKS_TXEN},
    {3, DISABLED, TASKS_RXEN},   {4, ADDRESS, TASKS_RSSISTART}, {5, END, TASKS_START},
    {6, ADDRESS, TASKS_BCSTART}, {8, DISABLED, TASKS_RSSISTOP}, {14, FRAMESTART, TASKS_BCSTART},
    {18, TXREADY, TASKS_START},  {19, RXREADY, TASKS_START},    {20, PHYEND, TASKS_DISABLE},
    {21, PHYEND, TASKS_START},
};

const struct nrf_type nrf52_radio = {
    .type = {.name = "nrf52-radio",
             .regs = regs,
             .reg_count = sizeof regs / sizeof regs[0],
             .window_size = 0x1000,
             .state_size = sizeof(struct radio),
             .dma = true,
             .on_reset = on_reset,
             .on_wake = on_wake,
             .on_dma_done = on_dma_done,
             .on_air = on_air,
             .on_error = on_error},
    .inten = INTENSET,
    .shorts = SHORTS,
    .short_count = sizeof short_cuts / sizeof short_cuts[0],
    .short_list = short_cuts,
};
