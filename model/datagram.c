#include "model/datagram.h"

#include "model/types.h"

/* Places in the packet. */
enum {
    PPP = 0,
    VERSION = 2,
    PAYLOAD_LENGTH = 6,
    NEXT_HEADER = 8,
    HOP_LIMIT = 9,
    SOURCE = 10,
    DESTINATION = 26,
    UDP = 42,
    SOURCE_PORT = UDP,
    DESTINATION_PORT = 44,
    UDP_LENGTH = 46,
    CHECKSUM = 48,
};
enum { PPP_IPV6 = 0x0057, NEXT_UDP = 17, HOPS = 64, UDP_HEADER_SIZE = 8 };

static void put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *from)
{
    return (uint32_t)from[0] << 8 | from[1];
}

static uint32_t sum(uint32_t so_far, const uint8_t *octets, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        so_far += i % 2 ? octets[i] : (uint32_t)octets[i] << 8;
    return so_far;
}

/* Over the pseudo header and all of UDP; 0xffff if the checksum in it is right. */
static uint32_t folded_sum(const uint8_t *packet, uint32_t udp_size)
{
    uint32_t all = sum(udp_size + NEXT_UDP, packet + SOURCE, 2 * DATAGRAM_ADDRESS_SIZE);

    all = sum(all, packet + UDP, udp_size);
    while (all >> 16)
        all = (all & 0xffff) + (all >> 16);
    return all;
}

uint32_t datagram_build(const struct datagram *datagram, uint8_t packet[DATAGRAM_MAX])
{
    uint32_t udp_size = UDP_HEADER_SIZE + (uint32_t)datagram->size;

    memset(packet, 0, DATAGRAM_OVERHEAD);
    put16(packet + PPP, PPP_IPV6);
    packet[VERSION] = 0x60;
    put16(packet + PAYLOAD_LENGTH, udp_size);
    packet[NEXT_HEADER] = NEXT_UDP;
    packet[HOP_LIMIT] = HOPS;
    memcpy(packet + SOURCE, datagram->source, DATAGRAM_ADDRESS_SIZE);
    memcpy(packet + DESTINATION, datagram->destination, DATAGRAM_ADDRESS_SIZE);
    put16(packet + SOURCE_PORT, datagram->source_port);
    put16(packet + DESTINATION_PORT, datagram->destination_port);
    put16(packet + UDP_LENGTH, udp_size);
    uint32_t checksum = ~folded_sum(packet, udp_size) & 0xffff;
    put16(packet + CHECKSUM, checksum ? checksum : 0xffff); /* 0 would say: none */
    return DATAGRAM_OVERHEAD + (uint32_t)datagram->size;
}

bool datagram_parse(const uint8_t *packet, uint32_t size, struct datagram *datagram)
{
    if (size < DATAGRAM_OVERHEAD || get16(packet + PPP) != PPP_IPV6 || packet[VERSION] >> 4 != 6 ||
        packet[NEXT_HEADER] != NEXT_UDP)
        return false;
    uint32_t udp_size = size - UDP;
    if (get16(packet + PAYLOAD_LENGTH) != udp_size || get16(packet + UDP_LENGTH) != udp_size ||
        get16(packet + CHECKSUM) == 0 || folded_sum(packet, udp_size) != 0xffff)
        return false;
    memcpy(datagram->source, packet + SOURCE, DATAGRAM_ADDRESS_SIZE);
    memcpy(datagram->destination, packet + DESTINATION, DATAGRAM_ADDRESS_SIZE);
    datagram->source_port = (uint16_t)get16(packet + SOURCE_PORT);
    datagram->destination_port = (uint16_t)get16(packet + DESTINATION_PORT);
    datagram->size = (uint16_t)(udp_size - UDP_HEADER_SIZE);
    return true;
}
