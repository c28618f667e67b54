/* mail.h: what comes by the serial line for one of the few addresses and ports that apps mostly
 * bind (FIRST in fuzz/app_bytes.c): a frame, or a datagram in one, of any length, whole or with
 * one thing wrong. Chance seldom names the address that somebody waits at, and never the checksum
 * of what it has changed.
 *
 * Of a tape's operation:
 *   which           % 4: the address, or the port; from 128 on a datagram; / 4 % 32: what is wrong
 *                   with it (mail.c), mostly nothing
 *   size            octets in it: `size` % 32, or, from 192 on, (`size` - 191) * 9
 *   value[0].pick   each of these octets, but that the first one is `value[0].offset`
 *   value[0].offset where a bit of it is wrong, or it is cut
 */
#ifndef FUZZ_MAIL_H
#define FUZZ_MAIL_H

#include "fuzz/tape.h"
#include "model/datagram.h"

enum {
    MAIL_SHORT = 32,
    MAIL_LONG = 192, /* `size` from which on it is long */
    MAIL_UNIT = 9,
    MAIL_PAYLOAD_MAX = DATAGRAM_OVERHEAD + (256 - MAIL_LONG) * MAIL_UNIT,
    MAIL_MAX = 2 * MAIL_PAYLOAD_MAX + 16, /* each octet stuffed, and what is around them */
};

/* Writes the octets as they go over the line; how many. */
uint32_t mail_write(const struct tape_op *op, uint8_t out[MAIL_MAX]);

#endif
