/* client_data: client-data: what goes out for a client of a multiplexer is what its buffer held, to
 * the address that it named; what it gets is what came in for it; and its completion says how it
 * went. The accounts: client_data.h. What is judged of each service: its file.
 *
 * Not judged is what a device does that hangs, lies, fails or is set to work by somebody else (from
 * then on), nor how fast one is that was put off: such an operation must come to its end, no more.
 *
 * Cannot see: which of two clients a byte was for where nothing on the wire says so and the
 * kernel's notes lie; values of an upcall behind more than TOLD_MAX that wait; what components of
 * the kernel send.
 */
#include "sim/monitors/client_data.h"
#include "model/syscall.h"
#include "model/virt/uart.h"
#include "model/virt/udp.h"
#include "sim/monitors/ledger.h"
#include "sim/wire.h"
#include <string.h>

enum { DEVICE_NONE = 0xff, BYTES_AT_ONCE = 64, BEYOND_MAX = 256 };

#define KIND(kind) (1u << INJECT_##kind)
/* A line that pends for nothing is given up, sooner or later. */
enum {
    LIES = KIND(HANG) | KIND(STUCK) | KIND(FORCE) | KIND(ERROR) | KIND(TASK) | KIND(INTERRUPT) |
           KIND(STORM) | KIND(DELAY)
};

/* Within this the drivers hear of a death. */
#define DEALT_WITH_PS (2 * PS_PER_MS)
/* What is over is given up, and called back, within so much more. */
#define GIVEN_UP_PS (100 * PS_PER_MS)

static const struct client_service *const services[VIRTS] = {
    [VIRT_SPI] = &client_spi, [VIRT_I2C] = &client_i2c,         [VIRT_UART] = &client_uart,
    [VIRT_UDP] = &client_udp, [VIRT_STORAGE] = &client_storage, [VIRT_RNG] = &client_rng,
    [VIRT_ADC] = &client_adc,
};

enum { OF_RW, OF_RO }; /* as enum allow_kind */

static const struct {
    uint32_t driver;
    uint8_t kind, number;
} buffers[CLIENT_BUFFERS] = {
    [BUFFER_SPI_OUT] = {0x20001, OF_RO, 0},
    [BUFFER_SPI_IN] = {0x20001, OF_RW, 0},
    [BUFFER_I2C] = {0x20003, OF_RW, 1},
    [BUFFER_TEXT] = {0x1, OF_RO, 1},
    [BUFFER_READ] = {0x1, OF_RW, 1},
    [BUFFER_FRAME_OUT] = {0x30003, OF_RO, 0},
    [BUFFER_FRAME_IN] = {0x30003, OF_RW, 0},
    [BUFFER_DATAGRAM_OUT] = {0x30002, OF_RO, 0},
    [BUFFER_DATAGRAM_TO] = {0x30002, OF_RO, 1},
    [BUFFER_DATAGRAM_IN] = {0x30002, OF_RW, 0},
    [BUFFER_DATAGRAM_FROM] = {0x30002, OF_RW, 1},
    [BUFFER_STORED_OUT] = {0x50001, OF_RO, 0},
    [BUFFER_STORED_IN] = {0x50001, OF_RW, 0},
    [BUFFER_RANDOM] = {0x40001, OF_RW, 0},
};

static const struct {
    uint32_t driver, number;
    uint8_t virt;
    bool is_of_line; /* what came is told by it: client_line.c */
} upcalls[CLIENT_UPCALLS] = {
    [UPCALL_SPI] = {0x20001, 0, VIRT_SPI, false},
    [UPCALL_I2C] = {0x20003, 0, VIRT_I2C, false},
    [UPCALL_WRITTEN] = {0x1, 1, VIRT_UART, false},
    [UPCALL_READ] = {0x1, 2, VIRT_UART, true},
    [UPCALL_FRAME_CAME] = {0x30003, 0, VIRT_UART, true},
    [UPCALL_FRAME_SENT] = {0x30003, 1, VIRT_UART, false},
    [UPCALL_DATAGRAM_CAME] = {0x30002, 0, VIRT_UDP, true},
    [UPCALL_DATAGRAM_SENT] = {0x30002, 1, VIRT_UDP, false},
    [UPCALL_STORED_READ] = {0x50001, 0, VIRT_STORAGE, false},
    [UPCALL_STORED] = {0x50001, 1, VIRT_STORAGE, false},
    [UPCALL_RANDOM] = {0x40001, 0, VIRT_RNG, false},
    [UPCALL_SAMPLE] = {0x5, 0, VIRT_ADC, false},
};

