/* test_virt_udp.c: the ports of UDP on a small board, over a UARTE of a page of registers. The host
 * at the other end is sim/net/, which shares no code with the kernel.
 */
#include "model/capsule_state.h"
#include "model/grant.h"
#include "sim/net/hdlc.h"
#include "sim/net/ip.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct hw *const hw = &board.hw;
static struct kernel *const k = &board.k;
static const struct udp_service *const udp = &board.k.services.udp;

/* ---- the line and who is at its other end */

enum { UARTE = 0x40002000, LINE = 2, STARTRX = 0, STARTTX = 8, ENDRX = 4, ENDTX = 8 };
enum { RXD_PTR = 0x534, RXD_AMOUNT = 0x53c, TXD_PTR = 0x544, TXD_MAXCNT = 0x548 };

static struct {
    bool sending, receiving;
    struct hdlc_reader reader;
    uint32_t frames, damaged, aborted, text, strays;
    struct ip_datagram got; /* the last good datagram */
    uint8_t data[HDLC_BODY_MAX];
} host;

static void host_frame(void)
{
    const uint8_t *payload = hdlc_payload(host.reader.body);
    uint32_t size = hdlc_payload_size(host.reader.size);

    host.frames++;
    if (hdlc_address(host.reader.body) != HDLC_PPP)
        return;
    ck_assert_int_eq((int)ip_parse(payload + 2, size - 2, &host.got), IP_GOOD);
    memcpy(host.data, host.got.data, host.got.size);
}

static void host_hears(const uint8_t *octets, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        enum hdlc_news news = hdlc_take(&host.reader, octets[i]);
        host.text += news == HDLC_OUTSIDE;
        host.aborted += news == HDLC_ABORTED;
        host.damaged += news > HDLC_FRAME && news != HDLC_ABORTED;
        if (news == HDLC_FRAME)
            host_frame();
    }
}

static bool uarte_write(struct page *page, uint32_t offset, uint32_t value)
{
    if (page->base != UARTE || offset > STARTTX || value != 1)
        return false;
    if (offset == STARTRX) {
        host.receiving = true;
    } else if (offset == STARTTX) {
        ck_assert(!host.sending);
        host.sending = true;
        host_hears(board_ram(page_read(page, TXD_PTR)), page_read(page, TXD_MAXCNT));
    }
    return true;
}

static void piece_sent(void)
{
    ck_assert(host.sending);
    host.sending = false;
    page_event(board_page_at(UARTE), ENDTX);
    ck_assert(board_settle(20));
}

static void all_sent(void)
{
    ck_assert(board_settle(20));
    for (uint32_t i = 0; i < 200 && host.sending; i++)
        piece_sent();
    ck_assert(!host.sending);
}

static void octet_comes(uint8_t octet)
{
    struct page *page = board_page_at(UARTE);

    ck_assert(host.receiving);
    host.receiving = false;
    *board_ram(page_read(page, RXD_PTR)) = octet;
    page_set(page, RXD_AMOUNT, 1);
    page_event(page, ENDRX);
    ck_assert(board_settle(20));
}

/* The octets of a frame that are still to come. */
static struct {
    uint8_t wire[2 * HDLC_BODY_MAX];
    uint32_t size, next;
} coming;

static void packet_is_coming(const uint8_t *ppp, uint32_t size)
{
    uint8_t body[HDLC_BODY_MAX];
    uint32_t length = hdlc_body(HDLC_PPP, ppp, size, body);

    coming.size = coming.next = 0;
    coming.wire[coming.size++] = HDLC_FLAG;
    for (uint32_t i = 0; i < length; i++)
        coming.size += hdlc_stuffed(body[i], false, coming.wire + coming.size);
    coming.wire[coming.size++] = HDLC_FLAG;
}

static uint32_t packet_for(uint16_t port, uint64_t board_id, const char *text, uint8_t *ppp)
{
    const struct ip_datagram datagram = {.source = ip_link_local(1),
                                         .destination = ip_link_local(board_id),
                                         .source_port = 7,
                                         .destination_port = port,
                                         .hop_limit = 1,
                                         .size = (uint16_t)strlen(text),
                                         .data = (const uint8_t *)text};

    ppp[0] = PPP_IPV6 >> 8;
    ppp[1] = PPP_IPV6 & 0xff;
    return 2 + ip_build(&datagram, ppp + 2, HDLC_BODY_MAX);
}

static void datagram_is_coming(uint16_t port, const char *text)
{
    uint8_t ppp[2 * HDLC_BODY_MAX];

    packet_is_coming(ppp, packet_for(port, 2, text, ppp));
}

/* So many of its octets come; the rest if there are not so many. */
static void come(uint32_t octets)
{
    while (octets-- > 0 && coming.next < coming.size)
        octet_comes(coming.wire[coming.next++]);
}

static void datagram_comes(uint16_t port, const char *text)
{
    datagram_is_coming(port, text);
    come(UINT32_MAX);
}

/* ---- the board and its apps */

