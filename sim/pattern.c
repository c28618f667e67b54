/* pattern.c: words -> struct pattern. Each kind of record has a row: what it is about. */
#include "sim/pattern.h"
#include "model/process.h"
#include "sim/app_steps.h"
#include "sim/load.h"
#include "sim/scenario_load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 8, WORD_SIZE = 40 };

struct words {
    uint32_t count, next;
    char text[WORD_MAX][WORD_SIZE];
};

struct reader {
    const struct scenario *s;
    struct words words;
    struct pattern *p;
    char *why;
    size_t why_size;
};

/* --- small helpers --------------------------------------------------------------------------- */

static bool cut(const char *text, struct words *words)
{
    *words = (struct words){0};
    while (*(text += strspn(text, " "))) {
        size_t length = strcspn(text, " ");
        if (words->count == WORD_MAX || length >= WORD_SIZE)
            return false;
        memcpy(words->text[words->count++], text, length);
        text += length;
    }
    return words->count > 0;
}

static const char *peek(const struct reader *r)
{
    return r->words.next < r->words.count ? r->words.text[r->words.next] : NULL;
}

static bool refuse(const struct reader *r, const char *word, const char *what,
                   const struct nearest *nearest)
{
    char hint[96] = "";
    if (nearest)
        (void)nearest_text(nearest, hint, sizeof hint);
    (void)snprintf(r->why, r->why_size, "\"%s\" is not %s%s", word, what, hint);
    return false;
}

static void about(struct pattern *p, uint32_t first, uint32_t last)
{
    p->address_first = first;
    p->address_last = last;
}

static void value_is(struct pattern *p, uint64_t value, uint64_t mask)
{
    p->value = value & mask;
    p->value_mask = mask;
}

static bool number_parse(const char *word, uint32_t *number)
{
    uint64_t wide;
    char *end;
    if (!hex_parse(word, &wide)) {
        if (*word < '0' || *word > '9')
            return false;
        wide = strtoull(word, &end, 10);
        if (*end)
            return false;
    }
    *number = (uint32_t)wide;
    return wide <= UINT32_MAX;
}

/* A word's place in a list, or the list's size. */
static uint32_t place_in(const char *word, const char *const list[], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i] && strcmp(list[i], word) == 0)
            return i;
    return count;
}

/* --- what a record is about ------------------------------------------------------------------ */

static bool read_nothing(struct reader *r)
{
    (void)r;
    return true;
}

static bool read_address(struct reader *r)
{
    struct operand operand = {0};
    uint32_t size = 1;
    const char *word = peek(r);
    if (!word || strcmp(word, "=") == 0)
        return true;
    if (!operand_parse(r->s, word, PROCESS_NONE, &operand, &size, r->why, r->why_size))
        return false;
    if (operand.kind != OPERAND_CONST)
        return refuse(r, word, "known before the run: want an address that is", NULL);
    about(r->p, operand.value, operand.value + (size > 4 ? size - 1 : 0));
    r->words.next++;
    return true;
}

static bool device_word(struct reader *r, uint32_t *device)
{
    const struct board *board = &r->s->board;
    const char *word = peek(r);
    struct nearest nearest = nearest_to(word);
    *device = board_device_named(board, word);
    for (uint32_t i = 0; i < board->device_count && *device == BOARD_NONE; i++)
        nearest_offer(&nearest, board->devices[i].name);
    if (*device == BOARD_NONE)
        return refuse(r, word, "a device of this board", &nearest);
    if (board->devices[*device].alias_of != BOARD_NONE)
        *device = board->devices[*device].alias_of;
    r->words.next++;
    return true;
}

static bool read_line(struct reader *r)
{
    uint32_t line, device;
    if (!peek(r))
        return true;
    if (number_parse(peek(r), &line)) {
        r->words.next++;
    } else {
        const char *word = peek(r);
        if (!device_word(r, &device))
            return false;
        line = r->s->board.devices[device].line;
        if (line == BOARD_NONE)
            return refuse(r, word, "a device with an interrupt line", NULL);
    }
    about(r->p, line, line);
    return true;
}

static bool no_app_before_handler(const struct reader *r, const char *word)
{
    struct nearest nearest = nearest_to(word);
    for (uint32_t n = 0; n < r->s->app_count; n++)
        nearest_offer(&nearest, r->s->apps[n].name);
    return refuse(r, word, "an app: want the app's name before its handler's", &nearest);
}

