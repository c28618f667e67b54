/* time.h: the numbers and rules of a connection's time line, in picoseconds.
 *
 *   CONNECT_IND |--delay--|--WinOffset--[ WinSize ]       the first packet starts inside
 *                                          ^ anchor 0 --interval--> anchor 1 --> ...
 *   one event:  C->P 80 us | 150 us T_IFS | P->C 80 us | ...   ends T_IFS before the next anchor
 *   the peripheral listens from anchor - widening to anchor + widening
 *
 * Exact integer arithmetic; what a listener must allow for is rounded up, to whole picoseconds. All
 * is pure: no state. Fields "in units" are as the PDUs carry them: intervals, offsets and sizes of
 * windows in 1.25 ms, timeouts in 10 ms.
 *
 * Source: Bluetooth Core 6.2, Vol 6, Part B ("6.B"), sections at each.
 */
#ifndef SIM_BLE_TIME_H
#define SIM_BLE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define BLE_PS_PER_US UINT64_C(1000000)
#define BLE_UNIT_PS (1250 * BLE_PS_PER_US)          /* of intervals, offsets, window sizes */
#define BLE_TIMEOUT_UNIT_PS (10000 * BLE_PS_PER_US) /* of connSupervisionTimeout */

#define BLE_T_IFS_PS (150 * BLE_PS_PER_US)             /* 6.B 4.1.1: last bit to first bit */
#define BLE_ACTIVE_JITTER_PS (2 * BLE_PS_PER_US)       /* 6.B 4.2.1: T_IFS is kept to this */
#define BLE_SLEEP_JITTER_PS (16 * BLE_PS_PER_US)       /* 6.B 4.2.2: anchors are kept to this */
#define BLE_ACTIVE_PPM_MAX 50                          /* 6.B 4.2.1 */
#define BLE_SLEEP_PPM_MAX 500                          /* 6.B 4.2.2 */
#define BLE_WINDOW_DELAY_PS (1250 * BLE_PS_PER_US)     /* 6.B 4.5.3: after CONNECT_IND */
#define BLE_WINDOW_DELAY_AUX_PS (2500 * BLE_PS_PER_US) /* after AUX_CONNECT_REQ, 1M or 2M */
#define BLE_WINDOW_DELAY_AUX_CODED_PS (3750 * BLE_PS_PER_US) /* after AUX_CONNECT_REQ, coded */
#define BLE_PROCEDURE_TIMEOUT_PS (40000000 * BLE_PS_PER_US)  /* 6.B 5.2: 40 s */

/* Limits of CONNECT_IND's fields, in units: 6.B 2.3.3.1, 4.5.1 to 4.5.3. */
#define BLE_INTERVAL_MIN 6
#define BLE_INTERVAL_MAX 3200
#define BLE_LATENCY_MAX 499
#define BLE_TIMEOUT_MIN 10
#define BLE_TIMEOUT_MAX 3200
#define BLE_WINDOW_SIZE_MAX 8 /* and less than the interval */
#define BLE_HOP_MIN 5
#define BLE_HOP_MAX 16

/* Why a connection ends: Vol 1, Part F, 1.3. */
enum ble_reason {
    BLE_REASON_TIMEOUT = 0x08,           /* connSupervisionTimeout */
    BLE_REASON_REMOTE_USER = 0x13,       /* the peer's user said so */
    BLE_REASON_LOCAL_HOST = 0x16,        /* our own host said so */
    BLE_REASON_UNSUPPORTED = 0x1a,       /* a feature of the peer: in LL_REJECT_* */
    BLE_REASON_PROCEDURE_TIMEOUT = 0x22, /* LL response timeout, 40 s */
    BLE_REASON_INSTANT_PASSED = 0x28,
    BLE_REASON_MIC_FAILURE = 0x3d,
    BLE_REASON_NOT_ESTABLISHED = 0x3e, /* 6 intervals without a packet */
};

struct ble_window {
    uint64_t start_ps; /* a packet's first bit is not earlier ... */
    uint64_t end_ps;   /* ... and not later than this */
};

