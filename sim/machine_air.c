/* machine_air.c: the air between the stations of one machine: see sim/air.h. */
#include "sim/machine_value.h"
#include <string.h>

const char *const air_miss_names[AIR_MISSES] = {
    [AIR_MISS_DEAF] = "it did not listen",
    [AIR_MISS_FREQUENCY] = "it listened to another channel",
    [AIR_MISS_LATE] = "it began to listen too late",
    [AIR_MISS_BUSY] = "it was receiving another frame",
    [AIR_MISS_CLASH] = "another frame was in the way",
    [AIR_MISS_LOST] = "it was lost on the way",
    [AIR_MISS_OTHER] = "it waits for another access address",
};

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static const struct air_conditions *conditions_of(const struct machine *m)
{
    return &m->setup->scenario->air;
}

/* AIR_NONE: this device has no antenna. */
static uint32_t station_of(const struct air *air, uint32_t device)
{
    for (uint32_t i = 0; i < air->station_count; i++)
        if (air->stations[i].device == device)
            return i;
    return AIR_NONE;
}

void machine_air_start(struct machine *m)
{
    const struct scenario *s = m->setup->scenario;
    struct air *air = &m->air;
    *air = (struct air){.wake_ps = TIME_NEVER, .random = random_start(s->seed, RANDOM_AIR)};
    for (uint32_t i = 0; i < s->board.device_count + s->peer_count; i++) {
        const struct device *d = machine_device(m, i);
        if (!d || !d->type->on_air || air->station_count == AIR_STATION_MAX)
            continue;
        air->stations[air->station_count++] = (struct air_station){
            .device = i, .takes = AIR_NONE, .position_m = d->plan ? peer_plan(d)->position_m : 0};
    }
}

/* --- what goes wrong ------------------------------------------------------------------------- */

static bool is_hit(const struct air_fault *fault, const struct air_flight *flight)
{
    const struct air_frame *frame = &flight->frame;
    if (!fault->at_time)
        return fault->device == flight->device && flight->number >= fault->first &&
               flight->number <= fault->last;
    return (!fault->mhz || fault->mhz == frame->mhz) && frame->start_ps < fault->to_ps &&
           air_end_ps(frame) > fault->from_ps;
}

/* Whether a flight is to be spoiled so. */
static bool is_planted(const struct air_conditions *c, const struct air_flight *f, enum air_how how)
{
    for (uint32_t i = 0; i < c->fault_count; i++)
        if (c->faults[i].how == how && is_hit(&c->faults[i], f))
            return true;
    return false;
}

static bool drawn(struct air *air, uint32_t per_million)
{
    return per_million > 0 && random_below(&air->random, 1000000) < per_million;
}

/* Whether any of the address's bits goes wrong on the way to one station. */
static bool address_breaks(struct air *air, uint32_t per_million)
{
    bool broken = false;
    for (uint32_t bit = 0; bit < 8 * AIR_ADDRESS_SIZE && per_million > 0; bit++)
        broken |= drawn(air, per_million);
    return broken;
}

static bool is_lost(struct machine *m, const struct air_flight *flight)
{
    const struct air_conditions *c = conditions_of(m);
    return is_planted(c, flight, AIR_LOSE) || drawn(&m->air, c->loss_ppm) ||
           address_breaks(&m->air, c->bit_error_ppm);
}

/* Random octets from the one on whose bits are under way at `from_ps`. */
static void spoil_from(struct air *air, struct air_frame *frame, uint64_t from_ps)
{
    uint64_t data_ps = frame->start_ps + air_bits_ps(frame->phy, air_preamble_bits(frame->phy));
    uint64_t octet = from_ps <= data_ps ? 0 : (from_ps - data_ps) / air_bits_ps(frame->phy, 8);
    for (uint64_t i = octet; i < frame->size; i++)
        frame->bytes[i] ^= (uint8_t)(1 + random_below(&air->random, 255));
}

/* The bytes as one station receives them; true: some are wrong. */
static bool receive(struct machine *m, const struct air_flight *flight, struct air_frame *frame)
{
    const struct air_conditions *c = conditions_of(m);
    uint64_t broken_ps = earliest(flight->cut_ps, flight->clash_ps);
    bool wrong = false;
    air_frame_copy(frame, &flight->frame);
    if (broken_ps < air_end_ps(frame)) {
        spoil_from(&m->air, frame, broken_ps);
        wrong = true;
    }
    for (uint32_t bit = 8 * AIR_ADDRESS_SIZE; bit < 8 * frame->size && c->bit_error_ppm; bit++) {
        if (!drawn(&m->air, c->bit_error_ppm))
            continue;
        frame->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        wrong = true;
    }
    if (is_planted(c, flight, AIR_CORRUPT)) {
        frame->bytes[frame->size - 1] ^= 1;
        wrong = true;
    }
    return wrong;
}

