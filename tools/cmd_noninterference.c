/* cmd_noninterference.c: `postern noninterference [PATH...]` runs each scenario twice for each of
 * its apps, and for the kernel's own clients, whose secrets are other ones the second time, and
 * compares what the others observe.
 *
 *   files --units_next--> members --one pair an app, crew_add--> twins_run in a process of the crew
 *   --> struct twins_result through a pipe --> pretty, or a line of JSON as `run` writes them
 *
 * Not compared, and counted as such: a scenario of one app, one that expects broken rules, an app
 * that says it has no secrets.
 */
#define _POSIX_C_SOURCE 200809L

#include "model/process.h"
#include "tools/commands.h"
#include "tools/crew.h"
#include "tools/extra.h"
#include "tools/report.h"
#include "tools/text.h"
#include "tools/twins.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AHEAD = 32, BUDGET_S = 60 }; /* as `run` has them */
enum { FORMAT_PRETTY, FORMAT_JSON, FORMAT_TAP, FORMAT_JUNIT };

struct pair_options {
    struct option_number seed, pairs, jobs, budget_s;
    const char *filter, *output, *app;
    uint32_t format, color;
    bool quiet, verbose, reproducible;
};

static const char *const formats[] = {"pretty", "json", "tap", "junit", NULL};
static const struct report_format *const report_formats[] = {
    [FORMAT_PRETTY] = &report_json, /* of which nothing is printed */
    [FORMAT_JSON] = &report_json,
    [FORMAT_TAP] = &report_tap,
    [FORMAT_JUNIT] = &report_junit,
};
static const char *const colors[] = {"auto", "always", "never", NULL};

#define FIELD(field) offsetof(struct pair_options, field)

static const struct option_row rows[] = {
    {"--app", "NAME", "change this app's secrets only, not each one's in turn; \"kernel\": its own",
     OPTION_TEXT, FIELD(app), 0, 0, NULL},
    {"--pairs", "N", "at least N pairs: with as many seeds as it takes, from --seed's on or from 1",
     OPTION_COUNT, FIELD(pairs), 1, 100000000, NULL},
    {"--seed", "N", "run with this seed, not with the scenario's own", OPTION_COUNT, FIELD(seed), 0,
     0, NULL},
    {"--filter", "GLOB", "only ids that match; without * ? [ a part of the id", OPTION_TEXT,
     FIELD(filter), 0, 0, NULL},
    {"--budget", "SECONDS", "wall-clock time of one pair at most (default 60): exit 6",
     OPTION_COUNT, FIELD(budget_s), 1, 1000000, NULL},
    {"-j", "N", "pairs at once (default: one a processor)", OPTION_COUNT, FIELD(jobs), 1,
     CREW_SIZE_MAX, NULL},
    {"--format", "FORMAT", "pretty, json (one object a line, a summary last), tap, junit",
     OPTION_WORD, FIELD(format), 0, 0, formats},
    {"--reproducible", NULL, "junit without wall-clock times and the host's name", OPTION_FLAG,
     FIELD(reproducible), 0, 0, NULL},
    {"--output", "FILE", "write the report there, not to stdout", OPTION_TEXT, FIELD(output), 0, 0,
     NULL},
    {"--quiet", NULL, "leaks and the last lines only", OPTION_FLAG, FIELD(quiet), 0, 0, NULL},
    {"--verbose", NULL, "each pair, and what is not compared, as well", OPTION_FLAG, FIELD(verbose),
     0, 0, NULL},
    {"--color", "WHEN", "auto, always, never (NO_COLOR, CLICOLOR_FORCE)", OPTION_WORD, FIELD(color),
     0, 0, colors},
};

