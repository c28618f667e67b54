/* json_text.c: the strict scan, the locator and the readers. */
#include "sim/json_text.h"
#include "model/types.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- complaints ------------------------------------------------------------------------------ */

static void problem_line(struct problems *problems, const char *line)
{
    if (problems->count++ >= JSON_PROBLEM_MAX)
        return;
    enum { ESCAPED_SIZE = 4 };
    char *grown = realloc(problems->text, problems->size + ESCAPED_SIZE * strlen(line) + 2);
    if (!grown)
        abort(); /* out of host memory while reading input: nothing to go on with */
    char *end = grown + problems->size;
    for (; *line; line++) {
        unsigned char c = (unsigned char)*line;
        if (c < 0x20 || c == 0x7f) /* a file's own words: a complaint stays on one line */
            end += snprintf(end, ESCAPED_SIZE + 1, "\\x%02x", c);
        else
            *end++ = *line;
    }
    *end++ = '\n';
    *end = '\0';
    problems->text = grown;
    problems->size = (size_t)(end - grown);
}

void problem_add(struct problems *problems, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    problem_line(problems, line);
}

void problems_free(struct problems *problems)
{
    free(problems->text);
    *problems = (struct problems){0};
}

/* Most comparisons end at the first byte. */
static inline bool same_text(const char *a, const char *b)
{
    return a[0] == b[0] && strcmp(a, b) == 0;
}

/* --- places ---------------------------------------------------------------------------------- */

enum { BOM_SIZE = 3 };

static size_t text_start(const struct json_text *json)
{
    return json->size >= BOM_SIZE && memcmp(json->text, "\xef\xbb\xbf", BOM_SIZE) == 0 ? BOM_SIZE
                                                                                       : 0;
}

static void place_of(const struct json_text *json, size_t offset, uint32_t *line, uint32_t *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = text_start(json); i < offset && i < json->size; i++) {
        unsigned char c = (unsigned char)json->text[i];
        if (c == '\n') {
            ++*line;
            *column = 1;
        } else if ((c & 0xc0) != 0x80) {
            ++*column; /* bytes that continue a character are none of their own */
        }
    }
}

/* Complains at a byte of the text. */
static void complain(const struct json_text *json, size_t offset, const char *pointer,
                     const char *format, va_list args)
{
    char what[640];
    uint32_t line, column;
    (void)vsnprintf(what, sizeof what, format, args);
    place_of(json, offset, &line, &column);
    problem_add(json->problems, "%s:%" PRIu32 ":%" PRIu32 ": error: %s%s%s%s%s", json->path, line,
                column, pointer ? *pointer ? pointer : "/" : "", pointer ? ": " : "", what,
                json->member ? ", in member " : "", json->member ? json->member : "");
}

__attribute__((format(printf, 3, 4))) static bool
complain_at(const struct json_text *json, size_t offset, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain(json, offset, NULL, format, args);
    va_end(args);
    return false;
}

/* --- the scan before the parser: what cJSON lets through ------------------------------------- */

static size_t skip_space(const char *s, size_t at)
{
    while (s[at] == ' ' || s[at] == '\n' || s[at] == '\t' || s[at] == '\r')
        at++;
    return at;
}

/* What may come next. */
enum expectation_of_text {
    NEXT_VALUE,
    NEXT_VALUE_OR_END, /* behind [ */
    NEXT_KEY,
    NEXT_KEY_OR_END, /* behind { */
    NEXT_COLON,
    NEXT_COMMA_OR_END,
    NEXT_NOTHING, /* the one value is complete */
};

struct scan {
    struct json_text *json;
    size_t at;
    enum expectation_of_text next;
    uint32_t depth;
    bool in_object[JSON_NESTING_MAX + 1]; /* by depth; else a list */
};

