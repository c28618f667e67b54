/* client_line.c: what client-data asks of the serial line: texts, frames, datagrams, both ways. See
 * client_data.h.
 *
 * Frames are told from texts, and datagrams checked, by what is on the line itself (sim/net), with
 * nothing of the kernel's. What goes out piece by piece is judged if the app's buffer is at the end
 * as it was at first. What has come is what the UARTE's DMA has brought; the kernel may not have
 * looked at the last bytes of it yet.
 */
#include "model/limits.h"
#include "sim/monitors/client_data.h"
#include "sim/monitors/ledger.h"
#include "sim/net/hdlc.h"
#include "sim/net/ip.h"
#include "sim/wire.h"

enum { CONSOLE = 0x1, FRAMES = 0x30003, UDP = 0x30002 };
enum { BIND = 1, UNBIND, ABORT_READ }; /* commands */
enum { PAYLOAD_MAX = 510, DATA_MAX = 256, ADDRESS = 16 };

/* More is no frame, and may be text: RFC 1661, 6.1. */
enum { BODY_MAX = HDLC_BODY_MIN + PPP_HEADER_SIZE + 1500 };

/* What may still go out for the dead: the piece under way, and an abort. */
enum { AFTER_DEATH = CONSOLE_BUFFER + 2 };

/* How late the kernel may look at what has come: its UARTE has room for four bytes more. */
enum { UNSEEN_MAX = 5 };
#define LOOKED_AT_PS (1 * PS_PER_MS)

/* Places in a network's payload: PPP's protocol, then the packet. */
enum {
    AT_IP = PPP_HEADER_SIZE,
    AT_SOURCE = AT_IP + IP_AT_SOURCE,
    AT_TO = AT_IP + IP_AT_DESTINATION,
    AT_UDP = AT_IP + IP_HEADER_SIZE,
};
_Static_assert(AT_UDP + UDP_HEADER_SIZE == LINE_HEAD, "the head is all but the data");

/* ---- a reader that keeps no more than it is asked for */

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static void payload_add(struct line_frame *f, uint32_t place, uint8_t octet)
{
    uint32_t sum = f->sum + (place % 2 ? octet : (uint32_t)octet << 8);

    if (place >= AT_SOURCE)
        f->sum = (uint16_t)((sum & 0xffff) + (sum >> 16));
    if (place < LINE_HEAD)
        f->head[place] = octet;
    if (place >= LINE_HEAD || f->address != HDLC_PPP)
        bytes_add(&f->data, octet);
    f->size = (uint16_t)(place + 1);
}

/* The last two octets of a body are no payload. */
static void body_add(struct line_reader *r, uint8_t octet, uint64_t now_ps)
{
    uint32_t place = r->octets++;

    r->fcs = hdlc_fcs_step(r->fcs, octet);
    if (place == 0) {
        r->frame.address = octet;
        r->frame.from_ps = now_ps;
    } else if (place == 1) {
        r->frame.control = octet;
    }
    if (place >= HDLC_BODY_MIN)
        payload_add(&r->frame, place - HDLC_BODY_MIN, r->held[place % 2]);
    r->held[place % 2] = octet;
}

static void body_begin(struct line_reader *r)
{
    *r = (struct line_reader){.inside = true, .fcs = HDLC_FCS_START};
    r->frame.data.hash = BYTES_NONE;
}

/* `aborted_is_over`: its flag opens no frame. */
static enum line_news take(struct line_reader *r, uint8_t octet, uint64_t now_ps,
                           bool aborted_is_over)
{
    bool escaped = r->escaped, good = r->octets >= HDLC_BODY_MIN && r->fcs == HDLC_FCS_GOOD &&
                                      r->frame.control == HDLC_CONTROL;

    if (octet != HDLC_FLAG && !r->inside)
        return LINE_OUTSIDE;
    r->escaped = octet == HDLC_ESCAPE && !escaped;
    if (octet != HDLC_FLAG) {
        if (!r->escaped)
            body_add(r, escaped ? octet ^ HDLC_FLIP : octet, now_ps);
        return LINE_NOTHING;
    }
    if (r->inside && !escaped && good) {
        r->inside = false;
        return LINE_FRAME;
    }
    enum line_news news = r->inside && escaped ? LINE_ABORTED : LINE_NOTHING;
    body_begin(r);
    r->inside = news != LINE_ABORTED || !aborted_is_over;
    return news;
}

