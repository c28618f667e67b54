/* report_pretty.c: for people: failures in full, then what was measured, a table by folder, and one
 * line that says it all. */
#define _POSIX_C_SOURCE 200809L

#include "sim/rules.h"
#include "tools/isolate.h"
#include "tools/report.h"
#include "tools/suite.h"
#include "tools/text.h"
#include "tools/timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 6, LABEL = 10, WIDTH = 100 };

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
    fprintf(out, "  repeat  postern run %s", member->flags);
    suite_write_name(out, member->scenario);
    fprintf(out, "\n\n");
}

/* --- what was measured ----------------------------------------------------------------------- */

static void put_margin(FILE *out, const struct check *check, uint64_t max_ps)
{
    char bound[US_TEXT_MAX], margin[US_TEXT_MAX];
    if (check->kind != CHECK_LATENCY || !check->max || check->max == UINT64_MAX)
        return;
    bool passed = max_ps > check->max;
    us_text(passed ? max_ps - check->max : check->max - max_ps, margin);
    fprintf(out, "  margin %s%s to %s", passed ? "-" : "", margin, us_text(check->max, bound));
}

static void put_latency(FILE *out, const struct scenario *s, const struct result_latency *l)
{
    char min[US_TEXT_MAX], median[US_TEXT_MAX], p99[US_TEXT_MAX], max[US_TEXT_MAX];
    const char *from, *to;
    latency_patterns(s, l, &from, &to);
    fprintf(out, "    %s -> %s:\n      %" PRIu64 " times, min %s  median %s  p99 %s  max %s", from,
            to, l->count, us_text(l->min_ps, min), us_text(l->median_ps, median),
            us_text(l->p99_ps, p99), us_text(l->max_ps, max));
    put_margin(out, &s->checks[l->check], l->max_ps);
    fprintf(out, " us\n");
}

static void put_measured(struct report *report, const struct member *member)
{
    const struct scenario *s = member->scenario;
    const struct result *result = member->result;
    if (result->latency_count == 0 || !report->tail_file)
        return;
    FILE *out = report->tail_file;
    fprintf(out, "  %s, costs %s\n", s->id, s->costs.preset);
    for (uint32_t i = 0; i < result->latency_count; i++)
        put_latency(out, s, &result->latencies[i]);
    for (uint32_t i = 0; i < s->check_count; i++) {
        uint64_t ratio = speedup_thousandths(result, i);
        if (s->checks[i].kind == CHECK_SPEEDUP && ratio)
            fprintf(out, "    %s%" PRIu64 ".%03" PRIu64 " times as fast%s\n", paint(report, BOLD),
                    ratio / 1000, ratio % 1000, paint(report, PLAIN));
    }
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
    if (!report->tail_file && !report->quiet)
        report->tail_file = open_memstream(&report->tail, &report->tail_size);
    if (member->result->outcome != OUTCOME_HOLDS)
        put_failure(report, member);
    else if (report->verbose)
        put_ok(report, member);
    if (!report->quiet)
        put_measured(report, member);
}

/* --- the end --------------------------------------------------------------------------------- */

static void put_tail(struct report *report)
{
    if (!report->tail_file)
        return;
    fclose(report->tail_file);
    if (report->tail_size)
        fprintf(report->out, "%smeasured%s, in us of virtual time (median and p99: at most)\n%s\n",
                paint(report, BOLD), paint(report, PLAIN), report->tail);
    free(report->tail);
    report->tail = NULL;
    report->tail_file = NULL;
}

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
    if (all->exposed)
        fprintf(report->out, ", %u with declared over-exposure", all->exposed);
    fprintf(report->out, "; containment: %u held", all->containment_held);
    if (all->containment_claimed)
        fprintf(report->out, ", %u broken as claimed", all->containment_claimed);
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
    if (!report->all.runs) {
        fprintf(report->out, "nothing ran: %u file%s with errors\n", report->all.bad_files,
                plural(report->all.bad_files));
        return;
    }
    if (!report->quiet) {
        put_tail(report);
        put_table(report);
    }
    put_summary(report);
}

const struct report_format report_pretty = {"pretty", pretty_member, pretty_end};
