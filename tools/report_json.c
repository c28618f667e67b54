/* report_json.c: one object a line: each result, then {"summary": ...}. Times are microseconds with
 * three decimals, addresses hex strings, and no value depends on the wall clock. */
#define _POSIX_C_SOURCE 200809L

#include "sim/rules.h"
#include "sim/scenario_load.h"
#include "tools/commands.h"
#include "tools/extra.h"
#include "tools/report.h"
#include "tools/suite.h"
#include "tools/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Writes `, "name": "text"`. */
static void put_text(FILE *out, const char *name, const char *text)
{
    fprintf(out, ", \"%s\": ", name);
    json_write_string(out, text);
}

static void put_number(FILE *out, const char *name, uint64_t value)
{
    fprintf(out, ", \"%s\": %" PRIu64, name, value);
}

static void put_us(FILE *out, const char *name, uint64_t ps)
{
    char text[US_TEXT_MAX];
    fprintf(out, ", \"%s\": %s", name, us_text(ps, text));
}

static void put_bool(FILE *out, const char *name, bool value)
{
    fprintf(out, ", \"%s\": %s", name, value ? "true" : "false");
}

static const char *process_name(const struct scenario *s, uint32_t process)
{
    return process < s->app_count ? s->apps[process].name : "";
}

static void put_verdicts(FILE *out, const struct member *member)
{
    const struct scenario *s = member->scenario;
    fprintf(out, ", \"verdicts\": [");
    for (uint32_t i = 0; i < member->result->verdict_count; i++) {
        const struct result_verdict *v = &member->result->verdicts[i];
        fprintf(out, "%s{\"rule\": \"%s\"", i ? ", " : "", rule_rows[v->verdict.rule].id);
        put_us(out, "at_us", v->verdict.at_ps);
        put_text(out, "process", process_name(s, v->verdict.process));
        if (*v->address) {
            fprintf(out, ", \"address\": \"0x%08" PRIx32 "\"", v->verdict.address);
            put_text(out, "at", v->address);
        }
        put_text(out, "text", v->text);
        if (v->verdict.check != CHECK_NONE && v->verdict.check < s->check_count)
            put_text(out, "check", s->checks[v->verdict.check].path);
        put_bool(out, "expected", member->result->gate.expected[i]);
        fprintf(out, "}");
    }
    fprintf(out, "]");
    put_number(out, "verdict_count", member->result->verdict_total);
}

/* An expected break that did not come is one of the gate's reasons. */
static bool break_came(const struct gate *gate, uint32_t index)
{
    for (uint32_t i = 0; i < reason_count(gate); i++)
        if (gate->reasons[i].kind == REASON_BREAK_MISSING && gate->reasons[i].index == index)
            return false;
    return true;
}

static void put_breaks(FILE *out, const struct member *member)
{
    const struct scenario *s = member->scenario;
    fprintf(out, ", \"expected_breaks\": [");
    for (uint32_t i = 0; i < s->break_count; i++) {
        const struct expected_break *expected = &s->breaks[i];
        fprintf(out, "%s{\"rule\": \"%s\"", i ? ", " : "", rule_rows[expected->rule].id);
        put_text(out, "process", process_name(s, expected->process));
        put_text(out, "why", expected->why);
        put_bool(out, "came", break_came(&member->result->gate, i));
        fprintf(out, "}");
    }
    fprintf(out, "]");
}

static void put_exposure(FILE *out, const struct member *member)
{
    const struct scenario *s = member->scenario;
    const char *comma = "";
    fprintf(out, ", \"over_exposure\": [");
    for (uint32_t i = 0; i < s->app_count; i++) {
        const struct exposure_result *exposure = &member->result->exposure[i];
        if (!exposure->bytes)
            continue;
        fprintf(out, "%s{\"process\": ", comma);
        json_write_string(out, s->apps[i].name);
        put_number(out, "bytes", exposure->bytes);
        put_number(out, "devices", exposure->devices);
        fprintf(out, ", \"first\": \"0x%08" PRIx32 "\", \"size\": %" PRIu32 "}",
                exposure->first.base, exposure->first.size);
        comma = ", ";
    }
    fprintf(out, "]");
}

