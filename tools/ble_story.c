/* ble_story.c: see ble_story.h. */

#define _POSIX_C_SOURCE 200809L

#include "tools/ble_story.h"

#include "sim/ble/channel.h"
#include "sim/ble/notes.h"
#include "sim/ble/time.h"
#include "sim/verdict.h"
#include "tools/connections.h"
#include "tools/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Of a peer. */
struct peer_note {
    uint64_t at_ps;
    uint32_t device, number, value;
};

struct broken {
    uint64_t at_ps;
    bool placed; /* within an event */
    char text[VERDICT_TEXT_MAX];
};

struct ble_story {
    const struct scenario *scenario;
    struct air_log log;
    uint32_t count, capacity;
    struct peer_note *notes; /* in the order of their times */
    uint32_t broken_count;
    struct broken broken[VERDICT_MAX];
};

/* One connection event: from its anchor to the next. */
struct ble_event {
    uint32_t number;
    uint64_t from_ps, to_ps;
    uint32_t first_note; /* behind the anchor's */
};

struct table {
    struct ble_story *story;
    const struct ble_story_choice *choice;
    FILE *out;
    uint32_t number;
    const struct air_link *link;
    const struct connection *kept;
    uint32_t kept_count;
    uint32_t frame;  /* those before it are of earlier events */
    uint64_t before; /* --around: events that are left out */
};

/* --- what happens ---------------------------------------------------------------------------- */

struct ble_story *ble_story_start(const struct scenario *scenario)
{
    struct ble_story *story = calloc(1, sizeof *story);
    if (!story)
        abort();
    story->scenario = scenario;
    air_log_start(&story->log, scenario);
    return story;
}

static bool has_antenna(const struct ble_story *story, uint32_t device)
{
    const struct scenario *s = story->scenario;
    uint32_t peer = device - s->board.device_count;
    return peer < s->peer_count && s->peers[peer].type->type.on_air;
}

void ble_story_add(struct ble_story *story, const struct record *record,
                   const struct air_frame *frame)
{
    (void)air_log_add(&story->log, record, frame);
    if (record->kind != EVENT_PEER_NOTE || !has_antenna(story, pair_high(record->value)))
        return;
    if (story->count == story->capacity) {
        story->capacity = story->capacity ? 2 * story->capacity : 256;
        story->notes = realloc(story->notes, story->capacity * sizeof *story->notes);
        if (!story->notes)
            abort();
    }
    story->notes[story->count++] = (struct peer_note){record->at_ps, pair_high(record->value),
                                                      record->address, pair_low(record->value)};
}

void ble_story_verdict(struct ble_story *story, uint64_t at_ps, const char *text)
{
    if (story->broken_count == VERDICT_MAX)
        return;
    struct broken *broken = &story->broken[story->broken_count++];
    broken->at_ps = at_ps;
    snprintf(broken->text, sizeof broken->text, "%s", text);
}

void ble_story_free(struct ble_story *story)
{
    free(story->notes);
    air_log_free(&story->log);
    free(story);
}

/* --- events ---------------------------------------------------------------------------------- */

static bool is_note(const struct table *table, const struct peer_note *note, uint32_t number)
{
    return note->device == table->link->central && note->number == number &&
           note->at_ps >= table->link->from_ps;
}

/* Whether the central's later notes are of a connection after this one. */
static bool is_over(const struct table *table, const struct peer_note *note)
{
    return is_note(table, note, BLE_NOTE_STATE) && note->value < BLE_PEER_CREATED;
}

/* The next anchor from note `at` on; `story->count`: there is none. */
static uint32_t find_anchor(const struct table *table, uint32_t at)
{
    const struct ble_story *story = table->story;
    while (at < story->count && !is_note(table, &story->notes[at], BLE_NOTE_ANCHOR))
        if (is_over(table, &story->notes[at++]))
            return story->count;
    return at;
}

/* The event that begins at note *at or later; *at moves behind its anchor. */
static bool next_event(const struct table *table, uint32_t *at, struct ble_event *event)
{
    const struct ble_story *story = table->story;
    uint32_t anchor = find_anchor(table, *at);
    if (anchor == story->count)
        return false;
    uint32_t next = find_anchor(table, anchor + 1);
    *at = anchor + 1;
    *event = (struct ble_event){
        .number = story->notes[anchor].value,
        .from_ps = story->notes[anchor].at_ps,
        .to_ps = next < story->count ? story->notes[next].at_ps : UINT64_MAX,
        .first_note = anchor + 1,
    };
    return true;
}

