/* ble_link.h: what goes on between a central and a peripheral, as the air and the radios say it.
 *
 *   CONNECT_IND --> a connection --> each packet: event, channel, answer to what, acknowledges what
 *               \-> where the peripheral must listen next <-- air-listen, air-deaf of its radio
 *
 * A second monitor without rules, as the ledger is: the judges of BLE rules come behind it and find
 * here what the record at hand means. It follows frames by access address: event counter from the
 * central's anchors, channel selection #1 and #2, interval, latency, PHY, and procedures with an
 * instant, for each side from what that side has sent or received. What software believes is not
 * looked at. A CRC is good if no bit went wrong on the way; where an answer must be so and not
 * otherwise, a board's radio has to say so, too (CRCSTATUS).
 *
 * Encrypted control PDUs are read with the central's long term key (ble_cipher.h). Where that fails
 * a connection is `opaque`: headers, times and channels are followed on, the PHY in which its
 * peripheral answers and the channel on which it listens are not judged, since it may obey what
 * could not be read; as soon as its central leaves them, such a procedure must have come, and the
 * connection is `adrift`: where the peripheral is and how long it is silent is no longer judged.
 *
 * A control PDU holds for the peripheral once it acknowledges it: it may have no room for it.
 *
 * A central that is not when its own PDUs say, that asks for what no connection may have, or for
 * two things at once of which only one may wait, and a stranger who speaks in its place: the
 * connection is `lawless` from then on. Where it is out of time, or leaves an event that goes on,
 * nobody can tell which event is the peripheral's, and the connection is `adrift`, too. So it is
 * where the scenario's air has changed, moved or made one of its packets, as soon as the central
 * leaves what its packets say: it may never have said that; and where the peripheral hears it in
 * what is another event by all that it has received itself. Of such a connection (ble_is_astray)
 * where the peripheral is, when it listens and how long it is silent are judged no more; when and
 * what it answers is.
 *
 * Cannot see: what is inside of an opaque connection's PDUs. Advertising extensions, LE
 * Coded, subrating; the peripheral's ppm: so what is asked of its receiver is what the central may
 * need, no more.
 *
 * Numbers: sim/ble/time.h. A value without pointers.
 */
#ifndef SIM_MONITORS_BLE_LINK_H
#define SIM_MONITORS_BLE_LINK_H

#include "sim/machine.h"
#include "sim/monitors.h"
#include "sim/monitors/ble_cipher.h"
#include "sim/monitors/ble_plan.h"

enum {
    BLE_CONNECTION_MAX = 4, /* kept; a later one takes the place of the oldest that is over */
    BLE_BARS = 64,
};

/* How a connection stands, for one side. Their names, as scenarios say them: ble_state_names. */
enum ble_link_state {
    BLE_STATE_NONE,            /* peripheral: the CONNECT_IND did not come in */
    BLE_STATE_CREATED,         /* nothing valid has come from the other side yet */
    BLE_STATE_CONNECTED,       /* established */
    BLE_STATE_TERMINATED,      /* LL_TERMINATE_IND, acknowledged */
    BLE_STATE_NOT_ESTABLISHED, /* six intervals without a packet: 0x3e */
    BLE_STATE_TIMED_OUT,       /* connSupervisionTimeout: 0x08 */
    BLE_STATE_INSTANT_PASSED,  /* a procedure came too late: 0x28 */
    BLE_STATES
};
extern const char *const ble_state_names[BLE_STATES + 1]; /* the last is NULL */

/* How far within a bound something was; below 0: beyond it. */
struct ble_margin {
    uint64_t count;
    int64_t min_ps, max_ps; /* count > 0 */
    uint64_t min_at_ps;     /* when the smallest was */
    uint32_t min_event;
    uint16_t min_process;    /* in user mode when that was seen, else PROCESS_NONE */
    uint64_t width_ps;       /* of a bar */
    uint32_t bars[BLE_BARS]; /* bar 0: below 0; n: from (n - 1) * width_ps; the last: all beyond */
};

/* The lower edge of the bar that holds this quantile, no less than the minimum. count > 0. */
int64_t ble_margin_quantile_ps(const struct ble_margin *margin, uint32_t per_mille);