/* ---- a network's frame is a datagram */

static uint32_t data_size(const struct line_frame *f)
{
    return f->size - LINE_HEAD;
}

static uint64_t address_hash(const uint8_t *address)
{
    struct bytes bytes = {.hash = BYTES_NONE};

    for (uint32_t i = 0; i < ADDRESS; i++)
        bytes_add(&bytes, address[i]);
    return bytes.hash;
}

static uint64_t link_local_hash(uint64_t interface)
{
    const struct ip_address address = ip_link_local(interface);
    return address_hash(address.octets);
}

/* RFC 8200, 8.1: its addresses are in the sum already. */
static bool is_datagram(const struct line_frame *f)
{
    const uint8_t *ip = f->head + AT_IP, *udp = f->head + AT_UDP;
    uint32_t size = f->size - AT_UDP;
    uint32_t sum = f->sum + size + IP_NEXT_UDP;

    return f->size >= LINE_HEAD && get16(f->head) == PPP_IPV6 && ip[IP_AT_VERSION] >> 4 == 6 &&
           ip[IP_AT_NEXT] == IP_NEXT_UDP && get16(ip + IP_AT_LENGTH) == size &&
           get16(udp + 4) == size && get16(udp + 6) != 0 &&
           ((sum & 0xffff) + (sum >> 16)) % 0xffff == 0;
}

/* ---- sending */

static enum client_upcall uart_upcall(const struct asked *asked)
{
    return asked->driver == FRAMES ? UPCALL_FRAME_SENT : UPCALL_WRITTEN;
}

/* A write is cut to the buffer as it is in the call. */
static void uart_asks(const struct account *account, struct asked *asked)
{
    uint32_t room = account->buffers[BUFFER_TEXT].size;

    if (asked->driver == CONSOLE && asked->a > room)
        asked->a = room;
}

static bool uart_refuses(const struct account *account, const struct asked *asked)
{
    if (asked->driver != FRAMES)
        return asked->a == 0;
    return asked->a == 0 || asked->a > PAYLOAD_MAX ||
           asked->a > account->buffers[BUFFER_FRAME_OUT].size || account->frame_address == 0;
}

/* On a line with frames a flag in a text goes as another octet. */
static bool text_of(const struct machine *m, struct span from, struct bytes *bytes)
{
    uint8_t flag = machine_scenario(m)->config.frames ? HDLC_FLAG : 0;

    return bytes_without(m, from, flag, flag ? HDLC_FLAG ^ HDLC_FLIP : 0, bytes);
}

static bool uart_begins(struct machine *m, const struct account *account, struct operation *now,
                        const struct asked *asked)
{
    struct span from = account->buffers[asked->driver == FRAMES ? BUFFER_FRAME_OUT : BUFFER_TEXT];

    now->is_frame = asked->driver == FRAMES;
    now->address = account->frame_address;
    now->from = from;
    now->out_of = asked->a;
    if (now->is_frame)
        return asked->a <= from.size && account->frame_address != 0 &&
               bytes_of(m, (struct span){from.base, asked->a}, &now->wanted);
    return asked->a <= from.size && text_of(m, (struct span){from.base, asked->a}, &now->wanted);
}

/* What went before leaves no frame open. */
static void uart_turns(struct machine *m, struct client_data *d, struct lane *lane)
{
    if (d->line_out.inside && !lane->is_late)
        client_broken(m, lane, DETAIL_CLIENT_OPEN, 0, 0);
    d->line_out = (struct line_reader){.inside = false};
}

enum { FIELD_NO_DATAGRAM, FIELD_FROM, FIELD_TO, FIELD_PORT, FIELD_SIZE, FIELD_DATA };

