/* uart.h: one serial line for all: what goes out, in turns; what comes in, to whom it belongs.
 *
 *   console driver --\                             /--> the one who reads the console
 *   frames driver  ---+--> virt_uart --> UARTE --> framing --> the one who has the address
 *   kernel clients --/     in turns                \--> 0xff: the network (uart_network)
 *   the network ----/
 *
 * Sending (uart.c): writes and frames are operations of one multiplexer, VIRT_UART. One goes out
 * whole, in pieces of the DMA buffer, with nobody's bytes between; then the next client's. A client
 * has one at a time, write or frame. A frame whose sender dies, or takes its buffer away, is ended
 * by RFC 1662's abort, in the middle: nobody takes it for good. On a board with frames a flag in a
 * process's write goes out as '^': else whoever writes text could write a whole frame, in another's
 * name. A piece that has not gone out after 100 ms is given up, and the UARTE is turned off and on
 * (on a board with an alarm: else all wait). A write then has gone as far as it had; a frame is
 * told ERR_FAIL.
 *
 * Receiving (uart_receive.c), on a board whose config says `frames`: the UARTE brings one byte at a
 * time (it has a FIFO of four: the kernel may be late by 350 us at 115200 baud). framing.h tells
 * frames from what is outside. What comes goes
 *   - in a frame to address N: to the process that had bound N when the frame began, and has since;
 *   - in a frame to 0xff: to the network;
 *   - outside of frames: to the process whose console read waits;
 * and to nobody else. A frame that is bad, too long, or for nobody is dropped and counted, and so
 * is one whose process does not wait for it just then: none is kept. No byte of a frame for nobody
 * is kept either.
 *
 * Bytes get lost: whoever writes storage, as any process may, has flash erased, and keeps the CPU
 * from its code for a millisecond, in which eleven come. And a byte that is not as it was sent
 * may have been a flag. So the UARTE is asked at each byte whether there was an error (overrun,
 * framing, break). If so, the frame under way is dropped, the byte at hand and as many behind it
 * as the UARTE may have had when it failed are thrown away, and framing.h is told, which says
 * when what comes is text again. Until then the console's reader gets nothing. Its read does not
 * end: it goes on with the text that is sure, and has a gap. (If it ended in an error, whoever
 * writes storage could end each read of another's.) When the UARTE has been turned off and on, it
 * is the same.
 * At the start the line is taken to be outside of frames: a host that was in the middle of one is
 * to know that there was no board to hear it.
 *
 * Without `frames` nobody can tell whose a byte is: the console's one reader has the line.
 */
#ifndef MODEL_VIRT_UART_H
#define MODEL_VIRT_UART_H

#include "model/framing.h"
#include "model/limits.h"
#include "model/span.h"
#include "model/virt/custody.h"

struct kernel;
struct process;
struct process_id;

enum {
    FRAME_ADDRESS_MAX = 254, /* of processes, from 1; RFC 1662, 3.1: 255 is all stations */
    FRAME_ADDRESS_NETWORK = 255,
    FRAME_RAM_OFFSET =
        0x200, /* where a frame that comes stands in kernel_ram; behind the radio's */
    FRAME_RAM_SIZE = 0x200,
    FRAME_PAYLOAD_MAX = FRAME_RAM_SIZE - FRAMING_FCS_SIZE, /* the FCS comes in behind it */
};

/* What becomes of a frame that comes; each is counted, and noted (NOTE_FRAME). */
enum frame_fate {
    FRAME_GIVEN,
    FRAME_UNAWAITED, /* good, but its process does not wait for one */
    FRAME_TOO_LARGE, /* ... or its buffer is too short */
    FRAME_NOBODYS,   /* good, but the address is nobody's, or has been somebody else's meanwhile */
    FRAME_BAD_FCS,
    FRAME_BAD_CONTROL,
    FRAME_ABORTED,
    FRAME_SHORT,
    FRAME_LONG,
    FRAME_LOST, /* bytes of it are lost */
    FRAME_FATES
};

