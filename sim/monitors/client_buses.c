/* client_buses.c: what client-data asks of SPI and I2C: see client_data.h. */
#include "sim/monitors/client_data.h"
#include "sim/wire.h"

enum { BUS_MAX = 128 }; /* bytes of a transfer */

/* ---- both */

/* How long a byte took: DELAY and HASTEN change that, and whoever holds the clock. */
static void judge_pace(struct machine *m, const struct lane *lane)
{
    uint64_t took_ps = machine_now_ps(m) - lane->now.last_ps;

    if (lane->now.out.count + lane->now.in.count > 1 && !lane->is_late && lane->now.byte_ps > 0 &&
        took_ps < lane->now.byte_ps)
        client_broken(m, lane, DETAIL_CLIENT_FAST, took_ps, lane->now.byte_ps);
}

static bool went_whole(const struct lane *lane)
{
    return lane->now.out.count == lane->now.out_of && lane->now.in.count == lane->now.in_of;
}

static void judge_out(struct machine *m, const struct lane *lane)
{
    if (lane->now.out.count == lane->now.out_of && lane->now.out.hash != lane->now.wanted.hash)
        client_broken(m, lane, DETAIL_CLIENT_BYTES, lane->now.out.count, 0);
}

static void went_out(struct machine *m, struct lane *lane, uint8_t value)
{
    bytes_add(&lane->now.out, value);
    if (lane->now.out.count > lane->now.out_of)
        client_broken(m, lane, DETAIL_CLIENT_MORE, lane->now.out.count, lane->now.out_of);
}

static void came_in(struct machine *m, struct lane *lane, uint8_t value)
{
    bytes_add(&lane->now.in, value);
    if (lane->now.in.count > lane->now.in_of)
        client_broken(m, lane, DETAIL_CLIENT_MORE, lane->now.in.count, lane->now.in_of);
}

/* ---- I2C */

enum { I2C_WRITE = 1, I2C_READ, I2C_WRITE_READ };

/* At most one byte, or an address, is under way when its client dies; then STOP comes. */
enum { I2C_AFTER_DEATH = 1 };

static void i2c_words(const struct asked *asked, uint32_t *address, uint32_t *out, uint32_t *in)
{
    bool both = asked->command == I2C_WRITE_READ;

    *address = both ? asked->a & 0xff : asked->a;
    *out = both ? asked->a >> 8 : asked->command == I2C_WRITE ? asked->b : 0;
    *in = asked->command == I2C_WRITE ? 0 : asked->b;
}

static bool i2c_refuses(const struct account *account, const struct asked *asked)
{
    uint32_t address, out, in, room = account->buffers[BUFFER_I2C].size;

    i2c_words(asked, &address, &out, &in);
    if (asked->command == I2C_WRITE_READ && (out == 0 || in == 0))
        return true;
    return address > 127 || out > BUS_MAX || in > BUS_MAX || out + in > BUS_MAX || out + in == 0 ||
           out > room || in > room;
}

static bool i2c_begins(struct machine *m, const struct account *account, struct operation *now,
                       const struct asked *asked)
{
    struct span buffer = account->buffers[BUFFER_I2C];
    uint32_t out, in;

    i2c_words(asked, &now->address, &out, &in);
    now->out_of = (uint16_t)out;
    now->in_of = (uint16_t)in;
    now->byte_ps = account->i2c_rate_hz ? 9 * PS_PER_S / account->i2c_rate_hz : 0;
    return out <= buffer.size && bytes_of(m, (struct span){buffer.base, out}, &now->wanted);
}

static void i2c_start(struct machine *m, const struct lane *lane, uint8_t value)
{
    bool reads = value & 1, due = lane->now.out.count == lane->now.out_of;

    if (value >> 1 != lane->now.address)
        client_broken(m, lane, DETAIL_CLIENT_ADDRESS, value >> 1, lane->now.address);
    else if (reads != due || (reads && lane->now.in_of == 0))
        client_broken(m, lane, DETAIL_CLIENT_WAY, reads, due);
}

/* Nobody who could hold the clock has that address. */
static bool i2c_is_nobody(const struct machine *m, const struct lane *lane)
{
    const struct scenario *s = machine_scenario(m);

    for (uint32_t i = 0; i < s->peer_count; i++)
        if (s->peers[i].type->type.wire == WIRE_I2C && s->peers[i].on == lane->device &&
            s->peers[i].seat == lane->now.address)
            return false;
    return true;
}

static void i2c_wire(struct machine *m, struct client_data *d, struct lane *lane, uint32_t act,
                     uint8_t value)
{
    bool moves = act == WIRE_START || act == WIRE_OUT || act == WIRE_IN;

    (void)d;
    if (moves)
        client_dead_judge(m, lane, I2C_AFTER_DEATH);
    if (!lane->now.known || lane->now.dead)
        return;
    if (act == WIRE_START)
        i2c_start(m, lane, value);
    if (act == WIRE_OUT)
        went_out(m, lane, value);
    if (act == WIRE_IN)
        came_in(m, lane, value);
    if (act == WIRE_OUT || act == WIRE_IN)
        judge_pace(m, lane);
    lane->now.refused |= act == WIRE_NACK;
    if (act == WIRE_STOP || (act == WIRE_NACK && i2c_is_nobody(m, lane)))
        lane->now.over_ps = machine_now_ps(m);
    lane->now.last_ps = machine_now_ps(m);
}