/* Bytes of the UTF-8 character at `s`, 0: none. Source: RFC 3629, section 4. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    static const struct {
        unsigned char first, last, second_first, second_last, length;
    } rows[] = {
        {0x20, 0x7f, 0x80, 0xbf, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t r = 0; r < COUNT_OF(rows); r++) {
        if (s[0] < rows[r].first || s[0] > rows[r].last)
            continue;
        if (rows[r].length > left)
            return 0;
        for (size_t i = 1; i < rows[r].length; i++) {
            unsigned char low = i == 1 ? rows[r].second_first : 0x80;
            unsigned char high = i == 1 ? rows[r].second_last : 0xbf;
            if (s[i] < low || s[i] > high)
                return 0;
        }
        return rows[r].length;
    }
    return 0;
}

static bool scan_escape(struct scan *scan)
{
    const char *s = scan->json->text + scan->at;
    if (strncmp(s, "\\u0000", 6) == 0)
        return complain_at(scan->json, scan->at, "\\u0000 in a string: want text without NUL");
    scan->at += scan->at + 1 < scan->json->size ? 2 : 1;
    return true;
}

/* Past what stands in a string for itself; the NUL behind the text does not. */
static size_t skip_plain(const char *text, size_t at)
{
    while (text[at] >= 0x20 && text[at] <= 0x7e && text[at] != '"' && text[at] != '\\')
        at++;
    return at;
}

static bool scan_string(struct scan *scan)
{
    const struct json_text *json = scan->json;
    size_t start = scan->at++;
    for (;;) {
        scan->at = skip_plain(json->text, scan->at);
        unsigned char c = (unsigned char)json->text[scan->at];
        if (scan->at >= json->size || c == '"')
            break;
        if (c < 0x20)
            return complain_at(json, scan->at,
                               "control character 0x%02x in a string: want it escaped, as \\u%04x",
                               c, c);
        if (c == '\\') {
            if (!scan_escape(scan))
                return false;
            continue;
        }
        size_t length =
            utf8_length((const unsigned char *)json->text + scan->at, json->size - scan->at);
        if (length == 0)
            return complain_at(json, scan->at, "byte 0x%02x is not UTF-8", c);
        scan->at += length;
    }
    if (scan->at >= json->size)
        return complain_at(json, start, "the string that begins here does not end");
    scan->at++;
    return true;
}

static size_t digits(const char *s)
{
    size_t n = 0;
    while (s[n] >= '0' && s[n] <= '9')
        n++;
    return n;
}

/* Bytes of the JSON number at `s`, 0: none. Source: RFC 8259, section 6. */
static size_t number_length(const char *s)
{
    size_t n = s[0] == '-';
    size_t whole = digits(s + n);
    if (whole == 0 || (whole > 1 && s[n] == '0'))
        return 0;
    n += whole;
    if (s[n] == '.') {
        size_t fraction = digits(s + n + 1);
        if (fraction == 0)
            return 0;
        n += 1 + fraction;
    }
    if (s[n] == 'e' || s[n] == 'E') {
        size_t sign = s[n + 1] == '+' || s[n + 1] == '-';
        size_t exponent = digits(s + n + 1 + sign);
        if (exponent == 0)
            return 0;
        n += 1 + sign + exponent;
    }
    return n;
}

static bool scan_number(struct scan *scan)
{
    static const char digits_of_any_kind[] = "+-.0123456789eExXabcdfABCDF_";
    const char *s = scan->json->text + scan->at;
    size_t length = number_length(s);
    size_t run = length + strspn(s + length, digits_of_any_kind);
    if (length == 0 || length != run)
        return complain_at(scan->json, scan->at,
                           "\"%.*s\" is no JSON number: want decimal digits such as 10 or 0.5, or "
                           "a hex string such as \"0x1f\"",
                           (int)(run < 24 ? run : 24), s);
    scan->at += length;
    return true;
}

static bool scan_word(struct scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};
    const char *s = scan->json->text + scan->at;
    size_t run = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strlen(words[i]) == run && strncmp(words[i], s, run) == 0) {
            scan->at += run;
            return true;
        }
    }
    return complain_at(scan->json, scan->at,
                       "\"%.*s\" is no JSON: want a number, true, false, null, or a text in "
                       "double quotes",
                       (int)(run < 24 ? run : 24), s);
}

