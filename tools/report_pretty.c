/* report_pretty.c: for people: failures in full, then what was measured, a table by folder, and one
 * line that says it all. */
#define _POSIX_C_SOURCE 200809L

#include "sim/rules.h"
#include "tools/extra.h"
#include "tools/isolate.h"
#include "tools/report.h"
#include "tools/suite.h"
#include "tools/text.h"
#include "tools/timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 6, AGAIN_MAX = 20, LABEL = 10, WIDTH = 100 };

/* --- a failure ------------------------------------------------------------------------------- */

static const char *paint(const struct report *report, enum color color)
{
    return color_code(report->color, color);
}

/* "  label     text", wrapped under itself. */
static void put_labelled(FILE *out, const char *label, const char *text)
{
    fprintf(out, "  %-*s", LABEL - 2, label);
    text_wrap_on(out, text, LABEL, WIDTH);
}

static void put_verdict(struct report *report, const struct member *member,
                        const struct result_verdict *v)
{
    char us[US_TEXT_MAX];
    FILE *out = report->out;
    fprintf(out, "  broke   %s%s%s at %s us", paint(report, BOLD), rule_rows[v->verdict.rule].id,
            paint(report, PLAIN), us_text(v->verdict.at_ps, us));
    if (v->verdict.process < member->scenario->app_count)
        fprintf(out, ", app %s", member->scenario->apps[v->verdict.process].name);
    fprintf(out, "\n");
    put_labelled(out, "", v->text);
}

/* The breaks that the scenario does not expect; how many were shown. */
static uint32_t put_verdicts(struct report *report, const struct member *member)
{
    uint32_t shown = 0, left = 0;
    for (uint32_t i = 0; i < member->result->verdict_count; i++) {
        if (member->result->gate.expected[i])
            continue;
        if (shown < SHOWN_MAX) {
            put_verdict(report, member, &member->result->verdicts[i]);
            shown++;
        } else {
            left++;
        }
    }
    if (left)
        fprintf(report->out, "          and %u breaks more\n", left);
    return shown;
}

/* Each broken rule once. */
static void put_rules(struct report *report, const struct result *result)
{
    uint64_t done = 0;
    for (uint32_t i = 0; i < result->verdict_count; i++) {
        uint32_t rule = result->verdicts[i].verdict.rule;
        char text[512];
        if (result->gate.expected[i] || done >> rule & 1)
            continue;
        done |= UINT64_C(1) << rule;
        snprintf(text, sizeof text, "%s: %s", rule_rows[rule].id, rule_rows[rule].demand);
        put_labelled(report->out, "rule", text);
    }
}

static void put_story(struct report *report, const char *story)
{
    if (!*story)
        return;
    fprintf(report->out, "  before\n%s%s\n", paint(report, DIM), timeline_header);
    fprintf(report->out, "%s%s", story, paint(report, PLAIN));
}

static void put_title(struct report *report, const struct member *member)
{
    enum outcome outcome = member->result->outcome;
    bool red = outcome != OUTCOME_VACUOUS && outcome != OUTCOME_BUDGET;
    fprintf(report->out, "%s%s%s  %s\n", paint(report, red ? RED : YELLOW), outcome_name(outcome),
            paint(report, PLAIN), member->scenario->id);
}

static void put_repeat(struct report *report, const struct member *member)
{
    fprintf(report->out, "  repeat  ");
    program_write(report->out);
    fprintf(report->out, " run %s", member->flags);
    suite_write_name(report->out, member->scenario);
    fprintf(report->out, "\n\n");
}

static void put_failure(struct report *report, const struct member *member)
{
    const struct result *result = member->result;
    FILE *out = report->out;
    bool red = result->outcome != OUTCOME_VACUOUS && result->outcome != OUTCOME_BUDGET;
    fprintf(out, "%s%s%s  %s\n", paint(report, red ? RED : YELLOW), outcome_name(result->outcome),
            paint(report, PLAIN), member->scenario->id);
    put_labelled(out, "claim", member->scenario->claim);
    for (uint32_t i = 0; i < reason_count(&result->gate); i++)
        put_labelled(out, i ? "" : "why", result->gate.reasons[i].text);
    if (*result->trouble)
        put_labelled(out, "why", result->trouble);
    if (put_verdicts(report, member))
        put_rules(report, result);
    if (*result->panic_text)
        put_labelled(out, "panic", result->panic_text);
    put_story(report, member->story);
    put_repeat(report, member);
}

/* A claim that fails in many members is told in full once, and not all of them are named. */
static void put_failure_again(struct report *report, const struct member *member)
{
    const struct result *result = member->result;
    if (report->claim_failures == AGAIN_MAX + 1)
        fprintf(report->out, "  its other failures are only counted: --verbose names them\n\n");
    if (report->claim_failures > AGAIN_MAX)
        return;
    put_title(report, member);
    for (uint32_t i = 0; i < result->verdict_count; i++) {
        if (result->gate.expected[i])
            continue;
        put_verdict(report, member, &result->verdicts[i]);
        break;
    }
    put_repeat(report, member);
}

/* --- members --------------------------------------------------------------------------------- */

