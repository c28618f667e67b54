/* cmd_mpu.c: `postern mpu FILE...` decides access vectors with the simulated protection unit.
 *
 *   a line of JSON --> registers written into a fresh unit --> each probe judged, each read made
 *     --> differences on stdout, complaints about the input on stderr --> the tally
 *
 * A vector is one JSON object on one line:
 *   {"id": TEXT, "mpu": "armv7m", "ctrl": MPU_CTRL, "regions": [[RBAR, RASR], ...],
 *    "probes": [{"addr", "size", "access", "privileged", "negpri", "expect", "mmfsr"}, ...]}
 *   {"id": TEXT, "mpu": "armv7m", "ops": [["write" | "read", REGISTER, VALUE], ...]}
 * A line may have both: regions first, then ctrl, ops, probes. Keys not named here are not looked
 * at. An id may be missing (then it is the line's number), as may "mpu" beside "ops" (then it is
 * armv7m) and beside "entries" (then it is pmp). More than 8 regions make a unit of 16.
 */
#define _POSIX_C_SOURCE 200809L

#include "sim/mpu_armv7m.h"
#include "tools/commands.h"
#include "tools/options.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_HOLDS = 0, EXIT_DIFFERS = 1, EXIT_BAD_INPUT = 2, EXIT_VACUOUS = 5 };

enum {
    COMPLAINTS_MAX = 20, /* of one file: after that, it is another kind of file */
    FOUND_MAX = 40,      /* bytes of a value that a complaint quotes */
    POINTER_MAX = 256,
    ID_MAX = 80,
};

/* Units that vectors are about. The first is decided, the others are counted as skipped. */
enum unit { UNIT_ARMV7M, UNIT_ARMV8M, UNIT_PMP, UNIT_SMEPMP, UNITS };
static const char *const unit_names[UNITS] = {"armv7m", "armv8m", "pmp", "smepmp"};

struct tally {
    unsigned long agree, differ;  /* probes and reads */
    unsigned long skipped[UNITS]; /* likewise */
    unsigned long filtered;       /* vectors that --filter left out */
    unsigned long complaints;     /* about the input */
    char repeat_id[ID_MAX];       /* of the first vector that differs */
    const char *repeat_path;      /* and its file */
};

/* One line of one file, while it is judged. */
struct line {
    struct tally *tally;
    const char *path;
    unsigned long number;     /* from 1 */
    unsigned long complaints; /* about this file */
    const char *text;         /* ended by a NUL, which is not counted */
    size_t size;
    const cJSON *root;
    char id[ID_MAX];
};

struct mpu_options {
    const char *filter;
};

static const struct option_row rows[] = {
    {"--filter", "TEXT", "only vectors whose id contains TEXT", OPTION_TEXT,
     offsetof(struct mpu_options, filter), 0, 0, NULL},
};

static const struct usage usage = {
    .command = "mpu",
    .arguments = "FILE...",
    .about =
        "Decides access vectors (one JSON object a line; - reads standard input) with the\n"
        "simulated ARMv7-M MPU and prints each difference, then `N agree, M differ, K skipped`.\n"
        "Vectors of other units are skipped and counted. Exit 1: something differs; 5: no vector\n"
        "was decided.\n",
    .examples = "  postern mpu vectors.jsonl\n"
                "  postern mpu --filter armv7m-0003 vectors.jsonl\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_min = 1,
    .argument_max = ARGUMENTS_ANY,
};

/* ---- where in a line something stands */

