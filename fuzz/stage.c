/* stage.c: see stage.h. */
#include "fuzz/stage.h"

#include "fuzz/boards.h"
#include "fuzz/excuse.h"
#include "fuzz/moment.h"
#include "fuzz/stage_device.h"
#include "model/process.h"
#include "sim/monitors/ledger.h"
#include "sim/verdict.h"
#include "tools/catalogue.h"
#include "tools/text.h"
#include <stdlib.h>
#include <string.h>

/* --- making ---------------------------------------------------------------------------------- */

/* The tools' catalogue with one program more. */
static bool load(struct stage *stage, const char *name, const char *text, struct problems *problems)
{
    static const struct extra row = {.file = __FILE__, .app = &bytes_engine};
    static const struct extra *const extras[] = {&row};
    struct catalogue with_bytes = catalogue();
    char boards[BOARDS_PATH_SIZE];
    const struct load_options options = {.boards = boards_folder(boards)};
    with_bytes.extras = extras;
    with_bytes.extra_count = 1;
    if (!scenario_load_text(name, text, strlen(text), &with_bytes, &options, &stage->family,
                            problems))
        return false;
    stage->scenario = stage->family.members[0];
    return true;
}

static void give_streams(struct stage *stage)
{
    struct scenario *s = stage->scenario;
    for (uint32_t i = 0; i < s->app_count && i < TAPE_APPS; i++) {
        if (s->apps[i].engine != &bytes_engine)
            continue;
        stage->programs[i] =
            (struct bytes_program){.scenario = s, .tape = &stage->tape, .stream = STREAM_APP + i};
        s->apps[i].program = &stage->programs[i];
    }
}

/* As many as there may be, none of which comes: tapes put theirs in their places. */
static void make_room(struct stage *stage)
{
    struct scenario *s = stage->scenario;
    s->injections = stage->injections;
    s->injection_count = STAGE_INJECTION_MAX;
    for (uint32_t i = 0; i < STAGE_INJECTION_MAX; i++)
        stage->injections[i].at_ps = TIME_NEVER;
}

/* To where tapes begin. */
static bool run_before(struct stage *stage, uint64_t from_ps, const char **why)
{
    *why = "it is over before its snapshot";
    if (machine_run(&stage->hw, from_ps) != RUN_GOING)
        return false;
    *why = "it breaks a rule before its snapshot";
    if (machine_verdict_count(stage->hw.m) > 0)
        return false;
    stage->from_ps = machine_now_ps(stage->hw.m) + SCHEDULE_STEP_PS; /* it slept on past it */
    machine_save(stage->hw.m, stage->snapshot);
    air_tape_start(&stage->air, stage->scenario, stage->hw.m);
    return true;
}

/* The kernel asks the filter when it starts, so where tapes say what that answers it starts anew
 * for each; here it shows that it can. */
static bool build(struct stage *stage, uint64_t from_us, const char **why)
{
    uint32_t bad_image;
    make_room(stage);
    stage->setup = machine_setup_make(stage->scenario, why);
    if (!stage->setup)
        return false;
    stage->hw.m = machine_make(stage->setup);
    stage->snapshot = machine_make(stage->setup);
    stage->started = machine_make(stage->setup);
    *why = "out of memory";
    if (!stage->hw.m || !stage->snapshot || !stage->started)
        return false;
    *why = "the kernel does not start";
    machine_power_on(&stage->hw);
    machine_save(stage->hw.m, stage->snapshot);
    if (machine_start(&stage->hw, &bad_image))
        return false;
    stage->start_ps = machine_now_ps(stage->hw.m);
    machine_save(stage->hw.m, stage->started);
    return from_us == 0 || run_before(stage, from_us * PS_PER_US, why);
}

bool stage_make_from(struct stage *stage, const char *name, const char *text, uint64_t from_us,
                     struct problems *problems)
{
    const char *why = NULL;
    memset(stage, 0, sizeof *stage);
    stage->text = text;
    if (!load(stage, name, text, problems))
        return false;
    give_streams(stage);
    stage_filter_keep(&stage->filter, stage->scenario);
    if (build(stage, from_us, &why))
        return true;
    problem_add(problems, "%s: error: %s", name, why);
    stage_free(stage);
    return false;
}

bool stage_make(struct stage *stage, const char *name, const char *text, struct problems *problems)
{
    return stage_make_from(stage, name, text, 0, problems);
}

