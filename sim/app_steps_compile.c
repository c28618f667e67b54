/* app_steps_compile.c: a scenario's step lists -> struct steps_program.
 *
 * One step is one object with one verb key; the other keys belong to the verb. The verbs' table is
 * `verbs` below; scenario.schema.json says the same in JSON Schema.
 *
 * What the schema cannot say, and is refused here:
 *   handlers of an app that plays each step once;
 *   two verbs in one step; a key that is another verb's; a handler, variable, driver, register or
 *   app that there is not; $arg0..3 outside of a handler; "into" with more names than results;
 *   loops nested deeper than STEPS_LOOP_MAX; two other apps' memories in one step
 */
#include "sim/app_steps.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INSTRUCTION_MAX = 4096, STEP_MAX = 2048 };

struct compiler {
    struct load *load;
    uint32_t app;
    uint32_t count, step_count, expecting_count;
    uint32_t loop_depth;
    bool once;
    bool in_handler;
    uint32_t handler_count;
    const char *handler_names[STEPS_HANDLER_MAX];
    uint32_t handlers[STEPS_HANDLER_MAX];
    uint32_t variable_count;
    const char *variable_names[STEPS_VARIABLE_MAX];
    uint32_t variables[STEPS_VARIABLE_MAX];
    uint32_t expecting[STEPS_EXPECT_MAX];
    struct step_path paths[STEP_MAX];
    struct instruction instructions[INSTRUCTION_MAX];
};

static struct arena **arena_of(const struct compiler *c)
{
    return c->load->arena;
}

/* --- values ---------------------------------------------------------------------------------- */

/* A variable's number; complains. */
static bool variable_find(const struct compiler *c, const struct json_node *node, const char *name,
                          uint8_t *number)
{
    char hint[96];
    for (uint32_t i = 0; i < c->variable_count; i++) {
        if (strcmp(c->variable_names[i], name) == 0) {
            *number = (uint8_t)i;
            return true;
        }
    }
    struct nearest nearest = nearest_to(name);
    for (uint32_t i = 0; i < c->variable_count; i++)
        nearest_offer(&nearest, c->variable_names[i]);
    json_problem(node, "\"%.40s\" is not in this app's \"variables\"%s", name,
                 nearest_text(&nearest, hint, sizeof hint));
    return false;
}

/* $arg0..3, $r0..3, $loaded. */
static bool builtin_parse(const char *name, struct operand *operand)
{
    static const struct {
        const char *prefix;
        uint8_t kind;
    } rows[] = {{"arg", OPERAND_ARGUMENT}, {"r", OPERAND_RESULT}};
    if (strcmp(name, "loaded") == 0) {
        *operand = (struct operand){.kind = OPERAND_LOADED};
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t length = strlen(rows[i].prefix);
        char digit = strncmp(name, rows[i].prefix, length) == 0 ? name[length] : '\0';
        if (digit >= '0' && digit <= '3' && name[length + 1] == '\0') {
            *operand = (struct operand){.kind = rows[i].kind, .index = (uint8_t)(digit - '0')};
            return true;
        }
    }
    return false;
}

/* Any value: a number, hex, address name, or "$name". */
static bool value_read(const struct compiler *c, const struct json_node *node,
                       struct operand *operand)
{
    if (!json_is_string(node) || json_string(node)[0] != '$')
        return operand_read(c->load, node, c->app, operand);
    const char *name = json_string(node) + 1;
    if (!builtin_parse(name, operand)) {
        operand->kind = OPERAND_VARIABLE;
        return variable_find(c, node, name, &operand->index);
    }
    if (operand->kind != OPERAND_ARGUMENT || c->in_handler)
        return true;
    json_problem(node, "\"$%s\": only an upcall handler has arguments", name);
    return false;
}

static bool optional_value(const struct compiler *c, const struct json_node *step, const char *key,
                           struct operand *operand)
{
    struct json_node node = json_member(step, key);
    return !node.value || value_read(c, &node, operand);
}

static bool wanted_value(const struct compiler *c, const struct json_node *step, const char *key,
                         struct operand *operand)
{
    struct json_node node = json_member(step, key);
    return value_read(c, &node, operand);
}

static struct operand constant(uint32_t value)
{
    return (struct operand){.kind = OPERAND_CONST, .value = value};
}

/* --- emitting -------------------------------------------------------------------------------- */

/* `step` is the number of the step being compiled. */
static struct instruction *emit(struct compiler *c, enum instruction_kind kind, uint32_t step)
{
    static const struct instruction empty;
    struct instruction *i = &c->instructions[c->count];
    if (c->count + 1 < INSTRUCTION_MAX)
        c->count++; /* too many: the last one is written over; steps_compile sees it */
    *i = empty;
    i->kind = (uint8_t)kind;
    i->step = step;
    return i;
}

