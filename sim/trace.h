/* trace.h: what happened, one record after another, and the hash over all of it.
 *
 *   hw_note, accesses, interrupts, DMA ... --trace_add--> hash (always)
 *                                                    \--> monitors of that kind, at once
 *                                                     \-> recorder, if one is attached
 *
 * The hash is over each record's fields, eight bytes at a time: time; kind | process << 16 |
 * address << 32; value. These three words are multiplied side by side, each by a factor of its own,
 * and the sum goes into the hash, record after record: so a CPU need not wait for one word before
 * it takes the next. Words are numbers: the same on every machine. Verdicts and text are out of it;
 * it is the same with recording off.
 */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include "model/note.h"
#include "sim/frame.h"
#include <stdint.h>

/* Kinds of record. For each: what `process`, `address` and `value` mean; pair(a, b) = a | b << 32.
 * A process is its index or PROCESS_NONE (0xffff). Append only. */
enum event {
    EVENT_RUN = 1,      /* process goes on in user mode; resume kind; function */
    EVENT_SYSCALL,      /* class; pair(r0, r1) */
    EVENT_SYSCALL_MORE, /* class; pair(r2, r3), always right after EVENT_SYSCALL */
    EVENT_RETURN, /* r0 (return variant); pair(r1, r2): a system call's results reach the app */
    EVENT_UPCALL, /* function; pair(r0, r1): an upcall begins in the app */
    EVENT_UPCALL_MORE,  /* function; pair(r2, r3) */
    EVENT_LOAD,         /* address; pair(value, size): an app's load that succeeded */
    EVENT_STORE,        /* address; pair(value, size) */
    EVENT_EXECUTE,      /* address; pair(0, size) */
    EVENT_FAULT,        /* address; pair(CFSR, access kind): an app's access was refused */
    EVENT_SLICE_END,    /* -; - */
    EVENT_SLEEP,        /* PROCESS_NONE; - */
    EVENT_WAKE,         /* PROCESS_NONE; - */
    EVENT_IRQ_RAISED,   /* line; device index: the device's line rose */
    EVENT_IRQ_LOWERED,  /* line; device index */
    EVENT_IRQ_TAKEN,    /* line; -: user mode left because of it */
    EVENT_KERNEL_READ,  /* register address; value: the kernel's MMIO */
    EVENT_KERNEL_WRITE, /* register address; value */
    EVENT_DEVICE_TASK,  /* register address; device index: a task was triggered, by whomever */
    EVENT_DEVICE_EVENT, /* register address; device index: an event was generated */
    EVENT_DMA_READ,     /* RAM address; pair(size, device index): the device read memory */
    EVENT_DMA_WRITE,    /* RAM address; pair(size, device index) */
    EVENT_DMA_REFUSED,  /* address; pair(size, device index): not RAM */
    EVENT_WIRE,         /* device index; pair(byte, 0 out 1 in, or another enum wire_act) */
    EVENT_INJECTED,     /* injection index; target */
    EVENT_KERNEL_PANIC, /* -; - */
    EVENT_HALT,         /* PROCESS_NONE; - */
    EVENT_APP_NOTE,     /* app's own mark: number; value (steps: "mark") */
    EVENT_ROUTED,       /* task register address; device index of the router (PPI) */
    /* The air. A flight is a frame under way (sim/air.h); `air_value` packs what they tell. */
    EVENT_AIR_START,      /* access address; sender, flight, RF channel in MHz: the first bit */
    EVENT_AIR_BYTES,      /* size | phy << 16; hash of the bytes: right before EVENT_AIR_END */
    EVENT_AIR_END,        /* access address; sender, flight: the last bit, or it broke off */
    EVENT_AIR_HEARD,      /* access address; receiver, flight: its address was received */
    EVENT_AIR_MISSED,     /* access address; receiver, flight, why (enum air_miss) */
    EVENT_AIR_RECEIVED,   /* access address; receiver, flight, 1 if bits are wrong */
    EVENT_AIR_LISTEN,     /* MHz | phy << 16; receiver: it listens from now on */
    EVENT_AIR_DEAF,       /* 0; receiver: it no longer listens */
    EVENT_PEER_NOTE,      /* number (sim/ble/notes.h); pair(value, device index of the peer) */
    EVENT_FLASH_WRITTEN,  /* address; pair(the word now, writes since its erase) */
    EVENT_FLASH_WORN,     /* the same again: written more often than its flash promises to bear */
    EVENT_FLASH_ERASED,   /* address; pair(size, device index) */
    EVENT_FLASH_REFUSED,  /* address; pair(size, device index): not in the board's storage */
    EVENT_NOTE_BASE = 64, /* + enum note: hw_note's fields as they are */
    EVENT_KINDS = EVENT_NOTE_BASE + NOTES
};
_Static_assert(EVENT_KINDS <= 128, "monitors keep one bit per kind in two words");