/* --- flights --------------------------------------------------------------------------------- */

static uint64_t way_ps(const struct air *air, uint32_t from, uint32_t to)
{
    uint32_t a = air->stations[from].position_m, b = air->stations[to].position_m;
    return (uint64_t)(a > b ? a - b : b - a) * AIR_PS_PER_M;
}

static uint64_t end_of(const struct air_flight *flight)
{
    return earliest(air_end_ps(&flight->frame), flight->cut_ps);
}

/* The next moment at which something happens to a flight. */
static uint64_t next_moment(const struct air *air, const struct air_flight *f)
{
    if (!f->started)
        return f->frame.start_ps;
    uint64_t next = f->ended ? TIME_NEVER : end_of(f);
    uint32_t sender = station_of(air, f->device);
    for (uint32_t i = 0; i < air->station_count; i++) {
        if (f->done >> i & 1)
            continue;
        uint64_t moment = f->asked >> i & 1 ? air_end_ps(&f->frame) : air_address_ps(&f->frame);
        next = earliest(next, moment + way_ps(air, sender, i));
    }
    return next;
}

static void find_wake(struct machine *m)
{
    struct air *air = &m->air;
    air->wake_ps = TIME_NEVER;
    for (uint32_t left = air->used; left; left &= left - 1)
        air->wake_ps = earliest(air->wake_ps, next_moment(air, &air->flights[__builtin_ctz(left)]));
    m->next_ps = earliest(m->next_ps, air->wake_ps);
}

static bool is_drowned(const struct air_flight *flight, const struct air_flight *other)
{
    return flight->frame.dbm - other->frame.dbm < AIR_CAPTURE_DB;
}

static void clash(struct machine *m, struct air_flight *flight)
{
    struct air *air = &m->air;
    for (uint32_t left = air->used; left; left &= left - 1) {
        struct air_flight *other = &air->flights[__builtin_ctz(left)];
        if (other == flight || !other->started || other->ended ||
            other->frame.mhz != flight->frame.mhz)
            continue;
        if (is_drowned(flight, other))
            flight->clash_ps = earliest(flight->clash_ps, m->now_ps);
        if (is_drowned(other, flight))
            other->clash_ps = earliest(other->clash_ps, m->now_ps);
    }
}

static uint64_t hash_bytes(const struct air_frame *frame)
{
    uint64_t hash = TRACE_HASH_START;
    for (uint32_t at = 0; at < frame->size; at += 8) {
        uint64_t word = 0;
        uint32_t left = frame->size - at;
        memcpy(&word, frame->bytes + at, left < 8 ? left : 8);
        hash = trace_hash_word(hash, word);
    }
    return hash;
}

static void start_flight(struct hw *hw, struct air_flight *f, uint32_t slot)
{
    f->started = true;
    clash(hw->m, f);
    machine_trace(hw, EVENT_AIR_START, PROCESS_NONE, air_access_address(&f->frame),
                  air_value(f->device, slot, f->frame.mhz));
}

/* AIR_FLIGHT_MAX: there is none left. */
static uint32_t free_slot(const struct air *air)
{
    return (uint32_t)__builtin_ctz(~(uint32_t)air->used);
}

static void add_flight(struct machine *m, uint32_t slot, uint32_t device, uint32_t number,
                       bool forged)
{
    struct air *air = &m->air;
    struct air_flight *f = &air->flights[slot];
    f->cut_ps = f->clash_ps = TIME_NEVER;
    f->number = number;
    f->device = device;
    f->used = true;
    f->forged = forged;
    f->started = f->ended = false;
    if (f->frame.start_ps < m->now_ps)
        f->frame.start_ps = m->now_ps;
    f->asked = f->done = (uint16_t)(1u << station_of(air, device));
    air->used |= (uint16_t)(1u << slot);
}

/* What is planted behind a frame that has just ended. */
static void add_behind(struct machine *m, const struct air_flight *f, const struct air_fault *fault)
{
    struct air *air = &m->air;
    uint32_t slot = free_slot(air);
    if (slot >= AIR_FLIGHT_MAX || station_of(air, fault->by) == AIR_NONE) {
        air->lost++;
        return;
    }
    struct air_frame *frame = &air->flights[slot].frame;
    air_frame_copy(frame, &f->frame);
    if (fault->how == AIR_FOLLOW)
        air_frame_follow(frame, fault);
    frame->start_ps = m->now_ps + (uint64_t)fault->shift_ps;
    add_flight(m, slot, fault->by, 0, true);
}

