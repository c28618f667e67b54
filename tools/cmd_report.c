/* cmd_report.c: `postern report RESULTS...` makes one HTML page of what `run --format json` wrote.
 *
 *   lines of results --> claims --runs made again--> pictures --> a page (tools/page/page.h)
 */
#define _POSIX_C_SOURCE 200809L

#include "tools/commands.h"
#include "tools/page/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct page_options {
    const char *output;
    uint32_t pictures; /* enum page_pictures */
    struct option_number jobs;
};

#define FIELD(field) offsetof(struct page_options, field)

static const char *const pictures[] = {[PICTURES_AUTO] = "auto",
                                       [PICTURES_FAILED] = "failed",
                                       [PICTURES_ALL] = "all",
                                       [PICTURES_NONE] = "none",
                                       NULL};

static const struct option_row rows[] = {
    {"-o", "FILE", "write the page there, not to stdout", OPTION_TEXT, FIELD(output), 0, 0, NULL},
    {"--pictures", "WHICH",
     "failed, all, none; auto (default): all, of over 1000 claims those that break", OPTION_WORD,
     FIELD(pictures), 0, 0, pictures},
    {"-j", "N", "draw N pictures at once (default: one a processor)", OPTION_COUNT, FIELD(jobs), 1,
     64, NULL},
};

static const struct usage usage = {
    .command = "report",
    .arguments = "RESULTS...",
    .about =
        "Makes one HTML page of results: what failed, and where; each claim with its runs, its\n"
        "memory map and its time line; histograms of latencies and of Bluetooth LE margins;\n"
        "which claims check which statement of the texts. RESULTS is what `postern run --format\n"
        "json` or `merge` wrote, or all shards of one run. The page needs no network and no other\n"
        "file. For its pictures the scenarios are run again, from the folder that the results\n"
        "were made in; a run that is not the same any more is not shown. Exit 0 if the page was\n"
        "written, whatever it says.\n",
    .examples = "  postern run --format json --output results.jsonl\n"
                "  postern report results.jsonl -o report.html\n"
                "  postern report 1.jsonl 2.jsonl -o report.html --pictures failed\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_min = 1,
    .argument_max = ARGUMENTS_ANY,
};

static size_t at_once(const struct page_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return options->jobs.given ? (size_t)options->jobs.value
           : processors < 1    ? 1
                               : (size_t)processors;
}

/* The file is opened first: that it cannot be is to be known before the pictures. */
static int make_page(const struct page_options *options, const struct results *results)
{
    const char *path = options->output;
    FILE *out = path ? fopen(path, "w") : stdout;
    if (!out)
        return options_error(&usage, "-o %s: %s", path, strerror(errno));
    struct page *page = calloc(1, sizeof *page);
    if (!page)
        abort();
    page->wanted = (enum page_pictures)options->pictures;
    page_gather(page, results);
    page_draw(page, at_once(options));
    page_write(page, out);
    page_free(page);
    free(page);
    return report_close(out, path, CODE_HOLDS);
}

int cmd_report(int argc, char **argv)
{
    struct page_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    struct results results;
    bool good = results_read(&results, &usage, &arguments);
    int code = good ? make_page(&options, &results) : CODE_BAD_INPUT;
    results_free(&results);
    return code;
}