/* Others read from the console in their first life only, where that has its turns. */
static void keep_secrets(struct stage *stage, const struct secret_kind *of)
{
    for (uint32_t i = 0; i < TAPE_APPS; i++) {
        stage->programs[i].secretive = true;
        stage->programs[i].hands = &stage->secrets->hands;
        stage->programs[i].reads_once = of->turns && i != of->process;
    }
}

bool stage_make_secret(struct stage *stage, const char *name, const char *text,
                       const struct secret_kind *of, const struct tape_user *user,
                       struct problems *problems)
{
    if (!stage_make(stage, name, text, problems))
        return false;
    stage->secrets = calloc(1, sizeof *stage->secrets);
    if (!stage->secrets)
        abort();
    if (stage_secrets_make(stage->secrets, stage->scenario, of, user)) {
        keep_secrets(stage, of);
        return true;
    }
    problem_add(problems, "%s: error: %s", name, stage->secrets->result.trouble);
    stage_free(stage);
    return false;
}

void stage_free(struct stage *stage)
{
    if (stage->secrets)
        stage_secrets_free(stage->secrets);
    free(stage->secrets);
    machine_free(stage->started);
    machine_free(stage->snapshot);
    machine_free(stage->hw.m);
    machine_setup_free(stage->setup);
    family_free(&stage->family);
    memset(stage, 0, sizeof *stage);
}

/* --- the schedule ---------------------------------------------------------------------------- */

static const enum injection_kind injected[SCHEDULE_LENT_KINDS] = {
    [SCHEDULE_KILL] = INJECT_KILL,          [SCHEDULE_FAULT] = INJECT_FAULT,
    [SCHEDULE_RESTART] = INJECT_RESTART,    [SCHEDULE_INTERRUPT] = INJECT_INTERRUPT,
    [SCHEDULE_STORM] = INJECT_STORM,        [SCHEDULE_PRESSURE] = INJECT_MEMORY_PRESSURE,
    [SCHEDULE_KILL_AT] = INJECT_KILL,       [SCHEDULE_FAULT_AT] = INJECT_FAULT,
    [SCHEDULE_RESTART_AT] = INJECT_RESTART, [SCHEDULE_PRESSURE_AT] = INJECT_MEMORY_PRESSURE,
    [SCHEDULE_HANG] = INJECT_HANG,          [SCHEDULE_STUCK] = INJECT_STUCK,
};

static bool is_at_moment(const struct tape_op *op)
{
    return op->kind >= SCHEDULE_KILL_AT && op->kind <= SCHEDULE_PRESSURE_AT;
}

/* What an app does itself is near to what matters more often than what others do. */
static const enum moment moments[16] = {
    MOMENT_APP_BEGUN, MOMENT_APP_BEGUN, MOMENT_APP_BEGUN, MOMENT_APP_ASKS,
    MOMENT_COMMAND,   MOMENT_COMMAND,   MOMENT_CALL,      MOMENT_TASK,
    MOMENT_TASK,      MOMENT_IRQ,       MOMENT_READ,      MOMENT_WRITE,
    MOMENT_BEGUN,     MOMENT_DMA_READ,  MOMENT_DMA_WRITE, MOMENT_WIRE,
};

/* Whose moment it is. A board without a device of the kernel's has others. */
static uint32_t device_of(const struct board *board, uint8_t pick)
{
    uint32_t kept = 0, device = pick % board->device_count;
    while (kept < TAPE_DEVICES && kept_device(board, kept) != BOARD_NONE)
        kept++;
    if (pick < 192 && kept > 0)
        return kept_device(board, pick % kept);
    return board->devices[device].alias_of == BOARD_NONE ? device : board->devices[device].alias_of;
}

static const struct stage_moment *moment_at(struct stage *stage, const struct tape_op *op,
                                            uint32_t app)
{
    const struct scenario *s = stage->scenario;
    uint32_t which = op->value[0].pick % 16, whose = op->value[1].pick;
    uint32_t key = 1 + (which | whose << 4 | app << 12);
    struct stage_moment *known = &stage->moments[key * 0x9e3779b1u >> 24];
    if (known->key == key)
        return known;
    const struct moment_of of = {
        .moment = moments[which], .device = device_of(&s->board, (uint8_t)whose), .app = app};
    known->key = key;
    known->is = moment_find(s, &of, &known->when);
    return known;
}

