/* trace_pcapng.c: what is on the air and on UARTs as pcapng, for Wireshark, tshark and their like.
 *
 *   section header     the scenario's id and claim as comments
 *   interface          link type 256: LE packets behind a pseudo header; times in nanoseconds
 *   interfaces         of each UART with frames (sim/net/hdlc.h) two: "UARTE0 PPP", link type 50,
 *                      address 0xff; "UARTE0 frames", 147 (USER0), all other addresses
 *   enhanced packet    a frame, in the order of times; comments on what became of it
 *
 * The three blocks are written here: libpcap writes the older pcap, which has no comments.
 *
 * A packet's time is that of its preamble's first bit, in virtual time since reset, to the nearest
 * nanosecond. Its octets are as they were sent, de-whitened; those that a sender broke off are cut
 * short. "CRC valid" says that it was right as sent, and was right for one of those who received
 * it, if any did. A comment says: a rule that broke while or after the packet was sent and before
 * the next; who did not get it, and why; a retransmission. What is encrypted is decrypted where
 * air_pdu.h can: then its MIC is taken out, its length is four less, and its CRC is still that of
 * the air.
 *
 * A UART's packet has the time of its last bit, and a direction: inbound is towards the board. Its
 * octets are address, control, payload; the FCS is left out. A comment says what is wrong with the
 * frame, or with the packet in it; one that ended before its control octet is left out.
 *
 * Sources: draft-ietf-opsawg-pcapng (block types 0x0a0d0d0a, 1, 6); www.tcpdump.org/linktypes,
 * LINKTYPE_BLUETOOTH_LE_LL_WITH_PHDR, LINKTYPE_PPP_HDLC.
 */

#include "sim/ble/channel.h"
#include "sim/rules.h"
#include "tools/air_log.h"
#include "tools/commands.h"
#include "tools/trace_export.h"
#include "tools/wire_frames.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6 };
enum {
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_NAME = 2,  /* of an interface */
    OPTION_FLAGS = 2, /* of a packet */
    OPTION_TOOL = 4,
    OPTION_TSRESOL = 9,
};
enum { FLAG_INBOUND = 1, FLAG_OUTBOUND = 2 };
enum { LINK_TYPE_PPP = 50, LINK_TYPE_USER0 = 147 };
enum { LINK_TYPE = 256, BYTE_ORDER = 0x1a2b3c4d, PSEUDO_HEADER_SIZE = 10, PS_PER_NS = 1000 };

/* Flags of the pseudo header. */
enum {
    DEWHITENED = 0x0001,
    SIGNAL_VALID = 0x0002,
    DECRYPTED = 0x0008,
    REFERENCE_VALID = 0x0010,
    FROM_CENTRAL = 2 << 7,
    FROM_PERIPHERAL = 3 << 7,
    CRC_CHECKED = 0x0400,
    CRC_VALID = 0x0800,
    MIC_CHECKED = 0x1000,
    MIC_VALID = 0x2000,
    PHY_2M = 1 << 14,
};

enum { BLOCK_SIZE_MAX = 64 << 10, COMMENT_MAX = VERDICT_TEXT_MAX + 128 };

/* A block while it is filled. */
struct block {
    uint32_t size;
    uint8_t octets[BLOCK_SIZE_MAX];
};

/* A verdict's comment; its packet is found at the end. */
struct remark {
    uint64_t at_ps;
    char text[COMMENT_MAX];
};

struct pcapng {
    struct air_log log;
    struct wire_log wires;
    struct block block;
    uint32_t remark_count;
    struct remark remarks[VERDICT_MAX];
};

/* --- blocks ---------------------------------------------------------------------------------- */

/* What does not fit is left out: there is room for every frame and for all that is said of it but
 * very long texts. */
static bool has_room(const struct block *block, size_t size)
{
    return block->size + size + 16 <= BLOCK_SIZE_MAX;
}

static void put(struct block *block, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        block->octets[block->size++] = (uint8_t)(value >> 8 * i);
}

static void put_octets(struct block *block, const void *octets, size_t size)
{
    memcpy(block->octets + block->size, octets, size);
    block->size += (uint32_t)size;
    while (block->size % 4)
        block->octets[block->size++] = 0;
}

