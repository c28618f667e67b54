/* reach.h: what an app reaches in user mode, by the registers of the MPU, and why.
 *
 *   registers --> boundaries of verdicts, + the edges of memories, devices, loans, declarations
 *   --> elementary pieces, each with its rights, its reason, the deciding region
 *
 * What the registers say is decoded by the silicon's side (sim/mpu_armv7m.h); what should be is the
 * ledger's word (sim/monitors/ledger.h). The private peripheral bus is left out: the bus refuses it
 * to user mode, not the MPU.
 */
#ifndef TOOLS_VIEW_REACH_H
#define TOOLS_VIEW_REACH_H

#include "sim/monitors/ledger.h"

/* The part of the address space that no app reaches. Source: ARMv7-M ARM (DDI 0403), B3.1. */
#define REACH_PRIVATE_BUS ((struct span){0xe0000000, 0x100000})

/* Why an app reaches a piece; the order is that of preference where several hold. */
enum reach_reason {
    REACH_FLASH,
    REACH_MEMORY,
    REACH_SLACK, /* memory of its block past the break, before the kernel's */
    REACH_ASKED,
    REACH_DECLARED,
    REACH_UNDECLARED,
    REACH_STRAY,
    REACH_REASONS
};

extern const char *const reach_reasons[REACH_REASONS]; /* in words */

/* An app at one moment: the registers that hold for it, and what is due to it. A value. */
struct reach_app {
    uint32_t process; /* PROCESS_NONE: it never had the CPU */
    uint64_t at_ps;
    struct mpu_armv7m mpu;
    struct ledger_process facts;
    uint32_t window_count; /* those that it holds */
    struct ledger_window windows[LEDGER_WINDOW_MAX];
};

/* As the machine stands now: the registers must be the process's (it had the CPU last). */
void reach_app_take(struct reach_app *app, struct machine *m, uint32_t process);

struct reach_piece {
    uint64_t first, end; /* the addresses [first, end) */
    uint32_t rights;     /* enum right, never 0 */
    enum reach_reason reason;
    uint32_t device; /* of the board, never an alias; BOARD_NONE: none */
    int8_t region;   /* that decides */
};

enum {
    REACH_PIECE_MAX = MPU_ARMV7M_BOUNDARY_MAX + 4 * LEDGER_WINDOW_MAX + 2 * BOARD_EXPOSURE_MAX +
                      2 * BOARD_DEVICE_MAX + 4 * PROCESS_MAX + 4,
};

struct reach {
    const struct scenario *scenario;
    const struct ledger *ledger; /* whose the other memories are */
    const struct reach_app *app;
    struct mpu_armv7m mpu; /* the app's registers as user mode finds them: the unit is on */
    size_t edge_count, count;
    uint64_t edges[REACH_PIECE_MAX];
    struct reach_piece pieces[REACH_PIECE_MAX]; /* ascending */
};

/* `app` must be of a process, and outlive `reach`. */
void reach_find(struct reach *reach, const struct scenario *scenario, const struct ledger *ledger,
                const struct reach_app *app);

/* Pieces `from` to this one (exclusive) are neighbours with the same rights and reason. */
size_t reach_run_end(const struct reach *reach, size_t from);

/* What of a device is reached. */
struct reach_share {
    uint64_t bytes; /* 0: nothing */
    uint32_t rights;
    enum reach_reason reason; /* the worst */
};
struct reach_share reach_share_of(const struct reach *reach, uint32_t device);

/* Bytes with that reason. */
uint64_t reach_bytes(const struct reach *reach, enum reach_reason reason);

/* Whose memory it is: ", flash of NAME", ", the memory block of NAME", ", the kernel's memory",
 * "". */
void reach_whose(const struct reach *reach, uint32_t address, char *text, size_t size);

/* "r-x". */
const char *rights_text(uint32_t rights, char text[4]);

#endif
