/* framing.h: frames on a serial line, as octets and back.
 *
 *   7e | address | 03 | payload ... | FCS low | FCS high | 7e
 *        \______________ body ____________________________/
 *        its octets 7e and 7d go as 7d 5e and 7d 5d
 *
 * Two rules are ours, so that octets outside of frames can be told from those inside: a sender
 * gives each frame both of its flags; and a reader takes a flag for a closing one only behind a
 * good frame. Any other flag opens one. So what a damaged frame leaves behind is thrown away up to
 * the next flag, and never taken for octets outside. Where one of the two flags between two good
 * frames is lost on the wire, and nobody tells of it, the second one does show as octets outside.
 *
 * Loss that somebody tells of (framing_lose): how many octets are missing, and which flags are
 * among them, nobody knows. So nothing is taken for outside until it is sure again what is:
 *
 *   a gap       what comes is thrown away
 *     v flag
 *   in doubt    has that flag opened a frame, or closed one? What comes is read as a frame, and is
 *     |         one if it is good; if not, it was text, and is thrown away
 *     v flag, behind what is no frame: text, or nothing. It opens a frame
 *   as ever
 *
 * In doubt neither a good frame nor an abort settles anything: whoever made the text between two
 * frames could make it look like one, and would be shown the next one, which is another's. On a
 * line without frames no flag comes. There more octets without one than the longest frame has on
 * the wire end gap and doubt: what follows is outside. Silence ends neither: a sender may rest in
 * the middle of a frame (RFC 1662, 4.4.2). The price: text is lost up to the end of the first frame
 * that is sure, or that many octets of it. Whoever wants to be heard at once sends a flag, and a
 * frame to nobody.
 *
 * The flag of an abort (7d 7e) opens one, too, in this reader: behind damage what looks like an
 * abort may be text that ends with 7d, and the first flag of the next frame, which is then no text.
 * The price: what a sender writes outside behind an abort is lost up to its next good frame. Who
 * reads what the kernel sends need not pay it: all flags in it are frames'.
 *
 * All is pure. Sources: RFC 1662, 4.2 (transparency), 4.3 (invalid frames, abort), appendix C
 * (FCS); 3.1 on addresses by prior agreement.
 */
#ifndef MODEL_FRAMING_H
#define MODEL_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

enum {
    FRAMING_FLAG = 0x7e,
    FRAMING_ESCAPE = 0x7d,
    FRAMING_FLIP = 0x20, /* what an escaped octet is changed by */
    FRAMING_CONTROL = 0x03,
    FRAMING_HEADER_SIZE = 2,
    FRAMING_FCS_SIZE = 2,
    FRAMING_BODY_MIN = FRAMING_HEADER_SIZE + FRAMING_FCS_SIZE,
    FRAMING_FCS_START = 0xffff,
    FRAMING_FCS_GOOD = 0xf0b8,                      /* over a body with its FCS */
    FRAMING_OPEN_MAX = 1 + 2 * FRAMING_HEADER_SIZE, /* octets that framing_open writes at most */
    FRAMING_CLOSE_MAX = 2 * FRAMING_FCS_SIZE + 1, /* ... framing_close; framing_put: two for each */
    FRAMING_ABORT_SIZE = 2,
    /* Octets of a body at most, and on the wire between its flags: who has agreed upon nothing
     * sends 1500 behind a protocol of two (RFC 1661, 6.1 and 2), and may escape each. A reader may
     * take less. */
    FRAMING_BODY_MAX = FRAMING_BODY_MIN + 2 + 1500,
    FRAMING_WIRE_MAX = 2 * FRAMING_BODY_MAX,
};

/* The FCS behind `octet`, from FRAMING_FCS_START on. It is sent complemented, low octet first. */
uint16_t framing_fcs_step(uint16_t fcs, uint8_t octet);

/* ---- a sender: open, put as often as it takes, close or abort. Each says how many octets it has
 * written to `out`. */

uint32_t framing_open(uint8_t address, uint16_t *fcs, uint8_t *out);
uint32_t framing_put(const uint8_t *octets, uint32_t size, uint16_t *fcs, uint8_t *out);
uint32_t framing_close(uint16_t fcs, uint8_t *out);
uint32_t framing_abort(uint8_t *out);

/* ---- a reader. It keeps no octets: whoever asks does. */

struct framing_reader {
    uint16_t limit;  /* octets of a body that it takes */
    uint16_t size;   /* of the body so far, up to one more than `limit` */
    uint16_t fcs;    /* over them */
    uint8_t octet;   /* the last of them */
    uint8_t control; /* the second one */
    bool inside, escaped;
    bool gap;     /* octets are lost since the last flag */
    bool doubt;   /* of what is inside; with a gap, too */
    uint16_t run; /* in doubt: octets on the wire since the last flag or loss */
};

enum framing_event {
    FRAMING_NOTHING,
    FRAMING_OUTSIDE,     /* the octet is outside of frames */
    FRAMING_OCTET,       /* one of a body: `octet`, the `size`-th */
    FRAMING_GOOD,        /* the frame is good and over: `size` octets with its FCS */
    FRAMING_BAD_FCS,     /* over, too, from here on, and not good; the next one has begun */
    FRAMING_BAD_CONTROL, /* the FCS is right, the control octet is not 03 */
    FRAMING_ABORTED,     /* its sender gave it up */
    FRAMING_SHORT,       /* less than FRAMING_BODY_MIN */
    FRAMING_LONG,        /* more than `limit` */
    FRAMING_LOST,        /* some of it is lost */
    FRAMING_EVENTS
};

/* Outside of frames. */
void framing_start(struct framing_reader *reader, uint16_t limit);

/* What the octet `wire` brings. */
enum framing_event framing_take(struct framing_reader *reader, uint8_t wire);

/* Octets are lost here, or may be other ones than were sent. FRAMING_LOST: of a frame that had
 * begun, which is over; else FRAMING_NOTHING. */
enum framing_event framing_lose(struct framing_reader *reader);

#endif