static void put_option(struct block *block, unsigned code, const void *value, size_t size)
{
    if (!has_room(block, size + 8))
        return;
    put(block, code, 2);
    put(block, size, 2);
    put_octets(block, value, size);
}

static void put_text(struct block *block, unsigned code, const char *text)
{
    put_option(block, code, text, strlen(text));
}

static void begin(struct block *block, uint32_t type)
{
    block->size = 0;
    put(block, type, 4);
    put(block, 0, 4); /* its length, which is known at the end */
}

static void end(struct block *block, FILE *out)
{
    put(block, OPTION_END, 4);
    uint32_t size = block->size + 4;
    put(block, size, 4);
    block->size = 4;
    put(block, size, 4);
    fwrite(block->octets, 1, size, out);
}

static void put_section(struct block *block, const struct scenario *scenario, FILE *out)
{
    begin(block, BLOCK_SECTION);
    put(block, BYTE_ORDER, 4);
    put(block, 1, 2); /* version 1.0 */
    put(block, 0, 2);
    put(block, UINT64_MAX, 8); /* the section's length: not said */
    put_text(block, OPTION_COMMENT, scenario->id);
    put_text(block, OPTION_COMMENT, scenario->claim);
    put_text(block, OPTION_TOOL, "postern " POSTERN_VERSION);
    end(block, out);
}

static void put_interface(struct block *block, unsigned link_type, const char *name, FILE *out)
{
    const uint8_t nanoseconds = 9;
    begin(block, BLOCK_INTERFACE);
    put(block, link_type, 2);
    put(block, 0, 2);
    put(block, 0, 4); /* packets are never cut for length */
    put_text(block, OPTION_NAME, name);
    put_option(block, OPTION_TSRESOL, &nanoseconds, 1);
    end(block, out);
}

/* --- packets --------------------------------------------------------------------------------- */

static unsigned flags_of(const struct air_log_frame *frame)
{
    const struct air_pdu *pdu = &frame->pdu;
    unsigned flags = SIGNAL_VALID | REFERENCE_VALID;
    if (pdu->channel != BLE_CHANNEL_NONE)
        flags |= DEWHITENED;
    if (pdu->link != AIR_LINK_NONE)
        flags |= pdu->from_central ? FROM_CENTRAL : FROM_PERIPHERAL;
    if (pdu->crc != AIR_CRC_UNKNOWN)
        flags |= CRC_CHECKED | (air_log_crc_right(frame) ? CRC_VALID : 0u);
    if (pdu->decrypted)
        flags |= DECRYPTED | MIC_CHECKED | MIC_VALID;
    else if (pdu->mic_wrong)
        flags |= MIC_CHECKED;
    return flags | (frame->phy == AIR_2M ? (unsigned)PHY_2M : 0u);
}

/* Where no channel lies, the nearest is named. */
static unsigned rf_of(const struct air_log_frame *frame)
{
    int rf = (frame->mhz - 2402) / 2;
    return rf < 0 ? 0 : rf >= BLE_CHANNELS ? BLE_CHANNELS - 1 : (unsigned)rf;
}

static void put_pseudo_header(struct block *block, const struct air_log_frame *frame)
{
    put(block, rf_of(frame), 1);
    put(block, (uint8_t)frame->dbm, 1);
    put(block, 0, 2); /* noise and offenses: flags say that they are not known */
    put(block, frame->pdu.access_address, 4);
    put(block, flags_of(frame), 2);
}

/* What broke between two times. */
static void put_remarks(struct pcapng *pcapng, uint64_t from_ps, uint64_t until_ps)
{
    for (uint32_t i = 0; i < pcapng->remark_count; i++)
        if (pcapng->remarks[i].at_ps >= from_ps && pcapng->remarks[i].at_ps < until_ps)
            put_text(&pcapng->block, OPTION_COMMENT, pcapng->remarks[i].text);
}

