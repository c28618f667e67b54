/* ble_syscalls.c: a Bluetooth LE peripheral by system calls, the third design: the kernel drives
 * the radio (model/services.h, driver 0x30001), and the app asks it for one action a call.
 *
 *   a packet comes in -> bottom half, copy -> upcall -> allow_rw: the app has the packet, the
 *   kernel the other buffer -> read, decide, write -> allow_ro -> command: copy, and the answer is
 *   armed
 *
 * Moments are hardware's, which the kernel sets up: what has to be in time is the whole path above,
 * before the transmitter's ramp-up, 99.7 us behind the event of the packet's end (facts as for
 * ble_software in ble_peripheral.c).
 *
 * Two buffers a direction: an app neither reads nor writes one that the kernel holds (TRD 104, 4.4
 * and 4.5), and a swap is one call.
 *
 * Not modelled: the program's own instructions, but for OP_COMPUTE of `work_cycles` and
 * `turnaround_cycles`; sleeping without the crystal; encryption.
 */
#include "sim/apps/ble_common.h"
#include "sim/apps/ble_ops.h"
#include "sim/apps/catalogue.h"
#include <string.h>

enum {
    RADIO_DRIVER = 0x30001,
    TAKE = 1,
    GIVE_BACK = 2,
    ADDRESS = 4,
    TUNE = 5,
    LISTEN = 6,
    SEND = 7,
    SEND_AND_LISTEN = 8,
    SEND_SOON = 9,

    BUFFERS = 0x100, /* behind the start of the app's memory: two to send, two to receive into */
    BUFFER_SIZE = 64,
    PDU_MAX = 2 + BLE_PAYLOAD_MAX,
    T_IFS = 150,
    CRYSTAL_POLL_CYCLES = 640,
};

enum upcall { UPCALL_RECEIVED, UPCALL_CLOSED, UPCALL_SENT, UPCALLS };

enum step {
    STEP_TAKEN,
    STEP_PLANNED, /* the advertisement was to go out at its time */
    STEP_SOON,    /* as soon as it can */
    STEP_OPENED,  /* the event's window */
    STEP_WORD,    /* four octets of what came in */
    STEP_ANSWERED,
    STEP_THINK,
};

enum phase { SETTING_UP, ADVERTISED, LISTENING, ANSWERING, WAITING, DONE };

struct ble {
    struct ops ops;
    struct ble_core core;
    uint8_t phase, channel; /* of advertising: 0..2 */
    bool goes_on;
    uint8_t sending, receiving;   /* which of the two buffers the kernel has */
    uint32_t next_us;             /* when advertising goes on */
    uint32_t status, size, words; /* of what came in: enum err, octets, words read so far */
    uint32_t first_us, last_us;
    struct ble_pdu in;
    struct ble_window window;
    struct ble_tally tally;
};

static struct ble *ble_of(struct app *app)
{
    return app_state(app);
}

static const struct ble_program *program_of(const struct app *app)
{
    return app->program;
}

/* --- system calls ---------------------------------------------------------------------------- */

static void command(struct app *app, uint32_t number, uint32_t a, uint32_t b, uint8_t step)
{
    const uint32_t args[4] = {RADIO_DRIVER, number, a, b};
    ops_call(&ble_of(app)->ops, SYSCALL_COMMAND, args, step);
}

static void allow(struct app *app, uint32_t class, uint32_t buffer)
{
    const uint32_t args[4] = {RADIO_DRIVER, 0, buffer, BUFFER_SIZE};
    ops_call(&ble_of(app)->ops, class, args, OPS_NO_STEP);
}

static uint32_t send_buffer(const struct app *app, uint8_t which)
{
    return app->ram_base + BUFFERS + (uint32_t)which * BUFFER_SIZE;
}

static uint32_t receive_buffer(const struct app *app, uint8_t which)
{
    return app->ram_base + BUFFERS + (2 + (uint32_t)which) * BUFFER_SIZE;
}

static uint32_t word_at(const uint8_t *octets, uint32_t size)
{
    uint32_t word = 0;
    for (uint32_t i = 0; i < 4 && i < size; i++)
        word |= (uint32_t)octets[i] << 8 * i;
    return word;
}

/* Into the buffer that the kernel does not have, and over to it; how many octets. */
static uint32_t hand_over(struct app *app, const struct ble_pdu *pdu)
{
    struct ble *ble = ble_of(app);
    uint8_t octets[PDU_MAX] = {pdu->header, pdu->length};
    uint32_t size = 2u + pdu->length;
    memcpy(octets + 2, pdu->payload, pdu->length);
    ble->sending = !ble->sending;
    for (uint32_t at = 0; at < size; at += 4)
        ops_store(&ble->ops, send_buffer(app, ble->sending) + at, word_at(octets + at, size - at));
    allow(app, SYSCALL_ALLOW_RO, send_buffer(app, ble->sending));
    return size;
}

/* --- advertising ----------------------------------------------------------------------------- */

