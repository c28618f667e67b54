/* margins.c: see margins.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/margins.h"

#include "tools/suite.h"
#include "tools/text.h"
#include <inttypes.h>
#include <string.h>

/* From the best to the worst: of several seeds the worst is shown. */
enum margin_kind {
    MARGIN_EMPTY,
    MARGIN_UNBOUNDED,
    MARGIN_US,
    MARGIN_NONE,
    MARGIN_LOST,
    MARGIN_FAILED
};

enum { ROW_WIDTH = 60, CELL_WIDTH = 9 };

/* --- what a member says ---------------------------------------------------------------------- */

/* Either side heard nothing for too long. */
static bool is_lost(const struct result *result)
{
    for (uint32_t i = 0; i < result->connection_count; i++)
        for (int side = 0; side < BLE_SIDES; side++)
            if (result->connections[i].state[side] == BLE_STATE_NOT_ESTABLISHED ||
                result->connections[i].state[side] == BLE_STATE_TIMED_OUT)
                return true;
    return false;
}

static struct margin_cell cell_of(const struct scenario *s, const struct result *result)
{
    struct margin_cell cell = {.kind = MARGIN_UNBOUNDED};
    if (result->outcome != OUTCOME_HOLDS)
        return (struct margin_cell){.kind = MARGIN_FAILED};
    if (s->peer_count > 0 && result->connection_count == 0)
        return (struct margin_cell){.kind = MARGIN_NONE};
    if (is_lost(result))
        return (struct margin_cell){.kind = MARGIN_LOST};
    for (uint32_t i = 0; i < result->latency_count; i++) {
        const struct result_latency *l = &result->latencies[i];
        const struct check *check = &s->checks[l->check];
        if (check->kind != CHECK_LATENCY || check->max == UINT64_MAX || !l->count)
            continue;
        cell.kind = MARGIN_US;
        cell.margin_ps = (int64_t)check->max - (int64_t)l->max_ps;
        break;
    }
    return cell;
}

static bool is_worse(struct margin_cell a, struct margin_cell b)
{
    if (a.kind != b.kind)
        return a.kind > b.kind;
    return a.kind == MARGIN_US && a.margin_ps < b.margin_ps;
}

/* --- rows and columns ------------------------------------------------------------------------ */

/* The id without its seed and without key=value; the value goes into `value`. False: no key. */
static bool cut_key(const char *id, const char *key, char row[SCENARIO_ID_MAX], char value[32])
{
    const char *parts = strchr(id, '#'), *seed = strrchr(id, '@');
    size_t key_size = strlen(key);
    if (!parts || !seed)
        return false;
    bool found = false;
    size_t used = (size_t)snprintf(row, SCENARIO_ID_MAX, "%.*s", (int)(parts - id), id);
    for (const char *at = parts; at < seed;) {
        size_t size = 1 + strcspn(at + 1, ",@");
        if (strncmp(at + 1, key, key_size) == 0 && at[1 + key_size] == '=') {
            found = true;
            snprintf(value, 32, "%.*s", (int)(size - key_size - 2), at + key_size + 2);
        } else if (used < SCENARIO_ID_MAX) {
            used += (size_t)snprintf(row + used, SCENARIO_ID_MAX - used, " %.*s", (int)size - 1,
                                     at + 1);
        }
        at += size;
    }
    return found;
}

static uint32_t place_of(char *list, size_t size, uint32_t *count, uint32_t max, const char *text)
{
    for (uint32_t i = 0; i < *count; i++)
        if (strcmp(list + i * size, text) == 0)
            return i;
    if (*count < max)
        snprintf(list + *count * size, size, "%s", text);
    return *count < max ? (*count)++ : max;
}

/* Files and folders, and the first swept key, for a table that nobody asked for. */
static void look_at(struct margins *margins, const char *id)
{
    size_t claim = strcspn(id, "#@"), folder = strcspn(id, "/");
    const char *key = id + claim + 1;
    if (strncmp(margins->claim, id, claim) != 0 || margins->claim[claim]) {
        snprintf(margins->claim, sizeof margins->claim, "%.*s", (int)claim, id);
        margins->claim_count++;
    }
    if (!*margins->folder)
        snprintf(margins->folder, sizeof margins->folder, "%.*s", (int)folder, id);
    margins->folders |= strncmp(margins->folder, id, folder) != 0 || margins->folder[folder];
    if (margins->wanted)
        snprintf(margins->key, sizeof margins->key, "%s", margins->wanted);
    else if (!*margins->key && id[claim] == '#')
        snprintf(margins->key, sizeof margins->key, "%.*s", (int)strcspn(key, "="), key);
}

