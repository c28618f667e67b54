/* cmd_merge.c: `postern merge FILE...` makes one report of the JSON results of all shards of a run.
 *
 *   files --each line--> results, and a summary that says which shard this is
 *   --all shards of one run, each once?--> results in the order of the shards --> a report
 *
 * The report is byte for byte that of a run without --shard (JUnit: that of --reproducible).
 * Nothing is written unless all is there.
 */
#define _POSIX_C_SOURCE 200809L

#include "tools/commands.h"
#include "tools/report.h"
#include "tools/result_line.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_JSON, FORMAT_TAP, FORMAT_JUNIT };

struct merge_options {
    const char *output;
    uint32_t format;
    bool reproducible;
};

static const char *const formats[] = {"json", "tap", "junit", NULL};
static const struct report_format *const report_formats[] = {
    [FORMAT_JSON] = &report_json, [FORMAT_TAP] = &report_tap, [FORMAT_JUNIT] = &report_junit};

#define FIELD(field) offsetof(struct merge_options, field)

static const struct option_row rows[] = {
    {"--format", "FORMAT", "json (if left out), tap, junit", OPTION_WORD, FIELD(format), 0, 0,
     formats},
    {"--reproducible", NULL, "junit without the time of day and the host's name", OPTION_FLAG,
     FIELD(reproducible), 0, 0, NULL},
    {"--output", "FILE", "write the report there, not to stdout", OPTION_TEXT, FIELD(output), 0, 0,
     NULL},
};

static const struct usage usage = {
    .command = "merge",
    .arguments = "FILE...",
    .about = "Makes one report of all shards of a run: FILE is what `postern run --shard I/N\n"
             "--format json` wrote. A shard that is missing, or of another run, is an error. One\n"
             "FILE of a whole run is taken, too: so results become TAP or JUnit later. The exit\n"
             "code is that of the whole run.\n",
    .examples = "  postern run --shard 1/2 --format json --output 1.jsonl\n"
                "  postern run --shard 2/2 --format json --output 2.jsonl\n"
                "  postern merge 1.jsonl 2.jsonl\n"
                "  postern merge *.jsonl --format junit --output results.xml\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_min = 1,
    .argument_max = ARGUMENTS_ANY,
};

/* One file's results. */
struct piece {
    const char *path;
    char **lines;
    size_t count, capacity; /* of results; the summary is not one */
    struct shard shard;     /* of 0: a whole run */
    char list[20], version[32];
    bool summed; /* the summary has come */
};

/* --- reading --------------------------------------------------------------------------------- */

/* Always false. */
static bool bad_line(const struct piece *piece, size_t line, const char *why)
{
    fprintf(stderr, "%s:%zu:1: error: %s\n", piece->path, line, why);
    return false;
}

static bool read_number(const cJSON *object, const char *key, uint64_t *value)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsNumber(number) || number->valuedouble < 0 || number->valuedouble > 1e15)
        return false;
    *value = (uint64_t)number->valuedouble;
    return true;
}

static bool read_text(const cJSON *object, const char *key, char *text, size_t size)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(value) && snprintf(text, size, "%s", value->valuestring) < (int)size;
}

static bool read_shard(struct piece *piece, const cJSON *object)
{
    struct shard *shard = &piece->shard;
    uint64_t index, of;
    if (!read_number(object, "index", &index) || !read_number(object, "of", &of) ||
        !read_number(object, "first", &shard->first) ||
        !read_number(object, "count", &shard->count) ||
        !read_number(object, "total", &shard->total) ||
        !read_text(object, "list", piece->list, sizeof piece->list) ||
        !read_text(object, "version", piece->version, sizeof piece->version))
        return false;
    shard->index = (uint32_t)index;
    shard->of = (uint32_t)of;
    return index >= 1 && index <= of && of <= SHARD_MAX;
}

static bool take_summary(struct piece *piece, size_t line, const cJSON *summary)
{
    const cJSON *shard = cJSON_GetObjectItemCaseSensitive(summary, "shard");
    if (shard && !read_shard(piece, shard))
        return bad_line(piece, line, "this says of no shard what it is");
    if (!shard)
        piece->shard = (struct shard){.count = piece->count, .total = piece->count};
    if (piece->shard.count != piece->count)
        return bad_line(piece, line, "the summary counts other results than there are");
    return piece->summed = true;
}

static void keep_line(struct piece *piece, const char *text)
{
    if (piece->count == piece->capacity) {
        piece->capacity = piece->capacity * 2 + 64;
        piece->lines = realloc(piece->lines, piece->capacity * sizeof *piece->lines);
    }
    char *copy = strdup(text);
    if (!piece->lines || !copy)
        abort();
    piece->lines[piece->count++] = copy;
}

static bool take_line(struct piece *piece, size_t number, const char *text)
{
    struct result_line line;
    if (piece->summed)
        return bad_line(piece, number, "something follows the summary: two runs in one file?");
    if (result_line_read(&line, text)) {
        keep_line(piece, text);
        result_line_free(&line);
        return true;
    }
    cJSON *root = cJSON_Parse(text);
    const cJSON *summary = cJSON_GetObjectItemCaseSensitive(root, "summary");
    bool good = summary ? take_summary(piece, number, summary)
                        : bad_line(piece, number, "this is no result of `run --format json`");
    cJSON_Delete(root);
    return good;
}

