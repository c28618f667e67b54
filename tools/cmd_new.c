/* cmd_new.c: `postern new KIND NAME` writes a file to begin with: one that compiles, reads without
 * a complaint, and (a scenario) holds. The texts are in new_texts.c. */
#define _XOPEN_SOURCE 700 /* realpath() */

#include "tools/commands.h"
#include "tools/extra.h"
#include "tools/new_texts.h"
#include "tools/suite.h"
#include "tools/text.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const words[] = {"device", "filter", "app", "scenario", "board", NULL};

static const struct usage usage = {
    .command = "new",
    .arguments = "device|filter|app|scenario|board NAME",
    .about =
        "Writes a file to begin with, and says what to type next. NAME is a word of small "
        "letters,\n"
        "digits, - and _, with folders before it if you like; what is there is not overwritten.\n"
        "device, filter and app are C files for `make EXTRA=folder` in the source tree, which\n"
        "links a runner of its own, build-extra-folder/postern; a board goes into a folder\n"
        "boards/, where scenarios beside or below that folder find it.\n",
    .examples = "  postern new scenario mine/my_first\n"
                "  postern new board mine/sensor-node\n"
                "  postern new device mine/button\n",
    .argument_min = 2,
    .argument_max = 2,
    .words = words,
};

enum { NAME_LENGTH_MAX = 23 }; /* of devices and of boards, the shortest; sim/device.h */

/* The last part of the path. */
static const char *base_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static bool name_is_good(const char *name)
{
    const char *base = base_of(name);
    size_t size = strspn(base, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return islower((unsigned char)*base) && !base[size] && size <= NAME_LENGTH_MAX;
}

/* --- the file -------------------------------------------------------------------------------- */

/* "folder/NAME.c"; a board's file gets a folder boards/ before it, unless it is in one. */
static bool path_of(const struct new_text *kind, const char *name, char path[SUITE_PATH_MAX])
{
    const char *base = base_of(name);
    bool board = strcmp(kind->kind, "board") == 0 && !suite_is_board(name);
    int size = snprintf(path, SUITE_PATH_MAX, "%.*s%s%s%s", (int)(base - name), name,
                        board ? "boards/" : "", base, kind->end);
    return size < SUITE_PATH_MAX;
}

/* Each folder on the way that is not there; errors show when the file is opened. */
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0777);
        *slash = '/';
    }
}

static void put_name(FILE *to, const char *base, bool identifier, bool capitals)
{
    for (; *base; base++) {
        int c = (identifier || capitals) && *base == '-' ? '_' : *base;
        fputc(capitals ? toupper(c) : c, to);
    }
}

static void put_text(FILE *to, const char *text, const char *base)
{
    for (size_t size; *text; text += size) {
        size = strcspn(text, "@");
        fwrite(text, 1, size, to);
        const char *at = text + size;
        if (strncmp(at, "@NAME@", 6) == 0) {
            put_name(to, base, false, false);
            size += 6;
        } else if (strncmp(at, "@ID@", 4) == 0) {
            put_name(to, base, true, false);
            size += 4;
        } else if (strncmp(at, "@UP@", 4) == 0) {
            put_name(to, base, true, true);
            size += 4;
        } else if (*at) {
            fputc('@', to);
            size++;
        }
    }
}

/* The folder as `make` in the source tree finds it: as it was given there, whole from elsewhere. */
static void put_folder(const char *path, bool last_part)
{
    char folder[SUITE_PATH_MAX], whole[PATH_MAX];
    const char *base = base_of(path);
    int size = (int)(base - path) - (base - path > 1); /* without its last slash */
    snprintf(folder, sizeof folder, "%.*s", size ? size : 1, size ? path : ".");
    bool known = realpath(folder, whole);
    if (last_part)
        shell_write_word(stdout, known ? base_of(whole) : base_of(folder));
    else
        shell_write_word(stdout, known && access("sim/extra.h", F_OK) != 0 ? whole : folder);
}

static void put_next(const struct new_text *kind, const char *path)
{
    printf("%s is there now; next%s: ", path,
           strstr(kind->next, "FOLDER") ? ", in the source tree" : "");
    for (const char *at = kind->next; *at;) {
        if (strncmp(at, "FILE", 4) == 0) {
            shell_write_word(stdout, path);
            at += 4;
        } else if (strncmp(at, "TOOL", 4) == 0) {
            program_write(stdout);
            at += 4;
        } else if (strncmp(at, "FOLDER", 6) == 0) {
            put_folder(path, false);
            at += 6;
        } else if (strncmp(at, "NAME", 4) == 0) {
            put_folder(path, true);
            at += 4;
        } else {
            putchar(*at++);
        }
    }
    putchar('\n');
}

static int write_file(const struct new_text *kind, const char *name)
{
    char path[SUITE_PATH_MAX];
    if (!path_of(kind, name, path))
        return options_error(&usage, "%s: the path is too long", name);
    make_folders(path);
    FILE *to = fopen(path, "wx");
    if (!to && errno == EEXIST)
        return options_error(&usage, "%s is there already: it stays as it is", path);
    if (!to)
        return options_error(&usage, "%s: %s", path, strerror(errno));
    put_text(to, kind->text, base_of(name));
    bool written = fflush(to) == 0 && !ferror(to);
    if (!((fclose(to) == 0) & written)) {
        fprintf(stderr, "%s: error: %s\n", path, strerror(errno));
        return CODE_SIMULATOR;
    }
    put_next(kind, path);
    return CODE_HOLDS;
}

int cmd_new(int argc, char **argv)
{
    struct arguments arguments;
    char hint[96];
    enum options_end end = options_parse(&usage, argc, argv, NULL, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    struct nearest nearest = nearest_to(arguments.at[0]);
    for (size_t i = 0; i < NEW_KINDS; i++) {
        nearest_offer(&nearest, new_texts[i].kind);
        if (strcmp(new_texts[i].kind, arguments.at[0]) != 0)
            continue;
        if (!name_is_good(arguments.at[1]))
            return options_error(&usage,
                                 "%s: want a name of small letters, digits, - and _, at "
                                 "most %d, that begins with a letter",
                                 arguments.at[1], NAME_LENGTH_MAX);
        return write_file(&new_texts[i], arguments.at[1]);
    }
    return options_error(&usage, "no such kind: %s%s", arguments.at[0],
                         nearest_text(&nearest, hint, sizeof hint));
}
