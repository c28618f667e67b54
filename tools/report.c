/* report.c: counting, and what the formats share. */
#define _POSIX_C_SOURCE 200809L

#include "tools/report.h"

#include "tools/commands.h"
#include <string.h>

/* --- counting -------------------------------------------------------------------------------- */

static struct report_folder *folder_of(struct report *report, const struct scenario *scenario)
{
    char name[SCENARIO_NAME_MAX];
    const char *base = scenario->id + strcspn(scenario->id, "#@");
    while (base > scenario->id && *base != '/')
        base--;
    snprintf(name, sizeof name, "%.*s", base > scenario->id ? (int)(base - scenario->id) : 1,
             base > scenario->id ? scenario->id : ".");
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

static void count_run(struct report_counts *counts, const struct member *member)
{
    const struct result *result = member->result;
    bool judged = result_judged(result);
    counts->runs++;
    counts->by_outcome[result->outcome]++;
    counts->isolation_held += judged && result->gate.isolation == LINE_HELD;
    counts->containment_held += judged && result->gate.containment == LINE_HELD;
    counts->isolation_claimed += judged && result->gate.isolation == LINE_CLAIMED_BROKEN;
    counts->containment_claimed += judged && result->gate.containment == LINE_CLAIMED_BROKEN;
    counts->exposed += judged && is_exposed(member);
}

/* The members of a file come one after another. */
static void count_claim(struct report *report, struct report_folder *folder,
                        const struct member *member)
{
    bool holds = member->result->outcome == OUTCOME_HOLDS;
    bool same = strcmp(report->claim_path, member->scenario->path) == 0;
    if (!same) {
        snprintf(report->claim_path, sizeof report->claim_path, "%s", member->scenario->path);
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

void report_member(struct report *report, const struct member *member)
{
    struct report_folder *folder = folder_of(report, member->scenario);
    count_run(&report->all, member);
    count_run(&folder->counts, member);
    count_claim(report, folder, member);
    report->format->member(report, member);
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

/* --- shared by the formats ------------------------------------------------------------------- */

const char *scheduler_name(enum scheduler_kind kind)
{
    static const char *const names[SCHEDULER_KINDS] = {[SCHEDULER_ROUND_ROBIN] = "round-robin",
                                                       [SCHEDULER_COOPERATIVE] = "cooperative",
                                                       [SCHEDULER_PRIORITY] = "priority",
                                                       [SCHEDULER_MLFQ] = "mlfq"};
    return kind < SCHEDULER_KINDS ? names[kind] : "unknown";
}

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