static void board_with_udp(uint32_t kernel_clients, uint32_t operations)
{
    board_start();
    board.config.console = (struct driver_place){true, UARTE, LINE};
    board.config.frames = true;
    board.config.kernel_clients[VIRT_UDP].count = (uint8_t)kernel_clients;
    board.config.kernel_clients[VIRT_UDP].operations = (uint16_t)operations;
    board_page(UARTE, LINE);
    memset(&host, 0, sizeof host);
    hdlc_start(&host.reader, HDLC_BODY_MAX);
    board.on_write = uarte_write;
    board_run();
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++)
        for (uint32_t n = 0; n < 2; n++)
            board_subscribe(board_process(i), &udp_driver, n);
}

static void plain_board(void)
{
    board_with_udp(0, 0);
}

enum { EXISTS, BIND, UNBIND, SEND, RECEIVE };

static enum err call(uint32_t p, uint32_t number, uint32_t a, uint32_t b)
{
    struct syscall_return r = board_command(board_process(p), &udp_driver, number, a, b);

    return r.r[0] == RETURN_SUCCESS || r.r[0] == RETURN_SUCCESS_U32 ? ERR_NONE : (enum err)r.r[1];
}

static void succeeds(uint32_t p, uint32_t number, uint32_t a, uint32_t b)
{
    ck_assert_int_eq((int)call(p, number, a, b), ERR_NONE);
}

static uint32_t bound(uint32_t p, uint32_t port)
{
    struct syscall_return r = board_command(board_process(p), &udp_driver, BIND, port, 0);

    ck_assert_uint_eq(r.r[0], RETURN_SUCCESS_U32);
    return r.r[1];
}

static struct span data_of(uint32_t p, const char *text, uint32_t size)
{
    struct span from = board_allow(board_process(p), &udp_driver, ALLOW_RO, 0, 0x100, size);

    strncpy((char *)board_ram(from.base), text, size);
    return from;
}

static struct span room_of(uint32_t p, uint32_t size)
{
    struct span to = board_allow(board_process(p), &udp_driver, ALLOW_RW, 0, 0x200, size);

    memset(board_ram(to.base), '-', size);
    return to;
}

/* An upcall is waiting and is (err, size, port); for `sent` port is 0. */
static void is_told(uint32_t p, uint32_t upcall, enum err err, uint32_t size, uint32_t port)
{
    uint32_t args[3];

    ck_assert(board_upcall(board_process(p), &udp_driver, upcall, args));
    ck_assert_int_eq((int)args[0], (int)err);
    ck_assert_uint_eq(args[1], size);
    ck_assert_uint_eq(args[2], port);
}

static bool hears_nothing(uint32_t p)
{
    uint32_t args[3];

    return !board_upcall(board_process(p), &udp_driver, 0, args) &&
           !board_upcall(board_process(p), &udp_driver, 1, args);
}

static bool is_zero(struct span s)
{
    for (uint32_t i = 0; i < s.size; i++)
        if (*board_ram(s.base + i) != 0)
            return false;
    return true;
}

/* ---- what is refused */

static const struct {
    const char *why;
    uint32_t number, a, b;
    int err;
    bool bound;
} refusals[] = {
    {"exists", EXISTS, 0, 0, ERR_NONE, false},
    {"no such command", 5, 0, 0, ERR_NOSUPPORT, true},
    {"nor that", UINT32_MAX, 0, 0, ERR_NOSUPPORT, false},
    {"no such port", BIND, 0x10000, 0, ERR_INVAL, false},
    {"another's port in more bits", BIND, 0x10000 + 900, 0, ERR_INVAL, false},
    {"another's", BIND, 900, 0, ERR_BUSY, false},
    {"has one", BIND, 901, 0, ERR_ALREADY, true},
    {"has it", BIND, 800, 0, ERR_ALREADY, true},
    {"has one, and any other would do", BIND, 0, 0, ERR_ALREADY, true},
    {"nothing to let go", UNBIND, 0, 0, ERR_RESERVE, false},
    {"as whom", SEND, 4, 7, ERR_RESERVE, false},
    {"as whom, and wrong", SEND, 5000, 0, ERR_RESERVE, false},
    {"for whom", RECEIVE, 0, 0, ERR_RESERVE, false},
    {"more than is allowed", SEND, 11, 7, ERR_SIZE, true},
    {"more than a datagram", SEND, DATAGRAM_DATA_MAX + 1, 7, ERR_SIZE, true},
    {"more than everything", SEND, UINT32_MAX, 7, ERR_SIZE, true},
    {"to port 0", SEND, 4, 0, ERR_INVAL, true},
    {"to a port in more bits", SEND, 4, 0x10007, ERR_INVAL, true},
};

START_TEST(what_is_refused_changes_nothing)
{
    plain_board();
    data_of(0, "0123456789", 10);
    ck_assert_uint_eq(bound(1, 900), 900);
    if (refusals[_i].bound)
        ck_assert_uint_eq(bound(0, 800), 800);
    struct udp_service before = *udp;

    enum err err = call(0, refusals[_i].number, refusals[_i].a, refusals[_i].b);

    ck_assert_msg((int)err == refusals[_i].err, "%s: %d", refusals[_i].why, (int)err);
    ck_assert_mem_eq(&before, udp, sizeof before);
    ck_assert(!host.sending && hears_nothing(0) && hears_nothing(1));
}
END_TEST

START_TEST(without_frames_there_is_no_such_driver)
{
    board_start();
    board.config.console = (struct driver_place){true, UARTE, LINE};
    board_page(UARTE, LINE);
    board_run();

    ck_assert_ptr_null(driver_find(k, 0x30002));
}
END_TEST

