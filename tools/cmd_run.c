/* cmd_run.c: `postern run [PATH...]` runs scenarios, in up to -j processes at once.
 *
 *   files --units_next--> members --crew_add--> run_one in a process of the crew
 *   --> struct job_result through a pipe --> reports, in the order of the files
 */
#define _POSIX_C_SOURCE 200809L

#include "tools/break_at.h"
#include "tools/commands.h"
#include "tools/crew.h"
#include "tools/isolate.h"
#include "tools/report.h"
#include "tools/story.h"
#include "tools/suite.h"
#include "tools/text.h"
#include "tools/trace_export.h"

#include <errno.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <string.h>
#include <unistd.h>

enum {
    AHEAD = 32, /* members that are read before they are run, so that a fork is for several; ours */
    BUDGET_S = 60,
    HEAP_KEPT = 4 << 20,    /* bytes; ours */
    LARGE_BLOCK = 64 << 10, /* bytes, from here on; ours */
};
enum { FORMAT_PRETTY, FORMAT_JSON, FORMAT_TAP, FORMAT_JUNIT };

struct run_options {
    struct option_number seed, seeds, jobs, budget_s, break_at_ps;
    const char *filter, *output, *shard, *table;
    uint32_t format, color, trace;
    bool quiet, verbose, verify, reproducible;
};

static const char *const formats[] = {"pretty", "json", "tap", "junit", NULL};
static const struct report_format *const report_formats[] = {
    [FORMAT_PRETTY] = &report_pretty,
    [FORMAT_JSON] = &report_json,
    [FORMAT_TAP] = &report_tap,
    [FORMAT_JUNIT] = &report_junit,
};
static const char *const colors[] = {"auto", "always", "never", NULL};

#define FIELD(field) offsetof(struct run_options, field)

static const struct option_row rows[] = {
    {"--seed", "N", "run with this seed, not with the scenario's own", OPTION_COUNT, FIELD(seed), 0,
     0, NULL},
    {"--seeds", "N", "run with N seeds, from --seed's on or from 1, not with the scenario's own",
     OPTION_COUNT, FIELD(seeds), 1, 1000000, NULL},
    {"--filter", "GLOB", "only ids that match; without * ? [ a part of the id", OPTION_TEXT,
     FIELD(filter), 0, 0, NULL},
    {"--verify", NULL, "run each twice and compare the traces: exit 4 if they differ", OPTION_FLAG,
     FIELD(verify), 0, 0, NULL},
    {"--budget", "SECONDS", "wall-clock time of one run at most (default 60): exit 6", OPTION_COUNT,
     FIELD(budget_s), 1, 1000000, NULL},
    {"-j", "N", "runs at once (default: one a processor)", OPTION_COUNT, FIELD(jobs), 1,
     CREW_SIZE_MAX, NULL},
    {"--shard", "I/N", "only part I of N, such as 2/3; `postern merge` puts them together",
     OPTION_TEXT, FIELD(shard), 0, 0, NULL},
    {"--format", "FORMAT", "pretty, json (one object a line, a summary last), tap, junit",
     OPTION_WORD, FIELD(format), 0, 0, formats},
    {"--table", "KEY", "pretty with a table of margins: a column for each swept value of KEY",
     OPTION_TEXT, FIELD(table), 0, 0, NULL},
    {"--reproducible", NULL, "junit without wall-clock times and the host's name", OPTION_FLAG,
     FIELD(reproducible), 0, 0, NULL},
    {"--output", "FILE", "write the report there, not to stdout; with --trace: the trace",
     OPTION_TEXT, FIELD(output), 0, 0, NULL},
    {"--trace", "FORMAT",
     "write what happens in one run as chrome, vcd, pcapng or jsonl into --output FILE",
     OPTION_WORD, FIELD(trace), 0, 0, trace_formats},
    {"--break-at", "US", "stop one run at this time under a debugger (tools/break_at.h)",
     OPTION_TIME, FIELD(break_at_ps), 0, 0, NULL},
    {"--quiet", NULL, "failures and the last line only", OPTION_FLAG, FIELD(quiet), 0, 0, NULL},
    {"--verbose", NULL, "each claim that holds as well", OPTION_FLAG, FIELD(verbose), 0, 0, NULL},
    {"--color", "WHEN", "auto, always, never (NO_COLOR, CLICOLOR_FORCE)", OPTION_WORD, FIELD(color),
     0, 0, colors},
};

