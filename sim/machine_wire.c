/* machine_wire.c: the wires between the board's devices and their peers: see sim/wire.h. */
#include "sim/machine_value.h"

static const struct scenario *scenario_of(const struct hw *hw)
{
    return hw->m->setup->scenario;
}

static void tell(struct hw *hw, uint32_t device, enum wire_act act, uint32_t value)
{
    machine_trace(hw, EVENT_WIRE, PROCESS_NONE, device, pair(value, act));
}

/* Peer `i` of the scenario hangs on the wire of `device`. */
static bool is_on(const struct hw *hw, uint32_t i, uint32_t device)
{
    const struct scenario_peer *peer = &scenario_of(hw)->peers[i];
    return peer->type->type.wire != WIRE_NONE && peer->on == device;
}

static struct wire_answer ask(struct hw *hw, uint32_t i, const struct wire_signal *signal)
{
    uint32_t device = scenario_of(hw)->board.device_count + i;
    struct wire_answer answer = device_answer(machine_device(hw->m, device), signal, hw->m->now_ps);
    machine_serve(hw, device);
    return answer;
}

/* --- UART and analog inputs ------------------------------------------------------------------ */

static void hand_over(struct hw *hw, uint32_t device, uint8_t byte)
{
    device_packet(machine_device(hw->m, device), &byte, 1, hw->m->now_ps);
    machine_serve(hw, device);
}

static void put_voltage(struct hw *hw, const struct scenario_peer *peer, uint16_t mv)
{
    const uint8_t packet[] = {(uint8_t)peer->seat, (uint8_t)(mv & 0xff), (uint8_t)(mv >> 8)};
    device_packet(machine_device(hw->m, peer->on), packet, sizeof packet, hw->m->now_ps);
    machine_serve(hw, peer->on);
}

static void value_of_peer(struct hw *hw, struct device *d, uint16_t value)
{
    const struct scenario *s = scenario_of(hw);
    const struct scenario_peer *peer = &s->peers[d->index - s->board.device_count];
    uint8_t byte = (uint8_t)(value & 0xff);
    switch (d->type->wire) {
    case WIRE_UART:
        tell(hw, peer->on, WIRE_IN, byte);
        hand_over(hw, peer->on, byte);
        break;
    case WIRE_ANALOG:
        put_voltage(hw, peer, value);
        break;
    default:
        d->lost_requests++;
        break;
    }
}

void machine_wire_value(struct hw *hw, struct device *d, uint16_t value)
{
    const struct scenario *s = scenario_of(hw);
    if (d->index >= s->board.device_count) {
        value_of_peer(hw, d, value);
        return;
    }
    uint8_t byte = (uint8_t)(value & 0xff);
    tell(hw, d->index, WIRE_OUT, byte);
    for (uint32_t i = 0; i < s->peer_count; i++)
        if (is_on(hw, i, d->index))
            hand_over(hw, s->board.device_count + i, byte);
}

/* --- SPI ------------------------------------------------------------------------------------- */

static uint32_t pin_bit(uint32_t pin)
{
    return UINT32_C(1) << pin % 32;
}

/* What a side takes a byte for that it samples one bit late. */
static uint8_t late(uint8_t byte)
{
    return (uint8_t)(0x80 | byte >> 1);
}

static uint8_t byte_from(struct hw *hw, uint32_t i, struct wire_signal signal)
{
    bool in_step = scenario_of(hw)->peers[i].type->spi_modes >> signal.mode & 1;
    if (!in_step)
        signal.value = late(signal.value);
    uint8_t back = ask(hw, i, &signal).value;
    return in_step ? back : late(back);
}

static struct wire_answer exchange(struct hw *hw, uint32_t device, const struct wire_signal *signal)
{
    const struct scenario *s = scenario_of(hw);
    struct wire_answer answer = {.value = WIRE_NOBODY};
    uint32_t selected = 0;
    tell(hw, device, WIRE_OUT, signal->value);
    for (uint32_t i = 0; i < s->peer_count; i++) {
        uint32_t pin = s->peers[i].seat;
        if (!is_on(hw, i, device) || !(hw->m->wires.pins_low[pin / 32] & pin_bit(pin)))
            continue;
        answer.value &= byte_from(hw, i, *signal);
        selected++;
    }
    if (selected > 1)
        tell(hw, device, WIRE_CLASH, selected);
    tell(hw, device, WIRE_IN, answer.value);
    return answer;
}

