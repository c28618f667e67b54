/* hdlc.h: frames on a UART: octets between flags, with an address and a check sequence.
 *
 *   7e | address | 03 | payload ... | FCS low | FCS high | 7e
 *        \______________ body ____________________________/
 *        its octets 7e and 7d go as 7d 5e and 7d 5d
 *
 * Address 0xff is PPP: two octets of protocol, then the packet. 0x01 to 0xfe each belong to one
 * client of whoever is on the wire. Octets outside of frames are a console's.
 *
 * RFC 1662 lets a flag end one frame and begin the next, and knows no octets outside of frames. So
 * that those can be told from a frame's, two rules are ours: a sender gives each frame both of its
 * flags; and a reader takes a flag for a closing one only behind a frame that is good, or that its
 * sender gave up (7d 7e: RFC 1662, 4.3, calls that flag a closing one, so text behind it is text).
 * Any other flag opens a frame. So what a damaged frame leaves behind is thrown away up to the next
 * flag, and is not taken for the console's: it was not for whoever reads that. (Where one of the
 * two flags between two good frames is lost, the second one does show as octets outside; and so
 * does a frame behind damage and text that ends with 7d. A reader with several clients behind it
 * does better to take an abort's flag for an opening one.) Text with a 7e in it opens a frame, and
 * is lost up to the next flag: whoever writes text keeps it out.
 *
 * Neither LCP nor anything that it would agree upon: no octet but the two needs an escape (an ACCM
 * of 0), but each may have one; address and control are always there, the protocol is two octets.
 *
 * All is pure. Source: RFC 1662 (4.2 transparency, 4.3 invalid frames, C the FCS, and 3.1 on
 * addresses by prior agreement); RFC 1661, section 2; RFC 5072, section 2, for 0x0057.
 */
#ifndef SIM_NET_HDLC_H
#define SIM_NET_HDLC_H

#include <stdbool.h>
#include <stdint.h>

enum {
    HDLC_FLAG = 0x7e,
    HDLC_ESCAPE = 0x7d,
    HDLC_FLIP = 0x20, /* what an escaped octet is changed by */
    HDLC_CONTROL = 0x03,
    HDLC_PPP = 0xff,      /* the address of PPP: all stations */
    HDLC_HEADER_SIZE = 2, /* address, control */
    HDLC_FCS_SIZE = 2,
    HDLC_BODY_MIN = 4,    /* RFC 1662, 4.3; shorter ones are no frames */
    HDLC_BODY_MAX = 1600, /* ours: a default MRU of 1500, and enough to be too long for it */
    HDLC_FCS_START = 0xffff,
    HDLC_FCS_GOOD = 0xf0b8, /* over a body with its FCS */
    PPP_HEADER_SIZE = 2,
    PPP_IPV6 = 0x0057,
};

/* The FCS after `octet`, from HDLC_FCS_START on. It is sent complemented, low octet first. */
uint16_t hdlc_fcs_step(uint16_t fcs, uint8_t octet);
uint16_t hdlc_fcs(const uint8_t *octets, uint32_t size);

/* The body of a frame. Its size; 0: longer than HDLC_BODY_MAX. `payload` is elsewhere. */
uint32_t hdlc_body(uint8_t address, const uint8_t *payload, uint32_t size,
                   uint8_t body[HDLC_BODY_MAX]);
/* An octet of a body as it goes over the wire: one octet or two, their number. `controls`: those
 * below 0x20 are escaped as well. */
uint32_t hdlc_stuffed(uint8_t octet, bool controls, uint8_t wire[2]);

/* What an octet from the wire brings about. */
enum hdlc_news {
    HDLC_NOTHING,
    HDLC_OUTSIDE, /* it is outside of frames */
    HDLC_FRAME,   /* it ends a good frame: reader->body, reader->size with the FCS */
    HDLC_BAD_FCS,
    HDLC_BAD_CONTROL, /* the FCS is right, and the control octet is not 03 */
    HDLC_ABORTED,     /* 7d 7e: its sender gave it up */
    HDLC_SHORT,       /* less than HDLC_BODY_MIN */
    HDLC_LONG,        /* more than the reader takes */
    HDLC_NEWS
};
extern const char *const hdlc_news_names[HDLC_NEWS]; /* "bad FCS" */

struct hdlc_reader {
    uint16_t limit; /* octets of a body, at most HDLC_BODY_MAX; set by hdlc_start */
    uint16_t size;  /* octets so far, up to one more than `limit` */
    uint16_t ended; /* octets in `body` of what the last flag ended, good or not */
    bool inside, escaped;
    uint8_t body[HDLC_BODY_MAX];
};

void hdlc_start(struct hdlc_reader *reader, uint32_t limit);
/* What `octet` brings. A frame's body stays until the next octet. */
enum hdlc_news hdlc_take(struct hdlc_reader *reader, uint8_t octet);

/* Of a body that is good. */
static inline uint8_t hdlc_address(const uint8_t *body)
{
    return body[0];
}
static inline const uint8_t *hdlc_payload(const uint8_t *body)
{
    return body + HDLC_HEADER_SIZE;
}
static inline uint32_t hdlc_payload_size(uint32_t body_size)
{
    return body_size - HDLC_HEADER_SIZE - HDLC_FCS_SIZE;
}

#endif
