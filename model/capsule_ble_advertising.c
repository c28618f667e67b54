#include "model/capsule_state.h"
#include "model/chip_radio.h"
#include "model/kernel.h"

enum { ADVERTISING_DRIVER = 0x30000, PAYLOAD = 0 };
enum { EXISTS, STOP, START = 3 };
enum { ADV_IND = 0, ADV_NONCONN_IND = 2, ADV_SCAN_IND = 6 }; /* Vol 6 Part B 2.3 */

/* One process's advertising, in its grant. */
enum { IS_ON, PDU_TYPE, INTERVAL_MS, DUE_US, ADVERTISER_WORDS };
_Static_assert((int)ADVERTISER_WORDS <= (int)CAPSULE_WORD_MAX, "an advertiser fits");

enum {
    FIRST_CHANNEL = 37,
    LAST_CHANNEL = 39,
    PHY_1M = 0,
    HEADER_SIZE = 2,
    ADDRESS_SIZE = 6,
    PDU_MAX = HEADER_SIZE + ADDRESS_SIZE + ADVERTISING_PAYLOAD_MAX,
    TX_ADD_RANDOM = 1 << 6,
    US_PER_MS = 1000,
    DELAY_MAX_US = 10000, /* advDelay: Vol 6 Part B 4.4.2.2.1 */
    LEAD_US = 100,    /* to load and arm an event; a transmitter that is cut off is off by then */
    SETTLED_US = 100, /* one that begins so soon is not called back */
};
#define ADVERTISING_ADDRESS 0x8e89bed6 /* Vol 6 Part B 2.1.2, 3.1.1 */
#define ADVERTISING_CRC_INIT 0x555555

static const struct radio_place *place_of(const struct kernel *k)
{
    return &k->config->radio;
}

static void buffer_wipe(struct kernel *k, struct hw *hw)
{
    enum err err = process_zero(hw, radio_buffer(k));
    KASSERT(hw, err == ERR_NONE); /* the kernel's own RAM */
}

/* ---- one process's */

/* False: it does not advertise. What stands there may be anything: a type or an interval that no
 * app could ask for is none. */
static bool advertiser_load(struct hw *hw, const struct process *p,
                            uint32_t advertiser[ADVERTISER_WORDS])
{
    return !capsule_state_load(hw, p, &ble_advertising_driver, advertiser, ADVERTISER_WORDS) &&
           advertiser[IS_ON] && advertiser[PDU_TYPE] <= ADV_SCAN_IND &&
           advertiser[INTERVAL_MS] >= ADVERTISING_INTERVAL_MIN_MS &&
           advertiser[INTERVAL_MS] <= ADVERTISING_INTERVAL_MAX_MS;
}

/* 0 to 10 ms, another one each time. */
static uint32_t delay_next_us(struct kernel *k)
{
    uint32_t *draw = &k->services.advertising.draw;

    *draw = *draw * 1664525 + 1013904223; /* Numerical Recipes in C, 7.1: the low bits are poor */
    return (*draw >> 16) % (DELAY_MAX_US + 1);
}

static void due_after(struct kernel *k, uint32_t advertiser[ADVERTISER_WORDS], uint32_t at_us)
{
    advertiser[DUE_US] = at_us + advertiser[INTERVAL_MS] * US_PER_MS + delay_next_us(k);
}

/* Static random: the two highest bits of the address are set. */
static void address_write(const struct process *p, uint8_t to[ADDRESS_SIZE])
{
    to[0] = 0xf0;
    for (uint32_t i = 0; i < 4; i++)
        to[1 + i] = (uint8_t)(p->id.unique >> 8 * i);
    to[5] = 0xf0;
}

/* The app's payload as it is now, into the radio's buffer; the PDU's bytes. */
static uint32_t pdu_load(struct kernel *k, struct hw *hw, const struct process *p, uint32_t type)
{
    struct span from = grant_allow(hw, p, &ble_advertising_driver, ALLOW_RO, PAYLOAD);
    struct span to = radio_buffer(k);
    uint8_t pdu[PDU_MAX];

    if (from.size > ADVERTISING_PAYLOAD_MAX)
        from.size = ADVERTISING_PAYLOAD_MAX;
    if (from.size && buffer_read(hw, p, from, 0, from.size, pdu + HEADER_SIZE + ADDRESS_SIZE))
        from.size = 0;
    pdu[0] = (uint8_t)(type | TX_ADD_RANDOM);
    pdu[1] = (uint8_t)(ADDRESS_SIZE + from.size);
    address_write(p, pdu + HEADER_SIZE);
    to.size = HEADER_SIZE + ADDRESS_SIZE + from.size;
    enum err err = hw_ram_write(hw, to, pdu);
    KASSERT(hw, err == ERR_NONE);
    hw_note(hw, NOTE_RADIO_LOADED, p->id.index, to.base, to.size);
    return to.size;
}