static const struct usage usage = {
    .command = "run",
    .arguments = "[PATH...]",
    .about =
        "Runs scenarios and judges their claims. PATH is a file, a folder, or an id as reports\n"
        "print it. Without PATH: all of scenarios/.\n",
    .examples = "  postern run\n"
                "  postern run scenarios/passthrough --verbose\n"
                "  postern run --filter '*latency*' --seed 7\n"
                "  postern run timing --seeds 100\n"
                "  postern run ble/designs --table kernel.costs\n"
                "  postern run passthrough/lent_timer_reaches_its_app@7\n"
                "  postern run --format junit --output results.xml\n"
                "  postern run --shard 2/3 --format json --output 2.jsonl\n"
                "  postern run passthrough/lent_timer_reaches_its_app --trace vcd --output x.vcd\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_max = ARGUMENTS_ANY,
};

/* --- jobs ------------------------------------------------------------------------------------ */

struct job {
    struct unit unit;
    bool verify;
};

/* What comes through the pipe, up to the last verdict. */
struct job_result {
    uint64_t wall_ns;
    struct result result;
};

/* Jobs in the order of the files; the first that was started is reported first. */
struct engine {
    const struct run_options *options;
    struct units units;
    struct board_cache boards;
    struct report report;
    struct crew crew;
    struct job jobs[CREW_TASKS_MAX]; /* by number of the crew's task */
    bool progress;
    uint64_t progress_ns; /* when it was shown last */
};

static size_t result_size(const struct job_result *done)
{
    return offsetof(struct job_result, result) + offsetof(struct result, verdicts) +
           done->result.verdict_count * sizeof done->result.verdicts[0];
}

/* In a process of the crew. */
static size_t run_member(const void *argument, void *result)
{
    const struct job *job = argument;
    struct job_result *done = result;
    struct result again;
    uint64_t from_ns = wall_ns();
    run_one(job->unit.scenario, &done->result);
    if (job->verify && done->result.outcome <= OUTCOME_VACUOUS) {
        run_one(job->unit.scenario, &again);
        result_compare(&done->result, &again);
    }
    done->wall_ns = wall_ns() - from_ns;
    return result_size(done);
}

static uint64_t budget_ms(const struct run_options *options)
{
    return (options->budget_s.given ? options->budget_s.value : BUDGET_S) * 1000;
}

static size_t job_count(const struct engine *engine)
{
    return (size_t)(engine->crew.next - engine->crew.first);
}

static bool add_job(struct engine *engine)
{
    struct unit unit;
    if (!units_next(&engine->units, &unit))
        return false;
    struct job *job = &engine->jobs[engine->crew.next % CREW_TASKS_MAX];
    *job = (struct job){.unit = unit, .verify = engine->options->verify};
    crew_add(&engine->crew, unit.scenario ? job : NULL);
    return true;
}

/* --- results --------------------------------------------------------------------------------- */

/* What came through the pipe, or why nothing did. */
static void take_result(const struct isolated *child, struct job_result *done)
{
    char text[ISOLATE_TEXT_MAX];
    memset(done, 0, sizeof *done);
    if (child->end == ISOLATE_DONE && child->size) {
        memcpy(done, child->bytes, child->size);
        return;
    }
    struct result *result = &done->result;
    result->outcome = child->end == ISOLATE_OVERTIME ? OUTCOME_BUDGET : OUTCOME_SIMULATOR;
    snprintf(result->trouble, sizeof result->trouble, "%s",
             child->end == ISOLATE_DONE ? "the simulator ended without a result"
                                        : isolate_text(child, text));
}

/* The lines before the first break that was not expected, or NULL; the caller frees. */
static char *tell_story(const struct engine *engine, const struct job *job,
                        const struct result *result)
{
    struct story story;
    struct isolated child;
    struct isolated *const children[] = {&child};
    if (!story_of(job->unit.scenario, result, &story))
        return NULL;
    isolate_start(&child, story_tell, &story, budget_ms(engine->options));
    while (child.end == ISOLATE_RUNS)
        isolate_wait(children, 1);
    char *text = malloc(child.size + 1);
    if (text) {
        memcpy(text, child.size ? child.bytes : "", child.size);
        text[child.size] = '\0';
    }
    isolate_free(&child);
    return text;
}

enum { PROGRESS_NS = 100000000 }; /* not more often: most suites are over before the first */

