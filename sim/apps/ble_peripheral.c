/* ble_peripheral.c: a Bluetooth LE peripheral in an app that was lent the radio and what belongs to
 * it: RADIO, TIMER0, RTC0, CLOCK, RNG, ECB, CCM, PPI. Two of the three designs:
 *
 *   ble_software  the answer is armed by software: the upcall of the packet's end writes
 *                 TIMER0.CC[0], whose compare event starts the transmitter (PPI channel 20), fast
 *                 ramp-up, or, with `default_ramp`, the default one
 *   ble_armed     the answer is armed ahead: SHORTS and TIFS turn the radio around, default
 *                 ramp-up; software only has to put PACKETPTR in place before the transmitter
 *                 starts
 *
 *   advertising:  TXEN -> ADV_IND -> (radio turns around) -> CONNECT_IND? -> next channel
 *   an event:     RTC0 wakes it `prepare_us` ahead -> radio set up, TIMER0.CC[0] opens the
 *                 receiver, CC[3] closes it (cancelled by the access address) -> DISABLED: read,
 *                 decide, answer -> DISABLED: the answer is out; again while either side has more
 *                 data
 *
 * TIMER0 counts microseconds of the crystal and runs all the time, as in controllers that leave it
 * on (NimBLE with RFMGMT_ENABLE_TIME 0); RTC0 only wakes. Only RADIO's DISABLED and RTC0's
 * COMPARE[0] interrupt. Each upcall disables the device's interrupts (the kernel's doing), so each
 * handler enables them again.
 *
 * Encryption: ECB makes the session key, CCM opens what came in and seals what goes out, both
 * between two packets and not while they are on the air; RNG makes this side's parts of SKD and IV.
 *
 * Not modelled: the program's own instructions, but for OP_COMPUTE of `work_cycles` and
 * `turnaround_cycles`; sleeping without the crystal.
 *
 * Sources: nRF52840 Product Specification v1.7 (RADIO, TIMER, RTC, PPI, CLOCK); ble_core.h.
 */
#include "sim/apps/ble_common.h"
#include "sim/apps/ble_ops.h"
#include "sim/apps/catalogue.h"
#include <string.h>

/* clang-format off */
enum {
    CLOCK = 0x40000000, RADIO = 0x40001000, TIMER0 = 0x40008000, RTC0 = 0x4000b000,
    RNG = 0x4000d000, ECB = 0x4000e000, CCM = 0x4000f000, PPI = 0x4001f000,
    WINDOW = 0x1000,

    HFCLKSTART = CLOCK + 0x000, LFCLKSTART = CLOCK + 0x008, HFCLKSTARTED = CLOCK + 0x100,
    LFCLKSRC = CLOCK + 0x518,

    TXEN = RADIO + 0x000, RXEN = RADIO + 0x004, DISABLE = RADIO + 0x010,
    E_ADDRESS = RADIO + 0x104, E_END = RADIO + 0x10c, E_DISABLED = RADIO + 0x110,
    RADIO_SHORTS = RADIO + 0x200, RADIO_INTENSET = RADIO + 0x304, CRCSTATUS = RADIO + 0x400,
    PACKETPTR = RADIO + 0x504, FREQUENCY = RADIO + 0x508, TXPOWER = RADIO + 0x50c,
    MODE = RADIO + 0x510, PCNF0 = RADIO + 0x514, PCNF1 = RADIO + 0x518, BASE0 = RADIO + 0x51c,
    PREFIX0 = RADIO + 0x524, TXADDRESS = RADIO + 0x52c, RXADDRESSES = RADIO + 0x530,
    CRCCNF = RADIO + 0x534, CRCPOLY = RADIO + 0x538, CRCINIT = RADIO + 0x53c, TIFS = RADIO + 0x544,
    RADIO_STATE = RADIO + 0x550, DATAWHITEIV = RADIO + 0x554, MODECNF0 = RADIO + 0x650,
    DISABLED_BIT = 1 << 4,

    TIMER_START = TIMER0 + 0x000, CAPTURE3 = TIMER0 + 0x04c, TIMER_BITMODE = TIMER0 + 0x508,
    TIMER_PRESCALER = TIMER0 + 0x510, CC0 = TIMER0 + 0x540, CC1 = TIMER0 + 0x544,
    CC2 = TIMER0 + 0x548, CC3 = TIMER0 + 0x54c, E_COMPARE0 = TIMER0 + 0x140,
    E_COMPARE3 = TIMER0 + 0x14c,

    RTC_START = RTC0 + 0x000, RTC_E_COMPARE0 = RTC0 + 0x140, RTC_INTENSET = RTC0 + 0x304,
    RTC_COUNTER = RTC0 + 0x504, RTC_CC0 = RTC0 + 0x540, RTC_COMPARE0_BIT = 1 << 16,
    RTC_MASK = 0xffffff,

    CHENSET = PPI + 0x504, CHENCLR = PPI + 0x508, CH4 = PPI + 0x530, CH5 = PPI + 0x538,

    /* PPI channels: two of the program's own, and the chip's fixed ones */
    CANCEL = 1 << 4,   /* ADDRESS -> CAPTURE[3]: the time-out's compare value is overwritten */
    TIME_OUT = 1 << 5, /* COMPARE[3] -> RADIO DISABLE */
    SEND_AT = 1 << 20, /* COMPARE[0] -> TXEN */
    LISTEN_AT = 1 << 21, /* COMPARE[0] -> RXEN */
    NOTE_ADDRESS = 1 << 26, /* ADDRESS -> CAPTURE[1] */
    NOTE_END = 1 << 27,     /* END -> CAPTURE[2] */

