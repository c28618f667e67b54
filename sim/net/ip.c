#include "sim/net/ip.h"

#include <string.h>

const char *const ip_refusal_names[IP_REFUSALS] = {
    [IP_GOOD] = "good",
    [IP_SHORT] = "no whole IPv6 header",
    [IP_VERSION] = "not IPv6",
    [IP_LENGTH] = "wrong IPv6 payload length",
    [IP_NEXT_HEADER] = "next header is not UDP",
    [UDP_SHORT] = "no whole UDP header",
    [UDP_LENGTH] = "wrong UDP length",
    [UDP_NO_CHECKSUM] = "no UDP checksum",
    [UDP_CHECKSUM] = "wrong UDP checksum",
};

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

struct ip_address ip_link_local(uint64_t interface)
{
    struct ip_address address = {{0xfe, 0x80}};
    for (int i = 0; i < 8; i++)
        address.octets[15 - i] = (uint8_t)(interface >> 8 * i);
    return address;
}

uint16_t ip_sum(uint16_t sum, const uint8_t *octets, uint32_t size)
{
    uint32_t total = sum;
    for (uint32_t i = 0; i < size; i++) {
        total += i % 2 ? octets[i] : (uint32_t)octets[i] << 8;
        total = (total & 0xffff) + (total >> 16);
    }
    return (uint16_t)total;
}

uint16_t ip_udp_checksum(const uint8_t *packet, uint32_t size)
{
    const uint8_t rest[4] = {(uint8_t)((size - IP_HEADER_SIZE) >> 8),
                             (uint8_t)(size - IP_HEADER_SIZE), 0, IP_NEXT_UDP};
    uint16_t sum = ip_sum(0, packet + IP_AT_SOURCE, 2 * sizeof(struct ip_address));
    sum = ip_sum(sum, rest, sizeof rest);
    sum = ip_sum(sum, packet + IP_HEADER_SIZE, UDP_HEADER_SIZE - 2); /* without itself */
    sum = (uint16_t)~ip_sum(sum, packet + IP_OVERHEAD, size - IP_OVERHEAD);
    return sum ? sum : 0xffff;
}

uint32_t ip_build(const struct ip_datagram *datagram, uint8_t *packet, uint32_t room)
{
    uint32_t size = IP_OVERHEAD + (uint32_t)datagram->size;
    uint32_t payload = size - IP_HEADER_SIZE;
    if (size > room || payload > UINT16_MAX)
        return 0;
    memset(packet, 0, IP_OVERHEAD);
    packet[IP_AT_VERSION] = 6 << 4;
    put16(packet + IP_AT_LENGTH, payload);
    packet[IP_AT_NEXT] = IP_NEXT_UDP;
    packet[7] = datagram->hop_limit;
    memcpy(packet + IP_AT_SOURCE, &datagram->source, sizeof datagram->source);
    memcpy(packet + IP_AT_DESTINATION, &datagram->destination, sizeof datagram->destination);
    put16(packet + IP_HEADER_SIZE, datagram->source_port);
    put16(packet + IP_HEADER_SIZE + 2, datagram->destination_port);
    put16(packet + UDP_AT_LENGTH, payload);
    if (datagram->size > 0)
        memcpy(packet + IP_OVERHEAD, datagram->data, datagram->size);
    put16(packet + UDP_AT_CHECKSUM, ip_udp_checksum(packet, size));
    return size;
}

static enum ip_refusal refusal_of(const uint8_t *packet, uint32_t size)
{
    if (size < IP_HEADER_SIZE)
        return IP_SHORT;
    if (packet[IP_AT_VERSION] >> 4 != 6)
        return IP_VERSION;
    if (get16(packet + IP_AT_LENGTH) != size - IP_HEADER_SIZE)
        return IP_LENGTH;
    if (packet[IP_AT_NEXT] != IP_NEXT_UDP)
        return IP_NEXT_HEADER;
    if (size < IP_OVERHEAD)
        return UDP_SHORT;
    if (get16(packet + UDP_AT_LENGTH) != size - IP_HEADER_SIZE)
        return UDP_LENGTH;
    uint16_t checksum = get16(packet + UDP_AT_CHECKSUM);
    if (checksum == 0)
        return UDP_NO_CHECKSUM;
    return checksum == ip_udp_checksum(packet, size) ? IP_GOOD : UDP_CHECKSUM;
}

enum ip_refusal ip_parse(const uint8_t *packet, uint32_t size, struct ip_datagram *datagram)
{
    enum ip_refusal refusal = refusal_of(packet, size);
    if (refusal)
        return refusal;
    datagram->hop_limit = packet[7];
    memcpy(&datagram->source, packet + IP_AT_SOURCE, sizeof datagram->source);
    memcpy(&datagram->destination, packet + IP_AT_DESTINATION, sizeof datagram->destination);
    datagram->source_port = get16(packet + IP_HEADER_SIZE);
    datagram->destination_port = get16(packet + IP_HEADER_SIZE + 2);
    datagram->size = (uint16_t)(size - IP_OVERHEAD);
    datagram->data = packet + IP_OVERHEAD;
    return IP_GOOD;
}
