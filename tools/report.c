/* report.c: counting, and what the formats share. */
#define _POSIX_C_SOURCE 200809L

#include "tools/report.h"

#include "tools/commands.h"
#include "tools/result_line.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- counting -------------------------------------------------------------------------------- */

/* Of a result, what is counted. */
struct tally {
    const char *id, *path;
    enum outcome outcome;
    bool judged, exposed;
    enum gate_line isolation, containment; /* judged */
};

static struct report_folder *folder_of(struct report *report, const char *id)
{
    char name[SCENARIO_NAME_MAX];
    const char *base = id + strcspn(id, "#@");
    while (base > id && *base != '/')
        base--;
    snprintf(name, sizeof name, "%.*s", base > id ? (int)(base - id) : 1, base > id ? id : ".");
    for (uint32_t i = 0; i < report->folder_count; i++)
        if (strcmp(report->folders[i].name, name) == 0)
            return &report->folders[i];
    if (report->folder_count == REPORT_FOLDER_MAX)
        return &report->folders[REPORT_FOLDER_MAX - 1];
    struct report_folder *folder = &report->folders[report->folder_count++];
    snprintf(folder->name, sizeof folder->name, "%s", name);
    return folder;
}

/* Over-exposure that the board declares: no verdict is about it. */
static bool is_exposed(const struct member *member)
{
    for (uint32_t i = 0; i < member->result->verdict_count; i++)
        if (member->result->verdicts[i].verdict.rule == RULE_OVER_EXPOSURE)
            return false;
    return worst_exposure(member->scenario, member->result) > 0;
}

static void count_run(struct report_counts *counts, const struct tally *tally)
{
    counts->runs++;
    counts->by_outcome[tally->outcome]++;
    if (!tally->judged)
        return;
    counts->isolation_held += tally->isolation == LINE_HELD;
    counts->containment_held += tally->containment == LINE_HELD;
    counts->isolation_claimed += tally->isolation == LINE_CLAIMED_BROKEN;
    counts->containment_claimed += tally->containment == LINE_CLAIMED_BROKEN;
    counts->isolation_broken += tally->isolation == LINE_BROKEN;
    counts->containment_broken += tally->containment == LINE_BROKEN;
    counts->exposed += tally->exposed;
}

/* The members of a file come one after another. */
static void count_claim(struct report *report, struct report_folder *folder,
                        const struct tally *tally)
{
    bool holds = tally->outcome == OUTCOME_HOLDS;
    if (strcmp(report->claim_path, tally->path) != 0) {
        snprintf(report->claim_path, sizeof report->claim_path, "%s", tally->path);
        report->claim_failures = 0;
        report->all.claims++;
        report->all.claims_held++;
        folder->counts.claims++;
        folder->counts.claims_held++;
    }
    if (!holds && report->claim_failures++ == 0) {
        report->all.claims_held--;
        folder->counts.claims_held--;
    }
}

static void count_result(struct report *report, const struct tally *tally)
{
    struct report_folder *folder = folder_of(report, tally->id);
    count_run(&report->all, tally);
    count_run(&folder->counts, tally);
    count_claim(report, folder, tally);
}

/* --- results, one after another --------------------------------------------------------------- */

void report_begin(struct report *report)
{
    if (report->format->begin)
        report->format->begin(report);
}

/* A line while it is written. */
struct draft {
    FILE *file;
    char *text;
    size_t size;
};

static void draft_start(struct draft *draft)
{
    draft->file = open_memstream(&draft->text, &draft->size);
    if (!draft->file)
        abort();
}

static void draft_send(struct draft *draft, struct report *report, uint64_t wall_ns)
{
    if (fclose(draft->file) != 0)
        abort();
    report->format->line(report, draft->text, wall_ns);
    free(draft->text);
}

void report_member(struct report *report, const struct member *member)
{
    struct draft draft;
    const struct gate *gate = &member->result->gate;
    const struct tally tally = {.id = member->scenario->id,
                                .path = member->scenario->path,
                                .outcome = member->result->outcome,
                                .judged = result_judged(member->result),
                                .exposed = is_exposed(member),
                                .isolation = gate->isolation,
                                .containment = gate->containment};
    count_result(report, &tally);
    if (report->format->member) {
        report->format->member(report, member);
        return;
    }
    draft_start(&draft);
    json_write_member(draft.file, member);
    draft_send(&draft, report, member->wall_ns);
}

void report_bad_file(struct report *report, const char *path, const char *complaints)
{
    struct draft draft;
    report->all.bad_files++;
    if (!report->format->line)
        return; /* pretty: stderr has told all of it */
    draft_start(&draft);
    json_write_bad_file(draft.file, path, complaints);
    draft_send(&draft, report, 0);
}

bool report_line(struct report *report, const char *json)
{
    struct result_line line;
    if (!result_line_read(&line, json))
        return false;
    if (line.unreadable)
        report->all.bad_files++;
    else
        count_result(report, &(struct tally){.id = line.id,
                                             .path = line.path,
                                             .outcome = line.outcome,
                                             .judged = line.judged,
                                             .exposed = line.exposed,
                                             .isolation = line.isolation,
                                             .containment = line.containment});
    report->format->line(report, json, 0);
    result_line_free(&line);
    return true;
}

void report_end(struct report *report)
{
    report->format->end(report);
}

int report_code(const struct report *report)
{
    static const enum outcome order[] = {OUTCOME_SIMULATOR, OUTCOME_DIFFERED, OUTCOME_BAD_INPUT,
                                         OUTCOME_FAILED,    OUTCOME_VACUOUS,  OUTCOME_BUDGET};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        unsigned count = report->all.by_outcome[order[i]];
        if (count || (order[i] == OUTCOME_BAD_INPUT && report->all.bad_files))
            return outcome_code(order[i]);
    }
    return CODE_HOLDS;
}

int report_close(FILE *out, const char *path, int code)
{
    if (out == stdout)
        return code;
    bool written = fflush(out) == 0 && !ferror(out);
    if ((fclose(out) == 0) & written)
        return code;
    fprintf(stderr, "%s: error: %s\n", path, strerror(errno));
    return CODE_SIMULATOR;
}

/* --- shared by the formats ------------------------------------------------------------------- */

const char *line_text(enum gate_line line)
{
    static const char *const texts[] = {[LINE_HELD] = "held",
                                        [LINE_CLAIMED_BROKEN] = "broken as claimed",
                                        [LINE_BROKEN] = "broken"};
    return texts[line];
}

uint32_t reason_count(const struct gate *gate)
{
    return gate->reason_count < GATE_REASON_MAX ? gate->reason_count : GATE_REASON_MAX;
}

void latency_patterns(const struct scenario *s, const struct result_latency *l, const char **from,
                      const char **to)
{
    const struct check *check = &s->checks[l->check];
    *from = l->second ? check->from2.text : check->from.text;
    *to = l->second ? check->to2.text : check->to.text;
}

uint32_t worst_exposure(const struct scenario *s, const struct result *result)
{
    uint32_t worst = 0;
    for (uint32_t i = 0; i < s->app_count; i++)
        if (result->exposure[i].bytes > worst)
            worst = result->exposure[i].bytes;
    return worst;
}

bool source_date_read(bool *given, int64_t *seconds)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    *given = text && *text;
    *seconds = 0;
    if (!*given)
        return true;
    for (size_t i = 0; text[i]; i++) {
        if (text[i] < '0' || text[i] > '9' || i == 11) /* the year 5138 */
            return false;
        *seconds = *seconds * 10 + (text[i] - '0');
    }
    return true;
}
