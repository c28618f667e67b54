/* suite.h: which scenarios a command is about.
 *
 *   arguments --suite_collect--> files, sorted, each with the member asked for
 *   a file --suite_load--> its members (sweeps, seeds) that are wanted
 *
 * An argument is a file, a folder (all below it, sorted by name; boards/ and *.schema.json left
 * out), or an id as reports print it: folder/name, folder/name#key=value@seed. A file may be
 * followed by #key=value and @seed, too.
 *
 * The folder of scenarios is scenarios/ below the current directory, else near the binary: beside
 * a folder above it, as in a source tree, or at share/postern/scenarios, as installed.
 */
#ifndef TOOLS_SUITE_H
#define TOOLS_SUITE_H

#include "sim/scenario_load.h"
#include "tools/options.h"
#include <stdio.h>

enum { SUITE_PATH_MAX = 1024 };

struct suite_file {
    char *path;
    char *member; /* "#key=value@seed", "@seed"; "": all members */
};

struct suite {
    struct suite_file *files;
    size_t count, capacity;
};

/* The folder of scenarios. False: there is none. */
bool suite_folder(char path[SUITE_PATH_MAX]);
/* A file in it, or else in the one near the binary. */
bool suite_find(const char *name, char path[SUITE_PATH_MAX]);

/* No arguments: the whole folder of scenarios. `boards_too`: files in folders boards/ are taken as
 * well. False: something is not there, or holds nothing, which was complained about on stderr. */
bool suite_collect(struct suite *suite, const struct usage *usage,
                   const struct arguments *arguments, bool boards_too);
void suite_free(struct suite *suite);

/* True: this file is a board (it stands in a folder boards/). */
bool suite_is_board(const char *path);

/* Which members of a file are wanted. */
struct suite_choice {
    struct option_number seed; /* the command line's */
    const char *filter;        /* a glob over ids; without * ? [ a part of the id; NULL: all */
    const struct load_override *overrides;
    uint32_t override_count;
    struct board_cache *boards_kept; /* NULL: each file's board is read anew */
};

/* Loads a file and puts the wanted members first, in their order; how many those are, maybe none.
 * With complaints added: none. */
uint32_t suite_load(const struct suite_file *file, const struct suite_choice *choice,
                    struct family *family, struct problems *problems);

/* Complaints, to stderr. */
void problems_print(const struct problems *problems);

/* Writes what names this member on a command line: its id if that finds it, else its path. */
void suite_write_name(FILE *to, const struct scenario *scenario);

/* The name of the file as ids begin with it: "folder/name". */
void suite_base(const char *path, char base[SCENARIO_ID_MAX]);

#endif