static bool read_handler(struct reader *r)
{
    const char *word = peek(r);
    if (!word)
        return true;
    if (r->p->process == PATTERN_ANY)
        return no_app_before_handler(r, word);
    const struct scenario_app *app = &r->s->apps[r->p->process];
    struct nearest nearest = nearest_to(word);
    const struct steps_program *program = app->engine == &app_steps_engine ? app->program : NULL;
    for (uint32_t n = 0; program && n < program->handler_count; n++) {
        if (strcmp(program->handler_names[n], word) == 0) {
            uint32_t address = program->flash_base + APP_FUNCTION(n);
            about(r->p, address, address);
            r->words.next++;
            return true;
        }
        nearest_offer(&nearest, program->handler_names[n]);
    }
    return refuse(r, word, "a handler of that app", &nearest);
}

static bool read_variant(struct reader *r)
{
    const char *word = peek(r);
    enum err err;
    if (!word)
        return true;
    r->words.next++;
    if (strcmp(word, "success") == 0) {
        about(r->p, RETURN_SUCCESS, RETURN_SUCCESS_U32_U64);
        return true;
    }
    about(r->p, RETURN_FAILURE, RETURN_FAILURE_U64);
    if (strcmp(word, "failure") == 0)
        return true;
    if (!err_named(word, &err))
        return refuse(r, word, "success, failure or an error such as BUSY", NULL);
    value_is(r->p, err, UINT32_MAX);
    return true;
}

static const char *const class_names[SYSCALL_CLASSES] = {
    "yield", "subscribe", "command", "allow_rw", "allow_ro", "memop", "exit", "allow_readable",
};

static bool driver_word(struct reader *r, uint32_t *driver)
{
    const char *word = peek(r);
    struct nearest nearest = nearest_to(word);
    if (!number_parse(word, driver) && !driver_named(&r->s->config, word, driver, &nearest))
        return refuse(r, word, "a driver's name or number", &nearest);
    r->words.next++;
    return true;
}

/* A driver and a number, as pair(driver, number) in the value. */
static bool read_call(struct reader *r)
{
    uint32_t driver, number;
    if (!peek(r))
        return true;
    if (!driver_word(r, &driver))
        return false;
    value_is(r->p, driver, UINT32_MAX);
    if (!peek(r))
        return true;
    if (!number_parse(peek(r), &number))
        return refuse(r, peek(r), "a number", NULL);
    r->words.next++;
    value_is(r->p, pair(driver, number), UINT64_MAX);
    return true;
}

static bool read_class(struct reader *r)
{
    if (!peek(r))
        return true;
    uint32_t class = place_in(peek(r), class_names, COUNT_OF(class_names));
    if (class == COUNT_OF(class_names) && !number_parse(peek(r), &class))
        return refuse(r, peek(r), "a system call's class", NULL);
    r->words.next++;
    about(r->p, class, class);
    return read_call(r);
}

/* The driver stands in the address, the subscribe number in the value. */
static bool read_upcall_of(struct reader *r)
{
    uint32_t driver, number;
    if (!peek(r))
        return true;
    if (!driver_word(r, &driver))
        return false;
    about(r->p, driver, driver);
    if (!peek(r))
        return true;
    if (!number_parse(peek(r), &number))
        return refuse(r, peek(r), "a subscribe number", NULL);
    r->words.next++;
    value_is(r->p, number, UINT32_MAX);
    return true;
}

static bool read_endpoint(struct reader *r)
{
    uint32_t device;
    const char *word = peek(r);
    if (!word)
        return true;
    if (!device_word(r, &device))
        return false;
    uint32_t endpoint = r->s->board.devices[device].endpoint;
    if (endpoint == BOARD_NONE)
        return refuse(r, word, "a device that this board lends", NULL);
    about(r->p, endpoint, endpoint);
    return true;
}

static bool read_wire(struct reader *r)
{
    static const char *const ways[] = {[WIRE_OUT] = "out",     [WIRE_IN] = "in",
                                       [WIRE_START] = "start", [WIRE_STOP] = "stop",
                                       [WIRE_NACK] = "nack",   [WIRE_SELECT] = "select",
                                       [WIRE_CLASH] = "clash", [WIRE_DESELECT] = "deselect"};
    uint32_t device;
    if (!peek(r))
        return true;
    if (!device_word(r, &device))
        return false;
    about(r->p, device, device);
    if (!peek(r) || strcmp(peek(r), "=") == 0)
        return true;
    uint32_t way = place_in(peek(r), ways, COUNT_OF(ways));
    if (way == COUNT_OF(ways))
        return refuse(r, peek(r), "out or in, start, stop, nack, select, deselect, clash", NULL);
    r->words.next++;
    value_is(r->p, pair(0, way), pair(0, UINT32_MAX));
    return true;
}

