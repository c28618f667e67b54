/* test_virt_uart.c: frames as octets, held against sim/net/hdlc.h, which shares no code with them;
 * and the UART's multiplexer over a UARTE of a page of registers, with a network above it that
 * writes down what it hears.
 */
#include "model/capsule_state.h"
#include "model/framing.h"
#include "model/grant.h"
#include "sim/net/hdlc.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* ---- frames */

/* The whole frame on the wire; its size. */
static uint32_t framed(uint8_t address, const uint8_t *payload, uint32_t size, uint8_t *wire)
{
    uint16_t fcs;
    uint32_t written = framing_open(address, &fcs, wire);

    written += framing_put(payload, size, &fcs, wire + written);
    return written + framing_close(fcs, wire + written);
}

/* What the reader says last, and the octets of the body that it has told of. */
static enum framing_event read_all(struct framing_reader *reader, const uint8_t *wire,
                                   uint32_t size, uint8_t *body)
{
    enum framing_event event = FRAMING_NOTHING;

    for (uint32_t i = 0; i < size; i++) {
        event = framing_take(reader, wire[i]);
        if (event == FRAMING_OCTET)
            body[reader->size - 1] = reader->octet;
    }
    return event;
}

START_TEST(check_sequence_is_that_of_the_catalogue)
{
    uint16_t fcs = FRAMING_FCS_START;

    for (const char *c = "123456789"; *c; c++)
        fcs = framing_fcs_step(fcs, (uint8_t)*c);

    ck_assert_uint_eq((uint16_t)~fcs, 0x906e); /* CRC-16/IBM-SDLC: "check" */
}
END_TEST

enum { ROUNDS = 256, PAYLOAD = 300 };

static void payload_fill(uint8_t *payload, uint32_t round)
{
    for (uint32_t i = 0; i < PAYLOAD; i++)
        payload[i] = (uint8_t)(i * (round | 1) + round);
    payload[0] = (uint8_t)round;
}

/* Once for each octet. */
static void what_is_sent_is_what_another_reader_takes_at(int _i)
{
    static struct hdlc_reader reader;
    uint8_t payload[PAYLOAD], wire[2 * PAYLOAD + 20];
    uint32_t size = (uint32_t)_i % PAYLOAD + 1;
    enum hdlc_news news = HDLC_NOTHING;

    payload_fill(payload, (uint32_t)_i);
    uint32_t sent = framed((uint8_t)_i, payload, size, wire);
    hdlc_start(&reader, HDLC_BODY_MAX);
    for (uint32_t i = 0; i < sent; i++)
        news = hdlc_take(&reader, wire[i]);

    ck_assert_int_eq((int)news, HDLC_FRAME);
    ck_assert_uint_eq(hdlc_address(reader.body), (uint32_t)_i);
    ck_assert_uint_eq(hdlc_payload_size(reader.size), size);
    ck_assert_mem_eq(hdlc_payload(reader.body), payload, size);
}

/* Several to a process: forks cost more than they. */
START_TEST(what_is_sent_is_what_another_reader_takes)
{
    for (int i = _i; i < ROUNDS; i += 16)
        what_is_sent_is_what_another_reader_takes_at(i);
}
END_TEST

static void what_another_sends_is_taken_at(int _i)
{
    uint8_t payload[PAYLOAD], body[HDLC_BODY_MAX], wire[2 * HDLC_BODY_MAX], got[HDLC_BODY_MAX];
    uint32_t size = (uint32_t)_i % PAYLOAD, sent = 1;
    struct framing_reader reader;

    payload_fill(payload, (uint32_t)_i);
    uint32_t length = hdlc_body((uint8_t)_i, payload, size, body);
    wire[0] = HDLC_FLAG;
    for (uint32_t i = 0; i < length; i++)
        sent += hdlc_stuffed(body[i], _i % 2, wire + sent);
    wire[sent++] = HDLC_FLAG;
    framing_start(&reader, PAYLOAD + FRAMING_BODY_MIN);

    ck_assert_int_eq((int)read_all(&reader, wire, sent, got), FRAMING_GOOD);
    ck_assert_uint_eq(reader.size, length);
    ck_assert_mem_eq(got, body, length);
    ck_assert_int_eq((int)framing_take(&reader, 'x'), FRAMING_OUTSIDE);
}

/* Several to a process: forks cost more than they. */
START_TEST(what_another_sends_is_taken)
{
    for (int i = _i; i < ROUNDS; i += 16)
        what_another_sends_is_taken_at(i);
}
END_TEST