/* Appends "/name" or "/index" of `node` to a JSON pointer (RFC 6901: ~ is ~0, / is ~1). */
static size_t append_step(char *pointer, size_t length, const cJSON *node, size_t index)
{
    char number[24];
    const char *name = node->string;

    if (!name) {
        snprintf(number, sizeof number, "%zu", index);
        name = number;
    }
    if (length + 1 < POINTER_MAX)
        pointer[length++] = '/';
    for (; *name && length + 2 < POINTER_MAX; name++) {
        unsigned char c = *name;

        if (c == '~' || c == '/')
            pointer[length++] = '~';
        pointer[length++] = c == '~' ? '0' : c == '/' ? '1' : c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    pointer[length] = '\0';
    return length;
}

/* Finds `target` below `node`: its pointer, and how many values stand before it in the text. */
static bool locate(const cJSON *node, const cJSON *target, char *pointer, size_t length,
                   size_t *values_before)
{
    size_t index = 0;

    if (node == target)
        return true;
    ++*values_before;
    for (const cJSON *child = node->child; child; child = child->next, index++) {
        if (locate(child, target, pointer, append_step(pointer, length, child, index),
                   values_before))
            return true;
    }
    pointer[length] = '\0';
    return false;
}

/* The end of the string whose opening quote is at `at`: behind its closing quote. */
static size_t string_end(const char *text, size_t at)
{
    for (at++; text[at] && text[at] != '"'; at++) {
        if (text[at] == '\\' && text[at + 1])
            at++;
    }
    return text[at] ? at + 1 : at;
}

/* The end of the token at `at`: a string, a bracket, or a number or word. */
static size_t token_end(const char *text, size_t at)
{
    if (text[at] == '"')
        return string_end(text, at);
    if (strchr("{}[]", text[at]))
        return at + 1;
    return at + strcspn(text + at, "{}[]\",: \t\r\n");
}

/* Where value number `wanted` (from 0, in the order of the text) of a well-formed line stands. */
static size_t value_offset(const char *text, size_t wanted)
{
    size_t at = strspn(text, "\xef\xbb\xbf \t\r\n");

    while (text[at]) {
        size_t end = token_end(text, at);
        bool key = text[at] == '"' && text[end + strspn(text + end, " \t\r\n")] == ':';

        if (text[at] != '}' && text[at] != ']' && !key && wanted-- == 0)
            return at;
        at = end + strspn(text + end, ":, \t\r\n");
    }
    return at;
}

/* ---- complaints: file:line:col: error: pointer: what was found, what is allowed */

static void complain_at(struct line *line, size_t offset, const char *pointer, const char *message)
{
    line->complaints++;
    line->tally->complaints++;
    fprintf(stderr, "%s:%lu:%zu: error: %s%s%s\n", line->path, line->number, offset + 1, pointer,
            *pointer ? ": " : "", message);
}

/* Quotes the value at `offset` into `found`, or names it if it is an object or an array. */
static void quote_value(const struct line *line, const cJSON *node, size_t offset,
                        char found[FOUND_MAX + 4])
{
    size_t size = token_end(line->text, offset) - offset;

    if (cJSON_IsObject(node) || cJSON_IsArray(node)) {
        snprintf(found, FOUND_MAX + 4, "%s", cJSON_IsObject(node) ? "an object" : "an array");
        return;
    }
    bool cut = size > FOUND_MAX;
    if (cut)
        size = FOUND_MAX;
    while (cut && (line->text[offset + size] & 0xc0) == 0x80)
        size--; /* not in the middle of a character */
    snprintf(found, FOUND_MAX + 4, "%.*s%s", (int)size, line->text + offset, cut ? "..." : "");
}

/* Always returns false, so that a reader can `return complain(...)`. */
static bool complain(struct line *line, const cJSON *node, const char *format, ...)
{
    char pointer[POINTER_MAX] = "", wanted[160], found[FOUND_MAX + 4], message[256];
    size_t values_before = 0;
    va_list list;

    locate(line->root, node, pointer, 0, &values_before);
    size_t offset = value_offset(line->text, values_before);
    quote_value(line, node, offset, found);
    va_start(list, format);
    vsnprintf(wanted, sizeof wanted, format, list);
    va_end(list);
    snprintf(message, sizeof message, "found %s, %s", found, wanted);
    complain_at(line, offset, *pointer ? pointer : "/", message);
    return false;
}

/* ---- reading values; what returns bool has complained when it returns false */

/* The member `name`, NULL if there is none. A second one of that name is an error. */
static bool find_member(struct line *line, const cJSON *object, const char *name,
                        const cJSON **member)
{
    *member = NULL;
    for (const cJSON *child = object->child; child; child = child->next) {
        if (!child->string || strcmp(child->string, name) != 0)
            continue;
        if (*member)
            return complain(line, child, "\"%s\" is given twice", name);
        *member = child;
    }
    return true;
}

static bool need_member(struct line *line, const cJSON *object, const char *name,
                        const cJSON **member)
{
    if (!find_member(line, object, name, member))
        return false;
    return *member || complain(line, object, "\"%s\" is missing", name);
}

static bool parse_hex(const char *text, uint32_t *value)
{
    size_t digits = strlen(text) - (strlen(text) < 2 ? 0 : 2);

    if (strncmp(text, "0x", 2) != 0 || digits < 1 || digits > 8 ||
        strspn(text + 2, "0123456789abcdefABCDEF") != digits)
        return false;
    *value = (uint32_t)strtoul(text, NULL, 16);
    return true;
}

/* 32 bits: a hex string, or a whole number. */
static bool read_u32(struct line *line, const cJSON *node, uint32_t *value)
{
    if (cJSON_IsString(node) && parse_hex(node->valuestring, value))
        return true;
    if (cJSON_IsNumber(node) && node->valuedouble >= 0 && node->valuedouble <= UINT32_MAX) {
        *value = (uint32_t)node->valuedouble;
        if (*value == node->valuedouble)
            return true;
    }
    return complain(line, node, "want 32 bits in hex, such as \"0x20000000\", or a whole number");
}

/* Reads a member that may be missing: `value` is then left as it is. */
static bool read_bool(struct line *line, const cJSON *object, const char *name, bool *value)
{
    const cJSON *node;

    if (!find_member(line, object, name, &node))
        return false;
    if (node && !cJSON_IsBool(node))
        return complain(line, node, "want true or false");
    if (node)
        *value = cJSON_IsTrue(node);
    return true;
}

/* The number of the member's text in `words`. */
static bool read_word(struct line *line, const cJSON *object, const char *name,
                      const char *const words[], size_t count, size_t *which)
{
    const cJSON *node;
    char allowed[96] = "";

    if (!need_member(line, object, name, &node))
        return false;
    for (*which = 0; *which < count; ++*which) {
        if (cJSON_IsString(node) && strcmp(node->valuestring, words[*which]) == 0)
            return true;
        size_t length = strlen(allowed);
        snprintf(allowed + length, sizeof allowed - length, "%s\"%s\"", *which ? ", " : "",
                 words[*which]);
    }
    return complain(line, node, "want one of %s", allowed);
}

static bool read_array(struct line *line, const cJSON *object, const char *name,
                       const cJSON **array)
{
    if (!find_member(line, object, name, array))
        return false;
    return !*array || cJSON_IsArray(*array) || complain(line, *array, "want an array");
}

/* ---- probes */

struct probe {
    struct access access;
    bool fault;     /* expected */
    bool has_mmfsr; /* mmfsr is to be compared */
    uint32_t mmfsr;
};

static bool read_probe_access(struct line *line, const cJSON *node, struct access *access)
{
    static const char *const kinds[] = {"read", "write", "exec"};
    const cJSON *address, *size, *privileged;
    size_t kind = 0;

    if (!need_member(line, node, "addr", &address) || !read_u32(line, address, &access->address) ||
        !need_member(line, node, "size", &size) || !read_u32(line, size, &access->size))
        return false;
    if (access->size < 1 || access->size > 8)
        return complain(line, size, "want 1 to 8 bytes");
    if (!read_word(line, node, "access", kinds, ACCESS_KINDS, &kind) ||
        !need_member(line, node, "privileged", &privileged))
        return false;
    access->kind = (enum access_kind)kind;
    return read_bool(line, node, "privileged", &access->privileged) &&
           read_bool(line, node, "negpri", &access->negative_priority);
}

static bool read_probe(struct line *line, const cJSON *node, struct probe *probe)
{
    static const char *const verdicts[] = {"allow", "fault"};
    const cJSON *mmfsr;
    size_t expect = 0;

    *probe = (struct probe){0};
    if (!cJSON_IsObject(node))
        return complain(line, node, "want an object: a probe");
    if (!read_probe_access(line, node, &probe->access) ||
        !read_word(line, node, "expect", verdicts, 2, &expect) ||
        !find_member(line, node, "mmfsr", &mmfsr) ||
        (mmfsr && !read_u32(line, mmfsr, &probe->mmfsr)))
        return false;
    probe->fault = expect == 1;
    probe->has_mmfsr = probe->fault && mmfsr;
    return true;
}

static void count_result(struct line *line, bool agrees)
{
    struct tally *tally = line->tally;

    if (agrees) {
        tally->agree++;
        return;
    }
    if (tally->differ++ == 0) {
        snprintf(tally->repeat_id, sizeof tally->repeat_id, "%s", line->id);
        tally->repeat_path = line->path;
    }
}

static void verdict_text(bool fault, bool has_mmfsr, uint32_t mmfsr, char text[24])
{
    if (fault && has_mmfsr)
        snprintf(text, 24, "fault 0x%02x", mmfsr);
    else
        snprintf(text, 24, "%s", fault ? "fault" : "allow");
}

static void judge_probe(struct line *line, const struct mpu_armv7m *mpu, size_t index,
                        const struct probe *probe)
{
    struct mpu_verdict got = mpu_armv7m_check(mpu, probe->access);
    bool agrees = got.allowed == !probe->fault && (!probe->has_mmfsr || got.mmfsr == probe->mmfsr);
    char expected_text[24], got_text[24], why[MPU_ARMV7M_DESCRIPTION_MAX];

    count_result(line, agrees);
    if (agrees)
        return;
    verdict_text(probe->fault, probe->has_mmfsr, probe->mmfsr, expected_text);
    verdict_text(!got.allowed, true, got.mmfsr, got_text);
    mpu_armv7m_describe(mpu, got, why, sizeof why);
    printf("%s, probe %zu, expected %s, got %s, %s (%u bytes at 0x%08x)\n", line->id, index,
           expected_text, got_text, why, probe->access.size, probe->access.address);
}

static void run_probes(struct line *line, const struct mpu_armv7m *mpu, const cJSON *probes)
{
    const cJSON *node;
    size_t index = 0;

    cJSON_ArrayForEach(node, probes)
    {
        struct probe probe;

        if (read_probe(line, node, &probe))
            judge_probe(line, mpu, index, &probe);
        index++;
    }
}

/* ---- register sequences */

static const struct {
    const char *name; /* "MPU_" before it may be there */
    uint32_t address;
} registers[] = {
    {"TYPE", MPU_ARMV7M_TYPE},       {"CTRL", MPU_ARMV7M_CTRL},
    {"RNR", MPU_ARMV7M_RNR},         {"RBAR", MPU_ARMV7M_RBAR},
    {"RASR", MPU_ARMV7M_RASR},       {"RBAR_A1", MPU_ARMV7M_RBAR_A1},
    {"RASR_A1", MPU_ARMV7M_RASR_A1}, {"RBAR_A2", MPU_ARMV7M_RBAR_A2},
    {"RASR_A2", MPU_ARMV7M_RASR_A2}, {"RBAR_A3", MPU_ARMV7M_RBAR_A3},
    {"RASR_A3", MPU_ARMV7M_RASR_A3},
};
enum { REGISTERS = sizeof registers / sizeof registers[0] };

static const char *register_name(uint32_t address)
{
    for (size_t i = 0; i < REGISTERS; i++) {
        if (registers[i].address == address)
            return registers[i].name;
    }
    return "reserved";
}

/* A register by its address or its name. */
static bool read_register(struct line *line, const cJSON *node, uint32_t *address)
{
    const char *name = cJSON_IsString(node) ? node->valuestring : "";
    const char *bare = strncmp(name, "MPU_", 4) == 0 ? name + 4 : name;

    for (size_t i = 0; i < REGISTERS; i++) {
        if (strcmp(registers[i].name, bare) == 0) {
            *address = registers[i].address;
            return true;
        }
    }
    if (parse_hex(name, address) && mpu_armv7m_owns(*address) && *address % 4 == 0)
        return true;
    return complain(line, node, "want a register of the MPU: \"0xe000ed90\" to \"0xe000edb8\"");
}

struct op {
    bool reads;
    uint32_t address, value;
};

static bool read_op(struct line *line, const cJSON *node, struct op *op)
{
    if (!cJSON_IsArray(node) || cJSON_GetArraySize(node) != 3)
        return complain(line, node,
                        "want an array of three: \"write\" or \"read\", a register, "
                        "a value");
    const cJSON *verb = node->child;
    op->reads = cJSON_IsString(verb) && strcmp(verb->valuestring, "read") == 0;
    if (!op->reads && !(cJSON_IsString(verb) && strcmp(verb->valuestring, "write") == 0))
        return complain(line, verb, "want \"write\" or \"read\"");
    return read_register(line, verb->next, &op->address) &&
           read_u32(line, verb->next->next, &op->value);
}

static void judge_read(struct line *line, const struct mpu_armv7m *mpu, size_t index, struct op op)
{
    uint32_t got = mpu_armv7m_read(mpu, op.address);

    count_result(line, got == op.value);
    if (got != op.value)
        printf("%s, op %zu, expected 0x%08x, got 0x%08x, MPU_%s of region %u\n", line->id, index,
               op.value, got, register_name(op.address), mpu_armv7m_read(mpu, MPU_ARMV7M_RNR));
}

/* A sequence makes no sense beyond an operation that cannot be read: false ends the vector. */
static bool run_ops(struct line *line, struct mpu_armv7m *mpu, const cJSON *ops)
{
    const cJSON *node;
    size_t index = 0;

    cJSON_ArrayForEach(node, ops)
    {
        struct op op = {0};

        if (!read_op(line, node, &op))
            return false;
        if (op.reads)
            judge_read(line, mpu, index, op);
        else
            mpu_armv7m_write(mpu, op.address, op.value);
        index++;
    }
    return true;
}

/* ---- vectors */

static bool load_regions(struct line *line, struct mpu_armv7m *mpu, const cJSON *regions)
{
    int count = cJSON_GetArraySize(regions);
    uint32_t region = 0, rbar = 0, rasr = 0;
    const cJSON *pair;

    if (count > MPU_ARMV7M_REGION_MAX)
        return complain(line, regions, "want at most %d regions", MPU_ARMV7M_REGION_MAX);
    mpu_armv7m_reset(mpu, count > 8 ? 16 : 8);
    cJSON_ArrayForEach(pair, regions)
    {
        if (!cJSON_IsArray(pair) || cJSON_GetArraySize(pair) != 2)
            return complain(line, pair, "want an array of two: RBAR, RASR");
        if (!read_u32(line, pair->child, &rbar) || !read_u32(line, pair->child->next, &rasr))
            return false;
        mpu_armv7m_write(mpu, MPU_ARMV7M_RNR, region++);
        mpu_armv7m_write(mpu, MPU_ARMV7M_RBAR, rbar & ~0x1fu);
        mpu_armv7m_write(mpu, MPU_ARMV7M_RASR, rasr);
    }
    mpu_armv7m_write(mpu, MPU_ARMV7M_RNR, 0);
    return true;
}

static void run_armv7m(struct line *line)
{
    struct mpu_armv7m mpu;
    const cJSON *regions, *control, *ops, *probes;
    uint32_t ctrl = 0;

    if (!read_array(line, line->root, "regions", &regions) ||
        !read_array(line, line->root, "ops", &ops) ||
        !read_array(line, line->root, "probes", &probes) ||
        !find_member(line, line->root, "ctrl", &control))
        return;
    if (!ops && !(regions && probes)) {
        complain(line, line->root, "want \"regions\" and \"probes\", or \"ops\"");
        return;
    }
    if (!ops && !control) {
        complain(line, line->root, "\"ctrl\" is missing");
        return;
    }
    if (!load_regions(line, &mpu, regions) || (control && !read_u32(line, control, &ctrl)))
        return;
    mpu_armv7m_write(&mpu, MPU_ARMV7M_CTRL, ctrl);
    if (run_ops(line, &mpu, ops))
        run_probes(line, &mpu, probes);
}

/* How much a vector of another unit would have had to decide: probes and reads, at least 1. */
static unsigned long count_skipped(const cJSON *root)
{
    const cJSON *op;
    const cJSON *probes = cJSON_GetObjectItemCaseSensitive(root, "probes");
    unsigned long count = cJSON_IsArray(probes) ? (unsigned long)cJSON_GetArraySize(probes) : 0;

    cJSON_ArrayForEach(op, cJSON_GetObjectItemCaseSensitive(root, "ops"))
    {
        if (cJSON_IsArray(op) && cJSON_IsString(op->child))
            count += strcmp(op->child->valuestring, "read") == 0;
    }
    return count > 0 ? count : 1;
}

/* The id without what a terminal or a shell would obey; the line's number if it has none. */
static bool read_id(struct line *line)
{
    const cJSON *id;

    snprintf(line->id, sizeof line->id, "line %lu", line->number);
    if (!find_member(line, line->root, "id", &id))
        return false;
    if (!id)
        return true;
    if (!cJSON_IsString(id))
        return complain(line, id, "want a string");
    snprintf(line->id, sizeof line->id, "%s", id->valuestring);
    for (char *c = line->id; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '\'')
            *c = '?';
    }
    return true;
}

