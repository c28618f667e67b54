#include "model/chip_radio.h"

enum {
    CLOCK_HFCLKSTART = 0x000,
    CLOCK_HFCLKSTARTED = 0x100,

    RADIO_TXEN = 0x000,
    RADIO_RXEN = 0x004,
    RADIO_DISABLE = 0x010,
    RADIO_ADDRESS = 0x104,
    RADIO_DISABLED = 0x110,
    RADIO_CRCOK = 0x130,
    RADIO_CRCERROR = 0x134,
    RADIO_RXREADY = 0x158,
    RADIO_SHORTS = 0x200,
    RADIO_INTENSET = 0x304,
    RADIO_INTENCLR = 0x308,
    RADIO_PACKETPTR = 0x504,
    RADIO_FREQUENCY = 0x508,
    RADIO_TXPOWER = 0x50c,
    RADIO_MODE = 0x510,
    RADIO_PCNF0 = 0x514,
    RADIO_PCNF1 = 0x518,
    RADIO_BASE0 = 0x51c,
    RADIO_PREFIX0 = 0x524,
    RADIO_TXADDRESS = 0x52c,
    RADIO_RXADDRESSES = 0x530,
    RADIO_CRCCNF = 0x534,
    RADIO_CRCPOLY = 0x538,
    RADIO_CRCINIT = 0x53c,
    RADIO_TIFS = 0x544,
    RADIO_STATE = 0x550,
    RADIO_DATAWHITEIV = 0x554,
    RADIO_MODECNF0 = 0x650,

    TIMER_START = 0x000,
    TIMER_STOP = 0x004,
    TIMER_CLEAR = 0x00c,
    TIMER_CAPTURE2 = 0x048,
    TIMER_CAPTURE3 = 0x04c,
    TIMER_COMPARE0 = 0x140,
    TIMER_COMPARE1 = 0x144,
    TIMER_COMPARE3 = 0x14c,
    TIMER_INTENCLR = 0x308,
    TIMER_MODE = 0x504,
    TIMER_BITMODE = 0x508,
    TIMER_PRESCALER = 0x510,
    TIMER_CC0 = 0x540,
    TIMER_CC1 = 0x544,
    TIMER_CC2 = 0x548,
    TIMER_CC3 = 0x54c,

    PPI_GROUP0_ENABLE = 0x000,
    PPI_CHENSET = 0x504,
    PPI_CHENCLR = 0x508,
    PPI_EEP0 = 0x510, /* each channel has EEP, then TEP */
    PPI_TEP0 = 0x514,
    PPI_CHG0 = 0x800,
};

enum {
    INT_DISABLED = 1 << 4,
    SHORT_READY_START = 1 << 0,
    SHORT_END_DISABLE = 1 << 1,
    PCNF0_BLE = 8 | 1 << 8,               /* LENGTH of 8 bits, S0 of one octet, no S1 */
    PCNF0_PREAMBLE_16 = 1 << 24,          /* LE 2M */
    PCNF1_BLE = 0xff | 3 << 16 | 1 << 25, /* MAXLEN, BALEN, WHITEEN */
    CRCCNF_BLE = 3 | 1 << 8, /* three octets, the address not among what they are over */
    CRCPOLY_BLE = 0x65b,
    BITMODE_32 = 3,
    PRESCALER_1MHZ = 4,
};

/* PPI channels, as bits. */
enum { START = 1 << 0, THEN_LISTEN = 1 << 1, TIME_OUT = 1 << 2, CANCEL = 1 << 3, OPENED = 1 << 4 };
enum { CHANNELS = 5, CHANNEL_BITS = (1 << CHANNELS) - 1 };

/* Microseconds, by PHY. */
static const struct {
    uint8_t mode;
    uint8_t preamble_size;
    uint8_t octet_us;
    uint8_t to_air_us;  /* TXEN to the first bit: 40.9, 40.0 */
    uint8_t address_us; /* preamble and address */
    uint8_t chain_us;   /* from the air to an event: 9.4, 5.0 */
} phys[] = {
    {3, 1, 8, 41, 40, 9},
    {4, 2, 4, 40, 24, 5},
};
enum { PHYS = sizeof phys / sizeof phys[0] };
enum {
    RAMP_US = 41, /* RXEN to listening: 40.3 */
    T_IFS_US = 150,
    EARLY_US =
        4,       /* an answer's first bit may be 2 us early or late, and both sides' counters are */
    LATE_US = 6, /* off by up to one */
    SOON_US = 8, /* time to write the registers; doubled until it does */
    SOON_MAX_US = 1 << 20,
    AHEAD_MIN_US = 2, /* nearer, a compare value may be over before it is written */
};

static void radio_write(struct hw *hw, const struct radio_place *place, uint32_t offset,
                        uint32_t value)
{
    hw_write32(hw, place->radio.base + offset, value);
}

static bool radio_event(struct hw *hw, const struct radio_place *place, uint32_t offset)
{
    return hw_read32(hw, place->radio.base + offset) != 0;
}

/* ---- start */

