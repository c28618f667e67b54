/* air.h: what is on the air: frames under way, who listens to what, and what goes wrong.
 *
 *   REQUEST_AIR_SEND --> a flight: start .. address .. end
 *   REQUEST_AIR_MORE: what the sender learns of its bytes meanwhile
 *   for each other station, when the frame's bits come there (3.336 ns a metre later):
 *     AIR_ADDRESS  it listens on that frequency and PHY since before the first bit, is not busy
 *                  with another flight, and nothing spoils it --> device_air: does its address
 *                  match?
 *     AIR_END      the bytes, with the bits that went wrong
 *
 * Two frames on one frequency at a time spoil each other, unless one is stronger by
 * AIR_CAPTURE_DB: before the access address ends neither is heard, behind it bits are wrong. What a
 * sender breaks off ends in noise for whoever hears it. The scenario's losses come on top, each
 * drawn for one frame and one receiver; what it changes of a frame it changes for all of them.
 *
 * Not modelled: path loss and fading (every station hears every other with the power it sends
 * with), interference between neighbouring channels, the preamble as a thing that may be cut short,
 * LE Coded. A wrong bit in a length moves no end: a receiver gets as many octets as were sent.
 *
 * Sources: Bluetooth Core 6.2, Vol 6 Part A section 4.2 (co-channel interference: C/I 21 dB). The
 * speed of light in air: 3.336 ns a metre.
 */
#ifndef SIM_AIR_H
#define SIM_AIR_H

#include "sim/frame.h"
#include "sim/peer.h"
#include "sim/random.h"

enum {
    AIR_FLIGHT_MAX = 8,   /* frames under way at once; more are lost, and the trace says so */
    AIR_STATION_MAX = 12, /* the board's radios and the peers */
    AIR_CAPTURE_DB = 21,
    AIR_PS_PER_M = 3336,
    AIR_FAULT_MAX = 32,
    AIR_OCTETS_MAX = 64, /* that one fault brings; ours */
    AIR_NONE = 0xff,
};

/* Why a station did not hear a frame: EVENT_AIR_MISSED. */
enum air_miss {
    AIR_MISS_DEAF,      /* it did not listen */
    AIR_MISS_FREQUENCY, /* it listened to another channel or PHY */
    AIR_MISS_LATE,      /* it began to listen after the first bit */
    AIR_MISS_BUSY,      /* it was receiving another frame */
    AIR_MISS_CLASH,     /* another frame on that frequency */
    AIR_MISS_LOST,      /* the scenario's loss, error or interference */
    AIR_MISS_OTHER,     /* another access address */
    AIR_MISSES
};

extern const char *const air_miss_names[AIR_MISSES];

enum air_how {
    AIR_LOSE,    /* nobody hears it */
    AIR_CORRUPT, /* a bit of the CRC is wrong */
    /* Of a peer, before it goes out: its PDU, which then is as long as its length octet says. The
     * CRC is as good as it was, and the sender knows of nothing. */
    AIR_FLIP,    /* `octets` are XORed to it from octet `at` on */
    AIR_WRITE,   /* they are written there, behind its end as well */
    AIR_PAYLOAD, /* a data PDU's payload, with LLID `at` and its length; SN, NESN and MD stay */
    AIR_SHIFT,   /* it goes out `shift_ps` later, or earlier: not before it is handed over */
    /* `shift_ps` behind its end, on the same frequency and PHY, device `by` sends, as frame 0: */
    AIR_REPEAT, /* the same again */
    AIR_FOLLOW, /* `octets` as a PDU, with the same access address and CRC preset */
    AIR_HOWS
};

/* What a scenario plants: frames `first` to `last` of one sender (1 is its first) or, with
 * `at_time`, all that are on the air between two times on one frequency. */
struct air_fault {
    bool at_time;    /* AIR_LOSE and AIR_CORRUPT only */
    uint8_t how;     /* enum air_how */
    uint32_t device; /* the sender's index, !at_time */
    uint32_t first, last;
    uint64_t from_ps, to_ps;
    uint16_t mhz; /* 0: every frequency */
    uint16_t at;
    uint32_t by;
    int64_t shift_ps;
    uint8_t octet_count;
    uint8_t octets[AIR_OCTETS_MAX];
};

/* "world": {"air": ...} */
struct air_conditions {
    uint32_t loss_ppm;      /* of the frames that a station would hear */
    uint32_t bit_error_ppm; /* of the bits behind the preamble */
    uint32_t fault_count;
    struct air_fault faults[AIR_FAULT_MAX];
};

/* What AIR_FLIP, AIR_WRITE and AIR_PAYLOAD make of a frame. One without a header and a CRC, or on a
 * frequency that is no channel's, stays as it is. */
void air_frame_change(struct air_frame *frame, const struct air_fault *fault);
/* `frame` becomes that of AIR_FOLLOW. Likewise. */
void air_frame_follow(struct air_frame *frame, const struct air_fault *fault);

struct air_flight {
    struct air_frame frame;
    uint64_t cut_ps;   /* the sender broke off then, else TIME_NEVER */
    uint64_t clash_ps; /* another frame spoils it from then on, else TIME_NEVER */
    uint32_t number;   /* of this sender's frames, from 1 */
    uint32_t device;   /* the sender */
    bool used, started, ended;
    /* A fault of the scenario has made, changed or moved it: no sender knows of it so. */
    bool forged;
    uint16_t asked, done; /* stations that AIR_ADDRESS, AIR_END have been settled with */
};

struct air_station {
    uint32_t device;
    uint32_t position_m;
    uint32_t sent; /* frames so far */
    uint8_t takes; /* the flight that it receives, or AIR_NONE */
    struct air_tuning tuning;
};

struct air {
    uint64_t wake_ps; /* the next moment of a flight, or TIME_NEVER */
    uint32_t station_count;
    uint32_t lost; /* frames for which there was no flight left */
    uint16_t used; /* flights under way, one bit each */
    struct air_station stations[AIR_STATION_MAX];
    struct random random;
    struct air_flight flights[AIR_FLIGHT_MAX];
};

#endif
