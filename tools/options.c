/* options.c: see options.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/options.h"

#include "sim/json_text.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One flag of the line while it is read. */
struct flag {
    const struct usage *usage;
    const struct option_row *row;
    const char *value; /* NULL: none on the line */
    void *field;
};

static void complain(const struct usage *usage, const char *format, va_list list)
{
    fflush(stdout);
    fprintf(stderr, "postern %s: error: ", usage->command);
    vfprintf(stderr, format, list);
    fprintf(stderr, "\nTry: postern %s --help\n", usage->command);
}

int options_error(const struct usage *usage, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    complain(usage, format, list);
    va_end(list);
    return 2;
}

__attribute__((format(printf, 2, 3))) static bool bad(const struct usage *usage, const char *format,
                                                      ...)
{
    va_list list;
    va_start(list, format);
    complain(usage, format, list);
    va_end(list);
    return false;
}

/* --- values ---------------------------------------------------------------------------------- */

/* Decimal or 0x; false: something else, or more than 64 bits. */
static bool read_count(const char *text, uint64_t *value)
{
    uint64_t base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    if (!*text)
        return false;
    for (*value = 0; *text; text++) {
        int c = tolower((unsigned char)*text);
        uint64_t digit = isdigit(c) ? (uint64_t)(c - '0') : (uint64_t)(c - 'a') + 10;
        if (!isxdigit(c) || digit >= base || *value > (UINT64_MAX - digit) / base)
            return false;
        *value = *value * base + digit;
    }
    return true;
}

enum { PS_DIGITS = 6, WHOLE_MAX = 12 }; /* digits of a microsecond, digits before its point */

/* Digits with at most one point, which is neither first nor last. */
static bool read_time(const char *text, uint64_t *ps)
{
    size_t whole = strspn(text, "0123456789");
    const char *rest = text + whole + (text[whole] == '.');
    size_t decimals = strspn(rest, "0123456789");
    if (whole == 0 || whole > WHOLE_MAX || decimals > PS_DIGITS || rest[decimals] ||
        (text[whole] == '.' && decimals == 0))
        return false;
    *ps = strtoull(text, NULL, 10);
    for (size_t i = 0; i < PS_DIGITS; i++)
        *ps = *ps * 10 + (i < decimals ? (uint64_t)(rest[i] - '0') : 0);
    return true;
}

static bool take_count(const struct flag *flag)
{
    const struct option_row *row = flag->row;
    struct option_number *into = flag->field;
    uint64_t max = row->max ? row->max : UINT64_MAX;
    if (!read_count(flag->value, &into->value))
        return bad(flag->usage, "%s %s: want a whole number, such as 7 or 0x1f", row->name,
                   flag->value);
    if (into->value < row->min || into->value > max)
        return bad(flag->usage, "%s %s: want %llu to %llu", row->name, flag->value,
                   (unsigned long long)row->min, (unsigned long long)max);
    into->given = true;
    return true;
}

static bool take_time(const struct flag *flag)
{
    struct option_number *into = flag->field;
    if (!read_time(flag->value, &into->value))
        return bad(flag->usage, "%s %s: want microseconds, such as 1250 or 99.7", flag->row->name,
                   flag->value);
    into->given = true;
    return true;
}

static bool take_word(const struct flag *flag)
{
    char hint[96], all[160] = "";
    size_t length = 0;
    struct nearest nearest = nearest_to(flag->value);
    for (uint32_t i = 0; flag->row->words[i]; i++) {
        const char *word = flag->row->words[i];
        if (strcmp(word, flag->value) == 0) {
            memcpy(flag->field, &i, sizeof i);
            return true;
        }
        nearest_offer(&nearest, word);
        length += (size_t)snprintf(all + length, sizeof all - length, "%s%s", i ? ", " : "", word);
    }
    return bad(flag->usage, "%s %s: want one of %s%s", flag->row->name, flag->value, all,
               nearest_text(&nearest, hint, sizeof hint));
}

