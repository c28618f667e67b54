/* cmd_diff.c: `postern diff A B` compares two results of `run --format json`, member by member:
 *
 *   outcome, isolation and containment, breaks that were not expected, margins of latency checks,
 *   speed-ups, over-exposure of each app, rules that had something to judge
 *
 * Worse is: an outcome further from "holds"; an isolation line further from "held"; a new break; a
 * bounded latency with less margin (by more than --tolerance) or newly open; a smaller speed-up;
 * more over-exposure; a member that went, or came and does not hold. A latency without a bound, or
 * a rule that is no longer armed, is a change and neither. What differs in the trace alone is
 * counted.
 */
#define _POSIX_C_SOURCE 200809L

#include "sim/clock.h"
#include "sim/json_text.h"
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct diff_options {
    struct option_number tolerance_ps;
};

static const struct option_row rows[] = {
    {"--tolerance", "US", "a margin that shrinks by no more than this is not worse", OPTION_TIME,
     offsetof(struct diff_options, tolerance_ps), 0, 0, NULL},
};

static const struct usage usage = {
    .command = "diff",
    .arguments = "A B",
    .about =
        "Compares two results of `run --format json`: verdicts, latency margins, over-exposure,\n"
        "members that came or went. Exit 1 if something of B is worse than in A.\n",
    .examples = "  postern run --format json --output before.jsonl\n"
                "  postern run --format json --output after.jsonl\n"
                "  postern diff before.jsonl after.jsonl --tolerance 0.5\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_min = 2,
    .argument_max = 2,
};

/* --- reading --------------------------------------------------------------------------------- */

struct row {
    struct json_text json;
    const char *id;
    bool met; /* the other file has it, too */
};

struct result_file {
    const char *path;
    struct row *rows; /* in the order of their ids */
    size_t count, capacity;
    bool whole;               /* its summary is there */
    struct problems not_ours; /* what is wrong with the JSON of a line: that it is none is enough */
};

static const char *text_of(const struct json_node *node, const char *key)
{
    struct json_node member = json_member(node, key);
    return json_is_string(&member) ? json_string(&member) : "";
}

/* Microseconds as picoseconds, counts as they are; 0: not there. */
static uint64_t number_of(const struct json_node *node, const char *key, unsigned decimals)
{
    uint64_t value = 0;
    struct json_node member = json_member(node, key);
    return json_is_number(&member) && json_want_decimal(&member, decimals, UINT64_MAX, &value)
               ? value
               : 0;
}

static uint64_t ps_of(const struct json_node *node, const char *key)
{
    return number_of(node, key, 6);
}

/* A member's line, or the summary; false: complained. */
static bool take_line(struct result_file *file, const char *line, size_t size, unsigned number,
                      struct problems *problems)
{
    if (file->count == file->capacity) {
        file->capacity = file->capacity * 2 + 256;
        file->rows = realloc(file->rows, file->capacity * sizeof file->rows[0]);
        if (!file->rows)
            abort();
    }
    struct row *row = &file->rows[file->count];
    *row = (struct row){0};
    bool good = json_text_parse(&row->json, file->path, line, size, &file->not_ours);
    struct json_node root = json_root(&row->json);
    struct json_node summary = json_member(&root, "summary");
    row->id = text_of(&root, "id");
    file->whole = good && json_is_object(&summary);
    if (good && (file->whole || *row->id)) {
        file->count += !file->whole;
        if (file->whole)
            json_text_free(&row->json);
        return true;
    }
    problem_add(problems, "%s:%u:1: error: this is no result of `run --format json`", file->path,
                number);
    json_text_free(&row->json);
    return false;
}

static int by_id(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return strcmp(x->id, y->id);
}

/* One line each. */
static bool take_lines(struct result_file *file, FILE *in, struct problems *problems)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    bool good = true;
    for (unsigned number = 1; good && (size = getline(&line, &capacity, in)) > 0; number++)
        good = take_line(file, line, (size_t)size, number, problems);
    free(line);
    if (good && ferror(in)) {
        problem_add(problems, "%s: error: %s", file->path, strerror(errno));
        return false;
    }
    return good;
}

static bool read_file(struct result_file *file, const char *path, struct problems *problems)
{
    *file = (struct result_file){.path = path};
    FILE *in = fopen(path, "r");
    if (!in) {
        problem_add(problems, "%s: error: %s", path, strerror(errno));
        return false;
    }
    bool good = take_lines(file, in, problems);
    fclose(in);
    if (good && !file->whole)
        problem_add(problems,
                    "%s: error: no summary at its end: not a whole result of `run --format json`",
                    path);
    if (file->count)
        qsort(file->rows, file->count, sizeof file->rows[0], by_id);
    for (size_t i = 1; good && i < file->count; i++)
        if (strcmp(file->rows[i - 1].id, file->rows[i].id) == 0) {
            problem_add(problems, "%s: error: %s is there twice", path, file->rows[i].id);
            return false;
        }
    return good && file->whole;
}

