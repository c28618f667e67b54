/* spi_flash.c: a NOR flash chip on SPI, one bit wide, after the MX25R6435F that the nRF52840 DK
 * has. Source: Macronix, "MX25R6435F", data sheet (command set; status register; page program).
 *
 *   0x9f        id: c2 28 17
 *   0x05        status: bit 0 busy, bit 1 write enabled
 *   0x06, 0x04  write enable, write disable
 *   0x03, 0x0b  read, fast read (a byte more before the data); addresses: three bytes, highest
 *   first 0x02        page program: 256 bytes, goes on at the page's start; bits only fall
 *   0x20        sector erase: 4 KiB, to 0xff
 *   0x60, 0xc7  chip erase
 *
 * What changes the chip begins when its select rises, and only if the select rose behind the last
 * byte that it wants; it clears the write enable when it is over. While the chip is busy it knows
 * the status command alone. The bytes change when the command begins, which nobody can tell.
 *
 * Kept are 4 KiB: the first two pages of each of the first eight sectors. All else reads 0xff, and
 * what is programmed there is lost and counted ("beyond").
 *
 * The times are parameters; what they are if left out is near the data sheet's typical values at
 * high performance, chip erase much shorter than it (our runs are short).
 *
 * A plan counts selections, from 1: an action for n is done before the n-th, one for 0 before the
 * first as well.
 *
 * Not modelled: two and four bits, suspension, protection, configuration, security registers, SFDP,
 * power down, resets, limits of the clock, power loss while it writes.
 */
#include "sim/world/catalogue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    PAGE = 256,
    SECTOR = 4096,
    SECTORS = 8,
    KEPT = 2 * PAGE, /* of a sector */
    ADDRESS_MASK = 0x7fffff,
    BUSY = 1, /* status */
    ENABLED = 2,
    ERASED = 0xff,
};

enum { PROGRAM_TIME, ERASE_TIME, CHIP_ERASE_TIME, BIT_ERRORS, PARAMETERS };

static const struct peer_parameter parameters[PARAMETERS] = {
    [PROGRAM_TIME] = {"program_us", "time of a page program", PEER_US, 0, PS_PER_S, 850 * PS_PER_US,
                      NULL, 0},
    [ERASE_TIME] = {"erase_ms", "time of a sector erase", PEER_MS, 0, 10 * PS_PER_S, 40 * PS_PER_MS,
                    NULL, 0},
    [CHIP_ERASE_TIME] = {"chip_erase_ms", "time of a chip erase", PEER_MS, 0, 1000 * PS_PER_S,
                         PS_PER_S, NULL, 0},
    [BIT_ERRORS] = {"bit_error_ppm", "bits of a million that come wrong from it", PEER_NUMBER, 0,
                    1000000, 0, NULL, 0},
};

enum { STAY_BUSY, SLOW, SILENCE, SPOIL, RECOVER, VERBS };

static const struct peer_verb verbs[VERBS] = {
    [STAY_BUSY] = {"stay_busy", "what it begins from now on never ends", 0, {{0}}},
    [SLOW] = {"slow",
              "what it begins from now on takes longer",
              1,
              {{"times", "so many times as long", PEER_NUMBER, 1, 1000, 10, NULL, 0}}},
    [SILENCE] = {"silence",
                 "it does not hear, and all bits stay high",
                 1,
                 {{"selections", "so often; 0: from now on", PEER_NUMBER, 0, UINT32_MAX, 0, NULL,
                   0}}},
    [SPOIL] = {"spoil",
               "some bytes come wrong from it",
               2,
               {{"bytes", "so many", PEER_NUMBER, 1, UINT32_MAX, 1, NULL, 0},
                {"mask", "bits that are turned round", PEER_NUMBER, 1, 255, 1, NULL, 0}}},
    [RECOVER] = {"recover",
                 "whatever was wrong with it is over, and what it was busy with",
                 0,
                 {{0}}},
};

enum fact_number {
    STATE,
    SELECTIONS,
    BYTES,
    READS,
    PROGRAMS,
    ERASES,
    REFUSED,
    NOT_ENABLED,
    UNKNOWN,
    CUT,
    UNANSWERED,
    SPOILT,
    NOT_ERASED,
    BEYOND,
    FIRST_WORD,
    PLAN_LEFT,
    FACTS
};

static const char *const states[] = {"idle", "busy", NULL};