/* At next_us, if that is still ahead; the channels after the first follow at once. */
static void advertise(struct app *app)
{
    struct ble *ble = ble_of(app);
    const struct ble_pdu pdu = ble_core_advertisement(&ble->core);
    ble->phase = ADVERTISED;
    ble->window = (struct ble_window){.channel = (uint8_t)(37 + ble->channel)};
    ops_compute(&ble->ops, program_of(app)->work_cycles);
    command(app, TUNE, ble->window.channel, 0, OPS_NO_STEP);
    uint32_t size = hand_over(app, &pdu);
    if (ble->channel == 0 && ble->tally.advertisements > 0)
        command(app, SEND_AND_LISTEN, size, ble->next_us, STEP_PLANNED);
    else
        command(app, SEND_SOON, size, 0, STEP_SOON);
    ble->tally.advertisements++;
}

static void begin(struct app *app)
{
    struct ble *ble = ble_of(app);
    for (uint32_t i = 0; i < UPCALLS; i++) {
        const uint32_t args[4] = {RADIO_DRIVER, i, app->flash_base + APP_FUNCTION(i), i};
        ops_call(&ble->ops, SYSCALL_SUBSCRIBE, args, OPS_NO_STEP);
    }
    allow(app, SYSCALL_ALLOW_RW, receive_buffer(app, ble->receiving));
    command(app, ADDRESS, BLE_AA_ADVERTISING, BLE_CRC_ADVERTISING, OPS_NO_STEP);
    advertise(app);
}

/* --- what comes next ------------------------------------------------------------------------- */

static void plan_advertising(struct app *app)
{
    struct ble *ble = ble_of(app);
    if (ble->channel++ == 2) {
        ble->channel = 0;
        ble->next_us += ble_or_else(program_of(app)->advertising_us, 20000) +
                        (uint32_t)random_below(&app->random, 10000);
    }
    advertise(app);
}

/* The next connection event, or, if there is no connection, the next advertisement. */
static void plan_next(struct app *app)
{
    struct ble *ble = ble_of(app);
    if (ble->core.state == BLE_ADVERTISING) {
        plan_advertising(app);
        return;
    }
    if (!ble_core_window(&ble->core, ble->last_us, &ble->window)) {
        ble->phase = DONE;
        command(app, GIVE_BACK, 0, 0, OPS_NO_STEP);
        return;
    }
    ble->phase = LISTENING;
    command(app, TUNE, ble->window.channel, ble->window.phy, OPS_NO_STEP);
    command(app, LISTEN, ble->window.open_us, ble->window.close_us - ble->window.open_us,
            STEP_OPENED);
}

static void event_over(struct app *app)
{
    struct ble *ble = ble_of(app);
    ble->phase = WAITING;
    ops_compute(&ble->ops, program_of(app)->work_cycles);
    ops_then(&ble->ops, STEP_THINK);
}

static void on_thought(struct app *app)
{
    struct ble *ble = ble_of(app);
    ble_core_think(&ble->core, ble->last_us);
    if (ble->phase != WAITING)
        return; /* the answer is still going out */
    if (ble->core.state != BLE_ADVERTISING)
        ble_core_end_event(&ble->core);
    plan_next(app);
}

/* --- what came in ---------------------------------------------------------------------------- */

/* The packet is the app's, the other buffer the kernel's. */
static void take_packet(struct app *app, const uint32_t r[4])
{
    struct ble *ble = ble_of(app);
    uint32_t from = receive_buffer(app, ble->receiving);
    ble->status = r[0] & 0xffff;
    ble->size = r[0] >> 16;
    ble->first_us = r[1];
    ble->last_us = r[2];
    ble->words = 0;
    ble->in = (struct ble_pdu){0};
    ble->receiving = !ble->receiving;
    allow(app, SYSCALL_ALLOW_RW, receive_buffer(app, ble->receiving));
    ops_compute(&ble->ops, program_of(app)->turnaround_cycles);
    for (uint32_t at = 0; at == 0 || (at < ble->size && at < PDU_MAX); at += 4)
        ops_load(&ble->ops, from + at, STEP_WORD);
}

static void answer(struct app *app)
{
    struct ble *ble = ble_of(app);
    uint32_t size = hand_over(app, &ble->core.out);
    command(app, ble->goes_on ? SEND_AND_LISTEN : SEND, size, ble->last_us + T_IFS, STEP_ANSWERED);
}

/* Of a connection. */
static void decide(struct app *app)
{
    struct ble *ble = ble_of(app);
    ble_core_heard(&ble->core, ble->first_us);
    enum ble_answer what =
        ble_core_received(&ble->core, &ble->in, ble->status == ERR_NONE, ble->last_us);
    ble->goes_on = what == BLE_ANSWER;
    if (what == BLE_NO_ANSWER)
        event_over(app);
    else
        answer(app);
}

/* Behind an advertisement: a scanner that wants to know more, or a central, or nothing of
 * either. */