static bool is_here(const struct scenario *s, uint32_t virt)
{
    return services[virt] && config_virt(&s->config, virt)->present;
}

static size_t size_for(const struct scenario *s)
{
    bool any = false;

    for (uint32_t i = 0; i < VIRTS; i++)
        any |= is_here(s, i);
    return any ? sizeof(struct client_data) + s->app_count * sizeof(struct account) : 0;
}

/* ---- for the services' files */

bool bytes_of(const struct machine *m, struct span from, struct bytes *bytes)
{
    return bytes_without(m, from, 0, 0, bytes);
}

bool bytes_without(const struct machine *m, struct span from, uint8_t flag, uint8_t goes_as,
                   struct bytes *bytes)
{
    uint8_t some[BYTES_AT_ONCE];

    *bytes = (struct bytes){.hash = BYTES_NONE};
    while (from.size > 0) {
        uint32_t size = from.size < sizeof some ? from.size : sizeof some;
        if (!machine_peek(m, (struct span){from.base, size}, some))
            return false;
        for (uint32_t i = 0; i < size; i++)
            bytes_add(bytes, some[i] == flag ? goes_as : some[i]);
        from = (struct span){from.base + size, from.size - size};
    }
    return true;
}

/* Whoever has a bus master, or a router of events, reaches any buffer and sets any device to work:
 * who is lent one is trusted (TRD 107, section 3). */
static bool is_anybodys(struct machine *m)
{
    const struct machine_setup *setup = machine_get_setup(m);
    const struct ledger *l = ledger_of(m);
    bool any = l->dma_lent[0] || l->dma_lent[1];

    for (uint32_t i = 0; i < l->window_end && !any; i++)
        for (uint32_t n = 0; n < setup->router_count; n++)
            any |= l->windows[i].state != WINDOW_FREE &&
                   machine_device_at(setup, l->windows[i].granted.base) == setup->routers[n];
    return any;
}

void client_broken(struct machine *m, const struct lane *lane, enum verdict_detail detail,
                   uint64_t got, uint64_t wanted)
{
    uint32_t client = lane->now.client;

    if (!lane->lies && !is_anybodys(m))
        break_add(m, RULE_CLIENT_DATA, client < CLIENT_KERNEL ? client : PROCESS_NONE,
                  lane->virt | client << 8, detail, got, wanted);
}

/* It was not over when its time was. */
static bool may_be_given_up(struct machine *m, const struct client_data *d, const struct lane *lane)
{
    uint64_t timeout_ps = services[lane->virt]->timeout_ms * PS_PER_MS;
    uint64_t until_ps = lane->now.over_ps ? lane->now.over_ps : machine_now_ps(m);

    return d->alarm_lies || until_ps - lane->now.begun_ps + PS_PER_MS >= timeout_ps;
}

void client_error_judge(struct machine *m, const struct client_data *d, const struct lane *lane,
                        enum err err, enum err wanted)
{
    if (err != wanted && !(err == ERR_FAIL && may_be_given_up(m, d, lane)))
        client_error_broken(m, lane, err, wanted);
}

void client_error_broken(struct machine *m, const struct lane *lane, enum err err, enum err wanted)
{
    enum verdict_detail detail = !err      ? DETAIL_CLIENT_NO_ERROR
                                 : !wanted ? DETAIL_CLIENT_NO_REASON
                                           : DETAIL_CLIENT_ERROR;
    client_broken(m, lane, detail, err, wanted);
}

void told_add(struct told *told, uint32_t a, uint32_t b)
{
    if (told->count == TOLD_MAX) {
        told->lost = true;
        told->count--;
        memmove(&told->of[0], &told->of[1], told->count * sizeof told->of[0]);
    }
    told->of[told->count++] = (struct told_values){a, b};
}