/* What stands here though something else may come next. */
static bool scan_refuse(const struct scan *scan)
{
    static const char *const nexts[] = {
        [NEXT_VALUE] = "a value",
        [NEXT_VALUE_OR_END] = "a value or ]",
        [NEXT_KEY] = "a key in double quotes",
        [NEXT_KEY_OR_END] = "a key in double quotes, or }",
        [NEXT_COLON] = "a colon",
        [NEXT_COMMA_OR_END] = "a comma, or the end of the list or object",
        [NEXT_NOTHING] = "nothing behind the one value",
    };
    const struct json_text *json = scan->json;
    unsigned char c = (unsigned char)json->text[scan->at];
    if (scan->at >= json->size)
        return complain_at(json, scan->at, "the text ends too early: want %s", nexts[scan->next]);
    if (c == '/' || c == '#')
        return complain_at(json, scan->at,
                           "JSON has no comments: want a \"comment\" key in an object");
    if (c > 0x20 && c < 0x7f)
        return complain_at(json, scan->at, "found %c: want %s", c, nexts[scan->next]);
    return complain_at(json, scan->at, "found byte 0x%02x: want %s", c, nexts[scan->next]);
}

/* What may follow a complete value. */
static enum expectation_of_text after_value(const struct scan *scan)
{
    return scan->depth > 0 ? NEXT_COMMA_OR_END : NEXT_NOTHING;
}

static bool scan_open(struct scan *scan, bool object)
{
    if (scan->depth == JSON_NESTING_MAX)
        return complain_at(scan->json, scan->at, "nested deeper than %d", JSON_NESTING_MAX);
    scan->in_object[++scan->depth] = object;
    scan->next = object ? NEXT_KEY_OR_END : NEXT_VALUE_OR_END;
    scan->at++;
    return true;
}

static bool scan_close(struct scan *scan, bool object)
{
    bool empty = scan->next == (object ? NEXT_KEY_OR_END : NEXT_VALUE_OR_END);
    bool full = scan->next == NEXT_COMMA_OR_END && scan->in_object[scan->depth] == object;
    if (!empty && !full)
        return scan_refuse(scan);
    scan->depth--;
    scan->next = after_value(scan);
    scan->at++;
    return true;
}

static bool scan_value(struct scan *scan, char c)
{
    if (scan->next != NEXT_VALUE && scan->next != NEXT_VALUE_OR_END)
        return scan_refuse(scan);
    if (c == '{' || c == '[')
        return scan_open(scan, c == '{');
    scan->next = after_value(scan);
    if (c == '"')
        return scan_string(scan);
    return strchr("-+.0123456789", c) ? scan_number(scan) : scan_word(scan);
}

static bool scan_token(struct scan *scan)
{
    char c = scan->json->text[scan->at];
    if (c == '"' && (scan->next == NEXT_KEY || scan->next == NEXT_KEY_OR_END)) {
        scan->next = NEXT_COLON;
        return scan_string(scan);
    }
    if (c == ':' && scan->next == NEXT_COLON) {
        scan->next = NEXT_VALUE;
    } else if (c == ',' && scan->next == NEXT_COMMA_OR_END) {
        scan->next = scan->in_object[scan->depth] ? NEXT_KEY : NEXT_VALUE;
    } else if (c == '}' || c == ']') {
        return scan_close(scan, c == '}');
    } else if (c && strchr("{[\"-+.0123456789", c)) {
        return scan_value(scan, c);
    } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        return scan_value(scan, c);
    } else {
        return scan_refuse(scan);
    }
    scan->at++;
    return true;
}

static bool scan_text(struct json_text *json)
{
    struct scan scan = {.json = json, .at = text_start(json)};
    for (;;) {
        scan.at = skip_space(json->text, scan.at);
        if (scan.at >= json->size)
            return scan.next == NEXT_NOTHING || scan_refuse(&scan);
        if (!scan_token(&scan))
            return false;
    }
}

/* --- the walk after the parser --------------------------------------------------------------- */

static bool key_is_doubled(const cJSON *item)
{
    for (const cJSON *before = item->prev; before && before->next; before = before->prev)
        if (same_text(before->string, item->string))
            return true;
    return false;
}

static bool walk(const struct json_node *node)
{
    bool good = true;
    if (cJSON_IsNumber(node->value) && !isfinite(node->value->valuedouble)) {
        json_problem(node, "a number without an end: want one that a double holds");
        good = false;
    } else if (cJSON_IsNumber(node->value) && fabs(node->value->valuedouble) >= 0x1p53) {
        json_problem(node,
                     "a number of 2^53 or more, which a double would round: want a hex string");
        good = false;
    }
    uint32_t i = 0;
    for (const cJSON *item = node->value->child; item; item = item->next, i++) {
        bool doubled = item->string && key_is_doubled(item);
        if (!doubled && !item->child && !cJSON_IsNumber(item))
            continue;
        struct json_node child = {node->json, item, node, item->string, i};
        if (doubled) {
            json_key_problem(&child, NULL, "\"%s\" is there twice", item->string);
            good = false;
        } else if (!walk(&child)) {
            good = false;
        }
    }
    return good;
}