static void put_comments(struct pcapng *pcapng, const struct scenario *scenario,
                         const struct air_log_frame *frame)
{
    struct block *block = &pcapng->block;
    const struct air_pdu *pdu = &frame->pdu;
    char text[AIR_PDU_TEXT_MAX];
    if (pdu->channel == BLE_CHANNEL_NONE) {
        snprintf(text, sizeof text, "on %u MHz lies no channel: still whitened", frame->mhz);
        put_text(block, OPTION_COMMENT, text);
    }
    if (pdu->cut)
        put_text(block, OPTION_COMMENT, "the sender broke off");
    else if (pdu->crc == AIR_CRC_BAD)
        put_text(block, OPTION_COMMENT, "its CRC is wrong as it was sent");
    if (pdu->mic_wrong)
        put_text(block, OPTION_COMMENT, "its MIC is wrong");
    if (pdu->again)
        put_text(block, OPTION_COMMENT, "sent again");
    for (uint32_t i = 0; i < frame->fate_count; i++) {
        if (!air_log_fate_matters(&pcapng->log, frame, i))
            continue;
        air_fate_text(scenario, frame, i, text);
        put_text(block, OPTION_COMMENT, text);
    }
}

static void begin_packet(struct block *block, uint32_t interface, uint64_t at_ps, uint32_t size,
                         uint32_t whole)
{
    uint64_t at_ns = (at_ps + PS_PER_NS / 2) / PS_PER_NS;
    begin(block, BLOCK_PACKET);
    put(block, interface, 4);
    put(block, at_ns >> 32, 4);
    put(block, at_ns, 4);
    put(block, size, 4);
    put(block, whole, 4);
}

static void put_air_packet(struct pcapng *pcapng, const struct trace *trace,
                           const struct air_log_frame *frame, uint64_t from_ps, uint64_t until_ps)
{
    struct block *block = &pcapng->block;
    begin_packet(block, 0, frame->start_ps, PSEUDO_HEADER_SIZE + frame->pdu.size,
                 PSEUDO_HEADER_SIZE + frame->pdu.whole);
    put_pseudo_header(block, frame);
    put_octets(block, frame->pdu.octets, frame->pdu.size);
    put_remarks(pcapng, from_ps, until_ps);
    put_comments(pcapng, trace->scenario, frame);
    end(block, trace->out);
}

/* A good frame's FCS is left out; of one that was broken off nobody knows if it has one. */
static uint32_t kept_of(const struct wire_frame *frame)
{
    bool whole = frame->news != HDLC_ABORTED && frame->size >= HDLC_BODY_MIN;
    return frame->size - (whole ? (uint32_t)HDLC_FCS_SIZE : 0u);
}

/* Behind the air's, two for each UART with frames: put_wire_interfaces. */
static uint32_t interface_of(const struct pcapng *pcapng, const struct wire_frame *frame)
{
    uint32_t interface = wire_frame_is_ppp(frame) ? 1 : 2;
    for (uint32_t i = 0; i < frame->device; i++)
        interface += wire_log_is_framed(&pcapng->wires, i) ? 2 : 0;
    return interface;
}