/* Each bit of a frame, spoilt. Where that makes it two frames, neither is good. */
START_TEST(no_frame_with_one_wrong_bit_is_good)
{
    const uint8_t payload[] = {'a', 0x7e, 0x7d, 0, 0xff};
    uint8_t wire[40], got[40];
    struct framing_reader reader;
    uint32_t sent = framed(3, payload, sizeof payload, wire);

    for (uint32_t bit = 8; bit < 8 * (sent - 1); bit++) {
        wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
        framing_start(&reader, 40);
        for (uint32_t i = 0; i < sent; i++)
            ck_assert_int_ne((int)read_all(&reader, wire + i, 1, got), FRAMING_GOOD);
        wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

#define F "\x7e"
static const struct {
    const char *why, *wire;
    uint32_t size;
    int event; /* of the last octet */
} damages[] = {
    {"outside", "a", 1, FRAMING_OUTSIDE},
    {"an escape outside is one octet", "\x7d", 1, FRAMING_OUTSIDE},
    {"flags only", F F F, 3, FRAMING_NOTHING},
    {"an escape behind an escape", F "\x7d\x7d", 3, FRAMING_OCTET},
    {"short", F "\x03\x03\x01" F, 5, FRAMING_SHORT},
    {"one octet", F "\x03" F, 3, FRAMING_SHORT},
    {"aborted", F "\x03\x03 abc\x7d" F, 9, FRAMING_ABORTED},
    {"aborted at once", F "\x7d" F, 3, FRAMING_ABORTED},
    {"bad", F "\x03\x03 ab" F, 7, FRAMING_BAD_FCS},
    {"after a bad one it is inside", F "\x03\x03 ab" F "c", 8, FRAMING_OCTET},
    {"long", F "\x03\x03 abcdefgh" F, 13, FRAMING_LONG},
    {"beyond what is taken", F "\x03\x03 abcdefgh", 12, FRAMING_NOTHING},
    {"good, control 2", F "\x03\x02\x3d\x06" F, 6, FRAMING_BAD_CONTROL},
};

START_TEST(what_is_no_frame_has_a_name)
{
    uint8_t got[16];
    struct framing_reader reader;

    framing_start(&reader, 8);
    enum framing_event event =
        read_all(&reader, (const uint8_t *)damages[_i].wire, damages[_i].size, got);

    ck_assert_msg((int)event == damages[_i].event, "%s: %d", damages[_i].why, (int)event);
}
END_TEST

/* ---- frames of which octets are lost
 *
 * A line in letters: F a flag, A a body that is good, t text, X text that looks like a good body,
 * Z the octet before the flag of an abort, L some octets are lost. What the reader says of it: t
 * an octet outside, g a good frame, s a short one, a an aborted one, l one that was lost. */

static const struct {
    const char *why, *line, *says;
} losses[] = {
    {"the first flag", "tLAFFAFt", "tgt"},
    {"in a frame", "FALAFFAFt", "lgt"},
    {"a flag on each side", "FALAFttFAFt", "lsgt"},
    {"in text", "tLtFAFtFAFt", "tgsgt"},
    {"in nothing", "LFAFFAFt", "ggt"},
    {"right behind a flag", "FLAFFAFt", "gt"},
    {"twice", "FALALFFAFt", "lgt"},
    {"and again in doubt", "FALFALFFAFt", "llgt"},
    {"text like a frame, in doubt", "FALAFXFAFtFAFt", "lggsgt"},
    {"text like an abort, in doubt", "FALAFtZFAFtFAFt", "lagsgt"},
    {"to be heard at once", "LtFFAFt", "gt"},
};

/* A good body, as octets between flags; its size. */
static uint32_t body_of(uint8_t address, uint8_t *body)
{
    uint8_t wire[40];
    uint32_t size = framed(address, (const uint8_t *)"body", 4, wire) - 2;

    memcpy(body, wire + 1, size);
    return size;
}

static uint32_t octets_of(char letter, uint8_t *octets)
{
    static const char letters[] = "FtZ";
    static const uint8_t singles[] = {FRAMING_FLAG, 't', FRAMING_ESCAPE};
    const char *single = strchr(letters, letter);

    if (!single)
        return body_of((uint8_t)letter, octets);
    octets[0] = singles[single - letters];
    return 1;
}

static void say(enum framing_event event, char *said)
{
    static const char words[FRAMING_EVENTS] = {
        [FRAMING_OUTSIDE] = 't',     [FRAMING_GOOD] = 'g',    [FRAMING_BAD_FCS] = 'b',
        [FRAMING_BAD_CONTROL] = 'c', [FRAMING_ABORTED] = 'a', [FRAMING_SHORT] = 's',
        [FRAMING_LONG] = 'o',        [FRAMING_LOST] = 'l'};

    if (words[event])
        strncat(said, &words[event], 1);
}

START_TEST(what_may_be_of_a_frame_is_never_outside)
{
    struct framing_reader reader;
    char said[64] = "";

    framing_start(&reader, 20);
    for (const char *letter = losses[_i].line; *letter; letter++) {
        uint8_t octets[40];
        if (*letter == 'L') {
            say(framing_lose(&reader), said);
            continue;
        }
        uint32_t size = octets_of(*letter, octets);
        for (uint32_t i = 0; i < size; i++)
            say(framing_take(&reader, octets[i]), said);
    }

    ck_assert_msg(strcmp(said, losses[_i].says) == 0, "%s: %s", losses[_i].why, said);
}
END_TEST

/* From one state on, behind a flag or not: so much more is no frame. */
START_TEST(a_line_without_flags_is_text_again_behind_more_than_any_frame)
{
    bool flag = _i == 1;
    struct framing_reader reader;

    framing_start(&reader, 20);
    framing_lose(&reader);
    for (uint32_t i = 0; i < FRAMING_WIRE_MAX; i++)
        ck_assert_int_ne((int)framing_take(&reader, 't'), FRAMING_OUTSIDE);
    framing_lose(&reader);
    if (flag)
        ck_assert_int_eq((int)framing_take(&reader, FRAMING_FLAG), FRAMING_NOTHING);
    for (uint32_t i = 0; i < FRAMING_WIRE_MAX; i++)
        ck_assert_int_ne((int)framing_take(&reader, 't'), FRAMING_OUTSIDE);

    ck_assert_int_eq((int)framing_take(&reader, 't'), flag ? FRAMING_LONG : FRAMING_NOTHING);
    ck_assert_int_eq((int)framing_take(&reader, 't'), FRAMING_OUTSIDE);
    ck_assert_int_eq((int)framing_take(&reader, FRAMING_FLAG), FRAMING_NOTHING);
}
END_TEST

/* Without a loss told, a body that is too long stays one, however long it is. */
START_TEST(a_frame_that_never_ends_is_no_text)
{
    struct framing_reader reader;

    framing_start(&reader, 20);
    framing_take(&reader, FRAMING_FLAG);
    for (uint32_t i = 0; i < 3 * FRAMING_WIRE_MAX; i++)
        ck_assert_int_ne((int)framing_take(&reader, 't'), FRAMING_OUTSIDE);
    ck_assert_int_eq((int)framing_take(&reader, FRAMING_FLAG), FRAMING_LONG);
}
END_TEST

/* Frames and texts by chance, some of these like frames; losses by chance, of any octets. */
static uint32_t chance(uint32_t *state, uint32_t n)
{
    *state = *state * 1664525 + 1013904223;
    return (*state >> 16) % n;
}

START_TEST(whatever_is_lost_no_octet_of_a_frame_is_outside)
{
    static const char *const parts[] = {"FAF", "FBF", "FCF", "tttt", "X", "t"};
    uint32_t state = (uint32_t)_i, goods = 0, texts = 0, lost = 0;
    struct framing_reader reader;

    framing_start(&reader, 20);
    for (uint32_t n = 0; n < 4000; n++) {
        const char *part = parts[chance(&state, COUNT_OF(parts))];
        for (const char *letter = part; *letter; letter++) {
            uint8_t octets[40];
            uint32_t size = octets_of(*letter, octets);
            for (uint32_t i = 0; i < size; i++) {
                if (lost == 0 && chance(&state, 60) == 0) {
                    lost = 1 + chance(&state, 30);
                    framing_lose(&reader);
                }
                lost -= lost > 0;
                enum framing_event event =
                    lost > 0 ? FRAMING_NOTHING : framing_take(&reader, octets[i]);
                goods += event == FRAMING_GOOD;
                texts += event == FRAMING_OUTSIDE;
                ck_assert(event != FRAMING_OUTSIDE || part[0] != 'F');
            }
        }
    }
    ck_assert_uint_gt(goods, 100);
    ck_assert_uint_gt(texts, 100);
}
END_TEST

/* ---- the multiplexer */

static struct hw *const hw = &board.hw;
static struct kernel *const k = &board.k;

enum { UARTE = 0x40002000, LINE = 2, STARTRX = 0, STARTTX = 8, ENDRX = 4, ENDTX = 8, ERROR = 9 };
enum { ERRORSRC = 0x480, EVENTS_ERROR = 0x100 + 4 * ERROR };
enum { ENABLE = 0x500, RXD_PTR = 0x534, RXD_AMOUNT = 0x53c, TXD_PTR = 0x544, TXD_MAXCNT = 0x548 };
enum { SENDING = KERNEL_RAM + VIRT_RAM_OFFSET, COMING = KERNEL_RAM + FRAME_RAM_OFFSET };

static struct {
    bool sending, receiving;
    uint8_t wire[2048];
    uint32_t sent;
} uarte;

static struct {
    uint8_t heard[FRAME_PAYLOAD_MAX];
    uint32_t size, frames, sent_size, sent;
    enum err err;
    bool inside, again; /* uart_network_send runs; on_sent sends once more */
} network;

static bool network_present(const struct kernel *of)
{
    (void)of;
    return true;
}

static void network_frame(struct kernel *of, struct hw *on, struct span payload)
{
    (void)of;
    network.frames++;
    network.size = payload.size;
    ck_assert_int_eq((int)hw_ram_read(on, payload, network.heard), ERR_NONE);
}

static void network_sent(struct kernel *of, struct hw *on, enum err err, uint32_t size)
{
    ck_assert(!network.inside);
    network.sent++;
    network.err = err;
    network.sent_size = size;
    if (network.again) {
        network.again = false;
        ck_assert_int_eq((int)uart_network_send(of, on, (struct span){KERNEL_RAM + 0x3000, 2}),
                         ERR_NONE);
    }
}

static const struct uart_network test_network = {network_present, network_frame, network_sent};
const struct uart_network *const uart_network = &test_network;

static bool uarte_write(struct page *page, uint32_t offset, uint32_t value)
{
    if (page->base == UARTE && offset == ENABLE && value == 0)
        uarte.sending = uarte.receiving = false;
    if (page->base != UARTE || offset > STARTTX || value != 1)
        return false;
    if (offset == STARTRX) {
        uarte.receiving = true;
    } else if (offset == STARTTX) {
        uint32_t size = page_read(page, TXD_MAXCNT);
        ck_assert(!uarte.sending);
        memcpy(uarte.wire + uarte.sent, board_ram(page_read(page, TXD_PTR)), size);
        uarte.sent += size;
        uarte.sending = true;
    }
    return true;
}

static void piece_sent(void)
{
    ck_assert(uarte.sending);
    uarte.sending = false;
    page_event(board_page_at(UARTE), ENDTX);
    ck_assert(board_settle(20));
}

static void all_sent(void)
{
    for (uint32_t i = 0; i < 100 && uarte.sending; i++)
        piece_sent();
    ck_assert(!uarte.sending);
}

static void arrive(const uint8_t *octets, uint32_t size)
{
    struct page *page = board_page_at(UARTE);

    for (uint32_t i = 0; i < size; i++) {
        ck_assert(uarte.receiving);
        uarte.receiving = false;
        *board_ram(page_read(page, RXD_PTR)) = octets[i];
        page_set(page, RXD_AMOUNT, 1);
        page_event(page, ENDRX);
        ck_assert(board_settle(20));
    }
}

static void frame_arrives(uint8_t address, const char *text)
{
    uint8_t wire[100] = {0};

    arrive(wire, framed(address, (const uint8_t *)text, (uint32_t)strlen(text), wire));
}

static void board_with_frames(void)
{
    board_start();
    board.config.console = (struct driver_place){true, UARTE, LINE};
    board.config.frames = true;
    board_page(UARTE, LINE);
    memset(&uarte, 0, sizeof uarte);
    memset(&network, 0, sizeof network);
    board.on_write = uarte_write;
    board_run();
    for (uint32_t i = 0; i < BOARD_PROCESSES; i++)
        for (uint32_t n = 0; n < 2; n++)
            board_subscribe(board_process(i), &frames_driver, n);
}

enum { EXISTS, BIND, UNBIND, RECEIVE, SEND };

static enum err frames(uint32_t p, uint32_t number, uint32_t a)
{
    struct syscall_return r = board_command(board_process(p), &frames_driver, number, a, 0);

    return r.r[0] == RETURN_SUCCESS ? ERR_NONE : (enum err)r.r[1];
}

static struct span room(uint32_t p, uint32_t size)
{
    return board_allow(board_process(p), &frames_driver, ALLOW_RW, 0, 0x200, size);
}

static void payload_of(uint32_t p, char letter, uint32_t size)
{
    struct span from = board_allow(board_process(p), &frames_driver, ALLOW_RO, 0, 0x100, size);

    memset(board_ram(from.base), letter, size);
}

/* The upcall, as err << 16 | size; -1: none. */
static int told(uint32_t p, uint32_t upcall)
{
    uint32_t args[3];

    if (!board_upcall(board_process(p), &frames_driver, upcall, args))
        return -1;
    return (int)(args[0] << 16 | args[1]);
}

/* The only frame on the wire is this one. */
static bool wire_has(uint8_t address, char letter, uint32_t size)
{
    uint8_t payload[FRAME_PAYLOAD_MAX], wire[1100];

    memset(payload, letter, size);
    return uarte.sent == framed(address, payload, size, wire) &&
           memcmp(uarte.wire, wire, uarte.sent) == 0;
}

static bool is_zero(uint32_t address, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        if (*board_ram(address + i) != 0)
            return false;
    return true;
}

static const struct {
    const char *why;
    uint32_t number, a;
    int err;
    bool bound;
} refusals[] = {
    {"exists", EXISTS, 0, ERR_NONE, false},
    {"no such", 5, 0, ERR_NOSUPPORT, true},
    {"no such", 0xffffffff, 0, ERR_NOSUPPORT, true},
    {"address 0", BIND, 0, ERR_INVAL, false},
    {"the network's", BIND, 255, ERR_INVAL, false},
    {"an address of more bits", BIND, 0x103, ERR_INVAL, false},
    {"another's", BIND, 9, ERR_BUSY, false},
    {"has one", BIND, 4, ERR_ALREADY, true},
    {"nothing to let go", UNBIND, 0, ERR_RESERVE, false},
    {"for whom", RECEIVE, 0, ERR_RESERVE, false},
    {"as whom", SEND, 4, ERR_RESERVE, false},
    {"nothing", SEND, 0, ERR_SIZE, true},
    {"more than there is", SEND, 11, ERR_SIZE, true},
    {"more than a frame", SEND, FRAME_PAYLOAD_MAX + 1, ERR_SIZE, true},
    {"more than everything", SEND, 0xffffffff, ERR_SIZE, true},
    {"nowhere to put it", RECEIVE, 0, ERR_SIZE, true},
};

START_TEST(what_the_frames_driver_refuses_changes_nothing)
{
    board_with_frames();
    payload_of(0, 'a', 10);
    ck_assert_int_eq((int)frames(1, BIND, 9), ERR_NONE);
    if (refusals[_i].bound)
        ck_assert_int_eq((int)frames(0, BIND, 3), ERR_NONE);

    int err = (int)frames(0, refusals[_i].number, refusals[_i].a);

    ck_assert_msg(err == refusals[_i].err, "%s: %d", refusals[_i].why, err);
    ck_assert_uint_eq(k->services.uart.bound[0], refusals[_i].bound ? 3 : 0);
    ck_assert_uint_eq(uarte.sent, 0);
    frame_arrives(3, "text");
    ck_assert_int_eq(told(0, 0), -1);
}
END_TEST

START_TEST(a_frame_is_sent_in_pieces_and_told_once)
{
    board_with_frames();
    payload_of(0, 0x7e, 200);
    ck_assert_int_eq((int)frames(0, BIND, 0x7d), ERR_NONE);
    ck_assert_int_eq((int)frames(0, SEND, 200), ERR_NONE);
    ck_assert_int_eq((int)frames(0, SEND, 1), ERR_BUSY);
    all_sent();

    ck_assert(wire_has(0x7d, 0x7e, 200));
    ck_assert_int_eq(told(0, 1), 200);
    ck_assert_int_eq(told(0, 1), -1);
    ck_assert(is_zero(SENDING, CONSOLE_BUFFER));
}
END_TEST

/* A device that its app was lent has written over the request in the grant, before its turn. */
static const struct {
    const char *why;
    uint32_t words[UART_WORDS];
    uint32_t buffer; /* bytes */
    int told;        /* upcall 1 */
    bool sends;
} rewrites[] = {
    {"nothing", {true, 0}, 600, ERR_SIZE << 16, false},
    {"beyond a frame", {true, FRAME_PAYLOAD_MAX + 1}, 600, ERR_SIZE << 16, false},
    {"beyond the buffer", {true, 20}, 19, ERR_SIZE << 16, false},
    {"everything", {true, 0xffffffff}, 600, ERR_SIZE << 16, false},
    {"another true", {0xffffffff, 4}, 4, 4, true},
    {"a write instead", {false, 4}, 4, -1, false},
};

START_TEST(a_request_that_was_written_over_is_checked_again)
{
    board_with_frames();
    payload_of(0, 'a', rewrites[_i].buffer);
    payload_of(1, 'b', 4);
    ck_assert_int_eq((int)frames(0, BIND, 3), ERR_NONE);
    ck_assert_int_eq((int)frames(1, BIND, 4), ERR_NONE);
    ck_assert_int_eq((int)frames(1, SEND, 4), ERR_NONE);
    ck_assert_int_eq((int)frames(0, SEND, 4), ERR_NONE);
    ck_assert_int_eq((int)capsule_state_store(hw, board_process(0), &console_driver,
                                              rewrites[_i].words, UART_WORDS),
                     ERR_NONE);
    piece_sent();
    ck_assert_int_eq(uarte.sending, rewrites[_i].sends);
    all_sent();

    ck_assert_msg(told(0, 1) == rewrites[_i].told, "%s", rewrites[_i].why);
    ck_assert_int_eq((int)frames(0, SEND, 4), ERR_NONE); /* it serves on */
    all_sent();
    ck_assert_int_eq(told(0, 1), 4);
}
END_TEST

START_TEST(a_buffer_that_shrinks_aborts_its_frame)
{
    board_with_frames();
    payload_of(0, 'a', 100);
    payload_of(1, 'b', 4);
    ck_assert_int_eq((int)frames(0, BIND, 3), ERR_NONE);
    ck_assert_int_eq((int)frames(1, BIND, 4), ERR_NONE);
    ck_assert_int_eq((int)frames(0, SEND, 100), ERR_NONE);
    ck_assert_int_eq((int)frames(1, SEND, 4), ERR_NONE);
    payload_of(0, 'a', 30);
    piece_sent();

    ck_assert_uint_eq(uarte.wire[uarte.sent - 2], FRAMING_ESCAPE);
    ck_assert_uint_eq(uarte.wire[uarte.sent - 1], FRAMING_FLAG);
    all_sent();
    ck_assert_int_eq(told(0, 1), ERR_SIZE << 16);
    ck_assert_int_eq(told(1, 1), 4);
}
END_TEST

/* In each piece of its frame; and it lives again at once. */
START_TEST(a_dead_senders_frame_is_aborted_and_its_heir_waits_its_turn)
{
    board_with_frames();
    payload_of(0, 'a', 100);
    ck_assert_int_eq((int)frames(0, BIND, 3), ERR_NONE);
    ck_assert_int_eq((int)frames(0, SEND, 100), ERR_NONE);
    for (int i = 0; i < _i; i++)
        piece_sent();
    kernel_end_process(k, hw, 0, END_FAULT);
    board_subscribe(board_process(0), &frames_driver, 1);
    payload_of(0, 'h', 2);
    ck_assert_int_eq((int)frames(0, BIND, 5), ERR_NONE);
    ck_assert_int_eq((int)frames(0, SEND, 2), ERR_NONE);
    piece_sent();

    bool whole = _i == 4; /* its last piece was on its way */
    if (!whole) {
        ck_assert_uint_eq(uarte.wire[uarte.sent - 2], FRAMING_ESCAPE);
        piece_sent();
    }
    ck_assert_int_eq(told(0, 1), -1);
    ck_assert_uint_eq(uarte.wire[uarte.sent - 7], 5);
    all_sent();
    ck_assert_int_eq(told(0, 1), 2);
}
END_TEST

START_TEST(a_stray_end_of_transfer_ends_nothing)
{
    board_with_frames();
    page_event(board_page_at(UARTE), ENDTX);
    ck_assert(board_settle(20));
    payload_of(0, 'a', 4);
    ck_assert_int_eq((int)frames(0, BIND, 3), ERR_NONE);
    ck_assert_int_eq((int)frames(0, SEND, 4), ERR_NONE);
    all_sent();

    ck_assert_int_eq(told(0, 1), 4);
    ck_assert_int_eq(told(0, 1), -1);
}
END_TEST

/* ENDTX does not come. */
START_TEST(a_uarte_that_hangs_costs_one_operation_each_time)
{
    board_with_frames();
    payload_of(0, 'a', 100);
    payload_of(1, 'b', 4);
    room(1, 4);
    ck_assert_int_eq((int)frames(0, BIND, 3), ERR_NONE);
    ck_assert_int_eq((int)frames(1, BIND, 4), ERR_NONE);
    ck_assert_int_eq((int)frames(0, SEND, 100), ERR_NONE);
    ck_assert_int_eq((int)frames(1, SEND, 4), ERR_NONE);
    piece_sent();
    virt_alarm(k, hw, &virt_uart);

    ck_assert_int_eq(told(0, 1), ERR_FAIL << 16);
    ck_assert(uarte.sending);
    ck_assert_uint_eq(page_read(board_page_at(UARTE), ENABLE), 8);
    all_sent();
    ck_assert_int_eq(told(1, 1), 4);
    ck_assert_int_eq((int)frames(1, RECEIVE, 0), ERR_NONE);
    frame_arrives(4, "text");
    ck_assert_int_eq(told(1, 0), 4);
}
END_TEST

START_TEST(a_dead_client_of_a_uarte_that_hangs_gives_way)
{
    board_with_frames();
    payload_of(0, 'a', 100);
    payload_of(1, 'b', 4);
    ck_assert_int_eq((int)frames(0, BIND, 3), ERR_NONE);
    ck_assert_int_eq((int)frames(1, BIND, 4), ERR_NONE);
    ck_assert_int_eq((int)frames(0, SEND, 100), ERR_NONE);
    ck_assert_int_eq((int)frames(1, SEND, 4), ERR_NONE);
    kernel_end_process(k, hw, 0, END_KILL);
    uint32_t before = uarte.sent;
    ck_assert_int_eq(told(1, 1), -1);
    virt_alarm(k, hw, &virt_uart);

    ck_assert_uint_gt(uarte.sent, before);
    all_sent();
    ck_assert_int_eq(told(1, 1), 4);
}
END_TEST

START_TEST(a_frame_comes_to_its_client_and_the_buffer_is_wiped)
{
    board_with_frames();
    struct span to = room(0, 64);
    ck_assert_int_eq((int)frames(0, BIND, 3), ERR_NONE);
    ck_assert_int_eq((int)frames(0, RECEIVE, 0), ERR_NONE);
    ck_assert_int_eq((int)frames(0, RECEIVE, 0), ERR_BUSY);
    frame_arrives(4, "nobody's");
    ck_assert(is_zero(COMING, FRAME_RAM_SIZE));
    frame_arrives(3, "text ~");

    ck_assert_int_eq(told(0, 0), 6);
    ck_assert_mem_eq(board_ram(to.base), "text ~", 6);
    ck_assert(is_zero(COMING, FRAME_RAM_SIZE));
    ck_assert(is_zero(KERNEL_RAM, 1));
    frame_arrives(3, "more");
    ck_assert_int_eq(told(0, 0), -1);
    ck_assert_uint_eq(k->services.uart.frames[FRAME_GIVEN], 1);
    ck_assert_uint_eq(k->services.uart.frames[FRAME_UNAWAITED], 1);
    ck_assert_uint_eq(k->services.uart.frames[FRAME_NOBODYS], 1);
}
END_TEST

/* The buffer went, shrank, or cannot be written when the frame comes. */
START_TEST(a_frame_that_cannot_be_given_is_told)
{
    board_with_frames();
    ck_assert_int_eq((int)frames(0, BIND, 3), ERR_NONE);
    struct span to = room(0, 64);
    memset(board_ram(to.base), '-', 64);
    ck_assert_int_eq((int)frames(0, RECEIVE, 0), ERR_NONE);
    room(0, (uint32_t)_i);
    frame_arrives(3, "text");

    ck_assert_int_eq(told(0, 0), ERR_SIZE << 16 | 4);
    ck_assert_mem_eq(board_ram(to.base), "----", 4);
    ck_assert(is_zero(COMING, FRAME_RAM_SIZE));
}
END_TEST

START_TEST(an_empty_frame_is_a_frame)
{
    board_with_frames();
    room(0, 64);
    ck_assert_int_eq((int)frames(0, BIND, 3), ERR_NONE);
    ck_assert_int_eq((int)frames(0, RECEIVE, 0), ERR_NONE);
    frame_arrives(3, "");

    ck_assert_int_eq(told(0, 0), 0);
}
END_TEST

/* ---- what the UARTE has lost */

enum { CONSOLE_READ = 2 };

/* Process 0 reads from the console, and says how much has come for it. */
static struct span console_reads(uint32_t size)
{
    struct span to = board_allow(board_process(0), &console_driver, ALLOW_RW, 1, 0x100, size);

    board_subscribe(board_process(0), &console_driver, CONSOLE_READ);
    struct syscall_return r = board_command(board_process(0), &console_driver, 2, size, 0);
    ck_assert_uint_eq(r.r[0], RETURN_SUCCESS);
    return to;
}

static uint32_t console_has(void)
{
    return k->services.console.read_count;
}

static void text_arrives(const char *text)
{
    arrive((const uint8_t *)text, (uint32_t)strlen(text));
}

static void error_happens(void)
{
    page_set(board_page_at(UARTE), ERRORSRC, 1);
    page_event(board_page_at(UARTE), ERROR);
}

/* Behind a loss: an end of a frame, then one, and text. */
static void frames_and_text_arrive(void)
{
    text_arrives("end of another's frame" F);
    frame_arrives(3, "mine");
    text_arrives("text");
}

static void board_with_readers(void)
{
    board_with_frames();
    room(1, 64);
    ck_assert_int_eq((int)frames(1, BIND, 3), ERR_NONE);
    ck_assert_int_eq((int)frames(1, RECEIVE, 0), ERR_NONE);
}

START_TEST(behind_an_overrun_text_is_what_is_sure)
{
    board_with_readers();
    struct span to = console_reads(8);
    text_arrives("ab");
    error_happens();
    text_arrives("cdefg");
    ck_assert_uint_eq(console_has(), 2);
    frames_and_text_arrive();

    ck_assert_int_eq(told(1, 0), 4);
    ck_assert_uint_eq(console_has(), 6);
    text_arrives("xy");
    uint32_t args[3];
    ck_assert(board_upcall(board_process(0), &console_driver, CONSOLE_READ, args));
    ck_assert_uint_eq(args[0], ERR_NONE);
    ck_assert_mem_eq(board_ram(to.base), "abtextxy", 8);
    ck_assert_uint_eq(k->services.uart.losses, 1);
}
END_TEST

/* It is asked once, and whatever it says of the reason. */
START_TEST(the_uartes_error_is_cleared)
{
    board_with_readers();
    error_happens();
    text_arrives("a");

    ck_assert_uint_eq(page_read(board_page_at(UARTE), EVENTS_ERROR), 0);
    ck_assert_uint_eq(page_read(board_page_at(UARTE), ERRORSRC), 0xf); /* of 1: it clears */
    text_arrives("b");
    ck_assert_uint_eq(k->services.uart.losses, 1);
}
END_TEST

/* The error is told at each octet of a frame; nothing of it stays, and the next one comes. */
START_TEST(the_frame_in_which_octets_are_lost_is_dropped_and_wiped)
{
    uint8_t wire[40];
    uint32_t size = framed(3, (const uint8_t *)"lost", 4, wire);

    board_with_readers();
    arrive(wire, (uint32_t)_i);
    error_happens();
    arrive(wire + _i, size - (uint32_t)_i);

    ck_assert(is_zero(COMING, FRAME_RAM_SIZE));
    ck_assert_int_eq(told(1, 0), -1);
    ck_assert_uint_eq(k->services.uart.frames[FRAME_LOST], _i > 1);
    frame_arrives(4, "nobody's");
    frame_arrives(3, "next");
    ck_assert_int_eq(told(1, 0), 4);
}
END_TEST

/* The octet at hand and four behind it: a flag that the UARTE had before the loss opens nothing
 * that goes on behind it. */
START_TEST(what_the_uarte_had_when_it_failed_is_not_believed)
{
    board_with_readers();
    console_reads(8);
    error_happens();
    text_arrives("abc" F);
    ck_assert_uint_eq(k->services.uart.untrusted, 1);
    ck_assert(k->services.uart.reader.gap);
    text_arrives("d" F);

    ck_assert_uint_eq(k->services.uart.untrusted, 0);
    ck_assert(!k->services.uart.reader.gap);
    ck_assert(k->services.uart.reader.doubt);
}
END_TEST

START_TEST(a_uarte_that_was_off_has_lost_octets)
{
    board_with_readers();
    console_reads(8);
    payload_of(1, 'b', 4);
    ck_assert_int_eq((int)frames(1, SEND, 4), ERR_NONE);
    arrive((const uint8_t *)F "\x03\x03of a", 7);
    virt_alarm(k, hw, &virt_uart);

    ck_assert_uint_eq(k->services.uart.frames[FRAME_LOST], 1);
    ck_assert(is_zero(COMING, FRAME_RAM_SIZE));
    text_arrives("frame");
    ck_assert_uint_eq(console_has(), 0);
    frames_and_text_arrive();
    ck_assert_uint_eq(console_has(), 4);
}
END_TEST

/* ---- the network */

START_TEST(frames_to_255_are_the_networks)
{
    board_with_frames();
    frame_arrives(255, "for the network");
    frame_arrives(254, "not");

    ck_assert_uint_eq(network.frames, 1);
    ck_assert_uint_eq(network.size, 15);
    ck_assert_mem_eq(network.heard, "for the network", 15);
    ck_assert(is_zero(COMING, FRAME_RAM_SIZE));
}
END_TEST

START_TEST(the_network_sends_in_its_turn)
{
    const struct span payload = {KERNEL_RAM + 0x3000, 100};

    board_with_frames();
    memset(board_ram(payload.base), 'n', payload.size);
    payload_of(0, 'a', 4);
    ck_assert_int_eq((int)frames(0, BIND, 3), ERR_NONE);
    network.inside = true;
    ck_assert_int_eq((int)uart_network_send(k, hw, payload), ERR_NONE);
    ck_assert_int_eq((int)uart_network_send(k, hw, payload), ERR_BUSY);
    network.inside = false;
    network.again = true;
    ck_assert_int_eq((int)frames(0, SEND, 4), ERR_NONE);
    for (uint32_t i = 0; i < 5; i++)
        piece_sent();

    ck_assert_uint_eq(network.sent, 1);
    ck_assert_uint_eq(network.sent_size, 100);
    uarte.sent -= page_read(board_page_at(UARTE), TXD_MAXCNT);
    ck_assert(wire_has(255, 'n', 100));
    all_sent();
    ck_assert_int_eq(told(0, 1), 4);
    ck_assert_uint_eq(network.sent, 2);
}
END_TEST

START_TEST(what_the_network_cannot_send_is_refused)
{
    board_with_frames();
    ck_assert_int_eq((int)uart_network_send(k, hw, (struct span){KERNEL_RAM + 0x3000, 0}),
                     ERR_SIZE);
    ck_assert_int_eq(
        (int)uart_network_send(k, hw, (struct span){KERNEL_RAM + 0x3000, FRAME_PAYLOAD_MAX + 1}),
        ERR_SIZE);
    ck_assert_uint_eq(uarte.sent, 0);
    ck_assert_uint_eq(network.sent, 0);
}
END_TEST

START_TEST(without_frames_there_is_no_such_driver)
{
    board_start();
    board.config.console = (struct driver_place){true, UARTE, LINE};
    board_page(UARTE, LINE);
    memset(&uarte, 0, sizeof uarte);
    board.on_write = uarte_write;
    board_run();

    ck_assert_ptr_null(driver_find(k, 0x30003));
    ck_assert_ptr_nonnull(driver_find(k, 1));
    ck_assert(!uarte.receiving);
}
END_TEST

static TCase *framing_tests(void)
{
    TCase *t = tcase_create("framing");

    tcase_add_test(t, check_sequence_is_that_of_the_catalogue);
    tcase_add_loop_test(t, what_is_sent_is_what_another_reader_takes, 0, 16);
    tcase_add_loop_test(t, what_another_sends_is_taken, 0, 16);
    tcase_add_test(t, no_frame_with_one_wrong_bit_is_good);
    tcase_add_loop_test(t, what_is_no_frame_has_a_name, 0, COUNT_OF(damages));
    tcase_add_loop_test(t, what_may_be_of_a_frame_is_never_outside, 0, COUNT_OF(losses));
    tcase_add_loop_test(t, a_line_without_flags_is_text_again_behind_more_than_any_frame, 0, 2);
    tcase_add_test(t, a_frame_that_never_ends_is_no_text);
    tcase_add_loop_test(t, whatever_is_lost_no_octet_of_a_frame_is_outside, 0, 8);
    return t;
}

static TCase *frames_tests(void)
{
    TCase *t = tcase_create("frames");

    tcase_add_loop_test(t, what_the_frames_driver_refuses_changes_nothing, 0, COUNT_OF(refusals));
    tcase_add_test(t, a_frame_is_sent_in_pieces_and_told_once);
    tcase_add_loop_test(t, a_request_that_was_written_over_is_checked_again, 0, COUNT_OF(rewrites));
    tcase_add_test(t, a_buffer_that_shrinks_aborts_its_frame);
    tcase_add_loop_test(t, a_dead_senders_frame_is_aborted_and_its_heir_waits_its_turn, 0, 5);
    tcase_add_test(t, a_stray_end_of_transfer_ends_nothing);
    tcase_add_test(t, a_uarte_that_hangs_costs_one_operation_each_time);
    tcase_add_test(t, a_dead_client_of_a_uarte_that_hangs_gives_way);
    tcase_add_test(t, a_frame_comes_to_its_client_and_the_buffer_is_wiped);
    tcase_add_loop_test(t, a_frame_that_cannot_be_given_is_told, 0, 4);
    tcase_add_test(t, an_empty_frame_is_a_frame);
    tcase_add_test(t, behind_an_overrun_text_is_what_is_sure);
    tcase_add_test(t, the_uartes_error_is_cleared);
    tcase_add_loop_test(t, the_frame_in_which_octets_are_lost_is_dropped_and_wiped, 0, 10);
    tcase_add_test(t, what_the_uarte_had_when_it_failed_is_not_believed);
    tcase_add_test(t, a_uarte_that_was_off_has_lost_octets);
    tcase_add_test(t, frames_to_255_are_the_networks);
    tcase_add_test(t, the_network_sends_in_its_turn);
    tcase_add_test(t, what_the_network_cannot_send_is_refused);
    tcase_add_test(t, without_frames_there_is_no_such_driver);
    return t;
}

int main(void)
{
    Suite *s = suite_create("virt_uart");

    suite_add_tcase(s, framing_tests());
    suite_add_tcase(s, frames_tests());
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
