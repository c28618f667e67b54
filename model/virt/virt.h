/* virt.h: what all multiplexers have in common: clients ask, each is served in its turn, each
 * accepted operation is called back once.
 *
 *   process --system call--> its driver's row --virt_ask--\          /--begin--> chip driver
 *   kernel component --------------------------virt_ask----+--> turn
 *                                                                    \<--virt_end-- interrupt
 *   callback, buffer wiped, next one's begin
 *
 * A multiplexer is one file here, about alike: its chip driver's calls, what a request's words
 * mean, begin, deliver, and the driver row for processes. To add one:
 *
 *   id.h                      a row: its number, its place in virts, the board's key, a scenario's
 *                             word, and the name of its struct virt_type, virt_<name>
 *   model/chip_<device>.[ch]  the registers
 *   model/virt/<name>.c       after rng.c (the shortest), adc.c (one result for all who wait),
 *                             spi.c (configuration of each client) or storage.c (in steps)
 *   model/services.h          the driver row's declaration: the manual for apps
 *   model/drivers.c           the driver row's place, behind the others
 *   the two schemas           its name: scenarios/boards/board.schema.json, among the keys of
 *                             "kernel"; scenarios/scenario.schema.json, among "clients", "turns"
 *                             and "driver"
 *   a board's file            the device, and in "kernel" {"<name>": "<device>"}
 *
 * tests/test_virt.c (each_row_is_whole) says what a row lacks, `make schemas` what a schema lacks.
 * What this core sees to, none of them needs to:
 *
 *   (a) one callback for each accepted operation, never inside the call that asked: one that cannot
 *       begin, or is over as it begins, is called back from a deferred call (kernel_next);
 *   (b) buffers: custody.h. A callback is over, and the buffer wiped, before the next one begins;
 *   (c) turns: turn.h. A client that asks again in its callback waits behind all others that wait;
 *   (d) an error from below ends one operation, and the next begins;
 *   (e) a client's death frees its place; what is under way for it ends without a callback, but
 *       goes on for others that share it.
 *
 * A process's request stands in its grant, and devices that it was lent can write there: what is
 * loaded is input, and begin checks it. A kernel client's stands in struct virt.
 * Sources: the virtualization text; Tock's capsules/core/src/virtualizers for what they offer.
 */
#ifndef MODEL_VIRT_VIRT_H
#define MODEL_VIRT_VIRT_H

#include "model/driver.h"
#include "model/virt/custody.h"
#include "model/virt/id.h"

enum {
    VIRT_WORDS = 6,           /* of a request */
    VIRT_CLIENT_BUFFER = 64,  /* bytes of each kernel client's own buffer */
    VIRT_KERNEL_RAM = 0x2800, /* bytes of kernel_ram that all of them need, from VIRT_RAM_OFFSET */
    VIRT_RAM_OFFSET = 0x400,  /* behind the console's and the radio's buffers */
};

struct virt {
    struct turn turn;
    struct custody custody;
    struct clients joined; /* they share the operation under way */
    uint8_t client;        /* whose operation is under way; CLIENT_NONE: idle */
    bool orphan;           /* ... but that client has died */
    bool ending;           /* its callback runs */
    bool beginning;        /* begin runs: nobody is called back in it */
    bool over;             /* it could not begin, or was done at once: the deferred call ends it */
    bool given_up;         /* it showed no progress: ERR_FAIL, whatever abort says */
    bool closed;           /* to all who ask: virt_close */
    uint8_t err;           /* of what is over */
    uint32_t result;
    uint16_t polls;    /* pieces since the last one with progress */
    uint32_t progress; /* the multiplexer's own, 0 at begin */
    uint32_t requests[CLIENT_MAX - CLIENT_KERNEL][VIRT_WORDS];
    uint32_t asked[KERNEL_CLIENT_MAX]; /* operations that each kernel client has asked for */
};

