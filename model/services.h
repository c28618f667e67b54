/* services.h: the state of the ordinary services that live beside passthrough: alarm, console,
 * GPIO, and the radio on boards that lend it to nobody. Each is a chip driver (registers and
 * interrupts, as on silicon) with its capsule above it.
 */
#ifndef MODEL_SERVICES_H
#define MODEL_SERVICES_H

#include "model/capability.h"
#include "model/driver.h"
#include "model/limits.h"
#include "model/process.h"
#include "model/virt/crypto.h"
#include "model/virt/uart.h"
#include "model/virt/udp.h"
#include "model/virt/virt.h"

/* capsule_alarm.c over chip_rtc.c. Driver 0x0. Commands as Tock's alarm driver: 0 exists, 1
 * frequency (32768), 2 read the 32-bit counter, 3 stop (ERR_ALREADY: none is set), 5 set relative
 * (ticks), 6 set absolute (reference, ticks); both answer with the counter's value at expiration.
 * Subscribe 0: (now, expiration, 0), once for each alarm set, never early; one that is due already
 * fires within two ticks. A process has one alarm: setting it again moves it.
 * Errors of 5 and 6: those of grant_allocate and grant_enter. Anything else: ERR_NOSUPPORT. */
struct alarm_service {
    uint64_t kernel_due[ALARM_KERNEL_MAX]; /* ticks; ALARM_NEVER: none is set */
    uint32_t kernel_fired[KERNEL_CLIENT_MAX];
    bool firing;        /* what is set meanwhile is armed when all that are due have fired */
    uint32_t high;      /* 24-bit COUNTER overflows seen: each interrupts, so none goes unseen */
    uint32_t last;      /* COUNTER at the last look */
    bool armed;         /* CC[0] waits for armed_for; not so far alarms: an overflow is nearer */
    uint64_t armed_for; /* tick */
};

/* Ticks of 32768 Hz since the kernel's start; 0 on a board without an alarm. */
uint64_t alarm_now(struct kernel *k, struct hw *hw);

/* The alarm of a component of the kernel (below ALARM_KERNEL_MAX), to fire at that tick or soon
 * after, never before; ALARM_NEVER: none any more. Without an alarm on the board: nothing. */
#define ALARM_NEVER UINT64_MAX
void alarm_kernel_set(struct kernel *k, struct hw *hw, uint32_t which, uint64_t due);

/* capsule_console.c over chip_uarte.c. Driver 0x1. Commands 0 exists, 1 write (length), 2 read
 * (length), 3 abort read. Read-only allow 1: bytes to write; read-write allow 1: where to read.
 * Subscribe 1: written (length, 0, 0); 2: read (enum err, length, 0).
 *
 * A write is whole and in its turn: longer than the DMA buffer it goes out in pieces, none of
 * anybody else's between; then the next client's (virt/uart.h). The length is cut to the allowed
 * buffer, at each piece anew. One reader at a time, up to CONSOLE_BUFFER bytes a read; its buffer
 * stands at CONSOLE_BUFFER in kernel_ram and is zeroed before it serves the next. A dead writer's
 * transfer under way ends; a dead reader's is stopped. On a board with frames the reader gets the
 * bytes that are outside of them; those that come while nobody reads are lost, and so are those of
 * which the kernel cannot be sure that they are no frame's, since the UARTE has lost some (a read
 * goes on then: what it gets has a gap); and a '~' that a process writes goes out as '^', since it
 * is a frame's flag.
 *
 * ERR_BUSY: this process's write, or frame, is under way; or anybody's read is.
 * ERR_SIZE: length 0, or no buffer allowed. ERR_ALREADY: abort, but this process does not read.
 * ERR_CANCEL, in the upcall: aborted, with the bytes that came before. */
struct console_service {
    struct process_id reader; /* unique 0: nobody */
    uint32_t read_length;
    uint32_t read_count; /* bytes that have come, on a board with frames */
    bool read_stopped;   /* aborted, or its reader died: ends soon */
};

/* capsule_gpio.c over chip_gpio.c. Driver 0x4. Commands as Tock's GPIO driver: 0 exists, 1 enable
 * output (pin), 2 set, 3 clear, 4 toggle, 5 enable input (pin, pull: 0 none, 1 up, 2 down), 6 read
 * (success with the level). Pins are shared, as in Tock: no process owns one. No interrupts.
 * ERR_INVAL: no such pin (0..31) or pull. */

