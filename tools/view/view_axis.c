/* view_axis.c: see view_axis.h. */
#include "tools/view/view_axis.h"

#include <stdlib.h>

void axis_start(struct axis *axis)
{
    axis->edge_count = 0;
    axis->count = 0;
    axis->rows = 1;
}

void axis_edge(struct axis *axis, uint64_t address)
{
    if (axis->edge_count < AXIS_EDGE_MAX)
        axis->edges[axis->edge_count++] = address;
}

/* --- cutting --------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool is_used(const struct moment_segments *used, uint64_t address)
{
    for (uint32_t i = 0; i < used->count; i++)
        if (address >= used->at[i].first && address < used->at[i].end)
            return true;
    return false;
}

void axis_cut(struct axis *axis, const struct moment_segments *used)
{
    axis->count = 0;
    for (uint32_t i = 0; i < used->count; i++)
        axis_range(axis, used->at[i].first, used->at[i].end);
    qsort(axis->edges, axis->edge_count, sizeof axis->edges[0], by_number);
    for (uint32_t i = 0; i + 1 < axis->edge_count; i++) {
        uint64_t first = axis->edges[i], end = axis->edges[i + 1];
        if (first == end || first < used->at[0].first || end > used->at[used->count - 1].end)
            continue;
        axis->at[axis->count++] = (struct stretch){
            .first = first, .end = end, .used = is_used(used, first), .cells = AXIS_GAP_CELLS};
    }
}

/* --- grouping -------------------------------------------------------------------------------- */

/* From `from`, which is plain, to behind the last plain one with only gaps between. */
static uint32_t run_end(const struct axis *axis, uint32_t from)
{
    uint32_t end = from + 1;
    for (uint32_t i = end; i < axis->count; i++) {
        if (axis->at[i].used && !axis->at[i].plain)
            break;
        if (axis->at[i].used)
            end = i + 1;
    }
    return end;
}

/* Neighbours of what is not plain are not plain either, `keep` times over. */
static void keep_neighbours(struct axis *axis, uint32_t keep)
{
    uint32_t behind = 0, before = 0;
    bool kept[AXIS_EDGE_MAX] = {false};
    for (uint32_t i = 0; i < axis->count; i++) {
        const struct stretch *s = &axis->at[i];
        if (s->used && !s->plain)
            behind = keep;
        else if (s->used && behind && behind--)
            kept[i] = true;
    }
    for (uint32_t i = axis->count; i > 0; i--) {
        const struct stretch *s = &axis->at[i - 1];
        if (s->used && !s->plain)
            before = keep;
        else if (s->used && before && before--)
            kept[i - 1] = true;
    }
    for (uint32_t i = 0; i < axis->count; i++)
        axis->at[i].plain = axis->at[i].plain && !kept[i];
}

void axis_group(struct axis *axis, int cells, uint32_t keep)
{
    uint32_t kept = 0;
    keep_neighbours(axis, keep);
    for (uint32_t i = 0, end; i < axis->count; i = end) {
        struct stretch s = axis->at[i];
        end = i + 1;
        if (s.used && s.plain)
            end = run_end(axis, i);
        if (end > i + 1) {
            s.end = axis->at[end - 1].end;
            for (uint32_t j = i + 1; j < end; j++)
                s.items += axis->at[j].items;
            s.cells = cells;
        }
        axis->at[kept++] = s;
    }
    axis->count = kept;
}

/* --- placing --------------------------------------------------------------------------------- */

static int wanted_cells(const struct axis *axis, uint32_t from, uint32_t end)
{
    int cells = 0;
    for (uint32_t i = from; i < end; i++)
        cells += axis->at[i].cells;
    return cells;
}

/* That part of a row is better squeezed in than wrapped: a name of up to 14 characters, which wants
 * a cell more than it has, still fits. */
enum { SQUEEZE = 16 };

int axis_rows(const struct axis *axis, int cells)
{
    int rows = 1, used = 0;
    cells += cells / SQUEEZE;
    for (uint32_t i = 0; i < axis->count; i++) {
        if (used && used + axis->at[i].cells > cells) {
            rows++;
            used = 0;
        }
        used += axis->at[i].cells;
    }
    return rows;
}

static uint64_t square_root(uint64_t n)
{
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1)
        if ((root + bit) * (root + bit) <= n)
            root += bit;
    return root;
}

/* What a stretch gets of the spare room, relative to others. A group's bytes are its gaps', too. */
static uint64_t weight(const struct stretch *s)
{
    return !s->used || s->plain ? 0 : square_root(s->end - s->first);
}

/* Stretches `from` to `end` share a row: their wishes first, scaled down if need be. */
static void place_row(struct axis *axis, uint32_t from, uint32_t end, struct axis_run row, int cell)
{
    int wanted = wanted_cells(axis, from, end) * cell;
    int spare = wanted < row.w ? row.w - wanted : 0;
    uint64_t weights = 0, before = 0;
    int cells = 0;
    for (uint32_t i = from; i < end; i++)
        weights += weight(&axis->at[i]);
    for (uint32_t i = from; i < end; i++) {
        struct stretch *s = &axis->at[i];
        int left = wanted > row.w ? (int)((int64_t)cells * cell * row.w / wanted) : cells * cell;
        s->row = row.row;
        s->x = row.x + left + (weights ? (int)((uint64_t)spare * before / weights) : 0);
        cells += s->cells;
        before += weight(s);
        if (i > from)
            s[-1].w = s->x - s[-1].x;
    }
    struct stretch *last = &axis->at[end - 1];
    last->w = (weights || wanted > row.w ? row.x + row.w : last->x + last->cells * cell) - last->x;
}

void axis_place(struct axis *axis, int x, int width, int cell, int rows)
{
    int total = wanted_cells(axis, 0, axis->count), room = width / cell;
    int share = total / rows > room ? total / rows : room, used = 0;
    share += share / SQUEEZE;
    uint32_t from = 0;
    struct axis_run row = {.row = 0, .x = x, .w = width};
    for (uint32_t i = 0; i < axis->count; i++) {
        bool full = used && used + axis->at[i].cells > share && row.row + 1 < rows;
        if (full) {
            place_row(axis, from, i, row, cell);
            row.row++;
            from = i;
            used = 0;
        }
        used += axis->at[i].cells;
    }
    if (axis->count)
        place_row(axis, from, axis->count, row, cell);
    axis->rows = row.row + 1;
}

/* --- asking ---------------------------------------------------------------------------------- */

bool axis_next(const struct axis *axis, uint32_t *at, uint64_t first, uint64_t end,
               struct axis_run *run)
{
    uint32_t i = *at;
    while (i < axis->count && axis->at[i].end <= first)
        i++;
    if (i == axis->count || axis->at[i].first >= end || first >= end)
        return false;
    const struct stretch *s = &axis->at[i];
    *run = (struct axis_run){s->row, s->x, s->w, s->first <= first, s->end >= end};
    for (i++; i < axis->count && axis->at[i].first < end && axis->at[i].row == run->row; i++) {
        run->w = axis->at[i].x + axis->at[i].w - run->x;
        run->ends = axis->at[i].end >= end;
    }
    *at = i;
    return true;
}

bool axis_find(const struct axis *axis, uint64_t address, struct axis_run *run)
{
    for (uint32_t i = 0; i < axis->count; i++) {
        const struct stretch *s = &axis->at[i];
        if (address < s->first || address >= s->end)
            continue;
        int offset = (int)((address - s->first) * (uint64_t)s->w / (s->end - s->first));
        *run = (struct axis_run){s->row, s->x + offset, s->w - offset, true, true};
        return true;
    }
    return false;
}