struct virt_type {
    enum virt_id id;
    const struct driver *driver; /* the row whose callers are the process clients; grant_bytes is
                                    of the request's first words, at most VIRT_WORDS */
    uint16_t buffer_size;        /* of the multiplexer's own buffer in kernel RAM; 0: none, results
                                    are words */

    /* Never NULL: begin, deliver, kernel_request. */

    /* Begins `client`'s operation: checks the request, loads the buffer, sets the chip to work.
     * An error: nothing is under way, and the client is called back with it. */
    enum err (*begin)(struct kernel *k, struct hw *hw, uint32_t client,
                      const uint32_t request[VIRT_WORDS]);
    /* Gives a process what its operation has brought: results into its buffers, and the upcall.
     * virt_upcall has no other place. */
    void (*deliver)(struct kernel *k, struct hw *hw, const struct process *p,
                    const uint32_t request[VIRT_WORDS], enum err err, uint32_t result);
    /* The client has died, and nobody shares what it asked for: the chip is to stop. If it has
     * stopped at once, calls virt_end. NULL: what is under way ends soon by itself. */
    void (*abort)(struct kernel *k, struct hw *hw);
    /* An operation that shows no progress for so long is given up: abort, and ERR_FAIL for the
     * client. 0, or a board without an alarm: one that is never ended keeps all others waiting for
     * ever. Progress is virt_progress. */
    uint16_t timeout_ms;
    /* What no interrupt drives: one piece of the operation under way, which ends it by virt_end.
     * Called `step_us` after the last one or after begin, by the board's alarm: user mode runs
     * between. timeout_ms of pieces without virt_progress: given up. NULL: the chip does it all. */
    void (*step)(struct kernel *k, struct hw *hw);
    uint16_t step_us;
    /* One result may serve both. NULL: never. */
    bool (*joins)(const uint32_t mine[VIRT_WORDS], const uint32_t theirs[VIRT_WORDS]);
    /* What kernel client `client` asks for, each time anew; the words are 0 so far. Its buffer is
     * virt_client_buffer. */
    void (*kernel_request)(uint32_t client, uint32_t request[VIRT_WORDS]);
    /* Before that: fills its buffer. NULL: it hands over nothing of its own. */
    void (*kernel_prepare)(struct kernel *k, struct hw *hw, uint32_t client);
    /* The callback of CLIENT_NETWORK. NULL: it never asks. */
    void (*network_done)(struct kernel *k, struct hw *hw, enum err err, uint32_t result);
};

/* Idle, nobody waits, buffer wiped. Before any client asks. */
void virt_start(struct kernel *k, struct hw *hw, const struct virt_type *type);

/* The board has this device, and kernel RAM for its buffers. */
bool virt_present(const struct kernel *k, const struct virt_type *type);

/* `client`'s operation, with the words of its request, in its turn.
 * ERR_BUSY: one of its own waits or is under way; or it is closed. For a process, also those of
 * grant_write. */
enum err virt_ask(struct kernel *k, struct hw *hw, const struct virt_type *type, uint32_t client,
                  const uint32_t request[VIRT_WORDS]) MUST_CHECK;

/* The same for a process: sees to its grant first. Also the errors of grant_allocate and
 * grant_enter. */
enum err virt_ask_process(struct kernel *k, struct hw *hw, const struct virt_type *type,
                          struct process *p, const uint32_t request[VIRT_WORDS]) MUST_CHECK;

/* An operation of `client` waits, or is under way and has not been called back. */
bool virt_has(struct kernel *k, const struct virt_type *type, uint32_t client);

/* The chip is done, for better or worse. Nothing under way: nothing. In begin: once the call has
 * returned. */
void virt_end(struct kernel *k, struct hw *hw, const struct virt_type *type, enum err err,
              uint32_t result);

/* The chip is not done, but works: the timeout begins anew. */
void virt_progress(struct kernel *k, struct hw *hw, const struct virt_type *type);
/* Its alarm: the next piece is due, or it has shown no progress. */
void virt_alarm(struct kernel *k, struct hw *hw, const struct virt_type *type);