static void show_progress(struct engine *engine)
{
    uint64_t now = wall_ns();
    if (!engine->progress || now - engine->progress_ns < PROGRESS_NS)
        return;
    engine->progress_ns = now;
    fprintf(stderr, "\r\033[K%zu of %zu files", engine->units.next_file, engine->units.suite.count);
}

static void clear_progress(const struct engine *engine)
{
    if (engine->progress)
        fputs("\r\033[K", stderr);
}

static void report_job(struct engine *engine, struct job *job)
{
    struct job_result done;
    take_result(crew_first(&engine->crew), &done);
    const struct result *result = &done.result;
    bool wants_story =
        engine->options->format == FORMAT_PRETTY && result->outcome == OUTCOME_FAILED;
    char *story = wants_story ? tell_story(engine, job, result) : NULL;
    if (result->outcome != OUTCOME_HOLDS || engine->options->verbose)
        clear_progress(engine);
    report_member(&engine->report, &(struct member){.scenario = job->unit.scenario,
                                                    .result = result,
                                                    .story = story ? story : "",
                                                    .flags = job->verify ? "--verify " : "",
                                                    .wall_ns = done.wall_ns});
    free(story);
}

static void report_first(struct engine *engine)
{
    struct job *job = &engine->jobs[engine->crew.first % CREW_TASKS_MAX];
    if (job->unit.scenario)
        report_job(engine, job);
    else
        report_bad_file(&engine->report, job->unit.path, job->unit.complaints);
    unit_done(&job->unit);
    crew_drop_first(&engine->crew);
    show_progress(engine);
}

/* Small blocks stay when they are given back, since the next member takes them again. Large ones,
 * scenarios and machines, are pages of their own: of those only the few that are touched count. */
static void keep_heap(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
#endif
}

/* False: out of memory. */
static bool run_all(struct engine *engine, size_t at_once)
{
    struct crew *crew = &engine->crew;
    keep_heap();
    crew->work = run_member;
    crew->result_max = sizeof(struct job_result);
    crew->at_once = at_once;
    crew->budget_ms = budget_ms(engine->options);
    if (!crew_begin(crew))
        return false;
    for (;;) {
        while (job_count(engine) < CREW_TASKS_MAX && crew_waiting(crew) < AHEAD)
            if (!add_job(engine))
                break;
        if (job_count(engine) == 0)
            break;
        crew_go(crew);
        if (crew_first(crew)->end == ISOLATE_RUNS)
            crew_wait(crew);
        else
            report_first(engine);
    }
    crew_free(crew);
    clear_progress(engine);
    return true;
}

/* What is left of the line with --break-at: which member, and its seed. */
static int run_to_break(const struct run_options *options, const struct arguments *arguments)
{
    bool alone = !options->seeds.given && !options->jobs.given && !options->budget_s.given &&
                 !options->filter && !options->output && !options->shard && !options->table &&
                 !options->format && !options->color && !options->trace && !options->quiet &&
                 !options->verbose && !options->verify && !options->reproducible;
    if (!alone)
        return options_error(&usage, "--break-at goes with --seed and with no other flag");
    return break_at(&usage, arguments, &options->seed, options->break_at_ps.value);
}

/* --- the command ----------------------------------------------------------------------------- */

/* What makes no sense together, or does nothing. */
static bool formats_agree(const struct run_options *options)
{
    const char *format = formats[options->format];
    if (options->reproducible && options->format != FORMAT_JUNIT)
        return options_error(&usage, "--reproducible does nothing with --format %s", format), false;
    if (options->table && (options->format != FORMAT_PRETTY || options->quiet))
        return options_error(&usage, "--table does nothing with %s",
                             options->quiet ? "--quiet" : format),
               false;
    if (options->format == FORMAT_PRETTY)
        return true;
    if (options->quiet || options->verbose)
        return options_error(&usage, "--%s does nothing with --format %s",
                             options->quiet ? "quiet" : "verbose", format),
               false;
    if (options->color != COLOR_AUTO)
        return options_error(&usage, "--color does nothing with --format %s", format), false;
    return true;
}

static bool trace_agrees(const struct run_options *options)
{
    if (options->trace == TRACE_NONE)
        return true;
    if (!options->output)
        return options_error(&usage, "--trace wants --output FILE: the report is on stdout"), false;
    if (options->shard)
        return options_error(&usage, "--trace is about one run: leave --shard out"), false;
    return true;
}