/* One connection in numbers. Arrays are by enum ble_side. */
struct ble_connection_facts {
    uint32_t access_address;
    uint16_t device[BLE_SIDES]; /* index; BOARD_NONE: not known */
    uint8_t state[BLE_SIDES];   /* enum ble_link_state */
    bool opaque, adrift, lawless;
    uint64_t start_ps;                   /* the CONNECT_IND's last bit */
    uint64_t end_ps[BLE_SIDES];          /* when it was over for that side, else TIME_NEVER */
    uint16_t interval, latency, timeout; /* as the central has them, in units */
    /* Events that the central has begun while the peripheral was in the connection. Each is one of
     * these, once it is over: */
    uint32_t events;
    uint32_t answered;
    uint32_t skipped;    /* lawfully: by latency */
    uint32_t lost;       /* the peripheral listened; the air has kept the packets from it */
    uint32_t missed;     /* neither: heard and not answered, or not listened for */
    uint32_t late;       /* answers (of the peripheral) outside of T_IFS +- 2 us */
    uint32_t unlistened; /* events at which it had to listen and did not, or not all the time */
    uint32_t packets[BLE_SIDES];         /* sent */
    uint32_t received[BLE_SIDES];        /* by this side, with a good CRC */
    uint32_t bad_crcs[BLE_SIDES];        /* by this side, with a bad one */
    uint32_t retransmissions[BLE_SIDES]; /* by this side, not of empty PDUs only */
    uint32_t ifs_faults[BLE_SIDES];      /* packets outside of T_IFS +- 2 us */
    uint32_t sequence_faults[BLE_SIDES];
    uint32_t channel_faults[BLE_SIDES];
    struct ble_margin ifs[BLE_SIDES]; /* 2 us - |first bit - (end + 150 us)| */
    struct ble_margin window_open;    /* the peripheral's receiver: ready so long before it must */
    struct ble_margin window_close;   /* ... and, if nothing came, on for so long after */
    struct ble_margin event_end;      /* next anchor - T_IFS - last bit */
    struct ble_margin supervision[BLE_SIDES]; /* limit - silence, whenever that ended */
};

/* From now on no link owes an answer for where it is, and when. */
static inline bool ble_is_astray(const struct ble_connection_facts *facts)
{
    return facts->adrift || facts->lawless;
}

/* Connection i, from 0 on in the order of their beginning; NULL: there is none, or it is no longer
 * kept. */
const struct ble_connection_facts *ble_connection(const struct machine *m, uint32_t i);
/* How many there have been. */
uint32_t ble_connection_count(const struct machine *m);

/* ---- for the judges that come behind */

enum ble_sequence_fault {
    BLE_SEQUENCE_GOOD,
    BLE_SEQUENCE_NEW_UNACKED,   /* a new SN, and the old packet was not acknowledged */
    BLE_SEQUENCE_SAME_ACKED,    /* the old SN in answer to a packet that acknowledges it */
    BLE_SEQUENCE_DATA_CHANGED,  /* other data under the same SN */
    BLE_SEQUENCE_NESN_BASELESS, /* acknowledges what did not come with a good CRC */
    BLE_SEQUENCE_NO_PDU,        /* no data PDU of this connection: header, length or CRC */
    BLE_SEQUENCE_BAD_CRCS,      /* answers the second bad CRC in a row */
};

/* A packet of a connection, at its EVENT_AIR_END. */
struct ble_packet {
    bool is_there; /* the record at hand ends one */
    bool is_ours;  /* a board's radio sent it */
    bool broken_off;
    bool is_advertising; /* SCAN_REQ, SCAN_RSP, CONNECT_IND: of what follows only times count */
    bool first;          /* the central's first in its event: nothing to answer */
    bool answers;        /* it follows a packet that came in */
    bool repeated;       /* it has the SN of the one before */
    bool after_end;      /* the connection was over for both */
    bool new_unheeded;   /* it answers a new packet and does not acknowledge it */
    uint8_t side;
    uint8_t fault; /* enum ble_sequence_fault */
    uint16_t device, mhz, wanted_mhz;
    uint8_t phy, wanted_phy;
    uint16_t process; /* in user mode when it began */
    uint32_t event;
    uint64_t start_ps;
    int64_t off_ps; /* first bit - (end of what it answers + 150 us) */
};

/* The last event at which the central has sent, and the peripheral was listening elsewhere. */
struct ble_elsewhere {
    uint32_t count; /* so many there have been */
    uint16_t device, mhz, wanted_mhz;
    uint8_t phy, wanted_phy;
    uint32_t event;
};