void machine_wire_pins(struct hw *hw, struct device *d, const struct device_request *r)
{
    const struct scenario *s = scenario_of(hw);
    struct wires *wires = &hw->m->wires;
    if (r->address >= sizeof wires->pins_low / sizeof wires->pins_low[0]) {
        d->lost_requests++;
        return;
    }
    uint32_t low = r->state_offset, changed = wires->pins_low[r->address] ^ low;
    wires->pins_low[r->address] = low;
    for (uint32_t i = 0; i < s->peer_count; i++) {
        const struct scenario_peer *peer = &s->peers[i];
        if (peer->type->type.wire != WIRE_SPI || peer->seat / 32 != r->address ||
            !(changed & pin_bit(peer->seat)))
            continue;
        bool falls = low & pin_bit(peer->seat);
        const struct wire_signal edge = {.act = falls ? WIRE_SELECT : WIRE_DESELECT,
                                         .value = (uint8_t)peer->seat};
        tell(hw, peer->on, edge.act, peer->seat);
        (void)ask(hw, i, &edge);
    }
}

/* --- I2C ------------------------------------------------------------------------------------- */

static bool is_addressed(const struct hw *hw, uint32_t i)
{
    return hw->m->wires.addressed >> i & 1;
}

static void set_addressed(struct hw *hw, uint32_t i, bool addressed)
{
    uint32_t others = hw->m->wires.addressed & ~(UINT32_C(1) << i);
    hw->m->wires.addressed = others | (uint32_t)addressed << i;
}

/* A start for somebody else ends what a peer was in. */
static struct wire_answer call(struct hw *hw, uint32_t i, const struct wire_signal *signal)
{
    const struct wire_signal stop = {.act = WIRE_STOP, .bit_ps = signal->bit_ps};
    struct wire_answer answer = {.value = WIRE_NOBODY};
    if (scenario_of(hw)->peers[i].seat == signal->value >> 1)
        answer = ask(hw, i, signal);
    else if (is_addressed(hw, i))
        (void)ask(hw, i, &stop);
    set_addressed(hw, i, answer.ack);
    return answer;
}

static struct wire_answer to_addressed(struct hw *hw, uint32_t i, const struct wire_signal *signal)
{
    if (!is_addressed(hw, i))
        return (struct wire_answer){.value = WIRE_NOBODY};
    if (signal->act == WIRE_STOP)
        set_addressed(hw, i, false);
    return ask(hw, i, signal);
}

/* The line is low if one pulls it: bytes and acknowledgements add up so. */
static void join(struct wire_answer *all, const struct wire_answer *one)
{
    all->value &= one->value;
    all->ack |= one->ack;
    if (one->stretch_ps > all->stretch_ps)
        all->stretch_ps = one->stretch_ps;
}

static struct wire_answer pass(struct hw *hw, uint32_t device, const struct wire_signal *signal)
{
    const struct scenario *s = scenario_of(hw);
    struct wire_answer all = {.value = WIRE_NOBODY};
    bool to_peer = signal->act == WIRE_START || signal->act == WIRE_OUT;
    if (to_peer || signal->act == WIRE_STOP)
        tell(hw, device, signal->act, signal->value);
    for (uint32_t i = 0; i < s->peer_count; i++) {
        if (!is_on(hw, i, device))
            continue;
        struct wire_answer one =
            signal->act == WIRE_START ? call(hw, i, signal) : to_addressed(hw, i, signal);
        join(&all, &one);
    }
    if (to_peer && !all.ack)
        tell(hw, device, WIRE_NACK, signal->value);
    if (signal->act == WIRE_IN)
        tell(hw, device, WIRE_IN, all.value);
    return all;
}

/* --- both ------------------------------------------------------------------------------------ */

void machine_wire_signal(struct hw *hw, struct device *d, const struct device_request *r)
{
    const struct wire_signal signal = {.act = r->tag,
                                       .value = (uint8_t)r->size,
                                       .mode = (r->size >> 8) % SPI_MODES,
                                       .bit_ps = r->address};
    struct wire_answer answer =
        d->type->wire == WIRE_SPI ? exchange(hw, d->index, &signal) : pass(hw, d->index, &signal);
    if (d->type->on_answer)
        d->type->on_answer(d, &signal, &answer);
}