struct uart_service {
    /* The operation under way: its words, checked; the request in a grant is not asked again. */
    bool is_frame, aborted;
    uint8_t address;
    bool cancelled; /* the network's frame that waits or is under way is wanted no more */
    uint8_t err;    /* of a frame that was aborted */
    uint16_t fcs;
    uint32_t total; /* bytes; of a write, at most */
    uint32_t base;  /* the network's payload */

    struct framing_reader reader;
    struct custody frame;       /* that comes */
    uint8_t frame_address;      /* its */
    uint32_t network_frames;    /* to 0xff that have begun to come */
    uint8_t bound[PROCESS_MAX]; /* each process's address; 0: none */
    struct clients waiting;     /* for a frame */
    uint32_t frames[FRAME_FATES];
    uint32_t lost;     /* bytes outside of frames, and nobody reads */
    uint32_t losses;   /* how often the UARTE has lost some */
    uint8_t untrusted; /* of the next bytes: what it may have had by then */
};

/* ---- for the console and the frames driver */

/* The words of a request to virt_uart; of a process's, UART_WORDS. */
enum { UART_IS_FRAME, UART_LENGTH, UART_WORDS, UART_BASE = UART_WORDS };

/* The UARTE is up: buffers wiped, nobody waits; begins to receive if the board has frames. */
void uart_start(struct kernel *k, struct hw *hw);
/* On a board with frames: the next byte may come. */
void uart_receive(struct kernel *k, struct hw *hw);
/* The transfer under way has gone out (ENDTX). None of ours: nothing. */
void uart_sent(struct kernel *k, struct hw *hw);
/* Likewise: it has been turned off and on, and bytes are lost. */
void uart_receive_again(struct kernel *k, struct hw *hw);
/* A byte has come (ENDRX), on a board with frames. */
void uart_received(struct kernel *k, struct hw *hw);
/* The process has unbound its address, or is gone: what comes for it is nobody's. */
void uart_address_lost(struct kernel *k, struct hw *hw, uint32_t process);

/* capsule_console.c: the UARTE hangs: off and on. A read goes on, without what had come. */
void console_restart(struct kernel *k, struct hw *hw);
/* The same, on a board with frames: a byte outside of frames. False: nobody reads. */
bool console_take(struct kernel *k, struct hw *hw, uint8_t byte);
/* frames.c: a good frame for `p`, its payload in kernel RAM; and one of `p` has been sent. */
enum frame_fate frames_give(struct kernel *k, struct hw *hw, const struct process *p,
                            struct span payload);
void frames_sent(struct kernel *k, struct hw *hw, const struct process *p, enum err err,
                 uint32_t size);

/* ---- for what is above address 0xff: uart_network.c names it */

struct uart_network {
    /* This board has it. */
    bool (*present)(const struct kernel *k);
    /* A good frame's payload (behind address and control, without the FCS), in kernel RAM: read it
     * here and now, it is wiped when this returns. Called in an interrupt's bottom half: what takes
     * long is for later. */
    void (*on_frame)(struct kernel *k, struct hw *hw, struct span payload);
    /* What uart_network_send began is over. ERR_NONE: it went out whole. */
    void (*on_sent)(struct kernel *k, struct hw *hw, enum err err, uint32_t size);
};

/* NULL: none, and frames to 0xff are nobody's. */
extern const struct uart_network *const uart_network;

/* Sends a frame to 0xff in its turn. `payload`, in kernel RAM, is lent until on_sent, which is
 * never called inside of this. ERR_BUSY: one is under way or waits. ERR_SIZE: 0, or more than
 * FRAME_PAYLOAD_MAX. */
enum err uart_network_send(struct kernel *k, struct hw *hw, struct span payload) MUST_CHECK;

/* What waits or is under way is wanted no more: unless its end is on its way already, whoever reads
 * the line sees it aborted, or nothing of it. on_sent follows, with ERR_CANCEL then. */
void uart_network_cancel(struct kernel *k);

#endif