static void on_advertised(struct app *app)
{
    struct ble *ble = ble_of(app);
    ble->goes_on = false;
    if (ble->status == ERR_NONE && ble_core_scanned(&ble->core, &ble->in)) {
        answer(app);
        return;
    }
    if (ble->status == ERR_NONE && ble_core_connect(&ble->core, &ble->in, ble->last_us)) {
        ble->tally.connections++;
        command(app, ADDRESS, ble->core.access_address, ble->core.crc_init, OPS_NO_STEP);
    }
    plan_next(app);
}

static void on_word(struct app *app, uint32_t word)
{
    struct ble *ble = ble_of(app);
    uint8_t octets[4];
    for (uint32_t i = 0; i < 4; i++)
        octets[i] = (uint8_t)(word >> 8 * i);
    if (ble->words == 0) {
        ble->in.header = octets[0];
        ble->in.length = octets[1] > BLE_PAYLOAD_MAX ? BLE_PAYLOAD_MAX : octets[1];
    }
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t at = 4 * ble->words + i;
        if (at >= 2 && at < PDU_MAX && at < ble->size)
            ble->in.payload[at - 2] = octets[i];
    }
    ble->words++;
    if (4 * ble->words < ble->size && 4 * ble->words < PDU_MAX)
        return;
    if (ble->core.state == BLE_ADVERTISING)
        on_advertised(app);
    else
        decide(app);
}

/* --- steps ----------------------------------------------------------------------------------- */

static void on_taken(struct app *app, bool success)
{
    uint32_t error = app->result.regs.r[1];
    if (!success && error == ERR_OFF) {
        ops_compute(&ble_of(app)->ops, CRYSTAL_POLL_CYCLES);
        command(app, TAKE, 0, 0, STEP_TAKEN);
        return;
    }
    app_check(app, 0, success, error, 0);
    if (success)
        begin(app);
}

static void on_planned(struct app *app, bool success)
{
    struct ble *ble = ble_of(app);
    if (!success)
        command(app, SEND_SOON, 2u + ble_core_advertisement(&ble->core).length, 0, STEP_SOON);
}

static void on_soon(struct app *app, bool success)
{
    struct ble *ble = ble_of(app);
    app_check(app, 1, success, app->result.regs.r[1], 0);
    if (success && ble->channel == 0)
        ble->next_us = app->result.regs.r[1];
}

static void on_opened(struct app *app, bool success)
{
    if (success)
        return;
    ble_of(app)->tally.late++;
    event_over(app);
}

/* Refused: the moment has gone by, nothing is sent, and the event is over. */
static void on_answered(struct app *app, bool success)
{
    struct ble *ble = ble_of(app);
    if (!success) {
        ble->tally.late++;
        event_over(app);
        return;
    }
    ble->tally.answers++;
    ble->phase = ble->goes_on ? LISTENING : ANSWERING;
    ops_compute(&ble->ops, program_of(app)->work_cycles);
    ops_then(&ble->ops, STEP_THINK);
}

static void step(struct app *app, uint8_t which, uint32_t value)
{
    switch ((enum step)which) {
    case STEP_TAKEN:
        on_taken(app, value);
        break;
    case STEP_PLANNED:
        on_planned(app, value);
        break;
    case STEP_SOON:
        on_soon(app, value);
        break;
    case STEP_OPENED:
        on_opened(app, value);
        break;
    case STEP_WORD:
        on_word(app, value);
        break;
    case STEP_ANSWERED:
        on_answered(app, value);
        break;
    case STEP_THINK:
        on_thought(app);
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
    command(app, TAKE, 0, 0, STEP_TAKEN);
}

/* The appdata says which. */
static void ble_upcall(struct app *app, uint32_t function, const uint32_t r[4])
{
    struct ble *ble = ble_of(app);
    (void)function;
    if (r[3] == UPCALL_RECEIVED)
        take_packet(app, r);
    else if (ble->phase == ADVERTISED)
        plan_next(app);
    else
        event_over(app);
}

static void ble_next(struct app *app, struct app_op *op)
{
    if (!ops_next(app, &ble_of(app)->ops, step, op))
        *op = (struct app_op){.kind = OP_SYSCALL, .call = {SYSCALL_YIELD, {YIELD_WAIT, 0, 0, 0}}};
}

/* Nothing is to be prepared (the kernel listens at the moment it was told), and there is no key. */
static bool parameter(void *program, const char *name, int64_t value)
{
    return strcmp(name, "prepare_us") != 0 && strcmp(name, "other_key") != 0 &&
           ble_parameter(program, name, value);
}

static uint64_t ble_fact(const struct app *app, uint32_t fact)
{
    const struct ble *ble = app_state_read(app);
    return ble_fact_value(&ble->core, &ble->tally, fact);
}

const struct app_engine ble_syscalls_engine = {
    .name = "ble_syscalls",
    .about = "a BLE peripheral by system calls: the kernel drives the radio",
    .state_size = sizeof(struct ble),
    .start = ble_start,
    .upcall = ble_upcall,
    .next = ble_next,
    .parameter = parameter,
    .program_size = sizeof(struct ble_program),
    .facts = ble_facts,
    .fact_count = BLE_FACTS,
    .fact = ble_fact,
};