static void add_all_behind(struct machine *m, const struct air_flight *f)
{
    const struct air_conditions *c = conditions_of(m);
    for (uint32_t i = 0; i < c->fault_count; i++)
        if (c->faults[i].how >= AIR_REPEAT && is_hit(&c->faults[i], f))
            add_behind(m, f, &c->faults[i]);
}

static void end_flight(struct hw *hw, struct air_flight *f, uint32_t slot)
{
    f->ended = true;
    if (f->cut_ps == TIME_NEVER)
        add_all_behind(hw->m, f);
    if (hw->recorder)
        recorder_add_frame(hw->recorder, &f->frame);
    machine_trace(hw, EVENT_AIR_BYTES, PROCESS_NONE, f->frame.size | (uint32_t)f->frame.phy << 16,
                  hash_bytes(&f->frame));
    machine_trace(hw, EVENT_AIR_END, PROCESS_NONE, air_access_address(&f->frame),
                  air_value(f->device, slot, f->cut_ps != TIME_NEVER));
}

static void shift(struct air_frame *frame, int64_t by_ps)
{
    bool earlier = by_ps < 0 && frame->start_ps < (uint64_t)-by_ps;
    frame->start_ps = earlier ? 0 : frame->start_ps + (uint64_t)by_ps;
}

static bool is_change(enum air_how how)
{
    return how >= AIR_FLIP && how <= AIR_SHIFT;
}

/* What is planted before a frame goes out; true: something was. A radio of the board makes its
 * frames while it sends. */
static bool change(const struct air_conditions *c, struct air_flight *f)
{
    bool changed = false;
    for (uint32_t i = 0; i < c->fault_count; i++) {
        const struct air_fault *fault = &c->faults[i];
        if (fault->at_time || !is_hit(fault, f))
            continue;
        changed |= is_change(fault->how);
        if (fault->how == AIR_SHIFT)
            shift(&f->frame, fault->shift_ps);
        else
            air_frame_change(&f->frame, fault);
    }
    return changed;
}

void machine_air_send(struct hw *hw, uint32_t device, const struct air_frame *frame)
{
    struct machine *m = hw->m;
    struct air *air = &m->air;
    uint32_t station = station_of(air, device);
    uint32_t slot = free_slot(air);
    if (station == AIR_NONE || slot >= AIR_FLIGHT_MAX || frame->size < AIR_ADDRESS_SIZE ||
        frame->size > AIR_BYTES_MAX) {
        air->lost++;
        return;
    }
    struct air_flight *f = &air->flights[slot];
    air_frame_copy(&f->frame, frame);
    f->number = ++air->stations[station].sent;
    f->device = device;
    bool changed = change(conditions_of(m), f);
    add_flight(m, slot, device, f->number, changed);
    find_wake(m);
}

/* A sender that makes its frame while it sends: a radio whose DMA keeps pace with the bits. */
void machine_air_more(struct hw *hw, uint32_t device, const struct air_frame *frame)
{
    struct air *air = &hw->m->air;
    if (frame->size < AIR_ADDRESS_SIZE || frame->size > AIR_BYTES_MAX)
        return;
    for (uint32_t left = air->used; left; left &= left - 1) {
        struct air_flight *f = &air->flights[__builtin_ctz(left)];
        if (f->device != device || f->ended)
            continue;
        f->frame.size = frame->size;
        memcpy(f->frame.bytes, frame->bytes, frame->size);
    }
    find_wake(hw->m);
}

void machine_air_stop(struct hw *hw, uint32_t device)
{
    struct machine *m = hw->m;
    struct air *air = &m->air;
    for (uint32_t left = air->used; left; left &= left - 1) {
        uint32_t slot = (uint32_t)__builtin_ctz(left);
        struct air_flight *f = &air->flights[slot];
        if (f->device != device || f->ended)
            continue;
        if (f->started)
            f->cut_ps = earliest(f->cut_ps, m->now_ps);
        else
            air->used &= (uint16_t) ~(1u << slot);
    }
    find_wake(m);
}

void machine_air_tune(struct hw *hw, uint32_t device, const struct air_tuning *tuning)
{
    struct air *air = &hw->m->air;
    uint32_t index = station_of(air, device);
    if (index == AIR_NONE)
        return;
    struct air_station *station = &air->stations[index];
    station->takes = AIR_NONE;
    bool was = station->tuning.listening;
    station->tuning = *tuning;
    if (station->tuning.since_ps < hw->m->now_ps)
        station->tuning.since_ps = hw->m->now_ps;
    if (tuning->listening)
        machine_trace(hw, EVENT_AIR_LISTEN, PROCESS_NONE, tuning->mhz | (uint32_t)tuning->phy << 16,
                      device);
    else if (was)
        machine_trace(hw, EVENT_AIR_DEAF, PROCESS_NONE, 0, device);
}