/* False: there is no such moment. */
static bool put_at_moment(struct stage *stage, const struct tape_op *op, uint64_t at_ps,
                          struct injection *injection)
{
    const struct stage_moment *moment = moment_at(stage, op, injection->process);
    const int8_t offset = op->value[0].offset;
    uint64_t after_ps = (offset > 0 ? (uint64_t)offset * SCHEDULE_STEP_PS : 0) +
                        UINT64_C(4) * op->size * op->size * PS_PER_US;
    if (op->kind == SCHEDULE_PRESSURE_AT)
        injection->value = UINT16_MAX;
    if (moment->is)
        moment_await(&moment->when, 1 + (uint8_t)op->value[1].offset % 16u, at_ps, after_ps,
                     injection);
    return moment->is;
}

/* One that a lendable device has; without those any. */
static uint32_t lent_line_of(const struct scenario *s, uint8_t which)
{
    uint32_t count = s->config.endpoint_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct passthrough_endpoint *e = &s->config.endpoints[(which + i) % count];
        if (e->has_line)
            return e->line;
    }
    return which % s->config.line_count;
}

/* One that there is a model of, or BOARD_NONE. */
static uint32_t lent_device_of(const struct scenario *s, uint8_t which)
{
    uint32_t count = s->config.endpoint_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct passthrough_endpoint *e = &s->config.endpoints[(which + i) % count];
        uint32_t device = board_device_at(&s->board, e->windows[0].base);
        if (device != BOARD_NONE && s->board.devices[device].type)
            return device;
    }
    return BOARD_NONE;
}

static struct injection injection_of(const struct scenario *s, const struct tape_op *op,
                                     uint64_t at_ps)
{
    uint8_t pick = op->value[0].pick, offset = (uint8_t)op->value[0].offset;
    return (struct injection){.kind = injected[op->kind],
                              .at_ps = at_ps,
                              .process = op->which % s->app_count,
                              .line = op->kind == SCHEDULE_STORM ? lent_line_of(s, op->which)
                                                                 : op->which % s->config.line_count,
                              .device =
                                  op->kind >= SCHEDULE_HANG ? lent_device_of(s, op->which) : 0,
                              .value = (pick + 1) * 16u,
                              .count = 1 + pick % (pick < 128 ? 32u : 128u),
                              .period_ps = offset * PS_PER_US};
}

/* They have waited until the snapshot, since nothing was on the tape. */
static void begin_bytes_again(struct stage *stage)
{
    struct scenario *s = stage->scenario;
    for (uint32_t i = 0; i < s->app_count && stage->from_ps > 0; i++)
        if (s->apps[i].engine == &bytes_engine)
            s->injections[s->injection_count++] =
                (struct injection){.kind = INJECT_RESTART, .at_ps = stage->from_ps, .process = i};
}

static void plan_schedule(struct stage *stage)
{
    struct scenario *s = stage->scenario;
    uint64_t at_ps = (stage->from_ps ? stage->from_ps : stage->start_ps) + SCHEDULE_STEP_PS;
    uint64_t apart_ps = stage->from_ps ? SCHEDULE_APART_PS : 0;
    uint32_t at = 0, room = STAGE_INJECTION_MAX - (stage->secrets ? TAPE_APPS : 0);
    const struct tape_op *op;
    s->injection_count = 0;
    if (stage->from_ps == 0)
        s->injection_count = device_injections(s, &stage->tape, at_ps, stage->injections, room);
    else if (!stage->is_calm)
        air_tape_plan(&stage->air, s, &stage->tape);
    if (stage->secrets)
        stage_secrets_plan(stage->secrets, at_ps);
    begin_bytes_again(stage);
    while ((op = tape_next(&stage->tape, STREAM_SCHEDULE, &at)) &&
           s->injection_count < STAGE_INJECTION_MAX) {
        if (op->kind == SCHEDULE_STAGE || op->kind >= SCHEDULE_LENT_KINDS)
            continue;
        uint32_t waits = op->number * 256u + (is_at_moment(op) ? 0 : op->size);
        at_ps += apart_ps + waits * SCHEDULE_STEP_PS;
        struct injection next = injection_of(s, op, at_ps);
        if (is_at_moment(op) && !put_at_moment(stage, op, at_ps, &next))
            continue;
        if (next.device == BOARD_NONE)
            continue;
        s->injections[s->injection_count++] = next;
        if (next.at_event && apart_ps > 0)
            return;
    }
}