static const struct usage usage = {
    .command = "noninterference",
    .arguments = "[PATH...]",
    .about =
        "Runs each scenario twice, with one app's secrets other ones the second time, and\n"
        "compares all that every other app can observe: results of system calls, upcalls, loaded\n"
        "values, faults, the memory it may read, and when. Values and times that differ are leaks\n"
        "(exit 1). A pair in which no secret differed is vacuous (exit 5). Without PATH: all of\n"
        "scenarios/.\n",
    .examples = "  postern noninterference\n"
                "  postern noninterference isolation --verbose\n"
                "  postern noninterference isolation/console_writes_do_not_mix --app first\n"
                "  postern noninterference --pairs 10000\n"
                "  postern noninterference --format junit --output leaks.xml\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_max = ARGUMENTS_ANY,
};

/* --- jobs ------------------------------------------------------------------------------------- */

/* Why a scenario, or an app of it, is not compared. */
enum skipped {
    COMPARED,
    ONE_APP,
    BREAKS_EXPECTED,
    NO_SECRETS,
    NOT_THAT_APP,
    NEVER_RAN,
    SKIPPED_KINDS
};

static const char *const skipped_texts[SKIPPED_KINDS] = {
    [ONE_APP] = "runs of one app",
    [BREAKS_EXPECTED] = "runs that expect broken rules",
    [NO_SECRETS] = "runs whose apps have no secrets",
    [NOT_THAT_APP] = "runs without that app",
    [NEVER_RAN] = "pairs whose app never ran, or no other did",
};

struct job {
    struct unit unit;
    uint32_t process;
    enum skipped skipped; /* of the whole scenario */
    bool first, last;     /* of its scenario */
};

struct job_result {
    uint64_t wall_ns;
    struct twins_result twins;
};

struct totals {
    uint64_t pairs, runs, leaks, value_leaks, time_leaks, vacuous, others;
    uint64_t changed, read, observed, pages;
    uint64_t skipped[SKIPPED_KINDS];
};

struct engine {
    const struct pair_options *options;
    struct units units;
    struct board_cache boards;
    struct report report;
    struct crew crew;
    struct job jobs[CREW_TASKS_MAX]; /* by number of the crew's task */
    struct unit unit;                /* whose apps have their turns */
    uint32_t next_process;           /* of that; PROCESS_NONE: the next unit is next */
    uint32_t declassified;           /* entries needed by the pairs of the scenario so far */
    bool color;
    struct totals totals;
};

/* The next one from `process` on whose secrets are to be changed: who is named is, whatever it says
 * that it has. PROCESS_NONE: none. */
static uint32_t next_app(const struct engine *engine, const struct scenario *s, uint32_t process)
{
    const char *wanted = engine->options->app;
    if (!wanted)
        return twins_next(s, process);
    for (; process < s->app_count; process++)
        if (strcmp(twins_name(s, process), wanted) == 0)
            return process;
    bool kernels = process <= SECRETS_OF_KERNEL && twins_have_components(s);
    return kernels && strcmp(twins_name(s, SECRETS_OF_KERNEL), wanted) == 0 ? SECRETS_OF_KERNEL
                                                                            : PROCESS_NONE;
}

static enum skipped why_skipped(const struct engine *engine, const struct scenario *s)
{
    if (s->app_count < 2 && !twins_have_components(s))
        return ONE_APP;
    if (s->break_count)
        return BREAKS_EXPECTED;
    if (next_app(engine, s, 0) != PROCESS_NONE)
        return COMPARED;
    return engine->options->app ? NOT_THAT_APP : NO_SECRETS;
}

/* The next pair, or a scenario or file that makes none. False: there are no more. */
static bool next_job(struct engine *engine, struct units *units, struct job *job)
{
    const struct scenario *s = engine->unit.scenario;
    if (engine->next_process == PROCESS_NONE) {
        if (!units_next(units, &engine->unit))
            return false;
        s = engine->unit.scenario;
        *job = (struct job){.unit = engine->unit, .first = true, .last = true};
        job->skipped = s ? why_skipped(engine, s) : COMPARED;
        if (!s || job->skipped)
            return true;
        engine->next_process = next_app(engine, s, 0);
    } else {
        *job = (struct job){.unit = engine->unit};
    }
    job->process = engine->next_process;
    engine->next_process = next_app(engine, s, job->process + 1);
    job->last = engine->next_process == PROCESS_NONE;
    return true;
}

