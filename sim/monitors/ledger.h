/* ledger.h: what should be: who lives, which memory is whose, which windows were lent to whom.
 *
 *   the app's own system calls and what they returned --\
 *   the board's filter, asked again by us ---------------+--> ledger --> the monitors of the rules
 *   the kernel's notes: loads, ends, breaks, windows ---/
 *
 * A window is in the ledger if the app asked for it (or its header does), the filter says yes when
 * asked again, and the kernel says so by its note or by what it returns to the app. It leaves with
 * the note of its removal, with the app's successful release, or with the end of the app's life,
 * whichever is first. So no note alone can make anything reachable that is not due.
 *
 * Cannot see: whether a header's request should have been granted (another reason than the
 * filter's may stand against it); breaks and blocks, which are the kernel's word, cross-checked by
 * layout.c.
 *
 * A value without pointers, the first monitor's state.
 */
#ifndef SIM_MONITORS_LEDGER_H
#define SIM_MONITORS_LEDGER_H

#include "model/process.h"
#include "sim/machine.h"
#include "sim/monitors.h"

enum {
    LEDGER_WINDOW_MAX = 96, /* held and past windows of all apps; the kernel lends 64 at most */
    LEDGER_NONE = 0xffffffff,
};

enum ledger_window_state { WINDOW_FREE, WINDOW_HELD, WINDOW_PAST };

struct ledger_window {
    uint16_t process;
    uint8_t state;       /* enum ledger_window_state */
    bool confirmed;      /* the app was told, or it comes from its header */
    bool unremoved;      /* PAST, by its life's end or a release: not said to be unmapped yet */
    uint32_t users;      /* PAST: what struct ledger.users was */
    struct span asked;   /* by the app */
    struct span granted; /* the filter's answer */
};

struct ledger_process {
    bool live;
    bool doomed;    /* it exited, faulted or was killed: its life must end before user mode runs */
    bool call_open; /* its system call has not returned */
    bool ended_due, ended_in_call; /* what doomed and call_open were when its last life ended */
    struct span filter_asked; /* by the kernel's word: which of two requests is being granted */
    uint32_t call_class;
    uint32_t args[4];
    uint32_t calls; /* how many system calls so far, of all lives */
    uint32_t life;  /* how many loads so far: ours, whatever id the kernel gives */
    struct span block;
    uint32_t app_break, kernel_break;
    uint32_t accessible_end; /* as the kernel says it: at or after the app break */
    uint32_t past_end;       /* the highest accessible_end of earlier lives in this block */
    uint32_t version;        /* grows with each change of what this process may reach */
};

struct ledger {
    uint32_t users; /* switches to user mode so far */
    uint32_t added; /* window that the record at hand added, or LEDGER_NONE */
    bool returning; /* the record at hand ends the call in `args` */
    uint32_t doomed_count;
    uint32_t unremoved_count;
    uint64_t dma_lent[2]; /* by board device: DMA masters that were ever lent */
    struct ledger_process processes[PROCESS_MAX];
    uint32_t window_end; /* rows of `windows` from here on were never used */
    struct ledger_window windows[LEDGER_WINDOW_MAX];
};

static inline struct ledger *ledger_of(struct machine *m)
{
    return (struct ledger *)machine_monitor_state(m, MONITOR_ledger);
}

/* The end of a process's life, now, as NOTE_PROCESS_END says it. */
void ledger_life_end(struct machine *m, struct ledger *l, uint32_t process);

/* What `process` may do with the byte, enum right bits. Rounding past the break is not in it. */
uint32_t ledger_rights(const struct machine *m, const struct ledger *l, uint32_t process,
                       uint32_t address);

/* The window that the process holds there, or NULL. */
const struct ledger_window *ledger_window_at(const struct ledger *l, uint32_t process,
                                             uint32_t address);

/* The window that the process holds and has asked for in just these words, or NULL. */
const struct ledger_window *ledger_window_asked(const struct ledger *l, uint32_t process,
                                                struct span asked);

/* The process that holds a window meeting the span, other than `except`; PROCESS_NONE: nobody. */
uint32_t ledger_holder(const struct ledger *l, struct span span, uint32_t except);

/* It holds a window that meets one of the endpoint's. */
bool ledger_holds_endpoint(const struct machine *m, const struct ledger *l, uint32_t process,
                           uint32_t endpoint);

/* DMA or the scenario has written over something in that block of a process: what the kernel keeps
 * there may be anything, an upcall or a subscription for instance. */
bool ledger_block_is_broken(const struct machine *m, struct span block);

/* It waits in a yield for an upcall. */
bool ledger_waits(const struct ledger_process *p);

/* The board's filter, asked again. ERR_NODEVICE: the board lends nothing. */
enum err board_answer(const struct machine *m, uint32_t process, struct span asked,
                      struct span *granted);

static inline bool endpoint_meets_span(const struct passthrough_endpoint *e, struct span span)
{
    for (uint32_t i = 0; i < e->window_count; i++)
        if (span_meets(e->windows[i], span))
            return true;
    return false;
}

/* It is a command of the passthrough driver; and command `number`. */
bool is_of_passthrough(const struct machine *m, const struct ledger_process *p);
bool is_passthrough_command(const struct machine *m, const struct ledger_process *p,
                            uint32_t number);

/* Command numbers and subscribe number of the draft's interface (TRD 107, section 2). */
enum { COMMAND_QUERY = 1, COMMAND_ALLOCATE = 2, COMMAND_RELEASE = 3 };

#endif
