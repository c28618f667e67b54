/* wire_frames.h: frames on the board's UARTs (sim/net/), for those who show them to people.
 *
 *   records of a run, in order --wire_lines_take--> struct wire_frame at the flag that ends one
 *                               --wire_log_add--> all of them, on the heap
 *
 * Only what passes between the board and a peer is seen: what a scenario injects has no records. A
 * UART on which no good frame ever passes carries none: text with a '~' in it is no damaged frame.
 */
#ifndef TOOLS_WIRE_FRAMES_H
#define TOOLS_WIRE_FRAMES_H

#include "sim/net/hdlc.h"
#include "sim/net/ip.h"
#include "sim/scenario.h"

enum { WIRE_LINE_MAX = 8, WIRE_FRAME_TEXT_MAX = 96 }; /* UARTs twice, once a direction */

struct wire_frame {
    uint64_t end_ps; /* the stop bit of its last octet */
    uint32_t device; /* the board's UART */
    bool in;         /* towards the board */
    uint8_t news;    /* enum hdlc_news: HDLC_FRAME, or what is wrong with it */
    uint16_t size;   /* octets, with the FCS if it has one */
    const uint8_t *octets;
};

/* One direction of a UART. */
struct wire_line {
    uint32_t device;
    bool in;
    bool framed;        /* a good frame has passed */
    uint64_t before_ps; /* the octet before; 0: none yet */
    uint64_t byte_ps;   /* the least time from one octet to the next */
    struct hdlc_reader reader;
};

struct wire_lines {
    const struct scenario *scenario;
    uint32_t count;
    struct wire_line lines[WIRE_LINE_MAX];
};

void wire_lines_start(struct wire_lines *lines, const struct scenario *scenario);
/* True: the record ends a frame, whose octets stay until the next record. */
bool wire_lines_take(struct wire_lines *lines, const struct record *record,
                     struct wire_frame *frame);

/* Whether it is PPP's, as far as can be told. */
static inline bool wire_frame_is_ppp(const struct wire_frame *frame)
{
    return frame->size > 0 && hdlc_address(frame->octets) == HDLC_PPP;
}
/* What a frame is: "UDP 1024 > 7, 5 octets". Returns `text`. */
const char *wire_frame_text(const struct wire_frame *frame, char text[WIRE_FRAME_TEXT_MAX]);
/* What is wrong with it, or with the packet in it; NULL: nothing. */
const char *wire_frame_fault(const struct wire_frame *frame);

struct wire_octets;

/* All frames of a run, in the order of their ends. */
struct wire_log {
    struct wire_lines lines;
    uint32_t count, capacity;
    struct wire_frame *frames;
    struct wire_octets *octets; /* of the frames */
};

void wire_log_start(struct wire_log *log, const struct scenario *scenario);
void wire_log_add(struct wire_log *log, const struct record *record);
/* Whether good frames have passed on this UART, in either direction. */
bool wire_log_is_framed(const struct wire_log *log, uint32_t device);
void wire_log_free(struct wire_log *log);

#endif