static bool flags_agree(const struct run_options *options)
{
    bool given;
    int64_t seconds;
    if (options->quiet && options->verbose)
        return options_error(&usage, "--quiet and --verbose: want one of them"), false;
    if (options->format == FORMAT_JUNIT && !source_date_read(&given, &seconds))
        return options_error(&usage, "SOURCE_DATE_EPOCH: want seconds since 1970"), false;
    return formats_agree(options) && trace_agrees(options);
}

static size_t jobs_at_once(const struct run_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (options->jobs.given)
        return (size_t)options->jobs.value;
    return processors < 1 ? 1 : processors > CREW_SIZE_MAX ? CREW_SIZE_MAX : (size_t)processors;
}

static void start_report(struct engine *engine, FILE *out)
{
    const struct run_options *options = engine->options;
    const char *terminal = getenv("TERM");
    engine->report = (struct report){.format = report_formats[options->format],
                                     .out = out,
                                     .quiet = options->quiet,
                                     .verbose = options->verbose,
                                     .reproducible = options->reproducible,
                                     .color = color_wanted((enum color_choice)options->color, out),
                                     .shard = engine->units.shard,
                                     .margins = {.wanted = options->table},
                                     .started_ns = wall_ns()};
    engine->progress =
        !options->quiet && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
    report_begin(&engine->report);
}

static int nothing_matches(const struct engine *engine)
{
    return options_error(&usage, "--filter %s: no id matches", engine->options->filter);
}

static int run_and_report(struct engine *engine, FILE *out)
{
    bool counted = engine->options->shard || report_formats[engine->options->format]->counted;
    if (counted) {
        units_count(&engine->units);
        if (!engine->units.shard.total)
            return nothing_matches(engine);
    }
    start_report(engine, out);
    if (!run_all(engine, jobs_at_once(engine->options)))
        abort();
    if (!engine->units.next)
        return nothing_matches(engine);
    report_end(&engine->report);
    const char *table = engine->options->table;
    if (table && !engine->report.margins.column_count)
        return options_error(&usage, "--table %s: no scenario here sweeps this", table);
    return report_code(&engine->report);
}

/* The one wanted run of the one wanted file, into a file. */
static int write_trace(struct engine *engine)
{
    const struct run_options *options = engine->options;
    struct units units = {.suite = engine->units.suite,
                          .choice = engine->units.choice,
                          .seed_count = engine->units.seed_count};
    struct unit unit;
    units_count(&units);
    if (units.shard.total != 1)
        return options_error(&usage, "--trace is about one run, and these are %llu: name one",
                             (unsigned long long)units.shard.total);
    if (!units_next(&units, &unit))
        return CODE_SIMULATOR;
    int code = unit.scenario ? trace_export(unit.scenario, options->trace, options->output)
                             : CODE_BAD_INPUT;
    unit_done(&unit);
    return code;
}

static int run_into(struct engine *engine, const char *path)
{
    FILE *out = path ? fopen(path, "w") : stdout;
    if (!out)
        return options_error(&usage, "--output %s: %s", path, strerror(errno));
    int code = run_and_report(engine, out);
    return report_close(out, path, code);
}

static int run_suite(struct engine *engine, const struct arguments *arguments)
{
    const struct run_options *options = engine->options;
    if (!suite_collect(&engine->units.suite, &usage, arguments, false))
        return CODE_BAD_INPUT;
    if (options->trace == TRACE_NONE)
        return run_into(engine, options->output);
    int code = write_trace(engine);
    return code ? code : run_into(engine, NULL);
}

int cmd_run(int argc, char **argv)
{
    struct run_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    if (options.break_at_ps.given)
        return run_to_break(&options, &arguments);
    if (!flags_agree(&options))
        return CODE_BAD_INPUT;
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        abort();
    engine->options = &options;
    engine->units.choice = (struct suite_choice){
        .seed = options.seed, .filter = options.filter, .boards_kept = &engine->boards};
    engine->units.seed_count = options.seeds.value;
    int code = CODE_BAD_INPUT;
    if (options.shard && !shard_parse(options.shard, &engine->units.shard))
        options_error(&usage, "--shard %s: want I/N, such as 2/3: part 2 of 3", options.shard);
    else
        code = run_suite(engine, &arguments);
    suite_free(&engine->units.suite);
    board_cache_free(&engine->boards);
    free(engine);
    return code;
}