static void judge_datagram(struct machine *m, struct client_data *d, const struct line_frame *f)
{
    struct lane *lane = &d->lanes[VIRT_UDP];
    const struct operation *now = &lane->now;
    bool is[] = {
        [FIELD_NO_DATAGRAM] = is_datagram(f),
        [FIELD_FROM] = address_hash(f->head + AT_SOURCE) == link_local_hash(2),
        [FIELD_TO] = address_hash(f->head + AT_TO) == now->to_hash,
        [FIELD_PORT] = get16(f->head + AT_UDP + 2) == now->to,
        [FIELD_SIZE] = data_size(f) == now->out_of,
        [FIELD_DATA] = f->data.hash == now->wanted.hash,
    };

    lane->now.frames++;
    if (!now->known)
        return;
    for (uint32_t i = 0; i < sizeof is / sizeof is[0]; i++)
        if (!is[i]) {
            client_broken(m, lane, DETAIL_CLIENT_PACKET, i, 0);
            return;
        }
    if (get16(f->head + AT_UDP) != now->address)
        client_broken(m, lane, DETAIL_CLIENT_PORT, get16(f->head + AT_UDP), now->address);
}

static void frame_went(struct machine *m, struct client_data *d, struct lane *lane)
{
    const struct line_frame *f = &d->line_out.frame;
    uint32_t wanted = lane->now.client == CLIENT_NETWORK ? HDLC_PPP : lane->now.address;

    lane->now.frames++;
    if (lane->now.client == CLIENT_NETWORK && f->address == HDLC_PPP)
        judge_datagram(m, d, f);
    else if ((lane->now.known || lane->now.client == CLIENT_NETWORK) && f->address != wanted)
        client_broken(m, lane, DETAIL_CLIENT_FRAME, f->address, wanted);
    lane->now.out = f->data;
}

static void uart_wire(struct machine *m, struct client_data *d, struct lane *lane, uint32_t act,
                      uint8_t value)
{
    bool is_text = lane->now.client != CLIENT_NETWORK && !lane->now.is_frame;

    if (act != WIRE_OUT)
        return;
    lane->now.begun_ps = machine_now_ps(m);
    client_dead_judge(m, lane, AFTER_DEATH);
    if (lane->now.client == CLIENT_NETWORK)
        client_dead_judge(m, &d->lanes[VIRT_UDP], AFTER_DEATH);
    if (lane->now.known && is_text)
        bytes_add(&lane->now.out, value);
    if (!machine_scenario(m)->config.frames)
        return;
    if (lane->now.known && is_text && value == HDLC_FLAG)
        client_broken(m, lane, DETAIL_CLIENT_FLAG, 0, 0);
    if (take(&d->line_out, value, machine_now_ps(m), true) == LINE_FRAME)
        frame_went(m, d, lane);
}

/* Nobody has changed it meanwhile, neither the buffer nor what is in it. */
static bool is_as_it_was(const struct machine *m, const struct lane *lane, struct span from)
{
    struct bytes is;
    struct span part = {from.base, lane->now.out_of};

    if (!span_equal(from, lane->now.from))
        return false;
    return (lane->now.is_frame ? bytes_of(m, part, &is) : text_of(m, part, &is)) &&
           is.hash == lane->now.wanted.hash;
}

static void judge_sent(struct machine *m, const struct lane *lane)
{
    if (lane->now.out.count != lane->now.out_of)
        client_broken(m, lane, DETAIL_CLIENT_SHORT, lane->now.out.count, lane->now.out_of);
    else if (lane->now.out.hash != lane->now.wanted.hash)
        client_broken(m, lane, DETAIL_CLIENT_BYTES, lane->now.out.count, 0);
}

static void uart_ends(struct machine *m, struct client_data *d, struct lane *lane,
                      const struct account *account, enum err err)
{
    bool is_frame = lane->now.is_frame;
    bool same = is_as_it_was(m, lane, account->buffers[is_frame ? BUFFER_FRAME_OUT : BUFFER_TEXT]);

    if (lane->is_late) {
        client_told(d, lane, is_frame ? UPCALL_FRAME_SENT : UPCALL_WRITTEN, ANYTHING, ANYTHING);
        return;
    }
    if (same && !err)
        judge_sent(m, lane);
    if (same)
        client_error_judge(m, d, lane, err, ERR_NONE);
    if (is_frame)
        client_told(d, lane, UPCALL_FRAME_SENT, err, err ? 0 : lane->now.out_of);
    else
        client_told(d, lane, UPCALL_WRITTEN, lane->now.out.count, 0);
}