/* --- one line -------------------------------------------------------------------------------- */

static int64_t margin_of(uint64_t ifs_ps)
{
    int64_t off_ps = (int64_t)ifs_ps - (int64_t)BLE_T_IFS_PS;
    return (int64_t)BLE_ACTIVE_JITTER_PS - (off_ps < 0 ? -off_ps : off_ps);
}

static const char *name_of(const struct table *table, const struct air_log_frame *frame)
{
    return air_device_name(table->story->scenario, frame->sender);
}

/* "  < empty 1/0 150.000 again" */
static void put_packet(const struct table *table, const struct air_log_frame *frame,
                       uint64_t ifs_ps, FILE *out)
{
    char text[AIR_PDU_TEXT_MAX];
    const struct air_pdu *pdu = &frame->pdu;
    struct ble_data_header header = air_pdu_header(pdu);
    fprintf(out, "  %c %s %d/%d", pdu->from_central ? '>' : '<', air_pdu_name(pdu, text), header.sn,
            header.nesn);
    if (ifs_ps) {
        char us[US_TEXT_MAX];
        fprintf(out, " %s", us_text(ifs_ps, us));
    }
    if (header.md)
        fprintf(out, " MD");
    if (pdu->again)
        fprintf(out, " again");
    if (pdu->cut)
        fprintf(out, " broken off");
    else if (pdu->crc != AIR_CRC_GOOD)
        fprintf(out, " wrong CRC");
    if (!pdu->from_central && table->link->peripheral != frame->sender)
        fprintf(out, " from %s", name_of(table, frame));
    for (uint32_t i = 0; i < frame->fate_count; i++) {
        if (!air_log_fate_matters(&table->story->log, frame, i))
            continue;
        air_fate_text(table->story->scenario, frame, i, text);
        fprintf(out, " (%s)", text);
    }
}

/* What an event was so far. */
struct seen {
    const struct air_log_frame *last;
    bool measured; /* the peripheral has answered: */
    int64_t margin_ps;
};

static void see_packet(const struct air_log_frame *frame, uint64_t ifs_ps, struct seen *seen)
{
    seen->last = frame;
    if (frame->pdu.from_central || !ifs_ps)
        return;
    int64_t margin_ps = margin_of(ifs_ps);
    if (!seen->measured || margin_ps < seen->margin_ps)
        seen->margin_ps = margin_ps;
    seen->measured = true;
}

/* Time since the last packet of the other side; 0: this is the first. */
static uint64_t ifs_before(const struct seen *seen, const struct air_log_frame *frame)
{
    bool answers = seen->last && seen->last->pdu.from_central != frame->pdu.from_central &&
                   frame->start_ps > seen->last->end_ps;
    return answers ? frame->start_ps - seen->last->end_ps : 0;
}

/* Notes that say more than the packets do. */
static bool is_told(const struct table *table, const struct peer_note *note)
{
    switch (note->number) {
    case BLE_NOTE_LATE:
    case BLE_NOTE_EARLY:
    case BLE_NOTE_MISSED:
    case BLE_NOTE_CRC:
    case BLE_NOTE_PROCEDURE_FAIL:
    case BLE_NOTE_INSTANT:
    case BLE_NOTE_ENCRYPTED:
    case BLE_NOTE_LOST:
        return note->device == table->link->central;
    default:
        return false;
    }
}

enum { TEXT_COLUMN = 34 };

static void put_notes(const struct table *table, const struct ble_event *event)
{
    char text[AIR_PDU_TEXT_MAX];
    const struct ble_story *story = table->story;
    for (uint32_t i = event->first_note; i < story->count; i++) {
        const struct peer_note *note = &story->notes[i];
        if (note->at_ps >= event->to_ps)
            return;
        if (is_told(table, note))
            fprintf(table->out, "%*s%s: %s\n", TEXT_COLUMN, "",
                    air_device_name(story->scenario, note->device),
                    ble_note_text(note->number, note->value, text, sizeof text));
    }
}