static void run_vector(struct line *line, const char *filter)
{
    const cJSON *ops, *entries, *mpu;

    if (!cJSON_IsObject(line->root)) {
        complain(line, line->root, "want an object: a vector");
        return;
    }
    if (!read_id(line) || !find_member(line, line->root, "ops", &ops) ||
        !find_member(line, line->root, "entries", &entries) ||
        !find_member(line, line->root, "mpu", &mpu))
        return;
    if (!strstr(line->id, filter)) {
        line->tally->filtered++;
        return;
    }
    size_t unit = entries ? UNIT_PMP : UNIT_ARMV7M;
    if ((mpu || !(ops || entries)) && !read_word(line, line->root, "mpu", unit_names, UNITS, &unit))
        return;
    if (unit == UNIT_ARMV7M)
        run_armv7m(line);
    else
        line->tally->skipped[unit] += count_skipped(line->root);
}

/* ---- files */

/* The length of the UTF-8 character at `p`, 0 if it is none, or a control character. */
static size_t character_size(const unsigned char *p, size_t left)
{
    static const struct {
        unsigned char lead_first, lead_last, second_first, second_last, size;
    } forms[] = {
        {0x20, 0x7f, 0, 0, 1},       {'\t', '\t', 0, 0, 1},       {'\r', '\r', 0, 0, 1},
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t size = forms[i].size;

        if (p[0] < forms[i].lead_first || p[0] > forms[i].lead_last || size > left)
            continue;
        if (size > 1 && (p[1] < forms[i].second_first || p[1] > forms[i].second_last))
            continue;
        if ((size > 2 && (p[2] & 0xc0) != 0x80) || (size > 3 && (p[3] & 0xc0) != 0x80))
            continue;
        return size;
    }
    return 0;
}

