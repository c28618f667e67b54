/* mail.c: see mail.h. */
#include "fuzz/mail.h"

#include "model/framing.h"
#include <string.h>

enum { NETWORK = 0xff };

enum wrong {
    WRONG_NOTHING,
    /* Of a datagram; its frame is good. A frame without one has a wrong bit. */
    WRONG_CHECKSUM,
    WRONG_NO_CHECKSUM,
    WRONG_NEXT_HEADER,
    WRONG_VERSION,
    WRONG_LENGTH,     /* IPv6's */
    WRONG_UDP_LENGTH, /* and the checksum is right */
    WRONG_STRAY,      /* it is for another address */
    /* Of the frame. */
    WRONG_BIT,
    WRONG_CONTROL, /* and the check sequence is right */
    WRONG_ABORTED,
    WRONG_NO_FLAG, /* behind it */
    WRONG_CUT,
};

static const uint8_t wrongs[32] = {
    [16] = WRONG_CHECKSUM, WRONG_CHECKSUM,    WRONG_NO_CHECKSUM, WRONG_NO_CHECKSUM,
    WRONG_NEXT_HEADER,     WRONG_NEXT_HEADER, WRONG_VERSION,     WRONG_LENGTH,
    WRONG_UDP_LENGTH,      WRONG_STRAY,       WRONG_STRAY,       WRONG_BIT,
    WRONG_CONTROL,         WRONG_ABORTED,     WRONG_NO_FLAG,     WRONG_CUT,
};

static enum wrong wrong_of(const struct tape_op *op)
{
    enum wrong wrong = (enum wrong)wrongs[op->which / 4 % 32];
    return op->which < 128 && wrong != WRONG_NOTHING && wrong < WRONG_BIT ? WRONG_BIT : wrong;
}

/* Places in a packet. Source: model/datagram.h. */
enum {
    AT_VERSION = 2,
    AT_LENGTH = 7,
    AT_NEXT_HEADER = 8,
    AT_SOURCE_PORT = 43,
    AT_UDP_LENGTH = 47,
    AT_CHECKSUM = 48
};

static void spoil_packet(enum wrong wrong, uint8_t *packet)
{
    switch (wrong) {
    case WRONG_CHECKSUM:
        packet[AT_CHECKSUM] ^= 1;
        break;
    case WRONG_NO_CHECKSUM:
        memset(packet + AT_CHECKSUM, 0, 2);
        break;
    case WRONG_NEXT_HEADER:
        packet[AT_NEXT_HEADER]++;
        break;
    case WRONG_VERSION:
        packet[AT_VERSION] ^= 0x20;
        break;
    case WRONG_LENGTH:
        packet[AT_LENGTH]++;
        break;
    case WRONG_UDP_LENGTH: /* both are in the sum */
        packet[AT_UDP_LENGTH]++;
        packet[AT_SOURCE_PORT]--;
        break;
    default:
        break;
    }
}

/* From the host, to whom apps' own datagrams go. */
static uint32_t packet_write(const struct tape_op *op, enum wrong wrong, uint32_t size,
                             uint8_t *packet)
{
    struct datagram d = {.source = {0xfe, 0x80, [15] = 1},
                         .destination = {0xfe, 0x80, [15] = wrong == WRONG_STRAY ? 3 : 2},
                         .source_port = 256u + op->size,
                         .destination_port = op->which % 4,
                         .size = (uint16_t)size};
    uint32_t written = datagram_build(&d, packet);
    spoil_packet(wrong, packet);
    return written;
}

static uint32_t spoil_frame(const struct tape_op *op, enum wrong wrong, uint32_t size, uint8_t *out)
{
    const uint32_t place = (uint8_t)op->value[0].offset % size;
    switch (wrong) {
    case WRONG_BIT:
        out[place] ^= (uint8_t)(1 << op->value[0].pick % 8);
        return size;
    case WRONG_ABORTED:
        return size - 1 + framing_abort(out + size - 1);
    case WRONG_NO_FLAG:
        return size - 1;
    case WRONG_CUT:
        return 1 + place;
    default:
        return size;
    }
}

uint32_t mail_write(const struct tape_op *op, uint8_t out[MAIL_MAX])
{
    const bool is_network = op->which >= 128;
    const enum wrong wrong = wrong_of(op);
    uint8_t payload[MAIL_PAYLOAD_MAX] = {0};
    const uint8_t head[FRAMING_HEADER_SIZE] = {is_network ? NETWORK : op->which % 4,
                                               wrong == WRONG_CONTROL ? FRAMING_CONTROL ^ 0x10
                                                                      : FRAMING_CONTROL};
    uint32_t size =
        op->size < MAIL_LONG ? op->size % MAIL_SHORT : (op->size - MAIL_LONG + 1u) * MAIL_UNIT;
    uint8_t *data = payload + (is_network ? DATAGRAM_OVERHEAD : 0);
    memset(data, op->value[0].pick, size);
    if (size > 0)
        data[0] = (uint8_t)op->value[0].offset;
    if (is_network)
        size = packet_write(op, wrong, size, payload);
    uint16_t fcs = FRAMING_FCS_START;
    uint32_t written = 1;
    out[0] = FRAMING_FLAG;
    written += framing_put(head, sizeof head, &fcs, out + written);
    written += framing_put(payload, size, &fcs, out + written);
    written += framing_close(fcs, out + written);
    return spoil_frame(op, wrong, written, out);
}