static bool note_expectation(struct compiler *c, const struct json_node *node, uint32_t step)
{
    if (c->expecting_count == STEPS_EXPECT_MAX) {
        json_problem(node, "more than %d steps of one app expect something", STEPS_EXPECT_MAX);
        return false;
    }
    c->expecting[c->expecting_count++] = step;
    return true;
}

/* --- expectations ---------------------------------------------------------------------------- */

/* A list of values; null: any. */
static bool values_read(const struct compiler *c, const struct json_node *list, uint32_t max,
                        struct expectation *e)
{
    if (!json_want_array(list, 0, max))
        return false;
    e->count = (uint8_t)json_count(list);
    for (struct json_node node = json_first(list); node.value; node = json_next(&node)) {
        if (json_is_null(&node))
            e->skip |= (uint8_t)(1u << node.index);
        else if (!value_read(c, &node, &e->operands[node.index]))
            return false;
    }
    return true;
}

/* {"success": [..]}, {"failure": "BUSY", "values": [..]}, {"values": [..]} */
static bool syscall_expect_object(const struct compiler *c, const struct json_node *node,
                                  struct expectation *e)
{
    static const char *const keys[] = {"success", "failure", "values"};
    struct json_node success = json_member(node, "success");
    struct json_node failure = json_member(node, "failure"), values = json_member(node, "values");
    enum err err = ERR_NONE;
    if (!json_want_object(node, keys, COUNT_OF(keys)))
        return false;
    if (success.value) {
        e->kind = EXPECT_SUCCESS;
        if (failure.value || values.value) {
            json_problem(node, "want \"success\" alone, \"failure\" with or without \"values\", or "
                               "\"values\" alone");
            return false;
        }
        return values_read(c, &success, 3, e);
    }
    e->kind = failure.value ? EXPECT_FAILURE : EXPECT_VALUES;
    e->count = STEPS_ANY_COUNT;
    if (failure.value && !err_read(&failure, &err))
        return false;
    e->err = (uint8_t)err;
    if (!failure.value || values.value)
        return values_read(c, &values, failure.value ? 2 : 3, e);
    return true;
}

static bool syscall_expect(const struct compiler *c, const struct json_node *node,
                           struct expectation *e)
{
    static const char *const words[] = {
        "success", "failure", "FAIL",  "BUSY",      "ALREADY",  "OFF",         "RESERVE", "INVAL",
        "SIZE",    "CANCEL",  "NOMEM", "NOSUPPORT", "NODEVICE", "UNINSTALLED", "NOACK"};
    enum err err = ERR_NONE;
    uint32_t which;
    if (json_is_object(node))
        return syscall_expect_object(c, node, e);
    if (!json_want_word(node, words, COUNT_OF(words), &which))
        return false;
    e->kind = which == 0 ? EXPECT_SUCCESS : EXPECT_FAILURE;
    e->count = STEPS_ANY_COUNT;
    if (which >= 2)
        (void)err_named(words[which], &err);
    e->err = (uint8_t)err;
    return true;
}

static bool is_constant(const struct operand *o, uint32_t value)
{
    return o->kind == OPERAND_CONST && o->value == value;
}

/* {"min", "max"} of a value. */
static bool range_expect(const struct compiler *c, const struct json_node *node,
                         struct expectation *e)
{
    struct json_node min = json_member(node, "min"), max = json_member(node, "max");
    e->kind = EXPECT_RANGE;
    e->operands[0] = constant(0);
    e->operands[1] = constant(UINT32_MAX);
    if ((min.value && !value_read(c, &min, &e->operands[0])) ||
        (max.value && !value_read(c, &max, &e->operands[1])))
        return false;
    if (!is_constant(&e->operands[0], 0) || !is_constant(&e->operands[1], UINT32_MAX))
        return true;
    json_problem(node, "any value would do: want a \"min\" above 0, or a \"max\"");
    return false;
}

static bool exact_expect(const struct compiler *c, const struct json_node *node,
                         struct expectation *e)
{
    e->kind = EXPECT_RANGE;
    if (!value_read(c, node, &e->operands[0]))
        return false;
    e->operands[1] = e->operands[0];
    return true;
}

static bool access_expect(const struct compiler *c, const struct json_node *node, bool value,
                          struct expectation *e)
{
    static const char *const words[] = {"ok", "fault"};
    static const char *const keys[] = {"min", "max"};
    uint32_t which;
    if (json_is_string(node) &&
        (strcmp(json_string(node), "ok") == 0 || strcmp(json_string(node), "fault") == 0)) {
        e->kind = strcmp(json_string(node), "ok") == 0 ? EXPECT_OK : EXPECT_FAULT;
        return true;
    }
    if (!value)
        return json_want_word(node, words, COUNT_OF(words), &which);
    if (json_is_object(node))
        return json_want_object(node, keys, COUNT_OF(keys)) && range_expect(c, node, e);
    struct nearest nearest = nearest_to(json_is_string(node) ? json_string(node) : "");
    nearest_offer(&nearest, "ok");
    nearest_offer(&nearest, "fault");
    if (json_is_string(node) && nearest.best)
        return json_want_word(node, words, COUNT_OF(words), &which);
    return exact_expect(c, node, e);
}