static bool take_value(const struct flag *flag)
{
    switch (flag->row->kind) {
    case OPTION_FLAG:
        *(bool *)flag->field = true;
        return true;
    case OPTION_TEXT:
        *(const char **)flag->field = flag->value;
        return true;
    case OPTION_COUNT:
        return take_count(flag);
    case OPTION_TIME:
        return take_time(flag);
    case OPTION_WORD:
        return take_word(flag);
    }
    return false;
}

/* --- the line -------------------------------------------------------------------------------- */

static const struct option_row *find_row(const struct usage *usage, const char *name, size_t size)
{
    for (size_t i = 0; i < usage->row_count; i++)
        if (strlen(usage->rows[i].name) == size && memcmp(usage->rows[i].name, name, size) == 0)
            return &usage->rows[i];
    return NULL;
}

static bool no_such_flag(const struct usage *usage, const char *name)
{
    char hint[96];
    struct nearest nearest = nearest_to(name);
    nearest_offer(&nearest, "--help");
    for (size_t i = 0; i < usage->row_count; i++)
        nearest_offer(&nearest, usage->rows[i].name);
    return bad(usage, "no such flag: %s%s", name, nearest_text(&nearest, hint, sizeof hint));
}

/* Reads the flag at argv[*at]; *at ends on its last word. `seen`: a bit for each row. */
static bool read_flag(const struct usage *usage, int argc, char **argv, int *at, uint32_t *seen,
                      void *into)
{
    char *name = argv[*at];
    char *equals = strchr(name, '=');
    bool attached = name[1] != '-' && isdigit((unsigned char)name[2]); /* "-j2" */
    size_t size = attached ? 2 : equals ? (size_t)(equals - name) : strlen(name);
    const struct option_row *row = find_row(usage, name, size);
    if (!row) {
        name[size] = '\0';
        return no_such_flag(usage, name);
    }
    uint32_t bit = UINT32_C(1) << (row - usage->rows);
    if (*seen & bit)
        return bad(usage, "%s is given twice", row->name);
    *seen |= bit;
    const char *value = attached ? name + 2 : equals ? equals + 1 : NULL;
    if (row->kind == OPTION_FLAG && value)
        return bad(usage, "%s takes no value", row->name);
    if (row->kind != OPTION_FLAG && !value) {
        if (++*at >= argc)
            return bad(usage, "%s wants a value: %s %s", row->name, row->name, row->value);
        value = argv[*at];
    }
    return take_value(&(struct flag){usage, row, value, (char *)into + row->offset});
}

/* "--help", "-h", "--help=FORM": its form; NULL: another flag. */
static const char *help_form(const char *argument)
{
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
        return "text";
    return strncmp(argument, "--help=", 7) == 0 ? argument + 7 : NULL;
}

static enum options_end help(const struct usage *usage, const char *form)
{
    if (help_print(usage, form))
        return OPTIONS_HELP;
    bad(usage, "--help %s: want one of text, man, bash", form);
    return OPTIONS_BAD;
}

static bool right_count(const struct usage *usage, const struct arguments *arguments)
{
    if (arguments->count < usage->argument_min)
        return bad(usage, "something is missing: postern %s %s", usage->command, usage->arguments);
    if (usage->argument_max != ARGUMENTS_ANY && arguments->count > usage->argument_max)
        return bad(usage, "one argument too many: %s", arguments->at[usage->argument_max]);
    return true;
}

enum options_end options_parse(const struct usage *usage, int argc, char **argv, void *into,
                               struct arguments *arguments)
{
    uint32_t seen = 0;
    bool flags_over = false;
    *arguments = (struct arguments){0, argv + 1};
    for (int at = 1; at < argc; at++) {
        if (flags_over || argv[at][0] != '-' || !argv[at][1]) {
            arguments->at[arguments->count++] = argv[at];
        } else if (strcmp(argv[at], "--") == 0) {
            flags_over = true;
        } else if (help_form(argv[at])) {
            return help(usage, help_form(argv[at]));
        } else if (!read_flag(usage, argc, argv, &at, &seen, into)) {
            return OPTIONS_BAD;
        }
    }
    return right_count(usage, arguments) ? OPTIONS_GO : OPTIONS_BAD;
}
