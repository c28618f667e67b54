#include "sim/net/hdlc.h"

#include <string.h>

const char *const hdlc_news_names[HDLC_NEWS] = {
    [HDLC_NOTHING] = "nothing", [HDLC_OUTSIDE] = "outside",         [HDLC_FRAME] = "frame",
    [HDLC_BAD_FCS] = "bad FCS", [HDLC_BAD_CONTROL] = "bad control", [HDLC_ABORTED] = "aborted",
    [HDLC_SHORT] = "too short", [HDLC_LONG] = "too long",
};

enum { FCS_POLYNOMIAL = 0x8408 }; /* x^16 + x^12 + x^5 + 1, low bit first: RFC 1662, C.1 */

uint16_t hdlc_fcs_step(uint16_t fcs, uint8_t octet)
{
    fcs ^= octet;
    for (int bit = 0; bit < 8; bit++)
        fcs = (uint16_t)(fcs & 1 ? fcs >> 1 ^ FCS_POLYNOMIAL : fcs >> 1);
    return fcs;
}

uint16_t hdlc_fcs(const uint8_t *octets, uint32_t size)
{
    uint16_t fcs = HDLC_FCS_START;
    while (size-- > 0)
        fcs = hdlc_fcs_step(fcs, *octets++);
    return fcs;
}

uint32_t hdlc_body(uint8_t address, const uint8_t *payload, uint32_t size,
                   uint8_t body[HDLC_BODY_MAX])
{
    if (size > HDLC_BODY_MAX - HDLC_HEADER_SIZE - HDLC_FCS_SIZE)
        return 0;
    body[0] = address;
    body[1] = HDLC_CONTROL;
    if (size > 0)
        memcpy(body + HDLC_HEADER_SIZE, payload, size);
    size += HDLC_HEADER_SIZE;
    uint16_t fcs = hdlc_fcs(body, size) ^ 0xffff;
    body[size] = (uint8_t)fcs;
    body[size + 1] = (uint8_t)(fcs >> 8);
    return size + HDLC_FCS_SIZE;
}

uint32_t hdlc_stuffed(uint8_t octet, bool controls, uint8_t wire[2])
{
    bool escaped = octet == HDLC_FLAG || octet == HDLC_ESCAPE || (controls && octet < 0x20);
    wire[0] = escaped ? HDLC_ESCAPE : octet;
    wire[1] = octet ^ HDLC_FLIP;
    return escaped ? 2 : 1;
}

void hdlc_start(struct hdlc_reader *reader, uint32_t limit)
{
    *reader =
        (struct hdlc_reader){.limit = (uint16_t)(limit < HDLC_BODY_MAX ? limit : HDLC_BODY_MAX)};
}

/* What lies between two flags. */
static enum hdlc_news judged(const struct hdlc_reader *reader)
{
    if (reader->escaped)
        return HDLC_ABORTED;
    if (reader->size > reader->limit)
        return HDLC_LONG;
    if (reader->size < HDLC_BODY_MIN)
        return HDLC_SHORT;
    if (hdlc_fcs(reader->body, reader->size) != HDLC_FCS_GOOD)
        return HDLC_BAD_FCS;
    return reader->body[1] == HDLC_CONTROL ? HDLC_FRAME : HDLC_BAD_CONTROL;
}

/* The next octet begins anew: behind an opening flag, unless this one closes. */
static enum hdlc_news take_flag(struct hdlc_reader *reader)
{
    bool empty = !reader->inside || (reader->size == 0 && !reader->escaped);
    enum hdlc_news news = empty ? HDLC_NOTHING : judged(reader);
    reader->ended = reader->size < reader->limit ? reader->size : reader->limit;
    reader->inside = news != HDLC_FRAME && news != HDLC_ABORTED;
    reader->escaped = false;
    if (news != HDLC_FRAME)
        reader->size = 0;
    return news;
}

static void keep(struct hdlc_reader *reader, uint8_t octet)
{
    if (reader->size < reader->limit)
        reader->body[reader->size] = octet;
    if (reader->size <= reader->limit)
        reader->size++;
}

enum hdlc_news hdlc_take(struct hdlc_reader *reader, uint8_t octet)
{
    if (!reader->inside)
        reader->size = 0; /* the frame before has been read */
    if (octet == HDLC_FLAG)
        return take_flag(reader);
    if (!reader->inside)
        return HDLC_OUTSIDE;
    if (octet == HDLC_ESCAPE && !reader->escaped) {
        reader->escaped = true;
        return HDLC_NOTHING;
    }
    keep(reader, reader->escaped ? octet ^ HDLC_FLIP : octet);
    reader->escaped = false;
    return HDLC_NOTHING;
}