void client_dead_judge(struct machine *m, struct lane *lane, uint32_t most)
{
    struct operation *now = &lane->now;

    if (!now->dead || machine_now_ps(m) < now->dead_ps + DEALT_WITH_PS || now->after_death > most)
        return;
    if (++now->after_death > most)
        client_broken(m, lane, DETAIL_CLIENT_DEAD, 0, 0);
}

void client_told(struct client_data *d, const struct lane *lane, enum client_upcall upcall,
                 uint32_t a, uint32_t b)
{
    told_add(&d->of[lane->now.client].told[upcall], a, b);
}

/* What stands behind it stays as it is: of that, as much as is worth a look. */
void client_given(struct machine *m, struct operation *now, struct span to)
{
    uint32_t size = now->in_of < to.size ? now->in_of : to.size, more = to.size - size;
    struct bytes rest;

    now->into = (struct span){to.base, size};
    now->beyond = (struct span){to.base + size, more < BEYOND_MAX ? more : BEYOND_MAX};
    now->is_given = bytes_of(m, now->beyond, &rest);
    now->rest = rest.hash;
}

/* ---- operations */

static struct account *account_of(struct client_data *d, uint32_t client)
{
    return client < d->apps ? &d->of[client] : NULL;
}

/* The app's call: `p` is in one of that service's driver. */
static void asks(struct machine *m, struct client_data *d, uint32_t virt, uint32_t client)
{
    const struct ledger_process *p = &ledger_of(m)->processes[client];
    struct asked *asked = &d->of[client].asked[virt];

    d->of[client].asks_again = asked->open;
    if (asked->open || !p->call_open || p->call_class != SYSCALL_COMMAND)
        return;
    *asked = (struct asked){true, p->args[0], p->args[1], p->args[2], p->args[3]};
    if (services[virt]->asks)
        services[virt]->asks(&d->of[client], asked);
}

static void answered(struct machine *m, struct client_data *d, struct lane *lane, uint32_t client,
                     enum err err)
{
    struct account *account = &d->of[client];
    struct asked *asked = &account->asked[lane->virt];
    const struct lane asker = {.virt = lane->virt, .now.client = (uint8_t)client};

    rule_armed(m, RULE_CLIENT_DATA);
    if (account->asks_again && !err)
        client_broken(m, &asker, DETAIL_CLIENT_AGAIN, 0, 0);
    else if (!account->asks_again && err)
        asked->open = false;
    else if (!err && asked->open && services[lane->virt]->refuses(account, asked))
        client_broken(m, &asker, DETAIL_CLIENT_ACCEPTED, asked->command, 0);
}

/* A call of the client's is open that may have set what its operations go by: whether it has, the
 * monitor cannot know yet. */
static bool is_configuring(struct machine *m, uint32_t client, const struct asked *asked)
{
    const struct ledger_process *p = &ledger_of(m)->processes[client];

    return p->call_open && p->call_class == SYSCALL_COMMAND && p->args[0] == asked->driver &&
           (p->args[1] != asked->command || p->args[2] != asked->a || p->args[3] != asked->b);
}

static void begins(struct machine *m, struct client_data *d, struct lane *lane, uint32_t client)
{
    const struct account *account = account_of(d, client);
    const struct asked *asked = account ? &account->asked[lane->virt] : NULL;

    if (services[lane->virt]->turns)
        services[lane->virt]->turns(m, d, lane);
    lane->now = (struct operation){.client = (uint8_t)client,
                                   .goes_on = true,
                                   .begun_ps = machine_now_ps(m),
                                   .out = {.hash = BYTES_NONE},
                                   .in = {.hash = BYTES_NONE}};
    if (account && asked->open && !is_configuring(m, client, asked))
        lane->now.known = services[lane->virt]->begins(m, account, &lane->now, asked);
}

