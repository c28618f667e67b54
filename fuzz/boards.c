/* boards.c: see boards.h. */
#define _POSIX_C_SOURCE 200809L

#include "fuzz/boards.h"

#include <string.h>
#include <unistd.h>

/* argv would not do: not every engine hands it to the target. Without /proc there is none. */
const char *boards_folder(char path[BOARDS_PATH_SIZE])
{
    ssize_t size = readlink("/proc/self/exe", path, BOARDS_PATH_SIZE);
    if (size <= 0 || size >= BOARDS_PATH_SIZE)
        return BOARDS_FOLDER;
    path[size] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash || (size_t)(slash + 1 - path) + sizeof BOARDS_FOLDER > BOARDS_PATH_SIZE)
        return BOARDS_FOLDER;
    memcpy(slash + 1, BOARDS_FOLDER, sizeof BOARDS_FOLDER);
    return access(path, R_OK) == 0 ? path : BOARDS_FOLDER;
}