const struct client_service client_uart = {
    .driver = CONSOLE,
    .upcall_of = uart_upcall,
    .timeout_ms = 100,
    .asks = uart_asks,
    .refuses = uart_refuses,
    .begins = uart_begins,
    .turns = uart_turns,
    .on_wire = uart_wire,
    .ends = uart_ends,
};

/* ---- datagrams */

static bool udp_refuses(const struct account *account, const struct asked *asked)
{
    uint32_t address = account->buffers[BUFFER_DATAGRAM_TO].size;

    return asked->a > DATA_MAX || asked->a > account->buffers[BUFFER_DATAGRAM_OUT].size ||
           (address > 0 && address < ADDRESS) || asked->b == 0 || asked->b > 0xffff ||
           account->port == 0;
}

static bool udp_begins(struct machine *m, const struct account *account, struct operation *now,
                       const struct asked *asked)
{
    struct span from = account->buffers[BUFFER_DATAGRAM_OUT];
    struct span to = account->buffers[BUFFER_DATAGRAM_TO];

    now->out_of = asked->a;
    now->address = account->port;
    now->to = asked->b;
    now->to_hash = link_local_hash(1);
    if (to.size >= ADDRESS) {
        uint8_t address[ADDRESS];
        if (!machine_peek(m, (struct span){to.base, ADDRESS}, address))
            return false;
        now->to_hash = address_hash(address);
    }
    return account->port != 0 && asked->a <= from.size && (to.size == 0 || to.size >= ADDRESS) &&
           bytes_of(m, (struct span){from.base, asked->a}, &now->wanted);
}

static void udp_ends(struct machine *m, struct client_data *d, struct lane *lane,
                     const struct account *account, enum err err)
{
    (void)account;
    if (lane->is_late) {
        client_told(d, lane, UPCALL_DATAGRAM_SENT, ANYTHING, ANYTHING);
        return;
    }
    if (!err != (lane->now.frames == 1))
        client_error_broken(m, lane, err, lane->now.frames ? ERR_NONE : ERR_FAIL);
    client_told(d, lane, UPCALL_DATAGRAM_SENT, err, err ? 0 : lane->now.out_of);
}

const struct client_service client_udp = {
    .driver = 0x30002,
    .upcall = UPCALL_DATAGRAM_SENT,
    .refuses = udp_refuses,
    .begins = udp_begins,
    .ends = udp_ends,
};

/* ---- receiving */

void client_line_came(struct machine *m, struct client_data *d, uint32_t at, uint8_t byte)
{
    if (!machine_scenario(m)->config.frames) {
        if (d->read_of != PROCESS_NONE && span_holds(d->read_into, at))
            bytes_add(&d->read, byte);
        return;
    }
    enum line_news news = take(&d->line_in, byte, machine_now_ps(m), false);
    d->read.count += news == LINE_OUTSIDE || d->line_in.octets > BODY_MAX;
    if (news != LINE_FRAME)
        return;
    struct line_frame *last = d->line_in.frame.address == HDLC_PPP ? &d->last_network : &d->last;
    *last = d->line_in.frame;
    last->is_new = true;
}

/* Of an app that is told what came: its call that is open, if it is this driver's. */
static uint32_t open_command(struct machine *m, uint32_t process, uint32_t driver)
{
    const struct ledger_process *p = &ledger_of(m)->processes[process];
    bool is_its = p->call_open && p->call_class == SYSCALL_COMMAND && p->args[0] == driver;

    return is_its ? p->args[1] : 0;
}

static void broken(struct machine *m, const struct client_data *d, uint32_t virt, uint32_t process,
                   enum verdict_detail detail, uint64_t got, uint64_t wanted)
{
    const struct lane its = {
        .virt = (uint8_t)virt, .lies = d->lanes[virt].lies, .now.client = (uint8_t)process};