static bool parse(struct json_text *json)
{
    if (!scan_text(json))
        return false;
    const char *end = NULL;
    json->root = cJSON_ParseWithLengthOpts(json->text, json->size + 1, &end, 1);
    if (!json->root) /* left to the parser: an escape that stands for no character */
        return complain_at(json, end ? (size_t)(end - json->text) : 0, "an escape that is none");
    struct json_node root = json_root(json);
    return walk(&root);
}

static char *copy_of(const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    if (!copy)
        abort();
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

bool json_text_parse(struct json_text *json, const char *path, const char *text, size_t size,
                     struct problems *problems)
{
    *json = (struct json_text){.path = copy_of(path, strlen(path)),
                               .text = copy_of(text, size),
                               .size = size,
                               .problems = problems};
    return parse(json);
}

enum { FIRST_READ = 16384 }; /* bytes: nearly every file is read at once */

/* All that is in the file, or one byte more than a text may have; a NUL is behind it. */
static char *file_bytes(FILE *file, size_t *size)
{
    char *text = NULL;
    size_t room = 0;
    *size = 0;
    while (*size == room && room <= JSON_SIZE_MAX) {
        room = room ? room * 2 : FIRST_READ;
        room = room > JSON_SIZE_MAX ? JSON_SIZE_MAX + 1 : room;
        text = realloc(text, room + 1);
        if (!text)
            abort();
        *size += fread(text + *size, 1, room - *size, file);
    }
    text[*size] = '\0';
    return text;
}

/* The whole file, or NULL with a complaint. */
static char *file_text(const char *path, size_t *size, struct problems *problems)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? file_bytes(file, size) : NULL;
    bool bad = !text || ferror(file);
    if (file)
        (void)fclose(file);
    if (!bad && *size <= JSON_SIZE_MAX)
        return text;
    problem_add(problems, "%s: error: %s", path,
                bad ? "cannot be read" : "longer than 8 MiB, which no scenario is");
    free(text);
    return NULL;
}

bool json_text_read(struct json_text *json, const char *path, struct problems *problems)
{
    *json = (struct json_text){.problems = problems};
    json->text = file_text(path, &json->size, problems);
    if (!json->text)
        return false;
    json->path = copy_of(path, strlen(path));
    return parse(json);
}

void json_text_free(struct json_text *json)
{
    cJSON_Delete(json->root);
    free(json->text);
    free(json->path);
    *json = (struct json_text){0};
}

/* --- nodes ----------------------------------------------------------------------------------- */

struct json_node json_root(struct json_text *json)
{
    return (struct json_node){.json = json, .value = json->root};
}

struct json_node json_member(const struct json_node *up, const char *key)
{
    struct json_node node = {.json = up->json, .up = up, .key = key};
    if (!cJSON_IsObject(up->value))
        return node;
    uint32_t i = 0;
    for (const cJSON *item = up->value->child; item; item = item->next, i++) {
        if (same_text(item->string, key)) {
            node.value = item;
            node.index = i;
            break;
        }
    }
    return node;
}

struct json_node json_first(const struct json_node *up)
{
    const cJSON *item = up->value ? up->value->child : NULL;
    return (struct json_node){
        .json = up->json, .value = item, .up = up, .key = item ? item->string : NULL};
}

struct json_node json_next(const struct json_node *node)
{
    struct json_node next = *node;
    next.value = node->value->next;
    next.key = next.value ? next.value->string : NULL;
    next.index++;
    return next;
}

struct json_node json_element(const struct json_node *up, uint32_t i)
{
    struct json_node node = json_first(up);
    while (node.value && node.index < i)
        node = json_next(&node);
    return node;
}

uint32_t json_count(const struct json_node *node)
{
    uint32_t count = 0;
    for (const cJSON *item = node->value ? node->value->child : NULL; item; item = item->next)
        count++;
    return count;
}