static size_t run_pair(const void *argument, void *result)
{
    const struct job *job = argument;
    struct job_result *done = result;
    uint64_t from_ns = wall_ns();
    twins_run(job->unit.scenario, job->process, &done->twins);
    if (done->twins.end == TWINS_LEAK)
        twins_explain(job->unit.scenario, job->process, &done->twins);
    done->wall_ns = wall_ns() - from_ns;
    return offsetof(struct job_result, twins) + offsetof(struct twins_result, path) +
           done->twins.path_count * sizeof done->twins.path[0];
}

static bool add_job(struct engine *engine)
{
    struct job *job = &engine->jobs[engine->crew.next % CREW_TASKS_MAX];
    if (!next_job(engine, &engine->units, job))
        return false;
    crew_add(&engine->crew, job->unit.scenario && !job->skipped ? job : NULL);
    return true;
}

/* Pairs that the options name, or files that cannot be read; nothing is run. */
static uint64_t count_pairs(struct engine *engine, bool files_too)
{
    struct units units = {.suite = engine->units.suite,
                          .choice = engine->units.choice,
                          .seed_count = engine->units.seed_count};
    uint64_t count = 0;
    struct job job;
    engine->next_process = PROCESS_NONE;
    while (next_job(engine, &units, &job)) {
        count += job.unit.scenario ? !job.skipped : files_too;
        if (job.last)
            unit_done(&job.unit);
    }
    return count;
}

/* --- one result ------------------------------------------------------------------------------- */

static enum outcome outcome_of(enum twins_end end)
{
    static const enum outcome outcomes[TWINS_ENDS] = {
        [TWINS_EQUAL] = OUTCOME_HOLDS,         [TWINS_LEAK] = OUTCOME_FAILED,
        [TWINS_VACUOUS] = OUTCOME_VACUOUS,     [TWINS_IDLE] = OUTCOME_HOLDS,
        [TWINS_BAD_INPUT] = OUTCOME_BAD_INPUT, [TWINS_BUDGET] = OUTCOME_BUDGET,
        [TWINS_SIMULATOR] = OUTCOME_SIMULATOR,
    };
    return outcomes[end];
}

static void take_result(const struct isolated *child, struct job_result *done)
{
    char text[ISOLATE_TEXT_MAX];
    memset(done, 0, sizeof *done);
    if (child->end == ISOLATE_DONE && child->size) {
        memcpy(done, child->bytes, child->size);
        return;
    }
    done->twins.end = child->end == ISOLATE_OVERTIME ? TWINS_BUDGET : TWINS_SIMULATOR;
    snprintf(done->twins.trouble, sizeof done->twins.trouble, "%s",
             child->end == ISOLATE_DONE ? "the simulator ended without a result"
                                        : isolate_text(child, text));
}

/* With the last pair of a scenario: what it declassifies and no pair has needed. */
static void look_at_declassified(struct engine *engine, const struct job *job,
                                 struct twins_result *result)
{
    const struct scenario *s = job->unit.scenario;
    if (job->first)
        engine->declassified = 0;
    engine->declassified |= result->declassified;
    if (result->end == TWINS_IDLE && engine->options->app)
        result->end = TWINS_VACUOUS; /* whoever names an app wants it compared */
    if (!job->last || engine->options->app || result->end != TWINS_EQUAL)
        return;
    for (uint32_t i = 0; i < s->declassified_count; i++) {
        if (engine->declassified >> i & 1)
            continue;
        result->end = TWINS_VACUOUS;
        result->of_all = true;
        snprintf(result->trouble, sizeof result->trouble,
                 "%s was never needed: no secret of any app came that way",
                 s->declassified[i].path);
        return;
    }
}