/* "is", "not", "min", "max" beside the verb of assert, if and while. */
static bool condition_read(const struct compiler *c, const struct json_node *step,
                           struct expectation *e)
{
    struct json_node is = json_member(step, "is"), not = json_member(step, "not");
    struct json_node min = json_member(step, "min"), max = json_member(step, "max");
    int ways = (is.value != NULL) + (not .value != NULL) + (min.value || max.value);
    if (ways != 1) {
        json_problem(step, "want one of \"is\", \"not\", or \"min\" and \"max\"");
        return false;
    }
    if (is.value)
        return exact_expect(c, &is, e);
    if (!not .value)
        return range_expect(c, step, e);
    e->kind = EXPECT_NOT;
    return value_read(c, &not, &e->operands[0]);
}

/* --- "into" ---------------------------------------------------------------------------------- */

/* A name, or a list of names or nulls, for results first, first + 1, ... */
static bool into_read(const struct compiler *c, const struct json_node *step, uint32_t first,
                      uint32_t most, struct instruction *i)
{
    struct json_node into = json_member(step, "into");
    if (!into.value)
        return true;
    bool list = json_is_array(&into);
    if (list && !json_want_array(&into, 1, most))
        return false;
    for (uint32_t n = 0; n < (list ? json_count(&into) : 1); n++) {
        struct json_node name = list ? json_element(&into, n) : into;
        uint8_t number;
        if (list && json_is_null(&name))
            continue;
        if (!json_is_string(&name)) {
            json_problem(&name, "want a variable's name");
            return false;
        }
        if (!variable_find(c, &name, json_string(&name), &number))
            return false;
        i->into[first + n] = (uint8_t)(number + 1);
    }
    return true;
}

/* --- verbs: system calls --------------------------------------------------------------------- */

struct step {
    struct compiler *c;
    const struct json_node *node; /* the step */
    struct json_node verb;        /* the verb's value */
    uint32_t number;
};

static bool syscall_finish(const struct step *s, struct instruction *i)
{
    struct json_node expect = json_member(s->node, "expect");
    bool yields = i->number == SYSCALL_YIELD;
    if (!into_read(s->c, s->node, yields ? 0 : 1, 3, i))
        return false;
    if (!expect.value)
        return true;
    return syscall_expect(s->c, &expect, &i->expect) && note_expectation(s->c, &expect, s->number);
}

static bool compile_command(const struct step *s)
{
    static const char *const keys[] = {"driver", "number", "args"};
    struct instruction *i = emit(s->c, I_SYSCALL, s->number);
    struct json_node driver = json_member(&s->verb, "driver");
    struct json_node args = json_member(&s->verb, "args");
    i->number = SYSCALL_COMMAND;
    if (!json_want_object(&s->verb, keys, COUNT_OF(keys)) ||
        !driver_read(s->c->load, &driver, &i->operands[0].value) ||
        !wanted_value(s->c, &s->verb, "number", &i->operands[1]))
        return false;
    if (args.value && !json_want_array(&args, 0, 2))
        return false;
    for (struct json_node arg = json_first(&args); arg.value; arg = json_next(&arg))
        if (!value_read(s->c, &arg, &i->operands[2 + arg.index]))
            return false;
    return syscall_finish(s, i);
}

static bool handler_find(const struct compiler *c, const struct json_node *node, uint32_t *address)
{
    char hint[96];
    const char *name = json_is_string(node) ? json_string(node) : "";
    for (uint32_t n = 0; n < c->handler_count; n++) {
        if (strcmp(c->handler_names[n], name) == 0) {
            *address = c->load->scenario->images[c->app].flash.base + APP_FUNCTION(n);
            return true;
        }
    }
    struct nearest nearest = nearest_to(name);
    for (uint32_t n = 0; n < c->handler_count; n++)
        nearest_offer(&nearest, c->handler_names[n]);
    json_problem(node, "%s%.40s%s: want one of this app's \"upcalls\", or null%s",
                 json_is_string(node) ? "\""
                 : node->value        ? "no name"
                                      : "missing",
                 name, json_is_string(node) ? "\"" : "", nearest_text(&nearest, hint, sizeof hint));
    return false;
}

/* A handler's name; where each step is played once, an address, since there are no handlers. */
static bool upcall_read(const struct compiler *c, const struct json_node *node,
                        struct operand *operand)
{
    if (json_is_null(node))
        return true;
    return c->once ? value_read(c, node, operand) : handler_find(c, node, &operand->value);
}

