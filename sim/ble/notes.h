/* notes.h: what peers that speak Bluetooth LE note in the trace (REQUEST_NOTE): a number and
 * a value.
 *
 *   state 1 created | anchor 0 | turnaround 150000 | ... | procedure 0x0c | ... | lost 0x08
 *
 * Values of 32 bits; times in nanoseconds. All is pure.
 */
#ifndef SIM_BLE_NOTES_H
#define SIM_BLE_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Append only: scenarios and traces carry the numbers. */
enum ble_note {
    BLE_NOTE_STATE = 1,      /* enum ble_peer_state, entered now */
    BLE_NOTE_ANCHOR,         /* connEventCount of the event that begins now */
    BLE_NOTE_TURNAROUND,     /* an answer is heard: first bit - own last bit, ns */
    BLE_NOTE_LATE,           /* an answer is too late to be heard: the same */
    BLE_NOTE_EARLY,          /* ... too early */
    BLE_NOTE_MISSED,         /* connEventCount of an event that ends without a valid answer */
    BLE_NOTE_CRC,            /* an answer with a bad CRC; connEventCount */
    BLE_NOTE_PROCEDURE,      /* a procedure begins: opcode of its first PDU */
    BLE_NOTE_PROCEDURE_DONE, /* the same opcode: it is complete */
    BLE_NOTE_PROCEDURE_FAIL, /* the same opcode: it was rejected or is not known to the other */
    BLE_NOTE_INSTANT,        /* connEventCount of an event from which on something new holds */
    BLE_NOTE_ENCRYPTED,      /* 1: both directions are encrypted from now on */
    BLE_NOTE_READ,           /* size of an attribute's value that was read */
    BLE_NOTE_READ_FAILED,    /* the ATT error, or 0: a value of the wrong size */
    BLE_NOTE_LOST,           /* the connection is over: enum ble_reason */
    BLE_NOTE_ADVERTISEMENT,  /* an ADV_IND was heard: its channel */
    BLE_NOTE_PLAN,           /* place of an action in the plan that is done now */
    BLE_NOTES
};

/* What a peer is doing; a scanner never leaves the second. */
enum ble_peer_state {
    BLE_PEER_IDLE,
    BLE_PEER_SCANNING,
    BLE_PEER_INITIATING,  /* the CONNECT_IND is on its way */
    BLE_PEER_CREATED,     /* sent; nothing was heard yet */
    BLE_PEER_ESTABLISHED, /* a data PDU was heard */
    BLE_PEER_CLOSED,
    BLE_PEER_STATES
};
extern const char *const ble_peer_state_names[BLE_PEER_STATES + 1]; /* the last is NULL */

/* "anchor" and so on, one word; NULL for 0 and beyond the last. */
const char *ble_note_name(uint32_t note);
/* The name for `size` bytes of `text`, with the value as people read it: "lost 0x3e". A number that
 * is no note is written as one. Returns `text`. */
const char *ble_note_text(uint32_t note, uint32_t value, char *text, size_t size);

#endif
