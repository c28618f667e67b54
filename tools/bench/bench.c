/* bench.c: options, the table, JSON. Always the same rows in the same order. */
#include "tools/bench/bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: bench [OPTION...]\n\n"
    "Times the simulator against bare C loops and prints a table: the ratio is the figure.\n\n"
    "  --only N           only goal N (1 to 11)\n"
    "  --quick            short works, a look in seconds; figures are rough\n"
    "  --long             also what takes minutes: a day of a connection\n"
    "  --pairs N          pairs of one figure, 7 to 64 (default 11; --quick 7)\n"
    "  --json FILE        write the figures there as JSON, too\n"
    "  --runner FILE      the postern program (default build/postern)\n"
    "  --sanitized FILE   the same with ASan and UBSan\n"
    "  --nothing FILE     a program that only returns (default build/bench-noop)\n"
    "  --scenarios DIR    the suite (default scenarios)\n"
    "  --help             this text\n";

struct options {
    struct bench bench;
    unsigned only;    /* 0: all */
    const char *json; /* NULL: none */
    const char *pairs_text, *only_text;
};

_Noreturn static void usage(const char *why, const char *what)
{
    fprintf(stderr, "bench: %s: %s\ntry bench --help\n", why, what);
    exit(2);
}

static uint32_t number(const char *text, uint32_t least, uint32_t most)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*end || end == text || value < least || value > most)
        usage("not a number that can be", text);
    return (uint32_t)value;
}

static void read_options(struct options *o, int count, char *arguments[])
{
    const struct {
        const char *name;
        const char **into;
    } rows[] = {
        {"--only", &o->only_text},
        {"--pairs", &o->pairs_text},
        {"--json", &o->json},
        {"--runner", &o->bench.runner},
        {"--sanitized", &o->bench.sanitized},
        {"--nothing", &o->bench.nothing},
        {"--scenarios", &o->bench.scenarios},
    };
    for (int i = 1; i < count; i++) {
        size_t row = 0;
        while (row < COUNT_OF(rows) && strcmp(rows[row].name, arguments[i]) != 0)
            row++;
        if (strcmp(arguments[i], "--quick") == 0) {
            o->bench.quick = true;
        } else if (strcmp(arguments[i], "--long") == 0) {
            o->bench.long_runs = true;
        } else if (strcmp(arguments[i], "--help") == 0) {
            fputs(help, stdout);
            exit(0);
        } else if (row == COUNT_OF(rows)) {
            usage("no such option", arguments[i]);
        } else if (i + 1 == count) {
            usage("wants a value", arguments[i]);
        } else {
            *rows[row].into = arguments[++i];
        }
    }
}

static void settle(struct options *o)
{
    struct bench *b = &o->bench;
    b->pairs = b->quick ? 7 : 11;
    b->work_ns = b->quick ? 1000000 : 30000000;
    if (o->pairs_text)
        b->pairs = number(o->pairs_text, 7, 64);
    if (o->only_text)
        o->only = number(o->only_text, 1, 11);
    b->pinned = bench_pin(true);
}

/* ---- the table */

static bool is_met(const struct goal *goal, double value, double wanted)
{
    return goal->unit == UNIT_SPEEDUP ? value >= wanted : value <= wanted;
}

static const char *met(const struct goal *goal, const struct figure *f)
{
    if (!f->measured || goal->must == 0)
        return "-";
    if (!is_met(goal, f->value, goal->must))
        return "NO";
    return goal->aim != 0 && is_met(goal, f->value, goal->aim) ? "yes, aim too" : "yes";
}

static const char *const unit_marks[] = {
    [UNIT_RATIO] = "x",  [UNIT_SPEEDUP] = "x faster", [UNIT_NS] = " ns",
    [UNIT_BYTES] = " B", [UNIT_MIB] = " MiB",         [UNIT_S] = " s",
};

static const char *amount(const struct goal *goal, double value, char text[32])
{
    int digits = goal->unit == UNIT_BYTES || value >= 100 ? 0 : value >= 10 ? 1 : 2;
    if (value == 0)
        snprintf(text, 32, "-");
    else
        snprintf(text, 32, "%.*f%s", digits, value, unit_marks[goal->unit]);
    return text;
}

