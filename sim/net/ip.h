/* ip.h: UDP in IPv6, as octets and back.
 *
 *   struct ip_datagram --ip_build--> 40 octets of IPv6 | 8 of UDP | data --ip_parse--> the same
 *
 * Not modelled: extension headers (a packet with one is refused by its next header), fragments,
 * ICMPv6, jumbograms, padding behind the packet (RFC 1661 allows it; here it is a wrong length).
 *
 * All is pure. Source: RFC 8200, sections 3 and 8.1 (the pseudo header; a checksum of zero is
 * illegal); RFC 768; RFC 1071 for the sum; RFC 4291, 2.5.6, and RFC 5072, 5, for the addresses.
 */
#ifndef SIM_NET_IP_H
#define SIM_NET_IP_H

#include <stdint.h>

enum {
    IP_HEADER_SIZE = 40,
    UDP_HEADER_SIZE = 8,
    IP_OVERHEAD = IP_HEADER_SIZE + UDP_HEADER_SIZE,
    IP_NEXT_UDP = 17,
    /* Places in a packet, for those who spoil one. */
    IP_AT_VERSION = 0,
    IP_AT_LENGTH = 4,
    IP_AT_NEXT = 6,
    IP_AT_SOURCE = 8,
    IP_AT_DESTINATION = 24,
    UDP_AT_LENGTH = 44,
    UDP_AT_CHECKSUM = 46,
};

struct ip_address {
    uint8_t octets[16];
};

struct ip_datagram {
    struct ip_address source, destination;
    uint16_t source_port, destination_port;
    uint16_t size; /* of the data */
    uint8_t hop_limit;
    const uint8_t *data; /* ip_parse: inside of the packet */
};

/* fe80::/64 with this interface identifier. */
struct ip_address ip_link_local(uint64_t interface);

/* Why a packet is refused, in the order of looking. */
enum ip_refusal {
    IP_GOOD,
    IP_SHORT,        /* less than a header */
    IP_VERSION,      /* not 6 */
    IP_LENGTH,       /* its payload length is not what came */
    IP_NEXT_HEADER,  /* not UDP */
    UDP_SHORT,       /* less than a header */
    UDP_LENGTH,      /* its length is not what came */
    UDP_NO_CHECKSUM, /* zero */
    UDP_CHECKSUM,    /* wrong */
    IP_REFUSALS
};
extern const char *const ip_refusal_names[IP_REFUSALS];

/* The packet's size; 0: it does not fit into `room` octets. `data` is not inside of `packet`. */
uint32_t ip_build(const struct ip_datagram *datagram, uint8_t *packet, uint32_t room);
enum ip_refusal ip_parse(const uint8_t *packet, uint32_t size, struct ip_datagram *datagram);

/* The Internet checksum's sum of 16-bit words, folded, not complemented; an odd octet at the end is
 * a word's high one. `sum` is what came before, an even number of octets. */
uint16_t ip_sum(uint16_t sum, const uint8_t *octets, uint32_t size);
/* What the checksum of the UDP in this packet, of at least IP_OVERHEAD octets, should be; never
 * 0. Whatever stands in its place counts as zero. */
uint16_t ip_udp_checksum(const uint8_t *packet, uint32_t size);

#endif