    RNG_START = RNG + 0x000, RNG_STOP = RNG + 0x004, E_VALRDY = RNG + 0x100,
    RNG_CONFIG = RNG + 0x504, RNG_VALUE = RNG + 0x508,
    STARTECB = ECB + 0x000, E_ENDECB = ECB + 0x100, ECBDATAPTR = ECB + 0x504,
    KSGEN = CCM + 0x000, E_ENDCRYPT = CCM + 0x104, CCM_SHORTS = CCM + 0x200,
    MICSTATUS = CCM + 0x400, CCM_ENABLE = CCM + 0x500, CCM_MODE = CCM + 0x504,
    CNFPTR = CCM + 0x508, INPTR = CCM + 0x50c, OUTPTR = CCM + 0x510, SCRATCHPTR = CCM + 0x514,
    CCM_ENABLED = 2, DECRYPT = 1,
    FAST = 1 << 16, /* as for LE 2M: nothing is on the air meanwhile */

    READY_START = 1 << 0, END_DISABLE = 1 << 1, DISABLED_TXEN = 1 << 2, DISABLED_RXEN = 1 << 3,

    /* behind the start of the app's memory */
    TX_BUFFER = 0x100, RX_BUFFER = 0x180, ECB_BLOCK = 0x200, CCM_BLOCK = 0x240, CCM_IN = 0x280,
    CCM_OUT = 0x2c0, CCM_SCRATCH = 0x300, /* 16 + 27 octets */

    PASSTHROUGH = 0x10001, ALLOCATE = 2,
};
/* clang-format on */

/* Microseconds, rounded as TIMER0 counts, from the times in Zephyr's radio_nrf52840.h. */
enum {
    T_IFS = 150,
    RX_CHAIN_1M = 9, /* last bit -> ADDRESS, END */
    RX_CHAIN_2M = 5,
    FAST_TO_AIR = 41,     /* TXEN -> first bit, fast ramp-up */
    RAMP_FAST = 41,       /* RXEN -> listening */
    DEFAULT_TO_AIR = 130, /* TXEN -> first bit, default ramp-up, without TIFS */
    RAMP_DEFAULT = 140,   /* RXEN -> listening with TIFS; 10 less without */
    ADDRESS_1M = 40,      /* preamble and access address */
    ADDRESS_2M = 24,
    SLACK = 4,          /* a tick of TIMER0 here and there */
    RTC_LEAD_TICKS = 3, /* a compare value nearer than that may never come */
    SET_UP_US = 20,     /* from a look at the time to a window that is armed */
    CYCLES_PER_US = 64,
};

enum step {
    STEP_ALLOCATED,
    STEP_CRYSTAL,
    STEP_RANDOM,
    STEP_RANDOM_VALUE,
    STEP_STARTED,
    STEP_HEARD,  /* EVENTS_END: an address alone may be cut off by the time-out */
    STEP_STATUS, /* CRCSTATUS */
    STEP_HEADER, /* the first word in the receive buffer, then the rest of the payload */
    STEP_PAYLOAD,
    STEP_CAPTURED_ADDRESS,
    STEP_CAPTURED_END,
    STEP_LATE_NOW,   /* where TIMER0 stands once the answer is armed */
    STEP_LATE_STATE, /* whether the transmitter has started before the answer was in place */
    STEP_THINK,
    STEP_KEY_ENDED,
    STEP_KEY_WORD,
    STEP_CRYPT_ENDED,
    STEP_MIC,
    STEP_CRYPT_WORD,
    STEP_CRYPTED,
    STEP_NOW_TIMER,
    STEP_NOW_RTC,
    STEP_NEXT,
};

enum phase { SETTING_UP, ADVERTISE, ADVERTISED, STOPPING, LISTENING, ANSWERING, WAITING, DONE };

struct ble {
    struct ops ops;
    struct ble_core core;
    uint8_t phase, device, channel; /* of advertising: 0..2 */
    bool heard, crc_good, goes_on;
    uint8_t words;
    uint32_t address_us, end_us, now_us, wake_us, wake_from_us;
    uint8_t random[BLE_RANDOM_SIZE], randoms;
    uint8_t crypted[BLE_PAYLOAD_MAX + 4]; /* words as CCM or ECB left them */
    bool mic_good;
    struct ble_pdu in;
    struct ble_window window;
    uint32_t late, answers, advertisements, connections, stale;
};

static struct ble *ble_of(struct app *app)
{
    return app_state(app);
}

static const struct ble_program *program_of(const struct app *app)
{
    return app->program;
}

static bool is_armed(const struct app *app)
{
    return app->engine == &ble_armed_engine;
}

static uint32_t prepare_us(const struct app *app)
{
    return ble_or_else(program_of(app)->prepare_us, 500);
}

static bool is_fast(const struct app *app)
{
    return !is_armed(app) && !program_of(app)->default_ramp;
}

static uint32_t ramp_us(const struct app *app)
{
    return is_fast(app) ? RAMP_FAST : RAMP_DEFAULT;
}

static uint32_t rx_buffer(const struct app *app)
{
    return app->ram_base + RX_BUFFER;
}