static bool read_number(struct reader *r)
{
    uint32_t number;
    if (!peek(r) || strcmp(peek(r), "=") == 0)
        return true;
    if (!number_parse(peek(r), &number))
        return refuse(r, peek(r), "a number", NULL);
    r->words.next++;
    about(r->p, number, number);
    return true;
}

/* A multiplexer's name. */
static bool read_virt(struct reader *r)
{
    if (!peek(r))
        return true;
    uint32_t virt = place_in(peek(r), virt_words, VIRT_NAMES);
    if (virt == VIRT_NAMES)
        return refuse(r, peek(r), "a multiplexer, such as \"rng\"", NULL);
    r->words.next++;
    about(r->p, virt, virt);
    return true;
}

/* A radio of the board or a peer: its index in the value's low 16 bits. */
static bool read_station(struct reader *r)
{
    uint32_t device;
    if (!peek(r))
        return true;
    struct nearest nearest = nearest_to(peek(r));
    if (!station_named(r->s, peek(r), &device, &nearest))
        return refuse(r, peek(r), "a radio or a peer", &nearest);
    r->words.next++;
    value_is(r->p, device, 0xffff);
    return true;
}

/* A note of that device, or with BOARD_NONE of any peer. */
static bool note_named(const struct reader *r, uint32_t device, uint32_t *number,
                       struct nearest *nearest)
{
    const struct scenario *s = r->s;
    for (uint32_t i = 0; i < s->peer_count; i++) {
        const struct peer_type *type = s->peers[i].type;
        if (!type->note_name || (device != BOARD_NONE && device != s->board.device_count + i))
            continue;
        for (*number = 1; type->note_name(*number); ++*number) {
            if (strcmp(type->note_name(*number), peek(r)) == 0)
                return true;
            nearest_offer(nearest, type->note_name(*number));
        }
    }
    return false;
}

/* A peer, and its note by name or number. */
static bool read_peer_note(struct reader *r)
{
    uint32_t device, number;
    struct nearest nearest = nearest_to(peek(r) ? peek(r) : "");
    bool named = peek(r) && station_named(r->s, peek(r), &device, &nearest);
    if (named) {
        r->words.next++;
        value_is(r->p, pair(0, device), pair(0, UINT32_MAX));
        nearest = nearest_to(peek(r) ? peek(r) : "");
    }
    if (!peek(r) || strcmp(peek(r), "=") == 0)
        return true;
    if (!note_named(r, named ? device : BOARD_NONE, &number, &nearest) &&
        !number_parse(peek(r), &number))
        return refuse(r, peek(r), named ? "a note of that peer" : "a peer, or a note of one",
                      &nearest);
    r->words.next++;
    about(r->p, number, number);
    return true;
}

static bool read_state(struct reader *r)
{
    uint32_t state;
    if (!peek(r))
        return true;
    if (!process_state_named(peek(r), &state))
        return refuse(r, peek(r), "a state such as running, yielded or faulted", NULL);
    r->words.next++;
    value_is(r->p, state, UINT32_MAX);
    return true;
}

/* --- rows ------------------------------------------------------------------------------------ */

#define ROW_OF_NOTE(note) (EVENT_NOTE_BASE + (note))