static const struct fact facts[FACTS] = {
    [STATE] = {"state", "idle, busy", states},
    [SELECTIONS] = {"selections", "how often it was selected", NULL},
    [BYTES] = {"bytes", "that came in while it was selected", NULL},
    [READS] = {"reads", "read and fast read, with at least one byte of data", NULL},
    [PROGRAMS] = {"programs", "pages that were programmed", NULL},
    [ERASES] = {"erases", "sectors, or the chip, that were erased", NULL},
    [REFUSED] = {"refused", "commands that came while it was busy", NULL},
    [NOT_ENABLED] = {"not_enabled", "programs and erases without write enable", NULL},
    [UNKNOWN] = {"unknown", "commands that it does not know", NULL},
    [CUT] = {"cut", "commands that ended too early or too late", NULL},
    [UNANSWERED] = {"unanswered", "selections that it was silent in", NULL},
    [SPOILT] = {"spoilt", "bytes that came wrong from it", NULL},
    [NOT_ERASED] = {"not_erased", "programmed bytes that wanted a bit to rise", NULL},
    [BEYOND] = {"beyond", "programmed bytes that nobody keeps", NULL},
    [FIRST_WORD] = {"first_word", "bytes 0 to 3, the first one lowest", NULL},
    [PLAN_LEFT] = {"plan_left", "actions of its plan that were not done", NULL},
};

enum note { NOTE_PROGRAM = 1, NOTE_ERASE, NOTE_REFUSED, NOTE_NOT_ENABLED, NOTE_UNKNOWN, NOTE_CUT };

static const char *const note_names[] = {
    [NOTE_PROGRAM] = "program",         [NOTE_ERASE] = "erase",
    [NOTE_REFUSED] = "refused",         [NOTE_UNKNOWN] = "unknown",
    [NOTE_NOT_ENABLED] = "not_enabled", [NOTE_CUT] = "cut",
};

struct flash {
    uint32_t counts[FACTS];
    uint8_t status;
    bool selected, stays_busy;
    uint32_t slower; /* times as long */
    uint32_t silent; /* selections to come; UINT32_MAX: for good */
    uint32_t spoil_bytes;
    uint8_t spoil_mask;
    uint32_t plan_done;

    const struct command *command; /* of this selection; NULL: none that counts */
    uint32_t count;                /* bytes of this selection */
    uint32_t address;
    uint8_t page[PAGE];
    uint8_t memory[SECTORS * KEPT];
};

struct command {
    uint8_t code;
    bool addressed, changes;
    uint8_t at_least, at_most; /* bytes, its code among them; at most 0: any number */
    uint8_t (*answer)(struct flash *f);
    void (*take)(struct flash *f, uint8_t byte); /* a byte behind the address */
    void (*run)(struct device *d);               /* when the select rises behind a good one */
};

static uint64_t value(const struct device *d, uint32_t parameter)
{
    return peer_plan(d)->values[parameter];
}

static void note(struct device *d, enum note number, uint32_t what)
{
    device_request(
        d, (struct device_request){.kind = REQUEST_NOTE, .address = number, .state_offset = what});
}

static void note_fault(struct device *d, enum fact_number fact, enum note number, uint32_t what)
{
    struct flash *f = device_state(d);
    f->counts[fact]++;
    note(d, number, what);
}

/* --- memory ---------------------------------------------------------------------------------- */

/* Where a byte is kept; NULL: nowhere. */
static uint8_t *kept(struct flash *f, uint32_t address)
{
    uint32_t sector = address / SECTOR, offset = address % SECTOR;
    return sector < SECTORS && offset < KEPT ? &f->memory[sector * KEPT + offset] : NULL;
}

static void begin_work(struct device *d, uint64_t time_ps)
{
    struct flash *f = device_state(d);
    f->status |= BUSY;
    d->wake_ps = f->stays_busy ? TIME_NEVER : d->now_ps + time_ps * f->slower;
}

static void flash_wake(struct device *d)
{
    struct flash *f = device_state(d);
    f->status = 0;
}

static void program_byte(struct flash *f, uint32_t address, uint8_t byte)
{
    uint8_t *cell = kept(f, address);
    if (byte == ERASED)
        return;
    if (!cell) {
        f->counts[BEYOND]++;
        return;
    }
    f->counts[NOT_ERASED] += (byte & ~*cell) != 0;
    *cell &= byte;
}

static void program(struct device *d)
{
    struct flash *f = device_state(d);
    uint32_t first = f->address / PAGE * PAGE;
    for (uint32_t i = 0; i < PAGE; i++)
        program_byte(f, first + i, f->page[i]);
    f->counts[PROGRAMS]++;
    note(d, NOTE_PROGRAM, first);
    begin_work(d, value(d, PROGRAM_TIME));
}

