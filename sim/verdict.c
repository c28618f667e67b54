#include "sim/verdict.h"
#include "model/process.h"
#include "model/virt/turn.h"
#include "sim/app_steps.h"
#include "sim/ble_expect.h"
#include "sim/costs.h"
#include "sim/load.h"
#include "sim/machine.h"
#include "sim/scenario_load.h"
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static const char *const phrases[DETAIL_NUMBER] = {
#define PHRASE_ROW(enumerator, phrase) [enumerator] = (phrase),
    VERDICT_DETAILS(PHRASE_ROW)
#undef PHRASE_ROW
};

const char *process_state_name(uint64_t state)
{
    static const char *const names[PROCESS_STATES] = {
        [PROCESS_UNUSED] = "unused",   [PROCESS_RUNNING] = "running",
        [PROCESS_YIELDED] = "yielded", [PROCESS_YIELDED_FOR] = "yielded_for",
        [PROCESS_FAULTED] = "faulted", [PROCESS_TERMINATED] = "terminated",
    };

    return state < PROCESS_STATES ? names[state] : "in no known state";
}

/* ---- a text that is filled bit by bit and cut at its end */

struct text {
    char *to;
    size_t size, used;
};

static void put(struct text *t, const char *format, ...)
{
    if (t->used + 1 >= t->size)
        return;
    va_list list;
    va_start(list, format);
    int length = vsnprintf(t->to + t->used, t->size - t->used, format, list);
    va_end(list);
    if (length > 0)
        t->used += (size_t)length;
    if (t->used >= t->size)
        t->used = t->size - 1;
}

/* ---- what stands for each letter */

static void put_process(struct text *t, const struct scenario *s, uint64_t process)
{
    if (process == PROCESS_NONE)
        put(t, "the kernel");
    else if (s && process < s->app_count && s->apps[process].name[0])
        put(t, "%s", s->apps[process].name);
    else
        put(t, "app %" PRIu64, process);
}

static void put_address(struct text *t, const struct scenario *s, uint32_t address)
{
    char place[96];

    if (!s) {
        put(t, "0x%08" PRIx32, address);
        return;
    }
    board_describe_address(&s->board, address, place, sizeof place);
    put(t, "%s", place);
}

static void put_err(struct text *t, uint64_t err)
{
    const char *name = err <= UINT32_MAX ? err_name((uint32_t)err) : NULL;

    if (err == ERR_NONE)
        put(t, "yes");
    else if (name)
        put(t, "%s", name);
    else
        put(t, "error %" PRIu64, err);
}

static void put_time(struct text *t, uint64_t ps)
{
    uint64_t ns = (ps + 500) / 1000;

    put(t, "%" PRIu64 ".%03" PRIu64, ns / 1000, ns % 1000);
}

static void put_check(struct text *t, const struct scenario *s, uint32_t check)
{
    if (!s || check >= s->check_count) {
        put(t, "the check");
        return;
    }
    const struct check *c = &s->checks[check];
    if (!c->to.text[0])
        put(t, "%s", c->path);
    else if (c->from.text[0] && c->kind != CHECK_ABSENT)
        put(t, "from \"%s\" to \"%s\"", c->from.text, c->to.text);
    else
        put(t, "\"%s\"", c->to.text);
}

/* The fact that a check asks for, and whose it is; NULL: it asks for something else. */
static const struct fact *check_fact(const struct scenario *s, uint32_t check, const char **whose)
{
    if (!s || check >= s->check_count)
        return NULL;
    const struct check *c = &s->checks[check];
    if (c->kind == CHECK_PEER_FACT) {
        *whose = s->peers[c->process].name;
        return &s->peers[c->process].type->facts[c->number];
    }
    if (c->kind >= CHECK_BLE_LINK && c->kind <= CHECK_BLE_SUPERVISION) {
        *whose = "ble_link";
        return &ble_link_facts[c->number].fact;
    }
    if (c->kind != CHECK_APP_FACT)
        return NULL;
    *whose = s->apps[c->process].name;
    return &s->apps[c->process].engine->facts[c->number];
}

static void put_fact_name(struct text *t, const struct scenario *s, uint32_t check)
{
    const char *whose = "";
    const struct fact *fact = check_fact(s, check, &whose);
    put(t, "%s of %s", fact ? fact->name : "the fact", whose);
}

/* A number, or the word that stands for it. */
static void put_fact(struct text *t, const struct scenario *s, uint32_t check, uint64_t value)
{
    const char *whose;
    const struct fact *fact = check_fact(s, check, &whose);
    uint64_t count = 0;
    while (fact && fact->words && fact->words[count])
        count++;
    if (value < count)
        put(t, "%s", fact->words[value]);
    else
        put(t, "%" PRIu64, value);
}

static void put_bounds(struct text *t, const struct scenario *s, const struct verdict *v)
{
    if (!s || v->check >= s->check_count) {
        put(t, "%" PRIu64, v->wanted);
        return;
    }
    const struct check *c = &s->checks[v->check];
    if (c->min == c->max)
        put_fact(t, s, v->check, c->min);
    else if (c->min == 0)
        put(t, "at most %" PRIu64, c->max);
    else if (c->max == UINT64_MAX)
        put(t, "at least %" PRIu64, c->min);
    else
        put(t, "%" PRIu64 " to %" PRIu64, c->min, c->max);
}