/* ---- whose turn it is */

/* The one who is due first; NULL: nobody advertises. */
static const struct process *earliest(const struct kernel *k, struct hw *hw, uint32_t now_us,
                                      uint32_t found[ADVERTISER_WORDS])
{
    const struct process *first = NULL;
    uint32_t advertiser[ADVERTISER_WORDS];

    for (uint32_t i = 0; i < k->process_count; i++) {
        if (!advertiser_load(hw, &k->processes[i], advertiser) ||
            (first && (int32_t)(advertiser[DUE_US] - now_us) >= (int32_t)(found[DUE_US] - now_us)))
            continue;
        first = &k->processes[i];
        for (uint32_t word = 0; word < ADVERTISER_WORDS; word++)
            found[word] = advertiser[word];
    }
    return first;
}

static void channel_send(struct kernel *k, struct hw *hw, const struct process *p, uint32_t type,
                         uint32_t at_us)
{
    struct advertising_service *advertising = &k->services.advertising;
    uint32_t size = pdu_load(k, hw, p, type);

    chip_radio_tune(hw, place_of(k), advertising->channel, PHY_1M);
    if (advertising->channel != FIRST_CHANNEL ||
        !chip_radio_send(hw, place_of(k), PHY_1M, at_us, size, false))
        at_us = chip_radio_send_soon(hw, place_of(k), PHY_1M, size, false);
    advertising->at_us = at_us;
}

/* The next event is armed: the hardware begins it. */
static void event_arm(struct kernel *k, struct hw *hw)
{
    struct advertising_service *advertising = &k->services.advertising;
    uint32_t now_us = chip_radio_now(hw, place_of(k)), advertiser[ADVERTISER_WORDS];
    const struct process *p = earliest(k, hw, now_us, advertiser);

    if (!p || p->id.unique != advertising->sender.unique)
        buffer_wipe(k, hw);
    if (!p) {
        advertising->sender = (struct process_id){0};
        return;
    }
    if ((int32_t)(advertiser[DUE_US] - now_us) < LEAD_US)
        advertiser[DUE_US] = now_us + LEAD_US;
    advertising->sender = p->id;
    advertising->channel = FIRST_CHANNEL;
    chip_radio_set_address(hw, place_of(k), ADVERTISING_ADDRESS, ADVERTISING_CRC_INIT);
    channel_send(k, hw, p, advertiser[PDU_TYPE], advertiser[DUE_US]);
}

static bool is_under_way(const struct kernel *k, struct hw *hw)
{
    const struct advertising_service *advertising = &k->services.advertising;
    uint32_t now_us = chip_radio_now(hw, place_of(k));

    return advertising->channel != FIRST_CHANNEL ||
           (int32_t)(advertising->at_us - now_us) < SETTLED_US;
}

bool advertising_is_on(const struct kernel *k)
{
    return k->services.advertising.sender.unique != 0;
}

/* ---- what is asked of it */

static bool is_pdu_type(uint32_t type)
{
    return type == ADV_IND || type == ADV_NONCONN_IND || type == ADV_SCAN_IND;
}

static enum err advertiser_begin(struct kernel *k, struct hw *hw, struct process *p, uint32_t type,
                                 uint32_t interval_ms)
{
    uint32_t now_us = chip_radio_now(hw, place_of(k));
    uint32_t advertiser[ADVERTISER_WORDS] = {1, type, interval_ms, 0};
    enum err err = grant_allocate(hw, p, &ble_advertising_driver);

    if (!err)
        err = grant_enter(hw, p, &ble_advertising_driver);
    if (err)
        return err;
    due_after(k, advertiser, now_us);
    err = capsule_state_store(hw, p, &ble_advertising_driver, advertiser, ADVERTISER_WORDS);
    grant_leave(p, &ble_advertising_driver);
    return err;
}