    client_broken(m, &its, detail, got, wanted);
}

/* The first bytes of the app's buffer are those. */
static void judge_given(struct machine *m, const struct client_data *d, uint32_t virt,
                        uint32_t process, struct span to, const struct bytes *came)
{
    struct bytes is;

    if (came->count <= to.size && bytes_of(m, (struct span){to.base, came->count}, &is) &&
        is.hash != came->hash)
        broken(m, d, virt, process, DETAIL_CLIENT_CAME, came->count, 0);
}

/* ---- the console's reader */

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Without an upcall nothing tells that a read is over: it may be, if so much has come. */
static bool read_may_be_over(struct machine *m, const struct client_data *d)
{
    uint32_t seen = d->read.count + (machine_scenario(m)->config.frames ? UNSEEN_MAX : 0);

    return d->read_of == PROCESS_NONE || d->read_aborted || seen >= d->read_into.size ||
           open_command(m, d->read_of, CONSOLE) == ABORT_READ;
}

void client_read_begins(struct machine *m, struct client_data *d, const struct record *r)
{
    if (!read_may_be_over(m, d))
        broken(m, d, VIRT_UART, r->process, DETAIL_CLIENT_READS, 0, 0);
    d->read_of = r->process;
    d->read_aborted = false;
    d->read_into = (struct span){r->address, (uint32_t)r->value};
    d->read = (struct bytes){.hash = BYTES_NONE};
}

static void read_told(struct machine *m, struct client_data *d, uint32_t process)
{
    struct account *account = &d->of[process];
    struct span to = account->buffers[BUFFER_READ];
    struct told *told = &account->told[UPCALL_READ];
    bool aborted = d->read_aborted || open_command(m, process, CONSOLE) == ABORT_READ;
    bool full = d->read.count == d->read_into.size;

    if (d->read_of != process)
        broken(m, d, VIRT_UART, process, DETAIL_CLIENT_NOTHING_CAME, 0, 0);
    else if (machine_scenario(m)->config.frames)
        aborted ? told_add(told, ANYTHING, ANYTHING)
                : told_add(told, ERR_NONE, smaller(d->read_into.size, to.size));
    else if (full && aborted)
        told_add(told, ANYTHING, ANYTHING);
    else
        told_add(told, full ? ERR_NONE : ERR_CANCEL, smaller(d->read.count, to.size));
    if (d->read_of == process && !machine_scenario(m)->config.frames)
        judge_given(m, d, VIRT_UART, process, to, &d->read);
    d->read_of = PROCESS_NONE;
}

/* ---- frames and datagrams for an app */

/* It has asked for one, had its address before the frame had its own, and the frame is new. */
static bool is_for(struct machine *m, const struct client_data *d, uint32_t virt, uint32_t process,
                   const struct line_frame *f, bool is_its)
{
    const struct account *account = &d->of[process];
    bool asked = virt == VIRT_UDP ? account->waits_for_datagram : account->waits_for_frame;
    uint64_t since_ps = virt == VIRT_UDP ? account->port_ps : account->address_ps;

    if (!asked && open_command(m, process, virt == VIRT_UDP ? UDP : FRAMES) == 0)
        broken(m, d, virt, process, DETAIL_CLIENT_UNASKED, 0, 0);
    if (!is_its || !f->is_new)
        broken(m, d, virt, process, DETAIL_CLIENT_NOTHING_CAME, 0, 0);
    else if (since_ps > f->from_ps + LOOKED_AT_PS)
        broken(m, d, virt, process, DETAIL_CLIENT_NOT_YET, 0, 0);
    return is_its && f->is_new;
}