/* A sample is taken of the leader's channel. */
static void joins(struct machine *m, const struct client_data *d, const struct lane *lane,
                  uint32_t client)
{
    const struct lane its = {.virt = lane->virt, .now.client = (uint8_t)client};

    if (client < d->apps && lane->now.known && d->of[client].asked[lane->virt].open &&
        d->of[client].asked[lane->virt].a != lane->now.address)
        client_broken(m, &its, DETAIL_CLIENT_SHARED, lane->now.address,
                      d->of[client].asked[lane->virt].a);
}

static void judge_late(struct machine *m, const struct client_data *d, const struct lane *lane)
{
    uint64_t timeout_ps = services[lane->virt]->timeout_ms * PS_PER_MS;
    uint64_t took_ps = machine_now_ps(m) - lane->now.begun_ps;
    uint32_t client = lane->now.client;

    if (timeout_ps > 0 && !lane->now.dead && !d->alarm_lies && !d->is_stormy &&
        took_ps > timeout_ps + GIVEN_UP_PS)
        break_add(m, RULE_CLIENT_DATA, client < CLIENT_KERNEL ? client : PROCESS_NONE,
                  lane->virt | client << 8, DETAIL_CLIENT_LATE, took_ps, timeout_ps);
}

static uint32_t upcall_for(const struct client_service *service, const struct asked *asked)
{
    return service->upcall_of ? service->upcall_of(asked) : service->upcall;
}

static void ends(struct machine *m, struct client_data *d, struct lane *lane, uint32_t client,
                 enum err err)
{
    const struct client_service *service = services[lane->virt];
    struct account *account = account_of(d, client);

    judge_late(m, d, lane);
    lane->now.goes_on = false;
    if (!account)
        return;
    const struct asked *asked = &account->asked[lane->virt];
    struct lane its = *lane; /* the operation may have begun for another */
    its.now.known &= asked->open && (lane->now.client == client || service->is_shared);
    its.now.client = (uint8_t)client;
    account->asked[lane->virt].open = false;
    if (its.now.known && !lane->lies) {
        service->ends(m, d, &its, account, err);
        lane->now.is_given = its.now.is_given;
        lane->now.into = its.now.into;
        lane->now.beyond = its.now.beyond;
        lane->now.rest = its.now.rest;
    } else {
        told_add(&account->told[upcall_for(service, asked)], ANYTHING, ANYTHING);
    }
}

static void on_client(struct machine *m, struct client_data *d, const struct record *r)
{
    uint32_t client = pair_low(r->value), more = pair_high(r->value);

    if (r->address >= VIRTS || d->lanes[r->address].device == DEVICE_NONE)
        return;
    struct lane *lane = &d->lanes[r->address];
    switch (r->kind) {
    case EVENT_OF(NOTE_CLIENT_ASKS):
        if (client < d->apps)
            asks(m, d, lane->virt, client);
        break;
    case EVENT_OF(NOTE_CLIENT_ANSWERED):
        if (client < d->apps)
            answered(m, d, lane, client, (enum err)more);
        break;
    case EVENT_OF(NOTE_CLIENT_BEGUN):
        if (more)
            joins(m, d, lane, client);
        else
            begins(m, d, lane, client);
        break;
    default:
        ends(m, d, lane, client, (enum err)more);
        break;
    }
}

/* ---- results */

static uint32_t upcall_of(uint32_t driver, uint32_t number)
{
    uint32_t i = 0;

    while (i < CLIENT_UPCALLS && (upcalls[i].driver != driver || upcalls[i].number != number))
        i++;
    return i;
}

/* The upcall is queued, and what came stands in the app's buffer. */
static void on_queued(struct machine *m, struct client_data *d, const struct record *r)
{
    uint32_t upcall = upcall_of(r->address, pair_low(r->value));
    struct bytes is;

    if (upcall == CLIENT_UPCALLS)
        return;
    if (upcalls[upcall].is_of_line) {
        client_line_told(m, d, r->process, (enum client_upcall)upcall);
        return;
    }
    struct lane *lane = &d->lanes[upcalls[upcall].virt];
    if (!lane->now.is_given || lane->now.client != r->process)
        return;
    lane->now.is_given = false;
    if (lane->now.into.size == lane->now.in.count && bytes_of(m, lane->now.into, &is) &&
        is.hash != lane->now.in.hash)
        client_broken(m, lane, DETAIL_CLIENT_CAME, is.count, 0);
    if (bytes_of(m, lane->now.beyond, &is) && is.hash != lane->now.rest)
        client_broken(m, lane, DETAIL_CLIENT_BEYOND, lane->now.into.size, 0);
}