static void put_turns(FILE *out, const struct result *result)
{
    const char *comma = "";
    fprintf(out, ", \"turns\": [");
    for (uint32_t i = 0; i < VIRTS; i++) {
        const struct virt_result *turns = &result->turns[i];
        if (!turns->operations)
            continue;
        fprintf(out, "%s{\"of\": \"%s\"", comma, virt_name(i));
        put_number(out, "operations", turns->operations);
        put_number(out, "clients", turns->clients);
        put_number(out, "longest_wait", turns->waited);
        fprintf(out, "}");
        comma = ", ";
    }
    fprintf(out, "]");
}

/* What is left of the bound; negative: it was passed. */
static void put_margin(FILE *out, uint64_t bound_ps, uint64_t max_ps)
{
    char text[US_TEXT_MAX];
    bool passed = max_ps > bound_ps;
    put_us(out, "bound_us", bound_ps);
    fprintf(out, ", \"margin_us\": %s%s", passed ? "-" : "",
            us_text(passed ? max_ps - bound_ps : bound_ps - max_ps, text));
}

static void put_latency(FILE *out, const struct scenario *s, const struct result_latency *l)
{
    const struct check *check = &s->checks[l->check];
    const char *from, *to;
    latency_patterns(s, l, &from, &to);
    fprintf(out, "{\"check\": ");
    json_write_string(out, check->path);
    put_text(out, "from", from);
    put_text(out, "to", to);
    put_number(out, "count", l->count);
    put_number(out, "open", l->open);
    put_us(out, "min_us", l->min_ps);
    put_us(out, "median_us", l->median_ps);
    put_us(out, "p99_us", l->p99_ps);
    put_us(out, "max_us", l->max_ps);
    put_us(out, "max_at_us", l->max_at_ps);
    if (check->kind == CHECK_LATENCY && check->max && check->max != UINT64_MAX)
        put_margin(out, check->max, l->max_ps);
    fprintf(out, "}");
}

static void put_latencies(FILE *out, const struct member *member)
{
    const struct scenario *s = member->scenario;
    const char *comma = "";
    fprintf(out, ", \"latency\": [");
    for (uint32_t i = 0; i < member->result->latency_count; i++) {
        fprintf(out, "%s", i ? ", " : "");
        put_latency(out, s, &member->result->latencies[i]);
    }
    fprintf(out, "], \"speedup\": [");
    for (uint32_t i = 0; i < s->check_count; i++) {
        uint64_t ratio = speedup_thousandths(member->result, i);
        if (s->checks[i].kind != CHECK_SPEEDUP || !ratio)
            continue;
        fprintf(out, "%s{\"check\": ", comma);
        json_write_string(out, s->checks[i].path);
        fprintf(out, ", \"ratio\": %" PRIu64 ".%03" PRIu64 "}", ratio / 1000, ratio % 1000);
        comma = ", ";
    }
    fprintf(out, "]");
}

static void put_rules(FILE *out, const struct result *result)
{
    const char *comma = "";
    fprintf(out, ", \"rules_armed\": [");
    for (unsigned rule = 0; rule < RULE_NUMBER; rule++) {
        if (!(result->rules_armed >> rule & 1))
            continue;
        fprintf(out, "%s\"%s\"", comma, rule_rows[rule].id);
        comma = ", ";
    }
    fprintf(out, "]");
}

static void put_reasons(FILE *out, const struct member *member)
{
    const struct result *result = member->result;
    fprintf(out, ", \"reasons\": [");
    for (uint32_t i = 0; i < reason_count(&result->gate); i++) {
        fprintf(out, "%s", i ? ", " : "");
        json_write_string(out, result->gate.reasons[i].text);
    }
    fprintf(out, "]");
    if (*result->trouble)
        put_text(out, "error", result->trouble);
    if (*result->panic_text)
        put_text(out, "panic", result->panic_text);
}

