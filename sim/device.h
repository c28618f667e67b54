/* device.h: what a peripheral is: a table of registers, a block of state, and outputs as fields.
 *
 * A device never calls out. What it wants of the world stands in its fields (irq_high, wake_ps, the
 * request queue); the machine looks at them after each access, wake and task, and serves them in
 * order. So a device is a value without pointers to anything that changes, and a copy of it is a
 * snapshot. Behind `struct device` stand its register values and its own state, in one piece:
 *
 *   | struct device | values: one uint32_t per row of type->regs | state: type->state_size bytes |
 */
#ifndef SIM_DEVICE_H
#define SIM_DEVICE_H

#include "sim/frame.h"
#include "sim/random.h"
#include "sim/wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;

/* One 32-bit register, or one task. What a row leaves out is 0: a bare row reads as 0 and ignores
 * writes. Rows stand in the order of their offsets.
 *
 * A write stores first (writable, then write1_sets, then write1_clears), then calls on_write. */
struct reg {
    const char *name;       /* "CC[0]": as in the product specification */
    uint32_t offset;        /* bytes from the device's base, a multiple of 4 */
    uint32_t reset;         /* value after reset */
    uint32_t writable;      /* bits that a write stores */
    uint32_t write1_clears; /* bits that a write of 1 clears */
    uint32_t write1_sets;   /* bits that a write of 1 sets */
    uint8_t view; /* so many rows before stands the register that this one shows and changes: OUTSET
                     and OUTCLR of OUT. 0: a register of its own */
    bool stays;   /* a result that no write can wipe, and no secret of the owner's: the next one may
                   find it. Every other register must be in reset then, read-only ones as well */
    /* What is read instead of the stored value. */
    uint32_t (*on_read)(struct device *d, uint32_t row, uint32_t stored);
    /* After the bits are stored; `written` is the whole word. */
    void (*on_write)(struct device *d, uint32_t row, uint32_t written);
    /* Set: the row is a task. It reads as 0; a write with bit 0 set, or device_task, posts
     * REQUEST_TASK and calls this. Nothing is stored. */
    void (*on_task)(struct device *d, uint32_t row);
};

/* What a device asks of the machine. DMA moves bytes between RAM and the device's own state block,
 * at `state_offset`; when it is done (or refused: not all of it RAM) on_dma_done is called. */
enum device_request_kind {
    REQUEST_DMA_READ,  /* RAM -> state */
    REQUEST_DMA_WRITE, /* state -> RAM */
    REQUEST_EVENT,     /* EVENTS register at `address` (offset in the device) was generated: for
                          the trace, and for routers (on_bus_event) */
    REQUEST_TASK,      /* TASKS register at `address` (offset) was triggered: for the trace */
    REQUEST_WIRE,      /* byte `size` & 0xff leaves on the device's wire, at this moment; of a peer
                          on an analog input: the voltage is `size` mV from now on */
    REQUEST_TRIGGER,  /* the task register at `address` on the bus is to be triggered: a router's */
    REQUEST_AIR_SEND, /* the struct air_frame at `state_offset` goes on the air at its start_ps */
    REQUEST_AIR_MORE, /* what this device sends has become as the struct air_frame at `state_offset`
                         says: its size and bytes; until the last of them leaves */
    REQUEST_AIR_STOP, /* what this device sends breaks off now */
    REQUEST_AIR_TUNE, /* it listens as the struct air_tuning at `state_offset` says, from now on */
    REQUEST_NOTE,     /* a fact for trace and judges: number `address`, value `state_offset` */
    REQUEST_SHARE,  /* a part of the chip that other devices use, too (the AES core), is taken from
                         now on (`size` 1) or given back (0): the others hear of it (on_shared) */
    REQUEST_SIGNAL, /* a controller's struct wire_signal, by device_signal: on_answer follows */
    REQUEST_PINS,   /* of port `address` the pins in `state_offset` are outputs and low from now on,
                         and no others */
    REQUEST_FLASH_WRITE, /* the word of flash at `address` keeps only bits that are 1 in
                            `state_offset`, too */
    REQUEST_FLASH_ERASE, /* the `size` bytes of flash at `address` are 0xff from now on */
};

