/* measured.c: see measured.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/measured.h"

#include "sim/scenario_load.h"
#include "tools/suite.h"
#include "tools/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_WIDTH = 46 };

/* The two sides of a speed-up, or NULL. */
static const struct result_latency *side(const struct result *result, uint32_t check, bool second)
{
    for (uint32_t i = 0; i < result->latency_count; i++)
        if (result->latencies[i].check == check && result->latencies[i].second == second)
            return &result->latencies[i];
    return NULL;
}

uint64_t speedup_thousandths(const struct result *result, uint32_t check)
{
    const struct result_latency *slow = side(result, check, false);
    const struct result_latency *fast = side(result, check, true);
    if (!slow || !fast || !slow->count || !fast->sum_ps)
        return 0;
    unsigned __int128 above = (unsigned __int128)slow->sum_ps * fast->count * 1000;
    unsigned __int128 below = (unsigned __int128)fast->sum_ps * slow->count;
    return (uint64_t)(above / below);
}

static bool open_file(struct measured *measured)
{
    if (!measured->file)
        measured->file = open_memstream(&measured->text, &measured->size);
    return measured->file != NULL;
}

static void put_us(FILE *out, const struct result_latency *l, uint64_t ps)
{
    char text[US_TEXT_MAX];
    fprintf(out, " %9s", l->count ? us_text(ps, text) : "-");
}

static void put_margin(FILE *out, const struct measured_row *row)
{
    char text[US_TEXT_MAX + 1];
    bool passed = row->worst.max_ps > row->bound_ps;
    if (!row->bound_ps || !row->worst.count) {
        fprintf(out, " %9s\n", "-");
        return;
    }
    text[0] = '-';
    us_text(passed ? row->worst.max_ps - row->bound_ps : row->bound_ps - row->worst.max_ps,
            text + passed);
    fprintf(out, " %9s\n", text);
}

static void put_row(FILE *out, const struct measured_row *row)
{
    char name[160];
    const struct result_latency *l = &row->worst;
    snprintf(name, sizeof name, "%s -> %s", row->from, row->to);
    fprintf(out, "  %-*s", NAME_WIDTH, name);
    if (strlen(name) > NAME_WIDTH)
        fprintf(out, "\n  %*s", NAME_WIDTH, "");
    fprintf(out, " %4" PRIu32 " %6" PRIu64, row->runs, l->count);
    put_us(out, l, l->min_ps);
    put_us(out, l, l->median_ps);
    put_us(out, l, l->p99_ps);
    put_us(out, l, l->max_ps);
    put_margin(out, row);
}

static void put_name(struct measured *measured)
{
    if (!measured->speedups)
        fprintf(measured->file, "%s\n", measured->base);
    measured->speedups = true;
}

/* The rows of the file whose members have all come. */
static void finish_file(struct measured *measured)
{
    if (measured->row_count && open_file(measured)) {
        put_name(measured);
        for (uint32_t i = 0; i < measured->row_count; i++)
            put_row(measured->file, &measured->rows[i]);
    }
    measured->row_count = 0;
    measured->speedups = false;
    measured->base[0] = '\0';
}

static void add_row(struct measured *measured, const struct check *check,
                    const struct result_latency *l)
{
    uint32_t i = 0;
    while (i < measured->row_count && measured->rows[i].worst.check != l->check)
        i++;
    struct measured_row *row = &measured->rows[i];
    if (i == measured->row_count) {
        measured->row_count++;
        *row = (struct measured_row){.worst = *l};
        snprintf(row->from, sizeof row->from, "%s", check->from.text);
        snprintf(row->to, sizeof row->to, "%s", check->to.text);
        row->bound_ps = check->max == UINT64_MAX ? 0 : check->max;
    } else if (l->max_ps > row->worst.max_ps) {
        row->worst = *l;
    }
    row->runs++;
}

static void add_speedup(struct measured *measured, const struct scenario *s,
                        const struct result *result, uint32_t check)
{
    uint64_t ratio = speedup_thousandths(result, check);
    if (!ratio || !open_file(measured))
        return;
    const struct result_latency *slow = side(result, check, false);
    const struct result_latency *fast = side(result, check, true);
    char slow_us[US_TEXT_MAX], fast_us[US_TEXT_MAX];
    put_name(measured);
    fprintf(measured->file,
            "  costs %-12s %s us / %s us on average: %" PRIu64 ".%03" PRIu64 " times as fast\n",
            s->costs.preset, us_text(slow->sum_ps / slow->count, slow_us),
            us_text(fast->sum_ps / fast->count, fast_us), ratio / 1000, ratio % 1000);
}

static void add_turns(struct measured *measured, const struct check *check,
                      const struct result *result)
{
    const struct virt_result *turns = &result->turns[check->number];
    if (!turns->operations || !open_file(measured))
        return;
    put_name(measured);
    fprintf(measured->file,
            "  %s: %" PRIu32 " operations, %" PRIu32 " clients; the longest wait was for %" PRIu32
            " operations of others (bound: %" PRIu64 ")\n",
            virt_name(check->number), turns->operations, turns->clients, turns->waited, check->max);
}

void measured_add(struct measured *measured, const struct scenario *scenario,
                  const struct result *result)
{
    char base[SCENARIO_ID_MAX];
    suite_base(scenario->path, base);
    if (strcmp(base, measured->base) != 0) {
        finish_file(measured);
        memcpy(measured->base, base, sizeof base);
    }
    for (uint32_t i = 0; i < result->latency_count; i++) {
        const struct result_latency *l = &result->latencies[i];
        if (scenario->checks[l->check].kind == CHECK_LATENCY)
            add_row(measured, &scenario->checks[l->check], l);
        else if (!l->second)
            add_speedup(measured, scenario, result, l->check);
    }
    for (uint32_t i = 0; i < scenario->check_count; i++)
        if (scenario->checks[i].kind == CHECK_TURNS)
            add_turns(measured, &scenario->checks[i], result);
}

void measured_print(struct measured *measured, FILE *out, bool color)
{
    finish_file(measured);
    if (!measured->file)
        return;
    fclose(measured->file);
    fprintf(out, "%s%-*s %4s %6s %9s %9s %9s %9s %9s%s\n", color_code(color, BOLD), NAME_WIDTH + 2,
            "measured, us of virtual time", "runs", "count", "min", "median<=", "p99<=", "max",
            "margin", color_code(color, PLAIN));
    fprintf(out, "%s\n", measured->text);
    free(measured->text);
    measured->text = NULL;
    measured->file = NULL;
}