bool json_is_object(const struct json_node *node)
{
    return cJSON_IsObject(node->value);
}

bool json_is_array(const struct json_node *node)
{
    return cJSON_IsArray(node->value);
}

bool json_is_string(const struct json_node *node)
{
    return cJSON_IsString(node->value);
}

bool json_is_number(const struct json_node *node)
{
    return cJSON_IsNumber(node->value);
}

bool json_is_null(const struct json_node *node)
{
    return cJSON_IsNull(node->value);
}

bool json_is_true(const struct json_node *node)
{
    return cJSON_IsTrue(node->value);
}

const char *json_string(const struct json_node *node)
{
    return node->value->valuestring;
}

/* --- pointers and the locator ---------------------------------------------------------------- */

static size_t append(char *text, size_t size, size_t used, const char *more)
{
    size_t length = strlen(more);
    if (used + length + 1 > size)
        length = size - used - 1;
    memcpy(text + used, more, length);
    text[used + length] = '\0';
    return used + length;
}

static size_t append_key(char *text, size_t size, size_t used, const char *key)
{
    for (; *key; key++) {
        char one[3] = {*key, '\0', '\0'};
        if (*key == '~' || *key == '/')
            memcpy(one, *key == '~' ? "~0" : "~1", 3);
        used = append(text, size, used, one);
    }
    return used;
}

static size_t append_index(char *text, size_t size, size_t used, uint32_t index)
{
    char number[16];
    (void)snprintf(number, sizeof number, "/%" PRIu32, index);
    return append(text, size, used, number);
}

static size_t append_node(const struct json_node *node, char *text, size_t size)
{
    if (!node->up) {
        text[0] = '\0';
        return 0;
    }
    size_t used = append_node(node->up, text, size);
    if (!node->key)
        return append_index(text, size, used, node->index);
    return append_key(text, size, append(text, size, used, "/"), node->key);
}

void json_pointer(const struct json_node *node, char *text, size_t size)
{
    (void)append_node(node, text, size);
}

void json_pointer_below(const char *list, uint32_t index, char *text, size_t size)
{
    text[0] = '\0';
    (void)append_index(text, size, append(text, size, 0, list), index);
}

/* The text is known to be JSON here: these only step over it. */

static size_t skip_string(const char *s, size_t at)
{
    for (at++; s[at] && s[at] != '"'; at++)
        at += s[at] == '\\' && s[at + 1];
    return s[at] ? at + 1 : at;
}

static size_t skip_value(const char *s, size_t at)
{
    uint32_t depth = 0;
    do {
        at = skip_space(s, at);
        if (s[at] == '"') {
            at = skip_string(s, at);
        } else if (s[at] == '{' || s[at] == '[') {
            depth++;
            at++;
        } else if (s[at] == '}' || s[at] == ']') {
            depth--;
            at++;
        } else if (s[at] == ',' || s[at] == ':') {
            at++;
        } else {
            at += strcspn(s + at, ",:]} \t\r\n");
        }
    } while (depth > 0 && s[at]);
    return at;
}

/* Where the node's name and value begin. False: it is not in the text (or not at its place: put
 * there by a sweep); then the places are those of the nearest one above. */
static bool locate(const struct json_node *node, size_t *key, size_t *value)
{
    const char *s = node->json->text;
    if (!node->up) {
        *key = *value = skip_space(s, text_start(node->json));
        return true;
    }
    if (!locate(node->up, key, value) || !node->value || (s[*value] != '{' && s[*value] != '['))
        return false;
    size_t at = skip_space(s, *value + 1);
    for (uint32_t i = 0; s[at] && s[at] != ']' && s[at] != '}'; i++) {
        size_t name = at;
        if (node->key)
            at = skip_space(s, skip_space(s, skip_string(s, at)) + 1);
        if (i == node->index) {
            *key = name;
            *value = at;
            return true;
        }
        at = skip_space(s, skip_value(s, at));
        at = s[at] == ',' ? skip_space(s, at + 1) : at;
    }
    return false;
}