struct device_request {
    uint8_t kind; /* enum device_request_kind */
    uint8_t tag;  /* the device's own, handed back by on_dma_done */
    uint16_t size;
    uint32_t address; /* DMA: address in memory; event, task: offset of the register */
    uint32_t state_offset;
};

enum { DEVICE_REQUEST_MAX = 16, DEVICE_NAME_MAX = 24 };

/* Faults that a scenario plants; the engine (device.c) obeys them, devices need not know.
 *
 * A hung device stands still in time: no wakes, no tasks, no packets; its registers read as at the
 * moment when it hung, and writes store bits without any effect. */
struct device_fault {
    bool hung;
    bool line_stuck;  /* irq_high whatever the device says */
    bool forced;      /* the register at `forced_offset` reads as `forced_value` */
    bool forced_read; /* and somebody has read it so, and not what stands there anyway */
    uint32_t forced_offset, forced_value;
    uint32_t forced_reads; /* until it reads as it is again; 0: for as long as it is forced */
    uint32_t errors; /* injected errors that wait: the next wake or access of a device that is not
                        hung calls type->on_error once for each. To inject: errors++, device_wake */
};

enum { DEVICE_BLOCKS = 64 }; /* pieces of a window, for the lookup of rows */
enum { DEVICE_KEY_SIZE = 16 };

struct device {
    const struct device_type *type;
    uint32_t index; /* on its board */
    uint32_t base;  /* first address of its window */
    uint32_t size;  /* bytes of its window */
    bool irq_high;  /* its one line, level */
    bool line_told; /* the level that the machine has taken note of: its own field */
    uint8_t request_count;
    uint32_t state_at;                /* of its own state, from here on: made by device_reset */
    uint8_t block_shift;              /* bytes of a block, as a power of two */
    uint8_t block_row[DEVICE_BLOCKS]; /* the first row at or after each block, 255 at most: where a
                                         lookup begins. Made by device_reset */
    struct device_request requests[DEVICE_REQUEST_MAX];
    uint64_t now_ps;      /* the time of the call that is under way */
    uint64_t wake_ps;     /* when to call type->on_wake, or TIME_NEVER */
    struct clock hf;      /* the 16 MHz peripheral clock */
    struct clock lf;      /* the 32768 Hz clock */
    struct random random; /* this device's own draws */
    struct device_fault fault;
    uint32_t lost_requests; /* no room for them, no end of them, or DMA beyond the state block: a
                               bug of the device's model. Such a run has no judgement: exit 3 */
    uint32_t hears;   /* a router's: the events that it waits for, as device_event_bit() has them */
    const void *plan; /* what the scenario says of a peer (sim/peer.h), else NULL; immutable */
};

struct device_type {
    const char *name; /* as boards name it: "nrf52-timer" */
    const struct reg *regs;
    uint32_t reg_count;
    uint32_t window_size; /* bytes of register space it answers in */
    uint32_t state_size;  /* bytes of its own state, 8-byte aligned, zeroed at reset */
    bool dma;             /* has pointer registers: reads or writes memory past the MPU */
    /* Keys that no register shows, for judges: `key_count` times DEVICE_KEY_SIZE bytes from
     * `key_offset` of the state on. A key that is wiped is all 0. */
    uint8_t key_count;
    uint16_t key_offset;
    void (*on_reset)(struct device *d); /* after values are reset; may be NULL */
    void (*on_wake)(struct device *d);  /* wake_ps has come: it is now_ps; set wake_ps anew, it
                                           is TIME_NEVER */
    void (*on_dma_done)(struct device *d, const struct device_request *r, bool done);
    void (*on_packet)(struct device *d, const uint8_t *bytes, uint32_t size); /* from its wire */
    uint8_t wire; /* enum wire_kind (sim/wire.h): what it has, or as a peer hangs on */
    /* A peer on SPI or I2C: it answers at that moment. */
    struct wire_answer (*on_signal)(struct device *d, const struct wire_signal *signal);
    /* A controller: what became of its REQUEST_SIGNAL. */
    void (*on_answer)(struct device *d, const struct wire_signal *signal,
                      const struct wire_answer *answer);
    /* A router (PPI): another device generated the event at this address on the bus, whose bit in
     * device.hears is set. */
    void (*on_bus_event)(struct device *d, uint32_t address);
    /* Another device has taken, or given back, a part that this one uses, too (REQUEST_SHARE). */
    void (*on_shared)(struct device *d, bool taken);
    /* A station of the air. AIR_ADDRESS: whether it takes the frame; if so AIR_END comes too,
     * unless it tunes to something else before. The answer to AIR_END is not looked at. */
    bool (*on_air)(struct device *d, const struct air_frame *frame, enum air_moment moment);
    /* The controller of the flash: privileged code stores a word there, at a multiple of 4. False:
     * it does not allow that, and the bus answers with a fault. */
    bool (*on_flash_write)(struct device *d, uint32_t address, uint32_t word);
    /* Looked at after each access to it: the CPU stands still until then. Past: it does not. */
    uint64_t (*halts_until_ps)(const struct device *d);
    void (*on_error)(struct device *d); /* a scenario's "error" injection: as the part would fail */
    void (*on_parameter)(struct device *d, uint32_t index, uint32_t value); /* a board's setting */
};