static void put_wire_packet(struct pcapng *pcapng, const struct trace *trace,
                            const struct wire_frame *frame, uint64_t from_ps, uint64_t until_ps)
{
    struct block *block = &pcapng->block;
    const uint8_t flags[4] = {frame->in ? FLAG_INBOUND : FLAG_OUTBOUND};
    begin_packet(block, interface_of(pcapng, frame), frame->end_ps, kept_of(frame), kept_of(frame));
    put_octets(block, frame->octets, kept_of(frame));
    put_remarks(pcapng, from_ps, until_ps);
    if (wire_frame_fault(frame)) {
        char text[WIRE_FRAME_TEXT_MAX];
        put_text(block, OPTION_COMMENT, wire_frame_text(frame, text));
    }
    put_option(block, OPTION_FLAGS, flags, sizeof flags);
    end(block, trace->out);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void pcapng_begin(struct trace *trace)
{
    struct pcapng *pcapng = trace->own;
    air_log_start(&pcapng->log, trace->scenario);
    wire_log_start(&pcapng->wires, trace->scenario);
    put_section(&pcapng->block, trace->scenario, trace->out);
    put_interface(&pcapng->block, LINK_TYPE, "air", trace->out);
}

static void pcapng_record(struct trace *trace, const struct record *record, uint32_t cpu_before)
{
    struct pcapng *pcapng = trace->own;
    (void)cpu_before;
    (void)air_log_add(&pcapng->log, record, trace->frame);
    wire_log_add(&pcapng->wires, record);
}

static void pcapng_verdict(struct trace *trace, const struct verdict *verdict, const char *text)
{
    struct pcapng *pcapng = trace->own;
    if (pcapng->remark_count == VERDICT_MAX)
        return;
    struct remark *remark = &pcapng->remarks[pcapng->remark_count++];
    remark->at_ps = verdict->at_ps;
    snprintf(remark->text, sizeof remark->text, "** %s: %s", rule_rows[verdict->rule].id, text);
}

/* The octets of a frame that is under way at the end are not known. */
static uint32_t next_of_air(const struct air_log *log, uint32_t i)
{
    while (i < log->count && !log->frames[i]->ended)
        i++;
    return i;
}

static uint32_t next_of_wires(const struct wire_log *log, uint32_t i)
{
    while (i < log->count && (!wire_log_is_framed(log, log->frames[i].device) ||
                              log->frames[i].size < HDLC_HEADER_SIZE))
        i++;
    return i;
}

/* Where the writing stands: the next frame of the air and of the wires. */
struct cursor {
    uint32_t air, wire;
};

static uint64_t air_ps(const struct pcapng *pcapng, struct cursor at)
{
    return at.air < pcapng->log.count ? pcapng->log.frames[at.air]->start_ps : UINT64_MAX;
}

static uint64_t wire_ps(const struct pcapng *pcapng, struct cursor at)
{
    return at.wire < pcapng->wires.count ? pcapng->wires.frames[at.wire].end_ps : UINT64_MAX;
}

static bool is_airs_turn(const struct pcapng *pcapng, struct cursor at)
{
    return air_ps(pcapng, at) <= wire_ps(pcapng, at);
}

static struct cursor behind(const struct pcapng *pcapng, struct cursor at)
{
    if (is_airs_turn(pcapng, at))
        at.air = next_of_air(&pcapng->log, at.air + 1);
    else
        at.wire = next_of_wires(&pcapng->wires, at.wire + 1);
    return at;
}

static uint64_t cursor_ps(const struct pcapng *pcapng, struct cursor at)
{
    return is_airs_turn(pcapng, at) ? air_ps(pcapng, at) : wire_ps(pcapng, at);
}

/* Two for each UART that carries frames, in the order of the board: PPP's, the others'. Numbers
 * begin behind the air's. */
static void put_wire_interfaces(struct pcapng *pcapng, const struct trace *trace)
{
    const struct board *board = &trace->scenario->board;
    char name[DEVICE_NAME_MAX + 16];
    for (uint32_t i = 0; i < board->device_count; i++) {
        if (!wire_log_is_framed(&pcapng->wires, i))
            continue;
        snprintf(name, sizeof name, "%s PPP", board->devices[i].name);
        put_interface(&pcapng->block, LINK_TYPE_PPP, name, trace->out);
        snprintf(name, sizeof name, "%s frames", board->devices[i].name);
        put_interface(&pcapng->block, LINK_TYPE_USER0, name, trace->out);
    }
}

static void put_packets(struct pcapng *pcapng, const struct trace *trace)
{
    struct cursor at = {next_of_air(&pcapng->log, 0), next_of_wires(&pcapng->wires, 0)};
    uint64_t from_ps = 0; /* nothing is before the first */
    while (cursor_ps(pcapng, at) != UINT64_MAX) {
        struct cursor next = behind(pcapng, at);
        uint64_t until_ps = cursor_ps(pcapng, next);
        if (is_airs_turn(pcapng, at))
            put_air_packet(pcapng, trace, pcapng->log.frames[at.air], from_ps, until_ps);
        else
            put_wire_packet(pcapng, trace, &pcapng->wires.frames[at.wire], from_ps, until_ps);
        at = next;
        from_ps = until_ps;
    }
}

static void pcapng_end(struct trace *trace)
{
    struct pcapng *pcapng = trace->own;
    struct cursor first = {0, next_of_wires(&pcapng->wires, 0)};
    if (!pcapng->log.count && first.wire == pcapng->wires.count)
        fprintf(stderr, "%s: warning: nothing was on the air, and no frame on a wire\n",
                trace->scenario->path);
    put_wire_interfaces(pcapng, trace);
    put_packets(pcapng, trace);
    air_log_free(&pcapng->log);
    wire_log_free(&pcapng->wires);
}

const struct trace_writer trace_pcapng = {sizeof(struct pcapng), pcapng_begin, pcapng_record,
                                          pcapng_verdict, pcapng_end};
