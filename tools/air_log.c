/* air_log.c: see air_log.h. */

#include "tools/air_log.h"

#include "sim/ble/bits.h"
#include <stdlib.h>

void air_log_start(struct air_log *log, const struct scenario *scenario)
{
    *log = (struct air_log){.frames = NULL};
    air_links_start(&log->links, scenario);
}

void air_log_free(struct air_log *log)
{
    for (uint32_t i = 0; i < log->count; i++)
        free(log->frames[i]);
    free(log->frames);
    *log = (struct air_log){.frames = NULL};
}

/* --- records --------------------------------------------------------------------------------- */

static void start_frame(struct air_log *log, const struct record *r, uint32_t slot)
{
    struct air_log_frame *frame = calloc(1, sizeof *frame);
    if (log->count == log->capacity) {
        log->capacity = log->capacity ? 2 * log->capacity : 256;
        log->frames = realloc(log->frames, log->capacity * sizeof(struct air_log_frame *));
    }
    if (!log->frames || !frame)
        abort(); /* out of host memory */
    frame->start_ps = r->at_ps;
    frame->sender = air_device(r->value);
    frame->mhz = (uint16_t)air_more(r->value);
    log->frames[log->count++] = log->slots[slot] = frame;
}

static const struct air_log_frame *end_frame(struct air_log *log, const struct record *r,
                                             uint32_t slot)
{
    struct air_log_frame *frame = log->slots[slot];
    if (!frame || !log->has_bytes)
        return NULL;
    log->has_bytes = false;
    frame->ended = true;
    frame->end_ps = r->at_ps;
    frame->phy = log->bytes.phy;
    frame->dbm = log->bytes.dbm;
    air_links_read(&log->links, &log->bytes, frame->sender, r->at_ps, &frame->pdu);
    return frame;
}

/* A station is asked at the address and at the end: the later counts. */
static void add_fate(struct air_log_frame *frame, uint32_t device, uint8_t fate)
{
    uint32_t i = 0;
    while (i < frame->fate_count && frame->fates[i].device != device)
        i++;
    if (i == AIR_STATION_MAX)
        return;
    frame->fates[i].device = (uint16_t)device;
    frame->fates[i].fate = fate;
    if (i == frame->fate_count)
        frame->fate_count++;
}

static uint8_t fate_of(const struct record *r)
{
    uint32_t more = air_more(r->value);
    if (r->kind == EVENT_AIR_HEARD)
        return AIR_FATE_HEARD;
    if (r->kind == EVENT_AIR_MISSED)
        return more < AIR_MISSES ? (uint8_t)more : AIR_MISS_LOST;
    return more ? AIR_FATE_WRONG : AIR_FATE_RECEIVED;
}

const struct air_log_frame *air_log_add(struct air_log *log, const struct record *record,
                                        const struct air_frame *frame)
{
    uint32_t slot = air_flight_number(record->value) % AIR_FLIGHT_MAX;
    switch (record->kind) {
    case EVENT_AIR_START:
        start_frame(log, record, slot);
        return NULL;
    case EVENT_AIR_BYTES:
        log->has_bytes = frame != NULL;
        if (frame)
            log->bytes = *frame;
        return NULL;
    case EVENT_AIR_END:
        return end_frame(log, record, slot);
    case EVENT_AIR_HEARD:
    case EVENT_AIR_MISSED:
    case EVENT_AIR_RECEIVED:
        if (log->slots[slot])
            add_fate(log->slots[slot], air_device(record->value), fate_of(record));
        return NULL;
    default:
        return NULL;
    }
}

/* --- judging --------------------------------------------------------------------------------- */

bool air_log_crc_right(const struct air_log_frame *frame)
{
    bool wrong = false;
    if (frame->pdu.crc != AIR_CRC_GOOD)
        return false;
    for (uint32_t i = 0; i < frame->fate_count; i++) {
        if (frame->fates[i].fate == AIR_FATE_RECEIVED)
            return true;
        wrong |= frame->fates[i].fate == AIR_FATE_WRONG;
    }
    return !wrong;
}

/* The other side of the connection, as far as it is known. */
static bool is_addressed(const struct air_log *log, const struct air_log_frame *frame,
                         uint32_t device)
{
    const struct air_link *link = air_links_get(&log->links, frame->pdu.link);
    return link && device == (frame->pdu.from_central ? link->peripheral : link->central);
}

bool air_log_fate_matters(const struct air_log *log, const struct air_log_frame *frame,
                          uint32_t fate)
{
    uint8_t what = frame->fates[fate].fate;
    if (what == AIR_FATE_RECEIVED)
        return false;
    if (what >= AIR_FATE_HEARD || is_addressed(log, frame, frame->fates[fate].device))
        return true; /* heard, and never received: it turned away, or the bits are wrong */
    return frame->pdu.link == AIR_LINK_NONE && what != AIR_MISS_DEAF &&
           what != AIR_MISS_FREQUENCY && what != AIR_MISS_OTHER;
}

/* --- words ----------------------------------------------------------------------------------- */

const char *air_device_name(const struct scenario *scenario, uint32_t device)
{
    const struct board *board = &scenario->board;
    if (device < board->device_count)
        return board->devices[device].name;
    device -= board->device_count;
    return device < scenario->peer_count ? scenario->peers[device].name : "a device";
}

void air_fate_text(const struct scenario *scenario, const struct air_log_frame *frame,
                   uint32_t fate, char text[AIR_PDU_TEXT_MAX])
{
    uint8_t what = frame->fates[fate].fate;
    const char *said = what == AIR_FATE_WRONG      ? "it received wrong bits"
                       : what == AIR_FATE_RECEIVED ? "it received it"
                       : what == AIR_FATE_HEARD    ? "it turned away before the end"
                                                   : air_miss_names[what];
    snprintf(text, AIR_PDU_TEXT_MAX, "%s: %s", air_device_name(scenario, frame->fates[fate].device),
             said);
}
