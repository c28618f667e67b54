/* connections.c: see connections.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/connections.h"

#include "tools/air_log.h"
#include "tools/suite.h"
#include "tools/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_WIDTH = 36 };

/* --- taking ---------------------------------------------------------------------------------- */

static struct connection_margin take_margin(const struct ble_margin *margin)
{
    if (!margin->count)
        return (struct connection_margin){0};
    return (struct connection_margin){.count = margin->count,
                                      .min_ps = margin->min_ps,
                                      .p1_ps = ble_margin_quantile_ps(margin, 10),
                                      .median_ps = ble_margin_quantile_ps(margin, 500),
                                      .max_ps = margin->max_ps,
                                      .min_at_ps = margin->min_at_ps,
                                      .min_event = margin->min_event};
}

static struct connection take(uint32_t number, const struct ble_connection_facts *facts)
{
    struct connection c = {.number = number,
                           .access_address = facts->access_address,
                           .opaque = facts->opaque,
                           .adrift = facts->adrift,
                           .start_ps = facts->start_ps,
                           .events = facts->events,
                           .answered = facts->answered,
                           .skipped = facts->skipped,
                           .lost = facts->lost,
                           .missed = facts->missed,
                           .late = facts->late,
                           .unlistened = facts->unlistened,
                           .turnaround = take_margin(&facts->ifs[BLE_PERIPHERAL]),
                           .listening = take_margin(&facts->window_open)};
    for (int side = 0; side < BLE_SIDES; side++) {
        c.device[side] = facts->device[side];
        c.state[side] = facts->state[side];
        c.packets[side] = facts->packets[side];
        c.retransmissions[side] = facts->retransmissions[side];
        c.bad_crcs[side] = facts->bad_crcs[side];
    }
    return c;
}

