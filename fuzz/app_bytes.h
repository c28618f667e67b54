/* app_bytes.h: the app engine "bytes": an app whose every operation comes from its stream of a
 * tape (fuzz/tape.h): system calls of every class with arguments from the edges of what there is,
 * loads, stores, execute checks, work, upcall handlers, faults.
 *
 * An upcall's handler is what the stream says next, and a new life goes on where the last one
 * ended: so each operation is played once. Behind the last one the app waits for upcalls for ever.
 *
 * What an operation's fields mean, by kind (`value` as value_of in app_bytes.c):
 *   0 to 7   a call of that class (enum syscall_class). `which` chooses the driver of those that
 *            have one, `number` is the command's, buffer's, subscription's, memop's; yields and
 *            exits are mostly those that go on. value[0], value[1]: the arguments behind
 *   8        any class `number`, any driver, values for the rest. `number` 128 and up: what an app
 *            does that uses a driver, usuals[(`number` - 128) % 33] in app_bytes.c: its buffers,
 *            its upcall, the command, and for an odd `which` it waits for the upcall; a call each.
 *            With value[1].pick 192 and up its buffers are at an edge, value[0].offset bytes long.
 *            80 to 95: what an app with a heap does: asks where grants begin; + 1: moves its break
 *            to there, or a little below by value[0]; + 2: and writes to the end of that; + 4:
 *            hands over the last bytes to driver `which`; + 8: moves its break down by
 *            16 * (1 + `size`), from there or, for an odd `which`, from where it is
 *            96 to 111: sets the alarm to `number` % 16 ticks and works until it has come.
 *            112 to 127: what the owner of device `which` does: asks for it, enables its
 *            interrupts, sets CC[0] to 1 + value[0] and starts it; + 1: it has subscribed before;
 *            + 2: works then for 64 * `size` cycles; + 4: waits for the upcall; + 8: gives the
 *            device back
 *   9, 10    load, store at value[0]; a store stores value[1]
 *   11       execute check at value[0]; 9 to 11 on 4, 4, 1 or 2 bytes by `size`, 11 on 4 or 2
 *   12       works for (which * 256 + number + 1) * 16 cycles at most, by `size`
 *   13       passthrough command 1, 2 or 3 by `number`, on the window of device `which`; the
 *            values move its base and size: most of them by nothing, others by multiples of 32 or
 *            4096, by single bytes, or anywhere
 *   14       a store, or with `size` 4 and up a load, in the window of device `which`: register
 *            `number` * 16 + `size` % 4 * 4; stores value[0]
 *   15       an undefined instruction
 *
 * Where two runs are compared that differ in a secret (fuzz/stage_secrets.h), some of it is
 * otherwise, so that a secret is never lawfully another app's, and never steers:
 *   * whatever is asked for, an app binds bytes_frame_address and bytes_udp_port of its own, and
 *     no other ones
 *   * kind 8, `number` 128 and up: usuals[`number` % 16]
 *   * kind 8, `number` 64 to 79: what apps with secrets do, secretives[`number` % 8] in app_bytes.c
 *   * kind 8, `number` 112 to 127, for an odd value[1].pick: the owner stores a secret in CC[1] of
 *     a timer, and does not start it
 *   * kind 14, `number` 128 and up: CC[1 + `size` % 4] of that device; in a timer a store's value
 *     is a secret
 *   * with `reads_once` an app reads from the console in its first life only
 */
#ifndef FUZZ_APP_BYTES_H
#define FUZZ_APP_BYTES_H

#include "fuzz/tape.h"
#include "sim/scenario.h"

/* `number` of kind 8, from which on it means more than a class; added up, what is done. */
enum {
    BYTES_HEAP = 80,
    HEAP_GROWS = 1,
    HEAP_FILLS = 2,
    HEAP_SHARES = 4,
    HEAP_SHRINKS = 8,
    BYTES_BUSY = 96,
    BYTES_OWNS = 112,
    BYTES_USUAL = 128,
};

enum bytes_kind {
    BYTES_CALL_ANY = 8,
    BYTES_LOAD,
    BYTES_STORE,
    BYTES_EXECUTE,
    BYTES_COMPUTE,
    BYTES_PASSTHROUGH,
    BYTES_DRIVE,
    BYTES_FAULT,
    BYTES_KINDS
};

enum { BYTES_CALLS = 10, BYTES_GIVEN_MAX = BYTES_CALLS * TAPE_OP_MAX };

/* What the apps of one run were given, in the order of time, for who wants to read it. */
struct bytes_log {
    uint32_t count;
    struct bytes_given {
        uint32_t app;
        uint32_t ram_base; /* of that app at that moment */
        struct app_op op;
    } given[BYTES_GIVEN_MAX];
};

/* How drivers change hands: app `by` % 2 has asked for a command and got it, and the other one, who
 * had got something of the same driver last. All counts are of both runs of a pair. */
enum { HANDS_DRIVERS = 16, HANDS_COMMANDS = 8 };
struct bytes_hands {
    uint8_t last[HANDS_DRIVERS]; /* 1 + app * HANDS_COMMANDS + command; 0: nobody yet */
    uint8_t changed[2 * HANDS_DRIVERS * HANDS_COMMANDS * HANDS_COMMANDS];
};

/* What scenario_app.program of such an app points at: its player's, who may change it between two
 * runs, never within one. */
struct bytes_program {
    const struct scenario *scenario; /* its board has the addresses worth trying */
    const struct tape *tape;
    uint32_t stream;
    struct bytes_log *log; /* NULL: nobody reads one */
    bool secretive, reads_once;
    struct bytes_hands *hands; /* NULL: nobody counts */
};

/* By the app's place among the apps. */
static inline uint32_t bytes_frame_address(uint32_t app)
{
    return 4 + app;
}

static inline uint32_t bytes_udp_port(uint32_t app)
{
    return 192 + app;
}

/* Which driver an operation's `which` chooses. */
uint32_t bytes_driver(uint8_t which);

extern const struct app_engine bytes_engine;

/* The window of device `which`: one that is lent by the lower half of the bytes (the first of its
 * windows); by the others any device's. */
struct span bytes_window(const struct scenario *scenario, uint8_t which);

#endif