/* The token of a pointer that begins at `from`, unescaped; bytes of it as it stands there. */
static size_t pointer_token(const char *from, char token[JSON_POINTER_MAX])
{
    size_t size = strcspn(from, "/:"), used = 0;
    for (size_t i = 0; i < size && used < JSON_POINTER_MAX - 1; i++) {
        bool escaped = from[i] == '~' && i + 1 < size;
        token[used++] = !escaped ? from[i] : from[++i] == '1' ? '/' : '~';
    }
    token[used] = '\0';
    return size;
}

static size_t pointer_offset(const struct json_node *node, const char *pointer)
{
    size_t key, value;
    struct json_node below = {0};
    if (*pointer == '/') {
        char token[JSON_POINTER_MAX];
        pointer += 1 + pointer_token(pointer + 1, token);
        below = json_is_array(node) ? json_element(node, (uint32_t)strtoul(token, NULL, 10))
                                    : json_member(node, token);
    }
    if (below.value)
        return pointer_offset(&below, pointer);
    (void)locate(node, &key, &value);
    return value;
}

void json_pointer_place(struct json_text *json, const char *pointer, uint32_t *line,
                        uint32_t *column)
{
    struct json_node root = json_root(json);
    place_of(json, pointer_offset(&root, pointer), line, column);
}

void json_problem(const struct json_node *node, const char *format, ...)
{
    char pointer[JSON_POINTER_MAX];
    size_t key, value;
    va_list args;
    json_pointer(node, pointer, sizeof pointer);
    (void)locate(node, &key, &value);
    va_start(args, format);
    complain(node->json, value, pointer, format, args);
    va_end(args);
}

void json_key_problem(const struct json_node *object, const char *key, const char *format, ...)
{
    char pointer[JSON_POINTER_MAX];
    size_t at, value;
    struct json_node node = key ? json_member(object, key) : *object;
    va_list args;
    json_pointer(&node, pointer, sizeof pointer);
    (void)locate(&node, &at, &value);
    va_start(args, format);
    complain(node.json, at, pointer, format, args);
    va_end(args);
}

/* --- nearest names --------------------------------------------------------------------------- */

struct nearest nearest_to(const char *wrong)
{
    return (struct nearest){.wrong = wrong, .distance = (unsigned)strlen(wrong) / 3 + 1};
}

