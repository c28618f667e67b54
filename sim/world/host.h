/* host.h: what the files of the host share: host.c (who it is, what it hears), host_plan.c (what it
 * does), host_send.c (how that goes over the wire).
 *
 *   octets of the board --hdlc_reader--> frames: PPP's are IPv6, UDP: answered if it is told
 *                        \-> outside of frames: a console's
 *   plan, answers --> slots, by the time from which on they may go --octet by octet--> the wire
 *
 * What it knows of frames and packets it has from sim/net/ alone: nothing of the kernel's.
 */
#ifndef SIM_WORLD_HOST_H
#define SIM_WORLD_HOST_H

#include "sim/net/hdlc.h"
#include "sim/net/ip.h"
#include "sim/peer.h"

enum host_parameter {
    HOST_BAUD,
    HOST_OWN_ID,
    HOST_BOARD_ID,
    HOST_HOP_LIMIT,
    HOST_MRU,
    HOST_DATAGRAMS,
    HOST_FRAMES,
    HOST_ANSWER_AFTER,
    HOST_GAP,
    HOST_ESCAPES,
    HOST_PARAMETERS
};

/* How it answers datagrams, and frames for other addresses than PPP's. */
enum { HOST_NEVER, HOST_ECHO };

/* What it notes in the trace. Append only: scenarios and traces carry the numbers. */
enum host_note {
    HOST_NOTE_FRAME = 1, /* a good frame came: its address */
    HOST_NOTE_DATAGRAM,  /* a good datagram came: the board's port */
    HOST_NOTE_DAMAGED,   /* a frame that is none: enum hdlc_news */
    HOST_NOTE_REFUSED,   /* a packet that is none: enum ip_refusal */
    HOST_NOTE_FOREIGN,   /* a PPP frame of another protocol: which */
    HOST_NOTE_STRAY,     /* a datagram for somebody else: its port */
    HOST_NOTE_SENT,      /* its own frame has left: its address */
    HOST_NOTE_PLAN,      /* place of an action in the plan that is done now */
    HOST_NOTE_MATCH,     /* what an action wants has come: its place */
    HOST_NOTE_MISMATCH,  /* it came with other octets: its place */
    HOST_NOTE_SILENT,    /* a datagram gets no answer: the board's port */
    HOST_NOTE_LOST,      /* no room for what it would send: its address */
    HOST_NOTES
};

enum {
    HOST_SLOTS = 8,         /* frames that wait to be sent; ours */
    HOST_CONSOLE_KEPT = 64, /* octets outside of frames, the last ones; ours */
};

/* How a slot's octets end. */
enum host_end { HOST_END_FLAG, HOST_END_ABORT, HOST_END_NONE };

/* Octets that are to be sent. */
struct host_slot {
    uint64_t due_ps; /* not before */
    uint32_t order;  /* of those that are due at the same time: the lowest first */
    uint16_t size;
    uint16_t times; /* to be sent; 0: free */
    bool framed;    /* octets are a body: with flags and escapes */
    uint8_t end;    /* framed: enum host_end */
    uint8_t octets[HDLC_BODY_MAX];
};

struct host {
    struct hdlc_reader reader;
    uint64_t line_free_ps; /* its own line, from then on */
    uint64_t actions_done; /* one bit for each action: done; of a want: in force or over */
    uint64_t wants_open;   /* one bit for each action: a want that is in force */
    uint32_t orders;
    uint32_t sending; /* slot, or HOST_SLOTS: none */
    uint32_t place;   /* of the next octet of that slot; 0: its opening flag */
    bool has_second;  /* an escape has left, its octet has not */
    uint8_t second;
    uint32_t silent; /* so many datagrams get no answer */
    uint32_t frames_in, frames_out, octets_in, octets_out;
    uint32_t last_address, last_size, last_word, last_hash;
    uint32_t damaged[HDLC_NEWS], refused[IP_REFUSALS];
    uint32_t datagrams_in, datagrams_out, foreign, strays, answered, unanswered, lost;
    uint32_t last_board_port, last_own_port;
    uint32_t console, console_hash;
    uint32_t matched, mismatched;
    uint8_t console_kept[HOST_CONSOLE_KEPT]; /* the last at the end */
    struct host_slot slots[HOST_SLOTS];
};

/* For all files. */
static inline uint64_t host_value(const struct device *d, enum host_parameter parameter)
{
    return peer_plan(d)->values[parameter];
}
void host_note(struct device *d, enum host_note note, uint32_t value);

/* host_send.c. Whether a slot is free. */
bool host_has_room(const struct device *d);
/* A slot for so many octets that may go from `due_ps` on; NULL: there is none, or it is
 * too much, and that is noted and counted. The caller fills it. */
struct host_slot *host_slot(struct device *d, uint64_t due_ps, uint32_t size, uint32_t address);
/* A frame for `address` with this payload. False: as above. */
bool host_frame(struct device *d, uint64_t due_ps, uint8_t address, const uint8_t *payload,
                uint32_t size);
/* Sends what is due now. */
void host_send(struct device *d);
/* When it next has something to send; TIME_NEVER: nothing. */
uint64_t host_send_ps(const struct device *d);

/* host_plan.c */
enum { HOST_VERBS = 7 };
extern const struct peer_verb host_verbs[HOST_VERBS];

/* Does what is due now. */
void host_act(struct device *d);
/* The next timed action. */
uint64_t host_act_ps(const struct device *d);
/* Something came: a frame (its address), a datagram, text. Is it wanted? */
void host_compare_frame(struct device *d, uint8_t address, const uint8_t *octets, uint32_t size);
void host_compare_datagram(struct device *d, const struct ip_datagram *datagram);
void host_compare_console(struct device *d);
/* Wants in force, and those whose moment has not come. */
uint32_t host_wanted(const struct device *d);

#endif
