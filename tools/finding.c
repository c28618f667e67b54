/* finding.c: see finding.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/finding.h"

#include "fuzz/excuse.h"
#include "model/process.h"
#include "sim/verdict.h"
#include "tools/text.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- taking ---------------------------------------------------------------------------------- */

static void add_break(struct finding *finding, const struct scenario *s, const struct verdict *v)
{
    if (finding->break_count == VERDICT_MAX)
        return;
    struct finding_break *b = &finding->breaks[finding->break_count++];
    *b = (struct finding_break){.rule = v->rule,
                                .own = v->rule == RULE_STEP || v->check != CHECK_NONE,
                                .detail = v->detail,
                                .address = v->address,
                                .at_ps = v->at_ps,
                                .got = v->got,
                                .wanted = v->wanted};
    if (v->process < s->app_count)
        memcpy(b->app, s->apps[v->process].name, sizeof b->app);
}

static void take_breaks(const struct scenario *s, const struct result *result,
                        struct finding *finding)
{
    for (uint32_t i = 0; i < result->verdict_count; i++) {
        if (result->gate.expected[i])
            continue;
        if (!finding->break_count)
            snprintf(finding->text, sizeof finding->text, "%s", result->verdicts[i].text);
        add_break(finding, s, &result->verdicts[i].verdict);
    }
}

/* Rules that were to break and held: the only other way for a claim to fail, but for too many. */
static void take_held(const struct scenario *s, const struct result *result,
                      struct finding *finding)
{
    uint32_t count = result->gate.reason_count;
    for (uint32_t i = 0; i < count && i < GATE_REASON_MAX; i++) {
        const struct gate_reason *reason = &result->gate.reasons[i];
        if (reason->kind != REASON_BREAK_MISSING || finding->break_count == VERDICT_MAX)
            continue;
        if (!finding->break_count)
            snprintf(finding->text, sizeof finding->text, "%s", reason->text);
        finding->breaks[finding->break_count++] =
            (struct finding_break){.rule = s->breaks[reason->index].rule, .held = true};
    }
}

void finding_of_result(const struct scenario *s, const struct result *result,
                       struct finding *finding)
{
    static const enum finding_end ends[OUTCOMES] = {
        [OUTCOME_FAILED] = FINDING_BROKEN,       [OUTCOME_BUDGET] = FINDING_OVERTIME,
        [OUTCOME_BAD_INPUT] = FINDING_BAD_INPUT, [OUTCOME_DIFFERED] = FINDING_SIMULATOR,
        [OUTCOME_SIMULATOR] = FINDING_SIMULATOR,
    };
    /* A device's model that is at its end takes the judgement away, but not what broke. */
    bool broken = result->outcome == OUTCOME_SIMULATOR && result->gate.unexpected > 0;
    *finding = (struct finding){.end = broken ? FINDING_BROKEN : ends[result->outcome],
                                .trace_hash = result->trace_hash,
                                .end_ps = result->end_ps};
    snprintf(finding->text, sizeof finding->text, "%s", result->trouble);
    snprintf(finding->place, sizeof finding->place, "%s", result->panic_text);
    if (finding->end != FINDING_BROKEN)
        return;
    take_breaks(s, result, finding);
    take_held(s, result, finding);
}

void finding_of_twins(const struct scenario *s, uint32_t process, const struct twins_result *twins,
                      struct finding *finding)
{
    const struct twins_leak *leak = twins->value.found ? &twins->value : &twins->time;
    *finding = (struct finding){.of_pair = true, .trace_hash = twins->trace_hash};
    if (twins->end != TWINS_LEAK)
        return;
    finding->end = FINDING_LEAK;
    finding->leak.of_time = !twins->value.found;
    finding->leak.at_ps = leak->at_ps[0];
    snprintf(finding->leak.secret, SCENARIO_NAME_MAX, "%s", twins_name(s, process));
    snprintf(finding->leak.observer, SCENARIO_NAME_MAX, "%s", twins_observer(s, leak));
    snprintf(finding->text, sizeof finding->text,
             "%.40s observes in run 1: %.200s; in run 2: %.200s", twins_observer(s, leak),
             leak->what[0], leak->what[1]);
}