static uint32_t tx_buffer(const struct app *app)
{
    return app->ram_base + TX_BUFFER;
}

/* --- set-up ---------------------------------------------------------------------------------- */

static const uint32_t devices[] = {PPI, CLOCK, RADIO, TIMER0, RTC0, RNG, ECB, CCM};
enum { DEVICES = sizeof devices / sizeof devices[0] };

static void allocate_next(struct app *app)
{
    struct ble *ble = ble_of(app);
    const uint32_t args[4] = {PASSTHROUGH, ALLOCATE, devices[ble->device], WINDOW};
    ops_call(&ble->ops, SYSCALL_COMMAND, args, STEP_ALLOCATED);
}

enum { CRYSTAL_POLL_CYCLES = 640, RAMP_DOWN_CYCLES = 448 /* 7 us: a transmitter takes 6 */ };

static void wait_for_crystal(struct ops *ops)
{
    ops_compute(ops, CRYSTAL_POLL_CYCLES);
    ops_load(ops, HFCLKSTARTED, STEP_CRYSTAL);
}

static void start_clocks(struct app *app)
{
    struct ops *ops = &ble_of(app)->ops;
    const uint32_t args[4] = {PASSTHROUGH, 0, app->flash_base + APP_FUNCTION(0), 0};
    ops_call(ops, SYSCALL_SUBSCRIBE, args, OPS_NO_STEP);
    ops_store(ops, HFCLKSTART, 1);
    ops_store(ops, LFCLKSRC, 1);
    ops_store(ops, LFCLKSTART, 1);
    wait_for_crystal(ops);
}

static void wait_for_random(struct ops *ops)
{
    ops_compute(ops, CRYSTAL_POLL_CYCLES);
    ops_load(ops, E_VALRDY, STEP_RANDOM);
}

static void draw_random(struct app *app)
{
    struct ops *ops = &ble_of(app)->ops;
    ops_store(ops, RNG_CONFIG, 1);
    ops_store(ops, RNG_START, 1);
    wait_for_random(ops);
}

static void set_up_devices(struct app *app)
{
    struct ops *ops = &ble_of(app)->ops;
    ops_store(ops, TIMER_BITMODE, 3);
    ops_store(ops, TIMER_PRESCALER, 4);
    ops_store(ops, TIMER_START, 1);
    ops_store(ops, RTC_START, 1);
    ops_store(ops, RADIO + 0x650, is_fast(app) ? 1 : 0);
    ops_store(ops, PCNF0, 8 | 1 << 8 | 1 << 20);                          /* LFLEN, S0LEN, S1INCL */
    ops_store(ops, PCNF1, BLE_PAYLOAD_MAX | 3 << 16 | UINT32_C(1) << 25); /* BALEN, WHITEEN */
    ops_store(ops, TXADDRESS, 0);
    ops_store(ops, RXADDRESSES, 1);
    ops_store(ops, CRCCNF, 3 | 1 << 8); /* three octets, the address not in it */
    ops_store(ops, CRCPOLY, 0x65b);
    ops_store(ops, TIFS, is_armed(app) ? T_IFS : 0);
    ops_store(ops, CH4, E_ADDRESS);
    ops_store(ops, CH4 + 4, CAPTURE3);
    ops_store(ops, CH5, E_COMPARE3);
    ops_store(ops, CH5 + 4, DISABLE);
    ops_store(ops, CHENSET, NOTE_ADDRESS | NOTE_END);
    ops_then(ops, STEP_STARTED);
}

/* --- the radio ------------------------------------------------------------------------------- */

static uint32_t mhz_offset(uint8_t channel)
{
    static const uint8_t advertising[3] = {2, 26, 80};
    if (channel >= 37)
        return advertising[channel - 37];
    return channel < 11 ? 4 + 2 * (uint32_t)channel : 6 + 2 * (uint32_t)channel;
}

static void tune(struct app *app, uint8_t channel, uint8_t phy)
{
    struct ops *ops = &ble_of(app)->ops;
    ops_store(ops, FREQUENCY, mhz_offset(channel));
    ops_store(ops, DATAWHITEIV, 0x40u | channel);
    ops_store(ops, MODE, phy ? 4 : 3);
    ops_store(ops, PCNF0, 8 | 1 << 8 | 1 << 20 | (phy ? 1 << 24 : 0)); /* preamble of 16 bits */
}

static void use_address(struct app *app, uint32_t access_address, uint32_t crc_init)
{
    struct ops *ops = &ble_of(app)->ops;
    ops_store(ops, BASE0, access_address << 8);
    ops_store(ops, PREFIX0, access_address >> 24);
    ops_store(ops, CRCINIT, crc_init);
}

static uint32_t word_at(const uint8_t *octets, uint32_t size)
{
    uint32_t word = 0;
    for (uint32_t i = 0; i < 4 && i < size; i++)
        word |= (uint32_t)octets[i] << 8 * i;
    return word;
}

/* As RADIO reads it: S0, LENGTH, S1, payload. */
static void write_buffer(struct app *app, const struct ble_pdu *pdu)
{
    uint8_t octets[3 + BLE_PAYLOAD_MAX] = {pdu->header, pdu->length, 0};
    memcpy(octets + 3, pdu->payload, pdu->length);
    for (uint32_t at = 0; at < 3u + pdu->length; at += 4)
        ops_store(&ble_of(app)->ops, tx_buffer(app) + at,
                  word_at(octets + at, 3u + pdu->length - at));
}