static void count_result(struct engine *engine, const struct job *job,
                         const struct twins_result *result)
{
    struct totals *totals = &engine->totals;
    totals->pairs += result->end != TWINS_IDLE;
    totals->runs += job->first;
    totals->leaks += result->end == TWINS_LEAK;
    totals->value_leaks += result->end == TWINS_LEAK && result->value.found;
    totals->time_leaks += result->end == TWINS_LEAK && result->time.found;
    totals->vacuous += result->end == TWINS_VACUOUS;
    totals->others += result->end > TWINS_IDLE;
    totals->skipped[NEVER_RAN] += result->end == TWINS_IDLE;
    totals->changed += result->facts.changed;
    totals->read += result->facts.read;
    totals->observed += result->observed;
    totals->pages += result->pages;
}

/* --- as JSON ---------------------------------------------------------------------------------- */

static void put_text(FILE *out, const char *key, const char *text)
{
    fprintf(out, ", \"%s\": ", key);
    json_write_string(out, text);
}

static void write_repeat(FILE *out, const struct job *job, const struct twins_result *result)
{
    program_write(out);
    fprintf(out, " noninterference ");
    suite_write_name(out, job->unit.scenario);
    if (!result->of_all)
        fprintf(out, " --app %s", twins_name(job->unit.scenario, job->process));
}

static void put_repeat(FILE *out, const struct job *job, const struct twins_result *result)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        abort();
    write_repeat(file, job, result);
    if (fclose(file) != 0)
        abort();
    put_text(out, "repeat", text);
    free(text);
}

/* As one more broken rule of `run`, with both runs' sides beside it. */
static void put_leak(FILE *out, const struct scenario *s, const char *rule,
                     const struct twins_leak *leak, const char **comma)
{
    char text[3 * TWINS_TEXT_MAX];
    if (!leak->found)
        return;
    snprintf(text, sizeof text, "%s observes in run 1: %s; in run 2: %s", twins_observer(s, leak),
             leak->what[0], leak->what[1]);
    fprintf(out, "%s{\"rule\": \"%s\", \"process\": \"%s\", \"at_us\": %.6f, \"at_us_2\": %.6f",
            *comma, rule, twins_observer(s, leak), (double)leak->at_ps[0] / 1e6,
            (double)leak->at_ps[1] / 1e6);
    put_text(out, "text", text);
    put_text(out, "run_1", leak->what[0]);
    put_text(out, "run_2", leak->what[1]);
    fputs("}", out);
    *comma = ", ";
}

static void put_leaks(FILE *out, const struct scenario *s, const struct twins_result *result)
{
    const char *comma = "";
    fputs(", \"verdicts\": [", out);
    put_leak(out, s, "value-leak", &result->value, &comma);
    put_leak(out, s, "time-leak", &result->time, &comma);
    fputs("], \"path_of_leak\": [", out);
    for (uint32_t i = 0; i < result->path_count; i++) {
        fputs(i ? ", " : "", out);
        json_write_string(out, result->path[i]);
    }
    fputs("]", out);
}

static void put_declassified(FILE *out, const struct scenario *s, const struct twins_result *result)
{
    const char *comma = "";
    fputs(", \"declassified\": [", out);
    for (uint32_t i = 0; i < s->declassified_count; i++) {
        if (!(result->declassified >> i & 1))
            continue;
        fputs(comma, out);
        json_write_string(out, s->declassified[i].why);
        comma = ", ";
    }
    fputs("]", out);
}

