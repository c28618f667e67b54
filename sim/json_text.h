/* json_text.h: strict JSON over cJSON, and complaints that say where.
 *
 *   text --scan--> the grammar itself, UTF-8, control characters, \u0000, nesting
 *        --cJSON--> tree --walk--> doubled keys, numbers that a double does not hold
 *        --json_node--> readers --json_problem--> "file:line:col: error: /pointer: ..."
 *
 * cJSON alone takes much that is no JSON (trailing text, doubled keys, 01, raw tabs, bad UTF-8) and
 * rounds in silence: what it lets through is refused here. It keeps no source positions: a
 * complaint walks the text again along its JSON pointer. Columns count characters, from 1; a byte
 * order mark at the start is no character.
 */
#ifndef SIM_JSON_TEXT_H
#define SIM_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

enum {
    JSON_NESTING_MAX = 32,      /* objects and arrays inside one another; ours */
    JSON_SIZE_MAX = 8 << 20,    /* bytes of one file; ours */
    JSON_PROBLEM_MAX = 20,      /* complaints that are kept; the rest are counted */
    JSON_POINTER_MAX = 256,     /* bytes of a pointer in a message */
    JSON_INTEGER_MAX_BITS = 53, /* a double holds every integer below 2^53, and no other */
};

/* Complaints about input, one line each, in the order they were found. */
struct problems {
    uint32_t count; /* all of them */
    char *text;     /* the first JSON_PROBLEM_MAX; NULL: none */
    size_t size;
};

void problems_free(struct problems *problems);
/* A complaint without a place in a text, e.g. "scenarios/x.json: error: cannot be read". */
void problem_add(struct problems *problems, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct json_text {
    char *path; /* as given, for messages */
    char *text; /* ends in NUL */
    size_t size;
    struct cJSON *root;
    struct problems *problems;
    const char *member; /* what was put into the tree besides the text: said with each complaint */
};

/* Reads a file, or takes a copy of a text, and parses it. False: complaints were added. In either
 * case json_text_free gives back what it took. */
bool json_text_read(struct json_text *json, const char *path, struct problems *problems);
bool json_text_parse(struct json_text *json, const char *path, const char *text, size_t size,
                     struct problems *problems);
void json_text_free(struct json_text *json);

/* One value and the way to it. Lives on the stack of its reader; `up` outlives it. */
struct json_node {
    struct json_text *json;
    const struct cJSON *value;  /* NULL: not there */
    const struct json_node *up; /* NULL: the root */
    const char *key;            /* its name in an object, else NULL */
    uint32_t index;             /* its place in an array, or among an object's keys */
};

struct json_node json_root(struct json_text *json);
/* The member of an object by exact name; value NULL: not there, or `up` is no object. */
struct json_node json_member(const struct json_node *up, const char *key);
/* The i-th element of an array or member of an object; value NULL: past the end. */
struct json_node json_element(const struct json_node *up, uint32_t i);
/* The first of them and the one behind: for a walk over all, where json_element would begin at the
 * first again each time. */
struct json_node json_first(const struct json_node *up);
struct json_node json_next(const struct json_node *node);
uint32_t json_count(const struct json_node *node);

bool json_is_object(const struct json_node *node);
bool json_is_array(const struct json_node *node);
bool json_is_string(const struct json_node *node);
bool json_is_number(const struct json_node *node);
bool json_is_null(const struct json_node *node);
bool json_is_true(const struct json_node *node);
const char *json_string(const struct json_node *node); /* only if json_is_string */

/* "/apps/0/steps/3", escaped as RFC 6901 says; cut if it is too long. "" is the root. */
void json_pointer(const struct json_node *node, char *text, size_t size);
/* The same of element `index`, from the pointer of its list. */
void json_pointer_below(const char *list, uint32_t index, char *text, size_t size);
/* Where in the text the value is that a pointer names, or the nearest one above it that is there;
 * from 1 each. A pointer may have more text behind it, as complaints have: from ':' on. */
void json_pointer_place(struct json_text *json, const char *pointer, uint32_t *line,
                        uint32_t *column);
/* Complains about `node`, at its value, or at the nearest one above if it is not there. */
void json_problem(const struct json_node *node, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, at the name of the i-th member. */
void json_key_problem(const struct json_node *object, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Each reader below complains and answers false if the value is not as wanted or not there. */
bool json_want_object(const struct json_node *node, const char *const keys[], size_t count);
bool json_want_array(const struct json_node *node, uint32_t min, uint32_t max);
bool json_want_bool(const struct json_node *node, bool *value);
/* An integer as a number, or as a hex string "0x1f". */
bool json_want_u64(const struct json_node *node, uint64_t min, uint64_t max, uint64_t *value);
bool json_want_u32(const struct json_node *node, uint32_t min, uint32_t max, uint32_t *value);
bool json_want_i64(const struct json_node *node, int64_t min, int64_t max, int64_t *value);
/* A hex string "0x40009000". */
bool json_want_hex(const struct json_node *node, uint32_t *value);
/* A string of 1 to size - 1 bytes, copied. */
bool json_want_text(const struct json_node *node, char *text, size_t size);
/* One of the words; `*which` is its place. */
bool json_want_word(const struct json_node *node, const char *const words[], size_t count,
                    uint32_t *which);
/* A number that is not negative, times 10^decimals, exactly: 99.7 with 6 decimals is 99700000. */
bool json_want_decimal(const struct json_node *node, unsigned decimals, uint64_t max,
                       uint64_t *value);

/* "0x1f" of at most 16 digits; false: something else. */
bool hex_parse(const char *text, uint64_t *value);

/* The known name that is nearest to a wrong one, by edits of single characters. */
struct nearest {
    const char *wrong;
    const char *best; /* NULL: none is near */
    unsigned distance;
};
struct nearest nearest_to(const char *wrong);
void nearest_offer(struct nearest *nearest, const char *name);
/* ` (did you mean "x"?)` or "". */
const char *nearest_text(const struct nearest *nearest, char *text, size_t size);

#endif
