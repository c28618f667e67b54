/* connections.h: what a run's Bluetooth LE connections came to, as sim/monitors/ble_link.h counts
 * it: as values that go through a pipe, as JSON, and as a table for the end of the pretty report:
 * one line for the n-th connection of a file's members, that of the member in which it fared worst.
 */
#ifndef TOOLS_CONNECTIONS_H
#define TOOLS_CONNECTIONS_H

#include "sim/monitors/ble_link.h"
#include <stdio.h>

/* How far within a bound something was; below 0: beyond it. */
struct connection_margin {
    uint64_t count;                           /* 0: the others say nothing */
    int64_t min_ps, p1_ps, median_ps, max_ps; /* p1, median: not above the true ones */
    uint64_t min_at_ps;                       /* when the smallest was, and in which event */
    uint32_t min_event;
};

/* The fields that are also in struct ble_connection_facts mean the same. */
struct connection {
    uint32_t number; /* from 0, in the order of their beginning */
    uint32_t access_address;
    uint16_t device[BLE_SIDES];
    uint8_t state[BLE_SIDES];
    bool opaque, adrift;
    uint64_t start_ps;
    uint32_t events, answered, skipped, lost, missed, late, unlistened;
    uint32_t packets[BLE_SIDES], retransmissions[BLE_SIDES], bad_crcs[BLE_SIDES];
    struct connection_margin turnaround; /* of the peripheral's answers: T_IFS +- 2 us */
    struct connection_margin listening;  /* its receiver is ready so long before it must */
};

/* The connections that are kept; how many. */
uint32_t connections_take(const struct machine *m, struct connection taken[BLE_CONNECTION_MAX]);

/* Writes `"connections": [...]`. */
void connections_write_json(FILE *out, const struct scenario *scenario,
                            const struct connection *connections, uint32_t count);

/* --- the table -------------------------------------------------------------------------------- */

struct connections_table {
    FILE *file; /* NULL: there was none so far */
    char *text;
    size_t size;
    char base[SCENARIO_ID_MAX]; /* of the file whose members come; "": none */
    uint32_t count;
    struct connections_row {
        char name[2 * SCENARIO_NAME_MAX + 8];
        uint32_t runs;
        struct connection worst;
    } rows[BLE_CONNECTION_MAX];
};

void connections_add(struct connections_table *table, const struct scenario *scenario,
                     const struct connection *connections, uint32_t count);
/* The whole table; nothing if there was no connection. Gives back what connections_add took. */
void connections_print(struct connections_table *table, FILE *out, bool color);

#endif
