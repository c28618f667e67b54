/* moment.h: what a picture of the memory map shows: a run at one instant, as plain data.
 *
 *   machine + watch (what went before) --moment_take--> struct moment --view_map--> picture
 *
 * No pointers into the machine: a moment stays as it is while the run goes on, and two of them can
 * be compared. Addresses are spans; an end that would be 2^32 is only in 64 bits.
 *
 * Reach: what user mode reaches by the registers of the MPU (reach.h). Of the app that had the CPU
 * last, and lives, these are the registers as they are; of any other app those it last ran with,
 * and `at_ps` says when that was: a kernel that loads regions at each switch would load what is
 * due then.
 */
#ifndef TOOLS_VIEW_MOMENT_H
#define TOOLS_VIEW_MOMENT_H

#include "tools/view/watch.h"

enum {
    MOMENT_REACH_MAX = 2,  /* apps whose reach is shown side by side */
    MOMENT_SPAN_MAX = 192, /* of one app; what is beyond is dropped and `spans_dropped` is set */
    MOMENT_FAULT_MAX = 32, /* the last ones */
    MOMENT_BREAK_MAX = 16, /* the first ones */
    MOMENT_SEGMENT_MAX = 1024,
    MOMENT_NAME_MAX = 32,
    MOMENT_TEXT_MAX = 400,
};

/* The address space in four parts. DEVICES is all that is in none of the others. */
enum moment_lane { LANE_FLASH, LANE_RAM, LANE_DEVICES, LANE_PRIVATE, LANES };

/* Addresses [first, end). */
struct moment_range {
    uint64_t first, end;
};

struct moment_app {
    char name[MOMENT_NAME_MAX];
    const char *state; /* in words, a constant */
    bool loaded;       /* else it has no memory yet */
    bool live;
    struct span flash, block;
    uint32_t entry; /* in flash: its header is before it */
    uint32_t app_break, kernel_break;
    uint32_t stack_start, heap_start; /* 0: the app did not tell */
    uint32_t restart_count;
};

/* A run of bytes that the app reaches with the same rights, for the same reason, by one region; it
 * does not go beyond an edge of what was asked for. */
struct moment_span {
    uint64_t first, end;
    uint32_t rights;
    enum reach_reason reason;
    int8_t region;
};

/* A window that was lent: what the app asked for, and what the filter made of it. */
struct moment_window {
    struct span asked, granted;
};

struct moment_region {
    bool enabled;
    uint64_t base, size;
    uint32_t user_rights; /* enum right, by AP and XN */
    uint8_t disabled;     /* sub-regions, a bit each; 0 where there are none */
    bool has_subregions;  /* 256 bytes or more */
};

struct moment_reach {
    uint32_t process;
    uint64_t at_ps; /* whose registers these were then */
    bool is_now;    /* they are in the unit at the moment, and due to it */
    bool live;      /* else nobody uses them any more */
    bool spans_dropped;
    uint32_t span_count;
    struct moment_span spans[MOMENT_SPAN_MAX]; /* ascending; cut at the lanes' borders */
    uint32_t window_count;
    struct moment_window windows[LEDGER_WINDOW_MAX];
    uint32_t region_count;
    struct moment_region regions[MPU_ARMV7M_REGION_MAX];
    uint64_t declared_bytes, undeclared_bytes, stray_bytes; /* beyond what it asked for */
    struct reach_share shares[BOARD_DEVICE_MAX];            /* by device: what of it is reached */
};

struct moment_device {
    char name[DEVICE_NAME_MAX];
    struct span window;
    uint32_t line;     /* BOARD_NONE: none */
    uint32_t alias_of; /* another device with this very window; BOARD_NONE: it has its own */
    uint32_t lent_to;  /* the app whose window meets it; PROCESS_NONE: nobody */
    bool dma;          /* a DMA master: moves memory past the MPU */
    bool modelled;     /* else a named hole */
    bool kernels;      /* a driver of the kernel uses it: lent to nobody */
};

struct moment_break {
    uint64_t at_ps;
    uint32_t process, address;
    const char *rule; /* its id, a constant */
    char text[MOMENT_TEXT_MAX];
};

struct moment {
    char id[SCENARIO_ID_MAX];
    char board[BOARD_NAME_MAX];
    uint64_t at_ps, end_ps; /* the moment; when the scenario ends */
    uint64_t step, steps;   /* of the run, if whoever made the moment knows them; else 0 */
    uint32_t running;       /* the app that has the CPU; PROCESS_NONE: the kernel */
    uint32_t holder;        /* the app whose regions are loaded; PROCESS_NONE: none has run yet */
    char event[WATCH_EVENT_MAX]; /* the last one, in words */

    struct span flash, ram, kernel_flash, kernel_ram, storage; /* size 0: there is none */
    uint32_t app_count;
    struct moment_app apps[PROCESS_MAX];
    uint32_t device_count;
    struct moment_device devices[BOARD_DEVICE_MAX];
    uint32_t idle_count; /* apps of the choice that have not run yet: nothing is known of them */
    uint32_t idle[MOMENT_REACH_MAX];
    uint32_t reach_count;
    struct moment_reach reach[MOMENT_REACH_MAX];

    uint64_t fault_count; /* all of them; the last ones are kept */
    uint32_t kept_faults;
    struct watch_fault faults[MOMENT_FAULT_MAX];
    uint64_t break_count; /* all of them; the first ones are kept */
    uint32_t kept_breaks;
    struct moment_break breaks[MOMENT_BREAK_MAX];

    /* What is used of each lane: ascending, apart from each other. */
    struct moment_segments {
        uint32_t count;
        struct moment_range at[MOMENT_SEGMENT_MAX];
    } used[LANES];
};

/* What to look at: an app, or PROCESS_NONE for the one whose regions are loaded. */
struct moment_choice {
    uint32_t count; /* 1 to MOMENT_REACH_MAX */
    uint32_t apps[MOMENT_REACH_MAX];
};

/* An app that never ran is not in `reach`. A moment is large (some
 * 100 KB): for the heap. */
void moment_take(struct moment *moment, const struct watch *watch, struct moment_choice choice);

enum moment_lane moment_lane_of(const struct moment *moment, uint64_t address);

/* The device (never an alias) whose window holds the address, or BOARD_NONE. */
uint32_t moment_device_at(const struct moment *moment, uint64_t address);

/* "BLE+0x10", "ble's memory+0x40", "the kernel's memory+0x0", "0x12345678": for people. */
void moment_describe(const struct moment *moment, uint64_t address, char *text, size_t size);

/* "4 KiB", "52 KiB", "1 MiB", "408 B": exact. */
enum { SIZE_TEXT_MAX = 24 };
const char *size_text(uint64_t size, char text[SIZE_TEXT_MAX]);

/* 'A' to 'Z', then 'a' to 'z', then '0' to '9': how pictures call an app for short. */
char moment_letter(uint32_t process);

#endif