static bool compile_subscribe(const struct step *s)
{
    static const char *const keys[] = {"driver", "number", "upcall", "appdata"};
    struct instruction *i = emit(s->c, I_SYSCALL, s->number);
    struct json_node driver = json_member(&s->verb, "driver");
    struct json_node upcall = json_member(&s->verb, "upcall");
    i->number = SYSCALL_SUBSCRIBE;
    if (!json_want_object(&s->verb, keys, COUNT_OF(keys)) ||
        !driver_read(s->c->load, &driver, &i->operands[0].value) ||
        !wanted_value(s->c, &s->verb, "number", &i->operands[1]) ||
        !optional_value(s->c, &s->verb, "appdata", &i->operands[3]))
        return false;
    return upcall_read(s->c, &upcall, &i->operands[2]) && syscall_finish(s, i);
}

static bool compile_allow(const struct step *s, uint32_t class)
{
    static const char *const keys[] = {"driver", "number", "address", "size"};
    struct instruction *i = emit(s->c, I_SYSCALL, s->number);
    struct json_node driver = json_member(&s->verb, "driver");
    i->number = class;
    return json_want_object(&s->verb, keys, COUNT_OF(keys)) &&
           driver_read(s->c->load, &driver, &i->operands[0].value) &&
           wanted_value(s->c, &s->verb, "number", &i->operands[1]) &&
           wanted_value(s->c, &s->verb, "address", &i->operands[2]) &&
           wanted_value(s->c, &s->verb, "size", &i->operands[3]) && syscall_finish(s, i);
}

static bool compile_allow_rw(const struct step *s)
{
    return compile_allow(s, SYSCALL_ALLOW_RW);
}

static bool compile_allow_ro(const struct step *s)
{
    return compile_allow(s, SYSCALL_ALLOW_RO);
}

static bool compile_allow_readable(const struct step *s)
{
    return compile_allow(s, SYSCALL_ALLOW_READABLE);
}

static bool yield_object(const struct step *s, struct instruction *i)
{
    static const char *const keys[] = {"wait_for", "no_wait_flag"};
    static const char *const wait_keys[] = {"driver", "number"};
    struct json_node wait = json_member(&s->verb, "wait_for");
    struct json_node flag = json_member(&s->verb, "no_wait_flag");
    if (!json_want_object(&s->verb, keys, COUNT_OF(keys)))
        return false;
    if (!wait.value == !flag.value) {
        json_problem(&s->verb, "want one of \"wait_for\" and \"no_wait_flag\"");
        return false;
    }
    if (flag.value) {
        i->operands[0] = constant(YIELD_NO_WAIT);
        return value_read(s->c, &flag, &i->operands[1]);
    }
    struct json_node driver = json_member(&wait, "driver");
    i->operands[0] = constant(YIELD_WAIT_FOR);
    return json_want_object(&wait, wait_keys, COUNT_OF(wait_keys)) &&
           driver_read(s->c->load, &driver, &i->operands[1].value) &&
           wanted_value(s->c, &wait, "number", &i->operands[2]);
}

static bool compile_yield(const struct step *s)
{
    static const char *const words[] = {"no-wait", "wait"}; /* by enum yield_kind */
    struct instruction *i = emit(s->c, I_SYSCALL, s->number);
    i->number = SYSCALL_YIELD;
    if (json_is_object(&s->verb)) {
        if (!yield_object(s, i))
            return false;
    } else {
        uint32_t kind;
        if (!json_want_word(&s->verb, words, COUNT_OF(words), &kind))
            return false;
        i->operands[0] = constant(kind);
    }
    struct json_node expect = json_member(s->node, "expect"), into = json_member(s->node, "into");
    if (i->operands[0].value != YIELD_WAIT_FOR && (expect.value || into.value)) {
        json_problem(s->node, "only a yield with \"wait_for\" has results: want no \"%s\"",
                     expect.value ? "expect" : "into");
        return false;
    }
    return syscall_finish(s, i);
}

static bool compile_memop(const struct step *s)
{
    static const char *const keys[] = {"operation", "argument"};
    static const char *const words[] = {"brk",
                                        "sbrk",
                                        "ram_start",
                                        "ram_end",
                                        "flash_start",
                                        "flash_end",
                                        "grant_start",
                                        "flash_regions",
                                        "flash_region_start",
                                        "flash_region_end",
                                        "stack_start",
                                        "heap_start"}; /* by enum memop */
    struct instruction *i = emit(s->c, I_SYSCALL, s->number);
    struct json_node operation = json_member(&s->verb, "operation");
    uint32_t which;
    i->number = SYSCALL_MEMOP;
    if (!json_want_object(&s->verb, keys, COUNT_OF(keys)) ||
        !optional_value(s->c, &s->verb, "argument", &i->operands[1]))
        return false;
    if (json_is_number(&operation)) {
        if (!value_read(s->c, &operation, &i->operands[0]))
            return false;
    } else if (json_want_word(&operation, words, COUNT_OF(words), &which)) {
        i->operands[0] = constant(which);
    } else {
        return false;
    }
    return syscall_finish(s, i);
}

