#include "model/chip_radio.h"
#include "model/kernel.h"

enum { RADIO_DRIVER = 0x30001, BUFFER = 0, PDU_HEADER = 2, CHANNELS = 40, PHYS = 2 };
enum { UPCALL_RECEIVED, UPCALL_CLOSED, UPCALL_SENT, UPCALLS };
enum {
    EXISTS,
    TAKE,
    GIVE_BACK,
    NOW,
    ADDRESS,
    TUNE,
    LISTEN,
    SEND,
    SEND_AND_LISTEN,
    SEND_SOON,
    STOP,
    COMMANDS
};

/* What is under way. */
enum { NOTHING, LISTENING, SENDING };

static const struct radio_place *place_of(const struct kernel *k)
{
    return &k->config->radio;
}

struct span radio_buffer(const struct kernel *k)
{
    return (struct span){k->config->kernel_ram.base + 2 * CONSOLE_BUFFER, RADIO_PDU_MAX};
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void buffer_wipe(struct kernel *k, struct hw *hw)
{
    enum err err = process_zero(hw, radio_buffer(k));
    KASSERT(hw, err == ERR_NONE); /* the kernel's own RAM */
}

/* ---- whose it is */

static void client_clear(struct kernel *k, struct hw *hw)
{
    chip_radio_stop(hw, place_of(k));
    k->services.radio = (struct radio_service){0};
    buffer_wipe(k, hw);
}

static enum err take(struct kernel *k, struct hw *hw, const struct process *p)
{
    struct radio_service *radio = &k->services.radio;

    if (radio->client.unique == p->id.unique)
        return ERR_ALREADY;
    if (radio->client.unique || advertising_is_on(k) || !chip_radio_is_off(hw, place_of(k)))
        return ERR_BUSY;
    if (!chip_radio_is_ready(hw, place_of(k)))
        return ERR_OFF;
    radio->client = p->id;
    return ERR_NONE;
}

/* ---- what is asked of it */

static enum err address_set(struct kernel *k, struct hw *hw, uint32_t access_address,
                            uint32_t crc_init)
{
    if (crc_init > 0xffffff)
        return ERR_INVAL;
    chip_radio_set_address(hw, place_of(k), access_address, crc_init);
    return ERR_NONE;
}

static enum err tune(struct kernel *k, struct hw *hw, uint32_t channel, uint32_t phy)
{
    if (channel >= CHANNELS || phy >= PHYS)
        return ERR_INVAL;
    k->services.radio.phy = (uint8_t)phy;
    chip_radio_tune(hw, place_of(k), channel, phy);
    return ERR_NONE;
}

static enum err listen(struct kernel *k, struct hw *hw, uint32_t from_us, uint32_t for_us)
{
    struct radio_service *radio = &k->services.radio;

    if (for_us > RADIO_LISTEN_MAX_US)
        return ERR_INVAL;
    if (!chip_radio_listen(hw, place_of(k), radio->phy, from_us, from_us + for_us))
        return ERR_CANCEL;
    radio->doing = LISTENING;
    radio->last_us = from_us + for_us;
    return ERR_NONE;
}

/* The app's PDU as it is now, into the radio's buffer. */
static enum err pdu_load(struct kernel *k, struct hw *hw, const struct process *p, uint32_t size)
{
    struct span from = grant_allow(hw, p, &radio_driver, ALLOW_RO, BUFFER);
    struct span to = radio_buffer(k);
    uint8_t bytes[RADIO_PDU_MAX];

