/* cmd_show.c: `postern show SCENARIO` prints one run as a timeline: calls and returns in pairs,
 * upcalls, interrupts, device events, faults with what refused them, verdicts where they fall.
 *
 * In colour: an app's name in its own colour, which is the viewer's if the terminal has 256; faults
 * red, broken rules red and bold (expected ones yellow), what is granted green, what is denied
 * yellow, what the kernel does for itself dim.
 *
 * The run is stepped in a process of its own, which prints as it goes: a crash of the simulator
 * leaves what had happened until then.
 */

#include "model/process.h"
#include "sim/rules.h"
#include "sim/verdict.h"
#include "tools/ble_story.h"
#include "tools/commands.h"
#include "tools/one_member.h"
#include "tools/run_one.h"
#include "tools/text.h"
#include "tools/timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { AROUND_LINES = 12, AROUND_LINES_MAX = 1000 }; /* of --around: by default, at most */

struct show_options {
    struct option_number seed, from_ps, to_ps, around_ps, lines;
    const char *app, *kinds;
    uint32_t color;
    bool ble;
};

static const char *const colors[] = {"auto", "always", "never", NULL};

#define FIELD(field) offsetof(struct show_options, field)

static const struct option_row rows[] = {
    {"--from", "US", "only what happens from this virtual time on", OPTION_TIME, FIELD(from_ps), 0,
     0, NULL},
    {"--to", "US", "stop there: nothing is judged then", OPTION_TIME, FIELD(to_ps), 0, 0, NULL},
    {"--around", "US", "only the last lines before this time and the first from it on", OPTION_TIME,
     FIELD(around_ps), 0, 0, NULL},
    {"--lines", "N", "with --around: so many on either side (default 12)", OPTION_COUNT,
     FIELD(lines), 1, AROUND_LINES_MAX, NULL},
    {"--app", "NAME", "only what this app does and gets", OPTION_TEXT, FIELD(app), 0, 0, NULL},
    {"--kinds", "LIST", "only these kinds, such as syscall,return,irq; or all", OPTION_TEXT,
     FIELD(kinds), 0, 0, NULL},
    {"--ble", NULL, "connections on the air instead: a line for each event", OPTION_FLAG,
     FIELD(ble), 0, 0, NULL},
    {"--seed", "N", "run with this seed, not with the scenario's own", OPTION_COUNT, FIELD(seed), 0,
     0, NULL},
    {"--color", "WHEN", "auto, always, never (NO_COLOR, CLICOLOR_FORCE)", OPTION_WORD, FIELD(color),
     0, 0, colors},
};

static const struct usage usage = {
    .command = "show",
    .arguments = "SCENARIO",
    .about =
        "Shows one run as a timeline: `=>` a call leaves an app, `<=` its return or an upcall\n"
        "comes in; faults say what refused them; verdicts stand where they fell. SCENARIO is a\n"
        "file or an id. With --ble: each Bluetooth LE connection, event by event, with what was "
        "sent,\n"
        "T_IFS as measured and what is left of it. Register accesses of the kernel are left out "
        "unless --kinds names them.\n",
    .examples = "  postern show passthrough/lent_timer_reaches_its_app\n"
                "  postern show passthrough/lent_timer_reaches_its_app --from 900 --to 1300.5\n"
                "  postern show passthrough/lent_timer_reaches_its_app --around 1250 --lines 5\n"
                "  postern show x.json --app owner --kinds syscall,return,upcall,fault\n"
                "  postern show x.json --kinds all\n"
                "  postern show x.json --ble --around 250000\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_min = 1,
    .argument_max = 1,
};

struct show {
    const struct show_options *options;
    const struct scenario *scenario;
    uint32_t process;  /* --app, else PATTERN_ANY */
    uint64_t kinds[2]; /* a bit each, as monitors have them */
    bool color;

    struct timeline timeline;
    char line[TIMELINE_TEXT_MAX]; /* its last */
    struct recorder recorder;     /* of the step under way */
    struct run run;
    struct mpu_armv7m mpu; /* before that step */
    uint32_t verdicts;     /* printed so far */

    struct ble_story *ble; /* --ble, of the child; else NULL */

    uint64_t side;   /* --around: lines on either side; 0: all lines are printed */
    char **before;   /* a ring of `side` lines; of the child */
    uint64_t held;   /* lines that went into it */
    uint64_t behind; /* lines printed from the time on */
};

/* --- what to show ---------------------------------------------------------------------------- */