static void free_file(struct result_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        json_text_free(&file->rows[i].json);
    free(file->rows);
    problems_free(&file->not_ours);
}

static struct row *find_row(const struct result_file *file, const char *id)
{
    const struct row wanted = {.id = id};
    return file->count ? bsearch(&wanted, file->rows, file->count, sizeof wanted, by_id) : NULL;
}

/* --- comparing ------------------------------------------------------------------------------- */

enum judgement { SAME, OTHER, BETTER, WORSE, JUDGEMENTS };

static const char *const judgement_names[JUDGEMENTS] = {"", "changed", "better", "worse"};

/* Two runs of one member while they are compared. */
struct pair_of_runs {
    const struct diff_options *options;
    const char *id;
    struct json_node a, b;
    enum judgement worst;
    FILE *to; /* lines about it wait here */
    char *text;
    size_t size;
};

__attribute__((format(printf, 4, 5))) static void
say(struct pair_of_runs *pair, enum judgement judgement, const char *what, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fprintf(pair->to, "    %-8s %-14s ", judgement_names[judgement], what);
    vfprintf(pair->to, format, list);
    fputc('\n', pair->to);
    va_end(list);
    if (judgement > pair->worst)
        pair->worst = judgement;
}

/* Words from good to bad; an unknown one is worst. */
static size_t rank_of(const char *word, const char *const words[])
{
    size_t rank = 0;
    while (words[rank] && strcmp(words[rank], word) != 0)
        rank++;
    return rank;
}

static void compare_words(struct pair_of_runs *pair, const char *key, const char *const words[])
{
    const char *a = text_of(&pair->a, key), *b = text_of(&pair->b, key);
    if (strcmp(a, b) == 0 || !*a || !*b)
        return; /* not judged: its outcome says so */
    size_t before = rank_of(a, words), after = rank_of(b, words);
    say(pair, after > before ? WORSE : BETTER, key, "%s -> %s", a, b);
}

/* The break of the same rule and process in the other run. */
static bool has_break(const struct json_node *run, const struct json_node *verdict)
{
    struct json_node list = json_member(run, "verdicts");
    for (struct json_node other = json_first(&list); other.value; other = json_next(&other)) {
        struct json_node expected = json_member(&other, "expected");
        if (!json_is_true(&expected) &&
            strcmp(text_of(&other, "rule"), text_of(verdict, "rule")) == 0 &&
            strcmp(text_of(&other, "process"), text_of(verdict, "process")) == 0)
            return true;
    }
    return false;
}

static void compare_breaks(struct pair_of_runs *pair, const struct json_node *in,
                           const struct json_node *not_in, enum judgement judgement)
{
    struct json_node list = json_member(in, "verdicts");
    for (struct json_node verdict = json_first(&list); verdict.value;
         verdict = json_next(&verdict)) {
        struct json_node expected = json_member(&verdict, "expected");
        if (!json_is_true(&expected) && !has_break(not_in, &verdict))
            say(pair, judgement, judgement == WORSE ? "new break" : "break gone", "%s: %s",
                text_of(&verdict, "rule"), text_of(&verdict, "text"));
    }
}

/* The element of `run`'s list `name` whose texts under `keys` are those of `wanted`. */
static struct json_node same_row(const struct json_node *run, const char *name,
                                 const struct json_node *wanted, const char *const keys[])
{
    struct json_node list = json_member(run, name);
    for (struct json_node row = json_first(&list); row.value; row = json_next(&row)) {
        bool same = true;
        for (size_t k = 0; keys[k]; k++)
            same &= strcmp(text_of(&row, keys[k]), text_of(wanted, keys[k])) == 0;
        if (same)
            return row;
    }
    return (struct json_node){0};
}

static const char *const latency_keys[] = {"check", "from", "to", NULL};

/* Signed microseconds. */
static const char *difference_text(uint64_t from_ps, uint64_t to_ps, char text[US_TEXT_MAX + 1])
{
    text[0] = to_ps < from_ps ? '-' : '+';
    us_text(to_ps < from_ps ? from_ps - to_ps : to_ps - from_ps, text + 1);
    return text;
}