/* ---- the table */

START_TEST(seventeenth_client_gets_no_port_until_one_lets_go)
{
    plain_board();
    for (uint32_t client = 0; client < UDP_PORTS; client++) {
        uint32_t port = 1000 + client;
        ck_assert_int_eq((int)udp_bind(k, client, &port), ERR_NONE);
    }
    uint32_t any = 0, own = 1000, other = 5000;
    ck_assert_int_eq((int)udp_bind(k, UDP_PORTS, &other), ERR_NOMEM);
    ck_assert_int_eq((int)udp_bind(k, UDP_PORTS, &any), ERR_NOMEM);
    ck_assert_int_eq((int)udp_bind(k, UDP_PORTS, &own), ERR_BUSY);
    udp_unbind(k, 5);
    ck_assert_int_eq((int)udp_bind(k, UDP_PORTS, &any), ERR_NONE);
    ck_assert_uint_eq(any, UDP_PORT_FREE_FIRST);
    ck_assert_uint_eq(udp_row(k, 1004, 0), 4);
    ck_assert_uint_eq(udp_row(k, 1005, 0), UDP_PORTS);
}
END_TEST

START_TEST(first_who_comes_has_the_port_until_it_lets_go)
{
    plain_board();
    bound(2, 5000);
    ck_assert_int_eq((int)call(0, BIND, 5000, 0), ERR_BUSY);
    succeeds(2, UNBIND, 0, 0);
    ck_assert_int_eq((int)call(2, UNBIND, 0, 0), ERR_RESERVE);
    ck_assert_uint_eq(bound(0, 5000), 5000);
    ck_assert_int_eq((int)call(2, BIND, 5000, 0), ERR_BUSY);
}
END_TEST

START_TEST(search_for_a_free_port_goes_round_and_skips_those_taken)
{
    plain_board();
    k->services.udp.free_next = UINT16_MAX - 1;
    bound(0, UINT16_MAX);
    ck_assert_uint_eq(bound(1, 0), UINT16_MAX - 1);
    k->services.udp.sending = UDP_PORT_FREE_FIRST; /* of one who has let it go */
    ck_assert_uint_eq(bound(2, 0), UDP_PORT_FREE_FIRST + 1);
}
END_TEST

START_TEST(port_that_was_let_go_is_not_the_next_one_to_be_picked)
{
    plain_board();
    for (uint32_t i = 0; i < 100; i++) {
        ck_assert_uint_eq(bound(0, 0), UDP_PORT_FREE_FIRST + i);
        succeeds(0, UNBIND, 0, 0);
    }
}
END_TEST

/* ---- sending */

static void host_has(uint16_t from, uint16_t to, const char *text)
{
    ck_assert_uint_eq(host.got.source_port, from);
    ck_assert_uint_eq(host.got.destination_port, to);
    ck_assert_uint_eq(host.got.size, strlen(text));
    ck_assert_mem_eq(host.data, text, strlen(text));
}

/* Once for each size. */
START_TEST(datagram_goes_out_with_the_senders_port_and_is_told_once)
{
    const struct ip_address board_address = ip_link_local(2), host_address = ip_link_local(1);
    char text[DATAGRAM_DATA_MAX + 1] = "";

    plain_board();
    memset(text, '~', (uint32_t)_i);
    data_of(0, text, DATAGRAM_DATA_MAX);
    bound(0, 5000);
    succeeds(0, SEND, (uint32_t)_i, 7);
    ck_assert_int_eq((int)call(0, SEND, 0, 7), ERR_BUSY);
    ck_assert(hears_nothing(0));
    all_sent();

    host_has(5000, 7, text);
    ck_assert_mem_eq(&host.got.source, &board_address, 16);
    ck_assert_mem_eq(&host.got.destination, &host_address, 16);
    is_told(0, 1, ERR_NONE, (uint32_t)_i, 0);
    ck_assert(hears_nothing(0) && host.frames == 1 && host.damaged == 0);
    ck_assert(is_zero(virt_buffer(k, VIRT_UDP)));
    succeeds(0, SEND, 0, 7);
}
END_TEST

/* 0, 15, 16 bytes and more of an address. */
static const struct {
    uint32_t size;
    int err;
} addresses[] = {{0, ERR_NONE}, {1, ERR_SIZE}, {15, ERR_SIZE}, {16, ERR_NONE}, {17, ERR_NONE}};

static struct span address_of(uint32_t p, uint32_t size)
{
    static const uint8_t third[17] = {0xfe, 0x80, [15] = 3};
    struct span from = board_allow(board_process(p), &udp_driver, ALLOW_RO, 1, 0x280, size);

    memcpy(board_ram(from.base), third, size);
    return from;
}

START_TEST(address_is_whole_or_there_is_none)
{
    const struct ip_address expected = ip_link_local(addresses[_i].size ? 3 : 1);

    plain_board();
    data_of(0, "text", 4);
    address_of(0, addresses[_i].size);
    bound(0, 5000);
    ck_assert_int_eq((int)call(0, SEND, 4, 7), addresses[_i].err);
    if (addresses[_i].err) {
        ck_assert(!host.sending);
        return;
    }
    all_sent();
    host_has(5000, 7, "text");
    ck_assert_mem_eq(&host.got.destination, &expected, 16);
}
END_TEST