enum { NEAREST_MAX = 64 }; /* longer names are compared by their start */

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static int folded(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Edits (insert, delete, replace, swap of neighbours) from `a` to `b`; case does not count. More
 * than `most`: some number above it, found quickly. */
static unsigned edits(const char *a, const char *b, unsigned most)
{
    unsigned rows[3][NEAREST_MAX + 1];
    size_t a_size = smaller((unsigned)strlen(a), NEAREST_MAX);
    size_t b_size = smaller((unsigned)strlen(b), NEAREST_MAX);
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    unsigned least = 0;
    if (a_size > b_size + most || b_size > a_size + most)
        return most + 1;
    for (size_t j = 0; j <= b_size; j++)
        before[j] = last[j] = (unsigned)j;
    for (size_t i = 1; i <= a_size; i++) {
        unsigned least_before = least;
        now[0] = least = (unsigned)i;
        for (size_t j = 1; j <= b_size; j++) {
            bool same = folded(a[i - 1]) == folded(b[j - 1]);
            now[j] = smaller(smaller(last[j], now[j - 1]) + 1, last[j - 1] + !same);
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                folded(a[i - 2]) == folded(b[j - 1]))
                now[j] = smaller(now[j], before[j - 2] + 1);
            least = smaller(least, now[j]);
        }
        if (least > most && least_before > most)
            return most + 1; /* a later row follows from the two before it, and never falls below */
        unsigned *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[b_size];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    unsigned distance = edits(nearest->wrong, name, nearest->distance);
    if (distance < nearest->distance || (distance == nearest->distance && !nearest->best)) {
        nearest->distance = distance;
        nearest->best = name;
    }
}

const char *nearest_text(const struct nearest *nearest, char *text, size_t size)
{
    text[0] = '\0';
    if (nearest->best)
        (void)snprintf(text, size, " (did you mean \"%s\"?)", nearest->best);
    return text;
}

/* --- readers --------------------------------------------------------------------------------- */

/* What a value is, for messages. */
static const char *found(const struct json_node *node, char *text, size_t size)
{
    const cJSON *v = node->value;
    if (!v)
        (void)snprintf(text, size, "missing");
    else if (cJSON_IsString(v))
        (void)snprintf(text, size, "\"%.40s\"", v->valuestring);
    else if (cJSON_IsNumber(v))
        (void)snprintf(text, size, "%.15g", v->valuedouble);
    else
        (void)snprintf(text, size, "%s",
                       cJSON_IsObject(v)  ? "an object"
                       : cJSON_IsArray(v) ? "a list"
                       : cJSON_IsNull(v)  ? "null"
                       : cJSON_IsTrue(v)  ? "true"
                                          : "false");
    return text;
}

/* "<what was found>: want <what is allowed>"; always false. */
__attribute__((format(printf, 2, 3))) static bool wants(const struct json_node *node,
                                                        const char *format, ...)
{
    char what[64], want[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(want, sizeof want, format, args);
    va_end(args);
    json_problem(node, "%s: want %s", found(node, what, sizeof what), want);
    return false;
}

/* The word's place; `count`: it is none of them. */
static size_t word_place(const char *word, const char *const words[], size_t count)
{
    size_t i = 0;
    while (i < count && !same_text(words[i], word))
        i++;
    return i;
}

static bool key_known(const struct json_node *object, const char *key, const char *const keys[],
                      size_t count)
{
    char hint[96];
    if (word_place(key, keys, count) < count || strcmp(key, "comment") == 0)
        return true;
    struct nearest nearest = nearest_to(key);
    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, keys[i]);
    json_key_problem(object, key, "no such key%s", nearest_text(&nearest, hint, sizeof hint));
    return false;
}

bool json_want_object(const struct json_node *node, const char *const keys[], size_t count)
{
    if (!json_is_object(node))
        return wants(node, "an object {...}");
    bool good = true;
    for (const cJSON *item = node->value->child; item; item = item->next)
        good &= key_known(node, item->string, keys, count);
    return good;
}

bool json_want_array(const struct json_node *node, uint32_t min, uint32_t max)
{
    if (!json_is_array(node))
        return wants(node, "a list [...]");
    uint32_t count = json_count(node);
    if (count >= min && count <= max)
        return true;
    json_problem(node, "a list of %" PRIu32 ": want %" PRIu32 " to %" PRIu32, count, min, max);
    return false;
}

bool json_want_bool(const struct json_node *node, bool *value)
{
    if (!cJSON_IsBool(node->value))
        return wants(node, "true or false");
    *value = cJSON_IsTrue(node->value);
    return true;
}

static int hex_digit(char c)
{
    int low = folded(c);
    return c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

bool hex_parse(const char *text, uint64_t *value)
{
    if (text[0] != '0' || text[1] != 'x')
        return false;
    size_t length = 0;
    uint64_t sum = 0;
    for (int digit; length <= 16 && (digit = hex_digit(text[2 + length])) >= 0; length++)
        sum = sum * 16 + (unsigned)digit;
    if (length == 0 || length > 16 || text[2 + length])
        return false;
    *value = sum;
    return true;
}

/* An integer that is not negative: a number, or hex. */
static bool integer(const struct json_node *node, uint64_t *value)
{
    if (json_is_string(node))
        return hex_parse(json_string(node), value);
    if (!json_is_number(node))
        return false;
    double d = node->value->valuedouble;
    if (d < 0 || d >= 0x1p53 || d != (double)(uint64_t)d)
        return false;
    *value = (uint64_t)d;
    return true;
}

bool json_want_u64(const struct json_node *node, uint64_t min, uint64_t max, uint64_t *value)
{
    uint64_t read;
    if (!integer(node, &read) || read < min || read > max)
        return wants(node, "an integer from %" PRIu64 " to %" PRIu64 ", or it in hex as a string",
                     min, max);
    *value = read;
    return true;
}

bool json_want_u32(const struct json_node *node, uint32_t min, uint32_t max, uint32_t *value)
{
    uint64_t wide = 0;
    if (!json_want_u64(node, min, max, &wide))
        return false;
    *value = (uint32_t)wide;
    return true;
}

bool json_want_i64(const struct json_node *node, int64_t min, int64_t max, int64_t *value)
{
    uint64_t wide = 0;
    double d = json_is_number(node) ? node->value->valuedouble : 0.0;
    if (d < 0 && d >= (double)min && d == (double)(int64_t)d) {
        *value = (int64_t)d;
        return true;
    }
    if (!integer(node, &wide) || wide > INT64_MAX || (int64_t)wide < min || (int64_t)wide > max)
        return wants(node, "an integer from %" PRId64 " to %" PRId64 ", or it in hex as a string",
                     min, max);
    *value = (int64_t)wide;
    return true;
}

bool json_want_hex(const struct json_node *node, uint32_t *value)
{
    uint64_t wide = 0;
    if (!json_is_string(node) || !hex_parse(json_string(node), &wide) || wide > UINT32_MAX)
        return wants(node, "an address in hex, such as \"0x40009000\"");
    *value = (uint32_t)wide;
    return true;
}

bool json_want_text(const struct json_node *node, char *text, size_t size)
{
    if (!json_is_string(node) || !*json_string(node) || strlen(json_string(node)) >= size)
        return wants(node, "a text of 1 to %zu bytes", size - 1);
    memcpy(text, json_string(node), strlen(json_string(node)) + 1);
    return true;
}

bool json_want_word(const struct json_node *node, const char *const words[], size_t count,
                    uint32_t *which)
{
    char list[256], hint[96] = "";
    size_t used = 0;
    size_t place = json_is_string(node) ? word_place(json_string(node), words, count) : count;
    if (place < count) {
        *which = (uint32_t)place;
        return true;
    }
    struct nearest nearest = nearest_to(json_is_string(node) ? json_string(node) : "");
    list[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        nearest_offer(&nearest, words[i]);
        used = append(list, sizeof list, used, i ? ", \"" : "\"");
        used = append(list, sizeof list, append(list, sizeof list, used, words[i]), "\"");
    }
    if (json_is_string(node))
        nearest_text(&nearest, hint, sizeof hint);
    return wants(node, "one of %s%s", list, hint);
}

/* The digits that a writer put down, again: the shortest decimal of 15 digits that gives the same
 * double. More digits than that were not exact in the first place. */
static bool decimal_text(double d, char *text, size_t size)
{
    (void)snprintf(text, size, "%.14e", d);
    return strtod(text, NULL) == d;
}

/* d.dddde+xx * 10^decimals as an integer; false: it is none, or too large. */
static bool scale_decimal(const char *text, unsigned decimals, uint64_t max, uint64_t *value)
{
    const char *exponent = strchr(text, 'e');
    long shift = exponent ? strtol(exponent + 1, NULL, 10) + (long)decimals : 0;
    uint64_t sum = 0;
    long after = 0; /* digits behind the point that have been read */
    bool behind = false;
    for (const char *s = text; s < exponent; s++) {
        if (*s == '.') {
            behind = true;
            continue;
        }
        sum = sum * 10 + (uint64_t)(*s - '0');
        after += behind;
    }
    for (; after > shift && sum % 10 == 0 && sum > 0; after--)
        sum /= 10;
    if (after > shift && sum > 0)
        return false;
    for (; after < shift && sum > 0; after++) {
        if (sum > max / 10)
            return false;
        sum *= 10;
    }
    *value = sum;
    return sum <= max;
}

/* Nearly every number is small and whole: then no digits are needed. False: look closely. */
static bool whole_scaled(double d, unsigned decimals, uint64_t max, uint64_t *value)
{
    static const uint64_t powers[] = {1,      10,      100,      1000,      10000,
                                      100000, 1000000, 10000000, 100000000, 1000000000};
    if (d >= 1e9 || d != (double)(uint64_t)d || decimals >= COUNT_OF(powers))
        return false;
    *value = (uint64_t)d * powers[decimals];
    return *value <= max;
}

bool json_want_decimal(const struct json_node *node, unsigned decimals, uint64_t max,
                       uint64_t *value)
{
    char text[40];
    double d = json_is_number(node) ? node->value->valuedouble : -1.0;
    if (d < 0)
        return wants(node, "a number that is not negative");
    if (whole_scaled(d, decimals, max, value))
        return true;
    if (!decimal_text(d, text, sizeof text))
        return wants(node, "a number of at most 15 digits");
    if (!scale_decimal(text, decimals, max, value))
        return wants(node, "at most %u decimals, and no more than it can hold", decimals);
    return true;
}