static void put_broken(struct table *table, const struct ble_event *event, bool chosen)
{
    struct ble_story *story = table->story;
    for (uint32_t i = 0; i < story->broken_count; i++) {
        struct broken *broken = &story->broken[i];
        if (broken->at_ps < event->from_ps || broken->at_ps >= event->to_ps)
            continue;
        broken->placed = true;
        if (chosen)
            fprintf(table->out, "%*s%s** %s%s\n", TEXT_COLUMN, "",
                    color_code(table->choice->color, RED), broken->text,
                    color_code(table->choice->color, PLAIN));
    }
}

static bool is_chosen(const struct table *table, const struct ble_event *event, uint64_t place)
{
    const struct ble_story_choice *choice = table->choice;
    if (choice->side)
        return place >= table->before && place < table->before + 2 * choice->side;
    return event->from_ps >= choice->from_ps && event->from_ps <= choice->to_ps;
}

/* The packets of one event, as text into `out`. */
static struct seen put_packets(struct table *table, const struct ble_event *event, FILE *out)
{
    const struct air_log *log = &table->story->log;
    struct seen seen = {.last = NULL};
    while (table->frame < log->count && log->frames[table->frame]->start_ps < event->from_ps)
        table->frame++;
    for (uint32_t i = table->frame; i < log->count; i++) {
        const struct air_log_frame *frame = log->frames[i];
        if (frame->start_ps >= event->to_ps)
            break;
        if (!frame->ended || frame->pdu.link != table->number)
            continue;
        uint64_t ifs_ps = ifs_before(&seen, frame);
        put_packet(table, frame, ifs_ps, out);
        see_packet(frame, ifs_ps, &seen);
    }
    return seen;
}

static void put_event(struct table *table, const struct ble_event *event, bool chosen)
{
    char *packets = NULL, margin[US_TEXT_MAX] = "-", channel[8] = "-";
    size_t size;
    FILE *out = open_memstream(&packets, &size);
    if (!out)
        abort();
    struct seen seen = put_packets(table, event, out);
    fclose(out);
    if (seen.measured)
        signed_us_text(seen.margin_ps, margin);
    if (seen.last)
        snprintf(channel, sizeof channel, "%u", seen.last->pdu.channel);
    if (chosen) {
        char us[US_TEXT_MAX];
        fprintf(table->out, "%7" PRIu32 " %2s %12s %8s%s\n", event->number, channel,
                us_text(event->from_ps, us), margin, seen.last ? packets : "  nothing is sent");
        put_notes(table, event);
    }
    put_broken(table, event, chosen);
    free(packets);
}

/* --- one connection -------------------------------------------------------------------------- */

static void put_head(const struct table *table)
{
    const struct ble_connect *c = &table->link->connect;
    const struct scenario *s = table->story->scenario;
    char us[3][US_TEXT_MAX];
    struct ble_channel_map map = ble_channel_map_make(c->channels);
    fprintf(table->out,
            "%sconnection %" PRIu32 ": %s > %s%s, access address 0x%08" PRIx32
            ", CONNECT_IND until %s us\n",
            color_code(table->choice->color, BOLD), table->number + 1,
            air_device_name(s, table->link->central),
            table->link->peripheral == AIR_DEVICE_NONE
                ? "nobody known"
                : air_device_name(s, table->link->peripheral),
            color_code(table->choice->color, PLAIN), c->access_address,
            us_text(table->link->from_ps, us[0]));
    fprintf(table->out,
            "    interval %s us, latency %u, timeout %u ms; window of %s us after %s us\n",
            us_text(c->interval * BLE_UNIT_PS, us[0]), c->latency, c->timeout * 10u,
            us_text(c->window_size * BLE_UNIT_PS, us[1]),
            us_text(c->window_offset * BLE_UNIT_PS, us[2]));
    fprintf(table->out,
            "    %u channels 0x%010" PRIx64 ", hop %u, ChSel %d, CRCInit 0x%06" PRIx32
            ", central's clock %u ppm\n",
            map.used_count, c->channels, c->hop, c->ch_sel, c->crc_init, ble_sca_ppm(c->sca));
    fprintf(table->out,
            "%s  event ch    anchor us   margin  packets, SN/NESN, us since the last%s\n",
            color_code(table->choice->color, DIM), color_code(table->choice->color, PLAIN));
}