/* capsule_radio.c over chip_radio.c. Driver 0x30001 (ours; Tock's own 0x30000, which advertises and
 * scans, no more, is below). Bluetooth LE packets, one action a call, at moments that hardware
 * keeps: the link layer is the app's. What it gives up against a lent radio: between a packet's end
 * and the answer lie an interrupt, its bottom half with one copy, an upcall, and the calls below
 * with another copy.
 *
 *   read-only allow 0     the PDU to send: header, length, payload, as in the air
 *   read-write allow 0    where a received PDU goes; what does not fit is cut
 *   subscribe 0           received: (enum err | size << 16, first bit, last bit)
 *   subscribe 1           nothing came: (0, the window's end; of 8 and 9 the last bit sent, 0)
 *   subscribe 2           sent, of command 7 only: (0, last bit, 0)
 *
 *   0 exists
 *   1 take               ERR_BUSY: another app has the radio, some app advertises, or the radio is
 *                        not off yet.
 *                        ERR_OFF: the crystal does not oscillate yet: again in a while
 *   2 give back
 *   3 now                success with the time
 *   4 address            (access address, CRC init of 24 bits)
 *   5 tune               (channel 0 to 39, phy 0: 1M or 1: 2M)
 *   6 listen             (from, for): first bits from that moment on and for so long
 *   7 send               (size, at): the first bit at that moment
 *   8 send and listen    (size, at): then for an answer 150 us behind the last bit
 *   9 send soon, listen  (size): success with the moment of the first bit
 *   10 stop              ERR_ALREADY: nothing is under way. Afterwards no upcall comes of it
 *
 * Times are microseconds of the radio's counter, modulo 2^32, on the air: an answer to what came in
 * is asked for at its last bit + 150. One app has the radio at a time; its end stops it, and the
 * buffer is zeroed before it is another's.
 *
 * ERR_RESERVE, of 2 to 10: this app has not taken the radio.
 * ERR_BUSY, of 4 to 9: something is under way. ERR_INVAL: no such address, channel, PHY or duration
 * (up to RADIO_LISTEN_MAX_US); the PDU's own length is not `size` - 2.
 * ERR_SIZE, of 7 to 9: `size` is not 2 to 257, or more than the buffer. ERR_CANCEL, of 6 to 8: that
 * moment has gone by, or is more than CHIP_RADIO_AHEAD_MAX_US away: nothing happens.
 * In the upcall, ERR_FAIL: the CRC is wrong. ERR_SIZE: it is right, but the PDU was cut; size is
 * what is in the buffer. */
enum { RADIO_LISTEN_MAX_US = 1 << 29 };
struct radio_service {
    struct process_id client; /* unique 0: nobody's */
    uint8_t doing;            /* what is under way */
    uint8_t phy;
    uint32_t last_us; /* the last bit of what is sent, or the end of the window */
};

/* The packet's buffer, behind the console's two. */
struct span radio_buffer(const struct kernel *k);

/* capsule_ble_advertising.c over chip_radio.c. Driver 0x30000, after Tock's ble_advertising_driver:
 * the kernel advertises for its apps, each with an address and an interval of its own, and an app
 * has nothing to do between.
 *
 *   read-only allow 0     the payload (AD structures), the first 31 bytes of it; may be missing
 *
 *   0 exists
 *   1 stop               ERR_BUSY: this app does not advertise, or its event is under way: again
 *   3 start              (PDU type 0 ADV_IND, 2 ADV_NONCONN_IND or 6 ADV_SCAN_IND; interval in ms,
 *                        raised to 20). ERR_INVAL: another type, or more than 10,240 ms.
 *                        ERR_BUSY: this app advertises, or an app has taken the radio (0x30001).
 *                        ERR_OFF: the crystal does not oscillate yet: again in a while.
 *                        Others: those of grant_allocate and grant_enter
 *
 * An event is the PDU on channels 37, 38 and 39, LE 1M; the payload is copied anew for each, for 37
 * when the event before has ended: what the app changes may show an event late. The first begins an
 * interval and a delay after the start, each further one an interval and a delay after the one
 * before; the radio's counter begins it, whatever the CPU is at. Between channels lies an
 * interrupt's bottom half. Delays are 0 to 10 ms, from a linear congruential generator that starts
 * at 0 with the kernel: they keep two advertisers apart, and are no secret. An app's address is
 * static random: f0, its process's unique number, f0; so another one after a restart.
 *
 * One radio: who is due first is first; whoever is due while it sends comes right after that. So
 * each has its turn. The end of an app's life ends its advertising at once, in the middle of a
 * packet, too. The buffer is zeroed before it serves the next app.
 *
 * Otherwise than Tock's: there command 0 starts (against TRD 104, by which it has no effect), the
 * delay is whole ms, an event that meets another's is put off by a whole interval, and there is no
 * upper limit. Left out: 2 transmit power (0 dBm here) and 5 passive scanning, with its read-write
 * buffer and its upcall: ERR_NOSUPPORT and what the kernel says of missing numbers. As Tock's, it
 * answers neither SCAN_REQ nor CONNECT_IND, whatever the PDU type says.
 *
 * Sources: Tock, capsules/extra/src/ble_advertising_driver.rs; Bluetooth Core 6.2, Vol 6 Part B
 * 2.3.1 (PDUs, payload) and 4.4.2 (events, interval, delay). */
