/* air_pdu.c: see air_pdu.h. */

#include "tools/air_pdu.h"

#include "sim/ble/bits.h"
#include "sim/ble/channel.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CENTRAL, PERIPHERAL };

void air_links_start(struct air_links *links, const struct scenario *scenario)
{
    *links = (struct air_links){.scenario = scenario};
}

/* --- connections ----------------------------------------------------------------------------- */

const struct air_link *air_links_get(const struct air_links *links, uint32_t number)
{
    if (number >= links->count || links->count - number > AIR_LINK_MAX)
        return NULL;
    return &links->links[number % AIR_LINK_MAX];
}

/* An access address may come again: its last connection counts. */
static uint32_t find_link(const struct air_links *links, uint32_t access_address)
{
    for (uint32_t number = links->count; number > 0; number--) {
        const struct air_link *link = air_links_get(links, number - 1);
        if (!link)
            break;
        if (link->connect.access_address == access_address)
            return number - 1;
    }
    return AIR_LINK_NONE;
}

static uint32_t find_advertiser(const struct air_links *links, const uint8_t *address)
{
    for (uint32_t i = 0; i < links->advertiser_count; i++)
        if (memcmp(links->advertisers[i].address, address, BLE_DEVICE_ADDRESS_SIZE) == 0)
            return i;
    return AIR_DEVICE_NONE;
}

static void learn_advertiser(struct air_links *links, const uint8_t *address, uint32_t sender)
{
    uint32_t i = find_advertiser(links, address);
    if (i == AIR_DEVICE_NONE && links->advertiser_count < AIR_ADVERTISER_MAX) {
        i = links->advertiser_count++;
        memcpy(links->advertisers[i].address, address, BLE_DEVICE_ADDRESS_SIZE);
    }
    if (i != AIR_DEVICE_NONE)
        links->advertisers[i].device = sender;
}

static void add_link(struct air_links *links, const struct ble_connect *connect, uint32_t sender,
                     uint64_t end_ps)
{
    uint32_t i = find_advertiser(links, connect->advertiser);
    links->links[links->count++ % AIR_LINK_MAX] =
        (struct air_link){.connect = *connect,
                          .central = sender,
                          .peripheral = i == AIR_DEVICE_NONE ? i : links->advertisers[i].device,
                          .from_ps = end_ps};
}

static void follow_advertising(struct air_links *links, const struct air_pdu *pdu, uint32_t sender,
                               uint64_t end_ps)
{
    const uint8_t *octets = pdu->octets + BLE_ADDRESS_SIZE;
    struct ble_connect connect;
    if (pdu->crc != AIR_CRC_GOOD)
        return;
    size_t size = (size_t)pdu->size - BLE_ADDRESS_SIZE - BLE_CRC_SIZE;
    if (ble_connect_read(octets, size, &connect) == BLE_PDU_GOOD)
        add_link(links, &connect, sender, end_ps);
    else if (ble_adv_check(octets, size) == BLE_PDU_GOOD &&
             ble_adv_header_read(octets).type == BLE_ADV_IND)
        learn_advertiser(links, octets + BLE_HEADER_SIZE, sender);
}

/* --- data PDUs ------------------------------------------------------------------------------- */

static bool has_header(const struct air_pdu *pdu)
{
    return pdu->channel != BLE_CHANNEL_NONE && pdu->size >= BLE_ADDRESS_SIZE + BLE_HEADER_SIZE;
}

struct ble_data_header air_pdu_header(const struct air_pdu *pdu)
{
    if (!has_header(pdu) || pdu->link == AIR_LINK_NONE)
        return (struct ble_data_header){0};
    return ble_data_header_read(pdu->octets + BLE_ADDRESS_SIZE);
}

static const uint8_t *payload_of(const struct air_pdu *pdu)
{
    return pdu->octets + BLE_ADDRESS_SIZE + BLE_HEADER_SIZE;
}

/* A PDU whose octets can be told apart: whole, as long as its header says. */
static bool is_whole(const struct air_pdu *pdu)
{
    return has_header(pdu) && !pdu->cut &&
           pdu->size == BLE_ADDRESS_SIZE + BLE_HEADER_SIZE + pdu->octets[BLE_ADDRESS_SIZE + 1] +
                            BLE_CRC_SIZE;
}

static void make_key(const struct air_links *links, struct air_link *link)
{
    const struct scenario *s = links->scenario;
    uint32_t peer = s ? link->central - s->board.device_count : UINT32_MAX;
    uint8_t ltk[16];
    link->has_key = s && peer < s->peer_count && s->peers[peer].type->long_term_key;
    if (!link->has_key)
        return;
    s->peers[peer].type->long_term_key(&s->peers[peer].plan, ltk);
    link->key = ble_link_key_make(ltk, link->enc_req.enc_req.skd, link->enc_rsp.enc_rsp.skd,
                                  link->enc_req.enc_req.iv, link->enc_rsp.enc_rsp.iv);
}

/* 6.B 5.1.3.1: with LL_START_ENC_REQ of the peripheral the central begins to encrypt; once it has,
 * the peripheral does. */
