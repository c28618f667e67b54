/* air_pdu.h: frames of the air as a link layer reads them, for those who show them to people.
 *
 *   struct air_frame --air_links_read--> struct air_pdu: channel, de-whitened octets, CRC, link
 *                        ^ learns of connections from each CONNECT_IND
 *   struct air_pdu --air_pdu_text--> "LL_VERSION_IND, SN 1 NESN 0"
 *
 * It sees what was sent, not what was received, and takes each connection for made, whether or not
 * the CONNECT_IND was heard. What is encrypted is decrypted with the central's long term key, if
 * the peer tells it (sim/peer.h); else it stays as it is.
 *
 * Not modelled: connections made by AUX_CONNECT_REQ; LE Coded.
 * Source: Bluetooth Core 6.2, Vol 6, Part B ("6.B"): 2 formats, 3 CRC and whitening, 5.1.3
 * encryption.
 */
#ifndef TOOLS_AIR_PDU_H
#define TOOLS_AIR_PDU_H

#include "sim/ble/ccm.h"
#include "sim/ble/pdu.h"
#include "sim/scenario.h"

enum {
    AIR_LINK_MAX = 16, /* connections that are known at once: the last ones */
    AIR_ADVERTISER_MAX = 8,
    AIR_LINK_NONE = 0xffff,
    AIR_DEVICE_NONE = 0xffff,
    AIR_PDU_TEXT_MAX = 96,
};

/* What one side of a connection has sent. */
struct air_side {
    bool sent, sn; /* something; the last PDU's SN */
    bool encrypts; /* its PDUs from now on */
    bool last_encrypted;
    uint64_t counter; /* of its next encrypted PDU */
};

struct air_link {
    struct ble_connect connect;
    uint32_t central;         /* device index of who sent the CONNECT_IND */
    uint32_t peripheral;      /* of who advertised with that address, or AIR_DEVICE_NONE */
    uint64_t from_ps;         /* the CONNECT_IND's last bit */
    struct air_side sides[2]; /* the central's, the peripheral's */
    struct ble_control enc_req, enc_rsp; /* the last ones */
    bool has_key;
    struct ble_link_key key;
};

struct air_advertiser {
    uint32_t device;
    uint8_t address[BLE_DEVICE_ADDRESS_SIZE];
};

struct air_links {
    const struct scenario *scenario; /* for the keys; NULL: there are none */
    uint32_t advertiser_count;
    struct air_advertiser advertisers[AIR_ADVERTISER_MAX];
    uint32_t count; /* so far; the last AIR_LINK_MAX of them are kept */
    struct air_link links[AIR_LINK_MAX];
};

/* What the CRC says of the octets as they were sent. */
enum air_crc { AIR_CRC_UNKNOWN, AIR_CRC_GOOD, AIR_CRC_BAD };

struct air_pdu {
    uint32_t access_address;
    uint32_t link;   /* number of the connection, from 0, or AIR_LINK_NONE */
    uint8_t channel; /* index, or BLE_CHANNEL_NONE: then the octets are still as on the air */
    uint8_t crc;     /* enum air_crc; unknown: no connection has this access address */
    bool advertising;
    bool from_central; /* of a connection */
    bool again;        /* of a connection: the same SN as its sender's PDU before */
    bool encrypted;    /* on the air */
    bool decrypted;    /* the MIC is right, and taken out of the octets: four fewer */
    bool mic_wrong;
    bool cut;       /* the sender broke off */
    uint16_t size;  /* of the octets that left the antenna: access address, PDU, CRC */
    uint16_t whole; /* the same, had it not been cut */
    uint8_t octets[AIR_BYTES_MAX];
};

void air_links_start(struct air_links *links, const struct scenario *scenario);

/* Reads the next frame whose end came, `sender` a device index; `end_ps`: its last bit, earlier
 * than the frame's own if the sender broke off. */
void air_links_read(struct air_links *links, const struct air_frame *frame, uint32_t sender,
                    uint64_t end_ps, struct air_pdu *pdu);

/* NULL: it is kept no more. */
const struct air_link *air_links_get(const struct air_links *links, uint32_t number);

/* The header of a data PDU; zeros if it has none. */
struct ble_data_header air_pdu_header(const struct air_pdu *pdu);

/* "ADV_IND", "empty, SN 0 NESN 1", "ATT_READ_REQ (encrypted), SN 1 NESN 1, MD". Returns `text`. */
const char *air_pdu_text(const struct air_pdu *pdu, char text[AIR_PDU_TEXT_MAX]);
/* The same without SN, NESN, MD. */
const char *air_pdu_name(const struct air_pdu *pdu, char text[AIR_PDU_TEXT_MAX]);

#endif