static void i2c_ends(struct machine *m, struct client_data *d, struct lane *lane,
                     const struct account *account, enum err err)
{
    struct span buffer = account->buffers[BUFFER_I2C];
    bool whole = !lane->now.refused && went_whole(lane);
    uint32_t came = lane->now.in_of < buffer.size ? lane->now.in_of : buffer.size;

    judge_out(m, lane);
    client_error_judge(m, d, lane, err,
                       lane->now.refused ? ERR_NOACK
                       : whole           ? ERR_NONE
                                         : ERR_FAIL);
    if (!err && lane->now.in_of > 0)
        client_given(m, &lane->now, buffer);
    client_told(d, lane, UPCALL_I2C, err, err ? 0 : lane->now.in_of > 0 ? came : lane->now.out_of);
}

const struct client_service client_i2c = {
    .driver = 0x20003,
    .upcall = UPCALL_I2C,
    .timeout_ms = 100,
    .refuses = i2c_refuses,
    .begins = i2c_begins,
    .on_wire = i2c_wire,
    .ends = i2c_ends,
};

/* ---- SPI */

static bool spi_refuses(const struct account *account, const struct asked *asked)
{
    return asked->a == 0 || asked->a > BUS_MAX || asked->a > account->buffers[BUFFER_SPI_OUT].size;
}

static bool spi_begins(struct machine *m, const struct account *account, struct operation *now,
                       const struct asked *asked)
{
    struct span out = account->buffers[BUFFER_SPI_OUT];

    now->out_of = now->in_of = (uint16_t)asked->a;
    now->address = account->spi_select;
    now->byte_ps = account->spi_rate_hz ? 8 * PS_PER_S / account->spi_rate_hz : 0;
    return now->out_of <= out.size &&
           bytes_of(m, (struct span){out.base, now->out_of}, &now->wanted);
}

/* Pins on which nobody hangs are not seen. */
static uint64_t spi_due(const struct machine *m, const struct lane *lane)
{
    const struct scenario *s = machine_scenario(m);

    for (uint32_t i = 0; i < s->peer_count; i++)
        if (s->peers[i].type->type.wire == WIRE_SPI && s->peers[i].on == lane->device &&
            s->peers[i].seat == lane->now.address)
            return UINT64_C(1) << lane->now.address;
    return 0;
}

static void spi_pin(struct machine *m, struct client_data *d, uint32_t act, uint32_t pin)
{
    uint64_t bit = pin < 64 ? UINT64_C(1) << pin : 0;
    (void)m;
    d->selected = act == WIRE_SELECT ? d->selected | bit : d->selected & ~bit;
}

static void judge_select(struct machine *m, const struct client_data *d, const struct lane *lane,
                         uint64_t due)
{
    if (!d->pins_used && d->selected != due)
        client_broken(m, lane, DETAIL_CLIENT_SELECT, d->selected, due);
}

static void spi_wire(struct machine *m, struct client_data *d, struct lane *lane, uint32_t act,
                     uint8_t value)
{
    if (act == WIRE_SELECT || act == WIRE_DESELECT)
        spi_pin(m, d, act, value);
    if (act == WIRE_OUT)
        client_dead_judge(m, lane, 0);
    if (!lane->now.known || lane->now.dead)
        return;
    if (act == WIRE_OUT) {
        judge_select(m, d, lane, spi_due(m, lane));
        judge_pace(m, lane);
        went_out(m, lane, value);
        lane->now.last_ps = machine_now_ps(m);
    }
    if (act == WIRE_IN)
        came_in(m, lane, value);
    if (act == WIRE_IN && went_whole(lane))
        lane->now.over_ps = machine_now_ps(m);
}

static void spi_ends(struct machine *m, struct client_data *d, struct lane *lane,
                     const struct account *account, enum err err)
{
    judge_out(m, lane);
    judge_select(m, d, lane, 0);
    client_error_judge(m, d, lane, err, went_whole(lane) ? ERR_NONE : ERR_FAIL);
    if (!err && account->buffers[BUFFER_SPI_IN].size > 0)
        client_given(m, &lane->now, account->buffers[BUFFER_SPI_IN]);
    client_told(d, lane, UPCALL_SPI, err, err ? 0 : lane->now.out_of);
}

const struct client_service client_spi = {
    .driver = 0x20001,
    .upcall = UPCALL_SPI,
    .timeout_ms = 100,
    .refuses = spi_refuses,
    .begins = spi_begins,
    .on_wire = spi_wire,
    .ends = spi_ends,
};