static void erase_sector(struct device *d)
{
    struct flash *f = device_state(d);
    uint32_t first = f->address / SECTOR * SECTOR;
    if (kept(f, first))
        memset(kept(f, first), ERASED, KEPT);
    f->counts[ERASES]++;
    note(d, NOTE_ERASE, first);
    begin_work(d, value(d, ERASE_TIME));
}

static void erase_chip(struct device *d)
{
    struct flash *f = device_state(d);
    memset(f->memory, ERASED, sizeof f->memory);
    f->counts[ERASES]++;
    note(d, NOTE_ERASE, 0);
    begin_work(d, value(d, CHIP_ERASE_TIME));
}

/* --- commands -------------------------------------------------------------------------------- */

static void enable(struct device *d)
{
    struct flash *f = device_state(d);
    f->status |= ENABLED;
}

static void disable(struct device *d)
{
    struct flash *f = device_state(d);
    f->status &= (uint8_t)~ENABLED;
}

static void count_read(struct device *d)
{
    struct flash *f = device_state(d);
    f->counts[READS]++;
}

static uint8_t say_id(struct flash *f)
{
    static const uint8_t id[] = {0xc2, 0x28, 0x17}; /* Macronix, MX25R, 64 Mbit */
    return id[(f->count - 1) % sizeof id];
}

static uint8_t say_status(struct flash *f)
{
    return f->status;
}

static uint8_t say_byte(struct flash *f)
{
    if (f->count + 1 < f->command->at_least)
        return ERASED;
    const uint8_t *cell = kept(f, f->address);
    f->address = (f->address + 1) & ADDRESS_MASK;
    return cell ? *cell : ERASED;
}

/* The last 256 bytes count, each at its place in the page. */
static void take_data(struct flash *f, uint8_t byte)
{
    f->page[(f->address + f->count - 4) % PAGE] = byte;
}

static const struct command commands[] = {
    {0x02, true, true, 5, 0, NULL, take_data, program},
    {0x03, true, false, 5, 0, say_byte, NULL, count_read},
    {0x04, false, false, 1, 1, NULL, NULL, disable},
    {0x05, false, false, 1, 0, say_status, NULL, NULL},
    {0x06, false, false, 1, 1, NULL, NULL, enable},
    {0x0b, true, false, 6, 0, say_byte, NULL, count_read},
    {0x20, true, true, 4, 4, NULL, NULL, erase_sector},
    {0x60, false, true, 1, 1, NULL, NULL, erase_chip},
    {0x9f, false, false, 1, 0, say_id, NULL, NULL},
    {0xc7, false, true, 1, 1, NULL, NULL, erase_chip},
};

static void begin_command(struct device *d, uint8_t code)
{
    struct flash *f = device_state(d);
    f->command = NULL;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].code == code)
            f->command = &commands[i];
    if (!f->command) {
        note_fault(d, UNKNOWN, NOTE_UNKNOWN, code);
    } else if ((f->status & BUSY) && f->command->answer != say_status) {
        f->command = NULL;
        note_fault(d, REFUSED, NOTE_REFUSED, code);
    }
}

static void end_command(struct device *d)
{
    struct flash *f = device_state(d);
    const struct command *c = f->command;
    f->command = NULL;
    if (!c)
        return;
    if (f->count < c->at_least || (c->at_most && f->count > c->at_most))
        note_fault(d, CUT, NOTE_CUT, c->code);
    else if (c->changes && !(f->status & ENABLED))
        note_fault(d, NOT_ENABLED, NOTE_NOT_ENABLED, c->code);
    else if (c->run)
        c->run(d);
}

/* --- its plan -------------------------------------------------------------------------------- */

static void recover(struct device *d)
{
    struct flash *f = device_state(d);
    d->wake_ps = TIME_NEVER;
    f->stays_busy = false;
    f->slower = 1;
    f->silent = f->spoil_bytes = 0;
    f->status = 0;
}

static void do_verb(struct device *d, uint32_t verb, const uint64_t *arguments)
{
    struct flash *f = device_state(d);
    switch (verb) {
    case STAY_BUSY:
        f->stays_busy = true;
        break;
    case SLOW:
        f->slower = (uint32_t)arguments[0];
        break;
    case SILENCE:
        f->silent = arguments[0] ? (uint32_t)arguments[0] : UINT32_MAX;
        break;
    case SPOIL:
        f->spoil_bytes = (uint32_t)arguments[0];
        f->spoil_mask = (uint8_t)arguments[1];
        break;
    default:
        recover(d);
        break;
    }
}

