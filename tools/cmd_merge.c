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
#include "tools/results.h"

#include <errno.h>
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

/* --- the report ------------------------------------------------------------------------------ */

static int report_results(const struct merge_options *options, const struct results *results,
                          FILE *out)
{
    struct report *report = calloc(1, sizeof *report);
    if (!report)
        abort();
    report->format = report_formats[options->format];
    report->out = out;
    report->reproducible = options->reproducible;
    report->shard.count = report->shard.total = results->pieces[0].shard.total;
    report_begin(report);
    for (size_t i = 0; i < results->count; i++)
        for (size_t line = 0; line < results->pieces[i].count; line++)
            (void)report_line(report, results->pieces[i].lines[line]); /* was read before */
    report_end(report);
    int code = report_code(report);
    free(report);
    return code;
}

static int write_report(const struct merge_options *options, const struct results *results)
{
    const char *path = options->output;
    FILE *out = path ? fopen(path, "w") : stdout;
    if (!out)
        return options_error(&usage, "--output %s: %s", path, strerror(errno));
    int code = report_results(options, results, out);
    return report_close(out, path, code);
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
    struct results results;
    bool good = results_read(&results, &usage, &arguments);
    int code = good ? write_report(&options, &results) : CODE_BAD_INPUT;
    results_free(&results);
    return code;
}