static const struct row {
    uint16_t kind;
    bool nobodys; /* its process is always PROCESS_NONE */
    bool valued;  /* "= value" speaks of the value's low 32 bits */
    bool (*read)(struct reader *r);
} rows[] = {
    {EVENT_SYSCALL, false, false, read_class},
    {EVENT_RETURN, false, false, read_variant},
    {EVENT_UPCALL, false, false, read_handler},
    {EVENT_LOAD, false, true, read_address},
    {EVENT_STORE, false, true, read_address},
    {EVENT_EXECUTE, false, false, read_address},
    {EVENT_FAULT, false, false, read_address},
    {EVENT_SLEEP, true, false, read_nothing},
    {EVENT_WAKE, true, false, read_nothing},
    {EVENT_IRQ_RAISED, true, false, read_line},
    {EVENT_IRQ_LOWERED, true, false, read_line},
    {EVENT_IRQ_TAKEN, false, false, read_line},
    {EVENT_KERNEL_READ, false, true, read_address},
    {EVENT_KERNEL_WRITE, false, true, read_address},
    {EVENT_DEVICE_TASK, false, false, read_address},
    {EVENT_DEVICE_EVENT, false, false, read_address},
    {EVENT_DMA_READ, false, false, read_address},
    {EVENT_DMA_WRITE, false, false, read_address},
    {EVENT_DMA_REFUSED, false, false, read_address},
    {EVENT_FLASH_WRITTEN, false, false, read_address},
    {EVENT_FLASH_WORN, false, false, read_address},
    {EVENT_FLASH_ERASED, false, false, read_address},
    {EVENT_FLASH_REFUSED, false, false, read_address},
    {EVENT_WIRE, true, true, read_wire},
    {EVENT_INJECTED, false, false, read_number},
    {EVENT_HALT, true, false, read_nothing},
    {EVENT_APP_NOTE, false, true, read_number},
    {EVENT_ROUTED, true, false, read_address},
    {EVENT_AIR_START, true, false, read_station},
    {EVENT_AIR_END, true, false, read_station},
    {EVENT_AIR_HEARD, true, false, read_station},
    {EVENT_AIR_MISSED, true, false, read_station},
    {EVENT_AIR_RECEIVED, true, false, read_station},
    {EVENT_AIR_LISTEN, true, false, read_station},
    {EVENT_AIR_DEAF, true, false, read_station},
    {EVENT_PEER_NOTE, true, true, read_peer_note},
    {ROW_OF_NOTE(NOTE_PROCESS_STATE), false, false, read_state},
    {ROW_OF_NOTE(NOTE_SYSCALL_FILTERED), false, false, read_upcall_of},
    {ROW_OF_NOTE(NOTE_UPCALL_QUEUED), false, false, read_upcall_of},
    {ROW_OF_NOTE(NOTE_UPCALL_DROPPED), false, false, read_upcall_of},
    {ROW_OF_NOTE(NOTE_UPCALL_CANCELLED), false, false, read_upcall_of},
    {ROW_OF_NOTE(NOTE_UPCALL_DELIVERED), false, false, read_upcall_of},
    {ROW_OF_NOTE(NOTE_FILTER_ASKED), false, false, read_address},
    {ROW_OF_NOTE(NOTE_FILTER_ANSWERED), false, false, read_address},
    {ROW_OF_NOTE(NOTE_WINDOW_GRANTED), false, false, read_address},
    {ROW_OF_NOTE(NOTE_WINDOW_REMOVED), false, false, read_address},
    {ROW_OF_NOTE(NOTE_WINDOW_REFUSED), false, false, read_address},
    {ROW_OF_NOTE(NOTE_ENDPOINT_OWNED), false, false, read_endpoint},
    {ROW_OF_NOTE(NOTE_ENDPOINT_MASKED), false, false, read_endpoint},
    {ROW_OF_NOTE(NOTE_ENDPOINT_QUIET), false, false, read_endpoint},
    {ROW_OF_NOTE(NOTE_ENDPOINT_FREED), false, false, read_endpoint},
    {ROW_OF_NOTE(NOTE_ENDPOINT_STUCK), false, false, read_endpoint},
    {ROW_OF_NOTE(NOTE_LINE_SERVICED), false, false, read_line},
    {ROW_OF_NOTE(NOTE_LINE_UNCLAIMED), false, false, read_line},
    {ROW_OF_NOTE(NOTE_KERNEL_LIMIT), false, false, read_number},
    {ROW_OF_NOTE(NOTE_CLIENT_ASKS), false, false, read_virt},
    {ROW_OF_NOTE(NOTE_CLIENT_ANSWERED), false, false, read_virt},
    {ROW_OF_NOTE(NOTE_CLIENT_BEGUN), false, false, read_virt},
    {ROW_OF_NOTE(NOTE_CLIENT_DONE), false, false, read_virt},
    {ROW_OF_NOTE(NOTE_DATAGRAM), false, true, read_number},
    {ROW_OF_NOTE(NOTE_FRAME), false, true, read_number},
};

