/* air_log.h: a run's frames in the order of their first bits, and how each station fared.
 *
 *   records of a run, in order --air_log_add--> struct air_log_frame for each air-start
 *
 * It grows on the heap with the run.
 */
#ifndef TOOLS_AIR_LOG_H
#define TOOLS_AIR_LOG_H

#include "sim/scenario.h"
#include "tools/air_pdu.h"
#include <stdio.h>

/* What became of a frame at one station: enum air_miss, or one of these. */
enum air_fate { AIR_FATE_HEARD = AIR_MISSES, AIR_FATE_RECEIVED, AIR_FATE_WRONG };

struct air_log_frame {
    uint64_t start_ps; /* of the preamble */
    uint64_t end_ps;
    uint32_t sender; /* device index */
    bool ended;      /* false: the run ended first, and its octets are not known */
    uint8_t phy;     /* enum air_phy */
    int8_t dbm;
    uint16_t mhz;
    uint8_t fate_count;
    struct {
        uint16_t device;
        uint8_t fate; /* enum air_fate */
    } fates[AIR_STATION_MAX];
    struct air_pdu pdu;
};

struct air_log {
    struct air_links links;
    uint32_t count, capacity;
    struct air_log_frame **frames;
    struct air_frame bytes; /* of the air-bytes before the air-end under way */
    bool has_bytes;
    struct air_log_frame *slots[AIR_FLIGHT_MAX]; /* flights under way, else NULL */
};

void air_log_start(struct air_log *log, const struct scenario *scenario);
/* `frame`: of an air-bytes (recorder_frame); else NULL. The frame that has just ended, or NULL. */
const struct air_log_frame *air_log_add(struct air_log *log, const struct record *record,
                                        const struct air_frame *frame);
void air_log_free(struct air_log *log);

/* Whether the CRC was right for whoever it was for: as sent, and for one station at least that
 * received it, if any did. */
bool air_log_crc_right(const struct air_log_frame *frame);

/* Whether it matters that this station did not get it: it is the other side of the connection, or
 * was prevented (clash, loss, too late, busy) from hearing an advertisement; or bits were wrong. */
bool air_log_fate_matters(const struct air_log *log, const struct air_log_frame *frame,
                          uint32_t fate);

/* A device's or a peer's name. */
const char *air_device_name(const struct scenario *scenario, uint32_t device);
/* "central: it listened to another channel", of frame->fates[fate]. */
void air_fate_text(const struct scenario *scenario, const struct air_log_frame *frame,
                   uint32_t fate, char text[AIR_PDU_TEXT_MAX]);

#endif
