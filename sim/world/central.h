/* central.h: the parts of the Bluetooth LE central (central.c says what it does).
 *
 *   central.c             parameters, verbs, facts; what wakes it; what it hears
 *   central_scan.c        advertisements and the CONNECT_IND
 *   central_event.c       anchors, packets, acknowledgement, supervision
 *   central_plan.c        what the scenario has it do
 *   central_procedures.c  LL control PDUs, instants
 *   central_att.c         L2CAP and ATT
 *
 * Only these files include it, and those that make plans of it (fuzz/air_tape.c) and their tests.
 */
#ifndef SIM_WORLD_CENTRAL_H
#define SIM_WORLD_CENTRAL_H

#include "sim/ble/ccm.h"
#include "sim/ble/notes.h"
#include "sim/ble/time.h"
#include "sim/world/antenna.h"

enum central_parameter {
    CENTRAL_START,
    CENTRAL_SCAN_INTERVAL,
    CENTRAL_CONNECT_AFTER,
    CENTRAL_RECONNECT,
    CENTRAL_INTERVAL,
    CENTRAL_LATENCY,
    CENTRAL_TIMEOUT,
    CENTRAL_WINDOW_OFFSET,
    CENTRAL_WINDOW_SIZE,
    CENTRAL_WINDOW_PLACE,
    CENTRAL_HOP,
    CENTRAL_ACCESS_ADDRESS,
    CENTRAL_CRC_INIT,
    CENTRAL_CHANNEL_MAP,
    CENTRAL_SECOND_SELECTION,
    CENTRAL_PPM_CLAIMED,
    CENTRAL_JITTER,
    CENTRAL_TOLERANCE,
    CENTRAL_READ_EVERY,
    CENTRAL_READ_HANDLE,
    CENTRAL_VALUE_SIZE,
    CENTRAL_MTU,
    CENTRAL_LTK_HIGH,
    CENTRAL_LTK_LOW,
    CENTRAL_PARAMETERS
};

/* What the next wake is for. */
enum central_step {
    CENTRAL_NO_STEP,
    CENTRAL_STEP_START,   /* begins to scan */
    CENTRAL_STEP_HOP,     /* the next advertising channel */
    CENTRAL_STEP_CREATED, /* the CONNECT_IND has left */
    CENTRAL_STEP_ANCHOR,  /* an event begins */
    CENTRAL_STEP_LIMIT,   /* the event has no room for an answer any more */
    CENTRAL_STEP_LEAVE,   /* the last acknowledgement has left */
};

enum {
    CENTRAL_PDU_MAX = BLE_DATA_PAYLOAD_MIN,
    CENTRAL_QUEUE_MAX = 8,
    CENTRAL_NO_OPCODE = 0xff,
    CENTRAL_FRAME_MAX = BLE_L2CAP_HEADER_SIZE + BLE_ATT_MTU_MAX,
};

/* A data PDU's content, before SN, NESN and MD are known. */
struct central_pdu {
    uint8_t llid, size;
    uint8_t payload[CENTRAL_PDU_MAX + BLE_MIC_SIZE]; /* encrypted once it is sent */
};

/* A procedure of the LL that the central began. One at a time. */
struct central_procedure {
    bool running;
    uint8_t opcode; /* of the PDU that began it */
};

/* Something that begins to hold with an event of its own. */
struct central_change {
    bool pending;
    uint16_t instant;
};

/* All that one connection is. */
struct central_link {
    uint64_t start_ps;   /* the CONNECT_IND's end: anchors are counted from there ... */
    uint64_t at_us;      /* ... in microseconds of the central's clock: that of `event` */
    uint64_t own_end_ps; /* last bit of its last packet */
    uint32_t interval_us, timeout_us;
    uint16_t latency;
    uint16_t event; /* connEventCount */
    uint8_t hop, unmapped;
    bool second_selection;
    uint8_t phy_to_peripheral, phy_to_central; /* enum air_phy */
    struct ble_channel_map map;
    struct antenna_link antenna; /* of this event */

    bool sn, nesn, unacked, sent_md;
    bool answered;           /* in this event */
    uint8_t opcode;          /* of `last`, in clear */
    struct central_pdu last; /* what was sent, and is not acknowledged yet if `unacked` */
    uint8_t queued;
    struct central_pdu queue[CENTRAL_QUEUE_MAX];

    bool leaving; /* LL_TERMINATE_IND has come; to be acknowledged */
    uint8_t leave_reason;
    struct central_procedure procedure;
    struct central_change update, map_change, phy_change;
    struct ble_control update_next;
    uint64_t map_next;
    uint64_t phy_instant_in;
    uint8_t phy_asked_to_peripheral, phy_asked_to_central; /* BLE_PHY_BIT_*, or 0 */
    uint8_t phy_next_to_peripheral, phy_next_to_central;
    uint8_t octets_in; /* the longest payload that the other side may send */
    bool version_sent;

    bool encrypts_out, encrypts_in, has_key;
    uint8_t skd[8], iv[4]; /* the central's halves */
    struct ble_link_key key;
    uint64_t sent_counter, received_counter;

    bool asked_mtu, reading;
    uint16_t frame_size; /* of an L2CAP frame that comes in pieces: so far */
    uint8_t frame[CENTRAL_FRAME_MAX];
};

struct central {
    uint8_t state, reason; /* enum ble_peer_state, enum ble_reason */
    uint8_t step;          /* enum central_step */
    bool taking;           /* a frame is coming in */
    uint64_t step_ps, supervision_ps, procedure_ps;
    struct random jitter, keys;
    struct antenna antenna;
    struct antenna_link scan; /* the advertising channel */
    struct central_link link;