/* --- receiving ------------------------------------------------------------------------------- */

/* AIR_MISSES: nothing keeps the station from hearing it. */
static enum air_miss why_missed(struct machine *m, const struct air_flight *f,
                                const struct air_station *station, uint64_t way)
{
    const struct air_tuning *tuning = &station->tuning;
    if (!tuning->listening)
        return AIR_MISS_DEAF;
    if (tuning->mhz != f->frame.mhz || tuning->phy != f->frame.phy)
        return AIR_MISS_FREQUENCY;
    if (tuning->since_ps > f->frame.start_ps + way)
        return AIR_MISS_LATE;
    if (station->takes != AIR_NONE)
        return AIR_MISS_BUSY;
    if (earliest(f->clash_ps, f->cut_ps) < air_address_ps(&f->frame))
        return AIR_MISS_CLASH;
    return is_lost(m, f) ? AIR_MISS_LOST : AIR_MISSES;
}

static void offer_address(struct hw *hw, uint32_t slot, uint32_t index, uint64_t way)
{
    struct machine *m = hw->m;
    struct air_flight *f = &m->air.flights[slot];
    struct air_station *station = &m->air.stations[index];
    uint32_t access_address = air_access_address(&f->frame);
    enum air_miss miss = why_missed(m, f, station, way);
    struct device *d = machine_device(m, station->device);
    f->asked |= (uint16_t)(1u << index);
    if (miss == AIR_MISSES) {
        station->takes = (uint8_t)slot;
        if (!device_air(d, &f->frame, AIR_ADDRESS, m->now_ps)) {
            station->takes = AIR_NONE;
            miss = AIR_MISS_OTHER;
        }
    }
    if (miss != AIR_MISSES) {
        f->done |= (uint16_t)(1u << index);
        machine_trace(hw, EVENT_AIR_MISSED, PROCESS_NONE, access_address,
                      air_value(station->device, slot, miss));
        machine_serve(hw, station->device); /* it may say why it did not take it */
        return;
    }
    machine_trace(hw, EVENT_AIR_HEARD, PROCESS_NONE, access_address,
                  air_value(station->device, slot, 0));
    machine_serve(hw, station->device);
}

static void offer_end(struct hw *hw, uint32_t slot, uint32_t index)
{
    struct machine *m = hw->m;
    struct air_flight *f = &m->air.flights[slot];
    struct air_station *station = &m->air.stations[index];
    f->done |= (uint16_t)(1u << index);
    if (station->takes != slot)
        return;
    struct air_frame frame;
    bool wrong = receive(m, f, &frame);
    station->takes = AIR_NONE;
    machine_trace(hw, EVENT_AIR_RECEIVED, PROCESS_NONE, air_access_address(&f->frame),
                  air_value(station->device, slot, wrong));
    (void)device_air(machine_device(m, station->device), &frame, AIR_END, m->now_ps);
    machine_serve(hw, station->device);
}

/* What is due of one flight: its first bit, its end at the sender, then each station's turn. */
static void run_flight(struct hw *hw, uint32_t slot)
{
    struct machine *m = hw->m;
    struct air *air = &m->air;
    struct air_flight *f = &air->flights[slot];
    uint32_t sender = station_of(air, f->device);
    if (!f->started && f->frame.start_ps <= m->now_ps)
        start_flight(hw, f, slot);
    for (uint32_t i = 0; i < air->station_count && f->started; i++) {
        uint64_t way = way_ps(air, sender, i);
        if (!(f->asked >> i & 1) && air_address_ps(&f->frame) + way <= m->now_ps)
            offer_address(hw, slot, i, way);
        if (!(f->done >> i & 1) && air_end_ps(&f->frame) + way <= m->now_ps)
            offer_end(hw, slot, i);
    }
    if (f->started && !f->ended && end_of(f) <= m->now_ps)
        end_flight(hw, f, slot);
    if (f->ended && f->done + 1u == 1u << air->station_count)
        air->used &= (uint16_t) ~(1u << slot);
}

void machine_air_run(struct hw *hw)
{
    struct air *air = &hw->m->air;
    for (uint32_t left = air->used; left; left &= left - 1)
        run_flight(hw, (uint32_t)__builtin_ctz(left));
    find_wake(hw->m);
}