/* The first of those that wait with these values; told->count: none. */
static uint32_t place_of(const struct told *told, uint32_t a, uint32_t b)
{
    uint32_t i = 0;

    while (i < told->count && (told->of[i].a != a || told->of[i].b != b))
        i++;
    return i;
}

/* Those before it have been dropped, or are nobody's any more. */
static void judge_told(struct machine *m, struct client_data *d, uint32_t process, uint32_t upcall,
                       uint32_t a, uint32_t b)
{
    struct told *told = &d->of[process].told[upcall];
    uint32_t place = place_of(told, a, b);
    const struct lane lane = {.virt = upcalls[upcall].virt, .now.client = (uint8_t)process};

    if (place == told->count)
        place = place_of(told, ANYTHING, ANYTHING);
    if (place == told->count) {
        if (!told->lost && told->count > 0)
            client_broken(m, &lane, DETAIL_CLIENT_TOLD, a, b);
        return;
    }
    told->count -= (uint8_t)(place + 1);
    told->lost = told->lost && told->count > 0;
    memmove(&told->of[0], &told->of[place + 1], told->count * sizeof told->of[0]);
}

static void on_values(struct machine *m, struct client_data *d, uint32_t process,
                      const uint32_t r[3])
{
    struct account *account = &d->of[process];
    uint32_t upcall = account->delivered;

    account->delivered = 0;
    if (upcall == 0)
        return;
    if (upcall - 1 == UPCALL_DATAGRAM_CAME || upcall - 1 == UPCALL_SAMPLE)
        judge_told(m, d, process, upcall - 1, r[0] | r[1] << 16, r[2]);
    else
        judge_told(m, d, process, upcall - 1, r[0], r[1]);
}

/* ---- what apps set */

enum { FRAMES = 0x30003, UDP = 0x30002 };
enum { BIND = 1, UNBIND, RECEIVE, UDP_RECEIVE, ABORT_READ = 3 };
enum { SPI_SELECT = 3, SPI_RATE = 5, SPI_PHASE = 7, SPI_POLARITY = 9, I2C_RATE = 4 };

/* The next slower one of those that there are: model/services.h. */
static uint32_t spi_rate_of(uint32_t hz)
{
    uint32_t rate_hz = 8000000;

    while (rate_hz > hz && rate_hz > 125000)
        rate_hz /= 2;
    return rate_hz;
}

static uint32_t i2c_rate_of(uint32_t hz)
{
    return hz >= 400000 ? 400000 : hz >= 250000 ? 250000 : 100000;
}

static void on_spi_set(struct account *account, uint32_t command, uint32_t value)
{
    if (command == SPI_SELECT)
        account->spi_select = (uint8_t)value;
    if (command == SPI_RATE)
        account->spi_rate_hz = spi_rate_of(value);
    if (command == SPI_PHASE)
        account->spi_mode = (uint8_t)((account->spi_mode & 2) | (value & 1));
    if (command == SPI_POLARITY)
        account->spi_mode = (uint8_t)((account->spi_mode & 1) | (value & 1) << 1);
}

static void on_frames_set(struct machine *m, struct client_data *d, uint32_t process,
                          const uint32_t args[4])
{
    struct account *account = &d->of[process];

    if (args[1] == RECEIVE)
        client_receives(m, d, process, FRAMES);
    if (args[1] != BIND && args[1] != UNBIND)
        return;
    account->frame_address = args[1] == BIND ? (uint16_t)args[2] : 0;
    account->address_ps = account->called_ps;
    account->waits_for_frame = false;
    if (args[1] == BIND)
        client_bound(m, d, process, FRAMES);
}

