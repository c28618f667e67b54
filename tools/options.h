/* options.h: what a command takes on its line, as a table: one row a flag.
 *
 *   argv --options_parse--> fields of the command's own struct, and its arguments (all that is no
 *   flag, in order; "--" ends the flags)
 *
 * "--flag VALUE" and "--flag=VALUE" are the same, and "-j 2" and "-j2". A flag that is not in the
 * table, or is given twice, or lacks its value, or has one too many, is an error that names the
 * nearest flag; --help is in every table.
 *
 * The same tables make the manual page and the shell's completion: each command prints its part of
 * them at --help=man and --help=bash (help.c).
 */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_FLAG,  /* bool */
    OPTION_TEXT,  /* const char *; NULL: not given */
    OPTION_COUNT, /* struct option_number: a whole number, decimal or 0x */
    OPTION_TIME,  /* struct option_number: microseconds with up to six decimals, kept in ps */
    OPTION_WORD, /* uint32_t: the word's place in `words`; the field's first value is its default */
};

struct option_number {
    bool given;
    uint64_t value;
};

struct option_row {
    const char *name;  /* "--seed" */
    const char *value; /* how help calls its value: "N"; NULL for OPTION_FLAG */
    const char *about; /* help, one line */
    enum option_kind kind;
    size_t offset;            /* of the field in the command's struct */
    uint64_t min, max;        /* OPTION_COUNT; max 0: no limit */
    const char *const *words; /* OPTION_WORD, ends in NULL */
};

enum { OPTION_ROW_MAX = 32, ARGUMENTS_ANY = -1 };

struct usage {
    const char *command;   /* "run" */
    const char *arguments; /* "[PATH...]" or "" */
    const char *about;     /* what it does: lines, each ended */
    const char *examples;  /* lines, each ended */
    const struct option_row *rows;
    size_t row_count;
    int argument_min, argument_max; /* how many; ARGUMENTS_ANY: no limit */
    const char *const *words;       /* that an argument may be, for hints; ends in NULL; or NULL */
};

struct arguments {
    int count;
    char **at;
};

enum options_end {
    OPTIONS_GO,   /* the command may run */
    OPTIONS_HELP, /* the help is on stdout: exit 0 */
    OPTIONS_BAD,  /* the complaint is on stderr: exit 2 */
};

/* argv is reordered; `arguments` points into it. */
enum options_end options_parse(const struct usage *usage, int argc, char **argv, void *into,
                               struct arguments *arguments);

/* --help as text, --help=man as a part of the manual page, --help=bash as a branch of completion.
 * False: no such form, nothing is printed. */
bool help_print(const struct usage *usage, const char *form);

/* "postern run: error: ..." and how to get help. Always 2. */
int options_error(const struct usage *usage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