void stage_plan(struct stage *stage, const struct tape *tape)
{
    stage->tape.count = tape->count;
    memcpy(stage->tape.ops, tape->ops, tape->count * sizeof tape->ops[0]);
    if (stage->secrets)
        stage_secrets_choose(stage->secrets, &stage->tape);
    plan_schedule(stage);
    if (stage->plays_filter)
        stage_filter_plan(&stage->filter, stage->scenario, tape);
}

uint32_t stage_chosen(const struct tape *tape, uint32_t count)
{
    uint32_t at = 0;
    const struct tape_op *op;
    while ((op = tape_next(tape, STREAM_SCHEDULE, &at)))
        if (op->kind == SCHEDULE_STAGE)
            return op->which % count;
    return 0;
}

/* --- playing --------------------------------------------------------------------------------- */

static void log_start(struct stage *stage)
{
    for (uint32_t i = 0; i < TAPE_APPS; i++)
        stage->programs[i].log = stage->log ? &stage->log->apps : NULL;
    if (!stage->log)
        return;
    *stage->log = (struct stage_log){0};
    memset(stage->log->tried, true, sizeof stage->log->tried);
}

static void log_excused(struct stage_log *log, const struct verdict *v)
{
    if (v->check != CHECK_NONE) {
        log->asks_in_vain = true;
        return;
    }
    for (uint32_t i = 0; i < log->excused_count; i++)
        if (log->excused[i].rule == v->rule && log->excused[i].process == v->process)
            return;
    log->excused[log->excused_count].rule = v->rule;
    log->excused[log->excused_count++].process = v->process;
}

static void log_end(struct stage *stage)
{
    const struct scenario *s = stage->scenario;
    struct stage_log *log = stage->log;
    if (!log)
        return;
    for (uint32_t i = 0; i < STAGE_INJECTION_MAX; i++)
        log->tried[i] = i < s->injection_count && machine_injection_tried(stage->hw.m, i);
    for (uint32_t i = 0; i < s->app_count && i < TAPE_APPS; i++) {
        const struct app *app = machine_app(stage->hw.m, i);
        log->ram[i] = (struct span){app->ram_base, app->ram_size};
    }
    const struct verdict *kept;
    uint32_t count = machine_verdicts(stage->hw.m, &kept);
    for (uint32_t i = 0; i < count; i++)
        if (verdict_excused(stage->hw.m, &kept[i]))
            log_excused(log, &kept[i]);
    log->ended = true;
}

static bool faults(const struct scenario *s, uint32_t app)
{
    for (uint32_t i = 0; i < s->injection_count; i++)
        if (s->injections[i].kind == INJECT_FAULT && s->injections[i].process == app)
            return true;
    return false;
}

/* A program that has come to grief, though nobody planned it, or PROCESS_NONE. */
static uint32_t faulted_app(const struct stage *stage)
{
    const struct scenario *s = stage->scenario;
    for (uint32_t i = 0; i < s->app_count; i++)
        if (s->apps[i].engine != &bytes_engine && !faults(s, i) &&
            machine_process_facts(stage->hw.m, i).state == PROCESS_FAULTED)
            return i;
    return PROCESS_NONE;
}

static struct stage_app app_now(const struct stage *stage, uint32_t app)
{
    const struct ledger_process *p = &ledger_of(stage->hw.m)->processes[app];
    uint32_t state = machine_process_facts(stage->hw.m, app).state;
    return (struct stage_app){
        .life = p->life, .calls = p->calls, .runs = p->live && state == PROCESS_RUNNING};
}

/* Up to where an app may begin to spin and is still seen. */
static void run_to_mark(struct stage *stage)
{
    const struct scenario *s = stage->scenario;
    if (s->until_ps > STAGE_SPIN_PS)
        machine_run(&stage->hw, s->until_ps - STAGE_SPIN_PS);
    for (uint32_t i = 0; i < s->app_count && i < TAPE_APPS; i++)
        stage->apps[i] = app_now(stage, i);
}

/* A program that has run since the mark and called nobody, or PROCESS_NONE. */
static uint32_t spinning_app(const struct stage *stage)
{
    const struct scenario *s = stage->scenario;
    if (machine_now_ps(stage->hw.m) < s->until_ps || s->until_ps <= STAGE_SPIN_PS)
        return PROCESS_NONE;
    for (uint32_t i = 0; i < s->app_count && i < TAPE_APPS; i++) {
        const struct stage_app now = app_now(stage, i), *mark = &stage->apps[i];
        if (s->apps[i].engine != &bytes_engine && mark->runs && now.runs &&
            mark->life == now.life && mark->calls == now.calls)
            return i;
    }
    return PROCESS_NONE;
}