static void enable_interrupts(struct app *app)
{
    struct ops *ops = &ble_of(app)->ops;
    uint32_t forget = program_of(app)->forget_event;
    if (forget && ble_of(app)->core.events == forget)
        return;
    ops_store(ops, RADIO_INTENSET, DISABLED_BIT);
    ops_store(ops, RTC_INTENSET, RTC_COMPARE0_BIT);
}

static void clear_radio(struct app *app)
{
    struct ops *ops = &ble_of(app)->ops;
    ops_store(ops, E_ADDRESS, 0);
    ops_store(ops, E_END, 0);
    ops_store(ops, E_DISABLED, 0);
}

/* What the radio does once it has received: armed, it turns around by itself. */
static uint32_t receive_shorts(const struct app *app)
{
    return READY_START | END_DISABLE | (is_armed(app) ? DISABLED_TXEN : 0);
}

/* By software, the receiver is started once its buffer is in place. */
static uint32_t send_shorts(const struct app *app, bool listen_again)
{
    return READY_START | END_DISABLE | (listen_again && is_armed(app) ? DISABLED_RXEN : 0);
}

static uint32_t address_us(const struct ble *ble)
{
    return ble->window.phy ? ADDRESS_2M : ADDRESS_1M;
}

static uint32_t chain_us(const struct ble *ble)
{
    return ble->window.phy ? RX_CHAIN_2M : RX_CHAIN_1M;
}

/* The receiver is closed if no access address has come `us` after now. */
static void time_out_in(struct app *app, uint32_t us)
{
    struct ops *ops = &ble_of(app)->ops;
    ops_store(ops, CHENCLR, TIME_OUT);
    ops_store(ops, CC3, ble_of(app)->now_us + us);
    ops_store(ops, E_COMPARE3, 0);
    ops_store(ops, CHENSET, CANCEL | TIME_OUT);
}

/* --- advertising ----------------------------------------------------------------------------- */

static void advertise(struct app *app)
{
    struct ble *ble = ble_of(app);
    const struct ble_pdu pdu = ble_core_advertisement(&ble->core);
    ble->phase = ADVERTISE;
    ble->window = (struct ble_window){.channel = (uint8_t)(37 + ble->channel)};
    ble->advertisements++;
    ops_compute(&ble->ops, program_of(app)->work_cycles);
    use_address(app, BLE_AA_ADVERTISING, BLE_CRC_ADVERTISING);
    tune(app, ble->window.channel, 0);
    write_buffer(app, &pdu);
    clear_radio(app);
    ops_store(&ble->ops, PACKETPTR, tx_buffer(app));
    ops_store(&ble->ops, RADIO_SHORTS, send_shorts(app, true));
    ops_store(&ble->ops, TXEN, 1);
    enable_interrupts(app);
}

/* A packet is out, and the radio turns around: an advertisement, to which a CONNECT_IND may come,
 * or an answer in an event that goes on. */
static void listen_behind(struct app *app, enum phase phase)
{
    struct ble *ble = ble_of(app);
    ble->phase = (uint8_t)phase;
    ops_store(&ble->ops, PACKETPTR, rx_buffer(app));
    ops_store(&ble->ops, RADIO_SHORTS, receive_shorts(app));
    if (!is_armed(app))
        ops_store(&ble->ops, RXEN, 1);
    ops_store(&ble->ops, E_END, 0);
    ops_store(&ble->ops, E_DISABLED, 0);
    ops_store(&ble->ops, CAPTURE3, 1);
    ops_load(&ble->ops, CC3, STEP_NOW_TIMER);
    enable_interrupts(app);
}

/* --- sleeping until it is time --------------------------------------------------------------- */

/* RTC0 wakes the program at `wake_us` of TIMER0, or a tick before. */
static void sleep_until(struct app *app, uint32_t wake_us)
{
    struct ble *ble = ble_of(app);
    ble->phase = WAITING;
    ble->wake_us = wake_us;
    ops_store(&ble->ops, CAPTURE3, 1);
    ops_load(&ble->ops, CC3, STEP_NOW_TIMER);
    ops_load(&ble->ops, RTC_COUNTER, STEP_NOW_RTC);
}

static void event_over(struct app *app);

/* The other side has made the event before so long that this one's window cannot be opened. */
static bool is_too_late(const struct app *app)
{
    const struct ble *ble = app_state_read(app);
    uint32_t needs_us = SET_UP_US + program_of(app)->work_cycles / CYCLES_PER_US;
    return ble->core.state != BLE_ADVERTISING &&
           (int32_t)(ble->window.open_us - ramp_us(app) - ble->now_us) < (int32_t)needs_us;
}

static void set_alarm(struct app *app, uint32_t counter)
{
    struct ble *ble = ble_of(app);
    uint32_t ahead_us = ble->wake_us - ble->now_us;
    uint32_t ticks = (int32_t)ahead_us < 0 ? 0 : (uint32_t)((uint64_t)ahead_us * 32768 / 1000000);
    if (is_too_late(app)) {
        ble->late++;
        event_over(app);
        return;
    }
    if (ticks < RTC_LEAD_TICKS) {
        ops_compute(&ble->ops, RAMP_DOWN_CYCLES); /* DISABLED still comes, of the event before */
        ops_then(&ble->ops, STEP_NEXT);           /* it is time already */
        return;
    }
    ops_store(&ble->ops, RTC_E_COMPARE0, 0);
    ops_store(&ble->ops, RTC_CC0, (counter + ticks) & RTC_MASK);
    ops_store(&ble->ops, RTC_INTENSET, RTC_COMPARE0_BIT);
}

