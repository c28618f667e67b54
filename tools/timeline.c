/* timeline.c: see timeline.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/timeline.h"

#include "model/driver.h"
#include "model/process.h"
#include "model/virt/turn.h"
#include "model/virt/uart.h"
#include "model/virt/udp.h"
#include "sim/app_steps.h"
#include "sim/mpu_armv7m.h"
#include "sim/nvic.h"
#include "sim/scenario_load.h"
#include "sim/verdict.h"
#include "tools/text.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char timeline_header[] = "       cycle              us  who         what";

enum { NAME_TEXT_MAX = 96 };

/* A line while it is written. */
struct line {
    const struct scenario *s;
    char *text;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void put(struct line *line, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t room = TIMELINE_TEXT_MAX - line->length;
    int size = vsnprintf(line->text + line->length, room, format, list);
    va_end(list);
    if (size > 0)
        line->length += (size_t)size < room ? (size_t)size : room - 1;
}

/* --- names ----------------------------------------------------------------------------------- */

const char *timeline_who(const struct scenario *scenario, uint32_t process)
{
    return process < scenario->app_count ? scenario->apps[process].name : "kernel";
}

/* Registers of the private peripheral bus, which no board names. */
static const struct {
    uint32_t first, size;
    const char *name;
} private_registers[] = {
    {0xe000e010, 16, "SYST"},         {0xe000e100, 64, "NVIC.ISER"},
    {0xe000e180, 64, "NVIC.ICER"},    {0xe000e200, 64, "NVIC.ISPR"},
    {0xe000e280, 64, "NVIC.ICPR"},    {0xe000ed28, 4, "SCB.CFSR"},
    {MPU_ARMV7M_CTRL, 4, "MPU.CTRL"}, {MPU_ARMV7M_RNR, 4, "MPU.RNR"},
    {MPU_ARMV7M_RBAR, 4, "MPU.RBAR"}, {MPU_ARMV7M_RASR, 4, "MPU.RASR"},
};

static bool put_private_register(struct line *line, uint32_t address)
{
    for (size_t i = 0; i < COUNT_OF(private_registers); i++) {
        uint32_t offset = address - private_registers[i].first;
        if (offset >= private_registers[i].size)
            continue;
        put(line, private_registers[i].size > 4 ? "%s+0x%" PRIx32 : "%s", private_registers[i].name,
            offset);
        return true;
    }
    return false;
}

/* As scenarios write it: "TIMER1.CC[0]", "TIMER1+0x544", "ram+0x40". */
static void put_address(struct line *line, uint32_t address)
{
    const struct board *board = &line->s->board;
    uint32_t device = board_device_at(board, address);
    if (put_private_register(line, address))
        return;
    if (device == BOARD_NONE) {
        char text[NAME_TEXT_MAX];
        board_describe_address(board, address, text, sizeof text);
        put(line, "%s", text);
        return;
    }
    const struct board_device *d = &board->devices[device];
    uint32_t offset = address - d->window.base;
    int row = d->type ? device_row(d->type, offset) : -1;
    if (row >= 0)
        put(line, "%s.%s", d->name, d->type->regs[row].name);
    else
        put(line, "%s+0x%" PRIx32, d->name, offset);
}

void timeline_address(const struct scenario *scenario, uint32_t address,
                      char text[TIMELINE_TEXT_MAX])
{
    struct line line = {.s = scenario, .text = text};
    text[0] = '\0';
    put_address(&line, address);
}

/* Where a window begins: by the device's name alone. */
static void put_base(struct line *line, uint32_t address)
{
    const struct board *board = &line->s->board;
    uint32_t device = board_device_at(board, address);
    if (device != BOARD_NONE && board->devices[device].window.base == address)
        put(line, "%s", board->devices[device].name);
    else
        put_address(line, address);
}

static void put_device(struct line *line, uint32_t device)
{
    const struct board *board = &line->s->board;
    uint32_t peer = device - board->device_count;
    if (device < board->device_count)
        put(line, "%s", board->devices[device].name);
    else
        put(line, "%s", peer < line->s->peer_count ? line->s->peers[peer].name : "a device");
}

/* What a peer says of itself, in words if it has any. */
static void put_note(struct line *line, const struct record *r)
{
    uint32_t peer = pair_high(r->value) - line->s->board.device_count;
    if (peer < line->s->peer_count && line->s->peers[peer].type->note_text) {
        char text[80];
        put(line, "%s",
            line->s->peers[peer].type->note_text(r->address, pair_low(r->value), text,
                                                 sizeof text));
    } else {
        put(line, "note %" PRIu32 ", %" PRIu32, r->address, pair_low(r->value));
    }
}

static void put_line(struct line *line, uint32_t number)
{
    const struct board *board = &line->s->board;
    put(line, "line %" PRIu32, number);
    for (uint32_t i = 0; i < board->device_count; i++) {
        if (board->devices[i].line == number && board->devices[i].alias_of == BOARD_NONE) {
            put(line, " (%s)", board->devices[i].name);
            return;
        }
    }
}

static void put_driver(struct line *line, uint32_t driver)
{
    const char *name = driver_name(&line->s->config, driver);
    if (name)
        put(line, "%s", name);
    else
        put(line, "driver 0x%" PRIx32, driver);
}

static void put_err(struct line *line, uint32_t err)
{
    const char *name = err == ERR_NONE ? "success" : err_name(err);
    if (name)
        put(line, "%s", name);
    else
        put(line, "code %" PRIu32, err);
}

/* A word of which nobody knows what it is: a small number, an address, or just bits. */
static void put_word(struct line *line, uint32_t word)
{
    const struct board *board = &line->s->board;
    if (word < 4096)
        put(line, "%" PRIu32, word);
    else if (board_device_at(board, word) != BOARD_NONE || span_holds(board->ram, word))
        put_base(line, word);
    else
        put(line, "0x%" PRIx32, word);
}

static void put_end(struct line *line, uint32_t end, uint32_t code)
{
    switch (end) {
    case END_EXIT_TERMINATE:
        put(line, "it exited with code %" PRIu32, code);
        break;
    case END_EXIT_RESTART:
        put(line, "it asked to be restarted, with code %" PRIu32, code);
        break;
    case END_FAULT:
        put(line, "it faulted, status 0x%" PRIx32, code);
        break;
    case END_KILL:
        put(line, "it was killed");
        break;
    default:
        put(line, "for no known reason");
        break;
    }
}

/* The devices of a lendable endpoint. */
static void put_endpoint(struct line *line, uint32_t endpoint)
{
    const struct board *board = &line->s->board;
    const char *slash = "";
    for (uint32_t i = 0; i < board->device_count; i++) {
        if (board->devices[i].endpoint != endpoint || board->devices[i].alias_of != BOARD_NONE)
            continue;
        put(line, "%s%s", slash, board->devices[i].name);
        slash = "/";
    }
    if (!*slash)
        put(line, "endpoint %" PRIu32, endpoint);
}

/* A filter's answer: yes and a window, or no and why. */
static void put_answer(struct line *line, const struct record *r)
{
    if (pair_high(r->value)) {
        put(line, "no, ");
        put_err(line, pair_high(r->value));
        return;
    }
    put(line, "yes, 0x%" PRIx32 " bytes at ", pair_low(r->value));
    put_base(line, r->address);
}

static void put_injection(struct line *line, uint32_t index)
{
    static const char *const names[INJECTION_KINDS] = {
        "kill",           "fault",      "restart",         "interrupt",    "interrupt storm",
        "hang",           "stuck line", "forced register", "device error", "poke",
        "bytes received", "task",       "memory pressure", "release",      "delay",
        "hasten"};
    if (index < line->s->injection_count)
        put(line, "%s (%s)", names[line->s->injections[index].kind],
            line->s->injections[index].path);
}

/* --- system calls ---------------------------------------------------------------------------- */

static void put_words(struct line *line, const uint32_t words[], int count)
{
    for (int i = 0; i < count; i++) {
        put(line, ", ");
        put_word(line, words[i]);
    }
}

static void put_yield(struct line *line, const uint32_t args[4])
{
    switch (args[0]) {
    case YIELD_NO_WAIT:
        put(line, "yield-no-wait");
        break;
    case YIELD_WAIT:
        put(line, "yield-wait");
        break;
    case YIELD_WAIT_FOR:
        put(line, "yield-wait-for ");
        put_driver(line, args[1]);
        put(line, " ");
        put_word(line, args[2]);
        break;
    default:
        put(line, "yield %" PRIu32 " (unknown)", args[0]);
        break;
    }
}

static void put_memop(struct line *line, const uint32_t args[4])
{
    static const char *const names[] = {"brk",
                                        "sbrk",
                                        "ram start",
                                        "ram end",
                                        "flash start",
                                        "flash end",
                                        "grant start",
                                        "flash regions",
                                        "flash region start",
                                        "flash region end",
                                        "stack start",
                                        "heap start"};
    put(line, "memop %s", args[0] < COUNT_OF(names) ? names[args[0]] : "(unknown)");
    put_words(line, args + (args[0] < COUNT_OF(names) ? 1 : 0), 1);
}

/* A step list's handler has a name. */
static void put_handler(struct line *line, uint32_t process, uint32_t function)
{
    const struct scenario *s = line->s;
    const char *name = NULL;
    if (process < s->app_count && s->apps[process].engine == &app_steps_engine)
        name = app_steps_handler_name(s->apps[process].program, function);
    if (name)
        put(line, "%s", name);
    else
        put(line, function ? "0x%" PRIx32 : "null", function);
}

const char *timeline_class(uint32_t class)
{
    static const char *const names[] = {
        [SYSCALL_YIELD] = "yield",       [SYSCALL_SUBSCRIBE] = "subscribe",
        [SYSCALL_COMMAND] = "command",   [SYSCALL_ALLOW_RW] = "allow-rw",
        [SYSCALL_ALLOW_RO] = "allow-ro", [SYSCALL_MEMOP] = "memop",
        [SYSCALL_EXIT] = "exit",         [SYSCALL_ALLOW_READABLE] = "allow-readable"};
    return class < COUNT_OF(names) ? names[class] : NULL;
}

static void put_call(struct line *line, uint32_t process, uint32_t class, const uint32_t args[4])
{
    if (!timeline_class(class)) {
        put(line, "system call of unknown class %" PRIu32 " %" PRIu32, class, args[0]);
        put_words(line, args + 1, 3);
    } else if (class == SYSCALL_YIELD) {
        put_yield(line, args);
    } else if (class == SYSCALL_MEMOP) {
        put_memop(line, args);
    } else if (class == SYSCALL_EXIT) {
        put(line, "exit-%s",
            args[0] == EXIT_TERMINATE ? "terminate"
            : args[0] == EXIT_RESTART ? "restart"
                                      : "(unknown)");
        put_words(line, args + 1, 1);
    } else {
        put(line, "%s ", timeline_class(class));
        put_driver(line, args[0]);
        put(line, " ");
        put_word(line, args[1]);
        put(line, ", ");
        if (class == SYSCALL_SUBSCRIBE)
            put_handler(line, process, args[2]);
        else
            put_word(line, args[2]);
        put_words(line, args + 3, 1);
    }
}

/* Variants of TRD 104, section 3.2, and how many words follow them. */
static void put_return(struct line *line, uint32_t variant, const uint32_t r[2])
{
    bool failure = variant <= RETURN_FAILURE_U64;
    int words = variant == RETURN_SUCCESS ? 0 : variant == RETURN_SUCCESS_U32 ? 1 : 2;
    if (!failure && (variant < RETURN_SUCCESS || variant > RETURN_SUCCESS_U32_U64)) {
        put(line, "variant %" PRIu32, variant);
        put_words(line, r, 2);
        return;
    }
    put(line, failure ? "failure " : words ? "success " : "success");
    if (failure)
        put_err(line, r[0]);
    else if (words)
        put_word(line, r[0]);
    if (failure ? variant != RETURN_FAILURE : words > 1)
        put_words(line, r + 1, 1);
}

/* To the nearest: a device's event may fall between two. */
static uint64_t cycles_of(const struct scenario *s, uint64_t ps)
{
    return (uint64_t)(((unsigned __int128)ps * s->board.cpu_hz + PS_PER_S / 2) / PS_PER_S);
}

static void put_cycles(struct line *line, const struct timeline_call *call, uint64_t at_ps)
{
    put(line, " (%" PRIu64 " cycles)", cycles_of(line->s, at_ps) - cycles_of(line->s, call->at_ps));
}

static struct timeline_call *call_of(struct timeline *timeline, uint32_t process)
{
    return &timeline->calls[process < PROCESS_MAX ? process : 0];
}

static void add_call(struct timeline *timeline, struct line *line, const struct record *more)
{
    const struct record *first = &timeline->held;
    const uint32_t args[4] = {pair_low(first->value), pair_high(first->value),
                              pair_low(more->value), pair_high(more->value)};
    *call_of(timeline, more->process) =
        (struct timeline_call){true, first->address, args[0], first->at_ps};
    put(line, "=> ");
    put_call(line, more->process, first->address, args);
}

static void add_return(struct timeline *timeline, struct line *line, const struct record *r)
{
    struct timeline_call *call = call_of(timeline, r->process);
    const uint32_t words[2] = {pair_low(r->value), pair_high(r->value)};
    put(line, "<= ");
    if (call->open && call->class == SYSCALL_YIELD && call->which == YIELD_WAIT_FOR) {
        put(line, "upcall values ");
        put_word(line, r->address);
        put_words(line, words, 2);
    } else if (call->open && call->class == SYSCALL_YIELD) {
        put(line, "yield returns");
    } else {
        put_return(line, r->address, words);
    }
    if (call->open)
        put_cycles(line, call, r->at_ps);
    call->open = false;
}

static void add_upcall(struct timeline *timeline, struct line *line, const struct record *more)
{
    const struct record *first = &timeline->held;
    struct timeline_call *call = call_of(timeline, more->process);
    const uint32_t rest[3] = {pair_high(first->value), pair_low(more->value),
                              pair_high(more->value)};
    put(line, "<= upcall ");
    put_handler(line, more->process, first->address);
    put(line, ": ");
    put_word(line, pair_low(first->value));
    put_words(line, rest, 3);
    if (call->open)
        put_cycles(line, call, first->at_ps);
    call->open = false;
}

/* --- the other records ----------------------------------------------------------------------- */

/* One phrase a kind of record. In a phrase: %a address as a register, %b as a window's beginning,
 * %X in hex, %A in decimal; %v value (%V in hex), and its two halves: %l %h in decimal, %L %H in
 * hex; %D the device whose index the high half is; %i the interrupt line `address`; %p the endpoint
 * `address`; %r the driver `address`, %R in the low half; %e %E the error code in the low, high
 * half; %S the station (device) in the value's low 16 bits, %z the address's low 16 bits, %n what a
 * peer notes; %f the filter's answer; %s the process state `value`; %k the end; %j the injection.
 * Kinds without a phrase say nothing that their neighbours do not say. */
static const char *const phrases[EVENT_KINDS] = {
    [EVENT_LOAD] = "load %a gives %L",
    [EVENT_STORE] = "store %a, %L",
    [EVENT_EXECUTE] = "fetch of code at %a",
    [EVENT_SLICE_END] = "its slice ends",
    [EVENT_SLEEP] = "the CPU sleeps",
    [EVENT_WAKE] = "the CPU wakes",
    [EVENT_IRQ_RAISED] = "%i rises",
    [EVENT_IRQ_LOWERED] = "%i falls",
    [EVENT_IRQ_TAKEN] = "interrupted by %i",
    [EVENT_KERNEL_READ] = "reads %a: %V",
    [EVENT_KERNEL_WRITE] = "writes %a, %V",
    [EVENT_DEVICE_TASK] = "task %a",
    [EVENT_DEVICE_EVENT] = "event %a",
    [EVENT_DMA_READ] = "%D reads %l bytes at %a by DMA",
    [EVENT_DMA_WRITE] = "%D writes %l bytes at %a by DMA",
    [EVENT_DMA_REFUSED] = "%D is refused DMA of %l bytes at %a: no RAM",
    [EVENT_FLASH_WRITTEN] = "flash at %a is %V",
    [EVENT_FLASH_WORN] = "flash at %a has been written too often since its erase",
    [EVENT_FLASH_ERASED] = "%D erases %l bytes at %a",
    [EVENT_FLASH_REFUSED] = "%D changes nothing at %a: no storage",
    [EVENT_INJECTED] = "injected: %j",
    [EVENT_KERNEL_PANIC] = "THE KERNEL PANICS",
    [EVENT_HALT] = "every app is dead, nothing more will happen",
    [EVENT_APP_NOTE] = "mark %A: %v",
    [EVENT_ROUTED] = "PPI triggers %a",
    [EVENT_AIR_START] = "%S sends to %X on %h MHz: the first bit",
    [EVENT_AIR_HEARD] = "%S hears the address %X",
    [EVENT_AIR_LISTEN] = "%S listens on %z MHz",
    [EVENT_AIR_DEAF] = "%S listens no more",
    [EVENT_PEER_NOTE] = "%D: %n",
    [EVENT_NOTE_BASE + NOTE_PROCESS_LOADED] = "loaded at %X, %l bytes of memory, life %h",
    [EVENT_NOTE_BASE + NOTE_PROCESS_STATE] = "is %s",
    [EVENT_NOTE_BASE + NOTE_PROCESS_BREAKS] = "app break %X, kernel break %L, reachable up to %H",
    [EVENT_NOTE_BASE + NOTE_PROCESS_END] = "its life ends: %k",
    [EVENT_NOTE_BASE + NOTE_SYSCALL_FILTERED] = "may not call %r: its permissions say no",
    [EVENT_NOTE_BASE + NOTE_UPCALL_QUEUED] = "upcall %r %l queued, %h waiting",
    [EVENT_NOTE_BASE + NOTE_UPCALL_DROPPED] = "upcall %r %l dropped, %h so far",
    [EVENT_NOTE_BASE + NOTE_UPCALL_CANCELLED] = "upcall %r %l: %h of them cancelled",
    [EVENT_NOTE_BASE + NOTE_UPCALL_DELIVERED] = "upcall %r %l delivered to %H",
    [EVENT_NOTE_BASE + NOTE_GRANT_ALLOCATED] = "grant for %R at %X, %h bytes",
    [EVENT_NOTE_BASE + NOTE_ALLOW] = "allowed %l bytes at %a",
    [EVENT_NOTE_BASE + NOTE_FILTER_ASKED] = "the filter is asked for %V bytes at %b",
    [EVENT_NOTE_BASE + NOTE_FILTER_ANSWERED] = "the filter answers %f",
    [EVENT_NOTE_BASE + NOTE_WINDOW_GRANTED] = "is lent %V bytes at %b",
    [EVENT_NOTE_BASE + NOTE_WINDOW_REMOVED] = "loses %V bytes at %b",
    [EVENT_NOTE_BASE + NOTE_WINDOW_REFUSED] = "is refused %L bytes at %b: %E",
    [EVENT_NOTE_BASE + NOTE_ENDPOINT_OWNED] = "owns %p",
    [EVENT_NOTE_BASE + NOTE_ENDPOINT_MASKED] = "line %v of %p is masked",
    [EVENT_NOTE_BASE + NOTE_ENDPOINT_QUIET] = "%p is quiet and reset",
    [EVENT_NOTE_BASE + NOTE_ENDPOINT_FREED] = "%p is free",
    [EVENT_NOTE_BASE + NOTE_ENDPOINT_STUCK] = "%p will not be quiet: withheld",
    [EVENT_NOTE_BASE + NOTE_LINE_SERVICED] = "serves %i, status %H",
    [EVENT_NOTE_BASE + NOTE_LINE_UNCLAIMED] = "%i is nobody's: masked",
    [EVENT_NOTE_BASE + NOTE_CONSOLE_CLIENT] = "%v bytes of it are in the console's buffer at %a",
    [EVENT_NOTE_BASE + NOTE_MPU_WRITTEN] = "the MPU is written: %l regions in use, %h changed",
    [EVENT_NOTE_BASE + NOTE_KERNEL_LIMIT] = "a table of the kernel is full: %e",
    [EVENT_NOTE_BASE + NOTE_RADIO_LOADED] = "%v bytes of it are in the radio's buffer at %a",
    [EVENT_NOTE_BASE + NOTE_CLIENT_ASKS] = "%m is asked%c",
    [EVENT_NOTE_BASE + NOTE_CLIENT_ANSWERED] = "%m answers%c: %E",
    [EVENT_NOTE_BASE + NOTE_CLIENT_BEGUN] = "%m begins%c",
    [EVENT_NOTE_BASE + NOTE_CLIENT_DONE] = "%m calls back%c: %E",
    [EVENT_NOTE_BASE + NOTE_ALARM_SET] = "alarm %A is set for %T",
    [EVENT_NOTE_BASE + NOTE_ALARM_FIRED] = "alarm %A fires, due at tick %v",
    [EVENT_NOTE_BASE + NOTE_BUFFER_TAKEN] = "%l bytes at %a are its from now on%C",
    [EVENT_NOTE_BASE + NOTE_BUFFER_LENT] = "%l bytes at %a go down to the chip driver%C",
    [EVENT_NOTE_BASE + NOTE_BUFFER_BACK] = "%l bytes at %a are back from the chip driver%C",
    [EVENT_NOTE_BASE + NOTE_BUFFER_WIPED] = "%l bytes at %a are wiped%C",
    [EVENT_NOTE_BASE + NOTE_DATAGRAM] = "a datagram for port %A, %h bytes: %U",
    [EVENT_NOTE_BASE + NOTE_FRAME] = "a frame to address %A, %h bytes: %F",
    [EVENT_NOTE_BASE + NOTE_KEY_RESERVED] = "key register %l of %a is its from now on%C",
    [EVENT_NOTE_BASE + NOTE_KEY_FREED] = "key register %l of %a is wiped, and nobody's%C",
};

static const char *const frame_fates[FRAME_FATES] = {
    [FRAME_GIVEN] = "given to its client",
    [FRAME_UNAWAITED] = "dropped, its client does not wait",
    [FRAME_TOO_LARGE] = "dropped, its client's buffer is too short",
    [FRAME_NOBODYS] = "dropped, it is nobody's",
    [FRAME_BAD_FCS] = "dropped, its check sequence is wrong",
    [FRAME_BAD_CONTROL] = "dropped, its control octet is not 03",
    [FRAME_ABORTED] = "dropped, its sender gave it up",
    [FRAME_SHORT] = "dropped, too short",
    [FRAME_LONG] = "dropped, too long",
    [FRAME_LOST] = "dropped, octets of it are lost",
};

static const char *const udp_fates[UDP_FATES] = {
    [UDP_GIVEN] = "given to its client",
    [UDP_UNAWAITED] = "dropped, its client does not wait",
    [UDP_TOO_LARGE] = "dropped, its client's buffer is too short",
    [UDP_NOBODYS] = "dropped, nobody has the port",
    [UDP_STRAY] = "dropped, it is for somebody else",
    [UDP_BAD] = "dropped, it is none, or damaged",
};

/* A process stands in the line already. */
static void put_client(struct line *line, uint32_t client)
{
    if (client >= CLIENT_KERNEL)
        put(line, " (kernel client %" PRIu32 ")", client - CLIENT_KERNEL);
}

/* A flat switch over the letters of a phrase. */
static void put_letter(struct line *line, const struct record *r, char letter)
{
    uint32_t low = pair_low(r->value), high = pair_high(r->value);
    switch (letter) {
    case 'a':
        put_address(line, r->address);
        break;
    case 'A':
        put(line, "%" PRIu32, r->address);
        break;
    case 'v':
        put(line, "%" PRIu64, r->value);
        break;
    case 'V':
        put(line, "0x%" PRIx64, r->value);
        break;
    case 'l':
        put(line, "%" PRIu32, low);
        break;
    case 'h':
        put(line, "%" PRIu32, high);
        break;
    case 'L':
        put(line, "0x%" PRIx32, low);
        break;
    case 'H':
        put(line, "0x%" PRIx32, high);
        break;
    case 'n':
        put_note(line, r);
        break;
    case 'D':
        put_device(line, high);
        break;
    case 'i':
        put_line(line, r->address);
        break;
    case 'r':
        put_driver(line, r->address);
        break;
    case 'e':
    case 'E':
        put_err(line, letter == 'e' ? low : high);
        break;
    case 's':
        put(line, "%s", process_state_name(r->value));
        break;
    case 'k':
        put_end(line, low, high);
        break;
    case 'b':
        put_base(line, r->address);
        break;
    case 'X':
        put(line, "0x%" PRIx32, r->address);
        break;
    case 'p':
        put_endpoint(line, r->address);
        break;
    case 'R':
        put_driver(line, low);
        break;
    case 'f':
        put_answer(line, r);
        break;
    case 'j':
        put_injection(line, r->address);
        break;
    case 'S':
        put_device(line, air_device(r->value));
        break;
    case 'T':
        if (r->value == UINT64_MAX)
            put(line, "never");
        else
            put(line, "tick %" PRIu64, r->value);
        break;
    case 'm':
        put(line, "%s", virt_name(r->address));
        break;
    case 'c':
        put_client(line, low);
        break;
    case 'C':
        put_client(line, high >> 8);
        break;
    case 'U':
        put(line, "%s", low < UDP_FATES ? udp_fates[low] : "?");
        break;
    case 'F':
        put(line, "%s", low < FRAME_FATES ? frame_fates[low] : "?");
        break;
    case 'z':
        put(line, "%" PRIu32, r->address & 0xffff);
        break;
    default:
        put(line, "%%%c", letter);
        break;
    }
}

static void put_phrase(struct line *line, const struct record *r, const char *phrase)
{
    for (; *phrase; phrase++) {
        if (*phrase == '%' && phrase[1])
            put_letter(line, r, *++phrase);
        else
            put(line, "%c", *phrase);
    }
}

static void add_fault(struct line *line, const struct record *r)
{
    static const char *const verbs[ACCESS_KINDS] = {"reading", "writing", "executing"};
    static const struct {
        uint32_t bit;
        const char *name;
    } bits[] = {
        {CFSR_IACCVIOL, "MemManage IACCVIOL"},      {CFSR_DACCVIOL, "MemManage DACCVIOL"},
        {CFSR_IBUSERR, "BusFault IBUSERR"},         {CFSR_PRECISERR, "BusFault PRECISERR"},
        {CFSR_UNDEFINSTR, "UsageFault UNDEFINSTR"}, {CFSR_UNALIGNED, "UsageFault UNALIGNED"}};
    uint32_t status = pair_low(r->value), kind = pair_high(r->value);
    put(line, "FAULT %s ", kind < ACCESS_KINDS ? verbs[kind] : "at");
    put_address(line, r->address);
    for (size_t i = 0; i < COUNT_OF(bits); i++)
        if (status & bits[i].bit)
            put(line, ", %s", bits[i].name);
}

/* The flag that ends a frame says what it was. */
static void add_frame(struct wire_lines *lines, struct line *line, const struct record *r)
{
    struct wire_frame frame;
    if (!wire_lines_take(lines, r, &frame))
        return;
    char text[WIRE_FRAME_TEXT_MAX];
    put(line, ": %s", wire_frame_text(&frame, text));
}

static void add_wire(struct line *line, const struct record *r)
{
    static const char *const acts[WIRE_ACTS] = {
        [WIRE_OUT] = "sends byte",
        [WIRE_IN] = "receives byte",
        [WIRE_START] = "starts, byte",
        [WIRE_STOP] = "stops",
        [WIRE_NACK] = "gets no acknowledgement of byte",
        [WIRE_SELECT] = "has a peer selected, at pin",
        [WIRE_DESELECT] = "has no longer a peer selected at pin",
        [WIRE_CLASH] = "has several peers selected at once:",
    };
    uint32_t byte = pair_low(r->value) & 0xff, act = pair_high(r->value);
    bool counts = act >= WIRE_SELECT;
    put_device(line, r->address);
    put(line, " %s", act < WIRE_ACTS && acts[act] ? acts[act] : "?");
    if (act != WIRE_STOP)
        put(line, counts ? " %" PRIu32 : " 0x%02" PRIx32, byte);
    if (act > WIRE_IN)
        return;
    if (byte >= 0x20 && byte < 0x7f)
        put(line, " '%c'", (char)byte);
}

/* --- the air --------------------------------------------------------------------------------- */

/* What was sent is known with its last bit; the record of its bytes has no line of its own. */
static bool hold_frame(struct timeline *timeline)
{
    timeline->has_ended = timeline->frame != NULL;
    if (timeline->frame)
        timeline->ended = *timeline->frame;
    return false;
}

static void add_sent(struct timeline *timeline, struct line *line, const struct record *r)
{
    put_device(line, air_device(r->value));
    put(line, " %s", air_more(r->value) ? "broke off" : "has sent");
    if (timeline->has_ended) {
        char text[AIR_PDU_TEXT_MAX];
        struct air_pdu pdu;
        air_links_read(&timeline->links, &timeline->ended, air_device(r->value), r->at_ps, &pdu);
        put(line, ": %s%s", air_pdu_text(&pdu, text),
            pdu.crc == AIR_CRC_BAD && !pdu.cut ? "; its CRC is wrong" : "");
    }
    timeline->has_ended = false;
}

static bool add_air(struct timeline *timeline, struct line *line, const struct record *r)
{
    uint32_t more = air_more(r->value);
    switch (r->kind) {
    case EVENT_AIR_BYTES:
        return hold_frame(timeline);
    case EVENT_AIR_END:
        add_sent(timeline, line, r);
        return true;
    case EVENT_AIR_MISSED:
        put_device(line, air_device(r->value));
        put(line, " does not hear it: %s",
            more < AIR_MISSES ? air_miss_names[more] : "for no known reason");
        return true;
    default:
        put_device(line, air_device(r->value));
        put(line, " has received the last bit%s", more ? ", and some are wrong" : "");
        return true;
    }
}

/* A return or an upcall says by itself that its process runs. */
static bool add_run(struct timeline *timeline, struct line *line, const struct record *r)
{
    if (r->address == RESUME_START) {
        call_of(timeline, r->process)->open = false; /* an earlier life's call gets no return */
        put(line, "starts at its entry");
    } else if (r->address == RESUME_CONTINUE) {
        put(line, "goes on");
    }
    return line->length > 0;
}

static bool add_what(struct timeline *timeline, struct line *line, const struct record *r)
{
    switch (r->kind) {
    case EVENT_SYSCALL:
    case EVENT_UPCALL:
        timeline->held = *r;
        return false;
    case EVENT_SYSCALL_MORE:
        add_call(timeline, line, r);
        return true;
    case EVENT_UPCALL_MORE:
        add_upcall(timeline, line, r);
        return true;
    case EVENT_RETURN:
        add_return(timeline, line, r);
        return true;
    case EVENT_RUN:
        return add_run(timeline, line, r);
    case EVENT_FAULT:
        add_fault(line, r);
        return true;
    case EVENT_WIRE:
        add_wire(line, r);
        add_frame(&timeline->lines, line, r);
        return true;
    case EVENT_AIR_BYTES:
    case EVENT_AIR_END:
    case EVENT_AIR_MISSED:
    case EVENT_AIR_RECEIVED:
        return add_air(timeline, line, r);
    default:
        if (r->kind >= EVENT_KINDS || !phrases[r->kind])
            return false;
        put_phrase(line, r, phrases[r->kind]);
        return true;
    }
}

const char *timeline_stamp(const struct scenario *scenario, uint64_t at_ps,
                           char text[STAMP_TEXT_MAX])
{
    char us[US_TEXT_MAX];
    snprintf(text, STAMP_TEXT_MAX, "%12" PRIu64 " %15s", cycles_of(scenario, at_ps),
             us_text(at_ps, us));
    return text;
}

/* --- why an access was refused ---------------------------------------------------------------- */

enum { WHAT_COLUMN = 42 };

/* Why the bus said no where the MPU had said yes. */
static const char *bus_reason(const struct scenario *s, const struct record *fault)
{
    if (fault->address >= 0xe0000000u && fault->address <= 0xe00fffffu)
        return "the private peripheral bus takes no unprivileged access";
    if (pair_low(fault->value) & CFSR_UNALIGNED)
        return "an access to a device must be aligned";
    uint32_t device = board_device_at(&s->board, fault->address);
    if (device == BOARD_NONE)
        return "nothing answers at this address";
    return s->board.devices[device].type ? "a device's register takes whole words only"
                                         : "this device is a named hole, not modelled";
}

bool timeline_explain(const struct timeline *timeline, const struct mpu_armv7m *mpu,
                      const struct record *fault, char text[TIMELINE_TEXT_MAX])
{
    char why[MPU_ARMV7M_DESCRIPTION_MAX];
    const struct access access = {
        .address = fault->address, .size = 1, .kind = (enum access_kind)pair_high(fault->value)};
    if (pair_low(fault->value) & CFSR_UNDEFINSTR)
        return false;
    struct mpu_verdict verdict = mpu_armv7m_check(mpu, access);
    mpu_armv7m_describe(mpu, verdict, why, sizeof why);
    snprintf(text, TIMELINE_TEXT_MAX, "%*s%s%s%s", WHAT_COLUMN + 2, "", why,
             verdict.allowed ? "; but " : "",
             verdict.allowed ? bus_reason(timeline->scenario, fault) : "");
    return true;
}

/* --- lines ----------------------------------------------------------------------------------- */

void timeline_start(struct timeline *timeline, const struct scenario *scenario)
{
    *timeline = (struct timeline){.scenario = scenario};
    air_links_start(&timeline->links, scenario);
    wire_lines_start(&timeline->lines, scenario);
}

/* On which side its peer is. */
static const char *note_place(const struct scenario *s, const struct record *r)
{
    uint32_t peer = pair_high(r->value) - s->board.device_count;
    return peer < s->peer_count && s->peers[peer].type->type.wire != WIRE_NONE ? "wire" : "air";
}

/* Who acts: an app, a device on its own, or the kernel. */
static const char *who(const struct scenario *s, const struct record *r)
{
    switch (r->kind) {
    case EVENT_DEVICE_TASK:
    case EVENT_DEVICE_EVENT:
    case EVENT_DMA_READ:
    case EVENT_DMA_WRITE:
    case EVENT_DMA_REFUSED:
    case EVENT_FLASH_WRITTEN:
    case EVENT_FLASH_WORN:
    case EVENT_FLASH_ERASED:
    case EVENT_FLASH_REFUSED:
    case EVENT_IRQ_RAISED:
    case EVENT_IRQ_LOWERED:
    case EVENT_WIRE:
    case EVENT_ROUTED:
        return "device";
    case EVENT_AIR_START:
    case EVENT_AIR_BYTES:
    case EVENT_AIR_END:
    case EVENT_AIR_HEARD:
    case EVENT_AIR_MISSED:
    case EVENT_AIR_RECEIVED:
    case EVENT_AIR_LISTEN:
    case EVENT_AIR_DEAF:
        return "air";
    case EVENT_PEER_NOTE:
        return note_place(s, r);
    case EVENT_SLEEP:
    case EVENT_WAKE:
        return "cpu";
    case EVENT_INJECTED:
        return "scenario";
    default:
        return timeline_who(s, r->process);
    }
}

bool timeline_add(struct timeline *timeline, const struct record *record,
                  char text[TIMELINE_TEXT_MAX])
{
    char stamp[STAMP_TEXT_MAX], what[TIMELINE_TEXT_MAX] = "";
    struct line line = {.s = timeline->scenario, .text = what};
    if (!add_what(timeline, &line, record))
        return false;
    struct line whole = {.s = timeline->scenario, .text = text};
    put(&whole, "%s  ", timeline_stamp(timeline->scenario, record->at_ps, stamp));
    timeline->name_at = whole.length;
    put(&whole, "%-10s  ", who(timeline->scenario, record));
    timeline->what_at = whole.length;
    put(&whole, "%s", what);
    return true;
}