static void on_udp_set(struct machine *m, struct client_data *d, uint32_t process,
                       const uint32_t args[4], uint32_t result)
{
    struct account *account = &d->of[process];

    if (args[1] == UDP_RECEIVE)
        client_receives(m, d, process, UDP);
    if (args[1] != BIND && args[1] != UNBIND)
        return;
    account->port = args[1] == BIND ? (uint16_t)result : 0;
    account->port_ps = account->called_ps;
    account->waits_for_datagram = false;
    if (args[1] == BIND)
        client_bound(m, d, process, UDP);
}

static void on_set(struct machine *m, struct client_data *d, uint32_t process,
                   const uint32_t args[4], uint32_t result)
{
    if (args[0] == client_i2c.driver && args[1] == I2C_RATE)
        d->of[process].i2c_rate_hz = i2c_rate_of(args[2]);
    if (args[0] == client_spi.driver)
        on_spi_set(&d->of[process], args[1], args[2]);
    if (args[0] == FRAMES)
        on_frames_set(m, d, process, args);
    if (args[0] == UDP)
        on_udp_set(m, d, process, args, result);
    if (args[0] == client_uart.driver && args[1] == ABORT_READ && d->read_of == process)
        d->read_aborted = true;
}

static void on_returned(struct machine *m, struct client_data *d, const struct record *r)
{
    const struct ledger *l = ledger_of(m);
    const struct ledger_process *p = &l->processes[r->process];

    if (d->of[r->process].delivered)
        on_values(m, d, r->process,
                  (uint32_t[]){r->address, pair_low(r->value), pair_high(r->value)});
    else if (l->returning && p->call_class == SYSCALL_COMMAND && r->address >= RETURN_SUCCESS)
        on_set(m, d, r->process, p->args, pair_low(r->value));
}

static void on_allow(struct account *account, const struct record *r)
{
    uint32_t what = pair_high(r->value);

    for (uint32_t i = 0; i < CLIENT_BUFFERS; i++)
        if (what == (buffers[i].driver << 8 | (uint32_t)buffers[i].kind << 4 | buffers[i].number))
            account->buffers[i] = (struct span){r->address, pair_low(r->value)};
}

static struct account new_account(const struct scenario *s, uint32_t app)
{
    return (struct account){.id = app < s->config.image_count ? s->config.images[app].short_id : 0,
                            .spi_rate_hz = 125000,
                            .i2c_rate_hz = 100000,
                            .spi_select = 0xff};
}

static void dies(const struct scenario *s, struct client_data *d, uint32_t process, uint64_t now_ps)
{
    d->of[process] = new_account(s, process);
    if (d->read_of == process)
        d->read_of = PROCESS_NONE;
    for (uint32_t i = 0; i < VIRTS; i++)
        if (d->lanes[i].now.client == process) {
            d->lanes[i].now.dead |= d->lanes[i].now.goes_on;
            d->lanes[i].now.dead_ps = now_ps;
            d->lanes[i].now.is_given = false;
        }
}

static void on_app(struct machine *m, struct client_data *d, const struct record *r)
{
    struct account *account = &d->of[r->process];

    switch (r->kind) {
    case EVENT_SYSCALL:
        account->called_ps = r->at_ps;
        break;
    case EVENT_RETURN:
        on_returned(m, d, r);
        break;
    case EVENT_OF(NOTE_FRAME):
        account->waits_for_frame &= pair_low(r->value) != FRAME_GIVEN;
        account->waits_for_frame &= pair_low(r->value) != FRAME_TOO_LARGE;
        break;
    case EVENT_OF(NOTE_DATAGRAM):
        account->waits_for_datagram &= pair_low(r->value) != UDP_GIVEN;
        account->waits_for_datagram &= pair_low(r->value) != UDP_TOO_LARGE;
        break;
    case EVENT_UPCALL:
        account->delivers[0] = pair_low(r->value);
        account->delivers[1] = pair_high(r->value);
        break;
    case EVENT_UPCALL_MORE:
        on_values(m, d, r->process,
                  (uint32_t[]){account->delivers[0], account->delivers[1], pair_low(r->value)});
        break;
    case EVENT_OF(NOTE_ALLOW):
        on_allow(account, r);
        break;
    case EVENT_OF(NOTE_UPCALL_DELIVERED):
        account->delivered = (uint8_t)(1 + upcall_of(r->address, pair_low(r->value)));
        account->delivered %= 1 + CLIENT_UPCALLS;
        break;
    case EVENT_OF(NOTE_PROCESS_END):
        dies(machine_scenario(m), d, r->process, r->at_ps);
        break;
    default:
        on_queued(m, d, r);
        break;
    }
}