enum {
    ADVERTISING_PAYLOAD_MAX = 31,
    ADVERTISING_INTERVAL_MIN_MS = 20,
    ADVERTISING_INTERVAL_MAX_MS = 10240
};
struct advertising_service {
    struct process_id sender; /* whose event is armed or under way; unique 0: nobody advertises */
    uint8_t channel;
    uint32_t at_us; /* the first bit on that channel */
    uint32_t draw;  /* of delays */
};

/* Some app advertises: the radio and its line are this driver's. */
bool advertising_is_on(const struct kernel *k);

/* virt/adc.c: sampling on and on. */
struct adc_service {
    uint32_t buffers; /* that the kernel's sampler has had */
};

/* Samples `channel` at `hz` until adc_sample_stop: no other client is served meanwhile, so only
 * who holds the capability may ask. ERR_INVAL: no such channel or rate. ERR_BUSY: a client is being
 * served, or somebody samples on and on already. */
enum err adc_sample_on(struct kernel *k, struct hw *hw, const struct adc_sampling_capability *may,
                       uint32_t channel, uint32_t hz) MUST_CHECK;
void adc_sample_stop(struct kernel *k, struct hw *hw, const struct adc_sampling_capability *may);

/* virt/storage.c: what is under way. */
struct storage_service {
    uint32_t request[3]; /* what it is, where, how much */
    bool waits;          /* it has not begun: a word of one that was given up is yet to land */
    uint32_t row;        /* of the directory, and the region's number */
    bool claims;         /* ... the row is to be written first */
    bool erases;         /* ... then the region is to be erased */
    bool touched;        /* a slice of that has been done: only the page buffer has its bytes now */
    bool wrote;          /* the word at `at` has been written, and not yet read back */
    bool fails;          /* a word is not as it was written */
    uint8_t slices;      /* of the erasure, yet to do */
    uint32_t at, end;
    uint32_t length; /* for the callback */
};

struct services {
    struct alarm_service alarm;
    struct console_service console;
    struct uart_service uart;
    struct radio_service radio;
    struct advertising_service advertising;
    struct adc_service adc;
    struct udp_service udp;
    struct storage_service storage;
    struct crypto_service crypto;
    struct virt virts[VIRTS];
    uint32_t virts_deferred; /* bit i: virts[i] has something to do in a deferred call */
};

extern const struct driver alarm_driver;
extern const struct driver console_driver;
extern const struct driver gpio_driver;
extern const struct driver radio_driver;
extern const struct driver ble_advertising_driver;

/* virt/rng.c over chip_rng.c. Driver 0x40001. Commands as Tock's RNG driver: 0 exists, 1 get
 * (length, 1 to 256). Read-write allow 0: where to. Subscribe 0: (enum err, length, 0). Bytes of
 * one client are given to no other. ERR_SIZE: no length, or more than the buffer. ERR_BUSY: its own
 * request waits or is under way. */
extern const struct driver rng_driver;

/* virt/adc.c over chip_saadc.c. Driver 0x5. Commands as Tock's ADC driver: 0 exists, 1 sample
 * (channel 0 to 7: AIN0 to AIN7). Subscribe 0: (enum err, channel, sample of 12 bits, 0 to 3.6 V).
 * A reading that begins serves all who wait for its channel: samples are nobody's (virtualization
 * text, Data Sharing 3). ERR_INVAL: no such channel. ERR_BUSY: its own sample waits or is under
 * way; or a component of the kernel samples on and on. Otherwise than Tock's: 0 does not tell the
 * number of channels (TRD 104, 4.3.1: Success and no more); the first argument is an error, not the
 * mode; and 2 to 4, sampling on and on, do not exist (ERR_NOSUPPORT): they take a capability that
 * no process has. */