    uint32_t plan_done;                       /* actions of the plan */
    uint32_t silent, corrupt, repeat, ignore; /* events, packets that are left of such an action */

    /* Facts. */
    uint32_t advertisements, connections, events, answered, missed, missed_in_row,
        missed_in_row_max;
    uint32_t late, early, packets, retransmissions, duplicates, crc_errors, bad_pdus;
    uint32_t reads, read_failures, mtu, mic_errors, encrypted;
    uint32_t version_seen, unknown_seen, pings_seen, procedures, refused;
    uint64_t features_seen, turnaround_min_ps, turnaround_max_ps;
    uint32_t octets_seen; /* that the other side takes, as LL_LENGTH_* says */
    uint32_t silent_events, corrupted, repeated, unacknowledged;
};

static inline uint64_t central_value(const struct device *d, enum central_parameter parameter)
{
    return peer_plan(d)->values[parameter];
}

void central_long_term_key(const struct peer_plan *plan, uint8_t key[16]);

static inline bool central_connected(const struct central *c)
{
    return c->state == BLE_PEER_CREATED || c->state == BLE_PEER_ESTABLISHED;
}

/* --- central.c: states and wakes -------------------------------------------------------------- */

void central_enter(struct device *d, enum ble_peer_state state);
/* The next wake. */
void central_plan_step(struct device *d, enum central_step step, uint64_t at_ps);
/* The connection is over. */
void central_close(struct device *d, uint8_t reason);

/* --- central_scan.c --------------------------------------------------------------------------- */

void central_scan(struct device *d);
void central_hop(struct device *d);
void central_heard_advertising(struct device *d, const struct air_frame *frame);

/* --- central_event.c -------------------------------------------------------------------------- */

/* The CONNECT_IND left at `end_ps`. */
void central_connect(struct device *d, uint64_t end_ps);
/* The event's first packet goes out now. */
void central_anchor(struct device *d);
/* What comes is not heard any more. */
void central_end_event(struct device *d);
/* Is a frame whose access address has come one to be heard? */
bool central_takes(struct device *d, const struct air_frame *frame);
void central_answer(struct device *d, const struct air_frame *frame);
/* Begins the supervision timer anew. */
void central_supervise(struct device *d, uint64_t from_ps);

/* False: no room, nothing was queued. */
bool central_queue(struct central *c, uint8_t llid, const uint8_t *payload, size_t size);

/* --- central_plan.c, central_procedures.c ----------------------------------------------------- */

enum central_verb {
    CENTRAL_DO_UPDATE,
    CENTRAL_DO_MAP,
    CENTRAL_DO_PHY,
    CENTRAL_DO_VERSION,
    CENTRAL_DO_FEATURES,
    CENTRAL_DO_PING,
    CENTRAL_DO_LENGTH,
    CENTRAL_DO_ENCRYPT,
    CENTRAL_DO_TERMINATE,
    CENTRAL_DO_UNKNOWN,
    CENTRAL_DO_READ,
    CENTRAL_DO_MTU,
    CENTRAL_DO_SILENCE,
    CENTRAL_DO_CORRUPT,
    CENTRAL_DO_STOP_SN,
    CENTRAL_DO_STOP_NESN,
    CENTRAL_DO_LEAP,
    CENTRAL_DO_LLID,
    CENTRAL_DO_PDU,
    CENTRAL_VERBS
};
extern const struct peer_verb central_verbs[CENTRAL_VERBS];

/* Does what the plan has at this event, as far as no procedure is in the way. */
void central_plan(struct device *d);

#define CENTRAL_OWN_FEATURES                                                                       \
    UINT64_C(0x413d) /* encryption, extended reject, peripheral's feature
    request, ping, data length, 2M, channel selection #2: 6.B 4.6 */
extern const struct ble_control central_own_version;

/* Queues a control PDU. */
void central_control(struct central *c, const struct ble_control *control);
/* The same, and waits for what ends the procedure. */
void central_begin(struct device *d, const struct ble_control *control);
/* If the procedure that runs is that of `opcode`, it is over. */
void central_done(struct device *d, uint8_t opcode, bool good);
/* The event that lies so many ahead; CENTRAL_CHOOSE: as far as the specification wants it. */
#define CENTRAL_CHOOSE UINT64_C(0x10000)
uint16_t central_instant(const struct central_link *link, uint64_t ahead);
/* LL_ENC_REQ. 0: SKD or IV is drawn. */
void central_encrypt(struct device *d, uint64_t skd, uint32_t iv);
bool central_encrypting(const struct central_link *link);
void central_on_control(struct device *d, const uint8_t *payload, size_t size);
/* A control PDU of its own was acknowledged. */
void central_acknowledged(struct device *d, uint8_t opcode);
/* LL_CONNECTION_UPDATE_IND begins to hold with the event that is under way. */
void central_update(struct device *d, const struct ble_control *update);
/* What begins to hold with link.event, which comes next; true: it has a transmit window. */
bool central_apply(struct device *d);

/* --- central_att.c ---------------------------------------------------------------------------- */

/* Asks for what is due at this event. */
void central_att(struct device *d);
void central_read(struct central *c, uint16_t handle);
void central_exchange_mtu(struct central *c, uint16_t mtu);
void central_on_data(struct device *d, uint8_t llid, const uint8_t *payload, size_t size);

#endif