/* The bound of a check may move, too: it is the margin that counts, bound - max. */
static enum judgement judge_latency(const struct pair_of_runs *pair, const struct json_node *a,
                                    const struct json_node *b)
{
    struct json_node bound_a = json_member(a, "bound_us"), bound_b = json_member(b, "bound_us");
    uint64_t tolerance = pair->options->tolerance_ps.value;
    if (!bound_a.value && !bound_b.value)
        return OTHER;
    if (!bound_a.value || !bound_b.value)
        return bound_a.value ? WORSE : BETTER; /* a bound is a promise: it went, or it came */
    /* a: bound - max, b: bound - max; compared without a sign: bound_a + max_b, bound_b + max_a */
    uint64_t shrunk = ps_of(a, "bound_us") + ps_of(b, "max_us");
    uint64_t grown = ps_of(b, "bound_us") + ps_of(a, "max_us");
    return shrunk > grown + tolerance ? WORSE : grown > shrunk ? BETTER : OTHER;
}

static void compare_latency(struct pair_of_runs *pair, const struct json_node *a,
                            const struct json_node *b)
{
    char before[US_TEXT_MAX], after[US_TEXT_MAX], change[US_TEXT_MAX + 1], bound[US_TEXT_MAX + 8];
    uint64_t max_a = ps_of(a, "max_us"), max_b = ps_of(b, "max_us");
    uint64_t open_a = number_of(a, "open", 0), open_b = number_of(b, "open", 0);
    struct json_node bound_b = json_member(b, "bound_us");
    if (open_a != open_b)
        say(pair, open_b > open_a ? WORSE : BETTER, "left open",
            "%s to %s: %" PRIu64 " -> %" PRIu64, text_of(b, "from"), text_of(b, "to"), open_a,
            open_b);
    if (max_a == max_b && ps_of(a, "bound_us") == ps_of(b, "bound_us"))
        return;
    snprintf(bound, sizeof bound, ", of ");
    us_text(ps_of(b, "bound_us"), bound + 5);
    say(pair, judge_latency(pair, a, b), "latency", "%s to %s: %s -> %s us (%s)%s",
        text_of(b, "from"), text_of(b, "to"), us_text(max_a, before), us_text(max_b, after),
        difference_text(max_a, max_b, change), bound_b.value ? bound : "");
}

static void compare_latencies(struct pair_of_runs *pair)
{
    struct json_node list = json_member(&pair->b, "latency");
    for (struct json_node b = json_first(&list); b.value; b = json_next(&b)) {
        struct json_node a = same_row(&pair->a, "latency", &b, latency_keys);
        if (a.value)
            compare_latency(pair, &a, &b);
    }
    list = json_member(&pair->a, "latency");
    for (struct json_node a = json_first(&list); a.value; a = json_next(&a)) {
        if (!same_row(&pair->b, "latency", &a, latency_keys).value)
            say(pair, OTHER, "latency", "%s to %s: no longer measured", text_of(&a, "from"),
                text_of(&a, "to"));
    }
}

static void compare_speedups(struct pair_of_runs *pair)
{
    static const char *const keys[] = {"check", NULL};
    struct json_node list = json_member(&pair->b, "speedup");
    for (struct json_node b = json_first(&list); b.value; b = json_next(&b)) {
        struct json_node a = same_row(&pair->a, "speedup", &b, keys);
        uint64_t before = a.value ? number_of(&a, "ratio", 3) : 0;
        uint64_t after = number_of(&b, "ratio", 3);
        if (before && before != after)
            say(pair, after < before ? WORSE : BETTER, "speed-up",
                "%s: %" PRIu64 ".%03" PRIu64 " -> %" PRIu64 ".%03" PRIu64, text_of(&b, "check"),
                before / 1000, before % 1000, after / 1000, after % 1000);
    }
}

static const char *const process_keys[] = {"process", NULL};

static void compare_exposure_of(struct pair_of_runs *pair, const struct json_node *row)
{
    struct json_node a = same_row(&pair->a, "over_exposure", row, process_keys);
    struct json_node b = same_row(&pair->b, "over_exposure", row, process_keys);
    uint64_t before = a.value ? number_of(&a, "bytes", 0) : 0;
    uint64_t after = b.value ? number_of(&b, "bytes", 0) : 0;
    if (before != after)
        say(pair, after > before ? WORSE : BETTER, "over-exposure",
            "%s: 0x%" PRIx64 " -> 0x%" PRIx64 " bytes, devices %" PRIu64 " -> %" PRIu64,
            text_of(row, "process"), before, after, a.value ? number_of(&a, "devices", 0) : 0,
            b.value ? number_of(&b, "devices", 0) : 0);
}

/* Processes of either run, each once. */
static void compare_exposures(struct pair_of_runs *pair)
{
    struct json_node list = json_member(&pair->b, "over_exposure");
    for (struct json_node row = json_first(&list); row.value; row = json_next(&row)) {
        compare_exposure_of(pair, &row);
    }
    list = json_member(&pair->a, "over_exposure");
    for (struct json_node row = json_first(&list); row.value; row = json_next(&row)) {
        if (!same_row(&pair->b, "over_exposure", &row, process_keys).value)
            compare_exposure_of(pair, &row);
    }
}

