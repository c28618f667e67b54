/* main_replay.c: plays the inputs that are named, with any compiler: a target without libFuzzer.
 *
 *   fuzz_NAME FILE|FOLDER...   each file, and each file right in a folder, in order of their names
 *
 * Exit: 0 all were played; 2 a file cannot be read, or nothing was named. A target that finds
 * something aborts, after it was said which file was being played.
 */
#define _POSIX_C_SOURCE 200809L

#include "fuzz/target.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_MAX = 1 << 20, REPLAY_PATH_MAX = 4096 };

/* False: it cannot be read, or is larger than anything that a fuzzer writes. */
static bool play_file(const char *path)
{
    uint8_t *bytes = malloc(INPUT_MAX);
    FILE *file = fopen(path, "rb");
    size_t size = bytes && file ? fread(bytes, 1, INPUT_MAX, file) : INPUT_MAX;
    bool is_whole = size < INPUT_MAX && !ferror(file);
    if (file)
        fclose(file);
    if (is_whole) {
        /* A block of its very size, so that a read behind its end is seen by a sanitizer. */
        uint8_t *exact = malloc(size ? size : 1);
        if (exact)
            memcpy(exact, bytes, size);
        printf("%s: %zu bytes\n", path, size);
        fflush(stdout); /* it may be the last that is heard */
        is_whole = exact && LLVMFuzzerTestOneInput(exact, size) == 0;
        free(exact);
    }
    free(bytes);
    if (!is_whole)
        fprintf(stderr, "%s: cannot be read, or is larger than %d bytes\n", path, INPUT_MAX - 1);
    return is_whole;
}

static int is_no_dot(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool play_folder(const char *path, uint32_t *played)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_no_dot, alphasort);
    bool good = count >= 0;
    for (int i = 0; i < count; i++) {
        char name[REPLAY_PATH_MAX];
        struct stat status;
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        free(entries[i]);
        if (stat(name, &status) == 0 && S_ISDIR(status.st_mode))
            continue;
        good &= play_file(name);
        ++*played;
    }
    if (count >= 0)
        free(entries);
    return good;
}

int main(int argc, char **argv)
{
    uint32_t played = 0;
    bool good = true;
    for (int i = 1; i < argc; i++) {
        struct stat status;
        if (stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode)) {
            good &= play_folder(argv[i], &played);
        } else {
            good &= play_file(argv[i]);
            played++;
        }
    }
    printf("%u inputs were played\n", played);
    return good && played > 0 ? 0 : 2;
}