static bool compile_exit(const struct step *s)
{
    static const char *const keys[] = {"how", "code"};
    static const char *const words[] = {"terminate", "restart"}; /* by enum exit_kind */
    struct instruction *i = emit(s->c, I_SYSCALL, s->number);
    struct json_node how = s->verb;
    uint32_t kind;
    i->number = SYSCALL_EXIT;
    if (json_is_object(&s->verb)) {
        if (!json_want_object(&s->verb, keys, COUNT_OF(keys)) ||
            !optional_value(s->c, &s->verb, "code", &i->operands[1]))
            return false;
        how = json_member(&s->verb, "how");
    }
    if (!json_want_word(&how, words, COUNT_OF(words), &kind))
        return false;
    i->operands[0] = constant(kind);
    return true;
}

static bool compile_syscall(const struct step *s)
{
    static const char *const keys[] = {"class", "args"};
    struct instruction *i = emit(s->c, I_SYSCALL, s->number);
    struct json_node class = json_member(&s->verb, "class");
    struct json_node args = json_member(&s->verb, "args");
    if (!json_want_object(&s->verb, keys, COUNT_OF(keys)) ||
        !json_want_u32(&class, 0, 255, &i->number))
        return false;
    if (args.value && !json_want_array(&args, 0, 4))
        return false;
    for (struct json_node arg = json_first(&args); arg.value; arg = json_next(&arg))
        if (!value_read(s->c, &arg, &i->operands[arg.index]))
            return false;
    return syscall_finish(s, i);
}

/* --- verbs: accesses and the rest ------------------------------------------------------------ */

static bool size_read(const struct step *s, struct instruction *i)
{
    struct json_node size = json_member(s->node, "size");
    i->number = 4;
    if (!size.value)
        return true;
    bool execute = i->kind == I_EXECUTE;
    if (json_is_number(&size) && json_want_u32(&size, 1, 4, &i->number) && i->number != 3 &&
        !(execute && i->number == 1))
        return true;
    json_problem(&size, "want %s", execute ? "2 or 4" : "1, 2 or 4");
    return false;
}

static bool compile_access(const struct step *s, enum instruction_kind kind)
{
    struct instruction *i = emit(s->c, kind, s->number);
    struct json_node expect = json_member(s->node, "expect");
    if (!value_read(s->c, &s->verb, &i->operands[0]) || !size_read(s, i))
        return false;
    if (kind == I_STORE && !wanted_value(s->c, s->node, "value", &i->operands[1]))
        return false;
    if (kind == I_LOAD && !into_read(s->c, s->node, 0, 1, i))
        return false;
    if (!expect.value)
        return true;
    return access_expect(s->c, &expect, kind == I_LOAD, &i->expect) &&
           note_expectation(s->c, &expect, s->number);
}

static bool compile_load(const struct step *s)
{
    return compile_access(s, I_LOAD);
}

static bool compile_store(const struct step *s)
{
    struct json_node secret = json_member(s->node, "secret");
    struct instruction *i = &s->c->instructions[s->c->count];
    return compile_access(s, I_STORE) && (!secret.value || json_want_bool(&secret, &i->secret));
}

static bool compile_execute(const struct step *s)
{
    return compile_access(s, I_EXECUTE);
}

/* ps * hz / 10^12, rounded up, without leaving 64 bits. */
static uint64_t cycles_of(uint64_t ps, uint64_t hz)
{
    uint64_t seconds = ps / PS_PER_S, rest = ps % PS_PER_S;
    uint64_t whole = rest / PS_PER_US * hz / 1000000; /* rest < 10^12, so < 10^6 * hz */
    uint64_t below = rest / PS_PER_US * hz % 1000000 * PS_PER_US + rest % PS_PER_US * hz;
    return seconds * hz + whole + (below + PS_PER_S - 1) / PS_PER_S;
}

enum { COMPUTE_MAX_S = 1000000 }; /* seconds of one step; ours */

static bool compile_compute_us(const struct step *s)
{
    struct instruction *i = emit(s->c, I_COMPUTE, s->number);
    uint64_t ps;
    if (!json_want_decimal(&s->verb, 6, COMPUTE_MAX_S * PS_PER_S, &ps))
        return false;
    i->cycles = cycles_of(ps, s->c->load->scenario->board.cpu_hz);
    return true;
}