static void write_line(FILE *out, const struct job *job, const struct twins_result *result)
{
    const struct scenario *s = job->unit.scenario;
    char id[SCENARIO_ID_MAX + SCENARIO_NAME_MAX + 16];
    snprintf(id, sizeof id, "%s, secrets of %s", s->id, twins_name(s, job->process));
    fputs("{\"id\": ", out);
    json_write_string(out, id);
    put_text(out, "path", s->path);
    put_text(out, "claim", s->claim);
    put_text(out, "outcome", outcome_name(outcome_of(result->end)));
    put_text(out, "app", twins_name(s, job->process));
    fprintf(out,
            ", \"seed\": %" PRIu64 ", \"trace_hash\": \"%016" PRIx64 "\", \"changed\": %" PRIu64
            ", \"read\": %" PRIu64 ", \"observed\": %" PRIu64 ", \"pages\": %" PRIu64,
            s->seed, result->trace_hash, result->facts.changed, result->facts.read,
            result->observed, result->pages);
    put_leaks(out, s, result);
    put_declassified(out, s, result);
    if (*result->trouble)
        put_text(out, "error", result->trouble);
    if (result->end != TWINS_EQUAL)
        put_repeat(out, job, result);
    fputs("}\n", out);
}

/* --- for people ------------------------------------------------------------------------------- */

static void print_declassified(FILE *out, const struct scenario *s,
                               const struct twins_result *result)
{
    for (uint32_t i = 0; i < s->declassified_count; i++)
        if (result->declassified >> i & 1)
            fprintf(out, "  shared   %s\n", s->declassified[i].why);
}

static void print_result(struct engine *engine, const struct job *job,
                         const struct twins_result *result)
{
    static const char *const heads[TWINS_ENDS] = {"equal",     "LEAK",   "VACUOUS",  "-----",
                                                  "BAD INPUT", "BUDGET", "SIMULATOR"};
    const struct scenario *s = job->unit.scenario;
    FILE *out = engine->report.out;
    bool good = result->end == TWINS_EQUAL || result->end == TWINS_IDLE;
    if (good && !engine->options->verbose)
        return;
    fprintf(out, "%s%s%s  %s: secrets of %s", color_code(engine->color, good ? GREEN : RED),
            heads[result->end], color_code(engine->color, PLAIN), s->id,
            result->of_all ? "all" : twins_name(s, job->process));
    if (result->end == TWINS_EQUAL)
        fprintf(out, ", %" PRIu64 " bytes changed, %" PRIu64 " read by kernel and devices",
                result->facts.changed, result->facts.read);
    fputc('\n', out);
    if (*result->trouble)
        fprintf(out, "  %s\n", result->trouble);
    twins_print(out, s, result);
    print_declassified(out, s, result);
    if (good)
        return;
    fputs("  repeat   ", out);
    write_repeat(out, job, result);
    fputs("\n\n", out);
}

static void print_skipped(FILE *out, const struct totals *totals)
{
    const char *comma = "not compared: ";
    for (int i = 0; i < SKIPPED_KINDS; i++) {
        if (!totals->skipped[i])
            continue;
        fprintf(out, "%s%" PRIu64 " %s", comma, totals->skipped[i], skipped_texts[i]);
        comma = ", ";
    }
    if (*comma == ',')
        fputc('\n', out);
}

static void print_end(const struct engine *engine)
{
    const struct totals *totals = &engine->totals;
    FILE *out = engine->report.out;
    uint64_t ms = (wall_ns() - engine->report.started_ns) / 1000000;
    print_skipped(out, totals);
    fprintf(out,
            "%" PRIu64 " pairs of %" PRIu64 " runs: %" PRIu64 " leak%s (%" PRIu64
            " of values, %" PRIu64 " of times), %" PRIu64 " vacuous, in %" PRIu64 ".%" PRIu64
            " s; %" PRIu64 " bytes of secrets changed, %" PRIu64
            " read by kernel and devices; %" PRIu64 " observations and %" PRIu64
            " pages compared\n",
            totals->pairs, totals->runs, totals->leaks, totals->leaks == 1 ? "" : "s",
            totals->value_leaks, totals->time_leaks, totals->vacuous, ms / 1000, ms % 1000 / 100,
            totals->changed, totals->read, totals->observed, totals->pages);
}