static bool add_kind(struct show *show, const char *name, struct nearest *nearest)
{
    bool found = strcmp(name, "all") == 0;
    if (found)
        show->kinds[0] = show->kinds[1] = UINT64_MAX;
    for (unsigned kind = 0; kind < EVENT_KINDS && !found; kind++) {
        if (!event_name(kind))
            continue;
        nearest_offer(nearest, event_name(kind));
        if (strcmp(event_name(kind), name) != 0)
            continue;
        show->kinds[kind / 64] |= KIND_BIT(kind);
        found = true;
    }
    return found;
}

/* The second halves carry the lines of calls and upcalls. */
static void add_halves(struct show *show)
{
    if (show->kinds[0] & KIND_BIT(EVENT_SYSCALL))
        show->kinds[0] |= KIND_BIT(EVENT_SYSCALL_MORE);
    if (show->kinds[0] & KIND_BIT(EVENT_UPCALL))
        show->kinds[0] |= KIND_BIT(EVENT_UPCALL_MORE);
}

static bool choose_kinds(struct show *show)
{
    const char *list = show->options->kinds;
    if (!list) {
        show->kinds[0] = ~(KIND_BIT(EVENT_KERNEL_READ) | KIND_BIT(EVENT_KERNEL_WRITE));
        show->kinds[1] = UINT64_MAX;
        return true;
    }
    for (size_t size; *list; list += size + (list[size] == ',')) {
        char name[48];
        size = strcspn(list, ",");
        snprintf(name, sizeof name, "%.*s", (int)size, list);
        struct nearest nearest = nearest_to(name);
        if (!add_kind(show, name, &nearest)) {
            char hint[96];
            options_error(&usage, "--kinds: no such kind: %s%s", name,
                          nearest_text(&nearest, hint, sizeof hint));
            return false;
        }
    }
    add_halves(show);
    return true;
}

static bool choose_app(struct show *show)
{
    const char *wanted = show->options->app;
    show->process = PATTERN_ANY;
    return !wanted || one_app(&usage, "--app", show->scenario, wanted, &show->process);
}

static bool is_wanted(const struct show *show, const struct record *r)
{
    return (show->kinds[r->kind / 64] & KIND_BIT(r->kind)) &&
           (show->process == PATTERN_ANY || show->process == r->process) &&
           r->at_ps >= show->options->from_ps.value;
}

/* --- lines ----------------------------------------------------------------------------------- */

static const char *paint(const struct show *show, enum color color)
{
    return color_code(show->color, color);
}

/* --around: lines before the time wait in a ring, since only the last ones are wanted. */
static void hold_line(struct show *show, const char *text)
{
    char **place = &show->before[show->held++ % show->side];
    size_t size = strlen(text) + 1;
    free(*place);
    *place = malloc(size);
    if (!*place)
        abort();
    memcpy(*place, text, size);
}

static void release_lines(struct show *show)
{
    uint64_t first = show->held > show->side ? show->held - show->side : 0;
    char us[US_TEXT_MAX];
    for (uint64_t i = first; i < show->held; i++)
        printf("%s\n", show->before[i % show->side]);
    printf("%s%s%21s us%s\n", first < show->held ? "" : "(nothing before)\n", paint(show, DIM),
           us_text(show->options->around_ps.value, us), paint(show, PLAIN));
    show->held = 0;
}

static bool has_enough(const struct show *show)
{
    return show->side && show->behind >= show->side;
}

/* `text` has its colours. */
static void print_line(struct show *show, uint64_t at_ps, const char *text)
{
    if (show->side && at_ps < show->options->around_ps.value) {
        hold_line(show, text);
        return;
    }
    if (has_enough(show))
        return;
    if (show->side && show->behind++ == 0)
        release_lines(show);
    puts(text);
}

static bool failed(const struct show *show, const struct record *r)
{
    return strncmp(show->line + show->timeline.what_at, "<= failure", 10) == 0 &&
           r->kind == EVENT_RETURN;
}