static bool check_characters(struct line *line)
{
    const unsigned char *text = (const unsigned char *)line->text;
    char message[64];
    size_t at = 0;

    while (at < line->size) {
        size_t size = character_size(text + at, line->size - at);

        if (size == 0) {
            snprintf(message, sizeof message, "found byte 0x%02x, want UTF-8 text", text[at]);
            complain_at(line, at, "", message);
            return false;
        }
        at += size;
    }
    return true;
}

static void run_line(struct line *line, const char *filter)
{
    const char *end = line->text;

    if (!check_characters(line) || line->text[strspn(line->text, " \t\r")] == '\0')
        return;
    cJSON *root = cJSON_ParseWithLengthOpts(line->text, line->size + 1, &end, true);
    if (root) {
        line->root = root;
        run_vector(line, filter);
    } else {
        complain_at(line, (size_t)(end - line->text), "", "not JSON, want one object on a line");
    }
    cJSON_Delete(root);
}

static void run_stream(struct tally *tally, const char *path, FILE *stream, const char *filter)
{
    struct line line = {.tally = tally, .path = path};
    char *text = NULL;
    size_t room = 0;
    ssize_t size;

    while ((size = getline(&text, &room, stream)) >= 0) {
        if (size > 0 && text[size - 1] == '\n')
            text[--size] = '\0';
        line.number++;
        line.text = text;
        line.size = (size_t)size;
        run_line(&line, filter);
        if (line.complaints >= COMPLAINTS_MAX) {
            fprintf(stderr, "%s: error: too many errors, the rest is not read\n", path);
            break;
        }
    }
    if (ferror(stream)) {
        fprintf(stderr, "%s: error: %s\n", path, strerror(errno));
        tally->complaints++;
    }
    free(text);
}