static bool list_has(const struct json_node *run, const char *name, const char *text)
{
    struct json_node list = json_member(run, name);
    for (struct json_node item = json_first(&list); item.value; item = json_next(&item)) {
        if (json_is_string(&item) && strcmp(json_string(&item), text) == 0)
            return true;
    }
    return false;
}

static void compare_armed(struct pair_of_runs *pair)
{
    struct json_node list = json_member(&pair->a, "rules_armed");
    struct json_node there = json_member(&pair->b, "rules_armed");
    if (!there.value)
        return;
    for (struct json_node rule = json_first(&list); rule.value; rule = json_next(&rule)) {
        if (json_is_string(&rule) && !list_has(&pair->b, "rules_armed", json_string(&rule)))
            say(pair, OTHER, "rule", "%s has nothing to judge any more", json_string(&rule));
    }
}

static void compare_runs(struct pair_of_runs *pair)
{
    static const char *const outcomes[] = {"holds",     "out-of-budget", "vacuous", "failed",
                                           "bad-input", "differed",      NULL};
    static const char *const lines[] = {"held", "broken as claimed", NULL};
    compare_words(pair, "outcome", outcomes);
    compare_words(pair, "isolation", lines);
    compare_words(pair, "containment", lines);
    compare_breaks(pair, &pair->b, &pair->a, WORSE);
    compare_breaks(pair, &pair->a, &pair->b, BETTER);
    compare_latencies(pair);
    compare_speedups(pair);
    compare_exposures(pair);
    compare_armed(pair);
}

/* --- the report ------------------------------------------------------------------------------ */

struct counts {
    unsigned by_judgement[JUDGEMENTS];
    unsigned other_trace, came, went;
};

static void compare_rows(const struct diff_options *options, struct row *a, struct row *b,
                         struct counts *counts)
{
    struct pair_of_runs pair = {
        .options = options, .id = b->id, .a = json_root(&a->json), .b = json_root(&b->json)};
    pair.to = open_memstream(&pair.text, &pair.size);
    if (!pair.to)
        abort();
    a->met = b->met = true;
    compare_runs(&pair);
    fclose(pair.to);
    if (pair.size)
        printf("%-8s %s\n%s", judgement_names[pair.worst], pair.id, pair.text);
    else if (strcmp(text_of(&pair.a, "trace_hash"), text_of(&pair.b, "trace_hash")) != 0)
        counts->other_trace++;
    free(pair.text);
    counts->by_judgement[pair.worst]++;
}

static void print_lone(const struct row *row, const char *how, struct counts *counts, bool worse)
{
    struct json_node root = json_root((struct json_text *)&row->json);
    printf("%-8s %s: %s%s\n", worse ? judgement_names[WORSE] : judgement_names[OTHER], row->id, how,
           text_of(&root, "outcome"));
    counts->by_judgement[worse ? WORSE : OTHER]++;
}

/* In the order of the ids, those of B first. */
static void compare_files(const struct diff_options *options, struct result_file *a,
                          struct result_file *b, struct counts *counts)
{
    for (size_t i = 0; i < b->count; i++) {
        struct row *before = find_row(a, b->rows[i].id);
        struct json_node root = json_root(&b->rows[i].json);
        if (before) {
            compare_rows(options, before, &b->rows[i], counts);
            continue;
        }
        counts->came++;
        print_lone(&b->rows[i], "came, ", counts, strcmp(text_of(&root, "outcome"), "holds") != 0);
    }
    for (size_t i = 0; i < a->count; i++) {
        if (a->rows[i].met)
            continue;
        counts->went++;
        print_lone(&a->rows[i], "went, was ", counts, true);
    }
}

static void print_end(const struct counts *counts)
{
    const unsigned *by = counts->by_judgement;
    printf("%s%u worse, %u better, %u changed, %u alike (%u of them by another trace); %u came, "
           "%u went\n",
           (by[WORSE] + by[BETTER] + by[OTHER]) ? "\n" : "", by[WORSE], by[BETTER], by[OTHER],
           by[SAME], counts->other_trace, counts->came, counts->went);
}

int cmd_diff(int argc, char **argv)
{
    struct diff_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    struct problems problems = {0};
    struct result_file a = {0}, b = {0};
    struct counts counts = {0};
    bool good = read_file(&a, arguments.at[0], &problems);
    good &= read_file(&b, arguments.at[1], &problems);
    if (good) {
        compare_files(&options, &a, &b, &counts);
        print_end(&counts);
    } else if (problems.text) {
        fputs(problems.text, stderr);
    }
    free_file(&a);
    free_file(&b);
    problems_free(&problems);
    return !good ? CODE_BAD_INPUT : counts.by_judgement[WORSE] ? CODE_FAILED : CODE_HOLDS;
}