static void follow_plan(struct device *d)
{
    struct flash *f = device_state(d);
    const struct peer_plan *plan = peer_plan(d);
    while (f->plan_done < plan->action_count &&
           plan->actions[f->plan_done].at_event <= f->counts[SELECTIONS]) {
        const struct peer_action *action = &plan->actions[f->plan_done++];
        do_verb(d, action->verb, action->arguments);
    }
}

/* --- the wire -------------------------------------------------------------------------------- */

static void begin_selection(struct device *d)
{
    struct flash *f = device_state(d);
    f->counts[SELECTIONS]++;
    follow_plan(d);
    f->selected = f->silent == 0;
    f->counts[UNANSWERED] += !f->selected;
    if (f->silent > 0 && f->silent < UINT32_MAX)
        f->silent--;
    f->count = f->address = 0;
    memset(f->page, ERASED, sizeof f->page);
}

static uint8_t with_errors(struct device *d, uint8_t byte)
{
    struct flash *f = device_state(d);
    uint64_t per_million = value(d, BIT_ERRORS);
    uint8_t wrong = 0;
    if (f->spoil_bytes > 0) {
        f->spoil_bytes--;
        wrong = f->spoil_mask;
    }
    for (int bit = 0; per_million && bit < 8; bit++)
        if (random_below(&d->random, 1000000) < per_million)
            wrong |= (uint8_t)(1 << bit);
    f->counts[SPOILT] += wrong != 0;
    return byte ^ wrong;
}

/* The answer is made before the byte is looked at. */
static uint8_t exchange(struct device *d, uint8_t byte)
{
    struct flash *f = device_state(d);
    uint8_t answer = ERASED;
    if (!f->selected)
        return answer;
    f->counts[BYTES]++;
    if (f->count > 0 && f->command && f->command->answer)
        answer = with_errors(d, f->command->answer(f));
    if (f->count == 0)
        begin_command(d, byte);
    else if (f->count <= 3)
        f->address = (f->address << 8 | byte) & ADDRESS_MASK;
    else if (f->command && f->command->take)
        f->command->take(f, byte);
    f->count++;
    return answer;
}

static struct wire_answer flash_signal(struct device *d, const struct wire_signal *signal)
{
    struct wire_answer answer = {.value = ERASED};
    if (signal->act == WIRE_SELECT)
        begin_selection(d);
    else if (signal->act == WIRE_DESELECT)
        end_command(d);
    else if (signal->act == WIRE_OUT)
        answer.value = exchange(d, signal->value);
    return answer;
}

static void flash_reset(struct device *d)
{
    struct flash *f = device_state(d);
    memset(f->memory, ERASED, sizeof f->memory);
    recover(d);
}

/* --- facts, notes ---------------------------------------------------------------------------- */

static uint64_t flash_fact(const struct device *d, uint32_t fact)
{
    const struct flash *f = device_state_read(d);
    const uint8_t *m = f->memory;
    switch (fact) {
    case STATE:
        return (f->status & BUSY) != 0;
    case FIRST_WORD:
        return m[0] | (uint32_t)m[1] << 8 | (uint32_t)m[2] << 16 | (uint32_t)m[3] << 24;
    case PLAN_LEFT:
        return peer_plan(d)->action_count - f->plan_done;
    default:
        return f->counts[fact];
    }
}

static const char *note_name(uint32_t number)
{
    return number < sizeof note_names / sizeof note_names[0] ? note_names[number] : NULL;
}

static const char *note_text(uint32_t number, uint32_t what, char *text, size_t size)
{
    const char *name = note_name(number);
    (void)snprintf(text, size, "%s 0x%02" PRIx32, name ? name : "?", what);
    return text;
}

const struct peer_type spi_flash_peer = {
    .type = {.name = "spi-flash",
             .state_size = sizeof(struct flash),
             .wire = WIRE_SPI,
             .on_reset = flash_reset,
             .on_wake = flash_wake,
             .on_signal = flash_signal},
    .about = "a flash chip on SPI, after the MX25R6435F: id, status, read, program, erase",
    .parameters = parameters,
    .parameter_count = PARAMETERS,
    .verbs = verbs,
    .verb_count = VERBS,
    .facts = facts,
    .fact_count = FACTS,
    .fact = flash_fact,
    .note_name = note_name,
    .note_text = note_text,
    .spi_modes = 1 << 0 | 1 << 3,
};