extern const struct driver adc_driver;

/* virt/spi.c over chip_spim.c. Driver 0x20001. Commands as Tock's SPI controller driver: 0 exists,
 * 2 transfer (length, 1 to 128), 3 set chip select (pin of the GPIO port, low while a transfer
 * lasts), 5 set rate (Hz; the next slower one of 125 kHz to 8 MHz), 7 set phase, 9 set polarity (0
 * or 1), and 4, 6, 8, 10 get them. Read-only allow 0: what goes out; read-write allow 0: where to
 * put what comes, as much as there is room for, and it may be missing. Subscribe 0: (enum err,
 * length, 0).
 * Each client has a configuration of its own, set in the hardware anew before each of its
 * transfers; 125 kHz and mode 0 at first. ERR_RESERVE, of 2: no chip select has been set.
 * ERR_SIZE: no length, more than 128, or more than the buffer. ERR_INVAL: no such pin, phase,
 * polarity, or no rate as slow. ERR_BUSY: its own transfer waits or is under way. In the upcall
 * ERR_FAIL: it has taken more than 100 ms, or was cut short.
 * Otherwise than Tock's: its boards give each app a chip select by index, and its upcall has no
 * error. */
extern const struct driver spi_driver;

/* virt/i2c.c over chip_twim.c. Driver 0x20003. Commands as Tock's I2C master driver: 0 exists, 1
 * write (address of 7 bits, length), 2 read (address, length), 3 write then read, with a repeated
 * START between (address | length to write << 8, length to read). Lengths from 1, 128 together.
 * Read-write allow 1: what goes out is at its start, and what comes is put there. Subscribe 0:
 * (enum err, bytes that came, or of a write went, 0).
 * Each client has a rate of its own, set in the hardware anew before each of its transfers: 4 set
 * rate (Hz; the next slower one of 100, 250 and 400 kHz), 5 get it; 100 kHz at first.
 * ERR_SIZE: no length, more than 128, or more than the buffer. ERR_INVAL: no such address, or no
 * rate as slow. ERR_BUSY: its own transfer waits or is under way. In the upcall, ERR_NOACK: nobody
 * has that address, or a byte was refused. ERR_SIZE: also an overrun, bytes are lost. ERR_FAIL: it
 * has taken more than 100 ms, since somebody holds the clock, or was cut short. As long as the
 * clock is held each client in its turn is told so; when it is let go, the next is served.
 * Otherwise than Tock's: there the rate is the board's, addresses are cut to 8 bits, lengths go up
 * to 64, a bare address may be written, a second client is told NOMEM, and the upcall has no
 * length. */
extern const struct driver i2c_driver;

/* virt/frames.c over virt/uart.h. Driver 0x30003 (ours), on a board whose kernel has "frames": each
 * process may have an address on the console's line, and frames of RFC 1662 go to it and come from
 * it; whose a frame is, the address says.
 *
 *   read-only allow 0     the payload to send
 *   read-write allow 0    where a payload that comes goes
 *   subscribe 0           received: (enum err, size, 0), once for each command 3
 *   subscribe 1           sent: (enum err, size, 0), once for each command 4
 *
 *   0 exists
 *   1 bind               (address, 1 to 254), first come first served. ERR_BUSY: it is another
 *                        process's, or a frame with it is still going out. ERR_ALREADY: this one
 *                        has an address. ERR_INVAL: no address
 *   2 unbind             a receive that waits is called back with ERR_CANCEL
 *   3 receive            one frame. ERR_BUSY: it waits for one. ERR_SIZE: no buffer
 *   4 send               (size), with the own address. ERR_SIZE: 0, more than FRAME_PAYLOAD_MAX, or
 *                        than the buffer. ERR_BUSY: a write or a frame of its own is on its way
 *
 * ERR_RESERVE, of 2 to 4: this process has no address; in upcall 1: it has none any more. The
 * address is free again when the process ends.
 *
 * In upcall 0, ERR_SIZE: the buffer was shorter than the frame, whose size it says; nothing of it
 * has been given. A frame that comes while its process does not wait is dropped. In upcall 1,
 * ERR_SIZE: the buffer shrank; whoever reads the line has seen the frame aborted. */