struct record {
    uint64_t at_ps;
    uint16_t kind; /* enum event */
    uint16_t process;
    uint32_t address;
    uint64_t value;
};

static inline uint32_t pair_low(uint64_t value)
{
    return (uint32_t)value;
}

static inline uint32_t pair_high(uint64_t value)
{
    return (uint32_t)(value >> 32);
}

/* The air's records: device index of the sender or receiver, number of the flight, one more. */
static inline uint64_t air_value(uint32_t device, uint32_t flight, uint32_t more)
{
    return device | (uint64_t)flight << 16 | (uint64_t)more << 32;
}

static inline uint32_t air_device(uint64_t value)
{
    return (uint32_t)value & 0xffff;
}

static inline uint32_t air_flight_number(uint64_t value)
{
    return (uint32_t)value >> 16;
}

static inline uint32_t air_more(uint64_t value)
{
    return (uint32_t)(value >> 32);
}

#define TRACE_HASH_START UINT64_C(0x9e3779b97f4a7c15)

/* Any odd numbers whose bits are well mixed would do. */
#define TRACE_HASH_TIME UINT64_C(0xc2b2ae3d27d4eb4f)
#define TRACE_HASH_PLACE UINT64_C(0xd6e8feb86659fd93)
#define TRACE_HASH_VALUE UINT64_C(0x94d049bb133111eb)

static inline uint64_t trace_hash_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
    return hash ^ (hash >> 32);
}

/* A record's words but for its time. */
static inline uint64_t trace_hash_event(const struct record *r)
{
    uint64_t where = r->kind | (uint64_t)r->process << 16 | (uint64_t)r->address << 32;
    return where * TRACE_HASH_PLACE + r->value * TRACE_HASH_VALUE;
}

static inline uint64_t trace_hash_at(uint64_t hash, uint64_t at_ps, uint64_t event)
{
    return trace_hash_word(hash, at_ps * TRACE_HASH_TIME + event);
}

/* The hash after `r`. */
static inline uint64_t trace_hash(uint64_t hash, const struct record *r)
{
    return trace_hash_at(hash, r->at_ps, trace_hash_event(r));
}

/* The kind's name as patterns and `show` say it ("store", "irq", "upcall-queued"). */
const char *event_name(unsigned kind);

/* Keeps records for those who read them later; grows on the heap, outside of any machine. Whoever
 * has read them sets `count` back to 0; the frames go with their records. */
struct recorder {
    struct record *records;
    uint64_t count, capacity;
    uint64_t limit; /* records kept at most; 0: all. Past it, `count` still counts */
    struct recorded_frame *frames;
    uint64_t frame_count, frame_capacity;
    /* Hears each record as it comes, before it is kept: memory is as it was then. NULL: nobody. */
    void (*hear)(void *context, const struct record *record);
    void *context;
};

void recorder_start(struct recorder *recorder, uint64_t limit);
void recorder_add(struct recorder *recorder, const struct record *record);
/* The frame of the EVENT_AIR_BYTES that is recorded next: a record has no room for bytes. */
void recorder_add_frame(struct recorder *recorder, const struct air_frame *frame);
/* The frame of the EVENT_AIR_BYTES at `record`; NULL: none was kept. */
const struct air_frame *recorder_frame(const struct recorder *recorder, uint64_t record);
void recorder_free(struct recorder *recorder);

#endif