void finding_of_pairs(const struct scenario *s, struct finding *finding)
{
    struct twins_result twins;
    *finding = (struct finding){0};
    for (uint32_t p = twins_next(s, 0); p != PROCESS_NONE && finding->end == FINDING_NONE;
         p = twins_next(s, p + 1)) {
        twins_run(s, p, &twins);
        finding_of_twins(s, p, &twins, finding);
    }
}

static void of_secrets(const struct stage *stage, struct finding *finding)
{
    finding_of_twins(stage->scenario, stage->secrets->of.process, &stage->secrets->result, finding);
}

void finding_of_stage(const struct stage *stage, enum stage_end end, struct finding *finding)
{
    static const enum finding_end ends[] = {[STAGE_HOLDS] = FINDING_NONE,
                                            [STAGE_BROKEN] = FINDING_BROKEN,
                                            [STAGE_SIMULATOR] = FINDING_SIMULATOR};
    const struct verdict *kept;
    struct machine *m = stage->hw.m;
    if (stage->secrets) {
        of_secrets(stage, finding);
        return;
    }
    uint32_t count = machine_verdicts(m, &kept);
    *finding = (struct finding){
        .end = ends[end], .trace_hash = machine_trace_hash(m), .end_ps = machine_now_ps(m)};
    for (uint32_t i = 0; i < count; i++) {
        if (verdict_excused(m, &kept[i]))
            continue;
        if (!finding->break_count)
            verdict_describe_run(m, &kept[i], finding->text, sizeof finding->text);
        add_break(finding, stage->scenario, &kept[i]);
    }
    snprintf(finding->place, sizeof finding->place, "%s", stage->hw.panic_text);
    uint32_t lost = machine_broken_device(m);
    if (finding->break_count || lost == BOARD_NONE)
        return;
    finding->end = FINDING_SIMULATOR; /* excused or not: `postern run` says no more of it */
    snprintf(finding->text, sizeof finding->text, "the model of %s has lost requests",
             stage->scenario->board.devices[lost].name);
}

/* --- in a child ------------------------------------------------------------------------------ */

struct isolation {
    isolate_work *work;
    const void *argument;
    FILE *errors; /* its stderr */
};

static void work_quietly(const void *argument, int pipe)
{
    const struct isolation *isolation = argument;
    if (isolation->errors)
        dup2(fileno(isolation->errors), STDERR_FILENO);
    isolation->work(isolation->argument, pipe);
}

/* "file.c:12:3: runtime error: ..." of UBSan's, without what the numbers were; ASan's summary. */
static bool is_place(char *line)
{
    char *words = strstr(line, "runtime error:");
    line[strcspn(line, "\n")] = '\0';
    if (words)
        words[strlen("runtime error")] = '\0';
    return words || strncmp(line, "SUMMARY: ", 9) == 0;
}

static void find_place(FILE *errors, struct finding *finding)
{
    char line[512];
    if (!errors)
        return;
    rewind(errors);
    while (fgets(line, sizeof line, errors)) {
        bool found = is_place(line);
        if (!found && finding->place[0])
            continue;
        snprintf(finding->place, sizeof finding->place, "%.*s", FINDING_PLACE_MAX - 1, line);
        if (found)
            return;
    }
}

/* The child has said nothing: how it ended is what is known. */
static void take_crash(const struct isolated *child, FILE *errors, struct finding *finding)
{
    char text[ISOLATE_TEXT_MAX];
    *finding = (struct finding){.end = child->end == ISOLATE_OVERTIME ? FINDING_OVERTIME
                                                                      : FINDING_CRASHED};
    snprintf(finding->text, sizeof finding->text, "%s", isolate_text(child, text));
    if (finding->end == FINDING_CRASHED)
        find_place(errors, finding);
}