static void put_ok(struct report *report, const struct member *member)
{
    const struct result *result = member->result;
    char us[US_TEXT_MAX];
    fprintf(report->out, "%sok%s  %s\n", paint(report, GREEN), paint(report, PLAIN),
            member->scenario->id);
    text_wrap(report->out, member->scenario->claim, 4, WIDTH);
    fprintf(report->out,
            "    %s%s us, %" PRIu64 " records, hash %016" PRIx64
            "; isolation %s, containment %s%s\n",
            paint(report, DIM), us_text(result->end_ps, us), result->records, result->trace_hash,
            line_text(result->gate.isolation), line_text(result->gate.containment),
            paint(report, PLAIN));
}

static void pretty_member(struct report *report, const struct member *member)
{
    bool first = report->claim_failures <= 1;
    if (member->result->outcome == OUTCOME_HOLDS && report->verbose)
        put_ok(report, member);
    else if (member->result->outcome != OUTCOME_HOLDS && (first || report->verbose))
        put_failure(report, member);
    else if (member->result->outcome != OUTCOME_HOLDS)
        put_failure_again(report, member);
    if (report->quiet)
        return;
    measured_add(&report->measured, member->scenario, member->result);
    connections_add(&report->connections, member->scenario, member->result->connections,
                    member->result->connection_count);
    margins_add(&report->margins, member->scenario, member->result);
    varied_add(&report->varied, member->scenario, member->result);
}

/* --- the end --------------------------------------------------------------------------------- */

static void put_table(struct report *report)
{
    fprintf(report->out, "%s%-20s %7s %7s %7s%s\n", paint(report, BOLD), "folder", "claims", "hold",
            "runs", paint(report, PLAIN));
    for (uint32_t i = 0; i < report->folder_count; i++) {
        const struct report_counts *counts = &report->folders[i].counts;
        bool all = counts->claims_held == counts->claims;
        fprintf(report->out, "%-20s %7u %s%7u%s %7u\n", report->folders[i].name, counts->claims,
                paint(report, all ? PLAIN : RED), counts->claims_held, paint(report, PLAIN),
                counts->runs);
    }
    fprintf(report->out, "\n");
}

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

/* "1 failed, 2 vacuous": runs by what became of them. */
static void put_troubles(struct report *report)
{
    const char *comma = ": ";
    for (int i = OUTCOME_HOLDS + 1; i < OUTCOMES; i++) {
        unsigned count = report->all.by_outcome[i];
        if (!count)
            continue;
        fprintf(report->out, "%s%u %s", comma, count, outcome_name((enum outcome)i));
        comma = ", ";
    }
    if (report->all.bad_files)
        fprintf(report->out, "%s%u file%s with errors", comma, report->all.bad_files,
                plural(report->all.bad_files));
}

static void put_isolation(struct report *report)
{
    const struct report_counts *all = &report->all;
    fprintf(report->out, " (isolation: %u held", all->isolation_held);
    if (all->isolation_claimed)
        fprintf(report->out, ", %u broken as claimed", all->isolation_claimed);
    if (all->isolation_broken)
        fprintf(report->out, ", %u broken", all->isolation_broken);
    if (all->exposed)
        fprintf(report->out, ", %u with declared over-exposure", all->exposed);
    fprintf(report->out, "; containment: %u held", all->containment_held);
    if (all->containment_claimed)
        fprintf(report->out, ", %u broken as claimed", all->containment_claimed);
    if (all->containment_broken)
        fprintf(report->out, ", %u broken", all->containment_broken);
    fprintf(report->out, ")");
}

static void put_summary(struct report *report)
{
    const struct report_counts *all = &report->all;
    unsigned lost = all->claims - all->claims_held;
    uint64_t ms = (wall_ns() - report->started_ns) / 1000000;
    bool good = report_code(report) == 0;
    fprintf(report->out, "%s", paint(report, good ? GREEN : RED));
    if (lost)
        fprintf(report->out, "%u of %u claim%s %s not hold", lost, all->claims, plural(all->claims),
                lost == 1 ? "does" : "do");
    else
        fprintf(report->out, "%u claim%s hold%s", all->claims, plural(all->claims),
                all->claims == 1 ? "s" : "");
    if (all->runs != all->claims)
        fprintf(report->out, " in %u runs", all->runs);
    put_troubles(report);
    fprintf(report->out, "%s", paint(report, PLAIN));
    fprintf(report->out, "%s %" PRIu64 ".%" PRIu64 " s", lost || all->bad_files ? ", after" : " in",
            ms / 1000, ms / 100 % 10);
    put_isolation(report);
    fprintf(report->out, "\n");
}

static void pretty_end(struct report *report)
{
    if (report->shard.of && !report->shard.count) {
        fprintf(report->out, "nothing to run: shard %" PRIu32 "/%" PRIu32 " is empty\n",
                report->shard.index, report->shard.of);
        return;
    }
    if (!report->all.runs) {
        fprintf(report->out, "nothing ran: %u file%s with errors\n", report->all.bad_files,
                plural(report->all.bad_files));
        return;
    }
    if (!report->quiet) {
        measured_print(&report->measured, report->out, report->color);
        connections_print(&report->connections, report->out, report->color);
        margins_print(&report->margins, report->out, report->color);
        put_table(report);
        varied_print(&report->varied, report->out);
    }
    put_summary(report);
}

const struct report_format report_pretty = {
    .name = "pretty", .member = pretty_member, .end = pretty_end};