/* While `p` waits behind another's datagram something of its own changes; then its turn comes. */
static void wait_behind_another(void)
{
    plain_board();
    data_of(0, "first", 5);
    data_of(1, "second", 6);
    bound(0, 5000);
    bound(1, 5001);
    succeeds(0, SEND, 5, 7);
    succeeds(1, SEND, 6, 8);
}

START_TEST(request_that_was_written_over_is_checked_again)
{
    static const struct {
        uint32_t words[VIRT_WORDS];
        int err;
    } rows[] = {
        {{DATAGRAM_DATA_MAX + 1, 7}, ERR_SIZE},
        {{UINT32_MAX, 7}, ERR_SIZE},
        {{0x10004, 7}, ERR_SIZE},
        {{7, 7}, ERR_SIZE},
        {{6, 0}, ERR_INVAL},
        {{6, 0x10007}, ERR_INVAL},
    };

    wait_behind_another();
    ck_assert_int_eq((int)capsule_state_store(hw, board_process(1), &udp_driver, rows[_i].words, 2),
                     ERR_NONE);
    all_sent();

    ck_assert_uint_eq(host.frames, 1);
    host_has(5000, 7, "first");
    is_told(1, 1, (enum err)rows[_i].err, 0, 0);
    ck_assert(hears_nothing(1));
    succeeds(1, SEND, 6, 8);
    all_sent();
    host_has(5001, 8, "second");
}
END_TEST

/* The buffer has as much, the multiplexer's has not. */
START_TEST(size_that_was_written_over_is_a_datagrams)
{
    const uint32_t words[VIRT_WORDS] = {DATAGRAM_DATA_MAX + 1, 7};

    wait_behind_another();
    board_allow(board_process(1), &udp_driver, ALLOW_RO, 0, 0x100, DATAGRAM_DATA_MAX + 1);
    ck_assert_int_eq((int)capsule_state_store(hw, board_process(1), &udp_driver, words, 2),
                     ERR_NONE);
    all_sent();

    ck_assert_uint_eq(host.frames, 1);
    is_told(1, 1, ERR_SIZE, 0, 0);
}
END_TEST

/* All words that a process's grant has, whatever stands there: the port is the table's. */
START_TEST(request_that_was_written_over_says_not_who_sends)
{
    uint32_t words[VIRT_WORDS] = {6, 9, 5000, 5000, 5000, 5000};

    wait_behind_another();
    ck_assert_int_eq((int)capsule_state_store(hw, board_process(1), &udp_driver, words, VIRT_WORDS),
                     ERR_NONE);
    all_sent();

    ck_assert_uint_eq(host.frames, 2);
    host_has(5001, 9, "second");
}
END_TEST

START_TEST(what_is_sent_is_as_it_stands_at_its_turn)
{
    wait_behind_another();
    data_of(1, "SECOND", 6);
    data_of(0, "FIRST", 5);
    all_sent();

    ck_assert_uint_eq(host.frames, 2);
    host_has(5001, 8, "SECOND");
}
END_TEST

/* The data has shrunk; the address has. */
START_TEST(buffers_that_shrank_are_told_at_their_turn)
{
    wait_behind_another();
    if (_i == 0)
        data_of(1, "secon", 5);
    else
        address_of(1, 15);
    all_sent();

    is_told(1, 1, ERR_SIZE, 0, 0);
    ck_assert(host.frames == 1 && host.damaged == 0 && hears_nothing(1));
}
END_TEST

/* In each piece: what is under way stands in the kernel's RAM already. */
START_TEST(buffer_swapped_under_way_changes_nothing_that_goes_out)
{
    plain_board();
    data_of(0, "a datagram of so many octets that it takes several pieces", 57);
    bound(0, 5000);
    succeeds(0, SEND, 57, 7);
    for (int i = 0; i < _i; i++)
        piece_sent();
    data_of(0, "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", 57);
    data_of(0, "", 1);
    all_sent();

    host_has(5000, 7, "a datagram of so many octets that it takes several pieces");
    is_told(0, 1, ERR_NONE, 57, 0);
}
END_TEST

START_TEST(waiting_sender_that_lets_its_port_go_sends_nothing)
{
    wait_behind_another();
    succeeds(1, UNBIND, 0, 0);
    bound(2, 5001);
    all_sent();

    ck_assert_uint_eq(host.frames, 1);
    is_told(1, 1, ERR_RESERVE, 0, 0);
}
END_TEST

START_TEST(port_is_nobodys_as_long_as_a_datagram_from_it_is_under_way)
{
    plain_board();
    data_of(0, "old", 3);
    bound(0, 5000);
    succeeds(0, SEND, 3, 7);
    succeeds(0, UNBIND, 0, 0);
    do {
        ck_assert_int_eq((int)call(1, BIND, 5000, 0), ERR_BUSY);
        ck_assert_int_eq((int)call(0, BIND, 5000, 0), ERR_BUSY);
        piece_sent();
    } while (host.sending);

    host_has(5000, 7, "old");
    is_told(0, 1, ERR_NONE, 3, 0);
    ck_assert_uint_eq(bound(1, 5000), 5000);
}
END_TEST

/* ---- death */

/* In each piece of its datagram. The last one is on its way whole; of others no good frame comes,
 * and who waits is served, and an heir, too. */