static enum err start(struct kernel *k, struct hw *hw, struct process *p, uint32_t type,
                      uint32_t interval_ms)
{
    uint32_t advertiser[ADVERTISER_WORDS];

    if (!is_pdu_type(type) || interval_ms > ADVERTISING_INTERVAL_MAX_MS)
        return ERR_INVAL;
    if (k->services.radio.client.unique || advertiser_load(hw, p, advertiser))
        return ERR_BUSY;
    if (!chip_radio_is_ready(hw, place_of(k)))
        return ERR_OFF;
    if (interval_ms < ADVERTISING_INTERVAL_MIN_MS)
        interval_ms = ADVERTISING_INTERVAL_MIN_MS;
    enum err err = advertiser_begin(k, hw, p, type, interval_ms);
    if (err)
        return err;
    if (advertising_is_on(k) && is_under_way(k, hw))
        return ERR_NONE; /* its end arms the next */
    chip_radio_stop(hw, place_of(k));
    event_arm(k, hw);
    return ERR_NONE;
}

static enum err stop(struct kernel *k, struct hw *hw, const struct process *p)
{
    const uint32_t none[ADVERTISER_WORDS] = {0};
    uint32_t advertiser[ADVERTISER_WORDS];
    bool sends = k->services.advertising.sender.unique == p->id.unique;

    if (!advertiser_load(hw, p, advertiser) || (sends && is_under_way(k, hw)))
        return ERR_BUSY;
    enum err err = capsule_state_store(hw, p, &ble_advertising_driver, none, ADVERTISER_WORDS);
    if (err || !sends)
        return err;
    chip_radio_stop(hw, place_of(k));
    event_arm(k, hw);
    return ERR_NONE;
}

/* ---- the driver */

/* A channel's packet has gone. */
static void sent(struct kernel *k, struct hw *hw)
{
    struct advertising_service *advertising = &k->services.advertising;
    const struct process *p = kernel_process(k, advertising->sender);
    uint32_t advertiser[ADVERTISER_WORDS];

    if (!p || !advertiser_load(hw, p, advertiser)) {
        event_arm(k, hw);
        return;
    }
    if (advertising->channel == FIRST_CHANNEL) {
        due_after(k, advertiser, advertising->at_us);
        enum err err =
            capsule_state_store(hw, p, &ble_advertising_driver, advertiser, ADVERTISER_WORDS);
        (void)err; /* a broken grant is no advertiser's */
    }
    if (advertising->channel == LAST_CHANNEL) {
        event_arm(k, hw);
        return;
    }
    advertising->channel++;
    channel_send(k, hw, p, advertiser[PDU_TYPE], 0);
}

static struct syscall_return advertising_command(struct kernel *k, struct hw *hw, struct process *p,
                                                 uint32_t number, uint32_t a, uint32_t b)
{
    switch (number) {
    case EXISTS:
        return return_success();
    case STOP:
        return return_of(stop(k, hw, p));
    case START:
        return return_of(start(k, hw, p, a, b));
    default:
        return return_failure(ERR_NOSUPPORT);
    }
}

static bool advertising_present(const struct kernel *k)
{
    return driver_is_present(k, &radio_driver);
}

static void advertising_start(struct kernel *k, struct hw *hw)
{
    (void)hw; /* the radio driver has set it up */
    k->services.advertising = (struct advertising_service){0};
}

static void advertising_process_end(struct kernel *k, struct hw *hw, struct process_id id)
{
    if (k->services.advertising.sender.unique != id.unique)
        return;
    chip_radio_stop(hw, place_of(k));
    event_arm(k, hw);
}

/* The radio driver leaves the line to us while somebody advertises. An event of what was cut off
 * before is none of this packet's. */
static bool advertising_interrupt(struct kernel *k, struct hw *hw, uint32_t line)
{
    if (!advertising_is_on(k) || k->config->radio.radio.line != line)
        return false;
    if (chip_radio_went_off(hw, place_of(k)) &&
        (int32_t)(chip_radio_now(hw, place_of(k)) - k->services.advertising.at_us) >= 0)
        sent(k, hw);
    return true;
}

const struct driver ble_advertising_driver = {
    .number = ADVERTISING_DRIVER,
    .allows = {[ALLOW_RO] = PAYLOAD + 1},
    .grant_bytes = 4 * ADVERTISER_WORDS,
    .present = advertising_present,
    .start = advertising_start,
    .command = advertising_command,
    .on_process_end = advertising_process_end,
    .on_interrupt = advertising_interrupt,
};