/* The next connection event, or, if there is no connection, the next advertisement. */
static void plan_next(struct app *app)
{
    struct ble *ble = ble_of(app);
    if (ble->core.state == BLE_ADVERTISING) {
        uint32_t period_us = ble_or_else(program_of(app)->advertising_us, 20000);
        if (ble->channel++ < 2) {
            advertise(app);
            return;
        }
        ble->channel = 0;
        ble->wake_from_us += period_us + (uint32_t)random_below(&app->random, 10000);
        sleep_until(app, ble->wake_from_us);
        return;
    }
    if (!ble_core_window(&ble->core, ble->now_us, &ble->window)) {
        ble->phase = DONE;
        ops_then(&ble->ops, STEP_NEXT);
        return;
    }
    sleep_until(app, ble->window.open_us - ramp_us(app) - prepare_us(app));
}

/* --- a connection event ---------------------------------------------------------------------- */

static void open_receiver(struct app *app)
{
    struct ble *ble = ble_of(app);
    ble->phase = LISTENING;
    ble->heard = false;
    ops_compute(&ble->ops, program_of(app)->work_cycles);
    tune(app, ble->window.channel, ble->window.phy);
    clear_radio(app);
    ops_store(&ble->ops, PACKETPTR, rx_buffer(app));
    ops_store(&ble->ops, RADIO_SHORTS, receive_shorts(app));
    ops_store(&ble->ops, CHENCLR, SEND_AT | LISTEN_AT | TIME_OUT);
    ops_store(&ble->ops, E_COMPARE0, 0);
    ops_store(&ble->ops, E_COMPARE3, 0);
    ops_store(&ble->ops, CC0, ble->window.open_us - ramp_us(app));
    ops_store(&ble->ops, CC3, ble->window.close_us + address_us(ble) + chain_us(ble) + SLACK);
    ops_store(&ble->ops, CHENSET, LISTEN_AT | CANCEL | TIME_OUT);
    ops_store(&ble->ops, CAPTURE3 - 8, 1); /* CAPTURE[1]: is it too late already? */
    ops_load(&ble->ops, CC1, STEP_NEXT);
    enable_interrupts(app);
}

/* Armed, the radio is about to send: it is held back, for there is nothing to say. */
static void radio_off(struct app *app)
{
    struct ops *ops = &ble_of(app)->ops;
    ops_store(ops, RADIO_SHORTS, 0);
    ops_store(ops, E_DISABLED, 0);
    ops_store(ops, DISABLE, 1);
}

static void event_over(struct app *app)
{
    struct ble *ble = ble_of(app);
    ble->phase = WAITING;
    radio_off(app);
    ops_store(&ble->ops, CHENCLR, SEND_AT | LISTEN_AT | TIME_OUT | CANCEL);
    ops_compute(&ble->ops, program_of(app)->work_cycles);
    ops_then(&ble->ops, STEP_THINK);
}

/* The radio is disabled: something came in, or the time was up. */
static void look(struct app *app)
{
    struct ops *ops = &ble_of(app)->ops;
    ops_store(ops, E_DISABLED, 0);
    ops_compute(ops, program_of(app)->turnaround_cycles);
    ops_load(ops, E_END, STEP_HEARD);
}

/* By software: when the transmitter is started, so that the answer's first bit is on time. */
static uint32_t answer_at_us(const struct app *app)
{
    const struct ble *ble = app_state_read(app);
    uint32_t to_air_us = is_fast(app) ? FAST_TO_AIR : DEFAULT_TO_AIR;
    return ble->end_us - chain_us(ble) + T_IFS - to_air_us;
}

static void send_answer(struct app *app)
{
    struct ble *ble = ble_of(app);
    ble->phase = ANSWERING;
    write_buffer(app, &ble->core.out);
    ops_store(&ble->ops, PACKETPTR, tx_buffer(app));
    if (is_armed(app)) {
        ops_load(&ble->ops, RADIO_STATE, STEP_LATE_STATE);
    } else {
        uint32_t at_us = answer_at_us(app);
        ops_store(&ble->ops, CHENCLR, LISTEN_AT | TIME_OUT | CANCEL);
        ops_store(&ble->ops, E_COMPARE0, 0);
        ops_store(&ble->ops, CC0, at_us);
        ops_store(&ble->ops, CHENSET, SEND_AT);
        ops_store(&ble->ops, CAPTURE3, 1);
        ops_load(&ble->ops, CC3, STEP_LATE_NOW);
    }
}

static void answer_armed(struct app *app)
{
    struct ble *ble = ble_of(app);
    ble->answers++;
    ops_store(&ble->ops, RADIO_SHORTS, send_shorts(app, ble->goes_on));
    ops_store(&ble->ops, E_ADDRESS, 0);
    ops_store(&ble->ops, E_END, 0);
    ops_store(&ble->ops, CHENCLR, TIME_OUT | CANCEL);
    enable_interrupts(app);
    ops_compute(&ble->ops, program_of(app)->work_cycles);
    ops_then(&ble->ops, STEP_THINK);
}