/* For device files. */
static inline uint32_t *device_values(struct device *d)
{
    return (uint32_t *)(d + 1);
}
static inline size_t device_values_size(const struct device_type *type)
{
    return (type->reg_count * sizeof(uint32_t) + 7) & ~(size_t)7;
}
static inline void *device_state(struct device *d)
{
    return (uint8_t *)d + d->state_at;
}
static inline const void *device_state_read(const struct device *d)
{
    return (const uint8_t *)d + d->state_at;
}
/* DEVICE_KEY_SIZE bytes: key `n` of type->key_count. */
static inline const uint8_t *device_key(const struct device *d, uint32_t n)
{
    const uint8_t *own_state = device_state_read(d);
    return own_state + d->type->key_offset + (size_t)n * DEVICE_KEY_SIZE;
}
static inline uint32_t device_value(struct device *d, uint32_t row)
{
    return device_values(d)[row];
}
/* The bit in device.hears of the event at this address on the bus; others may share it. */
static inline uint32_t device_event_bit(uint32_t address)
{
    return UINT32_C(1) << ((address >> 2 ^ address >> 11) & 31);
}
/* Adds a request; counts it as lost if the queue is full. Written in place, field by field: one
 * that was made elsewhere would be copied in wider pieces, for which a CPU has to wait. */
static inline void device_request(struct device *d, struct device_request request)
{
    if (d->request_count == DEVICE_REQUEST_MAX) {
        d->lost_requests++;
        return;
    }
    struct device_request *added = &d->requests[d->request_count++];
    added->kind = request.kind;
    added->tag = request.tag;
    added->size = request.size;
    added->address = request.address;
    added->state_offset = request.state_offset;
}
/* Puts a signal on the wire of a controller: REQUEST_SIGNAL. */
void device_signal(struct device *d, struct wire_signal signal);
/* Triggers the task in `row`, as a short cut does: REQUEST_TASK, then on_task. No task: nothing. */
void device_trigger(struct device *d, uint32_t row);
/* The row at `offset`, or -1: quick. Rows are in order, mostly without gaps: a block's first row
 * tells where `offset` would stand if there were none, and the row is there or a few before. */
static inline int device_row_at(const struct device *d, uint32_t offset)
{
    const struct device_type *type = d->type;
    const struct reg *type_regs = type->regs;
    if (offset >= type->window_size)
        return -1;
    uint32_t first = d->block_row[offset >> d->block_shift];
    if (first >= type->reg_count || type_regs[first].offset > offset)
        return -1;
    uint32_t row = first + (offset - type_regs[first].offset) / 4;
    if (row >= type->reg_count)
        row = type->reg_count - 1;
    while (type_regs[row].offset > offset)
        row--;
    return type_regs[row].offset == offset ? (int)row : -1;
}
/* What is stored in the register at `offset`, or in the one that it is a view of; none there: 0. */
static inline uint32_t device_value_at(struct device *d, uint32_t offset)
{
    int row = device_row_at(d, offset);
    return row < 0 ? 0 : device_value(d, (uint32_t)row - d->type->regs[row].view);
}

/* For the machine. Time in these calls never goes back. A wake that is due is done before an access
 * that comes at the same moment; one that a wake asks for at or before its own time is put off by a
 * picosecond, so that no device can stop time. */