/* ---- the wire, and what befalls it */

/* Some app is in a call of the driver of pins: it moves them. */
static bool app_moves_pins(struct machine *m, const struct client_data *d)
{
    bool any = false;

    for (uint32_t i = 0; i < d->apps; i++) {
        const struct ledger_process *p = &ledger_of(m)->processes[i];
        any |= p->call_open && p->call_class == SYSCALL_COMMAND && p->args[0] == 0x4;
    }
    return any;
}

static void on_wire(struct machine *m, struct client_data *d, const struct record *r)
{
    uint32_t act = pair_high(r->value);

    if (act == WIRE_SELECT || act == WIRE_DESELECT)
        d->pins_used |= app_moves_pins(m, d);
    for (uint32_t i = 0; i < VIRTS; i++) {
        struct lane *lane = &d->lanes[i];
        if (lane->device != r->address || !services[i]->on_wire)
            continue;
        bool moves = act == WIRE_OUT || act == WIRE_START;
        if (moves && !lane->now.goes_on)
            client_broken(m, lane, DETAIL_CLIENT_NOBODY, pair_low(r->value), 0);
        services[i]->on_wire(m, d, lane, act, (uint8_t)pair_low(r->value));
        return;
    }
}

/* What the converter brings is a sample. */
static void on_sample(struct machine *m, struct client_data *d, struct span to)
{
    struct operation *sample = &d->lanes[VIRT_ADC].now;
    uint8_t bytes[2];

    if (to.size != sizeof bytes || !machine_peek(m, to, bytes))
        return;
    sample->to = bytes[0] | (uint32_t)bytes[1] << 8;
    sample->in.count = sizeof bytes;
}

static void on_dma(struct machine *m, struct client_data *d, const struct record *r)
{
    uint32_t device = pair_high(r->value);
    struct span to = {r->address, pair_low(r->value)};
    uint8_t byte;

    if (device == d->lanes[VIRT_ADC].device)
        on_sample(m, d, to);
    if (device != d->lanes[VIRT_UART].device)
        return;
    for (; to.size > 0 && machine_peek(m, (struct span){to.base, 1}, &byte); to.base++, to.size--)
        client_line_came(m, d, to.base, byte);
}

enum { RNG_VALUE = 0x508 }; /* of the generator: each read takes the byte that is there */

static void on_random(struct machine *m, struct client_data *d, const struct record *r)
{
    struct operation *now = &d->lanes[VIRT_RNG].now;

    if (r->address == machine_scenario(m)->config.virts[VIRT_RNG].base + RNG_VALUE &&
        now->goes_on && now->in.count < now->in_of)
        bytes_add(&now->in, (uint8_t)r->value);
}

static bool hears_at(const struct scenario *s, unsigned kind, uint32_t place)
{
    return kind != EVENT_KERNEL_READ ||
           (is_here(s, VIRT_RNG) && place < s->board.device_count &&
            s->board.devices[place].window.base == s->config.virts[VIRT_RNG].base);
}

static bool befalls(const struct scenario *s, const struct injection *plan,
                    const struct driver_place *place)
{
    if (!place->present)
        return false;
    return injection_pulses(plan) ? plan->line == place->line
                                  : plan->device == board_device_at(&s->board, place->base);
}