/* What the record comes to. */
static enum color color_of(const struct show *show, const struct record *r)
{
    bool answered = r->kind == EVENT_NOTE_BASE + NOTE_FILTER_ANSWERED;
    switch (r->kind) {
    case EVENT_FAULT:
    case EVENT_KERNEL_PANIC:
        return RED;
    case EVENT_NOTE_BASE + NOTE_WINDOW_GRANTED:
    case EVENT_NOTE_BASE + NOTE_ENDPOINT_OWNED:
    case EVENT_NOTE_BASE + NOTE_FILTER_ANSWERED:
        return answered && pair_high(r->value) ? YELLOW : GREEN;
    case EVENT_NOTE_BASE + NOTE_WINDOW_REFUSED:
    case EVENT_NOTE_BASE + NOTE_SYSCALL_FILTERED:
    case EVENT_NOTE_BASE + NOTE_UPCALL_DROPPED:
    case EVENT_NOTE_BASE + NOTE_ENDPOINT_STUCK:
    case EVENT_NOTE_BASE + NOTE_KERNEL_LIMIT:
    case EVENT_DMA_REFUSED:
    case EVENT_FLASH_REFUSED:
        return YELLOW;
    case EVENT_KERNEL_READ:
    case EVENT_KERNEL_WRITE:
    case EVENT_SLEEP:
    case EVENT_WAKE:
        return DIM;
    default:
        if (failed(show, r))
            return YELLOW;
        return r->kind >= EVENT_NOTE_BASE && r->process == PROCESS_NONE ? DIM : PLAIN;
    }
}

/* The name is its app's colour, the phrase has its own; all of a line is dim or none of it. */
static void paint_line(const struct show *show, const struct record *r, char *text, size_t size)
{
    const char *line = show->line;
    size_t name_at = show->timeline.name_at, what_at = show->timeline.what_at;
    enum color color = color_of(show, r);
    if (color == DIM)
        snprintf(text, size, "%s%s%s", paint(show, DIM), line, paint(show, PLAIN));
    else
        snprintf(text, size, "%.*s%s%.*s%s%s%s%s", (int)name_at, line,
                 color_of_app(r->process < show->scenario->app_count, r->process),
                 (int)(what_at - name_at), line + name_at, paint(show, PLAIN),
                 color == PLAIN ? "" : paint(show, color), line + what_at,
                 color == PLAIN ? "" : paint(show, PLAIN));
}

static void print_painted(struct show *show, const struct record *r)
{
    char text[TIMELINE_TEXT_MAX + 64];
    if (!show->color) {
        print_line(show, r->at_ps, show->line);
        return;
    }
    paint_line(show, r, text, sizeof text);
    print_line(show, r->at_ps, text);
}

static void print_record(struct show *show, const struct record *r)
{
    char text[TIMELINE_TEXT_MAX];
    if (show->ble) {
        ble_story_add(show->ble, r, show->timeline.frame);
        return;
    }
    if (!timeline_add(&show->timeline, r, show->line) || !is_wanted(show, r))
        return;
    print_painted(show, r);
    if (r->kind == EVENT_FAULT && timeline_explain(&show->timeline, &show->mpu, r, text))
        print_line(show, r->at_ps, text);
}

static bool is_expected(const struct scenario *s, const struct verdict *v)
{
    for (uint32_t i = 0; i < s->break_count; i++)
        if (s->breaks[i].rule == v->rule)
            return true;
    return false;
}

static void print_verdict(struct show *show, const struct verdict *v)
{
    char stamp[STAMP_TEXT_MAX], what[VERDICT_TEXT_MAX], text[VERDICT_TEXT_MAX + 160];
    verdict_describe_run(show->run.hw.m, v, what, sizeof what);
    if (show->ble) {
        snprintf(text, sizeof text, "%s: %s", rule_rows[v->rule].id, what);
        ble_story_verdict(show->ble, v->at_ps, text);
        return;
    }
    bool expected = is_expected(show->scenario, v);
    snprintf(text, sizeof text, "%s  %s%-10s  ** %s%s: %s%s",
             timeline_stamp(show->scenario, v->at_ps, stamp),
             paint(show, expected ? YELLOW : RED_BOLD), "verdict", rule_rows[v->rule].id,
             expected ? " (expected)" : "", what, paint(show, PLAIN));
    print_line(show, v->at_ps, text);
}

/* What the last step has brought. */
static void print_step(struct show *show)
{
    const struct verdict *verdicts;
    for (uint64_t i = 0; i < show->recorder.count; i++) {
        show->timeline.frame = recorder_frame(&show->recorder, i);
        print_record(show, &show->recorder.records[i]);
    }
    show->recorder.count = 0;
    uint32_t count = machine_verdicts(show->run.hw.m, &verdicts);
    for (; show->verdicts < count; show->verdicts++)
        if (verdicts[show->verdicts].at_ps >= show->options->from_ps.value)
            print_verdict(show, &verdicts[show->verdicts]);
}

/* --- the run --------------------------------------------------------------------------------- */

static void print_head(const struct show *show)
{
    const struct scenario *s = show->scenario;
    printf("%s%s%s\n", paint(show, BOLD), s->id, paint(show, PLAIN));
    text_wrap(stdout, s->claim, 4, 100);
    printf("    board %s, %u MHz, costs %s; seed %" PRIu64 "\n\n", s->board.name,
           s->board.cpu_hz / 1000000, s->costs.preset, s->seed);
    if (!show->ble)
        printf("%s%s%s\n", paint(show, DIM), timeline_header, paint(show, PLAIN));
}