static void follow_control(const struct air_links *links, struct air_link *link,
                           const struct air_pdu *pdu, unsigned who)
{
    struct ble_control control;
    if (ble_control_read(payload_of(pdu), air_pdu_header(pdu).size, &control) != BLE_PDU_GOOD)
        return;
    if (control.opcode == BLE_ENC_REQ && who == CENTRAL) {
        link->enc_req = control;
    } else if (control.opcode == BLE_ENC_RSP && who == PERIPHERAL) {
        link->enc_rsp = control;
        link->sides[CENTRAL].counter = link->sides[PERIPHERAL].counter = 0;
        make_key(links, link);
    } else if (control.opcode == BLE_START_ENC_REQ && who == PERIPHERAL) {
        link->sides[CENTRAL].encrypts = true;
    }
}

static void decrypt(const struct air_link *link, struct air_pdu *pdu, unsigned who,
                    uint64_t counter)
{
    uint8_t *header = pdu->octets + BLE_ADDRESS_SIZE, *payload = header + BLE_HEADER_SIZE;
    uint8_t plain[BLE_DATA_PAYLOAD_MAX + BLE_MIC_SIZE];
    size_t size = header[1];
    enum ble_direction direction = who == CENTRAL ? BLE_TO_PERIPHERAL : BLE_TO_CENTRAL;
    pdu->decrypted = ble_ccm_decrypt(&link->key, counter, direction, *header, payload, size, plain);
    pdu->mic_wrong = !pdu->decrypted;
    if (pdu->mic_wrong)
        return;
    header[1] = (uint8_t)(size - BLE_MIC_SIZE);
    memcpy(payload, plain, size - BLE_MIC_SIZE);
    memmove(payload + size - BLE_MIC_SIZE, payload + size, BLE_CRC_SIZE);
    pdu->size = pdu->whole = (uint16_t)(pdu->size - BLE_MIC_SIZE);
}

/* A retransmission is as it was, and under the same counter. */
static void follow_encryption(const struct air_links *links, struct air_link *link,
                              struct air_pdu *pdu, unsigned who)
{
    struct air_side *side = &link->sides[who];
    struct ble_data_header header = air_pdu_header(pdu);
    pdu->encrypted = header.size && (pdu->again ? side->last_encrypted : side->encrypts);
    side->last_encrypted = pdu->encrypted;
    if (!pdu->encrypted && is_whole(pdu) && header.llid == BLE_LLID_CONTROL)
        follow_control(links, link, pdu, who);
    if (!pdu->encrypted)
        return;
    if (who == CENTRAL)
        link->sides[PERIPHERAL].encrypts = true;
    side->counter += !pdu->again;
    if (link->has_key && is_whole(pdu))
        decrypt(link, pdu, who, side->counter - 1);
}

static void follow_link(const struct air_links *links, struct air_link *link, struct air_pdu *pdu)
{
    unsigned who = pdu->from_central ? CENTRAL : PERIPHERAL;
    struct air_side *side = &link->sides[who];
    struct ble_data_header header = air_pdu_header(pdu);
    pdu->again = side->sent && side->sn == header.sn;
    follow_encryption(links, link, pdu, who);
    side->sent = true;
    side->sn = header.sn;
}

/* --- reading --------------------------------------------------------------------------------- */

static uint16_t octets_sent(const struct air_frame *frame, uint64_t end_ps)
{
    uint64_t from_ps = frame->start_ps + air_bits_ps(frame->phy, air_preamble_bits(frame->phy));
    uint64_t octets = end_ps > from_ps ? (end_ps - from_ps) / air_bits_ps(frame->phy, 8) : 0;
    return octets < frame->size ? (uint16_t)octets : frame->size;
}

static uint8_t judge_crc(const struct air_pdu *pdu, uint32_t init)
{
    if (pdu->cut || pdu->channel == BLE_CHANNEL_NONE)
        return AIR_CRC_BAD; /* whatever else: none that a receiver takes */
    return ble_crc_good(init, pdu->octets + BLE_ADDRESS_SIZE, pdu->size - BLE_ADDRESS_SIZE)
               ? AIR_CRC_GOOD
               : AIR_CRC_BAD;
}

void air_links_read(struct air_links *links, const struct air_frame *frame, uint32_t sender,
                    uint64_t end_ps, struct air_pdu *pdu)
{
    *pdu = (struct air_pdu){.access_address = air_access_address(frame),
                            .link = AIR_LINK_NONE,
                            .channel = (uint8_t)ble_mhz_channel(frame->mhz),
                            .cut = end_ps < air_end_ps(frame),
                            .size = octets_sent(frame, end_ps),
                            .whole = frame->size};
    memcpy(pdu->octets, frame->bytes, frame->size);
    if (pdu->channel != BLE_CHANNEL_NONE)
        ble_whiten(pdu->channel, pdu->octets + BLE_ADDRESS_SIZE,
                   frame->size - (size_t)BLE_ADDRESS_SIZE);
    pdu->advertising = pdu->access_address == BLE_ADVERTISING_ADDRESS;
    if (pdu->advertising) {
        pdu->crc = judge_crc(pdu, BLE_ADVERTISING_CRC_INIT);
        follow_advertising(links, pdu, sender, end_ps);
        return;
    }
    pdu->link = find_link(links, pdu->access_address);
    if (pdu->link == AIR_LINK_NONE)
        return;
    struct air_link *link = &links->links[pdu->link % AIR_LINK_MAX];
    pdu->from_central = link->central == sender;
    pdu->crc = judge_crc(pdu, link->connect.crc_init);
    if (has_header(pdu))
        follow_link(links, link, pdu);
}