/* What is told beyond VERDICT_MAX of them is not looked at. */
static enum stage_end judged(const struct stage *stage)
{
    struct machine *m = stage->hw.m;
    const struct verdict *kept;
    uint32_t count = machine_verdicts(m, &kept), broken = machine_broken_device(m);
    for (uint32_t i = 0; i < count; i++)
        if (!verdict_excused(m, &kept[i]))
            return STAGE_BROKEN;
    if (faulted_app(stage) != PROCESS_NONE || spinning_app(stage) != PROCESS_NONE)
        return STAGE_BROKEN;
    return broken == BOARD_NONE || loss_excused(m, broken) ? STAGE_HOLDS : STAGE_SIMULATOR;
}

/* Injections all come behind the kernel's start. False: it does not start; no tape changes what it
 * could complain of. */
static bool begin(struct stage *stage)
{
    struct hw *hw = &stage->hw;
    bool is_later = stage->from_ps > 0, starts = !is_later && stage->plays_filter;
    uint32_t bad_image;
    if (stage->secrets) /* peers read their plans in reset */
        return machine_boot(hw, &bad_image) == ERR_NONE;
    machine_restore(hw->m, is_later || starts ? stage->snapshot : stage->started);
    machine_inject_start(hw->m);
    return !starts || machine_start(hw, &bad_image) == ERR_NONE;
}

/* Nobody notes what is done twice. */
static enum stage_end compared(struct stage *stage)
{
    for (uint32_t i = 0; i < TAPE_APPS; i++)
        stage->programs[i].log = NULL;
    return stage_secrets_compare(stage->secrets) ? STAGE_LEAKS : STAGE_HOLDS;
}

enum stage_end stage_play(struct stage *stage, const struct tape *tape)
{
    struct hw *hw = &stage->hw;
    stage_plan(stage, tape);
    if (stage->secrets && !stage->log)
        return compared(stage);
    log_start(stage);
    if (!begin(stage))
        return STAGE_SIMULATOR;
    run_to_mark(stage);
    machine_run(hw, UINT64_MAX);
    machine_finish(hw);
    log_end(stage);
    return stage->secrets ? compared(stage) : judged(stage);
}

static void report_verdict(const struct stage *stage, const struct verdict *v, FILE *out)
{
    char us[US_TEXT_MAX], text[VERDICT_TEXT_MAX];
    verdict_describe_run(stage->hw.m, v, text, sizeof text);
    fprintf(out, "  broke   %s at %s us", rule_rows[v->rule].id, us_text(v->at_ps, us));
    if (v->process < stage->scenario->app_count)
        fprintf(out, ", app %s", stage->scenario->apps[v->process].name);
    fprintf(out, "\n          %s.\n", text);
}

static void report_leak(struct stage *stage, FILE *out)
{
    struct stage_secrets *secrets = stage->secrets;
    twins_explain(stage->scenario, secrets->of.process, &secrets->result);
    fprintf(out, "LEAK  %s: secrets of %s\n", stage->scenario->id,
            twins_name(stage->scenario, secrets->of.process));
    twins_print(out, stage->scenario, &secrets->result);
}

void stage_report(struct stage *stage, FILE *out)
{
    if (stage->secrets) {
        report_leak(stage, out);
        return;
    }
    const struct verdict *kept;
    uint32_t count = machine_verdicts(stage->hw.m, &kept);
    uint32_t broken = machine_broken_device(stage->hw.m);
    fprintf(out, "%s\n", stage->scenario->id);
    for (uint32_t i = 0; i < count; i++)
        if (!verdict_excused(stage->hw.m, &kept[i]))
            report_verdict(stage, &kept[i], out);
    if (faulted_app(stage) != PROCESS_NONE)
        fprintf(out, "  broke   app %s has faulted\n",
                stage->scenario->apps[faulted_app(stage)].name);
    if (spinning_app(stage) != PROCESS_NONE)
        fprintf(out, "  broke   app %s has run for the last 10 ms without a system call\n",
                stage->scenario->apps[spinning_app(stage)].name);
    if (machine_state(stage->hw.m) == RUN_PANIC)
        fprintf(out, "  panic   %s\n", stage->hw.panic_text);
    if (broken != BOARD_NONE)
        fprintf(out, "  the model of %s has lost requests\n",
                stage->scenario->board.devices[broken].name);
}