static const char *time_of(double ns, char text[32])
{
    if (ns == 0)
        snprintf(text, 32, "-");
    else
        snprintf(text, 32, "%.*f", ns < 100 ? 1 : 0, ns);
    return text;
}

static void print_row(const struct goal *goal, const struct figure *f)
{
    char work[128], value[32], range[72], least[32], most[32], ns[32], must[32], aim[32];
    snprintf(work, sizeof work, "%s%s%s", goal->work, goal->against[0] ? " : " : "", goal->against);
    if (!f->measured) {
        printf("%4u  %-76s not measured: %s\n", goal->number, work, f->why);
        return;
    }
    snprintf(range, sizeof range, "%s..%s", amount(goal, f->min, least),
             amount(goal, f->max, most));
    printf("%4u  %-76s %12s %12s  %-22s %8s %8s  %s\n", goal->number, work, time_of(f->ns, ns),
           amount(goal, f->value, value), f->min < f->max ? range : "",
           amount(goal, goal->must, must), amount(goal, goal->aim, aim), met(goal, f));
    if (f->why[0])
        printf("      (%s)\n", f->why);
}

/* ---- JSON. No text in the tables has a character that JSON would want escaped. */

static void write_row(FILE *file, const struct goal *goal, const struct figure *f, bool first)
{
    static const char *const units[] = {
        [UNIT_RATIO] = "ratio", [UNIT_SPEEDUP] = "speedup", [UNIT_NS] = "ns",
        [UNIT_BYTES] = "bytes", [UNIT_MIB] = "MiB",         [UNIT_S] = "s",
    };
    fprintf(file,
            "%s\n    {\"goal\": %u, \"work\": \"%s\", \"against\": \"%s\", \"unit\": \"%s\", ",
            first ? "" : ",", goal->number, goal->work, goal->against, units[goal->unit]);
    fprintf(file, "\"must\": %g, \"aim\": %g, \"measured\": %s", goal->must, goal->aim,
            f->measured ? "true" : "false");
    if (f->measured)
        fprintf(file,
                ", \"value\": %g, \"min\": %g, \"max\": %g, \"ns\": %g, \"base_ns\": %g, "
                "\"met\": \"%s\"",
                f->value, f->min, f->max, f->ns, f->base_ns, met(goal, f));
    fprintf(file, ", \"note\": \"%s\"}", f->why);
}

static void write_json(const struct options *o, const struct figure figures[])
{
    FILE *file = fopen(o->json, "w");
    bool first = true;
    if (!file)
        usage("cannot be written", o->json);
    fprintf(file, "{\"pairs\": %" PRIu32 ", \"pinned\": %s, \"quick\": %s, \"figures\": [",
            o->bench.pairs, o->bench.pinned ? "true" : "false", o->bench.quick ? "true" : "false");
    for (uint32_t i = 0; i < goal_count; i++) {
        if (o->only && o->only != goals[i].number)
            continue;
        write_row(file, &goals[i], &figures[i], first);
        first = false;
    }
    fprintf(file, "\n]}\n");
    if (fclose(file))
        bench_fail("the JSON could not be written");
}

/* ---- */

static void measure(const struct options *o, const struct goal *goal, struct figure *f)
{
    if (goal->measure)
        goal->measure(&o->bench, f);
    else
        figure_cannot(f, "%s", goal->cannot);
    print_row(goal, f);
    fflush(stdout);
}

int main(int count, char *arguments[])
{
    static struct figure figures[64];
    struct options o = {.bench = {.runner = "build/postern",
                                  .nothing = "build/bench-noop",
                                  .scenarios = "scenarios"}};
    read_options(&o, count, arguments);
    settle(&o);
    if (goal_count > COUNT_OF(figures))
        bench_fail("more goals than figures");
    printf("%" PRIu32 " pairs each%s; the figure is the median of the pairs' ratios\n\n",
           o.bench.pairs,
           o.bench.pinned ? ", on one core" : "; the system lets no process be pinned to a core");
    printf("goal  %-76s %12s %12s  %-22s %8s %8s  %s\n", "work : against", "ns", "figure",
           "least..most", "must", "aim", "met?");
    for (uint32_t i = 0; i < goal_count; i++)
        if (!o.only || o.only == goals[i].number)
            measure(&o, &goals[i], &figures[i]);
    if (o.json)
        write_json(&o, figures);
    return 0;
}