static bool compile_compute_cycles(const struct step *s)
{
    struct instruction *i = emit(s->c, I_COMPUTE, s->number);
    if (!json_is_string(&s->verb))
        return json_want_u64(&s->verb, 0, (UINT64_C(1) << JSON_INTEGER_MAX_BITS) - 1, &i->cycles);
    if (!value_read(s->c, &s->verb, &i->operands[0]))
        return false;
    i->cycles = i->operands[0].value;
    return true;
}

/* {"set": {"x": 1, "y": "$x"}} */
static bool compile_assign(const struct step *s, enum instruction_kind kind)
{
    if (!json_is_object(&s->verb) || json_count(&s->verb) == 0) {
        json_problem(&s->verb, "want an object of variables and values");
        return false;
    }
    for (struct json_node value = json_first(&s->verb); value.value; value = json_next(&value)) {
        struct instruction *i = emit(s->c, kind, s->number);
        uint8_t variable;
        if (!variable_find(s->c, &value, value.key, &variable) ||
            !value_read(s->c, &value, &i->operands[0]))
            return false;
        i->number = variable;
    }
    return true;
}

static bool compile_set(const struct step *s)
{
    return compile_assign(s, I_SET);
}

static bool compile_add(const struct step *s)
{
    return compile_assign(s, I_ADD);
}

static bool compile_assert(const struct step *s)
{
    struct instruction *i = emit(s->c, I_ASSERT, s->number);
    return value_read(s->c, &s->verb, &i->operands[0]) &&
           condition_read(s->c, s->node, &i->expect) && note_expectation(s->c, s->node, s->number);
}

static bool compile_mark(const struct step *s)
{
    struct instruction *i = emit(s->c, I_MARK, s->number);
    return value_read(s->c, &s->verb, &i->operands[0]) &&
           optional_value(s->c, s->node, "value", &i->operands[1]);
}

static bool compile_crash(const struct step *s)
{
    (void)emit(s->c, I_CRASH, s->number);
    if (json_is_true(&s->verb))
        return true;
    json_problem(&s->verb, "want true");
    return false;
}

/* --- verbs: blocks --------------------------------------------------------------------------- */

static bool compile_list(struct compiler *c, const struct json_node *list);

static bool compile_block(const struct step *s, const char *key)
{
    struct json_node list = json_member(s->node, key);
    return compile_list(s->c, &list);
}

static bool compile_repeat(const struct step *s)
{
    struct compiler *c = s->c;
    uint32_t head = c->count;
    struct instruction *i = emit(c, I_REPEAT, s->number);
    i->number = c->loop_depth;
    if (!value_read(c, &s->verb, &i->operands[0]))
        return false;
    if (c->loop_depth == STEPS_LOOP_MAX) {
        json_problem(s->node, "more than %d loops inside one another", STEPS_LOOP_MAX);
        return false;
    }
    c->loop_depth++;
    bool good = compile_block(s, "steps");
    c->loop_depth--;
    struct instruction *again = emit(c, I_AGAIN, s->number);
    again->number = c->loop_depth;
    again->jump = head + 1;
    c->instructions[head].jump = c->count;
    return good;
}

static bool compile_forever(const struct step *s)
{
    uint32_t head = s->c->count;
    bool good = compile_list(s->c, &s->verb);
    emit(s->c, I_JUMP, s->number)->jump = head;
    return good;
}

static bool compile_test(const struct step *s)
{
    struct instruction *i = emit(s->c, I_UNLESS, s->number);
    return value_read(s->c, &s->verb, &i->operands[0]) && condition_read(s->c, s->node, &i->expect);
}

static bool compile_while(const struct step *s)
{
    struct compiler *c = s->c;
    uint32_t head = c->count;
    if (!compile_test(s))
        return false;
    bool good = compile_block(s, "steps");
    emit(c, I_JUMP, s->number)->jump = head;
    c->instructions[head].jump = c->count;
    return good;
}

static bool compile_if(const struct step *s)
{
    struct compiler *c = s->c;
    uint32_t head = c->count;
    struct json_node other = json_member(s->node, "else");
    if (!compile_test(s))
        return false;
    bool good = compile_block(s, "steps");
    c->instructions[head].jump = c->count;
    if (!other.value)
        return good;
    uint32_t over = c->count;
    (void)emit(c, I_JUMP, s->number);
    c->instructions[head].jump = c->count;
    good &= compile_list(c, &other);
    c->instructions[over].jump = c->count;
    return good;
}

/* --- the table of verbs ---------------------------------------------------------------------- */

enum { VERB_KEY_MAX = 6 };

