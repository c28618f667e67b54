/* cmd_run.c: `postern run [PATH...]` runs scenarios, each member in a process of its own.
 *
 *   files --suite_load--> members --up to -j at once--> isolate_start --> run_one in the child
 *   --> struct result through the pipe --> reports, in the order of the files
 */
#define _POSIX_C_SOURCE 200809L

#include "tools/commands.h"
#include "tools/isolate.h"
#include "tools/report.h"
#include "tools/story.h"
#include "tools/suite.h"
#include "tools/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOBS_MAX = 64, WAITING_MAX = 256, BUDGET_S = 60 };
enum { FORMAT_PRETTY, FORMAT_JSON };

struct run_options {
    struct option_number seed, jobs, budget_s;
    const char *filter, *output;
    uint32_t format, color;
    bool quiet, verbose, verify;
};

static const char *const formats[] = {"pretty", "json", NULL};
static const char *const colors[] = {"auto", "always", "never", NULL};

#define FIELD(field) offsetof(struct run_options, field)

static const struct option_row rows[] = {
    {"--seed", "N", "run with this seed, not with the scenario's own", OPTION_COUNT, FIELD(seed), 0,
     0, NULL},
    {"--filter", "GLOB", "only ids that match; without * ? [ a part of the id", OPTION_TEXT,
     FIELD(filter), 0, 0, NULL},
    {"--verify", NULL, "run each twice and compare the traces: exit 4 if they differ", OPTION_FLAG,
     FIELD(verify), 0, 0, NULL},
    {"--budget", "SECONDS", "wall-clock time of one run at most (default 60): exit 6", OPTION_COUNT,
     FIELD(budget_s), 1, 1000000, NULL},
    {"-j", "N", "runs at once (default: one a processor)", OPTION_COUNT, FIELD(jobs), 1, JOBS_MAX,
     NULL},
    {"--format", "FORMAT", "pretty, or json: one object a line, a summary last", OPTION_WORD,
     FIELD(format), 0, 0, formats},
    {"--output", "FILE", "write the report there, not to stdout", OPTION_TEXT, FIELD(output), 0, 0,
     NULL},
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
                "  postern run passthrough/lent_timer_reaches_its_app@7\n"
                "  postern run --format json --output results.jsonl\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_max = ARGUMENTS_ANY,
};

/* --- members, one after another -------------------------------------------------------------- */

/* A file's family; lives until its last member is reported. */
struct loaded {
    struct family family;
    uint32_t wanted, taken, reported;
};

struct source {
    struct suite suite;
    size_t next_file;
    struct suite_choice choice;
    struct loaded *current; /* NULL: none, or all its members are taken */
    unsigned bad_files;
    unsigned members;
};

static void load_next_file(struct source *source)
{
    struct problems problems = {0};
    struct loaded *loaded = calloc(1, sizeof *loaded);
    if (!loaded)
        abort();
    const struct suite_file *file = &source->suite.files[source->next_file++];
    loaded->wanted = suite_load(file, &source->choice, &loaded->family, &problems);
    if (problems.count) {
        source->bad_files++;
        problems_print(&problems);
    }
    problems_free(&problems);
    source->members += loaded->wanted;
    source->current = loaded;
    if (loaded->wanted)
        return;
    family_free(&loaded->family);
    free(loaded);
    source->current = NULL;
}

/* The next member and the family it is of; NULL: there is none left. */
static const struct scenario *next_member(struct source *source, struct loaded **from)
{
    while (!source->current && source->next_file < source->suite.count)
        load_next_file(source);
    *from = source->current;
    if (!*from)
        return NULL;
    const struct scenario *member = (*from)->family.members[(*from)->taken++];
    if ((*from)->taken == (*from)->wanted)
        source->current = NULL;
    return member;
}

static void member_reported(struct loaded *from)
{
    if (++from->reported < from->wanted)
        return;
    family_free(&from->family);
    free(from);
}

/* --- jobs ------------------------------------------------------------------------------------ */

struct job {
    const struct scenario *scenario;
    struct loaded *from;
    struct isolated child;
    bool verify;
};

/* Jobs in the order of the files; the first that was started is reported first. */
struct engine {
    const struct run_options *options;
    struct source source;
    struct report report;
    struct job jobs[WAITING_MAX]; /* a ring */
    size_t first, count;
    bool progress;
    uint64_t progress_ns; /* when it was shown last */
};

static struct job *job_at(struct engine *engine, size_t i)
{
    return &engine->jobs[(engine->first + i) % WAITING_MAX];
}

/* In the child. */
static void run_member(const void *argument, int pipe)
{
    const struct job *job = argument;
    struct result result, again;
    run_one(job->scenario, &result);
    if (job->verify && result.outcome <= OUTCOME_VACUOUS) {
        run_one(job->scenario, &again);
        result_compare(&result, &again);
    }
    isolate_write(pipe, &result, sizeof result);
}

static uint64_t budget_ms(const struct run_options *options)
{
    return (options->budget_s.given ? options->budget_s.value : BUDGET_S) * 1000;
}

static bool start_job(struct engine *engine)
{
    struct loaded *from;
    const struct scenario *scenario = next_member(&engine->source, &from);
    if (!scenario)
        return false;
    struct job *job = job_at(engine, engine->count++);
    *job = (struct job){.scenario = scenario, .from = from, .verify = engine->options->verify};
    isolate_start(&job->child, run_member, job, budget_ms(engine->options));
    return true;
}