static void put_judgement(FILE *out, const struct member *member)
{
    const struct result *r = member->result;
    fprintf(out, ", \"trace_hash\": \"%016" PRIx64 "\"", r->trace_hash);
    put_number(out, "records", r->records);
    put_us(out, "time_us", r->end_ps);
    put_text(out, "isolation", line_text(r->gate.isolation));
    put_text(out, "containment", line_text(r->gate.containment));
    put_number(out, "dma_masters_lent", r->gate.dma_lent);
    put_verdicts(out, member);
    put_breaks(out, member);
    put_exposure(out, member);
    put_turns(out, r);
    put_latencies(out, member);
    fprintf(out, ", ");
    connections_write_json(out, member->scenario, r->connections, r->connection_count);
    put_rules(out, r);
}

/* The command that repeats it. */
static void put_repeat(FILE *out, const struct member *member)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        abort();
    program_write(file);
    fprintf(file, " run %s", member->flags);
    suite_write_name(file, member->scenario);
    if (fclose(file) != 0)
        abort();
    put_text(out, "repeat", text);
    free(text);
}

void json_write_member(FILE *out, const struct member *member)
{
    const struct scenario *s = member->scenario;
    fprintf(out, "{\"id\": ");
    json_write_string(out, s->id);
    put_text(out, "path", s->path);
    put_text(out, "claim", s->claim);
    put_text(out, "outcome", outcome_name(member->result->outcome));
    put_number(out, "seed", s->seed);
    put_text(out, "board", s->board.name);
    put_text(out, "preset", s->costs.preset);
    put_text(out, "scheduler", scheduler_name(s->config.scheduler));
    if (result_judged(member->result))
        put_judgement(out, member);
    put_reasons(out, member);
    if (member->result->outcome != OUTCOME_HOLDS)
        put_repeat(out, member);
    fprintf(out, "}\n");
}

void json_write_bad_file(FILE *out, const char *path, const char *complaints)
{
    char base[SCENARIO_ID_MAX];
    suite_base(path, base);
    fprintf(out, "{\"id\": ");
    json_write_string(out, base);
    put_text(out, "path", path);
    put_text(out, "outcome", "unreadable");
    put_text(out, "error", complaints);
    fprintf(out, "}\n");
}

static void json_line(struct report *report, const char *json, uint64_t wall_ns)
{
    (void)wall_ns; /* no two runs would be the same */
    fputs(json, report->out);
}

/* What merging needs to know of a shard. */
static void put_shard(FILE *out, const struct shard *shard)
{
    if (!shard->of)
        return;
    fprintf(out, ", \"shard\": {\"index\": %" PRIu32, shard->index);
    put_number(out, "of", shard->of);
    put_number(out, "first", shard->first);
    put_number(out, "count", shard->count);
    put_number(out, "total", shard->total);
    fprintf(out, ", \"list\": \"%016" PRIx64 "\", \"version\": \"" POSTERN_VERSION "\"}",
            shard->list);
}

static void json_end(struct report *report)
{
    const struct report_counts *all = &report->all;
    FILE *out = report->out;
    fprintf(out, "{\"summary\": {\"claims\": %u, \"claims_held\": %u, \"runs\": %u", all->claims,
            all->claims_held, all->runs);
    for (int i = 0; i < OUTCOMES; i++)
        put_number(out, outcome_name((enum outcome)i), all->by_outcome[i]);
    put_number(out, "unreadable_files", all->bad_files);
    put_number(out, "isolation_held", all->isolation_held);
    put_number(out, "isolation_broken_as_claimed", all->isolation_claimed);
    put_number(out, "containment_held", all->containment_held);
    put_number(out, "containment_broken_as_claimed", all->containment_claimed);
    put_number(out, "over_exposed", all->exposed);
    if (!report->shard.of) /* else the shard says it */
        put_text(out, "version", POSTERN_VERSION);
    put_shard(out, &report->shard);
    fprintf(out, ", \"exit\": %d}}\n", report_code(report));
}

const struct report_format report_json = {.name = "json", .line = json_line, .end = json_end};
