/* wire_frames.c: see wire_frames.h. */

#include "tools/wire_frames.h"

#include "sim/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wire_lines_start(struct wire_lines *lines, const struct scenario *scenario)
{
    lines->scenario = scenario;
    lines->count = 0;
}

/* NULL: this is no UART's octet, or there are too many UARTs. */
static struct wire_line *line_of(struct wire_lines *lines, const struct record *r)
{
    const struct board *board = &lines->scenario->board;
    uint32_t device = r->address;
    bool in = pair_high(r->value) == WIRE_IN;
    if (r->kind != EVENT_WIRE || device >= board->device_count || !board->devices[device].type ||
        board->devices[device].type->wire != WIRE_UART)
        return NULL;
    for (uint32_t i = 0; i < lines->count; i++)
        if (lines->lines[i].device == device && lines->lines[i].in == in)
            return &lines->lines[i];
    if (lines->count == WIRE_LINE_MAX)
        return NULL;
    struct wire_line *line = &lines->lines[lines->count++];
    *line = (struct wire_line){.device = device, .in = in, .byte_ps = UINT64_MAX};
    hdlc_start(&line->reader, HDLC_BODY_MAX);
    return line;
}

/* Octets of the board have their record at the end, those of a peer when they begin: then a byte
 * time is missing, which is the least that ever passed between two of them. */
static uint64_t end_of_octet(struct wire_line *line, uint64_t at_ps)
{
    uint64_t since_ps = at_ps - line->before_ps;
    if (line->before_ps && since_ps > 0 && since_ps < line->byte_ps)
        line->byte_ps = since_ps;
    line->before_ps = at_ps;
    return line->in && line->byte_ps != UINT64_MAX ? at_ps + line->byte_ps : at_ps;
}

bool wire_lines_take(struct wire_lines *lines, const struct record *record,
                     struct wire_frame *frame)
{
    struct wire_line *line = line_of(lines, record);
    if (!line)
        return false;
    uint64_t end_ps = end_of_octet(line, record->at_ps);
    enum hdlc_news news = hdlc_take(&line->reader, (uint8_t)pair_low(record->value));
    if (news == HDLC_NOTHING || news == HDLC_OUTSIDE)
        return false;
    line->framed |= news == HDLC_FRAME;
    *frame = (struct wire_frame){.end_ps = end_ps,
                                 .device = line->device,
                                 .in = line->in,
                                 .news = (uint8_t)news,
                                 .size = line->reader.ended,
                                 .octets = line->reader.body};
    return true;
}

/* --- words ----------------------------------------------------------------------------------- */

/* The packet in a good frame of PPP; NULL: it is none, or not IPv6. */
static const uint8_t *packet_of(const struct wire_frame *frame, uint32_t *size)
{
    const uint8_t *payload = hdlc_payload(frame->octets);
    if (frame->news != HDLC_FRAME || !wire_frame_is_ppp(frame))
        return NULL;
    *size = hdlc_payload_size(frame->size);
    if (*size < PPP_HEADER_SIZE || payload[0] != PPP_IPV6 >> 8 || payload[1] != (PPP_IPV6 & 0xff))
        return NULL;
    *size -= PPP_HEADER_SIZE;
    return payload + PPP_HEADER_SIZE;
}

const char *wire_frame_fault(const struct wire_frame *frame)
{
    uint32_t size;
    struct ip_datagram datagram;
    const uint8_t *packet = packet_of(frame, &size);
    if (frame->news != HDLC_FRAME)
        return hdlc_news_names[frame->news];
    enum ip_refusal refusal = packet ? ip_parse(packet, size, &datagram) : IP_GOOD;
    return refusal ? ip_refusal_names[refusal] : NULL;
}

const char *wire_frame_text(const struct wire_frame *frame, char text[WIRE_FRAME_TEXT_MAX])
{
    uint32_t size = 0;
    struct ip_datagram datagram;
    const char *fault = wire_frame_fault(frame);
    const uint8_t *packet = packet_of(frame, &size);
    if (frame->news != HDLC_FRAME)
        snprintf(text, WIRE_FRAME_TEXT_MAX, "a frame of %u octets, %s", frame->size, fault);
    else if (fault)
        snprintf(text, WIRE_FRAME_TEXT_MAX, "a packet of %" PRIu32 " octets, %s", size, fault);
    else if (packet && ip_parse(packet, size, &datagram) == IP_GOOD)
        snprintf(text, WIRE_FRAME_TEXT_MAX, "UDP %u > %u, %u octets", datagram.source_port,
                 datagram.destination_port, datagram.size);
    else if (wire_frame_is_ppp(frame))
        snprintf(text, WIRE_FRAME_TEXT_MAX, "PPP, not IPv6, %" PRIu32 " octets",
                 hdlc_payload_size(frame->size));
    else
        snprintf(text, WIRE_FRAME_TEXT_MAX, "a frame of address %u, %" PRIu32 " octets",
                 hdlc_address(frame->octets), hdlc_payload_size(frame->size));
    return text;
}

/* --- all of them ----------------------------------------------------------------------------- */

/* A frame's, in a list of all. */
struct wire_octets {
    struct wire_octets *next;
    uint8_t octets[];
};

static const uint8_t *octets_kept(struct wire_log *log, const struct wire_frame *frame)
{
    struct wire_octets *kept = malloc(sizeof *kept + frame->size);
    if (!kept)
        abort(); /* out of host memory */
    memcpy(kept->octets, frame->octets, frame->size);
    kept->next = log->octets;
    log->octets = kept;
    return kept->octets;
}

void wire_log_start(struct wire_log *log, const struct scenario *scenario)
{
    log->frames = NULL;
    log->octets = NULL;
    log->count = log->capacity = 0;
    wire_lines_start(&log->lines, scenario);
}

void wire_log_add(struct wire_log *log, const struct record *record)
{
    struct wire_frame frame;
    if (!wire_lines_take(&log->lines, record, &frame))
        return;
    if (log->count == log->capacity) {
        log->capacity = log->capacity ? 2 * log->capacity : 64;
        log->frames = realloc(log->frames, log->capacity * sizeof *log->frames);
    }
    if (!log->frames)
        abort(); /* out of host memory */
    frame.octets = octets_kept(log, &frame);
    /* One that comes in may end behind one that goes out. */
    uint32_t at = log->count++;
    for (; at > 0 && log->frames[at - 1].end_ps > frame.end_ps; at--)
        log->frames[at] = log->frames[at - 1];
    log->frames[at] = frame;
}

bool wire_log_is_framed(const struct wire_log *log, uint32_t device)
{
    bool framed = false;
    for (uint32_t i = 0; i < log->lines.count; i++)
        framed |= log->lines.lines[i].device == device && log->lines.lines[i].framed;
    return framed;
}

void wire_log_free(struct wire_log *log)
{
    while (log->octets) {
        struct wire_octets *next = log->octets->next;
        free(log->octets);
        log->octets = next;
    }
    free(log->frames);
    log->frames = NULL;
    log->count = log->capacity = 0;
}