static void decide(struct app *app)
{
    struct ble *ble = ble_of(app);
    uint32_t last_bit_us = ble->end_us - chain_us(ble);
    ble_core_heard(&ble->core, ble->address_us - chain_us(ble) - address_us(ble));
    enum ble_answer answer = ble_core_received(&ble->core, &ble->in, ble->crc_good, last_bit_us);
    ble->goes_on = answer == BLE_ANSWER;
    if (answer == BLE_NO_ANSWER)
        event_over(app);
    else
        send_answer(app);
}

/* Nothing came, or nothing that concerns it; or a scanner that wants to know more; or a central. */
static void on_advertised(struct app *app)
{
    struct ble *ble = ble_of(app);
    uint32_t last_bit_us = ble->end_us - chain_us(ble);
    ble->goes_on = false;
    if (ble->heard && ble->crc_good && ble_core_scanned(&ble->core, &ble->in)) {
        send_answer(app);
        return;
    }
    radio_off(app);
    if (ble->heard && ble->crc_good && ble_core_connect(&ble->core, &ble->in, last_bit_us)) {
        ble->connections++;
        use_address(app, ble->core.access_address, ble->core.crc_init);
    }
    ble->phase = STOPPING; /* a transmitter takes its time to ramp down */
    enable_interrupts(app);
}

static void wake(struct app *app)
{
    if (ble_of(app)->core.state == BLE_ADVERTISING)
        advertise(app);
    else
        open_receiver(app);
}

/* --- encryption ------------------------------------------------------------------------------ */

/* Long term key of the specification's sample data (Core Vol 6 Part C 1), as AES takes it. */
static const uint8_t sample_key[16] = {0x4c, 0x68, 0x38, 0x41, 0x39, 0xf5, 0x74, 0xd8,
                                       0x36, 0xbc, 0xf3, 0x4e, 0x9d, 0xfb, 0x01, 0xbf};

static void write_octets(struct app *app, uint32_t place, const uint8_t *octets, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += 4)
        ops_store(&ble_of(app)->ops, app->ram_base + place + at, word_at(octets + at, size - at));
}

static void wait_for_key(struct ops *ops)
{
    ops_compute(ops, CRYSTAL_POLL_CYCLES);
    ops_load(ops, E_ENDECB, STEP_KEY_ENDED);
}

/* Key and clear text, most significant octet first: SKD is the other way round on the air. */
static void make_key(struct app *app)
{
    struct ble *ble = ble_of(app);
    uint8_t block[32];
    memcpy(block, sample_key, 16);
    block[15] ^= (uint8_t)program_of(app)->other_key;
    for (int i = 0; i < 16; i++)
        block[16 + i] = ble->core.skd[15 - i];
    write_octets(app, ECB_BLOCK, block, sizeof block);
    ops_store(&ble->ops, ECBDATAPTR, app->ram_base + ECB_BLOCK);
    ops_store(&ble->ops, E_ENDECB, 0);
    ops_store(&ble->ops, STARTECB, 1);
    wait_for_key(&ble->ops);
}

static void wait_for_crypt(struct ops *ops)
{
    ops_compute(ops, CRYSTAL_POLL_CYCLES);
    ops_load(ops, E_ENDCRYPT, STEP_CRYPT_ENDED);
}

/* What CNFPTR points to: key, counter, direction (1: from the central), IV. */
static void write_configuration(struct app *app, bool opening)
{
    const struct ble_core *core = &ble_of(app)->core;
    uint64_t counter = opening ? core->received_counter : core->sent_counter;
    uint8_t block[33];
    memcpy(block, core->session_key, 16);
    for (int i = 0; i < 8; i++)
        block[16 + i] = (uint8_t)(counter >> 8 * i);
    block[24] = opening;
    memcpy(block + 25, core->iv, 8);
    write_octets(app, CCM_BLOCK, block, sizeof block);
}

static void crypt(struct app *app, bool opening)
{
    struct ble *ble = ble_of(app);
    const struct ble_pdu *pdu = opening ? &ble->core.inbox : &ble->core.queue[0];
    uint8_t packet[3 + BLE_PAYLOAD_MAX] = {pdu->header, pdu->length, 0};
    memcpy(packet + 3, pdu->payload, pdu->length);
    write_configuration(app, opening);
    write_octets(app, CCM_IN, packet, 3u + pdu->length);
    ops_store(&ble->ops, CCM_ENABLE, CCM_ENABLED);
    ops_store(&ble->ops, CCM_MODE, (opening ? DECRYPT : 0) | FAST);
    ops_store(&ble->ops, CNFPTR, app->ram_base + CCM_BLOCK);
    ops_store(&ble->ops, INPTR, app->ram_base + CCM_IN);
    ops_store(&ble->ops, OUTPTR, app->ram_base + CCM_OUT);
    ops_store(&ble->ops, SCRATCHPTR, app->ram_base + CCM_SCRATCH);
    ops_store(&ble->ops, CCM_SHORTS, 1); /* ENDKSGEN -> CRYPT */
    ops_store(&ble->ops, E_ENDCRYPT, 0);
    ops_store(&ble->ops, KSGEN, 1);
    wait_for_crypt(&ble->ops);
}

static void read_crypted(struct app *app, uint32_t address, uint32_t size, uint8_t step)
{
    struct ble *ble = ble_of(app);
    ble->words = 0;
    for (uint32_t at = 0; at < size; at += 4)
        ops_load(&ble->ops, address + at, step);
}