static const struct verb {
    const char *name;
    bool (*compile)(const struct step *s);
    const char *keys[VERB_KEY_MAX]; /* beside the verb */
} verbs[] = {
    {"command", compile_command, {"expect", "into"}},
    {"subscribe", compile_subscribe, {"expect", "into"}},
    {"allow_rw", compile_allow_rw, {"expect", "into"}},
    {"allow_ro", compile_allow_ro, {"expect", "into"}},
    {"allow_readable", compile_allow_readable, {"expect", "into"}},
    {"yield", compile_yield, {"expect", "into"}},
    {"memop", compile_memop, {"expect", "into"}},
    {"exit", compile_exit, {0}},
    {"syscall", compile_syscall, {"expect", "into"}},
    {"load", compile_load, {"size", "expect", "into"}},
    {"store", compile_store, {"value", "size", "expect", "secret"}},
    {"execute", compile_execute, {"size", "expect"}},
    {"compute_us", compile_compute_us, {0}},
    {"compute_cycles", compile_compute_cycles, {0}},
    {"set", compile_set, {0}},
    {"add", compile_add, {0}},
    {"assert", compile_assert, {"is", "not", "min", "max"}},
    {"mark", compile_mark, {"value"}},
    {"crash", compile_crash, {0}},
    {"repeat", compile_repeat, {"steps"}},
    {"forever", compile_forever, {0}},
    {"while", compile_while, {"is", "not", "min", "max", "steps"}},
    {"if", compile_if, {"is", "not", "min", "max", "steps", "else"}},
};