/* Kinds without a row are about nothing. */
static struct row row_of(uint16_t kind)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].kind == kind)
            return rows[i];
    return (struct row){kind, false, false, read_nothing};
}

/* --- the whole ------------------------------------------------------------------------------- */

static uint16_t kind_named(const char *word)
{
    for (unsigned kind = 1; kind < EVENT_KINDS; kind++)
        if (event_name(kind) && strcmp(event_name(kind), word) == 0)
            return (uint16_t)kind;
    return 0;
}

bool pattern_word(const char *word)
{
    return kind_named(word) != 0 ||
           place_in(word, class_names, COUNT_OF(class_names)) < COUNT_OF(class_names);
}

/* An app's name, if the next word is one. */
static void read_app(struct reader *r)
{
    for (uint32_t i = 0; i < r->s->app_count && peek(r); i++) {
        if (strcmp(r->s->apps[i].name, peek(r)) == 0) {
            r->p->process = (uint16_t)i;
            r->words.next++;
            return;
        }
    }
}

static bool no_kind(struct reader *r)
{
    const char *word = peek(r);
    if (!word) {
        (void)snprintf(r->why, r->why_size, "an app without an event: want \"upcall owner tick\"");
        return false;
    }
    struct nearest nearest = nearest_to(word);
    for (unsigned kind = 1; kind < EVENT_KINDS; kind++)
        if (event_name(kind))
            nearest_offer(&nearest, event_name(kind));
    for (size_t i = 0; i < COUNT_OF(class_names); i++)
        nearest_offer(&nearest, class_names[i]);
    if (r->p->process == PATTERN_ANY)
        for (uint32_t i = 0; i < r->s->app_count; i++)
            nearest_offer(&nearest, r->s->apps[i].name);
    return refuse(r, word, "an event or an app", &nearest);
}

/* The kind, or a class that stands for "syscall CLASS". */
static bool read_kind(struct reader *r, struct row *row)
{
    uint32_t class = COUNT_OF(class_names);
    if (peek(r)) {
        r->p->kind = kind_named(peek(r));
        class = place_in(peek(r), class_names, COUNT_OF(class_names));
    }
    if (r->p->kind == 0 && class == COUNT_OF(class_names))
        return no_kind(r);
    if (r->p->kind == 0) {
        r->p->kind = EVENT_SYSCALL;
        about(r->p, class, class);
    }
    *row = row_of(r->p->kind);
    if (class < COUNT_OF(class_names))
        row->read = read_call;
    r->words.next++;
    return true;
}

static bool read_value(struct reader *r, const struct row *row)
{
    uint32_t value;
    if (!peek(r) || strcmp(peek(r), "=") != 0)
        return true;
    r->words.next++;
    if (!row->valued)
        return refuse(r, event_name(row->kind), "an event with a value: want no \"=\"", NULL);
    if (!peek(r) || !number_parse(peek(r), &value))
        return refuse(r, peek(r) ? peek(r) : "", "a number behind \"=\"", NULL);
    r->words.next++;
    /* Above it may stand what the words before have said, such as a wire's direction. */
    value_is(r->p, (r->p->value & ~(uint64_t)UINT32_MAX) | value, r->p->value_mask | UINT32_MAX);
    return true;
}

bool pattern_parse(const struct scenario *scenario, const char *text, struct pattern *pattern,
                   char *why, size_t why_size)
{
    struct reader r = {.s = scenario, .p = pattern, .why = why, .why_size = why_size};
    struct row row = row_of(0);
    *pattern = (struct pattern){.process = PATTERN_ANY, .address_last = UINT32_MAX};
    if (!cut(text, &r.words) || strlen(text) >= sizeof pattern->text) {
        (void)snprintf(why, why_size, "want a few words, such as \"upcall owner tick\"");
        return false;
    }
    memcpy(pattern->text, text, strlen(text) + 1);
    read_app(&r);
    if (!read_kind(&r, &row))
        return false;
    if (pattern->process == PATTERN_ANY)
        read_app(&r);
    if (row.nobodys && pattern->process != PATTERN_ANY)
        return refuse(&r, event_name(row.kind), "an app's event: want no app's name", NULL);
    if (!row.read(&r) || !read_value(&r, &row))
        return false;
    if (!peek(&r))
        return true;
    (void)snprintf(why, why_size, "\"%s\" is a word too many", peek(&r));
    return false;
}