/* --- all of them ------------------------------------------------------------------------------ */

static int code_of(const struct engine *engine)
{
    int code = report_code(&engine->report);
    return code == CODE_HOLDS && !engine->totals.pairs ? CODE_VACUOUS : code;
}

static void print_summary(const struct engine *engine)
{
    const struct totals *totals = &engine->totals;
    const char *comma = "";
    FILE *out = engine->report.out;
    fprintf(out,
            "{\"summary\": {\"pairs\": %" PRIu64 ", \"runs\": %" PRIu64 ", \"leaks\": %" PRIu64
            ", \"value_leaks\": %" PRIu64 ", \"time_leaks\": %" PRIu64 ", \"vacuous\": %" PRIu64
            ", \"not_judged\": %" PRIu64 ", \"changed\": %" PRIu64 ", \"read\": %" PRIu64
            ", \"not_compared\": {",
            totals->pairs, totals->runs, totals->leaks, totals->value_leaks, totals->time_leaks,
            totals->vacuous, totals->others, totals->changed, totals->read);
    for (int i = 1; i < SKIPPED_KINDS; i++) {
        fprintf(out, "%s\"%s\": %" PRIu64, comma, skipped_texts[i], totals->skipped[i]);
        comma = ", ";
    }
    fprintf(out, "}, \"exit\": %d}}\n", code_of(engine));
}

/* Counted as `run` counts it; printed by its formats. */
static void report_pair(struct engine *engine, const struct job *job, const struct job_result *done)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        abort();
    write_line(file, job, &done->twins);
    if (fclose(file) != 0)
        abort();
    if (engine->options->format != FORMAT_PRETTY) {
        (void)report_line(&engine->report, text);
    } else {
        engine->report.all.by_outcome[outcome_of(done->twins.end)]++;
        print_result(engine, job, &done->twins);
    }
    free(text);
}

static void report_skipped(struct engine *engine, const struct job *job)
{
    engine->totals.skipped[job->skipped]++;
    if (engine->options->format == FORMAT_PRETTY && engine->options->verbose)
        fprintf(engine->report.out, "-----  %s: one of the %s\n", job->unit.scenario->id,
                skipped_texts[job->skipped]);
}

static void report_first(struct engine *engine)
{
    struct job *job = &engine->jobs[engine->crew.first % CREW_TASKS_MAX];
    struct job_result done;
    if (!job->unit.scenario) {
        engine->report.all.bad_files += engine->options->format == FORMAT_PRETTY;
        if (engine->options->format != FORMAT_PRETTY)
            report_bad_file(&engine->report, job->unit.path, job->unit.complaints);
    } else if (job->skipped) {
        report_skipped(engine, job);
    } else {
        take_result(crew_first(&engine->crew), &done);
        look_at_declassified(engine, job, &done.twins);
        count_result(engine, job, &done.twins);
        report_pair(engine, job, &done);
    }
    if (job->last)
        unit_done(&job->unit);
    crew_drop_first(&engine->crew);
}

static void run_all(struct engine *engine)
{
    const struct pair_options *options = engine->options;
    struct crew *crew = &engine->crew;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = processors < 1               ? 1
                  : processors > CREW_SIZE_MAX ? CREW_SIZE_MAX
                                               : (size_t)processors;
    crew->work = run_pair;
    crew->result_max = sizeof(struct job_result);
    crew->at_once = options->jobs.given ? (size_t)options->jobs.value : most;
    crew->budget_ms = (options->budget_s.given ? options->budget_s.value : BUDGET_S) * 1000;
    if (!crew_begin(crew))
        abort();
    for (;;) {
        while (crew->next - crew->first < CREW_TASKS_MAX && crew_waiting(crew) < AHEAD)
            if (!add_job(engine))
                break;
        if (crew->next == crew->first)
            break;
        crew_go(crew);
        if (crew_first(crew)->end == ISOLATE_RUNS)
            crew_wait(crew);
        else
            report_first(engine);
    }
    crew_free(crew);
}