extern const struct driver frames_driver;

/* virt/udp.c over virt/uart.h. Driver 0x30002, on a board whose kernel has "frames": UDP over IPv6
 * over the serial line, with the host at its other end (fe80::1; the board is fe80::2).
 *
 *   read-only allow 0     the data to send
 *   read-only allow 1     where to: an IPv6 address of 16 bytes; none, of size 0: the host
 *   read-write allow 0    where received data goes
 *   read-write allow 1    where its sender's address goes; may be missing
 *   subscribe 0           received: (enum err, size, the sender's port)
 *   subscribe 1           sent: (enum err, size, 0)
 *
 *   0 exists
 *   1 bind (port)           success with the port; 0 picks a free one. ERR_BUSY: another client has
 *                           it, or a datagram from it is still under way. ERR_ALREADY: this one has
 *                           a port. ERR_NOMEM: UDP_PORTS are in use. ERR_INVAL: no such port
 *   2 unbind                what waits to be received is given up without an upcall
 *   3 send (size, port)     size 0 to 256. ERR_SIZE: more than that, or than the buffer; or 1 to 15
 *                           bytes of an address. ERR_INVAL: no such port. ERR_BUSY: its own waits
 *                           or is under way
 *   4 receive               one datagram. ERR_BUSY: it waits for one
 *
 * ERR_RESERVE, of 2 to 4: no port; in upcall 1: it has none any more. Data and address are taken at
 * the datagram's turn: in upcall 1, ERR_SIZE: they have shrunk meanwhile. In upcall 0, ERR_SIZE:
 * the buffer was shorter than the datagram, whose size it says; nothing of it has been given. A
 * datagram that comes while its client does not wait is dropped, as UDP may, and so is one that had
 * begun to come before the port was this client's.
 * Otherwise than Tock's: there command 2 sends, 3 binds, with addresses and ports in buffers. */
extern const struct driver udp_driver;

/* virt/storage.c over chip_nvmc.c. Driver 0x50001. Commands as Tock's nonvolatile storage driver: 0
 * exists, 1 size of the client's region (success with STORAGE_REGION bytes), 2 read (offset,
 * length), 3 write (offset, length). Read-write allow 0: where to read to; read-only allow 0: what
 * to write. Subscribe 0: read, 1: written: (length, enum err, 0).
 *
 * Each client has one region, a page of flash, and offsets count from its start. The board's
 * storage begins with a page that says whose each further one is: an app's by the short id of its
 * credential, whatever its place among the apps, so that it finds its bytes again in another life
 * or after the kernel's restart, and nobody else ever does. A region is its owner's for good, from
 * its first write on; before, it reads as erased. Apps with one id are one app.
 *
 * A write changes its bytes and no others. Tock's apps know no erasure, and so the kernel sees to
 * it: where words are erased or as they shall be, they are written alone; else the region is read
 * into the page buffer, erased and written anew. Flash keeps the CPU from its code while it is
 * written, so the work is done in pieces of 1 ms (of the erasure, or 24 words), with
 * STORAGE_PAUSE_US for the apps and other drivers before each: a write takes up to 260 ms, and
 * costs others half of the CPU, never more than a piece at once. What an app hands over is copied
 * as its write begins. An app that dies in its write ends it at once, unless the region is being
 * erased: then the write is ended for it, since its other bytes are in the page buffer alone. Power
 * that fails then costs the region, as with Tock's flash pages. Only words that change are written,
 * so that the time of a write tells others how many there are. That is not kept from them.
 *
 * ERR_NOSUPPORT, of 1 to 3: no credential, so nobody's region. ERR_INVAL: not all in the region.
 * ERR_RESERVE: no buffer allowed. ERR_SIZE: no length, or more than the buffer. ERR_BUSY: its own
 * operation waits or is under way. In the upcall ERR_NOMEM: no region is free. ERR_FAIL: a word or
 * the page is not as it was written, or the controller is busy for 20 ms; words that did not fail
 * are written.
 * Otherwise than Tock's: there all apps share one region, lengths are cut to the buffer's, and the
 * upcall has no error. Left out: regions of several pages, and of other ids (TBF storage
 * permissions). */
enum { STORAGE_REGION = 4096, STORAGE_PAUSE_US = 1000 };
extern const struct driver storage_driver;

#endif
