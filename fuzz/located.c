/* located.c: see located.h. */
#include "fuzz/located.h"

#include "fuzz/boards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 2048 };

static const char of_the_whole[] = "the id of a member is longer than ";
static const char boards[] = BOARDS_FOLDER "/";

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static unsigned long lines_of(const char *text, size_t size)
{
    unsigned long lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    return lines;
}

/* Reads a number from 1 on with a colon behind it; 0: there is none. */
static unsigned long place_of(const char **at)
{
    char *end;
    if (**at < '1' || **at > '9')
        return 0;
    unsigned long number = strtoul(*at, &end, 10);
    if (*end != ':')
        return 0;
    *at = end + 1;
    return number;
}

bool located(const char *path, const char *text, size_t size, const char *line)
{
    static const char error[] = " error: ";
    bool is_own = begins(line, path) && line[strlen(path)] == ':';
    const char *board = strstr(line, boards);
    const char *at = is_own ? line + strlen(path) : strchr(line, ':');
    if (!at++ || (!is_own && (!board || board > at)))
        return false;
    if (begins(at, error))
        return is_own && begins(at + strlen(error), of_the_whole);
    unsigned long number = place_of(&at);
    if (number == 0 || (is_own && number > lines_of(text, size)) || place_of(&at) == 0)
        return false;
    return begins(at, error) && at[strlen(error)] != '\0';
}

void located_or_abort(const char *path, const char *text, size_t size,
                      const struct problems *problems)
{
    const char *at = problems->text ? problems->text : "";
    while (*at) {
        char line[LINE_MAX_BYTES];
        size_t length = strcspn(at, "\n");
        size_t kept = length < sizeof line ? length : sizeof line - 1;
        memcpy(line, at, kept);
        line[kept] = '\0';
        if (!located(path, text, size, line)) {
            fprintf(stderr, "a complaint without a place: %s\n", line);
            abort();
        }
        at += length + (at[length] == '\n');
    }
    if (problems->count > 0 && problems->text)
        return;
    fprintf(stderr, "refused without a word\n");
    abort();
}
