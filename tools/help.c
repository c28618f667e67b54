/* help.c: a command's table of options in three forms: as its --help, as a part of the manual page
 * (man(7): .SS, .TP, .EX), as a branch of the completion's `case` in bash. */
#define _POSIX_C_SOURCE 200809L

#include "tools/options.h"

#include <stdio.h>
#include <string.h>

/* --- text ------------------------------------------------------------------------------------ */

static void print_text(const struct usage *usage)
{
    char left[48];
    printf("usage: postern %s%s%s%s\n\n%s\n", usage->command,
           usage->row_count ? " [OPTION...]" : "", *usage->arguments ? " " : "", usage->arguments,
           usage->about);
    for (size_t i = 0; i < usage->row_count; i++) {
        const struct option_row *row = &usage->rows[i];
        snprintf(left, sizeof left, "%s%s%s", row->name, row->value ? " " : "",
                 row->value ? row->value : "");
        printf("  %-24s  %s\n", left, row->about);
    }
    printf("  %-24s  %s\n\nexamples:\n%s", "--help", "this text", usage->examples);
}

/* --- man(7) ---------------------------------------------------------------------------------- */

/* Text in which nothing is a request or an escape of roff. */
static void put_roff(const char *text)
{
    bool line_begins = true;
    for (; *text; text++) {
        if (line_begins && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '~')
            fputs("\\(ti", stdout);
        else
            putchar(*text);
        line_begins = *text == '\n';
    }
}

static void print_man_row(const struct option_row *row)
{
    fputs(".TP\n\\fB", stdout);
    put_roff(row->name);
    fputs("\\fR", stdout);
    if (row->value)
        printf(" \\fI%s\\fR", row->value);
    putchar('\n');
    put_roff(row->about);
    putchar('\n');
}

static void print_man(const struct usage *usage)
{
    printf(".SS postern %s%s ", usage->command, usage->row_count ? " [OPTION...]" : "");
    put_roff(usage->arguments);
    putchar('\n');
    put_roff(usage->about);
    for (size_t i = 0; i < usage->row_count; i++)
        print_man_row(&usage->rows[i]);
    fputs(".PP\nExamples:\n.PP\n.EX\n", stdout);
    put_roff(usage->examples);
    fputs(".EE\n", stdout);
}

/* --- bash ------------------------------------------------------------------------------------ */

/* What stands behind a flag: words to choose from; else "-": only the user knows; else nothing is
 * said, and files are offered. */
static void print_bash_row(const struct option_row *row)
{
    if (row->kind == OPTION_FLAG || row->kind == OPTION_TEXT)
        return;
    printf("        %s) values='", row->name);
    for (size_t i = 0; row->kind == OPTION_WORD && row->words[i]; i++)
        printf("%s%s", i ? " " : "", row->words[i]);
    printf("%s' ;;\n", row->kind == OPTION_WORD ? "" : "-");
}

static bool takes_scenarios(const struct usage *usage)
{
    return strstr(usage->arguments, "PATH") || strstr(usage->arguments, "SCENARIO");
}

static void print_bash(const struct usage *usage)
{
    printf("    %s)\n        flags='", usage->command);
    for (size_t i = 0; i < usage->row_count; i++)
        printf("%s ", usage->rows[i].name);
    fputs("--help'\n        words='", stdout);
    for (size_t i = 0; usage->words && usage->words[i]; i++)
        printf("%s%s", i ? " " : "", usage->words[i]);
    printf("'\n        scenarios=%s\n        case $before in\n", takes_scenarios(usage) ? "1" : "");
    for (size_t i = 0; i < usage->row_count; i++)
        print_bash_row(&usage->rows[i]);
    fputs("        esac\n        ;;\n", stdout);
}

bool help_print(const struct usage *usage, const char *form)
{
    static const struct {
        const char *name;
        void (*print)(const struct usage *usage);
    } forms[] = {{"text", print_text}, {"man", print_man}, {"bash", print_bash}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(forms[i].name, form) != 0)
            continue;
        forms[i].print(usage);
        return true;
    }
    return false;
}