START_TEST(datagram_of_a_dead_sender_is_aborted_and_the_next_one_goes)
{
    char text[101];

    plain_board();
    memset(text, 'x', sizeof text);
    data_of(0, text, 100);
    data_of(1, "next", 4);
    bound(0, 5000);
    bound(1, 5001);
    succeeds(0, SEND, 100, 7);
    succeeds(1, SEND, 4, 7);
    for (int i = 0; i < _i; i++)
        piece_sent();
    kernel_end_process(k, hw, 0, END_FAULT);
    ck_assert_int_eq((int)call(2, BIND, 5000, 0), ERR_BUSY);
    all_sent();

    bool whole = _i == 6; /* 152 octets in pieces of 24 */
    ck_assert_uint_eq(host.aborted, !whole);
    ck_assert_uint_eq(host.frames, whole ? 2 : 1);
    ck_assert_uint_eq(host.damaged, 0);
    host_has(5001, 7, "next");
    ck_assert(is_zero(virt_buffer(k, VIRT_UDP)));
    bound(2, 5000);
    ck_assert(hears_nothing(0) && hears_nothing(2));
}
END_TEST

/* Its datagram waits for the line, behind what another writes there; or for its turn. */
START_TEST(waiting_datagram_of_a_dead_sender_is_never_seen)
{
    plain_board();
    board_subscribe(board_process(2), &frames_driver, 1);
    struct span from = board_allow(board_process(2), &frames_driver, ALLOW_RO, 0, 0x180, 100);
    ck_assert_uint_eq(from.size, 100);
    ck_assert_uint_eq(board_command(board_process(2), &frames_driver, 1, 9, 0).r[0], 0x80);
    ck_assert_uint_eq(board_command(board_process(2), &frames_driver, 4, 100, 0).r[0], 0x80);
    data_of(0, "dead", 4);
    data_of(1, "alive", 5);
    bound(0, 5000);
    bound(1, 5001);
    if (_i == 0)
        succeeds(0, SEND, 4, 7);
    succeeds(1, SEND, 5, 7);
    if (_i == 1)
        succeeds(0, SEND, 4, 7);
    kernel_end_process(k, hw, 0, END_FAULT);
    all_sent();

    ck_assert_uint_eq(host.frames, 2);
    ck_assert_uint_eq(host.aborted + host.damaged, 0);
    host_has(5001, 7, "alive");
    is_told(1, 1, ERR_NONE, 5, 0);
    ck_assert(is_zero(virt_buffer(k, VIRT_UDP)));
}
END_TEST

START_TEST(heir_has_neither_port_nor_wait_nor_callback)
{
    plain_board();
    room_of(0, 16);
    data_of(0, "text", 4);
    bound(0, 5000);
    succeeds(0, RECEIVE, 0, 0);
    succeeds(0, SEND, 4, 7);
    while (host.sending && _i == 0)
        piece_sent(); /* its callback is queued */
    kernel_end_process(k, hw, 0, END_FAULT);
    all_sent();
    board_subscribe(board_process(0), &udp_driver, 0);
    board_subscribe(board_process(0), &udp_driver, 1);
    room_of(0, 16);

    ck_assert_int_eq((int)call(0, RECEIVE, 0, 0), ERR_RESERVE);
    bound(0, 5000);
    datagram_comes(5000, "for the dead");
    ck_assert_uint_eq(udp->fates[UDP_UNAWAITED], 1);
    ck_assert(hears_nothing(0));
}
END_TEST

/* ---- receiving */

START_TEST(datagram_comes_to_whose_port_it_is_and_to_nobody_else)
{
    plain_board();
    for (uint32_t p = 0; p < BOARD_PROCESSES; p++) {
        room_of(p, 32);
        bound(p, 5000 + p);
        succeeds(p, RECEIVE, 0, 0);
        ck_assert_int_eq((int)call(p, RECEIVE, 0, 0), ERR_BUSY);
    }
    datagram_comes(5001, "for the one");

    is_told(1, 0, ERR_NONE, 11, 7);
    struct span one = board_allow(board_process(1), &udp_driver, ALLOW_RW, 0, 0x200, 32);
    ck_assert_mem_eq(board_ram(one.base), "for the one-----", 16);
    ck_assert(hears_nothing(0) && hears_nothing(1) && hears_nothing(2));
    struct span other = board_allow(board_process(2), &udp_driver, ALLOW_RW, 0, 0x200, 32);
    ck_assert_mem_eq(board_ram(other.base), "--------", 8);
    ck_assert(is_zero((struct span){KERNEL_RAM + FRAME_RAM_OFFSET, FRAME_RAM_SIZE}));
    ck_assert_uint_eq(udp->fates[UDP_GIVEN], 1);
}
END_TEST

/* How much room there is for the sender's address: it is given whole or not at all. */
START_TEST(senders_address_is_given_where_there_is_room)
{
    const struct ip_address sender = ip_link_local(1);
    uint8_t nothing[16];

    plain_board();
    memset(nothing, '-', sizeof nothing);
    room_of(0, 16);
    struct span to =
        board_allow(board_process(0), &udp_driver, ALLOW_RW, 1, 0x240, 15 + (uint32_t)_i);
    memset(board_ram(to.base), '-', 17);
    bound(0, 5000);
    succeeds(0, RECEIVE, 0, 0);
    datagram_comes(5000, "x");

    is_told(0, 0, ERR_NONE, 1, 7);
    ck_assert_mem_eq(board_ram(to.base), _i == 0 ? nothing : sender.octets, 16);
    ck_assert_uint_eq(*board_ram(to.base + 16), '-');
}
END_TEST