static void frame_told(struct machine *m, struct client_data *d, uint32_t process)
{
    struct account *account = &d->of[process];
    struct told *told = &account->told[UPCALL_FRAME_CAME];
    struct span to = account->buffers[BUFFER_FRAME_IN];
    struct line_frame *f = &d->last;
    uint32_t command = open_command(m, process, FRAMES);
    bool its = f->address == account->frame_address && f->size <= PAYLOAD_MAX;

    if (command == BIND || command == UNBIND) {
        told_add(told, ANYTHING, ANYTHING);
        return;
    }
    if (!is_for(m, d, VIRT_UART, process, f, its))
        return;
    f->is_new = false;
    told_add(told, f->size > to.size ? ERR_SIZE : ERR_NONE, f->size);
    judge_given(m, d, VIRT_UART, process, to, &f->data);
}

static void datagram_told(struct machine *m, struct client_data *d, uint32_t process)
{
    struct account *account = &d->of[process];
    struct told *told = &account->told[UPCALL_DATAGRAM_CAME];
    struct span to = account->buffers[BUFFER_DATAGRAM_IN];
    struct span from = account->buffers[BUFFER_DATAGRAM_FROM];
    struct line_frame *f = &d->last_network;
    uint32_t command = open_command(m, process, UDP);
    bool its = is_datagram(f) && address_hash(f->head + AT_TO) == link_local_hash(2) &&
               get16(f->head + AT_UDP + 2) == account->port && data_size(f) <= DATA_MAX;

    if (command == BIND || command == UNBIND) {
        told_add(told, ANYTHING, ANYTHING);
        return;
    }
    if (!is_for(m, d, VIRT_UDP, process, f, its))
        return;
    f->is_new = false;
    told_add(told, (data_size(f) > to.size ? ERR_SIZE : ERR_NONE) | data_size(f) << 16,
             get16(f->head + AT_UDP));
    if (data_size(f) > to.size)
        return;
    const struct bytes sender = {address_hash(f->head + AT_SOURCE), ADDRESS};
    judge_given(m, d, VIRT_UDP, process, to, &f->data);
    judge_given(m, d, VIRT_UDP, process, from, &sender);
}

void client_line_told(struct machine *m, struct client_data *d, uint32_t process,
                      enum client_upcall upcall)
{
    rule_armed(m, RULE_CLIENT_DATA);
    if (d->lanes[VIRT_UART].lies)
        told_add(&d->of[process].told[upcall], ANYTHING, ANYTHING);
    else if (upcall == UPCALL_READ)
        read_told(m, d, process);
    else if (upcall == UPCALL_FRAME_CAME)
        frame_told(m, d, process);
    else
        datagram_told(m, d, process);
}

/* ---- addresses and ports */

/* What is still going out has that address, or that port. */
static bool goes_out(const struct client_data *d, uint32_t driver, uint32_t name)
{
    const struct line_reader *out = &d->line_out;
    const struct line_frame *f = &out->frame;

    if (!out->inside || out->octets == 0)
        return false;
    if (driver == FRAMES)
        return f->address == name;
    return f->address == HDLC_PPP && f->size > AT_UDP + 1 && get16(f->head + AT_UDP) == name;
}

void client_bound(struct machine *m, struct client_data *d, uint32_t process, uint32_t driver)
{
    uint32_t virt = driver == FRAMES ? VIRT_UART : VIRT_UDP;
    uint32_t name = driver == FRAMES ? d->of[process].frame_address : d->of[process].port;

    rule_armed(m, RULE_CLIENT_DATA);
    for (uint32_t i = 0; i < d->apps; i++)
        if (i != process && (driver == FRAMES ? d->of[i].frame_address : d->of[i].port) == name &&
            open_command(m, i, driver) == 0)
            broken(m, d, virt, process, DETAIL_CLIENT_TWO, i, name);
    if (goes_out(d, driver, name) && !d->lanes[VIRT_UART].is_late)
        broken(m, d, virt, process, DETAIL_CLIENT_TAKEN, 0, name);
}

void client_receives(struct machine *m, struct client_data *d, uint32_t process, uint32_t driver)
{
    struct account *account = &d->of[process];
    bool *waits = driver == FRAMES ? &account->waits_for_frame : &account->waits_for_datagram;

    if (*waits)
        broken(m, d, driver == FRAMES ? VIRT_UART : VIRT_UDP, process, DETAIL_CLIENT_AGAIN, 0, 0);
    *waits = true;
}
