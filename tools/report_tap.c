/* report_tap.c: TAP version 13 (prove refuses 14): the plan, one line a result, and under each that
 * does not hold a block of YAML.
 *
 *   not ok 2 - x/late@1
 *     ---
 *     message: "latency at 1110.390 us: ..."
 *     severity: "failure"
 *     ...
 *
 * Strings in the block are JSON's, which YAML reads. Nothing depends on the wall clock.
 *
 * A description may hold no "#": one before SKIP or TODO would turn a failure into a pass. It gets
 * a backslash, as TAP demands; so does a backslash.
 */
#define _POSIX_C_SOURCE 200809L

#include "tools/report.h"
#include "tools/result_line.h"
#include "tools/text.h"

#include <inttypes.h>

static void tap_begin(struct report *report)
{
    const struct shard *shard = &report->shard;
    fprintf(report->out, "TAP version 13\n1..%" PRIu64, shard->count);
    if (!shard->count)
        fprintf(report->out, " # SKIP shard %" PRIu32 "/%" PRIu32 " is empty", shard->index,
                shard->of);
    fputc('\n', report->out);
}

static void put_description(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '#' || *text == '\\')
            fputc('\\', out);
        /* A control character, a line's end above all, would break the line. */
        fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
    }
}

/* `  key: "text"`, unless there is no text. */
static void put_entry(FILE *out, const char *key, const char *text)
{
    if (!*text)
        return;
    fprintf(out, "  %s: ", key);
    json_write_string(out, text);
    fputc('\n', out);
}

/* Each in an object of its own: prove takes a bare `- "a: b"` for one that lacks its quotes. */
static void put_reasons(FILE *out, const struct result_line *line)
{
    const char *reason;
    for (int i = 0; (reason = result_line_reason(line, i)); i++) {
        fputs(i ? "" : "    reasons:\n", out);
        put_entry(out, "    - text", reason);
    }
}

static void put_breaks(FILE *out, const struct result_line *line)
{
    struct line_break found;
    for (int at = 0, i = 0; result_line_break(line, &at, &found); i++) {
        fprintf(out, "%s      - rule: \"%s\"\n        at_us: %.3f\n", i ? "" : "    breaks:\n",
                found.rule, found.at_us);
        put_entry(out, "      process", found.process);
        put_entry(out, "      text", found.text);
    }
}

static void put_block(FILE *out, const struct result_line *line)
{
    char message[LINE_MESSAGE_MAX];
    fputs("  ---\n", out);
    put_entry(out, "message", result_line_message(line, message));
    put_entry(out, "severity", result_line_kind(line));
    fputs("  at:\n", out);
    put_entry(out, "  file", line->path);
    fputs("  data:\n", out);
    put_entry(out, "  outcome", line->outcome_name);
    put_entry(out, "  claim", line->claim);
    put_entry(out, "  error", result_line_error(line));
    put_entry(out, "  panic", result_line_panic(line));
    put_reasons(out, line);
    put_breaks(out, line);
    put_entry(out, "  repeat", line->repeat);
    fputs("  ...\n", out);
}

static void tap_line(struct report *report, const char *json, uint64_t wall_ns)
{
    struct result_line line;
    unsigned number = report->all.runs + report->all.bad_files;
    (void)wall_ns;
    if (!result_line_read(&line, json))
        return;
    fprintf(report->out, "%sok %u - ", line.outcome == OUTCOME_HOLDS ? "" : "not ", number);
    put_description(report->out, line.id);
    fputc('\n', report->out);
    if (line.outcome != OUTCOME_HOLDS)
        put_block(report->out, &line);
    fflush(report->out); /* whoever watches sees each result as it comes */
    result_line_free(&line);
}

static void tap_end(struct report *report)
{
    (void)report; /* the plan has said how many there are */
}

const struct report_format report_tap = {
    .name = "tap", .counted = true, .begin = tap_begin, .line = tap_line, .end = tap_end};