static void put_client(struct text *t, const struct scenario *s, uint32_t client)
{
    if (client < CLIENT_KERNEL)
        put_process(t, s, client);
    else if (client == CLIENT_NETWORK)
        put(t, "the network");
    else if (client == CLIENT_NONE)
        put(t, "nobody");
    else
        put(t, "kernel client %" PRIu32, client - CLIENT_KERNEL);
}

/* "left, right, kernel client 1" */
static void put_clients(struct text *t, const struct scenario *s, uint64_t clients)
{
    for (uint32_t i = 0; i < 8 && (clients >> 8 * i & 0xff) != CLIENT_NONE; i++) {
        put(t, "%s", i > 0 ? ", " : "");
        put_client(t, s, clients >> 8 * i & 0xff);
    }
}

/* "a system call at 12.500 us" */
static void put_start(struct text *t, const struct verdict *v)
{
    static const char *const words[EVENT_NOTE_BASE] = {
        [EVENT_SYSCALL] = "a system call",        [EVENT_FAULT] = "a fault",
        [EVENT_SLICE_END] = "the end of a slice", [EVENT_IRQ_TAKEN] = "an interrupt",
        [EVENT_WAKE] = "the CPU's waking",
    };
    uint32_t event = v->address >> KERNEL_PATHS;

    if (event >= EVENT_NOTE_BASE || !words[event]) {
        put(t, "the reset, or a hand from outside,");
        return;
    }
    put(t, "%s at ", words[event]);
    put_time(t, v->got);
    put(t, " us");
}

/* "context_switch or yield" */
static void put_paths(struct text *t, uint32_t paths)
{
    const char *between = "";

    for (uint32_t i = 0; i < KERNEL_PATHS; i++) {
        if (!(paths >> i & 1))
            continue;
        put(t, "%s%s", between, costs_name(i));
        between = " or ";
    }
}

static void put_cost_letter(struct text *t, const struct verdict *v, char letter)
{
    switch (letter) {
    case 'k':
        put_start(t, v);
        break;
    case 'K':
        put_paths(t, v->address);
        break;
    case 'h':
        put_time(t, pair_low(v->wanted) * UINT64_C(1000));
        break;
    case 'H':
        put_time(t, pair_high(v->wanted) * UINT64_C(1000));
        break;
    default:
        put(t, "%c", letter);
        break;
    }
}

static void put_virt_letter(struct text *t, const struct scenario *s, const struct verdict *v,
                            char letter)
{
    switch (letter) {
    case 'x':
        put(t, "%s", virt_name(v->address & 0xff));
        break;
    case 'q':
        put_client(t, s, v->address >> 8 & 0xff);
        break;
    case 'y':
        put_clients(t, s, v->got);
        break;
    default:
        put_cost_letter(t, v, letter);
        break;
    }
}

static void put_letter(struct text *t, const struct scenario *s, const struct verdict *v,
                       char letter)
{
    switch (letter) {
    case 'p':
        put_process(t, s, v->process);
        break;
    case 'o':
        put_process(t, s, v->got);
        break;
    case 'a':
        put_address(t, s, v->address);
        break;
    case 'l':
        put(t, "%" PRIu32, v->address);
        break;
    case 'g':
        put(t, "%" PRIu64, v->got);
        break;
    case 'w':
        put(t, "%" PRIu64, v->wanted);
        break;
    case 'G':
        put(t, "0x%" PRIx64, v->got);
        break;
    case 'W':
        put(t, "0x%" PRIx64, v->wanted);
        break;
    case 'e':
        put_err(t, v->got);
        break;
    case 'f':
        put_err(t, v->wanted);
        break;
    case 't':
        put_time(t, v->got);
        break;
    case 'u':
        put_time(t, v->wanted);
        break;
    case 's':
        put(t, "%s", process_state_name(v->got));
        break;
    case 'S':
        put(t, "%s", process_state_name(v->wanted));
        break;
    case 'b':
        put_bounds(t, s, v);
        break;
    case 'c':
        put_check(t, s, v->check);
        break;
    case 'm':
        put_fact_name(t, s, v->check);
        break;
    case 'v':
        put_fact(t, s, v->check, v->got);
        break;
    default:
        put_virt_letter(t, s, v, letter);
        break;
    }
}

void verdict_describe(const struct scenario *s, const struct verdict *verdict, char *text,
                      size_t size)
{
    struct text t = {text, size, 0};
    const char *phrase = verdict->detail < DETAIL_NUMBER ? phrases[verdict->detail] : "";

    if (size > 0)
        text[0] = '\0';
    while (*phrase) {
        size_t plain = strcspn(phrase, "%");
        put(&t, "%.*s", (int)plain, phrase);
        phrase += plain;
        if (phrase[0] == '\0' || phrase[1] == '\0')
            return;
        put_letter(&t, s, verdict, phrase[1]);
        phrase += 2;
    }
}

void verdict_describe_run(const struct machine *m, const struct verdict *verdict, char *text,
                          size_t size)
{
    const struct scenario *s = machine_scenario(m);
    bool about_step = verdict->detail == DETAIL_STEP || verdict->detail == DETAIL_STEP_NO_FAULT;

    verdict_describe(s, verdict, text, size);
    if (!about_step || verdict->process >= s->app_count)
        return;
    const struct app *app = machine_app(m, verdict->process);
    if (app->engine != &app_steps_engine)
        return;
    char path[96];
    char failure[200] = "wanted a fault, and none came";
    struct text t = {text, size, 0};
    app_steps_path(app->program, verdict->address, path, sizeof path);
    if (verdict->detail == DETAIL_STEP)
        app_steps_failure(app, failure, sizeof failure);
    put(&t, "%s: %s", path, failure);
}