static void put_margin(FILE *out, const char *what, const struct connection_margin *margin)
{
    char us[4][US_TEXT_MAX];
    if (!margin->count)
        return;
    fprintf(out, "    %s: min %s (event %" PRIu32 "), p1 >= %s, median >= %s, max %s us\n", what,
            signed_us_text(margin->min_ps, us[0]), margin->min_event,
            signed_us_text(margin->p1_ps, us[1]), signed_us_text(margin->median_ps, us[2]),
            signed_us_text(margin->max_ps, us[3]));
}

static const struct connection *find_facts(const struct table *table)
{
    for (uint32_t i = 0; i < table->kept_count; i++)
        if (table->kept[i].start_ps == table->link->from_ps)
            return &table->kept[i];
    return NULL;
}

static void put_end(const struct table *table)
{
    const struct connection *c = find_facts(table);
    if (!c) {
        fprintf(table->out, "    its sums are not kept: too many connections came after it\n\n");
        return;
    }
    fprintf(table->out,
            "    %" PRIu32 " events: %" PRIu32 " answered, %" PRIu32 " skipped, %" PRIu32
            " lost on the air, %" PRIu32 " missed; %" PRIu32 " late\n",
            c->events, c->answered, c->skipped, c->lost, c->missed, c->late);
    fprintf(table->out,
            "    packets %" PRIu32 " > %" PRIu32 " <, data sent again %" PRIu32 " > %" PRIu32
            " <, bad CRCs %" PRIu32 " > %" PRIu32 " <\n",
            c->packets[BLE_CENTRAL], c->packets[BLE_PERIPHERAL], c->retransmissions[BLE_CENTRAL],
            c->retransmissions[BLE_PERIPHERAL], c->bad_crcs[BLE_PERIPHERAL],
            c->bad_crcs[BLE_CENTRAL]);
    put_margin(table->out, "margin of T_IFS", &c->turnaround);
    put_margin(table->out, "listens in time by", &c->listening);
    fprintf(table->out, "    at the end: central %s, peripheral %s\n\n",
            ble_state_names[c->state[BLE_CENTRAL]], ble_state_names[c->state[BLE_PERIPHERAL]]);
}

/* --around: how many events stand before those that are told. */
static uint64_t events_before(const struct table *table)
{
    struct ble_event event;
    uint64_t count = 0, side = table->choice->side;
    for (uint32_t at = 0; next_event(table, &at, &event);)
        count += event.from_ps < table->choice->around_ps;
    return count > side ? count - side : 0;
}

static void put_connection(struct table *table)
{
    struct ble_event event;
    uint64_t place = 0;
    put_head(table);
    table->before = events_before(table);
    for (uint32_t at = 0; next_event(table, &at, &event); place++)
        put_event(table, &event, is_chosen(table, &event, place));
    put_end(table);
}

static void put_rest(const struct ble_story *story, const struct ble_story_choice *choice,
                     FILE *out)
{
    char us[US_TEXT_MAX];
    for (uint32_t i = 0; i < story->broken_count; i++)
        if (!story->broken[i].placed)
            fprintf(out, "%sin no event, at %s us: ** %s%s\n", color_code(choice->color, RED),
                    us_text(story->broken[i].at_ps, us), story->broken[i].text,
                    color_code(choice->color, PLAIN));
}

void ble_story_print(struct ble_story *story, const struct machine *m,
                     const struct ble_story_choice *choice, FILE *out)
{
    const struct air_links *links = &story->log.links;
    struct connection kept[BLE_CONNECTION_MAX];
    uint32_t told = 0, kept_count = connections_take(m, kept);
    for (uint32_t i = 0; i < links->count; i++) {
        const struct air_link *link = air_links_get(links, i);
        if (!link)
            continue;
        told++;
        put_connection(&(struct table){.story = story,
                                       .choice = choice,
                                       .out = out,
                                       .number = i,
                                       .link = link,
                                       .kept = kept,
                                       .kept_count = kept_count});
    }
    if (told < links->count)
        fprintf(out, "%" PRIu32 " connections before those are not told\n", links->count - told);
    if (!links->count)
        fprintf(out, "no connection: no CONNECT_IND was on the air\n");
    put_rest(story, choice, out);
}