static void timer_start(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + TIMER_STOP, 1);
    hw_write32(hw, base + TIMER_CLEAR, 1);
    hw_write32(hw, base + TIMER_INTENCLR, 0xffffffff);
    hw_write32(hw, base + TIMER_MODE, 0);
    hw_write32(hw, base + TIMER_BITMODE, BITMODE_32);
    hw_write32(hw, base + TIMER_PRESCALER, PRESCALER_1MHZ);
    hw_write32(hw, base + TIMER_START, 1);
}

static void ppi_start(struct hw *hw, const struct radio_place *place)
{
    const struct {
        uint32_t event, task;
    } channels[CHANNELS] = {
        {place->timer + TIMER_COMPARE0, place->radio.base + RADIO_RXEN},
        {place->timer + TIMER_COMPARE1, place->radio.base + RADIO_RXEN},
        {place->timer + TIMER_COMPARE3, place->radio.base + RADIO_DISABLE},
        {place->radio.base + RADIO_ADDRESS, place->timer + TIMER_CAPTURE3},
        {place->radio.base + RADIO_RXREADY, place->ppi + PPI_GROUP0_ENABLE},
    };

    hw_write32(hw, place->ppi + PPI_CHENCLR, 0xffffffff);
    for (uint32_t i = 0; i < CHANNELS; i++) {
        hw_write32(hw, place->ppi + PPI_EEP0 + 8 * i, channels[i].event);
        hw_write32(hw, place->ppi + PPI_TEP0 + 8 * i, channels[i].task);
    }
    hw_write32(hw, place->ppi + PPI_CHG0, CANCEL);
}

void chip_radio_start(struct hw *hw, const struct radio_place *place, uint32_t buffer)
{
    const struct {
        uint32_t offset, value;
    } form[] = {
        {RADIO_INTENCLR, 0xffffffff},
        {RADIO_SHORTS, SHORT_READY_START | SHORT_END_DISABLE},
        {RADIO_PACKETPTR, buffer},
        {RADIO_TXPOWER, 0},
        {RADIO_PCNF1, PCNF1_BLE},
        {RADIO_TXADDRESS, 0},
        {RADIO_RXADDRESSES, 1},
        {RADIO_CRCCNF, CRCCNF_BLE},
        {RADIO_CRCPOLY, CRCPOLY_BLE},
        {RADIO_TIFS, 0},
        {RADIO_MODECNF0, 1},
        {RADIO_DISABLED, 0},
        {RADIO_INTENSET, INT_DISABLED},
    };

    hw_write32(hw, place->clock + CLOCK_HFCLKSTARTED, 0);
    hw_write32(hw, place->clock + CLOCK_HFCLKSTART, 1);
    timer_start(hw, place->timer);
    ppi_start(hw, place);
    for (uint32_t i = 0; i < COUNT_OF(form); i++)
        radio_write(hw, place, form[i].offset, form[i].value);
    chip_radio_tune(hw, place, 0, 0);
}

bool chip_radio_is_ready(struct hw *hw, const struct radio_place *place)
{
    return hw_read32(hw, place->clock + CLOCK_HFCLKSTARTED) != 0;
}

uint32_t chip_radio_now(struct hw *hw, const struct radio_place *place)
{
    hw_write32(hw, place->timer + TIMER_CAPTURE2, 1);
    return hw_read32(hw, place->timer + TIMER_CC2);
}

/* ---- what is on the air */

void chip_radio_set_address(struct hw *hw, const struct radio_place *place, uint32_t access_address,
                            uint32_t crc_init)
{
    radio_write(hw, place, RADIO_BASE0, access_address << 8);
    radio_write(hw, place, RADIO_PREFIX0, access_address >> 24);
    radio_write(hw, place, RADIO_CRCINIT, crc_init);
}

/* MHz above 2400. Source: Bluetooth Core 6.2, Vol 6 Part B 1.4.1. */
static uint32_t frequency_of(uint32_t channel)
{
    switch (channel) {
    case 37:
        return 2;
    case 38:
        return 26;
    case 39:
        return 80;
    default:
        return channel < 11 ? 4 + 2 * channel : 6 + 2 * channel;
    }
}

void chip_radio_tune(struct hw *hw, const struct radio_place *place, uint32_t channel, uint32_t phy)
{
    radio_write(hw, place, RADIO_FREQUENCY, frequency_of(channel));
    radio_write(hw, place, RADIO_DATAWHITEIV, 0x40 | channel);
    radio_write(hw, place, RADIO_MODE, phys[phy % PHYS].mode);
    radio_write(hw, place, RADIO_PCNF0, PCNF0_BLE | (phy ? PCNF0_PREAMBLE_16 : 0));
}

uint32_t chip_radio_air_us(uint32_t phy, uint32_t size)
{
    enum { ADDRESS_SIZE = 4, CRC_SIZE = 3 };

    return (phys[phy % PHYS].preamble_size + ADDRESS_SIZE + size + CRC_SIZE) *
           phys[phy % PHYS].octet_us;
}

/* ---- on time */