static void on_injected(const struct scenario *s, struct client_data *d, const struct record *r)
{
    const struct injection *plan = &s->injections[r->address];
    bool of_device = injection_is_of_device(plan);

    d->is_stormy |= plan->kind == INJECT_STORM;
    d->alarm_lies |= of_device && befalls(s, plan, &s->config.alarm);
    d->pins_used |= of_device && befalls(s, plan, &s->config.gpio);
    for (uint32_t i = 0; i < VIRTS; i++) {
        bool its = of_device && befalls(s, plan, config_virt(&s->config, i));
        bool is_error = plan->kind == INJECT_ERROR;
        d->lanes[i].is_late |= its && !is_error;
        d->lanes[i].fails |= its && is_error;
        its &= !(is_error && i == VIRT_STORAGE); /* what is in flash is seen */
        d->lanes[i].lies |= (its && KIND_BIT(plan->kind) & LIES) || plan->kind == INJECT_POKE;
        d->lanes[i].lies |= d->alarm_lies; /* what has not been over is given up */
    }
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct client_data *d = state;

    switch (r->kind) {
    case EVENT_WIRE:
        on_wire(m, d, r);
        break;
    case EVENT_DMA_WRITE:
        on_dma(m, d, r);
        break;
    case EVENT_KERNEL_READ:
        on_random(m, d, r);
        break;
    case EVENT_OF(NOTE_CONSOLE_CLIENT):
        client_read_begins(m, d, r);
        break;
    case EVENT_INJECTED:
        on_injected(machine_scenario(m), d, r);
        break;
    case EVENT_OF(NOTE_CLIENT_ASKS):
    case EVENT_OF(NOTE_CLIENT_ANSWERED):
    case EVENT_OF(NOTE_CLIENT_BEGUN):
    case EVENT_OF(NOTE_CLIENT_DONE):
        on_client(m, d, r);
        break;
    default:
        if (r->process < d->apps)
            on_app(m, d, r);
        break;
    }
}

static void at_end(struct machine *m, void *state)
{
    const struct client_data *d = state;

    for (uint32_t i = 0; i < VIRTS; i++)
        if (d->lanes[i].device != DEVICE_NONE && d->lanes[i].now.goes_on)
            judge_late(m, d, &d->lanes[i]);
}

static void start(struct machine *m, void *state)
{
    const struct scenario *s = machine_scenario(m);
    struct client_data *d = state;

    d->apps = s->app_count;
    d->read_of = PROCESS_NONE;
    for (uint32_t i = 0; i < VIRTS; i++) {
        uint32_t device = board_device_at(&s->board, config_virt(&s->config, i)->base);
        d->lanes[i].virt = (uint8_t)i;
        d->lanes[i].now.client = CLIENT_NONE;
        d->lanes[i].device = is_here(s, i) ? (uint8_t)device : DEVICE_NONE;
    }
    for (uint32_t i = 0; i < d->apps; i++)
        d->of[i] = new_account(s, i);
}

const struct monitor monitor_client_data = {
    .name = "client_data",
    .kinds = {KIND_EVENT(EVENT_KERNEL_READ) | KIND_EVENT(EVENT_SYSCALL) | KIND_EVENT(EVENT_RETURN) |
                  KIND_EVENT(EVENT_UPCALL) | KIND_EVENT(EVENT_UPCALL_MORE) |
                  KIND_EVENT(EVENT_WIRE) | KIND_EVENT(EVENT_INJECTED) | KIND_EVENT(EVENT_DMA_WRITE),
              KIND_NOTE(NOTE_CLIENT_ASKS) | KIND_NOTE(NOTE_CLIENT_ANSWERED) |
                  KIND_NOTE(NOTE_CLIENT_BEGUN) | KIND_NOTE(NOTE_CLIENT_DONE) |
                  KIND_NOTE(NOTE_PROCESS_END) | KIND_NOTE(NOTE_ALLOW) |
                  KIND_NOTE(NOTE_UPCALL_QUEUED) | KIND_NOTE(NOTE_UPCALL_DROPPED) |
                  KIND_NOTE(NOTE_UPCALL_DELIVERED) | KIND_NOTE(NOTE_CONSOLE_CLIENT) |
                  KIND_NOTE(NOTE_FRAME) | KIND_NOTE(NOTE_DATAGRAM)},
    .hears_at = hears_at,
    .size_for = size_for,
    .rules = KIND_BIT(RULE_CLIENT_DATA),
    .always = true,
    .start = start,
    .on_record = on_record,
    .at_end = at_end,
};
