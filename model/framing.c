#include "model/framing.h"

uint16_t framing_fcs_step(uint16_t fcs, uint8_t octet)
{
    fcs ^= octet;
    for (uint32_t bit = 0; bit < 8; bit++)
        fcs = (uint16_t)(fcs >> 1 ^ (fcs & 1 ? 0x8408 : 0)); /* x^16 + x^12 + x^5 + 1, reversed */
    return fcs;
}

/* ---- out */

static uint32_t stuffed(uint8_t octet, uint8_t *out)
{
    bool escapes = octet == FRAMING_FLAG || octet == FRAMING_ESCAPE;

    if (escapes)
        *out++ = FRAMING_ESCAPE;
    *out = escapes ? octet ^ FRAMING_FLIP : octet;
    return escapes ? 2 : 1;
}

uint32_t framing_put(const uint8_t *octets, uint32_t size, uint16_t *fcs, uint8_t *out)
{
    uint32_t written = 0;

    for (uint32_t i = 0; i < size; i++) {
        *fcs = framing_fcs_step(*fcs, octets[i]);
        written += stuffed(octets[i], out + written);
    }
    return written;
}

uint32_t framing_open(uint8_t address, uint16_t *fcs, uint8_t *out)
{
    const uint8_t header[FRAMING_HEADER_SIZE] = {address, FRAMING_CONTROL};

    *fcs = FRAMING_FCS_START;
    out[0] = FRAMING_FLAG;
    return 1 + framing_put(header, sizeof header, fcs, out + 1);
}

uint32_t framing_close(uint16_t fcs, uint8_t *out)
{
    uint32_t written = stuffed((uint8_t)~fcs, out);

    written += stuffed((uint8_t)(~fcs >> 8), out + written);
    out[written] = FRAMING_FLAG;
    return written + 1;
}

uint32_t framing_abort(uint8_t *out)
{
    out[0] = FRAMING_ESCAPE;
    out[1] = FRAMING_FLAG;
    return FRAMING_ABORT_SIZE;
}

/* ---- in */

/* Behind a flag. */
static void body_begin(struct framing_reader *reader)
{
    reader->inside = true;
    reader->escaped = false;
    reader->gap = false;
    reader->run = 0;
    reader->size = 0;
    reader->fcs = FRAMING_FCS_START;
}

void framing_start(struct framing_reader *reader, uint16_t limit)
{
    *reader = (struct framing_reader){.limit = limit};
}

/* What lies between two flags. */
static enum framing_event judged(const struct framing_reader *reader)
{
    if (reader->escaped)
        return FRAMING_ABORTED;
    if (reader->size > reader->limit)
        return FRAMING_LONG;
    if (reader->size < FRAMING_BODY_MIN)
        return FRAMING_SHORT;
    if (reader->fcs != FRAMING_FCS_GOOD)
        return FRAMING_BAD_FCS;
    return reader->control == FRAMING_CONTROL ? FRAMING_GOOD : FRAMING_BAD_CONTROL;
}

static bool is_empty(const struct framing_reader *reader)
{
    return !reader->inside || (reader->size == 0 && !reader->escaped);
}

/* In doubt: what is no frame is what lies between two. */
static bool is_frame(enum framing_event event)
{
    return event == FRAMING_GOOD || event == FRAMING_BAD_CONTROL || event == FRAMING_ABORTED;
}

static enum framing_event flag_take(struct framing_reader *reader)
{
    bool nothing = reader->gap || is_empty(reader);
    enum framing_event event = nothing ? FRAMING_NOTHING : judged(reader);

    if (event == FRAMING_GOOD && !reader->doubt) {
        reader->inside = false;
        return event;
    }
    reader->doubt = reader->doubt && (reader->gap || is_frame(event));
    body_begin(reader);
    return event;
}

static enum framing_event body_take(struct framing_reader *reader, uint8_t octet)
{
    reader->escaped = false;
    if (reader->size > reader->limit)
        return FRAMING_NOTHING;
    reader->octet = octet;
    reader->fcs = framing_fcs_step(reader->fcs, octet);
    if (++reader->size == FRAMING_HEADER_SIZE)
        reader->control = octet;
    return reader->size > reader->limit ? FRAMING_NOTHING : FRAMING_OCTET;
}

/* So many octets are no frame: the next one is outside. */
static enum framing_event doubt_end(struct framing_reader *reader)
{
    enum framing_event event = reader->gap ? FRAMING_NOTHING : FRAMING_LONG;

    reader->inside = reader->escaped = reader->gap = reader->doubt = false;
    return event;
}

enum framing_event framing_lose(struct framing_reader *reader)
{
    enum framing_event event = reader->gap || is_empty(reader) ? FRAMING_NOTHING : FRAMING_LOST;

    body_begin(reader);
    reader->gap = reader->doubt = true;
    return event;
}

enum framing_event framing_take(struct framing_reader *reader, uint8_t wire)
{
    if (wire == FRAMING_FLAG)
        return flag_take(reader);
    if (!reader->inside)
        return FRAMING_OUTSIDE;
    if (reader->doubt && ++reader->run > FRAMING_WIRE_MAX)
        return doubt_end(reader);
    if (reader->gap)
        return FRAMING_NOTHING;
    if (wire == FRAMING_ESCAPE && !reader->escaped) {
        reader->escaped = true;
        return FRAMING_NOTHING;
    }
    return body_take(reader, reader->escaped ? wire ^ FRAMING_FLIP : wire);
}