static bool read_lines(struct piece *piece, FILE *file)
{
    char *text = NULL;
    size_t capacity = 0, number = 0;
    bool good = true;
    while (good && getline(&text, &capacity, file) >= 0)
        good = take_line(piece, ++number, text);
    free(text);
    if (good && ferror(file))
        return bad_line(piece, number, strerror(errno));
    if (good && !piece->summed)
        return bad_line(piece, number + 1, "no summary at the end: this run has not ended");
    return good;
}

static bool read_piece(struct piece *piece)
{
    FILE *file = fopen(piece->path, "r");
    if (!file) {
        options_error(&usage, "%s: %s", piece->path, strerror(errno));
        return false;
    }
    bool good = read_lines(piece, file);
    fclose(file);
    return good;
}

/* --- one run, each shard once ----------------------------------------------------------------- */

static bool of_one_run(const struct piece *a, const struct piece *b)
{
    if (!a->shard.of || !b->shard.of)
        options_error(&usage, "%s is a whole run, no shard of one",
                      a->shard.of ? b->path : a->path);
    else if (strcmp(a->version, b->version) != 0)
        options_error(&usage, "%s is of version %s, %s of %s", a->path, a->version, b->path,
                      b->version);
    else if (a->shard.of != b->shard.of || a->shard.total != b->shard.total ||
             strcmp(a->list, b->list) != 0)
        options_error(&usage, "%s and %s are shards of different runs", a->path, b->path);
    else if (a->shard.index == b->shard.index)
        options_error(&usage, "%s and %s are both shard %" PRIu32 "/%" PRIu32, a->path, b->path,
                      a->shard.index, a->shard.of);
    else
        return true;
    return false;
}

static int by_index(const void *a, const void *b)
{
    const struct piece *left = a, *right = b;
    return (left->shard.index > right->shard.index) - (left->shard.index < right->shard.index);
}

/* Sorts them; says which is missing. */
static bool are_complete(struct piece *pieces, size_t count)
{
    qsort(pieces, count, sizeof *pieces, by_index);
    for (size_t i = 1; i < count; i++)
        if (!of_one_run(&pieces[i - 1], &pieces[i]))
            return false;
    uint32_t of = pieces[0].shard.of;
    for (uint32_t index = 1; index <= of; index++) {
        if (index <= count && pieces[index - 1].shard.index == index)
            continue;
        options_error(&usage, "shard %" PRIu32 "/%" PRIu32 " is missing", index, of);
        return false;
    }
    return true;
}

/* --- the report ------------------------------------------------------------------------------ */

static int report_pieces(const struct merge_options *options, const struct piece *pieces,
                         size_t count, FILE *out)
{
    struct report *report = calloc(1, sizeof *report);
    if (!report)
        abort();
    report->format = report_formats[options->format];
    report->out = out;
    report->reproducible = options->reproducible;
    report->shard.count = report->shard.total = pieces[0].shard.total;
    report_begin(report);
    for (size_t i = 0; i < count; i++)
        for (size_t line = 0; line < pieces[i].count; line++)
            (void)report_line(report, pieces[i].lines[line]); /* was read before */
    report_end(report);
    int code = report_code(report);
    free(report);
    return code;
}

static int write_report(const struct merge_options *options, const struct piece *pieces,
                        size_t count)
{
    const char *path = options->output;
    FILE *out = path ? fopen(path, "w") : stdout;
    if (!out)
        return options_error(&usage, "--output %s: %s", path, strerror(errno));
    int code = report_pieces(options, pieces, count, out);
    return report_close(out, path, code);
}

static int merge(const struct merge_options *options, struct piece *pieces, size_t count)
{
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good &= read_piece(&pieces[i]);
    return good && are_complete(pieces, count) ? write_report(options, pieces, count)
                                               : CODE_BAD_INPUT;
}

static bool flags_agree(const struct merge_options *options)
{
    bool given;
    int64_t seconds;
    if (options->reproducible && options->format != FORMAT_JUNIT)
        return options_error(&usage, "--reproducible does nothing with --format %s",
                             formats[options->format]),
               false;
    if (options->format == FORMAT_JUNIT && !source_date_read(&given, &seconds))
        return options_error(&usage, "SOURCE_DATE_EPOCH: want seconds since 1970"), false;
    return true;
}

int cmd_merge(int argc, char **argv)
{
    struct merge_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    if (!flags_agree(&options))
        return CODE_BAD_INPUT;
    size_t count = (size_t)arguments.count;
    struct piece *pieces = calloc(count, sizeof *pieces);
    if (!pieces)
        abort();
    for (size_t i = 0; i < count; i++)
        pieces[i].path = arguments.at[i];
    int code = merge(&options, pieces, count);
    for (size_t i = 0; i < count; i++) {
        for (size_t line = 0; line < pieces[i].count; line++)
            free(pieces[i].lines[line]);
        free(pieces[i].lines);
    }
    free(pieces);
    return code;
}