static void forget(struct hw *hw, const struct radio_place *place)
{
    hw_write32(hw, place->ppi + PPI_CHENCLR, CHANNEL_BITS);
    radio_write(hw, place, RADIO_DISABLED, 0);
    radio_write(hw, place, RADIO_CRCOK, 0);
    radio_write(hw, place, RADIO_CRCERROR, 0);
    hw_write32(hw, place->timer + TIMER_COMPARE3, 0);
}

/* Time enough to arm a task at `at_us`: looked at before anything is written. */
static bool is_ahead(struct hw *hw, const struct radio_place *place, uint32_t at_us)
{
    uint32_t ahead_us = at_us - chip_radio_now(hw, place);

    return ahead_us - AHEAD_MIN_US < CHIP_RADIO_AHEAD_MAX_US;
}

/* At `at_us` the task begins. False: on a slow bus it was too late after all. The event register is
 * cleared once the channel is open: what came before shows in the radio's state, what comes after
 * in the register. */
static bool start_at(struct hw *hw, const struct radio_place *place, uint32_t task, uint32_t at_us,
                     uint32_t channels)
{
    hw_write32(hw, place->ppi + PPI_TEP0, place->radio.base + task);
    hw_write32(hw, place->timer + TIMER_CC0, at_us);
    hw_write32(hw, place->ppi + PPI_CHENSET, channels);
    hw_write32(hw, place->timer + TIMER_COMPARE0, 0);
    if ((int32_t)(chip_radio_now(hw, place) - at_us) < 0 ||
        hw_read32(hw, place->timer + TIMER_COMPARE0) || !chip_radio_is_off(hw, place))
        return true;
    hw_write32(hw, place->ppi + PPI_CHENCLR, CHANNEL_BITS);
    return false;
}

/* A first bit at `until_us` is seen by its address so much later. */
static void set_time_out(struct hw *hw, const struct radio_place *place, uint32_t phy,
                         uint32_t until_us)
{
    hw_write32(hw, place->timer + TIMER_CC3,
               until_us + phys[phy % PHYS].address_us + phys[phy % PHYS].chain_us + 2);
}

bool chip_radio_listen(struct hw *hw, const struct radio_place *place, uint32_t phy,
                       uint32_t from_us, uint32_t until_us)
{
    if (!is_ahead(hw, place, from_us - RAMP_US))
        return false;
    forget(hw, place);
    set_time_out(hw, place, phy, until_us);
    return start_at(hw, place, RADIO_RXEN, from_us - RAMP_US, START | TIME_OUT | OPENED);
}

bool chip_radio_send(struct hw *hw, const struct radio_place *place, uint32_t phy, uint32_t at_us,
                     uint32_t size, bool listens)
{
    uint32_t answer_us = at_us + chip_radio_air_us(phy, size) + T_IFS_US;
    uint32_t txen_us = at_us - phys[phy % PHYS].to_air_us;

    if (!is_ahead(hw, place, txen_us))
        return false;
    forget(hw, place);
    if (!listens)
        return start_at(hw, place, RADIO_TXEN, txen_us, START);
    hw_write32(hw, place->timer + TIMER_CC1, answer_us - EARLY_US - RAMP_US);
    set_time_out(hw, place, phy, answer_us + LATE_US);
    return start_at(hw, place, RADIO_TXEN, txen_us, START | THEN_LISTEN | TIME_OUT | OPENED);
}

uint32_t chip_radio_send_soon(struct hw *hw, const struct radio_place *place, uint32_t phy,
                              uint32_t size, bool listens)
{
    uint32_t at_us = 0;

    for (uint32_t ahead = SOON_US; ahead <= SOON_MAX_US; ahead *= 2) {
        at_us = chip_radio_now(hw, place) + phys[phy % PHYS].to_air_us + ahead;
        if (chip_radio_send(hw, place, phy, at_us, size, listens))
            break;
    }
    return at_us;
}

void chip_radio_stop(struct hw *hw, const struct radio_place *place)
{
    forget(hw, place);
    radio_write(hw, place, RADIO_DISABLE, 1);
    radio_write(hw, place, RADIO_DISABLED, 0);
}

bool chip_radio_is_off(struct hw *hw, const struct radio_place *place)
{
    return hw_read32(hw, place->radio.base + RADIO_STATE) == 0;
}

/* ---- what came of it */

bool chip_radio_went_off(struct hw *hw, const struct radio_place *place)
{
    bool stands = radio_event(hw, place, RADIO_DISABLED);

    if (stands)
        radio_write(hw, place, RADIO_DISABLED, 0);
    return stands;
}

enum radio_outcome chip_radio_outcome(struct hw *hw, const struct radio_place *place)
{
    if (radio_event(hw, place, RADIO_CRCOK))
        return RADIO_RECEIVED;
    if (radio_event(hw, place, RADIO_CRCERROR))
        return RADIO_RECEIVED_BADLY;
    if (hw_read32(hw, place->timer + TIMER_COMPARE3))
        return RADIO_WINDOW_OVER;
    return RADIO_UNDER_WAY;
}

uint32_t chip_radio_first_bit_us(struct hw *hw, const struct radio_place *place, uint32_t phy)
{
    return hw_read32(hw, place->timer + TIMER_CC3) - phys[phy % PHYS].address_us -
           phys[phy % PHYS].chain_us;
}