/* Bytes that a device of this type takes, 8-byte aligned. */
size_t device_size(const struct device_type *type);
/* Registers and state as after power-on. Planted faults stay, and what board and seed have set. */
void device_reset(struct device *d);
/* A 32-bit register access at `offset` (a multiple of 4, inside the window). No row there: reads 0,
 * ignores writes, as an unused address of a peripheral does. */
uint32_t device_read(struct device *d, uint32_t offset, uint64_t now_ps);
void device_write(struct device *d, uint32_t offset, uint32_t value, uint64_t now_ps);
/* The same for who has looked up device_row_at(d, offset) before: it never changes. */
uint32_t device_read_row(struct device *d, int row, uint32_t offset, uint64_t now_ps);
void device_write_row(struct device *d, int row, uint32_t value, uint64_t now_ps);
/* What is stored in a register. */
static inline uint32_t device_load(struct device *d, uint32_t row)
{
    return device_values(d)[row - d->type->regs[row].view];
}
/* What a write leaves in a register. */
static inline void device_store_bits(struct device *d, uint32_t row, uint32_t value)
{
    const struct reg *reg = &d->type->regs[row];
    uint32_t *stored = &device_values(d)[row - reg->view];
    uint32_t bits = (*stored & ~reg->writable) | (value & (reg->writable | reg->write1_sets));
    *stored = bits & ~(value & reg->write1_clears);
}
/* A write there does no more than that. */
static inline bool device_only_stores(const struct device *d, int row)
{
    const struct reg *reg = row < 0 ? NULL : &d->type->regs[row];
    return reg && !reg->on_task && !reg->on_write;
}
/* Nothing is due at it: an access would not wake it. */
static inline bool device_is_calm(const struct device *d, uint64_t now_ps)
{
    return d->wake_ps > now_ps && !d->fault.hung && !d->fault.errors;
}
/* Injected errors that wait, then what is due. Harmless at any time. */
void device_wake(struct device *d, uint64_t now_ps);
/* Triggers the task register at `offset`, as PPI or an injection does. Not a task: nothing. */
void device_task(struct device *d, uint32_t offset, uint64_t now_ps);
/* Its next wake comes `by_ps` later, or so much earlier, but not before `now_ps`. False: it waits
 * for none, or hangs. What it works out anew, when it is accessed, it works out without that. */
bool device_put_off(struct device *d, uint64_t by_ps, uint64_t now_ps);
bool device_hasten(struct device *d, uint64_t by_ps, uint64_t now_ps);
/* Ends what is planted: hang, stuck line, forced register. What a device that hung has missed comes
 * at once. False: nothing was planted. */
bool device_release(struct device *d, uint64_t now_ps);
/* Hands over what came on the device's wire. A type without on_packet, or a hung one: nothing. */
void device_packet(struct device *d, const uint8_t *bytes, uint32_t size, uint64_t now_ps);
/* An event elsewhere on the bus. A type without on_bus_event, or a hung one: nothing. */
void device_bus_event(struct device *d, uint32_t address, uint64_t now_ps);
/* A store to flash. False: not allowed. A hung controller lets it pass, and nothing comes of it. */
bool device_flash_write(struct device *d, uint32_t address, uint32_t word, uint64_t now_ps);
/* Another device has taken a shared part, or given it back. A type without on_shared, or a hung
 * one: nothing. */
void device_shared(struct device *d, bool taken, uint64_t now_ps);
/* What comes over the air. A type without on_air, or a hung one: false. */
bool device_air(struct device *d, const struct air_frame *frame, enum air_moment moment,
                uint64_t now_ps);
/* What a peer answers. A type without on_signal, or a hung one: as if nobody were there. */
struct wire_answer device_answer(struct device *d, const struct wire_signal *signal,
                                 uint64_t now_ps);
/* The row at `offset`, or -1; by binary search. */
int device_row(const struct device_type *type, uint32_t offset);
/* The row with this name, or -1. */
int device_row_named(const struct device_type *type, const char *name);
/* irq_high with the planted fault obeyed */
static inline bool device_line(const struct device *d)
{
    return d->irq_high || d->fault.line_stuck;
}

#endif