/* --- names ----------------------------------------------------------------------------------- */

static const struct {
    uint8_t opcode;
    const char *name;
} att_names[] = {
    {BLE_ATT_ERROR_RSP, "ATT_ERROR_RSP"},
    {BLE_ATT_EXCHANGE_MTU_REQ, "ATT_EXCHANGE_MTU_REQ"},
    {BLE_ATT_EXCHANGE_MTU_RSP, "ATT_EXCHANGE_MTU_RSP"},
    {BLE_ATT_READ_REQ, "ATT_READ_REQ"},
    {BLE_ATT_READ_RSP, "ATT_READ_RSP"},
};

static void name_l2cap(const struct air_pdu *pdu, uint8_t size, char *text)
{
    const uint8_t *frame = payload_of(pdu);
    unsigned channel = size >= BLE_L2CAP_HEADER_SIZE ? frame[2] | (unsigned)frame[3] << 8 : 0;
    if (channel != BLE_L2CAP_ATT || size == BLE_L2CAP_HEADER_SIZE) {
        snprintf(text, AIR_PDU_TEXT_MAX, "L2CAP, %u octets", size);
        return;
    }
    uint8_t opcode = frame[BLE_L2CAP_HEADER_SIZE];
    for (size_t i = 0; i < sizeof att_names / sizeof att_names[0]; i++) {
        if (att_names[i].opcode == opcode) {
            snprintf(text, AIR_PDU_TEXT_MAX, "%s", att_names[i].name);
            return;
        }
    }
    snprintf(text, AIR_PDU_TEXT_MAX, "ATT opcode 0x%02x", opcode);
}

static void name_control(uint8_t opcode, char *text)
{
    const char *name = ble_control_name(opcode);
    if (name)
        snprintf(text, AIR_PDU_TEXT_MAX, "%s", name);
    else
        snprintf(text, AIR_PDU_TEXT_MAX, "LL control opcode 0x%02x", opcode);
}

static void name_data(const struct air_pdu *pdu, char *text)
{
    struct ble_data_header header = air_pdu_header(pdu);
    if (pdu->encrypted && !pdu->decrypted)
        snprintf(text, AIR_PDU_TEXT_MAX, "encrypted %s, %u octets%s",
                 header.llid == BLE_LLID_CONTROL ? "LL control" : "data", header.size,
                 pdu->mic_wrong ? " (wrong MIC)" : "");
    else if (header.llid == BLE_LLID_CONTROL && header.size)
        name_control(*payload_of(pdu), text);
    else if (header.llid == BLE_LLID_START && header.size)
        name_l2cap(pdu, header.size, text);
    else if (header.llid == BLE_LLID_CONTINUE)
        snprintf(text, AIR_PDU_TEXT_MAX, header.size ? "continuation, %u octets" : "empty",
                 header.size);
    else
        snprintf(text, AIR_PDU_TEXT_MAX, "LLID %u, %u octets", header.llid, header.size);
}

static void name_advertising(const struct air_pdu *pdu, char *text)
{
    unsigned type = ble_adv_header_read(pdu->octets + BLE_ADDRESS_SIZE).type;
    const char *name = ble_adv_type_name(type);
    if (name)
        snprintf(text, AIR_PDU_TEXT_MAX, "%s", name);
    else
        snprintf(text, AIR_PDU_TEXT_MAX, "advertising PDU of type %u", type);
}

const char *air_pdu_name(const struct air_pdu *pdu, char text[AIR_PDU_TEXT_MAX])
{
    bool known = pdu->advertising || pdu->link != AIR_LINK_NONE;
    if (!known || !has_header(pdu))
        snprintf(text, AIR_PDU_TEXT_MAX, "%u octets", pdu->size);
    else if (!is_whole(pdu))
        snprintf(text, AIR_PDU_TEXT_MAX, "%u octets that are no PDU", pdu->size);
    else if (pdu->advertising)
        name_advertising(pdu, text);
    else
        name_data(pdu, text);
    size_t size = strlen(text);
    if (pdu->decrypted)
        snprintf(text + size, AIR_PDU_TEXT_MAX - size, " (encrypted)");
    return text;
}

const char *air_pdu_text(const struct air_pdu *pdu, char text[AIR_PDU_TEXT_MAX])
{
    struct ble_data_header header = air_pdu_header(pdu);
    size_t size = strlen(air_pdu_name(pdu, text));
    if (pdu->link != AIR_LINK_NONE && has_header(pdu))
        snprintf(text + size, AIR_PDU_TEXT_MAX - size, ", SN %d NESN %d%s%s", header.sn,
                 header.nesn, header.md ? ", MD" : "", pdu->again ? ", again" : "");
    return text;
}
