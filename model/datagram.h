/* datagram.h: one UDP datagram in an IPv6 packet behind PPP's protocol number, as octets and back.
 *
 *   00 57 | IPv6, 40 octets | UDP, 8 | data
 *
 * Both ends have link-local addresses. All is pure. Sources: RFC 1661, 2 (protocol field), RFC 5072
 * (IPv6 over PPP), RFC 8200, 3 (header) and 8.1 (pseudo header; a checksum of 0 is illegal), RFC
 * 768, RFC 1071 (the sum).
 */
#ifndef MODEL_DATAGRAM_H
#define MODEL_DATAGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum {
    DATAGRAM_ADDRESS_SIZE = 16,
    DATAGRAM_OVERHEAD = 2 + 40 + 8,
    DATAGRAM_DATA_MAX = 256, /* ours */
    DATAGRAM_MAX = DATAGRAM_OVERHEAD + DATAGRAM_DATA_MAX,
};

struct datagram {
    uint8_t source[DATAGRAM_ADDRESS_SIZE], destination[DATAGRAM_ADDRESS_SIZE];
    uint16_t source_port, destination_port;
    uint16_t size; /* of the data, at DATAGRAM_OVERHEAD */
};

/* Writes all but the data, which stands in its place already. How many octets it is in all. */
uint32_t datagram_build(const struct datagram *datagram, uint8_t packet[DATAGRAM_MAX]);

/* False: not UDP in IPv6 of just these `size` octets with a right checksum. */
bool datagram_parse(const uint8_t *packet, uint32_t size, struct datagram *datagram);

#endif
