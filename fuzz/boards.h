/* boards.h: where a target finds the tree's boards, wherever it is started.
 *
 * Beside the program, in the folder scenarios/boards that fuzz/build.sh puts there; else in the
 * working directory's, which is the project's root when somebody fuzzes by hand. Complaints about
 * a board's file then begin with that path (fuzz/located.h).
 */
#ifndef FUZZ_BOARDS_H
#define FUZZ_BOARDS_H

#define BOARDS_FOLDER "scenarios/boards"

enum { BOARDS_PATH_SIZE = 512 }; /* bytes; a program with a longer path has nothing beside it */

/* `path` or BOARDS_FOLDER: whether there is something is seen by who reads there. */
const char *boards_folder(char path[BOARDS_PATH_SIZE]);

#endif