START_TEST(short_buffer_gets_nothing_and_is_told_how_much_there_was)
{
    plain_board();
    room_of(0, 16);
    bound(0, 5000);
    succeeds(0, RECEIVE, 0, 0);
    struct span to = room_of(0, (uint32_t)_i);
    datagram_comes(5000, "four");

    is_told(0, 0, _i < 4 ? ERR_SIZE : ERR_NONE, 4, 7);
    if (_i < 4)
        ck_assert_mem_eq(board_ram(to.base), "----", (size_t)_i);
    ck_assert_uint_eq(udp->fates[_i < 4 ? UDP_TOO_LARGE : UDP_GIVEN], 1);
    room_of(0, 16);
    succeeds(0, RECEIVE, 0, 0);
    datagram_comes(5000, "again");
    is_told(0, 0, ERR_NONE, 5, 7);
}
END_TEST

START_TEST(empty_datagram_is_one)
{
    plain_board();
    bound(0, 5000);
    succeeds(0, RECEIVE, 0, 0);
    datagram_comes(5000, "");

    is_told(0, 0, ERR_NONE, 0, 7);
}
END_TEST

/* What is not given, and why; the one who waits does so still. */
START_TEST(what_is_not_for_it_leaves_a_client_waiting)
{
    static const struct {
        uint16_t port;
        uint64_t board_id;
        int fate;
    } rows[] = {{5001, 2, UDP_NOBODYS},
                {0, 2, UDP_NOBODYS},
                {49152, 2, UDP_NOBODYS},
                {5000, 3, UDP_STRAY},
                {900, 2, UDP_UNAWAITED}};
    uint8_t ppp[2 * HDLC_BODY_MAX];

    plain_board();
    room_of(0, 16);
    bound(0, 5000);
    bound(1, 900);
    succeeds(0, RECEIVE, 0, 0);
    packet_is_coming(ppp, packet_for(rows[_i].port, rows[_i].board_id, "not it", ppp));
    come(UINT32_MAX);

    ck_assert_uint_eq(udp->fates[rows[_i].fate], 1);
    ck_assert(hears_nothing(0) && hears_nothing(1));
    datagram_comes(5000, "it");
    is_told(0, 0, ERR_NONE, 2, 7);
}
END_TEST

/* Each octet of a datagram spoilt, in a frame whose FCS is right. */
START_TEST(damaged_packet_is_dropped_and_the_next_one_comes)
{
    uint8_t ppp[2 * HDLC_BODY_MAX];

    plain_board();
    struct span to = room_of(0, 16);
    bound(0, 5000);
    succeeds(0, RECEIVE, 0, 0);
    uint32_t size = packet_for(5000, 2, "text", ppp);
    ck_assert_uint_eq(size, 54);
    ppp[_i] ^= 0xff;
    packet_is_coming(ppp, size);
    come(UINT32_MAX);

    bool matters = _i < 3 || (_i > 5 && _i != 9); /* class, label, hop limit do not */
    bool version = _i == 2;                       /* its low half is of the class */
    ck_assert_uint_eq(udp->fates[UDP_BAD], matters || version);
    if (matters)
        ck_assert_mem_eq(board_ram(to.base), "----", 4);
    else
        succeeds(0, RECEIVE, 0, 0);
    while (!hears_nothing(0)) {
    }
    datagram_comes(5000, "good");
    is_told(0, 0, ERR_NONE, 4, 7);
}
END_TEST

/* PPP frames of few octets; and one that is longer than any datagram here. */
static void frame_of_any_size_is_no_harm_at(int _i)
{
    uint8_t ppp[FRAME_PAYLOAD_MAX] = {0, 0x57, 0x60};

    plain_board();
    packet_is_coming(ppp, (uint32_t)_i);
    come(UINT32_MAX);

    ck_assert_uint_eq(udp->fates[UDP_BAD], 1);
}

/* Several to a process: forks cost more than they. */
START_TEST(frame_of_any_size_is_no_harm)
{
    for (int i = _i; i < FRAME_PAYLOAD_MAX + 1; i += 16)
        frame_of_any_size_is_no_harm_at(i);
}
END_TEST

/* ---- a port that changes hands while a datagram comes */

/* After `_i` octets of it: let go or dead, and another's; or its own again. */
static void port_changes_hands(uint32_t octets, bool dies, uint32_t heir)
{
    plain_board();
    room_of(0, 32);
    bound(0, 5000);
    succeeds(0, RECEIVE, 0, 0);
    datagram_is_coming(5000, "a secret");
    come(octets);
    if (dies)
        kernel_end_process(k, hw, 0, END_FAULT);
    else
        succeeds(0, UNBIND, 0, 0);
    if (dies && heir == 0)
        for (uint32_t n = 0; n < 2; n++)
            board_subscribe(board_process(0), &udp_driver, n);
    struct span to = room_of(heir, 32);
    bound(heir, 5000);
    succeeds(heir, RECEIVE, 0, 0);
    come(UINT32_MAX);

    ck_assert_uint_eq(udp->fates[UDP_NOBODYS], 1);
    ck_assert(hears_nothing(heir));
    ck_assert_mem_eq(board_ram(to.base), "--------", 8);
    datagram_comes(5000, "heir");
    is_told(heir, 0, ERR_NONE, 4, 7);
}