    if (size < PDU_HEADER || size > RADIO_PDU_MAX)
        return ERR_SIZE;
    enum err err = buffer_read(hw, p, from, 0, size, bytes);
    if (err)
        return err;
    if (bytes[1] != size - PDU_HEADER)
        return ERR_INVAL;
    to.size = size;
    if (hw_ram_write(hw, to, bytes))
        return ERR_FAIL;
    hw_note(hw, NOTE_RADIO_LOADED, p->id.index, to.base, size);
    return ERR_NONE;
}

static enum err send(struct kernel *k, struct hw *hw, const struct process *p, uint32_t number,
                     uint32_t size, uint32_t *at_us)
{
    struct radio_service *radio = &k->services.radio;
    bool listens = number != SEND;
    enum err err = pdu_load(k, hw, p, size);

    if (err)
        return err;
    if (number == SEND_SOON)
        *at_us = chip_radio_send_soon(hw, place_of(k), radio->phy, size, true);
    else if (!chip_radio_send(hw, place_of(k), radio->phy, *at_us, size, listens))
        return ERR_CANCEL;
    radio->doing = listens ? LISTENING : SENDING;
    radio->last_us = *at_us + chip_radio_air_us(radio->phy, size);
    return ERR_NONE;
}

static struct syscall_return send_soon(struct kernel *k, struct hw *hw, const struct process *p,
                                       uint32_t size)
{
    uint32_t at_us = 0;
    enum err err = send(k, hw, p, SEND_SOON, size, &at_us);

    return err ? return_failure(err) : return_success_1(at_us);
}

static enum err stop(struct kernel *k, struct hw *hw)
{
    if (k->services.radio.doing == NOTHING)
        return ERR_ALREADY;
    k->services.radio.doing = NOTHING;
    chip_radio_stop(hw, place_of(k));
    return ERR_NONE;
}

/* ---- what comes of it */

static void tell(struct kernel *k, struct hw *hw, uint32_t upcall, const uint32_t args[3])
{
    enum err err = upcall_queue(k, hw, k->services.radio.client, &radio_driver, upcall, args);
    (void)err; /* dropped ones are counted there */
}

/* What came in, to the client's buffer as it is now; how many bytes. The length is the air's. */
static uint32_t pdu_store(struct kernel *k, struct hw *hw, uint32_t size)
{
    const struct process *p = kernel_process(k, k->services.radio.client);
    struct span from = radio_buffer(k);
    uint8_t bytes[RADIO_PDU_MAX];

    if (!p)
        return 0;
    struct span to = grant_allow(hw, p, &radio_driver, ALLOW_RW, BUFFER);
    from.size = smaller(size, to.size);
    if (from.size == 0 || hw_ram_read(hw, from, bytes) ||
        buffer_write(hw, p, to, 0, from.size, bytes))
        return 0;
    return from.size;
}

static uint32_t pdu_size(struct kernel *k, struct hw *hw)
{
    struct span from = radio_buffer(k);
    uint8_t header[PDU_HEADER];

    from.size = PDU_HEADER;
    return hw_ram_read(hw, from, header) ? 0 : PDU_HEADER + (uint32_t)header[1];
}

static void received(struct kernel *k, struct hw *hw, bool good)
{
    uint32_t phy = k->services.radio.phy, size = pdu_size(k, hw);
    uint32_t first_us = chip_radio_first_bit_us(hw, place_of(k), phy);
    uint32_t copied = pdu_store(k, hw, size);
    uint32_t status = !good ? ERR_FAIL : copied < size ? ERR_SIZE : ERR_NONE;

    tell(k, hw, UPCALL_RECEIVED,
         (const uint32_t[3]){status | copied << 16, first_us,
                             first_us + chip_radio_air_us(phy, size)});
}

static void sent(struct kernel *k, struct hw *hw)
{
    k->services.radio.doing = NOTHING;
    tell(k, hw, UPCALL_SENT, (const uint32_t[3]){0, k->services.radio.last_us, 0});
}

/* The radio is off: of what was sent first, or of all. */
static void listened(struct kernel *k, struct hw *hw)
{
    enum radio_outcome outcome = chip_radio_outcome(hw, place_of(k));

    if (outcome == RADIO_UNDER_WAY)
        return;
    k->services.radio.doing = NOTHING;
    if (outcome == RADIO_WINDOW_OVER)
        tell(k, hw, UPCALL_CLOSED, (const uint32_t[3]){0, k->services.radio.last_us, 0});
    else
        received(k, hw, outcome == RADIO_RECEIVED);
}

/* ---- the driver */

static struct syscall_return owner_act(struct kernel *k, struct hw *hw, const struct process *p,
                                       uint32_t number, uint32_t a, uint32_t b)
{
    switch (number) {
    case GIVE_BACK:
        client_clear(k, hw);
        return return_success();
    case NOW:
        return return_success_1(chip_radio_now(hw, place_of(k)));
    case STOP:
        return return_of(stop(k, hw));
    default:
        break;
    }
    if (k->services.radio.doing != NOTHING || !chip_radio_is_off(hw, place_of(k)))
        return return_failure(ERR_BUSY);
    switch (number) {
    case ADDRESS:
        return return_of(address_set(k, hw, a, b));
    case TUNE:
        return return_of(tune(k, hw, a, b));
    case LISTEN:
        return return_of(listen(k, hw, a, b));
    case SEND_SOON:
        return send_soon(k, hw, p, a);
    default:
        return return_of(send(k, hw, p, number, a, &b));
    }
}

static struct syscall_return radio_command(struct kernel *k, struct hw *hw, struct process *p,
                                           uint32_t number, uint32_t a, uint32_t b)
{
    if (number == EXISTS)
        return return_success();
    if (number >= COMMANDS)
        return return_failure(ERR_NOSUPPORT);
    if (number == TAKE)
        return return_of(take(k, hw, p));
    if (k->services.radio.client.unique != p->id.unique)
        return return_failure(ERR_RESERVE);
    return owner_act(k, hw, p, number, a, b);
}

static bool radio_present(const struct kernel *k)
{
    return k->config->radio.radio.present &&
           k->config->kernel_ram.size >= 2 * CONSOLE_BUFFER + RADIO_PDU_MAX;
}

static void radio_start(struct kernel *k, struct hw *hw)
{
    k->services.radio = (struct radio_service){0};
    buffer_wipe(k, hw);
    chip_radio_start(hw, place_of(k), radio_buffer(k).base);
}

static void radio_process_end(struct kernel *k, struct hw *hw, struct process_id id)
{
    if (k->services.radio.client.unique == id.unique)
        client_clear(k, hw);
}

static bool radio_interrupt(struct kernel *k, struct hw *hw, uint32_t line)
{
    if (k->config->radio.radio.line != line || advertising_is_on(k))
        return false;
    if (!chip_radio_went_off(hw, place_of(k)))
        return true;
    if (k->services.radio.doing == SENDING)
        sent(k, hw);
    else if (k->services.radio.doing == LISTENING)
        listened(k, hw);
    return true;
}

const struct driver radio_driver = {
    .number = RADIO_DRIVER,
    .upcalls = UPCALLS,
    .allows = {[ALLOW_RW] = BUFFER + 1, [ALLOW_RO] = BUFFER + 1},
    .present = radio_present,
    .start = radio_start,
    .command = radio_command,
    .on_process_end = radio_process_end,
    .on_interrupt = radio_interrupt,
};