static const struct verb *verb_named(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (verbs[i].name[0] == name[0] && strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static bool no_verb(const struct json_node *step)
{
    char hint[96];
    struct json_node first = json_element(step, 0);
    if (!json_is_object(step) || !first.value) {
        json_problem(step, "want a step: an object with a verb, such as {\"yield\": \"wait\"}");
        return false;
    }
    struct nearest nearest = nearest_to(first.key);
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        nearest_offer(&nearest, verbs[i].name);
    json_key_problem(step, first.key, "a step without a verb: \"%.40s\" is none%s", first.key,
                     nearest_text(&nearest, hint, sizeof hint));
    return false;
}

/* The step's verb, its only one. */
static const struct verb *verb_of(const struct json_node *step)
{
    const struct verb *found = NULL;
    for (struct json_node member = json_first(step); member.value && json_is_object(step);
         member = json_next(&member)) {
        const struct verb *verb = verb_named(member.key);
        if (verb && found) {
            json_key_problem(step, member.key, "\"%s\" and \"%s\" in one step: want one verb",
                             found->name, verb->name);
            return NULL;
        }
        found = verb ? verb : found;
    }
    if (!found)
        (void)no_verb(step);
    return found;
}

static bool one_peer(const struct compiler *c, const struct json_node *step, uint32_t from)
{
    int peer = -1;
    for (uint32_t n = from; n < c->count; n++) {
        const struct instruction *i = &c->instructions[n];
        for (size_t o = 0; o < COUNT_OF(i->operands) + COUNT_OF(i->expect.operands); o++) {
            const struct operand *operand = o < COUNT_OF(i->operands)
                                                ? &i->operands[o]
                                                : &i->expect.operands[o - COUNT_OF(i->operands)];
            if (operand->kind != OPERAND_PEER)
                continue;
            if (i->step == c->instructions[from].step && peer >= 0 && peer != operand->index) {
                json_problem(step, "two other apps' memories in one step: want at most one");
                return false;
            }
            if (i->step == c->instructions[from].step)
                peer = operand->index;
        }
    }
    return true;
}

/* `list` is the pointer of the step's list. */
static bool compile_step(struct compiler *c, const char *list, const struct json_node *node)
{
    const char *keys[VERB_KEY_MAX + 1];
    size_t count = 0;
    const struct verb *verb = verb_of(node);
    if (!verb)
        return false;
    if (c->step_count == STEP_MAX) {
        json_problem(node, "more than %d steps in one app", STEP_MAX);
        return false;
    }
    keys[count++] = verb->name;
    for (size_t i = 0; i < VERB_KEY_MAX && verb->keys[i]; i++)
        keys[count++] = verb->keys[i];
    if (!json_want_object(node, keys, count))
        return false;
    c->paths[c->step_count] = (struct step_path){list, node->index};
    struct step step = {c, node, json_member(node, verb->name), c->step_count++};
    uint32_t from = c->count;
    return verb->compile(&step) && one_peer(c, node, from);
}

static bool compile_list(struct compiler *c, const struct json_node *list)
{
    char pointer[JSON_POINTER_MAX];
    if (!json_want_array(list, 0, STEP_MAX))
        return false;
    json_pointer(list, pointer, sizeof pointer);
    const char *kept = arena_text(arena_of(c), pointer);
    bool good = true;
    /* up to the first bad step: those after it may lean on it */
    for (struct json_node step = json_first(list); good && step.value; step = json_next(&step))
        good = compile_step(c, kept, &step);
    return good;
}

/* --- an app ---------------------------------------------------------------------------------- */

static bool name_is_plain(const struct json_node *member)
{
    size_t length = strspn(member->key, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (member->key[length] == '\0' && length > 0 && length < 32 &&
        (member->key[0] < '0' || member->key[0] > '9'))
        return true;
    json_key_problem(member->up, member->key, "want a name of small letters, digits and _");
    return false;
}

static bool variables_read(struct compiler *c, const struct json_node *app)
{
    struct json_node list = json_member(app, "variables");
    struct operand ignored;
    if (!list.value)
        return true;
    if (!json_is_object(&list) || json_count(&list) > STEPS_VARIABLE_MAX) {
        json_problem(&list, "want an object of at most %d names and first values",
                     STEPS_VARIABLE_MAX);
        return false;
    }
    for (struct json_node value = json_first(&list); value.value; value = json_next(&value)) {
        if (!name_is_plain(&value) ||
            !address_read(c->load, &value, c->app, &c->variables[c->variable_count]))
            return false;
        if (builtin_parse(value.key, &ignored)) {
            json_key_problem(&list, value.key, "\"$%s\" means something else: want another name",
                             value.key);
            return false;
        }
        c->variable_names[c->variable_count++] = arena_text(arena_of(c), value.key);
    }
    return true;
}

static bool once_read(struct compiler *c, const struct json_node *app)
{
    struct json_node once = json_member(app, "once");
    if (once.value && !json_want_bool(&once, &c->once))
        return false;
    if (!c->once || !json_member(app, "upcalls").value)
        return true;
    json_key_problem(app, "upcalls",
                     "an app that plays each step once has no handlers of its own: "
                     "an upcall goes on with the next step");
    return false;
}

static bool handlers_name(struct compiler *c, const struct json_node *list)
{
    if (!list->value)
        return true;
    if (!json_is_object(list) || json_count(list) > STEPS_HANDLER_MAX) {
        json_problem(list, "want an object of at most %d names and step lists", STEPS_HANDLER_MAX);
        return false;
    }
    bool good = true;
    for (struct json_node handler = json_first(list); handler.value;
         handler = json_next(&handler)) {
        good &= name_is_plain(&handler);
        c->handler_names[c->handler_count++] = arena_text(arena_of(c), handler.key);
    }
    return good;
}

static bool compile_all(struct compiler *c, const struct json_node *app)
{
    struct json_node steps = json_member(app, "steps"), upcalls = json_member(app, "upcalls");
    if (!once_read(c, app) || !variables_read(c, app) || !handlers_name(c, &upcalls))
        return false;
    bool good = compile_list(c, &steps);
    (void)emit(c, I_END, 0);
    c->in_handler = true;
    for (struct json_node handler = json_first(&upcalls); handler.value;
         handler = json_next(&handler)) {
        c->handlers[handler.index] = c->count;
        good &= compile_list(c, &handler);
        (void)emit(c, I_END, 0);
    }
    if (good && c->count + 1 >= INSTRUCTION_MAX) {
        json_problem(app, "more than %d instructions in one app", INSTRUCTION_MAX - 1);
        good = false;
    }
    return good;
}

static void *keep(const struct compiler *c, const void *from, size_t size, size_t count)
{
    void *kept = arena_take(arena_of(c), size, count);
    return count ? memcpy(kept, from, size * count) : kept;
}

bool steps_compile(struct load *load, const struct json_node *app, uint32_t index)
{
    struct scenario *s = load->scenario;
    struct compiler *c = malloc(sizeof *c);
    if (!c)
        abort();
    memset(c, 0, offsetof(struct compiler, paths)); /* the rest is large, and its counts are 0 */
    c->load = load;
    c->app = index;
    bool good = compile_all(c, app);
    if (good) {
        struct steps_program *p = arena_take(arena_of(c), sizeof *p, 1);
        *p = (struct steps_program){
            .once = c->once,
            .instructions = keep(c, c->instructions, sizeof c->instructions[0], c->count),
            .count = c->count,
            .flash_base = s->images[index].flash.base,
            .handler_count = c->handler_count,
            .handlers = keep(c, c->handlers, sizeof c->handlers[0], c->handler_count),
            .handler_names =
                keep(c, c->handler_names, sizeof c->handler_names[0], c->handler_count),
            .variable_count = c->variable_count,
            .variable_names =
                keep(c, c->variable_names, sizeof c->variable_names[0], c->variable_count),
            .variables = keep(c, c->variables, sizeof c->variables[0], c->variable_count),
            .step_count = c->step_count,
            .paths = keep(c, c->paths, sizeof c->paths[0], c->step_count),
            .expectation_count = c->expecting_count,
            .expecting = keep(c, c->expecting, sizeof c->expecting[0], c->expecting_count),
        };
        s->apps[index].engine = &app_steps_engine;
        s->apps[index].program = p;
        s->app_expectations += c->expecting_count;
    }
    free(c);
    return good;
}
