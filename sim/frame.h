/* frame.h: a packet as it goes over the air, and what a receiver listens to.
 *
 *   | preamble | access address 4 | PDU, whitened | CRC 3, whitened |
 *   ^start     ^                  ^air_address_ps                   ^air_end_ps
 *               bytes[0]           bytes[4]
 *
 * The bytes are those on the air, in the order in which they are sent: who sends whitens, who
 * receives de-whitens and checks the CRC. The air knows neither.
 *
 * Source: Bluetooth Core 6.2, Vol 6 Part B section 2.1 (packet format of the uncoded PHYs: preamble
 * of 1 octet on LE 1M, 2 octets on LE 2M), Vol 6 Part A section 4.2.
 */
#ifndef SIM_FRAME_H
#define SIM_FRAME_H

#include "sim/clock.h"
#include <stddef.h>
#include <string.h>

/* Not modelled: LE Coded. */
enum air_phy { AIR_1M, AIR_2M, AIR_PHYS };

enum {
    AIR_ADDRESS_SIZE = 4,
    AIR_BYTES_MAX = AIR_ADDRESS_SIZE + 258 + 3, /* a PDU of 2 + 255 octets, one of S1, the CRC */
};

struct air_frame {
    uint64_t start_ps; /* the preamble's first bit leaves the antenna; not before it is handed over
                        */
    uint16_t mhz;      /* 2400..2500 */
    uint8_t phy;       /* enum air_phy */
    int8_t dbm;
    uint16_t size; /* of bytes */
    uint8_t bytes[AIR_BYTES_MAX];
};

/* What a station listens to. It hears a frame if it listened on its frequency and PHY when the
 * frame's first bit came, and has gone on since. */
struct air_tuning {
    uint64_t since_ps;
    uint16_t mhz;
    uint8_t phy;
    bool listening;
};

enum air_moment {
    AIR_ADDRESS, /* the last bit of the access address has come; what follows it has not yet */
    AIR_END,     /* the last bit has come: the bytes as they were received */
};

static inline uint64_t air_bits_ps(uint8_t phy, uint64_t bits)
{
    return bits * (phy == AIR_2M ? PS_PER_US / 2 : PS_PER_US);
}

static inline uint32_t air_preamble_bits(uint8_t phy)
{
    return phy == AIR_2M ? 16 : 8;
}

static inline uint64_t air_address_ps(const struct air_frame *frame)
{
    return frame->start_ps +
           air_bits_ps(frame->phy, air_preamble_bits(frame->phy) + 8 * AIR_ADDRESS_SIZE);
}

static inline uint64_t air_end_ps(const struct air_frame *frame)
{
    return frame->start_ps +
           air_bits_ps(frame->phy, air_preamble_bits(frame->phy) + 8 * (uint64_t)frame->size);
}

/* Without the room behind the last byte. */
static inline void air_frame_copy(struct air_frame *to, const struct air_frame *from)
{
    memcpy(to, from, offsetof(struct air_frame, bytes) + from->size);
}

/* The access address, least significant octet sent first. */
static inline uint32_t air_access_address(const struct air_frame *frame)
{
    return frame->bytes[0] | (uint32_t)frame->bytes[1] << 8 | (uint32_t)frame->bytes[2] << 16 |
           (uint32_t)frame->bytes[3] << 24;
}

#endif
