/* note.h: facts that the kernel puts into the trace by hw_note, since no register shows them.
 *
 * Monitors may use a note to know what was *meant*; what *is* they read from registers and memory.
 * Each line: which process, what stands in `address`, what stands in `value`. "pair(a, b)" is
 * a | (uint64_t)b << 32. A process is its index, or PROCESS_NONE where none is meant.
 */
#ifndef MODEL_NOTE_H
#define MODEL_NOTE_H

#include "model/types.h"

enum note {
    NOTE_PROCESS_LOADED,   /* memory start; pair(block size, unique id) */
    NOTE_PROCESS_STATE,    /* -; enum process_state */
    NOTE_PROCESS_BREAKS,   /* app break; pair(kernel break, accessible end the MPU gives) */
    NOTE_PROCESS_END,      /* restart count; pair(enum end_kind, completion code) */
    NOTE_SYSCALL_FILTERED, /* driver; class */
    NOTE_UPCALL_QUEUED,    /* driver; pair(subscribe number, waiting now) */
    NOTE_UPCALL_DROPPED,   /* driver; pair(subscribe number, dropped so far) */
    NOTE_UPCALL_CANCELLED, /* driver; pair(subscribe number, how many) */
    NOTE_UPCALL_DELIVERED, /* driver; pair(subscribe number, function) */
    NOTE_GRANT_ALLOCATED,  /* base address; pair(driver, bytes) */
    NOTE_ALLOW,            /* base; pair(length, driver << 8 | kind << 4 | number): accepted */
    NOTE_FILTER_ASKED,     /* asked base; asked size */
    NOTE_FILTER_ANSWERED,  /* granted base (0 on error); pair(granted size, enum err) */
    NOTE_WINDOW_GRANTED,   /* base; size */
    NOTE_WINDOW_REMOVED,   /* base; size: gone from the configuration, MPU not yet written */
    NOTE_WINDOW_REFUSED,   /* asked base; pair(asked size, enum err) */
    NOTE_ENDPOINT_OWNED,   /* endpoint index; unique id of the process */
    NOTE_ENDPOINT_MASKED,  /* endpoint index; line */
    NOTE_ENDPOINT_QUIET,   /* endpoint index; -: reset, DMA stopped */
    NOTE_ENDPOINT_FREED,   /* endpoint index; - */
    NOTE_ENDPOINT_STUCK,   /* endpoint index; line: did not become quiet, is withheld */
    NOTE_LINE_SERVICED,    /* line; pair(endpoint index or ~0 for a kernel driver, status) */
    NOTE_LINE_UNCLAIMED,   /* line; -: no owner, masked */
    NOTE_CONSOLE_CLIENT,   /* buffer in kernel RAM; length: a process's bytes are in it now */
    NOTE_MPU_WRITTEN,      /* -; pair(regions used, regions written) */
    NOTE_KERNEL_LIMIT, /* -; a table is full: which (enum err in value), the caller was refused */
    NOTE_RADIO_LOADED, /* buffer in kernel RAM; length: a process's PDU is in it, to be sent */
    /* Of multiplexers (model/virt/virt.h). The process is PROCESS_NONE for a kernel client. */
    NOTE_CLIENT_ASKS,     /* enum virt_id; pair(client, -): the call begins */
    NOTE_CLIENT_ANSWERED, /* enum virt_id; pair(client, enum err): it ends; accepted or not */
    NOTE_CLIENT_BEGUN,    /* enum virt_id; pair(client, 1: shares what has begun for another) */
    NOTE_CLIENT_DONE,     /* enum virt_id; pair(client, enum err): its callback begins */
    NOTE_ALARM_SET,       /* place among the alarms; due, in ticks since the kernel's start */
    NOTE_ALARM_FIRED,     /* place among the alarms; what it was due at */
    /* Of their buffers (model/virt/custody.h): base; pair(size, enum virt_id | client << 8) */
    NOTE_BUFFER_TAKEN, /* nobody's, all zero, and the client's from now on */
    NOTE_BUFFER_LENT,  /* down to the chip driver */
    NOTE_BUFFER_BACK,  /* from the chip driver */
    NOTE_BUFFER_WIPED, /* the client's no longer */
    NOTE_DATAGRAM, /* the port it is for; pair(enum udp_fate, data size): given or not (udp.h) */
    NOTE_FRAME, /* its address; pair(enum frame_fate, payload size): over, given or not (uart.h) */
    /* Of key registers: base of the engine; pair(register, enum virt_id | client << 8) */
    NOTE_KEY_RESERVED, /* the client's from now on, and empty */
    NOTE_KEY_FREED,    /* wiped, and nobody's */
    NOTES
};

static inline uint64_t pair(uint32_t low, uint32_t high)
{
    return low | (uint64_t)high << 32;
}

#endif