bool ble_window_holds(struct ble_window window, uint64_t at_ps);

/* ---- turnaround: 6.B 4.1.1 with 4.2.1 */

/* When the first bit of a reply may come after a packet whose last bit was at `end_ps`: 148 to
 * 152 us later. */
struct ble_window ble_reply_window(uint64_t end_ps);
/* An event's last bit comes no later than this: T_IFS before the next anchor. 0 if there is no
 * room. 6.B 4.5.6. */
uint64_t ble_event_limit_ps(uint64_t next_anchor_ps);

/* ---- sleep clock accuracy: 6.B 2.3.3.1, table of SCA */

/* Worst ppm of class 0..7 (500, 250, 150, 100, 75, 50, 30, 20). Of `sca` three bits count. */
unsigned ble_sca_ppm(unsigned sca);
/* The class that a clock of this ppm has to state: the best that still covers it; 0 from 251 on. */
unsigned ble_ppm_sca(unsigned ppm);

/* ---- window widening: 6.B 4.2.4
 *
 * widening = (ppm of the central + ppm of the peripheral) / 10^6 * (end of the nominal receive
 * window - last anchor) + 16 us for each side (Core 4 has the 16 us beside its formula).
 * Neither ppm is above 10^6; the result stops at UINT64_MAX. */

/* One side's share: ppm / 10^6 * elapsed, rounded up, + jitter. */
uint64_t ble_allowance_ps(uint32_t ppm, uint64_t elapsed_ps, uint64_t jitter_ps);
/* Both sides', sleep clocks: rounded up once. */
uint64_t ble_widening_ps(uint32_t central_ppm, uint32_t peripheral_ppm, uint64_t elapsed_ps);
/* interval/2 - T_IFS: a widening that reaches this ends the connection. */
uint64_t ble_widening_limit_ps(unsigned interval);
/* Where a peripheral listens: the window, wider by `widening_ps` at both ends; not before 0. */
struct ble_window ble_receive_window(struct ble_window nominal, uint64_t widening_ps);

/* ---- transmit windows: 6.B 4.5.3, 5.1.1 */

/* Of a new connection: `delay_ps` (BLE_WINDOW_DELAY_*) and `offset` after CONNECT_IND's end. */
struct ble_window ble_transmit_window(uint64_t connect_end_ps, uint64_t delay_ps, unsigned offset,
                                      unsigned size);
/* Of a connection update: `anchor_ps` is that of the event before the instant, `old_interval` still
 * holds up to the instant. */
struct ble_window ble_update_window(uint64_t anchor_ps, unsigned old_interval, unsigned offset,
                                    unsigned size);

/* ---- instants: 6.B 5.1.1, 5.1.2, 5.1.10 */

/* A PDU with this instant came too late: (instant - counter) mod 65536 >= 32767. The connection
 * ends with BLE_REASON_INSTANT_PASSED. Equal is not too late: it takes effect at once. */
bool ble_instant_passed(uint16_t instant, uint16_t event_counter);
/* What a central may well choose: counter + latency + 6 + 1. The peripheral may sleep over
 * `latency` events before it hears of it, and then has six at which it listens. */
uint16_t ble_instant_choose(uint16_t event_counter, unsigned latency);

/* ---- supervision: 6.B 4.5.2 */

/* connSupervisionTimeout is more than (1 + latency) * interval * 2; equal is too little. */
bool ble_timeout_covers(unsigned timeout, unsigned latency, unsigned interval);
/* How long the link may be silent: 6 intervals until it is established (a first data PDU was
 * received), then the timeout. */
uint64_t ble_supervision_ps(bool established, unsigned interval, unsigned timeout);
/* ... and why it ends when that time is reached. */
enum ble_reason ble_supervision_reason(bool established);
/* How many events in a row, all missed, end an established connection: timeout/interval, rounded
 * up. 0 for an interval of 0. */
unsigned ble_misses_until_timeout(unsigned interval, unsigned timeout);

#endif