/* --- the command ------------------------------------------------------------------------------ */

static bool flags_agree(const struct pair_options *options)
{
    const char *format = formats[options->format];
    bool pretty = options->format == FORMAT_PRETTY, given;
    int64_t seconds;
    if (options->quiet && options->verbose)
        return options_error(&usage, "--quiet and --verbose: want one of them"), false;
    if (!pretty && (options->quiet || options->verbose))
        return options_error(&usage, "--%s does nothing with --format %s",
                             options->quiet ? "quiet" : "verbose", format),
               false;
    if (!pretty && options->color != COLOR_AUTO)
        return options_error(&usage, "--color does nothing with --format %s", format), false;
    if (options->reproducible && options->format != FORMAT_JUNIT)
        return options_error(&usage, "--reproducible does nothing with --format %s", format), false;
    if (options->format == FORMAT_JUNIT && !source_date_read(&given, &seconds))
        return options_error(&usage, "SOURCE_DATE_EPOCH: want seconds since 1970"), false;
    return true;
}

/* As many seeds as it takes. False: no pair is among what was named. */
static bool plan_pairs(struct engine *engine)
{
    uint64_t wanted = engine->options->pairs.value;
    if (!engine->options->pairs.given)
        return true;
    engine->units.seed_count = 1;
    uint64_t once = count_pairs(engine, false);
    engine->units.seed_count = once ? (wanted + once - 1) / once : 1;
    return once > 0;
}

static int run_and_report(struct engine *engine, FILE *out)
{
    const struct pair_options *options = engine->options;
    bool pretty = options->format == FORMAT_PRETTY;
    if (!plan_pairs(engine))
        return options_error(&usage, "--pairs: nothing that was named makes a pair");
    if (report_formats[options->format]->counted)
        engine->units.shard.count = count_pairs(engine, true);
    engine->report = (struct report){.format = report_formats[options->format],
                                     .out = out,
                                     .reproducible = options->reproducible,
                                     .shard = {.count = engine->units.shard.count},
                                     .started_ns = wall_ns()};
    engine->color = color_wanted((enum color_choice)options->color, out);
    engine->next_process = PROCESS_NONE;
    report_begin(&engine->report);
    run_all(engine);
    if (!engine->units.next)
        return options_error(&usage, "--filter %s: no id matches", options->filter);
    if (options->app && !engine->totals.pairs && !engine->report.all.bad_files)
        return options_error(&usage, "--app %s: no scenario here has it and can be compared",
                             options->app);
    if (pretty)
        print_end(engine);
    else if (options->format == FORMAT_JSON)
        print_summary(engine);
    else
        report_end(&engine->report);
    if (!engine->totals.pairs && !engine->report.all.bad_files)
        fprintf(stderr, "postern noninterference: nothing was compared\n");
    return code_of(engine);
}

static int run_into(struct engine *engine, const char *path)
{
    FILE *out = path ? fopen(path, "w") : stdout;
    if (!out)
        return options_error(&usage, "--output %s: %s", path, strerror(errno));
    return report_close(out, path, run_and_report(engine, out));
}

int cmd_noninterference(int argc, char **argv)
{
    struct pair_options options = {0};
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
    engine->next_process = PROCESS_NONE;
    engine->units.choice = (struct suite_choice){
        .seed = options.seed, .filter = options.filter, .boards_kept = &engine->boards};
    int code = CODE_BAD_INPUT;
    if (suite_collect(&engine->units.suite, &usage, &arguments, false))
        code = run_into(engine, options.output);
    suite_free(&engine->units.suite);
    board_cache_free(&engine->boards);
    free(engine);
    return code;
}