/* How many octets there are now. */
static uint32_t keep_word(struct ble *ble, uint32_t word)
{
    uint32_t at = 4u * ble->words++;
    for (uint32_t i = 0; i < 4 && at + i < sizeof ble->crypted; i++)
        ble->crypted[at + i] = (uint8_t)(word >> 8 * i);
    return at + 4;
}

/* --- steps ----------------------------------------------------------------------------------- */

static void on_allocated(struct app *app, bool success)
{
    struct ble *ble = ble_of(app);
    app_check(app, ble->device, success, success, 1);
    if (++ble->device < DEVICES)
        allocate_next(app);
    else
        start_clocks(app);
}

static void on_heard(struct app *app, uint32_t value)
{
    struct ble *ble = ble_of(app);
    ble->heard = value;
    if (value)
        ops_load(&ble->ops, CRCSTATUS, STEP_STATUS);
    else if (ble->phase == ADVERTISED)
        on_advertised(app);
    else
        event_over(app);
}

static void on_header(struct app *app, uint32_t word)
{
    struct ble *ble = ble_of(app);
    ble->in = (struct ble_pdu){.header = (uint8_t)word, .length = (uint8_t)(word >> 8)};
    if (ble->in.length > BLE_PAYLOAD_MAX)
        ble->in.length = BLE_PAYLOAD_MAX;
    ble->in.payload[0] = (uint8_t)(word >> 24);
    ble->words = 0;
    for (uint32_t at = 4; at < 3u + ble->in.length; at += 4)
        ops_load(&ble->ops, rx_buffer(app) + at, STEP_PAYLOAD);
    ops_load(&ble->ops, CC1, STEP_CAPTURED_ADDRESS);
    ops_load(&ble->ops, CC2, STEP_CAPTURED_END);
}

static void on_payload(struct app *app, uint32_t word)
{
    struct ble *ble = ble_of(app);
    uint32_t at = 1 + 4u * ble->words++;
    for (uint32_t i = 0; i < 4 && at + i < BLE_PAYLOAD_MAX; i++)
        ble->in.payload[at + i] = (uint8_t)(word >> 8 * i);
}

static void on_end_known(struct app *app, uint32_t value)
{
    struct ble *ble = ble_of(app);
    ble->end_us = value;
    if (ble->phase == ADVERTISED)
        on_advertised(app);
    else
        decide(app);
}

/* The moment has gone by: nothing is sent, and the event is over. */
static void on_answer_time(struct app *app, uint32_t now_us)
{
    struct ble *ble = ble_of(app);
    if ((int32_t)(now_us - answer_at_us(app)) < 0) {
        answer_armed(app);
        return;
    }
    ble->late++;
    event_over(app);
}

/* A transmitter that is past its ramp-up sends what the pointer named before. */
static void on_answer_state(struct app *app, uint32_t state)
{
    enum { TX_RAMP_UP = 9 };
    struct ble *ble = ble_of(app);
    if (state != TX_RAMP_UP) {
        ble->late++;
        ble->stale++;
    }
    answer_armed(app);
}

/* All that need not be done between two packets, one thing after another. */
static void think(struct app *app)
{
    struct ble *ble = ble_of(app);
    bool near = ble->phase == ANSWERING && ble->goes_on; /* the next packet: AES has to wait */
    if (near && ble_core_wants_opening(&ble->core))
        return;
    if (ble_core_wants_opening(&ble->core)) {
        crypt(app, true);
        return;
    }
    ble_core_think(&ble->core, ble->now_us);
    if (near)
        return;
    if (ble_core_wants_key(&ble->core)) {
        make_key(app);
        return;
    }
    if (ble_core_wants_sealing(&ble->core)) {
        crypt(app, false);
        return;
    }
    if (ble->phase != WAITING)
        return; /* the answer is still going out */
    if (ble->core.state != BLE_ADVERTISING)
        ble_core_end_event(&ble->core);
    plan_next(app);
}

static void on_random(struct app *app, uint32_t value)
{
    struct ble *ble = ble_of(app);
    ble->random[ble->randoms++] = (uint8_t)value;
    ops_store(&ble->ops, E_VALRDY, 0);
    if (ble->randoms < BLE_RANDOM_SIZE) {
        wait_for_random(&ble->ops);
        return;
    }
    ops_store(&ble->ops, RNG_STOP, 1);
    ble_core_random(&ble->core, ble->random);
    set_up_devices(app);
}

static void on_timer(struct app *app, uint32_t now_us)
{
    struct ble *ble = ble_of(app);
    ble->now_us = now_us;
    if (ble->phase == ADVERTISED || ble->phase == LISTENING)
        time_out_in(app, T_IFS + address_us(ble) + chain_us(ble) + SLACK);
}

/* Whether the receiver's moment has gone by while it was being set up. */
static void on_next(struct app *app, uint32_t value)
{
    struct ble *ble = ble_of(app);
    if (ble->phase == WAITING) {
        wake(app);
    } else if (ble->phase == LISTENING) {
        if ((int32_t)(value - (ble->window.open_us - ramp_us(app))) < 0)
            return;
        ble->late++;
        event_over(app);
    }
}