/* From the address on, until before the last flag. */
enum { FIRST_OCTET = 2, LAST_OCTET = 64 };

static void datagram_under_way_is_not_the_next_owners_at(int _i)
{
    port_changes_hands((uint32_t)_i, false, 1);
}

/* Several to a process: forks cost more than they. */
START_TEST(datagram_under_way_is_not_the_next_owners)
{
    for (int i = _i; i < LAST_OCTET; i += 8)
        datagram_under_way_is_not_the_next_owners_at(i);
}
END_TEST

static void datagram_under_way_is_not_a_dead_ones_successors_at(int _i)
{
    port_changes_hands((uint32_t)_i, true, 1);
}

/* Several to a process: forks cost more than they. */
START_TEST(datagram_under_way_is_not_a_dead_ones_successors)
{
    for (int i = _i; i < LAST_OCTET; i += 8)
        datagram_under_way_is_not_a_dead_ones_successors_at(i);
}
END_TEST

static void datagram_under_way_is_not_the_next_lifes_at(int _i)
{
    port_changes_hands((uint32_t)_i, true, 0);
}

/* Several to a process: forks cost more than they. */
START_TEST(datagram_under_way_is_not_the_next_lifes)
{
    for (int i = _i; i < LAST_OCTET; i += 8)
        datagram_under_way_is_not_the_next_lifes_at(i);
}
END_TEST

/* The mark of the change is of that frame alone, even if it comes to nothing. */
START_TEST(frame_that_was_bad_costs_the_new_owner_nothing)
{
    plain_board();
    datagram_is_coming(5000, "spoilt");
    coming.wire[coming.size - 2] ^= 1;
    come(30);
    room_of(1, 16);
    bound(1, 5000);
    succeeds(1, RECEIVE, 0, 0);
    come(UINT32_MAX);
    octet_comes(HDLC_FLAG);
    datagram_comes(5000, "good");

    is_told(1, 0, ERR_NONE, 4, 7);
}
END_TEST

/* ---- components of the kernel */

START_TEST(components_have_their_ports_before_any_app)
{
    board_with_udp(2, 1);
    ck_assert_int_eq((int)call(0, BIND, UDP_PORT_KERNEL, 0), ERR_BUSY);
    ck_assert_int_eq((int)call(0, BIND, UDP_PORT_KERNEL + 1, 0), ERR_BUSY);
    ck_assert_uint_eq(bound(0, UDP_PORT_KERNEL + 2), UDP_PORT_KERNEL + 2);
    all_sent();
    ck_assert_uint_eq(host.frames, 2);
    host_has(UDP_PORT_KERNEL + 1, 7, "kernel 1");
}
END_TEST

START_TEST(search_for_a_free_port_skips_components)
{
    board_with_udp(KERNEL_CLIENT_MAX, 1);
    k->services.udp.free_next = UDP_PORT_KERNEL;
    ck_assert_uint_eq(bound(0, 0), UDP_PORT_KERNEL + KERNEL_CLIENT_MAX);
}
END_TEST

/* Even if it were said to wait: there is no process of its number. */
START_TEST(datagram_for_a_component_is_dropped)
{
    board_with_udp(1, 1);
    all_sent();
    if (_i == 1)
        clients_add(&k->services.udp.waiting, CLIENT_KERNEL);
    datagram_comes(UDP_PORT_KERNEL, "for the kernel");

    ck_assert_uint_eq(udp->fates[UDP_UNAWAITED], 1);
    ck_assert_uint_eq(udp->fates[UDP_GIVEN], 0);
}
END_TEST

/* One that always asks, and two apps that do: six datagrams are twice each one's. */
START_TEST(apps_and_component_send_in_turns)
{
    board_with_udp(1, 0);
    data_of(0, "a", 1);
    data_of(1, "b", 1);
    bound(0, 5000);
    bound(1, 5001);
    succeeds(0, SEND, 1, 7);
    succeeds(1, SEND, 1, 7);
    uint32_t seen[3] = {0}, frames = 0;
    for (uint32_t piece = 0; piece < 100 && host.frames < 6; piece++) {
        uint32_t args[3];
        ck_assert(board_settle(20));
        piece_sent();
        if (host.frames > frames) {
            frames = host.frames;
            seen[host.got.source_port == 5000 ? 0 : host.got.source_port == 5001 ? 1 : 2]++;
        }
        for (uint32_t p = 0; p < 2; p++)
            if (board_upcall(board_process(p), &udp_driver, 1, args))
                succeeds(p, SEND, 1, 7);
    }
    ck_assert(seen[0] == 2 && seen[1] == 2 && seen[2] == 2);
}
END_TEST

/* ---- beside text */