void finding_isolated(isolate_work *work, const void *argument, uint64_t budget_ms,
                      struct finding *finding)
{
    struct isolated child;
    struct isolated *const children[] = {&child};
    const struct isolation isolation = {work, argument, tmpfile()};
    isolate_start(&child, work_quietly, &isolation, budget_ms);
    while (child.end == ISOLATE_RUNS)
        isolate_wait(children, 1);
    if (child.end == ISOLATE_DONE && child.size == sizeof *finding)
        memcpy(finding, child.bytes, sizeof *finding);
    else
        take_crash(&child, isolation.errors, finding);
    if (isolation.errors)
        fclose(isolation.errors);
    isolate_free(&child);
}

/* --- comparing and saying -------------------------------------------------------------------- */

static bool break_same(const struct finding_break *a, const struct finding_break *b, bool place)
{
    if (a->rule != b->rule || a->held != b->held || a->own != b->own)
        return false;
    if (a->own && (a->detail != b->detail || a->wanted != b->wanted ||
                   (a->rule != RULE_STEP && a->got != b->got)))
        return false;
    return !place || (strcmp(a->app, b->app) == 0 && a->address == b->address);
}

static bool leak_same(const struct finding_leak *a, const struct finding_leak *b, bool place)
{
    return a->of_time == b->of_time &&
           (!place || (strcmp(a->secret, b->secret) == 0 && strcmp(a->observer, b->observer) == 0));
}

bool finding_same(const struct finding *one, const struct finding *other, bool same_place)
{
    bool crashed = one->end == FINDING_CRASHED || one->end == FINDING_SIMULATOR;
    if (one->end != other->end)
        return false;
    if (crashed && strcmp(one->place, other->place) != 0)
        return false;
    if (one->end == FINDING_LEAK)
        return leak_same(&one->leak, &other->leak, same_place);
    if (one->end != FINDING_BROKEN || !one->break_count)
        return true;
    if (same_place && strcmp(one->place, other->place) != 0)
        return false;
    for (uint32_t i = 0; i < other->break_count; i++)
        if (break_same(&one->breaks[0], &other->breaks[i], same_place))
            return true;
    return false;
}

bool finding_within(const struct finding *one, const struct finding *other)
{
    for (uint32_t i = 0; i < other->break_count; i++) {
        bool found = false;
        for (uint32_t n = 0; n < one->break_count && !found; n++)
            found = one->breaks[n].rule == other->breaks[i].rule &&
                    one->breaks[n].held == other->breaks[i].held;
        if (!found)
            return false;
    }
    return true;
}

const char *finding_name(const struct finding *finding)
{
    static const char *const names[] = {
        [FINDING_NONE] = "none",           [FINDING_LEAK] = "leak",
        [FINDING_BROKEN] = "broken",       [FINDING_SIMULATOR] = "simulator",
        [FINDING_CRASHED] = "crash",       [FINDING_OVERTIME] = "overtime",
        [FINDING_BAD_INPUT] = "bad-input",
    };
    if (finding->end == FINDING_LEAK)
        return finding->leak.of_time ? "time-leak" : "value-leak";
    if (finding->end == FINDING_BROKEN && finding->break_count)
        return rule_rows[finding->breaks[0].rule].id;
    return names[finding->end];
}

void finding_print(FILE *to, const struct finding *finding)
{
    const struct finding_break *first = &finding->breaks[0];
    if (finding->end == FINDING_NONE) {
        fprintf(to, "nothing breaks");
        return;
    }
    fprintf(to, "%s", finding_name(finding));
    if (finding->break_count && !first->held) {
        char us[US_TEXT_MAX];
        fprintf(to, " at %s us", us_text(first->at_ps, us));
    }
    if (finding->end == FINDING_LEAK) {
        char us[US_TEXT_MAX];
        fprintf(to, " at %s us, secrets of %s", us_text(finding->leak.at_ps, us),
                finding->leak.secret);
    }
    if (finding->break_count && first->app[0])
        fprintf(to, ", app %s", first->app);
    if (finding->text[0])
        fprintf(to, ": %s", finding->text);
    if (finding->place[0])
        fprintf(to, " (%s)", finding->place);
}