static void print_end(struct show *show, const struct result *result)
{
    char us[US_TEXT_MAX];
    bool holds = result->outcome == OUTCOME_HOLDS;
    printf("\n%s%s%s after %s us, %" PRIu64 " records, hash %016" PRIx64 "\n",
           paint(show, holds ? GREEN : RED), outcome_name(result->outcome), paint(show, PLAIN),
           us_text(result->end_ps, us), result->records, result->trace_hash);
    for (uint32_t i = 0; i < result->gate.reason_count && i < GATE_REASON_MAX; i++)
        printf("    %s\n", result->gate.reasons[i].text);
}

static bool over(struct show *show, enum run_state state)
{
    const struct option_number *to = &show->options->to_ps;
    return state != RUN_GOING || has_enough(show) ||
           (to->given && machine_now_ps(show->run.hw.m) > to->value);
}

static void print_connections(const struct show *show)
{
    const struct show_options *options = show->options;
    ble_story_print(show->ble, show->run.hw.m,
                    &(struct ble_story_choice){.from_ps = options->from_ps.value,
                                               .to_ps = options->to_ps.given ? options->to_ps.value
                                                                             : UINT64_MAX,
                                               .around_ps = options->around_ps.value,
                                               .side = show->side,
                                               .color = show->color},
                    stdout);
}

static void step_through(struct show *show, struct result *result)
{
    struct machine *m = show->run.hw.m;
    enum run_state state = RUN_GOING;
    show->mpu = *machine_mpu(m);
    print_step(show);
    while (!over(show, state)) {
        show->mpu = *machine_mpu(m);
        state = machine_step(&show->run.hw);
        print_step(show);
    }
    if (state == RUN_GOING) {
        if (show->ble)
            print_connections(show);
        return;
    }
    run_judge(&show->run, result);
    print_step(show);
    if (show->ble)
        print_connections(show);
    else if (show->side && show->behind == 0)
        release_lines(show); /* the time is past the end */
    print_end(show, result);
}

/* In the child. */
static void show_run(const void *argument, int pipe)
{
    struct show show = *(const struct show *)argument;
    struct result result;
    (void)pipe;
    if (show.options->ble)
        show.ble = ble_story_start(show.scenario);
    print_head(&show);
    if (show.side && !(show.before = calloc(show.side, sizeof *show.before)))
        abort();
    timeline_start(&show.timeline, show.scenario);
    recorder_start(&show.recorder, 0);
    if (run_begin(&show.run, show.scenario, &show.recorder, &result))
        step_through(&show, &result);
    else
        fprintf(stderr, "%s: error: %s\n", show.scenario->path, result.trouble);
    for (uint64_t i = 0; show.before && i < show.side; i++)
        free(show.before[i]);
    free(show.before);
    if (show.ble)
        ble_story_free(show.ble);
    run_end(&show.run);
    recorder_free(&show.recorder);
    isolate_leave(result.trouble[0] ? outcome_code(result.outcome) : CODE_HOLDS);
}

/* --- the command ----------------------------------------------------------------------------- */

static int show_member(const void *argument, const struct scenario *scenario)
{
    const struct show_options *options = argument;
    struct show *show = calloc(1, sizeof *show);
    if (!show)
        abort();
    show->options = options;
    show->scenario = scenario;
    if (options->around_ps.given)
        show->side = options->lines.given ? options->lines.value : AROUND_LINES;
    show->color = color_wanted((enum color_choice)options->color, stdout);
    int code = choose_kinds(show) && choose_app(show) ? one_member_isolated(&usage, show_run, show)
                                                      : CODE_BAD_INPUT;
    free(show);
    return code;
}

int cmd_show(int argc, char **argv)
{
    struct show_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    if (options.to_ps.given && options.to_ps.value < options.from_ps.value)
        return options_error(&usage, "--to is before --from");
    if (options.around_ps.given && (options.from_ps.given || options.to_ps.given))
        return options_error(&usage, "--around and --from, --to: want one of them");
    if (options.ble && (options.app || options.kinds))
        return options_error(&usage, "--%s does nothing with --ble", options.app ? "app" : "kinds");
    if (options.lines.given && !options.around_ps.given)
        return options_error(&usage, "--lines does nothing without --around");
    return one_member(&usage, &arguments, &options.seed, show_member, &options);
}