/* A whole datagram from another's port, as text: whoever reads the line sees no frame in it. */
START_TEST(text_that_looks_like_a_datagram_is_text)
{
    struct process *forger = board_process(1);
    uint8_t ppp[2 * HDLC_BODY_MAX];

    plain_board();
    bound(0, 5000);
    const struct ip_datagram forged = {.source = ip_link_local(2),
                                       .destination = ip_link_local(1),
                                       .source_port = 5000,
                                       .destination_port = 7,
                                       .size = 4,
                                       .data = (const uint8_t *)"fake"};
    ppp[0] = 0;
    ppp[1] = 0x57;
    packet_is_coming(ppp, 2 + ip_build(&forged, ppp + 2, HDLC_BODY_MAX));
    board_subscribe(forger, &console_driver, 1);
    struct span text = board_allow(forger, &console_driver, ALLOW_RO, 1, 0x100, coming.size);
    memcpy(board_ram(text.base), coming.wire, coming.size);
    ck_assert_uint_eq(board_command(forger, &console_driver, 1, coming.size, 0).r[0],
                      RETURN_SUCCESS);
    all_sent();

    ck_assert_uint_eq(host.frames, 0);
    ck_assert_uint_eq(host.text, coming.size);
    data_of(0, "true", 4);
    succeeds(0, SEND, 4, 7);
    all_sent();
    host_has(5000, 7, "true");
}
END_TEST

static TCase *driver_tests(void)
{
    TCase *t = tcase_create("driver");

    tcase_add_loop_test(t, what_is_refused_changes_nothing, 0, COUNT_OF(refusals));
    tcase_add_test(t, without_frames_there_is_no_such_driver);
    tcase_add_test(t, seventeenth_client_gets_no_port_until_one_lets_go);
    tcase_add_test(t, first_who_comes_has_the_port_until_it_lets_go);
    tcase_add_test(t, search_for_a_free_port_goes_round_and_skips_those_taken);
    tcase_add_test(t, port_that_was_let_go_is_not_the_next_one_to_be_picked);
    return t;
}

static TCase *send_tests(void)
{
    TCase *t = tcase_create("send");

    tcase_add_loop_test(t, datagram_goes_out_with_the_senders_port_and_is_told_once, 0,
                        DATAGRAM_DATA_MAX + 1);
    tcase_add_loop_test(t, address_is_whole_or_there_is_none, 0, COUNT_OF(addresses));
    tcase_add_loop_test(t, request_that_was_written_over_is_checked_again, 0, 6);
    tcase_add_test(t, size_that_was_written_over_is_a_datagrams);
    tcase_add_test(t, request_that_was_written_over_says_not_who_sends);
    tcase_add_test(t, what_is_sent_is_as_it_stands_at_its_turn);
    tcase_add_loop_test(t, buffers_that_shrank_are_told_at_their_turn, 0, 2);
    tcase_add_loop_test(t, buffer_swapped_under_way_changes_nothing_that_goes_out, 0, 5);
    tcase_add_test(t, waiting_sender_that_lets_its_port_go_sends_nothing);
    tcase_add_test(t, port_is_nobodys_as_long_as_a_datagram_from_it_is_under_way);
    tcase_add_loop_test(t, datagram_of_a_dead_sender_is_aborted_and_the_next_one_goes, 0, 7);
    tcase_add_loop_test(t, waiting_datagram_of_a_dead_sender_is_never_seen, 0, 2);
    tcase_add_loop_test(t, heir_has_neither_port_nor_wait_nor_callback, 0, 2);
    tcase_add_test(t, text_that_looks_like_a_datagram_is_text);
    return t;
}

static TCase *receive_tests(void)
{
    TCase *t = tcase_create("receive");

    tcase_add_test(t, datagram_comes_to_whose_port_it_is_and_to_nobody_else);
    tcase_add_loop_test(t, senders_address_is_given_where_there_is_room, 0, 3);
    tcase_add_loop_test(t, short_buffer_gets_nothing_and_is_told_how_much_there_was, 0, 6);
    tcase_add_test(t, empty_datagram_is_one);
    tcase_add_loop_test(t, what_is_not_for_it_leaves_a_client_waiting, 0, 5);
    tcase_add_loop_test(t, damaged_packet_is_dropped_and_the_next_one_comes, 0, 54);
    tcase_add_loop_test(t, frame_of_any_size_is_no_harm, 0, 16);
    tcase_add_loop_test(t, datagram_under_way_is_not_the_next_owners, FIRST_OCTET, FIRST_OCTET + 8);
    tcase_add_loop_test(t, datagram_under_way_is_not_a_dead_ones_successors, FIRST_OCTET,
                        FIRST_OCTET + 8);
    tcase_add_loop_test(t, datagram_under_way_is_not_the_next_lifes, FIRST_OCTET, FIRST_OCTET + 8);
    tcase_add_test(t, frame_that_was_bad_costs_the_new_owner_nothing);
    return t;
}

static TCase *kernel_tests(void)
{
    TCase *t = tcase_create("kernel");

    tcase_add_test(t, components_have_their_ports_before_any_app);
    tcase_add_test(t, search_for_a_free_port_skips_components);
    tcase_add_loop_test(t, datagram_for_a_component_is_dropped, 0, 2);
    tcase_add_test(t, apps_and_component_send_in_turns);
    return t;
}

int main(void)
{
    Suite *s = suite_create("virt_udp");

    suite_add_tcase(s, driver_tests());
    suite_add_tcase(s, send_tests());
    suite_add_tcase(s, receive_tests());
    suite_add_tcase(s, kernel_tests());
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