/* The process is gone: driver.on_process_end. */
void virt_forget(struct kernel *k, struct hw *hw, const struct virt_type *type,
                 struct process_id id);

/* What is one client's for as long as it likes, behind a capability: from now on all who ask are
 * told ERR_BUSY. ERR_BUSY: an operation is under way, or it is closed. virt_open: to be shared
 * again. */
enum err virt_close(struct kernel *k, const struct virt_type *type) MUST_CHECK;
void virt_open(struct kernel *k, const struct virt_type *type);

/* Ends what is over since it began, and wakes kernel clients that have not asked yet. True: it did
 * something. Called by kernel_next. */
bool virt_deferred(struct kernel *k, struct hw *hw);

struct virt *virt_of(struct kernel *k, const struct virt_type *type);
const struct driver_place *virt_place(const struct kernel *k, const struct virt_type *type);

/* ---- for multiplexers: buffers (buffers.c) */

/* The multiplexer's own; and a kernel client's. */
struct span virt_buffer(const struct kernel *k, enum virt_id id);
struct span virt_client_buffer(const struct kernel *k, enum virt_id id, uint32_t client);

/* `size` bytes at `offset` of what `client` hands over, ready for the chip: *down. A process's are
 * copied from its allow (kind, n) as it is now into the multiplexer's own; a kernel client's stay
 * where they are. Both are lent downward until virt_end, virt_load or virt_reserve.
 * ERR_SIZE: more than the client's buffer, or the multiplexer's, has; or 0. */
enum err virt_load(struct kernel *k, struct hw *hw, const struct virt_type *type, uint32_t client,
                   enum allow_kind kind, uint32_t n, uint32_t offset, uint32_t size,
                   struct span *down) MUST_CHECK;

/* The same with room for `more` bytes of results behind them; *down is both. */
enum err virt_load_and_reserve(struct kernel *k, struct hw *hw, const struct virt_type *type,
                               uint32_t client, enum allow_kind kind, uint32_t n, uint32_t offset,
                               uint32_t size, uint32_t more, struct span *down) MUST_CHECK;

/* Room for `size` bytes to come for `client`, lent downward. ERR_SIZE: as above. */
enum err virt_reserve(struct kernel *k, struct hw *hw, const struct virt_type *type,
                      uint32_t client, uint32_t size, struct span *down) MUST_CHECK;

/* What the multiplexer has made of `client`'s bytes, process or not, into its own buffer, lent
 * downward. ERR_SIZE: as above. */
enum err virt_make(struct kernel *k, struct hw *hw, const struct virt_type *type, uint32_t client,
                   const uint8_t *bytes, uint32_t size, struct span *down) MUST_CHECK;

/* The multiplexer's own buffer, all of it, becomes `client`'s, a kernel client's, too, and is lent
 * downward. For what is put together there; virt_fetch: the first bytes of what `client` hands
 * over, as they are now, to `to` in it. ERR_SIZE: the client's has not so many. */
struct span virt_take(struct kernel *k, struct hw *hw, const struct virt_type *type,
                      uint32_t client);
enum err virt_fetch(struct kernel *k, struct hw *hw, const struct virt_type *type, uint32_t client,
                    enum allow_kind kind, uint32_t n, struct span to) MUST_CHECK;

/* In deliver: the first `size` bytes of the multiplexer's own buffer, from `from` on, to the
 * process's read-write allow `n` as it is now; how many it took. */
uint32_t virt_unload(struct kernel *k, struct hw *hw, const struct virt_type *type,
                     const struct process *p, uint32_t n, uint32_t from, uint32_t size);

/* In deliver: the upcall. */
void virt_upcall(struct kernel *k, struct hw *hw, const struct virt_type *type,
                 const struct process *p, uint32_t n, uint32_t a, uint32_t b, uint32_t c);

extern const struct virt_type *const virts[VIRTS];
#define VIRT_DECLARE(number, name, home) extern const struct virt_type virt_##name;
VIRT_LIST(VIRT_DECLARE)
#undef VIRT_DECLARE

#endif
