/* udp.h: ports of UDP, each one client's alone, over the network's frames of the serial line.
 *
 *   udp driver --\                                            /--> the client whose port it is
 *                 +--> port table --virt_udp--> uart_network -> datagram_parse -> port table
 *   kernel clients /                 in turns
 *
 * A port belongs to whoever binds it first, until it is unbound or its process ends. What is sent
 * carries the sender's own port and the board's own address: neither is the sender's to choose; and
 * as long as a datagram from a port is under way, nobody gets that port. What comes goes to the
 * client that had the port when the frame began, and has had it since, if it waits for a datagram
 * when the frame is good and over; else it is dropped and counted: none is kept. So nobody gets
 * what was sent to whom the port belonged before. A dead client's datagram is aborted on the line.
 *
 * Components of the kernel send, and nothing waits for what comes to their ports. A host that never
 * answers: who waits for a datagram waits for ever, and nobody else does.
 * Source: the virtualization text, Data Sharing, example 1.
 */
#ifndef MODEL_VIRT_UDP_H
#define MODEL_VIRT_UDP_H

#include "model/datagram.h"
#include "model/err.h"
#include "model/span.h"
#include "model/types.h"
#include "model/virt/turn.h"

enum {
    UDP_PORTS = 16,              /* rows of the table; ours */
    UDP_PORT_FREE_FIRST = 49152, /* port 0 picks one from here on. Source: RFC 6335, section 6 */
    UDP_PORT_KERNEL = 61616,     /* of the first kernel client; the others' are behind it */
};

/* What becomes of a datagram that comes; each is counted, and noted (NOTE_DATAGRAM). */
enum udp_fate {
    UDP_GIVEN,
    UDP_UNAWAITED, /* good, but its client does not wait for one */
    UDP_TOO_LARGE, /* ... or its buffer is too short */
    UDP_NOBODYS,   /* good, but nobody has the port, or not since the frame began */
    UDP_STRAY,     /* good, but not for this board */
    UDP_BAD,       /* no UDP in IPv6, with a wrong checksum, or longer than DATAGRAM_MAX */
    UDP_FATES
};

struct udp_service {
    struct {
        uint16_t port;
        uint8_t client; /* CLIENT_NONE: a free row */
        uint32_t after; /* the last of the network's frames to have begun before it was bound */
    } ports[UDP_PORTS];
    uint16_t sending;       /* the port of the datagram under way; 0: none is */
    struct clients waiting; /* for a datagram */
    uint16_t free_next;     /* where the search for a free port begins */
    uint32_t fates[UDP_FATES];
};

struct uart_network;
extern const struct uart_network udp_network;

/* fe80::2; the host at the other end is fe80::1. */
extern const uint8_t udp_own_address[DATAGRAM_ADDRESS_SIZE];

/* ---- udp_ports.c, for udp.c */

struct kernel;
struct hw;

/* The row of that port, or of that client (`port` 0); UDP_PORTS: none. */
uint32_t udp_row(const struct kernel *k, uint32_t port, uint32_t client);

/* *port 0: picks a free one. ERR_INVAL: no such port. ERR_ALREADY: the client has one. ERR_BUSY:
 * another has this one, or a datagram from it is under way. ERR_NOMEM: the table is full. */
enum err udp_bind(struct kernel *k, uint32_t client, uint32_t *port) MUST_CHECK;
void udp_unbind(struct kernel *k, uint32_t client);

/* A frame for the network: to the client whose datagram it is. */
void udp_frame(struct kernel *k, struct hw *hw, struct span payload);

#endif