/* One side's end of the link. */
struct ble_end {
    struct ble_plan plan;
    uint64_t valid_ps;          /* supervision counts from here */
    uint64_t reset_event;       /* 1 + the event of the update for which it has been reset */
    bool sent, sn, nesn;        /* of the packet it sent last */
    bool was_too_long;          /* that packet was, and what it says is not known */
    bool acked, new_came;       /* what came in since allows it a new SN, a new NESN */
    bool acked_unsent;          /* ... and then the old SN again: the new one had no answer */
    bool heard;                 /* a packet came in since it sent last: */
    bool heard_acks, heard_new; /* with a good CRC, and so */
    bool goes_on;               /* the packet under way is not the first of its event */
    uint64_t heard_end_ps;      /* that packet's last bit here */
    uint8_t bad_in_row;         /* bad CRCs, in this event */
    uint64_t sent_hash;         /* of LLID and payload */
    uint64_t began_ps;          /* the packet under way, or the last one */
    uint16_t began_process;
    bool ends_link; /* what it sends is LL_TERMINATE_IND, not acknowledged yet */
    bool ending;    /* it has received LL_TERMINATE_IND */
    /* The peripheral has received a control PDU in this event, and has not said yet whether it
     * takes it. */
    bool asked;
    uint32_t asked_event;
    uint64_t asked_ps;
    struct ble_control control;
};

/* Where and when the peripheral must listen next. */
struct ble_listening {
    uint32_t event;
    uint64_t open_by_ps, close_at_ps;
    uint16_t mhz, elsewhere_mhz; /* 0: nowhere else */
    uint8_t phy, elsewhere_phy;
    bool heard;
    bool closed; /* at the margin: */
    int64_t close_margin_ps;
    uint64_t opened_ps; /* TIME_NEVER: not yet */
    uint16_t opened_process;
};

struct ble_connection {
    bool used;
    uint32_t number; /* in the order of beginning */
    uint32_t crc_init;
    uint32_t central_ppm;
    uint32_t not_listened_in_row;
    uint64_t sync_ps; /* the peripheral's: what widening counts from */
    uint64_t due_ps;  /* nothing to settle before */
    bool joined;      /* the peripheral got the CONNECT_IND */
    bool forged;      /* the scenario's air has had a hand in a packet */
    /* The event under way, of the central's. */
    bool begun; /* there has been one */
    bool event_open, event_counts, event_heard, event_lost, event_answered;
    bool event_skipped; /* lawfully: the central may be silent in the next ones */
    uint32_t event;
    uint16_t event_mhz;     /* where it began */
    uint64_t event_end_ps;  /* last bit so far */
    uint32_t settled_event; /* 1 + the last whose window was settled */
    bool settled_skipped;   /* lawfully not listened for */
    struct ble_end ends[BLE_SIDES];
    struct ble_cipher cipher;
    struct ble_listening listening;
    struct ble_connection_facts facts;
};

struct ble_advertiser {
    bool known, ch_sel, random;
    uint8_t address[BLE_DEVICE_ADDRESS_SIZE];
};

struct ble_link {
    uint32_t count;  /* of connections so far */
    uint64_t due_ps; /* no connection has anything to settle before this */
    struct ble_packet packet;
    struct ble_elsewhere elsewhere;
    struct ble_advertiser advertisers[AIR_STATION_MAX]; /* by station */
    /* By station: the end of what came in on an advertising channel since it sent; 0: nothing */
    uint64_t advertising_ps[AIR_STATION_MAX];
    struct ble_connection connections[BLE_CONNECTION_MAX];
};

static inline struct ble_link *ble_link_of(const struct machine *m)
{
    return (struct ble_link *)machine_monitor_state((struct machine *)m, MONITOR_ble_link);
}

static inline bool ble_is_ours(const struct machine *m, uint32_t device)
{
    return device < machine_scenario(m)->board.device_count;
}

/* The app that a board's device is lent to, or PROCESS_NONE. */
uint32_t ble_owner(struct machine *m, uint32_t device);
/* What the margin of the packet at hand is; false: it has none. */
bool ble_packet_margin(const struct ble_packet *packet, int64_t *margin_ps);
/* Scenarios in which anybody is on the air beside the board. */
bool ble_hears(const struct scenario *s, unsigned kind);

#endif
