/* client_data.h: the accounts behind client-data: what each client of a multiplexer asked for, what
 * has gone over the wire for it since, and what it was told.
 *
 *   command accepted --> asked --its turn begins--> lane: bytes that went, bytes that came
 *                                                     \--is called back--> told --> the upcall
 *
 * client_data.c keeps them; a file of each kind of wire judges: client_buses.c SPI and I2C,
 * client_line.c the serial line, client_cells.c storage, random bytes and samples. A struct
 * client_service says what a multiplexer's operations are.
 *
 * What was asked is the app's own call, and the bytes of the buffer that it has allowed as its turn
 * begins, which is when they are copied (model/services.h). What went and came is the wire's. The
 * kernel's notes say whose turn it is and when it is over, no more. Bytes are kept as a hash and
 * their number.
 *
 * A value without pointers; one account for each app of the scenario.
 */
#ifndef SIM_MONITORS_CLIENT_DATA_H
#define SIM_MONITORS_CLIENT_DATA_H

#include "model/process.h"
#include "model/virt/id.h"
#include "model/virt/turn.h"
#include "sim/machine.h"
#include "sim/monitors.h"

/* Buffers that apps hand over, by driver, kind and number. */
enum client_buffer {
    BUFFER_SPI_OUT,
    BUFFER_SPI_IN,
    BUFFER_I2C,
    BUFFER_TEXT,
    BUFFER_READ,
    BUFFER_FRAME_OUT,
    BUFFER_FRAME_IN,
    BUFFER_DATAGRAM_OUT,
    BUFFER_DATAGRAM_TO,
    BUFFER_DATAGRAM_IN,
    BUFFER_DATAGRAM_FROM,
    BUFFER_STORED_OUT,
    BUFFER_STORED_IN,
    BUFFER_RANDOM,
    CLIENT_BUFFERS
};

/* Upcalls whose values are judged. */
enum client_upcall {
    UPCALL_SPI,
    UPCALL_I2C,
    UPCALL_WRITTEN,
    UPCALL_READ,
    UPCALL_FRAME_CAME,
    UPCALL_FRAME_SENT,
    UPCALL_DATAGRAM_CAME,
    UPCALL_DATAGRAM_SENT,
    UPCALL_STORED_READ,
    UPCALL_STORED,
    UPCALL_RANDOM,
    UPCALL_SAMPLE,
    CLIENT_UPCALLS
};

enum { TOLD_MAX = 4, ANYTHING = 0xffffffff, LINE_HEAD = 50 };

#define BYTES_NONE UINT64_C(0x9e3779b97f4a7c15)

/* Bytes in a row. */
struct bytes {
    uint64_t hash; /* BYTES_NONE at first */
    uint32_t count;
};

static inline void bytes_add(struct bytes *b, uint8_t byte)
{
    b->hash = (b->hash ^ byte) * UINT64_C(0x9fb21c651e98df25);
    b->hash ^= b->hash >> 29;
    b->count++;
}

/* Of `from`; false: it is not all RAM. */
bool bytes_of(const struct machine *m, struct span from, struct bytes *bytes);
/* The same, where `flag` goes as another byte. */
bool bytes_without(const struct machine *m, struct span from, uint8_t flag, uint8_t goes_as,
                   struct bytes *bytes);

/* What a callback has said and an upcall has yet to say, oldest first. */
struct told {
    uint8_t count;
    bool lost; /* there was no room for an older one */
    struct told_values {
        uint32_t a, b; /* ANYTHING: not known */
    } of[TOLD_MAX];
};

/* What a client has asked of a multiplexer, and has not been called back for. */
struct asked {
    bool open;
    uint32_t driver, command;
    uint32_t a, b;
};

struct account {
    struct span buffers[CLIENT_BUFFERS];
    struct asked asked[VIRTS];
    struct told told[CLIENT_UPCALLS];
    uint32_t id;          /* of its credential; 0: none */
    bool asks_again;      /* in the call that is open, though it has not been called back */
    uint8_t delivered;    /* 1 + the upcall whose values come next; 0: none */
    uint32_t delivers[2]; /* its first two */
    uint32_t spi_rate_hz, i2c_rate_hz;
    uint16_t frame_address, port; /* bound; 0: none */
    uint64_t address_ps, port_ps; /* ... since then */
    uint64_t called_ps;           /* when it last called */
    bool waits_for_frame, waits_for_datagram;
    uint8_t spi_select, spi_mode; /* 0xff: none; CPOL << 1 | CPHA */
};

