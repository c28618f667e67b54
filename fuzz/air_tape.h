/* air_tape.h: two streams of a tape as what a scenario may say about the air: "world": {"air":
 * {"faults": ...}} and the plan of a central.
 *
 *   stream AIR_STREAM  --> air faults: what happens to the central's frames, and what is
 *                          sent behind the board's
 *   stream PEER_STREAM --> actions of the central, behind those of the stage itself
 *
 * Both are counted from the stage's snapshot on: the central's frames and events, the board's
 * frames. A stage without a central has no PEER_STREAM, and its first peer stands for it.
 *
 * AIR_STREAM: `kind` is enum air_how, `which` % 8 the frames from the last one that was hit on.
 *   AIR_LOSE, AIR_CORRUPT        1 + `size` % 4 frames, from 192 on 1 + `size` % 64
 *   AIR_FLIP                     octet `size` (0: NESN) at a place of `number`
 *   AIR_WRITE                    2 octets, `size` and value[0].pick, at a place of `number`
 *   AIR_PAYLOAD                  a payload as below
 *   AIR_SHIFT                    value[0].offset times 0.1, 1, 10 or 100 us, by `size`
 *   AIR_REPEAT                   value[0].pick us behind, by the first or the last peer
 *   AIR_FOLLOW                   150 us and value[0].offset / 16 us behind a frame of the board, by
 *                                the first or the last peer: a payload, or, if nothing is
 *                                connected, SCAN_REQ and CONNECT_IND
 * PEER_STREAM: `kind` is that of an action (peer_kinds in air_tape.c), `which` % 8 the events from
 * the last one on; the rest are its arguments. Silence lasts 1 + `size` % 4 events, from 192 on
 * 1 + `size` % 64, from 128 on as many as the supervision timeout has behind that instant, less
 * `size` % 4; and it comes `number` events later still, or, from 128 on, `number` % 8 - 3 events
 * behind the instant of the last change.
 *
 * Payloads: `number` the opcode, `size` its LLID and whether it is of the right size, values the
 * fields: times, channel maps and instants from the edges of what there is.
 */
#ifndef FUZZ_AIR_TAPE_H
#define FUZZ_AIR_TAPE_H

#include "fuzz/tape.h"
#include "sim/machine.h"

enum {
    AIR_STREAM = STREAM_DEVICE,
    PEER_STREAM = STREAM_DEVICE + 1,
    PEER_KINDS = 16, /* of PEER_STREAM */
    AIR_PAYLOAD_MAX = 27,
};

/* What holds at the snapshot, and the octets of actions. */
struct air_tape {
    uint32_t radio, first, last; /* devices: the board's, and peers; BOARD_NONE: nobody is there */
    uint32_t sent[2];            /* frames of the first peer, of the radio */
    uint32_t events;             /* of the central */
    struct peer_plan *plan;      /* its; NULL: there is none */
    uint32_t own_faults, own_actions; /* of the stage itself */
    struct peer_octets octets[PEER_ACTION_MAX];
    uint8_t bytes[PEER_ACTION_MAX][AIR_PAYLOAD_MAX];
};

void air_tape_start(struct air_tape *air, struct scenario *s, struct machine *m);
/* Changes the scenario's faults and plan. */
void air_tape_plan(struct air_tape *air, struct scenario *s, const struct tape *tape);

#endif