static void run_file(struct tally *tally, const char *path, const char *filter)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *stream = standard ? stdin : fopen(path, "r");

    if (!stream) {
        fprintf(stderr, "%s: error: %s\n", path, strerror(errno));
        tally->complaints++;
        return;
    }
    run_stream(tally, path, stream, filter);
    if (!standard)
        fclose(stream);
}

/* "N agree, M differ, K skipped (armv8m 40, pmp 80: not modelled)" */
static void print_tally(const struct tally *tally)
{
    unsigned long skipped = 0;
    const char *before = " (";

    for (size_t unit = 0; unit < UNITS; unit++)
        skipped += tally->skipped[unit];
    printf("%lu agree, %lu differ, %lu skipped", tally->agree, tally->differ, skipped);
    for (size_t unit = 0; unit < UNITS; unit++) {
        if (tally->skipped[unit]) {
            printf("%s%s %lu", before, unit_names[unit], tally->skipped[unit]);
            before = ", ";
        }
    }
    printf("%s\n", skipped ? ": not modelled)" : "");
    fflush(stdout); /* what follows goes to stderr */
}

static int exit_code(const struct tally *tally)
{
    if (tally->differ && tally->repeat_path)
        fprintf(stderr, "repeat: postern mpu --filter '%s' '%s'\n", tally->repeat_id,
                tally->repeat_path);
    if (tally->complaints)
        return EXIT_BAD_INPUT;
    if (tally->differ)
        return EXIT_DIFFERS;
    if (tally->agree == 0) {
        fprintf(stderr, "error: vacuous: no armv7m probe was decided%s\n",
                tally->filtered ? ", --filter left out all there were" : "");
        return EXIT_VACUOUS;
    }
    return EXIT_HOLDS;
}

int cmd_mpu(int argc, char **argv)
{
    struct tally tally = {0};
    struct mpu_options options = {.filter = ""};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? EXIT_BAD_INPUT : EXIT_HOLDS;
    for (int i = 0; i < arguments.count; i++)
        run_file(&tally, arguments.at[i], options.filter);
    print_tally(&tally);
    return exit_code(&tally);
}