/* The operation under way at a multiplexer. */
struct lane {
    uint8_t device; /* of the board; 0xff: none */
    uint8_t virt;
    bool lies;    /* something has befallen the device: what it does is nobody's fault */
    bool is_late; /* ... or made it faster or slower */
    bool fails;   /* ... or an error of its own has come */
    struct operation {
        uint8_t client; /* also when it is over; CLIENT_NONE: there was none yet */
        bool goes_on;
        bool known; /* an app's, and all that it asked for is known */
        bool dead;  /* its client has ended since */
        uint64_t dead_ps;
        uint8_t after_death; /* what has gone since */
        bool refused;        /* somebody on the wire did not acknowledge */
        bool is_given;       /* called back with results, which are yet to be seen in its buffer */
        bool is_frame, is_write;
        uint8_t frames;  /* that have gone out whole */
        uint32_t out_of; /* bytes that are to go, and to come */
        uint32_t in_of;
        uint32_t address; /* who is meant: I2C's address, SPI's pin; a frame's, a port: from whom */
        uint32_t to;      /* a datagram's port, and its address's hash */
        uint64_t to_hash;
        struct span from;  /* the app's buffer, at first */
        uint64_t begun_ps; /* or when it last got on */
        uint64_t last_ps;  /* when the last byte went */
        uint64_t over_ps;  /* when the wire has shown its end; 0: it has not */
        uint64_t byte_ps;  /* that a byte takes at least */
        struct bytes wanted, out, in;
        struct span into;   /* what came is to be there ... */
        struct span beyond; /* ... and there what was there before */
        uint64_t rest;      /* its hash */
    } now;
};

/* A frame on the serial line (sim/net/hdlc.h). */
struct line_frame {
    bool is_new; /* nobody has had it */
    uint8_t address;
    uint8_t control;
    uint16_t size;    /* of the payload */
    uint16_t sum;     /* of its words from the packet's addresses on */
    uint64_t from_ps; /* when its address came */
    uint8_t head[LINE_HEAD];
    struct bytes data; /* of the payload, a network's behind the head */
};

struct line_reader {
    bool inside, escaped;
    uint16_t octets; /* of the body so far */
    uint16_t fcs;
    uint8_t held[2];
    struct line_frame frame;
};

enum line_news { LINE_NOTHING, LINE_OUTSIDE, LINE_FRAME, LINE_ABORTED };

struct client_data {
    uint32_t apps;
    struct line_reader line_out, line_in;
    struct line_frame last, last_network; /* that have come */
    uint32_t read_of;                     /* the console's reader: a process, or PROCESS_NONE */
    struct span read_into;                /* the kernel's buffer for it */
    struct bytes read;
    bool read_aborted;
    bool alarm_lies; /* timeouts come at any time */
    bool is_stormy;  /* lines pend all the time, and the kernel has little time for others */
    bool pins_used;  /* by an app or a fault: selects are anybody's */
    uint64_t selected;
    struct lane lanes[VIRTS];
    struct account of[];
};

struct client_service {
    uint32_t driver;
    uint8_t upcall; /* enum client_upcall: how it is called back, if upcall_of does not say */
    enum client_upcall (*upcall_of)(const struct asked *asked);
    /* What is settled in the call. NULL: nothing. */
    void (*asks)(const struct account *account, struct asked *asked);
    bool is_shared;      /* one operation may serve several */
    uint32_t timeout_ms; /* within which an operation gets on; 0: not judged here */
    /* The words of `asked` are such as must be refused. */
    bool (*refuses)(const struct account *account, const struct asked *asked);
    /* Its turn begins: sets out_of, in_of, address, wanted. False: it is not known. */
    bool (*begins)(struct machine *m, const struct account *account, struct operation *now,
                   const struct asked *asked);
    /* Anybody's turn begins. NULL: nothing is asked. */
    void (*turns)(struct machine *m, struct client_data *d, struct lane *lane);
    void (*on_wire)(struct machine *m, struct client_data *d, struct lane *lane, uint32_t act,
                    uint8_t value);
    /* It is called back with `err`: what it is to be told, and `into`. */
    void (*ends)(struct machine *m, struct client_data *d, struct lane *lane,
                 const struct account *account, enum err err);
};

extern const struct client_service client_i2c, client_spi, client_uart, client_udp;
extern const struct client_service client_storage, client_rng, client_adc;

/* client_line.c: a byte that DMA has brought from the line; a read of the console begins; what came
 * is told by an upcall of this app; it has bound an address or a port. */
void client_line_came(struct machine *m, struct client_data *d, uint32_t at, uint8_t byte);
void client_read_begins(struct machine *m, struct client_data *d, const struct record *r);
void client_line_told(struct machine *m, struct client_data *d, uint32_t process,
                      enum client_upcall upcall);
void client_bound(struct machine *m, struct client_data *d, uint32_t process, uint32_t driver);
void client_receives(struct machine *m, struct client_data *d, uint32_t process, uint32_t driver);

/* A break of client-data by that lane's client. */
void client_broken(struct machine *m, const struct lane *lane, enum verdict_detail detail,
                   uint64_t got, uint64_t wanted);

/* It was told `err`, and `wanted` is what became of it. */
void client_error_broken(struct machine *m, const struct lane *lane, enum err err, enum err wanted);

/* The error that an operation is to end with is `wanted`; ERR_FAIL is right whenever it has been
 * given up. */
void client_error_judge(struct machine *m, const struct client_data *d, const struct lane *lane,
                        enum err err, enum err wanted);

/* Something goes out for the lane's client; of what does so for the dead, `most` may. */
void client_dead_judge(struct machine *m, struct lane *lane, uint32_t most);

/* The client is to be told `a` and `b`. */
void told_add(struct told *told, uint32_t a, uint32_t b);
void client_told(struct client_data *d, const struct lane *lane, enum client_upcall upcall,
                 uint32_t a, uint32_t b);

/* What came is to be in `to`, as many bytes of it as there is room for. */
void client_given(struct machine *m, struct operation *now, struct span to);

#endif