/* A flat switch over the steps. */
static void step(struct app *app, uint8_t which, uint32_t value)
{
    struct ble *ble = ble_of(app);
    switch ((enum step)which) {
    case STEP_ALLOCATED:
        on_allocated(app, value);
        break;
    case STEP_CRYSTAL:
        if (value)
            draw_random(app);
        else
            wait_for_crystal(&ble->ops);
        break;
    case STEP_RANDOM:
        if (value)
            ops_load(&ble->ops, RNG_VALUE, STEP_RANDOM_VALUE);
        else
            wait_for_random(&ble->ops);
        break;
    case STEP_RANDOM_VALUE:
        on_random(app, value);
        break;
    case STEP_STARTED:
        advertise(app);
        break;
    case STEP_HEARD:
        on_heard(app, value);
        break;
    case STEP_STATUS:
        ble->crc_good = value;
        ops_load(&ble->ops, rx_buffer(app), STEP_HEADER);
        break;
    case STEP_HEADER:
        on_header(app, value);
        break;
    case STEP_PAYLOAD:
        on_payload(app, value);
        break;
    case STEP_CAPTURED_ADDRESS:
        ble->address_us = value;
        break;
    case STEP_CAPTURED_END:
        on_end_known(app, value);
        break;
    case STEP_LATE_NOW:
        on_answer_time(app, value);
        break;
    case STEP_LATE_STATE:
        on_answer_state(app, value);
        break;
    case STEP_THINK:
        think(app);
        break;
    case STEP_KEY_ENDED:
        if (value)
            read_crypted(app, app->ram_base + ECB_BLOCK + 32, 16, STEP_KEY_WORD);
        else
            wait_for_key(&ble->ops);
        break;
    case STEP_KEY_WORD:
        if (keep_word(ble, value) == 16) {
            ble_core_key_made(&ble->core, ble->crypted);
            think(app);
        }
        break;
    case STEP_CRYPT_ENDED:
        if (value)
            ops_load(&ble->ops, MICSTATUS, STEP_MIC);
        else
            wait_for_crypt(&ble->ops);
        break;
    case STEP_MIC:
        ble->mic_good = value;
        read_crypted(app, app->ram_base + CCM_OUT, 3 + BLE_DATA_MAX + 4, STEP_CRYPT_WORD);
        ops_then(&ble->ops, STEP_CRYPTED);
        break;
    case STEP_CRYPT_WORD:
        (void)keep_word(ble, value);
        break;
    case STEP_CRYPTED:
        if (ble_core_wants_opening(&ble->core))
            ble_core_opened(&ble->core, ble->crypted + 3, ble->mic_good);
        else
            ble_core_sealed(&ble->core, ble->crypted + 3);
        think(app);
        break;
    case STEP_NOW_TIMER:
        on_timer(app, value);
        break;
    case STEP_NOW_RTC:
        set_alarm(app, value);
        break;
    case STEP_NEXT:
        on_next(app, value);
        break;
    }
}

/* --- the engine ------------------------------------------------------------------------------ */

static void ble_start(struct app *app, const uint32_t r[4])
{
    struct ble *ble = ble_of(app);
    (void)r;
    *ble = (struct ble){.ops = {.waiting = OPS_NO_STEP}};
    ble_begin(&ble->core, program_of(app));
    allocate_next(app);
}

static void ble_upcall(struct app *app, uint32_t function, const uint32_t r[4])
{
    struct ble *ble = ble_of(app);
    (void)function;
    if (r[1] == RTC0 && ble->phase == WAITING) {
        ops_store(&ble->ops, RTC_E_COMPARE0, 0);
        wake(app);
    } else if (r[1] == RADIO && ble->phase == ADVERTISE) {
        listen_behind(app, ADVERTISED);
    } else if (r[1] == RADIO && (ble->phase == ADVERTISED || ble->phase == LISTENING)) {
        look(app);
    } else if (r[1] == RADIO && ble->phase == STOPPING) {
        plan_next(app);
    } else if (r[1] == RADIO && ble->phase == ANSWERING) {
        if (ble->core.state == BLE_ADVERTISING)
            plan_next(app);
        else if (ble->goes_on)
            listen_behind(app, LISTENING);
        else
            event_over(app);
    }
}

static void ble_next(struct app *app, struct app_op *op)
{
    struct ble *ble = ble_of(app);
    if (!ops_next(app, &ble->ops, step, op))
        *op = (struct app_op){.kind = OP_SYSCALL, .call = {SYSCALL_YIELD, {YIELD_WAIT, 0, 0, 0}}};
}

static uint64_t ble_fact(const struct app *app, uint32_t fact)
{
    const struct ble *ble = app_state_read(app);
    const struct ble_tally tally = {.late = ble->late,
                                    .answers = ble->answers,
                                    .advertisements = ble->advertisements,
                                    .connections = ble->connections,
                                    .stale = ble->stale};
    return ble_fact_value(&ble->core, &tally, fact);
}

/* clang-format off */
#define BLE_ENGINE(engine_name, text)                                                              \
    {.name = (engine_name), .about = (text), .state_size = sizeof(struct ble),                     \
     .start = ble_start, .upcall = ble_upcall, .next = ble_next, .parameter = ble_parameter,       \
     .program_size = sizeof(struct ble_program), .facts = ble_facts,                               \
     .fact_count = BLE_FACTS, .fact = ble_fact}
/* clang-format on */

const struct app_engine ble_software_engine =
    BLE_ENGINE("ble_software", "a BLE peripheral with a lent radio, turned around by software");
const struct app_engine ble_armed_engine =
    BLE_ENGINE("ble_armed", "a BLE peripheral with a lent radio, turned around by SHORTS and TIFS");
