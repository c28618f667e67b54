/* results.h: what `run --format json` wrote, read again as lines: of a whole run, or of all its
 * shards.
 *
 *   files --each line--> results, and a summary that says which shard this is
 *   --all shards of one run, each once?--> the pieces in the order of the shards
 */
#ifndef TOOLS_RESULTS_H
#define TOOLS_RESULTS_H

#include "tools/options.h"
#include "tools/units.h"

/* One file's results. */
struct piece {
    const char *path;
    char **lines;
    size_t count, capacity; /* of results; the summary is not one */
    struct shard shard;     /* of 0: a whole run */
    char list[20];          /* of a shard: which files it is a part of */
    char version[32];       /* of the tool that ran it; "": not said */
    bool summed;            /* the summary has come */
};

struct results {
    struct piece *pieces;
    size_t count;
};

/* Each argument is a file. False: complained on stderr, about a line of a file or about a shard
 * that is missing, or of another run. In either case results_free gives back what it took. */
bool results_read(struct results *results, const struct usage *usage,
                  const struct arguments *arguments);
void results_free(struct results *results);

#endif
