/* text.c: see text.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void text_wrap_on(FILE *to, const char *text, int indent, int width)
{
    int column = indent;
    bool first = true; /* of its line */
    for (const char *at = text; *(at += strspn(at, " "));) {
        int word = (int)strcspn(at, " ");
        if (!first && column + 1 + word > width) {
            fprintf(to, "\n%*s", indent, "");
            column = indent;
            first = true;
        }
        column += fprintf(to, "%s%.*s", first ? "" : " ", word, at);
        first = false;
        at += word;
    }
    fprintf(to, "\n");
}

void text_wrap(FILE *to, const char *text, int indent, int width)
{
    fprintf(to, "%*s", indent, "");
    text_wrap_on(to, text, indent, width);
}

const char *us_text(uint64_t ps, char text[US_TEXT_MAX])
{
    uint64_t ns = ps / 1000 + (ps % 1000 >= 500);
    snprintf(text, US_TEXT_MAX, "%" PRIu64 ".%03" PRIu64, ns / 1000, ns % 1000);
    return text;
}

uint64_t shown_time_ps(uint64_t ps)
{
    return ps > 500 ? ps - 500 : 0;
}

const char *signed_us_text(int64_t ps, char text[US_TEXT_MAX])
{
    char us[US_TEXT_MAX];
    if (ps >= 0)
        return us_text((uint64_t)ps, text);
    us_text(-(uint64_t)ps, us);
    text[0] = '-';
    memcpy(text + 1, us, US_TEXT_MAX - 1);
    return text;
}

size_t character_size(const unsigned char *at)
{
    size_t size = at[0] < 0x80   ? 1
                  : at[0] < 0xc2 ? 0
                  : at[0] < 0xe0 ? 2
                  : at[0] < 0xf0 ? 3
                  : at[0] < 0xf5 ? 4
                                 : 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return size;
}

void json_write_string(FILE *to, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    fputc('"', to);
    while (*at) {
        size_t size = character_size(at);
        if (*at == '"' || *at == '\\')
            fprintf(to, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            fprintf(to, "\\u%04x", *at);
        else if (size)
            fwrite(at, 1, size, to);
        else
            fputs("\\ufffd", to);
        at += size ? size : 1;
    }
    fputc('"', to);
}

void shell_write_word(FILE *to, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./=,:@+%";
    if (*word && strspn(word, plain) == strlen(word)) {
        fputs(word, to);
        return;
    }
    fputc('\'', to);
    for (; *word; word++) {
        if (*word == '\'')
            fputs("'\\''", to);
        else
            fputc(*word, to);
    }
    fputc('\'', to);
}

static bool set_and_not(const char *name, const char *off)
{
    const char *value = getenv(name);
    return value && *value && strcmp(value, off) != 0;
}

bool color_wanted(enum color_choice choice, FILE *to)
{
    const char *terminal = getenv("TERM");
    if (choice != COLOR_AUTO)
        return choice == COLOR_ALWAYS;
    if (set_and_not("CLICOLOR_FORCE", "0"))
        return true;
    if (set_and_not("NO_COLOR", ""))
        return false;
    return isatty(fileno(to)) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

const char *color_code(bool wanted, enum color color)
{
    static const char *const codes[COLORS] = {
        [PLAIN] = "\033[0m",  [BOLD] = "\033[1m",    [DIM] = "\033[2m",        [RED] = "\033[31m",
        [GREEN] = "\033[32m", [YELLOW] = "\033[33m", [RED_BOLD] = "\033[1;31m"};
    return wanted ? codes[color] : "";
}

static bool has_256_colors(void)
{
    const char *depth = getenv("COLORTERM"), *terminal = getenv("TERM");
    return (depth && (strcmp(depth, "truecolor") == 0 || strcmp(depth, "24bit") == 0)) ||
           (terminal && strstr(terminal, "256color"));
}

const char *color_of_app(bool wanted, uint32_t app)
{
    enum { OWNERS = 5 };
    /* The nearest of the 6 x 6 x 6 cube to e69f00, 56b4e9, 009e73, cc79a7, f0e442. */
    static const char *const many[OWNERS] = {"\033[38;5;178m", "\033[38;5;74m", "\033[38;5;36m",
                                             "\033[38;5;175m", "\033[38;5;221m"};
    static const char *const few[OWNERS] = {"\033[36m", "\033[35m", "\033[34m", "\033[1;36m",
                                            "\033[1;35m"};
    return !wanted ? "" : (has_256_colors() ? many : few)[app % OWNERS];
}