void margins_add(struct margins *margins, const struct scenario *scenario,
                 const struct result *result)
{
    char row_text[SCENARIO_ID_MAX], value[32];
    look_at(margins, scenario->id);
    if (!*margins->key || !cut_key(scenario->id, margins->key, row_text, value))
        return;
    uint32_t row =
        place_of(margins->rows[0], SCENARIO_ID_MAX, &margins->row_count, MARGIN_ROW_MAX, row_text);
    uint32_t column = place_of(margins->columns[0], sizeof margins->columns[0],
                               &margins->column_count, MARGIN_COLUMN_MAX, value);
    if (row == MARGIN_ROW_MAX || column == MARGIN_COLUMN_MAX) {
        margins->left_out++;
        return;
    }
    struct margin_cell cell = cell_of(scenario, result);
    if (is_worse(cell, margins->cells[row][column]))
        margins->cells[row][column] = cell;
}

/* The last number in a value's text, by which columns stand: "trap-80" before "m4-300". 0: none. */
static uint64_t number_in(const char *text)
{
    uint64_t number = 0;
    for (bool in_number = false; *text; text++) {
        bool digit = *text >= '0' && *text <= '9';
        if (digit)
            number = (in_number ? number * 10 : 0) + (uint64_t)(*text - '0');
        in_number = digit;
    }
    return number;
}

/* Columns in the order of their numbers, else as they came. */
static void order_columns(const struct margins *margins, uint32_t order[MARGIN_COLUMN_MAX])
{
    for (uint32_t i = 0; i < margins->column_count; i++) {
        uint32_t at = i;
        for (;
             at > 0 && number_in(margins->columns[order[at - 1]]) > number_in(margins->columns[i]);
             at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* --- printing -------------------------------------------------------------------------------- */

static void put_cell(FILE *out, struct margin_cell cell)
{
    static const char *const words[] = {[MARGIN_EMPTY] = "-",
                                        [MARGIN_UNBOUNDED] = "-",
                                        [MARGIN_NONE] = "none",
                                        [MARGIN_LOST] = "lost",
                                        [MARGIN_FAILED] = "failed"};
    char text[US_TEXT_MAX + 1];
    const char *word =
        cell.kind == MARGIN_US ? signed_us_text(cell.margin_ps, text) : words[cell.kind];
    fprintf(out, " %*s", CELL_WIDTH, word);
}

void margins_print(const struct margins *margins, FILE *out, bool color)
{
    bool by_itself = !margins->folders && margins->claim_count > 1 && margins->column_count > 1 &&
                     2 * margins->row_count >= margins->claim_count;
    if (!margins->wanted && !by_itself)
        return;
    uint32_t order[MARGIN_COLUMN_MAX] = {0};
    order_columns(margins, order);
    fprintf(out, "%s%-*s", color_code(color, BOLD), ROW_WIDTH, "margin of the bound, us");
    for (uint32_t c = 0; c < margins->column_count; c++)
        fprintf(out, " %*s", CELL_WIDTH, margins->columns[order[c]]);
    fprintf(out, "%s\n", color_code(color, PLAIN));
    for (uint32_t r = 0; r < margins->row_count; r++) {
        const char *slash = strchr(margins->rows[r], '/');
        const char *name = slash ? slash + 1 : margins->rows[r];
        fprintf(out, "%-*s", ROW_WIDTH, name);
        if (strlen(name) > ROW_WIDTH)
            fprintf(out, "\n%*s", ROW_WIDTH, "");
        for (uint32_t c = 0; c < margins->column_count; c++)
            put_cell(out, margins->cells[r][order[c]]);
        fprintf(out, "\n");
    }
    if (margins->left_out)
        fprintf(out, "and %" PRIu32 " runs more, for which the table has no room\n",
                margins->left_out);
    fprintf(out, "\n");
}