static size_t running(struct engine *engine, struct isolated *children[WAITING_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < engine->count; i++)
        if (job_at(engine, i)->child.end == ISOLATE_RUNS)
            children[count++] = &job_at(engine, i)->child;
    return count;
}

/* --- results --------------------------------------------------------------------------------- */

/* What came through the pipe, or why nothing did. */
static void take_result(const struct isolated *child, struct result *result)
{
    char text[ISOLATE_TEXT_MAX];
    if (child->end == ISOLATE_DONE && child->size == sizeof *result) {
        memcpy(result, child->bytes, sizeof *result);
        return;
    }
    memset(result, 0, sizeof *result);
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
    if (!story_of(job->scenario, result, &story))
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
    fprintf(stderr, "\r\033[K%zu of %zu files", engine->source.next_file,
            engine->source.suite.count);
}

static void clear_progress(const struct engine *engine)
{
    if (engine->progress)
        fputs("\r\033[K", stderr);
}

static void report_first(struct engine *engine)
{
    struct job *job = job_at(engine, 0);
    struct result result;
    take_result(&job->child, &result);
    isolate_free(&job->child);
    bool wants_story = engine->options->format == FORMAT_PRETTY && result.outcome == OUTCOME_FAILED;
    char *story = wants_story ? tell_story(engine, job, &result) : NULL;
    if (result.outcome != OUTCOME_HOLDS || engine->options->verbose)
        clear_progress(engine);
    report_member(&engine->report, &(struct member){.scenario = job->scenario,
                                                    .result = &result,
                                                    .story = story ? story : "",
                                                    .flags = job->verify ? "--verify " : ""});
    free(story);
    member_reported(job->from);
    engine->first = (engine->first + 1) % WAITING_MAX;
    engine->count--;
    show_progress(engine);
}

static void run_all(struct engine *engine, size_t at_once)
{
    struct isolated *children[WAITING_MAX];
    for (;;) {
        while (engine->count < WAITING_MAX && running(engine, children) < at_once)
            if (!start_job(engine))
                break;
        if (engine->count == 0)
            break;
        if (job_at(engine, 0)->child.end == ISOLATE_RUNS)
            isolate_wait(children, running(engine, children));
        else
            report_first(engine);
    }
    clear_progress(engine);
}

/* --- the command ----------------------------------------------------------------------------- */

static bool flags_agree(const struct run_options *options)
{
    if (options->quiet && options->verbose)
        return options_error(&usage, "--quiet and --verbose: want one of them"), false;
    if (options->format != FORMAT_JSON)
        return true;
    if (options->quiet || options->verbose)
        return options_error(&usage, "--%s does nothing with --format json",
                             options->quiet ? "quiet" : "verbose"),
               false;
    if (options->color != COLOR_AUTO)
        return options_error(&usage, "--color does nothing with --format json"), false;
    return true;
}

static size_t jobs_at_once(const struct run_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (options->jobs.given)
        return (size_t)options->jobs.value;
    return processors < 1 ? 1 : processors > JOBS_MAX ? JOBS_MAX : (size_t)processors;
}

static void start_report(struct engine *engine, FILE *out)
{
    const struct run_options *options = engine->options;
    const char *terminal = getenv("TERM");
    engine->report =
        (struct report){.format = options->format == FORMAT_JSON ? &report_json : &report_pretty,
                        .out = out,
                        .quiet = options->quiet,
                        .verbose = options->verbose,
                        .color = color_wanted((enum color_choice)options->color, out),
                        .started_ns = wall_ns()};
    engine->progress =
        !options->quiet && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

static int run_and_report(struct engine *engine, FILE *out)
{
    start_report(engine, out);
    run_all(engine, jobs_at_once(engine->options));
    engine->report.all.bad_files = engine->source.bad_files;
    if (!engine->source.members && !engine->source.bad_files)
        return options_error(&usage, "--filter %s: no id matches", engine->options->filter);
    report_end(&engine->report);
    return report_code(&engine->report);
}

/* A report that could not be written is no report; main looks after stdout. */
static int close_output(FILE *out, const char *path, int code)
{
    if (out == stdout)
        return code;
    bool written = fflush(out) == 0 && !ferror(out);
    if ((fclose(out) == 0) & written)
        return code;
    fprintf(stderr, "%s: error: %s\n", path, strerror(errno));
    return CODE_SIMULATOR;
}

static int run_suite(struct engine *engine, const struct arguments *arguments)
{
    const char *path = engine->options->output;
    if (!suite_collect(&engine->source.suite, &usage, arguments, false))
        return CODE_BAD_INPUT;
    FILE *out = path ? fopen(path, "w") : stdout;
    if (!out)
        return options_error(&usage, "--output %s: %s", path, strerror(errno));
    int code = run_and_report(engine, out);
    return close_output(out, path, code);
}

int cmd_run(int argc, char **argv)
{
    struct run_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    if (!flags_agree(&options))
        return CODE_BAD_INPUT;
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        abort();
    engine->options = &options;
    engine->source.choice = (struct suite_choice){.seed = options.seed, .filter = options.filter};
    int code = run_suite(engine, &arguments);
    suite_free(&engine->source.suite);
    free(engine);
    return code;
}