uint32_t connections_take(const struct machine *m, struct connection taken[BLE_CONNECTION_MAX])
{
    uint32_t total = ble_connection_count(m), count = 0;
    for (uint32_t i = 0; i < total && count < BLE_CONNECTION_MAX; i++) {
        const struct ble_connection_facts *facts = ble_connection(m, i);
        if (facts)
            taken[count++] = take(i, facts);
    }
    return count;
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void put_count(FILE *out, const char *name, uint64_t value)
{
    fprintf(out, ", \"%s\": %" PRIu64, name, value);
}

static void put_time(FILE *out, const char *name, int64_t ps)
{
    char text[US_TEXT_MAX];
    fprintf(out, ", \"%s\": %s", name, signed_us_text(ps, text));
}

static void put_margin(FILE *out, const char *name, const struct connection_margin *margin)
{
    fprintf(out, ", \"%s\": {\"count\": %" PRIu64, name, margin->count);
    if (margin->count) {
        put_time(out, "min_us", margin->min_ps);
        put_time(out, "p1_us", margin->p1_ps);
        put_time(out, "median_us", margin->median_ps);
        put_time(out, "max_us", margin->max_ps);
        put_time(out, "min_at_us", (int64_t)margin->min_at_ps);
        put_count(out, "min_event", margin->min_event);
    }
    fprintf(out, "}");
}

static void put_side(FILE *out, const struct scenario *s, const struct connection *c, int side)
{
    static const char *const names[BLE_SIDES] = {"central", "peripheral"};
    fprintf(out, ", \"%s\": {\"name\": ", names[side]);
    json_write_string(out, air_device_name(s, c->device[side]));
    fprintf(out, ", \"state\": \"%s\"", ble_state_names[c->state[side]]);
    put_count(out, "packets", c->packets[side]);
    put_count(out, "retransmissions", c->retransmissions[side]);
    put_count(out, "bad_crcs", c->bad_crcs[side]);
    fprintf(out, "}");
}

static void put_connection(FILE *out, const struct scenario *s, const struct connection *c)
{
    fprintf(out, "{\"number\": %" PRIu32 ", \"access_address\": \"0x%08" PRIx32 "\"", c->number,
            c->access_address);
    put_time(out, "start_us", (int64_t)c->start_ps);
    put_side(out, s, c, BLE_CENTRAL);
    put_side(out, s, c, BLE_PERIPHERAL);
    put_count(out, "events", c->events);
    put_count(out, "answered", c->answered);
    put_count(out, "skipped", c->skipped);
    put_count(out, "lost", c->lost);
    put_count(out, "missed", c->missed);
    put_count(out, "late", c->late);
    put_count(out, "unlistened", c->unlistened);
    put_margin(out, "turnaround_margin", &c->turnaround);
    put_margin(out, "listening_margin", &c->listening);
    fprintf(out, ", \"opaque\": %s, \"adrift\": %s}", c->opaque ? "true" : "false",
            c->adrift ? "true" : "false");
}

void connections_write_json(FILE *out, const struct scenario *scenario,
                            const struct connection *connections, uint32_t count)
{
    fprintf(out, "\"connections\": [");
    for (uint32_t i = 0; i < count; i++) {
        fprintf(out, "%s", i ? ", " : "");
        put_connection(out, scenario, &connections[i]);
    }
    fprintf(out, "]");
}

/* --- the table ------------------------------------------------------------------------------- */

static void put_us(FILE *out, bool known, int64_t ps)
{
    char text[US_TEXT_MAX];
    fprintf(out, " %9s", known ? signed_us_text(ps, text) : "-");
}

static void put_row(FILE *out, const struct connections_row *row)
{
    const struct connection *c = &row->worst;
    const struct connection_margin *margin = &c->turnaround;
    bool known = margin->count > 0;
    fprintf(out, "  %-*s", NAME_WIDTH, row->name);
    if (strlen(row->name) > NAME_WIDTH)
        fprintf(out, "\n  %*s", NAME_WIDTH, "");
    fprintf(out, " %4" PRIu32 " %6" PRIu32 " %6" PRIu32 " %6" PRIu32 " %6" PRIu32 " %6" PRIu32,
            row->runs, c->events, c->lost, c->missed, c->late,
            c->retransmissions[BLE_CENTRAL] + c->retransmissions[BLE_PERIPHERAL]);
    put_us(out, known, margin->min_ps);
    put_us(out, known, margin->p1_ps);
    put_us(out, known, margin->median_ps);
    put_us(out, known, margin->max_ps);
    if (known)
        fprintf(out, " %6" PRIu32 "\n", margin->min_event);
    else
        fprintf(out, " %6s\n", "-");
}

/* The rows of the file whose members have all come. */
static void finish_file(struct connections_table *table)
{
    if (table->count && !table->file)
        table->file = open_memstream(&table->text, &table->size);
    if (table->count && table->file) {
        fprintf(table->file, "%s\n", table->base);
        for (uint32_t i = 0; i < table->count; i++)
            put_row(table->file, &table->rows[i]);
    }
    table->count = 0;
    table->base[0] = '\0';
}

/* Missed events, then late answers, then the smallest margin. */
static bool is_worse(const struct connection *a, const struct connection *b)
{
    if (a->missed != b->missed)
        return a->missed > b->missed;
    if (a->late != b->late)
        return a->late > b->late;
    if (!a->turnaround.count || !b->turnaround.count)
        return !a->turnaround.count && b->turnaround.count;
    return a->turnaround.min_ps < b->turnaround.min_ps;
}

static void add(struct connections_table *table, const struct scenario *s,
                const struct connection *c, uint32_t i)
{
    struct connections_row *row = &table->rows[i];
    if (i == table->count) {
        table->count++;
        *row = (struct connections_row){.worst = *c};
    } else if (is_worse(c, &row->worst)) {
        row->worst = *c;
    }
    row->runs++;
    snprintf(row->name, sizeof row->name, "%s > %s",
             air_device_name(s, row->worst.device[BLE_CENTRAL]),
             air_device_name(s, row->worst.device[BLE_PERIPHERAL]));
}

void connections_add(struct connections_table *table, const struct scenario *scenario,
                     const struct connection *connections, uint32_t count)
{
    char base[SCENARIO_ID_MAX];
    suite_base(scenario->path, base);
    if (strcmp(base, table->base) != 0) {
        finish_file(table);
        memcpy(table->base, base, sizeof base);
    }
    for (uint32_t i = 0; i < count; i++)
        add(table, scenario, &connections[i], i);
}

void connections_print(struct connections_table *table, FILE *out, bool color)
{
    finish_file(table);
    if (!table->file)
        return;
    fclose(table->file);
    fprintf(out, "%s%-*s %4s %6s %6s %6s %6s %6s %9s %9s %9s %9s %6s%s\n", color_code(color, BOLD),
            NAME_WIDTH + 2, "connections; margin of T_IFS, us", "runs", "events", "lost", "missed",
            "late", "again", "min", "p1>=", "median>=", "max", "event", color_code(color, PLAIN));
    fprintf(out, "%s\n", table->text);
    free(table->text);
    table->text = NULL;
    table->file = NULL;
}
